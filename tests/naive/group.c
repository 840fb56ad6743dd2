/* Groups: at the last moment of a period, all partners one after the other, asked by a rescan of
 * everything. See naive.h. */
#include "inside.h"
#include <string.h>

static bool fits(const struct naive *naive, const struct partner *partner,
                 const struct eng_test *test, int64_t pane)
{
    if (!test->by_bands) {
        struct amount amount =
            naive_measure(naive, partner, &naive->model->measures[test->subject], pane);
        return !amount.missing && amount.value_e4 >= test->at_least_e4;
    }
    const struct score_state *score = &partner->scores[test->subject];
    if (test->moved == ENG_MOVED_UP)
        return score->band > score->begun;
    if (test->moved == ENG_MOVED_DOWN)
        return score->band < score->begun;
    return test->bands >> score->band & 1;
}

/* The segment of a split, from 1; 0: nobody knows. */
int64_t naive_segment_of(const struct naive *naive, const struct partner *partner,
                         const struct eng_split *split, int64_t pane)
{
    if (split->by_bands)
        return 1 + (int64_t)partner->scores[split->subject].band;
    const struct eng_fact *fact = &naive->model->facts[split->subject];
    struct amount amount = naive_fact(naive, partner, fact->measure, pane);
    if (fact->kind == ENG_FACT_FLAG)
        return !amount.missing && amount.value_e4 > 0 ? 2 : 1;
    return amount.missing ? 0 : amount.value_e4;
}

static void add(const struct naive *naive, const struct partner *partner,
                const struct eng_figure *figure, int64_t pane, __int128 *sums)
{
    const struct eng_measure *measures = naive->model->measures;
    if (figure->kind == ENG_FIGURE_COUNT || figure->kind == ENG_FIGURE_SHARE) {
        if (!figure->of_all && !fits(naive, partner, &figure->of, pane))
            return;
        sums[1]++;
        sums[0] += fits(naive, partner, &figure->test, pane);
        return;
    }
    struct amount one = naive_measure(naive, partner, &measures[figure->measures[0]], pane);
    struct amount two = naive_measure(naive, partner, &measures[figure->measures[1]], pane);
    one.value_e4 = one.missing ? 0 : one.value_e4;
    two.value_e4 = two.missing ? 0 : two.value_e4;
    if (figure->kind == ENG_FIGURE_NPS && !one.missing) {
        sums[0] += one.value_e4 >= 9 * 10000;
        sums[0] -= one.value_e4 <= 6 * 10000;
    } else if (figure->kind != ENG_FIGURE_NPS) {
        sums[0] += one.value_e4;
    }
    if (figure->kind == ENG_FIGURE_GROWTH)
        sums[0] -= two.value_e4;
    sums[1] += figure->kind == ENG_FIGURE_RATIO || figure->kind == ENG_FIGURE_GROWTH ? two.value_e4
                                                                                     : !one.missing;
}

bool naive_is_in_segment(const struct naive *naive, const struct partner *partner,
                         const struct eng_group *group, const struct naive_segment *segment)
{
    return segment->split == 0 ||
           naive_segment_of(naive, partner, &group->splits[segment->split - 1], segment->pane) ==
               segment->segment;
}

/* One segment of one split, from 1; 0: everybody. */
static void tell(struct naive *naive, unsigned index, unsigned split, int64_t segment, int64_t pane)
{
    const struct eng_group *group = &naive->model->groups[index];
    int64_t at_ms = eng_calendar_start_ms(naive->model->calendar, pane);
    struct occasion why = {
        ENG_CAUSE_EXPIRY, ENG_ORIGIN_BOUNDARY, (uint64_t)at_ms, at_ms, pane - 1, 0};
    bool board = group->top > 0;
    struct eng_effect effect = naive_effect(
        board ? ENG_EFFECT_BOARD : ENG_EFFECT_GROUP,
        board ? index + naive->model->board_count - naive->model->group_count : index, &why);
    const struct naive_segment place = {split, segment, pane - 1};
    uint8_t entries[NAIVE_ENTRIES_BYTES];
    __int128 sums[2 * ENG_FIGURES_MAX] = {0};
    for (size_t i = 0; i < naive->partner_count; i++) {
        const struct partner *partner = naive->partners[i];
        if (!naive_is_in_segment(naive, partner, group, &place))
            continue;
        effect.partners++;
        for (unsigned j = 0; j < group->figure_count; j++)
            add(naive, partner, &group->figures[j], pane - 1, sums + (size_t)2 * j);
    }
    effect.band = (uint8_t)split;
    effect.segment = (uint8_t)segment;
    effect.partitions = 1;
    effect.contribution_count = (uint16_t)(2 * group->figure_count);
    if (split > 0 && effect.partners == 0)
        return;
    if (board)
        naive_emit_entries(naive, &effect, entries,
                           naive_board_entries(naive, group, &place, entries));
    else
        naive_emit_sums(naive, &effect, sums);
}

void naive_groups_tell(struct naive *naive, int64_t pane)
{
    const struct eng_model *model = naive->model;
    for (unsigned i = 0; i < model->group_count; i++) {
        const struct eng_group *group = &model->groups[i];
        if (eng_calendar_period_first(model->calendar, group->every, pane) != pane)
            continue;
        tell(naive, i, 0, 0, pane);
        for (unsigned split = 1; split <= group->split_count; split++)
            for (int64_t segment = 0; segment <= 64; segment++)
                tell(naive, i, split, segment, pane);
    }
}

void naive_groups_begin(struct naive *naive, int64_t pane)
{
    const struct eng_model *model = naive->model;
    for (unsigned i = 0; i < model->score_count; i++) {
        enum eng_window_kind every = (enum eng_window_kind)model->scores[i].moves;
        if (every == 0 || eng_calendar_period_first(model->calendar, every, pane) != pane)
            continue;
        for (size_t j = 0; j < naive->partner_count; j++)
            naive->partners[j]->scores[i].begun = naive->partners[j]->scores[i].band;
    }
}
