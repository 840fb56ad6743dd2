/* The arithmetic of scores (S8, S9). */
#include "engine/score.h"
#include <criterion/criterion.h>

static struct eng_dimension logins = {.weight_e4 = 200000, .target_e4 = 120000};

static struct eng_score engagement(void)
{
    return (struct eng_score){.scale_e4 = 100000, .dimensions = &logins, .dimension_count = 1};
}

/* round_half_away(10 * 10000 * w * m / (t * W)) by the definition. */
static int64_t contribution(int64_t measure_e4, int64_t weight_sum_e4)
{
    struct eng_score score = engagement();
    return eng_score_contribution(&score, &logins, measure_e4, weight_sum_e4);
}

Test(score, S8_a_contribution_is_the_clamped_share_of_the_target)
{
    cr_assert_eq(contribution(0, 1000000), 0);
    cr_assert_eq(contribution(60000, 1000000), 10000, "6 of 12 logins: half of 2 points");
    cr_assert_eq(contribution(120000, 1000000), 20000);
    cr_assert_eq(contribution(990000, 1000000), 20000, "more than the target gives no more");
    cr_assert_eq(contribution(-50000, 1000000), 0, "less than nothing takes nothing");
}

Test(score, S8_halves_are_rounded_away_from_zero)
{
    /* 1 login of 12 is 1666.66..; with 3 the remainder is exact; W of 96 gives halves. */
    cr_assert_eq(contribution(10000, 1000000), 1667);
    cr_assert_eq(contribution(30000, 1000000), 5000);
    struct eng_dimension half = {.weight_e4 = 10000, .target_e4 = 20000};
    struct eng_score score = {.scale_e4 = 1, .dimensions = &half, .dimension_count = 1};
    cr_assert_eq(eng_score_contribution(&score, &half, 10000, 10000), 1, "0.5 becomes 1");
    cr_assert_eq(eng_score_contribution(&score, &half, 9999, 10000), 0, "just under it 0");
}

Test(score, S8_the_largest_numbers_do_not_overflow)
{
    struct eng_step steps[2] = {{-ENG_TARGET_MAX_E4, 0}, {ENG_TARGET_MAX_E4, 10000}};
    struct eng_dimension dimension = {.weight_e4 = ENG_WEIGHT_MAX_E4,
                                      .target_e4 = ENG_TARGET_MAX_E4};
    struct eng_score score = {.scale_e4 = ENG_SCALE_MAX_E4};
    cr_assert_eq(eng_score_contribution(&score, &dimension, (eng_wide)ENG_TARGET_MAX_E4 * 1000,
                                        ENG_WEIGHT_MAX_E4),
                 ENG_SCALE_MAX_E4);
    dimension.target_e4 = 0;
    dimension.steps = steps;
    dimension.step_count = 2;
    cr_assert_eq(eng_score_contribution(&score, &dimension, 0, ENG_WEIGHT_MAX_E4),
                 ENG_SCALE_MAX_E4 / 2);
    cr_assert_eq(
        eng_score_contribution(&score, &dimension, ENG_TARGET_MAX_E4 - 1, ENG_WEIGHT_MAX_E4),
        ENG_SCALE_MAX_E4, "one short of the end rounds to the end");
}

Test(score, S8_a_ratio_is_rounded_half_away_from_zero_and_ends_where_targets_do)
{
    const eng_wide big = (eng_wide)ENG_TARGET_MAX_E4 * 1000000000;
    static const struct {
        int64_t above, below, ratio;
    } rows[] = {
        {30000, 40000, 7500},    {10000, 30000, 3333},
        {20000, 30000, 6667},    {1, 20000, 1},
        {-1, 20000, -1},         {1, 20001, 0},
        {-50000, 20000, -25000}, {50000, -20000, -25000},
        {-50000, -20000, 25000}, {0, -5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(eng_score_ratio(rows[i].above, rows[i].below), rows[i].ratio, "row %zu", i);
    cr_assert_eq(eng_score_ratio(ENG_TARGET_MAX_E4, 10000), ENG_TARGET_MAX_E4);
    cr_assert_eq(eng_score_ratio(ENG_TARGET_MAX_E4 - 1, 10000), ENG_TARGET_MAX_E4 - 1);
    cr_assert_eq(eng_score_ratio(big, 1), ENG_TARGET_MAX_E4);
    cr_assert_eq(eng_score_ratio(-big, 1), -ENG_TARGET_MAX_E4);
    cr_assert_eq(eng_score_ratio(big, -1), -ENG_TARGET_MAX_E4);
    cr_assert_eq(eng_score_ratio(big, big), 10000);
    cr_assert_eq(eng_score_ratio(1, big), 0);
}

Test(score, S8_steps_interpolate_and_are_flat_outside)
{
    struct eng_step steps[3] = {{0, 0}, {10000000, 5000}, {50000000, 10000}};
    struct eng_dimension depth = {.weight_e4 = 100000, .steps = steps, .step_count = 3};
    struct eng_score score = {.scale_e4 = 100000};
    const int64_t rows[][2] = {{-10000, 0},       {0, 0},           {5000000, 2500},
                               {10000000, 5000},  {30000000, 7500}, {50000000, 10000},
                               {900000000, 10000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(eng_score_contribution(&score, &depth, rows[i][0], 1000000), rows[i][1],
                     "x = %lld", (long long)rows[i][0]);
}

static struct eng_band bands[3] = {
    {.edge_e4 = 0}, {.edge_e4 = 500000}, {.edge_e4 = 750000, .above = true}};

static struct eng_score banded(int64_t margin_e4)
{
    return (struct eng_score){.bands = bands, .band_count = 3, .margin_e4 = margin_e4};
}

Test(score, S9_from_takes_its_edge_and_above_does_not)
{
    struct eng_score score = banded(0);
    cr_assert_eq(eng_score_band_of(&score, 499999), 0);
    cr_assert_eq(eng_score_band_of(&score, 500000), 1);
    cr_assert_eq(eng_score_band_of(&score, 750000), 1);
    cr_assert_eq(eng_score_band_of(&score, 750001), 2);
    cr_assert_eq(eng_score_band_of(&score, -1), 0, "the lowest band has no lower edge");
}

Test(score, S9_a_band_is_left_only_beyond_the_margin)
{
    struct eng_score score = banded(10000);
    cr_assert_eq(eng_score_band_wanted(&score, 490000, 1), 1, "from 50: left under 49");
    cr_assert_eq(eng_score_band_wanted(&score, 489999, 1), 0);
    cr_assert_eq(eng_score_band_wanted(&score, 740001, 2), 2, "above 75: left at 74");
    cr_assert_eq(eng_score_band_wanted(&score, 740000, 2), 1);
    cr_assert_eq(eng_score_band_wanted(&score, 509999, 0), 0, "into a from band: at 51");
    cr_assert_eq(eng_score_band_wanted(&score, 510000, 0), 1);
    cr_assert_eq(eng_score_band_wanted(&score, 760000, 1), 1, "into an above band: over 76");
    cr_assert_eq(eng_score_band_wanted(&score, 760001, 1), 2);
}

Test(score, S9_a_jump_takes_the_band_of_its_value_whatever_the_margins_in_between)
{
    struct eng_score score = banded(10000);
    cr_assert_eq(eng_score_band_wanted(&score, 755000, 0), 2, "75.5 lies above 75");
    cr_assert_eq(eng_score_band_wanted(&score, 495000, 2), 0, "49.5 lies under 50");
}
