/* The command `demo`. See demo.h.
 *
 *   made-up partners -> source thread -> broker inside the process -> the real workers -> broker
 *                                                                                          |
 *   terminal <- findings (held against the labels) <- tail, an ordinary consumer <---------+
 *
 * Simulated time begins --days ago and ends now, so that nothing lies in the future and, once the
 * history is over, idle partitions go on by the wall clock as they would in earnest. Everything
 * that is shown has gone through the whole pipeline; only the broker is not a real one (mock.h).
 *
 * Phases:  joining -> playing -> draining -> over        stop: a signal, or the end of --for
 *          playing: the source sends; held while the workers are far behind
 *          draining: the source has ended; waits until all it sent is read and all that was told
 * seen over: without --for it stays, with its HTTP pages, until a signal comes */
#include "cli/demo.h"

#include "base/assert.h"
#include "base/log.h"
#include "cli/config.h"
#include "cli/demo_screen.h"
#include "cli/demo_source.h"
#include "cli/exits.h"
#include "cli/output.h"
#include "cli/values.h"
#include "model/config.h"
#include "serve/clock.h"
#include "serve/http.h"
#include "stream/mock.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

enum {
    PARTITIONS = 4,
    TURN_MS = 40,           /* of the main loop */
    TAIL_RECORDS = 20000,   /* outputs looked at in one turn */
    BEHIND_RECORDS = 50000, /* the source is held beyond */
    PLAY_MS = 40000,        /* how long the history takes when nothing says otherwise */
    PLAY_MS_MIN = 500,
    REST_MS = 3000,   /* of --for, kept for draining, stopping and delays */
    CLOSE_MS = 2500,  /* of --for: the history is cut short then */
    DRAIN_MS = 10000, /* most that draining may take */
    JOIN_MS = 60000,  /* most that joining may take */
    STOP_MS = 40000,  /* most that stopping may take */
};

enum option { CONFIG, FOR, PARTNERS, DAYS, SPEED, SEED, HTTP, LOG_LEVEL };

static const struct eng_option demo_options[] = {
    [CONFIG] = {"config", ENG_OPTION_TEXT, "FILE", NULL,
                "the program to run; default: the shipped config/engagement.yaml", false, 0, 0},
    [FOR] = {"for", ENG_OPTION_DURATION, "TIME", NULL,
             "end after so long, with a summary; default: stay until Ctrl-C", false, 5000,
             INT64_C(86400000)},
    [PARTNERS] = {"partners", ENG_OPTION_NUMBER, "N", "1000", "partners to make up", false, 1,
                  1000000},
    [DAYS] = {"days", ENG_OPTION_NUMBER, "N", "180",
              "days of history; it ends now, so it began so long ago", false, 1,
              ENG_SYNTH_DAYS_MAX},
    [SPEED] = {"speed", ENG_OPTION_NUMBER, "N", NULL,
               "days a second; default: the history in 40 seconds, or within --for", false, 1,
               ENG_SYNTH_DAYS_MAX},
    [SEED] = {"seed", ENG_OPTION_NUMBER, "N", "1", "other seeds make up other partners", false, 0,
              0},
    [HTTP] = {"http", ENG_OPTION_TEXT, "PORT", NULL,
              "port of 127.0.0.1 for the pages, or `off`; default: 8080, or a free one", false, 0,
              0},
    [LOG_LEVEL] = {"log-level", ENG_OPTION_CHOICE, "error|warn|info|debug", "error",
                   "how much is logged on standard error", false, 0, 0},
    {0},
};

