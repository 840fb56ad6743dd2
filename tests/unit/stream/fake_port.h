/* A log in memory behind the port: a few partitions, one group, one transactional producer, a clock
 * that moves when it is told to. Calls can be made to fail, before or after they have done their
 * work, so that every class of failure can be met on purpose. It is small: generations, open
 * transactions of others and stable offsets are not in it. Its producer and its answers may be used
 * from other threads. */
#ifndef TEST_FAKE_PORT_H
#define TEST_FAKE_PORT_H

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "stream/port.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAKE_PARTITIONS = 4, FAKE_RECORDS = 4096, FAKE_OUTPUTS = 8192, FAKE_FAULTS = 16 };

struct fake_record {
    char key[64], value[256];
    bool has_key, has_value;
    int64_t timestamp_ms;
    uint32_t value_bytes;     /* 0: it is a text */
    char header[32];          /* value of a header "trace"; "": none */
    uint8_t schema_id[8];     /* value of a header with the schema's id */
    uint32_t schema_id_bytes; /* 0: none */
};

struct fake_partition {
    struct fake_record records[FAKE_RECORDS];
    int64_t low, end; /* records[offset] for low <= offset < end */
    int64_t fetch_at; /* -1: not fetched from */
    bool told_end;
    int64_t marks; /* offsets behind the end that hold no record (marks of transactions) */
    struct eng_port_offset committed;
};

struct fake_output {
    enum eng_topic topic;
    int32_t partition;
    uint8_t *key, *value; /* NULL: none */
    const void *borrowed; /* the caller's value, until it is given back; NULL: it was */
    size_t key_bytes, value_bytes;
    char headers[8][2][200]; /* name, value */
    uint32_t header_count;
    bool committed;
};

/* Call letters: o open, x close, b begin, p produce, f flush, s offsets, c commit, a abort, m
 * committed (meta), e ends, r read state, g assign, z pause, Z resume, l leave, j join again, i id
 * of the input, u members of the group.
 */
struct fake_fault {
    char call;
    uint32_t skip, times; /* let so many pass first, then so many fail */
    enum eng_status status;
    bool done; /* the work is done all the same: the answer was lost */
};

struct fake_member {
    uint64_t process;
    int32_t partitions[FAKE_PARTITIONS];
    uint32_t count;
};

struct fake_port {
    struct eng_port port;
    const struct eng_port_handler *handler;
    pthread_mutex_t lock; /* recursive */
    _Atomic int64_t wall_ms, now_us;
    char calls[4096];
    uint32_t call_count;
    struct fake_fault faults[FAKE_FAULTS];
    uint32_t fault_count;
    struct fake_partition partitions[FAKE_PARTITIONS];
    int32_t partition_count;
    struct fake_output outputs[FAKE_OUTPUTS];
    uint32_t output_count;
    struct eng_port_offset sent[FAKE_PARTITIONS]; /* offsets of the open transaction */
    uint32_t sent_count;
    bool producer, begun, suspect, paused;
    uint32_t epochs; /* producers opened so far */
    /* A rebalance to come with the next poll: 'a' assign, 'r' revoke, 'l' lose; 0: none. */
    char rebalance;
    int32_t moved[FAKE_PARTITIONS];
    uint32_t moved_count;
    /* The next poll reports a failure of the consumer. */
    enum eng_status failure;
    int32_t failed_partition;
    struct eng_topic_info topics[ENG_TOPIC_COUNT];
    const char *topic_names[ENG_TOPIC_COUNT];
    void (*before)(struct fake_port *fake, char call); /* hook; NULL: none */
    void *context;                                     /* the hook's */
    uint32_t headers_asked;                            /* how often a header was asked for */
    struct fake_member members[FAKE_PARTITIONS];       /* of the group, for who asks */
    uint32_t member_count;
    bool really_sleeps; /* threads that wait do not move the clock: how often they wait is chance */
    bool borrowed;      /* free() of the port leaves it alone: the log outlives its workers */
};

