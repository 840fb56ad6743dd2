/* Names of what becomes of an event. */
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
