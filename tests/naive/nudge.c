/* Nudges, by trying: the actions are added to a copy of the partner, and its score is worked out
 * again. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

/* What the score and one of its dimensions are after so many of the dimension's action. */
struct outcome {
    int64_t value_e4, own_e4;
};

static struct outcome try_actions(const struct naive *naive, const struct partner *partner,
                                  const struct eng_score *score, unsigned dimension, unsigned count)
{
    const struct eng_dimension *about = &score->dimensions[dimension];
    const struct eng_measure *measure = &naive->model->measures[about->measure];
    const struct eng_condition *where = &measure->where;
    struct partner *copy = malloc(sizeof *copy);
    struct fact *facts = calloc(partner->fact_count + count, sizeof *facts);
    struct score_state *state = calloc(1, sizeof *state);
    eng_assert(copy != NULL && facts != NULL && state != NULL);
    memcpy(copy, partner, sizeof *copy);
    if (partner->fact_count > 0)
        memcpy(facts, partner->facts, partner->fact_count * sizeof *facts);
    copy->facts = facts;
    for (unsigned i = 0; i < count; i++) {
        struct fact *fact = &facts[copy->fact_count++];
        *fact = (struct fact){.time_ms = naive->clock_ms,
                              .value_e4 = ENG_VALUE_NONE,
                              .pane = naive->pane,
                              .clock_pane = naive->pane,
                              .action = about->nudged};
        for (unsigned j = 0; j < ENG_NUMBERS_MAX; j++)
            fact->numbers[j] = ENG_VALUE_NONE;
        if (about->each_e4 > 0)
            *(measure->number > 0 ? &fact->numbers[measure->number - 1] : &fact->value_e4) =
                about->each_e4;
        for (uint32_t j = 0; j < where->clause_count; j++)
            fact->attributes[where->clauses[j].attribute] = where->clauses[j].values[0];
        naive_note(naive->model, fact);
    }
    naive_score_compute(naive, copy, score, naive->pane, state);
    struct outcome outcome = {state->value_e4, state->part_e4[dimension]};
    free(state);
    free(facts);
    free(copy);
    return outcome;
}

/* The fewest that raise the dimension, and the score to `want_e4`; 0: none of 1 to 100 do. When
 * neither 1 nor 100 do, none between them does. */
static unsigned fewest(const struct naive *naive, const struct partner *partner, unsigned index,
                       unsigned dimension, int64_t want_e4)
{
    const struct eng_score *score = &naive->model->scores[index];
    int64_t own_e4 = partner->scores[index].part_e4[dimension];
    struct outcome most = try_actions(naive, partner, score, dimension, 100);
    if (most.value_e4 < want_e4 || most.own_e4 <= own_e4)
        return 0;
    for (unsigned count = 1;; count++) {
        struct outcome outcome = try_actions(naive, partner, score, dimension, count);
        if (outcome.value_e4 >= want_e4 && outcome.own_e4 > own_e4)
            return count;
    }
}

static struct naive_nudge best(const struct naive *naive, const struct partner *partner,
                               unsigned index, int64_t want_e4, bool goal)
{
    const struct eng_score *score = &naive->model->scores[index];
    const struct score_state *state = &partner->scores[index];
    struct naive_nudge found = {0};
    __int128 effort = 0;
    for (unsigned i = 0; i < score->dimension_count; i++) {
        unsigned count =
            score->dimensions[i].effort_e4 > 0 ? fewest(naive, partner, index, i, want_e4) : 0;
        if (count == 0)
            continue;
        int64_t value_e4 = try_actions(naive, partner, score, i, count).value_e4;
        int64_t gain_e4 = value_e4 - state->value_e4;
        __int128 more = (__int128)count * score->dimensions[i].effort_e4;
        if (found.count > 0 && (goal ? more >= effort : more * found.gain_e4 >= effort * gain_e4))
            continue;
        unsigned band = score->tiers ? naive_band_of(score, value_e4)
                                     : naive_band_wanted(score, state->band, value_e4);
        effort = more;
        found = (struct naive_nudge){count, i, band > state->band ? band + 1 : 0, gain_e4};
    }
    return found;
}

struct naive_nudge naive_nudge(const struct naive *naive, const struct partner *partner,
                               unsigned score, int64_t goal_e4)
{
    int64_t more_e4 = partner->scores[score].value_e4 + 1;
    struct naive_nudge found = {0};
    if (goal_e4 >= more_e4)
        found = best(naive, partner, score, goal_e4, true);
    return found.count > 0 ? found : best(naive, partner, score, more_e4, false);
}

void naive_suggest(const struct naive *naive, const struct partner *partner, unsigned score,
                   int64_t goal_e4, struct eng_effect *effect)
{
    struct naive_nudge nudge = naive_nudge(naive, partner, score, goal_e4);
    effect->nudge_count = (uint16_t)nudge.count;
    effect->nudge_dimension = (uint8_t)nudge.dimension;
    effect->nudge_to = (uint8_t)nudge.to;
    effect->nudge_gain_e4 = nudge.gain_e4;
}
