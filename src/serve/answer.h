/* An answer of the HTTP server before it is sent. */
#ifndef ENG_SERVE_ANSWER_H
#define ENG_SERVE_ANSWER_H

#include "serve/text.h"
#include <stdbool.h>
#include <stdint.h>

#define ENG_TYPE_JSON "application/json"
#define ENG_TYPE_HTML "text/html; charset=utf-8"
#define ENG_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct eng_answer {
    uint16_t code;
    const char *type;     /* Content-Type */
    const char *allow;    /* methods; NULL: no such header */
    int retry_after_s;    /* 0: no such header */
    struct eng_text body; /* owned */
};

/* Makes it an error with a JSON body {"error":"..."}; what was in the body goes. */
void eng_answer_error(struct eng_answer *answer, uint16_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is asked for, from the raw path (percent-encoded, without arguments). */
enum eng_target {
    ENG_TARGET_PAGE,
    ENG_TARGET_ALIVE,
    ENG_TARGET_READY,
    ENG_TARGET_METRICS,
    ENG_TARGET_PARTNER,
    ENG_TARGET_NONE,
};

enum eng_target eng_target_of(const char *path);

/* Decodes the id in /partners/{id} into `id` (ENG_PARTNER_BYTES_MAX bytes), *ret_length bytes, at
 * least 1. False after making `answer` the fitting error: 400 or 414. */
bool eng_partner_of(const char *path, char *id, size_t *ret_length, struct eng_answer *answer);

/* How far ahead `?forecast=` asks to look: `given` is what stands behind the sign, not
 * percent-decoded; NULL: nothing does. False after making `answer` the fitting error: 400. */
bool eng_forecast_of(const char *given, int64_t *ret_ms, struct eng_answer *answer);

/* May who has sent this `Authorization` header (NULL: none) erase partners? `token` is the
 * configured one (NULL: nobody may). False after making `answer` the fitting error: 403 or 401. The
 * time that it takes says nothing of how much of a token is right. */
bool eng_may_erase(const char *token, const char *given, struct eng_answer *answer);

#endif
