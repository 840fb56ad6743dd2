/* From a checked file to the compiled model that the engine reads. */
#include "loading.h"
#include <stdlib.h>

static unsigned action(const struct eng_model *model, const char *text)
{
    return eng_model_action(model, (struct eng_slice){text, (uint32_t)strlen(text)});
}

/* Whether events with this action count for a set. */
static bool counts(const struct eng_model *model, const struct eng_action_set *set,
                   const char *text)
{
    unsigned entry = action(model, text);
    return entry != ENG_ACTION_NONE && eng_action_set_has(set, entry);
}

Test(model, an_action_belongs_to_its_name_else_to_the_longest_family)
{
    struct eng_config *config = load_good("program: p\nscores: {s: {points: {\"a.*\": 1, a.b: 2, "
                                          "\"a.b.*\": 3, c: 4}, over: 3d, bands: {low: 0}}}\n");
    const struct eng_model *model = config->model;
    cr_assert_eq(model->action_count, 4);
    cr_assert_eq(action(model, "a.b"), 1, "its own entry");
    cr_assert_eq(action(model, "a.x"), 0);
    cr_assert_eq(action(model, "a.b.c"), 2, "the longest family");
    cr_assert_eq(action(model, "c"), 3);
    cr_assert_eq(action(model, "a"), ENG_ACTION_NONE, "a family does not hold its own name");
    cr_assert_eq(action(model, "ab"), ENG_ACTION_NONE);
    cr_assert_eq(action(model, "cc"), ENG_ACTION_NONE);
    cr_assert_eq(action(model, "C"), ENG_ACTION_NONE, "capitals count");
    eng_config_free(config);
}