static struct fake_port *fake_of(struct eng_port *port)
{
    return (struct fake_port *)(void *)port;
}

/* Notes the call; ENG_OK, or the fault that strikes. *done: do the work all the same. */
static enum eng_status fake_strike(struct fake_port *fake, char call, bool *done,
                                   struct eng_error *err)
{
    if (fake->before != NULL)
        fake->before(fake, call);
    if (fake->call_count < sizeof fake->calls - 1)
        fake->calls[fake->call_count++] = call;
    *done = true;
    for (uint32_t i = 0; i < fake->fault_count; i++) {
        struct fake_fault *fault = &fake->faults[i];
        if (fault->call != call || fault->times == 0)
            continue;
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        fault->times--;
        *done = fault->done;
        if (fault->status == ENG_AGAIN)
            return ENG_AGAIN;
        return eng_error_set(err, fault->status, "fault at call %c", call);
    }
    return ENG_OK;
}

static enum eng_status fake_call(struct eng_port *port, char call, bool *done,
                                 struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    pthread_mutex_lock(&fake->lock);
    enum eng_status status = fake_strike(fake, call, done, err);
    pthread_mutex_unlock(&fake->lock);
    return status;
}

static inline void fake_fault(struct fake_port *fake, struct fake_fault fault)
{
    eng_assert(fake->fault_count < FAKE_FAULTS);
    fake->faults[fake->fault_count++] = fault;
}

static void fake_end_transaction(struct fake_port *fake, bool commit)
{
    uint32_t kept = 0;
    pthread_mutex_lock(&fake->lock);
    for (uint32_t i = 0; i < fake->output_count; i++) {
        struct fake_output *output = &fake->outputs[i];
        if (!output->committed && !commit) {
            eng_free(output->key);
            eng_free(output->value);
            continue;
        }
        output->committed = true;
        if (kept != i)
            fake->outputs[kept] = *output;
        kept++;
    }
    fake->output_count = kept;
    for (uint32_t i = 0; commit && i < fake->sent_count; i++)
        fake->partitions[fake->sent[i].partition].committed = fake->sent[i];
    fake->sent_count = 0;
    fake->begun = false;
    pthread_mutex_unlock(&fake->lock);
}

/* ---- Consumer. ---- */

static enum eng_status fake_join(struct eng_port *port, const struct eng_port_handler *handler,
                                 struct eng_error *err)
{
    (void)err;
    fake_of(port)->handler = handler;
    return ENG_OK;
}

static void fake_rebalance(struct fake_port *fake)
{
    char what = fake->rebalance;
    fake->rebalance = 0;
    if (what == 'a')
        fake->handler->assigned(fake->handler->context, fake->moved, fake->moved_count);
    else if (what != 0)
        fake->handler->revoked(fake->handler->context, fake->moved, fake->moved_count, what == 'l');
    for (uint32_t i = 0; what != 0 && what != 'a' && i < fake->moved_count; i++)
        fake->partitions[fake->moved[i]].fetch_at = -1;
}

static void fake_fetch(struct fake_port *fake, int32_t number, struct eng_port_batch *batch)
{
    struct fake_partition *partition = &fake->partitions[number];
    while (partition->fetch_at < partition->end && batch->count < batch->capacity) {
        struct fake_record *record = &partition->records[partition->fetch_at];
        batch->records[batch->count++] = (struct eng_port_record){
            .value = record->has_value ? record->value : NULL,
            .key = record->has_key ? record->key : NULL,
            .value_bytes = record->value_bytes > 0 ? record->value_bytes : strlen(record->value),
            .key_bytes = strlen(record->key),
            .offset = partition->fetch_at++,
            .timestamp_ms = record->timestamp_ms,
            .partition = number,
            .handle = record,
        };
        partition->told_end = false;
    }
    if (partition->fetch_at >= partition->end && !partition->told_end) {
        partition->told_end = true;
        fake->handler->ended(fake->handler->context, number, partition->end + partition->marks,
                             true);
    }
}

