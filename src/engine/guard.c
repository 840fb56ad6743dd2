/* Guards: see guard.h.
 *
 * By alert: since when it is held (by guards, by quiet times, or by one after the other), since
 * when by guards, up to whom its openings belong that are being released, and the last times of
 * which nothing is ever told, so that nobody hears that something is resolved of which nobody has
 * heard.
 *
 * Invariants (eng_guards_check): an alert is held only while a guard or a quiet time holds it, or
 * until the next boundary; a guard that holds does so since no later than the clock's pane; none is
 * decided ahead of the clock; what guards hold is held. */
#include "engine/guard.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/internal.h"
#include "engine/quiet.h"

enum { NOT_DECIDED = INT32_MIN, SHARES = 10000, STATE_VERSION = 2, VARINT_BYTES = 10 };

/* One guard. */
struct watch {
    uint64_t count; /* events counted in the clock's pane */
    uint64_t held;  /* openings, while it holds */
    bool fresh;     /* the pane had begun before the guard did: it says nothing */
    bool holds;
    uint32_t run;  /* watching: quiet panes in a row; holding: panes that are not */
    int32_t since; /* holding: from the start of this pane on */
    uint64_t usual_e4[ENG_GUARD_SLOTS_MAX]; /* and 1 more; 0: not known */
};

struct span {
    int64_t from_ms, to_ms; /* to: not with it */
};

/* One alert. */
struct hold {
    int64_t since_ms;        /* -1: it is not held */
    int64_t guarded_ms;      /* since when by guards; -1: none holds it */
    int64_t release_from_ms; /* openings from then on are released; -1: none are */
    bool drop;               /* all guards that hold it say so */
    uint64_t pool_from;      /* of a budget: openings before that moment have been decided on */
    uint8_t dropped_count;
    struct span dropped[ENG_GUARD_DROPPED_MAX]; /* the newest first */
};

struct eng_guards {
    int32_t pane;    /* the boundary that was decided last */
    uint32_t held;   /* alerts (a bit each) that are held */
    uint32_t marks;  /* that are being released */
    uint32_t slots;  /* of a week */
    int32_t settled; /* the pane at whose boundary budgets have been seen to */
    uint32_t pools;  /* of the budgets in work: so many of their segments are done */
    struct watch watches[ENG_GUARDS_MAX];
    struct hold holds[ENG_ALERTS_MAX];
};

/* ---- making ---- */

static struct eng_guards *new_guards(const struct eng_model *model)
{
    struct eng_guards *guards = eng_calloc(1, sizeof *guards);
    if (guards == NULL)
        return NULL;
    guards->pane = guards->settled = NOT_DECIDED;
    guards->slots = model->pane_unit == ENG_PANE_HOUR ? 168 : 7;
    for (uint32_t i = 0; i < ENG_ALERTS_MAX; i++)
        guards->holds[i] = (struct hold){.since_ms = -1, .guarded_ms = -1, .release_from_ms = -1};
    for (uint32_t i = 0; i < ENG_GUARDS_MAX; i++)
        guards->watches[i].fresh = true;
    return guards;
}

bool eng_guards_wanted(const struct eng_model *model)
{
    return model->guard_count > 0 || model->quiet_count > 0 || model->budget_count > 0;
}

enum eng_status eng_guards_new(const struct eng_model *model, struct eng_guards **ret_guards)
{
    eng_assert(model != NULL);
    eng_assert(model->guard_count <= ENG_GUARDS_MAX);
    *ret_guards = NULL;
    if (!eng_guards_wanted(model))
        return ENG_OK;
    *ret_guards = new_guards(model);
    return *ret_guards != NULL ? ENG_OK : ENG_NO_MEMORY;
}

void eng_guards_free(struct eng_guards *guards)
{
    eng_free(guards);
}

uint64_t eng_guards_bytes(const struct eng_guards *guards)
{
    return guards != NULL ? sizeof *guards : 0;
}

/* ---- counting ---- */

