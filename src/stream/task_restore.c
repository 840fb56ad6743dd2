/* The beginning of a task: what the group and the state topic know is taken over, and the input is
 * read again from low water up to the committed offset, in silence, with the journal's entries at
 * their positions; then everything is compared with what was committed. */
#include "stream/task_internal.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/rules.h"
#include <inttypes.h>
#include <string.h>

static enum eng_status new_engine(struct eng_task *task, const struct eng_feed *feed,
                                  struct eng_error *err)
{
    struct eng_held_model *held;
    eng_assert(task->engine == NULL);
    eng_assert(feed->config->model != NULL);
    struct eng_engine_options options = {.memory_bytes_max = feed->memory_bytes_max,
                                         .step_evaluations = feed->limits.step_evaluations,
                                         .track_changes = feed->config->recovery.checkpoints};
    eng_models_done(&task->models);
    if (eng_models_add(&task->models, feed->edition, &held) != ENG_OK)
        return ENG_NO_MEMORY;
    task->low.model_version = eng_model_version(feed->config->model);
    return eng_engine_new(feed->config->model, &options, &task->engine, err);
}

/* A kept engine is true as long as nobody has committed since. */
static bool still_true(const struct eng_task *task, const struct eng_recall_item *item)
{
    eng_assert(task->partition == item->partition);
    if (!ENG_RULE(KEPT_IF_TRUE))
        return task->engine != NULL;
    return task->engine != NULL && item->committed.next == task->committed.next &&
           item->committed.next >= item->low && item->committed.meta[0] != '\0' &&
           strcmp(item->committed.meta, task->committed.meta) == 0;
}

/* Retention has taken records that were never read. */
static void say_lost(const struct eng_task *task, const struct eng_recall_item *item)
{
    eng_assert(task->partition == item->partition);
    eng_assert(item->status == ENG_OK);
    if (item->committed.next >= 0 && item->low > item->committed.next)
        eng_log(ENG_LOG_ERROR, "stream",
                "partition=%" PRId32 " retention has deleted %" PRId64 " records (offsets %" PRId64
                " to %" PRId64 ") before they were read",
                task->partition, item->low - item->committed.next, item->committed.next,
                item->low - 1);
}

/* The counts of a reading from the beginning, against what was committed. */
static enum eng_status check_counts(const struct eng_task *task, struct eng_error *err)
{
    const struct eng_counters *now = eng_engine_counters(task->engine);
    const struct eng_counters *then = &task->commit.counters;
    int which = 0;
    eng_assert(task->has_commit);
    eng_assert(!eng_engine_is_restoring(task->engine));
    while (which < ENG_OUTCOME_COUNT && now->outcome[which] == then->outcome[which])
        which++;
    if (which == ENG_OUTCOME_COUNT)
        return ENG_OK;
    return eng_error_set(
        err, ENG_CORRUPT,
        "partition %" PRId32 ": re-reading gave %" PRIu64 " %s records of %" PRIu64 " but %" PRIu64
        " of %" PRIu64 " were committed: the input or the configuration has changed; raise "
        "`version` if it is the configuration, else `engaged state rebuild` makes the state anew",
        task->partition, now->outcome[which], eng_outcome_name((enum eng_outcome)which), now->read,
        then->outcome[which], then->read);
}

/* The same of a reading from low water on, and clock and model after either; of an input that was
 * half done, those before it. */
static enum eng_status check_replay(const struct eng_task *task, struct eng_error *err)
{
    const struct eng_half *half = &task->commit.half;
    int64_t clock_ms = eng_engine_clock_ms(task->engine), then_ms = task->commit.clock_ms;
    bool partly = eng_engine_is_restoring(task->engine);
    eng_assert(task->has_commit);
    eng_assert(task->whole);
    if (!partly && check_counts(task, err) != ENG_OK)
        return ENG_CORRUPT;
    if (eng_task_records_read(task) != task->commit.counters.read)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": with the records from offset %" PRId64
                             " on %" PRIu64 " have been read, but %" PRIu64 " were committed: the "
                             "input has changed; `engaged state rebuild` makes the state anew",
                             task->partition, task->commit.low.next, eng_task_records_read(task),
                             task->commit.counters.read);
    if (half->kind != ENG_HALF_NONE)
        then_ms = half->before_ms;
    if (clock_ms != then_ms)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": re-reading ended at clock %" PRId64
                             " but %" PRId64 " was committed: the input or the journal has changed",
                             task->partition, clock_ms, then_ms);
    uint32_t version = eng_model_version(eng_engine_model(task->engine));
    if (version != task->commit.model_version && half->kind != ENG_HALF_MODEL)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": re-reading ended under version %" PRIu32
                             " of the model, but %" PRIu32
                             " was committed: the journal has changed",
                             task->partition, version, task->commit.model_version);
    return ENG_OK;
}

