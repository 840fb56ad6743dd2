/* Actions of a model, played by made-up partners. */
#include "cli/synth_cast.h"

#include "model/config.h"
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ACTIONS = 6 };

#define SCORE "scores: {s: {ledger: score, over: 30d, bands: {low: 0}}}\n"

static const char with_awards[] =
    "program: test\nledgers: {score: {}}\nawards:\n"
    "  login: {when: platform.login, points: 1, to: score}\n"
    "  look: {when: page.viewed, where: {kind: [a, b]}, points: 1, to: score}\n"
    "  claim: {when: claim.filed, points: value, to: score, pending: {until: claim.approved, "
    "reference: claim_id}}\n"
    "  order: {when: order.placed, points: value, to: score, reversed_by: order.cancelled, "
    "reverses: original}\n" SCORE;

static struct eng_config *config;
static struct eng_synth *synth;
static struct eng_synth_cast *cast;

static void begin(const char *text)
{
    const struct eng_synth_options options = {.seed = 7,
                                              .partners = 100,
                                              .days = 120,
                                              .start_ms = INT64_C(1767225600000),
                                              .mix = {50, 10, 12, 10, 10, 8}};
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(text, strlen(text), "t.yaml", &config, &err), ENG_OK, "%s",
                 err.text);
    cr_assert_eq(eng_synth_new(&options, &synth, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(eng_synth_cast_new(config->model, &cast), ENG_OK);
}

static void end(void)
{
    eng_synth_cast_free(cast);
    eng_synth_free(synth);
    eng_config_free(config);
}

static struct eng_slice named(const struct eng_attribute *attributes, uint32_t count,
                              const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (attributes[i].name.length == strlen(name) &&
            memcmp(attributes[i].name.data, name, strlen(name)) == 0)
            return attributes[i].value;
    return (struct eng_slice){NULL, 0};
}

static bool same(struct eng_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

/* What the parts of the model above have to look like. */
static void expect_part(const struct eng_event *record, const struct eng_attribute *attributes,
                        uint32_t count, uint32_t seen[ACTIONS])
{
    static const char *const actions[ACTIONS] = {"platform.login", "page.viewed",
                                                 "claim.filed",    "claim.approved",
                                                 "order.placed",   "order.cancelled"};
    int at = 0;
    while (at < ACTIONS && !same(record->action, actions[at]))
        at++;
    cr_assert_lt(at, ACTIONS, "%.*s", (int)record->action.length, record->action.data);
    seen[at]++;
    struct eng_slice kind = named(attributes, count, "kind");
    struct eng_slice claim = named(attributes, count, "claim_id");
    struct eng_slice original = named(attributes, count, "original");
    cr_assert_eq(at == 1, kind.data != NULL);
    cr_assert(at != 1 || same(kind, "a") || same(kind, "b"));
    cr_assert_eq(at == 2 || at == 3, claim.data != NULL);
    cr_assert(same(named(attributes, count, "region"), "north"));
    cr_assert(at == 5 || original.data == NULL);
    cr_assert(original.data == NULL || original.length == 12);
    cr_assert((at != 2 && at != 4) || record->value_e4 > 0);
}

Test(synth_cast, a_model_is_played_by_its_own_actions)
{
    uint32_t seen[ACTIONS] = {0};
    struct eng_synth_event event;
    begin(with_awards);
    cr_assert_not_null(cast);
    while (eng_synth_next(synth, &event) == ENG_OK) {
        struct eng_attribute attributes[ENG_SYNTH_ATTRIBUTES_MAX] = {{{"region", 6}, {"north", 5}},
                                                                     {{"tier", 4}, {"gold", 4}}};
        struct eng_event record = {.time_ms = event.time_ms, .value_e4 = ENG_VALUE_NONE};
        uint32_t count = 2;
        eng_synth_cast_play(cast, &event, &record, attributes, &count);
        expect_part(&record, attributes, count, seen);
        struct eng_event again = {.time_ms = event.time_ms, .value_e4 = ENG_VALUE_NONE};
        uint32_t same_count = count;
        eng_synth_cast_play(cast, &event, &again, attributes, &same_count);
        cr_assert(again.action.data == record.action.data && again.value_e4 == record.value_e4);
    }
    for (int i = 0; i < ACTIONS; i++)
        cr_expect_gt(seen[i], 20, "%d", i);
    cr_expect_lt(seen[5], seen[4], "who reverses comes seldom");
    end();
}

Test(synth_cast, who_knows_all_actions_plays_them_itself)
{
    begin("program: test\nscores: {s: {points: {platform.login: 1, \"invoice.*\": 2}, over: 30d, "
          "bands: {low: 0}}}\n");
    cr_expect_null(cast);
    end();
    begin("program: test\nscores: {s: {points: {platform.login: 1, \"page.*\": 2}, over: 30d, "
          "bands: {low: 0}}}\n");
    cr_expect_not_null(cast);
    end();
}

static const char with_facts[] =
    "program: test\n"
    "facts:\n"
    "  tier: {set: tier.changed, from: level, values: [silver, gold]}\n"
    "  grade: {set: checkin.graded, cleared: checkin.void, from: grade}\n"
    "  mail: {set: mail.changed, from: mail, text: 40}\n"
    "measures:\n"
    "  grade: {fact: grade}\n"
    "  revenue: {sum: value, of: invoice.upload, over: 90d}\n"
    "  answer: {last: value, of: survey.answer, over: 90d}\n"
    "scores: {s: {scale: 10, bands: {low: 0}, dimensions: {grade: {weight: 1, target: 20}, "
    "revenue: {weight: 1, target: 8000}, answer: {weight: 1, target: 10}}}}\n";

/* The number that an attribute's text is; -1: no such attribute. */
static long number_of(struct eng_slice text)
{
    char copy[24] = "";
    if (text.data == NULL)
        return -1;
    cr_assert_lt(text.length, sizeof copy);
    memcpy(copy, text.data, text.length);
    return strtol(copy, NULL, 10);
}

enum { TIER, GRADE, MAIL, REVENUE, ANSWER, CLEARED, PARTS };

static void expect_said(const struct eng_event *record, const struct eng_attribute *attributes,
                        uint32_t count, uint32_t seen[PARTS])
{
    struct eng_slice level = named(attributes, count, "level");
    struct eng_slice mail = named(attributes, count, "mail");
    long grade = number_of(named(attributes, count, "grade"));
    bool tier = same(record->action, "tier.changed"),
         graded = same(record->action, "checkin.graded");
    bool mailed = same(record->action, "mail.changed");
    bool invoice = same(record->action, "invoice.upload");
    bool answer = same(record->action, "survey.answer");
    cr_assert_eq(level.data != NULL, tier);
    cr_assert(!tier || same(level, "silver") || same(level, "gold"));
    cr_assert_eq(grade >= 0, graded);
    cr_assert(!graded || (grade >= 6 && grade <= 25), "%ld", grade);
    cr_assert_eq(mail.data != NULL, mailed);
    cr_assert(!invoice || (record->value_e4 >= 3000000 && record->value_e4 <= 12500000));
    cr_assert(!answer || (record->value_e4 >= 30000 && record->value_e4 <= 130000));
    seen[TIER] += tier;
    seen[GRADE] += graded;
    seen[MAIL] += mailed;
    seen[REVENUE] += invoice;
    seen[ANSWER] += answer;
    seen[CLEARED] += same(record->action, "checkin.void");
}

Test(synth_cast, facts_and_answers_are_about_their_targets)
{
    uint32_t seen[PARTS] = {0};
    struct eng_synth_event event;
    begin(with_facts);
    cr_assert_not_null(cast);
    while (eng_synth_next(synth, &event) == ENG_OK) {
        struct eng_attribute attributes[ENG_SYNTH_ATTRIBUTES_MAX];
        struct eng_event record = {.time_ms = event.time_ms, .value_e4 = ENG_VALUE_NONE};
        uint32_t count = 0;
        eng_synth_cast_play(cast, &event, &record, attributes, &count);
        expect_said(&record, attributes, count, seen);
    }
    for (int i = 0; i < PARTS; i++)
        cr_expect_gt(seen[i], 20, "%d", i);
    cr_expect_lt(2 * seen[CLEARED], seen[GRADE], "what is set goes seldom");
    cr_expect_lt(2 * seen[GRADE], seen[REVENUE], "what is done often is done often");
    end();
}

static const char with_checks[] =
    "program: test\nmeasures: {got: {count: page.viewed, over: 30d}, gave: {count: gift.taken, "
    "over: 30d}}\n"
    "scores: {s: {points: {page.viewed: 1}, over: 30d, bands: {low: 0}}}\n"
    "checks:\n"
    "  twice: {unique: number, of: order.placed, over: 30d}\n"
    "  order: {of: deal.won, needs: deal.registered, over: 30d}\n"
    "  odd: {of: gift.taken, ratio: [gave, got], above: 1}\n";

/* Numbers are the events' own but for a few, and what a check needs is mostly there. */
Test(synth_cast, what_checks_look_for_comes_seldom)
{
    uint32_t orders = 0, again = 0, won = 0, early = 0;
    static bool registered[100];
    static char last[100][32];
    struct eng_synth_event event;
    begin(with_checks);
    cr_assert_not_null(cast);
    while (eng_synth_next(synth, &event) == ENG_OK) {
        struct eng_attribute attributes[ENG_SYNTH_ATTRIBUTES_MAX] = {{{"region", 6}, {"north", 5}},
                                                                     {{"tier", 4}, {"gold", 4}}};
        struct eng_event record = {.time_ms = event.time_ms, .value_e4 = ENG_VALUE_NONE};
        uint32_t count = 2;
        eng_synth_cast_play(cast, &event, &record, attributes, &count);
        struct eng_slice number = named(attributes, count, "number");
        cr_assert_eq(number.data != NULL, same(record.action, "order.placed"));
        registered[event.partner] |= same(record.action, "deal.registered");
        won += same(record.action, "deal.won");
        early += same(record.action, "deal.won") && !registered[event.partner];
        if (number.data == NULL)
            continue;
        orders++;
        again += same(number, last[event.partner]);
        cr_assert_lt(number.length, sizeof last[0]);
        memcpy(last[event.partner], number.data, number.length);
        last[event.partner][number.length] = '\0';
    }
    cr_expect(orders > 200 && again > 0 && again < orders / 20, "%u of %u", again, orders);
    cr_expect(won > 200 && early < won / 10, "%u of %u", early, won);
    end();
}
