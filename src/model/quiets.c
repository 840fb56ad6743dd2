/* Quiet times: hours and days in which alerts are held. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"

enum { DAY_HOURS = 24, WEEK_DAYS = 7 };

#define ALL_DAYS 0x7Fu
#define ALL_HOURS 0xFFFFFFu

static enum eng_status load_hours(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_quiet_draft *draft, struct eng_quiet *quiet)
{
    const struct eng_node *from = eng_node_get(node, "from"), *to = eng_node_get(node, "to");
    const struct eng_node *given = from != NULL ? from : to;
    if (given == NULL)
        return ENG_OK;
    if (load->model->pane_unit == ENG_PANE_DAY)
        return eng_source_fail(&load->source, given->mark,
                               "\"%s\" is an hour, but counts are kept by day, and alerts open at "
                               "midnight; write \"days: [6, 7]\", or \"time: {pane: 1h}\"",
                               from != NULL ? "from" : "to");
    if (from == NULL || to == NULL)
        return eng_source_fail(&load->source, given->mark,
                               "a quiet time has both \"from\" and \"to\"; write \"from: 20, to: "
                               "8\", or \"days: [6, 7]\" for whole days");
    if (draft->from % DAY_HOURS == draft->to % DAY_HOURS)
        return eng_source_fail(&load->source, to->mark,
                               "from %u to %u is no time, or all day; write another hour, or name "
                               "whole days: \"days: [6, 7]\"",
                               draft->from, draft->to);
    for (uint32_t hour = draft->from; hour != draft->to % DAY_HOURS; hour = (hour + 1) % DAY_HOURS)
        quiet->hours |= 1u << hour;
    return ENG_OK;
}

static enum eng_status load_days(struct eng_load *load, const struct eng_node *list,
                                 struct eng_quiet *quiet)
{
    const struct eng_range range = {"a day of \"days\"", 0, 1, WEEK_DAYS};
    const struct eng_node *node = list != NULL ? list->first : NULL;
    for (; node != NULL; node = node->next) {
        int64_t day = 0;
        enum eng_status status = eng_load_number(load, node, &range, &day);
        if (status != ENG_OK)
            return status;
        if (quiet->days >> (day - 1) & 1)
            return eng_source_fail(&load->source, node->mark, "the day %s stands twice",
                                   eng_node_shown(&load->source, node));
        quiet->days |= 1u << (day - 1);
    }
    if (quiet->days == ALL_DAYS)
        return eng_source_fail(
            &load->source, list->mark,
            "all seven days are quiet, so nothing would ever be told; leave some "
            "out");
    return ENG_OK;
}

/* Which alerts, all of them when the file does not say. */
static enum eng_status load_alerts(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_node *list, struct eng_quiet *quiet)
{
    if (quiet->days == 0 && quiet->hours == 0)
        return eng_source_fail(&load->source, node->key->mark,
                               "the quiet time \"%s\" has no time; write \"from: 20, to: 8\", or "
                               "\"days: [6, 7]\"",
                               quiet->name);
    quiet->alerts = list == NULL ? eng_load_all_alerts(load) : 0;
    enum eng_status status = eng_load_alert_names(load, list, &quiet->alerts);
    if (status == ENG_OK && quiet->alerts == 0)
        return eng_source_fail(&load->source, node->key->mark,
                               "the quiet time \"%s\" holds nothing, for there %s; name alerts, or "
                               "leave it out",
                               quiet->name,
                               list != NULL ? "is no alert in its list" : "are no alerts");
    return status;
}

bool eng_load_is_always_quiet(const struct eng_load *load, uint32_t alerts)
{
    const struct eng_model *model = load->model;
    uint32_t days = 0, hours = 0;
    for (uint32_t i = 0; i < model->quiet_count; i++)
        if (model->quiets[i].alerts & alerts) {
            days |= model->quiets[i].days;
            hours |= model->quiets[i].hours;
        }
    return days == ALL_DAYS || hours == ALL_HOURS;
}

/* Several together may leave an alert no hour of the week. */
static enum eng_status check_week(struct eng_load *load, const struct eng_node *node)
{
    const struct eng_model *model = load->model;
    for (uint32_t alert = 0; alert < model->alert_count; alert++)
        if (eng_load_is_always_quiet(load, 1u << alert))
            return eng_source_fail(&load->source, node->key->mark,
                                   "with the quiet time \"%s\" there is no hour left in which the "
                                   "alert \"%s\" could be told; leave some out",
                                   model->quiets[model->quiet_count - 1].name,
                                   model->alerts[alert].name);
    return ENG_OK;
}

static enum eng_status load_quiet(struct eng_load *load, const struct eng_node *node)
{
    struct eng_quiet_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a quiet time");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_quiet, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_quiet *quiet = &load->model->quiets[load->model->quiet_count++];
    status = eng_load_copy(load, node->key, &quiet->name);
    if (status == ENG_OK)
        status = load_hours(load, node, &draft, quiet);
    if (status == ENG_OK)
        status = load_days(load, draft.days, quiet);
    if (status == ENG_OK)
        status = load_alerts(load, node, draft.alerts, quiet);
    return status == ENG_OK ? check_week(load, node) : status;
}

enum eng_status eng_load_quiets(struct eng_load *load)
{
    const struct eng_things things = {.plural = "quiet times",
                                      .most = ENG_QUIETS_MAX,
                                      .limit = "ENG_QUIETS_MAX",
                                      .bytes = sizeof *load->model->quiets,
                                      .load = load_quiet};
    return eng_load_things(load, load->file.quiet, &things, &load->model->quiets);
}
