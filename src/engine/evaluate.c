/* An evaluation: the scores of one partner in file order, then the matrices, the alerts, the
 * reports.
 *
 * It reads the partner's record, the model and the moment, nothing else. An evaluation at which
 * nothing has changed says nothing, so the engine may make more of them than there have to be.
 *
 * The value of every score is kept in the record and follows each change of a count by the
 * difference of two entries of a table, so most evaluations are a comparison with the limits at
 * which there is something to tell. Contributions are computed only when something is told, or when
 * a score depends on more than counts; they must add up to the value kept (eng_evaluate_check, and
 * at every telling). */
#include "base/assert.h"
#include "engine/decay.h"
#include "engine/fact.h"
#include "engine/internal.h"
#include "engine/peak.h"

/* ---- what stands in the record ---- */

void eng_told_load(const struct eng_record *record, unsigned score, int64_t *ret_told)
{
    const struct eng_score_layout *place = &record->layout->scores[score];
    const uint8_t *at = eng_record_fixed(record, place->told);
    uint32_t count = record->layout->model->scores[score].dimension_count;
    eng_assert(score < record->layout->model->score_count);
    eng_assert(count <= ENG_DIMENSIONS_MAX);
    if (place->told_bytes == 2)
        for (uint32_t i = 0; i < count; i++)
            ret_told[i] = eng_load_u16(at + i * 2u);
    else if (place->told_bytes == 4)
        for (uint32_t i = 0; i < count; i++)
            ret_told[i] = eng_load_i32(at + i * 4u);
    else
        memcpy(ret_told, at, count * sizeof *ret_told);
}

void eng_told_store(const struct eng_record *record, unsigned score, const int64_t *told)
{
    const struct eng_score_layout *place = &record->layout->scores[score];
    uint8_t *at = eng_record_fixed(record, place->told);
    uint32_t count = record->layout->model->scores[score].dimension_count;
    eng_assert(score < record->layout->model->score_count);
    for (uint32_t i = 0; i < count && place->told_bytes == 2; i++) {
        eng_assert(told[i] >= 0 && told[i] <= UINT16_MAX);
        eng_store_u16(at + i * 2u, (uint16_t)told[i]);
    }
    for (uint32_t i = 0; i < count && place->told_bytes == 4; i++) {
        eng_assert(told[i] >= INT32_MIN && told[i] <= INT32_MAX);
        eng_store_i32(at + i * 4u, (int32_t)told[i]);
    }
    if (place->told_bytes == 8)
        memcpy(at, told, count * sizeof *told);
}

void eng_take(struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    engine->hand = eng_record_open(&engine->store, number);
    eng_take_values(engine);
    eng_assert(engine->hand.layout == engine->layout);
}

void eng_take_values(struct eng_engine *engine)
{
    struct eng_scratch *scratch = &engine->scratch;
    const struct eng_layout *layout = engine->layout;
    eng_assert(engine->hand.partner != NULL);
    eng_assert(engine->model->score_count <= ENG_SCORES_MAX);
    scratch->stale = scratch->filled = scratch->resumed = scratch->foreseen = 0;
    scratch->said = 0;
    for (uint32_t i = 0; i < engine->model->score_count; i++)
        scratch->value_before[i] = scratch->value[i] =
            eng_score_value(&layout->scores[i], &engine->hand);
}

void eng_take_newcomer(struct eng_engine *engine, uint32_t number)
{
    eng_take(engine, number);
    for (uint32_t i = 0; i < engine->model->score_count; i++) {
        uint8_t band = eng_score_band_of(&engine->model->scores[i], 0);
        eng_assert(band <= ENG_BAND_MASK);
        *eng_record_fixed(&engine->hand, engine->layout->scores[i].band) = band;
        engine->scratch.stale |= 1u << i; /* nothing counted need not be worth 0 */
    }
}

/* ---- values ---- */

/* The weight that a dimension has for a partner. */
static int64_t weight_of(const struct eng_engine *engine, const struct eng_record *record,
                         const struct eng_dimension *dimension)
{
    eng_assert(dimension->weight_e4 > 0);
    eng_assert(dimension->weights.count <= ENG_CASES_MAX);
    return dimension->weights.count == 0
               ? dimension->weight_e4
               : eng_fact_choose(engine, record, &dimension->weights, dimension->weight_e4);
}

