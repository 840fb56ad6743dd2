/* Manners and faults. See manner.h. */
#include "manner.h"

#include "base/assert.h"
#include "base/memory.h"
#include "sim.h"
#include "stream/state.h"
#include "stream/worker.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define MS INT64_C(1000)
#define S (1000 * MS)

enum { WEEK_MS = 7 * 86400000, PANE_US_LEAST = 10000 };

/* Some seeds have it, and of those some have it often. */
static int64_t maybe(struct sim *sim, unsigned percent, int64_t low_us, int64_t high_us)
{
    return sim_percent(sim, percent) ? sim_between(sim, low_us, high_us) : 0;
}

static unsigned share(struct sim *sim, unsigned percent, int64_t low, int64_t high)
{
    return sim_percent(sim, percent) ? (unsigned)sim_between(sim, low, high) : 0;
}

static void draw_size(struct sim *sim, struct manner *m)
{
    m->partitions = (int32_t)sim_between(sim, 1, BROKER_PARTITIONS);
    m->processes = (uint32_t)sim_between(sim, 1, SIM_PROCESSES);
    m->eager = sim_percent(sim, 40);
    m->stable_ids = sim_percent(sim, 70);
    m->pane_us = sim_between(sim, 300 * MS, 3 * S);
    m->calm_us = sim_between(sim, 8 * S, 60 * S);
    m->records = (uint32_t)sim_between(sim, 20, 400);
    m->sticky = 60;
}

/* By a chance of its own: the rest of the history is drawn as it would be without standbys. */
static void draw_standbys(struct sim *sim, struct manner *m)
{
    struct chance chance = sim->chance;
    sim->chance.state = chance.state * 0x2545F4914F6CDD1Du + 3;
    m->standbys = sim_percent(sim, 40) ? (uint32_t)sim_between(sim, 1, 2) : 0;
    sim->chance = chance;
}

/* Faults in calls. */
static void draw_calls(struct sim *sim, struct manner *m)
{
    m->crash = share(sim, 50, 2, 40);
    m->hiccup = share(sim, 50, 10, 200);
    m->refuse = share(sim, 40, 10, 200);
    m->doubt = share(sim, 60, 2, 30);
    m->slow = share(sim, 50, 1, 8);
    m->late_markers = share(sim, 50, 2, 20);
    m->late_joins = share(sim, 30, 3, 30);
    m->expelled = share(sim, 40, 5, 40);
    m->late_answers = share(sim, 35, 2, 40);
    m->replies_lost = share(sim, 40, 1, 10);
    m->spite = share(sim, 50, 10, 70);
}

/* Faults by the clock. */
static void draw_times(struct sim *sim, struct manner *m)
{
    m->kill_us = maybe(sim, 40, 3 * S, 12 * S);
    m->deaf_us = maybe(sim, 40, 3 * S, 15 * S);
    m->freeze_us = maybe(sim, 30, 3 * S, 15 * S);
    m->bump_us = maybe(sim, 50, S, 8 * S);
    m->stop_us = maybe(sim, 30, 4 * S, 12 * S);
    m->compact_us = maybe(sim, 50, 2 * S, 10 * S);
    m->hang_us = maybe(sim, 20, 5 * S, 15 * S);
    m->jump_us = maybe(sim, 40, 2 * S, 8 * S);
    m->away_us = maybe(sim, 20, 4 * S, 12 * S);
    m->memory_us = maybe(sim, 15, 4 * S, 12 * S);
    m->retain_us = maybe(sim, 25, 3 * S, 12 * S);
    m->oversize_us = maybe(sim, 5, 8 * S, 20 * S);
    m->erase_us = maybe(sim, 50, 300 * MS, 5 * S);
}

/* Two commits of three end in doubt, and nothing else goes wrong but what that brings. */
static void draw_storm(struct sim *sim, struct manner *m)
{
    m->processes = (uint32_t)sim_between(sim, 1, 2);
    m->records = (uint32_t)sim_between(sim, 200, 500);
    m->doubt = (unsigned)sim_between(sim, 25, 66);
    m->late_markers = share(sim, 30, 2, 10);
    m->refuse = share(sim, 50, 50, 1500);
    m->cut = share(sim, 60, 5, 40);
    m->slow = share(sim, 30, 2, 8);
    m->spite = (unsigned)sim_between(sim, 20, 80);
}

