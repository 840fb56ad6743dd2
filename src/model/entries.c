/* Every key of the file, by its path, with the place where it stands: so that what is said of a
 * configuration after it was loaded can still name line and column. The values of the model's
 * sections are kept as they were written; of all others, where passwords may be, none is. */
#include "model/load.h"

#include "base/assert.h"
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, VALUE_BYTES = 200 };

/* True for keys of the sections that make the model. */
static bool is_of_model(const char *path)
{
    size_t length = strcspn(path, ".");
    for (size_t i = 0; eng_model_sections[i] != NULL; i++)
        if (strlen(eng_model_sections[i]) == length &&
            memcmp(path, eng_model_sections[i], length) == 0)
            return true;
    return false;
}

/* A scalar or a list as one would write it, cut when it is long. */
static void show(const struct eng_node *node, char *to, size_t size)
{
    size_t used = 0;
    if (node->kind == ENG_NODE_SCALAR) {
        (void)snprintf(to, size, "%s", node->text);
        return;
    }
    to[used++] = '[';
    for (const struct eng_node *child = node->first; child != NULL; child = child->next) {
        char piece[VALUE_BYTES];
        if (child->kind == ENG_NODE_MAPPING)
            continue;
        show(child, piece, sizeof piece);
        size_t more = strlen(piece) + (child->next != NULL ? 2 : 0);
        if (used + more + 2 > size)
            break;
        used += (size_t)snprintf(to + used, size - used, "%s%s", piece,
                                 child->next != NULL ? ", " : "");
    }
    to[used++] = ']';
    to[used] = '\0';
}

static enum eng_status reserve(struct eng_load *load)
{
    struct eng_config *config = load->config;
    uint32_t count = config->entry_count;
    if (count > 0 && (count & (count - 1)) != 0) /* grown at powers of two */
        return ENG_OK;
    void *entries = eng_realloc(config->entries, 2 * (count + 1) * sizeof *config->entries);
    if (entries == NULL)
        return eng_source_no_memory(&load->source);
    config->entries = entries;
    return ENG_OK;
}

static enum eng_status keep_entry(struct eng_load *load, const struct eng_node *node,
                                  const char *path)
{
    char value[VALUE_BYTES];
    bool shown = node->kind != ENG_NODE_MAPPING && is_of_model(path);
    enum eng_status status = reserve(load);
    if (status != ENG_OK)
        return status;
    struct eng_config_entry *entry = &load->config->entries[load->config->entry_count];
    *entry =
        (struct eng_config_entry){.line = node->key->mark.line, .column = node->key->mark.column};
    entry->path = eng_strndup(path, strlen(path));
    if (entry->path == NULL)
        return eng_source_no_memory(&load->source);
    load->config->entry_count++;
    if (!shown)
        return ENG_OK;
    show(node, value, sizeof value);
    entry->value = eng_strndup(value, strlen(value));
    return entry->value != NULL ? ENG_OK : eng_source_no_memory(&load->source);
}

/* All keys of a mapping, and of those below it. Depth is bounded by the parser. */
static enum eng_status keep_mapping(struct eng_load *load, const struct eng_node *mapping,
                                    const char *path)
{
    enum eng_status status = ENG_OK;
    for (const struct eng_node *child = mapping->first; child != NULL && status == ENG_OK;
         child = child->next) {
        char longer[PATH_BYTES];
        (void)snprintf(longer, sizeof longer, "%s%s%s", path, path[0] != '\0' ? "." : "",
                       child->key->text); /* one that is cut names its parent all the same */
        status = keep_entry(load, child, longer);
        if (status == ENG_OK && child->kind == ENG_NODE_MAPPING)
            status = keep_mapping(load, child, longer);
    }
    return status;
}

enum eng_status eng_load_keep_entries(struct eng_load *load, const struct eng_node *root)
{
    eng_assert(root->kind == ENG_NODE_MAPPING);
    eng_assert(load->config->entry_count == 0);
    return keep_mapping(load, root, "");
}

const struct eng_config_entry *eng_config_entry(const struct eng_config *config, const char *path)
{
    eng_assert(config != NULL && path != NULL);
    for (uint32_t i = 0; i < config->entry_count; i++)
        if (strcmp(config->entries[i].path, path) == 0)
            return &config->entries[i];
    return NULL;
}

void eng_config_where(const struct eng_config *config, const char *path, char *to, size_t size)
{
    char shorter[PATH_BYTES];
    const struct eng_config_entry *entry = NULL;
    (void)snprintf(shorter, sizeof shorter, "%s", path); /* ours are shorter */
    while ((entry = eng_config_entry(config, shorter)) == NULL) {
        char *dot = strrchr(shorter, '.');
        if (dot == NULL)
            break;
        *dot = '\0';
    }
    (void)snprintf(to, size, "%s:%u:%u", config->path, entry != NULL ? entry->line : 1,
                   entry != NULL ? entry->column : 1); /* cut when the name is long */
}
