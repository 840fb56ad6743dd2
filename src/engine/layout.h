/* What a partner's record looks like for one model: computed once, read by everything.
 *
 * A record is one block of memory without padding:
 *
 *     struct eng_partner | fixed part | totals | id | list 0 | list 1 | ... | slack
 *
 * - the fixed part has one place per score, per silence alert, per award that notes anything and
 * per measure of the kinds SUM, LAST, STATE, SINCE and FACT, at the offsets below;
 * - totals are the windowed counts of the measures COUNT, SUM (its number of events) and ACTIVE,
 * all of one width per partner (1, 2, 4 or 8 bytes), which grows when a count no longer fits;
 * - lists hold what grows: cells (counts per pane and action), seen event ids, members, runs of
 *   streaks, sums per pane, peaks of drop alerts, openings of alerts.
 *
 * The layout belongs to its engine and is immutable; it borrows the model. */
#ifndef ENG_ENGINE_LAYOUT_H
#define ENG_ENGINE_LAYOUT_H

#include "engine/model.h"
#include "engine/ranking.h"
#include "engine/score.h"

enum { ENG_NO_INDEX = 0xFFFF };

/* Kinds of lists, which differ in what their elements are. */
enum eng_list_kind {
    ENG_LIST_OPENINGS, /* struct in alert.c: alerts that are open or in cooldown */
    ENG_LIST_PEAKS,    /* one per drop alert: see alert.c */
    ENG_LIST_RUNS,     /* one per streak: (first pane i32, last pane i32), ascending, disjoint */
    ENG_LIST_MEMBERS,  /* one per members measure: (hash u64, newest pane i32), by hash */
    ENG_LIST_CLAIMS,   /* struct in claim.c: what may be approved, dropped or reversed */
    ENG_LIST_HELD,     /* events that wait for a decision, always on the heap: held.h */
    ENG_LIST_SUMS,     /* (pane i32, cell u8, number u8, high i16, low u64): sums per pane, action
                        * and number: measure.h */
    ENG_LIST_CELLS,    /* counts per pane and action: cells.h */
    ENG_LIST_SEEN,     /* fingerprints of event ids: seen.h */
};

enum {
    ENG_OPENING_BYTES = 18,
    ENG_PEAK_PANE_BYTES = 4, /* of a peak, before its value */
    ENG_RUN_BYTES = 8,
    ENG_MEMBER_BYTES = 12,
    ENG_SUM_BYTES = 16,
    /* Places in the fixed part. */
    ENG_SUM_TOTAL_BYTES = 16, /* __int128 */
    ENG_LAST_BYTES = 20,      /* time i64, value i64, pane i32 */
    ENG_STATE_BYTES = 9,      /* time i64, value i8 (-1: never) */
    ENG_SINCE_BYTES = 4,      /* pane i32 plus 2, since panes begin at -1 (0: never) */
    ENG_SILENCE_BYTES = 13,   /* first i32, last i32, ms into the last pane u32, n u8 */
    ENG_DEADLINE_BYTES = 5,   /* pane i32, flags u8: alert.c */
    ENG_GRACE_BYTES = 4,      /* pane i32: tier.c */
    ENG_MOVED_BYTES = 5,      /* pane i32, band u8: group.c */
    ENG_CLAIM_BYTES = 42,
    ENG_HELD_UNIT_BYTES = 8,    /* entries are padded to that */
    ENG_AWARD_PANE_BYTES = 4,   /* as of SINCE */
    ENG_AWARD_STREAK_BYTES = 8, /* first pane of the last one i32, how many in a row u32 */
    /* Boundaries that may be left for later when they change what a drop alert looks at. */
    ENG_LAZY_BOUNDARIES = 8,
};

struct eng_list_layout {
    enum eng_list_kind kind;
    uint8_t element_bytes; /* 0 for cells: 1 << the partner's cell code */
    uint16_t easy_bytes;   /* up to so many bytes, an event needs no care for room */
    uint16_t owner;        /* index of the measure or alert it belongs to */
};

/* A measure, as the record sees it. Offsets are from the start of the record. */
struct eng_measure_layout {
    uint16_t total;    /* index among the totals; ENG_NO_INDEX: none */
    uint16_t list;     /* MEMBERS, STREAK; else ENG_NO_INDEX */
    uint32_t offset;   /* SUM, LAST, STATE, SINCE, FACT; else 0 */
    uint32_t flat;     /* SINCE: from so many panes on it contributes the same everywhere */
    uint64_t cells[4]; /* COUNT, SUM, ACTIVE: bit per cell index */
};

/* A place where a measure goes into a score, and what counts of it contribute there: by a table, by
 * points each, or (neither) only by eng_contributions. */
struct eng_term {
    uint16_t score, dimension;
    uint16_t total;      /* of a plain count; ENG_NO_INDEX: the measure is something else */
    bool flat;           /* greater counts contribute like the last one of the table */
    bool points;         /* points_e4 each */
    uint32_t row_counts; /* counts 0..row_counts-1 are in the table; 0: there is none */
    const int64_t *row;  /* the table, borrowed from the score */
    int64_t points_e4;
};

