/* Checkpoints at random places of a history. See restored.h.
 *
 * This is the daemon's task (src/stream/checkpoint.h) in small: offsets are step numbers, all but
 * events is its own journal, and a commit keeps what the daemon writes to the state topic. */
#include "restored.h"

#include "compare.h"

#include "base/assert.h"
#include "engine/model.h"
#include "foretold.h"
#include "print.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A page as it was committed. */
struct page {
    char partner[ENG_PARTNER_BYTES_MAX];
    uint32_t partner_bytes;
    uint8_t *data; /* NULL: the partner was erased */
    size_t bytes;
    uint64_t next, sequence;
    const struct eng_model *model;
};

/* Where the changes from a place of the queue on were made. */
struct mark {
    uint64_t place;
    uint32_t step;
    int64_t clock_ms;
    const struct eng_model *model; /* in force then */
    uint8_t known[ENG_KNOWN_BYTES_MAX];
    uint32_t known_bytes;
};

/* What a commit leaves behind. */
struct commit {
    uint64_t sequence;
    uint32_t step;        /* next, or in work */
    struct eng_work work; /* what of it is done */
    char next[ENG_PARTNER_BYTES_MAX];
    size_t told_bytes;
    struct mark low;     /* low water */
    uint32_t page_count; /* pages in the log */
    struct eng_page_sum sum;
    uint8_t shared[ENG_SHARED_BYTES_MAX];
    uint32_t shared_bytes;
};

struct world {
    const struct eng_model *const *models;
    const struct history *history;
    const struct uninterrupted *want;
    struct chance *chance;
    FILE *out;
    struct eng_engine *engine;
    struct eng_effects buffer;
    uint8_t *told;
    size_t told_bytes;
    struct page *pages;
    uint32_t page_count, page_capacity;
    struct mark here;   /* before the step in work */
    struct mark *marks; /* ascending; marks[first_mark] is the oldest that counts */
    uint32_t first_mark, mark_count;
    struct commit commit;
};

static struct eng_engine *new_engine(const struct world *world, const struct eng_model *model)
{
    struct eng_engine_options options = {.track_changes = true};
    struct eng_engine *engine;
    options.step_evaluations =
        chance_percent(world->chance, 30) ? (uint32_t)chance_between(world->chance, 1, 4) : 0;
    enum eng_status status = eng_engine_new(model, &options, &engine, NULL);
    eng_assert(status == ENG_OK);
    return engine;
}

/* The offset behind all events before a step. */
static uint64_t next_offset(const struct world *world, uint32_t step)
{
    while (step > 0 && !step_is_event(&world->history->steps[step - 1]))
        step--;
    return step == 0 ? 0 : world->history->steps[step - 1].event.offset + 1;
}

/* An erasure as it is asked for, and as a journal without ids repeats it. */
static enum eng_status erase(struct world *world, uint32_t index, bool loud)
{
    struct eng_slice partner = world->history->steps[index].event.partner;
    uint64_t next = next_offset(world, index);
    if (loud || partner.length == 0)
        return eng_engine_erase(world->engine, partner, next, NULL);
    return eng_engine_erase_hash(world->engine, eng_partner_hash(partner), next, NULL);
}

static void take_away(struct world *world)
{
    if (world->buffer.used == 0)
        return;
    world->told = realloc(world->told, world->told_bytes + world->buffer.used);
    eng_assert(world->told != NULL);
    memcpy(world->told + world->told_bytes, world->buffer.data, world->buffer.used);
    world->told_bytes += world->buffer.used;
}

/* A portion of a step. */
static enum eng_status portion(struct world *world, uint32_t index, bool loud, uint8_t *ret_outcome)
{
    const struct step *step = &world->history->steps[index];
    struct eng_batch batch = {&step->event, ret_outcome, 1, 0, &history_names};
    struct eng_effects *effects = loud ? &world->buffer : NULL;
    if (step->tick)
        return eng_engine_tick(world->engine, step->event.time_ms, effects, NULL);
    if (step->model > 0)
        return eng_engine_activate(world->engine, world->models[step->model], step->silent, effects,
                                   NULL);
    if (step->erase)
        return erase(world, index, loud);
    return eng_engine_apply(world->engine, &batch, effects, NULL);
}

static void commit(struct world *world, uint32_t step);

/* One step; its outcome, 0xFF when it has none. CRASHED: the process has died in the middle of it,
 * maybe after a commit there. */
