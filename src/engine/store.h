/* All partners of an engine: the table that finds them, and their records.
 *
 * A partner has a number for life (0, 1, ... in order of arrival, or that of one that was taken
 * out); the table maps the hash of its id to the number, `handles` maps the number to its block.
 * Records move when they grow, so a `struct eng_partner *` is valid until the next call that takes
 * the store without const.
 *
 * The table is open addressing with linear probing. A slot holds the upper 32 bits of the hash (its
 * tag) and the number; the home slot is the tag scaled to the capacity, and a newcomer pushes those
 * with greater tags on by one. So the slots in use are in the order of their tags, which is the
 * order in which partners are visited at a boundary (boundary.c), and a search ends at the first
 * greater tag. The table does not wrap: some slots follow the last home. When one is
 * taken out, those behind it that are not at home move up. */
#ifndef ENG_ENGINE_STORE_H
#define ENG_ENGINE_STORE_H

#include "engine/bytes.h"
#include "engine/layout.h"
#include "engine/slab.h"

enum {
    ENG_PARTNER_NONE = 0xFFFFFFFFu,
    ENG_SEEN_INLINE = 32, /* the most ids inside the record */
    /* Elements that an event adds to one list at most; openings apart, of which all may be new. */
    ENG_INSERTS_MAX = 2 + ENG_LAZY_BOUNDARIES,
    ENG_LISTS_MAX = 6 + ENG_MEASURES_MAX + ENG_ALERTS_MAX,
    ENG_LIST_BIG = 0x8000,                 /* of an end: the list has its own block on the heap */
    ENG_LIST_END = 0x7FFF,                 /* of an end: the offset behind the list */
    ENG_PAGE_RECORD_BYTES_MAX = 31 * 1024, /* of a record that is made from a page */
};

/* What an event is paid, and what it settles of another one. */
_Static_assert((int)ENG_INSERTS_MAX >= 2 + 2 * (int)ENG_LEDGERS_MAX, "it fits");

#define ENG_PANE_NEVER INT32_MAX

/* The head of a record. */
struct eng_partner {
    int32_t first_pane; /* oldest pane of any counted event, and of one held that made it known */
    int32_t due;        /* next boundary at which it must be looked at; ENG_PANE_NEVER: none */
    int32_t as_of;      /* pane that its totals and cells are true of; what left later is due */
    uint16_t armed;     /* low bits of the pane of its valid entry in the wheel */
    uint8_t is_armed : 1;
    uint8_t is_crowded : 1; /* some list may be on the heap, or near its inline limit */
    uint8_t is_low : 1;     /* what is due has to be worked out anew when a score rises */
    uint8_t cell_code : 2;  /* width of its cells: 1 << code */
    uint8_t total_code : 2; /* width of its totals */
    uint8_t class;          /* size class of its block */
    uint8_t id_bytes;
    uint8_t is_dirty; /* it waits in the queue of those whose page is to be written (changes.h) */
    uint16_t ends[];  /* offset behind the id, then behind each list; with ENG_LIST_BIG */
};

enum { ENG_PARTNER_HEAD_BYTES = 18 };
_Static_assert(offsetof(struct eng_partner, ends) == ENG_PARTNER_HEAD_BYTES, "no padding");

/* A list that has outgrown its record; the record holds a pointer to it. */
struct eng_big_list {
    uint8_t *data;
    uint32_t count, capacity; /* elements */
};

struct eng_slot {
    uint32_t tag;    /* upper 32 bits of the hash */
    uint32_t number; /* ENG_PARTNER_NONE: free */
};

/* So many cache lines of a record are prefetched. */
enum { ENG_STORE_LINES_MAX = 6 };

struct eng_store {
    const struct eng_layout *layout; /* borrowed */
    struct eng_slab slab;
    struct eng_slot *slots;
    uint64_t slot_count;   /* homes */
    uint64_t slots_behind; /* slots behind the last home; half of them are free after a reserve */
    uint32_t *handles;
    uint32_t count, handle_capacity; /* numbers given out, and room for more */
    uint32_t *free_numbers;          /* those of partners that were taken out; the last is next */
    uint32_t free_count, free_capacity;
    uint32_t sweep;      /* the next partner that eng_store_sweep looks at */
    uint32_t easy_count; /* one more partner fits while there are fewer than these */
    uint64_t heap_bytes; /* of big lists and id sets */
    uint64_t bytes_max;  /* cap; 0: none */
};

