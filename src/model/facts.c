/* Facts: what is kept of a partner besides counts, each by a hidden measure behind those of the
 * file, and the measures that read them. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <stdio.h>
#include <string.h>

/* ---- one fact ---- */

/* What belongs together: a choice and a number are taken from something, and nothing else is. */
static enum eng_status check_draft(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_fact_draft *draft)
{
    if (draft->values != NULL && draft->from == NULL)
        return eng_source_fail(&load->source, draft->values->mark,
                               "\"values\" are the texts that the fact \"%s\" is one of, and "
                               "nothing says where its text stands; write \"from: tier\", an "
                               "attribute, beside them",
                               eng_node_shown(&load->source, node->key));
    bool of_number = draft->from != NULL && eng_load_is_number(load, draft->from);
    if (draft->values != NULL && of_number)
        return eng_source_fail(&load->source, draft->from->mark,
                               "the %s of an event is a number, and is no text of a list; "
                               "leave \"values\" out, or name an attribute",
                               eng_node_shown(&load->source, draft->from));
    if (draft->text > 0 && (draft->from == NULL || draft->values != NULL || of_number))
        return eng_source_fail(&load->source, eng_node_get(node, "text")->mark,
                               "\"text\" makes the fact \"%s\" a free text of an attribute; write "
                               "\"from: email\" beside it, and no \"values\"",
                               eng_node_shown(&load->source, node->key));
    if (draft->values == NULL ||
        (draft->values->count > 0 && draft->values->count <= ENG_FACT_VALUES_MAX))
        return ENG_OK;
    return eng_source_fail(&load->source, draft->values->mark,
                           "\"values\" lists %u texts; write from 1 to %d (ENG_FACT_VALUES_MAX)",
                           draft->values->count, ENG_FACT_VALUES_MAX);
}

/* The texts of a choice, in file order. */
static enum eng_status load_options(struct eng_load *load, const struct eng_node *values,
                                    struct eng_fact *fact)
{
    struct eng_slice options[ENG_FACT_VALUES_MAX];
    uint32_t count = 0;
    for (const struct eng_node *value = values->first; value != NULL; value = value->next) {
        struct eng_slice text = {value->text, value->length};
        for (uint32_t i = 0; i < count; i++)
            if (eng_text_order(options[i], text) == 0)
                return eng_source_fail(&load->source, value->mark,
                                       "\"%s\" stands twice; write it once",
                                       eng_node_shown(&load->source, value));
        text.data = eng_load_keep(load, value->text, value->length);
        if (text.data == NULL)
            return ENG_NO_MEMORY;
        options[count++] = text;
    }
    fact->options = eng_load_keep(load, options, count * sizeof *options);
    fact->option_count = fact->options != NULL ? count : 0;
    return fact->options != NULL ? ENG_OK : ENG_NO_MEMORY;
}

static enum eng_status load_source(struct eng_load *load, const struct eng_fact_draft *draft,
                                   struct eng_fact *fact)
{
    fact->kind = draft->from == NULL     ? ENG_FACT_FLAG
                 : draft->values != NULL ? ENG_FACT_CHOICE
                 : draft->text > 0       ? ENG_FACT_TEXT
                                         : ENG_FACT_NUMBER;
    fact->attribute = ENG_FROM_VALUE;
    fact->valid_ms = draft->valid_for_ms;
    fact->text_bytes = (uint8_t)draft->text;
    fact->tell = draft->tell || draft->text > 0;
    enum eng_status status = ENG_OK;
    if (draft->from != NULL && eng_load_is_number(load, draft->from))
        status = eng_load_number_of(load, draft->from, "from", "", &fact->number);
    else if (draft->from != NULL)
        status = eng_load_attribute(load, draft->from, &fact->attribute);
    return status == ENG_OK && draft->values != NULL ? load_options(load, draft->values, fact)
                                                     : status;
}

/* The hidden measure that keeps it. */
static enum eng_status load_keeper(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_fact_draft *draft, struct eng_fact *fact)
{
    struct eng_measure *measure = NULL;
    enum eng_status status = eng_load_new_measure(load, node->key, &measure);
    if (status != ENG_OK)
        return status;
    measure->kind = ENG_FACT;
    measure->window = ENG_WINDOW_NONE;
    measure->fact = (uint16_t)(fact - load->model->facts);
    fact->measure = (uint16_t)(measure - load->model->measures);
    status = eng_load_filter(load, draft->where, &measure->where);
    struct eng_reference reference = {draft->set, draft->where, &measure->where};
    if (status == ENG_OK)
        status = eng_load_add_actions(load, &reference, &measure->actions);
    reference.actions = draft->cleared;
    if (status == ENG_OK && draft->cleared != NULL)
        status = eng_load_add_actions(load, &reference, &measure->until);
    return status;
}