/* A score, as the record sees it: the value of the last evaluation, the last told one, the band,
 * and what was told of each dimension. */
struct eng_score_layout {
    uint32_t value;      /* offset of the value in force, 4 or 8 bytes */
    uint32_t told_value; /* offset of the last told value, the same width */
    uint32_t band;       /* offset: band u8, bit 7: an earlier evaluation gave a value above 0 */
    uint32_t dwell; /* offset of the time another band has been wanted since, i64; 0: no dwell */
    uint32_t grace; /* offset of the end of a grace, pane i32 plus 2 (0: none runs); 0: no such */
    uint32_t
        moved;     /* offset of the band in which a period of `moves` began: see group.c; 0: none */
    bool waits;    /* its bands do not follow from its value alone: a dwell, or tiers */
    uint32_t told; /* offset of the last told contributions */
    uint8_t value_bytes; /* 4, or 8 for points */
    uint8_t told_bytes;  /* width of a told contribution: 2, 4 or 8 */
    bool skips;          /* some dimension may be skipped, or its weight or target is a partner's
                          * own by what facts say */
    uint32_t sinces;     /* a bit per dimension that rests on a SINCE measure */
    uint32_t facts;      /* a bit per fact that a weight or target hangs on */
    int64_t *table;      /* contributions with nothing skipped: [dimension][count]; points: NULL */
    uint32_t table_counts;  /* counts 0..table_counts-1 are in the table */
    struct eng_term *terms; /* by dimension */
    int64_t tell_from;      /* a move of this size is told; INT64_MAX: none is */
    bool rises_only;        /* more of any windowed count never makes the value smaller, nor do
                             * fewer panes since an event: time alone never makes it greater */
    bool has_edges;         /* some BELOW or ABOVE alert looks at it */
    int64_t above_from;     /* the lowest edge of its ABOVE alerts; INT64_MAX: there is none */
    struct eng_decay_table *decay;      /* NULL: its points stay what they are */
    int64_t leave_below[ENG_BANDS_MAX]; /* by band in force: another one is wanted below this, */
    int64_t leave_from[ENG_BANDS_MAX];  /* and from this value on */
};

/* A score of a report, as the record sees it: what stood in the last one. */
struct eng_report_layout {
    uint32_t value;  /* offset, as wide as the score's */
    uint32_t band;   /* offset: band u8; bit 7: there was one */
    uint32_t shares; /* offset of the contributions, as wide as the value */
};

/* An award, as the record sees it: offsets in the fixed part, 0 where there is no such place. */
struct eng_award_layout {
    uint32_t paid;   /* the newest pane that it was paid in */
    uint32_t anchor; /* the newest pane of its anchors */
    uint32_t streak;
};

/* What is left of points, by the panes since their action: see decay.c. */
struct eng_decay_table {
    uint32_t ages;   /* of the window */
    uint32_t *left;  /* of ENG_DECAY_ONE */
    uint32_t *later; /* the next age at which less is left; UINT32_MAX: none */
};

/* What is being summed of a segment of a group. */
struct eng_segment_sums {
    int64_t partners;
    eng_wide sums[ENG_FIGURES_MAX][2]; /* see eng_sum of effect.h */
    uint32_t leaders;                  /* of a board, so far */
};

struct eng_layout {
    const struct eng_model *model;
    uint32_t fixed_bytes; /* header, list counts and fixed part */
    uint32_t total_count;
    uint32_t list_count;
    struct eng_list_layout *lists;
    struct eng_measure_layout *measures;
    struct eng_score_layout *scores;
    struct eng_report_layout *reports; /* [report][place among its scores] */
    uint32_t *alert_offset;            /* SILENCE, DEADLINE: place in the fixed part */
    uint16_t *alert_list;              /* DROP: its list of peaks */
    struct eng_award_layout *awards;
    uint16_t list_openings, list_claims, list_held, list_sums, list_cells,
        list_seen;                 /* ENG_NO_INDEX: none */
    uint32_t claims_most;          /* that an event adds */
    uint32_t numbers_kept;         /* a bit for each 1 + number that is summed per pane */
    struct eng_action_set settles; /* actions that approve, drop or reverse anything */
    struct eng_action_set decides; /* actions that release or discard what is held */
    uint8_t seen_bits, seen_bytes; /* of an id seen, for its pane and for all of it: see seen.h */

    struct eng_swift *swift; /* by action: see swift.h */

    /* Cells: actions that are counted per pane, numbered. */
    uint32_t cell_count;
    uint16_t cell_of_action[ENG_ACTIONS_MAX + 1]; /* ENG_NO_INDEX: not counted per pane */
    uint8_t action_of_cell[ENG_ACTIONS_MAX + 1];
    uint32_t *retention;            /* per cell: panes that its counts are kept for */
    uint8_t pane_bits, action_bits; /* of a cell's key */
    uint8_t cell_code_min;          /* smallest width that holds a key: 1 << code */
    uint32_t pane_mask;

