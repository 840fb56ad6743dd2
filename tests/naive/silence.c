/* Silence by the partner's own rhythm. See naive.h. */
#include "inside.h"

#define ONE ((unsigned __int128)1 << 56)

/* q(t): proportional to the chance of a gap longer than t panes. */
static unsigned __int128 chance(int64_t a, int64_t n, int64_t t)
{
    unsigned __int128 x = (unsigned __int128)(uint64_t)a * ONE / (uint64_t)(a + t), y = ONE;
    for (int64_t i = 0; i < n; i++)
        y = y * x / ONE;
    return ONE + (unsigned __int128)(uint64_t)(n + 2) * y;
}

static int64_t prior(const struct eng_alert *alert, const struct alert_state *state)
{
    return 2 * (int64_t)alert->typical_gap + (state->last - state->first);
}

static int64_t threshold(const struct eng_alert *alert, const struct alert_state *state)
{
    int64_t a = prior(alert, state);
    unsigned __int128 last = 1000 * chance(a, state->n, alert->horizon);
    int64_t s = alert->min_silence;
    while (s < alert->horizon && last < alert->risk_e3 * chance(a, state->n, s))
        s++;
    return s;
}

static void act(struct alert_state *state, const struct fact *fact)
{
    if (state->n == 0) {
        state->first = state->last = fact->pane;
        state->n = 1;
        state->last_at_ms = fact->time_ms;
        return;
    }
    if (fact->time_ms > state->last_at_ms)
        state->last_at_ms = fact->time_ms;
    if (fact->pane <= state->last)
        return;
    state->last = fact->pane;
    if (++state->n == 64) {
        state->n = 32;
        state->first = state->last - (state->last - state->first) / 2;
    }
}

void naive_silence_rescan(const struct naive *naive, struct partner *partner, unsigned index)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct alert_state *state = &partner->alerts[index];
    struct alert_state fresh = {.n = 0};
    for (size_t i = 0; i < partner->fact_count; i++)
        if (partner->facts[i].rhythms >> index & 1)
            act(&fresh, &partner->facts[i]);
    if (fresh.n == 0)
        return;
    state->renewed |= state->n == 0 || fresh.last > state->last;
    state->first = fresh.first;
    state->last = fresh.last;
    state->n = fresh.n;
    state->last_at_ms = fresh.last_at_ms;
    state->threshold_panes = threshold(alert, state);
}

bool naive_silence_ripe(const struct eng_alert *alert, const struct alert_state *state)
{
    return state->n > 0 && state->n >= (int64_t)alert->min_active;
}

static void resolve(struct naive *naive, struct partner *partner, unsigned index,
                    const struct occasion *why)
{
    struct alert_state *state = &partner->alerts[index];
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    state->open = false;
    effect.status = ENG_RESOLVED;
    effect.last_action_at_ms = state->last_at_ms;
    naive_emit(naive, partner, &effect, NULL, NULL);
}

void naive_silence_tell(struct naive *naive, const struct partner *partner, unsigned index,
                        const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    const struct alert_state *state = &partner->alerts[index];
    struct eng_effect effect = naive_effect(ENG_EFFECT_CHURN_DROP, index, why);
    int64_t pane_ms = naive->model->pane_unit == ENG_PANE_HOUR ? 3600000 : 86400000;
    int64_t a = prior(alert, state);
    effect.status = ENG_OPENED;
    effect.last_action_at_ms = state->last_at_ms;
    effect.silent_for_ms = why->at_ms - state->last_at_ms;
    if (state->n > 1)
        effect.usual_gap_ms =
            (2 * (state->last - state->first) * pane_ms + (state->n - 1)) / (2 * (state->n - 1));
    effect.risk_e3 = (uint32_t)(1000 * chance(a, state->n, alert->horizon) /
                                chance(a, state->n, state->threshold_panes));
    naive_foretell(naive, partner, why, &effect);
    if (alert->nudges)
        naive_suggest(naive, partner, alert->score, INT64_MIN, &effect);
    naive_emit(naive, partner, &effect, NULL, NULL);
}

static void maybe_open(struct naive *naive, struct partner *partner, unsigned index,
                       const struct occasion *why)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    struct alert_state *state = &partner->alerts[index];
    bool cooled = state->opened_ms < 0 || why->at_ms - state->opened_ms >= alert->cooldown_ms;
    if (!state->open && naive_silence_ripe(alert, state) && cooled &&
        naive_admits(naive, partner, index, why->pane) &&
        why->pane >= state->last + state->threshold_panes + 1) {
        state->open = true;
        state->opened_ms = why->at_ms;
        state->at_boundary = why->cause == ENG_CAUSE_EXPIRY;
        naive_budget_open(naive, index, state);
        state->held_out = naive_holds_out(naive, partner, index);
        naive_silence_tell(naive, partner, index, why);
    }
}

void naive_silence_evaluate(struct naive *naive, struct partner *partner, unsigned index,
                            const struct occasion *why)
{
    struct alert_state *state = &partner->alerts[index];
    bool renewed = state->renewed;
    state->renewed = false;
    if (state->open && renewed)
        resolve(naive, partner, index, why);
    else if (why->cause == ENG_CAUSE_EXPIRY)
        maybe_open(naive, partner, index, why);
}
