/* Two configurations side by side. See differ.h. */
#include "model/differ.h"

#include "base/assert.h"
#include "engine/model.h"
#include "model/keys.h"
#include <engaged/checkpoint.h>
#include <stdio.h>
#include <string.h>

/* How a setting is compared. */
enum setting_kind { PLAIN, TEXT, PROPERTIES };

struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset, bytes;
};

#define PLAIN_AT(key, field)                                                                       \
    {                                                                                              \
        key, PLAIN, offsetof(struct eng_config, field), sizeof(((struct eng_config *)0)->field)    \
    }
#define TEXT_AT(key, field)                                                                        \
    {                                                                                              \
        key, TEXT, offsetof(struct eng_config, field), 0                                           \
    }
#define PROPERTIES_AT(key, field)                                                                  \
    {                                                                                              \
        key, PROPERTIES, offsetof(struct eng_config, field), 0                                     \
    }

/* Every key around the model; some take more than one row. A test walks the table of keys. */
static const struct setting settings[] = {
    PLAIN_AT("time.future_skew", future_skew_ms),
    PLAIN_AT("time.idle_after", idle_after_ms),
    TEXT_AT("input.topic", input.topic),
    PLAIN_AT("input.format", input.format),
    TEXT_AT("input.schema", input.schema_path),
    PLAIN_AT("input.framing", input.framing),
    PLAIN_AT("input.time_unit", input.time_unit),
    TEXT_AT("input.fields.id", input.fields.id),
    TEXT_AT("input.fields.partner", input.fields.partner),
    TEXT_AT("input.fields.action", input.fields.action),
    TEXT_AT("input.fields.time", input.fields.time),
    TEXT_AT("input.fields.member", input.fields.member),
    TEXT_AT("input.fields.value", input.fields.value),
    TEXT_AT("input.fields.attributes", input.fields.attributes),
    PROPERTIES_AT("input.fields.numbers", input.fields.numbers),
    TEXT_AT("kafka.brokers", kafka.brokers),
    TEXT_AT("kafka.group", kafka.group),
    TEXT_AT("kafka.instance", kafka.instance),
    PROPERTIES_AT("kafka.client", kafka.client),
    PROPERTIES_AT("kafka.consumer", kafka.consumer),
    PROPERTIES_AT("kafka.producer", kafka.producer),
    TEXT_AT("output.score_changes", output.score_changes),
    TEXT_AT("output.churn_drops", output.churn_drops),
    TEXT_AT("output.cell_changes", output.cell_changes),
    TEXT_AT("output.reports", output.reports),
    TEXT_AT("output.awards", output.awards),
    TEXT_AT("output.flags", output.flags),
    TEXT_AT("output.source_silences", output.source_silences),
    TEXT_AT("output.digests", output.digests),
    TEXT_AT("output.groups", output.groups),
    TEXT_AT("output.boards", output.boards),
    TEXT_AT("output.group_sums", output.group_sums),
    TEXT_AT("output.dead_letters", output.dead_letters),
    TEXT_AT("output.erasures", output.erasures),
    TEXT_AT("output.state", output.state),
    PLAIN_AT("output.create", output.create),
    PLAIN_AT("output.replication", output.replication),
    PLAIN_AT("run.workers", run.workers),
    PLAIN_AT("run.standbys", run.standbys),
    PLAIN_AT("run.commit_interval", run.commit_interval_ms),
    PLAIN_AT("run.stop_deadline", run.stop_deadline_ms),
    PLAIN_AT("run.on_change", run.on_change),
    PLAIN_AT("run.memory", run.memory_bytes_max),
    PLAIN_AT("recovery.checkpoints", recovery.checkpoints),
    PLAIN_AT("recovery.records", recovery.records),
    PLAIN_AT("recovery.seconds", recovery.seconds),
    PLAIN_AT("http.listen", http.enabled),
    TEXT_AT("http.listen", http.address),
    PLAIN_AT("http.listen", http.port),
    TEXT_AT("http.erase_token", http.erase_token),
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };
_Static_assert((int)SETTINGS <= (int)ENG_DIFFERENCES_MAX, "there is room for all");

static bool same_text(const char *one, const char *two)
{
    return one == NULL || two == NULL ? one == two : strcmp(one, two) == 0;
}

static bool same_properties(const struct eng_properties *one, const struct eng_properties *two)
{
    bool same = one->count == two->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = same_text(one->items[i].name, two->items[i].name) &&
               same_text(one->items[i].value, two->items[i].value);
    return same;
}

static bool same_setting(const struct setting *setting, const struct eng_config *before,
                         const struct eng_config *after)
{
    const char *one = (const char *)before + setting->offset;
    const char *two = (const char *)after + setting->offset;
    if (setting->kind == PLAIN)
        return memcmp(one, two, setting->bytes) == 0;
    if (setting->kind == TEXT)
        return same_text(*(char *const *)(const void *)one, *(char *const *)(const void *)two);
    return same_properties((const void *)one, (const void *)two);
}

