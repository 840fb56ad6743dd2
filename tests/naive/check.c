/* Checks by reading all that a partner did. See naive.h.
 *
 * An event that is neither late nor a duplicate is looked at by every check of its action, as of
 * its own pane. What is left out is not kept, but for its id; what is held is in held.c. */
#include "base/assert.h"
#include "inside.h"
#include <string.h>

/* An event that is looked at. */
struct suspect {
    const struct naive *naive;
    const struct partner *partner; /* NULL: nothing of it was counted yet */
    const struct fact *fact;
    const struct eng_check *check;
};

/* How many facts of some actions are known in the panes of the check's window. */
static uint64_t before(const struct suspect *s, const struct eng_action_set *set)
{
    uint64_t found = 0;
    for (size_t i = 0; s->partner != NULL && i < s->partner->fact_count; i++) {
        const struct fact *fact = &s->partner->facts[i];
        found += fact->counted && eng_action_set_has(set, fact->action) &&
                 fact->pane <= s->fact->pane && s->fact->pane - fact->pane < s->check->over;
    }
    return found;
}

/* The text again, in the window or behind it. */
static bool again(const struct suspect *s)
{
    struct eng_slice text = s->fact->attributes[s->check->attribute];
    if (text.data == NULL || s->partner == NULL)
        return false;
    for (size_t i = 0; i < s->partner->fact_count; i++) {
        const struct fact *fact = &s->partner->facts[i];
        if (!(fact->measures >> s->check->numbers & 1) ||
            s->fact->pane - fact->pane >= (int64_t)s->check->over)
            continue;
        struct eng_slice other = naive_text(fact->given[s->check->numbers]);
        if (other.length == text.length &&
            (text.length == 0 || memcmp(other.data, text.data, text.length) == 0))
            return true;
    }
    return false;
}

/* True when a pane is one of a measure's window with the clock in another. */
static bool within(const struct eng_model *model, const struct eng_measure *measure, int64_t pane,
                   int64_t clock)
{
    int64_t first =
        naive_window_first(model, measure->window, measure->panes + measure->ago, clock);
    return pane >= first && (measure->ago == 0 || pane <= clock - (int64_t)measure->ago);
}

/* A measure as it is once the event is counted. */
static __int128 with_event(const struct suspect *s, unsigned index)
{
    const struct eng_model *model = s->naive->model;
    const struct eng_measure *measure = &model->measures[index];
    const struct fact *fact = s->fact;
    __int128 sum = 0;
    if (s->partner != NULL)
        sum = naive_measure(s->naive, s->partner, measure, fact->clock_pane).value_e4;
    if (!eng_action_set_has(&measure->actions, fact->action) ||
        !within(model, measure, fact->pane, fact->clock_pane))
        return sum;
    if (measure->kind == ENG_COUNT)
        return sum + 10000;
    int64_t more = measure->number > 0 ? fact->numbers[measure->number - 1] : fact->value_e4;
    return more == ENG_VALUE_NONE ? sum : sum + more;
}

/* One by the other to the nearest ten-thousandth, a half away from zero, up to the largest target.
 */
static int64_t quotient(__int128 one, __int128 other)
{
    __int128 size = one < 0 ? -one : one;
    __int128 whole = size * 10000 / other, rest = size * 10000 % other;
    whole += 2 * rest >= other;
    if (whole > ENG_TARGET_MAX_E4)
        whole = ENG_TARGET_MAX_E4;
    return (int64_t)(one < 0 ? -whole : whole);
}

static bool out_of_line(const struct suspect *s, int64_t *ret_value_e4)
{
    __int128 one = with_event(s, s->check->measures[0]);
    __int128 other = with_event(s, s->check->measures[1]);
    if (other <= 0)
        return one > 0;
    *ret_value_e4 = quotient(one, other);
    return one * 10000 > other * s->check->above_e4;
}

static bool suspicious(const struct suspect *s, int64_t *ret_value_e4)
{
    *ret_value_e4 = ENG_VALUE_NONE;
    switch (s->check->kind) {
    case ENG_UNIQUE:
        return again(s);
    case ENG_MORE_THAN:
        *ret_value_e4 = (int64_t)(before(s, &s->check->actions) + 1) * 10000;
        return *ret_value_e4 > (int64_t)s->check->most * 10000;
    case ENG_NEEDS:
        return before(s, &s->check->needs) == 0;
    default:
        return out_of_line(s, ret_value_e4);
    }
}

