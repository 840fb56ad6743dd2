/* The port to a log: all that a worker needs of Kafka, as one table of functions.
 *
 * The adapter to librdkafka (rdkafka.h) fills the table; tests fill it with a log in memory. No
 * type of librdkafka crosses this line, and no code above it knows of threads but through the
 * courier. Clocks and waiting belong to the port too, so that a test owns time.
 *
 * One port serves one worker. Its threads call it, each its own functions (see the table): the
 * worker's loop, its commit thread, its aide and its readers. The standbys (standby.h) have a port
 * of their own, of which they use what a reader may.
 *
 * Failures come as a status by what can be done about them:
 *   ENG_UNAVAILABLE, ENG_TIMED_OUT   the same call again, after a pause
 *   ENG_TXN_ABORT                    abort the transaction, then send it again
 *   ENG_FATAL                        this producer can do no more; open a new one
 *   ENG_LOST                         another process has taken our place: touch nothing, and see
 *                                    by `rejoin` whether it is so
 *   others (DENIED, TOPIC, LIMIT..)  no repetition will help */
#ifndef ENG_STREAM_PORT_H
#define ENG_STREAM_PORT_H

#include <engaged/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The topics of a program. */
enum eng_topic {
    ENG_TOPIC_INPUT,
    ENG_TOPIC_SCORE_CHANGES,
    ENG_TOPIC_CHURN_DROPS,
    ENG_TOPIC_CELL_CHANGES,
    ENG_TOPIC_REPORTS,
    ENG_TOPIC_AWARDS, /* used by models with awards */
    ENG_TOPIC_FLAGS,  /* used by models with checks */
    ENG_TOPIC_SOURCE_SILENCES,
    ENG_TOPIC_DIGESTS,
    ENG_TOPIC_GROUPS, /* these three are of all partitions together, and have one */
    ENG_TOPIC_BOARDS,
    ENG_TOPIC_GROUP_SUMS, /* compacted, as the state topic is */
    ENG_TOPIC_DEAD_LETTERS,
    ENG_TOPIC_ERASURES,
    ENG_TOPIC_STATE,
    ENG_TOPIC_COUNT
};

/* A record as consumed. Its bytes live until it is released. */
struct eng_port_record {
    const void *value; /* NULL: none */
    const void *key;   /* NULL: none */
    size_t value_bytes, key_bytes;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    int32_t partition;
    void *handle; /* the port's own */
};

/* Records of one poll. The caller owns the array. */
struct eng_port_batch {
    struct eng_port_record *records;
    uint32_t count, capacity;
};

struct eng_port_header {
    const char *name;
    const void *value; /* NULL: none */
    size_t value_bytes;
};

/* The headers of a topic's records: those that are the same on every one, and the names of the
 * others. Lives as long as the port, so that an implementation may keep headers that are made. */
struct eng_port_family {
    const struct eng_port_header *fixed; /* these come first */
    uint32_t fixed_count;
    uint32_t own_count;
    const char *const *own; /* names of the headers that each record has of its own */
};

/* A record to produce. Key and headers are borrowed for the call; the value stays as it is until
 * the transaction is flushed or aborted with ENG_OK, or the producer closed. */
struct eng_port_output {
    enum eng_topic topic;
    int32_t partition;
    const void *key, *value; /* value NULL: a tombstone */
    size_t key_bytes, value_bytes;
    const struct eng_port_family *family;  /* NULL: none. The same one for all records of a topic */
    const struct eng_port_header *headers; /* with a family: own_count of them, so named */
    uint32_t header_count;
};

/* Offset metadata is text of at most this many bytes, its zero included. */
enum { ENG_META_TEXT_BYTES = 512 };

/* A place in an input partition, with what the group keeps beside it. */
struct eng_port_offset {
    int32_t partition;
    int64_t next;                   /* next offset to read; -1: none committed */
    char meta[ENG_META_TEXT_BYTES]; /* "": none */
};

