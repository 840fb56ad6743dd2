/* A service without workers, in place of the stream room's: the test says what its statistics are
 * and when a query is answered. To be included by one file of a test program, which then links
 * without the real one. */
#ifndef FAKE_SERVICE_H
#define FAKE_SERVICE_H

#include "base/memory.h"
#include "model/config.h"
#include "serve/clock.h"
#include "stream/service.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAKE_WORKERS = 2, FAKE_PARTITIONS = 3, FAKE_QUERIES = 16 };

enum fake_mode {
    FAKE_AT_ONCE, /* answered inside the call */
    FAKE_THREAD,  /* answered by another thread, a little later */
    FAKE_HOLD,    /* kept until fake_answer_held */
};

struct eng_service {
    pthread_mutex_t lock;
    struct eng_worker_stats workers[FAKE_WORKERS];
    struct eng_partition_stats partitions[FAKE_PARTITIONS];
    enum fake_mode mode;
    enum eng_status answer_status;
    const char *answer_text; /* NULL: {"partner_id":"..."} */
    struct fake_query {
        struct eng_service *service;
        eng_service_answer *answer;
        void *context;
        char partner[300];
        pthread_t thread;
    } queries[FAKE_QUERIES];
    _Atomic int query_count;
    _Atomic int64_t forecast_ms; /* of the last query */
    /* Life: what the daemon asks and gets. */
    enum eng_status new_status, start_status, stopped_status, watch_status;
    bool stops_when_asked;
    _Atomic bool has_ended;
    _Atomic int stop_calls, free_calls, erase_calls, reload_calls;
    struct eng_reload_stats reload;
    _Atomic bool outdated; /* until it was read again */
    const struct eng_config *config;
};

static struct eng_service fake;

const uint32_t eng_latency_bounds_ms[ENG_LATENCY_BUCKETS - 1] = {
    5, 10, 20, 50, 100, 200, 350, 500, 750, 1000, 2000, 5000, 10000};

static inline void fake_reset(void)
{
    fake = (struct eng_service){
        .lock = PTHREAD_MUTEX_INITIALIZER, .answer_status = ENG_OK, .stops_when_asked = true};
    fake.reload = (struct eng_reload_stats){.last_ms = -1, .model_version = 3};
    for (int i = 0; i < FAKE_WORKERS; i++)
        fake.workers[i] = (struct eng_worker_stats){
            .state = ENG_WORKER_RUNNING, .heartbeat_ms = 12, .commits = 7, .aborts = 1};
    for (int i = 0; i < FAKE_PARTITIONS; i++)
        fake.partitions[i] = (struct eng_partition_stats){.partition = i,
                                                          .worker = (uint32_t)i % FAKE_WORKERS,
                                                          .next_offset = 100,
                                                          .end_offset = 103,
                                                          .lag_records = 3,
                                                          .lag_ms = 1250,
                                                          .clock_ms = 1767225600123,
                                                          .partners = 10,
                                                          .memory_bytes = 2000};
}

static inline void fake_answer(struct fake_query *query)
{
    char text[512];
    int length = fake.answer_text != NULL
                     ? snprintf(text, sizeof text, "%s", fake.answer_text)
                     : snprintf(text, sizeof text, "{\"partner_id\":\"%s\"}", query->partner);
    query->answer(query->context, fake.answer_status, text, (size_t)length);
}

static inline void *fake_answer_later(void *context)
{
    struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
    fake_answer(context);
    return NULL;
}

/* Answers what FAKE_HOLD has kept. */
static inline void fake_answer_held(void)
{
    for (int i = 0; i < fake.query_count; i++)
        fake_answer(&fake.queries[i]);
    fake.query_count = 0;
}

/* Waits for the threads of FAKE_THREAD. */
static inline void fake_join(void)
{
    for (int i = 0; i < fake.query_count; i++)
        pthread_join(fake.queries[i].thread, NULL);
    fake.query_count = 0;
}

