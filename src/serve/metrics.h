/* /metrics: one table of what is measured, from which the page and docs/metrics.md are made.
 *
 * Prometheus text format 0.0.4. Counters end in _total, times are seconds, sizes bytes. What is not
 * known (a lag before the first look at the broker) is left out rather than told as 0. Pure. */
#ifndef ENG_SERVE_METRICS_H
#define ENG_SERVE_METRICS_H

#include "model/config.h"
#include "serve/process.h"
#include "serve/text.h"
#include "stream/service.h"

/* Answers of the HTTP server, by status code. */
enum { ENG_HTTP_CODES = 11 };
extern const uint16_t eng_http_codes[ENG_HTTP_CODES];

/* Everything a page is made of. Borrowed. */
struct eng_metrics_input {
    const struct eng_config *config;
    const struct eng_stats *stats;
    struct eng_process process;
    int64_t started_ms; /* wall clock, when the process began */
    bool ready;         /* as /readyz says */
    uint64_t http_answers[ENG_HTTP_CODES];
};

/* Appends the page. */
void eng_metrics_write(struct eng_text *out, const struct eng_metrics_input *input);

/* Appends docs/metrics.md, whole. */
void eng_metrics_markdown(struct eng_text *out);

#endif