void eng_guards_count(struct eng_engine *engine, uint16_t action)
{
    struct eng_guards *guards = engine->guards;
    eng_assert(action < engine->model->action_count);
    eng_assert(engine->restore == NULL);
    for (uint32_t i = 0; i < engine->model->guard_count; i++) {
        const struct eng_guard *guard = &engine->model->guards[i];
        guards->watches[i].count +=
            guard->everything || eng_action_set_has(&guard->actions, action);
    }
}

/* ---- deciding ---- */

bool eng_guards_wait(const struct eng_engine *engine)
{
    eng_assert(engine->boundary.working);
    return engine->guards != NULL && engine->restore == NULL &&
           engine->guards->pane != engine->now.pane;
}

enum verdict { NOTHING, QUIET, FINE };

/* What the pane that has just ended says. */
static enum verdict weigh(const struct eng_guard *guard, const struct watch *watch, uint32_t slot)
{
    uint64_t usual_e4 = watch->usual_e4[slot];
    eng_assert(slot < ENG_GUARD_SLOTS_MAX);
    eng_assert(guard->share_e4 > 0 && guard->share_e4 <= SHARES);
    if (usual_e4 == 0 || usual_e4 - 1 < (uint64_t)guard->usual_least * SHARES)
        return NOTHING;
    return (eng_wide)watch->count * SHARES * SHARES < (eng_wide)(usual_e4 - 1) * guard->share_e4
               ? QUIET
               : FINE;
}

/* What is usual: a quarter of it is the newest. */
static void learn(struct watch *watch, uint32_t slot)
{
    uint64_t usual_e4 = watch->usual_e4[slot], count_e4 = watch->count * SHARES;
    eng_assert(slot < ENG_GUARD_SLOTS_MAX);
    eng_assert(!watch->holds);
    watch->usual_e4[slot] = (usual_e4 == 0 ? count_e4 : (3 * (usual_e4 - 1) + count_e4) / 4) + 1;
}

static void tell_guard(struct eng_engine *engine, unsigned index, enum eng_alert_status status,
                       uint64_t usual_e4, struct eng_effects *effects)
{
    const struct watch *watch = &engine->guards->watches[index];
    const struct eng_evaluation evaluation = {.cause = ENG_CAUSE_EXPIRY,
                                              .origin_kind = ENG_ORIGIN_BOUNDARY,
                                              .origin = (uint64_t)engine->now.clock_ms,
                                              .at_ms = engine->now.clock_ms,
                                              .effects = effects};
    struct eng_effect *effect = eng_effect_begin_of(&evaluation, (struct eng_slice){"", 0}, 0);
    eng_assert(index < engine->model->guard_count);
    eng_assert(watch->since <= engine->now.pane);
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_SOURCE_SILENCE;
    effect->subject = (uint16_t)index;
    effect->status = (uint8_t)status;
    effect->value_e4 = (int64_t)watch->count * SHARES;
    effect->previous_value_e4 = usual_e4 == 0 ? -1 : (int64_t)(usual_e4 - 1);
    effect->last_action_at_ms = eng_calendar_start_ms(engine->model->calendar, watch->since);
    effect->baseline_e4 = (int64_t)watch->held * SHARES;
}

/* While it watches: true when it holds from here on. */
static bool begins(const struct eng_guard *guard, struct watch *watch, enum verdict verdict)
{
    eng_assert(!watch->holds);
    eng_assert(guard->after > 0);
    if (verdict != NOTHING)
        watch->run = verdict == QUIET ? watch->run + 1 : 0;
    return watch->run >= guard->after;
}

/* While it holds: true when it does not any more. */
static bool ends(const struct eng_guard *guard, struct watch *watch, enum verdict verdict,
                 int32_t pane)
{
    eng_assert(watch->holds);
    eng_assert(guard->settle > 0);
    if (verdict != NOTHING)
        watch->run = verdict == FINE ? watch->run + 1 : 0;
    if (watch->run >= guard->settle)
        return true;
    if ((int64_t)pane - watch->since < guard->at_most)
        return false;
    memset(watch->usual_e4, 0, sizeof watch->usual_e4); /* what was usual is so no more */
    return true;
}

