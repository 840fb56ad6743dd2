/* Measures: counting an event into a partner's record, letting panes leave it, and reading values.
 *
 * Totals are kept running: an event adds to the totals of its measures, and at the boundary at
 * which a pane leaves a window what its cells say is taken off again. So reading a value costs
 * nothing, and work at a boundary is proportional to what expires. The places:
 *
 *     COUNT, ACTIVE, SUM   totals (number of events, or of active panes), cells per pane and action
 *     SUM                  a 128-bit sum in the fixed part, sums per pane and action
 *     MEMBERS              the newest pane of each member; the total is the length of the list
 *     LAST                 the newest value by event time: when it leaves, all older ones have left
 *     STREAK               runs of active panes; those that a late event can no longer reach are
 * dropped STATE                the newest of the two kinds of event
 *
 * Invariant (eng_measure_check): at every moment totals, sums and lists hold exactly what is inside
 * the windows at the clock. It is kept because a partner is visited at every boundary at which
 * something leaves (eng_measure_due). */
#include "base/assert.h"
#include "engine/cells.h"
#include "engine/internal.h"
#include "engine/seen.h"

/* ---- windows ---- */

static bool is_calendar(enum eng_window_kind window)
{
    return window == ENG_WINDOW_WEEK || window == ENG_WINDOW_MONTH || window == ENG_WINDOW_QUARTER;
}

/* True when a pane (not newer than the clock's) lies in the measure's window. */
static bool in_window(const struct eng_moment *now, const struct eng_measure *measure, int32_t pane)
{
    if (measure->window == ENG_WINDOW_ROLLING)
        return (int64_t)now->pane - pane < measure->panes;
    if (is_calendar(measure->window))
        return pane >= now->period_first[measure->window - ENG_WINDOW_WEEK];
    return true;
}

/* The boundary at which a pane leaves the window that it is in. */
static int32_t leaves_at(const struct eng_moment *now, const struct eng_measure *measure,
                         int32_t pane)
{
    if (measure->window == ENG_WINDOW_ROLLING)
        return pane + (int32_t)measure->panes;
    if (is_calendar(measure->window))
        return now->period_next[measure->window - ENG_WINDOW_WEEK];
    return ENG_PANE_NEVER;
}

static int32_t earlier(int32_t one, int32_t two)
{
    return one < two ? one : two;
}

static bool counts_cell(const struct eng_measure_layout *place, uint32_t cell)
{
    return (place->cells[cell >> 6] >> (cell & 63)) & 1;
}

