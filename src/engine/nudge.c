/* Nudges: the one action that raises a partner's score most for the least effort.
 *
 * A dimension may say how much effort one more of its actions is. What is suggested is so many of
 * one such action, done at the clock: the fewest that raise the score, or that bring it to a goal,
 * and of all dimensions the ones with the least effort for what they give. The gain is no estimate:
 * it is the score with those actions less the score without, by the arithmetic of all scores, with
 * the partner's own weights and targets, and with every dimension that the action goes into. The
 * model is made so that this can be said (model/nudges.c):
 *
 * 1. Whatever the action changes in the score is a count, a sum or a number of active panes.
 * 2. More of it is never less of a share, so the score rises with every further action.
 *
 * So the fewest actions are found by halving. An action that is new to the partner may bring in a
 * dimension that was left out for want of events, with its weight; that is done once, with the
 * first of them.
 *
 * Nothing is kept of a partner. Cost: for each dimension that may be suggested the shares of a
 * score, mostly once or twice, when something is told; nothing for those who hear nothing. */
#include "base/assert.h"
#include "engine/internal.h"
#include "engine/measure.h"

/* An action of a dimension, tried out on the partner in hand. */
struct trial {
    unsigned score, dimension;
    int64_t weights_e4;   /* with all that it touches */
    int64_t untouched_e4; /* what all others contribute then */
    int64_t own_e4;       /* what the dimension contributes now */
};

/* What so many of the action make a measure greater by. */
static eng_wide more_of(const struct eng_engine *engine, unsigned measure,
                        const struct eng_dimension *suggested, uint32_t count)
{
    enum eng_measure_kind kind = engine->model->measures[measure].kind;
    eng_assert(kind == ENG_COUNT || kind == ENG_SUM || kind == ENG_ACTIVE);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    if (kind == ENG_SUM) /* the action has the one number that the suggested dimension is of */
        return engine->model->measures[measure].number ==
                       engine->model->measures[suggested->measure].number
                   ? (eng_wide)suggested->each_e4 * count
                   : 0;
    if (kind == ENG_COUNT)
        return (eng_wide)count * 10000;
    struct eng_cells cells = eng_cells_of(&engine->hand);
    return active_at(&cells, &engine->layout->measures[measure], 0) ? 0 : 10000;
}

/* The share of a dimension that the action touches, after so many of it: of a plain count, it is
 * most often in a table. */
static int64_t touched_share(const struct eng_engine *engine, const struct trial *trial,
                             unsigned index, uint32_t count)
{
    const struct eng_dimension *dimensions = engine->model->scores[trial->score].dimensions;
    const struct eng_term *term = &engine->layout->scores[trial->score].terms[index];
    unsigned measure = dimensions[index].measure;
    int64_t share;
    bool missing;
    eng_assert(dimensions[trial->dimension].touches >> index & 1);
    eng_assert(count > 0);
    if (term->row_counts > 0 && engine->model->measures[measure].kind == ENG_COUNT &&
        eng_term_value(term, eng_record_total(&engine->hand, term->total) + count, &share))
        return share;
    eng_wide measured = eng_measure_value(engine, &engine->hand, measure, &missing) +
                        more_of(engine, measure, &dimensions[trial->dimension], count);
    return eng_share(engine, &engine->hand, trial->score, index,
                     (struct eng_weighing){measured, trial->weights_e4});
}

static struct trial begin_trial(const struct eng_engine *engine, unsigned index, unsigned dimension)
{
    const struct eng_score *score = &engine->model->scores[index];
    uint32_t touches = score->dimensions[dimension].touches, skipped;
    struct trial trial = {.score = index, .dimension = dimension};
    eng_assert(engine->scratch.filled >> index & 1);
    eng_assert(touches >> dimension & 1);
    trial.weights_e4 = eng_weights(engine, &engine->hand, index, touches, &skipped);
    trial.own_e4 = engine->scratch.contribution[index][dimension];
    bool as_told = !engine->layout->scores[index].skips; /* with the weights of all trials */
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (!((touches | skipped) >> i & 1))
            trial.untouched_e4 +=
                as_told ? engine->scratch.contribution[index][i]
                        : eng_contribution(engine, &engine->hand, index, i, trial.weights_e4);
    return trial;
}

/* The score after so many of the action. */
static int64_t score_with(const struct eng_engine *engine, const struct trial *trial,
                          uint32_t count)
{
    const struct eng_score *score = &engine->model->scores[trial->score];
    int64_t sum = trial->untouched_e4;
    eng_assert(count > 0);
    eng_assert(trial->dimension < score->dimension_count);
    for (uint32_t rest = score->dimensions[trial->dimension].touches; rest != 0; rest &= rest - 1)
        sum += touched_share(engine, trial, (unsigned)__builtin_ctz(rest), count);
    return sum;
}

