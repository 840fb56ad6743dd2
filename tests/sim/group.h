/* A model of the consumer group: members, generations, who owns which partition, and how members
 * hear of it (late, or not at all).
 *
 * A rebalance: something changes (a member comes, leaves, is thrown out), and all members are told
 * by the answers to their heartbeats, one by one. Each joins again; eager members give up all they
 * have first, cooperative ones keep it. When all have joined, or the time is up, there is a new
 * generation with new assignments. A cooperative member that has to give something up does so and
 * joins once more; only then the partition goes to another.
 *
 * A member that is not heard of for the session's time is thrown out; it finds out when it can
 * hear again. It has lost its partitions then: that is told to the worker, and only when the worker
 * has returned from that it joins again (as librdkafka does).
 *
 * Static members are known by the names of their processes. One that goes says nothing, and when it
 * is back within the session's time it is given what it had, in the same generation, and nobody
 * else hears of it. Whatever its former life still asks for is refused.
 *
 * There are two groups: the workers', which shares the input, and that of those who merge (the
 * mergers'), which gives one partition to one of them. The first has a member a worker, the second
 * one a house.
 *
 * The client's half of this is here too; what is left to the port is to call the worker's handler
 * from poll. */
#ifndef TESTS_SIM_GROUP_H
#define TESTS_SIM_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct sim;

enum { GROUP_MEMBERS = 32, GROUP_CHANGES = 8 };

/* What a worker is to be told, in order. */
struct group_change {
    enum { GROUP_ASSIGNED, GROUP_REVOKED, GROUP_LOST } kind;
    uint32_t mask; /* of partitions */
};

/* A client's view of itself as a member. */
struct group_client {
    uint32_t member; /* 0: none */
    int32_t generation;
    uint32_t owned;     /* partitions assigned and not given up */
    bool wants_to_join; /* when all that is to be told has been told */
    bool joining;       /* it has asked to */
    bool telling;       /* inside the worker's handler */
    struct group_change changes[GROUP_CHANGES];
    uint32_t change_count;
};

struct group_member {
    uint32_t number; /* 0: this place is free */
    struct process *process;
    uint64_t life;    /* of the process */
    bool joined;      /* since the rebalance began */
    uint32_t claimed; /* partitions it said it has */
    uint32_t assigned;
};

struct group {
    struct sim *sim;
    int32_t partitions;
    bool static_members;
    struct group_member members[GROUP_MEMBERS];
    uint32_t numbers; /* given to members so far */
    int32_t generation;
    bool rebalancing, retarget;
    uint64_t round;     /* of rebalances */
    uint32_t target[4]; /* member whose it shall be, by partition */
};

/* For so many partitions. */
void group_init(struct group *group, struct sim *sim, int32_t partitions);

/* The process wants to be a member of its group. */
void group_subscribe(struct process *process);

/* The next thing to tell the worker; false: none. group_told when the handler has returned. */
bool group_next_change(struct process *process, struct group_change *ret_change);
void group_told(struct process *process, const struct group_change *change);

/* The process leaves, saying so. */
void group_leave(struct process *process);

/* The process is dead: the group finds out by itself. */
void group_died(struct process *process);

/* Nothing of the group reaches the process for so long, and no heartbeat the group. */
void group_deafen(struct process *process, int64_t us);

/* The process is thrown out now, and hears of it. */
void group_expel(struct process *process);

/* A rebalance without a cause; `move`: partitions may change hands. */
void group_bump(struct group *group, bool move);

/* May offsets be sent by this member in this generation? */
bool group_accepts(const struct group *group, uint32_t member, int32_t generation);

/* Is nothing under way, and, when anybody is to be a member, every partition somebody's who knows
 * it? */
bool group_is_settled(struct group *group);

#endif
