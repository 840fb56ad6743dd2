/* The forecast: what will be told of a partner that does nothing.
 *
 * Panes fix a silent partner's future. What leaves its windows, and when, stands in its record
 * already, and so do the margins, dwells, cooldowns and rhythms that decide what is told of it. So
 * the forecast is no model of the engine but the engine itself, run on a copy of one partner:
 *
 *     record --page.c--> bytes --page.c--> the same record in the trial engine, of the same model,
 *     at the same clock --boundary.c, boundary by boundary--> effects
 *
 * The trial engine is made at the first question under a model, is empty between two questions, and
 * goes when the model does. With one partner in it the clock may be put right before the boundary
 * at which that partner is looked at next, as nothing happens at those in between.
 *
 * A partner that waits for its visit at the boundary in work is copied to the pane before it, and
 * that visit is the first thing forecast.
 *
 * Invariants (eng_forecast_check): between two questions nobody is in the trial engine, and nothing
 * in its wheel. */
#include "base/assert.h"
#include "base/memory.h"
#include "engine/internal.h"
#include "engine/page.h"

enum { FORECAST_BYTES_MIN = 1024 };

struct eng_forecast {
    struct eng_engine *trial; /* owned */
    uint8_t *page;            /* owned: room for a record as bytes */
    size_t page_capacity;
};

void eng_forecast_free(struct eng_forecast *forecast)
{
    if (forecast == NULL)
        return;
    eng_assert(forecast->page != NULL || forecast->page_capacity == 0);
    eng_engine_free(forecast->trial);
    eng_free(forecast->page);
    eng_free(forecast);
}

uint64_t eng_forecast_bytes(const struct eng_forecast *forecast)
{
    if (forecast == NULL)
        return 0;
    eng_assert(forecast->trial != NULL);
    return sizeof *forecast + forecast->page_capacity + eng_engine_memory_bytes(forecast->trial);
}

void eng_forecast_check(const struct eng_forecast *forecast)
{
    if (forecast == NULL)
        return;
    eng_assert(eng_store_partners(&forecast->trial->store) == 0);
    eng_assert(forecast->trial->wheel.entries == 0);
    eng_engine_check(forecast->trial);
}

/* ---- the copy ---- */

/* What forecasts are made with, if it is not there yet. */
static enum eng_status make_trial(struct eng_engine *engine)
{
    eng_assert(!engine->store.layout || engine->store.layout->model == engine->model);
    if (engine->forecast != NULL)
        return ENG_OK;
    struct eng_forecast *forecast = eng_calloc(1, sizeof *forecast);
    if (forecast == NULL)
        return ENG_NO_MEMORY;
    if (eng_engine_new(engine->model, NULL, &forecast->trial, NULL) != ENG_OK) {
        eng_forecast_free(forecast);
        return ENG_NO_MEMORY;
    }
    eng_assert(forecast->trial->model == engine->model);
    forecast->trial->alone = true;
    eng_guards_free(forecast->trial->guards); /* whether others are silent then, nobody knows */
    forecast->trial->guards = NULL;
    eng_budgets_free(forecast->trial->budgets); /* nor who comes first */
    forecast->trial->budgets = NULL;
    engine->forecast = forecast;
    return ENG_OK;
}

static enum eng_status reserve_copy(struct eng_forecast *forecast, size_t bytes)
{
    eng_assert(bytes > 0);
    if (bytes <= forecast->page_capacity)
        return ENG_OK;
    size_t capacity = bytes + bytes / 2 + FORECAST_BYTES_MIN;
    uint8_t *page = eng_realloc(forecast->page, capacity);
    if (page == NULL)
        return ENG_NO_MEMORY;
    eng_assert(capacity > bytes);
    forecast->page = page;
    forecast->page_capacity = capacity;
    return ENG_OK;
}

/* Takes the copy out of the trial engine again, and what is armed for it. */
static void leave_trial(struct eng_engine *trial, uint32_t number)
{
    const struct eng_partner *partner = eng_store_at(&trial->store, number);
    uint32_t block =
        partner->is_armed ? eng_wheel_take(&trial->wheel, partner->armed) : ENG_WHEEL_NO_BLOCK;
    eng_assert(!trial->boundary.working);
    while (block != ENG_WHEEL_NO_BLOCK) {
        uint32_t next = trial->wheel.blocks[block].next;
        eng_wheel_give(&trial->wheel, block);
        block = next;
    }
    enum eng_status status = eng_engine_erase(trial, eng_partner_id(partner), 0, NULL);
    eng_assert(status == ENG_OK); /* enter_trial has made room for it */
}

