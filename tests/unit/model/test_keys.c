/* The tables of keys: every row accepts its sample and refuses what it should, with the place. */
#include "loading.h"
#include "model/keys.h"
#include "model/text.h"
#include <ctype.h>
#include <stdlib.h>

/* A good file around each section; @ stands for the key and its value, which replaces one of the
 * same name. */
struct frame {
    const struct eng_section *section;
    const char *text;
};

#define DIMENSIONS "dimensions: {logins: {weight: 1, target: 4}}"
#define MEASURES                                                                                   \
    "measures: {logins: {count: a, over: 5d}, revenue: {sum: value, of: b, over: 9d}}\n"
#define SCORES "scores: {engagement: {scale: 10, " DIMENSIONS ", bands: {low: 0, high: 5}}}\n"

#define CROSSED                                                                                    \
    "scores: {connection: {scale: 1, " DIMENSIONS ", bands: {red: 0, green: 1}}, activity: "       \
    "{scale: 10, " DIMENSIONS ", bands: {quiet: 0, active: 5}}}\n"
#define BOOKED(ledger)                                                                             \
    "ledgers: {" ledger ": {expires_after: 9d}}\n"                                                 \
    "awards: {w: {when: a, points: 1, to: " ledger "}}\n"

static const struct frame frames[] = {
    {&eng_section_file, "@\n"},
    {&eng_section_time, "program: p\ntime: {@}\n" MEASURES SCORES},
    {&eng_section_input, "program: p\ninput: {@}\n" MEASURES SCORES},
    {&eng_section_fields, "program: p\ninput: {fields: {@}}\n" MEASURES SCORES},
    {&eng_section_fact, "program: p\n" MEASURES SCORES "facts: {own: {@}}\n"},
    {&eng_section_measure,
     "program: p\n" MEASURES "scores: {engagement: {points: {a: 1}, over: 3d, bands: "
     "{low: 0}}}\nmeasures_of: {own: {@}}\n"},
    {&eng_section_score, "program: p\n" MEASURES "scores: {own: {@}}\n" BOOKED("score")},
    {&eng_section_dimension,
     "program: p\nmeasures: {logins: {count: [a, invoice.upload], over: 5d}, revenue: {sum: value, "
     "of: b, over: 9d}}\nscores: {s: {scale: 9, bands: {low: 0}, dimensions: {revenue: "
     "{weight: 1, target: 9}, logins: {@}}}}\n"},
    {&eng_section_points,
     "program: p\n" MEASURES "scores: {s: {points: {own: {@}}, over: 3d, bands: {low: 0}}}\n"},
    {&eng_section_decay,
     "program: p\nscores: {s: {points: {a: 1}, over: 30d, bands: {low: 0}, decay: {@}}}\n"},
    {&eng_section_edge, "program: p\n" MEASURES "scores: {s: {scale: 100, " DIMENSIONS
                        ", bands: {low: 0, high: {@}}}}\n"},
    {&eng_section_matrix, "program: p\n" MEASURES CROSSED "matrices: {own: {@}}\n"},
    {&eng_section_report, "program: p\n" MEASURES SCORES "reports: {own: {@}}\n"},
    {&eng_section_moment, "program: p\ntime: {pane: 1h}\n" MEASURES SCORES
                          "reports: {own: {of: [engagement], at: {@}}}\n"},
    {&eng_section_group, "program: p\n" MEASURES SCORES "groups: {own: {@}}\n"},
    {&eng_section_figure, "program: p\n" MEASURES SCORES "groups: {g: {figures: {own: {@}}}}\n"},
    {&eng_section_test,
     "program: p\n" MEASURES SCORES "groups: {g: {figures: {own: {share: {@}}}}}\n"},
    {&eng_section_board, "program: p\n" MEASURES SCORES "boards: {own: {@}}\n"},
    {&eng_section_alert,
     "program: p\n" MEASURES SCORES "alerts: {own: {@}}\n"
     "facts: {managed: {set: a}, tier: {set: b, from: t, values: [silver, gold]}}\n"},
    {&eng_section_guard,
     "program: p\n" MEASURES SCORES
     "alerts: {own: {silence: [invoice.upload, \"training.*\"], horizon: 45d}}\n"
     "guards: {own: {@}}\n"},
    {&eng_section_budget, "program: p\ntime: {pane: 1h}\n" MEASURES SCORES
                          "alerts: {own: {silence: a, horizon: 45d}}\nbudgets: {own: {@}}\n"},
    {&eng_section_quiet, "program: p\ntime: {pane: 1h}\n" MEASURES SCORES
                         "alerts: {own: {silence: a, horizon: 45d}}\nquiet: {own: {@}}\n"},
    {&eng_section_check, "program: p\n" MEASURES SCORES "checks: {own: {@}}\n"},
    {&eng_section_ledger, "program: p\n" MEASURES SCORES
                          "ledgers: {own: {@}}\nawards: {w: {when: a, points: 1, to: own}}\n"},
    {&eng_section_award, "program: p\n" MEASURES SCORES "ledgers: {reward: {}, score: {}}\n"
                         "awards: {w: {when: a, points: 1, to: [reward, score]}, own: {@}}\n"},
    {&eng_section_nth, "program: p\n" MEASURES SCORES "ledgers: {r: {}}\n"
                       "awards: {own: {when: a, points: 1, to: r, nth: {@}}}\n"},
    {&eng_section_within, "program: p\n" MEASURES SCORES "ledgers: {r: {}}\n"
                          "awards: {own: {when: a, points: 1, to: r, within: {@}}}\n"},
    {&eng_section_pending, "program: p\n" MEASURES SCORES "ledgers: {r: {}}\n"
                           "awards: {own: {when: a, points: 1, to: r, pending: {@}}}\n"},
    {&eng_section_held, "program: p\ntime: {late_after: 30000d}\n" MEASURES SCORES
                        "checks: {own: {unique: n, of: a, over: 3d, then: hold, held: {@}}}\n"},
    {&eng_section_streak, "program: p\n" MEASURES SCORES "ledgers: {r: {}}\n"
                          "awards: {own: {when: a, points: 1, to: r, streak: {@}}}\n"},
    {&eng_section_kafka, "program: p\nkafka: {@}\n" MEASURES SCORES},
    {&eng_section_output, "program: p\noutput: {@}\n" MEASURES SCORES},
    {&eng_section_run, "program: p\nrun: {@}\n" MEASURES SCORES},
    {&eng_section_recovery, "program: p\nrecovery: {@}\n" MEASURES SCORES},
    {&eng_section_http, "program: p\nhttp: {@}\n" MEASURES SCORES},
};

