/* Paying: what award.c and claim.c share. See award.c. */
#ifndef ENG_ENGINE_AWARD_H
#define ENG_ENGINE_AWARD_H

#include "engine/measure.h"

/* What is booked in one go, by ledger: all of it in one pane. */
struct eng_payment {
    const struct eng_evaluation *evaluation;
    int32_t pane;
    int64_t occurred_at_ms; /* of the event that is paid */
    int64_t amount_e4[ENG_LEDGERS_MAX];
};

/* Points of an award for a ledger, and what becomes of them. */
struct eng_booking {
    unsigned award, ledger;
    enum eng_booking_status status;
    int64_t amount_e4, cut_e4;
};

/* What may be settled later, as kept in the record (claim.c). */
struct eng_claim {
    uint64_t id;        /* hash of the id of the event that is paid; 0: it has none */
    uint64_t reference; /* PENDING: hash of what its decision refers to */
    uint64_t offset;    /* of the event in the input: what tells events apart */
    int64_t time_ms;    /* of the event */
    int64_t amount_e4;  /* booked; pending: what would be */
    uint8_t award, ledger;
};

enum { ENG_CLAIM_PENDING = 0xFF }; /* in place of a ledger */

/* What of some points the ledger still takes in the period of the payment's pane. */
int64_t eng_award_room(const struct eng_engine *engine, const struct eng_payment *payment,
                       unsigned ledger, int64_t points_e4);

/* Tells a booking; what is booked is in the payment's amounts already. */
void eng_award_tell(struct eng_engine *engine, const struct eng_payment *payment,
                    const struct eng_booking *booking);

/* Counts the amounts into the ledgers. */
void eng_award_enter(struct eng_engine *engine, const struct eng_payment *payment);

/* An attribute of the event in hand, by the model's index; data NULL: it has none. */
struct eng_slice eng_award_attribute(const struct eng_engine *engine, const struct eng_event *event,
                                     unsigned attribute);

/* Keeps a claim at the place `index`, or at the end (UINT32_MAX). Cannot fail after prepare. */
void eng_claim_keep(struct eng_engine *engine, const struct eng_claim *claim, uint32_t index);

/* Approves, drops or reverses what an event of `action` refers to. */
void eng_claims_settle(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                       const struct eng_evaluation *evaluation);

#endif
