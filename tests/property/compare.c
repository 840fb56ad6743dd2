/* Compares the engine with the reference and with itself. See compare.h. */
#include "compare.h"
#include "base/assert.h"
#include "engine/model.h"
#include "foretold.h"
#include "naive.h"
#include "print.h"
#include "restored.h"
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An engine and all that it has told. */
struct run {
    const struct eng_model *const *models;
    const struct eng_model *model; /* in force */
    const struct history *history;
    struct eng_engine *engine;
    struct eng_effects buffer;
    bool untold; /* effects are not asked for */
    uint8_t *told;
    size_t told_bytes, told_capacity;
    uint8_t *outcomes; /* of the history's steps; ticks 0xFF */
    bool looks;        /* at everybody, whenever a call leaves work undone */
    bool leaves;       /* activations unfinished */
    FILE *out;
    /* A run of a history that is known forecasts now and then. */
    const struct uninterrupted *known; /* NULL: it does not */
    struct chance *chance;
    size_t told_from; /* what it tells begins there */
    uint32_t step;    /* in work */
    bool foretold_wrong;
};

static void run_start(struct run *run, const struct eng_model *const *models,
                      const struct history *history, const struct eng_engine_options *options)
{
    memset(run, 0, sizeof *run);
    run->models = models;
    run->model = models[0];
    run->history = history;
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status = eng_engine_new(run->model, options, &run->engine, &err);
    eng_assert(status == ENG_OK);
    run->buffer.capacity = eng_engine_effects_bytes_min(run->engine);
    for (uint32_t i = 0; i < history->count; i++) {
        size_t bytes = eng_model_effects_bytes_min(models[history->steps[i].model]);
        if (bytes > run->buffer.capacity)
            run->buffer.capacity = bytes;
    }
    run->buffer.data = malloc(run->buffer.capacity);
    run->outcomes = malloc(history->count);
    eng_assert(run->buffer.data != NULL && run->outcomes != NULL);
    memset(run->outcomes, 0xFF, history->count);
}

static void run_end(struct run *run)
{
    eng_engine_free(run->engine);
    free(run->buffer.data);
    free(run->told);
    free(run->outcomes);
}

static void collect(struct run *run)
{
    while (run->told_bytes + run->buffer.used > run->told_capacity) {
        run->told_capacity = 2 * run->told_capacity + run->buffer.capacity;
        run->told = realloc(run->told, run->told_capacity);
        eng_assert(run->told != NULL);
    }
    if (run->buffer.used > 0)
        memcpy(run->told + run->told_bytes, run->buffer.data, run->buffer.used);
    run->told_bytes += run->buffer.used;
    run->buffer.used = 0;
    run->buffer.count = 0;
}

/* Forecasts somebody, after what has been told until now was taken away. */
static void foretell(struct run *run)
{
    struct standpoint here = {run->engine, run->models, run->history,
                              run->known,  run->step,   run->told_from + run->told_bytes};
    if (run->known != NULL && !run->untold && chance_percent(run->chance, 20) &&
        !foretold_is_known(&here, run->chance, run->out))
        run->foretold_wrong = true;
}

/* Looks at all partners of the history: nobody may ever hear a difference. */
static void look(const struct run *run)
{
    static struct eng_view view;
    for (uint32_t i = 0; run->looks && i < run->history->count; i++)
        if (step_is_event(&run->history->steps[i]))
            (void)eng_engine_view(run->engine, run->history->steps[i].event.partner, &view);
}

/* One call after another until the work is done. */
static void run_events(struct run *run, const struct eng_event *events, uint8_t *outcomes,
                       uint32_t count)
{
    struct eng_batch batch = {events, outcomes, count, 0, &history_names};
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status;
    uint32_t first = run->step;
    do {
        status = eng_engine_apply(run->engine, &batch, run->untold ? NULL : &run->buffer, &err);
        look(run);
        eng_engine_check(run->engine);
        collect(run);
        run->step = first + batch.done;
        foretell(run);
    } while (status == ENG_AGAIN);
    if (status != ENG_OK)
        fprintf(stderr, "%s: %s\n", eng_status_name(status), err.text);
    eng_assert(status == ENG_OK && batch.done == count);
}

