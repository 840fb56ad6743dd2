/* TZif: a table of changes and, since version 2, a rule for all later years.
 *
 *   file     = header data [header data footer]     the second half with 64-bit times
 *   data     = times, type of each time, types (offset, summer time?, name), names, leap seconds,
 * flags footer   = newline, rule as in the environment variable TZ, newline rule     = NAME offset
 * [NAME [offset] , day [/time] , day [/time]]
 *
 * Offsets of the rule are west of Greenwich, those of the table east of it. Only the last change
 * before 1970 is kept, since no event is older. */
#include "model/zone.h"

#include "base/assert.h"
#include "base/memory.h"
#include "model/text.h"
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400LL
#define FIRST_S (-4 * DAY_S) /* changes up to here are one */
#define LAST_S 7258118400LL  /* the year 2200 */
#define OFFSET_S_MAX (26 * 3600)

enum {
    FILE_BYTES_MAX = 128 * 1024,
    HEADER_BYTES = 44,
    TIMES_MAX = 4096,
    TYPES_MAX = 256,
    YEAR_LAST = 2200, /* its changes are cut off, but may replace one at its very beginning */
    CHANGES_MAX = TIMES_MAX + 2 * (YEAR_LAST - 1969) + 2,
    NAME_BYTES_MAX = 64,
};

/* ---- the table ---- */

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

struct table {
    struct counts counts;
    unsigned time_bytes; /* 4 or 8 */
    const uint8_t *times, *indexes, *types;
};

static uint32_t get32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static int64_t get_time(const struct table *table, uint32_t index)
{
    const uint8_t *at = table->times + (size_t)index * table->time_bytes;
    if (table->time_bytes == 4)
        return (int32_t)get32(at);
    return (int64_t)((uint64_t)get32(at) << 32 | get32(at + 4));
}

static int32_t get_offset(const struct table *table, uint32_t type)
{
    return (int32_t)get32(table->types + (size_t)type * 6);
}

static bool is_summer(const struct table *table, uint32_t type)
{
    return table->types[(size_t)type * 6 + 4] != 0;
}

static enum eng_status corrupt(struct eng_error *err, const char *what)
{
    return eng_error_set(err, ENG_CORRUPT, "the time zone's file is not usable: %s", what);
}

/* Reads a header and finds its tables; *at moves behind the data. */
static enum eng_status read_table(const uint8_t *data, size_t bytes, size_t *at,
                                  struct table *ret_table, struct eng_error *err)
{
    struct table table = {.time_bytes = ret_table->time_bytes};
    if (bytes - *at < HEADER_BYTES || memcmp(data + *at, "TZif", 4) != 0)
        return corrupt(err, "it does not begin like a zone");
    const uint8_t *header = data + *at + 20;
    table.counts = (struct counts){get32(header),      get32(header + 4),  get32(header + 8),
                                   get32(header + 12), get32(header + 16), get32(header + 20)};
    const struct counts *counts = &table.counts;
    if (counts->time > TIMES_MAX || counts->type == 0 || counts->type > TYPES_MAX ||
        counts->chars > FILE_BYTES_MAX || counts->leap > TIMES_MAX || counts->isut > TYPES_MAX ||
        counts->isstd > TYPES_MAX)
        return corrupt(err, "its header counts what cannot be");
    size_t size = (size_t)counts->time * (table.time_bytes + 1) + (size_t)counts->type * 6 +
                  counts->chars + (size_t)counts->leap * (table.time_bytes + 4) + counts->isstd +
                  counts->isut;
    if (bytes - *at - HEADER_BYTES < size)
        return corrupt(err, "it ends too early");
    table.times = data + *at + HEADER_BYTES;
    table.indexes = table.times + (size_t)counts->time * table.time_bytes;
    table.types = table.indexes + counts->time;
    *at += HEADER_BYTES + size;
    *ret_table = table;
    return ENG_OK;
}

static enum eng_status check_table(const struct table *table, struct eng_error *err)
{
    if (table->counts.leap != 0)
        return corrupt(err, "it counts leap seconds, which event times do not");
    for (uint32_t i = 0; i < table->counts.type; i++)
        if (get_offset(table, i) > OFFSET_S_MAX || get_offset(table, i) < -OFFSET_S_MAX)
            return corrupt(err, "an offset is longer than a day");
    for (uint32_t i = 0; i < table->counts.time; i++) {
        if (table->indexes[i] >= table->counts.type)
            return corrupt(err, "a change has a type that is not there");
        if (i > 0 && get_time(table, i) <= get_time(table, i - 1))
            return corrupt(err, "its changes do not ascend");
    }
    return ENG_OK;
}

