/* Numbers: what events have besides their value, by names of their own (`input.fields.numbers`).
 *
 * The file says where in a record each of them is; the model knows those that something is of, by
 * their names alone, so that a record may be laid out another way and the model stays. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <stdlib.h>
#include <string.h>

/* ---- the names and paths of the file ---- */

/* A path has no empty part. */
static enum eng_status check_path(struct eng_load *load, const struct eng_node *node)
{
    if (node->kind != ENG_NODE_SCALAR || node->length == 0)
        return eng_source_fail(&load->source, node->mark,
                               "the number \"%s\" is at %s; write field names joined by dots, such "
                               "as line.quantity",
                               eng_node_shown(&load->source, node->key),
                               eng_node_shown(&load->source, node));
    const char *text = node->text;
    if (text[0] == '.' || text[node->length - 1] == '.' || strstr(text, "..") != NULL)
        return eng_source_fail(&load->source, node->mark,
                               "\"%s\" has an empty part; field names are joined by one dot",
                               eng_node_shown(&load->source, node));
    return ENG_OK;
}

static enum eng_status check_number(struct eng_load *load, const struct eng_node *node)
{
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a number");
    if (status == ENG_OK && eng_node_is(node->key, "value"))
        return eng_source_fail(&load->source, node->key->mark,
                               "a number cannot be called \"value\", which is the one at "
                               "input.fields.value; give it another name");
    return status == ENG_OK ? check_path(load, node) : status;
}

static int by_name(const void *one, const void *two)
{
    return strcmp(((const struct eng_property *)one)->name,
                  ((const struct eng_property *)two)->name);
}

enum eng_status eng_load_numbers(struct eng_load *load, const struct eng_node *node)
{
    struct eng_properties *numbers = &load->config->input.fields.numbers;
    enum eng_status status = ENG_OK;
    eng_assert(numbers->items == NULL);
    if (node == NULL)
        return ENG_OK;
    if (node->count > ENG_NUMBERS_MAX)
        return eng_source_fail(&load->source, node->key->mark,
                               "there are %u numbers; a file has at most %d (ENG_NUMBERS_MAX)",
                               node->count, ENG_NUMBERS_MAX);
    numbers->items = eng_load_array(load, node->count, sizeof *numbers->items);
    if (numbers->items == NULL)
        return ENG_NO_MEMORY;
    for (const struct eng_node *child = node->first; child != NULL; child = child->next) {
        struct eng_property *number = &numbers->items[numbers->count];
        status = check_number(load, child);
        if (status != ENG_OK)
            return status;
        numbers->count++;
        status = eng_load_copy(load, child->key, &number->name);
        if (status == ENG_OK)
            status = eng_load_copy(load, child, &number->value);
        if (status != ENG_OK)
            return status;
    }
    if (numbers->count > 1)
        qsort(numbers->items, numbers->count, sizeof *numbers->items, by_name);
    return ENG_OK;
}

/* ---- what the model is of ---- */

/* The names that there are, in the arena: "value, points or quantity". */
static const char *list_names(struct eng_load *load)
{
    const struct eng_properties *numbers = &load->config->input.fields.numbers;
    size_t bytes = sizeof "value", used = 0;
    for (size_t i = 0; i < numbers->count; i++)
        bytes += strlen(numbers->items[i].name) + sizeof " or ";
    char *text = eng_arena_alloc(&load->source.arena, bytes);
    if (text == NULL)
        return "value";
    memcpy(text, "value", sizeof "value");
    used = strlen(text);
    for (size_t i = 0; i < numbers->count; i++) {
        const char *before = i + 1 < numbers->count ? ", " : " or ", *name = numbers->items[i].name;
        memcpy(text + used, before, strlen(before));
        used += strlen(before);
        memcpy(text + used, name, strlen(name) + 1);
        used += strlen(name);
    }
    return text;
}

/* Nothing is called that: says what there is. */
static enum eng_status refuse(struct eng_load *load, const struct eng_node *name, const char *key,
                              const char *rest)
{
    const struct eng_properties *numbers = &load->config->input.fields.numbers;
    const char *shown = eng_node_shown(&load->source, name);
    if (numbers->count == 0)
        return eng_source_fail(&load->source, name->mark,
                               "\"%s\" is \"%s\"; write \"%s: value\"%s, or name a number under "
                               "input.fields.numbers, of which there are none",
                               key, shown, key, rest);
    return eng_source_fail(&load->source, name->mark, "\"%s\" is \"%s\"; write %s%s", key, shown,
                           list_names(load), rest);
}

/* The index of a number in the model, which names it from here on. */
static enum eng_status keep_number(struct eng_load *load, const struct eng_node *name,
                                   uint8_t *ret_number)
{
    struct eng_model *model = load->model;
    for (uint32_t i = 0; i < model->number_count; i++)
        if (eng_node_is(name, model->numbers[i])) {
            *ret_number = (uint8_t)(i + 1);
            return ENG_OK;
        }
    if (model->numbers == NULL)
        model->numbers = eng_load_array(load, ENG_NUMBERS_MAX, sizeof(char *));
    if (model->numbers == NULL)
        return ENG_NO_MEMORY;
    eng_assert(model->number_count < ENG_NUMBERS_MAX);
    enum eng_status status = eng_load_copy(load, name, &model->numbers[model->number_count]);
    if (status == ENG_OK)
        *ret_number = (uint8_t)++model->number_count;
    return status;
}

bool eng_load_is_number(const struct eng_load *load, const struct eng_node *name)
{
    const struct eng_properties *numbers = &load->config->input.fields.numbers;
    bool found = eng_node_is(name, "value");
    for (size_t i = 0; i < numbers->count && !found; i++)
        found = eng_node_is(name, numbers->items[i].name);
    return found;
}

enum eng_status eng_load_number_of(struct eng_load *load, const struct eng_node *name,
                                   const char *key, const char *rest, uint8_t *ret_number)
{
    const struct eng_properties *numbers = &load->config->input.fields.numbers;
    *ret_number = 0;
    if (eng_node_is(name, "value"))
        return ENG_OK;
    for (size_t i = 0; i < numbers->count; i++)
        if (eng_node_is(name, numbers->items[i].name))
            return keep_number(load, name, ret_number);
    return refuse(load, name, key, rest);
}
