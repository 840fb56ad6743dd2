/* Groups: figures of all partners of a task together, and of segments of them, at the end of every
 * week, month, quarter or year.
 *
 * They are of how things stand *before* the boundary at which the period ends: a window over the
 * month that has just passed is full then, and empty a moment later. So they are summed up when the
 * clock is about to cross that boundary, and told before anything else of it.
 *
 *     clock in the old period -> summing, in steps -> told, and the boundary begins -> ...
 *
 * Nothing is kept from one period to the next, nor beside the partners at all: nothing is told
 * until everybody has been looked at, so a restart in the middle of it just begins again, and so
 * does an erasure. Nobody is visited for it either: a sum reads what is there, caught up with the
 * clock as for a view, which changes nothing that is ever told.
 *
 * What is told are the sums, in 128 bits, one record for each segment that anybody is in. They are
 * added over partitions (gather.h); only then comes a division (eng_figure_value). Boards are
 * groups too, of those who are on top (board.c).
 *
 * Cost: a pass over all records a period, and the sums of each segment. */
#include "engine/group.h"

#include "base/assert.h"
#include "engine/fact.h"
#include "engine/internal.h"

enum { FETCH_AHEAD = 8, PANES_OF_A_YEAR = 24 * 367 };

uint32_t eng_groups_due(const struct eng_engine *engine)
{
    uint32_t due = 0;
    eng_assert(engine->now.clock_ms >= 0);
    eng_assert(engine->model->group_count <= ENG_GROUPS_MAX + ENG_BOARDS_MAX);
    for (uint32_t i = 0; i < engine->model->group_count; i++) {
        unsigned period = engine->model->groups[i].every - ENG_WINDOW_WEEK;
        due |= (uint32_t)(engine->now.period_next[period] == engine->now.pane + 1) << i;
    }
    return due;
}

int64_t eng_groups_last_ms(const struct eng_model *model, int64_t time_ms)
{
    const struct eng_calendar *calendar = model->calendar;
    eng_assert(time_ms >= 0);
    eng_assert(model->group_count <= ENG_GROUPS_MAX + ENG_BOARDS_MAX);
    if (!eng_model_is_merged(model))
        return -1;
    int64_t last_ms = eng_calendar_start_ms(calendar, eng_calendar_pane(calendar, time_ms));
    return last_ms >= 0 ? last_ms : -1;
}

/* ---- one partner ---- */

/* The first pane of the period that moves of a score are counted in, as a number above 0: the first
 * one of all may have begun up to a year before pane 0. */
static int32_t number_of_period(const struct eng_engine *engine, unsigned score)
{
    unsigned every = engine->model->scores[score].moves;
    eng_assert(every >= ENG_WINDOW_WEEK && every <= ENG_WINDOW_YEAR);
    eng_assert(engine->now.clock_ms >= 0);
    return engine->now.period_first[every - ENG_WINDOW_WEEK] + PANES_OF_A_YEAR;
}

/* The band in which a period began is kept when it is left for the first time in that period, with
 * the period's number (0: it never was). So nobody has to be looked at when one begins.
 */
void eng_group_note_move(struct eng_engine *engine, unsigned score, uint8_t before)
{
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->scores[score].moved);
    int32_t period = number_of_period(engine, score);
    eng_assert(engine->layout->scores[score].moved != 0);
    eng_assert(period > 0);
    if (eng_load_i32(place) == period)
        return;
    eng_store_i32(place, period);
    place[sizeof period] = before;
}

/* Is a score in a band that a test names, or that it came to as the test says? */
static bool is_in_bands(const struct eng_engine *engine, const struct eng_record *record,
                        const struct eng_test *test)
{
    const struct eng_score_layout *place = &engine->layout->scores[test->subject];
    uint8_t band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK, began = band;
    eng_assert(test->subject < engine->model->score_count);
    if (test->moved == ENG_MOVED_ANY)
        return test->bands >> band & 1;
    eng_assert(place->moved != 0);
    const uint8_t *moved = eng_record_fixed(record, place->moved);
    if (eng_load_i32(moved) == number_of_period(engine, test->subject))
        began = moved[sizeof(int32_t)];
    return test->moved == ENG_MOVED_UP ? band > began : band < began;
}

