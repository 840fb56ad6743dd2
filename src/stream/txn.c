/* Records of a transaction as bytes, one buffer ("lane") for each topic.
 *
 *   frame   struct eng_txn_frame | key | value | header*
 *   header  struct head | name with its zero (without a family) | value (unless inside the
 * record's)
 *
 * Nothing is aligned: what is read as a struct is copied out. A frame's `bytes` covers all of it,
 * so a reader walks from frame to frame; adding a header to the last frame makes that frame longer.
 */
#include "stream/txn.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

#define LENGTH_NONE UINT32_MAX

/* Places are counted from the frame's beginning. */
struct head {
    uint32_t bytes; /* of all of the header */
    uint32_t name_at, value_at;
    uint32_t value_bytes; /* LENGTH_NONE: there is none */
};

void eng_txn_init(struct eng_txn *txn)
{
    eng_assert(txn != NULL);
    *txn = (struct eng_txn){.opened_us = -1};
}

void eng_txn_done(struct eng_txn *txn)
{
    eng_assert(txn != NULL);
    for (int i = 0; i < ENG_TOPIC_COUNT; i++)
        eng_bytes_done(&txn->lanes[i]);
    eng_free(txn->offsets);
    *txn = (struct eng_txn){.opened_us = -1};
}

void eng_txn_clear(struct eng_txn *txn)
{
    eng_assert(txn->offset_count <= txn->offset_capacity);
    eng_assert(txn != NULL);
    for (int i = 0; i < ENG_TOPIC_COUNT; i++)
        eng_bytes_clear(&txn->lanes[i]);
    txn->record_count = txn->offset_count = 0;
    txn->opened_us = -1;
    txn->outcome = ENG_TXN_NONE;
    txn->took_us = 0;
    eng_error_clear(&txn->error);
}

size_t eng_txn_bytes(const struct eng_txn *txn)
{
    size_t sum = 0;
    eng_assert(txn != NULL);
    for (int i = 0; i < ENG_TOPIC_COUNT; i++)
        sum += txn->lanes[i].used;
    eng_assert(sum > 0 || txn->record_count == 0);
    return sum;
}

/* Appends bytes for which room was reserved. */
static inline void put(struct eng_bytes *to, const void *data, size_t length)
{
    eng_assert(to->capacity - to->used >= length);
    if (length > 0)
        memcpy(to->data + to->used, data, length);
    to->used += length;
}

static uint32_t length_of(const void *data, size_t length)
{
    eng_assert(length < LENGTH_NONE);
    return data == NULL ? LENGTH_NONE : (uint32_t)length;
}

static size_t present(uint32_t length)
{
    return length == LENGTH_NONE ? 0 : length;
}

/* Writes the open record's frame. It is kept beside the lane, since reading it back just after it
 * was written in pieces would stall. */
static void write_frame(struct eng_txn *txn)
{
    struct eng_bytes *lane = &txn->lanes[txn->open_topic];
    eng_assert(txn->record_count > 0);
    eng_assert(txn->open.bytes >= sizeof txn->open);
    eng_assert(txn->open.bytes == lane->used - txn->open_at);
    memcpy(lane->data + txn->open_at, &txn->open, sizeof txn->open);
}

/* Fetches the lines that the record after this one will be written to. They were last touched a
 * transaction ago, and writing waits for them otherwise. */
static inline void fetch_room(const struct eng_bytes *lane)
{
    enum { LINE = 64, FROM = 384, TO = 768 };
    if (lane->capacity - lane->used < TO)
        return;
    for (int at = FROM; at < TO; at += LINE)
        __builtin_prefetch(lane->data + lane->used + at, 1);
}

