/* Awards and ledgers: what is paid when, once and never twice. S3 (bookings expire at boundaries),
 * S4 (late events are paid in their own pane), S6 (a duplicate is paid nothing), S11 (what was
 * first or the nth), S13 (ids), S14 (another model). */
#include "spec.h"
#include <criterion/criterion.h>

#define MODEL(ledgers, awards)                                                                     \
    "time: {late_after: 30d}\nledgers: {" ledgers "}\nawards: {" awards "}\n"

Test(awards, S11_a_first_survives_its_pane_and_an_nth_is_paid_once_in_its_window)
{
    spec_holds("S11", MODEL("r: {}", "w: {when: x, first: true, points: 5, to: r}"),
               "day 0    acme    x   ->  w pays 5 to r, balance 5\n"
               "day 1    acme    x\n"
               "day 400  acme    x\n"
               "day 400  zenith  x   ->  w pays 5 to r, balance 5\n");
    spec_holds("S11", MODEL("r: {}", "w: {when: x, nth: {n: 2, per: month}, points: 5, to: r}"),
               "day 0   acme  x\n"
               "day 1   acme  x   ->  w pays 5 to r, balance 5\n"
               "day 2   acme  x\n"
               "day 31  acme  x\n"
               "day 58  acme  x   ->  w pays 5 to r, balance 10\n");
    spec_holds("S11", MODEL("r: {}", "w: {when: x, nth: {n: 2, per: year}, points: 5, to: r}"),
               "day 0    acme  x\n"
               "day 200  acme  x   ->  w pays 5 to r, balance 5\n"
               "day 300  acme  x\n"
               "day 370  acme  x\n"
               "day 400  acme  x   ->  w pays 5 to r, balance 10\n");
}

Test(awards, S4_what_comes_late_is_paid_in_its_own_pane)
{
    spec_holds("S4", MODEL("r: {cap: 10, per: month}", "w: {when: x, points: 6, to: r}"),
               "day 29  acme  x   ->  w pays 6 to r, balance 6\n"
               "day 31  acme  x   ->  w pays 6 to r, balance 12\n"
               "day 30  acme  x   ->  w pays 4 to r, cut by 2, balance 16\n"
               "day 28  acme  x   ->  w pays 0 to r, cut by 6, balance 16\n"
               "day 32  acme  x   ->  w pays 4 to r, cut by 2, balance 20\n"
               "day 1   acme  x   ->  late\n");
}

Test(awards, S6_a_duplicate_is_paid_nothing)
{
    spec_shows("S6, S13", SPEC_ORIGIN, MODEL("r: {}, s: {}", "w: {when: x, points: 6, to: [s, r]}"),
               "day 0  acme  x id=1   ->  w pays 6 to r, balance 6 #offset 0\n"
               "                      ->  w pays 6 to s, balance 6 #offset 0\n"
               "day 1  acme  x id=1   ->  duplicate\n"
               "day 1  acme  y        ->  filtered\n");
}

Test(awards, S3_a_booking_expires_at_a_boundary_and_is_not_told)
{
    spec_holds("S3",
               MODEL("r: {expires_after: 3d}",
                     "w: {when: x, points: 6, to: r}") "scores: {s: {ledger: r, over: 5d, bands: "
                                                       "{low: 0}, tell_every: 1}}\n",
               "day 0  acme  x   ->  w pays 6 to r, balance 6\n"
               "                 ->  s 0 -> 6, low\n"
               "day 2  acme  x   ->  w pays 6 to r, balance 12\n"
               "                 ->  s 6 -> 12, low\n"
               "day 4  acme  x   ->  w pays 6 to r, balance 12\n"
               "                 ->  s 12 -> 18, low\n"
               "day 0  acme  x   ->  w pays 6 to r, balance 12\n"
               "                 ->  s 18 -> 24, low (correction)\n"
               "day 7  tick      ->  day 5 acme s 24 -> 12, low (expiry)\n"
               "                 ->  acme s 12 -> 6, low (expiry)\n");
}