static enum eng_status load_fact(struct eng_load *load, const struct eng_node *node)
{
    struct eng_fact_draft draft = {0};
    struct eng_model *model = load->model;
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a fact");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_fact, node, &draft);
    if (status == ENG_OK)
        status = check_draft(load, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_fact *fact = &model->facts[model->fact_count++];
    status = eng_load_copy(load, node->key, &fact->name);
    if (status == ENG_OK)
        status = load_source(load, &draft, fact);
    return status == ENG_OK ? load_keeper(load, node, &draft, fact) : status;
}

enum eng_status eng_load_facts(struct eng_load *load)
{
    static const struct eng_things things = {"facts", "ENG_FACTS_MAX", ENG_FACTS_MAX,
                                             sizeof *load->model->facts, load_fact};
    eng_assert(load->model->facts == NULL);
    return eng_load_things(load, load->file.facts, &things, &load->model->facts);
}

/* ---- looking one up ---- */

/* The option of a choice with this text, counted from 1. */
static enum eng_status find_option(struct eng_load *load, const struct eng_node *name,
                                   uint32_t from, const struct eng_fact *fact, uint16_t *ret_option)
{
    struct eng_slice text = {name->text + from, name->length - from};
    char known[200];
    size_t used = 0;
    known[0] = '\0';
    for (uint32_t i = 0; i < fact->option_count; i++) {
        if (eng_text_order(fact->options[i], text) == 0) {
            *ret_option = (uint16_t)(i + 1);
            return ENG_OK;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%.*s", i > 0 ? ", " : "",
                                     (int)fact->options[i].length, fact->options[i].data);
    }
    if (fact->kind != ENG_FACT_CHOICE)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" asks for a text of the fact \"%s\", which has no list of "
                               "them; write \"%s\"",
                               eng_node_shown(&load->source, name), fact->name, fact->name);
    return eng_source_fail(&load->source, name->mark,
                           "the fact \"%s\" is never \"%.*s\"; it is one of %s", fact->name,
                           (int)(text.length < 60 ? text.length : 60), text.data, known);
}

enum eng_status eng_load_find_fact(struct eng_load *load, const struct eng_node *name,
                                   uint16_t *ret_fact, uint16_t *ret_option)
{
    const struct eng_model *model = load->model;
    struct eng_nearest nearest = {.text = name->text, .length = name->length};
    *ret_option = 0;
    for (uint32_t i = 0; i < model->fact_count; i++)
        if (eng_node_is(name, model->facts[i].name)) {
            *ret_fact = (uint16_t)i;
            return ENG_OK;
        }
    for (uint32_t i = 0; i < model->fact_count; i++) {
        uint32_t length = (uint32_t)strlen(model->facts[i].name);
        *ret_fact = (uint16_t)i;
        if (name->length > length && name->text[length] == '.' &&
            memcmp(name->text, model->facts[i].name, length) == 0)
            return find_option(load, name, length + 1, &model->facts[i], ret_option);
        eng_nearest_offer(&nearest, model->facts[i].name);
    }
    return eng_source_fail(&load->source, name->mark, "there is no fact \"%s\"; %s",
                           eng_node_shown(&load->source, name),
                           eng_load_hint(load, &nearest, "add it under \"facts\""));
}

enum eng_status eng_load_reading(struct eng_load *load, const struct eng_node *name,
                                 struct eng_measure *measure)
{
    enum eng_status status = eng_load_find_fact(load, name, &measure->fact, &measure->option);
    eng_assert(measure->kind == ENG_READING);
    if (status != ENG_OK)
        return status;
    const struct eng_fact *fact = &load->model->facts[measure->fact];
    if (fact->kind == ENG_FACT_TEXT)
        return eng_source_fail(&load->source, name->mark,
                               "the fact \"%s\" is a free text, which is no number; give it "
                               "\"values\" instead of \"text\"",
                               fact->name);
    measure->parts[0] = fact->measure;
    return ENG_OK;
}

/* ---- what hangs on facts ---- */

/* A fact, or one of its options, that holds or does not: a flag, or a text of a choice. */
static enum eng_status find_holding(struct eng_load *load, const struct eng_node *name,
                                    struct eng_case *ret_case)
{
    enum eng_status status = eng_load_find_fact(load, name, &ret_case->fact, &ret_case->option);
    if (status != ENG_OK)
        return status;
    const struct eng_fact *fact = &load->model->facts[ret_case->fact];
    if (fact->kind == ENG_FACT_TEXT)
        return eng_source_fail(&load->source, name->mark,
                               "the fact \"%s\" is a free text; name a flag, or a text of a fact "
                               "with \"values\"",
                               fact->name);
    if (fact->kind == ENG_FACT_NUMBER)
        return eng_source_fail(
            &load->source, name->mark,
            "the fact \"%s\" is a number, and nothing says from where on; name a "
            "flag, or a text of a fact with \"values\"",
            fact->name);
    if (fact->kind == ENG_FACT_CHOICE && ret_case->option == 0)
        return eng_source_fail(
            &load->source, name->mark, "\"%s\" does not say which of its values; write \"%s.%.*s\"",
            fact->name, fact->name, (int)fact->options[0].length, fact->options[0].data);
    if (fact->kind == ENG_FACT_FLAG)
        ret_case->option = 1;
    return ENG_OK;
}

