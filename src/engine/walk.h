/* A walk over partners in the order of the table: by a hash of their ids, then the id (S3).
 *
 * Who is to be visited is marked, one bit a slot. The walk may stop after any visit and go on
 * later; partners may be taken out of the table in between, but none added. Slots of the table are
 * in the order of the upper half of the hashes; partners that agree in it stand side by side and
 * are put in order when they are reached. */
#ifndef ENG_ENGINE_WALK_H
#define ENG_ENGINE_WALK_H

#include "engine/store.h"

struct eng_walk {
    uint64_t *marks; /* private, like all of these but `waiting` */
    uint64_t mark_words;
    uint64_t next;    /* no slot before it is marked */
    uint32_t waiting; /* slots that are marked */
    uint32_t ahead_count;
    uint64_t ahead; /* the marked slots before it have been prefetched */
};

void eng_walk_done(struct eng_walk *walk);

/* Begins a walk without marks; there is room for one at every slot, and the table stays as large as
 * it is until a partner is added. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_walk_begin(struct eng_walk *walk, struct eng_store *store);

/* Marks a partner that is not marked, or all of them. */
void eng_walk_mark(struct eng_walk *walk, const struct eng_store *store, uint32_t number);
void eng_walk_mark_all(struct eng_walk *walk, const struct eng_store *store);

/* Marks all who are not marked yet. Nobody has been visited. */
void eng_walk_mark_rest(struct eng_walk *walk, const struct eng_store *store);

/* The slot that comes next; there is one. Prefetches the records of those after it. */
uint64_t eng_walk_next(struct eng_walk *walk, const struct eng_store *store);

/* True when the partner in the slot comes before one with this id, who need not be there. */
bool eng_walk_is_before(const struct eng_store *store, uint64_t slot, struct eng_slice id);

/* The partner in the slot has been visited. */
void eng_walk_visited(struct eng_walk *walk, uint64_t slot);

/* True when the slot is marked. */
static inline bool eng_walk_waits(const struct eng_walk *walk, uint64_t slot)
{
    return walk->waiting > 0 && walk->marks[slot / 64] >> slot % 64 & 1;
}

/* The partner in the slot `at` has been taken out of the table, and those behind it up to and with
 * `last` have moved one slot down: so do their marks. */
void eng_walk_moved(struct eng_walk *walk, uint64_t at, uint64_t last);

uint64_t eng_walk_bytes(const struct eng_walk *walk);

#endif
