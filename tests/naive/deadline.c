/* Deadlines: an action that has to come within a time after the first of others. See naive.h. */
#include "inside.h"

struct deadline naive_deadline(const struct partner *partner, unsigned alert)
{
    struct deadline found = {.anchored = false};
    /* The first anchor that arrived, whatever its time. */
    for (size_t i = 0; i < partner->fact_count && !found.anchored; i++) {
        found.anchored = partner->facts[i].anchors >> alert & 1;
        found.pane = partner->facts[i].pane;
    }
    for (size_t i = 0; i < partner->fact_count; i++)
        found.met |= found.anchored && partner->facts[i].expected >> alert & 1 &&
                     partner->facts[i].pane >= found.pane;
    return found;
}

void naive_deadline_tell(struct naive *naive, const struct partner *partner, unsigned index,
                         enum eng_alert_status status, const struct occasion *why)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    struct deadline deadline = naive_deadline(partner, index);
    effect.status = (uint8_t)status;
    effect.anchor_at_ms = eng_calendar_start_ms(calendar, deadline.pane);
    effect.due_at_ms = eng_calendar_start_ms(
        calendar, deadline.pane + (int64_t)naive->model->alerts[index].within + 1);
    naive_emit(naive, partner, &effect, NULL, NULL);
}

void naive_deadline_evaluate(struct naive *naive, struct partner *partner, unsigned index,
                             const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct alert_state *state = &partner->alerts[index];
    struct deadline deadline = naive_deadline(partner, index);
    bool just_met = deadline.met && !state->met;
    state->met = deadline.met;
    bool mine = naive_admits(naive, partner, index, why->pane);
    if (just_met && (state->open || (alert->tell_met && mine))) {
        if (!state->open)
            state->held_out = naive_holds_out(naive, partner, index);
        state->open = false;
        naive_deadline_tell(naive, partner, index, ENG_RESOLVED, why);
    }
    int64_t opens = deadline.pane + (int64_t)alert->within + 1 - (int64_t)alert->remind;
    if (why->cause == ENG_CAUSE_EXPIRY && deadline.anchored && !deadline.met && !state->open &&
        mine && why->pane >= opens) {
        state->open = true;
        state->opened_ms = why->at_ms;
        state->at_boundary = why->cause == ENG_CAUSE_EXPIRY;
        naive_budget_open(naive, index, state);
        state->held_out = naive_holds_out(naive, partner, index);
        naive_deadline_tell(naive, partner, index, ENG_OPENED, why);
    }
}
