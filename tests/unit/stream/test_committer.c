/* What becomes of a transaction when calls fail: each class of failure, and each lost answer. */
#include "fake_port.h"
#include "stream/committer.h"
#include <criterion/criterion.h>
#include <stdlib.h>

struct stage {
    struct fake_port *fake;
    struct eng_committer committer;
    struct eng_txn txn;
};

/* Two records and one offset: from 10 ("before") to 20 ("ours"). */
static void set_up(struct stage *stage)
{
    struct eng_port_header header = {"h", "v", 1};
    struct eng_port_output output = {.topic = ENG_TOPIC_SCORE_CHANGES,
                                     .partition = 1,
                                     .key = "k",
                                     .key_bytes = 1,
                                     .value = "one",
                                     .value_bytes = 3,
                                     .headers = &header,
                                     .header_count = 1};
    struct eng_txn_offset offset = {.now = {1, 20, "ours"}, .before = {1, 10, "before"}};
    stage->fake = fake_new(2);
    stage->fake->partitions[1].committed = offset.before;
    eng_committer_init(&stage->committer, &stage->fake->port);
    eng_txn_init(&stage->txn);
    cr_assert_eq(eng_txn_add(&stage->txn, &output), ENG_OK);
    output.value = "two";
    cr_assert_eq(eng_txn_add(&stage->txn, &output), ENG_OK);
    cr_assert_eq(eng_txn_offset(&stage->txn, &offset), ENG_OK);
}

static void tear_down(struct stage *stage)
{
    eng_committer_done(&stage->committer);
    eng_txn_done(&stage->txn);
    fake_free(&stage->fake->port);
}

/* Sends, and checks outcome, calls, committed records and offset. */
static void expect(struct stage *stage, enum eng_txn_outcome outcome, const char *calls,
                   uint32_t records, const char *meta)
{
    eng_committer_send(&stage->committer, &stage->txn);
    cr_expect_eq(stage->txn.outcome, outcome, "outcome %d, not %d: %s", stage->txn.outcome, outcome,
                 stage->txn.error.text);
    cr_expect_str_eq(stage->fake->calls, calls);
    cr_expect_eq(fake_count(stage->fake, ENG_TOPIC_SCORE_CHANGES), records);
    cr_expect_str_eq(stage->fake->partitions[1].committed.meta, meta);
}

Test(committer, calls_come_in_the_one_right_order)
{
    struct stage s;
    set_up(&s);
    expect(&s, ENG_TXN_DONE, "obppfsc", 2, "ours");
    cr_expect_eq(s.fake->partitions[1].committed.next, 20);
    cr_expect_str_eq((char *)s.fake->outputs[1].value, "two");
    cr_expect_str_eq(s.fake->outputs[1].headers[0][1], "v");
    tear_down(&s);
}

Test(committer, an_abort_is_obeyed_and_the_same_bytes_are_sent_again)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'s', 0, 1, ENG_TXN_ABORT, false});
    /* The group is asked in between, and there is a new epoch: something had gone wrong. */
    expect(&s, ENG_TXN_DONE, "obppfsaxombppfsc", 2, "ours");
    tear_down(&s);
}

Test(committer, a_failed_record_is_an_abort_and_not_a_loss)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'p', 1, 1, ENG_TXN_ABORT, false});
    expect(&s, ENG_TXN_DONE, "obppambppfsc", 2, "ours");
    cr_expect_eq(atomic_load(&s.committer.aborts), 1);
    tear_down(&s);
}

Test(committer, a_full_queue_is_waited_for)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'p', 1, 2, ENG_AGAIN, false});
    expect(&s, ENG_TXN_DONE, "obppppfsc", 2, "ours");
    tear_down(&s);
}

Test(committer, a_call_that_says_again_is_repeated_and_the_epoch_is_replaced_afterwards)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_TIMED_OUT, false});
    expect(&s, ENG_TXN_DONE, "obppfsccx", 2, "ours");
    cr_expect_eq(s.committer.state, ENG_COMMITTER_NONE);
    cr_expect_eq(atomic_load(&s.committer.rotations), 1);
    tear_down(&s);
}

Test(committer, G7_a_lost_answer_of_a_commit_that_was_done_is_found_by_the_metadata)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, true});
    expect(&s, ENG_TXN_DONE, "obppfscxom", 2, "ours");
    cr_expect_eq(s.fake->epochs, 2, "a new epoch comes before the question");
    tear_down(&s);
}