/* A dimension's share of a weighted score, with the weight and target that are the partner's. */
static int64_t weighted(const struct eng_engine *engine, const struct eng_record *record,
                        unsigned index, unsigned dimension, struct eng_weighing by)
{
    const struct eng_score *score = &engine->model->scores[index];
    struct eng_dimension own = score->dimensions[dimension];
    eng_assert(!score->points);
    eng_assert(dimension < score->dimension_count);
    if (own.weights.count > 0)
        own.weight_e4 = weight_of(engine, record, &own);
    if (own.targets.count > 0)
        own.target_e4 = eng_fact_choose(engine, record, &own.targets, own.target_e4);
    return eng_score_contribution(score, &own, by.measured, by.weight_sum_e4);
}

/* Points of one key, such that the sum of all stays in 64 bits. */
static int64_t limit_points(eng_wide points)
{
    const eng_wide most = INT64_MAX / (2 * ENG_DIMENSIONS_MAX);
    return (int64_t)(points > most ? most : points < -most ? -most : points);
}

int64_t eng_share(const struct eng_engine *engine, const struct eng_record *record, unsigned index,
                  unsigned dimension, struct eng_weighing by)
{
    const struct eng_score *score = &engine->model->scores[index];
    eng_assert(dimension < score->dimension_count);
    eng_assert(score->points || by.weight_sum_e4 > 0);
    if (!score->points)
        return weighted(engine, record, index, dimension, by);
    return limit_points(by.measured * score->dimensions[dimension].points_e4 / 10000);
}

int64_t eng_contribution(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned index, unsigned dimension, int64_t weight_sum_e4)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_term *term = &engine->layout->scores[index].terms[dimension];
    int64_t value;
    eng_assert(dimension < score->dimension_count);
    eng_assert(score->points || weight_sum_e4 > 0);
    if (term->total != ENG_NO_INDEX &&
        eng_term_value(term, eng_record_total(record, term->total), &value))
        return value;
    bool missing;
    unsigned measure = score->dimensions[dimension].measure;
    if (engine->layout->scores[index].decay != NULL)
        return limit_points(eng_decay_points(engine, record, index, dimension));
    eng_wide measured = eng_measure_value(engine, record, measure, &missing);
    if (missing && engine->model->measures[measure].kind == ENG_SINCE)
        return 0; /* not the share of 0 panes */
    return eng_share(engine, record, index, dimension,
                     (struct eng_weighing){measured, weight_sum_e4});
}

int64_t eng_weights(const struct eng_engine *engine, const struct eng_record *record,
                    unsigned index, uint32_t there, uint32_t *ret_skipped)
{
    const struct eng_score *score = &engine->model->scores[index];
    int64_t weights = score->weight_sum_e4;
    eng_assert(index < engine->model->score_count);
    *ret_skipped = 0;
    if (!engine->layout->scores[index].skips)
        return weights;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &score->dimensions[i];
        int64_t weight = weight_of(engine, record, dimension);
        bool missing = false;
        weights += weight - dimension->weight_e4;
        if (!dimension->skip || there >> i & 1)
            continue;
        (void)eng_measure_value(engine, record, dimension->measure, &missing);
        if (missing) {
            weights -= weight;
            *ret_skipped |= 1u << i;
        }
    }
    eng_assert(weights > 0); /* S12: not all of the dimensions may skip */
    return weights;
}

int64_t eng_contributions(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned index, int64_t *ret_contribution)
{
    const struct eng_score *score = &engine->model->scores[index];
    int64_t sum = 0;
    uint32_t skipped;
    eng_assert(index < engine->model->score_count);
    eng_assert(ret_contribution != NULL);
    int64_t weights = eng_weights(engine, record, index, 0, &skipped);
    const struct eng_term *terms = engine->layout->scores[index].terms;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        ret_contribution[i] = 0;
        if (terms[i].row_counts == 0 ||
            !eng_term_value(&terms[i], eng_record_total(record, terms[i].total),
                            &ret_contribution[i]))
            if (!(skipped >> i & 1))
                ret_contribution[i] = eng_contribution(engine, record, index, i, weights);
        sum += ret_contribution[i];
    }
    return sum;
}

void eng_measure_changed(struct eng_engine *engine, unsigned measure)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(measure < engine->model->measure_count);
    for (uint32_t i = layout->terms_first[measure]; i < layout->terms_first[measure + 1]; i++)
        engine->scratch.stale |= 1u << layout->terms[i].score;
}

/* The panes of a score's longest window; of a calendar one, those of the current period. */
static int64_t provisional_panes(const struct eng_engine *engine, const struct eng_score *score)
{
    int64_t panes = score->provisional_panes;
    eng_assert(score->provisional_window != ENG_WINDOW_NONE);
    if (score->provisional_window == ENG_WINDOW_ROLLING)
        return panes;
    unsigned period = score->provisional_window - ENG_WINDOW_WEEK;
    eng_assert(period < ENG_PERIODS);
    int64_t current = (int64_t)engine->now.period_next[period] - engine->now.period_first[period];
    return current > panes ? current : panes;
}

