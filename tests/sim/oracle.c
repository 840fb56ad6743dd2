/* Oracles and comparisons. See oracle.h. */
#include "oracle.h"

#include "../naive/naive.h"
#include "../property/print.h"
#include "base/assert.h"
#include "merged.h"
#include "sim.h"
#include "stream/sink.h"
#include "stream/sums.h"
#include "stream/worker.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The outcome of one partition without interruption. It is kept over the restart, and goes on with
 * what has been journaled since. */
struct oracle {
    struct sim *sim;
    int32_t partition;
    int64_t next, end;       /* offsets of the input: what comes next, and where to stop */
    enum eng_half_kind half; /* what of an input or a decision is committed in part */
    bool refused;            /* a worker has refused to go on: the other part will not come */
    struct eng_journal journal;
    struct eng_engine *engine;
    struct naive *naive;
    struct eng_sink sink;
    struct eng_txn told;
    uint64_t sums; /* of groups, among what was told */
    struct eng_effects effects;
    const struct broker_entry **letters; /* input records that have to be dead letters, in order */
    int64_t letter_count, erasure_count;
    uint64_t model_changes;
};

enum { EFFECTS_BYTES = 1 << 20 };

/* ---- The journal. ---- */

static void count_half(struct sim *sim, const struct eng_half *half)
{
    static const enum sim_tally tallies[] = {
        [ENG_HALF_EVENT] = TALLY_HALF_EVENTS,
        [ENG_HALF_TICK] = TALLY_HALF_TICKS,
        [ENG_HALF_MODEL] = TALLY_HALF_MODELS,
    };
    bool waits = half->kind == ENG_HALF_EVENT && half->boundary_ms < 0;
    sim->tally[waits ? TALLY_WAITS : tallies[half->kind]]++;
}

/* All entries that were ever committed, compacted or not, up to the last one of the commit record
 * that the group names. Those that were applied already stay so. */
static void read_journal(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    const struct broker_log *log =
        &sim->broker.logs[broker_place(ENG_TOPIC_STATE, oracle->partition)];
    struct eng_error err = {0};
    struct eng_meta meta = {0};
    struct eng_commit commit = {0}, found = {0};
    const char *text = sim->broker.committed[oracle->partition].meta;
    uint32_t done = oracle->journal.done;
    eng_journal_clear(&oracle->journal);
    enum eng_status status = text[0] != '\0' ? eng_meta_read(text, &meta, &err) : ENG_OK;
    for (int64_t i = 0; status == ENG_OK && i < log->end; i++) {
        const struct broker_entry *entry = &log->entries[i];
        const struct broker_record *record = &entry->record;
        struct eng_slice partner;
        uint64_t sum;
        if (entry->marker || entry->txn->decision != BROKER_COMMITTED || record->value == NULL)
            continue;
        sim->tally[TALLY_JOURNAL_GONE] += eng_journal_is_gone_key(record->key, record->key_bytes);
        if (eng_journal_is_key(record->key, record->key_bytes))
            status = eng_journal_decode(&oracle->journal, record->value, record->value_bytes, &err);
        else if (eng_state_kind(record->key, record->key_bytes, &partner) == ENG_STATE_IS_COMMIT)
            status = eng_commit_read(record->value, record->value_bytes, &commit, &sum, &err);
        else
            continue;
        if (commit.half.kind != ENG_HALF_NONE)
            count_half(sim, &commit.half);
        if (commit.sequence == meta.sequence)
            found = commit;
    }
    oracle->half = found.half.kind;
    if (status == ENG_OK)
        status = eng_journal_settle(&oracle->journal, 0, found.journal, &err);
    if (status != ENG_OK)
        sim_fail(sim, "partition %d: the committed journal: %s", oracle->partition, err.text);
    else if (done > oracle->journal.count)
        sim_fail(sim, "partition %d: the committed journal has become shorter", oracle->partition);
    oracle->journal.done = done;
}

/* ---- The uninterrupted run. ---- */

