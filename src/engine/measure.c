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

/* True when the partner has a cell of the measure in the pane of this age. */
static bool active_at(const struct eng_cells *cells, const struct eng_measure_layout *place,
                      uint32_t age)
{
    eng_assert(cells->layout != NULL);
    eng_assert(age <= cells->layout->pane_mask);
    for (uint32_t i = eng_cells_first(cells, age); i < cells->list.count; i++) {
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
static void add_pane_sum(struct eng_engine *engine, uint32_t number, int32_t pane, uint32_t cell,
                         int64_t value_e4)
{
    eng_assert(pane <= engine->now.pane);
    unsigned list = engine->layout->list_sums;
    struct eng_list view =
        eng_store_list(engine->layout, eng_store_at(&engine->store, number), list);
    uint32_t index = view.count;
    eng_assert(list != ENG_NO_INDEX);
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
    store_pane_sum(eng_store_insert(&engine->store, number, list, index),
                   (struct pane_sum){pane, (uint16_t)cell, value_e4});
}

/* ---- counting ---- */

static void add_total(struct eng_engine *engine, uint32_t number, unsigned total)
{
    eng_assert(number < engine->store.count);
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    uint64_t value = eng_partner_total(engine->layout, partner, total) + 1;
    eng_assert(total < engine->layout->total_count);
    if (partner->total_code < 3 && value >> (8u << partner->total_code) != 0) {
        eng_store_widen_totals(&engine->store, number);
        partner = eng_store_at(&engine->store, number);
    }
    eng_partner_total_set(engine->layout, partner, total, value);
}

/* COUNT, SUM and ACTIVE. `fresh`: this measure had no event in the pane so far. */
static void count_total(struct eng_engine *engine, uint32_t number, unsigned index, bool fresh,
                        int64_t value_e4)
{
    eng_assert(number < engine->store.count);
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(place->total != ENG_NO_INDEX);
    if (measure->kind != ENG_ACTIVE || fresh)
        add_total(engine, number, place->total);
    if (measure->kind == ENG_SUM && value_e4 != ENG_VALUE_NONE) {
        uint8_t *sum = (uint8_t *)eng_store_at(&engine->store, number) + place->offset;
        store_sum(sum, load_sum(sum) + value_e4);
    }
}

/* MEMBERS: the list is sorted by hash, so a company with many people costs no more than a search.
 */
static void count_member(struct eng_engine *engine, uint32_t number, unsigned index,
                         struct eng_slice member, int32_t pane)
{
    eng_assert(member.data != NULL);
    unsigned list = engine->layout->measures[index].list;
    struct eng_list view =
        eng_store_list(engine->layout, eng_store_at(&engine->store, number), list);
    uint64_t hash = eng_hash(member.data, member.length);
    uint32_t low = 0, high = view.count;
    eng_assert(list != ENG_NO_INDEX);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (eng_load_u64(view.data + (size_t)middle * ENG_MEMBER_BYTES) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    uint8_t *at = view.data + (size_t)low * ENG_MEMBER_BYTES;
    if (low == view.count || eng_load_u64(at) != hash) {
        at = eng_store_insert(&engine->store, number, list, low);
        eng_store_u64(at, hash);
        eng_store_i32(at + 8, pane);
    } else if (eng_load_i32(at + 8) < pane) {
        eng_store_i32(at + 8, pane);
    }
}

/* LAST: of two with the same time the later arrival is newer. */
static void count_last(struct eng_engine *engine, uint32_t number, unsigned index,
                       const struct eng_event *event, int32_t pane)
{
    eng_assert(pane <= engine->now.pane);
    uint8_t *place =
        (uint8_t *)eng_store_at(&engine->store, number) + engine->layout->measures[index].offset;
    eng_assert(event->value_e4 != ENG_VALUE_NONE);
    /* Times are stored plus one, so that a zeroed record means never. */
    if (event->time_ms + 1 < eng_load_i64(place))
        return;
    eng_store_i64(place, event->time_ms + 1);
    eng_store_i64(place + 8, event->value_e4);
    eng_store_i32(place + 16, pane);
}

/* STATE: `until` wins when an action is in both lists. */
static void count_state(struct eng_engine *engine, uint32_t number, unsigned index,
                        const struct eng_event *event, uint16_t action)
{
    eng_assert(engine->model->measures[index].kind == ENG_STATE);
    uint8_t *place =
        (uint8_t *)eng_store_at(&engine->store, number) + engine->layout->measures[index].offset;
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
static void count_streak(struct eng_engine *engine, uint32_t number, unsigned index, int32_t pane)
{
    eng_assert(engine->model->measures[index].kind == ENG_STREAK);
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs =
        eng_store_list(engine->layout, eng_store_at(&engine->store, number), list);
    uint32_t at = runs.count; /* the first run that begins after the pane */
    eng_assert(list != ENG_NO_INDEX);
    while (at > 0 && run_first(&runs, at - 1) > pane)
        at--;
    if (at > 0 && run_last(&runs, at - 1) >= pane)
        return;
    bool before = at > 0 && run_last(&runs, at - 1) == pane - 1;
    bool after = at < runs.count && run_first(&runs, at) == pane + 1;
    if (before && after) {
        run_set(&runs, at - 1, run_first(&runs, at - 1), run_last(&runs, at));
        eng_store_erase(&engine->store, number, list, at, 1);
    } else if (before) {
        run_set(&runs, at - 1, run_first(&runs, at - 1), pane);
    } else if (after) {
        run_set(&runs, at, pane, run_last(&runs, at));
    } else {
        uint8_t *gap = eng_store_insert(&engine->store, number, list, at);
        eng_store_i32(gap, pane);
        eng_store_i32(gap + 4, pane);
    }
}

/* Drops runs that no event can touch any more: they end before the oldest pane that is not late,
 * and not right before it. The newest run stays. */
static void drop_runs(struct eng_engine *engine, uint32_t number, unsigned index)
{
    eng_assert(engine->model->measures[index].kind == ENG_STREAK);
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs =
        eng_store_list(engine->layout, eng_store_at(&engine->store, number), list);
    int64_t oldest = (int64_t)engine->now.pane - engine->model->late_after;
    uint32_t dropped = 0;
    eng_assert(list != ENG_NO_INDEX);
    while (dropped + 1 < runs.count && run_last(&runs, dropped) < oldest)
        dropped++;
    if (dropped > 0)
        eng_store_erase(&engine->store, number, list, 0, dropped);
}

static int64_t streak_length(const struct eng_moment *now, const struct eng_list *runs)
{
    if (runs->count == 0 || run_last(runs, runs->count - 1) < now->pane - 1)
        return 0;
    return (int64_t)run_last(runs, runs->count - 1) - run_first(runs, runs->count - 1) + 1;
}

/* ---- one event ---- */

/* Measures that keep no cells. Returns the boundary at which the event's trace leaves. */
static int32_t count_without_cells(struct eng_engine *engine, uint32_t number, unsigned index,
                                   const struct eng_event *event, int32_t pane)
{
    eng_assert(engine->layout->measures[index].total == ENG_NO_INDEX);
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(pane <= engine->now.pane);
    if (measure->kind == ENG_STREAK) {
        count_streak(engine, number, index, pane);
        drop_runs(engine, number, index);
        return pane + 2;
    }
    if (!in_window(&engine->now, measure, pane))
        return ENG_PANE_NEVER;
    if (measure->kind == ENG_MEMBERS && event->member.data != NULL)
        count_member(engine, number, index, event->member, pane);
    else if (measure->kind == ENG_LAST && event->value_e4 != ENG_VALUE_NONE)
        count_last(engine, number, index, event, pane);
    else
        return ENG_PANE_NEVER;
    return leaves_at(&engine->now, measure, pane);
}

/* COUNT, SUM, ACTIVE: the totals, before the cell itself is added. */
static int32_t count_with_cells(struct eng_engine *engine, uint32_t number, unsigned index,
                                const struct eng_event *event, int32_t pane)
{
    eng_assert(engine->layout->measures[index].total != ENG_NO_INDEX);
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(pane <= engine->now.pane);
    if (!in_window(&engine->now, measure, pane))
        return ENG_PANE_NEVER;
    bool fresh = true;
    if (measure->kind == ENG_ACTIVE) {
        struct eng_cells cells =
            eng_cells_of(engine->layout, eng_store_at(&engine->store, number), engine->now.pane);
        fresh = !active_at(&cells, &engine->layout->measures[index],
                           (uint32_t)(engine->now.pane - pane));
    }
    count_total(engine, number, index, fresh, event->value_e4);
    return leaves_at(&engine->now, measure, pane);
}

/* Adds the event to its cell and to the sums; both are gone when the pane reaches the retention. */
static int32_t count_cell(struct eng_engine *engine, uint32_t number, const struct eng_event *event,
                          uint16_t action, int32_t pane)
{
    eng_assert(pane <= engine->now.pane);
    const struct eng_layout *layout = engine->layout;
    uint32_t cell = layout->cell_of_action[action];
    if (cell == ENG_NO_INDEX || (int64_t)engine->now.pane - pane >= layout->retention[cell])
        return ENG_PANE_NEVER;
    eng_assert(cell < layout->cell_count);
    eng_cells_add(&engine->store, number, engine->now.pane, pane, cell);
    if (layout->list_sums != ENG_NO_INDEX && event->value_e4 != ENG_VALUE_NONE &&
        event->value_e4 != 0)
        add_pane_sum(engine, number, pane, cell, event->value_e4);
    return pane + (int32_t)layout->retention[cell];
}

/* The silence alerts whose list holds the action. */
static int32_t count_silences(struct eng_engine *engine, uint32_t number,
                              const struct eng_event *event, uint16_t action, int32_t pane)
{
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane);
    const struct eng_layout *layout = engine->layout;
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    int32_t due = ENG_PANE_NEVER;
    uint32_t end = layout->action_silences_first[action + 1];
    for (uint32_t i = layout->action_silences_first[action]; i < end; i++) {
        unsigned alert = layout->action_silences[i];
        if (eng_alert_silence_count(engine, partner, alert, pane, event->time_ms))
            engine->scratch.resumed |= 1u << alert;
        due = earlier(due, eng_alert_silence_due(engine, partner, alert, false));
    }
    return due;
}

int32_t eng_measure_count(struct eng_engine *engine, uint32_t number, const struct eng_event *event,
                          uint16_t action, int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane);
    engine->scratch.resumed = 0;
    uint32_t end = layout->action_measures_first[action + 1];
    for (uint32_t i = layout->action_measures_first[action]; i < end; i++) {
        unsigned index = layout->action_measures[i];
        if (layout->measures[index].total != ENG_NO_INDEX)
            due = earlier(due, count_with_cells(engine, number, index, event, pane));
        else if (engine->model->measures[index].kind == ENG_STATE)
            count_state(engine, number, index, event, action);
        else
            due = earlier(due, count_without_cells(engine, number, index, event, pane));
    }
    due = earlier(due, count_cell(engine, number, event, action, pane));
    due = earlier(due, count_silences(engine, number, event, action, pane));
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    partner->first_pane = earlier(partner->first_pane, pane);
    return due <= engine->now.pane ? engine->now.pane + 1 : due;
}

/* ---- a boundary ---- */

/* Takes the cells of the pane that leaves a rolling window off a measure's total. */
static void expire_rolling(struct eng_engine *engine, struct eng_partner *partner, unsigned index,
                           const struct eng_cells *cells)
{
    eng_assert(engine->model->measures[index].window == ENG_WINDOW_ROLLING);
    const struct eng_layout *layout = engine->layout;
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &layout->measures[index];
    uint64_t leaving = 0;
    for (uint32_t i = eng_cells_first(cells, measure->panes); i < cells->list.count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        if (cell.age != measure->panes)
            break;
        if (counts_cell(place, cell.action))
            leaving += measure->kind == ENG_ACTIVE ? leaving == 0 : cell.count;
    }
    if (leaving == 0)
        return;
    uint64_t total = eng_partner_total(layout, partner, place->total);
    eng_assert(total >= leaving);
    eng_partner_total_set(layout, partner, place->total, total - leaving);
}

/* Takes the sums of the pane that leaves off a SUM measure. */
static void expire_sums(struct eng_engine *engine, struct eng_partner *partner, unsigned index)
{
    eng_assert(engine->model->measures[index].kind == ENG_SUM);
    const struct eng_layout *layout = engine->layout;
    const struct eng_measure_layout *place = &layout->measures[index];
    struct eng_list sums = eng_store_list(layout, partner, layout->list_sums);
    int32_t pane = engine->now.pane - (int32_t)engine->model->measures[index].panes;
    uint8_t *total = (uint8_t *)partner + place->offset;
    eng_assert(place->offset > 0);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        if (element.pane > pane)
            break;
        if (element.pane == pane && counts_cell(place, element.cell))
            store_sum(total, load_sum(total) - element.sum);
    }
}

/* Drops sums that have reached their cell's retention. */
static void drop_sums(struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums =
        eng_store_list(layout, eng_store_at(&engine->store, number), layout->list_sums);
    uint32_t kept = 0;
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        if ((int64_t)engine->now.pane - element.pane >= layout->retention[element.cell])
            continue;
        store_pane_sum(sums.data + (size_t)kept++ * ENG_SUM_BYTES, element);
    }
    eng_store_erase(&engine->store, number, layout->list_sums, kept, sums.count - kept);
}

