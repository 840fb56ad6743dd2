/* Help, as text and as docs/cli.md, from the tables of commands and exit codes. See help.h. */
#include "cli/help.h"

#include "base/assert.h"
#include "cli/exits.h"
#include "cli/output.h"
#include "serve/metrics.h"
#include <string.h>

enum { COLUMN = 24 }; /* where the help of an option begins */

/* "--config FILE"; the width of it. */
static int add_option(struct eng_text *out, const struct eng_option *option)
{
    size_t before = out->used;
    eng_text_add(out, "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
    return (int)(out->used - before);
}

static void add_usage(struct eng_text *out, const struct eng_command *command)
{
    eng_text_add(out, "engaged %s", command->name);
    for (int i = 0; i < eng_command_option_count(command); i++)
        if (command->options[i].required)
            eng_text_add(out, " --%s %s", command->options[i].name, command->options[i].argument);
    if (eng_command_option_count(command) > 0)
        eng_text_add(out, " [OPTION...]");
    if (command->operands != NULL)
        eng_text_add(out, " %s", command->operands);
}

void eng_help_overview(struct eng_text *out)
{
    eng_text_add(out, "engaged " ENGAGED_VERSION ": partner scores and churn alerts from a Kafka "
                      "topic, exactly once.\n\nUsage: engaged COMMAND [OPTION...]\n\nCommands:\n");
    for (size_t i = 0; eng_commands[i] != NULL; i++)
        eng_text_add(out, "  %-10s %s\n", eng_commands[i]->name, eng_commands[i]->help);
    eng_text_add(out, "\n`engaged help COMMAND` explains one. `engaged --version` prints the "
                      "version.\n\n");
    eng_help_exits(out);
}

void eng_help_command(struct eng_text *out, const struct eng_command *command)
{
    eng_assert(command != NULL);
    eng_text_add(out, "engaged %s: %s.\n\nUsage: ", command->name, command->help);
    add_usage(out, command);
    eng_text_add(out, "\n\n%s", command->text);
    int count = eng_command_option_count(command);
    if (count > 0)
        eng_text_add(out, "\nOptions:\n");
    for (int i = 0; i < count; i++) {
        const struct eng_option *option = &command->options[i];
        eng_text_add(out, "  ");
        int width = add_option(out, option);
        eng_text_add(out, "%s%*s%s", width < COLUMN ? "" : "\n  ",
                     width < COLUMN ? COLUMN - width : COLUMN, "", option->help);
        if (option->fallback != NULL)
            eng_text_add(out, " (default: %s)", option->fallback);
        eng_text_add(out, "%s\n", option->required ? " (needed)" : "");
    }
}

void eng_help_exits(struct eng_text *out)
{
    eng_text_add(out, "Exit codes:\n");
    for (int code = 0; code < ENG_EXIT_COUNT; code++)
        if (eng_exit_text(code) != NULL)
            eng_text_add(out, "  %2d  %s\n", code, eng_exit_text(code));
}

static void add_markdown_command(struct eng_text *out, const struct eng_command *command)
{
    eng_text_add(out, "## `engaged %s`\n\n%s.\n\n```\n", command->name, command->help);
    add_usage(out, command);
    eng_text_add(out, "\n```\n\n%s\n", command->text);
    int count = eng_command_option_count(command);
    if (count > 0)
        eng_text_add(out, "| option | default | meaning |\n|---|---|---|\n");
    for (int i = 0; i < count; i++) {
        const struct eng_option *option = &command->options[i];
        eng_text_add(out, "| `--%s%s", option->name, option->argument ? " " : "");
        for (const char *c = option->argument; c != NULL && *c != '\0'; c++)
            eng_text_add(out, "%s%c", *c == '|' ? "\\" : "", *c);
        eng_text_add(out, "` | %s | %s |\n",
                     option->required   ? "needed"
                     : option->fallback ? option->fallback
                                        : "",
                     option->help);
    }
    if (count > 0)
        eng_text_add(out, "\n");
}

void eng_help_markdown(struct eng_text *out)
{
    eng_text_add(out, "# The commands\n\nWritten by `engaged help markdown` from the tables of the "
                      "program; a test compares.\n\nResults go to standard output, everything "
                      "else to standard error. Times are epoch milliseconds or RFC 3339;\n"
                      "durations are written 200ms, 20s, 5m, 6h, 30d; numbers may end in `k` or "
                      "`M`.\n\n");
    for (size_t i = 0; eng_commands[i] != NULL; i++)
        add_markdown_command(out, eng_commands[i]);
    eng_text_add(out, "## Exit codes\n\n| code | cause |\n|---|---|\n");
    for (int code = 0; code < ENG_EXIT_COUNT; code++)
        if (eng_exit_text(code) != NULL)
            eng_text_add(out, "| %d | %s |\n", code, eng_exit_text(code));
}

/* What `help` knows beside commands. */
static const struct {
    const char *name;
    void (*write)(struct eng_text *out);
} topics[] = {
    {"exit-codes", eng_help_exits},
    {"markdown", eng_help_markdown},
    {"metrics", eng_metrics_markdown},
};

static int run_help(const struct eng_args *args)
{
    struct eng_text out = {0};
    const char *name = args->operand_count > 0 ? args->operands[0] : NULL;
    if (name == NULL) {
        eng_help_overview(&out);
        return eng_print(&out);
    }
    const struct eng_command *command = eng_command_find(name);
    if (command != NULL) {
        eng_help_command(&out, command);
        return eng_print(&out);
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(topics[i].name, name) == 0) {
            topics[i].write(&out);
            return eng_print(&out);
        }
    struct eng_error err = {0};
    (void)eng_error_set(&err, ENG_BAD_USAGE, "there is no command '%.60s'; see `engaged --help`",
                        name);
    return eng_fail("help", &err);
}

const struct eng_command eng_command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_max = 1,
    .help = "explain a command, the exit codes or the metrics",
    .text =
        "Without a word: the list of commands. Other words it knows: `exit-codes`, `metrics` (the\n"
        "table of /metrics, which is docs/metrics.md) and `markdown` (docs/cli.md).\n",
    .run = run_help,
};
