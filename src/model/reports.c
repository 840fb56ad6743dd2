/* Reports: of which scores, when, and for whom. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"

/* The scores, each once. */
static enum eng_status load_of(struct eng_load *load, const struct eng_node *node,
                               struct eng_report *report)
{
    if (node->count == 0 || node->count > ENG_SCORES_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "\"of\" lists %u scores; write from 1 to %d (ENG_SCORES_MAX)",
                               node->count, ENG_SCORES_MAX);
    report->scores = eng_load_array(load, node->count, sizeof *report->scores);
    if (report->scores == NULL)
        return ENG_NO_MEMORY;
    for (const struct eng_node *name = node->first; name != NULL; name = name->next) {
        uint16_t *score = &report->scores[report->score_count];
        enum eng_status status = eng_load_find_score(load, name, score);
        if (status != ENG_OK)
            return status;
        for (uint32_t i = 0; i < report->score_count; i++)
            if (report->scores[i] == *score)
                return eng_source_fail(&load->source, name->mark, "the score \"%s\" stands twice",
                                       eng_node_shown(&load->source, name));
        report->score_count++;
    }
    return ENG_OK;
}

/* A day that every period has, or `last`. */
static enum eng_status load_day(struct eng_load *load, const struct eng_node *node,
                                struct eng_report *report)
{
    bool week = report->every == ENG_WINDOW_WEEK;
    struct eng_range range = {"\"day\"", 0, 1, week ? 7 : 31};
    int64_t day = 1;
    enum eng_status status = ENG_OK;
    if (node != NULL && eng_node_is(node, "last"))
        day = 0;
    else if (node != NULL)
        status = eng_load_number(load, node, &range, &day);
    if (status == ENG_OK && day > 28)
        return eng_source_fail(&load->source, node->mark,
                               "\"day\" is %s, a day that not every month has; write \"day: "
                               "last\", or 1 to 28",
                               eng_node_shown(&load->source, node));
    report->day = (uint8_t)day;
    return status;
}

static enum eng_status load_at(struct eng_load *load, const struct eng_node *node,
                               struct eng_report *report)
{
    struct eng_moment_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_moment, node, &draft);
    if (status == ENG_OK)
        status = load_day(load, draft.day, report);
    report->hour = (uint8_t)draft.hour;
    if (status == ENG_OK && draft.hour > 0 && load->model->pane_unit == ENG_PANE_DAY)
        return eng_source_fail(&load->source, eng_node_get(node, "hour")->mark,
                               "\"hour\" is %u, but counts are kept by day, and a day begins at 0; "
                               "leave \"hour\" out, or write \"time: {pane: 1h}\"",
                               draft.hour);
    return status;
}

/* For whom: bands of the first score. */
static enum eng_status load_for(struct eng_load *load, const struct eng_node *node,
                                struct eng_report *report)
{
    const struct eng_score *score = &load->model->scores[report->scores[0]];
    if (node == NULL)
        return ENG_OK;
    if (node->count == 0)
        return eng_source_fail(&load->source, node->mark,
                               "\"for\" names no band, so the report \"%s\" would be for nobody; "
                               "name some, or leave \"for\" out",
                               report->name);
    for (const struct eng_node *name = node->first; name != NULL; name = name->next) {
        uint16_t band = 0;
        enum eng_status status = eng_load_find_band(load, name, score, &band);
        if (status != ENG_OK)
            return status;
        if (report->bands >> band & 1)
            return eng_source_fail(&load->source, name->mark, "the band \"%s\" stands twice",
                                   eng_node_shown(&load->source, name));
        report->bands |= 1u << band;
    }
    return ENG_OK;
}

static enum eng_status load_report(struct eng_load *load, const struct eng_node *node)
{
    struct eng_report_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a report");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_report, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_report *report = &load->model->reports[load->model->report_count++];
    report->every = (enum eng_window_kind)draft.every;
    report->trend_e4 = draft.trend_e4;
    status = eng_load_copy(load, node->key, &report->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &report->description);
    if (status == ENG_OK)
        status = load_of(load, draft.of, report);
    if (status == ENG_OK)
        status = load_at(load, draft.at, report);
    return status == ENG_OK ? load_for(load, draft.whom, report) : status;
}

enum eng_status eng_load_reports(struct eng_load *load)
{
    static const struct eng_things things = {"reports", "ENG_REPORTS_MAX", ENG_REPORTS_MAX,
                                             sizeof *load->model->reports, load_report};
    eng_assert(load->model->reports == NULL);
    return eng_load_things(load, load->file.reports, &things, &load->model->reports);
}
