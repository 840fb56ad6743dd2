/* Pages out of an engine, and an engine out of pages: include/engaged/checkpoint.h.
 *
 * While it is being restored an engine knows, by partner, up to which offset its page holds the
 * events, and passes over those. Nothing else is special: a partner whose page is younger than the
 * clock is not due before the page's own boundary, so it is not visited twice; one whose page is
 * older than low water is due at what it has missed, and the boundaries from the oldest of these on
 * are worked off in silence before the first event. Pages of one partner replace one another, so
 * they may come as a log holds them.
 *
 * A page that was taken after a change of model that is yet to come is ahead: its record is of that
 * model's layout and is left alone (its events lie before its offset, and it is not armed) until
 * the change comes into force; then it is due like others, without being carried over. */
#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include "engine/internal.h"
#include "engine/page.h"

enum { OFFSETS_MIN = 1024 };

/* What is known of a partner's page; of a partner without one, all is 0. */
struct paged {
    uint64_t next;  /* it holds the partner's events before this offset */
    uint32_t ahead; /* it is of models[ahead - 1]; 0: of the one in force */
};

struct eng_restore {
    struct paged *pages;  /* by partner */
    uint32_t capacity;    /* partners that there is room for; the others have no page */
    uint32_t ahead_count; /* partners whose record is of a later model */
    struct {
        const struct eng_model *model;
        struct eng_layout *layout; /* owned */
    } models[ENG_RESTORE_MODELS_MAX];
    uint32_t model_count;
};

/* ---- out ---- */

struct eng_changed eng_engine_changes(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return (struct eng_changed){engine->changes.first, engine->changes.end};
}

struct eng_page_sum eng_engine_page_sum(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return (struct eng_page_sum){engine->changes.page_count, engine->changes.page_sum};
}

/* Whose page is next: somebody who is urgent, or the one who waits longest. */
static bool next_page(const struct eng_engine *engine, uint32_t *ret_number)
{
    const struct eng_changes *changes = &engine->changes;
    eng_assert(changes->first <= changes->end);
    eng_assert(changes->urgent_count <= changes->urgent_capacity);
    if (changes->urgent_count > 0)
        *ret_number = changes->urgent[changes->urgent_count - 1];
    else if (changes->first < changes->end)
        *ret_number = eng_changes_head(changes);
    else
        return false;
    return true;
}

/* An urgent one has a page of the model before when the change has not come to it. */
static struct eng_record open_page(const struct eng_engine *engine, uint32_t number)
{
    struct eng_record record = eng_record_open(&engine->store, number);
    eng_assert(record.partner->is_dirty);
    if (eng_activation_waits(engine, number))
        record.layout = engine->activation.layout_before;
    return record;
}

uint32_t eng_engine_urgent_pages(const struct eng_engine *engine)
{
    eng_assert(engine->changes.on || engine->changes.urgent_count == 0);
    return engine->changes.urgent_count;
}

size_t eng_engine_page_bytes(const struct eng_engine *engine)
{
    uint32_t number;
    if (!next_page(engine, &number))
        return 0;
    if (engine->changes.urgent_count == 0 && eng_activation_waits(engine, number))
        return 0;
    struct eng_record record = open_page(engine, number);
    return eng_record_page_bytes(&record);
}

uint32_t eng_engine_page_version(const struct eng_engine *engine)
{
    uint32_t number;
    bool there = next_page(engine, &number);
    eng_assert(there);
    return eng_activation_waits(engine, number) ? engine->activation.before->version
                                                : engine->model->version;
}

