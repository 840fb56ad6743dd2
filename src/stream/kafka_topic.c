/* Topics: what they are like, and making them. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include <stdio.h>
#include <string.h>

void eng_kafka_question_open(struct eng_kafka_question *question, rd_kafka_t *client,
                             rd_kafka_admin_op_t op, int within_ms)
{
    char text[128];
    question->queue = rd_kafka_queue_new(client);
    question->options = rd_kafka_AdminOptions_new(client, op);
    eng_assert(question->queue != NULL);
    eng_assert(question->options != NULL);
    (void)rd_kafka_AdminOptions_set_request_timeout(question->options, within_ms, text,
                                                    sizeof text); /* a fixed, valid number */
}

rd_kafka_event_t *eng_kafka_question_wait(struct eng_kafka_question *question)
{
    return rd_kafka_queue_poll(question->queue, ENG_KAFKA_ASK_MS + 1000);
}

void eng_kafka_question_close(struct eng_kafka_question *question, rd_kafka_event_t *event)
{
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(question->options);
    rd_kafka_queue_destroy(question->queue);
}

/* What we may do with a topic. A broker that does not know says nothing. */
static void read_permissions(const rd_kafka_TopicDescription_t *topic, struct eng_topic_info *info)
{
    size_t count = 0;
    const rd_kafka_AclOperation_t *allowed =
        rd_kafka_TopicDescription_authorized_operations(topic, &count);
    eng_assert(info->exists);
    info->may_known = allowed != NULL && count > 0;
    for (size_t i = 0; allowed != NULL && i < count; i++) {
        info->may_read |= allowed[i] == RD_KAFKA_ACL_OPERATION_READ;
        info->may_write |= allowed[i] == RD_KAFKA_ACL_OPERATION_WRITE;
    }
    eng_assert(info->may_known || (!info->may_read && !info->may_write));
}

static void read_id(const rd_kafka_TopicDescription_t *topic, char *to, size_t size)
{
    const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(topic);
    eng_assert(topic != NULL);
    eng_assert(size > 0);
    to[0] = '\0';
    if (id != NULL && (rd_kafka_Uuid_most_significant_bits(id) != 0 ||
                       rd_kafka_Uuid_least_significant_bits(id) != 0))
        (void)snprintf(to, size, "%s", rd_kafka_Uuid_base64str(id)); /* fits */
}

/* Asks for a topic's description; `question` is to be closed with the answer. */
static rd_kafka_event_t *ask_description(struct eng_kafka *kafka, const char *topic,
                                         bool permissions, struct eng_kafka_question *question)
{
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&topic, 1);
    eng_assert(topics != NULL);
    eng_assert(kafka->consumer != NULL);
    eng_kafka_question_open(question, kafka->consumer, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
                            ENG_KAFKA_ASK_MS);
    rd_kafka_error_t *error =
        rd_kafka_AdminOptions_set_include_authorized_operations(question->options, permissions);
    if (error != NULL)
        rd_kafka_error_destroy(error);
    rd_kafka_DescribeTopics(kafka->consumer, topics, question->options, question->queue);
    rd_kafka_TopicCollection_destroy(topics);
    return eng_kafka_question_wait(question);
}

/* The description in an answer; NULL: none came. */
static const rd_kafka_TopicDescription_t *description_of(rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_DescribeTopics_result_t *result =
        event != NULL ? rd_kafka_event_DescribeTopics_result(event) : NULL;
    const rd_kafka_TopicDescription_t **found =
        result != NULL ? rd_kafka_DescribeTopics_result_topics(result, &count) : NULL;
    eng_assert(count <= 1);
    eng_assert(result != NULL || count == 0);
    return found != NULL && count == 1 ? found[0] : NULL;
}

