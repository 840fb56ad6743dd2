/* Looking after stored state while no daemon runs: `engaged state`.
 *
 * Works with an ordinary port that joins no group. One thread; calls wait. */
#ifndef ENG_STREAM_UPKEEP_H
#define ENG_STREAM_UPKEEP_H

#include "stream/state.h"
#include <engaged/engine.h>
#include <engaged/status.h>

struct eng_config;

/* What was found of a partition. */
struct eng_upkeep_partition {
    int32_t partition;
    enum eng_status status; /* ENG_OK, or what a daemon would be stopped by; `text` says why */
    const char *text;
    int64_t low, end;  /* of the input: first offset, last stable offset */
    int64_t committed; /* the group's offset; -1: none */
    bool has_commit;   /* there is a commit record, and it is the one that the group names */
    struct eng_commit commit;
    uint64_t partners; /* that the pages gave; 0 when they are not of this model */
    bool of_this_model;
    bool has_known; /* a measure was asked for, and there is state that can tell */
    struct eng_measure_known known;
};

typedef void eng_upkeep_visit(void *context, const struct eng_upkeep_partition *found);

/* Restores every partition, one after the other, as far as the state topic goes, and tells of each.
 * ENG_OK when all could be looked at, whatever was found; else the failure of the first that could
 * not be (broker, topic, permission, memory). */
enum eng_status eng_upkeep_verify(const struct eng_config *config, eng_upkeep_visit *visit,
                                  void *context, struct eng_error *err);

/* The same, and what is known of a measure of the configuration's model. */
enum eng_status eng_upkeep_measure(const struct eng_config *config, const char *measure,
                                   eng_upkeep_visit *visit, void *context, struct eng_error *err);

/* Makes the next start build the state anew: commits each of the group's offsets again, without the
 * text that names a commit record. *ret_count is how many. Waits up to wait_ms for a group that has
 * members: one with a kafka.instance stays one after its end, until its session times out. ENG_OK;
 * ENG_UNAVAILABLE when it still has some; failures as above. */
enum eng_status eng_upkeep_rebuild(const struct eng_config *config, int64_t wait_ms,
                                   uint32_t *ret_count, struct eng_error *err);

#endif