enum { CRASHED = 0xFE };
static uint8_t apply(struct world *world, uint32_t index, bool loud)
{
    uint8_t outcome = 0xFF;
    enum eng_status status = ENG_AGAIN;
    bool begun = false;
    while (status == ENG_AGAIN) {
        world->buffer.used = world->buffer.count = 0;
        bool goes_on = begun && chance_percent(world->chance, 30);
        status = goes_on ? eng_engine_work_on(world->engine, loud ? &world->buffer : NULL, NULL)
                         : portion(world, index, loud, &outcome);
        take_away(world);
        begun = status == ENG_AGAIN;
        if (goes_on && status == ENG_OK)
            status = ENG_AGAIN; /* an event is yet to be counted; the others have nothing to do */
        if (!loud || !begun)
            continue;
        bool in_work = eng_engine_work(world->engine).kind != ENG_WORK_NONE;
        if (in_work && chance_percent(world->chance, 25))
            commit(world, index);
        if (chance_percent(world->chance, 6))
            return CRASHED;
    }
    eng_assert(status == ENG_OK || status == ENG_NOT_FOUND);
    eng_engine_check(world->engine);
    return outcome;
}

static struct mark mark_of(const struct world *world, uint32_t step)
{
    struct mark mark = {.place = eng_engine_changes(world->engine).end,
                        .step = step,
                        .clock_ms = eng_engine_clock_ms(world->engine),
                        .model = eng_engine_model(world->engine)};
    mark.known_bytes = eng_engine_known_write(world->engine, mark.known);
    return mark;
}

/* Not every step is worth a mark: then the one before stands for it, too. */
static void mark(struct world *world, uint32_t step)
{
    world->here = mark_of(world, step);
    if (world->mark_count == 0 || chance_percent(world->chance, 60))
        world->marks[world->mark_count++] = world->here;
}

/* ---- committing ---- */

static struct page *add_page(struct world *world)
{
    if (world->page_count == world->page_capacity) {
        world->page_capacity = world->page_capacity * 2 + 16;
        world->pages = realloc(world->pages, world->page_capacity * sizeof *world->pages);
        eng_assert(world->pages != NULL);
    }
    return &world->pages[world->page_count++];
}

static void write_page(struct world *world, uint32_t step, uint64_t sequence)
{
    struct page *page = add_page(world);
    struct eng_slice partner;
    size_t most = eng_engine_page_bytes(world->engine);
    const struct eng_model *model = eng_engine_model(world->engine);
    if (eng_engine_page_version(world->engine) != model->version)
        model = world->here.model; /* an urgent one that a change has not come to */
    *page = (struct page){.data = malloc(most),
                          .next = next_offset(world, step),
                          .sequence = sequence,
                          .model = model};
    eng_assert(page->data != NULL);
    enum eng_status status =
        eng_engine_page_take(world->engine, sequence, page->data, &page->bytes, &partner);
    eng_assert(status == ENG_OK && page->bytes <= most);
    memcpy(page->partner, partner.data, partner.length);
    page->partner_bytes = partner.length;
}

/* In the order of a log: who was erased since the last commit has no page any more. */
static void write_erasures(struct world *world, uint32_t step)
{
    for (uint32_t i = world->commit.step; i < step; i++) {
        struct eng_slice partner = world->history->steps[i].event.partner;
        if (!world->history->steps[i].erase)
            continue;
        struct page *page = add_page(world);
        *page = (struct page){.partner_bytes = partner.length};
        memcpy(page->partner, partner.data, partner.length);
    }
}

/* Commits up to before `step`, or into the middle of it, with the pages of some at the head of the
 * queue. */
static void commit(struct world *world, uint32_t step)
{
    uint64_t sequence = world->commit.sequence + 1;
    struct eng_changed queue = eng_engine_changes(world->engine);
    uint64_t most = queue.end - queue.first;
    write_erasures(world, step);
    if (!chance_percent(world->chance, 15))
        most = (uint64_t)chance_between(world->chance, 0, (int64_t)most);
    while (eng_engine_urgent_pages(world->engine) > 0)
        write_page(world, step, sequence);
    for (uint64_t i = 0; i < most && eng_engine_page_bytes(world->engine) > 0; i++)
        write_page(world, step, sequence);
    queue = eng_engine_changes(world->engine);
    struct eng_work work = eng_engine_work(world->engine);
    struct mark low = mark_of(world, step);
    if (work.kind != ENG_WORK_NONE)
        low = world->here;
    if (queue.first < queue.end) {
        while (world->first_mark + 1 < world->mark_count &&
               world->marks[world->first_mark + 1].place <= queue.first)
            world->first_mark++;
        low = world->marks[world->first_mark];
        eng_assert(low.place <= queue.first);
    }
    world->commit = (struct commit){.sequence = sequence,
                                    .step = step,
                                    .work = work,
                                    .told_bytes = world->told_bytes,
                                    .low = low,
                                    .page_count = world->page_count,
                                    .sum = eng_engine_page_sum(world->engine)};
    world->commit.shared_bytes = eng_engine_shared_write(world->engine, world->commit.shared);
    if (work.next.length > 0)
        memcpy(world->commit.next, work.next.data, work.next.length);
}

