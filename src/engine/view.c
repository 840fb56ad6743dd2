/* What is known of one partner at the clock: for queries. Changes nothing that is ever told: it
 * only catches the partner up, which would happen later anyway. */
#include "base/assert.h"
#include "engine/fact.h"
#include "engine/held.h"

_Static_assert((int)ENG_VIEW_SCORES_MAX >= (int)ENG_SCORES_MAX, "a view holds every score");
_Static_assert((int)ENG_VIEW_CONTRIBUTIONS_MAX >= (int)ENG_DIMENSIONS_MAX, "and every dimension");
_Static_assert((int)ENG_VIEW_MEASURES_MAX >= (int)ENG_MEASURES_MAX, "and every named measure");
_Static_assert((int)ENG_VIEW_ALERTS_MAX >= (int)ENG_ALERTS_MAX, "and every alert");
_Static_assert((int)ENG_VIEW_LEDGERS_MAX >= (int)ENG_LEDGERS_MAX, "and every ledger");
_Static_assert((int)ENG_VIEW_FACTS_MAX >= (int)ENG_FACTS_MAX, "and every fact");
_Static_assert((int)ENG_VIEW_HELD_MAX >= (int)ENG_HELD_MAX, "and all that waits");

/* What is suggested, worked out as in an evaluation of the partner in hand. One that is yet to be
 * visited at a boundary is told nothing: what it has left by then is not known. */
static void view_nudge(struct eng_engine *engine, unsigned index, struct eng_view_score *ret_score)
{
    struct eng_scratch *scratch = &engine->scratch;
    eng_assert(index < engine->model->score_count);
    eng_assert(scratch->filled == 0);
    if (!engine->model->scores[index].nudges || engine->hand.partner->as_of != engine->now.pane)
        return;
    scratch->value[index] = ret_score->value_e4;
    scratch->band_after[index] = ret_score->band;
    struct eng_nudge nudge = eng_nudge_find(engine, index, ENG_NO_GOAL);
    scratch->filled = 0; /* nothing is being evaluated */
    ret_score->nudge_count = (uint16_t)nudge.count;
    ret_score->nudge_dimension = (uint8_t)nudge.dimension;
    ret_score->nudge_to = nudge.to;
    ret_score->nudge_gain_e4 = nudge.gain_e4;
}

static void view_score(struct eng_engine *engine, const struct eng_record *record, unsigned index,
                       struct eng_view_score *ret_score)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_score_layout *place = &engine->layout->scores[index];
    eng_assert(index < engine->model->score_count);
    eng_assert(score->dimension_count <= ENG_VIEW_CONTRIBUTIONS_MAX);
    ret_score->value_e4 = eng_contributions(engine, record, index, ret_score->contribution_e4);
    ret_score->told_value_e4 = eng_score_told_value(place, record);
    ret_score->band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    ret_score->told_band = ret_score->band; /* a band in force has been told */
    ret_score->provisional = eng_provisional(engine, score, record->partner);
    enum eng_trend trend = eng_report_trend(record, index, ret_score->value_e4);
    ret_score->trend = (uint8_t)trend;
    ret_score->contribution_count = (uint16_t)score->dimension_count;
    view_nudge(engine, index, ret_score);
}

/* When a silence will be told if nothing happens, ms; -1: not before another event. */
static int64_t silence_due_ms(const struct eng_engine *engine, const struct eng_record *record,
                              unsigned index)
{
    int32_t due = eng_alert_silence_due(engine, record, index, ENG_DUE_EXACT, ENG_PANE_NEVER);
    eng_assert(engine->model->alerts[index].kind == ENG_SILENCE);
    eng_assert(due > engine->now.pane);
    return due == ENG_PANE_NEVER ? -1 : eng_calendar_start_ms(engine->model->calendar, due);
}

static int64_t deadline_due_ms(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned index)
{
    int32_t due = eng_alert_deadline_due(engine, record, index);
    eng_assert(engine->model->alerts[index].kind == ENG_DEADLINE);
    eng_assert(due > engine->now.pane);
    return due == ENG_PANE_NEVER ? -1 : eng_calendar_start_ms(engine->model->calendar, due);
}

static void view_alert(const struct eng_engine *engine, const struct eng_record *record,
                       unsigned index, struct eng_view_alert *ret_alert)
{
    eng_assert(index < engine->model->alert_count);
    eng_assert(index < ENG_VIEW_ALERTS_MAX);
    ret_alert->open = eng_alert_is_open(record, index, &ret_alert->opened_at_ms);
    if (!ret_alert->open && ret_alert->opened_at_ms >= 0 &&
        engine->now.clock_ms - ret_alert->opened_at_ms >= engine->model->alerts[index].cooldown_ms)
        ret_alert->opened_at_ms = -1; /* whether it is still noted depends on who looked when */
    ret_alert->held_out = eng_alert_is_held_out(record, index);
    ret_alert->due_at_ms = -1;
    if (engine->model->alerts[index].kind == ENG_SILENCE)
        ret_alert->due_at_ms = silence_due_ms(engine, record, index);
    else if (engine->model->alerts[index].kind == ENG_DEADLINE)
        ret_alert->due_at_ms = deadline_due_ms(engine, record, index);
}

