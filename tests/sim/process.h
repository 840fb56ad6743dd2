/* A simulated process: a worker, its loop, its couriers and its standbys as strands (coroutines)
 * that go on in turns. It can be killed between any two of its calls; then its strands are
 * abandoned where they stand and its heap is freed, and only what has reached the broker is left of
 * it.
 *
 * Where processes have several workers, each of them is a `struct process`, and those of one
 * process are a house: they start, stop, freeze and die together, share heap, gate and count of
 * memory, and pass queries on. The merger of a program with groups is one more of the house, its
 * last, as a member of another group and with a port of its own. */
#ifndef TESTS_SIM_PROCESS_H
#define TESTS_SIM_PROCESS_H

#include "fiber.h"
#include "group.h"
#include "heap.h"
#include "port.h"
#include "stream/courier.h"
#include "stream/standby.h"
#include <stdint.h>

struct eng_worker;
struct eng_merger;
struct eng_config;

enum process_state {
    PROCESS_DEAD,  /* not there, or not any more */
    PROCESS_ALIVE, /* its strands run */
};

struct strand {
    struct process *process;
    struct fiber *fiber; /* NULL: none */
    struct eng_courier *errand;
    bool waits;      /* for an errand to be done */
    int64_t wake_us; /* not before */
    uint64_t number; /* order at one time */
};

enum { PROCESS_LOOP, PROCESS_ERRANDS = 5, PROCESS_STRANDS = 1 + PROCESS_ERRANDS };

struct process {
    struct eng_courier_host host; /* first: it is found by it */
    struct sim *sim;
    uint32_t slot;
    struct group *group; /* of which it is a member */
    enum process_state state;
    uint64_t life;                   /* counts starts */
    const struct eng_config *config; /* of this life */
    bool dying; /* its strands have to be abandoned as soon as none of them runs */
    int64_t frozen_until_us, deaf_until_us;
    int64_t wall_error_ms;
    int64_t start_us; /* DEAD: when it starts again */
    struct heap heap; /* these four of the first of the house only */
    bool stopping;    /* who has not begun yet is to stop, too */
    _Atomic int gate;
    _Atomic uint64_t memory_bytes;
    struct port port;
    struct group_client client;
    struct strand strands[PROCESS_STRANDS];
    struct strand *running;             /* NULL: none */
    struct eng_worker *worker;          /* NULL: it is none, or not there yet or any more */
    struct eng_merger *merger;          /* the same */
    bool merges;                        /* has a merger in this life, as its program has groups */
    struct eng_standbys *standbys;      /* of this worker alone; NULL: none */
    uint64_t fates[ENG_FOLLOWER_FATES]; /* of followers, as last looked at */
};

void process_init(struct process *process, struct sim *sim, uint32_t slot);
void process_done(struct process *process);

/* The first of its house. */
struct process *process_first(struct process *process);

/* Is it to be a member of its group? */
bool process_is_wanted(const struct process *process);

/* Its number among those of the group; never 0. */
uint64_t process_number(const struct process *process);

/* Starts the whole house of this first one, when it is due. */
void process_start_due(struct process *first);

/* Is it alive, and is no commit half done that only its house can bring to an end? */
bool process_may_die(struct process *process);

/* kill -9, of the whole house. From outside, or by one of its own strands, which does not come back
 * then. */
void process_kill(struct process *process, const char *why);

/* SIGTERM, for the whole house. */
void process_stop(struct process *process);

/* All of the house stand still for so long. */
void process_freeze(struct process *process, int64_t us);

/* SIGHUP of the house: it reads its configuration again, which is the newest release of the
 * program. */
void process_reload(struct process *process);

/* In a strand: lets others go on for so long. */
void process_sleep(struct process *process, int64_t us);

/* Lets a strand go on. */
void process_resume(struct process *process, struct strand *strand);

/* Has it committed all it has read of what is there, with nothing under way? */
bool process_is_at_rest(const struct process *process);

#endif
