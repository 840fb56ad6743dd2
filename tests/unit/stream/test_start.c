/* Checks of the topics before a worker joins: what is refused, by which status and with which
 * words. */
#include "engine/model.h"
#include "stage.h"
#include "stream/start.h"

struct row {
    int topic; /* whose information is changed */
    struct eng_topic_info info;
    enum eng_status status;
    const char *words; /* that the text has to have */
};

static const struct row rows[] = {
    {ENG_TOPIC_INPUT, {.exists = false}, ENG_TOPIC, "input topic \"in\" does not exist"},
    {ENG_TOPIC_INPUT,
     {.exists = true, .partition_count = 2, .policy = "compact,delete"},
     ENG_TOPIC,
     "cleanup.policy=compact,delete"},
    {ENG_TOPIC_INPUT,
     {.exists = true, .partition_count = 2, .may_known = true, .may_write = true},
     ENG_DENIED,
     "no permission to read the topic \"in\""},
    {ENG_TOPIC_SCORE_CHANGES,
     {.exists = true, .partition_count = 3},
     ENG_TOPIC,
     "\"changes\" (output.score_changes) has 3 partitions, the input topic \"in\" has 2"},
    {ENG_TOPIC_CHURN_DROPS,
     {.exists = true, .partition_count = 2, .may_known = true, .may_read = true},
     ENG_DENIED,
     "no permission to write to the topic \"drops\""},
    {ENG_TOPIC_AWARDS, {.exists = true, .partition_count = 9}, ENG_OK, ""}, /* there are none */
    {ENG_TOPIC_STATE,
     {.exists = true, .partition_count = 2, .policy = "delete"},
     ENG_TOPIC,
     "state topic \"state\" has cleanup.policy=delete"},
    {ENG_TOPIC_STATE, {.exists = true, .partition_count = 2, .policy = "compact"}, ENG_OK, ""},
};

Test(start, G5_topics_that_do_not_fit_are_refused_by_name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage s;
        struct eng_error err = {0};
        struct eng_topic_info info;
        stage_init(&s, 2);
        s.fake->topics[rows[i].topic] = rows[i].info;
        cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, &err), rows[i].status,
                     "row %zu", i);
        cr_expect(strstr(err.text, rows[i].words) != NULL, "row %zu: %s", i, err.text);
        stage_done(&s);
    }
}

Test(start, missing_outputs_are_made_with_the_input_s_partitions)
{
    struct stage s;
    struct eng_topic_info info;
    stage_init(&s, 3);
    for (int i = ENG_TOPIC_SCORE_CHANGES; i < ENG_TOPIC_COUNT; i++)
        s.fake->topics[i].exists = false;
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, NULL), ENG_OK);
    for (int i = ENG_TOPIC_SCORE_CHANGES; i < ENG_TOPIC_COUNT; i++)
        cr_expect_eq(s.fake->topics[i].exists,
                     i != ENG_TOPIC_AWARDS && i != ENG_TOPIC_ERASURES &&
                         i != ENG_TOPIC_CELL_CHANGES && i != ENG_TOPIC_REPORTS &&
                         i != ENG_TOPIC_GROUPS && i != ENG_TOPIC_GROUP_SUMS &&
                         i != ENG_TOPIC_BOARDS && i != ENG_TOPIC_SOURCE_SILENCES &&
                         i != ENG_TOPIC_DIGESTS && i != ENG_TOPIC_FLAGS);
    for (int i = ENG_TOPIC_SCORE_CHANGES; i < ENG_TOPIC_COUNT; i++)
        cr_expect_eq(s.fake->topics[i].partition_count, 3);
    stage_done(&s);
}

Test(start, the_topic_of_awards_is_made_for_a_model_that_has_some)
{
    static char name[] = "welcome";
    struct stage s;
    struct eng_topic_info info;
    struct eng_award award = {.name = name};
    stage_init(&s, 3);
    s.fake->topics[ENG_TOPIC_AWARDS].exists = false;
    s.config->model->awards = &award;
    s.config->model->award_count = 1;
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, NULL), ENG_OK);
    cr_expect(s.fake->topics[ENG_TOPIC_AWARDS].exists);
    cr_expect_eq(s.fake->topics[ENG_TOPIC_AWARDS].partition_count, 3);
    s.config->model->awards = NULL;
    s.config->model->award_count = 0;
    stage_done(&s);
}