/* The topic's id and our permissions, where the broker tells them. */
static void describe_existing(struct eng_kafka *kafka, const char *topic,
                              struct eng_topic_info *info)
{
    struct eng_kafka_question question;
    eng_assert(info->exists);
    eng_assert(topic != NULL);
    rd_kafka_event_t *event = ask_description(kafka, topic, true, &question);
    const rd_kafka_TopicDescription_t *found = description_of(event);
    if (found != NULL &&
        rd_kafka_error_code(rd_kafka_TopicDescription_error(found)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        read_id(found, info->id, sizeof info->id);
        read_permissions(found, info);
    }
    eng_kafka_question_close(&question, event);
}

enum eng_status eng_kafka_input_id(struct eng_port *port, char ret_id[ENG_TOPIC_ID_BYTES],
                                   struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    struct eng_kafka_question question;
    const char *topic = eng_kafka_topic(kafka, ENG_TOPIC_INPUT);
    eng_assert(topic != NULL);
    eng_assert(ret_id != NULL);
    rd_kafka_event_t *event = ask_description(kafka, topic, false, &question);
    const rd_kafka_TopicDescription_t *found = description_of(event);
    rd_kafka_resp_err_t code =
        found != NULL ? rd_kafka_error_code(rd_kafka_TopicDescription_error(found))
        : event != NULL && rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR
            ? rd_kafka_event_error(event)
            : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        read_id(found, ret_id, ENG_TOPIC_ID_BYTES);
    else if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        ret_id[0] = '\0';
    eng_kafka_question_close(&question, event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return ENG_OK;
    return eng_kafka_fail(kafka, code, "the description of topic", topic, err);
}

/* The value of one entry of a topic's configuration; "" when there is none. */
static void find_entry(const rd_kafka_DescribeConfigs_result_t *result, const char *name, char *to,
                       size_t size)
{
    size_t count = 0, entries = 0;
    eng_assert(result != NULL);
    eng_assert(size > 0);
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    const rd_kafka_ConfigEntry_t **all =
        count == 1 ? rd_kafka_ConfigResource_configs(resources[0], &entries) : NULL;
    for (size_t i = 0; i < entries; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(all[i]), name) == 0 &&
            rd_kafka_ConfigEntry_value(all[i]) != NULL)
            (void)snprintf(to, size, "%s", rd_kafka_ConfigEntry_value(all[i]));
}

/* The clean-up policy, where we may see it. */
static void ask_policy(struct eng_kafka *kafka, const char *topic, struct eng_topic_info *info)
{
    struct eng_kafka_question question;
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    eng_assert(resource != NULL);
    eng_assert(info->exists);
    eng_kafka_question_open(&question, kafka->consumer, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
                            ENG_KAFKA_ASK_MS);
    rd_kafka_DescribeConfigs(kafka->consumer, &resource, 1, question.options, question.queue);
    rd_kafka_event_t *event = eng_kafka_question_wait(&question);
    const rd_kafka_DescribeConfigs_result_t *result =
        event != NULL ? rd_kafka_event_DescribeConfigs_result(event) : NULL;
    if (result != NULL)
        find_entry(result, "cleanup.policy", info->policy, sizeof info->policy);
    rd_kafka_ConfigResource_destroy(resource);
    eng_kafka_question_close(&question, event);
}

/* Whether the cluster is the one inside the process (mock.h). It answers no question of the kinds
 * above: each would wait for its time-out. */
static bool is_mock(struct eng_kafka *kafka)
{
    char *id = rd_kafka_clusterid(kafka->consumer, ENG_KAFKA_ASK_MS);
    bool mock = id != NULL && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;
    eng_assert(kafka->consumer != NULL);
    if (id != NULL)
        rd_kafka_mem_free(kafka->consumer, id);
    return mock;
}

/* One topic's metadata. */
static enum eng_status read_metadata(struct eng_kafka *kafka,
                                     const struct rd_kafka_metadata *metadata, const char *topic,
                                     struct eng_topic_info *info, struct eng_error *err)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *one = &metadata->topics[i];
        if (strcmp(one->topic, topic) != 0)
            continue;
        if (one->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return ENG_OK;
        if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return eng_kafka_fail(kafka, one->err, "topic", topic, err);
        info->exists = one->partition_cnt > 0;
        info->partition_count = one->partition_cnt;
    }
    eng_assert(info != NULL);
    eng_assert(info->exists == (info->partition_count > 0));
    return ENG_OK;
}

