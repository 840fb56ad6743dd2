/* Gathers what partitions tell of groups and boards (sums.h), and gives out the results of all of
 * them together.
 *
 * A partition tells the results of one moment one after the other, and says with the last that it
 * was; its moments come in the order of time. So a moment is complete when every partition has
 * told it or a later one, or has said that it has no events and tells nothing up to then. Moments
 * become complete in their order. Then their results are given out: by model, group and segment,
 * summed over those partitions that have told them. What comes of a moment after that is late, and
 * counts no more.
 *
 * A board says what places its partners had on the board before. For that, what it was made of
 * stays until the next one of its name is given out, though not for longer than a year and a month.
 * A partner who is erased leaves all of it: those records are written again without him, and then
 * that he is gone needs no record any more.
 *
 * Texts that checks look for at all partners (sightings.h) are judged with the moments that they
 * are of, and told behind their results.
 *
 * It can be forgotten at any time, and be made again by taking the same records from low water on,
 * as long as somebody remembers up to which moment results have been given out.
 *
 * Pure: the same records give the same results. One thread at a time. */
#ifndef ENG_STREAM_GATHER_H
#define ENG_STREAM_GATHER_H

#include "stream/sightings.h"
#include "stream/sums.h"

struct eng_gather;

/* For so many partitions, at least 1, with everything up to given_ms given out before (-1:
 * nothing). ENG_OK or ENG_NO_MEMORY; free with eng_gather_free. */
enum eng_status eng_gather_new(uint32_t partitions, int64_t given_ms,
                               struct eng_gather **ret_gather);

/* NULL is fine. */
void eng_gather_free(struct eng_gather *gather);

/* A record as it comes. Value NULL: a tombstone. */
struct eng_gather_record {
    const void *key, *value;
    size_t key_bytes, value_bytes;
    int64_t offset; /* greater than that of the one before */
};

/* Takes a copy of a record. ENG_OK, ENG_NO_MEMORY, or ENG_CORRUPT (it is none, or of a partition
 * that there is not: nothing has changed). */
enum eng_status eng_gather_take(struct eng_gather *gather, const struct eng_gather_record *record,
                                struct eng_error *err);

/* The oldest moment whose results can be given out; -1: there is none. */
int64_t eng_gather_ready(const struct eng_gather *gather);

/* The oldest moment that anything has been taken of and that has not been given out; -1: there is
 * none. */
int64_t eng_gather_oldest(const struct eng_gather *gather);

/* The lowest of the partitions that have not told a moment, nor passed it; -1: there is none. */
int32_t eng_gather_missing(const struct eng_gather *gather, int64_t at_ms);

/* Begins to give out everything up to a moment. It counts as given from now on. ENG_OK, or
 * ENG_NO_MEMORY: nothing has changed. */
enum eng_status eng_gather_open(struct eng_gather *gather, int64_t at_ms);

/* The next of those results; NULL: there are no more. Borrowed until the next call. */
const struct eng_group_result *eng_gather_next(struct eng_gather *gather);

/* When that result is a board (`top`): its places. Borrowed until the next call of the other. */
const struct eng_board_result *eng_gather_board(const struct eng_gather *gather);

/* Were any texts judged with the moments that were opened last? Then it has to be remembered that
 * they were, even if there is nothing to tell. */
bool eng_gather_judged(const struct eng_gather *gather);

/* Behind them, the next text that came at two partners; NULL: there are no more. Borrowed until the
 * next call. */
const struct eng_twice *eng_gather_twice(struct eng_gather *gather);

/* A record that is needed no more: of a moment that was given out, or late. False: there are no
 * more, or only such as stay for the next board. *ret_key is borrowed until the next call. To be
 * called when no result is left. */
bool eng_gather_spent(struct eng_gather *gather, struct eng_slice *ret_key);

/* Is there word of partners who are gone, that is to be dealt with? Then, while nothing is being
 * given out, eng_gather_changed gives the next record that has to be written again (NULL: there are
 * no more; borrowed until the next call), and behind the last of them eng_gather_gone the next key
 * that needs no record any more, as eng_gather_spent does. */
bool eng_gather_has_gone(const struct eng_gather *gather);
const struct eng_sums *eng_gather_changed(struct eng_gather *gather);
bool eng_gather_gone(struct eng_gather *gather, struct eng_slice *ret_key);

/* Where reading has to begin to have all that is needed; `next`: where it goes on. */
int64_t eng_gather_low_water(const struct eng_gather *gather, int64_t next);

/* Up to which moment results have been given out; -1: none. */
int64_t eng_gather_given(const struct eng_gather *gather);

/* Records that have come too late so far. */
uint64_t eng_gather_late(const struct eng_gather *gather);

#endif
