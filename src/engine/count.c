/* Counting an event into the partner in hand, which has been caught up: see measure.h for where. */
#include "engine/award.h"
#include "engine/fact.h"
#include "engine/measure.h"

/* Adds to the sum of a pane, number and action; elements are sorted by them. */
static void add_pane_sum(struct eng_engine *engine, struct pane_sum more)
{
    unsigned list = engine->layout->list_sums;
    struct eng_list view = eng_record_list(&engine->hand, list, ENG_SUM_BYTES);
    uint32_t index = view.count;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(more.pane <= engine->now.pane);
    for (; index > 0; index--) {
        uint8_t *at = view.data + (size_t)(index - 1) * ENG_SUM_BYTES;
        struct pane_sum element = load_pane_sum(at);
        if (element.pane == more.pane && pane_sum_key(element) == pane_sum_key(more)) {
            element.sum += more.sum;
            store_pane_sum(at, element);
            return;
        }
        if (element.pane < more.pane ||
            (element.pane == more.pane && pane_sum_key(element) < pane_sum_key(more)))
            break;
    }
    store_pane_sum(eng_record_insert(&engine->store, &engine->hand, list, index, ENG_SUM_BYTES),
                   more);
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
    struct eng_list view = eng_record_list(&engine->hand, list, ENG_MEMBER_BYTES);
    uint64_t hash = eng_hash(member.data, member.length);
    uint32_t low = member_at(&view, hash);
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(member.data != NULL);
    uint8_t *at = view.data + (size_t)low * ENG_MEMBER_BYTES;
    if (low == view.count || eng_load_u64(at) != hash) {
        at = eng_record_insert(&engine->store, &engine->hand, list, low, ENG_MEMBER_BYTES);
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
    int64_t value_e4 = eng_event_number(engine, event, engine->model->measures[index].number);
    eng_assert(engine->model->measures[index].kind == ENG_LAST);
    eng_assert(pane <= engine->now.pane);
    if (value_e4 == ENG_VALUE_NONE)
        return;
    /* Times are stored plus one, so that a zeroed record means never. */
    if (event->time_ms + 1 < eng_load_i64(place))
        return;
    eng_store_i64(place, event->time_ms + 1);
    eng_store_i64(place + 8, value_e4);
    eng_store_i32(place + 16, pane);
}

/* SINCE: an older event changes nothing. */
static void count_since(struct eng_engine *engine, unsigned index, int32_t pane)
{
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->measures[index].offset);
    eng_assert(engine->model->measures[index].kind == ENG_SINCE);
    eng_assert(pane >= -1);
    if (pane + 2 > eng_load_i32(place))
        eng_store_i32(place, pane + 2);
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

/* Adds a pane to the runs: inside one, next to one or two, or a new one. */
static void count_streak(struct eng_engine *engine, unsigned index, int32_t pane)
{
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs = eng_record_list(&engine->hand, list, ENG_RUN_BYTES);
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
        eng_record_erase(&engine->hand, list, at, 1, ENG_RUN_BYTES);
    } else if (before) {
        run_set(&runs, at - 1, run_first(&runs, at - 1), pane);
    } else if (after) {
        run_set(&runs, at, pane, run_last(&runs, at));
    } else {
        uint8_t *gap = eng_record_insert(&engine->store, &engine->hand, list, at, ENG_RUN_BYTES);
        eng_store_i32(gap, pane);
        eng_store_i32(gap + 4, pane);
    }
}

/* ---- one event ---- */

/* What a MEMBERS measure tells apart: members, or the texts of an attribute. */
static struct eng_slice member_of(const struct eng_engine *engine,
                                  const struct eng_measure *measure, const struct eng_event *event)
{
    eng_assert(measure->kind == ENG_MEMBERS);
    eng_assert(measure->attribute <= engine->model->attribute_count);
    return measure->attribute > 0 ? eng_award_attribute(engine, event, measure->attribute - 1u)
                                  : event->member;
}

