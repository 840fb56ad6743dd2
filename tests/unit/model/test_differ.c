/* Two configurations side by side: what they have otherwise, by name, and what a running process
 * can take up. */
#include "loading.h"
#include "model/differ.h"
#include "model/keys.h"

#define FIRST "program: p\nversion: 3\n"
#define MODEL                                                                                      \
    "measures: {logins: {count: a, over: 5d}}\n"                                                   \
    "scores: {engagement: {scale: 10, dimensions: {logins: {weight: 1, target: 4}},\n"             \
    "         bands: {low: 0, high: 5}}}\n"
#define INPUT "input: {topic: in}\n"

static struct eng_config *load(const char *text)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_config_load_text(text, strlen(text), "new.yaml", &config, &err), ENG_OK,
                 "%s\n%s", err.text, text);
    return config;
}

/* ---- settings ---- */

static bool names(const struct eng_differences *differences, const char *key, bool *ret_live)
{
    for (uint32_t i = 0; i < differences->count; i++)
        if (strcmp(differences->settings[i].key, key) == 0) {
            *ret_live = differences->settings[i].live;
            return true;
        }
    return false;
}

static void one_key(const struct eng_section *section, const struct eng_key *key)
{
    char text[2048], path[128];
    bool fields = section == &eng_section_fields, live = !key->live;
    struct eng_differences differences;
    snprintf(path, sizeof path, "%s.%s", section->path, key->name);
    snprintf(text, sizeof text, FIRST MODEL "%s: {%s%s: %s%s}\n", fields ? "input" : section->path,
             fields ? "fields: {" : "", key->name, key->sample, fields ? "}" : "");
    struct eng_config *before = load(FIRST MODEL), *after = load(text);
    eng_config_differ(before, after, &differences);
    cr_expect(names(&differences, path, &live), "%s is not seen to differ", path);
    cr_expect_eq(live, key->live, "%s", path);
    cr_expect(!differences.model, "%s", path);
    eng_config_differ(after, after, &differences);
    cr_expect_eq(differences.count, 0u, "%s differs from itself", path);
    eng_config_free(before);
    eng_config_free(after);
}

Test(differ, every_key_around_the_model_is_compared)
{
    static const struct eng_section *const sections[] = {
        &eng_section_input, &eng_section_fields,   &eng_section_kafka, &eng_section_output,
        &eng_section_run,   &eng_section_recovery, &eng_section_http};
    unsigned count = 0;
    setenv("HOSTNAME", "here", 1);
    setenv("ERASE_TOKEN", "sixteen-letters-long", 1);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        for (uint32_t j = 0; j < sections[i]->count; j++) {
            if (sections[i]->keys[j].type == ENG_KEY_SECTION)
                continue;
            one_key(sections[i], &sections[i]->keys[j]);
            count++;
        }
    for (uint32_t i = 0; i < eng_section_time.count; i++)
        if (eng_section_time.keys[i].type == ENG_KEY_ELAPSED) { /* the others are the model's */
            one_key(&eng_section_time, &eng_section_time.keys[i]);
            count++;
        }
    cr_expect_gt(count, 30u);
}

/* ---- what can follow ---- */

static void refused(enum eng_status (*may)(const struct eng_config *, const struct eng_config *,
                                           struct eng_error *),
                    const char *text, const char *wanted)
{
    struct eng_config *before = load(FIRST MODEL INPUT), *after = load(text);
    struct eng_error err = {0};
    cr_expect_eq(may(before, after, &err), ENG_BAD_CONFIG, "%s", text);
    cr_expect_str_eq(err.text, wanted);
    eng_config_free(before);
    eng_config_free(after);
}

static void taken_up(const char *before_text, const char *after_text)
{
    struct eng_config *before = load(before_text), *after = load(after_text);
    struct eng_error err = {0};
    cr_expect_eq(eng_config_takes_up(before, after, &err), ENG_OK, "%s\n%s", err.text, after_text);
    eng_config_free(before);
    eng_config_free(after);
}

