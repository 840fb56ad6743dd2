/* Checks of the topics. See start.h. */
#include "stream/start.h"

#include "base/assert.h"
#include "model/config.h"
#include <inttypes.h>
#include <string.h>

static const char *const topic_keys[ENG_TOPIC_COUNT] = {
    [ENG_TOPIC_INPUT] = "input.topic",
    [ENG_TOPIC_SCORE_CHANGES] = "output.score_changes",
    [ENG_TOPIC_CHURN_DROPS] = "output.churn_drops",
    [ENG_TOPIC_CELL_CHANGES] = "output.cell_changes",
    [ENG_TOPIC_REPORTS] = "output.reports",
    [ENG_TOPIC_AWARDS] = "output.awards",
    [ENG_TOPIC_FLAGS] = "output.flags",
    [ENG_TOPIC_SOURCE_SILENCES] = "output.source_silences",
    [ENG_TOPIC_DIGESTS] = "output.digests",
    [ENG_TOPIC_GROUPS] = "output.groups",
    [ENG_TOPIC_BOARDS] = "output.boards",
    [ENG_TOPIC_GROUP_SUMS] = "output.group_sums",
    [ENG_TOPIC_DEAD_LETTERS] = "output.dead_letters",
    [ENG_TOPIC_ERASURES] = "output.erasures",
    [ENG_TOPIC_STATE] = "output.state",
};

const char *eng_start_topic(const struct eng_config *config, enum eng_topic topic)
{
    eng_assert(config != NULL);
    const char *const names[ENG_TOPIC_COUNT] = {
        [ENG_TOPIC_INPUT] = config->input.topic,
        [ENG_TOPIC_SCORE_CHANGES] = config->output.score_changes,
        [ENG_TOPIC_CHURN_DROPS] = config->output.churn_drops,
        [ENG_TOPIC_CELL_CHANGES] = config->output.cell_changes,
        [ENG_TOPIC_REPORTS] = config->output.reports,
        [ENG_TOPIC_AWARDS] = config->output.awards,
        [ENG_TOPIC_FLAGS] = config->output.flags,
        [ENG_TOPIC_SOURCE_SILENCES] = config->output.source_silences,
        [ENG_TOPIC_DIGESTS] = config->output.digests,
        [ENG_TOPIC_GROUPS] = config->output.groups,
        [ENG_TOPIC_BOARDS] = config->output.boards,
        [ENG_TOPIC_GROUP_SUMS] = config->output.group_sums,
        [ENG_TOPIC_DEAD_LETTERS] = config->output.dead_letters,
        [ENG_TOPIC_ERASURES] = config->output.erasures,
        [ENG_TOPIC_STATE] = config->output.state,
    };
    eng_assert(topic < ENG_TOPIC_COUNT);
    return names[topic];
}

/* Is a topic used at all? One that is not need not be there. */
static bool is_used(const struct eng_config *config, enum eng_topic topic)
{
    eng_assert(config != NULL);
    eng_assert(topic < ENG_TOPIC_COUNT);
    switch (topic) {
    case ENG_TOPIC_ERASURES:
        return config->http.erase_token != NULL;
    case ENG_TOPIC_CELL_CHANGES:
        return eng_model_matrix_name(config->model, 0) != NULL;
    case ENG_TOPIC_REPORTS:
        return eng_model_report_name(config->model, 0) != NULL;
    case ENG_TOPIC_AWARDS:
        return eng_model_award_name(config->model, 0) != NULL;
    case ENG_TOPIC_FLAGS:
        return eng_model_check_name(config->model, 0) != NULL;
    case ENG_TOPIC_SOURCE_SILENCES:
        return eng_model_guard_name(config->model, 0) != NULL;
    case ENG_TOPIC_DIGESTS:
        return eng_model_budget_name(config->model, 0) != NULL;
    case ENG_TOPIC_GROUPS:
        return eng_model_group_name(config->model, 0) != NULL;
    case ENG_TOPIC_BOARDS:
        return eng_model_board_name(config->model, 0) != NULL;
    case ENG_TOPIC_GROUP_SUMS:
        return eng_model_is_merged(config->model);
    default:
        return true;
    }
}

/* The same topic must not serve two ends. */
static enum eng_status check_names(const struct eng_config *config, struct eng_error *err)
{
    for (int i = 0; i < ENG_TOPIC_COUNT; i++) {
        const char *name = eng_start_topic(config, (enum eng_topic)i);
        if (name == NULL && !is_used(config, (enum eng_topic)i))
            continue;
        if (name == NULL)
            return eng_error_set(err, ENG_BAD_CONFIG, "%s is missing: `run` needs a topic",
                                 topic_keys[i]);
        for (int k = 0; k < i; k++) {
            const char *other = eng_start_topic(config, (enum eng_topic)k);
            if (other != NULL && strcmp(name, other) == 0)
                return eng_error_set(err, ENG_BAD_CONFIG,
                                     "%s and %s are both \"%s\": give each a topic of its own",
                                     topic_keys[k], topic_keys[i], name);
        }
    }
    eng_assert(config->input.topic != NULL);
    return ENG_OK;
}