enum eng_status eng_engine_page_take(struct eng_engine *engine, uint64_t sequence, uint8_t *to,
                                     size_t *ret_bytes, struct eng_slice *ret_partner)
{
    struct eng_changes *changes = &engine->changes;
    uint32_t number;
    bool there = next_page(engine, &number);
    eng_assert(there);
    struct eng_record record = open_page(engine, number);
    *ret_partner = eng_partner_id(record.partner);
    if (eng_changes_page(changes, eng_hash(ret_partner->data, ret_partner->length), record.number,
                         sequence) != ENG_OK)
        return ENG_NO_MEMORY;
    *ret_bytes = eng_record_page_write(&record, to);
    if (changes->urgent_count > 0) {
        changes->urgent_count--;
        return ENG_OK;
    }
    record.partner->is_dirty = !ENG_RULE(CLEAN_WHEN_ENCODED);
    eng_changes_next(changes);
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
    struct eng_restore *restore = engine->restore;
    if (restore == NULL)
        return;
    eng_assert(restore->pages != NULL || restore->capacity == 0);
    eng_assert(restore->ahead_count == 0);
    for (uint32_t i = 0; i < restore->model_count; i++)
        eng_layout_free(restore->models[i].layout);
    eng_free(restore->pages);
    eng_free(restore);
    engine->restore = NULL;
    eng_guards_settle(engine);
}

static bool is_ahead(const struct eng_restore *restore, uint32_t number)
{
    return restore != NULL && number < restore->capacity && restore->pages[number].ahead != 0;
}

bool eng_restore_any_ahead(const struct eng_restore *restore)
{
    return restore != NULL && restore->ahead_count > 0;
}

const struct eng_layout *eng_restore_layout(const struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    return is_ahead(engine->restore, number)
               ? engine->restore->models[engine->restore->pages[number].ahead - 1].layout
               : NULL;
}

static void set_ahead(struct eng_restore *restore, uint32_t number, uint32_t ahead)
{
    struct paged *page = &restore->pages[number];
    eng_assert(number < restore->capacity);
    eng_assert(ahead <= restore->model_count);
    restore->ahead_count += (uint32_t)(ahead != 0) - (uint32_t)(page->ahead != 0);
    page->ahead = ahead;
}

enum eng_status eng_restore_arrive(struct eng_engine *engine, uint32_t number)
{
    struct eng_restore *restore = engine->restore;
    eng_assert(is_ahead(restore, number));
    eng_assert(engine->activation.working);
    if (restore->models[restore->pages[number].ahead - 1].model != engine->model)
        return ENG_OK;
    if (eng_wheel_reserve(&engine->wheel) != ENG_OK)
        return ENG_NO_MEMORY;
    set_ahead(restore, number, 0);
    if (engine->now.clock_ms >= 0)
        eng_arm(engine, number, eng_store_at(&engine->store, number), ENG_PANE_NEVER);
    return ENG_OK;
}

void eng_restore_drop(struct eng_engine *engine)
{
    struct eng_restore *restore = engine->restore;
    for (uint32_t number = 0; restore != NULL && number < restore->capacity; number++) {
        if (restore->pages[number].ahead == 0)
            continue;
        struct eng_record record = {eng_restore_layout(engine, number),
                                    eng_store_at(&engine->store, number), number};
        eng_store_give(&engine->store, &record);
        set_ahead(restore, number, 0);
    }
    eng_assert(!eng_restore_any_ahead(restore));
}

bool eng_restore_holds(const struct eng_restore *restore, uint32_t number, uint64_t offset)
{
    eng_assert(restore != NULL);
    eng_assert(number != ENG_PARTNER_NONE);
    if (number >= restore->capacity)
        return false;
    eng_assert(restore->pages[number].ahead == 0 || offset < restore->pages[number].next ||
               offset == UINT64_MAX);
    return ENG_RULE(PAGE_STAMP) && offset < restore->pages[number].next;
}

const void *eng_restore_stamp(const struct eng_restore *restore, uint32_t number)
{
    eng_assert(restore != NULL);
    eng_assert(number != ENG_PARTNER_NONE);
    return number < restore->capacity ? &restore->pages[number] : NULL;
}

void eng_restore_forget(struct eng_restore *restore, uint32_t number)
{
    eng_assert(restore != NULL);
    eng_assert(number != ENG_PARTNER_NONE);
    if (number >= restore->capacity)
        return;
    set_ahead(restore, number, 0);
    restore->pages[number].next = 0;
}

