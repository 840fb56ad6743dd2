/* Standbys from outside: life, followers that change hands, statistics. See standby.h; what the
 * thread does is in standby_turn.c. */
#include "stream/standby_inside.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "model/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAKE_WAIT_MS = 2000, TAKE_STEP_MS = 5 };

/* ---- life ---- */

enum eng_status eng_standbys_new(const struct eng_standbys_options *options,
                                 struct eng_standbys **ret_standbys, struct eng_error *err)
{
    eng_assert(options->edition->config->run.standbys > 0);
    eng_assert(options->port != NULL && options->process > 0);
    struct eng_standbys *standbys = eng_calloc(1, sizeof *standbys);
    if (standbys == NULL) {
        options->port->ops->free(options->port);
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for standbys");
    }
    standbys->options = *options;
    standbys->edition = eng_edition_hold(options->edition);
    standbys->options.edition = NULL;
    standbys->port = options->port;
    pthread_mutex_init(&standbys->lock, NULL);
    *ret_standbys = standbys;
    return ENG_OK;
}

enum eng_status eng_standbys_start(struct eng_standbys *standbys, struct eng_courier_way way,
                                   struct eng_error *err)
{
    eng_assert(!standbys->started);
    eng_assert(way.threaded || way.host != NULL);
    enum eng_status status = eng_courier_start(&standbys->courier, way, err);
    if (status != ENG_OK)
        return status;
    standbys->started = true;
    eng_courier_submit(&standbys->courier, eng_standbys_run, standbys);
    return ENG_OK;
}

void eng_standbys_use(struct eng_standbys *standbys, struct eng_edition *edition)
{
    eng_assert(standbys != NULL);
    eng_assert(edition != NULL);
    pthread_mutex_lock(&standbys->lock);
    struct eng_edition *before = standbys->next;
    standbys->next = eng_edition_hold(edition);
    pthread_mutex_unlock(&standbys->lock);
    eng_edition_release(before);
}

void eng_standbys_stop(struct eng_standbys *standbys)
{
    eng_assert(standbys != NULL);
    eng_assert(standbys->port != NULL);
    atomic_store(&standbys->stop, true);
    pthread_mutex_lock(&standbys->lock);
    for (uint32_t i = 0; i < standbys->count; i++)
        atomic_store(&standbys->items[i]->cancel, true);
    pthread_mutex_unlock(&standbys->lock);
}

void eng_standbys_free(struct eng_standbys *standbys)
{
    if (standbys == NULL)
        return;
    eng_standbys_stop(standbys);
    if (standbys->started)
        eng_courier_stop(&standbys->courier);
    for (uint32_t i = 0; i < standbys->count; i++) {
        eng_assert(!standbys->items[i]->busy);
        eng_follower_free(standbys->items[i]->follower);
        eng_free(standbys->items[i]);
    }
    eng_standby_plan_done(&standbys->plan);
    eng_edition_release(standbys->edition);
    eng_edition_release(standbys->next);
    standbys->port->ops->free(standbys->port);
    pthread_mutex_destroy(&standbys->lock);
    eng_free(standbys->items);
    eng_assert(standbys->port != NULL);
    eng_free(standbys);
}

void eng_standbys_stir(struct eng_standbys *standbys)
{
    eng_assert(standbys != NULL);
    eng_assert(standbys->port != NULL);
    atomic_store(&standbys->stirred, true);
}

void eng_standbys_say(char said[ENG_ERROR_BYTES], const char *text)
{
    eng_assert(said != NULL);
    eng_assert(text != NULL);
    if (strcmp(said, text) == 0)
        return;
    (void)snprintf(said, ENG_ERROR_BYTES, "%s", text); /* both are of that size at most */
    if (text[0] != '\0')
        eng_log(ENG_LOG_WARN, "stream", "%s", text);
}

/* ---- a follower changes hands ---- */

struct eng_standby *eng_standbys_place(struct eng_standbys *standbys, int32_t partition)
{
    eng_assert(partition >= 0);
    eng_assert(standbys->count <= standbys->capacity);
    for (uint32_t i = 0; i < standbys->count; i++)
        if (standbys->items[i]->partition == partition)
            return standbys->items[i];
    if (standbys->count == standbys->capacity) {
        void *items = eng_grow(standbys->items, &standbys->capacity, sizeof *standbys->items);
        if (items == NULL)
            return NULL;
        standbys->items = items;
    }
    struct eng_standby *standby = eng_calloc(1, sizeof *standby);
    if (standby == NULL)
        return NULL;
    standby->partition = partition;
    standby->end = -1;
    return standbys->items[standbys->count++] = standby;
}

struct eng_follower *eng_standbys_take_out(struct eng_standby *standby)
{
    struct eng_follower *follower = standby->follower;
    eng_assert(!standby->busy);
    eng_assert(standby->partition >= 0);
    standby->follower = NULL;
    standby->view = (struct eng_follower_view){0};
    standby->end = -1;
    return follower;
}

