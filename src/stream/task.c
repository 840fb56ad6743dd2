/* The life of a task, and what it does between two records: ticks, another model, erasures. See
 * task.h for states and transitions. Its other parts: task_restore.c, task_take.c, task_seal.c,
 * task_half.c.
 *
 * Invariants (eng_task_check):
 *  1. An engine exists unless ASKING.
 *  2. S15: read = sum of the outcomes.
 *  3. Nothing is pending or touched unless LIVE.
 *  4. committed.next <= sealed.next <= next, once there is a commit.
 *  5. REPLAYING: next <= replay_end, and the journal's used entries lie at or below next.
 *  6. An input is half done when the engine has work, and never while it is read again. */
#include "stream/task_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include "engine/group.h"
#include "stream/erasure.h"
#include <inttypes.h>
#include <string.h>

static const char *const state_names[] = {"asking", "replaying", "live", "kept"};

void eng_task_set_state(struct eng_task *task, enum eng_task_state state)
{
    eng_assert(state <= ENG_TASK_KEPT);
    eng_assert(state != ENG_TASK_KEPT || task->state == ENG_TASK_LIVE);
    eng_assert(state != ENG_TASK_REPLAYING || task->state == ENG_TASK_ASKING);
    eng_assert(state != ENG_TASK_LIVE || task->state != ENG_TASK_KEPT);
    eng_log(ENG_LOG_DEBUG, "stream", "partition=%" PRId32 " %s -> %s at offset %" PRId64,
            task->partition, state_names[task->state], state_names[state], task->next);
    task->state = state;
}

struct eng_task *eng_task_new(int32_t partition)
{
    eng_assert(partition >= 0);
    struct eng_task *task = eng_calloc(1, sizeof *task);
    if (task == NULL)
        return NULL;
    task->partition = partition;
    eng_task_forget(task);
    return task;
}

void eng_task_free(struct eng_task *task)
{
    if (task == NULL)
        return;
    eng_engine_free(task->engine);
    eng_models_done(&task->models);
    eng_journal_done(&task->replay);
    eng_journal_done(&task->pending);
    eng_journal_records_done(&task->journal_records);
    eng_checkpoint_done(&task->checkpoint);
    eng_parts_done(&task->parts);
    eng_free(task);
}

void eng_task_forget(struct eng_task *task)
{
    eng_assert(task != NULL);
    eng_assert(task->partition >= 0);
    eng_engine_free(task->engine);
    eng_models_done(&task->models);
    eng_journal_done(&task->replay);
    eng_journal_done(&task->pending);
    eng_journal_records_done(&task->journal_records);
    eng_checkpoint_done(&task->checkpoint);
    eng_parts_done(&task->parts);
    struct eng_port_offset nowhere = {.partition = task->partition, .next = -1};
    struct eng_task old = *task;
    *task = (struct eng_task){.partition = task->partition,
                              .state = old.state,
                              .assignment = old.assignment,
                              .next = -1,
                              .sealed = nowhere,
                              .committed = nowhere,
                              .newest_ms = -1,
                              .sealed_newest_ms = -1,
                              .committed_newest_ms = -1,
                              .ended_at = -1,
                              .end_since_us = -1,
                              .end_offset = -1,
                              .end_heard_us = -1,
                              .no_sums_ms = -1,
                              .retry_us = old.retry_us,
                              .watched = old.watched,
                              .moved_us = old.moved_us,
                              .stalled = old.stalled};
    eng_task_set_state(task, ENG_TASK_ASKING);
}

void eng_task_ask(struct eng_task *task)
{
    eng_assert(task->state == ENG_TASK_KEPT);
    eng_assert(!task->touched && task->engine != NULL);
    task->end_since_us = -1;
    eng_task_set_state(task, ENG_TASK_ASKING);
}

void eng_task_keep(struct eng_task *task)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(!task->touched && task->committed.next == task->sealed.next);
    task->leaving = false;
    eng_task_set_state(task, ENG_TASK_KEPT);
}

void eng_task_counters(const struct eng_task *task, struct eng_counters *ret_counters)
{
    eng_assert(task != NULL);
    eng_assert(ret_counters != NULL);
    *ret_counters = task->commit.counters;
    if (task->engine == NULL || task->state == ENG_TASK_REPLAYING)
        return;
    *ret_counters = task->base;
    eng_counters_add(ret_counters, eng_engine_counters(task->engine));
}

