/* Results of partitions, gathered and added up. See gather.h.
 *
 * Records are kept as they came until their moment is complete. Then the array is put in order:
 * sorted by key and offset, of each key the last one stays (the topic is compacted, so it would be
 * the only one in the end anyway), and what is left is sorted into the order in which results are
 * told. Few moments are open at a time, as many as the clocks of two partitions are apart, so
 * nothing here has to be fast. */
#include "stream/gather.h"

#include "base/assert.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A record. The sums refer to its bytes. */
struct held {
    uint8_t *bytes; /* key, then value */
    size_t key_bytes, value_bytes;
    int64_t offset;
    bool gone; /* a tombstone */
    struct eng_sums sums;
};

/* How far a partition has come, and by which record that is known. */
struct reach {
    int64_t at_ms, offset; /* -1: nowhere */
};

struct eng_gather {
    uint32_t partitions;
    struct reach *reached; /* by partition */
    int64_t given_ms;      /* -1: nothing was given out */
    uint64_t late;
    struct held *held;
    uint32_t count, capacity;
    uint32_t tidy_at; /* with so many it is put in order although nothing is complete */
    uint32_t giving, spent,
        giving_end; /* next to be given out; next to be told as spent; end of both */
    struct eng_group_result result;
};

enum { TIDY_LEAST = 4096 };

enum eng_status eng_gather_new(uint32_t partitions, int64_t given_ms,
                               struct eng_gather **ret_gather)
{
    eng_assert(partitions > 0);
    eng_assert(given_ms >= -1);
    struct eng_gather *gather = eng_calloc(1, sizeof *gather);
    if (gather == NULL)
        return ENG_NO_MEMORY;
    gather->reached = eng_calloc(partitions, sizeof *gather->reached);
    if (gather->reached == NULL) {
        eng_free(gather);
        return ENG_NO_MEMORY;
    }
    for (uint32_t i = 0; i < partitions; i++)
        gather->reached[i] = (struct reach){-1, -1};
    gather->partitions = partitions;
    gather->given_ms = given_ms;
    gather->tidy_at = TIDY_LEAST;
    *ret_gather = gather;
    return ENG_OK;
}

void eng_gather_free(struct eng_gather *gather)
{
    if (gather == NULL)
        return;
    eng_assert(gather->count <= gather->capacity);
    for (uint32_t i = 0; i < gather->count; i++)
        eng_free(gather->held[i].bytes);
    eng_free(gather->held);
    eng_free(gather->reached);
    eng_assert(gather->partitions > 0);
    eng_free(gather);
}

/* ---- order ---- */

static int compare_keys(const struct held *one, const struct held *two)
{
    size_t both = one->key_bytes < two->key_bytes ? one->key_bytes : two->key_bytes;
    int order = memcmp(one->bytes, two->bytes, both);
    if (order == 0 && one->key_bytes != two->key_bytes)
        order = one->key_bytes < two->key_bytes ? -1 : 1;
    return order;
}

static int by_key(const void *left, const void *right)
{
    const struct held *one = left, *two = right;
    int order = compare_keys(one, two);
    return order != 0 ? order : one->offset < two->offset ? -1 : one->offset > two->offset;
}

static int by_result(const void *left, const void *right)
{
    const struct held *one = left, *two = right;
    int order = eng_result_compare(&one->sums.result, &two->sums.result);
    if (order != 0)
        return order;
    return one->sums.partition < two->sums.partition ? -1
                                                     : one->sums.partition > two->sums.partition;
}

/* Of each key the last one stays, if it is no tombstone. */
static void tidy(struct eng_gather *gather)
{
    uint32_t kept = 0;
    eng_assert(gather->giving_end == 0);
    if (gather->count > 1)
        qsort(gather->held, gather->count, sizeof *gather->held, by_key);
    for (uint32_t i = 0; i < gather->count; i++) {
        struct held *held = &gather->held[i];
        bool last = i + 1 == gather->count || compare_keys(held, held + 1) != 0;
        if (last && !held->gone)
            gather->held[kept++] = *held;
        else
            eng_free(held->bytes);
    }
    eng_assert(kept <= gather->count);
    gather->count = kept;
    if (kept > 1)
        qsort(gather->held, kept, sizeof *gather->held, by_result);
    gather->tidy_at = 2 * kept > TIDY_LEAST ? 2 * kept : (uint32_t)TIDY_LEAST;
}

