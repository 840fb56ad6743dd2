/* The life of a task. See task.h for states and transitions.
 *
 * Invariants (eng_task_check):
 *  1. An engine exists unless ASKING.
 *  2. S15: read = sum of the outcomes.
 *  3. Nothing is pending or touched unless LIVE.
 *  4. committed.next <= sealed.next <= next, once there is a commit.
 *  5. REPLAYING: next <= replay_end, and the journal's used entries lie at or below next. */
#include "stream/task.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include "stream/erasure.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGES_BYTES = 8 << 20,      /* of a task in one transaction, about */
    PAGES_BYTES_ALL = 48 << 20, /* the same when it gives up its partition */
    RECORDS_LEAST = 500000,     /* recovery target unless the configuration says more */
    RECORDS_PER_PARTNER = 2,
};

static const char *const state_names[] = {"asking", "replaying", "live", "kept"};

static void set_state(struct eng_task *task, enum eng_task_state state)
{
    eng_assert(state <= ENG_TASK_KEPT);
    eng_assert(state != ENG_TASK_KEPT || task->state == ENG_TASK_LIVE);
    eng_assert(state != ENG_TASK_REPLAYING || task->state == ENG_TASK_ASKING);
    eng_assert(state != ENG_TASK_LIVE || task->state != ENG_TASK_KEPT);
    eng_log(ENG_LOG_DEBUG, "stream", "partition=%" PRId32 " %s -> %s at offset %" PRId64,
            task->partition, state_names[task->state], state_names[state], task->next);
    task->state = state;
}

struct eng_task *eng_task_new(int32_t partition)
{
    eng_assert(partition >= 0);
    struct eng_task *task = eng_calloc(1, sizeof *task);
    if (task == NULL)
        return NULL;
    task->partition = partition;
    eng_task_forget(task);
    return task;
}

void eng_task_free(struct eng_task *task)
{
    if (task == NULL)
        return;
    eng_engine_free(task->engine);
    eng_models_done(&task->models);
    eng_journal_done(&task->replay);
    eng_journal_done(&task->pending);
    eng_checkpoint_done(&task->checkpoint);
    eng_parts_done(&task->parts);
    eng_free(task);
}

void eng_task_forget(struct eng_task *task)
{
    eng_assert(task != NULL);
    eng_assert(task->partition >= 0);
    eng_engine_free(task->engine);
    eng_models_done(&task->models);
    eng_journal_done(&task->replay);
    eng_journal_done(&task->pending);
    eng_checkpoint_done(&task->checkpoint);
    eng_parts_done(&task->parts);
    struct eng_port_offset nowhere = {.partition = task->partition, .next = -1};
    struct eng_task old = *task;
    *task = (struct eng_task){.partition = task->partition,
                              .state = old.state,
                              .next = -1,
                              .sealed = nowhere,
                              .committed = nowhere,
                              .newest_ms = -1,
                              .sealed_newest_ms = -1,
                              .committed_newest_ms = -1,
                              .ended_at = -1,
                              .end_since_us = -1,
                              .end_offset = -1,
                              .end_heard_us = -1,
                              .retry_us = old.retry_us,
                              .watched = old.watched,
                              .moved_us = old.moved_us,
                              .stalled = old.stalled};
    set_state(task, ENG_TASK_ASKING);
}

void eng_task_ask(struct eng_task *task)
{
    eng_assert(task->state == ENG_TASK_KEPT);
    eng_assert(!task->touched && task->engine != NULL);
    task->end_since_us = -1;
    set_state(task, ENG_TASK_ASKING);
}

void eng_task_keep(struct eng_task *task)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(!task->touched && task->committed.next == task->sealed.next);
    task->leaving = false;
    set_state(task, ENG_TASK_KEPT);
}

void eng_task_counters(const struct eng_task *task, struct eng_counters *ret_counters)
{
    eng_assert(task != NULL);
    eng_assert(ret_counters != NULL);
    *ret_counters = task->commit.counters;
    if (task->engine == NULL || task->state == ENG_TASK_REPLAYING)
        return;
    const struct eng_counters *now = eng_engine_counters(task->engine);
    *ret_counters = task->base;
    ret_counters->read += now->read;
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        ret_counters->outcome[i] += now->outcome[i];
    ret_counters->score_changes += now->score_changes;
    ret_counters->churn_drops += now->churn_drops;
}

