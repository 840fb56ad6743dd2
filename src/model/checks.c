/* Checks: what makes an event suspicious. What a check has to say depends on its kind, so kinds are
 * rows, as those of measures are. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <stddef.h>
#include <string.h>

enum { THEN_LEAVE_OUT = 1, THEN_HOLD = 2 };

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
    {"unique", "a check for the same text twice",
     "unique anywhere of where over then held description", ENG_UNIQUE, load_unique},
    {"more_than", "a check for too many", "more_than of where over then held description",
     ENG_MORE_THAN, load_more_than},
    {"needs", "a check for an impossible order", "needs of where over then held description",
     ENG_NEEDS, load_needs},
    {"ratio", "a check of a ratio", "ratio above of where then held description", ENG_OUTLIER,
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

/* By what a decision and an event belong together. */
static enum eng_status load_reference(struct eng_load *load, const struct eng_node *node,
                                      const struct eng_held_draft *draft, struct eng_check *check)
{
    const struct eng_node *name = draft->reference != NULL ? draft->reference : draft->original;
    if (draft->reference != NULL && draft->original != NULL)
        return eng_source_fail(&load->source, draft->original->key->mark,
                               "the event is found by \"reference\" or by \"original\"; leave out "
                               "one of them");
    if (name == NULL && check->kind != ENG_UNIQUE)
        return eng_source_fail(&load->source, node->key->mark,
                               "how does a decision say which event of \"%s\" it is about? Write "
                               "\"reference: invoice_number\", an attribute of both, or "
                               "\"original: held_id\", one of the decision that has the event's id",
                               check->name);
    check->by_id = draft->original != NULL;
    check->reference = check->attribute;
    return name != NULL ? eng_load_attribute(load, name, &check->reference) : ENG_OK;
}

/* Who decides on what the check holds. */
static enum eng_status load_held(struct eng_load *load, const struct eng_node *node,
                                 struct eng_check *check)
{
    static const struct eng_condition anything;
    struct eng_held_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_held, node, &draft);
    struct eng_reference until = {draft.until, NULL, &anything};
    struct eng_reference drops = {draft.dropped_by, NULL, &anything};
    if (status != ENG_OK)
        return status;
    if (draft.until == NULL && draft.dropped_by == NULL)
        return eng_source_fail(&load->source, node->key->mark,
                               "nobody decides on what \"%s\" holds; write \"until: "
                               "invoice.cleared\", or \"dropped_by: invoice.rejected\", or both",
                               check->name);
    check->held_for = draft.panes;
    check->releases_at_end = draft.otherwise != 0;
    status = load_reference(load, node, &draft, check);
    if (status == ENG_OK && draft.until != NULL)
        status = eng_load_add_actions(load, &until, &check->releases);
    if (status == ENG_OK && draft.dropped_by != NULL)
        status = eng_load_add_actions(load, &drops, &check->discards);
    return status;
}

/* What becomes of an event that is found. */
static enum eng_status load_then(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_check_draft *draft, struct eng_check *check)
{
    check->leave_out = draft->then == THEN_LEAVE_OUT;
    check->hold = draft->then == THEN_HOLD;
    if (check->hold && draft->held == NULL)
        return eng_source_fail(&load->source, eng_node_get(node, "then")->mark,
                               "who decides on what is held? Write \"held: {until: "
                               "invoice.cleared, dropped_by: invoice.rejected, for: 14d}\"");
    if (!check->hold && draft->held != NULL)
        return eng_source_fail(&load->source, draft->held->key->mark,
                               "\"held\" belongs to \"then: hold\", and this check does not hold "
                               "anything; write that, or leave it out");
    if (check->hold && check->anywhere)
        return eng_source_fail(
            &load->source, eng_node_get(node, "anywhere")->mark,
            "what is found at another partner is told when the day is over, and "
            "has been counted by then: it cannot be held; make two checks of it");
    return check->hold ? load_held(load, draft->held, check) : ENG_OK;
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
    check->anywhere = draft.anywhere;
    load->model->sights |= draft.anywhere;
    status = eng_load_copy(load, node->key, &check->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &check->description);
    if (status == ENG_OK)
        status = eng_load_filter(load, draft.where, &check->where);
    if (status == ENG_OK)
        status = eng_load_add_actions(load, &reference, &check->actions);
    if (status == ENG_OK)
        status = kind->load(load, node, &draft, check);
    return status == ENG_OK ? load_then(load, node, &draft, check) : status;
}

