/* `engaged check`: loads a configuration as `run` would, says what it means, starts nothing. */
#include "cli/check.h"

#include "cli/config.h"
#include "cli/exits.h"
#include "cli/explain.h"
#include "cli/output.h"
#include "cli/sample.h"
#include "cli/warn.h"
#include <inttypes.h>
#include <stdio.h>

enum { OPTION_CONFIG, OPTION_PRINT_CONFIG, OPTION_QUIET };

static const struct eng_option check_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration to check"},
    {.name = "print-config",
     .kind = ENG_OPTION_FLAG,
     .help =
         "print the settings around the model instead, with every default filled in and secrets "
         "left out"},
    {.name = "quiet", .kind = ENG_OPTION_FLAG, .help = "print nothing but errors and warnings"},
    {.name = NULL},
};

static enum eng_status add_memory(struct eng_text *out, const struct eng_config *config,
                                  struct eng_error *err)
{
    uint64_t bytes = 0;
    enum eng_status status = eng_sample_bytes(config->model, &bytes, err);
    if (status != ENG_OK)
        return status;
    eng_text_add(out,
                 "\nMemory: %" PRIu64 " bytes a partner, tried with %d partners of %d events in %d "
                 "days each; a million of them take %" PRIu64 " MB.\n",
                 bytes, ENG_SAMPLE_PARTNERS, ENG_SAMPLE_EVENTS, ENG_SAMPLE_DAYS, bytes);
    if (config->run.standbys > 0)
        eng_text_add(
            out,
            "With \"standbys: %u\" as much again in %u other process%s of the group: among "
            "two processes each holds the partners of both.\n",
            config->run.standbys, config->run.standbys, config->run.standbys == 1 ? "" : "es");
    return ENG_OK;
}

/* Warnings go where errors go; they do not change the exit code. */
static void print_warning(const char *text)
{
    fprintf(stderr, "warning: %s\n", text);
}

static enum eng_status check(const struct eng_args *args, const struct eng_config *config,
                             struct eng_text *out, struct eng_error *err)
{
    enum eng_status status = eng_warn(config, print_warning, err);
    if (status != ENG_OK || args->values[OPTION_QUIET].given)
        return status;
    if (args->values[OPTION_PRINT_CONFIG].given) {
        eng_explain_config(out, config);
        return ENG_OK;
    }
    eng_explain_model(out, config->model);
    return add_memory(out, config, err);
}

static int run_check(const struct eng_args *args)
{
    struct eng_config *config = NULL;
    struct eng_text out = {0};
    struct eng_error err = {0};
    enum eng_status status = eng_config_open(args->values[OPTION_CONFIG].text, &config, &err);
    if (status == ENG_OK)
        status = check(args, config, &out, &err);
    eng_config_free(config);
    if (status == ENG_OK)
        return eng_print(&out);
    eng_text_done(&out);
    return eng_fail("check", &err);
}

const struct eng_command eng_command_check = {
    .name = "check",
    .help = "check a configuration and explain it in plain words",
    .text = "Loads the file as `run` does, without connecting to anything. An error is one line "
            "with file,\n"
            "line and column, what is wrong and what would be right, and exit code 2. Otherwise it "
            "says what\n"
            "is measured, how the scores are made, when somebody is told, and how much memory a "
            "partner takes.\n",
    .options = check_options,
    .run = run_check,
};
