/* Inputs that take longer than a transaction may last: commits in their middle, and what may not
 * happen there. Small limits take the place of millions of partners. */
#include "stage.h"

enum { TURNS = 120, PARTNERS = 6, HOUR_MS = 3600000, TEXT = 8192 };

struct heard {
    enum eng_status status;
    int times;
};

static void hear(void *context, enum eng_status status, const char *json, size_t length)
{
    struct heard *heard = context;
    (void)json, (void)length;
    heard->status = status;
    heard->times++;
}

static void name_of(int i, char name[8])
{
    (void)snprintf(name, 8, "p%d", i);
}

/* Everybody has logged in, so that at one boundary, four hours later, all have something to lose.
 */
static void begin(struct stage *s, bool small)
{
    char name[8];
    stage_init(s, 1);
    if (small)
        s->limits = (struct eng_feed_limits){
            .step_evaluations = 1, .slice_us = -1, .txn_records = 1, .txn_bytes = 1};
    s->config->recovery.records = small ? 1 : 1000;
    stage_start(s);
    for (int i = 0; i < PARTNERS; i++) {
        name_of(i, name);
        stage_login(s, 0, name, stage_now_ms(s) - 20 * (int64_t)HOUR_MS);
    }
    stage_turn(s, TURNS);
    cr_assert_eq(fake_count(s->fake, ENG_TOPIC_SCORE_CHANGES), PARTNERS);
}

/* One event moves the clock past that boundary; the next record is of tomorrow, and is refused. */
static void put_event(struct stage *s)
{
    stage_login(s, 0, "p0", stage_now_ms(s));
    stage_login(s, 0, "p1", stage_now_ms(s) + 24 * (int64_t)HOUR_MS);
    stage_login(s, 0, "p2", stage_now_ms(s));
}

static void until_half_done(struct stage *s, enum eng_half_kind kind, uint32_t told)
{
    for (int i = 0; i < TURNS; i++) {
        stage_turn(s, 1);
        if (fake_count(s->fake, ENG_TOPIC_SCORE_CHANGES) >= told &&
            stage_commit(s).half.kind == kind)
            return;
    }
    cr_assert_fail("no commit in the middle");
}

/* What is told without interruption and with usual limits. */
static void want_told(bool tick, char text[TEXT])
{
    struct stage s;
    begin(&s, false);
    if (!tick)
        put_event(&s);
    else
        for (int i = 0; i < 70; i++, s.fake->now_us += 1000000)
            stage_turn(&s, 2);
    stage_turn(&s, TURNS);
    stage_list_told(&s, text, TEXT);
    stage_done(&s);
}

Test(half, a_commit_in_the_middle_of_a_boundary_names_the_next_partner)
{
    struct stage s;
    char text[TEXT], want[TEXT];
    begin(&s, true);
    s.config->recovery.seconds = 1;
    s.fake->now_us += 5000000; /* so all pages are written */
    int64_t now_ms = stage_now_ms(&s);
    put_event(&s);
    until_half_done(&s, ENG_HALF_EVENT, PARTNERS + 2);
    struct eng_commit commit = stage_commit(&s);
    cr_expect_eq(commit.next, PARTNERS, "the event is not counted yet");
    cr_expect_eq(commit.journal, 0, "and nothing is decided of those behind it");
    cr_expect_eq(commit.counters.read, PARTNERS);
    cr_expect_gt(commit.half.boundary_ms, commit.half.before_ms);
    cr_expect_eq(commit.half.target_ms, now_ms);
    cr_expect_gt(commit.half.partner_bytes, 0);
    cr_expect_eq(commit.low.clock_ms, commit.half.before_ms, "low water lies before it");
    stage_turn(&s, TURNS);
    stage_list_told(&s, text, sizeof text);
    want_told(false, want);
    cr_expect_str_eq(text, want);
    cr_expect_eq(stage_commit(&s).half.kind, ENG_HALF_NONE);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], 1);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_DEAD_LETTERS), 1);
    stage_done(&s);
}

Test(half, G9_a_kill_after_each_commit_in_the_middle_changes_nothing)
{
    char text[TEXT], want[TEXT];
    want_told(false, want);
    for (uint32_t told = PARTNERS + 1; told < 2 * PARTNERS; told++) {
        struct stage s;
        begin(&s, true);
        put_event(&s);
        until_half_done(&s, ENG_HALF_EVENT, told);
        stage_kill(&s);
        stage_start(&s);
        stage_turn(&s, TURNS);
        cr_expect_eq(s.worker->error.status, ENG_OK, "%s", s.worker->error.text);
        stage_list_told(&s, text, sizeof text);
        cr_expect_str_eq(text, want, "killed with %u told", told);
        stage_done(&s);
    }
}

