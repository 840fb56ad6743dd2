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

enum { MERGES = 4096 };

/* Logs that a merger writes to: the sums are its input, too, and flags have partitions. */
enum { GROUPS, BOARDS, SUMS, FLAGS, TOPICS = FLAGS + BROKER_PARTITIONS };

static int place_of(int log)
{
    static const enum eng_topic topics[FLAGS] = {ENG_TOPIC_GROUPS, ENG_TOPIC_BOARDS,
                                                 ENG_TOPIC_GROUP_SUMS};
    return log < FLAGS ? broker_place(topics[log], 0) : broker_place(ENG_TOPIC_FLAGS, log - FLAGS);
}

struct merged {
    struct sim *sim;
    const struct broker_log *logs[TOPICS];
    struct eng_gather *gather;
    struct eng_sink sink;
    int64_t next;                          /* of the sums: has been taken up to here */
    bool now;                              /* what was compacted away is not taken */
    const struct broker_txn *txns[MERGES]; /* those that took place, in order */
    int64_t places[MERGES];                /* and what they are the function of */
    uint32_t txn_count, count;             /* count: of those that have been compared */
};

/* ---- The function. ---- */

static void prepare(struct merged *merged, struct sim *sim)
{
    *merged = (struct merged){.sim = sim};
    for (int i = 0; i < TOPICS; i++)
        merged->logs[i] = &sim->broker.logs[place_of(i)];
}

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
        const struct broker_entry *entry = &merged->logs[SUMS]->entries[merged->next];
        const struct eng_gather_record record = {.key = entry->record.key,
                                                 .key_bytes = entry->record.key_bytes,
                                                 .value = entry->record.value,
                                                 .value_bytes = entry->record.value_bytes,
                                                 .offset = merged->next};
        bool there = merged->now ? broker_is_visible(entry) : broker_was_visible(entry);
        if (there && eng_gather_take(merged->gather, &record, &err) != ENG_OK)
            sim_fail(merged->sim, "sums at %" PRId64 ": %s", merged->next, err.text);
    }
}

/* What is to be written again, since somebody is gone. */
static void give_changed(struct merged *merged, struct eng_txn *txn)
{
    const struct eng_sums *sums;
    struct eng_slice key;
    if (!eng_gather_has_gone(merged->gather))
        return;
    while ((sums = eng_gather_changed(merged->gather)) != NULL)
        eng_assert(eng_sink_sums(txn, sums) == ENG_OK);
    while (eng_gather_gone(merged->gather, &key))
        eng_assert(eng_sink_spent(txn, key) == ENG_OK);
}

/* That, and all that is complete, as a transaction. */
static void give(struct merged *merged, struct eng_txn *txn)
{
    int64_t at_ms;
    eng_txn_clear(txn);
    give_changed(merged, txn);
    while ((at_ms = eng_gather_ready(merged->gather)) >= 0) {
        const struct eng_group_result *result;
        struct eng_slice key;
        const struct eng_twice *twice;
        eng_assert(eng_gather_open(merged->gather, at_ms) == ENG_OK);
        while ((result = eng_gather_next(merged->gather)) != NULL)
            eng_assert((result->top > 0
                            ? eng_sink_board(&merged->sink, txn, eng_gather_board(merged->gather))
                            : eng_sink_result(&merged->sink, txn, result)) == ENG_OK);
        while ((twice = eng_gather_twice(merged->gather)) != NULL)
            eng_assert(eng_sink_flag(&merged->sink, txn, (int32_t)twice->partition, &twice->flag) ==
                       ENG_OK);
        while (eng_gather_spent(merged->gather, &key))
            eng_assert(eng_sink_spent(txn, key) == ENG_OK);
    }
}

/* As it was after the last transaction, and read up to that offset. */
static void go_back(struct merged *merged, int64_t offset, struct eng_txn *scratch)
{
    begin(merged, -1);
    for (uint32_t i = 0; i < merged->count; i++) {
        read_to(merged, merged->places[i]);
        give(merged, scratch);
    }
    read_to(merged, offset);
}

/* ---- Transactions as they are. ---- */

