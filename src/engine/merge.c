/* Merging the sums of partitions: see merge.h.
 *
 * A moment of a group has one record for each segment, laid out as it will be given out, to which
 * the sums of each partition are added. Few moments are open at a time: as many as the clocks of
 * two partitions are apart. */
#include "engine/merge.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/group.h"

struct open_moment {
    const struct eng_model *model;
    int64_t at_ms;
    uint32_t told; /* partitions that have told it */
    uint16_t group;
    uint32_t record_bytes, record_count;
    uint8_t *records; /* by segment: everybody, then split by split */
};

struct eng_merge {
    uint32_t partitions, count, capacity;
    struct open_moment *moments;
    uint32_t giving;  /* the moment that is being given out; `count`: none is */
    uint32_t segment; /* the next of its segments */
};

enum eng_status eng_merge_new(uint32_t partitions, struct eng_merge **ret_merge)
{
    eng_assert(partitions > 0);
    eng_assert(ret_merge != NULL);
    struct eng_merge *merge = eng_calloc(1, sizeof *merge);
    if (merge == NULL)
        return ENG_NO_MEMORY;
    merge->partitions = partitions;
    *ret_merge = merge;
    return ENG_OK;
}

void eng_merge_free(struct eng_merge *merge)
{
    if (merge == NULL)
        return;
    eng_assert(merge->moments != NULL || merge->count == 0);
    for (uint32_t i = 0; i < merge->count; i++)
        eng_free(merge->moments[i].records);
    eng_free(merge->moments);
    eng_free(merge);
}

/* ---- taking ---- */

static struct open_moment *find_moment(const struct eng_merge *merge, const struct eng_model *model,
                                       const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_GROUP);
    eng_assert(merge->moments != NULL || merge->count == 0);
    for (uint32_t i = 0; i < merge->count; i++) {
        struct open_moment *moment = &merge->moments[i];
        if (moment->model == model && moment->at_ms == effect->at_ms &&
            moment->group == effect->subject)
            return moment;
    }
    return NULL;
}

/* Room for one more moment. */
static enum eng_status reserve_moment(struct eng_merge *merge)
{
    eng_assert(merge->count <= merge->capacity);
    if (merge->count < merge->capacity)
        return ENG_OK;
    uint32_t capacity = 2 * merge->capacity + 8;
    struct open_moment *moments = eng_realloc(merge->moments, capacity * sizeof *moments);
    if (moments == NULL)
        return ENG_NO_MEMORY;
    eng_assert(capacity > merge->count);
    merge->moments = moments;
    merge->capacity = capacity;
    return ENG_OK;
}

static enum eng_status open_moment(struct eng_merge *merge, const struct eng_model *model,
                                   const struct eng_effect *effect, struct open_moment **ret_moment)
{
    struct open_moment moment = {.model = model,
                                 .at_ms = effect->at_ms,
                                 .group = effect->subject,
                                 .record_bytes = effect->bytes,
                                 .record_count =
                                     eng_group_segments(model, &model->groups[effect->subject])};
    eng_assert(effect->subject < model->group_count);
    eng_assert(effect->bytes % 8 == 0);
    if (reserve_moment(merge) != ENG_OK)
        return ENG_NO_MEMORY;
    moment.records = eng_calloc(moment.record_count, moment.record_bytes);
    if (moment.records == NULL)
        return ENG_NO_MEMORY;
    merge->moments[merge->count] = moment;
    *ret_moment = &merge->moments[merge->count++];
    return ENG_OK;
}

static struct eng_effect *record_at(const struct open_moment *moment, uint32_t segment)
{
    eng_assert(segment < moment->record_count);
    eng_assert(moment->records != NULL);
    return (struct eng_effect *)(void *)(moment->records + (size_t)segment * moment->record_bytes);
}

/* The place of a result among those of its group. */
static uint32_t place_of(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_group *group = &model->groups[effect->subject];
    uint32_t place = effect->band > 0 ? 1u + effect->segment : 0;
    eng_assert(effect->subject < model->group_count);
    eng_assert(effect->band <= group->split_count);
    for (uint32_t i = 0; i + 1 < effect->band; i++)
        place += eng_split_segments(model, &group->splits[i]);
    return place;
}

static void add_result(const struct eng_effect *from, struct eng_effect *to)
{
    int64_t partners = to->partners;
    struct eng_sum *sums = (struct eng_sum *)(void *)(to + 1);
    eng_assert(from->partners >= 0 && partners >= 0);
    eng_assert(to->bytes == 0 || to->bytes == from->bytes);
    *to = *from;
    to->partners += partners;
    for (uint32_t i = 0; i < from->contribution_count; i++)
        sums[i] = eng_sum_add(sums[i], eng_effect_sums(from, 0)[i]);
}

enum eng_status eng_merge_take(struct eng_merge *merge, const struct eng_model *model,
                               const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_GROUP);
    eng_assert(effect->partitions == 1);
    struct open_moment *moment = find_moment(merge, model, effect);
    if (moment == NULL && open_moment(merge, model, effect, &moment) != ENG_OK)
        return ENG_NO_MEMORY;
    if (effect->band == 0)
        moment->told++;
    eng_assert(moment->told > 0 && moment->told <= merge->partitions);
    add_result(effect, record_at(moment, place_of(model, effect)));
    merge->giving = merge->count;
    return ENG_OK;
}

/* ---- giving out ---- */

static bool is_before(const struct open_moment *one, const struct open_moment *two)
{
    eng_assert(one->model != NULL);
    eng_assert(two->model != NULL);
    if (one->at_ms != two->at_ms)
        return one->at_ms < two->at_ms;
    if (one->model->version != two->model->version)
        return one->model->version < two->model->version;
    return one->group < two->group;
}

/* The first moment that may be given out; `count`: none may. */
static uint32_t choose_moment(const struct eng_merge *merge, bool all)
{
    uint32_t best = merge->count;
    eng_assert(merge->moments != NULL || merge->count == 0);
    for (uint32_t i = 0; i < merge->count; i++) {
        bool may = all || merge->moments[i].told == merge->partitions;
        eng_assert(merge->moments[i].told <= merge->partitions);
        if (may && (best == merge->count || is_before(&merge->moments[i], &merge->moments[best])))
            best = i;
    }
    return best;
}

static void close_moment(struct eng_merge *merge)
{
    eng_assert(merge->giving < merge->count);
    eng_assert(merge->segment == merge->moments[merge->giving].record_count);
    eng_free(merge->moments[merge->giving].records);
    merge->moments[merge->giving] = merge->moments[--merge->count];
    merge->giving = merge->count;
}

const struct eng_effect *eng_merge_next(struct eng_merge *merge, bool all,
                                        const struct eng_model **ret_model)
{
    eng_assert(merge != NULL);
    eng_assert(ret_model != NULL);
    for (;;) {
        if (merge->giving >= merge->count) {
            merge->giving = choose_moment(merge, all);
            merge->segment = 0;
        }
        if (merge->giving == merge->count)
            return NULL;
        const struct open_moment *moment = &merge->moments[merge->giving];
        *ret_model = moment->model;
        while (merge->segment < moment->record_count) {
            struct eng_effect *result = record_at(moment, merge->segment++);
            result->partitions = moment->told;
            if (result->bytes > 0)
                return result;
        }
        close_moment(merge);
    }
}
