/* Budgets: which alerts share them, and who comes first. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"

/* The alerts, all of them when the file does not say; none may be in two budgets. */
static enum eng_status load_alerts(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_node *list, struct eng_budget *budget)
{
    struct eng_model *model = load->model;
    budget->alerts = list == NULL ? eng_load_all_alerts(load) : 0;
    enum eng_status status = eng_load_alert_names(load, list, &budget->alerts);
    if (status != ENG_OK)
        return status;
    if (budget->alerts == 0)
        return eng_source_fail(&load->source, node->key->mark,
                               "the budget \"%s\" has no alerts; name some, \"alerts: [at_risk]\", "
                               "or leave it out",
                               budget->name);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (budget->alerts & model->budgeted & 1u << i)
            return eng_source_fail(&load->source, list != NULL ? list->mark : node->key->mark,
                                   "the alert \"%s\" is in another budget already; leave it out of "
                                   "one of them",
                                   model->alerts[i].name);
    model->budgeted |= budget->alerts;
    return ENG_OK;
}

/* A budget tells when none of its alerts is quiet. */
static enum eng_status check_quiet(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_budget *budget)
{
    if (!eng_load_is_always_quiet(load, budget->alerts))
        return ENG_OK;
    return eng_source_fail(&load->source, node->key->mark,
                           "at any hour of the week it is quiet for some alert of the budget "
                           "\"%s\", so it would never tell; make two budgets of it",
                           budget->name);
}

static enum eng_status load_parts(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_budget_draft *draft, struct eng_budget *budget)
{
    enum eng_status status = eng_load_copy(load, node->key, &budget->name);
    if (status == ENG_OK && draft->description != NULL)
        status = eng_load_copy(load, draft->description, &budget->description);
    if (status == ENG_OK && budget->per == ENG_PER_HOUR && load->model->pane_unit == ENG_PANE_DAY)
        return eng_source_fail(&load->source, eng_node_get(node, "per")->mark,
                               "\"per: hour\" needs counts by the hour, and they are kept by day; "
                               "write \"per: day\", or \"time: {pane: 1h}\"");
    if (status == ENG_OK)
        status = eng_load_ranked_by(load, draft->rank, &budget->of_score, &budget->subject);
    budget->is_split = draft->by != NULL;
    if (status == ENG_OK && budget->is_split)
        status = eng_load_split(load, draft->by, &budget->split);
    if (status == ENG_OK)
        status = load_alerts(load, node, draft->alerts, budget);
    return status == ENG_OK ? check_quiet(load, node, budget) : status;
}

static enum eng_status load_budget(struct eng_load *load, const struct eng_node *node)
{
    struct eng_budget_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a budget");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_budget, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_budget *budget = &load->model->budgets[load->model->budget_count++];
    budget->at_most = (uint16_t)draft.at_most;
    budget->show = (uint16_t)draft.show;
    budget->per = (enum eng_budget_per)draft.per;
    budget->lowest = draft.lowest != 0;
    return load_parts(load, node, &draft, budget);
}

enum eng_status eng_load_budgets(struct eng_load *load)
{
    const struct eng_things things = {.plural = "budgets",
                                      .most = ENG_BUDGETS_MAX,
                                      .limit = "ENG_BUDGETS_MAX",
                                      .bytes = sizeof *load->model->budgets,
                                      .load = load_budget};
    return eng_load_things(load, load->file.budgets, &things, &load->model->budgets);
}
