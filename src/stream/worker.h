/* A worker: a share of the input's partitions, from joining the group to leaving it.
 *
 * One loop thread owns tasks, engines and the consumer; one commit thread sends transactions while
 * the loop fills the next; one aide asks the broker what may take long, and readers load what
 * partitions were when they were left. The phases of a turn are in
 * worker.c, what happens to transactions in worker_txn.c, to partitions in worker_group.c and
 * worker_recall.c, to statistics and queries in worker_board.c. */
#ifndef ENG_STREAM_WORKER_H
#define ENG_STREAM_WORKER_H

#include "base/log.h"
#include "stream/board.h"
#include "stream/committer.h"
#include "stream/courier.h"
#include "stream/inbox.h"
#include "stream/recall.h"
#include "stream/sink.h"
#include "stream/start.h"
#include "stream/task.h"

enum {
    ENG_WORKER_BATCH = 4096,
    ENG_WORKER_TXN_BYTES = 32 << 20,  /* a filling transaction this large is full */
    ENG_WORKER_TXN_RECORDS = 200000,  /* and one with so many records */
    ENG_WORKER_SLICE_US = 100000,     /* boundaries and models are worked at so long in a turn */
    ENG_WORKER_PAGES_BYTES = 8 << 20, /* pages of all tasks in one transaction, about */
    ENG_WORKER_PAGES_LAST = 48 << 20, /* the same of all transactions before partitions go */
};

/* An errand of the aide: the first and the last stable offsets of partitions. */
struct eng_marks {
    struct eng_port *port;
    int32_t *partitions;
    int64_t *lows, *ends;      /* -1: not heard */
    bool asks_id;              /* the broker tells topics' ids */
    enum eng_status id_status; /* of the question after that: which topic was that? */
    char input_id[ENG_TOPIC_ID_BYTES];
    uint32_t count;
    int64_t asked_us;
};

/* A thread that recalls a partition after the other. While one loads pages, and another, the loop
 * reads the input of those that have theirs. */
struct eng_reader {
    struct eng_courier courier;
    struct eng_recall recall;
    bool busy;           /* with an errand whose outcome has not been looked at */
    uint64_t assignment; /* of the partition, that its errand belongs to */
};

/* What a worker is made with. All borrowed but the port, which it owns from then on. */
struct eng_worker_options {
    const struct eng_config *config;
    struct eng_port *port;
    uint32_t index;
    uint64_t writer; /* a number that no other worker ever has */
    bool eager;      /* the group revokes all before it assigns anew */
    struct eng_courier_way couriers;
    bool asks_first;   /* before it joins: is the group under a newer model than ours? */
    _Atomic int *gate; /* 0: topics not yet checked, 1: fine, 2: not; worker 0 sets it */
    _Atomic uint64_t *memory_bytes; /* of all workers of the process */
    struct eng_feed_limits limits;  /* what is 0 there is as above */
    struct eng_standbys *standbys;  /* of the process; NULL: none */
};

struct eng_worker {
    struct eng_worker_options options;
    struct eng_edition *edition;          /* of the configuration, held */
    _Atomic(struct eng_edition *) coming; /* the next one, held; NULL: none */
    const struct eng_config *config;      /* the edition's */
    struct eng_port *port;
    struct eng_port_handler handler;
    struct eng_decoder *decoder;
    struct eng_sink sink;
    struct eng_feed feed;
    struct eng_topic_info input;

    struct eng_txn txns[2];
    uint32_t filling; /* index of the one being filled */
    bool in_flight;   /* the other one is with the commit thread */
    struct eng_committer committer;
    struct eng_courier sender, aide;
    struct eng_error renew_error; /* of the errand that opens a producer */
    bool renewing;

    struct eng_task **tasks;  /* task_count of them, in no order */
    struct eng_task **places; /* by partition; NULL: not ours */
    uint32_t task_count;
    uint64_t assignment;         /* number of changes so far */
    bool placed;                 /* the group has given us a share, even if it is none at all */
    bool assign_due;             /* the set to fetch from has changed */
    bool busy;                   /* with an input that is half done: no waiting for records */
    struct eng_port_offset *set; /* scratch: that set */
    struct eng_reader readers[ENG_PORT_READERS];
    struct eng_marks marks;
    bool marking;
    int64_t marks_due_us;
    int64_t watch_due_us;
    int64_t joining_since_us; /* 0: it is not */
    int64_t gone_since_us;    /* the input topic has not been there since then; 0: it is */

    struct eng_port_batch batch;
    bool paused;
    int64_t blocked_since_us; /* full and the other one still in flight; -1: not */

    bool proven;               /* a task has been live: the configuration is a good one here */
    _Atomic uint32_t outdated; /* partitions that wait for a newer configuration */
    int64_t outdated_said_us;

