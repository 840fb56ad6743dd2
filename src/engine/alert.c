/* Alerts: each opens, waits for its cooldown, and is resolved.
 *
 *                    condition, cooldown over
 *         closed --------------------------------> open
 *         |  ^  <--------------------------------    |
 *         |  |                resolved
 *         |  | left the band (falls_to, rises_to), condition gone (drop, below, above)
 *         v  |
 *         waiting: condition, but within the cooldown, or held while the score is provisional, or
 *                  while the alert is not for this partner; looked at again when that ends
 *
 * Most partners have no alert open or cooling down, so this state is a list of openings (alert u8,
 * flags u8, opened_at i64, baseline i64) that is empty for them.
 */
#include "base/assert.h"
#include "engine/control.h"
#include "engine/fact.h"
#include "engine/internal.h"
#include "engine/peak.h"
#include "engine/silence.h"
#include "engine/slack.h"

static inline int64_t lesser(int64_t one, int64_t two)
{
    return one < two ? one : two;
}

/* ---- openings ---- */

/* HELD_OUT: told, or to be told, as of the control group; of open ones only, so that what is
 * resolved is told as its opening was. BUDGETED: a budget decides whether it is told (budget.h),
 * and TOLD when it has been; AT_BOUNDARY: it opened at a boundary, which budgets have to know,
 * whose periods end behind one; DUE: the change of the model that is going on tells it; NEVER: one
 * has taken it out of its budget, and it is too late for that. */
enum {
    OPEN = 1,
    WAITING = 2,
    HELD_OUT = 4,
    BUDGETED = 8,
    TOLD = 16,
    AT_BOUNDARY = 32,
    DUE = 64,
    NEVER = 128
};

struct opening {
    uint8_t alert, flags;
    int64_t opened_at_ms; /* of the newest opening; -1: its cooldown is over, or there was none */
    int64_t baseline_e4;  /* drop: at that opening */
};

static inline struct opening load_opening(const uint8_t *from)
{
    return (struct opening){from[0], from[1], eng_load_i64(from + 2), eng_load_i64(from + 10)};
}

static void store_opening(uint8_t *to, struct opening opening)
{
    to[0] = opening.alert;
    to[1] = opening.flags;
    eng_store_i64(to + 2, opening.opened_at_ms);
    eng_store_i64(to + 10, opening.baseline_e4);
}

static inline struct eng_list openings_of(const struct eng_record *record)
{
    return eng_record_list(record, record->layout->list_openings, ENG_OPENING_BYTES);
}

/* An alert's opening; NULL when there is none that still matters. */
static inline uint8_t *find_opening(const struct eng_list *openings, unsigned alert)
{
    uint8_t *at = openings->data, *end = at + openings->bytes;
    for (; at < end; at += ENG_OPENING_BYTES)
        if (*at == alert)
            return at;
    return NULL;
}

/* False when the alert has no opening that still matters. */
static inline bool get_opening(const struct eng_record *record, unsigned alert,
                               struct opening *ret_opening)
{
    struct eng_list openings = openings_of(record);
    const uint8_t *at = find_opening(&openings, alert);
    if (at != NULL)
        *ret_opening = load_opening(at);
    return at != NULL;
}

static void put_opening(struct eng_engine *engine, struct opening opening)
{
    struct eng_list openings = openings_of(&engine->hand);
    uint8_t *place = find_opening(&openings, opening.alert);
    eng_assert(opening.alert < engine->model->alert_count);
    eng_assert(opening.opened_at_ms >= -1);
    if (place == NULL)
        place = eng_record_insert(&engine->store, &engine->hand, engine->layout->list_openings,
                                  openings.count, ENG_OPENING_BYTES);
    store_opening(place, opening);
}

void eng_alert_expire(struct eng_engine *engine)
{
    unsigned list = engine->layout->list_openings;
    if (list == ENG_NO_INDEX)
        return;
    struct eng_list openings = openings_of(&engine->hand);
    eng_assert(openings.count <= engine->model->alert_count);
    for (uint32_t i = openings.count; i-- > 0;) {
        struct opening opening = load_opening(openings.data + (size_t)i * ENG_OPENING_BYTES);
        const struct eng_alert *alert = &engine->model->alerts[opening.alert];
        eng_assert(opening.alert < engine->model->alert_count);
        if (opening.flags == 0 &&
            (opening.opened_at_ms < 0 ||
             engine->now.clock_ms - opening.opened_at_ms >= alert->cooldown_ms))
            eng_record_erase(&engine->hand, list, i, 1, ENG_OPENING_BYTES);
    }
}

bool eng_alert_is_open(const struct eng_record *record, unsigned alert, int64_t *ret_opened_at_ms)
{
    struct opening opening;
    eng_assert(alert < record->layout->model->alert_count);
    eng_assert(ret_opened_at_ms != NULL);
    if (!get_opening(record, alert, &opening)) {
        *ret_opened_at_ms = -1;
        return false;
    }
    *ret_opened_at_ms = opening.opened_at_ms;
    return opening.flags & OPEN;
}

bool eng_alert_is_held_out(const struct eng_record *record, unsigned alert)
{
    struct opening opening;
    eng_assert(alert < record->layout->model->alert_count);
    eng_assert(record->partner != NULL);
    if (get_opening(record, alert, &opening) && opening.flags & OPEN)
        return opening.flags & HELD_OUT;
    return eng_control_holds_out(&record->layout->model->alerts[alert],
                                 eng_partner_id(record->partner));
}

/* True when the alert may open at this evaluation; else sees to it that it is looked at when the
 * cooldown ends. */
static bool cooled_down(const struct eng_engine *engine, struct eng_evaluation *evaluation,
                        unsigned alert, const struct opening *opening)
{
    eng_assert(alert < engine->model->alert_count);
    if (opening == NULL)
        return true;
    int64_t over_ms = opening->opened_at_ms + engine->model->alerts[alert].cooldown_ms;
    eng_assert(!(opening->flags & OPEN));
    if (opening->opened_at_ms < 0 || evaluation->at_ms >= over_ms)
        return true;
    int32_t due = eng_moment_due(&engine->now, engine->model, over_ms);
    evaluation->due = due < evaluation->due ? due : evaluation->due;
    return false;
}

/* S12: true while the alert is held because its score is provisional; sees to it that it is looked
 * at when that may be over. */
static bool held_by_score(const struct eng_engine *engine, struct eng_evaluation *evaluation,
                          unsigned index)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    const struct eng_score *score = &engine->model->scores[alert->score];
    const struct eng_partner *partner = engine->hand.partner;
    eng_assert(index < engine->model->alert_count);
    eng_assert(eng_alert_is_scored(alert));
    if (!alert->hold || !eng_provisional(engine, score, partner))
        return false;
    int32_t due = eng_provisional_due(engine, score, partner);
    evaluation->due = due < evaluation->due ? due : evaluation->due;
    return true;
}

