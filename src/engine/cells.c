/* Cells: see cells.h. Cost: an event of the newest pane looks at the last cells only; expiry looks
 * at the oldest only. */
#include "engine/cells.h"

#include "base/assert.h"

enum { SAME_KEY_MAX = 4 }; /* cells of one pane and action before all get wider */

struct eng_cells eng_cells_of(const struct eng_layout *layout, struct eng_partner *partner,
                              int32_t clock_pane)
{
    eng_assert(layout->list_cells != ENG_NO_INDEX);
    uint8_t code = partner->cell_code;
    uint32_t key_bits = (uint32_t)layout->pane_bits + layout->action_bits;
    eng_assert(key_bits <= 8u << code);
    return (struct eng_cells){
        .layout = layout,
        .list = eng_store_list(layout, partner, layout->list_cells),
        .clock_bits = (uint32_t)clock_pane & layout->pane_mask,
        .code = code,
        .count_bits = (uint8_t)((8u << code) - key_bits),
    };
}

uint32_t eng_cells_first(const struct eng_cells *cells, uint32_t age)
{
    eng_assert(age <= cells->layout->pane_mask);
    uint32_t low = 0, high = cells->list.count;
    eng_assert(cells->list.data != NULL || high == 0);
    if (high == 0 || eng_cells_get(cells, 0).age <= age)
        return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (eng_cells_get(cells, middle).age > age)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Oldest first, then by action: the smaller comes first. */
static inline uint64_t order(const struct eng_cells *cells, uint32_t age, uint32_t action)
{
    return ((uint64_t)(cells->layout->pane_mask - age) << 32) | action;
}

/* The index behind the last cell that does not come after the key. */
static uint32_t find_end(const struct eng_cells *cells, uint64_t key)
{
    eng_assert(cells->layout != NULL);
    eng_assert(cells->list.element_bytes == 1u << cells->code);
    uint32_t index = cells->list.count;
    while (index > 0) {
        struct eng_cell cell = eng_cells_get(cells, index - 1);
        if (order(cells, cell.age, cell.action) <= key)
            break;
        index--;
    }
    return index;
}

static void put(uint8_t *to, const struct eng_cells *cells, int32_t pane, uint32_t action,
                uint64_t count)
{
    uint64_t key =
        ((uint64_t)((uint32_t)pane & cells->layout->pane_mask) << cells->layout->action_bits) |
        action;
    eng_assert(count > 0);
    eng_assert(count - 1 < 1ull << cells->count_bits);
    eng_store_wide(to, cells->code, (key << cells->count_bits) | (count - 1));
}

/* Rewrites all cells in the next width; those of one key become one. */
static void widen(struct eng_store *store, uint32_t number, int32_t clock_pane)
{
    eng_assert(number < store->count);
    const struct eng_layout *layout = store->layout;
    struct eng_cells old = eng_cells_of(layout, eng_store_at(store, number), clock_pane);
    eng_store_widen_cells(store, number);
    struct eng_cells now = eng_cells_of(layout, eng_store_at(store, number), clock_pane);
    eng_assert(now.list.count == old.list.count);
    old.list.data = now.list.data; /* the record may have moved; the bytes came along */
    for (uint32_t i = old.list.count; i-- > 0;) {
        struct eng_cell cell = eng_cells_get(&old, i);
        put(now.list.data + ((size_t)i << now.code), &now, clock_pane - (int32_t)cell.age,
            cell.action, cell.count);
    }
    for (uint32_t i = now.list.count; i-- > 1;) {
        struct eng_cell one = eng_cells_get(&now, i - 1), two = eng_cells_get(&now, i);
        if (one.age != two.age || one.action != two.action)
            continue;
        put(now.list.data + ((size_t)(i - 1) << now.code), &now, clock_pane - (int32_t)one.age,
            one.action, one.count + two.count);
        eng_store_erase(store, number, layout->list_cells, i, 1);
    }
}

/* Adds one to the cell before `end` when it has that key and room. */
static bool bump(const struct eng_cells *cells, uint32_t end, int32_t pane, uint32_t age,
                 uint32_t action)
{
    eng_assert(end <= cells->list.count);
    eng_assert(age <= cells->layout->pane_mask);
    if (end == 0)
        return false;
    struct eng_cell cell = eng_cells_get(cells, end - 1);
    if (cell.age != age || cell.action != action || cell.count >= 1ull << cells->count_bits)
        return false;
    put(cells->list.data + ((size_t)(end - 1) << cells->code), cells, pane, action, cell.count + 1);
    return true;
}

/* True when as many cells of this key stand before `end` as there may be. */
static bool crowded(const struct eng_cells *cells, uint32_t end, uint32_t age, uint32_t action)
{
    if (cells->code == 3 || end < SAME_KEY_MAX)
        return false;
    struct eng_cell cell = eng_cells_get(cells, end - SAME_KEY_MAX);
    return cell.age == age && cell.action == action;
}

void eng_cells_add(struct eng_store *store, uint32_t number, int32_t clock_pane, int32_t pane,
                   uint32_t action)
{
    const struct eng_layout *layout = store->layout;
    eng_assert(pane <= clock_pane);
    eng_assert(action < layout->cell_count);
    uint32_t age = (uint32_t)(clock_pane - pane);
    eng_assert(age < layout->retention[action]);
    for (;;) {
        struct eng_cells cells = eng_cells_of(layout, eng_store_at(store, number), clock_pane);
        uint32_t end = find_end(&cells, order(&cells, age, action));
        if (bump(&cells, end, pane, age, action))
            return;
        if (!crowded(&cells, end, age, action)) {
            uint8_t *gap = eng_store_insert(store, number, layout->list_cells, end);
            put(gap, &cells, pane, action, 1);
            return;
        }
        widen(store, number, clock_pane);
    }
}

void eng_cells_expire(struct eng_store *store, uint32_t number, int32_t clock_pane)
{
    eng_assert(number < store->count);
    const struct eng_layout *layout = store->layout;
    struct eng_cells cells = eng_cells_of(layout, eng_store_at(store, number), clock_pane);
    uint32_t most = layout->ages[0]; /* nothing younger than the smallest age leaves anywhere */
    uint32_t candidates = most == 0 ? 0 : eng_cells_first(&cells, most - 1);
    uint32_t kept = 0;
    eng_assert(candidates <= cells.list.count);
    for (uint32_t i = 0; i < candidates; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (cell.age >= layout->retention[cell.action])
            continue;
        if (kept != i)
            memcpy(cells.list.data + ((size_t)kept << cells.code),
                   cells.list.data + ((size_t)i << cells.code), (size_t)1 << cells.code);
        kept++;
    }
    if (kept != candidates)
        eng_store_erase(store, number, layout->list_cells, kept, candidates - kept);
}
