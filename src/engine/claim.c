/* Claims: what an award has promised or booked, as long as that may still change.
 *
 *              approved                    reversed
 *     pending ---------> booked --------------------------> (taken out)
 *        |                  |  no more after reversible_for
 *        |  dropped, reversed, or nobody has decided for its time
 *        v
 *     (forgotten)
 *
 * They are a list in the order of arrival, those of one event one behind the other: a pending one
 * for an award, booked ones for each of its ledgers that took anything. Ids and references are kept
 * as hashes, as those of duplicates are. Whatever is settled is booked in the pane of the event
 * that was paid: an approval at the cap that its period has left then, a reversal as an amount less
 * than 0, which gives the cap back.
 *
 * An event settles claims of one other event, the oldest that it fits, so all that it books is of
 * one pane. Claims whose time is over are passed over, and dropped when the record is caught up. */
#include "engine/award.h"
#include "engine/carry.h"

/* ---- as kept ---- */

static struct eng_claim load_claim(const uint8_t *from)
{
    return (struct eng_claim){.id = eng_load_u64(from),
                              .reference = eng_load_u64(from + 8),
                              .offset = eng_load_u64(from + 16),
                              .time_ms = eng_load_i64(from + 24),
                              .amount_e4 = eng_load_i64(from + 32),
                              .award = from[40],
                              .ledger = from[41]};
}

static void store_claim(uint8_t *to, const struct eng_claim *claim)
{
    eng_store_u64(to, claim->id);
    eng_store_u64(to + 8, claim->reference);
    eng_store_u64(to + 16, claim->offset);
    eng_store_i64(to + 24, claim->time_ms);
    eng_store_i64(to + 32, claim->amount_e4);
    to[40] = claim->award;
    to[41] = claim->ledger;
}

static struct eng_list claims_of(const struct eng_engine *engine)
{
    eng_assert(engine->layout->list_claims != ENG_NO_INDEX);
    return eng_record_list(&engine->hand, engine->layout->list_claims, ENG_CLAIM_BYTES);
}

void eng_claim_keep(struct eng_engine *engine, const struct eng_claim *claim, uint32_t index)
{
    struct eng_list claims = claims_of(engine);
    eng_assert(claim->award < engine->model->award_count);
    eng_assert(claim->ledger == ENG_CLAIM_PENDING || claim->ledger < engine->model->ledger_count);
    index = index < claims.count ? index : claims.count;
    store_claim(eng_record_insert(&engine->store, &engine->hand, engine->layout->list_claims, index,
                                  ENG_CLAIM_BYTES),
                claim);
}

/* True while a claim may be settled, the clock being in `pane`. */
static bool is_alive(const struct eng_model *model, const struct eng_claim *claim, int32_t pane)
{
    const struct eng_award *award = &model->awards[claim->award];
    uint32_t panes =
        claim->ledger == ENG_CLAIM_PENDING ? award->pending_for : award->reversible_for;
    eng_assert(claim->award < model->award_count);
    return pane - eng_calendar_pane(model->calendar, claim->time_ms) < (int64_t)panes;
}

void eng_claims_expire(struct eng_engine *engine, int32_t pane)
{
    struct eng_list claims = claims_of(engine);
    uint32_t kept = 0;
    eng_assert(pane <= engine->now.pane);
    for (uint32_t i = 0; i < claims.count; i++) {
        uint8_t *at = claims.data + (size_t)i * ENG_CLAIM_BYTES;
        struct eng_claim claim = load_claim(at);
        if (!is_alive(engine->model, &claim, pane))
            continue;
        if (kept != i)
            memmove(claims.data + (size_t)kept * ENG_CLAIM_BYTES, at, ENG_CLAIM_BYTES);
        kept++;
    }
    eng_record_erase(&engine->hand, engine->layout->list_claims, kept, claims.count - kept,
                     ENG_CLAIM_BYTES);
}

bool eng_claim_carry(const struct eng_change *change, uint8_t *claim)
{
    struct eng_claim moved = load_claim(claim);
    bool pending = moved.ledger == ENG_CLAIM_PENDING;
    uint16_t award = change->claim[moved.award];
    uint16_t ledger = pending ? (uint16_t)ENG_CLAIM_PENDING : change->ledger[moved.ledger];
    eng_assert(moved.award < change->from->award_count);
    eng_assert(pending || moved.ledger < change->from->ledger_count);
    if (award == ENG_CHANGE_NONE || ledger == ENG_CHANGE_NONE)
        return false;
    const struct eng_award *to = &change->to->awards[award];
    moved.award = (uint8_t)award;
    moved.ledger = (uint8_t)ledger;
    store_claim(claim, &moved);
    return (pending ? to->pending_for : to->reversible_for) > 0;
}

/* ---- settling ---- */

/* An event that settles. */
struct settling {
    const struct eng_event *event;
    uint16_t action;
    struct eng_payment payment;
    uint64_t offset; /* of the event that is settled */
    bool found;
};

/* True when the event names a claim's `key` by an attribute. */
static bool names(const struct eng_engine *engine, const struct settling *settling,
                  unsigned attribute, uint64_t key)
{
    struct eng_slice text = eng_award_attribute(engine, settling->event, attribute);
    eng_assert(attribute < ENG_ATTRIBUTES_MAX);
    return text.data != NULL && eng_hash(text.data, text.length) == key;
}

