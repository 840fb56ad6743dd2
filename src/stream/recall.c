/* Asking the broker what it remembers of our partitions. See recall.h. */
#include "stream/recall.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include "model/config.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <string.h>

enum { ASK_AGAIN_MAX = 50, ASK_AGAIN_MS = 300, STALL_MS = 30000 };

void eng_recall_init(struct eng_recall *recall, struct eng_port *port, struct eng_edition *edition)
{
    eng_assert(recall != NULL);
    eng_assert(port != NULL && edition != NULL);
    *recall = (struct eng_recall){.port = port,
                                  .edition = eng_edition_hold(edition),
                                  .memory_bytes_max = edition->config->run.memory_bytes_max};
}

void eng_recall_use(struct eng_recall *recall, struct eng_edition *edition)
{
    struct eng_edition *before = recall->edition;
    eng_assert(before != NULL && edition != NULL);
    eng_assert(recall->port != NULL);
    recall->edition = eng_edition_hold(edition);
    eng_edition_release(before);
}

void eng_recall_clear(struct eng_recall *recall)
{
    eng_assert(recall != NULL);
    eng_restored_done(&recall->item.restored);
    recall->item = (struct eng_recall_item){0};
    eng_assert(recall->item.restored.engine == NULL);
}

void eng_recall_done(struct eng_recall *recall)
{
    eng_assert(recall != NULL);
    eng_recall_clear(recall);
    eng_edition_release(recall->edition);
    *recall = (struct eng_recall){0};
}

void eng_recall_aim(struct eng_recall *recall, int32_t partition)
{
    eng_assert(partition >= 0);
    eng_recall_clear(recall);
    recall->item = (struct eng_recall_item){
        .partition = partition, .low = -1, .end = -1, .committed = {.partition = partition}};
    eng_assert(recall->item.status == ENG_OK);
}

static bool cancelled(const struct eng_recall *recall)
{
    return atomic_load_explicit(&recall->cancel, memory_order_relaxed);
}

static enum eng_status ask_committed(struct eng_recall *recall, struct eng_recall_item *item)
{
    eng_assert(item->committed.partition == item->partition);
    eng_assert(item->status == ENG_OK);
    return recall->port->ops->committed(recall->port, &item->committed, 1, &item->error);
}

/* Sees one committed record of ours, and has enough. */
static bool see_one(void *context, const struct eng_port_record *record)
{
    bool *seen = context;
    eng_assert(seen != NULL);
    eng_assert(record != NULL);
    *seen |= record->value != NULL;
    return !*seen;
}

/* Has a predecessor committed anything for this partition? Aborted records and marks do not count.
 * A last stable offset of 0 proves nothing: an open transaction may hold it there, with committed
 * records behind. So the topic is read, which waits for its whole end. */
static bool has_past(struct eng_recall *recall, struct eng_recall_item *item)
{
    bool seen = false;
    eng_assert(item->partition >= 0);
    eng_assert(item->status == ENG_OK);
    struct eng_port_scan scan = {.partition = item->partition,
                                 .stall_ms = STALL_MS,
                                 .context = &seen,
                                 .reader = recall->reader,
                                 .record = see_one};
    item->status = recall->port->ops->scan_state(recall->port, &scan, &item->error);
    return item->status == ENG_OK && seen;
}

/* "No offset" from a coordinator that has just moved is no proof of a new group: with a past it is
 * asked again, and then refused rather than taken for a beginning. */
static void find_committed(struct eng_recall *recall, struct eng_recall_item *item)
{
    eng_assert(item->status == ENG_OK);
    item->status = ask_committed(recall, item);
    if (item->status != ENG_OK || item->committed.next >= 0 ||
        !ENG_RULE(NO_OFFSET_IS_ASKED_AGAIN) || !has_past(recall, item))
        return;
    for (int i = 0; i < ASK_AGAIN_MAX && !cancelled(recall); i++) {
        recall->port->ops->sleep_ms(recall->port, ASK_AGAIN_MS);
        item->status = ask_committed(recall, item);
        if (item->status != ENG_OK || item->committed.next >= 0)
            return;
    }
    eng_assert(item->committed.next < 0);
    item->status = eng_error_set(
        &item->error, ENG_CORRUPT,
        "partition %" PRId32 ": the state topic has records but the group has no committed offset "
        "(expired, deleted, or another kafka.group): delete the state topic to start afresh, or "
        "set the group's offsets",
        item->partition);
}

