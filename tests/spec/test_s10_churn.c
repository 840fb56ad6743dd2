/* S10 Churn needs former activity: `falls_to` and `drop` need a value above 0 before. And what
 * opens and resolves each kind of alert. */
#include "spec.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define MODEL(alerts)                                                                              \
    "measures: {m: {sum: value, of: x, over: 90d}}\n"                                              \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"                          \
    "             bands: {low: 0, mid: 4, high: 8}}}\n"                                            \
    "alerts: {" alerts "}\n"

Test(s10_churn, who_begins_in_the_low_band_has_not_fallen_to_it)
{
    spec_holds("S10", MODEL("a: {score: s, falls_to: low}"),
               "day 0  acme  x value=1\n"
               "day 0  acme  x value=-1\n");
}

Test(s10_churn, who_was_never_above_0_cannot_fall)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 1, refund: -5}, over: 9d,\n"
               "             bands: {debt: -20, even: -3}}}\n"
               "alerts: {a: {score: s, falls_to: debt}, d: {score: s, drop: 2, within: 9d}}\n",
               "day 0  acme    refund            ->  s 0 -> -5, even -> debt\n"
               "day 0  zenith  x\n"
               "day 0  zenith  refund            ->  s 0 -> -4, even -> debt\n"
               "                                 ->  a opened at -4, debt\n"
               "                                 ->  d opened, -4 from 1\n");
}

Test(s10_churn, an_earlier_value_of_0_or_less_is_no_former_activity)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 1, fee: -1, refund: -5}, over: 9d,\n"
               "             bands: {debt: -20, even: -3}}}\n"
               "alerts: {a: {score: s, falls_to: debt}}\n",
               "day 0  acme    fee\n"
               "day 0  acme    x\n"
               "day 0  acme    refund            ->  s 0 -> -5, even -> debt\n");
}

Test(s10_churn, falling_through_a_band_is_not_entering_it)
{
    spec_holds("S10", MODEL("b: {score: s, falls_to: mid}, a: {score: s, falls_to: low}"),
               "day 0  acme  x value=9           ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=-8          ->  s 9 -> 1, high -> low\n"
               "                                 ->  a opened at 1, low\n");
}

Test(s10_churn, leaving_a_band_downward_does_not_resolve)
{
    spec_holds("S10", MODEL("b: {score: s, falls_to: mid}"),
               "day 0  acme  x value=9           ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=-4          ->  s 9 -> 5, high -> mid\n"
               "                                 ->  b opened at 5, mid\n"
               "day 0  acme  x value=-4          ->  s 5 -> 1, mid -> low\n"
               "day 0  acme  x value=4           ->  s 1 -> 5, low -> mid\n"
               "day 0  acme  x value=4           ->  s 5 -> 9, mid -> high\n"
               "                                 ->  b resolved at 9, high\n");
}

Test(s10_churn, rising_into_a_band_is_not_falling_to_it)
{
    spec_holds("S10", MODEL("b: {score: s, falls_to: mid}"),
               "day 0  acme  x value=5           ->  s 0 -> 5, low -> mid\n");
}

Test(s10_churn, a_cooldown_is_over_at_its_very_end)
{
    spec_holds("S10", MODEL("a: {score: s, falls_to: low, cooldown: 48h}"),
               "day 0 09:00  acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 0 09:00  acme  x value=-8    ->  s 9 -> 1, high -> low\n"
               "                                 ->  a opened at 1, low\n"
               "day 0 09:00  acme  x value=8     ->  s 1 -> 9, low -> high\n"
               "                                 ->  a resolved at 9, high\n"
               "day 1 09:00  acme  x value=-8    ->  s 9 -> 1, high -> low\n"
               "day 2 08:59  acme  x value=1\n"
               "day 2 09:00  acme  x value=1     ->  a opened at 3, low\n");
}

Test(s10_churn, who_has_left_the_band_during_the_cooldown_is_not_told_of)
{
    spec_holds("S10", MODEL("a: {score: s, falls_to: low, cooldown: 2d}"),
               "day 0  acme  x value=9           ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=-8          ->  s 9 -> 1, high -> low\n"
               "                                 ->  a opened at 1, low\n"
               "day 0  acme  x value=8           ->  s 1 -> 9, low -> high\n"
               "                                 ->  a resolved at 9, high\n"
               "day 1  acme  x value=-8          ->  s 9 -> 1, high -> low\n"
               "day 1  acme  x value=4           ->  s 1 -> 5, low -> mid\n"
               "day 9  tick\n");
}

