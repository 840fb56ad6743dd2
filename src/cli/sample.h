/* How much memory a partner takes under a model, found out by trying. */
#ifndef ENG_CLI_SAMPLE_H
#define ENG_CLI_SAMPLE_H

#include <engaged/model.h>

enum {
    ENG_SAMPLE_PARTNERS = 5000,
    ENG_SAMPLE_EVENTS = 40, /* of each partner, */
    ENG_SAMPLE_DAYS = 30,   /* evenly spread over these */
};

/* Runs partners with as many events, which take turns in the model's actions and carry ids, members
 * and values, through an engine of its own. *ret_bytes: its state per partner, tables and slack
 * included. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sample_bytes(const struct eng_model *model, uint64_t *ret_bytes,
                                 struct eng_error *err);

#endif
