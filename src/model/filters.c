/* Filters: what `where` says, and the entries of an action that they tell apart (see
 * engine/condition.h).
 *
 * Which filters apply to an action is known only at the end of the file, since one on a family
 * applies to all actions below it. So conditions are read first, and each action gets its entries
 * when all references have been seen. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <stdlib.h>
#include <string.h>

enum { CONDITIONS_CHUNK_BYTES = 4096 };

/* ---- reading ---- */

void *eng_load_keep(struct eng_load *load, const void *data, size_t bytes)
{
    struct eng_arena *arena = &load->model->conditions;
    if (arena->chunk_bytes == 0)
        eng_arena_init(arena, CONDITIONS_CHUNK_BYTES);
    void *kept = eng_arena_alloc(arena, bytes > 0 ? bytes : 1);
    if (kept == NULL)
        (void)eng_source_no_memory(&load->source); /* the caller returns the status */
    else if (bytes > 0)
        memcpy(kept, data, bytes);
    return kept;
}

enum eng_status eng_load_attribute(struct eng_load *load, const struct eng_node *name,
                                   uint16_t *ret_index)
{
    struct eng_model *model = load->model;
    enum eng_status status = eng_load_check_name(load, name, "the name of an attribute");
    if (status != ENG_OK)
        return status;
    for (uint32_t i = 0; i < model->attribute_count; i++)
        if (eng_node_is(name, model->attributes[i])) {
            *ret_index = (uint16_t)i;
            return ENG_OK;
        }
    if (model->attributes == NULL)
        model->attributes = eng_load_array(load, ENG_ATTRIBUTES_MAX, sizeof(char *));
    if (model->attributes == NULL)
        return ENG_NO_MEMORY;
    if (model->attribute_count == ENG_ATTRIBUTES_MAX)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is one attribute too many; a file names at most %d "
                               "(ENG_ATTRIBUTES_MAX)",
                               eng_node_shown(&load->source, name), ENG_ATTRIBUTES_MAX);
    status = eng_load_copy(load, name, &model->attributes[model->attribute_count]);
    if (status == ENG_OK)
        *ret_index = (uint16_t)model->attribute_count++;
    return status;
}

static enum eng_status check_value(struct eng_load *load, const struct eng_node *name,
                                   const struct eng_node *value)
{
    const char *shown = eng_node_shown(&load->source, name);
    if (value->kind != ENG_NODE_SCALAR)
        return eng_source_fail(&load->source, value->mark,
                               "\"%s\" is %s; write a text, or a list of them: {%s: [north, east]}",
                               shown, eng_node_shown(&load->source, value), shown);
    if (value->length > ENG_ATTRIBUTE_BYTES_MAX)
        return eng_source_fail(&load->source, value->mark,
                               "\"%s\" has a text of %u bytes; texts of attributes have at most %d "
                               "(ENG_ATTRIBUTE_BYTES_MAX), longer ones count as missing",
                               shown, value->length, ENG_ATTRIBUTE_BYTES_MAX);
    return ENG_OK;
}

/* Takes a text into a list in order, unless it is there already. */
static enum eng_status add_value(struct eng_load *load, const struct eng_node *value,
                                 struct eng_slice *values, uint16_t *count)
{
    struct eng_slice text = {value->text, value->length};
    uint16_t at = *count;
    while (at > 0 && eng_text_order(values[at - 1], text) > 0)
        at--;
    if (at > 0 && eng_text_order(values[at - 1], text) == 0)
        return eng_source_fail(&load->source, value->mark, "\"%s\" stands twice; write it once",
                               eng_node_shown(&load->source, value));
    text.data = eng_load_keep(load, value->text, value->length);
    if (text.data == NULL)
        return ENG_NO_MEMORY;
    memmove(values + at + 1, values + at, (*count - at) * sizeof *values);
    values[at] = text;
    (*count)++;
    return ENG_OK;
}

/* One key of `where`: the attribute and its texts. */
static enum eng_status read_clause(struct eng_load *load, const struct eng_node *node,
                                   struct eng_clause *ret_clause)
{
    struct eng_slice values[ENG_FILTER_VALUES_MAX];
    bool list = node->kind == ENG_NODE_SEQUENCE;
    const struct eng_node *value = list ? node->first : node;
    enum eng_status status = eng_load_attribute(load, node->key, &ret_clause->attribute);
    if (status == ENG_OK && list && (node->count == 0 || node->count > ENG_FILTER_VALUES_MAX))
        return eng_source_fail(&load->source, node->mark,
                               "\"%s\" lists %u texts; write from 1 to %d (ENG_FILTER_VALUES_MAX)",
                               eng_node_shown(&load->source, node->key), node->count,
                               ENG_FILTER_VALUES_MAX);
    for (ret_clause->value_count = 0; value != NULL && status == ENG_OK;
         value = list ? value->next : NULL) {
        status = check_value(load, node->key, value);
        if (status == ENG_OK)
            status = add_value(load, value, values, &ret_clause->value_count);
    }
    if (status != ENG_OK)
        return status;
    ret_clause->values = eng_load_keep(load, values, ret_clause->value_count * sizeof *values);
    return ret_clause->values != NULL ? ENG_OK : ENG_NO_MEMORY;
}

