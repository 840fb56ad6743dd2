/* The merger: adds up what the partitions tell of groups, and tells the results of all of them.
 *
 * Every process of a program with groups has one, and they are members of a consumer group of their
 * own, named after the program's with "-groups" behind it. The topic of sums has one partition, so
 * the group gives it to one of them, and to another when that one goes. It reads the sums, gathers
 * them (gather.h), and when a moment is complete commits in one transaction: the results,
 * tombstones for the sums they are made of, and where reading has to begin again. Before it gives
 * anything out it has read to the end of the topic.
 *
 * So results are told once, whatever fails: what partitions tell is told once (it is in the
 * transactions of their workers), and merging is a pure function of that. One loop thread, which
 * calls the port, and one commit thread. */
#ifndef ENG_STREAM_MERGER_H
#define ENG_STREAM_MERGER_H

#include "stream/committer.h"
#include "stream/courier.h"
#include "stream/gather.h"
#include "stream/service.h"
#include "stream/sink.h"
#include <pthread.h>

struct eng_merger;

/* All borrowed but the port, which the merger owns from then on. */
struct eng_merger_options {
    const struct eng_config *config; /* the program's */
    struct eng_port *port; /* in whose configuration the topic of sums is the input: see below */
    uint64_t writer;       /* a number that nobody else ever has */
    struct eng_courier_way way;
    _Atomic int *gate; /* 0: topics not yet checked, 1: fine, 2: not */
};

/* The configuration that the port is to be made with: `config`, with the topic of sums as input, in
 * the mergers' group. `ret_config` and what it refers to in `group` live as long as the port. */
enum { ENG_MERGER_GROUP_BYTES = 256 };
void eng_merger_config(const struct eng_config *config, char group[ENG_MERGER_GROUP_BYTES],
                       struct eng_config *ret_config);

/* ENG_OK, or ENG_NO_MEMORY (the port is freed). */
enum eng_status eng_merger_new(const struct eng_merger_options *options,
                               struct eng_merger **ret_merger, struct eng_error *err);
/* After its life; NULL is fine. */
void eng_merger_free(struct eng_merger *merger);

/* The whole life, on the calling thread: returns when stopped or failed. */
void eng_merger_run(struct eng_merger *merger);

/* The parts of that life, for tests that turn the loop themselves: waits for the topics and joins
 * (false: ended); one turn (false: ended); leaves. */
bool eng_merger_begin(struct eng_merger *merger);
bool eng_merger_turn(struct eng_merger *merger);
void eng_merger_end(struct eng_merger *merger);

/* Any thread. */
void eng_merger_stop(struct eng_merger *merger);

/* Any thread: has its life ended, and how (ENG_STOPPED: as it was asked to; text in err)? */
bool eng_merger_stopped(struct eng_merger *merger, enum eng_status *ret_status,
                        struct eng_error *err);

/* Any thread: what its commit thread has been asking for too long; NULL: nothing. */
const char *eng_merger_stuck(const struct eng_merger *merger, int64_t now_us, int64_t limit_us);

/* Any thread. */
void eng_merger_show(struct eng_merger *merger, struct eng_merger_stats *ret_stats);

#endif
