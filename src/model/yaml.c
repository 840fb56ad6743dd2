/* The YAML reader: libyaml's events, turned into nodes. See yaml.h. */
#include "model/yaml.h"

#include "base/assert.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

struct reader {
    struct eng_source *source;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    bool has_event;
    uint32_t node_count;
};

enum eng_status eng_source_fail(struct eng_source *source, struct eng_mark mark, const char *format,
                                ...)
{
    eng_assert(source != NULL && source->err != NULL);
    char text[ENG_ERROR_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut when too long */
    va_end(args);
    return eng_error_set(source->err, ENG_BAD_CONFIG, "%s:%u:%u: %s", source->path, mark.line,
                         mark.column, text);
}

enum eng_status eng_source_no_memory(struct eng_source *source)
{
    eng_assert(source != NULL && source->err != NULL);
    return eng_error_set(source->err, ENG_NO_MEMORY, "%s: out of memory while reading it",
                         source->path);
}

const char *eng_node_shown(struct eng_source *source, const struct eng_node *node)
{
    enum { SHOWN_MAX = 60 };
    if (node->kind != ENG_NODE_SCALAR)
        return node->kind == ENG_NODE_SEQUENCE ? "a list" : "a mapping";
    if (node->length <= SHOWN_MAX)
        return node->text;
    size_t end = SHOWN_MAX;
    while (end > 0 && ((unsigned char)node->text[end] & 0xC0) == 0x80)
        end--;
    char *shown = eng_arena_alloc(&source->arena, end + 4);
    if (shown == NULL)
        return "...";
    memcpy(shown, node->text, end);
    memcpy(shown + end, "...", 4);
    return shown;
}

bool eng_node_is(const struct eng_node *node, const char *text)
{
    return node->kind == ENG_NODE_SCALAR && node->length == strlen(text) &&
           memcmp(node->text, text, node->length) == 0;
}

const struct eng_node *eng_node_get(const struct eng_node *mapping, const char *key)
{
    eng_assert(key != NULL);
    if (mapping == NULL || mapping->kind != ENG_NODE_MAPPING)
        return NULL;
    for (const struct eng_node *child = mapping->first; child != NULL; child = child->next)
        if (eng_node_is(child->key, key))
            return child;
    return NULL;
}

static struct eng_mark mark_of(yaml_mark_t mark)
{
    return (struct eng_mark){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* The place and the reason that libyaml gives for a text it cannot read. */
static enum eng_status syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    struct eng_source *source = reader->source;
    const char *problem = parser->problem != NULL ? parser->problem : "it cannot be read";
    if (parser->error == YAML_MEMORY_ERROR)
        return eng_source_no_memory(source);
    if (parser->error == YAML_READER_ERROR)
        return eng_source_fail(source, mark_of(parser->mark),
                               "byte %zu is not text (%s); the file has to be UTF-8",
                               parser->problem_offset, problem);
    return eng_source_fail(
        source, mark_of(parser->problem_mark),
        "this is not YAML: %s%s%s; look for a tab or a wrong indentation, an open "
        "quote or bracket, or a missing space after a colon",
        parser->context != NULL ? parser->context : "", parser->context != NULL ? ", " : "",
        problem);
}

static enum eng_status next_event(struct reader *reader)
{
    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = false;
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return syntax_error(reader);
    reader->has_event = true;
    return ENG_OK;
}

static enum eng_status fail_here(struct reader *reader, const char *what)
{
    return eng_source_fail(reader->source, mark_of(reader->event.start_mark), "%s", what);
}

static enum eng_status new_node(struct reader *reader, enum eng_node_kind kind,
                                struct eng_node **ret_node)
{
    if (++reader->node_count > ENG_YAML_NODES_MAX)
        return eng_source_fail(reader->source, mark_of(reader->event.start_mark),
                               "the file has more than %d values; split the program in two",
                               ENG_YAML_NODES_MAX);
    struct eng_node *node = eng_arena_alloc(&reader->source->arena, sizeof *node);
    if (node == NULL)
        return eng_source_no_memory(reader->source);
    *node = (struct eng_node){.kind = kind, .mark = mark_of(reader->event.start_mark), .text = ""};
    *ret_node = node;
    return ENG_OK;
}

/* Nothing that lets one place of a text stand for another, or that names types of its own. */
static enum eng_status check_extras(struct reader *reader, const yaml_char_t *anchor,
                                    const yaml_char_t *tag)
{
    if (anchor != NULL)
        return fail_here(reader, "anchors (&name) are not supported; write the value out where it "
                                 "is needed");
    if (tag != NULL)
        return fail_here(reader, "tags (!name) are not supported; write the value alone");
    return ENG_OK;
}

static enum eng_status read_scalar(struct reader *reader, struct eng_node **ret_node)
{
    struct eng_node *node = NULL;
    enum eng_status status =
        check_extras(reader, reader->event.data.scalar.anchor, reader->event.data.scalar.tag);
    if (status == ENG_OK)
        status = new_node(reader, ENG_NODE_SCALAR, &node);
    if (status != ENG_OK)
        return status;
    size_t length = reader->event.data.scalar.length;
    char *text = eng_arena_alloc(&reader->source->arena, length + 1);
    if (text == NULL)
        return eng_source_no_memory(reader->source);
    memcpy(text, reader->event.data.scalar.value, length);
    text[length] = '\0';
    node->text = text;
    node->length = (uint32_t)length;
    node->plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *ret_node = node;
    return ENG_OK;
}

static enum eng_status read_node(struct reader *reader, int depth, struct eng_node **ret_node);

static enum eng_status check_key(struct reader *reader, const struct eng_node *mapping,
                                 const struct eng_node *key)
{
    for (const struct eng_node *child = mapping->first; child != NULL; child = child->next)
        if (child->key->length == key->length &&
            memcmp(child->key->text, key->text, key->length) == 0)
            return eng_source_fail(reader->source, key->mark,
                                   "\"%s\" stands here twice (first in line %u); keep one of them",
                                   eng_node_shown(reader->source, key), child->key->mark.line);
    return ENG_OK;
}

/* One entry of a mapping, the current event being its key; or one item of a sequence. */
static enum eng_status read_child(struct reader *reader, int depth, struct eng_node *parent,
                                  struct eng_node **ret_child)
{
    struct eng_node *key = NULL;
    enum eng_status status = ENG_OK;
    if (parent->kind == ENG_NODE_MAPPING) {
        if (reader->event.type != YAML_SCALAR_EVENT)
            return fail_here(reader, "a key has to be a word; put text with special characters in "
                                     "quotes");
        status = read_scalar(reader, &key);
        if (status == ENG_OK)
            status = check_key(reader, parent, key);
        if (status == ENG_OK)
            status = next_event(reader);
    }
    if (status == ENG_OK)
        status = read_node(reader, depth, ret_child);
    if (status == ENG_OK)
        (*ret_child)->key = key;
    return status;
}

static enum eng_status read_children(struct reader *reader, int depth, struct eng_node *parent)
{
    yaml_event_type_t end =
        parent->kind == ENG_NODE_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    if (depth > ENG_YAML_DEPTH_MAX)
        return fail_here(reader,
                         "this is nested too deeply; nothing here is more than 7 levels deep");
    struct eng_node **tail = &parent->first;
    for (;;) {
        enum eng_status status = next_event(reader);
        if (status != ENG_OK || reader->event.type == end)
            return status;
        if (++parent->count > ENG_YAML_ENTRIES_MAX)
            return eng_source_fail(
                reader->source, mark_of(reader->event.start_mark),
                "there are more than %d entries here; no part of a program needs "
                "as many",
                ENG_YAML_ENTRIES_MAX);
        struct eng_node *child = NULL;
        status = read_child(reader, depth, parent, &child);
        if (status != ENG_OK)
            return status;
        *tail = child;
        tail = &child->next;
    }
}

/* The node that begins with the current event; afterwards the current event is its last. */
static enum eng_status read_node(struct reader *reader, int depth, struct eng_node **ret_node)
{
    bool mapping = reader->event.type == YAML_MAPPING_START_EVENT;
    if (reader->event.type == YAML_SCALAR_EVENT)
        return read_scalar(reader, ret_node);
    if (reader->event.type == YAML_ALIAS_EVENT)
        return fail_here(reader, "aliases (*name) are not supported; write the value out");
    eng_assert(mapping || reader->event.type == YAML_SEQUENCE_START_EVENT);
    enum eng_status status = mapping
                                 ? check_extras(reader, reader->event.data.mapping_start.anchor,
                                                reader->event.data.mapping_start.tag)
                                 : check_extras(reader, reader->event.data.sequence_start.anchor,
                                                reader->event.data.sequence_start.tag);
    struct eng_node *node = NULL;
    if (status == ENG_OK)
        status = new_node(reader, mapping ? ENG_NODE_MAPPING : ENG_NODE_SEQUENCE, &node);
    if (status == ENG_OK)
        status = read_children(reader, depth + 1, node);
    if (status == ENG_OK)
        *ret_node = node;
    return status;
}

/* Stream start, one document, stream end. */
static enum eng_status read_stream(struct reader *reader, struct eng_node **ret_root)
{
    enum eng_status status = next_event(reader);
    if (status == ENG_OK)
        status = next_event(reader);
    if (status == ENG_OK && reader->event.type == YAML_STREAM_END_EVENT)
        return fail_here(reader, "the file is empty; a program begins with \"program: NAME\"");
    if (status == ENG_OK)
        status = next_event(reader);
    if (status == ENG_OK)
        status = read_node(reader, 0, ret_root);
    if (status == ENG_OK)
        status = next_event(reader);
    if (status == ENG_OK)
        status = next_event(reader);
    if (status == ENG_OK && reader->event.type != YAML_STREAM_END_EVENT)
        return fail_here(reader, "a second document begins here; one file is one program");
    return status;
}

enum eng_status eng_yaml_parse(struct eng_source *source, const char *text, size_t length,
                               struct eng_node **ret_root)
{
    eng_assert(source != NULL && (text != NULL || length == 0));
    eng_assert(ret_root != NULL);
    if (length > ENG_YAML_BYTES_MAX)
        return eng_source_fail(source, (struct eng_mark){1, 1},
                               "the file has %zu bytes; at most %d are read", length,
                               ENG_YAML_BYTES_MAX);
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
        text += 3;
        length -= 3;
    }
    struct reader reader = {.source = source};
    if (!yaml_parser_initialize(&reader.parser))
        return eng_source_no_memory(source);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text ? text : ""), length);
    struct eng_node *root = NULL;
    enum eng_status status = read_stream(&reader, &root);
    if (reader.has_event)
        yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    if (status == ENG_OK)
        *ret_root = root;
    return status;
}
