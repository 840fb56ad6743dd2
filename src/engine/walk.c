/* Walks over the partner table: see walk.h. Cost: one bit a slot, and what is marked. */
#include "engine/walk.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/hash.h"

enum { PREFETCH_AHEAD = 12 };

void eng_walk_done(struct eng_walk *walk)
{
    eng_assert(walk != NULL);
    eng_free(walk->marks);
    *walk = (struct eng_walk){0};
}

enum eng_status eng_walk_begin(struct eng_walk *walk, struct eng_store *store)
{
    eng_assert(store->slots != NULL);
    eng_assert(walk->waiting == 0);
    /* The room for one more partner is made now: those who are visited reserve it as well, and the
     * table may not grow then, since the marks are of its slots. */
    if (eng_store_reserve(store) != ENG_OK)
        return ENG_NO_MEMORY;
    uint64_t words = (store->slot_count + store->slots_behind + 63) / 64;
    if (words > walk->mark_words) {
        uint64_t *marks = eng_calloc(words, sizeof *marks);
        if (marks == NULL)
            return ENG_NO_MEMORY;
        eng_free(walk->marks);
        walk->marks = marks;
        walk->mark_words = words;
    }
    walk->next = walk->ahead = 0;
    walk->ahead_count = 0;
    return ENG_OK;
}

static void mark(struct eng_walk *walk, uint64_t slot)
{
    walk->marks[slot / 64] |= 1ull << slot % 64;
    walk->waiting++;
}

void eng_walk_mark(struct eng_walk *walk, const struct eng_store *store, uint32_t number)
{
    uint64_t slot = eng_store_slot(store, number);
    eng_assert(slot / 64 < walk->mark_words);
    eng_assert(!eng_walk_waits(walk, slot));
    mark(walk, slot);
}

void eng_walk_mark_all(struct eng_walk *walk, const struct eng_store *store)
{
    eng_assert(walk->waiting == 0);
    eng_assert(walk->mark_words * 64 >= store->slot_count + store->slots_behind);
    for (uint64_t slot = 0; slot < store->slot_count + store->slots_behind; slot++)
        if (store->slots[slot].number != ENG_PARTNER_NONE)
            mark(walk, slot);
}

void eng_walk_mark_rest(struct eng_walk *walk, const struct eng_store *store)
{
    eng_assert(walk->mark_words * 64 >= store->slot_count + store->slots_behind);
    for (uint64_t slot = 0; slot < store->slot_count + store->slots_behind; slot++)
        if (store->slots[slot].number != ENG_PARTNER_NONE && !eng_walk_waits(walk, slot))
            mark(walk, slot);
    walk->next = walk->ahead = 0;
    walk->ahead_count = 0;
}

/* The order of two partners: hash, then id. */
static bool comes_before(struct eng_slice a, struct eng_slice b)
{
    uint64_t hash_a = eng_hash(a.data, a.length), hash_b = eng_hash(b.data, b.length);
    eng_assert(a.length > 0);
    eng_assert(b.length > 0);
    if (hash_a != hash_b)
        return hash_a < hash_b;
    return eng_text_order(a, b) < 0;
}

static struct eng_slice id_at(const struct eng_store *store, uint64_t slot)
{
    eng_assert(store->slots[slot].number != ENG_PARTNER_NONE);
    eng_assert(eng_store_has(store, store->slots[slot].number));
    return eng_partner_id(eng_store_at(store, store->slots[slot].number));
}

bool eng_walk_is_before(const struct eng_store *store, uint64_t slot, struct eng_slice id)
{
    return comes_before(id_at(store, slot), id);
}

/* The first marked slot from `from` on; one behind all marks when there is none. */
static uint64_t next_marked(const struct eng_walk *walk, uint64_t from)
{
    uint64_t word = from / 64, bits;
    if (word == walk->mark_words)
        return word * 64;
    bits = walk->marks[word] >> from % 64 << from % 64;
    while (bits == 0) {
        if (++word == walk->mark_words)
            return word * 64;
        bits = walk->marks[word];
    }
    return word * 64 + (uint64_t)__builtin_ctzll(bits);
}

/* Prefetches the records of partners that will be visited soon. */
static void prefetch_ahead(struct eng_walk *walk, const struct eng_store *store)
{
    uint64_t end = walk->mark_words * 64;
    eng_assert(walk->waiting > 0);
    eng_assert(walk->ahead_count <= PREFETCH_AHEAD);
    while (walk->ahead < end && walk->ahead_count < PREFETCH_AHEAD) {
        walk->ahead = next_marked(walk, walk->ahead);
        if (walk->ahead == end)
            return;
        eng_store_prefetch_record(store, store->slots[walk->ahead].number);
        walk->ahead++;
        walk->ahead_count++;
    }
}

/* Of those with the same tag as the first marked one, the first in order. */
uint64_t eng_walk_next(struct eng_walk *walk, const struct eng_store *store)
{
    const struct eng_slot *slots = store->slots;
    prefetch_ahead(walk, store);
    walk->next = next_marked(walk, walk->next);
    uint64_t best = walk->next;
    eng_assert(best < walk->mark_words * 64);
    for (uint64_t slot = best + 1;
         slots[slot].tag == slots[best].tag && slots[slot].number != ENG_PARTNER_NONE; slot++)
        if (eng_walk_waits(walk, slot) && comes_before(id_at(store, slot), id_at(store, best)))
            best = slot;
    eng_assert(eng_walk_waits(walk, best));
    return best;
}

void eng_walk_visited(struct eng_walk *walk, uint64_t slot)
{
    eng_assert(eng_walk_waits(walk, slot));
    eng_assert(walk->waiting > 0);
    walk->marks[slot / 64] &= ~(1ull << slot % 64);
    walk->waiting--;
    walk->ahead_count -= walk->ahead_count > 0;
}

/* Moves the mark of the slot behind this one into it. */
static void pull(struct eng_walk *walk, uint64_t slot)
{
    uint64_t bit = 1ull << slot % 64, behind = slot + 1;
    if (walk->marks[behind / 64] >> behind % 64 & 1)
        walk->marks[slot / 64] |= bit;
    else
        walk->marks[slot / 64] &= ~bit;
}

void eng_walk_moved(struct eng_walk *walk, uint64_t at, uint64_t last)
{
    eng_assert(at <= last);
    if (walk->waiting == 0)
        return;
    eng_assert(last / 64 < walk->mark_words);
    if (eng_walk_waits(walk, at))
        walk->waiting--;
    for (uint64_t slot = at; slot < last; slot++)
        pull(walk, slot);
    walk->marks[last / 64] &= ~(1ull << last % 64);
    if (at < walk->next)
        walk->next = at; /* what was first may have moved before it */
}

uint64_t eng_walk_bytes(const struct eng_walk *walk)
{
    eng_assert(walk->marks != NULL || walk->mark_words == 0);
    return walk->mark_words * sizeof *walk->marks;
}
