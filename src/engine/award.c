/* Awards and ledgers: points for what partners do.
 *
 * An event that has been counted goes through the awards of its action in file order, and each says
 * whether it pays, from what is known then: events that come later do not change it. What is paid
 * belongs to the event's own pane, however late it comes. To each ledger one sum is booked an
 * event, as an event of the ledger's entry with that value; windows, expiry, sums and changes of
 * the model are then those of SUM measures, and a booking that expires is a pane that leaves a
 * window.
 *
 * What an award notes of a partner, in the fixed part, by what it asks:
 *
 *     first, nth in days    the newest pane that it was paid in
 *     within                the newest pane of its anchors
 *     streak                the first pane of the last period with an event, and how many in a row
 *
 * The nth of a window is told from the cells of its actions, and what a cap has left of a period
 * from the sums of the ledger's panes, so these need no state. A window of either may end with the
 * oldest pane that is not late, which is what retention adds to its length (layout.c).
 *
 * What has to be approved, and what may be undone, is in claim.c. */
#include "engine/award.h"

/* Panes as stored: 0 is never, and the first pane is -1. */
enum { PANE_STORED = 2 };

/* Panes from `first` on, before `next`. */
struct award_span {
    int64_t first, next;
};

/* ---- windows that end with an event ---- */

/* The calendar period of a pane, or the panes up to and with it. */
static struct award_span award_span_of(const struct eng_engine *engine, enum eng_window_kind kind,
                                       uint32_t panes, int32_t pane)
{
    const struct eng_calendar *calendar = engine->model->calendar;
    eng_assert(kind == ENG_WINDOW_ROLLING || is_calendar(kind));
    eng_assert(pane >= -1);
    if (kind == ENG_WINDOW_ROLLING)
        return (struct award_span){(int64_t)pane + 1 - panes, (int64_t)pane + 1};
    return (struct award_span){eng_calendar_period_first(calendar, kind, pane),
                               eng_calendar_period_next(calendar, kind, pane)};
}

/* What has been booked. */
static eng_wide booked_in(const struct eng_engine *engine, const struct eng_record *record,
                          const struct eng_ledger *ledger, struct award_span span)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums = eng_record_list(record, layout->list_sums, ENG_SUM_BYTES);
    eng_wide booked = 0;
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    eng_assert(ledger->entry < engine->model->action_count);
    for (uint32_t i = sums.count; i-- > 0;) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        if (element.pane < span.first)
            break;
        if (element.pane < span.next && element.cell == layout->cell_of_action[ledger->entry])
            booked += element.sum;
    }
    return booked;
}

/* ---- whether an award pays ---- */

/* Takes a pane into the days or periods in a row. True when it completes them: at the nth in a row,
 * and again each n later. One that is older than the last one changes nothing. */
static bool award_count_streak(struct eng_engine *engine, unsigned index, int32_t pane)
{
    const struct eng_award *award = &engine->model->awards[index];
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->awards[index].streak);
    struct award_span span = award_span_of(engine, award->streak_of, 1, pane);
    int32_t last = eng_load_i32(place);
    uint32_t length = eng_load_u32(place + 4);
    int64_t before = span.first - 1;
    eng_assert(award->streak > 1);
    if (length > 0 && span.first <= last)
        return false;
    if (award->streak_of != ENG_WINDOW_ROLLING && before >= -1) /* west of Greenwich 1970 has one */
        before = award_span_of(engine, award->streak_of, 1, (int32_t)before).first;
    length = length > 0 && before == last ? length + 1 : 1;
    eng_store_i32(place, (int32_t)span.first);
    eng_store_u32(place + 4, length);
    return length % award->streak == 0;
}