/* Those of mergers that took place, in the order in which they were begun: none is begun before the
 * one before has ended, or it does not take place. */
static void find_transactions(struct merged *merged)
{
    for (const struct broker_txn *txn = merged->sim->broker.txns; txn != NULL; txn = txn->next) {
        if (!broker_txn_merges(txn) || txn->decision != BROKER_COMMITTED)
            continue;
        eng_assert(merged->txn_count < MERGES);
        merged->txns[merged->txn_count++] = txn;
    }
    for (uint32_t i = 0; i < merged->txn_count / 2; i++) { /* the newest are first */
        const struct broker_txn *txn = merged->txns[i];
        merged->txns[i] = merged->txns[merged->txn_count - 1 - i];
        merged->txns[merged->txn_count - 1 - i] = txn;
    }
}

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

/* Where it begins in each topic; behind the end where it has nothing. */
static void find_first(const struct merged *merged, const struct broker_txn *txn,
                       int64_t ret_first[TOPICS])
{
    for (int i = 0; i < TOPICS; i++) {
        int64_t first = txn->first[place_of(i)];
        ret_first[i] = first >= 0 ? first : merged->logs[i]->end;
    }
}

static int log_of(const struct eng_port_output *output)
{
    if (output->topic == ENG_TOPIC_FLAGS)
        return FLAGS + output->partition;
    return output->topic == ENG_TOPIC_GROUPS   ? GROUPS
           : output->topic == ENG_TOPIC_BOARDS ? BOARDS
                                               : SUMS;
}

/* Is this what the transaction is made of, and all of it? */
static bool is_made_of(struct merged *merged, const struct broker_txn *txn,
                       const struct eng_txn *want)
{
    static struct eng_port_header headers[ENG_TXN_HEADERS_MAX];
    struct eng_txn_place place = {0};
    struct eng_port_output output;
    int64_t at[TOPICS];
    find_first(merged, txn, at);
    while (eng_txn_next(want, &place, headers, &output)) {
        int log = log_of(&output);
        struct broker_record record = broker_record_of(&merged->sim->broker, &output);
        const struct broker_entry *entry = next_of(merged->logs[log], txn, &at[log]);
        if (entry == NULL || !broker_same_record(&record, &entry->record)) {
            sim_say(merged->sim,
                    "up to %" PRId64 " record %" PRId64 " of topic %d would be another",
                    merged->next, at[log] - 1, output.topic);
            return false;
        }
    }
    for (int i = 0; i < TOPICS; i++)
        if (next_of(merged->logs[i], txn, &at[i]) != NULL) {
            sim_say(merged->sim, "up to %" PRId64 " there would be no record %" PRId64 " of log %d",
                    merged->next, at[i] - 1, i);
            return false;
        }
    return true;
}

/* ---- The comparison. ---- */

static int64_t given_by(struct sim *sim, const struct eng_port_offset *offset)
{
    struct eng_merge_meta meta = {.given_ms = -1};
    struct eng_error err = {0};
    if (offset->next >= 0 && eng_merge_meta_read(offset->meta, &meta, &err) != ENG_OK)
        sim_fail(sim, "groups: %s", err.text);
    return meta.given_ms;
}

/* Can the transaction be made of what has been read? It is looked at closely then. */
static bool may_be_made(const struct merged *merged, int64_t given_ms)
{
    if (given_ms == eng_gather_given(merged->gather))
        return eng_gather_has_gone(merged->gather);
    return given_ms >= 0 && eng_gather_missing(merged->gather, given_ms) < 0 &&
           eng_gather_ready(merged->gather) >= 0;
}

/* Finds the place that the transaction is the function of. */
static bool find_place(struct merged *merged, const struct broker_txn *txn, struct eng_txn *want)
{
    int64_t first[TOPICS], given_ms = given_by(merged->sim, &txn->offsets[BROKER_MERGERS]);
    find_first(merged, txn, first);
    for (int64_t at = merged->next; at < first[SUMS]; at++) {
        read_to(merged, at + 1);
        if (at + 1 < txn->offsets[BROKER_MERGERS].next || !may_be_made(merged, given_ms))
            continue;
        give(merged, want);
        if (eng_gather_given(merged->gather) == given_ms && is_made_of(merged, txn, want)) {
            merged->places[merged->count++] = at + 1;
            return true;
        }
        go_back(merged, at + 1, want);
    }
    return false;
}