enum { ENG_TOPIC_ID_BYTES = 64 };

/* What is known of a topic. */
struct eng_topic_info {
    bool exists;
    int32_t partition_count;
    char id[ENG_TOPIC_ID_BYTES]; /* of this incarnation; "" when the broker tells none */
    char policy[64];             /* cleanup.policy; "" when the broker does not tell */
    bool may_known;              /* the broker told what we may do; else the next two say nothing */
    bool may_read, may_write;
};

/* What happens to a consumer while it polls: called by poll and leave, on their thread. */
struct eng_port_handler {
    void *context;
    /* New partitions. Nothing is fetched of them before eng_port_ops.assign names them. */
    void (*assigned)(void *context, const int32_t *partitions, uint32_t count);
    /* Partitions to give up; when it returns they belong to others. lost: they do already. */
    void (*revoked)(void *context, const int32_t *partitions, uint32_t count, bool lost);
    /* Everything below `next` has been handed over, or is not for us. all: and there is no more, as
     * of the last fetch. May come again and again. */
    void (*ended)(void *context, int32_t partition, int64_t next, bool all);
    /* partition -1: of no single one. ENG_NOT_FOUND: the position is outside of the log.
     * ENG_UNAVAILABLE: trouble that may pass. Others: the consumer can do no more. */
    void (*failed)(void *context, int32_t partition, enum eng_status status, const char *text);
};

/* So many partitions of the state topic can be read at once, each by a reader of its own. */
enum { ENG_PORT_READERS = 2 };

/* Reading a partition of the state topic to its end as of now. */
struct eng_port_scan {
    int32_t partition;
    int64_t stall_ms; /* ENG_TIMED_OUT after so long without progress */
    void *context;
    uint32_t reader; /* below ENG_PORT_READERS: whose call it is */
    /* Called per record; false: enough. */
    bool (*record)(void *context, const struct eng_port_record *record);
    int64_t from;               /* offset of the first record; 0: the beginning, wherever it is */
    bool stable;                /* the last stable offset is end enough: not to wait for what hides
                                 * behind open transactions */
    const _Atomic bool *cancel; /* true: enough; NULL: never */
    int64_t *ret_end;           /* the end, when it was reached: no record lies below; else it stays
                                 * as it is. NULL: of no interest */
};

/* A member of the consumer group, and what it has. */
struct eng_port_member {
    uint64_t process;          /* the same number for all members of one process */
    const int32_t *partitions; /* of the input */
    uint32_t count;
};

/* Who is asked about the group. */
struct eng_port_census {
    void *context;
    void (*member)(void *context, const struct eng_port_member *member); /* called per member */
};

struct eng_port;

struct eng_port_ops {
    /* Loop: joins the group; the handler must stay. ENG_OK or a final failure. */
    enum eng_status (*join)(struct eng_port *port, const struct eng_port_handler *handler,
                            struct eng_error *err);
    /* Loop: hands over up to batch->capacity records, waiting up to timeout_ms. */
    void (*poll)(struct eng_port *port, struct eng_port_batch *batch, int64_t timeout_ms);
    /* Loop: gives the batch's records back. */
    void (*release)(struct eng_port *port, struct eng_port_batch *batch);
    /* Loop: header `index` of a record; false when there are no more. */
    bool (*header)(struct eng_port *port, const struct eng_port_record *record, uint32_t index,
                   struct eng_port_header *ret_header);
    /* Loop: the whole set of partitions to fetch from, with positions. Those fetched from already
     * go on where they are if the group's protocol lets them. */
    enum eng_status (*assign)(struct eng_port *port, const struct eng_port_offset *set,
                              uint32_t count, struct eng_error *err);
    /* Loop: no more records from poll until it is resumed; events still come. */
    void (*pause)(struct eng_port *port, bool paused);
    /* Loop: leaves the group, calling the handler as needed. False when it took too long. */
    bool (*leave)(struct eng_port *port, int64_t timeout_ms);
    /* Loop, after ENG_LOST, with nothing under way on the other threads: is there really another
     * process in our place? ENG_OK: there is none, and the consumer has joined anew. ENG_AGAIN: not
     * known yet, ask again after a pause. ENG_LOST: there is. Waits. */
    enum eng_status (*rejoin)(struct eng_port *port, struct eng_error *err);
    /* Loop: high watermark as of the last fetch; -1: not known. Never waits. */
    int64_t (*high_watermark)(struct eng_port *port, int32_t partition);