/* True when an alert whose condition holds may open now. One that is only held has no cooldown to
 * wait for any more. */
static bool may_open(const struct eng_engine *engine, struct eng_evaluation *evaluation, bool known,
                     struct opening *opening)
{
    bool cooled = cooled_down(engine, evaluation, opening->alert, known ? opening : NULL);
    bool held = held_by_score(engine, evaluation, opening->alert);
    eng_assert(known || opening->flags == 0);
    eng_assert(opening->opened_at_ms >= -1);
    if (cooled)
        opening->opened_at_ms = -1;
    return cooled && !held &&
           eng_fact_admits(engine, &engine->hand, &engine->model->alerts[opening->alert]);
}

/* ---- telling ---- */

/* A churn drop with the contributions of the alert's score where it has one. NULL: tell nothing. */
static struct eng_effect *begin(struct eng_engine *engine, struct eng_evaluation *evaluation,
                                unsigned index, enum eng_alert_status status, bool held_out)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    bool scored = eng_alert_is_scored(alert);
    eng_assert(index < engine->model->alert_count);
    eng_assert(status == ENG_OPENED || status == ENG_RESOLVED);
    uint32_t contributions = scored ? engine->model->scores[alert->score].dimension_count : 0;
    struct eng_effect *effect = eng_effect_begin(engine, evaluation, contributions);
    evaluation->moved = true;
    engine->counters.churn_drops++;
    engine->counters.held_out += held_out;
    if (effect == NULL)
        return NULL;
    effect->kind = ENG_EFFECT_CHURN_DROP;
    effect->subject = (uint16_t)index;
    effect->status = (uint8_t)status;
    effect->held_out = held_out;
    effect->fact = eng_fact_of_alert(engine, index);
    if (scored) {
        eng_effect_score(engine, effect, alert->score);
        effect->trend = eng_report_trend(&engine->hand, alert->score, effect->value_e4);
    }
    if (alert->nudges && status == ENG_OPENED)
        eng_nudge_tell(engine, effect, alert->score,
                       alert->kind == ENG_NEAR
                           ? eng_score_entry_e4(&engine->model->scores[alert->score], alert->band)
                           : ENG_NO_GOAL);
    return effect;
}

/* Tells an opening, unless a guard holds it, or a budget. */
static struct eng_effect *begin_opening(struct eng_engine *engine,
                                        struct eng_evaluation *evaluation, unsigned index,
                                        bool held_out)
{
    eng_assert(index < engine->model->alert_count);
    evaluation->opened |= 1u << index;
    bool held = eng_guards_hold_opening(engine, index);
    if (!held && !(engine->model->budgeted >> index & 1))
        return begin(engine, evaluation, index, ENG_OPENED, held_out);
    evaluation->moved = true;
    return NULL;
}

static void tell_fall(const struct eng_engine *engine, struct eng_effect *effect,
                      const struct eng_fall *fall)
{
    eng_assert(effect->status == ENG_OPENED);
    eng_assert(fall->pane > engine->now.pane);
    if (fall->pane == ENG_PANE_NEVER)
        return;
    effect->will_drop_at_ms = eng_calendar_start_ms(engine->model->calendar, fall->pane);
    effect->will_drop_to = fall->band;
}

/* Tells with an opening when its score will fall into a lower band, if it looks ahead. */
static void look_ahead(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                       struct eng_effect *effect)
{
    const struct eng_alert *alert = &engine->model->alerts[effect->subject];
    const struct eng_look look = {.score = alert->score,
                                  .band = ENG_BAND_ANY,
                                  .due = evaluation->due,
                                  .until = engine->now.pane + (int32_t)alert->forecast};
    eng_assert(alert->forecast > 0);
    eng_assert(alert->forecast <= ENG_PANES_MAX);
    struct eng_fall fall = eng_outlook_fall(engine, &look);
    tell_fall(engine, effect, &fall);
}

/* Opens the alert: the record, and the effect for its kind to fill in. */
static struct eng_effect *open_alert(struct eng_engine *engine, struct eng_evaluation *evaluation,
                                     unsigned index, int64_t baseline_e4)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    bool held_out = eng_control_holds_out(alert, eng_partner_id(engine->hand.partner));
    uint8_t flags = held_out ? OPEN | HELD_OUT : OPEN;
    if (engine->model->budgeted >> index & 1)
        flags |= evaluation->at_boundary ? BUDGETED | AT_BOUNDARY : BUDGETED;
    put_opening(engine, (struct opening){(uint8_t)index, flags, evaluation->at_ms, baseline_e4});
    struct eng_effect *effect = begin_opening(engine, evaluation, index, held_out);
    if (effect != NULL && alert->forecast > 0 && alert->kind != ENG_FALLS_TO)
        look_ahead(engine, evaluation, effect);
    return effect;
}

static struct eng_effect *resolve_alert(struct eng_engine *engine,
                                        struct eng_evaluation *evaluation, struct opening opening)
{
    bool held_out = opening.flags & HELD_OUT, untold;
    eng_assert(opening.flags & OPEN);
    untold = opening.flags & BUDGETED
                 ? !(opening.flags & TOLD)
                 : eng_guards_is_untold(engine, opening.alert, opening.opened_at_ms);
    opening.flags = 0;
    put_opening(engine, opening);
    if (!untold)
        return begin(engine, evaluation, opening.alert, ENG_RESOLVED, held_out);
    evaluation->moved = true;
    return NULL;
}

/* ---- a condition that is entered: falls_to, rises_to, below, above, near ---- */

/* What such an alert sees of an evaluation. */
struct sight {
    bool entered; /* its condition holds and did not before */
    bool holds;
    bool ended; /* enough to resolve it */
};

/* A fall past the band is no fall to it, a rise past it no rise to it. */
static struct sight see_band(const struct eng_scratch *scratch, const struct eng_alert *alert)
{
    uint8_t before = scratch->band_before[alert->score], after = scratch->band_after[alert->score];
    bool falls = alert->kind == ENG_FALLS_TO, in = after == alert->band;
    eng_assert(falls || alert->kind == ENG_RISES_TO);
    eng_assert(alert->score < ENG_SCORES_MAX);
    return (struct sight){
        .entered = in && (falls ? before > alert->band && scratch->ever_positive[alert->score]
                                : before < alert->band), /* S10 */
        .holds = in,
        .ended = falls ? after > alert->band : after < alert->band,
    };
}

