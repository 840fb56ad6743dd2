/* Random matrices for random programs, one construct a line like everything in them (program.h). */
#ifndef TESTS_PROPERTY_CROSSED_H
#define TESTS_PROPERTY_CROSSED_H

#include "chance.h"
#include <stdio.h>

/* Writes the section `matrices`, or nothing: of scores s0, s1, ... each with so many bands b0, b1,
 * ... */
void crossed_write(struct chance *chance, const unsigned *bands, unsigned score_count, FILE *out);

#endif
