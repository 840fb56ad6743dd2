/* Erasing partners: between two steps of the same work too, in which it must be as if the partner
 * had been erased before the input, but for what was already told of it. */
#include "sample.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 18, SEEDS = 1500, EFFECT_BYTES_MAX = 1 << 22 };

struct run {
    struct eng_engine *engine;
    struct eng_effects buffer; /* small */
    struct eng_effects told;   /* of one step */
};

static struct run run_start(const struct eng_model *model, uint32_t budget)
{
    struct eng_engine_options options = {.step_evaluations = budget};
    struct run run = {.buffer = {malloc(ROOM), ROOM, 0, 0}};
    run.told = (struct eng_effects){malloc(EFFECT_BYTES_MAX), EFFECT_BYTES_MAX, 0, 0};
    cr_assert(run.buffer.data != NULL && run.told.data != NULL);
    cr_assert(eng_engine_new(model, &options, &run.engine, NULL) == ENG_OK);
    return run;
}

static void run_end(struct run *run)
{
    eng_engine_free(run->engine);
    free(run->buffer.data);
    free(run->told.data);
}

/* One portion of a step; true when there is more. */
static bool portion(struct run *run, struct eng_model *const *models, const struct step *step)
{
    struct eng_batch batch = {&step->event, NULL, 1, 0, &history_names};
    enum eng_status status;
    if (step->tick)
        status = eng_engine_tick(run->engine, step->event.time_ms, &run->buffer, NULL);
    else if (step->model > 0)
        status =
            eng_engine_activate(run->engine, models[step->model], step->silent, &run->buffer, NULL);
    else
        status = eng_engine_apply(run->engine, &batch, &run->buffer, NULL);
    cr_assert(status == ENG_OK || status == ENG_AGAIN);
    cr_assert(run->told.used + run->buffer.used <= run->told.capacity);
    memcpy(run->told.data + run->told.used, run->buffer.data, run->buffer.used);
    run->told.used += run->buffer.used;
    run->buffer.used = run->buffer.count = 0;
    eng_engine_check(run->engine);
    return status == ENG_AGAIN;
}

static bool is_of(const struct eng_effect *effect, struct eng_slice partner)
{
    struct eng_slice id = eng_effect_partner(effect);
    return id.length == partner.length && memcmp(id.data, partner.data, id.length) == 0;
}

/* How many openings a guard has held is a matter of who was there then. */
static void forget_held(struct eng_effects *effects)
{
    const struct eng_effect *one = eng_effects_next(effects, NULL);
    for (; one != NULL; one = eng_effects_next(effects, one))
        if (one->kind == ENG_EFFECT_SOURCE_SILENCE)
            ((struct eng_effect *)(uintptr_t)one)->baseline_e4 = 0; /* they are ours */
}

/* Is it of all partners together, a group's or a board? */
static bool is_of_all(const struct eng_effect *effect)
{
    return effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD;
}

/* The next effect but for those of all partners up to `summed_ms`. */
static const struct eng_effect *next_of(const struct eng_effects *effects,
                                        const struct eng_effect *after, int64_t summed_ms)
{
    do
        after = eng_effects_next(effects, after);
    while (after != NULL && is_of_all(after) && after->at_ms <= summed_ms);
    return after;
}

/* The instant of the newest results of groups; -1: there are none. */
static int64_t newest_sums(const struct eng_effects *effects)
{
    const struct eng_effect *effect = NULL;
    int64_t newest_ms = -1;
    while ((effect = eng_effects_next(effects, effect)) != NULL)
        if (is_of_all(effect))
            newest_ms = effect->at_ms;
    return newest_ms;
}

/* `more` is `less`, and here and there something told of the partner at boundaries (also of an
 * event that was held); it may have been in the groups up to `summed_ms`. */
static bool holds(const struct eng_effects *more, const struct eng_effects *less,
                  struct eng_slice partner, int64_t summed_ms)
{
    const struct eng_effect *one = next_of(more, NULL, summed_ms);
    const struct eng_effect *two = next_of(less, NULL, summed_ms);
    for (; one != NULL; one = next_of(more, one, summed_ms)) {
        if (two != NULL && one->bytes == two->bytes && memcmp(one, two, one->bytes) == 0)
            two = next_of(less, two, summed_ms);
        else if (!is_of(one, partner) ||
                 (one->origin_kind == ENG_ORIGIN_OFFSET && one->cause != ENG_CAUSE_EXPIRY))
            return false;
    }
    return two == NULL;
}

/* One engine is told to forget in the middle of a step, the other before it. True when there was a
 * middle. */
static bool erase_within(struct run *within, struct run *before, struct eng_model *const *models,
                         const struct step *step, struct eng_slice partner, int64_t *ret_summed_ms)
{
    bool erased = false;
    enum eng_status known = eng_engine_erase(before->engine, partner, 0, NULL);
    while (portion(before, models, step))
        ;
    while (portion(within, models, step))
        if (!erased) {
            *ret_summed_ms = newest_sums(&within->told);
            cr_assert(eng_engine_erase(within->engine, partner, 0, NULL) == known);
            erased = true;
            eng_engine_check(within->engine);
        }
    return erased;
}

