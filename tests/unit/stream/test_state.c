/* Pages and commit records as bytes: what is written is read back, and nothing else is taken. */
#include "stream/state.h"
#include <criterion/criterion.h>
#include <string.h>

enum { KNOWN = 5 };

static struct eng_commit sample_commit(void)
{
    struct eng_commit commit = {.sequence = 7,
                                .life = 2,
                                .next = 1000,
                                .journal = 9,
                                .first = 3,
                                .clock_ms = -1,
                                .model_version = 4,
                                .fingerprint = 0xfeed,
                                .low = {900, 8, 12345, 890, 3},
                                .page_count = 5,
                                .page_sum = UINT64_MAX,
                                .known_bytes = KNOWN,
                                .known = "known"};
    commit.counters.read = 997;
    commit.counters.outcome[ENG_OUTCOME_FILTERED] = 11;
    commit.counters.churn_drops = 12;
    return commit;
}

Test(state, a_commit_record_is_read_back)
{
    uint8_t bytes[ENG_COMMIT_BYTES + KNOWN], twice[ENG_COMMIT_BYTES + KNOWN];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum = 0;
    uint64_t named = eng_commit_write(&commit, bytes);
    cr_assert_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_OK);
    cr_expect_eq(sum, named);
    cr_expect_eq(again.clock_ms, -1);
    cr_expect_eq(again.low.read, 890);
    cr_expect_eq(again.low.model_version, 3);
    cr_expect(again.known_bytes == KNOWN && memcmp(again.known, "known", KNOWN) == 0);
    cr_expect_eq(again.counters.outcome[ENG_OUTCOME_FILTERED], 11);
    cr_expect_eq(again.page_sum, UINT64_MAX);
    (void)eng_commit_write(&again, twice);
    cr_expect_eq(memcmp(bytes, twice, sizeof bytes), 0);
}

/* A record of version 1 has neither the model at low water nor what is known there. */
Test(state, a_commit_record_of_the_version_before_is_still_read)
{
    uint8_t bytes[ENG_COMMIT_BYTES];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    size_t length = ENG_COMMIT_BYTES - 16;
    commit.known_bytes = 0;
    (void)eng_commit_write(&commit, bytes);
    bytes[2] = 1;
    eng_page_close(bytes, length - ENG_PAGE_SUM_BYTES); /* the same checksum closes it */
    cr_assert_eq(eng_commit_read(bytes, length, &again, &sum, NULL), ENG_OK);
    cr_expect_eq(again.low.model_version, 4);
    cr_expect_eq(again.known_bytes, 0);
    cr_expect_eq(again.page_sum, UINT64_MAX);
    cr_expect_eq(eng_commit_read(bytes, length - 1, &again, &sum, NULL), ENG_CORRUPT);
}

Test(state, any_changed_byte_of_a_commit_record_is_refused)
{
    uint8_t bytes[ENG_COMMIT_BYTES + KNOWN];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    (void)eng_commit_write(&commit, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 1;
        cr_expect_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_CORRUPT);
        bytes[i] ^= 1;
        cr_expect_eq(eng_commit_read(bytes, i, &again, &sum, NULL), ENG_CORRUPT);
    }
    struct eng_error err = {0};
    bytes[2] = 9;
    cr_expect_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, &err), ENG_CORRUPT);
    cr_expect(strstr(err.text, "version 9") != NULL, "%s", err.text);
}

Test(state, a_page_is_taken_apart_as_it_was_put_together)
{
    uint8_t record[ENG_PAGE_HEAD_BYTES + 4 + ENG_PAGE_SUM_BYTES];
    struct eng_page_head head = {4, 2, 7, 1000, 9, 1, 3}, again;
    struct eng_page_part part;
    size_t length = sizeof record;
    eng_page_head_write(&head, record);
    memcpy(record + ENG_PAGE_HEAD_BYTES, "body", 4);
    eng_page_close(record, ENG_PAGE_HEAD_BYTES + 4);
    cr_assert_eq(eng_page_open(record, length, &part, NULL), ENG_OK);
    again = part.head;
    cr_expect_eq(part.bytes, 4);
    cr_expect_eq(memcmp(part.body, "body", 4), 0);
    cr_expect(again.model_version == 4 && again.life == 2 && again.sequence == 7);
    cr_expect(again.next == 1000 && again.journal == 9 && again.part == 1 && again.parts == 3);
    for (size_t i = 0; i < length; i++) {
        record[i] ^= 1;
        cr_expect_eq(eng_page_open(record, length, &part, NULL), ENG_CORRUPT);
        record[i] ^= 1;
        cr_expect_eq(eng_page_open(record, i, &part, NULL), ENG_CORRUPT);
    }
}

Test(state, keys_say_what_they_are_of)
{
    char key[ENG_PAGE_KEY_BYTES];
    struct eng_slice partner = {"commit", 6}, found;
    size_t length = eng_page_key(partner, 0, key);
    cr_expect_eq(length, 11);
    cr_expect_eq(memcmp(key, "page/commit", 11), 0);
    cr_expect_eq(eng_state_kind(key, length, &found), ENG_STATE_IS_PAGE);
    cr_expect(found.length == 6 && memcmp(found.data, "commit", 6) == 0);
    length = eng_page_key(partner, 12, key);
    cr_expect_eq(memcmp(key, "part/00012/commit", length), 0);
    cr_expect_eq(eng_state_kind(key, length, &found), ENG_STATE_IS_PAGE);
    cr_expect(found.length == 6 && memcmp(found.data, "commit", 6) == 0);
    cr_expect_eq(eng_state_kind("commit", 6, &found), ENG_STATE_IS_COMMIT);
    cr_expect_eq(eng_state_kind("journal/00000000000000000001", 28, &found), ENG_STATE_IS_OTHER);
    cr_expect_eq(eng_state_kind("page/", 5, &found), ENG_STATE_IS_OTHER);
    cr_expect_eq(eng_state_kind(NULL, 0, &found), ENG_STATE_IS_OTHER);
}