enum { FRAMES = sizeof frames / sizeof frames[0], TEXT_BYTES = 4096 };

/* What has to stand beside a key for the whole to be good; NULL rows end a list. */
struct company {
    const struct eng_section *section;
    const char *key;
    const char *beside;
};

static const struct company companies[] = {
    {&eng_section_file, "program", MEASURES SCORES},
    {&eng_section_file, "measures",
     "program: p\nscores: {s: {points: {a: 1}, over: 3d, bands: {low: 0}}}"},
    {&eng_section_file, "scores", "program: p\n" MEASURES},
    {&eng_section_file, "alerts", "program: p\n" MEASURES},
    {&eng_section_file, "matrices",
     "program: p\n" MEASURES "scores: {engagement: {scale: 10, " DIMENSIONS
     ", bands: {low: 0, high: 5}}, activity: {points: {a: 1}, over: 3d, bands: {low: 0, high: "
     "5}}}"},
    {&eng_section_file, "guards",
     "program: p\n" MEASURES SCORES "alerts: {own: {silence: invoice.upload, horizon: 45d}}\n"},
    {&eng_section_file, "quiet",
     "program: p\n" MEASURES SCORES "alerts: {own: {silence: a, horizon: 45d}}\n"},
    {&eng_section_guard, "where", "silence: invoice.upload"},
    {&eng_section_file, "budgets",
     "program: p\n" MEASURES SCORES "alerts: {own: {silence: a, horizon: 45d}}\n"},
    {&eng_section_budget, "at_most", "rank: engagement"},
    {&eng_section_budget, "rank", "at_most: 5"},
    {&eng_section_budget, NULL, "at_most: 5, rank: engagement"},
    {&eng_section_quiet, "from", "to: 9"},
    {&eng_section_quiet, "to", "from: 9"},
    {&eng_section_quiet, "alerts", "days: [3]"},
    {&eng_section_guard, "settle", "at_most: 30000d"},
    {&eng_section_file, "ledgers",
     "program: p\n" MEASURES SCORES "awards: {w: {when: a, points: 1, to: reward}}"},
    {&eng_section_file, "awards", "program: p\n" MEASURES SCORES "ledgers: {reward: {}}"},
    {&eng_section_file, NULL, "program: p\n" MEASURES SCORES},
    {&eng_section_fact, "set", "valid_for: 3d"},
    {&eng_section_fact, "values", "set: b, from: tier"},
    {&eng_section_fact, "text", "set: b, from: tier"},
    {&eng_section_fact, NULL, "set: b"},
    {&eng_section_measure, "sum", "of: a, over: 3d"},
    {&eng_section_measure, "last", "of: a, over: 3d"},
    {&eng_section_measure, "streak", ""},
    {&eng_section_measure, "state", "until: off"},
    {&eng_section_measure, "ratio", ""},
    {&eng_section_measure, "fact", ""},
    {&eng_section_measure, "since", "over: 3d"},
    {&eng_section_measure, "balance", ""},
    {&eng_section_measure, "expired", ""},
    {&eng_section_measure, "of", "sum: value, over: 3d"},
    {&eng_section_measure, "until", "state: on"},
    {&eng_section_measure, "over", "count: a"},
    {&eng_section_measure, "ago", "count: a, over: 3d"},
    {&eng_section_measure, "where", "count: a, over: 3d"},
    {&eng_section_measure, NULL, "over: 3d"},
    {&eng_section_score, "scale", DIMENSIONS ", bands: {low: 0}"},
    {&eng_section_score, "dimensions", "scale: 10, bands: {low: 0}"},
    {&eng_section_score, "points", "over: 3d, bands: {low: 0}"},
    {&eng_section_score, "decay", "points: {a: 1}, over: 3d, bands: {low: 0}"},
    {&eng_section_decay, "step", "every: 5d"},
    {&eng_section_decay, "every", "step: 25%"},
    {&eng_section_score, "ledger", "over: 3d, bands: {low: 0}"},
    {&eng_section_score, "over", "points: {a: 1}, bands: {low: 0}"},
    {&eng_section_score, "bands", "scale: 10, " DIMENSIONS},
    {&eng_section_score, "tiers", "points: {a: 1}, over: month"},
    {&eng_section_score, "grace", "points: {a: 1}, over: quarter, tiers: {low: 0, high: 5}"},
    {&eng_section_score, NULL, "scale: 10, " DIMENSIONS ", bands: {low: 0}"},
    {&eng_section_dimension, "weight", "target: 4"},
    {&eng_section_dimension, "steps", "weight: 1"},
    {&eng_section_dimension, "target", "weight: 1"},
    {&eng_section_dimension, "effort", "weight: 1, target: 4, action: a"},
    {&eng_section_dimension, "action", "weight: 1, target: 4, effort: 1"},
    {&eng_section_dimension, "each", "weight: 1, target: 4, effort: 1, measure: revenue"},
    {&eng_section_dimension, NULL, "weight: 1, target: 4"},
    {&eng_section_points, "points", "of: a"},
    {&eng_section_points, "action", "points: 1, effort: 1, of: [a, invoice.upload]"},
    {&eng_section_points, NULL, "points: 1"},
    {&eng_section_matrix, "rows", "columns: activity"},
    {&eng_section_matrix, "columns", "rows: connection"},
    {&eng_section_matrix, NULL, "rows: connection, columns: activity"},
    {&eng_section_report, "of", ""},
    {&eng_section_report, NULL, "of: [engagement]"},
    {&eng_section_board, "of", ""},
    {&eng_section_board, NULL, "of: engagement"},
    {&eng_section_group, "figures", ""},
    {&eng_section_group, NULL, "figures: {n: {count: {measure: logins}}}"},
    {&eng_section_figure, "of", "share: {measure: logins}"},
    {&eng_section_figure, NULL, ""},
    {&eng_section_test, "measure", ""},
    {&eng_section_test, "at_least", "measure: logins"},
    {&eng_section_test, "score", "bands: [high]"},
    {&eng_section_test, "bands", "score: engagement"},
    {&eng_section_test, "moved", "score: engagement"},
    {&eng_section_alert, "score", "falls_to: low"},
    {&eng_section_alert, "falls_to", "score: engagement"},
    {&eng_section_alert, "rises_to", "score: engagement"},
    {&eng_section_alert, "below", "score: engagement"},
    {&eng_section_alert, "above", "score: engagement"},
    {&eng_section_alert, "near", "score: engagement, by: 0.5"},
    {&eng_section_alert, "by", "score: engagement, near: high"},
    {&eng_section_alert, "while_provisional", "score: engagement, falls_to: low"},
    {&eng_section_alert, "hold_out", "score: engagement, falls_to: low"},
    {&eng_section_alert, "salt", "score: engagement, falls_to: low, hold_out: 10%"},
    {&eng_section_alert, "after", "expects: b, within: 7d"},
    {&eng_section_alert, "expects", "after: a, within: 7d"},
    {&eng_section_alert, "remind", "after: a, expects: b, within: 30000d"},
    {&eng_section_alert, "tell_met", "after: a, expects: b, within: 7d"},
    {&eng_section_alert, "margin", "score: engagement, below: 3"},
    {&eng_section_alert, "drop", "score: engagement, within: 3d"},
    {&eng_section_alert, "within", "score: engagement, drop: 2"},
    {&eng_section_alert, "forecast", "score: engagement, drop: 2, within: 3d"},
    {&eng_section_alert, "silence", "horizon: 9d"},
    {&eng_section_alert, "horizon", "silence: a"},
    {&eng_section_alert, "cooldown", "score: engagement, falls_to: low"},
    {&eng_section_alert, NULL, "silence: a, horizon: 30d"},
    {&eng_section_check, "needs", "of: a, over: 3d"},
    {&eng_section_check, "ratio", "of: a, above: 2"},
    {&eng_section_check, "above", "of: a, ratio: [revenue, logins]"},
    {&eng_section_check, "unique", "of: a, over: 3d"},
    {&eng_section_check, "anywhere", "unique: number, of: a, over: 3d"},
    {&eng_section_check, "more_than", "of: a, over: 3d"},
    {&eng_section_check, "of", "more_than: 5, over: 3d"},
    {&eng_section_check, "over", "more_than: 5, of: a"},
    {&eng_section_check, "held", "unique: n, of: a, over: 3d, then: hold"},
    {&eng_section_check, NULL, "more_than: 5, of: a, over: 3d"},
    {&eng_section_ledger, "cap", "per: month"},
    {&eng_section_ledger, "per", "cap: 100"},
    {&eng_section_award, "when", "points: 1, to: reward"},
    {&eng_section_award, "points", "when: a, to: reward"},
    {&eng_section_award, "to", "when: a, points: 1"},
    {&eng_section_award, "rate", "when: a, points: value, to: reward"},
    {&eng_section_award, "reverses", "when: a, points: 1, to: reward, reversed_by: b"},
    {&eng_section_award, "reversible_for", "when: a, points: 1, to: reward, reversed_by: b"},
    {&eng_section_award, NULL, "when: a, points: 1, to: reward"},
    {&eng_section_nth, "n", "per: week"},
    {&eng_section_nth, "per", "n: 5"},
    {&eng_section_held, "until", "for: 3d"},
    {&eng_section_held, "dropped_by", "for: 3d"},
    {&eng_section_held, "for", "until: b"},
    {&eng_section_held, NULL, "until: b, for: 3d"},
    {&eng_section_pending, "dropped_by", "until: b"},
    {&eng_section_pending, "reference", "until: b"},
    {&eng_section_pending, "for", "until: b"},
    {&eng_section_within, "days", "of: b"},
    {&eng_section_within, "of", "days: 7d"},
    {&eng_section_streak, "per", "n: 5"},
    {NULL, NULL, NULL},
};

