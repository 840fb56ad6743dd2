/* S4 Late. An event older than its clock but within `late_after` is counted in its own pane (a
 * correction) and can change the score now. Older than that it is late. Only a counted event leaves
 * a trace in the state. */
#include "spec.h"
#include <criterion/criterion.h>

#define SCORE(measures)                                                                            \
    "measures: {" measures "}\n"                                                                   \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"                          \
    "             bands: {all: 0}, tell_every: 1}}\n"

Test(s04_late, a_correction_counts_in_its_own_pane)
{
    spec_holds("S4", SCORE("m: {count: x, over: 3d}"),
               "day 4 12:00  acme  x                  ->  s 0 -> 1, all\n"
               "day 2 12:00  acme  x                  ->  s 1 -> 2, all (correction)\n"
               "day 5        tick                     ->  acme s 2 -> 1, all (expiry)\n"
               "day 7        tick                     ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s04_late, an_older_event_of_the_clocks_own_pane_is_no_correction)
{
    spec_holds("S4", SCORE("m: {count: x, over: 3d}"),
               "day 4 12:00  acme  x                  ->  s 0 -> 1, all\n"
               "day 4 11:00  acme  x                  ->  s 1 -> 2, all\n");
}

Test(s04_late, by_default_the_longest_window_is_what_is_waited_for)
{
    spec_holds("S4", SCORE("m: {count: x, over: 2d}, n: {count: x, over: 5d}"),
               "day 9        acme  x                  ->  s 0 -> 1, all\n"
               "day 5        acme  x\n"
               "day 4 23:59  acme  x                  ->  late\n");
    spec_holds("S4", SCORE("m: {count: x, over: month}"),
               "day 40       acme  x                  ->  s 0 -> 1, all\n"
               "day 10       acme  x\n"
               "day 9        acme  x                  ->  late\n");
    spec_holds("S4", SCORE("m: {count: x, over: 3d}, n: {count: x, over: quarter}"),
               "day 100      acme  x                  ->  s 0 -> 1, all\n"
               "day 9        acme  x\n"
               "day 8        acme  x                  ->  late\n");
}

Test(s04_late, life_and_states_do_not_lengthen_what_is_waited_for)
{
    spec_holds("S4",
               SCORE("m: {count: x, over: 2d}, n: {count: x, over: life}, t: {state: x, until: y}"),
               "day 9        acme  x                  ->  s 0 -> 1, all\n"
               "day 8        acme  x                  ->  s 1 -> 2, all (correction)\n"
               "day 7        acme  x                  ->  late\n");
}

Test(s04_late, late_after_may_be_shorter_than_the_window)
{
    spec_holds("S4", "time: {late_after: 1d}\n" SCORE("m: {count: x, over: 5d}"),
               "day 9        acme  x                  ->  s 0 -> 1, all\n"
               "day 8 23:59  acme  x                  ->  late\n");
}

Test(s04_late, late_after_may_be_longer_than_the_window)
{
    spec_holds("S4", "time: {late_after: 9d}\n" SCORE("m: {count: x, over: 2d}"),
               "day 20       acme  x                  ->  s 0 -> 1, all\n"
               "day 12       acme  x\n"
               "counters                              ->  read 2, counted 2\n"
               "day 11       acme  x                  ->  late\n");
}

Test(s04_late, a_late_event_leaves_no_trace)
{
    spec_holds("S4", SCORE("m: {count: x, over: 2d}"),
               "day 9        acme    x                ->  s 0 -> 1, all\n"
               "day 2        zenith  x id=a           ->  late\n"
               "view zenith                           ->  unknown\n"
               "day 9        zenith  x id=a           ->  s 0 -> 1, all\n"
               "counters                              ->  read 3, counted 2, late 1\n");
}

Test(s04_late, an_event_moves_the_clock_before_it_is_judged)
{
    spec_holds("S4", SCORE("m: {count: x, over: 2d}"),
               "day 2        acme    x                ->  s 0 -> 1, all\n"
               "day 3        zenith  x                ->  s 0 -> 1, all\n"
               "day 4        zenith  y                ->  acme s 1 -> 0, all (expiry)\n"
               "                                      ->  filtered\n"
               "day 2        acme    x                ->  late\n");
}

/* West of Greenwich the epoch lies in the pane before the first full day, and can be late. */
Test(s04_late, the_very_first_pane_can_be_late)
{
    spec_holds("S4", "time: {zone: America/New_York}\n" SCORE("m: {count: x, over: 2d}"),
               "UTC 1970-01-02 04:59  acme  x         ->  s 0 -> 1, all\n"
               "UTC 1970-01-01 00:00  acme  x         ->  s 1 -> 2, all (correction)\n"
               "UTC 1970-01-02 05:00  acme  x         ->  s 2 -> 1, all (expiry)\n"
               "                                      ->  s 1 -> 2, all\n"
               "UTC 1970-01-01 00:00  acme  x         ->  late\n");
}

Test(s04_late, a_window_that_lies_back_makes_late_what_is_beyond_its_reach)
{
    spec_holds("S4",
               "measures: {m: {count: x, over: 2d, ago: 3d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {all: 0}, tell_every: 1}}\n",
               "day 10  acme  x\n"
               "day 5   acme  x                       ->  late\n"
               "day 6   acme  x                       ->  s 0 -> 1, all (correction)\n"
               "day 7   acme  x                       ->  s 1 -> 2, all (correction)\n"
               "day 8   acme  x\n"
               "day 11  tick\n" /* one enters, one leaves */
               "day 12  tick                          ->  acme s 2 -> 1, all (expiry)\n");
}