static void run_tick(struct run *run, int64_t time_ms)
{
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status;
    do {
        status = eng_engine_tick(run->engine, time_ms, run->untold ? NULL : &run->buffer, &err);
        look(run);
        eng_engine_check(run->engine);
        collect(run);
        foretell(run);
    } while (status == ENG_AGAIN);
    eng_assert(status == ENG_OK);
}

/* All of it, or in a run that leaves activations unfinished, the first portion. */
static void run_activation(struct run *run, const struct step *step)
{
    struct eng_error err = {ENG_OK, ""};
    enum eng_status status;
    run->model = run->models[step->model];
    run->step++; /* it ends no silence of those whom it has come to */
    do {
        status = eng_engine_activate(run->engine, run->model, step->silent,
                                     run->untold ? NULL : &run->buffer, &err);
        look(run);
        eng_engine_check(run->engine);
        collect(run);
        foretell(run);
    } while (status == ENG_AGAIN && !run->leaves);
    eng_assert(status == ENG_OK || (status == ENG_AGAIN && run->leaves));
}

/* Whatever was left unfinished. */
static void run_finish(struct run *run)
{
    run_tick(run, -1);
}

/* Anything but an event. */
static void run_step(struct run *run, const struct step *step)
{
    if (step->tick)
        run_tick(run, step->event.time_ms);
    if (step->model > 0)
        run_finish(run); /* of the one before */
    if (step->model > 0)
        run_activation(run, step);
    if (step->erase) {
        run_finish(run);
        (void)eng_engine_erase(run->engine, step->event.partner, 0, NULL);
        eng_engine_check(run->engine);
    }
}

/* Steps from..to, events in batches of up to `batch_max`. */
static void run_steps(struct run *run, uint32_t from, uint32_t to, struct chance *chance,
                      uint32_t batch_max)
{
    enum { BATCH_MAX = 64 };
    struct eng_event events[BATCH_MAX];
    eng_assert(batch_max >= 1 && batch_max <= BATCH_MAX);
    while (from < to) {
        const struct step *steps = run->history->steps;
        run->step = from;
        if (!step_is_event(&steps[from])) {
            run_step(run, &steps[from++]);
            continue;
        }
        uint32_t count = 0, wanted = (uint32_t)chance_between(chance, 1, batch_max);
        for (; count < wanted && from + count < to && step_is_event(&steps[from + count]); count++)
            events[count] = steps[from + count].event;
        run_events(run, events, run->outcomes + from, count);
        from += count;
    }
    run->step = from;
    run_finish(run);
}

static bool same_bytes(const struct run *run, const char *what, size_t from,
                       const struct eng_effects *want)
{
    size_t bytes = run->told_bytes - from;
    if (bytes == want->used && (bytes == 0 || memcmp(run->told + from, want->data, bytes) == 0))
        return true;
    fprintf(run->out, "%s\n  wanted:\n", what);
    effects_print(run->model, want->data, want->used, run->out);
    fprintf(run->out, "  told:\n");
    if (bytes > 0)
        effects_print(run->model, run->told + from, bytes, run->out);
    return false;
}

static bool same_number(const struct run *run, const char *what, unsigned index, int64_t want,
                        int64_t got)
{
    if (want != got)
        fprintf(run->out, "%s %u: wanted %" PRId64 ", got %" PRId64 "\n", what, index, want, got);
    return want == got;
}