Test(s10_churn, below_is_entered_from_the_value_itself_and_left_at_it)
{
    spec_holds("S10", MODEL("b: {score: s, below: 3}"),
               "day 0  acme  x value=2\n"
               "day 0  acme  x value=1\n"
               "day 0  acme  x value=-0.0001          ->  b opened at 2.9999\n"
               "day 0  acme  x value=-2\n"
               "day 0  acme  x value=2.0001           ->  b resolved at 3\n"
               "day 0  acme  x value=-1               ->  b opened at 2\n");
}

Test(s10_churn, below_and_above_are_resolved_behind_their_margin)
{
    spec_holds("S10",
               MODEL("b: {score: s, below: 3, margin: 0.5}, a: {score: s, above: 3, margin: 1}"),
               "day 0  acme  x value=3.0001           ->  a opened at 3.0001\n"
               "day 0  acme  x value=-0.5001          ->  b opened at 2.5\n"
               "day 0  acme  x value=0.9999\n"
               "day 0  acme  x value=0.0001           ->  b resolved at 3.5\n"
               "day 0  acme  x value=-1.4999          ->  b opened at 2.0001\n"
               "day 0  acme  x value=-0.0001          ->  a resolved at 2\n");
}

Test(s10_churn, who_was_never_above_0_cannot_fall_below_a_value)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 1, fee: -1}, over: 9d, bands: {all: -20}}}\n"
               "alerts: {b: {score: s, below: -1}, a: {score: s, above: -2}}\n",
               "day 0  acme    fee\n"
               "day 0  acme    fee\n"
               "day 0  acme    x                      ->  a opened at -1\n"
               "day 0  zenith  x\n"
               "day 0  zenith  fee\n"
               "day 0  zenith  fee\n"
               "day 0  zenith  fee                    ->  b opened at -2\n");
}

Test(s10_churn, an_edge_crossed_within_the_cooldown_is_told_at_its_end)
{
    spec_holds("S10", MODEL("b: {score: s, below: 3, cooldown: 2d}"),
               "day 0 09:00  acme    x value=3.9\n"
               "day 0 09:00  acme    x value=-2       ->  b opened at 1.9\n"
               "day 0 09:00  acme    x value=2        ->  b resolved at 3.9\n"
               "day 1 09:00  acme    x value=-2\n"
               "day 3 00:00  tick                     ->  acme b opened at 1.9\n");
    spec_holds("S10", MODEL("b: {score: s, below: 3, cooldown: 2d}"),
               "day 0 09:00  acme    x value=3.9\n"
               "day 0 09:00  acme    x value=-2       ->  b opened at 1.9\n"
               "day 0 09:00  acme    x value=2        ->  b resolved at 3.9\n"
               "day 1 09:00  acme    x value=-2\n"
               "day 1 09:00  acme    x value=1.1\n"
               "day 4 00:00  tick\n");
}

Test(s10_churn, rising_past_a_band_is_not_rising_to_it)
{
    spec_holds("S10", MODEL("u: {score: s, rises_to: mid}, h: {score: s, rises_to: high}"),
               "day 0  acme  x value=9                ->  s 0 -> 9, low -> high\n"
               "                                      ->  h opened at 9, high\n"
               "day 0  acme  x value=-4               ->  s 9 -> 5, high -> mid\n"
               "                                      ->  h resolved at 5, mid\n"
               "day 0  acme  x value=-4               ->  s 5 -> 1, mid -> low\n"
               "day 0  acme  x value=4                ->  s 1 -> 5, low -> mid\n"
               "                                      ->  u opened at 5, mid\n"
               "day 0  acme  x value=4                ->  s 5 -> 9, mid -> high\n"
               "                                      ->  h opened at 9, high\n"
               "day 0  acme  x value=-9               ->  s 9 -> 0, high -> low\n"
               "                                      ->  u resolved at 0, low\n"
               "                                      ->  h resolved at 0, low\n");
}

Test(s10_churn, an_edge_that_is_crossed_by_what_leaves_a_window_is_told_at_that_boundary)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 1}, over: 5d, bands: {all: 0}}}\n"
               "alerts: {b: {score: s, below: 2}, d: {score: s, drop: 50%, within: 9d}}\n",
               "day 0  acme    x\n"
               "day 1  acme    x\n"
               "day 2  acme    x\n"
               "day 3  acme    x\n"
               "day 9  zenith  x                      ->  day 6 acme d opened, 2 from 4\n"
               "                                      ->  day 7 acme b opened at 1\n");
}

Test(s10_churn, a_share_is_of_a_baseline_that_rose_above_0_by_itself)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 1, fee: -3}, over: 9d, bands: {all: -20}}}\n"
               "alerts: {d: {score: s, drop: 50%, within: 9d}}\n",
               "day 0   acme    fee\n"
               "day 1   acme    x\n"
               "day 1   acme    x\n"
               "day 2   acme    x\n"
               "day 15  zenith  x                     ->  day 10 acme d opened, 1 from 3\n");
}

