/* Drives an engine through the stream of synth.h, as the daemon does: decoded events, a block at a
 * time, applied in batches, with effects told into a buffer that is then forgotten.
 *
 * Events are made outside of the measured time. Measured is the CPU time of this thread, so that a
 * busy neighbour counts less. An event has the attributes that its model asks for, of the names in
 * drive.c, and none where it asks for none. A failure ends the program. */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include "synth.h"

#include <engaged/engine.h>

/* Seconds of CPU time of this thread so far. */
double bench_cpu_s(void);

/* Says what failed, with the error's text, and ends the program. */
_Noreturn void bench_fail(const char *what, const struct eng_error *err);

/* Applies the rest of the stream to an engine of this model; the seconds that took. */
double bench_drive(struct eng_engine *engine, const struct eng_model *model,
                   struct bench_stream *stream);

#endif
