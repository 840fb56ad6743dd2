/* Guards: what they watch, and which alerts they hold. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"

static enum eng_status fail_guard(struct eng_load *load, const struct eng_node *node,
                                  const char *what)
{
    return eng_source_fail(&load->source, node->key->mark, "the guard \"%s\" %s",
                           eng_node_shown(&load->source, node->key), what);
}

static enum eng_status find_alert(struct eng_load *load, const struct eng_node *name,
                                  uint32_t *alerts)
{
    const struct eng_model *model = load->model;
    const struct eng_named named = {"alert", model->alerts, sizeof *model->alerts,
                                    model->alert_count};
    uint16_t index = 0;
    enum eng_status status =
        eng_load_find(load, name, &named, "add it under \"alerts\", or name another", &index);
    if (status == ENG_OK)
        *alerts |= 1u << index;
    return status;
}

uint32_t eng_load_all_alerts(const struct eng_load *load)
{
    uint32_t alerts = 0;
    for (uint32_t i = 0; i < load->model->alert_count; i++)
        alerts |= 1u << i;
    return alerts;
}

enum eng_status eng_load_alert_names(struct eng_load *load, const struct eng_node *list,
                                     uint32_t *alerts)
{
    enum eng_status status = ENG_OK;
    const struct eng_node *name = list != NULL ? list->first : NULL;
    for (; status == ENG_OK && name != NULL; name = name->next)
        status = find_alert(load, name, alerts);
    return status;
}

/* What is watched: actions, with a filter or without, or everything. */
static enum eng_status load_watched(struct eng_load *load, const struct eng_guard_draft *draft,
                                    struct eng_guard *guard)
{
    struct eng_reference reference = {draft->silence, draft->where, &guard->where};
    guard->everything = draft->silence == NULL;
    if (guard->everything && draft->where == NULL)
        return ENG_OK;
    if (guard->everything)
        return eng_source_fail(&load->source, draft->where->mark,
                               "\"where\" filters the actions of a guard, and this one has none; "
                               "write \"silence: invoice.upload\" beside it, or leave it out");
    enum eng_status status = eng_load_filter(load, draft->where, &guard->where);
    return status == ENG_OK ? eng_load_add_actions(load, &reference, &guard->actions) : status;
}

/* When it holds and when it does not any more. */
static enum eng_status load_times(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_guard_draft *draft, struct eng_guard *guard)
{
    guard->share_e4 = draft->below.share_e4;
    guard->usual_least = draft->usual_least;
    guard->after = draft->after > 0 ? draft->after : 1;
    guard->settle = draft->settle > 0 ? draft->settle : 1;
    guard->at_most = draft->at_most;
    guard->drop = draft->drop != 0;
    if (guard->share_e4 == 0)
        return eng_source_fail(&load->source, eng_node_get(node, "below")->mark,
                               "\"below\" of a guard is a part of what is usual; write it in per "
                               "cent: \"below: 10%%\"");
    if (guard->settle <= guard->at_most)
        return ENG_OK;
    return eng_source_fail(&load->source, eng_node_get(node, "settle")->mark,
                           "\"settle\" is longer than the guard holds at all (\"at_most\"); write "
                           "at most that");
}

static enum eng_status load_guard(struct eng_load *load, const struct eng_node *node)
{
    struct eng_guard_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a guard");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_guard, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_guard *guard = &load->model->guards[load->model->guard_count++];
    status = eng_load_copy(load, node->key, &guard->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &guard->description);
    if (status == ENG_OK)
        status = load_times(load, node, &draft, guard);
    if (status == ENG_OK)
        status = load_watched(load, &draft, guard);
    return status == ENG_OK ? eng_load_alert_names(load, draft.alerts, &guard->alerts) : status;
}

enum eng_status eng_load_guards(struct eng_load *load)
{
    const struct eng_things things = {.plural = "guards",
                                      .most = ENG_GUARDS_MAX,
                                      .limit = "ENG_GUARDS_MAX",
                                      .bytes = sizeof *load->model->guards,
                                      .load = load_guard};
    return eng_load_things(load, load->file.guards, &things, &load->model->guards);
}

/* ---- which alerts, when the file does not say ---- */

static bool meet(const struct eng_guard *guard, const struct eng_action_set *set)
{
    uint64_t both = 0;
    for (unsigned i = 0; i < sizeof set->bits / sizeof set->bits[0]; i++)
        both |= set->bits[i] & guard->actions.bits[i];
    return both != 0;
}

static bool looks_at(const struct eng_model *model, unsigned index, const struct eng_guard *guard)
{
    const struct eng_measure *measure = &model->measures[index];
    if (measure->kind == ENG_RATIO)
        return looks_at(model, measure->parts[0], guard) ||
               looks_at(model, measure->parts[1], guard);
    return meet(guard, &measure->actions) || meet(guard, &measure->until);
}

/* True for an alert of a fall or a silence that could come from the silence of the actions. */
static bool could_mislead(const struct eng_model *model, const struct eng_alert *alert,
                          const struct eng_guard *guard)
{
    if (alert->kind == ENG_RISES_TO || alert->kind == ENG_ABOVE)
        return false;
    if (guard->everything || meet(guard, &alert->actions))
        return true;
    if (!eng_alert_is_scored(alert))
        return false;
    const struct eng_score *score = &model->scores[alert->score];
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (looks_at(model, score->dimensions[i].measure, guard))
            return true;
    return false;
}

enum eng_status eng_load_choose_guarded(struct eng_load *load)
{
    struct eng_model *model = load->model;
    const struct eng_node *node = load->file.guards ? load->file.guards->first : NULL;
    for (uint32_t i = 0; i < model->guard_count; i++, node = node->next) {
        struct eng_guard *guard = &model->guards[i];
        for (uint32_t k = 0; k < model->alert_count && eng_node_get(node, "alerts") == NULL; k++)
            if (could_mislead(model, &model->alerts[k], guard))
                guard->alerts |= 1u << k;
        if (guard->alerts == 0)
            return fail_guard(load, node,
                              "holds nothing: no alert of a fall or a silence looks at its "
                              "actions; name some, \"alerts: [at_risk]\", or leave it out");
    }
    return ENG_OK;
}
