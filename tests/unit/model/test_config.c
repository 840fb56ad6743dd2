/* What stands around the model: defaults, references to the environment, librdkafka properties,
 * topics, warnings; and loads that run out of memory. */
#include "base/memory.h"
#include "loading.h"
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

Test(config, defaults_hold_for_a_file_that_says_nothing)
{
    struct eng_config *config = load_good(FILE_TEXT);
    cr_assert_str_eq(config->path, "f.yaml");
    cr_assert_eq(config->model->version, 1);
    cr_assert_eq(config->model->pane_unit, ENG_PANE_DAY);
    cr_assert_eq(config->model->dedup, 7);
    cr_assert_eq(config->future_skew_ms, 600000);
    cr_assert_eq(config->idle_after_ms, 300000);
    cr_assert_null(config->input.topic);
    cr_assert_eq(config->input.format, ENG_FORMAT_AVRO);
    cr_assert_eq(config->input.framing, ENG_FRAMING_AUTO);
    cr_assert_eq(config->input.time_unit, ENG_TIME_MS);
    cr_assert_str_eq(config->input.fields.id, "event_id");
    cr_assert_str_eq(config->input.fields.time, "occurred_at");
    cr_assert_str_eq(config->kafka.brokers, "127.0.0.1:9092");
    cr_assert_str_eq(config->kafka.group, "engaged-p");
    cr_assert_null(config->kafka.instance);
    cr_assert_null(config->output.score_changes);
    cr_assert_str_eq(config->output.state, "engaged-p-state");
    cr_assert(config->output.create);
    cr_assert_eq(config->output.replication, -1);
    cr_assert_eq(config->run.workers, 1);
    cr_assert_eq(config->run.commit_interval_ms, 100);
    cr_assert_eq(config->run.stop_deadline_ms, 30000);
    cr_assert_eq(config->run.memory_bytes_max, 0);
    cr_assert(config->http.enabled);
    cr_assert_str_eq(config->http.address, "127.0.0.1");
    cr_assert_eq(config->http.port, 8080);
    eng_config_free(config);
    eng_config_free(NULL);
}

Test(config, everything_around_the_model_can_be_said)
{
    struct eng_config *config = load_good(
        FILE_TEXT
        "time: {future_skew: 90s, idle_after: 0}\n"
        "input: {topic: in, format: json, time_unit: iso, fields: {partner: org.id, time: ts}}\n"
        "kafka: {brokers: \"a:1,b:2\", group: g, instance: i, client: {debug: all}, consumer: "
        "{check.crcs: false},\n"
        "        producer: {linger.ms: 7, compression.type: zstd}}\n"
        "output: {score_changes: o1, churn_drops: o2, dead_letters: o3, state: o4, create: false, "
        "replication: 3}\n"
        "run: {workers: 4, commit_interval: 1s, stop_deadline: 5s, memory: 2GiB}\n"
        "http: {listen: \"[::1]:0\"}\n");
    cr_assert_eq(config->future_skew_ms, 90000);
    cr_assert_eq(config->idle_after_ms, 0);
    cr_assert_str_eq(config->input.topic, "in");
    cr_assert_eq(config->input.format, ENG_FORMAT_JSON);
    cr_assert_eq(config->input.time_unit, ENG_TIME_ISO);
    cr_assert_str_eq(config->input.fields.partner, "org.id");
    cr_assert_str_eq(config->input.fields.member, "member_id");
    cr_assert_str_eq(config->kafka.brokers, "a:1,b:2");
    cr_assert_str_eq(config->kafka.instance, "i");
    cr_assert_eq(config->kafka.client.count, 1);
    cr_assert_str_eq(config->kafka.consumer.items[0].name, "check.crcs");
    cr_assert_str_eq(config->kafka.consumer.items[0].value, "false");
    cr_assert_eq(config->kafka.producer.count, 2);
    cr_assert_str_eq(config->kafka.producer.items[1].value, "zstd");
    cr_assert_not(config->kafka.producer.items[1].secret);
    cr_assert_str_eq(config->output.state, "o4");
    cr_assert_not(config->output.create);
    cr_assert_eq(config->output.replication, 3);
    cr_assert_eq(config->run.workers, 4);
    cr_assert_eq(config->run.memory_bytes_max, 2ULL << 30);
    cr_assert_str_eq(config->http.address, "::1");
    cr_assert_eq(config->http.port, 0);
    eng_config_free(config);
}

