/* Texts that partitions have seen, such as the numbers of invoices: who had one before at another
 * partner. Part of what is gathered (gather.h).
 *
 * A text is judged with the moment that it is of, against all that are judged before it: of earlier
 * moments, and of the same one those of an earlier time, then of a lesser partner's id. It is one
 * too many when another partner's, less than `over_ms` apart, is among them. Of such the first one
 * is named. What comes after its moment was given out is late and not judged, but others are held
 * against it.
 *
 * Texts stay until nothing that comes can be so near to them; then their records are needed no
 * more, nor are those of a partner who is erased. Some 150 bytes each.
 *
 * Pure: the same records give the same. One thread at a time. */
#ifndef ENG_STREAM_SIGHTINGS_H
#define ENG_STREAM_SIGHTINGS_H

#include "stream/sums.h"

struct eng_sightings;

/* ENG_OK or ENG_NO_MEMORY; free with eng_sightings_free. */
enum eng_status eng_sightings_new(struct eng_sightings **ret_sightings);
void eng_sightings_free(struct eng_sightings *sightings);

/* Takes a copy of a record of kind SEEN. Offsets rise. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sightings_take(struct eng_sightings *sightings, const struct eng_sums *sums,
                                   int64_t offset);

/* A tombstone: is it of a text? Then it is taken. ENG_OK, ENG_NOT_FOUND or ENG_NO_MEMORY. */
enum eng_status eng_sightings_forget(struct eng_sightings *sightings, const char *key,
                                     size_t key_bytes, int64_t offset);

/* All that is known of a partner by now is needed no more. */
void eng_sightings_erase(struct eng_sightings *sightings, uint64_t partner_hash);

/* The oldest moment after given_ms that any of them is of; -1: there is none. */
int64_t eng_sightings_oldest(struct eng_sightings *sightings, int64_t given_ms);

/* A text that came twice. */
struct eng_twice {
    uint32_t partition;
    struct eng_flag flag; /* refers to the sightings */
};

/* Judges those of the moments after given_ms up to at_ms. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sightings_judge(struct eng_sightings *sightings, int64_t given_ms,
                                    int64_t at_ms);

/* How many were judged the last time. */
uint32_t eng_sightings_judged(const struct eng_sightings *sightings);

/* The next finding, in the order of moments, times, partitions and offsets; NULL: there are no
 * more. Borrowed until the next call. */
const struct eng_twice *eng_sightings_next(struct eng_sightings *sightings);

/* The key of a record that is needed no more, as of a moment that was given out, and only such as
 * are of an erased partner when `erased`. False: there are no more. *ret_key is borrowed until the
 * next call. */
bool eng_sightings_spent(struct eng_sightings *sightings, int64_t given_ms, bool erased,
                         struct eng_slice *ret_key);

/* The lowest offset of those that are needed, or `next`. */
int64_t eng_sightings_low_water(const struct eng_sightings *sightings, int64_t next);

#endif
