/* Tiers: what of them is refused, and what a model makes of them. */
#include "loading.h"
#include "model/differ.h"

#define T(keys) "program: p\nscores:\n  s: {points: {x: 10}, " keys "}\n"
#define TIERS "tiers: {bronze: 0, silver: 30, gold: 60}"
#define HOURS "program: p\ntime: {pane: 1h}\nscores:\n  s: {points: {x: 10}, over: week, " TIERS

Test(tiers, what_cannot_be_meant_is_refused)
{
    static const struct row rows[] = {
        {T("over: quarter, tiers: {bronze: 0, silver: 60, gold: 30}"),
         "f.yaml:3:76: |the tier \"gold\" begins at 30, not after \"silver\" (60)|write tiers from "
         "the "
         "lowest to the highest"},
        {T("over: quarter, tiers: {bronze: 0, silver: {above: 30}, gold: {above: 30}}"),
         "|the tier \"gold\" begins at 30, not after \"silver\" (30)"},
        {T("over: 90d, " TIERS), "f.yaml:3:35: |in a period of the calendar|\"over: quarter\""},
        {T("over: life, " TIERS), "f.yaml:3:36: |in a period of the calendar"},
        {T(TIERS), "f.yaml:3:24: |in a period of the calendar"},
        {T("over: month, bands: {low: 0}, " TIERS),
         "f.yaml:3:37: |\"bands\" does not belong to a points score with tiers"},
        {T("over: month, margin: 1, " TIERS), "f.yaml:3:37: |\"margin\" does not belong"},
        {T("over: month, dwell: 1d, " TIERS), "f.yaml:3:37: |\"dwell\" does not belong"},
        {T("over: month, bands: {low: 0}, grace: 1 period"),
         "f.yaml:3:54: |\"grace\" does not belong to a points score;"},
        {T("over: month"), "f.yaml:3:3: |\"bands\" is missing"},
        {T("over: month, tiers: {}"), "f.yaml:3:37: |there are 0 bands"},
        {T("over: month, tiers: {bronze: 0, silver: -5}"), "|the tier \"silver\" begins at -5"},
        {T("over: week, grace: 8d, " TIERS),
         "f.yaml:3:43: |\"grace\" is 8d, longer than a week|\"1 period\", or 7d at most"},
        {T("over: month, grace: 29d, " TIERS), "|longer than a month|28d at most"},
        {T("over: quarter, grace: 91d, " TIERS), "|longer than a quarter|90d at most"},
        {T("over: year, grace: 366d, " TIERS), "|longer than a year|365d at most"},
        {T("over: month, grace: 2 periods, " TIERS), "f.yaml:3:44: |1 period, or a whole number"},
        {T("over: month, grace: 36h, " TIERS), "f.yaml:3:44: |no whole number of panes"},
        {HOURS ", grace: 169h}\n", "|longer than a week|168h at most"},
        {"program: p\nmeasures: {m: {count: x, over: month}}\nscores:\n  s: {scale: 10, "
         "dimensions: "
         "{m: {weight: 1, target: 4}}, " TIERS "}\n",
         "f.yaml:4:59: |the score \"s\" has tiers and no points"},
        {T("over: month, tiers: {bronze: 0, silver: 30}") "alerts: {a: {score: s, falls_to: "
                                                          "gold}}\n",
         "|has no band \"gold\""},
        {T("over: month, tiers: {bronze: 0, silver: 30}") "alerts: {a: {score: s, falls_to: "
                                                          "bronze, forecast: 3d}}\n",
         "f.yaml:4:52: |the score \"s\" has tiers, which are lost where a period"},
        {T("over: month, tiers: {bronze: 0, silver: 30}") "alerts: {a: {score: s, drop: 5, within: "
                                                          "3d, forecast: 3d}}\n",
         "f.yaml:4:55: |the score \"s\" has tiers"},
        {T("over: month, tiers: {bronze: 0, silver: 30}") "alerts: {a: {score: s, falls_to: "
                                                          "silver}}\n",
         "|nothing falls into the highest band"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(tiers, a_grace_is_a_period_or_whole_panes)
{
    static const struct {
        const char *text;
        bool period;
        uint32_t panes;
    } rows[] = {
        {T("over: quarter, " TIERS), true, 0},
        {T("over: quarter, grace: 1 period, " TIERS), true, 0},
        {T("over: quarter, grace: 0, " TIERS), false, 0},
        {T("over: year, grace: 365d, " TIERS), false, 365},
        {T("over: month, grace: 28d, tell_every: 5, description: Thanks., " TIERS), false, 28},
        {HOURS ", grace: 7d}\n", false, 168}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_config *config = load_good(rows[i].text);
        const struct eng_score *score = &config->model->scores[0];
        cr_expect(score->tiers && score->points, "row %zu", i);
        cr_expect_eq(score->grace_period, rows[i].period, "row %zu", i);
        cr_expect_eq(score->grace_panes, rows[i].panes, "row %zu", i);
        cr_expect_eq(score->band_count, 3);
        eng_config_free(config);
    }
}

Test(tiers, they_are_another_model_than_bands_and_than_with_another_grace)
{
    static const char *const texts[] = {
        T("over: month, bands: {bronze: 0, silver: 30, gold: 60}"), T("over: month, " TIERS),
        T("over: month, grace: 0, " TIERS), T("over: month, grace: 1d, " TIERS)};
    expect_models_differ(texts, sizeof texts / sizeof *texts);
}

Test(tiers, a_year_is_late_after_366_days)
{
    struct eng_config *config = load_good(T("over: year, " TIERS));
    cr_expect_eq(config->model->late_after, 366);
    eng_config_free(config);
}