static bool same_counters(const struct run *run, const struct naive *naive)
{
    const struct eng_counters *want = naive_counters(naive);
    const struct eng_counters *got = eng_engine_counters(run->engine);
    uint64_t sum = 0;
    bool same = same_number(run, "read", 0, (int64_t)want->read, (int64_t)got->read);
    for (unsigned i = 0; i < ENG_OUTCOME_COUNT; i++) {
        same &= same_number(run, eng_outcome_name((enum eng_outcome)i), i,
                            (int64_t)want->outcome[i], (int64_t)got->outcome[i]);
        sum += got->outcome[i];
    }
    same &= same_number(run, "S15: the sum of outcomes", 0, (int64_t)got->read, (int64_t)sum);
    same &= same_number(run, "score changes", 0, (int64_t)want->score_changes,
                        (int64_t)got->score_changes);
    same &=
        same_number(run, "churn drops", 0, (int64_t)want->churn_drops, (int64_t)got->churn_drops);
    same &= same_number(run, "cell changes", 0, (int64_t)want->cell_changes,
                        (int64_t)got->cell_changes);
    same &= same_number(run, "reports", 0, (int64_t)want->reports, (int64_t)got->reports);
    same &= same_number(run, "bookings", 0, (int64_t)want->award_bookings,
                        (int64_t)got->award_bookings);
    same &= same_number(run, "unmatched", 0, (int64_t)want->award_unmatched,
                        (int64_t)got->award_unmatched);
    same &= same_number(run, "flags", 0, (int64_t)want->abuse_flags, (int64_t)got->abuse_flags);
    same &= same_number(run, "held out", 0, (int64_t)want->held_out, (int64_t)got->held_out);
    same &= same_number(run, "digests", 0, (int64_t)want->digests, (int64_t)got->digests);
    same &=
        same_number(run, "left out by budgets", 0, (int64_t)want->left_out, (int64_t)got->left_out);
    same &=
        same_number(run, "released", 0, (int64_t)want->held_released, (int64_t)got->held_released);
    same &= same_number(run, "discarded", 0, (int64_t)want->held_discarded,
                        (int64_t)got->held_discarded);
    same &= same_number(run, "decisions on nothing", 0, (int64_t)want->held_unmatched,
                        (int64_t)got->held_unmatched);
    same &= same_number(run, "partners", 0, (int64_t)naive_partner_count(naive),
                        (int64_t)eng_engine_partner_count(run->engine));
    same &= same_number(run, "clock", 0, naive_clock_ms(naive), eng_engine_clock_ms(run->engine));
    return same & same_number(run, "next boundary", 0, naive_next_boundary_ms(naive),
                              eng_engine_next_boundary_ms(run->engine));
}

static bool same_view_scores(const struct run *run, const struct eng_view *want,
                             const struct eng_view *got)
{
    bool same = true;
    for (unsigned i = 0; i < want->score_count; i++) {
        const struct eng_view_score *a = &want->scores[i], *b = &got->scores[i];
        same &= same_number(run, "view: value of score", i, a->value_e4, b->value_e4);
        same &=
            same_number(run, "view: told value of score", i, a->told_value_e4, b->told_value_e4);
        same &= same_number(run, "view: band of score", i, a->band, b->band);
        same &= same_number(run, "view: told band of score", i, a->told_band, b->told_band);
        same &= same_number(run, "view: provisional of score", i, a->provisional, b->provisional);
        same &= same_number(run, "view: dimensions of score", i, a->contribution_count,
                            b->contribution_count);
        for (unsigned d = 0; same && d < a->contribution_count; d++)
            same &= same_number(run, "view: contribution", i * 100 + d, a->contribution_e4[d],
                                b->contribution_e4[d]);
    }
    return same;
}

/* An opening that can no longer hold anything up may be forgotten. */
static bool cooled_down(const struct run *run, unsigned alert, const struct eng_view_alert *view)
{
    return !view->open && eng_engine_clock_ms(run->engine) - view->opened_at_ms >=
                              run->model->alerts[alert].cooldown_ms;
}