/* The nth in its calendar period; or in so many panes, once in as many. */
static bool award_is_nth(const struct eng_engine *engine, unsigned index, int32_t pane)
{
    const struct eng_award *award = &engine->model->awards[index];
    struct award_span span = award_span_of(engine, award->nth_window, award->nth_panes, pane);
    uint64_t count = eng_measure_count_in(engine, &award->actions, span.first, span.next);
    eng_assert(award->nth > 0);
    if (award->nth_window != ENG_WINDOW_ROLLING)
        return count == award->nth;
    const uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->awards[index].paid);
    int32_t paid = eng_load_i32(place);
    eng_assert(engine->layout->awards[index].paid != 0);
    return count >= award->nth &&
           (paid == 0 || pane >= (int64_t)paid - PANE_STORED + award->nth_panes);
}

/* Within the time after the newest anchor. */
static bool award_is_within(const struct eng_engine *engine, unsigned index, int32_t pane)
{
    const struct eng_award *award = &engine->model->awards[index];
    int32_t stored =
        eng_load_i32(eng_record_fixed(&engine->hand, engine->layout->awards[index].anchor));
    int64_t after = (int64_t)pane - ((int64_t)stored - PANE_STORED);
    eng_assert(award->within > 0);
    return stored != 0 && after >= 0 && after <= award->within;
}

/* Points for the event; 0: it is worth none, or could never be approved. */
static int64_t worth_of(const struct eng_engine *engine, const struct eng_award *award,
                        const struct eng_event *event)
{
    eng_assert(award->points_e4 >= 0);
    eng_assert(award->points_e4 > 0 || award->rate_e4 > 0);
    if (award->pending_for > 0 && eng_award_attribute(engine, event, award->reference).data == NULL)
        return 0;
    if (award->points_e4 > 0)
        return award->points_e4;
    int64_t of_e4 = eng_event_number(engine, event, award->number);
    if (of_e4 == ENG_VALUE_NONE || of_e4 <= 0)
        return 0;
    eng_wide points = ((eng_wide)of_e4 * award->rate_e4 + 5000) / 10000;
    return points < ENG_BOOKING_MAX_E4 ? (int64_t)points : ENG_BOOKING_MAX_E4;
}

/* Points that the award pays for the event; notes that it does. */
static int64_t award_pay(struct eng_engine *engine, unsigned index, const struct eng_event *event,
                         int32_t pane)
{
    const struct eng_award *award = &engine->model->awards[index];
    const struct eng_award_layout *place = &engine->layout->awards[index];
    int64_t points_e4 = worth_of(engine, award, event);
    bool pays = award->streak == 0 || award_count_streak(engine, index, pane);
    eng_assert(index < engine->model->award_count);
    if (!pays || points_e4 == 0 || (award->nth > 0 && !award_is_nth(engine, index, pane)) ||
        (award->within > 0 && !award_is_within(engine, index, pane)))
        return 0;
    if (place->paid == 0)
        return points_e4;
    uint8_t *paid = eng_record_fixed(&engine->hand, place->paid);
    if (award->first && eng_load_i32(paid) != 0)
        return 0;
    if (pane + PANE_STORED > eng_load_i32(paid))
        eng_store_i32(paid, pane + PANE_STORED);
    return points_e4;
}

/* ---- booking ---- */

int64_t eng_award_room(const struct eng_engine *engine, const struct eng_payment *payment,
                       unsigned index, int64_t points_e4)
{
    const struct eng_ledger *ledger = &engine->model->ledgers[index];
    eng_assert(index < engine->model->ledger_count);
    eng_assert(points_e4 > 0);
    if (ledger->cap_e4 == 0)
        return points_e4;
    eng_wide booked = booked_in(engine, &engine->hand, ledger,
                                award_span_of(engine, ledger->per, 0, payment->pane));
    eng_wide left = ledger->cap_e4 - booked - payment->amount_e4[index];
    return left <= 0 ? 0 : left < points_e4 ? (int64_t)left : points_e4;
}

static eng_wide ledger_value(const struct eng_engine *engine, const struct eng_record *record,
                             unsigned measure)
{
    bool missing;
    eng_assert(measure < engine->model->measure_count);
    eng_assert(engine->model->measures[measure].kind == ENG_SUM);
    return eng_measure_value(engine, record, measure, &missing);
}

