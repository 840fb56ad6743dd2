/* A fingerprint of a model: all that the engine knows of it, in one number.
 *
 * Two configurations that differ only in what the engine never sees (topics, comments, the order of
 * keys) have the same one. The zone counts by its offset at some days between 1990 and 2025, so
 * that another zone shows and a newer edition of the zone data does not. */
#include "base/assert.h"
#include "engine/hash.h"
#include "engine/model.h"
#include <engaged/checkpoint.h>
#include <string.h>

enum { HALF_YEAR_DAYS = 182, FIRST_DAY = 20 * 365, LAST_DAY = 55 * 365 };

static uint64_t add(uint64_t sum, uint64_t number)
{
    uint64_t pair[2] = {sum, number};
    return eng_hash(pair, sizeof pair);
}

static uint64_t add_text(uint64_t sum, const char *text)
{
    return add(sum, text != NULL ? eng_hash(text, (uint32_t)strlen(text)) : 0);
}

static uint64_t add_set(uint64_t sum, const struct eng_action_set *set)
{
    return add(sum, eng_hash(set->bits, sizeof set->bits));
}

static uint64_t add_time(uint64_t sum, const struct eng_model *model)
{
    const int64_t day_ms = 86400000;
    eng_assert(model->calendar != NULL);
    eng_assert(LAST_DAY > FIRST_DAY);
    sum = add(sum, (uint64_t)model->pane_unit);
    sum = add(sum, model->late_after);
    sum = add(sum, model->dedup);
    for (int64_t day = FIRST_DAY; day < LAST_DAY; day += HALF_YEAR_DAYS) {
        int64_t pane = eng_calendar_pane(model->calendar, day * day_ms);
        sum = add(sum, (uint64_t)eng_calendar_start_ms(model->calendar, pane));
    }
    return sum;
}

/* The number of a kind of window, which stays when there are new ones. */
static uint64_t window_number(enum eng_window_kind window)
{
    static const uint8_t numbers[] = {
        [ENG_WINDOW_ROLLING] = 0, [ENG_WINDOW_WEEK] = 1, [ENG_WINDOW_MONTH] = 2,
        [ENG_WINDOW_QUARTER] = 3, [ENG_WINDOW_LIFE] = 4, [ENG_WINDOW_NONE] = 5,
        [ENG_WINDOW_YEAR] = 6};
    eng_assert(window < sizeof numbers);
    eng_assert(window == ENG_WINDOW_ROLLING || numbers[window] > 0);
    return numbers[window];
}

static uint64_t add_measure(uint64_t sum, const struct eng_model *model,
                            const struct eng_measure *measure)
{
    sum = add_text(sum, measure->name);
    sum = add(sum, (uint64_t)measure->kind << 40 | window_number(measure->window) << 32 |
                       measure->panes);
    sum = add_set(sum, &measure->actions);
    if (measure->ago > 0)
        sum = add(sum, measure->ago);
    if (measure->number > 0)
        sum = add_text(sum, model->numbers[measure->number - 1]);
    if (measure->attribute > 0)
        sum = add_text(sum, model->attributes[measure->attribute - 1]);
    if (measure->kind == ENG_RATIO)
        sum = add(sum, (uint64_t)measure->difference << 32 | (uint64_t)measure->parts[0] << 16 |
                           measure->parts[1]);
    if (measure->kind == ENG_FACT || measure->kind == ENG_READING)
        sum = add(sum, (uint64_t)measure->fact << 32 | (uint64_t)measure->parts[0] << 16 |
                           measure->option);
    return add_set(sum, &measure->until);
}

static uint64_t add_fact(uint64_t sum, const struct eng_model *model, const struct eng_fact *fact)
{
    eng_assert(fact->name != NULL);
    eng_assert(fact->option_count <= ENG_FACT_VALUES_MAX);
    sum = add_text(sum, fact->name);
    sum = add(sum, (uint64_t)fact->kind << 32 | (uint64_t)fact->measure << 16 | fact->option_count);
    sum = add(sum, (uint64_t)fact->valid_ms);
    if (fact->tell)
        sum = add(sum, (uint64_t)fact->text_bytes << 1 | fact->tell);
    if (fact->kind != ENG_FACT_FLAG && fact->attribute != ENG_FROM_VALUE)
        sum = add_text(sum, model->attributes[fact->attribute]);
    if (fact->number > 0)
        sum = add_text(sum, model->numbers[fact->number - 1]);
    for (uint32_t i = 0; i < fact->option_count; i++)
        sum = add(sum, eng_hash(fact->options[i].data, fact->options[i].length));
    return sum;
}

