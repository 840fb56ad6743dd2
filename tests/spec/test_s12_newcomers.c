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

#define HELD(measure, alert)                                                                       \
    SCORE(measure) "alerts: {a: {score: s, while_provisional: hold, " alert "}}\n"

Test(s12_newcomers, a_held_alert_is_opened_when_the_first_window_is_full)
{
    spec_shows("S12", SPEC_PROVISIONAL, HELD("m: {sum: value, of: x, over: 4d}", "below: 3"),
               "day 0  acme  x value=0\n"
               "day 1  acme  x value=5   ->  s 0 -> 5, all, provisional\n"
               "day 1  acme  x value=-3  ->  s 5 -> 2, all, provisional\n"
               "day 4  tick              ->  acme a opened at 2\n");
}

Test(s12_newcomers, a_held_alert_whose_condition_is_gone_is_not)
{
    spec_shows("S12", SPEC_PROVISIONAL, HELD("m: {sum: value, of: x, over: 4d}", "below: 3"),
               "day 0  acme  x value=0\n"
               "day 1  acme  x value=5   ->  s 0 -> 5, all, provisional\n"
               "day 1  acme  x value=-3  ->  s 5 -> 2, all, provisional\n"
               "day 3  acme  x value=2   ->  s 2 -> 4, all, provisional\n"
               "day 4  tick\n"
               "day 5  tick              ->  acme s 4 -> 2, all (expiry)\n"
               "                         ->  acme a opened at 2\n");
}

Test(s12_newcomers, an_older_correction_ends_holding_sooner)
{
    spec_shows("S12", SPEC_PROVISIONAL,
               "time: {late_after: 9d}\n" HELD("m: {sum: value, of: x, over: 4d}",
                                               "drop: 50%, within: 9d"),
               "day 5  acme  x value=5   ->  s 0 -> 5, all, provisional\n"
               "day 5  acme  x value=-3  ->  s 5 -> 2, all, provisional\n"
               "day 1  acme  x value=0   ->  a opened, 2 from 5\n");
}

Test(s12_newcomers, holding_ends_when_the_current_month_has_passed_in_days)
{
    spec_shows("S12", SPEC_PROVISIONAL, HELD("m: {sum: value, of: x, over: month}", "below: 3"),
               "day 19  acme  x value=5  ->  s 0 -> 5, all, provisional\n"
               "day 60  tick             ->  day 31 acme s 5 -> 0, all (expiry), provisional\n"
               "                         ->  day 47 acme a opened at 0\n");
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
