/* Alerts on scores. See naive.h. */
#include "inside.h"

static bool cooled(const struct eng_alert *alert, const struct alert_state *state, int64_t at_ms)
{
    return state->opened_ms < 0 || at_ms - state->opened_ms >= alert->cooldown_ms;
}

/* May an alert whose condition holds be opened? A cooldown that is over while it is held is over.
 */
static bool may_open(const struct naive *naive, const struct partner *partner, unsigned index,
                     struct alert_state *state, const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    if (!cooled(alert, state, why->at_ms))
        return false;
    state->opened_ms = -1;
    if (!naive_admits(naive, partner, index, why->pane))
        return false;
    return !(alert->hold &&
             naive_provisional(naive, partner, &naive->model->scores[alert->score], why->pane));
}

/* The value that gets into the band of a near rule. */
static int64_t entry_e4(const struct naive *naive, const struct eng_alert *alert)
{
    const struct eng_score *score = &naive->model->scores[alert->score];
    return score->bands[alert->band].edge_e4 + score->margin_e4 +
           (score->bands[alert->band].above ? 1 : 0);
}

static void emit(struct naive *naive, const struct partner *partner, unsigned index,
                 const struct score_state *before, struct eng_effect *effect)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    const struct score_state *now = &partner->scores[alert->score];
    effect->score = alert->score;
    effect->value_e4 = now->value_e4;
    effect->band = (uint8_t)now->band;
    effect->contribution_count = (uint16_t)naive->model->scores[alert->score].dimension_count;
    if (alert->nudges && effect->status == ENG_OPENED)
        naive_suggest(naive, partner, alert->score,
                      alert->kind == ENG_NEAR ? entry_e4(naive, alert) : INT64_MIN, effect);
    naive_emit(naive, partner, effect, now->part_e4, before[alert->score].told.part_e4);
}

/* What an alert with a condition that is entered looks at: a number, and the side of an edge. */
struct look {
    bool before, now; /* its condition held before this evaluation, and holds now */
    bool over;        /* it has ended, with the margin */
};

/* S10 for what falls. In which band one may come from is a matter of direction. */
static struct look look_at_band(const struct eng_alert *alert, const struct score_state *was,
                                const struct score_state *now)
{
    bool down = alert->kind == ENG_FALLS_TO;
    bool comes = down ? was->band > alert->band && was->was_positive : was->band < alert->band;
    return (struct look){!comes, now->band == alert->band,
                         down ? now->band > alert->band : now->band < alert->band};
}

/* Values of another model are not compared with those of this one. */
static struct look look_at_value(const struct eng_alert *alert, const struct score_state *was,
                                 const struct score_state *now, bool config)
{
    int64_t before = config ? now->value_e4 : was->value_e4, value = now->value_e4;
    int64_t edge = alert->edge_e4, margin = alert->margin_e4;
    if (alert->kind == ENG_ABOVE)
        return (struct look){before >= edge, value >= edge, value < edge - margin};
    return (struct look){before < edge || !was->was_positive, value < edge, value >= edge + margin};
}

/* In a lower band than the named one, and with no more missing than that. */
static bool is_near(const struct eng_alert *alert, unsigned band, int64_t value_e4)
{
    return band < alert->band && value_e4 >= alert->edge_e4;
}

static struct look look_near(const struct eng_alert *alert, const struct score_state *was,
                             const struct score_state *now, bool config)
{
    return (struct look){
        is_near(alert, was->band, config ? now->value_e4 : was->value_e4),
        is_near(alert, now->band, now->value_e4),
        now->band >= alert->band || now->value_e4 < alert->edge_e4 - alert->margin_e4,
    };
}

static void entry(struct naive *naive, struct partner *partner, unsigned index,
                  const struct score_state *before, const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct alert_state *state = &partner->alerts[index];
    const struct score_state *was = &before[alert->score], *now = &partner->scores[alert->score];
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    struct look look =
        alert->kind == ENG_FALLS_TO || alert->kind == ENG_RISES_TO ? look_at_band(alert, was, now)
        : alert->kind == ENG_NEAR ? look_near(alert, was, now, why->cause == ENG_CAUSE_CONFIG)
                                  : look_at_value(alert, was, now, why->cause == ENG_CAUSE_CONFIG);
    struct naive_fall fall = {.at_ms = 0};
    if (alert->forecast > 0 && look.over)
        fall = naive_fall(naive, partner, alert->score, alert->band,
                          (struct naive_span){why->pane, (int64_t)alert->forecast});
    if (state->open) {
        if (!look.over || fall.at_ms > 0)
            return;
        state->open = false;
        effect.status = ENG_RESOLVED;
        emit(naive, partner, index, before, &effect);
        return;
    }
    if (!look.now)
        state->waiting = false;
    else if (!look.before)
        state->waiting = true;
    bool warned = fall.at_ms > 0 && why->cause == ENG_CAUSE_EXPIRY;
    if ((state->waiting || warned) && may_open(naive, partner, index, state, why)) {
        if (warned) {
            effect.will_drop_at_ms = fall.at_ms;
            effect.will_drop_to = (uint8_t)fall.band;
        }
        state->waiting = false;
        state->open = true;
        state->opened_ms = why->at_ms;
        state->at_boundary = why->cause == ENG_CAUSE_EXPIRY;
        naive_budget_open(naive, index, state);
        state->held_out = naive_holds_out(naive, partner, index);
        effect.status = ENG_OPENED;
        emit(naive, partner, index, before, &effect);
    }
}

