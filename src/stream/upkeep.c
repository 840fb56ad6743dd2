/* `engaged state`: see upkeep.h. */
#include "stream/upkeep.h"

#include "base/assert.h"
#include "base/memory.h"
#include "model/config.h"
#include "stream/kafka.h"
#include "stream/recall.h"
#include "stream/start.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>

enum { MEMBERS_PAUSE_MS = 1000 };

/* A port that is nobody: offsets of a group without members can be set by those only who do not
 * claim to be one. */
static enum eng_status open_port(const struct eng_config *config, struct eng_config *ret_nobody,
                                 struct eng_port **ret_port, struct eng_error *err)
{
    eng_assert(config->input.topic != NULL);
    eng_assert(ret_port != NULL);
    *ret_nobody = *config;
    ret_nobody->kafka.instance = NULL;
    return eng_kafka_new(ret_nobody, 0, "upkeep", ret_port, err);
}

/* The input's partitions. */
static enum eng_status count_partitions(struct eng_port *port, const struct eng_config *config,
                                        int32_t *ret_count, struct eng_error *err)
{
    struct eng_topic_info info = {0};
    eng_assert(port != NULL);
    enum eng_status status = port->ops->topic_info(port, config->input.topic, &info, err);
    if (status == ENG_OK && !info.exists)
        status = eng_error_set(err, ENG_TOPIC, "topic \"%s\" does not exist", config->input.topic);
    eng_assert(status != ENG_OK || info.partition_count > 0);
    *ret_count = info.partition_count;
    return status;
}

/* ---- verify ---- */

static void tell(const struct eng_recall_item *item, const struct eng_config *config,
                 eng_upkeep_visit *visit, void *context)
{
    const struct eng_restored *restored = &item->restored;
    struct eng_upkeep_partition found = {
        .partition = item->partition,
        .status = item->status,
        .text = item->error.text,
        .low = item->low,
        .end = item->end,
        .committed = item->committed.next,
        .has_commit = restored->has_commit,
        .commit = restored->commit,
    };
    eng_assert(item->partition >= 0);
    eng_assert(visit != NULL);
    if (restored->engine != NULL)
        found.partners = eng_engine_partner_count(restored->engine);
    found.of_this_model =
        restored->engine != NULL ||
        (item->has_meta && item->meta.fingerprint == eng_model_fingerprint(config->model));
    visit(context, &found);
}

/* True for what is wrong with the state, and not with the way to it. */
static bool is_finding(enum eng_status status)
{
    return status == ENG_OK || status == ENG_CORRUPT || status == ENG_BAD_CONFIG;
}

enum eng_status eng_upkeep_verify(const struct eng_config *config, eng_upkeep_visit *visit,
                                  void *context, struct eng_error *err)
{
    struct eng_config nobody;
    struct eng_port *port = NULL;
    struct eng_recall recall;
    int32_t count = 0;
    enum eng_status status = open_port(config, &nobody, &port, err);
    if (status != ENG_OK)
        return status;
    eng_recall_init(&recall, port, config);
    status = count_partitions(port, config, &count, err);
    for (int32_t partition = 0; status == ENG_OK && partition < count; partition++) {
        status = eng_recall_add(&recall, partition);
        if (status != ENG_OK)
            break;
        eng_recall_run(&recall);
        struct eng_recall_item *item = &recall.items[0];
        if (is_finding(item->status))
            tell(item, config, visit, context);
        else
            status = eng_error_set(err, item->status, "%s", item->error.text);
        eng_recall_clear(&recall);
    }
    eng_recall_done(&recall);
    port->ops->free(port);
    eng_assert(status != ENG_AGAIN);
    return status;
}

/* ---- rebuild ---- */

/* The group's offsets without what it kept beside them; *ret_kept of them are left. */
static enum eng_status strip(struct eng_port *port, struct eng_port_offset *set, int32_t count,
                             uint32_t *ret_kept, struct eng_error *err)
{
    uint32_t kept = 0;
    for (int32_t i = 0; i < count; i++)
        set[i] = (struct eng_port_offset){.partition = i, .next = -1};
    eng_assert(count > 0);
    enum eng_status status = port->ops->committed(port, set, (uint32_t)count, err);
    for (int32_t i = 0; status == ENG_OK && i < count; i++)
        if (set[i].next >= 0)
            set[kept++] = (struct eng_port_offset){.partition = i, .next = set[i].next};
    eng_assert(kept <= (uint32_t)count);
    *ret_kept = kept;
    return status;
}

/* Sets the offsets, again and again while the group has members. */
static enum eng_status set_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                   uint32_t count, int64_t wait_ms, struct eng_error *err)
{
    int64_t until_us = port->ops->mono_us(port) + wait_ms * 1000;
    eng_assert(count > 0);
    eng_assert(wait_ms >= 0);
    for (;;) {
        struct eng_error cause = {0};
        enum eng_status status = eng_kafka_set_offsets(port, set, count, &cause);
        if (status == ENG_OK)
            return ENG_OK;
        if (status != ENG_UNAVAILABLE || port->ops->mono_us(port) >= until_us)
            return eng_error_set(err, status, "%s", cause.text);
        port->ops->sleep_ms(port, MEMBERS_PAUSE_MS);
    }
}

enum eng_status eng_upkeep_rebuild(const struct eng_config *config, int64_t wait_ms,
                                   uint32_t *ret_count, struct eng_error *err)
{
    struct eng_config nobody;
    struct eng_port *port = NULL;
    int32_t count = 0;
    enum eng_status status = open_port(config, &nobody, &port, err);
    eng_assert(ret_count != NULL);
    if (status != ENG_OK)
        return status;
    *ret_count = 0;
    status = count_partitions(port, config, &count, err);
    struct eng_port_offset *set = status == ENG_OK ? eng_calloc((size_t)count, sizeof *set) : NULL;
    if (status == ENG_OK && set == NULL)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for %" PRId32 " partitions", count);
    if (status == ENG_OK)
        status = strip(port, set, count, ret_count, err);
    if (status == ENG_OK && *ret_count > 0)
        status = set_offsets(port, set, *ret_count, wait_ms, err);
    eng_free(set);
    port->ops->free(port);
    eng_assert(status != ENG_AGAIN);
    return status;
}
