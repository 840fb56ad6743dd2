/* The partner table and the records. See store.h and layout.h.
 *
 * Growth of a record: an insertion that does not fit its block moves the record to a block with
 * some slack; the old block goes back to its class. A list that reaches its inline limit is moved
 * to the heap by eng_store_prepare, before anything of the event is applied.
 *
 * Invariants (eng_store_check): every handle's record has the id whose hash finds its number; the
 * used bytes fit the block; no inline list is over its limit. */
#include "engine/store.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/hash.h"
#include <stdlib.h>

enum {
    SLOTS_MIN = 64,
    HANDLES_MIN = 64,
    MOVE_SLACK_BYTES = 16, /* room that a record gets when it has to move anyway */
};

/* ---- where things are in a record ---- */

static uint32_t element_bytes(const struct eng_layout *layout, const struct eng_partner *partner,
                              unsigned list)
{
    uint32_t bytes = layout->lists[list].element_bytes;
    return bytes != 0 ? bytes : 1u << partner->cell_code;
}

/* Bytes that a list takes inside the record. */
static uint32_t inline_bytes(const struct eng_layout *layout, const struct eng_partner *partner,
                             unsigned list)
{
    uint32_t count = partner->counts[list];
    return count == ENG_LIST_BIG ? (uint32_t)sizeof(struct eng_big_list *)
                                 : count * element_bytes(layout, partner, list);
}

/* Where list `list` begins; list_count: where the slack begins. */
static uint32_t list_offset(const struct eng_layout *layout, const struct eng_partner *partner,
                            unsigned list)
{
    uint32_t offset =
        layout->fixed_bytes + (layout->total_count << partner->total_code) + partner->id_bytes;
    for (unsigned i = 0; i < list; i++)
        offset += inline_bytes(layout, partner, i);
    return offset;
}

struct eng_big_list *eng_store_big(const struct eng_layout *layout, struct eng_partner *partner,
                                   unsigned list)
{
    eng_assert(partner->counts[list] == ENG_LIST_BIG);
    struct eng_big_list *big;
    memcpy(&big, (uint8_t *)partner + list_offset(layout, partner, list), sizeof big);
    return big;
}

/* ---- the table ---- */

/* 4/5 full is the most. */
static bool slots_full(uint64_t slot_count, uint64_t partners)
{
    return partners * 5 > slot_count * 4;
}

static struct eng_slot *new_slots(uint64_t count)
{
    struct eng_slot *slots = eng_calloc(count, sizeof *slots);
    for (uint64_t i = 0; slots != NULL && i < count; i++)
        slots[i].number = ENG_PARTNER_NONE;
    return slots;
}

enum eng_status eng_store_init(struct eng_store *store, const struct eng_layout *layout,
                               uint64_t partners_hint, uint64_t bytes_max)
{
    eng_assert(store != NULL);
    eng_assert(layout != NULL);
    *store = (struct eng_store){.layout = layout, .bytes_max = bytes_max};
    eng_slab_init(&store->slab, layout->insert_most + 1);
    store->slot_count = SLOTS_MIN + partners_hint * 5 / 4;
    store->slots = new_slots(store->slot_count);
    if (store->slots == NULL) {
        eng_store_done(store);
        return ENG_NO_MEMORY;
    }
    return ENG_OK;
}

/* Frees what a record holds on the heap. */
static void free_big_lists(const struct eng_store *store, struct eng_partner *partner)
{
    for (uint32_t list = 0; list < store->layout->list_count; list++) {
        if (partner->counts[list] != ENG_LIST_BIG)
            continue;
        struct eng_big_list *big = eng_store_big(store->layout, partner, list);
        eng_free(big->data);
        eng_free(big);
    }
}

void eng_store_done(struct eng_store *store)
{
    eng_assert(store != NULL);
    for (uint32_t number = 0; number < store->count; number++)
        free_big_lists(store, eng_store_at(store, number));
    eng_slab_done(&store->slab);
    eng_free(store->slots);
    eng_free(store->handles);
    *store = (struct eng_store){0};
}

