/* Points that get less with the days since their action: S3 (at boundaries, with no event), S8 (in
 * integers, to the nearest), S4 (a late action by its own day), S14 (another model). */
#include "spec.h"
#include <criterion/criterion.h>

#define MODEL(rest)                                                                                \
    "scores: {s: {points: {x: 8, y: -4}, over: 6d, bands: {low: 0, high: 5}, " rest "}}\n"
#define TOLD "tell_every: 0.0001, "

Test(decay, S3_by_halves_in_straight_lines)
{
    spec_holds("S3", MODEL(TOLD "decay: {half_life: 2d}"),
               "day 0  acme  x   ->  s 0 -> 8, low -> high\n"
               "day 1  tick      ->  acme s 8 -> 6, high (expiry)\n"
               "day 4  tick      ->  day 2 acme s 6 -> 4, high -> low (expiry)\n"
               "                 ->  day 3 acme s 4 -> 3, low (expiry)\n"
               "                 ->  acme s 3 -> 2, low (expiry)\n"
               "day 9  tick      ->  day 5 acme s 2 -> 1.5, low (expiry)\n"
               "                 ->  day 6 acme s 1.5 -> 0, low (expiry)\n");
}

Test(decay, S3_in_steps_of_what_is_left)
{
    spec_holds("S3", MODEL(TOLD "decay: {step: 25%, every: 2d}"),
               "day 0  acme  x   ->  s 0 -> 8, low -> high\n"
               "day 1  acme  y   ->  s 8 -> 4, high -> low\n"
               "day 9  tick      ->  day 2 acme s 4 -> 2, low (expiry)\n"
               "                 ->  day 3 acme s 2 -> 3, low (expiry)\n"
               "                 ->  day 4 acme s 3 -> 1.5, low (expiry)\n"
               "                 ->  day 5 acme s 1.5 -> 2.25, low (expiry)\n"
               "                 ->  day 6 acme s 2.25 -> -2.25, low (expiry)\n"
               "                 ->  day 7 acme s -2.25 -> 0, low (expiry)\n");
}

Test(decay, S8_linear_to_nothing_and_to_the_nearest)
{
    spec_holds("S8", MODEL(TOLD "decay: {linear: 3d}"),
               "day 2  acme  x   ->  s 0 -> 8, low -> high\n"
               "day 3  tick      ->  acme s 8 -> 5.3333, high (expiry)\n"
               "day 3  acme  x   ->  s 5.3333 -> 13.3333, high\n"
               "day 9  tick      ->  day 4 acme s 13.3333 -> 8, high (expiry)\n"
               "                 ->  day 5 acme s 8 -> 2.6667, high -> low (expiry)\n"
               "                 ->  day 6 acme s 2.6667 -> 0, low (expiry)\n");
}

Test(decay, S4_a_late_action_by_its_own_day)
{
    spec_holds("S4", MODEL(TOLD "decay: {linear: 4d}"),
               "day 3  acme  y   ->  s 0 -> -4, low\n"
               "day 1  acme  x   ->  s -4 -> 0, low (correction)\n"
               "day 4  tick      ->  acme s 0 -> -1, low (expiry)\n");
}

Test(decay, S14_another_decay_is_of_the_same_counts)
{
    static const char *const models[] = {
        "scores: {s: {points: {x: 8}, over: 9d, bands: {low: 0}, tell_every: 1}}\n",
        "scores: {s: {points: {x: 8}, over: 9d, bands: {low: 0}, tell_every: 1, decay: {linear: "
        "4d}}}\n",
        NULL};
    spec_changes("S14", 0, models,
                 "day 0  acme  x   ->  s 0 -> 8, low\n"
                 "day 1  acme  x   ->  s 8 -> 16, low\n"
                 "becomes 2        ->  acme s 16 -> 14, low (config)\n"
                 "day 2  tick      ->  acme s 14 -> 10, low (expiry)\n");
}
