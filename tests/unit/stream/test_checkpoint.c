/* Checkpoints through the worker: what is written, what a restart makes of it, and what it refuses.
 */
#include "base/memory.h"
#include "stage.h"
#include "stream/restore.h"

enum { TURNS = 40, HOUR_MS = 3600000, HISTORY = 400, PARTNERS = 5 };

/* Logins of some partners, ten minutes apart, so that panes leave the window all the time. */
static void put_history(struct stage *s, int from, int to)
{
    char partner[16];
    for (int i = from; i < to; i++) {
        (void)snprintf(partner, sizeof partner, "p%d", i * 7 % PARTNERS);
        stage_login(s, 0, partner, 1767225600000 - (HISTORY - i) * (int64_t)600000);
    }
}

static char told_once[100000], told_in_pieces[100000];

static void tell_in_one_go(void)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    put_history(&s, 0, HISTORY);
    stage_turn(&s, TURNS);
    stage_list_told(&s, told_once, sizeof told_once);
    cr_assert_gt(strlen(told_once), 1000);
    stage_done(&s);
}

/* A restart reads no more than the recovery target again, and tells what was not told yet. */
Test(checkpoint, G5_killed_again_and_again_it_goes_on_from_its_pages)
{
    tell_in_one_go();
    for (int target = 1; target < 60; target += 7) {
        struct stage s;
        stage_init(&s, 1);
        s.config->recovery.records = target;
        for (int at = 0; at < HISTORY; at += 40) {
            stage_start(&s);
            stage_turn(&s, 3);
            for (int from = at; from < at + 40; from += 8) {
                put_history(&s, from, from + 8);
                stage_turn(&s, 12);
            }
            struct eng_commit commit = stage_commit(&s);
            cr_expect_leq(commit.next - commit.low.next, target + 16);
            cr_expect_eq(commit.next, at + 40);
            stage_kill(&s);
        }
        stage_start(&s);
        stage_turn(&s, TURNS);
        cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
        stage_list_told(&s, told_in_pieces, sizeof told_in_pieces);
        cr_expect_str_eq(told_in_pieces, told_once, "with a target of %d records", target);
        cr_expect_eq(stage_counters(&s, 0).read, HISTORY);
        cr_expect_eq(eng_engine_partner_count(eng_worker_task(s.worker, 0)->engine), PARTNERS);
        stage_done(&s);
    }
}

/* Without a reason to hurry a partner is written once, however often it acts. */
Test(checkpoint, who_acts_all_the_time_is_written_once_a_recovery_interval)
{
    struct stage s;
    stage_init(&s, 1);
    s.config->recovery.records = 100;
    stage_start(&s);
    for (int from = 0; from < HISTORY; from += 10) {
        put_history(&s, from, from + 10);
        stage_turn(&s, 12);
    }
    uint32_t pages = stage_state_count(&s, "page/");
    cr_expect(pages >= 2 * PARTNERS && pages <= 4 * PARTNERS, "%u pages", pages);
    stage_done(&s);
}

Test(checkpoint, G12_a_graceful_stop_leaves_nothing_to_read_again)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    put_history(&s, 0, 50);
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_commit(&s).low.next, 0, "no page is due yet");
    stage_stop(&s);
    struct eng_commit commit = stage_commit(&s);
    cr_expect_eq(commit.low.next, 50);
    cr_expect_eq(commit.page_count, PARTNERS);
    s.fake->partitions[0].low = 50; /* retention may have it all */
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).read, 50);
    stage_done(&s);
}

Test(checkpoint, G12_a_partition_that_falls_silent_writes_its_pages_after_the_seconds_of_recovery)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    put_history(&s, 0, 50);
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_state_count(&s, "page/"), 0);
    s.fake->now_us += 601 * (int64_t)1000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_state_count(&s, "page/"), PARTNERS);
    cr_expect_eq(stage_commit(&s).low.next, 50);
    uint32_t commits = stage_state_count(&s, "commit");
    s.fake->now_us += 601 * (int64_t)1000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_state_count(&s, "commit"), commits, "and is quiet then");
    stage_done(&s);
}

