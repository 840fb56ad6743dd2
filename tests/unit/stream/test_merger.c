/* The merger over the log in memory: when it tells, what a transaction of its holds, and that
 * results are told once whatever becomes of its commits and its place. Partition 0 of the log is
 * the topic of sums. */
#include "stage.h"
#include "stream/merger_inside.h"
#include "stream/meta.h"

struct scene {
    struct eng_courier_host host; /* with `slow`: commits are done when somebody waits for them */
    struct stage stage;
    struct eng_merger *merger;
    uint64_t writer;
    bool slow;
    struct eng_courier *waits;
};

static void submitted(struct eng_courier_host *host, struct eng_courier *courier)
{
    struct scene *s = (struct scene *)(void *)host; /* its first member */
    s->waits = courier;
}

static void wait_for_it(struct eng_courier_host *host, struct eng_courier *courier,
                        int64_t timeout_ms)
{
    struct scene *s = (struct scene *)(void *)host; /* its first member */
    (void)timeout_ms;
    if (s->waits == courier)
        eng_courier_run(courier);
    s->waits = NULL;
}

static void put(struct scene *s, const char *key, const void *value, size_t bytes)
{
    struct fake_partition *to = &s->stage.fake->partitions[0];
    struct fake_record *record = &to->records[to->end++];
    *record = (struct fake_record){.has_key = true, .has_value = value != NULL};
    cr_assert_lt(bytes, sizeof record->value);
    (void)snprintf(record->key, sizeof record->key, "%s", key);
    record->value_bytes = (uint32_t)bytes;
    if (value != NULL)
        memcpy(record->value, value, bytes);
    to->told_end = false;
}

/* A partition of the program's input tells a moment. */
static void tell(struct scene *s, uint32_t partition, int64_t at_ms, int64_t partners)
{
    struct eng_sums sums = {.partition = partition};
    struct eng_bytes bytes = {0};
    char key[ENG_SUMS_KEY_BYTES + 1] = "";
    sums.result = (struct eng_group_result){.program = {"p", 1},
                                            .group = {"g", 1},
                                            .at_ms = at_ms,
                                            .model_version = 1,
                                            .partitions = 1,
                                            .partners = partners};
    cr_assert_eq(eng_sums_write(&sums, &bytes), ENG_OK);
    key[eng_sums_key(&sums, key)] = '\0';
    put(s, key, bytes.data, bytes.used);
    eng_bytes_done(&bytes);
}

static void start(struct scene *s)
{
    struct eng_error err = {0};
    struct eng_merger_options options = {.config = s->stage.config,
                                         .port = &s->stage.fake->port,
                                         .writer = ++s->writer,
                                         .gate = &s->stage.gate};
    s->host = (struct eng_courier_host){submitted, wait_for_it};
    if (s->slow)
        options.way.host = &s->host;
    atomic_store(&s->stage.gate, 1);
    cr_assert_eq(eng_merger_new(&options, &s->merger, &err), ENG_OK, "%s", err.text);
    cr_assert(eng_merger_begin(s->merger));
    s->stage.fake->rebalance = 'a';
    s->stage.fake->moved[0] = 0;
    s->stage.fake->moved_count = 1;
}

/* Nothing has been given out, and the group knows that. */
static void begin_as(struct scene *s, bool slow)
{
    const struct eng_merge_meta none = {.given_ms = -1};
    *s = (struct scene){.slow = slow};
    stage_init(&s->stage, 1);
    s->stage.fake->topics[ENG_TOPIC_INPUT].partition_count = 2; /* of the program's input */
    s->stage.fake->partitions[0].committed.next = 0;
    eng_merge_meta_write(&none, s->stage.fake->partitions[0].committed.meta);
    start(s);
}

static void begin(struct scene *s)
{
    begin_as(s, false);
}

static void turn(struct scene *s, int turns)
{
    while (turns-- > 0)
        cr_assert(eng_merger_turn(s->merger));
}

static void stop(struct scene *s)
{
    eng_merger_end(s->merger);
    eng_merger_free(s->merger);
    s->merger = NULL;
}

/* As by kill -9, with what is open left open. */
static void kill_merger(struct scene *s)
{
    eng_merger_free(s->merger);
    s->stage.fake->producer = false;
    s->stage.fake->partitions[0].fetch_at = -1;
}

static void end(struct scene *s)
{
    if (s->merger != NULL)
        stop(s);
    stage_done(&s->stage);
}