Test(s10_churn, a_drop_is_measured_from_the_best_of_its_window)
{
    spec_holds("S10", MODEL("d: {score: s, drop: 3, within: 2d}"),
               "day 0        acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 0        acme  x value=-2.5  ->  s 9 -> 6.5, high -> mid\n"
               "day 1        acme  x value=-0.5  ->  d opened, 6 from 9\n");
    spec_holds("S10", MODEL("d: {score: s, drop: 3, within: 2d}"),
               "day 0        acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 0        acme  x value=-2.5  ->  s 9 -> 6.5, high -> mid\n"
               "day 2        acme  x value=-0.5\n");
}

Test(s10_churn, a_drop_in_per_cent_is_one_of_the_baseline)
{
    spec_holds("S10", MODEL("d: {score: s, drop: 33.33%, within: 9d}"),
               "day 0  acme    x value=2.9999\n"
               "day 0  acme    x value=-0.9998\n"
               "day 0  acme    x value=-0.0001        ->  d opened, 2 from 2.9999\n"
               "day 0  acme    x value=0.4999\n"
               "day 0  acme    x value=0.0001         ->  d resolved, 2.5 from 2.9999\n"
               "day 0  zenith  x value=0.0001\n"
               "day 0  zenith  x value=-0.0001        ->  d opened, 0 from 0.0001\n");
}

Test(s10_churn, the_value_in_force_when_the_window_began_counts)
{
    spec_holds("S10", MODEL("d: {score: s, drop: 3, within: 1d}"),
               "day 0        acme  x value=7     ->  s 0 -> 7, low -> mid\n"
               "day 9        acme  x value=-3    ->  d opened, 4 from 7\n");
}

Test(s10_churn, a_value_that_its_own_boundary_replaced_does_not_count)
{
    spec_holds("S10",
               "measures: {m: {sum: value, of: x, over: 2d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {low: 0, high: 5}}}\n"
               "alerts: {d: {score: s, drop: 3, within: 1d}}\n",
               "day 0 12:00  acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 2        tick                ->  acme s 9 -> 0, high -> low (expiry)\n");
}

Test(s10_churn, a_drop_is_resolved_when_half_of_it_is_won_back)
{
    spec_holds("S10", MODEL("d: {score: s, drop: 3, within: 5d}"),
               "day 0  acme  x value=9           ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=-4          ->  s 9 -> 5, high -> mid\n"
               "                                 ->  d opened, 5 from 9\n"
               "day 0  acme  x value=2.4999\n"
               "day 0  acme  x value=0.0001      ->  d resolved, 7.5 from 9\n");
}

Test(s10_churn, silence_is_opened_and_resolved_by_the_partners_own_rhythm)
{
    spec_holds(
        "S10",
        "measures: {m: {count: [x, y], over: 30d}}\n"
        "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 90}},\n"
        "             bands: {all: 0}}}\n"
        "alerts: {z: {silence: x, horizon: 12d, typical_gap: 2d, min_silence: 2d, risk: 0.5,\n"
        "             min_active: 3}}\n",
        "day 0 09:00   acme  x\n"
        "day 1 09:00   acme  x\n"
        "day 2 09:00   acme  x\n"
        "day 3 09:00   acme  y\n"
        "day 6         tick\n"
        "day 7         tick    ->  acme z opened, last day 2 09:00, gap 24h, risk 0.569\n"
        "day 9 09:00   acme  y\n"
        "day 9 09:00   acme  x ->  z resolved, last day 9 09:00\n");
}

#define SILENCE                                                                                    \
    "measures: {m: {count: x, over: 30d}}\n"                                                       \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 90}},\n"                          \
    "             bands: {all: 0}}}\n"                                                             \
    "alerts: {z: {silence: x, horizon: 9d, typical_gap: 1d, min_silence: 1d, risk: 0.625}}\n"

Test(s10_churn, a_silence_known_only_from_late_events_is_told_at_the_next_boundary)
{
    spec_holds("S10", SILENCE,
               "day 20 09:00  zenith  x\n"
               "day 10 09:00  acme    x\n"
               "day 11 09:00  acme    x\n"
               "day 20 10:00  zenith  x\n"
               "day 21        tick  ->  acme z opened, last day 11 09:00, gap 24h, risk 0.625\n");
}