static void decide_one(struct eng_engine *engine, unsigned index, struct eng_effects *effects)
{
    const struct eng_guard *guard = &engine->model->guards[index];
    struct watch *watch = &engine->guards->watches[index];
    int32_t pane = engine->now.pane;
    uint32_t slot =
        (uint32_t)(((int64_t)pane - 1 + 2 * engine->guards->slots) % engine->guards->slots);
    uint64_t usual_e4 = watch->usual_e4[slot];
    eng_assert(index < engine->model->guard_count);
    eng_assert(pane >= 0);
    enum verdict verdict = watch->fresh ? NOTHING : weigh(guard, watch, slot);
    if (watch->holds ? ends(guard, watch, verdict, pane) : begins(guard, watch, verdict)) {
        watch->holds = !watch->holds;
        watch->run = 0;
        if (watch->holds) {
            watch->since = pane;
            watch->held = 0;
        }
        tell_guard(engine, index, watch->holds ? ENG_OPENED : ENG_RESOLVED, usual_e4, effects);
    } else if (!watch->holds && !watch->fresh && verdict != QUIET) {
        learn(watch, slot);
    }
    watch->fresh = false;
    watch->count = 0;
}

/* Openings since `from_ms` are never told. */
static void drop_span(struct hold *hold, int64_t from_ms, int64_t until_ms)
{
    eng_assert(from_ms >= 0);
    eng_assert(hold->dropped_count <= ENG_GUARD_DROPPED_MAX);
    memmove(hold->dropped + 1, hold->dropped, sizeof hold->dropped - sizeof hold->dropped[0]);
    hold->dropped[0] = (struct span){from_ms, until_ms};
    if (hold->dropped_count < ENG_GUARD_DROPPED_MAX)
        hold->dropped_count++;
}

/* What no guard holds any more, though a quiet time may. */
static void end_guarded(struct hold *hold, int64_t at_ms)
{
    eng_assert(hold->guarded_ms >= 0);
    eng_assert(hold->since_ms >= 0);
    if (hold->drop)
        drop_span(hold, hold->guarded_ms, at_ms);
    hold->guarded_ms = -1;
    hold->drop = false;
}

/* What nothing holds any more. Nobody needs to be visited when all that was held is dropped; not so
 * when alerts have `opened` at this moment, at which nothing holds them. */
static void let_go(struct eng_guards *guards, unsigned alert, int64_t at_ms, bool opened)
{
    struct hold *hold = &guards->holds[alert];
    eng_assert(hold->since_ms >= 0 && hold->guarded_ms < 0);
    eng_assert(alert < ENG_ALERTS_MAX);
    bool dropped = hold->dropped_count > 0 && hold->dropped[0].from_ms == hold->since_ms &&
                   hold->dropped[0].to_ms == at_ms;
    if (!dropped || opened) {
        hold->release_from_ms = hold->since_ms;
        guards->marks |= 1u << alert;
    }
    hold->since_ms = -1;
    guards->held &= ~(1u << alert);
}

/* What holds alerts: a bit for each of them. */
struct holders {
    uint32_t guarded; /* by a guard */
    uint32_t told;    /* by one that tells in the end */
    uint32_t quiet;   /* by a quiet time */
    bool opened;      /* asked for when alerts of that moment may have opened, not before */
};

static struct holders holders_at(const struct eng_model *model, const struct eng_guards *guards,
                                 int64_t pane)
{
    struct holders holders = {.quiet = eng_quiet_alerts(model, pane)};
    eng_assert(model->guard_count <= ENG_GUARDS_MAX);
    eng_assert(pane >= -1);
    for (uint32_t i = 0; i < model->guard_count; i++)
        if (guards->watches[i].holds) {
            holders.guarded |= model->guards[i].alerts;
            holders.told |= model->guards[i].drop ? 0 : model->guards[i].alerts;
        }
    return holders;
}

/* Lets go of an alert what does not hold it any more. */
static void loosen(struct eng_guards *guards, unsigned alert, const struct holders *holders,
                   int64_t at_ms)
{
    struct hold *hold = &guards->holds[alert];
    uint32_t bit = 1u << alert;
    eng_assert(alert < ENG_ALERTS_MAX);
    eng_assert(at_ms >= 0);
    if (hold->guarded_ms >= 0 && !(holders->guarded & bit))
        end_guarded(hold, at_ms);
    if (hold->since_ms >= 0 && !((holders->guarded | holders->quiet) & bit))
        let_go(guards, alert, at_ms, holders->opened);
}

