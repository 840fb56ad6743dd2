/* S14 Counts are kept per action and pane, so weights, targets, bands, margins and thresholds can
 * change with no event re-read. What an old count cannot answer starts `provisional`. A change of
 * the file re-evaluates every partner once; what it changes is told with cause `config`, or held.
 */
#include "spec.h"
#include <criterion/criterion.h>

#define SCORE(measure, dimension, rest)                                                            \
    "measures: {m: {" measure "}}\n"                                                               \
    "scores: {s: {scale: 10, dimensions: {m: {" dimension "}}, " rest "}}\n"
#define X9 "count: x, over: 9d"
#define BANDS "bands: {low: 0, high: 5}"
#define ALL "bands: {all: 0}, tell_every: 0.5"

#define CHANGES(show, before, after, rows)                                                         \
    spec_changes("S14", show, (const char *const[]){before, after, NULL}, rows)

Test(s14_changes, a_target_changes_and_no_event_is_read_again)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", BANDS), SCORE(X9, "weight: 1, target: 2", BANDS),
            "day 0  acme  x\n"
            "day 1  acme  x\n"
            "becomes 2         ->  acme s 0 -> 10, low -> high (config)\n"
            "day 9  tick\n" /* 5 is high as well */
            "day 10 tick       ->  acme s 10 -> 0, high -> low (expiry)\n");
}

Test(s14_changes, ids_carry_the_version_so_that_they_cannot_meet_others)
{
    spec_changes("S13, S14", SPEC_ORIGIN,
                 (const char *const[]){SCORE(X9, "weight: 1, target: 10", BANDS),
                                       SCORE(X9, "weight: 1, target: 2", BANDS), NULL},
                 "day 0  acme  x\n"
                 "becomes 2         ->  acme s 0 -> 5, low -> high (config) #model 2\n");
}

Test(s14_changes, partners_come_in_the_order_of_their_hashes)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", BANDS), SCORE(X9, "weight: 1, target: 1", BANDS),
            "day 0  zenith  x\n"
            "day 0  acme    x\n"
            "day 0  bolt    x\n"
            "becomes 2         ->  acme s 0 -> 10, low -> high (config)\n"
            "                  ->  zenith s 0 -> 10, low -> high (config)\n"
            "                  ->  bolt s 0 -> 10, low -> high (config)\n");
}

Test(s14_changes, what_changes_nothing_says_nothing)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", BANDS), SCORE(X9, "weight: 7, target: 10", BANDS),
            "day 0  acme  x\n"
            "becomes 2\n"
            "view acme         ->  s 1, low, provisional\n");
}

Test(s14_changes, a_silent_change_is_noted_but_not_told)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", BANDS), SCORE(X9, "weight: 1, target: 2", BANDS),
            "day 0  acme  x\n"
            "becomes 2 silent\n"
            "view acme         ->  s 5, high, provisional\n"
            "day 9  tick       ->  acme s 5 -> 0, high -> low (expiry)\n");
}

Test(s14_changes, a_band_in_force_is_kept_by_its_name_and_its_margin_counts)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", "bands: {low: 0, high: 3}"),
            SCORE(X9, "weight: 1, target: 10", "bands: {none: 0, low: 1, high: 4}, margin: 1"),
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 0  acme  x    ->  s 0 -> 3, low -> high\n"
            "becomes 2\n" /* under 4, but not by the margin */
            "day 9  tick       ->  acme s 3 -> 0, high -> none (expiry)\n");
}

Test(s14_changes, a_window_that_shrinks_is_answered_at_once)
{
    CHANGES(SPEC_PROVISIONAL, SCORE(X9, "weight: 1, target: 10", ALL),
            SCORE("count: x, over: 2d", "weight: 1, target: 10", ALL),
            "day 0  acme  x    ->  s 0 -> 1, all, provisional\n"
            "day 8  acme  x    ->  s 1 -> 2, all, provisional\n"
            "becomes 2         ->  acme s 2 -> 1, all (config)\n");
}

Test(s14_changes, a_window_that_grows_is_provisional_until_it_lies_within_what_was_kept)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
            SCORE("count: x, over: 5d", "weight: 1, target: 10", ALL),
            "day 0   acme  x    ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  x    ->  day 3 s 1 -> 0, all (expiry)\n"
            "                   ->  s 0 -> 1, all\n"
            "becomes 2\n" /* day 18 is the first one that is known */
            "day 21  acme  x    ->  s 1 -> 2, all, provisional\n"
            "day 22  acme  x    ->  s 2 -> 3, all\n");
}

