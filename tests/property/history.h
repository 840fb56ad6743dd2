/* Random histories: events out of order, repeated, tied, late, bad or far ahead, and ticks. */
#ifndef TESTS_PROPERTY_HISTORY_H
#define TESTS_PROPERTY_HISTORY_H

#include "chance.h"
#include "program.h"
#include <engaged/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTORY_ATTRIBUTES = 4, HISTORY_NUMBERS = 3 };

struct step {
    bool tick;      /* a tick to event.time_ms, else an event */
    bool erase;     /* the partner of `event` is erased, else an event */
    uint32_t model; /* the changed program with this number comes into force; 0: none does */
    bool silent;    /* and tells nothing */
    struct eng_event event; /* id and member point into the step */
    char id[16], member[16];
    struct eng_slice attributes[HISTORY_ATTRIBUTES]; /* the event's, in the order of their names */
    int64_t numbers[HISTORY_NUMBERS];                /* the same */
};

/* What the attributes and numbers of all histories are called. */
extern const struct eng_names history_names;

struct history {
    struct step *steps; /* owned */
    uint32_t count;
};

static inline bool step_is_event(const struct step *step)
{
    return !step->tick && !step->erase && step->model == 0;
}

/* A history of up to `steps_max` steps. The caller frees it with history_free. */
struct history history_make(struct chance *chance, const struct program_traits *traits,
                            uint32_t steps_max);

/* A history of the same steps. */
struct history history_copy(const struct history *history);
void history_free(struct history *history);

/* Takes out `count` steps from `from` on. */
void history_cut(struct history *history, uint32_t from, uint32_t count);

/* The events as JSON lines that `engaged replay` reads; ticks cannot be said there and are left
 * out, refusals for the future too. */
void history_write_jsonl(const struct history *history, FILE *out);

/* One step as a readable line. */
void step_print(const struct step *step, FILE *out);

#endif
