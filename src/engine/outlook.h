/* The outlook: when a score will fall if its partner does nothing.
 *
 * Some alerts say when a score will fall, or are opened by it, so an evaluation has to know the
 * future of one score. It is found as a forecast is (forecast.c), by running the engine on a copy
 * of the record. What differs comes from where it happens: in the middle of an evaluation, where
 * nothing may fail.
 *
 * - Only scores are evaluated. No alert can change a score, and without them no list of a record
 *   grows when time passes, so nothing is allocated.
 * - The copy is a block of the outlook's own; heap parts of lists are copied into memory that has
 *   been made ready before the evaluation (eng_outlook_prepare).
 * - Ids seen stay behind: they have no part in it.
 *
 * Cost: a copy of the record and one evaluation a boundary at which the score could be told of. */
#ifndef ENG_ENGINE_OUTLOOK_H
#define ENG_ENGINE_OUTLOOK_H

#include "engine/store.h"

struct eng_engine;
struct eng_outlook;

enum { ENG_BAND_ANY = 0xFFFF };

/* What is asked. */
struct eng_look {
    uint16_t score;
    uint16_t band; /* the fall into this one, of who was above 0 before (S10), or ENG_BAND_ANY */
    int32_t due;   /* the ongoing evaluation wants a boundary looked at no later than this */
    int32_t until; /* look up to and with this boundary */
    bool beyond;   /* and some way on, so that who asks may put off asking again */
};

struct eng_fall {
    int32_t pane; /* the boundary of the first such fall; ENG_PANE_NEVER: none was seen */
    uint8_t band; /* the one that it goes into */
    int32_t next; /* none was seen: there is none before this boundary */
};

/* Made when an alert of the model asks for it: ENG_OK, and NULL when none does; ENG_NO_MEMORY.
 * Borrows the model. */
enum eng_status eng_outlook_new(const struct eng_model *model, struct eng_outlook **ret_outlook);

/* NULL is fine. */
void eng_outlook_free(struct eng_outlook *outlook);
uint64_t eng_outlook_bytes(const struct eng_outlook *outlook);

/* Before an evaluation: room for the lists of this record that are on the heap, as large as they
 * may get in it. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_outlook_prepare(struct eng_outlook *outlook, const struct eng_record *record);

/* Looks ahead of the partner in hand, whose scores have been evaluated. Cannot fail after prepare.
 */
struct eng_fall eng_outlook_fall(struct eng_engine *engine, const struct eng_look *look);

#endif
