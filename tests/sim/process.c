/* Life and death of a simulated process. See process.h. */
#include "process.h"

#include "base/assert.h"
#include "base/memory.h"
#include "merged.h"
#include "sim.h"
#include "stream/merger_inside.h"
#include "stream/worker.h"
#include <inttypes.h>
#include <string.h>

/* ---- Strands. ---- */

static void let_go_on_at(struct strand *strand, int64_t at_us)
{
    strand->wake_us = at_us;
    strand->number = ++strand->process->sim->numbers;
}

void process_sleep(struct process *process, int64_t us)
{
    struct strand *strand = process->running;
    eng_assert(strand != NULL);
    let_go_on_at(strand, process->sim->now_us + us);
    fiber_suspend();
}

static void begin_strand(struct strand *strand, void (*run)(void *argument))
{
    strand->waits = false;
    strand->fiber = fiber_new(run, strand);
    let_go_on_at(strand, strand->process->sim->now_us);
}

static void drop_strands(struct process *process)
{
    for (int i = 0; i < PROCESS_STRANDS; i++) {
        fiber_free(process->strands[i].fiber);
        process->strands[i].fiber = NULL;
    }
}

/* ---- Houses. ---- */

/* Those of mergers come behind those of all workers. */
static bool is_merger(const struct process *process)
{
    return process->slot >= SIM_PROCESSES;
}

struct process *process_first(struct process *process)
{
    if (is_merger(process))
        return process - SIM_PROCESSES;
    return process - process->slot % process->sim->manner.workers;
}

/* The next one of its house; NULL: it was the last. */
static struct process *next_of(struct process *process)
{
    if (is_merger(process))
        return NULL;
    bool last = (process->slot + 1) % process->sim->manner.workers == 0 ||
                process->slot + 1 >= process->sim->manner.processes;
    return last ? process_first(process) + SIM_PROCESSES : process + 1;
}

static bool anybody_lives(struct process *house)
{
    for (struct process *one = process_first(house); one != NULL; one = next_of(one))
        if (one->state == PROCESS_ALIVE)
            return true;
    return false;
}

/* Queries are passed on to those of the house that are there. */
static void chain_workers(struct process *house)
{
    struct eng_worker *before = NULL;
    for (struct process *one = process_first(house); one != NULL; one = next_of(one)) {
        if (before != NULL && one->worker != NULL)
            before->next = one->worker;
        before = one->worker != NULL ? one->worker : before;
    }
    if (before != NULL)
        before->next = NULL;
}

/* What is left when it is dead, whichever way. */
static void bury(struct process *process)
{
    struct sim *sim = process->sim;
    drop_strands(process);
    group_died(process);
    port_done(&process->port);
    process->state = PROCESS_DEAD;
    process->dying = false;
    process->worker = NULL;
    process->merger = NULL;
    process->standbys = NULL;
    if (!anybody_lives(process))
        heap_clear(&process_first(process)->heap);
    process->start_us =
        sim->now_us +
        (sim->calm ? 1000 : sim_between(sim, 1000, sim_percent(sim, 30) ? 8000000 : 500000));
}

static void bury_dying(struct process *house)
{
    for (struct process *one = process_first(house); one != NULL; one = next_of(one))
        if (one->dying)
            bury(one);
}

void process_resume(struct process *process, struct strand *strand)
{
    heap_enter(&process_first(process)->heap);
    process->sim->running = process;
    process->running = strand;
    bool goes_on = fiber_resume(strand->fiber);
    process->running = NULL;
    process->sim->running = NULL;
    heap_enter(NULL);
    if (!goes_on) {
        fiber_free(strand->fiber);
        strand->fiber = NULL;
    }
    if (process->dying)
        bury_dying(process);
}

/* ---- Errands. ---- */

static void run_errand(void *argument)
{
    struct strand *strand = argument;
    struct strand *loop = &strand->process->strands[PROCESS_LOOP];
    eng_courier_run(strand->errand);
    if (loop->waits)
        let_go_on_at(loop, strand->process->sim->now_us);
}

static void submitted(struct eng_courier_host *host, struct eng_courier *courier)
{
    struct process *process = (struct process *)(void *)host;
    for (int i = 1; i < PROCESS_STRANDS; i++) {
        struct strand *strand = &process->strands[i];
        if (strand->fiber != NULL)
            continue;
        strand->errand = courier;
        begin_strand(strand, run_errand);
        return;
    }
    eng_assert(!"more errands than couriers");
}