static void fake_poll(struct eng_port *port, struct eng_port_batch *batch, int64_t timeout_ms)
{
    struct fake_port *fake = fake_of(port);
    fake->now_us += timeout_ms * 1000;
    fake->wall_ms += timeout_ms;
    fake_rebalance(fake);
    if (fake->failure != ENG_OK) {
        enum eng_status failure = fake->failure;
        fake->failure = ENG_OK;
        fake->handler->failed(fake->handler->context, fake->failed_partition, failure,
                              "the consumer says so");
    }
    for (int32_t i = 0; i < fake->partition_count; i++)
        if (fake->partitions[i].fetch_at >= 0 && !fake->paused)
            fake_fetch(fake, i, batch);
}

static void fake_release(struct eng_port *port, struct eng_port_batch *batch)
{
    (void)port;
    batch->count = 0;
}

static bool fake_header(struct eng_port *port, const struct eng_port_record *record, uint32_t index,
                        struct eng_port_header *ret_header)
{
    const struct fake_record *from = record->handle;
    fake_of(port)->headers_asked++;
    if (from == NULL)
        return false;
    if (from->header[0] != '\0' && index-- == 0) {
        *ret_header = (struct eng_port_header){"trace", from->header, strlen(from->header)};
        return true;
    }
    *ret_header =
        (struct eng_port_header){"__value_schema_id", from->schema_id, from->schema_id_bytes};
    return from->schema_id_bytes > 0 && index == 0;
}

static enum eng_status fake_assign(struct eng_port *port, const struct eng_port_offset *set,
                                   uint32_t count, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool wanted[FAKE_PARTITIONS] = {false}, done;
    enum eng_status status = fake_call(port, 'g', &done, err);
    for (uint32_t i = 0; i < count; i++) {
        struct fake_partition *partition = &fake->partitions[set[i].partition];
        wanted[set[i].partition] = true;
        if (partition->fetch_at < 0) {
            partition->fetch_at = set[i].next;
            partition->told_end = false;
        }
    }
    for (int32_t i = 0; i < fake->partition_count; i++)
        if (!wanted[i])
            fake->partitions[i].fetch_at = -1;
    return status;
}

static void fake_pause(struct eng_port *port, bool paused)
{
    bool done;
    (void)fake_call(port, paused ? 'z' : 'Z', &done, NULL);
    fake_of(port)->paused = paused;
}

/* Joins, unless a fault says otherwise. */
static enum eng_status fake_rejoin(struct eng_port *port, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_strike(fake, 'j', &done, err);
    for (int32_t i = 0; done && i < fake->partition_count; i++)
        fake->partitions[i].fetch_at = -1;
    return status;
}

static bool fake_leave(struct eng_port *port, int64_t timeout_ms)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    (void)timeout_ms;
    (void)fake_call(port, 'l', &done, NULL);
    fake->rebalance = 'r';
    fake->moved_count = 0;
    for (int32_t i = 0; i < fake->partition_count; i++)
        fake->moved[fake->moved_count++] = i;
    fake_rebalance(fake);
    return true;
}

static int64_t fake_high(struct eng_port *port, int32_t partition)
{
    struct fake_port *fake = fake_of(port);
    pthread_mutex_lock(&fake->lock);
    int64_t high = fake->partitions[partition].end + fake->partitions[partition].marks;
    pthread_mutex_unlock(&fake->lock);
    return high;
}

/* ---- Questions. ---- */

static enum eng_status fake_committed(struct eng_port *port, struct eng_port_offset *set,
                                      uint32_t count, struct eng_error *err)
{
    bool done;
    enum eng_status status = fake_call(port, 'm', &done, err);
    pthread_mutex_lock(&fake_of(port)->lock);
    for (uint32_t i = 0; status == ENG_OK && i < count; i++)
        set[i] = fake_of(port)->partitions[set[i].partition].committed;
    pthread_mutex_unlock(&fake_of(port)->lock);
    return status;
}

