/* The compiled model: what src/model makes of a configuration, and all that the engine knows of it.
 *
 * Plain data, immutable after loading. All numbers with decimals are integers in 1/10,000 (`_e4`).
 * Actions: every distinct action name or family (`a.*`) written anywhere in the file is an entry of
 * `actions`. An event's action belongs to the entry with exactly its name, else to the longest
 * family that it begins with, else to none (filtered). Sets of actions are bit sets over entries:
 * `count: ["training.*"]` has the bits of the family and of every exact entry and longer family
 * below it, so counts kept per entry answer every question. An action that is referred to under
 * filters has several entries, one behind the other (condition.h). */
#ifndef ENG_ENGINE_MODEL_H
#define ENG_ENGINE_MODEL_H

#include "base/limits.h"
#include "base/memory.h"
#include "engine/calendar.h"
#include "engine/condition.h"
#include <engaged/event.h>
#include <engaged/model.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ENG_ACTION_NONE 0xFFFFu

struct eng_action_set {
    uint64_t bits[(ENG_ACTIONS_MAX + 63) / 64];
};

struct eng_action {
    char *text;                 /* the name, or the family without its trailing "*" ("training.") */
    uint32_t length;            /* of text */
    bool family;                /* matches every action that begins with text */
    struct eng_condition where; /* under which an event belongs here */
    uint16_t variant_count;     /* of the first entry of an action: how many it has */
};

/* An entry that no event belongs to, but the bookings of a ledger: its text begins with a byte that
 * no action of a file has. */
#define ENG_LEDGER_MARK '\1'

static inline bool eng_action_is_ledger(const struct eng_action *entry)
{
    return entry->text[0] == ENG_LEDGER_MARK;
}

enum eng_measure_kind {
    ENG_COUNT,   /* how many */
    ENG_SUM,     /* sum of values */
    ENG_ACTIVE,  /* panes with at least one */
    ENG_MEMBERS, /* distinct members */
    ENG_LAST,    /* newest value by event time */
    ENG_STREAK,  /* panes in a row up to the current or the previous one */
    ENG_STATE,   /* 1 from `actions`, 0 from `until` */
    ENG_RATIO,   /* one measure by another, or less another */
    ENG_SINCE,   /* panes since the newest one */
    ENG_FACT,    /* keeps a fact: what the newest event that has a say says */
    ENG_READING, /* a fact as a number */
};

/* What a fact is taken from, when it is not an attribute: the event's value, or a number of it. */
enum { ENG_FROM_VALUE = 0xFFFF };

/* What is kept of a partner besides counts, by the hidden measure `measure`: its `actions` set it,
 * those of `until` clear it. */
struct eng_fact {
    char *name;
    enum eng_fact_kind kind;
    uint16_t measure;
    uint16_t attribute; /* CHOICE, NUMBER, TEXT: what it is taken from */
    uint8_t number;     /* ENG_FROM_VALUE: 1 + the number that it is; 0: the value */
    uint8_t text_bytes; /* TEXT: the most that it has */
    bool tell;          /* it goes out with all that is told of a partner */
    int64_t valid_ms;   /* it ends at the first boundary so long after its event; 0: it does not */
    uint32_t option_count;           /* CHOICE */
    const struct eng_slice *options; /* in file order, each once */
};

struct eng_measure {
    char *name; /* NULL for the hidden count of a points key */
    enum eng_measure_kind kind;
    enum eng_window_kind window;
    uint32_t panes; /* ROLLING only */
    uint32_t ago;   /* ROLLING only: so many panes newer than the window; 0: none */
    struct eng_action_set actions;
    struct eng_action_set until; /* STATE, FACT */
    uint16_t parts[2]; /* RATIO: the measures that are divided, one by the other; no ratios.
                        * READING: the measure that keeps the fact, and 0 */
    uint16_t fact;     /* FACT, READING: its index */
    uint16_t option;   /* READING of a CHOICE: 1 while it is this option, counted from 1; 0: the
                        * option's number */
    bool difference;   /* RATIO only: one less the other instead */
    bool inner;        /* what a ledger keeps for itself: no event is less late for it */
    uint8_t ledger;    /* 1 + the ledger that it asks; 0: it asks events */
    uint8_t number;    /* SUM, LAST: 1 + the number of events that it is of; 0: their value */
    uint8_t attribute; /* MEMBERS: 1 + the attribute whose texts are told apart; 0: members */
    struct eng_condition where; /* its filter; the sets hold what fulfils it */
};