/* Prepares an empty store. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_store_init(struct eng_store *store, const struct eng_layout *layout,
                               uint64_t partners_hint, uint64_t bytes_max);
void eng_store_done(struct eng_store *store);

/* Memory held. */
uint64_t eng_store_bytes(const struct eng_store *store);

/* Makes sure that one partner can be added and that a record can grow as much as an event needs.
 * ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_store_reserve_slow(struct eng_store *store);

static inline enum eng_status eng_store_reserve(struct eng_store *store)
{
    bool easy = store->count < store->easy_count && store->bytes_max == 0 &&
                store->slab.spare_count >= store->slab.spare_target;
    return __builtin_expect(easy, 1) ? ENG_OK : eng_store_reserve_slow(store);
}

/* The slot of a partner that is there. */
uint64_t eng_store_slot(const struct eng_store *store, uint32_t number);

/* The number of a partner, or ENG_PARTNER_NONE. */
uint32_t eng_store_find(const struct eng_store *store, uint64_t hash, struct eng_slice id);

/* The same when no more than the hash of the id is known. */
uint32_t eng_store_find_hash(const struct eng_store *store, uint64_t hash);

/* Partners that are there. */
static inline uint32_t eng_store_partners(const struct eng_store *store)
{
    return store->count - store->free_count;
}

/* Adds a partner that is not there, true as of `pane`; must follow a successful reserve. Returns
 * its number. */
uint32_t eng_store_add(struct eng_store *store, uint64_t hash, struct eng_slice id, int32_t pane);

/* True when a number that was once given out belongs to a partner. */
static inline bool eng_store_has(const struct eng_store *store, uint32_t number)
{
    return store->handles[number] != ENG_SLAB_NONE;
}

/* Its record. */
static inline struct eng_partner *eng_store_at(const struct eng_store *store, uint32_t number)
{
    return (struct eng_partner *)(void *)eng_slab_at(&store->slab, store->handles[number]);
}

static inline uint64_t eng_store_home(const struct eng_store *store, uint64_t hash)
{
    return ((hash >> 32) * store->slot_count) >> 32;
}

/* Prefetch in three steps: the slot, the handle, the record. The second returns a number that is
 * probably the partner's (or NONE), for the third. */
static inline void eng_store_prefetch_slot(const struct eng_store *store, uint64_t hash)
{
    /* As a number: before the first partner there is no table, and a place in nothing is undefined.
     */
    uintptr_t slots = (uintptr_t)store->slots;
    __builtin_prefetch((const void *)(slots + eng_store_home(store, hash) * sizeof *store->slots));
}
uint32_t eng_store_prefetch_handle(const struct eng_store *store, uint64_t hash);
static inline void eng_store_prefetch_head(const struct eng_store *store, uint32_t number)
{
    const uint8_t *record = eng_slab_at(&store->slab, store->handles[number]);
    __asm__ volatile(""); /* as below */
    __builtin_prefetch(record);
    __builtin_prefetch(record + 64);
}
static inline void eng_store_prefetch_record(const struct eng_store *store, uint32_t number)
{
    uint32_t handle = store->handles[number];
    const uint8_t *record = eng_slab_at(&store->slab, handle);
    const uint8_t *last = record + eng_slab_block_bytes(&store->slab, handle) - 1;
    __asm__ volatile(""); /* else gcc takes this for a function without effect, and leaves it out */
    last = last - record < 64 * ENG_STORE_LINES_MAX ? last : record + 64 * ENG_STORE_LINES_MAX - 1;
    for (; record < last; record += 64)
        __builtin_prefetch(record);
    __builtin_prefetch(last);
}

/* ---- a record in hand ---- */

/* A record that is being read or changed. One is open at a time for changes. */
struct eng_record {
    const struct eng_layout *layout;
    struct eng_partner *partner;
    uint32_t number;
};

/* A view of a list: valid until the record is changed. */
struct eng_list {
    uint8_t *data;
    uint32_t bytes;
    uint32_t count; /* elements */
};

static inline struct eng_record eng_record_open(const struct eng_store *store, uint32_t number)
{
    return (struct eng_record){store->layout, eng_store_at(store, number), number};
}

static inline uint8_t *eng_record_totals(const struct eng_record *record)
{
    return (uint8_t *)record->partner + record->layout->fixed_bytes;
}

static inline uint64_t eng_record_total(const struct eng_record *record, unsigned total)
{
    unsigned code = record->partner->total_code;
    return eng_load_wide(eng_record_totals(record) + ((size_t)total << code), code);
}

static inline void eng_record_total_set(const struct eng_record *record, unsigned total,
                                        uint64_t value)
{
    unsigned code = record->partner->total_code;
    eng_store_wide(eng_record_totals(record) + ((size_t)total << code), code, value);
}

