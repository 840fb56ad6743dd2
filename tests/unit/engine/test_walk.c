/* S3, S14: a boundary or a change of the model comes to each partner once, whatever their number
 * is: also when the table is just about to grow, which it must not do between marking partners and
 * visiting them. */
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <stdio.h>
#include <string.h>

enum { PARTNERS = 600, EFFECTS_BYTES = 1 << 20 };

static const char *const texts[] = {
    "program: p\nversion: 1\nmeasures: {m: {count: x, over: 3d}}\n"
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}}, bands: {low: 0, high: 5}}}\n",
    "program: p\nversion: 2\nmeasures: {m: {count: x, over: 3d}}\n"
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 9}}, bands: {low: 0, high: 5}}}\n",
};

static struct eng_model *load(int which)
{
    struct eng_model *model;
    struct eng_error err = {0};
    cr_assert_eq(
        eng_model_load_text(texts[which], strlen(texts[which]), "model.yaml", &model, &err), ENG_OK,
        "%s", err.text);
    return model;
}

/* One event of each of `count` partners, all on the first day: each is in the high band then. */
static struct eng_engine *filled(const struct eng_model *model, uint32_t count,
                                 struct eng_effects *effects)
{
    struct eng_engine *engine;
    struct eng_error err = {0};
    cr_assert_eq(eng_engine_new(model, NULL, &engine, &err), ENG_OK, "%s", err.text);
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        uint8_t outcome;
        int length = snprintf(name, sizeof name, "p%u", i);
        struct eng_event event = {.time_ms = 1000,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .offset = i,
                                  .partner = {name, (uint32_t)length},
                                  .action = {"x", 1},
                                  .verdict = ENG_VERDICT_GOOD};
        struct eng_batch batch = {&event, &outcome, 1, 0, NULL};
        effects->used = effects->count = 0;
        cr_assert_eq(eng_engine_apply(engine, &batch, effects, &err), ENG_OK, "%s", err.text);
    }
    return engine;
}

Test(walk, whatever_the_number_of_partners_a_boundary_comes_to_each_once)
{
    struct eng_effects effects = {.data = malloc(EFFECTS_BYTES), .capacity = EFFECTS_BYTES};
    struct eng_model *model = load(0);
    struct eng_error err = {0};
    for (uint32_t count = 1; count <= PARTNERS; count++) {
        struct eng_engine *engine = filled(model, count, &effects);
        effects.used = effects.count = 0;
        cr_assert_eq(eng_engine_tick(engine, 5 * 86400000ll, &effects, &err), ENG_OK);
        cr_assert_eq(effects.count, count, "of %u partners %u fell", count, effects.count);
        eng_engine_free(engine);
    }
    eng_model_free(model);
    free(effects.data);
}

Test(walk, and_so_does_a_change_of_the_model)
{
    struct eng_effects effects = {.data = malloc(EFFECTS_BYTES), .capacity = EFFECTS_BYTES};
    struct eng_model *before = load(0), *after = load(1);
    struct eng_error err = {0};
    for (uint32_t count = 1; count <= PARTNERS; count++) {
        struct eng_engine *engine = filled(before, count, &effects);
        effects.used = effects.count = 0;
        cr_assert_eq(eng_engine_activate(engine, after, false, &effects, &err), ENG_OK, "%s",
                     err.text);
        cr_assert_eq(effects.count, count, "of %u partners %u fell", count, effects.count);
        eng_engine_free(engine);
    }
    eng_model_free(before);
    eng_model_free(after);
    free(effects.data);
}
