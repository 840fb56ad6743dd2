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

enum { SET_CAPACITY_MIN = 128 };

/* The pane that an entry of the list form was counted in. */
static int32_t entry_pane(const struct eng_record *record, uint64_t entry)
{
    const struct eng_layout *layout = record->layout;
    int32_t base = record->partner->as_of;
    uint32_t mask = (1u << layout->seen_bits) - 1;
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
    struct eng_big_list next = {.capacity = SET_CAPACITY_MIN};
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
static enum eng_status make_set(struct eng_store *store, struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    uint32_t bytes = layout->seen_bytes;
    struct eng_list list = eng_record_list(record, layout->list_seen, bytes);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    eng_assert(list.count <= ENG_SEEN_INLINE);
    struct eng_big_list *set = eng_calloc(1, sizeof *set);
    uint8_t *data = eng_calloc(SET_CAPACITY_MIN, sizeof(struct set_entry));
    if (set == NULL || data == NULL) {
        eng_free(set);
        eng_free(data);
        return ENG_NO_MEMORY;
    }
    *set = (struct eng_big_list){data, 0, SET_CAPACITY_MIN};
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_seen_load(list.data + (size_t)i * bytes, bytes);
        set_put(set, entry >> layout->seen_bits, entry_pane(record, entry));
    }
    eng_record_make_big(store, record, layout->list_seen, set);
    store->heap_bytes += sizeof *set + (uint64_t)set->capacity * sizeof(struct set_entry);
    return eng_slab_reserve(&store->slab);
}

_Static_assert((SET_CAPACITY_MIN & (SET_CAPACITY_MIN - 1)) == 0, "a power of two");
_Static_assert(SET_CAPACITY_MIN > 2 * ENG_SEEN_INLINE, "room for the list form and more");

/* ---- both forms ---- */

enum eng_status eng_seen_prepare_slow(struct eng_store *store, struct eng_record *record,
                                      int32_t clock_pane)
{
    unsigned list = record->layout->list_seen;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(record->number < store->count);
    if (eng_record_is_big(record, list)) {
        struct eng_big_list *set = eng_record_big(record, list);
        return set->count * 4 < set->capacity * 3u ? ENG_OK : set_rebuild(store, set, clock_pane);
    }
    uint32_t bytes = eng_record_end(record, list) - eng_record_begin(record, list);
    return bytes < (uint32_t)ENG_SEEN_INLINE * record->layout->seen_bytes ? ENG_OK
                                                                          : make_set(store, record);
}

bool eng_seen_has_slow(const struct eng_record *record, int32_t clock_pane, uint64_t hash)
{
    const struct eng_layout *layout = record->layout;
    uint64_t print = hash >> (64 - ENG_SEEN_PRINT_BITS);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    if (eng_record_is_big(record, layout->list_seen)) {
        const struct set_entry *entry = set_find(eng_record_big(record, layout->list_seen), print);
        return entry->used && !too_old(layout, entry->pane, clock_pane);
    }
    uint32_t bytes = layout->seen_bytes;
    struct eng_list list = eng_record_list(record, layout->list_seen, bytes);
    eng_assert(list.count <= ENG_SEEN_INLINE);
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_seen_load(list.data + (size_t)i * bytes, bytes);
        if (entry >> layout->seen_bits == print &&
            !too_old(layout, entry_pane(record, entry), clock_pane))
            return true;
    }
    return false;
}

void eng_seen_add_slow(struct eng_record *record, uint64_t hash)
{
    const struct eng_layout *layout = record->layout;
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    eng_assert(eng_record_is_big(record, layout->list_seen));
    set_put(eng_record_big(record, layout->list_seen), hash >> (64 - ENG_SEEN_PRINT_BITS),
            record->partner->as_of);
}

void eng_seen_expire(struct eng_record *record, int32_t as_of)
{
    const struct eng_layout *layout = record->layout;
    unsigned list = layout->list_seen;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(as_of >= record->partner->as_of);
    if (eng_record_is_big(record, list))
        return; /* a set forgets when it is rebuilt */
    const uint8_t *begin = eng_record_fixed(record, eng_record_begin(record, list));
    const uint8_t *end = eng_record_fixed(record, eng_record_end(record, list)), *at = begin;
    uint32_t before = (uint32_t)record->partner->as_of, mask = (1u << layout->seen_bits) - 1;
    uint32_t bytes = layout->seen_bytes;
    /* Entries whose pane is more than this before as_of as it was are too old. */
    int64_t kept = (int64_t)layout->model->dedup - ((int64_t)as_of - record->partner->as_of);
    while (at < end && (int64_t)((before - eng_load_u16(at)) & mask) > kept)
        at += bytes;
    if (at > begin)
        eng_record_erase(record, list, 0, (uint32_t)(at - begin), 1);
}
