/* Panes of a time zone: see calendar.h for the terms.
 *
 * Days. The start of day D is the first instant whose local date is D or later, so days tile the
 * time line without gap or overlap, whatever the clocks on the wall do: a midnight that comes twice
 * counts once. A date that a zone left out (Samoa, 30 December 2011) has no instant, so it is no
 * day: days are numbered without it, or two boundaries would fall on one instant. Starts are kept
 * as deviations from D * 24 hours, one table entry per day from day -1 to the zone's last change;
 * outside the table the nearest entry holds. With a fixed offset there is one entry.
 *
 * Look-up. time / 24 h names a table entry whose deviation is, but for the days around a change,
 * that of the day looked for; the second division is then right and the loops after it do not turn.
 * Two multiplications and a load or two: a few nanoseconds.
 *
 * Hours are plain arithmetic. They are numbered from the one that holds the epoch. */
#include "engine/calendar.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define OFFSET_MS_MAX (26 * HOUR_MS)
#define FOREVER_MS (INT64_MAX - 4 * DAY_MS) /* starts of panes beyond all events are this one */

enum {
    DAY_FIRST = -1,          /* day of the table's first entry */
    TABLE_DAYS_MAX = 100000, /* to the year 2243 */
    LEFT_OUT_MOST = 3,       /* dates that a change of offset can leave out */
};

struct eng_calendar {
    enum eng_pane_unit unit;
    int64_t hour_offset_ms; /* of hour starts before full hours UTC, 0 .. HOUR_MS - 1 */
    uint32_t day_count;     /* entries of deviation_ms, at least 1 */
    uint32_t left_out_count;
    int32_t *left_out;               /* dates that are no days, ascending; owned */
    struct eng_zone_change *changes; /* owned */
    uint32_t change_count;
    int32_t deviation_ms[]; /* start of day DAY_FIRST + i, less (DAY_FIRST + i) * DAY_MS */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return quotient - (a % b < 0);
}

/* The index of the table entry that holds for a day. */
static uint32_t entry_of(const struct eng_calendar *calendar, int64_t day)
{
    eng_assert(calendar->day_count > 0);
    int64_t index = day - DAY_FIRST;
    if (index < 0)
        return 0;
    return index < calendar->day_count ? (uint32_t)index : calendar->day_count - 1;
}

static int64_t day_start_ms(const struct eng_calendar *calendar, int64_t day)
{
    if (day > FOREVER_MS / DAY_MS - 2)
        return FOREVER_MS;
    return day * DAY_MS + calendar->deviation_ms[entry_of(calendar, day)];
}

/* The day of an instant: the last one that has begun. */
static int64_t day_of(const struct eng_calendar *calendar, int64_t time_ms)
{
    if (time_ms > INT64_MAX - 8 * DAY_MS)
        time_ms = INT64_MAX - 8 * DAY_MS;
    int64_t deviation = calendar->deviation_ms[entry_of(calendar, time_ms / DAY_MS)];
    int64_t day = floor_div(time_ms - deviation, DAY_MS);
    while (day_start_ms(calendar, day + 1) <= time_ms)
        day++;
    while (day_start_ms(calendar, day) > time_ms)
        day--;
    return day;
}

static uint32_t day_count_of(const struct eng_zone_change *changes, uint32_t count)
{
    if (count == 1)
        return 1;
    int64_t days = changes[count - 1].from_ms / DAY_MS + 4 - DAY_FIRST;
    return days < 1 ? 1 : (uint32_t)days;
}

static void check_changes(const struct eng_zone_change *changes, uint32_t count)
{
    eng_assert(count > 0);
    for (uint32_t i = 0; i < count; i++) {
        eng_assert(changes[i].offset_ms <= OFFSET_MS_MAX);
        eng_assert(changes[i].offset_ms >= -OFFSET_MS_MAX);
        eng_assert(i < 2 || changes[i].from_ms > changes[i - 1].from_ms);
    }
    eng_assert(count == 1 || changes[count - 1].from_ms < (TABLE_DAYS_MAX - 8) * DAY_MS);
}

/* The first instant of a change's reign with this local date or a later one. */
static int64_t start_under(const struct eng_zone_change *changes, uint32_t at, int64_t nominal_ms)
{
    int64_t start_ms = nominal_ms - changes[at].offset_ms;
    return at > 0 && start_ms < changes[at].from_ms ? changes[at].from_ms : start_ms;
}

/* One walk over dates and changes together: both only move forward. A date that begins when the one
 * before it began takes that one's entry. */
