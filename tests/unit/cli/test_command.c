/* The tables of commands, and reading a command line against one. */
#include "cli/command.h"

#include "cli/exits.h"
#include "cli/help.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_ROW, COUNT_ROW, WAIT_ROW, SINCE_ROW, LEVEL_ROW, FAST_ROW, ROWS };

static const struct eng_option options[] = {
    [FILE_ROW] = {.name = "file", .kind = ENG_OPTION_TEXT, .argument = "FILE", .required = true},
    [COUNT_ROW] = {.name = "count",
                   .kind = ENG_OPTION_NUMBER,
                   .argument = "N",
                   .fallback = "2k",
                   .min = 1,
                   .max = 5000},
    [WAIT_ROW] = {.name = "wait", .kind = ENG_OPTION_DURATION, .argument = "TIME"},
    [SINCE_ROW] = {.name = "since", .kind = ENG_OPTION_TIME, .argument = "TIME"},
    [LEVEL_ROW] = {.name = "level",
                   .kind = ENG_OPTION_CHOICE,
                   .argument = "low|middle|high",
                   .fallback = "middle"},
    [FAST_ROW] = {.name = "fast", .kind = ENG_OPTION_FLAG},
    [ROWS] = {.name = NULL},
};

static const struct eng_command command = {
    .name = "try", .operands = "[X...]", .operands_max = 2, .options = options};

static struct eng_args args;
static struct eng_error err;

/* Parses words parted by single spaces. */
static enum eng_status parse(const char *line)
{
    static char text[512];
    static char *words[32];
    int count = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *at = text; at != NULL && *at != '\0';) {
        words[count++] = at;
        at = strchr(at, ' ');
        if (at != NULL)
            *at++ = '\0';
    }
    err = (struct eng_error){0};
    return eng_args_parse(&command, count, words, &args, &err);
}

Test(command, options_and_operands_come_in_any_order)
{
    static const char *const lines[] = {
        "--file f a b --count 7 --fast", "a --file f --count=7 b --fast",
        "--fast --count=7 --file=f -- a b", "a b --fast --count 7 --file f"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert_eq(parse(lines[i]), ENG_OK, "%s: %s", lines[i], err.text);
        cr_expect_str_eq(args.values[FILE_ROW].text, "f");
        cr_expect_eq(args.values[COUNT_ROW].number, 7);
        cr_expect(args.values[FAST_ROW].given);
        cr_expect(!args.values[WAIT_ROW].given);
        cr_assert_eq(args.operand_count, 2);
        cr_expect_str_eq(args.operands[0], "a");
        cr_expect_str_eq(args.operands[1], "b");
    }
}

Test(command, defaults_are_filled_in_but_not_given)
{
    cr_assert_eq(parse("--file f"), ENG_OK);
    cr_expect_eq(args.values[COUNT_ROW].number, 2000);
    cr_expect_eq(args.values[LEVEL_ROW].number, 1);
    cr_expect(!args.values[COUNT_ROW].given);
    cr_expect(args.values[WAIT_ROW].text == NULL);
}

Test(command, a_single_dash_is_an_operand_and_double_dash_ends_options)
{
    cr_assert_eq(parse("--file f - -- --fast"), ENG_OK, "%s", err.text);
    cr_assert_eq(args.operand_count, 2);
    cr_expect_str_eq(args.operands[0], "-");
    cr_expect_str_eq(args.operands[1], "--fast");
}

Test(command, wrong_use_is_one_line_that_says_what_to_write)
{
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"", "--file FILE is needed"},
        {"--file", "--file needs an argument: --file FILE"},
        {"--file=", "--file '': give a text that is not empty"},
        {"--file f --file g", "--file is given twice"},
        {"--file f --fist", "did you mean --fast?"},
        {"--file f --nothing-like-it",
         "there is no option --nothing-like-it; see `engaged help try`"},
        {"--file f -f", "options are long"},
        {"--file f --fast=1", "--fast takes no argument"},
        {"--file f --count x", "--count 'x': give a whole number"},
        {"--file f --count 0", "--count 0: must be from 1 to 5000"},
        {"--file f --count 6k", "must be from 1 to 5000"},
        {"--file f --wait 5", "--wait '5': give a time such as"},
        {"--file f --since yesterday", "2026-01-31T08:00:00Z"},
        {"--file f --level mid", "give one of low|middle|high"},
        {"--file f a b c", "unexpected 'c'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(parse(rows[i].line), ENG_BAD_USAGE, "%s", rows[i].line);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].line, err.text);
        cr_expect(strchr(err.text, '\n') == NULL);
    }
}

