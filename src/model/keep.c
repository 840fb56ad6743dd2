/* What of a configuration makes its model, as a text of its own: the sections of the file that the
 * model is loaded from and nothing else, so no address, topic or password. Of the input it has the
 * names of those numbers that the model is of, and no paths. Loaded again it gives the same model.
 */
#include "model/load.h"

#include "base/assert.h"
#include <string.h>
#include <yaml.h>

const char *const eng_model_sections[] = {
    "program", "version", "time",   "facts",  "measures", "scores", "alerts", "matrices", "reports",
    "ledgers", "awards",  "guards", "groups", "boards",   "checks", "quiet",  "budgets",  NULL};

struct writer {
    yaml_emitter_t emitter;
    char *text; /* owned; NULL once memory has run out */
    size_t length, capacity;
};

static int take_piece(void *context, unsigned char *piece, size_t length)
{
    struct writer *writer = context;
    if (writer->capacity - writer->length < length) {
        size_t capacity = (writer->capacity + length) * 2;
        char *text = eng_realloc(writer->text, capacity);
        if (text == NULL)
            return 0;
        writer->text = text;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->length, piece, length);
    writer->length += length;
    return 1;
}

/* Passes an event on, when it could be made. */
static bool emit(struct writer *writer, yaml_event_t *event, int made)
{
    return made != 0 && yaml_emitter_emit(&writer->emitter, event) != 0;
}

static bool write_scalar(struct writer *writer, const struct eng_node *node)
{
    yaml_event_t event;
    eng_assert(node->kind == ENG_NODE_SCALAR);
    yaml_scalar_style_t style =
        node->plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    return emit(writer, &event,
                yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)node->text,
                                             (int)node->length, 1, 1, style));
}

static bool write_node(struct writer *writer, const struct eng_node *node)
{
    yaml_event_t event;
    bool map = node->kind == ENG_NODE_MAPPING;
    if (node->kind == ENG_NODE_SCALAR)
        return write_scalar(writer, node);
    bool fine = emit(
        writer, &event,
        map ? yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)
            : yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                   YAML_BLOCK_SEQUENCE_STYLE));
    for (const struct eng_node *child = node->first; fine && child != NULL; child = child->next)
        fine = (!map || write_scalar(writer, child->key)) && write_node(writer, child);
    return fine && emit(writer, &event,
                        map ? yaml_mapping_end_event_initialize(&event)
                            : yaml_sequence_end_event_initialize(&event));
}

static bool write_text(struct writer *writer, const char *text)
{
    yaml_event_t event;
    eng_assert(text != NULL);
    return emit(writer, &event,
                yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                             (int)strlen(text), 1, 1,
                                             YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

/* The names of the model's numbers where a file has them, and for each a path that says nothing. */
static bool write_numbers(struct writer *writer, const struct eng_model *model)
{
    static const char *const keys[] = {"input", "fields", "numbers"};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    yaml_event_t event;
    bool fine = true;
    for (int i = 0; fine && i < KEYS; i++)
        fine = write_text(writer, keys[i]) &&
               emit(writer, &event,
                    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                        YAML_BLOCK_MAPPING_STYLE));
    for (uint32_t i = 0; fine && i < model->number_count; i++)
        fine = write_text(writer, model->numbers[i]) && write_text(writer, "-");
    for (int i = 0; fine && i < KEYS; i++)
        fine = emit(writer, &event, yaml_mapping_end_event_initialize(&event));
    return fine;
}

/* The sections that are kept, in their order, as the only document. */
static bool write_file(struct writer *writer, const struct eng_node *root,
                       const struct eng_model *model)
{
    yaml_event_t event;
    bool fine =
        emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
        emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
        emit(writer, &event,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (size_t i = 0; fine && eng_model_sections[i] != NULL; i++) {
        const struct eng_node *section = eng_node_get(root, eng_model_sections[i]);
        if (section != NULL)
            fine = write_scalar(writer, section->key) && write_node(writer, section);
    }
    if (fine && model->number_count > 0)
        fine = write_numbers(writer, model);
    return fine && emit(writer, &event, yaml_mapping_end_event_initialize(&event)) &&
           emit(writer, &event, yaml_document_end_event_initialize(&event, 1)) &&
           emit(writer, &event, yaml_stream_end_event_initialize(&event));
}

enum eng_status eng_load_keep_text(struct eng_load *load, const struct eng_node *root)
{
    struct writer writer = {.text = NULL};
    eng_assert(load->config->model_text == NULL);
    eng_assert(root->kind == ENG_NODE_MAPPING);
    if (yaml_emitter_initialize(&writer.emitter) == 0)
        return eng_source_no_memory(&load->source);
    yaml_emitter_set_output(&writer.emitter, take_piece, &writer);
    yaml_emitter_set_unicode(&writer.emitter, 1);
    yaml_emitter_set_width(&writer.emitter, -1);
    bool fine = write_file(&writer, root, load->model);
    yaml_emitter_delete(&writer.emitter);
    load->config->model_text = writer.text;
    load->config->model_text_bytes = writer.length;
    return fine ? ENG_OK : eng_source_no_memory(&load->source);
}
