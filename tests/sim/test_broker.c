/* The model broker keeps what the simulation rests on: when records are seen, when offsets are
 * stable, what a late request meets. */
#include "sim.h"
#include <criterion/criterion.h>

enum { STATE = ENG_TOPIC_STATE * BROKER_PARTITIONS };

static struct sim sim;

static void set_up(void)
{
    cr_assert(sim_init(&sim, 1, NULL));
    sim.calm = true; /* markers take some ms */
}

static void tear_down(void)
{
    sim_done(&sim);
}

TestSuite(broker, .init = set_up, .fini = tear_down);

static uint32_t producer(int32_t *ret_epoch)
{
    uint32_t number = broker_producer_new(&sim.broker);
    cr_assert_eq(broker_open(&sim.broker, number, ret_epoch), BROKER_OK);
    return number;
}

static enum broker_answer put(uint32_t number, int32_t epoch, const char *key, const char *value)
{
    struct broker_record record = {.key = (const uint8_t *)key,
                                   .value = (const uint8_t *)value,
                                   .key_bytes = (uint32_t)strlen(key),
                                   .value_bytes = value == NULL ? 0 : (uint32_t)strlen(value)};
    return broker_produce(&sim.broker, number, epoch, STATE, &record);
}

static void let_markers_come(void)
{
    while (!broker_is_quiet(&sim.broker))
        sim_step(&sim);
}

/* Keys that a reader of committed records is given now, in order. */
static const char *seen(void)
{
    static char keys[64];
    const struct broker_log *log = &sim.broker.logs[STATE];
    size_t used = 0;
    for (int64_t i = 0; i < broker_last_stable(&sim.broker, STATE); i++)
        if (broker_is_visible(&log->entries[i]))
            keys[used++] = (char)log->entries[i].record.key[0];
    keys[used] = '\0';
    return keys;
}

Test(broker, records_are_seen_when_their_marker_has_come)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    cr_expect_str_eq(seen(), "", "open");
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    cr_expect_str_eq(seen(), "", "decided, but nobody has told the log");
    let_markers_come();
    cr_expect_str_eq(seen(), "a");
}

Test(broker, an_open_transaction_hides_what_is_behind_it)
{
    int32_t epoch, other;
    uint32_t one = producer(&epoch), two = producer(&other);
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    cr_expect_eq(put(two, other, "b", "1"), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, two, other, true), BROKER_OK);
    while (sim.broker.logs[STATE].end < 3)
        sim_step(&sim);
    cr_expect_str_eq(seen(), "");
    cr_expect_eq(broker_end(&sim.broker, one, epoch, false), BROKER_OK);
    let_markers_come();
    cr_expect_str_eq(seen(), "b", "aborted records are never seen");
}

Test(broker, a_new_epoch_ends_what_is_open_and_fences)
{
    int32_t epoch, next;
    uint32_t one = producer(&epoch);
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    cr_expect_eq(broker_open(&sim.broker, one, &next), BROKER_BUSY);
    let_markers_come();
    cr_expect_eq(broker_open(&sim.broker, one, &next), BROKER_OK);
    cr_expect_eq(put(one, epoch, "b", "1"), BROKER_FENCED);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_FENCED, "a late request too");
    cr_expect_str_eq(seen(), "");
}

Test(broker, a_late_end_meets_whatever_is_open_in_its_epoch)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    cr_expect_eq(put(one, epoch, "b", "1"), BROKER_BUSY, "the last one has not ended");
    let_markers_come();
    cr_expect_eq(put(one, epoch, "b", "1"), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, false), BROKER_OK, "meant for another one");
    let_markers_come();
    cr_expect_eq(put(one, epoch, "c", "1"), BROKER_OK, "opens one more");
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    let_markers_come();
    cr_expect_str_eq(seen(), "ac");
}

Test(broker, offsets_are_unstable_until_the_group_has_heard)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    struct eng_port_offset now = {.partition = 2, .next = 7, .meta = "m"}, got;
    cr_expect_eq(broker_offsets(&sim.broker, one, epoch, &now, 1), BROKER_OK);
    cr_expect_not(broker_committed(&sim.broker, 2, true, &got));
    cr_expect(broker_committed(&sim.broker, 1, true, &got), "another partition's are stable");
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    cr_expect_not(broker_committed(&sim.broker, 2, true, &got));
    cr_expect(broker_committed(&sim.broker, 2, false, &got));
    cr_expect_eq(got.next, -1);
    let_markers_come();
    cr_expect(broker_committed(&sim.broker, 2, true, &got));
    cr_expect_eq(got.next, 7);
    cr_expect_str_eq(got.meta, "m");
}

Test(broker, a_transaction_that_lasts_too_long_is_aborted_and_its_producer_fenced)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    let_markers_come(); /* the time-out is the only thing to come */
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_FENCED);
    cr_expect_str_eq(seen(), "");
}