uint64_t eng_store_bytes(const struct eng_store *store)
{
    eng_assert(store->layout != NULL);
    return eng_slab_bytes(&store->slab) + store->slot_count * sizeof *store->slots +
           (uint64_t)store->handle_capacity * sizeof *store->handles + store->heap_bytes;
}

/* Puts a number into the first free slot from its home on. */
static void place(struct eng_slot *slots, uint64_t slot_count, struct eng_slot slot)
{
    uint64_t at = ((uint64_t)slot.tag * slot_count) >> 32;
    while (slots[at].number != ENG_PARTNER_NONE)
        at = at + 1 == slot_count ? 0 : at + 1;
    slots[at] = slot;
}

static enum eng_status grow_slots(struct eng_store *store)
{
    eng_assert(store->slots != NULL);
    eng_assert(store->slot_count >= SLOTS_MIN);
    uint64_t count = store->slot_count + store->slot_count / 2;
    struct eng_slot *slots = new_slots(count);
    if (slots == NULL)
        return ENG_NO_MEMORY;
    for (uint64_t i = 0; i < store->slot_count; i++)
        if (store->slots[i].number != ENG_PARTNER_NONE)
            place(slots, count, store->slots[i]);
    eng_free(store->slots);
    store->slots = slots;
    store->slot_count = count;
    return ENG_OK;
}

static enum eng_status grow_handles(struct eng_store *store)
{
    eng_assert(store->count == store->handle_capacity);
    eng_assert(store->count < ENG_PARTNER_NONE);
    uint64_t capacity = store->handle_capacity + (uint64_t)store->handle_capacity / 4 + HANDLES_MIN;
    if (capacity >= ENG_PARTNER_NONE)
        return ENG_NO_MEMORY;
    uint32_t *handles = eng_realloc(store->handles, capacity * sizeof *handles);
    if (handles == NULL)
        return ENG_NO_MEMORY;
    store->handles = handles;
    store->handle_capacity = (uint32_t)capacity;
    return ENG_OK;
}

enum eng_status eng_store_reserve(struct eng_store *store)
{
    eng_assert(store->layout != NULL);
    eng_assert(store->count <= store->handle_capacity);
    if (eng_slab_reserve(&store->slab) != ENG_OK)
        return ENG_NO_MEMORY;
    if (store->bytes_max != 0 && eng_store_bytes(store) > store->bytes_max)
        return ENG_NO_MEMORY;
    if (store->count == store->handle_capacity && grow_handles(store) != ENG_OK)
        return ENG_NO_MEMORY;
    if (slots_full(store->slot_count, (uint64_t)store->count + 1))
        return grow_slots(store);
    return ENG_OK;
}

static bool has_id(const struct eng_store *store, uint32_t number, struct eng_slice id)
{
    struct eng_partner *partner = eng_store_at(store, number);
    return partner->id_bytes == id.length &&
           memcmp(eng_partner_id(store->layout, partner), id.data, id.length) == 0;
}

uint32_t eng_store_find(const struct eng_store *store, uint64_t hash, struct eng_slice id)
{
    eng_assert(id.data != NULL);
    eng_assert(id.length <= ENG_PARTNER_BYTES_MAX);
    uint32_t tag = (uint32_t)(hash >> 32);
    uint64_t at = eng_store_home(store, hash);
    while (store->slots[at].number != ENG_PARTNER_NONE) {
        if (store->slots[at].tag == tag && has_id(store, store->slots[at].number, id))
            return store->slots[at].number;
        at = at + 1 == store->slot_count ? 0 : at + 1;
    }
    return ENG_PARTNER_NONE;
}

uint32_t eng_store_prefetch_handle(const struct eng_store *store, uint64_t hash)
{
    eng_assert(store->slots != NULL);
    eng_assert(store->count < store->slot_count);
    uint32_t tag = (uint32_t)(hash >> 32);
    uint64_t at = eng_store_home(store, hash);
    while (store->slots[at].number != ENG_PARTNER_NONE) {
        if (store->slots[at].tag == tag) {
            __builtin_prefetch(&store->handles[store->slots[at].number]);
            return store->slots[at].number;
        }
        at = at + 1 == store->slot_count ? 0 : at + 1;
    }
    return ENG_PARTNER_NONE;
}