bool eng_provisional(const struct eng_engine *engine, const struct eng_score *score,
                     const struct eng_partner *partner)
{
    eng_assert(partner->first_pane <= engine->now.pane);
    eng_assert(score >= engine->model->scores);
    if (engine->now.pane < engine->known.full[score - engine->model->scores])
        return true;
    return score->provisional_window != ENG_WINDOW_NONE &&
           (int64_t)engine->now.pane - partner->first_pane < provisional_panes(engine, score);
}

int32_t eng_provisional_due(const struct eng_engine *engine, const struct eng_score *score,
                            const struct eng_partner *partner)
{
    int64_t due = engine->known.full[score - engine->model->scores], full = INT64_MIN;
    eng_assert(eng_provisional(engine, score, partner));
    if (score->provisional_window != ENG_WINDOW_NONE)
        full = partner->first_pane + provisional_panes(engine, score);
    if (score->provisional_window < ENG_WINDOW_NONE &&
        score->provisional_window != ENG_WINDOW_ROLLING) {
        /* The next period may be shorter. */
        int32_t next = engine->now.period_next[score->provisional_window - ENG_WINDOW_WEEK];
        full = full < next ? full : next;
    }
    due = full > due ? full : due;
    eng_assert(due < ENG_PANE_NEVER);
    return due > engine->now.pane ? (int32_t)due : engine->now.pane + 1;
}

/* Computes the values of scores that do not follow from changes of counts. */
static void refresh(struct eng_engine *engine)
{
    struct eng_scratch *scratch = &engine->scratch;
    for (uint32_t i = 0; scratch->stale != 0; i++, scratch->stale >>= 1)
        if (scratch->stale & 1)
            scratch->value[i] =
                eng_contributions(engine, &engine->hand, i, scratch->contribution[i]);
}

/* ---- one score ---- */

void eng_fill(struct eng_engine *engine, unsigned index)
{
    struct eng_scratch *scratch = &engine->scratch;
    eng_assert(index < engine->model->score_count);
    if (scratch->filled >> index & 1)
        return;
    int64_t sum = eng_contributions(engine, &engine->hand, index, scratch->contribution[index]);
    eng_assert(sum == scratch->value[index]); /* S8 */
    eng_told_load(&engine->hand, index, scratch->told[index]);
    scratch->filled |= 1u << index;
}

/* The band after the evaluation: the wanted one, at once or when the dwell has passed. */
static uint8_t next_band(struct eng_engine *engine, struct eng_evaluation *evaluation,
                         unsigned index, uint8_t band)
{
    const struct eng_score *score = &engine->model->scores[index];
    uint8_t wanted = eng_score_band_wanted(score, engine->scratch.value[index], band);
    eng_assert(engine->now.clock_ms == evaluation->at_ms);
    eng_assert(band < score->band_count);
    if (score->tiers)
        return eng_tier_next(engine, index, band, evaluation->at_boundary);
    if (score->dwell_ms == 0)
        return wanted;
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->scores[index].dwell);
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
    evaluation->moved = true;
    eng_store_i64(place, since);
    int32_t due = eng_moment_due(&engine->now, engine->model, since - 1 + score->dwell_ms);
    evaluation->due = due < evaluation->due ? due : evaluation->due;
    return band;
}

static void emit_score_change(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                              unsigned index, int64_t told_value)
{
    const struct eng_score *score = &engine->model->scores[index];
    struct eng_effect *effect = eng_effect_begin(engine, evaluation, score->dimension_count);
    eng_assert(index < engine->model->score_count);
    eng_assert(engine->hand.partner->first_pane <= engine->now.pane);
    engine->counters.score_changes++;
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_SCORE_CHANGE;
    effect->subject = (uint16_t)index;
    eng_effect_score(engine, effect, index);
    effect->previous_band = engine->scratch.band_before[index];
    effect->provisional = eng_provisional(engine, score, engine->hand.partner);
    effect->previous_value_e4 = told_value;
    effect->fact = eng_fact_of_score(engine, index);
    effect->trend = eng_report_trend(&engine->hand, index, effect->value_e4);
    bool up = effect->band != effect->previous_band ? effect->band > effect->previous_band
                                                    : effect->value_e4 > told_value;
    effect->direction = up ? ENG_UP : ENG_DOWN;
    if (score->nudges && effect->band < effect->previous_band)
        eng_nudge_tell(engine, effect, index, ENG_NO_GOAL);
}