/* A point of `steps`, x in measure units, y in 0..1. */
struct eng_step {
    int64_t x_e4, y_e4;
};

/* A number that partners have of whom a fact says something: a flag that is set (option 1), or that
 * it is this option, counted from 1. */
struct eng_case {
    uint16_t fact, option;
    int64_t number_e4;
};

/* The first that holds counts. */
struct eng_cases {
    uint32_t count;
    struct eng_case *items;
};

/* One summand of a score. Weighted: clamp(measure / target, 0, 1) or steps, times weight. Points:
 * count of `measure` (a hidden count) times points_e4. */
struct eng_dimension {
    char *name;       /* the dimension's name, or the points key as written */
    uint16_t measure; /* index into measures */
    bool skip;        /* missing: skip */
    int64_t weight_e4;
    int64_t target_e4;                 /* 0 when steps are used */
    struct eng_cases weights, targets; /* instead of the two, for some partners */
    uint32_t step_count;
    struct eng_step *steps;
    int64_t points_e4;
    /* What may be suggested (nudge.c): */
    int64_t effort_e4; /* that one more action is, against others; 0: it is not suggested */
    int64_t each_e4;   /* of a SUM: the value of that action */
    char *action;      /* its name */
    uint16_t nudged;   /* its entry */
    uint32_t touches;  /* a bit for each dimension of the score that it changes */
};

struct eng_band {
    char *name;
    int64_t edge_e4; /* the lowest band's edge bounds nothing */
    bool above;      /* edge is exclusive (`above`), else inclusive (`from`) */
};

enum eng_decay_kind {
    ENG_DECAY_NONE,
    ENG_DECAY_STEP,   /* a share of what is left goes after each so many panes */
    ENG_DECAY_LINEAR, /* nothing is left after so many */
    ENG_DECAY_HALF,   /* half is left after so many, in a straight line between */
};

/* How points get less with the panes since their action. */
struct eng_decay {
    enum eng_decay_kind kind;
    uint32_t panes;
    uint32_t share_e4; /* STEP: what goes, 10,000 being all */
};

struct eng_score {
    char *name;
    char *description;      /* for outputs; NULL: none */
    bool points;            /* a points score, else weighted */
    bool nudges;            /* some of its dimensions may be suggested */
    struct eng_decay decay; /* of a points score */
    int64_t scale_e4;       /* weighted: the greatest value */
    uint32_t dimension_count;
    struct eng_dimension *dimensions;
    int64_t weight_sum_e4;  /* W with nothing skipped */
    uint32_t band_count;    /* at least 1 */
    struct eng_band *bands; /* ascending */
    int64_t margin_e4;
    int64_t dwell_ms;
    int64_t tell_every_e4; /* 0: never */
    /* Bands that are tiers (tier.c): of points over this period; kept after it to the end of the
     * next one, or so many panes. */
    uint8_t moves; /* with groups that count moves: their `every`, WEEK .. YEAR; else 0 */
    bool tiers, grace_period;
    uint32_t grace_panes;
    enum eng_window_kind period;
    /* For `provisional`: the longest calendar window of its measures, else ROLLING, else NONE; and
     * the longest reach of a rolling one in panes, 0 when there is none. The longer of the two
     * counts. */
    enum eng_window_kind provisional_window;
    uint32_t provisional_panes;
};

/* What a fact has to say of the partners that an alert is for. */
struct eng_limit {
    uint16_t fact;
    uint64_t options; /* a bit for each option that will do, 1 being a flag that is set; bit 0: that
                       * there is none, or that it was cleared */
};

