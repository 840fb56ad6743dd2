/* What the mergers have to have told, by the log of sums alone (G16).
 *
 * Merging is a pure function of what partitions have told, read from the beginning to some place:
 * the results of all moments that are complete there and were not given out before, tombstones for
 * the sums that they are made of, and what is written again because somebody is gone. So every
 * transaction of a merger that took place has to be that function of some place, which lies behind
 * that of the transaction before and before its own records, byte by byte and in order. Whatever
 * was gathered, forgotten and read again in between makes no difference. Where the place is matters
 * only to what comes too late: what is told of a moment after a partition has said that it has no
 * events. */
#ifndef TESTS_SIM_MERGED_H
#define TESTS_SIM_MERGED_H

#include <stdbool.h>

struct eng_merger;
struct sim;

/* Compares; what differs goes to sim_fail. No transaction may be under way. `all`: mergers are at
 * rest, so everything that is complete has to have been told (G14). */
void merged_compare(struct sim *sim, bool all);

/* A merger has read to the end and goes over to giving out: it must not wait for anybody whom
 * somebody would not wait for who has read all that there is, from the beginning. */
void merged_check_begun(struct sim *sim, const struct eng_merger *merger);

/* Can the offset of the mergers' group get lost, so that a merger reads everything from the
 * beginning? With it goes up to where results were given out. So nothing may have come too late
 * for them, or come yet, and no sums may stay when they have been given out, as a board's do. */
bool merged_may_expire(struct sim *sim);

/* Says in the trace what is in both topics. */
void merged_trace(const struct sim *sim);

#endif