/* True when there is a cell of the measure in the pane of this age. */
static bool active_at(const struct eng_cells *cells, const struct eng_measure_layout *place,
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

/* ---- 128-bit sums ---- */

static eng_wide load_sum(const uint8_t *from)
{
    eng_wide sum;
    memcpy(&sum, from, sizeof sum);
    return sum;
}

static void store_sum(uint8_t *to, eng_wide sum)
{
    memcpy(to, &sum, sizeof sum);
}

/* An element of the list of sums: 80 bits, enough for 1e9 values of 1e15. */
struct pane_sum {
    int32_t pane;
    uint16_t cell;
    eng_wide sum;
};

static struct pane_sum load_pane_sum(const uint8_t *from)
{
    int16_t high = (int16_t)eng_load_u16(from + 6);
    return (struct pane_sum){eng_load_i32(from), eng_load_u16(from + 4),
                             (eng_wide)high * ((eng_wide)1 << 64) + eng_load_u64(from + 8)};
}

static void store_pane_sum(uint8_t *to, struct pane_sum element)
{
    int16_t high = (int16_t)(element.sum >> 64);
    eng_store_i32(to, element.pane);
    memcpy(to + 4, &element.cell, 2);
    memcpy(to + 6, &high, 2);
    eng_store_u64(to + 8, (uint64_t)element.sum);
}

/* Adds a value to the sum of a pane and action; elements are sorted by pane, then cell. */
static void add_pane_sum(struct eng_engine *engine, int32_t pane, uint32_t cell, int64_t value_e4)
{
    unsigned list = engine->layout->list_sums;
    struct eng_list view = eng_record_list(&engine->hand, list);
    uint32_t index = view.count;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(pane <= engine->now.pane);
    for (; index > 0; index--) {
        uint8_t *at = view.data + (size_t)(index - 1) * ENG_SUM_BYTES;
        struct pane_sum element = load_pane_sum(at);
        if (element.pane == pane && element.cell == cell) {
            element.sum += value_e4;
            store_pane_sum(at, element);
            return;
        }
        if (element.pane < pane || (element.pane == pane && element.cell < cell))
            break;
    }
    store_pane_sum(eng_record_insert(&engine->store, &engine->hand, list, index),
                   (struct pane_sum){pane, (uint16_t)cell, value_e4});
}

/* ---- counting ---- */

static void add_total(struct eng_engine *engine, unsigned measure)
{
    unsigned total = engine->layout->measures[measure].total;
    uint64_t before = eng_record_total(&engine->hand, total);
    eng_assert(total < engine->layout->total_count);
    eng_assert(before < UINT64_MAX);
    unsigned code = engine->hand.partner->total_code;
    if (code < 3 && (before + 1) >> (8u << code) != 0)
        eng_record_widen_totals(&engine->store, &engine->hand);
    eng_record_total_set(&engine->hand, total, before + 1);
    eng_total_changed(engine, measure, before, before + 1);
}

/* SUM: the number of its events is its total; the sum stands apart. */
static void add_sum(struct eng_engine *engine, unsigned measure, int64_t value_e4)
{
    uint8_t *sum = eng_record_fixed(&engine->hand, engine->layout->measures[measure].offset);
    eng_assert(engine->model->measures[measure].kind == ENG_SUM);
    if (value_e4 != ENG_VALUE_NONE)
        store_sum(sum, load_sum(sum) + value_e4);
}

/* MEMBERS: the list is sorted by hash, so a company with many people costs no more than a search.
 */
static void count_member(struct eng_engine *engine, unsigned index, struct eng_slice member,
                         int32_t pane)
{
    unsigned list = engine->layout->measures[index].list;
    struct eng_list view = eng_record_list(&engine->hand, list);
    uint64_t hash = eng_hash(member.data, member.length);
    uint32_t low = 0, high = view.count;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(member.data != NULL);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (eng_load_u64(view.data + (size_t)middle * ENG_MEMBER_BYTES) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    uint8_t *at = view.data + (size_t)low * ENG_MEMBER_BYTES;
    if (low == view.count || eng_load_u64(at) != hash) {
        at = eng_record_insert(&engine->store, &engine->hand, list, low);
        eng_store_u64(at, hash);
        eng_store_i32(at + 8, pane);
    } else if (eng_load_i32(at + 8) < pane) {
        eng_store_i32(at + 8, pane);
    }
}

/* LAST: of two with the same time the later arrival is newer. */
static void count_last(struct eng_engine *engine, unsigned index, const struct eng_event *event,
                       int32_t pane)
{
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->measures[index].offset);
    eng_assert(event->value_e4 != ENG_VALUE_NONE);
    eng_assert(pane <= engine->now.pane);
    /* Times are stored plus one, so that a zeroed record means never. */
    if (event->time_ms + 1 < eng_load_i64(place))
        return;
    eng_store_i64(place, event->time_ms + 1);
    eng_store_i64(place + 8, event->value_e4);
    eng_store_i32(place + 16, pane);
}

/* STATE: `until` wins when an action is in both lists. */
static void count_state(struct eng_engine *engine, unsigned index, const struct eng_event *event,
                        uint16_t action)
{
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->measures[index].offset);
    eng_assert(engine->model->measures[index].kind == ENG_STATE);
    eng_assert(event->time_ms >= 0);
    if (event->time_ms + 1 < eng_load_i64(place))
        return;
    eng_store_i64(place, event->time_ms + 1);
    place[8] = !eng_action_set_has(&engine->model->measures[index].until, action);
}

/* ---- streaks ---- */

static int32_t run_first(const struct eng_list *runs, uint32_t index)
{
    return eng_load_i32(runs->data + (size_t)index * ENG_RUN_BYTES);
}

