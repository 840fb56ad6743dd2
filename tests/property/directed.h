/* Small programs whose values lie on exact edges: units, thresholds, margins and drops are whole
 * numbers, windows are short, alerts many. They meet what the wide programs of program.h seldom do:
 * a threshold hit exactly at a boundary that the engine would have liked to skip. */
#ifndef TESTS_PROPERTY_DIRECTED_H
#define TESTS_PROPERTY_DIRECTED_H

#include "program.h"
#include <stdio.h>

/* Writes one to `out` and notes what its history has to know. */
void directed_write(struct chance *chance, FILE *out, struct program_traits *ret_traits);

#endif