/* Members whose newest pane has left the window. */
static void expire_members(struct eng_engine *engine, uint32_t number, unsigned index)
{
    eng_assert(engine->model->measures[index].kind == ENG_MEMBERS);
    const struct eng_measure *measure = &engine->model->measures[index];
    unsigned list = engine->layout->measures[index].list;
    struct eng_list members =
        eng_store_list(engine->layout, eng_store_at(&engine->store, number), list);
    uint32_t kept = 0;
    eng_assert(list != ENG_NO_INDEX);
    for (uint32_t i = 0; i < members.count; i++) {
        const uint8_t *member = members.data + (size_t)i * ENG_MEMBER_BYTES;
        if (!in_window(&engine->now, measure, eng_load_i32(member + 8)))
            continue;
        if (kept != i)
            memmove(members.data + (size_t)kept * ENG_MEMBER_BYTES, member, ENG_MEMBER_BYTES);
        kept++;
    }
    eng_store_erase(&engine->store, number, list, kept, members.count - kept);
}

/* A calendar window that begins anew is empty. */
static void expire_calendar(struct eng_engine *engine, struct eng_partner *partner, unsigned index)
{
    eng_assert(is_calendar(engine->model->measures[index].window));
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(place->total != ENG_NO_INDEX);
    if (engine->now.period_first[measure->window - ENG_WINDOW_WEEK] != engine->now.pane)
        return;
    eng_partner_total_set(engine->layout, partner, place->total, 0);
    if (measure->kind == ENG_SUM)
        store_sum((uint8_t *)partner + place->offset, 0);
}

