/* The engine and memory: none is taken per event, and an allocation that fails at any place leaves
 * the state as it was, so that the same call works once there is memory again. */
#include "base/memory.h"
#include "history.h"
#include "sample.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000LL
#define START_MS 1767225600000LL

enum { ROOM = 1 << 18, PARTNERS = 40, CAP = 16 << 20 };

/* An engine with a growing record of what it told. */
struct run {
    struct eng_model *const *models;
    struct eng_engine *engine;
    struct eng_effects effects;
    char *told;
    size_t told_bytes;
    uint32_t failures;
};

static struct eng_model *load(const char *text)
{
    struct eng_model *model = NULL;
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status = eng_model_load_text(text, strlen(text), "memory.yaml", &model, &err);
    cr_assert(status == ENG_OK, "%s", err.text);
    return model;
}

static void run_start(struct run *run, struct eng_model *const *models)
{
    const struct eng_model *model = models[0];
    memset(run, 0, sizeof *run);
    run->models = models;
    if (eng_engine_new(model, NULL, &run->engine, NULL) == ENG_NO_MEMORY) {
        cr_assert(run->engine == NULL);
        run->failures++;
        eng_memory_fail(0, 0);
        cr_assert(eng_engine_new(model, NULL, &run->engine, NULL) == ENG_OK);
    }
    run->effects.capacity = eng_engine_effects_bytes_min(run->engine) + ROOM; /* any model's */
    run->effects.data = malloc(run->effects.capacity);
    cr_assert(run->effects.data != NULL);
}

static void run_end(struct run *run)
{
    eng_engine_free(run->engine);
    free(run->effects.data);
    free(run->told);
}

static void collect(struct run *run)
{
    if (run->effects.used == 0)
        return;
    run->told = realloc(run->told, run->told_bytes + run->effects.used);
    cr_assert(run->told != NULL);
    memcpy(run->told + run->told_bytes, run->effects.data, run->effects.used);
    run->told_bytes += run->effects.used;
    run->effects.used = 0;
    run->effects.count = 0;
}

/* One step, again and again until it is done; memory is there again after a failure. */
static void run_step(struct run *run, const struct step *step, uint8_t *ret_outcome)
{
    struct eng_batch batch = {&step->event, ret_outcome, 1, 0, &history_names};
    enum eng_status status;
    do {
        if (step->tick)
            status = eng_engine_tick(run->engine, step->event.time_ms, &run->effects, NULL);
        else if (step->model > 0)
            status = eng_engine_activate(run->engine, run->models[step->model], step->silent,
                                         &run->effects, NULL);
        else if (step->erase)
            status = eng_engine_erase(run->engine, step->event.partner, 0, NULL);
        else
            status = eng_engine_apply(run->engine, &batch, &run->effects, NULL);
        collect(run);
        if (status == ENG_NO_MEMORY) {
            cr_assert(batch.done == 0);
            run->failures++;
            eng_memory_fail(0, 0);
            eng_engine_check(run->engine);
        }
    } while (status == ENG_AGAIN || status == ENG_NO_MEMORY);
    cr_assert(status == ENG_OK || (step->erase && status == ENG_NOT_FOUND));
}

static void run_history(struct run *run, const struct history *history, uint8_t *outcomes)
{
    for (uint32_t i = 0; i < history->count; i++)
        run_step(run, &history->steps[i], &outcomes[i]);
    eng_engine_check(run->engine);
}

