/* S14 from outside: which changes of a model are refused, what begins provisional, and an engine
 * between two steps of a change. */
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL

#define TEXT(head, measure, target)                                                                \
    head "measures: {m: {" measure "}}\n"                                                          \
         "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: " target "}},\n"             \
         "             bands: {low: 0, high: 5}}}\n"

static struct eng_model *load(const char *text)
{
    struct eng_model *model = NULL;
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status = eng_model_load_text(text, strlen(text), "m.yaml", &model, &err);
    cr_assert(status == ENG_OK, "%s", err.text);
    return model;
}

static void refused(const char *head, const char *text)
{
    char after_text[1024];
    struct eng_error err = {ENG_OK, ""};
    snprintf(after_text, sizeof after_text, "%s%s", head, TEXT("", "count: x, over: 2d", "9"));
    struct eng_model *before = load(TEXT("program: p\nversion: 3\n", "count: x, over: 2d", "9"));
    struct eng_model *after = load(after_text);
    cr_expect(eng_model_carries(before, after, &err) == ENG_BAD_CONFIG);
    cr_expect(strstr(err.text, text) != NULL, "%s", err.text);
    struct eng_engine *engine = NULL;
    cr_assert(eng_engine_new(before, NULL, &engine, NULL) == ENG_OK);
    cr_expect(eng_engine_activate(engine, after, false, NULL, NULL) == ENG_BAD_CONFIG);
    cr_expect(eng_engine_model(engine) == before);
    eng_engine_free(engine);
    eng_model_free(before);
    eng_model_free(after);
}

Test(changes, what_counts_are_kept_under_cannot_change)
{
    refused("program: q\nversion: 4\n", "`program` is p and cannot become q");
    refused("program: p\nversion: 4\ntime: {pane: 1h}\n", "`time.pane` is 1d and cannot become 1h");
    refused("program: p\nversion: 4\ntime: {zone: Asia/Kolkata}\n",
            "`time.zone` is UTC and cannot become Asia/Kolkata");
    refused("program: p\nversion: 3\n", "`version` is 3 and was 3");
    refused("program: p\nversion: 2\n", "write 4 or more");
}

static void starts(const char *before_text, const char *after_text, const char *wanted)
{
    struct eng_model *before = load(before_text), *after = load(after_text);
    struct eng_start rows[2];
    char got[256] = "";
    uint32_t count = 0;
    cr_assert(eng_model_starts(before, after, rows, 2, &count) == ENG_OK);
    for (uint32_t i = 0; i < count && i < 2; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s.%s %u;", rows[i].score,
                 rows[i].dimension, rows[i].panes);
    snprintf(got + strlen(got), sizeof got - strlen(got), "%u", count);
    cr_expect_str_eq(got, wanted);
    eng_model_free(before);
    eng_model_free(after);
}

Test(changes, what_begins_provisional_is_known_beforehand)
{
    starts(TEXT("program: p\n", "count: x, over: 9d", "9"),
           TEXT("program: p\nversion: 2\n", "count: x, over: 2d", "8"), "0");
    starts(TEXT("program: p\n", "count: x, over: 9d", "9"),
           TEXT("program: p\nversion: 2\n", "count: x, over: 12d", "8"), "s.m 3;1");
    starts(TEXT("program: p\n", "count: x, over: 9d", "9"),
           TEXT("program: p\nversion: 2\n", "count: [x, y], over: 9d", "8"), "s.m 9;1");
    starts(TEXT("program: p\n", "count: x, over: 9d", "9"),
           TEXT("program: p\nversion: 2\n", "members: x, over: quarter", "8"), "s.m 91;1");
    starts(TEXT("program: p\n", "count: x, over: 9d", "9"),
           "program: p\nversion: 2\nscores: {s: {points: {a: 1, x: 1, b: 1, c: 1}, over: 9d,\n"
           "                bands: {low: 0}}}\n",
           "s.a 9;s.b 9;3");
}

/* ---- in the middle of a change ---- */

static void act(struct eng_engine *engine, uint32_t partner, int64_t time_ms)
{
    char name[16];
    snprintf(name, sizeof name, "p%u", partner);
    struct eng_event event = {.time_ms = time_ms,
                              .value_e4 = ENG_VALUE_NONE,
                              .partner = {name, (uint32_t)strlen(name)},
                              .action = {"x", 1}};
    struct eng_batch batch = {.events = &event, .count = 1};
    cr_assert(eng_engine_apply(engine, &batch, NULL, NULL) == ENG_OK);
}

struct middle {
    struct eng_model *before, *after;
    struct eng_engine *engine;
};

