/* The checkpoint of a task: which partners' pages go into a transaction, and what low water is.
 *
 * The engine keeps a queue of the partners that have changed since their page, oldest change first
 * (include/engaged/checkpoint.h). Marks say where in the input the changes from a place of that
 * queue on were made. A transaction carries the pages of those at its head that are older than the
 * recovery target, so a partner that changes all the time is written once per recovery interval.
 * Low water is the mark of whoever then waits longest: from there the input has to be read again
 * after a restart, and nothing before it is needed.
 *
 * Pages are encoded when the transaction is sealed, before the next event is applied: no page knows
 * more than the offset that it is committed with. Belongs to its task. */
#ifndef ENG_STREAM_CHECKPOINT_H
#define ENG_STREAM_CHECKPOINT_H

#include "stream/sink.h"
#include "stream/state.h"
#include <engaged/checkpoint.h>

/* Changes from `place` on were made at or behind `at`. */
struct eng_mark {
    uint64_t place;
    struct eng_low_water at;
    int64_t made_us;
};

/* Zero-initialised is empty. */
struct eng_checkpoint {
    struct eng_mark *marks; /* ascending; those from `first` on count */
    uint32_t first, count, capacity;
    int64_t near_offsets; /* marks nearer than this to the one before are not worth their memory */
    uint64_t written;     /* pages */
};

/* How far back a restart may have to read. */
struct eng_recovery {
    uint64_t records;
    int64_t ms;
};

void eng_checkpoint_done(struct eng_checkpoint *checkpoint);

/* The first mark: all that waits, and all that comes, is at or behind `at`. `records` is the
 * recovery target, about. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_checkpoint_begin(struct eng_checkpoint *checkpoint,
                                     const struct eng_low_water *at, int64_t records,
                                     int64_t now_us);

/* Before events are applied: changes from now on are made at or behind `at`. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_checkpoint_mark(struct eng_checkpoint *checkpoint, struct eng_engine *engine,
                                    const struct eng_low_water *at, int64_t now_us);

/* The records read before the marks were by `more` more than was known when they were made. */
void eng_checkpoint_shift(struct eng_checkpoint *checkpoint, uint64_t more);

/* The place up to which partners are to be written: those before it changed longer ago than the
 * recovery target allows at the position `next`. */
uint64_t eng_checkpoint_due(const struct eng_checkpoint *checkpoint, struct eng_engine *engine,
                            const struct eng_recovery *recovery, int64_t next, int64_t now_us);

/* Adds the pages of those before `place`, as far as `bytes_max` goes and a change of the model that
 * is half done has come to them. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_checkpoint_write(struct eng_checkpoint *checkpoint,
                                     const struct eng_page_run *run, uint64_t place,
                                     size_t bytes_max);

/* Low water at the position `now`, forgetting what lies before it. */
struct eng_low_water eng_checkpoint_low(struct eng_checkpoint *checkpoint,
                                        struct eng_engine *engine, const struct eng_low_water *now);

#endif
