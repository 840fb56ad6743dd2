/* Logs and transactions. See broker.h. */
#include "broker.h"

#include "base/assert.h"
#include "sim.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, TXN_TIMEOUT_US = 10000000 };

struct broker_chunk {
    struct broker_chunk *next;
    size_t used, capacity;
    _Alignas(16) uint8_t data[];
};

void broker_init(struct broker *broker, struct sim *sim)
{
    *broker = (struct broker){.sim = sim, .away_until_us = -1, .forgets_until_us = -1};
    for (int32_t i = 0; i < BROKER_OFFSETS; i++)
        broker->committed[i] = (struct eng_port_offset){.partition = i, .next = -1};
}

void broker_done(struct broker *broker)
{
    for (uint32_t i = 0; i < BROKER_LOGS; i++)
        free(broker->logs[i].entries);
    for (struct broker_txn *txn = broker->txns, *next; txn != NULL; txn = next) {
        next = txn->next;
        free(txn);
    }
    for (struct broker_chunk *chunk = broker->bytes, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
}

/* Memory that lives as long as the broker, aligned for anything. */
static uint8_t *room(struct broker *broker, size_t bytes)
{
    struct broker_chunk *chunk = broker->bytes;
    bytes = (bytes + 15) & ~(size_t)15;
    if (chunk == NULL || chunk->capacity - chunk->used < bytes) {
        size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        chunk = malloc(sizeof *chunk + capacity);
        eng_assert(chunk != NULL);
        *chunk = (struct broker_chunk){broker->bytes, 0, capacity};
        broker->bytes = chunk;
    }
    chunk->used += bytes;
    return chunk->data + chunk->used - bytes;
}

uint8_t *broker_copy(struct broker *broker, const void *data, size_t bytes)
{
    if (data == NULL)
        return NULL;
    uint8_t *to = room(broker, bytes);
    if (bytes > 0)
        memcpy(to, data, bytes);
    return to;
}

/* ---- Headers. ---- */

static uint8_t *flatten_one(uint8_t *to, const struct eng_port_header *header, const char *name)
{
    size_t name_bytes = strlen(name) + 1;
    uint32_t bytes = header->value == NULL ? UINT32_MAX : (uint32_t)header->value_bytes;
    memcpy(to, name, name_bytes);
    memcpy(to + name_bytes, &bytes, sizeof bytes);
    to += name_bytes + sizeof bytes;
    if (header->value != NULL && header->value_bytes > 0)
        memcpy(to, header->value, header->value_bytes);
    return to + (header->value == NULL ? 0 : header->value_bytes);
}

static size_t flat_bytes(const struct eng_port_header *header, const char *name)
{
    return strlen(name) + 1 + sizeof(uint32_t) + header->value_bytes;
}

static const char *name_of(const struct eng_port_output *output, uint32_t i)
{
    return output->family != NULL ? output->family->own[i] : output->headers[i].name;
}

struct broker_record broker_record_of(struct broker *broker, const struct eng_port_output *output)
{
    const struct eng_port_family *family = output->family;
    size_t bytes = 0;
    uint32_t fixed = family != NULL ? family->fixed_count : 0;
    for (uint32_t i = 0; i < fixed; i++)
        bytes += flat_bytes(&family->fixed[i], family->fixed[i].name);
    for (uint32_t i = 0; i < output->header_count; i++)
        bytes += flat_bytes(&output->headers[i], name_of(output, i));
    uint8_t *headers = room(broker, bytes), *to = headers;
    for (uint32_t i = 0; i < fixed; i++)
        to = flatten_one(to, &family->fixed[i], family->fixed[i].name);
    for (uint32_t i = 0; i < output->header_count; i++)
        to = flatten_one(to, &output->headers[i], name_of(output, i));
    return (struct broker_record){.key = output->key,
                                  .value = output->value,
                                  .headers = headers,
                                  .key_bytes = (uint32_t)output->key_bytes,
                                  .value_bytes = (uint32_t)output->value_bytes,
                                  .header_bytes = (uint32_t)(to - headers)};
}

/* ---- Logs. ---- */

static struct broker_entry *add_entry(struct broker_log *log)
{
    if (log->end == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : log->capacity * 2;
        log->entries = realloc(log->entries, (size_t)log->capacity * sizeof *log->entries);
        eng_assert(log->entries != NULL);
    }
    struct broker_entry *entry = &log->entries[log->end++];
    *entry = (struct broker_entry){.timestamp_ms = -1};
    return entry;
}

static void put(struct broker *broker, uint32_t place, const struct broker_record *record,
                struct broker_txn *txn)
{
    struct broker_entry *entry = add_entry(&broker->logs[place]);
    entry->record = *record;
    entry->record.key = broker_copy(broker, record->key, record->key_bytes);
    entry->record.value = broker_copy(broker, record->value, record->value_bytes);
    entry->txn = txn;
    entry->place = place;
    entry->written_us = broker->sim->now_us;
}

int64_t broker_append(struct broker *broker, uint32_t place, const struct broker_record *record,
                      int64_t timestamp_ms)
{
    put(broker, place, record, NULL);
    struct broker_log *log = &broker->logs[place];
    log->entries[log->end - 1].timestamp_ms = timestamp_ms;
    return log->end - 1;
}

int64_t broker_last_stable(const struct broker *broker, uint32_t place)
{
    int64_t least = broker->logs[place].end;
    for (const struct broker_txn *txn = broker->live; txn != NULL; txn = txn->next_live)
        if (txn->first[place] >= 0 && txn->first[place] < least &&
            ((txn->decision == BROKER_OPEN && !(txn->early >> place & 1)) ||
             ((txn->waits | txn->hangs) >> place & 1)))
            least = txn->first[place];
    return least;
}

bool broker_was_visible(const struct broker_entry *entry)
{
    return !entry->marker &&
           (entry->txn == NULL || (entry->txn->early >> entry->place & 1) ||
            (entry->txn->decision == BROKER_COMMITTED && !(entry->txn->torn >> entry->place & 1)));
}

bool broker_is_visible(const struct broker_entry *entry)
{
    return !entry->compacted && broker_was_visible(entry);
}

static bool same_key(const struct broker_record *a, const struct broker_record *b)
{
    return a->key_bytes == b->key_bytes && memcmp(a->key, b->key, a->key_bytes) == 0;
}

/* Is there a newer committed record of this key? */
static bool is_replaced(const struct broker_log *log, int64_t offset, int64_t below)
{
    for (int64_t i = offset + 1; i < below; i = broker_next(log, i))
        if (broker_is_visible(&log->entries[i]) &&
            same_key(&log->entries[i].record, &log->entries[offset].record))
            return true;
    return false;
}

static bool is_read(const struct broker *broker, uint32_t place)
{
    bool read = false;
    for (uint32_t i = 0; i < SIM_MEMBERS; i++)
        read |= broker->sim->processes[i].state == PROCESS_ALIVE &&
                port_reads(&broker->sim->processes[i].port, place);
    return read;
}

void broker_compact(struct broker *broker, uint32_t place)
{
    struct broker_log *log = &broker->logs[place];
    bool read = is_read(broker, place);
    int64_t below = broker_last_stable(broker, place);
    for (int64_t i = log->low; i < below; i = broker_next(log, i)) {
        struct broker_entry *entry = &log->entries[i];
        bool old = entry->written_us + BROKER_TOMBSTONE_US <= broker->sim->now_us;
        if (broker_is_visible(entry) &&
            ((entry->record.value == NULL && old && !read) || is_replaced(log, i, below)))
            entry->compacted = true;
    }
}

void broker_trim(struct broker *broker, uint32_t place)
{
    struct broker_log *log = &broker->logs[place];
    int64_t below = broker_last_stable(broker, place);
    for (int64_t at = log->low, next; at < below; at = next) {
        next = broker_next(log, at);
        if (broker_is_visible(&log->entries[at]))
            continue;
        while (next < below && !broker_is_visible(&log->entries[next]))
            next = broker_next(log, next);
        log->entries[at].skip = next;
    }
}

/* ---- Markers. ---- */

static void forget_live(struct broker *broker, const struct broker_txn *txn)
{
    struct broker_txn **link = &broker->live;
    while (*link != txn)
        link = &(*link)->next_live;
    *link = txn->next_live;
}

static void write_marker(struct broker *broker, struct broker_txn *txn, uint32_t place)
{
    *add_entry(&broker->logs[place]) =
        (struct broker_entry){.txn = txn, .marker = true, .timestamp_ms = -1};
}

/* What was sent later stays. */
static void take_offsets(struct broker *broker, const struct broker_txn *txn)
{
    for (int32_t i = 0; i < BROKER_OFFSETS; i++)
        if ((txn->offset_mask >> i & 1) && txn->offset_order[i] > broker->committed_order[i]) {
            broker->committed[i] = txn->offsets[i];
            broker->committed_order[i] = txn->offset_order[i];
        }
}

/* A place hears how a transaction has ended. */
static void marker_comes(struct sim *sim, const struct event *event)
{
    struct broker *broker = &sim->broker;
    struct broker_txn *txn = event->who;
    uint32_t place = (uint32_t)event->a;
    if (!((txn->waits | txn->hangs) >> place & 1))
        return;
    txn->waits &= ~((uint64_t)1 << place);
    txn->hangs &= ~((uint64_t)1 << place);
    bool committed = txn->decision == BROKER_COMMITTED && !(txn->torn >> place & 1);
    if (place != BROKER_GROUP)
        write_marker(broker, txn, place);
    else if (committed)
        take_offsets(broker, txn);
    sim_say(sim, "marker of producer %u at place %u: %s", txn->producer, place,
            committed ? "committed" : "aborted");
    if (txn->waits == 0 && txn->hangs == 0)
        forget_live(broker, txn);
}

/* One place of the transaction is not told the truth. */
static void tear(struct broker *broker, struct broker_txn *txn, uint32_t place)
{
    struct sim *sim = broker->sim;
    sim_say(sim, "the transaction of producer %u is torn at place %u", txn->producer, place);
    txn->torn = txn->hangs = (uint64_t)1 << place;
    txn->waits &= ~txn->torn;
    sim_after(sim, manner_torn_us(sim),
              (struct event){.run = marker_comes, .who = txn, .a = place});
}

static void decide(struct broker *broker, struct broker_txn *txn, bool commit)
{
    struct sim *sim = broker->sim;
    eng_assert(txn->decision == BROKER_OPEN);
    txn->decision = commit ? BROKER_COMMITTED : BROKER_ABORTED;
    for (uint32_t i = 0; i < BROKER_LOGS; i++)
        if (txn->first[i] >= 0)
            txn->waits |= (uint64_t)1 << i;
    if (txn->offset_mask != 0)
        txn->waits |= (uint64_t)1 << BROKER_GROUP;
    if (commit && manner_tears(sim, txn))
        tear(broker, txn, manner_torn_place(sim, txn));
    for (uint32_t i = 0; i <= BROKER_GROUP; i++)
        if (txn->waits >> i & 1)
            sim_after(sim, manner_marker_us(sim),
                      (struct event){.run = marker_comes, .who = txn, .a = i});
    if (txn->waits == 0 && txn->hangs == 0)
        forget_live(broker, txn);
}

/* ---- Producers. ---- */

uint32_t broker_producer_new(struct broker *broker)
{
    eng_assert(broker->producer_count < BROKER_PRODUCERS);
    return broker->producer_count++;
}

static void timeout_comes(struct sim *sim, const struct event *event)
{
    struct broker_producer *producer = &sim->broker.producers[event->a];
    if (producer->txn == event->who && producer->txn->decision == BROKER_OPEN &&
        producer->txn->early == 0) {
        sim_say(sim, "transaction of producer %" PRId64 " has timed out", event->a);
        broker_time_out(&sim->broker, (uint32_t)event->a);
    }
}

void broker_time_out(struct broker *broker, uint32_t producer)
{
    if (!broker_is_open(broker, producer))
        return;
    decide(broker, broker->producers[producer].txn, false);
    broker->producers[producer].epoch++;
}

/* The open transaction, a new one if need be. */
static enum broker_answer open_txn(struct broker *broker, uint32_t number, int32_t epoch,
                                   struct broker_txn **ret_txn)
{
    struct broker_producer *producer = &broker->producers[number];
    struct broker_txn *txn = producer->txn;
    if (producer->epoch != epoch)
        return BROKER_FENCED;
    if (txn == NULL || txn->decision != BROKER_OPEN) {
        if (txn != NULL && txn->waits != 0)
            return BROKER_BUSY;
        txn = calloc(1, sizeof *txn);
        eng_assert(txn != NULL);
        txn->next = broker->txns;
        txn->next_live = broker->live;
        txn->producer = number;
        for (uint32_t i = 0; i < BROKER_LOGS; i++)
            txn->first[i] = -1;
        broker->txns = broker->live = producer->txn = txn;
        sim_after(broker->sim, TXN_TIMEOUT_US,
                  (struct event){.run = timeout_comes, .who = txn, .a = number});
    }
    *ret_txn = txn;
    return BROKER_OK;
}

enum broker_answer broker_open(struct broker *broker, uint32_t number, int32_t *ret_epoch)
{
    struct broker_producer *producer = &broker->producers[number];
    if (broker_is_open(broker, number)) {
        decide(broker, producer->txn, false);
        producer->epoch++;
    }
    if (producer->txn != NULL && producer->txn->waits != 0)
        return BROKER_BUSY;
    *ret_epoch = ++producer->epoch;
    return BROKER_OK;
}

enum broker_answer broker_produce(struct broker *broker, uint32_t producer, int32_t epoch,
                                  uint32_t place, const struct broker_record *record)
{
    struct broker_txn *txn;
    enum broker_answer answer = open_txn(broker, producer, epoch, &txn);
    if (answer != BROKER_OK)
        return answer;
    if (txn->first[place] < 0)
        txn->first[place] = broker->logs[place].end;
    put(broker, place, record, txn);
    return BROKER_OK;
}

enum broker_answer broker_offsets(struct broker *broker, uint32_t producer, int32_t epoch,
                                  const struct eng_port_offset *set, uint32_t count)
{
    struct broker_txn *txn;
    enum broker_answer answer = open_txn(broker, producer, epoch, &txn);
    if (answer != BROKER_OK)
        return answer;
    for (uint32_t i = 0; i < count; i++) {
        eng_assert(set[i].partition < BROKER_OFFSETS);
        txn->offset_mask |= 1u << set[i].partition;
        txn->offsets[set[i].partition] = set[i];
        txn->offset_order[set[i].partition] = ++broker->orders;
    }
    return BROKER_OK;
}

enum broker_answer broker_end(struct broker *broker, uint32_t number, int32_t epoch, bool commit)
{
    struct broker_producer *producer = &broker->producers[number];
    if (producer->epoch != epoch)
        return BROKER_FENCED;
    if (producer->txn == NULL)
        return BROKER_WRONG;
    if (producer->txn->decision == BROKER_OPEN)
        decide(broker, producer->txn, commit);
    bool committed = producer->txn->decision == BROKER_COMMITTED;
    return committed == commit ? BROKER_OK : BROKER_WRONG;
}

void broker_half_commit(struct broker *broker, uint32_t number, int32_t epoch, uint64_t places)
{
    struct broker_producer *producer = &broker->producers[number];
    struct broker_txn *txn = producer->txn;
    if (producer->epoch != epoch || !broker_is_open(broker, number) || txn->early != 0)
        return;
    for (uint32_t i = 0; i <= BROKER_GROUP; i++) {
        bool there = i == BROKER_GROUP ? txn->offset_mask != 0 : txn->first[i] >= 0;
        if (!there || !(places >> i & 1))
            continue;
        txn->early |= (uint64_t)1 << i;
        if (i == BROKER_GROUP)
            take_offsets(broker, txn);
        else
            write_marker(broker, txn, i);
        sim_say(broker->sim, "half a commit of producer %u: place %u is told", number, i);
    }
}

bool broker_is_half(const struct broker *broker, uint32_t producer)
{
    return producer < broker->producer_count && broker_is_open(broker, producer) &&
           broker->producers[producer].txn->early != 0;
}

bool broker_is_open(const struct broker *broker, uint32_t producer)
{
    const struct broker_txn *txn = broker->producers[producer].txn;
    return txn != NULL && txn->decision == BROKER_OPEN;
}

bool broker_is_quiet(const struct broker *broker)
{
    return broker->live == NULL;
}

/* ---- The groups' offsets. ---- */

bool broker_committed(const struct broker *broker, int32_t number, bool stable,
                      struct eng_port_offset *ret_offset)
{
    for (const struct broker_txn *txn = broker->live; stable && txn != NULL; txn = txn->next_live)
        if ((txn->offset_mask >> number & 1) &&
            ((txn->decision == BROKER_OPEN && !(txn->early >> BROKER_GROUP & 1)) ||
             (txn->waits >> BROKER_GROUP & 1)))
            return false;
    *ret_offset = broker->committed[number];
    return true;
}
