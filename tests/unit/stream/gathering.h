/* A gather with a log before it, for the tests of what partitions tell: each record is written,
 * read and taken as whoever merges does, at the next offset. */
#ifndef TEST_GATHERING_H
#define TEST_GATHERING_H

#include "codec/writer.h"
#include "stream/gather.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct bench {
    struct eng_gather *gather;
    int64_t offset; /* of the next record */
    struct eng_bytes bytes;
    char out[2048];
};

static inline void begin(struct bench *b, uint32_t partitions, int64_t given_ms)
{
    *b = (struct bench){0};
    cr_assert_eq(eng_gather_new(partitions, given_ms, &b->gather), ENG_OK);
}

static inline void end(struct bench *b)
{
    eng_gather_free(b->gather);
    eng_bytes_done(&b->bytes);
}

static inline void take(struct bench *b, const struct eng_sums *sums)
{
    char key[ENG_SUMS_KEY_BYTES];
    struct eng_error err = {0};
    eng_bytes_clear(&b->bytes);
    cr_assert_eq(eng_sums_write(sums, &b->bytes), ENG_OK);
    const struct eng_gather_record record = {key, b->bytes.data, eng_sums_key(sums, key),
                                             b->bytes.used, b->offset++};
    cr_assert_eq(eng_gather_take(b->gather, &record, &err), ENG_OK, "%s", err.text);
}

/* A partition tells nothing up to a moment, or nothing more. */
static inline void take_none(struct bench *b, uint32_t partition, int64_t at_ms)
{
    const struct eng_sums sums = {
        .kind = ENG_SUMS_NONE, .partition = partition, .result = {.at_ms = at_ms}};
    take(b, &sums);
}

/* Adds to what came out. */
__attribute__((format(printf, 2, 3))) static inline void add(struct bench *b, const char *text, ...)
{
    size_t used = strlen(b->out);
    va_list list;
    va_start(list, text);
    (void)vsnprintf(b->out + used, sizeof b->out - used, text, list);
    va_end(list);
}

#endif
