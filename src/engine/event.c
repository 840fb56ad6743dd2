/* What becomes of an event: its name, and how often. */
#include "base/assert.h"
#include <engaged/event.h>
#include <stddef.h>

const char *eng_outcome_name(enum eng_outcome outcome)
{
    static const char *const names[ENG_OUTCOME_COUNT] = {
        [ENG_OUTCOME_COUNTED] = "counted",   [ENG_OUTCOME_DUPLICATE] = "duplicate",
        [ENG_OUTCOME_LATE] = "late",         [ENG_OUTCOME_FUTURE] = "future",
        [ENG_OUTCOME_BAD] = "bad",           [ENG_OUTCOME_FILTERED] = "filtered",
        [ENG_OUTCOME_LEFT_OUT] = "left_out", [ENG_OUTCOME_HELD] = "held",
    };
    eng_assert((unsigned)outcome < ENG_OUTCOME_COUNT);
    eng_assert(names[outcome] != NULL);
    return names[outcome];
}

void eng_counters_add(struct eng_counters *to, const struct eng_counters *more)
{
    eng_assert(to != NULL);
    eng_assert(more != NULL);
    to->read += more->read;
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        to->outcome[i] += more->outcome[i];
    to->score_changes += more->score_changes;
    to->churn_drops += more->churn_drops;
    to->cell_changes += more->cell_changes;
    to->reports += more->reports;
    to->award_bookings += more->award_bookings;
    to->award_unmatched += more->award_unmatched;
    to->abuse_flags += more->abuse_flags;
    to->held_out += more->held_out;
    to->digests += more->digests;
    to->left_out += more->left_out;
    to->held_released += more->held_released;
    to->held_discarded += more->held_discarded;
    to->held_unmatched += more->held_unmatched;
}
