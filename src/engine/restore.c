/* Pages out of an engine, and an engine out of pages: include/engaged/checkpoint.h.
 *
 * While it is being restored an engine knows, by partner, up to which offset its page holds the
 * events, and passes over those. Nothing else is special: a partner whose page is younger than the
 * clock is not due before the page's own boundary, so it is not visited twice; one whose page is
 * older than low water is due at what it has missed, and the boundaries from the oldest of these on
 * are worked off in silence before the first event. Pages of one partner replace one another, so
 * they may come as a log holds them. */
#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include "engine/internal.h"
#include "engine/page.h"

enum { OFFSETS_MIN = 1024 };

struct eng_restore {
    uint64_t *next;    /* by partner: its page holds its events before this offset */
    uint32_t capacity; /* partners that there is room for; the others have no page */
};

/* ---- out ---- */

struct eng_changed eng_engine_changes(struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    eng_changes_skip(&engine->changes, &engine->store);
    return (struct eng_changed){engine->changes.first, engine->changes.end};
}

struct eng_page_sum eng_engine_page_sum(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return (struct eng_page_sum){engine->changes.page_count, engine->changes.page_sum};
}

size_t eng_engine_page_bytes(struct eng_engine *engine)
{
    struct eng_changes *changes = &engine->changes;
    eng_assert(engine->boundary.target_ms < 0 && !engine->activation.working);
    eng_changes_skip(changes, &engine->store);
    if (changes->first == changes->end)
        return 0;
    struct eng_record record = eng_record_open(&engine->store, eng_changes_head(changes));
    eng_assert(record.partner->is_dirty);
    return eng_record_page_bytes(&record);
}

enum eng_status eng_engine_page_take(struct eng_engine *engine, uint64_t sequence, uint8_t *to,
                                     size_t *ret_bytes, struct eng_slice *ret_partner)
{
    struct eng_changes *changes = &engine->changes;
    eng_assert(changes->first < changes->end);
    eng_assert(engine->boundary.target_ms < 0 && !engine->activation.working);
    struct eng_record record = eng_record_open(&engine->store, eng_changes_head(changes));
    *ret_partner = eng_partner_id(record.partner);
    if (eng_changes_page(changes, eng_hash(ret_partner->data, ret_partner->length), record.number,
                         sequence) != ENG_OK)
        return ENG_NO_MEMORY;
    *ret_bytes = eng_record_page_write(&record, to);
    record.partner->is_dirty = !ENG_RULE(CLEAN_WHEN_ENCODED);
    changes->first++;
    return ENG_OK;
}

/* ---- in ---- */

bool eng_engine_is_restoring(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return engine->restore != NULL;
}

enum eng_status eng_engine_restore_begin(struct eng_engine *engine)
{
    eng_assert(engine->restore == NULL);
    eng_assert(engine->store.count == 0 && engine->now.clock_ms < 0);
    engine->restore = eng_calloc(1, sizeof *engine->restore);
    return engine->restore != NULL ? ENG_OK : ENG_NO_MEMORY;
}

void eng_engine_restore_end(struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    if (engine->restore == NULL)
        return;
    eng_assert(engine->restore->next != NULL || engine->restore->capacity == 0);
    eng_free(engine->restore->next);
    eng_free(engine->restore);
    engine->restore = NULL;
}

bool eng_restore_holds(const struct eng_restore *restore, uint32_t number, uint64_t offset)
{
    eng_assert(restore != NULL);
    eng_assert(number != ENG_PARTNER_NONE);
    return ENG_RULE(PAGE_STAMP) && number < restore->capacity && offset < restore->next[number];
}

void eng_restore_forget(struct eng_restore *restore, uint32_t number)
{
    eng_assert(restore != NULL);
    eng_assert(number != ENG_PARTNER_NONE);
    if (number < restore->capacity)
        restore->next[number] = 0;
}

static enum eng_status reserve_offset(struct eng_restore *restore, uint32_t number)
{
    eng_assert(restore->capacity == 0 || restore->next != NULL);
    if (number < restore->capacity)
        return ENG_OK;
    uint64_t capacity = (uint64_t)number * 2 + OFFSETS_MIN;
    eng_assert(capacity > number);
    uint64_t *next = eng_realloc(restore->next, capacity * sizeof *next);
    if (next == NULL || capacity > UINT32_MAX)
        return ENG_NO_MEMORY;
    memset(next + restore->capacity, 0, (capacity - restore->capacity) * sizeof *next);
    restore->next = next;
    restore->capacity = (uint32_t)capacity;
    return ENG_OK;
}

