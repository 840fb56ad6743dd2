/* Event ids that a partner has had counted within `dedup` (S6).
 *
 * An id is kept as one integer: 56 bits of its hash and the low 8 bits of the clock's pane when it
 * was counted, relative to the newest such pane (which stands in the fixed part), so the pane is
 * exact whatever the time passed. Two ids of one partner meet by chance with a probability of 2^-56
 * per pair: with a billion events a day and ten ids a partner, one false duplicate in some twenty
 * thousand years. In windows of 250 panes or more, 16 bits hold the pane and 48 the hash.
 *
 * Small sets are a list in the order of counting; from ENG_SEEN_INLINE ids on it is a hash set on
 * the heap, so that a partner with a million ids costs no more per event. */
#ifndef ENG_ENGINE_SEEN_H
#define ENG_ENGINE_SEEN_H

#include "engine/store.h"

enum { ENG_SEEN_BITS_SMALL = 8, ENG_SEEN_BITS_LARGE = 16 };

/* Bits of an id for its pane; windows up to 249 panes get along with 8. */
static inline uint8_t eng_seen_bits(uint32_t dedup)
{
    return dedup < 250 ? ENG_SEEN_BITS_SMALL : ENG_SEEN_BITS_LARGE;
}

/* Before the event is applied: makes room for one more id. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_seen_prepare_slow(struct eng_store *store, struct eng_record *record,
                                      int32_t clock_pane);
static inline enum eng_status eng_seen_prepare(struct eng_store *store, struct eng_record *record,
                                               int32_t clock_pane)
{
    return __builtin_expect(record->partner->is_crowded, 0)
               ? eng_seen_prepare_slow(store, record, clock_pane)
               : ENG_OK;
}

/* True when the id (by its hash) was counted while the clock was at most `dedup` panes back. */
bool eng_seen_has(const struct eng_record *record, int32_t clock_pane, uint64_t hash);

/* Remembers an id that is not there, and forgets those that are too old. Cannot fail after prepare.
 */
void eng_seen_add(struct eng_store *store, struct eng_record *record, int32_t clock_pane,
                  uint64_t hash);

/* Forgets ids that are too old, to save memory: changes no answer. */
void eng_seen_expire(struct eng_record *record, int32_t clock_pane);

#endif
