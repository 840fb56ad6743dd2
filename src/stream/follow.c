/* A restore that does not end. See follow.h. */
#include "stream/follow.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include "stream/restore_inside.h"
#include <inttypes.h>

struct eng_follower {
    struct eng_restore_request request;
    struct eng_meta base; /* request.meta: life and model at low water that are followed */
    struct eng_restored found;
    struct eng_state_reader reader;
    struct eng_restore_progress progress; /* nobody looks at it */
};

enum eng_status eng_follower_new(const struct eng_restore_request *request,
                                 struct eng_follower **ret_follower, struct eng_error *err)
{
    eng_assert(request->meta != NULL);
    eng_assert(request->cancel != NULL && request->edition->config->recovery.checkpoints);
    struct eng_follower *follower = eng_calloc(1, sizeof *follower);
    if (follower == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a standby");
    follower->request = *request;
    follower->request.edition = eng_edition_hold(request->edition);
    follower->base = *request->meta;
    follower->request.meta = &follower->base;
    follower->request.progress = &follower->progress;
    follower->reader = (struct eng_state_reader){
        .request = &follower->request, .found = &follower->found, .follows = true};
    enum eng_status status = eng_state_reader_begin(&follower->reader, err);
    if (status == ENG_OK)
        *ret_follower = follower;
    else
        eng_follower_free(follower);
    return status;
}

void eng_follower_free(struct eng_follower *follower)
{
    if (follower == NULL)
        return;
    eng_assert(follower->reader.found == &follower->found);
    eng_assert(follower->reader.request == &follower->request);
    eng_state_reader_done(&follower->reader);
    eng_restored_done(&follower->found);
    eng_edition_release(follower->request.edition);
    eng_free(follower);
}

enum eng_status eng_follower_read(struct eng_follower *follower, struct eng_error *err)
{
    struct eng_state_reader *reader = &follower->reader;
    eng_assert(reader->follows);
    eng_assert(reader->status == ENG_OK);
    if (reader->outdated)
        return ENG_AGAIN;
    enum eng_status status = eng_state_reader_scan(reader, false, err);
    return status == ENG_OK && reader->outdated ? ENG_AGAIN : status;
}

void eng_follower_view(const struct eng_follower *follower, struct eng_follower_view *ret_view)
{
    const struct eng_engine *engine = follower->found.engine;
    eng_assert(ret_view != NULL);
    eng_assert(follower->reader.follows);
    *ret_view = (struct eng_follower_view){
        .next = follower->reader.next,
        .records = follower->reader.records,
        .partners = engine != NULL ? eng_engine_partner_count(engine) : 0,
        .memory_bytes = engine != NULL ? eng_engine_memory_bytes(engine) : 0,
    };
}

/* ---- handing over ---- */

/* Can what was read become the state of the record that is named now? */
static enum eng_follower_fate judge(const struct eng_follower *follower,
                                    const struct eng_restore_request *request,
                                    struct eng_error *err)
{
    const struct eng_meta *meta = request->meta, *base = &follower->base;
    const struct eng_state_reader *reader = &follower->reader;
    uint64_t most = follower->found.sequence > reader->page_sequence ? follower->found.sequence
                                                                     : reader->page_sequence;
    eng_assert(reader->follows);
    eng_assert(request->partition == follower->request.partition);
    if (reader->status != ENG_OK) {
        (void)eng_error_set(err, reader->status, "%s", reader->cause.text);
        return ENG_FOLLOWER_BROKEN;
    }
    if (meta == NULL || reader->outdated || meta->life != base->life ||
        meta->low_version != base->low_version) {
        (void)eng_error_set(err, ENG_CORRUPT, "it is of another model or of another life");
        return ENG_FOLLOWER_OUTDATED;
    }
    if (eng_restore_follows(request->edition, meta, request->partition, err) != ENG_OK)
        return ENG_FOLLOWER_OUTDATED; /* reading from the beginning is refused with the same words
                                       */
    if (most > meta->sequence) {
        (void)eng_error_set(err, ENG_CORRUPT,
                            "it has read of transaction %" PRIu64 ", but the group is at %" PRIu64,
                            most, meta->sequence);
        return ENG_FOLLOWER_AHEAD;
    }
    return ENG_FOLLOWER_TAKEN;
}

/* From now on it is an ordinary restore up to the named record. */
static void aim(struct eng_follower *follower, const struct eng_restore_request *request)
{
    struct eng_restored *found = &follower->found;
    eng_assert(follower->reader.follows);
    eng_assert(!found->has_commit);
    follower->reader.request = request;
    follower->reader.follows = false;
    found->has_commit = found->sequence == request->meta->sequence &&
                        follower->reader.record == request->meta->record;
    if (!ENG_RULE(STANDBY_REACHES_RECORD))
        found->has_commit = found->sequence > 0;
}

/* And back. */
static void aim_back(struct eng_follower *follower)
{
    eng_assert(!follower->reader.follows);
    eng_assert(follower->reader.found == &follower->found);
    follower->reader.request = &follower->request;
    follower->reader.follows = true;
}

/* Reads what is left up to the named record. */
static enum eng_status read_rest(struct eng_follower *follower,
                                 const struct eng_restore_request *request, struct eng_error *err)
{
    int64_t bounds[2] = {0, 0};
    eng_assert(!follower->reader.follows);
    eng_assert(follower->reader.status == ENG_OK);
    enum eng_status status =
        request->port->ops->bounds(request->port, ENG_TOPIC_STATE, request->partition, bounds, err);
    atomic_store(&request->progress->next, follower->reader.next);
    atomic_store(&request->progress->end, bounds[1]);
    if (status == ENG_OK && !follower->found.has_commit)
        status = eng_state_reader_scan(&follower->reader, true, err);
    return status;
}

/* Was it only the broker, or who asked? Then all that was read is as good as before. */
static bool may_wait(const struct eng_follower *follower, enum eng_status status)
{
    const struct eng_state_reader *reader = &follower->reader;
    eng_assert(!reader->follows);
    eng_assert(reader->status == ENG_OK || status != ENG_OK);
    return reader->status == ENG_OK &&
           (eng_status_class(status) == ENG_CLASS_RETRY || atomic_load(reader->request->cancel));
}

enum eng_follower_fate eng_follower_finish(struct eng_follower *follower,
                                           const struct eng_restore_request *request,
                                           struct eng_restored *ret_restored, struct eng_error *err)
{
    struct eng_restored *found = &follower->found;
    uint64_t before = follower->reader.records;
    enum eng_follower_fate fate = judge(follower, request, err);
    eng_assert(ret_restored->engine == NULL && ret_restored->journal.count == 0);
    eng_assert(fate < ENG_FOLLOWER_FATES);
    if (fate != ENG_FOLLOWER_TAKEN)
        return fate;
    aim(follower, request);
    enum eng_status status = read_rest(follower, request, err);
    bool waits = may_wait(follower, status);
    aim_back(follower);
    if (waits) {
        found->has_commit = false;
        return ENG_FOLLOWER_WAITS;
    }
    if (status == ENG_OK)
        status = eng_restore_finish(request, found, err);
    if (status != ENG_OK)
        return ENG_FOLLOWER_BROKEN;
    found->records = follower->reader.records - before;
    found->stood_by = true;
    *ret_restored = *found;
    *found = (struct eng_restored){0};
    return ENG_FOLLOWER_TAKEN;
}