/* What has been committed: moments of results, and keys of tombstones. */
static const char *told(struct scene *s)
{
    static char text[1024];
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < s->stage.fake->output_count; i++) {
        const struct fake_output *output = &s->stage.fake->outputs[i];
        if (!output->committed)
            continue;
        cr_assert_eq(output->partition, 0);
        if (output->topic == ENG_TOPIC_GROUPS)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s ",
                                     stage_header(output, "ce_id"));
        else
            used += (size_t)snprintf(text + used, sizeof text - used, "-%.*s ",
                                     (int)output->key_bytes, (const char *)output->key);
        cr_assert(output->topic == ENG_TOPIC_GROUPS ||
                  (output->topic == ENG_TOPIC_GROUP_SUMS && output->value == NULL));
    }
    return text;
}

static struct eng_merge_meta committed(struct scene *s, int64_t *ret_next)
{
    struct eng_merge_meta meta = {0};
    struct eng_error err = {0};
    const struct eng_port_offset *offset = &s->stage.fake->partitions[0].committed;
    cr_assert_eq(eng_merge_meta_read(offset->meta, &meta, &err), ENG_OK, "%s", err.text);
    *ret_next = offset->next;
    return meta;
}

#define FIRST "p//g/summed/b10/m1 -sums/10/0/1/0/0/0 -sums/10/1/1/0/0/0 "
#define SECOND "p//g/summed/b20/m1 -sums/20/0/1/0/0/0 -sums/20/1/1/0/0/0 "

Test(merger, results_tombstones_and_offset_are_one_transaction)
{
    struct scene s;
    int64_t next;
    begin(&s);
    tell(&s, 0, 10, 3);
    turn(&s, 3);
    cr_expect_str_eq(told(&s), "");
    tell(&s, 0, 20, 4);
    tell(&s, 1, 10, 5);
    turn(&s, 3);
    cr_expect_str_eq(told(&s), "p//g/summed/b10/m1 -sums/10/0/1/0/0/0 -sums/10/1/1/0/0/0 ");
    struct eng_merge_meta meta = committed(&s, &next);
    cr_expect_eq(meta.given_ms, 10);
    cr_expect_eq(next, 1, "what was told of 20 is read again");
    tell(&s, 1, 20, 5);
    turn(&s, 3);
    (void)committed(&s, &next);
    cr_expect_eq(next, 4);
    struct eng_merger_stats stats;
    eng_merger_show(s.merger, &stats);
    cr_expect(stats.there && stats.owner);
    cr_expect_eq(stats.results, 2);
    cr_expect_eq(stats.given_ms, 20);
    cr_expect_eq(stats.open_at_ms, -1);
    end(&s);
}

Test(merger, nothing_is_told_before_the_end_has_been_read)
{
    struct scene s;
    begin(&s);
    for (int i = 0; i < 300; i++) { /* more than a batch, of which the last are tombstones */
        tell(&s, 0, 10 + i, 1);
        tell(&s, 1, 10 + i, 1);
    }
    for (int i = 0; i < 299; i++)
        for (int partition = 0; partition < 2; partition++) {
            char key[ENG_SUMS_KEY_BYTES];
            (void)snprintf(key, sizeof key, "sums/%d/%d/1/0/0/0", 10 + i, partition);
            put(&s, key, NULL, 0);
        }
    turn(&s, 6);
    cr_expect_str_eq(told(&s), "p//g/summed/b309/m1 -sums/309/0/1/0/0/0 -sums/309/1/1/0/0/0 ");
    end(&s);
}

/* After each of these the results are told once, by the same or by the next one. */
Test(merger, G16_results_are_told_once_whatever_becomes_of_a_commit)
{
    static const struct fake_fault faults[] = {
        {'o', 0, 2, ENG_UNAVAILABLE, false}, {'b', 0, 1, ENG_FATAL, false},
        {'p', 1, 1, ENG_TXN_ABORT, false},   {'f', 0, 1, ENG_TIMED_OUT, false},
        {'s', 0, 1, ENG_TXN_ABORT, false},   {'c', 0, 1, ENG_TXN_ABORT, false},
        {'c', 0, 1, ENG_FATAL, false},       {'c', 0, 1, ENG_FATAL, true},
        {'m', 0, 1, ENG_UNAVAILABLE, false}, {'e', 0, 3, ENG_TIMED_OUT, false},
        {'g', 0, 1, ENG_UNAVAILABLE, false}, {'g', 1, 1, ENG_UNAVAILABLE, false},
        {'s', 0, 1, ENG_LOST, false},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct scene s;
        begin(&s);
        fake_fault(s.stage.fake, faults[i]);
        tell(&s, 0, 10, 3);
        tell(&s, 1, 10, 5);
        turn(&s, 40);
        cr_expect_str_eq(told(&s), FIRST, "fault %zu", i);
        tell(&s, 0, 20, 3);
        tell(&s, 1, 20, 5);
        turn(&s, 10);
        cr_expect_str_eq(told(&s), FIRST SECOND, "fault %zu", i);
        end(&s);
    }
}

