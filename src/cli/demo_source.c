/* The player of histories. See demo_source.h. */
#include "cli/demo_source.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cli/synth_record.h"
#include "serve/clock.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    TURN_MS = 5,        /* between two looks at the clock */
    TURN_MS_MAX = 1000, /* a longer pause of the machine does not make the simulation jump */
    FLUSH_MS = 10000,
    STOP_RECORDS = 256, /* looks for a stop after so many */
};

struct eng_demo_source {
    struct eng_demo_source_options options;
    struct eng_sender *sender;
    pthread_t thread;
    bool started;
    atomic_bool hold, stop, ended;
    atomic_uint_fast64_t sent;
    atomic_int_fast64_t now_ms;
    /* The thread's own, until it has been joined. */
    struct eng_bytes bytes;
    struct eng_synth_event next; /* not yet due */
    bool has_next;
    enum eng_status status;
    struct eng_error err;
};

static enum eng_status send_event(struct eng_demo_source *source)
{
    const struct eng_synth_format format = {.delimited = true, .cast = source->options.cast};
    char key[ENG_SYNTH_KEY_BYTES_MAX];
    eng_bytes_clear(&source->bytes);
    if (eng_synth_record(source->options.synth, &source->next, &format, &source->bytes) != ENG_OK)
        return eng_error_set(&source->err, ENG_NO_MEMORY, "no memory for a record");
    const struct eng_sender_record record = {
        .key = key,
        .key_bytes = eng_synth_partner_id(source->next.partner, key),
        .value = source->bytes.data,
        .value_bytes = source->bytes.used,
    };
    atomic_fetch_add(&source->sent, 1);
    return eng_sender_put(source->sender, &record, &source->err);
}

/* Sends what is due by the simulated clock. ENG_STOPPED: there is no more, or stop was asked for.
 */
static enum eng_status send_due(struct eng_demo_source *source, int64_t now_ms)
{
    enum eng_status status = ENG_OK;
    for (uint32_t count = 1; status == ENG_OK; count++) {
        if (!source->has_next)
            status = eng_synth_next(source->options.synth, &source->next);
        source->has_next = status == ENG_OK;
        if (status != ENG_OK || source->next.time_ms > now_ms)
            break;
        status = send_event(source);
        source->has_next = false;
        if (count % STOP_RECORDS == 0 && atomic_load(&source->stop))
            status = ENG_STOPPED;
    }
    return status;
}

static enum eng_status play(struct eng_demo_source *source)
{
    int64_t real_ms = eng_monotonic_ms();
    enum eng_status status = ENG_OK;
    while (status == ENG_OK && !atomic_load(&source->stop)) {
        (void)poll(NULL, 0, TURN_MS); /* no descriptors: a sleep */
        int64_t now_ms = eng_monotonic_ms();
        int64_t passed_ms = now_ms - real_ms < TURN_MS_MAX ? now_ms - real_ms : TURN_MS_MAX;
        real_ms = now_ms;
        if (atomic_load(&source->hold))
            continue;
        int64_t simulated = atomic_load(&source->now_ms) + passed_ms * source->options.speed;
        if (simulated > eng_synth_end_ms(source->options.synth))
            simulated = eng_synth_end_ms(source->options.synth);
        atomic_store(&source->now_ms, simulated);
        status = send_due(source, simulated);
    }
    return status;
}

static void *run(void *context)
{
    struct eng_demo_source *source = context;
    enum eng_status status = play(source);
    if (status == ENG_OK || status == ENG_STOPPED)
        status = eng_sender_flush(source->sender, FLUSH_MS, &source->err);
    source->status = status;
    atomic_store(&source->ended, true);
    return NULL;
}

enum eng_status eng_demo_source_new(const struct eng_demo_source_options *options,
                                    struct eng_demo_source **ret_source, struct eng_error *err)
{
    struct eng_demo_source *source = eng_calloc(1, sizeof *source);
    if (source == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the generator's thread");
    source->options = *options;
    atomic_store(&source->now_ms, options->start_ms);
    enum eng_status status = eng_sender_new(&options->sender, &source->sender, err);
    if (status == ENG_OK && pthread_create(&source->thread, NULL, run, source) != 0)
        status = eng_error_set(err, ENG_NO_MEMORY, "the generator's thread cannot start");
    source->started = status == ENG_OK;
    if (status == ENG_OK)
        *ret_source = source;
    else
        eng_demo_source_free(source);
    return status;
}

void eng_demo_source_hold(struct eng_demo_source *source, bool hold)
{
    atomic_store(&source->hold, hold);
}

void eng_demo_source_stop(struct eng_demo_source *source)
{
    atomic_store(&source->stop, true);
}

struct eng_demo_progress eng_demo_source_progress(const struct eng_demo_source *source)
{
    return (struct eng_demo_progress){.sent = atomic_load(&source->sent),
                                      .now_ms = atomic_load(&source->now_ms),
                                      .ended = atomic_load(&source->ended)};
}

enum eng_status eng_demo_source_result(const struct eng_demo_source *source, struct eng_error *err)
{
    eng_assert(atomic_load(&source->ended));
    if (source->status == ENG_OK)
        return ENG_OK;
    return eng_error_set(err, source->status, "%s", source->err.text);
}

void eng_demo_source_free(struct eng_demo_source *source)
{
    if (source == NULL)
        return;
    atomic_store(&source->stop, true);
    if (source->started)
        (void)pthread_join(source->thread, NULL); /* it was started and is joined once */
    eng_sender_free(source->sender);
    eng_bytes_done(&source->bytes);
    eng_free(source);
}