Test(s14_changes, an_action_that_nothing_referred_to_is_provisional_for_a_full_window)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
            SCORE("count: [x, y], over: 3d", "weight: 1, target: 10", ALL),
            "day 0   acme  x    ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  y    ->  day 3 s 1 -> 0, all (expiry)\n"
            "                   ->  filtered\n"
            "becomes 2\n"
            "day 22  acme  y    ->  s 0 -> 1, all, provisional\n"
            "day 23  acme  y    ->  s 1 -> 2, all\n");
}

Test(s14_changes, a_family_answers_for_itself_but_not_for_one_of_its_actions)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: \"a.*\", over: 3d", "weight: 1, target: 10", ALL),
            "measures: {m: {count: \"a.*\", over: 3d}, n: {count: a.b, over: 3d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}}, " ALL "},\n"
            "         t: {scale: 10, dimensions: {n: {weight: 1, target: 10}}, " ALL "}}\n",
            "day 0   acme  a.b  ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  a.b  ->  day 3 s 1 -> 0, all (expiry)\n"
            "                   ->  s 0 -> 1, all\n"
            "becomes 2\n"
            "day 20  acme  a.b  ->  s 1 -> 2, all\n"
            "                   ->  t 0 -> 1, all, provisional\n");
}

Test(s14_changes, two_names_that_become_one_family_are_counted_together)
{
    CHANGES(0, SCORE("count: [a.b, a.c], over: 9d", "weight: 1, target: 10", ALL),
            SCORE("count: \"a.*\", over: 9d", "weight: 1, target: 10", ALL),
            "day 0  acme  a.b   ->  s 0 -> 1, all\n"
            "day 0  acme  a.c   ->  s 1 -> 2, all\n"
            "becomes 2\n"
            "day 0  acme  a.d   ->  s 2 -> 3, all\n"
            "day 9  tick        ->  acme s 3 -> 0, all (expiry)\n");
}

Test(s14_changes, two_names_that_become_one_family_are_summed_together)
{
    CHANGES(0, SCORE("sum: value, of: [a.b, a.c], over: 9d", "weight: 1, target: 10", ALL),
            SCORE("sum: value, of: \"a.*\", over: 9d", "weight: 1, target: 10", ALL),
            "day 0  acme  a.b value=1  ->  s 0 -> 1, all\n"
            "day 0  acme  a.c value=2  ->  s 1 -> 3, all\n"
            "becomes 2\n"
            "day 1  acme  a.d value=4  ->  s 3 -> 7, all\n"
            "day 9  tick               ->  acme s 7 -> 4, all (expiry)\n");
}

Test(s14_changes, sums_are_known_where_something_was_summed)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
            SCORE("sum: value, of: x, over: 3d", "weight: 1, target: 10", ALL),
            "day 0   acme  x value=4  ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  x value=4  ->  day 3 s 1 -> 0, all (expiry)\n"
            "                         ->  s 0 -> 1, all\n"
            "becomes 2                ->  acme s 1 -> 0, all (config), provisional\n"
            "day 21  acme  x value=2  ->  s 0 -> 2, all, provisional\n"
            "day 23  acme  x value=2  ->  s 2 -> 4, all\n");
}

Test(s14_changes, what_was_not_known_once_is_not_known_by_another_change)
{
    spec_changes("S14", SPEC_PROVISIONAL,
                 (const char *const[]){SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
                                       SCORE("count: y, over: 3d", "weight: 1, target: 10", ALL),
                                       SCORE("count: y, over: 3d", "weight: 1, target: 5", ALL),
                                       NULL},
                 "day 0   acme  x    ->  s 0 -> 1, all, provisional\n"
                 "day 20  acme  x    ->  day 3 s 1 -> 0, all (expiry)\n"
                 "                   ->  s 0 -> 1, all\n"
                 "becomes 2          ->  acme s 1 -> 0, all (config), provisional\n"
                 "day 21  acme  y    ->  s 0 -> 1, all, provisional\n"
                 "becomes 3          ->  acme s 1 -> 2, all (config), provisional\n"
                 "day 23  acme  y    ->  s 2 -> 4, all\n");
}

Test(s14_changes, members_states_and_streaks_go_on_under_any_name)
{
    CHANGES(
        0,
        "time: {late_after: 9d}\n"
        "measures: {p: {members: x, over: 5d}, q: {state: on, until: off}, r: {streak: x},\n"
        "           l: {last: value, of: x, over: 5d}}\n"
        "scores: {s: {scale: 10, dimensions: {p: {weight: 1, target: 4}, q: {weight: 1,\n"
        "  target: 1}, r: {weight: 1, target: 4}, l: {weight: 1, target: 4}}, bands: {b: 0}}}\n",
        "time: {late_after: 9d}\n"
        "measures: {l2: {last: value, of: x, over: 4d}, r2: {streak: x},\n"
        "           q2: {state: on, until: off}, p2: {members: x, over: 2d}}\n"
        "scores: {s: {scale: 10, dimensions: {p: {measure: p2, weight: 1, target: 4},\n"
        "  q: {measure: q2, weight: 1, target: 1}, r: {measure: r2, weight: 1, target: 4},\n"
        "  l: {measure: l2, weight: 1, target: 4}}, bands: {b: 0}, tell_every: 0.1}}\n",
        "day 0  acme  on\n"
        "day 1  acme  x member=a value=4\n"
        "day 2  acme  x member=b value=2\n"
        "day 3  acme  x member=c value=1\n"
        "view acme          ->  s 6.875, b, provisional\n"
        "becomes 2          ->  acme s 0 -> 6.25, b (config)\n");
}

