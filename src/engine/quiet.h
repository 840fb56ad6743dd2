/* Quiet times: hours of the day and days of the week in which nobody wants to be told of alerts.
 *
 * A pane is quiet by what the clocks of the zone show when it begins, so this follows from the
 * model and the pane alone and nothing is kept for it. What comes of it is guard.h's. */
#ifndef ENG_ENGINE_QUIET_H
#define ENG_ENGINE_QUIET_H

#include "engine/model.h"

/* The alerts (a bit each) that a quiet time holds in a pane. */
uint32_t eng_quiet_alerts(const struct eng_model *model, int64_t pane);

#endif