/* What the demo puts in place of the configuration's own texts. */
enum text {
    TEXT_ID, /* paths of schemas/partner_action.avsc */
    TEXT_PARTNER,
    TEXT_ACTION,
    TEXT_TIME,
    TEXT_MEMBER,
    TEXT_VALUE,
    TEXT_ATTRIBUTES,
    TEXT_INPUT, /* topics */
    TEXT_CHANGES,
    TEXT_DROPS,
    TEXT_CELLS,
    TEXT_CARDS,
    TEXT_AWARDS,
    TEXT_FLAGS,
    TEXT_QUIET,
    TEXT_DIGESTS,
    TEXT_GROUPS,
    TEXT_BOARDS,
    TEXT_SUMS,
    TEXT_DEAD,
    TEXT_ERASED,
    TEXT_STATE,
    TEXT_ADDRESS,
    TEXT_WAIT, /* the broker inside wakes no waiting fetch, so fetches do not wait for long */
    TEXT_WAIT_MS,
    TEXT_COUNT
};
enum { TEXT_BYTES = 24 };
static const char *const texts[TEXT_COUNT] = {
    [TEXT_ID] = "event_id",
    [TEXT_PARTNER] = "partner_id",
    [TEXT_ACTION] = "action",
    [TEXT_TIME] = "occurred_at",
    [TEXT_MEMBER] = "member_id",
    [TEXT_VALUE] = "value",
    [TEXT_ATTRIBUTES] = "attributes",
    [TEXT_INPUT] = "actions",
    [TEXT_CHANGES] = "changes",
    [TEXT_DROPS] = "drops",
    [TEXT_CELLS] = "cells",
    [TEXT_CARDS] = "cards",
    [TEXT_AWARDS] = "awards",
    [TEXT_FLAGS] = "flags",
    [TEXT_QUIET] = "source-silences",
    [TEXT_DIGESTS] = "digests",
    [TEXT_GROUPS] = "groups",
    [TEXT_BOARDS] = "boards",
    [TEXT_SUMS] = "group-sums",
    [TEXT_DEAD] = "dead-letters",
    [TEXT_ERASED] = "erasures",
    [TEXT_STATE] = "state",
    [TEXT_ADDRESS] = "127.0.0.1",
    [TEXT_WAIT] = "fetch.wait.max.ms",
    [TEXT_WAIT_MS] = "20",
};

enum phase { JOINING, PLAYING, DRAINING, OVER };

struct demo {
    const struct eng_args *args;
    struct eng_config *loaded;          /* as in the file */
    struct eng_config config;           /* the same for the broker inside; borrows from loaded */
    char texts[TEXT_COUNT][TEXT_BYTES]; /* writable, as a configuration's are */
    struct eng_property fetch_wait;
    struct eng_synth *synth;
    struct eng_synth_cast *cast; /* NULL: the generator knows all actions */
    struct eng_mock *mock;
    struct eng_service *service;
    struct eng_http *http;
    struct eng_tail *tail;
    struct eng_demo_source *source;
    struct eng_findings findings;
    struct eng_screen screen;
    struct eng_stats stats;
    enum phase phase;
    int64_t start_ms;                       /* simulated */
    int64_t began_ms, playing_ms, phase_ms; /* real: the demo, its history, its phase began */
    int64_t over_ms;                        /* real: all was seen; 0: not yet */
    char url[64];
    char brokers[256];
    int signals; /* descriptor, -1: none */
    bool interrupted;
};

static int64_t end_ms(const struct demo *demo)
{
    return demo->start_ms + demo->args->values[DAYS].number * DAY_MS;
}

/* Signals come through a descriptor, so that no handler runs and no thread is interrupted. */
static enum eng_status take_signals(struct demo *demo, struct eng_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set); /* these three cannot fail with valid signals */
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0)
        demo->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (demo->signals >= 0)
        return ENG_OK;
    return eng_error_set(err, ENG_IO, "signals cannot be taken: %s", strerror(errno));
}