static void expire_totals(struct eng_engine *engine, uint32_t number)
{
    eng_assert(number < engine->store.count);
    eng_assert(engine->boundary.working);
    const struct eng_layout *layout = engine->layout;
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    struct eng_cells cells = {0};
    if (layout->list_cells != ENG_NO_INDEX)
        cells = eng_cells_of(layout, partner, engine->now.pane);
    for (uint32_t i = 0; i < engine->model->measure_count; i++) {
        const struct eng_measure *measure = &engine->model->measures[i];
        if (layout->measures[i].total == ENG_NO_INDEX)
            continue;
        if (is_calendar(measure->window)) {
            expire_calendar(engine, partner, i);
        } else if (measure->window == ENG_WINDOW_ROLLING) {
            expire_rolling(engine, partner, i, &cells);
            if (measure->kind == ENG_SUM)
                expire_sums(engine, partner, i);
        }
    }
}

void eng_measure_expire(struct eng_engine *engine, uint32_t number)
{
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    const struct eng_layout *layout = engine->layout;
    eng_assert(number < engine->store.count);
    expire_totals(engine, number);
    for (uint32_t i = 0; i < layout->list_count; i++) {
        if (layout->lists[i].kind == ENG_LIST_MEMBERS)
            expire_members(engine, number, layout->lists[i].owner);
        else if (layout->lists[i].kind == ENG_LIST_RUNS)
            drop_runs(engine, number, layout->lists[i].owner);
    }
    if (layout->list_sums != ENG_NO_INDEX)
        drop_sums(engine, number);
    if (layout->list_cells != ENG_NO_INDEX)
        eng_cells_expire(&engine->store, number, engine->now.pane);
    if (layout->list_seen != ENG_NO_INDEX)
        eng_seen_expire(&engine->store, number, engine->now.pane);
}