/* A place in the fixed part. */
static inline uint8_t *eng_record_fixed(const struct eng_record *record, uint32_t offset)
{
    return (uint8_t *)record->partner + offset;
}

/* The id ends where the lists begin. */
static inline struct eng_slice eng_partner_id(const struct eng_partner *partner)
{
    return (struct eng_slice){(const char *)partner + partner->ends[0] - partner->id_bytes,
                              partner->id_bytes};
}

/* The number of a partner, or ENG_PARTNER_NONE, as eng_store_find; it is probably `guess`, if that
 * is somebody. */
static inline uint32_t eng_store_find_from(const struct eng_store *store, uint32_t guess,
                                           uint64_t hash, struct eng_slice id)
{
    if (guess != ENG_PARTNER_NONE && eng_store_has(store, guess)) {
        struct eng_slice own = eng_partner_id(eng_store_at(store, guess));
        if (own.length == id.length && eng_bytes_equal(own.data, id.data, id.length))
            return guess;
    }
    return eng_store_find(store, hash, id);
}

/* Where a list begins and ends in the record, and where the whole of it ends. */
static inline uint32_t eng_record_begin(const struct eng_record *record, unsigned list)
{
    return record->partner->ends[list] & (uint32_t)ENG_LIST_END;
}

static inline uint32_t eng_record_end(const struct eng_record *record, unsigned list)
{
    return record->partner->ends[list + 1] & (uint32_t)ENG_LIST_END;
}

static inline uint32_t eng_record_used(const struct eng_record *record)
{
    return eng_record_begin(record, record->layout->list_count);
}

static inline bool eng_record_is_big(const struct eng_record *record, unsigned list)
{
    return record->partner->ends[list + 1] & ENG_LIST_BIG;
}

/* What stands in the record in place of a list that is big: the address of its heap part; of ids
 * seen, see seen.c. */
static inline uint64_t eng_record_word(const struct eng_record *record, unsigned list)
{
    return eng_load_u64((const uint8_t *)record->partner + eng_record_begin(record, list));
}

/* The heap part of a list that is big, ids seen apart. */
static inline struct eng_big_list *eng_record_big(const struct eng_record *record, unsigned list)
{
    return (struct eng_big_list *)(uintptr_t)eng_record_word(record, list);
}

/* `element_bytes` is that of the list's kind, a constant where this is inlined. */
static inline struct eng_list eng_record_list(const struct eng_record *record, unsigned list,
                                              uint32_t element_bytes)
{
    uint32_t begin = eng_record_begin(record, list);
    if (__builtin_expect(eng_record_is_big(record, list), 0)) {
        const struct eng_big_list *big = eng_record_big(record, list);
        return (struct eng_list){big->data, big->count * element_bytes, big->count};
    }
    uint32_t bytes = record->partner->ends[list + 1] - begin;
    return (struct eng_list){(uint8_t *)record->partner + begin, bytes, bytes / element_bytes};
}

/* Before an event or evaluation: moves out or grows the lists that are about to be full, so that
 * nothing fails half way. ENG_OK or ENG_NO_MEMORY (nothing has changed but capacities). */
enum eng_status eng_record_prepare_slow(struct eng_store *store, struct eng_record *record);

static inline enum eng_status eng_record_prepare(struct eng_store *store, struct eng_record *record)
{
    return __builtin_expect(record->partner->is_crowded, 0) ? eng_record_prepare_slow(store, record)
                                                            : ENG_OK;
}

/* The same for so many events and evaluations at once, of lists that events add to. */
enum eng_status eng_record_prepare_many(struct eng_store *store, struct eng_record *record,
                                        uint32_t times);

/* Room for so many more elements in a list that is on the heap. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_record_make_room(struct eng_store *store, struct eng_record *record,
                                     unsigned list, uint32_t elements);

/* Turns a list on the heap, whatever is in it, into an empty one inside the record. */
void eng_record_make_empty(struct eng_store *store, struct eng_record *record, unsigned list);

/* Opens a gap of one element of `bytes` at the element `index` and returns its place, with
 * undefined content. Cannot fail after prepare. */
uint8_t *eng_record_insert(struct eng_store *store, struct eng_record *record, unsigned list,
                           uint32_t index, uint32_t bytes);

/* Moves the record to a block with room for so many bytes more. Cannot fail after prepare. */
void eng_record_grow(struct eng_store *store, struct eng_record *record, uint32_t bytes);

