/* The partner table and the records. See store.h and layout.h.
 *
 * Growth of a record: an insertion that does not fit its block moves the record to a block with
 * some slack; the old block goes back to its class. A list that reaches its inline limit is moved
 * to the heap by eng_record_prepare, before anything of the event is applied.
 *
 * Invariants (eng_store_check): every handle's record has the id whose hash finds its number; the
 * used bytes fit the block; no inline list is over its limit. */
#include "engine/store.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/hash.h"
#include "engine/seen.h"

enum {
    SLOTS_MIN = 64,
    SLOTS_BEHIND_MIN = 64,
    HANDLES_MIN = 64,
    MOVE_SLACK_BYTES = 8,   /* the least room that a record gets when it has to move anyway */
    FIRST_SLACK_BYTES = 24, /* of a new one: its first event is counted at once */
};

/* ---- the table ---- */

/* 4/5 full is the most. */
static bool slots_full(uint64_t slot_count, uint64_t partners)
{
    return partners * 5 > slot_count * 4;
}

/* Slots, free: with the greatest tag, at which a search for another one ends. */
static struct eng_slot *new_slots(uint64_t count)
{
    struct eng_slot *slots = eng_calloc(count, sizeof *slots);
    for (uint64_t i = 0; slots != NULL && i < count; i++)
        slots[i] = (struct eng_slot){UINT32_MAX, ENG_PARTNER_NONE};
    return slots;
}

enum eng_status eng_store_init(struct eng_store *store, const struct eng_layout *layout,
                               uint64_t partners_hint, uint64_t bytes_max)
{
    eng_assert(store != NULL);
    eng_assert(layout != NULL && layout->list_count <= ENG_LISTS_MAX);
    *store = (struct eng_store){.layout = layout, .bytes_max = bytes_max};
    eng_slab_init(&store->slab, layout->insert_most + 1);
    store->slot_count = SLOTS_MIN + partners_hint * 5 / 4;
    store->slots_behind = SLOTS_BEHIND_MIN;
    store->slots = new_slots(store->slot_count + store->slots_behind);
    if (store->slots == NULL) {
        eng_store_done(store);
        return ENG_NO_MEMORY;
    }
    return ENG_OK;
}

/* Elements of a list on the heap have room for the widest cell, so that cells can widen in place.
 */
static uint32_t heap_element_bytes(uint32_t bytes)
{
    return bytes < 8 ? 8 : bytes;
}

void eng_big_word_free(struct eng_store *store, const struct eng_layout *layout, unsigned list,
                       uint64_t word)
{
    eng_assert(word != 0);
    eng_assert(list < layout->list_count);
    if (layout->lists[list].kind == ENG_LIST_SEEN) {
        store->heap_bytes -= eng_seen_free(word);
        return;
    }
    struct eng_big_list *big = (struct eng_big_list *)(uintptr_t)word;
    uint32_t element = layout->lists[list].element_bytes;
    store->heap_bytes -= sizeof *big + (uint64_t)big->capacity * heap_element_bytes(element);
    eng_free(big->data);
    eng_free(big);
}

void eng_record_free_lists(struct eng_store *store, const struct eng_record *record, bool moved)
{
    const struct eng_layout *layout = record->layout;
    eng_assert(record->number < store->count);
    eng_assert(layout->list_count <= ENG_LISTS_MAX);
    for (uint32_t list = 0; list < layout->list_count; list++)
        if (eng_record_is_big(record, list) && !(moved && list == layout->list_seen))
            eng_big_word_free(store, layout, list, eng_record_word(record, list));
}

void eng_store_done(struct eng_store *store)
{
    eng_assert(store != NULL);
    for (uint32_t number = 0; number < store->count; number++) {
        if (!eng_store_has(store, number))
            continue;
        struct eng_record record = eng_record_open(store, number);
        eng_record_free_lists(store, &record, false);
    }
    eng_slab_done(&store->slab);
    eng_free(store->slots);
    eng_free(store->handles);
    eng_free(store->free_numbers);
    *store = (struct eng_store){0};
}

