/* Deadlines: who has not done what was expected within a time after something else. S3 (they fall
 * due at boundaries), S4 (late events), S13 (each is told once), S14 (another model). */
#include "spec.h"
#include <criterion/criterion.h>

#define MODEL(alerts) "time: {late_after: 9d}\nalerts: {" alerts "}\n"
#define LATE MODEL("late: {after: join, expects: [train, \"quiz.*\"], within: 7d}")
#define ALL                                                                                        \
    MODEL("late: {after: join, expects: train, within: 7d, tell_met: true},\n"                     \
          "         soon: {after: join, expects: train, within: 7d, remind: 1d}")

Test(deadlines, S3_is_opened_when_the_last_of_its_days_is_over)
{
    spec_holds("S3", LATE,
               "day 0 15:00  acme    join\n"
               "day 7 23:59  zenith  join\n"
               "day 8        tick       ->  acme late opened, from day 0, due day 8\n"
               "day 14       zenith  join\n"
               "day 20       zenith  quiz.a  ->  day 15 late opened, from day 7, due day 15\n"
               "                        ->  late resolved, from day 7, due day 15\n"
               "day 21       acme    train   ->  late resolved, from day 0, due day 8\n"
               "day 40       tick\n");
}

Test(deadlines, what_comes_in_time_is_not_told_unless_asked_for)
{
    spec_holds("S13", LATE,
               "day 0  acme  join\n"
               "day 7  acme  train\n"
               "day 9  acme  train\n"
               "day 9  tick\n");
    spec_holds("S13", ALL,
               "day 0  acme  join\n"
               "day 6  acme  train      ->  late resolved, from day 0, due day 8\n"
               "day 7  acme  train\n"
               "day 9  tick\n");
}

Test(deadlines, a_reminder_is_a_rule_of_its_own_that_is_opened_sooner)
{
    spec_holds("S3", ALL,
               "day 0  acme  join\n"
               "day 7  tick             ->  acme soon opened, from day 0, due day 8\n"
               "day 8  tick             ->  acme late opened, from day 0, due day 8\n"
               "day 9  acme  train      ->  late resolved, from day 0, due day 8\n"
               "                        ->  soon resolved, from day 0, due day 8\n");
}

Test(deadlines, only_the_first_anchor_counts)
{
    spec_holds("S13", LATE,
               "day 2  acme  join\n"
               "day 0  acme  join\n"
               "day 5  acme  join\n"
               "day 10 tick             ->  acme late opened, from day 2, due day 10\n"
               "day 11 acme  join\n"
               "day 11 acme  train      ->  late resolved, from day 2, due day 10\n"
               "day 12 acme  join\n"
               "day 30 tick\n");
}

Test(deadlines, S4_an_anchor_that_comes_late_counts_in_its_own_pane)
{
    spec_holds("S4", LATE,
               "day 8  acme    train\n"
               "day 8  zenith  join\n"
               "day 0  acme    join\n" /* acme has trained since */
               "day 8  bolt    train\n"
               "day 9  bolt    join\n" /* but not since this one */
               "day 1  corp    join\n" /* its time is over: at the next boundary */
               "day 10 tick             ->  corp late opened, from day 1, due day 9\n"
               "day 15 zenith  train\n"
               "day 17 tick             ->  bolt late opened, from day 9, due day 17\n");
}

Test(deadlines, S4_what_was_expected_counts_from_the_day_of_the_anchor_on)
{
    spec_holds("S4", LATE,
               "day 3 09:00  acme    train\n"
               "day 3 15:00  acme    join\n" /* the same day will do */
               "day 3 15:00  zenith  join\n"
               "day 2 15:00  zenith  train\n" /* the day before does not */
               "day 11       tick       ->  zenith late opened, from day 3, due day 11\n"
               "day 10       zenith  train   ->  late resolved, from day 3, due day 11\n");
}

Test(deadlines, S14_another_model_goes_on_with_who_came_before)
{
    static const char *const models[] = {
        MODEL("late: {after: join, expects: train, within: 7d}"),
        MODEL("late: {after: join, expects: train, within: 3d},\n"
              "         other: {after: join, expects: train, within: 9d}, "
              "new: {after: join, expects: quiz, within: 1d}"),
        NULL};
    spec_changes("S14", 0, models,
                 "day 0  acme    join\n"
                 "day 4  zenith  join\n"
                 "becomes 2\n"
                 "day 5  tick             ->  acme late opened, from day 0, due day 4\n"
                 "day 6  acme    train    ->  late resolved, from day 0, due day 4\n"
                 "day 8  tick             ->  zenith late opened, from day 4, due day 8\n"
                 "day 14 tick             ->  zenith other opened, from day 4, due day 14\n");
}
