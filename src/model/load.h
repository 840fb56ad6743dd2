/* One load of a configuration, inside the room: what its parts share, and the parts.
 *
 * Order: text -> nodes (yaml) -> values (keys) -> actions, measures, scores, alerts -> the rest of
 * the file. Drafts hold what a section says before it is checked as a whole; nodes and drafts live
 * in the source's arena, what stays is owned by config and model from the moment it is allocated,
 * so that a load may end anywhere. One thread. */
#ifndef ENG_MODEL_LOAD_H
#define ENG_MODEL_LOAD_H

#include "engine/model.h"
#include "model/config.h"
#include "model/keys.h"
#include "model/text.h"
#include "model/yaml.h"

/* What `over` says. */
struct eng_window {
    enum eng_window_kind kind;
    uint32_t panes;              /* ROLLING */
    const struct eng_node *node; /* NULL: not given */
};

/* What `grace` says: as long as a period, or so many panes. */
struct eng_grace {
    bool period;
    uint32_t panes;
};

/* What a PORTION says: one of the two is 0. */
struct eng_portion {
    int64_t number_e4;
    uint32_t share_e4; /* 10,000: all of it */
};

/* What a CHOSEN says. */
struct eng_chosen {
    int64_t number_e4;           /* for whom nothing else is said; 0: not given */
    const struct eng_node *node; /* a mapping with the numbers of others; NULL: there are none */
};

struct eng_file_draft {
    const struct eng_node *program;
    uint32_t version;
    const struct eng_node *time, *input, *facts, *measures, *scores, *matrices, *reports, *alerts;
    const struct eng_node *guards, *quiet, *budgets, *groups, *boards;
    const struct eng_node *ledgers, *awards, *checks;
    const struct eng_node *kafka, *output, *run, *recovery, *http;
};

struct eng_time_draft {
    const struct eng_node *zone;
    int32_t pane_unit;
    uint32_t late_after, dedup; /* 0: late_after not given, dedup off */
    int64_t future_skew_ms, idle_after_ms;
};

struct eng_measure_draft {
    const struct eng_node *count, *sum, *active, *members, *last, *streak, *state, *ratio, *since,
        *fact;
    const struct eng_node *earned, *balance, *expired; /* of a ledger */
    const struct eng_node *of, *until, *where;
    struct eng_window over;
    uint32_t ago; /* 0: not given */
};

struct eng_fact_draft {
    const struct eng_node *set, *cleared, *where, *from, *values;
    int64_t valid_for_ms; /* 0: for good */
    uint32_t text;        /* 0: not given */
    bool tell;
};

/* What may be suggested of a dimension, or a points key; numbers are 0 when not given. */
struct eng_nudge_draft {
    int64_t effort_e4, each_e4;
    const struct eng_node *action;
};

/* A points key that says more than its points. */
struct eng_points_draft {
    int64_t points_e4;
    const struct eng_node *of, *where;
    struct eng_nudge_draft nudge;
};

/* Numbers that have to be above 0 are 0 when not given. */
struct eng_score_draft {
    int64_t scale_e4;
    const struct eng_node *dimensions, *points, *ledger, *decay, *bands, *tiers, *description;
    struct eng_window over;
    struct eng_grace grace;
    int64_t margin_e4, dwell_ms, tell_every_e4;
};

struct eng_decay_draft {
    struct eng_portion step;
    uint32_t every, linear, half_life;
};

struct eng_dimension_draft {
    struct eng_chosen weight, target;
    const struct eng_node *measure, *steps;
    struct eng_nudge_draft nudge;
    int32_t skip;
};

/* Edges of bands: a billion points either way. */
#define ENG_EDGE_MAX_E4 10000000000000LL

struct eng_edge_draft {
    int64_t from_e4, above_e4;
};

struct eng_matrix_draft {
    const struct eng_node *rows, *columns, *cells, *description;
};

struct eng_report_draft {
    const struct eng_node *of, *at, *whom, *description;
    int64_t trend_e4;
    int32_t every;
};

struct eng_moment_draft {
    const struct eng_node *day;
    uint32_t hour;
};

struct eng_test_draft {
    const struct eng_node *measure, *score, *bands;
    int64_t at_least_e4;
    int32_t moved; /* enum eng_moved */
};