void eng_service_query(struct eng_service *service, const struct eng_service_question *question,
                       eng_service_answer *answer, void *context)
{
    struct fake_query *query = &service->queries[service->query_count++];
    *query = (struct fake_query){.service = service, .answer = answer, .context = context};
    memcpy(query->partner, question->partner, question->length);
    service->forecast_ms = question->forecast_ms;
    if (service->mode == FAKE_THREAD)
        pthread_create(&query->thread, NULL, fake_answer_later, query);
    if (service->mode != FAKE_AT_ONCE)
        return;
    service->query_count--;
    fake_answer(query);
}

void eng_service_erase(struct eng_service *service, const char *partner, size_t length,
                       eng_service_answer *answer, void *context)
{
    atomic_fetch_add(&service->erase_calls, 1);
    const struct eng_service_question question = {partner, length, 0};
    eng_service_query(service, &question, answer, context);
}

enum eng_status eng_service_stats(struct eng_service *service, struct eng_stats *ret_stats)
{
    struct eng_stats stats = {.worker_count = FAKE_WORKERS,
                              .partition_count = FAKE_PARTITIONS,
                              .reload = service->reload};
    stats.workers = eng_calloc(FAKE_WORKERS, sizeof *stats.workers);
    stats.partitions = eng_calloc(FAKE_PARTITIONS, sizeof *stats.partitions);
    if (stats.workers == NULL || stats.partitions == NULL) {
        eng_stats_free(&stats);
        return ENG_NO_MEMORY;
    }
    pthread_mutex_lock(&service->lock);
    memcpy(stats.workers, service->workers, sizeof service->workers);
    memcpy(stats.partitions, service->partitions, sizeof service->partitions);
    pthread_mutex_unlock(&service->lock);
    *ret_stats = stats;
    return ENG_OK;
}

void eng_stats_free(struct eng_stats *stats)
{
    eng_free(stats->workers);
    eng_free(stats->partitions);
    *stats = (struct eng_stats){0};
}

enum eng_status eng_service_new(const struct eng_config *config, struct eng_service **ret_service,
                                struct eng_error *err)
{
    fake.config = config;
    if (fake.new_status != ENG_OK)
        return eng_error_set(err, fake.new_status, "the fake cannot be made");
    *ret_service = &fake;
    return ENG_OK;
}

enum eng_status eng_service_start(struct eng_service *service, struct eng_error *err)
{
    if (service->start_status != ENG_OK)
        return eng_error_set(err, service->start_status, "the fake cannot start");
    return ENG_OK;
}

void eng_service_stop(struct eng_service *service)
{
    atomic_fetch_add(&service->stop_calls, 1);
    if (service->stops_when_asked)
        service->has_ended = true;
}

bool eng_service_stopped(struct eng_service *service, enum eng_status *ret_status,
                         struct eng_error *err)
{
    if (!service->has_ended)
        return false;
    *ret_status = service->stopped_status;
    if (service->stopped_status != ENG_OK && service->stopped_status != ENG_STOPPED)
        (void)eng_error_set(err, service->stopped_status, "the fake has failed");
    return true;
}

enum eng_status eng_service_watch(struct eng_service *service, struct eng_error *err)
{
    if (service->watch_status == ENG_OK)
        return ENG_OK;
    return eng_error_set(err, service->watch_status, "the fake hangs");
}

const struct eng_config *eng_service_config(const struct eng_service *service)
{
    return service->config;
}

/* Reads, and takes nothing up. */
enum eng_reload_result eng_service_reload(struct eng_service *service,
                                          const struct eng_config_source *reader,
                                          struct eng_error *err)
{
    struct eng_config *config = NULL;
    atomic_fetch_add(&service->reload_calls, 1);
    service->outdated = false;
    if (reader->read(reader->context, &config, err) != ENG_OK)
        return ENG_RELOAD_REFUSED;
    eng_config_free(config);
    return ENG_RELOAD_UNCHANGED;
}

bool eng_service_is_outdated(const struct eng_service *service)
{
    return service->outdated;
}

void eng_service_free(struct eng_service *service)
{
    atomic_fetch_add(&service->free_calls, 1);
}

#endif
