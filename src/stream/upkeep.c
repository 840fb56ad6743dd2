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

/* Who is told, and what is asked for. */
struct visitor {
    eng_upkeep_visit *visit;
    void *context;
    const char *measure; /* NULL: none */
};

/* What is known of the measure under the configuration's model: a change to it that is still to
 * come is made here, so that it can be asked. */
static void look_at_measure(const struct eng_recall *recall, const struct visitor *visitor,
                            struct eng_restored *restored, struct eng_upkeep_partition *found)
{
    const struct eng_model *model = recall->edition->config->model;
    struct eng_engine *engine = restored->engine;
    struct eng_held_model *held = NULL;
    enum eng_status status = ENG_OK;
    eng_assert(engine != NULL);
    eng_assert(visitor->measure != NULL);
    if (eng_model_version(eng_engine_model(engine)) != eng_model_version(model)) {
        held = eng_models_find(&restored->models, eng_model_version(model));
        if (held == NULL)
            status = eng_models_add(&restored->models, recall->edition, &held);
        if (status == ENG_OK)
            do
                status = eng_engine_activate(engine, held->model, true, NULL, NULL);
            while (status == ENG_AGAIN);
    }
    found->has_known = status == ENG_OK &&
                       eng_engine_measure_known(engine, visitor->measure, &found->known) == ENG_OK;
}

static void tell(const struct eng_recall *recall, struct eng_recall_item *item,
                 const struct visitor *visitor)
{
    struct eng_restored *restored = &item->restored;
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
    eng_assert(visitor->visit != NULL);
    if (restored->engine != NULL)
        found.partners = eng_engine_partner_count(restored->engine);
    found.of_this_model =
        restored->engine != NULL ||
        (item->has_meta && item->meta.fingerprint == recall->edition->fingerprint);
    if (restored->engine != NULL && item->status == ENG_OK && visitor->measure != NULL)
        look_at_measure(recall, visitor, restored, &found);
    visitor->visit(visitor->context, &found);
}

/* True for what is wrong with the state, and not with the way to it. */
static bool is_finding(enum eng_status status)
{
    return status == ENG_OK || status == ENG_CORRUPT || status == ENG_BAD_CONFIG;
}

/* Restores each partition in turn. */
static enum eng_status look_at_all(struct eng_recall *recall, const struct visitor *visitor,
                                   struct eng_error *err)
{
    int32_t count = 0;
    enum eng_status status = count_partitions(recall->port, recall->edition->config, &count, err);
    for (int32_t partition = 0; status == ENG_OK && partition < count; partition++) {
        struct eng_recall_item *item = &recall->item;
        eng_recall_aim(recall, partition);
        eng_recall_run(recall);
        if (is_finding(item->status))
            tell(recall, item, visitor);
        else
            status = eng_error_set(err, item->status, "%s", item->error.text);
        eng_recall_clear(recall);
    }
    eng_assert(status != ENG_AGAIN);
    eng_assert(recall->item.restored.engine == NULL);
    return status;
}

static enum eng_status look(const struct eng_config *config, const struct visitor *visitor,
                            struct eng_error *err)
{
    struct eng_config nobody;
    struct eng_port *port = NULL;
    struct eng_recall recall;
    enum eng_status status = open_port(config, &nobody, &port, err);
    if (status != ENG_OK)
        return status;
    struct eng_edition *edition = eng_edition_borrow(config);
    if (edition == NULL) {
        port->ops->free(port);
        return eng_error_set(err, ENG_NO_MEMORY, "no memory to look at the state");
    }
    eng_assert(visitor->visit != NULL);
    eng_recall_init(&recall, port, edition);
    status = look_at_all(&recall, visitor, err);
    eng_recall_done(&recall);
    eng_edition_release(edition);
    port->ops->free(port);
    return status;
}

enum eng_status eng_upkeep_verify(const struct eng_config *config, eng_upkeep_visit *visit,
                                  void *context, struct eng_error *err)
{
    const struct visitor visitor = {visit, context, NULL};
    eng_assert(visit != NULL);
    return look(config, &visitor, err);
}

enum eng_status eng_upkeep_measure(const struct eng_config *config, const char *measure,
                                   eng_upkeep_visit *visit, void *context, struct eng_error *err)
{
    const struct visitor visitor = {visit, context, measure};
    eng_assert(visit != NULL);
    eng_assert(measure != NULL);
    return look(config, &visitor, err);
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
