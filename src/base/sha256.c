/* SHA-256: see sha256.h. The words of the standard are 32 bits, the most significant byte first. */
#include "base/sha256.h"

#include "base/assert.h"
#include <string.h>

/* The first 32 bits behind the point of the cube roots of the first 64 primes. */
static const uint32_t keys[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u,
    0xab1c5ed5u, 0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu,
    0x9bdc06a7u, 0xc19bf174u, 0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu,
    0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau, 0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u,
    0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u, 0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu,
    0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u, 0xa2bfe8a1u, 0xa81a664bu,
    0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u, 0x19a4c116u,
    0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u,
    0xc67178f2u,
};

static inline uint32_t turn(uint32_t word, unsigned by)
{
    return word >> by | word << (32 - by);
}

/* The 64 words of a block's rounds. */
static void expand(const uint8_t *block, uint32_t words[64])
{
    for (unsigned i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 64; i++) {
        uint32_t near = words[i - 15], far = words[i - 2];
        words[i] = words[i - 16] + (turn(near, 7) ^ turn(near, 18) ^ near >> 3) + words[i - 7] +
                   (turn(far, 17) ^ turn(far, 19) ^ far >> 10);
    }
}

static void take_block(struct eng_sha256 *sum)
{
    uint32_t words[64], s[8];
    expand(sum->block, words);
    memcpy(s, sum->state, sizeof s);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t one =
            s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + choice + keys[i] + words[i];
        uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + majority;
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += one;
        s[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        sum->state[i] += s[i];
}

void eng_sha256_init(struct eng_sha256 *sum)
{
    /* The same of the square roots of the first eight. */
    static const uint32_t start[8] = {
        0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
        0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
    };
    eng_assert(sum != NULL);
    memcpy(sum->state, start, sizeof start);
    sum->bytes = 0;
}

void eng_sha256_add(struct eng_sha256 *sum, const void *data, uint32_t length)
{
    const uint8_t *from = data;
    eng_assert(from != NULL || length == 0);
    for (uint32_t i = 0; i < length; i++) {
        sum->block[sum->bytes++ % ENG_SHA256_BLOCK_BYTES] = from[i];
        if (sum->bytes % ENG_SHA256_BLOCK_BYTES == 0)
            take_block(sum);
    }
}

void eng_sha256_end(struct eng_sha256 *sum, uint8_t ret_digest[ENG_SHA256_BYTES])
{
    static const uint8_t one = 0x80, zero = 0;
    uint64_t bits = sum->bytes * 8;
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    eng_sha256_add(sum, &one, 1);
    while (sum->bytes % ENG_SHA256_BLOCK_BYTES != ENG_SHA256_BLOCK_BYTES - sizeof length)
        eng_sha256_add(sum, &zero, 1);
    eng_sha256_add(sum, length, sizeof length);
    for (unsigned i = 0; i < ENG_SHA256_BYTES; i++)
        ret_digest[i] = (uint8_t)(sum->state[i / 4] >> (24 - 8 * (i % 4)));
}
