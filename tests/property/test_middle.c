/* A restart in the middle of a boundary: whoever was visited there before the commit is not visited
 * again, also where a guard lets go of what it held and has everybody visited. */
#include <criterion/criterion.h>
#include <engaged/checkpoint.h>
#include <engaged/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTNERS = 4, HOUR_MS = 3600000, DAY_MS = 86400000, ROOM = 1 << 16, PAGE = 1 << 12 };

/* Tiers look at the value before the boundary: at a second visit that is another one. */
static const char model_text[] =
    "program: middle\n"
    "scores:\n"
    "  status: {points: {login: 10}, over: week, tiers: {bronze: 0, silver: 20}}\n"
    "alerts: {risk: {score: status, falls_to: bronze}}\n"
    "guards: {portal: {usual_least: 1, below: 50%}}\n";

/* What was told and kept, and the engine that goes on. */
struct run {
    const struct eng_model *model;
    struct eng_engine *engine;
    struct eng_effects portion, told;
    struct eng_page pages[PARTNERS];
    uint8_t bytes[PARTNERS][PAGE];
    char names[PARTNERS][8];
    uint64_t offset; /* of the next event */
    uint32_t restarts;
};

static void take_away(struct run *run)
{
    cr_assert(run->told.used + run->portion.used <= run->told.capacity);
    memcpy(run->told.data + run->told.used, run->portion.data, run->portion.used);
    run->told.used += run->portion.used;
    run->portion.used = run->portion.count = 0;
}

/* Keeps the pages of those who have changed. */
static void keep_pages(struct run *run)
{
    static uint8_t bytes[PAGE];
    size_t most;
    while ((most = eng_engine_page_bytes(run->engine)) > 0) {
        struct eng_page page = {.next = run->offset, .sequence = 1};
        cr_assert_leq(most, sizeof bytes);
        cr_assert_eq(eng_engine_page_take(run->engine, 1, bytes, &page.bytes, &page.partner),
                     ENG_OK);
        unsigned partner = (unsigned)(page.partner.data[1] - '0');
        memcpy(run->bytes[partner], bytes, page.bytes);
        memcpy(run->names[partner], page.partner.data, page.partner.length);
        page.data = run->bytes[partner];
        page.partner.data = run->names[partner];
        run->pages[partner] = page;
    }
}

static struct eng_engine *new_engine(const struct eng_model *model)
{
    const struct eng_engine_options options = {.track_changes = true, .step_evaluations = 1};
    struct eng_engine *engine;
    cr_assert_eq(eng_engine_new(model, &options, &engine, NULL), ENG_OK);
    return engine;
}

/* Another process goes on where this one has committed. */
static void restart(struct run *run)
{
    static uint8_t shared[ENG_SHARED_BYTES_MAX];
    struct eng_engine *next = new_engine(run->model);
    struct eng_work work = eng_engine_work(run->engine);
    uint32_t bytes = eng_engine_shared_write(run->engine, shared);
    cr_assert_eq(work.kind, ENG_WORK_CLOCK);
    keep_pages(run);
    cr_assert_eq(eng_engine_restore_begin(next), ENG_OK);
    for (unsigned i = 0; i < PARTNERS; i++)
        cr_assert_eq(eng_engine_restore_page(next, &run->pages[i], NULL), ENG_OK);
    cr_assert_eq(eng_engine_restore_catch_up(next, work.before_ms, NULL), ENG_OK);
    cr_assert_eq(eng_engine_shared_read(next, shared, bytes), ENG_OK);
    enum eng_status status = ENG_AGAIN;
    while (status == ENG_AGAIN)
        status = eng_engine_resume(next, &work, NULL);
    cr_assert_eq(status, ENG_OK);
    eng_engine_restore_end(next);
    eng_engine_check(next);
    eng_engine_free(run->engine);
    run->engine = next;
    run->restarts++;
}

/* Ticks to that time, with a restart after each portion at boundaries of this day. */
static void tick(struct run *run, int64_t time_ms, int64_t day)
{
    enum eng_status status = ENG_AGAIN;
    while (status == ENG_AGAIN) {
        status = eng_engine_tick(run->engine, time_ms, &run->portion, NULL);
        take_away(run);
        struct eng_work work = eng_engine_work(run->engine);
        if (status == ENG_AGAIN && work.kind == ENG_WORK_CLOCK &&
            work.boundary_ms == day * (int64_t)DAY_MS)
            restart(run);
    }
    cr_assert_eq(status, ENG_OK);
}

static void log_in(struct run *run, unsigned partner, int64_t time_ms)
{
    char id[8];
    int length = snprintf(id, sizeof id, "p%u", partner);
    struct eng_event event = {.offset = run->offset,
                              .time_ms = time_ms,
                              .value_e4 = ENG_VALUE_NONE,
                              .partner = {id, (uint32_t)length},
                              .action = {"login", 5}};
    struct eng_batch batch = {.events = &event, .count = 1};
    cr_assert_eq(eng_engine_apply(run->engine, &batch, &run->portion, NULL), ENG_OK);
    take_away(run);
    run->offset++;
}

/* Everybody comes every day but one, the 16th, of which the guard speaks; the 17th is as usual, so
 * it lets go where the 18th begins, on a Monday. */
static struct run *run_through(const struct eng_model *model, int64_t day)
{
    struct run *run = calloc(1, sizeof *run);
    cr_assert(run != NULL);
    run->model = model;
    run->engine = new_engine(model);
    run->portion = (struct eng_effects){malloc(ROOM), ROOM, 0, 0};
    run->told = (struct eng_effects){malloc(ROOM), ROOM, 0, 0};
    cr_assert(run->portion.data != NULL && run->told.data != NULL);
    for (int64_t at = 0; at <= 17; at++) {
        tick(run, at * DAY_MS, day);
        for (unsigned i = 0; i < PARTNERS && at != 16; i++)
            log_in(run, i, at * DAY_MS + HOUR_MS);
    }
    tick(run, 40 * (int64_t)DAY_MS, day);
    return run;
}

static void run_end(struct run *run)
{
    eng_engine_free(run->engine);
    free(run->portion.data);
    free(run->told.data);
    free(run);
}

/* The guard is about to end, ends, and everybody falls a week later: with a restart after each of
 * those who are visited on the way the same is told. */
Test(middle, nobody_is_visited_twice_at_a_boundary_at_which_a_guard_lets_go)
{
    struct eng_model *model;
    cr_assert_eq(eng_model_load_text(model_text, strlen(model_text), "middle.yaml", &model, NULL),
                 ENG_OK);
    struct run *want = run_through(model, -1);
    cr_assert_gt(want->told.used, 0);
    for (int64_t day = 17; day <= 26; day++) {
        struct run *got = run_through(model, day);
        cr_assert(day != 18 || got->restarts == PARTNERS - 1, "%u restarts", got->restarts);
        cr_assert_eq(got->told.used, want->told.used, "day %d: %zu bytes, not %zu", (int)day,
                     got->told.used, want->told.used);
        cr_assert_eq(memcmp(got->told.data, want->told.data, want->told.used), 0, "day %d",
                     (int)day);
        run_end(got);
    }
    run_end(want);
    eng_model_free(model);
}
