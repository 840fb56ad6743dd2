/* Random groups and boards for random programs, one figure a line like everything in them
 * (program.h). By a chance of their own: the rest of a program, and of what comes after it, is
 * drawn as it would be without them. */
#ifndef TESTS_PROPERTY_GROUPED_H
#define TESTS_PROPERTY_GROUPED_H

#include "chance.h"
#include <stdint.h>
#include <stdio.h>

/* What figures can be made of: measures m0, m1, ..., scores s0, s1, ... each with so many bands b0,
 * b1, ..., and those facts f0, f1, ... whose bit is set. */
struct grouped {
    unsigned measures, scores, facts;
    const unsigned *bands;
};

/* Writes the sections `groups` and `boards`, each of them or nothing. */
void grouped_write(const struct chance *chance, const struct grouped *of, FILE *out);

#endif
