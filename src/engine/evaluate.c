/* An evaluation: the scores of one partner in file order, then the alerts in file order.
 *
 * It reads the partner's record, the model and the moment, nothing else. An evaluation at which
 * nothing has changed says nothing, so the engine may make more of them than there have to be. */
#include "base/assert.h"
#include "engine/internal.h"
#include <stdlib.h>

/* ---- what was told last ---- */

static const uint8_t *told_place(const struct eng_layout *layout, const struct eng_partner *partner,
                                 unsigned score, unsigned dimension)
{
    const struct eng_score_layout *place = &layout->scores[score];
    uint32_t dwell = layout->model->scores[score].dwell_ms > 0 ? 8 : 0;
    eng_assert(dimension < layout->model->scores[score].dimension_count);
    return (const uint8_t *)partner + place->offset + 1 + dwell + dimension * place->told_bytes;
}

int64_t eng_told(const struct eng_layout *layout, const struct eng_partner *partner, unsigned score,
                 unsigned dimension)
{
    eng_assert(partner != NULL);
    const uint8_t *at = told_place(layout, partner, score, dimension);
    eng_assert(score < layout->model->score_count);
    switch (layout->scores[score].told_bytes) {
    case 2:
        return eng_load_u16(at);
    case 4:
        return eng_load_i32(at);
    default:
        return eng_load_i64(at);
    }
}

static void tell(const struct eng_layout *layout, struct eng_partner *partner, unsigned score,
                 unsigned dimension, int64_t value_e4)
{
    uint8_t *at = (uint8_t *)partner +
                  (told_place(layout, partner, score, dimension) - (const uint8_t *)partner);
    memcpy(at, &value_e4, layout->scores[score].told_bytes); /* little endian: the low bytes */
    eng_assert(eng_told(layout, partner, score, dimension) == value_e4);
}

enum { BAND_MASK = 0x7F, EVER_POSITIVE = 0x80 };

uint8_t eng_told_band(const struct eng_layout *layout, const struct eng_partner *partner,
                      unsigned score)
{
    eng_assert(score < layout->model->score_count);
    return ((const uint8_t *)partner)[layout->scores[score].offset] & BAND_MASK;
}

void eng_evaluate_newcomer(struct eng_engine *engine, uint32_t number)
{
    uint8_t *record = (uint8_t *)eng_store_at(&engine->store, number);
    eng_assert(number + 1 == engine->store.count);
    for (uint32_t i = 0; i < engine->model->score_count; i++) {
        uint8_t band = eng_score_band_of(&engine->model->scores[i], 0);
        eng_assert(band <= BAND_MASK);
        record[engine->layout->scores[i].offset] = band;
    }
}

/* ---- values ---- */

/* A count that indexes the table of contributions; -1: the measure is no count. */
static int64_t count_of(const struct eng_engine *engine, struct eng_partner *partner,
                        unsigned measure)
{
    const struct eng_measure_layout *place = &engine->layout->measures[measure];
    enum eng_measure_kind kind = engine->model->measures[measure].kind;
    if (place->total == ENG_NO_INDEX || kind == ENG_SUM)
        return -1;
    return (int64_t)eng_partner_total(engine->layout, partner, place->total);
}

static int64_t weighted(const struct eng_engine *engine, struct eng_partner *partner,
                        unsigned index, unsigned dimension, int64_t weight_sum_e4)
{
    eng_assert(dimension < engine->model->scores[index].dimension_count);
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_score_layout *place = &engine->layout->scores[index];
    unsigned measure = score->dimensions[dimension].measure;
    int64_t count = count_of(engine, partner, measure);
    eng_assert(weight_sum_e4 > 0);
    if (count >= 0 && weight_sum_e4 == score->weight_sum_e4) {
        const int64_t *row = place->table + (size_t)dimension * place->table_counts;
        if (count < place->table_counts)
            return row[count];
        if (place->flat >> dimension & 1)
            return row[place->table_counts - 1];
    }
    bool missing;
    eng_wide value = eng_measure_value(engine, partner, measure, &missing);
    return eng_score_contribution(score, &score->dimensions[dimension], value, weight_sum_e4);
}