Test(model, a_family_counts_all_exact_names_and_longer_families_below_it)
{
    struct eng_config *config = load_good(
        "program: p\nmeasures: {all: {count: \"a.*\", over: 3d}, one: {count: a.b, over: 3d}, "
        "deep: {count: "
        "\"a.b.*\", over: 3d}, two: {count: [c, \"a.b.*\"], over: 3d}}\n"
        "scores: {s: {scale: 1, dimensions: {all: {weight: 1, target: 1}}, bands: {low: 0}}}\n");
    const struct eng_model *model = config->model;
    const struct eng_measure *measures = model->measures;
    static const char *const rows[][5] = {/* action, then whether all, one, deep, two count it */
                                          {"a.x", "1", "0", "0", "0"},
                                          {"a.b", "1", "1", "0", "0"},
                                          {"a.b.c", "1", "0", "1", "1"},
                                          {"c", "0", "0", "0", "1"},
                                          {"d", "0", "0", "0", "0"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int m = 0; m < 4; m++)
            cr_assert_eq(counts(model, &measures[m].actions, rows[i][0]), rows[i][m + 1][0] == '1',
                         "%s for %s", rows[i][0], measures[m].name);
    eng_config_free(config);
}

Test(model, a_name_that_ends_with_a_dot_is_no_family)
{
    struct eng_config *config = load_good(
        "program: p\nmeasures: {name: {count: a., over: 3d}, family: {count: \"a.*\", over: 3d}}\n"
        "scores: {s: {scale: 1, dimensions: {name: {weight: 1, target: 1}}, bands: {low: 0}}}\n");
    const struct eng_measure *measures = config->model->measures;
    cr_assert_not(counts(config->model, &measures[0].actions, "a.x"));
    cr_assert(counts(config->model, &measures[1].actions, "a.x"));
    cr_assert(counts(config->model, &measures[0].actions, "a."));
    cr_assert(counts(config->model, &measures[1].actions, "a."));
    eng_config_free(config);
}

Test(model, every_kind_of_measure_is_compiled)
{
    struct eng_config *config =
        load_good("program: p\n"
                  "measures:\n"
                  "  logins:     {count: platform.login, over: 30d}\n"
                  "  training:   {count: [\"training.*\", quiz.pass], over: week}\n"
                  "  revenue:    {sum: value, of: invoice.upload, over: 90d}\n"
                  "  login_days: {active: platform.login, over: month}\n"
                  "  people:     {members: platform.login, over: quarter}\n"
                  "  nps:        {last: value, of: survey.nps, over: 90d}\n"
                  "  streak:     {streak: platform.login}\n"
                  "  social:     {state: social.connect, until: social.disconnect}\n"
                  "  ever:       {count: training.complete, over: life}\n"
                  "  depth:      {ratio: [revenue, later]}\n"
                  "  later:      {active: x, over: 7d, ago: 14d}\n"
                  "  idle:       {since: platform.login, over: life}\n"
                  "alerts: {z: {silence: a, horizon: 9d}}\n");
    static const struct {
        const char *name;
        enum eng_measure_kind kind;
        enum eng_window_kind window;
        uint32_t panes;
    } rows[] = {{"logins", ENG_COUNT, ENG_WINDOW_ROLLING, 30},
                {"training", ENG_COUNT, ENG_WINDOW_WEEK, 0},
                {"revenue", ENG_SUM, ENG_WINDOW_ROLLING, 90},
                {"login_days", ENG_ACTIVE, ENG_WINDOW_MONTH, 0},
                {"people", ENG_MEMBERS, ENG_WINDOW_QUARTER, 0},
                {"nps", ENG_LAST, ENG_WINDOW_ROLLING, 90},
                {"streak", ENG_STREAK, ENG_WINDOW_NONE, 0},
                {"social", ENG_STATE, ENG_WINDOW_NONE, 0},
                {"ever", ENG_COUNT, ENG_WINDOW_LIFE, 0},
                {"depth", ENG_RATIO, ENG_WINDOW_NONE, 0},
                {"later", ENG_ACTIVE, ENG_WINDOW_ROLLING, 7},
                {"idle", ENG_SINCE, ENG_WINDOW_LIFE, 0}};
    const struct eng_model *model = config->model;
    cr_assert_eq(model->named_measure_count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct eng_measure *measure = &model->measures[i];
        cr_assert_str_eq(measure->name, rows[i].name);
        cr_assert_eq(measure->kind, rows[i].kind, "%s", rows[i].name);
        cr_assert_eq(measure->window, rows[i].window, "%s", rows[i].name);
        cr_assert_eq(measure->panes, rows[i].panes, "%s", rows[i].name);
    }
    cr_assert(counts(model, &model->measures[7].until, "social.disconnect"));
    cr_assert_not(counts(model, &model->measures[7].actions, "social.disconnect"));
    cr_assert(counts(model, &model->measures[2].actions, "invoice.upload"));
    cr_assert_eq(model->measures[10].ago, 14);
    cr_assert_eq(model->measures[9].parts[0], 2);
    cr_assert_eq(model->measures[9].parts[1], 10, "it may stand behind the ratio");
    eng_config_free(config);
}

Test(model, facts_are_kept_by_measures_behind_those_of_the_file)
{
    struct eng_config *config = load_good(
        "program: p\n"
        "facts:\n"
        "  certified: {set: exam.passed, cleared: exam.revoked, valid_for: 92d}\n"
        "  tier:      {set: \"partner.*\", from: tier, values: [gold, bronze], where: {ok: y}}\n"
        "  grade:     {set: checkin, from: grade}\n"
        "  last.deal: {set: deal, from: value}\n"
        "measures:\n"
        "  sure: {fact: certified}\n"
        "  gold: {fact: tier.gold}\n"
        "  per:  {ratio: [deal, gold]}\n"
        "  deal: {fact: last.deal}\n"
        "scores: {s: {points: {x: 1}, over: 9d, bands: {low: 0}}}\n");
    const struct eng_model *model = config->model;
    cr_assert_eq(model->fact_count, 4);
    cr_assert_eq(model->named_measure_count, 4);
    cr_assert_eq(model->measure_count, 9, "a measure for each fact, and one for the points");
    for (uint32_t i = 0; i < 4; i++) {
        cr_assert_eq(model->facts[i].measure, 4 + i);
        cr_assert_eq(model->measures[4 + i].kind, ENG_FACT);
        cr_assert_eq(model->measures[4 + i].fact, i);
        cr_assert_null(model->measures[4 + i].name);
    }
    const struct eng_fact *tier = &model->facts[1];
    cr_assert_eq(model->facts[0].kind, ENG_FACT_FLAG);
    cr_assert_eq(model->facts[0].valid_ms, 92 * 86400000LL);
    cr_assert_eq(tier->kind, ENG_FACT_CHOICE);
    cr_assert_eq(tier->option_count, 2);
    cr_assert_str_eq(model->attributes[tier->attribute], "tier");
    cr_assert_eq(memcmp(tier->options[0].data, "gold", 4), 0, "in file order");
    cr_assert_eq(model->facts[2].kind, ENG_FACT_NUMBER);
    cr_assert_eq(model->facts[3].attribute, ENG_FROM_VALUE);
    cr_assert(counts(model, &model->measures[4].until, "exam.revoked"));
    cr_assert_eq(model->measures[1].parts[0], 5);
    cr_assert_eq(model->measures[1].option, 1);
    cr_assert_eq(model->measures[3].fact, 3, "a fact's name may hold dots");
    cr_assert(eng_measure_rests_on(model, 2, 7) && eng_measure_rests_on(model, 2, 5));
    cr_assert_not(eng_measure_rests_on(model, 2, 4));
    eng_config_free(config);
}

Test(model, S8_weights_targets_and_edges_are_exact_ten_thousandths)
{
    struct eng_config *config =
        load_good(HEAD "scores: {s: {scale: 9.9999, margin: 0.3, tell_every: 0.0001, dwell: 36h, "
                       "bands: {low: 0, high: {above: 7.5}},\n"
                       "  dimensions: {m: {weight: 0.1, target: 1.1}, deep: {weight: 0.2, measure: "
                       "n, missing: skip, steps: [[-1.5, "
                       "0.2], [1e3, 1]]}}}}\n");
    const struct eng_score *score = &config->model->scores[0];
    cr_assert_eq(score->scale_e4, 99999);
    cr_assert_eq(score->margin_e4, 3000);
    cr_assert_eq(score->tell_every_e4, 1);
    cr_assert_eq(score->dwell_ms, 36 * 3600000LL);
    cr_assert_eq(score->weight_sum_e4, 3000);
    cr_assert_eq(score->dimensions[0].target_e4, 11000);
    cr_assert_not(score->dimensions[0].skip);
    const struct eng_dimension *deep = &score->dimensions[1];
    cr_assert(deep->skip);
    cr_assert_eq(deep->measure, 1);
    cr_assert_eq(deep->target_e4, 0);
    cr_assert_eq(deep->step_count, 2);
    cr_assert_eq(deep->steps[0].x_e4, -15000);
    cr_assert_eq(deep->steps[0].y_e4, 2000);
    cr_assert_eq(deep->steps[1].x_e4, 10000000);
    cr_assert_eq(score->bands[1].edge_e4, 75000);
    cr_assert(score->bands[1].above);
    cr_assert_not(score->bands[0].above);
    eng_config_free(config);
}

Test(model, a_points_key_is_a_hidden_count_over_the_window_of_its_score)
{
    struct eng_config *config = load_good(
        HEAD "scores: {s: {points: {x: 1, \"x.*\": -0.5}, over: 7d, bands: {low: 0, high: 1}}}\n");
    const struct eng_model *model = config->model;
    cr_assert_eq(model->named_measure_count, 2);
    cr_assert_eq(model->measure_count, 4);
    const struct eng_score *score = &model->scores[0];
    cr_assert(score->points);
    cr_assert_str_eq(score->dimensions[1].name, "x.*");
    cr_assert_eq(score->dimensions[0].points_e4, 10000);
    cr_assert_eq(score->dimensions[1].points_e4, -5000);
    cr_assert_eq(score->dimensions[1].measure, 3);
    cr_assert_null(model->measures[3].name);
    cr_assert_eq(model->measures[3].kind, ENG_COUNT);
    cr_assert_eq(model->measures[3].panes, 7);
    eng_config_free(config);
}

/* late_after of a file with these measures, a pane and a score over m. */
static uint32_t late_after(const char *measures, const char *time)
{
    char text[700];
    (void)snprintf(
        text, sizeof text,
        "program: p\ntime: {%s}\nmeasures: {%s}\nalerts: {z: {silence: x, horizon: 300d}}\n", time,
        measures);
    struct eng_config *config = load_good(text);
    uint32_t panes = config->model->late_after;
    eng_config_free(config);
    return panes;
}

Test(model, S4_late_after_is_the_longest_rolling_or_calendar_window_unless_it_is_said)
{
    cr_assert_eq(late_after("a: {count: x, over: 5d}, b: {count: x, over: 40d}", ""), 40);
    cr_assert_eq(late_after("a: {count: x, over: 5d}, b: {count: x, over: week}", ""), 7);
    cr_assert_eq(late_after("a: {count: x, over: 5d}, b: {count: x, over: month}", ""), 31);
    cr_assert_eq(late_after("a: {count: x, over: quarter}", ""), 92);
    cr_assert_eq(late_after("a: {count: x, over: life}, b: {count: x, over: 2d}", ""), 2);
    cr_assert_eq(late_after("a: {count: x, over: 50d}", "late_after: 3d"), 3);
    cr_assert_eq(late_after("a: {count: x, over: 5d, ago: 40d}", ""), 45, "by its reach");
    cr_assert_eq(late_after("a: {count: x, over: week}", "pane: 1h"), 168);
    cr_assert_eq(late_after("a: {count: x, over: 6h}", "pane: 1h"), 6);
}

Test(model, the_window_of_a_points_score_counts_for_late_after)
{
    struct eng_config *config =
        load_good("program: p\nscores: {s: {points: {x: 1}, over: 33d, bands: {low: 0}}}\n");
    cr_assert_eq(config->model->late_after, 33);
    eng_config_free(config);
}

Test(model, windows_are_panes_of_an_hour_when_panes_are_hours)
{
    struct eng_config *config =
        load_good("program: p\ntime: {pane: 1h, dedup: 2d, late_after: 120m}\nmeasures: {m: "
                  "{count: x, over: 30d}}\n" SCORE
                  "alerts: {z: {silence: x, horizon: 12h}, d: {score: s, drop: 1, within: 1d}}\n");
    cr_assert_eq(config->model->pane_unit, ENG_PANE_HOUR);
    cr_assert_eq(config->model->measures[0].panes, 720);
    cr_assert_eq(config->model->dedup, 48);
    cr_assert_eq(config->model->late_after, 2);
    cr_assert_eq(config->model->alerts[0].horizon, 12);
    cr_assert_eq(config->model->alerts[1].within, 24);
    eng_config_free(config);
}

Test(model, a_day_window_may_be_written_in_hours_when_they_are_whole_days)
{
    struct eng_config *config =
        load_good("program: p\nmeasures: {m: {count: x, over: 48h}}\n" SCORE);
    cr_assert_eq(config->model->measures[0].panes, 2);
    eng_config_free(config);
}

Test(model, S12_a_score_is_provisional_for_its_longest_windows)
{
    struct eng_config *config =
        load_good("program: p\nmeasures: {a: {count: x, over: 30d}, b: {count: x, over: 9d}, w: "
                  "{count: x, over: week}, q: "
                  "{count: x, over: quarter}, k: {streak: x}, l: {count: x, over: life}}\n"
                  "scores:\n"
                  "  rolling:  {scale: 1, bands: {low: 0}, dimensions: {b: {weight: 1, target: 1}, "
                  "a: {weight: 1, target: 1}, k: {weight: 1, target: 1}}}\n"
                  "  calendar: {scale: 1, bands: {low: 0}, dimensions: {q: {weight: 1, target: 1}, "
                  "w: {weight: 1, target: 1}}}\n"
                  "  both:     {scale: 1, bands: {low: 0}, dimensions: {w: {weight: 1, target: 1}, "
                  "a: {weight: 1, target: 1}}}\n"
                  "  none:     {scale: 1, bands: {low: 0}, dimensions: {k: {weight: 1, target: 1}, "
                  "l: {weight: 1, target: 1}}}\n");
    static const struct {
        enum eng_window_kind window;
        uint32_t panes;
    } rows[] = {{ENG_WINDOW_ROLLING, 30},
                {ENG_WINDOW_QUARTER, 0},
                {ENG_WINDOW_WEEK, 30},
                {ENG_WINDOW_NONE, 0}};
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(config->model->scores[i].provisional_window, rows[i].window, "%d", i);
        cr_assert_eq(config->model->scores[i].provisional_panes, rows[i].panes, "%d", i);
    }
    eng_config_free(config);
}

