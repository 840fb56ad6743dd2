/* Event ids that a partner has had counted within `dedup` (S6).
 *
 * An id is kept as one integer: 48 bits of its hash and the low 8 bits of the clock's pane when it
 * was counted, relative to the pane that the record is true of. In windows of 250 panes or more, 16
 * bits hold the pane. Two ids of one partner meet by chance with a probability of 2^-48 per pair:
 * with a billion events a day and ten ids a partner, one false duplicate in some seventy years.
 *
 * Small sets are a list in the order of counting; from ENG_SEEN_INLINE ids on it is a hash set on
 * the heap, so that a partner with a million ids costs no more per event: one more cache line,
 * which can be prefetched from the record alone. */
#ifndef ENG_ENGINE_SEEN_H
#define ENG_ENGINE_SEEN_H

#include "engine/store.h"

enum { ENG_SEEN_PRINT_BITS = 48 };

/* Bits of an id for its pane; windows up to 249 panes get along with 8. */
static inline uint8_t eng_seen_bits(uint32_t dedup)
{
    return dedup < 250 ? 8 : 16;
}

/* An id without its pane, at its place in an entry. */
static inline uint64_t eng_seen_print(const struct eng_layout *layout, uint64_t hash)
{
    return hash >> (64 - ENG_SEEN_PRINT_BITS) << layout->seen_bits;
}

/* An entry of the list form is 7 bytes wide, or 8; what is before a list belongs to the record too.
 */
static inline uint64_t eng_seen_load(const uint8_t *at, uint32_t bytes)
{
    return eng_load_u64(at + bytes - 8) >> (64 - 8 * bytes);
}

static inline void eng_seen_store(uint8_t *at, uint32_t bytes, uint64_t entry)
{
    if (bytes == 8)
        eng_store_u64(at, entry);
    else
        eng_store_u64(at - 1, entry << 8 | at[-1]);
}

/* Before the event is applied: makes room for one more id. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_seen_prepare_slow(struct eng_store *store, struct eng_record *record);
static inline enum eng_status eng_seen_prepare(struct eng_store *store, struct eng_record *record)
{
    return __builtin_expect(record->partner->is_crowded, 0) ? eng_seen_prepare_slow(store, record)
                                                            : ENG_OK;
}

/* True when the id (by its hash) was counted while the clock was at most `dedup` panes back. */
bool eng_seen_has_slow(const struct eng_record *record, int32_t clock_pane, uint64_t hash);
static inline bool eng_seen_has(const struct eng_record *record, int32_t clock_pane, uint64_t hash)
{
    const struct eng_layout *layout = record->layout;
    const struct eng_partner *partner = record->partner;
    const uint8_t *at = (const uint8_t *)partner + eng_record_begin(record, layout->list_seen);
    const uint8_t *end = (const uint8_t *)partner + eng_record_end(record, layout->list_seen);
    uint64_t print = eng_seen_print(layout, hash), panes = (1ull << layout->seen_bits) - 1;
    uint32_t bytes = layout->seen_bytes;
    if (__builtin_expect(eng_record_is_big(record, layout->list_seen), 0))
        return eng_seen_has_slow(record, clock_pane, hash);
    for (; at < end; at += bytes)
        if (__builtin_expect((eng_seen_load(at, bytes) ^ print) <= panes, 0))
            return eng_seen_has_slow(record, clock_pane, hash);
    return false;
}

/* Remembers an id that is not there; the record is true as of the clock's pane. Cannot fail after
 * prepare. */
void eng_seen_add_slow(struct eng_record *record, uint64_t hash);
static inline void eng_seen_add(struct eng_store *store, struct eng_record *record, uint64_t hash)
{
    const struct eng_layout *layout = record->layout;
    unsigned list = layout->list_seen, bits = layout->seen_bits;
    if (__builtin_expect(eng_record_is_big(record, list), 0)) {
        eng_seen_add_slow(record, hash);
        return;
    }
    uint8_t *gap = eng_record_append(store, record, list, layout->seen_bytes);
    uint64_t pane = (uint32_t)record->partner->as_of & ((1u << bits) - 1);
    eng_seen_store(gap, layout->seen_bytes, eng_seen_print(layout, hash) | pane);
}

/* Prefetches the place of an id in a set. */
void eng_seen_prefetch(const struct eng_record *record, uint64_t hash);

/* Frees the set that the word of a record stands for; the bytes that it took. */
uint64_t eng_seen_free(uint64_t word);

/* A set as bytes, for pages: the pane (i32) that no entry is much older than, then its entries
 * (u64), in no order. Only of a record whose ids are in a set. */
uint32_t eng_seen_set_bytes(const struct eng_record *record);
void eng_seen_set_write(const struct eng_record *record, uint8_t *to);
bool eng_seen_set_is_well_formed(const uint8_t *data, uint32_t bytes);

/* A set of such bytes: the word that stands for it in a record. 0: no memory. */
uint64_t eng_seen_set_read(struct eng_store *store, const uint8_t *data, uint32_t bytes);

/* For a record of another layout (carry.h): writes the ids of a list that count there; returns
 * their bytes. */
uint32_t eng_seen_copy(const struct eng_record *from, const struct eng_layout *to, uint8_t *at);

/* The same for a set: the word that stands for it, to be put in the other record in place of this
 * one. What is too old here does not come along. */
uint64_t eng_seen_move(const struct eng_record *from);

/* Before the record becomes true of `as_of`: forgets ids that are too old by then, which changes no
 * answer. Those that are left are told apart by the low bits of their panes. */
void eng_seen_expire(struct eng_record *record, int32_t as_of);

#endif
