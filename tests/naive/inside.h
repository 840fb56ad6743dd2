/* The inside of the naive reference: what its files share. See naive.h. */
#ifndef TESTS_NAIVE_INSIDE_H
#define TESTS_NAIVE_INSIDE_H

#include "engine/model.h"
#include "naive.h"
#include <stdbool.h>
#include <stddef.h>

/* A counted event. `order` of arrival is its place in the partner's list. */
struct fact {
    int64_t time_ms;
    int64_t value_e4;                 /* or ENG_VALUE_NONE */
    int64_t numbers[ENG_NUMBERS_MAX]; /* the same, by the model's index */
    int64_t pane;                     /* its own */
    int64_t clock_pane;               /* the clock's when it was counted */
    uint16_t action;   /* entry of the model's actions; none: it is not counted any more */
    char *id, *member; /* NULL: none */
    uint32_t id_bytes, member_bytes;
    bool released; /* its id was taken when it came, and was held */
    struct eng_slice attributes[ENG_ATTRIBUTES_MAX]; /* while it is judged: by the model's index */
    /* What changes of the model have left of it. */
    bool counted, summed;    /* in its pane: that it was, and its value */
    uint32_t summed_numbers; /* the same: a bit for each number of the model */
    uint64_t measures; /* a bit for each measure that keeps no counts per pane and knows of it */
    uint64_t seconds;  /* of those: `until` of a state; a sum over life: its value */
    int64_t given[ENG_MEASURES_MAX]; /* of those that know of it: FACT, what it says; MEMBERS of an
                                      * attribute, its text */
    uint32_t rhythms;                /* a bit for each silence alert that knows of it */
    uint32_t anchors, expected; /* a bit for each deadline that it begins, or that it may meet */
    uint64_t paid_for, begins;  /* a bit for each award that pays for it, or whose time it begins */
};

/* An evaluation's outcome, kept for the baselines of drop alerts. */
struct past_value {
    int64_t pane, value_e4;
};

struct told {
    int64_t value_e4;
    int64_t part_e4[ENG_DIMENSIONS_MAX];
    unsigned band;
};

struct score_state {
    int64_t value_e4;
    int64_t part_e4[ENG_DIMENSIONS_MAX];
    unsigned band;
    int64_t wanting_since_ms; /* dwell: since when another band has been wanted; -1: it is not */
    unsigned begun;           /* the band when the period began that moves are counted over */
    int64_t grace_pane;       /* tiers: the boundary at which a grace of panes ends; 0: none runs */
    struct told told;
    bool was_positive; /* an evaluation gave a value above 0 */
    struct past_value *past;
    size_t past_count, past_capacity;
};

struct alert_state {
    bool open;
    bool waiting;            /* falls_to: entered while the cooldown forbade it, not left since */
    bool held_out;           /* of its control group, at the newest opening */
    int64_t opened_ms;       /* newest opening; -1: never */
    int64_t baseline_e4;     /* drop: the opening's */
    int64_t first, last, n;  /* silence: panes and count; n 0: no action yet */
    int64_t last_at_ms;      /* silence */
    int64_t threshold_panes; /* silence: s */
    bool renewed;            /* silence: the event just counted made `last` newer */
    bool met;                /* deadline: it was, at the last evaluation */
    bool budgeted;           /* a budget decides whether the newest opening is told */
    bool at_boundary;        /* it was at one */
    bool pending, told;      /* it has not decided yet; it has, and told it */
    bool due;                /* a change of the model takes it out of its budget and tells it */
    size_t past_from;        /* drop: evaluations of its score before this one do not count */
};

/* A score as it stood in the last card of a report. */
struct reported {
    bool known;
    int64_t value_e4;
    int64_t part_e4[ENG_DIMENSIONS_MAX];
    unsigned band;
};

/* An award that was paid, in the pane of its event. */
struct payment {
    unsigned award;
    int64_t pane;
};

/* What may be approved, dropped or reversed. */
struct claim {
    char *id, *reference; /* NULL: none */
    uint64_t offset;
    int64_t time_ms, pane, amount_e4;
    unsigned award, ledger;
    bool pending; /* of no ledger yet */
    bool over;
};

/* The id of an event that a check left out. */
struct left_out {
    char *id;
    uint32_t id_bytes;
    int64_t clock_pane; /* the clock's then */
};

