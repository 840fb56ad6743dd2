/* Effects: what the engine has to say, as fixed binary records in a buffer of the caller.
 *
 * An effect refers to scores, alerts, bands and dimensions by their index in the model; the codec
 * turns it into Avro or JSON with the names. Records follow one another, each `bytes` long (a
 * multiple of 8), so a reader walks them with eng_effects_next. The same inputs give the same
 * bytes: padding is zeroed. */
#ifndef ENGAGED_EFFECT_H
#define ENGAGED_EFFECT_H

#include <engaged/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum eng_effect_kind {
    ENG_EFFECT_SCORE_CHANGE,
    ENG_EFFECT_CHURN_DROP,
    ENG_EFFECT_CELL_CHANGE,
    ENG_EFFECT_REPORT,
    ENG_EFFECT_AWARD_BOOKING,
    ENG_EFFECT_GROUP, /* of no partner */
    ENG_EFFECT_BOARD, /* of no partner */
    ENG_EFFECT_SOURCE_SILENCE,
    ENG_EFFECT_ABUSE_FLAG,
    ENG_EFFECT_DIGEST,   /* of no partner */
    ENG_EFFECT_SIGHTING, /* for whoever merges */
    ENG_EFFECT_PASSED,   /* for whoever merges; of no partner */
    ENG_EFFECT_KINDS
};

/* Why an evaluation took place. */
enum eng_cause { ENG_CAUSE_EVENT, ENG_CAUSE_CORRECTION, ENG_CAUSE_EXPIRY, ENG_CAUSE_CONFIG };

/* What caused an effect, for its id (S13): tagged, so that the three cannot meet. */
enum eng_origin {
    ENG_ORIGIN_OFFSET,   /* origin = the input offset */
    ENG_ORIGIN_BOUNDARY, /* origin = the boundary's instant, ms */
    ENG_ORIGIN_MODEL,    /* origin = the model version */
};

enum eng_direction { ENG_UP, ENG_DOWN };
enum eng_alert_status { ENG_OPENED, ENG_RESOLVED };
/* What has become of a score since the partner's last card of a report that tells a trend. */
enum eng_trend { ENG_TREND_NONE, ENG_IMPROVING, ENG_STEADY, ENG_DECLINING };
enum eng_booking_status { ENG_BOOKED, ENG_PENDING, ENG_DROPPED, ENG_REVERSED };

/* What becomes of an event that a check has found. */
enum eng_then {
    ENG_THEN_FLAG,
    ENG_THEN_LEAVE_OUT,
    ENG_THEN_HELD,
    ENG_THEN_RELEASED, /* it was held, and is counted now */
    ENG_THEN_DISCARDED /* it was held, and is not */
};

/* Why it did, where that has to be said. */
enum eng_reason_of_flag {
    ENG_FLAG_PLAIN,
    ENG_FLAG_FULL,     /* left out: so much is held of the partner that there is no room */
    ENG_FLAG_DECIDED,  /* released, discarded: by an event */
    ENG_FLAG_TIME,     /* nobody has decided */
    ENG_FLAG_LATE,     /* discarded: it was too late to be counted */
    ENG_FLAG_UNKNOWN,  /* discarded: no part of the program refers to its action any more */
    ENG_FLAG_UNCHECKED /* discarded: the check does not hold anything any more */
};

/* A dimension's (or points key's) share of a score, 1/10,000 points. delta: against the last
 * told.*/
struct eng_contribution {
    int64_t value_e4;
    int64_t delta_e4;
};

/* An abuse flag has the check in `subject`, what becomes of the event in `status` (enum eng_then),
 * how many there were or the ratio in `value_e4` (ENG_VALUE_NONE: none), when it happened in
 * `occurred_at_ms`, why in `reason` (enum eng_reason_of_flag), the boundary at which nobody has to
 * decide any more in `due_at_ms` (held), and behind the partner id, in the place of facts, what
 * eng_effect_flagged reads. When the check is none of the model any more, `subject` is
 * ENG_CHECK_GONE, its kind is in `check_kind`, and its name stands there too. The origin is the
 * event itself, also when it is released or discarded.
 *
 * A sighting is a text of a check that looks for it anywhere, of an event that is counted: as an
 * abuse flag, with the boundary at which it is judged in `due_at_ms`. `passed` says, behind the
 * last boundary of an advance of the clock, that nothing more is told up to `at_ms`.
 *
 * A source silence is of nobody: its partner id is empty, `subject` is the guard, `status` says
 * whether it holds from here on (opened) or does not any more (resolved), `value_e4` is what was
 * counted in the pane that has ended, `previous_value_e4` what is usual then (-1: not known),
 * `last_action_at_ms` the boundary from which it held, and `baseline_e4` how many openings it held.
 *
 * Fields that a kind does not use are 0. The contributions, then the partner id (not
 * zero-terminated) and then what facts say follow the struct. Silence and deadline alerts, cell
 * changes and source silences have no
 * contributions. */
