/* `engaged state verify` and `engaged state rebuild`: looking after stored state while no daemon
 * runs. */
#include "cli/state.h"

#include "base/log.h"
#include "cli/config.h"
#include "cli/exits.h"
#include "cli/output.h"
#include "model/config.h"
#include "stream/upkeep.h"
#include <inttypes.h>
#include <string.h>

enum { OPTION_CONFIG, OPTION_WAIT };

static const struct eng_option state_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration that the daemon runs with"},
    {.name = "wait",
     .kind = ENG_OPTION_DURATION,
     .argument = "TIME",
     .fallback = "60s",
     .min = 0,
     .max = 3600000,
     .help = "rebuild: how long to wait for a group that still has members"},
    {.name = NULL},
};

/* What verify has found so far. */
struct findings {
    struct eng_text *out;
    uint32_t partitions;
    struct eng_error first; /* the first thing wrong */
};

static void add_state(struct eng_text *out, const struct eng_upkeep_partition *found)
{
    const struct eng_commit *commit = &found->commit;
    if (!found->has_commit) {
        eng_text_add(
            out, "nothing is kept beside offset %" PRId64 ": a start reads from %" PRId64 " on\n",
            found->committed, found->low);
        return;
    }
    if (!found->of_this_model) {
        eng_text_add(
            out, "made by version %" PRIu32 " of the model: a start reads from %" PRId64 " on\n",
            commit->model_version, found->low);
        return;
    }
    eng_text_add(out,
                 "transaction %" PRIu64 ", offset %" PRId64 ", %" PRIu64
                 " partners in pages; a start reads "
                 "%" PRId64 " offsets again\n",
                 commit->sequence, commit->next, found->partners, commit->next - commit->low.next);
}

static void add_partition(void *context, const struct eng_upkeep_partition *found)
{
    struct findings *findings = context;
    findings->partitions++;
    eng_text_add(findings->out, "partition %" PRId32 ": ", found->partition);
    if (found->status != ENG_OK) {
        eng_text_add(findings->out, "%s\n", found->text);
        (void)eng_error_set(&findings->first, found->status, "%s", found->text);
    } else if (found->committed < 0) {
        eng_text_add(findings->out, "the group has no offset: a start begins at %" PRId64 "\n",
                     found->low);
    } else {
        add_state(findings->out, found);
    }
}

static int verify(const struct eng_config *config)
{
    struct eng_text out = {0};
    struct findings findings = {.out = &out};
    struct eng_error err = {0};
    enum eng_status status = eng_upkeep_verify(config, add_partition, &findings, &err);
    int printed = eng_print(&out);
    if (status != ENG_OK)
        return eng_fail("state verify", &err);
    if (findings.first.status != ENG_OK)
        return eng_fail("state verify", &findings.first);
    return printed;
}

static int rebuild(const struct eng_config *config, int64_t wait_ms)
{
    struct eng_text out = {0};
    struct eng_error err = {0};
    uint32_t count = 0;
    if (eng_upkeep_rebuild(config, wait_ms, &count, &err) != ENG_OK)
        return eng_fail("state rebuild", &err);
    if (count == 0)
        eng_text_add(&out, "The group %s has no offsets: there is nothing to rebuild.\n",
                     config->kafka.group);
    else
        eng_text_add(
            &out,
            "The next start of group %s reads %s again from its beginning to the committed "
            "offsets of %" PRIu32 " partitions and tells nothing on the way.\n",
            config->kafka.group, config->input.topic, count);
    return eng_print(&out);
}

static int run_state(const struct eng_args *args)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    const char *word = args->operand_count > 0 ? args->operands[0] : "";
    bool is_verify = strcmp(word, "verify") == 0, is_rebuild = strcmp(word, "rebuild") == 0;
    eng_log_level_set(ENG_LOG_ERROR);
    if (!is_verify && !is_rebuild) {
        (void)eng_error_set(
            &err, ENG_BAD_USAGE,
            "'%.60s' is nothing that can be done with state; write `engaged state verify` "
            "or `engaged state rebuild`",
            word);
        return eng_fail("state", &err);
    }
    enum eng_status status = eng_config_open(args->values[OPTION_CONFIG].text, &config, &err);
    if (status == ENG_OK && config->input.topic == NULL)
        status = eng_error_set(&err, ENG_BAD_CONFIG, "%s: `input.topic` is missing",
                               args->values[OPTION_CONFIG].text);
    int code = status != ENG_OK ? eng_fail("state", &err)
               : is_verify      ? verify(config)
                                : rebuild(config, args->values[OPTION_WAIT].number);
    eng_config_free(config);
    return code;
}

const struct eng_command eng_command_state = {
    .name = "state",
    .operands = "verify|rebuild",
    .operands_max = 1,
    .help = "check stored state, or have it made anew",
    .text = "verify reads the state topic of every partition as a restart would, and says what it "
            "found "
            "and how\n"
            "far back a start would have to read. It changes nothing and may run beside the "
            "daemon. Exit "
            "code 6\n"
            "when a start would be refused.\n"
            "\n"
            "rebuild makes the next start read the retained input again from its beginning to the "
            "committed\n"
            "offsets, telling nothing: the way out when stored state is broken or input that it "
            "needs is "
            "gone.\n"
            "Scores are then those of the input that is left. All daemons of the group must be "
            "stopped;\n"
            "those with a kafka.instance count as members until their session has timed out.\n",
    .options = state_options,
    .run = run_state,
};
