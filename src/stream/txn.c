/* Records of a transaction in one byte buffer.
 *
 *   frame   struct frame | key | value | header*          each part padded to 8 bytes
 *   header  struct head | name with its zero | value
 *
 * A frame's `bytes` covers all of it, so a reader walks from frame to frame; adding a header to the
 * last frame makes that frame longer. */
#include "stream/txn.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

#define LENGTH_NONE UINT32_MAX

struct frame {
    uint32_t bytes, key_bytes, value_bytes; /* LENGTH_NONE: there is none */
    uint32_t header_count;
    int32_t partition;
    uint32_t topic;
};

struct head {
    uint32_t name_bytes, value_bytes; /* name: with its zero */
};

void eng_txn_init(struct eng_txn *txn)
{
    eng_assert(txn != NULL);
    *txn = (struct eng_txn){.opened_us = -1};
}

void eng_txn_done(struct eng_txn *txn)
{
    eng_assert(txn != NULL);
    eng_bytes_done(&txn->records);
    eng_free(txn->offsets);
    *txn = (struct eng_txn){.opened_us = -1};
}

void eng_txn_clear(struct eng_txn *txn)
{
    eng_assert(txn->offset_count <= txn->offset_capacity);
    eng_assert(txn != NULL);
    eng_bytes_clear(&txn->records);
    txn->record_count = txn->offset_count = txn->open_count = 0;
    txn->opened_us = -1;
    txn->outcome = ENG_TXN_NONE;
    txn->took_us = 0;
    eng_error_clear(&txn->error);
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* Appends bytes and zeroes up to the next multiple of 8; room was reserved. */
static void put(struct eng_bytes *to, const void *data, size_t length)
{
    eng_assert(to->used % 8 == 0);
    eng_assert(to->capacity - to->used >= padded(length));
    if (length > 0)
        memcpy(to->data + to->used, data, length);
    memset(to->data + to->used + length, 0, padded(length) - length);
    to->used += padded(length);
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

enum eng_status eng_txn_add(struct eng_txn *txn, const struct eng_port_output *output)
{
    eng_assert(output->topic < ENG_TOPIC_COUNT);
    eng_assert(output->partition >= 0);
    struct frame frame = {.key_bytes = length_of(output->key, output->key_bytes),
                          .value_bytes = length_of(output->value, output->value_bytes),
                          .partition = output->partition,
                          .topic = (uint32_t)output->topic};
    size_t key = present(frame.key_bytes), value = present(frame.value_bytes);
    size_t need = padded(sizeof frame) + padded(key) + padded(value);
    if (eng_bytes_reserve(&txn->records, need) != ENG_OK)
        return ENG_NO_MEMORY;
    frame.bytes = (uint32_t)need;
    txn->open_at = txn->records.used;
    put(&txn->records, &frame, sizeof frame);
    put(&txn->records, output->key, key);
    put(&txn->records, output->value, value);
    txn->record_count++;
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < output->header_count; i++)
        status = eng_txn_header(txn, &output->headers[i]);
    if (status != ENG_OK) {
        txn->records.used = txn->open_at;
        txn->record_count--;
    }
    return status;
}

enum eng_status eng_txn_header(struct eng_txn *txn, const struct eng_port_header *header)
{
    eng_assert(txn->record_count > 0);
    eng_assert(header->name != NULL);
    struct head head = {(uint32_t)strlen(header->name) + 1,
                        length_of(header->value, header->value_bytes)};
    size_t value = present(head.value_bytes);
    size_t need = padded(sizeof head) + padded(head.name_bytes) + padded(value);
    struct frame frame;
    memcpy(&frame, txn->records.data + txn->open_at, sizeof frame);
    if (frame.header_count == ENG_TXN_HEADERS_MAX)
        return ENG_LIMIT;
    if (eng_bytes_reserve(&txn->records, need) != ENG_OK)
        return ENG_NO_MEMORY;
    put(&txn->records, &head, sizeof head);
    put(&txn->records, header->name, head.name_bytes);
    put(&txn->records, header->value, value);
    frame.header_count++;
    frame.bytes += (uint32_t)need;
    memcpy(txn->records.data + txn->open_at, &frame, sizeof frame);
    return ENG_OK;
}

enum eng_status eng_txn_offset(struct eng_txn *txn, const struct eng_txn_offset *offset)
{
    eng_assert(offset->now.next >= 0);
    eng_assert(offset->now.partition == offset->before.partition);
    if (txn->offset_count == txn->offset_capacity) {
        uint32_t capacity = txn->offset_capacity == 0 ? 8 : txn->offset_capacity * 2;
        void *offsets = eng_realloc(txn->offsets, capacity * sizeof *txn->offsets);
        if (offsets == NULL)
            return ENG_NO_MEMORY;
        txn->offsets = offsets;
        txn->offset_capacity = capacity;
    }
    txn->offsets[txn->offset_count++] = *offset;
    return ENG_OK;
}

/* Reads a header at `from`; returns what is behind it. */
static const uint8_t *read_header(const uint8_t *from, struct eng_port_header *ret_header)
{
    struct head head;
    memcpy(&head, from, sizeof head);
    eng_assert(head.name_bytes > 0);
    const uint8_t *name = from + padded(sizeof head);
    const uint8_t *value = name + padded(head.name_bytes);
    eng_assert(name[head.name_bytes - 1] == '\0');
    ret_header->name = (const char *)name;
    ret_header->value = head.value_bytes == LENGTH_NONE ? NULL : value;
    ret_header->value_bytes = present(head.value_bytes);
    return value + padded(ret_header->value_bytes);
}

bool eng_txn_next(const struct eng_txn *txn, size_t *at, struct eng_port_header *headers,
                  struct eng_port_output *ret_output)
{
    eng_assert(*at <= txn->records.used);
    if (*at == txn->records.used)
        return false;
    struct frame frame;
    const uint8_t *from = txn->records.data + *at;
    memcpy(&frame, from, sizeof frame);
    eng_assert(frame.bytes > 0 && frame.bytes <= txn->records.used - *at);
    const uint8_t *key = from + padded(sizeof frame);
    const uint8_t *value = key + padded(present(frame.key_bytes));
    *ret_output = (struct eng_port_output){
        .topic = (enum eng_topic)frame.topic,
        .partition = frame.partition,
        .key = frame.key_bytes == LENGTH_NONE ? NULL : key,
        .key_bytes = present(frame.key_bytes),
        .value = frame.value_bytes == LENGTH_NONE ? NULL : value,
        .value_bytes = present(frame.value_bytes),
        .headers = headers,
        .header_count = frame.header_count,
    };
    const uint8_t *next = value + padded(present(frame.value_bytes));
    for (uint32_t i = 0; i < frame.header_count; i++)
        next = read_header(next, &headers[i]);
    *at += frame.bytes;
    eng_assert(next == txn->records.data + *at);
    return true;
}
