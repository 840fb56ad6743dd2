/* Exit codes by cause. See exits.h. */
#include "cli/exits.h"

#include "base/assert.h"

static const char *const exit_texts[] = {
#define X(name, code, text) [code] = text,
    ENG_EXIT_MAP(X)
#undef X
};

/* What a status means for whoever started the process. */
static const enum eng_exit exit_codes[ENG_STATUS_COUNT] = {
    [ENG_OK] = ENG_EXIT_OK,
    [ENG_AGAIN] = ENG_EXIT_FAILURE,
    [ENG_STOPPED] = ENG_EXIT_OK,
    [ENG_TIMED_OUT] = ENG_EXIT_UNAVAILABLE,
    [ENG_UNAVAILABLE] = ENG_EXIT_UNAVAILABLE,
    [ENG_TXN_ABORT] = ENG_EXIT_FAILURE,
    [ENG_LOST] = ENG_EXIT_LOST,
    [ENG_BAD_CONFIG] = ENG_EXIT_USAGE,
    [ENG_BAD_SCHEMA] = ENG_EXIT_USAGE,
    [ENG_BAD_RECORD] = ENG_EXIT_INPUT,
    [ENG_BAD_USAGE] = ENG_EXIT_USAGE,
    [ENG_NOT_FOUND] = ENG_EXIT_INPUT,
    [ENG_LIMIT] = ENG_EXIT_LIMIT,
    [ENG_DENIED] = ENG_EXIT_DENIED,
    [ENG_TOPIC] = ENG_EXIT_TOPIC,
    [ENG_CORRUPT] = ENG_EXIT_LOST,
    [ENG_NO_MEMORY] = ENG_EXIT_LIMIT,
    [ENG_IO] = ENG_EXIT_INPUT,
    [ENG_FATAL] = ENG_EXIT_FAILURE,
};

const char *eng_exit_text(int code)
{
    return code >= 0 && code < ENG_EXIT_COUNT ? exit_texts[code] : NULL;
}

enum eng_exit eng_exit_of(enum eng_status status)
{
    eng_assert(status < ENG_STATUS_COUNT);
    return exit_codes[status];
}
