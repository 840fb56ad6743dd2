/* Effects to bytes: Avro (schemas/score_change.avsc, schemas/churn_drop.avsc) and JSON lines
 * (replay).
 *
 * Pure; writes into a growing buffer of the caller. */
#ifndef ENG_CODEC_ENCODE_H
#define ENG_CODEC_ENCODE_H

#include <engaged/effect.h>
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

/* What output ids need beside the effect: `source` tells inputs apart (in `run` the topic's id; in
 * replay ""). */
struct eng_encode_context {
    const struct eng_model *model;
    const char *source;
};

/* Appends the deterministic id (S13): program/partner/rule/status/origin, e.g.
 * "paint-painters/acme/at_risk/opened/b1767225600000". Parts are percent-encoded where they hold
 * '/', '%' or control characters. Not zero-terminated. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_id(const struct eng_encode_context *context,
                              const struct eng_effect *effect, struct eng_bytes *out);

/* Appends the Avro body (no framing) of the effect. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_avro(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out);

/* Appends one JSON object and a newline, as `replay` prints it. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_json(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out);

#endif
