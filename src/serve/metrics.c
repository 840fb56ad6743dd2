/* /metrics from one table. See metrics.h.
 *
 * A row says what it is counted by (its scope: the process, a worker, a partition, ...), which
 * fixes its labels, and how to get the number from a point of that scope. Numbers are integers in a
 * unit of 1/divisor, so that nothing is rounded on the way to the text. */
#include "serve/metrics.h"

#include "base/assert.h"
#include "codec/decode.h"
#include "serve/health.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

const uint16_t eng_http_codes[ENG_HTTP_CODES] = {200, 202, 400, 401, 403, 404,
                                                 405, 414, 500, 503, 504};

/* What a row has one sample for each of, and the labels that tell them apart. */
enum scope {
    SCOPE_BUILD,
    SCOPE_PROGRAM,
    SCOPE_PROCESS,
    SCOPE_HTTP,
    SCOPE_RELOAD,
    SCOPE_WORKER,
    SCOPE_STATE,
    SCOPE_REASON,
    SCOPE_PARTITION,
    SCOPE_OUTCOME,
    SCOPE_STANDBY,
};

static const char *const scope_labels[] = {
    [SCOPE_BUILD] = "version",
    [SCOPE_PROGRAM] = "program, model_version, group",
    [SCOPE_PROCESS] = "",
    [SCOPE_HTTP] = "code",
    [SCOPE_RELOAD] = "result",
    [SCOPE_WORKER] = "worker",
    [SCOPE_STATE] = "worker, state",
    [SCOPE_REASON] = "worker, reason",
    [SCOPE_PARTITION] = "group, topic, partition",
    [SCOPE_OUTCOME] = "group, topic, partition, outcome",
    [SCOPE_STANDBY] = "group, topic, partition",
};

/* One sample's place. */
struct point {
    const struct eng_metrics_input *input;
    const struct eng_worker_stats *worker;
    const struct eng_partition_stats *partition;
    const struct eng_standby_stats *standby;
    uint32_t worker_index;
    uint32_t which; /* state, reason, outcome, http code: its index */
};

enum type { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM };

static const char *const type_names[] = {
    [TYPE_COUNTER] = "counter", [TYPE_GAUGE] = "gauge", [TYPE_HISTOGRAM] = "histogram"};

struct metric {
    const char *name;
    enum type type;
    enum scope scope;
    int64_t divisor;                                         /* of what `get` gives */
    bool (*get)(const struct point *at, int64_t *ret_value); /* false: not known */
    const char *unit;
    const char *help;
};

static bool known(int64_t value, int64_t *ret_value)
{
    *ret_value = value;
    return value >= 0;
}

static bool get_one(const struct point *at, int64_t *ret_value)
{
    (void)at; /* the labels say it all */
    return known(1, ret_value);
}

/* Getters of plain fields. */
#define FIELD(function, from, field)                                                               \
    static bool function(const struct point *at, int64_t *ret_value)                               \
    {                                                                                              \
        return known((int64_t)at->from->field, ret_value);                                         \
    }

