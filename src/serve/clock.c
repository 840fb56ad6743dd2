/* The clocks of the rooms serve and cli. See clock.h. */
#include "serve/clock.h"

#include "base/assert.h"
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    int result = clock_gettime(id, &now);
    eng_assert(result == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t eng_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t eng_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
