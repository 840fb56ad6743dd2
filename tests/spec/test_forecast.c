/* Alerts that look ahead: what they say of a score's fall, and when. */
#include "spec.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* Each log-in is worth a point for ten days. */
#define SCORE                                                                                      \
    "measures: {logins: {count: login, over: 10d}}\n"                                              \
    "scores:\n"                                                                                    \
    "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, bands: {low: 0, mid: 3, "     \
    "high: "                                                                                       \
    "6}}\n"

Test(forecast, a_silence_says_when_the_score_will_fall_and_into_which_band)
{
    spec_holds(
        "S3",
        SCORE "alerts: {gone: {silence: login, horizon: 20d, min_silence: 2d, risk: 0.001, "
              "min_active: 1, score: s, forecast: 10d}}\n",
        "day 0        acme  login\n"
        "day 0 01:00  acme  login\n"
        "day 0 02:00  acme  login  ->  s 0 -> 3, low -> mid\n"
        "day 4        tick  ->  day 3 acme gone opened, last day 0 02:00, gap 0h, risk 0.616, "
        "falls day 10 to low\n"
        "day 12       tick  ->  day 10 acme s 3 -> 0, mid -> low (expiry)\n");
}

Test(forecast, a_fall_behind_the_horizon_is_not_said)
{
    spec_holds(
        "S3",
        SCORE "alerts: {gone: {silence: login, horizon: 20d, min_silence: 2d, risk: 0.001, "
              "min_active: 1, score: s, forecast: 6d}}\n",
        "day 0        acme  login\n"
        "day 0 01:00  acme  login\n"
        "day 0 02:00  acme  login  ->  s 0 -> 3, low -> mid\n"
        "day 4        tick  ->  day 3 acme gone opened, last day 0 02:00, gap 0h, risk 0.616, "
        "falls not\n");
}

Test(forecast, the_first_fall_counts_not_the_deepest)
{
    spec_holds(
        "S3",
        SCORE "alerts: {gone: {silence: login, horizon: 20d, min_silence: 2d, risk: 0.001, "
              "min_active: 1, score: s, forecast: 20d}}\n",
        "day 0        acme  login\n"
        "day 0 01:00  acme  login\n"
        "day 1        acme  login  ->  s 0 -> 3, low -> mid\n"
        "day 1 01:00  acme  login\n"
        "day 1 02:00  acme  login\n"
        "day 1 03:00  acme  login  ->  s 3 -> 6, mid -> high\n"
        "day 5        tick  ->  day 4 acme gone opened, last day 1 03:00, gap 24h, risk 0.421, "
        "falls day 10 to mid\n");
}

#define WARN(more) SCORE "alerts: {risk: {score: s, falls_to: low, forecast: 3d" more "}}\n"

#define THREE                                                                                      \
    "day 0        acme  login\n"                                                                   \
    "day 0 01:00  acme  login\n"                                                                   \
    "day 0 02:00  acme  login  ->  s 0 -> 3, low -> mid\n"

Test(forecast, a_fall_is_warned_of_so_many_panes_ahead_and_the_alert_stays_open_when_it_comes)
{
    spec_holds("S3", WARN(""),
               THREE "day 6        tick\n"
                     "day 7        tick  ->  acme risk opened at 3, mid, falls day 10 to low\n"
                     "day 30       tick  ->  day 10 acme s 3 -> 0, mid -> low (expiry)\n");
}

/* Three log-ins more are needed so that three are left when the first three have gone. */
#define SAVED                                                                                      \
    THREE                                                                                          \
    "day 7        tick  ->  acme risk opened at 3, mid, falls day 10 to low\n"                     \
    "day 8        acme  login\n"                                                                   \
    "day 8 01:00  acme  login\n"                                                                   \
    "day 8 02:00  acme  login  ->  s 3 -> 6, mid -> high\n"                                        \
    "                          ->  risk resolved at 6, high\n"

Test(forecast, an_action_that_puts_the_fall_off_resolves_the_warning)
{
    spec_holds("S13", WARN(""),
               SAVED
               "day 14       tick  ->  day 10 acme s 6 -> 3, high -> mid (expiry)\n"
               "day 16       tick  ->  day 15 acme risk opened at 3, mid, falls day 18 to low\n"
               "day 30       tick  ->  day 18 acme s 3 -> 0, mid -> low (expiry)\n");
}

Test(forecast, a_warning_waits_for_the_end_of_a_cooldown)
{
    spec_holds("S13", WARN(", cooldown: 10d"),
               SAVED "day 16       tick  ->  day 10 acme s 6 -> 3, high -> mid (expiry)\n"
                     "day 17       tick  ->  acme risk opened at 3, mid, falls day 18 to low\n"
                     "day 30       tick  ->  day 18 acme s 3 -> 0, mid -> low (expiry)\n");
}