static enum eng_status fake_bounds(struct eng_port *port, enum eng_topic topic, int32_t partition,
                                   int64_t ret_bounds[2], struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 'e', &done, err);
    pthread_mutex_lock(&fake->lock);
    ret_bounds[0] = topic == ENG_TOPIC_INPUT ? fake->partitions[partition].low : 0;
    ret_bounds[1] = fake_high(port, partition);
    if (topic == ENG_TOPIC_STATE) {
        ret_bounds[1] = 0;
        for (uint32_t i = 0; i < fake->output_count; i++)
            if (fake->outputs[i].topic == ENG_TOPIC_STATE &&
                fake->outputs[i].partition == partition && fake->outputs[i].committed)
                ret_bounds[1] = i + 1;
    }
    pthread_mutex_unlock(&fake->lock);
    return status;
}

static enum eng_status fake_scan(struct eng_port *port, const struct eng_port_scan *scan,
                                 struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 'r', &done, err);
    pthread_mutex_lock(&fake->lock);
    uint32_t i = (uint32_t)scan->from;
    for (; status == ENG_OK && i < fake->output_count; i++) {
        const struct fake_output *output = &fake->outputs[i];
        struct eng_port_record record = {.value = output->value,
                                         .key = output->key,
                                         .value_bytes = output->value_bytes,
                                         .key_bytes = output->key_bytes,
                                         .offset = i,
                                         .partition = scan->partition};
        if (output->topic == ENG_TOPIC_STATE && output->partition == scan->partition &&
            output->committed && !scan->record(scan->context, &record))
            break;
    }
    if (status == ENG_OK && i == fake->output_count && scan->ret_end != NULL)
        *scan->ret_end = i;
    pthread_mutex_unlock(&fake->lock);
    return status;
}

static enum eng_status fake_members(struct eng_port *port, const struct eng_port_census *census,
                                    struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 'u', &done, err);
    for (uint32_t i = 0; status == ENG_OK && i < fake->member_count; i++) {
        const struct fake_member *member = &fake->members[i];
        const struct eng_port_member told = {member->process, member->partitions, member->count};
        census->member(census->context, &told);
    }
    return status;
}

/* ---- Producer. ---- */

static enum eng_status fake_open(struct eng_port *port, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 'o', &done, err);
    if (status == ENG_OK) {
        eng_assert(!fake->producer);
        fake_end_transaction(fake, false);
        fake->producer = true;
        fake->epochs++;
    }
    return status;
}

/* Values that were lent must be as they were until they are given back. */
static void fake_give_back(struct fake_port *fake)
{
    pthread_mutex_lock(&fake->lock);
    for (uint32_t i = 0; i < fake->output_count; i++) {
        struct fake_output *output = &fake->outputs[i];
        if (output->borrowed != NULL)
            eng_assert(memcmp(output->borrowed, output->value, output->value_bytes) == 0);
        output->borrowed = NULL;
    }
    pthread_mutex_unlock(&fake->lock);
}

static void fake_close(struct eng_port *port)
{
    bool done;
    (void)fake_call(port, 'x', &done, NULL);
    fake_give_back(fake_of(port));
    fake_of(port)->producer = false; /* what is open stays open until the next epoch */
}

static bool fake_suspect(struct eng_port *port)
{
    return fake_of(port)->suspect;
}

static enum eng_status fake_begin(struct eng_port *port, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 'b', &done, err);
    eng_assert(fake->producer);
    eng_assert(!fake->begun);
    fake->suspect = false;
    fake->begun = status == ENG_OK;
    return status;
}

static void fake_note_header(struct fake_output *to, const struct eng_port_header *header)
{
    if (to->header_count == 8)
        return;
    (void)snprintf(to->headers[to->header_count][0], 200, "%s", header->name);
    (void)snprintf(to->headers[to->header_count++][1], 200, "%.*s", (int)header->value_bytes,
                   header->value != NULL ? (const char *)header->value : "");
}