enum eng_alert_kind {
    ENG_FALLS_TO, /* into a band from a higher one */
    ENG_DROP,     /* far below the best value of a time */
    ENG_SILENCE,  /* no action, by the partner's own rhythm */
    ENG_RISES_TO, /* into a band from a lower one */
    ENG_BELOW,    /* below a value */
    ENG_ABOVE,    /* above a value */
    ENG_DEADLINE, /* an action that has not come within a time after another */
    ENG_NEAR,     /* a little below a higher band */
    ENG_ALERT_KINDS
};

struct eng_alert {
    char *name;
    char *description; /* for outputs; NULL: none */
    enum eng_alert_kind kind;
    uint16_t score;         /* of those on scores, and of a silence that looks ahead */
    uint16_t band;          /* FALLS_TO, RISES_TO, NEAR: the higher one */
    int64_t drop_e4;        /* DROP; 0: it is the share */
    uint32_t drop_share_e4; /* DROP: of the baseline, 10,000 being all of it; 0: it is drop_e4 */
    uint32_t within;        /* DROP, DEADLINE, panes */
    uint32_t forecast;      /* panes that it looks ahead for a fall of its score; 0: it does not */
    int64_t edge_e4;        /* BELOW: holds under it; ABOVE, NEAR: holds from it on */
    int64_t margin_e4;      /* BELOW, ABOVE, NEAR: resolved so far behind the edge */
    bool hold;              /* not opened while its score is provisional */
    bool nudges;            /* an opening suggests what would raise its score */
    uint32_t hold_out_e4;   /* part of the partners that is told as held out (control.h); 0: none */
    char *salt;             /* by which they are chosen; NULL: the name */
    uint32_t limit_count;   /* not opened unless all of these hold */
    struct eng_limit *limits;
    int64_t cooldown_ms;
    struct eng_action_set actions; /* SILENCE; DEADLINE: what is expected */
    struct eng_condition where;    /* of these: the filter */
    struct eng_action_set anchors; /* DEADLINE: after the first of these */
    uint32_t remind;               /* DEADLINE: opened so many panes before the time is over */
    bool tell_met;                 /* DEADLINE: what comes in time is told too */
    uint32_t horizon, typical_gap, min_silence,
        min_active;   /* SILENCE; panes, panes, panes, count */
    uint32_t risk_e3; /* SILENCE, 1..1000 */
};

/* The bands of two scores crossed: a named cell for each pair. Cells of the same name are one. */
struct eng_matrix {
    char *name;
    char *description;                /* for outputs; NULL: none */
    uint16_t rows, columns;           /* scores */
    uint16_t row_count, column_count; /* bands of them */
    uint16_t cell_count;              /* different names */
    char **cells;                     /* the names */
    uint8_t *cell_of;                 /* [row][column]: index of its name */
};

/* A report card for each partner at a moment of every period. */
struct eng_report {
    char *name;
    char *description;          /* for outputs; NULL: none */
    enum eng_window_kind every; /* WEEK .. YEAR */
    uint8_t day, hour;          /* of the period, 1 being the first day and 0 the last; local */
    uint16_t score_count;
    uint16_t *scores;
    uint32_t bands;   /* for whom: a bit for each band of the first score; 0: everybody */
    int64_t trend_e4; /* a score that is so far from that of the last card has a trend; 0: none is
                       * told */
};

/* A watch over what comes from everybody (guard.h). */
struct eng_guard {
    char *name;
    char *description;             /* for outputs; NULL: none */
    bool everything;               /* all events that are counted, else those of `actions` */
    struct eng_action_set actions; /* with `where` */
    struct eng_condition where;
    uint32_t share_e4;    /* a pane is quiet with less than this part of what is usual */
    uint32_t usual_least; /* panes in which less is usual say nothing */
    uint32_t after;       /* quiet panes in a row until it holds; at least 1 */
    uint32_t settle;      /* panes in a row that are not quiet until it ends; at least 1 */
    uint32_t at_most;     /* panes after which it gives up */
    bool drop;            /* what it held is not told when it ends */
    uint32_t alerts;      /* a bit for each alert that it holds */
};

/* Times of the week in which alerts are held (quiet.h). */
struct eng_quiet {
    char *name;
    uint32_t hours;  /* a bit for each hour of the day, by the clocks of the zone */
    uint32_t days;   /* a bit for each day of the week, from Monday on, that is quiet as a whole */
    uint32_t alerts; /* a bit for each alert that it holds */
};

