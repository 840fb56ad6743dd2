/* Standbys: who stands by for what, what a follower reads, and a take-over by one. The owner is a
 * worker of process 2 over the fake log, the standbys are those of process 1. */
#include "stage.h"
#include "stream/kafka_internal.h"
#include "stream/restore_inside.h"
#include "stream/standby_inside.h"
#include <engaged/checkpoint.h>

enum { US = 1, OTHER = 2, TURNS = 12 };

/* ---- who stands by ---- */

struct row {
    const char *what;
    struct {
        uint64_t process;
        int32_t first, count; /* partitions */
    } members[4];
    uint64_t process;
    int32_t partition;
    uint32_t standbys;
    bool follows;
};

static const struct row rows[] = {
    {"of two the other one", {{1, 0, 2}, {2, 2, 2}}, 1, 2, 1, true},
    {"and it us", {{1, 0, 2}, {2, 2, 2}}, 2, 0, 1, true},
    {"nobody for what it has itself", {{1, 0, 2}, {2, 2, 2}}, 1, 0, 1, false},
    {"nobody when none are wanted", {{1, 0, 2}, {2, 2, 2}}, 1, 2, 0, false},
    {"nobody for what nobody has", {{1, 0, 1}, {2, 2, 1}}, 1, 1, 1, false},
    {"nobody who is no member", {{1, 0, 2}, {2, 2, 2}}, 7, 2, 1, false},
    {"the next one", {{1, 0, 1}, {2, 1, 1}, {3, 2, 1}}, 2, 0, 1, true},
    {"not the one after it", {{1, 0, 1}, {2, 1, 1}, {3, 2, 1}}, 3, 0, 1, false},
    {"but with two standbys that one, too", {{1, 0, 1}, {2, 1, 1}, {3, 2, 1}}, 3, 0, 2, true},
    {"behind the last comes the first", {{1, 0, 1}, {2, 1, 1}, {3, 2, 1}}, 1, 2, 1, true},
    {"whoever has nothing comes first", {{1, 0, 1}, {2, 1, 1}, {3, 0, 0}}, 3, 0, 1, true},
    {"and then not the next one", {{1, 0, 1}, {2, 1, 1}, {3, 0, 0}}, 2, 0, 1, false},
    {"members of one process are one", {{1, 0, 1}, {1, 1, 1}, {2, 2, 1}}, 2, 1, 1, true},
    {"so none stands by for the other", {{1, 0, 1}, {1, 1, 1}, {2, 2, 1}}, 1, 1, 1, false},
};

Test(standby_plan, everybody_works_out_the_same_without_being_told)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct eng_standby_plan plan = {0};
        for (int m = 0; m < 4 && row->members[m].process != 0; m++) {
            int32_t partitions[4];
            for (int32_t p = 0; p < row->members[m].count; p++)
                partitions[p] = row->members[m].first + p;
            const struct eng_port_member member = {row->members[m].process, partitions,
                                                   (uint32_t)row->members[m].count};
            cr_assert_eq(eng_standby_plan_add(&plan, &member), ENG_OK);
        }
        cr_expect_eq(eng_standby_plan_follows(&plan, row->process, row->partition, row->standbys),
                     row->follows, "%s", row->what);
        eng_standby_plan_done(&plan);
    }
}

Test(standby_plan, each_partition_has_as_many_as_are_wanted_whatever_the_group_is_like)
{
    for (uint32_t processes = 1; processes < 6; processes++) {
        struct eng_standby_plan plan = {0};
        for (uint32_t m = 0; m < processes; m++) {
            int32_t partition = (int32_t)m;
            const struct eng_port_member member = {m * 17 + 5, &partition, m % 2};
            cr_assert_eq(eng_standby_plan_add(&plan, &member), ENG_OK);
        }
        for (uint32_t wanted = 0; wanted < 4; wanted++) {
            uint32_t found = 0;
            for (uint32_t m = 0; m < processes; m++)
                found += eng_standby_plan_follows(&plan, m * 17 + 5, 1, wanted);
            uint32_t others = processes > 1 ? processes - 1 : 0;
            cr_expect_eq(found, wanted < others ? wanted : others, "%u of %u", wanted, processes);
        }
        eng_standby_plan_done(&plan);
    }
}

