/* Erasing partners through the worker: what is forgotten, what is written, and that a restart does
 * it again. */
#include "stage.h"
#include "stream/sums.h"

enum { TURNS = 40 };

struct heard {
    enum eng_status status;
    int times;
    char text[4096];
};

static void hear(void *context, enum eng_status status, const char *json, size_t length)
{
    struct heard *heard = context;
    heard->status = status;
    heard->times++;
    (void)snprintf(heard->text, sizeof heard->text, "%.*s", (int)length, json);
}

static enum eng_status ask(struct stage *s, const char *partner, bool erases, struct heard *heard)
{
    struct eng_query *query = eng_query_new(partner, strlen(partner), hear, heard);
    *heard = (struct heard){.times = 0};
    cr_assert_not_null(query);
    query->erases = erases;
    cr_assert(eng_inbox_put(&s->worker->inbox, query));
    stage_turn(s, 1);
    cr_assert_eq(heard->times, 1);
    return heard->status;
}

static enum eng_status erase(struct stage *s, const char *partner)
{
    struct heard heard;
    return ask(s, partner, true, &heard);
}

static bool knows(struct stage *s, const char *partner)
{
    struct heard heard;
    return ask(s, partner, false, &heard) == ENG_OK;
}

/* acme and zeta have acted, and their pages are written when `target` is 1. */
static void begin(struct stage *s, int64_t target)
{
    stage_init(s, 1);
    s->config->recovery.records = target;
    stage_start(s);
    for (int i = 0; i < 4; i++) {
        stage_login(s, 0, "acme", stage_now_ms(s));
        stage_login(s, 0, "zeta", stage_now_ms(s));
        stage_turn(s, 12);
    }
}

/* The committed output number `index` of a topic. */
static const struct fake_output *output_of(const struct stage *s, enum eng_topic topic,
                                           uint32_t index)
{
    for (uint32_t i = 0; i < s->fake->output_count; i++)
        if (s->fake->outputs[i].topic == topic && s->fake->outputs[i].committed && index-- == 0)
            return &s->fake->outputs[i];
    cr_assert_fail("no such output");
    return NULL;
}

static uint32_t count_tombstones(const struct stage *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->fake->output_count; i++)
        count += s->fake->outputs[i].topic == ENG_TOPIC_STATE && s->fake->outputs[i].committed &&
                 s->fake->outputs[i].value == NULL;
    return count;
}

Test(erase, it_is_answered_with_its_position_and_then_the_partner_is_not_known)
{
    struct stage s;
    struct heard heard;
    char want[100];
    begin(&s, 1);
    (void)snprintf(want, sizeof want,
                   "{\"partition\":0,\"offset\":8,\"partner_hash\":\"%016" PRIx64 "\"}",
                   eng_partner_hash((struct eng_slice){"acme", 4}));
    cr_expect_eq(ask(&s, "acme", true, &heard), ENG_OK);
    cr_expect_str_eq(heard.text, want);
    cr_expect(!knows(&s, "acme") && knows(&s, "zeta"));
    cr_expect_eq(erase(&s, "acme"), ENG_NOT_FOUND, "once is enough");
    cr_expect_eq(erase(&s, "nobody"), ENG_NOT_FOUND);
    stage_turn(&s, TURNS);
    cr_expect_eq(fake_count(s.fake, ENG_TOPIC_ERASURES), 1);
    stage_done(&s);
}

Test(erase, G11_page_journal_and_receipt_go_with_one_transaction)
{
    struct stage s;
    begin(&s, 1);
    uint64_t commits = s.worker->stats.commits;
    uint64_t hash = eng_partner_hash((struct eng_slice){"acme", 4});
    cr_assert_eq(erase(&s, "acme"), ENG_OK);
    stage_turn(&s, TURNS);
    cr_expect_eq(s.worker->stats.commits, commits + 1);
    struct fake_output *page = stage_state(&s, 0, "page/acme", NULL);
    cr_assert_not_null(page);
    cr_expect_null(page->value, "the newest record of its page is a tombstone");
    struct eng_journal journal = {0};
    struct fake_output *record = stage_state(&s, 0, "journal/", NULL);
    cr_assert_not_null(record);
    cr_assert_eq(eng_journal_decode(&journal, record->value, record->value_bytes, NULL), ENG_OK);
    cr_assert_eq(journal.count, 1);
    cr_expect_eq(journal.entries[0].kind, ENG_JOURNAL_ERASED);
    cr_expect_eq(journal.entries[0].offset, 8);
    cr_expect_eq((uint64_t)journal.entries[0].time_ms, hash);
    cr_expect_eq(stage_commit(&s).page_count, 1);
    eng_journal_done(&journal);
    stage_done(&s);
}

