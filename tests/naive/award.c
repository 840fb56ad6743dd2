/* Awards by reading all that a partner did, in the order in which it came. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
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
    if (award->pending_for > 0 && fact->attributes[award->reference].data == NULL)
        return 0;
    if (award->points_e4 > 0)
        return award->points_e4;
    int64_t of = award->number > 0 ? fact->numbers[award->number - 1] : fact->value_e4;
    if (of == ENG_VALUE_NONE || of <= 0)
        return 0;
    __int128 product = (__int128)of * award->rate_e4;
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

static void tell(struct pay *pay, unsigned index, unsigned to, enum eng_booking_status status,
                 const int64_t amounts[2])
{
    const struct eng_model *model = pay->naive->model;
    const struct eng_measure *balance = &model->measures[model->ledgers[to].balance];
    struct eng_effect effect = naive_effect(ENG_EFFECT_AWARD_BOOKING, index, pay->why);
    effect.ledger = (uint16_t)to;
    effect.status = (uint8_t)status;
    effect.amount_e4 = amounts[0];
    effect.cut_e4 = amounts[1];
    effect.balance_e4 = naive_measure(pay->naive, pay->partner, balance, pay->why->pane).value_e4;
    if (pay->fact.pane >=
        naive_window_first(model, balance->window, balance->panes, pay->why->pane))
        effect.balance_e4 += pay->amount_e4[to];
    effect.occurred_at_ms = pay->fact.time_ms;
    naive_emit(pay->naive, pay->partner, &effect, NULL, NULL);
}

/* Points for a ledger; returns what it takes of them. */
static int64_t book(struct pay *pay, unsigned index, unsigned to, int64_t points)
{
    const struct eng_ledger *ledger = &pay->naive->model->ledgers[to];
    int64_t amount = points;
    if (ledger->cap_e4 > 0) {
        __int128 left = ledger->cap_e4 - booked(pay, ledger) - pay->amount_e4[to];
        left = left < 0 ? 0 : left;
        amount = left < amount ? (int64_t)left : amount;
    }
    pay->amount_e4[to] += amount;
    tell(pay, index, to, ENG_BOOKED, (int64_t[]){amount, points - amount});
    return amount;
}

/* ---- claims ---- */

void naive_forget_claim(struct claim *claim)
{
    free(claim->id);
    free(claim->reference);
}

static char *copy(const char *data, uint32_t bytes)
{
    if (data == NULL)
        return NULL;
    char *text = calloc(1, (size_t)bytes + 1);
    eng_assert(text != NULL);
    memcpy(text, data, bytes);
    return text;
}

/* Puts a claim behind so many others. */
static void keep(struct partner *partner, struct claim claim, size_t place)
{
    partner->claims = naive_grow(partner->claims, partner->claim_count, &partner->claim_capacity,
                                 sizeof *partner->claims);
    memmove(partner->claims + place + 1, partner->claims + place,
            (partner->claim_count++ - place) * sizeof *partner->claims);
    partner->claims[place] = claim;
}

static struct claim claim_of(const struct pay *pay, unsigned award, int64_t amount)
{
    const struct fact *fact = &pay->fact;
    const struct eng_slice *reference =
        &fact->attributes[pay->naive->model->awards[award].reference];
    bool pending = pay->naive->model->awards[award].pending_for > 0;
    return (struct claim){.id = copy(fact->id, fact->id_bytes),
                          .reference = pending ? copy(reference->data, reference->length) : NULL,
                          .offset = pay->why->origin,
                          .time_ms = fact->time_ms,
                          .pane = fact->pane,
                          .amount_e4 = amount,
                          .award = award,
                          .pending = pending};
}

/* Pays, or waits for somebody to approve. */
static void promise(struct pay *pay, unsigned index)
{
    const struct eng_model *model = pay->naive->model;
    const struct eng_award *award = &model->awards[index];
    int64_t points = worth(award, &pay->fact);
    if (award->pending_for > 0)
        keep(pay->partner, claim_of(pay, index, points), pay->partner->claim_count);
    for (unsigned ledger = 0; ledger < model->ledger_count; ledger++) {
        if (!(award->ledgers >> ledger & 1))
            continue;
        if (award->pending_for > 0) {
            tell(pay, index, ledger, ENG_PENDING, (int64_t[]){points, 0});
            continue;
        }
        int64_t amount = book(pay, index, ledger, points);
        if (award->reversible_for == 0 || amount == 0 || pay->fact.id == NULL)
            continue;
        struct claim claim = claim_of(pay, index, amount);
        claim.ledger = ledger;
        keep(pay->partner, claim, pay->partner->claim_count);
    }
}

