/* An edition of the configuration: one that has been read, and what is shared of it.
 *
 * A running process may take up another configuration, while tasks are still under the model of the
 * one before, and an errand looks at it. So whoever uses an edition, or the model in it, holds it,
 * and who lets go of it last frees it. What an edition says never changes. Any thread. */
#ifndef ENG_STREAM_EDITION_H
#define ENG_STREAM_EDITION_H

#include "model/config.h"
#include <stdatomic.h>

struct eng_edition {
    const struct eng_config *config;
    struct eng_config *owned; /* the same; NULL: it is somebody's who outlives all holders */
    uint64_t fingerprint;     /* of its model */
    _Atomic uint32_t holders;
};

/* One that its maker holds: with a configuration that goes with it, or one that outlives all
 * holders. NULL: no memory, and the configuration stays the caller's. */
struct eng_edition *eng_edition_new(struct eng_config *config);
struct eng_edition *eng_edition_borrow(const struct eng_config *config);

/* One holder more; returns the edition. */
struct eng_edition *eng_edition_hold(struct eng_edition *edition);

/* One holder less; the last one frees it. NULL is fine. */
void eng_edition_release(struct eng_edition *edition);

#endif