FIELD(get_rss, input, process.resident_bytes)
FIELD(get_virtual, input, process.virtual_bytes)
FIELD(get_cpu, input, process.cpu_us)
FIELD(get_open_fds, input, process.open_fds)
FIELD(get_max_fds, input, process.max_fds)
FIELD(get_threads, input, process.threads)
FIELD(get_started, input, started_ms)
FIELD(get_ready, input, ready)
FIELD(get_http, input, http_answers[at->which])
FIELD(get_partition_count, input, stats->partition_count)
FIELD(get_heartbeat, worker, heartbeat_ms)
FIELD(get_commits, worker, commits)
FIELD(get_aborts, worker, aborts)
FIELD(get_txn_bytes, worker, txn_bytes_max)
FIELD(get_txn_records, worker, txn_records_max)
FIELD(get_txn_us, worker, txn_us_max)
FIELD(get_halves, partition, halves)
FIELD(get_rotations, worker, producer_rotations)
FIELD(get_rebalances, worker, rebalances)
FIELD(get_dead_letters, worker, dead_letters[at->which])
FIELD(get_lag_records, partition, lag_records)
FIELD(get_lag_ms, partition, lag_ms)
FIELD(get_next_offset, partition, next_offset)
FIELD(get_end_offset, partition, end_offset)
FIELD(get_restoring, partition, restoring)
FIELD(get_stalled, partition, stalled)
FIELD(get_pages, partition, pages_written)
FIELD(get_clock, partition, clock_ms)
FIELD(get_partners, partition, partners)
FIELD(get_memory, partition, memory_bytes)
FIELD(get_read, partition, counters.read)
FIELD(get_outcome, partition, counters.outcome[at->which])
FIELD(get_score_changes, partition, counters.score_changes)
FIELD(get_churn_drops, partition, counters.churn_drops)
FIELD(get_cell_changes, partition, counters.cell_changes)
FIELD(get_reports, partition, counters.reports)
FIELD(get_award_bookings, partition, counters.award_bookings)
FIELD(get_abuse_flags, partition, counters.abuse_flags)
FIELD(get_held_out, partition, counters.held_out)
FIELD(get_digests, partition, counters.digests)
FIELD(get_left_out, partition, counters.left_out)
FIELD(get_held_released, partition, counters.held_released)
FIELD(get_held_discarded, partition, counters.held_discarded)
FIELD(get_held_unmatched, partition, counters.held_unmatched)
FIELD(get_award_unmatched, partition, counters.award_unmatched)

FIELD(get_takeovers, input, stats->standby_takeovers)
FIELD(get_discards, input, stats->standby_discards)
FIELD(get_behind, standby, behind_records)
FIELD(get_standby_records, standby, records)
FIELD(get_standby_partners, standby, partners)
FIELD(get_standby_memory, standby, memory_bytes)

/* Of whoever merges groups; not known where there is none. */
#define MERGER(function, field)                                                                    \
    static bool function(const struct point *at, int64_t *ret_value)                               \
    {                                                                                              \
        const struct eng_merger_stats *merger = &at->input->stats->merger;                         \
        return merger->there && known((int64_t)merger->field, ret_value);                          \
    }

MERGER(get_merger_owner, owner)
MERGER(get_group_results, results)
MERGER(get_sums_late, late)
MERGER(get_sums_bad, bad)
MERGER(get_groups_given, given_ms)
MERGER(get_groups_open, open_at_ms)
MERGER(get_groups_missing, missing)

static const char *const reload_results[ENG_RELOAD_COUNT] = {
    [ENG_RELOAD_ACCEPTED] = "accepted",
    [ENG_RELOAD_UNCHANGED] = "unchanged",
    [ENG_RELOAD_REFUSED] = "refused",
};

FIELD(get_reloads, input, stats->reload.counts[at->which])
FIELD(get_config_version, input, stats->reload.model_version)

static bool get_reload_ms(const struct point *at, int64_t *ret_value)
{
    return known(at->input->stats->reload.last_ms, ret_value);
}

static bool get_reload_success(const struct point *at, int64_t *ret_value)
{
    return known(!at->input->stats->reload.refused, ret_value);
}

static bool get_model_version(const struct point *at, int64_t *ret_value)
{
    *ret_value = at->partition->model_version;
    return *ret_value > 0;
}

static bool get_state(const struct point *at, int64_t *ret_value)
{
    return known((uint32_t)at->worker->state == at->which, ret_value);
}

static bool get_restore_left(const struct point *at, int64_t *ret_value)
{
    const struct eng_partition_stats *partition = at->partition;
    int64_t left = partition->restore_target - partition->restored_offset;
    return known(partition->restoring && left > 0 ? left : 0, ret_value);
}

/* What a restart would read again. */
static bool get_recovery(const struct point *at, int64_t *ret_value)
{
    const struct eng_partition_stats *partition = at->partition;
    if (partition->restoring || partition->low_water < 0 || partition->next_offset < 0)
        return false;
    int64_t again = partition->next_offset - partition->low_water;
    return known(again > 0 ? again : 0, ret_value);
}