/* An event that a check holds. All texts are owned. */
struct waiting {
    struct eng_slice check, action, id, member;
    unsigned kind;
    uint64_t offset;
    int64_t time_ms, value_e4;
    int64_t clock_pane; /* the clock's when it came */
    struct eng_slice text_names[ENG_ATTRIBUTES_MAX], texts[ENG_ATTRIBUTES_MAX];
    struct eng_slice number_names[ENG_NUMBERS_MAX];
    int64_t numbers[ENG_NUMBERS_MAX];
    unsigned text_count, number_count;
    size_t bytes;
};

struct partner {
    char *name;
    uint32_t name_bytes;
    uint64_t hash;
    struct fact *facts;
    size_t fact_count, fact_capacity;
    struct left_out *left;
    size_t left_count, left_capacity;
    struct waiting *held;
    size_t held_count, held_capacity;
    int64_t known_pane; /* of the event that made it known, be it held */
    struct claim *claims;
    size_t claim_count, claim_capacity;
    struct payment *payments;
    size_t payment_count, payment_capacity;
    struct score_state scores[ENG_SCORES_MAX];
    struct alert_state alerts[ENG_ALERTS_MAX];
    struct reported reports[ENG_REPORTS_MAX][ENG_SCORES_MAX]; /* by report and score */
    int64_t active_before[ENG_MEASURES_MAX]; /* active panes over life whose panes are forgotten */
};

/* From which pane on all is known, by what the model in force asks; INT64_MIN: always. */
struct knowledge {
    int64_t counts[ENG_ACTIONS_MAX + 1], sums[ENG_ACTIONS_MAX + 1]; /* by entry */
    int64_t numbers[ENG_NUMBERS_MAX];                               /* of any entry */
    int64_t others[ENG_MEASURES_MAX];
};

/* What is known of a guard. */
struct naive_watch {
    int64_t count; /* events counted while the clock was in the pane */
    int64_t held;
    bool whole; /* it has been there since the pane began */
    bool holds;
    uint32_t run; /* panes in a row that say the contrary */
    int64_t since;
    struct {
        int64_t pane, count;
    } * learnt; /* panes that make what is usual */
    size_t learnt_count, learnt_capacity;
};

struct naive_span_ms {
    int64_t from_ms, to_ms;
};

/* What guards and quiet times do to an alert. `guarded`: by a guard; `tells`: by one that tells. */
struct naive_hold {
    bool holds, guarded, tells, releases;
    int64_t since_ms, guarded_ms, release_from_ms;
    struct naive_span_ms *spans; /* of which nothing is told */
    size_t span_count, span_capacity;
};

struct naive {
    const struct eng_model *model;
    struct knowledge knowledge;
    const struct eng_names *names; /* of events' attributes; NULL: the model's */
    int64_t clock_ms;              /* -1: none yet */
    struct eng_counters counters;
    struct partner **partners; /* in the order of a boundary */
    size_t partner_count, partner_capacity;
    struct eng_effects effects;
    uint32_t said; /* of the evaluation in hand: see struct occasion */
    int64_t pane;  /* the clock's in it */
    struct naive_watch watches[ENG_GUARDS_MAX];
    struct naive_hold holds[ENG_ALERTS_MAX];
    uint32_t opened_now; /* alerts (a bit each) that the evaluation has opened */
    bool telling_again;
};

/* Why and when a partner is evaluated. */
struct occasion {
    enum eng_cause cause;
    enum eng_origin origin_kind;
    uint64_t origin;
    int64_t at_ms;
    int64_t pane;  /* the clock's */
    uint32_t said; /* a bit for each fact that has just changed */
};

struct amount {
    int64_t value_e4;
    bool missing; /* what `missing: skip` looks at */
};

/* True for measures whose windows are answered by counts per pane. */
bool naive_by_pane(const struct eng_measure *measure);

/* held.c: is there room to hold an event; holds it. */
bool naive_may_hold(const struct naive *naive, const struct partner *partner,
                    const struct eng_event *event, const struct fact *fact,
                    const struct eng_check *check);
void naive_hold(const struct naive *naive, struct partner *partner, const struct eng_event *event,
                const struct fact *fact, const struct eng_check *check);
void naive_forget_held(struct partner *partner);

/* held.c: what an event decides, what time does, and what a change of the model does. */
void naive_decide(struct naive *naive, struct partner *partner, const struct fact *fact,
                  const struct occasion *why);
void naive_end_holds(struct naive *naive, struct partner *partner, const struct occasion *why);
void naive_disown(struct naive *naive, struct partner *partner, const struct occasion *why);

void naive_view_held(const struct naive *naive, const struct partner *partner,
                     struct eng_view *ret_view);

