/* The swift way: an event that only makes counts greater and that nobody hears of, in one pass.
 *
 * Most events are like that: the partner is known and its lists are short, the event belongs to the
 * clock's pane, what it is counted by are plain counts in rolling windows, no score leaves its band
 * or reaches `tell_every`, and no alert that is open or waits has anything to say. All of it is
 * looked at before anything is changed; if one thing is otherwise, nothing has been changed and the
 * event goes the general way (count.c, evaluate.c), which gives the same result for every event.
 * tests/property compares both ways with the reference, and with each other. */
#ifndef ENG_ENGINE_SWIFT_H
#define ENG_ENGINE_SWIFT_H

#include "engine/internal.h"

enum { ENG_SWIFT_TERMS_MAX = 4 };

/* What an action adds to, when it may go the swift way: counts, and one score. */
struct eng_swift {
    bool may;
    uint8_t term_count;
    uint16_t score;
    uint16_t cell;
    const struct eng_term *terms[ENG_SWIFT_TERMS_MAX];
};

/* Fills layout->swift; everything else is laid out. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_swift_lay(struct eng_layout *layout);

/* Counts an event of the clock's pane for the partner in hand, which has been caught up and
 * prepared, and remembers its id's hash unless `dedup` is false. False: nothing has been changed. */
bool eng_swift_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                     bool dedup, uint64_t id);

#endif