uint64_t eng_store_bytes(const struct eng_store *store)
{
    eng_assert(store->layout != NULL);
    return eng_slab_bytes(&store->slab) +
           (store->slot_count + store->slots_behind) * sizeof *store->slots +
           (uint64_t)store->handle_capacity * sizeof *store->handles +
           (uint64_t)store->free_capacity * sizeof *store->free_numbers + store->heap_bytes;
}

/* Puts a slot behind those with the same or smaller tags; greater ones move on by one. */
static void place(struct eng_store *store, struct eng_slot slot)
{
    struct eng_slot *slots = store->slots;
    uint64_t at = ((uint64_t)slot.tag * store->slot_count) >> 32, end;
    while (slots[at].number != ENG_PARTNER_NONE && slots[at].tag <= slot.tag)
        at++;
    for (end = at; slots[end].number != ENG_PARTNER_NONE; end++)
        ;
    eng_assert(slot.number != ENG_PARTNER_NONE);
    eng_assert(end + 1 < store->slot_count + store->slots_behind);
    memmove(slots + at + 1, slots + at, (end - at) * sizeof *slots);
    slots[at] = slot;
}

/* True when more than half of the slots behind the last home are in use. */
static bool behind_full(const struct eng_store *store)
{
    return store->slots[store->slot_count + store->slots_behind / 2 - 2].number != ENG_PARTNER_NONE;
}