Test(command, every_command_is_complete_and_in_order)
{
    for (size_t i = 0; eng_commands[i] != NULL; i++) {
        const struct eng_command *each = eng_commands[i];
        cr_expect(i == 0 || strcmp(eng_commands[i - 1]->name, each->name) < 0, "%s is out of order",
                  each->name);
        cr_expect(each->help[0] != '\0' && each->help[strlen(each->help) - 1] != '.', "%s",
                  each->name);
        cr_expect(each->text[0] != '\0' && each->text[strlen(each->text) - 1] == '\n', "%s",
                  each->name);
        cr_expect((each->operands == NULL) == (each->operands_max == 0), "%s", each->name);
        cr_expect_eq(eng_command_find(each->name), each);
    }
}

Test(command, every_option_is_complete_and_its_default_is_valid)
{
    for (size_t i = 0; eng_commands[i] != NULL; i++)
        for (int j = 0; j < eng_command_option_count(eng_commands[i]); j++) {
            const struct eng_option *option = &eng_commands[i]->options[j];
            struct eng_value value = {0};
            err = (struct eng_error){0};
            cr_expect(option->help != NULL && option->help[strlen(option->help) - 1] != '.', "%s",
                      option->name);
            cr_expect((option->argument == NULL) == (option->kind == ENG_OPTION_FLAG), "%s",
                      option->name);
            cr_expect(!option->required || option->fallback == NULL, "%s", option->name);
            if (option->fallback != NULL)
                cr_expect_eq(eng_option_read(option, option->fallback, &value, &err), ENG_OK, "%s",
                             err.text);
        }
}

Test(command, help_names_every_option_and_exit_code)
{
    struct eng_text out = {0};
    for (size_t i = 0; eng_commands[i] != NULL; i++) {
        eng_text_clear(&out);
        eng_help_command(&out, eng_commands[i]);
        for (int j = 0; j < eng_command_option_count(eng_commands[i]); j++) {
            char name[64];
            snprintf(name, sizeof name, "\n  --%s", eng_commands[i]->options[j].name);
            cr_expect(strstr(out.data, name) != NULL, "%s", name);
        }
    }
    eng_text_clear(&out);
    eng_help_overview(&out);
    for (size_t i = 0; eng_commands[i] != NULL; i++)
        cr_expect(strstr(out.data, eng_commands[i]->help) != NULL);
    cr_expect(strstr(out.data, eng_exit_text(ENG_EXIT_ABRUPT)) != NULL);
    eng_text_done(&out);
}

Test(command, the_documentation_is_what_the_tables_say)
{
    static char file[1 << 18];
    struct eng_text out = {0};
    FILE *stream = fopen(ENGAGED_SOURCE_DIR "/docs/cli.md", "rb");
    cr_assert(stream != NULL, "docs/cli.md is missing: write `engaged help markdown` into it");
    file[fread(file, 1, sizeof file - 1, stream)] = '\0';
    fclose(stream);
    eng_help_markdown(&out);
    cr_expect_str_eq(file, out.data, "docs/cli.md differs: write `engaged help markdown` into it");
    eng_text_done(&out);
}

Test(command, every_status_has_an_exit_code_with_a_meaning)
{
    for (int status = 0; status < ENG_STATUS_COUNT; status++) {
        enum eng_exit code = eng_exit_of((enum eng_status)status);
        cr_expect(eng_exit_text((int)code) != NULL);
        bool good = status == ENG_OK || status == ENG_STOPPED;
        cr_expect_eq(code == ENG_EXIT_OK, good, "%s", eng_status_name((enum eng_status)status));
    }
    cr_expect(eng_exit_text(-1) == NULL && eng_exit_text(ENG_EXIT_COUNT) == NULL);
}
