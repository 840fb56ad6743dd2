/* Quiet times: what opens in them is told when they are over, if it is still open. Day 0 is a
 * Thursday, so days 2 and 3 are a weekend, and so are 9 and 10. */
#include "spec.h"
#include <criterion/criterion.h>

/* A log-in counts for two days. */
#define PROGRAM                                                                                    \
    "scores:\n"                                                                                    \
    "  s: {points: {login: 1, logout: -1}, over: 2d, bands: {low: 0, ok: 1}}\n"                    \
    "alerts:\n"                                                                                    \
    "  risk: {score: s, falls_to: low, cooldown: 3d}\n"                                            \
    "  back: {score: s, rises_to: ok}\n"
#define WEEKEND PROGRAM "quiet: {weekend: {days: [6, 7]}}\n"

/* The alert `back` of both opens in the first pane of all, which has no boundary. */
Test(quiet, what_opens_at_a_weekend_is_told_on_monday_if_it_is_still_open)
{
    spec_holds("S13", WEEKEND,
               "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "day 2 02:00  zenith  login   ->  s 0 -> 1, low -> ok\n"
               "day 3 01:00  other   login   ->  s 0 -> 1, low -> ok\n"
               "day 3 02:00  zenith  logout  ->  s 1 -> 0, ok -> low\n"
               "day 4        tick            ->  acme s 1 -> 0, ok -> low (expiry)\n"
               "                             ->  acme risk opened at 0, low\n"
               "                             ->  other back opened at 1, ok\n"
               "                             ->  zenith risk opened at -1, low\n"
               "day 4 01:00  zenith  login\n"
               "day 4 02:00  zenith  login   ->  s 0 -> 1, low -> ok\n"
               "                             ->  risk resolved at 1, ok\n"
               "                             ->  back opened at 1, ok\n");
}

Test(quiet, what_was_told_before_is_resolved_on_a_quiet_day_too)
{
    spec_holds("S13", WEEKEND,
               "day 1 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "                             ->  back opened at 1, ok\n"
               "day 2 01:00  acme    logout  ->  s 1 -> 0, ok -> low\n"
               "                             ->  back resolved at 0, low\n"
               "day 4        tick            ->  acme risk opened at 0, low\n");
}

/* Cooldowns count from the opening, told or not: the fall of day 3 is over before Monday, and the
 * one of day 4 may open from the boundary after day 6 01:00 on. */
Test(quiet, a_cooldown_begins_when_an_alert_opens)
{
    spec_holds("S13", PROGRAM "quiet: {weekend: {days: [6, 7], alerts: [risk]}}\n",
               "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "                             ->  back opened at 1, ok\n"
               "day 3 01:00  acme    logout  ->  s 1 -> 0, ok -> low\n"
               "                             ->  back resolved at 0, low\n"
               "day 3 02:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "                             ->  back opened at 1, ok\n"
               "day 5        tick            ->  day 4 acme s 1 -> 0, ok -> low (expiry)\n"
               "                             ->  day 4 acme back resolved at 0, low\n"
               "day 7        tick            ->  acme risk opened at 0, low\n");
}

Test(quiet, several_times_one_after_the_other_are_one)
{
    spec_holds("S13",
               PROGRAM "quiet: {saturday: {days: [6]}, sunday: {days: [7], alerts: [back]}}\n",
               "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "day 4        tick            ->  acme s 1 -> 0, ok -> low (expiry)\n"
               "                             ->  acme risk opened at 0, low\n");
}

Test(quiet, a_model_without_quiet_times_tells_what_was_held)
{
    spec_changes("S14", 0, (const char *const[]){WEEKEND, PROGRAM, NULL},
                 "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
                 "becomes 2                    ->  acme back opened at 1, ok\n"
                 "day 2 03:00  acme    logout  ->  s 1 -> 0, ok -> low\n"
                 "                             ->  risk opened at 0, low\n"
                 "                             ->  back resolved at 0, low\n");
}

/* A model that comes at a quiet time has told nothing less than the one before: it holds from the
 * next boundary on. */
Test(quiet, a_model_that_comes_at_a_quiet_time_holds_from_the_next_boundary_on)
{
    spec_changes("S14", 0, (const char *const[]){PROGRAM, WEEKEND, NULL},
                 "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
                 "                             ->  back opened at 1, ok\n"
                 "becomes 2\n"
                 "day 2 03:00  zenith  login   ->  s 0 -> 1, low -> ok\n"
                 "                             ->  back opened at 1, ok\n"
                 "day 3 01:00  other   login   ->  s 0 -> 1, low -> ok\n"
                 "day 3 02:00  zenith  logout  ->  s 1 -> 0, ok -> low\n"
                 "                             ->  back resolved at 0, low\n"
                 "day 4        tick            ->  acme s 1 -> 0, ok -> low (expiry)\n"
                 "                             ->  acme risk opened at 0, low\n"
                 "                             ->  acme back resolved at 0, low\n"
                 "                             ->  other back opened at 1, ok\n"
                 "                             ->  zenith risk opened at -1, low\n");
}

