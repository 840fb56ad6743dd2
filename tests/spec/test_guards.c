/* Guards: alerts are held while a source is quiet for everybody, and told or dropped when it comes
 * back. */
#include "spec.h"
#include <criterion/criterion.h>

/* A log-in counts for two days. */
#define PROGRAM                                                                                    \
    "measures: {logins: {count: login, over: 2d}}\n"                                               \
    "scores:\n"                                                                                    \
    "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 1}}, bands: {low: 0, ok: 5}}\n"     \
    "alerts: {risk: {score: s, falls_to: low}}\n"
#define GUARD(more) PROGRAM "guards: {portal: {usual_least: 2, below: 50%" more "}}\n"

#define DAY(day)                                                                                   \
    "day " day " 01:00  acme    login\n"                                                           \
    "day " day " 02:00  zenith  login\n"

/* Both come on the days 0 to 8. The first day was not watched from its beginning, the next seven
 * say what is usual, the eighth is as usual. */
#define NINE_DAYS                                                                                  \
    "day 0 01:00  acme    login  ->  s 0 -> 10, low -> ok\n"                                       \
    "day 0 02:00  zenith  login  ->  s 0 -> 10, low -> ok\n" DAY("1") DAY("2") DAY("3") DAY("4")   \
        DAY("5") DAY("6") DAY("7") DAY("8")

#define FALLS                                                                                      \
    "                            ->  acme s 10 -> 0, ok -> low (expiry)\n"                         \
    "                            ->  zenith s 10 -> 0, ok -> low (expiry)\n"

#define UNHELD                                                                                     \
    "                            ->  acme s 10 -> 0, ok -> low (expiry)\n"                         \
    "                            ->  acme risk opened at 0, low\n"                                 \
    "                            ->  zenith s 10 -> 0, ok -> low (expiry)\n"                       \
    "                            ->  zenith risk opened at 0, low\n"

Test(guards, a_day_without_anything_holds_alerts_and_one_as_usual_tells_what_is_still_open)
{
    spec_holds("S13", GUARD(""),
               NINE_DAYS "day 10       tick           ->  portal began, 0 of 2\n" FALLS
                         "day 10 01:00 acme    login  ->  s 0 -> 10, low -> ok\n"
                         "day 10 02:00 other   login  ->  s 0 -> 10, low -> ok\n"
                         "day 11       tick           ->  portal ended, 2 of 2, since day 10, "
                         "held 2\n"
                         "                            ->  zenith risk opened at 0, low\n"
                         "day 11 01:00 zenith  login  ->  s 0 -> 10, low -> ok\n"
                         "                            ->  risk resolved at 10, ok\n");
}

Test(guards, what_is_dropped_is_never_told_and_neither_is_its_end)
{
    spec_holds("S13", GUARD(", then: drop"),
               NINE_DAYS "day 10       tick           ->  portal began, 0 of 2\n" FALLS
                         "day 10 01:00 acme    login  ->  s 0 -> 10, low -> ok\n"
                         "day 10 02:00 other   login  ->  s 0 -> 10, low -> ok\n"
                         "day 11       tick           ->  portal ended, 2 of 2, since day 10, "
                         "held 2\n"
                         "day 11 01:00 zenith  login  ->  s 0 -> 10, low -> ok\n");
}

Test(guards, what_was_told_before_is_resolved_as_ever)
{
    spec_holds("S13", GUARD(", after: 2d"),
               NINE_DAYS "day 10       tick\n" UNHELD
                         "day 11       tick           ->  portal began, 0 of 2\n"
                         "day 11 01:00 zenith  login  ->  s 0 -> 10, low -> ok\n"
                         "                            ->  risk resolved at 10, ok\n");
}

Test(guards, a_silence_that_does_not_end_is_given_up_and_what_is_usual_is_learnt_anew)
{
    spec_holds("S13", GUARD(", at_most: 3d"),
               NINE_DAYS "day 10       tick           ->  portal began, 0 of 2\n" FALLS
                         "day 40       tick           ->  day 13 portal ended, 0 of 2, since day "
                         "10, held 2\n"
                         "                            ->  day 13 acme risk opened at 0, low\n"
                         "                            ->  day 13 zenith risk opened at 0, low\n");
}

