/* librdkafka's settings: ours, the user's, and those that the user may not touch. See
 * docs/kafka.md. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct setting {
    const char *name, *value;
};

/* Why a property is refused. */
struct refusal {
    const char *name, *why;
};

static const struct setting common_settings[] = {
    {"client.id", "engaged"},
    {"socket.nagle.disable", "true"},
    {"allow.auto.create.topics", "false"},
    {"reconnect.backoff.max.ms", "1000"}, /* 10 s by default: a broker is back sooner */
};

static const struct setting consumer_settings[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"isolation.level", "read_committed"},
    {"auto.offset.reset", "error"},
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"fetch.wait.max.ms", "100"},
    {"fetch.queue.backoff.ms", "5"},
    {"queued.min.messages", "100000"},
    {"queued.max.messages.kbytes", "65536"},
};

static const struct setting producer_settings[] = {
    {"retry.backoff.ms", "5"},
    {"linger.ms", "100"},
    {"compression.type", "lz4"},
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "262144"},
    {"message.max.bytes", "2000000"},
};

static const struct setting reader_settings[] = {
    {"enable.auto.commit", "false"}, {"isolation.level", "read_committed"},
    {"auto.offset.reset", "error"},  {"enable.partition.eof", "true"},
    {"fetch.queue.backoff.ms", "5"}, {"fetch.wait.max.ms", "20"},
};

static const struct refusal refusals[] = {
    {"bootstrap.servers", "use kafka.brokers"},
    {"metadata.broker.list", "use kafka.brokers"},
    {"group.id", "use kafka.group"},
    {"group.instance.id", "use kafka.instance"},
    {"group.protocol", "only the classic protocol carries what the daemon relies on"},
    {"transactional.id", "it is made of kafka.group and kafka.instance"},
    {"enable.idempotence", "transactions need it"},
    {"acks", "transactions need all"},
    {"request.required.acks", "transactions need all"},
    {"enable.gapless.guarantee", "transactions replace it"},
    {"enable.auto.commit", "offsets are committed in the transaction with their outputs"},
    {"enable.auto.offset.store", "offsets are committed in the transaction with their outputs"},
    {"isolation.level", "records of aborted transactions must not be counted"},
    {"auto.offset.reset", "positions are known, a reset would skip or repeat records"},
    {"enable.partition.eof", "with it librdkafka may skip a record after a rebalance"},
    {"client.rack", "reading from followers can break librdkafka's positions"},
    {"allow.auto.create.topics", "topics are made with the right partitions: output.create"},
    {"dr_msg_cb", "it is no setting for a file"},
    {"opaque", "it is no setting for a file"},
};

/* A client's fatal error is told by the call that meets it, in our words. */
static void log_line(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    eng_assert(facility != NULL && text != NULL);
    eng_assert(level >= 0);
    bool told = strcmp(facility, "FATAL") == 0 || strcmp(facility, "TXNERR") == 0;
    eng_log(level <= 2 && !told ? ENG_LOG_ERROR : ENG_LOG_DEBUG, "kafka", "%s %s: %s",
            client != NULL ? rd_kafka_name(client) : "-", facility, text);
}

static enum eng_status set(rd_kafka_conf_t *conf, const char *name, const char *value,
                           struct eng_error *err)
{
    char text[512] = "";
    eng_assert(name != NULL && value != NULL);
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return ENG_OK;
    return eng_error_set(err, ENG_BAD_CONFIG, "kafka property %s: %s", name, text);
}

static enum eng_status set_all(rd_kafka_conf_t *conf, const struct setting *settings, size_t count,
                               struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(settings != NULL);
    for (size_t i = 0; status == ENG_OK && i < count; i++)
        status = set(conf, settings[i].name, settings[i].value, err);
    return status;
}

static enum eng_status set_own(rd_kafka_conf_t *conf, const struct eng_properties *own,
                               struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(conf != NULL);
    eng_assert(own->items != NULL || own->count == 0);
    for (size_t i = 0; status == ENG_OK && i < own->count; i++) {
        for (size_t k = 0; k < sizeof refusals / sizeof refusals[0]; k++)
            if (strcmp(own->items[i].name, refusals[k].name) == 0)
                return eng_error_set(err, ENG_BAD_CONFIG, "kafka property %s may not be set: %s",
                                     refusals[k].name, refusals[k].why);
        status = set(conf, own->items[i].name, own->items[i].value, err);
    }
    return status;
}

#define SET_TABLE(conf, table, err) set_all(conf, table, sizeof(table) / sizeof((table)[0]), err)

/* Members of a process that has standbys say in their client.id which process they are of, unless
 * their instance does. */
static enum eng_status name_process(const struct eng_kafka *kafka, rd_kafka_conf_t *conf,
                                    struct eng_error *err)
{
    char own[256] = "", text[300];
    size_t size = sizeof own;
    eng_assert(kafka->process > 0);
    eng_assert(conf != NULL);
    if (kafka->config->run.standbys == 0 || kafka->instance[0] != '\0')
        return ENG_OK;
    if (rd_kafka_conf_get(conf, "client.id", own, &size) != RD_KAFKA_CONF_OK)
        return eng_error_set(err, ENG_BAD_CONFIG, "kafka property client.id: at most %zu bytes",
                             sizeof own - 1);
    eng_kafka_client_id(kafka->process, own, text, sizeof text);
    return set(conf, "client.id", text, err);
}

