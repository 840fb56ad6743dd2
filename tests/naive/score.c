/* Contributions, bands, dwell and what is told of a score. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <string.h>

/* Wide enough for every product of the language; an overflow is noticed. */
static __int128 times(__int128 a, __int128 b)
{
    __int128 product;
    bool overflow = __builtin_mul_overflow(a, b, &product);
    eng_assert(!overflow);
    return product;
}

static __int128 common_divisor(__int128 a, __int128 b)
{
    while (b != 0) {
        __int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* a / b * c / d, rounded half away from zero; a and c not negative, b and d positive. */
static int64_t rounded(__int128 a, __int128 b, __int128 c, __int128 d)
{
    __int128 ab = common_divisor(a, b), cd = common_divisor(c, d);
    a /= ab, b /= ab, c /= cd, d /= cd;
    __int128 ad = common_divisor(a, d), cb = common_divisor(c, b);
    __int128 over = times(a / ad, c / cb), under = times(b / cb, d / ad);
    __int128 whole = over / under, rest = over % under;
    return (int64_t)(whole + (rest >= under - rest));
}

static int64_t by_target(const struct eng_score *score, const struct eng_dimension *dimension,
                         int64_t weight_sum_e4, int64_t m)
{
    m = m < 0 ? 0 : m > dimension->target_e4 ? dimension->target_e4 : m;
    return rounded(times(score->scale_e4, dimension->weight_e4), weight_sum_e4, m,
                   dimension->target_e4);
}

/* Linear between two points, flat outside the first and the last. */
static int64_t by_steps(const struct eng_score *score, const struct eng_dimension *dimension,
                        int64_t weight_sum_e4, int64_t m)
{
    const struct eng_step *steps = dimension->steps, *last = &steps[dimension->step_count - 1];
    __int128 over = steps[0].y_e4, under = 10000;
    if (m >= last->x_e4)
        over = last->y_e4;
    for (const struct eng_step *a = steps; a < last && m > steps[0].x_e4; a++) {
        const struct eng_step *b = a + 1;
        if (m < a->x_e4 || m >= b->x_e4)
            continue;
        __int128 run = (__int128)b->x_e4 - a->x_e4;
        over = times(a->y_e4, run) + times(b->y_e4 - a->y_e4, (__int128)m - a->x_e4);
        under = times(10000, run);
    }
    return rounded(times(score->scale_e4, dimension->weight_e4), weight_sum_e4, over, under);
}

/* Points that get less, to the nearest, halves away from zero. */
static int64_t decayed(const struct naive *naive, const struct partner *partner,
                       const struct eng_score *score, unsigned dimension, int64_t pane)
{
    const struct eng_dimension *about = &score->dimensions[dimension];
    __int128 sum =
        naive_decayed(naive, partner, &naive->model->measures[about->measure], &score->decay, pane);
    __int128 points = times(sum, about->points_e4), one = (__int128)10000 << 30;
    __int128 size = points < 0 ? -points : points;
    int64_t whole = (int64_t)((2 * size + one) / (2 * one));
    return points < 0 ? -whole : whole;
}

void naive_score_compute(const struct naive *naive, const struct partner *partner,
                         const struct eng_score *score, int64_t pane, struct score_state *state)
{
    struct amount amounts[ENG_DIMENSIONS_MAX];
    struct eng_dimension own[ENG_DIMENSIONS_MAX]; /* with the partner's weights and targets */
    int64_t weight_sum_e4 = 0;
    for (unsigned i = 0; i < score->dimension_count; i++) {
        own[i] = score->dimensions[i];
        own[i].weight_e4 = naive_choose(naive, partner, &own[i].weights, own[i].weight_e4, pane);
        own[i].target_e4 = naive_choose(naive, partner, &own[i].targets, own[i].target_e4, pane);
        amounts[i] = naive_measure(naive, partner, &naive->model->measures[own[i].measure], pane);
        if (!(own[i].skip && amounts[i].missing))
            weight_sum_e4 += own[i].weight_e4;
    }
    state->value_e4 = 0;
    for (unsigned i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &own[i];
        int64_t part = 0;
        if (score->decay.kind != ENG_DECAY_NONE)
            part = decayed(naive, partner, score, i, pane);
        else if (score->points)
            part = (int64_t)(times(amounts[i].value_e4, dimension->points_e4) / 10000);
        else if (amounts[i].missing &&
                 (dimension->skip || naive->model->measures[dimension->measure].kind == ENG_SINCE))
            part = 0;
        else if (dimension->step_count > 0)
            part = by_steps(score, dimension, weight_sum_e4, amounts[i].value_e4);
        else
            part = by_target(score, dimension, weight_sum_e4, amounts[i].value_e4);
        state->part_e4[i] = part;
        state->value_e4 += part;
    }
}

unsigned naive_band_of(const struct eng_score *score, int64_t value_e4)
{
    unsigned band = 0;
    for (unsigned i = 1; i < score->band_count; i++) {
        const struct eng_band *b = &score->bands[i];
        if (b->above ? value_e4 > b->edge_e4 : value_e4 >= b->edge_e4)
            band = i;
    }
    return band;
}

unsigned naive_band_wanted(const struct eng_score *score, unsigned band, int64_t value_e4)
{
    const struct eng_band *own = &score->bands[band], *next = own + 1;
    bool leave = false;
    if (band > 0) {
        int64_t edge_e4 = own->edge_e4 - score->margin_e4;
        leave = own->above ? value_e4 <= edge_e4 : value_e4 < edge_e4;
    }
    if (band + 1 < score->band_count) {
        int64_t edge_e4 = next->edge_e4 + score->margin_e4;
        leave |= next->above ? value_e4 > edge_e4 : value_e4 >= edge_e4;
    }
    return leave ? naive_band_of(score, value_e4) : band;
}

static void move_band(const struct eng_score *score, struct score_state *state, int64_t at_ms)
{
    unsigned wanted = naive_band_wanted(score, state->band, state->value_e4);
    if (wanted == state->band) {
        state->wanting_since_ms = -1;
        return;
    }
    if (state->wanting_since_ms < 0)
        state->wanting_since_ms = at_ms;
    if (at_ms - state->wanting_since_ms >= score->dwell_ms) {
        state->band = wanted;
        state->wanting_since_ms = -1;
    }
}

/* Tiers: up at once; down where a period or a grace has ended. */
static void move_tier(const struct eng_model *model, const struct eng_score *score,
                      struct score_state *state, int64_t before_e4, const struct occasion *why)
{
    unsigned now = naive_band_of(score, state->value_e4), earned = naive_band_of(score, before_e4);
    bool boundary = why->origin_kind == ENG_ORIGIN_BOUNDARY;
    bool over = eng_calendar_period_first(model->calendar, score->period, why->pane) == why->pane;
    bool graced = score->grace_period || score->grace_panes > 0;
    if (boundary && over) {
        state->band = graced && earned > now ? earned : now;
        state->grace_pane =
            score->grace_panes > 0 && earned > now ? why->pane + score->grace_panes : 0;
    } else if (boundary && state->grace_pane != 0 && why->pane >= state->grace_pane) {
        state->band = now;
        state->grace_pane = 0;
    } else if (now > state->band) {
        state->band = now;
    }
}

void naive_score_init(const struct eng_score *score, struct score_state *state)
{
    memset(state, 0, sizeof *state);
    state->band = naive_band_of(score, 0);
    state->told.band = state->begun = state->band;
    state->wanting_since_ms = -1;
}

static int64_t window_panes(const struct eng_model *model, const struct eng_measure *m,
                            int64_t pane)
{
    if (m->inner) /* what a ledger holds is all there is */
        return 0;
    if (m->window == ENG_WINDOW_ROLLING)
        return naive_reach(m);
    if (m->window == ENG_WINDOW_LIFE || m->window == ENG_WINDOW_NONE)
        return 0;
    return eng_calendar_period_next(model->calendar, m->window, pane) -
           eng_calendar_period_first(model->calendar, m->window, pane);
}

/* The panes of the longest rolling or calendar window of a score now; 0: it has none. */
static int64_t longest_window(const struct naive *naive, const struct eng_score *score,
                              int64_t pane)
{
    int64_t longest = 0;
    for (unsigned i = 0; i < score->dimension_count; i++) {
        struct looked_at looks = naive_looks_at(naive->model, score->dimensions[i].measure);
        for (unsigned j = 0; j < looks.count; j++) {
            int64_t panes =
                window_panes(naive->model, &naive->model->measures[looks.measures[j]], pane);
            longest = panes > longest ? panes : longest;
        }
    }
    return longest;
}

bool naive_provisional(const struct naive *naive, const struct partner *partner,
                       const struct eng_score *score, int64_t pane)
{
    int64_t oldest = partner->known_pane;
    for (size_t i = 0; i < partner->fact_count; i++)
        oldest = partner->facts[i].pane < oldest ? partner->facts[i].pane : oldest;
    return pane - oldest < longest_window(naive, score, pane) || naive_unknown(naive, score, pane);
}

static void tell(struct naive *naive, struct partner *partner, unsigned index,
                 const struct occasion *why)
{
    const struct eng_score *score = &naive->model->scores[index];
    struct score_state *state = &partner->scores[index];
    struct told *told = &state->told;
    struct eng_effect effect = naive_effect(ENG_EFFECT_SCORE_CHANGE, index, why);
    bool up =
        state->band != told->band ? state->band > told->band : state->value_e4 > told->value_e4;
    effect.score = (uint16_t)index;
    effect.fact = naive_reason(naive->model, why->said, score, NULL);
    effect.direction = up ? ENG_UP : ENG_DOWN;
    effect.band = (uint8_t)state->band;
    effect.previous_band = (uint8_t)told->band;
    effect.provisional = naive_provisional(naive, partner, score, why->pane);
    effect.value_e4 = state->value_e4;
    effect.previous_value_e4 = told->value_e4;
    effect.contribution_count = (uint16_t)score->dimension_count;
    if (score->nudges && state->band < told->band)
        naive_suggest(naive, partner, index, INT64_MIN, &effect);
    naive_emit(naive, partner, &effect, state->part_e4, told->part_e4);
    told->value_e4 = state->value_e4;
    told->band = state->band;
    memcpy(told->part_e4, state->part_e4, sizeof told->part_e4);
}

void naive_score_evaluate(struct naive *naive, struct partner *partner, unsigned index,
                          const struct occasion *why)
{
    const struct eng_score *score = &naive->model->scores[index];
    struct score_state *state = &partner->scores[index];
    int64_t before_e4 = state->value_e4;
    naive_score_compute(naive, partner, score, why->pane, state);
    if (score->tiers)
        move_tier(naive->model, score, state, before_e4, why);
    else
        move_band(score, state, why->at_ms);
    state->past =
        naive_grow(state->past, state->past_count, &state->past_capacity, sizeof *state->past);
    state->past[state->past_count++] = (struct past_value){why->pane, state->value_e4};
    int64_t moved = state->value_e4 - state->told.value_e4;
    if (state->band != state->told.band ||
        (score->tell_every_e4 > 0 &&
         (moved >= score->tell_every_e4 || -moved >= score->tell_every_e4)))
        tell(naive, partner, index, why);
}