/* Whoever merges boards is told by the hash alone, in the same transaction; without anything to
 * merge nobody is. */
Test(erase, G11_who_merges_boards_is_told)
{
    for (int boards = 0; boards < 2; boards++) {
        struct stage s;
        char text[1024], want[64];
        struct eng_sums sums = {.partition = 9};
        begin(&s, 1);
        (void)snprintf(text, sizeof text, "%sboards: {top: {of: engagement}}\n", stage_config);
        struct eng_config *config = NULL;
        cr_assert_eq(eng_config_load_text(text, strlen(text), "stage.yaml", &config, NULL), ENG_OK);
        struct eng_model *model = s.config->model;
        if (boards > 0)
            s.config->model = config->model;
        uint64_t hash = eng_partner_hash((struct eng_slice){"acme", 4});
        uint64_t commits = s.worker->stats.commits;
        cr_assert_eq(erase(&s, "acme"), ENG_OK);
        stage_turn(&s, TURNS);
        cr_expect_eq(s.worker->stats.commits, commits + 1);
        cr_expect_eq(fake_count(s.fake, ENG_TOPIC_GROUP_SUMS), (uint32_t)boards);
        if (boards > 0) {
            const struct fake_output *gone = output_of(&s, ENG_TOPIC_GROUP_SUMS, 0);
            cr_assert_eq(eng_sums_read(gone->value, gone->value_bytes, &sums, NULL), ENG_OK);
            (void)snprintf(want, sizeof want, "gone/0/%016" PRIx64 "/%" PRId64, hash,
                           sums.result.at_ms);
            cr_expect_eq(gone->key_bytes, strlen(want));
            cr_expect_eq(memcmp(gone->key, want, strlen(want)), 0);
            cr_expect_eq(sums.result.at_ms, s.fake->partitions[0].end, "the offset where it was");
            cr_expect(sums.kind == ENG_SUMS_GONE && sums.partition == 0 && sums.gone == hash);
        }
        s.config->model = model;
        eng_config_free(config);
        stage_done(&s);
    }
}

Test(erase, the_receipt_names_the_partner_by_its_hash_alone)
{
    struct stage s;
    char key[17], value[200];
    begin(&s, 1);
    cr_assert_eq(erase(&s, "acme"), ENG_OK);
    int64_t at = s.fake->wall_ms;
    stage_turn(&s, TURNS);
    const struct fake_output *receipt = output_of(&s, ENG_TOPIC_ERASURES, 0);
    (void)snprintf(key, sizeof key, "%016" PRIx64, eng_partner_hash((struct eng_slice){"acme", 4}));
    (void)snprintf(value, sizeof value,
                   "{\"program\":\"stage\",\"partner_hash\":\"%s\",\"at\":", key);
    cr_expect(receipt->key_bytes == 16 && memcmp(receipt->key, key, 16) == 0);
    cr_expect(strncmp((char *)receipt->value, value, strlen(value)) == 0);
    long long said = atoll((char *)receipt->value + strlen(value));
    cr_expect(said <= at && said > at - 1000, "%lld, and it was %" PRId64, said, at);
    cr_expect_not_null(strstr((char *)receipt->value, ",\"partition\":0,\"offset\":8}"));
    cr_expect_null(strstr((char *)receipt->value, "acme"));
    cr_expect_str_eq(stage_header(receipt, "ce_type"), "engaged.erasure");
    cr_expect_str_eq(stage_header(receipt, "ce_source"), "/engaged/stage");
    cr_expect_str_eq(stage_header(receipt, "content-type"), "application/json");
    const char *id = stage_header(receipt, "ce_id");
    cr_expect_null(strstr(id, "acme"));
    cr_expect_eq(strstr(id, "stage/erasure/"), id, "%s", id);
    stage_done(&s);
}

/* The score of a newcomer with one login is 1 of 10. */
static void expect_newcomer(struct stage *s, const char *why)
{
    struct heard heard;
    stage_login(s, 0, "acme", stage_now_ms(s));
    stage_turn(s, 12);
    cr_assert_eq(ask(s, "acme", false, &heard), ENG_OK, "%s", why);
    cr_expect_not_null(strstr(heard.text, "\"measure\":\"logins\",\"value\":1,"), "%s: %s", why,
                       heard.text);
}

Test(erase, a_later_event_is_a_newcomers)
{
    struct stage s;
    begin(&s, 1);
    cr_assert_eq(erase(&s, "acme"), ENG_OK);
    expect_newcomer(&s, "in the same transaction");
    stage_turn(&s, TURNS);
    stage_done(&s);
}