void eng_task_check(const struct eng_task *task)
{
    struct eng_counters sum;
    uint64_t outcomes = 0;
    bool live = task->state == ENG_TASK_LIVE;
    eng_assert(task->state == ENG_TASK_ASKING || task->engine != NULL); /* 1 */
    eng_task_counters(task, &sum);
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        outcomes += sum.outcome[i];
    eng_assert(sum.read == outcomes);                                 /* 2 */
    eng_assert(live || (!task->touched && task->pending.count == 0)); /* 3 */
    eng_assert(!live || task->committed.next <= task->sealed.next);   /* 4 */
    eng_assert(!live || task->sealed.next <= task->next);
    eng_assert(task->state != ENG_TASK_REPLAYING || task->next <= task->replay_end); /* 5 */
    eng_assert(task->replay.done == 0 || task->state != ENG_TASK_REPLAYING ||
               task->replay.entries[task->replay.done - 1].offset <= task->next);
}

/* ---- Beginning. ---- */

static enum eng_status new_engine(struct eng_task *task, const struct eng_feed *feed,
                                  struct eng_error *err)
{
    struct eng_held_model *held;
    eng_assert(task->engine == NULL);
    eng_assert(feed->config->model != NULL);
    struct eng_engine_options options = {.memory_bytes_max = feed->memory_bytes_max,
                                         .track_changes = feed->config->recovery.checkpoints};
    eng_models_done(&task->models);
    if (eng_models_add(&task->models, feed->config->model, &held) != ENG_OK)
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

/* Records read since the task began. */
static uint64_t records_read(const struct eng_task *task)
{
    eng_assert(task->engine != NULL);
    return task->base.read + eng_engine_counters(task->engine)->read;
}

/* Where the task is in its input. */
static struct eng_low_water position_of(const struct eng_task *task)
{
    eng_assert(task->engine != NULL);
    eng_assert(task->next >= 0);
    return (struct eng_low_water){task->next, task->journal_last, eng_engine_clock_ms(task->engine),
                                  records_read(task),
                                  eng_model_version(eng_engine_model(task->engine))};
}

/* Partners that change from now on have changed here. */
static enum eng_status mark_here(struct eng_task *task, const struct eng_feed *feed)
{
    struct eng_low_water here = position_of(task);
    eng_assert(feed->port != NULL);
    eng_assert(task->state == ENG_TASK_LIVE || task->state == ENG_TASK_REPLAYING);
    return eng_checkpoint_mark(&task->checkpoint, task->engine, &here,
                               feed->port->ops->mono_us(feed->port));
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

/* The same of a reading from low water on, and clock and model after either. */
static enum eng_status check_replay(const struct eng_task *task, struct eng_error *err)
{
    int64_t clock_ms = eng_engine_clock_ms(task->engine);
    bool partly = eng_engine_is_restoring(task->engine);
    eng_assert(task->has_commit);
    eng_assert(task->whole);
    if (!partly && check_counts(task, err) != ENG_OK)
        return ENG_CORRUPT;
    if (records_read(task) != task->commit.counters.read)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": with the records from offset %" PRId64
                             " on %" PRIu64 " have been read, but %" PRIu64 " were committed: the "
                             "input has changed; `engaged state rebuild` makes the state anew",
                             task->partition, task->commit.low.next, records_read(task),
                             task->commit.counters.read);
    if (clock_ms != task->commit.clock_ms)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": re-reading ended at clock %" PRId64
                             " but %" PRId64 " was committed: the input or the journal has changed",
                             task->partition, clock_ms, task->commit.clock_ms);
    uint32_t version = eng_model_version(eng_engine_model(task->engine));
    if (version != task->commit.model_version)
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
    }
    eng_checkpoint_shift(&task->checkpoint, task->base.read - before);
}

static enum eng_status tick_now(struct eng_task *task, struct eng_feed *feed, int64_t time_ms,
                                struct eng_error *err);
static enum eng_status activate(struct eng_task *task, struct eng_feed *feed,
                                const struct eng_model *model, struct eng_error *err);
static enum eng_status renew(struct eng_task *task, struct eng_feed *feed, struct eng_error *err);

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
    return activate(task, feed, held->model, err);
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
        return tick_now(task, feed, entry->time_ms, err);
    if (entry->kind == ENG_JOURNAL_MODEL)
        return replay_model(task, feed, entry, err);
    if (entry->kind == ENG_JOURNAL_ERASED)
        status = eng_engine_erase_hash(task->engine, (uint64_t)entry->time_ms,
                                       (uint64_t)entry->offset, err);
    return status == ENG_NOT_FOUND ? ENG_OK : status;
}