    /* Readers, commit: stable committed offsets with metadata; `set` names the partitions. Waits.
     */
    enum eng_status (*committed)(struct eng_port *port, struct eng_port_offset *set, uint32_t count,
                                 struct eng_error *err);
    /* Aide, readers: first and last stable offset of a partition (topic INPUT or STATE). Waits. */
    enum eng_status (*bounds)(struct eng_port *port, enum eng_topic topic, int32_t partition,
                              int64_t ret_bounds[2], struct eng_error *err);
    /* Readers: reads the state topic. ENG_OK at the end, or when it is enough; ENG_NOT_FOUND: there
     * is no such offset to begin at. */
    enum eng_status (*scan_state)(struct eng_port *port, const struct eng_port_scan *scan,
                                  struct eng_error *err);

    /* Of the standbys' port alone: the members of the group. ENG_AGAIN: partitions are just
     * changing hands, ask again after a pause. Waits. */
    enum eng_status (*members)(struct eng_port *port, const struct eng_port_census *census,
                               struct eng_error *err);

    /* Aide, readers: the id of the input topic as it is now; "": there is no such topic. Waits.
     * Asked only when topic_info knew one. */
    enum eng_status (*input_id)(struct eng_port *port, char ret_id[ENG_TOPIC_ID_BYTES],
                                struct eng_error *err);

    /* Commit: a producer with a new epoch; ends what its id left open. Again after ENG_UNAVAILABLE.
     */
    enum eng_status (*producer_open)(struct eng_port *port, struct eng_error *err);
    void (*producer_close)(struct eng_port *port);
    /* Commit: was there trouble on the wire since begin? Then a late request may still arrive. */
    bool (*producer_suspect)(struct eng_port *port);
    enum eng_status (*begin)(struct eng_port *port, struct eng_error *err);
    /* Takes records in their order; *ret_taken says how many. ENG_AGAIN: the queue is full, call
     * again with the rest after a pause. */
    enum eng_status (*produce)(struct eng_port *port, const struct eng_port_output *outputs,
                               uint32_t count, uint32_t *ret_taken, struct eng_error *err);
    enum eng_status (*flush)(struct eng_port *port, struct eng_error *err);
    /* Reads the group's generation just then. */
    enum eng_status (*send_offsets)(struct eng_port *port, const struct eng_port_offset *set,
                                    uint32_t count, struct eng_error *err);
    enum eng_status (*commit)(struct eng_port *port, struct eng_error *err);
    enum eng_status (*abort)(struct eng_port *port, struct eng_error *err);

    /* Start: topics. ENG_OK also when it does not exist. */
    enum eng_status (*topic_info)(struct eng_port *port, const char *topic,
                                  struct eng_topic_info *ret_info, struct eng_error *err);
    /* Start: creates one; compacted when it is to be the state topic. */
    enum eng_status (*topic_create)(struct eng_port *port, enum eng_topic topic,
                                    int32_t partition_count, struct eng_error *err);

    /* Any thread. */
    int64_t (*wall_ms)(struct eng_port *port);
    int64_t (*mono_us)(struct eng_port *port);
    void (*sleep_ms)(struct eng_port *port, int64_t ms);
    void (*free)(struct eng_port *port);
};

/* First member of every implementation. */
struct eng_port {
    const struct eng_port_ops *ops;
};

#endif
