/* Awards and ledgers: what the loader makes of them, and what it refuses. */
#include "loading.h"

/* A file with two ledgers and an award of everything that is given; 7 lines. */
#define LEDGERS                                                                                    \
    FILE_TEXT "ledgers: {reward: {cap: 100, per: month, expires_after: 9d}, score: {}}\n"
#define ALL LEDGERS "awards:\n  all: {when: x, points: 1, to: [reward, score]}\n"

Test(awards, ledgers_are_counted_under_entries_of_their_own_that_no_event_has)
{
    struct eng_config *config = load_good(ALL);
    const struct eng_model *model = config->model;
    cr_assert_eq(model->ledger_count, 2);
    cr_assert_eq(model->award_count, 1);
    for (uint32_t i = 0; i < 2; i++) {
        const struct eng_ledger *ledger = &model->ledgers[i];
        const struct eng_action *entry = &model->actions[ledger->entry];
        cr_expect(eng_action_is_ledger(entry));
        cr_expect_str_eq(entry->text + 1, ledger->name);
        cr_expect_eq(eng_model_action(model, (struct eng_slice){entry->text, entry->length}),
                     ENG_ACTION_NONE);
        cr_expect_eq(eng_model_action(model, (struct eng_slice){ledger->name, entry->length - 1}),
                     ENG_ACTION_NONE);
        cr_expect(eng_action_set_has(&model->measures[ledger->earned].actions, ledger->entry));
        cr_expect(eng_action_set_has(&model->measures[ledger->balance].actions, ledger->entry));
    }
    cr_expect_eq(model->measures[model->ledgers[0].balance].panes, 9);
    cr_expect_eq(model->measures[model->ledgers[1].balance].window, ENG_WINDOW_LIFE);
    cr_expect_eq(model->awards[0].ledgers, 3);
    cr_expect_eq(model->late_after, 9, "by the measures of the file");
    eng_config_free(config);
}

Test(awards, expiry_does_not_make_events_less_late)
{
    struct eng_config *config = load_good(FILE_TEXT "ledgers: {r: {expires_after: 365d}}\n"
                                                    "awards: {a: {when: x, points: 1, to: r}}\n");
    cr_expect_eq(config->model->late_after, 9);
    eng_config_free(config);
    config = load_good("program: p\nmeasures: {b: {balance: r}, e: {earned: r, over: 3d}}\n"
                       "ledgers: {r: {expires_after: 365d}}\n"
                       "awards: {a: {when: x, points: 1, to: r}}\n");
    cr_expect_eq(config->model->late_after, 3, "and an award alone is something to tell");
    eng_config_free(config);
}

Test(awards, a_balance_makes_no_score_provisional)
{
    struct eng_config *config = load_good(
        "program: p\ntime: {late_after: 3d}\nmeasures: {b: {balance: r}, g: {expired: r}}\n"
        "ledgers: {r: {expires_after: 365d}}\n"
        "awards: {a: {when: x, points: 1, to: r}}\n"
        "scores: {s: {scale: 1, dimensions: {b: {weight: 1, target: 1}, g: {weight: 1, "
        "target: 1}}, bands: {low: 0}},\n"
        "         t: {ledger: r, over: 30d, bands: {low: 0}}}\n");
    cr_expect_eq(config->model->scores[0].provisional_window, ENG_WINDOW_NONE);
    cr_expect_eq(config->model->scores[1].provisional_panes, 30);
    cr_expect_eq(config->model->scores[1].dimensions[0].points_e4, 10000);
    eng_config_free(config);
}

#define AWARD(rest) LEDGERS "awards:\n  own: {" rest "}\n"

