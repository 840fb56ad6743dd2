/* One history of very many rebalances and nothing else, in which memory must not grow.
 *
 * Two or three processes live from its beginning to its end, and partitions change hands all the
 * time; each time a share is given up, loaded, and read again. Input trickles, a pane passes every
 * thousand steps, a few commits end in doubt, the state topic is compacted and retention
 * follows low water, so that what a restore reads stays as long as it is. What the processes have
 * allocated is looked at after every step of the world; the most within a thousand steps is what
 * counts. */
#ifndef TESTS_SIM_STEADY_H
#define TESTS_SIM_STEADY_H

#include "history.h"

/* Runs `steps` assignments and revocations, and prints blocks and bytes at 1,000 of them, at 10,000
 * and so on. Failed, with the reason, when there is more at the end than at a tenth of it. */
void steady_run(uint64_t seed, uint64_t steps, struct history_result *ret_result);

#endif