Test(model, a_description_is_kept_as_it_stands)
{
    struct eng_config *config =
        load_good(HEAD "scores:\n  s:\n    scale: 10\n    description: ${env:NOBODY} 100%\n"
                       "    dimensions: {m: {weight: 1, target: 4}}\n    bands: {low: 0, high: 5}\n"
                       "alerts:\n  a:\n    score: s\n    falls_to: low\n    description: |\n"
                       "      Call them.\n      Today.\n"
                       "  b: {score: s, drop: 1, within: 3d}\n");
    cr_assert_str_eq(config->model->scores[0].description, "${env:NOBODY} 100%");
    cr_assert_str_eq(config->model->alerts[0].description, "Call them.\nToday.\n");
    cr_assert_null(config->model->alerts[1].description);
    eng_config_free(config);
}

Test(model, a_deadline_has_two_sets_of_actions)
{
    struct eng_config *config = load_good(
        FILE_TEXT "alerts:\n"
                  "  late: {after: j, expects: [\"t.*\", y], within: 7d}\n"
                  "  soon: {after: j, expects: t.a, within: 7d, remind: 7d, tell_met: true}\n");
    const struct eng_alert *alerts = config->model->alerts;
    cr_assert_eq(alerts[0].kind, ENG_DEADLINE);
    cr_assert(alerts[0].within == 7 && alerts[0].remind == 0 && !alerts[0].tell_met);
    cr_assert(counts(config->model, &alerts[0].anchors, "j"));
    cr_assert(!counts(config->model, &alerts[0].actions, "j"));
    cr_assert(counts(config->model, &alerts[0].actions, "t.a") &&
              counts(config->model, &alerts[0].actions, "t.b"));
    cr_assert(alerts[1].remind == 7 && alerts[1].tell_met);
    eng_config_free(config);
}

