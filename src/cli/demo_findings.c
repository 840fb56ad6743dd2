/* Outputs against labels. See demo_findings.h. */
#include "cli/demo_findings.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cli/told.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000.0

enum { NO_BAND = 255 };

struct eng_finding {
    int64_t changes_ms; /* -1: never */
    int64_t told_ms;    /* the first alert opened after that; -1: none */
    uint8_t kind;       /* enum eng_synth_kind */
    uint8_t band;       /* as last told; NO_BAND: nothing told yet */
    bool silent;
};

enum eng_status eng_findings_init(struct eng_findings *findings, const struct eng_synth *synth,
                                  uint32_t partner_count, const struct eng_model *model)
{
    *findings = (struct eng_findings){.model = model, .partner_count = partner_count};
    findings->partners = eng_calloc(partner_count, sizeof *findings->partners);
    if (findings->partners == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < partner_count; i++) {
        const struct eng_synth_partner *partner = eng_synth_partner(synth, i);
        findings->partners[i] = (struct eng_finding){.changes_ms = partner->changes_ms,
                                                     .told_ms = -1,
                                                     .kind = partner->kind,
                                                     .band = NO_BAND};
    }
    while (findings->band_count < ENG_BANDS_MAX &&
           eng_model_band_name(model, 0, findings->band_count) != NULL)
        findings->band_count++;
    return ENG_OK;
}

void eng_findings_done(struct eng_findings *findings)
{
    eng_free(findings->partners);
    *findings = (struct eng_findings){0};
}

/* The partner of an id such as p000123; NULL: not one of ours. */
static struct eng_finding *find_partner(struct eng_findings *findings, struct eng_slice id)
{
    uint64_t number = 0;
    for (uint32_t i = 1; i < id.length && i < 12; i++)
        number = number * 10 + (uint64_t)(id.data[i] - '0');
    return id.length > 1 && number < findings->partner_count ? &findings->partners[number] : NULL;
}

static bool equals(struct eng_slice slice, const char *text)
{
    return text != NULL && strlen(text) == slice.length &&
           memcmp(slice.data, text, slice.length) == 0;
}

static void move_band(struct eng_findings *findings, struct eng_finding *partner,
                      const struct eng_told *told)
{
    if (!equals(told->score, eng_model_score_name(findings->model, 0)))
        return;
    for (uint8_t band = 0; band < findings->band_count; band++) {
        if (!equals(told->band, eng_model_band_name(findings->model, 0, band)))
            continue;
        if (partner->band != NO_BAND)
            findings->band_partners[partner->band]--;
        partner->band = band;
        findings->band_partners[band]++;
    }
}

/* Keeps a text, cut where it is longer than there is room, and ends it. */
static void keep_news(struct eng_news_list *list, int64_t at_ms, struct eng_text *text)
{
    struct eng_news *news = &list->newest[list->count++ % ENG_NEWS_MAX];
    size_t length = text->used < sizeof news->text ? text->used : sizeof news->text - 1;
    *news = (struct eng_news){.at_ms = at_ms};
    if (!text->failed)
        memcpy(news->text, text->data, length);
    eng_text_done(text);
}

static void add_news(struct eng_news_list *list, const struct eng_told *told)
{
    struct eng_text text = {0};
    eng_text_add_bytes(&text, told->partner.data, told->partner.length);
    eng_text_add(&text, " ");
    if (told->kind != ENG_TOLD_SCORE_CHANGE) {
        eng_text_add_bytes(&text, told->name.data, told->name.length);
        eng_text_add(&text, ": ");
    }
    eng_told_words(told, &text);
    keep_news(list, told->at_ms, &text);
}

static void take_score_change(struct eng_findings *findings, const struct eng_told *told)
{
    struct eng_finding *partner = find_partner(findings, told->partner);
    findings->score_changes++;
    if (partner != NULL)
        move_band(findings, partner, told);
    add_news(&findings->changes, told);
}

/* That somebody fades or leaves; what is almost there, or due, does not say so. */
static bool is_warning(const struct eng_told *told)
{
    return told->kind == ENG_TOLD_SILENCE || told->kind == ENG_TOLD_FALLS_TO ||
           told->kind == ENG_TOLD_DROP || told->kind == ENG_TOLD_BELOW;
}

static void take_churn_drop(struct eng_findings *findings, const struct eng_told *told)
{
    struct eng_finding *partner = find_partner(findings, told->partner);
    if (told->resolved) {
        findings->resolved++;
        return;
    }
    findings->opened++;
    add_news(&findings->drops, told);
    if (partner == NULL)
        return;
    partner->silent |= told->kind == ENG_TOLD_SILENCE;
    bool after = partner->changes_ms >= 0 && told->at_ms >= partner->changes_ms;
    if (after && partner->told_ms < 0 && is_warning(told))
        partner->told_ms = told->at_ms;
}

/* Figures of segments are told as well; here those of everybody are shown. */
static void take_group(struct eng_findings *findings, const struct eng_told_group *told)
{
    struct eng_text text = {0};
    if (!told->everybody)
        return;
    eng_told_figures(told, &text);
    keep_news(&findings->figures, told->at_ms, &text);
}

static void visit_group(struct eng_findings *findings, const struct eng_tail_record *record)
{
    struct eng_told_group told;
    if (eng_told_group_result(record->value, record->value_bytes, &told))
        take_group(findings, &told);
    else
        findings->unreadable++;
}

static void visit_board(struct eng_findings *findings, const struct eng_tail_record *record)
{
    struct eng_told_board told;
    struct eng_text text = {0};
    if (!eng_told_board(record->value, record->value_bytes, &told)) {
        findings->unreadable++;
        return;
    }
    if (!told.everybody)
        return;
    eng_told_places(&told, &text);
    keep_news(&findings->boards, told.at_ms, &text);
}

void eng_findings_visit(void *context, const struct eng_tail_record *record)
{
    struct eng_findings *findings = context;
    struct eng_told told;
    if (record->topic == ENG_FINDINGS_GROUPS) {
        visit_group(findings, record);
        return;
    }
    if (record->topic == ENG_FINDINGS_BOARDS) {
        visit_board(findings, record);
        return;
    }
    bool readable = record->topic == ENG_FINDINGS_SCORE_CHANGES
                        ? eng_told_score_change(record->value, record->value_bytes, &told)
                        : eng_told_churn_drop(record->value, record->value_bytes, &told);
    if (!readable)
        findings->unreadable++;
    else if (record->topic == ENG_FINDINGS_SCORE_CHANGES)
        take_score_change(findings, &told);
    else
        take_churn_drop(findings, &told);
}

static int compare_delays(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

enum eng_status eng_findings_of_kind(const struct eng_findings *findings, enum eng_synth_kind kind,
                                     int64_t now_ms, struct eng_kind_findings *ret_found)
{
    struct eng_kind_findings found = {0};
    int64_t *delays = eng_calloc(findings->partner_count, sizeof *delays);
    if (delays == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < findings->partner_count; i++) {
        const struct eng_finding *partner = &findings->partners[i];
        if (partner->kind != kind || partner->changes_ms > now_ms)
            continue;
        found.partners++;
        found.silent += partner->silent;
        if (partner->told_ms >= 0)
            delays[found.told++] = partner->told_ms - partner->changes_ms;
    }
    if (found.told > 0) {
        qsort(delays, found.told, sizeof *delays, compare_delays);
        found.median_days = (double)delays[found.told / 2] / DAY_MS;
    }
    eng_free(delays);
    eng_assert(found.told <= found.partners);
    *ret_found = found;
    return ENG_OK;
}
