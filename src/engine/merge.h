/* Merges what the partitions of an input tell of a group at one moment: their sums added up.
 *
 * A partition tells a moment once, everybody together first and then the segments. When all have,
 * the moment is complete and its results are given out in the order of the groups and segments, by
 * whichever partition came last. Moments of which some partition never tells (it has no events, or
 * it is under another model then) are given out at the end, with the number of those that did.
 *
 * Pure: no I/O, no clock; the same takes give the same results. One thread at a time. */
#ifndef ENG_ENGINE_MERGE_H
#define ENG_ENGINE_MERGE_H

#include "engine/model.h"
#include <engaged/effect.h>

struct eng_merge;

/* For so many partitions, at least 1. ENG_OK or ENG_NO_MEMORY; free with eng_merge_free. */
enum eng_status eng_merge_new(uint32_t partitions, struct eng_merge **ret_merge);

/* NULL is fine. */
void eng_merge_free(struct eng_merge *merge);

/* Takes a group's result (ENG_EFFECT_GROUP) of one more partition, in the order in which that
 * tells; the model, under which it was told, must live as long as the merge. ENG_OK or
 * ENG_NO_MEMORY (nothing has changed). */
enum eng_status eng_merge_take(struct eng_merge *merge, const struct eng_model *model,
                               const struct eng_effect *effect);

/* Gives out the next merged result, an effect like those that came in, of as many partitions as
 * effect->partitions says; NULL: there is none. Of moments that all partitions have told, or with
 * `all` of whatever has been told, the oldest first. To be called when all results of one moment of
 * a partition have been taken (the engine tells them in one buffer), until it gives NULL. Borrowed
 * until the next call. */
const struct eng_effect *eng_merge_next(struct eng_merge *merge, bool all,
                                        const struct eng_model **ret_model);

#endif
