/* Numbers besides the value go by their names: those of events into those of the model, and over a
 * change of the model, in whatever order each of them has them. */
#include "model/config.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <string.h>

#define INPUT                                                                                      \
    "program: p\ntime: {dedup: 0, late_after: 9d}\n"                                               \
    "input: {fields: {numbers: {points: a, pieces: b}}}\n"
#define SCORE "scores: {s: {points: {x: 1}, over: 9d, bands: {all: 0}}}\n"
#define AWARD "ledgers: {l: {}}\nawards: {w: {when: x, points: points, to: l}}\n"

/* The first model has points before pieces, the other one pieces before points. */
static const char first[] = INPUT SCORE AWARD
    "facts: {f: {set: x, from: pieces}}\n"
    "measures: {m: {sum: points, of: x, over: 9d}, n: {last: pieces, of: x, over: "
    "9d}, o: {sum: pieces, of: x, over: life}, r: {fact: f}}\n";
static const char second[] = INPUT
    "version: 2\n" SCORE AWARD "facts: {g: {set: x, from: points}, f: {set: x, from: pieces}}\n"
    "measures: {n: {last: pieces, of: x, over: 9d}, o: {sum: pieces, of: x, over: life}, "
    "m: {sum: points, of: x, over: 9d}, r: {fact: f}, q: {fact: g}}\n";

static struct eng_config *load(const char *text)
{
    struct eng_config *config;
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(text, strlen(text), "p.yaml", &config, &err), ENG_OK, "%s",
                 err.text);
    return config;
}

/* An event whose input names its numbers in an order of its own. */
static void act(struct eng_engine *engine, uint64_t offset, int64_t points, int64_t pieces)
{
    static const char *const called[] = {"stock", "pieces", "points"};
    static const struct eng_names names = {.number_count = 3, .numbers = called};
    int64_t numbers[] = {990000, pieces * 10000, points * 10000};
    struct eng_event event = {.partner = {"acme", 4},
                              .action = {"x", 1},
                              .time_ms = 1767225600000 + (int64_t)offset,
                              .value_e4 = 70000,
                              .numbers = numbers,
                              .offset = offset};
    struct eng_batch batch = {.events = &event, .count = 1, .names = &names};
    cr_assert_eq(eng_engine_apply(engine, &batch, NULL, NULL), ENG_OK);
}

/* What a measure is; -1: nothing there. */
static int64_t measure_of(struct eng_engine *engine, const char *name)
{
    static struct eng_view view;
    cr_assert_eq(eng_engine_view(engine, (struct eng_slice){"acme", 4}, &view), ENG_OK);
    for (unsigned i = 0; i < view.measure_count; i++)
        if (strcmp(view.measures[i].name, name) == 0)
            return view.measures[i].missing ? -1 : view.measures[i].value_e4 / 10000;
    cr_assert_fail("no measure %s", name);
    return -2;
}

static int64_t balance_of(struct eng_engine *engine)
{
    static struct eng_view view;
    cr_assert_eq(eng_engine_view(engine, (struct eng_slice){"acme", 4}, &view), ENG_OK);
    return view.ledgers[0].balance_e4 / 10000;
}

Test(numbers, they_go_by_their_names_in_events_and_over_a_change)
{
    struct eng_config *one = load(first), *two = load(second);
    struct eng_engine *engine;
    struct eng_error err = {0};
    cr_assert_eq(eng_engine_new(one->model, NULL, &engine, &err), ENG_OK);
    act(engine, 0, 30, 4);
    cr_expect_eq(measure_of(engine, "m"), 30);
    cr_expect_eq(measure_of(engine, "n"), 4);
    cr_expect_eq(measure_of(engine, "r"), 4);
    cr_expect_eq(balance_of(engine), 30);
    cr_assert_eq(eng_engine_activate(engine, two->model, false, NULL, &err), ENG_OK, "%s",
                 err.text);
    cr_expect_eq(measure_of(engine, "m"), 30, "a sum goes on");
    cr_expect_eq(measure_of(engine, "n"), 4, "so does the newest");
    cr_expect_eq(measure_of(engine, "o"), 4, "and all that there ever was");
    cr_expect_eq(measure_of(engine, "r"), 4, "and a fact");
    cr_expect_eq(measure_of(engine, "q"), -1, "of another number, nothing was noted");
    act(engine, 1, 5, 2);
    cr_expect_eq(measure_of(engine, "m"), 35);
    cr_expect_eq(measure_of(engine, "n"), 2);
    cr_expect_eq(measure_of(engine, "o"), 6);
    cr_expect_eq(measure_of(engine, "r"), 2);
    cr_expect_eq(measure_of(engine, "q"), 5);
    cr_expect_eq(balance_of(engine), 35);
    eng_engine_check(engine);
    eng_engine_free(engine);
    eng_config_free(one);
    eng_config_free(two);
}