static const struct metric metrics[] = {
    {"engaged_build_info", TYPE_GAUGE, SCOPE_BUILD, 1, get_one, "",
     "Always 1; the version is in the label."},
    {"engaged_program_info", TYPE_GAUGE, SCOPE_PROGRAM, 1, get_one, "",
     "Always 1; the program, the version of its model and the consumer group are in the labels."},
    {"engaged_config_reloads_total", TYPE_COUNTER, SCOPE_RELOAD, 1, get_reloads, "readings",
     "Readings of the configuration while it ran (SIGHUP), by what came of them."},
    {"engaged_config_reload_success", TYPE_GAUGE, SCOPE_PROCESS, 1, get_reload_success, "",
     "0 when the last of them was refused and everything is as before; the log says why."},
    {"engaged_config_reload_timestamp_seconds", TYPE_GAUGE, SCOPE_PROCESS, 1000, get_reload_ms,
     "seconds since 1970", "When the last of them was."},
    {"engaged_config_model_version", TYPE_GAUGE, SCOPE_PROCESS, 1, get_config_version, "",
     "`version` of the model in the configuration that was last taken up."},
    {"engaged_ready", TYPE_GAUGE, SCOPE_PROCESS, 1, get_ready, "",
     "1 when /readyz says so: every worker has joined and nothing is being restored."},
    {"engaged_assigned_partitions", TYPE_GAUGE, SCOPE_PROCESS, 1, get_partition_count, "",
     "Input partitions that this process holds."},
    {"engaged_worker_state", TYPE_GAUGE, SCOPE_STATE, 1, get_state, "",
     "1 for the state that the worker is in, 0 for the others."},
    {"engaged_worker_heartbeat_age_seconds", TYPE_GAUGE, SCOPE_WORKER, 1000, get_heartbeat,
     "seconds", "Time since the worker's loop last turned; /healthz looks at nothing else."},
    {"engaged_lag_records", TYPE_GAUGE, SCOPE_PARTITION, 1, get_lag_records, "records",
     "Records up to the last stable offset that are not committed yet."},
    {"engaged_lag_seconds", TYPE_GAUGE, SCOPE_PARTITION, 1000, get_lag_ms, "seconds",
     "Age of the newest committed record while there is lag, else 0."},
    {"engaged_next_offset", TYPE_GAUGE, SCOPE_PARTITION, 1, get_next_offset, "offset",
     "The first input offset that is not committed."},
    {"engaged_end_offset", TYPE_GAUGE, SCOPE_PARTITION, 1, get_end_offset, "offset",
     "The last stable offset of the partition."},
    {"engaged_event_clock_timestamp_seconds", TYPE_GAUGE, SCOPE_PARTITION, 1000, get_clock,
     "seconds since 1970", "The event-time clock of the partition."},
    {"engaged_model_version", TYPE_GAUGE, SCOPE_PARTITION, 1, get_model_version, "",
     "`version` of the model that is in force in the partition."},
    {"engaged_restoring", TYPE_GAUGE, SCOPE_PARTITION, 1, get_restoring, "",
     "1 while the partition's state is being rebuilt."},
    {"engaged_stalled", TYPE_GAUGE, SCOPE_PARTITION, 1, get_stalled, "",
     "1 when nothing was committed or re-read for half a minute although there is input."},
    {"engaged_restore_remaining_records", TYPE_GAUGE, SCOPE_PARTITION, 1, get_restore_left,
     "records",
     "Records still to be read in this phase of a restore: of the state topic, then of the input."},
    {"engaged_recovery_records", TYPE_GAUGE, SCOPE_PARTITION, 1, get_recovery, "records",
     "Input records that a restart would read again: those behind low water."},
    {"engaged_pages_written_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_pages, "pages",
     "Pages of partners written to the state topic since the partition was assigned."},
    {"engaged_partners", TYPE_GAUGE, SCOPE_PARTITION, 1, get_partners, "partners",
     "Partners with a counted event."},
    {"engaged_state_bytes", TYPE_GAUGE, SCOPE_PARTITION, 1, get_memory, "bytes",
     "Memory held by the partition's state, tables and slack included."},
    {"engaged_records_read_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_read, "records",
     "Records read; always the sum of engaged_events_total over its outcomes."},
    {"engaged_events_total", TYPE_COUNTER, SCOPE_OUTCOME, 1, get_outcome, "records",
     "Records by what became of them. The count goes on after a restart."},
    {"engaged_score_changes_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_score_changes, "events",
     "Score changes told."},
    {"engaged_churn_drops_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_churn_drops, "events",
     "Churn drops told, opened and resolved."},
    {"engaged_churn_drops_held_out_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_held_out, "events",
     "Of the churn drops told since this process has the partition, those of control groups."},
    {"engaged_digests_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_digests, "events",
     "Digests of budgets told since this process has the partition."},
    {"engaged_openings_left_out_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_left_out, "events",
     "Openings that budgets have left out since this process has the partition, in digests."},
    {"engaged_cell_changes_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_cell_changes, "events",
     "Cell changes told since this process has the partition."},
    {"engaged_reports_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_reports, "events",
     "Report cards made since this process has the partition."},
    {"engaged_award_bookings_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_award_bookings, "events",
     "Bookings of awards told, and what became of them."},
    {"engaged_abuse_flags_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_abuse_flags, "events",
     "Events that checks have found, once for each check, and decisions on those that were held."},
    {"engaged_held_released_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_held_released, "events",
     "Events that a check has held and that were counted later."},
    {"engaged_held_discarded_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_held_discarded, "events",
     "Events that a check has held and that never will be counted."},
    {"engaged_held_unmatched_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_held_unmatched, "events",
     "Events that release or discard what is not held, or not any more."},
    {"engaged_award_unmatched_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_award_unmatched,
     "events", "Events that approve, drop or reverse what is not known, or not any more."},
    {"engaged_groups_merging", TYPE_GAUGE, SCOPE_PROCESS, 1, get_merger_owner, "",
     "1 when this process adds up the groups of all partitions; one of those that run does."},
    {"engaged_group_results_total", TYPE_COUNTER, SCOPE_PROCESS, 1, get_group_results, "events",
     "Results of groups, boards, and texts at two partners told by this process."},
    {"engaged_groups_told_timestamp_seconds", TYPE_GAUGE, SCOPE_PROCESS, 1000, get_groups_given,
     "seconds", "The newest end of a period whose groups have been told, where they are merged."},
    {"engaged_groups_waiting_timestamp_seconds", TYPE_GAUGE, SCOPE_PROCESS, 1000, get_groups_open,
     "seconds", "The oldest end of a period that some partitions have told and others have not."},
    {"engaged_groups_missing_partition", TYPE_GAUGE, SCOPE_PROCESS, 1, get_groups_missing, "",
     "The lowest of the partitions that it waits for."},
    {"engaged_group_sums_late_total", TYPE_COUNTER, SCOPE_PROCESS, 1, get_sums_late, "records",
     "Sums that came after the results of their moment had been told; they count no more."},
    {"engaged_group_sums_bad_total", TYPE_COUNTER, SCOPE_PROCESS, 1, get_sums_bad, "records",
     "Records of the topic of sums that could not be read, and were left out."},
    {"engaged_standby_behind_records", TYPE_GAUGE, SCOPE_STANDBY, 1, get_behind, "records",
     "Records of the state topic that the standby of a partition has not read yet, marks of "
     "transactions included."},
    {"engaged_standby_records_read_total", TYPE_COUNTER, SCOPE_STANDBY, 1, get_standby_records,
     "records", "Records of the state topic that the standby has read since it began."},
    {"engaged_standby_partners", TYPE_GAUGE, SCOPE_STANDBY, 1, get_standby_partners, "partners",
     "Partners whose pages the standby has."},
    {"engaged_standby_state_bytes", TYPE_GAUGE, SCOPE_STANDBY, 1, get_standby_memory, "bytes",
     "Memory held by the standby."},
    {"engaged_standby_takeovers_total", TYPE_COUNTER, SCOPE_PROCESS, 1, get_takeovers, "standbys",
     "Partitions that were restored from a standby of this process."},
    {"engaged_standby_discards_total", TYPE_COUNTER, SCOPE_PROCESS, 1, get_discards, "standbys",
     "Standbys that were thrown away: outdated by a change of the model or of the state, too large "
     "for run.memory, or not as committed."},
    {"engaged_dead_letters_total", TYPE_COUNTER, SCOPE_REASON, 1, get_dead_letters, "records",
     "Records sent to the dead-letter topic since the process began, by reason."},
    {"engaged_commits_total", TYPE_COUNTER, SCOPE_WORKER, 1, get_commits, "transactions",
     "Transactions committed since the process began."},
    {"engaged_aborts_total", TYPE_COUNTER, SCOPE_WORKER, 1, get_aborts, "transactions",
     "Transactions aborted since the process began."},
    {"engaged_commit_latency_seconds", TYPE_HISTOGRAM, SCOPE_WORKER, 1, NULL, "seconds",
     "Time from the begin of a transaction's commit to its end."},
    {"engaged_largest_transaction_bytes", TYPE_GAUGE, SCOPE_WORKER, 1, get_txn_bytes, "bytes",
     "The largest transaction since the process began, as it lay in memory."},
    {"engaged_largest_transaction_records", TYPE_GAUGE, SCOPE_WORKER, 1, get_txn_records, "records",
     "The most records of one transaction since the process began."},
    {"engaged_longest_transaction_seconds", TYPE_GAUGE, SCOPE_WORKER, 1000000, get_txn_us,
     "seconds", "The longest commit of a transaction since the process began."},
    {"engaged_inputs_paused_total", TYPE_COUNTER, SCOPE_PARTITION, 1, get_halves, "inputs",
     "Inputs that were left half done, to go on in another turn or transaction. Begins anew with "
     "the partition's assignment."},
    {"engaged_producer_rotations_total", TYPE_COUNTER, SCOPE_WORKER, 1, get_rotations, "producers",
     "Producers replaced after an outcome that was in doubt."},
    {"engaged_rebalances_total", TYPE_COUNTER, SCOPE_WORKER, 1, get_rebalances, "rebalances",
     "Changes of the worker's assignment."},
    {"engaged_http_answers_total", TYPE_COUNTER, SCOPE_HTTP, 1, get_http, "answers",
     "Answers of this HTTP server by status code."},
    {"process_resident_memory_bytes", TYPE_GAUGE, SCOPE_PROCESS, 1, get_rss, "bytes",
     "Resident memory."},
    {"process_virtual_memory_bytes", TYPE_GAUGE, SCOPE_PROCESS, 1, get_virtual, "bytes",
     "Virtual memory."},
    {"process_cpu_seconds_total", TYPE_COUNTER, SCOPE_PROCESS, 1000000, get_cpu, "seconds",
     "User and system CPU time."},
    {"process_open_fds", TYPE_GAUGE, SCOPE_PROCESS, 1, get_open_fds, "descriptors",
     "Open file descriptors."},
    {"process_max_fds", TYPE_GAUGE, SCOPE_PROCESS, 1, get_max_fds, "descriptors",
     "Limit of open file descriptors."},
    {"process_threads", TYPE_GAUGE, SCOPE_PROCESS, 1, get_threads, "threads", "Threads."},
    {"process_start_time_seconds", TYPE_GAUGE, SCOPE_PROCESS, 1000, get_started,
     "seconds since 1970", "When the process began."},
};

enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

/* A label's value: backslash, quote and newline are escaped. */
static void add_label(struct eng_text *out, const char *name, const char *value)
{
    eng_text_add(out, "%s=\"", name);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n')
            eng_text_add_bytes(out, "\\n", 2);
        else if (*c == '\\' || *c == '"')
            eng_text_add(out, "\\%c", *c);
        else
            eng_text_add_bytes(out, c, 1);
    }
    eng_text_add_bytes(out, "\"", 1);
}

enum { STATE_COUNT = ENG_WORKER_STOPPED + 1 };

static void add_partition_labels(struct eng_text *out, const struct point *at, int32_t partition)
{
    const struct eng_config *config = at->input->config;
    add_label(out, "group", config->kafka.group ? config->kafka.group : "");
    add_label(out, ",topic", config->input.topic ? config->input.topic : "");
    eng_text_add(out, ",partition=\"%d\"", partition);
}

/* What stands between the braces of a sample. */
static void add_labels(struct eng_text *out, enum scope scope, const struct point *at)
{
    const struct eng_config *config = at->input->config;
    switch (scope) {
    case SCOPE_BUILD:
        add_label(out, "version", ENGAGED_VERSION);
        break;
    case SCOPE_PROGRAM:
        add_label(out, "program", eng_model_program(config->model));
        eng_text_add(out, ",model_version=\"%" PRIu32 "\"", at->input->stats->reload.model_version);
        add_label(out, ",group", config->kafka.group ? config->kafka.group : "");
        break;
    case SCOPE_PROCESS:
        break;
    case SCOPE_HTTP:
        eng_text_add(out, "code=\"%u\"", eng_http_codes[at->which]);
        break;
    case SCOPE_RELOAD:
        add_label(out, "result", reload_results[at->which]);
        break;
    case SCOPE_WORKER:
    case SCOPE_STATE:
    case SCOPE_REASON:
        eng_text_add(out, "worker=\"%" PRIu32 "\"", at->worker_index);
        if (scope == SCOPE_STATE)
            add_label(out, ",state", eng_worker_state_name((enum eng_worker_state)at->which));
        if (scope == SCOPE_REASON)
            add_label(out, ",reason", eng_reason_name((enum eng_reason)at->which));
        break;
    case SCOPE_PARTITION:
    case SCOPE_OUTCOME:
        add_partition_labels(out, at, at->partition->partition);
        if (scope == SCOPE_OUTCOME)
            add_label(out, ",outcome", eng_outcome_name((enum eng_outcome)at->which));
        break;
    case SCOPE_STANDBY:
        add_partition_labels(out, at, at->standby->partition);
        break;
    }
}