struct eng_figure_draft {
    const struct eng_node *count, *share, *of, *sum, *mean, *ratio, *growth, *nps;
};

struct eng_group_draft {
    const struct eng_node *figures, *by, *description;
    int32_t every;
};

struct eng_board_draft {
    const struct eng_node *of, *by, *description;
    int32_t every;
    uint32_t top;
};

struct eng_alert_draft {
    const struct eng_node *score, *falls_to, *rises_to, *near, *silence, *where, *after, *expects;
    const struct eng_node *description, *partners, *salt;
    struct eng_portion drop, hold_out;
    int64_t below_e4, above_e4, by_e4, margin_e4, cooldown_ms;
    uint32_t within, remind, forecast, horizon, typical_gap, min_silence, min_active, risk_e3;
    bool tell_met;
    int32_t hold;
};

struct eng_guard_draft {
    const struct eng_node *silence, *where, *alerts, *description;
    struct eng_portion below;
    uint32_t usual_least, after, settle, at_most; /* 0: after, settle not given */
    int32_t drop;
};

struct eng_budget_draft {
    const struct eng_node *rank, *by, *alerts, *description;
    uint32_t at_most, show;
    int32_t per; /* enum eng_budget_per */
    int32_t lowest;
};

struct eng_check_draft {
    const struct eng_node *unique, *needs, *ratio, *of, *where, *held, *description;
    uint32_t more_than, over; /* 0: not given */
    int64_t above_e4;
    int32_t then;
    bool anywhere;
};

struct eng_held_draft {
    const struct eng_node *until, *dropped_by, *reference, *original;
    uint32_t panes;
    int32_t otherwise;
};

struct eng_quiet_draft {
    uint32_t from, to; /* hours; 0 when not given */
    const struct eng_node *days, *alerts;
};

/* Numbers are 0 when not given. */
struct eng_ledger_draft {
    int64_t cap_e4;
    int32_t per;
    uint32_t expires_after;
};

struct eng_award_draft {
    const struct eng_node *when, *where, *points, *to, *nth, *within, *streak, *description;
    const struct eng_node *pending, *reversed_by, *reverses;
    uint32_t reversible_for;
    int64_t rate_e4;
    bool first;
};

struct eng_nth_draft {
    uint32_t n;
    struct eng_window per;
};

struct eng_pending_draft {
    const struct eng_node *until, *dropped_by, *reference;
    uint32_t panes;
};

struct eng_within_draft {
    uint32_t days;
    const struct eng_node *of;
};

/* Of what a streak has so many: days, or a calendar window. */
enum { ENG_ROW_OF_DAYS = ENG_WINDOW_NONE + 1 };

struct eng_streak_draft {
    uint32_t n;
    int32_t per; /* 0: not given */
};

struct eng_http_draft {
    char *listen, *erase_token;
};

/* A set of actions still to be filled in, once all entries of the model are known. */
struct eng_pending_set {
    struct eng_pending_set *next;
    const struct eng_node *node;       /* one scalar */
    const struct eng_node *where_node; /* NULL: no filter */
    const struct eng_condition *where; /* what it says; NULL: none */
    struct eng_action_set *set;
};

struct eng_load {
    struct eng_source source;
    struct eng_config *config; /* owned until the load succeeds */
    struct eng_model *model;   /* config's */
    struct eng_file_draft file;
    struct eng_time_draft time;
    struct eng_pending_set *pending;
};

/* The end of a message, in the arena: `did you mean "x"?` from the offers, else `otherwise`. */
const char *eng_load_hint(struct eng_load *load, const struct eng_nearest *nearest,
                          const char *otherwise);

/* A copy of a scalar's text, owned by the caller. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_load_copy(struct eng_load *load, const struct eng_node *node, char **ret_text);

/* A zeroed array, owned by the caller; NULL with the error set when out of memory. */
void *eng_load_array(struct eng_load *load, size_t count, size_t size);

/* A section of the file that is a list of things by their names. */
struct eng_things {
    const char *plural;
    const char *limit; /* the name of `most` */
    uint32_t most;
    size_t bytes; /* of one in the model */
    enum eng_status (*load)(struct eng_load *load, const struct eng_node *node); /* one of them */
};

