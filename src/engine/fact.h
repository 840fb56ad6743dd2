/* Facts: what is known of a partner besides counts, as the newest event that has a say says.
 *
 * A fact is kept in the fixed part of the record, by a measure of the kind FACT:
 *
 *     time + 1 i64 | value u8, or i64 of a number | pane i32, when it does not hold for good
 *
 * time: of the event that decided, by its own time; of two with the same time the one that arrived
 * later decides. 0: there was none. value: 1 or 0 of a flag; of a choice the option, counted from
 * 1, or 0 when it was cleared; of a number itself, or ENG_VALUE_NONE when it was cleared. pane: the
 * first one at whose start the fact holds no longer.
 *
 * An event that sets a choice to a text that is no option of it, or a number to what is none, has
 * no say. What has ended stays written, so that an older event that comes late does not bring back
 * what it said, and a model under which it holds for longer finds it. */
#ifndef ENG_ENGINE_FACT_H
#define ENG_ENGINE_FACT_H

#include "engine/internal.h"

/* What a fact says now. */
struct eng_fact_now {
    bool there;    /* it was set or cleared, and holds */
    bool cleared;  /* of a choice or number: nothing is there either */
    int64_t value; /* as above */
};

/* Bytes of a fact's place in the record. */
uint32_t eng_fact_bytes(const struct eng_model *model, const struct eng_measure *measure);

/* Takes an event of the measure's actions into the partner in hand. */
void eng_fact_count(struct eng_engine *engine, unsigned measure, const struct eng_event *event,
                    uint16_t action);

/* What the fact of a FACT measure says with the clock where it is. */
struct eng_fact_now eng_fact_now(const struct eng_engine *engine, const struct eng_record *record,
                                 unsigned measure);

/* The boundary at which it ends, as a pane after the clock's; ENG_PANE_NEVER: at none. */
int32_t eng_fact_due(const struct eng_engine *engine, const struct eng_record *record,
                     unsigned measure);

/* A READING in 1/10,000. */
int64_t eng_fact_reading(const struct eng_engine *engine, const struct eng_record *record,
                         const struct eng_measure *measure, bool *ret_missing);

/* A number as text, in 1/10,000, the nearest one, a half away from zero: digits, a point, an
 * exponent. False: it is none, or beyond ENG_VALUE_MAX. */
bool eng_fact_number(struct eng_slice text, int64_t *ret_e4);

/* ---- another model ---- */

/* True when two FACT measures, of two models, are set by the same thing and are of one kind; their
 * actions, options and validity may differ. */
bool eng_fact_same_source(const struct eng_model *from, const struct eng_measure *one,
                          const struct eng_model *to, const struct eng_measure *two);

/* True when two choices have the same options, in whatever order; true of other kinds. */
bool eng_fact_same_options(const struct eng_model *from, const struct eng_measure *one,
                           const struct eng_model *to, const struct eng_measure *two);

/* True when two READING measures look at facts of one kind in the same way. */
bool eng_fact_same_reading(const struct eng_model *from, const struct eng_measure *one,
                           const struct eng_model *to, const struct eng_measure *two);

/* Writes what one measure keeps at `was` to `place`, as another one of the same source keeps it.
 * What is no option any more is forgotten. */
void eng_fact_carry(const struct eng_change *change, const struct eng_measure *one,
                    const uint8_t *was, const struct eng_measure *two, uint8_t *place);

#endif
