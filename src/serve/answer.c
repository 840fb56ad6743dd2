/* Answers and targets of the HTTP server. See answer.h. */
#include "serve/answer.h"

#include "base/assert.h"
#include "base/limits.h"
#include "codec/fields.h"
#include "model/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char partners_path[] = "/partners/";

void eng_answer_error(struct eng_answer *answer, uint16_t code, const char *format, ...)
{
    eng_assert(answer != NULL && code >= 400);
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args); /* a text that does not fit is cut */
    va_end(args);
    answer->code = code;
    answer->type = ENG_TYPE_JSON;
    eng_text_clear(&answer->body);
    eng_text_add(&answer->body, "{\"error\":");
    eng_text_add_json(&answer->body, line, strlen(line));
    eng_text_add(&answer->body, "}\n");
}

enum eng_target eng_target_of(const char *path)
{
    static const struct {
        const char *path;
        enum eng_target target;
    } targets[] = {
        {"/", ENG_TARGET_PAGE},
        {"/healthz", ENG_TARGET_ALIVE},
        {"/readyz", ENG_TARGET_READY},
        {"/metrics", ENG_TARGET_METRICS},
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        if (strcmp(path, targets[i].path) == 0)
            return targets[i].target;
    bool partner = strncmp(path, partners_path, sizeof partners_path - 1) == 0;
    return partner ? ENG_TARGET_PARTNER : ENG_TARGET_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *at, which moves behind it; -1 for what may not stand there. */
static int decode_byte(const char **at)
{
    char c = *(*at)++;
    if (c == '/')
        return -1;
    if (c != '%')
        return (unsigned char)c;
    int high = hex_digit((*at)[0]);
    int low = high < 0 ? -1 : hex_digit((*at)[1]);
    if (low < 0)
        return -1;
    *at += 2;
    return high << 4 | low;
}

bool eng_partner_of(const char *path, char *id, size_t *ret_length, struct eng_answer *answer)
{
    eng_assert(eng_target_of(path) == ENG_TARGET_PARTNER);
    size_t length = 0;
    const char *at = path + sizeof partners_path - 1;
    while (*at != '\0') {
        int byte = decode_byte(&at);
        if (byte < 0) {
            eng_answer_error(answer, 400,
                             "the id is not percent-encoded: write / as %%2F and %% as %%25");
            return false;
        }
        if (length == ENG_PARTNER_BYTES_MAX) {
            eng_answer_error(answer, 414, "a partner id has at most %d bytes",
                             ENG_PARTNER_BYTES_MAX);
            return false;
        }
        id[length++] = (char)byte;
    }
    if (length == 0 || !eng_utf8_valid(id, length)) {
        eng_answer_error(answer, 400,
                         length == 0 ? "the id is missing: GET /partners/{id}"
                                     : "the id is not UTF-8");
        return false;
    }
    *ret_length = length;
    return true;
}

bool eng_forecast_of(const char *given, int64_t *ret_ms, struct eng_answer *answer)
{
    int64_t ms = 0;
    const int64_t most = (int64_t)ENG_FORECAST_DAYS_MAX * 86400000;
    eng_assert(answer != NULL);
    if (given != NULL && eng_text_duration(given, strlen(given), &ms) == ENG_TEXT_OK && ms > 0 &&
        ms <= most) {
        *ret_ms = ms;
        return true;
    }
    eng_answer_error(answer, 400,
                     "forecast takes a duration above 0 and up to %dd: write ?forecast=30d",
                     ENG_FORECAST_DAYS_MAX);
    return false;
}

/* Takes as long for any two texts of these lengths. */
static bool same_secret(const char *token, const char *given)
{
    size_t length = strlen(token), given_length = strlen(given);
    volatile unsigned char different = length != given_length;
    for (size_t i = 0; i < given_length; i++)
        different |= (unsigned char)(given[i] ^ token[i < length ? i : 0]);
    return !different;
}

bool eng_may_erase(const char *token, const char *given, struct eng_answer *answer)
{
    static const char scheme[] = "Bearer ";
    enum { SCHEME_BYTES = sizeof scheme - 1 };
    eng_assert(answer != NULL);
    if (token == NULL) {
        eng_answer_error(answer, 403,
                         "erasing is turned off: set http.erase_token in the configuration");
        return false;
    }
    bool bearer = given != NULL && strncasecmp(given, scheme, SCHEME_BYTES) == 0;
    if (bearer && same_secret(token, given + SCHEME_BYTES))
        return true;
    eng_answer_error(answer, 401, "%s",
                     given == NULL ? "the token is missing: send Authorization: Bearer TOKEN"
                                   : "this is not the token of http.erase_token");
    return false;
}