static bool is_such(const struct eng_engine *engine, const struct eng_record *record,
                    const struct eng_test *test)
{
    bool missing = false;
    if (test->by_bands)
        return is_in_bands(engine, record, test);
    eng_assert(test->subject < engine->model->measure_count);
    eng_wide value = eng_measure_value(engine, record, test->subject, &missing);
    return !missing && value >= test->at_least_e4;
}

/* A measure as a summand; nothing there is 0. */
static int64_t summand(const struct eng_engine *engine, const struct eng_record *record,
                       uint16_t measure, bool *ret_missing)
{
    eng_wide value = eng_measure_value(engine, record, measure, ret_missing);
    eng_assert(measure < engine->model->named_measure_count);
    return *ret_missing ? 0 : eng_saturate(value);
}

/* What a partner adds to the two sums of a figure. */
static void add_figure(const struct eng_engine *engine, const struct eng_record *record,
                       const struct eng_figure *figure, eng_wide sums[2])
{
    bool missing = false;
    int64_t one = 0, two = 0;
    eng_assert(figure->kind < ENG_FIGURE_KINDS);
    if (figure->kind == ENG_FIGURE_COUNT || figure->kind == ENG_FIGURE_SHARE) {
        two = figure->of_all || is_such(engine, record, &figure->of);
        one = two && is_such(engine, record, &figure->test);
    } else {
        one = summand(engine, record, figure->measures[0], &missing);
        two = !missing;
    }
    if (figure->kind == ENG_FIGURE_RATIO || figure->kind == ENG_FIGURE_GROWTH)
        two = summand(engine, record, figure->measures[1], &missing);
    if (figure->kind == ENG_FIGURE_NPS)
        one = two == 0 ? 0 : (one >= ENG_PROMOTER_E4) - (one <= ENG_DETRACTOR_E4);
    sums[0] += one;
    sums[1] += two;
    if (figure->kind == ENG_FIGURE_GROWTH)
        sums[0] -= two;
}

/* The segment of a split that a partner is in; 0: nothing is known. */
uint32_t eng_split_segment(const struct eng_engine *engine, const struct eng_record *record,
                           const struct eng_split *split)
{
    if (split->by_bands) {
        const struct eng_score_layout *place = &engine->layout->scores[split->subject];
        eng_assert(split->subject < engine->model->score_count);
        return 1u + (*eng_record_fixed(record, place->band) & ENG_BAND_MASK);
    }
    const struct eng_fact *fact = &engine->model->facts[split->subject];
    struct eng_fact_now now = eng_fact_now(engine, record, fact->measure);
    eng_assert(split->subject < engine->model->fact_count);
    if (fact->kind == ENG_FACT_FLAG)
        return now.there && !now.cleared ? 2 : 1; /* as alerts take it that ask for `false` */
    return now.there && !now.cleared ? (uint32_t)now.value : 0;
}

static void add_to_segment(const struct eng_group *group, const eng_wide (*adds)[2],
                           struct eng_segment_sums *segment)
{
    eng_assert(group->figure_count <= ENG_FIGURES_MAX);
    eng_assert(segment->partners >= 0);
    segment->partners++;
    for (uint32_t i = 0; i < group->figure_count; i++) {
        segment->sums[i][0] += adds[i][0];
        segment->sums[i][1] += adds[i][1];
    }
}

static void add_partner(struct eng_engine *engine, const struct eng_record *record, uint32_t index)
{
    const struct eng_group *group = &engine->model->groups[index];
    struct eng_segment_sums *segments =
        engine->layout->segments + engine->layout->segments_first[index];
    struct eng_segment_sums *its[1 + ENG_SPLITS_MAX] = {segments++};
    eng_wide adds[ENG_FIGURES_MAX][2] = {{0}};
    eng_assert(index < engine->model->group_count);
    eng_assert(record->partner->as_of == engine->now.pane);
    for (uint32_t i = 0; i < group->split_count; i++) {
        const struct eng_split *split = &group->splits[i];
        its[1 + i] = segments + eng_split_segment(engine, record, split);
        segments += eng_split_segments(engine->model, split);
    }
    for (uint32_t i = 0; i < group->figure_count; i++)
        add_figure(engine, record, &group->figures[i], adds[i]);
    struct eng_ranked offer = {0};
    if (group->top > 0)
        offer = eng_ranked_by(engine, record, group->of_score, group->subject);
    for (uint32_t i = 0; i <= group->split_count; i++) {
        add_to_segment(group, (const eng_wide(*)[2])adds, its[i]);
        if (group->top > 0)
            eng_board_offer(engine, group, its[i], offer);
    }
}

