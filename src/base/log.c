/* The log: whole lines by one write each, so threads do not mix. See log.h. */
#include "base/log.h"

#include "base/assert.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int level_max = ENG_LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void eng_log_level_set(enum eng_log_level level)
{
    eng_assert(level <= ENG_LOG_DEBUG);
    atomic_store(&level_max, (int)level);
}

int eng_log_level_parse(const char *name)
{
    eng_assert(name != NULL);
    for (int i = 0; i <= ENG_LOG_DEBUG; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

/* "2026-01-31T08:00:00.123Z level room " */
static int write_prefix(char *line, size_t size, enum eng_log_level level, const char *room)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    return (int)used + snprintf(line + used, size - used, ".%03ldZ %s %s: ", now.tv_nsec / 1000000,
                                level_names[level], room);
}

void eng_log(enum eng_log_level level, const char *room, const char *format, ...)
{
    eng_assert(level <= ENG_LOG_DEBUG);
    eng_assert(room != NULL);
    if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
        return;
    char line[2048];
    int used = write_prefix(line, sizeof line - 1, level, room);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + used, sizeof line - 1 - (size_t)used, format, args);
    va_end(args);
    used += more < 0 ? 0 : more;
    if (used > (int)sizeof line - 2)
        used = (int)sizeof line - 2;
    for (int i = 0; i < used; i++)
        if (iscntrl((unsigned char)line[i]))
            line[i] = ' ';
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)used) < 0)
        return; /* there is nowhere to complain */
}
