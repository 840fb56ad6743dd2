/* Values as people write them on a command line. Pure. */
#ifndef ENG_CLI_VALUES_H
#define ENG_CLI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole number that is not negative, with `k` (thousand) or `M` (million) behind it; at most
 * 10^15. */
bool eng_read_number(const char *text, int64_t *ret_number);

/* A time such as 200ms, 20s, 5m, 6h or 30d, in milliseconds; at most 100,000 days. */
bool eng_read_duration(const char *text, int64_t *ret_ms);

/* Epoch milliseconds, or RFC 3339 (2026-01-31T08:00:00Z), not before 1970, in milliseconds. */
bool eng_read_time(const char *text, int64_t *ret_ms);

/* How many single-letter changes lead from `word` to the `length` letters at `other`; 99 for words
 * over 40 letters. */
int eng_word_distance(const char *word, const char *other, size_t length);

#endif