Test(merger, G16_a_successor_goes_on_where_the_one_before_was)
{
    for (int turns = 0; turns < 8; turns++) {
        struct scene s;
        begin(&s);
        tell(&s, 0, 10, 3);
        tell(&s, 1, 10, 5);
        tell(&s, 0, 20, 3);
        turn(&s, turns);
        kill_merger(&s);
        start(&s);
        turn(&s, 5);
        tell(&s, 1, 20, 3);
        turn(&s, 5);
        cr_expect_str_eq(told(&s), FIRST SECOND, "killed after %d turns", turns);
        end(&s);
    }
}

/* "No offset" may be what a coordinator says that has not read it yet: it is asked again for 15 s
 * where there are sums. */
Test(merger, no_offset_beside_sums_is_no_beginning_unless_it_stays_so)
{
    for (int known = 0; known < 2; known++) {
        struct scene s;
        begin(&s);
        struct eng_port_offset *offset = &s.stage.fake->partitions[0].committed, there = *offset;
        there.next = 1; /* what is before was given out */
        *offset = (struct eng_port_offset){.next = -1};
        tell(&s, 0, 10, 3);
        tell(&s, 0, 10, 3);
        tell(&s, 1, 10, 5);
        int64_t began_us = s.stage.fake->now_us;
        for (int i = 0; i < 1000 && s.merger->place == NOWHERE; i++) {
            if (known && s.stage.fake->now_us - began_us > 10000000)
                *offset = there;
            turn(&s, 1);
        }
        int64_t took_us = s.stage.fake->now_us - began_us;
        cr_expect(took_us > 10000000 && took_us < 18000000, "%d ms", (int)(took_us / 1000));
        cr_expect_eq(s.merger->from.next, known ? 1 : -1);
        turn(&s, 3);
        cr_expect_str_eq(told(&s), FIRST);
        *offset =
            (struct eng_port_offset){.next = -1}; /* another one takes over, and knows nothing */
        s.stage.fake->failure = ENG_NOT_FOUND;
        began_us = s.stage.fake->now_us;
        turn(&s, 1);
        for (int i = 0; i < 1000 && s.merger->place == NOWHERE; i++)
            turn(&s, 1);
        cr_expect_gt(s.stage.fake->now_us - began_us, 10000000, "it was believed at once");
        end(&s);
    }
}

Test(merger, a_topic_without_sums_is_not_waited_for)
{
    struct scene s;
    begin(&s);
    s.stage.fake->partitions[0].committed = (struct eng_port_offset){.next = -1};
    turn(&s, 3);
    cr_expect_eq(s.merger->place, GIVING);
    end(&s);
}

/* Somebody else has committed in its place: what it knows is worth nothing, and it asks again. */
Test(merger, G16_one_that_was_replaced_tells_nothing_of_its_own)
{
    struct scene s;
    begin(&s);
    turn(&s, 3);
    const struct eng_merge_meta other = {.sequence = 7, .writer = 99, .given_ms = 10};
    struct eng_port_offset *offset = &s.stage.fake->partitions[0].committed;
    fake_fault(s.stage.fake, (struct fake_fault){'s', 0, 1, ENG_LOST, false});
    offset->next = 2;
    eng_merge_meta_write(&other, offset->meta);
    tell(&s, 0, 10, 3);
    tell(&s, 1, 10, 5);
    turn(&s, 10);
    cr_expect_str_eq(told(&s), "", "that was told by the other one");
    tell(&s, 0, 20, 3);
    tell(&s, 1, 20, 5);
    turn(&s, 10);
    cr_expect_str_eq(told(&s), SECOND);
    end(&s);
}

Test(merger, one_whose_partition_goes_forgets_all)
{
    for (int lost = 0; lost < 2; lost++) {
        struct scene s;
        struct eng_merger_stats stats;
        begin(&s);
        tell(&s, 0, 10, 3);
        turn(&s, 3);
        s.stage.fake->rebalance = lost ? 'l' : 'r';
        turn(&s, 1);
        eng_merger_show(s.merger, &stats);
        cr_expect_not(stats.owner);
        tell(&s, 1, 10, 3);
        turn(&s, 3);
        cr_expect_str_eq(told(&s), "");
        s.stage.fake->rebalance = 'a';
        turn(&s, 5);
        cr_expect_str_eq(told(&s), FIRST);
        end(&s);
    }
}