/* Adds a change; one that comes not after the last one replaces it, one that changes nothing is
 * left out. */
static void add_change(struct eng_zone *zone, int64_t from_s, int32_t offset_s)
{
    struct eng_zone_change *last = &zone->changes[zone->count - 1];
    int32_t offset_ms = offset_s * 1000;
    eng_assert(zone->count > 0 && zone->count < CHANGES_MAX);
    if (from_s >= LAST_S)
        return;
    if (from_s <= FIRST_S || (zone->count > 1 && from_s * 1000 <= last->from_ms))
        last->offset_ms = offset_ms;
    else if (last->offset_ms != offset_ms)
        zone->changes[zone->count++] = (struct eng_zone_change){from_s * 1000, offset_ms};
}

/* The offset without summer time: of the last type before 1970 that is none, else of the first one.
 */
static int32_t standard_offset_s(const struct table *table)
{
    uint32_t found = 0;
    bool known = !is_summer(table, 0);
    for (uint32_t i = 0; i < table->counts.type && !known; i++)
        if (!is_summer(table, i)) {
            found = i;
            known = true;
        }
    for (uint32_t i = 0; i < table->counts.time && get_time(table, i) <= 0; i++)
        if (!is_summer(table, table->indexes[i]))
            found = table->indexes[i];
    return get_offset(table, found);
}

/* ---- the rule ---- */

enum day_kind {
    DAY_OF_YEAR,    /* 0 .. 365, 29 February counted */
    DAY_WITHOUT_29, /* 1 .. 365, 29 February never counted */
    DAY_OF_WEEK,    /* week 1 .. 5 of a month, 5 being the last */
};

struct rule_day {
    enum day_kind kind;
    int day, month, week; /* DAY_OF_WEEK: day 0 (Sunday) .. 6 */
    int32_t time_s;       /* after midnight, may be negative or beyond the day */
};

struct rule {
    int32_t standard_s, summer_s; /* east of Greenwich */
    bool has_summer;
    struct rule_day begin, end; /* of summer time */
};

struct scan {
    const char *at, *end;
};

static bool take(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool scan_number(struct scan *scan, int max, int *ret_number)
{
    int number = 0;
    const char *start = scan->at;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
        number = number * 10 + (*scan->at - '0');
        if (number > max)
            return false;
    }
    *ret_number = number;
    return scan->at > start;
}

/* [+-]h[:m[:s]] */
static bool scan_time(struct scan *scan, int hours_max, int32_t *ret_s)
{
    bool negative = take(scan, '-');
    int hours = 0, minutes = 0, seconds = 0;
    if (!negative)
        (void)take(scan, '+'); /* A plus sign says nothing. */
    if (!scan_number(scan, hours_max, &hours))
        return false;
    if (take(scan, ':') &&
        (!scan_number(scan, 59, &minutes) || (take(scan, ':') && !scan_number(scan, 59, &seconds))))
        return false;
    int32_t sum = hours * 3600 + minutes * 60 + seconds;
    *ret_s = negative ? -sum : sum;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, or anything in angle brackets. */
static bool skip_name(struct scan *scan)
{
    const char *start = scan->at;
    bool quoted = take(scan, '<');
    while (scan->at < scan->end && (quoted ? *scan->at != '>' : is_letter(*scan->at)))
        scan->at++;
    return scan->at > start && (!quoted || take(scan, '>'));
}

static bool scan_day(struct scan *scan, struct rule_day *ret_day)
{
    struct rule_day day = {.kind = DAY_OF_YEAR, .time_s = 7200};
    bool good = false;
    if (take(scan, 'M')) {
        day.kind = DAY_OF_WEEK;
        good = scan_number(scan, 12, &day.month) && take(scan, '.') &&
               scan_number(scan, 5, &day.week) && take(scan, '.') &&
               scan_number(scan, 6, &day.day) && day.month > 0 && day.week > 0;
    } else if (take(scan, 'J')) {
        day.kind = DAY_WITHOUT_29;
        good = scan_number(scan, 365, &day.day) && day.day > 0;
    } else {
        good = scan_number(scan, 365, &day.day);
    }
    if (good && take(scan, '/'))
        good = scan_time(scan, 167, &day.time_s);
    *ret_day = day;
    return good;
}

static bool scan_rule(struct scan scan, struct rule *ret_rule)
{
    struct rule rule = {0};
    if (!skip_name(&scan) || !scan_time(&scan, 24, &rule.standard_s))
        return false;
    rule.standard_s = -rule.standard_s;
    rule.summer_s = rule.standard_s + 3600;
    rule.has_summer = scan.at < scan.end;
    if (rule.has_summer) {
        if (!skip_name(&scan))
            return false;
        if (scan.at < scan.end && *scan.at != ',') {
            if (!scan_time(&scan, 24, &rule.summer_s))
                return false;
            rule.summer_s = -rule.summer_s;
        }
        if (!take(&scan, ',') || !scan_day(&scan, &rule.begin) || !take(&scan, ',') ||
            !scan_day(&scan, &rule.end))
            return false;
    }
    *ret_rule = rule;
    return scan.at == scan.end;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first day of a year after it. */
static int64_t year_day(int64_t year)
{
    int64_t before = year - 1;
    return 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) - 477;
}

/* A rule's day in a year, as days since 1970-01-01. */
static int64_t rule_day_of(const struct rule_day *day, int64_t year)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t first = year_day(year);
    if (day->kind == DAY_OF_YEAR)
        return first + day->day;
    if (day->kind == DAY_WITHOUT_29)
        return first + day->day - 1 + (is_leap(year) && day->day > 59);
    for (int month = 1; month < day->month; month++)
        first += lengths[month - 1] + (month == 2 && is_leap(year));
    int64_t length = lengths[day->month - 1] + (day->month == 2 && is_leap(year));
    int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t found = first + (day->day - weekday + 7) % 7 + 7 * (day->week - 1);
    return found < first + length ? found : found - 7;
}

