/* A transaction being filled, in flight, or in doubt: records to produce and offsets to send, as
 * plain bytes.
 *
 * The worker fills one while the commit thread sends another; both keep their memory over clears,
 * so a steady load allocates nothing. The bytes stay until the outcome is known, because the same
 * ones may have to be sent again, and because the port is given pointers into them. Records of a
 * topic keep their order; the topics are sent one after the other. One thread at a time; it changes
 * hands through the courier. */
#ifndef ENG_STREAM_TXN_H
#define ENG_STREAM_TXN_H

#include "codec/encode.h"
#include "stream/port.h"

/* How a transaction ended. */
enum eng_txn_outcome {
    ENG_TXN_NONE,  /* not yet */
    ENG_TXN_DONE,  /* committed, for sure */
    ENG_TXN_TAKEN, /* somebody else has committed in our place: the state here is worth nothing */
    ENG_TXN_CANCELLED, /* given up on request; restore before going on */
    ENG_TXN_FAILED,    /* it cannot be committed, or we may not ask any more; `error` says why */
};

/* A task's part: what is to be committed, and what was before. */
struct eng_txn_offset {
    struct eng_port_offset now, before;
};

/* What a record begins with, in its lane; UINT32_MAX as a length: there is none. */
struct eng_txn_frame {
    uint32_t bytes, key_bytes, value_bytes;
    uint32_t header_count;
    int32_t partition;
};

struct eng_txn {
    struct eng_bytes lanes[ENG_TOPIC_COUNT]; /* frames by topic, see txn.c */
    const struct eng_port_family *families[ENG_TOPIC_COUNT];
    uint32_t record_count;
    /* The record that was added last: its topic, where it begins, and its frame as it is there. */
    enum eng_topic open_topic;
    size_t open_at;
    struct eng_txn_frame open;
    struct eng_txn_offset *offsets; /* one per touched task */
    uint32_t offset_count, offset_capacity;
    int64_t opened_us; /* monotonic time of the first thing in it; -1: empty */
    enum eng_txn_outcome outcome;
    int64_t took_us; /* from begin to the known outcome */
    struct eng_error error;
};

/* A place in a walk over the records; zero-initialised is the beginning. */
struct eng_txn_place {
    uint32_t topic;
    size_t at;
};

void eng_txn_init(struct eng_txn *txn);
void eng_txn_done(struct eng_txn *txn);

/* Empties it, keeps the memory. */
void eng_txn_clear(struct eng_txn *txn);

/* How many bytes its records take. */
size_t eng_txn_bytes(const struct eng_txn *txn);

/* Adds a record with the headers of `output`; more may follow by eng_txn_header. ENG_OK or
 * ENG_NO_MEMORY (the record is not there). */
enum eng_status eng_txn_add(struct eng_txn *txn, const struct eng_port_output *output);

/* The same in pieces, for a value that is written in place: opens a record with all of `output`
 * but value and headers; the caller appends the value to the buffer that is returned, then calls
 * eng_txn_close, adds headers, or takes it all back with eng_txn_drop. NULL: no memory. */
struct eng_bytes *eng_txn_open(struct eng_txn *txn, const struct eng_port_output *output);
void eng_txn_close(struct eng_txn *txn);
void eng_txn_drop(struct eng_txn *txn);

/* Adds a header to the record added last. With a family the name is left out: its place says it.
 * ENG_OK, ENG_NO_MEMORY, or ENG_LIMIT. */
enum eng_status eng_txn_header(struct eng_txn *txn, const struct eng_port_header *header);

/* Adds a header whose value is a piece of the record's value. As above. */
enum eng_status eng_txn_header_of_value(struct eng_txn *txn, const char *name, size_t at,
                                        size_t bytes);

/* Adds a task's offset. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_txn_offset(struct eng_txn *txn, const struct eng_txn_offset *offset);

/* Walks the records; false at the end. *ret_output points into the transaction; `headers` is the
 * caller's, with room for ENG_TXN_HEADERS_MAX. */
bool eng_txn_next(const struct eng_txn *txn, struct eng_txn_place *place,
                  struct eng_port_header *headers, struct eng_port_output *ret_output);

/* Most headers that a record may have; more are refused with ENG_LIMIT. */
enum { ENG_TXN_HEADERS_MAX = 256 };

#endif
