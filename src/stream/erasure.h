/* What an erasure leaves in the log: tombstones in the place of the partner's page, so that
 * compaction forgets it, and a receipt for whoever has asked (docs/formats.md).
 *
 * Both are in the transaction that carries the journal's entry. Neither the receipt nor the journal
 * holds the partner's id, only its hash; the tombstones' keys do, until compaction takes them
 * away. On the worker's thread. */
#ifndef ENG_STREAM_ERASURE_H
#define ENG_STREAM_ERASURE_H

#include "stream/sink.h"
#include "stream/txn.h"

struct eng_erasure {
    const char *program; /* borrowed */
    int32_t partition;
    struct eng_slice partner; /* borrowed */
    uint64_t hash;            /* eng_partner_hash of it */
    uint32_t parts;           /* records that a page of it may have */
    int64_t offset;           /* of the next input */
    int64_t at_ms;            /* wall clock */
};

/* Adds tombstones and receipt. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_erasure_write(struct eng_sink *sink, struct eng_txn *txn,
                                  const struct eng_erasure *erasure);

#endif
