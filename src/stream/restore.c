/* From the state topic to an engine. See restore.h. */
#include "stream/restore_inside.h"

#include "base/assert.h"
#include "base/rules.h"
#include "model/config.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <string.h>

#define LOST ENG_RESTORE_LOST
#define WAY_OUT ENG_RESTORE_WAY_OUT

void eng_restored_done(struct eng_restored *restored)
{
    eng_assert(restored != NULL);
    eng_assert(restored->engine == NULL || restored->journal.done == 0);
    eng_journal_done(&restored->journal);
    eng_journal_records_done(&restored->journal_records);
    eng_parts_done(&restored->parts);
    eng_engine_free(restored->engine);
    eng_models_done(&restored->models);
    *restored = (struct eng_restored){0};
}

/* ---- models ---- */

/* An engine that waits for pages, under the model at low water. */
static enum eng_status start_engine(struct eng_state_reader *reader, const struct eng_model *model,
                                    struct eng_error *err)
{
    struct eng_restored *found = reader->found;
    struct eng_engine_options options = {.memory_bytes_max = reader->request->memory_bytes_max,
                                         .step_evaluations = reader->request->step_evaluations,
                                         .track_changes = true};
    eng_assert(found->engine == NULL);
    eng_assert(eng_model_version(model) == reader->low_version);
    enum eng_status status = eng_engine_new(model, &options, &found->engine, err);
    if (status == ENG_OK && eng_engine_restore_begin(found->engine) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory to restore");
    return status;
}

static enum eng_status take_model(struct eng_state_reader *reader,
                                  const struct eng_port_record *record)
{
    struct eng_models *models = &reader->found->models;
    struct eng_model_record text;
    enum eng_status status =
        eng_models_open(record->value, record->value_bytes, &text, &reader->cause);
    eng_assert(record->value != NULL);
    if (status != ENG_OK || reader->low_version == 0 || text.version < reader->low_version ||
        text.life != reader->request->meta->life)
        return status;
    struct eng_held_model *held = eng_models_find(models, text.version);
    if (held == NULL)
        status = eng_models_load(models, &text, reader->request->edition, &held, &reader->cause);
    if (status != ENG_OK)
        return status;
    eng_assert(held != NULL);
    held->stored = true;
    if (reader->found->engine == NULL && text.version == reader->low_version)
        status = start_engine(reader, held->model, &reader->cause);
    return status;
}

/* A page that was taken away: its partner was erased. What is left of its parts says nothing. */
static enum eng_status take_tombstone(struct eng_state_reader *reader,
                                      const struct eng_port_record *record)
{
    struct eng_slice partner = {0};
    eng_assert(record->value == NULL);
    eng_assert(!reader->found->has_commit);
    if (reader->found->engine == NULL ||
        eng_state_kind(record->key, record->key_bytes, &partner) != ENG_STATE_IS_PAGE ||
        eng_page_key_is_part(record->key))
        return ENG_OK;
    enum eng_status status = eng_state_reader_flush(reader);
    if (status != ENG_OK)
        return status;
    status = eng_engine_erase(reader->found->engine, partner, UINT64_MAX, &reader->cause);
    return status == ENG_NOT_FOUND ? ENG_OK : status;
}

/* ---- the other records ---- */

/* A commit record for one who follows: it takes the place of the one before, and the journal below
 * its low water is of no more use, as low water only rises. One of another life, of an older place
 * in the log, or whose low water is under another model says that what was read so far leads
 * nowhere. */
static void follow_commit(struct eng_state_reader *reader, const struct eng_commit *commit,
                          uint64_t sum)
{
    struct eng_restored *found = reader->found;
    const struct eng_meta *base = reader->request->meta;
    eng_assert(reader->follows && base != NULL);
    reader->outdated |=
        commit->sequence <= found->sequence || commit->life > base->life ||
        commit->low.model_version > reader->low_version ||
        commit->model_version > eng_model_version(reader->request->edition->config->model);
    found->sequence = commit->sequence;
    found->life = commit->life;
    found->commit = *commit;
    reader->record = sum;
    if (commit->life == base->life)
        eng_journal_forget(&found->journal, commit->low.journal);
    eng_assert(!found->has_commit);
}

static enum eng_status take_commit(struct eng_state_reader *reader,
                                   const struct eng_port_record *record)
{
    const struct eng_meta *meta = reader->request->meta;
    struct eng_restored *found = reader->found;
    struct eng_commit commit;
    uint64_t sum;
    enum eng_status status =
        eng_commit_read(record->value, record->value_bytes, &commit, &sum, &reader->cause);
    eng_assert(!found->has_commit);
    eng_assert(record->value != NULL);
    if (status != ENG_OK)
        return status;
    if (reader->follows) {
        follow_commit(reader, &commit, sum);
        return ENG_OK;
    }
    found->sequence = commit.sequence > found->sequence ? commit.sequence : found->sequence;
    found->life = commit.life > found->life ? commit.life : found->life;
    found->has_commit = meta != NULL && commit.sequence == meta->sequence && sum == meta->record &&
                        ENG_RULE(NAMED_RECORD);
    found->commit = commit;
    reader->record = sum;
    return ENG_OK;
}

static enum eng_status take_journal(struct eng_state_reader *reader,
                                    const struct eng_port_record *record)
{
    struct eng_restored *found = reader->found;
    struct eng_journal *journal = &found->journal;
    uint32_t before = journal->count;
    eng_assert(record->value != NULL);
    eng_assert(!found->has_commit);
    enum eng_status status =
        eng_journal_decode(journal, record->value, record->value_bytes, &reader->cause);
    if (status != ENG_OK)
        return status;
    const struct eng_journal_entry *last = &journal->entries[journal->count - 1];
    status = eng_journal_records_add(
        &found->journal_records,
        &(struct eng_journal_record){journal->entries[before].number, last->number, last->offset});
    return status == ENG_OK
               ? ENG_OK
               : eng_error_set(&reader->cause, status, "no memory for the journal's records");
}

/* How much of the journal was deleted. */
static enum eng_status take_gone(struct eng_state_reader *reader,
                                 const struct eng_port_record *record)
{
    uint64_t gone = 0;
    eng_assert(record->value != NULL);
    eng_assert(!reader->found->has_commit);
    enum eng_status status =
        eng_journal_gone_decode(record->value, record->value_bytes, &gone, &reader->cause);
    if (status == ENG_OK)
        eng_journal_records_gone(&reader->found->journal_records, gone);
    return status;
}

static enum eng_status take_kind(struct eng_state_reader *reader,
                                 const struct eng_port_record *record)
{
    struct eng_slice partner = {0};
    eng_assert(reader->status == ENG_OK);
    eng_assert(record != NULL);
    if (record->value == NULL)
        return take_tombstone(reader, record);
    enum eng_state_kind kind = eng_state_kind(record->key, record->key_bytes, &partner);
    if (kind == ENG_STATE_IS_PAGE)
        return eng_state_reader_page(reader, partner, record);
    if (kind == ENG_STATE_IS_COMMIT)
        return take_commit(reader, record);
    if (eng_journal_is_key(record->key, record->key_bytes))
        return take_journal(reader, record);
    if (eng_journal_is_gone_key(record->key, record->key_bytes))
        return take_gone(reader, record);
    if (eng_models_is_key(record->key, record->key_bytes))
        return take_model(reader, record);
    return ENG_OK;
}

/* A record of the state topic; false: it was the one that the group names, or something is wrong.
 */
static bool take_record(void *context, const struct eng_port_record *record)
{
    struct eng_state_reader *reader = context;
    eng_assert(record->offset >= reader->next);
    if (atomic_load_explicit(reader->request->cancel, memory_order_relaxed))
        return false;
    reader->offset = record->offset;
    reader->status = take_kind(reader, record);
    if (reader->status != ENG_OK)
        return false;
    reader->next = record->offset + 1;
    reader->records++;
    atomic_store_explicit(&reader->request->progress->next, reader->next, memory_order_relaxed);
    eng_assert(!reader->follows || !reader->found->has_commit);
    return !reader->found->has_commit && !reader->outdated;
}

/* ---- the whole ---- */

enum eng_status eng_restore_follows(const struct eng_edition *edition, const struct eng_meta *meta,
                                    int32_t partition, struct eng_error *err)
{
    uint32_t version = eng_model_version(edition->config->model);
    eng_assert(meta != NULL);
    eng_assert(version > 0);
    if (meta->model_version > version)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "partition %" PRId32 ": its state is of version %" PRIu32
                             " of the model, and `version` here is %" PRIu32
                             ": take the newer configuration; to go back to an older model give "
                             "it a greater version than %" PRIu32,
                             partition, meta->model_version, version, meta->model_version);
    if (meta->model_version == version && meta->fingerprint != edition->fingerprint)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "partition %" PRId32 ": its state was made by another model with the "
                             "same version %" PRIu32 ": raise `version` with each change of the "
                             "model, or go back to the one that it was made by",
                             partition, meta->model_version);
    return ENG_OK;
}

