/* Checks: what the loader makes of them, and what it refuses. */
#include "loading.h"

Test(checks, texts_are_kept_for_a_window_that_ends_with_the_oldest_pane_that_is_not_late)
{
    struct eng_config *config = load_good(
        FILE_TEXT "checks:\n  k: {unique: number, of: x, over: 30d, then: leave_out}\n"
                  "  j: {unique: number, of: [x, y], over: 1d, where: {region: north}}\n");
    const struct eng_model *model = config->model;
    cr_assert_eq(model->check_count, 2);
    cr_expect_eq(model->late_after, 9, "checks make no event less late");
    const struct eng_measure *kept = &model->measures[model->checks[0].numbers];
    cr_expect_eq(kept->panes, 30 + 9 - 1);
    cr_expect_eq(kept->attribute, model->checks[0].attribute + 1);
    cr_expect_neq(model->checks[1].numbers, model->checks[0].numbers);
    cr_expect(model->checks[0].leave_out && !model->checks[1].leave_out, "flag is the default");
    eng_config_free(config);
}

Test(checks, a_check_alone_is_something_to_tell)
{
    struct eng_config *config = load_good("program: p\ntime: {late_after: 3d}\n"
                                          "checks: {k: {of: x, needs: y, over: 3d}}\n");
    cr_expect_eq(config->model->checks[0].kind, ENG_NEEDS);
    cr_expect_eq(config->model->action_count, 2);
    eng_config_free(config);
}

#define CHECK(rest) FILE_TEXT "checks:\n  own: {" rest "}\n"

Test(checks, what_cannot_be_looked_for_is_refused)
{
    static const struct row rows[] = {
        {CHECK("of: x, over: 3d"), "f.yaml:7:3: |does not say what it looks for|unique"},
        {CHECK("unique: n, over: 3d"), "f.yaml:7:3: |\"of\" is missing"},
        {CHECK("unique: n, of: x"), "f.yaml:7:3: |needs a window|over: 30d"},
        {CHECK("unique: n, more_than: 3, of: x, over: 3d"),
         "f.yaml:7:20: |both \"unique\" and \"more_than\"|two checks"},
        {CHECK("more_than: 0, of: x, over: 3d"), "f.yaml:7:20: |from 1 to 1000000"},
        {CHECK("more_than: 3, of: x, over: 3d, above: 2"),
         "f.yaml:7:40: |\"above\" does not belong to a check for too many"},
        {CHECK("needs: [y, x], of: x, over: 3d"),
         "f.yaml:7:16: |\"x\" is looked at by the check \"own\" and is what it needs"},
        {CHECK("needs: \"y.*\", of: y.a, over: 3d"), "f.yaml:7:16: |\"y.a\" is looked at"},
        {CHECK("ratio: [m, m], of: x, above: 2"), "f.yaml:7:20: |always 1"},
        {CHECK("ratio: [m], of: x, above: 2"), "f.yaml:7:16: |there are 1"},
        {CHECK("ratio: [m, q], of: x, above: 2"), "f.yaml:7:20: |there is no measure \"q\""},
        {CHECK("ratio: [m, m], of: x"), "f.yaml:7:9: |needs a limit|above: 5"},
        {CHECK("ratio: [m, m], of: x, above: 2, over: 3d"),
         "f.yaml:7:41: |\"over\" does not belong to a check of a ratio"},
        {CHECK("unique: n, of: x, over: 3d, then: keep"), "f.yaml:7:43: |flag, leave_out or hold"},
        {CHECK("unique: n, of: x, over: 36h"), "f.yaml:7:33: |whole"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(checks, a_ratio_is_of_what_an_event_adds_to)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {a: {active: x, over: 3d}, n: {count: x, over: 3d}}\n"
         "checks: {k: {of: x, ratio: [a, n], above: 2}}\n",
         "f.yaml:3:29: |\"a\" is neither a count nor a sum"},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define HOLD(rest) CHECK("of: x, needs: y, over: 3d, then: hold, held: {" rest "}")
#define HOLDS(rest) CHECK("of: x, unique: n, over: 3d, then: hold, held: {" rest "}")

Test(checks, what_is_held_is_decided_on_by_the_text_that_is_unique_unless_something_is_said)
{
    struct eng_config *config = load_good(HOLDS("until: \"a.*\", dropped_by: [b, c], for: 8d"));
    const struct eng_check *check = &config->model->checks[0];
    cr_expect(check->hold && !check->leave_out && !check->releases_at_end && !check->by_id);
    cr_expect_eq(check->held_for, 8);
    cr_expect_eq(check->reference, check->attribute);
    eng_config_free(config);
    config = load_good(HOLD("until: a, original: id, otherwise: release, for: 1d"));
    check = &config->model->checks[0];
    cr_expect(check->by_id && check->releases_at_end);
    cr_expect_str_eq(config->model->attributes[check->reference], "id");
    eng_config_free(config);
}

Test(checks, what_would_never_be_decided_or_too_late_is_refused)
{
    static const struct row rows[] = {
        {CHECK("unique: n, of: x, over: 3d, then: hold"), "f.yaml:7:43: |who decides"},
        {CHECK("unique: n, of: x, over: 3d, held: {until: a, for: 3d}"),
         "f.yaml:7:37: |\"held\" belongs to \"then: hold\""},
        {CHECK("unique: n, of: x, over: 3d, anywhere: true, then: hold, held: {until: a, for: 3d}"),
         "f.yaml:7:47: |has been counted by then"},
        {HOLDS("for: 3d"), "f.yaml:7:49: |nobody decides on what \"own\" holds"},
        {HOLDS("until: a"), "f.yaml:7:49: |\"for\" is missing"},
        {HOLDS("until: a, for: 9d"), "f.yaml:7:71: |too late to be counted|late_after"},
        {HOLDS("until: a, for: 36h"), "f.yaml:7:71: |whole"},
        {HOLDS("until: a, for: 3d, otherwise: keep"), "f.yaml:7:86: |discard or release"},
        {HOLDS("until: a, for: 3d, reference: n, original: i"), "|leave out one of them"},
        {HOLD("until: a, for: 3d"), "|reference: invoice_number|original: held_id"},
        {HOLDS("until: [a, b], dropped_by: b, for: 3d"), "|\"b\" both releases and discards"},
        {HOLDS("until: [a, x], for: 3d"), "|\"x\" is looked at by the check \"own\" and decides"},
        {HOLDS("until: a, for: 3d") "  two: {unique: n, of: x, over: 3d, anywhere: true}\n",
         "|\"x\" is looked at by the check \"own\" and by one with \"anywhere: true\""},
    };
    EXPECT_ALL_REFUSED(rows);
}
