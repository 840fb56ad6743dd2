/* Guards and quiet times: what comes from everybody, what the clocks show, and alerts that are held
 * meanwhile. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

enum { SPANS = 4 }; /* of the newest times of which nothing is told, by alert */

/* ---- what is usual ---- */

static int64_t week(const struct eng_model *model)
{
    return model->pane_unit == ENG_PANE_HOUR ? 168 : 7;
}

/* In 1/10,000, by reading all panes again that it was learnt from; -1: not known. */
static int64_t usual_e4(const struct naive_watch *watch, int64_t pane, int64_t panes)
{
    int64_t usual = -1;
    for (size_t i = 0; i < watch->learnt_count; i++) {
        int64_t count_e4 = watch->learnt[i].count * 10000;
        if ((watch->learnt[i].pane - pane) % panes == 0)
            usual = usual < 0 ? count_e4 : (3 * usual + count_e4) / 4;
    }
    return usual;
}

static void learn(struct naive_watch *watch, int64_t pane)
{
    watch->learnt = naive_grow(watch->learnt, watch->learnt_count, &watch->learnt_capacity,
                               sizeof *watch->learnt);
    watch->learnt[watch->learnt_count].pane = pane;
    watch->learnt[watch->learnt_count++].count = watch->count;
}

/* ---- deciding ---- */

static void tell(struct naive *naive, unsigned index, enum eng_alert_status status, int64_t usual)
{
    static char no_name[1];
    static struct partner nobody;
    const struct naive_watch *watch = &naive->watches[index];
    struct occasion why = {
        ENG_CAUSE_EXPIRY, ENG_ORIGIN_BOUNDARY, (uint64_t)naive->clock_ms, naive->clock_ms, 0, 0};
    struct eng_effect effect = naive_effect(ENG_EFFECT_SOURCE_SILENCE, index, &why);
    nobody.name = no_name;
    effect.status = (uint8_t)status;
    effect.value_e4 = watch->count * 10000;
    effect.previous_value_e4 = usual;
    effect.last_action_at_ms = eng_calendar_start_ms(naive->model->calendar, watch->since);
    effect.baseline_e4 = watch->held * 10000;
    naive_emit(naive, &nobody, &effect, NULL, NULL);
}

/* The boundary at the start of `pane`: what does the pane before it say? */
static void decide(struct naive *naive, unsigned index, int64_t pane)
{
    const struct eng_guard *guard = &naive->model->guards[index];
    struct naive_watch *watch = &naive->watches[index];
    int64_t usual = usual_e4(watch, pane - 1, week(naive->model));
    bool speaks = watch->whole && usual >= (int64_t)guard->usual_least * 10000;
    bool quiet = speaks && (__int128)watch->count * 100000000 < (__int128)usual * guard->share_e4;
    bool was = watch->holds;
    if (speaks && quiet != watch->holds)
        watch->run++;
    else if (speaks)
        watch->run = 0;
    if (!watch->holds && watch->run >= guard->after) {
        watch->holds = true;
        watch->since = pane;
        watch->held = watch->run = 0;
        tell(naive, index, ENG_OPENED, usual);
    } else if (watch->holds && watch->run >= guard->settle) {
        watch->holds = false;
        watch->run = 0;
        tell(naive, index, ENG_RESOLVED, usual);
    } else if (watch->holds && pane - watch->since >= (int64_t)guard->at_most) {
        watch->holds = false;
        watch->run = 0;
        watch->learnt_count = 0;
        tell(naive, index, ENG_RESOLVED, usual);
    }
    if (!was && !watch->holds && watch->whole && !quiet)
        learn(watch, pane - 1);
    watch->whole = true;
    watch->count = 0;
}

/* Openings of the alert from then on, up to `to_ms`, are never told. */
static void drop_span(struct naive_hold *hold, int64_t from_ms, int64_t to_ms)
{
    hold->spans =
        naive_grow(hold->spans, hold->span_count, &hold->span_capacity, sizeof *hold->spans);
    hold->spans[hold->span_count].from_ms = from_ms;
    hold->spans[hold->span_count++].to_ms = to_ms;
}