static int32_t run_last(const struct eng_list *runs, uint32_t index)
{
    return eng_load_i32(runs->data + (size_t)index * ENG_RUN_BYTES + 4);
}

static void run_set(const struct eng_list *runs, uint32_t index, int32_t first, int32_t last)
{
    eng_assert(index < runs->count);
    eng_assert(first <= last);
    eng_store_i32(runs->data + (size_t)index * ENG_RUN_BYTES, first);
    eng_store_i32(runs->data + (size_t)index * ENG_RUN_BYTES + 4, last);
}

/* Adds a pane to the runs: inside one, next to one or two, or a new one. */
static void count_streak(struct eng_engine *engine, unsigned index, int32_t pane)
{
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs = eng_record_list(&engine->hand, list);
    uint32_t at = runs.count; /* the first run that begins after the pane */
    eng_assert(engine->model->measures[index].kind == ENG_STREAK);
    eng_assert(list != ENG_NO_INDEX);
    while (at > 0 && run_first(&runs, at - 1) > pane)
        at--;
    if (at > 0 && run_last(&runs, at - 1) >= pane)
        return;
    bool before = at > 0 && run_last(&runs, at - 1) == pane - 1;
    bool after = at < runs.count && run_first(&runs, at) == pane + 1;
    if (before && after) {
        run_set(&runs, at - 1, run_first(&runs, at - 1), run_last(&runs, at));
        eng_record_erase(&engine->hand, list, at, 1);
    } else if (before) {
        run_set(&runs, at - 1, run_first(&runs, at - 1), pane);
    } else if (after) {
        run_set(&runs, at, pane, run_last(&runs, at));
    } else {
        uint8_t *gap = eng_record_insert(&engine->store, &engine->hand, list, at);
        eng_store_i32(gap, pane);
        eng_store_i32(gap + 4, pane);
    }
}

/* Drops runs that no event can touch any more: they end before the oldest pane that is not late,
 * and not right before it. The newest run stays. */
static void drop_runs(struct eng_engine *engine, unsigned index)
{
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs = eng_record_list(&engine->hand, list);
    int64_t oldest = (int64_t)engine->now.pane - engine->model->late_after;
    uint32_t dropped = 0;
    eng_assert(engine->model->measures[index].kind == ENG_STREAK);
    eng_assert(list != ENG_NO_INDEX);
    while (dropped + 1 < runs.count && run_last(&runs, dropped) < oldest)
        dropped++;
    eng_record_erase(&engine->hand, list, 0, dropped);
}

static int64_t streak_length(const struct eng_moment *now, const struct eng_list *runs)
{
    if (runs->count == 0 || run_last(runs, runs->count - 1) < now->pane - 1)
        return 0;
    return (int64_t)run_last(runs, runs->count - 1) - run_first(runs, runs->count - 1) + 1;
}

/* ---- one event ---- */

/* Measures that keep no cells. Returns the boundary at which the event's trace leaves. */
static int32_t count_without_cells(struct eng_engine *engine, unsigned index,
                                   const struct eng_event *event, int32_t pane)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(engine->layout->measures[index].total == ENG_NO_INDEX);
    eng_assert(pane <= engine->now.pane);
    eng_measure_changed(engine, index);
    if (measure->kind == ENG_STREAK) {
        count_streak(engine, index, pane);
        drop_runs(engine, index);
        return pane + 2;
    }
    if (!in_window(&engine->now, measure, pane))
        return ENG_PANE_NEVER;
    if (measure->kind == ENG_MEMBERS && event->member.data != NULL)
        count_member(engine, index, event->member, pane);
    else if (measure->kind == ENG_LAST && event->value_e4 != ENG_VALUE_NONE)
        count_last(engine, index, event, pane);
    else
        return ENG_PANE_NEVER;
    return leaves_at(&engine->now, measure, pane);
}

