/* Budgets: of what opens in a period those that rank first are told when it ends. Day 0 is a
 * Thursday. */
#include "spec.h"
#include <criterion/criterion.h>

/* An alert opens at the first log-in of two days, and is resolved by a log-out. */
#define PROGRAM                                                                                    \
    "measures: {worth: {last: value, of: sale, over: 30d}}\n"                                      \
    "scores:\n"                                                                                    \
    "  s: {points: {login: 1, logout: -1}, over: 5d, bands: {low: 0, ok: 1}}\n"                    \
    "alerts: {back: {score: s, rises_to: ok}}\n"
#define BUDGET(more) PROGRAM "budgets: {calls: {at_most: 1, rank: worth" more "}}\n"

#define WORTH                                                                                      \
    "day 0 01:00  a    sale value=5\n"                                                             \
    "day 0 02:00  b    sale value=7\n"                                                             \
    "day 0 03:00  c    sale value=7\n"
#define COME(day)                                                                                  \
    "day " day " 05:00  a    login  ->  s 0 -> 1, low -> ok\n"                                     \
    "day " day " 06:00  c    login  ->  s 0 -> 1, low -> ok\n"                                     \
    "day " day " 07:00  b    login  ->  s 0 -> 1, low -> ok\n"                                     \
    "day " day " 08:00  d    login  ->  s 0 -> 1, low -> ok\n"

Test(budgets, the_first_are_told_and_the_others_stand_in_a_digest)
{
    spec_holds("S13", BUDGET(""),
               WORTH COME("0") "day 1        tick         ->  b back opened at 1, ok\n"
                               "                          ->  calls tells 1, left out 3: "
                               "c back 7, a back 5, d back none\n"
                               "day 1 01:00  b    logout  ->  s 1 -> 0, ok -> low\n"
                               "                          ->  back resolved at 0, low\n"
                               "day 1 02:00  c    logout  ->  s 1 -> 0, ok -> low\n"
                               "day 2        tick\n");
}

Test(budgets, the_least_may_come_first_and_who_has_no_value_comes_last_all_the_same)
{
    spec_holds("S13", BUDGET(", order: lowest, show: 2"),
               WORTH COME("0") "day 1        tick         ->  a back opened at 1, ok\n"
                               "                          ->  calls tells 1, left out 3: "
                               "b back 7, c back 7\n");
}

Test(budgets, what_was_resolved_in_time_takes_no_place)
{
    spec_holds("S13", BUDGET(""),
               WORTH COME("0") "day 0 09:00  b    logout  ->  s 1 -> 0, ok -> low\n"
                               "day 0 10:00  c    logout  ->  s 1 -> 0, ok -> low\n"
                               "day 0 11:00  d    logout  ->  s 1 -> 0, ok -> low\n"
                               "day 1        tick         ->  a back opened at 1, ok\n");
}

Test(budgets, an_opening_at_the_boundary_is_in_and_one_behind_it_is_not)
{
    spec_holds("S13",
               "scores:\n"
               "  s: {points: {login: 1, logout: -1}, over: 2d, bands: {low: -9, ok: 0}}\n"
               "alerts: {back: {score: s, rises_to: ok}}\n"
               "budgets: {calls: {at_most: 1, rank: s}}\n",
               "day 0 01:00  a    logout  ->  s 0 -> -1, ok -> low\n"
               "day 2        tick         ->  a s -1 -> 0, low -> ok (expiry)\n"
               "                          ->  a back opened at 0, ok\n"
               "day 2        b    logout  ->  s 0 -> -1, ok -> low\n"
               "day 2        b    login   ->  s -1 -> 0, low -> ok\n"
               "day 3        tick         ->  b back opened at 0, ok\n");
}

Test(budgets, each_segment_has_its_own)
{
    spec_holds("S13",
               "facts: {region: {set: join, from: region, values: [north, south]}}\n" PROGRAM
               "budgets: {calls: {at_most: 1, rank: worth, by: region}}\n",
               WORTH
               "day 0 03:30  a    join region=north\n"
               "day 0 03:40  b    join region=south\n"
               "day 0 03:50  c    join region=south\n" COME(
                   "0") "day 1        tick         ->  d back opened at 1, ok\n"
                        "                          ->  a back opened at 1, ok\n"
                        "                          ->  b back opened at 1, ok\n"
                        "                          ->  calls 2 tells 1, left out 1: c back 7\n");
}

Test(budgets, a_week_ends_on_monday)
{
    spec_holds("S13", BUDGET(", per: week"),
               WORTH COME("2") "day 4        tick         ->  b back opened at 1, ok\n"
                               "                          ->  calls tells 1, left out 3: "
                               "c back 7, a back 5, d back none\n");
}

/* Day 2 is a Saturday: what would be told at its end waits for Monday. */
Test(budgets, a_period_that_ends_at_a_quiet_time_is_told_after_it)
{
    spec_holds("S13", BUDGET("") "quiet: {weekend: {days: [6, 7]}}\n",
               WORTH "day 1 05:00  a    login  ->  s 0 -> 1, low -> ok\n"
                     "day 2 06:00  c    login  ->  s 0 -> 1, low -> ok\n"
                     "day 4        tick        ->  c back opened at 1, ok\n"
                     "                         ->  calls tells 1, left out 1: a back 5\n");
}

Test(budgets, the_control_group_takes_no_place)
{
    spec_holds("S13",
               "measures: {worth: {last: value, of: sale, over: 30d}}\n"
               "scores:\n"
               "  s: {points: {login: 1, logout: -1}, over: 5d, bands: {low: 0, ok: 1}}\n"
               "alerts: {back: {score: s, rises_to: ok, hold_out: 100%}}\n"
               "budgets: {calls: {at_most: 2, rank: worth}}\n",
               WORTH COME("0") "day 1        tick         ->  b back opened at 1, ok, held out\n"
                               "                          ->  c back opened at 1, ok, held out\n");
}

Test(budgets, a_change_that_takes_an_alert_out_of_its_budget_tells_what_it_has_held)
{
    spec_changes("S14", 0, (const char *const[]){BUDGET(""), PROGRAM, NULL},
                 WORTH COME("0") "day 1        tick         ->  b back opened at 1, ok\n"
                                 "                          ->  calls tells 1, left out 3: "
                                 "c back 7, a back 5, d back none\n"
                                 "day 1 01:00  e    login   ->  s 0 -> 1, low -> ok\n"
                                 "becomes 2                 ->  e back opened at 1, ok\n"
                                 "day 1 02:00  c    logout  ->  s 1 -> 0, ok -> low\n"
                                 "day 1 03:00  e    logout  ->  s 1 -> 0, ok -> low\n"
                                 "                          ->  back resolved at 0, low\n");
}

Test(budgets, a_change_that_brings_a_budget_leaves_what_was_told_alone)
{
    spec_changes("S14", 0, (const char *const[]){PROGRAM, BUDGET(""), NULL},
                 WORTH "day 0 05:00  a    login   ->  s 0 -> 1, low -> ok\n"
                       "                          ->  back opened at 1, ok\n"
                       "becomes 2\n"
                       "day 0 06:00  c    login   ->  s 0 -> 1, low -> ok\n"
                       "day 0 07:00  a    logout  ->  s 1 -> 0, ok -> low\n"
                       "                          ->  back resolved at 0, low\n"
                       "day 1        tick         ->  c back opened at 1, ok\n");
}
