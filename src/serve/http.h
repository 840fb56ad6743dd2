/* The HTTP face of a running service: /, /healthz, /readyz, /metrics and /partners/{id}.
 *
 * One thread of its own runs libmicrohttpd without further threads, so that pages are answered
 * while the main loop waits for signals, and a slow client can hold up nobody but other clients. It
 * touches the service only through calls that any thread may make; a partner's page waits for the
 * worker that owns the partner, with the connection suspended meanwhile. docs/http.md tells what is
 * answered. */
#ifndef ENG_SERVE_HTTP_H
#define ENG_SERVE_HTTP_H

#include "model/config.h"
#include "stream/service.h"

struct eng_http;

/* Zero takes the default. */
struct eng_http_options {
    const struct eng_config *config; /* address, port, names */
    struct eng_service *service;
    int64_t heartbeat_ms_max; /* a loop that has not turned for longer is not alive; 60 s */
    int64_t question_ms_max;  /* a worker may take so long to answer; 2 s */
    int64_t request_ms_max;   /* a request with its answer may take so long; 15 s */
    uint32_t connections_max; /* at once; 64 */
};

/* Listens and starts the thread. Borrows config and service until eng_http_stop. ENG_OK, what
 * eng_listen returns, or ENG_NO_MEMORY. */
enum eng_status eng_http_start(const struct eng_http_options *options, struct eng_http **ret_http,
                               struct eng_error *err);

/* The port it listens on. */
uint16_t eng_http_port(const struct eng_http *http);

/* Tells that the main loop has turned: from the first call on, /healthz looks at its age too. Any
 * thread. */
void eng_http_beat(struct eng_http *http);

/* Ends the thread, closes every connection, frees. NULL is fine. Before eng_service_free. */
void eng_http_stop(struct eng_http *http);

#endif
