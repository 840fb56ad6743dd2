/* Actions: every name and family of the file becomes an entry of the model, and what refers to
 * actions a set of entries.
 *
 * An event is counted under one entry alone (the exact one, else the longest family). A reference
 * to a family therefore has to hold the family's entry and all exact entries and longer families
 * below it. Which those are is known only at the end, so sets are noted first and filled in last.
 */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <string.h>

static bool is_family(const struct eng_node *node)
{
    return node->length > 2 && memcmp(node->text + node->length - 2, ".*", 2) == 0;
}

static enum eng_status check_action(struct eng_load *load, const struct eng_node *node,
                                    const char *what)
{
    if (node->kind != ENG_NODE_SCALAR)
        return eng_source_fail(&load->source, node->mark,
                               "%s holds %s; write an action such as "
                               "platform.login or a family such as \"training.*\"",
                               what, eng_node_shown(&load->source, node));
    if (node->length > ENG_ACTION_BYTES_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "the action \"%s\" has %u bytes; actions have at most %d "
                               "(ENG_ACTION_BYTES_MAX)",
                               eng_node_shown(&load->source, node), node->length,
                               ENG_ACTION_BYTES_MAX);
    if (node->length == 0)
        return eng_source_fail(&load->source, node->mark,
                               "%s is empty; write an action such as "
                               "platform.login",
                               what);
    const char *star = memchr(node->text, '*', node->length);
    if (star != NULL && (!is_family(node) || star != node->text + node->length - 1))
        return eng_source_fail(
            &load->source, node->mark,
            "\"%s\" is no action and no family; a star stands only at the end, after a "
            "dot: \"training.*\" is what begins with \"training.\"",
            eng_node_shown(&load->source, node));
    for (uint32_t i = 0; i < node->length; i++)
        if ((unsigned char)node->text[i] < ' ' || node->text[i] == 127)
            return eng_source_fail(
                &load->source, node->mark,
                "the action \"%s\" holds a control character; write visible ones",
                eng_node_shown(&load->source, node));
    return ENG_OK;
}

enum eng_status eng_load_check_actions(struct eng_load *load, const struct eng_node *node,
                                       const char *what)
{
    eng_assert(node != NULL && what != NULL);
    if (node->kind != ENG_NODE_SEQUENCE)
        return check_action(load, node, what);
    if (node->count == 0)
        return eng_source_fail(&load->source, node->mark,
                               "%s is an empty list; name at least one "
                               "action",
                               what);
    enum eng_status status = ENG_OK;
    for (const struct eng_node *item = node->first; item && status == ENG_OK; item = item->next)
        status = check_action(load, item, what);
    return status;
}

/* The entry of a name or family, made if it is new. */
static enum eng_status add_entry(struct eng_load *load, const struct eng_node *node)
{
    struct eng_model *model = load->model;
    bool family = is_family(node);
    uint32_t length = node->length - family;
    for (uint32_t i = 0; i < model->action_count; i++) {
        const struct eng_action *entry = &model->actions[i];
        if (entry->family == family && entry->length == length &&
            memcmp(entry->text, node->text, length) == 0)
            return ENG_OK;
    }
    if (model->action_count == ENG_ACTIONS_MAX)
        return eng_source_fail(&load->source, node->mark,
                               "\"%s\" is one action too many; a file names at "
                               "most %d (ENG_ACTIONS_MAX), and a family is only one",
                               eng_node_shown(&load->source, node), ENG_ACTIONS_MAX);
    char *text = eng_strndup(node->text, length);
    if (text == NULL)
        return eng_source_no_memory(&load->source);
    model->actions[model->action_count++] =
        (struct eng_action){.text = text, .length = length, .family = family, .variant_count = 1};
    return ENG_OK;
}

static enum eng_status add_action(struct eng_load *load, const struct eng_reference *reference,
                                  const struct eng_node *node, struct eng_action_set *set)
{
    enum eng_status status = add_entry(load, node);
    if (status != ENG_OK)
        return status;
    struct eng_pending_set *pending = eng_arena_alloc(&load->source.arena, sizeof *pending);
    if (pending == NULL)
        return eng_source_no_memory(&load->source);
    *pending =
        (struct eng_pending_set){load->pending, node, reference->where_node,
                                 reference->where_node != NULL ? reference->where : NULL, set};
    load->pending = pending;
    return ENG_OK;
}

enum eng_status eng_load_add_actions(struct eng_load *load, const struct eng_reference *reference,
                                     struct eng_action_set *set)
{
    const struct eng_node *node = reference->actions;
    eng_assert(node != NULL && set != NULL);
    if (load->model->actions == NULL) {
        load->model->actions = eng_load_array(load, ENG_ACTIONS_MAX, sizeof(struct eng_action));
        if (load->model->actions == NULL)
            return ENG_NO_MEMORY;
    }
    if (node->kind == ENG_NODE_SCALAR)
        return add_action(load, reference, node, set);
    enum eng_status status = ENG_OK;
    for (const struct eng_node *item = node->first; item && status == ENG_OK; item = item->next)
        status = add_action(load, reference, item, set);
    return status;
}

bool eng_load_covers(const struct eng_node *node, const struct eng_action *entry)
{
    bool family = is_family(node);
    uint32_t length = node->length - family;
    if (family ? entry->length < length : entry->family || entry->length != length)
        return false;
    return memcmp(entry->text, node->text, length) == 0;
}

/* The entries of the actions, as far as their condition implies the filter. */
static void fill_set(const struct eng_model *model, const struct eng_pending_set *pending)
{
    for (uint32_t i = 0; i < model->action_count; i++)
        if (eng_load_covers(pending->node, &model->actions[i]) &&
            (pending->where == NULL ||
             eng_condition_implies(model, &model->actions[i].where, model, pending->where)))
            pending->set->bits[i >> 6] |= 1ULL << (i & 63);
}

enum eng_status eng_load_fill_sets(struct eng_load *load)
{
    enum eng_status status = eng_load_tell_apart(load);
    for (const struct eng_pending_set *pending = load->pending; pending && status == ENG_OK;
         pending = pending->next)
        fill_set(load->model, pending);
    return status;
}