Test(checkpoint, G8_journaled_ticks_and_refusals_are_applied_from_low_water_on)
{
    struct stage s;
    stage_init(&s, 1);
    s.config->recovery.records = 3;
    stage_start(&s);
    for (int i = 0; i < 8; i++) {
        stage_login(&s, 0, "acme", stage_now_ms(&s));
        stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS + i); /* refused for ever */
        stage_turn(&s, TURNS);
        s.fake->wall_ms += HOUR_MS / 2;
        s.fake->now_us += 90000000;
        stage_turn(&s, TURNS);
        stage_kill(&s);
        stage_start(&s);
        stage_turn(&s, TURNS);
        cr_assert_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
        cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], (uint64_t)i + 1);
    }
    cr_expect_gt(stage_commit(&s).low.journal, 0);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_DEAD_LETTERS), 8);
    stage_done(&s);
}

/* Records of the journal: how many there are with (false) or without (true) a value, committed. */
static int journal_count(const struct stage *s, bool deleted)
{
    int count = 0;
    for (uint32_t i = 0; i < s->fake->output_count; i++) {
        const struct fake_output *output = &s->fake->outputs[i];
        count += output->topic == ENG_TOPIC_STATE && output->committed &&
                 eng_journal_is_key(output->key, output->key_bytes) &&
                 (output->value == NULL) == deleted;
    }
    return count;
}

/* What compaction leaves of the journal: nothing of what was deleted, nor the deletions. */
static void compact_journal(struct stage *s)
{
    for (uint32_t i = 0; i < s->fake->output_count; i++) {
        const struct fake_output *gone = &s->fake->outputs[i];
        if (!eng_journal_is_key(gone->key, gone->key_bytes) || gone->value != NULL)
            continue;
        for (uint32_t k = 0; k <= i; k++) {
            struct fake_output *output = &s->fake->outputs[k];
            if (k != i && output->key_bytes == gone->key_bytes &&
                memcmp(output->key, gone->key, gone->key_bytes) == 0)
                output->committed = false;
        }
        s->fake->outputs[i].committed = false;
    }
}

/* Eight records of input, each followed by one that is refused, which is what the journal knows;
 * low water is at the end, the first pages having been written long ago. */
static void leave_journal(struct stage *s)
{
    stage_init(s, 1);
    s->config->recovery.records = 1;
    stage_start(s);
    for (int i = 0; i < 8; i++) {
        stage_login(s, 0, "acme", stage_now_ms(s));
        stage_login(s, 0, "acme", stage_now_ms(s) + HOUR_MS + i);
        stage_turn(s, TURNS);
    }
    cr_assert_eq(journal_count(s, false), 8);
    cr_assert_geq(stage_commit(s).low.journal, 6);
    cr_assert_eq(journal_count(s, true), 0, "the input is there from its beginning on");
}

/* The input begins at an offset from now on, which the worker hears, and then commits something. */
static void retain_input(struct stage *s, int64_t low)
{
    s->fake->partitions[0].low = low;
    s->fake->now_us += 2000000;
    stage_turn(s, TURNS);
    stage_login(s, 0, "acme", stage_now_ms(s));
    stage_turn(s, TURNS);
}

Test(checkpoint, G15_the_journal_goes_with_the_input_that_it_is_about)
{
    struct stage s;
    leave_journal(&s);
    retain_input(&s, 7); /* the fourth refused record is number 7 */
    cr_expect_eq(journal_count(&s, true), 3);
    retain_input(&s, 8);
    cr_expect_eq(journal_count(&s, true), 4);
    compact_journal(&s);
    cr_expect_eq(journal_count(&s, false), 4);
    stage_kill(&s);
    stage_start(&s);
    retain_input(&s, 10);
    cr_assert_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(journal_count(&s, true), 1, "it knows what there is");
    compact_journal(&s);
    stage_kill(&s);
    s.fake->wall_ms += 2 * HOUR_MS; /* what was refused would be taken now */
    s.fake->partitions[0].committed.meta[0] = '\0';
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_assert_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], 8, "and state made anew too");
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], 11);
    stage_done(&s);
}

