/* Scores: see score.h. The largest numerator is scale 1e9 * weight 1e9 * y 1e4 * x 2e16 = 2e38,
 * within 128 unsigned bits (3.4e38); limits.h holds the factors. */
#include "engine/score.h"

#include "base/assert.h"

typedef unsigned __int128 wide_unsigned;

/* numerator / denominator, a half rounded away from zero; neither is negative. */
static int64_t divide_round(wide_unsigned numerator, wide_unsigned denominator)
{
    eng_assert(denominator > 0);
    wide_unsigned quotient, rest;
    if (numerator >> 63 == 0 &&
        denominator >> 63 == 0) { /* 64-bit division is several times faster */
        quotient = (uint64_t)numerator / (uint64_t)denominator;
        rest = (uint64_t)numerator % (uint64_t)denominator;
    } else {
        quotient = numerator / denominator;
        rest = numerator % denominator;
    }
    quotient += rest >= denominator - rest;
    eng_assert(quotient <= INT64_MAX);
    return (int64_t)quotient;
}

static int64_t by_target(wide_unsigned share, const struct eng_dimension *dimension,
                         eng_wide measure, int64_t weight_sum_e4)
{
    eng_assert(dimension->target_e4 > 0);
    eng_assert(weight_sum_e4 > 0);
    eng_wide clamped = measure < 0                      ? 0
                       : measure > dimension->target_e4 ? dimension->target_e4
                                                        : measure;
    return divide_round(share * (wide_unsigned)clamped,
                        (wide_unsigned)dimension->target_e4 * (wide_unsigned)weight_sum_e4);
}

/* Steps: linear between two points, flat outside. */
static int64_t by_steps(wide_unsigned share, const struct eng_dimension *dimension,
                        eng_wide measure, int64_t weight_sum_e4)
{
    const struct eng_step *steps = dimension->steps;
    uint32_t last = dimension->step_count - 1;
    wide_unsigned one = 10000, weights = (wide_unsigned)weight_sum_e4;
    eng_assert(dimension->step_count >= 2);
    if (measure <= steps[0].x_e4)
        return divide_round(share * (wide_unsigned)steps[0].y_e4, one * weights);
    if (measure >= steps[last].x_e4)
        return divide_round(share * (wide_unsigned)steps[last].y_e4, one * weights);
    uint32_t i = 0;
    while (measure >= steps[i + 1].x_e4)
        i++;
    eng_wide width = (eng_wide)steps[i + 1].x_e4 - steps[i].x_e4;
    eng_wide height = (eng_wide)steps[i + 1].y_e4 - steps[i].y_e4;
    eng_wide y = steps[i].y_e4 * width + (measure - steps[i].x_e4) * height;
    eng_assert(width > 0 && y >= 0);
    return divide_round(share * (wide_unsigned)y, one * (wide_unsigned)width * weights);
}

int64_t eng_score_contribution(const struct eng_score *score, const struct eng_dimension *dimension,
                               eng_wide measure_e4, int64_t weight_sum_e4)
{
    eng_assert(!score->points);
    eng_assert(weight_sum_e4 > 0);
    wide_unsigned share = (wide_unsigned)score->scale_e4 * (wide_unsigned)dimension->weight_e4;
    return dimension->step_count > 0 ? by_steps(share, dimension, measure_e4, weight_sum_e4)
                                     : by_target(share, dimension, measure_e4, weight_sum_e4);
}

int64_t eng_score_ratio(eng_wide above_e4, eng_wide below_e4)
{
    const eng_wide room = (eng_wide)1 << 112; /* a factor of 10,000 stays within 127 bits */
    eng_assert(below_e4 != 0);
    eng_assert(above_e4 > -room && above_e4 < room);
    bool negative = (above_e4 < 0) != (below_e4 < 0);
    wide_unsigned above = (wide_unsigned)(above_e4 < 0 ? -above_e4 : above_e4) * 10000;
    wide_unsigned below =
        below_e4 < 0 ? (wide_unsigned)0 - (wide_unsigned)below_e4 : (wide_unsigned)below_e4;
    if (above / below >= ENG_TARGET_MAX_E4)
        return negative ? -ENG_TARGET_MAX_E4 : ENG_TARGET_MAX_E4;
    int64_t ratio = divide_round(above, below);
    return negative ? -ratio : ratio;
}

uint8_t eng_score_band_of(const struct eng_score *score, int64_t value_e4)
{
    uint32_t band = score->band_count - 1;
    eng_assert(score->band_count > 0 && score->band_count <= ENG_BANDS_MAX);
    while (band > 0) {
        const struct eng_band *edge = &score->bands[band];
        if (edge->above ? value_e4 > edge->edge_e4 : value_e4 >= edge->edge_e4)
            break;
        band--;
    }
    return (uint8_t)band;
}

/* True when the value is far enough under the band's lower edge. */
static bool left_downward(const struct eng_score *score, int64_t value_e4, uint32_t band)
{
    const struct eng_band *edge = &score->bands[band];
    if (band == 0)
        return false;
    int64_t limit = edge->edge_e4 - score->margin_e4;
    return edge->above ? value_e4 <= limit : value_e4 < limit;
}

/* True when the value is far enough over the next band's edge. */
static bool left_upward(const struct eng_score *score, int64_t value_e4, uint32_t band)
{
    if (band + 1 >= score->band_count)
        return false;
    const struct eng_band *edge = &score->bands[band + 1];
    int64_t limit = edge->edge_e4 + score->margin_e4;
    return edge->above ? value_e4 > limit : value_e4 >= limit;
}

uint8_t eng_score_band_wanted(const struct eng_score *score, int64_t value_e4, uint8_t band)
{
    eng_assert(band < score->band_count);
    eng_assert(score->margin_e4 >= 0);
    if (left_downward(score, value_e4, band) || left_upward(score, value_e4, band))
        return eng_score_band_of(score, value_e4);
    return band;
}
