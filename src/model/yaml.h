/* YAML text to a tree of nodes that know their place, so that every later complaint can name line
 * and column.
 *
 * The core schema of YAML 1.2 is left to the readers of the tree: a scalar is its text and whether
 * it stood without quotes. Anchors, aliases, tags and a second document are refused, as are
 * duplicate keys, so a text cannot grow while it is read; size, depth and number of nodes are
 * bounded. The tree lives in the source's arena. One thread. */
#ifndef ENG_MODEL_YAML_H
#define ENG_MODEL_YAML_H

#include "base/memory.h"
#include <engaged/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENG_YAML_BYTES_MAX = 256 * 1024, /* of a file */
    ENG_YAML_NODES_MAX = 20000,
    ENG_YAML_ENTRIES_MAX = 1000, /* of one mapping or sequence */
    ENG_YAML_DEPTH_MAX = 12,
};

/* What is read: its name for error texts, the memory of the tree, and where the first error goes.
 */
struct eng_source {
    const char *path; /* borrowed */
    struct eng_arena arena;
    struct eng_error *err; /* borrowed; never NULL */
};

/* A place in the source, both from 1; columns count characters. 0:0 is no place: a built-in
 * default. */
struct eng_mark {
    uint32_t line, column;
};

enum eng_node_kind { ENG_NODE_SCALAR, ENG_NODE_SEQUENCE, ENG_NODE_MAPPING };

struct eng_node {
    enum eng_node_kind kind;
    bool plain; /* a scalar without quotes */
    struct eng_mark mark;
    const char *text;       /* scalar: zero-terminated, may hold zero bytes; else "" */
    uint32_t length;        /* of text */
    uint32_t count;         /* of children */
    struct eng_node *first; /* child of a sequence or mapping */
    struct eng_node *next;  /* sibling */
    struct eng_node *key;   /* in a mapping: the scalar that names this value; else NULL */
};

/* Reads a text into *ret_root (in source->arena). ENG_OK, ENG_BAD_CONFIG or ENG_NO_MEMORY. */
enum eng_status eng_yaml_parse(struct eng_source *source, const char *text, size_t length,
                               struct eng_node **ret_root);

/* Sets the error "path:line:column: ..." and returns ENG_BAD_CONFIG. */
enum eng_status eng_source_fail(struct eng_source *source, struct eng_mark mark, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* Sets the error of a failed allocation and returns ENG_NO_MEMORY. */
enum eng_status eng_source_no_memory(struct eng_source *source);

/* The node's text for an error, cut at 60 bytes and never inside a character; "a list" or "a
 * mapping" for what is no scalar. Lives as long as the arena. */
const char *eng_node_shown(struct eng_source *source, const struct eng_node *node);

/* The value under a key of a mapping, NULL if there is none (or no mapping). */
const struct eng_node *eng_node_get(const struct eng_node *mapping, const char *key);

/* Whether a scalar's text is exactly this. */
bool eng_node_is(const struct eng_node *node, const char *text);

#endif