/* COUNT, SUM, ACTIVE: the totals, before the cell itself is added. */
static int32_t count_with_cells(struct eng_engine *engine, unsigned index,
                                const struct eng_event *event, int32_t pane)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(engine->layout->measures[index].total != ENG_NO_INDEX);
    eng_assert(pane <= engine->now.pane);
    if (!in_window(&engine->now, measure, pane))
        return ENG_PANE_NEVER;
    if (measure->kind == ENG_ACTIVE) {
        struct eng_cells cells = eng_cells_of(&engine->hand, engine->now.pane);
        if (active_at(&cells, &engine->layout->measures[index],
                      (uint32_t)(engine->now.pane - pane)))
            return ENG_PANE_NEVER; /* the first event of the pane has seen to all of it */
    } else if (measure->kind == ENG_SUM) {
        add_sum(engine, index, event->value_e4);
    }
    add_total(engine, index);
    return leaves_at(&engine->now, measure, pane);
}

/* Adds the event to its cell and to the sums; both are gone when the pane reaches the retention. */
static int32_t count_cell(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                          int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    uint32_t cell = layout->cell_of_action[action];
    eng_assert(pane <= engine->now.pane);
    if (cell == ENG_NO_INDEX || (int64_t)engine->now.pane - pane >= layout->retention[cell])
        return ENG_PANE_NEVER;
    eng_assert(cell < layout->cell_count);
    eng_cells_add(&engine->store, &engine->hand, engine->now.pane, pane, cell);
    if (layout->list_sums != ENG_NO_INDEX && event->value_e4 != ENG_VALUE_NONE &&
        event->value_e4 != 0)
        add_pane_sum(engine, pane, cell, event->value_e4);
    return pane + (int32_t)layout->retention[cell];
}

/* The silence alerts whose list holds the action. */
static int32_t count_silences(struct eng_engine *engine, const struct eng_event *event,
                              uint16_t action, int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    uint32_t end = layout->action_silences_first[action + 1];
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane);
    for (uint32_t i = layout->action_silences_first[action]; i < end; i++) {
        unsigned alert = layout->action_silences[i];
        if (!eng_alert_silence_count(engine, &engine->hand, alert, pane, event->time_ms))
            continue; /* nothing newer: due when it was */
        engine->scratch.resumed |= 1u << alert;
        due = earlier(due, eng_alert_silence_due(engine, &engine->hand, alert, ENG_DUE_BOUND));
    }
    return due;
}

int32_t eng_measure_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                          int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane);
    uint32_t end = layout->action_measures_first[action + 1];
    for (uint32_t i = layout->action_measures_first[action]; i < end; i++) {
        unsigned index = layout->action_measures[i];
        if (layout->measures[index].total != ENG_NO_INDEX) {
            due = earlier(due, count_with_cells(engine, index, event, pane));
        } else if (engine->model->measures[index].kind == ENG_STATE) {
            count_state(engine, index, event, action);
            eng_measure_changed(engine, index);
        } else {
            due = earlier(due, count_without_cells(engine, index, event, pane));
        }
    }
    due = earlier(due, count_cell(engine, event, action, pane));
    due = earlier(due, count_silences(engine, event, action, pane));
    struct eng_partner *partner = engine->hand.partner;
    partner->first_pane = earlier(partner->first_pane, pane);
    return due <= engine->now.pane ? engine->now.pane + 1 : due;
}

/* ---- a boundary ---- */

/* Takes `leaving` off the total of a measure. */
static void take_off(struct eng_engine *engine, unsigned index, uint64_t leaving)
{
    unsigned total = engine->layout->measures[index].total;
    uint64_t before = eng_record_total(&engine->hand, total);
    eng_assert(leaving > 0);
    eng_assert(before >= leaving);
    eng_record_total_set(&engine->hand, total, before - leaving);
    eng_total_changed(engine, index, before, before - leaving);
}

/* COUNT and SUM: takes the cells that reach this age off the totals of the windows of that length.
 */
static void expire_counts(struct eng_engine *engine, const struct eng_cells *cells, uint32_t age)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(age > 0);
    eng_assert(age <= cells->pane_mask);
    for (uint32_t i = eng_cells_first(cells, age); i < cells->count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        if (cell.age != age)
            return;
        uint32_t end = layout->rolling_first[cell.action + 1];
        for (uint32_t j = layout->rolling_first[cell.action]; j < end; j++)
            if (engine->model->measures[layout->rolling[j]].panes == age)
                take_off(engine, layout->rolling[j], cell.count);
    }
}

