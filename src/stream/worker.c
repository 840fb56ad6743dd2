/* The worker's loop.
 *
 *   STARTING -> JOINING -> RESTORING <-> RUNNING -> STOPPING -> STOPPED
 *                 ^-- lost, shut out --------'
 *
 * A turn is a handful of bounded phases in a fixed order:
 *   1 outcome   what became of the transaction in flight
 *   2 queries   those that came since the last turn
 *   3 renew     another configuration (worker_renew.c)
 *   4 ask       partitions that do not know yet where they stand
 *   5 poll      up to 4,096 records; rebalances happen in here
 *   6 work      decode, engine, outputs into the filling transaction
 *   7 go on     inputs that are half done (task_half.c); another model (S14)
 *   8 idle      ticks (S7)
 *   9 seal      the filling transaction is handed over when its time has come and the other is done
 *  10 marks     ends of the partitions, for lag and for 8
 *  11 watch     partitions that do not get on
 *  12 show      statistics
 *
 * While a transaction is in flight the next one fills. When that one is full too, the worker waits;
 * when it waits for long it goes on polling with its partitions paused, so that it stays a member
 * of the group. */
#include "stream/worker.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "model/config.h"
#include <inttypes.h>
#include <string.h>

enum {
    POLL_MS = 10,
    BLOCKED_POLL_US = 500000, /* wait so long for a commit before polling goes on without records */
    START_PAUSE_MS_MAX = 5000,
    SAY_AGAIN_US = 60000000,
    GATE_MS = 20,
    MISSING_TOPIC_US = 5000000,
    LEAVE_MS = 10000,
};

static const char *const state_names[] = {"starting", "joining",  "restoring",
                                          "running",  "stopping", "stopped"};

void eng_worker_state_set(struct eng_worker *worker, enum eng_worker_state state)
{
    enum eng_worker_state before = atomic_load(&worker->state);
    eng_assert(state <= ENG_WORKER_STOPPED);
    eng_assert(before != ENG_WORKER_STOPPED);
    if (before == state)
        return;
    eng_log(ENG_LOG_INFO, "stream", "worker=%" PRIu32 " %s", worker->options.index,
            state_names[state]);
    atomic_store(&worker->state, state);
    worker->stats.state = state;
}

void eng_worker_beat(struct eng_worker *worker)
{
    atomic_store_explicit(&worker->board.beat_us, worker->port->ops->mono_us(worker->port),
                          memory_order_relaxed);
}

void eng_worker_say(struct eng_worker *worker, enum eng_log_level level, const char *text)
{
    eng_assert(text != NULL);
    eng_assert(level <= ENG_LOG_DEBUG);
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    bool same = strncmp(worker->stats.text, text, sizeof worker->stats.text - 1) == 0;
    if (text[0] != '\0' && (!same || now_us - worker->said_us > SAY_AGAIN_US)) {
        eng_log(level, "stream", "worker=%" PRIu32 " %s", worker->options.index, text);
        worker->said_us = now_us;
    }
    size_t length = strnlen(text, sizeof worker->stats.text - 1);
    memcpy(worker->stats.text, text, length);
    worker->stats.text[length] = '\0';
}

struct eng_task *eng_worker_task(const struct eng_worker *worker, int32_t partition)
{
    eng_assert(worker != NULL);
    if (partition < 0 || partition >= worker->input.partition_count || worker->places == NULL)
        return NULL;
    return worker->places[partition];
}

/* ---- Life. ---- */

