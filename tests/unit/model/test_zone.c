/* Time zones from TZif files: the system's own against the C library, and files made by hand. */
#include "base/memory.h"
#include "engine/calendar.h"
#include "model/zone.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600000LL
#define DAY (24 * HOUR)
#define YEAR_2200_S 7258118400LL

static struct eng_calendar *load(const char *name, enum eng_pane_unit unit)
{
    struct eng_zone zone = {0};
    struct eng_error err = {0};
    struct eng_calendar *calendar = NULL;
    cr_assert_eq(eng_zone_load(name, &zone, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(
        eng_calendar_new(unit, zone.changes, zone.count, zone.standard_offset_ms, &calendar),
        ENG_OK);
    eng_zone_done(&zone);
    return calendar;
}

/* Days since 1970 of a local date. */
static int64_t date_of(const struct tm *local)
{
    int64_t year = local->tm_year + 1899;
    return 365 * (year - 1969) + (year / 4 - year / 100 + year / 400) - 477 + local->tm_yday;
}

/* A day once begun stays begun: the pane is the latest local date so far, dates left out not
 * counted. */
static void compare_with_libc(const char *name)
{
    struct eng_calendar *calendar = load(name, ENG_PANE_DAY);
    cr_assert_eq(setenv("TZ", name, 1), 0);
    tzset();
    int64_t latest = -1, left_out = 0;
    for (time_t time = 0; time < YEAR_2200_S; time += 6 * 3600) {
        struct tm local;
        cr_assert_not_null(localtime_r(&time, &local));
        int64_t date = date_of(&local);
        left_out += date > latest + 1 ? date - latest - 1 : 0;
        latest = date > latest ? date : latest;
        cr_assert_eq(eng_calendar_pane(calendar, time * 1000), latest - left_out, "%s at %lld",
                     name, (long long)time);
    }
    eng_calendar_free(calendar);
}

Test(zone, days_agree_with_the_c_library_until_2200)
{
    static const char *const names[] = {
        "Europe/Amsterdam",    "Europe/Dublin", "America/Havana",    "Asia/Kolkata",
        "Australia/Lord_Howe", "Pacific/Apia",  "Africa/Casablanca", "America/Santiago"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        compare_with_libc(names[i]);
}

Test(zone, hours_are_aligned_to_the_standard_offset_of_1970)
{
    struct eng_calendar *kolkata = load("Asia/Kolkata", ENG_PANE_HOUR);
    struct eng_calendar *monrovia = load("Africa/Monrovia", ENG_PANE_HOUR);
    cr_assert_eq(eng_calendar_start_ms(kolkata, 1), HOUR / 2);
    cr_assert_eq(eng_calendar_start_ms(monrovia, 1), 2670000, "44 minutes and 30 seconds west");
    eng_calendar_free(kolkata);
    eng_calendar_free(monrovia);
}

Test(zone, utc_needs_no_file)
{
    struct eng_zone zone = {0};
    cr_assert_eq(setenv("TZDIR", "/nonexistent", 1), 0);
    cr_assert_eq(eng_zone_load("UTC", &zone, NULL), ENG_OK);
    cr_assert_eq(zone.count, 1);
    cr_assert_eq(zone.changes[0].offset_ms, 0);
    eng_zone_done(&zone);
    cr_assert_eq(eng_zone_load("Europe/Amsterdam", &zone, NULL), ENG_NOT_FOUND);
}

static void expect_error(const char *name, const char *text)
{
    struct eng_zone zone = {0};
    struct eng_error err = {0};
    cr_assert_eq(eng_zone_load(name, &zone, &err), ENG_NOT_FOUND, "%s", name);
    cr_assert_not_null(strstr(err.text, text), "%s", err.text);
    cr_assert_null(zone.changes);
}

Test(zone, an_unknown_name_is_answered_with_a_close_one)
{
    expect_error("Europe/Amsterdm", "did you mean \"Europe/Amsterdam\"?");
    expect_error("asia/kolkata", "did you mean \"Asia/Kolkata\"?");
    expect_error("Amsterdam", "did you mean \"Europe/Amsterdam\"?");
    expect_error("Nowhere/At_All_Really", "write an IANA name");
}

Test(zone, a_name_cannot_leave_the_folder_of_zones)
{
    static const char *const names[] = {"../../../etc/passwd",
                                        "/etc/passwd",
                                        "Europe/../../../../etc/passwd",
                                        "Europe//Amsterdam",
                                        "posix/Europe/Amsterdam",
                                        "right/Europe/Amsterdam",
                                        "localtime",
                                        "tzdata.zi",
                                        "Europe",
                                        "Europe/",
                                        "",
                                        "."};
    struct eng_zone zone = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_assert_eq(eng_zone_load(names[i], &zone, NULL), ENG_NOT_FOUND, "%s", names[i]);
}

/* ---- files made by hand ---- */

struct file {
    uint8_t bytes[4096];
    size_t used;
};

static void put(struct file *file, const void *data, size_t length)
{
    memcpy(file->bytes + file->used, data, length);
    file->used += length;
}

static void put_number(struct file *file, int64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        file->bytes[file->used++] = (uint8_t)((uint64_t)number >> (8 * i));
}

struct change {
    int64_t from_s;
    uint8_t type;
};

/* Header, changes and the two types +1h and +2h (summer). */
static void put_table(struct file *file, char version, const struct change *changes, uint32_t count)
{
    static const uint8_t zeros[15] = {0};
    int time_bytes = file->used == 0 ? 4 : 8;
    put(file, "TZif", 4);
    put(file, &version, 1);
    put(file, zeros, 15);
    static const uint32_t none[] = {0, 0, 0};
    for (int i = 0; i < 3; i++)
        put_number(file, none[i], 4); /* no flags, no leap seconds */
    put_number(file, count, 4);
    put_number(file, 2, 4);
    put_number(file, 4, 4);
    for (uint32_t i = 0; i < count; i++)
        put_number(file, changes[i].from_s, time_bytes);
    for (uint32_t i = 0; i < count; i++)
        put(file, &changes[i].type, 1);
    put_number(file, 3600, 4);
    put(file, "\0\0", 2);
    put_number(file, 7200, 4);
    put(file, "\1\0", 2);
    put(file, "ABC", 4);
}

static struct file make(const struct change *changes, uint32_t count, const char *footer)
{
    struct file file = {.used = 0};
    put_table(&file, '2', changes, count);
    put_table(&file, '2', changes, count);
    put(&file, "\n", 1);
    put(&file, footer, strlen(footer));
    put(&file, "\n", 1);
    return file;
}

static const struct change two[] = {{1000000, 1}, {2000000, 0}};

static struct eng_zone parse(const char *footer)
{
    struct file file = make(two, 2, footer);
    struct eng_zone zone = {0};
    struct eng_error err = {0};
    cr_assert_eq(eng_zone_parse(file.bytes, file.used, &zone, &err), ENG_OK, "%s: %s", footer,
                 err.text);
    return zone;
}

/* The first instant, ms, after the table at which the rule gives an offset; -1: never. */
static int64_t first_change(const char *footer, int64_t offset_ms)
{
    struct eng_zone zone = parse(footer);
    int64_t found = -1;
    for (uint32_t i = zone.count; i-- > 3;)
        if (zone.changes[i].offset_ms == offset_ms)
            found = zone.changes[i].from_ms;
    eng_zone_done(&zone);
    return found;
}

Test(zone, the_table_is_taken_as_it_stands)
{
    struct eng_zone zone = parse("ABC-1");
    cr_assert_eq(zone.count, 3);
    cr_assert_eq(zone.standard_offset_ms, HOUR);
    cr_assert_eq(zone.changes[0].offset_ms, HOUR);
    cr_assert_eq(zone.changes[1].from_ms, 1000000000);
    cr_assert_eq(zone.changes[1].offset_ms, 2 * HOUR);
    cr_assert_eq(zone.changes[2].offset_ms, HOUR);
    eng_zone_done(&zone);
}

static struct eng_zone parse_changes(const struct change *changes, uint32_t count)
{
    struct file file = make(changes, count, "ABC-1");
    struct eng_zone zone = {0};
    cr_assert_eq(eng_zone_parse(file.bytes, file.used, &zone, NULL), ENG_OK);
    return zone;
}

Test(zone, summer_time_at_the_beginning_of_1970_is_not_the_standard_offset)
{
    static const struct change changes[] = {{-9000000, 0}, {-1000000, 1}, {1000000, 0}};
    struct eng_zone zone = parse_changes(changes, 3);
    cr_assert_eq(zone.changes[0].offset_ms, 2 * HOUR);
    cr_assert_eq(zone.standard_offset_ms, HOUR);
    eng_zone_done(&zone);
}

Test(zone, a_change_that_changes_no_offset_is_none)
{
    static const struct change changes[] = {{1000000, 1}, {1500000, 1}, {2000000, 0}};
    struct eng_zone zone = parse_changes(changes, 3);
    cr_assert_eq(zone.count, 3);
    eng_zone_done(&zone);
}

Test(zone, the_rule_of_the_footer_goes_on_in_all_its_forms)
{
    /* 1970: 29 March and 25 October are the last Sundays; day 59 is 1 March, day 299 is 27 October.
     */
    cr_assert_eq(first_change("CET-1CEST,M3.5.0,M10.5.0/3", 2 * HOUR), 87 * DAY + HOUR);
    cr_assert_eq(first_change("CET-1CEST,M3.5.0,M10.5.0/3", HOUR), 297 * DAY + HOUR);
    cr_assert_eq(first_change("<+01>-1<+02>-2,M3.1.0/0,M10.1.0", 2 * HOUR), 59 * DAY - HOUR);
    cr_assert_eq(first_change("ABC-1DEF,J60/0:30,J300", 2 * HOUR), 59 * DAY - HOUR / 2);
    cr_assert_eq(first_change("ABC-1DEF,59/0:00:30,299", 2 * HOUR), 59 * DAY - HOUR + 30000);
    cr_assert_eq(first_change("ABC-1DEF-3:30,J60/-24,J300/167", 3 * HOUR + HOUR / 2),
                 58 * DAY - HOUR);
    cr_assert_eq(first_change("ABC3DEF,M3.5.0,M10.5.0", -2 * HOUR), 87 * DAY + 5 * HOUR);
    cr_assert_eq(first_change("ABC-1", 2 * HOUR), -1);
    cr_assert_eq(first_change("", 2 * HOUR), -1, "nothing is known of later years");
}

Test(zone, the_rule_reaches_the_year_2199)
{
    struct eng_zone zone = parse("CET-1CEST,M3.5.0,M10.5.0/3");
    cr_assert_eq(zone.count, 1 + 2 + 2 * 230);
    cr_assert_eq(zone.changes[zone.count - 1].from_ms, 7252419600000, "2199-10-27T01:00Z");
    eng_zone_done(&zone);
}

Test(zone, days_without_29_february_are_counted_without_it_in_leap_years)
{
    struct eng_zone zone = parse("ABC-1DEF,J60/0,J300");
    bool found = false;
    for (uint32_t i = 0; i < zone.count; i++)
        found = found || zone.changes[i].from_ms == (365 * 2 + 60) * DAY - HOUR;
    cr_assert(found, "1 March 1972");
    eng_zone_done(&zone);
}

/* Whether a rule makes a change at an instant. */
static bool changes_at(const char *footer, int64_t from_ms)
{
    struct eng_zone zone = parse(footer);
    bool found = false;
    for (uint32_t i = 0; i < zone.count; i++)
        found = found || zone.changes[i].from_ms == from_ms;
    eng_zone_done(&zone);
    return found;
}

Test(zone, sundays_of_february_are_found_in_leap_years)
{
    cr_assert(changes_at("ABC-1DEF,M2.5.0,M10.5.0", 787 * DAY + HOUR), "last: 27 February 1972");
    cr_assert(changes_at("ABC-1DEF,M2.5.0,M10.5.0", 2250 * DAY + HOUR), "last: 29 February 1976");
    cr_assert(changes_at("ABC-1DEF,M2.1.0,M10.5.0", 2222 * DAY + HOUR), "first: 1 February 1976");
}

Test(zone, summer_time_all_year_round_is_one_offset)
{
    struct eng_zone zone = parse("ABC-1DEF,0/0,J365/25");
    for (uint32_t i = 4; i < zone.count; i++)
        cr_assert_eq(zone.changes[i].offset_ms, 2 * HOUR);
    eng_zone_done(&zone);
}

Test(zone, a_broken_rule_is_refused)
{
    static const char *const footers[] = {"A",
                                          "ABC",
                                          "ABC-25",
                                          "ABC-1DEF",
                                          "ABC-1DEF,M3.5.0",
                                          "ABC-1DEF,M13.1.0,M1.1.0",
                                          "ABC-1DEF,M0.1.0,M1.1.0",
                                          "ABC-1DEF,M1.6.0,M1.1.0",
                                          "ABC-1DEF,M1.1.7,M2.1.0",
                                          "ABC-1DEF,J0,J1",
                                          "ABC-1DEF,J1,J366",
                                          "ABC-1DEF,366,1",
                                          "ABC-1DEF,J1/168,J2",
                                          "ABC-1DEF,J1,J2x",
                                          "<ABC-1",
                                          "ABC-1:60",
                                          "ABC-1,J1,J2"};
    for (size_t i = 0; i < sizeof footers / sizeof footers[0]; i++) {
        struct file file = make(two, 2, footers[i]);
        struct eng_zone zone = {0};
        cr_assert_eq(eng_zone_parse(file.bytes, file.used, &zone, NULL), ENG_CORRUPT, "%s",
                     footers[i]);
        cr_assert_null(zone.changes);
    }
}

Test(zone, a_file_cut_off_anywhere_is_refused)
{
    struct file file = make(two, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t length = 0; length < file.used; length++) {
        uint8_t *copy = malloc(length > 0 ? length : 1);
        struct eng_zone zone = {0};
        cr_assert_not_null(copy);
        memcpy(copy, file.bytes, length);
        cr_assert_eq(eng_zone_parse(copy, length, &zone, NULL), ENG_CORRUPT, "%zu", length);
        free(copy);
    }
}

Test(zone, what_a_file_counts_wrongly_is_refused)
{
    static const struct change back[] = {{2000000, 1}, {1000000, 0}};
    static const struct change unknown[] = {{1000000, 2}};
    struct file files[3] = {make(back, 2, "ABC-1"), make(unknown, 1, "ABC-1"),
                            make(two, 2, "ABC-1")};
    files[2].bytes[20 + 4 * 4] = 0xFF; /* number of types */
    for (int i = 0; i < 3; i++) {
        struct eng_zone zone = {0};
        struct eng_error err = {0};
        cr_assert_eq(eng_zone_parse(files[i].bytes, files[i].used, &zone, &err), ENG_CORRUPT);
        cr_assert_not_null(strstr(err.text, "not usable"), "%s", err.text);
    }
}

Test(zone, a_file_of_the_first_version_has_no_rule)
{
    struct file file = {.used = 0};
    struct eng_zone zone = {0};
    put_table(&file, '\0', two, 2);
    cr_assert_eq(eng_zone_parse(file.bytes, file.used, &zone, NULL), ENG_OK);
    cr_assert_eq(zone.count, 3);
    eng_zone_done(&zone);
}

Test(zone, a_file_that_counts_leap_seconds_is_refused)
{
    struct file file = {.used = 0};
    struct eng_zone zone = {0};
    struct eng_error err = {0};
    put_table(&file, '\0', two, 2);
    file.bytes[31] = 1; /* number of leap seconds */
    put_number(&file, 1000000, 4);
    put_number(&file, 1, 4);
    cr_assert_eq(eng_zone_parse(file.bytes, file.used, &zone, &err), ENG_CORRUPT);
    cr_assert_not_null(strstr(err.text, "leap seconds"), "%s", err.text);
}

Test(zone, tzdir_names_the_folder)
{
    char folder[] = "/tmp/engaged-zone-XXXXXX", path[64];
    struct file file = make(two, 2, "ABC-1");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/Own", folder);
    FILE *out = fopen(path, "wb");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(file.bytes, 1, file.used, out), file.used);
    cr_assert_eq(fclose(out), 0);
    cr_assert_eq(setenv("TZDIR", folder, 1), 0);
    struct eng_calendar *calendar = load("Own", ENG_PANE_DAY);
    cr_assert_eq(eng_calendar_start_ms(calendar, 0), -HOUR);
    expect_error("Europe/Amsterdam", "there is no time zone");
    expect_error("Owl", "did you mean \"Own\"?");
    eng_calendar_free(calendar);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(rmdir(folder), 0);
}

Test(zone, a_failed_allocation_is_reported)
{
    struct eng_zone zone = {0};
    for (uint64_t nth = 1; nth <= 2; nth++) {
        eng_memory_fail(nth, 0);
        cr_assert_eq(eng_zone_load("Europe/Amsterdam", &zone, NULL), ENG_NO_MEMORY);
        cr_assert_null(zone.changes);
    }
    eng_memory_fail(0, 0);
}
