/* Measures: what the files that count (count.c), let go (expire.c) and read (measure.c) share.
 *
 * Totals are kept running: an event adds to the totals of its measures, and when a pane leaves a
 * window what its cells say is taken off again; when it enters one that lies back, it is added. So
 * reading a value costs nothing, and work at a boundary is proportional to what expires. The
 * places:
 *
 *     COUNT, ACTIVE, SUM   totals (number of events, or of active panes), cells per pane and action
 *     SUM                  a 128-bit sum in the fixed part, sums per pane and action
 *     MEMBERS              the newest pane of each member; the total is the length of the list
 *     LAST                 the newest value by event time: when it leaves, all older ones have left
 *     STREAK               runs of active panes; those that a late event can no longer reach go
 *     STATE                the newest of the two kinds of event
 *     SINCE                the newest pane
 *     FACT                 the newest event that has a say: fact.h
 *
 * Invariant (eng_measure_check): totals, sums and cells hold exactly what is inside the windows at
 * the pane that the record is true of (`as_of`). That pane lags behind the clock's while nothing
 * that has left could be told (slack.h); whoever takes the partner into the hand to change it or to
 * look at it catches it up first. */
#ifndef ENG_ENGINE_MEASURE_H
#define ENG_ENGINE_MEASURE_H

#include "base/assert.h"
#include "engine/cells.h"
#include "engine/internal.h"

/* ---- windows ---- */

static inline bool is_calendar(enum eng_window_kind window)
{
    return window >= ENG_WINDOW_WEEK && window <= ENG_WINDOW_YEAR;
}

/* True when a pane (not newer than the clock's) lies in the measure's window. */
static inline bool in_window(const struct eng_moment *now, const struct eng_measure *measure,
                             int32_t pane)
{
    if (measure->window == ENG_WINDOW_ROLLING) {
        int64_t age = (int64_t)now->pane - pane;
        return age >= measure->ago && age < eng_measure_reach(measure);
    }
    if (is_calendar(measure->window))
        return pane >= now->period_first[measure->window - ENG_WINDOW_WEEK];
    return true;
}

/* The boundary at which a pane leaves the window that it is in. */
static inline int32_t leaves_at(const struct eng_moment *now, const struct eng_measure *measure,
                                int32_t pane)
{
    if (measure->window == ENG_WINDOW_ROLLING)
        return pane + (int32_t)eng_measure_reach(measure);
    if (is_calendar(measure->window))
        return now->period_next[measure->window - ENG_WINDOW_WEEK];
    return ENG_PANE_NEVER;
}

static inline int32_t earlier(int32_t one, int32_t two)
{
    return one < two ? one : two;
}

static inline bool counts_cell(const struct eng_measure_layout *place, uint32_t cell)
{
    return (place->cells[cell >> 6] >> (cell & 63)) & 1;
}

/* True when there is a cell of the measure in the pane of this age. */
static inline bool active_at(const struct eng_cells *cells, const struct eng_measure_layout *place,
                             uint32_t age)
{
    eng_assert(place->total != ENG_NO_INDEX);
    eng_assert(age <= cells->pane_mask);
    for (uint32_t i = eng_cells_first(cells, age); i < cells->count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        if (cell.age != age)
            return false;
        if (counts_cell(place, cell.action))
            return true;
    }
    return false;
}

/* ---- members ---- */

/* The place of a hash in the list of a MEMBERS measure, which is sorted by it; or where it belongs.
 */
static inline uint32_t member_at(const struct eng_list *members, uint64_t hash)
{
    uint32_t low = 0, high = members->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (eng_load_u64(members->data + (size_t)middle * ENG_MEMBER_BYTES) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    eng_assert(low <= members->count);
    return low;
}

/* How many events of a set of actions the partner in hand has in the panes from `first` on, before
 * `next`, as far back as cells are kept. */
uint64_t eng_measure_count_in(const struct eng_engine *engine, const struct eng_action_set *set,
                              int64_t first, int64_t next);

/* ---- panes since an event ---- */

/* True when a pane lies in the measure's window with the clock in `at`, which may lag behind. */
static inline bool in_window_at(const struct eng_engine *engine, const struct eng_measure *measure,
                                int32_t pane, int32_t at)
{
    if (measure->window == ENG_WINDOW_ROLLING)
        return (int64_t)at - pane < measure->panes;
    if (!is_calendar(measure->window) ||
        at >= engine->now.period_first[measure->window - ENG_WINDOW_WEEK])
        return in_window(&engine->now, measure, pane);
    return pane >= eng_calendar_period_first(engine->model->calendar, measure->window, at);
}

/* The newest pane of a SINCE measure; false: none lies in its window at the pane that the record is
 * true of. */
static inline bool since_newest(const struct eng_engine *engine, const struct eng_record *record,
                                unsigned index, int32_t *ret_pane)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const uint8_t *place = eng_record_fixed(record, engine->layout->measures[index].offset);
    int32_t stored = eng_load_i32(place), pane = stored - 2;
    eng_assert(measure->kind == ENG_SINCE);
    *ret_pane = pane;
    if (stored == 0)
        return false;
    eng_assert(pane <= record->partner->as_of);
    return in_window_at(engine, measure, pane, record->partner->as_of);
}

