/* Checks: what is suspicious is told, and counted or not. S4 (late events), S6 (duplicates), S13
 * (ids), S14 (another model), S15 (what is left out is one of the outcomes). */
#include "spec.h"
#include <criterion/criterion.h>
#include <stdio.h>

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

#define HELD(rest) CHECKS("k: {unique: tier, of: x, over: 9d, then: hold, held: {" rest "}}")

Test(checks, S15_what_is_held_counts_for_nothing_until_it_is_released)
{
    spec_holds(
        "S15", HELD("until: clear, dropped_by: [\"drop.*\", reject], for: 5d"),
        "day 0   acme    x tier=a id=1     ->  s 0 -> 1, low\n"
        "day 1   acme    x tier=a id=2     ->  k holds x id=2 with \"a\" until day 6\n"
        "                                  ->  held\n"
        "day 1   acme    x tier=a id=2     ->  duplicate\n"
        "day 1   acme    x tier=a id=3     ->  k holds x id=3 with \"a\" until day 6\n"
        "                                  ->  held\n"
        "day 2   zenith  clear tier=a\n"
        "day 2   acme    clear tier=b\n"
        "day 2   acme    clear tier=a      ->  k releases x id=2 with \"a\" of day 1, decision\n"
        "                                  ->  s 1 -> 2, low\n"
        "day 2   acme    drop.it tier=a    ->  k discards x id=3 with \"a\" of day 1, decision\n"
        "day 2   acme    drop.it tier=a\n"
        "day 2   acme    x tier=a id=2     ->  duplicate\n"
        "counters                          ->  read 10, counted 6, duplicate 2, held 2\n");
}

/* At the boundary, with nothing else coming: in the day of the event, which the window may have
 * left. */
Test(checks, S15_when_nobody_decides_time_does)
{
    spec_holds(
        "S15", HELD("until: clear, for: 2d"),
        "day 0        acme  x tier=a    ->  s 0 -> 1, low\n"
        "day 1 20:00  acme  x tier=a    ->  k holds x with \"a\" until day 3\n"
        "                               ->  held\n"
        "day 2 23:59  acme  y           ->  s 1 -> 2, low\n"
        "day 9        tick              ->  day 3 acme k discards x with \"a\" of day 1 20:00, "
        "time\n");
    spec_holds(
        "S15", HELD("until: clear, for: 2d, otherwise: release"),
        "day 0        acme  x tier=a    ->  s 0 -> 1, low\n"
        "day 1 20:00  acme  x tier=a    ->  k holds x with \"a\" until day 3\n"
        "                               ->  held\n"
        "day 2 21:00  acme  x tier=a    ->  k holds x with \"a\" until day 4\n"
        "                               ->  held\n"
        "day 9        tick              ->  day 3 acme k releases x with \"a\" of day 1 20:00, "
        "time\n"
        "                               ->  day 3 acme s 1 -> 2, low (expiry)\n"
        "                               ->  day 4 acme k releases x with \"a\" of day 2 21:00, "
        "time\n"
        "                               ->  day 4 acme s 2 -> 3, low (expiry)\n");
}

/* What came late is too late before long. */
Test(checks, S4_what_is_too_old_by_then_is_discarded)
{
    spec_holds("S4", HELD("until: clear, for: 5d"),
               "day 10  acme  x tier=a    ->  s 0 -> 1, low\n"
               "day 3   acme  x tier=a    ->  k holds x with \"a\" of day 3 until day 15\n"
               "                          ->  held\n"
               "day 12  acme  clear tier=a  ->  k discards x with \"a\" of day 3, late\n");
}

/* Of a partner of whom nothing was counted, by the id; it is known from then on. */
Test(checks, S15_a_partner_may_begin_with_what_is_held)
{
    spec_holds(
        "S15",
        CHECKS("k: {of: x, needs: z, over: 9d, then: hold, held: {until: ok, original: tier, "
               "for: 5d}}"),
        "day 0   acme  x id=a      ->  k holds x id=a until day 5\n"
        "                          ->  held\n"
        "day 0   acme  x id=a      ->  duplicate\n"
        "day 1   acme  ok tier=b\n"
        "day 1   acme  ok tier=a   ->  k releases x id=a of day 0, decision\n"
        "                          ->  s 0 -> 1, low\n");
}

/* Twenty wait, and the next one is left out. */
Test(checks, S15_no_more_than_so_many_wait)
{
    char rows[8192], *at = rows;
    for (int i = 0; i < 20; i++)
        at += sprintf(at,
                      "day 0  acme  x id=%d  ->  k holds x id=%d until day 5\n"
                      "                      ->  held\n",
                      i, i);
    (void)sprintf(at, "day 1  acme  x id=n     ->  k finds x id=n, full\n"
                      "                        ->  left_out\n"
                      "day 1  acme  x id=n     ->  duplicate\n"
                      "day 1  acme  no tier=3  ->  k discards x id=3 of day 0, decision\n"
                      "day 1  acme  x id=m     ->  k holds x id=m until day 6\n"
                      "                        ->  held\n");
    spec_holds("S15",
               CHECKS("k: {of: x, needs: z, over: 9d, then: hold, held: {dropped_by: no, original: "
                      "tier, for: 5d}}"),
               rows);
}

