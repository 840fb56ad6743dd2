/* Closing a batch: what goes into a transaction beside the outputs. Model texts, pages, journal,
 * commit record and offset, in this order; pages are encoded here, so that none knows more than the
 * offset it is committed with. */
#include "stream/task_internal.h"

#include "base/assert.h"
#include "base/rules.h"
#include <stdio.h>
#include <string.h>

_Static_assert((int)ENG_COMMIT_ID_BYTES == (int)ENG_TOPIC_ID_BYTES, "a topic's id fits");

enum { RECORDS_PER_PARTNER = 2 };

static struct eng_recovery recovery_of(const struct eng_task *task, const struct eng_feed *feed)
{
    const struct eng_recovery_config *config = &feed->config->recovery;
    uint64_t records = RECORDS_PER_PARTNER * eng_engine_partner_count(task->engine);
    eng_assert(config->seconds > 0);
    records = records > ENG_TASK_RECORDS_LEAST ? records : ENG_TASK_RECORDS_LEAST;
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
    if (eng_engine_page_bytes(task->engine) > 0 &&
        (task->leaving || pages_due(task, feed) > queue.first))
        eng_task_touch(task, feed);
    eng_assert(queue.first <= queue.end);
}

static enum eng_status seal_pages(struct eng_task *task, struct eng_feed *feed)
{
    bool all = task->leaving;
    struct eng_low_water now = eng_task_position(task);
    const struct eng_page_run run = {
        .engine = task->engine,
        .sink = feed->sink,
        .txn = feed->txn,
        .partition = task->partition,
        .parts = &task->parts,
        .head = {.model_version = eng_model_version(eng_engine_model(task->engine)),
                 .life = task->life,
                 .sequence = task->sequence + 1,
                 .next = task->next,
                 .journal = now.journal},
    };
    eng_assert(task->touched);
    if (!feed->config->recovery.checkpoints)
        return ENG_OK;
    uint64_t place = all ? eng_engine_changes(task->engine).end : pages_due(task, feed);
    enum eng_status status =
        eng_checkpoint_write(&task->checkpoint, &run, place, feed->pages_bytes);
    task->low = eng_checkpoint_low(&task->checkpoint, task->engine, &now);
    eng_assert(task->low.next <= task->next);
    return status;
}

/* Entries made since the last seal; and the oldest ones go when nobody needs them. */
static enum eng_status seal_journal(struct eng_task *task, struct eng_feed *feed)
{
    eng_assert(task->touched);
    eng_assert(task->low.journal <= task->journal_last);
    enum eng_status status = eng_sink_journal(feed->sink, feed->txn, task->partition,
                                              &task->pending, &task->journal_records);
    return status == ENG_OK
               ? eng_sink_journal_trim(feed->txn, task->partition, &task->journal_records,
                                       task->low.journal, task->input_low)
               : status;
}

/* The texts of all models up to the one in force go before what refers to them, once. There is more
 * than one when a model has come into force before the one before it was ever committed: low water
 * may still be under that one. */
static enum eng_status seal_models(struct eng_task *task, const struct eng_feed *feed)
{
    const struct eng_held_model *last = eng_models_of(&task->models, task->engine);
    enum eng_status status = ENG_OK;
    eng_assert(task->touched);
    if (!feed->config->recovery.checkpoints)
        return ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < task->models.count; i++) {
        struct eng_held_model *held = task->models.items[i];
        bool wanted = ENG_RULE(EVERY_MODEL_STORED)
                          ? eng_model_version(held->model) <= eng_model_version(last->model)
                          : held == last;
        if (held->stored || !wanted)
            continue;
        eng_assert(held->edition != NULL); /* what was made from a record has one */
        status = eng_models_write(held->edition->config, task->life, feed->txn, task->partition);
        held->stored = status == ENG_OK;
    }
    return status;
}

static void fill_commit(const struct eng_task *task, const struct eng_feed *feed,
                        struct eng_commit *commit)
{
    const struct eng_held_model *held = eng_models_of(&task->models, task->engine);
    struct eng_page_sum pages = eng_engine_page_sum(task->engine);
    const struct eng_held_model *low = eng_models_find(&task->models, task->low.model_version);
    *commit = (struct eng_commit){.sequence = task->sequence + 1,
                                  .life = task->life,
                                  .next = task->next,
                                  .journal = task->journal_last,
                                  .first = task->first,
                                  .clock_ms = eng_engine_clock_ms(task->engine),
                                  .model_version = eng_model_version(held->model),
                                  .fingerprint = held->fingerprint,
                                  .low = task->low,
                                  .page_count = pages.count,
                                  .page_sum = pages.sum,
                                  .half = eng_task_half(task)};
    eng_assert(task->state == ENG_TASK_LIVE);
    eng_assert(low != NULL);
    (void)snprintf(commit->input_id, sizeof commit->input_id, "%s", feed->sink->topic_id);
    commit->known_bytes = low->known_bytes;
    memcpy(commit->known, low->known, low->known_bytes);
    commit->shared_bytes = (uint16_t)eng_engine_shared_write(task->engine, commit->shared);
    eng_task_counters(task, &commit->counters);
    eng_assert(commit->counters.read == eng_task_records_read(task));
}

enum eng_status eng_task_seal(struct eng_task *task, struct eng_feed *feed, uint64_t writer)
{
    eng_assert(task->state == ENG_TASK_LIVE && task->touched);
    eng_assert(feed->txn != NULL && feed->txn->opened_us >= 0);
    struct eng_txn_offset offset = {.before = task->sealed};
    struct eng_meta meta = {.writer = writer, .life = task->life};
    struct eng_commit commit;
    enum eng_status status = seal_models(task, feed);
    if (status == ENG_OK)
        status = seal_pages(task, feed);
    if (status == ENG_OK)
        status = seal_journal(task, feed);
    fill_commit(task, feed, &commit);
    if (status == ENG_OK)
        status = eng_sink_commit(feed->txn, task->partition, &commit, &meta.record);
    meta.sequence = commit.sequence;
    meta.model_version = commit.model_version;
    meta.fingerprint = commit.fingerprint;
    meta.low_version = commit.low.model_version;
    offset.now.partition = task->partition;
    offset.now.next = task->next;
    eng_meta_write(&meta, offset.now.meta);
    if (status == ENG_OK)
        status = eng_txn_offset(feed->txn, &offset);
    if (status != ENG_OK)
        return status;
    if (task->half.kind == ENG_HALF_NONE) /* else the engine may be between two models */
        eng_models_forget(&task->models, task->low.model_version);
    eng_journal_clear(&task->pending);
    task->sequence++;
    task->sealed = offset.now;
    task->sealed_newest_ms = task->newest_ms;
    task->touched = false;
    return ENG_OK;
}
