/* Checks: what makes an event suspicious. What a check has to say depends on its kind, so kinds are
 * rows, as those of measures are. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <stddef.h>
#include <string.h>

struct kind {
    const char *name; /* its key */
    const char *what; /* for errors */
    const char *keys; /* that may stand beside each other */
    enum eng_check_kind kind;
    enum eng_status (*load)(struct eng_load *load, const struct eng_node *node,
                            const struct eng_check_draft *draft, struct eng_check *check);
};

/* ---- each kind ---- */

/* Texts are kept by a hidden measure; over how many panes is known at the end, by late_after. */
static enum eng_status load_unique(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_check_draft *draft, struct eng_check *check)
{
    struct eng_measure *measure = NULL;
    enum eng_status status = eng_load_attribute(load, draft->unique, &check->attribute);
    if (status == ENG_OK)
        status = eng_load_new_measure(load, node->key, &measure);
    if (status != ENG_OK)
        return status;
    struct eng_reference reference = {draft->of, draft->where, &check->where};
    measure->kind = ENG_MEMBERS;
    measure->window = ENG_WINDOW_ROLLING;
    measure->panes = check->over;
    measure->inner = true;
    measure->where = check->where;
    measure->attribute = (uint8_t)(check->attribute + 1);
    check->numbers = (uint16_t)(load->model->measure_count - 1);
    return eng_load_add_actions(load, &reference, &measure->actions);
}

static enum eng_status load_more_than(struct eng_load *load, const struct eng_node *node,
                                      const struct eng_check_draft *draft, struct eng_check *check)
{
    (void)load;
    (void)node; /* as the others have them */
    check->most = draft->more_than;
    return ENG_OK;
}

/* The filter is that of the actions that need another, as with deadlines. */
static enum eng_status load_needs(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_check_draft *draft, struct eng_check *check)
{
    static const struct eng_condition anything;
    struct eng_reference needs = {draft->needs, NULL, &anything};
    (void)node; /* as the others have it */
    return eng_load_add_actions(load, &needs, &check->needs);
}

static enum eng_status load_part(struct eng_load *load, const struct eng_node *name,
                                 uint16_t *ret_part)
{
    enum eng_status status =
        eng_load_find_measure(load, name, "add it under \"measures\"", ret_part);
    if (status != ENG_OK)
        return status;
    const struct eng_measure *measure = &load->model->measures[*ret_part];
    if (measure->kind != ENG_COUNT && measure->kind != ENG_SUM)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is neither a count nor a sum, so what an event adds to it "
                               "is not known before; name two that are",
                               eng_node_shown(&load->source, name));
    return ENG_OK;
}

static enum eng_status load_outlier(struct eng_load *load, const struct eng_node *node,
                                    const struct eng_check_draft *draft, struct eng_check *check)
{
    const struct eng_node *names = draft->ratio;
    if (eng_node_get(node, "above") == NULL)
        return eng_source_fail(&load->source, names->key->mark,
                               "a check of a ratio needs a limit; write \"above: 5\"");
    if (names->count != 2)
        return eng_source_fail(&load->source, names->mark,
                               "a ratio is made of two measures, and there are %u; write "
                               "\"ratio: [redeemed, earned]\"",
                               names->count);
    check->above_e4 = draft->above_e4;
    enum eng_status status = load_part(load, names->first, &check->measures[0]);
    if (status == ENG_OK)
        status = load_part(load, names->first->next, &check->measures[1]);
    if (status == ENG_OK && check->measures[0] == check->measures[1])
        return eng_source_fail(&load->source, names->first->next->mark,
                               "a measure divided by itself is always 1; name two different ones");
    return status;
}