/* ---- following ---- */

/* A worker of another process with partition 0, whose pages are written at once, and our standbys.
 */
static void begin(struct stage *s)
{
    struct eng_error err = {0};
    stage_init(s, 1);
    s->config->recovery.records = 1;
    s->config->run.standbys = 1;
    s->fake->members[0] = (struct fake_member){.process = OTHER, .partitions = {0}, .count = 1};
    s->fake->members[1] = (struct fake_member){.process = US};
    s->fake->member_count = 2;
    struct eng_edition *edition = eng_edition_borrow(s->config);
    const struct eng_standbys_options options = {.edition = edition,
                                                 .port = &s->fake->port,
                                                 .process = US,
                                                 .memory_bytes = &s->memory_bytes};
    stage_start(s);
    cr_assert_eq(eng_standbys_new(&options, &s->standbys, &err), ENG_OK, "%s", err.text);
    eng_edition_release(edition);
}

static void end(struct stage *s)
{
    if (s->worker != NULL)
        stage_stop(s);
    eng_standbys_free(s->standbys);
    stage_done(s);
}

static void act(struct stage *s, const char *partner, int times)
{
    for (int i = 0; i < times; i++) {
        stage_login(s, 0, partner, stage_now_ms(s));
        stage_turn(s, TURNS);
    }
}

/* So that each transaction has the page of one of both. */
static void act_in_turns(struct stage *s, int times)
{
    for (int i = 0; i < times; i++) {
        act(s, "acme", 1);
        act(s, "zeta", 1);
    }
}

/* What is told of our standby; false: there is none. */
static bool look(struct stage *s, struct eng_standby_stats *ret_stats)
{
    struct eng_stats stats = {0};
    cr_assert_eq(eng_standbys_show(s->standbys, &stats), ENG_OK);
    cr_assert_leq(stats.standby_count, 1);
    bool there = stats.standby_count == 1;
    *ret_stats = there ? stats.standbys[0] : (struct eng_standby_stats){.behind_records = -2};
    eng_free(stats.standbys);
    return there;
}

static void turn_standbys(struct stage *s, int turns)
{
    while (turns-- > 0) {
        eng_standbys_turn(s->standbys);
        s->fake->now_us += 500000;
    }
}

/* The owner dies, and a worker of ours is given the partition. */
static void take_over(struct stage *s)
{
    stage_kill(s);
    s->fake->members[0].count = 0;
    s->fake->members[1] = (struct fake_member){.process = US, .partitions = {0}, .count = 1};
    stage_start(s);
    stage_turn(s, TURNS);
    cr_assert_eq(s->worker->error.status, ENG_OK, "%s", s->worker->error.text);
    cr_assert_eq(eng_worker_task(s->worker, 0)->state, ENG_TASK_LIVE);
}

/* How many restores were made of a standby. */
static uint64_t taken(struct stage *s)
{
    return eng_standbys_count(s->standbys, ENG_FOLLOWER_TAKEN);
}

Test(standby, a_partition_of_another_process_is_followed_to_its_end)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act_in_turns(&s, 3);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    cr_expect_eq(stats.behind_records, 0);
    cr_expect_eq(stats.partners, 2);
    cr_expect_gt(stats.memory_bytes, 0);
    uint64_t before = stats.records;
    act(&s, "beta", 2);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    cr_expect_eq(stats.behind_records, 0);
    cr_expect_eq(stats.partners, 3);
    cr_expect_gt(stats.records, before);
    cr_expect_lt(stats.records, before * 2, "what has been read is not read again");
    end(&s);
}

