/* Boards: the partners of a segment, put in order one after the other by looking at all of them
 * again. See naive.h. */
#include "inside.h"
#include <string.h>

static int64_t value_of(const struct naive *naive, const struct partner *partner,
                        const struct eng_group *board, int64_t pane)
{
    if (board->of_score)
        return partner->scores[board->subject].value_e4;
    struct amount amount =
        naive_measure(naive, partner, &naive->model->measures[board->subject], pane);
    return amount.missing ? 0 : amount.value_e4;
}

static bool comes_first(const struct partner *one, int64_t value, const struct partner *two,
                        int64_t other)
{
    uint32_t both = one->name_bytes < two->name_bytes ? one->name_bytes : two->name_bytes;
    int order = memcmp(one->name, two->name, both);
    if (value != other)
        return value > other;
    return order < 0 || (order == 0 && one->name_bytes < two->name_bytes);
}

static size_t put(uint8_t *to, const struct partner *partner, int64_t value_e4)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)((uint64_t)value_e4 >> (8 * (7 - i)));
    to[8] = (uint8_t)(partner->name_bytes / 256);
    to[9] = (uint8_t)(partner->name_bytes % 256);
    memcpy(to + 10, partner->name, partner->name_bytes);
    return 10 + (size_t)partner->name_bytes;
}

/* The next one behind `last` (NULL: the first of all); NULL: there is none. */
static const struct partner *next_behind(const struct naive *naive, const struct eng_group *board,
                                         const struct naive_segment *segment,
                                         const struct partner *last)
{
    const struct partner *best = NULL;
    for (size_t i = 0; i < naive->partner_count; i++) {
        const struct partner *partner = naive->partners[i];
        int64_t value = value_of(naive, partner, board, segment->pane);
        if (value <= 0 || !naive_is_in_segment(naive, partner, board, segment))
            continue;
        if (last != NULL &&
            !comes_first(last, value_of(naive, last, board, segment->pane), partner, value))
            continue;
        if (best == NULL ||
            comes_first(partner, value, best, value_of(naive, best, board, segment->pane)))
            best = partner;
    }
    return best;
}

size_t naive_board_entries(const struct naive *naive, const struct eng_group *board,
                           const struct naive_segment *segment, uint8_t *to)
{
    const struct partner *partner = NULL;
    size_t used = 0;
    for (unsigned i = 0; i < board->top; i++) {
        partner = next_behind(naive, board, segment, partner);
        if (partner == NULL)
            break;
        used += put(to + used, partner, value_of(naive, partner, board, segment->pane));
    }
    return used;
}
