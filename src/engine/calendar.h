/* Panes and calendar periods of one time zone: event time (UTC milliseconds) to pane number and
 * back.
 *
 * A pane is a day or an hour. A day begins at the first instant of its local date, so days have 23,
 * 24 or 25 hours, and midnight may come twice (the first one counts); a date that the zone left out
 * is no day. An hour is 3,600,000 ms,
 * aligned to the zone's standard offset at the epoch. Day 0 is local 1970-01-01, hour 0
 * the one that holds the epoch. Panes before the epoch do not exist for the engine: event times are
 * >= 0, so the smallest pane is -1 (a day, west of Greenwich). Immutable after it was made; any
 * thread. */
#ifndef ENG_ENGINE_CALENDAR_H
#define ENG_ENGINE_CALENDAR_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

enum eng_pane_unit { ENG_PANE_HOUR, ENG_PANE_DAY };

/* What a measure or points score looks at. */
enum eng_window_kind {
    ENG_WINDOW_ROLLING, /* the pane of the clock and the panes - 1 before it */
    ENG_WINDOW_WEEK,    /* the current calendar week (from Monday), month, quarter, year */
    ENG_WINDOW_MONTH,
    ENG_WINDOW_QUARTER,
    ENG_WINDOW_YEAR,
    ENG_WINDOW_LIFE, /* since the first event */
    ENG_WINDOW_NONE, /* streaks and states have no window */
};

struct eng_calendar;

/* From this instant on, local time = UTC + offset_ms. */
struct eng_zone_change {
    int64_t from_ms;
    int32_t offset_ms;
};

/* A calendar of `unit` panes from the zone's changes, ascending (the first one's from_ms is
 * ignored: it holds since ever), with the zone's standard offset at the epoch. Copies. The changes
 * have to reach up to the year 2200; later days are taken at the last offset. ENG_OK or
 * ENG_NO_MEMORY; free with eng_calendar_free. */
enum eng_status eng_calendar_new(enum eng_pane_unit unit, const struct eng_zone_change *changes,
                                 uint32_t count, int32_t standard_offset_ms,
                                 struct eng_calendar **ret_calendar);

void eng_calendar_free(struct eng_calendar *calendar);

/* True when the panes of both, and their weeks, have the same numbers and begin at the same
 * instants. */
bool eng_calendar_equal(const struct eng_calendar *one, const struct eng_calendar *two);

/* The pane of an instant (>= 0). */
int64_t eng_calendar_pane(const struct eng_calendar *calendar, int64_t time_ms);

/* The first instant of a pane (>= -1): its boundary. */
int64_t eng_calendar_start_ms(const struct eng_calendar *calendar, int64_t pane);

/* What the clocks of the zone show at the start of a pane. */
struct eng_local {
    uint8_t weekday; /* 1: Monday, to 7 */
    uint8_t hour;    /* 0 to 23 */
};
struct eng_local eng_calendar_local(const struct eng_calendar *calendar, int64_t pane);

/* The first pane of the local date that `pane` begins on. */
int64_t eng_calendar_day_first(const struct eng_calendar *calendar, int64_t pane);

/* The first pane of the week, month, quarter or year that holds `pane`; and the first pane of the
 * next one. */
int64_t eng_calendar_period_first(const struct eng_calendar *calendar, enum eng_window_kind kind,
                                  int64_t pane);
int64_t eng_calendar_period_next(const struct eng_calendar *calendar, enum eng_window_kind kind,
                                 int64_t pane);

/* The pane that begins at an hour of a local date, or the first one after that: the `day`th date
 * (1: the first; 0: the last) of the period that holds `pane`. Days of clock changes are taken as
 * changed between 2 and 3 o'clock. With panes of a day the hour is 0. */
int64_t eng_calendar_moment(const struct eng_calendar *calendar, enum eng_window_kind kind,
                            int64_t pane, unsigned day, unsigned hour);

#endif
