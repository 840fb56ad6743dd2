/* Boards: the partners of a task that have most of something, for everybody together and for each
 * segment, at the end of every period.
 *
 * A board is a group with places instead of figures: partners are looked at in the same pass, at
 * the same moment and as things stand before it (group.c), and each segment has a ranking.
 *
 * What is told are the first k of this task. The first k of all tasks are among them, so whoever
 * merges needs nothing else. */
#include "base/assert.h"
#include "base/big_endian.h"
#include "engine/internal.h"

/* The ranking of a segment of the layout. */
static struct eng_ranking ranking_of(const struct eng_engine *engine, const struct eng_group *board,
                                     const struct eng_segment_sums *segment)
{
    const struct eng_layout *layout = engine->layout;
    size_t index = (size_t)(board - engine->model->groups);
    size_t place = (size_t)(segment - layout->segments) - layout->segments_first[index];
    eng_assert(index < engine->model->group_count);
    eng_assert(segment->leaders <= board->top);
    return (struct eng_ranking){layout->leaders + layout->leaders_first[index] + place * board->top,
                                segment->leaders, board->top};
}

void eng_board_offer(const struct eng_engine *engine, const struct eng_group *board,
                     struct eng_segment_sums *segment, struct eng_ranked offer)
{
    eng_assert(board->top > 0);
    eng_assert(!offer.missing || offer.value_e4 == 0);
    if (offer.value_e4 <= 0)
        return;
    struct eng_ranking ranking = ranking_of(engine, board, segment);
    eng_ranking_offer(&engine->store, false, &ranking, offer);
    segment->leaders = ranking.count;
}

size_t eng_board_bytes(const struct eng_group *board)
{
    eng_assert(board->top > 0);
    eng_assert(board->top <= ENG_TOP_MAX);
    return eng_effect_entries_most(board->top, ENG_ENTRY_HEAD_BYTES);
}

void eng_board_entries(const struct eng_engine *engine, const struct eng_group *board,
                       const struct eng_segment_sums *segment, struct eng_effect *effect)
{
    struct eng_ranking ranking = ranking_of(engine, board, segment);
    uint8_t *end = (uint8_t *)(effect + 1);
    for (uint32_t i = 0; i < ranking.count; i++) {
        const struct eng_ranked *leader = &ranking.list[i];
        eng_assert(leader->value_e4 > 0);
        eng_write_be(end, (uint64_t)leader->value_e4, 8);
        end = eng_effect_put_id(end + 8, &engine->store, leader->partner);
    }
    eng_effect_end_entries(effect, end);
    eng_assert(effect->bytes <= eng_board_bytes(board));
}
