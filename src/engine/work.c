/* The middle of an input: include/engaged/checkpoint.h.
 *
 * All that has to be said of it is who is next. Whoever comes before, in the order of the walk, has
 * been visited at the boundary in work (or by the activation); who comes after has not. A page
 * needs no stamp of its own for that: its record says at which boundary its partner is due, so one
 * that was written before the visit is due at this boundary still, and one that was written after
 * it is not. Where a guard has everybody visited, due or not, the pane that the record is as of
 * says the same (boundary.c). So an engine that was restored comes to the same middle by working
 * off in silence who comes before, and nobody is visited twice, nor passed over. */
#include "base/assert.h"
#include "engine/internal.h"

/* Whose turn it is; length 0: nobody waits. */
static struct eng_slice next_of(struct eng_engine *engine)
{
    struct eng_walk *walk = &engine->walk;
    eng_assert(engine->boundary.target_ms >= 0 || engine->activation.working);
    eng_assert(engine->store.slots != NULL);
    if (walk->waiting == 0)
        return (struct eng_slice){0};
    uint64_t slot = eng_walk_next(walk, &engine->store);
    return eng_partner_id(eng_store_at(&engine->store, engine->store.slots[slot].number));
}

struct eng_work eng_engine_work(struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    eng_assert(!engine->activation.working || engine->boundary.target_ms < 0);
    if (engine->activation.working)
        return (struct eng_work){.kind = ENG_WORK_MODEL,
                                 .before_ms = engine->now.clock_ms,
                                 .model = engine->model,
                                 .silent = engine->activation.silent,
                                 .next = next_of(engine)};
    /* Between two boundaries, where groups are summed up, the one before is done by everybody. */
    if (engine->boundary.target_ms < 0 || engine->now.clock_ms == engine->boundary.before_ms)
        return (struct eng_work){.kind = ENG_WORK_NONE};
    return (struct eng_work){.kind = ENG_WORK_CLOCK,
                             .before_ms = engine->boundary.before_ms,
                             .boundary_ms = engine->now.clock_ms,
                             .target_ms = engine->boundary.target_ms,
                             .next = next_of(engine)};
}

enum eng_status eng_engine_work_on(struct eng_engine *engine, struct eng_effects *effects,
                                   struct eng_error *err)
{
    eng_assert(engine != NULL);
    eng_assert(effects == NULL || effects->capacity >= engine->layout->effects_bytes_min);
    engine->evaluations_left = engine->step_evaluations;
    enum eng_status status = eng_activation_finish(engine, effects, err);
    if (status != ENG_OK || engine->boundary.target_ms < 0)
        return status;
    return eng_boundary_advance(engine, engine->boundary.target_ms, effects, err);
}

/* Can there be such a middle, as far as times say? */
static bool makes_sense(const struct eng_engine *engine, const struct eng_work *work)
{
    const struct eng_moment *now = &engine->now;
    eng_assert(work->kind == ENG_WORK_CLOCK);
    eng_assert(work->next.length <= ENG_PARTNER_BYTES_MAX);
    if (now->clock_ms < 0 || work->before_ms >= work->target_ms ||
        work->target_ms > ENG_TIME_MS_MAX)
        return false;
    if (work->boundary_ms < 0)
        return now->clock_ms <= work->target_ms;
    return work->before_ms < work->boundary_ms && work->boundary_ms <= work->target_ms &&
           (now->clock_ms < work->boundary_ms ||
            (engine->boundary.working && now->clock_ms == work->boundary_ms));
}

enum eng_status eng_engine_resume(struct eng_engine *engine, const struct eng_work *work,
                                  struct eng_error *err)
{
    eng_assert(engine != NULL);
    eng_assert(work->kind != ENG_WORK_NONE);
    engine->evaluations_left = engine->step_evaluations;
    if (work->kind == ENG_WORK_MODEL)
        return eng_activation_resume(engine, work, err);
    if (!makes_sense(engine, work))
        return eng_error_set(err, ENG_CORRUPT,
                             "the clock is at %lld, and cannot be between %lld and %lld at a "
                             "boundary at %lld",
                             (long long)engine->now.clock_ms, (long long)work->before_ms,
                             (long long)work->target_ms, (long long)work->boundary_ms);
    return eng_boundary_resume(engine, work, err);
}