/* ---- taking ---- */

/* The last record of a moment: the partition has told all of it. */
static void note_reach(struct eng_gather *gather, const struct held *held)
{
    struct reach *reached = &gather->reached[held->sums.partition];
    eng_assert(held->sums.partition < gather->partitions);
    eng_assert(!held->gone);
    if (held->sums.left == 0 && held->sums.result.at_ms >= reached->at_ms)
        *reached = (struct reach){held->sums.result.at_ms, held->offset};
}

static enum eng_status copy_record(const struct eng_gather_record *record, struct held *held)
{
    *held = (struct held){.key_bytes = record->key_bytes,
                          .value_bytes = record->value_bytes,
                          .offset = record->offset,
                          .gone = record->value == NULL};
    eng_assert(record->key_bytes > 0);
    held->bytes = eng_calloc(1, record->key_bytes + record->value_bytes);
    if (held->bytes == NULL)
        return ENG_NO_MEMORY;
    memcpy(held->bytes, record->key, record->key_bytes);
    if (!held->gone)
        memcpy(held->bytes + record->key_bytes, record->value, record->value_bytes);
    eng_assert(held->gone || record->value_bytes > 0);
    return ENG_OK;
}

/* Reads a record that has been copied. */
static enum eng_status read_copy(const struct eng_gather *gather, struct held *held,
                                 struct eng_error *err)
{
    char key[ENG_SUMS_KEY_BYTES];
    if (held->gone)
        return ENG_OK;
    enum eng_status status =
        eng_sums_read(held->bytes + held->key_bytes, held->value_bytes, &held->sums, err);
    eng_assert(gather->partitions > 0);
    if (status != ENG_OK)
        return status;
    if (held->sums.partition >= gather->partitions)
        return eng_error_set(err, ENG_CORRUPT,
                             "sums are of partition %" PRIu32 ", and the input has %" PRIu32
                             " partitions",
                             held->sums.partition, gather->partitions);
    size_t length = eng_sums_key(&held->sums, key);
    eng_assert(length > 0);
    if (length != held->key_bytes || memcmp(key, held->bytes, length) != 0)
        return eng_error_set(err, ENG_CORRUPT, "sums have the key \"%.*s\" of others",
                             (int)held->key_bytes, (const char *)held->bytes);
    return ENG_OK;
}