/* Retention may take more than it should: that is said at the next start, and with all that there
 * is. */
Test(checkpoint, G8_the_journal_behind_low_water_stays_whatever_becomes_of_the_input)
{
    struct stage s;
    stage_init(&s, 1);
    s.config->recovery.records = 1000;
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_login(&s, 0, "acme", stage_now_ms(&s) + HOUR_MS);
    stage_turn(&s, TURNS);
    cr_assert_eq(stage_commit(&s).low.journal, 0);
    retain_input(&s, 2);
    cr_expect_eq(journal_count(&s, false), 1);
    cr_expect_eq(journal_count(&s, true), 0);
    stage_done(&s);
}

/* ---- What is refused. ---- */

/* A worker with nine records behind it, of which the last four are not in its pages, is killed. */
static void leave_state(struct stage *s)
{
    stage_init(s, 1);
    s->config->recovery.records = 5;
    stage_start(s);
    put_history(s, 380, 385);
    stage_turn(s, TURNS);
    s->fake->now_us += 601 * (int64_t)1000000;
    stage_turn(s, TURNS);
    put_history(s, 385, 389);
    stage_turn(s, TURNS);
    cr_assert_gt(stage_state_count(s, "page/"), 0);
    cr_assert_eq(stage_commit(s).low.next, 5);
    stage_kill(s);
}

static void expect_refusal(struct stage *s, enum eng_status status, const char *word)
{
    uint32_t told = fake_count(s->fake, ENG_TOPIC_SCORE_CHANGES);
    stage_start(s);
    stage_turn(s, TURNS);
    cr_expect_eq(s->worker->error.status, status);
    cr_expect(strstr(s->worker->error.text, word) != NULL, "%s", s->worker->error.text);
    cr_expect_eq(fake_count(s->fake, ENG_TOPIC_SCORE_CHANGES), told);
    stage_done(s);
}

Test(checkpoint, G5_a_journal_of_which_too_much_is_gone_is_refused)
{
    struct stage s;
    leave_journal(&s);
    uint8_t gone[ENG_JOURNAL_GONE_BYTES];
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    stage_kill(&s);
    eng_journal_gone_encode(100, gone);
    struct fake_output *first = &s.fake->outputs[0]; /* stands where the reading begins */
    eng_free(first->key);
    eng_free(first->value);
    *first = (struct fake_output){.topic = ENG_TOPIC_STATE,
                                  .key = eng_calloc(1, ENG_JOURNAL_GONE_KEY_BYTES),
                                  .key_bytes = ENG_JOURNAL_GONE_KEY_BYTES,
                                  .value = eng_calloc(1, sizeof gone),
                                  .value_bytes = sizeof gone,
                                  .committed = true};
    memcpy(first->key, eng_journal_gone_key, ENG_JOURNAL_GONE_KEY_BYTES);
    memcpy(first->value, gone, sizeof gone);
    expect_refusal(&s, ENG_CORRUPT, "was deleted up to entry 100");
}

Test(checkpoint, G5_input_that_retention_has_taken_is_named)
{
    struct stage s;
    leave_state(&s);
    s.fake->partitions[0].low = stage_commit(&s).low.next + 1;
    expect_refusal(&s, ENG_CORRUPT, "retention");
}

Test(checkpoint, a_state_topic_without_the_named_commit_record_is_refused)
{
    struct stage s;
    leave_state(&s);
    stage_state(&s, 0, "commit", NULL)->committed = false;
    expect_refusal(&s, ENG_CORRUPT, "names commit record");
}

/* The new owner of a partition commits while an old one, who has not heard, reads: the state topic
 * goes beyond the offset that was asked for before it was read. */
static void commit_meanwhile(struct fake_port *fake, char call)
{
    struct stage *s = fake->context;
    struct eng_commit commit;
    if (call != 'r')
        return;
    fake->before = NULL;
    commit = stage_commit(s);
    stage_state(s, 0, "commit", NULL)->committed = false; /* compacted */
    commit.sequence++;
    stage_foreign_commit(s, &commit);
}

