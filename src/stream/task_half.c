/* Inputs that take longer than a transaction may last: their middle.
 *
 * The engine works off a boundary, or a change of the model, in steps. When the filling transaction
 * has grown to its limits, or the turn has lasted long enough, the task stops between two of them
 * and is *half done*: it can be sealed like that, and goes on in the next turn.
 *
 *            too much for now                     no partner left (tick, model)
 *   between --------------------> at work --------------------------------------> between
 *   two inputs                      | no partner left (event)                       ^
 *      ^                            v                                               |
 *      +---- its record counted -- waiting                                          |
 *                                                                                   |
 *   (restored: finish_replay --> at work, or waiting) ------------------------------+
 *
 * An event's boundaries are worked off by its time alone. Its record, and those behind it, are
 * given up when it stops, and fetched again when the boundaries are done, so nothing but the time
 * has to be kept, and a restart goes the same way. The record is accepted already: its time is not
 * compared with the wall's clock again (S5), which another process may have another opinion of.
 *
 * Until it is done nothing else is taken: no record, no tick, no erasure, no model. For the
 * checkpoint the task stands before the input: low water and the changes made meanwhile are of the
 * clock, the journal and the model of there. */
#include "stream/task_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/rules.h"
#include <inttypes.h>
#include <string.h>

static const char *const half_names[] = {"nothing", "an event", "a tick", "a change of the model"};

bool eng_task_is_half_done(const struct eng_task *task)
{
    eng_assert(task != NULL);
    eng_assert(task->half.kind <= ENG_HALF_MODEL);
    return task->half.kind != ENG_HALF_NONE && ENG_RULE(FINISH_FIRST);
}

static bool at_work(const struct eng_task *task)
{
    eng_assert(task->engine != NULL);
    return task->half.kind != ENG_HALF_NONE && eng_engine_work(task->engine).kind != ENG_WORK_NONE;
}

bool eng_task_takes_records(const struct eng_task *task)
{
    if (task->state != ENG_TASK_LIVE && task->state != ENG_TASK_REPLAYING)
        return false;
    eng_assert(task->engine != NULL);
    return !task->refetch && !at_work(task);
}

/* Nothing more may go into the filling transaction, or it is another one's turn. */
bool eng_task_must_pause(const struct eng_task *task, const struct eng_feed *feed)
{
    const struct eng_feed_limits *limits = &feed->limits;
    eng_assert(limits->txn_bytes > 0);
    if (task->state != ENG_TASK_LIVE || eng_engine_work(task->engine).kind == ENG_WORK_NONE)
        return false;
    eng_assert(feed->txn != NULL);
    return eng_feed_is_full(feed) ||
           feed->port->ops->mono_us(feed->port) - feed->turn_us >= limits->slice_us;
}

bool eng_feed_is_full(const struct eng_feed *feed)
{
    eng_assert(feed->txn != NULL);
    eng_assert(feed->limits.txn_records > 0);
    return eng_txn_bytes(feed->txn) >= feed->limits.txn_bytes ||
           feed->txn->record_count >= feed->limits.txn_records;
}

void eng_task_pause(struct eng_task *task, enum eng_half_kind kind)
{
    struct eng_work work = eng_engine_work(task->engine);
    eng_assert(task->state == ENG_TASK_LIVE && task->touched);
    eng_assert(work.kind == (kind == ENG_HALF_MODEL ? ENG_WORK_MODEL : ENG_WORK_CLOCK));
    task->half = (struct eng_half){.kind = kind,
                                   .silent = work.silent,
                                   .before_ms = work.before_ms,
                                   .boundary_ms = -1,
                                   .target_ms = kind == ENG_HALF_MODEL ? -1 : work.target_ms};
    task->half_at = task->next;
    task->refetch = true;
    task->ended_at = -1;
    task->end_since_us = -1;
    task->halves++;
    eng_log(ENG_LOG_DEBUG, "stream", "partition=%" PRId32 " offset=%" PRId64 " %s is half done",
            task->partition, task->next, half_names[kind]);
}

/* The input is done. */
static void finish(struct eng_task *task)
{
    eng_assert(task->half.kind != ENG_HALF_NONE);
    eng_assert(eng_engine_work(task->engine).kind == ENG_WORK_NONE);
    task->half = (struct eng_half){0};
}

void eng_task_counted(struct eng_task *task)
{
    if (task->half.kind != ENG_HALF_EVENT)
        return;
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(task->half_at >= 0);
    task->half = (struct eng_half){0};
}

/* A step has been taken. */
static void note_step(struct eng_task *task, const struct eng_feed *feed)
{
    eng_task_beat(feed);
    eng_assert(task->engine != NULL);
    task->moved_us = feed->port->ops->mono_us(feed->port); /* no stall */
    eng_assert(task->moved_us >= 0);
}