void eng_task_check(const struct eng_task *task)
{
    struct eng_counters sum;
    uint64_t outcomes = 0;
    bool live = task->state == ENG_TASK_LIVE;
    eng_assert(task->state == ENG_TASK_ASKING || task->engine != NULL); /* 1 */
    eng_task_counters(task, &sum);
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        outcomes += sum.outcome[i];
    eng_assert(sum.read == outcomes);                                 /* 2 */
    eng_assert(live || (!task->touched && task->pending.count == 0)); /* 3 */
    eng_assert(!live || task->committed.next <= task->sealed.next);   /* 4 */
    eng_assert(!live || task->sealed.next <= task->next);
    eng_assert(task->state != ENG_TASK_REPLAYING || task->next <= task->replay_end); /* 5 */
    eng_assert(task->replay.done == 0 || task->state != ENG_TASK_REPLAYING ||
               task->replay.entries[task->replay.done - 1].offset <= task->next);
    eng_assert(task->half.kind == ENG_HALF_NONE || /* 6 */
               (task->engine != NULL && task->state != ENG_TASK_REPLAYING));
    eng_assert(task->half.kind != ENG_HALF_NONE || !live ||
               eng_engine_work(task->engine).kind == ENG_WORK_NONE);
}

/* ---- Steps that all its halves take. ---- */

/* Records read since the task began. */
uint64_t eng_task_records_read(const struct eng_task *task)
{
    eng_assert(task->engine != NULL);
    return task->base.read + eng_engine_counters(task->engine)->read;
}

/* Where the task is in its input: before the one that is half done. */
struct eng_low_water eng_task_position(const struct eng_task *task)
{
    const struct eng_half *half = &task->half;
    eng_assert(task->engine != NULL);
    eng_assert(task->next >= 0);
    struct eng_low_water at = {task->next, task->journal_last, eng_engine_clock_ms(task->engine),
                               eng_task_records_read(task),
                               eng_model_version(eng_engine_model(task->engine))};
    if (half->kind == ENG_HALF_NONE || !ENG_RULE(LOW_WATER_BEFORE_HALF))
        return at;
    at.clock_ms = half->before_ms;
    if (half->kind != ENG_HALF_EVENT)
        at.journal--;
    if (half->kind == ENG_HALF_MODEL)
        at.model_version = task->before_version;
    return at;
}

/* Partners that change from now on have changed here. */
enum eng_status eng_task_mark_here(struct eng_task *task, const struct eng_feed *feed)
{
    struct eng_low_water here = eng_task_position(task);
    eng_assert(feed->port != NULL);
    eng_assert(task->state == ENG_TASK_LIVE || task->state == ENG_TASK_REPLAYING);
    return eng_checkpoint_mark(&task->checkpoint, task->engine, &here,
                               feed->port->ops->mono_us(feed->port));
}

void eng_task_beat(const struct eng_feed *feed)
{
    atomic_store_explicit(feed->beat_us, feed->port->ops->mono_us(feed->port),
                          memory_order_relaxed);
}

/* Where a call may put its effects: nowhere while replaying. */
struct eng_effects *eng_task_effects(const struct eng_task *task, struct eng_feed *feed)
{
    size_t least = eng_engine_effects_bytes_min(task->engine);
    eng_assert(feed->effects.data != NULL);
    eng_assert(least <= ENG_FEED_EFFECTS_BYTES_MAX);
    feed->effects.capacity =
        least > ENG_FEED_EFFECTS_BYTES ? least : (size_t)ENG_FEED_EFFECTS_BYTES;
    feed->effects.used = 0;
    feed->effects.count = 0;
    return task->state == ENG_TASK_LIVE ? &feed->effects : NULL;
}

/* Hands over what one call of the engine has told. */
enum eng_status eng_task_take_away(struct eng_task *task, struct eng_feed *feed,
                                   struct eng_error *err)
{
    if (feed->effects.count == 0)
        return ENG_OK;
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(feed->txn != NULL);
    const struct eng_task_output from = {task->partition, eng_engine_model(task->engine)};
    if (eng_sink_effects(feed->sink, feed->txn, &from, &feed->effects) == ENG_OK)
        return ENG_OK;
    return eng_error_set(err, ENG_NO_MEMORY, "no memory for the outputs of partition %" PRId32,
                         task->partition);
}