Test(model, a_control_group_is_a_share_in_ten_thousandths_and_has_a_salt)
{
    struct eng_config *config = load_good(
        FILE_TEXT "alerts:\n"
                  "  a: {silence: x, horizon: 9d}\n"
                  "  b: {silence: x, horizon: 9d, hold_out: 12.34%}\n"
                  "  c: {after: j, expects: y, within: 7d, hold_out: 0.0001, salt: win back}\n");
    const struct eng_alert *alerts = config->model->alerts;
    cr_assert(alerts[0].hold_out_e4 == 0 && alerts[0].salt == NULL);
    cr_assert(alerts[1].hold_out_e4 == 1234 && alerts[1].salt == NULL);
    cr_assert_eq(alerts[2].hold_out_e4, 1);
    cr_assert_str_eq(alerts[2].salt, "win back");
    eng_config_free(config);
}

Test(model, alerts_on_edges_are_kept_with_inclusive_ones)
{
    struct eng_config *config = load_good(FILE_TEXT "alerts:\n"
                                                    "  up: {score: s, rises_to: high}\n"
                                                    "  b: {score: s, below: 3, cooldown: 1d}\n"
                                                    "  a: {score: s, above: 8, margin: 0.5}\n");
    const struct eng_alert *alerts = config->model->alerts;
    cr_assert_eq(alerts[0].kind, ENG_RISES_TO);
    cr_assert_eq(alerts[0].band, 1);
    cr_assert_eq(alerts[1].kind, ENG_BELOW);
    cr_assert(alerts[1].edge_e4 == 30000 && alerts[1].margin_e4 == 0);
    cr_assert_eq(alerts[2].kind, ENG_ABOVE);
    cr_assert(alerts[2].edge_e4 == 80001 && alerts[2].margin_e4 == 5000);
    eng_config_free(config);
}