/* The counts of the past go on where they were committed. */
static void carry_counters(struct eng_task *task)
{
    const struct eng_counters *now = eng_engine_counters(task->engine);
    const struct eng_counters *then = &task->commit.counters;
    uint64_t before = task->base.read;
    eng_assert(task->state != ENG_TASK_LIVE);
    eng_assert(task->engine != NULL);
    task->base = (struct eng_counters){0};
    if (task->has_commit && ENG_RULE(COUNTS_OF_RECORD)) {
        task->base.read = then->read - now->read;
        for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
            task->base.outcome[i] = then->outcome[i] - now->outcome[i];
        task->base.score_changes = then->score_changes - now->score_changes;
        task->base.churn_drops = then->churn_drops - now->churn_drops;
        task->base.cell_changes = 0 - now->cell_changes; /* a commit does not count these */
        task->base.reports = 0 - now->reports;
        task->base.held_out = 0 - now->held_out;
        task->base.digests = 0 - now->digests;
        task->base.left_out = 0 - now->left_out;
        task->base.award_bookings = then->award_bookings - now->award_bookings;
        task->base.award_unmatched = then->award_unmatched - now->award_unmatched;
        task->base.abuse_flags = then->abuse_flags - now->abuse_flags;
        task->base.held_released = then->held_released - now->held_released;
        task->base.held_discarded = then->held_discarded - now->held_discarded;
        task->base.held_unmatched = then->held_unmatched - now->held_unmatched;
    }
    eng_checkpoint_shift(&task->checkpoint, task->base.read - before);
}

/* A change of the model comes again. State that is made anew is of the last model all along. */
static enum eng_status replay_model(struct eng_task *task, struct eng_feed *feed,
                                    const struct eng_journal_entry *entry, struct eng_error *err)
{
    eng_assert(entry->kind == ENG_JOURNAL_MODEL);
    eng_assert(task->state == ENG_TASK_REPLAYING);
    if (!eng_engine_is_restoring(task->engine))
        return ENG_OK;
    const struct eng_held_model *held = eng_models_find(&task->models, (uint32_t)entry->time_ms);
    if (held == NULL)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the journal names version %" PRId64
                             " of the model, whose text is not in the state topic",
                             task->partition, entry->time_ms);
    return eng_task_activate(task, feed, held->model, err);
}

/* Does the entry say something of the record at its offset, rather than come before it? */
static bool is_of_record(const struct eng_journal_entry *entry)
{
    return entry->kind == ENG_JOURNAL_FUTURE;
}

/* Does again what was decided between two inputs. */
static enum eng_status repeat(struct eng_task *task, struct eng_feed *feed,
                              const struct eng_journal_entry *entry, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(task->engine != NULL);
    if (entry->kind == ENG_JOURNAL_TICK)
        return eng_task_tick(task, feed, entry->time_ms, err);
    if (entry->kind == ENG_JOURNAL_MODEL)
        return replay_model(task, feed, entry, err);
    if (entry->kind == ENG_JOURNAL_ERASED)
        status = eng_engine_erase_hash(task->engine, (uint64_t)entry->time_ms,
                                       (uint64_t)entry->offset, err);
    return status == ENG_NOT_FOUND ? ENG_OK : status;
}