/* Measures that keep no cells. */
static void count_without_cells(struct eng_engine *engine, unsigned index,
                                const struct eng_event *event, uint16_t action, int32_t pane)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(engine->layout->measures[index].total == ENG_NO_INDEX);
    eng_assert(pane <= engine->now.pane);
    eng_measure_changed(engine, index);
    if (measure->kind == ENG_STATE) {
        count_state(engine, index, event, action);
    } else if (measure->kind == ENG_FACT) {
        eng_fact_count(engine, index, event, action);
    } else if (measure->kind == ENG_STREAK) {
        count_streak(engine, index, pane);
        eng_measure_drop_runs(engine, index);
    } else if (in_window(&engine->now, measure, pane)) {
        struct eng_slice member = measure->kind == ENG_MEMBERS ? member_of(engine, measure, event)
                                                               : (struct eng_slice){0};
        if (member.data != NULL)
            count_member(engine, index, member, pane);
        else if (measure->kind == ENG_LAST)
            count_last(engine, index, event, pane);
        else if (measure->kind == ENG_SINCE)
            count_since(engine, index, pane);
    }
}

/* COUNT, SUM, ACTIVE: the totals, before the cell itself is added. */
static void count_with_cells(struct eng_engine *engine, unsigned index,
                             const struct eng_event *event, int32_t pane)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    eng_assert(engine->layout->measures[index].total != ENG_NO_INDEX);
    eng_assert(pane <= engine->now.pane);
    if (!in_window(&engine->now, measure, pane))
        return;
    if (measure->kind == ENG_ACTIVE) {
        struct eng_cells cells = eng_cells_of(&engine->hand);
        if (active_at(&cells, &engine->layout->measures[index],
                      (uint32_t)(engine->now.pane - pane)))
            return; /* the first event of the pane has seen to all of it */
    } else if (measure->kind == ENG_SUM) {
        add_sum(engine, index, eng_event_number(engine, event, measure->number));
    }
    add_total(engine, index);
}

/* Adds the event to its cell and to the sums; both go when the pane reaches the retention. */
static void count_cell(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                       int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    uint32_t cell = layout->cell_of_action[action];
    eng_assert(pane <= engine->now.pane);
    if (cell == ENG_NO_INDEX || (int64_t)engine->now.pane - pane >= layout->retention[cell])
        return;
    eng_assert(cell < layout->cell_count);
    eng_cells_add(&engine->store, &engine->hand, pane, cell);
    if (layout->list_sums == ENG_NO_INDEX)
        return;
    if (event->value_e4 != ENG_VALUE_NONE && event->value_e4 != 0)
        add_pane_sum(engine, (struct pane_sum){pane, (uint8_t)cell, 0, event->value_e4});
    for (uint32_t numbers = layout->numbers_kept; numbers != 0; numbers &= numbers - 1) {
        unsigned number = (unsigned)__builtin_ctz(numbers);
        int64_t value_e4 = eng_event_number(engine, event, number);
        if (value_e4 != ENG_VALUE_NONE && value_e4 != 0)
            add_pane_sum(engine, (struct pane_sum){pane, (uint8_t)cell, (uint8_t)number, value_e4});
    }
}

void eng_measure_book(struct eng_engine *engine, uint16_t entry, int32_t pane, int64_t value_e4)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_event booking = {.value_e4 = value_e4};
    eng_assert(eng_action_is_ledger(&engine->model->actions[entry]));
    eng_assert(value_e4 != 0 && value_e4 != ENG_VALUE_NONE);
    for (uint32_t i = layout->action_measures_first[entry];
         i < layout->action_measures_first[entry + 1]; i++)
        count_with_cells(engine, layout->action_measures[i], &booking, pane);
    count_cell(engine, &booking, entry, pane);
}

void eng_measure_count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                       int32_t pane)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(action < engine->model->action_count);
    eng_assert(pane <= engine->now.pane && engine->hand.partner->as_of == engine->now.pane);
    uint32_t end = layout->action_measures_first[action + 1];
    for (uint32_t i = layout->action_measures_first[action]; i < end; i++) {
        unsigned index = layout->action_measures[i];
        if (layout->measures[index].total != ENG_NO_INDEX)
            count_with_cells(engine, index, event, pane);
        else
            count_without_cells(engine, index, event, action, pane);
    }
    count_cell(engine, event, action, pane);
    eng_alerts_count(engine, event, action, pane);
    struct eng_partner *partner = engine->hand.partner;
    partner->first_pane = earlier(partner->first_pane, pane);
}
