/* An abuse flag with all its names: what it takes to write it without the model that it was found
 * under. The texts are those of whoever made it. Pure; any thread. */
#ifndef ENG_CODEC_FLAG_H
#define ENG_CODEC_FLAG_H

#include "codec/encode.h"

struct eng_flag {
    struct eng_slice program, partner, check, action;
    struct eng_slice event_id, text, description; /* without data: there is none */
    struct eng_slice source;                      /* id of the input topic; may be empty */
    const char *kind, *then;                      /* constant texts */
    uint32_t model_version;
    int64_t at_ms, occurred_ms;
    int64_t value_e4, limit_e4; /* ENG_VALUE_NONE: none */
    uint64_t offset;            /* of the event in its partition */
    /* At which other partner the text came before, and when; without data: this is about one. */
    struct eng_slice other;
    int64_t other_ms;
    const char *reason;    /* constant text; NULL: there is none */
    int64_t held_until_ms; /* 0: it is not held */
};

/* What an effect (ENG_EFFECT_ABUSE_FLAG, ENG_EFFECT_SIGHTING) says. */
void eng_flag_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                 struct eng_flag *ret_flag);

/* As eng_encode_id, eng_encode_avro and eng_encode_json of an effect. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_encode_flag_id(const struct eng_flag *flag, struct eng_bytes *out);
enum eng_status eng_encode_flag_avro(const struct eng_flag *flag, struct eng_bytes *out);
enum eng_status eng_encode_flag_json(const struct eng_flag *flag, struct eng_bytes *out);

#endif
