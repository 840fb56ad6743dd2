/* Ids seen: see seen.h.
 *
 * The set is open addressing with linear probing, a power of two of entries in one block of memory
 * behind a small head. An entry is one integer: 48 bits of the hash, and the low 16 of the pane; 0
 * is free (a print of 0 is taken for 1). In the record stands the block's address with the
 * logarithm of the capacity in its upper byte, so the place of an id follows from the record
 * without a look at the block. Entries that are too old go when the set fills up, and before 2^16
 * panes have passed. */
#include "engine/seen.h"

#include "base/assert.h"
#include "base/memory.h"

struct set {
    uint32_t count; /* entries in use */
    int32_t since;  /* no entry is older than `dedup` panes before this one */
    uint64_t entries[];
};

enum {
    CAPACITY_LOG_MIN = 7,
    ADDRESS_BITS = 56,
    PANE_BITS = 16,
    PANES_KEPT_MAX =
        20000, /* without a purge; with `dedup` on top, all panes differ by their bits */
};

_Static_assert(PANES_KEPT_MAX + ENG_PANES_MAX < 1 << PANE_BITS, "panes are told apart");
_Static_assert(1 << CAPACITY_LOG_MIN > 2 * ENG_SEEN_INLINE, "room for the list form and more");

/* The pane that an entry of either form was counted in, from its low bits. */
static inline int32_t entry_pane(int32_t as_of, uint64_t entry, unsigned bits)
{
    uint32_t mask = (1u << bits) - 1;
    return as_of - (int32_t)(((uint32_t)as_of - (uint32_t)entry) & mask);
}

static bool too_old(const struct eng_layout *layout, int32_t pane, int32_t clock_pane)
{
    return (int64_t)clock_pane - pane > layout->model->dedup;
}

/* ---- the heap form ---- */

/* A set in hand: what its word in the record says. */
struct handle {
    struct set *set;
    uint32_t mask;
};

static inline struct handle handle_of(uint64_t word)
{
    return (struct handle){(struct set *)(uintptr_t)(word & ((1ull << ADDRESS_BITS) - 1)),
                           (1u << (word >> ADDRESS_BITS)) - 1};
}

static inline struct handle set_of(const struct eng_record *record)
{
    return handle_of(eng_record_word(record, record->layout->list_seen));
}

static inline uint64_t print_of(uint64_t hash)
{
    uint64_t print = hash >> (64 - ENG_SEEN_PRINT_BITS);
    return print | (print == 0);
}

static inline uint32_t home_of(uint64_t print, uint32_t mask)
{
    return (uint32_t)(print * 0x9E3779B97F4A7C15u >> 32) & mask;
}

/* The place of a print's entry, or the free one where it belongs. */
static uint64_t *set_find(struct handle handle, uint64_t print)
{
    uint32_t at = home_of(print, handle.mask);
    uint64_t *entries = handle.set->entries;
    eng_assert(print != 0);
    eng_assert(handle.set->count <= handle.mask);
    while (entries[at] != 0 && entries[at] >> PANE_BITS != print)
        at = (at + 1) & handle.mask;
    return &entries[at];
}

static void set_put(struct handle handle, uint64_t print, int32_t pane)
{
    uint64_t *entry = set_find(handle, print);
    eng_assert(handle.set->count < handle.mask);
    handle.set->count += *entry == 0;
    *entry = print << PANE_BITS | ((uint32_t)pane & ((1u << PANE_BITS) - 1));
}

/* Takes an entry out: those behind it that would not be found any more move up. */
static void set_drop(struct handle handle, uint32_t at)
{
    uint64_t *entries = handle.set->entries;
    eng_assert(entries[at] != 0);
    eng_assert(handle.set->count > 0);
    for (uint32_t i = (at + 1) & handle.mask; entries[i] != 0; i = (i + 1) & handle.mask) {
        uint32_t home = home_of(entries[i] >> PANE_BITS, handle.mask);
        if (((i - home) & handle.mask) < ((i - at) & handle.mask))
            continue; /* its home lies behind the gap */
        entries[at] = entries[i];
        at = i;
    }
    entries[at] = 0;
    handle.set->count--;
}

/* Takes out what will be too old at `as_of`. */
static void set_purge(const struct eng_record *record, int32_t as_of)
{
    struct handle handle = set_of(record);
    int32_t before = record->partner->as_of;
    eng_assert(as_of >= before);
    eng_assert((int64_t)before - handle.set->since <= PANES_KEPT_MAX);
    for (uint32_t i = 0; i <= handle.mask; i++)
        while (
            handle.set->entries[i] != 0 &&
            too_old(record->layout, entry_pane(before, handle.set->entries[i], PANE_BITS), as_of))
            set_drop(handle, i);
    handle.set->since = as_of;
}

