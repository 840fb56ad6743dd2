/* `engaged replay`: the engine over files, telling on standard output what happened.
 *
 * What `run` does with a topic, replay does with files, through the same decoder and engine, so its
 * output is what a topic with these records would have given (but for S5: there is no wall clock,
 * so no record comes from the future). One pass: a batch of records is decoded, handed to the
 * engine of its task, and what that tells is printed.
 *
 * With --partitions N the records are spread over N tasks as a producer of the Java client spreads
 * them over N partitions, each with a clock of its own; a record whose partner cannot be read
 * belongs to the first. A record's offset, which ids are made of, is its place among the records of
 * its task, from 0.
 *
 * What tasks tell of all their partners together is merged as a daemon's is, and printed when the
 * last task has told it, or at the end.
 *
 * With --forecast it ends with who will fall if nobody does anything any more.
 *
 * With --then another model comes into force before the record with the offset --at (S14), as in a
 * daemon that has read its file again there. */
#include "cli/replay.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/memory.h"
#include "cli/config.h"
#include "cli/exits.h"
#include "cli/forecasts.h"
#include "cli/output.h"
#include "cli/partition.h"
#include "cli/progress.h"
#include "cli/records.h"
#include "codec/encode.h"
#include "codec/fields.h"
#include "model/differ.h"
#include "stream/gather.h"
#include <engaged/engine.h>
#include <inttypes.h>
#include <string.h>

enum {
    OPTION_CONFIG,
    OPTION_AT,
    OPTION_DEAD_LETTERS,
    OPTION_FORECAST,
    OPTION_PARTITIONS,
    OPTION_SUMMARY,
    OPTION_THEN,
    OPTION_UNTIL
};

static const struct eng_option replay_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration; only its model and `input` are looked at"},
    {.name = "at",
     .kind = ENG_OPTION_NUMBER,
     .argument = "OFFSET",
     .fallback = "0",
     .min = 0,
     .max = INT64_MAX,
     .help = "where in each task the model of --then comes into force: before its record OFFSET"},
    {.name = "dead-letters",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .help = "write bad and late records there, one JSON object a line with the reason"},
    {.name = "forecast",
     .kind = ENG_OPTION_DURATION,
     .argument = "TIME",
     .min = 1,
     .max = (int64_t)ENG_FORECAST_DAYS_MAX * 86400000,
     .help =
         "at the end, print whose scores will fall into a lower band within this time if nothing "
         "happens"},
    {.name = "partitions",
     .kind = ENG_OPTION_NUMBER,
     .argument = "N",
     .fallback = "1",
     .min = 1,
     .max = 1024,
     .help = "spread the records over N tasks by partner, as the Java client does over partitions"},
    {.name = "summary", .kind = ENG_OPTION_FLAG, .help = "print the summary line alone"},
    {.name = "then",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .help = "a later version of the configuration, whose model takes the place of the first"},
    {.name = "until",
     .kind = ENG_OPTION_TIME,
     .argument = "TIME",
     .help = "after the last record, work off the boundaries up to and including this time"},
    {.name = NULL},
};

/* One partition of the input: an engine, and its part of the batch in work. */
struct task {
    struct eng_engine *engine;
    uint64_t offset; /* of the next record */
    uint32_t count;
    struct eng_event *events;
    uint8_t *outcomes;
    const struct eng_record_entry **entries;
};

struct replay {
    const struct eng_args *args;
    struct eng_config *config;
    struct eng_config *then; /* NULL: no other */
    struct eng_records records;
    struct eng_record_batch *batch;
    struct task *tasks;
    uint32_t task_count;
    struct eng_effects effects;
    struct eng_gather *gather; /* of the groups of all tasks */
    int64_t gathered;          /* records that it has taken */
    struct eng_bytes sums;
    struct eng_bytes line;
    struct eng_text letter;
    struct eng_output output, letters;
    struct eng_progress progress;
    uint64_t events;
    bool output_failed;
};

