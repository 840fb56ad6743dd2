/* How a new partition of the worker finds out where it stands.
 *
 * A task that is ASKING gets a reader, which asks the broker and loads its pages (recall.h); with
 * the answer the task begins, and only then anything is fetched. Before that the producer has a
 * fresh epoch, so that nothing of a predecessor with the same id is still open. Answers belong to
 * one assignment of the partition: those that come after it was given up are thrown away, also when
 * it has come back. A change that leaves it where it is takes nothing from a restore.
 *
 * Readers work one partition each, and the loop meanwhile reads the input of those that have their
 * pages: reading pages costs about twice what reading the input behind them does. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/rules.h"
#include <inttypes.h>

enum { ASK_AGAIN_US = 1000000, WAIT_STEP_MS = 50 };

/* ---- Readers. ---- */

void eng_worker_readers_init(struct eng_worker *worker)
{
    eng_assert(worker->port != NULL);
    eng_assert(worker->edition != NULL);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++) {
        eng_recall_init(&worker->readers[i].recall, worker->port, worker->edition);
        worker->readers[i].recall.reader = i;
        worker->readers[i].recall.step_evaluations = worker->feed.limits.step_evaluations;
        worker->readers[i].recall.standbys = worker->options.standbys;
    }
}

bool eng_worker_readers_start(struct eng_worker *worker)
{
    uint32_t i = 0;
    eng_assert(worker->error.status == ENG_OK);
    eng_assert(worker->task_count == 0);
    while (i < ENG_PORT_READERS &&
           eng_courier_start(&worker->readers[i].courier, worker->options.couriers,
                             &worker->error) == ENG_OK)
        i++;
    if (i == ENG_PORT_READERS)
        return true;
    while (i-- > 0)
        eng_courier_stop(&worker->readers[i].courier);
    return false;
}

static void set_cancel(struct eng_worker *worker, bool cancel)
{
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++)
        atomic_store(&worker->readers[i].recall.cancel, cancel);
}

void eng_worker_readers_stop(struct eng_worker *worker)
{
    set_cancel(worker, true);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++)
        eng_courier_stop(&worker->readers[i].courier);
}

void eng_worker_readers_hurry(struct eng_worker *worker)
{
    set_cancel(worker, true);
}

void eng_worker_readers_drop(struct eng_worker *worker)
{
    set_cancel(worker, true);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++) {
        struct eng_reader *reader = &worker->readers[i];
        while (!eng_courier_wait(&reader->courier, WAIT_STEP_MS))
            eng_worker_beat(worker);
        eng_recall_clear(&reader->recall);
        reader->busy = false;
    }
    set_cancel(worker, false);
}

/* What begins from now on has the worker's edition. */
static void use_edition(struct eng_worker *worker)
{
    eng_assert(worker->edition != NULL);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++) {
        struct eng_reader *reader = &worker->readers[i];
        if (!reader->busy && reader->recall.edition != worker->edition)
            eng_recall_use(&reader->recall, worker->edition);
    }
}

const struct eng_recall *eng_worker_recall_of(const struct eng_worker *worker, int32_t partition)
{
    eng_assert(partition >= 0);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++)
        if (worker->readers[i].busy && worker->readers[i].recall.item.partition == partition)
            return &worker->readers[i].recall;
    return NULL;
}

/* ---- Asking. ---- */

static bool wants_answer(const struct eng_worker *worker, const struct eng_task *task)
{
    return task->state == ENG_TASK_ASKING &&
           task->retry_us <= worker->port->ops->mono_us(worker->port) &&
           eng_worker_recall_of(worker, task->partition) == NULL;
}

