/* A task: one input partition with its engine, from assignment to revocation.
 *
 *             begin: group has state          read again and checked
 *   ASKING --------------------> REPLAYING ------------------------> LIVE
 *     ^ |       begin: new, or kept and still true                    |  |
 *     | +------------------------------------------------------------->  | keep
 *     |                 forget                                        |  v
 *     +---------------------------------------------------------------+ KEPT --(assigned again)-->
 * ASKING
 *
 *   transition            function
 *   -> ASKING             eng_task_new, eng_task_forget, eng_task_ask
 *   -> REPLAYING, LIVE    eng_task_begin
 *   REPLAYING -> LIVE     eng_task_finish_replay (by eng_task_take or eng_task_ended)
 *   LIVE -> KEPT          eng_task_keep
 *
 * While REPLAYING the input is read from low water up to the committed offset and applied in
 * silence to the engine that the checkpoint gave (without one: the retained input from its
 * beginning, to an empty engine), with the journal's entries at their positions; at the end clock,
 * counters and model must be those that were committed. Then, when the configuration has a later
 * model, that comes into force (S14). While LIVE everything it tells goes into the
 * worker's filling transaction, and eng_task_seal adds what is committed with it: pages, journal,
 * commit record and offset. Belongs to its worker's thread. */
#ifndef ENG_STREAM_TASK_H
#define ENG_STREAM_TASK_H

#include "codec/decode.h"
#include "model/config.h"
#include "stream/checkpoint.h"
#include "stream/journal.h"
#include "stream/meta.h"
#include "stream/models.h"
#include "stream/parts.h"
#include "stream/recall.h"
#include "stream/sink.h"
#include "stream/txn.h"
#include <engaged/engine.h>
#include <stdatomic.h>

enum eng_task_state {
    ENG_TASK_ASKING,    /* assigned; the broker is asked where it stands */
    ENG_TASK_REPLAYING, /* re-reading, telling nothing */
    ENG_TASK_LIVE,
    ENG_TASK_KEPT, /* revoked after a clean commit; kept in case it comes back untouched */
};

struct eng_task {
    int32_t partition;
    enum eng_task_state state;
    uint64_t assignment; /* number of the change that its partition came with; the worker's */
    bool touched;        /* since the last seal */
    bool leaving;        /* its partition is about to be given up: all pages are written */
    bool refetch;        /* what was fetched has been given up: fetch again from `next` */
    bool whole;          /* what is read again is all that the counts are of, so they must agree */
    struct eng_engine *engine; /* NULL while ASKING */
    struct eng_models models;  /* all that the engine, low water and journal refer to */
    int64_t next;              /* next input offset to take */
    int64_t replay_end;        /* REPLAYING: take in silence below it */
    uint64_t sequence, life;   /* of the last seal */
    uint64_t journal_last;     /* number of the last journal entry made, or applied again */
    int64_t first;             /* see struct eng_commit */
    struct eng_commit commit;  /* REPLAYING: what to check against */
    bool has_commit;
    struct eng_checkpoint checkpoint;
    struct eng_half half;     /* LIVE: the input in work, see task_half.c; its cursor is not kept */
    int64_t half_at;          /* offset behind which it is */
    uint32_t before_version;  /* of the model before the change of it that was begun last */
    uint64_t halves;          /* how often an input was left half done */
    struct eng_parts parts;   /* of large pages */
    struct eng_low_water low; /* as of the last seal, or of the restore */
    struct eng_counters base; /* added to the engine's: of records that it has not read */
    struct eng_journal replay;  /* REPLAYING: entries still to come */
    struct eng_journal pending; /* entries made since the last seal */
    struct eng_journal_records
        journal_records; /* that are in the state topic as of the last seal */
    int64_t
        input_low; /* first offset of the input, as last heard: of what is before it nobody asks */
    struct eng_port_offset sealed, committed;
    int64_t newest_ms, sealed_newest_ms, committed_newest_ms; /* record timestamps; -1: none */
    int64_t ended_at;     /* said by the consumer, not yet looked at: no more below it; -1: no */
    bool ended_all;       /* and it is the high watermark */
    int64_t end_since_us; /* monotonic time since when it has been at the end; -1: it is not */
    int64_t end_offset;   /* last stable offset, as last heard; -1: not known */
    int64_t end_heard_us; /* monotonic time when that was heard; -1: never */
    int64_t retry_us;     /* ASKING: not asked again before */
    bool outdated;        /* ASKING: it is under a model that ours cannot follow on */
    int64_t watched;      /* how far it had come when it last got on: see worker_watch.c */
    int64_t moved_us;     /* monotonic time of that, or when there was last nothing to do */
    bool stalled;
    int64_t no_sums_ms; /* without events: up to which time it has told nothing of groups; -1 */
};

/* A call's effects have the usual room, which stays in the cache, or what the model tells at once
 * at most: the results of all its groups and segments, say. Memory that is not written costs
 * nothing. */
enum {
    ENG_FEED_EVENTS = 1024,
    ENG_FEED_EFFECTS_BYTES = 1 << 18,
    ENG_FEED_EFFECTS_BYTES_MAX = 1 << 22,
};

