/* The only place of the room that reads a clock. See clock.h. */
#include "stream/clock.h"

#include "base/assert.h"

int64_t eng_clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t eng_clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct timespec eng_clock_deadline(int64_t ms)
{
    eng_assert(ms >= 0);
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    eng_assert(at.tv_nsec < 1000000000);
    return at;
}

void eng_clock_sleep_ms(int64_t ms)
{
    eng_assert(ms >= 0);
    struct timespec span = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&span, NULL); /* shorter is fine */
}
