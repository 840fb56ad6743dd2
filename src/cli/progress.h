/* Progress of something long, as one line on stderr that is written over; silent unless stderr is a
 * terminal. One thread. */
#ifndef ENG_CLI_PROGRESS_H
#define ENG_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct eng_progress {
    bool shown;                   /* stderr is a terminal */
    bool drawn;                   /* a line stands there */
    int64_t started_ms, drawn_ms; /* monotonic */
};

void eng_progress_start(struct eng_progress *progress);

/* Draws at most five times a second. `done` of `total` (0: not known), in any unit; events so far.
 */
void eng_progress_update(struct eng_progress *progress, uint64_t done, uint64_t total,
                         uint64_t events);

/* Takes the line away. */
void eng_progress_end(struct eng_progress *progress);

#endif
