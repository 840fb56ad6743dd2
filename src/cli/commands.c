/* The list of commands, sorted by name, and the way from a command line to one of them. */
#include "cli/check.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/exits.h"
#include "cli/generate.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/state.h"
#include "cli/values.h"
#include <string.h>

const struct eng_command *const eng_commands[] = {
    &eng_command_check,  &eng_command_demo, &eng_command_generate, &eng_command_help,
    &eng_command_replay, &eng_command_run,  &eng_command_state,    NULL,
};

static int fail_unknown(const char *word)
{
    struct eng_error err = {0};
    const char *near = NULL;
    int best = 3;
    for (size_t i = 0; eng_commands[i] != NULL; i++) {
        int distance = eng_word_distance(eng_commands[i]->name, word, strlen(word));
        if (distance < best) {
            best = distance;
            near = eng_commands[i]->name;
        }
    }
    (void)eng_error_set(&err, ENG_BAD_USAGE,
                        "there is no command '%.60s'%s%s%s; see `engaged --help`", word,
                        near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    return eng_fail(NULL, &err);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_command(const struct eng_command *command, int argc, char **argv)
{
    if (asks_for_help(argc, argv)) {
        struct eng_text out = {0};
        eng_help_command(&out, command);
        return eng_print(&out);
    }
    struct eng_args args;
    struct eng_error err = {0};
    if (eng_args_parse(command, argc, argv, &args, &err) != ENG_OK)
        return eng_fail(command->name, &err);
    return command->run(&args);
}

int eng_cli_run(int argc, char **argv)
{
    struct eng_text out = {0};
    struct eng_error err = {0};
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--version") == 0) {
        eng_text_add(&out, "engaged " ENGAGED_VERSION "\n");
        return eng_print(&out);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        eng_help_overview(&out);
        return eng_print(&out);
    }
    if (word[0] == '\0') {
        (void)eng_error_set(&err, ENG_BAD_USAGE, "no command given; see `engaged --help`");
        return eng_fail(NULL, &err);
    }
    const struct eng_command *command = eng_command_find(word);
    return command != NULL ? run_command(command, argc - 2, argv + 2) : fail_unknown(word);
}