Test(guards, a_pane_that_is_not_quiet_has_to_be_followed_by_others_until_it_settles)
{
    spec_holds("S13", GUARD(", settle: 2d"),
               NINE_DAYS "day 10       tick           ->  portal began, 0 of 2\n" FALLS
                         "day 10 01:00 acme    login  ->  s 0 -> 10, low -> ok\n"
                         "day 10 02:00 acme    login\n"
                         "day 11 01:00 acme    login\n"
                         "day 11 02:00 acme    login\n"
                         "day 12       tick           ->  portal ended, 2 of 2, since day 10, "
                         "held 2\n"
                         "                            ->  zenith risk opened at 0, low\n");
}

Test(guards, what_is_seldom_says_nothing)
{
    spec_holds("S13", PROGRAM "guards: {portal: {usual_least: 3, below: 50%}}\n",
               NINE_DAYS "day 10       tick\n" UNHELD);
}

/* The clock goes on by events of another action, and only the log-ins are missed. */
Test(guards, only_the_actions_of_a_guard_are_watched)
{
    spec_holds("S13",
               "measures: {logins: {count: login, over: 2d}, pays: {count: pay, over: 2d}}\n"
               "scores:\n"
               "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 1}}, bands: {low: 0, ok: "
               "5}}\n"
               "  p: {scale: 10, dimensions: {pays: {weight: 1, target: 1}}, bands: {low: 0, ok: "
               "5}}\n"
               "alerts: {risk: {score: s, falls_to: low}, poor: {score: p, falls_to: low}}\n"
               "guards: {portal: {silence: login, usual_least: 2, below: 50%}}\n",
               NINE_DAYS "day 8 03:00  acme    pay    ->  p 0 -> 10, low -> ok\n"
                         "day 10       tick           ->  portal began, 0 of 2\n"
                         "                            ->  acme s 10 -> 0, ok -> low (expiry)\n"
                         "                            ->  acme p 10 -> 0, ok -> low (expiry)\n"
                         "                            ->  acme poor opened at 0, low\n"
                         "                            ->  zenith s 10 -> 0, ok -> low (expiry)\n");
}

#define HELD NINE_DAYS "day 10       tick           ->  portal began, 0 of 2\n" FALLS

Test(guards, what_is_held_is_told_by_a_change_after_which_nobody_holds_it)
{
    spec_changes("S14", 0, (const char *const[]){GUARD(""), PROGRAM, NULL},
                 HELD "becomes 2                  ->  acme risk opened at 0, low\n"
                      "                           ->  zenith risk opened at 0, low\n"
                      "day 11 01:00 zenith  login ->  s 0 -> 10, low -> ok\n"
                      "                           ->  risk resolved at 10, ok\n");
}

/* What opens at the moment at which nothing holds it any more was not held, as at a boundary. */
Test(guards, a_change_drops_what_opened_before_its_own_moment)
{
    const char *const models[] = {GUARD(", then: drop"), PROGRAM, NULL};
    spec_changes("S14", 0, models,
                 HELD "day 10 01:00 other   login  ->  s 0 -> 10, low -> ok\n"
                      "becomes 2\n");
    spec_changes("S14", 0, models,
                 HELD "becomes 2                  ->  acme risk opened at 0, low\n"
                      "                           ->  zenith risk opened at 0, low\n"
                      "day 11 01:00 zenith  login ->  s 0 -> 10, low -> ok\n"
                      "                           ->  risk resolved at 10, ok\n");
}

Test(guards, a_guard_of_the_same_name_goes_on_holding_what_it_held)
{
    spec_changes("S14", 0,
                 (const char *const[]){GUARD(""), GUARD(", settle: 2d, description: Other."), NULL},
                 HELD "becomes 2\n"
                      "day 10 01:00 acme    login  ->  s 0 -> 10, low -> ok\n"
                      "day 10 02:00 acme    login\n"
                      "day 11 01:00 acme    login\n"
                      "day 11 02:00 acme    login\n"
                      "day 12       tick           ->  portal ended, 2 of 2, since day 10, held 2\n"
                      "                            ->  zenith risk opened at 0, low\n");
}
