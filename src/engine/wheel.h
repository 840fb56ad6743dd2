/* The timer wheel: which partners have to be looked at when the clock reaches a pane.
 *
 * One bucket per pane for the next ENG_WHEEL_PANES panes; a bucket is a chain of blocks of partner
 * numbers. Entries are never taken out early: a partner record says which pane its valid entry is
 * in, others are stale and skipped when their bucket comes. Something further away than the wheel
 * is armed at its far end and armed again from there. */
#ifndef ENG_ENGINE_WHEEL_H
#define ENG_ENGINE_WHEEL_H

#include <engaged/status.h>
#include <stdint.h>

enum { ENG_WHEEL_PANES = 1024, ENG_WHEEL_BLOCK_NUMBERS = 30 };

struct eng_wheel_block {
    uint32_t next; /* block index; ENG_WHEEL_NO_BLOCK: end */
    uint32_t count;
    uint32_t numbers[ENG_WHEEL_BLOCK_NUMBERS];
};

#define ENG_WHEEL_NO_BLOCK UINT32_MAX

struct eng_wheel {
    uint32_t bucket[ENG_WHEEL_PANES]; /* first block of the chain; private, like all of these */
    struct eng_wheel_block *blocks;
    uint32_t block_count, block_capacity;
    uint32_t free_block;
    uint64_t entries; /* in all buckets, stale ones too */
};

void eng_wheel_init(struct eng_wheel *wheel);
void eng_wheel_done(struct eng_wheel *wheel);

/* Makes sure that `entries` more can be added, whatever their panes; and that one more can. ENG_OK
 * or ENG_NO_MEMORY. */
enum eng_status eng_wheel_reserve_many(struct eng_wheel *wheel, uint32_t entries);
static inline enum eng_status eng_wheel_reserve(struct eng_wheel *wheel)
{
    return wheel->free_block != ENG_WHEEL_NO_BLOCK ? ENG_OK : eng_wheel_reserve_many(wheel, 1);
}

/* Adds an entry at a pane less than ENG_WHEEL_PANES ahead of the clock. After a reserve. */
void eng_wheel_add(struct eng_wheel *wheel, int32_t pane, uint32_t number);

/* The number of entries at a pane. */
uint32_t eng_wheel_count(const struct eng_wheel *wheel, int32_t pane);

/* Takes the chain of a pane's blocks out and empties its bucket: the first block's index, or
 * ENG_WHEEL_NO_BLOCK. The caller follows `next` and gives each block back with eng_wheel_give;
 * entries may be added meanwhile (which may move the blocks). */
uint32_t eng_wheel_take(struct eng_wheel *wheel, int32_t pane);
void eng_wheel_give(struct eng_wheel *wheel, uint32_t block);

uint64_t eng_wheel_bytes(const struct eng_wheel *wheel);

#endif
