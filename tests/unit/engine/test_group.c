/* What comes of the sums of groups. */
#include "engine/group.h"
#include <criterion/criterion.h>

static int64_t figure(enum eng_figure_kind kind, int64_t above, int64_t below)
{
    struct eng_sum sums[2] = {{(uint64_t)above, above < 0 ? -1 : 0},
                              {(uint64_t)below, below < 0 ? -1 : 0}};
    int64_t value_e4 = INT64_MIN;
    return eng_figure_value(kind, sums, &value_e4) ? value_e4 : INT64_MIN;
}

Test(group, seventy_per_cent_less_eleven_are_fifty_nine)
{
    cr_expect_eq(figure(ENG_FIGURE_NPS, 70 - 11, 100), 590000);
    cr_expect_eq(figure(ENG_FIGURE_NPS, 11 - 70, 100), -590000);
    cr_expect_eq(figure(ENG_FIGURE_NPS, 1, 3), 333333);
    cr_expect_eq(figure(ENG_FIGURE_NPS, 3, 3), 1000000);
    cr_expect_eq(figure(ENG_FIGURE_NPS, 0, 0), INT64_MIN, "nobody was asked");
}

Test(group, figures_are_rounded_half_away_from_zero)
{
    cr_expect_eq(figure(ENG_FIGURE_SHARE, 1, 3), 3333);
    cr_expect_eq(figure(ENG_FIGURE_SHARE, 2, 3), 6667);
    cr_expect_eq(figure(ENG_FIGURE_SHARE, 1, 20000), 1);
    cr_expect_eq(figure(ENG_FIGURE_GROWTH, -1, 20000), -1);
    cr_expect_eq(figure(ENG_FIGURE_GROWTH, -1, 20001), 0);
    cr_expect_eq(figure(ENG_FIGURE_RATIO, 1, -20000), -1);
    cr_expect_eq(figure(ENG_FIGURE_MEAN, 50001, 2), 25001);
    cr_expect_eq(figure(ENG_FIGURE_COUNT, 7, 9), 70000);
    cr_expect_eq(figure(ENG_FIGURE_SUM, -123, 0), -123);
}

Test(group, sums_have_a_hundred_and_twenty_eight_bits)
{
    struct eng_sum most = {UINT64_MAX, 0}, one = {1, 0}, minus = {UINT64_MAX, -1};
    cr_expect_eq(eng_sum_add(most, one).low, 0);
    cr_expect_eq(eng_sum_add(most, one).high, 1);
    cr_expect_eq(eng_sum_add(minus, one).low, 0);
    cr_expect_eq(eng_sum_add(minus, one).high, 0);
    struct eng_sum sums[2] = {{0, 1}, {1, 0}};
    int64_t value_e4;
    cr_expect(eng_figure_value(ENG_FIGURE_SUM, sums, &value_e4) && value_e4 == INT64_MAX);
    cr_expect(eng_figure_value(ENG_FIGURE_MEAN, sums, &value_e4) && value_e4 == INT64_MAX);
}