/* With pages written at once, never, or not at all: after kill -9 it is forgotten all the same. */
Test(erase, G11_a_restart_repeats_it_at_its_place)
{
    static const struct {
        int64_t target;
        bool checkpoints, newcomer;
        const char *what;
    } rows[] = {{1, true, false, "pages at once"},   {1000, true, false, "no pages"},
                {1, false, false, "all read again"}, {1, true, true, "a page of after it"},
                {1000, true, true, "both read"},     {1, false, true, "all read, both"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage s;
        begin(&s, rows[i].target);
        cr_assert_eq(erase(&s, "acme"), ENG_OK);
        if (rows[i].newcomer)
            expect_newcomer(&s, rows[i].what);
        stage_turn(&s, TURNS);
        stage_kill(&s);
        s.config->recovery.checkpoints = rows[i].checkpoints;
        stage_start(&s);
        stage_turn(&s, TURNS);
        cr_assert_eq(s.worker->error.status, ENG_OK, "%s: %s", rows[i].what, s.worker->error.text);
        cr_expect_eq(knows(&s, "acme"), rows[i].newcomer, "%s", rows[i].what);
        cr_expect(knows(&s, "zeta"), "%s", rows[i].what);
        if (!rows[i].newcomer)
            expect_newcomer(&s, rows[i].what);
        cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_COUNTED], 9, "%s", rows[i].what);
        cr_expect_eq(fake_count(s.fake, ENG_TOPIC_ERASURES), 1, "%s", rows[i].what);
        stage_done(&s);
    }
}

Test(erase, of_one_who_waits_for_a_page_leaves_nothing_to_wait_for)
{
    struct stage s;
    stage_init(&s, 1);
    stage_start(&s);
    stage_login(&s, 0, "acme", stage_now_ms(&s));
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_commit(&s).low.next, 0, "the page is not written yet");
    cr_assert_eq(erase(&s, "acme"), ENG_OK);
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_commit(&s).low.next, 1);
    cr_expect_eq(stage_commit(&s).page_count, 0);
    cr_expect_eq(count_tombstones(&s), 1);
    stage_done(&s);
}

Test(erase, while_a_partition_is_restored_it_has_to_wait)
{
    struct stage s;
    struct heard heard;
    begin(&s, 1);
    stage_kill(&s);
    stage_start(&s);
    cr_expect_eq(ask(&s, "acme", true, &heard), ENG_UNAVAILABLE, "%s", heard.text);
    stage_turn(&s, TURNS);
    cr_expect_eq(erase(&s, "acme"), ENG_OK);
    stage_done(&s);
}

Test(erase, a_worker_that_ends_refuses_rather_than_says_that_nobody_is_known)
{
    struct stage s;
    struct heard heard = {.times = 0};
    begin(&s, 1);
    struct eng_query *query = eng_query_new("acme", 4, hear, &heard);
    query->erases = true;
    cr_assert(eng_inbox_put(&s.worker->inbox, query));
    stage_stop(&s);
    cr_expect_eq(heard.status, ENG_UNAVAILABLE);
    cr_expect_str_eq(heard.text, "stopping");
    stage_done(&s);
}

/* What was noted of large pages decides how many records are taken away. */
Test(erase, every_part_of_a_page_is_taken_away)
{
    struct stage s;
    begin(&s, 1);
    struct eng_task *task = eng_worker_task(s.worker, 0);
    cr_assert_eq(eng_parts_note(&task->parts, eng_partner_hash((struct eng_slice){"acme", 4}), 3),
                 ENG_OK);
    cr_assert_eq(erase(&s, "acme"), ENG_OK);
    stage_turn(&s, TURNS);
    cr_expect_eq(count_tombstones(&s), 3);
    cr_expect_not_null(stage_state(&s, 0, "part/00001/acme", NULL));
    cr_expect_not_null(stage_state(&s, 0, "part/00002/acme", NULL));
    stage_done(&s);
}

Test(erase, the_largest_page_of_a_partner_counts)
{
    struct eng_parts parts = {0};
    for (uint64_t hash = 100; hash > 0; hash--)
        cr_assert_eq(eng_parts_note(&parts, hash * 7, (uint32_t)hash + 1), ENG_OK);
    cr_assert_eq(eng_parts_note(&parts, 7, 9), ENG_OK);
    cr_assert_eq(eng_parts_note(&parts, 7, 5), ENG_OK);
    cr_expect_eq(parts.count, 100);
    cr_expect_eq(eng_parts_of(&parts, 7), 9);
    cr_expect_eq(eng_parts_of(&parts, 700), 101);
    cr_expect_eq(eng_parts_of(&parts, 8), 1, "whoever is not in there has one record");
    eng_parts_done(&parts);
}