static bool same_text(struct eng_slice a, struct eng_slice b)
{
    return (a.data == NULL) == (b.data == NULL) && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool same_view_held(const struct run *run, const struct eng_view *want,
                           const struct eng_view *got)
{
    bool same = same_number(run, "view: held", 0, want->held_count, got->held_count);
    for (unsigned i = 0; same && i < want->held_count; i++) {
        const struct eng_view_held *a = &want->held[i], *b = &got->held[i];
        same &= same_number(run, "view: held until, of", i, a->until_ms, b->until_ms) &&
                same_number(run, "view: held at, of", i, a->occurred_ms, b->occurred_ms) &&
                same_number(run, "view: texts of held", i, 1,
                            same_text(a->check, b->check) && same_text(a->action, b->action) &&
                                same_text(a->id, b->id));
    }
    return same;
}

static bool same_view_facts(const struct run *run, const struct eng_view *want,
                            const struct eng_view *got)
{
    bool same = same_number(run, "view: facts", 0, want->fact_count, got->fact_count);
    for (unsigned i = 0; same && i < want->fact_count; i++) {
        const struct eng_view_fact *a = &want->facts[i], *b = &got->facts[i];
        same &= same_number(run, "view: name of fact", i, 0, strcmp(a->name, b->name));
        same &= same_number(run, "view: kind of fact", i, a->kind, b->kind);
        same &= same_number(run, "view: fact is there", i, a->there, b->there);
        same &= same_number(run, "view: fact", i, a->value_e4, b->value_e4);
        same &= same_number(run, "view: bytes of fact", i, a->text.length, b->text.length);
        same &= a->text.length != b->text.length ||
                same_number(run, "view: text of fact", i, 0,
                            a->text.length > 0 ? memcmp(a->text.data, b->text.data, a->text.length)
                                               : 0);
    }
    return same;
}

static bool same_view(const struct run *run, const struct eng_view *want,
                      const struct eng_view *got)
{
    bool same = same_number(run, "view: clock", 0, want->clock_ms, got->clock_ms);
    same &= same_number(run, "view: first day", 0, want->first_day_ms, got->first_day_ms);
    same &= same_number(run, "view: scores", 0, want->score_count, got->score_count);
    same &= same_number(run, "view: measures", 0, want->measure_count, got->measure_count);
    same &= same_number(run, "view: alerts", 0, want->alert_count, got->alert_count);
    same &= same_number(run, "view: matrices", 0, want->matrix_count, got->matrix_count);
    same &= same_number(run, "view: ledgers", 0, want->ledger_count, got->ledger_count);
    for (unsigned i = 0; same && i < want->ledger_count; i++) {
        const struct eng_view_ledger *a = &want->ledgers[i], *b = &got->ledgers[i];
        same &= same_number(run, "view: balance of ledger", i, a->balance_e4, b->balance_e4);
        same &= same_number(run, "view: earned in ledger", i, a->earned_e4, b->earned_e4);
        same &= same_number(run, "view: expired in ledger", i, a->expired_e4, b->expired_e4);
    }
    if (!same || !same_view_scores(run, want, got) || !same_view_facts(run, want, got) ||
        !same_view_held(run, want, got))
        return false;
    for (unsigned i = 0; i < want->measure_count; i++) {
        const struct eng_view_measure *a = &want->measures[i], *b = &got->measures[i];
        same &= same_number(run, "view: measure", i, a->value_e4, b->value_e4);
        same &= same_number(run, "view: missing measure", i, a->missing, b->missing);
        same &= same_number(run, "view: name of measure", i, 0, strcmp(a->name, b->name));
    }
    for (unsigned i = 0; i < want->matrix_count; i++) {
        const struct eng_view_matrix *a = &want->matrices[i], *b = &got->matrices[i];
        same &= same_number(run, "view: row of matrix", i, a->row, b->row);
        same &= same_number(run, "view: column of matrix", i, a->column, b->column);
        same &= same_number(run, "view: cell of matrix", i, 0, strcmp(a->cell, b->cell));
    }
    for (unsigned i = 0; i < want->alert_count; i++) {
        const struct eng_view_alert *a = &want->alerts[i], *b = &got->alerts[i];
        same &= same_number(run, "view: open alert", i, a->open, b->open);
        same &= same_number(run, "view: held out of alert", i, a->held_out, b->held_out);
        if (b->opened_at_ms >= 0 || !cooled_down(run, i, a))
            same &= same_number(run, "view: opening of alert", i, a->opened_at_ms, b->opened_at_ms);
        same &= same_number(run, "view: due time of alert", i, a->due_at_ms, b->due_at_ms);
    }
    return same;
}

/* The views of every partner that the history names. */
static bool same_views(const struct run *run, const struct naive *naive, uint32_t to)
{
    static struct eng_view want, got;
    for (uint32_t i = 0; i < to; i++) {
        const struct eng_event *event = &run->history->steps[i].event;
        if (run->history->steps[i].tick || run->history->steps[i].model > 0 ||
            event->verdict != ENG_VERDICT_GOOD)
            continue;
        memset(&got, 0, sizeof got);
        enum eng_status a = naive_view(naive, event->partner, &want);
        enum eng_status b = eng_engine_view(run->engine, event->partner, &got);
        if (!same_number(run, "view: status", i, a, b))
            return false;
        if (a == ENG_OK && !same_view(run, &want, &got)) {
            fprintf(run->out, "  in the view of %.*s\n", (int)event->partner.length,
                    event->partner.data);
            return false;
        }
    }
    return true;
}

static void trace_step(const struct run *run, uint32_t index, size_t from, FILE *trace)
{
    uint8_t outcome = run->outcomes[index];
    if (outcome < ENG_OUTCOME_COUNT)
        fprintf(trace, "     %s\n", eng_outcome_name((enum eng_outcome)outcome));
    if (run->told_bytes > from)
        effects_print(run->model, run->told + from, run->told_bytes - from, trace);
}

/* One step in both; the same outcome, effects and numbers. */
static bool same_step(struct run *run, struct naive *naive, uint32_t index, FILE *trace)
{
    const struct step *step = &run->history->steps[index];
    size_t from = run->told_bytes;
    int64_t outcome = 0xFF;
    naive_forget_effects(naive);
    if (trace != NULL) {
        fprintf(trace, "%3u  ", index);
        step_print(step, trace);
    }
    if (step_is_event(step)) {
        run_events(run, &step->event, &run->outcomes[index], 1);
        outcome = naive_apply(naive, &step->event);
    } else {
        run_step(run, step);
        if (step->tick)
            naive_tick(naive, step->event.time_ms);
        if (step->model > 0)
            naive_activate(naive, run->models[step->model], step->silent);
        if (step->erase)
            (void)naive_erase(naive, step->event.partner);
    }
    if (trace != NULL)
        trace_step(run, index, from, trace);
    bool same = same_number(run, "outcome of step", index, outcome, run->outcomes[index]);
    same &=
        same_bytes(run, "effects of a step, engine against reference", from, naive_effects(naive));
    same &= same_counters(run, naive);
    if (!same) {
        fprintf(run->out, "  at step %u: ", index);
        step_print(step, run->out);
    }
    return same;
}

static void tally_step(struct tally *tally, const struct run *run, const struct step *step,
                       size_t from)
{
    tally->activations += step->model > 0;
    tally->erased += step->erase;
    for (size_t at = from; at < run->told_bytes;) {
        const struct eng_effect *effect = (const void *)(run->told + at);
        at += effect->bytes;
        tally->configs += effect->cause == ENG_CAUSE_CONFIG;
        tally->nudges += effect->nudge_count > 0;
        tally->to_bands += effect->nudge_to > 0;
        tally->far += effect->nudge_count > 1;
        if (effect->kind == ENG_EFFECT_SCORE_CHANGE) {
            tally->score_changes++;
            tally->expiries += effect->cause == ENG_CAUSE_EXPIRY;
            tally->corrections += effect->cause == ENG_CAUSE_CORRECTION;
            continue;
        }
        if (effect->kind == ENG_EFFECT_CELL_CHANGE || effect->kind == ENG_EFFECT_REPORT) {
            tally->cell_changes += effect->kind == ENG_EFFECT_CELL_CHANGE;
            tally->reports += effect->kind == ENG_EFFECT_REPORT;
            continue;
        }
        if (effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD) {
            tally->groups += effect->kind == ENG_EFFECT_GROUP;
            tally->boards += effect->kind == ENG_EFFECT_BOARD;
            tally->segments += effect->band > 0;
            continue;
        }
        if (effect->kind == ENG_EFFECT_SOURCE_SILENCE) {
            tally->silences += effect->status == ENG_OPENED;
            tally->held +=
                effect->status == ENG_RESOLVED ? (uint64_t)effect->baseline_e4 / 10000 : 0;
            continue;
        }
        if (effect->kind == ENG_EFFECT_SIGHTING || effect->kind == ENG_EFFECT_PASSED) {
            tally->sightings += effect->kind == ENG_EFFECT_SIGHTING;
            continue;
        }
        if (effect->kind == ENG_EFFECT_DIGEST) {
            tally->digests++;
            tally->left_out += (uint64_t)effect->baseline_e4;
            continue;
        }
        if (effect->kind == ENG_EFFECT_ABUSE_FLAG) {
            tally->flags[effect->check_kind]++;
            tally->released += effect->status == ENG_THEN_RELEASED;
            tally->discarded += effect->status == ENG_THEN_DISCARDED;
            tally->orphans += effect->reason == ENG_FLAG_UNCHECKED;
            continue;
        }
        if (effect->kind == ENG_EFFECT_AWARD_BOOKING) {
            tally->bookings++;
            tally->cut += effect->cut_e4 > 0;
            tally->pending += effect->status == ENG_PENDING;
            tally->reversed += effect->status == ENG_REVERSED;
            tally->late_bookings += effect->cause == ENG_CAUSE_CORRECTION;
            continue;
        }
        enum eng_alert_kind kind = run->model->alerts[effect->subject].kind;
        if (effect->status == ENG_OPENED)
            tally->opened[kind]++;
        else
            tally->resolved[kind]++;
    }
}

static bool against_naive(struct run *run, size_t *told_before, int64_t *clocks,
                          struct chance *chance, const struct comparison *how)
{
    struct naive *naive = naive_new(run->model);
    naive_call(naive, &history_names);
    bool same = true;
    for (uint32_t i = 0; same && i < run->history->count; i++) {
        told_before[i] = run->told_bytes;
        same = same_step(run, naive, i, how->trace);
        clocks[i] = eng_engine_clock_ms(run->engine);
        if (how->tally != NULL)
            tally_step(how->tally, run, &run->history->steps[i], told_before[i]);
        if (same && (chance_percent(chance, 10) || i + 1 == run->history->count))
            same = same_views(run, naive, i + 1);
    }
    naive_free(naive);
    return same;
}

/* The same history in other portions, the first steps untold: the bytes that `first` told. */
static bool against_itself(const struct run *first, const struct uninterrupted *known,
                           struct chance *chance, uint32_t silent_steps)
{
    struct eng_engine_options options = {0};
    size_t told_from = known->told_before[silent_steps];
    struct run run;
    options.step_evaluations =
        chance_percent(chance, 60) ? (uint32_t)chance_between(chance, 1, 4) : 0;
    options.partners_hint = chance_percent(chance, 30) ? 1000 : 0;
    run_start(&run, first->models, first->history, &options);
    run.looks = chance_percent(chance, 30);
    run.leaves = chance_percent(chance, 50);
    run.out = first->out;
    run.known = chance_percent(chance, 40) ? known : NULL;
    run.chance = chance;
    run.told_from = told_from;
    run.untold = silent_steps > 0;
    run_steps(&run, 0, silent_steps, chance, 16);
    run.untold = false;
    run_steps(&run, silent_steps, first->history->count, chance,
              (uint32_t)chance_between(chance, 1, 64));
    struct eng_effects want = {first->told == NULL ? NULL : first->told + told_from, 0, 0, 0};
    want.used = first->told_bytes - told_from;
    bool same = same_bytes(&run, "effects in other portions", 0, &want);
    same &= same_number(&run, "outcomes in other portions", 0, 0,
                        memcmp(run.outcomes, first->outcomes, first->history->count));
    same &= same_number(&run, "clock in other portions", 0, eng_engine_clock_ms(first->engine),
                        eng_engine_clock_ms(run.engine));
    same &= !run.foretold_wrong;
    struct standpoint end = {run.engine, run.models, run.history,
                             known,      run.step,   told_from + run.told_bytes};
    same = same && (run.known == NULL || foretold_comes_true(&end, chance, run.out));
    if (!same)
        fprintf(run.out, "  with a budget of %u evaluations, %u steps untold\n",
                options.step_evaluations, silent_steps);
    run_end(&run);
    return same;
}

bool compare(const struct eng_model *const *models, const struct history *history,
             const struct comparison *how)
{
    struct chance chance = {how->seed};
    struct run run;
    size_t *told_before = calloc(history->count + 1u, sizeof *told_before);
    int64_t *clocks = calloc(history->count + 1u, sizeof *clocks);
    eng_assert(told_before != NULL && clocks != NULL);
    run_start(&run, models, history, NULL);
    run.out = how->out;
    bool same = against_naive(&run, told_before, clocks, &chance, how);
    told_before[history->count] = run.told_bytes;
    struct uninterrupted known = {run.engine, run.told, told_before, run.outcomes, clocks};
    if (same)
        same = against_itself(&run, &known, &chance, 0);
    if (same)
        same = against_itself(&run, &known, &chance,
                              (uint32_t)chance_between(&chance, 0, history->count));
    if (same)
        same = restored_is_same(models, history, &known, &chance, how->out);
    if (same && how->tally != NULL) {
        how->tally->histories++;
        for (unsigned i = 0; i < ENG_OUTCOME_COUNT; i++)
            how->tally->outcome[i] += eng_engine_counters(run.engine)->outcome[i];
    }
    run_end(&run);
    free(told_before);
    free(clocks);
    return same;
}
