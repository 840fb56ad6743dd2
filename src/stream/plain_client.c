/* Common parts of the plain clients. See plain_client.h. */
#include "stream/plain_client.h"

#include "base/assert.h"
#include "base/log.h"
#include "model/config.h"
#include <string.h>

enum { ERROR_BYTES = 512, ANSWER_MS = 15000 };

static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)level; /* the caller of the client reports what matters */
    eng_log(ENG_LOG_DEBUG, "kafka", "%s %s: %s", client ? rd_kafka_name(client) : "-", facility,
            text);
}

static enum eng_status set(rd_kafka_conf_t *conf, const char *name, const char *value,
                           struct eng_error *err)
{
    char text[ERROR_BYTES] = "";
    eng_assert(name != NULL && value != NULL);
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return ENG_OK;
    return eng_error_set(err, ENG_BAD_CONFIG, "the Kafka property %s: %s", name, text);
}

enum eng_status eng_plain_conf_properties(rd_kafka_conf_t *conf,
                                          const struct eng_properties *properties,
                                          struct eng_error *err)
{
    eng_assert(conf != NULL);
    enum eng_status status = ENG_OK;
    size_t count = properties != NULL ? properties->count : 0;
    for (size_t i = 0; status == ENG_OK && i < count; i++)
        status = set(conf, properties->items[i].name, properties->items[i].value, err);
    return status;
}

enum eng_status eng_plain_conf_new(const char *brokers, const struct eng_setting *settings,
                                   const struct eng_properties *properties,
                                   rd_kafka_conf_t **ret_conf, struct eng_error *err)
{
    eng_assert(brokers != NULL && settings != NULL && ret_conf != NULL);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    eng_assert(conf != NULL);
    rd_kafka_conf_set_log_cb(conf, log_line);
    enum eng_status status = set(conf, "bootstrap.servers", brokers, err);
    for (size_t i = 0; status == ENG_OK && settings[i].name != NULL; i++)
        status = set(conf, settings[i].name, settings[i].value, err);
    if (status == ENG_OK)
        status = eng_plain_conf_properties(conf, properties, err);
    if (status == ENG_OK)
        *ret_conf = conf;
    else
        rd_kafka_conf_destroy(conf);
    return status;
}

enum eng_status eng_plain_status(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ENG_OK;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return ENG_TOPIC;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return ENG_DENIED;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return ENG_LIMIT;
    case RD_KAFKA_RESP_ERR__FATAL:
        return ENG_FATAL;
    default:
        return ENG_UNAVAILABLE;
    }
}

enum eng_status eng_plain_partitions(rd_kafka_t *client, const char *topic, int32_t *ret_count,
                                     struct eng_error *err)
{
    eng_assert(client != NULL && topic != NULL && ret_count != NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 1, NULL, &metadata, ANSWER_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_error_set(err, eng_plain_status(code),
                             "no broker answered within %d seconds (%s): check kafka.brokers or "
                             "--brokers, and credentials",
                             ANSWER_MS / 1000, rd_kafka_err2str(code));
    int32_t count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            count = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    eng_assert(count >= 0);
    *ret_count = count;
    return ENG_OK;
}