/* ---- numbers of an event ---- */

/* What a measure, a fact or an award is of: the value (0) or 1 + a number of the model;
 * ENG_VALUE_NONE: it has none. */
static inline int64_t eng_event_number(const struct eng_engine *engine,
                                       const struct eng_event *event, unsigned number)
{
    if (__builtin_expect(number == 0, 1))
        return event->value_e4;
    eng_assert(number <= engine->model->number_count);
    uint8_t slot = engine->number_slots[number - 1];
    eng_assert(slot == ENG_NO_SLOT || slot < ENG_NUMBERS_MAX);
    return event->numbers != NULL && slot != ENG_NO_SLOT ? event->numbers[slot] : ENG_VALUE_NONE;
}

/* ---- 128-bit sums ---- */

static inline eng_wide load_sum(const uint8_t *from)
{
    eng_wide sum;
    memcpy(&sum, from, sizeof sum);
    return sum;
}

static inline void store_sum(uint8_t *to, eng_wide sum)
{
    memcpy(to, &sum, sizeof sum);
}

/* An element of the list of sums: 80 bits, enough for 1e9 values of 1e15. What is summed is part of
 * its key, behind the pane and before the cell: 0 is the value, so that of a model without other
 * numbers the key is the cell. */
struct pane_sum {
    int32_t pane;
    uint8_t cell, number;
    eng_wide sum;
};

_Static_assert(ENG_ACTIONS_MAX <= UINT8_MAX, "a cell fits beside a number");

static inline uint32_t pane_sum_key(struct pane_sum element)
{
    return (uint32_t)element.number << 8 | element.cell;
}

static inline struct pane_sum load_pane_sum(const uint8_t *from)
{
    int16_t high = (int16_t)eng_load_u16(from + 6);
    uint16_t key = eng_load_u16(from + 4);
    return (struct pane_sum){eng_load_i32(from), (uint8_t)key, (uint8_t)(key >> 8),
                             (eng_wide)high * ((eng_wide)1 << 64) + eng_load_u64(from + 8)};
}

static inline void store_pane_sum(uint8_t *to, struct pane_sum element)
{
    int16_t high = (int16_t)(element.sum >> 64);
    eng_store_i32(to, element.pane);
    uint16_t key = (uint16_t)pane_sum_key(element);
    memcpy(to + 4, &key, sizeof key);
    memcpy(to + 6, &high, 2);
    eng_store_u64(to + 8, (uint64_t)element.sum);
}

/* ---- streaks ---- */

static inline int32_t run_first(const struct eng_list *runs, uint32_t index)
{
    return eng_load_i32(runs->data + (size_t)index * ENG_RUN_BYTES);
}

static inline int32_t run_last(const struct eng_list *runs, uint32_t index)
{
    return eng_load_i32(runs->data + (size_t)index * ENG_RUN_BYTES + 4);
}

static inline void run_set(const struct eng_list *runs, uint32_t index, int32_t first, int32_t last)
{
    eng_assert(index < runs->count);
    eng_assert(first <= last);
    eng_store_i32(runs->data + (size_t)index * ENG_RUN_BYTES, first);
    eng_store_i32(runs->data + (size_t)index * ENG_RUN_BYTES + 4, last);
}

static inline int64_t streak_length(const struct eng_moment *now, const struct eng_list *runs)
{
    if (runs->count == 0 || run_last(runs, runs->count - 1) < now->pane - 1)
        return 0;
    return (int64_t)run_last(runs, runs->count - 1) - run_first(runs, runs->count - 1) + 1;
}

/* Drops runs of a streak that no event can touch any more: they end before the oldest pane that is
 * not late, and not right before it. The newest run stays. */
void eng_measure_drop_runs(struct eng_engine *engine, unsigned measure);

/* When something of one measure that is not a rolling count leaves; ENG_PANE_NEVER: never. */
int32_t eng_measure_timed_due(const struct eng_engine *engine, const struct eng_record *record,
                              unsigned measure);

#endif