/* The largest value of any evaluation in the window. A value that was in force when the window
 * began was given again by the evaluation at that boundary, unless that one replaced it. */
static int64_t baseline(const struct score_state *score, size_t from, int64_t first_pane)
{
    int64_t largest = INT64_MIN;
    for (size_t i = score->past_count; i > from && score->past[i - 1].pane >= first_pane; i--)
        if (score->past[i - 1].value_e4 > largest)
            largest = score->past[i - 1].value_e4;
    return largest;
}

/* Twice ten thousand times how deep a fall from a baseline has to be. */
static __int128 deep(const struct eng_alert *alert, int64_t baseline_e4)
{
    return alert->drop_share_e4 > 0 ? (__int128)2 * baseline_e4 * alert->drop_share_e4
                                    : (__int128)20000 * alert->drop_e4;
}

static void drop(struct naive *naive, struct partner *partner, unsigned index,
                 const struct score_state *before, const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct alert_state *state = &partner->alerts[index];
    const struct score_state *score = &partner->scores[alert->score];
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    if (state->open) {
        if ((__int128)40000 * (state->baseline_e4 - score->value_e4) >
            deep(alert, state->baseline_e4))
            return;
        state->open = false;
        effect.status = ENG_RESOLVED;
        effect.baseline_e4 = state->baseline_e4;
        emit(naive, partner, index, before, &effect);
        return;
    }
    int64_t best = baseline(score, state->past_from, why->pane - (int64_t)alert->within + 1);
    if (best > 0 && (__int128)20000 * (best - score->value_e4) >= deep(alert, best) &&
        may_open(naive, partner, index, state, why)) {
        state->open = true;
        state->opened_ms = why->at_ms;
        state->at_boundary = why->cause == ENG_CAUSE_EXPIRY;
        naive_budget_open(naive, index, state);
        state->held_out = naive_holds_out(naive, partner, index);
        state->baseline_e4 = best;
        effect.status = ENG_OPENED;
        effect.baseline_e4 = best;
        naive_foretell(naive, partner, why, &effect);
        emit(naive, partner, index, before, &effect);
    }
}

void naive_alert_evaluate(struct naive *naive, struct partner *partner, unsigned alert,
                          const struct score_state *before, const struct occasion *why)
{
    switch (naive->model->alerts[alert].kind) {
    case ENG_FALLS_TO:
    case ENG_RISES_TO:
    case ENG_BELOW:
    case ENG_ABOVE:
    case ENG_NEAR:
        entry(naive, partner, alert, before, why);
        return;
    case ENG_DROP:
        drop(naive, partner, alert, before, why);
        return;
    case ENG_SILENCE:
        naive_silence_evaluate(naive, partner, alert, why);
        return;
    case ENG_DEADLINE:
        naive_deadline_evaluate(naive, partner, alert, why);
        return;
    case ENG_ALERT_KINDS:
        break;
    }
}

void naive_alert_tell_again(struct naive *naive, const struct partner *partner, unsigned index,
                            const struct score_state *before, const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    struct naive_fall fall = {.at_ms = 0};
    effect.status = ENG_OPENED;
    if (alert->kind == ENG_SILENCE) {
        naive_silence_tell(naive, partner, index, why);
        return;
    }
    if (alert->kind == ENG_DEADLINE) {
        naive_deadline_tell(naive, partner, index, ENG_OPENED, why);
        return;
    }
    if (alert->kind == ENG_DROP) {
        effect.baseline_e4 = partner->alerts[index].baseline_e4;
        naive_foretell(naive, partner, why, &effect);
    }
    if (alert->kind == ENG_FALLS_TO && alert->forecast > 0 &&
        partner->scores[alert->score].band > alert->band)
        fall = naive_fall(naive, partner, alert->score, alert->band,
                          (struct naive_span){why->pane, (int64_t)alert->forecast});
    if (fall.at_ms > 0) {
        effect.will_drop_at_ms = fall.at_ms;
        effect.will_drop_to = (uint8_t)fall.band;
    }
    emit(naive, partner, index, before, &effect);
}
