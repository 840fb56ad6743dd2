/* What a merger is made of. For merger.c, and for its tests. */
#ifndef ENG_STREAM_MERGER_INSIDE_H
#define ENG_STREAM_MERGER_INSIDE_H

#include "stream/merger.h"

enum eng_merger_place { NOWHERE, READING, GIVING }; /* see merger.c */

struct eng_merger {
    struct eng_merger_options options;
    struct eng_port *port;
    struct eng_port_handler handler;
    struct eng_committer committer;
    struct eng_courier sender;
    struct eng_sink sink;
    struct eng_txn txn;
    struct eng_port_batch batch;
    int32_t partition_count; /* of the program's input */

    enum eng_merger_place place;
    bool assigned, joined;
    bool in_flight; /* the transaction is with the commit thread */
    bool renewing;  /* or it opens a producer, for an end that was not answered */
    struct eng_error renew_error;
    struct eng_gather *gather;   /* NULL: NOWHERE */
    int64_t next;                /* offset of the next record to take */
    struct eng_port_offset from; /* as the group has it */
    uint64_t sequence;           /* of the last transaction */
    int64_t ended_at;            /* said while polling: no more below it; -1: nothing was said */
    bool ended_all;              /* and that is the end of the topic */
    int64_t ask_due_us, ask_pause_ms;
    uint32_t blank_count;                          /* so often there was no offset beside sums */
    int64_t waits_for_ms, waits_since_us, said_us; /* the oldest open moment; -1: none */

    _Atomic bool stop, ended;
    struct eng_error error; /* why it has to end */
    pthread_mutex_t lock;   /* for stats */
    struct eng_merger_stats stats;
};

#endif
