/* A seeded stream of partner actions for benchmarks: cheap to make, the same for everybody.
 *
 * Two shapes. SKEWED: time runs evenly over the days, seven events of ten go to any partner, three
 * to few of them (partner numbers spread evenly in the logarithm), six actions of unequal weight:
 * half of all are logins. EVEN: every partner gets one event after the other in turn, in an order
 * that jumps about in memory. One stream belongs to one thread; making an event cannot fail. */
#ifndef BENCH_SYNTH_H
#define BENCH_SYNTH_H

#include <stdint.h>

enum bench_shape { BENCH_SKEWED, BENCH_EVEN };

enum { BENCH_ACTIONS = 6, BENCH_ID_BYTES = 16, BENCH_PARTNER_BYTES = 9 };

struct bench_stream {
    uint64_t events;   /* length of the stream */
    uint32_t partners; /* partners are numbered 1..partners */
    uint32_t days;     /* time covered, from 2026-01-01 UTC on */
    enum bench_shape shape;
    uint64_t next;  /* number of the next event; start with 0 */
    uint64_t state; /* of the random numbers; start with the seed */
};

struct bench_action {
    uint64_t number;  /* place in the stream */
    int64_t time_ms;  /* since 1970 UTC */
    double value;     /* amount of an invoice; 0 for everything else */
    uint32_t partner; /* 1..partners */
    uint32_t action;  /* index into bench_action_names */
    int has_value;
};

/* The actions that config/engagement.yaml counts, and their lengths. */
extern const char *const bench_action_names[BENCH_ACTIONS];
extern const uint32_t bench_action_bytes[BENCH_ACTIONS];

/* Makes the next event. */
void bench_stream_next(struct bench_stream *stream, struct bench_action *ret_action);

/* Writes a partner's id, "p" and eight digits, not zero-terminated. */
void bench_partner_id(uint32_t partner, char out[BENCH_PARTNER_BYTES]);

/* Writes an event's id, sixteen hexadecimal digits, not zero-terminated. */
void bench_event_id(uint64_t number, char out[BENCH_ID_BYTES]);

#endif
