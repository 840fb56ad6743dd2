/* A board: who is on top, merged over partitions, and what has become of the places since the board
 * before.
 *
 * Each partition tells its own first ones, so the first ones of all are among them. Equal values
 * share a rank, and the next one has the rank that it would have without that: 1, 1, 3. They stand
 * in the order of their ids. Pure; any thread. */
#ifndef ENG_CODEC_PLACES_H
#define ENG_CODEC_PLACES_H

#include "base/limits.h"
#include <engaged/effect.h>

struct eng_place {
    struct eng_slice partner;
    int64_t value_e4;
    int64_t previous_e4;          /* with a previous rank */
    uint32_t rank, previous_rank; /* from 1; 0: none */
};

/* The places, the first one first. It refers to the bytes of the entries. */
struct eng_places {
    uint32_t count;
    struct eng_place place[ENG_TOP_MAX];
};

/* Adds the packed entries of a partition to a board of so many places, at most ENG_TOP_MAX; nobody
 * is in two of them. False: they are no entries. Ranks are not known any more. */
bool eng_places_add(struct eng_places *board, uint32_t top, struct eng_slice entries);

/* Gives ranks. */
void eng_places_rank(struct eng_places *board);

/* Notes the ranks before, of a board that has ranks; `ret_left` is who is not on it any more. */
void eng_places_follow(struct eng_places *board, const struct eng_places *before,
                       struct eng_places *ret_left);

/* The same entries without one partner, whose hash (eng_partner_hash) is known: they are moved
 * together; returns the bytes that are left. */
uint32_t eng_entries_remove(uint8_t *entries, uint32_t bytes, uint64_t hash);

#endif
