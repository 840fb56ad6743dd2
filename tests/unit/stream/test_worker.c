/* The worker's loop over a log in memory: what is told, committed, restored, journaled and given
 * up. */
#include "base/memory.h"
#include "stage.h"

enum { HOUR_MS = 3600000, TURNS = 30 };

/* ---- Telling and committing. ---- */

Test(worker, G1_what_it_tells_is_committed_with_the_offset_behind_it)
{
    struct stage s;
    stage_init(&s, 2);
    stage_start(&s);
    for (int i = 0; i < 3; i++)
        stage_login(&s, 1, "acme", stage_now_ms(&s) - 1000 + i);
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 3);
    cr_expect_eq(s.fake->partitions[1].committed.next, 3);
    cr_expect_str_eq(stage_id(&s, ENG_TOPIC_SCORE_CHANGES, 2),
                     "stage/acme/engagement/changed/oT:2");
    const struct fake_output *first = &s.fake->outputs[0];
    cr_expect_eq(first->partition, 1);
    cr_expect(memcmp(first->key, "acme", 4) == 0 && first->key_bytes == 4);
    struct eng_meta meta;
    struct eng_commit commit;
    uint64_t sum;
    struct fake_output *record = stage_state(&s, 1, "commit", NULL);
    cr_assert_not_null(record);
    cr_assert_eq(eng_meta_read(s.fake->partitions[1].committed.meta, &meta, NULL), ENG_OK);
    cr_assert_eq(eng_commit_read(record->value, record->value_bytes, &commit, &sum, NULL), ENG_OK);
    cr_expect_eq(meta.record, sum, "the offset names the record");
    cr_expect_eq(commit.counters.outcome[ENG_OUTCOME_COUNTED], 3);
    cr_expect_eq(s.fake->partitions[0].committed.next, -1,
                 "a task that did nothing commits nothing");
    stage_done(&s);
}

Test(worker, what_it_tells_carries_the_headers_of_a_cloud_event)
{
    static const char *const headers[][2] = {
        {"ce_specversion", "1.0"},
        {"ce_type", "engaged.score_change"},
        {"ce_source", "/engaged/stage"},
        {"content-type", "application/avro"},
        {"ce_id", "stage/acme/engagement/changed/oT:0"},
        {"ce_time", "2026-01-01T00:00:01.234Z"},
    };
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", 1767225601234);
    stage_turn(&s, TURNS);
    cr_assert_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1);
    cr_expect_eq(s.fake->outputs[0].header_count, sizeof headers / sizeof headers[0]);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        cr_expect_str_eq(stage_header(&s.fake->outputs[0], headers[i][0]), headers[i][1]);
    cr_expect_eq(s.fake->outputs[0].key_bytes, 4);
    stage_done(&s);
}

Test(worker, s15_every_record_is_in_one_class_and_the_unusable_are_dead_letters)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_put(&s, 0, "not json");
    s.fake->partitions[0].records[1].has_key = true;
    (void)snprintf(s.fake->partitions[0].records[1].header, 32, "as it came");
    stage_login(&s, 0, "acme", stage_now_ms(&s) - 48 * (int64_t)HOUR_MS);
    stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS);
    stage_put(&s, 0, "{\"partner_id\":\"acme\",\"action\":\"nothing\",\"occurred_at\":1}");
    for (int i = 0; i < 2; i++)
        stage_put(&s, 0,
                  "{\"event_id\":\"e\",\"partner_id\":\"acme\",\"action\":\"login\","
                  "\"occurred_at\":1767225600000}");
    stage_turn(&s, TURNS);
    struct eng_counters sum = stage_counters(&s, 0);
    cr_expect_eq(sum.read, 7);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_COUNTED], 2);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_BAD], 1);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_LATE], 1);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_FUTURE], 1);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_FILTERED], 1);
    cr_expect_eq(sum.outcome[ENG_OUTCOME_DUPLICATE], 1);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_DEAD_LETTERS), 3);
    cr_expect_str_eq(stage_reason(&s, 0, "__streams.errors.exception"), "not-a-json-object");
    cr_expect_str_eq(stage_reason(&s, 0, "trace"), "as it came");
    cr_expect_str_eq(stage_reason(&s, 0, "__streams.errors.topic"), "in");
    cr_expect_str_eq(stage_reason(&s, 0, "__streams.errors.offset"), "1");
    cr_expect_str_eq(stage_reason(&s, 1, "__streams.errors.exception"), "late");
    cr_expect_str_eq(stage_reason(&s, 2, "__streams.errors.exception"), "future");
    stage_done(&s);
}

