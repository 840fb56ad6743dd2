/* Results of groups against the sums that they are made of. See merged.h. */
#include "merged.h"

#include "base/assert.h"
#include "base/rules.h"
#include "sim.h"
#include "stream/gather.h"
#include "stream/merger_inside.h"
#include "stream/meta.h"
#include "stream/sink.h"
#include "stream/worker.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 4096 };

struct merged {
    struct sim *sim;
    const struct broker_log *sums, *groups;
    struct eng_gather *gather;
    struct eng_sink sink;
    int64_t next;       /* of the sums: has been taken up to here */
    int64_t told;       /* of the results: has been compared up to here */
    int64_t cuts[CUTS]; /* where transactions were made, in order */
    uint32_t cut_count;
};

/* ---- The function. ---- */

static void begin(struct merged *merged, int64_t given_ms)
{
    eng_gather_free(merged->gather);
    merged->next = 0;
    eng_assert(eng_gather_new((uint32_t)merged->sim->manner.partitions, given_ms,
                              &merged->gather) == ENG_OK);
}

/* Takes what lies below that offset. */
static void read_to(struct merged *merged, int64_t offset)
{
    struct eng_error err = {0};
    for (; merged->next < offset; merged->next++) {
        const struct broker_entry *entry = &merged->sums->entries[merged->next];
        const struct eng_gather_record record = {.key = entry->record.key,
                                                 .key_bytes = entry->record.key_bytes,
                                                 .value = entry->record.value,
                                                 .value_bytes = entry->record.value_bytes,
                                                 .offset = merged->next};
        if (broker_was_visible(entry) && eng_gather_take(merged->gather, &record, &err) != ENG_OK)
            sim_fail(merged->sim, "sums at %" PRId64 ": %s", merged->next, err.text);
    }
}

/* All that is complete, as a transaction. */
static void give(struct merged *merged, struct eng_txn *txn)
{
    int64_t at_ms;
    eng_txn_clear(txn);
    while ((at_ms = eng_gather_ready(merged->gather)) >= 0) {
        const struct eng_group_result *result;
        struct eng_slice key;
        eng_gather_open(merged->gather, at_ms);
        while ((result = eng_gather_next(merged->gather)) != NULL)
            eng_assert(eng_sink_result(&merged->sink, txn, result) == ENG_OK);
        while (eng_gather_spent(merged->gather, &key))
            eng_assert(eng_sink_spent(txn, key) == ENG_OK);
    }
}

/* As it was after the last transaction, and read up to that offset. */
static void go_back(struct merged *merged, int64_t offset, struct eng_txn *scratch)
{
    begin(merged, -1);
    for (uint32_t i = 0; i < merged->cut_count; i++) {
        read_to(merged, merged->cuts[i]);
        give(merged, scratch);
    }
    read_to(merged, offset);
}

/* ---- Transactions as they are. ---- */

/* The next record of a transaction; NULL: there is none. `txn` NULL: of whichever. */
static const struct broker_entry *next_of(const struct broker_log *log,
                                          const struct broker_txn *txn, int64_t *at)
{
    while (*at < log->end) {
        const struct broker_entry *entry = &log->entries[(*at)++];
        if (broker_was_visible(entry) && (txn == NULL || entry->txn == txn))
            return entry;
    }
    return NULL;
}