/* ---- what comes next ---- */

/* The next pane that reaches one of the ages. */
static int32_t cells_due(const struct eng_engine *engine, struct eng_partner *partner)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    struct eng_cells cells = eng_cells_of(layout, partner, engine->now.pane);
    for (uint32_t i = 0; i < layout->age_count && cells.list.count > 0; i++) {
        uint32_t index = eng_cells_first(&cells, layout->ages[i] - 1);
        if (index == cells.list.count)
            continue;
        int32_t pane = engine->now.pane - (int32_t)eng_cells_get(&cells, index).age;
        due = earlier(due, pane + (int32_t)layout->ages[i]);
    }
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

/* When something of one measure leaves, cells apart. */
static int32_t one_due(const struct eng_engine *engine, struct eng_partner *partner, unsigned index)
{
    eng_assert(partner != NULL);
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    const uint8_t *fixed = (const uint8_t *)partner + place->offset;
    eng_assert(index < engine->model->measure_count);
    if (place->list != ENG_NO_INDEX) {
        struct eng_list list = eng_store_list(engine->layout, partner, place->list);
        if (measure->kind == ENG_MEMBERS)
            return members_due(engine, measure, &list);
        return streak_length(&engine->now, &list) > 0 ? run_last(&list, list.count - 1) + 2
                                                      : ENG_PANE_NEVER;
    }
    if (measure->kind == ENG_LAST && eng_load_i64(fixed) != 0 &&
        in_window(&engine->now, measure, eng_load_i32(fixed + 16)))
        return leaves_at(&engine->now, measure, eng_load_i32(fixed + 16));
    if (is_calendar(measure->window) && place->total != ENG_NO_INDEX &&
        eng_partner_total(engine->layout, partner, place->total) > 0)
        return leaves_at(&engine->now, measure, engine->now.pane);
    return ENG_PANE_NEVER;
}

