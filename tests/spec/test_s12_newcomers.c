/* S12 A score always has a value. A newcomer's score is marked `provisional` until one full window
 * has passed since the first event. */
#include "spec.h"
#include <criterion/criterion.h>

#define SCORE(measures)                                                                            \
    "measures: {" measures "}\n"                                                                   \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"                          \
    "             bands: {all: 0}, tell_every: 1}}\n"

Test(s12_newcomers, provisional_ends_when_one_full_window_has_passed)
{
    spec_shows("S12", SPEC_PROVISIONAL, SCORE("m: {count: x, over: 3d}"),
               "day 0        acme  x   ->  s 0 -> 1, all, provisional\n"
               "day 2 23:59  acme  x   ->  s 1 -> 2, all, provisional\n"
               "day 3        tick      ->  acme s 2 -> 1, all (expiry)\n"
               "day 3        acme  x   ->  s 1 -> 2, all\n");
}

Test(s12_newcomers, an_older_correction_ends_it_sooner)
{
    spec_shows("S12", SPEC_PROVISIONAL, "time: {late_after: 9d}\n" SCORE("m: {count: x, over: 3d}"),
               "day 5        acme  x   ->  s 0 -> 1, all, provisional\n"
               "day 2        acme  x\n"
               "day 5        acme  x   ->  s 1 -> 2, all\n");
}

Test(s12_newcomers, a_calendar_window_is_as_long_as_the_current_one)
{
    spec_shows("S12", SPEC_PROVISIONAL, SCORE("m: {count: x, over: month}"),
               "day 30       acme  x   ->  s 0 -> 1, all, provisional\n"
               "day 31       tick      ->  acme s 1 -> 0, all (expiry), provisional\n"
               "day 57       acme  x   ->  s 0 -> 1, all, provisional\n"
               "day 58       acme  x   ->  s 1 -> 2, all\n");
}

Test(s12_newcomers, without_a_window_nothing_is_provisional)
{
    spec_shows("S12", SPEC_PROVISIONAL, "time: {late_after: 9d}\n" SCORE("m: {streak: x}"),
               "day 0        acme  x   ->  s 0 -> 1, all\n");
    spec_shows("S12", SPEC_PROVISIONAL,
               "time: {late_after: 9d}\n" SCORE("m: {count: x, over: life}"),
               "day 0        acme  x   ->  s 0 -> 1, all\n");
}

Test(s12_newcomers, a_ratio_is_provisional_for_the_longer_of_its_windows)
{
    spec_shows("S12", SPEC_PROVISIONAL,
               SCORE("m: {ratio: [a, b]}, a: {count: x, over: 2d}, b: {count: x, over: 4d}"),
               "day 0  acme  x         ->  s 0 -> 1, all, provisional\n"
               "day 2  tick            ->  acme s 1 -> 0, all (expiry), provisional\n"
               "day 4  acme  x         ->  s 0 -> 1, all\n");
}

Test(s12_newcomers, a_window_that_lies_back_counts_by_its_reach)
{
    spec_shows("S12", SPEC_PROVISIONAL, SCORE("m: {count: x, over: 2d, ago: 1d}"),
               "day 0  acme  x\n"
               "day 1  tick            ->  acme s 0 -> 1, all (expiry), provisional\n"
               "day 3  tick            ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s12_newcomers, a_score_in_which_all_that_may_skip_skips_has_a_value)
{
    spec_holds(
        "S12",
        "measures: {a: {count: x, over: 2d}, b: {last: value, of: y, over: 2d}}\n"
        "scores: {s: {scale: 10, dimensions: {a: {weight: 1, target: 1},\n"
        "             b: {weight: 1, target: 10, missing: skip}}, bands: {low: 0, high: 5}}}\n",
        "day 0  acme  y         \n"
        "view acme              ->  s 0, low, provisional\n"
        "day 0  acme  x         ->  s 0 -> 10, low -> high\n");
}
