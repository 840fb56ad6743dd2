/* The HTTP server. See http.h.
 *
 * The thread's loop is three phases: let libmicrohttpd work (at most TURN_MS), end what has taken
 * too long, look at the service once a second for the rates on the page.
 *
 * What ends: a question past its deadline is answered 504; a connection whose request and answer
 * are not through within request_ms_max is cut, however steadily it trickles, so that a slow client
 * holds one of the connections for a bounded time; an idle kept-alive connection is closed by
 * libmicrohttpd after IDLE_S.
 *
 * Paths come raw (libmicrohttpd's own decoding is turned off), since a decoded %00 or %2F could not
 * be told from the end of the path or a slash. */
#include "serve/http.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/memory.h"
#include "serve/answer.h"
#include "serve/clock.h"
#include "serve/health.h"
#include "serve/listen.h"
#include "serve/metrics.h"
#include "serve/page.h"
#include "serve/question.h"
#include <inttypes.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN_MS = 50,
    OBSERVE_MS = 1000,
    IDLE_S = 10,
    CONNECTION_BYTES = 16 * 1024, /* a request with its headers has to fit */
    QUESTION_MS = 2000,
    REQUEST_MS = 15000,
    CONNECTIONS = 64,
};

/* A connection, from its beginning to its end. */
struct link {
    struct link *next;
    int descriptor;
    int64_t since_ms; /* it was opened, or its last request was through; monotonic */
};

struct eng_http {
    struct eng_http_options options;
    int descriptor;
    uint16_t port;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic int64_t beat_ms; /* last turn of the main loop, monotonic; -1: never */
    int64_t started_ms;      /* wall clock */
    /* The rest belongs to the thread. */
    struct eng_health health;
    struct link *links;
    struct eng_question *questions;
    uint64_t answers[ENG_HTTP_CODES];
};

uint16_t eng_http_port(const struct eng_http *http)
{
    return http->port;
}

void eng_http_beat(struct eng_http *http)
{
    atomic_store(&http->beat_ms, eng_monotonic_ms());
}

static void count_answer(struct eng_http *http, uint16_t code)
{
    for (int i = 0; i < ENG_HTTP_CODES; i++)
        http->answers[i] += eng_http_codes[i] == code;
}

/* Sends the answer; its body goes to libmicrohttpd. */
static enum MHD_Result send_answer(struct eng_http *http, struct MHD_Connection *connection,
                                   struct eng_answer *answer)
{
    if (answer->body.failed) {
        eng_text_done(&answer->body);
        *answer = (struct eng_answer){.code = 500, .type = ENG_TYPE_JSON};
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        answer->body.used, answer->body.data, eng_free);
    if (response == NULL) {
        eng_text_done(&answer->body);
        return MHD_NO;
    }
    char seconds[16];
    (void)snprintf(seconds, sizeof seconds, "%d", answer->retry_after_s); /* it fits */
    bool added = MHD_add_response_header(response, "Content-Type", answer->type) == MHD_YES &&
                 MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
                 MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (answer->retry_after_s > 0)
        added = added && MHD_add_response_header(response, "Retry-After", seconds) == MHD_YES;
    if (answer->allow != NULL)
        added = added && MHD_add_response_header(response, "Allow", answer->allow) == MHD_YES;
    if (answer->code == 401)
        added = added && MHD_add_response_header(response, "WWW-Authenticate", "Bearer") == MHD_YES;
    enum MHD_Result result =
        added ? MHD_queue_response(connection, answer->code, response) : MHD_NO;
    MHD_destroy_response(response);
    count_answer(http, answer->code);
    return result;
}

static void write_metrics(struct eng_http *http, const struct eng_stats *stats,
                          struct eng_answer *answer)
{
    struct eng_metrics_input input = {
        .config = http->options.config,
        .stats = stats,
        .started_ms = http->started_ms,
        .ready = eng_health_ready(stats),
    };
    eng_process_read(&input.process);
    memcpy(input.http_answers, http->answers, sizeof http->answers);
    answer->type = ENG_TYPE_METRICS;
    eng_metrics_write(&answer->body, &input);
}