/* ---- the state topic ---- */

/* A follower on its way from the standbys to the partition's state. */
struct standby {
    struct eng_follower *follower; /* NULL: none */
    enum eng_follower_fate fate;
};

static struct standby take_standby(struct eng_recall *recall, int32_t partition)
{
    struct standby standby = {.fate = ENG_FOLLOWER_WAITS};
    eng_assert(partition >= 0);
    if (recall->standbys != NULL)
        standby.follower = eng_standbys_take(recall->standbys, recall->port, partition);
    eng_assert(standby.follower == NULL || recall->standbys != NULL);
    return standby;
}

static void settle_standby(struct eng_recall *recall, int32_t partition,
                           const struct standby *standby)
{
    eng_assert(standby->fate < ENG_FOLLOWER_FATES);
    if (standby->follower == NULL)
        return;
    eng_assert(recall->standbys != NULL);
    eng_standbys_settle(recall->standbys, partition, standby->follower, standby->fate);
}

/* Has the follower finish what it began. False: the topic has to be read from its beginning. */
static bool finish_standby(const struct eng_restore_request *request, struct standby *standby,
                           struct eng_recall_item *item)
{
    struct eng_error cause = {0};
    eng_assert(standby->fate == ENG_FOLLOWER_WAITS);
    if (standby->follower == NULL)
        return false;
    standby->fate = eng_follower_finish(standby->follower, request, &item->restored, &cause);
    if (standby->fate == ENG_FOLLOWER_WAITS)
        item->status =
            eng_error_set(&item->error, cause.status != ENG_OK ? cause.status : ENG_UNAVAILABLE,
                          "%s", cause.status != ENG_OK ? cause.text : "cancelled");
    if (standby->fate <= ENG_FOLLOWER_WAITS)
        return true;
    eng_log(standby->fate == ENG_FOLLOWER_OUTDATED ? ENG_LOG_INFO : ENG_LOG_WARN, "stream",
            "partition=%" PRId32 " the standby is of no use, and the state topic is read from its "
            "beginning: %s",
            item->partition, cause.text);
    eng_assert(item->status == ENG_OK);
    return false;
}

/* Reads the state topic, when there is something to be known from it. */
static void read_state(struct eng_recall *recall, struct eng_recall_item *item,
                       struct standby *standby)
{
    const struct eng_restore_request request = {
        .port = recall->port,
        .edition = recall->edition,
        .partition = item->partition,
        .reader = recall->reader,
        .meta = item->has_meta ? &item->meta : NULL,
        .next = item->committed.next,
        .memory_bytes_max = recall->memory_bytes_max,
        .step_evaluations = recall->step_evaluations,
        .input_id = recall->own_id,
        .cancel = &recall->cancel,
        .progress = &recall->progress,
    };
    atomic_store(&recall->partition, item->partition);
    eng_assert(item->status == ENG_OK);
    eng_assert(item->committed.next >= 0);
    if (!ENG_RULE(STANDBY_STOPS_FIRST))
        *standby = take_standby(recall, item->partition);
    if (!finish_standby(&request, standby, item))
        item->status = eng_restore_read(&request, &item->restored, &item->error);
    if (item->status == ENG_OK && cancelled(recall))
        item->status = ENG_UNAVAILABLE;
}

/* State that does not fit the offset: somebody may have committed since that was asked for, who has
 * the partition now. Then what was read is simply old. */