/* Where a partner's band is, compared with where it was when the group's period began. */
enum eng_moved { ENG_MOVED_ANY, ENG_MOVED_UP, ENG_MOVED_DOWN };

/* Whom a figure counts: partners with a measure of so much, in some bands of a score, or in a
 * higher or lower one than when the period began. */
struct eng_test {
    bool by_bands;
    uint16_t subject;     /* the measure, or the score */
    int64_t at_least_e4;  /* of the measure; less, or nothing there: it does not hold */
    uint32_t bands;       /* of the score: a bit each */
    enum eng_moved moved; /* else: in which direction */
};

enum eng_figure_kind {
    ENG_FIGURE_COUNT,  /* partners for whom `test` holds */
    ENG_FIGURE_SHARE,  /* of those for whom `of` holds, the share for whom `test` holds too */
    ENG_FIGURE_SUM,    /* of a measure */
    ENG_FIGURE_MEAN,   /* of a measure, over those who have it */
    ENG_FIGURE_RATIO,  /* the sum of one measure by the sum of another */
    ENG_FIGURE_GROWTH, /* how much the first sum is more than the second, as a share of that */
    ENG_FIGURE_NPS,    /* per cent of 9 and more, less per cent of 6 and less */
    ENG_FIGURE_KINDS
};

struct eng_figure {
    char *name;
    enum eng_figure_kind kind;
    struct eng_test test; /* COUNT, SHARE */
    struct eng_test of;   /* SHARE, unless it is of everybody */
    bool of_all;
    uint16_t measures[2]; /* of the other kinds; the second of RATIO and GROWTH */
};

/* What the partners of a group are told apart by. */
struct eng_split {
    char *name; /* of the fact or score */
    bool by_bands;
    uint16_t subject; /* the fact, a flag or a choice; or the score */
};

enum eng_budget_per { ENG_PER_HOUR, ENG_PER_DAY, ENG_PER_WEEK };

/* So many openings of some alerts are told in a period, those that rank first (budget.h). */
struct eng_budget {
    char *name;
    char *description; /* for outputs; NULL: none */
    uint32_t alerts;   /* a bit each; no alert is in two budgets */
    uint16_t at_most;  /* in each segment */
    uint16_t show;     /* so many of those that are left out stand in the digest */
    enum eng_budget_per per;
    bool lowest;            /* the least value ranks first */
    bool of_score;          /* ranked by a score, else by a measure */
    uint16_t subject;       /* which one */
    bool is_split;          /* by */
    struct eng_split split; /* this */
};

/* Figures of all partners together at the end of every period, and of segments of them. Or, with
 * `top`, a board: those who have most of something then. */
struct eng_group {
    char *name;
    char *description;                  /* for outputs; NULL: none */
    enum eng_window_kind every;         /* WEEK .. YEAR */
    uint16_t top;                       /* a board has so many places; 0: it is none */
    bool of_score;                      /* a board: of a score, else of a measure */
    uint16_t subject;                   /* a board: of which one */
    uint16_t figure_count, split_count; /* a board has no figures */
    struct eng_figure *figures;
    struct eng_split *splits;
};

/* Points of one kind. What is booked is counted as an action of its own, under an entry and by a
 * value, so that windows, expiry and changes of the model are those of any measure. */
struct eng_ledger {
    char *name;
    int64_t cap_e4;           /* the most that is booked in one period; 0: there is no such most */
    enum eng_window_kind per; /* with a cap: WEEK, MONTH, QUARTER */
    uint32_t expires_after;   /* panes that a booking counts in the balance; 0: for ever */
    uint16_t entry;           /* of actions: what is booked */
    uint16_t earned, balance; /* hidden measures: over life, and what has not expired */
};