static struct sight see_value(const struct eng_scratch *scratch, const struct eng_alert *alert)
{
    int64_t before = scratch->value_before[alert->score], value = scratch->value[alert->score];
    bool holds = eng_alert_holds(alert, value);
    eng_assert(alert->kind == ENG_BELOW || alert->kind == ENG_ABOVE);
    eng_assert(alert->margin_e4 >= 0);
    return (struct sight){
        .entered = holds && !eng_alert_holds(alert, before) &&
                   (alert->kind == ENG_ABOVE || scratch->ever_positive[alert->score]), /* S10 */
        .holds = holds,
        .ended = eng_alert_has_ended(alert, value),
    };
}

/* In a lower band, and not far below the higher one. */
static struct sight see_near(const struct eng_scratch *scratch, const struct eng_alert *alert)
{
    int64_t value = scratch->value[alert->score];
    bool below = scratch->band_after[alert->score] < alert->band;
    bool holds = below && eng_alert_holds(alert, value);
    bool held = scratch->band_before[alert->score] < alert->band &&
                eng_alert_holds(alert, scratch->value_before[alert->score]);
    eng_assert(alert->kind == ENG_NEAR);
    eng_assert(alert->band > 0);
    return (struct sight){
        .entered = holds && !held,
        .holds = holds,
        .ended = !below || eng_alert_has_ended(alert, value),
    };
}

static inline struct sight see(const struct eng_scratch *scratch, const struct eng_alert *alert)
{
    if (alert->kind == ENG_NEAR)
        return see_near(scratch, alert);
    return alert->kind == ENG_FALLS_TO || alert->kind == ENG_RISES_TO ? see_band(scratch, alert)
                                                                      : see_value(scratch, alert);
}

static void evaluate_entry(struct eng_engine *engine, struct eng_evaluation *evaluation,
                           unsigned index)
{
    struct sight sight = see(&engine->scratch, &engine->model->alerts[index]);
    struct opening opening = {.alert = (uint8_t)index, .opened_at_ms = -1};
    bool known = get_opening(&engine->hand, index, &opening);
    eng_assert(index < engine->model->alert_count);
    eng_assert(!(sight.holds && sight.ended));
    if (known && opening.flags & OPEN) {
        if (sight.ended)
            (void)resolve_alert(engine, evaluation, opening); /* nothing to add for these kinds */
        return;
    }
    bool waiting = known && opening.flags & WAITING && sight.holds;
    bool wants = sight.entered || waiting;
    if (wants && may_open(engine, evaluation, known, &opening)) {
        (void)open_alert(engine, evaluation, index, 0);
    } else if (wants || known) {
        evaluation->moved |= sight.entered; /* it waits now, and has an edge to fall behind */
        opening.flags = wants ? WAITING : 0;
        put_opening(engine, opening);
    }
}

/* ---- a fall that is to come: falls_to with a forecast ---- */

/* Will the score of the partner in hand fall into the alert's band within its forecast, if nothing
 * happens? Most often the bound says that it cannot. */
static bool falls_soon(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                       unsigned index, struct eng_fall *ret_fall)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    struct eng_scratch *scratch = &engine->scratch;
    const struct eng_look look = {.score = alert->score,
                                  .band = alert->band,
                                  .due = evaluation->due,
                                  .until = engine->now.pane + (int32_t)alert->forecast,
                                  .beyond = true};
    bool low;
    eng_assert(alert->kind == ENG_FALLS_TO && alert->forecast > 0);
    eng_assert(scratch->band_after[alert->score] > alert->band);
    if (eng_slack_fall_due(engine, &engine->hand, alert, &low) > look.until)
        return false;
    *ret_fall = eng_outlook_fall(engine, &look);
    if (ret_fall->pane <= look.until)
        return true;
    scratch->foreseen |= 1u << index;
    scratch->holds_until[index] = ret_fall->pane < ret_fall->next ? ret_fall->pane : ret_fall->next;
    return false;
}

/* The first boundary at which a closed alert may be opened, its cooldown and provisional score
 * considered; the next one at least. */
static int32_t may_open_from(const struct eng_engine *engine, const struct eng_record *record,
                             unsigned index)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    const struct eng_score *score = &engine->model->scores[alert->score];
    struct opening opening = {.opened_at_ms = -1};
    int32_t from = engine->now.pane + 1;
    eng_assert(index < engine->model->alert_count);
    if (get_opening(record, index, &opening) && opening.opened_at_ms >= 0)
        from =
            eng_moment_due(&engine->now, engine->model, opening.opened_at_ms + alert->cooldown_ms);
    if (alert->hold && eng_provisional(engine, score, record->partner)) {
        int32_t full = eng_provisional_due(engine, score, record->partner);
        from = full > from ? full : from;
    }
    eng_assert(from > engine->now.pane);
    return from;
}

/* True when a score that is greater all the time may fall into the band sooner than one that is
 * not: where that one falls past the band, or half way, and is held there by a margin or has to
 * wait for another dwell. */
static bool may_fall_from_higher(const struct eng_score *score, uint16_t band)
{
    eng_assert(band + 1u < score->band_count);
    eng_assert(score->margin_e4 >= 0 && score->dwell_ms >= 0);
    return band > 0 || (score->band_count > 2 && (score->margin_e4 > 0 || score->dwell_ms > 0));
}

int32_t eng_alert_ahead_due(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned index, bool *ret_low)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    const struct eng_scratch *scratch = &engine->scratch;
    const struct eng_score_layout *place = &engine->layout->scores[alert->score];
    int64_t opened_at_ms;
    eng_assert(alert->kind == ENG_FALLS_TO && alert->forecast > 0);
    if ((*eng_record_fixed(record, place->band) & ENG_BAND_MASK) <= alert->band ||
        eng_alert_is_open(record, index, &opened_at_ms) || !eng_fact_admits(engine, record, alert))
        return ENG_PANE_NEVER;
    bool foreseen = scratch->foreseen >> index & 1;
    int32_t fall =
        foreseen ? scratch->holds_until[index] : eng_slack_fall_due(engine, record, alert, ret_low);
    if (foreseen && may_fall_from_higher(&engine->model->scores[alert->score], alert->band))
        *ret_low = true;
    eng_assert(fall > engine->now.pane);
    if (fall == ENG_PANE_NEVER)
        return ENG_PANE_NEVER;
    int32_t from = may_open_from(engine, record, index), warn = fall - (int32_t)alert->forecast;
    return warn > from ? warn : from;
}

/* Nobody is warned but at boundaries, so that a score that an event has raised is not looked at
 * again before the next one. */