/* How many of the checks that find something say what; the first one that holds. */
struct found {
    bool finds[ENG_CHECKS_MAX];
    int64_t value_e4[ENG_CHECKS_MAX];
    bool leaves_out;
    const struct eng_check *holder;
    bool holds; /* there is room, and nobody leaves it out */
};

static void tell_found(struct naive *naive, const struct eng_event *event, const struct fact *fact,
                       const struct found *found, struct occasion why)
{
    const struct eng_model *model = naive->model;
    bool full = !found->leaves_out && found->holder != NULL && !found->holds;
    for (unsigned i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        if (!found->finds[i])
            continue;
        struct eng_effect effect = naive_effect(ENG_EFFECT_ABUSE_FLAG, i, &why);
        effect.check_kind = (uint8_t)check->kind;
        effect.status = check->leave_out ? ENG_THEN_LEAVE_OUT
                        : !check->hold   ? ENG_THEN_FLAG
                        : found->holds   ? ENG_THEN_HELD
                                         : ENG_THEN_LEAVE_OUT;
        effect.reason = check->hold && full ? ENG_FLAG_FULL : ENG_FLAG_PLAIN;
        effect.value_e4 = found->value_e4[i];
        effect.occurred_at_ms = event->time_ms;
        if (check->hold && found->holds)
            effect.due_at_ms = eng_calendar_start_ms(
                model->calendar, fact->clock_pane + (int64_t)found->holder->held_for);
        naive_emit_flag(naive, event, &effect,
                        check->kind == ENG_UNIQUE ? fact->attributes[check->attribute]
                                                  : (struct eng_slice){0},
                        (struct eng_slice){0});
        naive->counters.abuse_flags++;
    }
}

static void tell_seen(struct naive *naive, const struct eng_event *event, const struct fact *fact,
                      struct occasion why)
{
    const struct eng_model *model = naive->model;
    for (unsigned i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        if (!check->anywhere || !naive_listed(model, &check->actions, &check->where, fact) ||
            fact->attributes[check->attribute].data == NULL)
            continue;
        struct eng_effect effect = naive_effect(ENG_EFFECT_SIGHTING, i, &why);
        effect.check_kind = (uint8_t)check->kind;
        effect.status = ENG_THEN_FLAG;
        effect.value_e4 = ENG_VALUE_NONE;
        effect.occurred_at_ms = event->time_ms;
        effect.due_at_ms = eng_calendar_start_ms(model->calendar, fact->clock_pane + 1);
        naive_emit_flag(naive, event, &effect, fact->attributes[check->attribute],
                        (struct eng_slice){0});
    }
}

enum eng_outcome naive_checks(struct naive *naive, const struct partner *partner,
                              const struct eng_event *event, const struct fact *fact,
                              const struct eng_check **ret_holder)
{
    const struct eng_model *model = naive->model;
    struct occasion why = {.cause = fact->pane < fact->clock_pane ? ENG_CAUSE_CORRECTION
                                                                  : ENG_CAUSE_EVENT,
                           .origin_kind = ENG_ORIGIN_OFFSET,
                           .origin = event->offset,
                           .at_ms = naive->clock_ms,
                           .pane = fact->clock_pane};
    struct found found = {0};
    for (unsigned i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        struct suspect suspect = {naive, partner, fact, check};
        found.finds[i] = naive_listed(model, &check->actions, &check->where, fact) &&
                         suspicious(&suspect, &found.value_e4[i]);
        found.leaves_out |= found.finds[i] && check->leave_out;
        if (found.finds[i] && check->hold && found.holder == NULL)
            found.holder = check;
    }
    found.holds = found.holder != NULL && !found.leaves_out &&
                  naive_may_hold(naive, partner, event, fact, found.holder);
    tell_found(naive, event, fact, &found, why);
    *ret_holder = found.holder;
    if (found.holds)
        return ENG_OUTCOME_HELD;
    if (found.leaves_out || found.holder != NULL)
        return ENG_OUTCOME_LEFT_OUT;
    tell_seen(naive, event, fact, why);
    return ENG_OUTCOME_COUNTED;
}