/* Named things of the model, the first member of each its name. */
struct eng_named {
    const char *what; /* "score" */
    const void *first;
    size_t bytes; /* of one */
    uint32_t count;
};

static inline struct eng_named eng_named_scores(const struct eng_model *model)
{
    return (struct eng_named){"score", model->scores, sizeof *model->scores, model->score_count};
}

/* Those of the file. */
static inline struct eng_named eng_named_measures(const struct eng_model *model)
{
    return (struct eng_named){"measure", model->measures, sizeof *model->measures,
                              model->named_measure_count};
}

/* The index of the thing that a node names; the count: there is none of this name. */
uint32_t eng_index_of(const struct eng_node *name, const struct eng_named *named);

/* The index of the thing that a node names; an error says which name was meant, or `otherwise`. */
enum eng_status eng_load_find(struct eng_load *load, const struct eng_node *name,
                              const struct eng_named *named, const char *otherwise,
                              uint16_t *ret_index);

/* Room for the things of the section at a node in the model's array at `array` (the address of a
 * pointer), which is zeroed, and then each of them. NULL: the file has no such section. */
enum eng_status eng_load_things(struct eng_load *load, const struct eng_node *node,
                                const struct eng_things *things, void *array);

/* The same, behind so many that are there already, of another section. */
enum eng_status eng_load_more_things(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_things *things, uint32_t there, void *array);

/* boards.c: the score or the measure that partners are compared by. */
enum eng_status eng_load_ranked_by(struct eng_load *load, const struct eng_node *name,
                                   bool *ret_of_score, uint16_t *ret_subject);

/* groups.c: what partners are told apart by. */
enum eng_status eng_load_split(struct eng_load *load, const struct eng_node *name,
                               struct eng_split *split);

/* By what the partners of a group or board are told apart (groups.c). */
enum eng_status eng_load_splits(struct eng_load *load, const struct eng_node *node,
                                struct eng_group *group);

/* A number of a scalar in units of 10^-decimals, within min and max. `what` names it in errors. */
struct eng_range {
    const char *what;
    unsigned decimals;
    int64_t min, max;
};
enum eng_status eng_load_number(struct eng_load *load, const struct eng_node *node,
                                const struct eng_range *range, int64_t *ret_value);

/* Refuses a name that is no scalar, empty, longer than ENG_NAME_BYTES_MAX or with control
 * characters. */
enum eng_status eng_load_check_name(struct eng_load *load, const struct eng_node *node,
                                    const char *what);

/* actions.c: refuses what is neither an action nor a family nor a list of them. */
enum eng_status eng_load_check_actions(struct eng_load *load, const struct eng_node *node,
                                       const char *what);

/* Actions under a filter. */
struct eng_reference {
    const struct eng_node *actions;
    const struct eng_node *where_node; /* NULL: no filter */
    const struct eng_condition *where; /* the filter, where it stays */
};

/* Enters the actions of a reference that was checked into the model, to be put into *set by
 * eng_load_fill_sets. */
enum eng_status eng_load_add_actions(struct eng_load *load, const struct eng_reference *reference,
                                     struct eng_action_set *set);

/* Tells entries apart by their filters, then fills in all sets; call when every action has been
 * added. ENG_OK, ENG_BAD_CONFIG (too many) or ENG_NO_MEMORY. */
enum eng_status eng_load_fill_sets(struct eng_load *load);

/* True when an action or family as written takes all that an entry takes by its name. */
bool eng_load_covers(const struct eng_node *node, const struct eng_action *entry);

/* filters.c: the index of an attribute, which the model names from here on. */
enum eng_status eng_load_attribute(struct eng_load *load, const struct eng_node *name,
                                   uint16_t *ret_index);

/* numbers.c: the names and paths of numbers, into the config's input; node NULL: there are none. */
enum eng_status eng_load_numbers(struct eng_load *load, const struct eng_node *node);

/* numbers.c: true when a node is `value`, or the name of a number of the file. */
bool eng_load_is_number(const struct eng_load *load, const struct eng_node *name);

/* numbers.c: what a node names beside a key: `value` (0), or a number of the file (1 + its index in
 * the model, which names it from here on). `key` and `rest` make the advice: what is written there,
 * and what belongs beside it. */
enum eng_status eng_load_number_of(struct eng_load *load, const struct eng_node *name,
                                   const char *key, const char *rest, uint8_t *ret_number);

