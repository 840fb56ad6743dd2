/* Ids seen: see seen.h. */
#include "engine/seen.h"

#include "base/assert.h"
#include "base/memory.h"

/* An entry of the heap form. */
struct set_entry {
    uint64_t print; /* fingerprint */
    int32_t pane;   /* the clock's pane when it was counted */
    uint32_t used;
};

enum {
    PANE_BITS_SMALL = 8,
    PANE_BITS_LARGE = 16,
    DEDUP_SMALL_MAX = 250, /* windows up to here get along with PANE_BITS_SMALL */
};

static unsigned pane_bits(const struct eng_layout *layout)
{
    return layout->model->dedup < DEDUP_SMALL_MAX ? PANE_BITS_SMALL : PANE_BITS_LARGE;
}

static uint64_t fingerprint(const struct eng_layout *layout, uint64_t hash)
{
    return hash >> pane_bits(layout);
}

static int32_t base_pane(const struct eng_layout *layout, const struct eng_partner *partner)
{
    return eng_load_i32((const uint8_t *)partner + layout->seen_base_offset);
}

/* The pane that an entry of the list form was counted in. */
static int32_t entry_pane(const struct eng_layout *layout, int32_t base, uint64_t entry)
{
    uint32_t mask = (1u << pane_bits(layout)) - 1;
    return base - (int32_t)(((uint32_t)base - (uint32_t)entry) & mask);
}

static bool too_old(const struct eng_layout *layout, int32_t pane, int32_t clock_pane)
{
    return (int64_t)clock_pane - pane > layout->model->dedup;
}

/* ---- the heap form ---- */

/* The entry of a fingerprint, or the free one where it belongs. */
static struct set_entry *set_find(const struct eng_big_list *set, uint64_t print)
{
    eng_assert((set->capacity & (set->capacity - 1)) == 0);
    struct set_entry *entries = (struct set_entry *)(void *)set->data;
    uint32_t mask = set->capacity - 1;
    uint32_t at = (uint32_t)(print * 0x9E3779B97F4A7C15u >> 32) & mask;
    eng_assert(set->count < set->capacity);
    while (entries[at].used && entries[at].print != print)
        at = (at + 1) & mask;
    return &entries[at];
}

static void set_put(struct eng_big_list *set, uint64_t print, int32_t pane)
{
    struct set_entry *entry = set_find(set, print);
    eng_assert(set->count + 1 < set->capacity);
    set->count += !entry->used;
    *entry = (struct set_entry){print, pane, 1};
}

/* The same set without what is too old, with room for as many again. */
static enum eng_status set_rebuild(struct eng_store *store, struct eng_big_list *set,
                                   int32_t clock_pane)
{
    eng_assert(set->data != NULL);
    eng_assert(set->count <= set->capacity);
    const struct set_entry *old = (const struct set_entry *)(const void *)set->data;
    struct eng_big_list next = {.capacity = 64};
    uint32_t live = 0;
    for (uint32_t i = 0; i < set->capacity; i++)
        live += old[i].used && !too_old(store->layout, old[i].pane, clock_pane);
    while (next.capacity < live * 2 + 2)
        next.capacity *= 2;
    next.data = eng_calloc(next.capacity, sizeof *old);
    if (next.data == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < set->capacity; i++)
        if (old[i].used && !too_old(store->layout, old[i].pane, clock_pane))
            set_put(&next, old[i].print, old[i].pane);
    store->heap_bytes += (uint64_t)next.capacity * sizeof *old;
    store->heap_bytes -= (uint64_t)set->capacity * sizeof *old;
    eng_free(set->data);
    *set = next;
    return ENG_OK;
}

