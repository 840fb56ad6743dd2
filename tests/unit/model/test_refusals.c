/* What the language refuses: text -> place, reason and way out. */
#include "loading.h"
#include <stdlib.h>

#define M                                                                                          \
    "program: p\nmeasures: {m: {count: x, over: 5d}, n: {sum: value, of: y, over: 9d}, l: "        \
    "{count: z, over: life}, f: {state: on, until: off}}\n"
#define S                                                                                          \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {low: 0, mid: 4, "    \
    "high: 8}}}\n"

Test(refusals, a_program_needs_a_name_and_something_to_tell)
{
    static const struct row rows[] = {
        {"version: 1\n", "f.yaml:1:1: |\"program\" is missing"},
        {"program: p\n", "f.yaml:1:1: |neither a score nor an alert"},
        {M, "f.yaml:1:1: |neither a score nor an alert|add"},
        {M S "version: 0\n", "f.yaml:4:10: |from 1 to"},
        {M S "version: 1.5\n", "f.yaml:4:10: |whole number"},
        {M S "score: {}\n", "f.yaml:4:1: |did you mean \"scores\"?"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, standbys_need_something_to_stand_by_with)
{
    static const struct row rows[] = {
        {M S "run: {standbys: 17}\n", "f.yaml:4:17: |from 0 to 16"},
        {M S "run: {standbys: -1}\n", "f.yaml:4:17: |from 0 to 16"},
        {M S "run: {standbys: 1}\nrecovery: {checkpoints: false}\n",
         "f.yaml:4:17: |\"standbys\" is 1|checkpoints: false|leave one of the two out"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, time_is_cut_in_ways_that_exist)
{
    static const struct row rows[] = {
        {"program: p\ntime: {zone: Europe/Amsterdm}\n",
         "f.yaml:2:14: |did you mean \"Europe/Amsterdam\"?"},
        {"program: p\ntime: {zone: ../../etc/passwd}\n", "f.yaml:2:14: |no time zone"},
        {"program: p\ntime: {pane: 1w}\n", "f.yaml:2:14: |1d or 1h"},
        {"program: p\ntime: {late_after: 0d}\n", "f.yaml:2:20: |at least one pane"},
        {"program: p\ntime: {late_after: 36h}\n",
         "f.yaml:2:20: |no whole number of panes of 1d|write 1d or 2d"},
        {"program: p\ntime: {dedup: 90m, pane: 1h}\n", "f.yaml:2:15: |panes of 1h|write 1h or 2h"},
        {"program: p\ntime: {dedup: 30m, pane: 1h}\n", "f.yaml:2:15: |write 1h or 2h"},
        {"program: p\ntime: {late_after: 30001d}\n", "f.yaml:2:20: |30000 days|ENG_PANES_MAX"},
        {"program: p\ntime: {late_after: 1251d, pane: 1h}\n", "f.yaml:2:20: |30000 hours"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, without_a_window_late_after_has_to_be_said)
{
    static const char without[] =
        "program: p\nmeasures: {f: {state: on, until: off}, e: {count: x, over: life}, k: {streak: "
        "x}}\n"
        "scores: {s: {scale: 10, dimensions: {f: {weight: 1, target: 1}}, bands: {low: 0}}}\n"
        "alerts: {z: {silence: x, horizon: 30d}}\n";
    static char with[600];
    expect_refused(without, "f.yaml:1:1: |late_after: 60d");
    (void)snprintf(with, sizeof with, "%stime: {late_after: 9d}\n", without);
    struct eng_config *config = load_good(with);
    cr_assert_eq(config->model->late_after, 9);
    eng_config_free(config);
}

Test(refusals, a_measure_is_of_one_kind_with_what_belongs_to_it)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {m: {over: 3d}}\n",
         "f.yaml:2:12: |does not say what it measures|count, sum"},
        {"program: p\nmeasures: {m: {}}\n", "f.yaml:2:12: |does not say what it measures"},
        {"program: p\nmeasures: {m: x}\n", "f.yaml:2:15: |the keys here are count"},
        {"program: p\nmeasures: {m: {count: x, active: x, over: 3d}}\n",
         "f.yaml:2:26: |both \"count\" and \"active\""},
        {"program: p\nmeasures: {m: {count: x}}\n",
         "f.yaml:2:12: |a count needs a window|over: 30d"},
        {"program: p\nmeasures: {m: {since: x}}\n",
         "f.yaml:2:12: |a since measure needs a window|over: 30d"},
        {"program: p\nmeasures: {m: {sum: value, over: 3d}}\n",
         "f.yaml:2:12: |a sum needs the actions|of: "},
        {"program: p\nmeasures: {m: {sum: amount, of: x, over: 3d}}\n", "f.yaml:2:21: |sum: value"},
        {"program: p\nmeasures: {m: {last: x, of: x, over: 3d}}\n", "f.yaml:2:22: |last: value"},
        {"program: p\nmeasures: {m: {streak: x, over: 3d}}\n",
         "f.yaml:2:27: |\"over\" does not belong to a streak"},
        {"program: p\nmeasures: {m: {count: x, of: y, over: 3d}}\n",
         "f.yaml:2:26: |\"of\" does not belong to a count"},
        {"program: p\nmeasures: {m: {state: x}}\n", "f.yaml:2:12: |a state needs an end|until"},
        {"program: p\nmeasures: {m: {count: x, over: 3w}}\n",
         "f.yaml:2:32: |week, month, quarter, year or life"},
        {"program: p\nmeasures: {m: {count: x, over: 6h}}\n", "f.yaml:2:32: |write 1d or 2d"},
        {"program: p\nmeasures: {m: {cuont: x, over: 3d}}\n",
         "f.yaml:2:16: |did you mean \"count\"?"},
        {"program: p\nmeasures: {m: {state: [a, b], until: [c, b]}}\n" S, "f.yaml:2:"},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define NUMBERS(map) "program: p\ninput: {fields: {numbers: " map "}}\n"

Test(refusals, a_number_is_named_under_the_input)
{
    static const struct row rows[] = {
        {NUMBERS("{points: a, pieces: b.c}") "measures: {m: {sum: point, of: x, over: 3d}}\n" S,
         "f.yaml:3:21: |\"sum\" is \"point\"|write value, pieces or points and the actions"},
        {NUMBERS("{points: a}") "measures: {m: {last: Points, of: x, over: 3d}}\n" S,
         "f.yaml:3:22: |\"last\" is \"Points\"|write value or points and"},
        {NUMBERS("{}") "measures: {m: {sum: points, of: x, over: 3d}}\n" S,
         "f.yaml:3:21: |sum: value|input.fields.numbers, of which there are none"},
        {NUMBERS("{value: a}") S, "f.yaml:2:28: |cannot be called \"value\"|input.fields.value"},
        {NUMBERS("{a: [b]}") S, "f.yaml:2:31: |\"a\" is at a list|such as line.quantity"},
        {NUMBERS("{a: \"\"}") S, "f.yaml:2:31: |joined by dots"},
        {NUMBERS("{a: b..c}") S, "f.yaml:2:31: |\"b..c\" has an empty part"},
        {NUMBERS("{a: .b}") S, "f.yaml:2:31: |has an empty part"},
        {NUMBERS("{a: b.}") S, "f.yaml:2:31: |has an empty part"},
        {NUMBERS("{a: a, b: b, c: c, d: d, e: e, f: f, g: g, h: h, i: i}") S,
         "f.yaml:2:18: |9 numbers; a file has at most 8 (ENG_NUMBERS_MAX)"},
        {NUMBERS("points") S, "f.yaml:2:27: |\"points\"|write a mapping"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_ratio_is_made_of_two_other_measures)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: m}}\n",
         "f.yaml:2:48: |\"m\"|two other measures, such as [redeemed, earned]"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m]}}\n",
         "f.yaml:2:48: |made of two measures, and there are 1|ratio: [redeemed, earned]"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m, k, m]}}\n",
         "f.yaml:2:48: |there are 3"},
        {"program: p\nmeasures: {money: {count: x, over: 3d}, r: {ratio: [money, mony]}}\n",
         "f.yaml:2:60: |there is no measure \"mony\"|did you mean \"money\"?"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [revenue, m]}}\n",
         "f.yaml:2:49: |there is no measure \"revenue\"|add it under \"measures\""},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m, r]}}\n",
         "f.yaml:2:52: |\"r\" is a ratio itself"},
        {"program: p\nmeasures: {r: {ratio: [m, q]}, q: {ratio: [m, k]}, m: {count: x, over: 3d}, "
         "k: {count: y, over: 3d}}\n",
         "f.yaml:2:27: |\"q\" is a ratio itself|two measures that are none"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m, m]}}\n",
         "f.yaml:2:52: |always 1|two different ones"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m, k], over: 3d}}\n",
         "f.yaml:2:56: |\"over\" does not belong to a ratio"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}, r: {ratio: [m, \"\"]}}\n",
         "f.yaml:2:52: |empty"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_window_lies_back_where_panes_are_counted)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {m: {count: x, over: 30d, ago: 0d}}\n",
         "f.yaml:2:42: |at least one pane"},
        {"program: p\nmeasures: {m: {count: x, over: 30d, ago: 36h}}\n",
         "f.yaml:2:42: |write 1d or 2d"},
        {"program: p\nmeasures: {m: {count: x, over: month, ago: 30d}}\n",
         "f.yaml:2:44: |only a window of days or hours|\"over\" is month|over: 30d"},
        {"program: p\nmeasures: {m: {active: x, over: life, ago: 30d}}\n",
         "f.yaml:2:44: |\"over\" is life"},
        {"program: p\nmeasures: {m: {members: x, over: 30d, ago: 30d}}\n",
         "f.yaml:2:44: |the newest pane of each member alone|leave \"ago\" out"},
        {"program: p\nmeasures: {m: {last: value, of: x, over: 30d, ago: 30d}}\n",
         "f.yaml:2:52: |the newest value alone|cannot lie back"},
        {"program: p\nmeasures: {m: {since: x, over: 30d, ago: 30d}}\n",
         "f.yaml:2:42: |a since measure remembers the newest pane alone"},
        {"program: p\nmeasures: {m: {streak: x, ago: 30d}}\n",
         "f.yaml:2:27: |\"ago\" does not belong to a streak"},
        {"program: p\nmeasures: {m: {count: x, ago: 30d}}\n", "f.yaml:2:12: |needs a window"},
        {"program: p\nmeasures: {m: {sum: value, of: x, over: 20000d, ago: 10001d}}\n",
         "f.yaml:2:54: |reach back 30001 panes|at most 30000|ENG_PANES_MAX"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_state_does_not_begin_and_end_by_the_same_action)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {f: {state: [a, b], until: [c, b]}}\n"
         "scores: {s: {scale: 10, dimensions: {f: {weight: 1, target: 1}}, bands: {low: 0}}}\n",
         "f.yaml:2:38: |\"b\" both begins and ends the state \"f\""},
        {"program: p\nmeasures: {f: {state: \"social.*\", until: social.off}}\n"
         "scores: {s: {scale: 10, dimensions: {f: {weight: 1, target: 1}}, bands: {low: 0}}}\n",
         "f.yaml:2:42: |\"social.off\" both"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, actions_are_names_families_or_lists_of_them)
{
    static const struct row rows[] = {
        {"program: p\nmeasures: {m: {count: [], over: 3d}}\n", "f.yaml:2:23: |empty list"},
        {"program: p\nmeasures: {m: {count: [a, [b]], over: 3d}}\n", "f.yaml:2:27: |a list"},
        {"program: p\nmeasures: {m: {count: {a: b}, over: 3d}}\n", "f.yaml:2:23: |a mapping"},
        {"program: p\nmeasures: {m: {count: \"\", over: 3d}}\n", "f.yaml:2:23: |empty"},
        {"program: p\nmeasures: {m: {count: \"*\", over: 3d}}\n",
         "f.yaml:2:23: |a star stands only at the end"},
        {"program: p\nmeasures: {m: {count: \".*\", over: 3d}}\n", "f.yaml:2:23: |star"},
        {"program: p\nmeasures: {m: {count: \"a*\", over: 3d}}\n", "f.yaml:2:23: |star"},
        {"program: p\nmeasures: {m: {count: \"a.*.b\", over: 3d}}\n", "f.yaml:2:23: |star"},
        {"program: p\nmeasures: {m: {count: \"a.*.*\", over: 3d}}\n", "f.yaml:2:23: |star"},
        {"program: p\nmeasures: {m: {count: \"a\\tb\", over: 3d}}\n",
         "f.yaml:2:23: |control character"},
        {M "scores: {s: {points: {\"a*\": 1}, over: 3d, bands: {low: 0}}}\n", "f.yaml:3:23: |star"},
        {M S "alerts: {z: {silence: [], horizon: 9d}}\n", "f.yaml:4:23: |empty list"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_score_is_of_dimensions_or_of_points)
{
    static const struct row rows[] = {
        {M "scores: {s: {scale: 10, bands: {low: 0}}}\n",
         "f.yaml:3:10: |neither dimensions nor points"},
        {M "scores: {s: {scale: 10, points: {x: 1}, over: 3d, dimensions: {m: {weight: 1, target: "
           "1}}, bands: {low: 0}}}\n",
         "f.yaml:3:10: |both dimensions and points"},
        {M "scores: {s: {points: {x: 1}, bands: {low: 0}}}\n",
         "f.yaml:3:10: |needs a window|over: 90d"},
        {M "scores: {s: {points: {x: 1}, over: 3d, scale: 10, bands: {low: 0}}}\n",
         "f.yaml:3:40: |\"scale\" does not belong to a points score"},
        {M "scores: {s: {scale: 10, over: 3d, dimensions: {m: {weight: 1, target: 1}}, bands: "
           "{low: 0}}}\n",
         "f.yaml:3:25: |\"over\" does not belong to a score of dimensions"},
        {M "scores: {s: {dimensions: {m: {weight: 1, target: 1}}, bands: {low: 0}}}\n",
         "f.yaml:3:10: |greatest value|scale: 10"},
        {M "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}}}\n",
         "f.yaml:3:10: |\"bands\" is missing"},
        {M "scores: {s: {scale: 10, dimensions: {}, bands: {low: 0}}}\n",
         "f.yaml:3:25: |0 entries"},
        {M "scores: {s: {scale: 0, dimensions: {m: {weight: 1, target: 1}}, bands: {low: 0}}}\n",
         "f.yaml:3:21: |from 0.0001"},
        {M "scores: {s: {points: {x: 1.00001}, over: 3d, bands: {low: 0}}}\n",
         "f.yaml:3:26: |at most 4 decimals"},
        {M "scores: {s: {points: {x: 100001}, over: 3d, bands: {low: 0}}}\n",
         "f.yaml:3:26: |from -100000 to 100000"},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define DIMENSION(text) M "scores: {s: {scale: 10, bands: {low: 0}, dimensions: {m: " text "}}}\n"

Test(refusals, weights_and_targets_are_above_zero)
{
    static const struct row rows[] = {
        {DIMENSION("{weight: 0, target: 1}"), "f.yaml:3:67: |from 0.0001 to 100000"},
        {DIMENSION("{weight: -1, target: 1}"), "f.yaml:3:67: |\"weight\" is -1"},
        {DIMENSION("{weight: 1, target: 0}"), "f.yaml:3:78: |\"target\" is 0"},
        {DIMENSION("{weight: 1, target: -4}"), "f.yaml:3:78: |\"target\" is -4"},
        {DIMENSION("{weight: 0.00001, target: 1}"), "f.yaml:3:67: |at most 4 decimals"},
        {DIMENSION("{weight: \"1\", target: 1}"), "f.yaml:3:67: |number without quotes"},
        {DIMENSION("{target: 1}"), "f.yaml:3:55: |\"weight\" is missing"},
        {DIMENSION("{weight: 1}"), "f.yaml:3:55: |neither a target nor steps"},
        {DIMENSION("{weight: 1, target: 1, steps: [[0, 0], [1, 1]]}"),
         "f.yaml:3:55: |both a target and steps"},
        {DIMENSION("{weight: 1, target: 1, measure: k}"), "f.yaml:3:90: |no measure \"k\""},
        {DIMENSION("{weight: 1, target: 1, measure: M}"), "f.yaml:3:90: |did you mean \"m\"?"},
        {M
         "scores: {s: {scale: 10, bands: {low: 0}, dimensions: {other: {weight: 1, target: 1}}}}\n",
         "f.yaml:3:55: |no measure \"other\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, steps_are_two_points_or_more_with_x_ascending_and_y_a_share)
{
    static const struct row rows[] = {
        {DIMENSION("{weight: 1, steps: [[0, 0]]}"), "f.yaml:3:77: |1 steps|from 2 to 32"},
        {DIMENSION("{weight: 1, steps: []}"), "f.yaml:3:77: |0 steps"},
        {DIMENSION("{weight: 1, steps: [0, 1]}"), "f.yaml:3:78: |a step is 0|a pair"},
        {DIMENSION("{weight: 1, steps: [[0, 0], [1]]}"), "f.yaml:3:86: |a pair"},
        {DIMENSION("{weight: 1, steps: [[0, 0], [1, 1, 1]]}"), "f.yaml:3:86: |a pair"},
        {DIMENSION("{weight: 1, steps: [[0, 0], [0, 1]]}"), "f.yaml:3:87: |x ascending"},
        {DIMENSION("{weight: 1, steps: [[5, 0], [4, 1]]}"), "f.yaml:3:87: |x of a step is 4"},
        {DIMENSION("{weight: 1, steps: [[0, 0], [1, 1.1]]}"),
         "f.yaml:3:90: |y of a step is 1.1|from 0 to 1"},
        {DIMENSION("{weight: 1, steps: [[0, -0.1], [1, 1]]}"), "f.yaml:3:82: |y of a step is -0.1"},
        {DIMENSION("{weight: 1, steps: [[0, 0], [x, 1]]}"), "f.yaml:3:87: |x of a step is \"x\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, S12_not_all_dimensions_of_a_score_may_be_left_out)
{
    expect_refused(DIMENSION("{weight: 1, target: 1, missing: skip}"),
                   "f.yaml:3:10: |missing: skip");
    expect_refused(
        M
        "scores: {s: {scale: 10, bands: {low: 0}, dimensions: {m: {weight: 1, target: 1, missing: "
        "skip}, n: {weight: 1, target: 1, missing: skip}}}}\n",
        "f.yaml:3:10: |all dimensions of the score \"s\"");
    eng_config_free(load_good(
        M "scores: {s: {scale: 10, bands: {low: 0}, dimensions: {m: {weight: 1, target: 1, "
          "missing: skip}, n: {weight: 1, target: 1}}}}\n"));
}

#define BANDS(bands)                                                                               \
    M "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: " bands "}}\n"

Test(refusals, S9_bands_ascend_without_overlap)
{
    static const struct row rows[] = {
        {BANDS("{}"), "f.yaml:3:66: |0 bands"},
        {BANDS("{low: 0, high: 0}"), "f.yaml:3:88: |\"high\" begins at 0, not after \"low\" (0)"},
        {BANDS("{low: 0, high: 8, mid: 5}"),
         "f.yaml:3:96: |\"mid\" begins at 5, not after \"high\" (8)"},
        {BANDS("{low: 0, mid: {above: 5}, high: 5.0001}"), "f.yaml:3:105: |not after \"mid\""},
        {BANDS("{low: 0, high: {}}"), "f.yaml:3:88: |no edge"},
        {BANDS("{low: 0, high: {from: 5, above: 5}}"), "f.yaml:3:88: |two edges"},
        {BANDS("{low: 0, high: {over: 5}}"), "f.yaml:3:89: |unknown key \"over\""},
        {BANDS("{low: 0, high: five}"), "f.yaml:3:88: |\"five\""},
        {BANDS("{low: 0, high: [5]}"), "f.yaml:3:88: |a list"},
    };
    EXPECT_ALL_REFUSED(rows);
    eng_config_free(load_good(BANDS("{low: 0, mid: 5, high: {above: 5}}")));
}

Test(refusals, a_band_that_cannot_be_reached_is_refused)
{
    static const struct row rows[] = {
        {BANDS("{low: 0, high: 10.0001}"),
         "f.yaml:3:88: |can never get into the band \"high\"|from 0 to 10"},
        {BANDS("{low: 0, high: {above: 10}}"), "f.yaml:3:88: |\"high\""},
        {BANDS("{low: 0, high: 9.5}, margin: 0.6"), "f.yaml:3:88: |\"high\"|margin is 0.6"},
        {BANDS("{low: -5, mid: 0, high: 5}"), "f.yaml:3:79: |\"low\"|starts at 0"},
        {BANDS("{low: 0, mid: 4, high: 5}, margin: 2"), "f.yaml:3:87: |\"mid\""},
        {M "scores: {s: {points: {x: -1}, over: 3d, bands: {low: -9, mid: 0, high: 1}}}\n",
         "f.yaml:3:72: |\"high\"|from anything to 0"},
        {M "scores: {s: {points: {x: 1}, over: 3d, bands: {low: -9, high: 0}}}\n",
         "f.yaml:3:53: |\"low\"|from 0 to anything"},
        {M "scores: {s: {scale: 10, dimensions: {m: {weight: 1, steps: [[0, 0], [9, 0.5]]}}, "
           "bands: {low: 0, high: 6}}}\n",
         "f.yaml:3:104: |\"high\"|from 0 to 5"},
        {M "scores: {s: {scale: 1, dimensions: {m: {weight: 1, target: 4}, n: {weight: 1, target: "
           "4}, l: {weight: "
           "1, target: 4}}, bands: {low: 0, high: 1}}}\n",
         "\"high\"|from 0 to 0.9999"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_band_at_the_very_end_of_the_score_is_fine)
{
    static const char *const good[] = {
        BANDS("{low: 0, high: 10}"), BANDS("{low: 0, high: {above: 9.9999}}"),
        /* two thirds are rounded up, one down: together the whole */
        M "scores: {s: {scale: 1, dimensions: {m: {weight: 2, target: 4}, n: {weight: 1, target: "
          "4}}, bands: {low: "
          "0, high: 1}}}\n",
        BANDS("{low: 0, high: 9.4}, margin: 0.6"),
        /* mid is too narrow to stay in on the way up, but a fall from top ends in it */
        BANDS("{low: 0, mid: 4, high: 5, top: 8}, margin: 2"),
        M "scores: {s: {points: {x: 1, refund: -5}, over: 3d, bands: {debt: -9, low: 0, high: "
          "99999}}}\n",
        /* with m left out, l alone decides */
        M "scores: {s: {scale: 10, dimensions: {m: {weight: 9, steps: [[0, 0], [9, 0.5]], missing: "
          "skip}, l: "
          "{weight: 1, target: 4}}, bands: {low: 0, high: 10}}}\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        eng_config_free(load_good(good[i]));
}

Test(refusals, a_guard_watches_something_and_holds_something)
{
    const struct row rows[] = {
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {silence: y}}\n",
         "f.yaml:5:10: |the guard \"g\" holds nothing|name some, \"alerts: [at_risk]\""},
        {M S "alerts: {a: {score: s, rises_to: high}}\nguards: {g: {}}\n", "|holds nothing"},
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {alerts: [b]}}\n",
         "f.yaml:5:23: |there is no alert \"b\"; did you mean \"a\"?"},
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {below: 5}}\n",
         "f.yaml:5:21: |write it in per cent"},
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {settle: 5d, at_most: 4d}}\n",
         "f.yaml:5:22: |\"settle\" is longer"},
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {where: {k: v}}}\n",
         "f.yaml:5:21: |silence: invoice.upload"},
        {M S "alerts: {a: {score: s, falls_to: low}}\nguards: {g: {usual_least: 0}}\n",
         "f.yaml:5:27: |from 1 to"},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define ALERT_A "alerts: {a: {score: s, falls_to: low}}\n"
#define HOURS "time: {pane: 1h}\n"

Test(refusals, a_quiet_time_has_a_time_and_leaves_some)
{
    const struct row rows[] = {
        {M S ALERT_A "quiet: {q: {from: 20, to: 8}}\n",
         "f.yaml:5:19: |\"from\" is an hour, but counts are kept by day|days: [6, 7]"},
        {M S ALERT_A "quiet: {q: {days: [6], to: 8}}\n", "f.yaml:5:28: |\"to\" is an hour"},
        {HOURS M S ALERT_A "quiet: {q: {from: 20}}\n", "f.yaml:6:19: |both \"from\" and \"to\""},
        {HOURS M S ALERT_A "quiet: {q: {to: 8}}\n", "f.yaml:6:17: |both \"from\" and \"to\""},
        {HOURS M S ALERT_A "quiet: {q: {from: 8, to: 8}}\n",
         "f.yaml:6:26: |from 8 to 8 is no time"},
        {HOURS M S ALERT_A "quiet: {q: {from: 0, to: 24}}\n",
         "f.yaml:6:26: |from 0 to 24 is no time"},
        {HOURS M S ALERT_A "quiet: {q: {from: 24, to: 8}}\n", "f.yaml:6:19: |from 0 to 23"},
        {HOURS M S ALERT_A "quiet: {q: {from: 8, to: 25}}\n", "f.yaml:6:26: |from 0 to 24"},
        {M S ALERT_A "quiet: {q: {days: [1, 2, 3, 4, 5, 6, 7]}}\n", "|all seven days are quiet"},
        {M S ALERT_A "quiet: {q: {days: [0]}}\n", "f.yaml:5:20: |from 1 to 7"},
        {M S ALERT_A "quiet: {q: {days: [sat]}}\n", "f.yaml:5:20: |a day of \"days\""},
        {M S ALERT_A "quiet: {q: {days: [6, 6]}}\n", "f.yaml:5:23: |the day 6 stands twice"},
        {M S ALERT_A "quiet: {q: {}}\n", "f.yaml:5:9: |\"q\" has no time|from: 20, to: 8"},
        {M S ALERT_A "quiet: {q: {days: []}}\n", "f.yaml:5:9: |\"q\" has no time"},
        {M S ALERT_A "quiet: {q: {days: [6], alerts: []}}\n", "f.yaml:5:9: |holds nothing"},
        {M S "quiet: {q: {days: [6]}}\n", "f.yaml:4:9: |there are no alerts"},
        {M S ALERT_A "quiet: {q: {days: [6], alerts: [b]}}\n",
         "f.yaml:5:33: |there is no alert \"b\"; did you mean \"a\"?"},
        {M S ALERT_A "quiet: {q: {days: [1, 2, 3, 4]}, r: {days: [5, 6, 7]}}\n",
         "f.yaml:5:34: |with the quiet time \"r\" there is no hour left|\"a\""},
        {HOURS M S ALERT_A "quiet: {q: {from: 8, to: 20}, r: {from: 20, to: 8}}\n",
         "f.yaml:6:31: |no hour left"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_budget_says_how_many_and_who_comes_first)
{
    const struct row rows[] = {
        {M S ALERT_A "budgets: {b: {rank: s}}\n", "f.yaml:5:11: |\"at_most\""},
        {M S ALERT_A "budgets: {b: {at_most: 5}}\n", "f.yaml:5:11: |\"rank\""},
        {M S ALERT_A "budgets: {b: {at_most: 0, rank: s}}\n", "f.yaml:5:24: |from 1 to 1000"},
        {M S ALERT_A "budgets: {b: {at_most: 5, rank: t}}\n",
         "f.yaml:5:33: |\"t\" is neither a score nor a measure"},
        {M S ALERT_A "budgets: {b: {at_most: 5, rank: s, per: hour}}\n",
         "f.yaml:5:41: |per: day|pane: 1h"},
        {M S ALERT_A "budgets: {b: {at_most: 5, rank: s, by: t}}\n", "f.yaml:5:40: |\"t\""},
        {M S ALERT_A "budgets: {b: {at_most: 5, rank: s, show: 101}}\n",
         "f.yaml:5:42: |from 0 to 100"},
        {M S "budgets: {b: {at_most: 5, rank: s}}\n", "f.yaml:4:11: |\"b\" has no alerts"},
        {M S ALERT_A "budgets: {b: {at_most: 5, rank: s}, c: {at_most: 5, rank: s}}\n",
         "f.yaml:5:37: |\"a\" is in another budget already"},
        {M S "alerts: {a: {score: s, falls_to: low}, z: {score: s, falls_to: mid}}\n"
             "quiet: {q: {days: [1, 2, 3, 4], alerts: [a]}, r: {days: [5, 6, 7], alerts: [z]}}\n"
             "budgets: {b: {at_most: 5, rank: s}}\n",
         "f.yaml:6:11: |never tell; make two budgets of it"},
        {M S ALERT_A "recovery: {checkpoints: false}\nbudgets: {b: {at_most: 5, rank: s}}\n",
         "|checkpoints"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, an_alert_says_when_and_of_what)
{
    static const struct row rows[] = {
        {M S "alerts: {a: {}}\n", "f.yaml:4:10: |does not say when"},
        {M S "alerts: {a: {score: s, cooldown: 1d}}\n", "f.yaml:4:10: |does not say when"},
        {M S "alerts: {a: {score: s, falls_to: low, drop: 2}}\n", "f.yaml:4:10: |more than one"},
        {M S "alerts: {a: {falls_to: low}}\n", "f.yaml:4:10: |needs a score"},
        {M S "alerts: {a: {score: t, falls_to: low}}\n", "f.yaml:4:21: |no score \"t\""},
        {M S "alerts: {a: {score: s, falls_to: lo}}\n",
         "f.yaml:4:34: |no band \"lo\"|did you mean \"low\"?"},
        {M S "alerts: {a: {score: s, drop: 2}}\n", "f.yaml:4:10: |within: 14d"},
        {M S "alerts: {a: {score: s, drop: 0, within: 3d}}\n", "f.yaml:4:30: |from 0.0001"},
        {M S "alerts: {a: {score: s, drop: 0%, within: 3d}}\n", "f.yaml:4:30: |from 0.01 to 100"},
        {M S "alerts: {a: {score: s, drop: 100.01%, within: 3d}}\n",
         "f.yaml:4:30: |in per cent is 100.01|from 0.01 to 100"},
        {M S "alerts: {a: {score: s, drop: 33.333%, within: 3d}}\n",
         "f.yaml:4:30: |at most 2 decimals"},
        {M S "alerts: {a: {score: s, drop: \"25%\", within: 3d}}\n",
         "f.yaml:4:30: |in per cent|without quotes"},
        {M S "alerts: {a: {score: s, falls_to: low, within: 3d}}\n",
         "f.yaml:4:39: |\"within\" does not belong to a falls_to alert"},
        {M S "alerts: {a: {score: s, drop: 2, within: 3d, risk: 0.5}}\n",
         "f.yaml:4:45: |\"risk\" does not belong to a drop alert"},
        {M S "alerts: {a: {score: s, below: 3, above: 8}}\n", "f.yaml:4:10: |more than one"},
        {M S "alerts: {a: {below: 3}}\n", "f.yaml:4:10: |needs a score"},
        {M S "alerts: {a: {after: j, within: 7d}}\n", "f.yaml:4:10: |expects: training.complete"},
        {M S "alerts: {a: {after: j, expects: t}}\n", "f.yaml:4:10: |within: 7d"},
        {M S "alerts: {a: {expects: t, within: 7d}}\n", "f.yaml:4:10: |does not say when"},
        {M S "alerts: {a: {after: j, expects: t, within: 7d, cooldown: 1d}}\n",
         "f.yaml:4:48: |\"cooldown\" does not belong to a deadline"},
        {M S "alerts: {a: {after: j, expects: t, within: 7d, score: s}}\n",
         "f.yaml:4:48: |\"score\" does not belong to a deadline"},
        {M S "alerts: {a: {after: j, expects: t, within: 7d, remind: 8d}}\n",
         "f.yaml:4:56: |longer than the time that there is, 7d"},
        {M S "alerts: {a: {after: \"p.*\", expects: [t, p.q], within: 7d}}\n",
         "f.yaml:4:37: |\"p.q\" both begins the time of the alert \"a\" and is expected"},
        {M S "alerts: {a: {after: j, falls_to: low, score: s}}\n", "f.yaml:4:10: |more than one"},
        {M S "alerts: {a: {silence: x, horizon: 9d, while_provisional: hold}}\n",
         "f.yaml:4:39: |does not belong to a silence alert"},
        {M S "alerts: {a: {score: s, below: 3, within: 3d}}\n",
         "f.yaml:4:34: |\"within\" does not belong to a below alert"},
        {M S "alerts: {a: {score: s, below: 3, hold_out: 0%}}\n", "f.yaml:4:44: |0.01 to 100"},
        {M S "alerts: {a: {score: s, below: 3, hold_out: 12.345%}}\n", "f.yaml:4:44: |decimals"},
        {M S "alerts: {a: {score: s, below: 3, hold_out: 10}}\n", "f.yaml:4:44: |0.0001 to 1"},
        {M S "alerts: {a: {score: s, below: 3, salt: x}}\n",
         "f.yaml:4:40: |nobody is; write \"hold_out: 10%\""},
        {M S "alerts: {a: {score: s, below: 3, hold_out: 10%, salt: \"\"}}\n", "f.yaml:4:55: |"},
        {M S "alerts: {a: {score: s, above: 3, drop: 3}}\n", "f.yaml:4:10: |more than one"},
        {M S "alerts: {a: {score: s, rises_to: high, margin: 1}}\n",
         "f.yaml:4:40: |\"margin\" does not belong to a rises_to alert"},
        {M S "alerts: {a: {score: s, rises_to: hi}}\n",
         "f.yaml:4:34: |no band \"hi\"|did you mean \"high\"?"},
        {M S "alerts: {a: {score: s, below: 1.00001}}\n", "f.yaml:4:31: |at most 4 decimals"},
        {M S "alerts: {a: {silence: x, horizon: 9d, score: s}}\n",
         "f.yaml:4:46: |only to foretell its fall|forecast: 60d"},
        {M S "alerts: {a: {silence: x, horizon: 9d, forecast: 60d}}\n",
         "f.yaml:4:10: |needs a score to look at"},
        {M S "alerts: {a: {silence: x, horizon: 9d, score: t, forecast: 60d}}\n",
         "f.yaml:4:46: |no score \"t\""},
        {M S "alerts: {a: {silence: x, horizon: 9d, score: s, forecast: 36h}}\n",
         "f.yaml:4:59: |whole"},
        {M S "alerts: {a: {silence: x, horizon: 9d, score: s, forecast: 0d}}\n",
         "f.yaml:4:59: |1d"},
        {M S "alerts: {a: {score: s, rises_to: high, forecast: 60d}}\n",
         "f.yaml:4:40: |\"forecast\" does not belong to a rises_to alert"},
        {M S "alerts: {a: {score: s, below: 3, forecast: 60d}}\n",
         "f.yaml:4:34: |\"forecast\" does not belong to a below alert"},
        {M S "alerts: {a: {silence: x}}\n", "f.yaml:4:10: |needs a horizon"},
        {M S "alerts: {a: {silence: x, horizon: 9d, risk: 0}}\n", "f.yaml:4:45: |from 0.001 to 1"},
        {M S "alerts: {a: {silence: x, horizon: 9d, risk: 1.001}}\n",
         "f.yaml:4:45: |from 0.001 to 1"},
        {M S "alerts: {a: {silence: x, horizon: 9d, risk: 0.7001}}\n",
         "f.yaml:4:45: |at most 3 decimals"},
        {M S "alerts: {a: {silence: x, horizon: 9d, min_silence: 10d}}\n",
         "f.yaml:4:52: |longer than the horizon, 9d"},
        {M S "alerts: {a: {silence: x, horizon: 9d, min_active: 64}}\n",
         "f.yaml:4:51: |from 1 to 63"},
        {M S "alerts: {a: {silence: x, horizon: 9d, typical_gap: 0d}}\n",
         "f.yaml:4:52: |at least one pane"},
    };
    EXPECT_ALL_REFUSED(rows);
}

/* So many times a letter of two bytes. */
static const char *letters(unsigned count)
{
    static char text[2100];
    for (unsigned i = 0; i < count; i++)
        memcpy(text + 2 * i, "\xC3\xA9", 2);
    text[2 * count] = '\0';
    return text;
}

Test(refusals, a_description_is_short_and_visible)
{
    static const struct row rows[] = {
        {M S "alerts: {a: {score: s, falls_to: low, description: \"\"}}\n",
         "f.yaml:4:52: |text of up to 500 characters"},
        {M S "alerts: {a: {score: s, falls_to: low, description: \"a\\tb\"}}\n",
         "f.yaml:4:52: |control character"},
        {M S "alerts: {a: {score: s, falls_to: low, description: {a: b}}}\n",
         "f.yaml:4:52: |text of up to 500 characters"},
    };
    char text[4096];
    EXPECT_ALL_REFUSED(rows);
    (void)snprintf(text, sizeof text,
                   M S "alerts: {a: {score: s, falls_to: low, description: \"%s\"}}\n",
                   letters(501));
    expect_refused(text, "f.yaml:4:52: |501 characters|at most 500");
    (void)snprintf(text, sizeof text,
                   M S "alerts: {a: {score: s, falls_to: low, description: \"%s\"}}\n",
                   letters(500));
    struct eng_config *config = load_good(text);
    cr_assert_str_eq(config->model->alerts[0].description, letters(500));
    eng_config_free(config);
}

Test(refusals, S10_an_alert_that_can_never_fire_is_refused)
{
    static const struct row rows[] = {
        {M S "alerts: {a: {score: s, falls_to: high}}\n",
         "f.yaml:4:10: |nothing falls into the highest band"},
        {M S "alerts: {a: {score: s, drop: 10.0001, within: 3d}}\n",
         "f.yaml:4:30: |never falls by more than 10"},
        {M S "alerts: {a: {score: s, rises_to: low}}\n",
         "f.yaml:4:10: |nothing rises into the lowest band"},
        {M "scores: {s: {points: {x: -1}, over: 3d, bands: {low: -9, high: 0}, margin: 1}}\n"
           "alerts: {a: {score: s, rises_to: high}}\n",
         "f.yaml:4:10: |the margin keeps the score from rising"},
        {M S "alerts: {a: {score: s, below: 0}}\n",
         "f.yaml:4:31: |never below this value|from 0 to 10"},
        {M S "alerts: {a: {score: s, below: 10.0001}}\n",
         "f.yaml:4:31: |never at or above this value|from 0 to 10"},
        {M S "alerts: {a: {score: s, above: 10}}\n",
         "f.yaml:4:31: |never above this value|from 0 to 10"},
        {M S "alerts: {a: {score: s, above: -0.0001}}\n",
         "f.yaml:4:31: |never at or below this value"},
        {M S "alerts: {a: {score: s, below: 8, margin: 2.0001}}\n",
         "f.yaml:4:42: |never be resolved|smaller margin"},
        {M S "alerts: {a: {score: s, above: 2, margin: 2.0001}}\n",
         "f.yaml:4:42: |never be resolved|smaller margin"},
        {M "scores: {s: {points: {x: 1}, over: life, bands: {low: 0, high: 5}}}\n"
           "alerts: {a: {score: s, below: 3}}\n",
         "f.yaml:4:10: |never falls"},
        {M "scores: {s: {points: {x: -1}, over: 3d, bands: {low: -9, high: 0}}}\n"
           "alerts: {a: {score: s, below: -3}}\n",
         "f.yaml:4:10: |never above 0"},
        {BANDS("{low: 0, high: 3}, margin: 3") "alerts: {a: {score: s, falls_to: low}}\n",
         "f.yaml:4:10: |the margin keeps the score"},
        {BANDS("{low: 0, high: 3}, margin: 4") "alerts: {a: {score: s, falls_to: low}}\n",
         "f.yaml:4:10: |the margin keeps the score"},
        {M "scores: {s: {scale: 10, dimensions: {l: {weight: 1, target: 4}}, bands: {low: 0, high: "
           "5}}}\n"
           "alerts: {a: {score: s, falls_to: low}}\n",
         "f.yaml:4:10: |never falls; give a measure a window"},
        {M "scores: {s: {points: {x: 1}, over: life, bands: {low: 0, high: 5}}}\n"
           "alerts: {a: {score: s, drop: 1, within: 3d}}\n",
         "f.yaml:4:10: |never falls"},
        {M "scores: {s: {points: {x: -1}, over: 3d, bands: {low: -9, high: 0}}}\n"
           "alerts: {a: {score: s, falls_to: low}}\n",
         "f.yaml:4:10: |never above 0"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, S10_an_alert_that_can_only_just_fire_is_fine)
{
    static const char *const good[] = {
        BANDS("{low: 0, high: 3}, margin: 2.9999") "alerts: {a: {score: s, falls_to: low}}\n",
        M S "alerts: {a: {score: s, drop: 10, within: 3d}}\n",
        M S "alerts: {a: {score: s, drop: 100%, within: 3d}}\n",
        M S "alerts: {a: {score: s, rises_to: high}}\n",
        M S "alerts: {a: {score: s, below: 0.0001, margin: 9.9999}}\n",
        M S "alerts: {a: {score: s, below: 10}}\n",
        M S "alerts: {a: {score: s, above: 9.9999, margin: 9.9999}}\n",
        M S "alerts: {a: {score: s, above: 0}}\n",
        /* what never falls may rise */
        M "scores: {s: {points: {x: 1}, over: life, bands: {low: 0, high: 5}}}\n"
          "alerts: {a: {score: s, above: 3}, b: {score: s, rises_to: high}}\n",
        M "scores: {s: {points: {x: 2, refund: -1}, over: life, bands: {low: 0, high: 5}}}\n"
          "alerts: {a: {score: s, drop: 1, within: 3d}}\n",
        /* counts since the first event only grow, but more of them may be worth less */
        M "scores: {s: {scale: 10, bands: {low: 0, high: 5}, dimensions: {l: {weight: 1, steps: "
          "[[0, 1], [9, "
          "0]]}}}}\nalerts: {a: {score: s, falls_to: low}}\n",
        /* ... or bring a weight back in */
        M "scores: {s: {scale: 10, bands: {low: 0, high: 5}, dimensions: {l: {weight: 1, target: "
          "4}, e: {measure: "
          "l, weight: 1, target: 9, missing: skip}}}}\nalerts: {a: {score: s, falls_to: low}}\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        eng_config_free(load_good(good[i]));
}

/* `count` entries made by a format with two %d, between a prefix and a suffix. Owned by the caller.
 */
static char *many(const char *prefix, const char *entry, int count, const char *suffix)
{
    size_t size = strlen(prefix) + strlen(suffix) + (strlen(entry) + 16) * (size_t)count + 1;
    char *text = malloc(size);
    cr_assert_not_null(text);
    int used = snprintf(text, size, "%s", prefix);
    for (int i = 0; i < count; i++)
        for (const char *at = entry; *at != '\0'; at++)
            used += *at == '@' ? snprintf(text + used, size - (size_t)used, "%d", i)
                               : snprintf(text + used, size - (size_t)used, "%c", *at);
    (void)snprintf(text + used, size - (size_t)used, "%s", suffix);
    return text;
}

struct limit {
    const char *prefix, *entry, *suffix;
    int most;
    const char *words;
};

Test(refusals, every_limit_is_named_and_what_just_fits_is_fine)
{
    static const struct limit limits[] = {
        {"program: p\nmeasures: {", "m@: {count: x, over: 3d}, ",
         "}\nalerts: {z: {silence: x, horizon: 9d}}\n", 64, "ENG_MEASURES_MAX"},
        {"program: p\ntime: {late_after: 9d}\nfacts: {", "f@: {set: x}, ",
         "}\nalerts: {z: {silence: x, horizon: 9d}}\n", 16, "ENG_FACTS_MAX"},
        {"program: p\ntime: {late_after: 9d}\nfacts: {f: {set: x, from: t, values: [", "a@, ",
         "]}}\nalerts: {z: {silence: x, horizon: 9d}}\n", 63, "ENG_FACT_VALUES_MAX"},
        {"program: p\nmeasures: {m: {over: 3d, count: [", "a@, ",
         "]}}\nalerts: {z: {silence: a1, horizon: 9d}}\n", 255, "ENG_ACTIONS_MAX"},
        {M "scores: {",
         "s@: {scale: 1, dimensions: {m: {weight: 1, target: 1}}, bands: {low: 0}}, ", "}\n", 16,
         "ENG_SCORES_MAX"},
        {M "scores: {s: {scale: 9, bands: {low: 0}, dimensions: {",
         "d@: {weight: 1, target: 1, measure: m}, ", "}}}\n", 32, "ENG_DIMENSIONS_MAX"},
        {M "scores: {s: {over: 3d, bands: {low: 0}, points: {", "a@: 1, ", "}}}\n", 32,
         "ENG_DIMENSIONS_MAX"},
        {M "scores: {s: {scale: 99, dimensions: {m: {weight: 1, target: 1}}, bands: {", "b@: @, ",
         "}}}\n", 16, "ENG_BANDS_MAX"},
        {M "scores: {s: {scale: 99, bands: {low: 0}, dimensions: {m: {weight: 1, steps: [",
         "[@, 1], ", "]}}}}\n", 32, "ENG_STEPS_MAX"},
        {M S "alerts: {", "a@: {silence: x, horizon: 9d}, ", "}\n", 32, "ENG_ALERTS_MAX"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct limit *limit = &limits[i];
        char *fits = many(limit->prefix, limit->entry, limit->most, limit->suffix);
        char *over = many(limit->prefix, limit->entry, limit->most + 1, limit->suffix);
        eng_config_free(load_good(fits));
        expect_refused(over, limit->words);
        free(fits);
        free(over);
    }
}

Test(refusals, an_action_is_not_longer_than_records_may_have_it)
{
    char *text = many("program: p\nmeasures: {m: {over: 3d, count: a", "bbbbbbbb", 40, "}}\n");
    expect_refused(text, "f.yaml:2:33: |321 bytes|ENG_ACTION_BYTES_MAX");
    free(text);
}

#define W(where) "program: p\nmeasures: {m: {count: x, where: " where ", over: 3d}}\n" S

Test(refusals, filters_name_attributes_and_texts)
{
    static const struct row rows[] = {
        {W("{}"), "f.yaml:2:33: |names no attribute|where: {region: north}"},
        {W("north"), "f.yaml:2:33: |a mapping"},
        {W("{region: []}"), "f.yaml:2:42: |lists 0 texts|from 1 to 64"},
        {W("{region: {a: b}}"), "f.yaml:2:42: |\"region\" is a mapping|[north, east]"},
        {W("{region: [a, [b]]}"), "f.yaml:2:46: |\"region\" is a list"},
        {W("{region: [a, b, a]}"), "f.yaml:2:49: |\"a\" stands twice"},
        {W("{\"\": a}"), "f.yaml:2:34: |the name of an attribute is empty"},
        {W("{region: a, region: b}"), "f.yaml:2:45: |twice"},
        {"program: p\nmeasures: {m: {count: x, over: 3d}}\n"
         "alerts: {a: {score: s, falls_to: low, where: {r: a}}}\n" S,
         "f.yaml:3:39: |\"where\" does not belong to a falls_to alert"},
        {M "scores: {s: {points: {n: {points: 1, where: {}}}, over: 3d, bands: {low: 0}}}\n",
         "f.yaml:3:45: |names no attribute"},
        {M "scores: {s: {points: {n: {of: x}}, over: 3d, bands: {low: 0}}}\n",
         "f.yaml:3:23: |\"points\" is missing"},
        {M "scores: {s: {points: {\"n*\": {points: 1}}, over: 3d, bands: {low: 0}}}\n",
         "f.yaml:3:23: |star"},
        {"program: p\nmeasures: {f: {state: a, until: \"*\", where: {r: x}}}\n" S,
         "f.yaml:2:33: |star"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, filters_have_limits)
{
    static char text[65536];
    size_t used = (size_t)sprintf(text, "program: p\nmeasures:\n");
    for (int i = 0; i < 17; i++)
        used += (size_t)sprintf(text + used, "  m%d: {count: x%d, where: {a%d: b}, over: 3d}\n", i,
                                i, i);
    (void)sprintf(text + used, "%s",
                  "scores: {s: {scale: 10, dimensions: {m1: {weight: 1, target: "
                  "4}}, bands: {low: 0, high: 8}}}\n");
    const struct row attributes[] = {
        {text, "f.yaml:19:29: |\"a16\" is one attribute too many|16 (ENG_ATTRIBUTES_MAX)"}};
    EXPECT_ALL_REFUSED(attributes);
    used = (size_t)sprintf(text, "program: p\nmeasures:\n");
    for (int i = 0; i < 9; i++) /* independent of each other: 2^9 - 1 ways */
        used +=
            (size_t)sprintf(text + used, "  m%d: {count: x, where: {a%d: b}, over: 3d}\n", i, i);
    (void)sprintf(text + used, "%s",
                  "scores: {s: {scale: 10, dimensions: {m1: {weight: 1, target: "
                  "4}}, bands: {low: 0, high: 8}}}\n");
    const struct row ways[] = {{text, "|the filters on \"x\" can hold together in too many "
                                      "ways|255 (ENG_ACTIONS_MAX)|exclude each other"}};
    EXPECT_ALL_REFUSED(ways);
}

#define F(facts) "program: p\nfacts: {" facts "}\nmeasures: {m: {count: x, over: 3d}}\n" S
#define R(reads)                                                                                   \
    "program: p\nfacts: {tier: {set: u, from: t, values: [a, b.c]}, ok: {set: y}}\nmeasures: {m: " \
    "{count: x, over: 3d}, r: {" reads "}}\n" S

Test(refusals, a_fact_is_a_flag_a_choice_or_a_number)
{
    static const struct row rows[] = {
        {F("f: {}"), "f.yaml:2:9: |\"set\" is missing"},
        {F("f: {cleared: y}"), "f.yaml:2:9: |\"set\" is missing"},
        {F("f: {set: x, values: [a]}"), "f.yaml:2:29: |nothing says where|write \"from: tier\""},
        {F("f: {set: x, from: value, values: [a]}"),
         "f.yaml:2:27: |the value of an event is a number|leave \"values\" out"},
        {NUMBERS("{grade: g}") "facts: {f: {set: x, from: grade, values: [a]}}\n" S,
         "f.yaml:3:27: |the grade of an event is a number|name an attribute"},
        {NUMBERS("{grade: g}") "facts: {f: {set: x, from: grade, text: 9}}\n" S,
         "f.yaml:3:40: |free text of an attribute"},
        {F("f: {set: x, from: t, values: []}"), "f.yaml:2:38: |lists 0 texts|from 1 to 63"},
        {F("f: {set: x, from: t, values: [a, b, a]}"), "f.yaml:2:45: |\"a\" stands twice"},
        {F("f: {set: x, from: t, values: a}"), "f.yaml:2:38: |a list of texts"},
        {F("f: {set: x, from: [t]}"), "f.yaml:2:27: |write a name"},
        {F("f: {set: x, valid_for: 0d}"), "f.yaml:2:32: |from 1ms to"},
        {F("f: {set: x, where: {}}"), "f.yaml:2:28: |names no attribute"},
        {F("f: {set: x, cleared: [y, x]}"),
         "f.yaml:2:30: |\"x\" both sets and clears the fact \"f\""},
        {F("f: {set: \"a.*\", cleared: a.b}"), "f.yaml:2:34: |\"a.b\" both sets and clears"},
        {F("f: {set: x, over: 3d}"), "f.yaml:2:21: |unknown key \"over\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_measure_of_a_fact_names_one_and_what_it_can_be)
{
    static const struct row rows[] = {
        {R("fact: teir"), "f.yaml:3:47: |there is no fact \"teir\"; did you mean \"tier\"?"},
        {R("fact: tier.gold"), "f.yaml:3:47: |never \"gold\"; it is one of a, b.c"},
        {R("fact: ok.yes"), "f.yaml:3:47: |\"ok\", which has no list|write \"ok\""},
        {R("fact: ok, over: 3d"), "f.yaml:3:51: |\"over\" does not belong to a measure of a fact"},
        {R("fact: ok, count: x"), "f.yaml:3:41: |both"},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define D(weight, target)                                                                          \
    "program: p\nfacts: {tier: {set: u, from: t, values: [a, b]}, ok: {set: y}, n: {set: z, "      \
    "from: "                                                                                       \
    "v}}\nmeasures: {m: {count: x, over: 3d}}\nscores: {s: {scale: 10, dimensions: {m: "           \
    "{weight: " weight ", target: " target "}}, bands: {low: 0, mid: 4, high: 8}}}\n"

Test(refusals, weights_and_targets_by_facts_have_a_default_and_facts_that_hold_or_do_not)
{
    static const struct row rows[] = {
        {D("1", "{tier.a: 3}"), "f.yaml:4:61: |\"target\" says nothing of partners|default: 12"},
        {D("{ok: 3}", "4"), "f.yaml:4:50: |\"weight\" says nothing of partners|default: 25"},
        {D("1", "{default: 3}"), "f.yaml:4:61: |0 facts beside its default|from 1 to 32"},
        {D("1", "{default: 0, ok: 3}"), "f.yaml:4:71: |from 0.0001"},
        {D("1", "{default: 3, ok: 0}"), "f.yaml:4:78: |from 0.0001"},
        {D("{default: 3, ok: -1}", "4"), "f.yaml:4:67: |from 0.0001"},
        {D("1", "{default: 3, ko: 2}"), "f.yaml:4:74: |there is no fact \"ko\"|under \"facts\""},
        {D("1", "{default: 3, tier: 2}"), "f.yaml:4:74: |which of its values; write \"tier.a\""},
        {D("1", "{default: 3, tier.c: 2}"), "f.yaml:4:74: |never \"c\"; it is one of a, b"},
        {D("1", "{default: 3, n: 2}"), "f.yaml:4:74: |\"n\" is a number|name a flag"},
        {D("1", "{default: 3, ok.yes: 2}"), "f.yaml:4:74: |no list of them; write \"ok\""},
    };
    EXPECT_ALL_REFUSED(rows);
}

#define A(who) D("1", "4") "alerts: {a: {score: s, falls_to: low, for: " who "}}\n"

Test(refusals, an_alert_is_for_partners_of_whom_facts_can_say_so)
{
    static const struct row rows[] = {
        {A("{}"), "f.yaml:5:44: |names 0 facts|{managed: yes}"},
        {A("managed"), "f.yaml:5:44: |a mapping"},
        {A("{ko: yes}"), "f.yaml:5:45: |there is no fact \"ko\"|under \"facts\""},
        {A("{ok: maybe}"), "f.yaml:5:49: |\"ok\" is a flag|write yes or no"},
        {A("{tier: c}"), "f.yaml:5:51: |never \"c\"; it is one of a, b"},
        {A("{tier: []}"), "f.yaml:5:51: |an empty list"},
        {A("{tier: [a, [b]]}"), "f.yaml:5:55: |one of its values"},
        {A("{tier.a: yes}"), "f.yaml:5:45: |by their names|tier: gold"},
        {A("{n: 3}"), "f.yaml:5:45: |by their names"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(refusals, a_free_text_goes_out_and_nothing_else)
{
    static const struct row rows[] = {
        {F("f: {set: x, text: 9}"), "free text of an attribute|write \"from: email\""},
        {F("f: {set: x, from: value, text: 9}"), "free text of an attribute"},
        {F("f: {set: x, from: t, values: [a], text: 9}"), "free text of an attribute"},
        {F("f: {set: x, from: t, text: 255}"), "from 1 to 254"},
        {F("f: {set: x, from: t, text: 9}}\nalerts: {a: {score: s, falls_to: low, for: {f: a}}"),
         "by their names"},
        {"program: p\nfacts: {f: {set: x, from: t, text: 9}}\nmeasures: {m: {count: x, over: 3d}, "
         "r: "
         "{fact: f}}\n" S,
         "f.yaml:3:47: |is a free text, which is no number"},
        {"program: p\nfacts: {f: {set: x, from: t, text: 9}}\nmeasures: {m: {count: x, over: 3d}}\n"
         "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: {default: 4, f: 2}}}, bands: "
         "{low: 0}}}\n",
         "f.yaml:4:74: |is a free text; name a flag"},
    };
    EXPECT_ALL_REFUSED(rows);
}
