/* The inside of an engine, shared by the files of this room only.
 *
 * An input (event or tick) is worked off in this order (engine.c):
 *
 *   clock past a boundary?  boundary.c: marks who is due in the wheel's bucket, visits them in the
 *                           order of the table: expire.c lets panes leave, evaluate.c and alert.c
 *                           tell what changed, slack.c says when to look again
 *   event                   expire.c: what has left since the partner was looked at last
 *                           inspect.c says whether it is left out or held
 *                           swift.c counts it, or count.c; evaluate.c and alert.c tell what changed
 */
#ifndef ENG_ENGINE_INTERNAL_H
#define ENG_ENGINE_INTERNAL_H

#include "engine/budget.h"
#include "engine/changes.h"
#include "engine/guard.h"
#include "engine/hash.h"
#include "engine/known.h"
#include "engine/outlook.h"
#include "engine/score.h"
#include "engine/silence.h"
#include "engine/store.h"
#include "engine/walk.h"
#include "engine/wheel.h"
#include <engaged/checkpoint.h>

/* A visit that is due this soon is worth working out anew when an event has put it off. */
enum { ENG_IMMINENT_PANES = 3 };

enum { ENG_PERIODS = 4, ENG_ACTION_CACHE = 256, ENG_ACTION_CACHE_BYTES = 44 };

/* Where the clock is. */
struct eng_moment {
    int64_t clock_ms;       /* -1: no event yet */
    int64_t start_ms;       /* first instant of the pane */
    int64_t end_ms;         /* first instant of the next pane */
    int64_t late_before_ms; /* an older event is late (S4) */
    int32_t pane;
    int32_t period_first[ENG_PERIODS]; /* by window kind - ENG_WINDOW_WEEK */
    int32_t period_next[ENG_PERIODS];
    int32_t report_next[ENG_REPORTS_MAX]; /* the first pane after this one with a report */
    uint32_t reports_now;                 /* a bit for each report that is made at this pane */
};

/* Work at a boundary that may be spread over several calls. */
struct eng_boundary {
    bool working;
    int64_t target_ms; /* the time that the input moves the clock to; -1: none in work */
    int64_t before_ms; /* the clock before that input */
    uint32_t summed;   /* partners (their numbers) that groups have been summed over before the next
                        * boundary */
    bool sums_ready;   /* all have */
};

/* A change of model that is being worked off. */
struct eng_activation {
    bool working;
    bool silent;                    /* what it changes is not told */
    const struct eng_model *before; /* the model and layout of those who are yet to be visited */
    struct eng_layout *layout_before;
    struct eng_carry *carry;
};

struct eng_action_cached {
    uint64_t first, last; /* its first and last eight bytes */
    uint16_t action;
    uint8_t length; /* 0: free */
    char text[ENG_ACTION_CACHE_BYTES];
};

/* What is known of the scores of the partner in hand, kept here so that nothing is allocated. */
struct eng_scratch {
    int64_t value[ENG_SCORES_MAX];        /* now */
    int64_t value_before[ENG_SCORES_MAX]; /* at the last evaluation */
    uint8_t band_before[ENG_SCORES_MAX], band_after[ENG_SCORES_MAX];
    bool ever_positive[ENG_SCORES_MAX]; /* an earlier evaluation gave a value above 0 */
    /* By dimension, of the scores in `filled`: now, and last told before this evaluation. */
    int64_t contribution[ENG_SCORES_MAX][ENG_DIMENSIONS_MAX];
    int64_t told[ENG_SCORES_MAX][ENG_DIMENSIONS_MAX];
    uint32_t stale;  /* scores (a bit each) whose value has to be computed anew */
    uint32_t filled; /* scores whose contributions have been computed */
    /* By alert, of those in `foreseen`: its score does not fall before this boundary by itself. */
    int32_t holds_until[ENG_ALERTS_MAX];
    uint32_t foreseen;
    uint32_t resumed; /* alerts (a bit each): silences whose partner has just acted in a newer pane,
                         deadlines that have just been met */
    uint32_t said;    /* facts (a bit each) that have changed since the partner was taken */
};

struct eng_restore;
struct eng_forecast;

