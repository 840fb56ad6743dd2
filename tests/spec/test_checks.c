/* Checks: what is suspicious is told, and counted or not. S4 (late events), S6 (duplicates), S13
 * (ids), S14 (another model), S15 (what is left out is one of the outcomes). */
#include "spec.h"
#include <criterion/criterion.h>

#define LOGINS                                                                                     \
    "time: {late_after: 9d}\n"                                                                     \
    "scores: {s: {points: {x: 1, y: 1}, over: 90d, bands: {low: 0}, tell_every: 1}}\n"
#define CHECKS(rest) LOGINS "checks: {" rest "}\n"

Test(checks, S15_a_text_that_comes_twice_is_told_and_counts_once)
{
    spec_holds("S15", CHECKS("k: {unique: tier, of: x, over: 5d, then: leave_out}"),
               "day 0   acme    x tier=a id=1     ->  s 0 -> 1, low\n"
               "day 1   acme    x tier=b          ->  s 1 -> 2, low\n"
               "day 1   zenith  x tier=a          ->  s 0 -> 1, low\n"
               "day 1   acme    x                 ->  s 2 -> 3, low\n"
               "day 1   acme    x                 ->  s 3 -> 4, low\n"
               "day 4   acme    x tier=a id=2     ->  k finds x id=2 with \"a\"\n"
               "                                  ->  left_out\n"
               "day 4   acme    y tier=a          ->  s 4 -> 5, low\n"
               "day 5   acme    x tier=a          ->  s 5 -> 6, low\n"
               "counters                          ->  read 8, counted 7, left_out 1\n");
}

/* What is only told counts, and is what later ones are compared with. */
Test(checks, S15_what_is_only_told_counts_all_the_same)
{
    spec_holds("S15", CHECKS("k: {unique: tier, of: x, over: 5d}"),
               "day 0   acme  x tier=a    ->  s 0 -> 1, low\n"
               "day 4   acme  x tier=a    ->  k finds x with \"a\"\n"
               "                          ->  s 1 -> 2, low\n"
               "day 8   acme  x tier=a    ->  k finds x with \"a\"\n"
               "                          ->  s 2 -> 3, low\n"
               "day 13  acme  x tier=a    ->  s 3 -> 4, low\n");
}

/* By its own time, and whatever comes first is right. */
Test(checks, S4_a_text_that_comes_late_is_looked_for_in_its_own_window_and_later)
{
    spec_holds("S4", CHECKS("k: {unique: tier, of: x, over: 3d, then: leave_out}"),
               "day 8   acme  x tier=a          ->  s 0 -> 1, low\n"
               "day 12  acme  y                 ->  s 1 -> 2, low\n"
               "day 4   acme  x tier=a          ->  k finds x with \"a\" of day 4\n"
               "                                ->  left_out\n"
               "day 11  acme  x tier=a          ->  s 2 -> 3, low (correction)\n"
               "day 3   acme  x tier=a          ->  late\n");
}

Test(checks, S15_no_more_than_so_many_count_in_any_window)
{
    spec_holds("S15", CHECKS("k: {more_than: 2, of: [x, y], over: 2d, then: leave_out}"),
               "day 0  acme  x     ->  s 0 -> 1, low\n"
               "day 0  acme  y     ->  s 1 -> 2, low\n"
               "day 1  acme  x     ->  k finds x at 3\n"
               "                   ->  left_out\n"
               "day 1  acme  x     ->  k finds x at 3\n"
               "                   ->  left_out\n"
               "day 2  acme  x     ->  s 2 -> 3, low\n"
               "day 2  acme  x     ->  s 3 -> 4, low\n"
               "day 2  acme  x     ->  k finds x at 3\n"
               "                   ->  left_out\n"
               "day 1  acme  x     ->  k finds x at 3 of day 1\n"
               "                   ->  left_out\n");
}

/* Even the first event of a partner, of whom then nothing is known. */
Test(checks, S15_an_action_without_the_one_before_it_is_found)
{
    spec_holds("S15", CHECKS("k: {of: x, needs: z, over: 3d, then: leave_out}"),
               "day 0  acme  x id=1   ->  k finds x id=1\n"
               "                      ->  left_out\n"
               "day 0  acme  x id=1   ->  k finds x id=1\n"
               "                      ->  left_out\n"
               "day 1  acme  z\n"
               "day 3  acme  x id=1   ->  s 0 -> 1, low\n"
               "day 3  acme  x id=1   ->  duplicate\n"
               "day 4  acme  x id=2   ->  k finds x id=2\n"
               "                      ->  left_out\n"
               "day 4  acme  x id=2   ->  duplicate\n"
               "day 0  acme  x        ->  k finds x of day 0\n"
               "                      ->  left_out\n"
               "day 1  acme  x        ->  s 1 -> 2, low (correction)\n");
}

#define RATIO(rest)                                                                                \
    "time: {late_after: 9d}\n"                                                                     \
    "measures: {out: {sum: value, of: x, over: 3d}, in: {sum: value, of: y, over: 3d},"            \
    " n: {count: x, over: 3d}}\n"                                                                  \
    "scores: {s: {points: {x: 1}, over: 90d, bands: {low: 0}, tell_every: 1}}\n"                   \
    "checks: {k: {of: x, " rest "}}\n"