static enum eng_status fill_consumer(const struct eng_kafka *kafka, rd_kafka_conf_t *conf,
                                     struct eng_error *err)
{
    const struct eng_kafka_config *own = &kafka->config->kafka;
    eng_assert(conf != NULL);
    eng_assert(own->group != NULL);
    enum eng_status status = SET_TABLE(conf, consumer_settings, err);
    if (status == ENG_OK)
        status = set(conf, "group.id", own->group, err);
    if (status == ENG_OK && kafka->instance[0] != '\0')
        status = set(conf, "group.instance.id", kafka->instance, err);
    rd_kafka_conf_set_rebalance_cb(conf, eng_kafka_rebalance);
    if (status == ENG_OK)
        status = set_own(conf, &own->client, err);
    if (status == ENG_OK)
        status = set_own(conf, &own->consumer, err);
    return status == ENG_OK ? name_process(kafka, conf, err) : status;
}

/* How long a transaction may take, unless the user says otherwise. */
enum { TRANSACTION_MS = 15000, TRANSACTION_MS_MIN = 1000, SOCKET_MS_MAX = 10000 };

static long find_number(const struct eng_properties *own, const char *name, long otherwise)
{
    eng_assert(name != NULL);
    eng_assert(otherwise > 0);
    for (size_t i = 0; i < own->count; i++)
        if (strcmp(own->items[i].name, name) == 0)
            otherwise = strtol(own->items[i].value, NULL, 10);
    return otherwise;
}

/* A message and a request have to fail before the transaction does: the time-outs go together. */
static enum eng_status set_timeouts(const struct eng_kafka *kafka, rd_kafka_conf_t *conf,
                                    struct eng_error *err)
{
    char text[24];
    long whole =
        find_number(&kafka->config->kafka.producer, "transaction.timeout.ms", TRANSACTION_MS);
    if (whole < TRANSACTION_MS_MIN)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "kafka property transaction.timeout.ms: at least %d",
                             TRANSACTION_MS_MIN);
    long socket = whole * 2 / 3 < SOCKET_MS_MAX ? whole * 2 / 3 : SOCKET_MS_MAX;
    eng_assert(socket > 0);
    (void)snprintf(text, sizeof text, "%ld", whole);
    enum eng_status status = set(conf, "transaction.timeout.ms", text, err);
    (void)snprintf(text, sizeof text, "%ld", whole * 4 / 5);
    if (status == ENG_OK)
        status = set(conf, "message.timeout.ms", text, err);
    (void)snprintf(text, sizeof text, "%ld", socket);
    eng_assert(whole * 4 / 5 < whole);
    return status == ENG_OK ? set(conf, "socket.timeout.ms", text, err) : status;
}

static enum eng_status fill_producer(const struct eng_kafka *kafka, rd_kafka_conf_t *conf,
                                     struct eng_error *err)
{
    eng_assert(conf != NULL);
    eng_assert(kafka->transactional_id[0] != '\0');
    enum eng_status status = SET_TABLE(conf, producer_settings, err);
    if (status == ENG_OK)
        status = set_timeouts(kafka, conf, err);
    if (status == ENG_OK)
        status = set(conf, "transactional.id", kafka->transactional_id, err);
    if (status == ENG_OK)
        status = set_own(conf, &kafka->config->kafka.client, err);
    return status == ENG_OK ? set_own(conf, &kafka->config->kafka.producer, err) : status;
}

/* The user's consumer settings that a reader may have too: sizes and timings, nothing of the group.
 */
static enum eng_status fill_reader(const struct eng_kafka *kafka, rd_kafka_conf_t *conf,
                                   struct eng_error *err)
{
    eng_assert(kafka->config != NULL);
    enum eng_status status = SET_TABLE(conf, reader_settings, err);
    return status == ENG_OK ? set_own(conf, &kafka->config->kafka.client, err) : status;
}

enum eng_status eng_kafka_conf(const struct eng_kafka *kafka, enum eng_kafka_role role,
                               rd_kafka_conf_t **ret_conf, struct eng_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    eng_assert(conf != NULL);
    eng_assert(role <= ENG_KAFKA_READER);
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_conf_set_error_cb(conf, eng_kafka_note_error);
    rd_kafka_conf_set_opaque(conf, (void *)(uintptr_t)kafka);
    enum eng_status status = SET_TABLE(conf, common_settings, err);
    if (status == ENG_OK)
        status = set(conf, "bootstrap.servers", kafka->config->kafka.brokers, err);
    if (status == ENG_OK)
        status = role == ENG_KAFKA_CONSUMER   ? fill_consumer(kafka, conf, err)
                 : role == ENG_KAFKA_PRODUCER ? fill_producer(kafka, conf, err)
                                              : fill_reader(kafka, conf, err);
    if (status == ENG_OK)
        *ret_conf = conf;
    else
        rd_kafka_conf_destroy(conf);
    return status;
}

enum eng_status eng_kafka_plain_client(const struct eng_kafka *kafka, const char *what,
                                       rd_kafka_t **ret_client, struct eng_error *err)
{
    char text[256] = "";
    rd_kafka_conf_t *conf;
    eng_assert(what != NULL && ret_client != NULL);
    enum eng_status status = eng_kafka_conf(kafka, ENG_KAFKA_READER, &conf, err);
    if (status != ENG_OK)
        return status;
    *ret_client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (*ret_client != NULL)
        return ENG_OK;
    rd_kafka_conf_destroy(conf);
    eng_assert(text[0] != '\0');
    return eng_error_set(err, ENG_UNAVAILABLE, "cannot %s: %s", what, text);
}
