/* Decay: points of a score that get less with the panes since their action.
 *
 * What is left is kept as a table by age, in parts of ENG_DECAY_ONE, made once for a layout. A
 * score that decays is computed from the panes of the record, and its partner is looked at whenever
 * any of them is worth less, so that somebody who does nothing falls at the very boundary. */
#ifndef ENG_ENGINE_DECAY_H
#define ENG_ENGINE_DECAY_H

#include "engine/measure.h"

enum { ENG_DECAY_ONE = 1 << 30 };

/* The table for ages 0 to ages - 1. ENG_OK or ENG_NO_MEMORY; free with eng_decay_free. */
enum eng_status eng_decay_new(const struct eng_decay *decay, uint32_t ages,
                              struct eng_decay_table **ret_table);

/* NULL is fine. */
void eng_decay_free(struct eng_decay_table *table);

/* What a key of points contributes as of the record, in 1/10,000: the points of each pane times
 * what is left of them, together, to the nearest, halves away from zero. */
eng_wide eng_decay_points(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, unsigned dimension);

/* The first boundary after as_of at which points of the score get less by their age;
 * ENG_PANE_NEVER: at none while they are in its window. */
int32_t eng_decay_due(const struct eng_engine *engine, const struct eng_record *record,
                      unsigned score);

#endif