/* ---- all of them ---- */

/* The record of a partner, caught up with the clock. */
static enum eng_status take_caught_up(struct eng_engine *engine, uint32_t number,
                                      struct eng_record *ret_record)
{
    struct eng_record record = eng_record_open(&engine->store, number);
    eng_assert(!engine->boundary.working);
    eng_assert(record.partner->due > engine->now.pane);
    if (record.partner->as_of != engine->now.pane) {
        if (eng_store_reserve(&engine->store) != ENG_OK)
            return ENG_NO_MEMORY;
        eng_take(engine, number);
        if (eng_record_prepare(&engine->store, &engine->hand) != ENG_OK)
            return ENG_NO_MEMORY;
        eng_measure_catch_up(engine, engine->now.pane);
        record = engine->hand;
    }
    *ret_record = record;
    return ENG_OK;
}

static void clear_sums(struct eng_engine *engine)
{
    struct eng_layout *layout = engine->layout;
    uint32_t segments = layout->segments_first[engine->model->group_count];
    eng_assert(segments > 0);
    eng_assert(engine->boundary.summed == 0);
    memset(layout->segments, 0, segments * sizeof *layout->segments);
}

enum eng_status eng_groups_sum(struct eng_engine *engine, const struct eng_effects *effects)
{
    struct eng_boundary *boundary = &engine->boundary;
    const struct eng_store *store = &engine->store;
    uint32_t due = effects == NULL || engine->alone ? 0 : eng_groups_due(engine);
    eng_assert(!boundary->working);
    eng_assert(!engine->activation.working);
    if (due == 0)
        return ENG_OK;
    if (boundary->summed == 0)
        clear_sums(engine);
    for (; boundary->summed < store->count; boundary->summed++) {
        struct eng_record record;
        if (!eng_store_has(store, boundary->summed))
            continue;
        if (engine->evaluations_left == 0)
            return ENG_AGAIN;
        if (boundary->summed + FETCH_AHEAD < store->count &&
            eng_store_has(store, boundary->summed + FETCH_AHEAD))
            eng_store_prefetch_record(store, boundary->summed + FETCH_AHEAD);
        if (take_caught_up(engine, boundary->summed, &record) != ENG_OK)
            return ENG_NO_MEMORY;
        for (uint32_t i = 0; i < engine->model->group_count; i++)
            if (due >> i & 1)
                add_partner(engine, &record, i);
        engine->evaluations_left--;
    }
    boundary->sums_ready = eng_effects_fit(engine, effects);
    return boundary->sums_ready ? ENG_OK : ENG_AGAIN;
}

/* ---- telling ---- */

static size_t result_bytes(const struct eng_group *group)
{
    eng_assert((group->top > 0) == (group->figure_count == 0));
    return group->top > 0
               ? eng_board_bytes(group)
               : sizeof(struct eng_effect) + 2 * sizeof(struct eng_sum) * group->figure_count;
}

size_t eng_groups_bytes_most(const struct eng_model *model)
{
    size_t bytes = 0;
    eng_assert(model->group_count <= ENG_GROUPS_MAX + ENG_BOARDS_MAX);
    for (uint32_t i = 0; i < model->group_count; i++)
        bytes += eng_group_segments(model, &model->groups[i]) * result_bytes(&model->groups[i]);
    eng_assert(bytes % 8 == 0);
    return bytes;
}

static struct eng_sum split_wide(eng_wide sum)
{
    return (struct eng_sum){(uint64_t)sum, (int64_t)(sum >> 64)};
}