static void tell(struct oracle *oracle)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(&oracle->effects, effect)) != NULL)
        oracle->sums += effect->kind == ENG_EFFECT_GROUP;
    const struct eng_task_output from = {oracle->partition, eng_engine_model(oracle->engine)};
    eng_assert(eng_sink_effects(&oracle->sink, &oracle->told, &from, &oracle->effects) == ENG_OK);
}

/* What one of them tells, in the trace. */
static void show(const struct oracle *oracle, const char *who, const uint8_t *data, size_t bytes)
{
    if (oracle->sim->trace == NULL)
        return;
    sim_say(oracle->sim, "%s tells:", who);
    effects_print(eng_engine_model(oracle->engine), data, bytes, oracle->sim->trace);
}

/* Engine and reference told the same in this step. */
static void same_effects(struct oracle *oracle, size_t from, const char *what, int64_t at)
{
    const struct eng_effects *want = naive_effects(oracle->naive);
    if (want->used != oracle->effects.used - from ||
        (want->used > 0 && memcmp(want->data, oracle->effects.data + from, want->used) != 0)) {
        show(oracle, "the naive rescan", want->data, want->used);
        show(oracle, "the engine", oracle->effects.data + from, oracle->effects.used - from);
        sim_fail(oracle->sim, "partition %d, %s %" PRId64 ": the naive rescan tells something else",
                 oracle->partition, what, at);
    }
    naive_forget_effects(oracle->naive);
    tell(oracle);
    oracle->effects.used = 0;
    oracle->effects.count = 0;
}

static void apply_tick(struct oracle *oracle, const struct eng_journal_entry *entry)
{
    enum eng_status status;
    do
        status = eng_engine_tick(oracle->engine, entry->time_ms, &oracle->effects, NULL);
    while (status == ENG_AGAIN);
    eng_assert(status == ENG_OK);
    sim_say(oracle->sim, "oracle: %d/%" PRId64 " tick to %" PRId64, oracle->partition,
            entry->offset, entry->time_ms);
    naive_tick(oracle->naive, entry->time_ms);
    same_effects(oracle, 0, "tick at", entry->offset);
}

/* S14: engine and reference go over to the version that the journal says. */
static void apply_model(struct oracle *oracle, const struct eng_journal_entry *entry)
{
    const struct eng_config *config = input_version(&oracle->sim->input, entry->time_ms);
    enum eng_status status;
    eng_assert(config != NULL);
    bool silent = config->run.on_change == ENG_CHANGE_SILENT;
    do
        status = eng_engine_activate(oracle->engine, config->model, silent, &oracle->effects, NULL);
    while (status == ENG_AGAIN);
    eng_assert(status == ENG_OK);
    sim_say(oracle->sim, "oracle: %d/%" PRId64 " version %" PRId64, oracle->partition,
            entry->offset, entry->time_ms);
    naive_activate(oracle->naive, config->model, silent);
    same_effects(oracle, 0, "change of the model at", entry->offset);
    oracle->model_changes++;
}

/* The name of the partner with this hash; "": none of this partition. */
static void name_of(const struct oracle *oracle, uint64_t hash, char ret_name[16])
{
    for (int64_t i = 0; i < INPUT_PARTNERS; i++) {
        input_partner(oracle->partition, i, ret_name);
        if (eng_partner_hash((struct eng_slice){ret_name, (uint32_t)strlen(ret_name)}) == hash)
            return;
    }
    ret_name[0] = '\0';
}

static void apply_erasure(struct oracle *oracle, const struct eng_journal_entry *entry)
{
    char name[16];
    name_of(oracle, (uint64_t)entry->time_ms, name);
    struct eng_slice partner = {name, (uint32_t)strlen(name)};
    sim_say(oracle->sim, "oracle: %d/%" PRId64 " %s is erased", oracle->partition, entry->offset,
            name);
    if (eng_engine_erase(oracle->engine, partner, (uint64_t)entry->offset, NULL) != ENG_OK ||
        naive_erase(oracle->naive, partner) != ENG_OK)
        sim_fail(oracle->sim, "partition %d: \"%s\", who was erased at %" PRId64 ", is not known",
                 oracle->partition, name, entry->offset);
    oracle->erasure_count++;
}

