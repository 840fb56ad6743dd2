/* Activation: another model comes into force where the engine stands (S14).
 *
 * Nothing is read again. Every partner is visited once, in the order of a hash of ids (walk.h): its
 * record is caught up under the model before, carried over to the new layout (carry.h), and
 * evaluated with the cause `config`. The walk may stop after any visit; until it has ended the two
 * layouts stand side by side, each record being of the one that its mark says. Numbers of partners
 * stay. The clock does not move, so nothing is due meanwhile; the wheel is emptied at the beginning
 * and filled by the visits.
 *
 * Values of scores under the two models are not compared with each other: what a drop falls from is
 * a value of the same making, and a fall that the change itself makes is none.
 *
 * Cost: proportional to the partners and their records. Memory: records that fit stay in their
 * blocks. */
#include "base/assert.h"
#include "base/memory.h"
#include "engine/carry.h"
#include "engine/held.h"
#include "engine/internal.h"
#include "engine/seen.h"

/* ---- beginning ---- */

static void use_model(struct eng_engine *engine, const struct eng_model *model,
                      struct eng_layout *layout)
{
    eng_assert(layout->model == model);
    engine->model = model;
    engine->layout = layout;
    engine->store.layout = layout;
}

/* What the engine remembers of the model beside the records. */
static void forget(struct eng_engine *engine)
{
    struct eng_moment *now = &engine->now;
    int64_t kept = (int64_t)now->pane - engine->model->late_after + 1;
    memset(engine->actions, 0, sizeof engine->actions);
    memset(engine->silences, 0, sizeof *engine->silences);
    eng_forecast_free(engine->forecast); /* it is of the model before */
    engine->forecast = NULL;
    eng_wheel_done(&engine->wheel);
    eng_wheel_init(&engine->wheel);
    if (now->clock_ms < 0)
        return;
    now->late_before_ms =
        kept < 0 ? INT64_MIN : eng_calendar_start_ms(engine->model->calendar, kept);
    eng_moment_reports(now, engine->model);
}

/* Everything that could fail, then the change of models. */
static enum eng_status begin_activation(struct eng_engine *engine, const struct eng_model *model)
{
    struct eng_activation *activation = &engine->activation;
    struct eng_layout *layout = NULL;
    struct eng_outlook *outlook = NULL;
    struct eng_guards *guards = NULL;
    struct eng_budgets *budgets = NULL;
    eng_assert(!activation->working && activation->carry == NULL);
    eng_assert(engine->walk.waiting == 0);
    if (eng_layout_new(model, &layout, NULL) != ENG_OK ||
        eng_carry_new(engine->layout, layout, &activation->carry) != ENG_OK ||
        eng_outlook_new(model, &outlook) != ENG_OK || eng_guards_new(model, &guards) != ENG_OK ||
        eng_guards_change(engine->guards, &activation->carry->change, engine->now.clock_ms,
                          &guards) != ENG_OK ||
        eng_budgets_new(model, &budgets) != ENG_OK ||
        eng_walk_begin(&engine->walk, &engine->store) != ENG_OK) {
        eng_carry_free(activation->carry);
        activation->carry = NULL;
        eng_outlook_free(outlook);
        eng_guards_free(guards);
        eng_budgets_free(budgets);
        eng_layout_free(layout);
        return ENG_NO_MEMORY;
    }
    if (engine->now.clock_ms >= 0)
        eng_known_change(&engine->known, &activation->carry->change, engine->layout, &engine->now);
    eng_outlook_free(engine->outlook);
    engine->outlook = activation->carry->outlook = outlook;
    eng_guards_free(engine->guards);
    engine->guards = guards;
    eng_budgets_free(engine->budgets);
    engine->budgets = budgets;
    activation->before = engine->model;
    activation->layout_before = engine->layout;
    use_model(engine, model, layout);
    forget(engine);
    eng_walk_mark_all(&engine->walk, &engine->store);
    activation->working = true;
    return ENG_OK;
}

static void end_activation(struct eng_engine *engine)
{
    struct eng_activation *activation = &engine->activation;
    eng_assert(activation->working);
    eng_assert(activation->carry != NULL);
    eng_guards_released(engine);
    if (!eng_guards_wanted(engine->model)) {
        eng_guards_free(engine->guards);
        engine->guards = NULL;
    }
    eng_carry_free(activation->carry);
    eng_layout_free(activation->layout_before);
    *activation = (struct eng_activation){0};
}