/* naive.c: the entry of an event; puts it behind what its partner did. */
uint16_t naive_entry(const struct eng_model *model, struct eng_slice action,
                     const struct eng_slice *attributes);
void naive_take_in(struct naive *naive, struct partner *partner, const struct eng_event *event,
                   struct fact *fact);

/* measure.c: what a measure sums of an event is known by the event's pane. */
bool naive_summed(const struct eng_measure *measure, const struct fact *fact);

/* change.c: true while a window of the score goes further back than what is known. */
bool naive_unknown(const struct naive *naive, const struct eng_score *score, int64_t pane);
void naive_know_all(struct knowledge *knowledge);

/* naive.c: evaluates a partner. */
void naive_evaluate(struct naive *naive, struct partner *partner, const struct occasion *why);

/* Grows an array that holds `count` items so that one more fits. */
void *naive_grow(void *items, size_t count, size_t *capacity, size_t item_bytes);

/* measure.c: a measure of a partner with the clock in `pane`. */
struct amount naive_measure(const struct naive *naive, const struct partner *partner,
                            const struct eng_measure *measure, int64_t pane);

/* The same of a points key whose points get less: each event times what is left of it, together, in
 * 1/2^30. */
__int128 naive_decayed(const struct naive *naive, const struct partner *partner,
                       const struct eng_measure *measure, const struct eng_decay *decay,
                       int64_t pane);

/* The measures whose windows a dimension's one has: itself, or the two of a ratio. */
struct looked_at {
    unsigned measures[2], count;
};
struct looked_at naive_looks_at(const struct eng_model *model, unsigned measure);

/* The panes that a window reaches back, those newer than it included. */
uint32_t naive_reach(const struct eng_measure *measure);

/* The oldest pane of which a window that ends in `pane` has events. */
int64_t naive_window_first(const struct eng_model *model, enum eng_window_kind kind, uint32_t panes,
                           int64_t pane);

/* given.c: what an event of a FACT measure's actions says, as the engine writes it: an option from
 * 1 on, 1 for a flag, a number; cleared: 0, of a number ENG_VALUE_NONE. False: nothing. */
bool naive_given(const struct eng_model *model, const struct eng_measure *measure, bool clears,
                 const struct fact *fact, int64_t *ret_value);

/* The newest event that a FACT measure knows of, by its own time, then by arrival; NULL: none. */
const struct fact *naive_newest(const struct partner *partner, unsigned measure);

/* What the fact of a FACT measure is with the clock in `pane`: missing when never set or no longer
 * valid; a choice in options, from 1; 0 of what was cleared, which is missing of all but flags. */
struct amount naive_fact(const struct naive *naive, const struct partner *partner, unsigned measure,
                         int64_t pane);

/* given.c: what the facts that are told say with the clock in `pane`, as effects hold it; returns
 * how many bytes. */
size_t naive_tell_facts(const struct naive *naive, const struct partner *partner, int64_t pane,
                        uint8_t *to);

/* given.c: the text with this number, as it is `given`. */
struct eng_slice naive_text(int64_t number);
int64_t naive_keep_text(struct eng_slice text);

/* given.c: which option of a fact holds, from 1; 1 of a flag that is set; 0: none. */
int64_t naive_option(const struct naive *naive, const struct partner *partner, unsigned fact,
                     int64_t pane);

/* given.c: the number of the first case that holds, else `otherwise`; is an alert for a partner. */
int64_t naive_choose(const struct naive *naive, const struct partner *partner,
                     const struct eng_cases *cases, int64_t otherwise, int64_t pane);
bool naive_admits(const struct naive *naive, const struct partner *partner, unsigned alert,
                  int64_t pane);

/* given.c: of the facts in `said` the first, from 1, that the score's weights and targets hang on,
 * or (NULL: none) the alert's partners; 0: none. */
uint16_t naive_reason(const struct eng_model *model, uint32_t said, const struct eng_score *score,
                      const struct eng_alert *alert);

/* given.c: how a FACT measure of a new model says what an old one says; false: it cannot. */
bool naive_given_anew(const struct eng_model *old, const struct eng_measure *was,
                      const struct eng_model *new, const struct eng_measure *is, int64_t *value);
bool naive_same_options(const struct eng_model *old, const struct eng_measure *was,
                        const struct eng_model *new, const struct eng_measure *is);

/* score.c: computes and tells one score. */
void naive_score_init(const struct eng_score *score, struct score_state *state);
void naive_score_evaluate(struct naive *naive, struct partner *partner, unsigned score,
                          const struct occasion *why);