/* Opens `bytes` at `offset` in the record, moving it when they do not fit; the ends from `first` on
 * are later by as much. Returns the place. */
uint8_t *eng_record_open_gap(struct eng_store *store, struct eng_record *record, uint32_t offset,
                             uint32_t bytes, uint32_t first);

/* Opens a gap of `bytes` behind the last element of an inline list; quick for the last list. */
static inline uint8_t *eng_record_append(struct eng_store *store, struct eng_record *record,
                                         unsigned list, uint32_t bytes)
{
    struct eng_partner *partner = record->partner;
    uint32_t end = partner->ends[list + 1], begin = partner->ends[list] & (uint32_t)ENG_LIST_END;
    if (__builtin_expect(end + bytes - begin > record->layout->lists[list].easy_bytes, 0))
        partner->is_crowded = 1;
    unsigned lists = record->layout->list_count;
    uint32_t used = partner->ends[lists] & (uint32_t)ENG_LIST_END;
    if (__builtin_expect(used + bytes > eng_slab_class_bytes(partner->class), 0))
        return eng_record_open_gap(store, record, end, bytes, list + 1);
    uint8_t *gap = (uint8_t *)partner + end;
    if (used > end)
        memmove(gap + bytes, gap, used - end);
    for (unsigned i = list + 1; i <= lists; i++)
        partner->ends[i] = (uint16_t)(partner->ends[i] + bytes);
    return gap;
}

/* Removes `count` elements of `bytes` each from `index` on. Never moves the record. */
void eng_record_erase(struct eng_record *record, unsigned list, uint32_t index, uint32_t count,
                      uint32_t bytes);

/* A list on the heap with this content (NULL: to be filled in; ids seen apart), and room for what
 * an event adds: the word that stands for it in a record. 0: no memory. */
uint64_t eng_big_list_new(struct eng_store *store, unsigned list, uint32_t element_bytes,
                          const uint8_t *data, uint32_t bytes);

/* Frees the heap part that a word stands for, of any kind of list. */
void eng_big_word_free(struct eng_store *store, const struct eng_layout *layout, unsigned list,
                       uint64_t word);

/* Takes all from a partner but its id: an empty record of the store's layout, true as of `pane`, in
 * place of `record`, which may be of another layout. After a reserve. */
void eng_store_blank(struct eng_store *store, const struct eng_record *record, int32_t pane);

/* Gives a partner another block, for `used` bytes and some room, with undefined content but for its
 * class; what it had before is freed, heap parts too. After a reserve. */
struct eng_partner *eng_store_renew(struct eng_store *store, uint32_t number, uint32_t used);

/* Replaces the content of an inline list by the word for its heap part. */
void eng_record_make_big(struct eng_store *store, struct eng_record *record, unsigned list,
                         uint64_t word);

/* Frees what a record holds on the heap; but for its ids when they have `moved`. */
void eng_record_free_lists(struct eng_store *store, const struct eng_record *record, bool moved);

/* Makes sure that one partner can be taken out. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_store_reserve_erase(struct eng_store *store);

/* Takes the partner in a slot, whose record has been given back, out of the table: those behind it
 * that are not at home move up by one, up to the slot that is returned. Its number is free. */
uint64_t eng_store_take_out(struct eng_store *store, uint64_t slot);

/* Gives back a partner's block, and what its record holds on the heap. */
void eng_store_give(struct eng_store *store, const struct eng_record *record);

/* Puts a copy of a record, built elsewhere, in the place of the one that the partner has: into its
 * block, or one that fits better. Cannot fail after reserve. */
void eng_record_replace(struct eng_store *store, struct eng_record *record);

/* Takes the record into a smaller block when much of its block is free. Cannot fail after reserve.
 */
void eng_record_trim(struct eng_store *store, struct eng_record *record);

/* Looks at the next `count` partners in the order of their numbers, round and round, and moves the
 * records that stand in chunks with few others, so that those chunks fall empty. Between events. */
void eng_store_sweep(struct eng_store *store, uint32_t count);

/* Doubles the width of the totals (until `total_code` is 3). Cannot fail after prepare. */
void eng_record_widen_totals(struct eng_store *store, struct eng_record *record);

/* Doubles the room of the cells and the cell code; the caller rewrites the cells, which still stand
 * in the old width at the beginning of the list. Cannot fail after prepare. */
void eng_record_widen_cells(struct eng_store *store, struct eng_record *record);

/* Deep check of the table and of every record's shape. Ends the process on a broken invariant. */
void eng_store_check(const struct eng_store *store);

#endif