/* Holds an alert from then on, if it is not. */
static void hold_from(struct eng_guards *guards, unsigned alert, int64_t from_ms)
{
    struct hold *hold = &guards->holds[alert];
    eng_assert(alert < ENG_ALERTS_MAX);
    eng_assert(from_ms >= 0);
    if (hold->since_ms < 0)
        hold->since_ms = from_ms;
    guards->held |= 1u << alert;
}

/* Brings what is held into line with the guards that hold, and with the hour. */
static void hold_alerts(const struct eng_model *model, struct eng_guards *guards, int64_t pane,
                        int64_t at_ms)
{
    const struct holders holders = holders_at(model, guards, pane);
    eng_assert(model->alert_count <= ENG_ALERTS_MAX);
    eng_assert(at_ms >= 0);
    for (uint32_t i = 0; i < model->alert_count; i++) {
        struct hold *hold = &guards->holds[i];
        loosen(guards, i, &holders, at_ms);
        if ((holders.guarded | holders.quiet) >> i & 1)
            hold_from(guards, i, at_ms);
        if (holders.guarded >> i & 1 && hold->guarded_ms < 0) {
            hold->guarded_ms = at_ms;
            hold->drop = true;
        }
        hold->drop = hold->drop && !(holders.told >> i & 1);
    }
}

void eng_guards_decide(struct eng_engine *engine, struct eng_effects *effects)
{
    struct eng_guards *guards = engine->guards;
    eng_assert(eng_guards_wait(engine));
    eng_assert(guards->marks == 0);
    for (uint32_t i = 0; i < engine->model->guard_count; i++)
        decide_one(engine, i, effects);
    hold_alerts(engine->model, guards, engine->now.pane, engine->now.clock_ms);
    guards->pane = engine->now.pane;
    if (guards->marks != 0)
        eng_walk_mark_rest(&engine->walk, &engine->store);
}

/* Alerts are held from when the quiet time began that the clock is in, though nobody saw it begin.
 */
static void find_quiet(struct eng_engine *engine)
{
    const struct eng_model *model = engine->model;
    uint32_t quiet = eng_quiet_alerts(model, engine->now.pane);
    eng_assert(engine->now.clock_ms >= 0);
    eng_assert(engine->restore == NULL);
    for (uint32_t i = 0; i < model->alert_count; i++) {
        int64_t pane = engine->now.pane, start_ms;
        while (quiet >> i & 1 && pane > 0 && eng_quiet_alerts(model, pane - 1) >> i & 1)
            pane--;
        start_ms = eng_calendar_start_ms(model->calendar, pane);
        if (quiet >> i & 1)
            hold_from(engine->guards, i, start_ms < 0 ? 0 : start_ms);
    }
}

void eng_guards_first(struct eng_engine *engine)
{
    eng_assert(engine->now.clock_ms >= 0);
    eng_assert(engine->guards == NULL || engine->guards->held == 0);
    if (engine->guards != NULL)
        find_quiet(engine);
}

/* ---- asking ---- */

static bool is_dropped(const struct hold *hold, int64_t opened_at_ms)
{
    bool dropped = false;
    eng_assert(hold->dropped_count <= ENG_GUARD_DROPPED_MAX);
    eng_assert(opened_at_ms >= -1);
    for (uint32_t i = 0; i < hold->dropped_count; i++)
        dropped |=
            opened_at_ms >= hold->dropped[i].from_ms && opened_at_ms < hold->dropped[i].to_ms;
    return dropped;
}

bool eng_guards_releasing(const struct eng_engine *engine)
{
    const struct eng_guards *guards = engine->guards; /* maybe ahead of a clock that is restored */
    return guards != NULL && guards->marks != 0 &&
           (engine->activation.working || guards->pane == engine->now.pane);
}