/* Applies what lies at or below `offset`. Refusals below it belong to records that are gone. */
static enum eng_status replay_journal(struct eng_task *task, struct eng_feed *feed, int64_t offset,
                                      struct eng_error *err)
{
    struct eng_journal *journal = &task->replay;
    enum eng_status status = ENG_OK;
    eng_assert(task->state == ENG_TASK_REPLAYING);
    eng_assert(journal->done <= journal->count);
    while (status == ENG_OK && journal->done < journal->count) {
        const struct eng_journal_entry *entry = &journal->entries[journal->done];
        if (entry->offset > offset || (is_of_record(entry) && entry->offset == offset))
            break;
        if (entry->kind == ENG_JOURNAL_MODEL && mark_here(task, feed) != ENG_OK)
            return eng_error_set(err, ENG_NO_MEMORY, "no memory for the records of a batch");
        journal->done++;
        task->journal_last = entry->number;
        status = repeat(task, feed, entry, err);
    }
    return status;
}

static enum eng_status finish_replay(struct eng_task *task, struct eng_feed *feed,
                                     struct eng_error *err)
{
    eng_assert(task->engine != NULL);
    eng_assert(task->state == ENG_TASK_REPLAYING);
    enum eng_status status = replay_journal(task, feed, task->replay_end, err);
    bool same_model =
        eng_engine_is_restoring(task->engine) || task->commit.fingerprint == feed->fingerprint;
    if (status == ENG_OK && task->has_commit && task->whole && same_model)
        status = check_replay(task, err);
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
    set_state(task, ENG_TASK_LIVE);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " restored to offset %" PRId64 ", %" PRIu64 " partners",
            task->partition, task->next, eng_engine_partner_count(task->engine));
    return renew(task, feed, err);
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
                                records > 0 ? records : RECORDS_LEAST,
                                feed->port->ops->mono_us(feed->port));
}

enum eng_status eng_task_begin(struct eng_task *task, struct eng_feed *feed,
                               struct eng_recall_item *item, struct eng_error *err)
{
    eng_assert(task->state == ENG_TASK_ASKING);
    eng_assert(item->status == ENG_OK && item->low >= 0);
    if (still_true(task, item)) {
        set_state(task, ENG_TASK_LIVE);
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
        set_state(task, ENG_TASK_LIVE);
        return ENG_OK;
    }
    say_lost(task, item);
    task->replay_end = item->committed.next > task->next ? item->committed.next : task->next;
    set_state(task, ENG_TASK_REPLAYING);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " restoring: %" PRIu64 " partners from pages, re-reading %" PRId64
            " offsets up to %" PRId64,
            task->partition, eng_engine_partner_count(task->engine), task->replay_end - task->next,
            task->replay_end);
    return task->replay_end == task->next ? finish_replay(task, feed, err) : ENG_OK;
}

/* ---- Working. ---- */

static void beat(const struct eng_feed *feed)
{
    atomic_store_explicit(feed->beat_us, feed->port->ops->mono_us(feed->port),
                          memory_order_relaxed);
}

/* Where a call may put its effects: nowhere while replaying. */
static struct eng_effects *effects_of(const struct eng_task *task, struct eng_feed *feed)
{
    eng_assert(feed->effects.data != NULL);
    feed->effects.used = 0;
    feed->effects.count = 0;
    return task->state == ENG_TASK_LIVE ? &feed->effects : NULL;
}

/* Hands over what one call of the engine has told. */
static enum eng_status take_away(struct eng_task *task, struct eng_feed *feed,
                                 struct eng_error *err)
{
    if (feed->effects.count == 0)
        return ENG_OK;
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(feed->txn != NULL);
    const struct eng_task_output from = {task->partition, eng_engine_model(task->engine)};
    if (eng_sink_effects(feed->sink, feed->txn, &from, &feed->effects) == ENG_OK)
        return ENG_OK;
    return eng_error_set(err, ENG_NO_MEMORY, "no memory for the outputs of partition %" PRId32,
                         task->partition);
}

static enum eng_status tick_now(struct eng_task *task, struct eng_feed *feed, int64_t time_ms,
                                struct eng_error *err)
{
    enum eng_status status, taken;
    eng_assert(task->engine != NULL);
    eng_assert(time_ms >= 0);
    do {
        struct eng_effects *effects = effects_of(task, feed);
        status = eng_engine_tick(task->engine, time_ms, effects, err);
        taken = take_away(task, feed, err);
        beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK);
    return status == ENG_OK ? taken : status;
}

