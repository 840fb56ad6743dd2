/* The engine against the naive reference, and against itself in other portions. */
#ifndef TESTS_PROPERTY_COMPARE_H
#define TESTS_PROPERTY_COMPARE_H

#include "history.h"
#include <engaged/effect.h>
#include <engaged/model.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Runs a history through the reference and the engine and compares, after each step: what became of
 * the event, the effects byte by byte, clock, next boundary and counters, now and then the views of
 * all partners; eng_engine_check after each step. Then the same history in other batches, with the
 * smallest buffer, with step budgets of a few evaluations, and with effects untold up to some step:
 * the same bytes. `seed` decides on the portions. A difference is described on `out`, and the
 * result is false. `trace` (or NULL) gets every step with its effects. */
bool compare(const struct eng_model *model, const struct history *history, uint64_t seed, FILE *out,
             FILE *trace);

/* One effect as a readable line. */
void effect_print(const struct eng_model *model, const struct eng_effect *effect, FILE *out);

#endif