    _Atomic bool stop;
    _Atomic enum eng_worker_state state;
    struct eng_error error; /* why the loop has to end */
    struct eng_worker_stats stats;
    struct eng_partition_stats *shown; /* scratch of the board */
    uint64_t memory_shown;
    int64_t show_due_us;
    int64_t said_us; /* when the text was last logged */
    struct eng_board board;
    struct eng_inbox inbox;
    struct eng_worker *next; /* whom a query is passed on to; NULL: none */
};

/* ENG_OK; ENG_NO_MEMORY, ENG_BAD_SCHEMA, ENG_IO: the port is freed. */
enum eng_status eng_worker_new(const struct eng_worker_options *options,
                               struct eng_worker **ret_worker, struct eng_error *err);
void eng_worker_free(struct eng_worker *worker);

/* The whole life, on the calling thread: returns when stopped or failed. */
void eng_worker_run(struct eng_worker *worker);

/* Another configuration, with the same model or one that can follow on it, takes effect from the
 * next turn on. Holds it. Any thread. */
void eng_worker_reload(struct eng_worker *worker, struct eng_edition *edition);

/* The parts of that life, for tests that turn the loop themselves: checks and joins (false: ended);
 * one turn (false: ended); leaves. */
bool eng_worker_begin(struct eng_worker *worker);
bool eng_worker_turn(struct eng_worker *worker);
void eng_worker_end(struct eng_worker *worker);
/* After a turn that was the last: comes back to its group when it was shut out by mistake (true:
 * there may be more turns). */
bool eng_worker_rejoin(struct eng_worker *worker);

/* ---- Between the files of the worker. ---- */

void eng_worker_state_set(struct eng_worker *worker, enum eng_worker_state state);
void eng_worker_beat(struct eng_worker *worker);

/* Shows and logs a text, but not the same one over and over; "" takes it back. */
void eng_worker_say(struct eng_worker *worker, enum eng_log_level level, const char *text);

/* The task of a partition; NULL: not ours. */
struct eng_task *eng_worker_task(const struct eng_worker *worker, int32_t partition);

/* worker_txn.c */
void eng_worker_take_outcome(struct eng_worker *worker); /* of the one in flight, if it is known */
void eng_worker_seal_due(struct eng_worker *worker);     /* sends the filling one, if it is time */
/* Ends all that is under way: commits it (true if all of it was) or, in a hurry, gives it up. */
bool eng_worker_settle(struct eng_worker *worker, bool hurry, int64_t deadline_ms);

/* worker.c: sleeps in small pieces; false when asked to stop. */
bool eng_worker_doze(struct eng_worker *worker, int64_t ms);

/* worker_watch.c: finds partitions that have stalled, now and then. */
void eng_worker_watch(struct eng_worker *worker);

/* worker_topic.c: the input topic's id as just heard, against the one at the start. False: it is
 * not known to be the same topic, and what was heard with it says nothing; may set the error. */
bool eng_worker_same_input(struct eng_worker *worker, enum eng_status status, const char *id);

/* worker_renew.c: takes up the configuration that has come. */
void eng_worker_renew(struct eng_worker *worker);
/* Looks, before it joins, whether the group is under a model that ours cannot follow on. False: it
 * is, see the error. */
bool eng_worker_is_current(struct eng_worker *worker);
/* A partition cannot be taken up under our model, or (stale) that of the edition before. True: it
 * waits for a newer configuration, instead of ending the worker. */
bool eng_worker_waits_outdated(struct eng_worker *worker, struct eng_task *task, bool stale,
                               const struct eng_error *cause);

/* worker_group.c */
void eng_worker_group_init(struct eng_worker *worker); /* sets the handler */
void eng_worker_drop_tasks(struct eng_worker *worker);

/* worker_recall.c */
void eng_worker_ask(struct eng_worker *worker); /* moves asking tasks on */
void eng_worker_readers_init(struct eng_worker *worker);
bool eng_worker_readers_start(struct eng_worker *worker); /* false: none runs; sets the error */
void eng_worker_readers_hurry(struct eng_worker *worker); /* what they do is not wanted any more */
void eng_worker_readers_drop(struct eng_worker *worker);  /* waits, and forgets what they did */
void eng_worker_readers_stop(struct eng_worker *worker);
/* The recall of a partition that is under way; NULL: none is. */
const struct eng_recall *eng_worker_recall_of(const struct eng_worker *worker, int32_t partition);

/* worker_board.c */
void eng_worker_mark(
    struct eng_worker *worker); /* asks for the ends of the partitions now and then */
void eng_worker_show(struct eng_worker *worker, bool now);
void eng_worker_answer(struct eng_worker *worker); /* queries */
void eng_worker_close_inbox(struct eng_worker *worker);

#endif
