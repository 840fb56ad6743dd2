/* Status codes and the caller's error buffer, used by every room.
 *
 * A function that can fail returns `enum eng_status` and takes, as its last parameter, a
 * `struct eng_error *` that the caller owns (NULL is fine when the text is of no interest). The
 * first failure wins: a buffer that already holds an error is left alone, so an outer function can
 * add nothing but also spoil nothing. The text names the thing, its value and the way out, has no
 * newline, and fits the buffer. Any thread; a buffer belongs to one thread at a time. */
#ifndef ENGAGED_STATUS_H
#define ENGAGED_STATUS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, text, class. The class says what the caller can do about it. */
#define ENG_STATUS_MAP(X)                                                                          \
    X(OK, "ok", NONE)                                                                              \
    X(AGAIN, "more work remains, call again", NONE)                                                \
    X(STOPPED, "stopped on request", NONE)                                                         \
    X(TIMED_OUT, "timed out", RETRY)                                                               \
    X(UNAVAILABLE, "not available now", RETRY)                                                     \
    X(TXN_ABORT, "the transaction has to be aborted", ABORT)                                       \
    X(LOST, "the partition belongs to somebody else now", ABORT)                                   \
    X(BAD_CONFIG, "the configuration is not valid", BAD_INPUT)                                     \
    X(BAD_SCHEMA, "the schema cannot be used", BAD_INPUT)                                          \
    X(BAD_RECORD, "the record cannot be decoded", BAD_INPUT)                                       \
    X(BAD_USAGE, "wrong use of the command", BAD_INPUT)                                            \
    X(NOT_FOUND, "not found", BAD_INPUT)                                                           \
    X(LIMIT, "a fixed limit was reached", BAD_INPUT)                                               \
    X(DENIED, "no permission", FATAL)                                                              \
    X(TOPIC, "the topic is missing or does not fit", FATAL)                                        \
    X(CORRUPT, "stored data is broken", FATAL)                                                     \
    X(NO_MEMORY, "out of memory", FATAL)                                                           \
    X(IO, "input or output failed", FATAL)                                                         \
    X(FATAL, "cannot go on", FATAL)

enum eng_status {
#define X(name, text, class) ENG_##name,
    ENG_STATUS_MAP(X)
#undef X
        ENG_STATUS_COUNT
};

/* What can be done about a status. */
enum eng_status_class {
    ENG_CLASS_NONE,      /* not a failure */
    ENG_CLASS_RETRY,     /* the same call may work later */
    ENG_CLASS_ABORT,     /* abort the transaction, rewind, go on */
    ENG_CLASS_BAD_INPUT, /* the input is at fault: refuse it, go on with the next */
    ENG_CLASS_FATAL,     /* stop the process (or the worker) */
};

enum { ENG_ERROR_BYTES = 768 };

/* A caller's error buffer. Zero-initialised means "no error yet". */
struct eng_error {
    enum eng_status status;
    char text[ENG_ERROR_BYTES];
};

/* The name of a status, e.g. "BAD_CONFIG"; "UNKNOWN" when out of range. */
const char *eng_status_name(enum eng_status status);

/* One sentence for a status. */
const char *eng_status_text(enum eng_status status);

/* The class of a status. */
enum eng_status_class eng_status_class(enum eng_status status);

/* Writes the text unless err is NULL or holds an error already; returns `status` so that a caller
 * can `return eng_error_set(...)`. A text that does not fit is cut. */
enum eng_status eng_error_set(struct eng_error *err, enum eng_status status, const char *format,
                              ...) __attribute__((format(printf, 3, 4)));

/* Forgets the error. */
void eng_error_clear(struct eng_error *err);

#ifdef __cplusplus
}
#endif
#endif