static enum eng_status make_buffers(struct eng_worker *worker, struct eng_error *err)
{
    worker->batch.capacity = ENG_WORKER_BATCH;
    worker->batch.records = eng_realloc(NULL, ENG_WORKER_BATCH * sizeof *worker->batch.records);
    worker->feed.effects.data = eng_realloc(NULL, ENG_FEED_EFFECTS_BYTES_MAX);
    eng_assert(worker->decoder == NULL);
    eng_assert(worker->config->model != NULL);
    if (worker->batch.records == NULL || worker->feed.effects.data == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a worker's buffers");
    return eng_decoder_new(worker->config, &worker->decoder, err);
}

static void set_limits(struct eng_worker *worker)
{
    struct eng_feed_limits *limits = &worker->feed.limits;
    *limits = worker->options.limits;
    if (limits->txn_bytes == 0)
        limits->txn_bytes = ENG_WORKER_TXN_BYTES;
    if (limits->txn_records == 0)
        limits->txn_records = ENG_WORKER_TXN_RECORDS;
    if (limits->slice_us == 0)
        limits->slice_us = ENG_WORKER_SLICE_US;
    eng_assert(limits->txn_bytes > 0);
    eng_assert(limits->txn_records > 0);
}

enum eng_status eng_worker_new(const struct eng_worker_options *options,
                               struct eng_worker **ret_worker, struct eng_error *err)
{
    eng_assert(options->config != NULL && options->port != NULL);
    eng_assert(ret_worker != NULL);
    struct eng_edition *edition = eng_edition_borrow(options->config);
    struct eng_worker *worker = eng_calloc(1, sizeof *worker);
    if (worker == NULL || edition == NULL) {
        eng_edition_release(edition);
        eng_free(worker);
        options->port->ops->free(options->port);
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a worker");
    }
    worker->options = *options;
    worker->edition = edition;
    worker->config = edition->config;
    worker->port = options->port;
    worker->blocked_since_us = -1;
    set_limits(worker);
    eng_board_init(&worker->board);
    eng_inbox_init(&worker->inbox);
    eng_txn_init(&worker->txns[0]);
    eng_txn_init(&worker->txns[1]);
    eng_committer_init(&worker->committer, worker->port);
    eng_worker_readers_init(worker);
    eng_worker_group_init(worker);
    eng_worker_beat(worker);
    enum eng_status status = make_buffers(worker, err);
    if (status != ENG_OK) {
        eng_worker_free(worker);
        return status;
    }
    *ret_worker = worker;
    return ENG_OK;
}

void eng_worker_free(struct eng_worker *worker)
{
    if (worker == NULL)
        return;
    eng_worker_drop_tasks(worker);
    eng_committer_done(&worker->committer);
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++)
        eng_recall_done(&worker->readers[i].recall);
    eng_txn_done(&worker->txns[0]);
    eng_txn_done(&worker->txns[1]);
    eng_sink_done(&worker->sink);
    eng_decoder_free(worker->decoder);
    worker->port->ops->free(worker->port);
    eng_free(worker->batch.records);
    eng_free(worker->feed.effects.data);
    eng_free(worker->tasks);
    eng_free(worker->places);
    eng_free(worker->marks.partitions);
    eng_free(worker->marks.lows);
    eng_free(worker->marks.ends);
    eng_free(worker->shown);
    eng_free(worker->set);
    eng_board_done(&worker->board);
    eng_inbox_done(&worker->inbox);
    eng_edition_release(atomic_load(&worker->coming));
    eng_edition_release(worker->edition);
    eng_free(worker);
}

/* ---- Starting. ---- */

static bool stopping(const struct eng_worker *worker)
{
    return atomic_load_explicit(&worker->stop, memory_order_relaxed);
}

bool eng_worker_doze(struct eng_worker *worker, int64_t ms)
{
    eng_assert(ms >= 0);
    for (int64_t slept = 0; slept < ms && !stopping(worker); slept += 50) {
        eng_worker_beat(worker);
        eng_worker_show(worker, false);
        worker->port->ops->sleep_ms(worker->port, 50);
    }
    return !stopping(worker);
}

/* Worker 0 looks at the topics first, and makes those that are missing; the others follow. */
static bool pass_gate(struct eng_worker *worker)
{
    _Atomic int *gate = worker->options.gate;
    eng_assert(gate != NULL);
    if (worker->options.index == 0)
        return true;
    while (atomic_load(gate) == 0 && eng_worker_doze(worker, GATE_MS))
        continue;
    return atomic_load(gate) == 1;
}

/* Does waiting help? A topic that is not there may just be being made: it is given a while. */
static bool may_pass(struct eng_worker *worker, enum eng_status status, int64_t since_us)
{
    int64_t waited_us = worker->port->ops->mono_us(worker->port) - since_us;
    eng_assert(status != ENG_OK);
    eng_assert(waited_us >= 0);
    if (status == ENG_TOPIC && !worker->input.exists)
        return waited_us < MISSING_TOPIC_US;
    return eng_status_class(status) == ENG_CLASS_RETRY;
}