/* The partner's number; it is added when it is new. ENG_PARTNER_NONE: no memory. */
static uint32_t number_of(struct eng_engine *engine, struct eng_slice partner, uint64_t hash)
{
    uint32_t number = eng_store_find(&engine->store, hash, partner);
    eng_assert(partner.length > 0);
    eng_assert(partner.length <= ENG_PARTNER_BYTES_MAX);
    if (number == ENG_PARTNER_NONE && eng_store_reserve(&engine->store) == ENG_OK)
        number = eng_store_add(&engine->store, hash, partner, 0);
    return number;
}

enum eng_status eng_engine_restore_page(struct eng_engine *engine, const struct eng_page *page,
                                        struct eng_error *err)
{
    eng_assert(engine->restore != NULL);
    eng_assert(page->sequence > 0);
    if (page->partner.length == 0 || page->partner.length > ENG_PARTNER_BYTES_MAX)
        return eng_error_set(err, ENG_CORRUPT, "a page's partner id has %u bytes",
                             page->partner.length);
    uint64_t hash = eng_hash(page->partner.data, page->partner.length);
    uint32_t number = number_of(engine, page->partner, hash);
    if (number == ENG_PARTNER_NONE || reserve_offset(engine->restore, number) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for %u partners",
                             engine->store.count + 1);
    if (!ENG_RULE(PAGE_REPLACES) && engine->restore->next[number] > 0)
        return ENG_OK;
    enum eng_status status =
        eng_record_page_read(&engine->store, number, page->data, page->bytes, err);
    if (status != ENG_OK)
        return status;
    engine->restore->next[number] = page->next;
    if (engine->changes.on)
        status = eng_changes_page(&engine->changes, hash, number, page->sequence);
    return status == ENG_OK ? ENG_OK : eng_error_set(err, status, "no memory for page sums");
}

/* The first boundary at which anybody is due, as a pane; ENG_PANE_NEVER: nobody is. */
static int32_t first_due(const struct eng_engine *engine)
{
    int32_t due = ENG_PANE_NEVER;
    eng_assert(engine->restore != NULL);
    for (uint32_t number = 0; number < engine->store.count; number++) {
        if (!eng_store_has(&engine->store, number))
            continue;
        const struct eng_partner *partner = eng_store_at(&engine->store, number);
        eng_assert(!partner->is_armed);
        due = partner->due < due ? partner->due : due;
    }
    return due;
}

/* Puts the clock before all that is still due, at most to `clock_ms`, and arms everybody. */
static enum eng_status arm_all(struct eng_engine *engine, int64_t clock_ms)
{
    int32_t due = ENG_RULE(PAGE_CATCH_UP) ? first_due(engine) : ENG_PANE_NEVER;
    const struct eng_calendar *calendar = engine->model->calendar;
    int64_t from_ms = due == ENG_PANE_NEVER ? clock_ms : eng_calendar_start_ms(calendar, due - 1);
    eng_assert(clock_ms >= 0);
    eng_assert(engine->now.clock_ms < 0);
    from_ms = from_ms < 0 ? 0 : from_ms;
    eng_moment_set(&engine->now, engine->model, from_ms < clock_ms ? from_ms : clock_ms);
    for (uint32_t number = 0; number < engine->store.count; number++) {
        if (!eng_store_has(&engine->store, number))
            continue;
        struct eng_partner *partner = eng_store_at(&engine->store, number);
        if (eng_wheel_reserve(&engine->wheel) != ENG_OK)
            return ENG_NO_MEMORY;
        if (partner->due <= engine->now.pane)
            continue; /* without the rule; else the clock is before it */
        eng_arm(engine, number, partner, ENG_PANE_NEVER);
    }
    return ENG_OK;
}

enum eng_status eng_engine_restore_catch_up(struct eng_engine *engine, int64_t clock_ms,
                                            struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(engine->restore != NULL);
    eng_assert(clock_ms <= ENG_TIME_MS_MAX);
    if (clock_ms < 0)
        return engine->store.count == 0
                   ? ENG_OK
                   : eng_error_set(err, ENG_CORRUPT, "pages, but no event before them");
    if (engine->changes.on && engine->store.count > 0)
        status = eng_changes_reserve_slow(&engine->changes, engine->store.count);
    if (status == ENG_OK)
        status = arm_all(engine, clock_ms);
    if (status != ENG_OK)
        return eng_error_set(err, status, "no memory for %u partners", engine->store.count);
    engine->notes_visits = true;
    do {
        engine->evaluations_left = UINT32_MAX;
        status = eng_boundary_advance(engine, clock_ms, NULL, err);
    } while (status == ENG_AGAIN);
    engine->notes_visits = false;
    return status;
}