struct eng_engine {
    const struct eng_model *model;
    struct eng_layout *layout;
    struct eng_store store;
    struct eng_wheel wheel;
    struct eng_moment now;
    struct eng_boundary boundary;
    struct eng_activation activation;
    struct eng_walk walk;   /* of the boundary or activation in work */
    struct eng_known known; /* what counts can answer after changes of the model */
    struct eng_record hand; /* the partner that is being changed */
    struct eng_scratch scratch;
    struct eng_counters counters;
    struct eng_changes changes;
    struct eng_restore *restore;   /* NULL: it is not being restored */
    struct eng_forecast *forecast; /* NULL: nothing has been forecast under this model */
    struct eng_outlook *outlook;   /* NULL: no alert asks when a score will fall */
    struct eng_budgets *budgets;   /* NULL: there are none */
    bool alone;                    /* a copy for forecasts of one partner: groups are not told */
    struct eng_guards *guards;     /* NULL: there are none, and nothing that one has held */
    bool notes_visits;             /* who is visited at a boundary counts as changed */
    uint32_t step_evaluations, evaluations_left;
    struct eng_silence_memo *silences;
    uint8_t slots[ENG_ATTRIBUTES_MAX];     /* of the model's attributes in the batch in hand */
    uint8_t number_slots[ENG_NUMBERS_MAX]; /* the same of its numbers */
    struct eng_action_cached actions[ENG_ACTION_CACHE];
};

/* One evaluation. */
struct eng_evaluation {
    uint32_t number;     /* the partner */
    uint8_t cause;       /* enum eng_cause */
    uint8_t origin_kind; /* enum eng_origin */
    bool at_boundary;    /* silence may be told, the old value ended with the pane before */
    bool released;       /* at a boundary: events that were held have been counted at it */
    uint64_t origin;
    int64_t at_ms;
    struct eng_effects *effects; /* NULL: tell nothing */
    int32_t due;                 /* out: earliest boundary for dwell and cooldowns */
    bool releases;               /* guards release what they have held */
    uint32_t opened;             /* out: alerts (a bit each) that opened */
    bool moved; /* out: something was told, a score has fallen, or a dwell or a drop's
                 * cooldown is running */
};

/* ---- clock.c: the moment ---- */

/* Puts the clock to an instant, and the pane and periods with it. */
void eng_moment_set(struct eng_moment *now, const struct eng_model *model, int64_t time_ms);

/* Another model has come into force: when its reports are. */
void eng_moment_reports(struct eng_moment *now, const struct eng_model *model);

/* The first boundary at or after an instant, as a pane; at least the next one. */
int32_t eng_moment_due(const struct eng_moment *now, const struct eng_model *model,
                       int64_t time_ms);

/* ---- measure.c: the partner in hand ---- */

/* Counts an event of `action` in `pane` (not newer than the clock's) into the partner, which has
 * been caught up. Sets scratch.resumed and brings the scores' values up to date. Cannot fail after
 * prepare. */
void eng_measure_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                       int32_t pane);

/* Counts points into a pane of the ledger with this entry. Cannot fail after prepare, for each
 * ledger once an event. */
void eng_measure_book(struct eng_engine *engine, uint16_t entry, int32_t pane, int64_t value_e4);

/* Takes off in silence, boundary by boundary, what has left windows up to and with `pane` (not over
 * the clock's) and could not be told (slack.h). Cannot fail after prepare. */
void eng_measure_catch_up_slow(struct eng_engine *engine, int32_t pane);
static inline void eng_measure_catch_up(struct eng_engine *engine, int32_t pane)
{
    if (engine->hand.partner->as_of != pane)
        eng_measure_catch_up_slow(engine, pane);
}

/* At a boundary: catches up, then what falls out of windows at the clock's pane leaves the totals
 * and lists. */
void eng_measure_expire(struct eng_engine *engine);

/* The earliest later boundary at which anything could be told of the partner by itself (alerts'
 * dwell and cooldown apart). After an evaluation. */
int32_t eng_measure_due(const struct eng_engine *engine);

/* After an event of `action` that made counts greater, with nothing told: the earliest boundary
 * that it adds to those known before. Cheap. */
int32_t eng_measure_due_after(const struct eng_engine *engine, uint16_t action);