static struct set *new_set(unsigned capacity_log, int32_t since)
{
    struct set *set = eng_calloc(1, sizeof *set + (sizeof(uint64_t) << capacity_log));
    eng_assert(capacity_log < 32);
    if (set != NULL)
        set->since = since;
    return set;
}

static uint64_t word_of(const struct set *set, unsigned capacity_log)
{
    uint64_t address = (uintptr_t)set;
    eng_assert(address != 0);
    eng_assert(address >> ADDRESS_BITS == 0);
    return (uint64_t)capacity_log << ADDRESS_BITS | address;
}

static uint64_t set_bytes(uint32_t mask)
{
    return sizeof(struct set) + ((uint64_t)mask + 1) * sizeof(uint64_t);
}

/* Another set with the same entries, of which there is room for as many again. */
static enum eng_status set_resize(struct eng_store *store, struct eng_record *record)
{
    struct handle old = set_of(record), next = {NULL, 0};
    unsigned capacity_log = CAPACITY_LOG_MIN;
    eng_assert(old.set->count <= old.mask);
    while (old.set->count * 2 >= 1u << capacity_log)
        capacity_log++;
    eng_assert(capacity_log < 31);
    if (1u << capacity_log == old.mask + 1)
        return ENG_OK;
    next = (struct handle){new_set(capacity_log, old.set->since), (1u << capacity_log) - 1};
    if (next.set == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i <= old.mask; i++)
        if (old.set->entries[i] != 0) {
            *set_find(next, old.set->entries[i] >> PANE_BITS) = old.set->entries[i];
            next.set->count++;
        }
    store->heap_bytes += set_bytes(next.mask) - set_bytes(old.mask);
    eng_store_u64(eng_record_fixed(record, eng_record_begin(record, record->layout->list_seen)),
                  word_of(next.set, capacity_log));
    eng_free(old.set);
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
    struct handle handle = {new_set(CAPACITY_LOG_MIN, record->partner->as_of),
                            (1u << CAPACITY_LOG_MIN) - 1};
    if (handle.set == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_seen_load(list.data + (size_t)i * bytes, bytes);
        uint64_t print = entry >> layout->seen_bits;
        set_put(handle, print | (print == 0),
                entry_pane(record->partner->as_of, entry, layout->seen_bits));
    }
    eng_record_make_big(store, record, layout->list_seen, word_of(handle.set, CAPACITY_LOG_MIN));
    store->heap_bytes += set_bytes(handle.mask);
    return eng_slab_reserve(&store->slab);
}

uint64_t eng_seen_free(uint64_t word)
{
    struct handle handle = handle_of(word);
    eng_assert(handle.set != NULL);
    eng_assert(handle.set->count <= handle.mask);
    eng_free(handle.set);
    return set_bytes(handle.mask);
}

uint64_t eng_seen_move(const struct eng_record *from)
{
    eng_assert(from->layout->list_seen != ENG_NO_INDEX);
    eng_assert(eng_record_is_big(from, from->layout->list_seen));
    set_purge(from, from->partner->as_of);
    return eng_record_word(from, from->layout->list_seen);
}

/* ---- a set as bytes ---- */

enum { SINCE_BYTES = 4, ENTRY_BYTES = 8, SET_ENTRIES_MAX = 1 << 28 };

uint32_t eng_seen_set_bytes(const struct eng_record *record)
{
    struct handle handle = set_of(record);
    eng_assert(handle.set != NULL);
    eng_assert(handle.set->count <= SET_ENTRIES_MAX);
    return SINCE_BYTES + handle.set->count * ENTRY_BYTES;
}

void eng_seen_set_write(const struct eng_record *record, uint8_t *to)
{
    struct handle handle = set_of(record);
    uint32_t written = 0;
    eng_store_i32(to, handle.set->since);
    to += SINCE_BYTES;
    for (uint32_t i = 0; i <= handle.mask; i++)
        if (handle.set->entries[i] != 0)
            eng_store_u64(to + (size_t)written++ * ENTRY_BYTES, handle.set->entries[i]);
    eng_assert(written == handle.set->count);
    eng_assert(to != NULL);
}

bool eng_seen_set_is_well_formed(const uint8_t *data, uint32_t bytes)
{
    eng_assert(data != NULL);
    eng_assert(SINCE_BYTES < ENTRY_BYTES);
    if (bytes < SINCE_BYTES || (bytes - SINCE_BYTES) % ENTRY_BYTES != 0 ||
        (bytes - SINCE_BYTES) / ENTRY_BYTES > SET_ENTRIES_MAX)
        return false;
    for (uint32_t at = SINCE_BYTES; at < bytes; at += ENTRY_BYTES)
        if (eng_load_u64(data + at) >> PANE_BITS == 0)
            return false;
    return true;
}