static uint64_t add_cases(uint64_t sum, const struct eng_cases *cases)
{
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct eng_case *item = &cases->items[i];
        sum = add(sum, (uint64_t)cases->count << 32 | (uint64_t)item->fact << 16 | item->option);
        sum = add(sum, (uint64_t)item->number_e4);
    }
    return sum;
}

static uint64_t add_dimension(uint64_t sum, const struct eng_dimension *dimension)
{
    sum = add_text(sum, dimension->name);
    sum = add(sum, (uint64_t)dimension->measure << 1 | dimension->skip);
    sum = add(sum, (uint64_t)dimension->weight_e4);
    sum = add(sum, (uint64_t)dimension->target_e4);
    sum = add(sum, (uint64_t)dimension->points_e4);
    sum = add_cases(add_cases(sum, &dimension->weights), &dimension->targets);
    if (dimension->effort_e4 != 0) /* so that models of before keep their number */
        sum = add(add_text(add(sum, (uint64_t)dimension->effort_e4), dimension->action),
                  (uint64_t)dimension->each_e4);
    for (uint32_t i = 0; i < dimension->step_count; i++) {
        sum = add(sum, (uint64_t)dimension->steps[i].x_e4);
        sum = add(sum, (uint64_t)dimension->steps[i].y_e4);
    }
    return add(sum, dimension->step_count);
}

static uint64_t add_score(uint64_t sum, const struct eng_score *score)
{
    eng_assert(score->band_count > 0);
    eng_assert(score->bands != NULL);
    sum = add_text(sum, score->name);
    sum = add(sum, (uint64_t)score->scale_e4 << 1 | score->points);
    for (uint32_t i = 0; i < score->dimension_count; i++)
        sum = add_dimension(sum, &score->dimensions[i]);
    for (uint32_t i = 0; i < score->band_count; i++) {
        sum = add_text(sum, score->bands[i].name);
        sum = add(sum, (uint64_t)score->bands[i].edge_e4 << 1 | score->bands[i].above);
    }
    sum = add(sum, (uint64_t)score->margin_e4);
    sum = add(sum, (uint64_t)score->dwell_ms);
    sum = add(sum, (uint64_t)score->tell_every_e4);
    if (score->decay.kind != ENG_DECAY_NONE)
        sum = add(add(sum, (uint64_t)score->decay.kind << 32 | score->decay.panes),
                  score->decay.share_e4);
    if (score->description != NULL)
        sum = add_text(sum, score->description);
    if (score->tiers)
        sum = add(sum, (uint64_t)score->grace_panes << 1 | score->grace_period);
    return add(sum, (uint64_t)score->dimension_count << 32 | score->band_count);
}

static uint64_t add_alert(uint64_t sum, const struct eng_alert *alert)
{
    sum = add_text(sum, alert->name);
    sum = add(sum, (uint64_t)alert->kind << 32 | (uint64_t)alert->score << 16 | alert->band);
    sum = add(sum, (uint64_t)alert->drop_e4);
    if (alert->drop_share_e4 != 0) /* so that models of before keep their number */
        sum = add(sum, alert->drop_share_e4);
    if (alert->forecast != 0)
        sum = add(sum, alert->forecast);
    if (alert->hold)
        sum = add(sum, alert->hold);
    if (alert->hold_out_e4 != 0)
        sum = add_text(add(sum, (uint64_t)alert->hold_out_e4 << 16),
                       alert->salt != NULL ? alert->salt : alert->name);
    for (uint32_t i = 0; i < alert->limit_count; i++)
        sum = add(add(sum, (uint64_t)alert->limit_count << 16 | alert->limits[i].fact),
                  alert->limits[i].options);
    if (alert->kind == ENG_DEADLINE)
        sum = add(add_set(sum, &alert->anchors), (uint64_t)alert->remind << 1 | alert->tell_met);
    if (alert->description != NULL)
        sum = add_text(sum, alert->description);
    if (eng_alert_has_edge(alert))
        sum = add(add(sum, (uint64_t)alert->edge_e4), (uint64_t)alert->margin_e4);
    sum = add(sum, (uint64_t)alert->cooldown_ms);
    sum = add_set(sum, &alert->actions);
    sum = add(sum, (uint64_t)alert->within << 32 | alert->horizon);
    sum = add(sum, (uint64_t)alert->typical_gap << 32 | alert->min_silence);
    return add(sum, (uint64_t)alert->min_active << 32 | alert->risk_e3);
}

static uint64_t add_matrix(uint64_t sum, const struct eng_matrix *matrix)
{
    uint32_t cells = (uint32_t)matrix->row_count * matrix->column_count;
    eng_assert(matrix->cells != NULL && matrix->cell_of != NULL);
    eng_assert(cells > 0);
    sum = add_text(sum, matrix->name);
    sum = add_text(sum, matrix->description);
    sum = add(sum, (uint64_t)matrix->rows << 16 | matrix->columns);
    for (uint32_t i = 0; i < cells; i++)
        sum = add_text(sum, matrix->cells[matrix->cell_of[i]]);
    return add(sum, cells);
}