static void add_sample(struct eng_text *out, const struct metric *metric, const struct point *at)
{
    int64_t value = 0;
    if (!metric->get(at, &value))
        return;
    eng_text_add(out, "%s", metric->name);
    if (metric->scope != SCOPE_PROCESS) {
        eng_text_add_bytes(out, "{", 1);
        add_labels(out, metric->scope, at);
        eng_text_add_bytes(out, "}", 1);
    }
    eng_text_add_bytes(out, " ", 1);
    eng_text_add_decimal(out, value, metric->divisor);
    eng_text_add_bytes(out, "\n", 1);
}

/* Cumulative buckets, as the format wants them; the last one is the count. */
static void add_histogram(struct eng_text *out, const struct metric *metric, const struct point *at)
{
    const struct eng_worker_stats *worker = at->worker;
    uint64_t sum = 0;
    for (int i = 0; i < ENG_LATENCY_BUCKETS; i++) {
        sum += worker->commit_latency[i];
        eng_text_add(out, "%s_bucket{worker=\"%" PRIu32 "\",le=\"", metric->name, at->worker_index);
        if (i < ENG_LATENCY_BUCKETS - 1)
            eng_text_add_decimal(out, eng_latency_bounds_ms[i], 1000);
        else
            eng_text_add(out, "+Inf");
        eng_text_add(out, "\"} %" PRIu64 "\n", sum);
    }
    eng_text_add(out, "%s_sum{worker=\"%" PRIu32 "\"} ", metric->name, at->worker_index);
    eng_text_add_decimal(out, (int64_t)worker->commit_latency_sum_us, 1000000);
    eng_text_add(out, "\n%s_count{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", metric->name,
                 at->worker_index, sum);
}

