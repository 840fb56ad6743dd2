/* An ordinary consumer that reads some topics whole, from their beginning on: for showing outputs.
 *
 * It belongs to no group and commits nothing, so it disturbs nobody. Only committed records are
 * shown. One thread. */
#ifndef ENG_STREAM_TAIL_H
#define ENG_STREAM_TAIL_H

#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

struct eng_properties;
struct eng_tail;

/* A record; its bytes live during the visit. */
struct eng_tail_record {
    size_t topic; /* index into the options' topics */
    int32_t partition;
    int64_t offset;
    const void *key, *value; /* NULL: none */
    size_t key_bytes, value_bytes;
};

typedef void eng_tail_visit(void *context, const struct eng_tail_record *record);

struct eng_tail_options {
    const char *brokers;
    const char *const *topics;           /* each has to exist */
    size_t topic_count;                  /* 1..ENG_TAIL_TOPICS_MAX */
    const struct eng_properties *client; /* librdkafka's; NULL: none */
    eng_tail_visit *visit;               /* called by eng_tail_poll, on its thread */
    void *context;
};

enum { ENG_TAIL_TOPICS_MAX = 8 };

/* Connects and finds the partitions, waiting up to 15 seconds. ENG_OK, ENG_BAD_CONFIG,
 * ENG_UNAVAILABLE, ENG_TOPIC, ENG_NO_MEMORY. */
enum eng_status eng_tail_new(const struct eng_tail_options *options, struct eng_tail **ret_tail,
                             struct eng_error *err);

/* Waits up to timeout_ms for a first record and visits up to `most` that are there. ENG_OK, or a
 * failure after which there is nothing to read any more. */
enum eng_status eng_tail_poll(struct eng_tail *tail, int64_t timeout_ms, uint32_t most,
                              struct eng_error *err);

/* NULL is fine. */
void eng_tail_free(struct eng_tail *tail);

#endif