/* Not by the program's allocator, which tests let fail. */
static uint8_t *fake_copy(const void *from, size_t length)
{
    uint8_t *copy = malloc(length + 1);
    eng_assert(copy != NULL);
    memcpy(copy, from, length);
    copy[length] = 0;
    return copy;
}

static void fake_take(struct fake_port *fake, const struct eng_port_output *output)
{
    struct fake_output *to = &fake->outputs[fake->output_count++];
    const struct eng_port_family *family = output->family;
    *to = (struct fake_output){.topic = output->topic,
                               .partition = output->partition,
                               .key_bytes = output->key_bytes,
                               .value_bytes = output->value_bytes,
                               .borrowed = output->value};
    if (output->key != NULL)
        to->key = fake_copy(output->key, output->key_bytes);
    if (output->value != NULL)
        to->value = fake_copy(output->value, output->value_bytes);
    for (uint32_t i = 0; family != NULL && i < family->fixed_count; i++)
        fake_note_header(to, &family->fixed[i]);
    for (uint32_t i = 0; i < output->header_count; i++)
        fake_note_header(to, &output->headers[i]);
}

static enum eng_status fake_produce(struct eng_port *port, const struct eng_port_output *outputs,
                                    uint32_t count, uint32_t *ret_taken, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    enum eng_status status = ENG_OK;
    bool done;
    *ret_taken = 0;
    while (*ret_taken < count && status == ENG_OK) {
        status = fake_call(port, 'p', &done, err);
        eng_assert(fake->begun && fake->output_count < FAKE_OUTPUTS);
        if (status != ENG_OK)
            break;
        pthread_mutex_lock(&fake->lock);
        fake_take(fake, &outputs[(*ret_taken)++]);
        pthread_mutex_unlock(&fake->lock);
    }
    return status;
}

static enum eng_status fake_flush(struct eng_port *port, struct eng_error *err)
{
    bool done;
    eng_assert(fake_of(port)->begun);
    enum eng_status status = fake_call(port, 'f', &done, err);
    if (status == ENG_OK)
        fake_give_back(fake_of(port));
    return status;
}

static enum eng_status fake_offsets(struct eng_port *port, const struct eng_port_offset *set,
                                    uint32_t count, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 's', &done, err);
    eng_assert(fake->begun && count <= FAKE_PARTITIONS);
    for (uint32_t i = 0; done && i < count; i++)
        fake->sent[i] = set[i];
    fake->sent_count = done ? count : 0;
    return status;
}

static enum eng_status fake_commit(struct eng_port *port, struct eng_error *err)
{
    bool done;
    enum eng_status status = fake_call(port, 'c', &done, err);
    if (done && (fake_of(port)->begun || status == ENG_OK))
        fake_end_transaction(fake_of(port), true);
    return status;
}

static enum eng_status fake_abort(struct eng_port *port, struct eng_error *err)
{
    bool done;
    enum eng_status status = fake_call(port, 'a', &done, err);
    if (status == ENG_OK)
        fake_give_back(fake_of(port));
    if (done)
        fake_end_transaction(fake_of(port), false);
    return status;
}

/* ---- The rest. ---- */

static enum eng_status fake_topic_info(struct eng_port *port, const char *topic,
                                       struct eng_topic_info *ret_info, struct eng_error *err)
{
    struct fake_port *fake = fake_of(port);
    bool done;
    enum eng_status status = fake_call(port, 't', &done, err);
    for (int i = 0; status == ENG_OK && i < ENG_TOPIC_COUNT; i++)
        if (fake->topic_names[i] != NULL && strcmp(fake->topic_names[i], topic) == 0)
            *ret_info = fake->topics[i];
    return status;
}

