/* What a task has to say, as records of a transaction: effects, dead letters and journal.
 *
 * Effects go to their topic as Avro, keyed by partner, into the input's partition, with CloudEvents
 * headers (binary mode). Dead letters keep key, value and headers as they came; headers behind them
 * say why and from where, named as Kafka Streams names them. One sink per worker, on its thread;
 * buffers are kept. Transactions refer to its families of headers, so it outlives them. */
#ifndef ENG_STREAM_SINK_H
#define ENG_STREAM_SINK_H

#include "codec/decode.h"
#include "codec/encode.h"
#include "stream/journal.h"
#include "stream/port.h"
#include "stream/txn.h"
#include <engaged/effect.h>

enum { ENG_SINK_FIXED = 4 };

struct eng_sink {
    struct eng_port *port;
    const char *input_topic; /* for dead letters */
    struct eng_encode_context encode;
    char source[160]; /* ce_source */
    /* By kind of effect: the headers that all of them have, and the names of the others. */
    struct eng_port_header fixed[ENG_EFFECT_CHURN_DROP + 1][ENG_SINK_FIXED];
    struct eng_port_family families[ENG_EFFECT_CHURN_DROP + 1];
    struct eng_bytes value;                  /* scratch: a journal record's */
    uint64_t dead_letters[ENG_REASON_COUNT]; /* written, by reason; not taken back by an abort */
};

/* A dead letter. */
struct eng_dead_letter {
    const struct eng_port_record *record;
    enum eng_reason reason;
    int64_t schema_id; /* -1: none */
    char detail[160];  /* a sentence for people */
};

/* Borrows all; topic_id is the input topic's ("" when not known). */
void eng_sink_init(struct eng_sink *sink, struct eng_port *port, const struct eng_model *model,
                   const char *input_topic, const char *topic_id);
void eng_sink_done(struct eng_sink *sink);

/* Adds all effects of a buffer. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_effects(struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                                 const struct eng_effects *effects);

/* Adds a dead letter. A value too large for a topic of the usual limit is left out, and a header
 * says so. */
enum eng_status eng_sink_dead_letter(struct eng_sink *sink, struct eng_txn *txn,
                                     const struct eng_dead_letter *letter);

/* Adds the entries of a journal. */
enum eng_status eng_sink_journal(struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                                 const struct eng_journal *journal);

#endif
