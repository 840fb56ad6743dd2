/* The words for what an effect holds as numbers: shared by ids, Avro and JSON. Indexes outside the
 * model are a broken invariant and assert. */
#ifndef ENG_CODEC_NAMES_H
#define ENG_CODEC_NAMES_H

#include "codec/writer.h"
#include "engine/model.h"

/* The score an effect is about; of alerts on scores only. */
const struct eng_score *eng_encode_score(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The budget of a digest. */
const struct eng_budget *eng_encode_budget(const struct eng_model *model,
                                           const struct eng_effect *effect);

/* The guard of a source silence. */
const struct eng_guard *eng_encode_guard(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The alert of a churn drop. */
const struct eng_alert *eng_encode_alert(const struct eng_model *model,
                                         const struct eng_effect *effect);

/* The check of an abuse flag, and the key that makes its kind. */
const struct eng_check *eng_encode_check(const struct eng_model *model,
                                         const struct eng_effect *effect);
const char *eng_encode_check_kind_name(unsigned kind);

/* The award and the ledger of a booking. */
const struct eng_award *eng_encode_award(const struct eng_model *model,
                                         const struct eng_effect *effect);
const struct eng_ledger *eng_encode_ledger(const struct eng_model *model,
                                           const struct eng_effect *effect);

/* The matrix of a cell change, and the name of one of its cells. */
const struct eng_matrix *eng_encode_matrix(const struct eng_model *model,
                                           const struct eng_effect *effect);
const char *eng_encode_cell_name(const struct eng_matrix *matrix, unsigned row, unsigned column);

/* The report of a report card, and one of its scores. */
const struct eng_report *eng_encode_report(const struct eng_model *model,
                                           const struct eng_effect *effect);
struct eng_section_of_report {
    const struct eng_score *score;
    int64_t value_e4, previous_value_e4;
    unsigned band, previous_band;
    bool provisional;
    int64_t trend_e4;                     /* a trend is told from this difference on; 0: none is */
    bool follows;                         /* there was a card before, with the previous ones */
    const struct eng_contribution *pairs; /* by dimension: {share, change}, {measure, missing} */
};

/* A nudge in words and numbers. */
struct eng_nudge_of {
    const char *dimension, *action;
    const char *to; /* the band that is reached; NULL: none */
    uint32_t count; /* 0: there is no nudge */
    int64_t gain_e4;
    int64_t each_e4; /* of a sum: the value of each; else 0 */
};

/* The nudge of a score change or a churn drop. */
struct eng_nudge_of eng_encode_nudge(const struct eng_model *model,
                                     const struct eng_effect *effect);

/* The nudge in a section of a report card. */
struct eng_nudge_of eng_encode_section_nudge(const struct eng_section_of_report *section);

/* The nudge of a score in a view. */
struct eng_nudge_of eng_encode_view_nudge(const struct eng_score *score,
                                          const struct eng_view_score *view);

/* Section `index` of a report at a place among the contributions, and the place behind it. */
const struct eng_contribution *eng_encode_section(const struct eng_model *model,
                                                  const struct eng_report *report, uint32_t index,
                                                  const struct eng_contribution *at,
                                                  struct eng_section_of_report *ret_section);

/* The group (or the board, which is one) of a group's result, and the segment that it is of: empty
 * when it is of everybody, or of those of whom nothing is known. */
const struct eng_group *eng_encode_group(const struct eng_model *model,
                                         const struct eng_effect *effect);
struct eng_slice eng_encode_segment(const struct eng_model *model, const struct eng_effect *effect);

/* "improving", "steady" or "declining"; NULL: no trend is told, or there was no card before. */
const char *eng_encode_trend_name(enum eng_trend trend);

/* The trend in a section of a report card, and of a score change or churn drop. */
enum eng_trend eng_encode_section_trend(const struct eng_section_of_report *section);
enum eng_trend eng_encode_trend(const struct eng_model *model, const struct eng_effect *effect);

/* The name of the score (score change), rule (churn drop), matrix (cell change), report or award
 * (booking). */
const char *eng_encode_subject_name(const struct eng_model *model, const struct eng_effect *effect);

/* "changed", "opened", "resolved", "moved", "made", or of a booking "booked", "pending", "dropped"
 * or "reversed". */
const char *eng_encode_status_name(const struct eng_effect *effect);

/* "up" or "down"; "event", "correction", "expiry" or "config". */
const char *eng_encode_direction_name(const struct eng_effect *effect);
const char *eng_encode_cause_name(const struct eng_effect *effect);

/* The name of the fact that has changed; NULL: there is none. */
const char *eng_encode_fact_name(const struct eng_model *model, const struct eng_effect *effect);

/* A fact that an effect tells, as text: true and false for a flag, up to four decimals for a
 * number.
 */
struct eng_encode_fact {
    const char *name;
    struct eng_slice text; /* borrowed; of a number from `digits` */
    char digits[32];
};
bool eng_encode_fact_next(const struct eng_model *model, const struct eng_effect *effect,
                          uint32_t *at, struct eng_encode_fact *ret_fact);

/* The kind of a rule, by its key ("falls_to"), but "deadline" for `after`. */
const char *eng_encode_kind_name(const struct eng_alert *alert);

/* The value that a below or above rule names, and the one that gets into the band of a near rule,
 * in 1/10,000; other rules have none. */
static inline bool eng_encode_has_threshold(const struct eng_alert *alert)
{
    return eng_alert_has_edge(alert);
}

static inline int64_t eng_encode_threshold_e4(const struct eng_model *model,
                                              const struct eng_alert *alert)
{
    return alert->kind == ENG_NEAR ? eng_score_entry_e4(&model->scores[alert->score], alert->band)
                                   : alert->edge_e4 - (alert->kind == ENG_ABOVE);
}

/* The name of the band of a near rule; NULL: it is of another kind. */
static inline const char *eng_encode_near_name(const struct eng_model *model,
                                               const struct eng_alert *alert)
{
    return alert->kind == ENG_NEAR ? model->scores[alert->score].bands[alert->band].name : NULL;
}

/* The name of the band that the score of an alert that looks ahead will fall into. */
const char *eng_encode_fall_name(const struct eng_model *model, const struct eng_effect *effect);

/* The name of a band of a score. */
const char *eng_encode_band_name(const struct eng_score *score, unsigned band);

#endif
