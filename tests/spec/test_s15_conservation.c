/* S15 Conservation: read = counted + duplicate + late + future + bad + filtered. */
#include "spec.h"
#include <criterion/criterion.h>

Test(s15_conservation, every_event_has_exactly_one_fate)
{
    spec_holds("S15",
               "measures: {m: {count: x, over: 2d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 90}},\n"
               "             bands: {all: 0}}}\n",
               "counters                       ->  read 0\n"
               "day 5  acme    x id=a\n"
               "day 5  acme    x id=b\n"
               "day 5  acme    x id=a          ->  duplicate\n"
               "day 3  acme    x id=c          ->  late\n"
               "bad                            ->  bad\n"
               "day 5  acme    y               ->  filtered\n"
               "day 9  zenith  x future        ->  future\n"
               "counters                       ->  read 7, counted 2, duplicate 1, late 1, "
               "future 1, bad 1, filtered 1\n");
}

Test(s15_conservation, ticks_are_not_events)
{
    spec_holds("S15",
               "measures: {m: {count: x, over: 2d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 90}},\n"
               "             bands: {all: 0}}}\n",
               "day 5  acme  x\n"
               "day 9  tick\n"
               "counters                       ->  read 1, counted 1\n");
}