bool eng_guards_release_again(const struct eng_engine *engine)
{
    eng_assert(engine->boundary.working);
    return eng_guards_releasing(engine);
}

bool eng_guards_release(const struct eng_engine *engine, unsigned alert, int64_t opened_at_ms)
{
    eng_assert(alert < engine->model->alert_count);
    return eng_guards_releasing(engine) && engine->guards->marks >> alert & 1 &&
           opened_at_ms >= engine->guards->holds[alert].release_from_ms &&
           !is_dropped(&engine->guards->holds[alert], opened_at_ms);
}

void eng_guards_released(struct eng_engine *engine)
{
    struct eng_guards *guards = engine->guards;
    if (!eng_guards_releasing(engine))
        return;
    eng_assert(engine->walk.waiting == 0);
    for (uint32_t i = 0; i < ENG_ALERTS_MAX; i++)
        guards->holds[i].release_from_ms = -1;
    guards->marks = 0;
}

bool eng_guards_hold_opening(struct eng_engine *engine, unsigned alert)
{
    struct eng_guards *guards = engine->guards;
    eng_assert(alert < engine->model->alert_count);
    if (guards == NULL || !(guards->held >> alert & 1))
        return false;
    for (uint32_t i = 0; i < engine->model->guard_count && engine->restore == NULL; i++)
        guards->watches[i].held +=
            guards->watches[i].holds && engine->model->guards[i].alerts >> alert & 1;
    return true;
}

bool eng_guards_is_untold(const struct eng_engine *engine, unsigned alert, int64_t opened_at_ms)
{
    const struct eng_guards *guards = engine->guards;
    eng_assert(alert < engine->model->alert_count);
    if (guards == NULL)
        return false;
    const struct hold *hold = &guards->holds[alert];
    if (hold->since_ms >= 0 && opened_at_ms >= hold->since_ms)
        return true;
    if (is_dropped(hold, opened_at_ms))
        return true;
    return eng_guards_release(engine, alert, opened_at_ms);
}

/* ---- budgets ---- */

bool eng_guards_admit(const struct eng_engine *engine, unsigned alert, uint64_t moment,
                      int64_t opened_at_ms)
{
    const struct hold *hold = &engine->guards->holds[alert];
    eng_assert(alert < engine->model->alert_count);
    eng_assert(opened_at_ms >= 0);
    return moment >= hold->pool_from && (hold->since_ms < 0 || opened_at_ms < hold->since_ms) &&
           !is_dropped(hold, opened_at_ms);
}

bool eng_guards_settled(const struct eng_engine *engine)
{
    eng_assert(engine->guards != NULL);
    eng_assert(engine->guards->settled <= engine->now.pane);
    return engine->guards->settled == engine->now.pane;
}

uint32_t *eng_guards_pools(struct eng_engine *engine)
{
    eng_assert(engine->guards != NULL);
    return &engine->guards->pools;
}

/* What is held stays to be decided on. */
void eng_guards_settle_budgets(struct eng_engine *engine, uint32_t alerts)
{
    struct eng_guards *guards = engine->guards;
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    eng_assert(!eng_guards_settled(engine));
    for (uint32_t i = 0; i < engine->model->alert_count; i++) {
        struct hold *hold = &guards->holds[i];
        if (alerts >> i & 1)
            hold->pool_from = hold->since_ms >= 0 ? eng_budget_moment(hold->since_ms, true)
                                                  : eng_budget_moment(engine->now.clock_ms, false);
    }
    guards->settled = engine->now.pane;
    guards->pools = 0;
}

/* ---- another model ---- */

static bool is_same(const struct eng_change *change, const struct eng_guard *one,
                    const struct eng_guard *two)
{
    eng_assert(one->name != NULL);
    eng_assert(two->name != NULL);
    return strcmp(one->name, two->name) == 0 && one->everything == two->everything &&
           (one->everything || eng_change_same_actions(change, &one->actions, &two->actions));
}

/* A silence of other actions begins anew to learn the rhythm of partners, so nothing could be said
 * of those that have opened: they are never told. */