Test(s14_changes, of_two_that_asked_the_same_the_one_that_knows_more_goes_on)
{
    CHANGES(0,
            "measures: {a: {members: x, over: 2d}, b: {members: x, over: 6d}}\n"
            "scores: {s: {scale: 10, dimensions: {a: {weight: 1, target: 10}, b: {weight: 1,\n"
            "  target: 10}}, bands: {all: 0}}}\n",
            SCORE("members: x, over: 9d", "weight: 1, target: 10", ALL),
            "day 0  acme  x member=m\n"
            "day 4  acme  x member=n\n"
            "becomes 2               ->  acme s 0 -> 2, all (config)\n"
            "day 9  tick             ->  acme s 2 -> 1, all (expiry)\n");
}

Test(s14_changes, a_last_value_that_had_left_its_window_does_not_come_back)
{
    CHANGES(0, SCORE("last: value, of: x, over: 2d", "weight: 1, target: 10", ALL),
            SCORE("last: value, of: x, over: 9d", "weight: 1, target: 10", ALL),
            "day 0  acme  x value=4  ->  s 0 -> 4, all\n"
            "day 3  tick             ->  day 2 acme s 4 -> 0, all (expiry)\n"
            "becomes 2\n"
            "day 3  acme  x value=5  ->  s 0 -> 5, all\n");
}

Test(s14_changes, totals_over_life_go_on_and_new_ones_begin_with_what_is_counted)
{
    CHANGES(0,
            "time: {late_after: 9d}\n" SCORE("count: x, over: life", "weight: 1, target: 10",
                                             "bands: {b: 0}"),
            "time: {late_after: 9d}\n"
            "measures: {m: {count: x, over: life}, n: {active: x, over: 5d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}}, " ALL "}}\n",
            "day 0  acme  x\n"
            "day 1  acme  x\n"
            "becomes 2          ->  acme s 0 -> 2, all (config)\n"
            "day 1  acme  x     ->  s 2 -> 3, all\n");
    CHANGES(0, SCORE("active: x, over: 3d", "weight: 1, target: 10", "bands: {all: 0}"),
            "time: {late_after: 9d}\n" SCORE("active: x, over: life", "weight: 1, target: 10", ALL),
            "day 0  acme  x\n"
            "day 7  acme  x\n"
            "day 8  acme  x\n"
            "becomes 2          ->  acme s 0 -> 2, all (config)\n"
            "day 9  acme  x     ->  s 2 -> 3, all\n");
}

Test(s14_changes, a_streak_that_late_events_could_not_reach_stays_out_of_reach)
{
    CHANGES(0, "time: {late_after: 5d}\n" SCORE("streak: x", "weight: 1, target: 10", ALL),
            "time: {late_after: 20d}\n" SCORE("streak: x", "weight: 1, target: 10", ALL),
            "day 0  acme  x     ->  s 0 -> 1, all\n"
            "day 2  acme  x     ->  s 1 -> 0, all (expiry)\n"
            "                   ->  s 0 -> 1, all\n"
            "day 9  tick        ->  day 4 acme s 1 -> 0, all (expiry)\n"
            "becomes 2\n" /* day 0 was out of reach, and is no part of any streak now */
            "day 1  acme  x\n"
            "day 3  acme  x\n"
            "day 4  acme  x\n"
            "day 5  acme  x\n"
            "day 6  acme  x\n"
            "day 7  acme  x\n"
            "day 8  acme  x     ->  s 0 -> 8, all (correction)\n");
}

Test(s14_changes, ids_are_known_as_far_back_as_they_were_kept)
{
    CHANGES(0, "time: {dedup: 2d}\n" SCORE(X9, "weight: 1, target: 10", ALL),
            "time: {dedup: 9d}\n" SCORE(X9, "weight: 1, target: 10", ALL),
            "day 0  acme  x id=a  ->  s 0 -> 1, all\n"
            "day 1  acme  x id=b  ->  s 1 -> 2, all\n"
            "day 3  tick\n"
            "becomes 2\n"
            "day 3  acme  x id=b  ->  duplicate\n"
            "day 3  acme  x id=a  ->  s 2 -> 3, all\n");
}

