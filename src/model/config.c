/* Loading a configuration: the order of things, and the end of what was loaded. See load.h for the
 * parts. */
#include "model/config.h"

#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/zone.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_CHUNK_BYTES = 16 * 1024 };

/* ---- time ---- */

static enum eng_status load_zone(struct eng_load *load)
{
    struct eng_zone zone = {0};
    struct eng_error problem = {0};
    enum eng_status status = eng_load_copy(load, load->time.zone, &load->model->zone);
    if (status != ENG_OK)
        return status;
    status = eng_zone_load(load->model->zone, &zone, &problem);
    if (status == ENG_NO_MEMORY)
        return eng_source_no_memory(&load->source);
    if (status != ENG_OK)
        return eng_source_fail(&load->source, load->time.zone->mark, "%s", problem.text);
    status = eng_calendar_new(load->model->pane_unit, zone.changes, zone.count,
                              zone.standard_offset_ms, &load->model->calendar);
    eng_zone_done(&zone);
    return status == ENG_OK ? ENG_OK : eng_source_no_memory(&load->source);
}

static enum eng_status load_time(struct eng_load *load)
{
    struct eng_time_draft *time = &load->time;
    enum eng_status status = eng_section_read(load, &eng_section_time, load->file.time, time);
    if (status != ENG_OK)
        return status;
    load->model->pane_unit = (enum eng_pane_unit)time->pane_unit;
    load->model->dedup = time->dedup;
    load->config->future_skew_ms = time->future_skew_ms;
    load->config->idle_after_ms = time->idle_after_ms;
    return load_zone(load);
}

/* The panes of a window as far as late events go. */
static uint32_t late_panes(const struct eng_model *model, const struct eng_measure *measure)
{
    uint32_t day = model->pane_unit == ENG_PANE_HOUR ? 24 : 1;
    switch (measure->window) {
    case ENG_WINDOW_ROLLING:
        return eng_measure_reach(measure);
    case ENG_WINDOW_WEEK:
        return 7 * day;
    case ENG_WINDOW_MONTH:
        return 31 * day;
    case ENG_WINDOW_QUARTER:
        return 92 * day;
    case ENG_WINDOW_YEAR:
        return 366 * day;
    case ENG_WINDOW_LIFE:
    case ENG_WINDOW_NONE:
        break;
    }
    return 0;
}

static enum eng_status choose_late_after(struct eng_load *load)
{
    struct eng_model *model = load->model;
    model->late_after = load->time.late_after;
    for (uint32_t i = 0; i < model->measure_count && load->time.late_after == 0; i++) {
        uint32_t panes = late_panes(model, &model->measures[i]);
        if (panes > model->late_after && !model->measures[i].inner)
            model->late_after = panes;
    }
    if (model->late_after > 0)
        return ENG_OK;
    return eng_source_fail(
        &load->source, (struct eng_mark){1, 1},
        "nothing in the file has a rolling or calendar window, so it is open when an "
        "event is late; write \"time: {late_after: 60d}\"");
}

/* ---- the whole ---- */

static enum eng_status load_head(struct eng_load *load)
{
    enum eng_status status = eng_load_copy(load, load->file.program, &load->model->program);
    load->model->version = load->file.version;
    if (status == ENG_OK)
        status = load_time(load);
    return status;
}

