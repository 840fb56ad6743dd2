/* The status page at /: one page to look at, made on the server, without scripts. Pure. */
#ifndef ENG_SERVE_PAGE_H
#define ENG_SERVE_PAGE_H

#include "model/config.h"
#include "serve/health.h"

struct eng_page_input {
    const struct eng_config *config;
    const struct eng_stats *stats;
    const struct eng_health *health;
    int64_t started_ms, wall_ms, now_ms; /* wall, wall, monotonic */
};

/* Appends the page. */
void eng_page_write(struct eng_text *out, const struct eng_page_input *input);

#endif