/* It is paid in its own day, and its claim can be settled at once by what has released it. */
Test(checks, S15_what_is_released_is_paid_as_an_event_that_comes_late)
{
    spec_shows(
        "S15", SPEC_ORIGIN,
        "time: {late_after: 9d}\nledgers: {r: {cap: 3, per: month}}\n"
        "awards: {w: {when: x, points: 2, to: r}, v: {when: ok, points: 1, to: r}}\n"
        "checks: {k: {unique: tier, of: x, over: 9d, then: hold, held: {until: ok, for: 5d}}}\n",
        "day 0  acme  x tier=a    ->  w pays 2 to r, balance 2 #offset 0\n"
        "day 0  acme  x tier=a    ->  k holds x with \"a\" until day 5 #offset 1\n"
        "                         ->  held\n"
        "day 3  acme  ok tier=a   ->  k releases x with \"a\" of day 0, decision #offset 1\n"
        "                         ->  w pays 1 to r, cut by 1, balance 3 #offset 1\n"
        "                         ->  v pays 0 to r, cut by 1, balance 3 #offset 2\n");
}

/* One that leaves out goes before, and of two that hold the first has it. */
Test(checks, S15_the_first_of_the_file_holds)
{
    spec_holds("S15",
               CHECKS("a: {unique: tier, of: x, over: 9d, then: hold, held: {until: ok, for: 3d}}, "
                      "b: {more_than: 1, of: x, over: 9d, then: hold, held: {until: no, reference: "
                      "tier, for: 5d}}, c: {more_than: 3, of: [x, y], over: 9d, then: leave_out}"),
               "day 0  acme  x tier=a    ->  s 0 -> 1, low\n"
               "day 0  acme  x tier=a    ->  a holds x with \"a\" until day 3\n"
               "                         ->  b holds x at 2 until day 3\n"
               "                         ->  held\n"
               "day 1  acme  no tier=a\n"
               "day 1  acme  y           ->  s 1 -> 2, low\n"
               "day 1  acme  y           ->  s 2 -> 3, low\n"
               "day 2  acme  x tier=a    ->  a finds x with \"a\"\n"
               "                         ->  b finds x at 2\n"
               "                         ->  c finds x at 4\n"
               "                         ->  left_out\n"
               "day 3  tick              ->  acme a discards x with \"a\" of day 0, time\n");
}

Test(checks, S14_what_waits_goes_on_for_a_check_of_the_same_name_that_holds)
{
    static const char *const models[] = {
        CHECKS("k: {unique: tier, of: x, over: 9d, then: hold, held: {until: ok, for: 5d}}, "
               "j: {unique: region, of: y, over: 9d, then: hold, held: {until: ok, for: 5d}}"),
        CHECKS("k: {more_than: 1, of: x, over: 9d, then: hold, held: {until: yes, reference: tier, "
               "for: 3d}}, j: {unique: region, of: y, over: 9d}"),
        CHECKS("k: {of: y, needs: z, over: 9d}"), NULL};
    spec_changes("S14", 0, models,
                 "day 0  acme  x tier=a    ->  s 0 -> 1, low\n"
                 "day 0  acme  y region=n  ->  s 1 -> 2, low\n"
                 "day 1  acme  x tier=a    ->  k holds x with \"a\" until day 6\n"
                 "                         ->  held\n"
                 "day 1  acme  y region=n  ->  j holds y with \"n\" until day 6\n"
                 "                         ->  held\n"
                 "becomes 2                ->  acme j discards y, check\n"
                 "day 2  acme  x tier=b    ->  k holds x at 2 until day 5\n"
                 "                         ->  held\n"
                 "day 2  acme  yes tier=a  ->  k releases x of day 1, decision\n"
                 "                         ->  s 2 -> 3, low\n"
                 "becomes 3                ->  acme k discards x, check\n");
}

Test(checks, S14_an_erased_partner_takes_along_what_waits)
{
    spec_holds("S14", HELD("until: clear, for: 2d, otherwise: release"),
               "day 0  acme  x tier=a    ->  s 0 -> 1, low\n"
               "day 0  acme  x tier=a    ->  k holds x with \"a\" until day 2\n"
               "                         ->  held\n"
               "erase acme\n"
               "day 3  tick\n");
}

/* Of two with the same time the one that comes later is the newer one: what decides is counted
 * behind what it releases. */
/* A warning that is open is looked at at a boundary as after an event, if one is counted there. */
Test(checks, S15_what_is_released_at_a_boundary_may_end_a_warning)
{
    spec_holds("S10, S15",
               "time: {late_after: 9d}\nmeasures: {m: {count: x, over: 6d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, bands: {low: 0, "
               "ok: 5}}}\n"
               "alerts: {w: {score: s, falls_to: low, forecast: 2d}}\n"
               "checks: {k: {of: x, needs: y, over: 3d, then: hold, held: {until: y, original: "
               "tier, for: 1d, otherwise: release}}}\n",
               "day 0  acme  y\n"
               "day 0  acme  x       ->  s 0 -> 10, low -> ok\n"
               "day 4  tick          ->  acme w opened at 10, ok, falls day 6 to low\n"
               "day 4  acme  x id=2  ->  k holds x id=2 until day 5\n"
               "                     ->  held\n"
               "day 5  tick          ->  acme k releases x id=2 of day 4, time\n"
               "                     ->  acme w resolved at 10, ok\n"
               "day 9  tick          ->  day 8 acme w opened at 10, ok, falls day 10 to low\n");
}

Test(checks, S15_what_is_released_comes_before_what_releases_it)
{
    spec_holds(
        "S15",
        "measures: {m: {last: value, of: [x, ok], over: 9d}}\n"
        "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}}, bands: {low: 0}, "
        "tell_every: 1}}\n"
        "checks: {k: {unique: tier, of: x, over: 9d, then: hold, held: {until: ok, for: 5d}}}\n",
        "day 0  acme  x value=2 tier=a    ->  s 0 -> 2, low\n"
        "day 1  acme  x value=5 tier=a    ->  k holds x with \"a\" until day 6\n"
        "                                 ->  held\n"
        "day 1  acme  ok value=7 tier=a   ->  k releases x with \"a\", decision\n"
        "                                 ->  s 2 -> 7, low\n");
}
