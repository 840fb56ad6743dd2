/* The exponential distribution without a mathematical library, whose last digits differ between
 * machines: -ln(u) = ln 2 * -log2(u), and log2 comes bit by bit from repeated squaring. */
#include "cli/synth_random.h"

enum { FRACTION_BITS = 12 };

/* log2 of a mantissa in [1, 2), given in 1/2^31, as a fraction of FRACTION_BITS bits. Squaring
 * doubles the logarithm; whenever the square passes 2, the next bit of it is 1. */
static uint32_t log2_fraction(uint64_t mantissa)
{
    uint32_t fraction = 0;
    for (int bit = 0; bit < FRACTION_BITS; bit++) {
        mantissa = (mantissa * mantissa) >> 31;
        uint32_t one = (uint32_t)(mantissa >> 32);
        mantissa >>= one;
        fraction = fraction << 1 | one;
    }
    return fraction;
}

uint32_t eng_random_exponential_q16(struct eng_random *random)
{
    const uint64_t ln2_q16 = 45426;
    uint64_t u = eng_random_next(random) | 1;
    int zeros = __builtin_clzll(u);
    uint64_t mantissa = (u << zeros) >> 32; /* top bit set: 1.x in 1/2^31 */
    uint64_t minus_log2 = ((uint64_t)(zeros + 1) << FRACTION_BITS) - log2_fraction(mantissa);
    return (uint32_t)((minus_log2 * ln2_q16) >> FRACTION_BITS);
}
