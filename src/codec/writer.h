/* Pieces of output: a writer over a struct eng_bytes that remembers the first failure, so that
 * encoders are straight lines.
 *
 * Begin with eng_writer_begin, write, and return eng_writer_end, which takes everything back when
 * memory ran out. */
#ifndef ENG_CODEC_WRITER_H
#define ENG_CODEC_WRITER_H

#include "codec/encode.h"
#include <endian.h>
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
    eng_put(writer, &byte, sizeof byte);
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

/* Where the next `bytes` bytes go; NULL when there is no room to be had. */
static inline uint8_t *eng_put_room(struct eng_writer *writer, size_t bytes)
{
    struct eng_bytes *out = writer->out;
    if (out->capacity - out->used < bytes && writer->status == ENG_OK)
        writer->status = eng_bytes_reserve(out, bytes);
    return writer->status == ENG_OK ? out->data + out->used : NULL;
}

enum { ENG_AVRO_LONG_BYTES = 10 };

/* Avro where there is room: int and long; double. Return what is behind. */
static inline uint8_t *eng_avro_long(uint8_t *p, int64_t number)
{
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    for (; rest >= 0x80; rest >>= 7)
        *p++ = (uint8_t)(rest | 0x80);
    *p++ = (uint8_t)rest;
    return p;
}

static inline uint8_t *eng_avro_double(uint8_t *p, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    bits = htole64(bits);
    memcpy(p, &bits, sizeof bits);
    return p + sizeof bits;
}

/* Avro: int and long. */
static inline void eng_put_avro_long(struct eng_writer *writer, int64_t number)
{
    uint8_t *begin = eng_put_room(writer, ENG_AVRO_LONG_BYTES);
    if (begin != NULL)
        writer->out->used += (size_t)(eng_avro_long(begin, number) - begin);
}

/* Avro: string and bytes. */
static inline void eng_put_avro_bytes(struct eng_writer *writer, const void *data, size_t length)
{
    eng_put_avro_long(writer, (int64_t)length);
    eng_put(writer, data, length);
}

/* Avro: double. */
static inline void eng_put_avro_double(struct eng_writer *writer, double number)
{
    uint8_t *begin = eng_put_room(writer, sizeof number);
    if (begin != NULL)
        writer->out->used += (size_t)(eng_avro_double(begin, number) - begin);
}

static inline struct eng_slice eng_slice_of(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

#endif
