/* S8 Exact. Scores are fixed-point integers (1/10,000 of a point). The contributions in a
 * score-change add up to its delta exactly. Rounding half away from zero. */
#include "spec.h"
#include <criterion/criterion.h>

Test(s08_exact, each_contribution_is_rounded_and_the_score_is_their_sum)
{
    spec_shows(
        "S8", SPEC_CONTRIBUTIONS,
        "measures: {a: {count: x, over: 9d}, b: {count: x, over: 9d}, c: {count: x, over: 9d}}\n"
        "scores: {s: {scale: 1, dimensions: {a: {weight: 1, target: 1},\n"
        "             b: {weight: 1, target: 1}, c: {weight: 1, target: 1}},\n"
        "             bands: {all: 0}, tell_every: 0.0001}}\n",
        "day 0  acme  x  ->  s 0 -> 0.9999, all {a 0.3333 +0.3333, b 0.3333 +0.3333, "
        "c 0.3333 +0.3333}\n");
}

Test(s08_exact, halves_are_rounded_away_from_zero)
{
    spec_holds("S8",
               "measures: {m: {count: x, over: 9d}}\n"
               "scores: {s: {scale: 1, dimensions: {m: {weight: 1, target: 32}},\n"
               "             bands: {all: 0}, tell_every: 0.0001}}\n",
               "day 0  acme  x  ->  s 0 -> 0.0313, all\n"
               "day 0  acme  x  ->  s 0.0313 -> 0.0625, all\n"
               "day 0  acme  x  ->  s 0.0625 -> 0.0938, all\n");
}

Test(s08_exact, deltas_are_against_the_last_one_told)
{
    spec_shows("S8", SPEC_CONTRIBUTIONS,
               "measures: {a: {count: x, over: 9d}, b: {count: y, over: 9d}}\n"
               "scores: {s: {scale: 10, dimensions: {a: {weight: 1, target: 10},\n"
               "             b: {weight: 1, target: 10}}, bands: {all: 0}, tell_every: 1}}\n",
               "day 0  acme  x\n"
               "day 0  acme  y  ->  s 0 -> 1, all {a 0.5 +0.5, b 0.5 +0.5}\n"
               "day 0  acme  y\n"
               "day 0  acme  y  ->  s 1 -> 2, all {a 0.5 +0, b 1.5 +1}\n");
}

Test(s08_exact, a_skipped_dimension_gives_its_weight_to_the_others)
{
    spec_shows("S8", SPEC_CONTRIBUTIONS,
               "measures: {a: {count: x, over: 2d}, b: {count: y, over: 2d}}\n"
               "scores: {s: {scale: 10, dimensions: {a: {weight: 1, target: 2},\n"
               "             b: {weight: 3, target: 1, missing: skip}}, bands: {all: 0},\n"
               "             tell_every: 0.1}}\n",
               "day 0  acme  x     ->  s 0 -> 5, all {a 5 +5, b 0 +0}\n"
               "day 1  acme  y     ->  s 5 -> 8.75, all {a 1.25 -3.75, b 7.5 +7.5}\n"
               "day 2  tick        ->  acme s 8.75 -> 7.5, all (expiry) {a 0 -1.25, b 7.5 +0}\n"
               "day 3  tick        ->  acme s 7.5 -> 0, all (expiry) {a 0 +0, b 0 -7.5}\n");
}

Test(s08_exact, steps_are_linear_between_their_points_and_flat_outside)
{
    spec_holds("S8",
               "measures: {m: {sum: value, of: x, over: 9d}}\n"
               "scores: {s: {scale: 10, bands: {all: 0}, tell_every: 0.0001, dimensions:\n"
               "  {m: {weight: 1, steps: [[0, 0], [1000, 0.5], [5000, 1]]}}}}\n",
               "day 0  acme  x value=-100   \n"
               "day 0  acme  x value=350      ->  s 0 -> 1.25, all\n"
               "day 0  acme  x value=750      ->  s 1.25 -> 5, all\n"
               "day 0  acme  x value=0.0001 \n"
               "day 0  acme  x value=2000     ->  s 5 -> 7.5, all\n"
               "day 0  acme  x value=90000    ->  s 7.5 -> 10, all\n");
}

Test(s08_exact, points_are_exact_and_may_be_negative)
{
    spec_shows(
        "S8", SPEC_CONTRIBUTIONS,
        "scores: {s: {points: {x: 0.0001, \"training.*\": -2.5, training.quiz: 1}, over: 9d,\n"
        "             bands: {all: 0}, tell_every: 0.0001}}\n",
        "day 0  acme  x              ->  s 0 -> 0.0001, all {x 0.0001 +0.0001, "
        "training.* 0 +0, training.quiz 0 +0}\n"
        "day 0  acme  training.quiz  ->  s 0.0001 -> -1.4999, all {x 0.0001 +0, "
        "training.* -2.5 -2.5, training.quiz 1 +1}\n");
}

Test(s08_exact, large_amounts_are_exact)
{
    spec_holds("S8",
               "measures: {m: {sum: value, of: x, over: 9d}}\n"
               "scores: {s: {scale: 10000, bands: {all: 0}, tell_every: 0.0001, dimensions:\n"
               "  {m: {weight: 99999, target: 300000000000}}}}\n",
               "day 0  acme  x value=100000000000   ->  s 0 -> 3333.3333, all\n"
               "day 0  acme  x value=0.0001\n"
               "day 0  acme  x value=100000000000   ->  s 3333.3333 -> 6666.6667, all\n");
}
