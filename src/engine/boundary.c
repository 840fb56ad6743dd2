/* Boundaries: the clock crosses them one by one, in increasing order (S3).
 *
 * At each, the wheel's bucket is taken whole: its valid and due partners are marked for a walk over
 * the partner table (walk.h); then the marked ones are visited, as many per call as the step budget
 * and the effects buffer allow. The marks stay in engine->walk, so the work goes on with the next
 * call. A visit lets what has expired leave, evaluates, and arms the partner for the next thing
 * that will happen to it.
 *
 * Cost: proportional to the entries of the bucket, and one bit a slot; where alerts are let go of
 * (guard.h), a look at the openings of everybody. */
#include "base/assert.h"
#include "engine/held.h"

/* Looks at an entry of the bucket: it counts when it is the one that its record knows of; a partner
 * that is due later is armed again, one that is due now is marked. */
static void collect_one(struct eng_engine *engine, uint32_t number)
{
    if (!eng_store_has(&engine->store, number))
        return;
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    eng_assert(engine->boundary.working);
    if (!partner->is_armed || partner->armed != (uint16_t)engine->now.pane)
        return;
    partner->is_armed = 0;
    if (partner->due > engine->now.pane) {
        eng_arm(engine, number, partner, partner->due);
        return;
    }
    eng_walk_mark(&engine->walk, &engine->store, number);
}

/* Fetches the records of a block of the bucket. */
static void fetch_block(const struct eng_engine *engine, uint32_t block)
{
    if (block == ENG_WHEEL_NO_BLOCK)
        return;
    const struct eng_wheel_block *entries = &engine->wheel.blocks[block];
    eng_assert(entries->count <= ENG_WHEEL_BLOCK_NUMBERS);
    for (uint32_t i = 0; i < entries->count; i++)
        if (eng_store_has(&engine->store, entries->numbers[i]))
            eng_store_prefetch_head(&engine->store, entries->numbers[i]);
}

/* Takes the bucket of the clock's pane, block by block; the records of the next block are on their
 * way while one is looked at. */
static void collect(struct eng_engine *engine)
{
    uint32_t block = eng_wheel_take(&engine->wheel, engine->now.pane);
    eng_assert(engine->boundary.working);
    fetch_block(engine, block);
    while (block != ENG_WHEEL_NO_BLOCK) {
        struct eng_wheel_block entries =
            engine->wheel.blocks[block]; /* arming may move the blocks */
        fetch_block(engine, entries.next);
        for (uint32_t i = 0; i < entries.count; i++)
            collect_one(engine, entries.numbers[i]);
        eng_wheel_give(&engine->wheel, block);
        block = entries.next;
    }
}

/* At the end of a quiet time, or of a guard, everybody is marked: true for those who are not due
 * themselves and have nothing held back. */
static bool has_nothing(const struct eng_engine *engine, uint32_t number)
{
    struct eng_record record = eng_record_open(&engine->store, number);
    eng_assert(engine->boundary.working);
    eng_assert(number < engine->store.count);
    return record.partner->due > engine->now.pane && !eng_alerts_are_released(engine, &record);
}

