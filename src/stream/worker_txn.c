/* The worker's transactions: sealing, handing over, and what follows from an outcome.
 *
 * Two take turns: one fills while the other is in flight. Sealing makes the filling one complete
 * (journal and offsets of every task it touches) at a moment between two records, or two steps of
 * one, so it is exactly what was told up to there. If one is lost, all tasks in it and in the one
 * behind it are worth nothing any more: they forget, and begin again from what the group has. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/rules.h"
#include "model/config.h"
#include <inttypes.h>

enum { SETTLE_STEP_MS = 50, LONG_US = 500000 };

static struct eng_txn *filling(struct eng_worker *worker)
{
    return &worker->txns[worker->filling];
}

static struct eng_txn *flying(struct eng_worker *worker)
{
    return &worker->txns[1 - worker->filling];
}

/* ---- Outcomes. ---- */

/* The largest of each measure. Half a second is long for a transaction, and so is worth a line. */
static void note_size(struct eng_worker *worker, const struct eng_txn *txn)
{
    struct eng_worker_stats *stats = &worker->stats;
    uint64_t bytes = eng_txn_bytes(txn), took_us = (uint64_t)txn->took_us;
    eng_assert(txn->took_us >= 0);
    eng_assert(bytes > 0);
    if (took_us >= LONG_US)
        eng_log(ENG_LOG_DEBUG, "stream",
                "worker=%" PRIu32 " a transaction of %" PRIu32 " records and %" PRIu64
                " bytes took %" PRIu64 " ms",
                worker->options.index, txn->record_count, bytes, took_us / 1000);
    stats->txn_bytes_max = bytes > stats->txn_bytes_max ? bytes : stats->txn_bytes_max;
    stats->txn_us_max = took_us > stats->txn_us_max ? took_us : stats->txn_us_max;
    if (txn->record_count > stats->txn_records_max)
        stats->txn_records_max = txn->record_count;
}

static void count_outcome(struct eng_worker *worker, const struct eng_txn *txn)
{
    eng_assert(txn->outcome != ENG_TXN_NONE);
    eng_assert(txn->took_us >= 0);
    if (txn->outcome == ENG_TXN_DONE) {
        worker->stats.commits++;
        note_size(worker, txn);
        eng_worker_say(worker, ENG_LOG_INFO, "");
        eng_stats_count_latency(&worker->stats, txn->took_us);
    }
    worker->stats.aborts = atomic_load(&worker->committer.aborts);
    worker->stats.producer_rotations = atomic_load(&worker->committer.rotations);
}

static void tell_tasks(struct eng_worker *worker, const struct eng_txn *txn)
{
    eng_assert(txn->outcome == ENG_TXN_DONE);
    for (uint32_t i = 0; i < txn->offset_count; i++) {
        struct eng_task *task = eng_worker_task(worker, txn->offsets[i].now.partition);
        eng_assert(task != NULL); /* a revoke settles first */
        eng_task_committed(task, &txn->offsets[i].now);
    }
}

/* A transaction is lost: the tasks sealed into it, and those of the filling one, begin again. */
static void forget_tasks(struct eng_worker *worker, const struct eng_txn *lost)
{
    for (uint32_t i = 0; i < lost->offset_count; i++) {
        struct eng_task *task = eng_worker_task(worker, lost->offsets[i].now.partition);
        eng_assert(task != NULL);
        if (task->state == ENG_TASK_LIVE && ENG_RULE(FORGET_ON_LOST))
            eng_task_forget(task);
    }
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (worker->tasks[i]->touched)
            eng_task_forget(worker->tasks[i]);
    eng_txn_clear(filling(worker));
    worker->assign_due = true;
    eng_assert(filling(worker)->record_count == 0);
}

void eng_worker_take_outcome(struct eng_worker *worker)
{
    if (!worker->in_flight || eng_courier_busy(&worker->sender))
        return;
    struct eng_txn *txn = flying(worker);
    eng_assert(txn->outcome != ENG_TXN_NONE);
    worker->in_flight = false;
    count_outcome(worker, txn);
    if (txn->outcome == ENG_TXN_DONE)
        tell_tasks(worker, txn);
    else
        forget_tasks(worker, txn);
    if (txn->outcome == ENG_TXN_TAKEN)
        eng_log(ENG_LOG_WARN, "stream",
                "worker=%" PRIu32
                " somebody else has committed for our partitions: beginning again",
                worker->options.index);
    if (txn->outcome == ENG_TXN_FAILED && worker->error.status == ENG_OK)
        worker->error = txn->error;
    eng_txn_clear(txn);
    eng_assert(!worker->in_flight);
}

/* ---- Sealing. ---- */

static void send_errand(void *context)
{
    struct eng_worker *worker = context;
    eng_committer_send(&worker->committer, flying(worker));
}

static uint32_t count_touched(const struct eng_worker *worker)
{
    uint32_t count = 0;
    eng_assert(worker->task_count == 0 || worker->tasks != NULL);
    for (uint32_t i = 0; i < worker->task_count; i++)
        count += worker->tasks[i]->touched;
    eng_assert(count <= worker->task_count);
    return count;
}

