/* What is written down: offset metadata, journal records, transactions as bytes. */
#include "base/memory.h"
#include "stream/journal.h"
#include "stream/meta.h"
#include "stream/txn.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* ---- Offset metadata. ---- */

static struct eng_meta sample_meta(void)
{
    return (struct eng_meta){.sequence = 7,
                             .writer = 0xfeedULL,
                             .life = 3,
                             .model_version = 2,
                             .fingerprint = 1,
                             .record = UINT64_MAX};
}

Test(meta, what_is_written_is_read_back)
{
    char text[ENG_META_TEXT_BYTES], twice[ENG_META_TEXT_BYTES];
    struct eng_meta meta = sample_meta(), again;
    eng_meta_write(&meta, text);
    cr_assert_eq(eng_meta_read(text, &again, NULL), ENG_OK);
    eng_meta_write(&again, twice);
    cr_expect_str_eq(twice, text);
    cr_expect_eq(again.writer, 0xfeed);
    cr_expect_eq(again.life, 3);
    cr_expect_eq(again.record, UINT64_MAX);
    cr_expect_lt(strlen(text), 200);
}

Test(meta, any_changed_character_is_refused)
{
    char text[ENG_META_TEXT_BYTES];
    struct eng_meta meta = sample_meta(), again;
    eng_meta_write(&meta, text);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        char kept = text[i];
        text[i] = kept == '1' ? '2' : '1';
        cr_expect_eq(eng_meta_read(text, &again, NULL), ENG_CORRUPT, "at %zu: %s", i, text);
        text[i] = kept;
    }
    for (size_t i = 0; i < length; i++) {
        char kept = text[i];
        text[i] = '\0';
        cr_expect_eq(eng_meta_read(text, &again, NULL), ENG_CORRUPT, "cut at %zu", i);
        text[i] = kept;
    }
}

Test(meta, the_metadata_of_others_is_refused_by_name)
{
    struct eng_error err = {0};
    struct eng_meta meta;
    cr_expect_eq(eng_meta_read("NO_METADATA", &meta, &err), ENG_CORRUPT);
    cr_expect(strstr(err.text, "NO_METADATA") != NULL);
}

/* ---- Journal. ---- */

static void add_entries(struct eng_journal *journal, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++) {
        struct eng_journal_entry entry = {number, (int64_t)number * 10, (int64_t)number * 1000,
                                          number % 2 ? ENG_JOURNAL_TICK : ENG_JOURNAL_FUTURE};
        cr_assert_eq(eng_journal_add(journal, &entry), ENG_OK);
    }
}

Test(journal, a_record_is_read_back_and_any_changed_byte_is_refused)
{
    struct eng_journal journal = {0}, again = {0};
    struct eng_bytes bytes = {0};
    add_entries(&journal, 1, 5);
    cr_assert_eq(eng_journal_encode(&journal, 1, 3, &bytes), ENG_OK);
    cr_expect_eq(bytes.used, 16 + 3 * 17 + 8);
    cr_assert_eq(eng_journal_decode(&again, bytes.data, bytes.used, NULL), ENG_OK);
    cr_assert_eq(again.count, 3);
    cr_expect_eq(again.entries[2].number, 4);
    cr_expect_eq(again.entries[2].offset, 40);
    cr_expect_eq(again.entries[2].time_ms, 4000);
    cr_expect_eq(again.entries[2].kind, ENG_JOURNAL_FUTURE);
    for (size_t i = 0; i < bytes.used; i++) {
        bytes.data[i] ^= 1;
        cr_expect_eq(eng_journal_decode(&again, bytes.data, bytes.used, NULL), ENG_CORRUPT);
        bytes.data[i] ^= 1;
        cr_expect_eq(eng_journal_decode(&again, bytes.data, i, NULL), ENG_CORRUPT);
    }
    eng_bytes_done(&bytes);
    eng_journal_done(&journal);
    eng_journal_done(&again);
}

