/* The worker as others see it: ends of partitions and lag, statistics, queries. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/memory.h"
#include "codec/encode.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MARKS_US = 1000000,
    SHOW_US = 50000,
    FORECAST_BYTES = 64 * 1024, /* some hundred effects */
};

_Static_assert(ENG_REASON_COUNT <=
                   sizeof((struct eng_worker_stats){0}.dead_letters) / sizeof(uint64_t),
               "every reason is shown");

/* ---- Ends of partitions. ---- */

/* The aide's errand. Stops at the first failure: the others would wait as long. */
static void marks_errand(void *context)
{
    struct eng_marks *marks = context;
    enum eng_status status = ENG_OK;
    eng_assert(marks->port != NULL);
    for (uint32_t i = 0; i < marks->count; i++) {
        int64_t bounds[2] = {-1, -1};
        if (status == ENG_OK)
            status = marks->port->ops->bounds(marks->port, ENG_TOPIC_INPUT, marks->partitions[i],
                                              bounds, NULL);
        marks->lows[i] = status == ENG_OK ? bounds[0] : -1;
        marks->ends[i] = status == ENG_OK ? bounds[1] : -1;
    }
    marks->id_status = ENG_OK;
    if (marks->asks_id)
        marks->id_status = marks->port->ops->input_id(marks->port, marks->input_id, NULL);
    eng_assert(marks->count > 0);
}

static void harvest_marks(struct eng_worker *worker)
{
    eng_assert(worker->marking);
    worker->marking = false;
    if (!eng_worker_same_input(worker, worker->marks.id_status, worker->marks.input_id))
        return;
    for (uint32_t i = 0; i < worker->marks.count; i++) {
        struct eng_task *task = eng_worker_task(worker, worker->marks.partitions[i]);
        if (task == NULL || worker->marks.ends[i] < 0)
            continue;
        task->input_low = worker->marks.lows[i];
        task->end_offset = worker->marks.ends[i];
        task->end_heard_us = worker->marks.asked_us;
    }
    eng_assert(worker->marks.count <= (uint32_t)worker->input.partition_count);
}

void eng_worker_mark(struct eng_worker *worker)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    if (worker->marking && !eng_courier_busy(&worker->aide))
        harvest_marks(worker);
    if (worker->marking || eng_courier_busy(&worker->aide) || now_us < worker->marks_due_us ||
        worker->task_count == 0)
        return;
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
    for (uint32_t i = 0; i < worker->task_count; i++)
        worker->marks.partitions[i] = worker->tasks[i]->partition;
    worker->marks.count = worker->task_count;
    worker->marks.asked_us = now_us;
    worker->marks_due_us = now_us + MARKS_US;
    worker->marking = true;
    eng_courier_submit(&worker->aide, marks_errand, &worker->marks);
    eng_assert(worker->marking);
}

/* ---- Statistics. ---- */

/* Offsets below `done` are committed, or marks that nobody has to commit. */
static void show_lag(const struct eng_worker *worker, const struct eng_task *task,
                     struct eng_partition_stats *shown)
{
    bool settled =
        task->state == ENG_TASK_LIVE && !task->touched && task->sealed.next == task->committed.next;
    int64_t done = settled ? task->next : task->committed.next;
    eng_assert(task->state != ENG_TASK_KEPT);
    shown->lag_records = shown->lag_ms = -1;
    if (task->end_offset < 0 || task->state == ENG_TASK_ASKING)
        return;
    shown->lag_records = task->end_offset > done ? task->end_offset - (done > 0 ? done : 0) : 0;
    eng_assert(shown->lag_records >= 0);
    if (shown->lag_records == 0)
        shown->lag_ms = 0;
    else if (task->committed_newest_ms >= 0)
        shown->lag_ms = worker->feed.wall_ms - task->committed_newest_ms;
    if (shown->lag_ms < -1)
        shown->lag_ms = 0;
}

/* How far the restore is, in the phase that it is in. */
static void show_restore(const struct eng_worker *worker, const struct eng_task *task,
                         struct eng_partition_stats *shown)
{
    const struct eng_recall *recall = eng_worker_recall_of(worker, task->partition);
    eng_assert(shown->partition == task->partition);
    eng_assert(task->state != ENG_TASK_KEPT);
    if (task->state == ENG_TASK_LIVE)
        return;
    shown->phase = task->state == ENG_TASK_REPLAYING ? ENG_RESTORE_INPUT : ENG_RESTORE_ASKING;
    if (task->state != ENG_TASK_ASKING)
        return;
    shown->restored_offset = shown->restore_target = 0;
    if (task->outdated)
        shown->phase = ENG_RESTORE_OUTDATED;
    if (recall == NULL || atomic_load(&recall->partition) != task->partition)
        return;
    shown->phase = ENG_RESTORE_STATE;
    shown->restored_offset = atomic_load(&recall->progress.next);
    shown->restore_target = atomic_load(&recall->progress.end);
}