/* Repeats the checks while waiting helps. */
static bool check_topics(struct eng_worker *worker)
{
    int64_t pause_ms = 250, answered_us = worker->port->ops->mono_us(worker->port);
    eng_assert(worker->port != NULL);
    eng_assert(atomic_load(&worker->state) == ENG_WORKER_STARTING);
    for (;;) {
        struct eng_error cause = {0};
        enum eng_status status =
            eng_start_check(worker->port, worker->config, &worker->input, &cause);
        if (status == ENG_OK)
            break;
        if (eng_status_class(status) == ENG_CLASS_RETRY)
            answered_us = worker->port->ops->mono_us(worker->port);
        if (!may_pass(worker, status, answered_us)) {
            worker->error = cause;
            return false;
        }
        eng_worker_say(worker, ENG_LOG_WARN, cause.text);
        if (!eng_worker_doze(worker, pause_ms))
            return false;
        pause_ms = pause_ms * 2 < START_PAUSE_MS_MAX ? pause_ms * 2 : START_PAUSE_MS_MAX;
    }
    eng_worker_say(worker, ENG_LOG_INFO, "");
    return true;
}

/* Tables by partition, once their number is known. */
static enum eng_status make_tables(struct eng_worker *worker, struct eng_error *err)
{
    size_t count = (size_t)worker->input.partition_count;
    eng_assert(count > 0);
    eng_assert(worker->tasks == NULL);
    worker->tasks = eng_calloc(count, sizeof *worker->tasks);
    worker->places = eng_calloc(count, sizeof *worker->places);
    worker->marks.partitions = eng_calloc(count, sizeof *worker->marks.partitions);
    worker->marks.lows = eng_calloc(count, sizeof *worker->marks.lows);
    worker->marks.ends = eng_calloc(count, sizeof *worker->marks.ends);
    worker->shown = eng_calloc(count, sizeof *worker->shown);
    worker->set = eng_calloc(count, sizeof *worker->set);
    if (worker->tasks == NULL || worker->places == NULL || worker->marks.partitions == NULL ||
        worker->marks.lows == NULL || worker->marks.ends == NULL || worker->shown == NULL ||
        worker->set == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for %zu partitions", count);
    return ENG_OK;
}

static void make_feed(struct eng_worker *worker)
{
    eng_assert(worker->decoder != NULL);
    eng_sink_init(&worker->sink, worker->port, worker->config->model, worker->config->input.topic,
                  worker->input.id);
    worker->marks.port = worker->port;
    worker->marks.asks_id = worker->input.id[0] != '\0';
    for (uint32_t i = 0; i < ENG_PORT_READERS; i++) {
        worker->readers[i].recall.asks_id = worker->marks.asks_id;
        worker->readers[i].recall.own_id = worker->input.id;
    }
    worker->feed.edition = worker->edition;
    worker->feed.config = worker->config;
    worker->feed.port = worker->port;
    worker->feed.decoder = worker->decoder;
    worker->feed.sink = &worker->sink;
    worker->feed.txn = &worker->txns[worker->filling];
    worker->feed.beat_us = &worker->board.beat_us;
    worker->feed.memory_bytes_max = worker->config->run.memory_bytes_max;
    eng_assert(worker->feed.effects.data != NULL);
}

static bool start_couriers(struct eng_worker *worker)
{
    struct eng_courier_way way = worker->options.couriers;
    eng_assert(!worker->in_flight);
    eng_assert(worker->error.status == ENG_OK);
    if (eng_courier_start(&worker->sender, way, &worker->error) != ENG_OK)
        return false;
    if (eng_courier_start(&worker->aide, way, &worker->error) == ENG_OK) {
        if (eng_worker_readers_start(worker))
            return true;
        eng_courier_stop(&worker->aide);
    }
    eng_courier_stop(&worker->sender);
    return false;
}

bool eng_worker_begin(struct eng_worker *worker)
{
    eng_assert(atomic_load(&worker->state) == ENG_WORKER_STARTING);
    bool ready =
        pass_gate(worker) && check_topics(worker) && make_tables(worker, &worker->error) == ENG_OK;
    if (worker->options.index == 0)
        atomic_store(worker->options.gate, ready ? 1 : 2);
    if (!ready)
        return false;
    make_feed(worker);
    if (!eng_worker_is_current(worker))
        return false;
    if (worker->port->ops->join(worker->port, &worker->handler, &worker->error) != ENG_OK)
        return false;
    if (!start_couriers(worker))
        return false;
    eng_worker_state_set(worker, ENG_WORKER_JOINING);
    return true;
}

/* ---- The turn. ---- */

/* Full, and the other one not back: wait for it, at first without polling. True: poll, nothing will
 * come. */
static bool wait_for_room(struct eng_worker *worker)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    eng_assert(eng_feed_is_full(&worker->feed));
    eng_assert(worker->in_flight);
    if (worker->blocked_since_us < 0)
        worker->blocked_since_us = now_us;
    (void)eng_courier_wait(&worker->sender, POLL_MS); /* looked at again next turn */
    if (now_us - worker->blocked_since_us < BLOCKED_POLL_US)
        return false;
    if (!worker->paused) {
        worker->port->ops->pause(worker->port, true);
        worker->paused = true;
    }
    return true;
}

