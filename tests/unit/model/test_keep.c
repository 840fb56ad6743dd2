/* The text of a model alone: it gives the same model again, and holds nothing else of the file. */
#include "loading.h"
#include <engaged/checkpoint.h>

static void expect_same(const char *text)
{
    struct eng_config *config = load_good(text);
    struct eng_model *model = NULL;
    struct eng_error err = {0};
    cr_assert_eq(
        eng_model_load_text(config->model_text, config->model_text_bytes, "kept", &model, &err),
        ENG_OK, "%s\n%.*s", err.text, (int)config->model_text_bytes, config->model_text);
    cr_expect_eq(eng_model_fingerprint(model), eng_model_fingerprint(config->model), "%s", text);
    eng_model_free(model);
    eng_config_free(config);
}

Test(keep, the_kept_text_gives_the_same_model)
{
    expect_same(FILE_TEXT);
    expect_same(FILE_TEXT "version: 7\ntime: {zone: Europe/Amsterdam, pane: 1h, dedup: 2d}\n");
    expect_same(
        "program: \"p: #1 \\u00e9\\\"\"\nmeasures: {'a, b': {count: [deal.*, \"x y\"], over: 5d}}\n"
        "scores:\n  \"0\":\n    scale: 10\n    dimensions: {'a, b': {weight: 1, target: 4}}\n"
        "    bands: {no: 0, \"yes\": {above: 5}, '~': 7}\n"
        "alerts: {quiet: {silence: deal.*, horizon: 45d}}\n");
}

#define NUMBERS(map) "input: {topic: private, fields: {numbers: " map "}}\n"
#define OF(number) "program: p\nmeasures:\n  m: {sum: \"" number "\", of: x, over: 5d}\n" SCORE

Test(keep, of_the_input_the_names_of_numbers_that_the_model_is_of)
{
    struct eng_config *plain = load_good(FILE_TEXT), *unused = NULL, *one = NULL, *other = NULL;
    char text[4096];
    expect_same(NUMBERS("{points: secret, pieces: secret}") OF("points"));
    expect_same(NUMBERS("{\"a. .b\": secret}") OF("a. .b"));
    unused = load_good(NUMBERS("{points: secret}") FILE_TEXT);
    cr_expect_eq(unused->model_text_bytes, plain->model_text_bytes);
    cr_expect_eq(eng_model_fingerprint(unused->model), eng_model_fingerprint(plain->model));
    one = load_good(NUMBERS("{points: secret, pieces: b}") OF("points"));
    (void)snprintf(text, sizeof text, "%.*s", (int)one->model_text_bytes, one->model_text);
    cr_expect(strstr(text, "points") != NULL && strstr(text, "fields") != NULL, "%s", text);
    cr_expect(strstr(text, "secret") == NULL && strstr(text, "pieces") == NULL, "%s", text);
    other = load_good(NUMBERS("{points: elsewhere}") OF("points"));
    cr_expect_eq(eng_model_fingerprint(one->model), eng_model_fingerprint(other->model));
    eng_config_free(other);
    other = load_good(NUMBERS("{pieces: secret}") OF("pieces"));
    cr_expect_neq(eng_model_fingerprint(one->model), eng_model_fingerprint(other->model));
    eng_config_free(other);
    other = load_good(OF("value"));
    cr_expect_neq(eng_model_fingerprint(one->model), eng_model_fingerprint(other->model));
    eng_config_free(plain);
    eng_config_free(unused);
    eng_config_free(one);
    eng_config_free(other);
}

/* Two partitions with different fingerprints hold models that tell different things. */
static void expect_differ(const char *one, const char *other)
{
    struct eng_config *left = load_good(one), *right = load_good(other);
    cr_expect_neq(eng_model_fingerprint(left->model), eng_model_fingerprint(right->model),
                  "%s\nand\n%s", one, other);
    eng_config_free(left);
    eng_config_free(right);
}

Test(keep, models_that_pay_by_note_or_hold_out_something_else_are_not_the_same)
{
#define PAID(number)                                                                               \
    NUMBERS("{points: a, pieces: b}")                                                              \
    "program: p\ntime: {late_after: 9d}\nledgers: {l: {}}\nawards: {w: {when: x, to: l, "          \
    "points: " number "}}\n"
#define NOTED(number)                                                                              \
    NUMBERS("{points: a, pieces: b}")                                                              \
    "facts: {f: {set: x, from: " number "}}\n" FILE_TEXT
#define HELD_OUT(more) FILE_TEXT "alerts: {d: {score: s, falls_to: low" more "}}\n"
    expect_same(PAID("pieces"));
    expect_same(NOTED("pieces"));
    expect_same(HELD_OUT(", hold_out: 2.5%, salt: \"a b\""));
    expect_differ(PAID("points"), PAID("pieces"));
    expect_differ(PAID("points"), PAID("value"));
    expect_differ(NOTED("points"), NOTED("pieces"));
    expect_differ(NOTED("points"), NOTED("value"));
    expect_differ(NOTED("points"), NOTED("attribute"));
    expect_differ(HELD_OUT(""), HELD_OUT(", hold_out: 10%"));
    expect_differ(HELD_OUT(", hold_out: 10%"), HELD_OUT(", hold_out: 11%"));
    expect_differ(HELD_OUT(", hold_out: 10%"), HELD_OUT(", hold_out: 10%, salt: e"));
}

Test(keep, nothing_but_the_model_is_kept)
{
    struct eng_config *config =
        load_good(FILE_TEXT "kafka: {brokers: \"secret:1\", client: {sasl.password: hush}}\n"
                            "http: {listen: \"127.0.0.1:1\"}\ninput: {topic: private}\n");
    static const char *const words[] = {"secret", "hush", "127.0.0.1", "private", "kafka"};
    char text[4096];
    cr_assert_lt(config->model_text_bytes, sizeof text);
    memcpy(text, config->model_text, config->model_text_bytes);
    text[config->model_text_bytes] = '\0';
    cr_expect_not_null(strstr(text, "bands"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cr_expect_null(strstr(text, words[i]), "%s is in\n%s", words[i], text);
    eng_config_free(config);
}