Test(checks, S8_one_measure_may_be_so_many_times_another_with_the_event_in_both)
{
    spec_holds("S8", RATIO("ratio: [out, in], above: 1.5, then: leave_out"),
               "day 0  acme  x value=1      ->  k finds x\n"
               "                            ->  left_out\n"
               "day 0  acme  x              ->  s 0 -> 1, low\n"
               "day 0  acme  y value=20\n"
               "day 1  acme  x value=30     ->  s 1 -> 2, low\n"
               "day 1  acme  x value=0.0001 ->  k finds x at 1.5\n"
               "                            ->  left_out\n"
               "day 1  acme  x value=-1     ->  s 2 -> 3, low\n"
               "day 3  acme  x value=1      ->  k finds x\n"
               "                            ->  left_out\n"
               "day 3  acme  y value=40\n"
               "day 0  acme  x value=900    ->  s 3 -> 4, low (correction)\n");
    spec_holds("S8", RATIO("ratio: [n, in], above: 0.5"),
               "day 0  acme  y value=4\n"
               "day 0  acme  x         ->  s 0 -> 1, low\n"
               "day 0  acme  x         ->  s 1 -> 2, low\n"
               "day 0  acme  x         ->  k finds x at 0.75\n"
               "                       ->  s 2 -> 3, low\n");
}

Test(checks, S13_all_that_find_something_tell_it_in_file_order_before_what_the_event_changes)
{
    spec_shows("S13, S15", SPEC_ORIGIN,
               CHECKS("b: {more_than: 1, of: x, over: 1d}, a: {unique: tier, of: x, over: 1d, "
                      "where: {region: north}}"),
               "day 0  acme  x tier=a region=north  ->  s 0 -> 1, low #offset 0\n"
               "day 0  acme  x tier=a region=south  ->  b finds x at 2 #offset 1\n"
               "                                    ->  s 1 -> 2, low #offset 1\n"
               "day 0  acme  x tier=a region=north  ->  b finds x at 3 #offset 2\n"
               "                                    ->  a finds x with \"a\" #offset 2\n"
               "                                    ->  s 2 -> 3, low #offset 2\n");
}

/* Whichever stands first. */
Test(checks, S15_one_that_leaves_out_is_enough)
{
    spec_holds("S15",
               CHECKS("a: {more_than: 1, of: x, over: 1d, then: leave_out}, b: {unique: tier, of: "
                      "x, over: 1d}"),
               "day 0  acme  x tier=a   ->  s 0 -> 1, low\n"
               "day 0  acme  x tier=a   ->  a finds x at 2\n"
               "                        ->  b finds x with \"a\"\n"
               "                        ->  left_out\n");
}

/* A silence is of those who count, and so is what an award pays. */
Test(checks, S15_what_is_left_out_ends_no_silence_and_is_paid_nothing)
{
    spec_holds("S15",
               "time: {late_after: 9d}\nledgers: {r: {}}\n"
               "awards: {w: {when: x, points: 1, to: r}}\n"
               "alerts: {quiet: {after: y, expects: x, within: 2d}}\n"
               "checks: {k: {unique: tier, of: x, over: 9d, then: leave_out}}\n",
               "day 0  acme  x tier=a   ->  w pays 1 to r, balance 1\n"
               "day 1  acme  y\n"
               "day 2  acme  x tier=a   ->  k finds x with \"a\"\n"
               "                        ->  left_out\n"
               "day 4  tick             ->  acme quiet opened, from day 1, due day 4\n"
               "day 4  acme  x tier=a   ->  k finds x with \"a\"\n"
               "                        ->  left_out\n"
               "day 4  acme  x tier=b   ->  w pays 1 to r, balance 2\n"
               "                        ->  quiet resolved, from day 1, due day 4\n");
}

Test(checks, S14_texts_go_on_under_another_model_by_what_a_check_asks)
{
    static const char *const models[] = {
        CHECKS("k: {unique: tier, of: x, over: 5d, then: leave_out}"),
        CHECKS(
            "other: {unique: region, of: x, over: 9d}, j: {unique: tier, of: x, over: 7d}, many: "
            "{more_than: 1, of: x, over: 20d}"),
        CHECKS("j: {unique: tier, of: [x, y], over: 7d}"), NULL};
    spec_changes("S14", 0, models,
                 "day 0   acme  x tier=a region=n   ->  s 0 -> 1, low\n"
                 "becomes 2\n"
                 "day 6   acme  x tier=a region=n   ->  j finds x with \"a\"\n"
                 "                                  ->  many finds x at 2\n"
                 "                                  ->  s 1 -> 2, low\n"
                 "day 7   acme  x region=n          ->  other finds x with \"n\"\n"
                 "                                  ->  many finds x at 3\n"
                 "                                  ->  s 2 -> 3, low\n"
                 "becomes 3\n"
                 "day 8   acme  x tier=a            ->  s 3 -> 4, low\n"
                 "day 8   acme  y tier=a            ->  j finds y with \"a\"\n"
                 "                                  ->  s 4 -> 5, low\n");
}
