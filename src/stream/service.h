/* The running daemon without its HTTP face: N workers over one consumer group.
 *
 * A worker is one consumer, one transactional producer, one commit thread, and one engine per
 * assigned input partition; it shares nothing with the next worker. All calls are from one control
 * thread unless said otherwise; statistics and queries cross over by message or by atomics, never
 * by touching a worker's engines. */
#ifndef ENG_STREAM_SERVICE_H
#define ENG_STREAM_SERVICE_H

#include <engaged/event.h>
#include <engaged/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eng_config;
struct eng_service;

/* Life of a worker; also what /readyz tells. */
enum eng_worker_state {
    ENG_WORKER_STARTING,  /* connecting, checking topics */
    ENG_WORKER_JOINING,   /* waiting for an assignment */
    ENG_WORKER_RESTORING, /* re-reading its input, telling nothing */
    ENG_WORKER_RUNNING,   /* live */
    ENG_WORKER_STOPPING,  /* finishing its transaction */
    ENG_WORKER_STOPPED,   /* done; `status` says how */
};

/* What a partition that is not live is waiting for. */
enum eng_restore_phase {
    ENG_RESTORE_LIVE,     /* nothing */
    ENG_RESTORE_ASKING,   /* the broker, or another partition's turn */
    ENG_RESTORE_STATE,    /* the state topic is being read */
    ENG_RESTORE_INPUT,    /* the input is being read again */
    ENG_RESTORE_OUTDATED, /* a newer configuration: it is under a newer model than ours */
};

enum { ENG_LATENCY_BUCKETS = 14 };

/* Upper bounds of the commit latency histogram, ms; the last bucket is +Inf. */
extern const uint32_t eng_latency_bounds_ms[ENG_LATENCY_BUCKETS - 1];

struct eng_partition_stats {
    int32_t partition;
    uint32_t worker;
    bool restoring;
    enum eng_restore_phase phase;
    bool stalled; /* there is something to do, and none of it was done for a while */
    int64_t restored_offset, restore_target; /* next offset to read in this phase, and the end */
    int64_t low_water;                       /* where a restart would begin to read; -1: unknown */
    uint64_t pages_written;                  /* since the partition was assigned */
    int64_t next_offset;                     /* of our newest commit */
    int64_t end_offset;  /* last stable offset of the partition; -1: not known */
    int64_t lag_records; /* end_offset - next_offset; -1: not known */
    int64_t lag_ms;   /* wall clock - record timestamp of the newest committed record while there is
                         lag; 0 without lag; -1 unknown */
    int64_t clock_ms; /* event-time clock; -1: none */
    uint32_t model_version; /* of the model in force; 0: none yet */
    uint64_t partners, memory_bytes;
    uint64_t halves; /* inputs that were left half done */
    struct eng_counters counters;
};

struct eng_worker_stats {
    enum eng_worker_state state;
    enum eng_status status; /* of a stopped worker */
    int64_t heartbeat_ms;   /* age of the last turn of its loop, ms */
    uint64_t commits, aborts, producer_rotations, rebalances;
    uint64_t commit_latency[ENG_LATENCY_BUCKETS]; /* counts per bucket (not cumulative) */
    uint64_t commit_latency_sum_us;
    uint64_t txn_bytes_max, txn_records_max; /* of the largest transaction */
    uint64_t txn_us_max;                     /* of the longest, from its begin to its outcome */
    uint64_t dead_letters[16];               /* by enum eng_reason */
    char text[256];                          /* why it waits or has stopped; "" when all is well */
};

/* A partition of another process that this one stands by for. */
struct eng_standby_stats {
    int32_t partition;
    int64_t behind_records; /* of the state topic, at the last look; -1: not known */
    uint64_t records;       /* of it that have been read */
    uint64_t partners, memory_bytes;
};

/* Whoever adds up what partitions tell of groups. */
struct eng_merger_stats {
    bool there;            /* the program has groups, and this process may merge them */
    bool owner;            /* it does, and has read all there is */
    uint64_t results;      /* told since the start */
    uint64_t commits, bad; /* its transactions; records that it could not read */
    uint64_t late;         /* sums that came after the results of their moment were told */
    int64_t given_ms;      /* the newest moment whose results have been told; -1: none */
    int64_t open_at_ms;    /* the oldest that partitions are waited for; -1: none */
    int32_t missing;       /* the lowest of those partitions; -1: none */
};