/* ---- Restoring. ---- */

/* Logins of five partners over two partitions, about one every ten minutes. */
static void put_history(struct stage *s, int from, int to)
{
    char partner[16];
    for (int i = from; i < to; i++) {
        (void)snprintf(partner, sizeof partner, "p%d", i * 7 % 5);
        stage_login(s, i % 2, partner, 1767225600000 - (400 - i) * (int64_t)600000);
    }
}

static char told_once[200000], told_in_pieces[200000];

static void tell_in_one_go(void)
{
    struct stage s;
    stage_init(&s, 2);
    stage_start(&s);
    put_history(&s, 0, 400);
    stage_turn(&s, TURNS);
    stage_list_told(&s, told_once, sizeof told_once);
    cr_assert_gt(strlen(told_once), 1000);
    stage_done(&s);
}

Test(worker, G4_killed_at_any_call_it_tells_in_pieces_what_it_tells_in_one_go)
{
    tell_in_one_go();
    for (int turns = 1; turns < 24; turns++) {
        struct stage s;
        stage_init(&s, 2);
        for (int life = 0; life < 6; life++) {
            put_history(&s, life * 60, life * 60 + 60);
            stage_start(&s);
            stage_turn(&s, turns);
            if (life % 2 == 0)
                stage_kill(&s);
            else
                stage_stop(&s);
        }
        put_history(&s, 360, 400);
        stage_start(&s);
        stage_turn(&s, TURNS);
        stage_list_told(&s, told_in_pieces, sizeof told_in_pieces);
        cr_expect_str_eq(told_in_pieces, told_once, "with %d turns a life", turns);
        cr_expect_eq(stage_counters(&s, 0).read + stage_counters(&s, 1).read, 400);
        stage_done(&s);
    }
}

Test(worker, G8_s5_a_refused_future_record_stays_refused_when_its_time_has_come)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS);
    stage_login(&s, 0, "acme", stage_now_ms(&s) + 1);
    stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS + 1);
    stage_turn(&s, TURNS);
    stage_kill(&s);
    s.fake->wall_ms += 2 * HOUR_MS;
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], 2);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_DEAD_LETTERS), 2, "told once");
    cr_expect_eq(stage_state_count(&s, "journal/"), 1, "journaled, both in one record");
    stage_done(&s);
}

Test(worker, G8_s7_an_idle_partition_ticks_once_a_boundary_and_a_restore_knows_it)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1);
    s.fake->wall_ms += 6 * HOUR_MS;
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1, "not idle for long enough");
    s.fake->now_us += 90000000;
    stage_turn(&s, 2 * TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2, "the score has expired");
    cr_expect_eq(stage_state_count(&s, "journal/"), 1, "one tick");
    cr_expect_eq(s.fake->partitions[0].committed.next, 1,
                 "with the offset, though it has not moved");
    stage_kill(&s);
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2, "told once");
    struct eng_task *task = eng_worker_task(s.worker, 0);
    cr_expect_eq(eng_engine_clock_ms(task->engine), 1767225600000 + 6 * HOUR_MS);
    stage_done(&s);
}

Test(worker, s7_there_is_no_tick_while_an_open_transaction_hides_records)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    s.fake->partitions[0].marks = 5; /* the high watermark lies behind what can be read */
    s.fake->wall_ms += 6 * HOUR_MS;
    s.fake->now_us += 90000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_state_count(&s, "journal/"), 0);
    stage_done(&s);
}