Test(differ, S14_another_model_needs_a_greater_version_and_the_place_of_it_is_named)
{
    static const char other[] = "measures: {logins: {count: a, over: 6d}}\n"
                                "scores: {s: {scale: 10, dimensions: {logins: {weight: 1, target: "
                                "4}}, bands: {low: 0}}}\n";
    char text[1024];
    snprintf(text, sizeof text, "program: p\nversion: 3\n%s", other);
    refused(eng_config_follows, text,
            "new.yaml:2:1: `version` is 3 and was 3: a changed model needs a greater one; write 4 "
            "or more");
    refused(eng_config_follows, MODEL "program: p\n",
            "new.yaml:1:1: `version` is 1 and was 3: a changed model needs a greater one; write 4 "
            "or more");
    refused(eng_config_follows, "version: 4\nprogram: q\n" MODEL,
            "new.yaml:2:1: `program` is p and cannot become q with the counts that there are; keep "
            "p, or begin anew with another `kafka.group` and state topic");
    refused(eng_config_follows, "program: p\nversion: 4\ntime:\n  pane: 1h\n" MODEL,
            "new.yaml:4:3: `time.pane` is 1d and cannot become 1h with the counts that there are; "
            "keep 1d, or begin anew with another `kafka.group` and state topic");
    snprintf(text, sizeof text, "program: p\nversion: 4\n%s", other);
    taken_up(FIRST MODEL, text);
    taken_up(FIRST MODEL, "program: p\nversion: 4\n" MODEL);
    taken_up(FIRST MODEL, FIRST MODEL "# a remark\n");
}

Test(differ, a_version_alone_makes_no_other_model)
{
    struct eng_differences differences;
    struct eng_config *before = load(FIRST MODEL), *after = load("program: p\nversion: 4\n" MODEL);
    eng_config_differ(before, after, &differences);
    cr_expect(!differences.model);
    cr_expect_eq(eng_config_takes_up(before, after, NULL), ENG_OK);
    cr_expect_eq(eng_config_takes_up(after, before, NULL), ENG_BAD_CONFIG, "nor may it be smaller");
    eng_config_free(before);
    eng_config_free(after);
}

Test(differ, what_a_running_process_cannot_take_up_is_named_with_its_place)
{
    taken_up(FIRST MODEL INPUT, FIRST MODEL INPUT
             "run: {commit_interval: 1s, stop_deadline: 9s, on_change: silent}\n"
             "recovery: {records: 7, seconds: 8}\ntime: {future_skew: 1h, idle_after: 1h}\n");
    refused(eng_config_takes_up, FIRST MODEL "input:\n  topic: other\n",
            "new.yaml:7:3: input.topic needs a restart; so do output.score_changes, "
            "output.churn_drops, output.cell_changes, output.reports, output.awards, output.flags, "
            "output.source_silences, output.digests, output.groups, output.boards, "
            "output.dead_letters, "
            "output.erasures");
    refused(eng_config_takes_up, FIRST MODEL INPUT "run: {workers: 2}\n",
            "new.yaml:7:7: run.workers needs a restart");
    refused(eng_config_takes_up, FIRST MODEL INPUT "kafka:\n  client: {sasl.password: secret}\n",
            "new.yaml:8:3: kafka.client needs a restart");
    refused(eng_config_takes_up, FIRST MODEL INPUT "time: {dedup: 3d}\n",
            "new.yaml:2:1: `version` is 3 and was 3: a changed model needs a greater one; write 4 "
            "or more");
}

/* ---- entries ---- */