/* Tells the score as it is now, and notes what was told. */
static void tell(struct eng_engine *engine, struct eng_evaluation *evaluation, unsigned index,
                 int64_t told_value)
{
    const struct eng_score_layout *place = &engine->layout->scores[index];
    const struct eng_scratch *scratch = &engine->scratch;
    eng_assert(index < engine->model->score_count);
    evaluation->moved = true;
    eng_fill(engine, index);
    emit_score_change(engine, evaluation, index, told_value);
    eng_score_store(place, eng_record_fixed(&engine->hand, place->told_value),
                    scratch->value[index]);
    eng_told_store(&engine->hand, index, scratch->contribution[index]);
}

/* Looks at a score whose value is known. */
static void evaluate_score(struct eng_engine *engine, struct eng_evaluation *evaluation,
                           unsigned index)
{
    const struct eng_score_layout *place = &engine->layout->scores[index];
    struct eng_scratch *scratch = &engine->scratch;
    uint8_t *head = eng_record_fixed(&engine->hand, place->band);
    uint8_t band = *head & ENG_BAND_MASK, positive = *head & ENG_EVER_POSITIVE;
    int64_t value = scratch->value[index];
    int64_t told_value = eng_score_told_value(place, &engine->hand);
    int64_t moved = value > told_value ? value - told_value : told_value - value;
    eng_assert(index < engine->model->score_count);
    eng_assert(band < engine->model->scores[index].band_count);
    scratch->ever_positive[index] = positive;
    scratch->band_before[index] = scratch->band_after[index] = band;
    if (value < place->leave_below[band] || value >= place->leave_from[band] || place->waits)
        scratch->band_after[index] = next_band(engine, evaluation, index, band);
    if (scratch->band_after[index] != band || moved >= place->tell_from) {
        tell(engine, evaluation, index, told_value);
        if (place->moved != 0 && scratch->band_after[index] != band)
            eng_group_note_move(engine, index, band);
        head = eng_record_fixed(&engine->hand, place->band);
    }
    evaluation->moved |= value < scratch->value_before[index]; /* slack has been used up */
    if (value != scratch->value_before[index])
        eng_score_store(place, eng_record_fixed(&engine->hand, place->value), value);
    *head = scratch->band_after[index] | (value > 0 ? ENG_EVER_POSITIVE : positive);
}

void eng_settle(struct eng_engine *engine)
{
    struct eng_scratch *scratch = &engine->scratch;
    int32_t pane = engine->hand.partner->as_of;
    eng_assert(scratch->filled == 0);
    eng_assert(pane <= engine->now.pane);
    refresh(engine);
    for (uint32_t i = 0; i < engine->model->score_count; i++) {
        const struct eng_score_layout *place = &engine->layout->scores[i];
        int64_t value = scratch->value[i];
        if (value == scratch->value_before[i])
            continue;
        eng_peaks_settle(engine, i, pane);
        eng_score_store(place, eng_record_fixed(&engine->hand, place->value), value);
        scratch->value_before[i] = value;
        if (value > 0)
            *eng_record_fixed(&engine->hand, place->band) |= ENG_EVER_POSITIVE;
    }
}

/* ---- the whole ---- */

void eng_arm(struct eng_engine *engine, uint32_t number, struct eng_partner *partner, int32_t pane)
{
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
    eng_assert(engine->hand.number < engine->store.count);
    eng_assert(evaluation->effects == NULL ||
               evaluation->effects->capacity - evaluation->effects->used >=
                   engine->layout->evaluation_bytes_most);
    evaluation->due = ENG_PANE_NEVER;
    evaluation->moved = false;
    evaluation->opened = 0;
    refresh(engine);
    for (uint32_t i = 0; i < engine->model->score_count; i++)
        evaluate_score(engine, evaluation, i);
    if (engine->model->matrix_count > 0)
        eng_matrices_evaluate(engine, evaluation);
    eng_alerts_evaluate(engine, evaluation);
    if (evaluation->releases)
        eng_alerts_release(engine, evaluation);
    if (evaluation->at_boundary && engine->now.reports_now != 0)
        eng_reports_evaluate(engine, evaluation);
}

void eng_evaluate_check(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    int64_t contributions[ENG_DIMENSIONS_MAX];
    for (uint32_t i = 0; i < engine->model->score_count; i++) {
        const struct eng_score_layout *place = &layout->scores[i];
        int64_t told = 0;
        eng_assert(eng_contributions(engine, record, i, contributions) ==
                   eng_score_value(place, record));
        eng_told_load(record, i, contributions);
        for (uint32_t j = 0; j < engine->model->scores[i].dimension_count; j++)
            told += contributions[j];
        eng_assert(told == eng_score_told_value(place, record));
    }
}
