/* S1 Clock. A task's clock is the largest event time accepted, or a later tick. It never goes
 * back. */
#include "spec.h"
#include <criterion/criterion.h>

static const char model[] = "measures: {m: {count: x, over: 3d}}\n"
                            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 4}},\n"
                            "             bands: {low: 0, high: 5}, tell_every: 1}}\n";

Test(s01_clock, the_clock_is_the_largest_event_time)
{
    spec_holds("S1", model,
               "clock                                   ->  never\n"
               "day 3 10:00  acme    x                  ->  s 0 -> 2.5, low\n"
               "clock                                   ->  day 3 10:00\n"
               "day 3 09:00  acme    x                  ->  s 2.5 -> 5, low -> high\n"
               "clock                                   ->  day 3 10:00\n"
               "day 3 11:00  zenith  x                  ->  s 0 -> 2.5, low\n"
               "clock                                   ->  day 3 11:00\n");
}

Test(s01_clock, an_older_event_is_told_at_the_clock)
{
    spec_holds("S1", model,
               "day 3 10:00  acme    x                  ->  s 0 -> 2.5, low\n"
               "day 2 10:00  zenith  x                  ->  s 0 -> 2.5, low (correction)\n"
               "clock                                   ->  day 3 10:00\n");
}

Test(s01_clock, a_filtered_event_moves_the_clock)
{
    spec_holds("S1", model,
               "day 3        acme    unheard.of         ->  filtered\n"
               "clock                                   ->  day 3\n"
               "next                                    ->  day 4\n"
               "view acme                               ->  unknown\n");
}

Test(s01_clock, a_duplicate_moves_the_clock)
{
    spec_holds("S1", model,
               "day 3        acme    x id=a             ->  s 0 -> 2.5, low\n"
               "day 4 12:00  acme    x id=a             ->  duplicate\n"
               "clock                                   ->  day 4 12:00\n");
}

Test(s01_clock, bad_and_future_events_do_not_move_the_clock)
{
    spec_holds("S1", model,
               "day 3        acme    x                  ->  s 0 -> 2.5, low\n"
               "bad                                     ->  bad\n"
               "day 9        acme    x future           ->  future\n"
               "clock                                   ->  day 3\n");
}

Test(s01_clock, a_tick_moves_the_clock_to_the_newest_boundary)
{
    spec_holds("S1", model,
               "day 0 12:00  acme    x                  ->  s 0 -> 2.5, low\n"
               "day 2 18:00  tick\n"
               "clock                                   ->  day 2\n"
               "next                                    ->  day 3\n");
}

Test(s01_clock, a_tick_within_the_pane_or_before_the_clock_does_nothing)
{
    spec_holds("S1", model,
               "day 3 10:00  acme    x                  ->  s 0 -> 2.5, low\n"
               "day 3 23:00  tick\n"
               "clock                                   ->  day 3 10:00\n"
               "day 1        tick\n"
               "clock                                   ->  day 3 10:00\n");
}

Test(s01_clock, a_tick_before_the_first_event_does_nothing)
{
    spec_holds("S1", model,
               "day 5        tick\n"
               "clock                                   ->  never\n"
               "next                                    ->  never\n"
               "day 3        acme    x                  ->  s 0 -> 2.5, low\n");
}