static enum eng_status fake_input_id(struct eng_port *port, char ret_id[ENG_TOPIC_ID_BYTES],
                                     struct eng_error *err)
{
    const struct eng_topic_info *input = &fake_of(port)->topics[ENG_TOPIC_INPUT];
    bool done;
    enum eng_status status = fake_call(port, 'i', &done, err);
    (void)snprintf(ret_id, ENG_TOPIC_ID_BYTES, "%s", input->exists ? input->id : "");
    return status;
}

static enum eng_status fake_topic_create(struct eng_port *port, enum eng_topic topic,
                                         int32_t partition_count, struct eng_error *err)
{
    bool done;
    enum eng_status status = fake_call(port, 'T', &done, err);
    if (status == ENG_OK)
        fake_of(port)->topics[topic] =
            (struct eng_topic_info){.exists = true, .partition_count = partition_count};
    return status;
}

static int64_t fake_wall(struct eng_port *port)
{
    return fake_of(port)->wall_ms;
}

static int64_t fake_mono(struct eng_port *port)
{
    return fake_of(port)->now_us;
}

static void fake_sleep(struct eng_port *port, int64_t ms)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    if (fake_of(port)->really_sleeps) {
        (void)nanosleep(&pause, NULL); /* sooner is as good */
        return;
    }
    fake_of(port)->now_us += ms * 1000;
    fake_of(port)->wall_ms += ms;
}

static void fake_free(struct eng_port *port)
{
    struct fake_port *fake = fake_of(port);
    if (fake->borrowed)
        return;
    for (uint32_t i = 0; i < fake->output_count; i++) {
        eng_free(fake->outputs[i].key);
        eng_free(fake->outputs[i].value);
    }
    pthread_mutex_destroy(&fake->lock);
    eng_free(fake);
}

static const struct eng_port_ops fake_ops = {
    .join = fake_join,
    .poll = fake_poll,
    .release = fake_release,
    .header = fake_header,
    .assign = fake_assign,
    .pause = fake_pause,
    .leave = fake_leave,
    .rejoin = fake_rejoin,
    .high_watermark = fake_high,
    .committed = fake_committed,
    .bounds = fake_bounds,
    .scan_state = fake_scan,
    .members = fake_members,
    .producer_open = fake_open,
    .producer_close = fake_close,
    .producer_suspect = fake_suspect,
    .begin = fake_begin,
    .produce = fake_produce,
    .flush = fake_flush,
    .send_offsets = fake_offsets,
    .commit = fake_commit,
    .abort = fake_abort,
    .input_id = fake_input_id,
    .topic_info = fake_topic_info,
    .topic_create = fake_topic_create,
    .wall_ms = fake_wall,
    .mono_us = fake_mono,
    .sleep_ms = fake_sleep,
    .free = fake_free,
};

static struct fake_port *fake_new(int32_t partition_count)
{
    struct fake_port *fake = eng_calloc(1, sizeof *fake);
    eng_assert(fake != NULL && partition_count <= FAKE_PARTITIONS);
    eng_log_level_set(ENG_LOG_ERROR);
    fake->port.ops = &fake_ops;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&fake->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    fake->partition_count = partition_count;
    fake->wall_ms = 1767225600000; /* 2026-01-01 */
    fake->now_us = 1000000;
    for (int32_t i = 0; i < partition_count; i++) {
        fake->partitions[i].fetch_at = -1;
        fake->partitions[i].committed = (struct eng_port_offset){.partition = i, .next = -1};
    }
    return fake;
}

/* A log that is used by one worker after the other: freed by this, not by them. */
static inline void fake_really_free(struct fake_port *fake)
{
    fake->borrowed = false;
    fake_free(&fake->port);
}

/* Committed outputs of a topic (partition -1: of all). */
static inline uint32_t fake_count(const struct fake_port *fake, enum eng_topic topic)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fake->output_count; i++)
        count += fake->outputs[i].committed && fake->outputs[i].topic == topic;
    return count;
}

#endif