/* Takes the sums of the pane that leaves off the SUM measures of its window. */
static void expire_sums(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums = eng_record_list(&engine->hand, layout->list_sums);
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    eng_assert(sums.element_bytes == ENG_SUM_BYTES);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        uint32_t end = layout->rolling_first[element.cell + 1];
        for (uint32_t j = layout->rolling_first[element.cell]; j < end; j++) {
            const struct eng_measure *measure = &engine->model->measures[layout->rolling[j]];
            if (measure->kind != ENG_SUM ||
                (int64_t)engine->now.pane - element.pane != measure->panes)
                continue;
            uint8_t *total =
                eng_record_fixed(&engine->hand, layout->measures[layout->rolling[j]].offset);
            store_sum(total, load_sum(total) - element.sum);
            eng_measure_changed(engine, layout->rolling[j]);
        }
    }
}

/* Drops sums that have reached their cell's retention. */
static void drop_sums(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums = eng_record_list(&engine->hand, layout->list_sums);
    uint32_t kept = 0;
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    eng_assert(sums.element_bytes == ENG_SUM_BYTES);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        if ((int64_t)engine->now.pane - element.pane >= layout->retention[element.cell])
            continue;
        store_pane_sum(sums.data + (size_t)kept++ * ENG_SUM_BYTES, element);
    }
    eng_record_erase(&engine->hand, layout->list_sums, kept, sums.count - kept);
}

/* Members whose newest pane has left the window. */
static void expire_members(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    unsigned list = engine->layout->measures[index].list;
    struct eng_list members = eng_record_list(&engine->hand, list);
    uint32_t kept = 0;
    eng_assert(measure->kind == ENG_MEMBERS);
    eng_assert(list != ENG_NO_INDEX);
    for (uint32_t i = 0; i < members.count; i++) {
        const uint8_t *member = members.data + (size_t)i * ENG_MEMBER_BYTES;
        if (!in_window(&engine->now, measure, eng_load_i32(member + 8)))
            continue;
        if (kept != i)
            memmove(members.data + (size_t)kept * ENG_MEMBER_BYTES, member, ENG_MEMBER_BYTES);
        kept++;
    }
    eng_record_erase(&engine->hand, list, kept, members.count - kept);
}

/* A calendar window that begins anew is empty. */
static void expire_calendar(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(is_calendar(measure->window));
    eng_assert(place->total != ENG_NO_INDEX);
    if (engine->now.period_first[measure->window - ENG_WINDOW_WEEK] != engine->now.pane)
        return;
    eng_record_total_set(&engine->hand, place->total, 0);
    if (measure->kind == ENG_SUM)
        store_sum(eng_record_fixed(&engine->hand, place->offset), 0);
}

static void expire_cells(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(&engine->hand, engine->now.pane);
    eng_assert(layout->list_cells != ENG_NO_INDEX);
    eng_assert(layout->age_count > 0);
    if (cells.count == 0 || eng_cells_age(&cells, 0) < layout->ages[0])
        return; /* nothing is old enough for any window */
    for (uint32_t i = 0; i < layout->age_count; i++)
        expire_counts(engine, &cells, layout->ages[i]);
    for (uint32_t i = 0; i < layout->active_count; i++)
        if (active_at(&cells, &layout->measures[layout->active[i]],
                      engine->model->measures[layout->active[i]].panes))
            take_off(engine, layout->active[i], 1);
    eng_cells_expire(&engine->hand, engine->now.pane);
    if (layout->list_sums != ENG_NO_INDEX) {
        expire_sums(engine);
        drop_sums(engine);
    }
}

