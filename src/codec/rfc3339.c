/* RFC 3339 date-times: a scanner over fixed places, and the civil calendar in integers.
 *
 * The grammar (section 5.6) is date "T" time offset, each part of fixed width but for the fraction.
 * 'T' and 'Z' may be lower case; a space may stand for the 'T'. */
#include "codec/rfc3339.h"

#include "base/assert.h"
#include "base/limits.h"

enum { DATE_TIME_BYTES = 19 }; /* 2026-01-31T09:30:00 */

/* The number that `count` digits at `text` spell; -1 when one of them is none. */
static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

int64_t eng_days_from_date(int year, int month, int day)
{
    eng_assert(year >= 0 && year <= 9999);
    eng_assert(month >= 1 && month <= 12);
    /* Years begin in March, so that the leap day is the last one; eras have 400 years. */
    int64_t shifted = year + 4800 - (month <= 2);
    int64_t month_of_year = (month + 9) % 12;
    int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 2472632;
}

/* The date part and the time part, as seconds since 1970 at offset zero. */
static bool parse_date_time(const char *text, int64_t *ret_seconds)
{
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = digits(text + 17, 2);
    bool separators = text[4] == '-' && text[7] == '-' && text[13] == ':' && text[16] == ':' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ');
    if (!separators || year < 0 || month < 1 || month > 12)
        return false;
    if (day < 1 || day > days_in_month(year, month))
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    *ret_seconds =
        eng_days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* A fraction ".25" at *text, in ms rounded down; moves *text behind it. */
static bool parse_fraction(const char **text, const char *end, int *ret_ms)
{
    const char *p = *text;
    int ms = 0, scale = 100;
    if (p == end || *p != '.') {
        *ret_ms = 0;
        return true;
    }
    for (p++; p < end && *p >= '0' && *p <= '9'; p++, scale /= 10)
        ms += (*p - '0') * scale;
    if (p == *text + 1)
        return false;
    *text = p;
    *ret_ms = ms;
    return true;
}

/* "Z" or "+05:30" up to `end`, in seconds. */
static bool parse_offset(const char *text, const char *end, int64_t *ret_seconds)
{
    if (end - text == 1 && (*text == 'Z' || *text == 'z')) {
        *ret_seconds = 0;
        return true;
    }
    if (end - text != 6 || (*text != '+' && *text != '-') || text[3] != ':')
        return false;
    int hour = digits(text + 1, 2), minute = digits(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    *ret_seconds = (hour * 3600 + minute * 60) * (*text == '-' ? -1 : 1);
    return true;
}

bool eng_rfc3339_parse(const char *text, size_t length, int64_t *ret_ms)
{
    eng_assert(text != NULL || length == 0);
    eng_assert(ret_ms != NULL);
    int64_t seconds, offset;
    int ms;
    if (length < DATE_TIME_BYTES + 1 || !parse_date_time(text, &seconds))
        return false;
    const char *end = text + length;
    text += DATE_TIME_BYTES;
    if (!parse_fraction(&text, end, &ms) || !parse_offset(text, end, &offset))
        return false;
    *ret_ms = (seconds - offset) * 1000 + ms;
    return true;
}

/* The date of a day since 1970-01-01: the inverse of eng_days_from_date. */
static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468; /* days since 0000-03-01 */
    int64_t era = z / 146097, day_of_era = z % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* March is 0 */
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (month >= 10));
}

/* Two digits and what stands behind them. */
static void put_two(char *text, int number, char behind)
{
    eng_assert(number >= 0 && number <= 99);
    text[0] = (char)('0' + number / 10);
    text[1] = (char)('0' + number % 10);
    text[2] = behind;
}

void eng_rfc3339_format(int64_t ms, char text[ENG_RFC3339_BYTES])
{
    eng_assert(ms >= 0 && ms <= ENG_TIME_MS_MAX);
    int year, month, day, of_day = (int)(ms % 86400000), seconds = of_day / 1000;
    date_from_days(ms / 86400000, &year, &month, &day);
    put_two(text, year / 100, '0');
    put_two(text + 2, year % 100, '-');
    put_two(text + 5, month, '-');
    put_two(text + 8, day, 'T');
    put_two(text + 11, seconds / 3600, ':');
    put_two(text + 14, seconds / 60 % 60, ':');
    put_two(text + 17, seconds % 60, '.');
    text[20] = (char)('0' + of_day % 1000 / 100);
    put_two(text + 21, of_day % 100, 'Z');
    text[24] = '\0';
}