Test(quiet, what_was_held_stays_so_under_another_model_that_is_quiet_then)
{
    spec_changes("S14", 0,
                 (const char *const[]){
                     WEEKEND, PROGRAM "quiet: {other: {days: [5, 6], alerts: [back]}}\n", NULL},
                 "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
                 "day 2 02:00  zenith  login   ->  s 0 -> 1, low -> ok\n"
                 "day 2 03:00  zenith  logout  ->  s 1 -> 0, ok -> low\n"
                 "becomes 2                    ->  zenith risk opened at 0, low\n"
                 "day 3        tick            ->  acme back opened at 1, ok\n");
}

Test(quiet, nothing_is_told_of_who_was_erased)
{
    spec_holds("S13", WEEKEND,
               "day 2 01:00  acme    login   ->  s 0 -> 1, low -> ok\n"
               "day 2 02:00  zenith  login   ->  s 0 -> 1, low -> ok\n"
               "day 3 02:00  zenith  login\n"
               "erase acme\n"
               "day 4        tick            ->  zenith back opened at 1, ok\n");
}

/* A log-in a day by two; a day without any holds alerts. */
#define GUARDED(then)                                                                              \
    PROGRAM "quiet: {weekend: {days: [6, 7]}}\n"                                                   \
            "guards: {portal: {silence: login, usual_least: 2, below: 50%, then: " then "}}\n"
#define DAY(day)                                                                                   \
    "day " day " 01:00  acme    login\n"                                                           \
    "day " day " 02:00  zenith  login\n"

/* From a Thursday to the next one; nothing comes on Friday (day 8), so the guard holds from
 * Saturday on, and Saturday is as usual. What is held then is held by the weekend alone. */
#define WEEK                                                                                       \
    "day 0 01:00  acme    login  ->  s 0 -> 1, low -> ok\n"                                        \
    "                            ->  back opened at 1, ok\n"                                       \
    "day 0 02:00  zenith  login  ->  s 0 -> 1, low -> ok\n"                                        \
    "                            ->  back opened at 1, ok\n" DAY("1") DAY("2") DAY("3") DAY("4")   \
        DAY("5") DAY("6") DAY("7")

Test(quiet, what_a_guard_and_a_weekend_hold_is_told_when_neither_does)
{
    spec_holds("S13", GUARDED("tell"),
               WEEK "day 9        tick           ->  portal began, 0 of 2\n"
                    "                            ->  acme s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  acme back resolved at 0, low\n"
                    "                            ->  zenith s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  zenith back resolved at 0, low\n"
                    "day 9 01:00  acme    login  ->  s 0 -> 1, low -> ok\n"
                    "day 9 02:00  other   login  ->  s 0 -> 1, low -> ok\n"
                    "day 10       tick           ->  portal ended, 2 of 2, since day 9, held 2\n"
                    "day 10 01:00 third   login  ->  s 0 -> 1, low -> ok\n"
                    "day 10 02:00 third   login\n"
                    "day 11       tick           ->  acme s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  other s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  other risk opened at 0, low\n"
                    "                            ->  zenith risk opened at 0, low\n"
                    "                            ->  third back opened at 2, ok\n");
}

Test(quiet, what_a_guard_drops_is_not_told_after_the_weekend_either)
{
    spec_holds("S13", GUARDED("drop"),
               WEEK "day 9        tick           ->  portal began, 0 of 2\n"
                    "                            ->  acme s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  acme back resolved at 0, low\n"
                    "                            ->  zenith s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  zenith back resolved at 0, low\n"
                    "day 9 01:00  other   login  ->  s 0 -> 1, low -> ok\n"
                    "day 9 02:00  other   login\n"
                    "day 10       tick           ->  portal ended, 2 of 2, since day 9, held 2\n"
                    "day 10 01:00 acme    login  ->  s 0 -> 1, low -> ok\n"
                    "day 11       tick           ->  acme back opened at 1, ok\n"
                    "                            ->  other s 1 -> 0, ok -> low (expiry)\n"
                    "                            ->  other risk opened at 0, low\n");
}
