/* Boundaries: the clock crosses them one by one, in increasing order (S3).
 *
 * At each, the wheel's bucket is taken whole: its valid and due partners are sorted by the hash of
 * their ids, then visited in that order, as many per call as the step budget and the effects buffer
 * allow. The work stands in engine->boundary, so it goes on with the next call. A visit lets what
 * has expired leave, evaluates, and arms the partner for the next thing that will happen to it.
 *
 * Cost: proportional to the entries of the bucket; sorting spreads them over as many buckets by
 * their hash, which is uniform, so one pass of insertion finishes it. */
#include "base/assert.h"
#include "base/memory.h"
#include "engine/internal.h"

enum { PREFETCH_AHEAD = 12 };

/* Room for the visits of a bucket. */
static enum eng_status reserve_visits(struct eng_boundary *boundary, uint32_t count)
{
    eng_assert(boundary != NULL);
    eng_assert(!boundary->working);
    if (count <= boundary->visit_capacity)
        return ENG_OK;
    uint32_t capacity = count + count / 4 + 64;
    struct eng_visit *visits = eng_calloc(capacity, sizeof *visits);
    struct eng_visit *sorted = eng_calloc(capacity, sizeof *sorted);
    uint32_t *counts = eng_calloc((size_t)capacity + 1, sizeof *counts);
    if (visits == NULL || sorted == NULL || counts == NULL) {
        eng_free(visits);
        eng_free(sorted);
        eng_free(counts);
        return ENG_NO_MEMORY;
    }
    eng_free(boundary->visits);
    eng_free(boundary->sorted);
    eng_free(boundary->counts);
    boundary->visits = visits;
    boundary->sorted = sorted;
    boundary->counts = counts;
    boundary->visit_capacity = capacity;
    return ENG_OK;
}

/* Takes the bucket of the clock's pane. An entry counts when it is the one that its record knows
 * of; a partner that is due later is armed again. */
static void collect(struct eng_engine *engine, uint32_t entries)
{
    eng_assert(engine->boundary.working);
    struct eng_boundary *boundary = &engine->boundary;
    uint32_t *numbers = boundary->counts; /* not in use before the sorting */
    int32_t pane = engine->now.pane;
    eng_assert(entries <= boundary->visit_capacity);
    eng_wheel_take(&engine->wheel, pane, numbers);
    boundary->visit_count = 0;
    for (uint32_t i = 0; i < entries; i++) {
        if (i + PREFETCH_AHEAD < entries)
            eng_store_prefetch_record(&engine->store, numbers[i + PREFETCH_AHEAD]);
        struct eng_partner *partner = eng_store_at(&engine->store, numbers[i]);
        if (!partner->is_armed || partner->armed != (uint16_t)pane)
            continue;
        partner->is_armed = 0;
        if (partner->due > pane) {
            eng_arm(engine, numbers[i], partner, partner->due);
            continue;
        }
        struct eng_slice id = eng_partner_id(partner);
        boundary->visits[boundary->visit_count++] =
            (struct eng_visit){eng_hash(id.data, id.length), numbers[i]};
    }
}

/* The order of two partners at a boundary: hash, then id. */
static bool comes_after(const struct eng_engine *engine, const struct eng_visit *one,
                        const struct eng_visit *two)
{
    eng_assert(one != two);
    eng_assert(one->number != two->number);
    if (one->hash != two->hash)
        return one->hash > two->hash;
    struct eng_slice a = eng_partner_id(eng_store_at(&engine->store, one->number));
    struct eng_slice b = eng_partner_id(eng_store_at(&engine->store, two->number));
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order != 0 ? order > 0 : a.length > b.length;
}

/* Where a hash falls when `count` buckets share the range. */
static uint32_t bucket_of(uint64_t hash, uint32_t count)
{
    return (uint32_t)(((hash >> 32) * count) >> 32);
}

static void sort_visits(struct eng_engine *engine)
{
    eng_assert(engine->boundary.working);
    struct eng_boundary *boundary = &engine->boundary;
    uint32_t count = boundary->visit_count, *counts = boundary->counts, first = 0;
    eng_assert(count <= boundary->visit_capacity);
    if (count == 0)
        return;
    memset(counts, 0, ((size_t)count + 1) * sizeof *counts);
    for (uint32_t i = 0; i < count; i++)
        counts[bucket_of(boundary->visits[i].hash, count)]++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t here = counts[i];
        counts[i] = first;
        first += here;
    }
    for (uint32_t i = 0; i < count; i++)
        boundary->sorted[counts[bucket_of(boundary->visits[i].hash, count)]++] =
            boundary->visits[i];
    for (uint32_t i = 1; i < count; i++) {
        struct eng_visit visit = boundary->sorted[i];
        uint32_t at = i;
        for (; at > 0 && comes_after(engine, &boundary->sorted[at - 1], &visit); at--)
            boundary->sorted[at] = boundary->sorted[at - 1];
        boundary->sorted[at] = visit;
    }
}