/* An engine at once when low water is under our model; else it waits for the text of that one. A
 * state without texts is of use to its own model alone. */
enum eng_status eng_state_reader_begin(struct eng_state_reader *reader, struct eng_error *err)
{
    const struct eng_restore_request *request = reader->request;
    const struct eng_meta *meta = request->meta;
    const struct eng_model *model = request->edition->config->model;
    struct eng_held_model *held;
    eng_assert(reader->found->engine == NULL);
    eng_assert(reader->low_version == 0);
    if (meta == NULL || !request->edition->config->recovery.checkpoints)
        return ENG_OK;
    enum eng_status status = eng_restore_follows(request->edition, meta, request->partition, err);
    if (status != ENG_OK)
        return status;
    reader->low_version = ENG_RULE(LOW_WATER_MODEL) ? meta->low_version : meta->model_version;
    if (reader->low_version != eng_model_version(model))
        return ENG_OK;
    if (eng_models_add(&reader->found->models, request->edition, &held) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory to restore");
    return start_engine(reader, model, err);
}

/* The models that low water and the record are of; the configuration's can follow on the latter. */
static enum eng_status check_models(const struct eng_restore_request *request,
                                    struct eng_restored *found, struct eng_error *err)
{
    const struct eng_commit *commit = &found->commit;
    const struct eng_model *ours = request->edition->config->model;
    struct eng_held_model *held = eng_models_find(&found->models, commit->model_version);
    struct eng_error cause = {0};
    uint32_t known_bytes = ENG_RULE(LOW_WATER_KNOWN) ? commit->known_bytes : 0;
    eng_assert(found->engine != NULL);
    if (held == NULL || held->fingerprint != commit->fingerprint)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the state topic has not the text of version "
                             "%" PRIu32 " of the model: " LOST WAY_OUT,
                             request->partition, commit->model_version);
    bool same = eng_model_version(held->model) == eng_model_version(ours) &&
                held->fingerprint == request->edition->fingerprint; /* maybe of another edition */
    if (!same && eng_model_carries(held->model, ours, &cause) != ENG_OK)
        return eng_error_set(err, ENG_BAD_CONFIG, "partition %" PRId32 ": %s" WAY_OUT,
                             request->partition, cause.text);
    if (commit->low.model_version != eng_model_version(eng_engine_model(found->engine)) ||
        eng_engine_known_read(found->engine, commit->known, known_bytes) != ENG_OK)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": commit record %" PRIu64
                             " does not fit the model at low water" WAY_OUT,
                             request->partition, commit->sequence);
    eng_models_note_known(&found->models, found->engine);
    eng_assert(commit->low.model_version <= commit->model_version);
    return ENG_OK;
}