static void show_task(struct eng_worker *worker, const struct eng_task *task,
                      struct eng_partition_stats *shown)
{
    *shown = (struct eng_partition_stats){.partition = task->partition,
                                          .worker = worker->options.index,
                                          .restoring = task->state != ENG_TASK_LIVE,
                                          .stalled = task->stalled,
                                          .restored_offset = task->next,
                                          .restore_target = task->replay_end,
                                          .next_offset = task->committed.next,
                                          .end_offset = task->end_offset,
                                          .low_water = task->low.next,
                                          .pages_written = task->checkpoint.written,
                                          .halves = task->halves,
                                          .clock_ms = -1};
    eng_assert(shown != NULL);
    eng_assert(task->partition >= 0);
    eng_task_counters(task, &shown->counters);
    show_lag(worker, task, shown);
    show_restore(worker, task, shown);
    if (task->engine == NULL)
        return;
    shown->clock_ms = eng_engine_clock_ms(task->engine);
    shown->model_version = eng_model_version(eng_engine_model(task->engine));
    shown->partners = eng_engine_partner_count(task->engine);
    shown->memory_bytes = eng_engine_memory_bytes(task->engine);
}

/* This worker's engines as a part of the process's. */
static void show_memory(struct eng_worker *worker)
{
    uint64_t bytes = 0;
    eng_assert(worker->task_count == 0 || worker->tasks != NULL);
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (worker->tasks[i]->engine != NULL)
            bytes += eng_engine_memory_bytes(worker->tasks[i]->engine);
    if (worker->options.memory_bytes != NULL)
        atomic_fetch_add(worker->options.memory_bytes, bytes - worker->memory_shown);
    worker->memory_shown = bytes;
    atomic_store(&worker->board.memory_bytes, bytes);
}

void eng_worker_show(struct eng_worker *worker, bool now)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    uint32_t count = 0;
    if (!now && now_us < worker->show_due_us)
        return;
    worker->show_due_us = now_us + SHOW_US;
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (worker->tasks[i]->state != ENG_TASK_KEPT)
            show_task(worker, worker->tasks[i], &worker->shown[count++]);
    eng_assert(count <= worker->task_count);
    for (int i = 0; i < ENG_REASON_COUNT; i++)
        worker->stats.dead_letters[i] = worker->sink.dead_letters[i];
    show_memory(worker);
    eng_board_show(&worker->board, &worker->stats, worker->shown, count);
}

/* ---- Queries. ---- */

static void answer(struct eng_query *query, enum eng_status status, const struct eng_bytes *json)
{
    eng_assert(query->answer != NULL);
    eng_assert(json != NULL);
    query->answer(query->context, status, json->used > 0 ? (const char *)json->data : "",
                  json->used);
    eng_free(query);
}

/* The last word on a query that no worker could answer. */
static void answer_nobody(struct eng_query *query)
{
    struct eng_bytes text = {(uint8_t *)query->restoring, strlen(query->restoring), 0};
    eng_assert(query != NULL);
    answer(query, text.used > 0 ? ENG_UNAVAILABLE : ENG_NOT_FOUND, &text);
}

/* On to the next worker that takes queries, or the last word. */
static void pass_on(struct eng_worker *worker, struct eng_query *query)
{
    eng_assert(query != NULL);
    for (struct eng_worker *next = worker->next; next != NULL; next = next->next)
        if (eng_inbox_put(&next->inbox, query))
            return;
    answer_nobody(query);
}

static void note_restoring(struct eng_worker *worker, const struct eng_task *task,
                           struct eng_query *query)
{
    struct eng_partition_stats shown = {.partition = task->partition,
                                        .restored_offset = task->next,
                                        .restore_target = task->replay_end};
    eng_assert(task->state != ENG_TASK_LIVE);
    eng_assert(query != NULL);
    show_restore(worker, task, &shown);
    (void)snprintf(query->restoring, sizeof query->restoring,
                   "restoring: partition %" PRId32 " at offset %" PRId64 " of %" PRId64 "%s",
                   task->partition, shown.restored_offset, shown.restore_target,
                   shown.phase == ENG_RESTORE_STATE ? " of the state topic" : ""); /* fits */
}

/* Erasures wait for what is half done, and so do partners whom a change of the model has not come
 * to yet. */
static void note_half_done(const struct eng_task *task, struct eng_query *query)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(query != NULL);
    (void)snprintf(query->restoring, sizeof query->restoring,
                   "busy: partition %" PRId32 " works at the input at offset %" PRId64
                   "; ask again",
                   task->partition, task->next); /* fits */
}

