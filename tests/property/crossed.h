/* Random matrices, reports and tiers for random programs, one construct a line like everything in
 * them (program.h). By a chance of their own: the rest of a program, and of what comes after it, is
 * drawn as it would be without them. */
#ifndef TESTS_PROPERTY_CROSSED_H
#define TESTS_PROPERTY_CROSSED_H

#include "chance.h"
#include <stdbool.h>
#include <stdio.h>

/* Writes the sections `matrices` and `reports`, or nothing: of scores s0, s1, ... each with so many
 * bands b0, b1, ...; `hours`: panes are hours. */
void crossed_write(const struct chance *chance, const unsigned *bands, unsigned score_count,
                   bool hours, FILE *out);

/* Has the next points score tiers? */
bool crossed_tiers(const struct chance *chance);

#endif