Test(journal, settling_sorts_drops_repetitions_and_what_was_never_committed)
{
    struct eng_journal journal = {0};
    add_entries(&journal, 4, 6);
    add_entries(&journal, 1, 4);
    cr_assert_eq(eng_journal_settle(&journal, 0, 5, NULL), ENG_OK);
    cr_assert_eq(journal.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        cr_expect_eq(journal.entries[i].number, i + 1);
    eng_journal_done(&journal);
}

Test(journal, a_missing_entry_is_named)
{
    struct eng_journal journal = {0};
    struct eng_error err = {0};
    add_entries(&journal, 1, 2);
    add_entries(&journal, 4, 5);
    cr_expect_eq(eng_journal_settle(&journal, 0, 5, &err), ENG_CORRUPT);
    eng_journal_clear(&journal);
    cr_expect_eq(eng_journal_settle(&journal, 0, 5, NULL), ENG_CORRUPT);
    cr_expect_eq(eng_journal_settle(&journal, 0, 0, NULL), ENG_OK);
    eng_journal_done(&journal);
}

Test(journal, its_keys_are_told_from_others)
{
    char key[ENG_JOURNAL_KEY_BYTES + 1];
    eng_journal_key(42, key);
    cr_expect_str_eq(key, "journal/00000000000000000042");
    cr_expect(eng_journal_is_key(key, ENG_JOURNAL_KEY_BYTES));
    cr_expect_not(eng_journal_is_key("acme", 4));
    cr_expect_not(eng_journal_is_key(NULL, 0));
}

Test(journal, how_much_is_gone_is_read_back_and_any_changed_byte_is_refused)
{
    uint8_t value[ENG_JOURNAL_GONE_BYTES + 1] = {0};
    uint64_t gone = 0;
    eng_journal_gone_encode(1234567890123, value);
    cr_assert_eq(eng_journal_gone_decode(value, ENG_JOURNAL_GONE_BYTES, &gone, NULL), ENG_OK);
    cr_expect_eq(gone, 1234567890123);
    for (size_t i = 0; i < ENG_JOURNAL_GONE_BYTES; i++) {
        value[i] ^= 1;
        cr_expect_eq(eng_journal_gone_decode(value, ENG_JOURNAL_GONE_BYTES, &gone, NULL),
                     ENG_CORRUPT);
        value[i] ^= 1;
    }
    cr_expect_eq(eng_journal_gone_decode(value, sizeof value, &gone, NULL), ENG_CORRUPT);
    cr_expect(eng_journal_is_gone_key("journal", 7));
    cr_expect_not(eng_journal_is_gone_key("journal/", 8));
}

static void add_record(struct eng_journal_records *records, uint64_t first, uint64_t last)
{
    const struct eng_journal_record record = {first, last, (int64_t)last * 10};
    cr_assert_eq(eng_journal_records_add(records, &record), ENG_OK);
}

Test(journal, its_records_come_at_one_end_and_go_at_the_other)
{
    struct eng_journal_records records = {0};
    uint64_t next = 1;
    for (uint64_t i = 1; i <= 200; i++) {
        add_record(&records, i * 2 - 1, i * 2);
        if (i % 3 == 0)
            continue;
        cr_assert_eq(eng_journal_records_oldest(&records)->first, next);
        eng_journal_records_gone(&records, eng_journal_records_oldest(&records)->last);
        next += 2;
    }
    cr_expect_leq(records.capacity, 128, "places are used again");
    eng_journal_records_gone(&records, 397);
    cr_expect_eq(eng_journal_records_oldest(&records)->last, 398);
    add_record(&records, 398, 405); /* the same place once more, by another transaction */
    cr_expect_eq(eng_journal_records_oldest(&records)->last, 405);
    eng_journal_records_gone(&records, 405);
    cr_expect_null(eng_journal_records_oldest(&records));
    cr_expect_eq(records.gone, 405);
    eng_journal_records_done(&records);
}

/* ---- Transactions. ---- */

Test(txn, records_and_headers_come_back_as_they_were_put)
{
    struct eng_port_header found[ENG_TXN_HEADERS_MAX];
    struct eng_port_output output;
    struct eng_txn txn;
    char value[300];
    eng_txn_init(&txn);
    for (int i = 0; i < 500; i++) {
        struct eng_port_header header = {"name", i % 3 ? "v" : NULL, i % 3 ? 1 : 0};
        memset(value, 'a' + i % 26, sizeof value);
        struct eng_port_output put = {.topic = ENG_TOPIC_DEAD_LETTERS,
                                      .partition = i,
                                      .key = i % 2 ? "key" : NULL,
                                      .key_bytes = i % 2 ? 3 : 0,
                                      .value = i % 5 ? value : NULL,
                                      .value_bytes = i % 5 ? (size_t)(i % 300) : 0,
                                      .headers = &header,
                                      .header_count = (uint32_t)(i % 2)};
        cr_assert_eq(eng_txn_add(&txn, &put), ENG_OK);
        cr_assert_eq(eng_txn_header(&txn, &header), ENG_OK);
    }
    struct eng_txn_place place = {0};
    for (int i = 0; i < 500; i++) {
        cr_assert(eng_txn_next(&txn, &place, found, &output));
        cr_expect_eq(output.partition, i);
        cr_expect_eq(output.key == NULL, i % 2 == 0);
        cr_expect_eq(output.value == NULL, i % 5 == 0);
        cr_expect_eq(output.value_bytes, i % 5 ? (size_t)(i % 300) : 0);
        cr_expect_eq(output.header_count, (uint32_t)(i % 2) + 1);
        cr_expect_str_eq(found[0].name, "name");
        cr_expect_eq(found[0].value == NULL, i % 3 == 0);
        if (output.value_bytes > 0)
            cr_expect_eq(((const char *)output.value)[output.value_bytes - 1], 'a' + i % 26);
    }
    cr_expect_not(eng_txn_next(&txn, &place, found, &output));
    eng_txn_done(&txn);
}

Test(txn, memory_that_runs_out_leaves_whole_records)
{
    for (uint64_t nth = 1; nth < 12; nth++) {
        struct eng_port_header found[ENG_TXN_HEADERS_MAX], header = {"name", "v", 1};
        struct eng_port_output output, put = {.topic = ENG_TOPIC_STATE,
                                              .key = "k",
                                              .key_bytes = 1,
                                              .headers = &header,
                                              .header_count = 1};
        struct eng_txn txn;
        uint32_t kept = 0, found_count = 0;
        eng_txn_init(&txn);
        eng_memory_fail(nth, 1);
        for (int i = 0; i < 300; i++)
            kept += eng_txn_add(&txn, &put) == ENG_OK;
        eng_memory_fail(0, 0);
        for (struct eng_txn_place place = {0}; eng_txn_next(&txn, &place, found, &output);)
            found_count++;
        cr_expect_eq(found_count, kept);
        cr_expect_eq(txn.record_count, kept);
        eng_txn_done(&txn);
    }
}

/* A record whose value is written in place. */
static void write_in_place(struct eng_txn *txn, const struct eng_port_family *family,
                           int32_t partition, const char *value)
{
    struct eng_port_output put = {.topic = ENG_TOPIC_SCORE_CHANGES,
                                  .partition = partition,
                                  .key = "key",
                                  .key_bytes = 3,
                                  .family = family};
    struct eng_port_header time = {"time", value, 2};
    struct eng_bytes *lane = eng_txn_open(txn, &put);
    cr_assert_not_null(lane);
    cr_assert_eq(eng_bytes_append(lane, value, strlen(value)), ENG_OK);
    eng_txn_close(txn);
    cr_assert_eq(eng_txn_header_of_value(txn, "id", 2, 3), ENG_OK);
    cr_assert_eq(eng_txn_header(txn, &time), ENG_OK);
}

Test(txn, a_value_written_in_place_lends_its_bytes_to_a_header)
{
    static const char *const own[] = {"id", "time"};
    static const struct eng_port_family family = {.own = own, .own_count = 2};
    const struct eng_port_family *families[] = {NULL, &family};
    for (int i = 0; i < 2; i++) {
        struct eng_port_header found[ENG_TXN_HEADERS_MAX];
        struct eng_port_output output;
        struct eng_txn_place place = {0};
        struct eng_txn txn;
        eng_txn_init(&txn);
        write_in_place(&txn, families[i], 1, "a value");
        write_in_place(&txn, families[i], 2, "an other");
        eng_txn_drop(&txn);
        write_in_place(&txn, families[i], 3, "one more");
        cr_expect_eq(txn.record_count, 2);
        cr_assert(eng_txn_next(&txn, &place, found, &output));
        cr_expect_eq(output.family, families[i]);
        cr_expect_eq(output.header_count, 2);
        cr_expect_eq(memcmp(output.value, "a value", 7), 0);
        cr_expect_eq(memcmp(output.key, "key", 3), 0);
        cr_expect_str_eq(found[0].name, "id");
        cr_expect_eq(found[0].value, (const char *)output.value + 2, "not copied");
        cr_expect_eq(found[0].value_bytes, 3);
        cr_expect_str_eq(found[1].name, "time");
        cr_expect_eq(memcmp(found[1].value, "a ", 2), 0);
        cr_assert(eng_txn_next(&txn, &place, found, &output));
        cr_expect_eq(output.partition, 3);
        cr_expect_not(eng_txn_next(&txn, &place, found, &output));
        eng_txn_done(&txn);
    }
}

Test(txn, topics_are_walked_one_after_the_other_each_in_its_order)
{
    struct eng_port_header found[ENG_TXN_HEADERS_MAX];
    struct eng_port_output output;
    struct eng_txn_place place = {0};
    struct eng_txn txn;
    eng_txn_init(&txn);
    for (int i = 0; i < 6; i++) {
        struct eng_port_output put = {.topic = i % 2 ? ENG_TOPIC_CHURN_DROPS : ENG_TOPIC_STATE,
                                      .partition = i};
        cr_assert_eq(eng_txn_add(&txn, &put), ENG_OK);
    }
    for (int i = 0; i < 6; i++) {
        static const int32_t order[] = {1, 3, 5, 0, 2, 4};
        cr_assert(eng_txn_next(&txn, &place, found, &output));
        cr_expect_eq(output.partition, order[i]);
        cr_expect_eq(output.topic, i < 3 ? ENG_TOPIC_CHURN_DROPS : ENG_TOPIC_STATE);
    }
    cr_expect_not(eng_txn_next(&txn, &place, found, &output));
    size_t bytes = eng_txn_bytes(&txn);
    eng_txn_clear(&txn);
    cr_expect_gt(bytes, 0);
    cr_expect_eq(eng_txn_bytes(&txn), 0);
    eng_txn_done(&txn);
}
