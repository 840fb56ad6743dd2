/* Cells: how often each action was counted in each pane, for one partner.
 *
 * A cell is an integer of 1, 2, 4 or 8 bytes (the partner's cell code): from the top, the pane
 * modulo 2^pane_bits, the cell number of the action, and the count less one. Cells are sorted by
 * pane, oldest first, then by action. Several cells of one pane and action add up, which is how a
 * one-byte cell without bits for a count gets by; when that would take more than four, all cells of
 * the partner become wider.
 *
 * A pane's age is the pane that the record is true of (as_of), less the pane. No cell is older than
 * its action's retention, and 2^pane_bits is larger than every retention, so the modulus loses
 * nothing. */
#ifndef ENG_ENGINE_CELLS_H
#define ENG_ENGINE_CELLS_H

#include "engine/store.h"

enum { ENG_SAME_KEY_MAX = 4 }; /* cells of one pane and action before all get wider */

/* A cell taken apart. */
struct eng_cell {
    uint32_t age;
    uint32_t action; /* cell number, see eng_layout.cell_of_action */
    uint64_t count;
};

/* The cells of a record, oldest first; valid until it is changed. */
struct eng_cells {
    uint8_t *data;
    uint32_t count;      /* cells */
    uint32_t clock_bits; /* the pane that the record is true of, modulo 2^pane_bits */
    uint32_t pane_mask;
    uint8_t code;
    uint8_t count_bits;
    uint8_t action_bits;
};

static inline struct eng_cells eng_cells_of(const struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    struct eng_list list = eng_record_list(record, layout->list_cells, 1);
    uint8_t code = record->partner->cell_code;
    bool big = eng_record_is_big(record, layout->list_cells);
    return (struct eng_cells){
        .data = list.data,
        .count = __builtin_expect(big, 0) ? list.count : list.bytes >> code,
        .clock_bits = (uint32_t)record->partner->as_of & layout->pane_mask,
        .pane_mask = layout->pane_mask,
        .code = code,
        .count_bits = (uint8_t)((8u << code) - layout->pane_bits - layout->action_bits),
        .action_bits = layout->action_bits,
    };
}

static inline uint32_t eng_cells_age(const struct eng_cells *cells, uint32_t index)
{
    uint64_t raw = eng_load_wide(cells->data + ((size_t)index << cells->code), cells->code);
    uint32_t pane_bits = (uint32_t)(raw >> (cells->count_bits + cells->action_bits));
    return (cells->clock_bits - pane_bits) & cells->pane_mask;
}

static inline struct eng_cell eng_cells_get(const struct eng_cells *cells, uint32_t index)
{
    uint64_t raw = eng_load_wide(cells->data + ((size_t)index << cells->code), cells->code);
    uint64_t key = raw >> cells->count_bits;
    uint32_t pane_bits = (uint32_t)(key >> cells->action_bits);
    return (struct eng_cell){
        .age = (cells->clock_bits - pane_bits) & cells->pane_mask,
        .action = (uint32_t)key & ((1u << cells->action_bits) - 1),
        .count = (raw & ((1ull << cells->count_bits) - 1)) + 1,
    };
}

/* True when there is at most one cell, so that before the event in hand there may have been none.
 */
static inline bool eng_cells_few(const struct eng_record *record)
{
    unsigned list = record->layout->list_cells;
    return list == ENG_NO_INDEX || eng_record_end(record, list) - eng_record_begin(record, list) <=
                                       1u << record->partner->cell_code;
}

/* The first cell whose age is at most `age` (count: none): older ones come before it. */
uint32_t eng_cells_search(const struct eng_cells *cells, uint32_t age);

static inline uint32_t eng_cells_first(const struct eng_cells *cells, uint32_t age)
{
    /* Most often none is older, or those of a pane or two. */
    for (uint32_t i = 0; i < 4; i++)
        if (i == cells->count || eng_cells_age(cells, i) <= age)
            return i;
    return eng_cells_search(cells, age);
}

/* Adds one to a pane and action. The pane's age is under the action's retention. Cannot fail after
 * eng_store_prepare. */
void eng_cells_add_slow(struct eng_store *store, struct eng_record *record, int32_t pane,
                        uint32_t action);
static inline void eng_cells_add(struct eng_store *store, struct eng_record *record, int32_t pane,
                                 uint32_t action)
{
    const struct eng_layout *layout = record->layout;
    const struct eng_partner *partner = record->partner;
    unsigned list = layout->list_cells, code = partner->cell_code;
    uint32_t begin = eng_record_begin(record, list), end = partner->ends[list + 1];
    uint32_t shift = (8u << code) - layout->pane_bits - layout->action_bits;
    uint32_t key = ((uint32_t)pane & layout->pane_mask) << layout->action_bits | action;
    /* The usual case is an event of the newest pane whose cell comes behind all others. */
    bool newest = pane == partner->as_of && !(end & ENG_LIST_BIG);
    if (newest && end > begin) {
        const uint8_t *at = (const uint8_t *)partner + end - (1u << code);
        uint32_t last = (uint32_t)(eng_load_wide(at, code) >> shift);
        newest = (last ^ key) >> layout->action_bits != 0 || last < key;
    }
    if (__builtin_expect(!newest, 0)) {
        eng_cells_add_slow(store, record, pane, action);
        return;
    }
    uint8_t *gap = eng_record_append(store, record, list, 1u << code);
    eng_store_wide(gap, code, (uint64_t)key << shift);
}

/* Removes the cells that have reached their action's retention. */
void eng_cells_expire(struct eng_record *record);

#endif