/* True when so many bring the score to `want_e4`, and the dimension itself is not at its end. */
static bool is_enough(const struct eng_engine *engine, const struct trial *trial, uint32_t count,
                      int64_t want_e4)
{
    eng_assert(count <= ENG_NUDGES_MAX);
    eng_assert(want_e4 > engine->scratch.value[trial->score]);
    return touched_share(engine, trial, trial->dimension, count) > trial->own_e4 &&
           score_with(engine, trial, count) >= want_e4;
}

/* The fewest that are; 0: none are. */
static uint32_t fewest(const struct eng_engine *engine, const struct trial *trial, int64_t want_e4)
{
    uint32_t few = 1, enough = ENG_NUDGES_MAX;
    eng_assert(trial->score < engine->model->score_count);
    if (is_enough(engine, trial, few, want_e4))
        return few;
    if (!is_enough(engine, trial, enough, want_e4))
        return 0;
    while (enough - few > 1) {
        uint32_t middle = few + (enough - few) / 2;
        if (is_enough(engine, trial, middle, want_e4))
            enough = middle;
        else
            few = middle;
    }
    eng_assert(few < enough);
    return enough;
}

/* True when `one` is less effort than `two`: for the same goal, or for each point. */
static bool is_easier(const struct eng_score *score, const struct eng_nudge *one,
                      const struct eng_nudge *two, bool same_goal)
{
    eng_wide first = (eng_wide)score->dimensions[one->dimension].effort_e4 * one->count;
    eng_wide second = (eng_wide)score->dimensions[two->dimension].effort_e4 * two->count;
    eng_assert(first > 0 && second > 0);
    eng_assert(one->gain_e4 > 0 && two->gain_e4 > 0);
    return same_goal ? first < second : first * two->gain_e4 < second * one->gain_e4;
}

/* The higher band that a value is enough for, counted from 1; 0: the band in force. */
static uint8_t band_with(const struct eng_engine *engine, unsigned index, int64_t value_e4)
{
    const struct eng_score *score = &engine->model->scores[index];
    uint8_t band = engine->scratch.band_after[index];
    eng_assert(band < score->band_count);
    uint8_t then = score->tiers ? eng_score_band_of(score, value_e4)
                                : eng_score_band_wanted(score, value_e4, band);
    return then > band ? (uint8_t)(then + 1) : 0;
}

/* The easiest way to a value; a count of 0: there is none. */
static struct eng_nudge easiest(const struct eng_engine *engine, unsigned index, int64_t want_e4,
                                bool same_goal)
{
    const struct eng_score *score = &engine->model->scores[index];
    int64_t value_e4 = engine->scratch.value[index];
    struct eng_nudge best = {0};
    eng_assert(index < engine->model->score_count);
    eng_assert(want_e4 > value_e4);
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->dimensions[i].effort_e4 == 0)
            continue;
        struct trial trial = begin_trial(engine, index, i);
        struct eng_nudge nudge = {.count = fewest(engine, &trial, want_e4), .dimension = i};
        if (nudge.count == 0)
            continue;
        int64_t then_e4 = score_with(engine, &trial, nudge.count);
        nudge.gain_e4 = then_e4 - value_e4;
        nudge.to = band_with(engine, index, then_e4);
        if (best.count == 0 || is_easier(score, &nudge, &best, same_goal))
            best = nudge;
    }
    return best;
}

struct eng_nudge eng_nudge_find(struct eng_engine *engine, unsigned score, int64_t goal_e4)
{
    eng_assert(score < engine->model->score_count);
    eng_assert(engine->model->scores[score].nudges);
    eng_fill(engine, score);
    int64_t more_e4 = engine->scratch.value[score] + 1;
    struct eng_nudge nudge = {0};
    if (goal_e4 >= more_e4)
        nudge = easiest(engine, score, goal_e4, true);
    return nudge.count > 0 ? nudge : easiest(engine, score, more_e4, false);
}

void eng_nudge_tell(struct eng_engine *engine, struct eng_effect *effect, unsigned score,
                    int64_t goal_e4)
{
    struct eng_nudge nudge = eng_nudge_find(engine, score, goal_e4);
    eng_assert(effect != NULL);
    eng_assert(nudge.count <= ENG_NUDGES_MAX);
    effect->nudge_count = (uint16_t)nudge.count;
    effect->nudge_dimension = (uint8_t)nudge.dimension;
    effect->nudge_to = nudge.to;
    effect->nudge_gain_e4 = nudge.gain_e4;
}