/* A measure's value in 1/10,000; *ret_missing: there is none (`missing: skip`). */
eng_wide eng_measure_value(const struct eng_engine *engine, const struct eng_record *record,
                           unsigned measure, bool *ret_missing);

/* Deep check: totals equal what the cells say, and the partner is due in time. */
void eng_measure_check(const struct eng_engine *engine, const struct eng_record *record);

/* ---- evaluate.c ---- */

/* Takes the partner into the hand: its record, and the values of its scores. */
void eng_take(struct eng_engine *engine, uint32_t number);

/* The values of the scores of the record in hand. */
void eng_take_values(struct eng_engine *engine);

/* Before the partner in hand is changed and evaluated: all that could fail for want of memory.
 * After a reserve of the store. ENG_OK or ENG_NO_MEMORY (nothing has changed but capacities). */
static inline enum eng_status eng_prepare(struct eng_engine *engine)
{
    if (__builtin_expect(!engine->hand.partner->is_crowded, 1))
        return ENG_OK;
    enum eng_status status = eng_record_prepare_slow(&engine->store, &engine->hand);
    return status == ENG_OK && engine->outlook != NULL
               ? eng_outlook_prepare(engine->outlook, &engine->hand)
               : status;
}

/* The same for a partner that was just added: it begins in the bands of 0, where it is before its
 * first event. */
void eng_take_newcomer(struct eng_engine *engine, uint32_t number);

/* A total of the partner in hand has changed: the scores that it goes into follow. */
static inline void eng_total_changed(struct eng_engine *engine, unsigned measure, uint64_t before,
                                     uint64_t now)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_term *end = layout->terms + layout->terms_first[measure + 1];
    for (const struct eng_term *term = layout->terms + layout->terms_first[measure]; term < end;
         term++) {
        int64_t one, two;
        if (eng_term_value(term, before, &one) && eng_term_value(term, now, &two))
            engine->scratch.value[term->score] += two - one;
        else
            engine->scratch.stale |= 1u << term->score;
    }
}

/* A measure that is not a plain count has changed: its scores are computed anew. */
void eng_measure_changed(struct eng_engine *engine, unsigned measure);

/* After cells have left at a boundary that nobody hears of: notes the new values of scores, and
 * what drop alerts remember. Cannot fail after prepare. */
void eng_settle(struct eng_engine *engine);

/* Evaluates all scores, then all alerts, of the partner in hand. The effects buffer has room.
 * Cannot fail after prepare. */
void eng_evaluate(struct eng_engine *engine, struct eng_evaluation *evaluation);

/* Lowers the due of the partner in hand to `pane` and arms the wheel for it. */
void eng_arm(struct eng_engine *engine, uint32_t number, struct eng_partner *partner, int32_t pane);

/* True while the score is provisional (S12). */
bool eng_provisional(const struct eng_engine *engine, const struct eng_score *score,
                     const struct eng_partner *partner);

/* Of a score that is: the first boundary, as a pane, at which it may not be any more. */
int32_t eng_provisional_due(const struct eng_engine *engine, const struct eng_score *score,
                            const struct eng_partner *partner);

