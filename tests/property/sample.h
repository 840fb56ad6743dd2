/* A random program, what it becomes, and a history: what a seed stands for. */
#ifndef TESTS_PROPERTY_SAMPLE_H
#define TESTS_PROPERTY_SAMPLE_H

#include "history.h"
#include <engaged/model.h>
#include <stdint.h>

enum { SAMPLE_TEXTS_MAX = 4 };

/* Programs and what happens. All owned. */
struct sample {
    char *texts[SAMPLE_TEXTS_MAX]; /* the program, and those that it becomes */
    uint32_t text_count;
    struct history history;
    uint64_t seed; /* decides on the portions of the comparison */
};

struct sample_kind {
    uint32_t steps;    /* of a history, at most */
    uint32_t directed; /* per cent of programs that are small with exact edges */
    uint32_t changes;  /* per cent of programs that change on the way */
    uint32_t erases;   /* per cent of histories in which partners are erased */
};

/* The sample of a seed: with the first program of its that the loader takes; those before it are
 * added to *ret_refused. */
struct sample sample_draw(uint64_t seed, const struct sample_kind *kind, uint64_t *ret_refused);
void sample_free(struct sample *sample);

/* The models of a sample, in order; those that follow others can be carried over to. */
enum eng_status sample_load(const struct sample *sample, struct eng_model **models,
                            struct eng_error *err);
void sample_unload(const struct sample *sample, struct eng_model **models);

#endif
