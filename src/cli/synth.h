/* Made-up partners with a known fate, and what they do: the generator behind `generate` and `demo`.
 *
 * A pure function of its options: the same options give the same events on every machine. Each
 * partner has a rhythm of its own (gaps, working days, opening hours, month ends), members, amounts
 * and attributes, and a kind that says what becomes of it; the kind is the label that findings can
 * be held against. A partner's life depends on the seed and its number alone, not on how many
 * others there are.
 *
 * Events come in order of time over all partners. Faults (duplicates, late, future and malformed
 * records) are added on top: the good events are the same with and without them. Nothing is
 * allocated per event. One thread. */
#ifndef ENG_CLI_SYNTH_H
#define ENG_CLI_SYNTH_H

#include "cli/synth_partner.h"
#include <engaged/event.h>
#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with a record. name, text. */
#define ENG_SYNTH_FAULT_MAP(X)                                                                     \
    X(NONE, "good")                                                                                \
    X(DUPLICATE, "duplicate") /* a second copy of an event, a little later */                      \
    X(LATE, "late")           /* its time lies ENG_SYNTH_LATE_DAYS before */                       \
    X(FUTURE, "future")       /* its time lies a hundred years ahead */                            \
    X(MALFORMED, "malformed") /* cannot be decoded, or a field cannot be used */

enum eng_synth_fault {
#define X(name, text) ENG_SYNTH_##name,
    ENG_SYNTH_FAULT_MAP(X)
#undef X
        ENG_SYNTH_FAULT_COUNT
};

enum {
    ENG_SYNTH_PARTNERS_MAX = 50000000,
    ENG_SYNTH_DAYS_MAX = 3660,
    ENG_SYNTH_SPREAD_MS_MAX = 7 * 86400000, /* 7 days */
    ENG_SYNTH_LATE_DAYS = 400,              /* later than any `late_after` of a sane program */
    ENG_SYNTH_FUTURE_DAYS = 36525,
};

/* The earliest start: late events still lie after 1970. */
#define ENG_SYNTH_START_MS_MIN (INT64_C(86400000) * 730)

struct eng_synth_options {
    uint64_t seed;
    uint32_t partners;                      /* 1..ENG_SYNTH_PARTNERS_MAX */
    uint32_t days;                          /* 1..ENG_SYNTH_DAYS_MAX */
    int64_t start_ms;                       /* the first day begins here */
    uint64_t events;                        /* exactly so many good ones; 0: as they come */
    uint32_t mix[ENG_SYNTH_KIND_COUNT];     /* shares of the kinds, any scale, not all 0 */
    int64_t spread_ms;                      /* records arrive up to this much after their turn */
    uint32_t faults[ENG_SYNTH_FAULT_COUNT]; /* extra records per 1,000,000 good ones, 0..1e6 */
};

struct eng_synth_event {
    int64_t time_ms;
    int64_t value_e2; /* in 1/100; ENG_VALUE_NONE: none */
    uint64_t id;      /* 48 bits, unique; a duplicate has that of its first copy */
    uint32_t partner; /* number from 0 */
    uint8_t action;   /* enum eng_synth_action */
    uint8_t member;   /* number from 0 within the partner */
    uint8_t fault;    /* enum eng_synth_fault */
};

struct eng_synth;

/* Makes a generator. ENG_OK, ENG_LIMIT (so many events do not fit; says what to change),
 * ENG_BAD_USAGE (an option out of its range) or ENG_NO_MEMORY. Copies the options. With `events`
 * it takes a pass over all partners, a second for each 10 M events. */
enum eng_status eng_synth_new(const struct eng_synth_options *options, struct eng_synth **ret_synth,
                              struct eng_error *err);

/* NULL is fine. */
void eng_synth_free(struct eng_synth *synth);

/* The next event. ENG_OK; ENG_STOPPED after the last one; ENG_NO_MEMORY. */
enum eng_status eng_synth_next(struct eng_synth *synth, struct eng_synth_event *ret_event);

/* A partner as it was made: kind, the day it changes, region, tier. Borrowed. */
const struct eng_synth_partner *eng_synth_partner(const struct eng_synth *synth, uint32_t number);

/* The first instant after the last event's day. */
int64_t eng_synth_end_ms(const struct eng_synth *synth);

/* Records told so far, by enum eng_synth_fault. ENG_SYNTH_FAULT_COUNT numbers, borrowed. */
const uint64_t *eng_synth_counts(const struct eng_synth *synth);

/* "good", "duplicate", ... */
const char *eng_synth_fault_name(enum eng_synth_fault fault);

#endif