/* The sum of the weights that are not left out for want of events; sets the bits of those that are.
 */
static int64_t present_weights(const struct eng_engine *engine, struct eng_partner *partner,
                               const struct eng_score *score, uint64_t *ret_skipped)
{
    eng_assert(!score->points);
    int64_t weights = score->weight_sum_e4;
    *ret_skipped = 0;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        bool missing = false;
        if (!score->dimensions[i].skip)
            continue;
        (void)eng_measure_value(engine, partner, score->dimensions[i].measure, &missing);
        if (missing) {
            weights -= score->dimensions[i].weight_e4;
            *ret_skipped |= 1ull << i;
        }
    }
    eng_assert(weights > 0); /* S12: not all of the dimensions may skip */
    return weights;
}

static int64_t points(const struct eng_engine *engine, struct eng_partner *partner,
                      const struct eng_dimension *dimension)
{
    int64_t count = count_of(engine, partner, dimension->measure);
    eng_assert(count >= 0);
    eng_wide value = (eng_wide)count * dimension->points_e4;
    const eng_wide most = INT64_MAX / (2 * ENG_DIMENSIONS_MAX); /* their sum stays in 64 bits */
    return (int64_t)(value > most ? most : value < -most ? -most : value);
}

void eng_evaluate_score(const struct eng_engine *engine, struct eng_partner *partner,
                        unsigned index)
{
    eng_assert(partner != NULL);
    const struct eng_score *score = &engine->model->scores[index];
    int64_t *contribution =
        engine->scratch.contribution + (size_t)index * engine->layout->contribution_most;
    int64_t weights = score->weight_sum_e4, value = 0;
    uint64_t skipped = 0;
    eng_assert(index < engine->model->score_count);
    if (engine->layout->scores[index].skips)
        weights = present_weights(engine, partner, score, &skipped);
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->points)
            contribution[i] = points(engine, partner, &score->dimensions[i]);
        else if (skipped >> i & 1)
            contribution[i] = 0;
        else
            contribution[i] = weighted(engine, partner, index, i, weights);
        value += contribution[i];
    }
    engine->scratch.value[index] = value;
}

bool eng_provisional(const struct eng_engine *engine, const struct eng_score *score,
                     const struct eng_partner *partner)
{
    int64_t panes = score->provisional_panes;
    eng_assert(partner->first_pane <= engine->now.pane);
    if (score->provisional_window == ENG_WINDOW_NONE)
        return false;
    if (score->provisional_window != ENG_WINDOW_ROLLING) {
        unsigned period = score->provisional_window - ENG_WINDOW_WEEK;
        eng_assert(period < ENG_PERIODS);
        int64_t whole = (int64_t)engine->now.period_next[period] - engine->now.period_first[period];
        panes = whole > panes ? whole : panes;
    }
    return (int64_t)engine->now.pane - partner->first_pane < panes;
}

/* ---- one score ---- */

/* The band after the evaluation: the wanted one, at once or when the dwell has passed. */
static uint8_t next_band(struct eng_engine *engine, struct eng_evaluation *evaluation,
                         unsigned index, uint8_t band)
{
    eng_assert(engine->now.clock_ms == evaluation->at_ms);
    const struct eng_score *score = &engine->model->scores[index];
    uint8_t wanted = eng_score_band_wanted(score, engine->scratch.value[index], band);
    eng_assert(band < score->band_count);
    if (score->dwell_ms == 0)
        return wanted;
    uint8_t *place = (uint8_t *)eng_store_at(&engine->store, evaluation->number) +
                     engine->layout->scores[index].offset + 1;
    int64_t since = eng_load_i64(place); /* plus one: 0 means that no other band is wanted */
    if (wanted == band) {
        eng_store_i64(place, 0);
        return band;
    }
    if (since == 0)
        since = evaluation->at_ms + 1;
    if (evaluation->at_ms >= since - 1 + score->dwell_ms) {
        eng_store_i64(place, 0);
        return wanted;
    }
    eng_store_i64(place, since);
    int32_t due = eng_moment_due(&engine->now, engine->model, since - 1 + score->dwell_ms);
    evaluation->due = due < evaluation->due ? due : evaluation->due;
    return band;
}

