/* The workers of one process, as one thing to start, stop and look at. See service.h.
 *
 * If one worker fails the others are asked to stop: half a program running looks healthy and is
 * not. */
#include "stream/service.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "model/config.h"
#include "stream/clock.h"
#include "stream/kafka.h"
#include "stream/merger.h"
#include "stream/reload.h"
#include "stream/standby.h"
#include "stream/worker.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FREE_STEP_MS = 20,
    STUCK_US = 20000000, /* calls are given 10 seconds at most */
    GIVE_UP_US = 60000000,
    SAY_AGAIN_US = 20000000,
};

struct eng_service {
    const struct eng_config *config; /* as it was at the start: what a reload cannot change */
    struct eng_reload reload;
    struct eng_worker **workers;
    pthread_t *threads;
    struct eng_config nobody;      /* the same, but not to be taken for a member of the group */
    struct eng_standbys *standbys; /* NULL: none are wanted */
    struct eng_config mergers;     /* the same, as a member of those who merge groups */
    char mergers_group[ENG_MERGER_GROUP_BYTES];
    struct eng_merger *merger; /* NULL: there are no groups */
    pthread_t merger_thread;
    bool merger_started;
    uint32_t worker_count;
    uint32_t started; /* threads made */
    bool joined;
    _Atomic int gate;
    _Atomic uint64_t memory_bytes;
    _Atomic bool stop;
    int64_t said_us; /* when a call that hangs was last named */
};

/* A text that no other process has at this time, here or on another machine. */
static void make_unique(char *to, size_t size)
{
    char host[65] = "";
    eng_assert(to != NULL);
    eng_assert(size >= 128);
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0'; /* the rest is enough */
    (void)snprintf(to, size, "%s-%ld-%" PRIx64, host, (long)getpid(),
                   (uint64_t)eng_clock_wall_ms()); /* fits */
}

static enum eng_status make_worker(struct eng_service *service, uint32_t index, const char *unique,
                                   struct eng_error *err)
{
    struct eng_port *port;
    enum eng_status status = eng_kafka_new(service->config, index, unique, &port, err);
    eng_assert(unique != NULL);
    eng_assert(index < service->worker_count);
    if (status != ENG_OK)
        return status;
    uint64_t seed = (uint64_t)eng_clock_mono_us() + index;
    struct eng_worker_options options = {.config = service->config,
                                         .port = port,
                                         .index = index,
                                         .writer =
                                             XXH3_64bits_withSeed(unique, strlen(unique), seed),
                                         .eager = eng_kafka_is_eager(service->config),
                                         .couriers = {.threaded = true},
                                         .asks_first = true,
                                         .gate = &service->gate,
                                         .memory_bytes = &service->memory_bytes,
                                         .standbys = service->standbys};
    status = eng_worker_new(&options, &service->workers[index], err);
    if (status == ENG_OK && index > 0)
        service->workers[index - 1]->next = service->workers[index];
    return status;
}

/* The standbys' port joins no group, so it must not look like a member that has an instance. */
static enum eng_status make_standbys(struct eng_service *service, const char *unique,
                                     struct eng_error *err)
{
    struct eng_port *port;
    eng_assert(unique != NULL);
    eng_assert(service->standbys == NULL);
    if (service->config->run.standbys == 0)
        return ENG_OK;
    service->nobody = *service->config;
    service->nobody.kafka.instance = NULL;
    enum eng_status status =
        eng_kafka_new(&service->nobody, service->worker_count, unique, &port, err);
    if (status != ENG_OK)
        return status;
    struct eng_standbys_options options = {.edition = service->reload.edition,
                                           .port = port,
                                           .process = eng_kafka_process(service->config, unique),
                                           .memory_bytes = &service->memory_bytes};
    return eng_standbys_new(&options, &service->standbys, err);
}

/* Only a program with groups or boards has something to merge. */
static enum eng_status make_merger(struct eng_service *service, const char *unique,
                                   struct eng_error *err)
{
    struct eng_port *port;
    eng_assert(unique != NULL);
    eng_assert(service->merger == NULL);
    if (!eng_model_is_merged(service->config->model))
        return ENG_OK;
    eng_merger_config(service->config, service->mergers_group, &service->mergers);
    enum eng_status status =
        eng_kafka_new(&service->mergers, service->worker_count + 1, unique, &port, err);
    if (status != ENG_OK)
        return status;
    struct eng_merger_options options = {
        .config = service->config,
        .port = port,
        .writer = XXH3_64bits_withSeed(unique, strlen(unique), (uint64_t)eng_clock_mono_us()),
        .way = {.threaded = true},
        .gate = &service->gate};
    return eng_merger_new(&options, &service->merger, err);
}

