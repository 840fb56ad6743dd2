/* A transaction being filled, in flight, or in doubt: records to produce and offsets to send, as
 * plain bytes.
 *
 * The worker fills one while the commit thread sends another; both keep their memory over clears,
 * so a steady load allocates nothing. The bytes stay until the outcome is known, because the same
 * ones may have to be sent again. One thread at a time; it changes hands through the courier. */
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
    ENG_TXN_FAILED,    /* it cannot be committed; `error` says why */
};

/* A task's part: what is to be committed, and what was before. */
struct eng_txn_offset {
    struct eng_port_offset now, before;
};

struct eng_txn {
    struct eng_bytes records; /* frames, see txn.c */
    uint32_t record_count;
    uint32_t open_count;            /* headers of the record being written */
    size_t open_at;                 /* its frame */
    struct eng_txn_offset *offsets; /* one per touched task */
    uint32_t offset_count, offset_capacity;
    int64_t opened_us; /* monotonic time of the first thing in it; -1: empty */
    enum eng_txn_outcome outcome;
    int64_t took_us; /* from begin to the known outcome */
    struct eng_error error;
};

void eng_txn_init(struct eng_txn *txn);
void eng_txn_done(struct eng_txn *txn);

/* Empties it, keeps the memory. */
void eng_txn_clear(struct eng_txn *txn);

/* Adds a record without headers; more follow by eng_txn_header. headers of `output` are added too.
 * ENG_OK or ENG_NO_MEMORY (the record is not there). */
enum eng_status eng_txn_add(struct eng_txn *txn, const struct eng_port_output *output);

/* Adds a header to the record added last. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_txn_header(struct eng_txn *txn, const struct eng_port_header *header);

/* Adds a task's offset. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_txn_offset(struct eng_txn *txn, const struct eng_txn_offset *offset);

/* Walks the records: start with *at = 0; false at the end. *ret_output points into the transaction;
 * `headers` is the caller's, with room for eng_txn_headers_max(). */
bool eng_txn_next(const struct eng_txn *txn, size_t *at, struct eng_port_header *headers,
                  struct eng_port_output *ret_output);

/* Most headers that a record may have; more are refused with ENG_LIMIT. */
enum { ENG_TXN_HEADERS_MAX = 256 };

#endif
