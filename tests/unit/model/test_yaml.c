/* YAML as the configuration file allows it: what is refused, and where it is said to be. */
#include "loading.h"
#include "model/yaml.h"
#include <stdlib.h>

Test(yaml, an_error_names_line_and_column_in_characters)
{
    expect_refused("program: p\ntime:\n  zone: UTC\n  \xC3\xA4\xC3\xB6: 1\n",
                   "f.yaml:4:3:|unknown key");
    expect_refused("program: p\nnames: 1\n", "f.yaml:2:1:|unknown key \"names\"");
    expect_refused("{program: p, time: {pane: 1d, zon: UTC}}",
                   "f.yaml:1:31:|did you mean \"zone\"?");
}

Test(yaml, a_duplicate_key_is_refused_where_it_stands_again)
{
    expect_refused("program: p\nprogram: q\n", "f.yaml:2:1:|stands here twice (first in line 1)");
    expect_refused("program: p\n\"program\": q\n", "f.yaml:2:1:|twice");
    expect_refused(HEAD "scores: {s: {points: {x: 1, \"x\": 2}, over: 3d, bands: {a: 0}}}\n",
                   "f.yaml:5:29:|\"x\" stands here twice");
}

Test(yaml, what_lets_a_text_grow_or_change_its_types_is_refused)
{
    static const struct row rows[] = {
        {"program: &a p\n", "f.yaml:1:10:|anchors"},
        {"program: p\ntime: &t {zone: UTC}\n", "f.yaml:2:7:|anchors"},
        {"program: p\ninput: *t\n", "f.yaml:2:8:|aliases"},
        {"program: !!str p\n", "f.yaml:1:10:|tags"},
        {"program: p\ntime: !own {}\n", "f.yaml:2:7:|tags"},
        {"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "f.yaml:1:4:|anchors"},
        {"program: p\n---\nprogram: q\n", "f.yaml:2:1:|second document"},
        {"program: p\n? [a, b]\n: c\n", "f.yaml:2:3:|a key has to be a word"},
        {"<<: {program: p}\n", "f.yaml:1:1:|unknown key \"<<\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(yaml, what_is_no_yaml_is_refused_with_its_place)
{
    static const struct row rows[] = {
        {"", "f.yaml:1:1:|empty"},
        {"# nothing\n", "empty"},
        {"program: p\n\ttime: {}\n", "f.yaml:2:|not YAML|tab"},
        {"program: [p\n", "not YAML"},
        {"program: \"p\n", "not YAML"},
        {"program: p\n time: {}\n", "f.yaml:2:|not YAML"},
        {"program: p: q\n", "f.yaml:1:11:|not YAML"},
        {"program: \xFF\n", "UTF-8"},
        {"program: \xC0\x80\n", "UTF-8"},
        {"just text\n", "f.yaml:1:1:|the file is \"just text\"|the keys here are program"},
        {"[a, b]\n", "f.yaml:1:1:|the file is \"a list\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(yaml, a_byte_order_mark_is_no_part_of_the_text)
{
    eng_config_free(load_good("\xEF\xBB\xBF" FILE_TEXT));
}

Test(yaml, where_a_name_is_expected_every_plain_scalar_is_its_text)
{
    struct eng_config *config = load_good(
        "program: 1.10\nmeasures: {null: {count: yes, over: 5d}, 0x10: {count: 7, over: 5d}}\n"
        "scores: {~: {scale: 10, dimensions: {null: {weight: 1, target: 4}, off: {weight: 1, "
        "measure: "
        "0x10, target: 1}}, bands: {no: 0, 1e3: 5}}}\n");
    cr_assert_str_eq(eng_model_program(config->model), "1.10");
    cr_assert_str_eq(config->model->measures[0].name, "null");
    cr_assert_str_eq(config->model->measures[1].name, "0x10");
    cr_assert_str_eq(config->model->actions[0].text, "yes");
    cr_assert_str_eq(config->model->actions[1].text, "7");
    cr_assert_str_eq(eng_model_score_name(config->model, 0), "~");
    cr_assert_str_eq(eng_model_dimension_name(config->model, 0, 1), "off");
    cr_assert_str_eq(eng_model_band_name(config->model, 0, 0), "no");
    cr_assert_str_eq(eng_model_band_name(config->model, 0, 1), "1e3");
    eng_config_free(config);
}

Test(yaml, a_name_is_not_empty_not_endless_and_visible)
{
    static char text[600];
    expect_refused("program: \"\"\n", "f.yaml:1:10:|\"program\" is empty");
    expect_refused("program:\n", "\"program\" is empty");
    expect_refused("program: [p]\n", "\"program\" is \"a list\"; write a name");
    expect_refused("program: \"a\\nb\"\n", "control character");
    expect_refused("program: \"a\\0b\"\n", "control character");
    expect_refused(HEAD "scores: {\"\": {points: {x: 1}, over: 3d, bands: {a: 0}}}\n",
                   "f.yaml:5:10:|the name of a score is empty");
    (void)snprintf(text, sizeof text, "program: %0200d\n", 0);
    expect_refused(text, "f.yaml:1:10:|200 bytes|at most 128 (ENG_NAME_BYTES_MAX)");
}

/* `prefix`, then `part` count times, then `suffix`. Owned by the caller. */
static char *repeat(const char *prefix, const char *part, size_t count, const char *suffix)
{
    size_t size = strlen(prefix) + count * strlen(part) + strlen(suffix) + 1;
    char *text = malloc(size), *at = text;
    cr_assert_not_null(text);
    at += snprintf(at, size, "%s", prefix);
    for (size_t i = 0; i < count; i++, at += strlen(part))
        memcpy(at, part, strlen(part));
    memcpy(at, suffix, strlen(suffix) + 1);
    return text;
}

Test(yaml, depth_entries_values_and_bytes_are_bounded)
{
    char *deep = repeat("program: ", "[", 300, "");
    char *wide = repeat("program: [", "a, ", 2000, "]");
    char *large = repeat("program: p\n# ", "x", ENG_YAML_BYTES_MAX, "\n");
    char *many =
        repeat("program: [", "[a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a], ",
               999, "]");
    expect_refused("program: [[[[[[[[[[[]]]]]]]]]]]\n", "f.yaml:1:10: |is \"a list\"");
    expect_refused("program: [[[[[[[[[[[[]]]]]]]]]]]]\n", "f.yaml:1:21: |nested too deeply");
    expect_refused(deep, "nested too deeply");
    expect_refused(wide, "more than 1000 entries");
    expect_refused(large, "at most 262144 are read");
    expect_refused(many, "more than 20000 values");
    free(deep);
    free(wide);
    free(large);
    free(many);
}