static enum eng_status apply_events(struct eng_task *task, struct eng_feed *feed,
                                    struct eng_error *err)
{
    enum eng_status status, taken;
    struct eng_batch batch = {feed->events, feed->outcomes, feed->count, 0};
    eng_assert(task->engine != NULL);
    do {
        struct eng_effects *effects = effects_of(task, feed);
        status = eng_engine_apply(task->engine, &batch, effects, err);
        taken = take_away(task, feed, err);
        beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK);
    if (status == ENG_OK && taken != ENG_OK)
        return taken;
    eng_assert(status != ENG_OK || batch.done == batch.count);
    return status;
}

/* The last header that may hold the schema's id. Finding it makes librdkafka unpack the headers,
 * which costs more than decoding the record, so it is only looked for when it matters. */
static void find_schema_header(const struct eng_feed *feed, const struct eng_port_record *record,
                               struct eng_record *to)
{
    struct eng_port_header header;
    eng_assert(record != NULL);
    eng_assert(to->schema_id == NULL);
    if (feed->config->input.format != ENG_FORMAT_AVRO ||
        feed->config->input.framing == ENG_FRAMING_NONE)
        return;
    for (uint32_t i = 0; feed->port->ops->header(feed->port, record, i, &header); i++)
        if (strcmp(header.name, ENG_SCHEMA_ID_HEADER) == 0) {
            to->schema_id = header.value;
            to->schema_id_bytes = header.value_bytes;
        }
}

static struct eng_record raw_of(const struct eng_port_record *record)
{
    return (struct eng_record){.value = record->value,
                               .value_bytes = record->value_bytes,
                               .key = record->key,
                               .key_bytes = record->key_bytes,
                               .offset = (uint64_t)record->offset};
}

/* Decodes a record by what its value alone says; when that does not make sense, by its header. */
static enum eng_reason decode(struct eng_feed *feed, const struct eng_port_record *record,
                              struct eng_event *event)
{
    struct eng_record raw = raw_of(record);
    eng_assert(event != NULL);
    enum eng_reason reason = eng_decoder_decode(feed->decoder, &raw, event);
    if (reason == ENG_REASON_NONE || reason == ENG_REASON_NO_MEMORY)
        return reason;
    find_schema_header(feed, record, &raw);
    eng_assert(raw.schema_id != NULL || raw.schema_id_bytes == 0);
    return raw.schema_id != NULL ? eng_decoder_decode(feed->decoder, &raw, event) : reason;
}

/* The schema id for a dead letter. A record that made sense by its value may have one in its
 * header all the same. */
static int64_t schema_id_of(const struct eng_feed *feed, uint32_t i)
{
    struct eng_record raw = raw_of(feed->records[i]);
    struct eng_event event;
    eng_assert(i < feed->count);
    if (feed->schema_ids[i] >= 0 || feed->reasons[i] != ENG_REASON_NONE)
        return feed->schema_ids[i];
    find_schema_header(feed, feed->records[i], &raw);
    if (raw.schema_id == NULL)
        return -1;
    (void)eng_decoder_decode(feed->decoder, &raw, &event); /* only what is in front matters */
    return eng_decoder_schema_id(feed->decoder);
}

/* A decision for the journal, at a position. */
static enum eng_status note(struct eng_task *task, int64_t offset, int64_t what,
                            enum eng_journal_kind kind)
{
    struct eng_journal_entry entry = {++task->journal_last, offset, what, kind};
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(offset >= 0);
    return eng_journal_add(&task->pending, &entry);
}

/* S5, first sight: refused for being ahead of the wall clock, and journaled. Later: as journaled.
 */
static enum eng_status judge_future(struct eng_task *task, struct eng_feed *feed,
                                    struct eng_event *event)
{
    struct eng_journal *journal = &task->replay;
    eng_assert(event->verdict == ENG_VERDICT_GOOD);
    if (task->state == ENG_TASK_REPLAYING) {
        bool refused = journal->done < journal->count &&
                       journal->entries[journal->done].offset == (int64_t)event->offset;
        eng_assert(!refused || journal->entries[journal->done].kind == ENG_JOURNAL_FUTURE);
        if (refused)
            task->journal_last = journal->entries[journal->done++].number;
        event->verdict = refused ? ENG_VERDICT_FUTURE : ENG_VERDICT_GOOD;
        return ENG_OK;
    }
    if (event->time_ms <= feed->wall_ms + feed->config->future_skew_ms)
        return ENG_OK;
    event->verdict = ENG_VERDICT_FUTURE;
    if (!ENG_RULE(JOURNAL_FUTURE))
        return ENG_OK;
    return note(task, (int64_t)event->offset, feed->wall_ms, ENG_JOURNAL_FUTURE);
}