/* Ten of hundred partners have been carried over. */
static struct middle begin(void)
{
    const struct eng_engine_options options = {.step_evaluations = 10};
    struct middle m = {load(TEXT("program: p\n", "members: x, over: 9d", "9")),
                       load(TEXT("program: p\nversion: 2\n", "count: x, over: 9d", "9")), NULL};
    cr_assert(eng_engine_new(m.before, &options, &m.engine, NULL) == ENG_OK);
    for (uint32_t i = 0; i < 100; i++)
        act(m.engine, i, 20 * DAY_MS);
    cr_assert(eng_engine_activate(m.engine, m.after, false, NULL, NULL) == ENG_AGAIN);
    return m;
}

static void end(struct middle *m)
{
    eng_engine_free(m->engine);
    eng_model_free(m->before);
    eng_model_free(m->after);
}

Test(changes, who_has_not_been_carried_over_cannot_be_looked_at)
{
    static struct eng_view view;
    struct middle m = begin();
    unsigned there = 0, later = 0;
    for (uint32_t i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        struct eng_slice id = {name, (uint32_t)strlen(name)};
        enum eng_status status = eng_engine_view(m.engine, id, &view);
        there += status == ENG_OK;
        later += status == ENG_UNAVAILABLE;
    }
    cr_expect_eq(there, 10);
    cr_expect_eq(later, 90);
    cr_expect_eq(eng_engine_model(m.engine), m.after);
    end(&m); /* and nothing is lost */
}

Test(changes, a_tick_finishes_what_was_begun)
{
    struct middle m = begin();
    int calls = 0;
    while (eng_engine_tick(m.engine, 20 * DAY_MS, NULL, NULL) == ENG_AGAIN)
        calls++;
    cr_expect_eq(calls, 8);
    cr_expect_eq(eng_engine_activate(m.engine, m.after, false, NULL, NULL), ENG_OK);
    eng_engine_check(m.engine);
    end(&m);
}

Test(changes, how_far_back_a_measure_is_known_can_be_asked)
{
    struct eng_measure_known known;
    struct eng_engine *whole = NULL;
    struct middle m = begin();
    while (eng_engine_activate(m.engine, m.after, false, NULL, NULL) == ENG_AGAIN)
        continue;
    cr_expect_eq(eng_engine_measure_known(m.engine, "m", &known), ENG_OK);
    cr_expect_eq(known.since_ms, 21 * DAY_MS, "from the day after the change on");
    cr_expect_eq(known.full_ms, 29 * DAY_MS, "nine days later");
    cr_expect_eq(eng_engine_measure_known(m.engine, "n", &known), ENG_NOT_FOUND);
    while (eng_engine_tick(m.engine, 29 * DAY_MS, NULL, NULL) == ENG_AGAIN)
        continue;
    cr_expect_eq(eng_engine_measure_known(m.engine, "m", &known), ENG_OK);
    cr_expect_eq(known.full_ms, INT64_MIN, "its window has filled");
    cr_assert_eq(eng_engine_new(m.after, NULL, &whole, NULL), ENG_OK);
    act(whole, 1, 20 * DAY_MS);
    cr_expect_eq(eng_engine_measure_known(whole, "m", &known), ENG_OK);
    cr_expect_eq(known.since_ms, INT64_MIN);
    cr_expect_eq(known.full_ms, INT64_MIN);
    eng_engine_free(whole);
    end(&m);
}

Test(changes, what_is_known_can_be_written_and_read_again)
{
    uint8_t bytes[ENG_KNOWN_BYTES_MAX], again[ENG_KNOWN_BYTES_MAX];
    struct middle m = begin();
    struct eng_engine *other = NULL;
    uint32_t count = eng_engine_known_write(m.engine, bytes);
    cr_assert(eng_engine_new(m.after, NULL, &other, NULL) == ENG_OK);
    cr_expect_gt(count, 0u);
    cr_expect_eq(eng_engine_known_write(other, again), 0u);
    cr_expect_eq(eng_engine_known_read(other, bytes, count - 1), ENG_CORRUPT);
    for (uint32_t i = 0; i < count; i += 6) { /* no such kind, no such action, no such pane */
        static const struct {
            uint32_t at;
            uint8_t value;
        } wrong[] = {{0, 3}, {1, 200}, {5, 0x80}, {5, 0x7F}};
        for (unsigned j = 0; j < 4; j++) {
            memcpy(again, bytes, count);
            again[i + wrong[j].at] = wrong[j].value;
            cr_expect_eq(eng_engine_known_read(other, again, count), ENG_CORRUPT);
        }
    }
    cr_expect_eq(eng_engine_known_read(other, bytes, count), ENG_OK);
    cr_expect_eq(eng_engine_known_write(other, again), count);
    cr_expect_eq(memcmp(bytes, again, count), 0);
    eng_engine_free(other);
    end(&m);
}
