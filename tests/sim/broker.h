/* A model of the broker's part in transactions: logs of open, aborted and committed records,
 * markers, producers with epochs, group offsets that are pending, the last stable offset.
 *
 * A transaction is decided at once (the coordinator writes it down), but every partition, and the
 * group, hears of it by a marker of its own, later and in any order. Until then its records hold
 * the last stable offset down, its offsets make the group's unstable, and its producer may begin no
 * other ("busy": CONCURRENT_TRANSACTIONS). As with clients of protocol 1, whoever writes when no
 * transaction is open opens one, and a request that comes late meets whatever is open then.
 *
 * A transaction may be torn: one place is told that it was aborted, or hears nothing for long,
 * though the coordinator has committed it and thinks that all have heard.
 *
 * A commit may be half: a coordinator that dies has written it down, comes back at once, tells some
 * places of it, and is replaced by one that knows of an open transaction only. If that one is asked
 * for the same, all is well; if it aborts, what those places were told stays.
 *
 * It decides nothing by chance but how long markers take, and what is torn. */
#ifndef TESTS_SIM_BROKER_H
#define TESTS_SIM_BROKER_H

#include "stream/port.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sim;
struct event;
struct input_record;

enum {
    BROKER_PARTITIONS = 4,
    BROKER_LOGS = ENG_TOPIC_COUNT * BROKER_PARTITIONS,
    BROKER_GROUP = BROKER_LOGS, /* the place of a marker that is the group's */
    BROKER_PRODUCERS = 512,
    /* Offsets are kept by number: those of the workers' group by partition, and behind them the one
       that the mergers' group has. */
    BROKER_MERGERS = BROKER_PARTITIONS,
    BROKER_OFFSETS,
};

enum broker_answer {
    BROKER_OK,
    BROKER_BUSY,   /* the producer's last transaction has markers to come */
    BROKER_FENCED, /* another epoch */
    BROKER_WRONG,  /* no such transaction */
};

enum broker_decision { BROKER_OPEN, BROKER_COMMITTED, BROKER_ABORTED };

struct broker_txn {
    struct broker_txn *next; /* of all, newest first */
    struct broker_txn *next_live;
    enum broker_decision decision;
    uint32_t producer;
    uint64_t waits;             /* bits: places whose marker has not come yet */
    uint64_t torn;              /* bits: places that are told "aborted" although it was committed */
    uint64_t hangs;             /* bits: of those, places that have not been told yet */
    uint64_t early;             /* bits: places that were told "committed" before it was decided */
    int64_t first[BROKER_LOGS]; /* its first offset there; -1: none */
    uint32_t offset_mask;       /* numbers of the offsets that are in it */
    struct eng_port_offset offsets[BROKER_OFFSETS];
    uint64_t offset_order[BROKER_OFFSETS]; /* in which the group was told of them */
};

/* Is it one of a merger, with its group's offset? */
static inline bool broker_txn_merges(const struct broker_txn *txn)
{
    return txn != NULL && (txn->offset_mask >> BROKER_MERGERS & 1);
}

/* Bytes of a record; headers flat, see broker_flatten. */
struct broker_record {
    const uint8_t *key, *value, *headers; /* NULL: none */
    uint32_t key_bytes, value_bytes, header_bytes;
    const struct input_record *input; /* what it was made of; NULL: not of the input topic */
};

/* NULL is like nothing but NULL. */
static inline bool broker_same_bytes(const uint8_t *a, uint32_t a_bytes, const uint8_t *b,
                                     uint32_t b_bytes)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static inline bool broker_same_record(const struct broker_record *a, const struct broker_record *b)
{
    return broker_same_bytes(a->key, a->key_bytes, b->key, b->key_bytes) &&
           broker_same_bytes(a->value, a->value_bytes, b->value, b->value_bytes) &&
           broker_same_bytes(a->headers, a->header_bytes, b->headers, b->header_bytes);
}

struct broker_entry {
    struct broker_record record;
    struct broker_txn *txn; /* NULL: written without one */
    bool marker, compacted;
    uint32_t place;
    int64_t skip; /* not visible: the next offset that may be; 0: the one behind */
    int64_t timestamp_ms;
    int64_t written_us;
};

struct broker_log {
    struct broker_entry *entries; /* by offset, those deleted too */
    int64_t low, end, capacity;
};

struct broker_producer {
    int32_t epoch;
    struct broker_txn *txn; /* the last one; NULL: none yet */
};