static enum eng_status visit(struct eng_engine *engine, uint32_t number,
                             struct eng_effects *effects)
{
    eng_assert(number < engine->store.count);
    bool caught_up = eng_store_at(&engine->store, number)->as_of == engine->now.pane;
    if (caught_up && engine->restore != NULL)
        return ENG_OK; /* its page is of after this visit (work.c) */
    if (eng_guards_releasing(engine) && has_nothing(engine, number))
        return ENG_OK;
    eng_take(engine, number);
    bool holds = eng_held_list(&engine->hand).bytes > 0;
    if (eng_store_reserve(&engine->store) != ENG_OK ||
        eng_wheel_reserve(&engine->wheel) != ENG_OK || eng_prepare(engine) != ENG_OK ||
        (holds && eng_held_prepare(engine, eng_held_over(engine)) != ENG_OK))
        return ENG_NO_MEMORY;
    struct eng_evaluation evaluation = {
        .cause = ENG_CAUSE_EXPIRY,
        .origin_kind = ENG_ORIGIN_BOUNDARY,
        .at_boundary = true,
        .origin = (uint64_t)engine->now.clock_ms,
        .at_ms = engine->now.clock_ms,
        .effects = effects,
        .releases = eng_guards_releasing(engine),
    };
    eng_assert(evaluation.releases || engine->hand.partner->due <= engine->now.pane);
    if (engine->notes_visits)
        eng_changes_note(&engine->changes, engine->hand.partner, number);
    if (!caught_up) /* as a view may have left it that is only released here */
        eng_measure_expire(engine);
    if (holds)
        evaluation.released = eng_held_expire(engine, &evaluation);
    eng_evaluate(engine, &evaluation);
    eng_alert_expire(engine);
    engine->hand.partner->due = evaluation.due;
    eng_arm(engine, number, engine->hand.partner, eng_measure_due(engine));
    eng_record_trim(&engine->store, &engine->hand);
    return ENG_OK;
}

/* Visits the partners of the boundary in work, those before `end` (length 0: all of them). */
static enum eng_status visit_before(struct eng_engine *engine, struct eng_slice end,
                                    struct eng_effects *effects)
{
    eng_assert(engine->boundary.working);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    while (engine->walk.waiting > 0) {
        uint64_t slot = eng_walk_next(&engine->walk, &engine->store);
        if (end.length > 0 && !eng_walk_is_before(&engine->store, slot, end))
            return ENG_OK;
        if (engine->evaluations_left == 0 || !eng_effects_fit(engine, effects))
            return ENG_AGAIN;
        enum eng_status status = visit(engine, engine->store.slots[slot].number, effects);
        if (status != ENG_OK)
            return status;
        eng_walk_visited(&engine->walk, slot);
        engine->evaluations_left--;
    }
    return ENG_OK;
}

/* Visits all of them. */
static enum eng_status work(struct eng_engine *engine, struct eng_effects *effects)
{
    if (eng_guards_wait(engine)) {
        if (!eng_effects_fit(engine, effects))
            return ENG_AGAIN;
        eng_guards_decide(engine, effects);
    }
    enum eng_status status = visit_before(engine, (struct eng_slice){0}, effects);
    eng_assert(engine->boundary.working);
    eng_assert(status != ENG_OK || engine->walk.waiting == 0);
    if (status == ENG_OK)
        eng_guards_released(engine);
    if (status == ENG_OK && engine->budgets != NULL)
        status = eng_budgets_settle(engine, effects);
    engine->boundary.working = status != ENG_OK;
    return status;
}

/* Puts the clock to the next boundary and marks who is due. Groups that were summed up are told
 * when nothing can fail any more, so that they are told once. */
static enum eng_status begin_boundary(struct eng_engine *engine, struct eng_effects *effects)
{
    eng_assert(engine->now.clock_ms >= 0);
    struct eng_boundary *boundary = &engine->boundary;
    uint32_t entries = eng_wheel_count(&engine->wheel, engine->now.pane + 1);
    eng_assert(!boundary->working);
    /* Every entry that is armed again takes one block of the wheel at most. */
    if (eng_walk_begin(&engine->walk, &engine->store) != ENG_OK ||
        eng_wheel_reserve_many(&engine->wheel, entries) != ENG_OK)
        return ENG_NO_MEMORY;
    if (__builtin_expect(boundary->sums_ready, 0))
        eng_groups_tell(engine, effects);
    eng_moment_set(&engine->now, engine->model, engine->now.end_ms);
    boundary->working = true;
    collect(engine);
    if (eng_guards_release_again(engine))
        eng_walk_mark_rest(&engine->walk, &engine->store);
    return ENG_OK;
}