/* Puts a clause at its place by the attribute. */
static void insert(struct eng_clause *clauses, uint32_t count, struct eng_clause clause)
{
    uint32_t at = count;
    eng_assert(count < ENG_ATTRIBUTES_MAX);
    for (; at > 0 && clauses[at - 1].attribute > clause.attribute; at--)
        clauses[at] = clauses[at - 1];
    clauses[at] = clause;
}

enum eng_status eng_load_filter(struct eng_load *load, const struct eng_node *node,
                                struct eng_condition *ret_where)
{
    struct eng_clause clauses[ENG_ATTRIBUTES_MAX], clause;
    uint32_t count = 0;
    eng_assert(ret_where->clause_count == 0);
    if (node == NULL)
        return ENG_OK;
    if (node->count == 0)
        return eng_source_fail(&load->source, node->mark,
                               "\"where\" names no attribute; write \"where: {region: north}\", or "
                               "leave it out");
    for (const struct eng_node *child = node->first; child != NULL; child = child->next) {
        enum eng_status status = read_clause(load, child, &clause);
        if (status != ENG_OK)
            return status;
        insert(clauses, count++, clause); /* keys differ, so there are no more than attributes */
    }
    ret_where->clauses = eng_load_keep(load, clauses, count * sizeof *clauses);
    ret_where->clause_count = ret_where->clauses != NULL ? count : 0;
    return ret_where->clauses != NULL ? ENG_OK : ENG_NO_MEMORY;
}

/* ---- conditions together ---- */

/* What two clauses about an attribute take both. */
static bool intersect(const struct eng_clause *one, const struct eng_clause *two,
                      struct eng_slice *values, uint16_t *ret_count)
{
    *ret_count = 0;
    for (uint32_t i = 0; i < one->value_count; i++)
        if (eng_clause_takes(two, one->values[i]))
            values[(*ret_count)++] = one->values[i];
    return *ret_count > 0;
}

/* Both conditions as one. ENG_NOT_FOUND: they cannot hold together. */
static enum eng_status join(struct eng_load *load, const struct eng_condition *one,
                            const struct eng_condition *two, struct eng_condition *ret_both)
{
    struct eng_clause clauses[ENG_ATTRIBUTES_MAX];
    struct eng_slice values[ENG_FILTER_VALUES_MAX];
    uint32_t count = 0, i = 0, j = 0;
    while (i < one->clause_count || j < two->clause_count) {
        const struct eng_clause *left = i < one->clause_count ? &one->clauses[i] : NULL;
        const struct eng_clause *right = j < two->clause_count ? &two->clauses[j] : NULL;
        bool in_left = left != NULL && (right == NULL || left->attribute <= right->attribute);
        bool in_right = right != NULL && (left == NULL || right->attribute <= left->attribute);
        struct eng_clause *clause = &clauses[count++];
        *clause = in_left ? *left : *right;
        i += in_left;
        j += in_right;
        if (!in_left || !in_right)
            continue;
        if (!intersect(left, right, values, &clause->value_count))
            return ENG_NOT_FOUND;
        clause->values = eng_load_keep(load, values, clause->value_count * sizeof *values);
        if (clause->values == NULL)
            return ENG_NO_MEMORY;
    }
    ret_both->clauses = eng_load_keep(load, clauses, count * sizeof *clauses);
    ret_both->clause_count = count;
    return ret_both->clauses != NULL ? ENG_OK : ENG_NO_MEMORY;
}

/* The conditions that tell the entries of one action apart. */
struct variants {
    struct eng_condition items[ENG_ACTIONS_MAX];
    uint32_t count, most;
};

static bool implies(const struct eng_load *load, const struct eng_condition *one,
                    const struct eng_condition *two)
{
    return eng_condition_implies(load->model, one, load->model, two);
}