static void phase_poll(struct eng_worker *worker)
{
    eng_assert(worker->blocked_since_us >= -1);
    eng_assert(worker->batch.count == 0);
    bool full = eng_feed_is_full(&worker->feed) && worker->in_flight;
    if (full && !wait_for_room(worker))
        return;
    if (!full) {
        worker->blocked_since_us = -1;
        if (worker->paused)
            worker->port->ops->pause(worker->port, false);
        worker->paused = false;
    }
    worker->port->ops->poll(worker->port, &worker->batch, full || worker->busy ? 0 : POLL_MS);
}

/* How many records from `at` on are of one partition. */
static uint32_t run_length(const struct eng_port_batch *batch, uint32_t at)
{
    eng_assert(at < batch->count);
    uint32_t end = at + 1;
    while (end < batch->count && batch->records[end].partition == batch->records[at].partition)
        end++;
    return end - at;
}

static void phase_work(struct eng_worker *worker)
{
    struct eng_port_batch *batch = &worker->batch;
    eng_assert(batch->count <= batch->capacity);
    worker->feed.wall_ms = worker->port->ops->wall_ms(worker->port);
    worker->feed.turn_us = worker->port->ops->mono_us(worker->port);
    for (uint32_t at = 0; at < batch->count && worker->error.status == ENG_OK;) {
        uint32_t count = run_length(batch, at);
        struct eng_task *task = eng_worker_task(worker, batch->records[at].partition);
        if (task != NULL && eng_task_takes_records(task))
            (void)eng_task_take(task, &worker->feed, &batch->records[at], count, &worker->error);
        at += count;
    }
    worker->port->ops->release(worker->port, batch);
    eng_assert(batch->count == 0);
}

/* Inputs that are half done; their partitions are fetched from again afterwards. */
static void phase_go_on(struct eng_worker *worker)
{
    worker->busy = false;
    for (uint32_t i = 0; i < worker->task_count && worker->error.status == ENG_OK; i++) {
        struct eng_task *task = worker->tasks[i];
        bool took = eng_task_takes_records(task);
        eng_assert(task != NULL);
        (void)eng_task_go_on(task, &worker->feed, &worker->error);
        bool takes = eng_task_takes_records(task);
        worker->assign_due |= task->refetch || took != takes;
        worker->busy |= task->state == ENG_TASK_LIVE && !takes;
    }
    worker->busy &= !eng_feed_is_full(&worker->feed); /* then it waits for a commit */
    eng_assert(worker->task_count <= (uint32_t)worker->input.partition_count);
}

/* Ends of partitions, as the consumer has met them, and ticks. */
static void phase_idle(struct eng_worker *worker)
{
    for (uint32_t i = 0; i < worker->task_count && worker->error.status == ENG_OK; i++) {
        struct eng_task *task = worker->tasks[i];
        eng_assert(task != NULL);
        (void)eng_task_ended(task, &worker->feed, &worker->error);
        if (worker->error.status == ENG_OK)
            (void)eng_task_idle(task, &worker->feed, &worker->error);
        if (worker->error.status == ENG_OK)
            eng_task_refresh(task, &worker->feed);
        worker->assign_due |= task->refetch;
    }
}

