/* A locked list. See inbox.h. */
#include "stream/inbox.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

void eng_inbox_init(struct eng_inbox *inbox)
{
    eng_assert(inbox != NULL);
    *inbox = (struct eng_inbox){.last = NULL};
    inbox->last = &inbox->first;
    pthread_mutex_init(&inbox->lock, NULL);
}

void eng_inbox_done(struct eng_inbox *inbox)
{
    eng_assert(inbox->first == NULL);
    pthread_mutex_destroy(&inbox->lock);
}

struct eng_query *eng_query_new(const char *partner, size_t length, eng_service_answer *answer,
                                void *context)
{
    eng_assert(partner != NULL || length == 0);
    eng_assert(answer != NULL);
    struct eng_query *query = eng_calloc(1, sizeof *query + length + 1);
    if (query == NULL)
        return NULL;
    query->answer = answer;
    query->context = context;
    query->length = length;
    if (length > 0)
        memcpy(query->partner, partner, length);
    return query;
}

bool eng_inbox_put(struct eng_inbox *inbox, struct eng_query *query)
{
    eng_assert(inbox != NULL);
    eng_assert(query != NULL);
    query->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    bool open = !inbox->closed;
    if (open) {
        *inbox->last = query;
        inbox->last = &query->next;
    }
    pthread_mutex_unlock(&inbox->lock);
    return open;
}

struct eng_query *eng_inbox_take(struct eng_inbox *inbox)
{
    eng_assert(inbox != NULL);
    pthread_mutex_lock(&inbox->lock);
    struct eng_query *all = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    return all;
}

struct eng_query *eng_inbox_close(struct eng_inbox *inbox)
{
    eng_assert(inbox != NULL);
    pthread_mutex_lock(&inbox->lock);
    inbox->closed = true;
    pthread_mutex_unlock(&inbox->lock);
    return eng_inbox_take(inbox);
}
