/* The program and the input of a history: small random programs, and events around the wall's
 * clock: out of order, repeated, late, ahead, not to be decoded, within transactions of others, in
 * bursts with silence between. Every record is kept as an event too, so that the oracles need no
 * decoder. */
#ifndef TESTS_SIM_INPUT_H
#define TESTS_SIM_INPUT_H

#include "broker.h"
#include "model/config.h"
#include <engaged/event.h>

/* A record of the input topic. */
struct input_record {
    struct eng_event event; /* offset and all; verdict BAD when it cannot be decoded */
    char id[16], member[8];
    char text[512]; /* the record's value */
};

struct input {
    struct eng_config *config;
    char *text; /* the program */
    int64_t pane_ms;
    const char *actions[24]; /* that the program names */
    uint32_t action_count;
    uint32_t made; /* records so far */
    bool quiet;    /* a silence */
    struct input_record *recent[16];
    uint32_t upstream; /* number of the producer that writes in transactions */
    int32_t upstream_epoch;
};

enum { INPUT_PARTNERS = 5 };

/* Draws a program; false when none of some could be loaded. */
bool input_init(struct sim *sim);
void input_done(struct input *input);

/* Asks for the first record. */
void input_begin(struct sim *sim);

/* The name of a partner of a partition. */
void input_partner(int32_t partition, int64_t partner, char ret_name[16]);

#endif