Test(standby, a_take_over_reads_only_what_has_come_since_and_goes_on_as_if_nothing_had_happened)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act_in_turns(&s, 3);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    act(&s, "acme", 1);
    take_over(&s);
    cr_expect_eq(taken(&s), 1);
    cr_expect_eq(eng_standbys_count(s.standbys, ENG_FOLLOWER_BROKEN), 0);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], 7);
    cr_expect_eq(stage_counters(&s, 0).score_changes, 7);
    act(&s, "acme", 1);
    cr_expect_eq(stage_counters(&s, 0).score_changes, 8);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 8, "each told once");
    end(&s);
}

Test(standby, it_is_of_use_although_its_owner_has_done_nothing_since)
{
    struct stage s;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 2);
    take_over(&s);
    cr_expect_eq(taken(&s), 1);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], 3);
    end(&s);
}

Test(standby, G11_a_partner_that_was_erased_is_not_in_it_any_more)
{
    struct stage s;
    struct eng_standby_stats stats;
    struct eng_error err = {0};
    begin(&s);
    act(&s, "acme", 2);
    act(&s, "zeta", 2);
    turn_standbys(&s, 1);
    cr_assert_eq(eng_task_erase(eng_worker_task(s.worker, 0), &s.worker->feed,
                                (struct eng_slice){"zeta", 4}, &err),
                 ENG_OK, "%s", err.text);
    stage_turn(&s, TURNS);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    cr_expect_eq(stats.partners, 1);
    take_over(&s);
    cr_expect_eq(taken(&s), 1);
    end(&s);
}

Test(standby, while_the_broker_does_not_answer_it_waits_for_the_next_attempt)
{
    struct stage s;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 1);
    s.fake->faults[s.fake->fault_count++] =
        (struct fake_fault){.call = 'm', .times = 1, .status = ENG_UNAVAILABLE};
    stage_kill(&s);
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_assert_eq(eng_standbys_count(s.standbys, ENG_FOLLOWER_WAITS), 1);
    s.fake->members[0].count = 0;
    s.fake->members[1].count = 1; /* it is ours, and waits for its worker */
    turn_standbys(&s, 20);
    stage_turn(&s, TURNS);
    cr_expect_eq(eng_worker_task(s.worker, 0)->state, ENG_TASK_LIVE);
    cr_expect_eq(taken(&s), 1);
    end(&s);
}

Test(standby, G13_one_that_is_not_as_committed_is_thrown_away_and_the_state_read_from_its_beginning)
{
    struct stage s;
    begin(&s);
    act(&s, "acme", 3);
    act(&s, "zeta", 3);
    struct fake_output *page = stage_state(&s, 0, "page/zeta", NULL);
    page->committed = false; /* it misses this one */
    turn_standbys(&s, 1);
    page->committed = true;
    take_over(&s);
    cr_expect_eq(taken(&s), 0);
    cr_expect_eq(eng_standbys_count(s.standbys, ENG_FOLLOWER_BROKEN), 1);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], 6);
    end(&s);
}

Test(standby, one_that_could_not_be_had_in_time_does_not_stay_beside_what_was_restored_without_it)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 1);
    s.standbys->items[0]->busy = true; /* its reader does not come back from the broker */
    take_over(&s);
    s.standbys->items[0]->busy = false;
    cr_expect_eq(taken(&s), 0);
    cr_assert(look(&s, &stats));
    turn_standbys(&s, 20);
    cr_expect_not(look(&s, &stats));
    end(&s);
}

Test(standby, what_is_ours_is_not_followed_and_what_others_take_back_is_again)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 1);
    take_over(&s);
    turn_standbys(&s, 20);
    cr_expect_not(look(&s, &stats), "it is ours");
    s.fake->members[0].count = 1;
    s.fake->members[1].count = 0;
    turn_standbys(&s, 20);
    cr_expect(look(&s, &stats), "it is the other's again");
    end(&s);
}

Test(standby, whoever_is_not_to_stand_by_any_more_lets_go)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    s.fake->members[1].process = 3; /* we are no member any more */
    turn_standbys(&s, 20);
    cr_expect_not(look(&s, &stats));
    end(&s);
}

