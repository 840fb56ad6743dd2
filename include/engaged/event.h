/* One partner action event, decoded: what the engine takes in.
 *
 * All strings are borrowed slices (not zero-terminated) that must stay valid until the engine call
 * that got the event has reported it as done. Nothing is copied before an event is counted. */
#ifndef ENGAGED_EVENT_H
#define ENGAGED_EVENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed string. data NULL: there is none (an empty one has data and length 0). */
struct eng_slice {
    const char *data;
    uint32_t length;
};

/* No value. Real values lie within +-1e15 (1e11 in units of 1/10,000). */
#define ENG_VALUE_NONE INT64_MIN

/* What the caller already knows about an event before the engine sees it. */
enum eng_verdict {
    ENG_VERDICT_GOOD,   /* a well-formed event */
    ENG_VERDICT_BAD,    /* undecodable or a bad field: only counted as bad */
    ENG_VERDICT_FUTURE, /* too far ahead of the wall clock (S5): only counted as future */
};

struct eng_event {
    int64_t time_ms;          /* when it happened, milliseconds since 1970 UTC, >= 0 */
    int64_t value_e4;         /* llround(value * 10000), or ENG_VALUE_NONE */
    uint64_t offset;          /* place in the input: Kafka offset, or line number from 0 */
    struct eng_slice partner; /* the company; not empty, at most ENG_PARTNER_BYTES_MAX */
    struct eng_slice action;  /* dotted name, not empty */
    struct eng_slice id;      /* unique id for dedup (S6), or none */
    struct eng_slice member;  /* the person, or none */
    /* Attributes, by the index of their names in the batch (engine.h): data NULL, there is none.
     * NULL: it has none at all. */
    const struct eng_slice *attributes;
    uint8_t verdict; /* enum eng_verdict; unless GOOD, only offset is looked at */
    /* Numbers besides the value, each like it, by the index of their names in the batch. NULL: it
     * has none at all. */
    const int64_t *numbers;
};

/* What the attributes and the numbers of some events are called. */
struct eng_names {
    const char *const *attributes;
    uint32_t attribute_count;
    uint32_t number_count;
    const char *const *numbers;
};

/* What became of an event: the S15 classes. */
enum eng_outcome {
    ENG_OUTCOME_COUNTED,
    ENG_OUTCOME_DUPLICATE,
    ENG_OUTCOME_LATE,
    ENG_OUTCOME_FUTURE,
    ENG_OUTCOME_BAD,
    ENG_OUTCOME_FILTERED,
    ENG_OUTCOME_LEFT_OUT, /* by a check */
    ENG_OUTCOME_HELD,     /* by a check, until somebody decides */
    ENG_OUTCOME_COUNT
};

/* S15: read = counted + duplicate + late + future + bad + filtered + left_out + held, always. What
 * is released later on stays held here. */
struct eng_counters {
    uint64_t read;
    uint64_t outcome[ENG_OUTCOME_COUNT]; /* by enum eng_outcome */
    uint64_t score_changes;              /* effects told */
    uint64_t churn_drops;                /* effects told, opened and resolved */
    uint64_t cell_changes;               /* effects told */
    uint64_t reports;                    /* effects told */
    uint64_t award_bookings;             /* effects told */
    uint64_t award_unmatched;            /* decisions and reversals of what is not known */
    uint64_t abuse_flags;                /* effects told, those of decisions too */
    uint64_t held_out;                   /* of the churn drops, those of control groups */
    uint64_t digests;                    /* effects told */
    uint64_t left_out;                   /* openings that budgets have left out, in digests */
    uint64_t held_released;              /* events that were held and are counted */
    uint64_t held_discarded;             /* that were held and never will be */
    uint64_t held_unmatched;             /* decisions on what is not held */
};

/* Adds all of them. No thread but this one has either. */
void eng_counters_add(struct eng_counters *to, const struct eng_counters *more);

/* "counted", "duplicate", "late", "future", "bad", "filtered", "left_out",
 * "held". */
const char *eng_outcome_name(enum eng_outcome outcome);

#ifdef __cplusplus
}
#endif
#endif
