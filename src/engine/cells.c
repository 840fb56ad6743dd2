/* Cells: see cells.h. Cost: an event of the newest pane looks at the last cells only; expiry looks
 * at the oldest only. */
#include "engine/cells.h"

#include "base/assert.h"

uint32_t eng_cells_search(const struct eng_cells *cells, uint32_t age)
{
    uint32_t low = 0, high = cells->count;
    eng_assert(cells->data != NULL || high == 0);
    eng_assert(age <= cells->pane_mask);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (eng_cells_age(cells, middle) > age)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The key of a cell: its pane modulo 2^pane_bits, and its action. */
static inline uint32_t key_at(const struct eng_cells *cells, uint32_t index)
{
    uint64_t raw = eng_load_wide(cells->data + ((size_t)index << cells->code), cells->code);
    return (uint32_t)(raw >> cells->count_bits);
}

/* Orders keys: oldest pane first, then by action. */
static inline uint32_t order_of(const struct eng_cells *cells, uint32_t key)
{
    uint32_t age = (cells->clock_bits - (key >> cells->action_bits)) & cells->pane_mask;
    uint32_t action = key & ((1u << cells->action_bits) - 1);
    return ((cells->pane_mask - age) << cells->action_bits) | action;
}

/* The index behind the last cell that does not come after the key. */
static uint32_t find_end(const struct eng_cells *cells, uint32_t key)
{
    uint32_t index = cells->count, wanted = order_of(cells, key);
    while (index > 0) {
        uint32_t other = key_at(cells, index - 1);
        if (other == key || order_of(cells, other) < wanted)
            break;
        index--;
    }
    return index;
}

static void put(const struct eng_cells *cells, uint8_t *to, int32_t pane, uint32_t action,
                uint64_t count)
{
    uint64_t key = ((uint64_t)((uint32_t)pane & cells->pane_mask) << cells->action_bits) | action;
    eng_assert(count > 0);
    eng_assert(count - 1 < 1ull << cells->count_bits);
    eng_store_wide(to, cells->code, (key << cells->count_bits) | (count - 1));
}

/* Makes one cell of all those with the same pane and action. */
static void merge(struct eng_record *record)
{
    struct eng_cells cells = eng_cells_of(record);
    eng_assert(cells.code > 0);
    for (uint32_t i = cells.count; i-- > 1;) {
        struct eng_cell one = eng_cells_get(&cells, i - 1), two = eng_cells_get(&cells, i);
        eng_assert(one.age >= two.age);
        if (one.age != two.age || one.action != two.action)
            continue;
        put(&cells, cells.data + ((size_t)(i - 1) << cells.code),
            record->partner->as_of - (int32_t)one.age, one.action, one.count + two.count);
        eng_record_erase(record, record->layout->list_cells, i, 1, 1u << cells.code);
    }
}

/* Rewrites all cells in the next width, from the last one on, since each takes the place of two. */
static void widen(struct eng_store *store, struct eng_record *record)
{
    struct eng_cells old = eng_cells_of(record);
    eng_record_widen_cells(store, record);
    struct eng_cells now = eng_cells_of(record);
    eng_assert(now.count == old.count);
    eng_assert(now.code == old.code + 1);
    old.data = now.data; /* the record may have moved; the bytes came along */
    for (uint32_t i = old.count; i-- > 0;) {
        struct eng_cell cell = eng_cells_get(&old, i);
        put(&now, now.data + ((size_t)i << now.code), record->partner->as_of - (int32_t)cell.age,
            cell.action, cell.count);
    }
    merge(record);
}

/* Adds one to the cell before `end` when it has that key, and room. */
static bool bump(const struct eng_cells *cells, uint32_t end, uint32_t key)
{
    eng_assert(end <= cells->count);
    if (end == 0 || key_at(cells, end - 1) != key)
        return false;
    uint8_t *at = cells->data + ((size_t)(end - 1) << cells->code);
    uint64_t raw = eng_load_wide(at, cells->code), full = (1ull << cells->count_bits) - 1;
    if ((raw & full) == full)
        return false;
    eng_store_wide(at, cells->code, raw + 1);
    return true;
}

/* True when as many cells of this key stand before `end` as there may be. */
static bool crowded(const struct eng_cells *cells, uint32_t end, uint32_t key)
{
    return cells->code < 3 && end >= ENG_SAME_KEY_MAX &&
           key_at(cells, end - ENG_SAME_KEY_MAX) == key;
}

void eng_cells_add_slow(struct eng_store *store, struct eng_record *record, int32_t pane,
                        uint32_t action)
{
    const struct eng_layout *layout = record->layout;
    uint32_t key = (((uint32_t)pane & layout->pane_mask) << layout->action_bits) | action;
    eng_assert(action < layout->cell_count);
    eng_assert(pane <= record->partner->as_of);
    eng_assert((uint32_t)(record->partner->as_of - pane) < layout->retention[action]);
    for (;;) {
        struct eng_cells cells = eng_cells_of(record);
        uint32_t end = find_end(&cells, key);
        if (bump(&cells, end, key))
            return;
        if (!crowded(&cells, end, key)) {
            uint8_t *gap =
                eng_record_insert(store, record, layout->list_cells, end, 1u << cells.code);
            eng_store_wide(gap, cells.code, (uint64_t)key << cells.count_bits);
            return;
        }
        widen(store, record);
    }
}

void eng_cells_expire(struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    struct eng_cells cells = eng_cells_of(record);
    eng_assert(layout->age_count > 0);
    /* Nothing younger than the smallest age leaves anywhere. */
    uint32_t candidates = eng_cells_first(&cells, layout->ages[0] - 1), kept = 0;
    eng_assert(candidates <= cells.count);
    for (uint32_t i = 0; i < candidates && layout->age_count > 1; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (cell.age >= layout->retention[cell.action])
            continue;
        if (kept != i)
            memcpy(cells.data + ((size_t)kept << cells.code),
                   cells.data + ((size_t)i << cells.code), (size_t)1 << cells.code);
        kept++;
    }
    eng_record_erase(record, layout->list_cells, kept, candidates - kept, 1u << cells.code);
}