static void write_page(struct eng_http *http, const struct eng_stats *stats,
                       struct eng_answer *answer)
{
    struct eng_page_input input = {
        .config = http->options.config,
        .stats = stats,
        .health = &http->health,
        .started_ms = http->started_ms,
        .wall_ms = eng_wall_ms(),
        .now_ms = eng_monotonic_ms(),
    };
    answer->type = ENG_TYPE_HTML;
    eng_page_write(&answer->body, &input);
}

static void write_target(struct eng_http *http, enum eng_target target,
                         const struct eng_stats *stats, struct eng_answer *answer)
{
    int worker = -1;
    int64_t now_ms = eng_monotonic_ms();
    int64_t beat_ms = atomic_load(&http->beat_ms);
    http->health.main_loop_ms = beat_ms < 0 ? -1 : now_ms - beat_ms;
    if (target == ENG_TARGET_PAGE) {
        write_page(http, stats, answer);
    } else if (target == ENG_TARGET_METRICS) {
        write_metrics(http, stats, answer);
    } else if (target == ENG_TARGET_ALIVE) {
        answer->code = eng_health_alive(&http->health, stats, &worker) ? 200 : 503;
        eng_health_write_alive(&answer->body, &http->health, stats);
    } else {
        answer->code = eng_health_ready(stats) ? 200 : 503;
        eng_health_write_ready(&answer->body, &http->health, stats, now_ms);
    }
}

/* Everything but a partner, which takes its time. */
static enum MHD_Result answer_now(struct eng_http *http, struct MHD_Connection *connection,
                                  enum eng_target target)
{
    struct eng_answer answer = {.code = 200, .type = ENG_TYPE_JSON};
    struct eng_stats stats = {0};
    if (target == ENG_TARGET_NONE) {
        eng_answer_error(&answer, 404,
                         "there is no such page; see /, /healthz, /readyz, /metrics, "
                         "/partners/{id}");
    } else if (eng_service_stats(http->options.service, &stats) != ENG_OK) {
        eng_answer_error(&answer, 500, "out of memory");
    } else {
        write_target(http, target, &stats, &answer);
        eng_stats_free(&stats);
    }
    return send_answer(http, connection, &answer);
}

/* What is asked of a partner, beside which one it is. False after making `answer` the error. */
static bool read_arguments(struct MHD_Connection *connection, struct eng_service_question *asked,
                           struct eng_answer *answer)
{
    const char *given = NULL;
    size_t length = 0;
    if (MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "forecast", 8, &given,
                                      &length) != MHD_YES)
        return true;
    return eng_forecast_of(given, &asked->forecast_ms, answer);
}

/* Asks the worker and suspends the connection until it has answered, or taken too long. */
static enum MHD_Result ask_partner(struct eng_http *http, struct MHD_Connection *connection,
                                   const char *path, bool erases, void **context)
{
    struct eng_answer answer = {0};
    char id[ENG_PARTNER_BYTES_MAX];
    struct eng_service_question asked = {.partner = id};
    if (!eng_partner_of(path, id, &asked.length, &answer) ||
        (!erases && !read_arguments(connection, &asked, &answer)))
        return send_answer(http, connection, &answer);
    struct eng_question *question =
        eng_question_new(connection, eng_monotonic_ms() + http->options.question_ms_max);
    if (question == NULL) {
        eng_answer_error(&answer, 500, "out of memory");
        return send_answer(http, connection, &answer);
    }
    question->next = http->questions;
    http->questions = question;
    *context = question;
    MHD_suspend_connection(connection);
    question->code = erases ? 202 : 200;
    if (erases)
        eng_service_erase(http->options.service, id, asked.length, eng_question_answer, question);
    else
        eng_service_query(http->options.service, &asked, eng_question_answer, question);
    return MHD_YES;
}