/* Decodes one record into the feed. */
static enum eng_status gather_one(struct eng_task *task, struct eng_feed *feed,
                                  const struct eng_port_record *record)
{
    uint32_t i = feed->count;
    eng_assert(i < ENG_FEED_EVENTS);
    eng_assert(record->partition == task->partition && record->offset >= task->next);
    enum eng_reason reason = decode(feed, record, &feed->events[i]);
    if (reason == ENG_REASON_NO_MEMORY)
        return ENG_NO_MEMORY;
    feed->records[i] = record;
    feed->reasons[i] = (uint8_t)reason;
    feed->schema_ids[i] = eng_decoder_schema_id(feed->decoder);
    feed->count++;
    if (feed->events[i].verdict == ENG_VERDICT_GOOD)
        return judge_future(task, feed, &feed->events[i]);
    return ENG_OK;
}

/* Must the gathered events be applied before this record? At the replay's end, and at a decision
 * that was made between two inputs. */
static bool stops_before(const struct eng_task *task, const struct eng_port_record *record)
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

/* Gathers up to a full feed; *at moves over the records used. */
static enum eng_status gather(struct eng_task *task, struct eng_feed *feed,
                              const struct eng_port_record *records, uint32_t count, uint32_t *at)
{
    enum eng_status status = ENG_OK;
    eng_assert(*at <= count);
    feed->count = 0;
    eng_decoder_reset(feed->decoder);
    while (status == ENG_OK && *at < count && feed->count < ENG_FEED_EVENTS) {
        const struct eng_port_record *record = &records[*at];
        if (record->offset >= task->next) {
            if (stops_before(task, record))
                break;
            status = gather_one(task, feed, record);
            task->next = record->offset + 1;
            if (record->timestamp_ms > task->newest_ms)
                task->newest_ms = record->timestamp_ms;
        }
        (*at)++;
    }
    eng_assert(feed->count <= ENG_FEED_EVENTS);
    return status;
}

static void describe(const struct eng_feed *feed, uint32_t i, struct eng_dead_letter *letter)
{
    const struct eng_event *event = &feed->events[i];
    eng_assert(i < feed->count);
    eng_assert(letter->reason > ENG_REASON_NONE);
    if (letter->reason == ENG_REASON_FUTURE)
        (void)snprintf(letter->detail, sizeof letter->detail,
                       "event time %" PRId64 " is more than future_skew (%" PRId64
                       " ms) ahead of the wall clock %" PRId64,
                       event->time_ms, feed->config->future_skew_ms, feed->wall_ms);
    else if (letter->reason == ENG_REASON_LATE)
        (void)snprintf(letter->detail, sizeof letter->detail,
                       "event time %" PRId64 " is older than late_after allows", event->time_ms);
    else
        (void)snprintf(letter->detail, sizeof letter->detail, "the record cannot be used: %s",
                       eng_reason_name(letter->reason));
}

/* Dead letters for what the engine has not taken: bad, late, future. */
static enum eng_status bury(struct eng_feed *feed)
{
    enum eng_status status = ENG_OK;
    eng_assert(feed->txn != NULL);
    eng_assert(feed->count <= ENG_FEED_EVENTS);
    for (uint32_t i = 0; status == ENG_OK && i < feed->count; i++) {
        if (feed->outcomes[i] == ENG_OUTCOME_COUNTED || feed->outcomes[i] == ENG_OUTCOME_FILTERED ||
            feed->outcomes[i] == ENG_OUTCOME_DUPLICATE)
            continue;
        struct eng_dead_letter letter = {feed->records[i], ENG_REASON_NONE, schema_id_of(feed, i),
                                         ""};
        letter.reason = feed->outcomes[i] == ENG_OUTCOME_LATE ? ENG_REASON_LATE
                        : feed->outcomes[i] == ENG_OUTCOME_FUTURE
                            ? ENG_REASON_FUTURE
                            : (enum eng_reason)feed->reasons[i];
        describe(feed, i, &letter);
        status = eng_sink_dead_letter(feed->sink, feed->txn, &letter);
    }
    return status;
}