Test(s14_changes, ids_of_long_ago_are_not_taken_for_young_ones)
{
    CHANGES(0, "time: {dedup: 300d}\n" SCORE(X9, "weight: 1, target: 10", ALL),
            "time: {dedup: 100d}\n" SCORE(X9, "weight: 1, target: 10", ALL),
            "day 0    acme  x id=a  ->  s 0 -> 1, all\n"
            "day 290  tick          ->  day 9 acme s 1 -> 0, all (expiry)\n"
            "becomes 2\n"
            "day 290  acme  x id=a  ->  s 0 -> 1, all\n"
            "day 290  acme  x id=a  ->  duplicate\n");
}

Test(s14_changes, an_open_alert_stays_open_under_its_name_and_kind)
{
    CHANGES(0,
            SCORE("count: x, over: 2d", "weight: 1, target: 1",
                  BANDS) "alerts: {a: {score: s, falls_to: low}, b: {score: s, falls_to: low}}\n",
            SCORE("count: x, over: 2d", "weight: 1, target: 1",
                  BANDS) "alerts: {c: {score: s, falls_to: low}, b: {score: s, falls_to: low}}\n",
            "day 0  acme  x       ->  s 0 -> 10, low -> high\n"
            "day 2  tick          ->  acme s 10 -> 0, high -> low (expiry)\n"
            "                     ->  acme a opened at 0, low\n"
            "                     ->  acme b opened at 0, low\n"
            "becomes 2\n"
            "day 3  acme  x       ->  s 0 -> 10, low -> high\n"
            "                     ->  b resolved at 10, high\n");
}

#define HOLDING(share)                                                                             \
    SCORE("count: x, over: 2d", "weight: 1, target: 1", BANDS)                                     \
    "alerts: {a: {score: s, falls_to: low" share "}}\n"

Test(s14_changes, an_open_alert_stays_in_its_control_group)
{
    CHANGES(0, HOLDING(", hold_out: 100%"), HOLDING(""),
            "day 0  acme  x       ->  s 0 -> 10, low -> high\n"
            "day 2  tick          ->  acme s 10 -> 0, high -> low (expiry)\n"
            "                     ->  acme a opened at 0, low, held out\n"
            "becomes 2\n"
            "day 3  acme  x       ->  s 0 -> 10, low -> high\n"
            "                     ->  a resolved at 10, high, held out\n"
            "day 5  tick          ->  acme s 10 -> 0, high -> low (expiry)\n"
            "                     ->  acme a opened at 0, low\n");
    CHANGES(0, HOLDING(""), HOLDING(", hold_out: 100%"),
            "day 0  acme  x       ->  s 0 -> 10, low -> high\n"
            "day 2  tick          ->  acme s 10 -> 0, high -> low (expiry)\n"
            "                     ->  acme a opened at 0, low\n"
            "becomes 2\n"
            "day 3  acme  x       ->  s 0 -> 10, low -> high\n"
            "                     ->  a resolved at 10, high\n");
}

Test(s14_changes, a_fall_to_a_band_may_be_caused_by_its_new_edge)
{
    CHANGES(0,
            SCORE(X9, "weight: 1, target: 10",
                  "bands: {low: 0, high: 2}") "alerts: {a: {score: s, falls_to: low}}\n",
            SCORE(X9, "weight: 1, target: 10",
                  "bands: {low: 0, high: 3}") "alerts: {a: {score: s, falls_to: low}}\n",
            "day 0  acme  x\n"
            "day 0  acme  x       ->  s 0 -> 2, low -> high\n"
            "becomes 2            ->  acme s 2 -> 2, high -> low (config)\n"
            "                     ->  acme a opened at 2, low\n");
}

Test(s14_changes, a_fall_that_the_change_itself_makes_is_no_drop)
{
    CHANGES(0,
            SCORE(X9, "weight: 1, target: 2",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 4, within: 9d}}\n",
            SCORE(X9, "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 4, within: 9d}}\n",
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "view acme            ->  s 10, b, provisional\n"
            "becomes 2\n"
            "view acme            ->  s 2, b, provisional\n"
            "day 9  tick\n");
}

