/* Warm standbys: partitions of other processes whose state this one keeps at hand.
 *
 * One per process, with a thread, a port and so a consumer of its own: the workers are not
 * disturbed by it. In turns it asks the group who has what (standby_plan.h), begins and ends
 * followers (follow.h) accordingly, and reads on with each to the end of its state topic. The
 * worker that is given a partition takes its follower (recall.h), or goes without.
 *
 *                    plan: stand by          reads on, turn after turn
 *   (nothing) ------------------------> FOLLOWING ---------------+
 *      ^  ^                              |  |  ^ ----------------+
 *      |  +---- outdated, broken, too    |  |  |
 *      |        large, not in the plan --+  |  | the broker did not answer
 *      |  ours, and restored                v  |
 *      +--------------------------------- TAKEN
 *
 * Nobody waits for a standby: what it cannot do is done as without one, and no failure in here ends
 * the process. Locked are only moments in which a follower changes hands.
 *
 * Memory: each follower's is that of the partition's owner. Engines of tasks and standbys together
 * stay within run.memory: it is a standby that goes. */
#ifndef ENG_STREAM_STANDBY_H
#define ENG_STREAM_STANDBY_H

#include "stream/courier.h"
#include "stream/follow.h"
#include "stream/service.h"

struct eng_standbys;

/* The edition is held, the port is theirs from then on, all else is borrowed. */
struct eng_standbys_options {
    struct eng_edition *edition; /* run.standbys > 0 */
    struct eng_port *port;
    uint64_t process;                     /* who we are among the members; see eng_port_member */
    const _Atomic uint64_t *memory_bytes; /* of the tasks' engines */
};

/* ENG_OK; ENG_NO_MEMORY: the port is freed. */
enum eng_status eng_standbys_new(const struct eng_standbys_options *options,
                                 struct eng_standbys **ret_standbys, struct eng_error *err);

/* Begins, as a thread or at a host's. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_standbys_start(struct eng_standbys *standbys, struct eng_courier_way way,
                                   struct eng_error *err);

/* Another edition for the followers that begin from now on. Any thread. */
void eng_standbys_use(struct eng_standbys *standbys, struct eng_edition *edition);

/* Asks to come to an end soon. Any thread. */
void eng_standbys_stop(struct eng_standbys *standbys);

/* Waits for that, and frees all; nobody may have a follower of theirs. NULL is fine. */
void eng_standbys_free(struct eng_standbys *standbys);

/* One turn, for tests that have no thread. */
void eng_standbys_turn(struct eng_standbys *standbys);

/* Partitions have changed hands: asks the group soon. Any thread. */
void eng_standbys_stir(struct eng_standbys *standbys);

/* ---- By the aide of the worker that restores a partition. ---- */

/* Takes the partition's follower, at rest; NULL: there is none, or it cannot be had in time. Nobody
 * stands by for the partition then until somebody else has it. `port`: who sleeps. */
struct eng_follower *eng_standbys_take(struct eng_standbys *standbys, struct eng_port *port,
                                       int32_t partition);

/* What came of it: it goes back (WAITS), or is freed. */
void eng_standbys_settle(struct eng_standbys *standbys, int32_t partition,
                         struct eng_follower *follower, enum eng_follower_fate fate);

/* ---- For others to see; any thread. ---- */

/* How many followers have come to such an end. */
uint64_t eng_standbys_count(struct eng_standbys *standbys, enum eng_follower_fate fate);

/* Fills in what stats tell of standbys; what is there is replaced. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_standbys_show(struct eng_standbys *standbys, struct eng_stats *stats);

#endif