/* Waits for a turn's time; true when a signal has come. */
static bool wait_for_signal(const struct demo *demo, int timeout_ms)
{
    struct pollfd descriptor = {.fd = demo->signals, .events = POLLIN};
    struct signalfd_siginfo info;
    if (poll(&descriptor, 1, timeout_ms) <= 0)
        return false;
    return read(demo->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

static enum eng_status load_config(struct demo *demo, struct eng_error *err)
{
    if (demo->args->values[CONFIG].given)
        return eng_config_open(demo->args->values[CONFIG].text, &demo->loaded, err);
    return eng_config_load_text(eng_demo_config, strlen(eng_demo_config), "config/engagement.yaml",
                                &demo->loaded, err);
}

/* The configuration for the broker inside the process: its records are JSON in our own fields, its
 * topics have names of their own, and no property that was meant for a real cluster applies. */
static void adapt_config(struct demo *demo)
{
    struct eng_config *config = &demo->config;
    for (int i = 0; i < TEXT_COUNT; i++)
        (void)snprintf(demo->texts[i], TEXT_BYTES, "%s", texts[i]); /* fits */
    char(*text)[TEXT_BYTES] = demo->texts;
    *config = *demo->loaded;
    config->input = (struct eng_input_config){
        .topic = text[TEXT_INPUT],
        .format = ENG_FORMAT_JSON,
        .time_unit = ENG_TIME_MS,
        .fields = {.id = text[TEXT_ID],
                   .partner = text[TEXT_PARTNER],
                   .action = text[TEXT_ACTION],
                   .time = text[TEXT_TIME],
                   .member = text[TEXT_MEMBER],
                   .value = text[TEXT_VALUE],
                   .attributes = text[TEXT_ATTRIBUTES]},
    };
    config->output.score_changes = text[TEXT_CHANGES];
    config->output.churn_drops = text[TEXT_DROPS];
    config->output.cell_changes = text[TEXT_CELLS];
    config->output.reports = text[TEXT_CARDS];
    config->output.awards = text[TEXT_AWARDS];
    config->output.flags = text[TEXT_FLAGS];
    config->output.source_silences = text[TEXT_QUIET];
    config->output.digests = text[TEXT_DIGESTS];
    config->output.groups = text[TEXT_GROUPS];
    config->output.boards = text[TEXT_BOARDS];
    config->output.group_sums = text[TEXT_SUMS];
    config->output.dead_letters = text[TEXT_DEAD];
    config->output.erasures = text[TEXT_ERASED];
    config->output.state = text[TEXT_STATE];
    config->http.address = text[TEXT_ADDRESS];
    demo->fetch_wait = (struct eng_property){text[TEXT_WAIT], text[TEXT_WAIT_MS], false};
    config->kafka.client = config->kafka.producer = (struct eng_properties){0};
    config->kafka.consumer = (struct eng_properties){&demo->fetch_wait, 1};
}

static enum eng_status make_partners(struct demo *demo, struct eng_error *err)
{
    const struct eng_value *values = demo->args->values;
    struct eng_synth_options options = {.seed = (uint64_t)values[SEED].number,
                                        .partners = (uint32_t)values[PARTNERS].number,
                                        .days = (uint32_t)values[DAYS].number,
                                        .start_ms = eng_wall_ms() - values[DAYS].number * DAY_MS,
                                        .mix = {
#define X(name, text, share, help) share,
                                            ENG_SYNTH_KIND_MAP(X)
#undef X
                                        }};
    demo->start_ms = options.start_ms;
    enum eng_status status = eng_synth_new(&options, &demo->synth, err);
    if (status == ENG_OK && eng_synth_cast_new(demo->config.model, &demo->cast) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for the actions of the model");
    if (status == ENG_OK && eng_findings_init(&demo->findings, demo->synth, options.partners,
                                              demo->config.model) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for %u partners", options.partners);
    return status;
}

static enum eng_status start_broker(struct demo *demo, struct eng_error *err)
{
    const struct eng_output_config *output = &demo->config.output;
    const struct eng_mock_topic topics[] = {
        {demo->config.input.topic, PARTITIONS},
        {output->score_changes, PARTITIONS},
        {output->churn_drops, PARTITIONS},
        {output->cell_changes, PARTITIONS},
        {output->reports, PARTITIONS},
        {output->awards, PARTITIONS},
        {output->flags, PARTITIONS},
        {output->source_silences, PARTITIONS},
        {output->digests, PARTITIONS},
        {output->dead_letters, PARTITIONS},
        {output->erasures, PARTITIONS},
        {output->state, PARTITIONS},
        {output->groups, 1},
        {output->boards, 1},
        {output->group_sums, 1},
    };
    enum eng_status status = eng_mock_new(topics, sizeof topics / sizeof *topics, &demo->mock, err);
    if (status != ENG_OK)
        return status;
    const char *brokers = eng_mock_brokers(demo->mock);
    demo->config.kafka.brokers = demo->brokers;
    if ((size_t)snprintf(demo->brokers, sizeof demo->brokers, "%s", brokers) < sizeof demo->brokers)
        return ENG_OK;
    return eng_error_set(err, ENG_LIMIT, "the broker's address is too long: %.60s...", brokers);
}

/* Starts the pages. Without --http a port that is taken is no failure: any free one does. */
static enum eng_status start_http(struct demo *demo, struct eng_error *err)
{
    const struct eng_value *wish = &demo->args->values[HTTP];
    int64_t port = 8080;
    if (wish->given && strcmp(wish->text, "off") == 0)
        return ENG_OK;
    if (wish->given && (!eng_read_number(wish->text, &port) || port > UINT16_MAX))
        return eng_error_set(err, ENG_BAD_USAGE, "--http %.40s: give a port up to 65535, or off",
                             wish->text);
    demo->config.http.port = (uint16_t)port;
    const struct eng_http_options options = {.config = &demo->config, .service = demo->service};
    struct eng_error first = {0};
    enum eng_status status = eng_http_start(&options, &demo->http, &first);
    if (status == ENG_UNAVAILABLE && !wish->given) {
        demo->config.http.port = 0;
        eng_error_clear(&first);
        status = eng_http_start(&options, &demo->http, &first);
    }
    if (status != ENG_OK)
        return eng_error_set(err, status, "%s", first.text);
    (void)snprintf(demo->url, sizeof demo->url, "http://%s:%u", demo->config.http.address,
                   eng_http_port(demo->http)); /* fits */
    return ENG_OK;
}

static enum eng_status start_tail(struct demo *demo, struct eng_error *err)
{
    const char *const topics[ENG_FINDINGS_TOPIC_COUNT] = {
        [ENG_FINDINGS_SCORE_CHANGES] = demo->config.output.score_changes,
        [ENG_FINDINGS_CHURN_DROPS] = demo->config.output.churn_drops,
        [ENG_FINDINGS_GROUPS] = demo->config.output.groups,
        [ENG_FINDINGS_BOARDS] = demo->config.output.boards,
    };
    const struct eng_tail_options options = {.brokers = demo->brokers,
                                             .topics = topics,
                                             .topic_count = ENG_FINDINGS_TOPIC_COUNT,
                                             .visit = eng_findings_visit,
                                             .context = &demo->findings};
    return eng_tail_new(&options, &demo->tail, err);
}

static enum eng_status start(struct demo *demo, struct eng_error *err)
{
    enum eng_status status = take_signals(demo, err);
    if (status == ENG_OK)
        status = load_config(demo, err);
    if (status != ENG_OK)
        return status;
    adapt_config(demo);
    status = make_partners(demo, err);
    if (status == ENG_OK)
        status = start_broker(demo, err);
    if (status == ENG_OK)
        status = eng_service_new(&demo->config, &demo->service, err);
    if (status == ENG_OK)
        status = start_http(demo, err);
    if (status == ENG_OK)
        status = start_tail(demo, err);
    if (status == ENG_OK)
        status = eng_service_start(demo->service, err);
    return status;
}

static void enter(struct demo *demo, enum phase phase)
{
    eng_assert(phase > demo->phase);
    demo->phase = phase;
    demo->phase_ms = eng_monotonic_ms();
}

/* Simulated milliseconds for a real one: as asked for, or such that the history fits into what is
 * left of --for. */
static int64_t speed_of(const struct demo *demo)
{
    const struct eng_value *values = demo->args->values;
    int64_t play_ms = PLAY_MS;
    if (values[SPEED].given)
        return values[SPEED].number * DAY_MS / 1000;
    if (values[FOR].given)
        play_ms = values[FOR].number - REST_MS - (eng_monotonic_ms() - demo->began_ms);
    return values[DAYS].number * DAY_MS / (play_ms > PLAY_MS_MIN ? play_ms : PLAY_MS_MIN) + 1;
}

static enum eng_status start_source(struct demo *demo, struct eng_error *err)
{
    const struct eng_demo_source_options options = {
        .synth = demo->synth,
        .cast = demo->cast,
        .start_ms = demo->start_ms,
        .speed = speed_of(demo),
        .sender = {.brokers = demo->brokers, .topic = demo->config.input.topic, .linger_ms = 40},
    };
    demo->playing_ms = eng_monotonic_ms();
    enter(demo, PLAYING);
    return eng_demo_source_new(&options, &demo->source, err);
}

static struct eng_demo_progress progress_of(const struct demo *demo)
{
    if (demo->source == NULL)
        return (struct eng_demo_progress){.now_ms = demo->start_ms};
    return eng_demo_source_progress(demo->source);
}

static bool all_running(const struct eng_stats *stats)
{
    for (uint32_t i = 0; i < stats->partition_count; i++)
        if (stats->partitions[i].restoring)
            return false;
    return stats->partition_count == PARTITIONS;
}

/* Everything sent has been read, and everything told has been seen. */
static bool all_seen(const struct demo *demo)
{
    const struct eng_totals totals = eng_totals_of(&demo->stats);
    const struct eng_findings *findings = &demo->findings;
    uint64_t seen =
        findings->score_changes + findings->opened + findings->resolved + findings->unreadable;
    return totals.counters.read >= progress_of(demo).sent && totals.lag_records == 0 &&
           seen >= totals.counters.score_changes + totals.counters.churn_drops;
}

/* Whether --for leaves no more time for the history. */
static bool time_is_up(const struct demo *demo)
{
    const struct eng_value *limit = &demo->args->values[FOR];
    return limit->given && eng_monotonic_ms() - demo->began_ms >= limit->number - CLOSE_MS;
}

/* Moves on to the next phase when it is time to. */
static enum eng_status step(struct demo *demo, struct eng_error *err)
{
    const int64_t phase_ms = eng_monotonic_ms() - demo->phase_ms;
    const struct eng_demo_progress progress = progress_of(demo);
    switch (demo->phase) {
    case JOINING:
        if (all_running(&demo->stats))
            return start_source(demo, err);
        if (phase_ms > JOIN_MS)
            return eng_error_set(err, ENG_TIMED_OUT, "the workers did not get their partitions");
        break;
    case PLAYING:
        eng_demo_source_hold(demo->source,
                             progress.sent >
                                 BEHIND_RECORDS + eng_totals_of(&demo->stats).counters.read);
        if (time_is_up(demo))
            eng_demo_source_stop(demo->source);
        if (!progress.ended)
            break;
        enter(demo, DRAINING);
        return eng_demo_source_result(demo->source, err);
    case DRAINING:
        if (all_seen(demo) || phase_ms > DRAIN_MS)
            enter(demo, OVER);
        demo->over_ms = eng_monotonic_ms();
        break;
    case OVER:
        break;
    }
    return ENG_OK;
}

static struct eng_demo_view view_of(const struct demo *demo)
{
    static const char *const states[] = {
        [JOINING] = "waiting for partitions",
        [PLAYING] = "",
        [DRAINING] = "history ends",
        [OVER] = "the history is over, Ctrl-C ends",
    };
    struct eng_demo_progress progress = progress_of(demo);
    bool limited = demo->args->values[FOR].given;
    const char *ends = progress.now_ms < end_ms(demo) ? "time is up" : "the history is over";
    int64_t until_ms = demo->phase == OVER ? demo->over_ms : eng_monotonic_ms();
    return (struct eng_demo_view){
        .findings = &demo->findings,
        .stats = &demo->stats,
        .start_ms = demo->start_ms,
        .now_ms = progress.now_ms,
        .end_ms = end_ms(demo),
        .elapsed_ms = demo->playing_ms > 0 ? until_ms - demo->playing_ms : 0,
        .sent = progress.sent,
        .http = demo->http != NULL ? demo->url : NULL,
        .state = demo->phase == OVER && limited ? ends : states[demo->phase],
    };
}

static enum eng_status refresh_stats(struct demo *demo, struct eng_error *err)
{
    struct eng_stats stats = {0};
    if (eng_service_stats(demo->service, &stats) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for statistics");
    eng_stats_free(&demo->stats);
    demo->stats = stats;
    return ENG_OK;
}

/* One turn of the main loop: outputs, numbers, phase, picture. */
static enum eng_status turn(struct demo *demo, struct eng_error *err)
{
    enum eng_status status = eng_tail_poll(demo->tail, 0, TAIL_RECORDS, err);
    if (status == ENG_OK)
        status = refresh_stats(demo, err);
    if (status == ENG_OK && eng_service_stopped(demo->service, &status, err))
        return eng_error_set(err, status == ENG_OK ? ENG_FATAL : status, "the workers have ended");
    if (status == ENG_OK)
        status = step(demo, err);
    struct eng_demo_view view = view_of(demo);
    if (status == ENG_OK && !eng_screen_draw(&demo->screen, &view))
        status = eng_error_set(err, ENG_IO, "standard output cannot be written");
    return status;
}

static enum eng_status play(struct demo *demo, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    demo->phase_ms = eng_monotonic_ms();
    while (status == ENG_OK && !demo->interrupted) {
        bool limited = demo->args->values[FOR].given;
        if (limited && demo->phase == OVER)
            break;
        demo->interrupted = wait_for_signal(demo, TURN_MS);
        if (!demo->interrupted)
            status = turn(demo, err);
    }
    return status;
}

/* Ends source and service; what was told by then is still read. A second signal gives up. */
static enum eng_status stop(struct demo *demo, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    int64_t since_ms = eng_monotonic_ms();
    if (demo->source != NULL)
        eng_demo_source_stop(demo->source);
    eng_service_stop(demo->service);
    while (!eng_service_stopped(demo->service, &status, err)) {
        if (wait_for_signal(demo, TURN_MS) || eng_monotonic_ms() - since_ms > STOP_MS)
            return eng_error_set(err, ENG_TIMED_OUT, "ended at once");
        (void)eng_tail_poll(demo->tail, 0, TAIL_RECORDS,
                            NULL); /* nothing depends on the last ones */
    }
    return status == ENG_STOPPED ? ENG_OK : status;
}

static void tear_down(struct demo *demo)
{
    eng_demo_source_free(demo->source);
    eng_http_stop(demo->http);
    if (demo->service != NULL)
        eng_service_free(demo->service);
    eng_tail_free(demo->tail);
    eng_mock_free(demo->mock);
    eng_stats_free(&demo->stats);
    eng_findings_done(&demo->findings);
    eng_synth_free(demo->synth);
    eng_synth_cast_free(demo->cast);
    eng_config_free(demo->loaded);
    if (demo->signals >= 0)
        (void)close(demo->signals); /* nothing was written to it */
}

/* Plays, stops, sums up. *ret_abrupt: threads are still at work and nothing may be freed. */
static enum eng_status run_started(struct demo *demo, bool *ret_abrupt, struct eng_error *err)
{
    eng_screen_start(&demo->screen);
    enum eng_status status = play(demo, err);
    struct eng_demo_view view = view_of(demo);
    eng_screen_end(&demo->screen, status == ENG_OK ? &view : NULL);
    enum eng_status stopped = stop(demo, err);
    *ret_abrupt = stopped == ENG_TIMED_OUT;
    if (status == ENG_OK && stopped == ENG_OK)
        status = eng_screen_summary(&view, err);
    return status == ENG_OK ? stopped : status;
}

static int run(const struct eng_args *args)
{
    struct eng_error err = {0};
    struct demo demo = {.args = args, .signals = -1, .began_ms = eng_monotonic_ms()};
    bool abrupt = false;
    eng_log_level_set((enum eng_log_level)args->values[LOG_LEVEL].number);
    enum eng_status status = start(&demo, &err);
    if (status == ENG_OK)
        status = run_started(&demo, &abrupt, &err);
    int code = status == ENG_OK ? ENG_EXIT_OK : eng_fail("demo", &err);
    if (abrupt)
        return ENG_EXIT_ABRUPT;
    tear_down(&demo);
    return status == ENG_IO ? ENG_EXIT_OUTPUT : code;
}

const struct eng_command eng_command_demo = {
    .name = "demo",
    .help = "show the whole daemon at work on made-up partners, nothing else needed",
    .text =
        "Runs a broker, a generator that plays months of partner actions in seconds, and the real\n"
        "daemon in one process, and shows what it tells: partners by band, the newest score\n"
        "changes and churn drops with their reasons. The HTTP pages are there too. On a terminal\n"
        "the table is redrawn in place; elsewhere a line is printed every second.\n"
        "\n"
        "--for 20s ends by itself and sums up: what became of the partners whom the generator "
        "made\n"
        "fade or leave, and how soon that was told. Ctrl-C ends it at any time, with the summary.\n"
        "\n"
        "The broker forgets what was committed in transactions and shows records at once: a demo\n"
        "proves nothing about exactly-once. Records are JSON in our own fields whatever the input\n"
        "section of --config says.\n",
    .options = demo_options,
    .run = run,
};
