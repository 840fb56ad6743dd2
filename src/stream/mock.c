/* The cluster inside the process. See mock.h. */
#include "stream/mock.h"

#include "base/assert.h"
#include "base/memory.h"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { ERROR_BYTES = 256, JOIN_DELAY_MS = 100 };

struct eng_mock {
    rd_kafka_t *host; /* a client that is never used: the cluster lives in it */
    rd_kafka_mock_cluster_t *cluster;
};

static enum eng_status make_host(struct eng_mock *mock, struct eng_error *err)
{
    char text[ERROR_BYTES] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    eng_assert(mock->host == NULL && conf != NULL);
    /* The host has no broker to talk to and would complain. */
    rd_kafka_conf_set_log_cb(conf, NULL);
    mock->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (mock->host != NULL)
        return ENG_OK;
    rd_kafka_conf_destroy(conf);
    return eng_error_set(err, ENG_NO_MEMORY, "the broker inside the process: %s", text);
}

static enum eng_status make_topics(struct eng_mock *mock, const struct eng_mock_topic *topics,
                                   size_t count, struct eng_error *err)
{
    eng_assert(mock->cluster != NULL && topics != NULL);
    for (size_t i = 0; i < count; i++) {
        eng_assert(topics[i].name != NULL && topics[i].partition_count > 0);
        rd_kafka_resp_err_t code =
            rd_kafka_mock_topic_create(mock->cluster, topics[i].name, topics[i].partition_count, 1);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return eng_error_set(err, ENG_TOPIC, "topic %s in the broker inside the process: %s",
                                 topics[i].name, rd_kafka_err2str(code));
    }
    return ENG_OK;
}

enum eng_status eng_mock_new(const struct eng_mock_topic *topics, size_t count,
                             struct eng_mock **ret_mock, struct eng_error *err)
{
    eng_assert(ret_mock != NULL);
    struct eng_mock *mock = eng_calloc(1, sizeof *mock);
    if (mock == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the broker inside the process");
    enum eng_status status = make_host(mock, err);
    if (status == ENG_OK) {
        mock->cluster = rd_kafka_mock_cluster_new(mock->host, 1);
        if (mock->cluster == NULL)
            status = eng_error_set(err, ENG_UNAVAILABLE,
                                   "no port of 127.0.0.1 for the broker inside the process");
    }
    if (status == ENG_OK) {
        rd_kafka_mock_group_initial_rebalance_delay_ms(mock->cluster, JOIN_DELAY_MS);
        status = make_topics(mock, topics, count, err);
    }
    if (status != ENG_OK) {
        eng_mock_free(mock);
        return status;
    }
    *ret_mock = mock;
    return ENG_OK;
}

const char *eng_mock_brokers(const struct eng_mock *mock)
{
    eng_assert(mock != NULL && mock->cluster != NULL);
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

void eng_mock_free(struct eng_mock *mock)
{
    if (mock == NULL)
        return;
    if (mock->cluster != NULL)
        rd_kafka_mock_cluster_destroy(mock->cluster);
    if (mock->host != NULL)
        rd_kafka_destroy(mock->host);
    eng_free(mock);
}
