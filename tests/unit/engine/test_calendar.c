/* Panes and periods of time zones, on zones made by hand (what the system's zone data says is
 * tested with the reader of it, tests/unit/model/test_zone.c). */
#include "base/memory.h"
#include "engine/calendar.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#define HOUR 3600000LL
#define DAY (24 * HOUR)

/* 2026-03-29T01:00Z and 2026-10-25T01:00Z: summer time in Europe. */
#define SUMMER_MS 1774746000000LL
#define WINTER_MS 1792890000000LL

static struct eng_calendar *make(enum eng_pane_unit unit, const struct eng_zone_change *changes,
                                 uint32_t count, int64_t standard_ms)
{
    struct eng_calendar *calendar = NULL;
    cr_assert_eq(eng_calendar_new(unit, changes, count, (int32_t)standard_ms, &calendar), ENG_OK);
    return calendar;
}

static struct eng_calendar *fixed(enum eng_pane_unit unit, int64_t offset_ms)
{
    struct eng_zone_change change = {0, (int32_t)offset_ms};
    return make(unit, &change, 1, offset_ms);
}

static struct eng_calendar *amsterdam(enum eng_pane_unit unit)
{
    static const struct eng_zone_change changes[] = {
        {0, HOUR}, {SUMMER_MS, 2 * HOUR}, {WINTER_MS, HOUR}};
    return make(unit, changes, 3, HOUR);
}

/* Every pane from `first` to `last` begins where it says, ends where the next begins, and holds
 * both ends. */
static void check_panes(const struct eng_calendar *calendar, int64_t first, int64_t last)
{
    for (int64_t pane = first; pane <= last; pane++) {
        int64_t start = eng_calendar_start_ms(calendar, pane);
        int64_t end = eng_calendar_start_ms(calendar, pane + 1);
        cr_assert_leq(start, end);
        if (start >= 0 && start < end)
            cr_assert_eq(eng_calendar_pane(calendar, start), pane);
        if (start < end && end > 0)
            cr_assert_eq(eng_calendar_pane(calendar, end - 1), pane);
    }
}

/* What the clocks show at the start of an hour, as 100 times the weekday and the hour. */
static int shown(const struct eng_calendar *calendar, int64_t time_ms)
{
    struct eng_local local = eng_calendar_local(calendar, eng_calendar_pane(calendar, time_ms));
    return 100 * local.weekday + local.hour;
}

/* 2026-03-29 and 2026-10-25 are Sundays. */
Test(calendar, clocks_show_what_they_show_when_they_are_changed)
{
    struct eng_calendar *calendar = amsterdam(ENG_PANE_HOUR);
    cr_expect_eq(shown(calendar, SUMMER_MS - 3 * HOUR), 623);
    cr_expect_eq(shown(calendar, SUMMER_MS - 2 * HOUR), 700);
    cr_expect_eq(shown(calendar, SUMMER_MS - 1), 701);
    cr_expect_eq(shown(calendar, SUMMER_MS), 703);
    cr_expect_eq(shown(calendar, SUMMER_MS + 5 * HOUR), 708);
    cr_expect_eq(shown(calendar, WINTER_MS - HOUR), 702);
    cr_expect_eq(shown(calendar, WINTER_MS), 702);
    cr_expect_eq(shown(calendar, WINTER_MS + 6 * HOUR), 708);
    eng_calendar_free(calendar);
    calendar = amsterdam(ENG_PANE_DAY);
    cr_expect_eq(shown(calendar, SUMMER_MS), 700);
    cr_expect_eq(shown(calendar, SUMMER_MS - 3 * HOUR), 600);
    cr_expect_eq(shown(calendar, WINTER_MS + DAY), 100);
    eng_calendar_free(calendar);
}

/* Where the clocks change at midnight a day begins at 1, and where hours begin at half past they
 * are those that have begun. */
