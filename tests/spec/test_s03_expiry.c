/* S3 Expiry is an event too. When the clock crosses a boundary, every partner whose windows lose a
 * pane, or whose alert falls due, is evaluated at that boundary, boundaries in increasing order,
 * before the event that moved the clock is counted. */
#include "spec.h"
#include <criterion/criterion.h>

static const char model[] = "measures: {m: {count: x, over: 3d}}\n"
                            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}},\n"
                            "             bands: {low: 0, high: 5}}}\n";

Test(s03_expiry, a_partner_that_does_nothing_drops_at_the_boundary)
{
    spec_holds("S3", model,
               "day 0 09:00  acme    x                  ->  s 0 -> 5, low -> high\n"
               "day 2 23:59  tick\n"
               "day 3        tick                       ->  acme s 5 -> 0, high -> low (expiry)\n");
}

Test(s03_expiry, another_partner_moves_the_clock)
{
    spec_holds("S3", model,
               "day 0 09:00  acme    x             ->  s 0 -> 5, low -> high\n"
               "day 5 15:00  zenith  x             ->  day 3 acme s 5 -> 0, high -> low (expiry)\n"
               "                                   ->  s 0 -> 5, low -> high\n");
}

Test(s03_expiry, the_boundary_comes_before_the_event_at_its_instant)
{
    spec_holds("S3", model,
               "day 0        acme    x                  ->  s 0 -> 5, low -> high\n"
               "day 3        acme    x                  ->  s 5 -> 0, high -> low (expiry)\n"
               "                                        ->  s 0 -> 5, low -> high\n");
}

Test(s03_expiry, boundaries_are_worked_off_in_order)
{
    spec_holds("S3",
               "measures: {m: {count: x, over: 3d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {all: 0}, tell_every: 1}}\n",
               "day 0  acme    x                        ->  s 0 -> 1, all\n"
               "day 1  zenith  x                        ->  s 0 -> 1, all\n"
               "day 2  acme    x                        ->  s 1 -> 2, all\n"
               "day 9  acme    x                        ->  day 3 s 2 -> 1, all (expiry)\n"
               "                                        ->  day 4 zenith s 1 -> 0, all (expiry)\n"
               "                                        ->  day 5 s 1 -> 0, all (expiry)\n"
               "                                        ->  s 0 -> 1, all\n");
}

/* The hash of "b" is smaller than that of "c", and that one smaller than the hash of "a". */
Test(s03_expiry, partners_at_one_boundary_come_in_the_order_of_their_hashes)
{
    spec_holds("S3", model,
               "day 0  a     x                          ->  s 0 -> 5, low -> high\n"
               "day 0  b     x                          ->  s 0 -> 5, low -> high\n"
               "day 0  c     x                          ->  s 0 -> 5, low -> high\n"
               "day 3  tick                             ->  b s 5 -> 0, high -> low (expiry)\n"
               "                                        ->  c s 5 -> 0, high -> low (expiry)\n"
               "                                        ->  a s 5 -> 0, high -> low (expiry)\n");
}

Test(s03_expiry, even_a_filtered_event_moves_time_for_everybody)
{
    spec_holds("S3", model,
               "day 0  acme    x                   ->  s 0 -> 5, low -> high\n"
               "day 4  zenith  unheard.of          ->  day 3 acme s 5 -> 0, high -> low (expiry)\n"
               "                                   ->  filtered\n");
}

Test(s03_expiry, a_new_event_in_the_window_keeps_the_score)
{
    spec_holds("S3", model,
               "day 0  acme    x                        ->  s 0 -> 5, low -> high\n"
               "day 1  acme    x\n"
               "day 3  tick\n"
               "day 4  tick                             ->  acme s 5 -> 0, high -> low (expiry)\n");
}

Test(s03_expiry, a_dwell_that_ends_between_two_events_is_told_at_the_boundary)
{
    spec_holds(
        "S3",
        "measures: {m: {count: x, over: 9d}}\n"
        "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}},\n"
        "             bands: {low: 0, high: 5}, dwell: 30h}}\n",
        "day 0 09:00  acme    x\n"
        "day 1 14:59  zenith  x\n"
        "day 2        tick                       ->  acme s 0 -> 5, low -> high (expiry)\n"
        "day 3        tick                       ->  zenith s 0 -> 5, low -> high (expiry)\n");
}

Test(s03_expiry, a_silence_falls_due_with_no_event)
{
    spec_holds(
        "S3",
        "measures: {m: {count: x, over: 30d}}\n"
        "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}},\n"
        "             bands: {all: 0}}}\n"
        "alerts: {z: {silence: x, horizon: 6d, typical_gap: 2d, min_silence: 3d,\n"
        "             risk: 0.3}}\n",
        "day 0 09:00  acme  x\n"
        "day 1 09:00  acme  x\n"
        "day 4        tick\n"
        "day 5        tick        ->  acme z opened, last day 1 09:00, gap 24h, risk 0.712\n");
}

