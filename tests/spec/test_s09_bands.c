/* S9 Bands. Half-open, complete, no overlap. An edge is `from` (>=) or `above` (>). `margin` and
 * `dwell` stop flapping: leaving a band needs the score past the edge by the margin, for the
 * dwell. */
#include "spec.h"
#include <criterion/criterion.h>

#define MODEL(settings)                                                                            \
    "measures: {m: {sum: value, of: x, over: 90d}}\n"                                              \
    "scores: {s: {scale: 100, dimensions: {m: {weight: 1, target: 100}}, " settings "}}\n"

Test(s09_bands, from_takes_its_edge_and_above_does_not)
{
    spec_holds("S9", MODEL("bands: {low: 0, mid: 50, high: {above: 75}}"),
               "day 0  acme  x value=49.9999\n"
               "day 0  acme  x value=0.0001      ->  s 0 -> 50, low -> mid\n"
               "day 0  acme  x value=25\n"
               "day 0  acme  x value=0.0001      ->  s 50 -> 75.0001, mid -> high\n"
               "day 0  acme  x value=-0.0001     ->  s 75.0001 -> 75, high -> mid\n"
               "day 0  acme  x value=-25\n"
               "day 0  acme  x value=-0.0001     ->  s 75 -> 49.9999, mid -> low\n");
}

Test(s09_bands, without_a_margin_a_score_around_an_edge_flaps)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: 50}"),
               "day 0  acme  x value=50          ->  s 0 -> 50, low -> high\n"
               "day 0  acme  x value=-1          ->  s 50 -> 49, high -> low\n"
               "day 0  acme  x value=1           ->  s 49 -> 50, low -> high\n");
}

Test(s09_bands, a_margin_has_to_be_passed_in_both_directions)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: 50}, margin: 5"),
               "day 0  acme  x value=54.9999\n"
               "day 0  acme  x value=0.0001      ->  s 0 -> 55, low -> high\n"
               "day 0  acme  x value=-10\n"
               "day 0  acme  x value=-0.0001     ->  s 55 -> 44.9999, high -> low\n");
}

Test(s09_bands, a_margin_at_an_edge_above_is_left_at_the_edge_itself)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: {above: 50}}, margin: 5"),
               "day 0  acme  x value=55\n"
               "day 0  acme  x value=0.0001      ->  s 0 -> 55.0001, low -> high\n"
               "day 0  acme  x value=-10\n"
               "day 0  acme  x value=-0.0001     ->  s 55.0001 -> 45, high -> low\n");
}

Test(s09_bands, a_jump_takes_the_band_in_which_the_value_lies)
{
    spec_holds("S9", MODEL("bands: {low: 0, mid: 50, high: 80}, margin: 5"),
               "day 0  acme  x value=81          ->  s 0 -> 81, low -> high\n"
               "day 0  acme  x value=-32         ->  s 81 -> 49, high -> low\n");
}

Test(s09_bands, a_dwell_has_to_last)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: 50}, dwell: 2d"),
               "day 0 12:00  acme  x value=60\n"
               "day 2 11:59  acme  x value=1\n"
               "day 2 12:00  acme  x value=1     ->  s 0 -> 62, low -> high\n");
}

Test(s09_bands, a_dwell_begins_again_after_the_band_was_wanted_back)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: 50}, dwell: 2d"),
               "day 0 12:00  acme  x value=60\n"
               "day 1 12:00  acme  x value=-60\n"
               "day 2 12:00  acme  x value=60\n"
               "day 4        tick\n"
               "day 5        tick                ->  acme s 0 -> 60, low -> high (expiry)\n");
}

Test(s09_bands, a_dwell_ends_in_the_band_then_wanted)
{
    spec_holds("S9", MODEL("bands: {low: 0, mid: 50, high: 80}, dwell: 2d"),
               "day 0        acme  x value=60\n"
               "day 1        acme  x value=30\n"
               "day 2        tick                ->  acme s 0 -> 90, low -> high (expiry)\n");
}

Test(s09_bands, while_a_band_waits_values_are_told_in_the_band_in_force)
{
    spec_holds("S9", MODEL("bands: {low: 0, high: 50}, dwell: 2d, tell_every: 20"),
               "day 0        acme  x value=60    ->  s 0 -> 60, low\n"
               "day 2        tick                ->  acme s 60 -> 60, low -> high (expiry)\n"
               "day 2        acme  x value=-30   ->  s 60 -> 30, high\n"
               "day 4        tick                ->  acme s 30 -> 30, high -> low (expiry)\n");
}

Test(s09_bands, the_lowest_band_has_no_lower_edge)
{
    spec_holds("S9",
               "scores: {s: {points: {x: 5, refund: -5}, over: 9d,\n"
               "             bands: {low: 0, high: 5}, tell_every: 5}}\n",
               "day 0  acme  refund              ->  s 0 -> -5, low\n"
               "day 0  acme  x                   ->  s -5 -> 0, low\n");
}

Test(s09_bands, a_newcomer_comes_from_the_band_of_0)
{
    spec_holds("S9",
               "scores: {s: {points: {x: 5, refund: -5}, over: 9d,\n"
               "             bands: {debt: -20, even: -3, rich: 10}}}\n",
               "day 0  acme    x\n"
               "day 0  zenith  refund            ->  s 0 -> -5, even -> debt\n");
}
