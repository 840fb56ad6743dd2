/* The one hash of the engine: XXH3 with 64 bits and seed 0, whose results are fixed for ever by its
 * specification, so orders and ids derived from it are the same on every machine.
 *
 * Uses: the partner table, the order of partners at a boundary (S3), fingerprints of event ids and
 * of members. Inside one partner two different event ids meet by chance with a probability of
 * 2^-48 per pair, two members with 2^-64. */
#ifndef ENG_ENGINE_HASH_H
#define ENG_ENGINE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdint.h>

static inline uint64_t eng_hash(const void *data, uint32_t length)
{
    return XXH3_64bits(data, length);
}

#endif