struct eng_bytes *eng_txn_open(struct eng_txn *txn, const struct eng_port_output *output)
{
    struct eng_bytes *lane = &txn->lanes[output->topic];
    eng_assert(output->topic < ENG_TOPIC_COUNT);
    eng_assert(output->partition >= 0);
    eng_assert(lane->used == 0 || txn->families[output->topic] == output->family);
    struct eng_txn_frame frame = {.key_bytes = length_of(output->key, output->key_bytes),
                                  .value_bytes = LENGTH_NONE,
                                  .partition = output->partition};
    size_t key = present(frame.key_bytes);
    if (eng_bytes_reserve(lane, sizeof frame + key) != ENG_OK)
        return NULL;
    frame.bytes = (uint32_t)(sizeof frame + key);
    txn->families[output->topic] = output->family;
    txn->open_topic = output->topic;
    txn->open_at = lane->used;
    txn->open = frame;
    txn->record_count++;
    fetch_room(lane);
    lane->used += sizeof frame;
    put(lane, output->key, key);
    write_frame(txn);
    return lane;
}

void eng_txn_close(struct eng_txn *txn)
{
    size_t bytes = txn->lanes[txn->open_topic].used - txn->open_at;
    eng_assert(txn->open.header_count == 0 && txn->open.value_bytes == LENGTH_NONE);
    eng_assert(bytes >= txn->open.bytes && bytes < LENGTH_NONE);
    txn->open.value_bytes = (uint32_t)(bytes - txn->open.bytes);
    txn->open.bytes = (uint32_t)bytes;
    write_frame(txn);
}

void eng_txn_drop(struct eng_txn *txn)
{
    eng_assert(txn->record_count > 0);
    eng_assert(txn->lanes[txn->open_topic].used > txn->open_at);
    txn->lanes[txn->open_topic].used = txn->open_at;
    txn->record_count--;
}

enum eng_status eng_txn_add(struct eng_txn *txn, const struct eng_port_output *output)
{
    struct eng_bytes *lane = eng_txn_open(txn, output);
    enum eng_status status = ENG_OK;
    if (lane == NULL)
        return ENG_NO_MEMORY;
    if (output->value != NULL) {
        status = eng_bytes_append(lane, output->value, output->value_bytes);
        eng_txn_close(txn);
    }
    for (uint32_t i = 0; status == ENG_OK && i < output->header_count; i++)
        status = eng_txn_header(txn, &output->headers[i]);
    if (status != ENG_OK)
        eng_txn_drop(txn);
    return status;
}

/* Adds a header; value NULL and value_at not 0: its value is there already. */
static enum eng_status add_header(struct eng_txn *txn, const char *name, struct head head,
                                  const void *value)
{
    struct eng_bytes *lane = &txn->lanes[txn->open_topic];
    struct eng_txn_frame *frame = &txn->open;
    size_t name_bytes = txn->families[txn->open_topic] == NULL ? strlen(name) + 1 : 0;
    size_t value_bytes = value != NULL ? head.value_bytes : 0;
    eng_assert(value != NULL || head.value_at != 0 || head.value_bytes == LENGTH_NONE);
    if (frame->header_count == ENG_TXN_HEADERS_MAX)
        return ENG_LIMIT;
    if (eng_bytes_reserve(lane, sizeof head + name_bytes + value_bytes) != ENG_OK)
        return ENG_NO_MEMORY;
    head.name_at = frame->bytes + (uint32_t)sizeof head;
    if (head.value_at == 0)
        head.value_at = head.name_at + (uint32_t)name_bytes;
    head.bytes = (uint32_t)(sizeof head + name_bytes + value_bytes);
    put(lane, &head, sizeof head);
    put(lane, name, name_bytes);
    put(lane, value, value_bytes);
    frame->header_count++;
    frame->bytes += head.bytes;
    write_frame(txn);
    return ENG_OK;
}

enum eng_status eng_txn_header(struct eng_txn *txn, const struct eng_port_header *header)
{
    eng_assert(txn->record_count > 0);
    eng_assert(header->name != NULL);
    struct head head = {.value_bytes = length_of(header->value, header->value_bytes)};
    return add_header(txn, header->name, head, header->value);
}

enum eng_status eng_txn_header_of_value(struct eng_txn *txn, const char *name, size_t at,
                                        size_t bytes)
{
    const struct eng_txn_frame *frame = &txn->open;
    size_t all = present(frame->value_bytes);
    eng_assert(name != NULL);
    eng_assert(at <= all && bytes <= all - at);
    struct head head = {.value_at = (uint32_t)(sizeof *frame + present(frame->key_bytes) + at),
                        .value_bytes = (uint32_t)bytes};
    return add_header(txn, name, head, NULL);
}

