/* S13 One output per transition. Output ids are deterministic: each effect names what caused it, an
 * input offset or a boundary. */
#include "spec.h"
#include <criterion/criterion.h>

static const char model[] = "measures: {m: {sum: value, of: x, over: 3d}}\n"
                            "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
                            "             bands: {low: 0, high: 5}}}\n"
                            "alerts: {a: {score: s, falls_to: low}}\n";

Test(s13_once, an_event_is_named_by_its_offset_and_a_boundary_by_its_instant)
{
    spec_shows("S13", SPEC_ORIGIN, model,
               "day 0  acme    x value=9   ->  s 0 -> 9, low -> high #offset 0\n"
               "day 4  zenith  x value=9   ->  day 3 acme s 9 -> 0, high -> low (expiry) "
               "#boundary day 3\n"
               "                           ->  day 3 acme a opened at 0, low #boundary day 3\n"
               "                           ->  s 0 -> 9, low -> high #offset 1\n");
}

Test(s13_once, what_stays_true_is_not_told_again)
{
    spec_holds("S13", model,
               "day 0  acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 0  acme  x value=0.5\n"
               "day 1  acme  x value=-9    ->  s 9 -> 0.5, high -> low\n"
               "                           ->  a opened at 0.5, low\n"
               "day 1  acme  x value=0.1\n"
               "day 2  acme  x value=-0.1\n"
               "day 3  tick\n");
}

Test(s13_once, an_evaluation_that_changes_nothing_says_nothing)
{
    spec_holds("S13", model,
               "day 0  acme  x value=9     ->  s 0 -> 9, low -> high\n"
               "day 1  acme  x value=9\n"
               "day 3  tick\n"
               "day 4  tick                ->  acme s 9 -> 0, high -> low (expiry)\n"
               "                           ->  acme a opened at 0, low\n"
               "day 9  tick\n");
}
