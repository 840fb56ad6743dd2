/* Is the input topic still the one that this worker began with?
 *
 * A topic that was deleted and made anew has the same name and other records: offsets, counts and
 * the ids of what was told are of the old one. Nothing in the protocol of consumers tells, so its
 * id is asked for with the ends of the partitions, and whenever a partition asks where it stands. A
 * topic that is not there any more is waited for, but not for long. */
#include "stream/worker.h"

#include "base/assert.h"
#include "model/config.h"
#include <string.h>

enum { GONE_US = 15000000 }; /* a broker that has just started may not know it yet */

static void note_gone(struct eng_worker *worker)
{
    int64_t now_us = worker->port->ops->mono_us(worker->port);
    struct eng_error text = {0};
    eng_assert(now_us > 0);
    eng_assert(worker->error.status == ENG_OK);
    if (worker->gone_since_us == 0)
        worker->gone_since_us = now_us;
    (void)eng_error_set(&text, ENG_TOPIC,
                        "the input topic \"%s\" is not there any more: if it was deleted, make it "
                        "anew and begin afresh with another kafka.group and state topic",
                        worker->config->input.topic);
    if (now_us - worker->gone_since_us > GONE_US)
        worker->error = text;
    else
        eng_worker_say(worker, ENG_LOG_WARN, text.text);
}

bool eng_worker_same_input(struct eng_worker *worker, enum eng_status status, const char *id)
{
    eng_assert(id != NULL);
    eng_assert(worker->input.exists);
    if (worker->input.id[0] == '\0')
        return true; /* the broker tells none */
    if (status != ENG_OK || worker->error.status != ENG_OK)
        return false;
    if (id[0] == '\0') {
        note_gone(worker);
        return false;
    }
    worker->gone_since_us = 0;
    if (strcmp(id, worker->input.id) == 0)
        return true;
    (void)eng_error_set(&worker->error, ENG_TOPIC,
                        "the input topic \"%s\" was deleted and made anew (its id is %s, it was "
                        "%s): offsets and state are of the old one; begin afresh with another "
                        "kafka.group and state topic",
                        worker->config->input.topic, id, worker->input.id);
    return false;
}