static const char *beside(const struct eng_section *section, const char *key)
{
    for (const struct company *row = companies; row->section != NULL; row++)
        if (row->section == section && (row->key == NULL || strcmp(row->key, key) == 0))
            return row->beside;
    return "";
}

/* The frame's text with "key: value" in place. Returns the value's column in its line, *line too.
 */
static int fill(const struct eng_section *section, const struct eng_key *key, const char *value,
                char *text, int *ret_line)
{
    const char *frame = NULL;
    char entry[TEXT_BYTES / 2];
    for (int i = 0; i < FRAMES; i++)
        frame = frames[i].section == section ? frames[i].text : frame;
    cr_assert_not_null(frame, "no frame for %s", section->path);
    bool file = section == &eng_section_file, measure = section == &eng_section_measure;
    const char *company = beside(section, key->name);
    if (section == &eng_section_check && strcmp(value, "hold") == 0)
        company = "unique: n, of: a, over: 3d, held: {until: b, for: 3d}";
    (void)snprintf(entry, sizeof entry, "%s: %s%s%s", key->name, value,
                   file                 ? "\n"
                   : company[0] != '\0' ? ", "
                                        : "",
                   company);
    const char *at = strchr(frame, '@');
    (void)snprintf(text, TEXT_BYTES, "%.*s%s%s", (int)(at - frame), frame, entry, at + 1);
    if (measure) /* a second mapping of measures would stand twice: put the new one first */
        (void)snprintf(
            text, TEXT_BYTES,
            "program: p\nmeasures: {own: {%s}, redeemed: {count: a, over: 3d}, earned: {count: b, "
            "over: 3d}}\nfacts: {certified: {set: a}}\ntime: {late_after: 9d}\nscores: {s: "
            "{points: {a: 1}, over: 3d, bands: "
            "{low: 0}}}\n" BOOKED("reward"),
            entry);
    const char *place = strstr(text, entry) + strlen(key->name) + 2, *line = text;
    *ret_line = 1;
    for (const char *c = text; c < place; c++)
        if (*c == '\n') {
            line = c + 1;
            ++*ret_line;
        }
    return (int)(place - line) + 1;
}

