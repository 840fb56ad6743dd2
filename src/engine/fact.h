/* Facts: what is known of a partner besides counts, as the newest event that has a say says.
 *
 * A fact is kept in the fixed part of the record, by a measure of the kind FACT:
 *
 *     time + 1 i64 | value u8, or i64 of a number | text | pane i32, when it does not hold for good
 *
 * time: of the event that decided, by its own time; of two with the same time the one that arrived
 * later decides. 0: there was none. value: 1 or 0 of a flag; of a choice the option, counted from
 * 1, or 0 when it was cleared; of a number itself, or ENG_VALUE_NONE when it was cleared; of a text
 * its bytes plus 1, or 0. text: of a TEXT, with room for the longest. pane: the first one at whose
 * start the fact holds no longer.
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

/* Which option of a fact of the model holds, counted from 1; 1 of a flag that is set; 0: none. */
uint16_t eng_fact_option(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned fact);

/* The number of the first case that holds, else `otherwise`. */
int64_t eng_fact_choose(const struct eng_engine *engine, const struct eng_record *record,
                        const struct eng_cases *cases, int64_t otherwise);

/* True when an alert is for this partner as its facts are now. */
bool eng_fact_admits_slow(const struct eng_engine *engine, const struct eng_record *record,
                          const struct eng_alert *alert);
static inline bool eng_fact_admits(const struct eng_engine *engine, const struct eng_record *record,
                                   const struct eng_alert *alert)
{
    return alert->limit_count == 0 || eng_fact_admits_slow(engine, record, alert);
}

/* Notes that the fact of a FACT measure ends at the boundary in work. */
void eng_fact_expire(struct eng_engine *engine, unsigned measure);

/* Of the facts that have changed since the partner was taken into the hand, the first that the
 * score's weights and targets or the alert's partners hang on, counted from 1; 0: none. */
uint16_t eng_fact_of_score(const struct eng_engine *engine, unsigned score);
uint16_t eng_fact_of_alert(const struct eng_engine *engine, unsigned alert);

/* What a fact of the kind TEXT says, inside the record; data NULL: nothing. */
struct eng_slice eng_fact_text(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned measure);

/* ---- what is told of them ----
 *
 * In effects they are a row of (index u8, bytes u8, value): a flag 1 or 0, an option u8, a number
 * i64, or the text; of those alone that are there. */
enum { ENG_FACT_TOLD_HEAD_BYTES = 2 };

/* Writes what the facts of the partner in hand that are told say now; returns how many bytes. */
uint32_t eng_fact_tell(const struct eng_engine *engine, uint8_t *to);

/* The most that eng_fact_tell writes. */
uint32_t eng_fact_tell_most(const struct eng_model *model);

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