Test(standby, without_the_right_to_see_the_group_none_begins_and_the_way_out_is_named)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    s.fake->faults[s.fake->fault_count++] =
        (struct fake_fault){.call = 'u', .times = 1, .status = ENG_DENIED};
    turn_standbys(&s, 1);
    cr_expect_not(look(&s, &stats));
    cr_expect_not_null(strstr(s.standbys->said, "allow DESCRIBE on the group"), "%s",
                       s.standbys->said);
    turn_standbys(&s, 20);
    cr_expect(look(&s, &stats), "it begins when the right is there");
    cr_expect_str_eq(s.standbys->said, "");
    end(&s);
}

Test(standby, one_that_is_too_large_for_run_memory_goes_and_the_process_does_not)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    s.config->run.memory_bytes_max = s.memory_bytes + 10;
    turn_standbys(&s, 3);
    cr_expect_not(look(&s, &stats));
    cr_expect_not_null(strstr(s.standbys->items[0]->said, "run.memory"), "%s",
                       s.standbys->items[0]->said);
    act(&s, "acme", 1);
    cr_expect_eq(s.worker->error.status, ENG_OK);
    s.config->run.memory_bytes_max = 0;
    turn_standbys(&s, 10);
    cr_expect_not(look(&s, &stats), "not at once");
    s.fake->now_us += 600000000;
    turn_standbys(&s, 2);
    cr_expect(look(&s, &stats), "but after a while");
    end(&s);
}

/* A state topic that is shorter than what was read is another one. */
Test(standby, a_state_topic_made_anew_is_read_from_its_beginning)
{
    struct stage s;
    struct eng_standby_stats stats;
    begin(&s);
    act(&s, "acme", 3);
    turn_standbys(&s, 1);
    cr_assert(look(&s, &stats));
    uint64_t before = stats.records;
    s.standbys->items[0]->view.next += 1000;
    turn_standbys(&s, 6);
    cr_expect_eq(eng_standbys_count(s.standbys, ENG_FOLLOWER_OUTDATED), 1);
    cr_assert(look(&s, &stats));
    cr_expect_eq(stats.records, before);
    end(&s);
}

/* ---- with a thread of its own ---- */

/* Takes what there is and gives it back, as a worker whose broker does not answer. */
static void *take_and_give_back(void *argument)
{
    struct stage *s = argument;
    for (int i = 0; i < 200; i++) {
        struct eng_follower *follower = eng_standbys_take(s->standbys, &s->fake->port, 0);
        if (follower != NULL)
            eng_standbys_settle(s->standbys, 0, follower, ENG_FOLLOWER_WAITS);
        eng_standbys_stir(s->standbys);
    }
    return NULL;
}