enum eng_status eng_load_cases(struct eng_load *load, const struct eng_chosen *chosen,
                               const struct eng_range *range, struct eng_cases *ret_cases)
{
    const struct eng_node *node = chosen->node;
    enum eng_status status = ENG_OK;
    eng_assert(ret_cases->count == 0 && ret_cases->items == NULL);
    if (node == NULL)
        return ENG_OK;
    if (node->count < 2 || node->count > ENG_CASES_MAX + 1)
        return eng_source_fail(&load->source, node->mark,
                               "%s has numbers of %u facts beside its default; write from 1 to %d "
                               "(ENG_CASES_MAX), or the number alone",
                               range->what, node->count - 1, ENG_CASES_MAX);
    ret_cases->items = eng_load_array(load, node->count - 1, sizeof *ret_cases->items);
    if (ret_cases->items == NULL)
        return ENG_NO_MEMORY;
    for (const struct eng_node *child = node->first; child != NULL && status == ENG_OK;
         child = child->next) {
        if (eng_node_is(child->key, "default"))
            continue;
        struct eng_case *item = &ret_cases->items[ret_cases->count++];
        status = find_holding(load, child->key, item);
        if (status == ENG_OK)
            status = eng_load_number(load, child, range, &item->number_e4);
    }
    return status;
}

/* What a flag has to be. */
static enum eng_status read_flag(struct eng_load *load, const struct eng_node *value,
                                 uint64_t *options)
{
    bool yes = eng_node_is(value, "yes") || eng_node_is(value, "true");
    if (!yes && !eng_node_is(value, "no") && !eng_node_is(value, "false"))
        return eng_source_fail(
            &load->source, value->mark, "\"%s\" is a flag, and this is \"%s\"; write yes or no",
            eng_node_shown(&load->source, value->key), eng_node_shown(&load->source, value));
    *options = yes ? 2 : 1;
    return ENG_OK;
}

/* The texts that a choice may be, one or a list. */
static enum eng_status read_texts(struct eng_load *load, const struct eng_node *values,
                                  const struct eng_fact *fact, uint64_t *options)
{
    bool list = values->kind == ENG_NODE_SEQUENCE;
    enum eng_status status = ENG_OK;
    if (list && values->count == 0)
        return eng_source_fail(&load->source, values->mark, "\"%s\" is an empty list; name a text",
                               eng_node_shown(&load->source, values->key));
    for (const struct eng_node *value = list ? values->first : values;
         value != NULL && status == ENG_OK; value = list ? value->next : NULL) {
        uint16_t option = 0;
        if (value->kind != ENG_NODE_SCALAR)
            return eng_source_fail(&load->source, value->mark,
                                   "\"%s\" is %s; write one of its values, or a list of them",
                                   fact->name, eng_node_shown(&load->source, value));
        status = find_option(load, value, 0, fact, &option);
        *options |= 1ull << option;
    }
    return status;
}

enum eng_status eng_load_limits(struct eng_load *load, const struct eng_node *node,
                                struct eng_alert *alert)
{
    enum eng_status status = ENG_OK;
    if (node == NULL)
        return ENG_OK;
    if (node->count == 0 || node->count > ENG_FACTS_MAX)
        return eng_source_fail(
            &load->source, node->mark,
            "\"for\" names %u facts; write from 1 to %d (ENG_FACTS_MAX), such as "
            "{managed: yes}, or leave it out",
            node->count, ENG_FACTS_MAX);
    alert->limits = eng_load_array(load, node->count, sizeof *alert->limits);
    if (alert->limits == NULL)
        return ENG_NO_MEMORY;
    for (const struct eng_node *child = node->first; child != NULL && status == ENG_OK;
         child = child->next) {
        struct eng_limit *limit = &alert->limits[alert->limit_count++];
        uint16_t option = 0;
        status = eng_load_find_fact(load, child->key, &limit->fact, &option);
        if (status != ENG_OK)
            return status;
        const struct eng_fact *fact = &load->model->facts[limit->fact];
        if (fact->kind > ENG_FACT_CHOICE || option > 0)
            return eng_source_fail(&load->source, child->key->mark,
                                   "\"for\" takes flags and facts with \"values\" by their names, "
                                   "and \"%s\" is none; write {managed: yes, tier: gold}",
                                   eng_node_shown(&load->source, child->key));
        status = fact->kind == ENG_FACT_FLAG ? read_flag(load, child, &limit->options)
                                             : read_texts(load, child, fact, &limit->options);
    }
    return status;
}

/* ---- the end ---- */

enum eng_status eng_load_check_facts(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.facts != NULL ? load->file.facts->first : NULL;
    for (uint32_t i = 0; i < model->fact_count; i++, node = node->next) {
        const struct eng_measure *measure = &model->measures[model->facts[i].measure];
        for (uint32_t a = 0; a < model->action_count; a++)
            if (eng_action_set_has(&measure->actions, a) && eng_action_set_has(&measure->until, a))
                return eng_source_fail(&load->source, eng_node_get(node, "cleared")->mark,
                                       "\"%s%s\" both sets and clears the fact \"%s\"; an action "
                                       "can do only one of them",
                                       model->actions[a].text, model->actions[a].family ? "*" : "",
                                       model->facts[i].name);
    }
    return ENG_OK;
}
