/* S2 Windows. A rolling window of N panes at clock C covers the pane of C and the N-1 before it. A
 * boundary belongs to the newer pane. 1 January 2026, day 0, is a Thursday. */
#include "spec.h"
#include <criterion/criterion.h>

#define SCORE(measures)                                                                            \
    "measures: {" measures "}\n"                                                                   \
    "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"                          \
    "             bands: {all: 0}, tell_every: 1}}\n"

Test(s02_windows, a_window_of_three_days_covers_today_and_two_days_before)
{
    spec_holds("S2", SCORE("m: {count: x, over: 3d}"),
               "day 0        acme  x                  ->  s 0 -> 1, all\n"
               "day 1        acme  x                  ->  s 1 -> 2, all\n"
               "day 2 23:59  acme  x                  ->  s 2 -> 3, all\n"
               "day 3        tick                     ->  acme s 3 -> 2, all (expiry)\n"
               "day 4        tick                     ->  acme s 2 -> 1, all (expiry)\n"
               "day 5        tick                     ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s02_windows, a_boundary_belongs_to_the_newer_pane)
{
    spec_holds("S2", SCORE("m: {count: x, over: 1d}"),
               "day 0 23:59:59.999  acme  x           ->  s 0 -> 1, all\n"
               "day 1               acme  x           ->  s 1 -> 0, all (expiry)\n"
               "                                      ->  s 0 -> 1, all\n"
               "day 2               tick              ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s02_windows, a_calendar_week_begins_on_monday)
{
    spec_holds("S2", SCORE("m: {count: x, over: week}"),
               "day 0        acme  x                  ->  s 0 -> 1, all\n"
               "day 3 23:00  acme  x                  ->  s 1 -> 2, all\n"
               "day 4        tick                     ->  acme s 2 -> 0, all (expiry)\n"
               "day 4 01:00  acme  x                  ->  s 0 -> 1, all\n"
               "day 12       tick                     ->  day 11 acme s 1 -> 0, all (expiry)\n");
}

Test(s02_windows, a_correction_of_last_week_is_not_in_this_one)
{
    spec_holds("S2", SCORE("m: {count: x, over: week}"),
               "day 4 01:00  acme  x                  ->  s 0 -> 1, all\n"
               "day 3 23:00  acme  x\n"
               "view acme                             ->  s 1, all, provisional\n");
}

Test(s02_windows, months_and_quarters_begin_on_their_first)
{
    spec_holds("S2", SCORE("m: {count: x, over: month}"),
               "day 30 23:00  acme  x                 ->  s 0 -> 1, all\n"
               "day 31        tick                    ->  acme s 1 -> 0, all (expiry)\n"
               "day 58 23:00  acme  x                 ->  s 0 -> 1, all\n"
               "day 59        tick                    ->  acme s 1 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {count: x, over: quarter}"),
               "day 0         acme  x                 ->  s 0 -> 1, all\n"
               "day 89        acme  x                 ->  s 1 -> 2, all\n"
               "day 90        tick                    ->  acme s 2 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {sum: value, of: x, over: month}"),
               "day 30        acme  x value=3         ->  s 0 -> 3, all\n"
               "day 31        acme  x value=2         ->  s 3 -> 0, all (expiry)\n"
               "                                      ->  s 0 -> 2, all\n");
}

Test(s02_windows, life_never_ends)
{
    spec_holds("S2", "time: {late_after: 3d}\n" SCORE("m: {count: x, over: life}"),
               "day 0         acme  x                 ->  s 0 -> 1, all\n"
               "day 2000      tick\n"
               "day 2000      acme  x                 ->  s 1 -> 2, all\n"
               "day 1996      acme  x                 ->  late\n");
}

Test(s02_windows, a_streak_lasts_one_pane_longer_than_its_last_action)
{
    spec_holds("S2", "time: {late_after: 5d}\n" SCORE("m: {streak: x}"),
               "day 0         acme  x                 ->  s 0 -> 1, all\n"
               "day 1         acme  x                 ->  s 1 -> 2, all\n"
               "day 2         tick\n"
               "day 3         tick                    ->  acme s 2 -> 0, all (expiry)\n"
               "day 2 12:00   acme  x                 ->  s 0 -> 3, all (correction)\n"
               "day 4         tick                    ->  acme s 3 -> 0, all (expiry)\n");
}

Test(s02_windows, a_late_event_joins_two_streaks)
{
    spec_holds("S2", "time: {late_after: 2d}\n" SCORE("m: {streak: x}"),
               "day 0         acme  x                 ->  s 0 -> 1, all\n"
               "day 1         acme  x                 ->  s 1 -> 2, all\n"
               "day 3         acme  x                 ->  s 2 -> 0, all (expiry)\n"
               "                                      ->  s 0 -> 1, all\n"
               "day 2         acme  x                 ->  s 1 -> 4, all (correction)\n");
}

/* On day 3 day 1 is late, but day 2 may still be joined to the streak that ended on day 1. */
Test(s02_windows, a_streak_is_kept_for_as_long_as_it_can_be_joined)
{
    spec_holds("S2", "time: {late_after: 2d}\n" SCORE("m: {streak: x}"),
               "day 1         acme  x                 ->  s 0 -> 1, all\n"
               "day 3         acme  x                 ->  s 1 -> 0, all (expiry)\n"
               "                                      ->  s 0 -> 1, all\n"
               "day 3         acme  x\n"
               "day 1         acme  x                 ->  late\n"
               "day 2         acme  x                 ->  s 1 -> 3, all (correction)\n");
}

Test(s02_windows, a_state_follows_the_newest_event_and_of_two_the_later_arrival)
{
    spec_holds("S2", "time: {late_after: 9d}\n" SCORE("m: {state: on, until: off}"),
               "day 1         acme  on                ->  s 0 -> 1, all\n"
               "day 1         acme  off               ->  s 1 -> 0, all\n"
               "day 1         acme  on                ->  s 0 -> 1, all\n"
               "day 0         acme  off\n"
               "day 99        tick\n"
               "day 99        acme  off               ->  s 1 -> 0, all\n");
}

Test(s02_windows, days_begin_in_the_zone)
{
    spec_holds("S2", "time: {zone: Asia/Kolkata}\n" SCORE("m: {count: x, over: 1d}"),
               "day 0 18:29  acme  x                  ->  s 0 -> 1, all\n"
               "next                                  ->  day 0 18:30\n"
               "day 0 18:30  tick                     ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s02_windows, days_of_a_clock_change_have_23_or_25_hours)
{
    spec_holds("S2", "time: {zone: Europe/Amsterdam}\n" SCORE("m: {count: x, over: 1d}"),
               "UTC 2026-03-28 23:00  acme  x         ->  s 0 -> 1, all\n"
               "UTC 2026-03-29 21:59  acme  x         ->  s 1 -> 2, all\n"
               "UTC 2026-03-29 22:00  tick            ->  acme s 2 -> 0, all (expiry)\n"
               "UTC 2026-10-24 22:00  acme  x         ->  s 0 -> 1, all\n"
               "UTC 2026-10-25 22:59  acme  x         ->  s 1 -> 2, all\n"
               "UTC 2026-10-25 23:00  tick            ->  acme s 2 -> 0, all (expiry)\n");
}

/* Samoa had no 30 December 2011: the day after the 29th is the 31st, and begins at 10:00 UTC. */
Test(s02_windows, a_date_that_a_zone_left_out_is_no_day)
{
    spec_shows("S2", SPEC_ORIGIN, "time: {zone: Pacific/Apia}\n" SCORE("m: {count: x, over: 2d}"),
               "UTC 2011-12-29 12:00  acme  x         ->  s 0 -> 1, all #offset 0\n"
               "UTC 2011-12-30 09:59  acme  x         ->  s 1 -> 2, all #offset 1\n"
               "UTC 2011-12-30 10:00  acme  x         ->  s 2 -> 3, all #offset 2\n"
               "UTC 2011-12-31 10:00  tick            ->  acme s 3 -> 1, all (expiry) "
               "#boundary day -5115 10:00\n");
}

Test(s02_windows, hours_are_aligned_to_the_zone)
{
    spec_holds("S2", "time: {zone: Asia/Kolkata, pane: 1h}\n" SCORE("m: {count: x, over: 2h}"),
               "day 0 10:29  acme  x                  ->  s 0 -> 1, all\n"
               "day 0 10:30  acme  x                  ->  s 1 -> 2, all\n"
               "day 0 11:30  tick                     ->  acme s 2 -> 1, all (expiry)\n"
               "day 0 12:30  tick                     ->  acme s 1 -> 0, all (expiry)\n");
}

Test(s02_windows, every_kind_of_measure_forgets_the_pane_that_leaves)
{
    spec_holds("S2", SCORE("m: {sum: value, of: x, over: 2d}"),
               "day 0  acme  x value=2.5              ->  s 0 -> 2.5, all\n"
               "day 1  acme  x value=4                ->  s 2.5 -> 6.5, all\n"
               "day 2  tick                           ->  acme s 6.5 -> 4, all (expiry)\n");
    spec_holds("S2", SCORE("m: {active: x, over: 2d}"),
               "day 0        acme  x                  ->  s 0 -> 1, all\n"
               "day 0 12:00  acme  x\n"
               "day 1        acme  x                  ->  s 1 -> 2, all\n"
               "day 2        tick                     ->  acme s 2 -> 1, all (expiry)\n");
    spec_holds("S2", SCORE("m: {members: x, over: 2d}"),
               "day 0        acme  x member=ann       ->  s 0 -> 1, all\n"
               "day 0 12:00  acme  x member=bob       ->  s 1 -> 2, all\n"
               "day 1        acme  x member=ann\n"
               "day 1 12:00  acme  x\n"
               "day 2        tick                     ->  acme s 2 -> 1, all (expiry)\n"
               "day 3        tick                     ->  acme s 1 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {last: value, of: x, over: 2d}"),
               "day 1        acme  x value=4          ->  s 0 -> 4, all\n"
               "day 0        acme  x value=9\n"
               "day 1        acme  x value=7          ->  s 4 -> 7, all\n"
               "day 1        acme  x\n"
               "day 3        tick                     ->  acme s 7 -> 0, all (expiry)\n");
}

Test(s02_windows, a_ratio_changes_when_something_leaves_either_window)
{
    spec_holds("S2", SCORE("m: {ratio: [a, b]}, a: {count: x, over: 4d}, b: {count: y, over: 2d}"),
               "day 0  acme  x\n"
               "day 0  acme  x\n"
               "day 0  acme  y                        ->  s 0 -> 2, all\n"
               "day 1  acme  y                        ->  s 2 -> 1, all\n"
               "day 2  tick                           ->  acme s 1 -> 2, all (expiry)\n"
               "day 3  tick                           ->  acme s 2 -> 0, all (expiry)\n"
               "day 3  acme  y                        ->  s 0 -> 2, all\n"
               "day 4  tick                           ->  acme s 2 -> 0, all (expiry)\n");
}

Test(s02_windows, a_window_that_lies_back_covers_the_panes_before_the_newer_ones)
{
    spec_holds("S2", SCORE("m: {count: x, over: 2d, ago: 3d}"),
               "day 0  acme  x\n"
               "day 0  acme  x\n"
               "day 2  acme  x\n"
               "day 3  tick                           ->  acme s 0 -> 2, all (expiry)\n"
               "day 5  tick                           ->  acme s 2 -> 1, all (expiry)\n"
               "day 7  tick                           ->  acme s 1 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {active: x, over: 1d, ago: 1d}"),
               "day 0        acme  x\n"
               "day 0        acme  x\n"
               "day 1        tick                     ->  acme s 0 -> 1, all (expiry)\n"
               "day 2        tick                     ->  acme s 1 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {sum: value, of: x, over: 2d, ago: 1d}"),
               "day 0  acme  x value=2.5\n"
               "day 1  acme  x value=4                ->  s 0 -> 2.5, all (expiry)\n"
               "day 2  tick                           ->  acme s 2.5 -> 6.5, all (expiry)\n"
               "day 3  tick                           ->  acme s 6.5 -> 4, all (expiry)\n");
}

Test(s02_windows, panes_since_an_event_grow_by_one_at_each_boundary_and_end_with_the_window)
{
    spec_holds("S2", SCORE("m: {since: x, over: 4d}"),
               "day 0        acme  x\n"
               "day 1        tick                     ->  acme s 0 -> 1, all (expiry)\n"
               "day 1        acme  x                  ->  s 1 -> 0, all\n"
               "day 3        tick                     ->  day 2 acme s 0 -> 1, all (expiry)\n"
               "                                      ->  acme s 1 -> 2, all (expiry)\n"
               "day 0        acme  x\n"
               "day 4        tick                     ->  acme s 2 -> 3, all (expiry)\n"
               "day 3        acme  x                  ->  s 3 -> 1, all (correction)\n"
               "day 6        tick                     ->  day 5 acme s 1 -> 2, all (expiry)\n"
               "                                      ->  acme s 2 -> 3, all (expiry)\n"
               "day 7        tick                     ->  acme s 3 -> 0, all (expiry)\n");
    spec_holds("S2", SCORE("m: {since: x, over: week}"),
               "day 2        acme  x\n" /* a Saturday */
               "day 3        tick                     ->  acme s 0 -> 1, all (expiry)\n"
               "day 4        tick                     ->  acme s 1 -> 0, all (expiry)\n"
               "day 9        tick\n");
}