/* Members are thrown out while their commits are in doubt. */
static void draw_losses(struct sim *sim, struct manner *m)
{
    draw_storm(sim, m);
    m->partitions = (int32_t)sim_between(sim, 3, BROKER_PARTITIONS);
    m->processes = (uint32_t)sim_between(sim, 2, SIM_PROCESSES);
    m->records = (uint32_t)sim_between(sim, 100, 300);
    m->doubt = (unsigned)sim_between(sim, 5, 30);
    m->expelled = (unsigned)sim_between(sim, 30, 90);
    m->slow = share(sim, 70, 3, 12);
    m->sticky = 10;
}

/* Partitions change hands all the time, and answers are old when they come. */
static void draw_unrest(struct sim *sim, struct manner *m)
{
    m->processes = (uint32_t)sim_between(sim, 2, SIM_PROCESSES);
    m->records = (uint32_t)sim_between(sim, 100, 500);
    m->bump_us = sim_between(sim, 300 * MS, 2 * S);
    m->sticky = (unsigned)sim_between(sim, 10, 60);
    m->late_answers = (unsigned)sim_between(sim, 10, 60);
    m->late_joins = share(sim, 50, 3, 30);
    m->late_markers = share(sim, 50, 5, 40);
    m->deaf_us = maybe(sim, 40, 3 * S, 15 * S);
    m->standbys = 1;
}

/* Steps of a few evaluations, and pauses after each, in some seeds; transactions that are soon full
 * in others. By a chance of their own, so that the rest of the history is what it would be. */
static void draw_limits(struct sim *sim, struct manner *m)
{
    struct chance chance = sim->chance;
    sim->chance.state = chance.state * 0x9E3779B97F4A7C15u + 3;
    if (sim_percent(sim, 75))
        m->limits.step_evaluations = (uint32_t)sim_between(sim, 1, sim_percent(sim, 60) ? 1 : 4);
    if (sim_percent(sim, 70))
        m->limits.slice_us = -1;
    if (sim_percent(sim, 40))
        m->limits.txn_records = (uint32_t)sim_between(sim, 1, 12);
    m->apart = sim_percent(sim, 40) ? sim_between(sim, 1, 16) : 0;
    sim->chance = chance;
}

/* Harm is seldom: a history that ends with a refusal says less than others. */
static void draw_harm(struct sim *sim, struct manner *m)
{
    if (sim_percent(sim, 8)) {
        m->harm = sim_percent(sim, 60) ? HARM_TORN : HARM_RETENTION;
        m->harm_us = sim_between(sim, S, m->calm_us);
    }
}

/* How processes are set up: several workers in one, members that are known by name. */
static void draw_setup(struct sim *sim, struct manner *m)
{
    m->workers = 1;
    if (m->themed && sim_percent(sim, 75))
        return; /* what a theme is about is rare enough */
    m->static_members = sim_percent(sim, 25);
    m->workers = sim_percent(sim, 70) ? 1 : (uint32_t)sim_between(sim, 2, SIM_PROCESSES);
    if (m->workers > m->processes)
        m->processes = m->workers;
}

/* By a chance of their own, so that histories without any of it are what they would be without. */
static void draw_aside(struct sim *sim, struct manner *m)
{
    struct chance chance = sim->chance;
    sim->chance.state = chance.state * 0x2545F4914F6CDD1Du + 3;
    draw_harm(sim, m);
    draw_setup(sim, m);
    m->half = share(sim, 25, 1, 10);
    sim->chance = chance;
}

void manner_draw(struct sim *sim)
{
    struct manner *m = &sim->manner;
    draw_limits(sim, m);
    static void (*const themes[])(struct sim * sim, struct manner * m) = {draw_storm, draw_losses,
                                                                          draw_losses, draw_unrest};
    draw_size(sim, m);
    draw_standbys(sim, m);
    if (sim_percent(sim, 40)) {
        draw_calls(sim, m);
        draw_times(sim, m);
    } else {
        m->themed = true;
        CHANCE_ONE_OF(&sim->chance, themes)(sim, m);
    }
    draw_aside(sim, m);
}

/* Is there anything to merge? */
static bool has_groups(const struct sim *sim)
{
    return eng_model_is_merged(sim->input.config->model);
}

