/* Forecasts: what they hold, what they leave alone, and what happens when there is no room. */
#include "base/memory.h"
#include "engine/internal.h"
#include "engine/page.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <engaged/model.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1767225600000) /* 2026-01-01 */

enum { ROOM = 1 << 16, PAGE_BYTES = 1 << 15 };

static const char two_alerts[] =
    "program: forecast\n"
    "measures: {logins: {count: login, over: 10d}}\n"
    "scores:\n"
    "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, bands: {low: 0, high: 5}}\n"
    "alerts:\n"
    "  at_risk: {score: s, falls_to: low}\n"
    "  silent: {silence: login, horizon: 30d, min_silence: 6d, risk: 0.001}\n";

struct stage {
    struct eng_model *model, *later;
    struct eng_engine *engine;
    struct eng_effects effects;
    uint64_t offset;
};

static struct eng_model *load(const char *text)
{
    struct eng_model *model = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_model_load_text(text, strlen(text), "forecast.yaml", &model, &err), ENG_OK,
                 "%s", err.text);
    return model;
}

static void setup(struct stage *s, const char *text, uint32_t budget)
{
    const struct eng_engine_options options = {.step_evaluations = budget};
    *s = (struct stage){.model = load(text)};
    cr_assert_eq(eng_engine_new(s->model, &options, &s->engine, NULL), ENG_OK);
    s->effects.capacity = eng_engine_effects_bytes_min(s->engine) + ROOM;
    s->effects.data = malloc(s->effects.capacity);
}