static void check_memory(struct eng_worker *worker)
{
    uint64_t most = worker->config->run.memory_bytes_max;
    eng_assert(worker->memory_shown <= UINT64_MAX / 2);
    if (most == 0 || worker->options.memory_bytes == NULL)
        return;
    uint64_t held = atomic_load_explicit(worker->options.memory_bytes, memory_order_relaxed);
    if (held > most)
        (void)eng_error_set(&worker->error, ENG_LIMIT,
                            "the engines hold %" PRIu64 " bytes, more than run.memory (%" PRIu64
                            "): raise it, or share the partitions among more processes",
                            held, most);
}

static void phase_state(struct eng_worker *worker)
{
    bool restoring = false;
    for (uint32_t i = 0; i < worker->task_count; i++)
        restoring |= worker->tasks[i]->state == ENG_TASK_ASKING ||
                     worker->tasks[i]->state == ENG_TASK_REPLAYING;
    if (restoring)
        eng_worker_state_set(worker, ENG_WORKER_RESTORING);
    else
        eng_worker_state_set(worker, worker->placed ? ENG_WORKER_RUNNING : ENG_WORKER_JOINING);
}

bool eng_worker_turn(struct eng_worker *worker)
{
    eng_assert(atomic_load(&worker->state) > ENG_WORKER_STARTING);
    eng_assert(atomic_load(&worker->state) < ENG_WORKER_STOPPING);
    eng_worker_beat(worker);
    eng_worker_take_outcome(worker);
    eng_worker_answer(worker);
    eng_worker_renew(worker);
    eng_worker_ask(worker);
    phase_poll(worker);
    phase_work(worker);
    phase_go_on(worker);
    phase_idle(worker);
    if (worker->error.status == ENG_OK)
        eng_worker_seal_due(worker);
    eng_worker_mark(worker);
    eng_worker_watch(worker);
    phase_state(worker);
    eng_worker_show(worker, false);
    check_memory(worker);
    return worker->error.status == ENG_OK && !stopping(worker);
}

/* ---- Ending. ---- */

void eng_worker_end(struct eng_worker *worker)
{
    eng_assert(atomic_load(&worker->state) < ENG_WORKER_STOPPED);
    bool joined = atomic_load(&worker->state) > ENG_WORKER_STARTING;
    bool well = worker->error.status == ENG_OK;
    int64_t deadline_ms = worker->config->run.stop_deadline_ms / 2;
    if (joined) {
        eng_worker_state_set(worker, ENG_WORKER_STOPPING);
        eng_worker_readers_hurry(worker);
        for (uint32_t i = 0; well && i < worker->task_count; i++)
            worker->tasks[i]->leaving = true;
        if (!eng_worker_settle(worker, !well, deadline_ms) && well)
            eng_log(ENG_LOG_WARN, "stream",
                    "worker=%" PRIu32
                    " stopped without its last transaction: it will be done again",
                    worker->options.index);
        if (!worker->port->ops->leave(worker->port, LEAVE_MS))
            eng_log(ENG_LOG_WARN, "stream", "worker=%" PRIu32 " could not leave its group in time",
                    worker->options.index);
        eng_courier_stop(&worker->sender);
        eng_courier_stop(&worker->aide);
        eng_worker_readers_stop(worker);
        eng_worker_drop_tasks(worker);
        worker->port->ops->producer_close(worker->port);
    }
    eng_worker_close_inbox(worker);
    worker->stats.status = well ? ENG_STOPPED : worker->error.status;
    if (!well)
        eng_worker_say(worker, ENG_LOG_ERROR, worker->error.text);
    eng_worker_show(worker, true);
    eng_worker_state_set(worker, ENG_WORKER_STOPPED);
    eng_worker_show(worker, true);
}

void eng_worker_run(struct eng_worker *worker)
{
    eng_assert(worker != NULL);
    bool begun = eng_worker_begin(worker);
    eng_assert(begun || atomic_load(&worker->state) == ENG_WORKER_STARTING);
    while (begun && (eng_worker_turn(worker) || eng_worker_rejoin(worker)))
        continue;
    eng_worker_end(worker);
}
