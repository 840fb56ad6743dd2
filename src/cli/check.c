/* `engaged check`: loads a configuration as `run` would, says what it means, starts nothing. */
#include "cli/check.h"

#include "cli/against.h"
#include "cli/config.h"
#include "cli/exits.h"
#include "cli/explain.h"
#include "cli/output.h"
#include "cli/sample.h"
#include "cli/warn.h"
#include "model/differ.h"
#include <inttypes.h>
#include <stdio.h>

enum { OPTION_CONFIG, OPTION_AGAINST, OPTION_PRINT_CONFIG, OPTION_QUIET };

static const struct eng_option check_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration to check"},
    {.name = "against",
     .kind = ENG_OPTION_TEXT,
     .argument = "OLD",
     .help = "say instead what changes when FILE takes the place of the configuration OLD"},
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

/* What has to be told beside a status. */
struct verdict {
    bool refused; /* it is the change that is wrong, not the file */
};

/* Says what the change would do, then whether it can be made. */
static enum eng_status check_against(const struct eng_args *args, const struct eng_config *config,
                                     struct eng_text *out, struct verdict *verdict,
                                     struct eng_error *err)
{
    struct eng_config *before = NULL;
    enum eng_status status = eng_config_open(args->values[OPTION_AGAINST].text, &before, err);
    if (status == ENG_OK && !args->values[OPTION_QUIET].given)
        status = eng_against(out, before, config, err);
    if (status == ENG_OK) {
        status = eng_config_follows(before, config, err);
        verdict->refused = status != ENG_OK;
    }
    eng_config_free(before);
    return status;
}

static enum eng_status check(const struct eng_args *args, const struct eng_config *config,
                             struct eng_text *out, struct verdict *verdict, struct eng_error *err)
{
    enum eng_status status = eng_warn(config, print_warning, err);
    if (status == ENG_OK && args->values[OPTION_AGAINST].given)
        return check_against(args, config, out, verdict, err);
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
    struct verdict verdict = {0};
    enum eng_status status = eng_config_open(args->values[OPTION_CONFIG].text, &config, &err);
    if (status == ENG_OK)
        status = check(args, config, &out, &verdict, &err);
    eng_config_free(config);
    if (status == ENG_OK)
        return eng_print(&out);
    int printed = verdict.refused ? eng_print(&out) : ENG_EXIT_OK;
    eng_text_done(&out);
    int failed = eng_fail("check", &err);
    return !verdict.refused ? failed : printed != ENG_EXIT_OK ? printed : ENG_EXIT_CHANGE;
}

const struct eng_command eng_command_check = {
    .name = "check",
    .help = "check a configuration and explain it in plain words",
    .text =
        "Loads the file as `run` does, without connecting to anything. An error is one line "
        "with file,\n"
        "line and column, what is wrong and what would be right, and exit code 2. Otherwise it "
        "says what\n"
        "is measured, how the scores are made, when somebody is told, and how much memory a "
        "partner takes.\n"
        "\n"
        "With --against it says what a running program would make of the change: which "
        "measures, scores and\n"
        "alerts are new, changed or gone, which scores are provisional at first and for how "
        "long, and which\n"
        "settings need a restart. Exit code 11 when the model cannot follow on the other one.\n",
    .options = check_options,
    .run = run_check,
};