static void apply_event(struct oracle *oracle, const struct broker_entry *entry, bool refused)
{
    struct eng_event event = entry->record.input->event;
    uint8_t outcome = ENG_OUTCOME_COUNT;
    struct eng_batch batch = {&event, &outcome, 1, 0, &input_names};
    enum eng_status status;
    if (refused)
        event.verdict = ENG_VERDICT_FUTURE;
    do
        status = eng_engine_apply(oracle->engine, &batch, &oracle->effects, NULL);
    while (status == ENG_AGAIN);
    eng_assert(status == ENG_OK);
    sim_say(oracle->sim, "oracle: %d/%" PRIu64 " %s, clock %" PRId64, oracle->partition,
            event.offset, eng_outcome_name((enum eng_outcome)outcome),
            eng_engine_clock_ms(oracle->engine));
    if (naive_apply(oracle->naive, &event) != (enum eng_outcome)outcome)
        sim_fail(oracle->sim,
                 "partition %d, event %" PRIu64 ": another outcome by the naive rescan",
                 oracle->partition, event.offset);
    same_effects(oracle, 0, "event", (int64_t)event.offset);
    if (outcome == ENG_OUTCOME_BAD || outcome == ENG_OUTCOME_LATE || outcome == ENG_OUTCOME_FUTURE)
        oracle->letters[oracle->letter_count++] = entry;
}

/* What was decided between records up to this offset; says whether the record there was refused. */
static bool apply_journal(struct oracle *oracle, int64_t offset)
{
    struct eng_journal *journal = &oracle->journal;
    for (; journal->done < journal->count; journal->done++) {
        const struct eng_journal_entry *entry = &journal->entries[journal->done];
        if (entry->offset > offset)
            return false;
        if (entry->kind == ENG_JOURNAL_TICK) {
            apply_tick(oracle, entry);
        } else if (entry->kind == ENG_JOURNAL_MODEL) {
            apply_model(oracle, entry);
        } else if (entry->kind == ENG_JOURNAL_ERASED) {
            apply_erasure(oracle, entry);
        } else if (entry->offset == offset) {
            journal->done++;
            return true;
        }
    }
    return false;
}

static void run_all(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    const struct broker_log *log =
        &sim->broker.logs[broker_place(ENG_TOPIC_INPUT, oracle->partition)];
    const struct eng_journal *journal = &oracle->journal;
    if (journal->done < journal->count && journal->entries[journal->done].offset < oracle->next)
        sim_fail(sim, "partition %d: a decision at %" PRId64 " was journaled after %" PRId64,
                 oracle->partition, journal->entries[journal->done].offset, oracle->next);
    for (; oracle->next < oracle->end; oracle->next++) {
        int64_t i = oracle->next;
        bool refused = apply_journal(oracle, i);
        if (broker_is_visible(&log->entries[i]))
            apply_event(oracle, &log->entries[i], refused);
        else if (refused)
            sim_fail(sim, "partition %d: the journal refuses offset %" PRId64 ", where nothing is",
                     oracle->partition, i);
    }
    (void)apply_journal(oracle, INT64_MAX - 1); /* ticks behind the last record */
}

/* What happened in its partition. */
static void count(const struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    const struct eng_counters *counters = eng_engine_counters(oracle->engine);
    uint64_t others = counters->outcome[ENG_OUTCOME_FUTURE] + (uint64_t)oracle->erasure_count +
                      oracle->model_changes;
    sim->tally[TALLY_INPUTS] += counters->read;
    sim->tally[TALLY_REFUSALS] += counters->outcome[ENG_OUTCOME_FUTURE];
    sim->tally[TALLY_TICKS] += oracle->journal.count - others;
    sim->tally[TALLY_MODELS] += oracle->model_changes;
    sim->tally[TALLY_ERASURES] += (uint64_t)oracle->erasure_count;
    sim->tally[TALLY_OUTPUTS] += oracle->told.record_count;
    sim->tally[TALLY_SUMS] += oracle->sums;
    sim->tally[TALLY_LETTERS] += (uint64_t)oracle->letter_count;
}