/* As a 64-bit number; one that is beyond these is the last of them. */
static inline int64_t eng_saturate(eng_wide value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* Computes the contributions of a score as of now into `ret_contribution`; returns their sum. */
int64_t eng_contributions(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, int64_t *ret_contribution);

/* A score's number as it stands in a record, 4 bytes wide or 8. */
static inline int64_t eng_score_load(const struct eng_score_layout *place, const uint8_t *from)
{
    return place->value_bytes == 4 ? eng_load_i32(from) : eng_load_i64(from);
}

static inline void eng_score_store(const struct eng_score_layout *place, uint8_t *to, int64_t value)
{
    if (place->value_bytes == 4)
        eng_store_i32(to, (int32_t)value);
    else
        eng_store_i64(to, value);
}

/* The value of the last evaluation, and the last told one. */
static inline int64_t eng_score_value(const struct eng_score_layout *place,
                                      const struct eng_record *record)
{
    return eng_score_load(place, eng_record_fixed(record, place->value));
}

static inline int64_t eng_score_told_value(const struct eng_score_layout *place,
                                           const struct eng_record *record)
{
    return eng_score_load(place, eng_record_fixed(record, place->told_value));
}

/* What a measure gives, and the weights that it counts among. */
struct eng_weighing {
    eng_wide measured;
    int64_t weight_sum_e4;
};

/* The share of a dimension with a measure of this value. */
int64_t eng_share(const struct eng_engine *engine, const struct eng_record *record, unsigned score,
                  unsigned dimension, struct eng_weighing by);

/* What a dimension contributes when it is not skipped. */
int64_t eng_contribution(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned score, unsigned dimension, int64_t weight_sum_e4);

/* The sum of a score's weights that are not left out for want of events; sets the bits of those
 * that are. Dimensions in `there` are not, whatever their measures say. */
int64_t eng_weights(const struct eng_engine *engine, const struct eng_record *record,
                    unsigned score, uint32_t there, uint32_t *ret_skipped);

/* The last told contributions of a score. */
void eng_told_load(const struct eng_record *record, unsigned score, int64_t *ret_told);
void eng_told_store(const struct eng_record *record, unsigned score, const int64_t *told);

/* Fills scratch.contribution and scratch.told of a score of the partner in hand, once per
 * evaluation. */
void eng_fill(struct eng_engine *engine, unsigned score);

/* Deep check: the values in the record are those of its measures. */
void eng_evaluate_check(const struct eng_engine *engine, const struct eng_record *record);

enum { ENG_BAND_MASK = 0x7F, ENG_EVER_POSITIVE = 0x80 };

/* ---- group.c ---- */

/* A score of the partner in hand leaves a band. */
void eng_group_note_move(struct eng_engine *engine, unsigned score, uint8_t before);

/* ---- tier.c ---- */

/* The tier of a score of the partner in hand after an evaluation, given the one before. */
uint8_t eng_tier_next(struct eng_engine *engine, unsigned score, uint8_t tier, bool at_boundary);

/* The boundary at which a tier may be lost, as a pane after the clock's; ENG_PANE_NEVER: at none.
 */
int32_t eng_tier_due(const struct eng_engine *engine, const struct eng_record *record,
                     unsigned score);

/* ---- report.c ---- */

enum { ENG_REPORTED = 0x80 }; /* beside the band of the last card: there was one */

/* Makes the reports of this boundary for the partner in hand, after everything else. */
void eng_reports_evaluate(struct eng_engine *engine, const struct eng_evaluation *evaluation);

/* What has become of a score of a partner, with this value, since its last card of the first report
 * that is of this score and tells a trend. */
enum eng_trend eng_report_trend(const struct eng_record *record, unsigned score, int64_t value_e4);

/* The next boundary, as a pane, at which there is a report; ENG_PANE_NEVER: there are none. */
static inline int32_t eng_report_due(const struct eng_engine *engine)
{
    int32_t due = ENG_PANE_NEVER;
    for (uint32_t i = 0; i < engine->model->report_count; i++)
        due = engine->now.report_next[i] < due ? engine->now.report_next[i] : due;
    return due;
}

/* ---- group.c ---- */

/* The segment of a split that a partner is in; 0: nothing is known. */
uint32_t eng_split_segment(const struct eng_engine *engine, const struct eng_record *record,
                           const struct eng_split *split);

/* A bit for each group that is told before the next boundary. */
uint32_t eng_groups_due(const struct eng_engine *engine);

/* Before the next boundary: sums up the groups that are due, as many partners as the step budget
 * allows. ENG_OK: done, or there is nothing to tell; ENG_AGAIN; ENG_NO_MEMORY. */
enum eng_status eng_groups_sum(struct eng_engine *engine, const struct eng_effects *effects);

/* Tells them. Cannot fail. */
void eng_groups_tell(struct eng_engine *engine, struct eng_effects *effects);

/* Somebody is gone: what has been summed is not true any more. */
static inline void eng_groups_forget(struct eng_engine *engine)
{
    engine->boundary.summed = 0;
    engine->boundary.sums_ready = false;
}

/* The most bytes that the groups of one boundary are told in. */
size_t eng_groups_bytes_most(const struct eng_model *model);

/* Of an effect with entries (effect.c): the most bytes that it has, with so many whose heads are as
 * long as that; the end of an entry's head, which is the length of a partner's id, and the id,
 * returning where the next one begins; and behind the last one, how much it is. */
size_t eng_effect_entries_most(uint32_t count, uint32_t head_bytes);
uint8_t *eng_effect_put_id(uint8_t *to, const struct eng_store *store, uint32_t partner);
void eng_effect_end_entries(struct eng_effect *effect, uint8_t *end);

/* Tells that nothing more is told up to a boundary; there is room (effect.c). */
void eng_effect_passed(struct eng_effects *effects, int64_t boundary_ms);

/* ---- board.c ---- */

/* A partner of a segment (of the layout), once: takes its place if it has one. Who has nothing
 * above 0 has none. */
void eng_board_offer(const struct eng_engine *engine, const struct eng_group *board,
                     struct eng_segment_sums *segment, struct eng_ranked offer);

/* Writes who is on top of a segment behind an effect's head, and how many bytes that is. There is
 * room for eng_board_bytes. */
void eng_board_entries(const struct eng_engine *engine, const struct eng_group *board,
                       const struct eng_segment_sums *segment, struct eng_effect *effect);
size_t eng_board_bytes(const struct eng_group *board);

/* ---- nudge.c ---- */

/* A suggestion to the partner in hand. */
struct eng_nudge {
    uint32_t count; /* so many more actions; 0: nothing is suggested */
    uint32_t dimension;
    uint8_t to;      /* the higher band that the score is enough for then, from 1; 0: none */
    int64_t gain_e4; /* of the score */
};

/* No value has to be reached. */
#define ENG_NO_GOAL INT64_MIN

/* What brings a score that has just been evaluated to `goal_e4` for the least effort; where there
 * is no such value, or no one action reaches it: what raises it most for the least. */
struct eng_nudge eng_nudge_find(struct eng_engine *engine, unsigned score, int64_t goal_e4);

/* Writes it into an effect. */
void eng_nudge_tell(struct eng_engine *engine, struct eng_effect *effect, unsigned score,
                    int64_t goal_e4);

/* ---- matrix.c ---- */

/* Tells which cells of matrices the partner in hand has changed, after the scores. */
void eng_matrices_evaluate(struct eng_engine *engine, const struct eng_evaluation *evaluation);

/* The cell of a matrix that a partner is in. */
void eng_matrix_view(const struct eng_record *record, unsigned matrix,
                     struct eng_view_matrix *ret_view);

/* ---- alert.c ---- */

/* Evaluates the alerts of the partner in hand, after the scores. */
void eng_alerts_evaluate(struct eng_engine *engine, struct eng_evaluation *evaluation);

/* True when something of a partner is open that guards have held and now release. */
bool eng_alerts_are_released(const struct eng_engine *engine, const struct eng_record *record);

/* Tells of the partner in hand, which has just been evaluated, what guards have held and now
 * release. */
void eng_alerts_release(struct eng_engine *engine, struct eng_evaluation *evaluation);

/* The openings of a partner (a bit for each alert) that a budget has to decide on now: those that
 * it has told at this very boundary too. `ret_held_out`: those of the control group. */
uint32_t eng_alerts_claim(const struct eng_engine *engine, const struct eng_record *record,
                          uint32_t alerts, uint32_t *ret_held_out);

/* True when a budget has told the alert's opening. */
bool eng_alert_is_told(const struct eng_record *record, unsigned alert);

/* Tells an opening that a budget lets through, of the partner in hand, which has just been
 * evaluated. */
void eng_alert_tell_claim(struct eng_engine *engine, struct eng_evaluation *evaluation,
                          unsigned alert);

/* Another model has no budget for the alert: its opening is to be told by the change when it is of
 * the running period. `opening` is as it stands in a list, `last` the boundary at which the budget
 * told last. */
void eng_alert_leave_budget(uint8_t *opening, int64_t last_ms);

/* An alert's state for views: open, and when it was opened last (-1: never, or its cooldown is
 * over). */
bool eng_alert_is_open(const struct eng_record *record, unsigned alert, int64_t *ret_opened_at_ms);

/* True for an alert that was opened as of the control group (control.h), or would be now. */
bool eng_alert_is_held_out(const struct eng_record *record, unsigned alert);

/* How well a due boundary has to be known. */
enum eng_due {
    ENG_DUE_NEXT,  /* no later than it can be told; exact only for those who are silent already */
    ENG_DUE_EXACT, /* when it will be told if nothing happens */
};

/* The boundary at which a silence alert can be told, as a pane after the clock's. ENG_PANE_NEVER:
 * not until there is another event, or not before the pane `before`. */
int32_t eng_alert_silence_due(const struct eng_engine *engine, const struct eng_record *record,
                              unsigned alert, enum eng_due how, int32_t before);

/* The boundary at which a deadline alert is opened if nothing happens, as a pane after the clock's;
 * ENG_PANE_NEVER: at none. */
int32_t eng_alert_deadline_due(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned alert);

/* The boundary at which a falls_to alert that is opened before the fall has to be looked at, as a
 * pane after the clock's; ENG_PANE_NEVER: none. *ret_low: that holds only while its score does not
 * get greater. */
int32_t eng_alert_ahead_due(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned alert, bool *ret_low);

/* How far a score may fall before one of its drop alerts has something to say; under 0: not known.
 */
int64_t eng_alert_drop_slack(const struct eng_engine *engine, const struct eng_record *record,
                             unsigned score);

/* How far a score may move down and up before anybody hears of it. */
struct eng_room {
    int64_t down, up;
};

/* Keeps a score on its side of the edges that its BELOW, ABOVE and NEAR alerts have now. True when
 * one of them could be entered again after a rise, so that what is due holds only until then. */
bool eng_alert_edges_room(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, struct eng_room *room);

/* True when an event of `action` that takes a score from its value to a greater one, in the same
 * band, gives no alert of the partner in hand anything to say. */
bool eng_alerts_quiet(const struct eng_engine *engine, uint16_t action, unsigned score,
                      int64_t value);

/* Takes an event of `pane` into the rhythms of the silence alerts that list its action, and into
 * the deadlines that begin or are met with it; sets scratch.resumed for silences that it is newer
 * for than all before and for deadlines that it meets. */
void eng_alerts_count_slow(struct eng_engine *engine, const struct eng_event *event,
                           uint16_t action, int32_t pane);
static inline void eng_alerts_count(struct eng_engine *engine, const struct eng_event *event,
                                    uint16_t action, int32_t pane)
{
    const uint32_t *first = engine->layout->action_silences_first + action;
    if (first[0] < first[1])
        eng_alerts_count_slow(engine, event, action, pane);
}

/* True while some drop alert of the partner is closed and within its cooldown. */
bool eng_alert_cools_down(const struct eng_engine *engine, const struct eng_record *record);

/* Forgets openings that are closed and whose cooldown is over. Changes nothing but memory. */
void eng_alert_expire(struct eng_engine *engine);

/* ---- award.c ---- */

/* Pays what an event of `action`, which has just been counted in `pane`, is worth, and tells it as
 * of the evaluation. Cannot fail after prepare. */
void eng_awards_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                      int32_t pane, const struct eng_evaluation *evaluation);

