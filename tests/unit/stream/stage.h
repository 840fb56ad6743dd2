/* A worker over the fake log, turned by hand: couriers run inline and the clock is the test's. */
#ifndef TEST_STAGE_H
#define TEST_STAGE_H

#include "fake_port.h"
#include "model/config.h"
#include "stream/worker.h"
#include <criterion/criterion.h>
#include <inttypes.h>

/* Logins score one point each in ten; every change is told. Panes are hours. */
static const char stage_config[] =
    "program: stage\n"
    "time: {pane: 1h, late_after: 24h, dedup: 24h, future_skew: 10m, idle_after: 1m}\n"
    "input: {topic: in, format: json}\n"
    "output: {score_changes: changes, churn_drops: drops, dead_letters: dead, "
    "erasures: erased, state: state}\n"
    "run: {commit_interval: 100ms}\n"
    "measures:\n"
    "  logins: {count: login, over: 4h}\n"
    "scores:\n"
    "  engagement:\n"
    "    scale: 10\n"
    "    dimensions: {logins: {weight: 1, target: 10}}\n"
    "    bands: {low: 0, high: 5}\n"
    "    tell_every: 1\n";

struct stage {
    struct fake_port *fake;
    struct eng_config *config;
    struct eng_worker *worker;
    uint64_t writer;
    bool eager, threaded;
    struct eng_feed_limits limits; /* of workers that start from now on */
    _Atomic int gate;
    _Atomic uint64_t memory_bytes;
    struct eng_standbys *standbys; /* for the next worker; NULL: none */
};

static inline void stage_init(struct stage *stage, int32_t partition_count)
{
    static const char *const names[ENG_TOPIC_COUNT] = {
        "in",   "changes", "drops", "cells", "cards", "in.awards", "flags", "quiet",
        "left", "figures", "ranks", "sums",  "dead",  "erased",    "state"};
    struct eng_error err = {0};
    *stage = (struct stage){.fake = fake_new(partition_count), .writer = 1};
    stage->fake->borrowed = true;
    for (int i = 0; i < ENG_TOPIC_COUNT; i++) {
        stage->fake->topic_names[i] = names[i];
        stage->fake->topics[i] =
            (struct eng_topic_info){.exists = true, .partition_count = partition_count, .id = "T"};
    }
    cr_assert_eq(eng_config_load_text(stage_config, sizeof stage_config - 1, "stage.yaml",
                                      &stage->config, &err),
                 ENG_OK, "%s", err.text);
}

/* A new worker that is assigned all partitions at its first poll. */
static inline void stage_start(struct stage *stage)
{
    struct eng_worker_options options = {.config = stage->config,
                                         .port = &stage->fake->port,
                                         .writer = stage->writer++,
                                         .eager = stage->eager,
                                         .couriers = {.threaded = stage->threaded},
                                         .gate = &stage->gate,
                                         .limits = stage->limits,
                                         .memory_bytes = &stage->memory_bytes,
                                         .standbys = stage->standbys};
    struct eng_error err = {0};
    atomic_store(&stage->gate, 0);
    cr_assert_eq(eng_worker_new(&options, &stage->worker, &err), ENG_OK, "%s", err.text);
    cr_assert(eng_worker_begin(stage->worker), "%s", stage->worker->error.text);
    stage->fake->rebalance = 'a';
    stage->fake->moved_count = (uint32_t)stage->fake->partition_count;
    for (int32_t i = 0; i < stage->fake->partition_count; i++)
        stage->fake->moved[i] = i;
}

static inline void stage_turn(struct stage *stage, int turns)
{
    while (turns-- > 0) {
        bool goes_on = eng_worker_turn(stage->worker);
        for (uint32_t i = 0; i < stage->worker->task_count; i++)
            eng_task_check(stage->worker->tasks[i]);
        if (!goes_on)
            return;
    }
}

/* As by SIGTERM. */
static inline void stage_stop(struct stage *stage)
{
    eng_worker_end(stage->worker);
    eng_worker_free(stage->worker);
    stage->worker = NULL;
}

/* As by kill -9: nothing more is called but what frees memory; the open transaction stays open. */
static inline void stage_kill(struct stage *stage)
{
    struct eng_query *query = eng_inbox_close(&stage->worker->inbox);
    cr_assert_null(query);
    eng_courier_stop(&stage->worker->sender);
    eng_courier_stop(&stage->worker->aide);
    eng_worker_readers_stop(stage->worker);
    eng_worker_free(stage->worker);
    stage->worker = NULL;
    stage->fake->producer = false;
    for (int32_t i = 0; i < stage->fake->partition_count; i++)
        stage->fake->partitions[i].fetch_at = -1;
}

static inline void stage_done(struct stage *stage)
{
    if (stage->worker != NULL)
        stage_stop(stage);
    eng_config_free(stage->config);
    fake_really_free(stage->fake);
}

