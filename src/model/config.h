/* The configuration file, whole: the model and everything around it that the daemon needs.
 *
 * One YAML file (1.2 core schema; duplicate and unknown keys are refused), one table of keys.
 * Loading is pure but for ${env:NAME} and ${file:PATH} in string values, the schema file's name,
 * and the zone data of the system. Immutable after loading; any thread. All strings are owned by
 * the config. Elapsed times are in ms. */
#ifndef ENG_MODEL_CONFIG_H
#define ENG_MODEL_CONFIG_H

#include <engaged/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eng_input_format { ENG_FORMAT_AVRO, ENG_FORMAT_JSON };
/* How Avro bodies are framed. AUTO: a record that begins with 0x00 and a 4-byte schema id and whose
 * rest decodes to its end is framed, else the whole record is the body; the header form is seen
 * either way. */
enum eng_framing { ENG_FRAMING_AUTO, ENG_FRAMING_NONE, ENG_FRAMING_CONFLUENT };
enum eng_time_unit { ENG_TIME_MS, ENG_TIME_S, ENG_TIME_ISO };

/* A name with a text: a librdkafka property to pass through, or a number and its path. */
struct eng_property {
    char *name, *value;
    bool secret; /* filled in from ${env:} or ${file:}, or a password: never logged or served */
};

struct eng_properties {
    struct eng_property *items;
    size_t count;
};

/* Paths into the record, parts joined by dots. */
struct eng_field_paths {
    char *id, *partner, *action, *time, *member, *value;
    char *attributes;              /* of the map, record or object that holds them */
    struct eng_properties numbers; /* besides the value: names and paths, by name */
};

struct eng_input_config {
    char *topic; /* NULL when the file names none (replay needs none) */
    enum eng_input_format format;
    char *schema_path; /* Avro: file with the writer's schema, as written, relative to the config
                          file's folder; NULL: none */
    enum eng_framing framing; /* Avro */
    enum eng_time_unit time_unit;
    struct eng_field_paths fields;
};

struct eng_kafka_config {
    char *brokers;  /* bootstrap.servers; default 127.0.0.1:9092 */
    char *group;    /* default: engaged-<program> */
    char *instance; /* group.instance.id and part of the transactional id; NULL: none */
    struct eng_properties client, consumer, producer;
};

struct eng_output_config {
    char *score_changes;   /* topic; default <input topic>.score-changes */
    char *churn_drops;     /* topic; default <input topic>.churn-drops */
    char *cell_changes;    /* topic; default <input topic>.cell-changes */
    char *reports;         /* topic; default <input topic>.reports */
    char *awards;          /* topic; default <input topic>.awards; used by a model with awards */
    char *flags;           /* topic; default <input topic>.flags; used by a model with checks */
    char *source_silences; /* topic; default <input topic>.source-silences; with guards */
    char *digests;         /* topic; default <input topic>.digests; with budgets */
    char *groups;          /* topic; default <input topic>.groups; used by a model with groups */
    char *boards;          /* topic; default <input topic>.boards; used by a model with boards */
    char *group_sums;      /* topic; default engaged-<program>-group-sums; with either */
    char *dead_letters;    /* topic; default <input topic>.dead-letters */
    char *erasures;        /* topic; default <input topic>.erasures */
    char *state;           /* topic for the journal; default engaged-<program>-state */
    bool create; /* missing output topics are created with the input's partition count; default true
                  */
    int32_t replication; /* of topics we create; -1 (default): the broker's default */
};

/* What a change of the model changes: is it told? */
enum eng_on_change { ENG_CHANGE_TOLD, ENG_CHANGE_SILENT };

struct eng_run_config {
    uint32_t workers;           /* 1..64; default 1 */
    int32_t on_change;          /* enum eng_on_change; default ENG_CHANGE_TOLD */
    int64_t commit_interval_ms; /* 10..10000; default 100 */
    int64_t stop_deadline_ms;   /* graceful stop; default 30000 */
    uint64_t memory_bytes_max;  /* per process; 0: none */
    uint32_t standbys;          /* of each partition; default 0 */
};

/* How far back a restart may have to read the input again. */
struct eng_recovery_config {
    bool checkpoints; /* default true; false: a restart reads all that the topic retains */
    int64_t records;  /* 0 (default): the larger of 500,000 and two per partner */
    int64_t seconds;  /* default 600 */
};

struct eng_http_config {
    char *address;     /* default 127.0.0.1 */
    uint16_t port;     /* default 8080; 0: any free one (tests) */
    bool enabled;      /* default true */
    char *erase_token; /* who may erase partners; NULL: nobody. Never logged or served */
};

/* Something that is allowed but seldom meant: "path:line:column: ...". `engaged check` prints them.
 */
struct eng_config_warning {
    char *text;
};

/* A key of the file: its path, names joined by dots, and where it stands. */
struct eng_config_entry {
    char *path;
    char *value; /* of the model's sections: as written; else NULL */
    uint32_t line, column;
};

struct eng_config {
    char *path; /* the file's name as given, for messages */
    struct eng_model *model;
    char *model_text; /* from which eng_model_load_text makes it again; not terminated */
    size_t model_text_bytes;
    int64_t future_skew_ms; /* S5; default 10 minutes */
    int64_t idle_after_ms;  /* S7; default 5 minutes */
    struct eng_input_config input;
    struct eng_kafka_config kafka;
    struct eng_output_config output;
    struct eng_run_config run;
    struct eng_recovery_config recovery;
    struct eng_http_config http;
    struct eng_config_warning *warnings;
    uint32_t warning_count;
    struct eng_config_entry *entries; /* in the order of the file */
    uint32_t entry_count;
};

/* Loads and checks a file, or a text (`path` then only names it). ENG_OK and an owned config,
 * ENG_BAD_CONFIG ("path:line:column: ..."), ENG_IO or ENG_NO_MEMORY. Free with eng_config_free. */
enum eng_status eng_config_load_file(const char *path, struct eng_config **ret_config,
                                     struct eng_error *err);
enum eng_status eng_config_load_text(const char *text, size_t length, const char *path,
                                     struct eng_config **ret_config, struct eng_error *err);

void eng_config_free(struct eng_config *config);

/* The entry of a key, "scores.engagement.margin"; NULL: the file has none. */
const struct eng_config_entry *eng_config_entry(const struct eng_config *config, const char *path);

/* Writes "file:line:column" of a key, or of the nearest one above it that is there. */
void eng_config_where(const struct eng_config *config, const char *path, char *to, size_t size);

#endif