/* A commit takes its time: polling goes on, others come and go, and what is read is for the next
 * one. */
Test(merger, it_goes_on_while_a_commit_is_under_way)
{
    struct scene s;
    begin_as(&s, true);
    tell(&s, 0, 10, 3);
    tell(&s, 1, 10, 5);
    turn(&s, 3);
    cr_assert_not_null(s.waits);
    s.stage.fake->rebalance = 'a'; /* of which it gets nothing */
    s.stage.fake->moved_count = 0;
    tell(&s, 0, 20, 3);
    tell(&s, 1, 20, 5);
    turn(&s, 3);
    cr_expect_str_eq(told(&s), "");
    wait_for_it(&s.host, s.waits, 0);
    turn(&s, 3);
    cr_expect_str_eq(told(&s), FIRST);
    s.stage.fake->moved_count = 1;
    s.stage.fake->rebalance = 'r'; /* what is under way is waited for */
    turn(&s, 1);
    cr_expect_str_eq(told(&s), FIRST SECOND);
    end(&s);
}

static void cancel_at_commit(struct fake_port *fake, char call)
{
    struct eng_merger *merger = fake->context;
    if (call == 'c')
        atomic_store(&merger->committer.cancel, true); /* as when its place is lost just then */
}

/* The answer to a commit is lost, and so is its place. When it comes back a new epoch comes first.
 */
Test(merger, G7_a_commit_in_doubt_is_ended_before_anything_is_asked)
{
    for (int done = 0; done < 2; done++) {
        struct scene s;
        begin(&s);
        struct fake_port *fake = s.stage.fake;
        fake_fault(fake, (struct fake_fault){'c', 0, 1000, ENG_TIMED_OUT, done != 0});
        fake->before = cancel_at_commit;
        fake->context = s.merger;
        tell(&s, 0, 10, 3);
        tell(&s, 1, 10, 5);
        turn(&s, 2);
        cr_assert(s.merger->in_flight && s.merger->committer.state == ENG_COMMITTER_DOUBT);
        atomic_store(&s.merger->committer.cancel, false);
        fake->before = NULL;
        fake->fault_count = fake->call_count = 0;
        fake->rebalance = 'l';
        turn(&s, 1);
        fake->rebalance = 'a';
        turn(&s, 10);
        const char *open = memchr(fake->calls, 'o', fake->call_count);
        const char *asked = memchr(fake->calls, 'm', fake->call_count);
        cr_expect(open != NULL && asked != NULL && open < asked, "%.*s", (int)fake->call_count,
                  fake->calls);
        cr_expect_str_eq(told(&s), FIRST, "done %d", done);
        end(&s);
    }
}

Test(merger, a_record_that_cannot_be_read_is_left_out_and_counted)
{
    struct scene s;
    struct eng_merger_stats stats;
    begin(&s);
    put(&s, "sums/10/0/1/0/0/0", "what is this?", 13);
    tell(&s, 0, 10, 3);
    tell(&s, 1, 10, 5);
    turn(&s, 5);
    eng_merger_show(s.merger, &stats);
    cr_expect_eq(stats.bad, 1);
    cr_expect_str_eq(told(&s), FIRST);
    end(&s);
}

Test(merger, metadata_that_is_not_ours_ends_it_with_its_name)
{
    struct scene s;
    enum eng_status status;
    struct eng_error err = {0};
    begin(&s);
    struct eng_port_offset *offset = &s.stage.fake->partitions[0].committed;
    offset->next = 0;
    (void)snprintf(offset->meta, sizeof offset->meta, "somebody else's");
    while (eng_merger_turn(s.merger))
        continue;
    eng_merger_end(s.merger);
    cr_expect(eng_merger_stopped(s.merger, &status, &err));
    cr_expect_eq(status, ENG_CORRUPT);
    cr_expect(strstr(err.text, "\"somebody else's\" is not ours") != NULL, "%s", err.text);
    eng_merger_free(s.merger);
    s.merger = NULL;
    end(&s);
}

Test(merger, a_position_that_is_gone_is_no_end)
{
    struct scene s;
    begin(&s);
    turn(&s, 3);
    s.stage.fake->failure = ENG_NOT_FOUND;
    turn(&s, 1);
    tell(&s, 0, 10, 3);
    tell(&s, 1, 10, 5);
    turn(&s, 5);
    cr_expect_str_eq(told(&s), FIRST);
    end(&s);
}