Test(config, output_topics_follow_from_the_input_topic)
{
    struct eng_config *config =
        load_good(FILE_TEXT "input: {topic: in}\noutput: {churn_drops: c}\n");
    cr_assert_str_eq(config->output.score_changes, "in.score-changes");
    cr_assert_str_eq(config->output.churn_drops, "c");
    cr_assert_str_eq(config->output.dead_letters, "in.dead-letters");
    cr_assert_str_eq(config->output.erasures, "in.erasures");
    cr_assert_null(config->http.erase_token);
    eng_config_free(config);
}

Test(config, the_state_topic_of_any_program_name_is_one_that_kafka_allows)
{
    struct eng_config *config = load_good(
        "program: \"a b/\xC3\xA4\"\nscores: {s: {points: {x: 1}, over: 3d, bands: {low: 0}}}\n");
    cr_assert_str_eq(config->output.state, "engaged-a_20b_2f_c3_a4-state");
    cr_assert_str_eq(config->kafka.group, "engaged-a b/\xC3\xA4");
    eng_config_free(config);
}

Test(config, a_topic_is_not_used_for_two_things)
{
    static const struct row rows[] = {
        {FILE_TEXT "input: {topic: in}\noutput: {dead_letters: in}\n",
         "f.yaml:7:9: |input.topic and output.dead_letters are the same topic"},
        {FILE_TEXT "output: {score_changes: o, churn_drops: o}\n",
         "output.score_changes and output.churn_drops"},
        {FILE_TEXT "input: {topic: engaged-p-state}\n", "input.topic and output.state"},
        {FILE_TEXT "output: {score_changes: o, erasures: o}\n",
         "output.score_changes and output.erasures"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(config, what_belongs_to_avro_alone_is_refused_with_json)
{
    expect_refused(FILE_TEXT "input: {format: json, schema: a.avsc}\n",
                   "f.yaml:6:23: |\"schema\" belongs to");
    expect_refused(FILE_TEXT "input: {format: json, framing: none}\n",
                   "f.yaml:6:23: |\"framing\" belongs to");
}

Test(config, the_token_for_erasing_is_long_enough_and_not_shown_when_it_is_not)
{
    static const char *const bad[] = {"hunter", "hunter2", "\"hunter2 hunter2 hunter2\""};
    struct eng_error err = {0};
    char text[300];
    cr_assert_eq(setenv("ERASE_TOKEN", "0123456789abcdef", 1), 0);
    struct eng_config *config =
        load_good(FILE_TEXT "http: {erase_token: \"${env:ERASE_TOKEN}\"}\n");
    cr_expect_str_eq(config->http.erase_token, "0123456789abcdef");
    eng_config_free(config);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, FILE_TEXT "http: {erase_token: %s}\n", bad[i]);
        expect_refused(text, "f.yaml:6:21: |16 to 1024 printable characters");
        cr_expect_eq(eng_config_load_text(text, strlen(text), "f.yaml", &config, &err),
                     ENG_BAD_CONFIG);
        cr_expect_null(strstr(err.text, "hunter2"), "%s", err.text);
        eng_error_clear(&err);
    }
}

Test(config, an_address_to_listen_on_has_a_port)
{
    static const char *const bad[] = {
        "8080",  "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
        ":8080", "::1:8080",  "[]:8080",    "127.0.0.1:-1",   "on"};
    char text[700];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, FILE_TEXT "http: {listen: \"%s\"}\n", bad[i]);
        expect_refused(text, "f.yaml:6:16: |\"listen\" is|or off");
    }
    struct eng_config *config = load_good(FILE_TEXT "http: {listen: off}\n");
    cr_assert_not(config->http.enabled);
    eng_config_free(config);
    config = load_good(FILE_TEXT "http: {listen: some.host:65535}\n");
    cr_assert_str_eq(config->http.address, "some.host");
    cr_assert_eq(config->http.port, 65535);
    eng_config_free(config);
}