Test(start, missing_outputs_are_named_when_none_may_be_made)
{
    struct stage s;
    struct eng_topic_info info;
    struct eng_error err = {0};
    stage_init(&s, 3);
    s.config->output.create = false;
    s.fake->topics[ENG_TOPIC_DEAD_LETTERS].exists = false;
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, &err), ENG_TOPIC);
    cr_expect(strstr(err.text, "output.create") != NULL, "%s", err.text);
    stage_done(&s);
}

Test(start, the_topic_of_receipts_is_not_looked_for_when_nobody_may_erase)
{
    struct stage s;
    struct eng_topic_info info;
    stage_init(&s, 3);
    s.config->output.create = false;
    s.fake->topics[ENG_TOPIC_ERASURES].exists = false;
    eng_free(s.config->http.erase_token);
    s.config->http.erase_token = NULL;
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, NULL), ENG_OK);
    s.config->http.erase_token = eng_strndup("a-token-of-length", 17);
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, NULL), ENG_TOPIC);
    stage_done(&s);
}

/* The stage's program with a matrix, a report, a guard and a group. */
static const char full_config[] =
    "program: stage\n"
    "time: {pane: 1h, late_after: 24h}\n"
    "input: {topic: in, format: json}\n"
    "output: {score_changes: changes, churn_drops: drops, cell_changes: cells, reports: cards, "
    "source_silences: quiet, digests: left, groups: figures, boards: ranks, group_sums: sums, "
    "dead_letters: dead, "
    "erasures: "
    "erased, state: state, create: false}\n"
    "measures: {logins: {count: login, over: 4h}}\n"
    "scores:\n"
    "  one: {scale: 10, dimensions: {logins: {weight: 1, target: 10}}, bands: {low: 0, high: 5}}\n"
    "  two: {points: {login: 1}, over: 4h, bands: {few: 0, many: 5}}\n"
    "matrices: {both: {rows: one, columns: two}}\n"
    "reports: {card: {of: [one]}}\n"
    "alerts: {down: {score: one, falls_to: low}}\n"
    "guards: {source: {silence: login}}\n"
    "budgets: {calls: {at_most: 5, rank: one}}\n"
    "groups: {all: {every: month, figures: {logins: {sum: logins}}}}\n"
    "boards: {top: {of: one}}\n";

Test(start, topics_of_outputs_are_looked_for_when_the_model_has_them)
{
    static const struct {
        enum eng_topic topic;
        const char *said;
    } used[] = {{ENG_TOPIC_CELL_CHANGES, "\"cells\" (output.cell_changes)"},
                {ENG_TOPIC_REPORTS, "\"cards\" (output.reports)"},
                {ENG_TOPIC_SOURCE_SILENCES, "\"quiet\" (output.source_silences)"},
                {ENG_TOPIC_DIGESTS, "\"left\" (output.digests)"},
                {ENG_TOPIC_GROUPS, "\"figures\" (output.groups)"},
                {ENG_TOPIC_BOARDS, "\"ranks\" (output.boards)"},
                {ENG_TOPIC_GROUP_SUMS, "\"sums\" (output.group_sums)"}};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        struct stage s;
        struct eng_topic_info info;
        struct eng_error err = {0};
        stage_init(&s, 3);
        s.config->output.create = false;
        s.fake->topics[used[i].topic].exists = false;
        cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, NULL), ENG_OK, "not used");
        struct eng_config *config = NULL;
        cr_assert_eq(
            eng_config_load_text(full_config, sizeof full_config - 1, "full.yaml", &config, &err),
            ENG_OK, "%s", err.text);
        cr_expect_eq(eng_start_check(&s.fake->port, config, &info, &err), ENG_TOPIC);
        cr_expect(strstr(err.text, used[i].said) != NULL, "%s", err.text);
        eng_config_free(config);
        stage_done(&s);
    }
}