/* A segment of a split, counted from 1; 0: everybody. */
static void tell_segment(struct eng_engine *engine, struct eng_effects *effects, uint32_t index,
                         struct eng_effect head, const struct eng_segment_sums *segment)
{
    const struct eng_group *group = &engine->model->groups[index];
    struct eng_effect *effect = (struct eng_effect *)(void *)(effects->data + effects->used);
    eng_assert(effects->used + result_bytes(group) <= effects->capacity);
    eng_assert(segment->partners >= 0);
    head.kind = group->top > 0 ? ENG_EFFECT_BOARD : ENG_EFFECT_GROUP;
    head.cause = ENG_CAUSE_EXPIRY;
    head.bytes = (uint32_t)result_bytes(group);
    head.subject = (uint16_t)(index - (group->top > 0 ? eng_boards_first(engine->model) : 0));
    head.origin_kind = ENG_ORIGIN_BOUNDARY;
    head.origin = (uint64_t)engine->now.end_ms;
    head.at_ms = engine->now.end_ms;
    head.partners = segment->partners;
    head.partitions = 1;
    head.contribution_count = (uint16_t)(2 * group->figure_count);
    *effect = head;
    struct eng_sum *to = (struct eng_sum *)(void *)(effect + 1);
    if (group->top > 0)
        eng_board_entries(engine, group, segment, effect);
    for (uint32_t i = 0; i < group->figure_count; i++) {
        *to++ = split_wide(segment->sums[i][0]);
        *to++ = split_wide(segment->sums[i][1]);
    }
    effects->used += effect->bytes;
    effects->count++;
}

static void tell_group(struct eng_engine *engine, struct eng_effects *effects, uint32_t index)
{
    const struct eng_group *group = &engine->model->groups[index];
    const struct eng_segment_sums *segment =
        engine->layout->segments + engine->layout->segments_first[index];
    eng_assert(group->split_count <= ENG_SPLITS_MAX);
    eng_assert(segment->partners <= (int64_t)eng_store_partners(&engine->store));
    struct eng_effect head;
    memset(&head, 0, sizeof head);
    tell_segment(engine, effects, index, head, segment++);
    for (uint32_t i = 0; i < group->split_count; i++)
        for (uint32_t j = 0; j < eng_split_segments(engine->model, &group->splits[i]);
             j++, segment++) {
            head.band = (uint8_t)(i + 1);
            head.segment = (uint8_t)j;
            if (segment->partners > 0)
                tell_segment(engine, effects, index, head, segment);
        }
}

void eng_groups_tell(struct eng_engine *engine, struct eng_effects *effects)
{
    uint32_t due = eng_groups_due(engine);
    eng_assert(engine->boundary.sums_ready);
    eng_assert(effects != NULL && due != 0);
    for (uint32_t i = 0; i < engine->model->group_count; i++)
        if (due >> i & 1)
            tell_group(engine, effects, i);
    eng_groups_forget(engine);
}

/* ---- what comes of the sums ---- */

/* To the nearest whole number; of two as near the one further from 0. */
static eng_wide rounded(eng_wide above, eng_wide below)
{
    eng_assert(below != 0);
    if (below < 0) {
        above = -above;
        below = -below;
    }
    eng_wide whole = above / below, rest = above % below;
    eng_assert(rest < below && -rest < below);
    if (2 * rest >= below)
        whole++;
    if (2 * rest <= -below)
        whole--;
    return whole;
}

bool eng_figure_value(enum eng_figure_kind kind, const struct eng_sum sums[2], int64_t *ret_e4)
{
    static const int64_t units[ENG_FIGURE_KINDS] = {
        [ENG_FIGURE_COUNT] = 10000, [ENG_FIGURE_SHARE] = 10000, [ENG_FIGURE_SUM] = 1,
        [ENG_FIGURE_MEAN] = 1,      [ENG_FIGURE_RATIO] = 10000, [ENG_FIGURE_GROWTH] = 10000,
        [ENG_FIGURE_NPS] = 1000000,
    };
    eng_assert(kind < ENG_FIGURE_KINDS);
    eng_wide above = eng_sum_wide(sums[0]) * units[kind], below = eng_sum_wide(sums[1]);
    if (kind == ENG_FIGURE_COUNT || kind == ENG_FIGURE_SUM)
        below = 1;
    if (below == 0)
        return false;
    *ret_e4 = eng_saturate(rounded(above, below));
    return true;
}
