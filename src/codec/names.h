/* The words for what an effect holds as numbers: shared by ids, Avro and JSON. Indexes outside the
 * model are a broken invariant and assert. */
#ifndef ENG_CODEC_NAMES_H
#define ENG_CODEC_NAMES_H

#include "codec/writer.h"
#include "engine/model.h"

/* The score an effect is about; of alerts on scores only. */
const struct eng_score *eng_encode_score(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The guard of a source silence. */
const struct eng_guard *eng_encode_guard(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The alert of a churn drop. */
const struct eng_alert *eng_encode_alert(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The award and the ledger of a booking. */
const struct eng_award *eng_encode_award(const struct eng_model *model,
                                         const struct eng_effect *effect);
const struct eng_ledger *eng_encode_ledger(const struct eng_model *model,
                                           const struct eng_effect *effect);

/* The name of the score (score change), rule (churn drop) or award (booking). */
const char *eng_encode_subject_name(const struct eng_model *model, const struct eng_effect *effect);

/* "changed", "opened", "resolved", or of a booking "booked", "pending", "dropped" or "reversed".
 */
const char *eng_encode_status_name(const struct eng_effect *effect);

/* "up" or "down"; "event", "correction", "expiry" or "config". */
const char *eng_encode_direction_name(const struct eng_effect *effect);
const char *eng_encode_cause_name(const struct eng_effect *effect);

/* The kind of a rule, by its key ("falls_to"), but "deadline" for `after`. */
const char *eng_encode_kind_name(const struct eng_alert *alert);

/* The value that a below or above rule names, in 1/10,000; other rules have none. */
static inline bool eng_encode_has_threshold(const struct eng_alert *alert)
{
    return alert->kind == ENG_BELOW || alert->kind == ENG_ABOVE;
}

static inline int64_t eng_encode_threshold_e4(const struct eng_alert *alert)
{
    return alert->edge_e4 - (alert->kind == ENG_ABOVE);
}

/* The name of the band that the score of an alert that looks ahead will fall into. */
const char *eng_encode_fall_name(const struct eng_model *model, const struct eng_effect *effect);

/* The name of a band of a score. */
const char *eng_encode_band_name(const struct eng_score *score, unsigned band);

#endif
