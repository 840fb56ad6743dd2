/* One history, from its seed to its judgement. */
#ifndef TESTS_SIM_HISTORY_H
#define TESTS_SIM_HISTORY_H

#include "sim.h"

struct history_options {
    FILE *trace;       /* NULL: none */
    uint64_t crash_at; /* number of a call in which its process dies; 0: none */
};

/* What came of a history. */
struct history_result {
    bool failed;
    char reason[SIM_REASON_BYTES];
    uint64_t calls; /* of ports */
    uint64_t tally[TALLY_COUNT];
};

/* Runs the history of a seed: faults, then calm, rest, comparison, a restart, comparison.
 *
 * Where harm was done that no worker can make good, one may refuse to go on by naming it; the
 * history ends there. What was told until then has to be right all the same, and no worker may go
 * on from a state that is not. */
void history_run(uint64_t seed, const struct history_options *options,
                 struct history_result *ret_result);

#endif