static const char everything[] =
    "program: memory\n"
    "time: {dedup: 3d}\n"
    "measures:\n"
    "  count: {count: [\"a.*\", b], over: 7d}\n"
    "  sum: {sum: value, of: b, over: 10d}\n"
    "  active: {active: b, over: month}\n"
    "  members: {members: \"a.*\", over: 9d}\n"
    "  last: {last: value, of: b, over: 5d}\n"
    "  streak: {streak: b}\n"
    "  state: {state: on, until: off}\n"
    "scores:\n"
    "  s:\n"
    "    scale: 10\n"
    "    dimensions:\n"
    "      count: {weight: 2, target: 9}\n"
    "      sum: {weight: 2, target: 30}\n"
    "      active: {weight: 1, target: 5}\n"
    "      members: {weight: 1, target: 3}\n"
    "      last: {weight: 1, target: 9, missing: skip}\n"
    "      streak: {weight: 1, target: 4}\n"
    "      state: {weight: 1, target: 1}\n"
    "    bands: {low: 0, mid: 4, high: 7}\n"
    "    margin: 0.2\n"
    "    dwell: 30h\n"
    "    tell_every: 0.5\n"
    "  p: {points: {a.one: 3, \"a.*\": 1}, over: 12d, bands: {quiet: 0, loud: 9}}\n"
    "alerts:\n"
    "  fall: {score: s, falls_to: low, cooldown: 5d}\n"
    "  drop: {score: s, drop: 2, within: 8d, cooldown: 4d}\n"
    "  silence: {silence: [b, \"a.*\"], horizon: 20d, cooldown: 3d}\n";

/* 20 days of life of every partner, the same every time but for the day. */
static void live(struct run *run, int cycle)
{
    static const char *const actions[] = {"a.one", "a.two", "b", "on", "off", "b", "b"};
    for (int i = 0; i < 20 * PARTNERS * 3; i++) {
        struct step step = {.tick = false};
        char partner[16];
        uint8_t outcome = 0;
        int64_t day = cycle * 20 + i / (PARTNERS * 3);
        snprintf(partner, sizeof partner, "p%d", i % PARTNERS);
        snprintf(step.id, sizeof step.id, "%d.%d", cycle, i);
        snprintf(step.member, sizeof step.member, "m%d", i % 5);
        step.event.time_ms = START_MS + day * DAY_MS + i % (PARTNERS * 3) * 60000;
        step.event.value_e4 = i % 9 * 10000;
        step.event.partner = (struct eng_slice){partner, (uint32_t)strlen(partner)};
        step.event.action.data = actions[i % 7];
        step.event.action.length = (uint32_t)strlen(actions[i % 7]);
        step.event.id = (struct eng_slice){step.id, (uint32_t)strlen(step.id)};
        step.event.member = (struct eng_slice){step.member, (uint32_t)strlen(step.member)};
        if ((i / PARTNERS + i % PARTNERS) % 4 != 0 || i % 20 > 11)
            run_step(run, &step, &outcome);
    }
}

Test(memory, nothing_is_allocated_per_event_once_partners_exist)
{
    struct eng_model *model = load(everything);
    struct run run;
    run_start(&run, &model);
    for (int cycle = 0; cycle < 8; cycle++)
        live(&run, cycle);
    uint64_t before = eng_memory_count(), bytes = eng_engine_memory_bytes(run.engine);
    for (int cycle = 8; cycle < 16; cycle++)
        live(&run, cycle);
    cr_expect(eng_memory_count() == before, "%" PRIu64 " allocations", eng_memory_count() - before);
    cr_expect(eng_engine_memory_bytes(run.engine) == bytes);
    cr_expect(eng_engine_counters(run.engine)->outcome[ENG_OUTCOME_COUNTED] > 20000);
    cr_expect(run.told_bytes > 0);
    run_end(&run);
    eng_model_free(model);
}

/* Fails the Nth allocation of a whole history, and all after it until the call comes back; then
 * once more with `all` off. True while there was an Nth one. */
static bool survives(struct eng_model *const *models, const struct history *history, uint64_t nth,
                     const struct run *plain, const uint8_t *outcomes)
{
    bool failed = false;
    for (int all = 0; all < 2; all++) {
        struct run run;
        uint8_t *got = calloc(1, history->count);
        cr_assert(got != NULL);
        eng_memory_fail(nth, all);
        run_start(&run, models);
        run_history(&run, history, got);
        eng_memory_fail(0, 0);
        cr_assert(run.told_bytes == plain->told_bytes, "allocation %" PRIu64 ": %zu bytes, not %zu",
                  nth, run.told_bytes, plain->told_bytes);
        cr_assert(run.told_bytes == 0 || memcmp(run.told, plain->told, run.told_bytes) == 0);
        cr_assert(memcmp(got, outcomes, history->count) == 0);
        failed = run.failures > 0;
        run_end(&run);
        free(got);
    }
    return failed;
}

