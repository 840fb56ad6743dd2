/* The clocks of the rooms serve and cli. Event time never comes from here. Any thread. */
#ifndef ENG_SERVE_CLOCK_H
#define ENG_SERVE_CLOCK_H

#include <stdint.h>

/* Milliseconds that only grow, from an arbitrary start. */
int64_t eng_monotonic_ms(void);

/* Milliseconds since 1970 UTC, as the machine believes. */
int64_t eng_wall_ms(void);

#endif