/* ---- restoring ---- */

/* Compaction has taken a page away: there is a younger one. */
static bool is_compacted(const struct world *world, uint32_t index)
{
    const struct page *page = &world->pages[index];
    if (chance_percent(world->chance, 50))
        return false;
    for (uint32_t i = index + 1; i < world->commit.page_count; i++)
        if (world->pages[i].partner_bytes == page->partner_bytes &&
            memcmp(world->pages[i].partner, page->partner, page->partner_bytes) == 0)
            return true;
    return false;
}

static bool load_pages(struct world *world)
{
    for (uint32_t i = 0; i < world->commit.page_count; i++) {
        const struct page *page = &world->pages[i];
        if (is_compacted(world, i))
            continue;
        struct eng_page given = {{page->partner, page->partner_bytes},
                                 page->data,
                                 page->bytes,
                                 page->next,
                                 page->sequence,
                                 page->model};
        struct eng_error err = {0};
        if (page->data == NULL) {
            (void)eng_engine_erase(world->engine, given.partner, UINT64_MAX, NULL);
            continue;
        }
        if (eng_engine_restore_page(world->engine, &given, &err) != ENG_OK) {
            fprintf(world->out, "restore: %s\n", err.text);
            return false;
        }
    }
    struct eng_page_sum sum = eng_engine_page_sum(world->engine), then = world->commit.sum;
    if (sum.count == then.count && sum.sum == then.sum)
        return true;
    fprintf(world->out, "restore: %" PRIu64 " pages, committed were %" PRIu64 ", or another sum\n",
            sum.count, then.count);
    return false;
}

/* To the middle of the step in work. */
static bool resume(struct world *world)
{
    struct eng_work work = world->commit.work;
    struct eng_error err = {0};
    enum eng_status status = ENG_AGAIN;
    work.next.data = world->commit.next;
    while (status == ENG_AGAIN)
        status = eng_engine_resume(world->engine, &work, &err);
    if (status == ENG_OK)
        return true;
    fprintf(world->out, "resume: %s\n", err.text);
    return false;
}

static void share(struct world *world)
{
    enum eng_status status =
        eng_engine_shared_read(world->engine, world->commit.shared, world->commit.shared_bytes);
    eng_assert(status == ENG_OK);
}

/* The process is gone; another one begins where the last commit was. */
static bool restore(struct world *world)
{
    const struct commit *commit = &world->commit;
    eng_engine_free(world->engine);
    world->engine = new_engine(world, commit->low.model);
    while (world->page_count > commit->page_count)
        free(world->pages[--world->page_count].data);
    world->told_bytes = commit->told_bytes;
    world->first_mark = world->mark_count = 0;
    enum eng_status status = eng_engine_restore_begin(world->engine);
    eng_assert(status == ENG_OK);
    if (!load_pages(world))
        return false;
    status = eng_engine_known_read(world->engine, commit->low.known, commit->low.known_bytes);
    eng_assert(status == ENG_OK);
    status = eng_engine_restore_catch_up(world->engine, commit->low.clock_ms, NULL);
    eng_assert(status == ENG_OK);
    world->marks[world->mark_count] = commit->low;
    world->marks[world->mark_count++].place = 0;
    for (uint32_t step = commit->low.step; step < commit->step; step++) {
        mark(world, step);
        (void)apply(world, step, false);
    }
    mark(world, commit->step);
    bool model = commit->work.kind == ENG_WORK_MODEL;
    if (!model)
        share(world);
    if (commit->work.kind != ENG_WORK_NONE && !resume(world))
        return false;
    if (model)
        share(world);
    eng_engine_restore_end(world->engine);
    eng_engine_check(world->engine);
    return true;
}

/* ---- comparing ---- */

/* The first effect that is another one. */
static void show_difference(const struct world *world, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        const struct eng_effect *want = (const void *)(world->want->told + at);
        const struct eng_effect *got = (const void *)(world->told + at);
        if (want->bytes != got->bytes || memcmp(want, got, want->bytes) != 0) {
            effect_print(eng_engine_model(world->engine), want, world->out);
            effect_print(eng_engine_model(world->engine), got, world->out);
            return;
        }
        at += want->bytes;
    }
}

static bool same_told(const struct world *world, uint32_t step)
{
    size_t bytes = world->want->told_before[step];
    if (world->told_bytes == bytes &&
        (bytes == 0 || memcmp(world->told, world->want->told, bytes) == 0))
        return true;
    fprintf(world->out, "restored: something else is told before step %u (%zu bytes, wanted %zu)\n",
            step, world->told_bytes, bytes);
    show_difference(world, bytes < world->told_bytes ? bytes : world->told_bytes);
    return false;
}