static void expect_good(const struct eng_section *section, const struct eng_key *key,
                        const char *value)
{
    char text[TEXT_BYTES];
    int line = 0;
    (void)fill(section, key, value, text, &line);
    eng_config_free(load_good(text));
}

static void expect_bad(const struct eng_section *section, const struct eng_key *key,
                       const char *value)
{
    char text[TEXT_BYTES], place[64];
    int line = 0, column = fill(section, key, value, text, &line);
    (void)snprintf(place, sizeof place, "f.yaml:%d:%d: ", line, column);
    expect_refused(text, place);
}

/* Calls for every row of every table. */
static void for_each_key(void (*visit)(const struct eng_section *, const struct eng_key *))
{
    int rows = 0;
    for (int i = 0; eng_sections[i] != NULL; i++)
        for (uint32_t j = 0; j < eng_sections[i]->count; j++, rows++)
            visit(eng_sections[i], &eng_sections[i]->keys[j]);
    cr_assert_gt(rows, 80);
}

static void visit_sample(const struct eng_section *section, const struct eng_key *key)
{
    cr_assert_not_null(key->sample, "%s.%s", section->path, key->name);
    expect_good(section, key, key->sample);
}

Test(keys, every_key_takes_its_own_sample)
{
    cr_assert_eq(setenv("HOSTNAME", "host-1", 1), 0);
    cr_assert_eq(setenv("ERASE_TOKEN", "0123456789abcdef", 1), 0);
    for_each_key(visit_sample);
}