static void forget_openings(struct hold *hold, int64_t clock_ms)
{
    eng_assert(clock_ms >= 0);
    eng_assert(hold->since_ms <= clock_ms + 1);
    if (hold->since_ms > clock_ms)
        return; /* another change has just done so */
    drop_span(hold, hold->since_ms, clock_ms + 1);
    hold->since_ms = clock_ms + 1;
    if (hold->guarded_ms >= 0)
        hold->guarded_ms = clock_ms + 1;
}

enum eng_status eng_guards_change(const struct eng_guards *from, const struct eng_change *change,
                                  int64_t clock_ms, struct eng_guards **to)
{
    const struct eng_model *model = change->to;
    if (from == NULL && *to != NULL && clock_ms >= 0)
        (*to)->pane = (*to)->settled = (int32_t)eng_calendar_pane(model->calendar, clock_ms);
    if (from == NULL)
        return ENG_OK;
    if (*to == NULL)
        *to = new_guards(model); /* until what is held has been told */
    if (*to == NULL)
        return ENG_NO_MEMORY;
    eng_assert(from->marks == 0);
    eng_assert((*to)->held == 0);
    (*to)->pane = from->pane;
    (*to)->settled =
        clock_ms < 0 ? NOT_DECIDED : (int32_t)eng_calendar_pane(model->calendar, clock_ms);
    for (uint32_t i = 0; i < model->guard_count; i++)
        for (uint32_t k = 0; k < change->from->guard_count; k++)
            if (is_same(change, &change->from->guards[k], &model->guards[i]))
                (*to)->watches[i] = from->watches[k];
    for (uint32_t i = 0; i < change->from->alert_count; i++) {
        uint16_t alert = change->opening[i];
        if (alert == ENG_CHANGE_NONE)
            continue;
        (*to)->holds[alert] = from->holds[i];
        (*to)->held |= (from->held >> i & 1) << alert;
        if (eng_change_learns_anew(change, i, alert) && clock_ms >= 0)
            (*to)->holds[alert].pool_from = eng_budget_moment(clock_ms + 1, true);
        if (from->held >> i & 1 && eng_change_learns_anew(change, i, alert))
            forget_openings(&(*to)->holds[alert], clock_ms);
    }
    if (clock_ms < 0)
        return ENG_OK;
    struct holders holders = holders_at(model, *to, eng_calendar_pane(model->calendar, clock_ms));
    holders.opened = true;
    for (uint32_t i = 0; i < model->alert_count; i++)
        loosen(*to, i, &holders, clock_ms);
    return ENG_OK;
}

/* Nobody knows what was told before: what opened in former periods is taken for decided on. */
static void find_pool(struct eng_engine *engine, const struct eng_budget *budget)
{
    int64_t last_ms = eng_budget_last_ms(engine->model, budget, engine->now.pane);
    eng_assert(engine->restore == NULL);
    eng_assert(engine->model->alert_count <= ENG_ALERTS_MAX);
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (budget->alerts >> i & 1 && last_ms >= 0)
            engine->guards->holds[i].pool_from = eng_budget_moment(last_ms, false);
}

void eng_guards_settle(struct eng_engine *engine)
{
    struct eng_guards *guards = engine->guards;
    if (guards == NULL)
        return;
    int32_t pane = engine->now.clock_ms < 0 ? NOT_DECIDED : engine->now.pane;
    if (guards->pane == pane)
        return;
    if (engine->boundary.working && (guards->pane == pane - 1 || guards->pane == NOT_DECIDED))
        return; /* this boundary is decided next, be it the first one of all */
    eng_assert(engine->restore == NULL);
    eng_assert(!eng_guards_releasing(engine));
    guards->pane = pane;
    for (uint32_t i = 0; i < engine->model->guard_count; i++) {
        guards->watches[i].fresh = true;
        guards->watches[i].count = 0;
    }
    if (pane != NOT_DECIDED)
        find_quiet(engine);
    guards->settled = pane;
    guards->pools = 0;
    for (uint32_t i = 0; i < engine->model->budget_count && pane != NOT_DECIDED; i++)
        find_pool(engine, &engine->model->budgets[i]);
}