Test(s14_changes, a_drop_goes_on_from_its_peaks_when_its_score_is_made_as_before)
{
    CHANGES(0,
            SCORE("count: x, over: 2d", "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 4, within: 9d}}\n",
            SCORE("count: x, over: 2d", "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 2, within: 9d}, b: {score: s, "
                                   "drop: 2, within: 9d}}\n",
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 2  tick\n"
            "becomes 2            ->  acme a opened, 0 from 3\n");
}

Test(s14_changes, a_drop_begins_anew_when_its_score_is_made_otherwise)
{
#define DROP(rest, size)                                                                           \
    "measures: {m: {count: x, over: 9d}, n: {count: y, over: 9d}}\n"                               \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2},\n"                            \
    "  n: {weight: 1, target: 2" rest "}}, bands: {b: 0}}}\n"                                      \
    "alerts: {a: {score: s, drop: " size ", within: 9d}}\n"
    CHANGES(0, DROP(", missing: skip", "4"), DROP("", "2"),
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "view acme             ->  s 10, b, provisional\n"
            "day 0  acme  y\n"
            "view acme             ->  s 7.5, b, provisional\n"
            "becomes 2\n");
    CHANGES(0, DROP(", missing: skip", "4"), DROP(", missing: skip", "2"),
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 0  acme  y\n"
            "becomes 2             ->  acme a opened, 7.5 from 10\n");
#undef DROP
}

Test(s14_changes, a_drop_looks_back_no_further_than_it_did)
{
    CHANGES(0,
            SCORE("count: x, over: 2d", "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 4, within: 3d}}\n",
            SCORE("count: x, over: 2d", "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {score: s, drop: 2, within: 9d}}\n",
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 0  acme  x\n"
            "day 5  tick\n"
            "becomes 2\n"
            "day 5  acme  x\n"
            "day 5  acme  x\n"
            "day 7  tick           ->  acme a opened, 0 from 2\n");
}

Test(s14_changes, a_rhythm_goes_on_and_a_new_one_begins_anew)
{
    CHANGES(0,
            SCORE(X9, "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {a: {silence: x, horizon: 20d, min_silence: 9d}}\n",
            SCORE(X9, "weight: 1, target: 10",
                  "bands: {b: 0}") "alerts: {b: {silence: x, horizon: 20d, min_silence: 2d, "
                                   "typical_gap: 2d, risk: 0.3},\n"
                                   "         c: {silence: [x, y], horizon: 20d, min_silence: 2d, "
                                   "typical_gap: 2d,\n"
                                   "             risk: 0.3}}\n",
            "day 0  acme  x\n"
            "day 1  acme  x\n"
            "day 2  acme  x\n"
            "becomes 2\n"
            "day 30 tick          ->  day 5 acme b opened, last day 2, gap 24h, risk 0.341\n");
}

Test(s14_changes, a_dimension_that_is_gone_leaves_its_told_share_to_the_others)
{
    CHANGES(SPEC_CONTRIBUTIONS,
            "measures: {m: {count: x, over: 9d}, n: {count: y, over: 9d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}, n: {weight: 1,\n"
            "  target: 10}}, " ALL "}}\n",
            SCORE(X9, "weight: 1, target: 10", ALL),
            "day 0  acme  x    ->  s 0 -> 0.5, all {m 0.5 +0.5, n 0 +0}\n"
            "day 0  acme  y    ->  s 0.5 -> 1, all {m 0.5 +0, n 0.5 +0.5}\n"
            "day 0  acme  y    ->  s 1 -> 1.5, all {m 0.5 +0, n 1 +0.5}\n"
            "becomes 2         ->  acme s 1.5 -> 1, all (config) {m 1 -0.5}\n");
}

Test(s14_changes, a_new_score_is_told_like_a_newcomers)
{
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", BANDS),
            SCORE(X9, "weight: 1, target: 10", BANDS) "  \n",
            "day 0  acme  x\n"
            "becomes 2\n");
    CHANGES(0, SCORE(X9, "weight: 1, target: 10", "bands: {b: 0}"),
            "measures: {m: {count: x, over: 9d}}\n"
            "scores: {t: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, " BANDS "}}\n",
            "day 0  acme  x\n"
            "becomes 2         ->  acme t 0 -> 10, low -> high (config)\n");
}

Test(s14_changes, before_the_first_event_nothing_has_been_missed)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
            SCORE("count: y, over: 2d", "weight: 1, target: 10", ALL),
            "becomes 2\n"
            "day 0  acme  y    ->  s 0 -> 1, all, provisional\n"
            "day 2  acme  y    ->  s 1 -> 0, all (expiry)\n"
            "                  ->  s 0 -> 1, all\n");
}

