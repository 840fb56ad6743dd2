/* The Java client's default partitioner: murmur2 in 32 bits with its fixed seed. */
#include "cli/partition.h"

#include "base/assert.h"

static uint32_t load_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t murmur2(const uint8_t *data, uint32_t length)
{
    const uint32_t m = 0x5bd1e995u;
    uint32_t h = 0x9747b28cu ^ length; /* the seed of that client */
    uint32_t left = length;
    for (; left >= 4; left -= 4, data += 4) {
        uint32_t k = load_u32(data) * m;
        h = h * m ^ (k ^ k >> 24) * m;
    }
    for (uint32_t i = left; i > 0; i--)
        h ^= (uint32_t)data[i - 1] << (8 * (i - 1));
    if (left > 0)
        h *= m;
    h = (h ^ h >> 13) * m;
    return h ^ h >> 15;
}

uint32_t eng_partition_of(struct eng_slice key, uint32_t partitions)
{
    eng_assert(partitions > 0);
    return (murmur2((const uint8_t *)key.data, key.length) & 0x7fffffffu) % partitions;
}