/* Puts a copy of the record into the trial engine. ENG_OK and its number there; ENG_NO_MEMORY. */
static enum eng_status enter_trial(struct eng_forecast *forecast, const struct eng_record *record,
                                   uint32_t *ret_number)
{
    struct eng_store *store = &forecast->trial->store;
    struct eng_slice id = eng_partner_id(record->partner);
    eng_assert(eng_store_partners(store) == 0);
    if (reserve_copy(forecast, eng_record_page_bytes(record)) != ENG_OK ||
        eng_store_reserve(store) != ENG_OK || eng_store_reserve_erase(store) != ENG_OK ||
        eng_wheel_reserve(&forecast->trial->wheel) != ENG_OK)
        return ENG_NO_MEMORY;
    size_t bytes = eng_record_page_write(record, forecast->page);
    uint32_t number = eng_store_add(store, eng_hash(id.data, id.length), id, 0);
    enum eng_status status = eng_record_page_read(store, number, forecast->page, bytes, NULL);
    eng_assert(status == ENG_OK || status == ENG_NO_MEMORY);
    if (status != ENG_OK)
        leave_trial(forecast->trial, number);
    *ret_number = number;
    return status;
}

/* Puts the trial engine to where the engine stands; for a partner that waits for its visit, to the
 * pane before. */
static void set_trial_clock(struct eng_engine *trial, const struct eng_engine *engine,
                            uint32_t number)
{
    struct eng_partner *partner = eng_store_at(&trial->store, number);
    trial->known = engine->known;
    trial->now = engine->now;
    eng_assert(engine->now.clock_ms >= 0);
    if (partner->due <= engine->now.pane) {
        int64_t before_ms = eng_calendar_start_ms(engine->model->calendar, engine->now.pane - 1);
        eng_assert(engine->boundary.working && partner->due == engine->now.pane);
        trial->now = (struct eng_moment){.clock_ms = -1};
        eng_moment_set(&trial->now, trial->model, before_ms > 0 ? before_ms : 0);
    }
    eng_arm(trial, number, partner, ENG_PANE_NEVER);
}

/* ---- the run ---- */

/* The next boundary at which the trial engine looks at its partner, as a pane; ENG_PANE_NEVER:
 * there is none. */
static int32_t next_look(const struct eng_engine *trial, uint32_t number)
{
    const struct eng_partner *partner = eng_store_at(&trial->store, number);
    if (!partner->is_armed)
        return ENG_PANE_NEVER;
    uint16_t ahead = (uint16_t)(partner->armed - (uint16_t)trial->now.pane);
    eng_assert(ahead > 0 && ahead < ENG_WHEEL_PANES);
    eng_assert(trial->wheel.entries == 1);
    return trial->now.pane + ahead;
}

/* Works off one boundary; those before it are passed over. */
static enum eng_status work_off(struct eng_engine *trial, int32_t pane, struct eng_effects *effects,
                                struct eng_error *err)
{
    const struct eng_calendar *calendar = trial->model->calendar;
    eng_assert(pane > trial->now.pane);
    if (pane > trial->now.pane + 1)
        eng_moment_set(&trial->now, trial->model, eng_calendar_start_ms(calendar, pane - 1));
    trial->evaluations_left = 1;
    eng_assert(trial->now.pane == pane - 1);
    return eng_boundary_advance(trial, trial->now.end_ms, effects, err);
}

static enum eng_status run_trial(struct eng_engine *trial, uint32_t number, int64_t until_ms,
                                 struct eng_effects *effects, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(number < trial->store.count);
    while (status == ENG_OK) {
        int32_t next = next_look(trial, number);
        if (next == ENG_PANE_NEVER ||
            eng_calendar_start_ms(trial->model->calendar, next) > until_ms)
            break;
        status = eng_effects_fit(trial, effects)
                     ? work_off(trial, next, effects, err)
                     : eng_error_set(err, ENG_LIMIT,
                                     "%u effects of the forecast fill its buffer of %zu bytes",
                                     effects->count, effects->capacity);
    }
    eng_assert(status != ENG_AGAIN); /* one partner, one evaluation, and there was room for it */
    return status;
}

enum eng_status eng_engine_forecast(struct eng_engine *engine, struct eng_slice partner,
                                    int64_t until_ms, struct eng_effects *effects,
                                    struct eng_error *err)
{
    uint32_t number, copy = 0;
    eng_assert(engine != NULL);
    eng_assert(effects != NULL);
    enum eng_status status = eng_find(engine, partner, &number);
    if (status != ENG_OK)
        return eng_error_set(err, status, "%s", eng_status_text(status));
    struct eng_record record = eng_record_open(&engine->store, number);
    if (make_trial(engine) != ENG_OK || enter_trial(engine->forecast, &record, &copy) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a forecast");
    set_trial_clock(engine->forecast->trial, engine, copy);
    until_ms = until_ms < ENG_TIME_MS_MAX ? until_ms : ENG_TIME_MS_MAX;
    status = run_trial(engine->forecast->trial, copy, until_ms, effects, err);
    if (status == ENG_OK || status == ENG_LIMIT) {
        leave_trial(engine->forecast->trial, copy);
    } else { /* it stopped in the middle of a boundary */
        eng_forecast_free(engine->forecast);
        engine->forecast = NULL;
    }
    return status;
}
