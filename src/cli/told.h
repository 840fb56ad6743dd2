/* A record of an output topic, read back: schemas/score_change.avsc, churn_drop.avsc and
 * group_result.avsc, board.avsc.
 *
 * For showing what the daemon told, as any consumer would read it. Bounded: a record that ends too
 * early or has too much is refused. Pure; slices point into the record. */
#ifndef ENG_CLI_TOLD_H
#define ENG_CLI_TOLD_H

#include "base/limits.h"
#include "serve/text.h"
#include <engaged/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eng_told_kind {
    ENG_TOLD_SCORE_CHANGE,
    ENG_TOLD_FALLS_TO, /* churn drops by the kind of their rule */
    ENG_TOLD_DROP,
    ENG_TOLD_SILENCE,
    ENG_TOLD_RISES_TO,
    ENG_TOLD_BELOW,
    ENG_TOLD_ABOVE,
    ENG_TOLD_DEADLINE,
    ENG_TOLD_NEAR,
};

/* What is suggested: so many more of an action. */
struct eng_told_nudge {
    struct eng_slice dimension, action;
    struct eng_slice to; /* the band that is reached; empty: none */
    int64_t count;       /* 0: there is no nudge */
    double gain, each;   /* points; of a sum: the value of each */
};

struct eng_told_share {
    struct eng_slice dimension;
    double value, delta; /* points */
};

/* What a kind does not have is empty or 0. */
struct eng_told {
    enum eng_told_kind kind;
    bool resolved; /* churn drops: the alert ends */
    bool provisional, up;
    bool held_out; /* churn drops: of the rule's control group */
    struct eng_slice partner;
    struct eng_slice name; /* of the rule; score change: of the score */
    struct eng_slice score, band, previous_band, description, will_drop_to, near;
    struct eng_told_nudge nudge;
    double value, previous_value, baseline, drop, threshold; /* points */
    double risk;                                             /* 0..1 */
    int64_t at_ms, last_action_at_ms, silent_for_ms, usual_gap_ms, anchor_at_ms, due_at_ms,
        will_drop_at_ms;
    uint32_t share_count;
    struct eng_told_share shares[ENG_DIMENSIONS_MAX];
};

/* Read the Avro body of a score change, or of a churn drop. False: it is none. */
bool eng_told_score_change(const void *data, size_t length, struct eng_told *ret_told);
bool eng_told_churn_drop(const void *data, size_t length, struct eng_told *ret_told);

/* A group's result. */
struct eng_told_figure {
    struct eng_slice name;
    double value;
};

struct eng_told_group {
    struct eng_slice group;
    bool everybody; /* it is of no segment */
    int64_t at_ms, partners;
    uint32_t figure_count;
    struct eng_told_figure figures[ENG_FIGURES_MAX];
};

bool eng_told_group_result(const void *data, size_t length, struct eng_told_group *ret_told);

/* Appends "program: retention 0.98, nps 41.2, ...". */
void eng_told_figures(const struct eng_told_group *told, struct eng_text *text);

/* A board: the first of its places. */
enum { ENG_TOLD_PLACES = 5 };

struct eng_told_place {
    struct eng_slice partner;
    int64_t rank, previous_rank; /* 0: none */
    double value;
};

struct eng_told_board {
    struct eng_slice board;
    bool everybody; /* it is of no segment */
    int64_t at_ms;
    uint32_t place_count;
    struct eng_told_place places[ENG_TOLD_PLACES];
};

bool eng_told_board(const void *data, size_t length, struct eng_told_board *ret_told);

/* Appends "champions: 1 p000123 88.0 (was 3), 2 p000017 85.0 (new), ...". */
void eng_told_places(const struct eng_told_board *told, struct eng_text *text);

/* Appends what happened in plain words, without the partner: "engagement fell by 2.6 to 4.9, most
 * by invoices (-1.3)". */
void eng_told_words(const struct eng_told *told, struct eng_text *text);

#endif