/* The newest word of a partition on how far it is, for whoever merges; -1: it has said nothing. */
static int64_t said_to_have_passed(const struct stage *s)
{
    int64_t at_ms = -1;
    for (uint32_t i = 0; i < s->fake->output_count; i++) {
        const struct fake_output *output = &s->fake->outputs[i];
        struct eng_sums sums;
        if (output->topic != ENG_TOPIC_GROUP_SUMS || !output->committed)
            continue;
        cr_assert_eq(eng_sums_read(output->value, output->value_bytes, &sums, NULL), ENG_OK);
        cr_assert_eq(sums.kind, ENG_SUMS_NONE);
        cr_assert_geq(sums.result.at_ms, at_ms);
        at_ms = sums.result.at_ms;
    }
    return at_ms;
}

/* Another partition may have told a moment of a version of the model with shorter periods. */
Test(worker, G16_a_partition_says_at_each_boundary_how_far_it_is_whatever_the_periods_are)
{
    struct stage s;
    char text[1024];
    stage_init(&s, 1);
    eng_config_free(s.config);
    (void)snprintf(text, sizeof text,
                   "%sgroups: {all: {every: year, figures: {n: {sum: logins}}}}\n", stage_config);
    cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &s.config, NULL), ENG_OK);
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(said_to_have_passed(&s), -1, "it is not idle yet");
    s.fake->now_us += 90000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(said_to_have_passed(&s), stage_now_ms(&s) / HOUR_MS * HOUR_MS, "without events");
    int64_t hour = stage_now_ms(&s) / HOUR_MS * HOUR_MS + HOUR_MS;
    s.fake->wall_ms += 3 * HOUR_MS;
    stage_login(&s, 0, "acme", hour);
    stage_turn(&s, TURNS);
    stage_login(&s, 0, "acme", hour + HOUR_MS - 1);
    stage_turn(&s, TURNS);
    cr_expect_eq(said_to_have_passed(&s), hour - HOUR_MS, "there is no boundary in between");
    stage_login(&s, 0, "acme", hour + HOUR_MS);
    stage_turn(&s, TURNS);
    cr_expect_eq(said_to_have_passed(&s), hour + HOUR_MS);
    stage_done(&s);
}

Test(worker, a_reading_from_the_beginning_whose_counts_differ_is_refused_by_name)
{
    struct stage s;
    stage_init(&s, 1);
    s.config->recovery.checkpoints = false;
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    stage_stop(&s);
    cr_expect_eq(stage_state_count(&s, "page/"), 0, "no pages without checkpoints");
    (void)snprintf(s.fake->partitions[0].records[0].value, 64, "broken since");
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_CORRUPT);
    cr_expect(strstr(s.worker->error.text, "counted") != NULL, "%s", s.worker->error.text);
    stage_done(&s);
}

Test(worker, what_retention_has_removed_is_tolerated_and_the_counts_go_on)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    for (int i = 0; i < 4; i++)
        stage_login(&s, 0, "acme", stage_now_ms(&s) + i);
    stage_turn(&s, TURNS);
    stage_stop(&s);
    s.fake->partitions[0].low = 3;
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).read, 4);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_counters(&s, 0).read, 5);
    stage_done(&s);
}

Test(worker, no_committed_offset_beside_a_written_state_topic_is_no_beginning)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS); /* refused, so journaled */
    stage_turn(&s, TURNS);
    stage_stop(&s);
    s.fake->partitions[0].committed = (struct eng_port_offset){.partition = 0, .next = -1};
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_CORRUPT);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1, "nothing is told again");
    stage_done(&s);
}

Test(worker, a_question_that_fails_for_now_is_asked_again)
{
    struct stage s;
    stage_init(&s, 1);
    fake_fault(s.fake, (struct fake_fault){'m', 0, 2, ENG_UNAVAILABLE, false});
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, 5);
    cr_expect_eq(atomic_load(&s.worker->state), ENG_WORKER_RESTORING);
    cr_expect_str_neq(s.worker->stats.text, "");
    s.fake->now_us += 2000000;
    stage_turn(&s, 5);
    s.fake->now_us += 2000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1);
    stage_done(&s);
}

/* ---- Rebalance. ---- */

static void move(struct stage *s, char how)
{
    s->fake->rebalance = how;
    s->fake->moved_count = 1;
    s->fake->moved[0] = 0;
}