/* A board of two places, of a partition: a is on it, and b where he is not gone. */
static void tell_board(struct scene *s, uint32_t partition, int64_t at_ms, const char *names)
{
    struct eng_sums sums = {.kind = ENG_SUMS_BOARD, .partition = partition};
    struct eng_bytes bytes = {0};
    char key[ENG_SUMS_KEY_BYTES + 1] = "";
    uint8_t entries[64];
    uint32_t used = 0;
    for (; *names != '\0'; names++, used += 11) {
        memset(entries + used, 0, 11);
        entries[used + 6] = 200; /* a value */
        entries[used + 9] = 1;
        entries[used + 10] = (uint8_t)*names;
    }
    sums.result = (struct eng_group_result){.program = {"p", 1},
                                            .group = {"b", 1},
                                            .at_ms = at_ms,
                                            .model_version = 1,
                                            .top = 2,
                                            .entries = {(const char *)entries, used}};
    cr_assert_eq(eng_sums_write(&sums, &bytes), ENG_OK);
    key[eng_sums_key(&sums, key)] = '\0';
    put(s, key, bytes.data, bytes.used);
    eng_bytes_done(&bytes);
}

static void tell_gone(struct scene *s, const char *partner)
{
    struct eng_sums sums = {.kind = ENG_SUMS_GONE,
                            .gone = eng_partner_hash((struct eng_slice){partner, 1})};
    struct eng_bytes bytes = {0};
    char key[ENG_SUMS_KEY_BYTES + 1] = "";
    cr_assert_eq(eng_sums_write(&sums, &bytes), ENG_OK);
    key[eng_sums_key(&sums, key)] = '\0';
    put(s, key, bytes.data, bytes.used);
    eng_bytes_done(&bytes);
}

/* What has been committed: boards by their ids, sums by their key with how many entries they have,
 * tombstones behind a minus. */
static const char *told_boards(struct scene *s)
{
    static char text[1024];
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < s->stage.fake->output_count; i++) {
        const struct fake_output *output = &s->stage.fake->outputs[i];
        struct eng_sums sums;
        if (!output->committed)
            continue;
        if (output->topic == ENG_TOPIC_BOARDS)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s ",
                                     stage_header(output, "ce_id"));
        else
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s ",
                                     output->value == NULL ? "-" : "+",
                                     output->key_bytes < 10 ? 4 : 13, (const char *)output->key);
        if (output->topic != ENG_TOPIC_BOARDS && output->value != NULL) {
            cr_assert_eq(eng_sums_read(output->value, output->value_bytes, &sums, NULL), ENG_OK);
            used += (size_t)snprintf(text + used, sizeof text - used, "(%d) ",
                                     (int)sums.result.entries.length / 11);
        }
    }
    return text;
}

/* Somebody is erased while his board has been told and is kept for the next one: it is written
 * again without him, at once, and the word of it is needed no more. A successor that reads all of
 * it again tells the next board as the first one would. */
Test(merger, G11_an_erasure_takes_the_partner_out_of_what_is_kept)
{
    for (int kill = 0; kill < 3; kill++) {
        struct scene s;
        begin(&s);
        tell_board(&s, 0, 10, "ab");
        tell_board(&s, 1, 10, "c");
        turn(&s, 3);
        cr_expect_str_eq(told_boards(&s), "p//b/ranked/b10/m1 ");
        tell_gone(&s, "a");
        turn(&s, kill == 1 ? 1 : 3);
        if (kill > 0) {
            kill_merger(&s);
            start(&s);
            turn(&s, 5);
        }
        const char *want = "p//b/ranked/b10/m1 +sums/10/0/1/0 (1) -gone/0/";
        cr_expect_eq(strncmp(told_boards(&s), want, strlen(want)), 0, "%d: %s", kill,
                     told_boards(&s));
        size_t length = strlen(told_boards(&s));
        tell_board(&s, 0, 20, "b");
        tell_board(&s, 1, 20, "c");
        turn(&s, 5);
        cr_expect_str_eq(told_boards(&s) + length,
                         "p//b/ranked/b20/m1 -sums/10/0/1/0 -sums/10/1/1/0 ", "%d", kill);
        struct eng_merger_stats stats;
        eng_merger_show(s.merger, &stats);
        cr_expect_eq(stats.bad, 0);
        end(&s);
    }
}

Test(merger, its_port_reads_the_sums_in_a_group_of_its_own)
{
    struct stage s;
    struct eng_config config;
    char group[ENG_MERGER_GROUP_BYTES];
    stage_init(&s, 1);
    eng_merger_config(s.config, group, &config);
    cr_expect_str_eq(config.kafka.group, "engaged-stage-groups");
    cr_expect_str_eq(config.input.topic, "engaged-stage-group-sums");
    cr_expect_null(config.kafka.instance);
    stage_done(&s);
}
