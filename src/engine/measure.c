/* Reading measures, and the deep check of them: see measure.h. */
#include "engine/measure.h"
#include "engine/decay.h"
#include "engine/fact.h"
#include "engine/held.h"
#include "engine/slack.h"

/* ---- reading ---- */

static eng_wide fixed_value(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned index, bool *ret_missing)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const uint8_t *fixed = eng_record_fixed(record, engine->layout->measures[index].offset);
    bool never = eng_load_i64(fixed) == 0;
    eng_assert(measure->kind == ENG_LAST || measure->kind == ENG_STATE);
    eng_assert(ret_missing != NULL);
    if (measure->kind == ENG_STATE) {
        *ret_missing = never;
        return never ? 0 : (eng_wide)fixed[8] * 10000;
    }
    *ret_missing = never || !in_window(&engine->now, measure, eng_load_i32(fixed + 16));
    return *ret_missing ? 0 : eng_load_i64(fixed + 8);
}

/* SINCE: as of the pane that the record is true of. */
static eng_wide since_value(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned index, bool *ret_missing)
{
    int32_t pane;
    eng_assert(ret_missing != NULL);
    *ret_missing = !since_newest(engine, record, index, &pane);
    eng_assert(*ret_missing || pane <= record->partner->as_of);
    return *ret_missing ? 0 : ((eng_wide)record->partner->as_of - pane) * 10000;
}

/* RATIO: of two that are none themselves; or the difference. One that is not there is 0, but for
 * panes since an event, where 0 is something else. */
static eng_wide ratio_value(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned index, bool *ret_missing)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    bool missing;
    eng_assert(measure->kind == ENG_RATIO);
    eng_assert(engine->model->measures[measure->parts[0]].kind != ENG_RATIO &&
               engine->model->measures[measure->parts[1]].kind != ENG_RATIO);
    eng_wide above = eng_measure_value(engine, record, measure->parts[0], &missing);
    bool never = missing && engine->model->measures[measure->parts[0]].kind == ENG_SINCE;
    bool nothing = missing;
    eng_wide below = eng_measure_value(engine, record, measure->parts[1], &missing);
    if (measure->difference) {
        *ret_missing = nothing;
        return above - below;
    }
    *ret_missing = never || below == 0;
    return *ret_missing ? 0 : eng_score_ratio(above, below);
}

eng_wide eng_measure_value(const struct eng_engine *engine, const struct eng_record *record,
                           unsigned index, bool *ret_missing)
{
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(index < engine->model->measure_count);
    eng_assert(ret_missing != NULL);
    if (place->total != ENG_NO_INDEX) {
        uint64_t total = eng_record_total(record, place->total);
        *ret_missing = total == 0;
        if (engine->model->measures[index].kind == ENG_SUM)
            return load_sum(eng_record_fixed(record, place->offset));
        return (eng_wide)total * 10000;
    }
    if (engine->model->measures[index].kind == ENG_RATIO)
        return ratio_value(engine, record, index, ret_missing);
    if (engine->model->measures[index].kind == ENG_SINCE)
        return since_value(engine, record, index, ret_missing);
    if (engine->model->measures[index].kind == ENG_READING)
        return eng_fact_reading(engine, record, &engine->model->measures[index], ret_missing);
    if (place->list == ENG_NO_INDEX)
        return fixed_value(engine, record, index, ret_missing);
    eng_wide value;
    if (engine->model->measures[index].kind == ENG_STREAK) {
        struct eng_list runs = eng_record_list(record, place->list, ENG_RUN_BYTES);
        value = streak_length(&engine->now, &runs);
    } else {
        value = eng_record_list(record, place->list, ENG_MEMBER_BYTES).count;
    }
    *ret_missing = value == 0;
    return value * 10000;
}

