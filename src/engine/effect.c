/* The effects buffer: writing records (engine) and walking them (everybody). */
#include "base/assert.h"
#include "engine/internal.h"

const struct eng_effect *eng_effects_next(const struct eng_effects *effects,
                                          const struct eng_effect *after)
{
    eng_assert(effects != NULL);
    size_t at = 0;
    if (after != NULL)
        at = (size_t)((const uint8_t *)after - effects->data) + after->bytes;
    eng_assert(at <= effects->used);
    if (at == effects->used)
        return NULL;
    return (const struct eng_effect *)(const void *)(effects->data + at);
}

const struct eng_contribution *eng_effect_contributions(const struct eng_effect *effect)
{
    eng_assert(effect != NULL);
    return (const struct eng_contribution *)(const void *)(effect + 1);
}

struct eng_slice eng_effect_partner(const struct eng_effect *effect)
{
    eng_assert(effect != NULL);
    return (struct eng_slice){
        (const char *)(eng_effect_contributions(effect) + effect->contribution_count),
        effect->partner_bytes};
}

struct eng_effect *eng_effect_begin(const struct eng_engine *engine,
                                    const struct eng_evaluation *evaluation, uint32_t contributions)
{
    eng_assert(engine->hand.partner != NULL);
    return eng_effect_begin_of(evaluation, eng_partner_id(engine->hand.partner), contributions);
}

struct eng_effect *eng_effect_begin_of(const struct eng_evaluation *evaluation,
                                       struct eng_slice partner, uint32_t contributions)
{
    struct eng_effects *effects = evaluation->effects;
    if (effects == NULL)
        return NULL;
    size_t bytes = sizeof(struct eng_effect) + contributions * sizeof(struct eng_contribution) +
                   partner.length;
    bytes = (bytes + 7) & ~(size_t)7;
    eng_assert(effects->used + bytes <= effects->capacity);
    eng_assert(effects->used % 8 == 0);
    struct eng_effect *effect = (struct eng_effect *)(void *)(effects->data + effects->used);
    memset(effect, 0, bytes);
    effects->used += bytes;
    effects->count++;
    effect->bytes = (uint32_t)bytes;
    effect->cause = evaluation->cause;
    effect->origin_kind = evaluation->origin_kind;
    effect->origin = evaluation->origin;
    effect->at_ms = evaluation->at_ms;
    effect->contribution_count = (uint16_t)contributions;
    effect->partner_bytes = (uint16_t)partner.length;
    memcpy((char *)((struct eng_contribution *)(void *)(effect + 1) + contributions), partner.data,
           partner.length);
    return effect;
}

void eng_effect_score(struct eng_engine *engine, struct eng_effect *effect, unsigned score)
{
    const struct eng_scratch *scratch = &engine->scratch;
    struct eng_contribution *to = (struct eng_contribution *)(void *)(effect + 1);
    eng_assert(score < engine->model->score_count);
    eng_assert(effect->contribution_count == engine->model->scores[score].dimension_count);
    eng_fill(engine, score);
    effect->score = (uint16_t)score;
    effect->value_e4 = scratch->value[score];
    effect->band = scratch->band_after[score];
    for (uint32_t i = 0; i < effect->contribution_count; i++)
        to[i] =
            (struct eng_contribution){scratch->contribution[score][i],
                                      scratch->contribution[score][i] - scratch->told[score][i]};
}
