/* Pieces of output: a writer over a struct eng_bytes that remembers the first failure, so that
 * encoders are straight lines.
 *
 * Begin with eng_writer_begin, write, and return eng_writer_end, which takes everything back when
 * memory ran out. */
#ifndef ENG_CODEC_WRITER_H
#define ENG_CODEC_WRITER_H

#include "codec/encode.h"
#include <string.h>

struct eng_writer {
    struct eng_bytes *out;
    size_t begin; /* out->used at the beginning */
    enum eng_status status;
};

static inline struct eng_writer eng_writer_begin(struct eng_bytes *out)
{
    return (struct eng_writer){out, out->used, ENG_OK};
}

static inline enum eng_status eng_writer_end(const struct eng_writer *writer)
{
    if (writer->status != ENG_OK)
        writer->out->used = writer->begin;
    return writer->status;
}

/* Written out, since most pieces are a few bytes and there is room for them. */
static inline void eng_put(struct eng_writer *writer, const void *data, size_t length)
{
    struct eng_bytes *out = writer->out;
    if (out->capacity - out->used < length && writer->status == ENG_OK)
        writer->status = eng_bytes_reserve(out, length);
    if (length == 0 || writer->status != ENG_OK)
        return;
    memcpy(out->data + out->used, data, length);
    out->used += length;
}

static inline void eng_put_byte(struct eng_writer *writer, uint8_t byte)
{
    eng_put(writer, &byte, 1);
}

static inline void eng_put_text(struct eng_writer *writer, const char *text)
{
    eng_put(writer, text, strlen(text));
}

/* Decimal digits. */
void eng_put_decimal(struct eng_writer *writer, int64_t number);
void eng_put_unsigned(struct eng_writer *writer, uint64_t number);

/* An integer of 1/10,000 as a decimal number, trailing zeros dropped: 12500 is 1.25, -50000 is -5.
 */
void eng_put_e4(struct eng_writer *writer, int64_t number_e4);

/* A JSON string with its quotes; the text is valid UTF-8. */
void eng_put_json_string(struct eng_writer *writer, struct eng_slice text);

/* Avro: int and long; string and bytes; double. */
void eng_put_avro_long(struct eng_writer *writer, int64_t number);
void eng_put_avro_bytes(struct eng_writer *writer, const void *data, size_t length);
void eng_put_avro_double(struct eng_writer *writer, double number);

static inline struct eng_slice eng_slice_of(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

#endif