struct eng_effect {
    uint32_t bytes;   /* whole record, multiple of 8 */
    uint16_t subject; /* index of the score, the alert, the matrix, the report, the award, the group
                       * or the board */
    union {
        uint16_t score;  /* index of the score; cell change: of the rows; 0 for silence and
                          * deadline */
        uint16_t ledger; /* booking: index of the ledger */
    };
    uint8_t kind;        /* enum eng_effect_kind */
    uint8_t cause;       /* enum eng_cause */
    uint8_t origin_kind; /* enum eng_origin */
    uint8_t direction;   /* enum eng_direction, score change */
    uint8_t status;      /* enum eng_alert_status (churn drop), eng_booking_status (booking) */
    uint8_t band;        /* index of the band in force; cell change: the row; group, board: 0:
                          * everybody, else 1 + the index of the split */
    union {
        uint8_t segment;       /* group, board: of that split */
        uint8_t check_kind;    /* flag: of the check (enum eng_check_kind) */
        uint8_t previous_band; /* score change, cell change: the last told one */
        uint8_t will_drop_to;  /* churn drop that looks ahead, opened: the band that its score will
                                * fall into */
    };
    union {
        uint8_t provisional; /* score change; cell change: one of the two scores is */
        uint8_t reason;      /* flag: enum eng_reason_of_flag */
        uint8_t held_out;    /* churn drop: the partner is of the alert's control group */
    };
    union {
        uint16_t partner_bytes; /* length of the partner id */
        uint16_t entries_bytes; /* board: of its entries (eng_effect_entries) */
    };
    uint16_t contribution_count; /* as many as the score has dimensions, in file order */
    union {
        uint32_t risk_e3;    /* silence opened: q(H)/q(s) in 1/1000, rounded down */
        uint32_t partitions; /* group, board: that it is of; the engine tells of its own, 1 */
        uint32_t trend;      /* score change, churn drop on a score: enum eng_trend of the score */
    };
    uint64_t origin; /* see enum eng_origin */
    int64_t at_ms;   /* event time of the evaluation: the clock, or the boundary */
    union {
        int64_t value_e4;  /* the score now, 1/10,000 points */
        int64_t amount_e4; /* booking: what is booked; reversed: less than 0; else what would be */
        int64_t partners;  /* group, board: in the segment */
    };
    union {
        int64_t previous_value_e4; /* score change: the last told value */
        int64_t balance_e4;        /* booking: what the ledger has then that has not expired */
    };
    union {
        int64_t baseline_e4;     /* drop: the baseline; resolved: the opening's */
        int64_t column_value_e4; /* cell change: the score of the columns now */
        int64_t cut_e4;          /* booking: what the cap has left out */
    };
    union {
        int64_t last_action_at_ms; /* silence: last_at; resolved: the new one */
        int64_t anchor_at_ms;      /* deadline: start of the pane that it counts from */
        int64_t occurred_at_ms;    /* booking: of the event that is paid; flag: of the event */
    };
    union {
        int64_t silent_for_ms; /* silence opened: at - last_action_at */
        int64_t due_at_ms;     /* deadline: when the time is over; sighting: when it is judged */
    };
    union {
        int64_t usual_gap_ms; /* silence opened: usual gap, 0 while n is 1 */
        struct {
            uint8_t column, previous_column; /* cell change: bands of the score of the columns */
        };
    };
    int64_t
        will_drop_at_ms;  /* the boundary of that fall, if nothing happens; 0: none so far ahead */
    uint16_t fact;        /* that has changed, and that a weight or target of the score or the
                           * alert's partners hang on: its index plus 1; 0: there is none */
    uint16_t facts_bytes; /* of what the facts say that are told (eng_effect_fact) */
    /* Score change into a lower band, churn drop opened: what would raise the score most for the
     * least effort. */
    uint16_t nudge_count;    /* so many more actions; 0: nothing is suggested */
    uint8_t nudge_dimension; /* of this dimension; it names the action */
    uint8_t nudge_to;        /* the higher band that the score is enough for then, counted from 1;
                              * 0: it stays where it is */
    int64_t nudge_gain_e4;   /* what the score has more then */
};

/* A report card has for each of its scores, in the contributions: {value, value at the last
 * report}, then {flags, 0} and for each dimension {share, change since the last report} and
 * {measure, 1 when there is none}; of a score that suggests something also {gain, count} and
 * {dimension, band} of a nudge, as above. The flags: */