/* Adds to the view what the partner's future is. ENG_OK; ENG_NO_MEMORY. */
static enum eng_status foresee(struct eng_engine *engine, const struct eng_query *query,
                               int64_t clock_ms, struct eng_encode_forecast *ret)
{
    struct eng_slice partner = {query->partner, (uint32_t)query->length};
    const struct eng_effect *effect = NULL;
    eng_assert(query->forecast_ms > 0);
    *ret = (struct eng_encode_forecast){.until_ms = clock_ms + query->forecast_ms};
    ret->effects.capacity = eng_engine_effects_bytes_min(engine) + FORECAST_BYTES;
    ret->effects.data = eng_calloc(1, ret->effects.capacity);
    if (ret->effects.data == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status =
        eng_engine_forecast(engine, partner, ret->until_ms, &ret->effects, NULL);
    if (status != ENG_LIMIT)
        return status;
    while ((effect = eng_effects_next(&ret->effects, effect)) != NULL)
        ret->until_ms = effect->at_ms; /* it has been cut behind that boundary */
    eng_assert(ret->until_ms >= clock_ms);
    return ENG_OK;
}

static enum eng_status show_partner(struct eng_worker *worker, const struct eng_task *task,
                                    const struct eng_query *query, struct eng_bytes *json)
{
    struct eng_slice partner = {query->partner, (uint32_t)query->length};
    struct eng_view view;
    struct eng_encode_forecast forecast = {.until_ms = -1};
    const struct eng_encode_context context = {eng_engine_model(task->engine),
                                               worker->sink.topic_id, task->partition};
    enum eng_status status = eng_engine_view(task->engine, partner, &view);
    eng_assert(query->forecast_ms >= 0);
    eng_assert(json->used == 0);
    if (status == ENG_OK && query->forecast_ms > 0)
        status = foresee(task->engine, query, view.clock_ms, &forecast);
    if (status == ENG_OK)
        status = eng_encode_view(&context, partner, &view,
                                 query->forecast_ms > 0 ? &forecast : NULL, json);
    eng_free(forecast.effects.data);
    return status;
}

/* What a task says to a query. ENG_NOT_FOUND: the partner is not there; ENG_UNAVAILABLE: not now.
 */
static enum eng_status ask_task(struct eng_worker *worker, struct eng_task *task,
                                const struct eng_query *query, struct eng_bytes *json)
{
    struct eng_slice partner = {query->partner, (uint32_t)query->length};
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(json->used == 0);
    if (query->erases && eng_task_is_half_done(task))
        return ENG_UNAVAILABLE;
    if (query->erases) {
        char text[128];
        enum eng_status status = eng_task_erase(task, &worker->feed, partner, &worker->error);
        if (status != ENG_OK)
            return status;
        int used = snprintf(text, sizeof text,
                            "{\"partition\":%" PRId32 ",\"offset\":%" PRId64
                            ",\"partner_hash\":\"%016" PRIx64 "\"}",
                            task->partition, task->next, eng_partner_hash(partner)); /* fits */
        return eng_bytes_append(json, text, (size_t)used);
    }
    return show_partner(worker, task, query, json);
}

/* Looks through the engines. True when the query was answered. */
static bool look_up(struct eng_worker *worker, struct eng_query *query, struct eng_bytes *json)
{
    for (uint32_t i = 0; i < worker->task_count; i++) {
        struct eng_task *task = worker->tasks[i];
        if (task->state == ENG_TASK_ASKING || task->state == ENG_TASK_REPLAYING)
            note_restoring(worker, task, query);
        if (task->state != ENG_TASK_LIVE)
            continue;
        eng_bytes_clear(json);
        enum eng_status status = ask_task(worker, task, query, json);
        if (status == ENG_UNAVAILABLE)
            note_half_done(task, query);
        if (status == ENG_NOT_FOUND || status == ENG_UNAVAILABLE)
            continue;
        eng_assert(status == ENG_OK || status == ENG_NO_MEMORY);
        answer(query, status, json);
        return true;
    }
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
    return false;
}

void eng_worker_answer(struct eng_worker *worker)
{
    struct eng_query *query = eng_inbox_take(&worker->inbox), *next;
    struct eng_bytes json = {0};
    eng_assert(worker->feed.sink == &worker->sink);
    for (; query != NULL; query = next) {
        next = query->next;
        if (worker->task_count == 0 && atomic_load(&worker->state) == ENG_WORKER_JOINING)
            (void)snprintf(query->restoring, sizeof query->restoring, "waiting for partitions");
        if (!look_up(worker, query, &json))
            pass_on(worker, query);
    }
    eng_bytes_done(&json);
}

void eng_worker_close_inbox(struct eng_worker *worker)
{
    struct eng_query *query = eng_inbox_close(&worker->inbox), *next;
    eng_assert(worker->config != NULL);
    eng_assert(worker->inbox.closed);
    for (; query != NULL; query = next) {
        next = query->next;
        if (query->erases && query->restoring[0] == '\0')
            (void)snprintf(query->restoring, sizeof query->restoring, "stopping");
        pass_on(worker, query);
    }
}
