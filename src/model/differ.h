/* What two configurations have otherwise, and whether one can take the place of the other.
 *
 * The model is one thing: it is another one when the engine would know it (its fingerprint), and
 * then it needs a greater `version` (S14). A greater version alone is a change as well. The
 * settings around it are compared key by key, with what is filled in. Pure; any thread. */
#ifndef ENG_MODEL_DIFFER_H
#define ENG_MODEL_DIFFER_H

#include "model/config.h"

struct eng_difference {
    const char *key; /* "run.commit_interval"; static */
    bool live;       /* a running process takes it up; else it needs a restart */
};

enum { ENG_DIFFERENCES_MAX = 56 };

struct eng_differences {
    bool model; /* another model, apart from its version */
    struct eng_difference settings[ENG_DIFFERENCES_MAX];
    uint32_t count; /* of settings, in the order of the documentation */
};

void eng_config_differ(const struct eng_config *before, const struct eng_config *after,
                       struct eng_differences *ret_differences);

/* The model of `after` can follow on that of `before`, or is the same one. ENG_OK, or
 * ENG_BAD_CONFIG and "path:line:column: what cannot change". */
enum eng_status eng_config_follows(const struct eng_config *before, const struct eng_config *after,
                                   struct eng_error *err);

/* And a running process can take it up: nothing else differs than its model and live settings. */
enum eng_status eng_config_takes_up(const struct eng_config *before, const struct eng_config *after,
                                    struct eng_error *err);

#endif