static void fill_days(struct eng_calendar *calendar, const struct eng_zone_change *changes,
                      uint32_t count, uint32_t dates)
{
    eng_assert(dates >= 1 && dates <= TABLE_DAYS_MAX);
    uint32_t at = 0, day = 0;
    int64_t before_ms = INT64_MIN;
    for (uint32_t i = 0; i < dates; i++) {
        int64_t nominal_ms = (DAY_FIRST + (int64_t)i) * DAY_MS;
        int64_t start_ms = start_under(changes, at, nominal_ms);
        while (at + 1 < count && start_ms >= changes[at + 1].from_ms)
            start_ms = start_under(changes, ++at, nominal_ms);
        if (start_ms == before_ms) {
            eng_assert(calendar->left_out_count < LEFT_OUT_MOST * count);
            calendar->left_out[calendar->left_out_count++] = (int32_t)i + DAY_FIRST - 1;
            day--;
        }
        calendar->deviation_ms[day] = (int32_t)(start_ms - (DAY_FIRST + (int64_t)day) * DAY_MS);
        day++;
        before_ms = start_ms;
    }
    calendar->day_count = day;
}

/* The local date of a day, in days since 1970, and the first day with this date or a later one. */
static int64_t date_of(const struct eng_calendar *calendar, int64_t day)
{
    int64_t date = day;
    for (uint32_t i = 0; i < calendar->left_out_count && calendar->left_out[i] <= date; i++)
        date++;
    return date;
}

static int64_t day_of_date(const struct eng_calendar *calendar, int64_t date)
{
    uint32_t left_out = 0;
    while (left_out < calendar->left_out_count && calendar->left_out[left_out] < date)
        left_out++;
    return date - left_out;
}

enum eng_status eng_calendar_new(enum eng_pane_unit unit, const struct eng_zone_change *changes,
                                 uint32_t count, int32_t standard_offset_ms,
                                 struct eng_calendar **ret_calendar)
{
    eng_assert(unit == ENG_PANE_HOUR || unit == ENG_PANE_DAY);
    eng_assert(changes != NULL && ret_calendar != NULL);
    check_changes(changes, count);
    uint32_t dates = day_count_of(changes, count);
    struct eng_calendar *calendar =
        eng_calloc(1, sizeof *calendar + dates * sizeof calendar->deviation_ms[0]);
    if (calendar == NULL)
        return ENG_NO_MEMORY;
    calendar->left_out = eng_calloc((size_t)LEFT_OUT_MOST * count, sizeof *calendar->left_out);
    calendar->changes = eng_calloc(count, sizeof *calendar->changes);
    if (calendar->left_out == NULL || calendar->changes == NULL) {
        eng_calendar_free(calendar);
        return ENG_NO_MEMORY;
    }
    memcpy(calendar->changes, changes, count * sizeof *changes);
    calendar->change_count = count;
    calendar->unit = unit;
    calendar->hour_offset_ms =
        standard_offset_ms - floor_div(standard_offset_ms, HOUR_MS) * HOUR_MS;
    fill_days(calendar, changes, count, dates);
    *ret_calendar = calendar;
    return ENG_OK;
}

void eng_calendar_free(struct eng_calendar *calendar)
{
    if (calendar == NULL)
        return;
    eng_free(calendar->left_out);
    eng_free(calendar->changes);
    eng_free(calendar);
}

int64_t eng_calendar_pane(const struct eng_calendar *calendar, int64_t time_ms)
{
    eng_assert(time_ms >= 0);
    if (calendar->unit == ENG_PANE_DAY)
        return day_of(calendar, time_ms);
    if (time_ms > INT64_MAX - 8 * DAY_MS)
        time_ms = INT64_MAX - 8 * DAY_MS;
    return (time_ms + calendar->hour_offset_ms) / HOUR_MS;
}

int64_t eng_calendar_start_ms(const struct eng_calendar *calendar, int64_t pane)
{
    eng_assert(pane >= DAY_FIRST);
    if (calendar->unit == ENG_PANE_DAY)
        return day_start_ms(calendar, pane);
    if (pane > FOREVER_MS / HOUR_MS - 2)
        return FOREVER_MS;
    return pane * HOUR_MS - calendar->hour_offset_ms;
}

/* How far the clocks of the zone are before UTC at an instant. */
static int64_t offset_at(const struct eng_calendar *calendar, int64_t time_ms)
{
    uint32_t low = 0, high = calendar->change_count;
    eng_assert(high > 0);
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (calendar->changes[middle].from_ms <= time_ms)
            low = middle;
        else
            high = middle;
    }
    eng_assert(low < calendar->change_count);
    return calendar->changes[low].offset_ms;
}

struct eng_local eng_calendar_local(const struct eng_calendar *calendar, int64_t pane)
{
    int64_t start_ms = eng_calendar_start_ms(calendar, pane);
    int64_t local_ms = start_ms + offset_at(calendar, start_ms);
    int64_t date = floor_div(local_ms, DAY_MS);
    int64_t from_monday = date + 3 - floor_div(date + 3, 7) * 7; /* day 0 was a Thursday */
    eng_assert(from_monday >= 0 && from_monday < 7);
    return (struct eng_local){(uint8_t)(from_monday + 1),
                              (uint8_t)((local_ms - date * DAY_MS) / HOUR_MS)};
}

/* Days in 400 years of the Gregorian calendar. */
enum { ERA_DAYS = 146097 };

/* A month, counted from January 1970, and its first day. */
struct month {
    int64_t number, first_day;
};