Test(calendar, clocks_that_change_at_midnight_and_hours_at_half_past)
{
    static const struct eng_zone_change changes[] = {{0, 0}, {10 * DAY, HOUR}, {20 * DAY, 0}};
    struct eng_calendar *calendar = make(ENG_PANE_DAY, changes, 3, 0);
    cr_expect_eq(shown(calendar, 9 * DAY), 600);
    cr_expect_eq(shown(calendar, 10 * DAY), 701); /* 11 January 1970 was a Sunday */
    eng_calendar_free(calendar);
    calendar = fixed(ENG_PANE_HOUR, 11 * HOUR / 2);
    cr_expect_eq(shown(calendar, 0), 405);
    cr_expect_eq(shown(calendar, HOUR / 2), 406);
    eng_calendar_free(calendar);
}

Test(calendar, S2_a_boundary_belongs_to_the_newer_pane)
{
    struct eng_calendar *calendar = fixed(ENG_PANE_DAY, 0);
    cr_assert_eq(eng_calendar_pane(calendar, DAY - 1), 0);
    cr_assert_eq(eng_calendar_pane(calendar, DAY), 1);
    cr_assert_eq(eng_calendar_start_ms(calendar, 1), DAY);
    check_panes(calendar, -1, 200000);
    eng_calendar_free(calendar);
}

Test(calendar, days_begin_at_local_midnight_east_and_west_of_greenwich)
{
    struct eng_calendar *kolkata = fixed(ENG_PANE_DAY, 5 * HOUR + HOUR / 2);
    struct eng_calendar *lima = fixed(ENG_PANE_DAY, -5 * HOUR);
    cr_assert_eq(eng_calendar_start_ms(kolkata, 1), DAY - 5 * HOUR - HOUR / 2);
    cr_assert_eq(eng_calendar_pane(kolkata, 0), 0, "05:30 of the first day");
    cr_assert_eq(eng_calendar_start_ms(lima, 0), 5 * HOUR);
    cr_assert_eq(eng_calendar_pane(lima, 0), -1, "19:00 of the day before it");
    check_panes(kolkata, -1, 1000);
    check_panes(lima, -1, 1000);
    eng_calendar_free(kolkata);
    eng_calendar_free(lima);
}

Test(calendar, days_of_a_change_have_23_and_25_hours)
{
    struct eng_calendar *calendar = amsterdam(ENG_PANE_DAY);
    int64_t summer = eng_calendar_pane(calendar, SUMMER_MS);
    int64_t winter = eng_calendar_pane(calendar, WINTER_MS);
    cr_assert_eq(summer, SUMMER_MS / DAY);
    cr_assert_eq(eng_calendar_start_ms(calendar, summer + 1) -
                     eng_calendar_start_ms(calendar, summer),
                 23 * HOUR);
    cr_assert_eq(eng_calendar_start_ms(calendar, winter + 1) -
                     eng_calendar_start_ms(calendar, winter),
                 25 * HOUR);
    check_panes(calendar, 0, 30000);
    eng_calendar_free(calendar);
}

Test(calendar, a_midnight_that_comes_twice_counts_once)
{
    /* Havana, 1 November 2026: at 01:00 the clock goes back to 00:00. 05:00Z is midnight for the
     * second time. */
    static const struct eng_zone_change changes[] = {{0, -4 * HOUR}, {1793509200000, -5 * HOUR}};
    struct eng_calendar *calendar = make(ENG_PANE_DAY, changes, 2, -5 * HOUR);
    int64_t day = eng_calendar_pane(calendar, 1793509200000);
    cr_assert_eq(eng_calendar_start_ms(calendar, day), 1793509200000 - HOUR);
    cr_assert_eq(eng_calendar_start_ms(calendar, day + 1), 1793509200000 + DAY);
    check_panes(calendar, 20700, 20800);
    eng_calendar_free(calendar);
}