Test(model, alerts_are_compiled_with_their_defaults)
{
    struct eng_config *config =
        load_good(FILE_TEXT "alerts:\n"
                            "  fall: {score: s, falls_to: low}\n"
                            "  drop: {score: s, drop: 2.5, within: 14d, cooldown: 36h}\n"
                            "  near: {silence: [x, y], horizon: 40d}\n"
                            "  own:  {silence: x, horizon: 45d, risk: 0.55, typical_gap: 4d, "
                            "min_silence: 45d, min_active: 63}\n");
    const struct eng_alert *alerts = config->model->alerts;
    cr_assert_eq(alerts[0].kind, ENG_FALLS_TO);
    cr_assert_eq(alerts[0].band, 0);
    cr_assert_eq(alerts[0].cooldown_ms, 0);
    cr_assert_eq(alerts[1].kind, ENG_DROP);
    cr_assert_eq(alerts[1].drop_e4, 25000);
    cr_assert_eq(alerts[1].drop_share_e4, 0);
    cr_assert_eq(alerts[1].within, 14);
    cr_assert_eq(alerts[1].cooldown_ms, 36 * 3600000LL);
    cr_assert_eq(alerts[2].kind, ENG_SILENCE);
    cr_assert_eq(alerts[2].horizon, 40);
    cr_assert_eq(alerts[2].risk_e3, 700);
    cr_assert_eq(alerts[2].typical_gap, 14, "a third, rounded up");
    cr_assert_eq(alerts[2].min_silence, 7, "a sixth, rounded up");
    cr_assert_eq(alerts[2].min_active, 2);
    cr_assert(counts(config->model, &alerts[2].actions, "y"));
    cr_assert_eq(alerts[3].risk_e3, 550);
    cr_assert_eq(alerts[3].typical_gap, 4);
    cr_assert_eq(alerts[3].min_silence, 45, "as long as the horizon");
    cr_assert_eq(alerts[3].min_active, 63);
    eng_config_free(config);
}