/* By a chance of its own, as the others. */
void manner_draw_groups(struct sim *sim)
{
    struct manner *m = &sim->manner;
    struct chance chance = sim->chance;
    if (!has_groups(sim))
        return;
    sim->chance.state = sim->seed * 0xD1342543DE82EF95u + 7;
    if (sim_percent(sim, 75)) {
        int64_t panes = WEEK_MS / sim->input.pane_ms, week_us = sim_between(sim, S, 5 * S);
        m->pane_us = week_us / panes > PANE_US_LEAST ? week_us / panes : PANE_US_LEAST;
    }
    if (m->partitions > 1 && sim_percent(sim, 50)) {
        m->empty = (int32_t)sim_between(sim, 1, m->partitions - 1);
        m->empty_us = sim_between(sim, m->calm_us / 4, m->calm_us * 3 / 4);
        m->moves = sim_percent(sim, 30);
    }
    m->merger_us = maybe(sim, 50, 300 * MS, 6 * S);
    sim->chance = chance;
}

bool manner_strikes(struct sim *sim, unsigned parts)
{
    return !sim->calm && parts > 0 && sim_between(sim, 1, 10000) <= (int64_t)parts;
}

static bool happens(struct sim *sim, unsigned percent)
{
    return !sim->calm && percent > 0 && sim_percent(sim, percent);
}

int64_t manner_marker_us(struct sim *sim)
{
    if (happens(sim, sim->manner.late_markers))
        return sim_between(sim, 50 * MS, 4 * S);
    return sim_between(sim, MS, 15 * MS);
}

int64_t manner_latency_us(struct sim *sim)
{
    if (happens(sim, sim->manner.slow))
        return sim_between(sim, 50 * MS, 3 * S);
    return sim_between(sim, 100, 3 * MS);
}

int64_t manner_join_us(struct sim *sim)
{
    if (happens(sim, sim->manner.late_joins))
        return sim_between(sim, 500 * MS, 9 * S);
    return sim_between(sim, MS, sim_percent(sim, 30) ? 600 * MS : 5 * MS);
}

bool manner_expels(struct sim *sim)
{
    return happens(sim, sim->manner.expelled);
}

bool manner_cuts(struct sim *sim)
{
    return happens(sim, sim->manner.cut);
}

enum fate manner_fate(struct sim *sim)
{
    static const enum fate fates[] = {FATE_REQUEST_LOST, FATE_ANSWER_LOST, FATE_DELAYED,
                                      FATE_DELAYED,      FATE_DOUBLED,     FATE_REFUSED,
                                      FATE_REFUSED};
    return happens(sim, sim->manner.doubt) ? CHANCE_ONE_OF(&sim->chance, fates) : FATE_FINE;
}

bool manner_halves(struct sim *sim)
{
    return sim->manner.half > 0 && sim->manner.harm == HARM_NONE &&
           happens(sim, sim->manner.half); /* harm ends processes */
}

/* ---- Faults that come by the clock. ---- */

static void death_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    if (!sim->calm && process_may_die(process) && (int64_t)process->life == event->a)
        process_kill(process, "trouble comes in company");
}

void manner_spite(struct sim *sim, uint32_t producer)
{
    if (!happens(sim, sim->manner.spite))
        return;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        struct process *process = &sim->processes[i];
        if (process->state == PROCESS_ALIVE && process->port.producer == producer)
            sim_after(
                sim, sim_between(sim, 0, sim_percent(sim, 60) ? 8 * MS : 40 * MS),
                (struct event){.run = death_comes, .who = process, .a = (int64_t)process->life});
    }
}

enum { REPLACE_KILL, REPLACE_STOP, REPLACE_RELOAD }; /* how it comes to a newer release */

static void replacement_comes(struct sim *sim, const struct event *event)
{
    struct process *process = event->who;
    if (!process_may_die(process) || (int64_t)process->life != event->a)
        return;
    if (event->b == REPLACE_RELOAD)
        process_reload(process);
    else if (sim->calm || event->b == REPLACE_STOP)
        process_stop(process);
    else
        process_kill(process, "it is to be replaced");
}

/* A third reads its file again. Drawn without a chance of its own: the rest of the history is what
 * it would be without. */
static int64_t how_replaced(struct sim *sim, const struct process *process)
{
    bool stops = sim_percent(sim, 60);
    if ((sim->seed + process->slot + sim->input.released) % 3 == 0)
        return REPLACE_RELOAD;
    return stops ? REPLACE_STOP : REPLACE_KILL;
}