enum eng_status eng_gather_take(struct eng_gather *gather, const struct eng_gather_record *record,
                                struct eng_error *err)
{
    struct held held;
    eng_assert(gather->giving_end == 0);
    if (record->key == NULL || record->key_bytes == 0 ||
        (record->value != NULL && record->value_bytes == 0))
        return eng_error_set(err, ENG_CORRUPT, "a record without key is no sums of a group");
    if (gather->count == gather->capacity) {
        void *grown = eng_grow(gather->held, &gather->capacity, sizeof *gather->held);
        if (grown == NULL)
            return eng_error_set(err, ENG_NO_MEMORY, "no memory for the sums of groups");
        gather->held = grown;
    }
    if (copy_record(record, &held) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the sums of groups");
    enum eng_status status = read_copy(gather, &held, err);
    if (status == ENG_OK && !held.gone)
        note_reach(gather, &held);
    if (status != ENG_OK || held.sums.none) {
        eng_free(held.bytes);
        return status;
    }
    eng_assert(gather->count < gather->capacity);
    gather->late += !held.gone && held.sums.result.at_ms <= gather->given_ms;
    gather->held[gather->count++] = held;
    if (gather->count >= gather->tidy_at)
        tidy(gather);
    return ENG_OK;
}

/* ---- giving out ---- */

int64_t eng_gather_oldest(const struct eng_gather *gather)
{
    int64_t oldest = -1;
    eng_assert(gather->giving_end == 0);
    for (uint32_t i = 0; i < gather->count; i++) {
        const struct held *held = &gather->held[i];
        int64_t at_ms = held->sums.result.at_ms;
        if (!held->gone && at_ms > gather->given_ms && (oldest < 0 || at_ms < oldest))
            oldest = at_ms;
    }
    eng_assert(oldest >= -1);
    return oldest;
}

int32_t eng_gather_missing(const struct eng_gather *gather, int64_t at_ms)
{
    eng_assert(at_ms >= 0);
    eng_assert(gather->reached != NULL);
    for (uint32_t i = 0; i < gather->partitions; i++)
        if (gather->reached[i].at_ms < at_ms)
            return (int32_t)i;
    return -1;
}

int64_t eng_gather_ready(const struct eng_gather *gather)
{
    int64_t oldest = eng_gather_oldest(gather);
    eng_assert(oldest < 0 || oldest > gather->given_ms);
    eng_assert(gather->partitions > 0);
    return oldest >= 0 && eng_gather_missing(gather, oldest) < 0 ? oldest : -1;
}

void eng_gather_open(struct eng_gather *gather, int64_t at_ms)
{
    eng_assert(at_ms > gather->given_ms);
    tidy(gather);
    while (gather->giving < gather->count &&
           gather->held[gather->giving].sums.result.at_ms <= gather->given_ms)
        gather->giving++; /* they came late */
    gather->giving_end = gather->giving;
    while (gather->giving_end < gather->count &&
           gather->held[gather->giving_end].sums.result.at_ms <= at_ms)
        gather->giving_end++;
    gather->given_ms = at_ms;
    eng_assert(gather->spent == 0);
}

/* How many partitions have told this moment of a group under this model: each tells everybody
 * together, first of all. */
static uint32_t count_told(const struct eng_gather *gather, const struct eng_group_result *result)
{
    uint32_t told = 0;
    eng_assert(gather->giving_end <= gather->count);
    for (uint32_t i = gather->spent; i < gather->giving_end; i++) {
        const struct eng_group_result *other = &gather->held[i].sums.result;
        told += other->at_ms == result->at_ms && other->model_version == result->model_version &&
                other->group_index == result->group_index && other->split == 0;
    }
    eng_assert(told <= gather->partitions);
    return told;
}

const struct eng_group_result *eng_gather_next(struct eng_gather *gather)
{
    if (gather->giving == gather->giving_end)
        return NULL;
    eng_assert(gather->giving < gather->giving_end);
    gather->result = gather->held[gather->giving++].sums.result;
    while (gather->giving < gather->giving_end &&
           eng_result_is_same(&gather->result, &gather->held[gather->giving].sums.result))
        eng_result_add(&gather->result, &gather->held[gather->giving++].sums.result);
    gather->result.partitions = count_told(gather, &gather->result);
    eng_assert(gather->result.partners >= 0);
    return &gather->result;
}

/* Lets go of what has been given out. */
static void close_moment(struct eng_gather *gather)
{
    uint32_t left = gather->count - gather->giving_end;
    eng_assert(gather->giving == gather->giving_end);
    for (uint32_t i = 0; i < gather->giving_end; i++)
        eng_free(gather->held[i].bytes);
    if (gather->giving_end > 0 && left > 0)
        memmove(gather->held, gather->held + gather->giving_end, left * sizeof *gather->held);
    gather->count = left;
    gather->giving = gather->spent = gather->giving_end = 0;
    eng_assert(gather->count <= gather->capacity);
}

bool eng_gather_spent(struct eng_gather *gather, struct eng_slice *ret_key)
{
    eng_assert(gather->giving == gather->giving_end);
    eng_assert(gather->spent <= gather->giving_end);
    if (gather->spent == gather->giving_end) {
        close_moment(gather);
        return false;
    }
    const struct held *held = &gather->held[gather->spent++];
    *ret_key = (struct eng_slice){(const char *)held->bytes, (uint32_t)held->key_bytes};
    return true;
}

/* ---- to be seen ---- */

int64_t eng_gather_low_water(const struct eng_gather *gather, int64_t next)
{
    int64_t low = next;
    eng_assert(next >= 0);
    eng_assert(gather->giving_end == 0);
    for (uint32_t i = 0; i < gather->count; i++)
        if (!gather->held[i].gone && gather->held[i].offset < low)
            low = gather->held[i].offset;
    for (uint32_t i = 0; i < gather->partitions; i++)
        if (gather->reached[i].at_ms > gather->given_ms && gather->reached[i].offset < low)
            low = gather->reached[i].offset;
    return low;
}

int64_t eng_gather_given(const struct eng_gather *gather)
{
    eng_assert(gather != NULL);
    eng_assert(gather->given_ms >= -1);
    return gather->given_ms;
}

uint64_t eng_gather_late(const struct eng_gather *gather)
{
    eng_assert(gather != NULL);
    eng_assert(gather->partitions > 0);
    return gather->late;
}
