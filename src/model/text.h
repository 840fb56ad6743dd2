/* What values look like as text: decimal numbers, durations, sizes, and the nearest of several
 * words.
 *
 * Pure functions over text that need not be zero-terminated. Nothing here goes through floating
 * point: 0.1 is 1,000 ten-thousandths and nothing else. */
#ifndef ENG_MODEL_TEXT_H
#define ENG_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eng_text_fault {
    ENG_TEXT_OK,
    ENG_TEXT_SHAPE,    /* not of this kind at all */
    ENG_TEXT_DECIMALS, /* more decimals than are kept */
    ENG_TEXT_SIZE,     /* too large to be kept */
};

/* A decimal number in units of 10^-decimals (4: ten-thousandths). Sign, point and exponent as in
 * YAML's core schema. Sizes below 10^18 units. */
enum eng_text_fault eng_text_number(const char *text, size_t length, unsigned decimals,
                                    int64_t *ret_value);

/* A whole number with a unit, d, h, m, s or ms, a day being 24 hours; a bare 0 needs none. In ms,
 * below 10^15. */
enum eng_text_fault eng_text_duration(const char *text, size_t length, int64_t *ret_ms);

/* A whole number of bytes with a unit, B, KiB, MiB, GiB or TiB; a bare 0 needs none. Below 2^60. */
enum eng_text_fault eng_text_bytes(const char *text, size_t length, int64_t *ret_bytes);

enum { ENG_TEXT_SHOWN_BYTES = 32 }; /* room that a shown number or duration needs */

/* A number in units of 10^-decimals as one writes it, "2.5". Returns buffer. */
const char *eng_text_show_number(char *buffer, size_t bytes, int64_t value, unsigned decimals);

/* A duration in the largest unit that it is whole in, "36h". Returns buffer. */
const char *eng_text_show_duration(char *buffer, size_t bytes, int64_t ms);

/* The word nearest to a text: fill in text and length, offer words, look at best. */
struct eng_nearest {
    const char *text;
    size_t length;
    const char *best;  /* NULL: none is near */
    unsigned distance; /* of best; private */
};

/* Takes `word` as the best if it is nearer than the ones before and near at all: one change for
 * each three letters. */
void eng_nearest_offer(struct eng_nearest *nearest, const char *word);

#endif