Test(forecast, a_fall_within_the_cooldown_is_told_when_that_ends)
{
    spec_holds("S13", WARN(", cooldown: 12d"),
               SAVED "day 16       tick  ->  day 10 acme s 6 -> 3, high -> mid (expiry)\n"
                     "day 30       tick  ->  day 18 acme s 3 -> 0, mid -> low (expiry)\n"
                     "                   ->  day 19 acme risk opened at 0, low, falls not\n");
}

Test(forecast, a_dwell_puts_the_fall_off)
{
    spec_holds(
        "S9",
        "measures: {logins: {count: login, over: 10d}}\n"
        "scores:\n"
        "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, bands: {low: 0, mid: 3}, "
        "dwell: 2d}\n"
        "alerts: {risk: {score: s, falls_to: low, forecast: 3d}}\n",
        "day 0        acme  login\n"
        "day 0 01:00  acme  login\n"
        "day 0 02:00  acme  login\n"
        "day 8        tick  ->  day 3 acme s 0 -> 3, low -> mid (expiry)\n"
        "day 9        tick  ->  acme risk opened at 3, mid, falls day 12 to low\n"
        "day 30       tick  ->  day 12 acme s 3 -> 0, mid -> low (expiry)\n");
}

Test(forecast, what_nobody_could_foresee_opens_it_when_it_happens)
{
    spec_holds("S10",
               "scores: {p: {points: {up: 5, down: -5}, over: 10d, bands: {low: 0, ok: 5}}}\n"
               "alerts: {risk: {score: p, falls_to: low, forecast: 3d}}\n",
               "day 0        acme  up    ->  p 0 -> 5, low -> ok\n"
               "day 1        acme  down  ->  p 5 -> 0, ok -> low\n"
               "                         ->  risk opened at 0, low, falls not\n"
               "day 1 01:00  acme  up    ->  p 0 -> 5, low -> ok\n"
               "                         ->  risk resolved at 5, ok\n");
}

Test(forecast, an_event_that_brings_the_fall_near_is_looked_at_at_the_next_boundary)
{
    spec_holds(
        "S3",
        "scores: {p: {points: {up: 5, more: 9, down: -9}, over: 10d, bands: {low: 0, ok: 5}}}\n"
        "alerts: {risk: {score: p, falls_to: low, forecast: 3d}}\n",
        "day 0        acme  up    ->  p 0 -> 5, low -> ok\n"
        "day 4        acme  more\n"
        "day 7 12:00  acme  down\n"
        "day 8        tick  ->  acme risk opened at 5, ok, falls day 10 to low\n"
        "day 9        acme  more\n"
        "                         ->  risk resolved at 14, ok\n");
}

/* A log-in ends the state that an upload has begun: the score is what it was, but what makes it up
 * now leaves. */
Test(forecast, an_event_that_changes_what_a_score_is_made_of_is_looked_at_again)
{
    spec_holds("S3",
               "measures: {logins: {count: login, over: 4d}, busy: {state: upload, until: login}}\n"
               "scores:\n"
               "  s: {scale: 9, dimensions: {logins: {weight: 8, target: 4}, busy: {weight: 1, "
               "target: 1}},"
               "\n      bands: {low: 0, ok: 3}, margin: 2, tell_every: 9}\n"
               "alerts: {risk: {score: s, falls_to: low, forecast: 5d}}\n",
               "day 0        acme  login\n"
               "day 3        acme  login\n"
               "day 3 12:00  acme  upload  ->  s 0 -> 5, low -> ok\n"
               "day 3 13:00  acme  login\n"
               "day 4        tick  ->  acme risk opened at 4, ok, falls day 7 to low\n");
}

/* Its score loses a point at every boundary, each of which is told, so the fall is further off than
 * anybody looks at a time. */
Test(forecast, a_fall_that_is_far_off_is_looked_for_again)
{
    enum { DAYS = 50, FALL = 94, ROOM = 16384 };
    static char rows[ROOM];
    size_t used = 0;
    for (int day = 0; day < DAYS; day++)
        used += (size_t)snprintf(rows + used, ROOM - used,
                                 "day %d 01:00  acme  up  ->  p %d -> %d, %s\n", day, day, day + 1,
                                 day == 5  ? "low -> ok"
                                 : day < 5 ? "low"
                                           : "ok");
    used += (size_t)snprintf(rows + used, ROOM - used, "day %d  tick", FALL);
    for (int day = DAYS; day <= FALL; day++) {
        used += (size_t)snprintf(rows + used, ROOM - used,
                                 "  ->  %s%.0d acme p %d -> %d, %s (expiry)\n",
                                 day < FALL ? "day " : "", day < FALL ? day : 0, 2 * DAYS - day,
                                 2 * DAYS - day - 1, day < FALL ? "ok" : "ok -> low");
        if (day == FALL - 3)
            used += (size_t)snprintf(
                rows + used, ROOM - used,
                "  ->  day %d acme risk opened at 8, ok, falls day %d to low\n", day, FALL);
    }
    cr_assert_lt(used, (size_t)ROOM);
    spec_holds("S3",
               "scores: {p: {points: {up: 1}, over: 50d, bands: {low: 0, ok: {above: 5}}, "
               "tell_every: 1}}\n"
               "alerts: {risk: {score: p, falls_to: low, forecast: 3d}}\n",
               rows);
}