/* ---- the environment and files ---- */

Test(config, values_are_filled_in_from_the_environment_and_marked_as_secret)
{
    cr_assert_eq(setenv("ENGAGED_TEST_WORD", "s3cret", 1), 0);
    struct eng_config *config =
        load_good(FILE_TEXT "kafka:\n  group: a-${env:ENGAGED_TEST_WORD}-$${b}-$5\n  client:\n    "
                            "sasl.username: ${env:ENGAGED_TEST_WORD}\n"
                            "    sasl.mechanism: PLAIN\n");
    cr_assert_str_eq(config->kafka.group, "a-s3cret-${b}-$5");
    cr_assert_str_eq(config->kafka.client.items[0].value, "s3cret");
    cr_assert(config->kafka.client.items[0].secret);
    cr_assert_not(config->kafka.client.items[1].secret);
    eng_config_free(config);
}

Test(config, a_password_is_secret_wherever_it_comes_from)
{
    struct eng_config *config = load_good(FILE_TEXT "kafka: {client: {sasl.password: plain}}\n");
    cr_assert(config->kafka.client.items[0].secret);
    eng_config_free(config);
}

Test(config, a_reference_that_cannot_be_filled_in_is_named)
{
    static const struct row rows[] = {
        {FILE_TEXT "kafka: {group: \"${env:ENGAGED_NOT_SET}\"}\n",
         "f.yaml:6:16: |environment variable \"ENGAGED_NOT_SET\" is not set"},
        {FILE_TEXT "kafka: {group: \"${file:/nonexistent/secret}\"}\n",
         "f.yaml:6:16: |\"/nonexistent/secret\" cannot be opened"},
        {FILE_TEXT "kafka: {group: \"${file:/}\"}\n", "f.yaml:6:16: |\"/\" cannot be read"},
        {FILE_TEXT "kafka: {group: \"${HOME}\"}\n",
         "f.yaml:6:16: |\"${HOME}\" cannot be filled in|${env:NAME}"},
        {FILE_TEXT "kafka: {group: \"${env:}\"}\n", "f.yaml:6:16: |cannot be filled in"},
        {FILE_TEXT "kafka: {group: \"a ${env:HOME\"}\n", "f.yaml:6:16: |without its }"},
        {FILE_TEXT "kafka: {client: {ssl.ca.location: \"${env:ENGAGED_NOT_SET}\"}}\n",
         "f.yaml:6:35: |not set"},
        {FILE_TEXT "kafka: {group: \"a\\0b\"}\n", "f.yaml:6:16: |zero byte"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(config, a_value_that_was_filled_in_is_not_shown_when_it_is_refused)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    static const char text[] = FILE_TEXT "input: {topic: \"${env:ENGAGED_TEST_WORD}\"}\n";
    cr_assert_eq(setenv("ENGAGED_TEST_WORD", "s3cret is no topic", 1), 0);
    cr_assert_eq(eng_config_load_text(text, sizeof text - 1, "f.yaml", &config, &err),
                 ENG_BAD_CONFIG);
    cr_assert_not_null(strstr(err.text, "${env:ENGAGED_TEST_WORD}"), "%s", err.text);
    cr_assert_null(strstr(err.text, "s3cret"), "%s", err.text);
}

static void write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

Test(config, a_file_is_looked_for_in_the_folder_of_the_configuration)
{
    char folder[] = "/tmp/engaged-config-XXXXXX", secret[64], yaml[64], large[64];
    static char text[66000];
    static const char body[] = FILE_TEXT "kafka: {client: {sasl.password: \"${file:secret}\"}}\n";
    static const char too_large[] =
        FILE_TEXT "kafka: {client: {sasl.password: \"${file:large}\"}}\n";
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(secret, sizeof secret, "%s/secret", folder);
    (void)snprintf(large, sizeof large, "%s/large", folder);
    (void)snprintf(yaml, sizeof yaml, "%s/f.yaml", folder);
    memset(text, 'x', sizeof text);
    write_file(secret, "s3cret\r\n", 8);
    write_file(large, text, sizeof text);
    write_file(yaml, body, sizeof body - 1);
    cr_assert_eq(eng_config_load_file(yaml, &config, &err), ENG_OK, "%s", err.text);
    cr_assert_str_eq(config->kafka.client.items[0].value, "s3cret",
                     "the line's end is no part of it");
    eng_config_free(config);
    write_file(yaml, too_large, sizeof too_large - 1);
    cr_assert_eq(eng_config_load_file(yaml, &config, &err), ENG_BAD_CONFIG);
    cr_assert_not_null(strstr(err.text, "larger than 65536 bytes"), "%s", err.text);
    cr_assert_eq(unlink(secret) + unlink(large) + unlink(yaml) + rmdir(folder), 0);
}

/* ---- librdkafka ---- */

Test(config, properties_that_would_break_a_guarantee_are_refused_with_the_reason)
{
    static const struct {
        const char *name, *value, *words;
    } rows[] = {
        {"bootstrap.servers", "a:1", "kafka.brokers"},
        {"metadata.broker.list", "a:1", "kafka.brokers"},
        {"group.id", "g", "kafka.group"},
        {"group.instance.id", "i", "kafka.instance"},
        {"enable.auto.commit", "true", "transaction"},
        {"enable.auto.offset.store", "true", "transaction"},
        {"isolation.level", "read_uncommitted", "aborted"},
        {"transactional.id", "t", "exactly once"},
        {"enable.idempotence", "false", "exactly once"},
        {"auto.offset.reset", "latest", "lost offset"},
        {"partition.assignment.strategy", "roundrobin", "cooperative-sticky range"},
        {"partition.assignment.strategy", "range,roundrobin", "cooperative-sticky range"},
        {"partition.assignment.strategy", "cooperative", "cooperative-sticky range"},
        {"enable.auto.commit", "", "transaction"},
        {"client.rack", "r1", "followers"},
        {"acks", "1", "exactly once"},
        {"request.required.acks", "0", "exactly once"},
        {"max.in.flight", "6", "order"},
        {"max.in.flight.requests.per.connection", "1000000", "order"},
        {"retries", "0", "exactly once"},
        {"group.protocol", "consumer", "classic"},
        {"test.mock.num.brokers", "3", "demo"},
    };
    static const char *const groups[] = {"client", "consumer", "producer"};
    char text[700], words[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int group = 0; group < 3; group++) {
            (void)snprintf(text, sizeof text, FILE_TEXT "kafka:\n  %s:\n    %s: \"%s\"\n",
                           groups[group], rows[i].name, rows[i].value);
            (void)snprintf(words, sizeof words, "f.yaml:8:5: |%s|%s", rows[i].name, rows[i].words);
            expect_refused(text, words);
        }
}

Test(config, properties_set_to_what_holds_anyway_pass)
{
    eng_config_free(load_good(
        FILE_TEXT
        "kafka: {client: {acks: all}, consumer: {isolation.level: read_committed, "
        "enable.auto.commit: false,\n"
        "  partition.assignment.strategy: range, check.crcs: false, fetch.wait.max.ms: 50},\n"
        "  producer: {enable.idempotence: true, max.in.flight: 5}}\n"));
}

Test(config, a_property_has_one_value)
{
    expect_refused(FILE_TEXT "kafka: {client: {debug: [a, b]}}\n", "f.yaml:6:25: |write one value");
    expect_refused(FILE_TEXT "kafka: {client: {\"\": a}}\n",
                   "f.yaml:6:18: |the name of a property is empty");
}

/* ---- warnings ---- */

static bool is_warned(const struct eng_config *config, const char *words)
{
    for (uint32_t i = 0; i < config->warning_count; i++)
        if (strstr(config->warnings[i].text, words) != NULL)
            return true;
    return false;
}

static void expect_warning(const char *text, const char *words)
{
    struct eng_config *config = load_good(text);
    cr_assert(is_warned(config, words), "no warning \"%s\": %s", words, text);
    eng_config_free(config);
}

#define TWO(a, b)                                                                                  \
    "program: p\nmeasures: {m: {count: x, over: 5d}, n: {count: y, over: 5d}, f: {state: on, "     \
    "until: off}}\n"                                                                               \
    "scores: {s: {scale: 10, bands: {low: 0, high: 5}, dimensions: {" a ", " b "}}}\n"

Test(config, what_is_seldom_meant_is_warned_about_with_its_place)
{
    expect_warning(TWO("m: {weight: 1, target: 1}", "f: {weight: 1, target: 1}"),
                   "f.yaml:2:37: the measure \"n\" is used by no score");
    expect_warning(TWO("m: {weight: 3, target: 1}", "n: {weight: 2, target: 1}"),
                   "f.yaml:3:64: the dimension \"m\" has more than half of the weight");
    expect_warning(
        TWO("m: {weight: 1, target: 1}", "f: {weight: 1, target: 3}"),
        "the dimension \"f\" never has its full share: its measure is at most 1, its target 3");
    expect_warning(HEAD "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, bands: "
                        "{mid: 2, high: 5}}}\n",
                   "the lowest band, \"mid\", has no lower edge");
    expect_warning(
        HEAD "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, bands: {low: 0}}}\n",
        "the score \"s\" is never told");
    expect_warning(HEAD "scores: {s: {scale: 10, tell_every: 11, dimensions: {m: {weight: 1, "
                        "target: 1}}, bands: {low: 0}}}\n",
                   "never changes by as much as its tell_every");
    expect_warning("program: p\nmeasures: {k: {streak: x}}\ntime: {late_after: 9d}\nscores: {s: "
                   "{scale: 9, bands: {low: 0, high: 5}, "
                   "dimensions: {k: {weight: 1, target: 4}}}}\n"
                   "alerts: {a: {score: s, falls_to: low, while_provisional: hold}}\n",
                   "the alert \"a\" is never held");
    expect_warning(FILE_TEXT "alerts: {a: {silence: x, horizon: 9d, hold_out: 100%}}\n",
                   "f.yaml:6:49: everybody is held out by the alert \"a\"");
    expect_warning(
        HEAD "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, bands: "
             "{low: 0, high: 5}}}\n"
             "alerts: {a: {score: s, falls_to: low, forecast: 5d}}\n",
        "f.yaml:6:49: the alert \"a\" looks as far ahead as the longest window of \"s\"");
    expect_warning(FILE_TEXT "kafka: {client: {sasl.password: plain}}\n",
                   "f.yaml:6:33: the secret \"sasl.password\" stands in the file");
    expect_warning(FILE_TEXT "http: {erase_token: 0123456789abcdef}\n",
                   "f.yaml:6:21: the secret \"erase_token\" stands in the file");
}

Test(config, more_than_six_dimensions_are_warned_about)
{
    char text[900];
    int used = snprintf(text, sizeof text,
                        HEAD "scores: {s: {scale: 10, bands: {low: 0, high: 5}, dimensions: {");
    for (int i = 0; i < 7; i++)
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "d%d: {weight: 1, target: 1, measure: m}, ", i);
    (void)snprintf(text + used, sizeof text - (size_t)used, "}}}\n");
    expect_warning(text, "f.yaml:5:10: the score \"s\" has 7 dimensions");
}

/* A score of m and n, of these measures and weights. */
static struct eng_config *score_of_two(const char *m, const char *n, int weight_of_m)
{
    char text[700];
    (void)snprintf(
        text, sizeof text,
        "program: p\nmeasures:\n  m: {%s}\n  n: {%s}\n  a: {count: order.placed, over: "
        "9d}\nscores: {s: {scale: 10, bands: {low: 0, high: 5}, dimensions: {m: {weight: "
        "%d, target: 1}, n: {weight: 1, target: 1}, a: {weight: 1, target: 1}}}}\n",
        m, n, weight_of_m);
    return load_good(text);
}

Test(config, sales_that_carry_more_than_half_of_the_weight_are_warned_about)
{
    static const struct {
        const char *m, *n;
        int weight_of_m;
        bool warned;
    } rows[] = {
        {"count: invoice.upload, over: 9d", "count: platform.login, over: 9d", 1, true},
        {"count: invoice.upload, over: 9d", "count: platform.login, over: 9d", 2, true},
        {"count: training.complete, over: 9d", "count: platform.login, over: 9d", 1, false},
        {"count: training.complete, over: 9d", "count: deal.won, over: 9d", 2, false},
        {"count: training.complete, over: 9d", "count: deal.won, over: 9d", 1, true},
        {"count: [\"invoice.*\", claim.filed], over: 9d", "count: x, over: 9d", 1, true},
        {"count: [\"invoice.*\", training.complete], over: 9d", "count: x, over: 9d", 1, false},
        {"count: invoices.seen, over: 9d", "count: dealer.visit, over: 9d", 1, false},
        {"sum: value, of: survey.answer, over: 9d", "count: x, over: 9d", 1, true},
        {"state: deal.open, until: deal.lost", "count: x, over: 9d", 1, true},
        {"ratio: [a, n]", "count: deal.won, over: 9d", 1, true},
        {"ratio: [a, n]", "count: x, over: 9d", 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_config *config = score_of_two(rows[i].m, rows[i].n, rows[i].weight_of_m);
        cr_expect_eq(is_warned(config, "of the weight of the score \"s\": it tells who buys"),
                     rows[i].warned, "row %zu", i);
        eng_config_free(config);
    }
    struct eng_config *config =
        score_of_two("sum: value, of: x, over: 9d", "count: y, over: 9d", 1);
    cr_expect(is_warned(config, "f.yaml:6:10: sales carry 66% of the weight"));
    eng_config_free(config);
}

Test(config, a_sound_file_has_no_warnings)
{
    struct eng_config *config = load_good(
        TWO("m: {weight: 1, target: 4}",
            "n: {weight: 1, target: 4}") "kafka: {client: {sasl.password: \"${env:HOME}\"}}\n");
    for (uint32_t i = 0; i < config->warning_count; i++)
        cr_assert_not_null(strstr(config->warnings[i].text, "\"f\" is used by no score"), "%s",
                           config->warnings[i].text);
    cr_assert_eq(config->warning_count, 1);
    eng_config_free(config);
}

/* ---- whole files ---- */

Test(config, every_golden_case_loads)
{
    static const char path[] = ENGAGED_SOURCE_DIR "/tests/spec/golden";
    DIR *folder = opendir(path);
    int count = 0;
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char file[512];
        struct eng_config *config = NULL;
        struct eng_error err = {0};
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(file, sizeof file, "%s/%s/engaged.yaml", path, entry->d_name);
        cr_assert_eq(eng_config_load_file(file, &config, &err), ENG_OK, "%s", err.text);
        eng_config_free(config);
        count++;
    }
    cr_assert_eq(closedir(folder), 0);
    cr_assert_geq(count, 48);
}

Test(config, the_shipped_configuration_loads_without_a_warning)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_file(ENGAGED_SOURCE_DIR "/config/engagement.yaml", &config, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(config->warning_count, 0);
    const struct eng_score *score = &config->model->scores[0];
    static const int64_t weights[] = {20, 25, 20, 15, 10, 10};
    cr_assert_eq(score->dimension_count, 6);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(score->dimensions[i].weight_e4, weights[i] * 10000);
    cr_assert_eq(config->model->alert_count, 7);
    cr_assert_eq(config->model->report_count, 1);
    cr_assert(score->nudges);
    eng_config_free(config);
}

/* Cuts the next block of YAML out of a page; NULL when there is none. *at moves behind it. */
static char *next_example(char **at)
{
    char *begin = strstr(*at, "```yaml\n");
    if (begin == NULL)
        return NULL;
    begin += strlen("```yaml\n");
    char *end = strstr(begin, "\n```");
    cr_assert_not_null(end);
    end[1] = '\0';
    *at = end + 2;
    return begin;
}

Test(config, every_example_of_the_language_page_loads)
{
    static char page[200000];
    FILE *file = fopen(ENGAGED_SOURCE_DIR "/docs/language.md", "rb");
    int count = 0;
    cr_assert_not_null(file);
    cr_assert_lt(fread(page, 1, sizeof page, file), sizeof page);
    cr_assert_eq(fclose(file), 0);
    char *at = page;
    for (char *text; (text = next_example(&at)) != NULL; count++)
        eng_config_free(load_good(text));
    cr_assert_geq(count, 8);
}

/* A file that uses everything that allocates. */
static const char everything[] =
    "program: p\n"
    "time: {zone: Europe/Amsterdam}\n"
    "measures: {m: {count: [x, \"y.*\"], over: 5d}, f: {state: on, until: off}, unused: {streak: "
    "x}}\n"
    "scores: {s: {scale: 10, bands: {low: 0, high: {above: 5}}, dimensions: {m: {weight: 1, steps: "
    "[[0, 0], [1, 1]]}, f: "
    "{weight: 1, target: 1}}}, t: {points: {x: 1}, over: 3d, bands: {low: 0, high: 3}}}\n"
    "alerts: {a: {score: s, falls_to: low}, b: {silence: [x, z], horizon: 9d}}\n"
    "input: {topic: in}\n"
    "kafka: {instance: i, client: {sasl.password: plain, a: \"${env:HOME}\"}}\n";

/* Loads with the nth allocation failing (and all after it when `all`). False once nothing failed.
 */
static bool load_failing(const char *text, uint64_t nth, int all)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    eng_memory_fail(nth, all);
    enum eng_status status = eng_config_load_text(text, strlen(text), "f.yaml", &config, &err);
    eng_memory_fail(0, 0);
    eng_config_free(config);
    if (status == ENG_OK)
        return false;
    cr_assert_eq(status, ENG_NO_MEMORY, "allocation %d: %s", (int)nth, err.text);
    cr_assert_not_null(strstr(err.text, "out of memory"), "%s", err.text);
    return true;
}

Test(config, running_out_of_memory_anywhere_ends_the_load_and_leaks_nothing)
{
    uint64_t nth = 1;
    while (load_failing(everything, nth, 0))
        nth++;
    cr_assert_gt(nth, 60, "only %d allocations?", (int)nth);
    for (uint64_t from = 1; from < nth; from++)
        cr_assert(load_failing(everything, from, 1));
}

/* Short allocations of the quoting of values may fail without a word: the refusal is told all the
 * same. */
Test(config, running_out_of_memory_on_the_way_to_a_refusal_is_one_or_the_other)
{
    static const char text[] = FILE_TEXT
        "input: "
        "{formta_that_is_much_longer_than_sixty_bytes_so_that_it_has_to_be_cut_off_somewhere: 1}\n";
    for (uint64_t nth = 1; nth < 100; nth++) {
        struct eng_config *config = NULL;
        struct eng_error err = {0};
        eng_memory_fail(nth, 1);
        enum eng_status status =
            eng_config_load_text(text, sizeof text - 1, "f.yaml", &config, &err);
        eng_memory_fail(0, 0);
        cr_assert(status == ENG_NO_MEMORY || status == ENG_BAD_CONFIG);
        cr_assert_neq(err.text[0], '\0');
    }
}
