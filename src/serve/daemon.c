/* The main loop of `run`. See daemon.h.
 *
 *     SIGHUP: the configuration is read again; what cannot be taken up is refused, whole
 *     running --SIGTERM, SIGINT--> stopping --all workers done--> ended
 *        |                            |
 *        +--a worker fails------------+--second signal, deadline--> ended abruptly
 *
 * Callbacks of libuv only look and note; the work is the workers' on their own threads. */
#include "serve/daemon.h"

#include "base/assert.h"
#include "base/log.h"
#include "serve/health.h"
#include "serve/http.h"
#include "stream/service.h"
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <uv.h>

enum {
    POLL_MS = 100,           /* how soon the end of the service is noticed */
    STATUS_MS = 60 * 1000,   /* a status line in the log */
    OUTDATED_MS = 10 * 1000, /* how often the file is looked at while a partition asks for it */
    STOP_EXTRA_MS = 5000, /* given beyond run.stop_deadline, which the workers keep by themselves */
};

enum { SIGNAL_COUNT = 3 };
static const int signal_numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};

struct daemon {
    const struct eng_config *config; /* of the start */
    const struct eng_config_source *reader;
    struct eng_service *service;
    struct eng_http *http;
    uv_loop_t loop;
    uv_signal_t signals[SIGNAL_COUNT];
    uv_timer_t poll, status;
    struct eng_health health; /* for the rates in the status line */
    bool ready;               /* as last told in the log */
    uint64_t stopping_since;  /* loop time, ms; 0: not stopping */
    uint64_t looked_at;       /* loop time, ms, of the last look at the file; 0: never */
    bool abrupt;
    enum eng_status result;
    struct eng_error *err;
};

static void end_abruptly(struct daemon *daemon, const char *why)
{
    eng_log(ENG_LOG_WARN, "serve", "ends at once: %s", why);
    daemon->abrupt = true;
    daemon->result = eng_error_set(daemon->err, ENG_TIMED_OUT, "ended at once: %s", why);
    uv_stop(&daemon->loop);
}

/* Reads the configuration again; what is taken up is told by the service. */
static void reload(struct daemon *daemon, const char *why)
{
    struct eng_error cause = {0};
    daemon->looked_at = uv_now(&daemon->loop);
    enum eng_reload_result result = eng_service_reload(daemon->service, daemon->reader, &cause);
    if (result == ENG_RELOAD_REFUSED)
        eng_log(ENG_LOG_ERROR, "serve",
                "%s: the configuration is not taken up, everything goes on as before: %s", why,
                cause.text);
    else if (result == ENG_RELOAD_UNCHANGED)
        eng_log(ENG_LOG_INFO, "serve", "%s: the configuration says what it said before", why);
}

/* A partition is under a newer model than ours: maybe the file has it by now. */
static void look_for_newer(struct daemon *daemon)
{
    uint64_t now_ms = uv_now(&daemon->loop);
    if (eng_service_is_outdated(daemon->service) &&
        (daemon->looked_at == 0 || now_ms - daemon->looked_at >= OUTDATED_MS))
        reload(daemon, "a partition is under a newer model");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;
    if (number == SIGHUP && daemon->stopping_since == 0) {
        reload(daemon, "SIGHUP");
    } else if (number == SIGHUP) {
        eng_log(ENG_LOG_INFO, "serve", "SIGHUP: it is stopping");
    } else if (daemon->stopping_since > 0) {
        end_abruptly(daemon, "a second signal");
    } else {
        eng_log(ENG_LOG_INFO, "serve", "%s: finishing the open transactions, then stopping",
                number == SIGTERM ? "SIGTERM" : "SIGINT");
        daemon->stopping_since = uv_now(&daemon->loop);
        eng_service_stop(daemon->service);
    }
}

/* Says in the log when the daemon becomes ready or ceases to be. */
static void tell_ready(struct daemon *daemon, const struct eng_stats *stats)
{
    bool ready = eng_health_ready(stats);
    if (ready == daemon->ready)
        return;
    daemon->ready = ready;
    if (ready)
        eng_log(ENG_LOG_INFO, "serve", "ready: %" PRIu32 " partitions", stats->partition_count);
    else
        eng_log(ENG_LOG_INFO, "serve", "not ready");
}

static void on_poll(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    struct eng_stats stats = {0};
    if (daemon->http != NULL)
        eng_http_beat(daemon->http);
    if (eng_service_stopped(daemon->service, &daemon->result, daemon->err)) {
        uv_stop(&daemon->loop);
        return;
    }
    const struct eng_config *config = eng_service_config(daemon->service);
    uint64_t limit = (uint64_t)config->run.stop_deadline_ms + STOP_EXTRA_MS;
    if (daemon->stopping_since > 0 && uv_now(&daemon->loop) - daemon->stopping_since > limit) {
        end_abruptly(daemon, "the stop deadline has passed");
        return;
    }
    if (eng_service_watch(daemon->service, daemon->err) != ENG_OK) {
        daemon->abrupt = true;
        daemon->result = daemon->err->status;
        uv_stop(&daemon->loop);
        return;
    }
    if (daemon->stopping_since > 0 || eng_service_stats(daemon->service, &stats) != ENG_OK)
        return;
    tell_ready(daemon, &stats);
    eng_stats_free(&stats);
    look_for_newer(daemon);
}

