/* The command `generate`. See generate.h. */
#include "cli/generate.h"

#include "cli/config.h"
#include "cli/exits.h"
#include "cli/generate_sink.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/synth_record.h"
#include "serve/clock.h"
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

enum { PROGRESS_RECORDS = 1 << 14, PACE_RECORDS = 16 };

enum option {
    PARTNERS,
    DAYS,
    EVENTS,
    START,
    END,
    SEED,
    MIX,
    LABELS,
    FORMAT,
    BARE,
    OUTPUT,
    CONFIG,
    TOPIC,
    BROKERS,
    PARTITIONS,
    SCHEMA_ID,
    RATE,
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
    [LABELS] = {"labels", ENG_OPTION_TEXT, "FILE", NULL,
                "write what each partner is, one JSON object a line", false, 0, 0},
    [FORMAT] = {"format", ENG_OPTION_CHOICE, "json|avro", NULL,
                "JSON, one object a line or record; or Avro, a container file or bodies; default: "
                "json, or what --config says",
                false, 0, 0},
    [BARE] = {"bare", ENG_OPTION_FLAG, NULL, NULL, "leave the attributes (region, tier) out", false,
              0, 0},
    [OUTPUT] = {"output", ENG_OPTION_TEXT, "FILE", NULL,
                "where events go; default: standard output, as with -", false, 0, 0},
    [CONFIG] = {"config", ENG_OPTION_TEXT, "FILE", NULL,
                "send to the input topic of this configuration, with its brokers and properties; "
                "with --output only play its actions",
                false, 0, 0},
    [TOPIC] = {"topic", ENG_OPTION_TEXT, "NAME", NULL, "send to this topic, keyed by partner",
               false, 0, 0},
    [BROKERS] = {"brokers", ENG_OPTION_TEXT, "HOST:PORT,...", NULL,
                 "where the topic is; default: what --config says, else 127.0.0.1:9092", false, 0,
                 0},
    [PARTITIONS] = {"partitions", ENG_OPTION_NUMBER, "N", NULL,
                    "make the topic with so many partitions if it is missing", false, 1, 10000},
    [SCHEMA_ID] = {"schema-id", ENG_OPTION_NUMBER, "N", NULL,
                   "put a zero byte and this registry id in front of each Avro body", false, 0,
                   INT32_MAX},
    [RATE] = {"rate", ENG_OPTION_NUMBER, "N", NULL, "at most so many records a second", false, 1,
              INT64_C(1000000000)},
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

/* The options of a target: a file, or a topic as the command line and the configuration say. */
static enum eng_status read_target(const struct eng_args *args, const struct eng_config *config,
                                   struct eng_sink_options *sink, struct eng_error *err)
{
    const struct eng_value *values = args->values;
    bool topic = values[TOPIC].given || (config != NULL && !values[OUTPUT].given);
    *sink = (struct eng_sink_options){
        .avro = values[FORMAT].number == 1,
        .seed = (uint64_t)values[SEED].number,
        .path = values[OUTPUT].text,
        .schema_id = values[SCHEMA_ID].given ? values[SCHEMA_ID].number : -1,
    };
    if (topic && values[OUTPUT].given)
        return eng_error_set(err, ENG_BAD_USAGE,
                             "--output writes a file, --topic sends: give one of them");
    if (!topic)
        return ENG_OK;
    sink->topic = (struct eng_sender_options){
        .brokers = values[BROKERS].given ? values[BROKERS].text : "127.0.0.1:9092",
        .topic = values[TOPIC].text,
        .partition_count = (int32_t)values[PARTITIONS].number,
    };
    if (config == NULL)
        return ENG_OK;
    sink->topic.client = &config->kafka.client;
    sink->topic.producer = &config->kafka.producer;
    if (!values[BROKERS].given)
        sink->topic.brokers = config->kafka.brokers;
    if (!values[TOPIC].given)
        sink->topic.topic = config->input.topic;
    if (!values[FORMAT].given)
        sink->avro = config->input.format == ENG_FORMAT_AVRO;
    if (sink->topic.topic == NULL)
        return eng_error_set(err, ENG_BAD_USAGE, "%s names no input topic: give --topic",
                             config->path);
    return ENG_OK;
}

/* Waits until so many records are due at `rate` a second. */
static void keep_pace(uint64_t records, int64_t rate, int64_t started_ms)
{
    if (rate == 0 || records % PACE_RECORDS != 0)
        return;
    int64_t due_ms = started_ms + (int64_t)(records * 1000 / (uint64_t)rate);
    int64_t wait_ms = due_ms - eng_monotonic_ms();
    if (wait_ms > 0)
        (void)poll(NULL, 0, wait_ms < 1000 ? (int)wait_ms : 1000); /* no descriptors: a sleep */
}

/* A sink, and the bytes of the record in work. */
struct writer {
    struct eng_sink *sink;
    struct eng_synth_format format;
    struct eng_bytes bytes;
};

static enum eng_status put_event(struct writer *writer, const struct eng_synth *synth,
                                 const struct eng_synth_event *event, struct eng_error *err)
{
    char key[ENG_SYNTH_KEY_BYTES_MAX];
    eng_bytes_clear(&writer->bytes);
    if (eng_synth_record(synth, event, &writer->format, &writer->bytes) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a record");
    const struct eng_sender_record record = {
        .key = key,
        .key_bytes = eng_synth_partner_id(event->partner, key),
        .value = writer->bytes.data,
        .value_bytes = writer->bytes.used,
    };
    return eng_sink_put(writer->sink, &record, err);
}

static enum eng_status write_events(struct eng_synth *synth, const struct eng_args *args,
                                    struct eng_synth_cast *cast,
                                    const struct eng_sink_options *target, struct eng_error *err)
{
    bool container = target->avro && target->topic.topic == NULL;
    struct writer writer = {.format = {.avro = target->avro,
                                       .bare = args->values[BARE].given,
                                       .delimited = !container,
                                       .cast = cast}};
    enum eng_status status = eng_sink_new(target, &writer.sink, err);
    struct eng_progress progress;
    eng_progress_start(&progress);
    int64_t started_ms = eng_monotonic_ms();
    uint64_t records = 0;
    struct eng_synth_event event;
    while (status == ENG_OK && (status = eng_synth_next(synth, &event)) == ENG_OK) {
        status = put_event(&writer, synth, &event, err);
        if (++records % PROGRESS_RECORDS == 0)
            eng_progress_update(&progress, records, (uint64_t)args->values[EVENTS].number, records);
        keep_pace(records, args->values[RATE].number, started_ms);
    }
    if (status == ENG_NO_MEMORY)
        (void)eng_error_set(err, status, "no memory for a day's events");
    if (status == ENG_STOPPED)
        status = eng_sink_finish(writer.sink, err);
    eng_progress_end(&progress);
    eng_sink_free(writer.sink);
    eng_bytes_done(&writer.bytes);
    return status;
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

static enum eng_status generate(const struct eng_args *args, const struct eng_config *config,
                                struct eng_synth **ret_synth, struct eng_error *err)
{
    struct eng_synth_options synth_options;
    struct eng_sink_options sink_options;
    struct eng_synth_cast *cast = NULL;
    const char *labels = args->values[LABELS].text;
    enum eng_status status = read_options(args, &synth_options, err);
    if (status == ENG_OK)
        status = read_target(args, config, &sink_options, err);
    if (status == ENG_OK)
        status = eng_synth_new(&synth_options, ret_synth, err);
    if (status == ENG_OK && labels != NULL)
        status = write_labels(*ret_synth, synth_options.partners, labels, err);
    if (status == ENG_OK && config != NULL && eng_synth_cast_new(config->model, &cast) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for the actions of the model");
    if (status == ENG_OK)
        status = write_events(*ret_synth, args, cast, &sink_options, err);
    eng_synth_cast_free(cast);
    return status;
}

static int run(const struct eng_args *args)
{
    struct eng_error err = {0};
    struct eng_config *config = NULL;
    struct eng_synth *synth = NULL;
    enum eng_status status = ENG_OK;
    if (args->values[CONFIG].given)
        status = eng_config_open(args->values[CONFIG].text, &config, &err);
    if (status == ENG_OK)
        status = generate(args, config, &synth, &err);
    if (status == ENG_OK)
        show_summary(synth);
    eng_synth_free(synth);
    eng_config_free(config);
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
        "They go to a file, to standard output, or to a topic (--topic, --config). A model of "
        "--config that\n"
        "asks for other actions than these partners do has its own actions played by them.\n"
        "Everything follows from the options: the same ones make the same bytes on any machine.\n"
        "Faults come on top of the good events, which stay the same with and without them. Mind\n"
        "that `replay` has no wall clock: it takes --future records for true.\n",
    .options = options,
    .run = run,
};
