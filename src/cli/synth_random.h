/* Chance from a seed, in integers only: the same numbers on every machine and compiler.
 *
 * A stream is one 64-bit counter (splitmix64). Streams with different seeds are independent enough
 * for made-up data; nothing here is fit for cryptography. Pure; one thread a stream. */
#ifndef ENG_CLI_SYNTH_RANDOM_H
#define ENG_CLI_SYNTH_RANDOM_H

#include <stdint.h>

struct eng_random {
    uint64_t state; /* private */
};

/* A bijection of 64 bits that leaves no pattern behind. */
static inline uint64_t eng_random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* The stream number `stream` of a seed. */
static inline struct eng_random eng_random_init(uint64_t seed, uint64_t stream)
{
    return (struct eng_random){eng_random_mix(seed + 1) ^ eng_random_mix(~stream)};
}

static inline uint64_t eng_random_next(struct eng_random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    return eng_random_mix(random->state);
}

/* 0 .. bound - 1, bound > 0. */
static inline uint64_t eng_random_below(struct eng_random *random, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)eng_random_next(random) * bound) >> 64);
}

/* Exponentially distributed with mean 1, in 1/65,536; at most 45. */
uint32_t eng_random_exponential_q16(struct eng_random *random);

#endif