/* The last one that has its place gives it up, to look for one behind that. False: there is none.
 */
static bool step_back(struct merged *merged, struct eng_txn *scratch)
{
    if (merged->count == 0)
        return false;
    int64_t place = merged->places[--merged->count];
    go_back(merged, place, scratch);
    return true;
}

/* G16. Takes the transactions in their order. Several places may be right for one of them (what it
 * wrote again itself says nothing new), and only a later one for the next: then the earliest was
 * not where it was made. */
static void compare_all(struct merged *merged)
{
    enum { STEPS_BACK = 200 };
    struct sim *sim = merged->sim;
    struct eng_txn want;
    uint32_t steps = 0, furthest = 0;
    eng_txn_init(&want);
    while (merged->count < merged->txn_count && !sim->failed) {
        const struct broker_txn *txn = merged->txns[merged->count];
        furthest = merged->count > furthest ? merged->count : furthest;
        if (find_place(merged, txn, &want) || (steps++ < STEPS_BACK && step_back(merged, &want)))
            continue;
        txn = merged->txns[furthest];
        sim_fail(sim,
                 "groups: what producer %u has told, number %u up to %" PRId64
                 ", is not what the sums make, wherever they were read to",
                 txn->producer, furthest, given_by(sim, &txn->offsets[BROKER_MERGERS]));
    }
    sim->tally[TALLY_MERGES] = merged->txn_count;
    for (uint32_t i = 1; i < merged->txn_count; i++)
        sim->tally[TALLY_SUCCESSIONS] += merged->txns[i - 1]->producer != merged->txns[i]->producer;
    eng_txn_done(&want);
}

/* Results come from nowhere else; how many there are. */
static uint64_t count_results(const struct merged *merged)
{
    uint64_t count = 0;
    for (int i = GROUPS; i <= BOARDS; i++) {
        const struct broker_entry *entry;
        for (int64_t at = 0; (entry = next_of(merged->logs[i], NULL, &at)) != NULL; count++)
            if (!broker_txn_merges(entry->txn))
                sim_fail(merged->sim, "groups: results without the offset behind their sums");
    }
    return count;
}

