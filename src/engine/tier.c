/* Tiers: bands that are earned by points in a period of the calendar, and kept for a while.
 *
 *     points reach a better tier           at once
 *     points get fewer in the period       nothing: a tier is earned, it is no balance
 *     the period is over                   the tier that its points have earned stays for the
 * grace, when the new points do not give a better one the grace is over                    the tier
 * that the points of the current period give
 *
 * A grace of one period ends where the next period does, and is looked at there, so only the last
 * period that has ended matters. A grace of some panes ends before that at the latest; where it
 * ends is kept in the record. The points of a period that is over are the value before the
 * boundary.
 *
 * A tier is lost at boundaries only, and only those partners are visited there who are not in the
 * tier of 0 points. */
#include "base/assert.h"
#include "engine/internal.h"

static inline int32_t grace_of(const struct eng_score_layout *place,
                               const struct eng_record *record)
{
    return place->grace != 0 ? eng_load_i32(eng_record_fixed(record, place->grace)) : 0;
}

static void set_grace(const struct eng_score_layout *place, const struct eng_record *record,
                      int32_t end)
{
    eng_assert(end >= 0);
    if (place->grace != 0)
        eng_store_i32(eng_record_fixed(record, place->grace), end);
}

/* At the first boundary of a period: what the points of the one before have earned. */
static uint8_t turn(struct eng_engine *engine, unsigned index, uint8_t now)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_score_layout *place = &engine->layout->scores[index];
    uint8_t before = eng_score_band_of(score, engine->scratch.value_before[index]);
    bool keeps = before > now && (score->grace_period || score->grace_panes > 0);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    eng_assert(score->grace_panes == 0 || place->grace != 0);
    set_grace(place, &engine->hand,
              keeps && score->grace_panes > 0 ? engine->now.pane + (int32_t)score->grace_panes + 2
                                              : 0);
    return keeps ? before : now;
}

uint8_t eng_tier_next(struct eng_engine *engine, unsigned index, uint8_t tier, bool at_boundary)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_score_layout *place = &engine->layout->scores[index];
    uint8_t earned = eng_score_band_of(score, engine->scratch.value[index]);
    int32_t end = grace_of(place, &engine->hand);
    eng_assert(score->tiers && tier < score->band_count);
    eng_assert(score->period >= ENG_WINDOW_WEEK && score->period <= ENG_WINDOW_YEAR);
    if (at_boundary &&
        engine->now.pane == engine->now.period_first[score->period - ENG_WINDOW_WEEK])
        return turn(engine, index, earned);
    if (at_boundary && end != 0 && engine->now.pane >= end - 2) {
        set_grace(place, &engine->hand, 0);
        return earned;
    }
    return earned > tier ? earned : tier;
}

int32_t eng_tier_due(const struct eng_engine *engine, const struct eng_record *record,
                     unsigned index)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_score_layout *place = &engine->layout->scores[index];
    uint8_t tier = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    int32_t end = grace_of(place, record), due = ENG_PANE_NEVER;
    eng_assert(score->tiers);
    eng_assert(tier < score->band_count);
    if (tier != eng_score_band_of(score, 0))
        due = engine->now.period_next[score->period - ENG_WINDOW_WEEK];
    if (end != 0 && end - 2 < due)
        due = end - 2 > engine->now.pane ? end - 2 : engine->now.pane + 1;
    return due;
}