static bool warns(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                  unsigned index, struct eng_fall *ret_fall)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    struct opening opening = {.opened_at_ms = -1};
    bool known = get_opening(&engine->hand, index, &opening);
    eng_assert(!(opening.flags & OPEN));
    eng_assert(alert->forecast > 0);
    if (!evaluation->at_boundary || engine->scratch.band_after[alert->score] <= alert->band)
        return false;
    if (known && opening.opened_at_ms >= 0 &&
        evaluation->at_ms < opening.opened_at_ms + alert->cooldown_ms)
        return false;
    if (alert->hold &&
        eng_provisional(engine, &engine->model->scores[alert->score], engine->hand.partner))
        return false;
    if (!eng_fact_admits(engine, &engine->hand, alert))
        return false;
    return falls_soon(engine, evaluation, index, ret_fall);
}

static void evaluate_ahead(struct eng_engine *engine, struct eng_evaluation *evaluation,
                           unsigned index)
{
    struct eng_fall fall = {.pane = ENG_PANE_NEVER};
    struct opening opening = {.alert = (uint8_t)index};
    bool open = get_opening(&engine->hand, index, &opening) && opening.flags & OPEN;
    struct sight sight = see_band(&engine->scratch, &engine->model->alerts[index]);
    eng_assert(engine->model->alerts[index].forecast > 0);
    eng_assert(index < engine->model->alert_count);
    if (open) {
        if (sight.ended && !falls_soon(engine, evaluation, index, &fall))
            (void)resolve_alert(engine, evaluation, opening);
    } else if (warns(engine, evaluation, index, &fall)) {
        struct eng_effect *effect = open_alert(engine, evaluation, index, 0);
        if (effect != NULL)
            tell_fall(engine, effect, &fall);
    } else {
        evaluate_entry(engine, evaluation, index); /* it may have fallen without a warning */
    }
}

/* True when time or an event has nothing to say to it. */
static bool idle_ahead(const struct eng_scratch *scratch, const struct eng_alert *alert,
                       const struct eng_evaluation *evaluation, uint8_t flags)
{
    uint8_t before = scratch->band_before[alert->score], after = scratch->band_after[alert->score];
    eng_assert(alert->kind == ENG_FALLS_TO && alert->forecast > 0);
    if (before != after || flags & WAITING)
        return false;
    if (after <= alert->band)
        return true;
    /* What is foreseen comes at every boundary until something happens. */
    return flags & OPEN ? evaluation->at_boundary && !evaluation->released
                        : !evaluation->at_boundary;
}

/* ---- drop ---- */

/* A fall from a baseline above 0 that is deep enough; at least 1. */
static inline int64_t drop_from(const struct eng_alert *alert, int64_t baseline_e4)
{
    eng_assert(alert->drop_e4 > 0 || alert->drop_share_e4 > 0);
    eng_assert(alert->drop_share_e4 == 0 || baseline_e4 > 0);
    if (alert->drop_share_e4 == 0)
        return alert->drop_e4;
    return (int64_t)(((eng_wide)baseline_e4 * alert->drop_share_e4 + 9999) / 10000);
}

/* True when at most half of the drop from the opening's baseline is left. */
static inline bool is_won_back(const struct eng_alert *alert, int64_t baseline_e4, int64_t value_e4)
{
    int64_t depth = baseline_e4 - value_e4;
    eng_assert(baseline_e4 > 0);
    if (alert->drop_share_e4 == 0)
        return depth * 2 <= alert->drop_e4;
    return (eng_wide)depth * 20000 <= (eng_wide)baseline_e4 * alert->drop_share_e4;
}

static void evaluate_drop(struct eng_engine *engine, struct eng_evaluation *evaluation,
                          unsigned index)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    int64_t value = engine->scratch.value[alert->score];
    struct opening opening = {.alert = (uint8_t)index, .opened_at_ms = -1};
    bool known = get_opening(&engine->hand, index, &opening);
    eng_assert(alert->kind == ENG_DROP);
    eng_assert(alert->score < engine->model->score_count);
    eng_peak_take(engine, index, engine->now.pane, evaluation->at_boundary);
    if (known && opening.flags & OPEN) {
        if (!is_won_back(alert, opening.baseline_e4, value))
            return;
        struct eng_effect *effect = resolve_alert(engine, evaluation, opening);
        if (effect != NULL)
            effect->baseline_e4 = opening.baseline_e4;
        return;
    }
    evaluation->moved |= known; /* while it cools down, slack comes and goes with the depth */
    int64_t baseline = value + eng_peak_depth(&engine->hand, index, value);
    bool deep = baseline > 0 && baseline - value >= drop_from(alert, baseline); /* S10 */
    if (deep && may_open(engine, evaluation, known, &opening)) {
        struct eng_effect *effect = open_alert(engine, evaluation, index, baseline);
        if (effect != NULL)
            effect->baseline_e4 = baseline;
        return;
    }
    bool waits = deep && opening.opened_at_ms < 0; /* held; else the cooldown sees to it */
    if (waits || opening.flags & WAITING) {
        opening.flags = waits ? WAITING : 0;
        put_opening(engine, opening);
    }
}

/* How far a value may fall that is `depth` under the baseline. One that had no value above 0 to
 * fall from (S10) needs a fall as deep from a new one; a share of that one may be any small part.
 * A baseline that gets smaller asks for a smaller value, whatever the share, and one that gets
 * greater does so with the value. */
static int64_t drop_left(const struct eng_alert *alert, int64_t baseline_e4, int64_t depth)
{
    eng_assert(depth >= 0);
    eng_assert(alert->kind == ENG_DROP);
    if (alert->drop_share_e4 != 0 && baseline_e4 <= 0)
        return 0;
    int64_t enough = drop_from(alert, baseline_e4);
    return enough - 1 - (baseline_e4 > 0 && depth < enough ? depth : 0);
}

int64_t eng_alert_drop_slack(const struct eng_engine *engine, const struct eng_record *record,
                             unsigned score)
{
    const struct eng_layout *layout = engine->layout;
    int64_t slack = INT64_MAX, value = eng_score_value(&layout->scores[score], record);
    struct eng_list openings = openings_of(record);
    eng_assert(score < engine->model->score_count);
    for (uint32_t i = layout->drops_first[score]; i < layout->drops_first[score + 1]; i++) {
        const struct eng_alert *alert = &engine->model->alerts[layout->drops[i]];
        const uint8_t *opening = find_opening(&openings, layout->drops[i]);
        bool open = opening != NULL && opening[1] & OPEN;
        if (open && !layout->scores[score].rises_only)
            return -1;
        if (open)
            continue;
        int64_t depth = eng_peak_depth(record, layout->drops[i], value), baseline = value + depth;
        /* Deep enough already: an alert that cools down is looked at when that ends. */
        if (opening != NULL && baseline > 0 && depth >= drop_from(alert, baseline))
            continue;
        int64_t left = drop_left(alert, baseline, depth);
        slack = left < slack ? left : slack;
    }
    return slack;
}

