/* Alerts that look ahead: what they say of a score's fall, and when. */
#include "spec.h"
#include <criterion/criterion.h>

/* Each log-in is worth a point for ten days. */
#define SCORE                                                                                      \
    "measures: {logins: {count: login, over: 10d}}\n"                                              \
    "scores:\n"                                                                                    \
    "  s: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, bands: {low: 0, mid: 3, high: " \
    "6}}\n"

Test(forecast, a_silence_says_when_the_score_will_fall_and_into_which_band)
{
    spec_holds("S3",
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
    spec_holds("S3",
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
    spec_holds("S3",
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