/* Which version of the program the partition began with: that of the first text of a model that was
 * committed for it. */
static int64_t first_version(const struct sim *sim, int32_t partition)
{
    const struct broker_log *log = &sim->broker.logs[broker_place(ENG_TOPIC_STATE, partition)];
    for (int64_t i = 0; i < log->end; i++) {
        const struct broker_entry *entry = &log->entries[i];
        struct eng_model_record text;
        if (entry->marker || entry->txn->decision != BROKER_COMMITTED ||
            !eng_models_is_key(entry->record.key, entry->record.key_bytes))
            continue;
        eng_assert(eng_models_open(entry->record.value, entry->record.value_bytes, &text, NULL) ==
                   ENG_OK);
        return text.version;
    }
    return eng_model_version(sim->input.config->model);
}

static struct oracle *oracle_new(struct sim *sim, int32_t partition)
{
    struct oracle *oracle = malloc(sizeof *oracle);
    eng_assert(oracle != NULL);
    const struct eng_model *model =
        input_version(&sim->input, first_version(sim, partition))->model;
    const struct broker_log *log = &sim->broker.logs[broker_place(ENG_TOPIC_INPUT, partition)];
    *oracle = (struct oracle){.sim = sim, .partition = partition, .naive = naive_new(model)};
    naive_call(oracle->naive, &input_names);
    eng_assert(eng_engine_new(model, NULL, &oracle->engine, NULL) == ENG_OK);
    eng_sink_init(&oracle->sink, &sim->processes[0].port.port, model, "in", "T");
    eng_txn_init(&oracle->told);
    oracle->effects.data = malloc(EFFECTS_BYTES);
    oracle->effects.capacity = EFFECTS_BYTES;
    oracle->letters = calloc((size_t)log->end + 1, sizeof *oracle->letters);
    eng_assert(oracle->effects.data != NULL && oracle->letters != NULL);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    if (oracle == NULL)
        return;
    eng_journal_done(&oracle->journal);
    eng_engine_free(oracle->engine);
    naive_free(oracle->naive);
    eng_sink_done(&oracle->sink);
    eng_txn_done(&oracle->told);
    free(oracle->effects.data);
    free(oracle->letters);
    free(oracle);
}

/* ---- Outputs. ---- */

/* The next entry that a reader of committed records is given; NULL: none. */
static const struct broker_entry *next_visible(const struct broker_log *log, int64_t *at)
{
    while (*at < log->end)
        if (broker_is_visible(&log->entries[(*at)++]))
            return &log->entries[*at - 1];
    return NULL;
}

/* The same, or was given, before it was compacted away. */
static const struct broker_entry *next_once_visible(const struct broker_log *log, int64_t *at)
{
    while (*at < log->end)
        if (broker_was_visible(&log->entries[(*at)++]))
            return &log->entries[*at - 1];
    return NULL;
}

/* The value of the header ce_id; its length in *ret_bytes. NULL: none. */
static const uint8_t *id_of(const struct broker_record *record, uint32_t *ret_bytes)
{
    for (uint32_t at = 0; at < record->header_bytes;) {
        const char *name = (const char *)record->headers + at;
        at += (uint32_t)strlen(name) + 1;
        memcpy(ret_bytes, record->headers + at, sizeof *ret_bytes);
        at += (uint32_t)sizeof *ret_bytes;
        if (strcmp(name, "ce_id") == 0)
            return record->headers + at;
        at += *ret_bytes;
    }
    return NULL;
}

