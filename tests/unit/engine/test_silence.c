/* Silence by the partner's own rhythm. Expected figures are worked out in floating point beside the
 * integers, which have 56 fractional bits. */
#include "engine/silence.h"
#include <criterion/criterion.h>
#include <math.h>

static struct eng_alert rule(uint32_t horizon, uint32_t typical_gap, uint32_t min_silence,
                             uint32_t risk_e3)
{
    return (struct eng_alert){.kind = ENG_SILENCE,
                              .horizon = horizon,
                              .typical_gap = typical_gap,
                              .min_silence = min_silence,
                              .min_active = 2,
                              .risk_e3 = risk_e3};
}

static double q_of(const struct eng_alert *alert, const struct eng_rhythm *rhythm, double t)
{
    double a = 2.0 * alert->typical_gap + rhythm->last - rhythm->first;
    return 1 + (rhythm->count + 2) * pow(a / (a + t), rhythm->count);
}

Test(silence, a_daily_actor_is_told_after_a_week_and_a_weekly_one_after_two)
{
    struct eng_alert alert = rule(30, 7, 5, 500);
    struct eng_rhythm daily = {0, 9, 10}, weekly = {0, 28, 5};
    cr_assert_eq(eng_silence_due(&alert, &daily), 7); /* whole panes without activity in between */
    cr_assert_eq(eng_silence_due(&alert, &weekly), 13);
}

Test(silence, due_is_the_first_silence_whose_risk_is_reached)
{
    for (uint8_t count = 1; count < ENG_RHYTHM_COUNT_MAX; count++)
        for (int32_t span = 0; span < 400; span += 37)
            for (uint32_t risk = 50; risk <= 1000; risk += 190) {
                struct eng_alert alert = rule(45, 7, 3, risk);
                struct eng_rhythm rhythm = {100, 100 + span, count};
                uint32_t due = eng_silence_due(&alert, &rhythm);
                double q_horizon = q_of(&alert, &rhythm, 45);
                cr_assert_geq(due, 3);
                cr_assert_leq(due, 45);
                cr_assert_geq(q_horizon + 1e-9, risk / 1000.0 * q_of(&alert, &rhythm, due));
                if (due > 3)
                    cr_assert_lt(q_horizon - 1e-9, risk / 1000.0 * q_of(&alert, &rhythm, due - 1));
            }
}

Test(silence, risk_is_rounded_down_to_thousandths)
{
    struct eng_alert alert = rule(30, 10, 5, 700);
    struct eng_rhythm rhythm = {0, 20, 4};
    for (uint32_t s = 0; s <= 30; s++) {
        double exact = 1000 * q_of(&alert, &rhythm, 30) / q_of(&alert, &rhythm, s);
        double floored = floor(exact + 1e-9);
        cr_assert_eq(eng_silence_risk_e3(&alert, &rhythm, s), (uint32_t)floored);
    }
}

Test(silence, only_newer_panes_change_the_rhythm)
{
    struct eng_rhythm rhythm = {0};
    cr_assert(eng_rhythm_add(&rhythm, 10));
    cr_assert(eng_rhythm_add(&rhythm, 13));
    cr_assert_not(eng_rhythm_add(&rhythm, 13));
    cr_assert_not(eng_rhythm_add(&rhythm, 2));
    cr_assert_eq(rhythm.first, 10);
    cr_assert_eq(rhythm.last, 13);
    cr_assert_eq(rhythm.count, 2);
}

Test(silence, at_64_active_panes_half_of_them_are_forgotten)
{
    struct eng_rhythm rhythm = {0};
    for (int32_t i = 0; i < 63; i++)
        cr_assert(eng_rhythm_add(&rhythm, 100 + i * 2));
    cr_assert_eq(rhythm.count, 63);
    cr_assert(eng_rhythm_add(&rhythm, 227)); /* 100 .. 227: 127, half of it rounded down is 63 */
    cr_assert_eq(rhythm.count, 32);
    cr_assert_eq(rhythm.first, 227 - 63);
    cr_assert_eq(rhythm.last, 227);
}
