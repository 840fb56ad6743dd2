/* What is known of one partner at the clock: for queries. Reads only. */
#include "base/assert.h"
#include "engine/internal.h"
#include "engine/silence.h"

_Static_assert((int)ENG_VIEW_SCORES_MAX >= (int)ENG_SCORES_MAX, "a view holds every score");
_Static_assert((int)ENG_VIEW_CONTRIBUTIONS_MAX >= (int)ENG_DIMENSIONS_MAX, "and every dimension");
_Static_assert((int)ENG_VIEW_MEASURES_MAX >= (int)ENG_MEASURES_MAX, "and every named measure");
_Static_assert((int)ENG_VIEW_ALERTS_MAX >= (int)ENG_ALERTS_MAX, "and every alert");

static int64_t saturate(eng_wide value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static void view_score(const struct eng_engine *engine, struct eng_partner *partner, unsigned index,
                       struct eng_view_score *ret_score)
{
    eng_assert(partner != NULL);
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_scratch *scratch = &engine->scratch;
    eng_assert(score->dimension_count <= ENG_VIEW_CONTRIBUTIONS_MAX);
    eng_evaluate_score(engine, partner, index);
    ret_score->value_e4 = scratch->value[index];
    ret_score->told_band = eng_told_band(engine->layout, partner, index);
    ret_score->band = ret_score->told_band; /* a band in force has been told */
    ret_score->provisional = eng_provisional(engine, score, partner);
    ret_score->contribution_count = (uint16_t)score->dimension_count;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        ret_score->contribution_e4[i] =
            scratch->contribution[(size_t)index * engine->layout->contribution_most + i];
        ret_score->told_value_e4 += eng_told(engine->layout, partner, index, i);
    }
}

static void view_alert(const struct eng_engine *engine, struct eng_partner *partner, unsigned index,
                       struct eng_view_alert *ret_alert)
{
    eng_assert(partner != NULL);
    const struct eng_alert *alert = &engine->model->alerts[index];
    eng_assert(index < ENG_VIEW_ALERTS_MAX);
    ret_alert->open = eng_alert_is_open(engine->layout, partner, index, &ret_alert->opened_at_ms);
    ret_alert->due_at_ms = -1;
    if (alert->kind != ENG_SILENCE || ret_alert->open)
        return;
    struct eng_rhythm rhythm = eng_alert_rhythm(engine->layout, partner, index);
    if (rhythm.count < alert->min_active)
        return;
    int64_t due = (int64_t)rhythm.last + eng_silence_due(alert, &rhythm) + 1;
    if (ret_alert->opened_at_ms >= 0) {
        int32_t over = eng_moment_due(&engine->now, engine->model,
                                      ret_alert->opened_at_ms + alert->cooldown_ms);
        due = over > due ? over : due;
    }
    due = due <= engine->now.pane ? engine->now.pane + 1 : due;
    ret_alert->due_at_ms = eng_calendar_start_ms(engine->model->calendar, due);
}

enum eng_status eng_engine_view(const struct eng_engine *engine, struct eng_slice partner,
                                struct eng_view *ret_view)
{
    eng_assert(engine != NULL);
    eng_assert(ret_view != NULL);
    if (partner.data == NULL || partner.length == 0 || partner.length > ENG_PARTNER_BYTES_MAX)
        return ENG_NOT_FOUND;
    uint32_t number =
        eng_store_find(&engine->store, eng_hash(partner.data, partner.length), partner);
    if (number == ENG_PARTNER_NONE)
        return ENG_NOT_FOUND;
    struct eng_partner *record = eng_store_at(&engine->store, number);
    memset(ret_view, 0, sizeof *ret_view);
    ret_view->clock_ms = engine->now.clock_ms;
    ret_view->first_day_ms = eng_calendar_start_ms(engine->model->calendar, record->first_pane);
    ret_view->score_count = (uint16_t)engine->model->score_count;
    ret_view->measure_count = (uint16_t)engine->model->named_measure_count;
    ret_view->alert_count = (uint16_t)engine->model->alert_count;
    for (unsigned i = 0; i < engine->model->score_count; i++)
        view_score(engine, record, i, &ret_view->scores[i]);
    for (unsigned i = 0; i < engine->model->named_measure_count; i++) {
        ret_view->measures[i].name = engine->model->measures[i].name;
        ret_view->measures[i].value_e4 =
            saturate(eng_measure_value(engine, record, i, &ret_view->measures[i].missing));
    }
    for (unsigned i = 0; i < engine->model->alert_count; i++)
        view_alert(engine, record, i, &ret_view->alerts[i]);
    return ENG_OK;
}