/* By the table of keys: does a running process take it up? */
static bool is_live(const char *key)
{
    const char *name = strrchr(key, '.') + 1;
    size_t length = (size_t)(name - key) - 1;
    for (size_t i = 0; eng_sections[i] != NULL; i++) {
        const struct eng_section *section = eng_sections[i];
        if (strlen(section->path) != length || strncmp(section->path, key, length) != 0)
            continue;
        for (uint32_t j = 0; j < section->count; j++)
            if (strcmp(section->keys[j].name, name) == 0)
                return section->keys[j].live;
    }
    eng_assert(!"every setting is a key");
    return false;
}

/* Two models, whatever their versions. */
static bool same_model(const struct eng_model *before, const struct eng_model *after)
{
    struct eng_model alike = *after; /* a look at it, nothing is owned */
    eng_assert(before != NULL);
    alike.version = before->version;
    return eng_model_fingerprint(before) == eng_model_fingerprint(&alike) &&
           strcmp(before->program, after->program) == 0;
}

void eng_config_differ(const struct eng_config *before, const struct eng_config *after,
                       struct eng_differences *ret_differences)
{
    struct eng_differences found = {0};
    eng_assert(before != NULL && after != NULL);
    found.model = !same_model(before->model, after->model);
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        bool again =
            found.count > 0 && strcmp(found.settings[found.count - 1].key, setting->key) == 0;
        if (!again && !same_setting(setting, before, after))
            found.settings[found.count++] =
                (struct eng_difference){setting->key, is_live(setting->key)};
    }
    *ret_differences = found;
}

/* Puts the place before a complaint that begins with a key in backticks. */
static enum eng_status place(const struct eng_config *config, const struct eng_error *cause,
                             struct eng_error *err)
{
    char key[64] = "", where[ENG_ERROR_BYTES / 2];
    if (sscanf(cause->text, "`%63[^`]`", key) != 1)
        key[0] = '\0'; /* the whole file */
    eng_config_where(config, key, where, sizeof where);
    return eng_error_set(err, ENG_BAD_CONFIG, "%s: %s", where, cause->text);
}

enum eng_status eng_config_follows(const struct eng_config *before, const struct eng_config *after,
                                   struct eng_error *err)
{
    struct eng_differences differences;
    struct eng_error cause = {0};
    eng_assert(before != NULL && after != NULL);
    eng_config_differ(before, after, &differences);
    if (!differences.model && eng_model_version(before->model) == eng_model_version(after->model))
        return ENG_OK;
    if (eng_model_carries(before->model, after->model, &cause) == ENG_OK)
        return ENG_OK;
    return place(after, &cause, err);
}

/* The first setting that needs a restart, and the names of the others. */
static enum eng_status refuse_settings(const struct eng_config *after,
                                       const struct eng_differences *differences,
                                       struct eng_error *err)
{
    char where[ENG_ERROR_BYTES / 2], others[ENG_ERROR_BYTES / 2] = "";
    const char *first = NULL;
    for (uint32_t i = 0; i < differences->count; i++) {
        const struct eng_difference *setting = &differences->settings[i];
        size_t used = strlen(others);
        if (setting->live)
            continue;
        if (first == NULL)
            first = setting->key;
        else
            (void)snprintf(others + used, sizeof others - used, "%s%s",
                           used == 0 ? "; so do " : ", ", setting->key); /* cut when too many */
    }
    if (first == NULL)
        return ENG_OK;
    eng_config_where(after, first, where, sizeof where);
    return eng_error_set(err, ENG_BAD_CONFIG, "%s: %s needs a restart%s", where, first, others);
}

/* A kind of output that the model before did not have needs a topic that nobody has looked for. */
static enum eng_status refuse_outputs(const struct eng_config *before,
                                      const struct eng_config *after, struct eng_error *err)
{
    const struct {
        const char *section, *topic;
        uint32_t before, after;
    } kinds[] = {
        {"matrices", "output.cell_changes", before->model->matrix_count,
         after->model->matrix_count},
        {"reports", "output.reports", before->model->report_count, after->model->report_count},
        {"awards", "output.awards", before->model->award_count, after->model->award_count},
        {"checks", "output.flags", before->model->check_count, after->model->check_count},
        {"guards", "output.source_silences", before->model->guard_count, after->model->guard_count},
        {"budgets", "output.digests", before->model->budget_count, after->model->budget_count},
        {"groups", "output.groups", eng_boards_first(before->model),
         eng_boards_first(after->model)},
        {"boards", "output.boards", before->model->board_count, after->model->board_count}};
    char where[ENG_ERROR_BYTES / 2];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].before > 0 || kinds[i].after == 0)
            continue;
        eng_config_where(after, kinds[i].section, where, sizeof where);
        return eng_error_set(
            err, ENG_BAD_CONFIG,
            "%s: %s need a restart where there were none: it looks for the topic %s", where,
            kinds[i].section, kinds[i].topic);
    }
    return ENG_OK;
}

enum eng_status eng_config_takes_up(const struct eng_config *before, const struct eng_config *after,
                                    struct eng_error *err)
{
    struct eng_differences differences;
    eng_assert(before != NULL && after != NULL);
    eng_config_differ(before, after, &differences);
    enum eng_status status = refuse_settings(after, &differences, err);
    if (status == ENG_OK)
        status = refuse_outputs(before, after, err);
    return status == ENG_OK ? eng_config_follows(before, after, err) : status;
}
