/* One history. See history.h. */
#include "history.h"

#include "merged.h"
#include "oracle.h"
#include <inttypes.h>
#include <string.h>

#define S INT64_C(1000000)

enum { STEPS_MAX = 3000000, REST_US = 600000000, STILL_US = 4000000, LOOK_US = 200000 };

/* Starts processes whose time has come. */
static void start_due(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->manner.processes; i += sim->manner.workers)
        process_start_due(&sim->processes[i]);
}

/* What is not at rest; NULL: nothing. */
static const char *restless(struct sim *sim)
{
    static const char *const processes[SIM_MEMBERS] = {"process 0", "process 1", "process 2",
                                                       "merger 0",  "merger 1",  "merger 2"};
    if (!group_is_settled(&sim->group))
        return "the group";
    if (!group_is_settled(&sim->mergers))
        return "the mergers' group";
    if (!broker_is_quiet(&sim->broker))
        return "a transaction";
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        if (process_is_wanted(&sim->processes[i]) && !process_is_at_rest(&sim->processes[i]))
            return processes[i];
    return NULL;
}

/* Lets things happen until then. */
static void run_until(struct sim *sim, int64_t until_us)
{
    while (sim->now_us < until_us && !sim->failed && !sim->refused) {
        start_due(sim);
        sim_step(sim);
        if (sim->step_count > STEPS_MAX)
            sim_fail(sim, "too many steps: something goes round and round");
    }
}

/* Looks at an event now and then, so that time goes on without any strand. */
static void look(struct sim *sim, const struct event *event)
{
    sim_after(sim, LOOK_US, *event);
}

/* G14. Lets things come to rest; all that is still on its way has some time to arrive. */
static void settle(struct sim *sim)
{
    int64_t since_us = sim->now_us;
    const char *who;
    while (!sim->failed && !sim->refused && (who = restless(sim)) != NULL) {
        run_until(sim, sim->now_us + LOOK_US);
        if (sim->now_us - since_us > REST_US)
            sim_fail(sim, "no rest %d s after the last fault: %s", (int)(REST_US / S), who);
    }
}

static void kill_all(struct sim *sim, const char *why)
{
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        if (sim->processes[i].state == PROCESS_ALIVE)
            process_kill(&sim->processes[i], why);
}

/* All die, and one begins anew from what is in the log, with the last version of the program. In
 * some histories the offset of the mergers' group has expired meanwhile. */
static void restart(struct sim *sim)
{
    sim_say(sim, "---- a restart ----");
    sim->expired = sim->seed % 3 == 0 && merged_may_expire(sim);
    sim->input.released = sim->input.changes;
    kill_all(sim, "the restart");
    if (sim->expired) {
        sim_say(sim, "the offset of the mergers has expired");
        sim->broker.committed[BROKER_MERGERS] = (struct eng_port_offset){.next = -1};
    }
    sim->manner.processes = 1;
    settle(sim);
}

/* A worker has refused to go on, as it may. */
static void end_refused(struct sim *sim)
{
    kill_all(sim, "one of them has refused to go on");
    manner_calm(sim);
    for (int64_t until_us = sim->now_us + REST_US; sim->now_us < until_us;)
        if (broker_is_quiet(&sim->broker))
            break;
        else
            sim_step(sim);
    oracle_compare_told(sim);
}

static void run(struct sim *sim)
{
    manner_begin(sim);
    input_begin(sim);
    sim_after(sim, LOOK_US, (struct event){.run = look});
    run_until(sim, sim->manner.calm_us);
    manner_calm(sim);
    sim->wall_stop_us = sim->now_us + STILL_US;
    run_until(sim, sim->now_us + 2 * STILL_US);
    settle(sim);
    if (!sim->refused)
        oracle_compare(sim);
    if (!sim->failed && !sim->refused)
        restart(sim);
    if (sim->refused)
        end_refused(sim);
    else
        oracle_compare(sim);
    sim->tally[TALLY_HARMED] += sim->harmed;
    sim->tally[TALLY_REFUSED] += sim->refused;
}

void history_run(uint64_t seed, const struct history_options *options,
                 struct history_result *ret_result)
{
    static struct sim sim;
    bool has_program = sim_init(&sim, seed, options->trace);
    sim.crash_at = options->crash_at;
    if (has_program)
        run(&sim);
    if (sim.failed && sim.trace != NULL) {
        fprintf(sim.trace, "%s\n", sim.input.text);
        oracle_trace(&sim);
    }
    oracle_count(&sim);
    ret_result->failed = sim.failed;
    ret_result->calls = sim.calls;
    memcpy(ret_result->tally, sim.tally, sizeof sim.tally);
    memcpy(ret_result->reason, sim.reason, sizeof sim.reason);
    sim_done(&sim);
}