/* The first day of a month; months of years as from March, so that the leap day comes last. */
static int64_t month_first_day(int64_t number)
{
    int64_t from_march = number + 1970 * 12 - 2;
    int64_t year = floor_div(from_march, 12), month = from_march - year * 12;
    return 365 * year + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400) +
           (153 * month + 2) / 5 - 719468;
}

/* The month of a day: a guess from the mean length, at most one off. */
static struct month month_of(int64_t day)
{
    int64_t number = floor_div(day * 4800, ERA_DAYS);
    while (month_first_day(number + 1) <= day)
        number++;
    while (month_first_day(number) > day)
        number--;
    return (struct month){number, month_first_day(number)};
}

/* The first date of the period that holds the date `day`, or of the next period. */
static int64_t period_day(enum eng_window_kind kind, int64_t day, int next)
{
    eng_assert(kind >= ENG_WINDOW_WEEK);
    eng_assert(kind <= ENG_WINDOW_YEAR);
    if (kind == ENG_WINDOW_WEEK)
        return floor_div(day + 3, 7) * 7 - 3 + 7 * next; /* day 0 was a Thursday */
    struct month month = month_of(day);
    if (kind == ENG_WINDOW_MONTH)
        return next ? month_first_day(month.number + 1) : month.first_day;
    int64_t months = kind == ENG_WINDOW_QUARTER ? 3 : 12;
    return month_first_day((floor_div(month.number, months) + next) * months);
}

/* The same in panes. An hour belongs to the local date of its start. */
static int64_t period_pane(const struct eng_calendar *calendar, enum eng_window_kind kind,
                           int64_t pane, int next)
{
    eng_assert(pane >= DAY_FIRST);
    eng_assert(pane < INT64_MAX / HOUR_MS);
    if (calendar->unit == ENG_PANE_DAY)
        return day_of_date(calendar, period_day(kind, date_of(calendar, pane), next));
    int64_t date = date_of(calendar, day_of(calendar, eng_calendar_start_ms(calendar, pane)));
    int64_t start_ms = day_start_ms(calendar, day_of_date(calendar, period_day(kind, date, next)));
    return floor_div(start_ms + calendar->hour_offset_ms + HOUR_MS - 1, HOUR_MS);
}

int64_t eng_calendar_day_first(const struct eng_calendar *calendar, int64_t pane)
{
    eng_assert(pane >= DAY_FIRST);
    if (calendar->unit == ENG_PANE_DAY)
        return pane;
    int64_t start_ms =
        day_start_ms(calendar, day_of(calendar, eng_calendar_start_ms(calendar, pane)));
    return floor_div(start_ms + calendar->hour_offset_ms + HOUR_MS - 1, HOUR_MS);
}

int64_t eng_calendar_period_first(const struct eng_calendar *calendar, enum eng_window_kind kind,
                                  int64_t pane)
{
    eng_assert(calendar != NULL);
    return period_pane(calendar, kind, pane, 0);
}

int64_t eng_calendar_period_next(const struct eng_calendar *calendar, enum eng_window_kind kind,
                                 int64_t pane)
{
    eng_assert(calendar != NULL);
    return period_pane(calendar, kind, pane, 1);
}

int64_t eng_calendar_moment(const struct eng_calendar *calendar, enum eng_window_kind kind,
                            int64_t pane, unsigned day, unsigned hour)
{
    enum { CHANGES_HOUR = 3, DAY_HOURS = 24 };
    eng_assert(pane >= DAY_FIRST);
    eng_assert(hour < DAY_HOURS && (hour == 0 || calendar->unit == ENG_PANE_HOUR));
    int64_t number = pane;
    if (calendar->unit == ENG_PANE_HOUR)
        number = day_of(calendar, eng_calendar_start_ms(calendar, pane));
    int64_t date = date_of(calendar, number);
    int64_t wanted = day == 0 ? period_day(kind, date, 1) - 1 : period_day(kind, date, 0) + day - 1;
    number = day_of_date(calendar, wanted);
    if (calendar->unit == ENG_PANE_DAY)
        return number;
    int64_t at_ms = hour < CHANGES_HOUR
                        ? day_start_ms(calendar, number) + hour * HOUR_MS
                        : day_start_ms(calendar, number + 1) - (DAY_HOURS - hour) * HOUR_MS;
    return floor_div(at_ms + calendar->hour_offset_ms + HOUR_MS - 1, HOUR_MS);
}

bool eng_calendar_equal(const struct eng_calendar *one, const struct eng_calendar *two)
{
    eng_assert(one->day_count > 0 && two->day_count > 0);
    return one->unit == two->unit && one->hour_offset_ms == two->hour_offset_ms &&
           one->day_count == two->day_count && one->left_out_count == two->left_out_count &&
           memcmp(one->deviation_ms, two->deviation_ms,
                  one->day_count * sizeof *one->deviation_ms) == 0 &&
           (one->left_out_count == 0 ||
            memcmp(one->left_out, two->left_out, one->left_out_count * sizeof *one->left_out) == 0);
}
