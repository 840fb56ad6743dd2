/* What a view suggests: what a score change into a lower band would, and nothing where there is
 * nothing to gain. */
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
};

static void act(struct stage *s, const char *action)
{
    struct eng_event event = {.partner = {"acme", 4},
                              .action = {action, (uint32_t)strlen(action)},
                              .time_ms = 1767225600000 + (int64_t)s->offset * 1000,
                              .value_e4 = ENG_VALUE_NONE,
                              .offset = s->offset};
    uint8_t outcome;
    struct eng_batch batch = {.events = &event, .outcomes = &outcome, .count = 1};
    s->offset++;
    cr_assert_eq(eng_engine_apply(s->engine, &batch, NULL, NULL), ENG_OK);
}

static void expect(struct stage *s, const char *wanted)
{
    static struct eng_view view;
    struct eng_bytes out = {0};
    const struct eng_encode_context context = {.model = s->config->model, .source = ""};
    cr_assert_eq(eng_engine_view(s->engine, (struct eng_slice){"acme", 4}, &view), ENG_OK);
    cr_assert_eq(eng_encode_view(&context, (struct eng_slice){"acme", 4}, &view, NULL, &out),
                 ENG_OK);
    cr_assert_eq(eng_bytes_append(&out, "", 1), ENG_OK);
    const char *found = strstr((const char *)out.data, "\"nudge\"");
    size_t length = found != NULL ? strcspn(found, "}") + 1 : 0;
    cr_expect(length == strlen(wanted) && strncmp(found != NULL ? found : "", wanted, length) == 0,
              "%s\nnot %s", (const char *)out.data, wanted);
    eng_bytes_done(&out);
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
