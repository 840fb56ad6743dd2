/* Two configurations side by side for `engaged check --against`. Keys of the model are compared as
 * they were written, things (facts, measures, scores, alerts) by their names; what follows for the
 * counts is the engine's word. See against.h. */
#include "cli/against.h"

#include "base/assert.h"
#include "engine/change.h"
#include "model/differ.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, STARTS_MAX = ENG_SCORES_MAX * ENG_DIMENSIONS_MAX };

struct sides {
    const struct eng_config *before, *after;
};

/* ---- keys ---- */

/* The part of an entry's path behind a prefix, when it is a value below that; else NULL. */
static const char *value_below(const struct eng_config_entry *entry, const char *prefix)
{
    size_t length = strlen(prefix);
    bool below = strncmp(entry->path, prefix, length) == 0 && entry->path[length] == '.';
    return below && entry->value != NULL ? entry->path + length + 1 : NULL;
}

/* "    over: 30d -> 60d" for each value below the prefix that is another one. */
static uint32_t add_values(struct eng_text *out, const struct sides *sides, const char *prefix)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sides->after->entry_count; i++) {
        const struct eng_config_entry *now = &sides->after->entries[i];
        const struct eng_config_entry *old = eng_config_entry(sides->before, now->path);
        const char *name = value_below(now, prefix);
        if (name == NULL || (old != NULL && old->value && strcmp(old->value, now->value) == 0))
            continue;
        eng_text_add(out, "    %s: %s -> %s\n", name,
                     old != NULL && old->value != NULL ? old->value : "(not given)", now->value);
        count++;
    }
    for (uint32_t i = 0; i < sides->before->entry_count; i++) {
        const struct eng_config_entry *old = &sides->before->entries[i];
        const char *name = value_below(old, prefix);
        if (name == NULL || eng_config_entry(sides->after, old->path) != NULL)
            continue;
        eng_text_add(out, "    %s: %s -> (not given)\n", name, old->value);
        count++;
    }
    return count;
}

/* A named thing of the new file: "  logins: new", or its name and what of it is another one. */
static void add_thing(struct eng_text *out, const struct sides *sides, const char *path,
                      const char *name)
{
    struct eng_text values = {0};
    if (eng_config_entry(sides->before, path) == NULL)
        eng_text_add(out, "  %s: new\n", name);
    else if (add_values(&values, sides, path) > 0 && !values.failed) {
        eng_text_add(out, "  %s: changed\n", name);
        eng_text_add_bytes(out, values.data, values.used);
    }
    out->failed |= values.failed;
    eng_text_done(&values);
}

/* True when the path is that of a thing in the section: "measures.NAME", whatever the name. */
static const char *thing_of(const struct eng_config *config, uint32_t index, const char *section)
{
    const struct eng_config_entry *entry = &config->entries[index];
    size_t length = strlen(section);
    bool inside = strncmp(entry->path, section, length) == 0 && entry->path[length] == '.';
    /* Above a thing there is only its section; a value is a key of some thing. */
    for (uint32_t i = index; inside && i-- > 0;) {
        const char *above = config->entries[i].path;
        size_t above_length = strlen(above);
        if (strncmp(entry->path, above, above_length) == 0 && entry->path[above_length] == '.')
            return strcmp(above, section) == 0 ? entry->path + length + 1 : NULL;
    }
    return NULL;
}

static void add_things(struct eng_text *out, const struct sides *sides, const char *section,
                       const char *title)
{
    struct eng_text things = {0};
    for (uint32_t i = 0; i < sides->after->entry_count; i++) {
        const char *name = thing_of(sides->after, i, section);
        if (name != NULL)
            add_thing(&things, sides, sides->after->entries[i].path, name);
    }
    for (uint32_t i = 0; i < sides->before->entry_count; i++) {
        const char *name = thing_of(sides->before, i, section);
        if (name != NULL && eng_config_entry(sides->after, sides->before->entries[i].path) == NULL)
            eng_text_add(&things, "  %s: gone\n", name);
    }
    if (things.used > 0) {
        eng_text_add(out, "\n%s\n", title);
        eng_text_add_bytes(out, things.data, things.used);
    }
    out->failed |= things.failed;
    eng_text_done(&things);
}

/* Which events are too old or too often there: the keys of `time` that the model has. */
static void add_time(struct eng_text *out, const struct sides *sides)
{
    static const char *const keys[] = {"zone", "pane", "late_after", "dedup"};
    bool titled = false;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof path, "time.%s", keys[i]); /* fits */
        const struct eng_config_entry *old = eng_config_entry(sides->before, path);
        const struct eng_config_entry *now = eng_config_entry(sides->after, path);
        const char *from = old != NULL ? old->value : "(not given)";
        const char *to = now != NULL ? now->value : "(not given)";
        if (from == NULL || to == NULL || strcmp(from, to) == 0)
            continue;
        eng_text_add(out, "%s  %s: %s -> %s\n", titled ? "" : "\nTime\n", keys[i], from, to);
        titled = true;
    }
}

/* ---- what counts cannot answer ---- */

static void add_panes(struct eng_text *out, const struct eng_model *model, uint32_t panes)
{
    const char *unit = model->pane_unit == ENG_PANE_DAY ? "day" : "hour";
    eng_text_add(out, "%" PRIu32 " %s%s", panes, unit, panes == 1 ? "" : "s");
}