static enum eng_status visit(struct eng_engine *engine, uint32_t number,
                             struct eng_effects *effects)
{
    eng_assert(number < engine->store.count);
    eng_take(engine, number);
    if (eng_store_reserve(&engine->store) != ENG_OK ||
        eng_wheel_reserve(&engine->wheel) != ENG_OK ||
        eng_record_prepare(&engine->store, &engine->hand) != ENG_OK)
        return ENG_NO_MEMORY;
    struct eng_evaluation evaluation = {
        .cause = ENG_CAUSE_EXPIRY,
        .origin_kind = ENG_ORIGIN_BOUNDARY,
        .at_boundary = true,
        .origin = (uint64_t)engine->now.clock_ms,
        .at_ms = engine->now.clock_ms,
        .effects = effects,
    };
    eng_assert(engine->hand.partner->due <= engine->now.pane);
    eng_measure_expire(engine);
    eng_evaluate(engine, &evaluation);
    eng_alert_expire(engine);
    engine->hand.partner->due = evaluation.due;
    eng_arm(engine, number, engine->hand.partner, eng_measure_due(engine));
    eng_record_trim(&engine->store, &engine->hand);
    return ENG_OK;
}

/* Visits the partners of the boundary in work. */
static enum eng_status work(struct eng_engine *engine, struct eng_effects *effects)
{
    eng_assert(engine->boundary.visit_next <= engine->boundary.visit_count);
    struct eng_boundary *boundary = &engine->boundary;
    eng_assert(boundary->working);
    for (; boundary->visit_next < boundary->visit_count; boundary->visit_next++) {
        if (engine->evaluations_left == 0 || !eng_effects_fit(engine, effects))
            return ENG_AGAIN;
        uint32_t ahead = boundary->visit_next + PREFETCH_AHEAD;
        if (ahead < boundary->visit_count)
            eng_store_prefetch_record(&engine->store, boundary->sorted[ahead].number);
        enum eng_status status =
            visit(engine, boundary->sorted[boundary->visit_next].number, effects);
        if (status != ENG_OK)
            return status;
        engine->evaluations_left--;
    }
    boundary->working = false;
    return ENG_OK;
}

/* Puts the clock to the next boundary and collects who is due. */
static enum eng_status begin_boundary(struct eng_engine *engine)
{
    eng_assert(engine->now.clock_ms >= 0);
    struct eng_boundary *boundary = &engine->boundary;
    uint32_t entries = eng_wheel_count(&engine->wheel, engine->now.pane + 1);
    eng_assert(!boundary->working);
    /* Every entry that is armed again takes one block of the wheel at most. */
    if (reserve_visits(boundary, entries) != ENG_OK ||
        eng_wheel_reserve_many(&engine->wheel, entries) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_moment_set(&engine->now, engine->model, engine->now.end_ms);
    boundary->working = true;
    boundary->visit_next = 0;
    collect(engine, entries);
    sort_visits(engine);
    return ENG_OK;
}

enum eng_status eng_boundary_advance(struct eng_engine *engine, int64_t target_ms,
                                     struct eng_effects *effects, struct eng_error *err)
{
    struct eng_boundary *boundary = &engine->boundary;
    enum eng_status status = ENG_OK;
    eng_assert(boundary->target_ms < 0 || boundary->target_ms == target_ms);
    eng_assert(engine->now.clock_ms >= 0);
    boundary->target_ms = target_ms;
    while (status == ENG_OK && (boundary->working || engine->now.end_ms <= target_ms)) {
        if (!boundary->working && engine->wheel.entries == 0)
            break; /* nobody waits for anything */
        if (!boundary->working)
            status = begin_boundary(engine);
        if (status == ENG_OK)
            status = work(engine, effects);
    }
    if (status == ENG_NO_MEMORY)
        return eng_error_set(err, status, "no memory at a boundary (%llu partners, %llu bytes)",
                             (unsigned long long)engine->store.count,
                             (unsigned long long)eng_engine_memory_bytes(engine));
    if (status == ENG_OK) {
        boundary->target_ms = -1;
        eng_moment_set(&engine->now, engine->model, target_ms);
    }
    return status;
}
