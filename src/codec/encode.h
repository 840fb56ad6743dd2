/* Effects to bytes: Avro (schemas/score_change.avsc, churn_drop.avsc, cell_change.avsc,
 * report.avsc, award_booking.avsc, abuse_flag.avsc, group_result.avsc, board.avsc) and JSON lines
 * (replay).
 *
 * Pure; writes into a growing buffer of the caller. A call that runs out of memory leaves the
 * buffer as it was. Once a buffer has grown nothing is allocated. Any thread; a buffer belongs to
 * one at a time. docs/formats.md shows the results. */
#ifndef ENG_CODEC_ENCODE_H
#define ENG_CODEC_ENCODE_H

#include <engaged/effect.h>
#include <engaged/engine.h>
#include <engaged/model.h>
#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer; zero-initialised is empty. Keeps its memory over eng_bytes_clear. */
struct eng_bytes {
    uint8_t *data;
    size_t used, capacity;
};

void eng_bytes_clear(struct eng_bytes *bytes);
void eng_bytes_done(struct eng_bytes *bytes);

/* Makes room for `more` bytes behind the used ones, doubling as needed. ENG_OK or ENG_NO_MEMORY
 * (buffer unchanged). */
enum eng_status eng_bytes_reserve(struct eng_bytes *bytes, size_t more);

/* Appends. ENG_OK or ENG_NO_MEMORY (buffer unchanged). */
enum eng_status eng_bytes_append(struct eng_bytes *bytes, const void *data, size_t length);

/* What output ids need beside the effect: `source` tells inputs apart (in `run` the topic's id; in
 * replay ""), `partition` what is of nobody. */
struct eng_encode_context {
    const struct eng_model *model;
    const char *source;
    int32_t partition;
};

/* The key of an effect's record: the partner; of a source silence the guard. Borrowed. */
struct eng_slice eng_encode_key(const struct eng_model *model, const struct eng_effect *effect);

/* Appends the deterministic id (S13): program/partner/name/status/origin, e.g.
 * "paint-painters/acme/at_risk/opened/b1767225600000". name is the score's, the rule's, the
 * matrix's, the report's, the guard's or the group's, or the award's and, as one more part, the
 * ledger's; status is "changed" for a score, "moved" for a matrix, "made" for a report, "booked"
 * for an award, "began" or "ended" for a source silence (which has the partition in the partner's
 * place), "summed" for a group (which has the segment there, e.g. "region=north"), else "opened" or
 * "resolved". origin is one of b<boundary ms>, m<model version>, o<offset>, and
 * o<source>:<offset> when there is a source. Parts are percent-encoded where they hold
 * '/', '%' or control characters. Not zero-terminated. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_id(const struct eng_encode_context *context,
                              const struct eng_effect *effect, struct eng_bytes *out);

/* Appends the Avro body (no framing) of the effect. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_avro(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out);

/* The effect's id in a body that eng_encode_avro has written: what eng_encode_id writes. */
struct eng_slice eng_encode_avro_id(const uint8_t *body);

/* Appends one JSON object and a newline, as `replay` prints it. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_json(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out);

/* Appends the last line of `replay`: {"type":"summary",...} and a newline. `partners` is the number
 * of partners with a counted event; what the model cannot tell is not counted. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_encode_summary(const struct eng_model *model,
                                   const struct eng_counters *counters, uint64_t partners,
                                   struct eng_bytes *out);

/* What will be told of a partner if it does nothing (eng_engine_forecast). */
struct eng_encode_forecast {
    struct eng_effects effects;
    int64_t until_ms; /* it is complete up to and with this time */
};

/* Appends the fall of a score that a forecast has found, a score change into a lower band, as one
 * JSON object {"type":"forecast",...} and a newline. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_fall(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out);

/* Appends what is known of a partner as one JSON object without newline: program, model_version,
 * partner_id, clock, first_day, scores[], measures[], alerts[], where there are some ledgers[] and
 * matrices[], and unless `forecast` is NULL, forecast_until and forecast[] (docs/http.md). ENG_OK
 * or ENG_NO_MEMORY. */
enum eng_status eng_encode_view(const struct eng_encode_context *context, struct eng_slice partner,
                                const struct eng_view *view,
                                const struct eng_encode_forecast *forecast, struct eng_bytes *out);

/* Appends `text` as a JSON string with its quotes. Invalid UTF-8 must not come. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_encode_json_string(struct eng_slice text, struct eng_bytes *out);

/* An attribute of a partner action. */
struct eng_attribute {
    struct eng_slice name, value;
};

/* A partner action to write, as `generate` does. Borrowed. */
struct eng_action_record {
    const struct eng_event *event; /* id, partner, action, time_ms, member, value_e4 */
    const struct eng_attribute *attributes;
    uint32_t attribute_count;
};

/* Appends the Avro body of schemas/partner_action.avsc (no framing); an event without id gets an
 * empty one. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_action_avro(const struct eng_action_record *action,
                                       struct eng_bytes *out);

/* The same as one JSON object and a newline; what is missing is left out. ENG_OK or ENG_NO_MEMORY.
 */
enum eng_status eng_encode_action_json(const struct eng_action_record *action,
                                       struct eng_bytes *out);

#endif