/* A score that is provisional for everybody at first, and by which of its dimensions. */
static void add_start(struct eng_text *out, const struct eng_model *model, const char *score,
                      const struct eng_start *starts, uint32_t count)
{
    uint32_t panes = 0;
    for (uint32_t i = 0; i < count; i++)
        if (starts[i].score == score && starts[i].panes > panes)
            panes = starts[i].panes;
    if (panes == 0)
        return;
    eng_text_add(out, "  %s: for ", score);
    add_panes(out, model, panes);
    const char *before = ", by ";
    for (uint32_t i = 0; i < count; i++)
        if (starts[i].score == score) {
            eng_text_add(out, "%s%s", before, starts[i].dimension);
            before = ", ";
        }
    eng_text_add(out, "\n");
}

static enum eng_status add_starts(struct eng_text *out, const struct sides *sides,
                                  struct eng_error *err)
{
    struct eng_start starts[STARTS_MAX];
    const struct eng_model *model = sides->after->model;
    uint32_t count = 0;
    if (eng_model_starts(sides->before->model, model, starts, STARTS_MAX, &count) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory to compare two models");
    if (count == 0) {
        eng_text_add(out, "\nAll that the scores ask is answered by the counts that there are.\n");
        return ENG_OK;
    }
    eng_text_add(out, "\nProvisional at first, since nobody has counted for these before\n");
    for (uint32_t i = 0; i < model->score_count; i++)
        add_start(out, model, model->scores[i].name, starts, count);
    eng_text_add(out, "  `engaged state rebuild --measure NAME` says whether reading the input "
                      "again would fill them sooner.\n");
    return ENG_OK;
}

/* Silences that begin to learn each partner's rhythm. */
static void add_rhythms(struct eng_text *out, const struct sides *sides)
{
    static struct eng_change change; /* large */
    const struct eng_model *model = sides->after->model;
    eng_change_init(&change, sides->before->model, model);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (model->alerts[i].kind == ENG_SILENCE && change.rhythm[i] == ENG_CHANGE_NONE)
            eng_text_add(out,
                         "  %s learns each partner's rhythm from the change on; until then "
                         "`typical_gap` is usual.\n",
                         model->alerts[i].name);
        else if (model->alerts[i].kind == ENG_DEADLINE && change.rhythm[i] == ENG_CHANGE_NONE)
            eng_text_add(
                out,
                "  %s begins with whoever comes after the change; nobody has noted who came "
                "before.\n",
                model->alerts[i].name);
}

/* ---- the whole ---- */

static void add_settings(struct eng_text *out, const struct eng_differences *differences)
{
    if (differences->count > 0)
        eng_text_add(out, "\nSettings\n");
    for (uint32_t i = 0; i < differences->count; i++)
        eng_text_add(out, "  %s: %s\n", differences->settings[i].key,
                     differences->settings[i].live ? "by a reload (SIGHUP), or a restart"
                                                   : "needs a restart");
}

static void add_end(struct eng_text *out, const struct sides *sides)
{
    bool silent = sides->after->run.on_change == ENG_CHANGE_SILENT;
    eng_text_add(out,
                 "\nThe model comes into force by a reload (SIGHUP) or a restart. Every partner is "
                 "then evaluated once, and what\nthat changes is %s. No event is read again.\n",
                 silent ? "noted without a word (run.on_change: silent)"
                        : "told, with cause `config` (run.on_change: tell)");
}

enum eng_status eng_against(struct eng_text *out, const struct eng_config *before,
                            const struct eng_config *after, struct eng_error *err)
{
    const struct sides sides = {before, after};
    struct eng_differences differences;
    enum eng_status status = ENG_OK;
    uint32_t old = eng_model_version(before->model), now = eng_model_version(after->model);
    eng_assert(out != NULL);
    eng_config_differ(before, after, &differences);
    eng_text_add(out, "Program %s, version %" PRIu32 " of the model against version %" PRIu32 "%s",
                 eng_model_program(after->model), now, old,
                 differences.model ? ".\n" : ": the same model.\n");
    add_time(out, &sides);
    add_things(out, &sides, "facts", "Facts");
    add_things(out, &sides, "measures", "Measures");
    add_things(out, &sides, "scores", "Scores");
    add_things(out, &sides, "matrices", "Matrices");
    add_things(out, &sides, "reports", "Reports");
    add_things(out, &sides, "groups", "Groups");
    add_things(out, &sides, "boards", "Boards");
    add_things(out, &sides, "alerts", "Alerts");
    add_things(out, &sides, "guards", "Guards");
    add_things(out, &sides, "quiet", "Quiet times");
    add_things(out, &sides, "budgets", "Budgets");
    add_things(out, &sides, "checks", "Checks");
    add_things(out, &sides, "ledgers", "Ledgers");
    add_things(out, &sides, "awards", "Awards");
    if (eng_config_follows(before, after, NULL) == ENG_OK && now > old) {
        status = add_starts(out, &sides, err);
        add_rhythms(out, &sides);
        add_end(out, &sides);
    }
    add_settings(out, &differences);
    return status;
}