static uint64_t add_report(uint64_t sum, const struct eng_report *report)
{
    eng_assert(report->score_count > 0);
    eng_assert(report->scores != NULL);
    sum = add_text(sum, report->name);
    sum = add_text(sum, report->description);
    sum = add(sum, window_number(report->every) << 16 | (uint64_t)report->day << 8 | report->hour);
    for (uint32_t i = 0; i < report->score_count; i++)
        sum = add(sum, report->scores[i]);
    if (report->trend_e4 != 0) /* so that models of before keep their number */
        sum = add(sum, (uint64_t)report->trend_e4);
    return add(sum, (uint64_t)report->bands << 16 | report->score_count);
}

static uint64_t add_test(uint64_t sum, const struct eng_test *test)
{
    sum = add(sum, (uint64_t)test->by_bands << 16 | test->subject);
    return add(add(sum, (uint64_t)test->at_least_e4), (uint64_t)test->moved << 32 | test->bands);
}

static uint64_t add_group(uint64_t sum, const struct eng_group *group)
{
    eng_assert(group->figure_count > 0 || group->top > 0);
    eng_assert(group->figures != NULL || group->top > 0);
    sum = add_text(add_text(sum, group->name), group->description);
    for (uint32_t i = 0; i < group->figure_count; i++) {
        const struct eng_figure *figure = &group->figures[i];
        sum = add(add_text(sum, figure->name), (uint64_t)figure->kind << 1 | figure->of_all);
        sum = add_test(add_test(sum, &figure->test), &figure->of);
        sum = add(sum, (uint64_t)figure->measures[0] << 16 | figure->measures[1]);
    }
    for (uint32_t i = 0; i < group->split_count; i++)
        sum = add(sum, (uint64_t)group->splits[i].by_bands << 16 | group->splits[i].subject);
    if (group->top > 0)
        sum =
            add(sum, (uint64_t)group->top << 32 | (uint64_t)group->of_score << 16 | group->subject);
    return add(sum, window_number(group->every) << 32 | (uint64_t)group->figure_count << 16 |
                        group->split_count);
}

static uint64_t add_guard(uint64_t sum, const struct eng_guard *guard)
{
    sum = add_text(sum, guard->name);
    sum = add_set(add(sum, guard->everything), &guard->actions);
    sum = add(sum, (uint64_t)guard->share_e4 << 32 | guard->usual_least);
    sum = add(sum, (uint64_t)guard->after << 32 | guard->settle);
    sum = add(sum, (uint64_t)guard->at_most << 1 | guard->drop);
    if (guard->description != NULL)
        sum = add_text(sum, guard->description);
    return add(sum, guard->alerts);
}

static uint64_t add_quiet(uint64_t sum, const struct eng_quiet *quiet)
{
    eng_assert(quiet->name != NULL);
    sum = add_text(sum, quiet->name);
    return add(add(sum, (uint64_t)quiet->hours << 32 | quiet->days), quiet->alerts);
}

static uint64_t add_budget(uint64_t sum, const struct eng_budget *budget)
{
    eng_assert(budget->name != NULL);
    sum = add_text(sum, budget->name);
    if (budget->description != NULL)
        sum = add_text(sum, budget->description);
    sum = add(add(sum, budget->alerts), (uint64_t)budget->at_most << 16 | budget->show);
    sum = add(sum, (uint64_t)budget->per << 2 | (uint64_t)budget->lowest << 1 | budget->of_score);
    sum = add(sum, budget->subject);
    return budget->is_split
               ? add(sum, (uint64_t)budget->split.by_bands << 16 | budget->split.subject)
               : sum;
}

static uint64_t add_ledger(uint64_t sum, const struct eng_ledger *ledger)
{
    eng_assert(ledger->name != NULL);
    sum = add_text(sum, ledger->name);
    sum = add(sum, (uint64_t)ledger->cap_e4);
    return add(sum, (uint64_t)ledger->per << 32 | ledger->expires_after);
}