static enum MHD_Result refuse_method(struct eng_http *http, struct MHD_Connection *connection,
                                     const char *method, bool partner)
{
    struct eng_answer answer = {.allow = partner ? "GET, HEAD, DELETE" : "GET, HEAD"};
    eng_answer_error(&answer, 405, "%.20s is not allowed here; GET and HEAD are", method);
    return send_answer(http, connection, &answer);
}

/* A new request, of which the headers are in: may it go on? */
static enum MHD_Result admit(struct eng_http *http, struct MHD_Connection *connection,
                             const char *path, const char *method)
{
    struct eng_answer answer = {0};
    bool partner = eng_target_of(path) == ENG_TARGET_PARTNER;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        return MHD_YES;
    if (!partner || strcmp(method, MHD_HTTP_METHOD_DELETE) != 0)
        return refuse_method(http, connection, method, partner);
    const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    bool may = eng_may_erase(http->options.config->http.erase_token, given, &answer);
    return may ? MHD_YES : send_answer(http, connection, &answer);
}

/* libmicrohttpd's handler. It is called when the headers are in (context NULL), for pieces of a
 * body, when the request is complete (context: the server), and once more after a question has been
 * answered (context: the question). */
static enum MHD_Result /* tidy: allow parameters: libmicrohttpd's signature */
handle(void *closure, struct MHD_Connection *connection, const char *path, const char *method,
       const char *version, const char *upload, size_t *upload_size, void **context)
{
    struct eng_http *http = closure;
    (void)version; /* every version is answered alike */
    (void)upload;  /* a body is read and ignored */
    if (*context == NULL) {
        *context = http;
        return admit(http, connection, path, method);
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (*context != http) {
        struct eng_answer answer = {0};
        eng_question_write(*context, &answer);
        return send_answer(http, connection, &answer);
    }
    enum eng_target target = eng_target_of(path);
    bool erases = strcmp(method, MHD_HTTP_METHOD_DELETE) == 0;
    return target == ENG_TARGET_PARTNER ? ask_partner(http, connection, path, erases, context)
                                        : answer_now(http, connection, target);
}

/* A request is over, whatever came of it. */
static void complete(void *closure, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode why)
{
    struct eng_http *http = closure;
    (void)why; /* all ends are alike */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct link *link = info != NULL ? info->socket_context : NULL;
    if (link != NULL)
        link->since_ms = eng_monotonic_ms();
    if (*context == NULL || *context == http)
        return;
    struct eng_question *question = *context;
    struct eng_question **at = &http->questions;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    eng_question_release(question);
    *context = NULL;
}

/* Keeps the list of open connections. */
static void notify(void *closure, struct MHD_Connection *connection, void **link_context,
                   enum MHD_ConnectionNotificationCode what)
{
    struct eng_http *http = closure;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct link *link = eng_calloc(1, sizeof *link);
        if (link == NULL || info == NULL) {
            eng_free(link); /* this one goes unwatched but for the idle limit */
            return;
        }
        *link = (struct link){
            .next = http->links, .descriptor = info->connect_fd, .since_ms = eng_monotonic_ms()};
        http->links = link;
        *link_context = link;
        return;
    }
    struct link **at = &http->links;
    while (*at != NULL && *at != *link_context)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    struct link *gone = *at;
    *at = gone->next;
    eng_free(gone);
}

static size_t keep_raw(void *closure, struct MHD_Connection *connection, char *text)
{
    (void)closure, (void)connection; /* every path is kept as it came */
    return strlen(text);
}

