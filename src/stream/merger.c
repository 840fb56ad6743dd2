/* The merger. See merger.h.
 *
 *              assigned, asked where to begin           read to the end
 *   NOWHERE ------------------------------> READING -----------------> GIVING
 *      ^                                                                  |
 *      +------- revoked, or a transaction that was not committed ---------+
 *
 * While a transaction is under way the loop goes on polling, so that it stays a member of its
 * group; what it reads meanwhile is gathered for the next one. If the transaction turns out not to
 * be committed, all that was gathered is forgotten and read again. */
#include "stream/merger_inside.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/rules.h"
#include "model/config.h"
#include "stream/meta.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    BATCH = 512,
    POLL_MS = 50,
    GATE_MS = 20,
    ASK_PAUSE_MS = 50,
    ASK_PAUSE_MS_MAX = 2000,
    BLANK_MAX = 12, /* times "no offset" is not believed: 15 s with those pauses, as in recall.c */
    REVOKE_MS = 15000,
    SETTLE_STEP_MS = 50,
    LEAVE_MS = 10000,
    WAIT_SAID_US = 600000000, /* a moment that waits so long for a partition is worth a line */
};

/* ---- making and freeing ---- */

void eng_merger_config(const struct eng_config *config, char group[ENG_MERGER_GROUP_BYTES],
                       struct eng_config *ret_config)
{
    eng_assert(config->kafka.group != NULL);
    eng_assert(config->output.group_sums != NULL);
    *ret_config = *config;
    (void)snprintf(group, ENG_MERGER_GROUP_BYTES, "%.*s-groups", ENG_MERGER_GROUP_BYTES - 8,
                   config->kafka.group); /* cut when it is longer than a broker takes anyway */
    ret_config->kafka.group = group;
    ret_config->kafka.instance = NULL; /* it is not in anybody's place when it comes again */
    ret_config->input.topic = config->output.group_sums;
}

enum eng_status eng_merger_new(const struct eng_merger_options *options,
                               struct eng_merger **ret_merger, struct eng_error *err)
{
    eng_assert(options->config != NULL && options->port != NULL);
    eng_assert(options->gate != NULL);
    struct eng_merger *merger = eng_calloc(1, sizeof *merger);
    struct eng_port_record *records = eng_calloc(BATCH, sizeof *records);
    if (merger == NULL || records == NULL) {
        eng_free(merger);
        eng_free(records);
        options->port->ops->free(options->port);
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for merging groups");
    }
    merger->options = *options;
    merger->port = options->port;
    merger->batch = (struct eng_port_batch){.records = records, .capacity = BATCH};
    merger->from = (struct eng_port_offset){.next = -1};
    merger->waits_for_ms = merger->ended_at = -1;
    merger->ask_pause_ms = ASK_PAUSE_MS;
    merger->stats.open_at_ms = merger->stats.given_ms = merger->stats.missing = -1;
    pthread_mutex_init(&merger->lock, NULL);
    eng_txn_init(&merger->txn);
    eng_committer_init(&merger->committer, merger->port);
    eng_sink_init(&merger->sink, merger->port, options->config->model, options->config->input.topic,
                  "");
    *ret_merger = merger;
    return ENG_OK;
}

void eng_merger_free(struct eng_merger *merger)
{
    if (merger == NULL)
        return;
    eng_assert(merger->port != NULL);
    eng_committer_done(&merger->committer);
    eng_gather_free(merger->gather);
    eng_txn_done(&merger->txn);
    eng_sink_done(&merger->sink);
    merger->port->ops->free(merger->port);
    pthread_mutex_destroy(&merger->lock);
    eng_free(merger->batch.records);
    eng_assert(merger->batch.count == 0);
    eng_free(merger);
}

void eng_merger_stop(struct eng_merger *merger)
{
    eng_assert(merger != NULL);
    eng_assert(merger->port != NULL);
    atomic_store(&merger->stop, true);
}

bool eng_merger_stopped(struct eng_merger *merger, enum eng_status *ret_status,
                        struct eng_error *err)
{
    eng_assert(merger != NULL);
    if (!atomic_load(&merger->ended))
        return false;
    *ret_status = merger->error.status != ENG_OK ? merger->error.status : ENG_STOPPED;
    if (merger->error.status != ENG_OK)
        (void)eng_error_set(err, merger->error.status, "%s", merger->error.text);
    eng_assert(*ret_status != ENG_OK);
    return true;
}

