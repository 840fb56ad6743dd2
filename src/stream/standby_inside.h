/* What the files of the standbys share. See standby.h. */
#ifndef ENG_STREAM_STANDBY_INSIDE_H
#define ENG_STREAM_STANDBY_INSIDE_H

#include "stream/meta.h"
#include "stream/standby.h"
#include "stream/standby_plan.h"
#include <pthread.h>

/* A partition that somebody stands or stood by for. The lock guards what is above the line; below
 * it all is the thread's. */
struct eng_standby {
    int32_t partition;
    bool wished;       /* the plan has us stand by */
    bool taken;        /* it is ours, and the worker has had what there was */
    bool busy;         /* the thread reads on with the follower */
    uint64_t taken_at; /* how often the group had been asked then: older answers do not know */
    struct eng_follower *follower; /* NULL: none */
    struct eng_follower_view view; /* of the follower, as of its last turn */
    int64_t end;                   /* of the state topic then; -1: not known */
    _Atomic bool cancel;           /* of its reading */
    /* ---- */
    int64_t retry_us; /* none is begun before */
    struct eng_meta meta;
    struct eng_restore_progress progress; /* nobody looks at it */
    char said[ENG_ERROR_BYTES];           /* the last complaint */
};

struct eng_standbys {
    struct eng_standbys_options options;
    struct eng_port *port;
    struct eng_courier courier;
    bool started;
    _Atomic bool stop, stirred;
    pthread_mutex_t lock; /* for what follows, and the standbys */
    struct eng_standby **items;
    uint32_t count, capacity;
    uint64_t asked;           /* how often the group was asked */
    struct eng_edition *next; /* held, and taken up at the next turn; NULL: none */
    uint64_t fates[ENG_FOLLOWER_FATES];
    /* ---- the thread's ---- */
    struct eng_edition *edition; /* held */
    struct eng_standby_plan plan;
    enum eng_status plan_status; /* of gathering it */
    int64_t ask_due_us;
    char said[ENG_ERROR_BYTES];
};

/* standby.c: of a partition; added when it is new. With the lock held. NULL: no memory. */
struct eng_standby *eng_standbys_place(struct eng_standbys *standbys, int32_t partition);

/* standby.c: takes the follower away from a standby, NULL when there is none. With the lock held.
 */
struct eng_follower *eng_standbys_take_out(struct eng_standby *standby);

/* standby.c: logs a complaint, once. */
void eng_standbys_say(char said[ENG_ERROR_BYTES], const char *text);

/* standby_turn.c: until told to stop; context: the standbys. */
void eng_standbys_run(void *context);

#endif
