/* Sends transactions, one after the other, and finds out what became of each.
 *
 * Runs on the commit thread. Whatever goes wrong on the way, eng_committer_send comes back only
 * when the outcome is known (or it was told to give up): it repeats what may be repeated, aborts
 * what must be aborted, replaces the producer when an answer was lost (so that a late request can
 * not end a later transaction), and then lets the group's own offset metadata say which of both
 * happened.
 *
 *            open              begin            send offsets, commit
 *   NONE ---------> READY ----------> OPEN ---------> ENDING ---------> READY   (done)
 *    ^                ^                 | abort          | answer lost, fatal
 *    |                +-----------------+                v
 *    +------------------------------------------------ DOUBT
 *          producer closed; a new one is opened, then the metadata is looked at
 */
#ifndef ENG_STREAM_COMMITTER_H
#define ENG_STREAM_COMMITTER_H

#include "stream/port.h"
#include "stream/txn.h"
#include <stdatomic.h>

enum eng_committer_state {
    ENG_COMMITTER_NONE,   /* no producer, nothing in doubt */
    ENG_COMMITTER_READY,  /* a producer, no transaction */
    ENG_COMMITTER_OPEN,   /* a transaction, its commit not yet asked for */
    ENG_COMMITTER_ENDING, /* commit asked for */
    ENG_COMMITTER_DOUBT,  /* no producer; the last commit may or may not have happened */
};

enum { ENG_COMMITTER_OUTPUTS = 128 }; /* records given to the port at once */

struct eng_committer {
    struct eng_port *port;
    enum eng_committer_state state;
    bool troubled;       /* something went wrong since begin: rotate afterwards */
    int64_t usual_us;    /* moving average of commits */
    _Atomic bool cancel; /* set by the worker: come back soon */
    _Atomic uint64_t aborts, rotations;
    const char *_Atomic call;      /* what the port is being asked for now; NULL: nothing */
    _Atomic int64_t call_since_us; /* and since when */
    /* Scratch: records on their way to the port, and their headers. */
    struct eng_port_output outputs[ENG_COMMITTER_OUTPUTS];
    struct eng_port_header headers[ENG_COMMITTER_OUTPUTS * 2 + ENG_TXN_HEADERS_MAX];
    struct eng_port_offset *set; /* scratch: offsets of the transaction */
    uint32_t set_capacity;
};

void eng_committer_init(struct eng_committer *committer, struct eng_port *port);

/* Closes the producer. */
void eng_committer_done(struct eng_committer *committer);

/* Makes sure of a producer with an epoch that no lost request can touch; waits for the broker.
 * ENG_OK, ENG_STOPPED when cancelled, or what no repetition helps against. */
enum eng_status eng_committer_ready(struct eng_committer *committer, struct eng_error *err);

/* Any thread: what the port has been asked for and has not come back from for limit_us; NULL: there
 * is nothing. */
const char *eng_committer_stuck(const struct eng_committer *committer, int64_t now_us,
                                int64_t limit_us);

/* Sends the transaction; sets outcome, took_us and error. */
void eng_committer_send(struct eng_committer *committer, struct eng_txn *txn);

#endif