/* Up to where the group says that results were given out. */
static int64_t committed_given(struct sim *sim)
{
    return given_by(sim, &sim->broker.committed[BROKER_MERGERS]);
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

/* G14. Nothing is left to be told. */
static void find_untold(struct merged *merged)
{
    struct eng_txn rest;
    int64_t ready_ms = eng_gather_ready(merged->gather);
    eng_txn_init(&rest);
    give(merged, &rest);
    if (rest.record_count > 0)
        sim_fail(merged->sim, "groups: the moment %" PRId64 ", or who is gone, was not told",
                 ready_ms);
    eng_txn_done(&rest);
}

void merged_compare(struct sim *sim, bool all)
{
    static struct merged merged;
    uint64_t left_out = eng_rules_left_out;
    eng_rules_left_out = 0; /* here everything is as it should be */
    prepare(&merged, sim);
    eng_sink_init(&merged.sink, &sim->processes[0].port.port, sim->input.config->model, "in", "");
    begin(&merged, -1);
    find_transactions(&merged);
    sim->tally[TALLY_MERGED] = count_results(&merged);
    compare_all(&merged);
    if (!sim->failed)
        compare_offset(&merged);
    if (!sim->failed)
        read_to(&merged, merged.logs[SUMS]->end);
    if (!sim->failed && all && anybody_merges(sim))
        find_untold(&merged);
    sim->tally[TALLY_LATE_SUMS] = eng_gather_late(merged.gather);
    eng_gather_free(merged.gather);
    eng_sink_done(&merged.sink);
    eng_rules_left_out = left_out;
}

/* Has somebody else taken away sums of a moment after this one, though his offset does not say so
 * yet? His transaction ends in one partition before the other. */
static bool is_overtaken(const struct merged *merged, int64_t given_ms, int64_t below)
{
    const struct broker_entry *entry;
    for (int64_t at = 0; (entry = next_of(merged->logs[SUMS], NULL, &at)) != NULL && at <= below;) {
        char key[ENG_SUMS_KEY_BYTES + 1] = "";
        long long at_ms;
        memcpy(key, entry->record.key, entry->record.key_bytes);
        if (entry->record.value == NULL && sscanf(key, "sums/%lld/", &at_ms) == 1 &&
            at_ms > given_ms)
            return true;
    }
    return false;
}

void merged_check_begun(struct sim *sim, const struct eng_merger *merger)
{
    static struct merged merged;
    int64_t given_ms = eng_gather_given(merger->gather), at = 0;
    const struct broker_entry *entry;
    if (sim->manner.memory_us > 0 || sim->expired || given_ms != committed_given(sim))
        return; /* a failure may be meant for the next allocation; it is in nobody's place */
    prepare(&merged, sim);
    if (is_overtaken(&merged, given_ms, merger->next))
        return;
    merged.now = true;
    begin(&merged, given_ms);
    read_to(&merged, merger->next);
    if (eng_gather_oldest(merged.gather) != eng_gather_oldest(merger->gather))
        sim_fail(sim, "groups: a merger has %" PRId64 " as the oldest moment, which is %" PRId64,
                 eng_gather_oldest(merger->gather), eng_gather_oldest(merged.gather));
    while ((entry = next_of(merged.logs[SUMS], NULL, &at)) != NULL && at <= merger->next) {
        struct eng_sums sums;
        if (entry->record.value == NULL)
            continue;
        eng_assert(eng_sums_read(entry->record.value, entry->record.value_bytes, &sums, NULL) ==
                   ENG_OK);
        int64_t at_ms = sums.result.at_ms;
        int32_t waits = eng_gather_missing(merger->gather, at_ms);
        if (at_ms > given_ms && waits >= 0 && eng_gather_missing(merged.gather, at_ms) < 0)
            sim_fail(sim,
                     "groups: a merger waits for partition %" PRId32 " at %" PRId64
                     ", and need not",
                     waits, at_ms);
    }
    eng_gather_free(merged.gather);
}

bool merged_may_expire(struct sim *sim)
{
    int64_t given_ms = committed_given(sim);
    uint32_t ahead = 0;
    bool boards = false;
    for (uint32_t i = 0; i <= sim->input.changes; i++)
        boards |= eng_model_board_name(input_release(&sim->input, i)->model, 0) != NULL ||
                  input_release(&sim->input, i)->model->sights;
    for (uint32_t i = 0; i < sim->manner.processes; i++) {
        const struct eng_worker *worker = sim->processes[i].worker;
        for (uint32_t k = 0; worker != NULL && k < worker->task_count; k++)
            ahead += eng_engine_clock_ms(worker->tasks[k]->engine) >= given_ms;
    }
    return given_ms >= 0 && !boards && sim->tally[TALLY_LATE_SUMS] == 0 &&
           ahead >= (uint32_t)sim->manner.partitions;
}

static void trace(const struct sim *sim, int number)
{
    const struct broker_log *log = &sim->broker.logs[place_of(number)];
    for (int64_t i = 0; i < log->end; i++) {
        const struct broker_entry *entry = &log->entries[i];
        struct eng_sums sums = {0};
        if (!broker_was_visible(entry) || (number >= FLAGS && !broker_txn_merges(entry->txn)))
            continue;
        if (number == SUMS && entry->record.value != NULL)
            (void)eng_sums_read(entry->record.value, entry->record.value_bytes, &sums, NULL);
        sim_say(sim, "%s %" PRId64 " of producer %u: %.*s%s%s, %u more, at %" PRId64,
                number == SUMS ? "sums" : "told", i, entry->txn->producer,
                (int)entry->record.key_bytes, (const char *)entry->record.key,
                entry->record.value == NULL ? " is spent" : "",
                entry->compacted ? " (compacted)" : "", sums.left, sums.result.at_ms);
    }
}

void merged_trace(const struct sim *sim)
{
    for (int i = 0; i < TOPICS; i++)
        trace(sim, i);
}