/* What actions are paid for. */
struct eng_award {
    char *name;
    char *description; /* for outputs; NULL: none */
    struct eng_action_set actions;
    struct eng_condition where;      /* its filter; the set holds what fulfils it */
    int64_t points_e4;               /* 0: by what the event has */
    int64_t rate_e4;                 /* then: points for each 1 of it, */
    uint8_t number;                  /* of 1 + this number; 0: of its value */
    uint32_t ledgers;                /* a bit each */
    bool first;                      /* once for each partner */
    uint32_t nth;                    /* the nth in a window; 0: any */
    enum eng_window_kind nth_window; /* ROLLING or a calendar one */
    uint32_t nth_panes;              /* ROLLING */
    struct eng_action_set anchors;   /* only after one of these, */
    uint32_t within;                 /* up to so many panes after its own; 0: whenever */
    uint32_t streak;                 /* with so many panes or periods in a row; 0: whenever */
    enum eng_window_kind streak_of;  /* ROLLING: panes; or calendar periods */
    uint32_t pending_for;            /* panes that it waits to be approved; 0: it is paid at once */
    struct eng_action_set approves, drops; /* then: what decides */
    uint16_t reference;                    /* by this attribute of both */
    uint32_t reversible_for;               /* panes that a booking may be undone; 0: it never is */
    struct eng_action_set reverses;        /* then: what does */
    uint16_t original; /* by this attribute: the id of the event that was paid */
};

enum eng_check_kind {
    ENG_UNIQUE,    /* the same text of an attribute twice */
    ENG_MORE_THAN, /* too many in a window */
    ENG_NEEDS,     /* without another action before it */
    ENG_OUTLIER,   /* one measure is too much of another */
    ENG_CHECK_KINDS
};

/* What makes an event suspicious, looked at before it is counted (inspect.h). */
struct eng_check {
    char *name;
    char *description; /* for outputs; NULL: none */
    enum eng_check_kind kind;
    struct eng_action_set actions;
    struct eng_condition where; /* its filter; the set holds what fulfils it */
    bool leave_out;             /* what it finds is not counted, else only told */
    bool hold;                  /* what it finds waits for a decision: */
    bool releases_at_end;       /* without one it is released, else discarded */
    bool by_id;                 /* `reference` of the decision has the id of the event, else it has
                                 * the same text in both */
    uint16_t reference;         /* attribute */
    uint32_t held_for;          /* panes, from that on in which the event came */
    struct eng_action_set releases, discards; /* decisions */
    bool anywhere;      /* UNIQUE: at other partners too, which is told when a pane is over */
    uint32_t over;      /* panes up to the event's own; OUTLIER: 0 */
    uint16_t attribute; /* UNIQUE */
    uint16_t numbers;   /* UNIQUE: the hidden measure that keeps texts (as hashes) */
    uint32_t most;      /* MORE_THAN */
    struct eng_action_set needs; /* NEEDS */
    uint16_t measures[2];        /* OUTLIER: counts or sums */
    int64_t above_e4;            /* OUTLIER: the first by the second may be as much as this */
};

struct eng_model {
    char *program;
    uint32_t version;
    char *zone; /* its name */
    enum eng_pane_unit pane_unit;
    struct eng_calendar *calendar; /* owned */
    uint32_t late_after;           /* panes, >= 1 */
    uint32_t dedup;                /* panes; 0: off */
    uint32_t action_count, measure_count, score_count, alert_count, fact_count;
    uint32_t ledger_count, award_count;
    struct eng_action *actions;
    struct eng_fact *facts;
    struct eng_measure *measures; /* those of the file in file order, then hidden ones */
    uint32_t named_measure_count;
    char **attributes; /* those of events that the file names; owned */
    uint32_t attribute_count;
    uint32_t number_count;
    char **numbers; /* those of events that something is of, besides the value; owned */
    struct eng_arena conditions; /* holds clauses and values of all conditions, options of facts */
    struct eng_score *scores;
    struct eng_alert *alerts;
    struct eng_matrix *matrices;
    struct eng_report *reports;
    struct eng_group *groups;
    uint32_t matrix_count, report_count;
    uint32_t group_count, board_count; /* groups, and behind them those of them that are boards */
    struct eng_guard *guards;
    uint32_t guard_count;
    struct eng_quiet *quiets;
    uint32_t quiet_count;
    struct eng_budget *budgets;
    uint32_t budget_count;
    uint32_t budgeted; /* alerts (a bit each) that are in a budget */
    struct eng_ledger *ledgers;
    struct eng_award *awards;
    struct eng_check *checks;
    uint32_t check_count;
    bool sights; /* some check looks anywhere */
};