static enum eng_status say_memory(const struct eng_engine *engine, enum eng_status status,
                                  struct eng_error *err)
{
    eng_assert(engine->now.clock_ms >= 0);
    if (status != ENG_NO_MEMORY)
        return status;
    eng_assert(engine->boundary.target_ms >= -1);
    return eng_error_set(err, status, "no memory at a boundary (%llu partners, %llu bytes)",
                         (unsigned long long)eng_engine_partner_count(engine),
                         (unsigned long long)eng_engine_memory_bytes(engine));
}

/* Does somebody who merges have to hear how far the clock is? Moments may be of another version of
 * the model, which other partitions had a little longer: here nothing else would be told at them.
 */
static bool says_passed(const struct eng_engine *engine, const struct eng_effects *effects)
{
    eng_assert(!engine->boundary.working);
    eng_assert(engine->now.clock_ms >= 0);
    return eng_model_is_merged(engine->model) && effects != NULL && !engine->alone;
}

/* Behind the boundaries of an advance: nothing of before the pane that the clock is in now comes
 * any more. */
static void say_passed(const struct eng_engine *engine, struct eng_effects *effects)
{
    eng_assert(engine->boundary.before_ms >= 0);
    eng_assert(engine->boundary.target_ms < 0);
    if (says_passed(engine, effects) && engine->boundary.before_ms < engine->now.start_ms)
        eng_effect_passed(effects, engine->now.start_ms);
}

enum eng_status eng_boundary_advance(struct eng_engine *engine, int64_t target_ms,
                                     struct eng_effects *effects, struct eng_error *err)
{
    struct eng_boundary *boundary = &engine->boundary;
    enum eng_status status = ENG_OK;
    eng_assert(boundary->target_ms < 0 || boundary->target_ms == target_ms);
    eng_assert(engine->now.clock_ms >= 0);
    if (boundary->target_ms < 0)
        boundary->before_ms = engine->now.clock_ms;
    boundary->target_ms = target_ms;
    while (status == ENG_OK && (boundary->working || engine->now.end_ms <= target_ms)) {
        if (!boundary->working && engine->wheel.entries == 0 && engine->model->group_count == 0 &&
            (engine->guards == NULL || engine->restore != NULL))
            break; /* nobody waits for anything */
        if (!boundary->working && engine->model->group_count > 0)
            status = eng_groups_sum(engine, effects);
        if (status == ENG_OK && !boundary->working)
            status = begin_boundary(engine, effects);
        if (status == ENG_OK)
            status = work(engine, effects);
    }
    if (status == ENG_OK && says_passed(engine, effects) && !eng_effects_fit(engine, effects))
        status = ENG_AGAIN;
    if (status == ENG_OK) {
        boundary->target_ms = -1;
        eng_moment_set(&engine->now, engine->model, target_ms);
        say_passed(engine, effects);
    }
    return say_memory(engine, status, err);
}

enum eng_status eng_boundary_resume(struct eng_engine *engine, const struct eng_work *work,
                                    struct eng_error *err)
{
    struct eng_boundary *boundary = &engine->boundary;
    enum eng_status status = ENG_OK;
    eng_assert(work->kind == ENG_WORK_CLOCK);
    eng_assert(!engine->activation.working);
    if (work->boundary_ms < 0)
        return eng_boundary_advance(engine, work->target_ms, NULL, err);
    if (engine->now.clock_ms < work->boundary_ms) {
        status = eng_boundary_advance(engine, work->boundary_ms - 1, NULL, err);
        if (status != ENG_OK)
            return status;
        if (engine->now.end_ms != work->boundary_ms)
            return eng_error_set(err, ENG_CORRUPT, "no boundary is at %lld, the next is at %lld",
                                 (long long)work->boundary_ms, (long long)engine->now.end_ms);
        status = begin_boundary(engine, NULL);
        boundary->target_ms = status == ENG_OK ? work->target_ms : -1;
        boundary->before_ms = work->before_ms;
    }
    if (status == ENG_OK)
        status = visit_before(engine, work->next, NULL);
    return say_memory(engine, status, err);
}