static void on_status(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    struct eng_stats stats = {0};
    if (eng_service_stats(daemon->service, &stats) != ENG_OK)
        return;
    eng_health_observe(&daemon->health, &stats, (int64_t)uv_now(&daemon->loop));
    uint64_t partners = 0;
    uint64_t bytes = 0;
    int64_t lag = 0;
    for (uint32_t i = 0; i < stats.partition_count; i++) {
        partners += stats.partitions[i].partners;
        bytes += stats.partitions[i].memory_bytes;
        lag += stats.partitions[i].lag_records > 0 ? stats.partitions[i].lag_records : 0;
    }
    eng_log(ENG_LOG_INFO, "serve",
            "partitions=%" PRIu32 " records_per_second=%.0f lag_records=%" PRId64
            " partners=%" PRIu64 " state_mb=%" PRIu64 " status",
            stats.partition_count, daemon->health.read_rate < 0 ? 0 : daemon->health.read_rate, lag,
            partners, bytes / 1000000);
    eng_stats_free(&stats);
}

/* Starting a handle of libuv fails only for lack of memory or descriptors. */
static enum eng_status start_handles(struct daemon *daemon, struct eng_error *err)
{
    int result = 0;
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        daemon->signals[i].data = daemon;
        result = result ? result : uv_signal_init(&daemon->loop, &daemon->signals[i]);
        result =
            result ? result : uv_signal_start(&daemon->signals[i], on_signal, signal_numbers[i]);
    }
    daemon->poll.data = daemon;
    daemon->status.data = daemon;
    result = result ? result : uv_timer_init(&daemon->loop, &daemon->poll);
    result = result ? result : uv_timer_init(&daemon->loop, &daemon->status);
    result = result ? result : uv_timer_start(&daemon->poll, on_poll, POLL_MS, POLL_MS);
    result = result ? result : uv_timer_start(&daemon->status, on_status, STATUS_MS, STATUS_MS);
    if (result == 0)
        return ENG_OK;
    return eng_error_set(err, ENG_NO_MEMORY, "the main loop cannot start: %s", uv_strerror(result));
}

static enum eng_status start_http(struct daemon *daemon, struct eng_error *err)
{
    struct eng_http_options options = {.config = daemon->config, .service = daemon->service};
    if (!daemon->config->http.enabled)
        return ENG_OK;
    enum eng_status status = eng_http_start(&options, &daemon->http, err);
    if (status == ENG_OK)
        eng_log(ENG_LOG_INFO, "serve", "http listens on %s:%u", daemon->config->http.address,
                eng_http_port(daemon->http));
    return status;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context; /* every handle is closed */
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_loop(struct daemon *daemon)
{
    uv_walk(&daemon->loop, close_handle, NULL);
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT); /* lets the handles close */
    int result = uv_loop_close(&daemon->loop);
    eng_assert(result == 0);
}

static enum eng_status run_loop(struct daemon *daemon, struct eng_error *err)
{
    enum eng_status status = start_handles(daemon, err);
    if (status == ENG_OK)
        status = eng_service_new(daemon->config, &daemon->service, err);
    if (status == ENG_OK)
        status = start_http(daemon, err);
    if (status == ENG_OK)
        status = eng_service_start(daemon->service, err);
    if (status != ENG_OK)
        return status;
    (void)uv_run(&daemon->loop, UV_RUN_DEFAULT); /* ends by uv_stop, with handles still open */
    return daemon->result == ENG_STOPPED ? ENG_OK : daemon->result;
}

enum eng_status eng_daemon_run(const struct eng_daemon_options *options, bool *ret_abrupt,
                               struct eng_error *err)
{
    eng_assert(options->config != NULL && ret_abrupt != NULL && err != NULL);
    eng_assert(options->reader.read != NULL);
    struct daemon daemon = {.config = options->config, .reader = &options->reader, .err = err};
    int result = uv_loop_init(&daemon.loop);
    if (result != 0)
        return eng_error_set(err, ENG_NO_MEMORY, "the main loop cannot start: %s",
                             uv_strerror(result));
    eng_health_init(&daemon.health, 0);
    enum eng_status status = run_loop(&daemon, err);
    *ret_abrupt = daemon.abrupt;
    eng_http_stop(daemon.http);
    if (daemon.service != NULL && !daemon.abrupt)
        eng_service_free(daemon.service);
    close_loop(&daemon);
    return status;
}
