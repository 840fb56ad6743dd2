/* Pages and commit records as bytes: what is written is read back, and nothing else is taken. */
#include "stream/state.h"
#include <criterion/criterion.h>
#include <string.h>

enum { KNOWN = 5, PARTNER = 4, ID = 3, VARYING = KNOWN + PARTNER + ID + 16 };

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
                                .half = {.kind = ENG_HALF_TICK,
                                         .partner_bytes = PARTNER,
                                         .before_ms = 100,
                                         .boundary_ms = 200,
                                         .target_ms = 300,
                                         .partner = "acme"},
                                .input_id = "Aw8",
                                .known_bytes = KNOWN,
                                .known = "known"};
    commit.counters.read = 997;
    commit.counters.outcome[ENG_OUTCOME_FILTERED] = 11;
    commit.counters.churn_drops = 12;
    commit.counters.award_bookings = 13;
    commit.counters.award_unmatched = 14;
    return commit;
}

Test(state, a_commit_record_is_read_back)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING], twice[ENG_COMMIT_BYTES + VARYING];
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
    cr_expect_eq(again.counters.award_bookings, 13);
    cr_expect_eq(again.counters.award_unmatched, 14);
    (void)eng_commit_write(&again, twice);
    cr_expect_eq(memcmp(bytes, twice, sizeof bytes), 0);
}

/* Behind the counts of awards, which are 0 then. */
Test(state, a_commit_record_counts_what_checks_have_found_and_left_out)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING + 16];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    commit.counters.outcome[ENG_OUTCOME_LEFT_OUT] = 15;
    commit.counters.abuse_flags = 16;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(eng_commit_bytes(&commit), sizeof bytes);
        (void)eng_commit_write(&commit, bytes);
        cr_assert_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_OK);
        cr_expect_eq(again.counters.outcome[ENG_OUTCOME_LEFT_OUT], 15);
        cr_expect_eq(again.counters.abuse_flags, 16);
        cr_expect_eq(again.counters.award_bookings, commit.counters.award_bookings);
        commit.counters.award_bookings = commit.counters.award_unmatched = 0;
    }
}

/* And behind those of checks. */
Test(state, a_commit_record_counts_what_is_held)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING + 16 + 32];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    commit.counters.outcome[ENG_OUTCOME_HELD] = 17;
    commit.counters.held_released = 18;
    commit.counters.held_discarded = 19;
    commit.counters.held_unmatched = 20;
    cr_assert_eq(eng_commit_bytes(&commit), sizeof bytes);
    (void)eng_commit_write(&commit, bytes);
    cr_assert_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_OK);
    cr_expect_eq(again.counters.outcome[ENG_OUTCOME_HELD], 17);
    cr_expect_eq(again.counters.held_released, 18);
    cr_expect_eq(again.counters.held_discarded, 19);
    cr_expect_eq(again.counters.held_unmatched, 20);
    cr_expect_eq(again.counters.award_bookings, 13);
}

/* So that records of programs without awards are what they were. */
Test(state, a_commit_record_without_bookings_does_not_count_them)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    commit.counters.award_bookings = commit.counters.award_unmatched = 0;
    cr_assert_eq(eng_commit_bytes(&commit), sizeof bytes - 16);
    (void)eng_commit_write(&commit, bytes);
    cr_assert_eq(eng_commit_read(bytes, sizeof bytes - 16, &again, &sum, NULL), ENG_OK);
    cr_expect_eq(again.counters.award_bookings, 0);
}

Test(state, a_commit_record_says_how_far_an_input_is_that_is_half_done)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING];
    struct eng_commit commit = sample_commit(), again;
    const struct eng_half *half = &again.half;
    uint64_t sum;
    cr_assert_eq(eng_commit_bytes(&commit), sizeof bytes);
    (void)eng_commit_write(&commit, bytes);
    cr_assert_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_OK);
    cr_expect(half->kind == ENG_HALF_TICK && !half->silent);
    cr_expect(half->before_ms == 100 && half->boundary_ms == 200 && half->target_ms == 300);
    cr_expect(half->partner_bytes == PARTNER && memcmp(half->partner, "acme", PARTNER) == 0);
    cr_expect_str_eq(again.input_id, "Aw8");
}

/* A record without such is of the version before, so that both programs can read it. */
Test(state, a_commit_record_has_what_partners_share_at_its_end)
{
    enum { SHARED = 300 };
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING + 8 + SHARED];
    struct eng_commit commit = sample_commit(), again;
    uint64_t sum;
    commit.shared_bytes = SHARED;
    memset(commit.shared, 'x', SHARED);
    cr_assert_eq(eng_commit_bytes(&commit), sizeof bytes);
    (void)eng_commit_write(&commit, bytes);
    cr_expect_eq(bytes[2], 4);
    cr_assert_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_OK);
    cr_expect_eq(again.shared_bytes, SHARED);
    cr_expect_eq(memcmp(again.shared, commit.shared, SHARED), 0);
    cr_expect_str_eq(again.input_id, "Aw8");
    bytes[sizeof bytes - SHARED - ENG_COMMIT_AWARDS_BYTES - ENG_PAGE_SUM_BYTES -
          1]++; /* its length */
    eng_page_close(bytes, sizeof bytes - ENG_PAGE_SUM_BYTES);
    cr_expect_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, NULL), ENG_CORRUPT);
    commit.shared_bytes = 0;
    (void)eng_commit_write(&commit, bytes);
    cr_expect_eq(bytes[2], 3);
}

/* With a checksum that fits: what it closes has to make sense all the same. */
Test(state, lengths_and_kinds_that_cannot_be_are_refused_in_a_record_that_is_whole)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING];
    struct eng_commit commit = sample_commit(), again;
    struct eng_error err = {0};
    uint64_t sum;
    enum { KIND_AT = 4 + 24 * 8 + 7, KNOWN_AT = 4 + 29 * 8 + 7, ID_AT = 4 + 31 * 8 + 7 };
    const struct {
        int at;
        uint8_t value;
    } rows[] = {{KIND_AT, 4}, {KNOWN_AT, KNOWN + 1}, {KNOWN_AT, 0}, {ID_AT, 64}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)eng_commit_write(&commit, bytes);
        bytes[rows[i].at] = rows[i].value;
        eng_page_close(bytes, sizeof bytes - ENG_PAGE_SUM_BYTES); /* the same checksum closes it */
        eng_error_clear(&err);
        cr_expect_eq(eng_commit_read(bytes, sizeof bytes, &again, &sum, &err), ENG_CORRUPT);
        cr_expect(strstr(err.text, "says that") != NULL, "%s", err.text);
    }
}

Test(state, any_changed_byte_of_a_commit_record_is_refused)
{
    uint8_t bytes[ENG_COMMIT_BYTES + VARYING];
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