Test(committer, G7_a_lost_answer_of_a_commit_that_was_not_done_sends_the_same_bytes_once_more)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    expect(&s, ENG_TXN_DONE, "obppfscxombppfsc", 2, "ours");
    tear_down(&s);
}

Test(committer, G7_a_commit_that_never_answers_goes_to_doubt_and_the_metadata_decides)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'c', 0, UINT32_MAX, ENG_TIMED_OUT, true});
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_DONE);
    cr_expect_str_eq(s.fake->calls + s.fake->call_count - 4, "cxom");
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2);
    cr_expect_str_eq(s.fake->partitions[1].committed.meta, "ours");
    tear_down(&s);
}

static void take_over(struct fake_port *fake, char call)
{
    if (call == 'm')
        fake->partitions[1].committed = (struct eng_port_offset){1, 20, "another's"};
}

Test(committer, a_partition_that_somebody_else_has_committed_is_given_up)
{
    struct stage s;
    set_up(&s);
    s.fake->before = take_over;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    /* The offset is the same: the metadata tells them apart. */
    expect(&s, ENG_TXN_TAKEN, "obppfscxom", 0, "another's");
    tear_down(&s);
}

/* A coordinator that has just taken over has no offsets yet: the third answer is the truth. */
static void remember_late(struct fake_port *fake, char call)
{
    static int asked;
    if (call == 'c')
        fake->partitions[1].committed = (struct eng_port_offset){1, -1, ""};
    if (call == 'm' && ++asked == 3)
        fake->partitions[1].committed = (struct eng_port_offset){1, 20, "ours"};
}

Test(committer, the_first_transaction_of_a_partition_is_not_sent_again_because_of_one_blank_answer)
{
    struct stage s;
    set_up(&s);
    s.txn.offsets[0].before = (struct eng_port_offset){1, -1, ""};
    s.fake->before = remember_late;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    expect(&s, ENG_TXN_DONE, "obppfscxommm", 0, "ours"); /* no second time b, p, p, f, s */
    tear_down(&s);
}

Test(committer, a_blank_answer_that_stays_is_believed)
{
    struct stage s;
    set_up(&s);
    s.txn.offsets[0].before = (struct eng_port_offset){1, -1, ""};
    s.fake->partitions[1].committed = s.txn.offsets[0].before;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    expect(&s, ENG_TXN_DONE, "obppfscxommmmmmmmmmmmmmmmmmmmmbppfsc", 2, "ours");
    tear_down(&s);
}

Test(committer, a_torn_transaction_is_named)
{
    struct stage s;
    set_up(&s);
    struct eng_txn_offset other = {.now = {0, 5, "ours0"}, .before = {0, 4, "before0"}};
    cr_assert_eq(eng_txn_offset(&s.txn, &other), ENG_OK);
    s.fake->partitions[0].committed = other.now; /* half of it is there */
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_FAILED);
    cr_expect_eq(s.txn.error.status, ENG_CORRUPT);
    cr_expect(strstr(s.txn.error.text, "torn") != NULL);
    tear_down(&s);
}

Test(committer, a_permission_that_is_missing_is_not_tried_for_again)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'s', 0, 9, ENG_DENIED, false});
    expect(&s, ENG_TXN_FAILED, "obppfsax", 0, "before");
    cr_expect_eq(s.txn.error.status, ENG_DENIED);
    tear_down(&s);
}

Test(committer, a_producer_that_dies_again_and_again_gives_up)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'b', 0, 99, ENG_FATAL, false});
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_FAILED);
    cr_expect_eq(s.txn.error.status, ENG_FATAL);
    cr_expect(s.fake->epochs >= 3, "it tried with new epochs before");
    tear_down(&s);
}

Test(committer, whoever_has_lost_its_place_opens_no_new_epoch)
{
    static const char calls[] = "obpfsc";
    for (size_t c = 0; c < sizeof calls - 1; c++) {
        struct stage s;
        set_up(&s);
        fake_fault(s.fake, (struct fake_fault){calls[c], 0, 1, ENG_LOST, false});
        eng_committer_send(&s.committer, &s.txn);
        cr_expect_eq(s.txn.outcome, ENG_TXN_FAILED, "%c: outcome %d", calls[c], s.txn.outcome);
        cr_expect_eq(s.txn.error.status, ENG_LOST);
        cr_expect_eq(s.fake->epochs, calls[c] == 'o' ? 0 : 1, "%c: it would fence the other",
                     calls[c]);
        cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 0);
        tear_down(&s);
    }
}