void manner_replace(struct sim *sim, struct process *process)
{
    if (sim_percent(sim, 20))
        return;
    sim_after(sim, sim_between(sim, 0, sim_percent(sim, 50) ? 500 * MS : 8 * S),
              (struct event){.run = replacement_comes,
                             .who = process,
                             .a = (int64_t)process->life,
                             .b = how_replaced(sim, process)});
}

/* One of the processes, if it lives. */
static struct process *victim(struct sim *sim)
{
    struct process *process =
        &sim->processes[sim_between(sim, 0, (int64_t)sim->manner.processes - 1)];
    return process->state == PROCESS_ALIVE ? process : NULL;
}

/* The same, or the merger of its house. */
static struct process *victim_or_merger(struct sim *sim)
{
    struct process *process = victim(sim);
    if (process == NULL || !has_groups(sim) || sim_percent(sim, 50))
        return process;
    struct process *merger = process_first(process) + SIM_PROCESSES;
    return merger->state == PROCESS_ALIVE ? merger : process;
}

static void kill_one(struct sim *sim)
{
    struct process *process = victim(sim);
    if (process != NULL && process_may_die(process))
        process_kill(process, "killed");
}

static void deafen_one(struct sim *sim)
{
    struct process *process = victim_or_merger(sim);
    if (process != NULL)
        group_deafen(process, sim_between(sim, 500 * MS, 14 * S));
}

static void freeze_one(struct sim *sim)
{
    struct process *process = victim(sim);
    if (process == NULL)
        return;
    int64_t us = sim_between(sim, 200 * MS, 14 * S);
    process_freeze(process, us);
}

static void bump(struct sim *sim)
{
    struct group *group = has_groups(sim) && sim_percent(sim, 50) ? &sim->mergers : &sim->group;
    group_bump(group, sim_percent(sim, 50));
}

static void stop_one(struct sim *sim)
{
    struct process *process = victim(sim);
    if (process != NULL)
        process_stop(process);
}

static void compact(struct sim *sim)
{
    sim_say(sim, "state and sums are compacted");
    for (int32_t i = 0; i < sim->manner.partitions; i++)
        broker_compact(&sim->broker, broker_place(ENG_TOPIC_STATE, i));
    broker_compact(&sim->broker, broker_place(ENG_TOPIC_GROUP_SUMS, 0));
}

/* A transaction of somebody else, on a log that we write to or read: it will be aborted. */
static void hang(struct sim *sim)
{
    static const enum eng_topic topics[] = {ENG_TOPIC_STATE, ENG_TOPIC_SCORE_CHANGES,
                                            ENG_TOPIC_INPUT};
    static const enum eng_topic merged[] = {ENG_TOPIC_GROUP_SUMS, ENG_TOPIC_GROUP_SUMS,
                                            ENG_TOPIC_GROUPS, ENG_TOPIC_BOARDS};
    struct broker *broker = &sim->broker;
    int32_t epoch = -1;
    if (broker->producer_count == BROKER_PRODUCERS)
        return;
    uint32_t producer = broker_producer_new(broker);
    uint32_t place = broker_place(CHANCE_ONE_OF(&sim->chance, topics),
                                  (int32_t)sim_between(sim, 0, sim->manner.partitions - 1));
    if (has_groups(sim) && sim_percent(sim, 30))
        place = broker_place(CHANCE_ONE_OF(&sim->chance, merged), 0);
    struct broker_record record = {.key = (const uint8_t *)"?", .key_bytes = 1};
    eng_assert(broker_open(broker, producer, &epoch) == BROKER_OK);
    eng_assert(broker_produce(broker, producer, epoch, place, &record) == BROKER_OK);
    sim_say(sim, "a transaction hangs at place %u", place);
}

static void jump(struct sim *sim)
{
    struct process *process = victim(sim);
    int64_t pane_ms = sim->input.pane_ms;
    if (process == NULL)
        return;
    process->wall_error_ms = sim_percent(sim, 30) ? 0 : sim_between(sim, -2 * pane_ms, pane_ms);
    sim_say(sim, "clock of process %u is off by %" PRId64 " ms", process->slot,
            process->wall_error_ms);
}

/* The sums go to another merger, or are asked for again; with a word or without. */
static void move_sums(struct sim *sim)
{
    struct process *process = victim_or_merger(sim);
    if (process == NULL || process->group != &sim->mergers || sim_percent(sim, 50))
        group_bump(&sim->mergers, true);
    else
        group_expel(process);
}