Test(s14_changes, an_erased_partner_is_a_newcomer_again)
{
    spec_shows("S14", SPEC_PROVISIONAL, SCORE("count: x, over: 3d", "weight: 1, target: 10", ALL),
               "day 0  acme    x id=a  ->  s 0 -> 1, all, provisional\n"
               "day 5  zenith  x id=a  ->  day 3 acme s 1 -> 0, all (expiry)\n"
               "                       ->  s 0 -> 1, all, provisional\n"
               "day 5  acme    x id=b  ->  s 0 -> 1, all\n"
               "erase acme\n"
               "view acme              ->  unknown\n"
               "erase acme             ->  unknown\n"
               "day 5  acme    x id=b  ->  s 0 -> 1, all, provisional\n"
               "erase zenith\n"
               "day 8  tick            ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s14_changes, a_ratio_is_known_as_far_as_both_of_its_measures)
{
#define RATIO(below)                                                                               \
    "measures: {m: {ratio: [a, b]}, a: {count: x, over: 9d}, b: {" below "}}\n"                    \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}}, " ALL "}}\n"
    CHANGES(SPEC_PROVISIONAL, RATIO("count: x, over: 3d"), RATIO("count: y, over: 3d"),
            "day 0  acme  x    ->  s 0 -> 5, all, provisional\n"
            "day 3  tick       ->  acme s 5 -> 0, all (expiry), provisional\n"
            "day 9  acme  x    ->  s 0 -> 5, all\n"
            "becomes 2         ->  acme s 5 -> 0, all (config), provisional\n"
            "day 10 acme  y    ->  s 0 -> 5, all, provisional\n"
            "day 12 acme  y    ->  s 5 -> 2.5, all\n");
}

Test(s14_changes, a_window_that_lies_back_is_known_by_its_reach)
{
#define BACK(window) SCORE("count: x, over: 2d" window, "weight: 1, target: 10", ALL)
    CHANGES(SPEC_PROVISIONAL, BACK(", ago: 2d"), BACK(", ago: 1d"),
            "day 0  acme  x\n"
            "day 1  acme  x\n"
            "becomes 2         ->  acme s 0 -> 1, all (config), provisional\n"
            "day 2  tick       ->  acme s 1 -> 2, all (expiry), provisional\n"
            "day 3  tick       ->  acme s 2 -> 1, all (expiry)\n");
    CHANGES(SPEC_PROVISIONAL, BACK(""), BACK(", ago: 3d"),
            "day 0  acme  x    ->  s 0 -> 1, all, provisional\n"
            "day 8  acme  x    ->  day 2 s 1 -> 0, all (expiry)\n"
            "                  ->  s 0 -> 1, all\n"
            "day 9  acme  x    ->  s 1 -> 2, all\n"
            "becomes 2         ->  acme s 2 -> 0, all (config), provisional\n"
            "day 11 tick       ->  acme s 0 -> 1, all (expiry), provisional\n"
            "day 12 tick       ->  acme s 1 -> 2, all (expiry)\n");
}

Test(s14_changes, panes_since_an_event_are_known_as_far_back_as_the_old_window)
{
#define IDLE(over) SCORE("since: x, over: " over, "weight: 1, target: 10", ALL)
    CHANGES(SPEC_PROVISIONAL, IDLE("5d"), IDLE("9d"),
            "day 0  acme  x\n"
            "day 3  tick       ->  day 1 acme s 0 -> 1, all (expiry), provisional\n"
            "                  ->  day 2 acme s 1 -> 2, all (expiry), provisional\n"
            "                  ->  acme s 2 -> 3, all (expiry), provisional\n"
            "becomes 2\n"
            "day 4  tick       ->  acme s 3 -> 4, all (expiry), provisional\n");
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 5d", "weight: 1, target: 10", ALL), IDLE("5d"),
            "day 0  acme  x    ->  s 0 -> 1, all, provisional\n"
            "day 6  acme  x    ->  day 5 s 1 -> 0, all (expiry)\n"
            "                  ->  s 0 -> 1, all\n"
            "becomes 2         ->  acme s 1 -> 0, all (config), provisional\n"
            "day 7  acme  x\n"
            "day 8  tick       ->  acme s 0 -> 1, all (expiry), provisional\n");
}

/* Neither knew anything when they began, and an event of before then comes late. */
Test(s14_changes, of_two_that_know_as_much_the_one_with_the_longer_window_goes_on)
{
#define TWO                                                                                        \
    "measures: {m: {since: y, over: 2d}, n: {since: y, over: 9d}}\n"                               \
    "scores: {s: {scale: 10, dimensions: {n: {weight: 1, target: 10}}, " ALL "}}\n"                \
    "alerts: {d: {score: s, drop: 1, within: 9d}}\n"
    spec_changes("S14", 0,
                 (const char *const[]){
                     SCORE("count: x, over: 9d", "weight: 1, target: 10", "bands: {all: 0}"), TWO,
                     TWO, NULL},
                 "day 0  acme  x\n"
                 "day 4  acme  x\n"
                 "becomes 2\n"
                 "day 1  acme  y    ->  s 0 -> 3, all (correction)\n"
                 "becomes 3\n"
                 "day 5  tick       ->  acme s 3 -> 4, all (expiry)\n");
}