/* ---- records ---- */

struct eng_list eng_store_list(const struct eng_layout *layout, struct eng_partner *partner,
                               unsigned list)
{
    eng_assert(partner != NULL);
    eng_assert(list < layout->list_count);
    struct eng_list view = {.element_bytes = element_bytes(layout, partner, list)};
    if (partner->counts[list] == ENG_LIST_BIG) {
        struct eng_big_list *big = eng_store_big(layout, partner, list);
        view.data = big->data;
        view.count = big->count;
    } else {
        view.data = (uint8_t *)partner + list_offset(layout, partner, list);
        view.count = partner->counts[list];
    }
    return view;
}

uint32_t eng_store_add(struct eng_store *store, uint64_t hash, struct eng_slice id)
{
    const struct eng_layout *layout = store->layout;
    eng_assert(store->count < store->handle_capacity);
    eng_assert(id.length > 0 && id.length <= ENG_PARTNER_BYTES_MAX);
    uint32_t used = layout->fixed_bytes + layout->total_count + id.length;
    uint8_t class = eng_slab_class(used + MOVE_SLACK_BYTES);
    uint32_t number = store->count++;
    store->handles[number] = eng_slab_alloc(&store->slab, class);
    struct eng_partner *partner = eng_store_at(store, number);
    memset(partner, 0, used);
    partner->first_pane = ENG_PANE_NEVER;
    partner->due = ENG_PANE_NEVER;
    partner->class = class;
    partner->cell_code = layout->cell_code_min & 3u;
    partner->id_bytes = (uint8_t)id.length;
    memcpy(eng_partner_id(layout, partner), id.data, id.length);
    place(store->slots, store->slot_count, (struct eng_slot){(uint32_t)(hash >> 32), number});
    return number;
}

/* Moves a record into a block for `bytes` or more. */
static struct eng_partner *move_record(struct eng_store *store, uint32_t number, uint32_t bytes)
{
    eng_assert(number < store->count);
    struct eng_partner *old = eng_store_at(store, number);
    uint32_t used = list_offset(store->layout, old, store->layout->list_count);
    eng_assert(used <= bytes);
    uint8_t class = eng_slab_class(bytes);
    uint32_t old_handle = store->handles[number];
    uint8_t old_class = old->class;
    store->handles[number] = eng_slab_alloc(&store->slab, class);
    struct eng_partner *partner = eng_store_at(store, number);
    memcpy(partner, old, used);
    partner->class = class;
    eng_slab_give(&store->slab, old_handle, old_class);
    return partner;
}

/* Opens `bytes` at `offset` in the record, moving it when they do not fit. */
static struct eng_partner *open_gap(struct eng_store *store, uint32_t number, uint32_t offset,
                                    uint32_t bytes)
{
    eng_assert(number < store->count);
    struct eng_partner *partner = eng_store_at(store, number);
    uint32_t used = list_offset(store->layout, partner, store->layout->list_count);
    eng_assert(offset <= used);
    if (used + bytes > eng_slab_class_bytes(partner->class))
        partner = move_record(store, number, used + bytes + MOVE_SLACK_BYTES);
    memmove((uint8_t *)partner + offset + bytes, (uint8_t *)partner + offset, used - offset);
    return partner;
}

uint8_t *eng_store_insert(struct eng_store *store, uint32_t number, unsigned list, uint32_t index)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    uint32_t size = element_bytes(layout, partner, list);
    uint8_t *gap;
    if (partner->counts[list] == ENG_LIST_BIG) {
        struct eng_big_list *big = eng_store_big(layout, partner, list);
        eng_assert(index <= big->count && big->count < big->capacity);
        gap = big->data + (size_t)index * size;
        memmove(gap + size, gap, (size_t)(big->count - index) * size);
        big->count++;
    } else {
        eng_assert(index <= partner->counts[list] && partner->counts[list] + 1u < ENG_LIST_BIG);
        uint32_t offset = list_offset(layout, partner, list) + index * size;
        partner = open_gap(store, number, offset, size);
        partner->counts[list]++;
        gap = (uint8_t *)partner + offset;
    }
    memset(gap, 0, size);
    return gap;
}

