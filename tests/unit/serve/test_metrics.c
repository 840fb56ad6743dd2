/* The page of metrics, and its documentation. */
#include "exposition.h"
#include "fake_service.h"

#include "codec/decode.h"
#include "serve/metrics.h"
#include <criterion/criterion.h>

static struct eng_config *load(const char *topic)
{
    char text[1024];
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    int length = snprintf(text, sizeof text,
                          "program: test\nversion: 3\nmeasures: {m: {count: x, over: 30d}}\n"
                          "scores: {s: {scale: 10, dimensions: {m: {weight: 1, target: 1}}, "
                          "bands: {low: 0}}}\ninput: {topic: %s}\nkafka: {group: g-1}\n",
                          topic);
    cr_assert_eq(eng_config_load_text(text, (size_t)length, "t.yaml", &config, &err), ENG_OK, "%s",
                 err.text);
    return config;
}

/* A page of the fake's statistics. */
static void write_page(struct eng_text *out, const struct eng_config *config)
{
    struct eng_stats stats = {0};
    cr_assert_eq(eng_service_stats(&fake, &stats), ENG_OK);
    struct eng_metrics_input input = {
        .config = config, .stats = &stats, .started_ms = 1767225600500, .ready = true};
    eng_process_read(&input.process);
    input.http_answers[0] = 5;
    eng_metrics_write(out, &input);
    eng_stats_free(&stats);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    char *text = calloc(1, 1 << 20);
    size_t got = fread(text, 1, (1 << 20) - 1, file);
    text[got] = '\0';
    fclose(file);
    return text;
}

