/* `engaged run`: the daemon. Everything happens in the rooms serve and stream. */
#include "cli/run.h"

#include "base/log.h"
#include "base/memory.h"
#include "cli/config.h"
#include "cli/exits.h"
#include "cli/output.h"
#include "cli/warn.h"
#include "model/config.h"
#include "serve/daemon.h"

enum { OPTION_CONFIG, OPTION_LOG_LEVEL };

static const struct eng_option run_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration"},
    {.name = "log-level",
     .kind = ENG_OPTION_CHOICE,
     .argument = "error|warn|info|debug",
     .fallback = "info",
     .help = "how much is logged on standard error"},
    {.name = NULL},
};

static void log_warning(const char *text)
{
    eng_log(ENG_LOG_WARN, "cli", "%s", text);
}

/* The file once more, looked at as at the start. Context: its path. */
static enum eng_status read_again(void *context, struct eng_config **ret_config,
                                  struct eng_error *err)
{
    const char *path = context;
    struct eng_config *config = NULL;
    enum eng_status status = eng_config_open(path, &config, err);
    if (status == ENG_OK)
        status = eng_warn(config, log_warning, err);
    if (status == ENG_OK)
        *ret_config = config;
    else
        eng_config_free(config);
    return status;
}

static enum eng_status run_config(const char *path, bool *ret_abrupt, struct eng_error *err)
{
    struct eng_config *config = NULL;
    enum eng_status status = eng_config_open(path, &config, err);
    if (status != ENG_OK)
        return status;
    eng_log(ENG_LOG_INFO, "cli", "engaged " ENGAGED_VERSION ": program %s, model %u, from %s",
            eng_model_program(config->model), eng_model_version(config->model), path);
    status = eng_warn(config, log_warning, err);
    if (status == ENG_OK && config->input.topic == NULL)
        status = eng_error_set(err, ENG_BAD_CONFIG,
                               "%s: `input.topic` is missing; `run` needs the topic to read", path);
    const struct eng_daemon_options options = {.config = config,
                                               .reader = {read_again, config->path}};
    if (status == ENG_OK)
        status = eng_daemon_run(&options, ret_abrupt, err);
    if (!*ret_abrupt)
        eng_config_free(config);
    return status;
}

static int run_run(const struct eng_args *args)
{
    struct eng_error err = {0};
    bool abrupt = false;
    eng_memory_keep();
    eng_log_level_set((enum eng_log_level)args->values[OPTION_LOG_LEVEL].number);
    enum eng_status status = run_config(args->values[OPTION_CONFIG].text, &abrupt, &err);
    if (status == ENG_OK) {
        eng_log(ENG_LOG_INFO, "cli", "stopped");
        return ENG_EXIT_OK;
    }
    int code = eng_fail("run", &err);
    return abrupt && status == ENG_TIMED_OUT ? ENG_EXIT_ABRUPT : code;
}

const struct eng_command eng_command_run = {
    .name = "run",
    .help = "run the daemon: from the input topic to the output topics, exactly once",
    .text = "Reads the input topic as a member of a consumer group and writes score changes, churn "
            "drops and\n"
            "dead letters in the same transactions as its offsets. Serves /healthz, /readyz, "
            "/metrics,\n"
            "/partners/{id} and a status page where `http.listen` says. SIGTERM or SIGINT finish "
            "the open\n"
            "transactions and end; a second one ends at once. SIGHUP reads the file again: a model "
            "with a greater\n"
            "`version`, and settings that can change while it runs, are taken up. Start more "
            "processes to share\n"
            "the partitions.\n",
    .options = run_options,
    .run = run_run,
};
