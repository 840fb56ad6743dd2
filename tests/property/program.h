/* Random programs of the score language, as YAML with one construct a line: a line can be taken out
 * to see whether a case still fails without it (shrink.h). */
#ifndef TESTS_PROPERTY_PROGRAM_H
#define TESTS_PROPERTY_PROGRAM_H

#include "chance.h"
#include <stdbool.h>

/* What a history has to know of its program. */
struct program_traits {
    const char *text;  /* the program, borrowed: events mostly do what it names */
    int64_t pane_ms;   /* 3,600,000, or 86,400,000 give or take a clock change */
    bool directed;     /* a small program with exact edges: directed.h */
    unsigned variants; /* changed programs that a history may go over to; the caller's to set */
    bool erases;       /* a history has partners erased; the caller's to set */
};

/* A program as a text of the caller (free); `directed` of 100 are of that kind. */
char *program_write(struct chance *chance, unsigned directed, struct program_traits *ret_traits);

/* A changed program that `base` may become, as a text of the caller (free): lines of another one,
 * numbers, constructs that are gone or new; the same program, zone and panes, and this version. */
char *program_vary(struct chance *chance, const char *base, const struct program_traits *traits,
                   unsigned version);

#endif
