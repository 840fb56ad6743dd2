/* Peaks of a drop alert: the largest values of the last `within` panes that are no longer in force,
 * as a list of (last pane in which it was in force, value) with falling values and rising panes.
 *
 * A value that a boundary itself replaces was last in force in the pane before; one that an event
 * replaces, in this pane. The first one within the window, or the value in force where that is
 * greater, is the baseline. Those that a greater value has overtaken go when the next is noted. */
#ifndef ENG_ENGINE_PEAK_H
#define ENG_ENGINE_PEAK_H

#include <stdbool.h>
#include <stdint.h>

struct eng_engine;
struct eng_record;

/* Takes in the value that is in force from the boundary `pane` on, or from within that pane. */
void eng_peak_take(struct eng_engine *engine, unsigned alert, int32_t pane, bool at_boundary);

/* How far the value is under the baseline, the largest one in the window. */
int64_t eng_peak_depth(const struct eng_record *record, unsigned alert, int64_t value_e4);

/* A score's value has changed at the boundary `pane` with nothing to tell: what its drop alerts
 * remember. */
void eng_peaks_settle(struct eng_engine *engine, unsigned score, int32_t pane);

#endif
