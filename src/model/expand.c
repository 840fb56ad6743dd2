/* ${env:NAME} and ${file:PATH} inside values, so that secrets and what differs between machines
 * stay out of the file. $${ stands for a plain ${. Paths are from the configuration's folder on.
 * What was filled in is never shown: complaints quote the text of the file. */
#include "base/assert.h"
#include "model/load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILLED_BYTES_MAX = 64 * 1024, PATH_BYTES_MAX = 4096 };

struct building {
    struct eng_load *load;
    const struct eng_node *node;
    char *text;
    size_t used, capacity;
};

static enum eng_status append(struct building *building, const char *data, size_t length)
{
    if (memchr(data, '\0', length) != NULL)
        return eng_source_fail(&building->load->source, building->node->mark,
                               "\"%s\" holds a zero byte; text cannot",
                               eng_node_shown(&building->load->source, building->node));
    if (building->used + length + 1 > building->capacity) {
        size_t capacity = 2 * building->capacity + length + 1;
        char *text = eng_realloc(building->text, capacity);
        if (text == NULL)
            return eng_source_no_memory(&building->load->source);
        building->text = text;
        building->capacity = capacity;
    }
    if (length > 0)
        memcpy(building->text + building->used, data, length);
    building->used += length;
    building->text[building->used] = '\0';
    return ENG_OK;
}

static enum eng_status append_env(struct building *building, const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        return eng_source_fail(
            &building->load->source, building->node->mark,
            "the environment variable \"%s\" is not set; set it, or write the value", name);
    return append(building, value, strlen(value));
}

static enum eng_status append_open_file(struct building *building, FILE *file, const char *name)
{
    char *data = eng_calloc(1, FILLED_BYTES_MAX + 1);
    if (data == NULL)
        return eng_source_no_memory(&building->load->source);
    size_t bytes = fread(data, 1, FILLED_BYTES_MAX + 1, file);
    enum eng_status status = ENG_OK;
    if (ferror(file) != 0)
        status = eng_source_fail(&building->load->source, building->node->mark,
                                 "the file \"%.200s\" cannot be read: %s", name, strerror(errno));
    else if (bytes > FILLED_BYTES_MAX)
        status =
            eng_source_fail(&building->load->source, building->node->mark,
                            "the file \"%.200s\" is larger than %d bytes; is it the right one?",
                            name, FILLED_BYTES_MAX);
    while (bytes > 0 && (data[bytes - 1] == '\n' || data[bytes - 1] == '\r'))
        bytes--;
    if (status == ENG_OK)
        status = append(building, data, bytes);
    memset(data, 0, FILLED_BYTES_MAX);
    eng_free(data);
    return status;
}

static enum eng_status append_file(struct building *building, const char *name)
{
    char path[PATH_BYTES_MAX];
    const char *own = building->load->source.path, *slash = strrchr(own, '/');
    int folder = name[0] == '/' || slash == NULL ? 0 : (int)(slash + 1 - own);
    int length = snprintf(path, sizeof path, "%.*s%s", folder, own, name);
    FILE *file = length > 0 && length < (int)sizeof path ? fopen(path, "rb") : NULL;
    if (file == NULL)
        return eng_source_fail(&building->load->source, building->node->mark,
                               "the file \"%.200s\" cannot be opened: %s", name, strerror(errno));
    enum eng_status status = append_open_file(building, file, name);
    (void)fclose(file); /* Only read from. */
    return status;
}

/* What stands between ${ and }. */
static enum eng_status append_reference(struct building *building, const char *text, size_t length)
{
    char name[256];
    bool env = length > 4 && memcmp(text, "env:", 4) == 0;
    bool file = length > 5 && memcmp(text, "file:", 5) == 0;
    size_t prefix = env ? 4 : 5;
    if ((!env && !file) || length - prefix >= sizeof name)
        return eng_source_fail(
            &building->load->source, building->node->mark,
            "\"${%.*s}\" cannot be filled in; write ${env:NAME} or ${file:PATH}, or $${ "
            "for a plain ${",
            (int)(length < 60 ? length : 60), text);
    memcpy(name, text + prefix, length - prefix);
    name[length - prefix] = '\0';
    return env ? append_env(building, name) : append_file(building, name);
}

/* The next piece of the text: a reference, an escaped ${, or all up to the next dollar sign. */
static enum eng_status append_next(struct building *building, size_t *at, bool *filled)
{
    const char *text = building->node->text + *at;
    size_t left = building->node->length - *at;
    if (left >= 3 && memcmp(text, "$${", 3) == 0) {
        *at += 3;
        return append(building, "${", 2);
    }
    if (left >= 2 && memcmp(text, "${", 2) == 0) {
        const char *end = memchr(text, '}', left);
        if (end == NULL)
            return eng_source_fail(&building->load->source, building->node->mark,
                                   "\"%s\" has a ${ without its }; write ${env:NAME}",
                                   eng_node_shown(&building->load->source, building->node));
        *at += (size_t)(end + 1 - text);
        *filled = true;
        return append_reference(building, text + 2, (size_t)(end - text - 2));
    }
    const char *dollar = memchr(text + 1, '$', left - 1);
    size_t length = dollar != NULL ? (size_t)(dollar - text) : left;
    *at += length;
    return append(building, text, length);
}

enum eng_status eng_load_expand(struct eng_load *load, const struct eng_node *node, char **ret_text,
                                bool *ret_filled)
{
    eng_assert(node->kind == ENG_NODE_SCALAR && ret_text != NULL && ret_filled != NULL);
    struct building building = {.load = load, .node = node};
    enum eng_status status = append(&building, "", 0);
    bool filled = false;
    for (size_t at = 0; at < node->length && status == ENG_OK;)
        status = append_next(&building, &at, &filled);
    if (status != ENG_OK) {
        eng_free(building.text);
        return status;
    }
    *ret_text = building.text;
    *ret_filled = filled;
    return ENG_OK;
}
