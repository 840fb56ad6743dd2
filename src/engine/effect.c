/* The effects buffer: writing records (engine) and walking them (everybody). */
#include "base/assert.h"
#include "engine/fact.h"
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

struct eng_slice eng_effect_entries(const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_BOARD || effect->kind == ENG_EFFECT_DIGEST);
    eng_assert(effect->contribution_count == 0);
    return (struct eng_slice){(const char *)(effect + 1), effect->entries_bytes};
}

bool eng_entry_take(struct eng_slice *rest, struct eng_entry *ret_entry)
{
    const uint8_t *at = (const uint8_t *)rest->data;
    uint64_t value = 0;
    eng_assert(rest->length == 0 || at != NULL);
    if (rest->length < ENG_ENTRY_HEAD_BYTES)
        return false;
    uint32_t length = (uint32_t)at[8] << 8 | at[9];
    if (rest->length - ENG_ENTRY_HEAD_BYTES < length)
        return false;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    *ret_entry =
        (struct eng_entry){(int64_t)value, {(const char *)at + ENG_ENTRY_HEAD_BYTES, length}};
    rest->data += ENG_ENTRY_HEAD_BYTES + length;
    rest->length -= ENG_ENTRY_HEAD_BYTES + length;
    eng_assert(ret_entry->partner.length == length);
    return true;
}

bool eng_left_out_take(struct eng_slice *rest, struct eng_left_out *ret_entry)
{
    const uint8_t *at = (const uint8_t *)rest->data;
    uint64_t value = 0;
    if (rest->length < ENG_LEFT_OUT_HEAD_BYTES)
        return false;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    uint32_t length = (uint32_t)at[10] << 8 | at[11];
    if (rest->length - ENG_LEFT_OUT_HEAD_BYTES < length)
        return false;
    *ret_entry = (struct eng_left_out){
        (int64_t)value, at[8], at[9] != 0, {rest->data + ENG_LEFT_OUT_HEAD_BYTES, length}};
    rest->data += ENG_LEFT_OUT_HEAD_BYTES + length;
    rest->length -= ENG_LEFT_OUT_HEAD_BYTES + length;
    return true;
}

bool eng_effect_fact(const struct eng_effect *effect, const uint8_t *kinds, uint32_t *at,
                     struct eng_told_fact *ret_fact)
{
    struct eng_slice partner = eng_effect_partner(effect);
    const uint8_t *from = (const uint8_t *)partner.data + partner.length + *at;
    eng_assert(kinds != NULL);
    eng_assert(*at <= effect->facts_bytes);
    if (*at == effect->facts_bytes)
        return false;
    *ret_fact = (struct eng_told_fact){.fact = from[0]};
    if (kinds[from[0]] == ENG_FACT_TEXT)
        ret_fact->text = (struct eng_slice){(const char *)from + 2, from[1]};
    else if (kinds[from[0]] == ENG_FACT_NUMBER)
        ret_fact->value_e4 = eng_load_i64(from + 2);
    else
        ret_fact->option = from[2];
    *at += ENG_FACT_TOLD_HEAD_BYTES + from[1];
    return true;
}

/* ---- what is said of an event ---- */

enum { LENGTH_BYTES = 2 }; /* of a slice: 1 + its length, 0: there is none */

static uint8_t *put_slice(uint8_t *to, struct eng_slice slice)
{
    uint16_t stored = slice.data != NULL ? (uint16_t)(slice.length + 1) : 0;
    eng_assert(slice.length < UINT16_MAX);
    memcpy(to, &stored, sizeof stored);
    if (stored > 1)
        memcpy(to + LENGTH_BYTES, slice.data, slice.length);
    return to + LENGTH_BYTES + (stored > 0 ? slice.length : 0);
}

static const uint8_t *get_slice(const uint8_t *from, struct eng_slice *ret_slice)
{
    uint16_t stored = eng_load_u16(from);
    *ret_slice = (struct eng_slice){0};
    if (stored > 0)
        *ret_slice = (struct eng_slice){(const char *)from + LENGTH_BYTES, stored - 1u};
    return from + LENGTH_BYTES + ret_slice->length;
}

static uint32_t flagged_bytes(const struct eng_flagged *flagged)
{
    eng_assert(flagged->action.data != NULL);
    eng_assert(flagged->id.data != NULL || flagged->id.length == 0);
    return 3 * LENGTH_BYTES + flagged->action.length + flagged->id.length + flagged->text.length;
}

static uint16_t put_flagged(uint8_t *to, const struct eng_flagged *flagged)
{
    const uint8_t *end =
        put_slice(put_slice(put_slice(to, flagged->action), flagged->id), flagged->text);
    eng_assert((size_t)(end - to) == flagged_bytes(flagged));
    return (uint16_t)(end - to);
}

