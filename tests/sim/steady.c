/* Memory over rebalances. See steady.h. */
#include "steady.h"

#include "base/assert.h"
#include <inttypes.h>
#include <string.h>

enum {
    HOUR_MS = 3600000,
    WINDOW = 1000,       /* steps whose most counts */
    PANE_US = 400000000, /* of the clock of the broker, in which a thousand steps pass */
    TIDY_STEPS = 50,
    STUCK_US = 300000000,
    TRIES = 100,
};

struct most {
    uint64_t blocks, bytes;
};

/* Nothing but rebalances, and commits in doubt now and then. */
static void set_manner(struct sim *sim)
{
    struct manner *manner = &sim->manner;
    bool eager = manner->eager;
    *manner = (struct manner){.partitions = BROKER_PARTITIONS,
                              .processes = 2 + (uint32_t)(sim->seed % 2),
                              .workers = 1,
                              .eager = eager,
                              .stable_ids = true,
                              .pane_us = PANE_US,
                              .calm_us = INT64_MAX / 4,
                              .doubt = 2,
                              .sticky = 20};
}

/* Input that comes one record in a hundred steps. */
static void trickle(struct sim *sim, const struct event *event)
{
    input_put(sim, (int32_t)sim_between(sim, 0, sim->manner.partitions - 1));
    sim_after(sim, sim_about(sim, 40000000), *event);
}

/* A world of the first seed from here on whose panes are hours; false: there is none. */
static bool begin(struct sim *sim, uint64_t seed)
{
    for (int i = 0; i < TRIES; i++) {
        if (sim_init(sim, seed + (uint64_t)i, NULL) && sim->input.pane_ms == HOUR_MS &&
            sim->input.changes == 0)
            break;
        sim_done(sim);
        if (i + 1 == TRIES)
            return false;
    }
    set_manner(sim);
    sim->group.partitions = BROKER_PARTITIONS;
    sim->group.static_members = false;
    sim->wall_zero_ms -= sim->wall_zero_ms % HOUR_MS;
    input_begin_upstream(sim);
    sim_after(sim, 0, (struct event){.run = trickle});
    return true;
}

/* The logs stay as short as they can be. */
static void tidy(struct sim *sim)
{
    for (int32_t p = 0; p < sim->manner.partitions; p++) {
        broker_compact(&sim->broker, broker_place(ENG_TOPIC_STATE, p));
        broker_trim(&sim->broker, broker_place(ENG_TOPIC_STATE, p));
        manner_retain(sim, p);
    }
    broker_compact(&sim->broker, broker_place(ENG_TOPIC_GROUP_SUMS, 0));
    broker_trim(&sim->broker, broker_place(ENG_TOPIC_GROUP_SUMS, 0));
}

static void look(const struct sim *sim, struct most *most)
{
    struct most now = {0};
    for (uint32_t i = 0; i < sim->manner.processes; i++) {
        now.blocks += sim->processes[i].heap.count;
        now.bytes += sim->processes[i].heap.bytes;
    }
    most->blocks = now.blocks > most->blocks ? now.blocks : most->blocks;
    most->bytes = now.bytes > most->bytes ? now.bytes : most->bytes;
}

/* Goes on until so many steps have been taken; what was the most within the last thousand of them.
 */
static struct most run_to(struct sim *sim, uint64_t steps)
{
    struct most most = {0};
    int64_t since_us = sim->now_us;
    uint64_t last = sim->changes, tidied = sim->changes;
    while (sim->changes < steps && !sim->failed) {
        for (uint32_t i = 0; i < sim->manner.processes; i++)
            process_start_due(&sim->processes[i]);
        sim_step(sim);
        if (sim->changes + WINDOW >= steps)
            look(sim, &most);
        if (group_is_settled(&sim->group))
            group_bump(&sim->group, true);
        if (group_is_settled(&sim->mergers))
            group_bump(&sim->mergers, true);
        if (sim->changes >= tidied + TIDY_STEPS) {
            tidied = sim->changes;
            tidy(sim);
        }
        since_us = sim->changes > last ? sim->now_us : since_us;
        last = sim->changes;
        if (sim->now_us - since_us > STUCK_US)
            sim_fail(sim, "no rebalance for %d s, after %" PRIu64 " steps", STUCK_US / 1000000,
                     last);
    }
    return most;
}

static void say(uint64_t steps, struct most most)
{
    printf("%10" PRIu64 " steps: %8" PRIu64 " blocks, %10" PRIu64 " bytes\n", steps, most.blocks,
           most.bytes);
    fflush(stdout);
}

/* G15. One in ten more is what chance makes of it. */
static void compare(struct sim *sim, struct most before, struct most after)
{
    if (!sim->failed && (after.blocks > before.blocks + before.blocks / 10 ||
                         after.bytes > before.bytes + before.bytes / 10))
        sim_fail(sim,
                 "memory grows: %" PRIu64 " blocks and %" PRIu64 " bytes, later %" PRIu64
                 " and %" PRIu64,
                 before.blocks, before.bytes, after.blocks, after.bytes);
}

void steady_run(uint64_t seed, uint64_t steps, struct history_result *ret_result)
{
    static struct sim sim;
    struct most before = {0}, now = {0};
    *ret_result = (struct history_result){.failed = true, .reason = "no seed has such a program"};
    if (!begin(&sim, seed))
        return;
    for (uint64_t at = WINDOW; !sim.failed && sim.changes < steps; at *= 10) {
        at = at < steps ? at : steps;
        now = run_to(&sim, at);
        if (before.blocks == 0 && at >= steps / 10)
            before = now;
        say(at, now);
    }
    compare(&sim, before, now);
    ret_result->failed = sim.failed;
    ret_result->calls = sim.calls;
    memcpy(ret_result->tally, sim.tally, sizeof sim.tally);
    memcpy(ret_result->reason, sim.reason, sizeof sim.reason);
    sim_done(&sim);
}
