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
    case ENG_WINDOW_YEAR:
        return eng_calendar_period_first(model->calendar, kind, pane);
    case ENG_WINDOW_LIFE:
    case ENG_WINDOW_NONE:
        return INT64_MIN;
    }
    return INT64_MIN;
}

struct looked_at naive_looks_at(const struct eng_model *model, unsigned measure)
{
    const struct eng_measure *asks = &model->measures[measure];
    if (asks->kind == ENG_RATIO)
        return (struct looked_at){{naive_looks_at(model, asks->parts[0]).measures[0],
                                   naive_looks_at(model, asks->parts[1]).measures[0]},
                                  2};
    return (struct looked_at){{asks->kind == ENG_READING ? asks->parts[0] : measure}, 1};
}

uint32_t naive_reach(const struct eng_measure *measure)
{
    return measure->ago + measure->panes;
}

bool naive_by_pane(const struct eng_measure *measure)
{
    return (measure->kind == ENG_COUNT || measure->kind == ENG_SUM ||
            measure->kind == ENG_ACTIVE) &&
           measure->window != ENG_WINDOW_LIFE;
}

/* A measure of the model in force, and what it knows of facts. */
struct asked {
    const struct eng_measure *measure;
    unsigned index;
    int64_t first, last; /* panes of its window */
};

static bool matches(const struct asked *asked, const struct fact *fact)
{
    if (fact->pane < asked->first || fact->pane > asked->last)
        return false;
    if (naive_by_pane(asked->measure))
        return fact->counted && eng_action_set_has(&asked->measure->actions, fact->action);
    return fact->measures >> asked->index & 1;
}

static bool acted_in(const struct partner *partner, const struct asked *asked, int64_t pane)
{
    for (size_t i = 0; i < partner->fact_count; i++)
        if (partner->facts[i].pane == pane && matches(asked, &partner->facts[i]))
            return true;
    return false;
}

/* Is there an earlier event of the list that counts for the same pane (or member)? */
static bool same_pane_before(const struct partner *partner, const struct asked *asked, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (partner->facts[i].pane == partner->facts[place].pane &&
            matches(asked, &partner->facts[i]))
            return true;
    return false;
}

static bool same_member_before(const struct partner *partner, const struct asked *asked,
                               size_t place)
{
    const struct fact *mine = &partner->facts[place];
    for (size_t i = 0; i < place; i++) {
        const struct fact *other = &partner->facts[i];
        if (matches(asked, other) && other->member != NULL &&
            other->member_bytes == mine->member_bytes &&
            memcmp(other->member, mine->member, mine->member_bytes) == 0)
            return true;
    }
    return false;
}

/* The value of an event, or the number that a measure is of. */
static int64_t number_of(const struct eng_measure *measure, const struct fact *fact)
{
    return measure->number > 0 ? fact->numbers[measure->number - 1] : fact->value_e4;
}

bool naive_summed(const struct eng_measure *measure, const struct fact *fact)
{
    return fact->summed &&
           (measure->number == 0 || (fact->summed_numbers >> (measure->number - 1) & 1) != 0);
}

/* What an event of the window adds to a sum. */
static int64_t value_of(const struct asked *asked, const struct fact *fact)
{
    int64_t value_e4 = number_of(asked->measure, fact);
    bool known = naive_by_pane(asked->measure) ? naive_summed(asked->measure, fact)
                                               : fact->seconds >> asked->index & 1;
    return known && value_e4 != ENG_VALUE_NONE ? value_e4 : 0;
}

/* What one event of the window adds. */
static int64_t share_of(const struct partner *partner, const struct asked *asked, size_t i)
{
    switch (asked->measure->kind) {
    case ENG_COUNT:
        return 10000;
    case ENG_SUM:
        return value_of(asked, &partner->facts[i]);
    case ENG_ACTIVE:
        return same_pane_before(partner, asked, i) ? 0 : 10000;
    case ENG_MEMBERS:
        return same_member_before(partner, asked, i) ? 0 : 10000;
    case ENG_LAST:
    case ENG_STREAK:
    case ENG_STATE:
    case ENG_RATIO:
    case ENG_SINCE:
    case ENG_FACT:
    case ENG_READING:
        break;
    }
    eng_assert(!"a kind that adds up");
    return 0;
}

static struct amount total(const struct partner *partner, const struct asked *asked)
{
    int64_t before = partner->active_before[asked->index];
    struct amount amount = {before * 10000, before == 0};
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if (!matches(asked, fact))
            continue;
        if (asked->measure->kind == ENG_MEMBERS && fact->member == NULL)
            continue;
        amount.value_e4 += share_of(partner, asked, i);
        amount.missing = false;
    }
    return amount;
}

/* The newest value by event time; of two at the same time the later arrival. */
static struct amount newest(const struct partner *partner, const struct asked *asked)
{
    struct amount amount = {0, true};
    int64_t time_ms = -1;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        int64_t value_e4 = number_of(asked->measure, fact);
        if (matches(asked, fact) && value_e4 != ENG_VALUE_NONE && fact->time_ms >= time_ms) {
            amount = (struct amount){value_e4, false};
            time_ms = fact->time_ms;
        }
    }
    return amount;
}

