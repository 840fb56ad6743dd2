/* A thread that plays a history of made-up partners into a topic, days in seconds.
 *
 * It keeps a simulated clock and sends every event as its time comes. While it is held, the clock
 * stands still, so a slow consumer is not buried. Started, held and freed by one control thread;
 * its numbers may be read at any time. */
#ifndef ENG_CLI_DEMO_SOURCE_H
#define ENG_CLI_DEMO_SOURCE_H

#include "cli/synth_cast.h"
#include "stream/sender.h"
#include <stdbool.h>

struct eng_demo_source;

struct eng_demo_source_options {
    struct eng_synth *synth;     /* borrowed; the thread's own until _free */
    struct eng_synth_cast *cast; /* borrowed, like synth; NULL: the generator's own actions */
    int64_t start_ms;            /* simulated time at the beginning */
    int64_t speed;               /* simulated milliseconds for one real one */
    struct eng_sender_options sender;
};

/* What the thread has done so far. */
struct eng_demo_progress {
    uint64_t sent;  /* records handed to the producer */
    int64_t now_ms; /* simulated time */
    bool ended;     /* all is sent and taken over, or it failed */
};

/* Connects and starts the thread. ENG_OK, ENG_NO_MEMORY, or as eng_sender_new. */
enum eng_status eng_demo_source_new(const struct eng_demo_source_options *options,
                                    struct eng_demo_source **ret_source, struct eng_error *err);

/* Halts the simulated clock, or lets it go on. */
void eng_demo_source_hold(struct eng_demo_source *source, bool hold);

/* Asks the thread to end soon; what it has sent is still delivered. */
void eng_demo_source_stop(struct eng_demo_source *source);

struct eng_demo_progress eng_demo_source_progress(const struct eng_demo_source *source);

/* Once it has ended: ENG_OK, or what made it fail. */
enum eng_status eng_demo_source_result(const struct eng_demo_source *source, struct eng_error *err);

/* Waits for the thread and frees. NULL is fine. */
void eng_demo_source_free(struct eng_demo_source *source);

#endif
