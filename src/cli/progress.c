/* Progress on a terminal. See progress.h. */
#include "cli/progress.h"

#include "serve/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { REDRAW_MS = 200 };

void eng_progress_start(struct eng_progress *progress)
{
    int64_t now = eng_monotonic_ms();
    *progress = (struct eng_progress){
        .shown = isatty(STDERR_FILENO) == 1, .started_ms = now, .drawn_ms = now};
}

void eng_progress_update(struct eng_progress *progress, uint64_t done, uint64_t total,
                         uint64_t events)
{
    if (!progress->shown)
        return;
    int64_t now = eng_monotonic_ms();
    if (now - progress->drawn_ms < REDRAW_MS)
        return;
    progress->drawn_ms = now;
    progress->drawn = true;
    uint64_t elapsed = (uint64_t)(now - progress->started_ms);
    fprintf(stderr, "\r\033[K%" PRIu64 " events, %" PRIu64 " a second", events,
            events * 1000 / elapsed);
    if (total > 0 && done > 0 && done <= total)
        fprintf(stderr, ", %" PRIu64 " %%, %" PRIu64 " s left", done * 100 / total,
                elapsed * (total - done) / done / 1000);
}

void eng_progress_end(struct eng_progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