void eng_store_erase(struct eng_store *store, uint32_t number, unsigned list, uint32_t index,
                     uint32_t count)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    uint32_t size = element_bytes(layout, partner, list);
    struct eng_list view = eng_store_list(layout, partner, list);
    eng_assert(index <= view.count && count <= view.count - index);
    uint8_t *from = view.data + (size_t)index * size;
    if (partner->counts[list] == ENG_LIST_BIG) {
        memmove(from, from + (size_t)count * size, (size_t)(view.count - index - count) * size);
        eng_store_big(layout, partner, list)->count -= count;
        return;
    }
    uint32_t used = list_offset(layout, partner, layout->list_count);
    uint32_t end = (uint32_t)(from - (uint8_t *)partner) + count * size;
    memmove(from, from + (size_t)count * size, used - end);
    partner->counts[list] = (uint8_t)(partner->counts[list] - count);
}

void eng_store_make_big(struct eng_store *store, uint32_t number, unsigned list,
                        struct eng_big_list *big)
{
    struct eng_partner *partner = eng_store_at(store, number);
    eng_assert(big != NULL);
    eng_assert(partner->counts[list] != ENG_LIST_BIG);
    eng_store_erase(store, number, list, 0, partner->counts[list]);
    uint32_t offset = list_offset(store->layout, partner, list);
    partner = open_gap(store, number, offset, sizeof big);
    memcpy((uint8_t *)partner + offset, &big, sizeof big);
    partner->counts[list] = ENG_LIST_BIG;
}

/* Moves an inline list to the heap. */
static enum eng_status move_out(struct eng_store *store, uint32_t number, unsigned list)
{
    eng_assert(number < store->count);
    eng_assert(list < store->layout->list_count);
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    struct eng_list view = eng_store_list(layout, partner, list);
    struct eng_big_list *big = eng_calloc(1, sizeof *big);
    uint32_t capacity = view.count * 2 + 8;
    /* A wider cell code may come later: room for the widest element. */
    uint8_t *data = eng_calloc(capacity, view.element_bytes < 8 ? 8 : view.element_bytes);
    if (big == NULL || data == NULL) {
        eng_free(big);
        eng_free(data);
        return ENG_NO_MEMORY;
    }
    *big = (struct eng_big_list){data, view.count, capacity};
    memcpy(data, view.data, (size_t)view.count * view.element_bytes);
    eng_store_make_big(store, number, list, big);
    store->heap_bytes +=
        sizeof *big + (uint64_t)capacity * (view.element_bytes < 8 ? 8 : view.element_bytes);
    return ENG_OK;
}

static enum eng_status grow_big(struct eng_store *store, struct eng_big_list *big, uint32_t size)
{
    eng_assert(big->data != NULL);
    eng_assert(big->count <= big->capacity);
    uint32_t capacity = big->capacity * 2;
    size = size < 8 ? 8 : size;
    uint8_t *data = eng_realloc(big->data, (size_t)capacity * size);
    if (data == NULL)
        return ENG_NO_MEMORY;
    store->heap_bytes += (uint64_t)(capacity - big->capacity) * size;
    big->data = data;
    big->capacity = capacity;
    return ENG_OK;
}

/* True when two more elements might not fit (a streak may gain a run where another one is split
 * off). */
static bool near_limit(const struct eng_layout *layout, const struct eng_partner *partner,
                       unsigned list)
{
    uint32_t count = partner->counts[list] + 2u;
    return count > ENG_LIST_INLINE ||
           count * element_bytes(layout, partner, list) > ENG_LIST_INLINE_BYTES;
}