Test(awards, what_cannot_be_paid_is_refused)
{
    static const struct row rows[] = {
        {AWARD("points: 1, to: score"), "f.yaml:8:3: |\"when\" is missing"},
        {AWARD("when: x, to: score"), "f.yaml:8:3: |\"points\" is missing"},
        {AWARD("when: x, points: 1"), "f.yaml:8:3: |\"to\" is missing"},
        {AWARD("when: x, points: 1, to: scroe"),
         "f.yaml:8:33: |there is no ledger \"scroe\"|did you mean \"score\"?"},
        {AWARD("when: x, points: 1, to: [score, score]"), "f.yaml:8:41: |\"score\" stands twice"},
        {AWARD("when: x, points: 1, to: []"), "f.yaml:8:33: |the name of a ledger"},
        {AWARD("when: x, points: 0, to: score"), "f.yaml:8:26: |from 0.0001 to 100000"},
        {AWARD("when: x, points: -1, to: score"), "f.yaml:8:26: |from 0.0001 to 100000"},
        {AWARD("when: x, points: valeu, to: score"),
         "f.yaml:8:26: |\"points\" is \"valeu\"|write \"points: value\", or points such as 50, or "
         "name a number under input.fields.numbers"},
        {"input: {fields: {numbers: {line: l}}}\n" AWARD("when: x, points: lines, to: score"),
         "f.yaml:9:26: |\"points\" is \"lines\"|write value or line, or points such as 50"},
        {AWARD("when: x, points: 2, rate: 3, to: score"),
         "f.yaml:8:29: |\"rate\" belongs to points by the value"},
        {AWARD("when: x, points: 1, to: score, nth: {n: 3, per: life}"),
         "f.yaml:8:57: |\"per\" is life|first: true"},
        {AWARD("when: x, points: 1, to: score, nth: {n: 3, per: week}, streak: {n: 3}"),
         "f.yaml:8:64: |the nth or for a streak|two awards"},
        {AWARD("when: x, points: 1, to: score, streak: {n: 1}"), "f.yaml:8:52: |from 2 to"},
        {AWARD("when: x, points: 1, to: score, within: {days: 7d, of: [y, x]}"),
         "f.yaml:8:48: |\"x\" both begins the time of the award \"own\" and is paid in it"},
        {AWARD("when: \"y.*\", points: 1, to: score, within: {days: 7d, of: y.a}"),
         "f.yaml:8:52: |\"y.a\" both begins"},
        {AWARD("when: x, points: 1, to: score, reverses: id"),
         "f.yaml:8:40: |\"reverses\" belongs to \"reversed_by\""},
        {AWARD("when: x, points: 1, to: score, reversible_for: 9d"),
         "f.yaml:8:40: |\"reversible_for\" belongs to \"reversed_by\""},
        {AWARD("when: x, points: 1, to: score, reversed_by: [y, x]"),
         "f.yaml:8:3: |\"x\" stands in two places of the award \"own\""},
        {AWARD("when: x, points: 1, to: score, pending: {until: y, dropped_by: \"y.*\"}, "
               "reversed_by: "
               "y.a"),
         "f.yaml:8:3: |\"y.a\" stands in two places"},
        {AWARD("when: x, points: 1, to: score, pending: {dropped_by: y}"),
         "f.yaml:8:40: |\"until\" is missing"},
        {"time: {pane: 1h}\n" AWARD(
             "when: x, points: 1, to: [score, reward], streak: {n: 3, per: day}"),
         "f.yaml:9:70: |panes are hours"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(awards, what_a_ledger_cannot_be_is_refused)
{
    static const struct row rows[] = {
        {FILE_TEXT "ledgers: {r: {}}\n",
         "f.yaml:6:11: |no award books anything in the ledger \"r\"|\"to\""},
        {FILE_TEXT "ledgers: {r: {cap: 5}}\nawards: {a: {when: x, points: 1, to: r}}\n",
         "f.yaml:6:20: |has no period|per: month"},
        {FILE_TEXT "ledgers: {r: {per: week}}\nawards: {a: {when: x, points: 1, to: r}}\n",
         "f.yaml:6:15: |\"per\" is the period of a cap"},
        {FILE_TEXT "ledgers: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}\n",
         "f.yaml:6:1: |there are 9 ledgers|at most 4"},
        {HEAD "scores: {s: {ledger: r, over: 9d, bands: {low: 0}}}\n"
              "ledgers: {r: {cap: 5, per: week}}\nawards: {a: {when: x, points: 1, to: r}}\n",
         "f.yaml:5:22: |the ledger \"r\" has a cap|earned"},
        {HEAD "scores: {s: {ledger: r, bands: {low: 0}}}\nledgers: {r: {}}\n",
         "f.yaml:5:10: |needs a window|over: 90d"},
        {HEAD "scores: {s: {ledger: r, points: {x: 1}, over: 9d, bands: {low: 0}}}\n"
              "ledgers: {r: {}}\n",
         "f.yaml:5:10: |a ledger and something else"},
        {HEAD "  g: {expired: r}\nledgers: {r: {}}\n",
         "f.yaml:5:16: |nothing of the ledger \"r\" ever expires|expires_after"},
        {HEAD "  g: {balance: q}\nledgers: {r: {}}\n", "f.yaml:5:16: |there is no ledger \"q\""},
        {HEAD "  g: {earned: r}\nledgers: {r: {}}\n", "f.yaml:5:3: |needs a window"},
        {HEAD "  g: {balance: r, over: 3d}\nledgers: {r: {}}\n",
         "f.yaml:5:19: |\"over\" does not belong to a balance"},
        {HEAD "  g: {expired: r}\n  h: {ratio: [m, g]}\nledgers: {r: {expires_after: 3d}}\n",
         "f.yaml:6:18: |\"g\" is a difference itself"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(awards, a_cap_that_cuts_an_award_always_is_warned_about)
{
    struct eng_config *config = load_good(
        FILE_TEXT "ledgers: {r: {cap: 5, per: week}}\n"
                  "awards: {a: {when: x, points: 6, to: r}, b: {when: x, points: 5, to: r}}\n");
    bool warned = false;
    for (uint32_t i = 0; i < config->warning_count; i++) {
        warned |= strstr(config->warnings[i].text,
                         "\"a\" is never paid in full: its points are more than the cap") != NULL;
        cr_expect(strstr(config->warnings[i].text, "\"b\"") == NULL);
    }
    cr_expect(warned);
    eng_config_free(config);
}

#define DECAY(over, rest)                                                                          \
    "program: p\nscores: {s: {points: {x: 1}, over: " over ", bands: {low: 0}, decay: {" rest      \
    "}}}\n"

Test(awards, a_decay_is_of_one_kind_and_over_a_window)
{
    static const struct row rows[] = {
        {DECAY("9d", ""), "f.yaml:2:57: |none of step, linear and half_life"},
        {DECAY("9d", "linear: 3d, half_life: 3d"), "f.yaml:2:57: |or several"},
        {DECAY("9d", "step: 25%"), "f.yaml:2:57: |\"step\" and \"every\" belong together"},
        {DECAY("9d", "linear: 3d, every: 3d"), "f.yaml:2:57: |belong together"},
        {DECAY("9d", "linear: 36h"), "f.yaml:2:73: |write 1d or 2d"},
        {DECAY("life", "linear: 3d"), "f.yaml:2:36: |kept for a while only"},
        {"program: p\nmeasures: {m: {count: x, over: 9d}}\nscores: {s: {scale: 1, dimensions: {m: "
         "{weight: 1, target: 1}}, bands: {low: 0}, decay: {linear: 3d}}}\n",
         "f.yaml:3:82: |\"decay\" does not belong to a score of dimensions"},
    };
    EXPECT_ALL_REFUSED(rows);
    struct eng_config *config = load_good(DECAY("9d", "step: 0.25, every: 2d"));
    cr_expect_eq(config->model->scores[0].decay.share_e4, 2500);
    cr_expect_eq(config->model->scores[0].decay.panes, 2);
    eng_config_free(config);
}