static void log_line(void *closure, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void log_line(void *closure, const char *format, va_list args)
{
    char line[512];
    (void)closure;                                    /* there is one log */
    (void)vsnprintf(line, sizeof line, format, args); /* a line that does not fit is cut */
    eng_log(ENG_LOG_DEBUG, "serve", "http: %s", line);
}

static void expire_questions(struct eng_http *http, int64_t now_ms)
{
    for (struct eng_question *question = http->questions; question != NULL;
         question = question->next)
        eng_question_expire(question, now_ms);
}

/* Ends what has taken too long. A cut connection is closed by libmicrohttpd in its next turn. */
static void sweep(struct eng_http *http, int64_t now_ms)
{
    expire_questions(http, now_ms);
    for (struct link *link = http->links; link != NULL; link = link->next)
        if (now_ms - link->since_ms > http->options.request_ms_max)
            (void)shutdown(link->descriptor, SHUT_RDWR); /* it may be closed already */
}

static void observe(struct eng_http *http, int64_t now_ms)
{
    struct eng_stats stats = {0};
    if (now_ms - http->health.observed_ms < OBSERVE_MS)
        return;
    if (eng_service_stats(http->options.service, &stats) != ENG_OK)
        return; /* out of memory: the next look may do better */
    eng_health_observe(&http->health, &stats, now_ms);
    eng_stats_free(&stats);
}

static void *run_thread(void *context)
{
    struct eng_http *http = context;
    while (!atomic_load(&http->stop)) {
        if (MHD_run_wait(http->daemon, TURN_MS) != MHD_YES) {
            eng_log(ENG_LOG_ERROR, "serve", "http has failed and answers no more");
            break;
        }
        int64_t now_ms = eng_monotonic_ms();
        sweep(http, now_ms);
        observe(http, now_ms);
    }
    return NULL;
}

static struct MHD_Daemon *start_daemon(struct eng_http *http)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, http->port, NULL, NULL,
        handle, http, MHD_OPTION_EXTERNAL_LOGGER, log_line, NULL, MHD_OPTION_LISTEN_SOCKET,
        http->descriptor, MHD_OPTION_CONNECTION_LIMIT, (unsigned)http->options.connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, keep_raw, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, notify, http, MHD_OPTION_NOTIFY_COMPLETED, complete, http,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void fill_defaults(struct eng_http_options *options)
{
    if (options->question_ms_max == 0)
        options->question_ms_max = QUESTION_MS;
    if (options->request_ms_max == 0)
        options->request_ms_max = REQUEST_MS;
    if (options->connections_max == 0)
        options->connections_max = CONNECTIONS;
}

static enum eng_status start_all(struct eng_http *http, struct eng_error *err)
{
    const struct eng_http_config *config = &http->options.config->http;
    enum eng_status status =
        eng_listen(config->address, config->port, &http->descriptor, &http->port, err);
    if (status != ENG_OK)
        return status;
    http->daemon = start_daemon(http);
    if (http->daemon == NULL) {
        (void)close(http->descriptor); /* nothing was sent */
        return eng_error_set(err, ENG_NO_MEMORY, "http cannot start: out of memory or of files");
    }
    if (pthread_create(&http->thread, NULL, run_thread, http) != 0) {
        MHD_stop_daemon(http->daemon);
        return eng_error_set(err, ENG_NO_MEMORY, "http cannot start its thread");
    }
    return ENG_OK;
}

enum eng_status eng_http_start(const struct eng_http_options *options, struct eng_http **ret_http,
                               struct eng_error *err)
{
    eng_assert(options->config != NULL && options->service != NULL);
    struct eng_http *http = eng_calloc(1, sizeof *http);
    if (http == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the http server");
    http->options = *options;
    http->started_ms = eng_wall_ms();
    atomic_init(&http->beat_ms, -1);
    fill_defaults(&http->options);
    eng_health_init(&http->health, options->heartbeat_ms_max);
    enum eng_status status = start_all(http, err);
    if (status != ENG_OK) {
        eng_free(http);
        return status;
    }
    *ret_http = http;
    return ENG_OK;
}

void eng_http_stop(struct eng_http *http)
{
    if (http == NULL)
        return;
    atomic_store(&http->stop, true);
    int result = pthread_join(http->thread, NULL);
    eng_assert(result == 0);
    expire_questions(http, INT64_MAX);
    (void)MHD_run_wait(http->daemon, 0); /* sends what it can to those who waited */
    MHD_stop_daemon(http->daemon);
    eng_assert(http->questions == NULL && http->links == NULL);
    eng_free(http);
}