Test(awards, by_the_value_a_rate_of_it_is_paid_to_the_nearest)
{
    spec_holds("S8", MODEL("r: {}", "w: {when: x, points: value, rate: 0.3335, to: r}"),
               "day 0  acme  x value=1     ->  w pays 0.3335 to r, balance 0.3335\n"
               "day 0  acme  x value=0.01  ->  w pays 0.0033 to r, balance 0.3368\n"
               "day 0  acme  x value=-9\n"
               "day 0  acme  x value=0\n"
               "day 0  acme  x\n"
               "day 0  acme  x value=0.0001\n");
}

#define CLAIM                                                                                      \
    "c: {when: x, points: 6, to: [r, s], pending: {until: ok, dropped_by: no, reference: source, " \
    "for: 5d}, reversed_by: back, reverses: tier, reversible_for: 9d}"

Test(awards, S11_a_claim_is_booked_in_its_own_pane_when_it_is_approved)
{
    spec_holds("S11", MODEL("r: {cap: 10, per: month}, s: {expires_after: 3d}", CLAIM),
               "day 28  acme    x source=a id=1   ->  c pending 6 in r, balance 0\n"
               "                                  ->  c pending 6 in s, balance 0\n"
               "day 29  acme    x source=b id=2   ->  c pending 6 in r, balance 0\n"
               "                                  ->  c pending 6 in s, balance 0\n"
               "day 29  acme    x\n"
               "day 30  acme    ok\n"
               "day 30  acme    ok source=c\n"
               "day 30  zenith  ok source=a\n"
               "day 31  acme    ok source=a       ->  c pays 6 to r, balance 6\n"
               "                                  ->  c pays 6 to s, balance 0\n"
               "day 31  acme    ok source=a\n"
               "day 32  acme    back tier=2       ->  c dropped 6 in r, balance 6\n"
               "                                  ->  c dropped 6 in s, balance 0\n"
               "day 33  acme    x source=a id=3   ->  c pending 6 in r, balance 6\n"
               "                                  ->  c pending 6 in s, balance 0\n"
               "day 38  acme    ok source=a\n");
}

/* Long after anything in the month could still be counted otherwise. */
Test(awards, S11_an_approval_finds_what_its_month_has_left)
{
    spec_holds(
        "S11",
        "time: {late_after: 2d}\nledgers: {r: {cap: 10, per: month}}\n"
        "awards: {c: {when: x, points: 6, to: r, pending: {until: ok, reference: source, for: "
        "70d}}, w: {when: y, points: 8, to: r}}\n",
        "day 1   acme    y              ->  w pays 8 to r, balance 8\n"
        "day 2   acme    x source=a     ->  c pending 6 in r, balance 8\n"
        "day 3   acme    x source=b     ->  c pending 6 in r, balance 8\n"
        "day 70  acme    ok source=a    ->  c pays 2 to r, cut by 4, balance 10\n"
        "day 71  acme    ok source=b    ->  c pays 0 to r, cut by 6, balance 10\n");
}

Test(awards, S11_a_decision_is_about_the_oldest_event_that_it_fits)
{
    spec_holds(
        "S11",
        "time: {late_after: 2d}\nledgers: {r: {}}\n"
        "awards: {c: {when: x, points: 6, to: r, pending: {until: ok, reference: source}}}\n",
        "day 1  acme  x source=a     ->  c pending 6 in r, balance 0\n"
        "day 2  acme  x source=a     ->  c pending 6 in r, balance 0\n"
        "day 3  acme  ok source=a    ->  c pays 6 to r, balance 6\n"
        "day 4  acme  ok source=a    ->  c pays 6 to r, balance 12\n"
        "day 5  acme  ok source=a\n");
}

