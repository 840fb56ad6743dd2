/* Measures by reading all of a partner's events. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <string.h>

int64_t naive_window_first(const struct eng_model *model, enum eng_window_kind kind, uint32_t panes,
                           int64_t pane)
{
    switch (kind) {
    case ENG_WINDOW_ROLLING:
        return pane - (int64_t)panes + 1;
    case ENG_WINDOW_WEEK:
    case ENG_WINDOW_MONTH:
    case ENG_WINDOW_QUARTER:
        return eng_calendar_period_first(model->calendar, kind, pane);
    case ENG_WINDOW_LIFE:
    case ENG_WINDOW_NONE:
        return INT64_MIN;
    }
    return INT64_MIN;
}

static bool matches(const struct eng_action_set *actions, const struct fact *fact, int64_t first)
{
    return fact->pane >= first && eng_action_set_has(actions, fact->action);
}

static bool acted_in(const struct partner *partner, const struct eng_action_set *actions,
                     int64_t pane)
{
    for (size_t i = 0; i < partner->fact_count; i++)
        if (partner->facts[i].pane == pane && eng_action_set_has(actions, partner->facts[i].action))
            return true;
    return false;
}

/* Is there an earlier event of the list that counts for the same pane (or member)? */
static bool same_pane_before(const struct partner *partner, const struct eng_action_set *actions,
                             size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (partner->facts[i].pane == partner->facts[place].pane &&
            eng_action_set_has(actions, partner->facts[i].action))
            return true;
    return false;
}

static bool same_member_before(const struct partner *partner, const struct eng_action_set *actions,
                               size_t place, int64_t first)
{
    const struct fact *mine = &partner->facts[place];
    for (size_t i = 0; i < place; i++) {
        const struct fact *other = &partner->facts[i];
        if (matches(actions, other, first) && other->member != NULL &&
            other->member_bytes == mine->member_bytes &&
            memcmp(other->member, mine->member, mine->member_bytes) == 0)
            return true;
    }
    return false;
}

/* What one event of the window adds. */
static int64_t share_of(const struct partner *partner, const struct eng_measure *measure, size_t i,
                        int64_t first)
{
    const struct fact *fact = &partner->facts[i];
    switch (measure->kind) {
    case ENG_COUNT:
        return 10000;
    case ENG_SUM:
        return fact->value_e4 == ENG_VALUE_NONE ? 0 : fact->value_e4;
    case ENG_ACTIVE:
        return same_pane_before(partner, &measure->actions, i) ? 0 : 10000;
    case ENG_MEMBERS:
        return same_member_before(partner, &measure->actions, i, first) ? 0 : 10000;
    case ENG_LAST:
    case ENG_STREAK:
    case ENG_STATE:
        break;
    }
    eng_assert(!"a kind that adds up");
    return 0;
}

static struct amount total(const struct partner *partner, const struct eng_measure *measure,
                           int64_t first)
{
    struct amount amount = {0, true};
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if (!matches(&measure->actions, fact, first))
            continue;
        if (measure->kind == ENG_MEMBERS && fact->member == NULL)
            continue;
        amount.value_e4 += share_of(partner, measure, i, first);
        amount.missing = false;
    }
    return amount;
}

/* The newest value by event time; of two at the same time the later arrival. */
static struct amount newest(const struct partner *partner, const struct eng_measure *measure,
                            int64_t first)
{
    struct amount amount = {0, true};
    int64_t time_ms = -1;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if (matches(&measure->actions, fact, first) && fact->value_e4 != ENG_VALUE_NONE &&
            fact->time_ms >= time_ms) {
            amount = (struct amount){fact->value_e4, false};
            time_ms = fact->time_ms;
        }
    }
    return amount;
}

/* 1 while the newest of both lists is of the first. */
static struct amount state(const struct partner *partner, const struct eng_measure *measure)
{
    struct amount amount = {0, true};
    int64_t time_ms = -1;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        bool off = eng_action_set_has(&measure->until, fact->action);
        bool on = eng_action_set_has(&measure->actions, fact->action);
        if ((on || off) && fact->time_ms >= time_ms) {
            amount = (struct amount){off ? 0 : 10000, false};
            time_ms = fact->time_ms;
        }
    }
    return amount;
}

static struct amount streak(const struct partner *partner, const struct eng_measure *measure,
                            int64_t pane)
{
    struct amount amount = {0, true};
    if (!acted_in(partner, &measure->actions, pane))
        pane--;
    for (; acted_in(partner, &measure->actions, pane); pane--)
        amount = (struct amount){amount.value_e4 + 10000, false};
    return amount;
}

struct amount naive_measure(const struct naive *naive, const struct partner *partner,
                            const struct eng_measure *measure, int64_t pane)
{
    int64_t first = naive_window_first(naive->model, measure->window, measure->panes, pane);
    struct amount amount;
    if (measure->kind == ENG_STREAK)
        return streak(partner, measure, pane);
    if (measure->kind == ENG_STATE)
        return state(partner, measure);
    amount = measure->kind == ENG_LAST ? newest(partner, measure, first)
                                       : total(partner, measure, first);
    return amount;
}