/* The pages are those that were committed, and low water can be reached. */
static enum eng_status finish_engine(const struct eng_restore_request *request,
                                     struct eng_restored *found, struct eng_error *err)
{
    const struct eng_commit *commit = &found->commit;
    struct eng_page_sum sum = eng_engine_page_sum(found->engine);
    eng_assert(found->has_commit);
    eng_assert(commit->low.next <= commit->next);
    if (ENG_RULE(PAGES_OF_RECORD) &&
        (sum.count != commit->page_count || sum.sum != commit->page_sum))
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the state topic has the pages of %" PRIu64
                             " partners, %" PRIu64 " were committed%s: it has lost records (has "
                             "its cleanup.policy had delete in it?), or a transaction was "
                             "torn" WAY_OUT,
                             request->partition, sum.count, commit->page_count,
                             sum.count == commit->page_count ? ", but not the same ones" : "");
    enum eng_status status = check_models(request, found, err);
    if (status != ENG_OK)
        return status;
    return eng_engine_restore_catch_up(
        found->engine, ENG_RULE(LOW_WATER_CLOCK) ? commit->low.clock_ms : commit->clock_ms, err);
}

/* A topic that was deleted and made anew has the same name and other records. */
static enum eng_status check_input(const struct eng_restore_request *request,
                                   const struct eng_commit *commit, struct eng_error *err)
{
    const char *now = request->input_id != NULL ? request->input_id : "";
    eng_assert(commit->sequence > 0);
    eng_assert(strlen(commit->input_id) < sizeof commit->input_id);
    if (now[0] == '\0' || commit->input_id[0] == '\0' || strcmp(now, commit->input_id) == 0)
        return ENG_OK;
    return eng_error_set(err, ENG_TOPIC,
                         "partition %" PRId32 ": the input topic \"%s\" was deleted and made anew "
                         "(its id is %s, the state is of %s): offsets and state are of the old "
                         "one; begin afresh with another kafka.group and state topic",
                         request->partition, request->edition->config->input.topic, now,
                         commit->input_id);
}