static void visit_fallback(const struct eng_section *section, const struct eng_key *key)
{
    if (key->fallback != NULL)
        expect_good(section, key, key->fallback);
    cr_assert(key->required || key->fallback != NULL || key->absent != NULL ||
                  section == &eng_section_measure || section == &eng_section_edge ||
                  section == &eng_section_alert,
              "%s.%s does not say what holds without it", section->path, key->name);
}

Test(keys, every_default_can_be_written_out)
{
    for_each_key(visit_fallback);
}

static void visit_wrong_type(const struct eng_section *section, const struct eng_key *key)
{
    if (key->type != ENG_KEY_PAIRS && key->type != ENG_KEY_ACTIONS && key->type != ENG_KEY_NAMES &&
        key->type != ENG_KEY_SOME)
        expect_bad(section, key, "[1, 2]");
    if (key->type != ENG_KEY_SECTION && key->type != ENG_KEY_MAP)
        expect_bad(section, key, "{a: 1}");
    if (key->type == ENG_KEY_SECTION || key->type == ENG_KEY_MAP || key->type == ENG_KEY_PAIRS ||
        key->type == ENG_KEY_NAMES)
        expect_bad(section, key, "word");
    if (key->type != ENG_KEY_SECTION && key->type != ENG_KEY_MAP)
        expect_bad(section, key, "\"\"");
}