static void wait_for(struct eng_courier_host *host, struct eng_courier *courier, int64_t timeout_ms)
{
    struct process *process = (struct process *)(void *)host;
    struct strand *strand = process->running;
    int64_t deadline_us = timeout_ms < 0 ? INT64_MAX : process->sim->now_us + timeout_ms * 1000;
    while (eng_courier_busy(courier) && process->sim->now_us < deadline_us) {
        strand->waits = true;
        process_sleep(process, timeout_ms < 0 ? 1000000 : deadline_us - process->sim->now_us);
        strand->waits = false;
    }
}

/* ---- Life. ---- */

static void check_tasks(const struct eng_worker *worker)
{
    for (uint32_t i = 0; i < worker->task_count; i++)
        eng_task_check(worker->tasks[i]);
}

/* May a worker end like this? Only for a reason that was put in its way. */
static void judge_end(struct process *process, enum eng_status status, const char *text)
{
    struct sim *sim = process->sim;
    sim_say(sim, "it has ended: %s %s", eng_status_name(status), text);
    sim->tally[TALLY_FAILURES] += status != ENG_STOPPED;
    sim->tally[TALLY_OUTDATED] += status == ENG_BAD_CONFIG;
    bool starved = status == ENG_NO_MEMORY && sim->manner.memory_us > 0;
    bool refused = status == ENG_LIMIT && sim->manner.oversize_us > 0;
    bool worn_out = status == ENG_FATAL && !sim->calm;
    bool outdated = status == ENG_BAD_CONFIG &&
                    process->config != input_release(&sim->input, sim->input.released);
    if (status == ENG_CORRUPT && manner_names_harm(sim, text))
        sim->refused = true;
    else if (status != ENG_STOPPED && !starved && !refused && !worn_out && !outdated)
        sim_fail(sim, "a %s ended: %s", is_merger(process) ? "merger" : "worker", text);
}

/* What has become of followers since the last look. None may have read further than the group was.
 */
/* G13. */
static void count_fates(struct process *process)
{
    static const enum sim_tally tallies[ENG_FOLLOWER_FATES] = {
        [ENG_FOLLOWER_TAKEN] = TALLY_TAKEN,      [ENG_FOLLOWER_WAITS] = TALLY_GIVEN_BACK,
        [ENG_FOLLOWER_OUTDATED] = TALLY_OUTDONE, [ENG_FOLLOWER_AHEAD] = TALLY_AHEAD,
        [ENG_FOLLOWER_BROKEN] = TALLY_BROKEN,
    };
    if (process->standbys == NULL)
        return;
    for (int i = 0; i < ENG_FOLLOWER_FATES; i++) {
        uint64_t now = eng_standbys_count(process->standbys, (enum eng_follower_fate)i);
        process->sim->tally[tallies[i]] += now - process->fates[i];
        process->fates[i] = now;
    }
    if (process->fates[ENG_FOLLOWER_AHEAD] > 0)
        sim_fail(process->sim, "a standby has read what the group had not committed yet");
}

/* Standbys when there are to be any; false: no memory. */
static bool begin_standbys(struct process *process, struct eng_error *err)
{
    struct eng_edition *edition = eng_edition_borrow(process->config);
    const struct eng_standbys_options options = {.edition = edition,
                                                 .port = &process->port.port,
                                                 .process = process_number(process),
                                                 .memory_bytes =
                                                     &process_first(process)->memory_bytes};
    const struct eng_courier_way way = {.host = &process->host};
    bool begun =
        edition != NULL && (process->config->run.standbys == 0 ||
                            (eng_standbys_new(&options, &process->standbys, err) == ENG_OK &&
                             eng_standbys_start(process->standbys, way, err) == ENG_OK));
    eng_edition_release(edition);
    return begun;
}

static void end_standbys(struct process *process)
{
    struct eng_standbys *standbys = process->standbys;
    count_fates(process);
    process->standbys = NULL;
    eng_standbys_free(standbys);
}

/* In the house's heap. One without the memory for it goes on as before. */
static void reload(struct process *process)
{
    struct sim *sim = process->sim;
    const struct eng_config *newest = input_release(&sim->input, sim->input.released);
    struct eng_edition *edition = process->config != newest ? eng_edition_borrow(newest) : NULL;
    if (edition == NULL)
        return;
    sim_say(sim, "process %u has version %u from now on", process->slot,
            eng_model_version(newest->model));
    sim->tally[TALLY_RELOADS]++;
    for (struct process *one = process_first(process); one != NULL; one = next_of(one)) {
        if (one->worker == NULL || one->worker->error.status != ENG_OK)
            continue; /* it ends under what it had */
        one->config = newest;
        eng_worker_reload(one->worker, edition);
        if (one->standbys != NULL)
            eng_standbys_use(one->standbys, edition);
    }
    eng_edition_release(edition);
}