/* How many samples a scope has for each worker or partition, or at all. The first reason is "none".
 */
static uint32_t which_first(enum scope scope)
{
    return scope == SCOPE_REASON ? ENG_REASON_NONE + 1 : 0;
}

static uint32_t which_end(enum scope scope)
{
    switch (scope) {
    case SCOPE_HTTP:
        return ENG_HTTP_CODES;
    case SCOPE_RELOAD:
        return ENG_RELOAD_COUNT;
    case SCOPE_STATE:
        return STATE_COUNT;
    case SCOPE_REASON:
        return ENG_REASON_NO_MEMORY; /* never a dead letter */
    case SCOPE_OUTCOME:
        return ENG_OUTCOME_COUNT;
    default:
        return 1;
    }
}

static void add_point(struct eng_text *out, const struct metric *metric, struct point *at)
{
    if (metric->type == TYPE_HISTOGRAM) {
        add_histogram(out, metric, at);
        return;
    }
    for (at->which = which_first(metric->scope); at->which < which_end(metric->scope); at->which++)
        add_sample(out, metric, at);
}

static void add_metric(struct eng_text *out, const struct metric *metric,
                       const struct eng_metrics_input *input)
{
    struct point at = {.input = input};
    eng_text_add(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                 type_names[metric->type]);
    if (metric->scope < SCOPE_WORKER) {
        add_point(out, metric, &at);
        return;
    }
    bool standbys = metric->scope == SCOPE_STANDBY;
    bool partitions = metric->scope >= SCOPE_PARTITION && !standbys;
    uint32_t count = standbys     ? input->stats->standby_count
                     : partitions ? input->stats->partition_count
                                  : input->stats->worker_count;
    for (uint32_t i = 0; i < count; i++) {
        at.worker_index = i;
        at.worker = partitions || standbys ? NULL : &input->stats->workers[i];
        at.partition = partitions ? &input->stats->partitions[i] : NULL;
        at.standby = standbys ? &input->stats->standbys[i] : NULL;
        add_point(out, metric, &at);
    }
}