Test(keys, every_key_refuses_what_is_of_another_type)
{
    for_each_key(visit_wrong_type);
}

static void visit_number(const struct eng_section *section, const struct eng_key *key)
{
    char value[64], shown[ENG_TEXT_SHOWN_BYTES];
    if (key->type != ENG_KEY_NUMBER && key->type != ENG_KEY_CHOSEN)
        return;
    expect_bad(section, key, "many");
    expect_bad(section, key, "\"5\"");
    expect_bad(section, key, ".nan");
    expect_bad(section, key,
               eng_text_show_number(shown, sizeof shown, key->min - 1, key->decimals));
    expect_bad(section, key,
               eng_text_show_number(shown, sizeof shown, key->max + 1, key->decimals));
    (void)snprintf(value, sizeof value, "1.%0*d", key->decimals + 1, 1);
    expect_bad(section, key, value);
}

static void visit_portion(const struct eng_section *section, const struct eng_key *key)
{
    if (key->type != ENG_KEY_PORTION)
        return;
    static const char *const bad[] = {"many", "\"5\"",   "0",  "0%",     "100.01%",
                                      "-1%",  "25.125%", "x%", "\"5%\"", "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_bad(section, key, bad[i]);
    expect_good(section, key, "0.01%");
    expect_good(section, key, "100%");
}

Test(keys, every_portion_is_a_number_or_a_part_of_the_whole)
{
    for_each_key(visit_portion);
}

Test(keys, every_number_refuses_too_small_too_large_and_too_fine)
{
    for_each_key(visit_number);
}

static void visit_duration(const struct eng_section *section, const struct eng_key *key)
{
    char shown[ENG_TEXT_SHOWN_BYTES];
    if (key->type == ENG_KEY_ELAPSED || key->type == ENG_KEY_PANES || key->type == ENG_KEY_WINDOW) {
        expect_bad(section, key, "30");
        expect_bad(section, key, "1.5d");
        expect_bad(section, key, "-1d");
        expect_bad(section, key, "99999d");
    }
    if (key->type == ENG_KEY_PANES || key->type == ENG_KEY_WINDOW)
        expect_bad(section, key, "36h");
    if ((key->type == ENG_KEY_PANES && key->min > 0) || key->type == ENG_KEY_WINDOW)
        expect_bad(section, key, "0d");
    if (key->type != ENG_KEY_ELAPSED)
        return;
    expect_good(section, key, eng_text_show_duration(shown, sizeof shown, key->max));
    expect_bad(section, key, eng_text_show_duration(shown, sizeof shown, key->max + 1));
    if (key->min > 0)
        expect_bad(section, key, eng_text_show_duration(shown, sizeof shown, key->min - 1));
}

Test(keys, every_duration_refuses_what_is_outside_or_no_whole_panes)
{
    for_each_key(visit_duration);
}

static void visit_choice(const struct eng_section *section, const struct eng_key *key)
{
    if (key->type == ENG_KEY_SWITCH)
        expect_bad(section, key, "yes");
    if (key->type != ENG_KEY_CHOICE)
        return;
    for (const struct eng_choice *choice = key->choices; choice->word != NULL; choice++) {
        expect_good(section, key, choice->word);
        cr_assert_not_null(strstr(key->shape, choice->word), "%s does not name %s", key->shape,
                           choice->word);
    }
    expect_bad(section, key, "neither");
}

Test(keys, every_choice_takes_its_words_and_no_other)
{
    for_each_key(visit_choice);
}

static void visit_topic(const struct eng_section *section, const struct eng_key *key)
{
    if (key->type != ENG_KEY_TOPIC)
        return;
    expect_bad(section, key, "a/b");
    expect_bad(section, key, "a b");
    expect_bad(section, key, "..");
    expect_bad(section, key, "\"${env:NOT_SET_ANYWHERE}\"");
}

Test(keys, every_topic_refuses_names_that_kafka_does_not_allow)
{
    for_each_key(visit_topic);
}

static void visit_path(const struct eng_section *section, const struct eng_key *key)
{
    if (key->type != ENG_KEY_PATH)
        return;
    expect_bad(section, key, ".a");
    expect_bad(section, key, "a.");
    expect_bad(section, key, "a..b");
    expect_bad(section, key, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q");
}

Test(keys, every_path_refuses_empty_parts_and_too_many)
{
    for_each_key(visit_path);
}

static void visit_help(const struct eng_section *section, const struct eng_key *key)
{
    size_t length = strlen(key->help);
    cr_assert(length > 5 && key->help[length - 1] == '.' && !islower((unsigned char)key->help[0]),
              "%s.%s is not explained in a sentence", section->path, key->name);
    cr_assert_null(strpbrk(key->help, "\n|"));
}

Test(keys, every_key_is_explained_in_sentences)
{
    for_each_key(visit_help);
}

/* With ENGAGED_REGENERATE set in the environment the page is written instead of compared. */
Test(keys, the_page_of_all_keys_is_up_to_date)
{
    static const char path[] = ENGAGED_SOURCE_DIR "/docs/configuration.md";
    char *text = NULL;
    cr_assert_eq(eng_keys_document(&text), ENG_OK);
    size_t length = strlen(text);
    bool write = getenv("ENGAGED_REGENERATE") != NULL;
    FILE *file = fopen(path, write ? "wb" : "rb");
    cr_assert_not_null(file, "%s", path);
    if (write) {
        cr_assert_eq(fwrite(text, 1, length, file), length);
    } else {
        char *page = malloc(length + 2);
        cr_assert_not_null(page);
        size_t used = fread(page, 1, length + 1, file);
        cr_assert(used == length && memcmp(page, text, length) == 0,
                  "docs/configuration.md is old; run this test with ENGAGED_REGENERATE=1");
        free(page);
    }
    cr_assert_eq(fclose(file), 0);
    eng_free(text);
}
