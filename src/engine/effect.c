/* The effects buffer: writing records (engine) and walking them (everybody). */
#include "base/assert.h"
#include "base/big_endian.h"
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

enum { ID_LENGTH_BYTES = 2 }; /* at the end of an entry's head */

struct eng_slice eng_effect_entries(const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_BOARD || effect->kind == ENG_EFFECT_DIGEST);
    eng_assert(effect->contribution_count == 0);
    return (struct eng_slice){(const char *)(effect + 1), effect->entries_bytes};
}

size_t eng_effect_entries_most(uint32_t count, uint32_t head_bytes)
{
    size_t entries = (size_t)count * (head_bytes + ENG_PARTNER_BYTES_MAX);
    eng_assert(head_bytes > ID_LENGTH_BYTES);
    eng_assert(entries <= UINT16_MAX); /* entries_bytes */
    return (sizeof(struct eng_effect) + entries + 7) & ~(size_t)7;
}

uint8_t *eng_effect_put_id(uint8_t *to, const struct eng_store *store, uint32_t partner)
{
    struct eng_slice id = eng_partner_id(eng_store_at(store, partner));
    eng_assert(id.length > 0);
    eng_assert(id.length <= ENG_PARTNER_BYTES_MAX);
    eng_write_be(to, id.length, ID_LENGTH_BYTES);
    memcpy(to + ID_LENGTH_BYTES, id.data, id.length);
    return to + ID_LENGTH_BYTES + id.length;
}

void eng_effect_end_entries(struct eng_effect *effect, uint8_t *end)
{
    const uint8_t *begin = (const uint8_t *)(effect + 1);
    eng_assert(end >= begin);
    eng_assert(end - begin <= UINT16_MAX);
    effect->entries_bytes = (uint16_t)(end - begin);
    effect->bytes = (uint32_t)((sizeof *effect + effect->entries_bytes + 7) & ~(size_t)7);
    memset(end, 0, effect->bytes - sizeof *effect - effect->entries_bytes);
}

/* Takes the first of packed entries off: its head, which ends with the length of the id, and the
 * id. NULL: there is none, or what is left is none. */
static const uint8_t *take_entry(struct eng_slice *rest, uint32_t head_bytes,
                                 struct eng_slice *ret_partner)
{
    const uint8_t *head = (const uint8_t *)rest->data;
    eng_assert(head_bytes > ID_LENGTH_BYTES);
    eng_assert(rest->length == 0 || head != NULL);
    if (rest->length < head_bytes)
        return NULL;
    uint32_t length = (uint32_t)eng_read_be(head + head_bytes - ID_LENGTH_BYTES, ID_LENGTH_BYTES);
    if (rest->length - head_bytes < length)
        return NULL;
    *ret_partner = (struct eng_slice){rest->data + head_bytes, length};
    rest->data += head_bytes + length;
    rest->length -= head_bytes + length;
    return head;
}

bool eng_entry_take(struct eng_slice *rest, struct eng_entry *ret_entry)
{
    const uint8_t *head = take_entry(rest, ENG_ENTRY_HEAD_BYTES, &ret_entry->partner);
    eng_assert(ENG_ENTRY_HEAD_BYTES == 8 + ID_LENGTH_BYTES);
    if (head == NULL)
        return false;
    ret_entry->value_e4 = (int64_t)eng_read_be(head, 8);
    eng_assert(ret_entry->partner.data == (const char *)head + ENG_ENTRY_HEAD_BYTES);
    return true;
}

bool eng_left_out_take(struct eng_slice *rest, struct eng_left_out *ret_entry)
{
    const uint8_t *head = take_entry(rest, ENG_LEFT_OUT_HEAD_BYTES, &ret_entry->partner);
    eng_assert(ENG_LEFT_OUT_HEAD_BYTES == 10 + ID_LENGTH_BYTES);
    if (head == NULL)
        return false;
    ret_entry->value_e4 = (int64_t)eng_read_be(head, 8);
    ret_entry->alert = head[8];
    ret_entry->missing = head[9] != 0;
    eng_assert(ret_entry->partner.data == (const char *)head + ENG_LEFT_OUT_HEAD_BYTES);
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

static uint32_t flagged_bytes(const struct eng_flagged *flagged)
{
    eng_assert(flagged->action.data != NULL);
    eng_assert(flagged->id.data != NULL || flagged->id.length == 0);
    return eng_slice_bytes(flagged->action) + eng_slice_bytes(flagged->id) +
           eng_slice_bytes(flagged->text) + eng_slice_bytes(flagged->check);
}

static uint16_t put_flagged(uint8_t *to, const struct eng_flagged *flagged)
{
    uint8_t *end = eng_put_slice(eng_put_slice(to, flagged->action), flagged->id);
    end = eng_put_slice(eng_put_slice(end, flagged->text), flagged->check);
    eng_assert((size_t)(end - to) == flagged_bytes(flagged));
    return (uint16_t)(end - to);
}

void eng_effect_flagged(const struct eng_effect *effect, struct eng_flagged *ret_flagged)
{
    struct eng_slice partner = eng_effect_partner(effect);
    const uint8_t *at = (const uint8_t *)partner.data + partner.length;
    eng_assert(effect->kind == ENG_EFFECT_ABUSE_FLAG || effect->kind == ENG_EFFECT_SIGHTING);
    at = eng_get_slice(at, &ret_flagged->action);
    at = eng_get_slice(at, &ret_flagged->id);
    at = eng_get_slice(at, &ret_flagged->text);
    at = eng_get_slice(at, &ret_flagged->check);
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
    eng_assert(contributions <= UINT16_MAX);
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
