/* The demo's parts that need no broker: its configuration, and findings against labels. */
#include "cli/demo_findings.h"
#include "history.h"
#include <stdio.h>

Test(demo, its_configuration_is_the_shipped_one_without_comments)
{
    static char line[4096], text[65536];
    FILE *file = fopen(ENGAGED_SOURCE_DIR "/config/engagement.yaml", "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *first = line + strspn(line, " ");
        if (*first != '#' && *first != '\n')
            strcat(text, line);
    }
    (void)fclose(file);
    cr_assert_str_eq(eng_demo_config, text, "run tools/embed-config");
}

struct feed {
    struct eng_findings findings;
    const struct history *history;
    uint64_t changes, opened, resolved;
    int64_t first_ms[HISTORY_PARTNERS]; /* of an alert after the partner's day; 0: none */
};

/* The same in another way: the first alert opened at or after the partner's day. */
static void note(struct feed *feed, const struct eng_effect *effect)
{
    unsigned number = 0;
    struct eng_slice partner = eng_effect_partner(effect);
    for (uint32_t i = 1; i < partner.length; i++)
        number = number * 10 + (unsigned)(partner.data[i] - '0');
    int64_t day_ms = eng_synth_partner(feed->history->synth, number)->changes_ms;
    if (day_ms >= 0 && effect->at_ms >= day_ms && feed->first_ms[number] == 0)
        feed->first_ms[number] = effect->at_ms;
}

/* What is almost there, and newcomers' deadlines, say nothing of who leaves. */
static bool is_warning(const struct eng_model *model, const struct eng_effect *effect)
{
    const char *name = eng_model_alert_name(model, effect->subject);
    return strcmp(name, "at_risk") == 0 || strcmp(name, "slipping") == 0 ||
           strcmp(name, "silent") == 0;
}

static void feed(void *context, const struct eng_effect *effect, const struct eng_bytes *record)
{
    struct feed *feed = context;
    if (effect->kind == ENG_EFFECT_REPORT)
        return; /* goes to a topic of its own */
    const struct eng_tail_record told = {.topic = effect->kind == ENG_EFFECT_SCORE_CHANGE
                                                      ? ENG_FINDINGS_SCORE_CHANGES
                                                      : ENG_FINDINGS_CHURN_DROPS,
                                         .value = record->data,
                                         .value_bytes = record->used};
    feed->changes += effect->kind == ENG_EFFECT_SCORE_CHANGE;
    feed->opened += effect->kind == ENG_EFFECT_CHURN_DROP && effect->status == ENG_OPENED;
    feed->resolved += effect->kind == ENG_EFFECT_CHURN_DROP && effect->status == ENG_RESOLVED;
    if (effect->kind == ENG_EFFECT_CHURN_DROP && effect->status == ENG_OPENED &&
        is_warning(feed->history->config->model, effect))
        note(feed, effect);
    eng_findings_visit(&feed->findings, &told);
}

/* Partners of a kind who were told of, and how many of them within so many days. */
static uint32_t told_within(const struct feed *feed, enum eng_synth_kind kind, double days)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < HISTORY_PARTNERS; i++) {
        const struct eng_synth_partner *partner = eng_synth_partner(feed->history->synth, i);
        double delay = (double)(feed->first_ms[i] - partner->changes_ms) / 86400000.0;
        count += partner->kind == kind && feed->first_ms[i] > 0 && delay <= days;
    }
    return count;
}

Test(demo, findings_hold_what_was_told_against_the_labels)
{
    struct history history;
    static struct feed fed;
    struct eng_kind_findings churned, steady, early;
    history_new(&history, feed, &fed);
    struct eng_findings *findings = &fed.findings;
    fed.history = &history;
    cr_assert_eq(
        eng_findings_init(findings, history.synth, HISTORY_PARTNERS, history.config->model),
        ENG_OK);
    int64_t start_ms = INT64_C(1767225600000), end_ms = eng_synth_end_ms(history.synth);
    history_play(&history);
    cr_assert_eq(findings->score_changes, fed.changes);
    cr_assert_eq(findings->opened, fed.opened);
    cr_assert_eq(findings->resolved, fed.resolved);
    cr_assert_eq(findings->unreadable, 0);
    cr_assert_eq(findings->band_count, 3);
    uint64_t banded =
        findings->band_partners[0] + findings->band_partners[1] + findings->band_partners[2];
    cr_assert(banded > HISTORY_PARTNERS * 9 / 10 && banded <= HISTORY_PARTNERS);

    cr_assert_eq(eng_findings_of_kind(findings, ENG_SYNTH_CHURNED, end_ms, &churned), ENG_OK);
    cr_assert_eq(eng_findings_of_kind(findings, ENG_SYNTH_STEADY, end_ms, &steady), ENG_OK);
    cr_assert_eq(eng_findings_of_kind(findings, ENG_SYNTH_CHURNED, start_ms, &early), ENG_OK);
    cr_assert_geq(churned.told * 10, churned.partners * 9, "%u of %u", churned.told,
                  churned.partners);
    cr_assert_geq(churned.silent * 10, churned.partners * 9);
    for (int kind = ENG_SYNTH_GROWING; kind < ENG_SYNTH_KIND_COUNT; kind++) {
        struct eng_kind_findings found;
        cr_assert_eq(eng_findings_of_kind(findings, (enum eng_synth_kind)kind, end_ms, &found),
                     ENG_OK);
        cr_assert_eq(found.told, told_within(&fed, (enum eng_synth_kind)kind, 1e6));
        uint32_t half = told_within(&fed, (enum eng_synth_kind)kind, found.median_days + 1e-6);
        cr_assert_eq(half, found.told / 2 + 1, "the median stands in the middle");
    }
    cr_assert(churned.median_days > 3 && churned.median_days < 25, "%f", churned.median_days);
    cr_assert_leq(steady.silent * 10, steady.partners, "%u of %u", steady.silent, steady.partners);
    cr_assert_eq(steady.told, 0, "their day never comes");
    cr_assert_eq(early.partners, 0, "nobody's day has come at the start");
    eng_findings_done(findings);
    history_done(&history);
}

Test(demo, the_newest_messages_are_kept_and_an_unreadable_one_is_counted)
{
    struct history history;
    static struct feed fed;
    history_new(&history, feed, &fed);
    struct eng_findings *findings = &fed.findings;
    fed.history = &history;
    cr_assert_eq(
        eng_findings_init(findings, history.synth, HISTORY_PARTNERS, history.config->model),
        ENG_OK);
    history_play(&history);
    const struct eng_news_list *drops = &findings->drops;
    cr_assert_eq(drops->count, findings->opened);
    for (uint64_t i = drops->count - ENG_NEWS_MAX + 1; i < drops->count; i++) {
        const struct eng_news *news = &drops->newest[i % ENG_NEWS_MAX];
        cr_assert_geq(news->at_ms, drops->newest[(i - 1) % ENG_NEWS_MAX].at_ms);
        cr_assert_eq(news->text[0], 'p', "%s", news->text);
        cr_assert_not_null(strstr(news->text, ": "), "%s", news->text);
    }
    const struct eng_tail_record junk = {
        .topic = ENG_FINDINGS_CHURN_DROPS, .value = "junk", .value_bytes = 4};
    eng_findings_visit(findings, &junk);
    cr_assert_eq(findings->unreadable, 1);
    cr_assert_eq(drops->count, findings->opened);
    eng_findings_done(findings);
    history_done(&history);
}