/* The filling transaction has something of this task in it. */
static void touch(struct eng_task *task, struct eng_feed *feed)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(feed->txn != NULL);
    task->touched = true;
    if (feed->txn->opened_us < 0)
        feed->txn->opened_us = feed->port->ops->mono_us(feed->port);
}

static enum eng_status take_chunk(struct eng_task *task, struct eng_feed *feed,
                                  struct eng_error *err)
{
    eng_assert(feed->count > 0);
    bool live = task->state == ENG_TASK_LIVE;
    if (live)
        touch(task, feed);
    enum eng_status status = apply_events(task, feed, err);
    if (status == ENG_OK && live && bury(feed) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for dead letters");
    eng_assert(status != ENG_AGAIN);
    return status;
}

enum eng_status eng_task_take(struct eng_task *task, struct eng_feed *feed,
                              const struct eng_port_record *records, uint32_t count,
                              struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(task->state == ENG_TASK_LIVE || task->state == ENG_TASK_REPLAYING);
    eng_assert(count > 0);
    task->end_since_us = -1;
    for (uint32_t at = 0; status == ENG_OK && at < count;) {
        if (mark_here(task, feed) != ENG_OK || gather(task, feed, records, count, &at) != ENG_OK)
            return eng_error_set(err, ENG_NO_MEMORY, "no memory for the records of a batch");
        if (feed->count > 0)
            status = take_chunk(task, feed, err);
        if (status == ENG_OK && at < count && task->state == ENG_TASK_REPLAYING)
            status = records[at].offset >= task->replay_end
                         ? finish_replay(task, feed, err)
                         : replay_journal(task, feed, records[at].offset, err);
    }
    if (status == ENG_OK && task->state == ENG_TASK_REPLAYING && task->next >= task->replay_end)
        status = finish_replay(task, feed, err);
    return status;
}

enum eng_status eng_task_ended(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    int64_t next = task->ended_at;
    enum eng_status status = ENG_OK;
    task->ended_at = -1;
    if (next < 0 || task->state == ENG_TASK_ASKING || task->state == ENG_TASK_KEPT)
        return ENG_OK;
    if (task->state == ENG_TASK_REPLAYING && next >= task->replay_end)
        status = finish_replay(task, feed, err);
    if (status != ENG_OK || task->state != ENG_TASK_LIVE)
        return status;
    eng_assert(task->engine != NULL);
    if (next > task->next) { /* marks of transactions: no records, but offsets */
        task->next = next;
        touch(task, feed);
    }
    if (!task->ended_all)
        task->end_since_us = -1;
    else if (task->end_since_us < 0)
        task->end_since_us = feed->port->ops->mono_us(feed->port);
    eng_assert(task->next >= next);
    return ENG_OK;
}

/* Nothing below the high watermark is unread, and the broker has said so after the partition fell
 * idle. */
static bool is_idle(const struct eng_task *task, const struct eng_feed *feed)
{
    int64_t now_us = feed->port->ops->mono_us(feed->port);
    int64_t idle_us = feed->config->idle_after_ms * 1000;
    eng_assert(now_us >= task->end_since_us);
    if (task->state != ENG_TASK_LIVE || task->end_since_us < 0 ||
        now_us - task->end_since_us < idle_us || task->end_heard_us < task->end_since_us + idle_us)
        return false;
    int64_t high = feed->port->ops->high_watermark(feed->port, task->partition);
    return task->end_offset <= task->next && high <= task->next;
}

enum eng_status eng_task_idle(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    if (!is_idle(task, feed))
        return ENG_OK;
    eng_assert(task->engine != NULL);
    int64_t wall_ms = feed->port->ops->wall_ms(feed->port);
    int64_t boundary_ms = eng_engine_next_boundary_ms(task->engine);
    if (boundary_ms < 0 || boundary_ms > wall_ms)
        return ENG_OK;
    if (ENG_RULE(JOURNAL_TICKS) && note(task, task->next, wall_ms, ENG_JOURNAL_TICK) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the journal");
    touch(task, feed);
    eng_log(ENG_LOG_DEBUG, "stream", "partition=%" PRId32 " idle: tick to %" PRId64,
            task->partition, wall_ms);
    return tick_now(task, feed, wall_ms, err);
}

/* ---- Another model (S14). ---- */

static enum eng_status activate(struct eng_task *task, struct eng_feed *feed,
                                const struct eng_model *model, struct eng_error *err)
{
    enum eng_status status, taken;
    bool silent = feed->config->run.on_change == ENG_CHANGE_SILENT;
    eng_assert(task->engine != NULL);
    eng_assert(model != NULL);
    do {
        struct eng_effects *effects = effects_of(task, feed);
        status = eng_engine_activate(task->engine, model, silent, effects, err);
        taken = take_away(task, feed, err);
        beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK);
    if (status != ENG_OK)
        return status;
    eng_models_note_known(&task->models, task->engine);
    eng_assert(eng_engine_model(task->engine) == model);
    return taken;
}

/* The configuration's model comes into force where the task is, if it is another one. */
static enum eng_status renew(struct eng_task *task, struct eng_feed *feed, struct eng_error *err)
{
    const struct eng_model *before = eng_engine_model(task->engine), *model = feed->config->model;
    uint32_t version = eng_model_version(model);
    struct eng_held_model *held = eng_models_find(&task->models, version);
    eng_assert(task->state == ENG_TASK_LIVE);
    if (before == model)
        return ENG_OK;
    eng_assert(version > eng_model_version(before));
    if ((held == NULL && eng_models_add(&task->models, model, &held) != ENG_OK) ||
        mark_here(task, feed) != ENG_OK ||
        (ENG_RULE(JOURNAL_ACTIVATIONS) &&
         note(task, task->next, version, ENG_JOURNAL_MODEL) != ENG_OK))
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for another model");
    touch(task, feed);
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " version %" PRIu32 " of the model follows on %" PRIu32
            " at offset %" PRId64,
            task->partition, version, eng_model_version(before), task->next);
    return activate(task, feed, model, err);
}

/* ---- Erasures. ---- */

enum eng_status eng_task_erase(struct eng_task *task, struct eng_feed *feed,
                               struct eng_slice partner, struct eng_error *err)
{
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(task->next >= 0);
    enum eng_status status = eng_engine_erase(task->engine, partner, (uint64_t)task->next, err);
    if (status != ENG_OK)
        return status;
    struct eng_erasure erasure = {.program = eng_model_program(feed->config->model),
                                  .partition = task->partition,
                                  .partner = partner,
                                  .hash = eng_partner_hash(partner),
                                  .offset = task->next,
                                  .at_ms = feed->port->ops->wall_ms(feed->port)};
    erasure.parts = eng_parts_of(&task->parts, erasure.hash);
    touch(task, feed);
    if (ENG_RULE(JOURNAL_ERASURES))
        status = note(task, task->next, (int64_t)erasure.hash, ENG_JOURNAL_ERASED);
    if (status == ENG_OK)
        status = eng_erasure_write(feed->sink, feed->txn, &erasure);
    if (status != ENG_OK)
        return eng_error_set(err, status, "no memory for an erasure");
    eng_log(ENG_LOG_INFO, "stream",
            "partition=%" PRId32 " offset=%" PRId64 " partner_hash=%016" PRIx64 " erased",
            task->partition, task->next, erasure.hash);
    return ENG_OK;
}

/* ---- Committing. ---- */

static struct eng_recovery recovery_of(const struct eng_task *task, const struct eng_feed *feed)
{
    const struct eng_recovery_config *config = &feed->config->recovery;
    uint64_t records = RECORDS_PER_PARTNER * eng_engine_partner_count(task->engine);
    eng_assert(config->seconds > 0);
    records = records > RECORDS_LEAST ? records : RECORDS_LEAST;
    return (struct eng_recovery){config->records > 0 ? (uint64_t)config->records : records,
                                 config->seconds * 1000};
}

/* The place in the queue up to which pages are due. */
static uint64_t pages_due(const struct eng_task *task, const struct eng_feed *feed)
{
    struct eng_recovery recovery = recovery_of(task, feed);
    eng_assert(task->state == ENG_TASK_LIVE);
    return eng_checkpoint_due(&task->checkpoint, task->engine, &recovery, task->next,
                              feed->port->ops->mono_us(feed->port));
}

void eng_task_refresh(struct eng_task *task, struct eng_feed *feed)
{
    if (task->state != ENG_TASK_LIVE || task->touched)
        return;
    eng_assert(task->engine != NULL);
    struct eng_changed queue = eng_engine_changes(task->engine);
    if (queue.first < queue.end && (task->leaving || pages_due(task, feed) > queue.first))
        touch(task, feed);
    eng_assert(queue.first <= queue.end);
}

static enum eng_status seal_pages(struct eng_task *task, struct eng_feed *feed)
{
    bool all = task->leaving;
    struct eng_low_water now = position_of(task);
    const struct eng_page_run run = {
        .engine = task->engine,
        .sink = feed->sink,
        .txn = feed->txn,
        .partition = task->partition,
        .parts = &task->parts,
        .head = {.model_version = now.model_version,
                 .life = task->life,
                 .sequence = task->sequence + 1,
                 .next = task->next,
                 .journal = task->journal_last},
    };
    eng_assert(task->touched);
    if (!feed->config->recovery.checkpoints)
        return ENG_OK;
    uint64_t place = all ? eng_engine_changes(task->engine).end : pages_due(task, feed);
    enum eng_status status =
        eng_checkpoint_write(&task->checkpoint, &run, place, all ? PAGES_BYTES_ALL : PAGES_BYTES);
    task->low = eng_checkpoint_low(&task->checkpoint, task->engine, &now);
    eng_assert(task->low.next <= task->next);
    return status;
}

/* The text of the model in force goes before all that refers to it, once. */
static enum eng_status seal_model(struct eng_task *task, const struct eng_feed *feed)
{
    const struct eng_model *model = eng_engine_model(task->engine);
    struct eng_held_model *held = eng_models_find(&task->models, eng_model_version(model));
    eng_assert(held != NULL);
    eng_assert(model == feed->config->model);
    if (held->stored || !feed->config->recovery.checkpoints)
        return ENG_OK;
    enum eng_status status = eng_models_write(feed->config, task->life, feed->txn, task->partition);
    held->stored = status == ENG_OK;
    return status;
}

static void fill_commit(const struct eng_task *task, const struct eng_feed *feed,
                        struct eng_commit *commit)
{
    struct eng_page_sum pages = eng_engine_page_sum(task->engine);
    const struct eng_held_model *low = eng_models_find(&task->models, task->low.model_version);
    *commit = (struct eng_commit){.sequence = task->sequence + 1,
                                  .life = task->life,
                                  .next = task->next,
                                  .journal = task->journal_last,
                                  .first = task->first,
                                  .clock_ms = eng_engine_clock_ms(task->engine),
                                  .model_version = eng_model_version(feed->config->model),
                                  .fingerprint = feed->fingerprint,
                                  .low = task->low,
                                  .page_count = pages.count,
                                  .page_sum = pages.sum};
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(low != NULL);
    commit->known_bytes = low->known_bytes;
    memcpy(commit->known, low->known, low->known_bytes);
    eng_task_counters(task, &commit->counters);
    eng_assert(commit->counters.read == records_read(task));
}

enum eng_status eng_task_seal(struct eng_task *task, struct eng_feed *feed, uint64_t writer)
{
    eng_assert(task->state == ENG_TASK_LIVE && task->touched);
    eng_assert(feed->txn != NULL && feed->txn->opened_us >= 0);
    struct eng_txn_offset offset = {.before = task->sealed};
    struct eng_meta meta = {.writer = writer, .life = task->life, .fingerprint = feed->fingerprint};
    struct eng_commit commit;
    enum eng_status status = seal_model(task, feed);
    if (status == ENG_OK)
        status = seal_pages(task, feed);
    if (status == ENG_OK)
        status = eng_sink_journal(feed->sink, feed->txn, task->partition, &task->pending);
    fill_commit(task, feed, &commit);
    if (status == ENG_OK)
        status = eng_sink_commit(feed->txn, task->partition, &commit, &meta.record);
    meta.sequence = commit.sequence;
    meta.model_version = commit.model_version;
    meta.low_version = commit.low.model_version;
    offset.now.partition = task->partition;
    offset.now.next = task->next;
    eng_meta_write(&meta, offset.now.meta);
    if (status == ENG_OK)
        status = eng_txn_offset(feed->txn, &offset);
    if (status != ENG_OK)
        return status;
    eng_journal_clear(&task->pending);
    task->sequence++;
    task->sealed = offset.now;
    task->sealed_newest_ms = task->newest_ms;
    task->touched = false;
    return ENG_OK;
}

void eng_task_committed(struct eng_task *task, const struct eng_port_offset *now)
{
    eng_assert(task->partition == now->partition);
    eng_assert(now->next >= task->committed.next);
    task->committed = *now;
    task->committed_newest_ms = task->sealed_newest_ms;
}
