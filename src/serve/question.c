/* A question to a worker that an HTTP connection waits for. See question.h. */
#include "serve/question.h"

#include "base/assert.h"
#include "base/memory.h"
#include <microhttpd.h>

struct eng_question *eng_question_new(struct MHD_Connection *connection, int64_t deadline_ms)
{
    struct eng_question *question = eng_calloc(1, sizeof *question);
    if (question == NULL)
        return NULL;
    *question = (struct eng_question){
        .connection = connection, .deadline_ms = deadline_ms, .code = 200, .holders = 2};
    if (pthread_mutex_init(&question->lock, NULL) != 0) {
        eng_free(question);
        return NULL;
    }
    return question;
}

static void lock(struct eng_question *question)
{
    int result = pthread_mutex_lock(&question->lock);
    eng_assert(result == 0);
}

static void unlock(struct eng_question *question)
{
    int result = pthread_mutex_unlock(&question->lock);
    eng_assert(result == 0);
}

void eng_question_answer(void *context, enum eng_status status, const char *json, size_t length)
{
    struct eng_question *question = context;
    lock(question);
    eng_assert(question->state != ENG_QUESTION_ANSWERED);
    if (question->state == ENG_QUESTION_WAITING) {
        question->status = status;
        eng_text_add_bytes(&question->text, json, length);
        question->state = ENG_QUESTION_ANSWERED;
        MHD_resume_connection(question->connection);
    }
    unlock(question);
    eng_question_release(question);
}

void eng_question_expire(struct eng_question *question, int64_t now_ms)
{
    lock(question);
    if (question->state == ENG_QUESTION_WAITING && now_ms >= question->deadline_ms) {
        question->state = ENG_QUESTION_GIVEN_UP;
        MHD_resume_connection(question->connection);
    }
    unlock(question);
}

/* The answer is in: what the worker said, as HTTP. A text that is no view says what is the matter.
 */
static void write_answered(struct eng_question *question, struct eng_answer *answer)
{
    const char *text =
        question->text.used > 0 ? question->text.data : eng_status_text(question->status);
    switch (question->status) {
    case ENG_OK:
        answer->code = question->code;
        answer->type = ENG_TYPE_JSON;
        eng_text_add_bytes(&answer->body, question->text.data, question->text.used);
        eng_text_add_bytes(&answer->body, "\n", 1);
        break;
    case ENG_NOT_FOUND:
        eng_answer_error(answer, 404,
                         "no counted event of this partner here; it may be in a partition of "
                         "another process");
        break;
    case ENG_UNAVAILABLE:
        eng_answer_error(answer, 503, "%s", text);
        answer->retry_after_s = 5;
        break;
    default:
        eng_answer_error(answer, 500, "%s", text);
    }
}

void eng_question_write(struct eng_question *question, struct eng_answer *answer)
{
    lock(question);
    eng_assert(question->state != ENG_QUESTION_WAITING);
    if (question->state == ENG_QUESTION_GIVEN_UP) {
        eng_answer_error(answer, 504, "the worker did not answer in time; try again");
        answer->retry_after_s = 1;
    } else if (question->text.failed) {
        eng_answer_error(answer, 500, "out of memory");
    } else {
        write_answered(question, answer);
    }
    unlock(question);
}

void eng_question_release(struct eng_question *question)
{
    lock(question);
    eng_assert(question->holders > 0);
    bool last = --question->holders == 0;
    unlock(question);
    if (!last)
        return;
    (void)pthread_mutex_destroy(&question->lock); /* nobody holds it */
    eng_text_done(&question->text);
    eng_free(question);
}