Test(s14_changes, a_drop_goes_on_where_both_measures_of_a_ratio_are_as_before)
{
#define DROP(a, b, more)                                                                           \
    "measures: {m: {ratio: [a, b]}, a: {count: x, over: " a "}, b: {count: y, over: " b "}" more   \
    "}\n"                                                                                          \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}}, " ALL "}}\n"                 \
    "alerts: {d: {score: s, drop: 6, within: 9d}}\n"
#define BEGINS                                                                                     \
    "day 0  acme  x\n"                                                                             \
    "day 0  acme  x\n"                                                                             \
    "day 0  acme  y    ->  s 0 -> 10, all\n"                                                       \
    "day 1  acme  y    ->  s 10 -> 5, all\n"                                                       \
    "becomes 2\n"
    CHANGES(0, DROP("9d", "9d", ""), DROP("9d", "9d", ", c: {streak: z}"),
            BEGINS "day 2  acme  y    ->  s 5 -> 3.3335, all\n"
                   "                  ->  d opened, 3.3335 from 10\n");
    CHANGES(0, DROP("9d", "9d", ""), DROP("9d", "8d", ""),
            BEGINS "day 2  acme  y    ->  s 5 -> 3.3335, all\n");
    CHANGES(0, DROP("9d", "9d", ""), DROP("8d", "9d", ""),
            BEGINS "day 2  acme  y    ->  s 5 -> 3.3335, all\n");
}

/* ---- filters ---- */

#define NORTH "count: x, where: {region: north}, over: 3d"
#define TARGET "weight: 1, target: 10"

Test(s14_changes, a_filter_that_goes_is_answered_by_what_it_told_apart)
{
    CHANGES(SPEC_PROVISIONAL,
            "measures: {m: {" NORTH "}, n: {count: x, over: 3d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {" TARGET "}}, " ALL "}}\n",
            SCORE("count: x, over: 3d", TARGET, ALL),
            "day 0   acme  x\n"
            "day 20  acme  x\n"
            "day 20  acme  x region=north  ->  s 0 -> 1, all\n"
            "becomes 2                     ->  acme s 1 -> 2, all (config)\n"
            "day 21  acme  x               ->  s 2 -> 3, all\n");
}

Test(s14_changes, a_filter_on_what_was_counted_without_one_is_provisional_for_a_full_window)
{
    CHANGES(SPEC_PROVISIONAL, SCORE("count: x, over: 3d", TARGET, ALL),
            "measures: {m: {count: x, over: 3d}, n: {" NORTH "}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {" TARGET "}}, " ALL "},\n"
            "         t: {scale: 10, dimensions: {n: {" TARGET "}}, " ALL "}}\n",
            "day 0   acme  x               ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  x region=north  ->  day 3 s 1 -> 0, all (expiry)\n"
            "                              ->  s 0 -> 1, all\n"
            "becomes 2\n" /* whose region was not kept, but that there was one */
            "day 20  acme  x region=north  ->  s 1 -> 2, all\n"
            "                              ->  t 0 -> 1, all, provisional\n"
            "day 23  acme  x region=north  ->  s 2 -> 0, all (expiry)\n"
            "                              ->  t 1 -> 0, all (expiry)\n"
            "                              ->  s 0 -> 1, all\n"
            "                              ->  t 0 -> 1, all\n");
}

Test(s14_changes, a_second_filter_leaves_the_first_ones_counts_alone)
{
    CHANGES(SPEC_PROVISIONAL, SCORE(NORTH, TARGET, ALL),
            "measures: {m: {" NORTH "}, n: {count: x, where: {source: web}, over: 3d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {" TARGET "}}, " ALL "},\n"
            "         t: {scale: 10, dimensions: {n: {" TARGET "}}, " ALL "}}\n",
            "day 0   acme  x region=north             ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  x region=north source=web  ->  day 3 s 1 -> 0, all (expiry)\n"
            "                                         ->  s 0 -> 1, all\n"
            "day 20  acme  x source=web               ->  filtered\n"
            "becomes 2\n"
            "day 20  acme  x region=north source=web  ->  s 1 -> 2, all\n"
            "                                         ->  t 0 -> 1, all, provisional\n");
}

Test(s14_changes, filters_that_become_one_add_up)
{
    CHANGES(SPEC_PROVISIONAL,
            "measures: {m: {" NORTH "}, n: {count: x, where: {region: east}, over: 3d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {" TARGET "}, n: {" TARGET "}}, " ALL "}}\n",
            SCORE("count: x, where: {region: [east, north]}, over: 3d", TARGET, ALL),
            "day 0   acme  x region=north  ->  s 0 -> 0.5, all, provisional\n"
            "day 20  acme  x region=north  ->  day 3 s 0.5 -> 0, all (expiry)\n"
            "                              ->  s 0 -> 0.5, all\n"
            "day 20  acme  x region=east   ->  s 0.5 -> 1, all\n"
            "day 20  acme  x region=west   ->  filtered\n"
            "becomes 2                     ->  acme s 1 -> 2, all (config)\n"
            "day 21  acme  x region=east   ->  s 2 -> 3, all\n");
}