/* Adds the rule's changes after `after_s`, year by year. */
static void add_rule(struct eng_zone *zone, const struct rule *rule, int64_t after_s)
{
    for (int64_t year = 1970; year <= YEAR_LAST && rule->has_summer; year++) {
        int64_t begin_s =
            rule_day_of(&rule->begin, year) * DAY_S + rule->begin.time_s - rule->standard_s;
        int64_t end_s = rule_day_of(&rule->end, year) * DAY_S + rule->end.time_s - rule->summer_s;
        bool begin_first = begin_s < end_s;
        int64_t first_s = begin_first ? begin_s : end_s, second_s = begin_first ? end_s : begin_s;
        if (first_s > after_s)
            add_change(zone, first_s, begin_first ? rule->summer_s : rule->standard_s);
        if (second_s > after_s)
            add_change(zone, second_s, begin_first ? rule->standard_s : rule->summer_s);
    }
}

/* ---- the file ---- */

/* The rule between two newlines at the file's end. */
static enum eng_status read_footer(const uint8_t *data, size_t bytes, size_t at,
                                   struct rule *ret_rule, struct eng_error *err)
{
    struct scan scan = {(const char *)data + at, (const char *)data + bytes};
    if (!take(&scan, '\n'))
        return corrupt(err, "its rule for later years is missing");
    const char *newline = memchr(scan.at, '\n', (size_t)(scan.end - scan.at));
    if (newline == NULL)
        return corrupt(err, "its rule for later years has no end");
    scan.end = newline;
    if (scan.at == scan.end)
        return ENG_OK; /* an empty rule: nothing is known of later years */
    if (!scan_rule(scan, ret_rule))
        return corrupt(err, "its rule for later years cannot be read");
    if (ret_rule->standard_s > OFFSET_S_MAX || ret_rule->summer_s > OFFSET_S_MAX)
        return corrupt(err, "an offset is longer than a day");
    return ENG_OK;
}

enum eng_status eng_zone_parse(const uint8_t *data, size_t bytes, struct eng_zone *ret_zone,
                               struct eng_error *err)
{
    eng_assert((data != NULL || bytes == 0) && ret_zone != NULL);
    struct table table = {.time_bytes = 4};
    struct rule rule = {0};
    size_t at = 0;
    enum eng_status status = read_table(data, bytes, &at, &table, err);
    if (status == ENG_OK && data[4] >= '2') {
        table.time_bytes = 8;
        status = read_table(data, bytes, &at, &table, err);
        if (status == ENG_OK)
            status = read_footer(data, bytes, at, &rule, err);
    }
    if (status == ENG_OK)
        status = check_table(&table, err);
    if (status != ENG_OK)
        return status;
    struct eng_zone zone = {.standard_offset_ms = standard_offset_s(&table) * 1000, .count = 1};
    zone.changes = eng_calloc(CHANGES_MAX, sizeof *zone.changes);
    if (zone.changes == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory while reading a time zone");
    zone.changes[0].offset_ms = get_offset(&table, 0) * 1000;
    for (uint32_t i = 0; i < table.counts.time; i++)
        add_change(&zone, get_time(&table, i), get_offset(&table, table.indexes[i]));
    add_rule(&zone, &rule,
             table.counts.time > 0 ? get_time(&table, table.counts.time - 1) : FIRST_S);
    *ret_zone = zone;
    return ENG_OK;
}

void eng_zone_done(struct eng_zone *zone)
{
    eng_assert(zone != NULL);
    eng_free(zone->changes);
    *zone = (struct eng_zone){0};
}

/* ---- finding the file ---- */

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                      "/usr/share/lib/zoneinfo", NULL};