/* Another owner's clock may be behind: the event would be of the future for it. */
Test(half, an_event_whose_boundaries_are_worked_off_is_not_judged_again)
{
    struct stage s;
    begin(&s, true);
    put_event(&s);
    until_half_done(&s, ENG_HALF_EVENT, PARTNERS + 1);
    stage_kill(&s);
    s.fake->wall_ms -= 5 * (int64_t)HOUR_MS;
    stage_start(&s);
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], PARTNERS + 1);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_FUTURE], 2, "the others are");
    stage_done(&s);
}

Test(half, G9_a_tick_may_be_half_done_and_is_journaled_once)
{
    struct stage s;
    char text[TEXT], want[TEXT];
    want_told(true, want);
    begin(&s, true);
    for (int i = 0; i < 70 && stage_commit(&s).half.kind == ENG_HALF_NONE; i++) {
        s.fake->now_us += 1000000;
        stage_turn(&s, 2);
    }
    cr_assert_eq(stage_commit(&s).half.kind, ENG_HALF_TICK);
    cr_expect_eq(stage_commit(&s).journal, 1);
    cr_expect_eq(stage_commit(&s).low.journal, 0);
    stage_kill(&s);
    stage_start(&s);
    stage_turn(&s, TURNS);
    stage_list_told(&s, text, sizeof text);
    cr_expect_str_eq(text, want);
    cr_expect_eq(stage_commit(&s).journal, 1);
    stage_done(&s);
}

/* Erased in the middle it would have been told of a boundary that comes after the erasure. */
Test(half, nobody_is_erased_in_the_middle_and_everybody_can_be_seen)
{
    struct stage s;
    struct heard erased = {0}, seen = {0};
    begin(&s, true);
    put_event(&s);
    until_half_done(&s, ENG_HALF_EVENT, PARTNERS + 1);
    struct eng_query *query = eng_query_new("p0", 2, hear, &erased);
    query->erases = true;
    cr_assert(eng_inbox_put(&s.worker->inbox, query));
    cr_assert(eng_inbox_put(&s.worker->inbox, eng_query_new("p1", 2, hear, &seen)));
    stage_turn(&s, 1);
    cr_expect(erased.times == 1 && erased.status == ENG_UNAVAILABLE);
    cr_expect(seen.times == 1 && seen.status == ENG_OK);
    stage_turn(&s, TURNS);
    cr_assert(eng_inbox_put(&s.worker->inbox, query = eng_query_new("p0", 2, hear, &erased)));
    query->erases = true;
    stage_turn(&s, 1);
    cr_expect(erased.times == 2 && erased.status == ENG_OK);
    stage_done(&s);
}

/* A revoke in the middle leaves with the cursor: whoever comes goes on there. */
Test(half, a_partition_is_given_up_in_the_middle)
{
    struct stage s;
    char text[TEXT], want[TEXT];
    want_told(false, want);
    begin(&s, true);
    put_event(&s);
    until_half_done(&s, ENG_HALF_EVENT, PARTNERS + 1);
    stage_stop(&s);
    cr_expect_eq(stage_commit(&s).half.kind, ENG_HALF_EVENT);
    cr_expect_geq(stage_state_count(&s, "page/"), PARTNERS, "those who wait have their pages");
    s.limits = (struct eng_feed_limits){0};
    stage_start(&s);
    stage_turn(&s, TURNS);
    stage_list_told(&s, text, sizeof text);
    cr_expect_str_eq(text, want);
    stage_done(&s);
}

Test(half, a_topic_that_was_made_anew_is_found_at_a_restart)
{
    struct stage s;
    struct eng_error err = {0};
    begin(&s, false);
    cr_expect_str_eq(stage_commit(&s).input_id, "T");
    stage_stop(&s);
    for (int topic = 0; topic < ENG_TOPIC_COUNT; topic++)
        strcpy(s.fake->topics[topic].id, "U");
    stage_start(&s);
    stage_turn(&s, TURNS);
    err = s.worker->error;
    cr_expect_eq(err.status, ENG_TOPIC);
    cr_expect(strstr(err.text, "its id is U, the state is of T") != NULL, "%s", err.text);
    cr_expect(strstr(err.text, "another kafka.group and state topic") != NULL, "%s", err.text);
    stage_done(&s);
}
