/* An engine that is stopped at a commit and made again from its pages, against one that never was.
 */
#ifndef TESTS_PROPERTY_RESTORED_H
#define TESTS_PROPERTY_RESTORED_H

#include "chance.h"
#include "history.h"
#include <engaged/engine.h>
#include <stdbool.h>
#include <stdio.h>

/* What the uninterrupted run gave. All borrowed. */
struct uninterrupted {
    struct eng_engine *engine; /* at the end of the history */
    const uint8_t *told;
    const size_t *told_before; /* by step: bytes told before it; one more entry for the end */
    const uint8_t *outcomes;   /* by step */
    const int64_t *clocks;     /* by step: the clock after it */
};

/* Runs the history with commits here and there, between two steps or in the middle of one, each
 * with the pages of some who have changed; stops after one of them, as a crash would; restores from
 * what was committed, and goes on; several times in a history. Told, outcomes and views have to be
 * those of the uninterrupted run, and the sum of the pages that of the commit. Pages may be of
 * later models than low water's, and partners erased. Differences are described in `out`. */
bool restored_is_same(const struct eng_model *const *models, const struct history *history,
                      const struct uninterrupted *want, struct chance *chance, FILE *out);

#endif
