/* Forecasts of random partners, against what is told of them later. */
#ifndef TESTS_PROPERTY_FORETOLD_H
#define TESTS_PROPERTY_FORETOLD_H

#include "chance.h"
#include "restored.h"
#include <engaged/engine.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Where an engine stands in a history whose outcome is known. */
struct standpoint {
    struct eng_engine *engine;
    const struct eng_model *const *models;
    const struct history *history;
    const struct uninterrupted *known; /* the whole history */
    uint32_t step;                     /* the next one, or the one in work */
    size_t told_bytes;                 /* of `known`, so many have been told */
};

/* Forecasts a random partner of the history for a random time, and looks up what was told of it
 * until it acted, or was erased, or the model changed: the same bytes, no more and no less. */
bool foretold_is_known(const struct standpoint *here, struct chance *chance, FILE *out);

/* Forecasts the partners of a history whose last step is done, then ticks on as far: the same. */
bool foretold_comes_true(const struct standpoint *here, struct chance *chance, FILE *out);

#endif