uint64_t eng_seen_set_read(struct eng_store *store, const uint8_t *data, uint32_t bytes)
{
    uint32_t count = (bytes - SINCE_BYTES) / ENTRY_BYTES;
    unsigned capacity_log = CAPACITY_LOG_MIN;
    eng_assert(eng_seen_set_is_well_formed(data, bytes));
    while (count * 2u >= 1u << capacity_log)
        capacity_log++;
    eng_assert(capacity_log < 31);
    struct handle handle = {new_set(capacity_log, eng_load_i32(data)), (1u << capacity_log) - 1};
    if (handle.set == NULL)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = eng_load_u64(data + SINCE_BYTES + (size_t)i * ENTRY_BYTES);
        uint64_t *place = set_find(handle, entry >> PANE_BITS);
        handle.set->count += *place == 0;
        *place = entry;
    }
    store->heap_bytes += set_bytes(handle.mask);
    return word_of(handle.set, capacity_log);
}

void eng_seen_prefetch(const struct eng_record *record, uint64_t hash)
{
    eng_assert(record->layout->list_seen != ENG_NO_INDEX);
    if (!eng_record_is_big(record, record->layout->list_seen))
        return;
    struct handle handle = set_of(record);
    /* As a number: what is prefetched need not be looked at. */
    uintptr_t entries = (uintptr_t)handle.set + offsetof(struct set, entries);
    __builtin_prefetch((const void *)handle.set, 1);
    __builtin_prefetch(
        (const void *)(entries + home_of(print_of(hash), handle.mask) * sizeof(uint64_t)), 1);
}

/* ---- both forms ---- */

enum eng_status eng_seen_prepare_slow(struct eng_store *store, struct eng_record *record)
{
    unsigned list = record->layout->list_seen;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(record->number < store->count);
    if (!eng_record_is_big(record, list)) {
        uint32_t bytes = eng_record_end(record, list) - eng_record_begin(record, list);
        return bytes < (uint32_t)ENG_SEEN_INLINE * record->layout->seen_bytes
                   ? ENG_OK
                   : make_set(store, record);
    }
    struct handle handle = set_of(record);
    if (handle.set->count * 4u < handle.mask * 3u)
        return ENG_OK;
    set_purge(record, record->partner->as_of);
    return set_resize(store, record);
}

bool eng_seen_has_slow(const struct eng_record *record, int32_t clock_pane, uint64_t hash)
{
    const struct eng_layout *layout = record->layout;
    int32_t as_of = record->partner->as_of;
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    eng_assert(clock_pane >= as_of);
    if (eng_record_is_big(record, layout->list_seen)) {
        uint64_t entry = *set_find(set_of(record), print_of(hash));
        return entry != 0 && !too_old(layout, entry_pane(as_of, entry, PANE_BITS), clock_pane);
    }
    uint32_t bytes = layout->seen_bytes;
    uint64_t print = hash >> (64 - ENG_SEEN_PRINT_BITS);
    struct eng_list list = eng_record_list(record, layout->list_seen, bytes);
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry = eng_seen_load(list.data + (size_t)i * bytes, bytes);
        if (entry >> layout->seen_bits == print &&
            !too_old(layout, entry_pane(as_of, entry, layout->seen_bits), clock_pane))
            return true;
    }
    return false;
}

void eng_seen_add_slow(struct eng_record *record, uint64_t hash)
{
    eng_assert(record->layout->list_seen != ENG_NO_INDEX);
    eng_assert(eng_record_is_big(record, record->layout->list_seen));
    set_put(set_of(record), print_of(hash), record->partner->as_of);
}

void eng_seen_expire(struct eng_record *record, int32_t as_of)
{
    const struct eng_layout *layout = record->layout;
    unsigned list = layout->list_seen;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(as_of >= record->partner->as_of);
    if (eng_record_is_big(record, list)) {
        if ((int64_t)as_of - set_of(record).set->since > PANES_KEPT_MAX)
            set_purge(record, as_of); /* else a set forgets when it fills up */
        return;
    }
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

uint32_t eng_seen_copy(const struct eng_record *from, const struct eng_layout *to, uint8_t *at)
{
    const struct eng_layout *layout = from->layout;
    struct eng_list list = eng_record_list(from, layout->list_seen, layout->seen_bytes);
    int32_t as_of = from->partner->as_of;
    uint32_t bytes = 0;
    eng_assert(to->list_seen != ENG_NO_INDEX);
    eng_assert(!eng_record_is_big(from, layout->list_seen));
    for (uint32_t i = 0; i < list.count; i++) {
        uint64_t entry =
            eng_seen_load(list.data + (size_t)i * layout->seen_bytes, layout->seen_bytes);
        int32_t pane = entry_pane(as_of, entry, layout->seen_bits);
        if (too_old(layout, pane, as_of) || too_old(to, pane, as_of))
            continue;
        eng_seen_store(at + bytes, to->seen_bytes,
                       entry >> layout->seen_bits << to->seen_bits |
                           ((uint32_t)pane & ((1u << to->seen_bits) - 1)));
        bytes += to->seen_bytes;
    }
    return bytes;
}