void eng_metrics_write(struct eng_text *out, const struct eng_metrics_input *input)
{
    _Static_assert(sizeof((struct eng_worker_stats){0}.dead_letters) / sizeof(uint64_t) >=
                       ENG_REASON_NO_MEMORY,
                   "every reason has a counter");
    eng_assert(input->config != NULL && input->stats != NULL);
    for (size_t i = 0; i < METRIC_COUNT; i++)
        add_metric(out, &metrics[i], input);
}

void eng_metrics_markdown(struct eng_text *out)
{
    eng_text_add(
        out, "# Metrics\n\nWritten by `engaged help metrics` from the table of the program; a "
             "test compares.\n\n`GET /metrics` answers in the Prometheus text format. Rates are "
             "the reader's work: `rate(engaged_events_total[1m])`.\nA value that is not known "
             "yet (the lag before the first look at the broker) is left out.\n\n"
             "| name | type | labels | unit | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < METRIC_COUNT; i++)
        eng_text_add(out, "| `%s` | %s | %s | %s | %s |\n", metrics[i].name,
                     type_names[metrics[i].type], scope_labels[metrics[i].scope], metrics[i].unit,
                     metrics[i].help);
    eng_text_add(out, "\n## Values of labels\n\n| label | values |\n|---|---|\n| `outcome` |");
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++)
        eng_text_add(out, " %s", eng_outcome_name((enum eng_outcome)i));
    eng_text_add(out, " |\n| `reason` |");
    for (int i = ENG_REASON_NONE + 1; i < ENG_REASON_NO_MEMORY; i++)
        eng_text_add(out, " %s", eng_reason_name((enum eng_reason)i));
    eng_text_add(out, " |\n| `state` |");
    for (int i = 0; i < STATE_COUNT; i++)
        eng_text_add(out, " %s", eng_worker_state_name((enum eng_worker_state)i));
    eng_text_add(out, " |\n| `result` |");
    for (int i = 0; i < ENG_RELOAD_COUNT; i++)
        eng_text_add(out, " %s", reload_results[i]);
    eng_text_add(out, " |\n");
}