/* Moves the list form of a partner into a set. */
static enum eng_status make_set(struct eng_store *store, uint32_t number)
{
    eng_assert(number < store->count);
    eng_assert(store->layout->list_seen != ENG_NO_INDEX);
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    struct eng_list list = eng_store_list(layout, partner, layout->list_seen);
    struct eng_big_list *set = eng_calloc(1, sizeof *set);
    uint8_t *data = eng_calloc(ENG_SEEN_INLINE * 4, sizeof(struct set_entry));
    if (set == NULL || data == NULL) {
        eng_free(set);
        eng_free(data);
        return ENG_NO_MEMORY;
    }
    *set = (struct eng_big_list){data, 0, ENG_SEEN_INLINE * 4};
    int32_t base = base_pane(layout, partner);
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_load_u64(list.data + (size_t)i * ENG_SEEN_BYTES);
        set_put(set, entry >> pane_bits(layout), entry_pane(layout, base, entry));
    }
    eng_store_make_big(store, number, layout->list_seen, set);
    store->heap_bytes += sizeof *set + (uint64_t)set->capacity * sizeof(struct set_entry);
    return ENG_OK;
}

_Static_assert((ENG_SEEN_INLINE * 4 & (ENG_SEEN_INLINE * 4 - 1)) == 0, "a power of two");

/* ---- both forms ---- */

enum eng_status eng_seen_prepare(struct eng_store *store, uint32_t number, int32_t clock_pane)
{
    eng_assert(number < store->count);
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    unsigned list = layout->list_seen;
    eng_assert(list != ENG_NO_INDEX);
    if (partner->counts[list] == ENG_LIST_BIG) {
        struct eng_big_list *set = eng_store_big(layout, partner, list);
        return set->count * 4 < set->capacity * 3u ? ENG_OK : set_rebuild(store, set, clock_pane);
    }
    if (partner->counts[list] >= ENG_SEEN_INLINE)
        eng_seen_expire(store, number, clock_pane);
    return partner->counts[list] < ENG_SEEN_INLINE ? ENG_OK : make_set(store, number);
}

bool eng_seen_has(const struct eng_store *store, uint32_t number, int32_t clock_pane, uint64_t hash)
{
    eng_assert(number < store->count);
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    unsigned bits = pane_bits(layout);
    uint64_t print = fingerprint(layout, hash);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    if (partner->counts[layout->list_seen] == ENG_LIST_BIG) {
        const struct set_entry *entry =
            set_find(eng_store_big(layout, partner, layout->list_seen), print);
        return entry->used && !too_old(layout, entry->pane, clock_pane);
    }
    struct eng_list list = eng_store_list(layout, partner, layout->list_seen);
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_load_u64(list.data + (size_t)i * ENG_SEEN_BYTES);
        if (entry >> bits == print &&
            !too_old(layout, entry_pane(layout, base_pane(layout, partner), entry), clock_pane))
            return true;
    }
    return false;
}

void eng_seen_expire(struct eng_store *store, uint32_t number, int32_t clock_pane)
{
    eng_assert(number < store->count);
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    if (partner->counts[layout->list_seen] == ENG_LIST_BIG)
        return; /* the set forgets when it is rebuilt */
    struct eng_list list = eng_store_list(layout, partner, layout->list_seen);
    int32_t base = base_pane(layout, partner);
    uint32_t old = 0;
    while (old < list.count &&
           too_old(layout,
                   entry_pane(layout, base, eng_load_u64(list.data + (size_t)old * ENG_SEEN_BYTES)),
                   clock_pane))
        old++;
    if (old > 0)
        eng_store_erase(store, number, layout->list_seen, 0, old);
}

void eng_seen_add(struct eng_store *store, uint32_t number, int32_t clock_pane, uint64_t hash)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    if (partner->counts[layout->list_seen] == ENG_LIST_BIG) {
        set_put(eng_store_big(layout, partner, layout->list_seen), fingerprint(layout, hash),
                clock_pane);
        return;
    }
    eng_seen_expire(store, number, clock_pane);
    eng_assert(partner->counts[layout->list_seen] < ENG_SEEN_INLINE);
    eng_store_i32((uint8_t *)partner + layout->seen_base_offset, clock_pane);
    uint8_t *gap =
        eng_store_insert(store, number, layout->list_seen, partner->counts[layout->list_seen]);
    uint32_t mask = (1u << pane_bits(layout)) - 1;
    eng_store_u64(gap,
                  fingerprint(layout, hash) << pane_bits(layout) | ((uint32_t)clock_pane & mask));
}