/* The entries after `before`: those up to it may be gone. */
static enum eng_status settle_journal(const struct eng_restore_request *request,
                                      struct eng_restored *found, uint64_t before,
                                      struct eng_error *err)
{
    uint64_t gone = found->journal_records.gone;
    eng_assert(found->has_commit);
    eng_assert(before <= found->commit.journal);
    if (gone > before)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the journal in the state topic was deleted up "
                             "to entry %" PRIu64 ", but those from %" PRIu64
                             " on are needed: it is another group's" WAY_OUT,
                             request->partition, gone, before + 1);
    return eng_journal_settle(&found->journal, before, found->commit.journal, err);
}

/* State that is made anew takes all entries that there are. */
static uint64_t journal_before_all(const struct eng_restored *found)
{
    uint64_t gone = found->journal_records.gone;
    eng_assert(found->has_commit);
    eng_assert(found->engine == NULL);
    return gone <= found->commit.journal ? gone : 0;
}

/* Without a text beside the offset: the newest record is the group's if it is of its offset. */
static enum eng_status finish_without_meta(const struct eng_restore_request *request,
                                           struct eng_restored *found, struct eng_error *err)
{
    eng_assert(request->meta == NULL);
    eng_assert(found->engine == NULL);
    found->has_commit = found->sequence > 0 && found->commit.next == request->next;
    if (!found->has_commit) {
        eng_journal_clear(&found->journal);
        return ENG_OK;
    }
    enum eng_status status = check_input(request, &found->commit, err);
    return status == ENG_OK ? settle_journal(request, found, journal_before_all(found), err)
                            : status;
}

