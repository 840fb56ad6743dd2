/* `engaged state verify` and `engaged state rebuild`: looking after stored state while no daemon
 * runs. */
#include "cli/state.h"

#include "base/limits.h"
#include "base/log.h"
#include "cli/config.h"
#include "cli/exits.h"
#include "cli/output.h"
#include "codec/rfc3339.h"
#include "model/config.h"
#include "stream/upkeep.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_CONFIG, OPTION_MEASURE, OPTION_WAIT };

static const struct eng_option state_options[] = {
    {.name = "config",
     .kind = ENG_OPTION_TEXT,
     .argument = "FILE",
     .required = true,
     .help = "the configuration that the daemon runs with"},
    {.name = "measure",
     .kind = ENG_OPTION_TEXT,
     .argument = "NAME",
     .help =
         "rebuild: only if that fills what nobody has counted of this measure, and without loss"},
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

/* ---- rebuild --measure ---- */

/* What reading the input again would do for a measure. */
struct gain {
    struct eng_text *out;
    const char *measure;
    uint32_t filled;        /* partitions in which it is provisional */
    int64_t lost;           /* offsets that have been counted and are gone from the input */
    struct eng_error first; /* state that cannot be looked at is no reason not to make it anew */
};

static void add_known(struct eng_text *out, const char *measure,
                      const struct eng_measure_known *known)
{
    char since[ENG_RFC3339_BYTES], full[ENG_RFC3339_BYTES];
    if (known->since_ms == INT64_MIN) {
        eng_text_add(out, "all of %s is known", measure);
        return;
    }
    eng_rfc3339_format(known->since_ms, since);
    eng_text_add(out, "%s is known from %s on", measure, since);
    if (known->full_ms == INT64_MIN)
        return;
    eng_rfc3339_format(known->full_ms, full);
    eng_text_add(out, ", and what it goes into is provisional until %s", full);
}

static void weigh(void *context, const struct eng_upkeep_partition *found)
{
    struct gain *gain = context;
    int64_t lost = found->has_commit ? found->low - found->commit.first : 0;
    eng_text_add(gain->out, "partition %" PRId32 ": ", found->partition);
    if (found->status != ENG_OK) {
        eng_text_add(gain->out, "%s\n", found->text);
        (void)eng_error_set(&gain->first, found->status, "%s", found->text);
        return;
    }
    if (!found->has_known) {
        eng_text_add(gain->out, "no state is kept\n");
        return;
    }
    add_known(gain->out, gain->measure, &found->known);
    bool fills = found->known.full_ms != INT64_MIN;
    if (fills)
        eng_text_add(gain->out, "; reading %" PRId64 " offsets again fills it",
                     found->committed - found->low);
    if (lost > 0)
        eng_text_add(gain->out, "; but %" PRId64 " offsets that it was counted from are gone",
                     lost);
    eng_text_add(gain->out, "\n");
    gain->filled += fills;
    gain->lost += lost > 0 ? lost : 0;
}

/* Says what there is to be gained. True: something is, and nothing is lost by it. */
static bool is_worth_it(const struct eng_config *config, const char *measure, int *ret_code)
{
    struct eng_text out = {0};
    struct gain gain = {.out = &out, .measure = measure};
    struct eng_error err = {0};
    char path[ENG_NAME_BYTES_MAX + 16];
    (void)snprintf(path, sizeof path, "measures.%.*s", ENG_NAME_BYTES_MAX, measure);
    if (eng_config_entry(config, path) == NULL)
        (void)eng_error_set(&err, ENG_BAD_USAGE, "%s has no measure '%.60s'", config->path,
                            measure);
    else if (eng_upkeep_measure(config, measure, weigh, &gain, &err) == ENG_OK)
        err = gain.first;
    *ret_code = eng_print(&out);
    if (err.status == ENG_OK && gain.filled > 0 && gain.lost > 0)
        (void)eng_error_set(&err, ENG_TOPIC,
                            "the input does not go back as far as the counts do: a rebuild would "
                            "lose what they know of %" PRId64 " offsets; to have it all the same "
                            "write `engaged state rebuild` without --measure",
                            gain.lost);
    if (err.status != ENG_OK)
        *ret_code = eng_fail("state rebuild", &err);
    return err.status == ENG_OK && *ret_code == ENG_EXIT_OK && gain.filled > 0;
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

static int rebuild_for(const struct eng_config *config, const char *measure, int64_t wait_ms)
{
    int code = ENG_EXIT_OK;
    if (is_worth_it(config, measure, &code))
        return rebuild(config, wait_ms);
    struct eng_text out = {0};
    if (code != ENG_EXIT_OK)
        return code;
    eng_text_add(&out, "Nothing that %s goes into is provisional for its sake: nothing was done.\n",
                 measure);
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
    const char *measure = args->values[OPTION_MEASURE].text;
    int64_t wait_ms = args->values[OPTION_WAIT].number;
    int code = status != ENG_OK  ? eng_fail("state", &err)
               : is_verify       ? verify(config)
               : measure != NULL ? rebuild_for(config, measure, wait_ms)
                                 : rebuild(config, wait_ms);
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
            "those with a kafka.instance count as members until their session has timed out.\n"
            "\n"
            "rebuild --measure NAME says for each partition how far back the measure is known "
            "and until when\n"
            "what it goes into is provisional, and then does the same, if that fills it and the "
            "input goes back as\n"
            "far as the counts do. What the fill changes is not told by itself, but with a "
            "partner's next change.\n",
    .options = state_options,
    .run = run_state,
};