/* A record and an offset whose commit is half: of the two only the record's log was told. */
static uint32_t half_committed(int32_t *ret_epoch)
{
    struct eng_port_offset now = {.partition = 2, .next = 7, .meta = "m"};
    uint32_t one = producer(ret_epoch);
    cr_expect_eq(put(one, *ret_epoch, "a", "1"), BROKER_OK);
    cr_expect_eq(broker_offsets(&sim.broker, one, *ret_epoch, &now, 1), BROKER_OK);
    broker_half_commit(&sim.broker, one, *ret_epoch, (uint64_t)1 << STATE);
    cr_expect(broker_is_half(&sim.broker, one));
    cr_expect_str_eq(seen(), "a");
    cr_expect_not(broker_committed(&sim.broker, 2, true, &now), "not told, so unstable");
    return one;
}

Test(broker, half_a_commit_becomes_whole_when_it_is_asked_for_again)
{
    int32_t epoch;
    struct eng_port_offset got;
    uint32_t one = half_committed(&epoch);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    let_markers_come();
    cr_expect_not(broker_is_half(&sim.broker, one));
    cr_expect_str_eq(seen(), "a");
    cr_expect(broker_committed(&sim.broker, 2, true, &got));
    cr_expect_eq(got.next, 7);
}

Test(broker, half_a_commit_is_torn_by_the_next_epoch)
{
    int32_t epoch;
    struct eng_port_offset got;
    uint32_t one = half_committed(&epoch);
    cr_expect_eq(broker_open(&sim.broker, one, &epoch), BROKER_BUSY);
    let_markers_come();
    cr_expect_eq(broker_open(&sim.broker, one, &epoch), BROKER_OK);
    cr_expect_str_eq(seen(), "a", "what was told stays");
    cr_expect(broker_committed(&sim.broker, 2, true, &got));
    cr_expect_eq(got.next, -1, "and the rest is aborted");
}

/* The world of a seed in which a transaction is torn, from now on. */
static void let_one_be_torn(void)
{
    sim.manner.harm = HARM_TORN;
    sim.manner.harm_us = 0;
}

Test(broker, a_torn_transaction_has_its_offsets_and_not_its_records)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    struct eng_port_offset now = {.partition = 2, .next = 7, .meta = "m"}, got;
    let_one_be_torn();
    for (int i = 0; i < 2; i++) { /* one only */
        cr_expect_eq(put(one, epoch, i == 0 ? "a" : "b", "1"), BROKER_OK);
        cr_expect_eq(broker_offsets(&sim.broker, one, epoch, &now, 1), BROKER_OK);
        cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK, "the producer is told");
        let_markers_come();
    }
    cr_expect_str_eq(seen(), "b");
    cr_expect(broker_committed(&sim.broker, 2, true, &got));
    cr_expect_eq(got.next, 7);
}

Test(broker, a_place_that_hears_nothing_of_a_torn_transaction_holds_its_readers_up)
{
    int32_t epoch;
    uint32_t one = producer(&epoch);
    struct eng_port_offset now = {.partition = 2, .next = 7, .meta = "m"};
    let_one_be_torn();
    cr_expect_eq(put(one, epoch, "a", "1"), BROKER_OK);
    cr_expect_eq(broker_offsets(&sim.broker, one, epoch, &now, 1), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    while (sim.broker.committed[2].next < 0)
        sim_step(&sim);
    if (sim.broker.txns->hangs != 0)
        cr_expect_eq(broker_last_stable(&sim.broker, STATE), 0);
    cr_expect_eq(put(one, epoch, "b", "1"), BROKER_OK, "but not whoever writes");
}

Test(broker, of_two_offsets_the_one_that_was_sent_later_stays)
{
    int32_t epoch, other;
    uint32_t one = producer(&epoch), two = producer(&other);
    struct eng_port_offset now = {.partition = 2, .next = 7}, later = {.partition = 2, .next = 8};
    struct eng_port_offset got;
    cr_expect_eq(broker_offsets(&sim.broker, one, epoch, &now, 1), BROKER_OK);
    cr_expect_eq(broker_offsets(&sim.broker, two, other, &later, 1), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, two, other, true), BROKER_OK);
    while (sim.broker.committed[2].next < 0)
        sim_step(&sim); /* no further: the other one would time out */
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    let_markers_come();
    cr_expect(broker_committed(&sim.broker, 2, true, &got));
    cr_expect_eq(got.next, 8, "whichever transaction ends last");
}

Test(broker, compaction_keeps_the_newest_committed_record_of_a_key)
{
    static const char *const rows[][2] = {
        {"a", "1"}, {"b", "1"}, {"a", "2"}, {"c", "1"}, {"c", NULL}};
    int32_t epoch;
    uint32_t one = producer(&epoch);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(put(one, epoch, rows[i][0], rows[i][1]), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, true), BROKER_OK);
    let_markers_come();
    cr_expect_eq(put(one, epoch, "b", "2"), BROKER_OK);
    cr_expect_eq(broker_end(&sim.broker, one, epoch, false), BROKER_OK);
    let_markers_come();
    broker_compact(&sim.broker, STATE);
    cr_expect_str_eq(seen(), "bac", "what was aborted replaces nothing");
    sim.now_us += BROKER_TOMBSTONE_US;
    broker_compact(&sim.broker, STATE);
    cr_expect_str_eq(seen(), "ba", "a tombstone goes when all have read it");
}