Test(s03_expiry, a_cooldown_that_ends_is_looked_at_again)
{
    spec_holds("S3",
               "measures: {m: {sum: value, of: x, over: 30d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {low: 0, high: 5}}}\n"
               "alerts: {a: {score: s, falls_to: low, cooldown: 60h}}\n",
               "day 0 09:00  acme  x value=9            ->  s 0 -> 9, low -> high\n"
               "day 0 10:00  acme  x value=-9           ->  s 9 -> 0, high -> low\n"
               "                                        ->  a opened at 0, low\n"
               "day 0 11:00  acme  x value=9            ->  s 0 -> 9, low -> high\n"
               "                                        ->  a resolved at 9, high\n"
               "day 1        acme  x value=-9           ->  s 9 -> 0, high -> low\n"
               "day 2        tick\n"
               "day 3        tick                       ->  acme a opened at 0, low\n");
}

/* What leaves without anybody hearing of it is worked off later: these are the exact edges at which
 * somebody has to hear of it. */

Test(s03_expiry, a_score_rises_into_a_band_at_the_boundary_where_something_bad_leaves)
{
    spec_holds("S3",
               "scores: {s: {points: {bad: -3, good: 1}, over: 3d, bands: {low: -10, high: 1}}}\n",
               "day 0  acme  bad\n"
               "day 1  acme  good\n"
               "day 3  tick        ->  acme s 0 -> 1, low -> high (expiry)\n"
               "day 4  tick        ->  acme s 1 -> 0, high -> low (expiry)\n");
}

Test(s03_expiry, a_score_rises_by_tell_every_at_the_boundary_where_something_bad_leaves)
{
    spec_holds("S3",
               "scores: {s: {points: {late: -2, bad: -3, good: 1}, over: 3d, bands: {all: -10},\n"
               "             tell_every: 3}}\n",
               "day 0  acme  late\n"
               "day 1  acme  bad   ->  s 0 -> -5, all\n"
               "day 1  acme  good\n"
               "day 3  tick        ->  acme s -5 -> -2, all (expiry)\n");
}

Test(s03_expiry, a_score_falls_by_tell_every_over_several_boundaries_and_is_told_at_the_last)
{
    spec_holds("S3",
               "scores: {s: {points: {a: 1, b: 2}, over: 5d, bands: {all: 0}, tell_every: 3}}\n",
               "day 0  acme  a\n"
               "day 1  acme  b     ->  s 0 -> 3, all\n"
               "day 2  acme  a\n"
               "day 5  tick\n"
               "day 6  tick\n"
               "day 7  tick        ->  acme s 3 -> 0, all (expiry)\n");
}

Test(s03_expiry, a_drop_over_several_boundaries_opens_at_the_one_that_makes_it_deep_enough)
{
    spec_holds("S3",
               "scores: {s: {points: {a: 1}, over: 5d, bands: {all: 0}}}\n"
               "alerts: {gone: {score: s, drop: 2, within: 9d}}\n",
               "day 0  acme  a\n"
               "day 1  acme  a\n"
               "day 2  acme  a\n"
               "day 5  tick\n"
               "day 6  tick        ->  acme gone opened, 1 from 3\n");
}

Test(s03_expiry, a_score_that_was_too_small_to_drop_has_risen_since_and_drops_at_the_first_boundary)
{
    spec_holds("S3",
               "measures: {m: {count: x, over: 9d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, steps: [[4, 0.1], [5, 1]]}},\n"
               "             bands: {all: 0}}}\n"
               "alerts: {a: {score: s, drop: 5, within: 20d}}\n",
               "day 0  acme  x\n"
               "day 1  acme  x\n"
               "day 3  acme  x\n"
               "day 2  acme  x\n"
               "day 4  acme  x\n"
               "day 9  tick         ->  acme a opened, 1 from 10\n");
}

Test(s03_expiry, a_score_lowered_unheard_by_an_event_falls_at_the_first_boundary_that_is_enough)
{
    spec_holds(
        "S3",
        "measures: {m: {count: x, over: 9d}, st: {state: on, until: off}}\n"
        "scores: {s: {scale: 10, bands: {low: 0, top: 3},\n"
        "             dimensions: {m: {weight: 1, target: 2}, st: {weight: 1, target: 1}}}}\n",
        "day 0  acme  on   ->  s 0 -> 5, low -> top\n"
        "day 1  acme  x\n"
        "day 0  acme  x\n"
        "day 4  acme  off\n"
        "day 9  tick       ->  acme s 5 -> 2.5, top -> low (expiry)\n");
}

Test(s03_expiry, a_drop_while_somebody_is_silent_has_the_values_of_every_boundary)
{
    /* Nothing is told of days 1 to 6, and the fall from 10 on day 0 opens on day 6. */
    spec_holds("S3",
               "measures: {m: {since: x, over: 20d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, steps: [[0, 1], [10, 0]]}},\n"
               "             bands: {all: 0}}}\n"
               "alerts: {d: {score: s, drop: 6, within: 30d}}\n",
               "day 0  acme  x\n"
               "day 5  tick\n"
               "day 9  tick                           ->  day 6 acme d opened, 4 from 10\n"
               "day 9  acme  x                        ->  d resolved, 10 from 10\n");
    spec_holds("S3",
               "measures: {m: {since: x, over: 20d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, steps: [[0, 1], [10, 0]]}},\n"
               "             bands: {all: 0}}}\n"
               "alerts: {d: {score: s, drop: 2, within: 3d}}\n",
               "day 0  acme  x\n"
               "day 9  tick                           ->  day 2 acme d opened, 8 from 10\n");
}