struct broker {
    struct sim *sim;
    struct broker_log logs[BROKER_LOGS];
    struct broker_producer producers[BROKER_PRODUCERS];
    uint32_t producer_count;
    struct broker_txn *txns, *live; /* live: open, or with markers to come */
    struct eng_port_offset committed[BROKER_OFFSETS];
    uint64_t committed_order[BROKER_OFFSETS], orders; /* what was sent later stays */
    int64_t away_until_us;      /* the group's coordinator does not answer before */
    int64_t forgets_until_us;   /* and a new one has not read its offsets yet */
    struct broker_chunk *bytes; /* where records are */
};

void broker_init(struct broker *broker, struct sim *sim);
void broker_done(struct broker *broker);

static inline uint32_t broker_place(enum eng_topic topic, int32_t partition)
{
    return (uint32_t)topic * BROKER_PARTITIONS + (uint32_t)partition;
}

/* ---- Producers. ---- */

/* A new transactional id. */
uint32_t broker_producer_new(struct broker *broker);

/* A new epoch; an open transaction is aborted first, and it is busy until that one has ended. */
enum broker_answer broker_open(struct broker *broker, uint32_t producer, int32_t *ret_epoch);

/* Writes one record, opening a transaction if need be. Copies its bytes. */
enum broker_answer broker_produce(struct broker *broker, uint32_t producer, int32_t epoch,
                                  uint32_t place, const struct broker_record *record);

/* Puts offsets, whose partitions are their numbers here, into the transaction, opening one if need
 * be: without any (`count` 0) too, which is
 * what is left when the transaction's coordinator has been asked and the group's then refuses. */
enum broker_answer broker_offsets(struct broker *broker, uint32_t producer, int32_t epoch,
                                  const struct eng_port_offset *set, uint32_t count);

/* Decides the open transaction. BROKER_OK also when it was decided so before. */
enum broker_answer broker_end(struct broker *broker, uint32_t producer, int32_t epoch, bool commit);

/* A commit by a coordinator that dies over it, when it has told those of these places that are in
 * it. Nobody is answered. */
void broker_half_commit(struct broker *broker, uint32_t producer, int32_t epoch, uint64_t places);

/* Has this producer a transaction that is open, and of which some places were told otherwise? */
bool broker_is_half(const struct broker *broker, uint32_t producer);

/* Has this producer a transaction that is open? */
bool broker_is_open(const struct broker *broker, uint32_t producer);

/* The open transaction has lasted too long: aborted, and its producer fenced. */
void broker_time_out(struct broker *broker, uint32_t producer);

/* ---- Logs. ---- */

/* Appends a record that belongs to no transaction. Copies its bytes. */
int64_t broker_append(struct broker *broker, uint32_t place, const struct broker_record *record,
                      int64_t timestamp_ms);

/* Everything below it is decided, and its marker is there. */
int64_t broker_last_stable(const struct broker *broker, uint32_t place);

/* Would a reader of committed records be given this entry? And was there a time when one would,
 * before it was compacted away? */
bool broker_is_visible(const struct broker_entry *entry);
bool broker_was_visible(const struct broker_entry *entry);

/* Keeps the newest committed record of each key only; a tombstone goes too, when whoever has read
 * what it takes away has had BROKER_TOMBSTONE_US to read it as well, and nobody reads the log just
 * now: brokers keep them for longer than a reading takes (delete.retention.ms). */
enum { BROKER_TOMBSTONE_US = 30000000 };
void broker_compact(struct broker *broker, uint32_t place);

/* The offset behind this one; behind all that broker_trim has taken out of the way. */
static inline int64_t broker_next(const struct broker_log *log, int64_t offset)
{
    int64_t skip = log->entries[offset].skip;
    return skip > offset ? skip : offset + 1;
}

/* Takes what nobody will be given any more out of the way of those who read the log: in a history
 * of a million transactions that is nearly all of it. */
void broker_trim(struct broker *broker, uint32_t place);

/* Is any transaction open, or any marker still to come? */
bool broker_is_quiet(const struct broker *broker);

/* Headers as one run of bytes: name, zero, length (4 bytes), value. The same for every maker. */
struct broker_record broker_record_of(struct broker *broker, const struct eng_port_output *output);

/* Bytes that live as long as the broker. NULL stays NULL. */
uint8_t *broker_copy(struct broker *broker, const void *data, size_t bytes);

/* ---- The groups' offsets. ---- */

/* The offset with this number. False: unstable, a transaction that holds it is not decided or not
 * heard of. */
bool broker_committed(const struct broker *broker, int32_t number, bool stable,
                      struct eng_port_offset *ret_offset);

#endif