/* 1 or 0 from the newest event of either list; of two at the same time the later arrival, and
 * `until` wins when an action is in both. */
static struct amount state(const struct partner *partner, const struct asked *asked)
{
    struct amount amount = {0, true};
    int64_t time_ms = -1;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if (matches(asked, fact) && fact->time_ms >= time_ms) {
            bool until = fact->seconds >> asked->index & 1;
            amount = (struct amount){until ? 0 : 10000, false};
            time_ms = fact->time_ms;
        }
    }
    return amount;
}

static struct amount streak(const struct partner *partner, const struct asked *asked, int64_t pane)
{
    struct amount amount = {0, true};
    if (!acted_in(partner, asked, pane))
        pane--;
    for (; acted_in(partner, asked, pane); pane--)
        amount = (struct amount){amount.value_e4 + 10000, false};
    return amount;
}

/* From the newest pane on. */
static struct amount since(const struct partner *partner, const struct asked *asked, int64_t pane)
{
    struct amount amount = {0, true};
    int64_t newest_pane = INT64_MIN;
    for (size_t i = 0; i < partner->fact_count; i++)
        if (matches(asked, &partner->facts[i]) && partner->facts[i].pane > newest_pane) {
            newest_pane = partner->facts[i].pane;
            amount = (struct amount){(pane - newest_pane) * 10000, false};
        }
    return amount;
}

/* The quotient in ten-thousandths, to the nearest one; of two as near the one further from 0. */
static struct amount ratio(const struct naive *naive, const struct partner *partner,
                           const struct eng_measure *measure, int64_t pane)
{
    const struct eng_measure *measures = naive->model->measures;
    struct amount above = naive_measure(naive, partner, &measures[measure->parts[0]], pane);
    struct amount below = naive_measure(naive, partner, &measures[measure->parts[1]], pane);
    if (measure->difference)
        return (struct amount){above.value_e4 - below.value_e4, above.missing};
    __int128 a = above.value_e4, b = below.value_e4;
    bool never = above.missing && measures[measure->parts[0]].kind == ENG_SINCE;
    if (b == 0 || never)
        return (struct amount){0, true};
    if (b < 0)
        a = -a, b = -b;
    __int128 whole = a * 10000 / b, rest = a * 10000 % b;
    if (2 * rest >= b)
        whole++;
    if (2 * rest <= -b)
        whole--;
    whole = whole > ENG_TARGET_MAX_E4 ? ENG_TARGET_MAX_E4 : whole;
    whole = whole < -ENG_TARGET_MAX_E4 ? -ENG_TARGET_MAX_E4 : whole;
    return (struct amount){(int64_t)whole, false};
}

/* A fact as a number. */
static struct amount reading(const struct naive *naive, const struct partner *partner,
                             const struct eng_measure *measure, int64_t pane)
{
    struct amount amount = naive_fact(naive, partner, measure->parts[0], pane);
    if (measure->option > 0 && !amount.missing)
        amount.value_e4 = amount.value_e4 == measure->option;
    if (naive->model->facts[measure->fact].kind != ENG_FACT_NUMBER)
        amount.value_e4 *= 10000;
    return amount;
}

struct amount naive_measure(const struct naive *naive, const struct partner *partner,
                            const struct eng_measure *measure, int64_t pane)
{
    struct asked asked = {
        measure, (unsigned)(measure - naive->model->measures),
        naive_window_first(naive->model, measure->window, naive_reach(measure), pane),
        pane - (int64_t)measure->ago};
    switch (measure->kind) {
    case ENG_STREAK:
        return streak(partner, &asked, pane);
    case ENG_STATE:
        return state(partner, &asked);
    case ENG_LAST:
        return newest(partner, &asked);
    case ENG_SINCE:
        return since(partner, &asked, pane);
    case ENG_RATIO:
        return ratio(naive, partner, measure, pane);
    case ENG_READING:
        return reading(naive, partner, measure, pane);
    default:
        return total(partner, &asked);
    }
}

/* Of a point of so many panes ago, in 1/2^30, rounded down. */
static int64_t left_of(const struct eng_decay *decay, int64_t age)
{
    int64_t left = 1 << 30, panes = decay->panes;
    if (decay->kind == ENG_DECAY_LINEAR)
        return age < panes ? left * (panes - age) / panes : 0;
    if (decay->kind == ENG_DECAY_STEP) {
        for (int64_t i = 0; i < age / panes; i++)
            left = left * (10000 - (int64_t)decay->share_e4) / 10000;
        return left;
    }
    for (; age >= panes && left > 0; age -= panes)
        left /= 2;
    return left > 0 ? left * (2 * panes - age) / (2 * panes) : 0;
}

__int128 naive_decayed(const struct naive *naive, const struct partner *partner,
                       const struct eng_measure *measure, const struct eng_decay *decay,
                       int64_t pane)
{
    struct asked asked = {
        measure, (unsigned)(measure - naive->model->measures),
        naive_window_first(naive->model, measure->window, naive_reach(measure), pane), pane};
    __int128 sum = 0;
    for (size_t i = 0; i < partner->fact_count; i++)
        if (matches(&asked, &partner->facts[i]))
            sum += (__int128)share_of(partner, &asked, i) *
                   left_of(decay, pane - partner->facts[i].pane);
    return sum;
}