const char *eng_merger_stuck(const struct eng_merger *merger, int64_t now_us, int64_t limit_us)
{
    eng_assert(merger != NULL);
    eng_assert(limit_us > 0);
    return eng_committer_stuck(&merger->committer, now_us, limit_us);
}

/* ---- to be seen ---- */

void eng_merger_show(struct eng_merger *merger, struct eng_merger_stats *ret_stats)
{
    eng_assert(ret_stats != NULL);
    eng_assert(merger != NULL);
    pthread_mutex_lock(&merger->lock);
    *ret_stats = merger->stats;
    pthread_mutex_unlock(&merger->lock);
}

static void show(struct eng_merger *merger, int64_t open_ms)
{
    eng_assert(open_ms >= -1);
    eng_assert(merger->place == NOWHERE || merger->gather != NULL);
    pthread_mutex_lock(&merger->lock);
    merger->stats.there = true;
    merger->stats.owner = merger->place == GIVING;
    merger->stats.open_at_ms = open_ms;
    merger->stats.missing = open_ms >= 0 ? eng_gather_missing(merger->gather, open_ms) : -1;
    if (merger->gather != NULL && !merger->in_flight)
        merger->stats.given_ms = eng_gather_given(merger->gather);
    if (merger->gather != NULL)
        merger->stats.late = eng_gather_late(merger->gather);
    pthread_mutex_unlock(&merger->lock);
}

/* A moment that waits for long is named, with the partition that it waits for. */
static void say_what_is_missing(struct eng_merger *merger, int64_t open_ms)
{
    int64_t now_us = merger->port->ops->mono_us(merger->port);
    open_ms = merger->place == GIVING ? open_ms : -1;
    eng_assert(open_ms >= -1);
    eng_assert(now_us >= 0);
    if (open_ms != merger->waits_for_ms) {
        merger->waits_for_ms = open_ms;
        merger->waits_since_us = merger->said_us = now_us;
    }
    if (open_ms < 0 || now_us - merger->said_us < WAIT_SAID_US)
        return;
    merger->said_us = now_us;
    eng_log(ENG_LOG_WARN, "stream",
            "the groups of %" PRId64 " have waited for %" PRId64 " s: partition %" PRId32
            " has not come so far, or its worker does not run",
            open_ms, (now_us - merger->waits_since_us) / 1000000,
            eng_gather_missing(merger->gather, open_ms));
}

/* ---- where it is ---- */

/* Forgets all; what has been assigned is asked about again. */
static void go_nowhere(struct eng_merger *merger)
{
    eng_assert(!merger->in_flight);
    eng_gather_free(merger->gather);
    merger->gather = NULL;
    merger->place = NOWHERE;
    merger->ended_at = -1;
    merger->ask_due_us = 0;
    merger->ask_pause_ms = ASK_PAUSE_MS;
    eng_txn_clear(&merger->txn);
    eng_assert(merger->txn.record_count == 0);
}

static void count_results(struct eng_merger *merger)
{
    const struct eng_txn *txn = &merger->txn;
    struct eng_txn_place place = {0};
    struct eng_port_header headers[ENG_TXN_HEADERS_MAX];
    struct eng_port_output output;
    uint64_t results = 0;
    eng_assert(txn->outcome == ENG_TXN_DONE);
    while (eng_txn_next(txn, &place, headers, &output))
        results += output.topic != ENG_TOPIC_GROUP_SUMS;
    eng_assert(results <= txn->record_count);
    pthread_mutex_lock(&merger->lock);
    merger->stats.results += results;
    merger->stats.commits++;
    pthread_mutex_unlock(&merger->lock);
}

/* What became of the transaction, if that is known. */
static void take_outcome(struct eng_merger *merger)
{
    struct eng_txn *txn = &merger->txn;
    if (!merger->in_flight || eng_courier_busy(&merger->sender))
        return;
    eng_assert(txn->outcome != ENG_TXN_NONE);
    eng_assert(txn->offset_count == 1);
    merger->in_flight = false;
    if (txn->outcome == ENG_TXN_DONE) {
        merger->from = txn->offsets[0].now;
        count_results(merger);
        eng_txn_clear(txn);
        return;
    }
    /* A producer that was fenced: its broker has given it up, as nobody else has its name. */
    bool fenced = txn->outcome == ENG_TXN_FAILED && txn->error.status == ENG_LOST;
    if (txn->outcome == ENG_TXN_FAILED && !fenced)
        merger->error = txn->error;
    else
        eng_log(ENG_LOG_WARN, "stream", "results of groups were not committed: beginning again");
    go_nowhere(merger);
}