void eng_award_tell(struct eng_engine *engine, const struct eng_payment *payment,
                    const struct eng_booking *booking)
{
    unsigned balance = engine->model->ledgers[booking->ledger].balance;
    struct eng_effect *effect = eng_effect_begin_bare(engine, payment->evaluation, 0);
    eng_assert(booking->award < engine->model->award_count);
    eng_assert(booking->ledger < engine->model->ledger_count);
    engine->counters.award_bookings++;
    if (effect == NULL)
        return;
    eng_wide held = ledger_value(engine, &engine->hand, balance);
    if (in_window(&engine->now, &engine->model->measures[balance], payment->pane))
        held += payment->amount_e4[booking->ledger]; /* else it has expired already */
    effect->kind = ENG_EFFECT_AWARD_BOOKING;
    effect->subject = (uint16_t)booking->award;
    effect->ledger = (uint16_t)booking->ledger;
    effect->status = (uint8_t)booking->status;
    effect->amount_e4 = booking->amount_e4;
    effect->balance_e4 = eng_saturate(held);
    effect->cut_e4 = booking->cut_e4;
    effect->occurred_at_ms = payment->occurred_at_ms;
}

void eng_award_enter(struct eng_engine *engine, const struct eng_payment *payment)
{
    eng_assert(payment->pane <= engine->now.pane);
    eng_assert(engine->model->ledger_count <= ENG_LEDGERS_MAX);
    for (uint32_t i = 0; i < engine->model->ledger_count; i++)
        if (payment->amount_e4[i] != 0)
            eng_measure_book(engine, engine->model->ledgers[i].entry, payment->pane,
                             payment->amount_e4[i]);
}

struct eng_slice eng_award_attribute(const struct eng_engine *engine, const struct eng_event *event,
                                     unsigned attribute)
{
    static const struct eng_slice none;
    eng_assert(attribute < engine->model->attribute_count);
    eng_assert(event != NULL);
    uint8_t slot = engine->slots[attribute];
    return event->attributes != NULL && slot != ENG_NO_SLOT ? event->attributes[slot] : none;
}

/* What is kept of an event's payment, and of what is paid for it. */
static struct eng_claim claim_of(const struct eng_event *event, unsigned award, int64_t amount_e4)
{
    eng_assert(award < ENG_AWARDS_MAX);
    eng_assert(amount_e4 > 0);
    return (struct eng_claim){
        .id = event->id.data != NULL ? eng_hash(event->id.data, event->id.length) : 0,
        .offset = event->offset,
        .time_ms = event->time_ms,
        .amount_e4 = amount_e4,
        .award = (uint8_t)award};
}

/* Notes and tells points for each ledger of an award. */
static void award_book(struct eng_engine *engine, struct eng_payment *payment,
                       const struct eng_event *event, unsigned index, int64_t points_e4)
{
    const struct eng_award *award = &engine->model->awards[index];
    uint32_t ledgers = award->ledgers;
    eng_assert(points_e4 > 0);
    eng_assert(ledgers != 0 && ledgers >> engine->model->ledger_count == 0);
    for (; ledgers != 0; ledgers &= ledgers - 1) {
        struct eng_booking booking = {.award = index, .ledger = (unsigned)__builtin_ctz(ledgers)};
        booking.amount_e4 = eng_award_room(engine, payment, booking.ledger, points_e4);
        booking.cut_e4 = points_e4 - booking.amount_e4;
        payment->amount_e4[booking.ledger] += booking.amount_e4;
        eng_award_tell(engine, payment, &booking);
        if (award->reversible_for == 0 || booking.amount_e4 == 0 || event->id.data == NULL)
            continue;
        struct eng_claim claim = claim_of(event, index, booking.amount_e4);
        claim.ledger = (uint8_t)booking.ledger;
        eng_claim_keep(engine, &claim, UINT32_MAX);
    }
}