void eng_guards_check(const struct eng_engine *engine)
{
    const struct eng_guards *guards = engine->guards;
    if (guards == NULL)
        return;
    eng_assert(guards->pane == NOT_DECIDED || guards->pane <= engine->now.pane);
    eng_assert(guards->marks == 0 || engine->boundary.working || engine->activation.working);
    for (uint32_t i = 0; i < engine->model->guard_count; i++)
        eng_assert(!guards->watches[i].holds || guards->watches[i].since <= engine->now.pane);
    uint32_t held = 0;
    for (uint32_t i = 0; i < ENG_ALERTS_MAX; i++) {
        held |= guards->holds[i].since_ms >= 0 ? 1u << i : 0;
        eng_assert(guards->holds[i].guarded_ms < 0 || guards->holds[i].since_ms >= 0);
    }
    eng_assert(held == guards->held);
}

/* ---- as bytes ---- */

/* Numbers of seven bits a byte, the lowest first; one that may be -1 with one more. */
struct cursor {
    const uint8_t *at, *end;
    bool fine;
};

static uint8_t *put_number(uint8_t *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (uint8_t)(number | 0x80);
    *to++ = (uint8_t)number;
    return to;
}

/* A number up to `most`; 0, and the cursor is not fine any more, when there is none. */
static uint64_t get_number(struct cursor *cursor, uint64_t most)
{
    uint64_t number = 0;
    for (unsigned shift = 0; cursor->fine; shift += 7) {
        cursor->fine = cursor->at < cursor->end && shift < 64;
        if (!cursor->fine)
            break;
        uint8_t byte = *cursor->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            break;
    }
    cursor->fine &= number <= most;
    return cursor->fine ? number : 0;
}

static uint8_t *put_watch(const struct eng_guards *guards, const struct watch *watch, uint8_t *to)
{
    to = put_number(to, watch->count);
    to = put_number(to, watch->held);
    to = put_number(to, (watch->fresh ? 1u : 0u) | (watch->holds ? 2u : 0u));
    to = put_number(to, watch->run);
    to = put_number(to, watch->holds ? (uint64_t)((int64_t)watch->since + 1) : 0);
    for (uint32_t i = 0; i < guards->slots; i++)
        to = put_number(to, watch->usual_e4[i]);
    return to;
}

static void get_watch(struct eng_guards *guards, struct watch *watch, struct cursor *cursor)
{
    watch->count = get_number(cursor, UINT64_MAX);
    watch->held = get_number(cursor, UINT64_MAX);
    uint64_t flags = get_number(cursor, 3);
    watch->fresh = flags & 1;
    watch->holds = flags & 2;
    watch->run = (uint32_t)get_number(cursor, UINT32_MAX);
    watch->since = (int32_t)((int64_t)get_number(cursor, ENG_PANE_NEVER) - 1);
    for (uint32_t i = 0; i < guards->slots; i++)
        watch->usual_e4[i] = get_number(cursor, UINT64_MAX);
}

/* One that is idle takes a byte. */
static uint8_t *put_hold(const struct hold *hold, uint8_t *to)
{
    bool idle = hold->since_ms < 0 && hold->release_from_ms < 0 && hold->dropped_count == 0 &&
                hold->pool_from == 0;
    to = put_number(to, idle ? 0 : 1u + hold->dropped_count);
    if (idle)
        return to;
    to = put_number(to, (uint64_t)(hold->since_ms + 1));
    to = put_number(to, (uint64_t)(hold->release_from_ms + 1));
    to = put_number(to, hold->drop);
    to = put_number(to, (uint64_t)(hold->guarded_ms + 1));
    to = put_number(to, hold->pool_from);
    for (uint32_t i = 0; i < hold->dropped_count; i++) {
        to = put_number(to, (uint64_t)hold->dropped[i].from_ms);
        to = put_number(to, (uint64_t)hold->dropped[i].to_ms);
    }
    return to;
}