enum eng_status eng_store_prepare(struct eng_store *store, uint32_t number)
{
    eng_assert(store->slab.spare_count > 0);
    const struct eng_layout *layout = store->layout;
    eng_assert(number < store->count);
    for (unsigned list = 0; list < layout->list_count; list++) {
        struct eng_partner *partner = eng_store_at(store, number);
        if (layout->lists[list].kind == ENG_LIST_SEEN)
            continue; /* seen.c looks after its own */
        enum eng_status status = ENG_OK;
        if (partner->counts[list] == ENG_LIST_BIG) {
            struct eng_big_list *big = eng_store_big(layout, partner, list);
            if (big->count + 2 > big->capacity)
                status = grow_big(store, big, element_bytes(layout, partner, list));
        } else if (near_limit(layout, partner, list)) {
            status = move_out(store, number, list);
            if (status == ENG_OK)
                status = eng_slab_reserve(&store->slab);
        }
        if (status != ENG_OK)
            return status;
    }
    return ENG_OK;
}

void eng_store_trim(struct eng_store *store, uint32_t number)
{
    eng_assert(store->slab.spare_count > 0);
    eng_assert(number < store->count);
    struct eng_partner *partner = eng_store_at(store, number);
    uint32_t used = list_offset(store->layout, partner, store->layout->list_count);
    uint32_t wanted = used + MOVE_SLACK_BYTES;
    if (wanted + wanted / 2 <= eng_slab_class_bytes(partner->class))
        (void)move_record(store, number, wanted); /* the caller looks the record up again */
}

void eng_store_widen_totals(struct eng_store *store, uint32_t number)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    unsigned code = partner->total_code;
    eng_assert(code < 3);
    eng_assert(layout->total_count > 0);
    partner = open_gap(store, number, layout->fixed_bytes + (layout->total_count << code),
                       layout->total_count << code);
    uint8_t *totals = eng_partner_totals(layout, partner);
    for (uint32_t i = layout->total_count; i-- > 0;)
        eng_store_wide(totals + ((size_t)i << (code + 1)), code + 1,
                       eng_load_wide(totals + ((size_t)i << code), code));
    partner->total_code = (code + 1) & 3;
}

void eng_store_widen_cells(struct eng_store *store, uint32_t number)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    unsigned list = layout->list_cells;
    unsigned code = partner->cell_code;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(code < 3);
    struct eng_list view = eng_store_list(layout, partner, list);
    if (partner->counts[list] != ENG_LIST_BIG) {
        uint32_t end = list_offset(layout, partner, list) + (view.count << code);
        partner = open_gap(store, number, end, view.count << code);
        partner->cell_code = (code + 1) & 3;
        return;
    }
    partner->cell_code = (code + 1) & 3; /* a big list has room for the widest cells */
}

/* ---- the deep check ---- */

static void check_record(const struct eng_store *store, uint32_t number)
{
    const struct eng_layout *layout = store->layout;
    struct eng_partner *partner = eng_store_at(store, number);
    uint32_t used = list_offset(layout, partner, layout->list_count);
    eng_assert(used <= eng_slab_class_bytes(partner->class));
    eng_assert(partner->id_bytes > 0);
    for (unsigned list = 0; list < layout->list_count; list++)
        eng_assert(partner->counts[list] == ENG_LIST_BIG ||
                   partner->counts[list] <= ENG_LIST_INLINE);
    struct eng_slice id = eng_partner_slice(layout, partner);
    eng_assert(eng_store_find(store, eng_hash(id.data, id.length), id) == number);
}

void eng_store_check(const struct eng_store *store)
{
    eng_assert(store->count <= store->handle_capacity);
    eng_assert(!slots_full(store->slot_count, store->count));
    uint64_t taken = 0;
    for (uint64_t i = 0; i < store->slot_count; i++)
        taken += store->slots[i].number != ENG_PARTNER_NONE;
    eng_assert(taken == store->count);
    for (uint32_t number = 0; number < store->count; number++)
        check_record(store, number);
}
