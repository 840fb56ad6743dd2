/* The command `generate`. See generate.h. */
#include "cli/generate.h"

#include "cli/exits.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/synth_record.h"
#include "serve/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

enum { PROGRESS_RECORDS = 1 << 14 };

enum option {
    PARTNERS,
    DAYS,
    EVENTS,
    START,
    END,
    SEED,
    MIX,
    BARE,
    OUTPUT,
    LABELS,
    OUT_OF_ORDER,
    DUPLICATES,
    LATE,
    FUTURE,
    MALFORMED,
};

static const struct eng_option options[] = {
    [PARTNERS] = {"partners", ENG_OPTION_NUMBER, "N", "1000", "partners to make", false, 1,
                  ENG_SYNTH_PARTNERS_MAX},
    [DAYS] = {"days", ENG_OPTION_NUMBER, "N", "90", "days they live through", false, 1,
              ENG_SYNTH_DAYS_MAX},
    [EVENTS] = {"events", ENG_OPTION_NUMBER, "N", NULL,
                "exactly so many events, by making partners busier or quieter; default: as they "
                "come, about 60 a partner in 90 days",
                false, 1, INT64_C(1000000000000)},
    [START] = {"start", ENG_OPTION_TEXT, "DATE", "2026-01-01",
               "when the first day begins: a date, a time, or `now`", false, 0, 0},
    [END] = {"end", ENG_OPTION_TEXT, "DATE", NULL,
             "when the last day ends, instead of --start; `now` fits a topic", false, 0, 0},
    [SEED] = {"seed", ENG_OPTION_NUMBER, "N", "1", "the same seed makes the same bytes", false, 0,
              0},
    [MIX] = {"mix", ENG_OPTION_TEXT, "SHARES",
             "steady=50,growing=10,fading=12,churned=10,seasonal=10,bursts=8",
             "shares of the kinds of partners", false, 0, 0},
    [BARE] = {"bare", ENG_OPTION_FLAG, NULL, NULL, "leave the attributes (region, tier) out", false,
              0, 0},
    [OUTPUT] = {"output", ENG_OPTION_TEXT, "FILE", "-", "where events go; - is standard output",
                false, 0, 0},
    [LABELS] = {"labels", ENG_OPTION_TEXT, "FILE", NULL,
                "write what each partner is, one JSON object a line", false, 0, 0},
    [OUT_OF_ORDER] = {"out-of-order", ENG_OPTION_DURATION, "TIME", "0s",
                      "each event arrives up to this much after its turn", false, 0,
                      ENG_SYNTH_SPREAD_MS_MAX},
    [DUPLICATES] = {"duplicates", ENG_OPTION_TEXT, "PERCENT", "0",
                    "so many events come twice, the second time a little later", false, 0, 0},
    [LATE] = {"late", ENG_OPTION_TEXT, "PERCENT", "0", "add so many that are 400 days old", false,
              0, 0},
    [FUTURE] = {"future", ENG_OPTION_TEXT, "PERCENT", "0",
                "add so many that lie a hundred years ahead", false, 0, 0},
    [MALFORMED] = {"malformed", ENG_OPTION_TEXT, "PERCENT", "0",
                   "add so many that cannot be decoded or lack a field", false, 0, 0},
    {0},
};

/* Percentages by fault. */
static const struct {
    enum option row;
    enum eng_synth_fault fault;
} fault_rows[] = {
    {DUPLICATES, ENG_SYNTH_DUPLICATE},
    {LATE, ENG_SYNTH_LATE},
    {FUTURE, ENG_SYNTH_FUTURE},
    {MALFORMED, ENG_SYNTH_MALFORMED},
};

static enum eng_status read_faults(const struct eng_args *args, struct eng_synth_options *synth,
                                   struct eng_error *err)
{
    for (size_t i = 0; i < sizeof fault_rows / sizeof *fault_rows; i++) {
        enum option row = fault_rows[i].row;
        enum eng_status status = eng_generate_percent(options[row].name, args->values[row].text,
                                                      &synth->faults[fault_rows[i].fault], err);
        if (status != ENG_OK)
            return status;
    }
    return ENG_OK;
}

/* When the first day begins, from --start or --end. */
static enum eng_status read_start(const struct eng_args *args, int64_t *ret_start_ms,
                                  struct eng_error *err)
{
    const struct eng_value *start = &args->values[START], *end = &args->values[END];
    int64_t now_ms = eng_wall_ms();
    if (!end->given)
        return eng_generate_time("start", start->text, now_ms, ret_start_ms, err);
    if (start->given)
        return eng_error_set(err, ENG_BAD_USAGE,
                             "--start and --end: give one of them; --days says the rest");
    int64_t end_ms = 0;
    enum eng_status status = eng_generate_time("end", end->text, now_ms, &end_ms, err);
    *ret_start_ms = end_ms - args->values[DAYS].number * DAY_MS;
    return status;
}

static enum eng_status read_options(const struct eng_args *args, struct eng_synth_options *synth,
                                    struct eng_error *err)
{
    const struct eng_value *values = args->values;
    *synth = (struct eng_synth_options){
        .seed = (uint64_t)values[SEED].number,
        .partners = (uint32_t)values[PARTNERS].number,
        .days = (uint32_t)values[DAYS].number,
        .events = (uint64_t)values[EVENTS].number,
        .spread_ms = values[OUT_OF_ORDER].number,
    };
    enum eng_status status = read_start(args, &synth->start_ms, err);
    if (status == ENG_OK)
        status = eng_generate_mix(values[MIX].text, synth->mix, err);
    return status == ENG_OK ? read_faults(args, synth, err) : status;
}

