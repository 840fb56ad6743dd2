/* Groups: what of them is refused. */
#include "loading.h"

#define TOP                                                                                        \
    "program: p\nfacts: {region: {set: x, from: r, values: [n, s]}, big: {set: x}, grade: {set: "  \
    "x, from: g}, s: {set: x}}\nmeasures: {m: {count: x, over: 5d}, k: {count: y, over: 5d}}\n"    \
    "scores:\n"                                                                                    \
    "  s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {low: 0, high: 5}}\n"        \
    "  t: {points: {x: 1}, over: month, bands: {few: 0, many: 5}}\n"
#define G(keys) TOP "groups: {g: {" keys "}}\n"
#define F(keys) G("figures: {f: {" keys "}}")

Test(groups, what_cannot_be_meant_is_refused)
{
    static const struct row rows[] = {
        {G("every: month"), "f.yaml:7:10: |\"figures\" is missing"},
        {G("every: day, figures: {f: {sum: m}}"), "|week, month, quarter or year"},
        {G("figures: {}"), "f.yaml:7:23: |the group \"g\" has 0 figures; write from 1 to 16"},
        {F(""), "f.yaml:7:24: |the figure \"f\" has 0 kinds; write exactly one of count, share"},
        {F("sum: m, mean: m"), "f.yaml:7:24: |the figure \"f\" has 2 kinds"},
        {F("sum: n"), "|there is no measure \"n\""},
        {F("sum: m, of: {measure: m}"), "f.yaml:7:36: |\"of\" belongs to \"share\""},
        {F("ratio: [m]"), "|\"ratio\" lists 1 measures; write two"},
        {F("growth: [m, k, m]"), "|\"growth\" lists 3 measures"},
        {F("ratio: [m, m]"), "|\"ratio\" compares \"m\" with itself; name two different measures"},
        {F("ratio: [m, l]"), "|there is no measure \"l\""},
        {F("count: {}"), "|\"count\" has to name either a measure or a score"},
        {F("share: {measure: m, score: s, bands: [low]}"), "|\"share\" has to name either"},
        {F("share: {measure: m, bands: [low]}"), "|a condition on a measure"},
        {F("share: {score: s}"), "|\"bands\" is missing; name the bands of \"s\""},
        {F("share: {score: s, bands: [low], moved: up}"),
         "|\"bands\" and \"moved\" exclude each other; name the bands of \"s\" that are meant"},
        {F("count: {score: s, moved: sideways}"), "|up or down"},
        {F("count: {measure: m, moved: up}"), "|a condition on a measure"},
        {TOP "groups: {g: {every: week, figures: {f: {count: {score: t, moved: up}}}}, "
             "h: {every: month, figures: {f: {count: {score: t, moved: down}}}}}\n",
         "|moves of the score \"t\" are counted over a week already, and only one kind of period "
         "is "
         "kept; count them over a week here too"},
        {F("share: {score: s, bands: [lo]}"), "|has no band \"lo\"|did you mean \"low\"?"},
        {F("share: {score: s, bands: [low, low]}"), "|the band \"low\" stands twice"},
        {F("share: {score: s, bands: [low, high]}"), "|everybody is meant; leave one out"},
        {F("share: {score: s, bands: low, at_least: 2}"), "|a condition on a score"},
        {F("share: {measure: m}, of: {measure: n}"), "|there is no measure \"n\""},
        {F("nps: m, top: 3"), "|unknown key \"top\""},
        {G("by: [nowhere], figures: {f: {sum: m}}"), "|there is no score \"nowhere\""},
        {G("by: [grade], figures: {f: {sum: m}}"), "|the fact \"grade\" has no list of texts"},
        {G("by: s, figures: {f: {sum: m}}"), "f.yaml:7:18: |\"s\" is a fact and a score"},
        {G("by: [t, t], figures: {f: {sum: m}}"), "f.yaml:7:22: |\"t\" stands twice"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(groups, there_are_not_too_many)
{
    char text[4096];
    for (int count = ENG_GROUPS_MAX; count <= ENG_GROUPS_MAX + 1; count++) {
        int used = snprintf(text, sizeof text, TOP "groups:\n");
        for (int i = 0; i < count; i++)
            used += snprintf(text + used, sizeof text - (size_t)used,
                             "  g%d: {figures: {f: {sum: m}}}\n", i);
        if (count <= ENG_GROUPS_MAX)
            eng_config_free(load_good(text));
        else
            expect_refused(text, "f.yaml:7:1: |there are 5 groups|at most 4 (ENG_GROUPS_MAX)");
    }
}

Test(groups, they_say_what_they_are_made_of)
{
    struct eng_config *config = load_good(
        G("every: quarter, by: [region, big, t], description: All., figures: {a: {share: "
          "{measure: m, at_least: 2.5}, of: {score: t, bands: many}}, b: {growth: [k, m]}}"));
    const struct eng_group *group = &config->model->groups[0];
    cr_expect_eq(group->every, ENG_WINDOW_QUARTER);
    cr_expect_eq(group->split_count, 3);
    cr_expect_eq(eng_group_segments(config->model, group), 1 + 3 + 3 + 3);
    cr_expect_eq(group->figures[0].kind, ENG_FIGURE_SHARE);
    cr_expect_eq(group->figures[0].test.at_least_e4, 25000);
    cr_expect(group->figures[0].of.by_bands && group->figures[0].of.bands == 2);
    cr_expect_eq(group->figures[1].kind, ENG_FIGURE_GROWTH);
    cr_expect_eq(group->figures[1].measures[0], 1);
    cr_expect_str_eq(group->description, "All.");
    eng_config_free(config);
}
