/* Carrying partners over to another model (S14): a record of the old layout becomes one of the new.
 *
 * Kept is what still answers something: counts and sums per pane and action as far back as the new
 * layout keeps them, ids seen, members, last values, states, runs of streaks, rhythms of silences,
 * openings of alerts, what was told, and the bands. Totals are added up anew. What corresponds to
 * what says the change (change.h). Nothing is told, and nothing is evaluated: the values of scores
 * are the caller's to compute.
 *
 * A last told value stays what it was, so that readers can chain what they are told, and so do its
 * contributions as far as the dimensions are still there; what those that are gone had contributed
 * goes to the others in file order, since contributions add up (S8). Each is at most what its
 * dimension can contribute now, and so is their sum. */
#ifndef ENG_ENGINE_CARRY_H
#define ENG_ENGINE_CARRY_H

#include "engine/change.h"
#include "engine/measure.h"
#include "engine/outlook.h"
#include "engine/store.h"

/* A pane's count of an action, on its way. */
struct eng_carry_cell {
    uint32_t age;
    uint32_t cell; /* of the new layout */
    uint64_t count;
};

struct eng_carry {
    struct eng_change change;
    const struct eng_layout *from, *to; /* borrowed */
    struct eng_outlook *outlook;        /* of the new model, borrowed; made ready for each record */
    /* Of the record in hand; private, like all that follows. */
    uint64_t totals[ENG_MEASURES_MAX]; /* by new measure */
    eng_wide sums[ENG_MEASURES_MAX];
    uint32_t last_age[ENG_MEASURES_MAX]; /* ACTIVE: of the pane counted last */
    struct eng_carry_cell *cells;        /* in the order of a record */
    struct pane_sum *pane_sums;
    uint32_t cell_count, cell_capacity, pane_sum_count, pane_sum_capacity;
    _Alignas(8) uint8_t record[ENG_LIST_END + 1];
};

/* ENG_OK and what it takes to carry records between two layouts (free with eng_carry_free), or
 * ENG_NO_MEMORY. Borrows the layouts. change.measure is still to be chosen: known.h. */
enum eng_status eng_carry_new(const struct eng_layout *from, const struct eng_layout *to,
                              struct eng_carry **ret_carry);

/* NULL is fine. */
void eng_carry_free(struct eng_carry *carry);

/* Replaces the record of a partner, of the old layout, by one of the new: true as of the moment,
 * not due, not armed, the values of its scores 0. The old one has to be caught up to the moment's
 * pane, its runs and openings that no longer matter are dropped. After a reserve of the store.
 * ENG_OK, or ENG_NO_MEMORY (the record is as it was). */
enum eng_status eng_carry_record(struct eng_carry *carry, struct eng_store *store,
                                 const struct eng_moment *now, const struct eng_record *from);

/* claim.c: makes of the bytes of a claim what it is under the new model. False: nothing. */
bool eng_claim_carry(const struct eng_change *change, uint8_t *claim);

uint64_t eng_carry_bytes(const struct eng_carry *carry);

#endif