Test(calendar, a_day_begun_stays_begun_when_the_clock_goes_back_before_midnight)
{
    /* St. John's, 30 October 1988: at 00:01 the clock goes back to 23:01 of the day before. */
    static const struct eng_zone_change changes[] = {{0, -9000000}, {594181860000, -12600000}};
    struct eng_calendar *calendar = make(ENG_PANE_DAY, changes, 2, -12600000);
    int64_t day = eng_calendar_pane(calendar, 594181860000);
    cr_assert_eq(eng_calendar_start_ms(calendar, day), 594181860000 - 60000);
    check_panes(calendar, 6870, 6890);
    eng_calendar_free(calendar);
}

Test(calendar, a_date_that_a_zone_left_out_is_no_day)
{
    /* Samoa had no 30 December 2011 (date 15338): at the end of the 29th, UTC-10 became UTC+14. */
    static const struct eng_zone_change changes[] = {{0, -10 * HOUR}, {1325239200000, 14 * HOUR}};
    struct eng_calendar *calendar = make(ENG_PANE_DAY, changes, 2, -11 * HOUR);
    cr_assert_eq(eng_calendar_pane(calendar, 1325239200000 - 1), 15337);
    cr_assert_eq(eng_calendar_pane(calendar, 1325239200000), 15338, "the 31st follows the 29th");
    cr_assert_eq(eng_calendar_start_ms(calendar, 15338), 1325239200000);
    cr_assert_eq(eng_calendar_start_ms(calendar, 15339), 1325239200000 + DAY);
    /* January begins a day later, on Sunday; the week holds six days. */
    cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_MONTH, 15338), 15339);
    cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_MONTH, 15345), 15339);
    cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_WEEK, 15339), 15334);
    cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_WEEK, 15339), 15340);
    for (int64_t pane = 15330; pane < 15345; pane++)
        cr_assert_lt(eng_calendar_start_ms(calendar, pane),
                     eng_calendar_start_ms(calendar, pane + 1));
    check_panes(calendar, 15330, 15345);
    eng_calendar_free(calendar);
}

Test(calendar, a_midnight_that_is_left_out_begins_the_day_at_the_change)
{
    /* Summer time at 00:00: the day begins at 01:00. */
    static const struct eng_zone_change changes[] = {{0, 0}, {100 * DAY, HOUR}};
    struct eng_calendar *calendar = make(ENG_PANE_DAY, changes, 2, 0);
    cr_assert_eq(eng_calendar_start_ms(calendar, 100), 100 * DAY);
    cr_assert_eq(eng_calendar_start_ms(calendar, 101), 101 * DAY - HOUR);
    check_panes(calendar, 95, 110);
    eng_calendar_free(calendar);
}

Test(calendar, days_after_the_last_change_keep_its_offset)
{
    struct eng_calendar *calendar = amsterdam(ENG_PANE_DAY);
    cr_assert_eq(eng_calendar_start_ms(calendar, 80000), 80000 * DAY - HOUR);
    cr_assert_eq(eng_calendar_pane(calendar, 80000 * DAY - HOUR), 80000);
    check_panes(calendar, 99990, 100010);
    eng_calendar_free(calendar);
}

Test(calendar, the_end_of_all_time_has_a_pane_and_no_overflow)
{
    for (int unit = ENG_PANE_HOUR; unit <= ENG_PANE_DAY; unit++) {
        struct eng_calendar *calendar = amsterdam((enum eng_pane_unit)unit);
        int64_t pane = eng_calendar_pane(calendar, INT64_MAX);
        cr_assert_gt(pane, 1000000);
        cr_assert_geq(eng_calendar_start_ms(calendar, pane + 1000),
                      eng_calendar_start_ms(calendar, pane));
        cr_assert_gt(eng_calendar_period_next(calendar, ENG_WINDOW_QUARTER, pane), pane);
        eng_calendar_free(calendar);
    }
}