void eng_activation_drop(struct eng_engine *engine)
{
    eng_assert(engine->activation.working);
    while (engine->walk.waiting > 0) {
        uint64_t slot = eng_walk_next(&engine->walk, &engine->store);
        uint32_t number = engine->store.slots[slot].number;
        struct eng_record old = {engine->activation.layout_before,
                                 eng_store_at(&engine->store, number), number};
        eng_walk_visited(&engine->walk, slot);
        if (eng_restore_layout(engine, number) == NULL)
            eng_store_give(&engine->store, &old);
    }
    end_activation(engine);
}

/* ---- one partner ---- */

/* Takes the partner into the hand as the model before knows it, caught up, with nothing left that
 * no longer matters. */
static enum eng_status take_before(struct eng_engine *engine, uint32_t number)
{
    const struct eng_model *model = engine->model;
    eng_assert(engine->layout == engine->activation.layout_before);
    eng_take(engine, number);
    if (eng_store_reserve(&engine->store) != ENG_OK ||
        eng_record_prepare(&engine->store, &engine->hand) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_assert(engine->hand.partner->due > engine->now.pane);
    eng_measure_catch_up(engine, engine->now.pane);
    for (uint32_t i = 0; i < model->measure_count; i++)
        if (model->measures[i].kind == ENG_STREAK)
            eng_measure_drop_runs(engine, i);
    eng_alert_expire(engine);
    return ENG_OK;
}

/* Values under the new model take the place of the old ones without a word. */
static void revalue(struct eng_engine *engine, uint32_t number)
{
    struct eng_scratch *scratch = &engine->scratch;
    eng_take(engine, number);
    eng_assert(scratch->stale == 0);
    for (uint32_t i = 0; i < engine->model->score_count; i++) {
        const struct eng_score_layout *place = &engine->layout->scores[i];
        int64_t value = eng_contributions(engine, &engine->hand, i, scratch->contribution[i]);
        eng_assert(place->value != 0);
        scratch->value[i] = scratch->value_before[i] = value;
        eng_score_store(place, eng_record_fixed(&engine->hand, place->value), value);
    }
}

static enum eng_status carry_over(struct eng_engine *engine, uint32_t number)
{
    struct eng_activation *activation = &engine->activation;
    const struct eng_model *model = engine->model;
    struct eng_layout *layout = engine->layout;
    eng_assert(activation->working);
    eng_assert(layout != activation->layout_before);
    use_model(engine, activation->before, activation->layout_before);
    enum eng_status status = take_before(engine, number);
    struct eng_record old = engine->hand;
    use_model(engine, model, layout);
    if (status != ENG_OK || eng_store_reserve(&engine->store) != ENG_OK)
        return ENG_NO_MEMORY;
    status = eng_carry_record(activation->carry, &engine->store, &engine->now, &old);
    if (status == ENG_OK)
        revalue(engine, number);
    return status;
}

static enum eng_status visit_changed(struct eng_engine *engine, uint32_t number,
                                     struct eng_effects *effects)
{
    struct eng_counters counters = engine->counters;
    struct eng_evaluation evaluation = {
        .cause = ENG_CAUSE_CONFIG,
        .origin_kind = ENG_ORIGIN_MODEL,
        .origin = engine->model->version,
        .at_ms = engine->now.clock_ms,
        .effects = engine->activation.silent ? NULL : effects,
        .releases = eng_guards_releasing(engine),
    };
    eng_assert(engine->activation.working);
    if (eng_restore_layout(engine, number) != NULL)
        return eng_restore_arrive(engine, number);
    if (eng_wheel_reserve(&engine->wheel) != ENG_OK ||
        eng_changes_reserve(&engine->changes) != ENG_OK || carry_over(engine, number) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_changes_note(&engine->changes, engine->hand.partner, number);
    eng_assert(engine->hand.number == number);
    eng_evaluate(engine, &evaluation);
    if (engine->activation.silent)
        engine->counters = counters; /* of what is told */
    engine->hand.partner->due = evaluation.due;
    eng_arm(engine, number, engine->hand.partner, eng_measure_due(engine));
    return ENG_OK;
}

/* ---- the whole ---- */

bool eng_activation_waits(const struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    return engine->activation.working &&
           eng_walk_waits(&engine->walk, eng_store_slot(&engine->store, number));
}

/* What a partner had waiting for checks that are no more. ENG_OK; ENG_AGAIN: there is no room to
 * tell it; ENG_NO_MEMORY. It is told apart from the visit, which may come with a later call: then
 * there is nothing more to tell. */
static enum eng_status disown(struct eng_engine *engine, uint32_t number,
                              struct eng_effects *effects)
{
    struct eng_record record = {engine->activation.layout_before,
                                eng_store_at(&engine->store, number), number};
    eng_assert(engine->activation.working);
    eng_assert(number < engine->store.count);
    if (record.layout->list_held == ENG_NO_INDEX || eng_restore_layout(engine, number) != NULL ||
        eng_held_list(&record).bytes == 0)
        return ENG_OK;
    if (eng_changes_reserve(&engine->changes) != ENG_OK)
        return ENG_NO_MEMORY;
    if (!eng_held_disown(engine, &record, engine->activation.silent ? NULL : effects))
        return ENG_AGAIN;
    eng_changes_note(&engine->changes, eng_store_at(&engine->store, number), number);
    return ENG_OK;
}

/* Visits those before `end` (length 0: everybody). */
static enum eng_status visit_changed_before(struct eng_engine *engine, struct eng_slice end,
                                            struct eng_effects *effects, struct eng_error *err)
{
    eng_assert(engine->activation.working);
    eng_assert(!engine->boundary.working && engine->boundary.target_ms < 0);
    while (engine->walk.waiting > 0) {
        uint64_t slot = eng_walk_next(&engine->walk, &engine->store);
        if (end.length > 0 && !eng_walk_is_before(&engine->store, slot, end))
            return ENG_OK;
        if (engine->evaluations_left == 0)
            return ENG_AGAIN;
        enum eng_status status = disown(engine, engine->store.slots[slot].number, effects);
        if (status == ENG_AGAIN || (status == ENG_OK && !eng_effects_fit(engine, effects)))
            return ENG_AGAIN;
        if (status != ENG_OK ||
            visit_changed(engine, engine->store.slots[slot].number, effects) != ENG_OK)
            return eng_error_set(
                err, ENG_NO_MEMORY,
                "no memory for version %u of the model (%llu partners, %llu bytes)",
                engine->model->version, (unsigned long long)eng_engine_partner_count(engine),
                (unsigned long long)eng_engine_memory_bytes(engine));
        eng_walk_visited(&engine->walk, slot);
        engine->evaluations_left--;
    }
    return ENG_OK;
}

enum eng_status eng_activation_finish_slow(struct eng_engine *engine, struct eng_effects *effects,
                                           struct eng_error *err)
{
    enum eng_status status = visit_changed_before(engine, (struct eng_slice){0}, effects, err);
    eng_assert(engine->activation.working);
    eng_assert(status != ENG_OK || engine->walk.waiting == 0);
    if (status == ENG_OK)
        end_activation(engine);
    return status;
}

/* Begins to put another model into force, if that has not begun. */
static enum eng_status begin_change(struct eng_engine *engine, const struct eng_model *model,
                                    bool silent, struct eng_error *err)
{
    eng_assert(engine->boundary.target_ms < 0); /* the input before is done */
    eng_assert(model != NULL);
    if (engine->model == model)
        return ENG_OK;
    eng_assert(!engine->activation.working);
    enum eng_status status = eng_model_carries(engine->model, model, err);
    if (status == ENG_OK && begin_activation(engine, model) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for another model");
    if (status == ENG_OK)
        engine->activation.silent = silent;
    return status;
}

enum eng_status eng_activation_resume(struct eng_engine *engine, const struct eng_work *work,
                                      struct eng_error *err)
{
    eng_assert(work->kind == ENG_WORK_MODEL);
    eng_assert(work->model != NULL);
    enum eng_status status = begin_change(engine, work->model, work->silent, err);
    if (status != ENG_OK || !engine->activation.working)
        return status;
    return visit_changed_before(engine, work->next, NULL, err);
}

enum eng_status eng_engine_activate(struct eng_engine *engine, const struct eng_model *model,
                                    bool silent, struct eng_effects *effects, struct eng_error *err)
{
    eng_assert(engine != NULL);
    engine->evaluations_left = engine->step_evaluations;
    enum eng_status status = begin_change(engine, model, silent, err);
    if (status != ENG_OK)
        return status;
    eng_assert(effects == NULL || effects->capacity >= engine->layout->effects_bytes_min);
    return eng_activation_finish(engine, effects, err);
}
