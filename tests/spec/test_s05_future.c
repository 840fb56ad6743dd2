/* S5 Future. An event too far ahead of the wall clock when first seen is refused and does not move
 * the clock. Who looks at the wall clock is outside the engine, which is told the verdict. */
#include "spec.h"
#include <criterion/criterion.h>

static const char model[] = "measures: {m: {count: x, over: 3d}}\n"
                            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 2}},\n"
                            "             bands: {low: 0, high: 5}}}\n";

Test(s05_future, a_future_event_makes_nobody_late)
{
    spec_holds("S5", model,
               "day 0    acme    x                      ->  s 0 -> 5, low -> high\n"
               "day 900  zenith  x future               ->  future\n"
               "clock                                   ->  day 0\n"
               "day 0    zenith  x                      ->  s 0 -> 5, low -> high\n");
}

Test(s05_future, a_future_event_is_not_remembered)
{
    spec_holds("S5", model,
               "day 0    acme    x id=a future          ->  future\n"
               "view acme                               ->  unknown\n"
               "day 0    acme    x id=a                 ->  s 0 -> 5, low -> high\n"
               "counters                                ->  read 2, counted 1, future 1\n");
}