Test(worker, a_revoke_commits_inside_the_callback)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_turn(&s, 3);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, 1);
    cr_assert_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 0, "the interval is not over");
    move(&s, 'r');
    stage_turn(&s, 1);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1);
    cr_expect_eq(s.fake->partitions[0].committed.next, 1);
    cr_expect_eq(s.worker->task_count, 0);
    stage_done(&s);
}

static uint32_t calls_of(const struct stage *s, char call)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->fake->call_count; i++)
        count += s->fake->calls[i] == call;
    return count;
}

/* Partition 1 goes while the answers for both are there but have not been looked at. */
Test(worker, G14_a_restore_belongs_to_its_partition_and_survives_what_happens_to_others)
{
    struct stage s;
    stage_init(&s, 2);
    stage_start(&s);
    for (int i = 0; i < TURNS && calls_of(&s, 'm') < 2; i++)
        stage_turn(&s, 1);
    cr_assert_eq(calls_of(&s, 'm'), 2, "both are asked for");
    cr_assert_eq(atomic_load(&s.worker->state), ENG_WORKER_RESTORING);
    s.worker->handler.revoked(s.worker, (const int32_t[]){1}, 1, false);
    stage_turn(&s, 3);
    cr_expect_eq(s.worker->places[0]->state, ENG_TASK_LIVE);
    cr_expect_eq(calls_of(&s, 'm'), 2, "nobody is asked again");
    stage_done(&s);
}

/* It goes and comes back: somebody else may have committed meanwhile. */
Test(worker, G5_a_restore_of_a_partition_that_was_given_up_is_thrown_away)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    for (int i = 0; i < TURNS && calls_of(&s, 'm') < 1; i++)
        stage_turn(&s, 1);
    s.worker->handler.revoked(s.worker, (const int32_t[]){0}, 1, false);
    s.fake->partitions[0].committed = (struct eng_port_offset){.partition = 0, .next = -1};
    s.worker->handler.assigned(s.worker, (const int32_t[]){0}, 1);
    stage_turn(&s, TURNS);
    cr_expect_eq(calls_of(&s, 'm'), 2, "it is asked again");
    cr_expect_eq(s.worker->places[0]->state, ENG_TASK_LIVE);
    stage_done(&s);
}

Test(worker, G6_a_lost_partition_is_dropped_and_nothing_of_it_committed)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_turn(&s, 3);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, 1);
    move(&s, 'l');
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 0);
    cr_expect_eq(s.fake->partitions[0].committed.next, -1);
    move(&s, 'a');
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1, "done again by the next owner");
    stage_done(&s);
}

Test(worker, G6_a_transaction_that_another_owner_overtook_drops_the_state_and_restores)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_assert_eq(s.worker->stats.commits, 1);
    /* Another owner takes record 1; our own commit of it gets no answer. */
    struct eng_commit commit = stage_commit(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    commit.sequence++;
    commit.next++;
    commit.clock_ms = stage_now_ms(&s);
    commit.counters.read++;
    commit.counters.outcome[ENG_OUTCOME_COUNTED]++;
    fake_fault(s.fake, (struct fake_fault){'c', 0, 1, ENG_FATAL, false});
    stage_foreign_commit(&s, &commit);
    stage_turn(&s, 2 * TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1, "what the other told is not told");
    cr_expect_eq(stage_counters(&s, 0).read, 2);
    cr_expect_str_eq(eng_worker_task(s.worker, 0)->committed.meta,
                     s.fake->partitions[0].committed.meta, "it goes on from what the other did");
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2);
    cr_expect_str_eq(stage_id(&s, ENG_TOPIC_SCORE_CHANGES, 1),
                     "stage/acme/engagement/changed/oT:2");
    stage_done(&s);
}

Test(worker, an_eager_group_gives_back_what_nobody_touched_without_a_new_reading)
{
    struct stage s;
    stage_init(&s, 1);
    s.eager = true;
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    move(&s, 'r');
    stage_turn(&s, 1);
    struct eng_task *kept = eng_worker_task(s.worker, 0);
    cr_assert_not_null(kept);
    const struct eng_engine *engine = kept->engine;
    move(&s, 'a');
    stage_turn(&s, 5);
    cr_expect_eq(eng_worker_task(s.worker, 0)->engine, engine, "the same engine goes on");
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2);
    /* But not when somebody has committed in between. */
    move(&s, 'r');
    stage_turn(&s, 1);
    struct eng_commit commit = stage_commit(&s);
    cr_assert_eq(commit.next, 2);
    commit.sequence++;
    commit.counters.churn_drops = 7;
    stage_foreign_commit(&s, &commit);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    move(&s, 'a');
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_counters(&s, 0).read, 3);
    cr_expect_eq(stage_counters(&s, 0).churn_drops, 7, "as the other one left it");
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 3);
    stage_done(&s);
}