int32_t eng_measure_due(const struct eng_engine *engine, uint32_t number)
{
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    int32_t due = ENG_PANE_NEVER;
    eng_assert(number < engine->store.count);
    if (engine->layout->list_cells != ENG_NO_INDEX)
        due = cells_due(engine, partner);
    for (uint32_t i = 0; i < engine->model->measure_count; i++)
        due = earlier(due, one_due(engine, partner, i));
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (engine->model->alerts[i].kind == ENG_SILENCE)
            due = earlier(due, eng_alert_silence_due(engine, partner, i, true));
    eng_assert(due > engine->now.pane);
    return due;
}

/* ---- reading ---- */

static eng_wide fixed_value(const struct eng_engine *engine, const struct eng_partner *partner,
                            unsigned index, bool *ret_missing)
{
    eng_assert(ret_missing != NULL);
    const struct eng_measure *measure = &engine->model->measures[index];
    const uint8_t *fixed = (const uint8_t *)partner + engine->layout->measures[index].offset;
    bool never = eng_load_i64(fixed) == 0;
    eng_assert(measure->kind == ENG_LAST || measure->kind == ENG_STATE);
    if (measure->kind == ENG_STATE) {
        *ret_missing = never;
        return never ? 0 : (eng_wide)fixed[8] * 10000;
    }
    *ret_missing = never || !in_window(&engine->now, measure, eng_load_i32(fixed + 16));
    return *ret_missing ? 0 : eng_load_i64(fixed + 8);
}