/* How long a pane is by its name: a day of 24 hours, whatever the clocks do, or an hour. */
static inline int64_t eng_pane_ms(const struct eng_model *model)
{
    return model->pane_unit == ENG_PANE_HOUR ? 3600000 : 86400000;
}

/* How many contributions the section of a score has in a report card, and how many the whole
 * effect (effect.h). */
static inline uint32_t eng_section_contributions(const struct eng_score *score)
{
    return 2 + 2 * score->dimension_count + (score->nudges ? 2 : 0);
}

static inline uint32_t eng_report_contributions(const struct eng_model *model, unsigned report)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < model->reports[report].score_count; i++)
        count += eng_section_contributions(&model->scores[model->reports[report].scores[i]]);
    return count;
}

/* How many segments a split has: those of whom nothing is known (of a flag or a score nobody), then
 * each option of a fact, a flag that is not set and one that is, or each band. */
static inline uint32_t eng_split_segments(const struct eng_model *model,
                                          const struct eng_split *split)
{
    if (split->by_bands)
        return 1 + model->scores[split->subject].band_count;
    const struct eng_fact *fact = &model->facts[split->subject];
    return fact->kind == ENG_FACT_FLAG ? 3 : 1 + fact->option_count;
}

/* The same of a group, with the one that everybody is in. */
static inline uint32_t eng_group_segments(const struct eng_model *model,
                                          const struct eng_group *group)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < group->split_count; i++)
        count += eng_split_segments(model, &group->splits[i]);
    return count;
}

/* Where the boards begin among the groups. */
static inline uint32_t eng_boards_first(const struct eng_model *model)
{
    return model->group_count - model->board_count;
}

/* The segments of a budget. */
static inline uint32_t eng_budget_segments(const struct eng_model *model,
                                           const struct eng_budget *budget)
{
    return budget->is_split ? eng_split_segments(model, &budget->split) : 1;
}

/* The first pane after `pane` at which a report is made. */
static inline int32_t eng_report_next(const struct eng_model *model,
                                      const struct eng_report *report, int64_t pane)
{
    const struct eng_calendar *calendar = model->calendar;
    int64_t next = eng_calendar_moment(calendar, report->every, pane, report->day, report->hour);
    if (next <= pane) {
        pane = eng_calendar_period_next(calendar, report->every, pane);
        next = eng_calendar_moment(calendar, report->every, pane, report->day, report->hour);
    }
    return (int32_t)next;
}

/* The name of the cell in which two bands meet, as an index into `cells`. */
static inline unsigned eng_matrix_cell(const struct eng_matrix *matrix, unsigned row,
                                       unsigned column)
{
    return matrix->cell_of[row * matrix->column_count + column];
}

static inline bool eng_alert_is_scored(const struct eng_alert *alert)
{
    return alert->kind != ENG_SILENCE && alert->kind != ENG_DEADLINE;
}

/* The least value with which a band is entered from the one below it. */
static inline int64_t eng_score_entry_e4(const struct eng_score *score, unsigned band)
{
    return score->bands[band].edge_e4 + score->margin_e4 + score->bands[band].above;
}

/* True for alerts that look at the score's value. */
static inline bool eng_alert_has_edge(const struct eng_alert *alert)
{
    return alert->kind == ENG_BELOW || alert->kind == ENG_ABOVE || alert->kind == ENG_NEAR;
}

/* Whether the condition of such an alert holds at a value, and whether it has ended; of a NEAR one
 * as long as the score is in a lower band. */
static inline bool eng_alert_holds(const struct eng_alert *alert, int64_t value_e4)
{
    return alert->kind == ENG_BELOW ? value_e4 < alert->edge_e4 : value_e4 >= alert->edge_e4;
}

static inline bool eng_alert_has_ended(const struct eng_alert *alert, int64_t value_e4)
{
    return alert->kind == ENG_BELOW ? value_e4 >= alert->edge_e4 + alert->margin_e4
                                    : value_e4 < alert->edge_e4 - alert->margin_e4;
}