Test(worker, an_eager_group_s_state_is_read_anew_when_only_a_tick_came_in_between)
{
    struct stage s;
    stage_init(&s, 1);
    s.eager = true;
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    move(&s, 'r');
    stage_turn(&s, 1);
    /* Another's transaction has left the offset where it was: the metadata tells. */
    struct eng_commit commit = stage_commit(&s);
    commit.sequence++;
    stage_foreign_commit(&s, &commit);
    move(&s, 'a');
    stage_turn(&s, TURNS);
    cr_expect_eq(eng_worker_task(s.worker, 0)->sequence, commit.sequence);
    stage_done(&s);
}

Test(worker, records_that_are_handed_over_again_are_passed_over)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    for (int i = 0; i < 5; i++)
        stage_login(&s, 0, "acme", stage_now_ms(&s) + i);
    stage_turn(&s, TURNS);
    s.fake->partitions[0].fetch_at = 2; /* as after a pause in the consumer */
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_counters(&s, 0).read, 6);
    cr_expect_eq(s.fake->partitions[0].committed.next, 6);
    stage_done(&s);
}

/* ---- Failures. ---- */

Test(worker, a_failure_of_the_consumer_ends_the_worker_with_its_status)
{
    static const enum eng_status failures[] = {ENG_LOST, ENG_DENIED, ENG_FATAL, ENG_TOPIC};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct stage s;
        stage_init(&s, 1);
        stage_start(&s);
        stage_turn(&s, 3);
        s.fake->failure = failures[i];
        s.fake->failed_partition = -1;
        cr_expect_not(eng_worker_turn(s.worker));
        cr_expect_eq(s.worker->error.status, failures[i]);
        eng_worker_end(s.worker);
        cr_expect_eq(s.worker->stats.status, failures[i]);
        cr_expect_str_neq(s.worker->stats.text, "");
        eng_worker_free(s.worker);
        s.worker = NULL;
        stage_done(&s);
    }
}

/* Shut out with a transaction filling and one record more to come. */
static void shut_out(struct stage *s, enum eng_status verdict)
{
    stage_init(s, 2);
    stage_start(s);
    stage_login(s, 0, "acme", stage_now_ms(s));
    stage_turn(s, TURNS);
    stage_login(s, 0, "acme", stage_now_ms(s));
    stage_turn(s, 1);
    s->fake->failure = ENG_LOST;
    s->fake->failed_partition = -1;
    fake_fault(s->fake, (struct fake_fault){'j', 0, 3, ENG_AGAIN, false});
    fake_fault(s->fake, (struct fake_fault){'j', 0, verdict != ENG_OK, verdict, false});
    cr_assert_not(eng_worker_turn(s->worker));
}

Test(worker, one_that_is_shut_out_and_in_whose_place_nobody_is_joins_again)
{
    struct stage s;
    shut_out(&s, ENG_OK);
    cr_assert(eng_worker_rejoin(s.worker));
    cr_expect_eq(s.worker->error.status, ENG_OK);
    cr_expect_eq(s.worker->task_count, 0);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1, "what was under way is given up");
    move(&s, 'a');
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2, "and done again");
    cr_expect_eq(stage_counters(&s, 0).read, 2);
    stage_done(&s);
}

Test(worker, G6_one_that_is_shut_out_by_another_process_ends)
{
    struct stage s;
    shut_out(&s, ENG_LOST);
    cr_expect_not(eng_worker_rejoin(s.worker));
    cr_expect_eq(s.worker->error.status, ENG_LOST);
    cr_expect_eq(s.fake->epochs, 1, "and opens no producer");
    stage_done(&s);
}

