/* The members of the consumer group, as its coordinator describes them.
 *
 * Nothing in the protocol tells of which process a member is. With kafka.instance it follows from
 * the member's group.instance.id, which is that and the worker's number. Without it the members of
 * a process that has standbys say it themselves: their client.id ends in "-" and 16 hexadecimal
 * digits. (A static member that comes back is described with the client.id that it had when it came
 * first, so that one would not do for both.) One that says nothing is taken for a process of its
 * own. */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { DIGITS = 16, PARTITIONS_AT_ONCE = 256 };

/* Any number but 0, which means nobody. */
static uint64_t number_of(const char *text, size_t length)
{
    eng_assert(text != NULL);
    uint64_t number = XXH3_64bits(text, length);
    eng_assert(sizeof number * 2 == DIGITS);
    return number != 0 ? number : 1;
}

uint64_t eng_kafka_process(const struct eng_config *config, const char *unique)
{
    eng_assert(config != NULL);
    eng_assert(unique != NULL);
    const char *instance = config->kafka.instance;
    return instance != NULL ? number_of(instance, strnlen(instance, ENG_KAFKA_INSTANCE_MAX))
                            : number_of(unique, strlen(unique));
}

void eng_kafka_client_id(uint64_t process, const char *own, char *to, size_t size)
{
    eng_assert(process > 0);
    eng_assert(size > 256 + DIGITS);
    (void)snprintf(to, size, "%.255s-%016" PRIx64, own, process); /* fits */
}

uint64_t eng_kafka_process_of(const char *instance, const char *client, const char *member)
{
    const char *dash = instance != NULL ? strrchr(instance, '-') : NULL;
    size_t length = client != NULL ? strlen(client) : 0;
    uint64_t number = 0;
    eng_assert(member != NULL);
    eng_assert(length == 0 || client != NULL);
    if (dash != NULL)
        return number_of(instance, (size_t)(dash - instance));
    if (length > DIGITS && client[length - DIGITS - 1] == '-' &&
        strspn(client + length - DIGITS, "0123456789abcdef") == DIGITS)
        number = strtoull(client + length - DIGITS, NULL, 16);
    return number != 0 ? number : number_of(member, strlen(member));
}

static uint64_t process_of(const rd_kafka_MemberDescription_t *member)
{
    const char *id = rd_kafka_MemberDescription_consumer_id(member);
    eng_assert(member != NULL);
    eng_assert(id != NULL);
    return eng_kafka_process_of(rd_kafka_MemberDescription_group_instance_id(member),
                                rd_kafka_MemberDescription_client_id(member), id);
}

static void tell_member(const struct eng_kafka *kafka, const rd_kafka_MemberDescription_t *member,
                        const struct eng_port_census *census)
{
    int32_t partitions[PARTITIONS_AT_ONCE];
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    const rd_kafka_topic_partition_list_t *list =
        assignment != NULL ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
    struct eng_port_member told = {.process = process_of(member), .partitions = partitions};
    const char *topic = eng_kafka_topic(kafka, ENG_TOPIC_INPUT);
    int at = 0, count = list != NULL ? list->cnt : 0;
    eng_assert(topic != NULL);
    eng_assert(census->member != NULL);
    do {
        for (told.count = 0; at < count && told.count < PARTITIONS_AT_ONCE; at++)
            if (strcmp(list->elems[at].topic, topic) == 0)
                partitions[told.count++] = list->elems[at].partition;
        census->member(census->context, &told);
    } while (at < count);
}

/* ---- Asking. ----
 *
 * A client of its own asks. librdkafka (2.8, and what its repository held in November 2026) aborts
 * the process when a question to a coordinator has timed out before the coordinator could be
 * reached, and the coordinator comes back then: the request that is sent at last finds the question
 * gone, fails, and its failure lets go of what the question has let go of already
 * (rd_kafka_admin_coord_request, rd_kafka_admin_coord_response_parse). So we wait for as long as we
 * like, but inside the client no question times out; one that is not answered goes with its client,
 * and a client that ends closes its open questions in good order. */