/* Waits for the commit thread; at the deadline, or at once in a hurry, it is told to give up. */
static void settle(struct eng_merger *merger, bool hurry, int64_t within_ms)
{
    int64_t deadline_us = merger->port->ops->mono_us(merger->port) + within_ms * 1000;
    eng_assert(within_ms >= 0);
    if (!merger->in_flight && !merger->renewing)
        return;
    while (eng_courier_busy(&merger->sender)) {
        if (hurry || merger->port->ops->mono_us(merger->port) >= deadline_us)
            atomic_store(&merger->committer.cancel, true);
        (void)eng_courier_wait(&merger->sender, SETTLE_STEP_MS); /* looked at again */
    }
    atomic_store(&merger->committer.cancel, false);
    merger->renewing = false;
    take_outcome(merger);
    eng_assert(!merger->in_flight);
}

/* ---- the group's callbacks ---- */

static void on_assigned(void *context, const int32_t *partitions, uint32_t count)
{
    struct eng_merger *merger = context;
    eng_assert(partitions != NULL || count == 0);
    eng_assert(count == 0 || !merger->in_flight); /* others may come and go meanwhile */
    for (uint32_t i = 0; i < count; i++)
        merger->assigned |= partitions[i] == 0;
    if (count > 0)
        eng_log(ENG_LOG_INFO, "stream", "merges the groups of the program");
}

static void on_revoked(void *context, const int32_t *partitions, uint32_t count, bool lost)
{
    struct eng_merger *merger = context;
    eng_assert(partitions != NULL || count == 0);
    if (count == 0)
        return;
    if (ENG_RULE(SUMS_SETTLED))
        settle(merger, lost, REVOKE_MS);
    if (ENG_RULE(SUMS_FORGOTTEN))
        go_nowhere(merger);
    merger->assigned = false;
    eng_log(ENG_LOG_INFO, "stream", "does not merge the groups of the program any more");
    eng_assert(!merger->in_flight);
}

static void on_ended(void *context, int32_t partition, int64_t next, bool all)
{
    struct eng_merger *merger = context;
    eng_assert(partition == 0);
    eng_assert(next >= 0);
    merger->ended_at = next;
    merger->ended_all = all;
}

static void on_failed(void *context, int32_t partition, enum eng_status status, const char *text)
{
    struct eng_merger *merger = context;
    eng_assert(status != ENG_OK);
    eng_assert(partition >= -1);
    if (status == ENG_NOT_FOUND && merger->place != NOWHERE) {
        eng_log(ENG_LOG_WARN, "stream", "%s: reading the sums of groups from the beginning", text);
        settle(merger, false, REVOKE_MS);
        go_nowhere(merger);
        merger->from.next = -1;
    } else if (eng_status_class(status) != ENG_CLASS_RETRY && status != ENG_NOT_FOUND) {
        (void)eng_error_set(&merger->error, status, "%s", text);
    }
}

/* ---- beginning ---- */

static bool doze(struct eng_merger *merger, int64_t ms)
{
    eng_assert(ms >= 0);
    for (int64_t slept = 0; slept < ms && !atomic_load(&merger->stop); slept += GATE_MS)
        merger->port->ops->sleep_ms(merger->port, GATE_MS);
    return !atomic_load(&merger->stop);
}

/* How many partitions the input has, once the topics have been looked at. */
static bool ask_partitions(struct eng_merger *merger)
{
    struct eng_topic_info info = {.exists = false};
    eng_assert(merger->partition_count == 0);
    while (!info.exists) {
        struct eng_error cause = {0};
        enum eng_status status = merger->port->ops->topic_info(
            merger->port, merger->options.config->input.topic, &info, &cause);
        if (status != ENG_OK && eng_status_class(status) != ENG_CLASS_RETRY) {
            merger->error = cause;
            return false;
        }
        if (!info.exists && !doze(merger, ASK_PAUSE_MS_MAX))
            return false;
    }
    merger->partition_count = info.partition_count;
    eng_assert(merger->partition_count > 0);
    return true;
}