/* Is the alert held by a guard, and does one of those say that it is told in the end? */
static bool is_guarded(const struct naive *naive, unsigned alert, bool *ret_tells)
{
    bool held = false;
    *ret_tells = false;
    for (unsigned i = 0; i < naive->model->guard_count; i++) {
        const struct eng_guard *guard = &naive->model->guards[i];
        bool by_it = naive->watches[i].holds && guard->alerts >> alert & 1;
        held |= by_it;
        *ret_tells |= by_it && !guard->drop;
    }
    return held;
}

/* Does a quiet time hold the alert in this pane? */
bool naive_is_quiet(const struct eng_model *model, unsigned alert, int64_t pane)
{
    struct eng_local local = eng_calendar_local(model->calendar, pane);
    for (unsigned i = 0; i < model->quiet_count; i++) {
        const struct eng_quiet *quiet = &model->quiets[i];
        bool now = (quiet->days & 1u << (local.weekday - 1)) || (quiet->hours & 1u << local.hour);
        if (now && (quiet->alerts & 1u << alert))
            return true;
    }
    return false;
}

/* What does not hold the alert any more lets go of it. */
static void loosen(struct naive *naive, unsigned alert, bool guarded, bool quiet)
{
    struct naive_hold *hold = &naive->holds[alert];
    if (hold->guarded && !guarded) {
        if (!hold->tells)
            drop_span(hold, hold->guarded_ms, naive->clock_ms);
        hold->guarded = false;
    }
    if (hold->holds && !guarded && !quiet) {
        hold->releases = true;
        hold->release_from_ms = hold->since_ms;
        hold->holds = false;
    }
}

void naive_guards_decide(struct naive *naive, int64_t pane)
{
    for (unsigned i = 0; i < naive->model->guard_count; i++)
        decide(naive, i, pane);
    for (unsigned i = 0; i < naive->model->alert_count; i++) {
        struct naive_hold *hold = &naive->holds[i];
        bool tells, guarded = is_guarded(naive, i, &tells),
                    quiet = naive_is_quiet(naive->model, i, pane);
        loosen(naive, i, guarded, quiet);
        if ((guarded || quiet) && !hold->holds) {
            hold->holds = true;
            hold->since_ms = naive->clock_ms;
        }
        if (guarded && !hold->guarded) {
            hold->guarded = true;
            hold->tells = false;
            hold->guarded_ms = naive->clock_ms;
        }
        hold->tells |= tells;
    }
}

/* The first pane of all has no boundary. */
void naive_guards_first(struct naive *naive)
{
    int64_t pane = eng_calendar_pane(naive->model->calendar, naive->clock_ms);
    for (unsigned i = 0; i < naive->model->alert_count; i++)
        naive->holds[i].holds = naive_is_quiet(naive->model, i, pane);
}

void naive_guards_decided(struct naive *naive)
{
    for (unsigned i = 0; i < ENG_ALERTS_MAX; i++)
        naive->holds[i].releases = false;
}

void naive_guards_count(struct naive *naive, uint16_t action)
{
    for (unsigned i = 0; i < naive->model->guard_count; i++) {
        const struct eng_guard *guard = &naive->model->guards[i];
        naive->watches[i].count += guard->everything || eng_action_set_has(&guard->actions, action);
    }
}

/* ---- what is told ---- */

bool naive_is_dropped(const struct naive_hold *hold, int64_t opened_ms)
{
    bool dropped = false;
    for (size_t i = 0; i < SPANS && i < hold->span_count; i++) {
        const struct naive_span_ms *span = &hold->spans[hold->span_count - 1 - i];
        dropped |= opened_ms >= span->from_ms && opened_ms < span->to_ms;
    }
    return dropped;
}

static bool is_untold(const struct naive_hold *hold, int64_t opened_ms)
{
    return (hold->holds && opened_ms >= hold->since_ms) ||
           (hold->releases && opened_ms >= hold->release_from_ms) ||
           naive_is_dropped(hold, opened_ms);
}