enum eng_status eng_service_new(const struct eng_config *config, struct eng_service **ret_service,
                                struct eng_error *err)
{
    char unique[160];
    eng_assert(config != NULL && config->model != NULL);
    eng_assert(config->run.workers >= 1);
    struct eng_service *service = eng_calloc(1, sizeof *service);
    if (service == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the service");
    service->config = config;
    service->worker_count = config->run.workers;
    service->workers = eng_calloc(service->worker_count, sizeof *service->workers);
    service->threads = eng_calloc(service->worker_count, sizeof *service->threads);
    enum eng_status status = eng_reload_init(&service->reload, config);
    if (service->workers == NULL || service->threads == NULL || status != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for the workers");
    make_unique(unique, sizeof unique);
    if (status == ENG_OK)
        status = make_standbys(service, unique, err);
    if (status == ENG_OK)
        status = make_merger(service, unique, err);
    for (uint32_t i = 0; status == ENG_OK && i < service->worker_count; i++)
        status = make_worker(service, i, unique, err);
    if (status == ENG_OK)
        *ret_service = service;
    else
        eng_service_free(service);
    return status;
}

static void *run_worker(void *argument)
{
    eng_worker_run(argument);
    return NULL;
}

static void *run_merger(void *argument)
{
    eng_merger_run(argument);
    return NULL;
}

enum eng_status eng_service_start(struct eng_service *service, struct eng_error *err)
{
    eng_assert(service->started == 0);
    eng_assert(service->worker_count > 0);
    const struct eng_courier_way way = {.threaded = true};
    if (service->standbys != NULL && eng_standbys_start(service->standbys, way, err) != ENG_OK)
        return ENG_NO_MEMORY;
    for (; service->started < service->worker_count; service->started++) {
        uint32_t i = service->started;
        if (pthread_create(&service->threads[i], NULL, run_worker, service->workers[i]) != 0) {
            eng_service_stop(service);
            return eng_error_set(err, ENG_NO_MEMORY, "no thread could be made for worker %" PRIu32,
                                 i);
        }
    }
    if (service->merger == NULL)
        return ENG_OK;
    if (pthread_create(&service->merger_thread, NULL, run_merger, service->merger) != 0) {
        eng_service_stop(service);
        return eng_error_set(err, ENG_NO_MEMORY, "no thread could be made for merging groups");
    }
    service->merger_started = true;
    return ENG_OK;
}

void eng_service_stop(struct eng_service *service)
{
    eng_assert(service != NULL);
    atomic_store(&service->stop, true);
    for (uint32_t i = 0; i < service->worker_count; i++)
        if (service->workers[i] != NULL)
            atomic_store(&service->workers[i]->stop, true);
    if (service->standbys != NULL)
        eng_standbys_stop(service->standbys);
    if (service->merger != NULL)
        eng_merger_stop(service->merger);
}

static bool has_stopped(const struct eng_worker *worker)
{
    return atomic_load(&worker->state) == ENG_WORKER_STOPPED;
}

/* A failure outranks a stop, and the first failed worker speaks for all. */
static enum eng_status worst(const struct eng_service *service, struct eng_error *err)
{
    eng_assert(service->started <= service->worker_count);
    for (uint32_t i = 0; i < service->started; i++) {
        const struct eng_worker *worker = service->workers[i];
        eng_assert(has_stopped(worker));
        if (worker->error.status != ENG_OK)
            return eng_error_set(err, worker->error.status, "%s", worker->error.text);
    }
    enum eng_status merger = ENG_STOPPED;
    if (service->merger_started)
        (void)eng_merger_stopped(service->merger, &merger,
                                 err); /* it is: this is asked at the end */
    return merger;
}

bool eng_service_stopped(struct eng_service *service, enum eng_status *ret_status,
                         struct eng_error *err)
{
    uint32_t stopped = 0;
    eng_assert(service != NULL);
    for (uint32_t i = 0; i < service->started; i++)
        stopped += has_stopped(service->workers[i]);
    enum eng_status merger;
    uint32_t others = service->merger_started;
    stopped += others > 0 && eng_merger_stopped(service->merger, &merger, NULL);
    eng_assert(stopped <= service->started + others);
    if (stopped > 0 && !atomic_load(&service->stop))
        eng_service_stop(service);
    if (stopped < service->started + others)
        return false;
    if (ret_status != NULL)
        *ret_status = worst(service, err);
    return true;
}

/* What a worker, or behind the last one the merger, does not come back from; NULL: nothing. */
static const char *stuck_in(const struct eng_service *service, uint32_t index, int64_t now_us,
                            int64_t limit_us)
{
    eng_assert(index <= service->started);
    eng_assert(index < service->started || service->merger != NULL);
    return index < service->started
               ? eng_committer_stuck(&service->workers[index]->committer, now_us, limit_us)
               : eng_merger_stuck(service->merger, now_us, limit_us);
}

enum eng_status eng_service_watch(struct eng_service *service, struct eng_error *err)
{
    int64_t now_us = eng_clock_mono_us();
    eng_assert(service->started <= service->worker_count);
    eng_assert(now_us > 0);
    for (uint32_t i = 0; i < service->started + service->merger_started; i++) {
        const char *what = stuck_in(service, i, now_us, STUCK_US);
        char who[32] = "merging groups";
        if (i < service->started)
            (void)snprintf(who, sizeof who, "worker=%" PRIu32, i); /* fits */
        if (what != NULL && now_us - service->said_us > SAY_AGAIN_US) {
            service->said_us = now_us;
            eng_log(ENG_LOG_WARN, "stream",
                    "%s: librdkafka does not come back from %s: a broker does not answer", who,
                    what);
        }
        what = stuck_in(service, i, now_us, GIVE_UP_US);
        if (what != NULL)
            return eng_error_set(err, ENG_UNAVAILABLE,
                                 "%s: librdkafka has not come back from %s for %d seconds, as a "
                                 "broker does not answer: ends, so that another process can go on; "
                                 "restart it",
                                 who, what, GIVE_UP_US / 1000000);
    }
    return ENG_OK;
}

/* Waits for the workers as long as a graceful stop may take, and some more. */
static bool wait_stopped(struct eng_service *service)
{
    int64_t deadline_us =
        eng_clock_mono_us() + (eng_service_config(service)->run.stop_deadline_ms + 5000) * 1000;
    eng_service_stop(service);
    eng_assert(atomic_load(&service->stop));
    while (!eng_service_stopped(service, NULL, NULL)) {
        if (eng_clock_mono_us() > deadline_us)
            return false;
        eng_clock_sleep_ms(FREE_STEP_MS);
    }
    return true;
}

void eng_service_free(struct eng_service *service)
{
    if (service == NULL)
        return;
    if (service->started > 0 && !wait_stopped(service)) {
        eng_log(ENG_LOG_ERROR, "stream", "a worker hangs: its threads are given up");
        return; /* what they use has to stay */
    }
    eng_assert(service->worker_count > 0);
    for (uint32_t i = 0; i < service->started; i++)
        pthread_join(service->threads[i], NULL);
    if (service->merger_started)
        pthread_join(service->merger_thread, NULL);
    eng_merger_free(service->merger);
    for (uint32_t i = 0; service->workers != NULL && i < service->worker_count; i++) {
        if (service->workers[i] != NULL && i >= service->started)
            eng_worker_close_inbox(service->workers[i]);
        eng_worker_free(service->workers[i]);
    }
    eng_standbys_free(service->standbys);
    eng_free(service->workers);
    eng_free(service->threads);
    eng_reload_done(&service->reload);
    eng_free(service);
}

/* ---- Another configuration. ---- */

const struct eng_config *eng_service_config(const struct eng_service *service)
{
    eng_assert(service != NULL);
    eng_assert(service->reload.edition != NULL);
    return service->reload.edition->config;
}

enum eng_reload_result eng_service_reload(struct eng_service *service,
                                          const struct eng_config_source *reader,
                                          struct eng_error *err)
{
    enum eng_reload_result result =
        eng_reload_try(&service->reload, reader, eng_clock_wall_ms(), err);
    eng_assert(service->worker_count > 0);
    eng_assert(result < ENG_RELOAD_COUNT);
    for (uint32_t i = 0; result == ENG_RELOAD_ACCEPTED && i < service->worker_count; i++)
        eng_worker_reload(service->workers[i], service->reload.edition);
    if (result == ENG_RELOAD_ACCEPTED && service->standbys != NULL)
        eng_standbys_use(service->standbys, service->reload.edition);
    return result;
}

bool eng_service_is_outdated(const struct eng_service *service)
{
    bool any = false;
    eng_assert(service->workers != NULL);
    eng_assert(service->worker_count > 0);
    for (uint32_t i = 0; i < service->worker_count; i++)
        any |= atomic_load(&service->workers[i]->outdated) > 0;
    return any;
}

/* ---- Statistics. ---- */

static int by_partition(const void *left, const void *right)
{
    int32_t a = ((const struct eng_partition_stats *)left)->partition;
    int32_t b = ((const struct eng_partition_stats *)right)->partition;
    return a < b ? -1 : a > b;
}

/* Adds one worker's board. */
static enum eng_status add_board(struct eng_stats *stats, struct eng_board *board)
{
    enum eng_status status = ENG_OK;
    eng_assert(stats->workers != NULL);
    pthread_mutex_lock(&board->lock);
    uint32_t more = board->partition_count;
    struct eng_partition_stats *all =
        eng_realloc(stats->partitions, (stats->partition_count + more + 1) * sizeof *all);
    if (all == NULL) {
        status = ENG_NO_MEMORY;
    } else {
        stats->partitions = all;
        if (more > 0)
            memcpy(all + stats->partition_count, board->partitions, more * sizeof *all);
        stats->partition_count += more;
        stats->workers[stats->worker_count++] = board->worker;
    }
    pthread_mutex_unlock(&board->lock);
    eng_assert(status == ENG_OK || all == NULL);
    return status;
}

enum eng_status eng_service_stats(struct eng_service *service, struct eng_stats *ret_stats)
{
    struct eng_stats stats = {0};
    eng_assert(ret_stats != NULL);
    eng_assert(service->worker_count > 0);
    eng_reload_stats(&service->reload, &stats.reload);
    stats.workers = eng_calloc(service->worker_count, sizeof *stats.workers);
    enum eng_status status = stats.workers != NULL ? ENG_OK : ENG_NO_MEMORY;
    for (uint32_t i = 0; status == ENG_OK && i < service->worker_count; i++) {
        struct eng_board *board = &service->workers[i]->board;
        status = add_board(&stats, board);
        if (status == ENG_OK)
            stats.workers[i].heartbeat_ms =
                (eng_clock_mono_us() - atomic_load(&board->beat_us)) / 1000;
    }
    if (status == ENG_OK && service->standbys != NULL)
        status = eng_standbys_show(service->standbys, &stats);
    if (service->merger != NULL)
        eng_merger_show(service->merger, &stats.merger);
    if (status != ENG_OK) {
        eng_stats_free(&stats);
        return status;
    }
    if (stats.partition_count > 1)
        qsort(stats.partitions, stats.partition_count, sizeof *stats.partitions, by_partition);
    *ret_stats = stats;
    return ENG_OK;
}

void eng_stats_free(struct eng_stats *stats)
{
    if (stats == NULL)
        return;
    eng_free(stats->workers);
    eng_free(stats->partitions);
    eng_free(stats->standbys);
    *stats = (struct eng_stats){0};
}

/* Gives a query to the first worker that takes it. */
static void put_query(struct eng_service *service, struct eng_query *query)
{
    eng_assert(query->answer != NULL);
    eng_assert(service->worker_count > 0);
    for (uint32_t i = 0; i < service->worker_count; i++)
        if (eng_inbox_put(&service->workers[i]->inbox, query))
            return;
    query->answer(query->context, query->erases ? ENG_UNAVAILABLE : ENG_NOT_FOUND, "", 0);
    eng_free(query);
}

void eng_service_query(struct eng_service *service, const struct eng_service_question *question,
                       eng_service_answer *answer, void *context)
{
    eng_assert(service != NULL);
    eng_assert(answer != NULL);
    struct eng_query *query = eng_query_new(question->partner, question->length, answer, context);
    if (query == NULL) {
        answer(context, ENG_NO_MEMORY, "", 0);
        return;
    }
    query->forecast_ms = question->forecast_ms;
    put_query(service, query);
}

void eng_service_erase(struct eng_service *service, const char *partner, size_t length,
                       eng_service_answer *answer, void *context)
{
    eng_assert(service != NULL);
    eng_assert(answer != NULL);
    struct eng_query *query = eng_query_new(partner, length, answer, context);
    if (query == NULL) {
        answer(context, ENG_NO_MEMORY, "", 0);
        return;
    }
    query->erases = true;
    put_query(service, query);
}