static void doubt(struct eng_recall *recall, struct eng_recall_item *item)
{
    struct eng_port_offset now = {.partition = item->partition};
    struct eng_error cause = {0};
    eng_assert(item->status == ENG_CORRUPT);
    eng_assert(item->committed.partition == item->partition);
    enum eng_status status = recall->port->ops->committed(recall->port, &now, 1, &cause);
    if (status == ENG_OK && now.next == item->committed.next &&
        strcmp(now.meta, item->committed.meta) == 0)
        return;
    eng_error_clear(&item->error);
    item->status = eng_error_set(
        &item->error, status == ENG_OK ? ENG_UNAVAILABLE : status, "partition %" PRId32 ": %s",
        item->partition, status == ENG_OK ? "another process has committed meanwhile" : cause.text);
}

/* What has to be read again must still be there. */
static void check_low_water(struct eng_recall_item *item)
{
    const struct eng_commit *commit = &item->restored.commit;
    eng_assert(item->status == ENG_OK);
    eng_assert(item->low <= item->end);
    if (item->restored.engine == NULL || commit->low.next >= item->low ||
        commit->low.next == commit->next || !ENG_RULE(LOW_WATER_THERE))
        return;
    item->status = eng_error_set(
        &item->error, ENG_CORRUPT,
        "partition %" PRId32 ": the input begins at offset %" PRId64 ", but has to be read again "
        "from %" PRId64 " on: its retention is shorter than the daemon was away; `engaged state "
        "rebuild` makes the state anew from what is left",
        item->partition, item->low, commit->low.next);
}

/* The committed offset has to lie within the topic. */
static void check_place(struct eng_recall_item *item)
{
    eng_assert(item->status == ENG_OK);
    eng_assert(item->low <= item->end);
    if (item->committed.next > item->end)
        item->status = eng_error_set(
            &item->error, ENG_CORRUPT,
            "partition %" PRId32 ": the group's offset %" PRId64
            " lies behind the topic's end %" PRId64
            " (the topic was made anew, or has lost records): use another kafka.group and state "
            "topic",
            item->partition, item->committed.next, item->end);
}

static void ask(struct eng_recall *recall, struct eng_recall_item *item, struct standby *standby)
{
    int64_t bounds[2];
    eng_assert(item->partition >= 0);
    eng_assert(item->status == ENG_OK);
    find_committed(recall, item);
    if (item->status == ENG_OK)
        item->status = recall->port->ops->bounds(recall->port, ENG_TOPIC_INPUT, item->partition,
                                                 bounds, &item->error);
    if (item->status != ENG_OK)
        return;
    item->low = bounds[0];
    item->end = bounds[1];
    item->has_meta = item->committed.next >= 0 && item->committed.meta[0] != '\0';
    if (item->status == ENG_OK && item->has_meta)
        item->status = eng_meta_read(item->committed.meta, &item->meta, &item->error);
    if (item->status == ENG_OK && item->committed.next >= 0)
        read_state(recall, item, standby);
    if (item->status == ENG_OK)
        check_place(item);
    if (item->status == ENG_CORRUPT)
        doubt(recall, item);
    if (item->status == ENG_OK)
        check_low_water(item);
    eng_assert(item->low <= item->end);
}

/* A standby is taken first, so that it is at rest when the offset is asked for: follow.h. */
static void recall_item(struct eng_recall *recall, struct eng_recall_item *item)
{
    struct standby standby = {.fate = ENG_FOLLOWER_WAITS};
    eng_assert(item->partition >= 0);
    eng_assert(item->status == ENG_OK && item->restored.engine == NULL);
    if (ENG_RULE(STANDBY_STOPS_FIRST))
        standby = take_standby(recall, item->partition);
    ask(recall, item, &standby);
    settle_standby(recall, item->partition, &standby);
    eng_assert(item->status != ENG_AGAIN);
}

void eng_recall_run(void *context)
{
    struct eng_recall *recall = context;
    eng_assert(recall->port != NULL);
    eng_assert(recall->item.committed.partition == recall->item.partition);
    if (cancelled(recall))
        recall->item.status = ENG_UNAVAILABLE;
    else
        recall_item(recall, &recall->item);
    recall->id_status = ENG_OK;
    if (recall->asks_id)
        recall->id_status = recall->port->ops->input_id(recall->port, recall->input_id, NULL);
}