void eng_measure_expire(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(engine->boundary.working);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    engine->scratch.stale |= layout->timed_scores;
    if (layout->list_cells != ENG_NO_INDEX)
        expire_cells(engine);
    for (uint32_t i = 0; i < layout->timed_count; i++) {
        unsigned index = layout->timed[i];
        if (layout->measures[index].total != ENG_NO_INDEX)
            expire_calendar(engine, index);
        else if (engine->model->measures[index].kind == ENG_MEMBERS)
            expire_members(engine, index);
        else if (engine->model->measures[index].kind == ENG_STREAK)
            drop_runs(engine, index);
    }
    if (layout->list_seen != ENG_NO_INDEX)
        eng_seen_expire(&engine->hand, engine->now.pane);
}

/* ---- what comes next ---- */

/* The next pane that reaches one of the ages. */
static int32_t cells_due(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    struct eng_cells cells = eng_cells_of(record, engine->now.pane);
    for (uint32_t i = 0; i < layout->age_count; i++) {
        uint32_t index = eng_cells_first(&cells, layout->ages[i] - 1);
        if (index == cells.count)
            continue;
        int32_t pane = engine->now.pane - (int32_t)eng_cells_age(&cells, index);
        due = earlier(due, pane + (int32_t)layout->ages[i]);
    }
    eng_assert(layout->age_count > 0);
    eng_assert(due > engine->now.pane);
    return due;
}

static int32_t members_due(const struct eng_engine *engine, const struct eng_measure *measure,
                           const struct eng_list *members)
{
    eng_assert(members->element_bytes == ENG_MEMBER_BYTES);
    int32_t due = ENG_PANE_NEVER;
    eng_assert(measure->kind == ENG_MEMBERS);
    for (uint32_t i = 0; i < members->count; i++)
        due =
            earlier(due, leaves_at(&engine->now, measure,
                                   eng_load_i32(members->data + (size_t)i * ENG_MEMBER_BYTES + 8)));
    return due;
}

/* When something of one measure leaves, rolling cells apart. */
static int32_t timed_due(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    const uint8_t *fixed = eng_record_fixed(record, place->offset);
    eng_assert(index < engine->model->measure_count);
    eng_assert(measure->kind != ENG_STATE);
    if (place->list != ENG_NO_INDEX) {
        struct eng_list list = eng_record_list(record, place->list);
        if (measure->kind == ENG_MEMBERS)
            return members_due(engine, measure, &list);
        return streak_length(&engine->now, &list) > 0 ? run_last(&list, list.count - 1) + 2
                                                      : ENG_PANE_NEVER;
    }
    if (measure->kind == ENG_LAST)
        return eng_load_i64(fixed) != 0 &&
                       in_window(&engine->now, measure, eng_load_i32(fixed + 16))
                   ? leaves_at(&engine->now, measure, eng_load_i32(fixed + 16))
                   : ENG_PANE_NEVER;
    return eng_record_total(record, place->total) > 0
               ? leaves_at(&engine->now, measure, engine->now.pane)
               : ENG_PANE_NEVER;
}

int32_t eng_measure_due(const struct eng_engine *engine)
{
    const struct eng_record *record = &engine->hand;
    int32_t due = ENG_PANE_NEVER;
    if (engine->layout->list_cells != ENG_NO_INDEX)
        due = cells_due(engine, record);
    for (uint32_t i = 0; i < engine->layout->timed_count; i++)
        due = earlier(due, timed_due(engine, record, engine->layout->timed[i]));
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (engine->model->alerts[i].kind == ENG_SILENCE)
            due = earlier(due, eng_alert_silence_due(engine, record, i, ENG_DUE_NEXT));
    eng_assert(record->number < engine->store.count);
    eng_assert(due > engine->now.pane);
    return due;
}

/* ---- reading ---- */

static eng_wide fixed_value(const struct eng_engine *engine, const struct eng_record *record,
                            unsigned index, bool *ret_missing)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const uint8_t *fixed = eng_record_fixed(record, engine->layout->measures[index].offset);
    bool never = eng_load_i64(fixed) == 0;
    eng_assert(measure->kind == ENG_LAST || measure->kind == ENG_STATE);
    eng_assert(ret_missing != NULL);
    if (measure->kind == ENG_STATE) {
        *ret_missing = never;
        return never ? 0 : (eng_wide)fixed[8] * 10000;
    }
    *ret_missing = never || !in_window(&engine->now, measure, eng_load_i32(fixed + 16));
    return *ret_missing ? 0 : eng_load_i64(fixed + 8);
}

