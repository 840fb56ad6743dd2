/* The swift way: counting an event, and often nothing else, in one pass.
 *
 * Most events are alike: the partner is known and its lists are short, the event belongs to the
 * clock's pane, and what it is counted by are plain counts in rolling windows of one length that go
 * into one score. That is looked at before anything is changed; if one thing is otherwise, nothing
 * has been changed and the event is counted the general way (count.c). Then, if the score stays in
 * its band and under `tell_every`, and no alert that is open or waits has anything to say, there is
 * nothing to evaluate either. Both ways give the same result for every event: tests/property
 * compares them with the reference. */
#ifndef ENG_ENGINE_SWIFT_H
#define ENG_ENGINE_SWIFT_H

#include "base/assert.h"
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

enum eng_swift_result {
    ENG_SWIFT_NOT,     /* nothing has been changed */
    ENG_SWIFT_COUNTED, /* counted as by eng_measure_count, to be evaluated */
    ENG_SWIFT_DONE,    /* counted, and an evaluation would tell nothing */
};

/* Counts an event of the clock's pane for the partner in hand, which has been caught up and
 * prepared, and remembers its id's hash unless `dedup` is false. */
enum eng_swift_result eng_swift_count(struct eng_engine *engine, const struct eng_event *event,
                                      uint16_t action, bool dedup, uint64_t id);

/* Takes `count` off what a cell of an action that may go the swift way adds to. */
static inline void eng_swift_leave(struct eng_engine *engine, const struct eng_swift *swift,
                                   uint64_t count)
{
    for (unsigned i = 0; i < swift->term_count; i++) {
        const struct eng_term *term = swift->terms[i];
        uint64_t before = eng_record_total(&engine->hand, term->total), now = before - count;
        eng_assert(before >= count);
        eng_record_total_set(&engine->hand, term->total, now);
        if (term->points)
            engine->scratch.value[swift->score] -= (int64_t)count * term->points_e4;
        else if (now < term->row_counts)
            engine->scratch.value[swift->score] -=
                term->row[before < term->row_counts ? before : term->row_counts - 1] -
                term->row[now];
    }
}

#endif
