/* Journal entries: lists and records. See journal.h. */
#include "stream/journal.h"

#include "base/assert.h"
#include "base/big_endian.h"
#include "base/memory.h"
#include "stream/state.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { HEAD_BYTES = 16, ENTRY_BYTES = 17, SUM_BYTES = 8, VERSION = 1 };

static const char key_prefix[] = "journal/";
const char eng_journal_gone_key[] = "journal";

_Static_assert(sizeof eng_journal_gone_key - 1 == ENG_JOURNAL_GONE_KEY_BYTES, "its length");

bool eng_journal_is_kind(unsigned kind)
{
    return kind >= ENG_JOURNAL_FUTURE && kind <= ENG_JOURNAL_MODEL;
}

enum eng_status eng_journal_add(struct eng_journal *journal, const struct eng_journal_entry *entry)
{
    eng_assert(journal != NULL && entry != NULL);
    eng_assert(eng_journal_is_kind(entry->kind));
    if (journal->count == journal->capacity) {
        void *entries = eng_grow(journal->entries, &journal->capacity, sizeof *journal->entries);
        if (entries == NULL)
            return ENG_NO_MEMORY;
        journal->entries = entries;
    }
    journal->entries[journal->count++] = *entry;
    return ENG_OK;
}

void eng_journal_clear(struct eng_journal *journal)
{
    eng_assert(journal != NULL);
    journal->count = journal->done = 0;
}

void eng_journal_done(struct eng_journal *journal)
{
    eng_assert(journal != NULL);
    eng_free(journal->entries);
    *journal = (struct eng_journal){0};
}

void eng_journal_key(uint64_t number, char ret_key[ENG_JOURNAL_KEY_BYTES + 1])
{
    eng_assert(number > 0);
    int used = snprintf(ret_key, ENG_JOURNAL_KEY_BYTES + 1, "%s%020" PRIu64, key_prefix, number);
    eng_assert(used == ENG_JOURNAL_KEY_BYTES);
}

bool eng_journal_is_key(const void *key, size_t length)
{
    return key != NULL && length == ENG_JOURNAL_KEY_BYTES &&
           memcmp(key, key_prefix, sizeof key_prefix - 1) == 0;
}

bool eng_journal_is_gone_key(const void *key, size_t length)
{
    return key != NULL && length == ENG_JOURNAL_GONE_KEY_BYTES &&
           memcmp(key, eng_journal_gone_key, length) == 0;
}

enum eng_status eng_journal_encode(const struct eng_journal *journal, uint32_t from, uint32_t count,
                                   struct eng_bytes *ret_value)
{
    eng_assert(from + count <= journal->count);
    eng_assert(count > 0 && count <= ENG_JOURNAL_RECORD_ENTRIES);
    size_t bytes = HEAD_BYTES + (size_t)count * ENTRY_BYTES + SUM_BYTES;
    if (eng_bytes_reserve(ret_value, bytes) != ENG_OK)
        return ENG_NO_MEMORY;
    uint8_t *to = ret_value->data + ret_value->used;
    memcpy(to, "EJ\1\0", 4);
    eng_write_be(to + 4, count, 4);
    eng_write_be(to + 8, journal->entries[from].number, 8);
    for (uint32_t i = 0; i < count; i++) {
        const struct eng_journal_entry *entry = &journal->entries[from + i];
        uint8_t *at = to + HEAD_BYTES + (size_t)i * ENTRY_BYTES;
        eng_assert(entry->number == journal->entries[from].number + i);
        at[0] = (uint8_t)entry->kind;
        eng_write_be(at + 1, (uint64_t)entry->offset, 8);
        eng_write_be(at + 9, (uint64_t)entry->time_ms, 8);
    }
    eng_write_be(to + bytes - SUM_BYTES, XXH3_64bits(to, bytes - SUM_BYTES), 8);
    ret_value->used += bytes;
    return ENG_OK;
}

static const struct eng_state_form form = {"a journal record", "EJ", VERSION,
                                           HEAD_BYTES + SUM_BYTES};

/* Head, length and checksum; *ret_count entries follow the head. */
static enum eng_status check_record(const uint8_t *value, size_t length, uint32_t *ret_count,
                                    struct eng_error *err)
{
    eng_assert(value != NULL);
    eng_assert(ret_count != NULL);
    enum eng_status status = eng_state_check(value, length, &form, err);
    if (status != ENG_OK)
        return status;
    uint64_t count = eng_read_be(value + 4, 4);
    if (count == 0 || length != HEAD_BYTES + count * ENTRY_BYTES + SUM_BYTES)
        return eng_error_set(err, ENG_CORRUPT,
                             "a journal record of %zu bytes says it has %" PRIu64 " entries",
                             length, count);
    *ret_count = (uint32_t)count;
    return ENG_OK;
}

