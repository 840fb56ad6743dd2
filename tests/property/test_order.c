/* S3: the order of two partners at one boundary is by a hash of their ids; the whole hash, also
 * where the half of it that the partner table keeps is the same. */
#include "engine/hash.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS = 400000, DAY_MS = 86400000 };

static const char model_text[] =
    "program: order\n"
    "measures: {m: {count: x, over: 2d}}\n"
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}},\n"
    "             bands: {low: 0, high: 5}}}\n";

struct named {
    uint64_t hash;
    char id[12];
};

static int by_hash(const void *one, const void *two)
{
    const struct named *a = one, *b = two;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* Ids whose hashes agree in their upper half with the next one's, in pairs, in order. */
static uint32_t find_pairs(struct named *ids, struct named *ret_pairs, uint32_t most)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < IDS; i++) {
        int length = snprintf(ids[i].id, sizeof ids[i].id, "p%u", i);
        ids[i].hash = eng_hash(ids[i].id, (uint32_t)length);
    }
    qsort(ids, IDS, sizeof *ids, by_hash);
    for (uint32_t i = 0; i + 1 < IDS && found + 2 <= most; i++) {
        if (ids[i].hash >> 32 != ids[i + 1].hash >> 32)
            continue;
        ret_pairs[found++] = ids[i];
        ret_pairs[found++] = ids[i + 1];
    }
    return found;
}

static void apply(struct eng_engine *engine, const char *id, int64_t time_ms,
                  struct eng_effects *effects)
{
    struct eng_event event = {.time_ms = time_ms,
                              .value_e4 = ENG_VALUE_NONE,
                              .partner = {id, (uint32_t)strlen(id)},
                              .action = {"x", 1}};
    struct eng_batch batch = {.events = &event, .count = 1};
    cr_assert_eq(eng_engine_apply(engine, &batch, effects, NULL), ENG_OK);
}

Test(order, partners_whose_hashes_agree_by_half_are_told_in_the_order_of_the_whole)
{
    static struct named ids[IDS], pairs[32];
    static uint64_t room[8192];
    uint32_t count = find_pairs(ids, pairs, 32);
    cr_assert_geq(count, 8, "%u ids with half a hash in common", count);
    struct eng_model *model;
    struct eng_engine *engine;
    struct eng_effects effects = {.data = (uint8_t *)room, .capacity = sizeof room};
    cr_assert_eq(eng_model_load_text(model_text, strlen(model_text), "order.yaml", &model, NULL),
                 ENG_OK);
    cr_assert_eq(eng_engine_new(model, NULL, &engine, NULL), ENG_OK);
    for (uint32_t i = count; i-- > 0;)
        apply(engine, pairs[i].id, DAY_MS + count - i, &effects);
    effects.used = effects.count = 0;
    cr_assert_eq(eng_engine_tick(engine, 5 * (int64_t)DAY_MS, &effects, NULL), ENG_OK);
    cr_assert_eq(effects.count, count);
    const struct eng_effect *effect = NULL;
    for (uint32_t i = 0; i < count; i++) {
        effect = eng_effects_next(&effects, effect);
        struct eng_slice id = eng_effect_partner(effect);
        cr_assert_eq(strlen(pairs[i].id), id.length);
        cr_assert_eq(memcmp(id.data, pairs[i].id, id.length), 0, "%s at %u", pairs[i].id, i);
    }
    eng_engine_free(engine);
    eng_model_free(model);
}