static enum eng_status load_model(struct eng_load *load)
{
    enum eng_status status = eng_load_ledgers(load);
    if (status == ENG_OK)
        status = eng_load_measures(load);
    if (status == ENG_OK)
        status = eng_load_scores(load);
    if (status == ENG_OK)
        status = eng_load_matrices(load);
    if (status == ENG_OK)
        status = eng_load_reports(load);
    if (status == ENG_OK)
        status = eng_load_groups(load);
    if (status == ENG_OK)
        status = eng_load_boards(load);
    if (status == ENG_OK)
        status = eng_load_alerts(load);
    if (status == ENG_OK)
        status = eng_load_guards(load);
    if (status == ENG_OK)
        status = eng_load_quiets(load);
    if (status == ENG_OK)
        status = eng_load_budgets(load);
    if (status == ENG_OK)
        status = eng_load_awards(load);
    if (status == ENG_OK)
        status = eng_load_checks(load);
    if (status != ENG_OK)
        return status;
    if (load->model->score_count == 0 && load->model->alert_count == 0 &&
        load->model->award_count == 0 && load->model->check_count == 0)
        return eng_source_fail(
            &load->source, (struct eng_mark){1, 1},
            "there is neither a score nor an alert, so nothing would ever be told; add "
            "\"scores\" or \"alerts\"");
    status = eng_load_fill_sets(load);
    if (status == ENG_OK)
        status = eng_load_check_states(load);
    if (status == ENG_OK)
        status = eng_load_check_deadlines(load);
    if (status == ENG_OK)
        status = eng_load_choose_guarded(load);
    if (status == ENG_OK)
        status = eng_load_check_facts(load);
    if (status == ENG_OK)
        status = eng_load_end_ledgers(load);
    if (status == ENG_OK)
        status = eng_load_end_nudges(load);
    if (status == ENG_OK)
        status = choose_late_after(load);
    return status == ENG_OK ? eng_load_end_checks(load) : status;
}

static enum eng_status load_text(struct eng_load *load, const char *text, size_t length)
{
    struct eng_node *root = NULL;
    enum eng_status status = eng_yaml_parse(&load->source, text, length, &root);
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_file, root, &load->file);
    if (status == ENG_OK)
        status = load_head(load);
    if (status == ENG_OK)
        status = eng_load_input(load); /* measures name its numbers */
    if (status == ENG_OK)
        status = load_model(load);
    if (status == ENG_OK)
        status = eng_load_around(load);
    if (status == ENG_OK)
        status = eng_load_lint(load);
    if (status == ENG_OK)
        status = eng_load_keep_text(load, root);
    if (status == ENG_OK)
        status = eng_load_keep_entries(load, root);
    return status;
}

static struct eng_config *new_config(const char *path)
{
    struct eng_config *config = eng_calloc(1, sizeof *config);
    if (config == NULL)
        return NULL;
    config->path = eng_strndup(path, strlen(path));
    config->model = eng_calloc(1, sizeof *config->model);
    if (config->path == NULL || config->model == NULL) {
        eng_config_free(config);
        return NULL;
    }
    return config;
}

enum eng_status eng_config_load_text(const char *text, size_t length, const char *path,
                                     struct eng_config **ret_config, struct eng_error *err)
{
    eng_assert((text != NULL || length == 0) && path != NULL && ret_config != NULL);
    struct eng_error own = {0};
    struct eng_load load = {.source = {.path = path, .err = err != NULL ? err : &own}};
    eng_arena_init(&load.source.arena, ARENA_CHUNK_BYTES);
    load.config = new_config(path);
    enum eng_status status = ENG_NO_MEMORY;
    if (load.config != NULL) {
        load.model = load.config->model;
        status = load_text(&load, text, length);
    }
    if (status == ENG_NO_MEMORY)
        (void)eng_source_no_memory(&load.source); /* The status is returned below. */
    eng_arena_done(&load.source.arena);
    if (status != ENG_OK) {
        eng_config_free(load.config);
        return status;
    }
    *ret_config = load.config;
    return ENG_OK;
}

/* Reads a file as far as the reader of the text looks, and a byte more, so that it sees that there
 * is more. */