bool naive_provisional(const struct naive *naive, const struct partner *partner,
                       const struct eng_score *score, int64_t pane);

/* What a score is with the clock in `pane`: value and parts, nothing else of the state. */
void naive_score_compute(const struct naive *naive, const struct partner *partner,
                         const struct eng_score *score, int64_t pane, struct score_state *state);

/* The band a value lies in, whatever the margins; that which it asks for when `band` is in force.
 */
unsigned naive_band_of(const struct eng_score *score, int64_t value_e4);
unsigned naive_band_wanted(const struct eng_score *score, unsigned band, int64_t value_e4);

/* nudge.c: what would raise a score most for the least effort, or bring it to `goal_e4` (INT64_MIN:
 * to no such value); count 0: nothing would. */
struct naive_nudge {
    unsigned count, dimension, to;
    int64_t gain_e4;
};
struct naive_nudge naive_nudge(const struct naive *naive, const struct partner *partner,
                               unsigned score, int64_t goal_e4);
void naive_suggest(const struct naive *naive, const struct partner *partner, unsigned score,
                   int64_t goal_e4, struct eng_effect *effect);

/* matrix.c: tells one matrix. `before` is every score as it was before this evaluation. */
void naive_matrix_evaluate(struct naive *naive, const struct partner *partner, unsigned matrix,
                           const struct score_state *before, const struct occasion *why);

/* report.c: what has become of a score since the last card that tells its trend; makes the reports
 * of a boundary. */
enum eng_trend naive_trend(const struct naive *naive, const struct partner *partner,
                           unsigned score);
void naive_reports_make(struct naive *naive, struct partner *partner, const struct occasion *why);

/* A segment of a group at the last pane of a period: of a split, from 1 (0: everybody). */
struct naive_segment {
    unsigned split;
    int64_t segment, pane;
};

/* group.c */
int64_t naive_segment_of(const struct naive *naive, const struct partner *partner,
                         const struct eng_split *split, int64_t pane);
bool naive_is_in_segment(const struct naive *naive, const struct partner *partner,
                         const struct eng_group *group, const struct naive_segment *segment);

/* board.c: writes the entries of a board; returns how many bytes they are, at most those of the
 * places. */
enum { NAIVE_ENTRIES_BYTES = ENG_TOP_MAX * (10 + ENG_PARTNER_BYTES_MAX) };
size_t naive_board_entries(const struct naive *naive, const struct eng_group *board,
                           const struct naive_segment *segment, uint8_t *to);

/* effects.c: puts an effect with its entries behind the others. */
void naive_emit_entries(struct naive *naive, struct eng_effect *effect, const uint8_t *entries,
                        size_t bytes);

/* effects.c: says that the clock has come into a pane. */
void naive_emit_passed(struct naive *naive, int64_t pane);

/* group.c: tells the groups whose period ends before the boundary of a pane. */
void naive_groups_tell(struct naive *naive, int64_t pane);

/* A period begins in which moves of bands are counted: at its first boundary, before anybody is
 * looked at. */
void naive_groups_begin(struct naive *naive, int64_t pane);

/* effects.c: is the partner of the alert's control group? */
bool naive_holds_out(const struct naive *naive, const struct partner *partner, unsigned alert);

/* effects.c: appends a record of no partner, with `sums` as contributions. */
void naive_emit_sums(struct naive *naive, struct eng_effect *effect, const __int128 *sums);

/* alert.c: looks at one alert. `before` is every score as it was before this evaluation. */
void naive_alert_evaluate(struct naive *naive, struct partner *partner, unsigned alert,
                          const struct score_state *before, const struct occasion *why);

/* Tells an opening again, as things are now. */
void naive_alert_tell_again(struct naive *naive, const struct partner *partner, unsigned alert,
                            const struct score_state *before, const struct occasion *why);

/* guard.c: at a boundary, before and after the partners; an event that is counted; an effect that
 * is not told because of it; what is told at last of a partner that was just evaluated; another
 * model, with the old index of each of its guards and the new one of each old alert. */
void naive_guards_decide(struct naive *naive, int64_t pane);
void naive_guards_first(struct naive *naive);
void naive_guards_decided(struct naive *naive);
void naive_guards_count(struct naive *naive, uint16_t action);
bool naive_guards_swallow(struct naive *naive, const struct partner *partner,
                          const struct eng_effect *effect);