/* A larger table, with more homes or more slots behind them, by what is short. */
static enum eng_status grow_slots(struct eng_store *store)
{
    struct eng_store grown = *store;
    eng_assert(store->slots != NULL);
    eng_assert(store->slot_count >= SLOTS_MIN);
    if (slots_full(store->slot_count, (uint64_t)store->count + 1))
        grown.slot_count += store->slot_count / 2;
    else
        grown.slots_behind *= 2;
    grown.slots = new_slots(grown.slot_count + grown.slots_behind);
    if (grown.slots == NULL)
        return ENG_NO_MEMORY;
    for (uint64_t i = 0; i < store->slot_count + store->slots_behind; i++)
        if (store->slots[i].number != ENG_PARTNER_NONE)
            place(&grown, store->slots[i]);
    eng_free(store->slots);
    store->slots = grown.slots;
    store->slot_count = grown.slot_count;
    store->slots_behind = grown.slots_behind;
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

enum eng_status eng_store_reserve_slow(struct eng_store *store)
{
    eng_assert(store->layout != NULL);
    eng_assert(store->count <= store->handle_capacity);
    if (eng_slab_reserve(&store->slab) != ENG_OK)
        return ENG_NO_MEMORY;
    if (store->bytes_max != 0 && eng_store_bytes(store) > store->bytes_max)
        return ENG_NO_MEMORY;
    if (store->count == store->handle_capacity && grow_handles(store) != ENG_OK)
        return ENG_NO_MEMORY;
    while (slots_full(store->slot_count, (uint64_t)store->count + 1) || behind_full(store))
        if (grow_slots(store) != ENG_OK)
            return ENG_NO_MEMORY;
    /* As many newcomers as may all end up behind the last home do not fill the slots there. */
    uint64_t slots_hold = store->slot_count * 4 / 5, soon = store->count + store->slots_behind / 2;
    slots_hold = soon < slots_hold ? soon : slots_hold;
    store->easy_count =
        slots_hold < store->handle_capacity ? (uint32_t)slots_hold : store->handle_capacity;
    return ENG_OK;
}

static bool has_id(const struct eng_store *store, uint32_t number, struct eng_slice id)
{
    struct eng_slice own = eng_partner_id(eng_store_at(store, number));
    return own.length == id.length && eng_bytes_equal(own.data, id.data, id.length);
}

uint32_t eng_store_find(const struct eng_store *store, uint64_t hash, struct eng_slice id)
{
    eng_assert(id.data != NULL);
    eng_assert(id.length <= ENG_PARTNER_BYTES_MAX);
    uint32_t tag = (uint32_t)(hash >> 32);
    const struct eng_slot *slot = store->slots + eng_store_home(store, hash);
    for (; slot->tag <= tag && slot->number != ENG_PARTNER_NONE; slot++)
        if (slot->tag == tag && has_id(store, slot->number, id))
            return slot->number;
    return ENG_PARTNER_NONE;
}

uint32_t eng_store_find_hash(const struct eng_store *store, uint64_t hash)
{
    eng_assert(store->slots != NULL);
    eng_assert(store->count < store->slot_count);
    uint32_t tag = (uint32_t)(hash >> 32);
    const struct eng_slot *slot = store->slots + eng_store_home(store, hash);
    for (; slot->tag <= tag && slot->number != ENG_PARTNER_NONE; slot++) {
        if (slot->tag != tag)
            continue;
        struct eng_slice id = eng_partner_id(eng_store_at(store, slot->number));
        if (eng_hash(id.data, id.length) == hash)
            return slot->number;
    }
    return ENG_PARTNER_NONE;
}

uint64_t eng_store_slot(const struct eng_store *store, uint32_t number)
{
    eng_assert(number < store->count);
    struct eng_slice id = eng_partner_id(eng_store_at(store, number));
    uint64_t at = eng_store_home(store, eng_hash(id.data, id.length));
    while (store->slots[at].number != number)
        at++;
    eng_assert(at < store->slot_count + store->slots_behind);
    return at;
}

uint32_t eng_store_prefetch_handle(const struct eng_store *store, uint64_t hash)
{
    eng_assert(store->slots != NULL);
    eng_assert(store->count < store->slot_count);
    uint32_t tag = (uint32_t)(hash >> 32);
    const struct eng_slot *slot = store->slots + eng_store_home(store, hash);
    while (slot->tag < tag)
        slot++;
    if (slot->tag != tag || slot->number == ENG_PARTNER_NONE)
        return ENG_PARTNER_NONE;
    __builtin_prefetch(&store->handles[slot->number]);
    return slot->number;
}

/* ---- records ---- */

/* An empty record in a block of its own. */
static void make_empty(struct eng_store *store, uint32_t number, struct eng_slice id, int32_t pane)
{
    const struct eng_layout *layout = store->layout;
    uint32_t used = layout->fixed_bytes + layout->total_count + id.length;
    uint8_t class = eng_slab_class(used + FIRST_SLACK_BYTES);
    eng_assert(id.length > 0 && id.length <= ENG_PARTNER_BYTES_MAX);
    store->handles[number] = eng_slab_alloc(&store->slab, class);
    struct eng_partner *partner = eng_store_at(store, number);
    memset(partner, 0, used);
    partner->first_pane = ENG_PANE_NEVER;
    partner->due = ENG_PANE_NEVER;
    partner->as_of = pane;
    partner->class = class;
    partner->cell_code = layout->cell_code_min & 3u;
    partner->id_bytes = (uint8_t)id.length;
    for (uint32_t list = 0; list <= layout->list_count; list++)
        partner->ends[list] = (uint16_t)used;
    memcpy((uint8_t *)partner + layout->fixed_bytes + layout->total_count, id.data, id.length);
    eng_assert(eng_store_has(store, number));
}

uint32_t eng_store_add(struct eng_store *store, uint64_t hash, struct eng_slice id, int32_t pane)
{
    eng_assert(store->count < store->handle_capacity);
    eng_assert(id.length > 0);
    uint32_t number =
        store->free_count > 0 ? store->free_numbers[--store->free_count] : store->count++;
    make_empty(store, number, id, pane);
    place(store, (struct eng_slot){(uint32_t)(hash >> 32), number});
    return number;
}

void eng_store_blank(struct eng_store *store, const struct eng_record *record, int32_t pane)
{
    char id[ENG_PARTNER_BYTES_MAX];
    struct eng_slice own = eng_partner_id(record->partner);
    eng_assert(record->number < store->count);
    eng_assert(!record->partner->is_dirty);
    memcpy(id, own.data, own.length);
    own.data = id;
    eng_store_give(store, record);
    make_empty(store, record->number, own, pane);
}

/* Moves a record into a block for `bytes` or more. */
static void move_record(struct eng_store *store, struct eng_record *record, uint32_t bytes)
{
    struct eng_partner *old = record->partner;
    uint32_t old_handle = store->handles[record->number], used = eng_record_used(record);
    uint8_t old_class = old->class, class = eng_slab_class(bytes);
    eng_assert(used <= bytes);
    eng_assert(eng_store_at(store, record->number) == old);
    store->handles[record->number] = eng_slab_alloc(&store->slab, class);
    record->partner = eng_store_at(store, record->number);
    memcpy(record->partner, old, used);
    record->partner->class = class;
    eng_slab_give(&store->slab, old_handle, old_class);
}

/* The room that a record of this size should have beyond it. */
static uint32_t slack_bytes(uint32_t used)
{
    return used / 32 + MOVE_SLACK_BYTES;
}

struct eng_partner *eng_store_renew(struct eng_store *store, uint32_t number, uint32_t used)
{
    struct eng_partner *old = eng_store_at(store, number);
    uint8_t class = eng_slab_class(used + slack_bytes(used));
    eng_assert(number < store->count);
    eng_assert(used <= ENG_PAGE_RECORD_BYTES_MAX);
    struct eng_record record = eng_record_open(store, number);
    eng_record_free_lists(store, &record, false);
    eng_slab_give(&store->slab, store->handles[number], old->class);
    store->handles[number] = eng_slab_alloc(&store->slab, class);
    struct eng_partner *partner = eng_store_at(store, number);
    partner->class = class;
    return partner;
}

void eng_record_grow(struct eng_store *store, struct eng_record *record, uint32_t bytes)
{
    uint32_t used = eng_record_used(record);
    eng_assert(bytes > 0);
    eng_assert(used + bytes <= ENG_LIST_END);
    move_record(store, record, used + bytes + slack_bytes(used));
}

uint8_t *eng_record_open_gap(struct eng_store *store, struct eng_record *record, uint32_t offset,
                             uint32_t bytes, uint32_t first)
{
    uint32_t used = eng_record_used(record), lists = record->layout->list_count;
    eng_assert(offset <= used);
    eng_assert(first <= lists && used + bytes <= ENG_LIST_END);
    if (__builtin_expect(used + bytes > eng_slab_class_bytes(record->partner->class), 0))
        eng_record_grow(store, record, bytes);
    uint8_t *from = (uint8_t *)record->partner + offset;
    if (offset < used)
        memmove(from + bytes, from, used - offset);
    for (; first <= lists; first++)
        record->partner->ends[first] = (uint16_t)(record->partner->ends[first] + bytes);
    return from;
}

static uint8_t *insert_big(struct eng_big_list *big, uint32_t index, uint32_t size)
{
    eng_assert(index <= big->count);
    eng_assert(big->count < big->capacity);
    uint8_t *gap = big->data + (size_t)index * size;
    memmove(gap + size, gap, (size_t)(big->count - index) * size);
    big->count++;
    return gap;
}

uint8_t *eng_record_insert(struct eng_store *store, struct eng_record *record, unsigned list,
                           uint32_t index, uint32_t bytes)
{
    eng_assert(list < record->layout->list_count);
    if (__builtin_expect(eng_record_is_big(record, list), 0))
        return insert_big(eng_record_big(record, list), index, bytes);
    uint32_t begin = eng_record_begin(record, list), end = eng_record_end(record, list);
    uint32_t offset = begin + index * bytes;
    eng_assert(offset <= end);
    if (end + bytes - begin > record->layout->lists[list].easy_bytes)
        record->partner->is_crowded = 1;
    return eng_record_open_gap(store, record, offset, bytes, list + 1);
}

void eng_record_erase(struct eng_record *record, unsigned list, uint32_t index, uint32_t count,
                      uint32_t bytes)
{
    eng_assert(list < record->layout->list_count);
    if (count == 0)
        return;
    if (__builtin_expect(eng_record_is_big(record, list), 0)) {
        struct eng_big_list *big = eng_record_big(record, list);
        eng_assert(index + count <= big->count);
        memmove(big->data + (size_t)index * bytes, big->data + (size_t)(index + count) * bytes,
                (size_t)(big->count - index - count) * bytes);
        big->count -= count;
        return;
    }
    uint32_t from = eng_record_begin(record, list) + index * bytes, gone = count * bytes;
    uint32_t used = eng_record_used(record);
    uint8_t *base = (uint8_t *)record->partner;
    eng_assert(from + gone <= eng_record_end(record, list));
    memmove(base + from, base + from + gone, used - from - gone);
    for (uint32_t i = list + 1; i <= record->layout->list_count; i++)
        record->partner->ends[i] = (uint16_t)(record->partner->ends[i] - gone);
}

void eng_record_make_big(struct eng_store *store, struct eng_record *record, unsigned list,
                         uint64_t word)
{
    uint32_t begin = eng_record_begin(record, list);
    eng_assert(word != 0);
    eng_assert(!eng_record_is_big(record, list));
    eng_record_erase(record, list, 0, eng_record_end(record, list) - begin, 1);
    eng_store_u64(eng_record_open_gap(store, record, begin, sizeof word, list + 1), word);
    record->partner->ends[list + 1] |= ENG_LIST_BIG;
    record->partner->is_crowded = 1;
}

static uint32_t element_bytes(const struct eng_record *record, unsigned list)
{
    uint32_t bytes = record->layout->lists[list].element_bytes;
    return bytes != 0 ? bytes : 1u << record->partner->cell_code;
}

/* The most elements that an event adds to a list: all alerts may open at once. */
static uint32_t inserts_most(const struct eng_layout *layout, unsigned list)
{
    uint32_t alerts = layout->model->alert_count;
    eng_assert(list < layout->list_count);
    eng_assert(alerts <= ENG_ALERTS_MAX);
    if (layout->lists[list].kind == ENG_LIST_CLAIMS)
        return layout->claims_most;
    if (layout->lists[list].kind == ENG_LIST_SUMS)
        return (uint32_t)ENG_INSERTS_MAX + layout->model->number_count;
    return layout->lists[list].kind == ENG_LIST_OPENINGS && alerts > ENG_INSERTS_MAX
               ? alerts
               : (uint32_t)ENG_INSERTS_MAX;
}

/* Moves an inline list to the heap. */
static enum eng_status move_out(struct eng_store *store, struct eng_record *record, unsigned list)
{
    uint32_t bytes = element_bytes(record, list);
    struct eng_list view = eng_record_list(record, list, bytes);
    eng_assert(list < record->layout->list_count);
    eng_assert(view.bytes >= sizeof(void *));
    uint64_t word = eng_big_list_new(store, list, bytes, view.data, view.bytes);
    if (word == 0)
        return ENG_NO_MEMORY;
    eng_record_make_big(store, record, list, word);
    return eng_slab_reserve(&store->slab);
}

uint64_t eng_big_list_new(struct eng_store *store, unsigned list, uint32_t element,
                          const uint8_t *data, uint32_t bytes)
{
    uint32_t count = bytes / element, size = heap_element_bytes(element);
    uint32_t capacity = count * 2 + inserts_most(store->layout, list);
    eng_assert(bytes % element == 0);
    struct eng_big_list *big = eng_calloc(1, sizeof *big);
    uint8_t *copy = eng_calloc(capacity, size);
    if (big == NULL || copy == NULL) {
        eng_free(big);
        eng_free(copy);
        return 0;
    }
    *big = (struct eng_big_list){copy, count, capacity};
    if (bytes > 0 && data != NULL)
        memcpy(copy, data, bytes);
    store->heap_bytes += sizeof *big + (uint64_t)capacity * size;
    eng_assert((uintptr_t)big != 0);
    return (uint64_t)(uintptr_t)big;
}

/* Makes room for `inserts` more elements. */
static enum eng_status grow_big(struct eng_store *store, struct eng_big_list *big, uint32_t size,
                                uint32_t inserts)
{
    eng_assert(big->data != NULL);
    eng_assert(big->count <= big->capacity);
    if (big->count + inserts <= big->capacity)
        return ENG_OK;
    uint32_t capacity = big->capacity * 2 + inserts;
    uint8_t *data = eng_realloc(big->data, (size_t)capacity * size);
    if (data == NULL)
        return ENG_NO_MEMORY;
    store->heap_bytes += (uint64_t)(capacity - big->capacity) * size;
    big->data = data;
    big->capacity = capacity;
    return ENG_OK;
}

enum eng_status eng_record_prepare_slow(struct eng_store *store, struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    enum eng_status status = ENG_OK;
    bool crowded = false;
    eng_assert(record->number < store->count);
    eng_assert(store->slab.spare_count > 0);
    for (unsigned list = 0; status == ENG_OK && list < layout->list_count; list++) {
        uint32_t bytes = eng_record_end(record, list) - eng_record_begin(record, list);
        bool big = eng_record_is_big(record, list);
        crowded |= big || bytes > layout->lists[list].easy_bytes;
        if (layout->lists[list].kind == ENG_LIST_SEEN || layout->lists[list].kind == ENG_LIST_HELD)
            continue; /* seen.c and held.c look after their own */
        if (big)
            status = grow_big(store, eng_record_big(record, list),
                              heap_element_bytes(element_bytes(record, list)),
                              inserts_most(layout, list));
        else if (bytes > layout->lists[list].easy_bytes)
            status = move_out(store, record, list);
    }
    record->partner->is_crowded = crowded;
    return status;
}

enum eng_status eng_record_make_room(struct eng_store *store, struct eng_record *record,
                                     unsigned list, uint32_t elements)
{
    eng_assert(list < record->layout->list_count);
    eng_assert(eng_record_is_big(record, list));
    return grow_big(store, eng_record_big(record, list),
                    heap_element_bytes(element_bytes(record, list)), elements);
}

void eng_record_make_empty(struct eng_store *store, struct eng_record *record, unsigned list)
{
    uint64_t word = eng_record_word(record, list);
    eng_assert(list < record->layout->list_count);
    eng_assert(eng_record_is_big(record, list));
    eng_big_word_free(store, record->layout, list, word);
    record->partner->ends[list + 1] &= (uint16_t)ENG_LIST_END;
    eng_record_erase(record, list, 0, sizeof word, 1);
}

/* Of a list that may get so many more elements: it is on the heap, with room, or short enough to
 * stay where it is. */
static enum eng_status prepare_list(struct eng_store *store, struct eng_record *record,
                                    unsigned list, uint32_t elements)
{
    uint32_t bytes = element_bytes(record, list);
    uint32_t used = eng_record_end(record, list) - eng_record_begin(record, list);
    eng_assert(elements > 0);
    eng_assert(list < record->layout->list_count);
    if (!eng_record_is_big(record, list) &&
        used + elements * bytes > record->layout->lists[list].easy_bytes) {
        struct eng_list view = eng_record_list(record, list, bytes);
        uint64_t word = eng_big_list_new(store, list, bytes, view.data, view.bytes);
        if (word == 0)
            return ENG_NO_MEMORY;
        eng_record_make_big(store, record, list, word);
        if (eng_slab_reserve(&store->slab) != ENG_OK)
            return ENG_NO_MEMORY;
    }
    return eng_record_is_big(record, list) ? eng_record_make_room(store, record, list, elements)
                                           : ENG_OK;
}

enum eng_status eng_record_prepare_many(struct eng_store *store, struct eng_record *record,
                                        uint32_t times)
{
    const struct eng_layout *layout = record->layout;
    enum eng_status status = ENG_OK;
    eng_assert(times > 0 && times <= ENG_HELD_MAX + 1);
    eng_assert(record->number < store->count);
    for (unsigned list = 0; status == ENG_OK && list < layout->list_count; list++)
        if (layout->lists[list].kind != ENG_LIST_SEEN && layout->lists[list].kind != ENG_LIST_HELD)
            status = prepare_list(store, record, list, times * inserts_most(layout, list));
    return status;
}

/* True when a smaller block would do for a record that wants so much. */
static bool is_roomy(uint8_t class, uint32_t wanted)
{
    return wanted + wanted / 4 + 16 <= eng_slab_class_bytes(class);
}

void eng_record_trim(struct eng_store *store, struct eng_record *record)
{
    uint32_t used = eng_record_used(record), wanted = used + slack_bytes(used);
    eng_assert(record->number < store->count);
    eng_assert(store->slab.spare_count > 0);
    if (is_roomy(record->partner->class, wanted) ||
        eng_slab_is_left(&store->slab, store->handles[record->number]))
        move_record(store, record, wanted);
}

enum eng_status eng_store_reserve_erase(struct eng_store *store)
{
    eng_assert(store->free_count <= store->free_capacity);
    eng_assert(store->free_count <= store->count);
    if (store->free_count < store->free_capacity)
        return ENG_OK;
    uint32_t capacity = store->free_capacity * 2 + HANDLES_MIN;
    uint32_t *numbers = eng_realloc(store->free_numbers, capacity * sizeof *numbers);
    if (numbers == NULL)
        return ENG_NO_MEMORY;
    store->free_numbers = numbers;
    store->free_capacity = capacity;
    return ENG_OK;
}

uint64_t eng_store_take_out(struct eng_store *store, uint64_t slot)
{
    struct eng_slot *slots = store->slots;
    uint32_t number = slots[slot].number;
    eng_assert(number < store->count && !eng_store_has(store, number));
    eng_assert(store->free_count < store->free_capacity);
    store->free_numbers[store->free_count++] = number;
    for (;; slot++) {
        const struct eng_slot *behind = &slots[slot + 1];
        if (behind->number == ENG_PARTNER_NONE ||
            ((uint64_t)behind->tag * store->slot_count) >> 32 > slot)
            break;
        slots[slot] = *behind;
    }
    slots[slot] = (struct eng_slot){UINT32_MAX, ENG_PARTNER_NONE};
    return slot;
}

void eng_store_give(struct eng_store *store, const struct eng_record *record)
{
    eng_assert(record->number < store->count);
    eng_assert(eng_store_at(store, record->number) == record->partner);
    eng_record_free_lists(store, record, false);
    eng_slab_give(&store->slab, store->handles[record->number], record->partner->class);
    store->handles[record->number] = ENG_SLAB_NONE;
}

void eng_record_replace(struct eng_store *store, struct eng_record *record)
{
    struct eng_partner *old = eng_store_at(store, record->number);
    uint32_t used = eng_record_used(record), wanted = used + slack_bytes(used);
    uint32_t old_handle = store->handles[record->number];
    uint8_t old_class = old->class, class = eng_slab_class(wanted);
    bool stays = used <= eng_slab_class_bytes(old_class) && !is_roomy(old_class, wanted);
    eng_assert(record->layout == store->layout);
    eng_assert(record->partner != old);
    if (!stays)
        store->handles[record->number] = eng_slab_alloc(&store->slab, class);
    memcpy(eng_store_at(store, record->number), record->partner, used);
    record->partner = eng_store_at(store, record->number);
    record->partner->class = stays ? old_class : class;
    if (!stays)
        eng_slab_give(&store->slab, old_handle, old_class);
}

void eng_store_sweep(struct eng_store *store, uint32_t count)
{
    eng_assert(store->layout != NULL);
    eng_assert(store->sweep <= store->count);
    count = count < store->count ? count : store->count;
    for (; count > 0 && store->slab.spare_count >= store->slab.spare_target; count--) {
        if (store->sweep == store->count)
            store->sweep = 0;
        if (eng_store_has(store, store->sweep) &&
            eng_slab_is_left(&store->slab, store->handles[store->sweep])) {
            struct eng_record record = eng_record_open(store, store->sweep);
            eng_record_trim(store, &record);
        }
        store->sweep++;
    }
}

void eng_record_widen_totals(struct eng_store *store, struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    unsigned code = record->partner->total_code;
    eng_assert(code < 3);
    eng_assert(layout->total_count > 0);
    (void)eng_record_open_gap(store, record, layout->fixed_bytes + (layout->total_count << code),
                              layout->total_count << code, 0);
    uint8_t *totals = eng_record_totals(record);
    for (uint32_t i = layout->total_count; i-- > 0;)
        eng_store_wide(totals + ((size_t)i << (code + 1)), code + 1,
                       eng_load_wide(totals + ((size_t)i << code), code));
    record->partner->total_code = (code + 1) & 3;
}

void eng_record_widen_cells(struct eng_store *store, struct eng_record *record)
{
    unsigned list = record->layout->list_cells;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(record->partner->cell_code < 3);
    if (!eng_record_is_big(record, list)) {
        uint32_t end = eng_record_end(record, list), bytes = end - eng_record_begin(record, list);
        (void)eng_record_open_gap(store, record, end, bytes, list + 1);
        record->partner->is_crowded = 1;
    }
    record->partner->cell_code = (record->partner->cell_code + 1) & 3;
}

/* ---- the deep check ---- */

static void check_record(const struct eng_store *store, uint32_t number)
{
    struct eng_record record = eng_record_open(store, number);
    eng_assert(eng_record_used(&record) <= eng_slab_class_bytes(record.partner->class));
    eng_assert(record.partner->id_bytes > 0);
    for (uint32_t list = 0; list < store->layout->list_count; list++) {
        uint32_t begin = eng_record_begin(&record, list), end = eng_record_end(&record, list);
        eng_assert(begin <= end);
        if (!record.partner->is_crowded)
            eng_assert(!eng_record_is_big(&record, list) &&
                       end - begin <= store->layout->lists[list].easy_bytes);
    }
    struct eng_slice id = eng_partner_id(record.partner);
    eng_assert(eng_store_find(store, eng_hash(id.data, id.length), id) == number);
}

void eng_store_check(const struct eng_store *store)
{
    eng_assert(store->count <= store->handle_capacity);
    eng_assert(!slots_full(store->slot_count, store->count));
    uint64_t taken = 0, tag = 0;
    for (uint64_t i = 0; i < store->slot_count + store->slots_behind; i++) {
        if (store->slots[i].number == ENG_PARTNER_NONE)
            continue;
        taken++;
        eng_assert(store->slots[i].tag >= tag);
        tag = store->slots[i].tag;
    }
    eng_assert(taken == eng_store_partners(store));
    for (uint32_t number = 0; number < store->count; number++)
        if (eng_store_has(store, number))
            check_record(store, number);
    for (uint32_t i = 0; i < store->free_count; i++)
        eng_assert(!eng_store_has(store, store->free_numbers[i]));
}
