/* Who stands by for which partition: worked out by each process for itself from the group's members
 * and what they have, and the same for all of them.
 *
 * A partition that somebody has is followed by the K others that have the fewest partitions, as the
 * group's assignors give to those first; among equals, by those that come next after the owner in
 * the order of the processes' numbers. Nobody is told: assignors do not know of standbys, so where
 * there are more processes than K + 1 a partition may go to one that has not followed it.
 *
 * Pure; one thread. Zero-initialised is empty. */
#ifndef ENG_STREAM_STANDBY_PLAN_H
#define ENG_STREAM_STANDBY_PLAN_H

#include "stream/port.h"

struct eng_standby_process {
    uint64_t number;
    uint32_t partitions; /* that it has */
};

struct eng_standby_plan {
    struct eng_standby_process *processes; /* ascending by number */
    uint32_t process_count, process_capacity;
    uint64_t *owners; /* by partition; 0: nobody's */
    uint32_t partition_count, partition_capacity;
};

void eng_standby_plan_done(struct eng_standby_plan *plan);

/* Empties it. */
void eng_standby_plan_clear(struct eng_standby_plan *plan);

/* Adds a member. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_standby_plan_add(struct eng_standby_plan *plan,
                                     const struct eng_port_member *member);

/* Whose a partition is; 0: nobody's. */
uint64_t eng_standby_plan_owner(const struct eng_standby_plan *plan, int32_t partition);

/* Does `process` stand by for a partition, when each has `standbys` of them? */
bool eng_standby_plan_follows(const struct eng_standby_plan *plan, uint64_t process,
                              int32_t partition, uint32_t standbys);

#endif