Test(worker, one_that_is_shut_out_ends_when_it_is_told_to)
{
    struct stage s;
    shut_out(&s, ENG_LOST);
    atomic_store(&s.worker->stop, true);
    cr_expect_not(eng_worker_rejoin(s.worker));
    cr_expect_eq(s.worker->error.status, ENG_OK);
    stage_done(&s);
}

Test(worker, a_position_outside_of_the_log_is_asked_for_anew)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    s.fake->failure = ENG_NOT_FOUND;
    s.fake->failed_partition = 0;
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2);
    cr_expect_eq(stage_counters(&s, 0).read, 2);
    stage_done(&s);
}

/* Lets the ends of the partitions be asked for `seconds` times, once a second. */
static void wait_seconds(struct stage *s, int seconds)
{
    for (int i = 0; i < seconds && s->worker->error.status == ENG_OK; i++) {
        s->fake->now_us += 1000001;
        stage_turn(s, 2);
    }
}

Test(worker, an_input_topic_that_was_made_anew_ends_it_with_a_way_out)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    strcpy(s.fake->topics[ENG_TOPIC_INPUT].id, "U");
    wait_seconds(&s, 2);
    cr_expect_eq(s.worker->error.status, ENG_TOPIC);
    cr_expect(strstr(s.worker->error.text, "another kafka.group") != NULL);
    stage_done(&s);
}

Test(worker, a_partition_of_a_topic_that_was_made_anew_is_not_begun)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    strcpy(s.fake->topics[ENG_TOPIC_INPUT].id, "U");
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_TOPIC);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 0);
    stage_done(&s);
}

Test(worker, an_input_topic_that_is_gone_is_named_and_waited_for_but_not_for_ever)
{
    static const struct row {
        int seconds; /* that it is gone */
        enum eng_status status;
    } rows[] = {{5, ENG_OK}, {30, ENG_TOPIC}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage s;
        stage_init(&s, 1);
        stage_start(&s);
        stage_turn(&s, TURNS);
        s.fake->topics[ENG_TOPIC_INPUT].exists = false;
        wait_seconds(&s, rows[i].seconds);
        cr_expect(strstr(s.worker->stats.text, "not there any more") != NULL);
        s.fake->topics[ENG_TOPIC_INPUT].exists = true;
        wait_seconds(&s, 30);
        cr_expect_eq(s.worker->error.status, rows[i].status);
        stage_done(&s);
    }
}

Test(worker, too_much_memory_stops_it_with_a_text_that_names_the_key)
{
    struct stage s;
    stage_init(&s, 1);
    s.config->run.memory_bytes_max = 1;
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect(s.worker->error.status == ENG_LIMIT || s.worker->error.status == ENG_NO_MEMORY);
    stage_done(&s);
}

Test(worker, a_graceful_stop_commits_what_is_under_way)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_turn(&s, 3);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, 1);
    cr_assert_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 0);
    eng_worker_end(s.worker);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 1);
    cr_expect_eq(s.worker->stats.status, ENG_STOPPED);
    cr_expect_eq(s.fake->partitions[0].committed.next, 1);
    eng_worker_free(s.worker);
    s.worker = NULL;
    stage_done(&s);
}

Test(worker, marks_of_transactions_at_the_end_are_no_lag)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    s.fake->partitions[0].marks = 1;
    stage_turn(&s, TURNS);
    cr_expect_eq(s.fake->partitions[0].committed.next, 2);
    stage_done(&s);
}

/* ---- Stalling. ---- */

static bool stalled(struct stage *s, int32_t partition)
{
    return eng_worker_task(s->worker, partition)->stalled;
}

Test(worker, G14_a_partition_whose_commits_do_not_come_through_has_stalled_until_they_do)
{
    struct stage s;
    stage_init(&s, 2);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    wait_seconds(&s, 100);
    cr_expect_not(stalled(&s, 0), "without input nothing stalls");
    s.worker->in_flight = true; /* what is told is held back */
    s.worker->sender.busy = true;
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    wait_seconds(&s, 20);
    cr_expect_not(stalled(&s, 0));
    wait_seconds(&s, 15);
    cr_expect(stalled(&s, 0));
    cr_expect_not(stalled(&s, 1), "nothing has come there");
    s.worker->sender.busy = false;
    s.worker->in_flight = false;
    wait_seconds(&s, 3);
    cr_expect_not(stalled(&s, 0));
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), 2);
    stage_done(&s);
}