static enum eng_status new_task(const struct replay *replay, struct task *task,
                                struct eng_error *err)
{
    task->events = eng_calloc(ENG_RECORD_BATCH, sizeof *task->events);
    task->outcomes = eng_calloc(ENG_RECORD_BATCH, 1);
    task->entries = eng_calloc(ENG_RECORD_BATCH, sizeof(const struct eng_record_entry *));
    if (task->events == NULL || task->outcomes == NULL || task->entries == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the tasks of the replay");
    return eng_engine_new(replay->config->model, NULL, &task->engine, err);
}

static enum eng_status new_tasks(struct replay *replay, struct eng_error *err)
{
    replay->task_count = (uint32_t)replay->args->values[OPTION_PARTITIONS].number;
    if (eng_gather_new(replay->task_count, -1, &replay->gather) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the tasks of the replay");
    replay->tasks = eng_calloc(replay->task_count, sizeof *replay->tasks);
    replay->batch = eng_calloc(1, sizeof *replay->batch);
    if (replay->tasks == NULL || replay->batch == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the tasks of the replay");
    for (uint32_t i = 0; i < replay->task_count; i++) {
        enum eng_status status = new_task(replay, &replay->tasks[i], err);
        if (status != ENG_OK)
            return status;
    }
    size_t least = eng_engine_effects_bytes_min(replay->tasks[0].engine);
    if (replay->then != NULL && eng_model_effects_bytes_min(replay->then->model) > least)
        least = eng_model_effects_bytes_min(replay->then->model);
    replay->effects.capacity = least > (1 << 20) ? least : 1 << 20;
    replay->effects.data = eng_calloc(1, replay->effects.capacity);
    return replay->effects.data != NULL
               ? ENG_OK
               : eng_error_set(err, ENG_NO_MEMORY, "out of memory for %zu bytes of effects",
                               replay->effects.capacity);
}

static enum eng_status open_all(struct replay *replay, struct eng_error *err)
{
    const struct eng_args *args = replay->args;
    enum eng_status status =
        eng_config_open(args->values[OPTION_CONFIG].text, &replay->config, err);
    if (status == ENG_OK && args->values[OPTION_THEN].given)
        status = eng_config_open(args->values[OPTION_THEN].text, &replay->then, err);
    if (status == ENG_OK && replay->then != NULL)
        status = eng_config_follows(replay->config, replay->then, err);
    if (status == ENG_OK)
        status = eng_records_init(&replay->records, replay->config, args->operands,
                                  args->operand_count, err);
    if (status == ENG_OK && replay->then != NULL)
        replay->records.then = replay->then->model;
    if (status == ENG_OK)
        status = new_tasks(replay, err);
    if (status == ENG_OK)
        status = eng_output_open(&replay->output, NULL, err);
    if (status == ENG_OK && args->values[OPTION_DEAD_LETTERS].given) {
        status = eng_output_open(&replay->letters, args->values[OPTION_DEAD_LETTERS].text, err);
        replay->output_failed = status == ENG_IO;
    }
    return status;
}

/* Ends the outputs; what could not be written is the first failure unless there was one before. */
static enum eng_status close_all(struct replay *replay, enum eng_status status,
                                 struct eng_error *err)
{
    struct eng_output *outputs[] = {&replay->output, &replay->letters};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        enum eng_status closed = eng_output_close(outputs[i], err);
        if (closed == ENG_OK)
            continue;
        replay->output_failed = replay->output_failed || status == ENG_OK;
        status = status == ENG_OK ? closed : status;
    }
    for (uint32_t i = 0; replay->tasks != NULL && i < replay->task_count; i++) {
        eng_engine_free(replay->tasks[i].engine);
        eng_free(replay->tasks[i].events);
        eng_free(replay->tasks[i].outcomes);
        eng_free(replay->tasks[i].entries);
    }
    eng_free(replay->tasks);
    eng_free(replay->batch);
    eng_free(replay->effects.data);
    eng_gather_free(replay->gather);
    eng_bytes_done(&replay->sums);
    eng_bytes_done(&replay->line);
    eng_text_done(&replay->letter);
    eng_records_done(&replay->records);
    eng_config_free(replay->config);
    eng_config_free(replay->then);
    return status;
}

static enum eng_status no_memory_for_output(struct eng_error *err)
{
    return eng_error_set(err, ENG_NO_MEMORY, "out of memory for a line of output");
}

/* A failed write is explained when the output is closed; here it only has to end the work. */
static enum eng_status write_failed(struct replay *replay)
{
    replay->output_failed = true;
    return ENG_IO;
}

/* The line, if it was encoded. */
static enum eng_status print_line(struct replay *replay, enum eng_status encoded,
                                  struct eng_error *err)
{
    if (encoded != ENG_OK)
        return no_memory_for_output(err);
    return eng_output_write(&replay->output, replay->line.data, replay->line.used)
               ? ENG_OK
               : write_failed(replay);
}

static enum eng_status print_effect(struct replay *replay, const struct eng_encode_context *context,
                                    const struct eng_effect *effect, struct eng_error *err)
{
    eng_bytes_clear(&replay->line);
    return print_line(replay, eng_encode_json(context, effect, &replay->line), err);
}

/* A result of a group, or a board. */
static enum eng_status print_result(struct replay *replay, const struct eng_group_result *result,
                                    struct eng_error *err)
{
    eng_bytes_clear(&replay->line);
    return print_line(replay,
                      result->top > 0
                          ? eng_encode_board_json(eng_gather_board(replay->gather), &replay->line)
                          : eng_encode_result_json(result, &replay->line),
                      err);
}

/* A text that came at two partners. */
static enum eng_status print_twice(struct replay *replay, const struct eng_twice *twice,
                                   struct eng_error *err)
{
    eng_bytes_clear(&replay->line);
    return print_line(replay, eng_encode_flag_json(&twice->flag, &replay->line), err);
}

/* Prints what all tasks have told of moments of groups; `all`: what any task has. */
static enum eng_status print_gathered(struct replay *replay, bool all, struct eng_error *err)
{
    struct eng_gather *gather = replay->gather;
    enum eng_status status = ENG_OK;
    int64_t at_ms;
    while (status == ENG_OK &&
           (at_ms = all ? eng_gather_oldest(gather) : eng_gather_ready(gather)) >= 0) {
        const struct eng_group_result *result;
        const struct eng_twice *twice;
        struct eng_slice key;
        if (eng_gather_open(gather, at_ms) != ENG_OK)
            return no_memory_for_output(err);
        while (status == ENG_OK && (result = eng_gather_next(gather)) != NULL)
            status = print_result(replay, result, err);
        while (status == ENG_OK && (twice = eng_gather_twice(gather)) != NULL)
            status = print_twice(replay, twice, err);
        while (status == ENG_OK && eng_gather_spent(gather, &key))
            continue;
    }
    return status;
}

/* Takes a task's result of a group, as whoever merges for a daemon does. */
static enum eng_status gather_effect(struct replay *replay, const struct eng_encode_context *from,
                                     const struct eng_effect *effect, struct eng_error *err)
{
    char key[ENG_SUMS_KEY_BYTES];
    struct eng_sums sums;
    eng_sums_of(from, effect, &replay->effects, &sums);
    eng_bytes_clear(&replay->sums);
    if (eng_sums_write(&sums, &replay->sums) != ENG_OK)
        return no_memory_for_output(err);
    const struct eng_gather_record record = {.key = key,
                                             .key_bytes = eng_sums_key(&sums, key),
                                             .value = replay->sums.data,
                                             .value_bytes = replay->sums.used,
                                             .offset = replay->gathered++};
    return eng_gather_take(replay->gather, &record, err);
}

/* Prints the effects of a task and empties their buffer. Those of groups stand together, before the
 * boundary that they are told at. */
static enum eng_status print_effects(struct replay *replay, const struct task *task,
                                     struct eng_error *err)
{
    struct eng_encode_context context = {.model = eng_engine_model(task->engine),
                                         .source = "",
                                         .partition = (int32_t)(task - replay->tasks)};
    const struct eng_effect *effect = NULL;
    enum eng_status status = ENG_OK;
    bool silent = replay->args->values[OPTION_SUMMARY].given, summed = false;
    while (!silent && status == ENG_OK &&
           (effect = eng_effects_next(&replay->effects, effect)) != NULL) {
        bool is_sum = eng_effect_is_merged(effect);
        if (summed && !is_sum)
            status = print_gathered(replay, false, err);
        summed = is_sum;
        if (status == ENG_OK)
            status = is_sum ? gather_effect(replay, &context, effect, err)
                            : print_effect(replay, &context, effect, err);
    }
    if (status == ENG_OK && summed)
        status = print_gathered(replay, false, err);
    replay->effects.used = 0;
    replay->effects.count = 0;
    return status;
}

/* The events of the task's batch from one place to before another. */
static enum eng_status apply_range(struct replay *replay, struct task *task, uint32_t from,
                                   uint32_t to, struct eng_error *err)
{
    struct eng_batch batch = {
        .events = task->events + from, .outcomes = task->outcomes + from, .count = to - from};
    enum eng_status status = from < to ? ENG_AGAIN : ENG_OK;
    if (from < to)
        batch.names = eng_records_names(&replay->records);
    while (status == ENG_AGAIN) {
        status = eng_engine_apply(task->engine, &batch, &replay->effects, err);
        enum eng_status printed = print_effects(replay, task, err);
        if (printed != ENG_OK)
            return printed;
    }
    return status;
}

/* S14: the model of --then comes into force. */
static enum eng_status change_model(struct replay *replay, struct task *task, struct eng_error *err)
{
    enum eng_status status = ENG_AGAIN;
    bool silent = replay->then->run.on_change == ENG_CHANGE_SILENT;
    while (status == ENG_AGAIN) {
        status =
            eng_engine_activate(task->engine, replay->then->model, silent, &replay->effects, err);
        enum eng_status printed = print_effects(replay, task, err);
        if (printed != ENG_OK)
            return printed;
    }
    return status;
}

/* Is the task at the place where the model of --then comes into force? */
static bool changes_at(const struct replay *replay, uint64_t offset)
{
    return replay->then != NULL && offset == (uint64_t)replay->args->values[OPTION_AT].number;
}

static enum eng_status apply(struct replay *replay, struct task *task, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    uint32_t done = 0;
    for (uint32_t i = 0; status == ENG_OK && i < task->count; i++) {
        if (!changes_at(replay, task->events[i].offset))
            continue;
        status = apply_range(replay, task, done, i, err);
        if (status == ENG_OK)
            status = change_model(replay, task, err);
        done = i;
    }
    return status == ENG_OK ? apply_range(replay, task, done, task->count, err) : status;
}

static enum eng_status write_letter(struct replay *replay, const struct eng_record_entry *entry,
                                    enum eng_reason reason, struct eng_error *err)
{
    struct eng_text *letter = &replay->letter;
    const char *value = (const char *)entry->value;
    eng_text_clear(letter);
    eng_text_add(letter, "{\"reason\":\"%s\",\"file\":", eng_reason_name(reason));
    eng_text_add_json(letter, entry->file, strlen(entry->file));
    eng_text_add(letter, ",\"record\":%" PRIu64, entry->number);
    if (value != NULL && eng_utf8_valid(value, entry->value_bytes)) {
        eng_text_add(letter, ",\"value\":");
        eng_text_add_json(letter, value, entry->value_bytes);
    } else if (value != NULL) {
        eng_text_add(letter, ",\"value_base64\":\"");
        eng_text_add_base64(letter, entry->value, entry->value_bytes);
        eng_text_add(letter, "\"");
    }
    eng_text_add(letter, "}\n");
    if (letter->failed)
        return no_memory_for_output(err);
    return eng_output_write(&replay->letters, letter->data, letter->used) ? ENG_OK
                                                                          : write_failed(replay);
}

static enum eng_status write_letters(struct replay *replay, const struct task *task,
                                     struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < task->count; i++) {
        if (task->outcomes[i] == ENG_OUTCOME_BAD)
            status = write_letter(replay, task->entries[i], task->entries[i]->reason, err);
        else if (task->outcomes[i] == ENG_OUTCOME_LATE)
            status = write_letter(replay, task->entries[i], ENG_REASON_LATE, err);
    }
    return status;
}

/* Gives each record of the batch to its task. */
static void spread(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->batch->count; i++) {
        const struct eng_record_entry *entry = &replay->batch->entries[i];
        bool good = entry->reason == ENG_REASON_NONE && replay->task_count > 1;
        uint32_t index = good ? eng_partition_of(entry->event.partner, replay->task_count) : 0;
        struct task *task = &replay->tasks[index];
        task->entries[task->count] = entry;
        task->events[task->count] = entry->event;
        task->events[task->count++].offset = task->offset++;
    }
}