/* Applies what lies at or below `offset`. Refusals below it belong to records that are gone. */
enum eng_status eng_task_replay_journal(struct eng_task *task, struct eng_feed *feed,
                                        int64_t offset, struct eng_error *err)
{
    struct eng_journal *journal = &task->replay;
    enum eng_status status = ENG_OK;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(journal->done <= journal->count);
    while (status == ENG_OK && journal->done < journal->count) {
        const struct eng_journal_entry *entry = &journal->entries[journal->done];
        if (entry->offset > offset || (is_of_record(entry) && entry->offset == offset) ||
            eng_task_is_of_half(task, entry))
            break;
        if (entry->kind == ENG_JOURNAL_MODEL && eng_task_mark_here(task, feed) != ENG_OK)
            return eng_error_set(err, ENG_NO_MEMORY, "no memory for the records of a batch");
        journal->done++;
        task->journal_last = entry->number;
        status = repeat(task, feed, entry, err);
    }
    return status;
}

/* Must the gathered events be applied before this record? At the replay's end, and at a decision
 * that was made between two inputs. */
bool eng_task_stops_before(const struct eng_task *task, const struct eng_port_record *record)
{
    const struct eng_journal *journal = &task->replay;
    if (task->state != ENG_TASK_REPLAYING)
        return false;
    if (record->offset >= task->replay_end)
        return true;
    if (journal->done == journal->count)
        return false;
    const struct eng_journal_entry *entry = &journal->entries[journal->done];
    return is_of_record(entry) ? entry->offset < record->offset : entry->offset <= record->offset;
}

/* What partners share is as of the commit record, and that of the model that the record is of. */
static enum eng_status take_shared(struct eng_task *task, struct eng_error *err)
{
    const struct eng_commit *commit = &task->commit;
    uint64_t fingerprint = eng_models_of(&task->models, task->engine)->fingerprint;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(task->engine != NULL);
    if (!task->has_commit || commit->fingerprint != fingerprint)
        return ENG_OK; /* state that is made anew under another model */
    enum eng_status status =
        eng_engine_shared_read(task->engine, commit->shared, commit->shared_bytes);
    if (status == ENG_OK || status == ENG_NO_MEMORY)
        return status == ENG_OK ? ENG_OK : eng_error_set(err, status, "no memory to restore");
    return eng_error_set(err, status,
                         "partition %" PRId32 ": what commit record %" PRIu64
                         " says of the guards does not fit the model: `engaged state rebuild` "
                         "makes the state anew",
                         task->partition, commit->sequence);
}

/* The middle of an input, if there is one, with what partners share. */
static enum eng_status resume(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    bool model = task->has_commit && task->commit.half.kind == ENG_HALF_MODEL;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    enum eng_status status = model ? ENG_OK : take_shared(task, err);
    eng_assert(task->half.kind == ENG_HALF_NONE);
    if (status == ENG_OK)
        status = eng_task_resume(task, feed, err);
    if (status == ENG_OK && model && task->half.kind == ENG_HALF_MODEL)
        status = take_shared(task, err);
    return status;
}

enum eng_status eng_task_finish_replay(struct eng_task *task, struct eng_feed *feed,
                                       struct eng_error *err)
{
    eng_assert(task->engine != NULL);
    eng_assert(task->state == ENG_TASK_REPLAYING);
    enum eng_status status = eng_task_replay_journal(task, feed, task->replay_end, err);
    uint64_t fingerprint = eng_models_of(&task->models, task->engine)->fingerprint;
    bool same_model =
        eng_engine_is_restoring(task->engine) || task->commit.fingerprint == fingerprint;
    if (status == ENG_OK && task->has_commit && task->whole && same_model)
        status = check_replay(task, err);
    if (status == ENG_OK)
        status = resume(task, feed, err);
    if (status != ENG_OK)
        return status;
    if (task->has_commit && !task->whole)
        eng_log(ENG_LOG_WARN, "stream",
                "partition=%" PRId32
                " state was made anew from the input as it is now retained; counts go on",
                task->partition);
    carry_counters(task);
    eng_engine_restore_end(task->engine);
    eng_journal_done(&task->replay);
    task->journal_last = task->commit.journal;
    task->next = task->next > task->replay_end ? task->next : task->replay_end;
    eng_task_set_state(task, ENG_TASK_LIVE);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " restored to offset %" PRId64 ", %" PRIu64 " partners",
            task->partition, task->next, eng_engine_partner_count(task->engine));
    return eng_task_is_half_done(task) ? ENG_OK : eng_task_renew(task, feed, err);
}