static const struct kind kinds[] = {
    {"unique", "a check for the same text twice", "unique anywhere of where over then description",
     ENG_UNIQUE, load_unique},
    {"more_than", "a check for too many", "more_than of where over then description", ENG_MORE_THAN,
     load_more_than},
    {"needs", "a check for an impossible order", "needs of where over then description", ENG_NEEDS,
     load_needs},
    {"ratio", "a check of a ratio", "ratio above of where then description", ENG_OUTLIER,
     load_outlier},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- one check ---- */

/* The one kind that a check names. */
static enum eng_status find_kind(struct eng_load *load, const struct eng_node *node,
                                 const struct kind **ret_kind)
{
    const struct kind *found = NULL;
    for (int i = 0; i < KINDS; i++) {
        const struct eng_node *key = eng_node_get(node, kinds[i].name);
        if (key == NULL)
            continue;
        if (found != NULL)
            return eng_source_fail(&load->source, key->key->mark,
                                   "the check has both \"%s\" and \"%s\"; make two checks of it",
                                   found->name, kinds[i].name);
        found = &kinds[i];
    }
    if (found == NULL)
        return eng_source_fail(&load->source, node->key->mark,
                               "the check \"%s\" does not say what it looks for; write one of "
                               "unique, more_than, needs, ratio",
                               eng_node_shown(&load->source, node->key));
    *ret_kind = found;
    return ENG_OK;
}

static enum eng_status load_check(struct eng_load *load, const struct eng_node *node)
{
    struct eng_check_draft draft = {0};
    const struct kind *kind = NULL;
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a check");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_check, node, &draft);
    if (status == ENG_OK)
        status = find_kind(load, node, &kind);
    if (status == ENG_OK)
        status = eng_section_allow(load, node, kind->what, kind->keys);
    if (status == ENG_OK && kind->kind != ENG_OUTLIER && draft.over == 0)
        status = eng_source_fail(&load->source, node->key->mark,
                                 "%s needs a window; write \"over: 30d\"", kind->what);
    if (status != ENG_OK)
        return status;
    struct eng_check *check = &load->model->checks[load->model->check_count++];
    struct eng_reference reference = {draft.of, draft.where, &check->where};
    check->kind = kind->kind;
    check->over = draft.over;
    check->leave_out = draft.then != 0;
    check->anywhere = draft.anywhere;
    load->model->sights |= draft.anywhere;
    status = eng_load_copy(load, node->key, &check->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &check->description);
    if (status == ENG_OK)
        status = eng_load_filter(load, draft.where, &check->where);
    if (status == ENG_OK)
        status = eng_load_add_actions(load, &reference, &check->actions);
    return status == ENG_OK ? kind->load(load, node, &draft, check) : status;
}

enum eng_status eng_load_checks(struct eng_load *load)
{
    static const struct eng_things things = {"checks", "ENG_CHECKS_MAX", ENG_CHECKS_MAX,
                                             sizeof *load->model->checks, load_check};
    eng_assert(load->model->checks == NULL);
    return eng_load_things(load, load->file.checks, &things, &load->model->checks);
}

/* ---- at the end ---- */

enum eng_status eng_load_end_checks(struct eng_load *load)
{
    struct eng_model *model = load->model;
    const struct eng_node *node = load->file.checks ? load->file.checks->first : NULL;
    eng_assert(model->late_after > 0);
    for (uint32_t i = 0; i < model->check_count; i++, node = node->next) {
        const struct eng_check *check = &model->checks[i];
        if (check->kind == ENG_UNIQUE) /* a window may end with the oldest pane that is not late */
            model->measures[check->numbers].panes = check->over + model->late_after - 1;
        for (uint32_t a = 0; a < model->action_count; a++)
            if (eng_action_set_has(&check->actions, a) && eng_action_set_has(&check->needs, a))
                return eng_source_fail(&load->source, eng_node_get(node, "needs")->mark,
                                       "\"%s%s\" is looked at by the check \"%s\" and is what it "
                                       "needs; an action can do only one of them",
                                       model->actions[a].text, model->actions[a].family ? "*" : "",
                                       check->name);
    }
    return ENG_OK;
}