Test(s10_churn, only_an_action_in_a_newer_pane_resolves_a_silence)
{
    spec_holds("S10", SILENCE,
               "day 0 09:00  acme  x\n"
               "day 1 09:00  acme  x\n"
               "day 5        tick  ->  acme z opened, last day 1 09:00, gap 24h, risk 0.625\n"
               "day 1 12:00  acme  x\n"
               "day 0 12:00  acme  x\n"
               "day 3 12:00  acme  x  ->  z resolved, last day 3 12:00\n");
}

/* q(9) / q(3) is (1 + 4/16) / (1 + 4/4) = 0.625 exactly. */
Test(s10_churn, a_risk_that_is_just_reached_is_enough)
{
    spec_holds("S10", SILENCE,
               "day 0 09:00  acme  x\n"
               "day 1 09:00  acme  x\n"
               "day 4        tick\n"
               "day 5        tick  ->  acme z opened, last day 1 09:00, gap 24h, risk 0.625\n");
}

Test(s10_churn, alerts_come_after_scores_in_file_order)
{
    spec_holds("S10", MODEL("z: {score: s, falls_to: low}, a: {score: s, drop: 3, within: 4d}"),
               "day 0  acme  x value=9           ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=-8          ->  s 9 -> 1, high -> low\n"
               "                                 ->  z opened at 1, low\n"
               "                                 ->  a opened, 1 from 9\n");
}

Test(s10_churn, a_value_above_zero_that_only_a_boundary_gave_is_former_activity)
{
    spec_holds("S10",
               "scores: {s: {points: {bad: -3, good: 1, worst: -20}, over: 3d,\n"
               "             bands: {low: -30, mid: -5}}}\n"
               "alerts: {a: {score: s, falls_to: low}}\n",
               "day 0  acme  bad\n"
               "day 1  acme  good\n"
               "day 3  acme  worst  ->  s 0 -> -19, mid -> low\n"
               "                    ->  a opened at -19, low\n");
}

Test(s10_churn, a_drop_from_a_value_that_only_a_boundary_gave_opens_at_the_boundary_of_the_fall)
{
    spec_holds("S10",
               "scores: {s: {points: {bad: -10, good: 5, other: 0}, over: 3d, bands: {all: -30}}}\n"
               "alerts: {a: {score: s, drop: 2, within: 9d}}\n",
               "day 0  acme  bad\n"
               "day 1  acme  good\n"
               "day 2  acme  other\n"
               "day 3  tick\n"
               "day 4  tick         ->  acme a opened, 0 from 5\n");
}

/* While the drop cools down nothing it sees can be told, but it will look back: at day 20, when -5
 * leaves the sum, the last value is still there. */
Test(s10_churn, a_boundary_within_a_cooldown_sees_the_last_value_that_leaves_at_the_next)
{
    spec_holds("S10",
               "measures: {v: {sum: value, of: x, over: 20d}, l: {last: value, of: y, over: 4d}}\n"
               "scores: {s: {scale: 10, bands: {all: 0},\n"
               "             dimensions: {v: {weight: 5, target: 5}, l: {weight: 5, target: 5}}}}\n"
               "alerts: {a: {score: s, drop: 2, within: 21d, cooldown: 30d}}\n",
               "day 0   acme  x value=-5\n"
               "day 10  acme  x value=10\n"
               "day 10  acme  y value=5\n"
               "day 10  acme  x value=-2  ->  a opened, 8 from 10\n"
               "day 11  acme  x value=2   ->  a resolved, 10 from 10\n"
               "day 17  acme  y value=5\n"
               "day 18  acme  x value=-5\n"
               "day 40  tick              ->  acme a opened, 0 from 10\n");
}

/* Nine drops of 1, then 23 more of 2: as many alerts as a program may have. */
Test(s10_churn, a_score_opens_as_many_alerts_at_once_as_there_are)
{
    enum { FEW = 9, ALL = 32 };
    char model[4096], story[4096];
    int m = snprintf(model, sizeof model,
                     "scores: {s: {points: {x: 9, fee: -1}, over: 9d, bands: {all: -90}}}\n"
                     "alerts:\n");
    int s = snprintf(story, sizeof story, "day 0  acme  x\n");
    for (int i = 0; i < ALL; i++)
        m += snprintf(model + m, sizeof model - (size_t)m,
                      "  a%d: {score: s, drop: %d, within: 9d}\n", i, i < FEW ? 1 : 2);
    for (int i = 0; i < ALL; i++)
        s += snprintf(story + s, sizeof story - (size_t)s, "%s  ->  a%d opened, %d from 9\n",
                      i == 0 || i == FEW ? "day 1  acme  fee" : "", i, i < FEW ? 8 : 7);
    spec_holds("S10", model, story);
}
