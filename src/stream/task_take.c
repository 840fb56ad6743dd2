/* Taking records: decoded and judged into the feed, applied a feed at a time, and what cannot be
 * counted written as dead letters. One whose boundaries take too long is left half done
 * (task_half.c); those behind it are put back. */
#include "stream/task_internal.h"

#include "base/assert.h"
#include "base/rules.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The event at `at` in the feed is half done: it and those behind it have not been taken. What was
 * decided of them is decided again when they come again. */
static void put_back(struct eng_task *task, struct eng_feed *feed, uint32_t at)
{
    struct eng_journal *pending = &task->pending;
    eng_assert(at < feed->count);
    eng_assert(task->state == ENG_TASK_LIVE);
    task->next = feed->records[at]->offset;
    feed->count = at;
    while (pending->count > 0 && ENG_RULE(JOURNAL_OF_TAKEN) &&
           pending->entries[pending->count - 1].kind == ENG_JOURNAL_FUTURE &&
           pending->entries[pending->count - 1].offset >= task->next) {
        pending->count--;
        task->journal_last--;
    }
    eng_task_pause(task, ENG_HALF_EVENT);
}

static enum eng_status apply_events(struct eng_task *task, struct eng_feed *feed,
                                    struct eng_error *err)
{
    enum eng_status status, taken;
    struct eng_batch batch = {.events = feed->events,
                              .outcomes = feed->outcomes,
                              .count = feed->count,
                              .names = eng_decoder_names(feed->decoder)};
    eng_assert(task->engine != NULL);
    do {
        struct eng_effects *effects = eng_task_effects(task, feed);
        status = eng_engine_apply(task->engine, &batch, effects, err);
        taken = eng_task_take_away(task, feed, err);
        eng_task_beat(feed);
    } while (status == ENG_AGAIN && taken == ENG_OK && !eng_task_must_pause(task, feed));
    if (batch.done > 0)
        eng_task_counted(task);
    if (status == ENG_AGAIN && taken == ENG_OK)
        put_back(task, feed, batch.done);
    eng_assert(status != ENG_OK || batch.done == batch.count);
    return status == ENG_OK || status == ENG_AGAIN ? taken : status;
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

/* Boundaries have been worked off for it already. */
static bool is_accepted(const struct eng_task *task, int64_t offset)
{
    eng_assert(offset >= 0);
    eng_assert(task->state == ENG_TASK_LIVE);
    return task->half.kind == ENG_HALF_EVENT && offset == task->half_at && ENG_RULE(ACCEPTED);
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
    if (event->time_ms <= feed->wall_ms + feed->config->future_skew_ms ||
        is_accepted(task, (int64_t)event->offset))
        return ENG_OK;
    event->verdict = ENG_VERDICT_FUTURE;
    if (!ENG_RULE(JOURNAL_FUTURE))
        return ENG_OK;
    return eng_task_note(task, (int64_t)event->offset, feed->wall_ms, ENG_JOURNAL_FUTURE);
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

/* Gathers up to a full feed; *at moves over the records used. */
static enum eng_status gather(struct eng_task *task, struct eng_feed *feed,
                              const struct eng_port_record *records, uint32_t count, uint32_t *at)
{
    enum eng_status status = ENG_OK;
    eng_assert(*at <= count);
    feed->count = 0;
    eng_decoder_reset(feed->decoder);
    /* Each task is under its own model, and no model changes inside a feed. */
    status = eng_decoder_want(feed->decoder, eng_engine_model(task->engine), NULL);
    while (status == ENG_OK && *at < count && feed->count < ENG_FEED_EVENTS) {
        const struct eng_port_record *record = &records[*at];
        if (record->offset >= task->next) {
            if (eng_task_stops_before(task, record))
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
            feed->outcomes[i] == ENG_OUTCOME_DUPLICATE ||
            feed->outcomes[i] == ENG_OUTCOME_LEFT_OUT || feed->outcomes[i] == ENG_OUTCOME_HELD)
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

static enum eng_status take_chunk(struct eng_task *task, struct eng_feed *feed,
                                  struct eng_error *err)
{
    eng_assert(feed->count > 0);
    bool live = task->state == ENG_TASK_LIVE;
    if (live)
        eng_task_touch(task, feed);
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
    eng_assert(eng_task_takes_records(task));
    eng_assert(count > 0);
    task->end_since_us = -1;
    for (uint32_t at = 0; status == ENG_OK && at < count && !task->refetch;) {
        uint32_t before = at, decided = task->replay.done;
        if (eng_task_mark_here(task, feed) != ENG_OK ||
            gather(task, feed, records, count, &at) != ENG_OK)
            return eng_error_set(err, ENG_NO_MEMORY, "no memory for the records of a batch");
        if (feed->count > 0)
            status = take_chunk(task, feed, err);
        if (status == ENG_OK && at < count && task->state == ENG_TASK_REPLAYING)
            status = records[at].offset >= task->replay_end
                         ? eng_task_finish_replay(task, feed, err)
                         : eng_task_replay_journal(task, feed, records[at].offset, err);
        eng_assert(status != ENG_OK || at > before || task->replay.done > decided ||
                   task->state != ENG_TASK_REPLAYING || task->refetch); /* it comes to an end */
    }
    if (status == ENG_OK && task->state == ENG_TASK_REPLAYING && task->next >= task->replay_end)
        status = eng_task_finish_replay(task, feed, err);
    return status;
}
