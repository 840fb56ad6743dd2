/* Boards, merged and compared. See places.h. */
#include "codec/places.h"

#include "base/assert.h"
#include "engine/condition.h"
#include <engaged/engine.h>
#include <string.h>

static bool is_before(const struct eng_place *one, const struct eng_place *two)
{
    if (one->value_e4 != two->value_e4)
        return one->value_e4 > two->value_e4;
    return eng_text_order(one->partner, two->partner) < 0;
}

static void insert(struct eng_places *board, uint32_t top, const struct eng_place *place)
{
    uint32_t at = board->count;
    if (at == top && !is_before(place, &board->place[at - 1]))
        return;
    if (at == top)
        at--;
    else
        board->count++;
    for (; at > 0 && is_before(place, &board->place[at - 1]); at--)
        board->place[at] = board->place[at - 1];
    board->place[at] = *place;
}

bool eng_places_add(struct eng_places *board, uint32_t top, struct eng_slice entries)
{
    struct eng_entry entry;
    eng_assert(top > 0 && top <= ENG_TOP_MAX);
    eng_assert(board->count <= top);
    while (eng_entry_take(&entries, &entry)) {
        const struct eng_place place = {.partner = entry.partner, .value_e4 = entry.value_e4};
        insert(board, top, &place);
    }
    return entries.length == 0;
}

void eng_places_rank(struct eng_places *board)
{
    for (uint32_t i = 0; i < board->count; i++) {
        struct eng_place *place = &board->place[i];
        bool same = i > 0 && place->value_e4 == place[-1].value_e4;
        place->rank = same ? place[-1].rank : i + 1;
    }
}

static struct eng_place *find(struct eng_places *board, struct eng_slice partner)
{
    for (uint32_t i = 0; i < board->count; i++)
        if (eng_text_order(board->place[i].partner, partner) == 0)
            return &board->place[i];
    return NULL;
}

void eng_places_follow(struct eng_places *board, const struct eng_places *before,
                       struct eng_places *ret_left)
{
    ret_left->count = 0;
    for (uint32_t i = 0; i < before->count; i++) {
        const struct eng_place *was = &before->place[i];
        struct eng_place *is = find(board, was->partner);
        eng_assert(was->rank > 0);
        if (is == NULL) {
            is = &ret_left->place[ret_left->count++];
            *is = (struct eng_place){.partner = was->partner};
        }
        is->previous_rank = was->rank;
        is->previous_e4 = was->value_e4;
    }
}

uint32_t eng_entries_remove(uint8_t *entries, uint32_t bytes, uint64_t hash)
{
    struct eng_slice rest = {(const char *)entries, bytes};
    struct eng_entry entry;
    uint8_t *to = entries, *from = entries;
    while (eng_entry_take(&rest, &entry)) {
        size_t length = ENG_ENTRY_HEAD_BYTES + entry.partner.length;
        if (eng_partner_hash(entry.partner) != hash) {
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    return (uint32_t)(to - entries);
}