Test(checkpoint, state_of_after_the_offset_that_was_asked_for_is_asked_for_again)
{
    struct stage s;
    leave_state(&s);
    s.fake->context = &s;
    s.fake->before = commit_meanwhile;
    stage_start(&s);
    stage_turn(&s, 3 * TURNS);
    cr_expect_null(s.fake->before);
    cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    s.fake->now_us += 2000000;
    stage_turn(&s, TURNS);
    cr_expect_eq(eng_worker_task(s.worker, 0)->state, ENG_TASK_LIVE);
    cr_expect_eq(stage_counters(&s, 0).read, 9);
    stage_done(&s);
}

Test(checkpoint, G5_a_state_topic_that_has_lost_a_page_is_refused)
{
    struct stage s;
    leave_state(&s);
    stage_state(&s, 0, "page/", NULL)->committed = false;
    expect_refusal(&s, ENG_CORRUPT, "has lost records");
}

Test(checkpoint, G5_a_torn_transaction_is_refused_by_name)
{
    struct stage s;
    leave_state(&s);
    stage_state(&s, 0, "commit", NULL)->committed = false; /* its offset stays */
    expect_refusal(&s, ENG_CORRUPT, "torn");
}

Test(checkpoint, a_broken_page_is_refused)
{
    struct stage s;
    leave_state(&s);
    stage_state(&s, 0, "page/", NULL)->value[60] ^= 1;
    expect_refusal(&s, ENG_CORRUPT, "wrong checksum");
}

Test(checkpoint, records_that_have_gone_from_the_input_are_noticed)
{
    struct stage s;
    leave_state(&s);
    struct eng_commit commit = stage_commit(&s);
    commit.sequence++;
    commit.counters.read++;
    commit.counters.outcome[ENG_OUTCOME_COUNTED]++;
    stage_foreign_commit(&s, &commit);
    expect_refusal(&s, ENG_CORRUPT, "the input has changed");
}

Test(checkpoint, another_clock_than_the_committed_one_is_noticed)
{
    struct stage s;
    leave_state(&s);
    struct eng_commit commit = stage_commit(&s);
    commit.sequence++;
    commit.clock_ms++;
    stage_foreign_commit(&s, &commit);
    expect_refusal(&s, ENG_CORRUPT, "clock");
}

/* ---- Another model. ---- */

static void change_model(struct stage *s, const char *from, const char *to)
{
    char text[sizeof stage_config + 64];
    const char *at = strstr(stage_config, from);
    struct eng_error err = {0};
    cr_assert_not_null(at);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - stage_config), stage_config, to,
                   at + strlen(from));
    eng_config_free(s->config);
    cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &s->config, &err), ENG_OK,
                 "%s", err.text);
}

Test(checkpoint, another_model_of_the_same_version_is_refused)
{
    struct stage s;
    leave_state(&s);
    change_model(&s, "target: 10", "target: 20");
    expect_refusal(&s, ENG_BAD_CONFIG, "raise `version`");
}

Test(checkpoint, state_that_is_made_anew_keeps_its_counts_and_its_journal)
{
    struct stage s;
    leave_state(&s);
    stage_start(&s);
    stage_login(&s, 0, "p1", stage_now_ms(&s) + HOUR_MS); /* refused for ever */
    stage_turn(&s, TURNS);
    uint32_t told = fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES);
    stage_kill(&s);
    s.fake->wall_ms += 2 * HOUR_MS;
    s.fake->partitions[0].committed.meta[0] = '\0';
    s.fake->partitions[0].low = 2;
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_assert_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_SCORE_CHANGES), told, "nothing is told on the way");
    cr_expect_eq(stage_counters(&s, 0).read, 10);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], 1);
    cr_expect_eq(eng_worker_task(s.worker, 0)->life, 2);
    cr_expect_lt(eng_engine_clock_ms(eng_worker_task(s.worker, 0)->engine),
                 stage_now_ms(&s) - HOUR_MS);
    stage_done(&s);
}

/* ---- Large pages. ---- */

enum { IDS = 200000 };