/* Forgets what can no longer be settled with the clock in `pane`; there are claims in the model. */
void eng_claims_expire(struct eng_engine *engine, int32_t pane);

/* What is known of a ledger, for views. */
void eng_award_view(const struct eng_engine *engine, const struct eng_record *record,
                    unsigned ledger, struct eng_view_ledger *ret_ledger);

/* Deep check: nothing is noted of panes that are yet to come, and no period has more than its cap.
 */
void eng_awards_check(const struct eng_engine *engine, const struct eng_record *record);

/* ---- boundary.c ---- */

/* Moves the clock to target_ms, working off every boundary up to it. ENG_OK, ENG_AGAIN,
 * ENG_NO_MEMORY. */
enum eng_status eng_boundary_advance(struct eng_engine *engine, int64_t target_ms,
                                     struct eng_effects *effects, struct eng_error *err);

/* Goes through the boundaries up to the one that `work` names, and there up to its partner, telling
 * nothing. As eng_engine_resume. */
enum eng_status eng_boundary_resume(struct eng_engine *engine, const struct eng_work *work,
                                    struct eng_error *err);

/* ---- activate.c ---- */

/* The same for a change of the model. */
enum eng_status eng_activation_resume(struct eng_engine *engine, const struct eng_work *work,
                                      struct eng_error *err);

