/* Questions about partners, and requests to erase one, on their way to the worker that has them.
 *
 * A query goes from worker to worker until one knows the partner; who has looked in vain passes it
 * on. The last one answers that nobody has it, or that somebody is still restoring. Any thread
 * puts; the worker takes. */
#ifndef ENG_STREAM_INBOX_H
#define ENG_STREAM_INBOX_H

#include "stream/service.h"
#include <pthread.h>

struct eng_query {
    struct eng_query *next;
    eng_service_answer *answer;
    void *context;
    bool erases; /* the partner is to be erased, not shown */
    int64_t
        forecast_ms; /* with what will be told in so long a time if it does nothing; 0: without */
    char restoring[96]; /* "" or how far a worker that could not look has come */
    size_t length;
    char partner[];
};

struct eng_inbox {
    pthread_mutex_t lock;
    struct eng_query *first, **last;
    bool closed; /* nobody takes any more */
};

void eng_inbox_init(struct eng_inbox *inbox);

/* Nothing may be in it: close and take before. */
void eng_inbox_done(struct eng_inbox *inbox);

/* NULL: no memory. Free with eng_free, after answering. */
struct eng_query *eng_query_new(const char *partner, size_t length, eng_service_answer *answer,
                                void *context);

/* False when it is closed; the query stays the caller's then. */
bool eng_inbox_put(struct eng_inbox *inbox, struct eng_query *query);

/* Takes all, as a list; NULL: none. */
struct eng_query *eng_inbox_take(struct eng_inbox *inbox);

/* Puts nothing more in; returns what was left. */
struct eng_query *eng_inbox_close(struct eng_inbox *inbox);

#endif
