/* The journal of a task: decisions that reading the input again would not give again.
 *
 * Kinds: a record refused because it lay ahead of the wall clock (S5), a tick of the clock because
 * the partition was idle (S7), a partner erased on request, and another model that came into force
 * (S14). Entries are numbered from 1 and belong to a position: an entry at offset o comes before
 * record o. They are written to the state topic in the transaction that carries their consequences,
 * several to a record, and applied at their positions on a re-read.
 *
 * A record is deleted when nobody can need it any more: no restart, as low water has passed its
 * entries, and no state that is made anew, as the input before its last entry is gone. How far that
 * has come is said by a record of its own.
 *
 * Record (docs/state-topic.md): key "journal/" and the number of the first entry, 20 digits; value,
 * big endian: "EJ", u8 version (1), u8 0, u32 count, u64 first number, count times {u8 kind, i64
 * offset, i64 time_ms}, u64 XXH3 of all before. What is gone: key "journal"; "ED", u8 version (1),
 * u8 0, u64 number of the last entry deleted, u64 XXH3 of all before. */
#ifndef ENG_STREAM_JOURNAL_H
#define ENG_STREAM_JOURNAL_H

#include "codec/encode.h"
#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

enum eng_journal_kind {
    ENG_JOURNAL_FUTURE = 1, /* the record at `offset` was refused; time_ms: the wall clock then */
    ENG_JOURNAL_TICK = 2,   /* before the record at `offset` the clock was ticked to time_ms */
    ENG_JOURNAL_ERASED =
        3,                 /* before it a partner was erased; time_ms: eng_partner_hash of its id */
    ENG_JOURNAL_MODEL = 4, /* before it the model of version time_ms came into force */
};

struct eng_journal_entry {
    uint64_t number;
    int64_t offset;
    int64_t time_ms; /* or what else the kind says */
    enum eng_journal_kind kind;
};

/* A list of entries, ascending by number (so by offset too). Zero-initialised is empty. */
struct eng_journal {
    struct eng_journal_entry *entries;
    uint32_t count, capacity;
    uint32_t done; /* entries used up by a re-read */
};

/* A record of the state topic: its entries, and the offset of the last one. */
struct eng_journal_record {
    uint64_t first, last;
    int64_t offset;
};

/* Those that have not been deleted, ascending. Zero-initialised is none. */
struct eng_journal_records {
    struct eng_journal_record *items;
    uint32_t from, count, capacity; /* [from, count) are there */
    uint64_t gone;                  /* number of the last entry deleted; 0: none was */
};

enum { ENG_JOURNAL_KEY_BYTES = 28, ENG_JOURNAL_RECORD_ENTRIES = 4096 };

/* Is there such a kind? */
bool eng_journal_is_kind(unsigned kind);

/* Appends. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_journal_add(struct eng_journal *journal, const struct eng_journal_entry *entry);

/* Forgets the entries, keeps the memory. */
void eng_journal_clear(struct eng_journal *journal);
void eng_journal_done(struct eng_journal *journal);

/* Appends key and value of a record of entries [from, from + count). ENG_OK or ENG_NO_MEMORY. */
void eng_journal_key(uint64_t number, char ret_key[ENG_JOURNAL_KEY_BYTES + 1]);
enum eng_status eng_journal_encode(const struct eng_journal *journal, uint32_t from, uint32_t count,
                                   struct eng_bytes *ret_value);

/* Is this the key of a journal record? */
bool eng_journal_is_key(const void *key, size_t length);

/* Adds the entries of a record. ENG_OK, ENG_CORRUPT (says why) or ENG_NO_MEMORY. */
enum eng_status eng_journal_decode(struct eng_journal *journal, const void *value, size_t length,
                                   struct eng_error *err);

/* ---- Records that are there. ---- */

void eng_journal_records_done(struct eng_journal_records *records);

/* One more; it takes the place of any with a number not less. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_journal_records_add(struct eng_journal_records *records,
                                        const struct eng_journal_record *record);

/* The oldest one; NULL: there is none. */
const struct eng_journal_record *
eng_journal_records_oldest(const struct eng_journal_records *records);

/* Those with entries up to `gone` have been deleted. */
void eng_journal_records_gone(struct eng_journal_records *records, uint64_t gone);

/* The key, and the value, of what says that entries up to `gone` were deleted. Decoding: ENG_OK, or
 * ENG_CORRUPT (says why). */
extern const char eng_journal_gone_key[];
bool eng_journal_is_gone_key(const void *key, size_t length);
enum { ENG_JOURNAL_GONE_KEY_BYTES = 7, ENG_JOURNAL_GONE_BYTES = 20 };
void eng_journal_gone_encode(uint64_t gone, uint8_t ret_value[ENG_JOURNAL_GONE_BYTES]);
enum eng_status eng_journal_gone_decode(const void *value, size_t length, uint64_t *ret_gone,
                                        struct eng_error *err);

/* ---- Reading all again. ---- */

/* Drops the entries up to `before`, low water having passed them. */
void eng_journal_forget(struct eng_journal *journal, uint64_t before);

/* Sorts by number and drops repetitions; entries after `last` are dropped too (their transaction
 * belongs to nobody), and those up to `before` (low water has passed them). ENG_OK, or ENG_CORRUPT
 * when one in between is missing. */
enum eng_status eng_journal_settle(struct eng_journal *journal, uint64_t before, uint64_t last,
                                   struct eng_error *err);

#endif
