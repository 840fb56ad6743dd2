/* S6 for partners with many ids, over times so long that the low bits of panes come round again. */
#include "alone.h"
#include "chance.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

enum { MANY = 100, ROUND_HOURS = 65536 };

static const char model_text[] =
    "program: seen\n"
    "time: {pane: 1h, dedup: 300h, late_after: 1h}\n"
    "measures: {m: {count: x, over: 2h}}\n"
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}},\n"
    "             bands: {low: 0, high: 5}}}\n";

static enum eng_outcome act(struct run *run, int64_t hour, const char *id)
{
    const struct eng_event event = {.time_ms = START_MS + hour * HOUR_MS,
                                    .value_e4 = ENG_VALUE_NONE,
                                    .partner = {"p", 1},
                                    .action = {"x", 1},
                                    .id = {id, (uint32_t)strlen(id)}};
    return apply(run, &event);
}

static void act_many(struct run *run, int64_t hour, enum eng_outcome wanted)
{
    char id[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "id%d", i);
        cr_assert_eq(act(run, hour, id), wanted, "%s at hour %" PRId64, id, hour);
    }
}

Test(seen, ids_are_known_for_as_long_as_dedup_says)
{
    struct run run = start(model_text);
    act_many(&run, 0, ENG_OUTCOME_COUNTED);
    act_many(&run, 300, ENG_OUTCOME_DUPLICATE);
    act_many(&run, 301, ENG_OUTCOME_COUNTED);
    act_many(&run, 301, ENG_OUTCOME_DUPLICATE);
    end(&run);
}

Test(seen, ids_are_forgotten_when_the_bits_of_their_panes_come_round_at_once)
{
    struct run run = start(model_text);
    act_many(&run, 0, ENG_OUTCOME_COUNTED);
    act_many(&run, ROUND_HOURS, ENG_OUTCOME_COUNTED);
    end(&run);
}

Test(seen, ids_are_forgotten_when_the_bits_of_their_panes_come_round_in_small_steps)
{
    char id[16];
    struct run run = start(model_text);
    act_many(&run, 0, ENG_OUTCOME_COUNTED);
    for (int64_t hour = 1000; hour < ROUND_HOURS; hour += 1000) {
        snprintf(id, sizeof id, "at%" PRId64, hour);
        cr_assert_eq(act(&run, hour, id), ENG_OUTCOME_COUNTED);
    }
    act_many(&run, ROUND_HOURS, ENG_OUTCOME_COUNTED);
    end(&run);
}

Test(seen, a_set_that_fills_up_again_and_again_forgets_nothing_that_counts)
{
    char id[16];
    struct run run = start(model_text);
    for (int i = 0; i < 20000; i++) { /* ten an hour: 3,000 that count */
        snprintf(id, sizeof id, "n%d", i);
        cr_assert_eq(act(&run, i / 10, id), ENG_OUTCOME_COUNTED);
    }
    for (int i = 20000 - 3000; i < 20000; i++) {
        snprintf(id, sizeof id, "n%d", i);
        cr_assert_eq(act(&run, 19999 / 10, id), ENG_OUTCOME_DUPLICATE, "%s", id);
    }
    uint64_t bytes = eng_engine_memory_bytes(run.engine);
    cr_assert_lt(bytes, 250000u, "%" PRIu64 " bytes", bytes);
    end(&run);
}

Test(seen, ids_from_a_pool_are_told_apart_from_those_of_long_ago)
{
    enum { POOL = 400, STEPS = 120000 };
    static int64_t counted_at[POOL];
    struct chance chance = {1};
    struct run run = start(model_text);
    for (int i = 0; i < POOL; i++)
        counted_at[i] = -1000;
    int64_t hour = 0;
    for (int i = 0; i < STEPS; i++) {
        char id[16];
        hour += chance_percent(&chance, 10) ? chance_between(&chance, 1, 40) : 0;
        int64_t pick = chance_between(&chance, 0, POOL - 1);
        snprintf(id, sizeof id, "x%" PRId64, pick);
        bool repeated = hour - counted_at[pick] <= 300;
        cr_assert_eq(act(&run, hour, id), repeated ? ENG_OUTCOME_DUPLICATE : ENG_OUTCOME_COUNTED,
                     "%s at hour %" PRId64 ", counted at %" PRId64, id, hour, counted_at[pick]);
        if (!repeated)
            counted_at[pick] = hour;
    }
    end(&run);
}