eng_wide eng_measure_value(const struct eng_engine *engine, const struct eng_record *record,
                           unsigned index, bool *ret_missing)
{
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(index < engine->model->measure_count);
    eng_assert(ret_missing != NULL);
    if (place->total != ENG_NO_INDEX) {
        uint64_t total = eng_record_total(record, place->total);
        *ret_missing = total == 0;
        if (engine->model->measures[index].kind == ENG_SUM)
            return load_sum(eng_record_fixed(record, place->offset));
        return (eng_wide)total * 10000;
    }
    if (place->list == ENG_NO_INDEX)
        return fixed_value(engine, record, index, ret_missing);
    struct eng_list list = eng_record_list(record, place->list);
    eng_wide value = engine->model->measures[index].kind == ENG_STREAK
                         ? (eng_wide)streak_length(&engine->now, &list)
                         : (eng_wide)list.count;
    *ret_missing = value == 0;
    return value * 10000;
}

/* ---- the deep check ---- */

/* A total again, from the cells; only rolling windows and calendar periods can be told from them.
 */
static uint64_t recount(const struct eng_engine *engine, unsigned index,
                        const struct eng_cells *cells)
{
    eng_assert(index < engine->model->measure_count);
    eng_assert(engine->layout->measures[index].total != ENG_NO_INDEX);
    const struct eng_measure *measure = &engine->model->measures[index];
    uint64_t total = 0;
    uint32_t last_age = UINT32_MAX;
    for (uint32_t i = 0; i < cells->count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        if (!counts_cell(&engine->layout->measures[index], cell.action) ||
            !in_window(&engine->now, measure, engine->now.pane - (int32_t)cell.age))
            continue;
        if (measure->kind != ENG_ACTIVE)
            total += cell.count;
        else if (cell.age != last_age)
            total++;
        last_age = cell.age;
    }
    return total;
}

/* A partner is due no later than anything of its leaves. The bound that eng_measure_due gives may
 * be earlier, since it does not tell actions apart. */
static void check_due(const struct eng_engine *engine, const struct eng_record *record,
                      const struct eng_cells *cells)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = record->partner->due;
    for (uint32_t i = 0; i < cells->count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        int32_t pane = engine->now.pane - (int32_t)cell.age;
        eng_assert(due <= pane + (int64_t)layout->retention[cell.action]);
        for (uint32_t j = 0; j < engine->model->measure_count; j++)
            if (layout->measures[j].total != ENG_NO_INDEX &&
                counts_cell(&layout->measures[j], cell.action) &&
                in_window(&engine->now, &engine->model->measures[j], pane))
                eng_assert(due <= leaves_at(&engine->now, &engine->model->measures[j], pane));
    }
    for (uint32_t i = 0; i < layout->timed_count; i++)
        eng_assert(due <= timed_due(engine, record, layout->timed[i]));
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (engine->model->alerts[i].kind == ENG_SILENCE)
            eng_assert(due <= eng_alert_silence_due(engine, record, i, ENG_DUE_NEXT));
}

void eng_measure_check(const struct eng_engine *engine, const struct eng_record *record)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = {0};
    if (layout->list_cells != ENG_NO_INDEX)
        cells = eng_cells_of(record, engine->now.pane);
    for (uint32_t i = 0; i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        eng_assert(cell.action < layout->cell_count);
        eng_assert(cell.age < layout->retention[cell.action]);
        eng_assert(i == 0 || eng_cells_get(&cells, i - 1).age >= cell.age);
    }
    check_due(engine, record, &cells);
    for (uint32_t i = 0; i < engine->model->measure_count; i++)
        if (layout->measures[i].total != ENG_NO_INDEX &&
            engine->model->measures[i].window != ENG_WINDOW_LIFE)
            eng_assert(eng_record_total(record, layout->measures[i].total) ==
                       recount(engine, i, &cells));
}
