/* Parsing of a command line against a command's table, with errors that say what to write instead.
 *
 * Words may come in any order: `replay events.jsonl --config x.yaml` is fine. `--name value` and
 * `--name=value` are the same; `--` ends the options; `-` is an operand. */
#include "cli/command.h"

#include "base/assert.h"
#include "cli/values.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct eng_command *eng_command_find(const char *name)
{
    for (size_t i = 0; eng_commands[i] != NULL; i++)
        if (strcmp(eng_commands[i]->name, name) == 0)
            return eng_commands[i];
    return NULL;
}

int eng_command_option_count(const struct eng_command *command)
{
    int count = 0;
    while (command->options != NULL && command->options[count].name != NULL)
        count++;
    eng_assert(count <= ENG_OPTIONS_MAX);
    return count;
}

/* The index of a word among words parted by '|', or -1. */
static int choice_index(const char *words, const char *word)
{
    size_t length = strlen(word);
    int index = 0;
    for (const char *at = words; at != NULL; index++) {
        const char *end = strchr(at, '|');
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        if (size == length && memcmp(at, word, size) == 0)
            return index;
        at = end != NULL ? end + 1 : NULL;
    }
    return -1;
}

static enum eng_status check_range(const struct eng_option *option, const char *text,
                                   int64_t number, struct eng_error *err)
{
    if (option->min == 0 && option->max == 0)
        return ENG_OK;
    if (number >= option->min && number <= option->max)
        return ENG_OK;
    const char *unit = option->kind == ENG_OPTION_DURATION ? " ms" : "";
    return eng_error_set(err, ENG_BAD_USAGE, "--%s %s: must be from %" PRId64 "%s to %" PRId64 "%s",
                         option->name, text, option->min, unit, option->max, unit);
}

static bool read_number(const struct eng_option *option, const char *text, int64_t *ret_number)
{
    switch (option->kind) {
    case ENG_OPTION_FLAG:
        *ret_number = 1;
        return true;
    case ENG_OPTION_TEXT:
        *ret_number = 0;
        return text[0] != '\0';
    case ENG_OPTION_NUMBER:
        return eng_read_number(text, ret_number);
    case ENG_OPTION_DURATION:
        return eng_read_duration(text, ret_number);
    case ENG_OPTION_TIME:
        return eng_read_time(text, ret_number);
    case ENG_OPTION_CHOICE:
        *ret_number = choice_index(option->argument, text);
        return *ret_number >= 0;
    }
    return false;
}

/* What a value of each kind looks like, for error texts. */
static const char *const kind_examples[] = {
    [ENG_OPTION_FLAG] = "no argument",
    [ENG_OPTION_TEXT] = "a text that is not empty",
    [ENG_OPTION_NUMBER] = "a whole number such as 250, 20k or 1M",
    [ENG_OPTION_DURATION] = "a time such as 200ms, 20s, 5m, 6h or 30d",
    [ENG_OPTION_TIME] = "epoch milliseconds or a time such as 2026-01-31T08:00:00Z",
    [ENG_OPTION_CHOICE] = "one of",
};

enum eng_status eng_option_read(const struct eng_option *option, const char *text,
                                struct eng_value *ret_value, struct eng_error *err)
{
    eng_assert(option != NULL && text != NULL);
    int64_t number = 0;
    if (!read_number(option, text, &number))
        return eng_error_set(err, ENG_BAD_USAGE, "--%s '%.100s': give %s%s%s", option->name, text,
                             kind_examples[option->kind],
                             option->kind == ENG_OPTION_CHOICE ? " " : "",
                             option->kind == ENG_OPTION_CHOICE ? option->argument : "");
    enum eng_status status = check_range(option, text, number, err);
    if (status != ENG_OK)
        return status;
    ret_value->text = text;
    ret_value->number = number;
    return ENG_OK;
}