/* Turns as long as it may. When a partition asks for a newer configuration it is read again, as the
 * daemon does. */
static void turn(struct process *process)
{
    while (eng_worker_turn(process->worker)) {
        check_tasks(process->worker);
        count_fates(process);
        if (atomic_load(&process->worker->outdated) > 0)
            reload(process);
    }
}

static void end_life(struct process *process, enum eng_status status, const char *text)
{
    const struct heap *heap = &process_first(process)->heap;
    judge_end(process, status, text);
    process->dying = true;
    process->state = PROCESS_DEAD;
    if (anybody_lives(process))
        process_stop(process); /* as the service does when one of its workers has ended */
    else if (heap->count > 0)
        sim_fail(process->sim, "workers that ended have left %" PRIu64 " blocks", heap->count);
}

static void live(void *argument)
{
    struct strand *strand = argument;
    struct process *process = strand->process;
    struct sim *sim = process->sim;
    struct eng_error err = {0};
    struct eng_worker_options options = {.config = process->config,
                                         .port = &process->port.port,
                                         .index = process->slot % sim->manner.workers,
                                         .writer = sim->seed << 20 | ++sim->numbers,
                                         .eager = sim->manner.eager,
                                         .couriers = {.host = &process->host},
                                         .gate = &process_first(process)->gate,
                                         .limits = sim->manner.limits,
                                         .memory_bytes = &process_first(process)->memory_bytes};
    enum eng_status status = begin_standbys(process, &err) ? ENG_OK : ENG_NO_MEMORY;
    options.standbys = process->standbys;
    if (status == ENG_OK)
        status = eng_worker_new(&options, &process->worker, &err);
    if (status == ENG_OK) {
        chain_workers(process);
        atomic_store(&process->worker->stop, process_first(process)->stopping);
        if (eng_worker_begin(process->worker))
            turn(process);
        eng_worker_end(process->worker);
        status = process->worker->stats.status;
        err = process->worker->error;
        struct eng_worker *worker = process->worker;
        process->worker = NULL;
        chain_workers(process);
        eng_worker_free(worker);
    }
    process->worker = NULL;
    end_standbys(process);
    end_life(process, status, err.text);
}

/* Turns as long as it may; looked at when it begins to give out. */
static void turn_merger(struct process *process)
{
    const struct eng_merger *merger = process->merger;
    enum eng_merger_place before = NOWHERE;
    while (eng_merger_turn(process->merger)) {
        heap_enter(NULL); /* what is looked at here is not its */
        if (merger->place == GIVING && before != GIVING && !merger->in_flight)
            merged_check_begun(process->sim, merger);
        heap_enter(&process_first(process)->heap);
        before = merger->place;
    }
}

/* The same of a merger. */
static void merge(void *argument)
{
    struct strand *strand = argument;
    struct process *process = strand->process;
    struct sim *sim = process->sim;
    struct process *first = process_first(process);
    struct eng_error err = {0};
    const struct eng_merger_options options = {.config = process->config,
                                               .port = &process->port.port,
                                               .writer = sim->seed << 20 | ++sim->numbers,
                                               .way = {.host = &process->host},
                                               .gate = &first->gate};
    enum eng_status status = eng_merger_new(&options, &process->merger, &err);
    if (status == ENG_OK) {
        struct eng_merger *merger = process->merger;
        atomic_store(&merger->stop, first->stopping);
        if (eng_merger_begin(merger))
            turn_merger(process);
        eng_merger_end(merger);
        eng_assert(eng_merger_stopped(merger, &status, &err));
        process->merger = NULL;
        eng_merger_free(merger);
    }
    end_life(process, status, err.text);
}

void process_init(struct process *process, struct sim *sim, uint32_t slot)
{
    *process = (struct process){.host = {submitted, wait_for},
                                .sim = sim,
                                .slot = slot,
                                .group = slot < SIM_PROCESSES ? &sim->group : &sim->mergers,
                                .frozen_until_us = -1,
                                .deaf_until_us = -1};
    for (int i = 0; i < PROCESS_STRANDS; i++)
        process->strands[i].process = process;
    process->port.producer = UINT32_MAX;
}

void process_done(struct process *process)
{
    drop_strands(process);
    port_done(&process->port);
    heap_clear(&process->heap);
}

bool process_is_wanted(const struct process *process)
{
    uint32_t first = is_merger(process) ? process->slot - SIM_PROCESSES : process->slot;
    return first < process->sim->manner.processes && (!is_merger(process) || process->merges);
}

uint64_t process_number(const struct process *process)
{
    return process->slot + 1;
}

