/* The worker's partitions: what the group gives and takes.
 *
 * Assigned: a task that is ASKING, which worker_recall.c moves on.
 *
 * Revoked: everything under way is committed inside the callback, then the tasks go. Lost: the
 * commit thread is stopped, everything is given up, nothing is committed.
 *
 * Shut out: as lost. If no other process turns out to be in our place, the worker joins anew. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include "model/config.h"
#include <inttypes.h>
#include <stdio.h>

enum { REVOKE_MS = 15000, REJOIN_PAUSE_MS = 500, REJOIN_STEP_MS = 50 };

/* ---- The group's callbacks. ---- */

static void remove_task(struct eng_worker *worker, struct eng_task *task)
{
    eng_assert(worker->places[task->partition] == task);
    worker->places[task->partition] = NULL;
    uint32_t i = 0;
    while (worker->tasks[i] != task)
        i++;
    eng_assert(i < worker->task_count);
    worker->tasks[i] = worker->tasks[--worker->task_count];
    eng_task_free(task);
}

/* Kept tasks that did not come back belong to somebody else now. */
static void drop_kept(struct eng_worker *worker)
{
    eng_assert(worker->task_count == 0 || worker->tasks != NULL);
    for (uint32_t i = worker->task_count; i-- > 0;)
        if (worker->tasks[i]->state == ENG_TASK_KEPT)
            remove_task(worker, worker->tasks[i]);
}

static void add_task(struct eng_worker *worker, int32_t partition)
{
    struct eng_task *task = eng_worker_task(worker, partition);
    if (partition >= worker->input.partition_count) {
        (void)eng_error_set(&worker->error, ENG_TOPIC,
                            "the input topic \"%s\" has more partitions than at the start (%" PRId32
                            " is new): the output topics need as many; then restart",
                            worker->config->input.topic, partition);
        return;
    }
    if (task != NULL) {
        eng_assert(task->state == ENG_TASK_KEPT);
        eng_task_ask(task);
        task->assignment = worker->assignment;
        return;
    }
    task = eng_task_new(partition);
    if (task == NULL) {
        (void)eng_error_set(&worker->error, ENG_NO_MEMORY, "no memory for partition %" PRId32,
                            partition);
        return;
    }
    eng_assert(worker->task_count < (uint32_t)worker->input.partition_count);
    task->assignment = worker->assignment;
    worker->tasks[worker->task_count++] = task;
    worker->places[partition] = task;
}

/* The group has changed. */
static void note_change(struct eng_worker *worker)
{
    eng_assert(worker->stats.rebalances <= worker->assignment);
    worker->assignment++;
    worker->stats.rebalances++;
    if (worker->options.standbys != NULL)
        eng_standbys_stir(worker->options.standbys);
    eng_assert(worker->assignment > 0);
}

static void on_assigned(void *context, const int32_t *partitions, uint32_t count)
{
    struct eng_worker *worker = context;
    eng_assert(partitions != NULL || count == 0);
    note_change(worker);
    for (uint32_t i = 0; i < count; i++)
        add_task(worker, partitions[i]);
    drop_kept(worker);
    worker->placed = worker->assign_due = true;
    eng_log(ENG_LOG_INFO, "stream", "worker=%" PRIu32 " assigned %" PRIu32 " partitions",
            worker->options.index, count);
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
}

static void give_up_task(struct eng_worker *worker, int32_t partition, bool lost)
{
    struct eng_task *task = eng_worker_task(worker, partition);
    if (task == NULL)
        return;
    eng_assert(task->partition == partition);
    eng_assert(!task->touched);
    bool clean = task->state == ENG_TASK_LIVE && task->committed.next >= 0;
    if (worker->options.eager && !lost && clean)
        eng_task_keep(task);
    else
        remove_task(worker, task);
}