Test(worker, a_partition_whose_broker_gives_no_word_has_stalled)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_turn(&s, TURNS);
    wait_seconds(&s, 2);
    fake_fault(s.fake, (struct fake_fault){'e', 0, 100, ENG_UNAVAILABLE, false});
    wait_seconds(&s, 50);
    cr_expect_not(stalled(&s, 0), "its end was heard half a minute ago");
    wait_seconds(&s, 15);
    cr_expect(stalled(&s, 0));
    wait_seconds(&s, 40);
    cr_expect_not(stalled(&s, 0));
    stage_done(&s);
}

Test(worker, a_partition_that_gets_no_answer_where_it_stands_has_stalled)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    fake_fault(s.fake, (struct fake_fault){'m', 0, 40, ENG_UNAVAILABLE, false});
    stage_turn(&s, TURNS);
    wait_seconds(&s, 35);
    cr_expect(stalled(&s, 0));
    wait_seconds(&s, 20);
    cr_expect_not(stalled(&s, 0));
    cr_expect_eq(s.worker->error.status, ENG_OK);
    stage_done(&s);
}

Test(worker, one_that_has_lost_its_place_is_joining_and_says_so_when_it_takes_long)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->state, ENG_WORKER_RUNNING);
    move(&s, 'l');
    wait_seconds(&s, 20);
    cr_expect_eq(s.worker->state, ENG_WORKER_JOINING);
    cr_expect_str_empty(s.worker->stats.text);
    wait_seconds(&s, 20);
    cr_expect(strstr(s.worker->stats.text, "no share") != NULL, "%s", s.worker->stats.text);
    move(&s, 'a');
    wait_seconds(&s, 5);
    cr_expect_eq(s.worker->state, ENG_WORKER_RUNNING);
    stage_done(&s);
}

/* ---- Queries and statistics. ---- */

struct heard {
    enum eng_status status;
    char text[1000];
    int times;
};

static void hear(void *context, enum eng_status status, const char *json, size_t length)
{
    struct heard *heard = context;
    heard->status = status;
    heard->times++;
    (void)snprintf(heard->text, sizeof heard->text, "%.*s", (int)length, json);
}

static void ask(struct stage *s, const char *partner, struct heard *heard)
{
    struct eng_query *query = eng_query_new(partner, strlen(partner), hear, heard);
    *heard = (struct heard){.times = 0};
    cr_assert_not_null(query);
    cr_assert(eng_inbox_put(&s->worker->inbox, query));
}

Test(worker, a_query_is_answered_between_two_turns)
{
    struct stage s;
    struct heard heard;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    ask(&s, "acme", &heard);
    stage_turn(&s, 1);
    cr_expect_eq(heard.status, ENG_UNAVAILABLE, "it has no partitions yet");
    stage_turn(&s, TURNS);
    ask(&s, "acme", &heard);
    stage_turn(&s, 1);
    cr_expect_eq(heard.status, ENG_OK);
    cr_expect(strstr(heard.text, "\"acme\"") != NULL, "%s", heard.text);
    ask(&s, "nobody", &heard);
    stage_turn(&s, 1);
    cr_expect_eq(heard.status, ENG_NOT_FOUND);
    ask(&s, "acme", &heard);
    stage_stop(&s);
    cr_expect_eq(heard.times, 1, "a question that is left is answered at the end");
    stage_done(&s);
}

static void ask_forecast(struct stage *s, const char *partner, int64_t ms, struct heard *heard)
{
    struct eng_query *query = eng_query_new(partner, strlen(partner), hear, heard);
    *heard = (struct heard){.times = 0};
    cr_assert_not_null(query);
    query->forecast_ms = ms;
    cr_assert(eng_inbox_put(&s->worker->inbox, query));
    eng_worker_answer(s->worker);
    cr_assert_eq(heard->times, 1);
}