Test(metrics, the_page_keeps_every_rule_of_the_format)
{
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    fake_reset();
    for (int i = 0; i < ENG_LATENCY_BUCKETS; i++)
        fake.workers[1].commit_latency[i] = (uint64_t)i * 3;
    write_page(&out, config);
    cr_expect_gt(exposition_read(out.data), 100);
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, values_are_in_base_units_and_exact)
{
    static const char *const lines[] = {
        "\nengaged_lag_seconds{group=\"g-1\",topic=\"in\",partition=\"1\"} 1.25\n",
        "\nengaged_lag_records{group=\"g-1\",topic=\"in\",partition=\"0\"} 3\n",
        "\nengaged_event_clock_timestamp_seconds{group=\"g-1\",topic=\"in\",partition=\"2\"} "
        "1767225600.123\n",
        "\nengaged_worker_heartbeat_age_seconds{worker=\"0\"} 0.012\n",
        "\nengaged_worker_state{worker=\"1\",state=\"running\"} 1\n",
        "\nengaged_worker_state{worker=\"1\",state=\"stopped\"} 0\n",
        "\nengaged_commits_total{worker=\"0\"} 7\n",
        "\nengaged_commit_latency_seconds_bucket{worker=\"0\",le=\"0.005\"} 2\n",
        "\nengaged_commit_latency_seconds_bucket{worker=\"0\",le=\"+Inf\"} 5\n",
        "\nengaged_commit_latency_seconds_sum{worker=\"0\"} 0.012345\n",
        "\nengaged_commit_latency_seconds_count{worker=\"0\"} 5\n",
        "\nengaged_dead_letters_total{worker=\"0\",reason=\"late\"} 9\n",
        "\nengaged_events_total{group=\"g-1\",topic=\"in\",partition=\"0\",outcome=\"duplicate\"} "
        "4\n",
        "\nengaged_records_read_total{group=\"g-1\",topic=\"in\",partition=\"0\"} 44\n",
        "\nengaged_program_info{program=\"test\",model_version=\"3\",group=\"g-1\"} 1\n",
        "\nengaged_config_reloads_total{result=\"accepted\"} 0\n",
        "\nengaged_config_reloads_total{result=\"refused\"} 2\n",
        "\nengaged_config_reload_success 0\n",
        "\nengaged_config_reload_timestamp_seconds 1767225611.25\n",
        "\nengaged_config_model_version 3\n",
        "\nengaged_model_version{group=\"g-1\",topic=\"in\",partition=\"1\"} 2\n",
        "\nprocess_start_time_seconds 1767225600.5\n",
        "\nengaged_http_answers_total{code=\"200\"} 5\n",
    };
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    fake_reset();
    fake.workers[0].commit_latency[0] = 2;
    fake.workers[0].commit_latency[ENG_LATENCY_BUCKETS - 1] = 3;
    fake.workers[0].commit_latency_sum_us = 12345;
    fake.workers[0].dead_letters[ENG_REASON_LATE] = 9;
    fake.partitions[0].counters.read = 44;
    fake.partitions[1].model_version = 2;
    fake.reload.counts[ENG_RELOAD_REFUSED] = 2;
    fake.reload.refused = true;
    fake.reload.last_ms = 1767225611250;
    fake.partitions[0].counters.outcome[ENG_OUTCOME_DUPLICATE] = 4;
    write_page(&out, config);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect(strstr(out.data, lines[i]) != NULL, "missing: %s", lines[i]);
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, what_is_not_known_is_left_out)
{
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    fake_reset();
    fake.partitions[0].lag_records = -1;
    fake.partitions[0].lag_ms = -1;
    fake.partitions[0].end_offset = -1;
    fake.partitions[0].clock_ms = -1;
    write_page(&out, config);
    exposition_read(out.data);
    cr_expect(strstr(out.data, "engaged_lag_records{group=\"g-1\",topic=\"in\",partition=\"0\"}") ==
              NULL);
    cr_expect(strstr(out.data, "engaged_lag_seconds{group=\"g-1\",topic=\"in\",partition=\"0\"}") ==
              NULL);
    cr_expect(strstr(out.data, "engaged_lag_records{group=\"g-1\",topic=\"in\",partition=\"1\"}") !=
              NULL);
    cr_expect(strstr(out.data, "process_resident_memory_bytes ") != NULL);
    cr_expect(strstr(out.data, "process_open_fds ") != NULL);
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, each_standby_is_told_of_with_its_partition)
{
    static const char *const lines[] = {
        "\nengaged_standby_behind_records{group=\"g-1\",topic=\"in\",partition=\"7\"} 12\n",
        "\nengaged_standby_records_read_total{group=\"g-1\",topic=\"in\",partition=\"7\"} 900\n",
        "\nengaged_standby_partners{group=\"g-1\",topic=\"in\",partition=\"9\"} 4\n",
        "\nengaged_standby_state_bytes{group=\"g-1\",topic=\"in\",partition=\"9\"} 5000\n",
        "\nengaged_standby_takeovers_total 3\n",
        "\nengaged_standby_discards_total 1\n",
    };
    struct eng_standby_stats standbys[] = {
        {.partition = 7, .behind_records = 12, .records = 900},
        {.partition = 9, .behind_records = -1, .partners = 4, .memory_bytes = 5000}};
    struct eng_stats stats = {
        .standby_count = 2, .standbys = standbys, .standby_takeovers = 3, .standby_discards = 1};
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    struct eng_metrics_input input = {.config = config, .stats = &stats};
    eng_metrics_write(&out, &input);
    exposition_read(out.data);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        cr_expect(strstr(out.data, lines[i]) != NULL, "missing: %s", lines[i]);
    cr_expect_null(strstr(out.data, "engaged_standby_behind_records{group=\"g-1\",topic=\"in\","
                                    "partition=\"9\"}"),
                   "not known yet");
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, what_a_restart_would_read_again_is_told_of_live_partitions)
{
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    fake_reset();
    fake.partitions[0].next_offset = 1000;
    fake.partitions[0].low_water = 400;
    fake.partitions[0].pages_written = 7;
    fake.partitions[1].next_offset = 1000;
    fake.partitions[1].low_water = 400;
    fake.partitions[1].restoring = true;
    write_page(&out, config);
    cr_expect(strstr(out.data,
                     "\nengaged_recovery_records{group=\"g-1\",topic=\"in\",partition=\"0\"} "
                     "600\n"));
    cr_expect(strstr(out.data, "\nengaged_recovery_records{group=\"g-1\",topic=\"in\","
                               "partition=\"1\"}") == NULL);
    cr_expect(strstr(out.data, "\nengaged_pages_written_total{group=\"g-1\",topic=\"in\","
                               "partition=\"0\"} 7\n"));
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, what_remains_of_a_restore_is_told)
{
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    fake_reset();
    fake.partitions[2].restoring = true;
    fake.partitions[2].restored_offset = 400;
    fake.partitions[2].restore_target = 1000;
    write_page(&out, config);
    cr_expect(
        strstr(out.data, "\nengaged_restoring{group=\"g-1\",topic=\"in\",partition=\"2\"} 1\n"));
    cr_expect(strstr(out.data, "\nengaged_restore_remaining_records{group=\"g-1\",topic=\"in\","
                               "partition=\"2\"} 600\n"));
    cr_expect(strstr(out.data, "\nengaged_restore_remaining_records{group=\"g-1\",topic=\"in\","
                               "partition=\"0\"} 0\n"));
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, label_values_are_escaped)
{
    struct eng_text out = {0};
    struct eng_config *config = load("in");
    char group[] = "a\"b\\c\nd";
    char *before = config->kafka.group;
    fake_reset();
    config->kafka.group = group;
    write_page(&out, config);
    exposition_read(out.data);
    cr_expect(strstr(out.data, "group=\"a\\\"b\\\\c\\nd\"") != NULL);
    config->kafka.group = before;
    eng_text_done(&out);
    eng_config_free(config);
}

Test(metrics, the_documentation_is_what_the_table_says)
{
    struct eng_text out = {0};
    eng_metrics_markdown(&out);
    char *file = read_file(ENGAGED_SOURCE_DIR "/docs/metrics.md");
    cr_expect_str_eq(file, out.data,
                     "docs/metrics.md differs: write `engaged help metrics` into it");
    free(file);
    eng_text_done(&out);
}

Test(metrics, every_family_of_the_page_is_documented)
{
    struct eng_text out = {0};
    struct eng_text document = {0};
    struct eng_config *config = load("in");
    fake_reset();
    write_page(&out, config);
    eng_metrics_markdown(&document);
    for (const char *at = out.data; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        char row[EXPOSITION_TEXT] = "\n| `";
        strncat(row, at + 7, strcspn(at + 7, " "));
        strcat(row, "` | ");
        cr_expect(strstr(document.data, row) != NULL, "%s", row);
    }
    eng_text_done(&out);
    eng_text_done(&document);
    eng_config_free(config);
}
