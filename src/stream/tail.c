/* The consumer of whole topics. See tail.h. */
#include "stream/tail.h"

#include "base/assert.h"
#include "base/memory.h"
#include "stream/plain_client.h"
#include <string.h>

enum { ERROR_BYTES = 512 };

struct eng_tail {
    rd_kafka_t *client;
    char *topics[ENG_TAIL_TOPICS_MAX];
    size_t topic_count;
    eng_tail_visit *visit;
    void *context;
};

static enum eng_status make_client(struct eng_tail *tail, const struct eng_tail_options *options,
                                   struct eng_error *err)
{
    static const struct eng_setting settings[] = {
        {"group.id", "engaged-tail"}, /* librdkafka wants a name; nothing is committed under it */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"isolation.level", "read_committed"},
        {"fetch.wait.max.ms", "50"},
        {"socket.nagle.disable", "true"},
        {NULL, NULL},
    };
    char text[ERROR_BYTES] = "";
    rd_kafka_conf_t *conf = NULL;
    eng_assert(options->visit != NULL && tail->client == NULL);
    enum eng_status status =
        eng_plain_conf_new(options->brokers, settings, options->client, &conf, err);
    if (status != ENG_OK)
        return status;
    tail->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (tail->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return eng_error_set(err, ENG_BAD_CONFIG, "the Kafka consumer: %s", text);
    }
    (void)rd_kafka_poll_set_consumer(tail->client); /* fails only without a group */
    return ENG_OK;
}

static enum eng_status add_topic(struct eng_tail *tail, const char *name,
                                 rd_kafka_topic_partition_list_t *list, struct eng_error *err)
{
    int32_t count = 0;
    eng_assert(tail->topic_count < ENG_TAIL_TOPICS_MAX);
    enum eng_status status = eng_plain_partitions(tail->client, name, &count, err);
    if (status != ENG_OK)
        return status;
    if (count == 0)
        return eng_error_set(err, ENG_TOPIC, "topic %s does not exist", name);
    for (int32_t partition = 0; partition < count; partition++)
        rd_kafka_topic_partition_list_add(list, name, partition)->offset =
            RD_KAFKA_OFFSET_BEGINNING;
    char *copy = eng_strndup(name, strlen(name));
    if (copy == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a topic's name");
    tail->topics[tail->topic_count++] = copy;
    return ENG_OK;
}

static enum eng_status assign(struct eng_tail *tail, const struct eng_tail_options *options,
                              struct eng_error *err)
{
    eng_assert(options->topic_count > 0 && options->topic_count <= ENG_TAIL_TOPICS_MAX);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    eng_assert(list != NULL);
    enum eng_status status = ENG_OK;
    for (size_t i = 0; status == ENG_OK && i < options->topic_count; i++)
        status = add_topic(tail, options->topics[i], list, err);
    if (status == ENG_OK) {
        rd_kafka_resp_err_t code = rd_kafka_assign(tail->client, list);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            status = eng_error_set(err, ENG_FATAL, "topic %s cannot be read: %s",
                                   options->topics[0], rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

enum eng_status eng_tail_new(const struct eng_tail_options *options, struct eng_tail **ret_tail,
                             struct eng_error *err)
{
    eng_assert(options != NULL && ret_tail != NULL);
    struct eng_tail *tail = eng_calloc(1, sizeof *tail);
    if (tail == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a consumer");
    tail->visit = options->visit;
    tail->context = options->context;
    enum eng_status status = make_client(tail, options, err);
    if (status == ENG_OK)
        status = assign(tail, options, err);
    if (status != ENG_OK) {
        eng_tail_free(tail);
        return status;
    }
    *ret_tail = tail;
    return ENG_OK;
}

static size_t topic_index(const struct eng_tail *tail, const char *name)
{
    size_t index = 0;
    while (index < tail->topic_count && strcmp(tail->topics[index], name) != 0)
        index++;
    eng_assert(index < tail->topic_count);
    return index;
}

static void show(struct eng_tail *tail, const rd_kafka_message_t *message)
{
    eng_assert(message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->rkt != NULL);
    const struct eng_tail_record record = {
        .topic = topic_index(tail, rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .key = message->key,
        .value = message->payload,
        .key_bytes = message->key_len,
        .value_bytes = message->len,
    };
    tail->visit(tail->context, &record);
}

/* Trouble that librdkafka gets over by itself is passed over. */
static enum eng_status look_at_failure(const rd_kafka_message_t *message, struct eng_error *err)
{
    eng_assert(message->err != RD_KAFKA_RESP_ERR_NO_ERROR);
    enum eng_status status = eng_plain_status(message->err);
    if (status == ENG_UNAVAILABLE)
        return ENG_OK;
    return eng_error_set(err, status, "reading outputs: %s", rd_kafka_message_errstr(message));
}

enum eng_status eng_tail_poll(struct eng_tail *tail, int64_t timeout_ms, uint32_t most,
                              struct eng_error *err)
{
    eng_assert(tail != NULL && tail->client != NULL);
    eng_assert(timeout_ms >= 0 && timeout_ms <= INT32_MAX);
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < most; i++) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(tail->client, i == 0 ? (int)timeout_ms : 0);
        if (message == NULL)
            break;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            show(tail, message);
        else
            status = look_at_failure(message, err);
        rd_kafka_message_destroy(message);
    }
    return status;
}

void eng_tail_free(struct eng_tail *tail)
{
    if (tail == NULL)
        return;
    if (tail->client != NULL) {
        (void)rd_kafka_consumer_close(tail->client); /* it is in no group: nothing to wait for */
        rd_kafka_destroy(tail->client);
    }
    for (size_t i = 0; i < tail->topic_count; i++)
        eng_free(tail->topics[i]);
    eng_free(tail);
}