bool eng_merger_begin(struct eng_merger *merger)
{
    eng_assert(!merger->joined);
    while (atomic_load(merger->options.gate) == 0 && doze(merger, GATE_MS))
        continue;
    if (atomic_load(merger->options.gate) != 1 || !ask_partitions(merger))
        return false;
    merger->handler = (struct eng_port_handler){.context = merger,
                                                .assigned = on_assigned,
                                                .revoked = on_revoked,
                                                .ended = on_ended,
                                                .failed = on_failed};
    if (eng_courier_start(&merger->sender, merger->options.way, &merger->error) != ENG_OK)
        return false;
    if (merger->port->ops->join(merger->port, &merger->handler, &merger->error) != ENG_OK) {
        eng_courier_stop(&merger->sender);
        return false;
    }
    merger->joined = true;
    eng_assert(merger->place == NOWHERE);
    return true;
}

/* ---- the turn ---- */

/* "No offset" beside sums: nobody has merged any yet, or the coordinator is one that has just taken
 * over and does not know of it. */
static bool is_blank(struct eng_merger *merger, const struct eng_port_offset *offset,
                     const int64_t bounds[2])
{
    bool blank = offset->next < 0 && bounds[1] > bounds[0];
    eng_assert(bounds[0] <= bounds[1]);
    merger->blank_count = blank ? merger->blank_count + 1 : 0;
    eng_assert(blank || merger->blank_count == 0);
    return blank && merger->blank_count <= BLANK_MAX && ENG_RULE(SUMS_OFFSET);
}

/* What the group has, and where reading begins. */
static enum eng_status ask_place(struct eng_merger *merger, struct eng_merge_meta *ret_meta,
                                 struct eng_error *err)
{
    struct eng_port *port = merger->port;
    struct eng_port_offset offset = {.partition = 0, .next = -1};
    int64_t bounds[2] = {0};
    enum eng_status status = port->ops->committed(port, &offset, 1, err);
    eng_assert(merger->gather == NULL);
    *ret_meta = (struct eng_merge_meta){.given_ms = -1};
    if (status == ENG_OK)
        status = port->ops->bounds(port, ENG_TOPIC_INPUT, 0, bounds, err);
    if (status == ENG_OK && is_blank(merger, &offset, bounds))
        return eng_error_set(err, ENG_UNAVAILABLE, "no offset beside sums of groups");
    if (status == ENG_OK && offset.next >= 0)
        status = eng_merge_meta_read(offset.meta, ret_meta, err);
    if (status != ENG_OK)
        return status;
    eng_assert(bounds[0] >= 0);
    merger->from = offset;
    merger->next = offset.next >= bounds[0] && offset.next <= bounds[1] ? offset.next : bounds[0];
    merger->sequence = ret_meta->sequence;
    return ENG_OK;
}