enum eng_status eng_txn_offset(struct eng_txn *txn, const struct eng_txn_offset *offset)
{
    eng_assert(offset->now.next >= 0);
    eng_assert(offset->now.partition == offset->before.partition);
    if (txn->offset_count == txn->offset_capacity) {
        void *offsets = eng_grow(txn->offsets, &txn->offset_capacity, sizeof *txn->offsets);
        if (offsets == NULL)
            return ENG_NO_MEMORY;
        txn->offsets = offsets;
    }
    txn->offsets[txn->offset_count++] = *offset;
    return ENG_OK;
}

/* Reads header `index` of a frame; `at` is where it begins. Returns where the next one does. */
static size_t read_header(const uint8_t *frame, size_t at, const char *name,
                          struct eng_port_header *ret_header)
{
    struct head head;
    memcpy(&head, frame + at, sizeof head);
    eng_assert(head.bytes >= sizeof head);
    eng_assert(head.value_at >= sizeof(struct eng_txn_frame));
    ret_header->name = name != NULL ? name : (const char *)frame + head.name_at;
    ret_header->value = head.value_bytes == LENGTH_NONE ? NULL : frame + head.value_at;
    ret_header->value_bytes = present(head.value_bytes);
    return at + head.bytes;
}

/* Reads the record at `from`, which takes frame.bytes. */
static void read_record(const uint8_t *from, const struct eng_txn_frame *frame,
                        const struct eng_port_family *family, struct eng_port_header *headers,
                        struct eng_port_output *output)
{
    size_t key_at = sizeof *frame, value_at = key_at + present(frame->key_bytes);
    size_t at = value_at + present(frame->value_bytes);
    eng_assert(frame->header_count <= ENG_TXN_HEADERS_MAX);
    eng_assert(family == NULL || frame->header_count == family->own_count);
    output->partition = frame->partition;
    output->key = frame->key_bytes == LENGTH_NONE ? NULL : from + key_at;
    output->key_bytes = present(frame->key_bytes);
    output->value = frame->value_bytes == LENGTH_NONE ? NULL : from + value_at;
    output->value_bytes = present(frame->value_bytes);
    output->family = family;
    output->headers = headers;
    output->header_count = frame->header_count;
    for (uint32_t i = 0; i < frame->header_count; i++)
        at = read_header(from, at, family != NULL ? family->own[i] : NULL, &headers[i]);
    eng_assert(at == frame->bytes);
}

/* Fetches about where a record ends and the next one begins, some records ahead: another thread has
 * written them. Records of a topic are about as long. */
static inline void fetch_ahead(const struct eng_bytes *lane, size_t at, size_t bytes)
{
    enum { RECORDS = 4, AROUND = 32 };
    size_t ahead = at + RECORDS * bytes;
    if (ahead + AROUND > lane->used)
        return;
    __builtin_prefetch(lane->data + ahead - AROUND);
    __builtin_prefetch(lane->data + ahead + AROUND);
}

bool eng_txn_next(const struct eng_txn *txn, struct eng_txn_place *place,
                  struct eng_port_header *headers, struct eng_port_output *ret_output)
{
    struct eng_txn_frame frame;
    while (place->topic < ENG_TOPIC_COUNT && place->at == txn->lanes[place->topic].used)
        *place = (struct eng_txn_place){.topic = place->topic + 1};
    if (place->topic == ENG_TOPIC_COUNT)
        return false;
    const struct eng_bytes *lane = &txn->lanes[place->topic];
    eng_assert(place->at < lane->used);
    memcpy(&frame, lane->data + place->at, sizeof frame);
    eng_assert(frame.bytes >= sizeof frame && frame.bytes <= lane->used - place->at);
    ret_output->topic = (enum eng_topic)place->topic;
    read_record(lane->data + place->at, &frame, txn->families[place->topic], headers, ret_output);
    place->at += frame.bytes;
    fetch_ahead(lane, place->at, frame.bytes);
    return true;
}