/* Whoever has waited for a reader; NULL: nobody. */
static const struct eng_task *next_to_ask(const struct eng_worker *worker)
{
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (wants_answer(worker, worker->tasks[i]))
            return worker->tasks[i];
    return NULL;
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

static void submit_recall(struct eng_worker *worker, struct eng_reader *reader,
                          const struct eng_task *task)
{
    eng_assert(!reader->busy && !eng_courier_busy(&reader->courier));
    eng_assert(reader->recall.edition == worker->edition);
    eng_recall_aim(&reader->recall, task->partition);
    reader->busy = true;
    reader->assignment = task->assignment;
    eng_courier_submit(&reader->courier, eng_recall_run, &reader->recall);
}

static void ask_later(struct eng_worker *worker, struct eng_task *task)
{
    if (task != NULL)
        task->retry_us = worker->port->ops->mono_us(worker->port) + ASK_AGAIN_US;
}

/* Where the state has come from, and what that took. */
static void tell_restored(const struct eng_worker *worker, const struct eng_recall_item *item)
{
    const struct eng_restored *restored = &item->restored;
    eng_assert(item->status == ENG_OK);
    if (restored->engine == NULL)
        return;
    eng_log(ENG_LOG_INFO, "stream",
            "worker=%" PRIu32 " partition=%" PRId32 " restored from %s: %" PRIu64
            " records of the state topic read",
            worker->options.index, item->partition,
            restored->stood_by ? "a standby" : "the beginning", restored->records);
    eng_assert(restored->has_commit);
}

static void take_answer(struct eng_worker *worker, struct eng_recall *recall)
{
    struct eng_recall_item *item = &recall->item;
    struct eng_task *task = eng_worker_task(worker, item->partition);
    eng_assert(item->partition >= 0);
    if (task == NULL || task->state != ENG_TASK_ASKING)
        return;
    task->outdated = false;
    if (item->status == ENG_OK) {
        tell_restored(worker, item);
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
    bool stale = recall->edition != worker->edition; /* it was asked with the one before */
    if (item->status == ENG_BAD_CONFIG &&
        eng_worker_waits_outdated(worker, task, stale, &item->error))
        return;
    (void)eng_error_set(&worker->error, item->status, "%s", item->error.text);
}

static void harvest(struct eng_worker *worker, struct eng_reader *reader)
{
    struct eng_recall *recall = &reader->recall;
    eng_assert(reader->busy);
    eng_assert(!eng_courier_busy(&reader->courier));
    const struct eng_task *task = eng_worker_task(worker, recall->item.partition);
    bool stale =
        task == NULL || (ENG_RULE(RECALL_OF_ASSIGNMENT) && reader->assignment != task->assignment);
    bool same = stale || eng_worker_same_input(worker, recall->id_status, recall->input_id);
    reader->busy = false;
    if (!stale && same)
        take_answer(worker, recall);
    else if (!stale)
        ask_later(worker, eng_worker_task(worker, recall->item.partition));
    eng_recall_clear(recall);
}

/* Tells the consumer where to fetch from. It goes on where it is with what it has already, so what
 * is to be fetched again is left out once. */
static void assign(struct eng_worker *worker)
{
    uint32_t count = 0;
    bool again = false;
    eng_assert(worker->assign_due);
    for (uint32_t i = 0; i < worker->task_count; i++) {
        struct eng_task *task = worker->tasks[i];
        if (eng_task_takes_records(task))
            worker->set[count++] =
                (struct eng_port_offset){.partition = task->partition, .next = task->next};
        again |= task->refetch;
        task->refetch = false;
    }
    eng_assert(count <= worker->task_count);
    (void)worker->port->ops->assign(worker->port, worker->set, count, &worker->error);
    worker->assign_due = again;
}

void eng_worker_ask(struct eng_worker *worker)
{
    eng_assert(worker->feed.txn != NULL);
    eng_assert(worker->task_count == 0 || worker->tasks != NULL);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++)
        if (worker->readers[i].busy && !eng_courier_busy(&worker->readers[i].courier))
            harvest(worker, &worker->readers[i]);
    use_edition(worker);
    if (worker->error.status == ENG_OK && worker->assign_due)
        assign(worker);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++) {
        const struct eng_task *task = next_to_ask(worker);
        if (worker->error.status != ENG_OK || task == NULL || !producer_ready(worker))
            return;
        if (!worker->readers[i].busy)
            submit_recall(worker, &worker->readers[i], task);
    }
}