enum {
    ENG_REPORT_BAND = 0xFF,            /* the band in force */
    ENG_REPORT_PREVIOUS_BAND = 0xFF00, /* that at the last report */
    ENG_REPORT_PROVISIONAL = 1 << 16,  /* the score is */
    ENG_REPORT_FOLLOWS = 1 << 17,      /* there was a last report to compare with */
};

/* A group has for each of its figures, in the contributions, two sums over the partners of the
 * segment, each as {low 64 bits, high 64 bits}: what is counted, and what it is a share of. The
 * sums of several partitions are added; what comes of them is worked out at the end, by
 * eng_figure_value. */
struct eng_sum {
    uint64_t low;
    int64_t high;
};

/* The caller's buffer. The engine appends while a whole evaluation is sure to fit
 * (ENG_EFFECTS_BYTES_MIN of room), else it returns ENG_AGAIN. Owned by the caller. */
struct eng_effects {
    uint8_t *data;   /* 8-byte aligned */
    size_t capacity; /* bytes, at least eng_engine_effects_bytes_min() */
    size_t used;     /* bytes */
    uint32_t count;  /* records */
};

/* The first effect (after == NULL) or the one after `after`; NULL at the end. */
const struct eng_effect *eng_effects_next(const struct eng_effects *effects,
                                          const struct eng_effect *after);

/* The contributions of an effect: contribution_count of them, inside the record. */
const struct eng_contribution *eng_effect_contributions(const struct eng_effect *effect);

/* The partner id of an effect, inside the record. */
struct eng_slice eng_effect_partner(const struct eng_effect *effect);

/* Is it of many partitions, so that somebody has to merge it with what others tell? */
static inline bool eng_effect_is_merged(const struct eng_effect *effect)
{
    return effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD ||
           effect->kind == ENG_EFFECT_SIGHTING || effect->kind == ENG_EFFECT_PASSED;
}

/* What an abuse flag says of its event. */
struct eng_flagged {
    struct eng_slice action, id; /* data NULL: it has no id, or one too long to be told */
    struct eng_slice text;       /* the text that came twice; data NULL: it is not about a text */
    struct eng_slice check;      /* name of a check that the model does not have any more */
};

enum { ENG_CHECK_GONE = 0xFFFF };

/* Reads it; slices inside the record. */
void eng_effect_flagged(const struct eng_effect *effect, struct eng_flagged *ret_flagged);

/* A group's two sums of a figure; inside the record. */
static inline const struct eng_sum *eng_effect_sums(const struct eng_effect *effect,
                                                    unsigned figure)
{
    return (const struct eng_sum *)(const void *)eng_effect_contributions(effect) + 2 * figure;
}

/* A board has entries instead of contributions and a partner: those who are on top of it, the first
 * one first, each packed as its value (8 bytes, in 1/10,000), the length of the partner's id (2
 * bytes), both big-endian, and the id. */
struct eng_entry {
    int64_t value_e4;
    struct eng_slice partner; /* inside the bytes it was read from */
};
enum { ENG_ENTRY_HEAD_BYTES = 10 };

/* The entries of a board's effect, packed; inside the record. */
struct eng_slice eng_effect_entries(const struct eng_effect *effect);

/* Takes the first entry off packed ones. False: there is none, or what is left is none (*rest is
 * empty in the first case only). */
bool eng_entry_take(struct eng_slice *rest, struct eng_entry *ret_entry);

/* A digest has entries too: `subject` is the budget, `segment` that of its split, `value_e4` how
 * many were told and `baseline_e4` how many were left out. Each is packed as its value (8 bytes),
 * its alert (1), 1 when there is no value (1), the length of the partner's id (2) and the id. */
struct eng_left_out {
    int64_t value_e4;
    uint8_t alert; /* its index */
    bool missing;  /* there is no value */
    struct eng_slice partner;
};
enum { ENG_LEFT_OUT_HEAD_BYTES = 12 };

/* As eng_entry_take. */
bool eng_left_out_take(struct eng_slice *rest, struct eng_left_out *ret_entry);

/* What one fact of the partner says. */
struct eng_told_fact {
    uint8_t fact;          /* its index in the model */
    uint8_t option;        /* FLAG: 1 or 0; CHOICE: counted from 1 */
    int64_t value_e4;      /* NUMBER */
    struct eng_slice text; /* TEXT: inside the record */
};

/* The next fact that an effect tells, *at beginning with 0; false after the last. `kinds`: enum
 * eng_fact_kind by the index of the fact. */
bool eng_effect_fact(const struct eng_effect *effect, const uint8_t *kinds, uint32_t *at,
                     struct eng_told_fact *ret_fact);

#ifdef __cplusplus
}
#endif
#endif