/* Says which output is another one: what is there, by its id, in the place of what should be. */
static void fail_output(struct oracle *oracle, const struct eng_port_output *output,
                        const struct broker_record *want, const struct broker_record *got)
{
    uint32_t want_bytes = 0, got_bytes = 0;
    const char *want_id = (const char *)id_of(want, &want_bytes);
    const char *got_id = got != NULL ? (const char *)id_of(got, &got_bytes) : "";
    bool same = got != NULL && broker_same_bytes((const uint8_t *)want_id, want_bytes,
                                                 (const uint8_t *)got_id, got_bytes);
    sim_fail(oracle->sim, "partition %d: output %.*s (topic %d) %s%.*s", oracle->partition,
             (int)want_bytes, want_id, output->topic,
             got == NULL ? "is missing"
             : same      ? "differs"
                         : "is not there, but ",
             same ? 0 : (int)got_bytes, got_id);
}

/* May outputs be missing at the end? */
static bool is_cut_short(const struct oracle *oracle)
{
    return oracle->refused && oracle->half != ENG_HALF_NONE;
}

/* Sums of groups are all in one partition, and the key says whose they are. How far a partition has
 * come is said by the wall clock too, and is no matter of the uninterrupted run. */
static bool is_of(const struct oracle *oracle, enum eng_topic topic,
                  const struct broker_entry *entry)
{
    char key[ENG_SUMS_KEY_BYTES + 1] = "";
    long long at_ms;
    int partition = -1;
    if (topic == ENG_TOPIC_FLAGS)
        return !broker_txn_merges(entry->txn);
    if (topic != ENG_TOPIC_GROUP_SUMS)
        return true;
    if (broker_txn_merges(entry->txn))
        return false;
    eng_assert(entry->record.key_bytes < sizeof key);
    memcpy(key, entry->record.key, entry->record.key_bytes);
    if (strncmp(key, "seen/", 5) == 0)
        return sscanf(key, "seen/%*16[0-9a-f]/%lld/%d/", &at_ms, &partition) == 2 &&
               partition == oracle->partition;
    return sscanf(key, "sums/%lld/%d/", &at_ms, &partition) == 2 && partition == oracle->partition;
}

/* The next entry of a topic that is of the oracle's partition; NULL: none. Sums may be compacted
 * away meanwhile. */
static const struct broker_entry *next_told(const struct oracle *oracle, enum eng_topic topic,
                                            int64_t *at)
{
    int32_t partition = topic == ENG_TOPIC_GROUP_SUMS ? 0 : oracle->partition;
    const struct broker_log *log = &oracle->sim->broker.logs[broker_place(topic, partition)];
    const struct broker_entry *entry;
    do
        entry = topic == ENG_TOPIC_GROUP_SUMS ? next_once_visible(log, at) : next_visible(log, at);
    while (entry != NULL && !is_of(oracle, topic, entry));
    return entry;
}

/* G1, G2, G4: what was told against what is in the logs, topic by topic. */
static void same_outputs(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    static struct eng_port_header headers[ENG_TXN_HEADERS_MAX];
    struct eng_port_output output;
    struct eng_txn_place place = {0};
    int64_t at[ENG_TOPIC_COUNT] = {0};
    while (eng_txn_next(&oracle->told, &place, headers, &output)) {
        if (output.topic == ENG_TOPIC_GROUP_SUMS && memcmp(output.key, "none", 4) == 0)
            continue;
        struct broker_record want = broker_record_of(&sim->broker, &output);
        const struct broker_entry *got = next_told(oracle, output.topic, &at[output.topic]);
        if (got == NULL && is_cut_short(oracle))
            continue;
        if (got == NULL || !broker_same_record(&want, &got->record)) {
            fail_output(oracle, &output, &want, got != NULL ? &got->record : NULL);
            return;
        }
    }
    for (int topic = ENG_TOPIC_SCORE_CHANGES; topic < ENG_TOPIC_DEAD_LETTERS; topic++)
        if (topic != ENG_TOPIC_GROUPS && topic != ENG_TOPIC_BOARDS &&
            next_told(oracle, (enum eng_topic)topic, &at[topic]) != NULL)
            sim_fail(sim, "partition %d: more was told to topic %d than should be",
                     oracle->partition, topic);
}

