/* Who has changed since its page was written: a queue of partners in the order in which they first
 * did so, and the sum over the pages that are out there.
 *
 * A partner is in the queue once at most (its is_dirty says so), however often it changes, so a hot
 * partner is written once per recovery interval and not once per event. What time takes away does
 * not count as a change: it follows from the page and the boundaries alone. Off unless the engine
 * was made with track_changes. */
#ifndef ENG_ENGINE_CHANGES_H
#define ENG_ENGINE_CHANGES_H

#include "engine/store.h"

struct eng_changes {
    bool on;
    uint32_t *numbers; /* a ring */
    uint64_t capacity;
    uint64_t first, end; /* places ever given out; those from first on are in the queue */
    /* Whose page has to be in the very transaction that is filling, the last one next; they stay in
     * the queue. */
    uint32_t *urgent;
    uint32_t urgent_count, urgent_capacity;
    /* By partner: the low bits of the sequence of its page; 0: it has none. */
    uint32_t *sequences;
    uint32_t sequence_capacity;
    uint64_t page_count, page_sum;
};

void eng_changes_done(struct eng_changes *changes);
uint64_t eng_changes_bytes(const struct eng_changes *changes);

/* Makes room for `more` partners in the queue. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_changes_reserve_slow(struct eng_changes *changes, uint64_t more);
static inline enum eng_status eng_changes_reserve(struct eng_changes *changes)
{
    bool easy = !changes->on || changes->end - changes->first < changes->capacity;
    return __builtin_expect(easy, 1) ? ENG_OK : eng_changes_reserve_slow(changes, 1);
}

/* Where the partner at a place of the queue stands. */
static inline uint32_t *eng_changes_at(const struct eng_changes *changes, uint64_t place)
{
    return &changes->numbers[place % changes->capacity];
}

/* The partner has changed. After a reserve. */
static inline void eng_changes_note(struct eng_changes *changes, struct eng_partner *partner,
                                    uint32_t number)
{
    if (!changes->on || partner->is_dirty)
        return;
    partner->is_dirty = 1;
    *eng_changes_at(changes, changes->end++) = number;
}

/* Makes room for one more that is urgent. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_changes_reserve_urgent(struct eng_changes *changes);

/* Something was told of the partner that only its page knows. After both reserves. */
static inline void eng_changes_hurry(struct eng_changes *changes, struct eng_partner *partner,
                                     uint32_t number)
{
    if (!changes->on)
        return;
    eng_changes_note(changes, partner, number);
    changes->urgent[changes->urgent_count++] = number;
}

/* The partner at the head of the queue, which is not empty. */
static inline uint32_t eng_changes_head(const struct eng_changes *changes)
{
    return *eng_changes_at(changes, changes->first);
}

/* The partner is gone, and so is its page: it leaves the queue and the sum. */
void eng_changes_forget(struct eng_changes *changes, uint64_t hash, uint32_t number);

/* The head has been seen to. Those that were forgotten behind it go with it. */
static inline void eng_changes_next(struct eng_changes *changes)
{
    do
        changes->first++;
    while (changes->first < changes->end && eng_changes_head(changes) == ENG_PARTNER_NONE);
}

/* A page of the partner is written with this sequence (> 0): counts it in place of the one before.
 * ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_changes_page(struct eng_changes *changes, uint64_t hash, uint32_t number,
                                 uint64_t sequence);

#endif
