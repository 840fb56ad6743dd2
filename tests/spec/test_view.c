/* What a view suggests: what a score change into a lower band would, and nothing where there is
 * nothing to gain. And what it says has become of a score since the last card. */
#include "codec/encode.h"
#include "model/config.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <stdio.h>
#include <string.h>

static const char program[] =
    "program: p\ntime: {dedup: 0}\n"
    "measures: {logins: {count: login, over: 9d}, invoices: {count: invoice, over: 9d}}\n"
    "scores:\n"
    "  s: {scale: 10, dimensions: {\n"
    "    logins: {weight: 1, target: 10, effort: 1},\n"
    "    invoices: {weight: 1, target: 2, effort: 2}}, bands: {low: 0, high: 5}}\n"
    "  quiet: {points: {login: 1}, over: 9d, bands: {few: 0, many: 5}}\n";

struct stage {
    struct eng_config *config;
    struct eng_engine *engine;
    uint64_t offset;
    int64_t day; /* of the events that follow: days after Thursday, 1 January 2026 */
};

static void act(struct stage *s, const char *action)
{
    struct eng_event event = {.partner = {"acme", 4},
                              .action = {action, (uint32_t)strlen(action)},
                              .time_ms =
                                  1767225600000 + s->day * 86400000 + (int64_t)s->offset * 1000,
                              .value_e4 = ENG_VALUE_NONE,
                              .offset = s->offset};
    uint8_t outcome;
    struct eng_batch batch = {.events = &event, .outcomes = &outcome, .count = 1};
    s->offset++;
    cr_assert_eq(eng_engine_apply(s->engine, &batch, NULL, NULL), ENG_OK);
}

static void tick(struct stage *s, int64_t day)
{
    uint8_t data[65536] __attribute__((aligned(8)));
    struct eng_effects effects = {.data = data, .capacity = sizeof data};
    cr_assert_eq(eng_engine_tick(s->engine, 1767225600000 + day * 86400000, &effects, NULL),
                 ENG_OK);
}

/* The member of the view that begins with `key` and ends with `end` is as wanted; empty: there is
 * none. */
static void expect_member(struct stage *s, const char *key, const char *end, const char *wanted)
{
    static struct eng_view view;
    struct eng_bytes out = {0};
    const struct eng_encode_context context = {.model = s->config->model, .source = ""};
    cr_assert_eq(eng_engine_view(s->engine, (struct eng_slice){"acme", 4}, &view), ENG_OK);
    cr_assert_eq(eng_encode_view(&context, (struct eng_slice){"acme", 4}, &view, NULL, &out),
                 ENG_OK);
    cr_assert_eq(eng_bytes_append(&out, "", 1), ENG_OK);
    const char *found = strstr((const char *)out.data, key);
    size_t length = found != NULL ? strcspn(found, end) + 1 : 0;
    cr_expect(length == strlen(wanted) && strncmp(found != NULL ? found : "", wanted, length) == 0,
              "%s\nnot %s", (const char *)out.data, wanted);
    eng_bytes_done(&out);
}

static void expect(struct stage *s, const char *wanted)
{
    expect_member(s, "\"nudge\"", "}", wanted);
}

static void expect_trend(struct stage *s, const char *wanted)
{
    expect_member(s, "\"trend\"", ",}", wanted);
}

Test(view, it_suggests_what_raises_a_score_most_for_the_least_effort)
{
    struct stage s = {0};
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(program, sizeof program - 1, "p.yaml", &s.config, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(eng_engine_new(s.config->model, NULL, &s.engine, &err), ENG_OK, "%s", err.text);
    act(&s, "login");
    /* A log-in is 0.5 points for an effort of 1, an invoice 2.5 for 2. */
    expect(
        &s,
        "\"nudge\":{\"dimension\":\"invoices\",\"action\":\"invoice\",\"count\":1,\"gain\":2.5}");
    act(&s, "invoice");
    expect(&s, "\"nudge\":{\"dimension\":\"invoices\",\"action\":\"invoice\",\"count\":1,\"gain\":"
               "2.5,\"to\":\"high\"}");
    act(&s, "invoice");
    expect(&s,
           "\"nudge\":{\"dimension\":\"logins\",\"action\":\"login\",\"count\":1,\"gain\":0.5}");
    for (int i = 0; i < 9; i++)
        act(&s, "login");
    expect(&s, "");
    act(&s, "login"); /* and goes on as ever */
    eng_engine_check(s.engine);
    eng_engine_free(s.engine);
    eng_config_free(s.config);
}

/* Cards are made on Monday: the first one, by which there is a trend, on day 4. A log-in is worth
 * one point. */
Test(view, it_says_what_has_become_of_a_score_since_the_last_card)
{
    static const char reported[] =
        "program: p\ntime: {dedup: 0}\n"
        "scores: {s: {points: {login: 1}, over: 9d, bands: {few: 0, many: 50}}}\n"
        "reports: {other: {of: [s], every: week}, card: {of: [s], every: week, trend: 2}}\n";
    struct stage s = {0};
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(reported, sizeof reported - 1, "p.yaml", &s.config, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(eng_engine_new(s.config->model, NULL, &s.engine, &err), ENG_OK, "%s", err.text);
    act(&s, "login");
    act(&s, "login");
    act(&s, "login");
    expect_trend(&s, "");
    s.day = 4; /* the card says 3 */
    act(&s, "login");
    expect_trend(&s, "\"trend\":\"steady\"}");
    act(&s, "login");
    expect_trend(&s, "\"trend\":\"improving\"}");
    s.day = 9; /* three have left the window, and two are there */
    act(&s, "login");
    expect_trend(&s, "\"trend\":\"steady\"}");
    act(&s, "login");
    act(&s, "login");
    expect_trend(&s, "\"trend\":\"improving\"}");
    tick(&s, 13); /* the card of day 11 says 5, and two have left since */
    expect_trend(&s, "\"trend\":\"declining\"}");
    tick(&s, 18); /* a card with nothing left */
    expect_trend(&s, "\"trend\":\"steady\"}");
    eng_engine_check(s.engine);
    eng_engine_free(s.engine);
    eng_config_free(s.config);
}