enum eng_status eng_task_tick(struct eng_task *task, struct eng_feed *feed, int64_t time_ms,
                              struct eng_error *err)
{
    enum eng_status status, taken;
    eng_assert(task->engine != NULL);
    eng_assert(time_ms >= 0);
    do {
        struct eng_effects *effects = eng_task_effects(task, feed);
        status = eng_engine_tick(task->engine, time_ms, effects, err);
        taken = eng_task_take_away(task, feed, err);
        eng_task_beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK && !eng_task_must_pause(task, feed));
    if (status == ENG_AGAIN && taken == ENG_OK)
        eng_task_pause(task, ENG_HALF_TICK);
    return status == ENG_OK || status == ENG_AGAIN ? taken : status;
}

/* A decision for the journal, at a position. */
enum eng_status eng_task_note(struct eng_task *task, int64_t offset, int64_t what,
                              enum eng_journal_kind kind)
{
    struct eng_journal_entry entry = {++task->journal_last, offset, what, kind};
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(offset >= 0);
    return eng_journal_add(&task->pending, &entry);
}

/* The filling transaction has something of this task in it. */
void eng_task_touch(struct eng_task *task, struct eng_feed *feed)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(feed->txn != NULL);
    task->touched = true;
    if (feed->txn->opened_us < 0)
        feed->txn->opened_us = feed->port->ops->mono_us(feed->port);
}

enum eng_status eng_task_ended(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    int64_t next = task->ended_at;
    enum eng_status status = ENG_OK;
    task->ended_at = -1;
    if (next < 0 || !eng_task_takes_records(task))
        return ENG_OK;
    if (task->state == ENG_TASK_REPLAYING && next >= task->replay_end)
        status = eng_task_finish_replay(task, feed, err);
    if (status != ENG_OK || task->state != ENG_TASK_LIVE)
        return status;
    eng_assert(task->engine != NULL);
    if (next > task->next) {    /* marks of transactions: no records, but offsets */
        eng_task_counted(task); /* the record has been deleted meanwhile */
        task->next = next;
        eng_task_touch(task, feed);
    }
    if (!task->ended_all)
        task->end_since_us = -1;
    else if (task->end_since_us < 0)
        task->end_since_us = feed->port->ops->mono_us(feed->port);
    eng_assert(task->next >= next);
    return ENG_OK;
}

/* Nothing below the high watermark is unread, and the broker has said so after the partition fell
 * idle. */
static bool is_idle(const struct eng_task *task, const struct eng_feed *feed)
{
    int64_t now_us = feed->port->ops->mono_us(feed->port);
    int64_t idle_us = feed->config->idle_after_ms * 1000;
    eng_assert(now_us >= task->end_since_us);
    if (task->state != ENG_TASK_LIVE || eng_task_is_half_done(task) || task->end_since_us < 0 ||
        now_us - task->end_since_us < idle_us || task->end_heard_us < task->end_since_us + idle_us)
        return false;
    int64_t high = feed->port->ops->high_watermark(feed->port, task->partition);
    return task->end_offset <= task->next && high <= task->next;
}

/* A partition without events has no clock, and nothing moves it: what comes first may be of any
 * time. Whoever merges the sums of groups need not wait for it. It is said at each boundary, as of
 * partitions with a clock, whatever the periods of this version of the model are. It is said again
 * after a restart, which is no harm: the last one counts. */
static enum eng_status tell_no_sums(struct eng_task *task, struct eng_feed *feed, int64_t wall_ms,
                                    struct eng_error *err)
{
    int64_t until_ms = eng_groups_last_ms(eng_engine_model(task->engine), wall_ms);
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(eng_engine_clock_ms(task->engine) < 0);
    if (until_ms < 0 || until_ms <= task->no_sums_ms)
        return ENG_OK;
    eng_task_touch(task, feed);
    if (eng_sink_no_sums(feed->txn, task->partition, until_ms) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the outputs of partition %" PRId32,
                             task->partition);
    task->no_sums_ms = until_ms;
    return ENG_OK;
}