/* An engine with one partner of whom many ids are remembered. */
static struct eng_engine *crowded_engine(const struct eng_model *model)
{
    struct eng_engine_options options = {.track_changes = true};
    struct eng_engine *engine;
    cr_assert_eq(eng_engine_new(model, &options, &engine, NULL), ENG_OK);
    for (int i = 0; i < IDS; i++) {
        char id[16];
        int length = snprintf(id, sizeof id, "id-%d", i);
        struct eng_event event = {.time_ms = 1767225600000,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .offset = (uint64_t)i,
                                  .partner = {"acme", 4},
                                  .action = {"login", 5},
                                  .id = {id, (uint32_t)length}};
        struct eng_batch batch = {.events = &event, .count = 1};
        cr_assert_eq(eng_engine_apply(engine, &batch, NULL, NULL), ENG_OK);
    }
    return engine;
}

Test(checkpoint, a_page_larger_than_a_record_has_parts)
{
    struct stage s;
    struct eng_sink sink;
    struct eng_txn txn;
    stage_init(&s, 1);
    struct eng_engine *engine = crowded_engine(s.config->model);
    eng_sink_init(&sink, &s.fake->port, s.config->model, "in", "T");
    eng_txn_init(&txn);
    struct eng_parts large = {0};
    struct eng_page_run run = {engine, &sink,
                               &txn,   0,
                               &large, {.model_version = 1, .life = 1, .sequence = 1, .next = IDS}};
    struct eng_commit commit = {.sequence = 1, .life = 1, .next = IDS, .model_version = 1};
    commit.clock_ms = commit.low.clock_ms = 1767225600000;
    commit.fingerprint = eng_model_fingerprint(s.config->model);
    commit.low.next = IDS;
    commit.low.model_version = 1;
    commit.counters.read = commit.low.read = IDS;
    commit.counters.outcome[ENG_OUTCOME_COUNTED] = IDS;
    cr_assert_eq(eng_sink_page(&run), ENG_OK);
    commit.page_count = eng_engine_page_sum(engine).count;
    commit.page_sum = eng_engine_page_sum(engine).sum;
    struct eng_txn_place place = {0};
    struct eng_port_header headers[ENG_TXN_HEADERS_MAX];
    struct eng_port_output output;
    uint32_t parts = 0;
    for (; eng_txn_next(&txn, &place, headers, &output); parts++) {
        struct fake_output *to = &s.fake->outputs[s.fake->output_count++];
        *to =
            (struct fake_output){.topic = ENG_TOPIC_STATE,
                                 .key = (uint8_t *)eng_strndup(output.key, output.key_bytes),
                                 .key_bytes = output.key_bytes,
                                 .value = (uint8_t *)eng_strndup(output.value, output.value_bytes),
                                 .value_bytes = output.value_bytes,
                                 .committed = true};
    }
    cr_assert_gt(parts, 2);
    stage_foreign_commit(&s, &commit);
    s.fake->partitions[0].low = s.fake->partitions[0].end = IDS;
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_assert_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], IDS);
    char id[] = "id-77";
    struct eng_event event = {.time_ms = 1767225600000,
                              .value_e4 = ENG_VALUE_NONE,
                              .partner = {"acme", 4},
                              .action = {"login", 5},
                              .id = {id, 5}};
    uint8_t outcome = 0;
    struct eng_batch batch = {.events = &event, .outcomes = &outcome, .count = 1};
    struct eng_task *task = eng_worker_task(s.worker, 0);
    cr_assert_eq(eng_engine_apply(task->engine, &batch, NULL, NULL), ENG_OK);
    cr_expect_eq(outcome, ENG_OUTCOME_DUPLICATE);
    cr_expect_eq(eng_parts_of(&task->parts, eng_partner_hash(event.partner)), parts);
    eng_engine_free(engine);
    cr_expect_eq(large.count, 1, "whoever has several parts is noted");
    eng_parts_done(&large);
    eng_sink_done(&sink);
    eng_txn_done(&txn);
    s.fake->partitions[0].low = s.fake->partitions[0].end = 0;
    stage_kill(&s);
    eng_config_free(s.config);
    fake_really_free(s.fake);
}
