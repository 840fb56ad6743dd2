/* Boards: the partners of a task that have most of something, for everybody together and for each
 * segment, at the end of every period.
 *
 * A board is a group with places instead of figures: partners are looked at in the same pass, at
 * the same moment and as things stand before it (group.c). Each segment has a list of those who are
 * on top so far, in order. Most partners are behind the last one of a full list, which is one look;
 * of n who come in any order, a list of k is changed some k * ln(n/k) times.
 *
 * What is told are the first k of this task. The first k of all tasks are among them, so whoever
 * merges needs nothing else. */
#include "base/assert.h"
#include "engine/internal.h"

/* Of equal values the one with the lesser id comes first: the same in whatever order they come, and
 * in whatever number of partitions. */
static bool is_before(const struct eng_engine *engine, const struct eng_leader *one,
                      const struct eng_leader *two)
{
    if (one->value_e4 != two->value_e4)
        return one->value_e4 > two->value_e4;
    eng_assert(one->partner != two->partner);
    struct eng_slice left = eng_partner_id(eng_store_at(&engine->store, one->partner));
    struct eng_slice right = eng_partner_id(eng_store_at(&engine->store, two->partner));
    uint32_t both = left.length < right.length ? left.length : right.length;
    int order = memcmp(left.data, right.data, both);
    eng_assert(order != 0 || left.length != right.length);
    return order != 0 ? order < 0 : left.length < right.length;
}

int64_t eng_board_value(const struct eng_engine *engine, const struct eng_record *record,
                        const struct eng_group *board)
{
    int64_t contributions[ENG_DIMENSIONS_MAX];
    bool missing = false;
    eng_assert(board->top > 0);
    eng_assert(record->partner->as_of == engine->now.pane);
    if (board->of_score)
        return eng_contributions(engine, record, board->subject, contributions);
    eng_wide value = eng_measure_value(engine, record, board->subject, &missing);
    return missing ? 0 : eng_saturate(value);
}

void eng_board_offer(const struct eng_engine *engine, const struct eng_group *board,
                     struct eng_segment_sums *segment, struct eng_leader offer)
{
    const struct eng_layout *layout = engine->layout;
    size_t index = (size_t)(board - engine->model->groups);
    size_t place = (size_t)(segment - layout->segments) - layout->segments_first[index];
    struct eng_leader *leaders =
        layout->leaders + layout->leaders_first[index] + place * board->top;
    uint32_t at = segment->leaders;
    eng_assert(index < engine->model->group_count);
    eng_assert(at <= board->top);
    if (offer.value_e4 <= 0 || (at == board->top && !is_before(engine, &offer, &leaders[at - 1])))
        return;
    if (at == board->top)
        at--; /* the last one has to go */
    else
        segment->leaders++;
    for (; at > 0 && is_before(engine, &offer, &leaders[at - 1]); at--)
        leaders[at] = leaders[at - 1];
    leaders[at] = offer;
}

size_t eng_board_bytes(const struct eng_group *board)
{
    size_t entries = (size_t)board->top * (ENG_ENTRY_HEAD_BYTES + ENG_PARTNER_BYTES_MAX);
    eng_assert(board->top > 0);
    eng_assert(entries <= UINT16_MAX); /* eng_effect.entries_bytes */
    return (sizeof(struct eng_effect) + entries + 7) & ~(size_t)7;
}

static uint8_t *put_entry(uint8_t *to, int64_t value_e4, struct eng_slice partner)
{
    eng_assert(partner.length > 0 && partner.length <= ENG_PARTNER_BYTES_MAX);
    eng_assert(value_e4 > 0);
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)value_e4 >> (56 - 8 * i));
    to[8] = (uint8_t)(partner.length >> 8);
    to[9] = (uint8_t)partner.length;
    memcpy(to + ENG_ENTRY_HEAD_BYTES, partner.data, partner.length);
    return to + ENG_ENTRY_HEAD_BYTES + partner.length;
}

void eng_board_entries(const struct eng_engine *engine, const struct eng_group *board,
                       const struct eng_segment_sums *segment, struct eng_effect *effect)
{
    const struct eng_layout *layout = engine->layout;
    size_t index = (size_t)(board - engine->model->groups);
    size_t place = (size_t)(segment - layout->segments) - layout->segments_first[index];
    const struct eng_leader *leader =
        layout->leaders + layout->leaders_first[index] + place * board->top;
    uint8_t *begin = (uint8_t *)(effect + 1), *end = begin;
    eng_assert(segment->leaders <= board->top);
    for (uint32_t i = 0; i < segment->leaders; i++, leader++)
        end = put_entry(end, leader->value_e4,
                        eng_partner_id(eng_store_at(&engine->store, leader->partner)));
    effect->entries_bytes = (uint16_t)(end - begin);
    effect->bytes = (uint32_t)((sizeof *effect + effect->entries_bytes + 7) & ~(size_t)7);
    memset(end, 0, effect->bytes - sizeof *effect - effect->entries_bytes);
    eng_assert(effect->bytes <= eng_board_bytes(board));
}