Test(committer, G7_trouble_on_the_wire_replaces_the_producer_before_the_next_transaction)
{
    struct stage s;
    set_up(&s);
    eng_committer_send(&s.committer, &s.txn);
    cr_assert_eq(s.committer.state, ENG_COMMITTER_READY);
    s.txn.outcome = ENG_TXN_NONE;
    s.fake->suspect = false;
    fake_fault(s.fake, (struct fake_fault){'f', 0, 1, ENG_TIMED_OUT, false});
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_DONE);
    cr_expect_eq(s.committer.state, ENG_COMMITTER_NONE, "a late request must meet no later one");
    tear_down(&s);
}

static void trouble_at_abort(struct fake_port *fake, char call)
{
    if (call == 'a')
        fake->suspect = true;
}

/* The abort was asked for twice, and the first request is still on its way. */
Test(committer, an_abort_with_trouble_on_the_wire_brings_a_new_epoch)
{
    struct stage s;
    set_up(&s);
    s.fake->before = trouble_at_abort;
    fake_fault(s.fake, (struct fake_fault){'p', 1, 1, ENG_TXN_ABORT, false});
    expect(&s, ENG_TXN_DONE, "obppaxombppfsc", 2, "ours");
    tear_down(&s);
}

Test(committer, an_abort_without_trouble_keeps_the_epoch)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'p', 1, 1, ENG_TXN_ABORT, false});
    expect(&s, ENG_TXN_DONE, "obppambppfsc", 2, "ours");
    tear_down(&s);
}

static void cancel_at_commit(struct fake_port *fake, char call)
{
    if (call == 'c')
        atomic_store((_Atomic bool *)fake->context, true);
}

/* The coordinator may have told some partitions of the commit already, and then have forgotten it:
 * a new epoch would abort the rest. */
Test(committer, G7_a_commit_that_was_asked_for_is_asked_for_until_it_is_answered)
{
    struct stage s;
    set_up(&s);
    s.fake->before = cancel_at_commit;
    s.fake->context = &s.committer.cancel;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 5, ENG_TIMED_OUT, false});
    expect(&s, ENG_TXN_DONE, "obppfsccccccx", 2, "ours");
    cr_expect_eq(s.fake->epochs, 1);
    tear_down(&s);
}

static void expect_doubt_after(struct stage *stage, enum eng_txn_outcome outcome, int64_t least_us,
                               int64_t most_us)
{
    int64_t began_us = stage->fake->port.ops->mono_us(&stage->fake->port);
    fake_fault(stage->fake, (struct fake_fault){'c', 0, UINT32_MAX, ENG_TIMED_OUT, false});
    fake_fault(stage->fake, (struct fake_fault){'o', 1, 1, ENG_DENIED, false}); /* and no more */
    eng_committer_send(&stage->committer, &stage->txn);
    cr_expect_eq(stage->txn.outcome, outcome);
    cr_expect_eq(stage->committer.state, ENG_COMMITTER_DOUBT);
    int64_t took_us = stage->fake->port.ops->mono_us(&stage->fake->port) - began_us;
    cr_expect(took_us >= least_us && took_us <= most_us, "it took %lld us", (long long)took_us);
}

Test(committer, a_cancelled_commit_without_an_answer_stays_in_doubt_until_the_next_epoch)
{
    struct stage s;
    set_up(&s);
    s.fake->before = cancel_at_commit;
    s.fake->context = &s.committer.cancel;
    expect_doubt_after(&s, ENG_TXN_CANCELLED, 20000000, 21000000);
    atomic_store(&s.committer.cancel, false);
    s.fake->fault_count = 0;
    cr_expect_eq(eng_committer_ready(&s.committer, NULL), ENG_OK);
    cr_expect_eq(s.fake->epochs, 2);
    tear_down(&s);
}

Test(committer, a_commit_that_nobody_answers_for_a_minute_is_in_doubt)
{
    struct stage s;
    set_up(&s);
    expect_doubt_after(&s, ENG_TXN_FAILED, 60000000, 62000000);
    tear_down(&s);
}

Test(committer, a_cancelled_transaction_is_aborted_before_its_commit)
{
    struct stage s;
    set_up(&s);
    atomic_store(&s.committer.cancel, true);
    expect(&s, ENG_TXN_CANCELLED, "obppfsa", 0, "before");
    cr_expect_eq(s.committer.state, ENG_COMMITTER_READY);
    tear_down(&s);
}

