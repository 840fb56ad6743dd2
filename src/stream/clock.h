/* The clocks of the machine, for the stream room. Wall time is for decisions that users see, and
 * may jump; monotonic time is for waiting. Any thread. */
#ifndef ENG_STREAM_CLOCK_H
#define ENG_STREAM_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since 1970 UTC. */
int64_t eng_clock_wall_ms(void);

/* Microseconds since some moment in the past; never goes back. */
int64_t eng_clock_mono_us(void);

/* The monotonic time `ms` from now, for pthread waits on a CLOCK_MONOTONIC condition. */
struct timespec eng_clock_deadline(int64_t ms);

/* Sleeps about that long; less when a signal comes. */
void eng_clock_sleep_ms(int64_t ms);

#endif