void naive_guards_release(struct naive *naive, struct partner *partner,
                          const struct score_state *before, const struct occasion *why);
bool naive_is_quiet(const struct eng_model *model, unsigned alert, int64_t pane);
bool naive_is_dropped(const struct naive_hold *hold, int64_t opened_ms);

/* budget.c: an alert opens; the boundary after all partners; an opening under another model, and
 * what that tells. */
void naive_budget_open(const struct naive *naive, unsigned alert, struct alert_state *state);
void naive_budgets_tell(struct naive *naive, const struct occasion *why);
void naive_budget_carry(const struct naive *naive, const struct eng_model *old, unsigned before,
                        unsigned alert, bool anew, struct alert_state *state);
void naive_budgets_change(struct naive *naive, struct partner *partner,
                          const struct score_state *before, const struct occasion *why);

/* Where an old alert goes on. */
struct naive_alert_change {
    unsigned index;
    bool anew; /* it learns the rhythm of partners anew */
};
void naive_guards_change(struct naive *naive, const uint16_t *guards,
                         const struct naive_alert_change *alerts, const struct eng_model *old);
void naive_guards_changed(struct naive *naive);
void naive_guards_free(struct naive *naive);

/* silence.c */
void naive_silence_tell(struct naive *naive, const struct partner *partner, unsigned alert,
                        const struct occasion *why);
void naive_silence_rescan(const struct naive *naive, struct partner *partner, unsigned alert);
void naive_silence_evaluate(struct naive *naive, struct partner *partner, unsigned alert,
                            const struct occasion *why);
bool naive_silence_ripe(const struct eng_alert *alert, const struct alert_state *state);

/* deadline.c: what the events that a deadline knows of make of it. */
struct deadline {
    bool anchored, met;
    int64_t pane; /* of the anchor */
};
struct deadline naive_deadline(const struct partner *partner, unsigned alert);
void naive_deadline_tell(struct naive *naive, const struct partner *partner, unsigned alert,
                         enum eng_alert_status status, const struct occasion *why);
void naive_deadline_evaluate(struct naive *naive, struct partner *partner, unsigned alert,
                             const struct occasion *why);

/* check.c: tells what checks find in an event that is neither late nor a duplicate, and says what
 * becomes of it: counted, left out, or held by *ret_holder. partner NULL: it is not known. */
enum eng_outcome naive_checks(struct naive *naive, const struct partner *partner,
                              const struct eng_event *event, const struct fact *fact,
                              const struct eng_check **ret_holder);

/* naive.c: a set has a fact's action; that its filter says the same is asserted. */
bool naive_listed(const struct eng_model *model, const struct eng_action_set *set,
                  const struct eng_condition *where, const struct fact *fact);

/* effects.c: appends what a check says of an event; `text`: that came twice, or none; `check`: its
 * name, where the model does not have it any more. */
void naive_emit_flag(struct naive *naive, const struct eng_event *event, struct eng_effect *effect,
                     struct eng_slice text, struct eng_slice check);

/* award.c: pays for the event that was counted last. */
void naive_awards(struct naive *naive, struct partner *partner, const struct occasion *why);
void naive_forget_claim(struct claim *claim);
void naive_view_ledger(const struct naive *naive, const struct partner *partner, unsigned ledger,
                       struct eng_view_ledger *ret);

/* Appends a fact to the partner's list. */
void naive_add_fact(struct partner *partner, const struct fact *fact);

/* What every question of the model knows of a fact. */
void naive_note(const struct eng_model *model, struct fact *fact);
/* fall.c: the first fall of a score at one of so many boundaries after a pane, if nothing happens:
 * into `band`, of who was above 0 before, or into any lower one (-1). at_ms 0: none. */
struct naive_span {
    int64_t from, panes;
};
struct naive_fall {
    int64_t at_ms;
    unsigned band;
};
struct naive_fall naive_fall(const struct naive *naive, const struct partner *partner,
                             unsigned score, int band, struct naive_span span);

/* Notes in an opening when its score will fall, if the alert looks ahead. */
void naive_foretell(const struct naive *naive, const struct partner *partner,
                    const struct occasion *why, struct eng_effect *effect);

/* effects.c: appends a record with `parts` (NULL: none) less `told` as contributions. */
struct eng_effect naive_effect(enum eng_effect_kind kind, unsigned subject,
                               const struct occasion *why);
void naive_emit(struct naive *naive, const struct partner *partner, struct eng_effect *effect,
                const int64_t *parts, const int64_t *told);

#endif
