/* Loads and stores of unaligned integers: partner records are packed without padding.
 * Host byte order: records never leave the process in this form. */
#ifndef ENG_ENGINE_BYTES_H
#define ENG_ENGINE_BYTES_H

#include "base/assert.h"
#include <engaged/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t eng_load_u16(const void *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t eng_load_u32(const void *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline int32_t eng_load_i32(const void *from)
{
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint64_t eng_load_u64(const void *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline int64_t eng_load_i64(const void *from)
{
    int64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void eng_store_i32(void *to, int32_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void eng_store_u16(void *to, uint16_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void eng_store_u32(void *to, uint32_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void eng_store_u64(void *to, uint64_t value)
{
    memcpy(to, &value, sizeof value);
}

static inline void eng_store_i64(void *to, int64_t value)
{
    memcpy(to, &value, sizeof value);
}

/* An unsigned integer of 1 << code bytes. */
static inline uint64_t eng_load_wide(const void *from, unsigned code)
{
    switch (code) {
    case 0:
        return *(const uint8_t *)from;
    case 1:
        return eng_load_u16(from);
    case 2:
        return eng_load_u32(from);
    default:
        return eng_load_u64(from);
    }
}

static inline void eng_store_wide(void *to, unsigned code, uint64_t value)
{
    switch (code) { /* little endian: the low bytes come first */
    case 0:
        memcpy(to, &value, 1);
        return;
    case 1:
        memcpy(to, &value, 2);
        return;
    case 2:
        memcpy(to, &value, 4);
        return;
    default:
        memcpy(to, &value, 8);
    }
}

/* True when two strings of the same length are equal: short ones, as ids are, without a call. */
static inline bool eng_bytes_equal(const void *one, const void *two, uint32_t length)
{
    const uint8_t *a = one, *b = two;
    if (length < 8 || length > 16)
        return memcmp(a, b, length) == 0;
    return eng_load_u64(a) == eng_load_u64(b) &&
           eng_load_u64(a + length - 8) == eng_load_u64(b + length - 8);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "eng_store_wide needs little endian");

/* ---- texts with their lengths: 1 + the length, or 0 where there is none (u16), then the text ----
 */

enum { ENG_SLICE_LENGTH_BYTES = 2 };

static inline uint32_t eng_slice_bytes(struct eng_slice slice)
{
    return ENG_SLICE_LENGTH_BYTES + (slice.data != NULL ? slice.length : 0);
}

/* Writes it, of less than 65535 bytes; returns the place behind. */
static inline uint8_t *eng_put_slice(uint8_t *to, struct eng_slice slice)
{
    uint16_t stored = slice.data != NULL ? (uint16_t)(slice.length + 1) : 0;
    eng_assert(slice.length < UINT16_MAX);
    memcpy(to, &stored, sizeof stored);
    if (stored > 1)
        memcpy(to + ENG_SLICE_LENGTH_BYTES, slice.data, slice.length);
    return to + ENG_SLICE_LENGTH_BYTES + (stored > 0 ? slice.length : 0);
}

/* Reads it, inside of where it stands; returns the place behind. */
static inline const uint8_t *eng_get_slice(const uint8_t *from, struct eng_slice *ret_slice)
{
    uint16_t stored = eng_load_u16(from);
    *ret_slice = (struct eng_slice){0};
    if (stored > 0)
        *ret_slice = (struct eng_slice){(const char *)from + ENG_SLICE_LENGTH_BYTES, stored - 1u};
    return from + ENG_SLICE_LENGTH_BYTES + ret_slice->length;
}

#endif