static void coordinator(struct sim *sim)
{
    sim->broker.away_until_us = sim->now_us + sim_between(sim, 100 * MS, 4 * S);
    sim->broker.forgets_until_us =
        sim_percent(sim, 50) ? sim->broker.away_until_us + sim_between(sim, 0, 2500 * MS) : -1;
    sim_say(sim, "the coordinator moves");
    if (has_groups(sim) && sim_percent(sim, 60))
        move_sums(sim);
}

static void coordinator_comes(struct sim *sim, const struct event *event)
{
    (void)event;
    if (!sim->calm)
        coordinator(sim);
}

static void starve(struct sim *sim)
{
    eng_memory_fail((uint64_t)sim_between(sim, 1, 200), 0);
    sim_say(sim, "an allocation is going to fail");
}

/* What the newest commit record of a partition that anybody can see says of low water. */
static int64_t low_water(const struct sim *sim, int32_t partition)
{
    const struct broker_log *log = &sim->broker.logs[broker_place(ENG_TOPIC_STATE, partition)];
    struct eng_commit commit = {0};
    struct eng_slice partner;
    uint64_t sum;
    for (int64_t i = log->low;
         i < broker_last_stable(&sim->broker, broker_place(ENG_TOPIC_STATE, partition));
         i = broker_next(log, i)) {
        const struct broker_record *record = &log->entries[i].record;
        if (broker_is_visible(&log->entries[i]) &&
            eng_state_kind(record->key, record->key_bytes, &partner) == ENG_STATE_IS_COMMIT)
            eng_assert(eng_commit_read(record->value, record->value_bytes, &commit, &sum, NULL) ==
                       ENG_OK);
    }
    return commit.low.next;
}

void manner_retain(struct sim *sim, int32_t partition)
{
    struct broker_log *log = &sim->broker.logs[broker_place(ENG_TOPIC_INPUT, partition)];
    log->low = sim_between(sim, log->low, low_water(sim, partition));
    sim_say(sim, "the input of partition %" PRId32 " begins at %" PRId64, partition, log->low);
}

static void retain(struct sim *sim)
{
    manner_retain(sim, (int32_t)sim_between(sim, 0, sim->manner.partitions - 1));
}

/* ---- Harm. ---- */

enum { STATE_PLACES = ENG_TOPIC_STATE * BROKER_PARTITIONS };

/* Of a worker, with records of the state topic, when it is time and none has been torn before. */
bool manner_tears(struct sim *sim, const struct broker_txn *txn)
{
    bool state = txn->waits >> STATE_PLACES & ((1u << BROKER_PARTITIONS) - 1);
    if (sim->manner.harm != HARM_TORN || sim->harmed || sim->now_us < sim->manner.harm_us ||
        !state || txn->offset_mask == 0)
        return false;
    sim->harmed = true;
    for (uint32_t i = 0; i < sim->manner.processes && sim_percent(sim, 60); i++)
        if (sim->processes[i].port.producer == txn->producer)
            sim_after(sim, sim_between(sim, 0, 300 * MS),
                      (struct event){.run = death_comes,
                                     .who = &sim->processes[i],
                                     .a = (int64_t)sim->processes[i].life});
    return true;
}

uint32_t manner_torn_place(struct sim *sim, const struct broker_txn *txn)
{
    uint32_t place;
    do
        place = STATE_PLACES + (uint32_t)sim_between(sim, 0, BROKER_PARTITIONS - 1);
    while (!(txn->waits >> place & 1));
    return place;
}

/* Soon, or so late that whoever waits for it gives up more than once. */
int64_t manner_torn_us(struct sim *sim)
{
    return sim_percent(sim, 60) ? sim_between(sim, MS, 15 * MS) : sim_between(sim, S, 90 * S);
}

/* Retention takes input that was read, and would have to be read again. */
static void harm_input(struct sim *sim, const struct event *event)
{
    for (int32_t p = 0; p < sim->manner.partitions; p++) {
        struct broker_log *log = &sim->broker.logs[broker_place(ENG_TOPIC_INPUT, p)];
        int64_t next = sim->broker.committed[p].next;
        if (log->low >= next || low_water(sim, p) >= next)
            continue;
        log->low = sim_between(sim, low_water(sim, p) + 1, next);
        sim->harmed = true;
        sim_say(sim, "retention takes too much: partition %" PRId32 " begins at %" PRId64, p,
                log->low);
        return;
    }
    if (!sim->calm)
        sim_after(sim, 300 * MS, *event);
}

