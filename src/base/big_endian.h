/* Numbers in records and effects, the highest byte first: 1 to 8 bytes. */
#ifndef ENG_BASE_BIG_ENDIAN_H
#define ENG_BASE_BIG_ENDIAN_H

#include <stdint.h>

static inline void eng_write_be(uint8_t *to, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
}

static inline uint64_t eng_read_be(const uint8_t *from, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | from[i];
    return number;
}

#endif
