/* The keys of the configuration file, as tables: what each is called, what it takes, where it goes.
 *
 * The reader, the defaults, the complaints and docs/configuration.md all come from these tables. A
 * section is a mapping of the file; its values are stored into a struct of the caller, field by
 * field. Tables are constant; the reader works on a load (load.h) and belongs to its thread. */
#ifndef ENG_MODEL_KEYS_H
#define ENG_MODEL_KEYS_H

#include "model/yaml.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eng_load;

/* What a key takes, and the C type of the field that it is stored in. */
enum eng_key_type {
    ENG_KEY_SECTION, /* const struct eng_node *: a mapping with keys of its own, read later */
    ENG_KEY_MAP,     /* const struct eng_node *: a mapping whose keys are names */
    ENG_KEY_PAIRS,   /* const struct eng_node *: a list of [x, y] */
    ENG_KEY_ACTIONS, /* const struct eng_node *: an action, a family `a.*`, or a list of them */
    ENG_KEY_NAME,    /* const struct eng_node *: any scalar, by its text */
    ENG_KEY_NAMES,   /* const struct eng_node *: a list of them */
    ENG_KEY_SOME,    /* const struct eng_node *: one of them, or a list */
    ENG_KEY_WORDS,   /* const struct eng_node *: text for people, as it stands */
    ENG_KEY_NUMBER,  /* intN_t or uintN_t, in units of 10^-decimals */
    ENG_KEY_CHOSEN,  /* struct eng_chosen: such a number, or numbers by facts and a default */
    ENG_KEY_PORTION, /* struct eng_portion: such a number, or per cent of something */
    ENG_KEY_PANES,   /* uint32_t: a duration of whole panes */
    ENG_KEY_ELAPSED, /* int64_t: a duration in ms */
    ENG_KEY_BYTES,   /* uint64_t: a size */
    ENG_KEY_WINDOW,  /* struct eng_window */
    ENG_KEY_GRACE,   /* struct eng_grace */
    ENG_KEY_CHOICE,  /* an enum: one of some words */
    ENG_KEY_SWITCH,  /* bool: true or false */
    ENG_KEY_TEXT,    /* char *, owned: text in which ${env:NAME} and ${file:PATH} are filled in */
    ENG_KEY_TOPIC,   /* char *, owned: the same, and a name that Kafka allows for a topic */
    ENG_KEY_PATH,    /* char *, owned: names joined by dots */
    ENG_KEY_TYPE_COUNT
};

/* A word and the value of the enum that it stands for. A list of them ends with a NULL word. */
struct eng_choice {
    const char *word;
    int value;
};

struct eng_section;

struct eng_key {
    const char *name;
    enum eng_key_type type;
    uint8_t decimals; /* NUMBER, CHOSEN, PORTION: 0 to 4 */
    bool required;
    bool live; /* around the model: a running process takes up a change (SIGHUP) */
    uint16_t offset,
        bytes; /* of the field in the section's struct; 0 bytes: read by code of its own */
    const char *fallback; /* the default as one would write it; NULL: the field stays zero */
    int64_t min, max; /* NUMBER, CHOSEN, PORTION, ELAPSED, PANES, BYTES: in units of the field. Both
                         0: no bounds */
    const struct eng_choice *choices;  /* CHOICE */
    const struct eng_section *section; /* SECTION */
    const char *shape;  /* what a value looks like, when the type's own words do not say it */
    const char *sample; /* a valid value, for the documentation and the tests */
    const char
        *absent; /* for the documentation: what holds when it is left out and has no fallback */
    const char *help; /* one or two sentences, no newline */
};

struct eng_section {
    const char *path; /* where it stands, e.g. "input.fields", "measures.NAME"; "" is the file */
    const char *help;
    const struct eng_key *keys;
    uint32_t count;
};

extern const struct eng_section eng_section_file, eng_section_time, eng_section_input,
    eng_section_fields, eng_section_fact, eng_section_measure, eng_section_score,
    eng_section_dimension, eng_section_points, eng_section_decay, eng_section_edge,
    eng_section_matrix, eng_section_report, eng_section_moment, eng_section_group,
    eng_section_board, eng_section_figure, eng_section_test, eng_section_alert, eng_section_guard,
    eng_section_quiet, eng_section_budget, eng_section_ledger, eng_section_award, eng_section_nth,
    eng_section_within, eng_section_streak, eng_section_pending, eng_section_check,
    eng_section_held, eng_section_kafka, eng_section_output, eng_section_run, eng_section_recovery,
    eng_section_http;

/* Every section in the order of the documentation; the last one is NULL. */
extern const struct eng_section *const eng_sections[];

/* How values of a key look, in a few words: "a number with up to four decimals". */
const char *eng_key_shape(const struct eng_key *key);

/* Reads a mapping into `target`, the struct of this section: unknown keys are refused, then each
 * key of the table is stored, or its default, or its absence refused. NULL is an empty mapping.
 * Owned strings belong to the target's owner even after a failure. ENG_OK, ENG_BAD_CONFIG or
 * ENG_NO_MEMORY. */
enum eng_status eng_section_read(struct eng_load *load, const struct eng_section *section,
                                 const struct eng_node *node, void *target);

/* Refuses every key of a mapping that is not in `allowed` (words, one space between them). `what`
 * names the thing: "a drop alert". ENG_OK, ENG_BAD_CONFIG or ENG_NO_MEMORY. */
enum eng_status eng_section_allow(struct eng_load *load, const struct eng_node *node,
                                  const char *what, const char *allowed);

/* The documentation of all keys as Markdown, docs/configuration.md. ENG_OK and an owned text
 * (eng_free), or ENG_NO_MEMORY. */
enum eng_status eng_keys_document(char **ret_text);

#endif
