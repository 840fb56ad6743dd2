/* The main loop of `run`: signals, timers, the HTTP server, and the service until it has stopped.
 */
#ifndef ENG_SERVE_DAEMON_H
#define ENG_SERVE_DAEMON_H

#include "model/config.h"
#include "stream/service.h"

struct eng_daemon_options {
    const struct eng_config *config;
    struct eng_config_source
        reader; /* reads it again: on SIGHUP, and when a partition asks for it */
};

/* Runs the service until SIGTERM or SIGINT, or until it ends by itself. A signal asks for a
 * graceful stop; a second one, or run.stop_deadline passing by, ends at once: *ret_abrupt is then
 * true, the workers' threads are still at work and their memory was not freed, so config has to
 * stay and the process has to end without tearing down anything. ENG_OK (stopped on request), or
 * the status that ended the service, or why it could not start. The main thread, once. */
enum eng_status eng_daemon_run(const struct eng_daemon_options *options, bool *ret_abrupt,
                               struct eng_error *err);

#endif