/* A copy that lives as long as the model; NULL with the error set when there is no memory. */
void *eng_load_keep(struct eng_load *load, const void *data, size_t bytes);

/* Reads `where`; node NULL: there is none. */
enum eng_status eng_load_filter(struct eng_load *load, const struct eng_node *node,
                                struct eng_condition *ret_where);

/* Replaces each action's entry by those that its filters tell apart. */
enum eng_status eng_load_tell_apart(struct eng_load *load);

/* measures.c, scores.c, bands.c, matrices.c, reports.c, alerts.c, guards.c, around.c: the parts of
 * the file. Each ENG_OK, ENG_BAD_CONFIG or ENG_NO_MEMORY. */
enum eng_status eng_load_measures(struct eng_load *load);
enum eng_status eng_load_facts(struct eng_load *load); /* facts.c, by eng_load_measures */
enum eng_status eng_load_scores(struct eng_load *load);
enum eng_status eng_load_matrices(struct eng_load *load);
enum eng_status eng_load_reports(struct eng_load *load);
enum eng_status eng_load_groups(struct eng_load *load); /* groups.c */
enum eng_status eng_load_boards(struct eng_load *load); /* boards.c; after groups */
enum eng_status eng_load_alerts(struct eng_load *load);
enum eng_status eng_load_guards(struct eng_load *load);
enum eng_status eng_load_quiets(struct eng_load *load);
enum eng_status eng_load_budgets(struct eng_load *load); /* after quiet times */
enum eng_status eng_load_input(struct eng_load *load);   /* around.c, before all others */
enum eng_status eng_load_around(struct eng_load *load);

/* alerts.c: a score of the file by its name, and a band of it. */
enum eng_status eng_load_find_score(struct eng_load *load, const struct eng_node *name,
                                    uint16_t *ret_index);
enum eng_status eng_load_find_band(struct eng_load *load, const struct eng_node *name,
                                   const struct eng_score *score, uint16_t *ret_index);
/* nudges.c: what may be suggested of the dimension at a node, as far as it can be said before all
 * actions are known; then the rest of it, after eng_load_fill_sets. */
enum eng_status eng_load_nudge(struct eng_load *load, const struct eng_node *node,
                               const struct eng_nudge_draft *draft,
                               struct eng_dimension *dimension);
enum eng_status eng_load_end_nudges(struct eng_load *load);

/* awards.c: the names of ledgers, before measures; awards, behind alerts; what ledgers are counted
 * under, when all sets are filled. */
enum eng_status eng_load_ledgers(struct eng_load *load);
enum eng_status eng_load_awards(struct eng_load *load);
enum eng_status eng_load_end_ledgers(struct eng_load *load);

/* checks.c: behind measures; then, when all sets are filled and late_after is known, how long texts
 * are kept, and refuses a check of what it needs. */
enum eng_status eng_load_checks(struct eng_load *load);
enum eng_status eng_load_end_checks(struct eng_load *load);

/* awards.c: a ledger by its name. */
enum eng_status eng_load_find_ledger(struct eng_load *load, const struct eng_node *name,
                                     uint16_t *ret_index);

/* measures.c: a hidden sum of what is booked in a ledger; *ret_index is its place. */
enum eng_status eng_load_hidden_sum(struct eng_load *load, const struct eng_node *at,
                                    unsigned ledger, const struct eng_window *window,
                                    uint16_t *ret_index);

/* measures.c: a measure of the file by its name; `otherwise` says what to do when there is none. */
enum eng_status eng_load_find_measure(struct eng_load *load, const struct eng_node *name,
                                      const char *otherwise, uint16_t *ret_index);

/* measures.c: a further measure of the model, for what stands at a node. */
enum eng_status eng_load_new_measure(struct eng_load *load, const struct eng_node *at,
                                     struct eng_measure **ret_measure);

/* facts.c: a fact by its name, and the option that a name such as tier.gold asks for, counted from
 * 1; 0: it asks for none. */
enum eng_status eng_load_find_fact(struct eng_load *load, const struct eng_node *name,
                                   uint16_t *ret_fact, uint16_t *ret_option);

/* facts.c: fills in a measure that reads a fact. */
enum eng_status eng_load_reading(struct eng_load *load, const struct eng_node *name,
                                 struct eng_measure *measure);