/* Goes on with the activation in work, if there is one. ENG_OK, ENG_AGAIN, ENG_NO_MEMORY. */
enum eng_status eng_activation_finish_slow(struct eng_engine *engine, struct eng_effects *effects,
                                           struct eng_error *err);
static inline enum eng_status
eng_activation_finish(struct eng_engine *engine, struct eng_effects *effects, struct eng_error *err)
{
    return __builtin_expect(engine->activation.working, 0)
               ? eng_activation_finish_slow(engine, effects, err)
               : ENG_OK;
}

/* True when the partner still has its record of the model before. */
bool eng_activation_waits(const struct eng_engine *engine, uint32_t number);

/* Frees an activation that will not be finished, and what the records of the model before hold. */
void eng_activation_drop(struct eng_engine *engine);

/* ---- restore.c ---- */

/* True when the partner's page holds its events up to and with this offset. */
bool eng_restore_holds(const struct eng_restore *restore, uint32_t number, uint64_t offset);

/* Where it is told what the partner's page holds, to be prefetched; NULL: it has no page. */
const void *eng_restore_stamp(const struct eng_restore *restore, uint32_t number);

/* Pages of models that are yet to come: is there any (NULL: none), and the layout of the partner's
 * record then; NULL: it is of the model in force. */
bool eng_restore_any_ahead(const struct eng_restore *restore);
const struct eng_layout *eng_restore_layout(const struct eng_engine *engine, uint32_t number);