enum eng_status eng_task_idle(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    if (!is_idle(task, feed))
        return ENG_OK;
    eng_assert(task->engine != NULL);
    int64_t wall_ms = feed->port->ops->wall_ms(feed->port);
    if (eng_engine_clock_ms(task->engine) < 0)
        return tell_no_sums(task, feed, wall_ms, err);
    int64_t boundary_ms = eng_engine_next_boundary_ms(task->engine);
    if (boundary_ms < 0 || boundary_ms > wall_ms)
        return ENG_OK;
    if (ENG_RULE(JOURNAL_TICKS) &&
        eng_task_note(task, task->next, wall_ms, ENG_JOURNAL_TICK) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the journal");
    eng_task_touch(task, feed);
    eng_log(ENG_LOG_DEBUG, "stream", "partition=%" PRId32 " idle: tick to %" PRId64,
            task->partition, wall_ms);
    return eng_task_tick(task, feed, wall_ms, err);
}

/* ---- Another model (S14). ---- */

enum eng_status eng_task_activate(struct eng_task *task, struct eng_feed *feed,
                                  const struct eng_model *model, struct eng_error *err)
{
    enum eng_status status, taken;
    bool silent = feed->config->run.on_change == ENG_CHANGE_SILENT;
    eng_assert(task->engine != NULL);
    eng_assert(model != NULL);
    task->before_version = eng_model_version(eng_engine_model(task->engine));
    do {
        struct eng_effects *effects = eng_task_effects(task, feed);
        status = eng_engine_activate(task->engine, model, silent, effects, err);
        taken = eng_task_take_away(task, feed, err);
        eng_task_beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK && !eng_task_must_pause(task, feed));
    if (status != ENG_OK && status != ENG_AGAIN)
        return status;
    if (status == ENG_AGAIN && taken == ENG_OK)
        eng_task_pause(task, ENG_HALF_MODEL);
    eng_models_note_known(&task->models, task->engine);
    eng_assert(eng_engine_model(task->engine) == model);
    return taken;
}

enum eng_status eng_task_renew(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    const struct eng_model *before = eng_engine_model(task->engine), *model = feed->config->model;
    uint32_t version = eng_model_version(model);
    struct eng_held_model *held = eng_models_find(&task->models, version);
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(version >= eng_model_version(before));
    if (version == eng_model_version(before))
        return ENG_OK; /* the same model, maybe of another edition */
    if ((held == NULL && eng_models_add(&task->models, feed->edition, &held) != ENG_OK) ||
        eng_task_mark_here(task, feed) != ENG_OK ||
        (ENG_RULE(JOURNAL_ACTIVATIONS) &&
         eng_task_note(task, task->next, version, ENG_JOURNAL_MODEL) != ENG_OK))
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for another model");
    eng_task_touch(task, feed);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " version %" PRIu32 " of the model follows on %" PRIu32
            " at offset %" PRId64,
            task->partition, version, eng_model_version(before), task->next);
    return eng_task_activate(task, feed, held->model, err);
}

/* ---- Erasures. ---- */

enum eng_status eng_task_erase(struct eng_task *task, struct eng_feed *feed,
                               struct eng_slice partner, struct eng_error *err)
{
    eng_assert(task->state == ENG_TASK_LIVE && !eng_task_is_half_done(task));
    eng_assert(task->next >= 0);
    enum eng_status status = eng_engine_erase(task->engine, partner, (uint64_t)task->next, err);
    if (status != ENG_OK)
        return status;
    struct eng_erasure erasure = {.program = eng_model_program(feed->config->model),
                                  .partition = task->partition,
                                  .partner = partner,
                                  .hash = eng_partner_hash(partner),
                                  .offset = task->next,
                                  .at_ms = feed->port->ops->wall_ms(feed->port)};
    erasure.parts = eng_parts_of(&task->parts, erasure.hash);
    eng_task_touch(task, feed);
    if (ENG_RULE(JOURNAL_ERASURES))
        status = eng_task_note(task, task->next, (int64_t)erasure.hash, ENG_JOURNAL_ERASED);
    if (status == ENG_OK)
        status = eng_erasure_write(feed->sink, feed->txn, &erasure);
    if (status == ENG_OK && eng_model_is_merged(feed->config->model))
        status = eng_sink_gone(feed->txn, task->partition, erasure.hash, task->next);
    if (status != ENG_OK)
        return eng_error_set(err, status, "no memory for an erasure");
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " offset=%" PRId64 " partner_hash=%016" PRIx64 " erased",
            task->partition, task->next, erasure.hash);
    return ENG_OK;
}

void eng_task_committed(struct eng_task *task, const struct eng_port_offset *now)
{
    eng_assert(task->partition == now->partition);
    eng_assert(now->next >= task->committed.next);
    task->committed = *now;
    task->committed_newest_ms = task->sealed_newest_ms;
}