/* What came of reading the configuration again. */
enum eng_reload_result {
    ENG_RELOAD_ACCEPTED,  /* taken up */
    ENG_RELOAD_UNCHANGED, /* it says what it said before */
    ENG_RELOAD_REFUSED,   /* everything is as it was */
    ENG_RELOAD_COUNT
};

struct eng_reload_stats {
    uint64_t counts[ENG_RELOAD_COUNT];
    int64_t last_ms; /* wall clock of the last one; -1: none */
    bool refused;    /* so the last one was; text says why */
    char text[256];
    uint32_t model_version; /* of the configuration now */
};

/* A consistent copy; free with eng_stats_free. Partitions ascending. */
struct eng_stats {
    struct eng_reload_stats reload;
    uint32_t worker_count, partition_count, standby_count;
    struct eng_worker_stats *workers;
    struct eng_partition_stats *partitions;
    struct eng_standby_stats *standbys;
    uint64_t standby_takeovers, standby_discards;
    struct eng_merger_stats merger;
};

/* Makes a service (threads not yet started). Borrows config. ENG_OK, ENG_NO_MEMORY, ENG_BAD_CONFIG
 * (a librdkafka property is refused), ENG_BAD_SCHEMA. */
enum eng_status eng_service_new(const struct eng_config *config, struct eng_service **ret_service,
                                struct eng_error *err);

/* Starts the workers' threads. */
enum eng_status eng_service_start(struct eng_service *service, struct eng_error *err);

/* Asks for a graceful stop: no new batch, finish the transaction, leave. Returns at once; any
 * thread; again is harmless. */
void eng_service_stop(struct eng_service *service);

/* True when every worker has stopped; *ret_status the worst status (ENG_OK or ENG_STOPPED when
 * graceful), text in err. */
bool eng_service_stopped(struct eng_service *service, enum eng_status *ret_status,
                         struct eng_error *err);

/* Looks for a call that librdkafka does not come back from: says in the log which, and after a
 * minute returns ENG_UNAVAILABLE with its text: the process has to end then, and nothing may be
 * freed. */
enum eng_status eng_service_watch(struct eng_service *service, struct eng_error *err);

/* Reads the configuration again: an owned one that was loaded and checked, or the failure. */
struct eng_config_source {
    enum eng_status (*read)(void *context, struct eng_config **ret_config, struct eng_error *err);
    void *context;
};

/* Takes up what is read, if a running service can: see reload.h. The workers have it from their
 * next turn on. On REFUSED err (never NULL) says why. */
enum eng_reload_result eng_service_reload(struct eng_service *service,
                                          const struct eng_config_source *reader,
                                          struct eng_error *err);

/* True when a partition waits for a newer configuration than the one there is. */
bool eng_service_is_outdated(const struct eng_service *service);

/* The configuration as it is now. Borrowed until the next reload. */
const struct eng_config *eng_service_config(const struct eng_service *service);

/* Joins threads and frees all. Call after eng_service_stopped, or it waits for the stop deadline
 * and then gives up the threads. */
void eng_service_free(struct eng_service *service);

/* A copy of the statistics; any thread. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_service_stats(struct eng_service *service, struct eng_stats *ret_stats);
void eng_stats_free(struct eng_stats *stats);

/* Asks for one partner as JSON (see docs/http.md). The worker that owns it answers between two
 * batches by calling `answer` on ITS thread with ENG_OK and the text, ENG_NOT_FOUND (not known, or
 * in a partition of another process) or ENG_UNAVAILABLE (restoring; text has how far). Any thread.
 */
typedef void eng_service_answer(void *context, enum eng_status status, const char *json,
                                size_t length);

/* What is asked. Borrowed for the call. */
struct eng_service_question {
    const char *partner;
    size_t length;
    int64_t forecast_ms; /* with a forecast so far ahead of the partner's clock; 0: without */
};
void eng_service_query(struct eng_service *service, const struct eng_service_question *question,
                       eng_service_answer *answer, void *context);

/* The same to erase a partner. ENG_OK: it is forgotten where the text says, and the transaction
 * that makes it so will have a receipt. ENG_NO_MEMORY: the worker ends. */
void eng_service_erase(struct eng_service *service, const char *partner, size_t length,
                       eng_service_answer *answer, void *context);

#endif