Test(model, names_are_found_by_their_index_and_nothing_beyond_the_end)
{
    struct eng_model *model = NULL;
    static const char text[] = FILE_TEXT "alerts: {a: {score: s, falls_to: low}}\nversion: 7\n";
    cr_assert_eq(eng_model_load_text(text, sizeof text - 1, "f.yaml", &model, NULL), ENG_OK);
    cr_assert_str_eq(eng_model_program(model), "p");
    cr_assert_eq(eng_model_version(model), 7);
    cr_assert_str_eq(eng_model_score_name(model, 0), "s");
    cr_assert_str_eq(eng_model_band_name(model, 0, 1), "high");
    cr_assert_str_eq(eng_model_dimension_name(model, 0, 0), "m");
    cr_assert_str_eq(eng_model_alert_name(model, 0), "a");
    cr_assert_null(eng_model_score_name(model, 1));
    cr_assert_null(eng_model_band_name(model, 0, 2));
    cr_assert_null(eng_model_band_name(model, 1, 0));
    cr_assert_null(eng_model_dimension_name(model, 0, 1));
    cr_assert_null(eng_model_alert_name(model, 1));
    eng_model_free(model);
    eng_model_free(NULL);
}

Test(model, a_model_is_loaded_from_a_file_or_the_file_is_named)
{
    struct eng_model *model = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_model_load_file(ENGAGED_SOURCE_DIR "/config/engagement.yaml", &model, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(model->score_count, 2);
    eng_model_free(model);
    model = NULL;
    cr_assert_eq(eng_model_load_file("/nonexistent/f.yaml", &model, &err), ENG_IO);
    cr_assert_not_null(strstr(err.text, "/nonexistent/f.yaml: cannot be opened"), "%s", err.text);
    cr_assert_null(model);
    eng_error_clear(&err);
    cr_assert_eq(eng_model_load_file("/", &model, &err), ENG_IO);
}

/* "x: region=a,b source=c | region=b | any" of the entries of an action. */
static const char *entries_of(const struct eng_model *model, const char *action)
{
    static char line[512];
    uint16_t first = eng_model_action(model, (struct eng_slice){action, (uint32_t)strlen(action)});
    size_t used = 0;
    for (unsigned i = first; i < first + model->actions[first].variant_count; i++) {
        const struct eng_condition *where = &model->actions[i].where;
        used += (size_t)sprintf(line + used, "%s%s", i > first ? " | " : "",
                                where->clause_count == 0 ? "any" : "");
        for (unsigned c = 0; c < where->clause_count; c++) {
            used += (size_t)sprintf(line + used, "%s%s=", c > 0 ? " " : "",
                                    model->attributes[where->clauses[c].attribute]);
            for (unsigned v = 0; v < where->clauses[c].value_count; v++)
                used += (size_t)sprintf(line + used, "%s%s", v > 0 ? "," : "",
                                        where->clauses[c].values[v].length > 0
                                            ? where->clauses[c].values[v].data
                                            : "\"\"");
        }
    }
    return line;
}

Test(model, filters_tell_entries_of_an_action_apart_the_narrowest_first)
{
    static const struct {
        const char *measures, *action, *want;
    } rows[] = {
        {"m: {count: x, over: 3d}", "x", "any"},
        {"m: {count: x, where: {r: a}, over: 3d}", "x", "r=a"},
        {"m: {count: x, where: {r: a}, over: 3d}, n: {count: x, over: 3d}", "x", "r=a | any"},
        {"m: {count: x, where: {r: a}, over: 3d}, n: {count: x, where: {r: [a]}, over: 9d}", "x",
         "r=a"},
        {"m: {count: x, where: {r: [b, a]}, over: 3d}, n: {count: x, where: {r: a}, over: 9d}, "
         "o: {count: x, where: {r: b}, over: 9d}",
         "x", "r=b | r=a | r=a,b"},
        {"m: {count: x, where: {r: a}, over: 3d}, n: {count: x, where: {s: b}, over: 9d}", "x",
         "r=a s=b | s=b | r=a"},
        {"m: {count: x, where: {r: [a, b]}, over: 3d}, n: {count: x, where: {r: [b, c]}, over: 9d}",
         "x", "r=b | r=b,c | r=a,b"},
        {"m: {count: \"x.*\", where: {r: a}, over: 3d}, n: {count: x.y, over: 9d}", "x.y",
         "r=a | any"},
        {"m: {count: \"x.*\", where: {r: a}, over: 3d}, n: {count: x.y, over: 9d}", "x.z", "r=a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        struct eng_model *model = NULL;
        struct eng_error err = {0};
        (void)snprintf(
            text, sizeof text,
            "program: p\nmeasures: {%s}\nscores: {s: {scale: 10, dimensions: {m: {weight: "
            "1, target: 4}}, bands: {low: 0, high: 8}}}\n",
            rows[i].measures);
        cr_assert_eq(eng_model_load_text(text, strlen(text), "f.yaml", &model, &err), ENG_OK, "%s",
                     err.text);
        cr_expect_str_eq(entries_of(model, rows[i].action), rows[i].want, "%s", rows[i].measures);
        eng_model_free(model);
    }
}