Test(worker, a_query_may_ask_for_a_forecast)
{
    struct stage s;
    struct heard heard;
    char until[64];
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    ask_forecast(&s, "acme", 1, &heard);
    int64_t clock_ms = eng_engine_clock_ms(eng_worker_task(s.worker, 0)->engine);
    snprintf(until, sizeof until, "\"forecast_until\":%lld,\"forecast\":[]}",
             (long long)clock_ms + 1);
    cr_expect_eq(heard.status, ENG_OK);
    cr_expect_not_null(strstr(heard.text, until), "%s", heard.text);
    ask_forecast(&s, "acme", INT64_C(34560000000), &heard);
    cr_expect_eq(heard.status, ENG_OK);
    cr_expect_not_null(strstr(heard.text, "\"kind\":\"score_change\""), "%s", heard.text);
    ask_forecast(&s, "acme", 0, &heard);
    cr_expect_null(strstr(heard.text, "forecast"), "%s", heard.text);
    ask_forecast(&s, "nobody", 1, &heard);
    cr_expect_eq(heard.status, ENG_NOT_FOUND);
    stage_done(&s);
}

/* Looking at a partner may need memory itself, at some of these numbers of partners. */
Test(worker, a_query_for_which_memory_is_short_is_not_answered_as_if_there_were_no_such_partner)
{
    struct stage s;
    struct heard heard;
    stage_init(&s, 1);
    stage_start(&s);
    for (int i = 0; i < 200; i++) {
        char partner[8];
        (void)snprintf(partner, sizeof partner, "p%d", i);
        stage_login(&s, 0, partner, stage_now_ms(&s));
        stage_turn(&s, i == 0 ? TURNS : 2);
        cr_assert_eq(eng_engine_partner_count(eng_worker_task(s.worker, 0)->engine),
                     (uint64_t)i + 1);
        ask(&s, partner, &heard);
        eng_memory_fail(1, 1);
        eng_worker_answer(s.worker);
        eng_memory_fail(0, 0);
        cr_assert_eq(heard.status, ENG_NO_MEMORY, "%s: status %d", partner, heard.status);
        cr_assert_eq(heard.times, 1);
        cr_assert_str_eq(heard.text, "");
    }
    stage_done(&s);
}

/* Sealing the second task of a transaction fails: the first one, sealed already, is worth nothing
 * any more, and may not be kept as if it had been committed. */
Test(worker, memory_that_runs_out_in_a_revoke_loses_every_task_of_the_transaction)
{
    for (uint64_t nth = 1; nth < 60; nth++) {
        struct stage s;
        stage_init(&s, 2);
        s.eager = true;
        stage_start(&s);
        for (int32_t partition = 0; partition < 2; partition++)
            stage_login(&s, partition, "acme", stage_now_ms(&s));
        stage_turn(&s, TURNS);
        for (int32_t partition = 0; partition < 2; partition++)
            stage_login(&s, partition, "zeta", stage_now_ms(&s));
        stage_turn(&s, 1);
        s.fake->rebalance = 'r';
        s.fake->moved_count = 2;
        s.fake->moved[1] = 1;
        eng_memory_fail(nth, 1);
        (void)eng_worker_turn(s.worker); /* no task breaks an invariant in it */
        eng_memory_fail(0, 0);
        enum eng_status status = s.worker->error.status;
        cr_assert(status == ENG_OK || status == ENG_NO_MEMORY, "%s", s.worker->error.text);
        stage_done(&s);
    }
}

Test(worker, the_board_shows_lag_counts_and_commits)
{
    struct stage s;
    stage_init(&s, 2);
    stage_start(&s);
    stage_login(&s, 1, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    s.fake->now_us += 2000000;
    stage_turn(&s, 3);
    eng_worker_show(s.worker, true);
    const struct eng_board *board = &s.worker->board;
    cr_expect_eq(board->partition_count, 2);
    cr_expect_eq(board->worker.commits, 1);
    cr_expect_eq(board->worker.state, ENG_WORKER_RUNNING);
    const struct eng_partition_stats *one = &board->partitions[0];
    one += one->partition != 1;
    cr_expect_eq(one->lag_records, 0);
    cr_expect_eq(one->lag_ms, 0);
    cr_expect_eq(one->next_offset, 1);
    cr_expect_eq(one->partners, 1);
    cr_expect_eq(one->counters.read, 1);
    stage_done(&s);
}
