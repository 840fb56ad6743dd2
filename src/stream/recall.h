/* What has to be known of a partition before its task may start: where the group stands, what it
 * kept beside the offset, how much of the input is left, and what the state topic holds. An errand
 * for a reader of the worker.
 *
 * Order matters: the producer's new epoch comes before (it ends what a dead predecessor of the same
 * id left open), the committed offset is asked for with stable offsets only (it waits for open
 * transactions of others), and the state topic is read after it, up to the commit record that the
 * metadata names. */
#ifndef ENG_STREAM_RECALL_H
#define ENG_STREAM_RECALL_H

#include "stream/meta.h"
#include "stream/port.h"
#include "stream/restore.h"
#include "stream/standby.h"
#include <stdatomic.h>

/* A partition's answer. */
struct eng_recall_item {
    int32_t partition;
    enum eng_status status; /* ENG_OK, retry (ask again) or final */
    struct eng_error error;
    int64_t low, end;                 /* of the input: first offset, last stable offset */
    struct eng_port_offset committed; /* next -1: the group has none */
    bool has_meta;
    struct eng_meta meta;
    struct eng_restored restored; /* what the task wants of it, it takes out */
};

struct eng_recall {
    struct eng_port *port;
    struct eng_edition *edition;   /* held */
    uint64_t memory_bytes_max;     /* of each engine; 0: none */
    uint32_t reader;               /* which of the readers does it: see port.h */
    uint32_t step_evaluations;     /* of each engine; 0: their default */
    const char *own_id;            /* of the input topic at the start; NULL: not known */
    struct eng_standbys *standbys; /* borrowed; NULL: there are none */
    _Atomic int32_t
        partition; /* whose state topic is being read, for those who wait; and how far */
    struct eng_restore_progress progress;
    struct eng_recall_item item;
    bool asks_id;              /* by the worker: the broker tells topics' ids */
    enum eng_status id_status; /* of the question after that: which topic was it? */
    char input_id[ENG_TOPIC_ID_BYTES];
    _Atomic bool cancel; /* set by the worker: come back soon */
};

/* Borrows the port, holds the edition. */
void eng_recall_init(struct eng_recall *recall, struct eng_port *port, struct eng_edition *edition);
void eng_recall_done(struct eng_recall *recall);

/* Another edition of the configuration from now on. Not while the errand runs. */
void eng_recall_use(struct eng_recall *recall, struct eng_edition *edition);

/* Forgets the answer. Not while the errand runs. */
void eng_recall_clear(struct eng_recall *recall);

/* What the errand will ask for, instead of what it asked for before. */
void eng_recall_aim(struct eng_recall *recall, int32_t partition);

/* The errand; context: the recall. */
void eng_recall_run(void *context);

#endif
