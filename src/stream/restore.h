/* Reading the state topic of one partition: the commit record that the group names, the journal,
 * and an engine made of the pages.
 *
 * Read is from the beginning up to the named record; nothing behind it can count. The engine comes
 * back caught up with low water, under the model that was in force there: what is left to do is to
 * apply the input and the changes of the model from there on (task.h).
 * Called by a reader; nothing here touches what the worker's loop owns. */
#ifndef ENG_STREAM_RESTORE_H
#define ENG_STREAM_RESTORE_H

#include "codec/encode.h"
#include "stream/journal.h"
#include "stream/meta.h"
#include "stream/models.h"
#include "stream/parts.h"
#include "stream/port.h"
#include "stream/state.h"
#include <engaged/engine.h>
#include <stdatomic.h>

/* How far a reading of the state topic is, for others to see: the next offset, and where it ends.
 */
struct eng_restore_progress {
    _Atomic int64_t next, end;
};

/* What is asked for. All borrowed. */
struct eng_restore_request {
    struct eng_port *port;
    struct eng_edition *edition;
    int32_t partition;
    uint32_t reader;             /* whose call it is: see port.h */
    const struct eng_meta *meta; /* what the group says; NULL: nothing */
    int64_t next;                /* the group's offset */
    uint64_t memory_bytes_max;   /* of the engine; 0: none */
    uint32_t step_evaluations;   /* of the engine; 0: its default */
    const char *input_id;        /* of the input topic as it is now; "" or NULL: not known */
    const _Atomic bool *cancel;
    struct eng_restore_progress *progress;
};

/* What was found. Zero-initialised is nothing. */
struct eng_restored {
    /* The record that the group names; when it names none, the newest, if it is of the group's
     * offset: state is made anew then, but counts and journal go on. */
    bool has_commit;
    struct eng_commit commit;
    uint64_t sequence, life;    /* the greatest of all commit records read */
    struct eng_journal journal; /* ascending: entries behind low water, or all without an engine */
    struct eng_journal_records journal_records; /* of all that is there, and how much is gone */
    struct eng_engine *engine; /* NULL: of no use to this model, or not asked for */
    struct eng_models models;  /* the engine's, and those that it will come to */
    struct eng_parts parts;    /* of all pages that were ever read */
    uint64_t records;          /* of the state topic that were read for it */
    bool stood_by;             /* the most of it had been read before: follow.h */
};

void eng_restored_done(struct eng_restored *restored);

/* The edition's model may be the one that the group says, or a later one. ENG_OK, or ENG_BAD_CONFIG
 * with the way out. */
enum eng_status eng_restore_follows(const struct eng_edition *edition, const struct eng_meta *meta,
                                    int32_t partition, struct eng_error *err);

/* Reads. ENG_OK (also when cancelled); ENG_CORRUPT: torn, truncated or broken, says what and which
 * way out there is; ENG_TOPIC: the input topic is another one by now; ENG_BAD_CONFIG: the
 * configuration's model cannot follow on the one that was committed; ENG_NO_MEMORY; failures of the
 * port. */
enum eng_status eng_restore_read(const struct eng_restore_request *request,
                                 struct eng_restored *ret_restored, struct eng_error *err);

#endif
