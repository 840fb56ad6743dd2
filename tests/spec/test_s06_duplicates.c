/* S6 Duplicates. An event id seen for that partner within `dedup` is not counted twice. */
#include "spec.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define MODEL(time)                                                                                \
    time "measures: {m: {count: x, over: 30d}}\n"                                                  \
         "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"                     \
         "             bands: {all: 0}, tell_every: 1}}\n"

Test(s06_duplicates, the_same_id_within_dedup_is_a_duplicate)
{
    spec_holds("S6", MODEL("time: {dedup: 3d}\n"),
               "day 0 12:00  acme  x id=a             ->  s 0 -> 1, all\n"
               "day 0 12:00  acme  x id=a             ->  duplicate\n"
               "day 3 23:00  acme  x id=a             ->  duplicate\n"
               "day 4        acme  x id=a             ->  s 1 -> 2, all\n"
               "counters                              ->  read 4, counted 2, duplicate 2\n");
}

Test(s06_duplicates, a_duplicate_does_not_prolong_the_memory)
{
    spec_holds("S6", MODEL("time: {dedup: 1d}\n"),
               "day 0        acme  x id=a             ->  s 0 -> 1, all\n"
               "day 1        acme  x id=a             ->  duplicate\n"
               "day 2        acme  x id=a             ->  s 1 -> 2, all\n");
}

Test(s06_duplicates, what_counts_is_where_the_clock_was)
{
    spec_holds("S6", MODEL("time: {dedup: 2d}\n"),
               "day 9        acme  x id=a             ->  s 0 -> 1, all\n"
               "day 1        acme  x id=b             ->  s 1 -> 2, all (correction)\n"
               "day 11       acme  x id=b             ->  duplicate\n"
               "day 12       acme  x id=b             ->  s 2 -> 3, all\n");
}

Test(s06_duplicates, ids_belong_to_their_partner)
{
    spec_holds("S6", MODEL(""),
               "day 0  acme    x id=a                 ->  s 0 -> 1, all\n"
               "day 0  zenith  x id=a                 ->  s 0 -> 1, all\n");
}

Test(s06_duplicates, another_action_or_time_does_not_make_another_event)
{
    spec_holds("S6",
               "measures: {m: {count: [x, y], over: 30d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {all: 0}, tell_every: 1}}\n",
               "day 0  acme  x id=a                   ->  s 0 -> 1, all\n"
               "day 2  acme  y id=a                   ->  duplicate\n");
}

Test(s06_duplicates, an_event_without_an_id_is_never_one)
{
    spec_holds("S6", MODEL(""),
               "day 0  acme  x                        ->  s 0 -> 1, all\n"
               "day 0  acme  x                        ->  s 1 -> 2, all\n");
}

Test(s06_duplicates, dedup_of_0_turns_it_off)
{
    spec_holds("S6", MODEL("time: {dedup: 0}\n"),
               "day 0  acme  x id=a                   ->  s 0 -> 1, all\n"
               "day 0  acme  x id=a                   ->  s 1 -> 2, all\n");
}

Test(s06_duplicates, the_default_is_seven_days)
{
    spec_holds("S6", MODEL(""),
               "day 0        acme  x id=a             ->  s 0 -> 1, all\n"
               "day 7 23:59  acme  x id=a             ->  duplicate\n"
               "day 8        acme  x id=a             ->  s 1 -> 2, all\n");
}

Test(s06_duplicates, late_and_filtered_come_before_duplicate)
{
    spec_holds("S6",
               "time: {late_after: 2d}\n"
               "measures: {m: {count: x, over: 2d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 10}},\n"
               "             bands: {all: 0}}}\n",
               "day 5  acme  x id=a\n"
               "day 5  acme  unheard.of id=a          ->  filtered\n"
               "day 3  acme  x id=a                   ->  late\n"
               "day 5  acme  x id=a                   ->  duplicate\n");
}

Test(s06_duplicates, a_long_list_of_ids_is_remembered)
{
    char rows[8192];
    int used = 0;
    for (int i = 0; i < 90; i++)
        used += snprintf(rows + used, sizeof rows - (size_t)used, "day 0 acme x id=i%d\n", i);
    for (int i = 0; i < 90; i += 7)
        used += snprintf(rows + used, sizeof rows - (size_t)used,
                         "day 7 acme x id=i%d -> duplicate\n", i);
    spec_holds("S6",
               "measures: {m: {count: x, over: 30d}}\n"
               "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1000}},\n"
               "             bands: {all: 0}}}\n",
               rows);
}
