/* A growing text: what pages, metrics, help and generated documents are written into.
 *
 * Zero-initialised is empty. Running out of memory is remembered (`failed`) and makes every later
 * call a no-op, so a long page is written straight down and checked once at its end. Owned by the
 * caller; one thread. */
#ifndef ENG_SERVE_TEXT_H
#define ENG_SERVE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eng_text {
    char *data;      /* zero-terminated once anything was added; NULL: empty */
    size_t used;     /* bytes, without the zero */
    size_t capacity; /* bytes */
    bool failed;     /* out of memory: the text is cut */
};

/* Forgets the content and a failure, keeps the memory. */
void eng_text_clear(struct eng_text *text);

/* Frees the memory; the text is empty and can be used again. */
void eng_text_done(struct eng_text *text);

/* Appends like printf. */
void eng_text_add(struct eng_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends bytes as they are. */
void eng_text_add_bytes(struct eng_text *text, const char *data, size_t length);

/* Appends a JSON string with its quotes; what is not UTF-8 becomes U+FFFD, byte by byte. */
void eng_text_add_json(struct eng_text *text, const char *data, size_t length);

/* Appends text for HTML content and attributes: & < > " ' are escaped. */
void eng_text_add_html(struct eng_text *text, const char *string);

/* Appends bytes in base64, padded. */
void eng_text_add_base64(struct eng_text *text, const uint8_t *data, size_t length);

/* Appends value / divisor as a decimal number, exactly and without trailing zeros. divisor: a power
 * of ten from 1 to 10^9. */
void eng_text_add_decimal(struct eng_text *text, int64_t value, int64_t divisor);

#endif