/* facts.c: the numbers that some partners have by their facts; `range` names and bounds them. */
enum eng_status eng_load_cases(struct eng_load *load, const struct eng_chosen *chosen,
                               const struct eng_range *range, struct eng_cases *ret_cases);

/* facts.c: the partners that an alert is for; node NULL: for all. */
enum eng_status eng_load_limits(struct eng_load *load, const struct eng_node *node,
                                struct eng_alert *alert);

/* facts.c: refuses a fact that an action both sets and clears. After eng_load_fill_sets. */
enum eng_status eng_load_check_facts(struct eng_load *load);

/* measures.c: refuses a state whose begin and end share an action. After eng_load_fill_sets. */
enum eng_status eng_load_check_states(struct eng_load *load);

/* alerts.c: refuses a deadline that an action both begins and meets. After eng_load_fill_sets. */
enum eng_status eng_load_check_deadlines(struct eng_load *load);

/* guards.c: adds the alerts that a list names to `alerts`, a bit each; NULL: it names none. All
 * alerts that there are. */
enum eng_status eng_load_alert_names(struct eng_load *load, const struct eng_node *list,
                                     uint32_t *alerts);
uint32_t eng_load_all_alerts(const struct eng_load *load);

/* quiets.c: is it quiet for some of these alerts at any hour of the week? */
bool eng_load_is_always_quiet(const struct eng_load *load, uint32_t alerts);

/* guards.c: the alerts of those guards of which the file does not say. After eng_load_fill_sets. */
enum eng_status eng_load_choose_guarded(struct eng_load *load);

/* A hidden count for a points key, of actions under a filter (nodes, NULL: none); *ret_index is its
 * place in model->measures. */
enum eng_status eng_load_hidden_count(struct eng_load *load, const struct eng_points_draft *draft,
                                      const struct eng_window *window, uint16_t *ret_index);

/* bands.c: reads the bands of a score and refuses those that its values cannot reach. */
struct eng_span {
    int64_t min_e4, max_e4; /* least and greatest value of the score */
};
enum eng_status eng_load_bands(struct eng_load *load, const struct eng_node *node,
                               struct eng_score *score);
enum eng_status eng_load_check_bands(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_score *score, struct eng_span span);

/* Whether an evaluation can begin in a higher band of the score and end in this one. */
bool eng_score_can_fall_to(const struct eng_score *score, struct eng_span span, uint32_t band);

/* The same from a lower band. */
bool eng_score_can_rise_to(const struct eng_score *score, struct eng_span span, uint32_t band);

/* scores.c: least and greatest value, and whether a value can ever be followed by a smaller one. */
struct eng_span eng_score_span(const struct eng_score *score);
bool eng_score_can_fall(const struct eng_model *model, const struct eng_score *score);

/* expand.c: the text of a scalar with ${env:NAME} and ${file:PATH} filled in, owned by the caller;
 * whether there was any. ENG_OK, ENG_BAD_CONFIG or ENG_NO_MEMORY. */
enum eng_status eng_load_expand(struct eng_load *load, const struct eng_node *node, char **ret_text,
                                bool *ret_filled);

/* properties.c: librdkafka properties that are not passed through, up to one without a name. */
struct eng_refusal {
    const char *name;
    const char *allowed; /* values that are fine all the same, one space between; NULL: none */
    const char *reason;
};
extern const struct eng_refusal eng_refusals[];

/* A mapping of librdkafka properties. */
enum eng_status eng_load_properties(struct eng_load *load, const struct eng_node *node,
                                    struct eng_properties *properties);

/* Whether a property's value must never be shown, wherever it comes from. */
bool eng_property_is_secret(const char *name);

/* keep.c: the sections of the file that the model is loaded from, in their order; NULL ends them.
 */
extern const char *const eng_model_sections[];

/* keep.c: the text of the model alone, into config->model_text. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_load_keep_text(struct eng_load *load, const struct eng_node *root);

/* entries.c: the keys of the file, into config->entries. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_load_keep_entries(struct eng_load *load, const struct eng_node *root);

/* lint.c: adds what is allowed but seldom meant to config->warnings. */
enum eng_status eng_load_lint(struct eng_load *load);

#endif