/* It is ours now: waits until the thread has put the follower down, which it does at once. */
static struct eng_follower *take(struct eng_standbys *standbys, struct eng_port *port,
                                 struct eng_standby *standby)
{
    struct eng_follower *follower = NULL;
    standby->taken = true;
    standby->taken_at = standbys->asked;
    atomic_store(&standby->cancel, true);
    for (int waited = 0; standby->busy && waited < TAKE_WAIT_MS; waited += TAKE_STEP_MS) {
        pthread_mutex_unlock(&standbys->lock);
        port->ops->sleep_ms(port, TAKE_STEP_MS);
        pthread_mutex_lock(&standbys->lock);
    }
    eng_assert(standby->taken);
    if (!standby->busy)
        follower = eng_standbys_take_out(standby);
    eng_assert(follower == NULL || standby->follower == NULL);
    return follower;
}

struct eng_follower *eng_standbys_take(struct eng_standbys *standbys, struct eng_port *port,
                                       int32_t partition)
{
    struct eng_follower *follower = NULL;
    eng_assert(port != NULL);
    eng_assert(partition >= 0);
    pthread_mutex_lock(&standbys->lock);
    struct eng_standby *standby = eng_standbys_place(standbys, partition);
    if (standby != NULL)
        follower = take(standbys, port, standby);
    pthread_mutex_unlock(&standbys->lock);
    return follower;
}

void eng_standbys_settle(struct eng_standbys *standbys, int32_t partition,
                         struct eng_follower *follower, enum eng_follower_fate fate)
{
    eng_assert(follower != NULL);
    eng_assert(fate < ENG_FOLLOWER_FATES);
    pthread_mutex_lock(&standbys->lock);
    struct eng_standby *standby = eng_standbys_place(standbys, partition);
    standbys->fates[fate]++;
    if (fate == ENG_FOLLOWER_WAITS && standby != NULL && standby->follower == NULL) {
        eng_assert(!standby->busy); /* else somebody else had it meanwhile, and another has begun */
        standby->follower = follower;
        standby->taken = false;
        eng_follower_view(follower, &standby->view);
        follower = NULL;
    }
    pthread_mutex_unlock(&standbys->lock);
    eng_follower_free(follower);
}

/* ---- to be seen ---- */

uint64_t eng_standbys_count(struct eng_standbys *standbys, enum eng_follower_fate fate)
{
    eng_assert(fate < ENG_FOLLOWER_FATES);
    eng_assert(standbys != NULL);
    pthread_mutex_lock(&standbys->lock);
    uint64_t count = standbys->fates[fate];
    pthread_mutex_unlock(&standbys->lock);
    return count;
}

static int by_partition(const void *left, const void *right)
{
    int32_t a = ((const struct eng_standby_stats *)left)->partition;
    int32_t b = ((const struct eng_standby_stats *)right)->partition;
    return a < b ? -1 : a > b;
}

static void show_one(const struct eng_standby *standby, struct eng_standby_stats *to)
{
    eng_assert(standby->follower != NULL);
    eng_assert(standby->view.next >= 0);
    int64_t behind = standby->end < 0 ? -1 : standby->end - standby->view.next;
    *to = (struct eng_standby_stats){.partition = standby->partition,
                                     .behind_records = standby->end >= 0 && behind < 0 ? 0 : behind,
                                     .records = standby->view.records,
                                     .partners = standby->view.partners,
                                     .memory_bytes = standby->view.memory_bytes};
}

enum eng_status eng_standbys_show(struct eng_standbys *standbys, struct eng_stats *stats)
{
    pthread_mutex_lock(&standbys->lock);
    struct eng_standby_stats *all = eng_calloc(standbys->count + 1, sizeof *all);
    uint32_t count = 0;
    for (uint32_t i = 0; all != NULL && i < standbys->count; i++)
        if (standbys->items[i]->follower != NULL)
            show_one(standbys->items[i], &all[count++]);
    stats->standby_takeovers = standbys->fates[ENG_FOLLOWER_TAKEN];
    stats->standby_discards = standbys->fates[ENG_FOLLOWER_OUTDATED] +
                              standbys->fates[ENG_FOLLOWER_AHEAD] +
                              standbys->fates[ENG_FOLLOWER_BROKEN];
    pthread_mutex_unlock(&standbys->lock);
    eng_assert(all != NULL || count == 0);
    if (count > 1)
        qsort(all, count, sizeof *all, by_partition);
    eng_free(stats->standbys);
    stats->standbys = all;
    stats->standby_count = count;
    eng_assert(stats->standby_count == count);
    return all != NULL ? ENG_OK : ENG_NO_MEMORY;
}
