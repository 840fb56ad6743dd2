/* A plain producer to one topic, for what stands in front of the daemon: `generate` and `demo`.
 *
 * Idempotent and keyed: records with the same key stay in order on one partition, chosen as the
 * Java client does (murmur2). No transactions; the daemon's own outputs do not pass here. One
 * thread. */
#ifndef ENG_STREAM_SENDER_H
#define ENG_STREAM_SENDER_H

#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

struct eng_properties;
struct eng_sender;

struct eng_sender_options {
    const char *brokers;
    const char *topic;
    int32_t partition_count; /* a missing topic is made with so many; 0: it has to exist */
    const struct eng_properties *client, *producer; /* librdkafka's; NULL: none */
    int64_t linger_ms; /* how long a batch may wait for more; 0: the default, 20 */
};

struct eng_sender_record {
    const void *key, *value;
    size_t key_bytes, value_bytes;
};

/* Connects and looks at the topic, waiting up to 15 seconds. Copies the options. ENG_OK,
 * ENG_BAD_CONFIG (a property is refused), ENG_UNAVAILABLE (no broker answers), ENG_TOPIC,
 * ENG_DENIED, ENG_NO_MEMORY. */
enum eng_status eng_sender_new(const struct eng_sender_options *options,
                               struct eng_sender **ret_sender, struct eng_error *err);

/* Queues a copy of the record; waits while the queue is full. ENG_OK, or the first failure of any
 * record so far: ENG_UNAVAILABLE, ENG_DENIED, ENG_TOPIC, ENG_LIMIT, ENG_FATAL. */
enum eng_status eng_sender_put(struct eng_sender *sender, const struct eng_sender_record *record,
                               struct eng_error *err);

/* Waits until everything queued has been taken over by the brokers. ENG_OK, ENG_TIMED_OUT, or the
 * first failure. */
enum eng_status eng_sender_flush(struct eng_sender *sender, int64_t timeout_ms,
                                 struct eng_error *err);

/* Records that the brokers have acknowledged. */
uint64_t eng_sender_delivered(const struct eng_sender *sender);

/* Drops what is still queued. NULL is fine. */
void eng_sender_free(struct eng_sender *sender);

#endif
