/* A question to a worker that an HTTP connection waits for. See query.h. */
#include "serve/query.h"

#include "base/assert.h"
#include "base/memory.h"
#include <microhttpd.h>

struct eng_query *eng_query_new(struct MHD_Connection *connection, int64_t deadline_ms)
{
    struct eng_query *query = eng_calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    *query = (struct eng_query){.connection = connection, .deadline_ms = deadline_ms, .holders = 2};
    if (pthread_mutex_init(&query->lock, NULL) != 0) {
        eng_free(query);
        return NULL;
    }
    return query;
}

static void lock(struct eng_query *query)
{
    int result = pthread_mutex_lock(&query->lock);
    eng_assert(result == 0);
}

static void unlock(struct eng_query *query)
{
    int result = pthread_mutex_unlock(&query->lock);
    eng_assert(result == 0);
}

void eng_query_answer(void *context, enum eng_status status, const char *json, size_t length)
{
    struct eng_query *query = context;
    lock(query);
    eng_assert(query->state != ENG_QUERY_ANSWERED);
    if (query->state == ENG_QUERY_WAITING) {
        query->status = status;
        eng_text_add_bytes(&query->text, json, length);
        query->state = ENG_QUERY_ANSWERED;
        MHD_resume_connection(query->connection);
    }
    unlock(query);
    eng_query_release(query);
}

void eng_query_expire(struct eng_query *query, int64_t now_ms)
{
    lock(query);
    if (query->state == ENG_QUERY_WAITING && now_ms >= query->deadline_ms) {
        query->state = ENG_QUERY_GIVEN_UP;
        MHD_resume_connection(query->connection);
    }
    unlock(query);
}

/* The answer is in: what the worker said, as HTTP. */
static void write_answered(struct eng_query *query, struct eng_answer *answer)
{
    const char *text = query->text.used > 0 ? query->text.data : eng_status_text(query->status);
    bool json = query->text.used > 0 && text[0] == '{';
    switch (query->status) {
    case ENG_OK:
        answer->code = 200;
        answer->type = ENG_TYPE_JSON;
        break;
    case ENG_NOT_FOUND:
        eng_answer_error(answer, 404, "%s", json ? "" : text);
        break;
    case ENG_UNAVAILABLE:
        eng_answer_error(answer, 503, "%s", json ? "" : text);
        answer->retry_after_s = 5;
        break;
    default:
        eng_answer_error(answer, 500, "%s", json ? "" : text);
    }
    if (!json && query->status != ENG_OK)
        return;
    eng_text_clear(&answer->body);
    eng_text_add_bytes(&answer->body, query->text.data, query->text.used);
    eng_text_add_bytes(&answer->body, "\n", 1);
}

void eng_query_write(struct eng_query *query, struct eng_answer *answer)
{
    lock(query);
    eng_assert(query->state != ENG_QUERY_WAITING);
    if (query->state == ENG_QUERY_GIVEN_UP) {
        eng_answer_error(answer, 504, "the worker did not answer in time; try again");
        answer->retry_after_s = 1;
    } else if (query->text.failed) {
        eng_answer_error(answer, 500, "out of memory");
    } else {
        write_answered(query, answer);
    }
    unlock(query);
}

void eng_query_release(struct eng_query *query)
{
    lock(query);
    eng_assert(query->holders > 0);
    bool last = --query->holders == 0;
    unlock(query);
    if (!last)
        return;
    (void)pthread_mutex_destroy(&query->lock); /* nobody holds it */
    eng_text_done(&query->text);
    eng_free(query);
}