static inline void stage_put(struct stage *stage, int32_t partition, const char *value)
{
    struct fake_partition *to = &stage->fake->partitions[partition];
    cr_assert_lt(to->end, FAKE_RECORDS);
    pthread_mutex_lock(&stage->fake->lock);
    struct fake_record *record = &to->records[to->end++];
    *record = (struct fake_record){.has_value = true, .timestamp_ms = stage->fake->wall_ms};
    (void)snprintf(record->value, sizeof record->value, "%s", value);
    to->told_end = false;
    pthread_mutex_unlock(&stage->fake->lock);
}

static inline int64_t stage_now_ms(const struct stage *stage)
{
    return stage->fake->wall_ms;
}

/* A login of a partner at a time, ms. */
static inline void stage_login(struct stage *stage, int32_t partition, const char *partner,
                               int64_t at_ms)
{
    char text[200];
    (void)snprintf(text, sizeof text,
                   "{\"partner_id\":\"%s\",\"action\":\"login\",\"occurred_at\":%" PRId64 "}",
                   partner, at_ms);
    stage_put(stage, partition, text);
}

static inline struct eng_counters stage_counters(const struct stage *stage, int32_t partition)
{
    struct eng_counters counters;
    eng_task_counters(eng_worker_task(stage->worker, partition), &counters);
    return counters;
}

/* The newest committed record of a partition of the state topic whose key begins so; NULL: none.
 * *ret_count: how many there are. */
static inline struct fake_output *stage_state(const struct stage *stage, int32_t partition,
                                              const char *prefix, uint32_t *ret_count)
{
    struct fake_output *found = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < stage->fake->output_count; i++) {
        struct fake_output *output = &stage->fake->outputs[i];
        if (output->topic != ENG_TOPIC_STATE || !output->committed ||
            output->partition != partition || strncmp((char *)output->key, prefix, strlen(prefix)))
            continue;
        found = output;
        count++;
    }
    if (ret_count != NULL)
        *ret_count = count;
    return found;
}

static inline uint32_t stage_state_count(const struct stage *stage, const char *prefix)
{
    uint32_t count;
    (void)stage_state(stage, 0, prefix, &count);
    return count;
}

/* The newest commit record of partition 0. */
static inline struct eng_commit stage_commit(const struct stage *stage)
{
    struct eng_commit commit;
    uint64_t sum;
    struct fake_output *output = stage_state(stage, 0, "commit", NULL);
    cr_assert_not_null(output);
    cr_assert_eq(eng_commit_read(output->value, output->value_bytes, &commit, &sum, NULL), ENG_OK);
    return commit;
}

/* Another process commits for partition 0, with this record. */
static inline void stage_foreign_commit(struct stage *stage, const struct eng_commit *commit)
{
    struct fake_partition *partition = &stage->fake->partitions[0];
    struct fake_output *output = &stage->fake->outputs[stage->fake->output_count++];
    uint8_t bytes[ENG_COMMIT_BYTES_MAX];
    struct eng_meta meta = {.sequence = commit->sequence,
                            .writer = 99,
                            .life = commit->life,
                            .model_version = commit->model_version,
                            .fingerprint = commit->fingerprint,
                            .record = eng_commit_write(commit, bytes),
                            .low_version = commit->low.model_version};
    *output = (struct fake_output){
        .topic = ENG_TOPIC_STATE,
        .key = (uint8_t *)eng_strndup("commit", 6),
        .key_bytes = 6,
        .value = (uint8_t *)eng_strndup((char *)bytes, eng_commit_bytes(commit)),
        .value_bytes = eng_commit_bytes(commit),
        .committed = true};
    partition->committed.next = commit->next;
    eng_meta_write(&meta, partition->committed.meta);
}

/* Value of a header of an output; "" when there is none. */
static inline const char *stage_header(const struct fake_output *output, const char *name)
{
    for (uint32_t i = 0; i < output->header_count; i++)
        if (strcmp(output->headers[i][0], name) == 0)
            return output->headers[i][1];
    return "";
}

/* The ids of everything told, in order, by partition. */
static inline void stage_list_told(const struct stage *stage, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int32_t p = 0; p < stage->fake->partition_count; p++)
        for (uint32_t i = 0; i < stage->fake->output_count; i++) {
            const struct fake_output *output = &stage->fake->outputs[i];
            if (output->topic == ENG_TOPIC_SCORE_CHANGES && output->committed &&
                output->partition == p)
                used += (size_t)snprintf(text + used, size - used, "%s\n",
                                         stage_header(output, "ce_id"));
        }
    cr_assert_lt(used, size - 1);
}

/* A header of committed output number `index` of a topic; "" when there is none. */
static inline const char *stage_header_of(const struct stage *stage, enum eng_topic topic,
                                          uint32_t index, const char *name)
{
    for (uint32_t i = 0; i < stage->fake->output_count; i++) {
        const struct fake_output *output = &stage->fake->outputs[i];
        if (output->topic == topic && output->committed && index-- == 0)
            return stage_header(output, name);
    }
    return "";
}

static inline const char *stage_id(const struct stage *stage, enum eng_topic topic, uint32_t index)
{
    return stage_header_of(stage, topic, index, "ce_id");
}

static inline const char *stage_reason(const struct stage *stage, uint32_t index, const char *name)
{
    return stage_header_of(stage, ENG_TOPIC_DEAD_LETTERS, index, name);
}

#endif