static enum eng_status read_file(const char *path, char **ret_text, size_t *ret_length,
                                 struct eng_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return eng_error_set(err, ENG_IO, "%s: cannot be opened: %s", path, strerror(errno));
    char *text = eng_calloc(1, ENG_YAML_BYTES_MAX + 1);
    size_t length = text != NULL ? fread(text, 1, ENG_YAML_BYTES_MAX + 1, file) : 0;
    int problem = ferror(file) != 0 ? errno : 0;
    (void)fclose(file); /* Only read from. */
    if (text == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "%s: out of memory while reading it", path);
    if (problem != 0) {
        eng_free(text);
        return eng_error_set(err, ENG_IO, "%s: cannot be read: %s", path, strerror(problem));
    }
    *ret_text = text;
    *ret_length = length;
    return ENG_OK;
}

enum eng_status eng_config_load_file(const char *path, struct eng_config **ret_config,
                                     struct eng_error *err)
{
    eng_assert(path != NULL && ret_config != NULL);
    char *text = NULL;
    size_t length = 0;
    enum eng_status status = read_file(path, &text, &length, err);
    if (status == ENG_OK)
        status = eng_config_load_text(text, length, path, ret_config, err);
    eng_free(text);
    return status;
}

static void free_properties(struct eng_properties *properties)
{
    for (size_t i = 0; i < properties->count; i++) {
        eng_free(properties->items[i].name);
        eng_free(properties->items[i].value);
    }
    eng_free(properties->items);
}

static void free_input(struct eng_input_config *input)
{
    eng_free(input->topic);
    eng_free(input->schema_path);
    eng_free(input->fields.id);
    eng_free(input->fields.partner);
    eng_free(input->fields.action);
    eng_free(input->fields.time);
    eng_free(input->fields.member);
    eng_free(input->fields.value);
    eng_free(input->fields.attributes);
    free_properties(&input->fields.numbers);
}

static void free_kafka(struct eng_kafka_config *kafka)
{
    eng_free(kafka->brokers);
    eng_free(kafka->group);
    eng_free(kafka->instance);
    free_properties(&kafka->client);
    free_properties(&kafka->consumer);
    free_properties(&kafka->producer);
}

void eng_config_free(struct eng_config *config)
{
    if (config == NULL)
        return;
    for (uint32_t i = 0; i < config->warning_count; i++)
        eng_free(config->warnings[i].text);
    eng_free(config->warnings);
    for (uint32_t i = 0; i < config->entry_count; i++) {
        eng_free(config->entries[i].path);
        eng_free(config->entries[i].value);
    }
    eng_free(config->entries);
    free_input(&config->input);
    free_kafka(&config->kafka);
    eng_free(config->output.score_changes);
    eng_free(config->output.churn_drops);
    eng_free(config->output.cell_changes);
    eng_free(config->output.reports);
    eng_free(config->output.awards);
    eng_free(config->output.flags);
    eng_free(config->output.source_silences);
    eng_free(config->output.digests);
    eng_free(config->output.groups);
    eng_free(config->output.boards);
    eng_free(config->output.group_sums);
    eng_free(config->output.dead_letters);
    eng_free(config->http.erase_token);
    eng_free(config->output.erasures);
    eng_free(config->output.state);
    eng_free(config->http.address);
    eng_model_free(config->model);
    eng_free(config->model_text);
    eng_free(config->path);
    eng_free(config);
}

/* ---- the model alone ---- */

static void keep_model(struct eng_config *config, struct eng_model **ret_model)
{
    *ret_model = config->model;
    config->model = NULL;
    eng_config_free(config);
}

enum eng_status eng_model_load_text(const char *text, size_t length, const char *name,
                                    struct eng_model **ret_model, struct eng_error *err)
{
    eng_assert(ret_model != NULL);
    struct eng_config *config = NULL;
    enum eng_status status = eng_config_load_text(text, length, name, &config, err);
    if (status == ENG_OK)
        keep_model(config, ret_model);
    return status;
}

enum eng_status eng_model_load_file(const char *path, struct eng_model **ret_model,
                                    struct eng_error *err)
{
    eng_assert(ret_model != NULL);
    struct eng_config *config = NULL;
    enum eng_status status = eng_config_load_file(path, &config, err);
    if (status == ENG_OK)
        keep_model(config, ret_model);
    return status;
}