/* ENG_LIMIT: that is one too many. */
static enum eng_status add_variant(struct eng_load *load, struct variants *variants,
                                   const struct eng_condition *where)
{
    for (uint32_t i = 0; i < variants->count; i++)
        if (implies(load, &variants->items[i], where) && implies(load, where, &variants->items[i]))
            return ENG_OK;
    if (variants->count == variants->most)
        return ENG_LIMIT;
    variants->items[variants->count++] = *where;
    return ENG_OK;
}

/* Adds a filter, and what it makes together with each condition there is. */
static enum eng_status add_filter(struct eng_load *load, struct variants *variants,
                                  const struct eng_condition *where)
{
    uint32_t before = variants->count;
    enum eng_status status = add_variant(load, variants, where);
    for (uint32_t i = 0; i < before && status == ENG_OK; i++) {
        struct eng_condition both;
        status = join(load, &variants->items[i], where, &both);
        if (status == ENG_OK)
            status = add_variant(load, variants, &both);
        else if (status == ENG_NOT_FOUND)
            status = ENG_OK;
    }
    return status;
}

/* How many of the conditions hold with this one: the narrower, the more. */
static uint32_t depth(const struct eng_load *load, const struct variants *variants, uint32_t index)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < variants->count; i++)
        count += implies(load, &variants->items[index], &variants->items[i]);
    return count;
}

/* The narrowest first, so that the first that holds is the one that implies all that hold. */
static void sort(const struct eng_load *load, struct variants *variants)
{
    uint32_t depths[ENG_ACTIONS_MAX];
    for (uint32_t i = 0; i < variants->count; i++)
        depths[i] = depth(load, variants, i);
    for (uint32_t i = 1; i < variants->count; i++) {
        struct eng_condition item = variants->items[i];
        uint32_t own = depths[i], at = i;
        for (; at > 0 && depths[at - 1] < own; at--) {
            variants->items[at] = variants->items[at - 1];
            depths[at] = depths[at - 1];
        }
        variants->items[at] = item;
        depths[at] = own;
    }
}

/* Replaces an entry by one for each condition; returns how many there are more. */
static enum eng_status split(struct eng_load *load, uint32_t index, const struct variants *variants)
{
    struct eng_model *model = load->model;
    struct eng_action *actions = model->actions;
    uint32_t more = variants->count - 1, behind = model->action_count - index - 1;
    eng_assert(variants->count > 0 && model->action_count + more <= ENG_ACTIONS_MAX);
    memmove(actions + index + 1 + more, actions + index + 1, behind * sizeof *actions);
    for (uint32_t i = 1; i <= more; i++) {
        actions[index + i] = actions[index];
        actions[index + i].text = NULL;
    }
    model->action_count += more;
    for (uint32_t i = 0; i <= more; i++) {
        actions[index + i].where = variants->items[i];
        actions[index + i].variant_count = (uint16_t)(variants->count - i);
        if (i > 0)
            actions[index + i].text = eng_strndup(actions[index].text, actions[index].length);
        if (actions[index + i].text == NULL)
            return eng_source_no_memory(&load->source);
    }
    return ENG_OK;
}

static enum eng_status too_many(struct eng_load *load, const struct eng_action *entry,
                                const struct eng_pending_set *pending)
{
    const struct eng_node *where = pending->where_node;
    return eng_source_fail(&load->source, where != NULL ? where->mark : pending->node->mark,
                           "the filters on \"%s%s\" can hold together in too many ways: actions, "
                           "and what their filters make of them, are at most %d "
                           "(ENG_ACTIONS_MAX); take fewer filters, or such as exclude each other",
                           entry->text, entry->family ? "*" : "", ENG_ACTIONS_MAX);
}

enum eng_status eng_load_tell_apart(struct eng_load *load)
{
    static const struct eng_condition always;
    struct eng_model *model = load->model;
    enum eng_status status = ENG_OK;
    struct variants *variants = eng_arena_alloc(&load->source.arena, sizeof *variants);
    if (variants == NULL)
        return eng_source_no_memory(&load->source);
    for (uint32_t i = 0; i < model->action_count; i += variants->count) {
        variants->count = 0;
        variants->most = ENG_ACTIONS_MAX - model->action_count + 1;
        for (const struct eng_pending_set *set = load->pending; set != NULL; set = set->next) {
            if (!eng_load_covers(set->node, &model->actions[i]))
                continue;
            status = add_filter(load, variants, set->where != NULL ? set->where : &always);
            if (status == ENG_LIMIT)
                return too_many(load, &model->actions[i], set);
            if (status != ENG_OK)
                return status;
        }
        sort(load, variants);
        status = split(load, i, variants);
        if (status != ENG_OK)
            return status;
    }
    return ENG_OK;
}