static uint64_t add_check(uint64_t sum, const struct eng_model *model,
                          const struct eng_check *check)
{
    eng_assert(check->name != NULL);
    eng_assert(check->kind < ENG_CHECK_KINDS);
    sum = add_text(add_text(sum, check->name), check->description);
    sum = add_set(add_set(sum, &check->actions), &check->needs);
    sum = add(sum, (uint64_t)check->kind << 40 | (uint64_t)check->anywhere << 33 |
                       (uint64_t)check->leave_out << 32 | check->over);
    if (check->kind == ENG_UNIQUE)
        sum = add_text(sum, model->attributes[check->attribute]);
    if (check->kind == ENG_OUTLIER)
        sum = add(sum, (uint64_t)check->measures[0] << 16 | check->measures[1]);
    if (check->hold) {
        sum = add_set(add_set(sum, &check->releases), &check->discards);
        sum = add_text(sum, model->attributes[check->reference]);
        sum = add(sum, (uint64_t)check->by_id << 33 | (uint64_t)check->releases_at_end << 32 |
                           check->held_for);
    }
    return add(add(sum, check->most), (uint64_t)check->above_e4);
}

static uint64_t add_award(uint64_t sum, const struct eng_model *model,
                          const struct eng_award *award)
{
    eng_assert(award->name != NULL);
    eng_assert(award->ledgers != 0);
    sum = add_text(add_text(sum, award->name), award->description);
    sum = add_set(add_set(sum, &award->actions), &award->anchors);
    sum = add(add(sum, (uint64_t)award->points_e4), (uint64_t)award->rate_e4);
    if (award->number > 0)
        sum = add_text(sum, model->numbers[award->number - 1]);
    sum = add(sum, (uint64_t)award->ledgers << 1 | award->first);
    sum = add(sum, (uint64_t)award->nth << 32 | award->nth_panes);
    sum = add(sum, (uint64_t)award->within << 32 | award->streak);
    if (award->pending_for > 0) {
        sum = add_set(add_set(sum, &award->approves), &award->drops);
        sum = add(sum, (uint64_t)award->pending_for << 32 | award->reference);
    }
    if (award->reversible_for > 0)
        sum = add(add_set(sum, &award->reverses),
                  (uint64_t)award->reversible_for << 32 | award->original);
    return add(sum, (uint64_t)award->nth_window << 8 | award->streak_of);
}

static uint64_t add_action(uint64_t sum, const struct eng_model *model,
                           const struct eng_action *action)
{
    const struct eng_condition *where = &action->where;
    eng_assert(action->text != NULL);
    eng_assert(where->clause_count <= model->attribute_count);
    sum = add(add_text(sum, action->text), action->family);
    for (uint32_t i = 0; i < where->clause_count; i++) {
        sum = add_text(sum, model->attributes[where->clauses[i].attribute]);
        for (uint32_t j = 0; j < where->clauses[i].value_count; j++)
            sum = add(sum, eng_hash(where->clauses[i].values[j].data,
                                    where->clauses[i].values[j].length));
        sum = add(sum, where->clauses[i].value_count);
    }
    return where->clause_count > 0 ? add(sum, where->clause_count) : sum;
}

uint64_t eng_model_fingerprint(const struct eng_model *model)
{
    eng_assert(model != NULL);
    eng_assert(model->program != NULL);
    uint64_t sum = add_text(model->version, model->program);
    sum = add_time(sum, model);
    for (uint32_t i = 0; i < model->action_count; i++)
        sum = add_action(sum, model, &model->actions[i]);
    for (uint32_t i = 0; i < model->measure_count; i++)
        sum = add_measure(sum, model, &model->measures[i]);
    for (uint32_t i = 0; i < model->score_count; i++)
        sum = add_score(sum, &model->scores[i]);
    for (uint32_t i = 0; i < model->alert_count; i++)
        sum = add_alert(sum, &model->alerts[i]);
    for (uint32_t i = 0; i < model->guard_count; i++)
        sum = add_guard(sum, &model->guards[i]);
    for (uint32_t i = 0; i < model->quiet_count; i++)
        sum = add_quiet(sum, &model->quiets[i]);
    for (uint32_t i = 0; i < model->budget_count; i++)
        sum = add_budget(sum, &model->budgets[i]);
    for (uint32_t i = 0; i < model->ledger_count; i++)
        sum = add_ledger(sum, &model->ledgers[i]);
    for (uint32_t i = 0; i < model->award_count; i++)
        sum = add_award(sum, model, &model->awards[i]);
    for (uint32_t i = 0; i < model->check_count; i++)
        sum = add_check(sum, model, &model->checks[i]);
    for (uint32_t i = 0; i < model->fact_count; i++)
        sum = add_fact(sum, model, &model->facts[i]);
    for (uint32_t i = 0; i < model->matrix_count; i++)
        sum = add_matrix(sum, &model->matrices[i]);
    for (uint32_t i = 0; i < model->report_count; i++)
        sum = add_report(sum, &model->reports[i]);
    for (uint32_t i = 0; i < model->group_count; i++)
        sum = add_group(sum, &model->groups[i]);
    return add(sum, (uint64_t)model->action_count << 48 | (uint64_t)model->measure_count << 32 |
                        (uint64_t)model->score_count << 16 | model->alert_count);
}
