/* The Kafka adapter: table, making and freeing, classes of failures. See kafka.h. */
#include "stream/kafka.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "stream/clock.h"
#include "stream/kafka_internal.h"
#include "stream/start.h"
#include <stdio.h>
#include <string.h>

struct eng_kafka *eng_kafka_of(struct eng_port *port)
{
    eng_assert(port != NULL);
    return (struct eng_kafka *)(void *)port; /* its first member */
}

const char *eng_kafka_topic(const struct eng_kafka *kafka, enum eng_topic topic)
{
    return eng_start_topic(kafka->config, topic);
}

enum eng_status eng_kafka_status(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ENG_OK;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return ENG_DENIED;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
        return ENG_LOST;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return ENG_LIMIT;
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
        return ENG_BAD_CONFIG;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return ENG_NOT_FOUND;
    case RD_KAFKA_RESP_ERR__FATAL:
        return ENG_FATAL;
    default:
        return ENG_UNAVAILABLE;
    }
}

/* ---- Two processes with one kafka.instance. ---- */

bool eng_kafka_is_shut_out(const struct eng_kafka *kafka)
{
    char text[64];
    eng_assert(kafka->consumer != NULL);
    eng_assert(kafka->config != NULL);
    return rd_kafka_fatal_error(kafka->consumer, text, sizeof text) ==
           RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

/* Whether it is another process is found out later: kafka_rejoin.c. */
enum eng_status eng_kafka_tell_shut_out(const struct eng_kafka *kafka, struct eng_error *err)
{
    const struct eng_kafka_config *own = &kafka->config->kafka;
    eng_assert(own->group != NULL);
    eng_assert(kafka->instance[0] != '\0');
    return eng_error_set(err, ENG_LOST,
                         "another process has started with kafka.instance \"%s\" in group \"%s\" "
                         "and takes this one's place; every process needs its own kafka.instance",
                         own->instance, own->group);
}

/* What to do about it. */
static const char *way_out(enum eng_status status)
{
    switch (status) {
    case ENG_DENIED:
        return "; check the credentials under kafka.client and the permissions on the broker";
    case ENG_LIMIT:
        return "; raise message.max.bytes of the topic and under kafka.producer";
    default:
        return "";
    }
}

enum eng_status eng_kafka_fail(struct eng_kafka *kafka, rd_kafka_resp_err_t code, const char *what,
                               const char *thing, struct eng_error *err)
{
    eng_assert(code != RD_KAFKA_RESP_ERR_NO_ERROR);
    eng_assert(what != NULL && thing != NULL);
    enum eng_status status = eng_kafka_status(code);
    if (eng_kafka_is_shut_out(kafka))
        return eng_kafka_tell_shut_out(kafka, err);
    if (status != ENG_UNAVAILABLE)
        return eng_error_set(err, status, "%s \"%s\": %s%s", what, thing, rd_kafka_err2str(code),
                             way_out(status));
    pthread_mutex_lock(&kafka->lock);
    bool denied = eng_kafka_status(kafka->last_code) == ENG_DENIED;
    bool down = kafka->last_code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
                kafka->last_code == RD_KAFKA_RESP_ERR__TRANSPORT;
    char last[sizeof kafka->last_text];
    memcpy(last, kafka->last_text, sizeof last);
    pthread_mutex_unlock(&kafka->lock);
    if (denied)
        return eng_error_set(err, ENG_DENIED, "authentication at %s failed: %s%s",
                             kafka->config->kafka.brokers, last, way_out(ENG_DENIED));
    if (down)
        return eng_error_set(err, ENG_UNAVAILABLE, "no broker answers at %s; trying again",
                             kafka->config->kafka.brokers);
    return eng_error_set(err, ENG_UNAVAILABLE, "%s \"%s\": %s", what, thing,
                         rd_kafka_err2str(code));
}

/* Errors of no single call. Those of the producer mark it as suspect. */
void eng_kafka_note_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    struct eng_kafka *kafka = opaque;
    eng_assert(kafka != NULL);
    eng_assert(reason != NULL);
    pthread_mutex_lock(&kafka->lock);
    kafka->last_code = (rd_kafka_resp_err_t)code;
    (void)snprintf(kafka->last_text, sizeof kafka->last_text, "%s", reason); /* cut when long */
    pthread_mutex_unlock(&kafka->lock);
    eng_log(ENG_LOG_DEBUG, "kafka", "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)code), reason);
    if (client != kafka->consumer) {
        atomic_store(&kafka->suspect, true);
        return;
    }
    if (kafka->handler != NULL && kafka->queue != NULL &&
        code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        struct eng_error text = {0};
        (void)eng_kafka_fail(kafka, (rd_kafka_resp_err_t)code, "the cluster",
                             kafka->config->kafka.brokers, &text);
        kafka->handler->failed(kafka->handler->context, -1, ENG_UNAVAILABLE, text.text);
    }
}

/* The last value counts, as it does for librdkafka: what kafka.consumer says comes after
 * kafka.client. */
bool eng_kafka_is_eager(const struct eng_config *config)
{
    const struct eng_properties *const both[] = {&config->kafka.client, &config->kafka.consumer};
    const char *strategy = "cooperative-sticky";
    for (size_t k = 0; k < sizeof both / sizeof both[0]; k++)
        for (size_t i = 0; i < both[k]->count; i++)
            if (strcmp(both[k]->items[i].name, "partition.assignment.strategy") == 0)
                strategy = both[k]->items[i].value;
    eng_assert(strategy != NULL);
    eng_assert(config->kafka.consumer.items != NULL || config->kafka.consumer.count == 0);
    return strstr(strategy, "cooperative") == NULL;
}

static int64_t wall_ms(struct eng_port *port)
{
    (void)port; /* this one has no clock of its own */
    return eng_clock_wall_ms();
}

static int64_t mono_us(struct eng_port *port)
{
    (void)port; /* as above */
    return eng_clock_mono_us();
}

static void sleep_ms(struct eng_port *port, int64_t ms)
{
    (void)port; /* as above */
    eng_clock_sleep_ms(ms);
}

void eng_kafka_consumer_free(struct eng_kafka *kafka)
{
    eng_assert(kafka != NULL);
    eng_assert(kafka->places != NULL || kafka->place_count == 0);
    if (kafka->fetched != NULL)
        rd_kafka_topic_partition_list_destroy(kafka->fetched);
    if (kafka->queue != NULL)
        rd_kafka_queue_destroy(kafka->queue);
    if (kafka->consumer != NULL)
        rd_kafka_destroy_flags(kafka->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    eng_free(kafka->places);
    kafka->fetched = NULL;
    kafka->queue = NULL;
    kafka->consumer = NULL;
    kafka->places = NULL;
    kafka->place_count = 0;
    kafka->paused = false;
}

static void free_port(struct eng_port *port)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    eng_kafka_producer_close(port);
    eng_kafka_consumer_free(kafka);
    for (int i = 0; i < ENG_PORT_READERS; i++)
        eng_kafka_reader_close(&kafka->readers[i]);
    eng_kafka_asker_close(kafka);
    pthread_mutex_destroy(&kafka->lock);
    eng_free(kafka);
}

static const struct eng_port_ops kafka_ops = {
    .join = eng_kafka_join,
    .poll = eng_kafka_poll,
    .release = eng_kafka_release,
    .header = eng_kafka_header,
    .assign = eng_kafka_assign,
    .pause = eng_kafka_pause,
    .leave = eng_kafka_leave,
    .rejoin = eng_kafka_rejoin,
    .high_watermark = eng_kafka_high_watermark,
    .committed = eng_kafka_committed,
    .bounds = eng_kafka_bounds,
    .scan_state = eng_kafka_scan_state,
    .members = eng_kafka_members,
    .producer_open = eng_kafka_producer_open,
    .producer_close = eng_kafka_producer_close,
    .producer_suspect = eng_kafka_producer_suspect,
    .begin = eng_kafka_begin,
    .produce = eng_kafka_produce,
    .flush = eng_kafka_flush,
    .send_offsets = eng_kafka_send_offsets,
    .commit = eng_kafka_commit,
    .abort = eng_kafka_abort,
    .input_id = eng_kafka_input_id,
    .topic_info = eng_kafka_topic_info,
    .topic_create = eng_kafka_topic_create,
    .wall_ms = wall_ms,
    .mono_us = mono_us,
    .sleep_ms = sleep_ms,
    .free = free_port,
};

/* Stable ids where the user has given an instance, so that a successor ends what was left open. */
static void name_ids(struct eng_kafka *kafka, const char *unique)
{
    const struct eng_kafka_config *own = &kafka->config->kafka;
    eng_assert(own->group != NULL && unique != NULL);
    const char *who = own->instance != NULL ? own->instance : unique;
    (void)snprintf(kafka->transactional_id, sizeof kafka->transactional_id, "%.100s-%.100s-%u",
                   own->group, who, kafka->index);
    if (own->instance != NULL)
        (void)snprintf(kafka->instance, sizeof kafka->instance, "%.*s-%u", ENG_KAFKA_INSTANCE_MAX,
                       own->instance, kafka->index);
    kafka->process = eng_kafka_process(kafka->config, unique);
    eng_assert(kafka->transactional_id[0] != '\0');
}

/* The producer is made on the commit thread; its configuration is only looked at. */
static enum eng_status check_producer(const struct eng_kafka *kafka, struct eng_error *err)
{
    rd_kafka_conf_t *conf;
    enum eng_status status = eng_kafka_conf(kafka, ENG_KAFKA_PRODUCER, &conf, err);
    if (status == ENG_OK)
        rd_kafka_conf_destroy(conf);
    return status;
}

enum eng_status eng_kafka_consumer_new(struct eng_kafka *kafka, struct eng_error *err)
{
    char text[256] = "";
    rd_kafka_conf_t *conf;
    enum eng_status status = eng_kafka_conf(kafka, ENG_KAFKA_CONSUMER, &conf, err);
    if (status != ENG_OK)
        return status;
    kafka->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    kafka->fetched = rd_kafka_topic_partition_list_new(8);
    eng_assert(kafka->transactional_id[0] != '\0');
    eng_assert(kafka->fetched != NULL);
    if (kafka->consumer != NULL)
        return ENG_OK;
    rd_kafka_conf_destroy(conf);
    return eng_error_set(err, ENG_BAD_CONFIG, "librdkafka refuses the configuration: %s", text);
}

enum eng_status eng_kafka_new(const struct eng_config *config, uint32_t index, const char *unique,
                              struct eng_port **ret_port, struct eng_error *err)
{
    eng_assert(config != NULL && unique != NULL);
    eng_assert(ret_port != NULL);
    struct eng_kafka *kafka = eng_calloc(1, sizeof *kafka);
    if (kafka == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a Kafka client");
    kafka->port.ops = &kafka_ops;
    kafka->config = config;
    kafka->index = index;
    kafka->eager = eng_kafka_is_eager(config);
    pthread_mutex_init(&kafka->lock, NULL);
    name_ids(kafka, unique);
    enum eng_status status = check_producer(kafka, err);
    if (status == ENG_OK)
        status = eng_kafka_consumer_new(kafka, err);
    if (status != ENG_OK)
        free_port(&kafka->port);
    else
        *ret_port = &kafka->port;
    return status;
}
