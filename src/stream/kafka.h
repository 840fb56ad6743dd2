/* The port to Apache Kafka, by librdkafka: one consumer in the program's group, one transactional
 * producer, and a passing consumer for the state topic when it is read.
 *
 * Settings that carry a guarantee are ours and cannot be overridden; the rest of librdkafka's can,
 * under kafka.client, kafka.consumer and kafka.producer. docs/kafka.md lists both. */
#ifndef ENG_STREAM_KAFKA_H
#define ENG_STREAM_KAFKA_H

#include "stream/port.h"

struct eng_config;

/* A port for worker `index`. `unique` is a text that no other running process has; it stands in for
 * kafka.instance in the transactional id where none is configured. Borrows config. Does not wait
 * for a broker. ENG_OK, ENG_BAD_CONFIG (a property is refused, with the reason), ENG_NO_MEMORY. */
enum eng_status eng_kafka_new(const struct eng_config *config, uint32_t index, const char *unique,
                              struct eng_port **ret_port, struct eng_error *err);

/* The number of the process that this is among the members of the group (eng_port_member). It
 * stays the same over restarts where kafka.instance is set. */
uint64_t eng_kafka_process(const struct eng_config *config, const char *unique);

/* Sets the group's offsets, without metadata, as somebody who is no member: the group must have
 * none. Waits. ENG_OK, ENG_UNAVAILABLE (it has members, or the broker is away), ENG_DENIED. */
enum eng_status eng_kafka_set_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                      uint32_t count, struct eng_error *err);

/* Does the group revoke all partitions before it assigns anew (range, roundrobin), as configured?
 */
bool eng_kafka_is_eager(const struct eng_config *config);

#endif