/* Completes the filling transaction. The room for pages is shared by its tasks: each may use its
 * part of what those before it have left. False when nothing is in it, or memory ran out. */
static bool seal(struct eng_worker *worker)
{
    struct eng_txn *txn = filling(worker);
    size_t most = eng_txn_bytes(txn) + ENG_WORKER_PAGES_BYTES;
    uint32_t left = count_touched(worker);
    eng_assert(txn->offset_count == 0);
    for (uint32_t i = 0; i < worker->task_count; i++) {
        struct eng_task *task = worker->tasks[i];
        if (!task->touched)
            continue;
        size_t used = eng_txn_bytes(txn);
        worker->feed.pages_bytes = used < most ? (most - used) / left : 1;
        left--;
        if (eng_task_seal(task, &worker->feed, worker->options.writer) != ENG_OK) {
            (void)eng_error_set(&worker->error, ENG_NO_MEMORY, "no memory for a transaction");
            return false;
        }
    }
    eng_assert(txn->offset_count > 0 || txn->record_count == 0);
    return txn->offset_count > 0;
}

/* Seals and hands over; the other one must be back. */
static void send_filling(struct eng_worker *worker)
{
    eng_assert(!worker->in_flight);
    eng_assert(!eng_courier_busy(&worker->sender));
    if (!seal(worker))
        return;
    worker->filling = 1 - worker->filling;
    worker->feed.txn = filling(worker);
    eng_assert(filling(worker)->opened_us < 0);
    worker->in_flight = true;
    eng_courier_submit(&worker->sender, send_errand, worker);
}

void eng_worker_seal_due(struct eng_worker *worker)
{
    struct eng_txn *txn = filling(worker);
    eng_assert(worker->error.status == ENG_OK);
    if (worker->in_flight || worker->renewing || txn->opened_us < 0)
        return;
    int64_t age_us = worker->port->ops->mono_us(worker->port) - txn->opened_us;
    eng_assert(age_us >= 0);
    if (age_us >= worker->config->run.commit_interval_ms * 1000 || eng_feed_is_full(&worker->feed))
        send_filling(worker);
}

/* ---- Settling: at revoke, at loss, at the end. ---- */

/* Waits for the commit thread; at the deadline, or at once in a hurry, it is told to give up. */
static void wait_for_sender(struct eng_worker *worker, bool hurry, int64_t deadline_us)
{
    eng_assert(worker->in_flight || worker->renewing);
    while (eng_courier_busy(&worker->sender)) {
        if (hurry || worker->port->ops->mono_us(worker->port) >= deadline_us)
            atomic_store(&worker->committer.cancel, true);
        eng_worker_beat(worker);
        (void)eng_courier_wait(&worker->sender, SETTLE_STEP_MS); /* looked at again */
    }
    atomic_store(&worker->committer.cancel, false);
    worker->renewing = false;
    eng_worker_take_outcome(worker);
    eng_assert(!worker->in_flight);
}

/* What fills is given up, with the tasks that have been sealed into it when memory ran out for the
 * next one. */
static void discard_filling(struct eng_worker *worker)
{
    eng_assert(!worker->in_flight);
    forget_tasks(worker, filling(worker));
    eng_assert(filling(worker)->opened_us < 0);
}

/* Is there something to commit? After the first transaction only pages of tasks that leave, as long
 * as there is time, and not without end: what is missing is read again by whoever comes. */
static bool may_send(struct eng_worker *worker, size_t bytes, int64_t deadline_us)
{
    bool first = bytes == 0;
    eng_assert(!worker->in_flight);
    eng_assert(deadline_us >= 0);
    if (!first &&
        (bytes >= ENG_WORKER_PAGES_LAST || worker->port->ops->mono_us(worker->port) >= deadline_us))
        return false;
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (first || worker->tasks[i]->leaving)
            eng_task_refresh(worker->tasks[i], &worker->feed);
    return filling(worker)->opened_us >= 0;
}

bool eng_worker_settle(struct eng_worker *worker, bool hurry, int64_t deadline_ms)
{
    uint64_t commits = worker->stats.commits;
    eng_assert(deadline_ms >= 0);
    int64_t deadline_us = worker->port->ops->mono_us(worker->port) + deadline_ms * 1000;
    uint64_t wanted = commits + worker->in_flight;
    if (worker->in_flight || worker->renewing)
        wait_for_sender(worker, hurry, deadline_us);
    for (size_t bytes = 0; !hurry && worker->error.status == ENG_OK &&
                           worker->stats.commits == wanted && may_send(worker, bytes, deadline_us);
         bytes += ENG_WORKER_PAGES_BYTES) {
        send_filling(worker);
        wanted += worker->in_flight;
        if (worker->in_flight)
            wait_for_sender(worker, false, deadline_us);
    }
    bool more = filling(worker)->opened_us >= 0;
    if (more)
        discard_filling(worker);
    eng_assert(!worker->in_flight);
    return !more && worker->stats.commits == wanted;
}