static enum eng_status begin_reading(struct eng_merger *merger, struct eng_error *err)
{
    struct eng_merge_meta meta;
    enum eng_status status = ask_place(merger, &meta, err);
    eng_assert(merger->place == NOWHERE);
    int64_t given_ms = ENG_RULE(SUMS_GIVEN) ? meta.given_ms : -1;
    if (status == ENG_OK &&
        eng_gather_new((uint32_t)merger->partition_count, given_ms, &merger->gather) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for merging groups");
    const struct eng_port_offset set = {.partition = 0, .next = merger->next};
    if (status == ENG_OK) /* what is fetched already would go on where it is */
        status = merger->port->ops->assign(merger->port, &set, 0, err);
    if (status == ENG_OK)
        status = merger->port->ops->assign(merger->port, &set, 1, err);
    if (status == ENG_OK) {
        merger->place = ENG_RULE(SUMS_TO_THE_END) ? READING : GIVING;
        merger->blank_count = 0; /* the next time it may be another coordinator */
    } else {
        go_nowhere(merger);
    }
    eng_assert(status != ENG_OK || merger->gather != NULL);
    return status;
}

static void renew_errand(void *context)
{
    struct eng_merger *merger = context;
    eng_error_clear(&merger->renew_error);
    (void)eng_committer_ready(&merger->committer, &merger->renew_error); /* the error says it */
}

/* After an end that was not answered a new producer comes first: its epoch ends what may still be
 * open, for which the group's offset would be waited for. True: there is one, or nothing in doubt.
 */
static bool has_no_doubt(struct eng_merger *merger)
{
    eng_assert(!merger->in_flight);
    if (merger->renewing && eng_courier_busy(&merger->sender))
        return false;
    if (merger->renewing && merger->renew_error.status != ENG_OK &&
        merger->renew_error.status != ENG_STOPPED)
        merger->error = merger->renew_error;
    merger->renewing = false;
    if (merger->error.status != ENG_OK || merger->committer.state != ENG_COMMITTER_DOUBT)
        return merger->error.status == ENG_OK;
    merger->renewing = true;
    eng_courier_submit(&merger->sender, renew_errand, merger);
    eng_assert(merger->renewing);
    return false;
}

/* Asks where to begin, until there is an answer. */
static void phase_ask(struct eng_merger *merger)
{
    int64_t now_us = merger->port->ops->mono_us(merger->port), pause_ms = merger->ask_pause_ms;
    struct eng_error cause = {0};
    if (merger->place != NOWHERE || !merger->assigned || now_us < merger->ask_due_us ||
        !has_no_doubt(merger))
        return;
    enum eng_status status = begin_reading(merger, &cause);
    eng_assert(status == ENG_OK || merger->place == NOWHERE);
    if (status == ENG_OK)
        return;
    if (eng_status_class(status) != ENG_CLASS_RETRY) {
        merger->error = cause;
        return;
    }
    merger->ask_due_us = now_us + pause_ms * 1000;
    merger->ask_pause_ms = 2 * pause_ms < ASK_PAUSE_MS_MAX ? 2 * pause_ms : ASK_PAUSE_MS_MAX;
    eng_assert(merger->ask_pause_ms > 0);
}

/* A record that cannot be read is passed over, and said: the rest can still be merged. */
static void take_record(struct eng_merger *merger, const struct eng_port_record *record)
{
    struct eng_error cause = {0};
    const struct eng_gather_record one = {.key = record->key,
                                          .key_bytes = record->key_bytes,
                                          .value = record->value,
                                          .value_bytes = record->value_bytes,
                                          .offset = record->offset};
    eng_assert(record->partition == 0);
    enum eng_status status = eng_gather_take(merger->gather, &one, &cause);
    eng_assert(record->offset >= merger->next);
    eng_assert(cause.status == status);
    merger->next = record->offset + 1;
    if (status == ENG_NO_MEMORY)
        merger->error = cause;
    if (status == ENG_CORRUPT) {
        eng_log(ENG_LOG_ERROR, "stream", "offset %" PRId64 " of topic %s: %s: it is left out",
                record->offset, merger->options.config->output.group_sums, cause.text);
        pthread_mutex_lock(&merger->lock);
        merger->stats.bad++;
        pthread_mutex_unlock(&merger->lock);
    }
}

/* The end that was said while polling, once what came with it has been taken. */
static void take_end(struct eng_merger *merger)
{
    int64_t ended_at = merger->ended_at;
    merger->ended_at = -1;
    if (ended_at < 0 || merger->place == NOWHERE)
        return;
    if (ended_at > merger->next)
        merger->next = ended_at; /* marks of transactions, or records that are compacted away */
    if (merger->ended_all && merger->place == READING)
        merger->place = GIVING;
    eng_assert(merger->next >= ended_at);
    eng_assert(merger->gather != NULL);
}

static void phase_poll(struct eng_merger *merger)
{
    struct eng_port_batch *batch = &merger->batch;
    merger->port->ops->poll(merger->port, batch, POLL_MS);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct eng_port_record *record = &batch->records[i];
        if (merger->place != NOWHERE && record->offset >= merger->next)
            take_record(merger, record);
    }
    eng_assert(batch->count <= batch->capacity);
    merger->port->ops->release(merger->port, batch);
    take_end(merger);
    eng_assert(batch->count == 0);
}

/* What has been told of partners who are gone, without them. */
static enum eng_status fill_changed(struct eng_merger *merger)
{
    const struct eng_sums *sums;
    struct eng_slice key;
    enum eng_status status = ENG_OK;
    eng_assert(merger->txn.record_count == 0);
    eng_assert(merger->gather != NULL);
    if (!eng_gather_has_gone(merger->gather))
        return ENG_OK;
    while ((sums = eng_gather_changed(merger->gather)) != NULL)
        if (status == ENG_OK)
            status = eng_sink_sums(&merger->txn, sums);
    while (eng_gather_gone(merger->gather, &key))
        if (status == ENG_OK)
            status = eng_sink_spent(&merger->txn, key);
    return status;
}

/* Results and tombstones of all moments that are complete. ENG_NOT_FOUND: there is none. That texts
 * were judged is committed also when there is nothing to tell of them: what comes now of such a
 * moment is late for a successor, too. */
