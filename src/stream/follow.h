/* A follower: an unfinished restore of a partition that somebody else has, kept up to date.
 *
 * It reads the state topic from its beginning and then its tail, as a restore does, and never comes
 * to an end: pages replace one another in an engine that waits for its input, tombstones take them
 * away, the journal behind low water of the newest commit record is kept, and that record itself.
 * When the partition becomes ours, only what lies between its place and the record that the group
 * names is left to be read.
 *
 * What makes that safe:
 *
 *   1. Read is what is committed, in the order of the log, and nothing twice. A transaction may be
 *      read by halves: then its pages are there before its commit record. That is no state of any
 *      moment, and never used as one: it is finished only where the group's record has been read.
 *   2. It is at rest before the committed offset is asked for. A record that could be read was of a
 *      transaction decided to be committed, and stable offsets wait for such; so the group names
 *      that transaction or a later one, and nothing was read from behind it. This is checked all
 * the same: the greatest sequence of all pages and of all commit records is at most the named one.
 *   3. Life and model at low water are those of the group's record as of the beginning. When either
 *      changes the follower is outdated, and the next one begins anew.
 *   4. The result goes through every check of a restore, number and sum of the pages among them.
 * What does not pass is thrown away, and the state topic is read from its beginning; so a follower
 *      can make a take-over fast, or do nothing for it, and nothing else.
 *
 * Memory is that of the partition's engine and some pages. One thread at a time. */
#ifndef ENG_STREAM_FOLLOW_H
#define ENG_STREAM_FOLLOW_H

#include "stream/restore.h"

struct eng_follower;

/* What came of handing a follower over. */
enum eng_follower_fate {
    ENG_FOLLOWER_TAKEN,    /* it is the partition's state now, and of no more use itself */
    ENG_FOLLOWER_WAITS,    /* the broker did not answer, or it was cancelled; ask again with it */
    ENG_FOLLOWER_OUTDATED, /* another life or another model at low water */
    ENG_FOLLOWER_AHEAD,    /* it has read from behind the named record: rule 2 was broken */
    ENG_FOLLOWER_BROKEN,   /* it did not pass a check */
    ENG_FOLLOWER_FATES
};

/* Begins to follow: nothing is read yet. `request` is copied, with what `meta` (which must be
 * there) points to; the rest stays borrowed. ENG_OK, ENG_NO_MEMORY, ENG_BAD_CONFIG (our model
 * cannot follow on the one that was committed). */
enum eng_status eng_follower_new(const struct eng_restore_request *request,
                                 struct eng_follower **ret_follower, struct eng_error *err);
void eng_follower_free(struct eng_follower *follower);

/* Reads on to the end of what is stable, or until cancelled (request.cancel). ENG_OK; ENG_AGAIN: it
 * is outdated; a retry class: the broker did not answer, nothing is lost; ENG_NOT_FOUND: the state
 * topic does not reach so far any more; others (ENG_CORRUPT, ENG_NO_MEMORY, ENG_LIMIT, ..): it is
 * of no more use. */
enum eng_status eng_follower_read(struct eng_follower *follower, struct eng_error *err);

/* What there is to see of it. */
struct eng_follower_view {
    int64_t next;     /* of the state topic: all below has been read */
    uint64_t records; /* how many that were */
    uint64_t partners, memory_bytes;
};
void eng_follower_view(const struct eng_follower *follower, struct eng_follower_view *ret_view);

/* Hands it over to the one who restores its partition: reads on up to the record that request->meta
 * names, and finishes as eng_restore_read does. TAKEN: *ret_restored is what that would have given.
 * BROKEN, AHEAD, OUTDATED: err says why; free it, and read from the beginning. */
enum eng_follower_fate eng_follower_finish(struct eng_follower *follower,
                                           const struct eng_restore_request *request,
                                           struct eng_restored *ret_restored,
                                           struct eng_error *err);

#endif