/* Before there were quiet times (version 1) only guards held anything. */
static void get_hold(struct eng_guards *guards, unsigned alert, unsigned version,
                     struct cursor *cursor)
{
    struct hold *hold = &guards->holds[alert];
    uint64_t kind = get_number(cursor, 1 + ENG_GUARD_DROPPED_MAX);
    if (kind == 0)
        return;
    hold->since_ms = (int64_t)get_number(cursor, ENG_TIME_MS_MAX + 1) - 1;
    hold->release_from_ms = (int64_t)get_number(cursor, ENG_TIME_MS_MAX + 1) - 1;
    hold->drop = get_number(cursor, 1) != 0;
    hold->guarded_ms =
        version < 2 ? hold->since_ms : (int64_t)get_number(cursor, ENG_TIME_MS_MAX + 1) - 1;
    hold->pool_from = version < 2 ? 0 : get_number(cursor, UINT64_MAX);
    hold->dropped_count = (uint8_t)(kind - 1);
    for (uint32_t i = 0; i < hold->dropped_count; i++) {
        hold->dropped[i].from_ms = (int64_t)get_number(cursor, ENG_TIME_MS_MAX);
        hold->dropped[i].to_ms = (int64_t)get_number(cursor, ENG_TIME_MS_MAX);
    }
    guards->held |= hold->since_ms >= 0 ? 1u << alert : 0;
    guards->marks |= hold->release_from_ms >= 0 ? 1u << alert : 0;
}

_Static_assert(5 * VARINT_BYTES + ENG_GUARDS_MAX * (5 + ENG_GUARD_SLOTS_MAX) * VARINT_BYTES +
                       ENG_ALERTS_MAX * (6 + 2 * ENG_GUARD_DROPPED_MAX) * VARINT_BYTES <=
                   ENG_SHARED_BYTES_MAX,
               "there is room for all of it");

uint32_t eng_engine_shared_write(const struct eng_engine *engine, uint8_t *to)
{
    const struct eng_guards *guards = engine->guards;
    uint8_t *at = to;
    eng_assert(to != NULL);
    if (guards == NULL)
        return 0;
    *at++ = STATE_VERSION;
    at = put_number(at, guards->pane == NOT_DECIDED ? 0 : (uint64_t)((int64_t)guards->pane + 1));
    at = put_number(at,
                    guards->settled == NOT_DECIDED ? 0 : (uint64_t)((int64_t)guards->settled + 1));
    at = put_number(at, guards->pools);
    at = put_number(at, engine->model->guard_count);
    for (uint32_t i = 0; i < engine->model->guard_count; i++)
        at = put_watch(guards, &guards->watches[i], at);
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        at = put_hold(&guards->holds[i], at);
    eng_assert(at - to <= ENG_SHARED_BYTES_MAX);
    return (uint32_t)(at - to);
}

enum eng_status eng_engine_shared_read(struct eng_engine *engine, const uint8_t *from,
                                       uint32_t bytes)
{
    struct cursor cursor = {from + 1, from + bytes,
                            bytes > 0 && from[0] >= 1 && from[0] <= STATE_VERSION};
    if (bytes == 0)
        return ENG_OK; /* of before there were guards */
    eng_assert(from != NULL);
    struct eng_guards *guards = new_guards(engine->model);
    if (guards == NULL)
        return ENG_NO_MEMORY;
    uint64_t pane = get_number(&cursor, ENG_PANE_NEVER);
    guards->pane = pane == 0 ? NOT_DECIDED : (int32_t)(pane - 1);
    if (from[0] >= 2) {
        uint64_t settled = get_number(&cursor, ENG_PANE_NEVER);
        guards->settled = settled == 0 ? NOT_DECIDED : (int32_t)(settled - 1);
        guards->pools = (uint32_t)get_number(&cursor, UINT32_MAX);
    }
    cursor.fine &= get_number(&cursor, ENG_GUARDS_MAX) == engine->model->guard_count;
    for (uint32_t i = 0; i < engine->model->guard_count; i++)
        get_watch(guards, &guards->watches[i], &cursor);
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        get_hold(guards, i, from[0], &cursor);
    if (!cursor.fine || cursor.at != cursor.end) {
        eng_guards_free(guards);
        return ENG_CORRUPT;
    }
    eng_guards_free(engine->guards);
    engine->guards = guards;
    return ENG_OK;
}
