/* Names, texts and classes of the status codes, and the error buffer. */
#include <engaged/status.h>

#include "base/assert.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status_row {
    const char *name;
    const char *text;
    enum eng_status_class class;
};

static const struct status_row status_rows[ENG_STATUS_COUNT] = {
#define X(name, text, class) [ENG_##name] = {#name, text, ENG_CLASS_##class},
    ENG_STATUS_MAP(X)
#undef X
};

const char *eng_status_name(enum eng_status status)
{
    return (unsigned)status < ENG_STATUS_COUNT ? status_rows[status].name : "UNKNOWN";
}

const char *eng_status_text(enum eng_status status)
{
    return (unsigned)status < ENG_STATUS_COUNT ? status_rows[status].text : "unknown status";
}

enum eng_status_class eng_status_class(enum eng_status status)
{
    return (unsigned)status < ENG_STATUS_COUNT ? status_rows[status].class : ENG_CLASS_FATAL;
}

enum eng_status eng_error_set(struct eng_error *err, enum eng_status status, const char *format,
                              ...)
{
    eng_assert(status > ENG_STOPPED && status < ENG_STATUS_COUNT);
    eng_assert(format != NULL);
    if (err == NULL || err->status != ENG_OK)
        return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    (void)vsnprintf(err->text, sizeof err->text, format, args); /* cut when too long, by contract */
    va_end(args);
    for (char *p = err->text; *p != '\0'; p++)
        if (iscntrl((unsigned char)*p))
            *p = ' ';
    return status;
}

void eng_error_clear(struct eng_error *err)
{
    eng_assert(err != NULL);
    err->status = ENG_OK;
    err->text[0] = '\0';
}
