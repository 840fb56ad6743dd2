/* What the operating system says of this process. */
#ifndef ENG_SERVE_PROCESS_H
#define ENG_SERVE_PROCESS_H

#include <stdint.h>

/* Unknown values are -1. */
struct eng_process {
    int64_t resident_bytes;
    int64_t virtual_bytes;
    int64_t cpu_us; /* user and system time */
    int64_t open_fds;
    int64_t max_fds;
    int64_t threads;
};

/* Reads all of it. Any thread; tens of microseconds. */
void eng_process_read(struct eng_process *ret_process);

#endif
