/* The arithmetic of scores: contributions and bands. Pure integer functions (S8, S9). */
#ifndef ENG_ENGINE_SCORE_H
#define ENG_ENGINE_SCORE_H

#include "engine/model.h"

/* A measure's value in 1/10,000; sums of 1e15 need more than 64 bits. */
typedef __int128 eng_wide;

/* What a weighted dimension contributes, 1/10,000 points: scale * weight * y / weight_sum, y being
 * clamp(measure / target, 0, 1) or the interpolated steps; rounded half away from zero, exactly.
 * weight_sum_e4: of the dimensions that are not skipped, > 0. */
int64_t eng_score_contribution(const struct eng_score *score, const struct eng_dimension *dimension,
                               eng_wide measure_e4, int64_t weight_sum_e4);

/* above / below in 1/10,000, a half rounded away from zero; `below` is not 0. It goes no further
 * than the greatest target (ENG_TARGET_MAX_E4) either way, beyond which no target and no step can
 * tell a difference. */
int64_t eng_score_ratio(eng_wide above_e4, eng_wide below_e4);

/* The band that a value lies in, margins apart. */
uint8_t eng_score_band_of(const struct eng_score *score, int64_t value_e4);

/* The band that an evaluation wants when `band` is in force: another one only beyond the margin. */
uint8_t eng_score_band_wanted(const struct eng_score *score, int64_t value_e4, uint8_t band);

#endif