static bool is_text(const struct eng_slice *text, const char *other)
{
    return text->data != NULL && other != NULL && text->length == strlen(other) &&
           memcmp(text->data, other, text->length) == 0;
}

/* What the event makes of a claim: -1: nothing. */
static int fate_of(const struct naive *naive, const struct fact *fact, const struct claim *claim)
{
    if (claim->over)
        return -1; /* its award may not even be there any more */
    const struct eng_award *award = &naive->model->awards[claim->award];
    int64_t age = fact->clock_pane - claim->pane;
    uint32_t most = claim->pending ? award->pending_for : award->reversible_for;
    if (age >= (int64_t)most)
        return -1;
    if (claim->pending && is_text(&fact->attributes[award->reference], claim->reference)) {
        if (eng_action_set_has(&award->approves, fact->action))
            return ENG_BOOKED;
        if (eng_action_set_has(&award->drops, fact->action))
            return ENG_DROPPED;
    }
    if (award->reversible_for > 0 && eng_action_set_has(&award->reverses, fact->action) &&
        is_text(&fact->attributes[award->original], claim->id))
        return claim->pending ? ENG_DROPPED : ENG_REVERSED;
    return -1;
}

static void settle_one(struct pay *pay, size_t place, int fate)
{
    struct partner *partner = pay->partner;
    const struct eng_model *model = pay->naive->model;
    struct claim claim = partner->claims[place];
    const struct eng_award *award = &model->awards[claim.award];
    partner->claims[place].over = true;
    if (fate == ENG_REVERSED) {
        pay->amount_e4[claim.ledger] -= claim.amount_e4;
        tell(pay, claim.award, claim.ledger, ENG_REVERSED, (int64_t[]){-claim.amount_e4, 0});
        return;
    }
    for (unsigned ledger = 0; ledger < model->ledger_count; ledger++) {
        if (!(award->ledgers >> ledger & 1))
            continue;
        if (fate == ENG_DROPPED) {
            tell(pay, claim.award, ledger, ENG_DROPPED, (int64_t[]){claim.amount_e4, 0});
            continue;
        }
        struct claim taken = claim;
        taken.amount_e4 = book(pay, claim.award, ledger, claim.amount_e4);
        if (award->reversible_for == 0 || taken.amount_e4 == 0 || claim.id == NULL)
            continue;
        taken.id = copy(claim.id, (uint32_t)strlen(claim.id));
        taken.reference = NULL;
        taken.ledger = ledger;
        taken.pending = false;
        keep(partner, taken, ++place);
    }
}

static void enter(const struct pay *pay, unsigned ledger);

static void enter_all(const struct pay *pay)
{
    for (unsigned ledger = 0; ledger < pay->naive->model->ledger_count; ledger++)
        if (pay->amount_e4[ledger] != 0)
            enter(pay, ledger);
}

/* Settles what one other event was promised or paid, the first that this one can mean. */
static void settle(struct naive *naive, struct partner *partner, const struct fact *fact,
                   const struct occasion *why)
{
    struct pay pay = {.naive = naive, .partner = partner, .why = why};
    bool found = false;
    uint64_t offset = 0;
    for (size_t i = 0; i < partner->claim_count; i++) {
        const struct claim *claim = &partner->claims[i];
        int fate = fate_of(naive, fact, claim);
        if (fate < 0 || (found && claim->offset != offset))
            continue;
        found = true;
        offset = claim->offset;
        pay.fact = (struct fact){
            .time_ms = claim->time_ms, .pane = claim->pane, .clock_pane = fact->clock_pane};
        size_t before = partner->claim_count;
        settle_one(&pay, i, fate);
        i += partner->claim_count - before; /* what was kept of it is not settled again */
    }
    if (found)
        enter_all(&pay);
    else
        naive->counters.award_unmatched++;
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
    bool settles = false;
    pay.why = why;
    for (unsigned i = 0; i < model->award_count; i++)
        settles |= eng_action_set_has(&model->awards[i].approves, pay.fact.action) ||
                   eng_action_set_has(&model->awards[i].drops, pay.fact.action) ||
                   eng_action_set_has(&model->awards[i].reverses, pay.fact.action);
    if (settles)
        settle(naive, partner, &pay.fact, why);
    for (unsigned i = 0; i < model->award_count; i++) {
        if (!(pay.fact.paid_for >> i & 1) || !is_due(&pay, i))
            continue;
        partner->payments = naive_grow(partner->payments, partner->payment_count,
                                       &partner->payment_capacity, sizeof *partner->payments);
        partner->payments[partner->payment_count++] = (struct payment){i, pay.fact.pane};
        promise(&pay, i);
    }
    enter_all(&pay);
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