bool eng_alert_edges_room(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, struct eng_room *room)
{
    const struct eng_layout *layout = engine->layout;
    int64_t value = eng_score_value(&layout->scores[score], record);
    unsigned band = *eng_record_fixed(record, layout->scores[score].band) & ENG_BAND_MASK;
    struct eng_list openings = openings_of(record);
    bool rise = false;
    eng_assert(score < engine->model->score_count);
    eng_assert(room->down >= -1 && room->up >= -1);
    for (uint32_t i = layout->edges_first[score]; i < layout->edges_first[score + 1]; i++) {
        const struct eng_alert *alert = &engine->model->alerts[layout->edges[i]];
        if (alert->kind == ENG_NEAR && band >= alert->band)
            continue; /* a fall out of that band is looked at anyhow */
        const uint8_t *opening = find_opening(&openings, layout->edges[i]);
        bool open = opening != NULL && opening[1] & OPEN, below = alert->kind == ENG_BELOW;
        int64_t edge = alert->edge_e4;
        if (open)
            edge += below ? alert->margin_e4 : -alert->margin_e4;
        if (value >= edge)
            room->down = lesser(room->down, value - edge);
        else
            room->up = lesser(room->up, edge - 1 - value);
        rise |= below && !open && value < edge;
    }
    return rise;
}

bool eng_alert_cools_down(const struct eng_engine *engine, const struct eng_record *record)
{
    if (engine->layout->list_openings == ENG_NO_INDEX)
        return false;
    struct eng_list openings = openings_of(record);
    for (uint32_t i = 0; i < openings.count; i++) {
        struct opening opening = load_opening(openings.data + (size_t)i * ENG_OPENING_BYTES);
        eng_assert(opening.alert < engine->model->alert_count);
        if (engine->model->alerts[opening.alert].kind == ENG_DROP && !(opening.flags & OPEN))
            return true;
    }
    eng_assert(openings.count <= engine->model->alert_count);
    return false;
}

/* ---- silence ---- */

static inline uint8_t *silence_place(const struct eng_record *record, unsigned alert)
{
    eng_assert(record->layout->model->alerts[alert].kind == ENG_SILENCE);
    eng_assert(record->layout->alert_offset[alert] != 0);
    return eng_record_fixed(record, record->layout->alert_offset[alert]);
}

static inline struct eng_rhythm load_rhythm(const uint8_t *place)
{
    return (struct eng_rhythm){eng_load_i32(place), eng_load_i32(place + 4), place[12]};
}

/* The time of the newest counted event of the alert's list. */
static int64_t last_action_at(const struct eng_engine *engine, unsigned alert)
{
    const uint8_t *place = silence_place(&engine->hand, alert);
    struct eng_rhythm rhythm = load_rhythm(place);
    eng_assert(rhythm.count > 0);
    return eng_calendar_start_ms(engine->model->calendar, rhythm.last) + eng_load_u32(place + 8);
}

static bool count_silence(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned alert, int32_t pane, int64_t time_ms)
{
    uint8_t *place = silence_place(record, alert);
    struct eng_rhythm rhythm = load_rhythm(place);
    bool newer = eng_rhythm_add(&rhythm, pane);
    if (pane != rhythm.last)
        return false;
    int64_t start_ms = pane == engine->now.pane
                           ? engine->now.start_ms
                           : eng_calendar_start_ms(engine->model->calendar, pane);
    eng_assert(time_ms >= start_ms);
    eng_assert(time_ms - start_ms <= UINT32_MAX);
    uint32_t into_pane = (uint32_t)(time_ms - start_ms);
    if (newer || into_pane > eng_load_u32(place + 8))
        eng_store_u32(place + 8, into_pane);
    if (newer) {
        eng_store_i32(place, rhythm.first);
        eng_store_i32(place + 4, rhythm.last);
        place[12] = rhythm.count;
    }
    return newer;
}

static uint32_t silence_due(const struct eng_engine *engine, unsigned alert,
                            const struct eng_rhythm *rhythm)
{
    const struct eng_alert *rule = &engine->model->alerts[alert];
    uint32_t silence = eng_silence_due_memo(engine->silences, alert, rule, rhythm);
    eng_assert(silence > 0);
    eng_assert(silence <= rule->horizon);
    return silence;
}

int32_t eng_alert_silence_due(const struct eng_engine *engine, const struct eng_record *record,
                              unsigned alert, enum eng_due how, int32_t before)
{
    const struct eng_alert *rule = &engine->model->alerts[alert];
    const uint8_t *place = silence_place(record, alert);
    int64_t earliest = (int64_t)eng_load_i32(place + 4) + rule->min_silence + 1;
    if (place[12] < rule->min_active || (earliest >= before && earliest > engine->now.pane))
        return ENG_PANE_NEVER;
    struct eng_list openings = openings_of(record);
    const uint8_t *known = openings.bytes > 0 ? find_opening(&openings, alert) : NULL;
    if ((known != NULL && known[1] & OPEN) || !eng_fact_admits(engine, record, rule))
        return ENG_PANE_NEVER;
    struct eng_rhythm rhythm = load_rhythm(place);
    int64_t due = (int64_t)rhythm.last + rule->min_silence + 1;
    if (how == ENG_DUE_EXACT || (how == ENG_DUE_NEXT && due <= engine->now.pane))
        due = (int64_t)rhythm.last + silence_due(engine, alert, &rhythm) + 1;
    if (known != NULL) {
        int32_t over = eng_moment_due(&engine->now, engine->model,
                                      load_opening(known).opened_at_ms + rule->cooldown_ms);
        due = over > due ? over : due;
    }
    eng_assert(rule->kind == ENG_SILENCE);
    eng_assert(due >= 0);
    return due <= engine->now.pane ? engine->now.pane + 1 : (int32_t)due;
}

/* The mean gap between active panes in ms, rounded half up; 0 while there is none. */
static int64_t usual_gap_ms(const struct eng_model *model, const struct eng_rhythm *rhythm)
{
    int64_t gaps = rhythm->count - 1;
    eng_assert(rhythm->count > 0);
    eng_assert(rhythm->last >= rhythm->first);
    if (gaps == 0)
        return 0;
    return (((int64_t)rhythm->last - rhythm->first) * eng_pane_ms(model) * 2 + gaps) / (2 * gaps);
}

static void tell_silence(const struct eng_engine *engine, struct eng_effect *effect,
                         const struct eng_rhythm *rhythm, uint32_t silence)
{
    unsigned index = effect != NULL ? effect->subject : 0;
    eng_assert(silence > 0);
    if (effect == NULL)
        return;
    eng_assert(silence <= engine->model->alerts[index].horizon);
    effect->last_action_at_ms = last_action_at(engine, index);
    effect->silent_for_ms = effect->at_ms - effect->last_action_at_ms;
    effect->usual_gap_ms = usual_gap_ms(engine->model, rhythm);
    effect->risk_e3 = eng_silence_risk_e3(&engine->model->alerts[index], rhythm, silence);
}