Test(calendar, hours_are_aligned_to_the_standard_offset_at_the_epoch)
{
    struct eng_calendar *kolkata = fixed(ENG_PANE_HOUR, 5 * HOUR + HOUR / 2);
    struct eng_calendar *utc = fixed(ENG_PANE_HOUR, 0);
    cr_assert_eq(eng_calendar_start_ms(utc, 3), 3 * HOUR);
    cr_assert_eq(eng_calendar_pane(kolkata, 0), 0, "hours are numbered from the epoch's own");
    cr_assert_eq(eng_calendar_start_ms(kolkata, 1), HOUR / 2);
    cr_assert_eq(eng_calendar_pane(kolkata, HOUR / 2 - 1), 0);
    cr_assert_eq(eng_calendar_pane(kolkata, HOUR / 2), 1);
    check_panes(kolkata, 0, 100000);
    eng_calendar_free(kolkata);
    eng_calendar_free(utc);
}

Test(calendar, hours_do_not_move_with_summer_time)
{
    struct eng_calendar *calendar = amsterdam(ENG_PANE_HOUR);
    check_panes(calendar, SUMMER_MS / HOUR - 50, SUMMER_MS / HOUR + 50);
    for (int64_t pane = SUMMER_MS / HOUR - 50; pane < SUMMER_MS / HOUR + 50; pane++)
        cr_assert_eq(eng_calendar_start_ms(calendar, pane), pane * HOUR);
    eng_calendar_free(calendar);
}

/* Periods of a day: first and next. */
static void check_period(const struct eng_calendar *calendar, enum eng_window_kind kind,
                         int64_t day, int64_t first, int64_t next)
{
    cr_assert_eq(eng_calendar_period_first(calendar, kind, day), first, "day %lld", (long long)day);
    cr_assert_eq(eng_calendar_period_next(calendar, kind, day), next, "day %lld", (long long)day);
}

Test(calendar, weeks_begin_on_monday)
{
    struct eng_calendar *calendar = fixed(ENG_PANE_DAY, 0);
    check_period(calendar, ENG_WINDOW_WEEK, 0, -3, 4); /* Thursday, 1 January 1970 */
    check_period(calendar, ENG_WINDOW_WEEK, -1, -3, 4);
    check_period(calendar, ENG_WINDOW_WEEK, 20481, 20479, 20486); /* Wednesday, 28 January 2026 */
    for (int64_t day = -1; day < 1000; day++) {
        int64_t first = eng_calendar_period_first(calendar, ENG_WINDOW_WEEK, day);
        cr_assert_eq((first + 3) % 7, 0);
        cr_assert(first <= day && day < first + 7);
    }
    eng_calendar_free(calendar);
}

/* The next date after another, the slow way. */
static void step_date(int *year, int *month, int *day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
    if (++*day <= lengths[*month - 1] + (*month == 2 && leap))
        return;
    *day = 1;
    if (++*month <= 12)
        return;
    *month = 1;
    ++*year;
}

Test(calendar, months_quarters_and_years_agree_with_counting_dates_to_2400)
{
    struct eng_calendar *calendar = fixed(ENG_PANE_DAY, 0);
    int year = 1970, month = 1, day = 1;
    int64_t month_first = 0, quarter_first = 0, year_first = 0;
    for (int64_t pane = 0; year < 2400; pane++) {
        if (day == 1)
            month_first = pane;
        if (day == 1 && month % 3 == 1)
            quarter_first = pane;
        if (day == 1 && month == 1)
            year_first = pane;
        cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_YEAR, pane), year_first);
        cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_MONTH, pane), month_first);
        cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_QUARTER, pane), quarter_first);
        step_date(&year, &month, &day);
        if (day == 1)
            cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_MONTH, pane), pane + 1);
        if (day == 1 && month % 3 == 1)
            cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_QUARTER, pane), pane + 1);
        if (day == 1 && month == 1)
            cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_YEAR, pane), pane + 1);
    }
    eng_calendar_free(calendar);
}

