/* The clock of a task and the pane and calendar periods that it is in (S1, S2). */
#include "base/assert.h"
#include "engine/internal.h"

void eng_moment_set(struct eng_moment *now, const struct eng_model *model, int64_t time_ms)
{
    eng_assert(time_ms >= 0);
    eng_assert(time_ms >= now->clock_ms);
    bool first = now->clock_ms < 0;
    now->clock_ms = time_ms;
    if (!first && time_ms < now->end_ms)
        return;
    int64_t pane = eng_calendar_pane(model->calendar, time_ms);
    eng_assert(pane >= -1 && pane < ENG_PANE_NEVER);
    now->pane = (int32_t)pane;
    now->start_ms = eng_calendar_start_ms(model->calendar, pane);
    now->end_ms = eng_calendar_start_ms(model->calendar, pane + 1);
    int64_t kept = pane - model->late_after + 1; /* the oldest pane that is not late */
    now->late_before_ms = kept < 0 ? INT64_MIN : eng_calendar_start_ms(model->calendar, kept);
    for (unsigned i = 0; i < ENG_PERIODS; i++) {
        enum eng_window_kind kind = (enum eng_window_kind)(ENG_WINDOW_WEEK + i);
        if (!first && pane < now->period_next[i])
            continue;
        now->period_first[i] = (int32_t)eng_calendar_period_first(model->calendar, kind, pane);
        now->period_next[i] = (int32_t)eng_calendar_period_next(model->calendar, kind, pane);
    }
    bool stale = first;
    for (uint32_t i = 0; i < model->report_count; i++)
        stale |= pane >= now->report_next[i];
    if (stale)
        eng_moment_reports(now, model);
    else
        now->reports_now = 0;
}

void eng_moment_reports(struct eng_moment *now, const struct eng_model *model)
{
    eng_assert(now->clock_ms >= 0);
    eng_assert(model->report_count <= ENG_REPORTS_MAX);
    now->reports_now = 0;
    for (uint32_t i = 0; i < model->report_count; i++) {
        const struct eng_report *report = &model->reports[i];
        bool made = now->pane >= 0 && eng_report_next(model, report, now->pane - 1) == now->pane;
        now->reports_now |= (uint32_t)made << i;
        now->report_next[i] = eng_report_next(model, report, now->pane);
    }
}

int32_t eng_moment_due(const struct eng_moment *now, const struct eng_model *model, int64_t time_ms)
{
    eng_assert(now->clock_ms >= 0);
    if (time_ms <= now->clock_ms)
        return now->pane + 1;
    int64_t pane = eng_calendar_pane(model->calendar, time_ms);
    if (eng_calendar_start_ms(model->calendar, pane) < time_ms)
        pane++;
    eng_assert(pane >= now->pane);
    return pane <= now->pane ? now->pane + 1 : (int32_t)pane;
}