static void same_letters(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    const struct broker_log *log =
        &sim->broker.logs[broker_place(ENG_TOPIC_DEAD_LETTERS, oracle->partition)];
    int64_t at = 0;
    for (int64_t i = 0; i < oracle->letter_count; i++) {
        const struct broker_record *want = &oracle->letters[i]->record;
        const struct broker_entry *got = next_visible(log, &at);
        if (got == NULL && is_cut_short(oracle))
            continue;
        if (got == NULL ||
            !broker_same_bytes(want->key, want->key_bytes, got->record.key,
                               got->record.key_bytes) ||
            !broker_same_bytes(want->value, want->value_bytes, got->record.value,
                               got->record.value_bytes)) {
            sim_fail(sim, "partition %d: the dead letter of offset %" PRIu64 " %s",
                     oracle->partition, want->input->event.offset,
                     got == NULL ? "is missing" : "is another");
            return;
        }
    }
    if (next_visible(log, &at) != NULL)
        sim_fail(sim, "partition %d: a dead letter too many", oracle->partition);
}

/* Each erasure of the journal has its receipt, and there are no others. */
static void same_receipts(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    const struct broker_log *log =
        &sim->broker.logs[broker_place(ENG_TOPIC_ERASURES, oracle->partition)];
    int64_t at = 0;
    for (uint32_t i = 0; i < oracle->journal.count; i++) {
        const struct eng_journal_entry *entry = &oracle->journal.entries[i];
        char key[24], offset[40];
        if (entry->kind != ENG_JOURNAL_ERASED)
            continue;
        const struct broker_entry *got = next_visible(log, &at);
        int bytes = snprintf(key, sizeof key, "%016" PRIx64, (uint64_t)entry->time_ms);
        int tail = snprintf(offset, sizeof offset, ",\"offset\":%" PRId64 "}", entry->offset);
        if (got == NULL || got->record.key_bytes != (uint32_t)bytes ||
            memcmp(got->record.key, key, (size_t)bytes) != 0 ||
            got->record.value_bytes < (uint32_t)tail ||
            memcmp(got->record.value + got->record.value_bytes - tail, offset, (size_t)tail) != 0) {
            sim_fail(sim, "partition %d: the receipt of the erasure at %" PRId64 " %s",
                     oracle->partition, entry->offset, got == NULL ? "is missing" : "is another");
            return;
        }
    }
    if (next_visible(log, &at) != NULL)
        sim_fail(sim, "partition %d: a receipt too many", oracle->partition);
}

struct id {
    const uint8_t *data;
    uint32_t bytes;
};