static enum eng_status replay_batch(struct replay *replay, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    spread(replay);
    for (uint32_t i = 0; status == ENG_OK && i < replay->task_count; i++) {
        struct task *task = &replay->tasks[i];
        if (task->count == 0)
            continue;
        status = apply(replay, task, err);
        if (status == ENG_OK && replay->letters.buffer != NULL)
            status = write_letters(replay, task, err);
        task->count = 0;
    }
    replay->events += replay->batch->count;
    eng_progress_update(&replay->progress, replay->records.reader.read_bytes,
                        replay->records.reader.total_bytes, replay->events);
    return status;
}

static enum eng_status tick_all(struct replay *replay, int64_t until_ms, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < replay->task_count; i++) {
        do {
            status = eng_engine_tick(replay->tasks[i].engine, until_ms, &replay->effects, err);
            enum eng_status printed = print_effects(replay, &replay->tasks[i], err);
            if (printed != ENG_OK)
                return printed;
        } while (status == ENG_AGAIN);
    }
    return status;
}

/* The change lies behind the last record of some tasks. */
static enum eng_status change_at_the_end(struct replay *replay, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < replay->task_count; i++)
        if (changes_at(replay, replay->tasks[i].offset))
            status = change_model(replay, &replay->tasks[i], err);
    return status;
}

