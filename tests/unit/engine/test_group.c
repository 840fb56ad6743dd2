/* What comes of the sums of groups, and how those of partitions are merged. */
#include "engine/group.h"
#include "engine/merge.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

/* ---- merging ---- */

static char few[] = "few", group_name[] = "g";
static struct eng_band bands[] = {{.name = few}, {.name = few}};
static struct eng_score scores[] = {{.band_count = 2, .bands = bands}};
static struct eng_split splits[] = {{.by_bands = true}};
static struct eng_figure figures[] = {{.kind = ENG_FIGURE_SUM}};
static struct eng_group groups[] = {
    {.name = group_name, .figure_count = 1, .figures = figures, .split_count = 1, .splits = splits},
    {.name = group_name, .figure_count = 1, .figures = figures}};
static const struct eng_model first_model = {
    .version = 1, .groups = groups, .group_count = 2, .scores = scores, .score_count = 1};
static const struct eng_model later_model = {
    .version = 2, .groups = groups, .group_count = 2, .scores = scores, .score_count = 1};

struct result {
    struct eng_effect head;
    struct eng_sum sums[2];
};

static struct result result_of(unsigned group, int64_t at_ms, int segment, int64_t partners)
{
    struct result result;
    memset(&result, 0, sizeof result);
    result.head.kind = ENG_EFFECT_GROUP;
    result.head.subject = (uint16_t)group;
    result.head.bytes = sizeof result;
    result.head.at_ms = at_ms;
    result.head.band = segment >= 0;
    result.head.segment = (uint8_t)(segment >= 0 ? segment : 0);
    result.head.partners = partners;
    result.head.partitions = 1;
    result.head.contribution_count = 2;
    result.sums[0].low = (uint64_t)partners * 100;
    return result;
}

static void take(struct eng_merge *merge, const struct eng_model *model, struct result result)
{
    cr_assert_eq(eng_merge_take(merge, model, &result.head), ENG_OK);
}

static void expect_next(struct eng_merge *merge, bool all, const char *want)
{
    const struct eng_model *model = NULL;
    const struct eng_effect *effect = eng_merge_next(merge, all, &model);
    char got[120] = "none";
    if (effect != NULL)
        snprintf(got, sizeof got, "group %u at %d segment %d: %d of %u, sum %d", effect->subject,
                 (int)effect->at_ms, effect->band > 0 ? effect->segment : -1, (int)effect->partners,
                 effect->partitions, (int)eng_effect_sums(effect, 0)[0].low);
    cr_expect_str_eq(got, want);
}

Test(merge, a_moment_is_given_out_when_all_partitions_have_told_it)
{
    struct eng_merge *merge = NULL;
    cr_assert_eq(eng_merge_new(2, &merge), ENG_OK);
    expect_next(merge, true, "none");
    take(merge, &first_model, result_of(0, 10, -1, 3));
    take(merge, &first_model, result_of(0, 10, 1, 3));
    expect_next(merge, false, "none");
    take(merge, &first_model, result_of(0, 20, -1, 4)); /* it is ahead */
    take(merge, &first_model, result_of(0, 10, -1, 5)); /* the other one */
    take(merge, &first_model, result_of(0, 10, 1, 1));
    take(merge, &first_model, result_of(0, 10, 2, 4));
    expect_next(merge, false, "group 0 at 10 segment -1: 8 of 2, sum 800");
    expect_next(merge, false, "group 0 at 10 segment 1: 4 of 2, sum 400");
    expect_next(merge, false, "group 0 at 10 segment 2: 4 of 2, sum 400");
    expect_next(merge, false, "none");
    expect_next(merge, true, "group 0 at 20 segment -1: 4 of 1, sum 400");
    expect_next(merge, true, "none");
    eng_merge_free(merge);
}

Test(merge, what_is_left_is_given_out_the_oldest_first)
{
    struct eng_merge *merge = NULL;
    cr_assert_eq(eng_merge_new(3, &merge), ENG_OK);
    take(merge, &later_model, result_of(0, 20, -1, 1));
    take(merge, &first_model, result_of(1, 20, -1, 2));
    take(merge, &first_model, result_of(0, 20, -1, 3));
    take(merge, &first_model, result_of(1, 10, -1, 4));
    take(merge, &first_model, result_of(0, 20, -1, 0));
    expect_next(merge, false, "none");
    expect_next(merge, true, "group 1 at 10 segment -1: 4 of 1, sum 400");
    expect_next(merge, true, "group 0 at 20 segment -1: 3 of 2, sum 300");
    expect_next(merge, true, "group 1 at 20 segment -1: 2 of 1, sum 200");
    expect_next(merge, true, "group 0 at 20 segment -1: 1 of 1, sum 100");
    expect_next(merge, true, "none");
    eng_merge_free(merge);
}
