/* Budgets: of what has opened in a period the first ones are told when it ends, found by putting
 * all of it in order. See naive.h. */
#include "inside.h"
#include <stdlib.h>
#include <string.h>

static const struct eng_budget *budget_of(const struct eng_model *model, unsigned alert)
{
    for (unsigned i = 0; i < model->budget_count; i++)
        if (model->budgets[i].alerts & 1u << alert)
            return &model->budgets[i];
    return NULL;
}

void naive_budget_open(const struct naive *naive, unsigned alert, struct alert_state *state)
{
    state->budgeted = state->pending = budget_of(naive->model, alert) != NULL;
    state->told = state->due = false;
}

/* ---- when ---- */

static bool is_quiet(const struct eng_model *model, const struct eng_budget *budget, int64_t pane)
{
    for (unsigned i = 0; i < model->alert_count; i++)
        if (budget->alerts & 1u << i && naive_is_quiet(model, i, pane))
            return true;
    return false;
}

static bool period_ends(const struct eng_model *model, const struct eng_budget *budget,
                        int64_t pane)
{
    if (budget->per == ENG_PER_HOUR || model->pane_unit == ENG_PANE_DAY)
        return budget->per != ENG_PER_WEEK ||
               eng_calendar_local(model->calendar, pane).weekday == 1;
    struct eng_local now = eng_calendar_local(model->calendar, pane);
    struct eng_local before = eng_calendar_local(model->calendar, pane - 1);
    return now.weekday != before.weekday && (budget->per == ENG_PER_DAY || now.weekday == 1);
}

/* Does the budget tell at the boundary of the pane? What ended at a quiet time is told after it. */
static bool tells(const struct eng_model *model, const struct eng_budget *budget, int64_t pane)
{
    if (is_quiet(model, budget, pane))
        return false;
    bool owes = period_ends(model, budget, pane);
    for (int64_t p = pane - 1; p >= 0 && is_quiet(model, budget, p); p--)
        owes |= period_ends(model, budget, p);
    return owes;
}

/* ---- who ---- */

struct wish {
    struct partner *partner;
    unsigned alert;
    struct amount amount;
    bool held_out;
};

static const struct eng_budget *order_by; /* qsort has no context */

static int in_order(const void *left, const void *right)
{
    const struct wish *a = left, *b = right;
    if (a->amount.missing != b->amount.missing)
        return a->amount.missing ? 1 : -1;
    if (!a->amount.missing && a->amount.value_e4 != b->amount.value_e4)
        return (a->amount.value_e4 < b->amount.value_e4) == order_by->lowest ? -1 : 1;
    uint32_t both = a->partner->name_bytes < b->partner->name_bytes ? a->partner->name_bytes
                                                                    : b->partner->name_bytes;
    int order = memcmp(a->partner->name, b->partner->name, both);
    if (order != 0)
        return order;
    if (a->partner->name_bytes != b->partner->name_bytes)
        return a->partner->name_bytes < b->partner->name_bytes ? -1 : 1;
    return a->alert < b->alert ? -1 : 1;
}

/* Is it up to the budget now? Whoever is held waits for another time. */
static bool claims(const struct naive *naive, const struct alert_state *state, unsigned alert)
{
    const struct naive_hold *hold = &naive->holds[alert];
    return state->open && state->budgeted && state->pending &&
           !(hold->holds && state->opened_ms >= hold->since_ms) &&
           !naive_is_dropped(hold, state->opened_ms);
}

static size_t collect(const struct naive *naive, const struct eng_budget *budget, int64_t segment,
                      int64_t pane, struct wish *to)
{
    size_t count = 0;
    for (size_t i = 0; i < naive->partner_count; i++) {
        struct partner *partner = naive->partners[i];
        if (budget->is_split && naive_segment_of(naive, partner, &budget->split, pane) != segment)
            continue;
        for (unsigned k = 0; k < naive->model->alert_count; k++) {
            if (!(budget->alerts & 1u << k) || !claims(naive, &partner->alerts[k], k))
                continue;
            struct wish *wish = &to[count++];
            *wish = (struct wish){partner, k, {0}, partner->alerts[k].held_out};
            if (budget->of_score)
                wish->amount.value_e4 = partner->scores[budget->subject].value_e4;
            else
                wish->amount =
                    naive_measure(naive, partner, &naive->model->measures[budget->subject], pane);
        }
    }
    order_by = budget;
    qsort(to, count, sizeof *to, in_order);
    return count;
}

/* ---- telling ---- */

static void tell_one(struct naive *naive, struct partner *partner, unsigned alert,
                     const struct occasion *why)
{
    struct score_state now[ENG_SCORES_MAX];
    memcpy(now, partner->scores, naive->model->score_count * sizeof now[0]);
    naive->said = 0;
    naive->pane = why->pane;
    partner->alerts[alert].told = true;
    naive->telling_again = true;
    naive_alert_tell_again(naive, partner, alert, now, why);
    naive->telling_again = false;
}

