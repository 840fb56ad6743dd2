/* All partners of an engine: the table that finds them, and their records.
 *
 * A partner has a number for life (0, 1, ... in order of arrival); the table maps the hash of its
 * id to the number, `handles` maps the number to its block. Records move when they grow, so a
 * `struct eng_partner *` is valid until the next call that takes the store without const.
 *
 * The table is open addressing with linear probing. A slot holds the upper 32 bits of the hash and
 * the number; the home slot is the hash scaled to the capacity, so the table is ordered by hash,
 * roughly. There is no removal. */
#ifndef ENG_ENGINE_STORE_H
#define ENG_ENGINE_STORE_H

#include "engine/bytes.h"
#include "engine/layout.h"
#include "engine/slab.h"

enum {
    ENG_PARTNER_NONE = 0xFFFFFFFFu,
    ENG_LIST_BIG = 255,    /* count byte of a list that has its own block on the heap */
    ENG_LIST_INLINE = 250, /* the most elements of a list inside the record */
    ENG_LIST_INLINE_BYTES = 384,
    ENG_SEEN_INLINE = 32, /* the most ids inside the record */
};

#define ENG_PANE_NEVER INT32_MAX

/* The head of a record. */
struct eng_partner {
    int32_t first_pane; /* oldest pane of any counted event */
    int32_t due;        /* next boundary at which it must be looked at; ENG_PANE_NEVER: none */
    uint16_t armed;     /* low bits of the pane of its valid entry in the wheel */
    uint8_t is_armed : 1;
    uint8_t cell_code : 2;  /* width of its cells: 1 << code */
    uint8_t total_code : 2; /* width of its totals */
    uint8_t class;          /* size class of its block */
    uint8_t id_bytes;
    uint8_t counts[]; /* elements of each list, or ENG_LIST_BIG */
};

enum { ENG_PARTNER_HEAD_BYTES = 13 };
_Static_assert(offsetof(struct eng_partner, counts) == ENG_PARTNER_HEAD_BYTES, "no padding");

/* A list that has outgrown its record; the record holds a pointer to it. */
struct eng_big_list {
    uint8_t *data;
    uint32_t count, capacity; /* elements */
};

struct eng_slot {
    uint32_t tag;    /* upper 32 bits of the hash */
    uint32_t number; /* ENG_PARTNER_NONE: free */
};

struct eng_store {
    const struct eng_layout *layout; /* borrowed */
    struct eng_slab slab;
    struct eng_slot *slots;
    uint64_t slot_count;
    uint32_t *handles;
    uint32_t count, handle_capacity;
    uint64_t heap_bytes; /* of big lists and id sets */
    uint64_t bytes_max;  /* cap; 0: none */
};

/* Prepares an empty store. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_store_init(struct eng_store *store, const struct eng_layout *layout,
                               uint64_t partners_hint, uint64_t bytes_max);
void eng_store_done(struct eng_store *store);

/* Memory held. */
uint64_t eng_store_bytes(const struct eng_store *store);

/* Makes sure that one partner can be added and that a few records can grow. ENG_OK, ENG_NO_MEMORY.
 */
enum eng_status eng_store_reserve(struct eng_store *store);

/* The number of a partner, or ENG_PARTNER_NONE. */
uint32_t eng_store_find(const struct eng_store *store, uint64_t hash, struct eng_slice id);

/* Adds a partner that is not there; must follow a successful reserve. Returns its number. */
uint32_t eng_store_add(struct eng_store *store, uint64_t hash, struct eng_slice id);

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
    __builtin_prefetch(&store->slots[eng_store_home(store, hash)]);
}
uint32_t eng_store_prefetch_handle(const struct eng_store *store, uint64_t hash);
static inline void eng_store_prefetch_record(const struct eng_store *store, uint32_t number)
{
    const uint8_t *record = eng_slab_at(&store->slab, store->handles[number]);
    __builtin_prefetch(record);
    __builtin_prefetch(record + 64);
    __builtin_prefetch(record + 128);
    __builtin_prefetch(record + 192);
}

/* Parts of a record. */
static inline uint8_t *eng_partner_totals(const struct eng_layout *layout,
                                          struct eng_partner *partner)
{
    return (uint8_t *)partner + layout->fixed_bytes;
}

static inline uint8_t *eng_partner_id(const struct eng_layout *layout, struct eng_partner *partner)
{
    return (uint8_t *)partner + layout->fixed_bytes +
           ((size_t)layout->total_count << partner->total_code);
}

static inline struct eng_slice eng_partner_slice(const struct eng_layout *layout,
                                                 struct eng_partner *partner)
{
    return (struct eng_slice){(const char *)eng_partner_id(layout, partner), partner->id_bytes};
}

static inline uint64_t eng_partner_total(const struct eng_layout *layout,
                                         struct eng_partner *partner, unsigned total)
{
    return eng_load_wide(eng_partner_totals(layout, partner) +
                             ((size_t)total << partner->total_code),
                         partner->total_code);
}

static inline void eng_partner_total_set(const struct eng_layout *layout,
                                         struct eng_partner *partner, unsigned total,
                                         uint64_t value)
{
    eng_store_wide(eng_partner_totals(layout, partner) + ((size_t)total << partner->total_code),
                   partner->total_code, value);
}

/* A view of a list: valid as long as the record stays where it is. */
struct eng_list {
    uint8_t *data;
    uint32_t count;
    uint32_t element_bytes;
};

struct eng_list eng_store_list(const struct eng_layout *layout, struct eng_partner *partner,
                               unsigned list);

/* Before an event or evaluation: moves out or grows the lists that are about to be full, so that
 * nothing fails half way. ENG_OK or ENG_NO_MEMORY (nothing has changed but capacities). */
enum eng_status eng_store_prepare(struct eng_store *store, uint32_t number);

/* Opens a gap of one element at `index` and returns its place, zeroed. Cannot fail after prepare.
 */
uint8_t *eng_store_insert(struct eng_store *store, uint32_t number, unsigned list, uint32_t index);

/* Removes `count` elements from `index` on. Never moves the record. */
void eng_store_erase(struct eng_store *store, uint32_t number, unsigned list, uint32_t index,
                     uint32_t count);

/* The heap part of a list whose count byte is ENG_LIST_BIG. */
struct eng_big_list *eng_store_big(const struct eng_layout *layout, struct eng_partner *partner,
                                   unsigned list);

/* Replaces the content of an inline list that has at least two elements by `big`, which the store
 * owns from then on (for the seen ids, whose heap form is a hash set). */
void eng_store_make_big(struct eng_store *store, uint32_t number, unsigned list,
                        struct eng_big_list *big);

/* Takes the record into a smaller block when much of its block is free. Cannot fail after reserve.
 */
void eng_store_trim(struct eng_store *store, uint32_t number);

/* Doubles the width of the totals (until `total_code` is 3) or rewrites the cells in the next
 * width. Cannot fail after prepare. */
void eng_store_widen_totals(struct eng_store *store, uint32_t number);
void eng_store_widen_cells(struct eng_store *store, uint32_t number);

/* Deep check of the table and of every record's shape. Ends the process on a broken invariant. */
void eng_store_check(const struct eng_store *store);

#endif
