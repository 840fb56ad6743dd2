/* Boundaries: the clock crosses them one by one, in increasing order (S3).
 *
 * At each, the wheel's bucket is taken whole: its valid and due partners are marked, one bit each,
 * at their slots of the partner table, which is in the order of the hashes of ids; then the marked
 * ones are visited in that order, as many per call as the step budget and the effects buffer allow.
 * The marks stay in engine->boundary, so the work goes on with the next call. A visit lets what has
 * expired leave, evaluates, and arms the partner for the next thing that will happen to it.
 *
 * Cost: proportional to the entries of the bucket, and one bit a slot. Partners whose hashes agree
 * in their upper half stand side by side and are put in order when they are reached. */
#include "base/assert.h"
#include "base/memory.h"
#include "engine/internal.h"

enum { PREFETCH_AHEAD = 12 };

/* Room for a mark at every slot. */
static enum eng_status reserve_marks(struct eng_engine *engine)
{
    struct eng_boundary *boundary = &engine->boundary;
    uint64_t words = (engine->store.slot_count + engine->store.slots_behind + 63) / 64;
    eng_assert(!boundary->working);
    eng_assert(boundary->waiting == 0);
    if (words <= boundary->mark_words)
        return ENG_OK;
    uint64_t *marks = eng_calloc(words, sizeof *marks);
    if (marks == NULL)
        return ENG_NO_MEMORY;
    eng_free(boundary->marks);
    boundary->marks = marks;
    boundary->mark_words = words;
    return ENG_OK;
}

/* Looks at an entry of the bucket: it counts when it is the one that its record knows of; a partner
 * that is due later is armed again, one that is due now is marked. */
static void collect_one(struct eng_engine *engine, uint32_t number)
{
    struct eng_boundary *boundary = &engine->boundary;
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    eng_assert(boundary->working);
    if (!partner->is_armed || partner->armed != (uint16_t)engine->now.pane)
        return;
    partner->is_armed = 0;
    if (partner->due > engine->now.pane) {
        eng_arm(engine, number, partner, partner->due);
        return;
    }
    uint64_t slot = eng_store_slot(&engine->store, number);
    eng_assert(!(boundary->marks[slot / 64] >> slot % 64 & 1));
    boundary->marks[slot / 64] |= 1ull << slot % 64;
    boundary->waiting++;
}

/* Takes the bucket of the clock's pane, block by block. */
static void collect(struct eng_engine *engine)
{
    uint32_t block = eng_wheel_take(&engine->wheel, engine->now.pane);
    eng_assert(engine->boundary.working);
    while (block != ENG_WHEEL_NO_BLOCK) {
        struct eng_wheel_block entries =
            engine->wheel.blocks[block]; /* arming may move the blocks */
        for (uint32_t i = 0; i < entries.count; i++)
            eng_store_prefetch_head(&engine->store, entries.numbers[i]);
        for (uint32_t i = 0; i < entries.count; i++)
            collect_one(engine, entries.numbers[i]);
        eng_wheel_give(&engine->wheel, block);
        block = entries.next;
    }
}

/* The order of two partners at a boundary: hash, then id. */
static bool comes_before(const struct eng_engine *engine, uint32_t one, uint32_t two)
{
    eng_assert(one != two);
    struct eng_slice a = eng_partner_id(eng_store_at(&engine->store, one));
    struct eng_slice b = eng_partner_id(eng_store_at(&engine->store, two));
    uint64_t hash_a = eng_hash(a.data, a.length), hash_b = eng_hash(b.data, b.length);
    eng_assert(hash_a >> 32 == hash_b >> 32);
    if (hash_a != hash_b)
        return hash_a < hash_b;
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order != 0 ? order < 0 : a.length < b.length;
}

static bool is_marked(const struct eng_boundary *boundary, uint64_t slot)
{
    return boundary->marks[slot / 64] >> slot % 64 & 1;
}

/* The first marked slot from `from` on; one behind all marks when there is none. */
static uint64_t next_marked(const struct eng_boundary *boundary, uint64_t from)
{
    uint64_t word = from / 64, bits;
    if (word == boundary->mark_words)
        return word * 64;
    bits = boundary->marks[word] >> from % 64 << from % 64;
    while (bits == 0) {
        if (++word == boundary->mark_words)
            return word * 64;
        bits = boundary->marks[word];
    }
    return word * 64 + (uint64_t)__builtin_ctzll(bits);
}

/* The slot to be visited next: of those with the same tag as the first marked one, the first in
 * order. */
static uint64_t next_slot(struct eng_engine *engine)
{
    struct eng_boundary *boundary = &engine->boundary;
    const struct eng_slot *slots = engine->store.slots;
    boundary->next = next_marked(boundary, boundary->next);
    uint64_t best = boundary->next;
    eng_assert(best < boundary->mark_words * 64);
    for (uint64_t slot = best + 1;
         slots[slot].tag == slots[best].tag && slots[slot].number != ENG_PARTNER_NONE; slot++)
        if (is_marked(boundary, slot) &&
            comes_before(engine, slots[slot].number, slots[best].number))
            best = slot;
    eng_assert(is_marked(boundary, best));
    return best;
}

/* Prefetches the records of partners that will be visited soon. */
static void prefetch_ahead(struct eng_engine *engine)
{
    struct eng_boundary *boundary = &engine->boundary;
    uint64_t end = boundary->mark_words * 64;
    eng_assert(boundary->working);
    eng_assert(boundary->ahead_count <= PREFETCH_AHEAD);
    while (boundary->ahead < end && boundary->ahead_count < PREFETCH_AHEAD) {
        boundary->ahead = next_marked(boundary, boundary->ahead);
        if (boundary->ahead == end)
            return;
        eng_store_prefetch_record(&engine->store, engine->store.slots[boundary->ahead].number);
        boundary->ahead++;
        boundary->ahead_count++;
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
    if (engine->notes_visits)
        eng_changes_note(&engine->changes, engine->hand.partner, number);
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
    struct eng_boundary *boundary = &engine->boundary;
    eng_assert(boundary->working);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    while (boundary->waiting > 0) {
        if (engine->evaluations_left == 0 || !eng_effects_fit(engine, effects))
            return ENG_AGAIN;
        prefetch_ahead(engine);
        uint64_t slot = next_slot(engine);
        enum eng_status status = visit(engine, engine->store.slots[slot].number, effects);
        if (status != ENG_OK)
            return status;
        boundary->marks[slot / 64] &= ~(1ull << slot % 64);
        boundary->waiting--;
        boundary->ahead_count -= boundary->ahead_count > 0;
        engine->evaluations_left--;
    }
    boundary->working = false;
    return ENG_OK;
}

/* Puts the clock to the next boundary and marks who is due. */
static enum eng_status begin_boundary(struct eng_engine *engine)
{
    eng_assert(engine->now.clock_ms >= 0);
    struct eng_boundary *boundary = &engine->boundary;
    uint32_t entries = eng_wheel_count(&engine->wheel, engine->now.pane + 1);
    eng_assert(!boundary->working);
    /* Every entry that is armed again takes one block of the wheel at most. */
    if (reserve_marks(engine) != ENG_OK ||
        eng_wheel_reserve_many(&engine->wheel, entries) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_moment_set(&engine->now, engine->model, engine->now.end_ms);
    boundary->working = true;
    boundary->next = boundary->ahead = 0;
    boundary->ahead_count = 0;
    collect(engine);
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