Test(s14_changes, a_filter_that_is_split_still_answers_as_a_whole)
{
    CHANGES(SPEC_PROVISIONAL,
            SCORE("count: x, where: {region: [east, north]}, over: 3d", TARGET, ALL),
            "measures: {m: {count: x, where: {region: [north, east]}, over: 3d}, n: {" NORTH "},\n"
            "           e: {count: x, where: {region: east}, over: 3d}}\n"
            "scores: {s: {scale: 10, dimensions: {m: {" TARGET "}}, " ALL "},\n"
            "         t: {scale: 10, dimensions: {n: {" TARGET "}}, " ALL "}}\n",
            "day 0   acme  x region=north  ->  s 0 -> 1, all, provisional\n"
            "day 20  acme  x region=north  ->  day 3 s 1 -> 0, all (expiry)\n"
            "                              ->  s 0 -> 1, all\n"
            "becomes 2\n"
            "day 20  acme  x region=north  ->  s 1 -> 2, all\n"
            "                              ->  t 0 -> 1, all, provisional\n");
}

Test(s14_changes, a_rhythm_goes_on_under_the_same_filter_only)
{
    CHANGES(0,
            "alerts: {q: {silence: x, where: {region: [a, b]}, horizon: 9d, min_active: 1,\n"
            "             min_silence: 1d, typical_gap: 1d}}\ntime: {late_after: 9d}\n",
            "alerts: {q: {silence: x, where: {region: [b, a]}, horizon: 9d, min_active: 1,\n"
            "             min_silence: 1d, typical_gap: 1d},\n"
            "         r: {silence: x, where: {region: a}, horizon: 9d, min_active: 1,\n"
            "             min_silence: 1d, typical_gap: 1d}}\ntime: {late_after: 9d}\n",
            "day 0   acme  x region=a\n"
            "becomes 2\n"
            "day 9   tick  ->  day 4 acme q opened, last day 0, gap 0h, risk 0.702\n");
}

#define MOVES(every)                                                                               \
    "groups: {g: {every: " every                                                                   \
    ", figures: {up: {count: {score: s, moved: up}}, down: {count: {score: s, moved: down}}}}}\n"
#define MOVED(bands, every) SCORE(X9, "weight: 1, target: 10", "bands: {" bands "}") MOVES(every)

/* Day 4 is a Monday: 5 January 2026. */
Test(s14_changes, where_a_period_began_is_known_by_the_name_of_the_band)
{
    CHANGES(0, MOVED("low: 0, mid: 1, high: 2", "week"),
            MOVED("none: 0, low: 0.5, mid: 1, high: 2", "week"),
            "day 0  acme  x    ->  s 0 -> 1, low -> mid\n"
            "day 3  acme  x    ->  s 1 -> 2, mid -> high\n"
            "day 4  tick       ->  g of 1: up 1, down 0\n"
            "day 9  tick       ->  acme s 2 -> 1, high -> mid (expiry)\n"
            "becomes 2\n"
            "day 11 tick       ->  g of 1: up 0, down 1\n");
    CHANGES(0, MOVED("low: 0, mid: 1, high: 2", "week"),
            MOVED("none: 0, low: 0.5, mid: 1, high: 2", "week"),
            "day 4  acme  x    ->  s 0 -> 1, low -> mid\n"
            "becomes 2\n"
            "day 11 tick       ->  g of 1: up 1, down 0\n");
    CHANGES(0, MOVED("low: 0, mid: 1, high: 2", "week"), MOVED("none: 0, mid: 1, high: 2", "week"),
            "day 4  acme  x    ->  s 0 -> 1, low -> mid\n"
            "becomes 2\n"
            "day 11 tick       ->  g of 1: up 0, down 0\n"); /* it began in a band that there is no
                                                                more */
}

Test(s14_changes, moves_over_another_period_are_counted_from_the_change_on)
{
    CHANGES(0, MOVED("low: 0, mid: 1, high: 2", "year"), MOVED("low: 0, mid: 1, high: 2", "week"),
            "day 0  acme  x    ->  s 0 -> 1, low -> mid\n"
            "becomes 2\n"
            "day 4  tick       ->  g of 1: up 0, down 0\n"
            "day 4  acme  x    ->  s 1 -> 2, mid -> high\n"
            "day 4  acme  x\n"
            "day 11 tick       ->  g of 1: up 1, down 0\n");
}
