/* RFC 3339 date-times to instants. Pure, no locale, no zone data. */
#ifndef ENG_CODEC_RFC3339_H
#define ENG_CODEC_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads "2026-01-31T09:30:00Z", "2026-01-31t09:30:00.25+05:30" or the same with a space for the T,
 * all of `length` bytes. *ret_ms is the instant in milliseconds since 1970 UTC, rounded down,
 * negative before it. A leap second (60) is the instant after second 59. False, and *ret_ms
 * untouched, when the text is anything else. */
bool eng_rfc3339_parse(const char *text, size_t length, int64_t *ret_ms);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; year 0..9999. */
int64_t eng_days_from_date(int year, int month, int day);

enum { ENG_RFC3339_BYTES = 25 }; /* room for eng_rfc3339_format, zero byte included */

/* Writes "2026-01-31T09:30:00.250Z" and a zero byte; ms in 0..ENG_TIME_MS_MAX. */
void eng_rfc3339_format(int64_t ms, char text[ENG_RFC3339_BYTES]);

#endif