Test(awards, S11_a_reversal_undoes_what_its_event_was_paid_once)
{
    spec_holds(
        "S11",
        MODEL("r: {cap: 10, per: month}, s: {}",
              "w: {when: x, first: true, points: 7, to: [r, s], reversed_by: back, reverses: "
              "tier, reversible_for: 9d}, v: {when: [x, y], points: 5, to: r, reversed_by: back, "
              "reverses: tier, reversible_for: 4d}") "scores: {a: {ledger: s, over: 9d, bands: "
                                                     "{low: 0}, tell_every: 1}}\n",
        "day 0  acme  back tier=1\n"
        "day 0  acme  x id=1      ->  w pays 7 to r, balance 7\n"
        "                         ->  w pays 7 to s, balance 7\n"
        "                         ->  v pays 3 to r, cut by 2, balance 10\n"
        "                         ->  a 0 -> 7, low\n"
        "day 1  acme  y id=2      ->  v pays 0 to r, cut by 5, balance 10\n"
        "day 2  acme  back tier=2\n"
        "day 5  acme  back tier=1 ->  w reversed -7 in r, balance 3\n"
        "                         ->  w reversed -7 in s, balance 0\n"
        "                         ->  a 7 -> 0, low\n"
        "day 5  acme  back tier=1\n"
        "day 6  acme  x id=3      ->  v pays 5 to r, balance 8\n"
        "day 7  acme  back tier=3 ->  v reversed -5 in r, balance 3\n");
}

/* The beginning of 1970 is 1969 in Havana: the day before the first one is in a period as well. */
Test(awards, S11_the_first_period_of_all_is_one_in_a_row)
{
    spec_holds("S11",
               "time: {zone: America/Havana, late_after: 30d}\nledgers: {r: {}}\n"
               "awards: {q: {when: x, streak: {n: 2, per: quarter}, points: 5, to: r}}\n",
               "UTC 1970-01-01 00:00  acme  x\n"
               "UTC 1970-01-02 00:00  acme  x  ->  q pays 5 to r, balance 5\n"
               "UTC 1970-04-10 00:00  acme  x\n"
               "UTC 1970-07-20 00:00  acme  x  ->  q pays 5 to r, balance 10\n");
}

Test(awards, S14_claims_go_on_under_another_model_by_the_names_of_award_and_ledger)
{
    static const char *const models[] = {
        MODEL("r: {}, s: {}", CLAIM),
        MODEL("s: {}, q: {}",
              "d: {when: y, points: 1, to: q}, c: {when: y, points: 9, to: s, pending: "
              "{until: yes, reference: tier}, reversed_by: back, reverses: tier}"),
        NULL};
    spec_changes("S14", 0, models,
                 "day 0  acme  x source=a id=1  ->  c pending 6 in r, balance 0\n"
                 "                              ->  c pending 6 in s, balance 0\n"
                 "day 1  acme  x source=b id=2  ->  c pending 6 in r, balance 0\n"
                 "                              ->  c pending 6 in s, balance 0\n"
                 "day 1  acme  ok source=b      ->  c pays 6 to r, balance 6\n"
                 "                              ->  c pays 6 to s, balance 6\n"
                 "becomes 2\n"
                 "day 2  acme  back tier=2      ->  c reversed -6 in s, balance 0\n"
                 "day 3  acme  yes tier=a       ->  c pays 6 to s, balance 6\n");
}

Test(awards, S14_what_was_paid_and_booked_goes_on_under_another_model)
{
    static const char *const models[] = {
        MODEL("r: {cap: 10, per: month}, s: {}",
              "w: {when: x, first: true, points: 6, to: [r, s]}, a: {when: y, within: {days: 5d, "
              "of: z}, "
              "points: 1, to: r}, b: {when: x, streak: {n: 3}, points: 1, to: r}"),
        MODEL("s: {}, r: {cap: 12, per: month}",
              "b: {when: x, streak: {n: 3}, points: 2, to: r}, w: {when: [x, q], first: true, "
              "points: 9, "
              "to: s}, a: {when: y, within: {days: 5d, of: z}, points: 8, to: r}"),
        MODEL("r: {}", "v: {when: x, first: true, points: 1, to: r}"), NULL};
    spec_changes("S14", 0, models,
                 "day 0  acme  z\n"
                 "day 0  acme  x   ->  w pays 6 to r, balance 6\n"
                 "                 ->  w pays 6 to s, balance 6\n"
                 "day 1  acme  x\n"
                 "becomes 2\n"
                 "day 1  acme  q\n"
                 "day 2  acme  x   ->  b pays 2 to r, balance 8\n"
                 "day 5  acme  y   ->  a pays 4 to r, cut by 4, balance 12\n"
                 "becomes 3\n"
                 "day 6  acme  x   ->  v pays 1 to r, balance 13\n");
}