enum eng_status eng_kafka_topic_info(struct eng_port *port, const char *topic,
                                     struct eng_topic_info *ret_info, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    struct eng_topic_info info = {.exists = false};
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka->consumer, topic, NULL);
    eng_assert(handle != NULL && ret_info != NULL);
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(kafka->consumer, 0, handle, &metadata, ENG_KAFKA_ASK_MS);
    rd_kafka_topic_destroy(handle);
    (void)rd_kafka_poll(kafka->consumer, 0); /* errors of connections, for their text */
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_kafka_fail(kafka, code, "topic", topic, err);
    enum eng_status status = read_metadata(kafka, metadata, topic, &info, err);
    rd_kafka_metadata_destroy(metadata);
    if (status == ENG_OK && info.exists && !is_mock(kafka)) {
        describe_existing(kafka, topic, &info);
        ask_policy(kafka, topic, &info);
    }
    if (status == ENG_OK)
        *ret_info = info;
    eng_assert(status != ENG_OK || ret_info->exists == (ret_info->partition_count > 0));
    return status;
}

/* What came of making a topic. */
static enum eng_status created(struct eng_kafka *kafka, const rd_kafka_event_t *event,
                               const char *topic, struct eng_error *err)
{
    size_t count = 0;
    eng_assert(event != NULL);
    if (rd_kafka_event_error((rd_kafka_event_t *)(uintptr_t)event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_kafka_fail(kafka, rd_kafka_event_error((rd_kafka_event_t *)(uintptr_t)event),
                              "making topic", topic, err);
    const rd_kafka_CreateTopics_result_t *result =
        rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)event);
    eng_assert(result != NULL);
    const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
    rd_kafka_resp_err_t code =
        count == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ENG_OK;
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) /* by others, and maybe not as it must be */
        return eng_error_set(err, ENG_UNAVAILABLE,
                             "the topic \"%s\" has been made by somebody else: looking again",
                             topic);
    return eng_kafka_fail(kafka, code, "making topic", topic, err);
}

/* State and sums are compacted, in segments small enough that compaction gets at it. */
static void describe_topic(rd_kafka_NewTopic_t *topic, enum eng_topic which)
{
    eng_assert(topic != NULL);
    if (which != ENG_TOPIC_STATE && which != ENG_TOPIC_GROUP_SUMS)
        return;
    (void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact"); /* only stored */
    (void)rd_kafka_NewTopic_set_config(topic, "segment.bytes", "67108864");
    (void)rd_kafka_NewTopic_set_config(topic, "segment.ms", "3600000");
}

enum eng_status eng_kafka_topic_create(struct eng_port *port, enum eng_topic topic,
                                       int32_t partition_count, struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    const char *name = eng_kafka_topic(kafka, topic);
    struct eng_kafka_question question;
    char text[256] = "";
    eng_assert(topic != ENG_TOPIC_INPUT);
    eng_assert(partition_count > 0);
    rd_kafka_NewTopic_t *new_topic = rd_kafka_NewTopic_new(
        name, partition_count, kafka->config->output.replication, text, sizeof text);
    if (new_topic == NULL)
        return eng_error_set(err, ENG_BAD_CONFIG, "topic \"%s\" cannot be made: %s", name, text);
    describe_topic(new_topic, topic);
    eng_kafka_question_open(&question, kafka->consumer, RD_KAFKA_ADMIN_OP_CREATETOPICS,
                            ENG_KAFKA_ASK_MS);
    rd_kafka_CreateTopics(kafka->consumer, &new_topic, 1, question.options, question.queue);
    rd_kafka_event_t *event = eng_kafka_question_wait(&question);
    enum eng_status status = event != NULL ? created(kafka, event, name, err)
                                           : eng_kafka_fail(kafka, RD_KAFKA_RESP_ERR__TIMED_OUT,
                                                            "making topic", name, err);
    rd_kafka_NewTopic_destroy(new_topic);
    eng_kafka_question_close(&question, event);
    if (status == ENG_OK)
        eng_log(ENG_LOG_INFO, "stream", "made topic %s with %d partitions", name,
                (int)partition_count);
    return status;
}