bool manner_names_harm(const struct sim *sim, const char *text)
{
    if (!sim->harmed)
        return false;
    return strstr(text, sim->manner.harm == HARM_TORN ? "torn" : "its retention is shorter") !=
           NULL;
}

static void oversize(struct sim *sim)
{
    struct process *process = victim_or_merger(sim);
    if (process != NULL)
        process->port.refuse_next = true;
}

static void erased(void *context, enum eng_status status, const char *json, size_t length)
{
    struct sim *sim = context;
    (void)json, (void)length; /* the journal says where */
    sim->tally[TALLY_ERASED] += status == ENG_OK;
}

static void ask_to_erase(struct process *process, const char *name)
{
    heap_enter(&process_first(process)->heap);
    struct eng_query *query = eng_query_new(name, strlen(name), erased, process->sim);
    if (query != NULL)
        query->erases = true;
    if (query != NULL && !eng_inbox_put(&process->worker->inbox, query))
        eng_free(query);
    heap_enter(NULL);
}

/* Somebody asks all processes to erase a partner, since nobody knows who has it. */
static void erase(struct sim *sim)
{
    char name[16];
    input_partner((int32_t)sim_between(sim, 0, sim->manner.partitions - 1),
                  sim_between(sim, 0, sim_between(sim, 0, INPUT_PARTNERS - 1)), name);
    sim_say(sim, "all are asked to erase %s", name);
    for (uint32_t i = 0; i < sim->manner.processes; i += sim->manner.workers)
        if (sim->processes[i].state == PROCESS_ALIVE && sim->processes[i].worker != NULL)
            ask_to_erase(&sim->processes[i], name);
}

static const struct {
    size_t mean; /* where its mean time is in a manner */
    void (*strike)(struct sim *sim);
} faults[] = {
    {offsetof(struct manner, kill_us), kill_one},
    {offsetof(struct manner, deaf_us), deafen_one},
    {offsetof(struct manner, freeze_us), freeze_one},
    {offsetof(struct manner, bump_us), bump},
    {offsetof(struct manner, stop_us), stop_one},
    {offsetof(struct manner, compact_us), compact},
    {offsetof(struct manner, hang_us), hang},
    {offsetof(struct manner, jump_us), jump},
    {offsetof(struct manner, away_us), coordinator},
    {offsetof(struct manner, memory_us), starve},
    {offsetof(struct manner, retain_us), retain},
    {offsetof(struct manner, oversize_us), oversize},
    {offsetof(struct manner, erase_us), erase},
    {offsetof(struct manner, merger_us), move_sums},
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static int64_t mean_of(const struct sim *sim, int64_t fault)
{
    return *(const int64_t *)(const void *)((const char *)&sim->manner + faults[fault].mean);
}

static void fault_comes(struct sim *sim, const struct event *event)
{
    if (sim->calm)
        return;
    faults[event->a].strike(sim);
    sim_after(sim, sim_about(sim, mean_of(sim, event->a)), *event);
}

void manner_begin(struct sim *sim)
{
    if (sim->manner.harm == HARM_RETENTION)
        sim_after(sim, sim->manner.harm_us, (struct event){.run = harm_input});
    for (int64_t us = 500 * MS; sim->manner.moves && us < 8 * S; us += 2500 * MS)
        sim_after(sim, sim->manner.empty_us + us, (struct event){.run = coordinator_comes});
    for (int64_t i = 0; i < FAULTS; i++)
        if (mean_of(sim, i) > 0)
            sim_after(sim, sim_about(sim, mean_of(sim, i)),
                      (struct event){.run = fault_comes, .a = i});
}

void manner_calm(struct sim *sim)
{
    sim->calm = true;
    sim->broker.away_until_us = sim->broker.forgets_until_us = -1;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++) {
        sim->processes[i].frozen_until_us = -1;
        sim->processes[i].deaf_until_us = -1;
        sim->processes[i].wall_error_ms = 0;
        sim->processes[i].port.refuse_next = false;
    }
    eng_memory_fail(0, 0);
    sim_say(sim, "---- no more faults ----");
}