Test(start, topics_of_groups_have_one_partition)
{
    struct stage s;
    struct eng_topic_info info;
    struct eng_error err = {0};
    struct eng_config *config = NULL;
    stage_init(&s, 3);
    cr_assert_eq(
        eng_config_load_text(full_config, sizeof full_config - 1, "full.yaml", &config, &err),
        ENG_OK, "%s", err.text);
    config->output.create = true;
    s.fake->topics[ENG_TOPIC_GROUPS].exists = s.fake->topics[ENG_TOPIC_GROUP_SUMS].exists = false;
    s.fake->topics[ENG_TOPIC_BOARDS].exists = false;
    cr_expect_eq(eng_start_check(&s.fake->port, config, &info, &err), ENG_OK, "%s", err.text);
    cr_expect_eq(s.fake->topics[ENG_TOPIC_GROUPS].partition_count, 1);
    cr_expect_eq(s.fake->topics[ENG_TOPIC_BOARDS].partition_count, 1);
    cr_expect_eq(s.fake->topics[ENG_TOPIC_GROUP_SUMS].partition_count, 1);
    s.fake->topics[ENG_TOPIC_GROUPS].partition_count = 3; /* somebody else's choice */
    s.fake->topics[ENG_TOPIC_BOARDS].partition_count = 3;
    cr_expect_eq(eng_start_check(&s.fake->port, config, &info, &err), ENG_OK);
    s.fake->topics[ENG_TOPIC_GROUP_SUMS].partition_count = 3;
    cr_expect_eq(eng_start_check(&s.fake->port, config, &info, &err), ENG_TOPIC);
    cr_expect(strstr(err.text, "\"sums\" (output.group_sums) has 3 partitions: it must have one") !=
                  NULL,
              "%s", err.text);
    s.fake->topics[ENG_TOPIC_GROUP_SUMS] =
        (struct eng_topic_info){.exists = true, .partition_count = 1, .policy = "delete"};
    struct eng_error other = {0};
    cr_expect_eq(eng_start_check(&s.fake->port, config, &info, &other), ENG_TOPIC);
    cr_expect(strstr(other.text, "group sums topic \"sums\" has cleanup.policy=delete") != NULL,
              "%s", other.text);
    eng_config_free(config);
    stage_done(&s);
}

Test(start, one_topic_must_not_serve_two_ends)
{
    struct stage s;
    struct eng_topic_info info;
    struct eng_error err = {0};
    stage_init(&s, 1);
    char *kept = s.config->output.churn_drops;
    s.config->output.churn_drops = s.config->output.score_changes;
    cr_expect_eq(eng_start_check(&s.fake->port, s.config, &info, &err), ENG_BAD_CONFIG);
    cr_expect(strstr(err.text, "both \"changes\"") != NULL, "%s", err.text);
    s.config->output.churn_drops = kept;
    stage_done(&s);
}

Test(start, a_missing_input_is_given_a_while_and_an_absent_broker_all_the_time)
{
    struct stage s;
    stage_init(&s, 1);
    s.fake->topics[ENG_TOPIC_INPUT].exists = false;
    fake_fault(s.fake, (struct fake_fault){'t', 0, 50, ENG_UNAVAILABLE, false});
    struct eng_worker_options options = {
        .config = s.config, .port = &s.fake->port, .gate = &s.gate, .writer = 1};
    cr_assert_eq(eng_worker_new(&options, &s.worker, NULL), ENG_OK);
    int64_t began_us = s.fake->now_us;
    cr_expect_not(eng_worker_begin(s.worker));
    cr_expect_eq(s.worker->error.status, ENG_TOPIC);
    cr_expect_gt(s.fake->now_us - began_us, 100000000, "it waited for the broker");
    cr_expect_eq(atomic_load(&s.gate), 2, "the other workers need not wait");
    stage_done(&s);
}