static void emit_score_change(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                              unsigned index, int64_t told_value)
{
    eng_assert(index < engine->model->score_count);
    eng_assert(evaluation->number < engine->store.count);
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_scratch *scratch = &engine->scratch;
    struct eng_partner *partner = eng_store_at(&engine->store, evaluation->number);
    struct eng_effect *effect = eng_effect_begin(engine, evaluation, score->dimension_count);
    engine->counters.score_changes++;
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_SCORE_CHANGE;
    effect->subject = (uint16_t)index;
    eng_effect_score(engine, effect, index);
    effect->previous_band = scratch->band_before[index];
    effect->provisional = eng_provisional(engine, score, partner);
    effect->previous_value_e4 = told_value;
    bool up = effect->band != effect->previous_band ? effect->band > effect->previous_band
                                                    : effect->value_e4 > told_value;
    effect->direction = up ? ENG_UP : ENG_DOWN;
}

static void evaluate_score(struct eng_engine *engine, struct eng_evaluation *evaluation,
                           unsigned index)
{
    eng_assert(index < engine->model->score_count);
    eng_assert(evaluation->number < engine->store.count);
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_layout *layout = engine->layout;
    struct eng_scratch *scratch = &engine->scratch;
    struct eng_partner *partner = eng_store_at(&engine->store, evaluation->number);
    int64_t *told = scratch->told + (size_t)index * layout->contribution_most, told_value = 0;
    uint8_t *head = (uint8_t *)partner + layout->scores[index].offset;
    uint8_t band = *head & BAND_MASK;
    eng_evaluate_score(engine, partner, index);
    for (uint32_t i = 0; i < score->dimension_count; i++)
        told_value += told[i] = eng_told(layout, partner, index, i);
    scratch->ever_positive[index] = *head & EVER_POSITIVE;
    scratch->band_before[index] = band;
    scratch->band_after[index] = next_band(engine, evaluation, index, band);
    int64_t moved = llabs(scratch->value[index] - told_value);
    bool crossed = scratch->band_after[index] != band;
    if (crossed || (score->tell_every_e4 > 0 && moved >= score->tell_every_e4)) {
        const int64_t *now = scratch->contribution + (size_t)index * layout->contribution_most;
        emit_score_change(engine, evaluation, index, told_value);
        for (uint32_t i = 0; i < score->dimension_count; i++)
            tell(layout, partner, index, i, now[i]);
    }
    bool positive = scratch->ever_positive[index] || scratch->value[index] > 0;
    *head = (uint8_t)(scratch->band_after[index] | (positive ? EVER_POSITIVE : 0));
}

/* ---- the whole ---- */

void eng_arm(struct eng_engine *engine, uint32_t number, int32_t pane)
{
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    if (pane < partner->due)
        partner->due = pane;
    if (partner->due == ENG_PANE_NEVER)
        return;
    int64_t ahead = (int64_t)partner->due - engine->now.pane;
    eng_assert(ahead > 0);
    ahead = ahead < ENG_WHEEL_PANES ? ahead : ENG_WHEEL_PANES - 1;
    if (partner->is_armed) { /* a valid entry is less than a turn of the wheel ahead */
        uint16_t armed_ahead = (uint16_t)(partner->armed - (uint16_t)engine->now.pane);
        eng_assert(armed_ahead > 0 && armed_ahead < ENG_WHEEL_PANES);
        if (armed_ahead <= ahead)
            return;
    }
    int32_t at = engine->now.pane + (int32_t)ahead;
    eng_wheel_add(&engine->wheel, at, number);
    partner->armed = (uint16_t)at;
    partner->is_armed = 1;
}

void eng_evaluate(struct eng_engine *engine, struct eng_evaluation *evaluation)
{
    eng_assert(evaluation->number < engine->store.count);
    eng_assert(eng_effects_fit(engine, evaluation->effects));
    evaluation->due = ENG_PANE_NEVER;
    for (uint32_t i = 0; i < engine->model->score_count; i++)
        evaluate_score(engine, evaluation, i);
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        eng_alert_evaluate(engine, evaluation, i);
}