eng_wide eng_measure_value(const struct eng_engine *engine, struct eng_partner *partner,
                           unsigned index, bool *ret_missing)
{
    eng_assert(ret_missing != NULL);
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(index < engine->model->measure_count);
    if (place->total != ENG_NO_INDEX) {
        uint64_t total = eng_partner_total(engine->layout, partner, place->total);
        *ret_missing = total == 0;
        if (engine->model->measures[index].kind == ENG_SUM)
            return load_sum((const uint8_t *)partner + place->offset);
        return (eng_wide)total * 10000;
    }
    if (place->list == ENG_NO_INDEX)
        return fixed_value(engine, partner, index, ret_missing);
    struct eng_list list = eng_store_list(engine->layout, partner, place->list);
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
    eng_assert(cells->layout == engine->layout);
    const struct eng_measure *measure = &engine->model->measures[index];
    uint64_t total = 0;
    uint32_t last_age = UINT32_MAX;
    for (uint32_t i = 0; i < cells->list.count; i++) {
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
static void check_due(const struct eng_engine *engine, struct eng_partner *partner,
                      const struct eng_cells *cells)
{
    const struct eng_layout *layout = engine->layout;
    for (uint32_t i = 0; i < cells->list.count; i++) {
        struct eng_cell cell = eng_cells_get(cells, i);
        int32_t pane = engine->now.pane - (int32_t)cell.age;
        eng_assert(partner->due <= pane + (int64_t)layout->retention[cell.action]);
        for (uint32_t j = 0; j < engine->model->measure_count; j++)
            if (layout->measures[j].total != ENG_NO_INDEX &&
                counts_cell(&layout->measures[j], cell.action) &&
                in_window(&engine->now, &engine->model->measures[j], pane))
                eng_assert(partner->due <=
                           leaves_at(&engine->now, &engine->model->measures[j], pane));
    }
    for (uint32_t i = 0; i < engine->model->measure_count; i++)
        eng_assert(partner->due <= one_due(engine, partner, i));
    for (uint32_t i = 0; i < engine->model->alert_count; i++)
        if (engine->model->alerts[i].kind == ENG_SILENCE)
            eng_assert(partner->due <= eng_alert_silence_due(engine, partner, i, true));
}

void eng_measure_check(const struct eng_engine *engine, uint32_t number)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_partner *partner = eng_store_at(&engine->store, number);
    struct eng_cells cells = {0};
    if (layout->list_cells != ENG_NO_INDEX)
        cells = eng_cells_of(layout, partner, engine->now.pane);
    for (uint32_t i = 0; i < cells.list.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        eng_assert(cell.action < layout->cell_count);
        eng_assert(cell.age < layout->retention[cell.action]);
        eng_assert(i == 0 || eng_cells_get(&cells, i - 1).age >= cell.age);
    }
    check_due(engine, partner, &cells);
    for (uint32_t i = 0; i < engine->model->measure_count; i++)
        if (layout->measures[i].total != ENG_NO_INDEX &&
            engine->model->measures[i].window != ENG_WINDOW_LIFE)
            eng_assert(eng_partner_total(layout, partner, layout->measures[i].total) ==
                       recount(engine, i, &cells));
}
