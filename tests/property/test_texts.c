/* Texts that checks keep: many of one partner, found as long as their window says, then forgotten.
 */
#include "alone.h"
#include <inttypes.h>
#include <stdio.h>

enum { MANY = 500, LONG_HOURS = 20000 };

static const char model_text[] = "program: texts\n"
                                 "time: {pane: 1h, dedup: 0, late_after: 2h}\n"
                                 "scores: {s: {points: {x: 1}, over: 2h, bands: {low: 0}}}\n"
                                 "checks:\n"
                                 "  one: {unique: a, of: x, over: 5h, then: leave_out}\n"
                                 "  two: {unique: b, of: x, over: 5h, then: leave_out}\n";

/* An event with both texts; NULL: without the second. */
static enum eng_outcome act(struct run *run, int64_t hour, const char *a, const char *b)
{
    const struct eng_slice attributes[] = {{a, (uint32_t)strlen(a)},
                                           {b, b != NULL ? (uint32_t)strlen(b) : 0}};
    const struct eng_event event = {.time_ms = START_MS + hour * HOUR_MS,
                                    .value_e4 = ENG_VALUE_NONE,
                                    .partner = {"p", 1},
                                    .action = {"x", 1},
                                    .attributes = attributes};
    return apply(run, &event);
}

static void act_many(struct run *run, int64_t hour, enum eng_outcome wanted)
{
    char text[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "%d", i);
        cr_assert_eq(act(run, hour, text, NULL), wanted, "%s at hour %" PRId64, text, hour);
    }
}

Test(texts, many_texts_are_found_for_as_long_as_their_window_says)
{
    struct run run = start(model_text);
    act_many(&run, 0, ENG_OUTCOME_COUNTED);
    act_many(&run, 0, ENG_OUTCOME_LEFT_OUT);
    act_many(&run, 4, ENG_OUTCOME_LEFT_OUT);
    act_many(&run, 5, ENG_OUTCOME_COUNTED);
    act_many(&run, 9, ENG_OUTCOME_LEFT_OUT);
    end(&run);
}

Test(texts, what_is_too_old_takes_no_memory)
{
    struct run run = start(model_text);
    uint64_t early = 0;
    for (int hour = 0; hour < LONG_HOURS; hour++) {
        char a[16], b[16];
        snprintf(a, sizeof a, "a%d", hour);
        snprintf(b, sizeof b, "b%d", hour);
        cr_assert_eq(act(&run, hour, a, b), ENG_OUTCOME_COUNTED);
        if (hour == LONG_HOURS / 20)
            early = eng_engine_memory_bytes(run.engine);
    }
    cr_expect_eq(eng_engine_memory_bytes(run.engine), early);
    end(&run);
}