/* Does the journal change the model? */
static bool changes_model(const struct eng_journal *journal)
{
    eng_assert(journal->done == 0);
    eng_assert(journal->count <= journal->capacity);
    for (uint32_t i = 0; i < journal->count; i++)
        if (journal->entries[i].kind == ENG_JOURNAL_MODEL)
            return true;
    return false;
}

/* Takes over what the group and the state topic know. */
static void take_answer(struct eng_task *task, struct eng_recall_item *item)
{
    struct eng_restored *restored = &item->restored;
    bool checkpoint = restored->engine != NULL;
    eng_assert(task->partition == item->partition);
    eng_assert(item->status == ENG_OK);
    task->has_commit = restored->has_commit;
    task->commit = restored->has_commit ? restored->commit : (struct eng_commit){.clock_ms = -1};
    task->committed = task->sealed = item->committed;
    task->sequence = restored->sequence;
    task->engine = restored->engine;
    restored->engine = NULL;
    task->models = restored->models;
    restored->models = (struct eng_models){0};
    task->life = checkpoint ? task->commit.life : restored->life + 1;
    task->first = task->has_commit ? task->commit.first : item->low;
    task->whole = checkpoint || (item->has_meta && item->low <= task->first &&
                                 !changes_model(&restored->journal));
    task->low =
        checkpoint ? task->commit.low : (struct eng_low_water){.next = item->low, .clock_ms = -1};
    task->base.read = task->low.read;
    task->journal_last = task->low.journal;
    task->replay = restored->journal;
    restored->journal = (struct eng_journal){0};
    task->journal_records = restored->journal_records;
    restored->journal_records = (struct eng_journal_records){0};
    task->input_low = item->low;
    task->parts = restored->parts;
    restored->parts = (struct eng_parts){0};
    task->next = task->low.next > item->low ? task->low.next : item->low;
    task->end_offset = item->end;
}

/* From here the input is read; low water cannot be later before pages have been written. */
static enum eng_status begin_checkpoint(struct eng_task *task, const struct eng_feed *feed)
{
    eng_assert(task->checkpoint.count == 0);
    eng_assert(task->engine != NULL);
    int64_t records = feed->config->recovery.records;
    return eng_checkpoint_begin(&task->checkpoint, &task->low,
                                records > 0 ? records : ENG_TASK_RECORDS_LEAST,
                                feed->port->ops->mono_us(feed->port));
}

enum eng_status eng_task_begin(struct eng_task *task, struct eng_feed *feed,
                               struct eng_recall_item *item, struct eng_error *err)
{
    eng_assert(task->state == ENG_TASK_ASKING);
    eng_assert(item->status == ENG_OK && item->low >= 0);
    if (still_true(task, item)) {
        eng_task_set_state(task, ENG_TASK_LIVE);
        return ENG_OK;
    }
    eng_task_forget(task);
    take_answer(task, item);
    enum eng_status status = task->engine == NULL ? new_engine(task, feed, err) : ENG_OK;
    if (status == ENG_OK)
        status = begin_checkpoint(task, feed);
    if (status != ENG_OK)
        return eng_error_set(err, status, "no memory for partition %" PRId32, task->partition);
    if (item->committed.next < 0) {
        eng_task_set_state(task, ENG_TASK_LIVE);
        return ENG_OK;
    }
    say_lost(task, item);
    task->replay_end = item->committed.next > task->next ? item->committed.next : task->next;
    eng_task_set_state(task, ENG_TASK_REPLAYING);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " restoring: %" PRIu64 " partners from pages, re-reading %" PRId64
            " offsets up to %" PRId64,
            task->partition, eng_engine_partner_count(task->engine), task->replay_end - task->next,
            task->replay_end);
    return task->replay_end == task->next ? eng_task_finish_replay(task, feed, err) : ENG_OK;
}