/* Opens a silence that has lasted long enough; only boundaries ask. */
static void maybe_silent(struct eng_engine *engine, struct eng_evaluation *evaluation,
                         unsigned index, const struct opening *opening)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    struct eng_rhythm rhythm = load_rhythm(silence_place(&engine->hand, index));
    eng_assert(evaluation->at_boundary);
    eng_assert(rhythm.count >= alert->min_active);
    uint32_t silence = silence_due(engine, index, &rhythm);
    if (engine->now.pane >= (int64_t)rhythm.last + silence + 1 &&
        eng_fact_admits(engine, &engine->hand, alert) &&
        cooled_down(engine, evaluation, index, opening))
        tell_silence(engine, open_alert(engine, evaluation, index, 0), &rhythm, silence);
}

static void evaluate_silence(struct eng_engine *engine, struct eng_evaluation *evaluation,
                             unsigned index)
{
    struct opening opening = {0};
    bool known = get_opening(&engine->hand, index, &opening);
    eng_assert(engine->model->alerts[index].kind == ENG_SILENCE);
    eng_assert(index < engine->model->alert_count);
    if (!(known && opening.flags & OPEN)) {
        if (evaluation->at_boundary)
            maybe_silent(engine, evaluation, index, known ? &opening : NULL);
        return;
    }
    if (!(engine->scratch.resumed >> index & 1))
        return;
    struct eng_effect *effect = resolve_alert(engine, evaluation, opening);
    if (effect != NULL)
        effect->last_action_at_ms = last_action_at(engine, index);
}

/* ---- deadline ---- */

/* A deadline keeps a pane and these. Before its first anchor the pane is the newest one with an
 * expected action, since the anchor may come late; from then on it is the anchor's, for good. */
enum { ANCHORED = 1, MET = 2, EARLY = 4 };

static inline uint8_t *deadline_place(const struct eng_record *record, unsigned alert)
{
    eng_assert(record->layout->model->alerts[alert].kind == ENG_DEADLINE);
    eng_assert(record->layout->alert_offset[alert] != 0);
    return eng_record_fixed(record, record->layout->alert_offset[alert]);
}

/* True when it has just been met. */
static bool count_deadline(const struct eng_engine *engine, unsigned alert, uint16_t action,
                           int32_t pane)
{
    uint8_t *place = deadline_place(&engine->hand, alert);
    uint8_t flags = place[4];
    int32_t at = eng_load_i32(place);
    bool anchor = eng_action_set_has(&engine->model->alerts[alert].anchors, action);
    eng_assert(pane <= engine->now.pane);
    eng_assert(!(flags & ANCHORED) || !(flags & EARLY));
    if (flags & MET || (anchor && flags & ANCHORED))
        return false;
    if (flags & ANCHORED) {
        place[4] = pane >= at ? ANCHORED | MET : ANCHORED;
    } else if (anchor) {
        place[4] = flags & EARLY && at >= pane ? ANCHORED | MET : ANCHORED;
        eng_store_i32(place, pane);
    } else {
        place[4] = EARLY;
        eng_store_i32(place, flags & EARLY && at > pane ? at : pane);
    }
    return place[4] & MET;
}

/* The pane at whose start a deadline that runs is opened; ENG_PANE_NEVER: none runs. */
static int32_t deadline_pane(const struct eng_record *record, unsigned alert)
{
    const struct eng_alert *rule = &record->layout->model->alerts[alert];
    const uint8_t *place = deadline_place(record, alert);
    eng_assert(rule->remind <= rule->within);
    eng_assert(rule->within <= ENG_PANES_MAX);
    return (place[4] & (ANCHORED | MET)) == ANCHORED
               ? eng_load_i32(place) + (int32_t)(rule->within + 1 - rule->remind)
               : ENG_PANE_NEVER;
}

int32_t eng_alert_deadline_due(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned alert)
{
    int32_t due = deadline_pane(record, alert);
    struct eng_list openings = openings_of(record);
    const uint8_t *known = openings.bytes > 0 ? find_opening(&openings, alert) : NULL;
    eng_assert(alert < engine->model->alert_count);
    eng_assert(engine->now.clock_ms >= 0);
    if ((known != NULL && known[1] & OPEN) ||
        !eng_fact_admits(engine, record, &engine->model->alerts[alert]))
        return ENG_PANE_NEVER;
    return due <= engine->now.pane ? engine->now.pane + 1 : due;
}

static void tell_deadline(const struct eng_engine *engine, struct eng_effect *effect,
                          unsigned index)
{
    const struct eng_calendar *calendar = engine->model->calendar;
    int32_t anchor = eng_load_i32(deadline_place(&engine->hand, index));
    eng_assert(anchor <= engine->now.pane);
    eng_assert(deadline_place(&engine->hand, index)[4] & ANCHORED);
    if (effect == NULL)
        return;
    effect->anchor_at_ms = eng_calendar_start_ms(calendar, anchor);
    effect->due_at_ms =
        eng_calendar_start_ms(calendar, (int64_t)anchor + engine->model->alerts[index].within + 1);
}

/* What has come in time, and was never open. */
static void tell_met(struct eng_engine *engine, struct eng_evaluation *evaluation, unsigned index)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    bool held_out = eng_control_holds_out(alert, eng_partner_id(engine->hand.partner));
    eng_assert(alert->tell_met);
    eng_assert(index < engine->model->alert_count);
    tell_deadline(engine, begin(engine, evaluation, index, ENG_RESOLVED, held_out), index);
}

static void evaluate_deadline(struct eng_engine *engine, struct eng_evaluation *evaluation,
                              unsigned index)
{
    struct opening opening = {0};
    bool known = get_opening(&engine->hand, index, &opening);
    bool open = known && opening.flags & OPEN, met = engine->scratch.resumed >> index & 1;
    const struct eng_alert *alert = &engine->model->alerts[index];
    eng_assert(alert->kind == ENG_DEADLINE);
    eng_assert(index < engine->model->alert_count);
    if (open && met)
        tell_deadline(engine, resolve_alert(engine, evaluation, opening), index);
    else if (!open && !eng_fact_admits(engine, &engine->hand, alert))
        return;
    else if (met && alert->tell_met)
        tell_met(engine, evaluation, index);
    else if (!open && evaluation->at_boundary &&
             engine->now.pane >= deadline_pane(&engine->hand, index))
        tell_deadline(engine, open_alert(engine, evaluation, index, 0), index);
}

/* ---- all of them ---- */