enum eng_status eng_restore_finish(const struct eng_restore_request *request,
                                   struct eng_restored *found, struct eng_error *err)
{
    if (request->meta == NULL)
        return finish_without_meta(request, found, err);
    found->has_commit |= !ENG_RULE(NAMED_RECORD) && found->sequence > 0;
    if (!found->has_commit)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32
                             ": the group's offset names commit record %" PRIu64
                             ", the state topic ends with %" PRIu64
                             ": a transaction was torn (its offset is committed, its records are "
                             "not), or the topic has lost records, or is another group's" WAY_OUT,
                             request->partition, request->meta->sequence, found->sequence);
    eng_assert(found->commit.sequence == request->meta->sequence || !ENG_RULE(NAMED_RECORD) ||
               !ENG_RULE(STANDBY_REACHES_RECORD));
    enum eng_status status = check_input(request, &found->commit, err);
    uint64_t before = found->engine != NULL ? found->commit.low.journal : journal_before_all(found);
    if (!ENG_RULE(LOW_WATER_JOURNAL))
        before = found->commit.journal;
    if (status == ENG_OK && found->engine != NULL)
        status = finish_engine(request, found, err);
    else if (status == ENG_OK && request->edition->config->recovery.checkpoints)
        status = eng_error_set(err, ENG_CORRUPT,
                               "partition %" PRId32 ": the state topic has not the text of version "
                               "%" PRIu32 " of the model: " LOST WAY_OUT,
                               request->partition, request->meta->low_version);
    if (status == ENG_OK)
        status = settle_journal(request, found, before, err);
    return status;
}

/* Where the reading begins and ends, for those who wait. */
static enum eng_status note_bounds(const struct eng_restore_request *request, struct eng_error *err)
{
    int64_t bounds[2] = {0, 0};
    eng_assert(request->partition >= 0);
    eng_assert(request->progress != NULL);
    enum eng_status status =
        request->port->ops->bounds(request->port, ENG_TOPIC_STATE, request->partition, bounds, err);
    atomic_store(&request->progress->next, bounds[0]);
    atomic_store(&request->progress->end, bounds[1]);
    return status;
}

enum eng_status eng_state_reader_scan(struct eng_state_reader *reader, bool whole,
                                      struct eng_error *err)
{
    const struct eng_restore_request *request = reader->request;
    struct eng_port_scan scan = {.partition = request->partition,
                                 .stall_ms = ENG_RESTORE_STALL_MS,
                                 .context = reader,
                                 .reader = request->reader,
                                 .record = take_record,
                                 .from = reader->next,
                                 .stable = !whole,
                                 .cancel = request->cancel,
                                 .ret_end = &reader->next};
    eng_assert(reader->status == ENG_OK);
    enum eng_status status = request->port->ops->scan_state(request->port, &scan, err);
    if (status == ENG_OK && reader->status == ENG_OK)
        reader->status = eng_state_reader_flush(reader);
    if (status == ENG_OK && reader->status != ENG_OK)
        status = eng_error_set(err, reader->status,
                               "partition %" PRId32 ", offset %" PRId64 " of the state topic: %s%s",
                               request->partition, reader->offset, reader->cause.text,
                               reader->status == ENG_CORRUPT ? WAY_OUT : "");
    eng_assert(status != ENG_OK || reader->first == reader->last);
    return status;
}

void eng_state_reader_done(struct eng_state_reader *reader)
{
    eng_assert(reader != NULL);
    eng_assert(reader->first <= reader->last);
    for (int i = 0; i < ENG_PAGES_HELD; i++)
        eng_bytes_done(&reader->held[i].bytes);
    eng_bytes_done(&reader->body);
}

enum eng_status eng_restore_read(const struct eng_restore_request *request,
                                 struct eng_restored *ret_restored, struct eng_error *err)
{
    struct eng_state_reader reader = {.request = request, .found = ret_restored};
    eng_assert(request->port != NULL && request->edition != NULL);
    eng_assert(ret_restored->engine == NULL && ret_restored->journal.count == 0);
    enum eng_status status = eng_state_reader_begin(&reader, err);
    if (status == ENG_OK)
        status = note_bounds(request, err);
    if (status == ENG_OK)
        status = eng_state_reader_scan(&reader, true, err);
    eng_state_reader_done(&reader);
    if (status == ENG_OK && !atomic_load(request->cancel))
        status = eng_restore_finish(request, ret_restored, err);
    ret_restored->records = reader.records;
    return status;
}