static enum eng_status print_forecasts(struct replay *replay, struct eng_error *err)
{
    const struct eng_value *ahead = &replay->args->values[OPTION_FORECAST];
    enum eng_status status = ENG_OK;
    if (!ahead->given || replay->args->values[OPTION_SUMMARY].given)
        return ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < replay->task_count; i++)
        status = eng_forecasts_write(replay->tasks[i].engine, ahead->number, &replay->output, err);
    return status == ENG_IO ? write_failed(replay) : status;
}

static enum eng_status print_summary(struct replay *replay, struct eng_error *err)
{
    struct eng_counters sum = {0};
    uint64_t partners = 0;
    for (uint32_t i = 0; i < replay->task_count; i++) {
        eng_counters_add(&sum, eng_engine_counters(replay->tasks[i].engine));
        partners += eng_engine_partner_count(replay->tasks[i].engine);
    }
    eng_bytes_clear(&replay->line);
    const struct eng_model *model = eng_engine_model(replay->tasks[0].engine);
    if (eng_encode_summary(model, &sum, partners, &replay->line) != ENG_OK)
        return no_memory_for_output(err);
    return eng_output_write(&replay->output, replay->line.data, replay->line.used)
               ? ENG_OK
               : write_failed(replay);
}

static enum eng_status replay_all(struct replay *replay, struct eng_error *err)
{
    const struct eng_value *until = &replay->args->values[OPTION_UNTIL];
    enum eng_status status = ENG_OK;
    eng_progress_start(&replay->progress);
    do {
        status = eng_records_fill(&replay->records, replay->batch, err);
        if (status == ENG_OK)
            status = replay_batch(replay, err);
    } while (status == ENG_OK && replay->batch->count > 0);
    if (status == ENG_OK)
        status = change_at_the_end(replay, err);
    if (status == ENG_OK && until->given)
        status = tick_all(replay, until->number, err);
    if (status == ENG_OK)
        status = print_gathered(replay, true, err);
    if (status == ENG_OK)
        status = print_forecasts(replay, err);
    eng_progress_end(&replay->progress);
    return status == ENG_OK ? print_summary(replay, err) : status;
}

