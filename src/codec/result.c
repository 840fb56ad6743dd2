/* Results of groups, taken out of effects, compared and added. See result.h. */
#include "codec/result.h"

#include "base/assert.h"
#include "codec/names.h"
#include "engine/group.h"

static struct eng_slice text_or_none(const char *text)
{
    return text != NULL ? eng_slice_of(text) : (struct eng_slice){0};
}

void eng_result_of(const struct eng_model *model, const struct eng_effect *effect,
                   struct eng_group_result *ret_result)
{
    const struct eng_group *group = eng_encode_group(model, effect);
    eng_assert(effect->contribution_count == 2 * group->figure_count);
    eng_assert(effect->band <= group->split_count);
    *ret_result = (struct eng_group_result){.program = eng_slice_of(model->program),
                                            .group = eng_slice_of(group->name),
                                            .description = text_or_none(group->description),
                                            .at_ms = effect->at_ms,
                                            .model_version = model->version,
                                            .partitions = effect->partitions,
                                            .partners = effect->partners,
                                            .group_index = (uint8_t)(group - model->groups),
                                            .top = group->top,
                                            .split = effect->band,
                                            .place = effect->segment,
                                            .figure_count = (uint8_t)group->figure_count};
    if (effect->band > 0)
        ret_result->by = eng_slice_of(group->splits[effect->band - 1].name);
    if (effect->band > 0 && effect->segment > 0)
        ret_result->segment = eng_encode_segment(model, effect);
    if (effect->kind == ENG_EFFECT_BOARD)
        ret_result->entries = eng_effect_entries(effect);
    for (uint32_t i = 0; i < group->figure_count; i++) {
        const struct eng_sum *sums = eng_effect_sums(effect, i);
        ret_result->figures[i] = (struct eng_figure_sums){eng_slice_of(group->figures[i].name),
                                                          (uint8_t)group->figures[i].kind,
                                                          {sums[0], sums[1]}};
    }
}

void eng_board_of(const struct eng_model *model, const struct eng_effect *effect,
                  struct eng_group_result *ret_result, struct eng_board_result *ret_board)
{
    eng_assert(effect->kind == ENG_EFFECT_BOARD);
    eng_result_of(model, effect, ret_result);
    ret_board->result = ret_result;
    ret_board->previous_ms = -1;
    ret_board->now.count = ret_board->left.count = 0;
    bool entries = eng_places_add(&ret_board->now, ret_result->top, ret_result->entries);
    eng_assert(entries);
    eng_places_rank(&ret_board->now);
}

static int compare(int64_t one, int64_t two)
{
    return one < two ? -1 : one > two;
}

int eng_result_compare(const struct eng_group_result *one, const struct eng_group_result *two)
{
    int order = compare(one->at_ms, two->at_ms);
    if (order == 0)
        order = compare(one->model_version, two->model_version);
    if (order == 0)
        order = compare(one->group_index, two->group_index);
    if (order == 0)
        order = compare(one->split, two->split);
    return order == 0 ? compare(one->place, two->place) : order;
}

bool eng_result_is_same(const struct eng_group_result *one, const struct eng_group_result *two)
{
    return eng_result_compare(one, two) == 0 && one->figure_count == two->figure_count &&
           (one->top > 0) == (two->top > 0);
}

void eng_result_add(struct eng_group_result *to, const struct eng_group_result *from)
{
    eng_assert(eng_result_is_same(to, from));
    to->partners += from->partners;
    to->entries = (struct eng_slice){0};
    for (uint32_t i = 0; i < to->figure_count; i++)
        for (int k = 0; k < 2; k++)
            to->figures[i].sums[k] = eng_sum_add(to->figures[i].sums[k], from->figures[i].sums[k]);
}