Test(committer, a_broker_that_is_away_is_waited_for)
{
    struct stage s;
    set_up(&s);
    fake_fault(s.fake, (struct fake_fault){'o', 0, 5, ENG_UNAVAILABLE, false});
    expect(&s, ENG_TXN_DONE, "oooooobppfsc", 2, "ours");
    tear_down(&s);
}

/* Whatever single call fails in whatever way, the records are there once, with their offset; or the
 * outcome says that they are not. Whoever has lost its place does not know, and need not. */
Test(committer, G1_no_single_fault_loses_or_repeats_a_transaction)
{
    static const char calls[] = "obpfscam";
    static const enum eng_status statuses[] = {ENG_TIMED_OUT, ENG_UNAVAILABLE, ENG_TXN_ABORT,
                                               ENG_FATAL, ENG_LOST};
    for (size_t c = 0; c < sizeof calls - 1; c++)
        for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++)
            for (int variant = 0; variant < 4; variant++) {
                struct stage s;
                set_up(&s);
                bool done = variant % 2 == 1 && statuses[k] != ENG_TXN_ABORT;
                if (calls[c] == 'a' || calls[c] == 'm')
                    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_TXN_ABORT, false});
                fake_fault(s.fake,
                           (struct fake_fault){calls[c], variant / 2, 1, statuses[k], done});
                eng_committer_send(&s.committer, &s.txn);
                bool there = strcmp(s.fake->partitions[1].committed.meta, "ours") == 0;
                cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), there ? 2 : 0, "%c %d %d",
                             calls[c], statuses[k], variant);
                bool lost = s.txn.outcome == ENG_TXN_FAILED && s.txn.error.status == ENG_LOST;
                cr_expect(lost || (s.txn.outcome == ENG_TXN_DONE) == there, "%c %d %d: outcome %d",
                          calls[c], statuses[k], variant, s.txn.outcome);
                tear_down(&s);
            }
}

Test(committer, more_records_than_go_together_all_go_and_in_their_order)
{
    struct stage s;
    set_up(&s);
    for (int i = 0; i < 1000; i++) {
        char value[8];
        struct eng_port_header headers[3] = {{"a", "1", 1}, {"b", "2", 1}, {"c", "3", 1}};
        (void)snprintf(value, sizeof value, "%d", i);
        struct eng_port_output output = {.topic = ENG_TOPIC_SCORE_CHANGES,
                                         .value = value,
                                         .value_bytes = strlen(value),
                                         .headers = headers,
                                         .header_count = (uint32_t)(i % 4)};
        cr_assert_eq(eng_txn_add(&s.txn, &output), ENG_OK);
    }
    fake_fault(s.fake, (struct fake_fault){'p', 300, 2, ENG_AGAIN, false});
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_DONE);
    cr_assert_eq(s.fake->output_count, 1002);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct fake_output *output = &s.fake->outputs[i + 2];
        cr_expect_eq(atoi((const char *)output->value), (int)i);
        cr_expect_eq(output->header_count, i % 4);
    }
    tear_down(&s);
}

/* A call takes half a minute: what is said of it meanwhile. */
static void look_at_call(struct fake_port *fake, char call)
{
    static const char *const names[128] = {
        ['o'] = "opening a producer",  ['x'] = "closing a producer",
        ['f'] = "sending the outputs", ['s'] = "sending the offsets",
        ['c'] = "committing",          ['m'] = "asking for the committed offsets"};
    const struct eng_committer *committer = fake->context;
    if (names[(int)call] == NULL)
        return;
    cr_expect_null(eng_committer_stuck(committer, fake->now_us, 20000000));
    fake->now_us += 30000000;
    const char *what = eng_committer_stuck(committer, fake->now_us, 20000000);
    cr_expect(what != NULL && strcmp(what, names[(int)call]) == 0, "%c: %s", call, what);
}

Test(committer, a_call_that_does_not_come_back_is_named)
{
    struct stage s;
    set_up(&s);
    s.fake->before = look_at_call;
    s.fake->context = &s.committer;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 10, ENG_TIMED_OUT, true}); /* and asked for */
    eng_committer_send(&s.committer, &s.txn);
    cr_expect_eq(s.txn.outcome, ENG_TXN_DONE);
    s.fake->now_us += 30000000;
    cr_expect_null(eng_committer_stuck(&s.committer, s.fake->now_us, 20000000));
    s.fake->before = NULL;
    tear_down(&s);
}