/* Are the texts of facts the same, wherever each engine has them? They are taken out. */
static bool same_texts(struct eng_view *want, struct eng_view *got)
{
    bool same = want->fact_count == got->fact_count;
    for (unsigned i = 0; same && i < want->fact_count; i++) {
        struct eng_slice *a = &want->facts[i].text, *b = &got->facts[i].text;
        same = a->length == b->length && (a->data == NULL) == (b->data == NULL) &&
               (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
        a->data = b->data = NULL;
    }
    same &= want->held_count == got->held_count;
    for (unsigned i = 0; same && i < want->held_count; i++) {
        struct eng_view_held *a = &want->held[i], *b = &got->held[i];
        same = a->action.length == b->action.length && a->id.length == b->id.length &&
               memcmp(a->action.data, b->action.data, a->action.length) == 0;
        a->check.data = a->action.data = a->id.data = NULL;
        b->check.data = b->action.data = b->id.data = NULL;
    }
    return same;
}

static bool same_views(const struct world *world)
{
    static struct eng_view want, got;
    for (uint32_t i = 0; i < world->history->count; i++) {
        const struct eng_event *event = &world->history->steps[i].event;
        if (!step_is_event(&world->history->steps[i]) || event->verdict != ENG_VERDICT_GOOD)
            continue;
        memset(&want, 0, sizeof want);
        memset(&got, 0, sizeof got);
        enum eng_status a = eng_engine_view(world->want->engine, event->partner, &want);
        enum eng_status b = eng_engine_view(world->engine, event->partner, &got);
        if (a == b && same_texts(&want, &got) && memcmp(&want, &got, sizeof want) == 0)
            continue;
        fprintf(world->out, "restored: another view of %.*s\n", (int)event->partner.length,
                event->partner.data);
        return false;
    }
    return true;
}

/* What is forecast now comes true, as if nothing had ever been restored. */
static bool same_forecast(const struct world *world, uint32_t step)
{
    struct standpoint here = {world->engine, world->models, world->history,
                              world->want,   step,          world->told_bytes};
    return !chance_percent(world->chance, 20) ||
           foretold_is_known(&here, world->chance, world->out);
}

/* Steps up to a crash or the end, with commits. *step moves on. */
static bool run_until_crash(struct world *world, uint32_t *step, uint32_t crash_at)
{
    for (; *step < crash_at; (*step)++) {
        if (world->mark_count == 0 || world->here.step < *step)
            mark(world, *step);
        uint8_t outcome = apply(world, *step, true);
        if (outcome == CRASHED)
            return true;
        if (outcome != world->want->outcomes[*step]) {
            fprintf(world->out, "restored: step %u is %u, wanted %u\n", *step, outcome,
                    world->want->outcomes[*step]);
            return false;
        }
        if (!same_told(world, *step + 1) || !same_forecast(world, *step + 1))
            return false;
        if (chance_percent(world->chance, 25))
            commit(world, *step + 1);
    }
    return true;
}

static void clean_up(struct world *world)
{
    eng_engine_free(world->engine);
    for (uint32_t i = 0; i < world->page_count; i++)
        free(world->pages[i].data);
    free(world->pages);
    free(world->marks);
    free(world->told);
    free(world->buffer.data);
}

bool restored_is_same(const struct eng_model *const *models, const struct history *history,
                      const struct uninterrupted *want, struct chance *chance, FILE *out)
{
    struct world world = {
        .models = models, .history = history, .want = want, .chance = chance, .out = out};
    int64_t lives = chance_between(chance, 1, 4);
    world.engine = new_engine(&world, models[0]);
    world.buffer.capacity = eng_engine_effects_bytes_min(world.engine);
    for (uint32_t i = 0; i < history->count; i++) {
        size_t bytes = eng_model_effects_bytes_min(models[history->steps[i].model]);
        world.buffer.capacity = bytes > world.buffer.capacity ? bytes : world.buffer.capacity;
    }
    world.buffer.data = malloc(world.buffer.capacity);
    world.marks = malloc((2u * history->count + 2u) * sizeof *world.marks);
    eng_assert(world.buffer.data != NULL && world.marks != NULL);
    commit(&world, 0);
    bool same = true;
    uint32_t step = 0;
    while (same && (step < history->count || lives > 0)) {
        uint32_t crash_at = history->count;
        if (lives-- > 0)
            crash_at = (uint32_t)chance_between(chance, step, history->count);
        same = run_until_crash(&world, &step, crash_at);
        if (!same || (lives < 0 && step == history->count))
            break;
        same = restore(&world);
        step = world.commit.step;
    }
    same = same && same_views(&world);
    clean_up(&world);
    return same;
}