/* An activation has come to a partner whose page is of a later model; it may be this one. ENG_OK,
 * ENG_NO_MEMORY. */
enum eng_status eng_restore_arrive(struct eng_engine *engine, uint32_t number);

/* The first event of all: puts the clock there, and arms those who have pages already. ENG_OK,
 * ENG_NO_MEMORY (nothing has changed). */
enum eng_status eng_restore_first_clock(struct eng_engine *engine, int64_t time_ms);

/* Gives back the records that are of later models. */
void eng_restore_drop(struct eng_engine *engine);

/* The number has no page any more. */
void eng_restore_forget(struct eng_restore *restore, uint32_t number);

/* ---- view.c ---- */

/* The number of a partner that somebody asks about. ENG_OK, ENG_NOT_FOUND (no counted event of it),
 * ENG_UNAVAILABLE (while it is being restored, or an activation has not come to it). */
enum eng_status eng_find(const struct eng_engine *engine, struct eng_slice partner,
                         uint32_t *ret_number);

/* ---- forecast.c ---- */

/* Frees what forecasts are made with; it is of the model in force. NULL is fine. */
void eng_forecast_free(struct eng_forecast *forecast);
uint64_t eng_forecast_bytes(const struct eng_forecast *forecast);

/* Deep check: nothing is left of the last forecast. */
void eng_forecast_check(const struct eng_forecast *forecast);

/* ---- effect.c ---- */

/* Appends a zeroed record with the evaluation's cause, origin and time, the partner id, and room
 * for the contributions. NULL: nothing is to be told. */
struct eng_effect *eng_effect_begin(const struct eng_engine *engine,
                                    const struct eng_evaluation *evaluation,
                                    uint32_t contributions);

/* The same without what facts say: for bookings. */
struct eng_effect *eng_effect_begin_bare(const struct eng_engine *engine,
                                         const struct eng_evaluation *evaluation,
                                         uint32_t contributions);

/* The same of a partner that need not be in hand, with what a check says of its event. */
struct eng_effect *eng_effect_begin_flag(const struct eng_evaluation *evaluation,
                                         struct eng_slice partner,
                                         const struct eng_flagged *flagged);

/* The same of somebody else, or of nobody. */
struct eng_effect *eng_effect_begin_of(const struct eng_evaluation *evaluation,
                                       struct eng_slice partner, uint32_t contributions);

/* Fills in a score as just evaluated: value, band, contributions with their deltas. */
void eng_effect_score(struct eng_engine *engine, struct eng_effect *effect, unsigned score);

/* True when one more evaluation fits (or nothing is told). */
static inline bool eng_effects_fit(const struct eng_engine *engine,
                                   const struct eng_effects *effects)
{
    return effects == NULL ||
           effects->capacity - effects->used >= engine->layout->effects_bytes_min;
}

#endif