static void start(struct process *process)
{
    eng_assert(process->state == PROCESS_DEAD);
    process->config = input_release(&process->sim->input, process->sim->input.released);
    process->merges = is_merger(process) && eng_model_is_merged(process->config->model);
    if (is_merger(process) && !process->merges)
        return;
    process->state = PROCESS_ALIVE;
    process->life++;
    process->frozen_until_us = process->deaf_until_us = -1;
    process->client = (struct group_client){.generation = -1};
    if (process->sim->manner.apart > 0 && !process->sim->calm)
        process->wall_error_ms = -(int64_t)process_first(process)->slot *
                                 process->sim->manner.apart * process->sim->input.pane_ms;
    memset(process->fates, 0, sizeof process->fates);
    port_init(&process->port, process);
    sim_say(process->sim, "process %u starts, producer %u", process->slot, process->port.producer);
    begin_strand(&process->strands[PROCESS_LOOP], is_merger(process) ? merge : live);
}

void process_start_due(struct process *first)
{
    if (anybody_lives(first) || first->start_us > first->sim->now_us)
        return;
    first->gate = 0;
    first->stopping = false;
    first->memory_bytes = 0;
    for (struct process *one = first; one != NULL; one = next_of(one))
        start(one);
}

bool process_may_die(struct process *process)
{
    bool may = process->state == PROCESS_ALIVE;
    for (struct process *one = process_first(process); one != NULL; one = next_of(one))
        may &= !broker_is_half(&process->sim->broker, one->port.producer);
    return may;
}

void process_kill(struct process *process, const char *why)
{
    eng_assert(process->state == PROCESS_ALIVE);
    sim_say(process->sim, "process %u dies: %s", process->slot, why);
    process->sim->tally[TALLY_DEATHS]++;
    for (struct process *one = process_first(process); one != NULL; one = next_of(one))
        one->dying = one->state == PROCESS_ALIVE;
    if (process->running != NULL)
        fiber_suspend(); /* does not come back */
    else
        bury_dying(process);
}

void process_stop(struct process *process)
{
    sim_say(process->sim, "process %u is asked to stop", process->slot);
    process_first(process)->stopping = true;
    for (struct process *one = process_first(process); one != NULL; one = next_of(one)) {
        if (one->worker != NULL)
            atomic_store(&one->worker->stop, true);
        if (one->merger != NULL)
            eng_merger_stop(one->merger);
    }
}

void process_freeze(struct process *process, int64_t us)
{
    for (struct process *one = process_first(process); one != NULL; one = next_of(one)) {
        one->frozen_until_us = process->sim->now_us + us;
        sim_say(process->sim, "process %u is frozen for %" PRId64 " ms", one->slot, us / 1000);
        if (one->state == PROCESS_ALIVE)
            group_deafen(one, us);
    }
}

void process_reload(struct process *process)
{
    eng_assert(process->running == NULL);
    if (process->worker == NULL)
        return;
    heap_enter(&process_first(process)->heap);
    reload(process);
    heap_enter(NULL);
}

/* ---- Rest. ---- */

/* Everything that is there for the task is in a transaction that has been committed. */
static bool task_is_at_rest(const struct sim *sim, const struct eng_task *task)
{
    const struct broker_log *log =
        &sim->broker.logs[broker_place(ENG_TOPIC_INPUT, task->partition)];
    bool nothing_yet = task->committed.next < 0 && task->next == 0;
    return task->state == ENG_TASK_LIVE && task->half.kind == ENG_HALF_NONE && !task->touched &&
           task->next >= log->end && (nothing_yet || task->sealed.next == task->committed.next);
}

/* Whoever has the sums has read them all and given out all that is complete. */
static bool merger_is_at_rest(const struct process *process)
{
    const struct eng_merger *merger = process->merger;
    const struct broker_log *log =
        &process->sim->broker.logs[broker_place(ENG_TOPIC_GROUP_SUMS, 0)];
    if (process->state != PROCESS_ALIVE || merger == NULL || !merger->joined || merger->in_flight)
        return false;
    return !merger->assigned ||
           (merger->place == GIVING && merger->next >= log->end &&
            eng_gather_ready(merger->gather) < 0 && !eng_gather_has_gone(merger->gather));
}

bool process_is_at_rest(const struct process *process)
{
    if (is_merger(process))
        return merger_is_at_rest(process);
    const struct eng_worker *worker = process->worker;
    if (process->state != PROCESS_ALIVE || worker == NULL || worker->in_flight)
        return false;
    for (uint32_t i = 0; i < worker->task_count; i++)
        if (!task_is_at_rest(process->sim, worker->tasks[i]))
            return false;
    return atomic_load(&worker->state) == ENG_WORKER_RUNNING ||
           (atomic_load(&worker->state) == ENG_WORKER_JOINING && worker->task_count == 0);
}