static enum eng_status unknown_option(const struct eng_command *command, const char *word,
                                      size_t length, struct eng_error *err)
{
    const char *near = NULL;
    int best = 3;
    for (int i = 0; i < eng_command_option_count(command); i++) {
        int distance = eng_word_distance(command->options[i].name, word, length);
        if (distance < best) {
            best = distance;
            near = command->options[i].name;
        }
    }
    return eng_error_set(err, ENG_BAD_USAGE,
                         "there is no option --%.*s%s%s%s; see `engaged help %s`",
                         (int)(length < 60 ? length : 60), word, near ? " (did you mean --" : "",
                         near ? near : "", near ? "?)" : "", command->name);
}

/* The row of an option's name (not zero-terminated), or -1. */
static int find_option(const struct eng_command *command, const char *name, size_t length)
{
    for (int i = 0; i < eng_command_option_count(command); i++) {
        const char *candidate = command->options[i].name;
        if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
            return i;
    }
    return -1;
}

/* Takes the option at argv[*at], and its argument when that is the next word. */
static enum eng_status take_option(struct eng_args *args, int argc, char **argv, int *at,
                                   struct eng_error *err)
{
    const char *word = argv[*at] + 2;
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    int row = find_option(args->command, word, length);
    if (row < 0)
        return unknown_option(args->command, word, length, err);
    const struct eng_option *option = &args->command->options[row];
    if (args->values[row].given)
        return eng_error_set(err, ENG_BAD_USAGE, "--%s is given twice; give it once", option->name);
    args->values[row].given = true;
    const char *text = "";
    if (option->kind == ENG_OPTION_FLAG && equals != NULL)
        return eng_error_set(err, ENG_BAD_USAGE, "--%s takes no argument; write --%s alone",
                             option->name, option->name);
    if (equals != NULL)
        text = equals + 1;
    else if (option->kind != ENG_OPTION_FLAG && *at + 1 < argc)
        text = argv[++*at];
    else if (option->kind != ENG_OPTION_FLAG)
        return eng_error_set(err, ENG_BAD_USAGE, "--%s needs an argument: --%s %s", option->name,
                             option->name, option->argument);
    return eng_option_read(option, text, &args->values[row], err);
}

static enum eng_status take_operand(struct eng_args *args, char **argv, int at,
                                    struct eng_error *err)
{
    const struct eng_command *command = args->command;
    if (args->operand_count >= command->operands_max)
        return eng_error_set(
            err, ENG_BAD_USAGE, "unexpected '%.100s': %s takes %s; see `engaged help %s`", argv[at],
            command->name, command->operands ? command->operands : "no operands", command->name);
    argv[args->operand_count++] = argv[at];
    return ENG_OK;
}

/* Defaults for what was not given, and complaints about what had to be. */
static enum eng_status fill_defaults(struct eng_args *args, struct eng_error *err)
{
    for (int i = 0; i < eng_command_option_count(args->command); i++) {
        const struct eng_option *option = &args->command->options[i];
        if (args->values[i].given)
            continue;
        if (option->required)
            return eng_error_set(err, ENG_BAD_USAGE, "--%s %s is needed; see `engaged help %s`",
                                 option->name, option->argument, args->command->name);
        if (option->fallback == NULL)
            continue;
        enum eng_status status = eng_option_read(option, option->fallback, &args->values[i], err);
        if (status != ENG_OK)
            return status;
    }
    return ENG_OK;
}

enum eng_status eng_args_parse(const struct eng_command *command, int argc, char **argv,
                               struct eng_args *ret_args, struct eng_error *err)
{
    eng_assert(command != NULL && ret_args != NULL);
    *ret_args = (struct eng_args){.command = command, .operands = argv};
    bool options = true;
    for (int at = 0; at < argc; at++) {
        enum eng_status status = ENG_OK;
        if (options && strcmp(argv[at], "--") == 0)
            options = false;
        else if (options && strncmp(argv[at], "--", 2) == 0)
            status = take_option(ret_args, argc, argv, &at, err);
        else if (options && argv[at][0] == '-' && argv[at][1] != '\0')
            status =
                eng_error_set(err, ENG_BAD_USAGE,
                              "there is no option %.60s; options are long: see `engaged help %s`",
                              argv[at], command->name);
        else
            status = take_operand(ret_args, argv, at, err);
        if (status != ENG_OK)
            return status;
    }
    return fill_defaults(ret_args, err);
}
