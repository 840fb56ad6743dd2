/* Awards by reading all that a partner did, in the order in which it came. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <string.h>

/* What an event is paid. */
struct pay {
    struct naive *naive;
    struct partner *partner;
    struct fact fact; /* the event */
    const struct occasion *why;
    int64_t amount_e4[ENG_LEDGERS_MAX];
};

/* The first pane of what a pane belongs to, and the first of the next. */
static int64_t begin_of(const struct eng_model *model, enum eng_window_kind kind, int64_t pane)
{
    return kind == ENG_WINDOW_ROLLING ? pane
                                      : eng_calendar_period_first(model->calendar, kind, pane);
}

static int64_t end_of(const struct eng_model *model, enum eng_window_kind kind, int64_t pane)
{
    return kind == ENG_WINDOW_ROLLING ? pane + 1
                                      : eng_calendar_period_next(model->calendar, kind, pane);
}

/* Does the last event complete a row? All events of the award are gone through: one in the period
 * behind the newest lengthens the row, one in a later period begins another. */
static bool completes_row(const struct pay *pay, unsigned index)
{
    const struct eng_model *model = pay->naive->model;
    const struct eng_award *award = &model->awards[index];
    int64_t next = INT64_MIN;
    uint32_t row = 0;
    bool complete = false;
    for (size_t i = 0; i < pay->partner->fact_count; i++) {
        const struct fact *fact = &pay->partner->facts[i];
        if (!(fact->paid_for >> index & 1))
            continue;
        int64_t first = begin_of(model, award->streak_of, fact->pane);
        bool newer = row == 0 || first >= next;
        if (newer) {
            row = row > 0 && first == next ? row + 1 : 1;
            next = end_of(model, award->streak_of, fact->pane);
        }
        complete = newer && row % award->streak == 0;
    }
    return complete;
}

static bool was_paid(const struct pay *pay, unsigned index, int64_t *ret_pane)
{
    bool paid = false;
    for (size_t i = 0; i < pay->partner->payment_count; i++) {
        const struct payment *payment = &pay->partner->payments[i];
        if (payment->award != index)
            continue;
        if (!paid || payment->pane > *ret_pane)
            *ret_pane = payment->pane;
        paid = true;
    }
    return paid;
}

/* How many events of the award there are in some panes. */
static uint64_t count(const struct pay *pay, const struct eng_award *award, int64_t first,
                      int64_t last)
{
    uint64_t found = 0;
    for (size_t i = 0; i < pay->partner->fact_count; i++) {
        const struct fact *fact = &pay->partner->facts[i];
        found += fact->counted && fact->pane >= first && fact->pane <= last &&
                 eng_action_set_has(&award->actions, fact->action);
    }
    return found;
}

static bool is_nth(const struct pay *pay, unsigned index)
{
    const struct eng_model *model = pay->naive->model;
    const struct eng_award *award = &model->awards[index];
    int64_t pane = pay->fact.pane, paid = 0;
    if (award->nth_window != ENG_WINDOW_ROLLING)
        return count(pay, award, begin_of(model, award->nth_window, pane),
                     end_of(model, award->nth_window, pane) - 1) == award->nth;
    if (was_paid(pay, index, &paid) && pane - paid < (int64_t)award->nth_panes)
        return false;
    return count(pay, award, pane - (int64_t)award->nth_panes + 1, pane) >= award->nth;
}

static bool is_in_time(const struct pay *pay, unsigned index)
{
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < pay->partner->fact_count; i++)
        if (pay->partner->facts[i].begins >> index & 1 && pay->partner->facts[i].pane > newest)
            newest = pay->partner->facts[i].pane;
    return newest != INT64_MIN && pay->fact.pane >= newest &&
           pay->fact.pane <= newest + (int64_t)pay->naive->model->awards[index].within;
}

/* The nearest ten-thousandth, of two the greater one. */
static int64_t worth(const struct eng_award *award, const struct fact *fact)
{
    if (award->points_e4 > 0)
        return award->points_e4;
    if (fact->value_e4 == ENG_VALUE_NONE || fact->value_e4 <= 0)
        return 0;
    __int128 product = (__int128)fact->value_e4 * award->rate_e4;
    __int128 points = product / 10000 + (product % 10000 >= 5000);
    return points > ENG_BOOKING_MAX_E4 ? ENG_BOOKING_MAX_E4 : (int64_t)points;
}

