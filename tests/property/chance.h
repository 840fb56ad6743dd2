/* Chance for tests: splitmix64, so that a seed gives the same case on every machine. */
#ifndef TESTS_PROPERTY_CHANCE_H
#define TESTS_PROPERTY_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A whole number in low..high, both included. */
static inline int64_t chance_between(struct chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)(chance_next(chance) % (uint64_t)(high - low + 1));
}

/* True in `percent` of 100 cases. */
static inline bool chance_percent(struct chance *chance, unsigned percent)
{
    return chance_next(chance) % 100 < percent;
}

#define CHANCE_ONE_OF(chance, items)                                                               \
    ((items)[chance_next(chance) % (sizeof(items) / sizeof((items)[0]))])

#endif
