/* What may be suggested, and alerts that are almost there: what of them is refused, and what the
 * model says. */
#include "loading.h"

#define N(measure, more)                                                                           \
    "program: p\nfacts: {vip: {set: y}}\nmeasures:\n  m: {" measure "}\n"                          \
    "  n: {count: [x, z], over: 5d}\n" more
#define D(measure, dimension)                                                                      \
    N(measure, "scores:\n  s:\n    scale: 10\n    bands: {low: 0, high: 5}\n    dimensions:\n"     \
               "      m: {weight: 1, " dimension "}\n")
#define P(keys, more)                                                                              \
    N("count: x, over: 5d",                                                                        \
      "scores: {s: {points: {" keys "}, over: 9d, bands: {a: 0, b: 5}" more "}}\n")

Test(nudges, what_cannot_be_told_is_refused)
{
    static const struct row rows[] = {
        {D("count: x, over: 5d", "target: 4, effort: 0"), "f.yaml:11:41: |0.0001"},
        {D("count: x, over: 5d", "target: 4, action: x"),
         "f.yaml:11:41: |\"action\" is for what is suggested; write \"effort: 1\" beside it"},
        {D("sum: value, of: x, over: 5d", "target: 4, each: 1"),
         "f.yaml:11:39: |\"each\" is for what is suggested"},
        {D("active: x, over: 5d", "target: 4, effort: 1"),
         "f.yaml:11:41: |\"m\" cannot be suggested|counts, and of sums with \"each\""},
        {D("streak: x", "target: 4, effort: 1"), "|of counts, and of sums"},
        {D("count: x, over: 5d, ago: 5d", "target: 4, effort: 1"), "|its window lies back"},
        {D("sum: value, of: x, over: 5d", "target: 4, effort: 1"),
         "f.yaml:11:41: |is a sum; write \"each: 500\" beside \"effort\""},
        {D("count: x, over: 5d", "target: 4, effort: 1, each: 2"), "f.yaml:11:50: |is no sum"},
        {D("count: [x, y], over: 5d", "target: 4, effort: 1"),
         "f.yaml:11:41: |\"m\" takes several actions|\"action: invoice.upload\""},
        {D("count: \"t.*\", over: 5d", "target: 4, effort: 1"), "|takes several actions"},
        {D("count: \"t.*\", over: 5d", "target: 4, effort: 1, action: \"t.*\""),
         "f.yaml:11:52: |\"action\" is t.*, a family"},
        {D("count: x, over: 5d", "target: 4, effort: 1, action: z"),
         "f.yaml:11:52: |does not count that action; name one that its measure takes"},
        {D("count: x, over: 5d", "steps: [[0, 0], [2, 1], [4, 0.5]], effort: 1"),
         "|what one more \"x\" makes of \"m\" cannot be told, or may be less"},
        {D("count: x, over: 5d", "target: 4, effort: 1") "      t: {weight: 1, measure: o, "
                                                         "target: 2}\n",
         "|no measure \"o\""},
        {D("count: x, over: 5d",
           "target: 4, effort: 1") "      n: {weight: 1, steps: [[0, 1], [2, 0]]}\n",
         "f.yaml:11:41: |what one more \"x\" makes of \"n\" cannot be told"},
        {N("count: x, over: 5d",
           "  k: {since: x, over: 5d}\nscores: {s: {scale: 10, bands: {low: 0}, dimensions: {"
           "m: {weight: 1, target: 4, effort: 1}, k: {weight: 1, target: 4}}}}\n"),
         "|makes of \"k\" cannot be told"},
        {N("count: x, over: 5d",
           "  k: {ratio: [n, m]}\nscores: {s: {scale: 10, bands: {low: 0}, dimensions: {"
           "m: {weight: 1, target: 4, effort: 1}, k: {weight: 1, target: 4}}}}\n"),
         "|makes of \"k\" cannot be told"},
        {D("count: y, over: 5d", "target: {default: 4, vip: 3}, effort: 1"),
         "|what one more \"y\" makes of \"m\" cannot be told"},
        {P("z: 1, x: {points: 0, effort: 1}", ""), "|it does not raise the score"},
        {P("z: 1, x: {points: -1, effort: 1}", ""), "|it does not raise the score"},
        {P("x: {points: 2, effort: 1}, n: {of: [x, z], points: -1}", ""),
         "|makes of \"n\" cannot be told, or may be less"},
        {P("x: {points: 2, effort: 1}", ", decay: {linear: 9d}"), "|its points get less with time"},
        {P("x: {points: 2, effort: 1, each: 4}", ""), "|unknown key \"each\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define A(bands, keys)                                                                             \
    "program: p\nmeasures: {m: {count: x, over: 5d}}\nscores:\n"                                   \
    "  s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {" bands "}, margin: 0.5}\n" \
    "alerts: {a: {" keys "}}\n"

Test(nudges, near_alerts_that_cannot_be_meant_are_refused)
{
    static const struct row rows[] = {
        {A("low: 0, high: 5", "near: high, by: 1"), "|needs a score"},
        {A("low: 0, high: 5", "score: s, near: low, by: 1"), "|nothing is below the lowest band"},
        {A("low: 0, high: 5", "score: s, near: hi, by: 1"), "|did you mean \"high\"?"},
        {A("low: 0, high: 5", "score: s, near: high"), "|write \"by: 0.5\""},
        {A("low: 0, high: 5", "score: s, near: high, by: 5.5"),
         "f.yaml:5:40: |\"by\" is 5.5, so all of the band below is near; write less than 5.5"},
        {A("low: 0, mid: 5, high: 8", "score: s, near: high, by: 3.5"), "|write less than 3.5"},
        {A("low: 0, high: 5", "score: s, near: high, by: 5, margin: 0.5"),
         "|could never be resolved by a fall"},
        {A("low: 0, high: 5", "score: s, near: high, by: 1, within: 3d"), "|\"within\""},
        {A("low: 0, high: 5", "score: s, near: high, above: 1"), "|more than one of"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(nudges, the_model_knows_the_action_and_what_it_goes_into)
{
    struct eng_config *config = load_good(
        "program: p\nmeasures:\n  a: {count: \"t.*\", where: {level: [b, a]}, over: 5d}\n"
        "  b: {count: [t.one, x], over: 5d}\n  c: {count: x, over: 5d}\n  d: {members: x, over: "
        "5d}\n  e: {last: value, of: x, over: 5d}\nscores:\n  s:\n    scale: 10\n    dimensions:\n"
        "      a: {weight: 1, target: 4, effort: 1.5, action: t.one}\n"
        "      b: {weight: 1, target: 4}\n      c: {weight: 1, target: 4, effort: 2}\n"
        "      d: {weight: 1, target: 4}\n      e: {weight: 1, target: 4}\n"
        "    bands: {low: 0, high: {above: 5}}\n    margin: 0.5\n"
        "alerts: {n: {score: s, near: high, by: 1, margin: 0.2}, r: {score: s, rises_to: high}, q: "
        "{silence: x, horizon: 9d, score: s}}\n");
    const struct eng_score *score = &config->model->scores[0];
    const struct eng_alert *alerts = config->model->alerts;
    cr_assert(score->nudges);
    cr_assert_eq(score->dimensions[0].effort_e4, 15000);
    cr_assert_str_eq(score->dimensions[0].action, "t.one");
    cr_assert_eq(score->dimensions[0].touches, 3);
    cr_assert_str_eq(score->dimensions[2].action, "x");
    cr_assert_eq(score->dimensions[2].touches, 6);
    cr_assert_eq(score->dimensions[1].effort_e4, 0);
    cr_assert_eq(alerts[0].edge_e4, 45001);
    cr_assert_eq(alerts[0].margin_e4, 2000);
    cr_assert(alerts[0].nudges && alerts[2].nudges && !alerts[1].nudges);
    eng_config_free(config);
}
