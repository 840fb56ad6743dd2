/* What a task has to say, as records of a transaction: effects, dead letters, pages, journal and
 * commit record.
 *
 * Effects go to their topic as Avro, keyed by partner, into the input's partition, with CloudEvents
 * headers (binary mode). Dead letters keep key, value and headers as they came; headers behind them
 * say why and from where, named as Kafka Streams names them. One sink per worker, on its thread;
 * buffers are kept. Transactions refer to its families of headers, so it outlives them. */
#ifndef ENG_STREAM_SINK_H
#define ENG_STREAM_SINK_H

#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/result.h"
#include "stream/journal.h"
#include "stream/parts.h"
#include "stream/port.h"
#include "stream/state.h"
#include "stream/sums.h"
#include "stream/txn.h"
#include <engaged/checkpoint.h>
#include <engaged/effect.h>

enum { ENG_SINK_FIXED = 4 };

struct eng_sink {
    struct eng_port *port;
    const char *input_topic; /* for dead letters */
    const char *topic_id;    /* of the input, for ids */
    char source[160];        /* ce_source */
    /* By kind of effect: the headers that all of them have, and the names of the others. */
    struct eng_port_header fixed[ENG_EFFECT_KINDS][ENG_SINK_FIXED];
    struct eng_port_family families[ENG_EFFECT_KINDS];
    struct eng_bytes value;                  /* scratch: a journal record's, or a large page's */
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

/* Whose effects they are: the partition, and the model that was in force. */
struct eng_task_output {
    int32_t partition;
    const struct eng_model *model;
};

/* Adds all effects of a buffer. Those of groups are sums on their way to whoever merges them
 * (sums.h). ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_effects(const struct eng_sink *sink, struct eng_txn *txn,
                                 const struct eng_task_output *from,
                                 const struct eng_effects *effects);

/* Adds a result of a group of all partitions, or a board; a flag of a text that came at two
 * partners, into the partition of the one it is about; and that a record of the sums is needed no
 * more. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_result(const struct eng_sink *sink, struct eng_txn *txn,
                                const struct eng_group_result *result);
enum eng_status eng_sink_board(const struct eng_sink *sink, struct eng_txn *txn,
                               const struct eng_board_result *board);
enum eng_status eng_sink_flag(const struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                              const struct eng_flag *flag);
enum eng_status eng_sink_spent(struct eng_txn *txn, struct eng_slice key);

/* Adds that a partition has no events, and so tells nothing of groups up to a time. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_sink_no_sums(struct eng_txn *txn, int32_t partition, int64_t until_ms);

/* Adds that a partner was erased at an offset, who may be on a board. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_gone(struct eng_txn *txn, int32_t partition, uint64_t partner_hash,
                              int64_t offset);

/* Adds sums as they are. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_sums(struct eng_txn *txn, const struct eng_sums *sums);

/* Adds a dead letter. A value too large for a topic of the usual limit is left out, and a header
 * says so. */
enum eng_status eng_sink_dead_letter(struct eng_sink *sink, struct eng_txn *txn,
                                     const struct eng_dead_letter *letter);

/* Where pages come from and where they go. All borrowed. */
struct eng_page_run {
    struct eng_engine *engine;
    struct eng_sink *sink;
    struct eng_txn *txn;
    int32_t partition;
    struct eng_parts *parts;   /* who has large ones is noted there */
    struct eng_page_head head; /* but for the parts */
};

/* Takes the partner at the head of the engine's queue and adds its page, in parts when it is large.
 * ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_page(const struct eng_page_run *run);

/* Adds a commit record; *ret_sum names it. */
enum eng_status eng_sink_commit(struct eng_txn *txn, int32_t partition,
                                const struct eng_commit *commit, uint64_t *ret_sum);

/* Adds the entries of a journal, and their records to those that are there. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_sink_journal(struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                                 const struct eng_journal *journal,
                                 struct eng_journal_records *records);

/* Deletes the oldest records, a few in one transaction, as far as all their entries are up to
 * number `last` and before offset `before`, and says so. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sink_journal_trim(struct eng_txn *txn, int32_t partition,
                                      struct eng_journal_records *records, uint64_t last,
                                      int64_t before);

#endif