/* What the event makes of a claim; false: nothing. */
static bool decide(const struct eng_engine *engine, const struct settling *settling,
                   const struct eng_claim *claim, enum eng_booking_status *ret_status)
{
    const struct eng_award *award = &engine->model->awards[claim->award];
    bool pending = claim->ledger == ENG_CLAIM_PENDING;
    bool approves = pending && eng_action_set_has(&award->approves, settling->action);
    bool drops = pending && eng_action_set_has(&award->drops, settling->action);
    bool reverses = award->reversible_for > 0 && claim->id != 0 &&
                    eng_action_set_has(&award->reverses, settling->action);
    eng_assert(!approves || !drops);
    if (!is_alive(engine->model, claim, engine->now.pane))
        return false;
    *ret_status = approves ? ENG_BOOKED : pending ? ENG_DROPPED : ENG_REVERSED;
    if ((approves || drops) && names(engine, settling, award->reference, claim->reference))
        return true;
    if (!reverses || !names(engine, settling, award->original, claim->id))
        return false;
    *ret_status = pending ? ENG_DROPPED : ENG_REVERSED;
    return true;
}

/* True when a claim is of the same event as those that were settled before it. */
static bool is_of_same(struct settling *settling, const struct eng_claim *claim)
{
    eng_assert(settling->event != NULL);
    if (settling->found && claim->offset != settling->offset)
        return false;
    settling->found = true;
    settling->offset = claim->offset;
    return true;
}

/* Books what was pending; what may be reversed is kept at `index`. Returns how many are. */
static uint32_t approve(struct eng_engine *engine, struct settling *settling,
                        const struct eng_claim *claim, uint32_t index)
{
    const struct eng_award *award = &engine->model->awards[claim->award];
    struct eng_payment *payment = &settling->payment;
    uint32_t kept = 0;
    eng_assert(claim->ledger == ENG_CLAIM_PENDING);
    for (uint32_t ledgers = award->ledgers; ledgers != 0; ledgers &= ledgers - 1) {
        struct eng_booking booking = {.award = claim->award,
                                      .ledger = (unsigned)__builtin_ctz(ledgers)};
        struct eng_claim booked = *claim;
        booking.amount_e4 = eng_award_room(engine, payment, booking.ledger, claim->amount_e4);
        booking.cut_e4 = claim->amount_e4 - booking.amount_e4;
        payment->amount_e4[booking.ledger] += booking.amount_e4;
        eng_award_tell(engine, payment, &booking);
        booked.ledger = (uint8_t)booking.ledger;
        booked.amount_e4 = booking.amount_e4;
        booked.reference = 0;
        if (award->reversible_for > 0 && booked.id != 0 && booked.amount_e4 > 0)
            eng_claim_keep(engine, &booked, index + kept++);
    }
    eng_assert(kept <= ENG_LEDGERS_MAX);
    return kept;
}

/* Drops what was pending, or takes out what was booked. */
static void undo(struct eng_engine *engine, struct settling *settling,
                 const struct eng_claim *claim, enum eng_booking_status status)
{
    bool reversed = status == ENG_REVERSED;
    uint32_t ledgers = reversed ? 1u << claim->ledger : engine->model->awards[claim->award].ledgers;
    eng_assert(status == ENG_DROPPED || reversed);
    eng_assert(claim->amount_e4 > 0);
    for (; ledgers != 0; ledgers &= ledgers - 1) {
        struct eng_booking booking = {.award = claim->award,
                                      .ledger = (unsigned)__builtin_ctz(ledgers),
                                      .status = status,
                                      .amount_e4 = reversed ? -claim->amount_e4 : claim->amount_e4};
        if (reversed)
            settling->payment.amount_e4[booking.ledger] -= claim->amount_e4;
        eng_award_tell(engine, &settling->payment, &booking);
    }
}

void eng_claims_settle(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                       const struct eng_evaluation *evaluation)
{
    struct settling settling = {
        .event = event, .action = action, .payment = {.evaluation = evaluation}};
    eng_assert(eng_action_set_has(&engine->layout->settles, action));
    eng_assert(engine->layout->list_claims != ENG_NO_INDEX);
    for (uint32_t i = 0; i < claims_of(engine).count;) {
        struct eng_claim claim = load_claim(claims_of(engine).data + (size_t)i * ENG_CLAIM_BYTES);
        enum eng_booking_status status;
        if (!decide(engine, &settling, &claim, &status) || !is_of_same(&settling, &claim)) {
            i++;
            continue;
        }
        settling.payment.occurred_at_ms = claim.time_ms;
        settling.payment.pane = (int32_t)eng_calendar_pane(engine->model->calendar, claim.time_ms);
        eng_record_erase(&engine->hand, engine->layout->list_claims, i, 1, ENG_CLAIM_BYTES);
        if (status == ENG_BOOKED)
            i += approve(engine, &settling, &claim, i);
        else
            undo(engine, &settling, &claim, status);
    }
    if (settling.found)
        eng_award_enter(engine, &settling.payment);
    else
        engine->counters.award_unmatched++;
}