enum eng_status eng_load_checks(struct eng_load *load)
{
    static const struct eng_things things = {"checks", "ENG_CHECKS_MAX", ENG_CHECKS_MAX,
                                             sizeof *load->model->checks, load_check};
    eng_assert(load->model->checks == NULL);
    return eng_load_things(load, load->file.checks, &things, &load->model->checks);
}

/* ---- at the end ---- */

/* Refuses an action that two things are said of. */
static enum eng_status refuse_both(struct eng_load *load, const struct eng_node *at,
                                   const struct eng_check *check, uint32_t action, const char *both)
{
    const struct eng_action *named = &load->model->actions[action];
    eng_assert(action < load->model->action_count);
    eng_assert(at != NULL);
    return eng_source_fail(&load->source, at->mark,
                           "\"%s%s\" is looked at by the check \"%s\" and %s; an action can do "
                           "only one of them",
                           named->text, named->family ? "*" : "", check->name, both);
}

/* True when some check is decided by the action. */
static bool decides(const struct eng_model *model, uint32_t action)
{
    bool any = false;
    eng_assert(action < model->action_count);
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    for (uint32_t i = 0; i < model->check_count; i++)
        any |= eng_action_set_has(&model->checks[i].releases, action) ||
               eng_action_set_has(&model->checks[i].discards, action);
    return any;
}

/* True when the text of such an event is looked for at other partners. */
static bool is_sighted(const struct eng_model *model, uint32_t action)
{
    bool any = false;
    eng_assert(action < model->action_count);
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    for (uint32_t i = 0; i < model->check_count; i++)
        any |= model->checks[i].anywhere && eng_action_set_has(&model->checks[i].actions, action);
    return any;
}

/* What would never end, or come too late. */
static enum eng_status end_hold(struct eng_load *load, const struct eng_node *node,
                                const struct eng_check *check)
{
    const struct eng_model *model = load->model;
    const struct eng_node *held = eng_node_get(node, "held");
    if (check->held_for >= model->late_after)
        return eng_source_fail(
            &load->source, eng_node_get(held, "for")->mark,
            "what waits for %u %s is too late to be counted: \"time.late_after\" "
            "is %u; wait for less, or write a longer one",
            check->held_for, model->pane_unit == ENG_PANE_HOUR ? "hours" : "days",
            model->late_after);
    for (uint32_t a = 0; a < model->action_count; a++) {
        const struct eng_action *action = &model->actions[a];
        if (eng_action_set_has(&check->releases, a) && eng_action_set_has(&check->discards, a))
            return eng_source_fail(&load->source, eng_node_get(held, "dropped_by")->mark,
                                   "\"%s%s\" both releases and discards what the check \"%s\" "
                                   "holds; an action can do only one of them",
                                   action->text, action->family ? "*" : "", check->name);
        if (!eng_action_set_has(&check->actions, a))
            continue;
        if (decides(model, a))
            return refuse_both(load, held, check, a, "decides on what is held");
        if (is_sighted(model, a))
            return refuse_both(load, held, check, a,
                               "by one with \"anywhere: true\", which hears of it when it comes");
    }
    return ENG_OK;
}

enum eng_status eng_load_end_checks(struct eng_load *load)
{
    struct eng_model *model = load->model;
    const struct eng_node *node = load->file.checks ? load->file.checks->first : NULL;
    enum eng_status status = ENG_OK;
    eng_assert(model->late_after > 0);
    for (uint32_t i = 0; status == ENG_OK && i < model->check_count; i++, node = node->next) {
        const struct eng_check *check = &model->checks[i];
        if (check->kind == ENG_UNIQUE) /* a window may end with the oldest pane that is not late */
            model->measures[check->numbers].panes = check->over + model->late_after - 1;
        for (uint32_t a = 0; a < model->action_count; a++)
            if (eng_action_set_has(&check->actions, a) && eng_action_set_has(&check->needs, a))
                return refuse_both(load, eng_node_get(node, "needs"), check, a, "is what it needs");
        if (check->hold)
            status = end_hold(load, node, check);
    }
    return status;
}