static int run_replay(const struct eng_args *args)
{
    struct replay replay = {.args = args};
    struct eng_error err = {0};
    enum eng_status status = open_all(&replay, &err);
    if (status == ENG_OK)
        status = replay_all(&replay, &err);
    status = close_all(&replay, status, &err);
    if (status == ENG_OK)
        return ENG_EXIT_OK;
    int code = eng_fail("replay", &err);
    return replay.output_failed ? ENG_EXIT_OUTPUT : code;
}

const struct eng_command eng_command_replay = {
    .name = "replay",
    .operands = "[FILE...]",
    .operands_max = ENG_OPERANDS_MAX,
    .help = "run the engine over files and print what it tells, one JSON object a line",
    .text =
        "Reads partner actions from FILEs, one after the other, or from standard input (no "
        "FILE, or `-`):\n"
        "JSON lines or Avro container files, told apart by their first bytes. Prints score "
        "changes and\n"
        "churn drops in the order in which they happened, and a summary line at the end. The "
        "same input\n"
        "gives the same output, byte for byte. With --then and --at the model changes on the "
        "way, as in a daemon\n"
        "that reads its file again (SIGHUP) before that record. With --forecast 30d one line for "
        "every partner whose\n"
        "score will fall into a lower band within 30 days, if nothing happens, comes before the "
        "summary.\n",
    .options = replay_options,
    .run = run_replay,
};
