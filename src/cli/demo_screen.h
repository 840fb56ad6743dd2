/* The demo on a terminal: a table redrawn in place; elsewhere a line a second and the newest churn
 * drops. One thread. */
#ifndef ENG_CLI_DEMO_SCREEN_H
#define ENG_CLI_DEMO_SCREEN_H

#include "cli/demo_findings.h"
#include "stream/service.h"
#include <stdbool.h>

/* All that is shown. Borrowed for the call. */
struct eng_demo_view {
    const struct eng_findings *findings;
    const struct eng_stats *stats;
    int64_t start_ms, now_ms, end_ms; /* simulated */
    int64_t elapsed_ms;               /* real, since the first event */
    uint64_t sent;                    /* events */
    const char *http;                 /* "http://127.0.0.1:8080", or NULL */
    const char *state;                /* a word or two: "joining", "history is over" */
};

struct eng_screen {
    bool terminal, unicode, drawn;
    unsigned lines_drawn; /* the table's height as it stands there */
    int64_t shown_ms;     /* elapsed_ms of the last drawing */
    uint64_t shown_read;  /* events read by then */
    double rate;          /* events a second, smoothed; -1: not known */
    uint64_t drops_shown; /* churn drops printed as lines */
};

/* Sums over all workers and partitions. */
struct eng_totals {
    struct eng_counters counters;
    uint64_t partners, memory_bytes, commits, commit_us, group_results;
    int64_t lag_records;
    uint32_t partitions;
};

struct eng_totals eng_totals_of(const struct eng_stats *stats);

/* Finds out what standard output is. Hides a terminal's cursor. */
void eng_screen_start(struct eng_screen *screen);

/* Draws when it is time to. False: standard output is gone. */
bool eng_screen_draw(struct eng_screen *screen, const struct eng_demo_view *view);

/* Draws the table a last time (view NULL: not) and shows the cursor again; the table stays. */
void eng_screen_end(struct eng_screen *screen, const struct eng_demo_view *view);

/* Prints what came of everything. ENG_OK, ENG_NO_MEMORY, ENG_IO. */
enum eng_status eng_screen_summary(const struct eng_demo_view *view, struct eng_error *err);

#endif