static void run_rest(struct run *run, struct eng_model *const *models,
                     const struct history *history, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const struct step *step = &history->steps[i];
        if (step->erase)
            (void)eng_engine_erase(run->engine, step->event.partner, 0, NULL);
        else
            while (portion(run, models, step))
                ;
    }
}

static bool try_one(const struct sample *sample, struct eng_model *const *models,
                    struct chance *chance)
{
    const struct history *history = &sample->history;
    uint32_t at = (uint32_t)chance_between(chance, 0, history->count - 1);
    const struct step *step = &history->steps[at];
    struct eng_slice partner = history->steps[chance_next(chance) % history->count].event.partner;
    if (step->erase || partner.data == NULL)
        return false;
    struct run within = run_start(models[0], (uint32_t)chance_between(chance, 1, 3));
    struct run before = run_start(models[0], 0);
    run_rest(&within, models, history, 0, at);
    run_rest(&before, models, history, 0, at);
    within.told.used = before.told.used = 0;
    int64_t summed_ms = -1;
    bool erased = erase_within(&within, &before, models, step, partner, &summed_ms);
    if (erased) {
        forget_held(&within.told);
        forget_held(&before.told);
        cr_assert(holds(&within.told, &before.told, partner, summed_ms),
                  "seed %" PRIu64 ", step %u", sample->seed, at);
        within.told.used = before.told.used = 0;
        run_rest(&within, models, history, at + 1, history->count);
        run_rest(&before, models, history, at + 1, history->count);
        forget_held(&within.told);
        forget_held(&before.told);
        cr_assert(within.told.used == before.told.used &&
                      memcmp(within.told.data, before.told.data, before.told.used) == 0,
                  "seed %" PRIu64 ", after step %u", sample->seed, at);
        cr_assert(eng_engine_partner_count(within.engine) ==
                  eng_engine_partner_count(before.engine));
    }
    run_end(&within);
    run_end(&before);
    return erased;
}

Test(erase, in_the_middle_of_a_step_it_is_as_if_it_had_been_before)
{
    const struct sample_kind kind = {.steps = 60, .directed = 40, .changes = 80, .erases = 30};
    uint64_t refused = 0, tried = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct eng_model *models[SAMPLE_TEXTS_MAX] = {NULL};
        struct chance chance = {seed};
        struct sample sample = sample_draw(seed, &kind, &refused);
        cr_assert(sample_load(&sample, models, NULL) == ENG_OK);
        for (int i = 0; i < 4; i++)
            tried += try_one(&sample, models, &chance);
        sample_unload(&sample, models);
        sample_free(&sample);
    }
    cr_assert_gt(tried, 200, "%" PRIu64 " erasures in the middle of a step", tried);
}

/* ---- many partners ---- */

#define DAY_MS 86400000LL

static const char many_text[] =
    "program: erase\n"
    "measures: {m: {members: x, over: 9d}, n: {count: x, over: 3d}}\n"
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}, n: {weight: 1, target: 9}},\n"
    "             bands: {low: 0, high: 5}}}\n";

static void act(struct eng_engine *engine, uint32_t partner, int64_t day, int count)
{
    char name[16], id[32], member[16];
    snprintf(name, sizeof name, "p%u", partner);
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%" PRId64 ".%d", day, i);
        snprintf(member, sizeof member, "m%d", i);
        struct eng_event event = {.time_ms = day * DAY_MS,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .partner = {name, (uint32_t)strlen(name)},
                                  .action = {"x", 1},
                                  .id = {id, (uint32_t)strlen(id)},
                                  .member = {member, (uint32_t)strlen(member)}};
        struct eng_batch batch = {.events = &event, .count = 1};
        cr_assert(eng_engine_apply(engine, &batch, NULL, NULL) == ENG_OK);
    }
}

static void forget(struct eng_engine *engine, uint32_t partner)
{
    char name[16];
    snprintf(name, sizeof name, "p%u", partner);
    struct eng_slice id = {name, (uint32_t)strlen(name)};
    cr_assert(eng_engine_erase(engine, id, 0, NULL) == ENG_OK);
    cr_assert(eng_engine_erase(engine, id, 0, NULL) == ENG_NOT_FOUND);
}

Test(erase, numbers_and_memory_are_used_again)
{
    enum { PARTNERS = 3000, BIG = 7 };
    struct eng_model *model = NULL;
    struct eng_engine *engine = NULL;
    uint64_t bytes = 0;
    cr_assert(eng_model_load_text(many_text, strlen(many_text), "e.yaml", &model, NULL) == ENG_OK);
    cr_assert(eng_engine_new(model, NULL, &engine, NULL) == ENG_OK);
    for (int64_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < PARTNERS; i++)
            act(engine, i, 10 + round * 20, i % 100 == BIG ? 200 : 1);
        cr_assert(eng_engine_partner_count(engine) == PARTNERS);
        cr_assert(round < 2 || eng_engine_memory_bytes(engine) <= bytes);
        bytes = eng_engine_memory_bytes(engine);
        for (uint32_t i = 0; i < PARTNERS; i++)
            forget(engine, i * 7 % PARTNERS);
        eng_engine_check(engine);
        cr_assert(eng_engine_partner_count(engine) == 0);
    }
    eng_engine_free(engine);
    eng_model_free(model);
}