static bool is_due(const struct pay *pay, unsigned index)
{
    const struct eng_award *award = &pay->naive->model->awards[index];
    int64_t paid = 0;
    if (worth(award, &pay->fact) == 0 || (award->first && was_paid(pay, index, &paid)))
        return false;
    return (award->streak == 0 || completes_row(pay, index)) &&
           (award->nth == 0 || is_nth(pay, index)) &&
           (award->within == 0 || is_in_time(pay, index));
}

/* What was booked in the period of the event before it. */
static __int128 booked(const struct pay *pay, const struct eng_ledger *ledger)
{
    const struct eng_model *model = pay->naive->model;
    int64_t first = begin_of(model, ledger->per, pay->fact.pane);
    int64_t next = end_of(model, ledger->per, pay->fact.pane);
    __int128 sum = 0;
    for (size_t i = 0; i < pay->partner->fact_count; i++) {
        const struct fact *fact = &pay->partner->facts[i];
        if (fact->counted && fact->summed && fact->action == ledger->entry && fact->pane >= first &&
            fact->pane < next)
            sum += fact->value_e4;
    }
    return sum;
}

static void book(struct pay *pay, unsigned index, unsigned to)
{
    const struct eng_model *model = pay->naive->model;
    const struct eng_ledger *ledger = &model->ledgers[to];
    const struct eng_measure *balance = &model->measures[ledger->balance];
    int64_t points = worth(&model->awards[index], &pay->fact), amount = points;
    if (ledger->cap_e4 > 0) {
        __int128 left = ledger->cap_e4 - booked(pay, ledger) - pay->amount_e4[to];
        left = left < 0 ? 0 : left;
        amount = left < amount ? (int64_t)left : amount;
    }
    pay->amount_e4[to] += amount;
    struct eng_effect effect = naive_effect(ENG_EFFECT_AWARD_BOOKING, index, pay->why);
    effect.ledger = (uint16_t)to;
    effect.status = ENG_BOOKED;
    effect.amount_e4 = amount;
    effect.cut_e4 = points - amount;
    effect.balance_e4 = naive_measure(pay->naive, pay->partner, balance, pay->why->pane).value_e4;
    if (pay->fact.pane >=
        naive_window_first(model, balance->window, balance->panes, pay->why->pane))
        effect.balance_e4 += pay->amount_e4[to];
    effect.occurred_at_ms = pay->fact.time_ms;
    naive_emit(pay->naive, pay->partner, &effect, NULL, NULL);
}

/* What is booked becomes an event of the ledger. */
static void enter(const struct pay *pay, unsigned ledger)
{
    struct fact fact = {.time_ms = pay->fact.time_ms,
                        .value_e4 = pay->amount_e4[ledger],
                        .pane = pay->fact.pane,
                        .clock_pane = pay->fact.clock_pane,
                        .action = pay->naive->model->ledgers[ledger].entry};
    naive_note(pay->naive->model, &fact);
    naive_add_fact(pay->partner, &fact);
}

void naive_awards(struct naive *naive, struct partner *partner, const struct occasion *why)
{
    const struct eng_model *model = naive->model;
    struct pay pay = {
        .naive = naive, .partner = partner, .fact = partner->facts[partner->fact_count - 1]};
    pay.why = why;
    for (unsigned i = 0; i < model->award_count; i++) {
        if (!(pay.fact.paid_for >> i & 1) || !is_due(&pay, i))
            continue;
        partner->payments = naive_grow(partner->payments, partner->payment_count,
                                       &partner->payment_capacity, sizeof *partner->payments);
        partner->payments[partner->payment_count++] = (struct payment){i, pay.fact.pane};
        for (unsigned ledger = 0; ledger < model->ledger_count; ledger++)
            if (model->awards[i].ledgers >> ledger & 1)
                book(&pay, i, ledger);
    }
    for (unsigned ledger = 0; ledger < model->ledger_count; ledger++)
        if (pay.amount_e4[ledger] > 0)
            enter(&pay, ledger);
}

void naive_view_ledger(const struct naive *naive, const struct partner *partner, unsigned ledger,
                       struct eng_view_ledger *ret)
{
    const struct eng_model *model = naive->model;
    int64_t pane = eng_calendar_pane(model->calendar, naive->clock_ms);
    const struct eng_measure *measures = model->measures;
    ret->earned_e4 =
        naive_measure(naive, partner, &measures[model->ledgers[ledger].earned], pane).value_e4;
    ret->balance_e4 =
        naive_measure(naive, partner, &measures[model->ledgers[ledger].balance], pane).value_e4;
    ret->expired_e4 = ret->earned_e4 - ret->balance_e4;
}
