/* Makes a failing case small: steps, lines of the program and fields of events are taken out as
 * long as it still fails. */
#ifndef TESTS_PROPERTY_SHRINK_H
#define TESTS_PROPERTY_SHRINK_H

#include "compare.h"
#include "sample.h"
#include <stdbool.h>
#include <stdint.h>

enum verdict {
    VERDICT_SAME,
    VERDICT_DIFFERENT, /* or the process died */
    VERDICT_REFUSED,   /* the loader does not take the program */
};

/* Judges a sample in this process. The sample's own seed decides on the portions. */
enum verdict sample_judge(const struct sample *sample, struct comparison how);

/* Shrinks a sample that is VERDICT_DIFFERENT, each try in a process of its own. */
void sample_shrink(struct sample *sample);

#endif