static size_t put(uint8_t *to, const struct wish *wish)
{
    uint64_t value = wish->amount.missing ? 0 : (uint64_t)wish->amount.value_e4;
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * (7 - i)));
    to[8] = (uint8_t)wish->alert;
    to[9] = wish->amount.missing;
    to[10] = (uint8_t)(wish->partner->name_bytes / 256);
    to[11] = (uint8_t)(wish->partner->name_bytes % 256);
    memcpy(to + 12, wish->partner->name, wish->partner->name_bytes);
    return 12 + (size_t)wish->partner->name_bytes;
}

static void segment_tell(struct naive *naive, unsigned index, int64_t segment,
                         const struct occasion *why)
{
    const struct eng_budget *budget = &naive->model->budgets[index];
    struct wish *all = calloc(naive->partner_count * naive->model->alert_count + 1, sizeof *all);
    if (all == NULL)
        abort();
    size_t count = collect(naive, budget, segment, why->pane, all), others = 0, used = 0, shown = 0;
    static uint8_t entries[ENG_DIGEST_MOST * (12 + ENG_PARTNER_BYTES_MAX)];
    for (size_t i = 0; i < count; i++)
        if (!all[i].held_out && others++ < budget->at_most)
            tell_one(naive, all[i].partner, all[i].alert, why);
    /* Of the control group: who would have been told, and no more than so many. */
    for (size_t i = 0, before = 0, out = 0; i < count; i++) {
        if (all[i].held_out && before < budget->at_most && out++ < budget->at_most)
            tell_one(naive, all[i].partner, all[i].alert, why);
        before += !all[i].held_out;
    }
    for (size_t i = 0, before = 0; i < count; i++)
        if (!all[i].held_out && before++ >= budget->at_most && shown < budget->show) {
            used += put(entries + used, &all[i]);
            shown++;
        }
    if (others > budget->at_most) {
        struct eng_effect effect = naive_effect(ENG_EFFECT_DIGEST, index, why);
        effect.segment = (uint8_t)segment;
        effect.value_e4 = budget->at_most;
        effect.baseline_e4 = (int64_t)others - budget->at_most;
        naive_emit_entries(naive, &effect, entries, used);
        naive->counters.digests++;
        naive->counters.left_out += others - budget->at_most;
    }
    free(all);
}

/* What is not held any more has been decided on. */
static void decided(struct naive *naive, const struct eng_budget *budget)
{
    for (size_t i = 0; i < naive->partner_count; i++)
        for (unsigned k = 0; k < naive->model->alert_count; k++) {
            struct alert_state *state = &naive->partners[i]->alerts[k];
            const struct naive_hold *hold = &naive->holds[k];
            if (budget->alerts & 1u << k && !(hold->holds && state->opened_ms >= hold->since_ms))
                state->pending = false;
        }
}

void naive_budgets_tell(struct naive *naive, const struct occasion *why)
{
    const struct eng_model *model = naive->model;
    for (unsigned i = 0; i < model->budget_count; i++) {
        const struct eng_budget *budget = &model->budgets[i];
        if (!tells(model, budget, why->pane))
            continue;
        for (unsigned k = 0; k < eng_budget_segments(model, budget); k++)
            segment_tell(naive, i, k, why);
    }
    for (unsigned i = 0; i < model->budget_count; i++)
        if (tells(model, &model->budgets[i], why->pane))
            decided(naive, &model->budgets[i]);
}

/* ---- another model ---- */

void naive_budget_carry(const struct naive *naive, const struct eng_model *old, unsigned before,
                        unsigned alert, bool anew, struct alert_state *state)
{
    const struct eng_budget *budget = budget_of(old, before);
    int64_t last = eng_calendar_pane(old->calendar, naive->clock_ms);
    if (anew)
        state->pending = false;
    if (!state->open || !state->budgeted || state->told || budget_of(naive->model, alert) != NULL)
        return;
    state->pending = false;
    if (budget == NULL || anew)
        return;
    while (last >= 0 && !tells(old, budget, last))
        last--;
    int64_t last_ms = last < 0 ? -1 : eng_calendar_start_ms(old->calendar, last);
    state->due = last_ms < 0 || state->opened_ms > last_ms ||
                 (state->opened_ms == last_ms && !state->at_boundary);
}

void naive_budgets_change(struct naive *naive, struct partner *partner,
                          const struct score_state *before, const struct occasion *why)
{
    for (unsigned i = 0; i < naive->model->alert_count; i++) {
        struct alert_state *state = &partner->alerts[i];
        if (!state->open || !state->due)
            continue;
        state->due = false;
        state->told = true;
        naive->telling_again = true;
        naive_alert_tell_again(naive, partner, i, before, why);
        naive->telling_again = false;
    }
}