enum { NEVER_MS = 3600 * 1000 }; /* the longest that librdkafka takes */

void eng_kafka_asker_close(struct eng_kafka *kafka)
{
    eng_assert(kafka != NULL);
    eng_assert(kafka->asker == NULL || kafka->asker != kafka->consumer);
    if (kafka->asker != NULL)
        rd_kafka_destroy(kafka->asker);
    kafka->asker = NULL;
}

static enum eng_status make_asker(struct eng_kafka *kafka, struct eng_error *err)
{
    char what[300];
    eng_assert(kafka->asker == NULL);
    eng_assert(kafka->config->kafka.group != NULL);
    (void)snprintf(what, sizeof what, "ask about group \"%.255s\"", kafka->config->kafka.group);
    return eng_kafka_plain_client(kafka, what, &kafka->asker, err);
}

/* NULL: no answer came in time, and the client is gone. */
static rd_kafka_event_t *ask(struct eng_kafka *kafka)
{
    const char *group = kafka->config->kafka.group;
    struct eng_kafka_question question;
    eng_assert(group != NULL);
    eng_assert(kafka->asker != NULL);
    eng_kafka_question_open(&question, kafka->asker, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
                            NEVER_MS);
    rd_kafka_DescribeConsumerGroups(kafka->asker, &group, 1, question.options, question.queue);
    rd_kafka_event_t *event = eng_kafka_question_wait(&question);
    eng_kafka_question_close(&question, NULL);
    if (event == NULL)
        eng_kafka_asker_close(kafka);
    return event;
}

/* What an answer says; its code when it says nothing. */
static rd_kafka_resp_err_t read_answer(rd_kafka_event_t *event,
                                       const rd_kafka_ConsumerGroupDescription_t **ret_description)
{
    size_t count = 0;
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        event != NULL ? rd_kafka_event_DescribeConsumerGroups_result(event) : NULL;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        result != NULL ? rd_kafka_DescribeConsumerGroups_result_groups(result, &count) : NULL;
    eng_assert(count <= 1);
    eng_assert(event != NULL || count == 0);
    if (count == 0)
        return event != NULL && rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR
                   ? rd_kafka_event_error(event)
                   : RD_KAFKA_RESP_ERR__TIMED_OUT;
    *ret_description = groups[0];
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
    return error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum eng_status
eng_kafka_describe_group(struct eng_kafka *kafka, rd_kafka_event_t **ret_event,
                         const rd_kafka_ConsumerGroupDescription_t **ret_description,
                         struct eng_error *err)
{
    eng_assert(ret_event != NULL);
    eng_assert(ret_description != NULL);
    *ret_event = NULL;
    enum eng_status status = kafka->asker == NULL ? make_asker(kafka, err) : ENG_OK;
    if (status != ENG_OK)
        return status;
    *ret_event = ask(kafka);
    rd_kafka_resp_err_t code = read_answer(*ret_event, ret_description);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? ENG_OK
               : eng_kafka_fail(kafka, code, "the description of group", kafka->config->kafka.group,
                                err);
}

enum eng_status eng_kafka_members(struct eng_port *port, const struct eng_port_census *census,
                                  struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    const rd_kafka_ConsumerGroupDescription_t *group = NULL;
    rd_kafka_event_t *event;
    eng_assert(census->member != NULL);
    enum eng_status status = eng_kafka_describe_group(kafka, &event, &group, err);
    if (status == ENG_OK &&
        rd_kafka_ConsumerGroupDescription_state(group) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE)
        status = ENG_AGAIN;
    for (size_t i = 0;
         status == ENG_OK && i < rd_kafka_ConsumerGroupDescription_member_count(group); i++)
        tell_member(kafka, rd_kafka_ConsumerGroupDescription_member(group, i), census);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    eng_assert(status != ENG_OK || group != NULL);
    return status;
}