/* False while a partner has acted too recently, or too seldom, for this alert. */
static inline bool may_be_silent(const struct eng_engine *engine, unsigned index)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    const uint8_t *place = silence_place(&engine->hand, index);
    int64_t earliest = (int64_t)eng_load_i32(place + 4) + alert->min_silence + 1;
    return place[12] >= alert->min_active && engine->now.pane >= earliest;
}

/* True when an alert can have nothing to say: what it looks at has not changed, and it does not
 * wait for the end of a cooldown. `opening` may be NULL. */
static inline bool idle(const struct eng_engine *engine, const struct eng_evaluation *evaluation,
                        unsigned index, const uint8_t *opening)
{
    const struct eng_alert *alert = &engine->model->alerts[index];
    const struct eng_scratch *scratch = &engine->scratch;
    uint8_t flags = opening != NULL ? opening[1] : 0;
    switch (alert->kind) {
    case ENG_FALLS_TO:
    case ENG_RISES_TO:
        if (alert->kind == ENG_FALLS_TO && alert->forecast > 0)
            return idle_ahead(scratch, alert, evaluation, flags);
        return scratch->band_before[alert->score] == scratch->band_after[alert->score] &&
               !(flags & WAITING);
    case ENG_NEAR:
        return scratch->band_before[alert->score] == scratch->band_after[alert->score] &&
               scratch->value_before[alert->score] == scratch->value[alert->score] &&
               !(flags & WAITING);
    case ENG_BELOW:
    case ENG_ABOVE:
        return scratch->value_before[alert->score] == scratch->value[alert->score] &&
               !(flags & WAITING);
    case ENG_DROP:
        /* A greater value is less far under the baseline, which was not far enough. */
        return opening == NULL
                   ? scratch->value[alert->score] >= scratch->value_before[alert->score]
                   : scratch->value[alert->score] == scratch->value_before[alert->score] &&
                         flags & OPEN;
    case ENG_DEADLINE:
        return !(scratch->resumed >> index & 1) &&
               (!evaluation->at_boundary || flags & OPEN ||
                engine->now.pane < deadline_pane(&engine->hand, index));
    default:
        return flags & OPEN ? !(scratch->resumed >> index & 1)
                            : !evaluation->at_boundary || !may_be_silent(engine, index);
    }
}

/* One alert that may have something to say. */
static void evaluate_alert(struct eng_engine *engine, struct eng_evaluation *evaluation,
                           unsigned index)
{
    eng_assert(index < engine->model->alert_count);
    eng_assert(evaluation->due > engine->now.pane);
    switch (engine->model->alerts[index].kind) {
    case ENG_FALLS_TO:
        if (engine->model->alerts[index].forecast > 0) {
            evaluate_ahead(engine, evaluation, index);
            return;
        }
        evaluate_entry(engine, evaluation, index);
        return;
    case ENG_RISES_TO:
    case ENG_BELOW:
    case ENG_ABOVE:
    case ENG_NEAR:
        evaluate_entry(engine, evaluation, index);
        return;
    case ENG_DROP:
        evaluate_drop(engine, evaluation, index);
        return;
    case ENG_DEADLINE:
        evaluate_deadline(engine, evaluation, index);
        return;
    default:
        evaluate_silence(engine, evaluation, index);
    }
}

static void tell_due(struct eng_engine *engine, struct eng_evaluation *evaluation);

void eng_alerts_evaluate(struct eng_engine *engine, struct eng_evaluation *evaluation)
{
    uint32_t count = engine->model->alert_count;
    if (count == 0)
        return;
    eng_assert(engine->layout->list_openings != ENG_NO_INDEX);
    struct eng_list openings = openings_of(&engine->hand);
    bool changed = evaluation->cause == ENG_CAUSE_CONFIG; /* what was enough may have */
    for (uint32_t i = 0; i < count; i++) {
        if (!changed && idle(engine, evaluation, i, find_opening(&openings, i)))
            continue;
        evaluate_alert(engine, evaluation, i);
        openings = openings_of(&engine->hand); /* it may have opened, and the record moved */
    }
    if (changed)
        tell_due(engine, evaluation);
}

/* Tells an opening that nobody has heard of, as things are now. */
static void tell_held(struct eng_engine *engine, struct eng_evaluation *evaluation,
                      struct opening opening)
{
    const struct eng_alert *alert = &engine->model->alerts[opening.alert];
    struct eng_fall fall = {.pane = ENG_PANE_NEVER};
    struct eng_rhythm rhythm;
    struct eng_effect *effect =
        begin(engine, evaluation, opening.alert, ENG_OPENED, opening.flags & HELD_OUT);
    eng_assert(opening.flags & OPEN);
    eng_assert(evaluation->due > engine->now.pane);
    if (effect == NULL)
        return;
    if (alert->kind == ENG_DROP)
        effect->baseline_e4 = opening.baseline_e4;
    if (alert->kind == ENG_DEADLINE)
        tell_deadline(engine, effect, opening.alert);
    if (alert->kind == ENG_SILENCE) {
        rhythm = load_rhythm(silence_place(&engine->hand, opening.alert));
        tell_silence(engine, effect, &rhythm, silence_due(engine, opening.alert, &rhythm));
    }
    if (alert->forecast > 0 && alert->kind != ENG_FALLS_TO)
        look_ahead(engine, evaluation, effect);
    else if (alert->forecast > 0 && engine->scratch.band_after[alert->score] > alert->band &&
             falls_soon(engine, evaluation, opening.alert, &fall))
        tell_fall(engine, effect, &fall);
}

/* True when the opening is told at this boundary, if it is still open at its end. */
static bool is_released(const struct eng_engine *engine, const struct opening *opening)
{
    eng_assert(opening->alert < engine->model->alert_count);
    return (opening->flags & (OPEN | BUDGETED)) == OPEN &&
           eng_guards_release(engine, opening->alert, opening->opened_at_ms);
}

bool eng_alerts_are_released(const struct eng_engine *engine, const struct eng_record *record)
{
    bool released = false;
    eng_assert(eng_guards_releasing(engine));
    if (engine->layout->list_openings == ENG_NO_INDEX)
        return false;
    struct eng_list openings = openings_of(record);
    eng_assert(openings.count <= engine->model->alert_count);
    for (uint32_t i = 0; i < openings.count && !released; i++) {
        struct opening opening = load_opening(openings.data + (size_t)i * ENG_OPENING_BYTES);
        released = is_released(engine, &opening);
    }
    return released;
}