static void fail_everywhere(struct eng_model *const *models, const struct history *history)
{
    struct run plain;
    uint8_t *outcomes = calloc(1, history->count);
    uint64_t nth = 1;
    cr_assert(outcomes != NULL);
    run_start(&plain, models);
    run_history(&plain, history, outcomes);
    cr_assert(plain.failures == 0);
    while (survives(models, history, nth, &plain, outcomes))
        nth++;
    cr_expect(nth > 3, "only %" PRIu64 " allocations failed", nth - 1);
    run_end(&plain);
    free(outcomes);
}

Test(memory, an_allocation_that_fails_anywhere_leaves_the_engine_intact)
{
    const struct sample_kind kind = {.steps = 60, .directed = 25, .changes = 60, .erases = 30};
    uint64_t refused = 0;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct eng_model *models[SAMPLE_TEXTS_MAX] = {NULL};
        struct sample sample = sample_draw(seed, &kind, &refused);
        cr_assert(sample_load(&sample, models, NULL) == ENG_OK);
        fail_everywhere(models, &sample.history);
        sample_unload(&sample, models);
        sample_free(&sample);
    }
}

/* A cap is an operating error like a full machine: the state stays. Tables grow by less than half,
 * and the cap is looked at before each event. */
Test(memory, a_full_cap_refuses_the_event_and_keeps_the_state)
{
    struct eng_model *model = load(everything);
    struct eng_engine_options options = {.memory_bytes_max = CAP};
    struct eng_engine *engine = NULL;
    struct eng_event event = {.time_ms = START_MS, .value_e4 = 10000, .action = {"b", 1}};
    struct eng_batch batch = {&event, NULL, 1, 0, NULL};
    enum eng_status status = eng_engine_new(model, &options, &engine, NULL);
    cr_assert(status == ENG_OK);
    uint64_t partners = 0;
    for (; status == ENG_OK && partners < 1000000; partners++) {
        char name[16];
        snprintf(name, sizeof name, "p%" PRIu64, partners);
        event.partner = (struct eng_slice){name, (uint32_t)strlen(name)};
        batch.done = 0;
        status = eng_engine_apply(engine, &batch, NULL, NULL);
    }
    cr_expect(status == ENG_NO_MEMORY, "%s", eng_status_name(status));
    cr_expect(batch.done == 0);
    cr_expect(eng_engine_partner_count(engine) == partners - 1);
    cr_expect(eng_engine_memory_bytes(engine) <= CAP + CAP / 2);
    eng_engine_check(engine);
    eng_engine_free(engine);
    eng_model_free(model);
}

/* A score of which one point leaves each day for a long time, told to nobody. */
static const char slow_fall[] = "program: memory\n"
                                "time: {late_after: 10d, dedup: 0}\n"
                                "scores: {s: {points: {a: 1}, over: 200d, bands: {all: 0}}}\n"
                                "alerts: {deep: {score: s, drop: 1000, within: 300d}}\n";

static void act(struct run *run, int day)
{
    uint8_t outcome = 0;
    struct step step = {.event = {.time_ms = START_MS + day * DAY_MS,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .partner = {"p", 1},
                                  .action = {"a", 1}}};
    run_step(run, &step, &outcome);
    eng_engine_check(run->engine);
}

Test(memory, boundaries_that_nobody_hears_of_do_not_outgrow_what_was_made_ready)
{
    struct eng_model *model = load(slow_fall);
    struct run run;
    run_start(&run, &model);
    for (int day = 0; day < 200; day++)
        act(&run, day);
    act(&run, 230); /* more values to remember than the record itself holds */
    act(&run, 350); /* and then far more at once */
    cr_expect(eng_engine_counters(run.engine)->churn_drops == 0);
    run_end(&run);
    eng_model_free(model);
}
