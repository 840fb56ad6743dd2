/* The clock, chance and the order of things. See sim.h. The log and the asserts of the program end
 * here too: in the simulation src/base/log.c and assert.c are left out. */
#include "sim.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/rules.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

uint64_t eng_rules_left_out;

static struct sim *current;

struct sim *sim_running(void)
{
    return current;
}

bool sim_init(struct sim *sim, uint64_t seed, FILE *trace)
{
    memset(sim, 0, sizeof *sim);
    sim->seed = seed;
    sim->chance.state = seed * 0x9E3779B97F4A7C15u + 1;
    sim->trace = trace;
    sim->wall_stop_us = INT64_MAX;
    sim->wall_zero_ms = 1767225600000 + sim_between(sim, 0, 400LL * 86400000); /* 2026 and after */
    current = sim;
    manner_draw(sim);
    broker_init(&sim->broker, sim);
    group_init(&sim->group, sim, sim->manner.partitions);
    group_init(&sim->mergers, sim, 1);
    sim->group.static_members = sim->manner.static_members;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        process_init(&sim->processes[i], sim, i);
    if (!input_init(sim))
        return false;
    manner_draw_groups(sim);
    return true;
}

void sim_done(struct sim *sim)
{
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        process_done(&sim->processes[i]);
    for (int32_t p = 0; p < BROKER_PARTITIONS; p++)
        oracle_free(sim->oracles[p]);
    broker_done(&sim->broker);
    input_done(&sim->input);
    free(sim->events);
    current = NULL;
}

/* ---- Chance. ---- */

int64_t sim_between(struct sim *sim, int64_t low, int64_t high)
{
    return low >= high ? low : chance_between(&sim->chance, low, high);
}

bool sim_percent(struct sim *sim, unsigned percent)
{
    return chance_percent(&sim->chance, percent);
}

/* From a quarter of the mean to twice that and more: bunches and gaps, without floating point. */
int64_t sim_about(struct sim *sim, int64_t mean_us)
{
    int64_t us = sim_between(sim, 1, mean_us);
    return sim_percent(sim, 25) ? us + 2 * mean_us : us;
}

/* ---- Time. ---- */

int64_t sim_wall_ms(const struct sim *sim)
{
    int64_t us = sim->now_us < sim->wall_stop_us ? sim->now_us : sim->wall_stop_us;
    return sim->wall_zero_ms + us * (sim->input.pane_ms / 1000) / (sim->manner.pane_us / 1000);
}

static bool comes_before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

void sim_after(struct sim *sim, int64_t delay_us, struct event event)
{
    eng_assert(delay_us >= 0 && event.run != NULL);
    if (sim->event_count == sim->event_capacity) {
        sim->event_capacity = sim->event_capacity == 0 ? 256 : sim->event_capacity * 2;
        sim->events = realloc(sim->events, sim->event_capacity * sizeof *sim->events);
        eng_assert(sim->events != NULL);
    }
    event.at_us = sim->now_us + delay_us;
    event.number = ++sim->numbers;
    uint32_t place = sim->event_count++;
    for (; place > 0 && comes_before(&event, &sim->events[(place - 1) / 2]);
         place = (place - 1) / 2)
        sim->events[place] = sim->events[(place - 1) / 2];
    sim->events[place] = event;
}

static struct event take_event(struct sim *sim)
{
    struct event first = sim->events[0], last = sim->events[--sim->event_count];
    uint32_t place = 0;
    for (uint32_t child; (child = 2 * place + 1) < sim->event_count; place = child) {
        if (child + 1 < sim->event_count &&
            comes_before(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!comes_before(&sim->events[child], &last))
            break;
        sim->events[place] = sim->events[child];
    }
    sim->events[place] = last;
    return first;
}

/* When a strand goes on: not while its process is frozen. */
static int64_t time_of(const struct strand *strand)
{
    int64_t frozen_us = strand->process->frozen_until_us;
    return strand->wake_us > frozen_us ? strand->wake_us : frozen_us;
}

static struct strand *next_strand(struct sim *sim)
{
    struct strand *best = NULL;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        for (int k = 0; k < PROCESS_STRANDS; k++) {
            struct strand *strand = &sim->processes[i].strands[k];
            if (strand->fiber == NULL)
                continue;
            if (best == NULL || time_of(strand) < time_of(best) ||
                (time_of(strand) == time_of(best) && strand->number < best->number))
                best = strand;
        }
    return best;
}

void sim_step(struct sim *sim)
{
    struct strand *strand = next_strand(sim);
    sim->step_count++;
    if (strand == NULL || (sim->event_count > 0 && sim->events[0].at_us <= time_of(strand))) {
        eng_assert(sim->event_count > 0);
        struct event event = take_event(sim);
        sim->now_us = event.at_us > sim->now_us ? event.at_us : sim->now_us;
        event.run(sim, &event);
        return;
    }
    sim->now_us = time_of(strand) > sim->now_us ? time_of(strand) : sim->now_us;
    process_resume(strand->process, strand);
}

/* ---- What is said. ---- */

static void say(const struct sim *sim, const char *format, va_list arguments)
{
    const struct process *process = sim->running;
    if (process != NULL)
        fprintf(sim->trace, "%10.6f  %u %-6s ", (double)sim->now_us / 1e6, process->slot,
                process->running == process->strands ? "loop" : "errand");
    else
        fprintf(sim->trace, "%10.6f  %-8s ", (double)sim->now_us / 1e6, "-");
    vfprintf(sim->trace, format, arguments);
    fputc('\n', sim->trace);
}

void sim_say(const struct sim *sim, const char *format, ...)
{
    va_list arguments;
    if (sim->trace == NULL)
        return;
    va_start(arguments, format);
    say(sim, format, arguments);
    va_end(arguments);
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list arguments;
    if (sim->failed)
        return;
    sim->failed = true;
    va_start(arguments, format);
    vsnprintf(sim->reason, sizeof sim->reason, format, arguments);
    va_end(arguments);
    sim_say(sim, "WRONG: %s", sim->reason);
}

/* ---- src/base/log.h and assert.h, for the simulation. ---- */

void eng_log_level_set(enum eng_log_level level)
{
    (void)level;
}

int eng_log_level_parse(const char *name)
{
    (void)name;
    return -1;
}

void eng_log(enum eng_log_level level, const char *room, const char *format, ...)
{
    struct sim *sim = current;
    va_list arguments;
    (void)level;
    (void)room;
    if (sim == NULL || sim->trace == NULL)
        return;
    va_start(arguments, format);
    say(sim, format, arguments);
    va_end(arguments);
}

/* In a process: this history has failed, and the process does not go on. */
_Noreturn void eng_assert_failed(const char *expression, const char *file, int line,
                                 const char *function)
{
    if (current != NULL && fiber_inside()) {
        sim_fail(current, "broken invariant: %s (%s:%d, %s)", expression, file, line, function);
        for (;;)
            fiber_suspend();
    }
    fprintf(stderr, "broken invariant: %s (%s:%d, %s)", expression, file, line, function);
    if (current != NULL)
        fprintf(stderr, ", seed %" PRIu64, current->seed);
    fputc('\n', stderr);
    abort();
}