    /* Distinct ages at which a counted pane enters or leaves a window, or leaves the record,
     * ascending. */
    uint32_t age_count;
    uint32_t *ages;
    int64_t *unit;      /* [age][score][cell]: see slack.h */
    int64_t *byte_unit; /* [score][256]: what a cell of one byte is charged with; one age only */
    bool plain;         /* one age, and cells are only counted (no sums, no active panes), and
                         * nothing else moves with time unseen (no SINCE) */
    bool steady;        /* one age, and all scores only rise with counts; no SINCE */

    /* Lists by something: those of x are at first[x] .. first[x+1]-1. */
    uint16_t *action_measures; /* measures that an action goes into */
    uint32_t *action_measures_first;
    uint16_t *action_silences; /* silence and deadline alerts that an action matters to */
    uint32_t *action_silences_first;
    uint16_t *action_awards; /* awards that pay for an action, or begin with it */
    uint32_t *action_awards_first;
    uint16_t *action_checks; /* checks that look at an action */
    uint32_t *action_checks_first;
    struct eng_term *terms; /* by measure: where it goes, by itself or in a ratio */
    struct eng_term
        *dimension_terms; /* by score and dimension: those of the scores point into it */
    uint32_t *terms_first;
    uint16_t *timed; /* measures that change or end by time alone, rolling cells apart */
    uint32_t timed_count;
    bool decays;           /* some score does */
    uint32_t timed_scores; /* a bit per score that one of them goes into */
    uint16_t *rolling;     /* by cell: COUNT and SUM measures with a rolling window that count it */
    uint32_t *rolling_first;
    uint16_t *active; /* ACTIVE measures with a rolling window */
    uint32_t active_count;
    uint16_t *texts; /* MEMBERS measures of checks, which nobody hears of */
    uint32_t text_count;
    uint16_t *sinces; /* SINCE measures */
    uint32_t since_count;

    uint16_t *silences; /* SILENCE alerts */
    uint32_t silence_count;
    uint16_t *deadlines; /* DEADLINE alerts */
    uint32_t deadline_count;
    uint32_t deadline_bits; /* a bit for each of them */
    uint16_t *aheads;       /* FALLS_TO alerts that are opened before the fall */
    uint32_t ahead_count;
    uint16_t *drops; /* DROP alerts, by score */
    uint32_t *drops_first;
    uint16_t *edges; /* BELOW and ABOVE alerts, by score */
    uint32_t *edges_first;
    uint32_t tier_scores; /* a bit for each score with tiers */

    struct eng_segment_sums *segments; /* of groups, one after the other: what is being summed */
    uint32_t *segments_first;          /* by group */
    struct eng_ranked *leaders;        /* of boards: for each segment so many as it has places */
    uint32_t *leaders_first;           /* by group */

    uint32_t insert_most;     /* list insertions and widenings of one event at most */
    size_t effects_bytes_min; /* the most that one event can tell, or a boundary of one partner */
    size_t evaluation_bytes_most; /* of that, what an evaluation can */
    uint32_t facts_bytes_most;    /* what facts say in one effect; 0: none is told */
    uint32_t flag_bytes_most;     /* of one abuse flag */
};

/* What a report remembers of the score at a place of its list. */
static inline const struct eng_report_layout *eng_layout_report(const struct eng_layout *layout,
                                                                unsigned report, unsigned place)
{
    return &layout->reports[report * ENG_SCORES_MAX + place];
}

/* Bytes of an element of a drop alert's peaks: its score's value is 4 bytes wide, or 8 for points.
 */
static inline uint32_t eng_peak_bytes(const struct eng_model *model, unsigned alert)
{
    return ENG_PEAK_PANE_BYTES + (model->scores[model->alerts[alert].score].points ? 8u : 4u);
}

/* What a count contributes to a term's dimension while nothing is skipped; false: not known here.
 */
static inline bool eng_term_value(const struct eng_term *term, uint64_t count, int64_t *ret_value)
{
    if (count < term->row_counts) {
        *ret_value = term->row[count];
        return true;
    }
    if (term->flat) {
        *ret_value = term->row[term->row_counts - 1];
        return true;
    }
    *ret_value = (int64_t)count * term->points_e4;
    return term->points && count <= UINT32_MAX; /* so that products stay in 64 bits */
}

/* The count (or number of panes) from which on a dimension contributes the same. */
int64_t eng_layout_flat_from(const struct eng_dimension *dimension);

/* What a dimension of a weighted score contributes while nothing is skipped, its measure being so
 * many. */
int64_t eng_layout_share(const struct eng_layout *layout, unsigned score, unsigned dimension,
                         uint32_t count);

/* ENG_OK and a layout (free with eng_layout_free), ENG_NO_MEMORY. Borrows the model. */
enum eng_status eng_layout_new(const struct eng_model *model, struct eng_layout **ret_layout,
                               struct eng_error *err);

/* Makes it one that knows of no alert and no id seen, for whoever wants to know what scores do
 * (outlook.h). Records look the same. */
void eng_layout_mute(struct eng_layout *layout);

/* NULL and half-built ones are fine. */
void eng_layout_free(struct eng_layout *layout);

#endif
