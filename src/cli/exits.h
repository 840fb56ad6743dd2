/* Exit codes by cause, in one table: `engaged help exit-codes`, docs/cli.md and the code read it.
 */
#ifndef ENG_CLI_EXITS_H
#define ENG_CLI_EXITS_H

#include <engaged/status.h>

/* name, code, meaning */
#define ENG_EXIT_MAP(X)                                                                            \
    X(OK, 0, "done, or stopped on request after the last transaction was finished")                \
    X(FAILURE, 1, "a failure without a code of its own; the last line on stderr says which")       \
    X(USAGE, 2, "wrong use of the command, or a configuration or schema that is not valid")        \
    X(INPUT, 3, "an input file is missing, unreadable or broken")                                  \
    X(TOPIC, 4, "a topic is missing or does not fit (partitions, cleanup policy)")                 \
    X(DENIED, 5, "no permission: credentials or access rights")                                    \
    X(LOST, 6, "another process has taken over this one's identity, or stored state is broken")    \
    X(LIMIT, 7, "out of memory, or the limit `run.memory` was reached")                            \
    X(OUTPUT, 8, "the output cannot be written: closed pipe, full disk")                           \
    X(UNAVAILABLE, 9, "what is needed did not answer in time: broker unreachable, port in use")    \
    X(ABRUPT, 10,                                                                                  \
      "stopped at once by a second signal; the open transaction is left to the broker")            \
    X(CHANGE, 11, "check --against: the model cannot follow on the other file's")

enum eng_exit {
#define X(name, code, text) ENG_EXIT_##name = code,
    ENG_EXIT_MAP(X)
#undef X
        ENG_EXIT_COUNT
};

/* The meaning of a code; NULL when there is no such code. */
const char *eng_exit_text(int code);

/* The exit code for the status that ended a command. */
enum eng_exit eng_exit_of(enum eng_status status);

#endif
