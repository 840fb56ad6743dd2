/* The program and the input of a history: small random programs, and events around the wall's
 * clock: out of order, repeated, late, ahead, not to be decoded, within transactions of others, in
 * bursts with silence between. In some histories the program changes: later versions are released,
 * and processes that start from then on have them. Every record is kept as an event too, so that
 * the oracles need no decoder. */
#ifndef TESTS_SIM_INPUT_H
#define TESTS_SIM_INPUT_H

#include "broker.h"
#include "model/config.h"
#include <engaged/event.h>

enum { INPUT_ATTRIBUTES = 4, INPUT_NUMBERS = 2 };

/* A record of the input topic. */
struct input_record {
    struct eng_event event; /* offset and all; verdict BAD when it cannot be decoded */
    struct eng_slice attributes[INPUT_ATTRIBUTES]; /* the event's, as input_names calls them */
    int64_t numbers[INPUT_NUMBERS];                /* the same */
    char id[16], member[8];
    char text[512]; /* the record's value */
};

/* What the attributes and numbers of all records are called. */
extern const struct eng_names input_names;

enum { INPUT_CHANGES = 3 };

struct input {
    struct eng_config *config;                 /* the first version of the program */
    struct eng_config *changed[INPUT_CHANGES]; /* those that follow on it */
    int64_t released_us[INPUT_CHANGES];        /* when processes begin to start with it */
    uint32_t changes, released;                /* how many there are, and have been released */
    char *text;                                /* the first version, and behind it the others */
    int64_t pane_ms;
    const char *actions[24]; /* that the program names */
    uint32_t action_count;
    bool attributed; /* it asks for attributes, so records have some */
    uint32_t made;   /* records so far */
    bool quiet;      /* a silence */
    struct input_record *recent[16];
    uint32_t upstream; /* number of the producer that writes in transactions */
    int32_t upstream_epoch;
};

enum { INPUT_PARTNERS = 5 };

/* Draws a program; false when none of some could be loaded. */
bool input_init(struct sim *sim);
void input_done(struct input *input);

/* The configuration of a release, 0 to `changes`. */
const struct eng_config *input_release(const struct input *input, uint32_t release);

/* The configuration with this version of the program; NULL: there is none. */
const struct eng_config *input_version(const struct input *input, int64_t version);

/* Puts a record into a partition, more or less. */
void input_put(struct sim *sim, int32_t partition);

/* The producer of whoever writes the input in transactions is there. */
void input_begin_upstream(struct sim *sim);

/* Asks for the first record, and for the releases. */
void input_begin(struct sim *sim);

/* The name of a partner of a partition. */
void input_partner(int32_t partition, int64_t partner, char ret_name[16]);

#endif