Test(calendar, an_hour_belongs_to_the_period_of_its_local_date)
{
    /* The month of the change back: 30 days and 25 hours. */
    struct eng_calendar *calendar = amsterdam(ENG_PANE_HOUR);
    int64_t pane = eng_calendar_pane(calendar, WINTER_MS);
    int64_t first = eng_calendar_period_first(calendar, ENG_WINDOW_MONTH, pane);
    int64_t next = eng_calendar_period_next(calendar, ENG_WINDOW_MONTH, pane);
    cr_assert_eq(next - first, 31 * 24 + 1);
    cr_assert_eq(first * HOUR, 1790805600000, "2026-10-01T00:00+02:00");
    cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_MONTH, next), next);
    cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_MONTH, next - 1), first);
    eng_calendar_free(calendar);
}

Test(calendar, an_hour_that_straddles_midnight_belongs_to_the_date_of_its_start)
{
    /* Hours begin at half past, UTC: the zone's standard offset is half an hour, its offset now a
     * whole one. */
    static const struct eng_zone_change changes[] = {{0, HOUR / 2}, {50 * DAY, HOUR}};
    struct eng_calendar *calendar = make(ENG_PANE_HOUR, changes, 2, HOUR / 2);
    int64_t midnight = 88 * DAY + 2 * DAY - HOUR; /* 1 April 1970, 00:00 at UTC+1 */
    int64_t pane = eng_calendar_pane(calendar, midnight);
    cr_assert_lt(eng_calendar_start_ms(calendar, pane), midnight);
    cr_assert_eq(eng_calendar_period_next(calendar, ENG_WINDOW_QUARTER, pane), pane + 1);
    cr_assert_eq(eng_calendar_period_first(calendar, ENG_WINDOW_QUARTER, pane + 1), pane + 1);
    eng_calendar_free(calendar);
}

Test(calendar, a_failed_allocation_is_reported)
{
    struct eng_zone_change change = {0, 0};
    struct eng_calendar *calendar = NULL;
    eng_memory_fail(1, 0);
    cr_assert_eq(eng_calendar_new(ENG_PANE_DAY, &change, 1, 0, &calendar), ENG_NO_MEMORY);
    eng_memory_fail(0, 0);
    cr_assert_null(calendar);
}

Test(calendar, changes_that_do_not_ascend_end_the_process, .signal = SIGABRT)
{
    static const struct eng_zone_change changes[] = {{0, 0}, {9 * DAY, HOUR}, {8 * DAY, 0}};
    struct eng_calendar *calendar = NULL;
    (void)eng_calendar_new(ENG_PANE_DAY, changes, 3, 0, &calendar); /* Does not come back. */
}

Test(calendar, two_are_equal_when_their_panes_begin_at_the_same_instants)
{
    static const struct eng_zone_change other_changes[] = {
        {0, HOUR}, {SUMMER_MS + 7 * DAY, 2 * HOUR}, {WINTER_MS, HOUR}};
    struct eng_calendar *all[] = {
        amsterdam(ENG_PANE_DAY),
        make(ENG_PANE_DAY, other_changes, 3, HOUR), /* what the rules may become */
        amsterdam(ENG_PANE_HOUR),
        fixed(ENG_PANE_DAY, 0),
        fixed(ENG_PANE_DAY, HOUR),
        fixed(ENG_PANE_HOUR, 0),
        fixed(ENG_PANE_HOUR, HOUR / 2),
    };
    enum { COUNT = sizeof all / sizeof all[0] };
    struct eng_calendar *again = amsterdam(ENG_PANE_DAY);
    cr_expect(eng_calendar_equal(all[0], again));
    for (unsigned i = 0; i < COUNT; i++)
        for (unsigned j = 0; j < COUNT; j++)
            cr_expect_eq(eng_calendar_equal(all[i], all[j]), i == j, "%u %u", i, j);
    for (unsigned i = 0; i < COUNT; i++)
        eng_calendar_free(all[i]);
    eng_calendar_free(again);
}