static int by_bytes(const void *left, const void *right)
{
    const struct id *a = left, *b = right;
    uint32_t common = a->bytes < b->bytes ? a->bytes : b->bytes;
    int order = memcmp(a->data, b->data, common);
    return order != 0 ? order : a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

/* S13, G3: no id comes twice, in whichever topic or partition. */
static void ids_differ(struct sim *sim)
{
    struct id *ids = NULL;
    size_t count = 0, capacity = 0;
    for (uint32_t place = broker_place(ENG_TOPIC_SCORE_CHANGES, 0);
         place < broker_place(ENG_TOPIC_STATE, 0); place++) {
        if (place / BROKER_PARTITIONS == ENG_TOPIC_DEAD_LETTERS ||
            place / BROKER_PARTITIONS == ENG_TOPIC_GROUP_SUMS)
            continue;
        const struct broker_log *log = &sim->broker.logs[place];
        const struct broker_entry *entry;
        for (int64_t at = 0; (entry = next_visible(log, &at)) != NULL;) {
            if (count == capacity) {
                capacity = capacity == 0 ? 256 : capacity * 2;
                ids = realloc(ids, capacity * sizeof *ids);
                eng_assert(ids != NULL);
            }
            ids[count].data = id_of(&entry->record, &ids[count].bytes);
            eng_assert(ids[count++].data != NULL);
        }
    }
    if (count > 1)
        qsort(ids, count, sizeof *ids, by_bytes);
    for (size_t i = 1; i < count; i++)
        if (by_bytes(&ids[i - 1], &ids[i]) == 0)
            sim_fail(sim, "the id %.*s was told twice", (int)ids[i].bytes,
                     (const char *)ids[i].data);
    free(ids);
}

/* ---- State. ---- */

static bool same_scores(const struct eng_view *a, const struct eng_view *b)
{
    bool same = a->score_count == b->score_count;
    for (unsigned i = 0; same && i < a->score_count; i++) {
        const struct eng_view_score *x = &a->scores[i], *y = &b->scores[i];
        same = x->value_e4 == y->value_e4 && x->told_value_e4 == y->told_value_e4 &&
               x->band == y->band && x->told_band == y->told_band &&
               x->provisional == y->provisional && x->contribution_count == y->contribution_count &&
               memcmp(x->contribution_e4, y->contribution_e4,
                      x->contribution_count * sizeof x->contribution_e4[0]) == 0;
    }
    return same;
}

/* An opening that can no longer hold anything up may be forgotten: it is not compared then. */
static bool same_view(const struct eng_view *a, const struct eng_view *b, bool openings)
{
    bool same = a->clock_ms == b->clock_ms && a->first_day_ms == b->first_day_ms &&
                a->measure_count == b->measure_count && a->alert_count == b->alert_count &&
                same_scores(a, b);
    for (unsigned i = 0; same && i < a->measure_count; i++)
        same = a->measures[i].value_e4 == b->measures[i].value_e4 &&
               a->measures[i].missing == b->measures[i].missing;
    for (unsigned i = 0; same && i < a->alert_count; i++)
        same = a->alerts[i].open == b->alerts[i].open &&
               a->alerts[i].due_at_ms == b->alerts[i].due_at_ms &&
               a->alerts[i].held_out == b->alerts[i].held_out &&
               (!openings || a->alerts[i].opened_at_ms == b->alerts[i].opened_at_ms);
    same = same && a->ledger_count == b->ledger_count &&
           memcmp(a->ledgers, b->ledgers, sizeof a->ledgers) == 0;
    return same;
}

static void same_views(struct oracle *oracle, struct eng_engine *engine, struct heap *heap)
{
    static struct eng_view want, got, naive;
    for (int64_t i = 0; i < INPUT_PARTNERS; i++) {
        char name[16];
        input_partner(oracle->partition, i, name);
        struct eng_slice partner = {name, (uint32_t)strlen(name)};
        enum eng_status a = eng_engine_view(oracle->engine, partner, &want);
        heap_enter(heap); /* looking may take memory */
        enum eng_status b = eng_engine_view(engine, partner, &got);
        heap_enter(NULL);
        enum eng_status c = naive_view(oracle->naive, partner, &naive);
        if (a != b || a != c)
            sim_fail(oracle->sim, "partner %s is known here and not there", name);
        else if (a == ENG_OK && !same_view(&want, &got, true))
            sim_fail(oracle->sim, "partner %s: another state than without interruption", name);
        else if (a == ENG_OK && !same_view(&want, &naive, false))
            sim_fail(oracle->sim, "partner %s: another state than by the naive rescan", name);
    }
}

/* S15, G2, G5, and by the clock G8. */
static void same_task(struct oracle *oracle, const struct eng_task *task, struct heap *heap)
{
    struct eng_counters got;
    const struct eng_counters *want = eng_engine_counters(oracle->engine);
    uint64_t sum = 0;
    eng_task_counters(task, &got);
    bool same =
        got.read == want->read && got.score_changes == want->score_changes &&
        got.churn_drops == want->churn_drops && got.award_bookings == want->award_bookings &&
        got.abuse_flags == want->abuse_flags && got.held_released == want->held_released &&
        got.held_discarded == want->held_discarded && got.held_unmatched == want->held_unmatched;
    for (int i = 0; i < ENG_OUTCOME_COUNT; i++) {
        sum += got.outcome[i];
        same &= got.outcome[i] == want->outcome[i];
    }
    if (!same || sum != got.read)
        sim_fail(oracle->sim,
                 "partition %d: counted %" PRIu64 " of %" PRIu64 " records, not %" PRIu64
                 " of %" PRIu64,
                 oracle->partition, got.outcome[ENG_OUTCOME_COUNTED], got.read,
                 want->outcome[ENG_OUTCOME_COUNTED], want->read);
    if (eng_engine_clock_ms(task->engine) != eng_engine_clock_ms(oracle->engine))
        sim_fail(oracle->sim, "partition %d: another clock than without interruption",
                 oracle->partition);
    eng_engine_check(task->engine);
    same_views(oracle, task->engine, heap);
}

static const struct eng_task *live_task(struct sim *sim, int32_t partition,
                                        struct process **ret_process)
{
    for (uint32_t i = 0; i < sim->manner.processes; i++) {
        const struct eng_worker *worker = sim->processes[i].worker;
        const struct eng_task *task = worker != NULL ? eng_worker_task(worker, partition) : NULL;
        *ret_process = &sim->processes[i];
        if (task != NULL && task->state == ENG_TASK_LIVE)
            return task;
    }
    return NULL;
}

/* What was told, up to an offset. */
static void compare_told(struct oracle *oracle, int64_t end)
{
    struct sim *sim = oracle->sim;
    read_journal(oracle);
    oracle->end = oracle->half == ENG_HALF_EVENT && oracle->refused ? end + 1 : end;
    if (!sim->failed)
        run_all(oracle);
    if (!sim->failed)
        same_outputs(oracle);
    if (!sim->failed)
        same_letters(oracle);
    if (!sim->failed)
        same_receipts(oracle);
}

/* What lives. */
static void compare_task(struct oracle *oracle)
{
    struct sim *sim = oracle->sim;
    struct process *process = NULL;
    const struct eng_task *task = live_task(sim, oracle->partition, &process);
    if (!sim->failed && task == NULL)
        sim_fail(sim, "partition %d: nobody has it", oracle->partition);
    if (!sim->failed)
        same_task(oracle, task, &process_first(process)->heap);
}

void oracle_trace(struct sim *sim)
{
    for (int32_t p = 0; p < sim->manner.partitions; p++) {
        struct oracle *oracle = oracle_new(sim, p);
        oracle->end = sim->broker.logs[broker_place(ENG_TOPIC_INPUT, p)].end;
        read_journal(oracle);
        run_all(oracle);
        oracle_free(oracle);
    }
    merged_trace(sim);
}

static struct oracle *oracle_of(struct sim *sim, int32_t partition)
{
    if (sim->oracles[partition] == NULL)
        sim->oracles[partition] = oracle_new(sim, partition);
    return sim->oracles[partition];
}

void oracle_compare(struct sim *sim)
{
    if (!sim->failed)
        ids_differ(sim);
    for (int32_t p = 0; p < sim->manner.partitions && !sim->failed; p++) {
        compare_told(oracle_of(sim, p), sim->broker.logs[broker_place(ENG_TOPIC_INPUT, p)].end);
        compare_task(oracle_of(sim, p));
    }
    if (!sim->failed)
        merged_compare(sim, true);
}

void oracle_compare_told(struct sim *sim)
{
    if (!sim->failed)
        ids_differ(sim);
    for (int32_t p = 0; p < sim->manner.partitions && !sim->failed; p++) {
        oracle_of(sim, p)->refused = true;
        compare_told(oracle_of(sim, p), sim->broker.committed[p].next);
    }
    if (!sim->failed)
        merged_compare(sim, false);
}

void oracle_count(struct sim *sim)
{
    for (int32_t p = 0; p < sim->manner.partitions; p++)
        if (sim->oracles[p] != NULL)
            count(sim->oracles[p]);
}