/* Both of the first day leave at once, past the band; with a third they leave into it. */
Test(forecast, more_points_may_turn_a_fall_past_the_band_into_one_into_it)
{
    spec_holds("S3",
               "scores: {p: {points: {up: 6.5}, over: 9d, bands: {none: 0, low: 5, ok: 10}}}\n"
               "alerts: {risk: {score: p, falls_to: low, forecast: 8d}}\n",
               "day 0 01:00  acme  up  ->  p 0 -> 6.5, none -> low\n"
               "day 0 02:00  acme  up  ->  p 6.5 -> 13, low -> ok\n"
               "day 4        tick\n"
               "day 4 01:00  acme  up\n"
               "day 5        tick      ->  acme risk opened at 19.5, ok, falls day 9 to low\n"
               "day 9        tick      ->  acme p 13 -> 6.5, ok -> low (expiry)\n");
}

/* Seven: two are left on day 9, which is mid, and that is never left again, for its edge less the
 * margin is 0. With an eighth three are left, which is high still, and one on day 10, which is low.
 */
Test(forecast, more_points_may_turn_a_fall_that_a_margin_stops_half_way_into_one_to_the_lowest_band)
{
    spec_holds(
        "S3",
        "scores: {p: {points: {up: 1}, over: 9d, bands: {low: 0, mid: 2, high: 5}, margin: 2}}\n"
        "alerts: {risk: {score: p, falls_to: low, forecast: 6d}}\n",
        "day 0 01:00  acme  up\n"
        "day 0 02:00  acme  up\n"
        "day 0 03:00  acme  up\n"
        "day 0 04:00  acme  up  ->  p 0 -> 4, low -> mid\n"
        "day 0 05:00  acme  up\n"
        "day 1 01:00  acme  up\n"
        "day 1 02:00  acme  up  ->  p 4 -> 7, mid -> high\n"
        "day 4        tick\n"
        "day 4 01:00  acme  up\n"
        "day 5        tick      ->  acme risk opened at 8, high, falls day 10 to low\n"
        "day 10       tick      ->  acme p 7 -> 1, high -> low (expiry)\n");
}

/* With nine, mid is wanted from day 20 on and in force on day 26, and low is wanted after that,
 * from day 27 on. With a tenth mid is wanted from day 21 on, and when that has been so for six days
 * there is only one left. */
Test(forecast, more_points_may_turn_a_fall_in_two_dwells_into_one_in_a_single_dwell)
{
    spec_holds(
        "S3",
        "scores: {p: {points: {up: 1}, over: 20d, bands: {low: 0, mid: 2, high: 5}, dwell: 6d}}\n"
        "alerts: {risk: {score: p, falls_to: low, forecast: 19d}}\n",
        "day 0 01:00  acme  up\n"
        "day 0 02:00  acme  up\n"
        "day 0 03:00  acme  up\n"
        "day 0 04:00  acme  up\n"
        "day 0 05:00  acme  up\n"
        "day 1 01:00  acme  up\n"
        "day 1 02:00  acme  up\n"
        "day 7        tick      ->  acme p 0 -> 7, low -> high (expiry)\n"
        "                       ->  acme risk opened at 7, high, falls day 26 to low\n"
        "day 7 01:00  acme  up\n"
        "day 7 02:00  acme  up  ->  risk resolved at 9, high\n"
        "day 8        tick\n"
        "day 8 01:00  acme  up\n"
        "day 9        tick      ->  acme risk opened at 10, high, falls day 27 to low\n"
        "day 27       tick      ->  acme p 7 -> 1, high -> low (expiry)\n");
}

/* Both owe five, and four are given back for nine days. Only one of them has ever had something. */
Test(forecast, S10_who_was_never_above_0_is_not_warned_of)
{
    spec_holds("S10",
               "scores: {s: {points: {x: 4, fee: -5}, over: 9d, bands: {debt: -20, even: -3}}}\n"
               "alerts: {risk: {score: s, falls_to: debt, forecast: 3d}}\n",
               "day 0  zenith  x\n"
               "day 1  zenith  fee\n"
               "day 1  acme    fee  ->  s 0 -> -5, even -> debt\n"
               "day 0  acme    x    ->  s -5 -> -1, debt -> even (correction)\n"
               "day 6  tick         ->  zenith risk opened at -1, even, falls day 9 to debt\n"
               "day 8  tick\n"
               "day 9  tick         ->  acme s -1 -> -5, even -> debt (expiry)\n"
               "                    ->  zenith s 0 -> -5, even -> debt (expiry)\n");
}
