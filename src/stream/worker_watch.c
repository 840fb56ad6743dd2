/* What does not get on.
 *
 * Partitions that have stalled: there is something to do, and none of it gets done.
 *
 *   ASKING, REPLAYING   there always is; what counts is how far the replay has come
 *   LIVE                there is while the partition's end lies behind the last commit, or has not
 *                       been heard of lately, or a transaction of others holds records back; what
 *                       counts is the committed offset
 *
 * Whatever the cause is (a broker that is away, a transaction of somebody that stays open, a commit
 * that does not come through, or a fault of ours), it is named after half a minute, in the log and
 * as a metric, and taken back when the partition gets on. A task that forgets its state goes on
 * from how far it had come.
 *
 * A worker whose group gives it no share says so. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include <inttypes.h>

enum { WATCH_US = 1000000, STALL_US = 30000000 };

static bool is_live(const struct eng_task *task)
{
    return task->state == ENG_TASK_LIVE;
}

/* Why a task has something to do; NULL: it has not. */
static const char *work_of(const struct eng_worker *worker, const struct eng_task *task,
                           int64_t now_us)
{
    bool clean = !task->touched && task->sealed.next == task->committed.next;
    int64_t done = clean ? task->next : task->committed.next; /* marks need no commit */
    eng_assert(now_us >= task->end_heard_us);
    eng_assert(worker->task_count > 0);
    if (task->state == ENG_TASK_KEPT)
        return NULL;
    if (!is_live(task))
        return "it is being restored";
    if (task->end_heard_us < 0 || now_us - task->end_heard_us >= STALL_US)
        return "there is no word of its broker";
    if (task->end_offset > done)
        return "there is more to read";
    if (worker->port->ops->high_watermark(worker->port, task->partition) > done)
        return "somebody's transaction is open in it";
    return NULL;
}

static int64_t come_to(const struct eng_task *task)
{
    return is_live(task) ? task->committed.next : task->next;
}

static void say(const struct eng_task *task, const char *work, int64_t now_us)
{
    eng_assert(now_us >= task->moved_us);
    eng_assert(work != NULL || !task->stalled);
    if (task->stalled)
        eng_log(ENG_LOG_WARN, "stream",
                "partition=%" PRId32 " stalled: at offset %" PRId64 " since %" PRId64 " s, and %s",
                task->partition, come_to(task), (now_us - task->moved_us) / 1000000, work);
    else
        eng_log(ENG_LOG_INFO, "stream", "partition=%" PRId32 " gets on again", task->partition);
}

static void watch_task(const struct eng_worker *worker, struct eng_task *task, int64_t now_us)
{
    const char *work = work_of(worker, task, now_us);
    int64_t come = come_to(task);
    bool before = task->stalled;
    eng_assert(task->partition >= 0);
    if (come > task->watched || task->moved_us == 0 || work == NULL)
        task->moved_us = now_us;
    if (come > task->watched)
        task->watched = come;
    task->stalled = now_us - task->moved_us >= STALL_US;
    eng_assert(task->watched >= come);
    if (task->stalled != before)
        say(task, work, now_us);
}

/* A worker that has lost its place in the group, or has not got one yet. */
static void watch_place(struct eng_worker *worker, int64_t now_us)
{
    eng_assert(now_us > 0);
    eng_assert(worker->joining_since_us <= now_us);
    if (worker->placed)
        worker->joining_since_us = 0;
    else if (worker->joining_since_us == 0)
        worker->joining_since_us = now_us;
    else if (now_us - worker->joining_since_us >= STALL_US)
        eng_worker_say(worker, ENG_LOG_WARN,
                       "no share of the partitions since half a minute: the group's coordinator "
                       "does not answer, or the group does not come to rest");
}

void eng_worker_watch(struct eng_worker *worker)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
    if (now_us < worker->watch_due_us)
        return;
    worker->watch_due_us = now_us + WATCH_US;
    watch_place(worker, now_us);
    for (uint32_t i = 0; i < worker->task_count; i++)
        watch_task(worker, worker->tasks[i], now_us);
    eng_assert(worker->watch_due_us > now_us);
}
