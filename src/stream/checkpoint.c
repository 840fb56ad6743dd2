/* Marks, pages and low water of a task. See checkpoint.h. */
#include "stream/checkpoint.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include <string.h>

/* Marks nearer than this to the one before are not worth their memory; but then a small target has
 * to be kept as well. */
enum { NEAR_OFFSETS = 1024, NEAR_US = 1000000, NEAR_SHARE = 8 };

void eng_checkpoint_done(struct eng_checkpoint *checkpoint)
{
    eng_assert(checkpoint != NULL);
    eng_assert(checkpoint->first <= checkpoint->count);
    eng_free(checkpoint->marks);
    *checkpoint = (struct eng_checkpoint){0};
}

/* Room for one more: what no longer counts goes, else the list grows. */
static enum eng_status reserve(struct eng_checkpoint *checkpoint)
{
    eng_assert(checkpoint->count <= checkpoint->capacity);
    eng_assert(checkpoint->first <= checkpoint->count);
    if (checkpoint->count < checkpoint->capacity)
        return ENG_OK;
    if (checkpoint->first > checkpoint->count / 2) {
        checkpoint->count -= checkpoint->first;
        memmove(checkpoint->marks, checkpoint->marks + checkpoint->first,
                checkpoint->count * sizeof *checkpoint->marks);
        checkpoint->first = 0;
        return ENG_OK;
    }
    void *marks = eng_grow(checkpoint->marks, &checkpoint->capacity, sizeof *checkpoint->marks);
    if (marks == NULL)
        return ENG_NO_MEMORY;
    checkpoint->marks = marks;
    return ENG_OK;
}

enum eng_status eng_checkpoint_begin(struct eng_checkpoint *checkpoint,
                                     const struct eng_low_water *at, int64_t records,
                                     int64_t now_us)
{
    eng_assert(checkpoint->count == 0);
    eng_assert(at->next >= 0 && records > 0);
    int64_t share = records / NEAR_SHARE;
    checkpoint->near_offsets = share < NEAR_OFFSETS ? share : NEAR_OFFSETS;
    if (reserve(checkpoint) != ENG_OK)
        return ENG_NO_MEMORY;
    checkpoint->marks[checkpoint->count++] = (struct eng_mark){0, *at, now_us};
    return ENG_OK;
}

enum eng_status eng_checkpoint_mark(struct eng_checkpoint *checkpoint, struct eng_engine *engine,
                                    const struct eng_low_water *at, int64_t now_us)
{
    struct eng_mark mark = {eng_engine_changes(engine).end, *at, now_us};
    eng_assert(at->next >= 0);
    if (checkpoint->first < checkpoint->count) {
        struct eng_mark *last = &checkpoint->marks[checkpoint->count - 1];
        eng_assert(last->place <= mark.place && last->at.next <= at->next);
        if (last->place == mark.place) { /* nothing has changed since */
            *last = mark;
            return ENG_OK;
        }
        if (at->next - last->at.next < checkpoint->near_offsets && now_us - last->made_us < NEAR_US)
            return ENG_OK;
    }
    if (reserve(checkpoint) != ENG_OK)
        return ENG_NO_MEMORY;
    checkpoint->marks[checkpoint->count++] = mark;
    return ENG_OK;
}

void eng_checkpoint_shift(struct eng_checkpoint *checkpoint, uint64_t more)
{
    eng_assert(checkpoint != NULL);
    eng_assert(checkpoint->first <= checkpoint->count);
    for (uint32_t i = checkpoint->first; i < checkpoint->count; i++)
        checkpoint->marks[i].at.read += more;
}

uint64_t eng_checkpoint_due(const struct eng_checkpoint *checkpoint, struct eng_engine *engine,
                            const struct eng_recovery *recovery, int64_t next, int64_t now_us)
{
    struct eng_changed queue = eng_engine_changes(engine);
    eng_assert(next >= 0);
    eng_assert(recovery->ms > 0);
    for (uint32_t i = checkpoint->first; i < checkpoint->count; i++) {
        const struct eng_mark *mark = &checkpoint->marks[i];
        if ((uint64_t)(next - mark->at.next) <= recovery->records &&
            now_us - mark->made_us <= recovery->ms * 1000)
            return mark->place > queue.first ? mark->place : queue.first;
    }
    return queue.end;
}

enum eng_status eng_checkpoint_write(struct eng_checkpoint *checkpoint,
                                     const struct eng_page_run *run, uint64_t place,
                                     size_t bytes_max)
{
    enum eng_status status = ENG_OK;
    size_t begin = eng_txn_bytes(run->txn);
    eng_assert(place <= eng_engine_changes(run->engine).end);
    eng_assert(run->head.sequence > 0);
    while (status == ENG_OK && eng_engine_urgent_pages(run->engine) > 0) {
        status = eng_sink_page(run);
        checkpoint->written += status == ENG_OK;
    }
    while (status == ENG_OK && eng_engine_changes(run->engine).first < place &&
           eng_engine_page_bytes(run->engine) > 0 && eng_txn_bytes(run->txn) - begin < bytes_max) {
        status = eng_sink_page(run);
        checkpoint->written += status == ENG_OK;
    }
    return status;
}

struct eng_low_water eng_checkpoint_low(struct eng_checkpoint *checkpoint,
                                        struct eng_engine *engine, const struct eng_low_water *now)
{
    struct eng_changed queue = eng_engine_changes(engine);
    eng_assert(now->next >= 0);
    if (queue.first == queue.end || !ENG_RULE(LOW_WATER)) {
        checkpoint->first = checkpoint->count = 0;
        return *now;
    }
    while (checkpoint->first + 1 < checkpoint->count &&
           checkpoint->marks[checkpoint->first + 1].place <= queue.first)
        checkpoint->first++;
    eng_assert(checkpoint->first < checkpoint->count);
    const struct eng_mark *oldest = &checkpoint->marks[checkpoint->first];
    eng_assert(oldest->place <= queue.first && oldest->at.next <= now->next);
    return oldest->at;
}