enum eng_status eng_journal_decode(struct eng_journal *journal, const void *value, size_t length,
                                   struct eng_error *err)
{
    eng_assert(journal != NULL);
    eng_assert(value != NULL);
    uint32_t count = 0;
    enum eng_status status = check_record(value, length, &count, err);
    const uint8_t *at = (const uint8_t *)value + HEAD_BYTES;
    uint64_t first = status == ENG_OK ? eng_read_be((const uint8_t *)value + 8, 8) : 0;
    for (uint32_t i = 0; status == ENG_OK && i < count; i++, at += ENTRY_BYTES) {
        if (!eng_journal_is_kind(at[0]))
            return eng_error_set(err, ENG_CORRUPT, "journal entry %" PRIu64 " has kind %u",
                                 first + i, at[0]);
        struct eng_journal_entry entry = {first + i, (int64_t)eng_read_be(at + 1, 8),
                                          (int64_t)eng_read_be(at + 9, 8),
                                          (enum eng_journal_kind)at[0]};
        status = eng_journal_add(journal, &entry);
    }
    if (status == ENG_NO_MEMORY)
        return eng_error_set(err, status, "no memory for %" PRIu32 " journal entries", count);
    return status;
}

/* ---- Records that are there. ---- */

void eng_journal_records_done(struct eng_journal_records *records)
{
    eng_assert(records != NULL);
    eng_free(records->items);
    *records = (struct eng_journal_records){0};
}

enum eng_status eng_journal_records_add(struct eng_journal_records *records,
                                        const struct eng_journal_record *record)
{
    eng_assert(record->first > 0 && record->first <= record->last);
    eng_assert(records->from <= records->count);
    while (records->count > records->from &&
           records->items[records->count - 1].last >= record->first)
        records->count--;
    if (records->from > 0 && records->count == records->capacity) {
        records->count -= records->from;
        memmove(records->items, records->items + records->from,
                records->count * sizeof *records->items);
        records->from = 0;
    }
    if (records->count == records->capacity) {
        void *items = eng_grow(records->items, &records->capacity, sizeof *records->items);
        if (items == NULL)
            return ENG_NO_MEMORY;
        records->items = items;
    }
    records->items[records->count++] = *record;
    return ENG_OK;
}

const struct eng_journal_record *
eng_journal_records_oldest(const struct eng_journal_records *records)
{
    eng_assert(records->from <= records->count);
    eng_assert(records->count <= records->capacity);
    return records->from < records->count ? &records->items[records->from] : NULL;
}

void eng_journal_records_gone(struct eng_journal_records *records, uint64_t gone)
{
    const struct eng_journal_record *oldest = eng_journal_records_oldest(records);
    records->gone = gone > records->gone ? gone : records->gone;
    while (oldest != NULL && oldest->last <= records->gone) {
        records->from++;
        oldest = eng_journal_records_oldest(records);
    }
    eng_assert(oldest == NULL || oldest->last > gone);
    eng_assert(records->from <= records->count);
}

void eng_journal_gone_encode(uint64_t gone, uint8_t ret_value[ENG_JOURNAL_GONE_BYTES])
{
    enum { SUMMED = ENG_JOURNAL_GONE_BYTES - SUM_BYTES };
    eng_assert(gone > 0);
    eng_assert(ret_value != NULL);
    memcpy(ret_value, "ED\1\0", 4);
    eng_write_be(ret_value + 4, gone, 8);
    eng_write_be(ret_value + SUMMED, XXH3_64bits(ret_value, SUMMED), 8);
}

enum eng_status eng_journal_gone_decode(const void *value, size_t length, uint64_t *ret_gone,
                                        struct eng_error *err)
{
    static const struct eng_state_form gone_form = {"what says how much of the journal is gone",
                                                    "ED", VERSION, ENG_JOURNAL_GONE_BYTES};
    eng_assert(value != NULL);
    eng_assert(ret_gone != NULL);
    enum eng_status status = eng_state_check(value, length, &gone_form, err);
    if (status == ENG_OK && length != ENG_JOURNAL_GONE_BYTES)
        return eng_error_set(err, ENG_CORRUPT, "%s has %zu bytes", gone_form.what, length);
    if (status == ENG_OK)
        *ret_gone = eng_read_be((const uint8_t *)value + 4, 8);
    return status;
}

/* ---- Reading all again. ---- */

void eng_journal_forget(struct eng_journal *journal, uint64_t before)
{
    uint32_t kept = 0;
    eng_assert(journal->done == 0);
    eng_assert(journal->count <= journal->capacity);
    for (uint32_t i = 0; i < journal->count; i++)
        if (journal->entries[i].number > before)
            journal->entries[kept++] = journal->entries[i];
    journal->count = kept;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = ((const struct eng_journal_entry *)left)->number;
    uint64_t b = ((const struct eng_journal_entry *)right)->number;
    return a < b ? -1 : a > b;
}

enum eng_status eng_journal_settle(struct eng_journal *journal, uint64_t before, uint64_t last,
                                   struct eng_error *err)
{
    eng_assert(before <= last);
    eng_assert(journal->done == 0);
    if (journal->count > 1)
        qsort(journal->entries, journal->count, sizeof *journal->entries, by_number);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < journal->count; i++) {
        struct eng_journal_entry *entry = &journal->entries[i];
        if (entry->number > last || entry->number <= before ||
            (kept > 0 && journal->entries[kept - 1].number == entry->number))
            continue;
        journal->entries[kept++] = *entry;
    }
    journal->count = kept;
    if (kept != last - before)
        return eng_error_set(err, ENG_CORRUPT,
                             "the journal in the state topic has %" PRIu32
                             " of the entries %" PRIu64 " to %" PRIu64 " that were committed: it "
                             "has lost records, or a transaction was torn",
                             kept, before + 1, last);
    return ENG_OK;
}
