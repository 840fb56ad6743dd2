/* Which scores of whom will fall if they do nothing: what `replay --forecast` prints at its end. */
#ifndef ENG_CLI_FORECASTS_H
#define ENG_CLI_FORECASTS_H

#include "cli/output.h"
#include <engaged/engine.h>

/* Writes a line for every partner and score that will fall into a lower band within `ahead_ms` of
 * the engine's clock: when and into which first. ENG_OK, ENG_NO_MEMORY, or ENG_IO: the output says
 * what is the matter when it is closed. */
enum eng_status eng_forecasts_write(struct eng_engine *engine, int64_t ahead_ms,
                                    struct eng_output *output, struct eng_error *err);

#endif
