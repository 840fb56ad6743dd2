/* A question to a worker that an HTTP connection waits for.
 *
 *     waiting --answer--> answered        the worker's thread, at any time
 *        |
 *        +--deadline, stop--> given up    the HTTP thread
 *
 * Both ends resume the suspended connection; whoever comes second does nothing. The question is
 * shared by the HTTP thread and the worker: each releases it once. After giving up the worker's
 * answer touches only the question, so the server may be gone by then. */
#ifndef ENG_SERVE_QUESTION_H
#define ENG_SERVE_QUESTION_H

#include "serve/answer.h"
#include "stream/service.h"
#include <pthread.h>

struct MHD_Connection;

struct eng_question {
    struct eng_question *next; /* list of the HTTP thread */
    struct MHD_Connection *connection;
    int64_t deadline_ms;  /* monotonic */
    uint16_t code;        /* of the answer when all is well */
    pthread_mutex_t lock; /* of all below */
    enum { ENG_QUESTION_WAITING, ENG_QUESTION_ANSWERED, ENG_QUESTION_GIVEN_UP } state;
    int holders; /* 2: the HTTP thread and the worker */
    enum eng_status status;
    struct eng_text text; /* the worker's answer */
};

/* A waiting question held twice, or NULL when out of memory. */
struct eng_question *eng_question_new(struct MHD_Connection *connection, int64_t deadline_ms);

/* The worker's answer; the context is the question. Any thread, once. */
eng_service_answer eng_question_answer;

/* Gives up when it still waits and `now_ms` is at or past the deadline. */
void eng_question_expire(struct eng_question *question, int64_t now_ms);

/* What to send. Only after the connection was resumed. */
void eng_question_write(struct eng_question *question, struct eng_answer *answer);

/* Lets go of one hold; frees with the last one. */
void eng_question_release(struct eng_question *question);

#endif