static void teardown(struct stage *s)
{
    eng_engine_check(s->engine);
    eng_engine_free(s->engine);
    eng_model_free(s->model);
    eng_model_free(s->later);
    free(s->effects.data);
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

static enum eng_status login(struct stage *s, const char *partner, int64_t time_ms)
{
    const struct eng_event event = {.time_ms = time_ms,
                                    .value_e4 = ENG_VALUE_NONE,
                                    .offset = s->offset++,
                                    .partner = slice(partner),
                                    .action = slice("login")};
    struct eng_batch batch = {.events = &event, .count = 1};
    return eng_engine_apply(s->engine, &batch, NULL, NULL);
}

static enum eng_status ask(struct stage *s, const char *partner, int64_t until_ms)
{
    s->effects.used = s->effects.count = 0;
    return eng_engine_forecast(s->engine, slice(partner), until_ms, &s->effects, NULL);
}

/* The effect at a place, as "kind subject status @ day". */
static void expect(const struct stage *s, unsigned index, const char *rule, uint8_t status, int day)
{
    const struct eng_effect *effect = eng_effects_next(&s->effects, NULL);
    for (; index > 0 && effect != NULL; index--)
        effect = eng_effects_next(&s->effects, effect);
    cr_assert_not_null(effect);
    bool change = effect->kind == ENG_EFFECT_SCORE_CHANGE;
    cr_expect_str_eq(change ? eng_model_score_name(s->model, effect->subject)
                            : eng_model_alert_name(s->model, effect->subject),
                     rule);
    cr_expect_eq(effect->status, status);
    cr_expect_eq(effect->cause, ENG_CAUSE_EXPIRY);
    cr_expect_eq(effect->at_ms, START_MS + day * DAY_MS, "%s at day %lld", rule,
                 (long long)((effect->at_ms - START_MS) / DAY_MS));
}

/* Logs in once a day on days 0 to 5, which is worth 6 of 10 points. */
static void act(struct stage *s, const char *partner)
{
    for (int day = 0; day < 6; day++)
        cr_assert_eq(login(s, partner, START_MS + day * DAY_MS), ENG_OK);
}

Test(forecast, says_when_a_score_falls_and_when_an_alert_opens)
{
    struct stage s;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    cr_assert_eq(ask(&s, "acme", START_MS + 60 * DAY_MS), ENG_OK);
    cr_assert_eq(s.effects.count, 3);
    expect(&s, 0, "s", ENG_OPENED, 11); /* the log-ins of days 0 and 1 have left */
    expect(&s, 1, "at_risk", ENG_OPENED, 11);
    expect(&s, 2, "silent", ENG_OPENED, 12);
    teardown(&s);
}

Test(forecast, ends_with_the_boundary_at_its_horizon)
{
    struct stage s;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    cr_assert_eq(ask(&s, "acme", START_MS + 11 * DAY_MS - 1), ENG_OK);
    cr_expect_eq(s.effects.count, 0);
    cr_assert_eq(ask(&s, "acme", START_MS + 11 * DAY_MS), ENG_OK);
    cr_expect_eq(s.effects.count, 2);
    cr_assert_eq(ask(&s, "acme", 0), ENG_OK); /* what is past is not foretold */
    cr_expect_eq(s.effects.count, 0);
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_expect_eq(s.effects.count, 3);
    teardown(&s);
}

Test(forecast, knows_whom_the_engine_knows)
{
    struct stage s;
    setup(&s, two_alerts, 0);
    cr_expect_eq(ask(&s, "acme", START_MS), ENG_NOT_FOUND); /* before any event */
    act(&s, "acme");
    cr_expect_eq(ask(&s, "zenith", START_MS), ENG_NOT_FOUND);
    cr_expect_eq(ask(&s, "", START_MS), ENG_NOT_FOUND);
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_assert_eq(eng_engine_erase(s.engine, slice("acme"), 100, NULL), ENG_OK);
    cr_expect_eq(ask(&s, "acme", START_MS), ENG_NOT_FOUND);
    teardown(&s);
}

static size_t page_of(const struct stage *s, uint32_t number, uint8_t *page)
{
    struct eng_record record = eng_record_open(&s->engine->store, number);
    cr_assert_leq(eng_record_page_bytes(&record), PAGE_BYTES);
    return eng_record_page_write(&record, page);
}

Test(forecast, leaves_the_engine_as_it_was)
{
    static uint8_t before[PAGE_BYTES], after[PAGE_BYTES];
    struct stage s;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    cr_assert_eq(login(&s, "zenith", START_MS + 9 * DAY_MS), ENG_OK); /* acme is not caught up */
    struct eng_counters counters = *eng_engine_counters(s.engine);
    uint64_t memory = eng_engine_memory_bytes(s.engine);
    size_t bytes = page_of(&s, 0, before);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_expect_eq(page_of(&s, 0, after), bytes);
    cr_expect_arr_eq(before, after, bytes);
    cr_expect_eq(memcmp(&counters, eng_engine_counters(s.engine), sizeof counters), 0);
    cr_expect_eq(eng_engine_clock_ms(s.engine), START_MS + 9 * DAY_MS);
    cr_expect_gt(eng_engine_memory_bytes(s.engine), memory); /* what it is made with counts */
    eng_engine_check(s.engine);
    teardown(&s);
}

Test(forecast, begins_at_the_boundary_in_work_for_who_waits_there)
{
    struct stage s;
    setup(&s, two_alerts, 1); /* one evaluation a call */
    act(&s, "acme");
    act(&s, "zenith");
    while (eng_engine_tick(s.engine, START_MS + 10 * DAY_MS, NULL, NULL) == ENG_AGAIN)
        ;
    cr_assert_eq(eng_engine_tick(s.engine, START_MS + 11 * DAY_MS, NULL, NULL), ENG_AGAIN);
    cr_assert_eq(s.engine->now.clock_ms, START_MS + 11 * DAY_MS);
    bool acme_waits = eng_store_at(&s.engine->store, 0)->due == s.engine->now.pane;
    cr_assert_eq(ask(&s, acme_waits ? "acme" : "zenith", INT64_MAX), ENG_OK);
    cr_assert_eq(s.effects.count, 3);
    expect(&s, 0, "s", ENG_OPENED, 11);
    cr_assert_eq(ask(&s, acme_waits ? "zenith" : "acme", INT64_MAX), ENG_OK);
    cr_assert_eq(s.effects.count, 1);
    expect(&s, 0, "silent", ENG_OPENED, 12);
    cr_assert_eq(eng_engine_tick(s.engine, START_MS + 11 * DAY_MS, NULL, NULL), ENG_OK);
    teardown(&s);
}

Test(forecast, is_that_of_the_model_in_force)
{
    static const char later[] = "program: forecast\n"
                                "version: 2\n"
                                "measures: {logins: {count: login, over: 10d}}\n"
                                "scores:\n"
                                "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, "
                                "bands: {low: 0, high: 3}}\n";
    struct stage s;
    setup(&s, two_alerts, 1);
    act(&s, "acme");
    act(&s, "zenith");
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    s.later = load(later);
    cr_assert_eq(eng_engine_activate(s.engine, s.later, true, NULL, NULL), ENG_AGAIN);
    enum eng_status acme = ask(&s, "acme", INT64_MAX), zenith = ask(&s, "zenith", INT64_MAX);
    cr_expect((acme == ENG_OK && zenith == ENG_UNAVAILABLE) ||
              (acme == ENG_UNAVAILABLE && zenith == ENG_OK)); /* one is carried over, one waits */
    while (eng_engine_activate(s.engine, s.later, true, NULL, NULL) == ENG_AGAIN)
        ;
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_assert_eq(s.effects.count, 1);
    expect(&s, 0, "s", ENG_OPENED, 13); /* under 3 points, and there is no alert any more */
    teardown(&s);
}

Test(forecast, that_does_not_fit_its_buffer_is_cut_between_two_boundaries)
{
    struct stage s;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_assert_eq(s.effects.count, 3);
    size_t whole = s.effects.used;
    s.effects.capacity = eng_engine_effects_bytes_min(s.engine);
    cr_expect_eq(ask(&s, "acme", INT64_MAX), ENG_LIMIT);
    cr_expect_eq(s.effects.count, 2);
    s.effects.capacity += whole;
    cr_expect_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_expect_eq(s.effects.count, 3);
    teardown(&s);
}

Test(forecast, leaves_all_intact_when_memory_runs_out)
{
    struct stage s;
    uint64_t failures = 0;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    for (uint64_t nth = 1;; nth++) {
        eng_memory_fail(nth, false);
        enum eng_status status = ask(&s, "acme", INT64_MAX);
        eng_memory_fail(0, 0);
        eng_engine_check(s.engine);
        failures += status == ENG_NO_MEMORY;
        cr_assert(status == ENG_OK || status == ENG_NO_MEMORY);
        cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
        cr_assert_eq(s.effects.count, 3);
        if (status == ENG_OK)
            break;
        eng_forecast_free(s.engine->forecast); /* so that all of it is allocated again */
        s.engine->forecast = NULL;
    }
    cr_expect_gt(failures, 10);
    teardown(&s);
}

Test(forecast, takes_no_memory_when_asked_again)
{
    struct stage s;
    setup(&s, two_alerts, 0);
    act(&s, "acme");
    cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    uint64_t allocations = eng_memory_count(), bytes = eng_engine_memory_bytes(s.engine);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(ask(&s, "acme", INT64_MAX), ENG_OK);
    cr_expect_eq(eng_memory_count(), allocations);
    cr_expect_eq(eng_engine_memory_bytes(s.engine), bytes);
    teardown(&s);
}