uint64_t eng_measure_count_in(const struct eng_engine *engine, const struct eng_action_set *set,
                              int64_t first, int64_t next)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(&engine->hand);
    int64_t now = engine->hand.partner->as_of, oldest = now - first;
    uint64_t count = 0;
    eng_assert(first < next);
    eng_assert(layout->list_cells != ENG_NO_INDEX);
    oldest = oldest < cells.pane_mask ? oldest : (int64_t)cells.pane_mask;
    if (oldest < 0)
        return 0;
    for (uint32_t i = eng_cells_first(&cells, (uint32_t)oldest); i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (now - cell.age >= next)
            break;
        if (eng_action_set_has(set, layout->action_of_cell[cell.action]))
            count += cell.count;
    }
    return count;
}

/* ---- the deep check ---- */

/* A total again, from the cells; only rolling windows and calendar periods can be told from them.
 */
static uint64_t recount(const struct eng_engine *engine, unsigned index, int32_t as_of,
                        const struct eng_cells *cells)
{
    eng_assert(index < engine->model->measure_count);
    eng_assert(engine->layout->measures[index].total != ENG_NO_INDEX);
    const struct eng_measure *measure = &engine->model->measures[index];
    uint64_t total = 0;
    uint32_t last_age = UINT32_MAX;
    for (uint32_t i = 0; i < cells->count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        bool inside = measure->window == ENG_WINDOW_ROLLING
                          ? cell.age >= measure->ago && cell.age < eng_measure_reach(measure)
                          : in_window(&engine->now, measure, as_of - (int32_t)cell.age);
        if (!inside || !counts_cell(&engine->layout->measures[index], cell.action))
            continue;
        if (measure->kind != ENG_ACTIVE)
            total += cell.count;
        else if (cell.age != last_age)
            total++;
        last_age = cell.age;
    }
    return total;
}

/* A partner is due no later than anything of its leaves that could be told. */
static void check_due(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = record->partner->due;
    bool low;
    eng_assert(due > engine->now.pane);
    /* With several lengths of windows, or panes since events, what is left of the slack is shared
     * out anew each time; and while a drop cools down, slack comes and goes with its depth. */
    if (layout->age_count == 1 && layout->since_count == 0 && !eng_alert_cools_down(engine, record))
        eng_assert(due <= eng_slack_due(engine, record, &low));
    for (uint32_t i = 0; i < engine->model->score_count && layout->decays; i++)
        if (layout->scores[i].decay != NULL)
            eng_assert(due <= eng_decay_due(engine, record, i));
    for (uint32_t i = 0; i < layout->timed_count; i++)
        eng_assert(due <= eng_measure_timed_due(engine, record, layout->timed[i]));
    eng_assert(due <= eng_report_due(engine));
    for (uint32_t tiers = layout->tier_scores; tiers != 0; tiers &= tiers - 1)
        eng_assert(due <= eng_tier_due(engine, record, (unsigned)__builtin_ctz(tiers)));
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (engine->model->alerts[i].kind == ENG_SILENCE)
            eng_assert(due <=
                       eng_alert_silence_due(engine, record, i, ENG_DUE_NEXT, ENG_PANE_NEVER));
    for (uint32_t i = 0; i < layout->deadline_count; i++)
        eng_assert(due <= eng_alert_deadline_due(engine, record, layout->deadlines[i]));
    eng_assert(due <= eng_held_due(engine, record));
}

void eng_measure_check(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = {0};
    if (layout->list_cells != ENG_NO_INDEX)
        cells = eng_cells_of(record);
    for (uint32_t i = 0; i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        eng_assert(cell.action < layout->cell_count);
        eng_assert(cell.age < layout->retention[cell.action]);
        eng_assert(i == 0 || eng_cells_get(&cells, i - 1).age >= cell.age);
    }
    check_due(engine, record);
    for (uint32_t i = 0; i < engine->model->measure_count; i++)
        if (layout->measures[i].total != ENG_NO_INDEX &&
            engine->model->measures[i].window != ENG_WINDOW_LIFE)
            eng_assert(eng_record_total(record, layout->measures[i].total) ==
                       recount(engine, i, record->partner->as_of, &cells));
}
