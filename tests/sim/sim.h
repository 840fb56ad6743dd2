/* The simulated world: one virtual clock, one source of chance, and an order in which things
 * happen.
 *
 * Two kinds of things happen: a strand (a coroutine of a simulated process) goes on, or an event
 * (something on the network, in the broker, or a fault) takes place. Each has a time; the earliest
 * is next, and of two at one time the one that was asked for first. All that differs from run to
 * run is drawn from the seed, so a seed is a history.
 *
 * The clock of the wall is another one: it runs much faster than the monotonic one, so that a
 * history of a minute sees a hundred panes, and it jumps. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "../property/chance.h"
#include "broker.h"
#include "group.h"
#include "input.h"
#include "manner.h"
#include "oracle.h"
#include "process.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct event;
typedef void event_function(struct sim *sim, const struct event *event);

struct event {
    int64_t at_us;
    uint64_t number; /* order at one time */
    event_function *run;
    void *who;
    int64_t a, b;
};

/* Workers come first; each may be the first of a house, and then has its merger so many places
 * behind it. */
enum { SIM_PROCESSES = 3, SIM_MEMBERS = 2 * SIM_PROCESSES, SIM_REASON_BYTES = 600 };

/* X(NAME, what happened): counted, so that a generator that has gone dull is noticed. */
#define SIM_TALLY(X)                                                                               \
    X(COMMITS, "commits")                                                                          \
    X(ABORTS, "aborts")                                                                            \
    X(DOUBTS, "ends without an answer")                                                            \
    X(LATE_ENDS, "ends that met a later transaction")                                              \
    X(EPOCHS, "producers opened")                                                                  \
    X(FENCED, "offsets refused for their generation")                                              \
    X(UNSTABLE, "waits for stable offsets")                                                        \
    X(DEATHS, "deaths")                                                                            \
    X(FAILURES, "workers that gave up")                                                            \
    X(HARMED, "histories with harm done")                                                          \
    X(REFUSED, "and refused by name")                                                              \
    X(OUTDATED, "workers that met a newer model")                                                  \
    X(REVOKED, "partitions given up")                                                              \
    X(LOST, "partitions lost")                                                                     \
    X(RETURNS, "static members that came back in time")                                            \
    X(INPUTS, "records of input")                                                                  \
    X(TICKS, "ticks")                                                                              \
    X(REFUSALS, "refusals of the future")                                                          \
    X(RELOADS, "configurations read again")                                                        \
    X(MODELS, "changes of the model")                                                              \
    X(ERASED, "partners erased")                                                                   \
    X(ERASURES, "erasures committed")                                                              \
    X(JOURNAL_GONE, "transactions that deleted some of the journal")                               \
    X(HALF_EVENTS, "commits in the middle of an event")                                            \
    X(HALF_TICKS, "commits in the middle of a tick")                                               \
    X(HALF_MODELS, "commits in the middle of a change of the model")                               \
    X(WAITS, "commits before an event whose boundaries are worked off")                            \
    X(OUTPUTS, "outputs")                                                                          \
    X(SUMS, "of them sums of groups")                                                              \
    X(MERGED, "results of groups, and boards")                                                     \
    X(MERGES, "transactions of mergers")                                                           \
    X(SUCCESSIONS, "of them by another than the one before")                                       \
    X(LATE_SUMS, "sums that came too late")                                                        \
    X(LETTERS, "dead letters")                                                                     \
    X(TAKEN, "standbys taken over")                                                                \
    X(GIVEN_BACK, "standbys that had to wait")                                                     \
    X(OUTDONE, "standbys of another model")                                                        \
    X(AHEAD, "standbys ahead of the group")                                                        \
    X(BROKEN, "standbys that did not pass")

enum sim_tally {
#define SIM_TALLY_ENUM(name, what) TALLY_##name,
    SIM_TALLY(SIM_TALLY_ENUM)
#undef SIM_TALLY_ENUM
        TALLY_COUNT
};

struct sim {
    uint64_t seed;
    struct chance chance;
    struct manner manner;
    int64_t now_us;
    uint64_t numbers;     /* given to events and strands so far */
    uint64_t calls;       /* of ports, so far */
    uint64_t crash_at;    /* the process that makes this call dies in it; 0: none */
    uint64_t changes;     /* assignments and revocations that a worker was told of */
    uint64_t step_count;  /* things that happened */
    bool calm;            /* no more faults */
    bool harmed;          /* what no worker can make good has happened */
    bool refused;         /* and a worker has said so, and ended */
    bool expired;         /* the offset of the mergers' group was */
    int64_t wall_zero_ms; /* at now_us 0 */
    int64_t wall_stop_us; /* the wall's clock stands still from then on; INT64_MAX: it goes */
    FILE *trace;          /* NULL: none */
    uint64_t tally[TALLY_COUNT];
    bool failed;
    char reason[SIM_REASON_BYTES];

    struct event *events; /* a heap by time and number */
    uint32_t event_count, event_capacity;
    struct input input;
    struct broker broker;
    struct group group, mergers; /* the workers', and the mergers' */
    struct process processes[SIM_MEMBERS];
    struct oracle *oracles[BROKER_PARTITIONS]; /* NULL: none yet */
    struct process *running;                   /* whose strand goes on just now; NULL: none */
};

/* The world that runs, for what is called without one (log, asserts); NULL: none. */
struct sim *sim_running(void);

/* A world of this seed, with nothing in it yet but program and input. False: the seed has no
 * program. `trace` may be NULL. */
bool sim_init(struct sim *sim, uint64_t seed, FILE *trace);
void sim_done(struct sim *sim);

/* Asks for an event in delay_us. */
void sim_after(struct sim *sim, int64_t delay_us, struct event event);

/* Lets the next thing happen. */
void sim_step(struct sim *sim);

/* Draws: a number in low..high; yes in `percent` of 100; a time with this mean. */
int64_t sim_between(struct sim *sim, int64_t low, int64_t high);
bool sim_percent(struct sim *sim, unsigned percent);
int64_t sim_about(struct sim *sim, int64_t mean_us);

/* The wall's clock, without the error of any process. */
int64_t sim_wall_ms(const struct sim *sim);

/* Notes why this history is wrong; the first reason stays. */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of the trace, with time and process. */
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