static enum eng_status reserve_page(struct eng_restore *restore, uint32_t number)
{
    eng_assert(restore->capacity == 0 || restore->pages != NULL);
    if (number < restore->capacity)
        return ENG_OK;
    uint64_t capacity = (uint64_t)number * 2 + OFFSETS_MIN;
    eng_assert(capacity > number);
    struct paged *pages = eng_realloc(restore->pages, capacity * sizeof *pages);
    if (pages == NULL || capacity > UINT32_MAX)
        return ENG_NO_MEMORY;
    memset(pages + restore->capacity, 0, (capacity - restore->capacity) * sizeof *pages);
    restore->pages = pages;
    restore->capacity = (uint32_t)capacity;
    return ENG_OK;
}

/* What a page of this model is marked with: 0 for the one in force. ENG_OK, ENG_NO_MEMORY,
 * ENG_LIMIT. */
static enum eng_status ahead_of(struct eng_engine *engine, const struct eng_model *model,
                                uint32_t *ret_ahead)
{
    struct eng_restore *restore = engine->restore;
    struct eng_layout *layout;
    *ret_ahead = 0;
    if (model == NULL || model == engine->model)
        return ENG_OK;
    eng_assert(model->version > engine->model->version);
    for (uint32_t i = 0; i < restore->model_count; i++)
        if (restore->models[i].model == model)
            *ret_ahead = i + 1;
    if (*ret_ahead != 0)
        return ENG_OK;
    if (restore->model_count == ENG_RESTORE_MODELS_MAX)
        return ENG_LIMIT;
    if (eng_layout_new(model, &layout, NULL) != ENG_OK)
        return ENG_NO_MEMORY;
    restore->models[restore->model_count].model = model;
    restore->models[restore->model_count].layout = layout;
    *ret_ahead = ++restore->model_count;
    eng_assert(restore->model_count <= ENG_RESTORE_MODELS_MAX);
    return ENG_OK;
}

/* The partner's number, with a record of the store's layout: it is added when it is new. ENG_OK,
 * ENG_NO_MEMORY. */
static enum eng_status number_of(struct eng_engine *engine, struct eng_slice partner, uint64_t hash,
                                 uint32_t ahead, uint32_t *ret_number)
{
    struct eng_restore *restore = engine->restore;
    uint32_t number = eng_store_find(&engine->store, hash, partner);
    eng_assert(partner.length > 0);
    eng_assert(partner.length <= ENG_PARTNER_BYTES_MAX);
    if (eng_store_reserve(&engine->store) != ENG_OK ||
        reserve_page(restore, number == ENG_PARTNER_NONE ? engine->store.count : number) != ENG_OK)
        return ENG_NO_MEMORY;
    if (number == ENG_PARTNER_NONE) {
        number = eng_store_add(&engine->store, hash, partner, 0);
    } else if (restore->pages[number].ahead != ahead) {
        struct eng_record record = eng_record_open(&engine->store, number);
        record.layout =
            is_ahead(restore, number) ? eng_restore_layout(engine, number) : engine->layout;
        eng_store_blank(&engine->store, &record, 0);
    }
    set_ahead(restore, number, ahead);
    *ret_number = number;
    return ENG_OK;
}

/* Reads a page into a record of the store's layout. */
static enum eng_status read_page(struct eng_engine *engine, const struct eng_page *page,
                                 uint32_t ahead, struct eng_error *err)
{
    uint64_t hash = eng_hash(page->partner.data, page->partner.length);
    uint32_t number = ENG_PARTNER_NONE;
    eng_assert(engine->restore != NULL);
    if (number_of(engine, page->partner, hash, ahead, &number) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for %u partners",
                             engine->store.count + 1);
    if (!ENG_RULE(PAGE_REPLACES) && engine->restore->pages[number].next > 0)
        return ENG_OK;
    enum eng_status status =
        eng_record_page_read(&engine->store, number, page->data, page->bytes, err);
    if (status != ENG_OK)
        return status;
    engine->restore->pages[number].next = page->next;
    if (engine->changes.on)
        status = eng_changes_page(&engine->changes, hash, number, page->sequence);
    eng_assert(status == ENG_OK || status == ENG_NO_MEMORY);
    return status == ENG_OK ? ENG_OK : eng_error_set(err, status, "no memory for page sums");
}

