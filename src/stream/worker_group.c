/* The worker's partitions: what the group gives and takes, and how a new one finds out where it
 * stands.
 *
 * Assigned: a task that is ASKING. The aide asks the broker (recall.h); with its answer the task
 * begins, and only then anything is fetched. Before that the producer has a fresh epoch, so that
 * nothing of a predecessor with the same id is still open. Answers belong to one assignment: those
 * that come later than a change are thrown away.
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

enum { ASK_AGAIN_US = 1000000, REVOKE_MS = 15000, REJOIN_PAUSE_MS = 500, REJOIN_STEP_MS = 50 };

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
        return;
    }
    task = eng_task_new(partition);
    if (task == NULL) {
        (void)eng_error_set(&worker->error, ENG_NO_MEMORY, "no memory for partition %" PRId32,
                            partition);
        return;
    }
    eng_assert(worker->task_count < (uint32_t)worker->input.partition_count);
    worker->tasks[worker->task_count++] = task;
    worker->places[partition] = task;
}

static void on_assigned(void *context, const int32_t *partitions, uint32_t count)
{
    struct eng_worker *worker = context;
    eng_assert(partitions != NULL || count == 0);
    worker->assignment++;
    worker->stats.rebalances++;
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
    worker->assignment++;
    worker->stats.rebalances++;
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
        worker->assignment++;
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
    atomic_store(&worker->recall.cancel, true);
    while (!eng_courier_wait(&worker->aide, REJOIN_STEP_MS))
        eng_worker_beat(worker);
    atomic_store(&worker->recall.cancel, false);
    eng_recall_clear(&worker->recall);
    worker->recalling = worker->marking = false;
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

/* ---- Asking. ---- */

static bool wants_answer(const struct eng_worker *worker, const struct eng_task *task)
{
    return task->state == ENG_TASK_ASKING &&
           task->retry_us <= worker->port->ops->mono_us(worker->port);
}

static bool anybody_asks(const struct eng_worker *worker)
{
    bool any = false;
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
    for (uint32_t i = 0; i < worker->task_count; i++)
        any |= wants_answer(worker, worker->tasks[i]);
    return any;
}

static void renew_errand(void *context)
{
    struct eng_worker *worker = context;
    eng_error_clear(&worker->renew_error);
    (void)eng_committer_ready(&worker->committer, &worker->renew_error); /* the error says it */
}

/* True when the producer has an epoch that nothing of the past can touch. */
static bool producer_ready(struct eng_worker *worker)
{
    if (worker->in_flight)
        return true; /* it is at work, so it has one */
    if (eng_courier_busy(&worker->sender))
        return false;
    if (worker->renewing && worker->renew_error.status != ENG_OK)
        worker->error = worker->renew_error;
    worker->renewing = false;
    if (worker->committer.state == ENG_COMMITTER_READY || worker->error.status != ENG_OK)
        return worker->error.status == ENG_OK;
    worker->renewing = true;
    eng_courier_submit(&worker->sender, renew_errand, worker);
    eng_assert(worker->renewing);
    return false;
}

/* One partition at a time: while the aide loads the next one's pages, the loop reads this one's
 * input again. */
static void submit_recall(struct eng_worker *worker)
{
    eng_assert(!worker->recalling && !eng_courier_busy(&worker->aide));
    eng_recall_clear(&worker->recall);
    uint32_t i = 0;
    while (!wants_answer(worker, worker->tasks[i]))
        i++;
    eng_assert(i < worker->task_count);
    if (eng_recall_add(&worker->recall, worker->tasks[i]->partition) != ENG_OK) {
        (void)eng_error_set(&worker->error, ENG_NO_MEMORY, "no memory to restore");
        return;
    }
    eng_assert(worker->recall.count == 1);
    worker->recalling = true;
    worker->recall_assignment = worker->assignment;
    eng_courier_submit(&worker->aide, eng_recall_run, &worker->recall);
}

static void ask_later(struct eng_worker *worker, struct eng_task *task)
{
    if (task != NULL)
        task->retry_us = worker->port->ops->mono_us(worker->port) + ASK_AGAIN_US;
}

static void take_answer(struct eng_worker *worker, struct eng_recall_item *item)
{
    struct eng_task *task = eng_worker_task(worker, item->partition);
    eng_assert(item->partition >= 0);
    if (task == NULL || task->state != ENG_TASK_ASKING)
        return;
    if (item->status == ENG_OK) {
        (void)eng_task_begin(task, &worker->feed, item, &worker->error);
        worker->assign_due = true;
        return;
    }
    if (eng_status_class(item->status) == ENG_CLASS_RETRY) {
        eng_worker_say(worker, ENG_LOG_WARN, item->error.text);
        ask_later(worker, task);
        return;
    }
    eng_assert(item->error.status != ENG_OK);
    (void)eng_error_set(&worker->error, item->status, "%s", item->error.text);
}

static void harvest(struct eng_worker *worker)
{
    eng_assert(worker->recalling);
    worker->recalling = false;
    bool stale = ENG_RULE(RECALL_OF_ASSIGNMENT) && worker->recall_assignment != worker->assignment;
    bool same =
        stale || eng_worker_same_input(worker, worker->recall.id_status, worker->recall.input_id);
    for (uint32_t i = 0; !stale && i < worker->recall.count; i++) {
        if (same)
            take_answer(worker, &worker->recall.items[i]);
        else
            ask_later(worker, eng_worker_task(worker, worker->recall.items[i].partition));
    }
    eng_recall_clear(&worker->recall);
    eng_assert(worker->recall.count == 0);
}

/* Tells the consumer where to fetch from. */
static void assign(struct eng_worker *worker)
{
    uint32_t count = 0;
    eng_assert(worker->assign_due);
    for (uint32_t i = 0; i < worker->task_count; i++) {
        const struct eng_task *task = worker->tasks[i];
        if (task->state == ENG_TASK_LIVE || task->state == ENG_TASK_REPLAYING)
            worker->set[count++] =
                (struct eng_port_offset){.partition = task->partition, .next = task->next};
    }
    eng_assert(count <= worker->task_count);
    (void)worker->port->ops->assign(worker->port, worker->set, count, &worker->error);
    worker->assign_due = false;
}

void eng_worker_ask(struct eng_worker *worker)
{
    eng_assert(worker->feed.txn != NULL);
    if (worker->recalling && !eng_courier_busy(&worker->aide))
        harvest(worker);
    if (worker->error.status == ENG_OK && worker->assign_due)
        assign(worker);
    if (worker->error.status != ENG_OK || worker->recalling || !anybody_asks(worker))
        return;
    if (producer_ready(worker) && !eng_courier_busy(&worker->aide))
        submit_recall(worker);
}