void eng_effect_flagged(const struct eng_effect *effect, struct eng_flagged *ret_flagged)
{
    struct eng_slice partner = eng_effect_partner(effect);
    const uint8_t *at = (const uint8_t *)partner.data + partner.length;
    eng_assert(effect->kind == ENG_EFFECT_ABUSE_FLAG || effect->kind == ENG_EFFECT_SIGHTING);
    at = get_slice(at, &ret_flagged->action);
    at = get_slice(at, &ret_flagged->id);
    at = get_slice(at, &ret_flagged->text);
    eng_assert(at == (const uint8_t *)partner.data + partner.length + effect->facts_bytes);
}

/* ---- beginning one ---- */

/* What goes behind the partner's id: what the facts of the engine's partner say, or what a flag
 * says of its event; NULL, neither. */
struct behind {
    const struct eng_engine *tells;
    const struct eng_flagged *flagged;
};

/* There is room for the most that it may be. */
static struct eng_effect *begin_with(const struct eng_evaluation *evaluation,
                                     struct eng_slice partner, uint32_t contributions,
                                     struct behind more)
{
    struct eng_effects *effects = evaluation->effects;
    if (effects == NULL)
        return NULL;
    size_t bytes = sizeof(struct eng_effect) + contributions * sizeof(struct eng_contribution) +
                   partner.length;
    size_t extra = more.tells != NULL     ? more.tells->layout->facts_bytes_most
                   : more.flagged != NULL ? flagged_bytes(more.flagged)
                                          : 0;
    size_t most = (bytes + extra + 7) & ~(size_t)7;
    eng_assert(effects->used + most <= effects->capacity);
    eng_assert(effects->used % 8 == 0);
    struct eng_effect *effect = (struct eng_effect *)(void *)(effects->data + effects->used);
    memset(effect, 0, most);
    char *behind = (char *)((struct eng_contribution *)(void *)(effect + 1) + contributions);
    memcpy(behind, partner.data, partner.length);
    if (more.tells != NULL)
        effect->facts_bytes =
            (uint16_t)eng_fact_tell(more.tells, (uint8_t *)behind + partner.length);
    if (more.flagged != NULL)
        effect->facts_bytes = put_flagged((uint8_t *)behind + partner.length, more.flagged);
    effect->bytes = (uint32_t)((bytes + effect->facts_bytes + 7) & ~(size_t)7);
    effects->used += effect->bytes;
    effects->count++;
    effect->cause = evaluation->cause;
    effect->origin_kind = evaluation->origin_kind;
    effect->origin = evaluation->origin;
    effect->at_ms = evaluation->at_ms;
    effect->contribution_count = (uint16_t)contributions;
    effect->partner_bytes = (uint16_t)partner.length;
    return effect;
}

struct eng_effect *eng_effect_begin_of(const struct eng_evaluation *evaluation,
                                       struct eng_slice partner, uint32_t contributions)
{
    return begin_with(evaluation, partner, contributions, (struct behind){0});
}

struct eng_effect *eng_effect_begin(const struct eng_engine *engine,
                                    const struct eng_evaluation *evaluation, uint32_t contributions)
{
    eng_assert(contributions <= ENG_DIMENSIONS_MAX);
    eng_assert(engine->hand.partner != NULL);
    return begin_with(evaluation, eng_partner_id(engine->hand.partner), contributions,
                      (struct behind){engine->layout->facts_bytes_most > 0 ? engine : NULL, NULL});
}

struct eng_effect *eng_effect_begin_bare(const struct eng_engine *engine,
                                         const struct eng_evaluation *evaluation,
                                         uint32_t contributions)
{
    return begin_with(evaluation, eng_partner_id(engine->hand.partner), contributions,
                      (struct behind){0});
}

struct eng_effect *eng_effect_begin_flag(const struct eng_evaluation *evaluation,
                                         struct eng_slice partner,
                                         const struct eng_flagged *flagged)
{
    return begin_with(evaluation, partner, 0, (struct behind){NULL, flagged});
}

void eng_effect_passed(struct eng_effects *effects, int64_t boundary_ms)
{
    struct eng_effect *effect = (struct eng_effect *)(void *)(effects->data + effects->used);
    eng_assert(effects->used + sizeof *effect <= effects->capacity);
    eng_assert(boundary_ms >= 0);
    memset(effect, 0, sizeof *effect);
    effect->kind = ENG_EFFECT_PASSED;
    effect->cause = ENG_CAUSE_EXPIRY;
    effect->bytes = sizeof *effect;
    effect->origin_kind = ENG_ORIGIN_BOUNDARY;
    effect->origin = (uint64_t)boundary_ms;
    effect->at_ms = boundary_ms;
    effects->used += effect->bytes;
    effects->count++;
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