Test(standby, hand_overs_and_reading_do_not_meet)
{
    struct stage s;
    struct eng_standby_stats stats;
    struct eng_error err = {0};
    pthread_t taker;
    begin(&s);
    act(&s, "acme", 3);
    s.fake->really_sleeps = true;
    cr_assert_eq(eng_standbys_start(s.standbys, (struct eng_courier_way){.threaded = true}, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(pthread_create(&taker, NULL, take_and_give_back, &s), 0);
    for (int i = 0; i < 20; i++) {
        act_in_turns(&s, 1);
        (void)look(&s, &stats);
    }
    pthread_join(taker, NULL);
    eng_standbys_stop(s.standbys);
    cr_assert(eng_courier_wait(&s.standbys->courier, 60000));
    s.standbys->stop = false;
    turn_standbys(&s, 20);
    cr_assert(look(&s, &stats));
    cr_expect_eq(stats.behind_records, 0);
    cr_expect_eq(eng_standbys_count(s.standbys, ENG_FOLLOWER_BROKEN), 0);
    end(&s);
}

/* ---- handing over: what the checks are for ---- */

struct hand {
    struct eng_follower *follower;
    struct eng_meta meta;
    struct eng_restore_progress progress;
    _Atomic bool cancel;
    struct eng_restore_request request;
};

/* A follower that has read what the owner has committed; *ret_hand says what the group names. */
static void follow(struct stage *s, struct hand *hand)
{
    struct eng_error err = {0};
    memset(hand, 0, sizeof *hand);
    cr_assert_eq(eng_meta_read(s->fake->partitions[0].committed.meta, &hand->meta, &err), ENG_OK);
    hand->request = (struct eng_restore_request){
        .port = &s->fake->port,
        .edition = eng_edition_borrow(s->config),
        .meta = &hand->meta,
        .next = s->fake->partitions[0].committed.next,
        .cancel = &hand->cancel,
        .progress = &hand->progress,
    };
    cr_assert_eq(eng_follower_new(&hand->request, &hand->follower, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(eng_follower_read(hand->follower, &err), ENG_OK, "%s", err.text);
}

static enum eng_follower_fate finish(struct hand *hand, struct eng_error *err)
{
    struct eng_restored restored = {0};
    eng_error_clear(err);
    enum eng_follower_fate fate =
        eng_follower_finish(hand->follower, &hand->request, &restored, err);
    cr_expect_eq(fate == ENG_FOLLOWER_TAKEN, restored.engine != NULL);
    eng_restored_done(&restored);
    return fate;
}

static void put_down(struct stage *s, struct hand *hand)
{
    eng_follower_free(hand->follower);
    eng_edition_release(hand->request.edition);
    end(s);
}

Test(follow, G13_having_read_behind_the_named_record_it_is_not_used)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    char text[100];
    begin(&s);
    act_in_turns(&s, 2);
    follow(&s, &hand);
    hand.meta.sequence--;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_AHEAD);
    (void)snprintf(text, sizeof text,
                   "it has read of transaction %" PRIu64 ", but the group is at %" PRIu64,
                   hand.meta.sequence + 1, hand.meta.sequence);
    cr_expect_str_eq(err.text, text);
    put_down(&s, &hand);
}

Test(follow, G13_a_page_of_a_transaction_whose_record_has_not_come_counts_as_read_behind)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    struct eng_page_part page;
    begin(&s);
    act_in_turns(&s, 2);
    struct fake_output *record = stage_state(&s, 0, "page/", NULL);
    cr_assert_eq(eng_page_open(record->value, record->value_bytes, &page, &err), ENG_OK);
    cr_assert_eq(page.head.sequence, stage_commit(&s).sequence, "the last one has a page");
    record = stage_state(&s, 0, "commit", NULL);
    uint32_t all = s.fake->output_count;
    s.fake->output_count = (uint32_t)(record - s.fake->outputs); /* the half of a transaction */
    follow(&s, &hand);
    s.fake->output_count = all;
    cr_assert_eq(hand.meta.sequence, page.head.sequence);
    hand.meta.sequence--;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_AHEAD);
    hand.meta.sequence++;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_TAKEN, "%s", err.text);
    put_down(&s, &hand);
}

/* A configuration that was read again, with other settings and the same model. */
Test(follow, a_reload_with_the_same_model_leaves_it_good)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    struct eng_config *again = NULL;
    begin(&s);
    act_in_turns(&s, 2);
    follow(&s, &hand);
    cr_assert_eq(eng_config_load_text(stage_config, sizeof stage_config - 1, "again", &again, &err),
                 ENG_OK);
    struct eng_edition *edition = hand.request.edition, *other = eng_edition_new(again);
    hand.request.edition = other;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_TAKEN, "%s", err.text);
    hand.request.edition = edition;
    eng_edition_release(other);
    put_down(&s, &hand);
}

Test(follow, another_life_or_another_model_at_low_water_outdates_it)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    begin(&s);
    act(&s, "acme", 3);
    follow(&s, &hand);
    hand.meta.life++;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_OUTDATED);
    hand.meta.life--;
    hand.meta.low_version++;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_OUTDATED);
    hand.meta.low_version--;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_TAKEN, "%s", err.text);
    put_down(&s, &hand);
}