void eng_alerts_release(struct eng_engine *engine, struct eng_evaluation *evaluation)
{
    struct eng_list openings = openings_of(&engine->hand);
    eng_assert(eng_guards_releasing(engine));
    eng_assert(openings.count <= engine->model->alert_count);
    for (uint32_t i = 0; i < engine->model->alert_count; i++) {
        const uint8_t *at = find_opening(&openings, i);
        if (at == NULL || evaluation->opened >> i & 1)
            continue;
        struct opening opening = load_opening(at);
        if (is_released(engine, &opening))
            tell_held(engine, evaluation, opening);
    }
}

/* ---- budgets ---- */

/* A number that grows with time: openings at a boundary come before those behind it. */
static uint64_t moment_of(const struct opening *opening)
{
    eng_assert(opening->opened_at_ms >= 0);
    return eng_budget_moment(opening->opened_at_ms, opening->flags & AT_BOUNDARY);
}

uint32_t eng_alerts_claim(const struct eng_engine *engine, const struct eng_record *record,
                          uint32_t alerts, uint32_t *ret_held_out)
{
    struct eng_list openings = openings_of(record);
    uint32_t claims = 0;
    eng_assert(openings.count <= engine->model->alert_count);
    *ret_held_out = 0;
    for (uint32_t i = 0; i < openings.count; i++) {
        struct opening opening = load_opening(openings.data + (size_t)i * ENG_OPENING_BYTES);
        eng_assert(opening.alert < engine->model->alert_count);
        if ((opening.flags & (OPEN | BUDGETED | NEVER)) != (OPEN | BUDGETED) ||
            !(alerts >> opening.alert & 1) ||
            !eng_guards_admit(engine, opening.alert, moment_of(&opening), opening.opened_at_ms))
            continue;
        claims |= 1u << opening.alert;
        *ret_held_out |= opening.flags & HELD_OUT ? 1u << opening.alert : 0;
    }
    return claims;
}

bool eng_alert_is_told(const struct eng_record *record, unsigned alert)
{
    struct opening opening;
    bool known = get_opening(record, alert, &opening);
    eng_assert(known && opening.flags & BUDGETED);
    return opening.flags & TOLD;
}

void eng_alert_tell_claim(struct eng_engine *engine, struct eng_evaluation *evaluation,
                          unsigned alert)
{
    struct opening opening;
    bool known = get_opening(&engine->hand, alert, &opening);
    eng_assert(known && opening.flags & OPEN);
    eng_assert(opening.flags & BUDGETED && !(opening.flags & TOLD));
    opening.flags = (uint8_t)((opening.flags | TOLD) & ~DUE);
    put_opening(engine, opening);
    tell_held(engine, evaluation, opening);
}

void eng_alert_leave_budget(uint8_t *opening, int64_t last_ms)
{
    struct opening of = load_opening(opening);
    if ((of.flags & (OPEN | BUDGETED | TOLD | NEVER)) != (OPEN | BUDGETED))
        return;
    eng_assert(of.opened_at_ms >= 0);
    eng_assert(!(of.flags & DUE));
    bool in_time = last_ms < 0 || moment_of(&of) > eng_budget_moment(last_ms, true);
    opening[1] |= in_time ? DUE : NEVER;
}

/* What the change of the model that is going on takes out of a budget. */
static void tell_due(struct eng_engine *engine, struct eng_evaluation *evaluation)
{
    eng_assert(evaluation->cause == ENG_CAUSE_CONFIG);
    eng_assert(engine->activation.working);
    for (uint32_t i = 0; i < engine->model->alert_count; i++) {
        struct opening opening;
        if (get_opening(&engine->hand, i, &opening) && opening.flags & DUE)
            eng_alert_tell_claim(engine, evaluation, i);
    }
}

/* True when an opening stays as it is while its score rises within a band. */
static inline bool stays(const struct eng_engine *engine, const struct opening *opening,
                         uint16_t action, unsigned score, int64_t value)
{
    const struct eng_alert *alert = &engine->model->alerts[opening->alert];
    switch (alert->kind) {
    case ENG_FALLS_TO:
        if (alert->forecast > 0 && opening->flags & OPEN && alert->score == score)
            return false; /* the fall may have been put off */
        return !(opening->flags & WAITING);
    case ENG_RISES_TO:
        return !(opening->flags & WAITING);
    case ENG_BELOW:
    case ENG_NEAR:
    case ENG_ABOVE: /* entering: see rises_above */
        return !(opening->flags & WAITING) && (!(opening->flags & OPEN) || alert->score != score ||
                                               !eng_alert_has_ended(alert, value));
    case ENG_DROP:
        return opening->flags & OPEN &&
               (alert->score != score || !is_won_back(alert, opening->baseline_e4, value));
    case ENG_DEADLINE: /* met: see scratch.resumed */
        return true;
    default:
        return !(opening->flags & OPEN) || !eng_action_set_has(&alert->actions, action);
    }
}

/* True when a value that rises to this one opens an ABOVE or NEAR alert of the score, or would. */
static bool rises_above(const struct eng_engine *engine, unsigned score, int64_t value)
{
    const struct eng_layout *layout = engine->layout;
    bool rises = false;
    eng_assert(score < engine->model->score_count);
    eng_assert(value >= layout->scores[score].above_from);
    for (uint32_t i = layout->edges_first[score]; i < layout->edges_first[score + 1]; i++) {
        const struct eng_alert *alert = &engine->model->alerts[layout->edges[i]];
        rises |= alert->kind != ENG_BELOW && eng_alert_holds(alert, value) &&
                 !eng_alert_holds(alert, engine->scratch.value_before[score]);
    }
    return rises;
}

bool eng_alerts_quiet(const struct eng_engine *engine, uint16_t action, unsigned score,
                      int64_t value)
{
    eng_assert(value >= engine->scratch.value_before[score]);
    eng_assert(action < engine->model->action_count);
    if (engine->layout->list_openings == ENG_NO_INDEX)
        return true;
    if (__builtin_expect(value >= engine->layout->scores[score].above_from, 0) &&
        rises_above(engine, score, value))
        return false;
    struct eng_list openings = openings_of(&engine->hand);
    const uint8_t *end = openings.data + openings.bytes;
    for (const uint8_t *at = openings.data; at < end; at += ENG_OPENING_BYTES) {
        struct opening opening = load_opening(at);
        if (!stays(engine, &opening, action, score, value))
            return false;
    }
    return true;
}

void eng_alerts_count_slow(struct eng_engine *engine, const struct eng_event *event,
                           uint16_t action, int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    uint32_t end = layout->action_silences_first[action + 1];
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane);
    for (uint32_t i = layout->action_silences_first[action]; i < end; i++) {
        unsigned alert = layout->action_silences[i];
        bool resumed = layout->deadline_bits >> alert & 1
                           ? count_deadline(engine, alert, action, pane)
                           : count_silence(engine, &engine->hand, alert, pane, event->time_ms);
        if (resumed)
            engine->scratch.resumed |= 1u << alert;
    }
}