/* What we may do, where the broker tells it beforehand. */
static enum eng_status check_permissions(const char *name, const struct eng_topic_info *info,
                                         bool read, bool write, struct eng_error *err)
{
    eng_assert(info->exists);
    eng_assert(read || write);
    if (!info->may_known || ((info->may_read || !read) && (info->may_write || !write)))
        return ENG_OK;
    return eng_error_set(
        err, ENG_DENIED,
        "no permission to %s the topic \"%s\": allow it on the broker, or check the "
        "credentials under kafka.client",
        read && !info->may_read ? "read" : "write to", name);
}

static enum eng_status check_input(struct eng_port *port, const struct eng_config *config,
                                   struct eng_topic_info *ret_info, struct eng_error *err)
{
    const char *name = config->input.topic;
    eng_assert(name != NULL);
    enum eng_status status = port->ops->topic_info(port, name, ret_info, err);
    if (status != ENG_OK)
        return status;
    if (!ret_info->exists)
        return eng_error_set(err, ENG_TOPIC,
                             "the input topic \"%s\" does not exist: create it, or correct "
                             "input.topic",
                             name);
    if (strstr(ret_info->policy, "compact") != NULL)
        return eng_error_set(err, ENG_TOPIC,
                             "the input topic \"%s\" has cleanup.policy=%s: a compacted topic "
                             "forgets events, so counts from it cannot be trusted; use "
                             "cleanup.policy=delete",
                             name, ret_info->policy);
    eng_assert(ret_info->partition_count > 0);
    return check_permissions(name, ret_info, true, false, err);
}

/* Is it of all partitions together? */
static bool is_of_all(enum eng_topic topic)
{
    return topic == ENG_TOPIC_GROUPS || topic == ENG_TOPIC_BOARDS || topic == ENG_TOPIC_GROUP_SUMS;
}

/* Has the topic as many partitions as it must have? */
static enum eng_status check_partitions(const struct eng_config *config, enum eng_topic topic,
                                        const struct eng_topic_info *info, int32_t wanted,
                                        struct eng_error *err)
{
    const char *name = eng_start_topic(config, topic);
    eng_assert(info->exists);
    eng_assert(wanted > 0);
    if (info->partition_count == wanted || topic == ENG_TOPIC_GROUPS || topic == ENG_TOPIC_BOARDS)
        return ENG_OK; /* what is of all partitions goes into the first one */
    if (topic == ENG_TOPIC_GROUP_SUMS)
        return eng_error_set(err, ENG_TOPIC,
                             "the topic \"%s\" (%s) has %" PRId32 " partitions: it must have one, "
                             "so that one process reads all of it",
                             name, topic_keys[topic], info->partition_count);
    return eng_error_set(err, ENG_TOPIC,
                         "the topic \"%s\" (%s) has %" PRId32 " partitions, the input topic "
                         "\"%s\" has %" PRId32 ": they must be the same; state does not move with "
                         "partners when partitions are added: start afresh with another "
                         "kafka.group and other output and state topics",
                         name, topic_keys[topic], info->partition_count, config->input.topic,
                         wanted);
}

/* A topic that we write to: there, or made, with as many partitions as are wanted. */
static enum eng_status check_output(struct eng_port *port, const struct eng_config *config,
                                    enum eng_topic topic, int32_t partition_count,
                                    struct eng_error *err)
{
    struct eng_topic_info info = {.exists = false};
    const char *name = eng_start_topic(config, topic);
    bool kept = topic == ENG_TOPIC_STATE || topic == ENG_TOPIC_GROUP_SUMS;
    eng_assert(topic != ENG_TOPIC_INPUT);
    eng_assert(partition_count > 0);
    enum eng_status status = port->ops->topic_info(port, name, &info, err);
    if (status != ENG_OK)
        return status;
    if (!info.exists && !config->output.create)
        return eng_error_set(err, ENG_TOPIC,
                             "the topic \"%s\" (%s) does not exist and output.create is false: "
                             "create it with %" PRId32 " partitions",
                             name, topic_keys[topic], partition_count);
    if (!info.exists)
        return port->ops->topic_create(port, topic, partition_count, err);
    status = check_partitions(config, topic, &info, partition_count, err);
    if (status != ENG_OK)
        return status;
    if (kept && info.policy[0] != '\0' && strcmp(info.policy, "compact") != 0)
        return eng_error_set(err, ENG_TOPIC,
                             "the %s topic \"%s\" has cleanup.policy=%s: it would lose state; "
                             "set it to compact",
                             topic == ENG_TOPIC_STATE ? "state" : "group sums", name, info.policy);
    return check_permissions(name, &info, kept, true, err);
}

enum eng_status eng_start_check(struct eng_port *port, const struct eng_config *config,
                                struct eng_topic_info *ret_info, struct eng_error *err)
{
    struct eng_topic_info info = {.exists = false};
    eng_assert(port != NULL && config != NULL);
    eng_assert(ret_info != NULL);
    enum eng_status status = check_names(config, err);
    if (status == ENG_OK)
        status = check_input(port, config, &info, err);
    for (int topic = ENG_TOPIC_SCORE_CHANGES; status == ENG_OK && topic < ENG_TOPIC_COUNT; topic++)
        if (is_used(config, (enum eng_topic)topic))
            status = check_output(port, config, (enum eng_topic)topic,
                                  is_of_all((enum eng_topic)topic) ? 1 : info.partition_count, err);
    *ret_info = info;
    return status;
}