Test(follow, a_state_that_has_become_too_new_for_the_configuration_is_not_taken_over)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    begin(&s);
    act(&s, "acme", 3);
    follow(&s, &hand);
    hand.meta.model_version++;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_OUTDATED);
    cr_expect_eq(err.status, ENG_BAD_CONFIG);
    hand.meta.model_version--;
    hand.meta.fingerprint++;
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_OUTDATED);
    cr_expect_not_null(strstr(err.text, "another model with the same version"), "%s", err.text);
    put_down(&s, &hand);
}

Test(follow, a_commit_record_of_another_life_outdates_it_while_it_reads)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    begin(&s);
    act(&s, "acme", 3);
    follow(&s, &hand);
    struct eng_commit commit = stage_commit(&s);
    commit.sequence++;
    commit.life++;
    stage_foreign_commit(&s, &commit);
    cr_expect_eq(eng_follower_read(hand.follower, &err), ENG_AGAIN);
    cr_expect_eq(eng_follower_read(hand.follower, &err), ENG_AGAIN, "and it stays so");
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_OUTDATED);
    put_down(&s, &hand);
}

Test(follow, the_journal_behind_low_water_is_not_kept)
{
    struct eng_journal journal = {0};
    for (uint64_t i = 1; i <= 5; i++) {
        struct eng_journal_entry entry = {i, 10, 0, ENG_JOURNAL_TICK};
        cr_assert_eq(eng_journal_add(&journal, &entry), ENG_OK);
    }
    eng_journal_forget(&journal, 3);
    cr_expect_eq(journal.count, 2);
    cr_expect_eq(journal.entries[0].number, 4);
    eng_journal_done(&journal);
}

Test(follow, cancelled_on_the_way_it_goes_on_later)
{
    struct stage s;
    struct hand hand;
    struct eng_error err = {0};
    begin(&s);
    act(&s, "acme", 3);
    follow(&s, &hand);
    act(&s, "acme", 2);
    cr_assert_eq(eng_meta_read(s.fake->partitions[0].committed.meta, &hand.meta, &err), ENG_OK);
    atomic_store(&hand.cancel, true);
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_WAITS);
    atomic_store(&hand.cancel, false);
    s.fake->faults[s.fake->fault_count++] =
        (struct fake_fault){.call = 'r', .times = 1, .status = ENG_TIMED_OUT};
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_WAITS);
    cr_expect_eq(finish(&hand, &err), ENG_FOLLOWER_TAKEN, "%s", err.text);
    put_down(&s, &hand);
}

/* ---- of which process a member is ---- */

Test(members, those_of_one_process_are_known_by_their_instance_or_by_what_they_say)
{
    struct eng_config config = {.kafka = {.instance = (char *)(uintptr_t) "east-1"}};
    char client[300];
    uint64_t east = eng_kafka_process(&config, "host-1-a");
    config.kafka.instance = NULL;
    uint64_t nameless = eng_kafka_process(&config, "host-1-a");
    eng_kafka_client_id(nameless, "engaged", client, sizeof client);
    cr_expect_eq(eng_kafka_process_of("east-1-0", "engaged", "x"), east);
    cr_expect_eq(eng_kafka_process_of("east-1-11", NULL, "x"), east);
    cr_expect_neq(eng_kafka_process_of("east-2-0", "engaged", "x"), east);
    cr_expect_eq(eng_kafka_process_of(NULL, client, "x"), nameless);
    cr_expect_neq(eng_kafka_process_of(NULL, "engaged", "x"), nameless);
    cr_expect_neq(eng_kafka_process_of(NULL, "engaged", "x"),
                  eng_kafka_process_of(NULL, "engaged", "y"), "each for itself");
    cr_expect_neq(eng_kafka_process_of(NULL, "0123456789abcdef", "x"), 0x0123456789abcdef);
    cr_expect_neq(eng_kafka_process_of(NULL, "engaged-0000000000000000", "x"), 0);
}
