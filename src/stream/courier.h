/* A thread that does one errand at a time for a worker: sending a transaction, or asking the broker
 * something that may take long. Or no thread at all: inline, an errand is done when it is
 * submitted, which is how tests with a clock of their own run it. Or a host decides when it is
 * done, and what else goes on while somebody waits for it: so the simulation runs it.
 *
 * The worker submits, goes on, and looks later whether it is done; all that an errand touches
 * belongs to the courier in between. Submitting and finding it done order memory between the
 * threads. */
#ifndef ENG_STREAM_COURIER_H
#define ENG_STREAM_COURIER_H

#include <engaged/status.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct eng_courier;

/* Somebody else who runs errands; the functions are his. */
struct eng_courier_host {
    /* There is an errand: eng_courier_run has to be called once, now or later. */
    void (*submitted)(struct eng_courier_host *host, struct eng_courier *courier);
    /* Lets the errand go on; returns when it is done or timeout_ms have passed (-1: no limit). */
    void (*wait)(struct eng_courier_host *host, struct eng_courier *courier, int64_t timeout_ms);
};

/* Who runs the errands: threads, a host, or (neither) whoever submits them. */
struct eng_courier_way {
    bool threaded;
    struct eng_courier_host *host; /* borrowed; NULL: none */
};

struct eng_courier {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*run)(void *context); /* errand; NULL: none */
    void *context;
    _Atomic bool busy;
    struct eng_courier_way way;
    bool ending;
};

/* ENG_OK or ENG_NO_MEMORY (no thread could be made; nothing to stop then). */
enum eng_status eng_courier_start(struct eng_courier *courier, struct eng_courier_way way,
                                  struct eng_error *err);

/* Gives it an errand; it must not be busy. */
void eng_courier_submit(struct eng_courier *courier, void (*run)(void *context), void *context);

/* For a host: does the errand that was submitted. */
void eng_courier_run(struct eng_courier *courier);

/* True until the errand is done. Never waits. */
bool eng_courier_busy(struct eng_courier *courier);

/* Waits until it is not busy, at most timeout_ms; true then. */
bool eng_courier_wait(struct eng_courier *courier, int64_t timeout_ms);

/* Waits for the errand, without limit, and ends the thread. */
void eng_courier_stop(struct eng_courier *courier);

#endif
