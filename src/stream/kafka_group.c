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

/* The answer's group. */
static enum eng_status tell_group(struct eng_kafka *kafka,
                                  const rd_kafka_ConsumerGroupDescription_t *group,
                                  const struct eng_port_census *census, struct eng_error *err)
{
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(group);
    rd_kafka_resp_err_t code =
        error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    eng_assert(group != NULL);
    eng_assert(census != NULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return eng_kafka_fail(kafka, code, "the description of group", kafka->config->kafka.group,
                              err);
    if (rd_kafka_ConsumerGroupDescription_state(group) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE)
        return ENG_AGAIN;
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(group); i++)
        tell_member(kafka, rd_kafka_ConsumerGroupDescription_member(group, i), census);
    return ENG_OK;
}

enum eng_status eng_kafka_members(struct eng_port *port, const struct eng_port_census *census,
                                  struct eng_error *err)
{
    struct eng_kafka *kafka = eng_kafka_of(port);
    const char *group = kafka->config->kafka.group;
    struct eng_kafka_question question;
    size_t count = 0;
    eng_assert(group != NULL);
    eng_kafka_question_open(&question, kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(kafka->consumer, &group, 1, question.options, question.queue);
    rd_kafka_event_t *event = eng_kafka_question_wait(&question);
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        event != NULL ? rd_kafka_event_DescribeConsumerGroups_result(event) : NULL;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        result != NULL ? rd_kafka_DescribeConsumerGroups_result_groups(result, &count) : NULL;
    enum eng_status status;
    if (count == 1)
        status = tell_group(kafka, groups[0], census, err);
    else
        status = eng_kafka_fail(kafka,
                                event != NULL && rd_kafka_event_error(event) != 0
                                    ? rd_kafka_event_error(event)
                                    : RD_KAFKA_RESP_ERR__TIMED_OUT,
                                "the description of group", group, err);
    eng_kafka_question_close(&question, event);
    eng_assert(status != ENG_OK || count == 1);
    return status;
}