/* Keeps points until somebody has decided. */
static void award_pend(struct eng_engine *engine, const struct eng_payment *payment,
                       const struct eng_event *event, unsigned index, int64_t points_e4)
{
    const struct eng_award *award = &engine->model->awards[index];
    struct eng_slice reference = eng_award_attribute(engine, event, award->reference);
    struct eng_claim claim = claim_of(event, index, points_e4);
    eng_assert(award->pending_for > 0);
    eng_assert(reference.data != NULL);
    claim.reference = eng_hash(reference.data, reference.length);
    claim.ledger = ENG_CLAIM_PENDING;
    eng_claim_keep(engine, &claim, UINT32_MAX);
    for (uint32_t ledgers = award->ledgers; ledgers != 0; ledgers &= ledgers - 1) {
        struct eng_booking booking = {.award = index,
                                      .ledger = (unsigned)__builtin_ctz(ledgers),
                                      .status = ENG_PENDING,
                                      .amount_e4 = points_e4};
        eng_award_tell(engine, payment, &booking);
    }
}

/* An event that a time begins with. */
static void award_note_anchor(struct eng_engine *engine, unsigned index, int32_t pane)
{
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->awards[index].anchor);
    eng_assert(engine->layout->awards[index].anchor != 0);
    eng_assert(pane <= engine->now.pane);
    if (pane + PANE_STORED > eng_load_i32(place))
        eng_store_i32(place, pane + PANE_STORED);
}

void eng_awards_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                      int32_t pane, const struct eng_evaluation *evaluation)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_payment payment = {
        .evaluation = evaluation, .pane = pane, .occurred_at_ms = event->time_ms};
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane && engine->hand.partner->as_of == engine->now.pane);
    if (eng_action_set_has(&layout->settles, action))
        eng_claims_settle(engine, event, action, evaluation);
    for (uint32_t i = layout->action_awards_first[action];
         i < layout->action_awards_first[action + 1]; i++) {
        unsigned award = layout->action_awards[i];
        if (!eng_action_set_has(&engine->model->awards[award].actions, action)) {
            award_note_anchor(engine, award, pane);
            continue;
        }
        int64_t points_e4 = award_pay(engine, award, event, pane);
        if (points_e4 > 0 && engine->model->awards[award].pending_for > 0)
            award_pend(engine, &payment, event, award, points_e4);
        else if (points_e4 > 0)
            award_book(engine, &payment, event, award, points_e4);
    }
    eng_award_enter(engine, &payment);
}

/* ---- looking ---- */

void eng_award_view(const struct eng_engine *engine, const struct eng_record *record,
                    unsigned ledger, struct eng_view_ledger *ret_ledger)
{
    eng_assert(ledger < engine->model->ledger_count);
    eng_assert(ret_ledger != NULL);
    eng_wide earned = ledger_value(engine, record, engine->model->ledgers[ledger].earned);
    eng_wide balance = ledger_value(engine, record, engine->model->ledgers[ledger].balance);
    *ret_ledger = (struct eng_view_ledger){eng_saturate(balance), eng_saturate(earned),
                                           eng_saturate(earned - balance)};
}

void eng_awards_check(const struct eng_engine *engine, const struct eng_record *record)
{
    for (uint32_t i = 0; i < engine->model->award_count; i++) {
        const struct eng_award_layout *place = &engine->layout->awards[i];
        int32_t newest = record->partner->as_of;
        if (place->paid != 0)
            eng_assert(eng_load_i32(eng_record_fixed(record, place->paid)) <= newest + PANE_STORED);
        if (place->anchor != 0)
            eng_assert(eng_load_i32(eng_record_fixed(record, place->anchor)) <=
                       newest + PANE_STORED);
        if (place->streak != 0)
            eng_assert(eng_load_u32(eng_record_fixed(record, place->streak) + 4) == 0 ||
                       eng_load_i32(eng_record_fixed(record, place->streak)) <= newest);
    }
}