static enum eng_status fill(struct eng_merger *merger)
{
    int64_t at_ms;
    enum eng_status status = fill_changed(merger);
    bool judged = false;
    eng_assert(merger->gather != NULL);
    while (status == ENG_OK && (at_ms = eng_gather_ready(merger->gather)) >= 0) {
        const struct eng_group_result *result;
        struct eng_slice key;
        const struct eng_twice *twice;
        status = eng_gather_open(merger->gather, at_ms);
        if (status != ENG_OK)
            break;
        judged |= eng_gather_judged(merger->gather);
        while ((result = eng_gather_next(merger->gather)) != NULL)
            if (status == ENG_OK)
                status = result->top > 0 ? eng_sink_board(&merger->sink, &merger->txn,
                                                          eng_gather_board(merger->gather))
                                         : eng_sink_result(&merger->sink, &merger->txn, result);
        while ((twice = eng_gather_twice(merger->gather)) != NULL)
            if (status == ENG_OK)
                status = eng_sink_flag(&merger->sink, &merger->txn, (int32_t)twice->partition,
                                       &twice->flag);
        while (eng_gather_spent(merger->gather, &key))
            if (status == ENG_OK && ENG_RULE(SUMS_SPENT))
                status = eng_sink_spent(&merger->txn, key);
    }
    eng_assert(status == ENG_OK || status == ENG_NO_MEMORY);
    return status == ENG_OK && !judged && merger->txn.record_count == 0 ? ENG_NOT_FOUND : status;
}

static void send_errand(void *context)
{
    struct eng_merger *merger = context;
    eng_committer_send(&merger->committer, &merger->txn);
}

static void phase_give(struct eng_merger *merger)
{
    if (merger->place != GIVING || merger->in_flight)
        return;
    enum eng_status status = fill(merger);
    if (status == ENG_NOT_FOUND)
        return;
    const struct eng_merge_meta meta = {.sequence = ++merger->sequence,
                                        .writer = merger->options.writer,
                                        .given_ms = eng_gather_given(merger->gather)};
    struct eng_txn_offset offset = {.before = merger->from};
    offset.before.partition = offset.now.partition = 0;
    offset.now.next = ENG_RULE(SUMS_LOW_WATER) ? eng_gather_low_water(merger->gather, merger->next)
                                               : merger->next;
    eng_merge_meta_write(&meta, offset.now.meta);
    if (status == ENG_OK)
        status = eng_txn_offset(&merger->txn, &offset);
    if (status != ENG_OK) {
        (void)eng_error_set(&merger->error, ENG_NO_MEMORY, "no memory for results of groups");
        return;
    }
    eng_assert(merger->txn.offset_count == 1);
    eng_assert(meta.given_ms >= -1);
    merger->in_flight = true;
    eng_courier_submit(&merger->sender, send_errand, merger);
}

bool eng_merger_turn(struct eng_merger *merger)
{
    eng_assert(merger->joined);
    eng_assert(merger->batch.count == 0);
    take_outcome(merger);
    phase_ask(merger);
    if (merger->error.status == ENG_OK)
        phase_poll(merger);
    if (merger->error.status == ENG_OK)
        phase_give(merger);
    int64_t open_ms = merger->gather != NULL ? eng_gather_oldest(merger->gather) : -1;
    say_what_is_missing(merger, open_ms);
    show(merger, open_ms);
    return merger->error.status == ENG_OK && !atomic_load(&merger->stop);
}

void eng_merger_end(struct eng_merger *merger)
{
    bool well = merger->error.status == ENG_OK;
    eng_assert(!atomic_load(&merger->ended));
    if (merger->joined) {
        settle(merger, !well, merger->options.config->run.stop_deadline_ms / 2);
        if (!merger->port->ops->leave(merger->port, LEAVE_MS))
            eng_log(ENG_LOG_WARN, "stream", "could not leave the group of those who merge in time");
        eng_courier_stop(&merger->sender);
        merger->port->ops->producer_close(merger->port);
    }
    if (!well)
        eng_log(ENG_LOG_ERROR, "stream", "merging groups: %s", merger->error.text);
    eng_assert(!merger->in_flight);
    atomic_store(&merger->ended, true);
}

void eng_merger_run(struct eng_merger *merger)
{
    eng_assert(merger != NULL);
    bool begun = eng_merger_begin(merger);
    eng_assert(begun || !merger->joined);
    while (begun && eng_merger_turn(merger))
        continue;
    eng_merger_end(merger);
}