/* When long work has to pause. */
struct eng_feed_limits {
    size_t txn_bytes;          /* a filling transaction with so many bytes is full */
    uint32_t txn_records;      /* or with so many records */
    int64_t slice_us;          /* a turn with so long work gives others theirs */
    uint32_t step_evaluations; /* of the engines; 0: their default */
};

/* What a worker lends its tasks while they work: decoder, sink and buffers. */
struct eng_feed {
    struct eng_edition *edition;     /* of the configuration, as it is now */
    const struct eng_config *config; /* that one */
    struct eng_port *port;
    struct eng_decoder *decoder;
    struct eng_sink *sink;
    struct eng_txn *txn; /* the filling one */
    struct eng_feed_limits limits;
    size_t pages_bytes;        /* how much a seal may add in pages, about */
    int64_t turn_us;           /* monotonic time when the turn's work began */
    int64_t wall_ms;           /* read once per batch (S5) */
    _Atomic int64_t *beat_us;  /* the loop's heartbeat */
    uint64_t memory_bytes_max; /* for each engine; 0: none */
    struct eng_effects effects;
    uint32_t count; /* events gathered */
    struct eng_event events[ENG_FEED_EVENTS];
    const struct eng_port_record *records[ENG_FEED_EVENTS];
    int64_t schema_ids[ENG_FEED_EVENTS];
    uint8_t outcomes[ENG_FEED_EVENTS], reasons[ENG_FEED_EVENTS];
};

/* A task that is ASKING. NULL: no memory. */
struct eng_task *eng_task_new(int32_t partition);
void eng_task_free(struct eng_task *task);

/* Drops engine and position: back to ASKING. */
void eng_task_forget(struct eng_task *task);

/* KEPT and assigned again: back to ASKING, engine and position stay until the answer is there. */
void eng_task_ask(struct eng_task *task);

/* The broker has answered: takes engine and journal out of `item` and goes to REPLAYING or LIVE;
 * task->next is where to fetch from. ENG_OK, ENG_NO_MEMORY, ENG_CORRUPT. */
enum eng_status eng_task_begin(struct eng_task *task, struct eng_feed *feed,
                               struct eng_recall_item *item, struct eng_error *err);

/* Can the filling transaction take no more? */
bool eng_feed_is_full(const struct eng_feed *feed);

/* May it be given records: is it where they begin, with nothing else to do before them? */
bool eng_task_takes_records(const struct eng_task *task);

/* Is an input half done? Then nothing else may be asked of it but to go on. */
bool eng_task_is_half_done(const struct eng_task *task);

/* Once a turn: goes on with the input that is half done, as far as the turn and the transaction
 * allow; else sees to it that the configuration's model is in force. As eng_task_take. */
enum eng_status eng_task_go_on(struct eng_task *task, struct eng_feed *feed, struct eng_error *err);

/* Takes records of this partition, in order; those it has had are passed over. When one of them
 * takes too long it is left half done, and those behind it are given up (`refetch`). ENG_OK, or a
 * failure that ends the worker: ENG_NO_MEMORY, ENG_LIMIT, ENG_CORRUPT. */
enum eng_status eng_task_take(struct eng_task *task, struct eng_feed *feed,
                              const struct eng_port_record *records, uint32_t count,
                              struct eng_error *err);

/* Looks at what was noted in ended_at and ended_all, if anything was. As eng_task_take. */
enum eng_status eng_task_ended(struct eng_task *task, struct eng_feed *feed, struct eng_error *err);

/* S7: ticks if the partition has been idle long enough and wall time has passed a boundary. As
 * eng_task_take. */
enum eng_status eng_task_idle(struct eng_task *task, struct eng_feed *feed, struct eng_error *err);

/* Erases a partner between two inputs (so not while one is half done): from memory, with a journal
 * entry, tombstones and a receipt in the filling transaction. ENG_OK; ENG_NOT_FOUND: no counted
 * event of it here; ENG_NO_MEMORY, which ends the worker. */
enum eng_status eng_task_erase(struct eng_task *task, struct eng_feed *feed,
                               struct eng_slice partner, struct eng_error *err);

/* S14: the configuration's model comes into force where the task is, if it is another one: the
 * change is journaled, every partner evaluated once. Between two inputs. As eng_task_take. */
enum eng_status eng_task_renew(struct eng_task *task, struct eng_feed *feed, struct eng_error *err);

/* Touches the task when pages have waited longer than the recovery target allows, so that a
 * transaction comes for them although no record does. */
void eng_task_refresh(struct eng_task *task, struct eng_feed *feed);

/* Adds pages, journal, commit record and offset to the filling transaction. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_task_seal(struct eng_task *task, struct eng_feed *feed, uint64_t writer);

/* What was sealed has been committed. */
void eng_task_committed(struct eng_task *task, const struct eng_port_offset *now);

/* Revoked after a clean commit: stays in memory. */
void eng_task_keep(struct eng_task *task);

/* S15 counters, those of the past included. */
void eng_task_counters(const struct eng_task *task, struct eng_counters *ret_counters);

/* Deep check of the invariants (see task.c). */
void eng_task_check(const struct eng_task *task);

#endif
