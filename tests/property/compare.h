/* The engine against the naive reference, and against itself in other portions. */
#ifndef TESTS_PROPERTY_COMPARE_H
#define TESTS_PROPERTY_COMPARE_H

#include "engine/model.h"
#include "history.h"
#include <engaged/effect.h>
#include <engaged/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What happened in the histories compared, to see that they are worth comparing. */
struct tally {
    uint64_t histories;
    uint64_t outcome[ENG_OUTCOME_COUNT];
    uint64_t score_changes, expiries, corrections; /* the latter two of the first */
    uint64_t opened[ENG_ALERT_KINDS], resolved[ENG_ALERT_KINDS];
    uint64_t cell_changes, reports, groups, boards, segments, sightings;
    uint64_t digests, left_out;            /* of budgets, and who stands in them */
    uint64_t silences, held;               /* that guards found, and alerts that they held */
    uint64_t activations, configs, erased; /* and what was told by the former */
    uint64_t flags[ENG_CHECK_KINDS];
    uint64_t released, discarded, orphans; /* of what checks have held */
    uint64_t bookings, cut, late_bookings; /* with a cap in the way; in an older pane */
    uint64_t pending, reversed;
    uint64_t nudges, to_bands, far; /* into another band; with more than one action */
};

struct comparison {
    uint64_t seed;       /* decides on the portions */
    FILE *out;           /* differences are described here */
    FILE *trace;         /* or NULL: gets every step with its effects */
    struct tally *tally; /* or NULL: what happened is added */
};

/* Runs a history through the reference and the engine and compares, after each step: what became of
 * the event, the effects byte by byte, clock, next boundary and counters, now and then the views of
 * all partners; eng_engine_check after each step. Then the same history in other batches, with the
 * smallest buffer, with step budgets of a few evaluations (and activations that are left unfinished
 * until the next call), and with effects untold up to some step:
 * the same bytes. `models`: the first, and those that steps of the history bring into force, by
 * their number. False when there is a difference. */
bool compare(const struct eng_model *const *models, const struct history *history,
             const struct comparison *how);

#endif
