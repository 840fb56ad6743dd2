/* What comes of the sums of a group: see group.c. Pure; any thread. */
#ifndef ENG_ENGINE_GROUP_H
#define ENG_ENGINE_GROUP_H

#include "engine/model.h"
#include "engine/score.h"
#include <engaged/effect.h>

/* Who would recommend the program, and who would not, by an answer from 0 to 10. */
enum { ENG_PROMOTER_E4 = 90000, ENG_DETRACTOR_E4 = 60000 };

/* The two halves of a sum as one. */
static inline eng_wide eng_sum_wide(struct eng_sum sum)
{
    return (eng_wide)sum.high * ((eng_wide)1 << 64) + sum.low;
}

static inline struct eng_sum eng_sum_add(struct eng_sum one, struct eng_sum two)
{
    eng_wide sum = eng_sum_wide(one) + eng_sum_wide(two);
    return (struct eng_sum){(uint64_t)sum, (int64_t)(sum >> 64)};
}

/* The figure that two sums give, in 1/10,000, the nearest, of two as near the one further from 0:
 * shares with 1 as the whole, an NPS from -100 to 100. False: there is none, as nobody is asked. */
bool eng_figure_value(enum eng_figure_kind kind, const struct eng_sum sums[2], int64_t *ret_e4);

/* The last boundary, up to and with a time, if anything of the model is merged; -1: there was none
 * since 1970, or nothing is. */
int64_t eng_groups_last_ms(const struct eng_model *model, int64_t time_ms);

#endif