static void on_revoked(void *context, const int32_t *partitions, uint32_t count, bool lost)
{
    struct eng_worker *worker = context;
    eng_assert(partitions != NULL || count == 0);
    note_change(worker);
    for (uint32_t i = 0; !lost && i < count; i++)
        if (eng_worker_task(worker, partitions[i]) != NULL)
            eng_worker_task(worker, partitions[i])->leaving = true;
    if (ENG_RULE(SETTLE_ON_REVOKE) && !eng_worker_settle(worker, lost, REVOKE_MS))
        eng_log(ENG_LOG_WARN, "stream", "worker=%" PRIu32 " %s with work not committed",
                worker->options.index, lost ? "lost its partitions" : "gives up partitions");
    for (uint32_t i = 0; i < count; i++)
        give_up_task(worker, partitions[i], lost);
    worker->placed &= !lost;
    worker->assign_due = true;
    eng_log(ENG_LOG_INFO, "stream", "worker=%" PRIu32 " %s %" PRIu32 " partitions",
            worker->options.index, lost ? "lost" : "gave back", count);
    eng_assert(!worker->in_flight);
}

static void on_ended(void *context, int32_t partition, int64_t next, bool all)
{
    struct eng_worker *worker = context;
    struct eng_task *task = eng_worker_task(worker, partition);
    eng_assert(worker != NULL);
    eng_assert(next >= 0);
    if (task == NULL)
        return;
    task->ended_at = next;
    task->ended_all = all;
}

static void on_failed(void *context, int32_t partition, enum eng_status status, const char *text)
{
    struct eng_worker *worker = context;
    struct eng_task *task = eng_worker_task(worker, partition);
    eng_assert(status != ENG_OK);
    eng_assert(text != NULL);
    if (status == ENG_NOT_FOUND && task != NULL) {
        eng_worker_say(worker, ENG_LOG_WARN, text);
        if (task->touched || worker->in_flight)
            (void)eng_worker_settle(worker, false, REVOKE_MS); /* what it did is done */
        eng_task_forget(task);
        task->assignment = ++worker->assignment;
        worker->assign_due = true;
    } else if (eng_status_class(status) == ENG_CLASS_RETRY || status == ENG_NOT_FOUND) {
        eng_worker_say(worker, ENG_LOG_WARN, text);
    } else {
        (void)eng_error_set(&worker->error, status, "%s", text);
    }
}

void eng_worker_group_init(struct eng_worker *worker)
{
    eng_assert(worker != NULL);
    worker->handler = (struct eng_port_handler){.context = worker,
                                                .assigned = on_assigned,
                                                .revoked = on_revoked,
                                                .ended = on_ended,
                                                .failed = on_failed};
}

void eng_worker_drop_tasks(struct eng_worker *worker)
{
    for (uint32_t i = 0; i < worker->task_count; i++)
        eng_task_free(worker->tasks[i]);
    worker->task_count = 0;
    for (int32_t i = 0; worker->places != NULL && i < worker->input.partition_count; i++)
        worker->places[i] = NULL;
}

/* ---- Coming back. ---- */

/* Nothing is under way any more, on no thread, and no partition is ours. */
static void let_go(struct eng_worker *worker)
{
    (void)eng_worker_settle(worker, true, 0); /* what is given up is done again */
    while (!eng_courier_wait(&worker->aide, REJOIN_STEP_MS))
        eng_worker_beat(worker);
    eng_worker_readers_drop(worker);
    worker->marking = false;
    worker->assignment++;
    worker->placed = worker->assign_due = worker->paused = false;
    worker->blocked_since_us = -1;
    eng_worker_drop_tasks(worker);
    eng_assert(!worker->in_flight && !worker->renewing);
    eng_assert(!eng_courier_busy(&worker->sender));
}

bool eng_worker_rejoin(struct eng_worker *worker)
{
    enum eng_status status;
    struct eng_error cause = {0};
    eng_assert(atomic_load(&worker->state) > ENG_WORKER_STARTING);
    eng_assert(atomic_load(&worker->state) < ENG_WORKER_STOPPING);
    if (worker->error.status != ENG_LOST)
        return false;
    eng_worker_say(worker, ENG_LOG_WARN,
                   "shut out by the group's coordinator; looking for who is "
                   "in this one's place");
    let_go(worker);
    eng_worker_state_set(worker, ENG_WORKER_JOINING);
    do {
        if (!eng_worker_doze(worker, REJOIN_PAUSE_MS)) {
            eng_error_clear(&worker->error); /* told to stop, with nothing left to do */
            return false;
        }
        status = worker->port->ops->rejoin(worker->port, &cause);
    } while (status == ENG_AGAIN);
    if (status != ENG_OK)
        worker->error = cause;
    else
        eng_error_clear(&worker->error);
    return status == ENG_OK;
}