/* Takes a partner into the hand and catches it up, but for a boundary at which it is yet to be
 * visited. */
static enum eng_status take_now(struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    if (eng_store_reserve(&engine->store) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_take(engine, number);
    if (eng_record_prepare(&engine->store, &engine->hand) != ENG_OK)
        return ENG_NO_MEMORY;
    bool waits = engine->hand.partner->due <= engine->now.pane;
    eng_assert(!waits || engine->boundary.working);
    eng_measure_catch_up(engine, waits ? engine->now.pane - 1 : engine->now.pane);
    return ENG_OK;
}

enum eng_status eng_find(const struct eng_engine *engine, struct eng_slice partner,
                         uint32_t *ret_number)
{
    eng_assert(engine != NULL);
    eng_assert(ret_number != NULL);
    if (partner.data == NULL || partner.length == 0 || partner.length > ENG_PARTNER_BYTES_MAX)
        return ENG_NOT_FOUND;
    if (engine->restore != NULL)
        return ENG_UNAVAILABLE;
    uint32_t number =
        eng_store_find(&engine->store, eng_hash(partner.data, partner.length), partner);
    if (number == ENG_PARTNER_NONE)
        return ENG_NOT_FOUND;
    if (eng_activation_waits(engine, number))
        return ENG_UNAVAILABLE;
    *ret_number = number;
    return ENG_OK;
}

static void view_fact(const struct eng_engine *engine, const struct eng_record *record,
                      unsigned index, struct eng_view_fact *ret_fact)
{
    const struct eng_fact *fact = &engine->model->facts[index];
    struct eng_fact_now now = eng_fact_now(engine, record, fact->measure);
    eng_assert(index < engine->model->fact_count);
    *ret_fact = (struct eng_view_fact){.name = fact->name, .kind = (uint8_t)fact->kind};
    ret_fact->there = now.there && (!now.cleared || fact->kind == ENG_FACT_FLAG);
    if (!ret_fact->there)
        return;
    eng_assert(fact->kind != ENG_FACT_CHOICE || now.value <= (int64_t)fact->option_count);
    if (fact->kind == ENG_FACT_CHOICE)
        ret_fact->text = fact->options[now.value - 1];
    else if (fact->kind == ENG_FACT_TEXT)
        ret_fact->text = eng_fact_text(engine, record, fact->measure);
    else
        ret_fact->value_e4 = fact->kind == ENG_FACT_FLAG ? now.value * 10000 : now.value;
}

static void view_held(const struct eng_engine *engine, const struct eng_record *record,
                      struct eng_view *ret_view)
{
    struct eng_list list = eng_held_list(record);
    struct eng_held held;
    uint32_t at = 0;
    eng_assert(ret_view->held_count == 0);
    eng_assert(record->partner != NULL);
    while (list.bytes > 0 && eng_held_next(&list, &at, &held))
        ret_view->held[ret_view->held_count++] = (struct eng_view_held){
            held.check, held.action, held.id, held.time_ms, eng_held_until_ms(engine, &held)};
}

enum eng_status eng_engine_view(struct eng_engine *engine, struct eng_slice partner,
                                struct eng_view *ret_view)
{
    uint32_t number;
    eng_assert(engine != NULL);
    eng_assert(ret_view != NULL);
    enum eng_status status = eng_find(engine, partner, &number);
    if (status != ENG_OK)
        return status;
    if (take_now(engine, number) != ENG_OK)
        return ENG_NO_MEMORY;
    struct eng_record record = engine->hand;
    memset(ret_view, 0, sizeof *ret_view);
    ret_view->clock_ms = engine->now.clock_ms;
    ret_view->first_day_ms =
        eng_calendar_start_ms(engine->model->calendar, record.partner->first_pane);
    ret_view->score_count = (uint16_t)engine->model->score_count;
    ret_view->measure_count = (uint16_t)engine->model->named_measure_count;
    ret_view->alert_count = (uint16_t)engine->model->alert_count;
    ret_view->ledger_count = (uint16_t)engine->model->ledger_count;
    ret_view->fact_count = (uint16_t)engine->model->fact_count;
    for (unsigned i = 0; i < engine->model->score_count; i++)
        view_score(engine, &record, i, &ret_view->scores[i]);
    for (unsigned i = 0; i < engine->model->named_measure_count; i++) {
        ret_view->measures[i].name = engine->model->measures[i].name;
        ret_view->measures[i].value_e4 =
            eng_saturate(eng_measure_value(engine, &record, i, &ret_view->measures[i].missing));
    }
    for (unsigned i = 0; i < engine->model->alert_count; i++)
        view_alert(engine, &record, i, &ret_view->alerts[i]);
    for (unsigned i = 0; i < engine->model->ledger_count; i++)
        eng_award_view(engine, &record, i, &ret_view->ledgers[i]);
    for (unsigned i = 0; i < engine->model->fact_count; i++)
        view_fact(engine, &record, i, &ret_view->facts[i]);
    ret_view->matrix_count = (uint16_t)engine->model->matrix_count;
    for (unsigned i = 0; i < engine->model->matrix_count; i++)
        eng_matrix_view(&record, i, &ret_view->matrices[i]);
    view_held(engine, &record, ret_view);
    return ENG_OK;
}
