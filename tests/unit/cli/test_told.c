/* Records of the output topics read back, and put in plain words. */
#include "cli/told.h"
#include "history.h"
#include <math.h>
#include <stdlib.h>

struct seen {
    struct history *history;
    uint64_t changes, opened[ENG_TOLD_NEAR + 1], resolved[ENG_TOLD_NEAR + 1]; /* by kind */
    uint64_t nudges;
};

static bool is(struct eng_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

static bool near(double points, int64_t e4)
{
    return llround(points * 10000) == e4;
}

static bool read(const struct eng_effect *effect, const void *data, size_t length,
                 struct eng_told *told)
{
    return effect->kind == ENG_EFFECT_SCORE_CHANGE ? eng_told_score_change(data, length, told)
                                                   : eng_told_churn_drop(data, length, told);
}

static void check_shares(const struct eng_effect *effect, const struct eng_told *told,
                         const struct eng_model *model)
{
    const struct eng_contribution *wanted = eng_effect_contributions(effect);
    cr_assert_eq(told->share_count, effect->contribution_count);
    for (uint32_t i = 0; i < told->share_count; i++) {
        cr_assert(is(told->shares[i].dimension, eng_model_dimension_name(model, effect->score, i)));
        cr_assert(near(told->shares[i].value, wanted[i].value_e4));
        cr_assert(near(told->shares[i].delta, wanted[i].delta_e4));
    }
}

static void check_nudge(struct seen *seen, const struct eng_effect *effect,
                        const struct eng_told *told)
{
    const struct eng_model *model = seen->history->config->model;
    cr_assert_eq(told->nudge.count, effect->nudge_count);
    if (effect->nudge_count == 0)
        return;
    seen->nudges++;
    cr_assert(near(told->nudge.gain, effect->nudge_gain_e4));
    cr_assert(
        is(told->nudge.dimension, eng_model_dimension_name(model, 0, effect->nudge_dimension)));
    cr_assert_eq(told->nudge.to.length > 0, effect->nudge_to > 0);
}

static void check(void *context, const struct eng_effect *effect, const struct eng_bytes *record)
{
    struct seen *seen = context;
    const struct eng_model *model = seen->history->config->model;
    struct eng_told told;
    if (effect->kind == ENG_EFFECT_REPORT)
        return;
    cr_assert(read(effect, record->data, record->used, &told));
    check_nudge(seen, effect, &told);
    struct eng_slice partner = eng_effect_partner(effect);
    cr_assert(told.partner.length == partner.length &&
              memcmp(told.partner.data, partner.data, partner.length) == 0);
    cr_assert_eq(told.at_ms, effect->at_ms);
    cr_assert_eq(told.description.length, 0);
    check_shares(effect, &told, model);
    if (effect->kind == ENG_EFFECT_SCORE_CHANGE) {
        seen->changes++;
        cr_assert(near(told.value, effect->value_e4));
        cr_assert(near(told.previous_value, effect->previous_value_e4));
        cr_assert(is(told.band, eng_model_band_name(model, effect->score, effect->band)));
        cr_assert(is(told.previous_band,
                     eng_model_band_name(model, effect->score, effect->previous_band)));
        cr_assert_eq(told.up, effect->direction == ENG_UP);
        return;
    }
    cr_assert(is(told.name, eng_model_alert_name(model, effect->subject)));
    cr_assert_eq(told.resolved, effect->status == ENG_RESOLVED);
    cr_assert_eq(told.held_out, effect->held_out != 0);
    (told.resolved ? seen->resolved : seen->opened)[told.kind]++;
    if (told.kind == ENG_TOLD_DEADLINE) {
        cr_assert_eq(told.due_at_ms, effect->due_at_ms);
        cr_assert_eq(told.anchor_at_ms, effect->anchor_at_ms);
    } else if (told.kind == ENG_TOLD_SILENCE) {
        cr_assert_eq(told.last_action_at_ms, effect->last_action_at_ms);
        cr_assert_eq(told.silent_for_ms, effect->silent_for_ms);
        cr_assert_eq(told.usual_gap_ms, effect->usual_gap_ms);
        cr_assert_eq(lround(told.risk * 1000), effect->risk_e3);
    } else {
        cr_assert(near(told.value, effect->value_e4));
        cr_assert(near(told.baseline, effect->baseline_e4));
    }
}

Test(told, every_effect_of_a_history_is_read_back_as_it_was_told)
{
    struct history history;
    struct seen seen = {.history = &history};
    history_new(&history, check, &seen);
    history_play(&history);
    cr_assert_gt(seen.changes, 1000);
    static const enum eng_told_kind kinds[] = {ENG_TOLD_FALLS_TO, ENG_TOLD_DROP, ENG_TOLD_SILENCE,
                                               ENG_TOLD_DEADLINE, ENG_TOLD_NEAR};
    for (int i = 0; i < 5; i++)
        cr_assert(seen.opened[kinds[i]] > 10 && seen.resolved[kinds[i]] > 0, "kind %d", kinds[i]);
    cr_assert_gt(seen.nudges, 100);
    history_done(&history);
}

/* Every record cut short, or with one byte more. */
static void mutilate(void *context, const struct eng_effect *effect, const struct eng_bytes *record)
{
    uint64_t *records = context;
    struct eng_told told;
    if (effect->kind == ENG_EFFECT_REPORT || ++*records > 500)
        return;
    for (size_t length = 0; length < record->used; length++) {
        uint8_t *copy = malloc(length + 1); /* its end is the allocation's, so ASan sees more */
        memcpy(copy, record->data, length);
        cr_assert_not(read(effect, copy, length, &told), "%zu of %zu bytes", length, record->used);
        free(copy);
    }
    uint8_t *longer = malloc(record->used + 1);
    memcpy(longer, record->data, record->used);
    longer[record->used] = 0;
    cr_assert_not(read(effect, longer, record->used + 1, &told));
    free(longer);
}

Test(told, a_record_that_ends_early_or_goes_on_is_none)
{
    struct history history;
    uint64_t records = 0;
    history_new(&history, mutilate, &records);
    history_play(&history);
    cr_assert_gt(records, 500);
    history_done(&history);
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

static void says(const struct eng_told *told, const char *words)
{
    struct eng_text text = {0};
    eng_told_words(told, &text);
    cr_assert_str_eq(text.data, words);
    eng_text_done(&text);
}

Test(told, a_score_change_names_the_two_dimensions_that_moved_most)
{
    struct eng_told told = {.kind = ENG_TOLD_SCORE_CHANGE,
                            .score = slice("engagement"),
                            .band = slice("low"),
                            .previous_band = slice("moderate"),
                            .value = 4.55,
                            .previous_value = 6.25,
                            .share_count = 4,
                            .shares = {{slice("logins"), 1, -0.3},
                                       {slice("invoices"), 1, -1.25},
                                       {slice("training"), 1, 0.35},
                                       {slice("feedback"), 1, -0.5}}};
    says(&told, "engagement 6.3 -> 4.6, moderate -> low: invoices -1.3, feedback -0.5");
    told.previous_band = told.band;
    told.previous_value = 3.15;
    says(&told, "engagement 3.2 -> 4.6, low: training +0.4");
}

Test(told, a_churn_drop_gives_its_reason)
{
    struct eng_told told = {.kind = ENG_TOLD_SILENCE,
                            .silent_for_ms = INT64_C(12) * 86400000 + 3600000,
                            .usual_gap_ms = INT64_C(30) * 3600000,
                            .risk = 0.7149};
    says(&told, "silent for 12 days, usual gap 30 hours; 71 % likely to stay away");
    told.will_drop_at_ms = told.at_ms + INT64_C(9) * 86400000;
    told.will_drop_to = slice("low");
    says(&told,
         "silent for 12 days, usual gap 30 hours; 71 % likely to stay away; will fall to low "
         "in 9 days");
    told.will_drop_at_ms = 0;
    told.usual_gap_ms = 0;
    says(&told, "silent for 12 days; 71 % likely to stay away");
    told.resolved = true;
    says(&told, "is active again");
    told = (struct eng_told){.kind = ENG_TOLD_DROP,
                             .score = slice("engagement"),
                             .value = 4.9,
                             .drop = 2.6,
                             .share_count = 1,
                             .shares = {{slice("invoices"), 1, -1.25}}};
    says(&told, "engagement fell by 2.6 to 4.9: invoices -1.3");
    told.kind = ENG_TOLD_FALLS_TO;
    told.band = slice("low");
    says(&told, "engagement fell to 4.9, low: invoices -1.3");
    told.resolved = true;
    says(&told, "engagement has recovered to 4.9");
    told.resolved = false;
    told.kind = ENG_TOLD_BELOW;
    told.threshold = 5;
    says(&told, "engagement fell to 4.9, below 5.0: invoices -1.3");
}

Test(told, a_rise_is_told_with_what_it_rose_to)
{
    struct eng_told told = {.kind = ENG_TOLD_RISES_TO,
                            .score = slice("engagement"),
                            .band = slice("high"),
                            .value = 8.5,
                            .share_count = 1,
                            .shares = {{slice("invoices"), 1, 1.25}}};
    says(&told, "engagement rose to 8.5, high: invoices +1.3");
    told.kind = ENG_TOLD_ABOVE;
    told.threshold = 8;
    says(&told, "engagement rose to 8.5, above 8.0: invoices +1.3");
    told.resolved = true;
    says(&told, "engagement is back at 8.5");
}

Test(told, a_deadline_is_over_or_nearly_so)
{
    struct eng_told told = {.kind = ENG_TOLD_DEADLINE,
                            .at_ms = INT64_C(1767225600000),
                            .due_at_ms = INT64_C(1767225600000)};
    says(&told, "has not done what was expected in time");
    told.due_at_ms += INT64_C(2) * 86400000;
    says(&told, "what is expected is due in 2 days");
    told.resolved = true;
    says(&told, "has done what was expected");
}

Test(told, a_nudge_stands_behind_what_was_told)
{
    struct eng_told told = {.kind = ENG_TOLD_NEAR,
                            .score = slice("engagement"),
                            .near = slice("high"),
                            .value = 7.9,
                            .nudge = {.action = slice("invoice.upload"), .count = 2, .gain = 0.6}};
    says(&told, "engagement is 7.9, almost high; 2 more invoice.upload: +0.6");
    told.nudge.to = slice("high");
    says(&told, "engagement is 7.9, almost high; 2 more invoice.upload: +0.6, high");
    told.resolved = true;
    told.nudge.count = 0;
    says(&told, "engagement is 7.9");
}
