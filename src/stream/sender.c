/* The plain producer. See sender.h. */
#include "stream/sender.h"

#include "base/assert.h"
#include "base/memory.h"
#include "stream/plain_client.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    POLL_EVERY = 1024, /* records between two looks at what has been delivered */
    FULL_WAIT_MS = 50,
    CREATE_WAIT_MS = 15000,
    LINGER_MS = 20,
    ERROR_BYTES = 512,
};

struct eng_sender {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    uint64_t put, delivered;
    struct eng_error failure; /* the first one of any record */
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *context)
{
    struct eng_sender *sender = context;
    eng_assert(client == sender->client);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        sender->delivered++;
        eng_assert(sender->delivered <= sender->put);
        return;
    }
    (void)eng_error_set(&sender->failure, eng_plain_status(message->err),
                        "topic %s, partition %" PRId32 ": a record was not taken: %s",
                        rd_kafka_topic_name(message->rkt), message->partition,
                        rd_kafka_err2str(message->err));
}

static enum eng_status make_client(struct eng_sender *sender,
                                   const struct eng_sender_options *options, struct eng_error *err)
{
    char linger[24], text[ERROR_BYTES] = "";
    eng_assert(options->linger_ms >= 0);
    (void)snprintf(linger, sizeof linger, "%" PRId64, /* fits */
                   options->linger_ms > 0 ? options->linger_ms : LINGER_MS);
    const struct eng_setting settings[] = {
        {"enable.idempotence", "true"},
        {"compression.type", "lz4"},
        {"partitioner", "murmur2_random"},
        {"linger.ms", linger},
        {"queue.buffering.max.messages", "500000"},
        {"queue.buffering.max.kbytes", "262144"},
        {"socket.nagle.disable", "true"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;
    enum eng_status status =
        eng_plain_conf_new(options->brokers, settings, options->client, &conf, err);
    if (status != ENG_OK)
        return status;
    rd_kafka_conf_set_opaque(conf, sender);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    status = eng_plain_conf_properties(conf, options->producer, err);
    if (status == ENG_OK)
        sender->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (sender->client != NULL)
        return ENG_OK;
    rd_kafka_conf_destroy(conf);
    return eng_error_set(err, ENG_BAD_CONFIG, "the Kafka producer: %s", text);
}

/* Waits for the answer to a creation and reads what came of it. */
static enum eng_status read_creation(rd_kafka_queue_t *queue, const char *name,
                                     struct eng_error *err)
{
    eng_assert(queue != NULL && name != NULL);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CREATE_WAIT_MS + 1000);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event != NULL && rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = rd_kafka_event_error(event);
    } else if (event != NULL && rd_kafka_event_CreateTopics_result(event) != NULL) {
        size_t count = 0;
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        eng_assert(count == 1);
        code = rd_kafka_topic_result_error(results[0]);
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return ENG_OK;
    return eng_error_set(err, eng_plain_status(code), "topic %s cannot be made: %s", name,
                         rd_kafka_err2str(code));
}

static enum eng_status create_topic(struct eng_sender *sender, const char *name,
                                    int32_t partition_count, struct eng_error *err)
{
    char text[ERROR_BYTES] = "";
    eng_assert(partition_count > 0 && sender->client != NULL);
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(name, partition_count, -1, text, sizeof text);
    if (topic == NULL)
        return eng_error_set(err, ENG_TOPIC, "topic %s cannot be made: %s", name, text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(sender->client);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(sender->client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    /* How long the brokers may take until all of them know the topic. */
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, CREATE_WAIT_MS, text, sizeof text);
    rd_kafka_CreateTopics(sender->client, &topic, 1, options, queue);
    enum eng_status status = read_creation(queue, name, err);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    return status;
}

static enum eng_status find_topic(struct eng_sender *sender,
                                  const struct eng_sender_options *options, struct eng_error *err)
{
    int32_t partition_count = 0;
    eng_assert(options->topic != NULL && options->partition_count >= 0);
    enum eng_status status =
        eng_plain_partitions(sender->client, options->topic, &partition_count, err);
    if (status == ENG_OK && partition_count == 0 && options->partition_count > 0)
        status = create_topic(sender, options->topic, options->partition_count, err);
    else if (status == ENG_OK && partition_count == 0)
        status = eng_error_set(err, ENG_TOPIC,
                               "topic %s does not exist at %s: make it, or say how many partitions "
                               "it is to have",
                               options->topic, options->brokers);
    if (status != ENG_OK)
        return status;
    sender->topic = rd_kafka_topic_new(sender->client, options->topic, NULL);
    if (sender->topic == NULL)
        return eng_error_set(err, ENG_TOPIC, "topic %s: %s", options->topic,
                             rd_kafka_err2str(rd_kafka_last_error()));
    return ENG_OK;
}

enum eng_status eng_sender_new(const struct eng_sender_options *options,
                               struct eng_sender **ret_sender, struct eng_error *err)
{
    eng_assert(options != NULL && ret_sender != NULL);
    struct eng_sender *sender = eng_calloc(1, sizeof *sender);
    if (sender == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a producer");
    enum eng_status status = make_client(sender, options, err);
    if (status == ENG_OK)
        status = find_topic(sender, options, err);
    if (status != ENG_OK) {
        eng_sender_free(sender);
        return status;
    }
    *ret_sender = sender;
    return ENG_OK;
}

/* The first failure of any record, if there is one. */
static enum eng_status failure(const struct eng_sender *sender, struct eng_error *err)
{
    if (sender->failure.status == ENG_OK)
        return ENG_OK;
    return eng_error_set(err, sender->failure.status, "%s", sender->failure.text);
}

enum eng_status eng_sender_put(struct eng_sender *sender, const struct eng_sender_record *record,
                               struct eng_error *err)
{
    eng_assert(sender != NULL && sender->topic != NULL);
    eng_assert(record->value != NULL || record->value_bytes == 0);
    sender->put++;
    /* librdkafka copies the bytes and leaves them as they are. */
    void *value = (void *)(uintptr_t)record->value;
    while (rd_kafka_produce(sender->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                            record->value_bytes, record->key, record->key_bytes, NULL) != 0) {
        rd_kafka_resp_err_t code = rd_kafka_last_error();
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return eng_error_set(err, eng_plain_status(code), "topic %s: %s",
                                 rd_kafka_topic_name(sender->topic), rd_kafka_err2str(code));
        (void)rd_kafka_poll(sender->client, FULL_WAIT_MS); /* the count is of no interest */
        if (failure(sender, err) != ENG_OK)
            return sender->failure.status;
    }
    if (sender->put % POLL_EVERY == 0)
        (void)rd_kafka_poll(sender->client, 0);
    return failure(sender, err);
}

enum eng_status eng_sender_flush(struct eng_sender *sender, int64_t timeout_ms,
                                 struct eng_error *err)
{
    eng_assert(sender != NULL && sender->client != NULL);
    eng_assert(timeout_ms >= 0 && timeout_ms <= INT32_MAX);
    rd_kafka_resp_err_t code = rd_kafka_flush(sender->client, (int)timeout_ms);
    if (failure(sender, err) != ENG_OK)
        return sender->failure.status;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ENG_OK;
    return eng_error_set(
        err, ENG_TIMED_OUT, "topic %s: %" PRIu64 " records were not taken within %" PRId64 " ms",
        rd_kafka_topic_name(sender->topic), sender->put - sender->delivered, timeout_ms);
}

uint64_t eng_sender_delivered(const struct eng_sender *sender)
{
    return sender->delivered;
}

void eng_sender_free(struct eng_sender *sender)
{
    if (sender == NULL)
        return;
    if (sender->client != NULL)
        (void)rd_kafka_purge(sender->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (sender->topic != NULL)
        rd_kafka_topic_destroy(sender->topic);
    if (sender->client != NULL)
        rd_kafka_destroy(sender->client);
    eng_free(sender);
}
