/* The kinds of values that only the generator's command lines know. See generate.h. */
#include "cli/generate.h"

#include "cli/values.h"
#include <stdio.h>
#include <string.h>

/* The share of one "kind=share" between text and end. */
static enum eng_status read_share(const char *text, const char *end, uint32_t *mix,
                                  struct eng_error *err)
{
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++) {
        const char *name = eng_synth_kind_name((enum eng_synth_kind)kind);
        size_t length = strlen(name);
        if ((size_t)(end - text) < length + 2 || memcmp(text, name, length) != 0 ||
            text[length] != '=')
            continue;
        uint32_t share = 0;
        const char *at = text + length + 1;
        for (; at < end && *at >= '0' && *at <= '9' && share < 100000; at++)
            share = share * 10 + (uint32_t)(*at - '0');
        if (at < end)
            break;
        mix[kind] = share;
        return ENG_OK;
    }
    return eng_error_set(err, ENG_BAD_USAGE,
                         "--mix '%.*s': give kind=share, with a kind of steady, growing, fading, "
                         "churned, seasonal, bursts and a whole number",
                         (int)(end - text < 60 ? end - text : 60), text);
}

enum eng_status eng_generate_mix(const char *text, uint32_t mix[ENG_SYNTH_KIND_COUNT],
                                 struct eng_error *err)
{
    uint32_t read[ENG_SYNTH_KIND_COUNT] = {0};
    uint64_t total = 0;
    for (const char *at = text; at != NULL;) {
        const char *comma = strchr(at, ',');
        enum eng_status status = read_share(at, comma ? comma : at + strlen(at), read, err);
        if (status != ENG_OK)
            return status;
        at = comma ? comma + 1 : NULL;
    }
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++)
        total += read[kind];
    if (total == 0)
        return eng_error_set(err, ENG_BAD_USAGE,
                             "--mix '%.60s': at least one share must be above 0", text);
    memcpy(mix, read, sizeof read);
    return ENG_OK;
}

enum eng_status eng_generate_percent(const char *name, const char *text, uint32_t *ret_ppm,
                                     struct eng_error *err)
{
    uint64_t ppm = 0;
    int decimals = -1; /* digits behind the point; -1: no point yet */
    const char *at = text;
    for (; *at != '\0' && decimals < 4 && ppm < 1000000000; at++) {
        if (*at == '.' && decimals < 0 && at > text)
            decimals = 0;
        else if (*at >= '0' && *at <= '9')
            ppm = ppm * 10 + (uint64_t)(*at - '0'), decimals += decimals >= 0;
        else
            break;
    }
    bool whole = *at == '\0' && at > text && decimals != 0;
    for (int digit = decimals < 0 ? 0 : decimals; digit < 4; digit++)
        ppm *= 10;
    if (!whole || ppm > 1000000)
        return eng_error_set(err, ENG_BAD_USAGE,
                             "--%s '%.40s': give a percentage from 0 to 100 with up to four "
                             "decimals, such as 0.5",
                             name, text);
    *ret_ppm = (uint32_t)ppm;
    return ENG_OK;
}

enum eng_status eng_generate_time(const char *name, const char *text, int64_t now_ms,
                                  int64_t *ret_ms, struct eng_error *err)
{
    char midnight[32];
    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
        return ENG_OK;
    }
    bool date = strlen(text) == 10 && text[4] == '-';
    (void)snprintf(midnight, sizeof midnight, "%.10sT00:00:00Z", text); /* fits */
    if (eng_read_time(date ? midnight : text, ret_ms))
        return ENG_OK;
    return eng_error_set(err, ENG_BAD_USAGE,
                         "--%s '%.60s': give now, a date such as 2026-01-31, a time such as "
                         "2026-01-31T08:00:00Z or epoch milliseconds",
                         name, text);
}