static bool same_bytes(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static bool same_record(const struct broker_record *a, const struct broker_record *b)
{
    return same_bytes(a->key, a->key_bytes, b->key, b->key_bytes) &&
           same_bytes(a->value, a->value_bytes, b->value, b->value_bytes) &&
           same_bytes(a->headers, a->header_bytes, b->headers, b->header_bytes);
}

/* Is this what the transaction is made of, and all of it? */
static bool is_made_of(struct merged *merged, const struct broker_txn *txn,
                       const struct eng_txn *want)
{
    static struct eng_port_header headers[ENG_TXN_HEADERS_MAX];
    struct eng_txn_place place = {0};
    struct eng_port_output output;
    int64_t result_at = merged->told, tomb_at = 0;
    while (eng_txn_next(want, &place, headers, &output)) {
        bool result = output.topic == ENG_TOPIC_GROUPS;
        struct broker_record record = broker_record_of(&merged->sim->broker, &output);
        const struct broker_entry *entry =
            next_of(result ? merged->groups : merged->sums, txn, result ? &result_at : &tomb_at);
        if (entry == NULL || !same_record(&record, &entry->record))
            return false;
    }
    return next_of(merged->groups, txn, &result_at) == NULL &&
           next_of(merged->sums, txn, &tomb_at) == NULL;
}

/* The last moment that it gives out, by its tombstones, and where the first of them is. */
static int64_t last_moment(const struct merged *merged, const struct broker_txn *txn,
                           int64_t *ret_first)
{
    int64_t at = 0, last_ms = -1;
    const struct broker_entry *entry;
    *ret_first = merged->sums->end;
    while ((entry = next_of(merged->sums, txn, &at)) != NULL) {
        char key[ENG_SUMS_KEY_BYTES + 1] = "";
        int64_t moment_ms = -1;
        eng_assert(entry->record.key_bytes < sizeof key);
        memcpy(key, entry->record.key, entry->record.key_bytes);
        (void)sscanf(key, "sums/%" SCNd64 "/", &moment_ms); /* else it is not what it has to be */
        last_ms = moment_ms > last_ms ? moment_ms : last_ms;
        *ret_first = at - 1 < *ret_first ? at - 1 : *ret_first;
    }
    return last_ms;
}

/* ---- The comparison. ---- */

/* Finds the place that the transaction is the function of. */
static bool find_place(struct merged *merged, const struct broker_txn *txn, struct eng_txn *want)
{
    int64_t first, last_ms = last_moment(merged, txn, &first);
    for (int64_t at = merged->next; last_ms >= 0 && at < first; at++) {
        read_to(merged, at + 1);
        if (!broker_was_visible(&merged->sums->entries[at]) ||
            eng_gather_missing(merged->gather, last_ms) >= 0 ||
            eng_gather_ready(merged->gather) < 0)
            continue;
        give(merged, want);
        if (is_made_of(merged, txn, want)) {
            eng_assert(merged->cut_count < CUTS);
            merged->cuts[merged->cut_count++] = at + 1;
            return true;
        }
        go_back(merged, at + 1, want);
    }
    return false;
}

/* G16. Takes the transactions in the order of their results. */
static void compare_all(struct merged *merged)
{
    struct sim *sim = merged->sim;
    const struct broker_txn *before = NULL;
    const struct broker_entry *entry;
    struct eng_txn want;
    eng_txn_init(&want);
    uint64_t successions = 0, results = 0;
    for (int64_t at = 0; !sim->failed && (entry = next_of(merged->groups, NULL, &at)) != NULL;) {
        results++;
        if (entry->txn == before)
            continue;
        merged->told = at - 1;
        if (!find_place(merged, entry->txn, &want))
            sim_fail(sim,
                     "groups: what producer %u has told from %" PRId64
                     " on is not what the sums make, read up to whichever place behind %" PRId64,
                     entry->txn->producer, at - 1,
                     merged->cut_count > 0 ? merged->cuts[merged->cut_count - 1] : 0);
        successions += before != NULL && before->producer != entry->txn->producer;
        before = entry->txn;
    }
    sim->tally[TALLY_MERGED] = results;
    sim->tally[TALLY_MERGES] = merged->cut_count;
    sim->tally[TALLY_SUCCESSIONS] = successions;
    eng_txn_done(&want);
}

/* Up to where the group says that results were given out. */
static int64_t committed_given(struct sim *sim)
{
    const struct eng_port_offset *offset = &sim->broker.committed[BROKER_MERGERS];
    struct eng_merge_meta meta = {.given_ms = -1};
    struct eng_error err = {0};
    if (offset->next >= 0 && eng_merge_meta_read(offset->meta, &meta, &err) != ENG_OK)
        sim_fail(sim, "groups: %s", err.text);
    return meta.given_ms;
}

/* What the group keeps is what was told. */
static void compare_offset(const struct merged *merged)
{
    struct sim *sim = merged->sim;
    int64_t given_ms = committed_given(sim);
    if (!(sim->expired && given_ms < 0) && given_ms != eng_gather_given(merged->gather))
        sim_fail(sim, "groups: the offset says %" PRId64 ", told was up to %" PRId64, given_ms,
                 eng_gather_given(merged->gather));
}

/* Is there a merger? Later versions of a program may have no groups any more. */
static bool anybody_merges(const struct sim *sim)
{
    bool any = false;
    for (uint32_t i = SIM_PROCESSES; i < SIM_MEMBERS; i++)
        any |= process_is_wanted(&sim->processes[i]);
    return any;
}

void merged_compare(struct sim *sim, bool all)
{
    static struct merged merged;
    uint64_t left_out = eng_rules_left_out;
    eng_rules_left_out = 0; /* here everything is as it should be */
    merged = (struct merged){.sim = sim,
                             .sums = &sim->broker.logs[broker_place(ENG_TOPIC_GROUP_SUMS, 0)],
                             .groups = &sim->broker.logs[broker_place(ENG_TOPIC_GROUPS, 0)]};
    eng_sink_init(&merged.sink, &sim->processes[0].port.port, sim->input.config->model, "in", "");
    begin(&merged, -1);
    compare_all(&merged);
    if (!sim->failed)
        compare_offset(&merged);
    if (!sim->failed)
        read_to(&merged, merged.sums->end);
    if (!sim->failed && all && anybody_merges(sim) && eng_gather_ready(merged.gather) >= 0)
        sim_fail(sim, "groups: the moment %" PRId64 " is complete, and was not told",
                 eng_gather_ready(merged.gather));
    sim->tally[TALLY_LATE_SUMS] = eng_gather_late(merged.gather);
    eng_gather_free(merged.gather);
    eng_sink_done(&merged.sink);
    eng_rules_left_out = left_out;
}

void merged_check_begun(struct sim *sim, const struct eng_merger *merger)
{
    struct merged merged = {.sim = sim,
                            .sums = &sim->broker.logs[broker_place(ENG_TOPIC_GROUP_SUMS, 0)]};
    int64_t given_ms = eng_gather_given(merger->gather), at = 0;
    const struct broker_entry *entry;
    if (sim->manner.memory_us > 0 || sim->expired || given_ms != committed_given(sim))
        return; /* a failure may be meant for the next allocation; it is in nobody's place */
    begin(&merged, given_ms);
    read_to(&merged, merger->next);
    if (eng_gather_oldest(merged.gather) != eng_gather_oldest(merger->gather))
        sim_fail(sim, "groups: a merger has %" PRId64 " as the oldest moment, which is %" PRId64,
                 eng_gather_oldest(merger->gather), eng_gather_oldest(merged.gather));
    while ((entry = next_of(merged.sums, NULL, &at)) != NULL && at <= merger->next) {
        struct eng_sums sums;
        if (entry->record.value == NULL)
            continue;
        eng_assert(eng_sums_read(entry->record.value, entry->record.value_bytes, &sums, NULL) ==
                   ENG_OK);
        int64_t at_ms = sums.result.at_ms;
        int32_t want = eng_gather_missing(merged.gather, at_ms);
        if (at_ms > given_ms && eng_gather_missing(merger->gather, at_ms) != want)
            sim_fail(sim,
                     "groups: a merger waits for partition %" PRId32 " at %" PRId64
                     ", and should for %" PRId32,
                     eng_gather_missing(merger->gather, at_ms), at_ms, want);
    }
    eng_gather_free(merged.gather);
}

bool merged_may_expire(struct sim *sim)
{
    int64_t given_ms = committed_given(sim);
    uint32_t ahead = 0;
    for (uint32_t i = 0; i < sim->manner.processes; i++) {
        const struct eng_worker *worker = sim->processes[i].worker;
        for (uint32_t k = 0; worker != NULL && k < worker->task_count; k++)
            ahead += eng_engine_clock_ms(worker->tasks[k]->engine) >= given_ms;
    }
    return given_ms >= 0 && sim->tally[TALLY_LATE_SUMS] == 0 &&
           ahead >= (uint32_t)sim->manner.partitions;
}

static void trace(const struct sim *sim, enum eng_topic topic)
{
    const struct broker_log *log = &sim->broker.logs[broker_place(topic, 0)];
    for (int64_t i = 0; i < log->end; i++) {
        const struct broker_entry *entry = &log->entries[i];
        struct eng_sums sums = {0};
        if (!broker_was_visible(entry))
            continue;
        if (topic == ENG_TOPIC_GROUP_SUMS && entry->record.value != NULL)
            (void)eng_sums_read(entry->record.value, entry->record.value_bytes, &sums, NULL);
        sim_say(sim, "%s %" PRId64 " of producer %u: %.*s%s%s, %u more, at %" PRId64,
                topic == ENG_TOPIC_GROUPS ? "groups" : "sums", i, entry->txn->producer,
                (int)entry->record.key_bytes, (const char *)entry->record.key,
                entry->record.value == NULL ? " is spent" : "",
                entry->compacted ? " (compacted)" : "", sums.left, sums.result.at_ms);
    }
}

void merged_trace(const struct sim *sim)
{
    trace(sim, ENG_TOPIC_GROUP_SUMS);
    trace(sim, ENG_TOPIC_GROUPS);
}