static enum eng_status step_on(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    enum eng_status status, taken;
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(at_work(task));
    eng_task_touch(task, feed);
    if (eng_task_mark_here(task, feed) != ENG_OK) /* all that waited may have been written */
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for an input that is half done");
    do {
        struct eng_effects *effects = eng_task_effects(task, feed);
        status = eng_engine_work_on(task->engine, effects, err);
        taken = eng_task_take_away(task, feed, err);
        note_step(task, feed);
    } while (status == ENG_AGAIN && taken == ENG_OK && !eng_task_must_pause(task, feed));
    if (status == ENG_OK && taken == ENG_OK && task->half.kind != ENG_HALF_EVENT)
        finish(task);
    return status == ENG_OK || status == ENG_AGAIN ? taken : status;
}

enum eng_status eng_task_go_on(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    if (task->state != ENG_TASK_LIVE)
        return ENG_OK;
    eng_assert(task->engine != NULL);
    eng_assert(feed->txn != NULL);
    if (task->half.kind == ENG_HALF_NONE)
        return eng_task_renew(task, feed, err);
    if (!at_work(task) || eng_feed_is_full(feed))
        return ENG_OK;
    return step_on(task, feed, err);
}

struct eng_half eng_task_half(const struct eng_task *task)
{
    struct eng_half half = task->half;
    eng_assert(task->state == ENG_TASK_LIVE);
    if (half.kind == ENG_HALF_NONE || !ENG_RULE(CURSOR_IN_RECORD))
        return (struct eng_half){0};
    struct eng_work work = eng_engine_work(task->engine);
    eng_assert(work.kind != ENG_WORK_NONE || half.kind == ENG_HALF_EVENT);
    eng_assert(work.next.length <= sizeof half.partner);
    half.boundary_ms = work.kind == ENG_WORK_CLOCK ? work.boundary_ms : -1;
    half.partner_bytes = (uint16_t)work.next.length;
    if (work.next.length > 0)
        memcpy(half.partner, work.next.data, work.next.length);
    return half;
}

/* ---- After a restart. ---- */

/* The middle that was committed, as the engine puts it. */
static enum eng_status work_of(const struct eng_task *task, struct eng_work *ret_work,
                               struct eng_error *err)
{
    const struct eng_half *half = &task->commit.half;
    const struct eng_held_model *held = eng_models_find(&task->models, task->commit.model_version);
    eng_assert(half->kind != ENG_HALF_NONE);
    *ret_work = (struct eng_work){.kind = ENG_WORK_CLOCK,
                                  .before_ms = half->before_ms,
                                  .boundary_ms = half->boundary_ms,
                                  .target_ms = half->target_ms,
                                  .next = {half->partner, half->partner_bytes}};
    if (half->kind != ENG_HALF_MODEL)
        return ENG_OK;
    if (held == NULL)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": version %" PRIu32
                             " of the model was coming into force, and its text is not in the "
                             "state topic; `engaged state rebuild` makes the state anew",
                             task->partition, task->commit.model_version);
    ret_work->kind = ENG_WORK_MODEL;
    ret_work->model = held->model;
    ret_work->silent = half->silent;
    eng_assert(eng_model_version(held->model) == task->commit.model_version);
    return ENG_OK;
}

/* State that is made anew is of one model all along, and its clock may be anywhere. */
static bool has_middle(const struct eng_task *task)
{
    const struct eng_half *half = &task->commit.half;
    int64_t clock_ms = eng_engine_clock_ms(task->engine);
    eng_assert(task->has_commit || half->kind == ENG_HALF_NONE);
    eng_assert(clock_ms >= -1);
    if (half->kind == ENG_HALF_NONE || eng_engine_is_restoring(task->engine))
        return half->kind != ENG_HALF_NONE;
    return half->kind != ENG_HALF_MODEL && clock_ms >= 0 &&
           clock_ms < (half->boundary_ms >= 0 ? half->boundary_ms : half->target_ms);
}

enum eng_status eng_task_resume(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    struct eng_work work;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(task->half.kind == ENG_HALF_NONE);
    if (!has_middle(task))
        return ENG_OK;
    enum eng_status status = work_of(task, &work, err);
    if (status == ENG_OK && eng_task_mark_here(task, feed) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory to restore");
    if (status != ENG_OK)
        return status;
    task->before_version = eng_model_version(eng_engine_model(task->engine));
    do {
        status = eng_engine_resume(task->engine, &work, err);
        eng_task_beat(feed);
    } while (status == ENG_AGAIN);
    if (status != ENG_OK)
        return status;
    if (work.kind == ENG_WORK_MODEL)
        eng_models_note_known(&task->models, task->engine);
    task->half = task->commit.half;
    task->half_at = task->replay_end;
    task->refetch = true;
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " %s at offset %" PRId64 " was half done, and goes on",
            task->partition, half_names[task->half.kind], task->replay_end);
    return ENG_OK;
}

bool eng_task_is_of_half(const struct eng_task *task, const struct eng_journal_entry *entry)
{
    const struct eng_half *half = &task->commit.half;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(entry->number > 0);
    return (half->kind == ENG_HALF_TICK || half->kind == ENG_HALF_MODEL) &&
           entry->number == task->commit.journal;
}