static inline bool eng_action_set_has(const struct eng_action_set *set, unsigned action)
{
    return (set->bits[action >> 6] >> (action & 63)) & 1;
}

/* True when two measures of two models are of the value, or of the number with the same name. */
static inline bool eng_measure_same_number(const struct eng_model *model_of_one,
                                           const struct eng_measure *one,
                                           const struct eng_model *model_of_two,
                                           const struct eng_measure *two)
{
    if (one->number == 0 || two->number == 0)
        return one->number == two->number;
    return strcmp(model_of_one->numbers[one->number - 1], model_of_two->numbers[two->number - 1]) ==
           0;
}

/* True when two MEMBERS measures of two models tell members apart, or texts of attributes with the
 * same name. */
static inline bool eng_measure_same_attribute(const struct eng_model *model_of_one,
                                              const struct eng_measure *one,
                                              const struct eng_model *model_of_two,
                                              const struct eng_measure *two)
{
    if (one->attribute == 0 || two->attribute == 0)
        return one->attribute == two->attribute;
    return strcmp(model_of_one->attributes[one->attribute - 1],
                  model_of_two->attributes[two->attribute - 1]) == 0;
}

/* True for awards of which something is kept until it has been settled. */
static inline bool eng_award_is_settled(const struct eng_award *award)
{
    return award->pending_for > 0 || award->reversible_for > 0;
}

/* True for awards that are not paid again at once, so that it is noted when they were. */
static inline bool eng_award_is_noted(const struct eng_award *award)
{
    return award->first || (award->nth > 0 && award->nth_window == ENG_WINDOW_ROLLING);
}

/* The panes that a rolling window reaches back. */
static inline uint32_t eng_measure_reach(const struct eng_measure *measure)
{
    return measure->panes + measure->ago;
}

/* True when a measure is made of others, and nothing is kept for it. */
static inline bool eng_measure_is_made(const struct eng_measure *measure)
{
    return measure->kind == ENG_RATIO || measure->kind == ENG_READING;
}

/* The measure that keeps what another one shows: the fact's of a reading, else itself. */
static inline uint16_t eng_measure_keeper(const struct eng_model *model, unsigned measure)
{
    const struct eng_measure *about = &model->measures[measure];
    return about->kind == ENG_READING ? about->parts[0] : (uint16_t)measure;
}

/* True when the value of a measure follows from that of `other`: it is the same, or made of it. */
static inline bool eng_measure_rests_on(const struct eng_model *model, unsigned measure,
                                        unsigned other)
{
    const struct eng_measure *ratio = &model->measures[measure];
    if (measure == other || eng_measure_keeper(model, measure) == other)
        return true;
    return ratio->kind == ENG_RATIO && (ratio->parts[0] == other || ratio->parts[1] == other ||
                                        eng_measure_keeper(model, ratio->parts[0]) == other ||
                                        eng_measure_keeper(model, ratio->parts[1]) == other);
}

/* True when a weight or target of the dimension hangs on the fact. */
static inline bool eng_dimension_asks(const struct eng_dimension *dimension, unsigned fact)
{
    const struct eng_cases *all[] = {&dimension->weights, &dimension->targets};
    for (int i = 0; i < 2; i++)
        for (uint32_t j = 0; j < all[i]->count; j++)
            if (all[i]->items[j].fact == fact)
                return true;
    return false;
}

/* True when two entries are of the same name, or the same family. */
static inline bool eng_action_is_same(const struct eng_action *one, const struct eng_action *two)
{
    return one->family == two->family && one->length == two->length &&
           memcmp(one->text, two->text, one->length) == 0;
}

/* True when some check holds what it finds. */
static inline bool eng_model_holds(const struct eng_model *model)
{
    bool holds = false;
    for (uint32_t i = 0; i < model->check_count; i++)
        holds |= model->checks[i].hold;
    return holds;
}

/* The entry an action belongs to by its name, the first of them when it has several, or
 * ENG_ACTION_NONE. Pure; cost: a hash look-up in a small cache is the caller's. */
uint16_t eng_model_action(const struct eng_model *model, struct eng_slice action);

#endif