enum eng_status eng_engine_restore_page(struct eng_engine *engine, const struct eng_page *page,
                                        struct eng_error *err)
{
    uint32_t ahead;
    eng_assert(engine->restore != NULL);
    eng_assert(page->sequence > 0);
    if (page->partner.length == 0 || page->partner.length > ENG_PARTNER_BYTES_MAX)
        return eng_error_set(err, ENG_CORRUPT, "a page's partner id has %u bytes",
                             page->partner.length);
    if (page->model != NULL && page->model->version < engine->model->version)
        return ENG_OK; /* there is a later one, or the sum of pages says that it is missing */
    enum eng_status status = ahead_of(engine, page->model, &ahead);
    if (status != ENG_OK)
        return eng_error_set(err, status, "pages of %u later models, and no room for another",
                             engine->restore->model_count);
    if (ahead != 0)
        engine->store.layout = engine->restore->models[ahead - 1].layout;
    status = read_page(engine, page, ahead, err);
    engine->store.layout = engine->layout;
    return status;
}

void eng_engine_restore_fetch(const struct eng_engine *engine, uint64_t hash, unsigned step)
{
    const struct eng_restore *restore = engine->restore;
    eng_assert(restore != NULL);
    eng_assert(step <= 2);
    if (step == 0) {
        eng_store_prefetch_slot(&engine->store, hash);
        return;
    }
    uint32_t number = eng_store_prefetch_handle(&engine->store, hash);
    if (number == ENG_PARTNER_NONE || number >= restore->capacity)
        return;
    if (step == 1) {
        __builtin_prefetch(&restore->pages[number]);
        if (number < engine->changes.sequence_capacity)
            __builtin_prefetch(&engine->changes.sequences[number]);
        return;
    }
    eng_store_prefetch_head(&engine->store, number);
}

/* The first boundary at which anybody is due, as a pane; ENG_PANE_NEVER: nobody is. */
static int32_t first_due(const struct eng_engine *engine)
{
    int32_t due = ENG_PANE_NEVER;
    eng_assert(engine->restore != NULL);
    for (uint32_t number = 0; number < engine->store.count; number++) {
        if (!eng_store_has(&engine->store, number) || is_ahead(engine->restore, number))
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
        if (!eng_store_has(&engine->store, number) || is_ahead(engine->restore, number))
            continue;
        struct eng_partner *partner = eng_store_at(&engine->store, number);
        if (eng_wheel_reserve(&engine->wheel) != ENG_OK)
            return ENG_NO_MEMORY;
        if (partner->due <= engine->now.pane)
            continue; /* asserted not to be: see the caller */
        eng_arm(engine, number, partner, ENG_PANE_NEVER);
    }
    return ENG_OK;
}

/* Low water was before the first event: pages of who has changed since may be there all the same.
 * Their boundaries lie behind that event's, so they are armed when it comes. */
enum eng_status eng_restore_first_clock(struct eng_engine *engine, int64_t time_ms)
{
    eng_assert(engine->restore != NULL);
    eng_assert(engine->now.clock_ms < 0);
    if (eng_wheel_reserve_many(&engine->wheel, engine->store.count) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_moment_set(&engine->now, engine->model, time_ms);
    for (uint32_t number = 0; number < engine->store.count; number++) {
        if (!eng_store_has(&engine->store, number) || is_ahead(engine->restore, number))
            continue;
        struct eng_partner *partner = eng_store_at(&engine->store, number);
        if (partner->due > engine->now.pane)
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
        return ENG_OK; /* nothing to catch up with; see eng_restore_first_clock */
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
