/* The configuration that a service runs with, and reading it again.
 *
 * What is read is taken up whole or not at all: when it loads, differs from what there is in its
 * model and live settings alone (model/differ.h), and its model can follow. Otherwise everything
 * stays as it is. One control thread; the statistics may be read by any. */
#ifndef ENG_STREAM_RELOAD_H
#define ENG_STREAM_RELOAD_H

#include "stream/edition.h"
#include "stream/service.h"
#include <pthread.h>

struct eng_reload {
    struct eng_edition *edition; /* the newest that was taken up, held */
    pthread_mutex_t lock;        /* of the statistics */
    struct eng_reload_stats stats;
};

/* Begins with this one, which is borrowed. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_reload_init(struct eng_reload *reload, const struct eng_config *config);
void eng_reload_done(struct eng_reload *reload);

/* Reads again. ACCEPTED: there is a new edition; UNCHANGED; REFUSED: err says why. */
enum eng_reload_result eng_reload_try(struct eng_reload *reload,
                                      const struct eng_config_source *reader, int64_t wall_ms,
                                      struct eng_error *err);

void eng_reload_stats(struct eng_reload *reload, struct eng_reload_stats *ret_stats);

#endif
