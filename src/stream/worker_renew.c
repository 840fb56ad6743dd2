/* Another configuration reaches a running worker (S14).
 *
 *   control thread          worker's loop, at the beginning of a turn
 *   eng_worker_reload  -->  coming: becomes the worker's edition; the one before is let go of
 *                           each live task goes on to its model, journaled, when no input of it is
 *                           half done (eng_task_go_on)
 *                           each task that is being restored: so it does, once that is done
 *
 * Between two turns no record is half taken, so the change lies between two inputs. Tasks hold the
 * edition whose model they are under, and a restore that is under way holds the one that it began
 * with, so the old one lives as long as anybody needs it.
 *
 * Processes of a group take up a new file one after the other. One that is still under the older
 * model and is given a partition that is under the newer one already cannot go on with it. It does
 * not end, which would move all its partitions, and again when it is started again: the partition
 * waits, and whoever runs the service is told that a newer configuration is wanted. Only a worker
 * whose configuration has never been of use ends; and it looks before it joins, so that its group
 * does not hear of it. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include "model/config.h"
#include <inttypes.h>
#include <stdio.h>

enum { OUTDATED_AGAIN_US = 2000000, OUTDATED_SAY_US = 60000000 };

void eng_worker_reload(struct eng_worker *worker, struct eng_edition *edition)
{
    eng_assert(worker != NULL);
    eng_assert(edition != NULL);
    /* One that has not been looked at yet is skipped. */
    eng_edition_release(atomic_exchange(&worker->coming, eng_edition_hold(edition)));
}

/* From here on this is the worker's configuration. */
static void take_edition(struct eng_worker *worker, struct eng_edition *edition)
{
    struct eng_edition *before = worker->edition;
    eng_assert(edition != before);
    eng_assert(eng_model_version(edition->config->model) >=
               eng_model_version(before->config->model));
    worker->edition = worker->feed.edition = edition;
    worker->config = worker->feed.config = edition->config;
    eng_edition_release(before);
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (worker->tasks[i]->outdated)
            worker->tasks[i]->retry_us = 0;
    eng_log(ENG_LOG_DEBUG, "stream", "worker=%" PRIu32 " has version %" PRIu32 " of the model",
            worker->options.index, eng_model_version(edition->config->model));
}

void eng_worker_renew(struct eng_worker *worker)
{
    struct eng_edition *edition = atomic_exchange(&worker->coming, NULL);
    uint32_t outdated = 0;
    eng_assert(worker->feed.edition == worker->edition);
    eng_assert(worker->batch.count == 0);
    if (edition != NULL)
        take_edition(worker, edition);
    for (uint32_t i = 0; i < worker->task_count; i++) {
        outdated += worker->tasks[i]->outdated;
        worker->proven |= worker->tasks[i]->state == ENG_TASK_LIVE;
    }
    atomic_store(&worker->outdated, outdated);
}

/* ---- Outdated. ---- */

bool eng_worker_waits_outdated(struct eng_worker *worker, struct eng_task *task, bool stale,
                               const struct eng_error *cause)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    stale |= atomic_load(&worker->coming) != NULL;
    eng_assert(task->state == ENG_TASK_ASKING);
    eng_assert(cause->status == ENG_BAD_CONFIG);
    if (!worker->proven && !stale)
        return false;
    task->outdated = !stale;
    task->retry_us = stale ? 0 : now_us + OUTDATED_AGAIN_US;
    if (stale ||
        (worker->outdated_said_us > 0 && now_us - worker->outdated_said_us < OUTDATED_SAY_US))
        return true;
    worker->outdated_said_us = now_us;
    eng_log(ENG_LOG_WARN, "stream",
            "worker=%" PRIu32 " %s; the partition waits until this process has read a newer "
            "configuration (SIGHUP)",
            worker->options.index, cause->text);
    return true;
}

/* Is this what the group keeps of a partition that our model can follow on? */
static bool is_current(struct eng_worker *worker, const struct eng_port_offset *offset)
{
    struct eng_meta meta;
    eng_assert(offset->partition >= 0);
    eng_assert(worker->edition != NULL);
    return offset->next < 0 || offset->meta[0] == '\0' ||
           eng_meta_read(offset->meta, &meta, NULL) != ENG_OK || /* said when it is restored */
           eng_restore_follows(worker->edition, &meta, offset->partition, &worker->error) == ENG_OK;
}

bool eng_worker_is_current(struct eng_worker *worker)
{
    uint32_t count = (uint32_t)worker->input.partition_count;
    eng_assert(worker->set != NULL && count > 0);
    eng_assert(worker->task_count == 0);
    if (!worker->options.asks_first || !worker->config->recovery.checkpoints)
        return true;
    for (uint32_t i = 0; i < count; i++)
        worker->set[i] = (struct eng_port_offset){.partition = (int32_t)i, .next = -1};
    if (worker->port->ops->committed(worker->port, worker->set, count, NULL) != ENG_OK)
        return true; /* it will be asked again for each partition */
    for (uint32_t i = 0; i < count; i++)
        if (!is_current(worker, &worker->set[i]))
            return false;
    return true;
}