Test(differ, every_key_is_found_by_its_path_and_passwords_are_not_kept)
{
    struct eng_config *config =
        load("program: p\nmeasures:\n  m: {count: [a, \"b.*\"], over: 5d}\nscores:\n  s:\n"
             "    points: {a.b: 2}\n    over: 3d\n    bands: {low: 0}\n"
             "kafka: {client: {sasl.password: secret}}\n");
    char where[64];
    const struct eng_config_entry *entry = eng_config_entry(config, "measures.m.count");
    cr_assert_not_null(entry);
    cr_expect_str_eq(entry->value, "[a, b.*]");
    entry = eng_config_entry(config, "scores.s.points.a.b");
    cr_assert_not_null(entry);
    cr_expect_str_eq(entry->value, "2");
    cr_expect_eq(entry->line, 6u);
    cr_expect_eq(entry->column, 14u);
    entry = eng_config_entry(config, "kafka.client.sasl.password");
    cr_assert_not_null(entry);
    cr_expect_null(entry->value);
    eng_config_where(config, "scores.s.margin", where, sizeof where);
    cr_expect_str_eq(where, "new.yaml:5:3");
    eng_config_where(config, "time.zone", where, sizeof where);
    cr_expect_str_eq(where, "new.yaml:1:1");
    eng_config_free(config);
}

/* Nobody has looked for the topic of awards before. */
Test(differ, the_first_awards_need_a_restart)
{
#define PAID(version, points)                                                                      \
    "program: p\nversion: " version "\n" MODEL                                                     \
    "ledgers: {reward: {}}\nawards: {login: {when: x, points: " points ", to: reward}}\n"
    struct eng_config *none = load(FIRST MODEL INPUT), *some = load(PAID("4", "1") INPUT);
    struct eng_config *other = load(PAID("5", "2") INPUT);
    struct eng_error err = {0};
    cr_expect_eq(eng_config_takes_up(none, some, &err), ENG_BAD_CONFIG);
    cr_expect(strstr(err.text, "awards need a restart where there were none") != NULL, "%s",
              err.text);
    cr_expect(strstr(err.text, "output.awards") != NULL, "%s", err.text);
    cr_expect_eq(eng_config_takes_up(some, other, NULL), ENG_OK);
    eng_config_free(none);
    eng_config_free(some);
    eng_config_free(other);
}

/* Nor for those of groups, and nobody merges them. */
Test(differ, the_first_groups_need_a_restart)
{
#define GROUPED(version, every)                                                                    \
    "program: p\nversion: " version "\n" MODEL "groups: {all: {every: " every                      \
    ", figures: {f: {count: {score: engagement, bands: [low]}}}}}\n"
    struct eng_config *none = load(FIRST MODEL INPUT), *some = load(GROUPED("4", "month") INPUT);
    struct eng_config *other = load(GROUPED("5", "week") INPUT);
    struct eng_error err = {0};
    cr_expect_eq(eng_config_takes_up(none, some, &err), ENG_BAD_CONFIG);
    cr_expect(strstr(err.text, "groups need a restart where there were none") != NULL, "%s",
              err.text);
    cr_expect(strstr(err.text, "output.groups") != NULL, "%s", err.text);
    cr_expect_eq(eng_config_takes_up(some, other, NULL), ENG_OK);
    eng_config_free(none);
    eng_config_free(some);
    eng_config_free(other);
}

/* Nor for that of source silences. */
Test(differ, the_first_guards_need_a_restart)
{
#define GUARDED(version, below)                                                                    \
    "program: p\nversion: " version "\n" MODEL                                                     \
    "alerts: {silent: {silence: a, horizon: 5d}}\nguards: {own: {below: " below "}}\n"
    struct eng_config *none = load(FIRST MODEL INPUT), *some = load(GUARDED("4", "10%") INPUT);
    struct eng_config *other = load(GUARDED("5", "20%") INPUT);
    struct eng_error err = {0};
    cr_expect_eq(eng_config_takes_up(none, some, &err), ENG_BAD_CONFIG);
    cr_expect(strstr(err.text, "guards need a restart where there were none") != NULL, "%s",
              err.text);
    cr_expect(strstr(err.text, "output.source_silences") != NULL, "%s", err.text);
    cr_expect_eq(eng_config_takes_up(some, other, NULL), ENG_OK);
    eng_config_free(none);
    eng_config_free(some);
    eng_config_free(other);
}