bool naive_guards_swallow(struct naive *naive, const struct partner *partner,
                          const struct eng_effect *effect)
{
    unsigned alert = effect->subject;
    if (effect->kind != ENG_EFFECT_CHURN_DROP || naive->telling_again)
        return false;
    if (effect->status == ENG_RESOLVED)
        return partner->alerts[alert].budgeted && partner->alerts[alert].opened_ms >= 0
                   ? !partner->alerts[alert].told
                   : partner->alerts[alert].opened_ms >= 0 &&
                         is_untold(&naive->holds[alert], partner->alerts[alert].opened_ms);
    naive->opened_now |= 1u << alert;
    for (unsigned i = 0; i < naive->model->guard_count && naive->holds[alert].holds; i++)
        naive->watches[i].held +=
            naive->watches[i].holds && naive->model->guards[i].alerts >> alert & 1;
    return naive->holds[alert].holds || partner->alerts[alert].budgeted;
}

void naive_guards_release(struct naive *naive, struct partner *partner,
                          const struct score_state *before, const struct occasion *why)
{
    for (unsigned i = 0; i < naive->model->alert_count; i++) {
        const struct naive_hold *hold = &naive->holds[i];
        const struct alert_state *state = &partner->alerts[i];
        if (!hold->releases || !state->open || state->budgeted || naive->opened_now >> i & 1 ||
            state->opened_ms < hold->release_from_ms || naive_is_dropped(hold, state->opened_ms))
            continue;
        naive->telling_again = true;
        naive_alert_tell_again(naive, partner, i, before, why);
        naive->telling_again = false;
    }
}

/* ---- another model ---- */

/* Openings so far are never told. */
static void forget_openings(struct naive *naive, struct naive_hold *hold)
{
    if (hold->since_ms > naive->clock_ms)
        return;
    drop_span(hold, hold->since_ms, naive->clock_ms + 1);
    hold->since_ms = hold->guarded_ms = naive->clock_ms + 1;
}

void naive_guards_change(struct naive *naive, const uint16_t *guards,
                         const struct naive_alert_change *alerts, const struct eng_model *old)
{
    struct naive_watch watches[ENG_GUARDS_MAX];
    struct naive_hold holds[ENG_ALERTS_MAX];
    memcpy(watches, naive->watches, sizeof watches);
    memcpy(holds, naive->holds, sizeof holds);
    memset(naive->watches, 0, sizeof watches);
    memset(naive->holds, 0, sizeof holds);
    for (unsigned i = 0; i < naive->model->guard_count; i++)
        if (guards[i] < old->guard_count) {
            naive->watches[i] = watches[guards[i]];
            watches[guards[i]].learnt = NULL;
        }
    for (unsigned i = 0; i < old->guard_count; i++)
        free(watches[i].learnt);
    for (unsigned i = 0; i < old->alert_count; i++)
        if (alerts[i].index < naive->model->alert_count) {
            naive->holds[alerts[i].index] = holds[i];
            holds[i].spans = NULL;
            if (alerts[i].anew && naive->holds[alerts[i].index].holds)
                forget_openings(naive, &naive->holds[alerts[i].index]);
        }
    for (unsigned i = 0; i < old->alert_count; i++)
        free(holds[i].spans);
    int64_t pane = eng_calendar_pane(naive->model->calendar, naive->clock_ms);
    for (unsigned i = 0; i < naive->model->alert_count; i++) {
        bool tells, guarded = is_guarded(naive, i, &tells);
        loosen(naive, i, guarded, naive_is_quiet(naive->model, i, pane));
    }
}

/* With the last guard and quiet time goes all that was known of those before. */
void naive_guards_changed(struct naive *naive)
{
    naive_guards_decided(naive);
    if (naive->model->guard_count > 0 || naive->model->quiet_count > 0)
        return;
    for (unsigned i = 0; i < ENG_ALERTS_MAX; i++)
        naive->holds[i].span_count = 0;
}

void naive_guards_free(struct naive *naive)
{
    for (unsigned i = 0; i < ENG_GUARDS_MAX; i++)
        free(naive->watches[i].learnt);
    for (unsigned i = 0; i < ENG_ALERTS_MAX; i++)
        free(naive->holds[i].spans);
}
