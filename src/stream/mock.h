/* A Kafka cluster inside the process, for the demo and for tests: librdkafka's mock cluster.
 *
 * It speaks the protocol on a port of 127.0.0.1, so everything in front of it is the real thing. It
 * forgets: a partition keeps its newest 5 MiB, committed transactional offsets are not stored, and
 * records of open or aborted transactions can be seen. It carries a demonstration, never a proof.
 * One control thread; the cluster has a thread of its own. */
#ifndef ENG_STREAM_MOCK_H
#define ENG_STREAM_MOCK_H

#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

struct eng_mock;

struct eng_mock_topic {
    const char *name;
    int32_t partition_count;
};

/* Starts a cluster of one broker with the given topics (it can make none later). ENG_OK,
 * ENG_NO_MEMORY, ENG_UNAVAILABLE (no port). */
enum eng_status eng_mock_new(const struct eng_mock_topic *topics, size_t count,
                             struct eng_mock **ret_mock, struct eng_error *err);

/* What clients take as bootstrap.servers. Borrowed. */
const char *eng_mock_brokers(const struct eng_mock *mock);

/* Ends the cluster; clients lose their broker. NULL is fine. */
void eng_mock_free(struct eng_mock *mock);

#endif