/* One label: {"partner_id":..,"kind":..,"changes_at":..,"region":..,"tier":..,"members":..}. */
static enum eng_status write_labels(const struct eng_synth *synth, uint32_t partners,
                                    const char *path, struct eng_error *err)
{
    struct eng_output out;
    enum eng_status status = eng_output_open(&out, path, err);
    for (uint32_t i = 0; status == ENG_OK && i < partners; i++) {
        const struct eng_synth_partner *partner = eng_synth_partner(synth, i);
        char id[ENG_SYNTH_KEY_BYTES_MAX], at[24] = "null", line[256];
        if (partner->changes_ms >= 0)
            (void)snprintf(at, sizeof at, "%" PRId64, partner->changes_ms); /* fits */
        int length =
            snprintf(line, sizeof line,
                     "{\"partner_id\":\"%.*s\",\"kind\":\"%s\",\"changes_at\":%s,\"region\":\"%s\","
                     "\"tier\":\"%s\",\"members\":%u}\n",
                     (int)eng_synth_partner_id(i, id), id,
                     eng_synth_kind_name((enum eng_synth_kind)partner->kind), at,
                     eng_synth_region_name(partner->region), eng_synth_tier_name(partner->tier),
                     partner->members);
        if (!eng_output_write(&out, line, (size_t)length))
            break;
    }
    return status == ENG_OK ? eng_output_close(&out, err) : status;
}

static enum eng_status write_events(struct eng_synth *synth, const struct eng_args *args,
                                    struct eng_error *err)
{
    const struct eng_synth_format format = {.bare = args->values[BARE].given, .delimited = true};
    struct eng_output out;
    enum eng_status status = eng_output_open(&out, args->values[OUTPUT].text, err);
    if (status != ENG_OK)
        return status;
    uint64_t records = 0;
    struct eng_synth_event event;
    struct eng_progress progress;
    eng_progress_start(&progress);
    while ((status = eng_synth_next(synth, &event)) == ENG_OK) {
        char line[ENG_SYNTH_RECORD_BYTES_MAX + 1];
        size_t length = eng_synth_record(synth, &event, &format, line);
        line[length++] = '\n';
        if (!eng_output_write(&out, line, length))
            break;
        if (++records % PROGRESS_RECORDS == 0)
            eng_progress_update(&progress, records, (uint64_t)args->values[EVENTS].number, records);
    }
    eng_progress_end(&progress);
    if (status == ENG_NO_MEMORY)
        (void)eng_error_set(err, status, "out of memory for a day's events");
    enum eng_status closed = eng_output_close(&out, err);
    return status == ENG_STOPPED ? closed : status;
}

/* What was made, for whoever compares it with what was found. */
static void show_summary(const struct eng_synth *synth)
{
    const uint64_t *counts = eng_synth_counts(synth);
    fprintf(stderr, "engaged generate:");
    for (int fault = 0; fault < ENG_SYNTH_FAULT_COUNT; fault++)
        fprintf(stderr, "%s %" PRIu64 " %s", fault > 0 ? "," : "", counts[fault],
                eng_synth_fault_name((enum eng_synth_fault)fault));
    fprintf(stderr, "\n");
}

static int run(const struct eng_args *args)
{
    struct eng_error err = {0};
    struct eng_synth_options synth_options;
    struct eng_synth *synth = NULL;
    const char *labels = args->values[LABELS].text;
    enum eng_status status = read_options(args, &synth_options, &err);
    if (status == ENG_OK)
        status = eng_synth_new(&synth_options, &synth, &err);
    if (status == ENG_OK && labels != NULL)
        status = write_labels(synth, synth_options.partners, labels, &err);
    if (status == ENG_OK)
        status = write_events(synth, args, &err);
    if (status == ENG_OK)
        show_summary(synth);
    eng_synth_free(synth);
    if (status == ENG_OK)
        return ENG_EXIT_OK;
    int code = eng_fail("generate", &err);
    return status == ENG_IO ? ENG_EXIT_OUTPUT : code;
}

const struct eng_command eng_command_generate = {
    .name = "generate",
    .help = "make up labelled partners and their events",
    .text =
        "Makes up partners with a rhythm of their own (gaps, working days, opening hours, month\n"
        "ends, members, amounts) and writes what they do, in order of time, in the fields of\n"
        "schemas/partner_action.avsc. Each is of a kind, which --labels writes down, with the day\n"
        "on which it begins to show:\n"
        "\n"
        "  steady    goes on as ever\n"
        "  growing   visits three times as often in the end\n"
        "  fading    visits less and less from its day on\n"
        "  churned   never comes again from its day on\n"
        "  seasonal  has busy and quiet months\n"
        "  bursts    is quiet but for a busy week every month or two\n"
        "\n"
        "Everything follows from the options: the same ones make the same bytes on any machine.\n"
        "Faults come on top of the good events, which stay the same with and without them. Mind\n"
        "that `replay` has no wall clock: it takes --future records for true.\n",
    .options = options,
    .run = run,
};