/* Names as the zone data base has them: Area/Place, each part with a capital first. Nothing else
 * gets near the file system. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    size_t length = strlen(name);
    if (length == 0 || length > NAME_BYTES_MAX || strspn(name, allowed) != length)
        return false;
    return name[0] >= 'A' && name[0] <= 'Z' && name[length - 1] != '/' &&
           strstr(name, "//") == NULL;
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[512];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && length < (int)sizeof path ? fopen(path, "rb") : NULL;
}

static FILE *open_zone(const char *name)
{
    const char *own = getenv("TZDIR");
    if (own != NULL && own[0] != '\0')
        return open_in(own, name);
    FILE *file = NULL;
    for (int i = 0; folders[i] != NULL && file == NULL; i++)
        file = open_in(folders[i], name);
    return file;
}

/* The search for a name that was meant. */
struct search {
    struct eng_nearest nearest;
    char best[NAME_BYTES_MAX * 2];
};

static void offer(struct search *search, const char *name)
{
    const char *slash = strrchr(name, '/');
    struct eng_nearest place = search->nearest; /* Amsterdam means Europe/Amsterdam */
    eng_nearest_offer(&search->nearest, name);
    bool better = search->nearest.best == name;
    if (!better && slash != NULL) {
        eng_nearest_offer(&place, slash + 1);
        better = place.best == slash + 1;
        if (better)
            search->nearest.distance = place.distance;
    }
    if (better) {
        (void)snprintf(search->best, sizeof search->best, "%s", name); /* fits: see is_name */
        search->nearest.best = search->best;
    }
}

/* Offers every zone below a folder; `name` is the folder's own name and a slash, or "". */
static void offer_folder(struct search *search, const char *folder, const char *name, int depth)
{
    char path[512], inner[NAME_BYTES_MAX * 2];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    DIR *opened = length < (int)sizeof path ? opendir(path) : NULL;
    if (opened == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;) {
        length = snprintf(inner, sizeof inner, "%s%s", name, entry->d_name);
        if (length >= (int)sizeof inner - 1 || !is_name(inner))
            continue;
        offer(search, inner);
        (void)snprintf(inner + length, sizeof inner - (size_t)length, "/"); /* fits, see above */
        if (depth > 0)
            offer_folder(search, folder, inner, depth - 1);
    }
    (void)closedir(opened); /* Only read from. */
}

static enum eng_status not_found(const char *name, struct eng_error *err)
{
    struct search search = {.nearest = {.text = name, .length = strlen(name)}};
    const char *own = getenv("TZDIR");
    bool any = false;
    for (int i = 0; folders[i] != NULL && own == NULL; i++)
        offer_folder(&search, folders[i], "", 2);
    if (own != NULL)
        offer_folder(&search, own, "", 2);
    any = search.nearest.best != NULL;
    return eng_error_set(err, ENG_NOT_FOUND, "there is no time zone \"%.64s\"; %s%s%s", name,
                         any ? "did you mean \""
                             : "write an IANA name such as Europe/Amsterdam, and see that "
                               "the system's zone data (package tzdata) is installed",
                         any ? search.best : "", any ? "\"?" : "");
}

enum eng_status eng_zone_load(const char *name, struct eng_zone *ret_zone, struct eng_error *err)
{
    eng_assert(name != NULL && ret_zone != NULL);
    if (strcmp(name, "UTC") == 0) {
        struct eng_zone_change *changes = eng_calloc(1, sizeof *changes);
        if (changes == NULL)
            return eng_error_set(err, ENG_NO_MEMORY, "out of memory while reading a time zone");
        *ret_zone = (struct eng_zone){.changes = changes, .count = 1};
        return ENG_OK;
    }
    FILE *file = is_name(name) ? open_zone(name) : NULL;
    if (file == NULL)
        return not_found(name, err);
    uint8_t *data = eng_calloc(1, FILE_BYTES_MAX);
    size_t bytes = data != NULL ? fread(data, 1, FILE_BYTES_MAX, file) : 0;
    bool failed = ferror(file) != 0;
    (void)fclose(file); /* Only read from. */
    enum eng_status status = ENG_OK;
    if (data == NULL)
        status = eng_error_set(err, ENG_NO_MEMORY, "out of memory while reading a time zone");
    else if (failed)
        status = not_found(name, err); /* a folder: Europe */
    else
        status = eng_zone_parse(data, bytes, ret_zone, err);
    eng_free(data);
    return status;
}
