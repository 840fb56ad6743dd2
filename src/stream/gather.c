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
#include "base/rules.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A record. The sums refer to its bytes. */
struct held {
    uint8_t *bytes; /* key, then value */
    size_t key_bytes, value_bytes;
    int64_t offset;
    bool dead;    /* a tombstone */
    bool changed; /* somebody who is gone was taken out */
    bool stays;   /* for the next board */
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
    uint32_t next_changed, next_gone;
    struct eng_sightings *sightings;
    uint32_t gone; /* how many of those held are word of somebody who is gone */
    struct eng_group_result result;
    struct eng_board_result board;
    struct eng_places before;
};

enum { TIDY_LEAST = 4096, BOARDS = 64 };

/* What a board that is no more was made of is kept for so long. */
static const int64_t stay_ms = (int64_t)400 * 86400000;

enum eng_status eng_gather_new(uint32_t partitions, int64_t given_ms,
                               struct eng_gather **ret_gather)
{
    eng_assert(partitions > 0);
    eng_assert(given_ms >= -1);
    struct eng_gather *gather = eng_calloc(1, sizeof *gather);
    if (gather == NULL)
        return ENG_NO_MEMORY;
    gather->reached = eng_calloc(partitions, sizeof *gather->reached);
    if (gather->reached == NULL || eng_sightings_new(&gather->sightings) != ENG_OK) {
        eng_free(gather->reached);
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
    eng_sightings_free(gather->sightings);
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
        if (last && !held->dead) {
            gather->held[kept++] = *held;
            continue;
        }
        gather->gone -= !held->dead && held->sums.kind == ENG_SUMS_GONE;
        eng_free(held->bytes);
    }
    eng_assert(kept <= gather->count);
    gather->count = kept;
    if (kept > 1)
        qsort(gather->held, kept, sizeof *gather->held, by_result);
    gather->tidy_at = 2 * kept > TIDY_LEAST ? 2 * kept : (uint32_t)TIDY_LEAST;
}

/* ---- taking ---- */

/* The last record of a moment: the partition has told all of it. Its last word that nothing comes
 * up to a time counts even if it is of an earlier one than the word before, as when its first
 * events are: whoever reads the topic after compaction knows of no other. */
static void note_reach(struct eng_gather *gather, const struct held *held)
{
    struct reach *reached = &gather->reached[held->sums.partition];
    bool word = held->sums.kind == ENG_SUMS_NONE;
    eng_assert(held->sums.partition < gather->partitions);
    eng_assert(!held->dead);
    if (held->sums.kind != ENG_SUMS_GONE && held->sums.kind != ENG_SUMS_SEEN &&
        (held->sums.left == 0 || !ENG_RULE(SUMS_WHOLE)) &&
        (word || held->sums.result.at_ms >= reached->at_ms))
        *reached = (struct reach){held->sums.result.at_ms, held->offset};
}

static enum eng_status copy_record(const struct eng_gather_record *record, struct held *held)
{
    *held = (struct held){.key_bytes = record->key_bytes,
                          .value_bytes = record->value_bytes,
                          .offset = record->offset,
                          .dead = record->value == NULL};
    eng_assert(record->key_bytes > 0);
    held->bytes = eng_calloc(1, record->key_bytes + record->value_bytes);
    if (held->bytes == NULL)
        return ENG_NO_MEMORY;
    memcpy(held->bytes, record->key, record->key_bytes);
    if (!held->dead)
        memcpy(held->bytes + record->key_bytes, record->value, record->value_bytes);
    eng_assert(held->dead || record->value_bytes > 0);
    return ENG_OK;
}

/* Reads a record that has been copied. */
static enum eng_status read_copy(const struct eng_gather *gather, struct held *held,
                                 struct eng_error *err)
{
    char key[ENG_SUMS_KEY_BYTES];
    if (held->dead)
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

/* Somebody is gone: he leaves what was told before that. */
static void take_out(struct eng_gather *gather, struct held *gone)
{
    eng_assert(gone->sums.kind == ENG_SUMS_GONE);
    eng_assert(!gone->dead);
    eng_sightings_erase(gather->sightings, gone->sums.gone);
    gone->sums.result.at_ms = -1; /* of no moment; before all of them in the order */
    gather->gone++;
    for (uint32_t i = 0; i < gather->count; i++) {
        struct held *held = &gather->held[i];
        struct eng_slice *entries = &held->sums.result.entries;
        if (held->dead || held->sums.kind != ENG_SUMS_BOARD)
            continue;
        uint8_t *bytes = held->bytes + ((const uint8_t *)entries->data - held->bytes);
        uint32_t left = eng_entries_remove(bytes, entries->length, gone->sums.gone);
        held->changed |= left != entries->length;
        entries->length = left;
    }
}

static enum eng_status no_memory(struct eng_error *err)
{
    return eng_error_set(err, ENG_NO_MEMORY, "no memory for the sums of groups");
}

enum eng_status eng_gather_take(struct eng_gather *gather, const struct eng_gather_record *record,
                                struct eng_error *err)
{
    struct held held;
    eng_assert(gather->giving_end == 0);
    if (record->key != NULL && record->value == NULL) {
        enum eng_status forgot =
            eng_sightings_forget(gather->sightings, record->key, record->key_bytes, record->offset);
        if (forgot != ENG_NOT_FOUND)
            return forgot == ENG_NO_MEMORY ? no_memory(err) : forgot;
    }
    if (record->key == NULL || record->key_bytes == 0 ||
        (record->value != NULL && record->value_bytes == 0))
        return eng_error_set(err, ENG_CORRUPT, "a record without key is no sums of a group");
    if (gather->count == gather->capacity) {
        void *grown = eng_grow(gather->held, &gather->capacity, sizeof *gather->held);
        if (grown == NULL)
            return no_memory(err);
        gather->held = grown;
    }
    if (copy_record(record, &held) != ENG_OK)
        return no_memory(err);
    enum eng_status status = read_copy(gather, &held, err);
    if (status == ENG_OK && !held.dead)
        note_reach(gather, &held);
    if (status == ENG_OK && !held.dead && held.sums.kind == ENG_SUMS_SEEN)
        status = eng_sightings_take(gather->sightings, &held.sums, record->offset) == ENG_OK
                     ? ENG_OK
                     : no_memory(err);
    if (status == ENG_OK && !held.dead && held.sums.kind == ENG_SUMS_GONE)
        take_out(gather, &held);
    bool holds = held.dead || (held.sums.kind != ENG_SUMS_NONE && held.sums.kind != ENG_SUMS_SEEN);
    if (status != ENG_OK || !holds) {
        eng_free(held.bytes);
        return status;
    }
    eng_assert(gather->count < gather->capacity);
    gather->late += !held.dead && held.sums.kind == ENG_SUMS_FIGURES &&
                    held.sums.result.at_ms <= gather->given_ms;
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
        if (!held->dead && at_ms > gather->given_ms && (oldest < 0 || at_ms < oldest))
            oldest = at_ms;
    }
    int64_t seen = eng_sightings_oldest(gather->sightings, gather->given_ms);
    eng_assert(oldest >= -1);
    return oldest < 0 || (seen >= 0 && seen < oldest) ? seen : oldest;
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

static bool is_same_text(struct eng_slice one, struct eng_slice two)
{
    eng_assert(one.data != NULL || one.length == 0);
    eng_assert(two.data != NULL || two.length == 0);
    return (one.data == NULL) == (two.data == NULL) && one.length == two.length &&
           (one.length == 0 || memcmp(one.data, two.data, one.length) == 0);
}

/* Are both of the board of that name? */
static bool is_same_board(const struct eng_group_result *one, const struct eng_group_result *two)
{
    eng_assert(one != two);
    eng_assert(two->top > 0);
    return one->top > 0 && is_same_text(one->group, two->group) &&
           is_same_text(one->program, two->program);
}

/* Of each board the newest moment that is given out stays. Of all those whose names do not fit,
 * which are more than files have in a year, none does. */
static void choose_staying(struct eng_gather *gather)
{
    const struct eng_group_result *newest[BOARDS];
    uint32_t count = 0;
    eng_assert(gather->giving_end <= gather->count);
    for (uint32_t i = gather->giving_end; i-- > 0;) {
        struct held *held = &gather->held[i];
        const struct eng_group_result *result = &held->sums.result;
        uint32_t at = 0;
        held->stays = false;
        if (held->sums.kind != ENG_SUMS_BOARD || result->at_ms < gather->given_ms - stay_ms)
            continue;
        while (at < count && !is_same_board(newest[at], result))
            at++;
        if (at == count && count < BOARDS)
            newest[count++] = result;
        held->stays = at < count && newest[at]->at_ms == result->at_ms;
    }
    eng_assert(count <= BOARDS);
}

enum eng_status eng_gather_open(struct eng_gather *gather, int64_t at_ms)
{
    eng_assert(at_ms > gather->given_ms);
    if (eng_sightings_judge(gather->sightings, gather->given_ms, at_ms) != ENG_OK)
        return ENG_NO_MEMORY;
    tidy(gather);
    while (gather->giving < gather->count &&
           gather->held[gather->giving].sums.result.at_ms <= gather->given_ms)
        gather->giving++; /* they came late, or have stayed */
    gather->giving_end = gather->giving;
    while (gather->giving_end < gather->count &&
           gather->held[gather->giving_end].sums.result.at_ms <= at_ms)
        gather->giving_end++;
    gather->given_ms = at_ms;
    choose_staying(gather);
    eng_assert(gather->spent == 0);
    return ENG_OK;
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

/* The board before, of whichever version of the model: a partition tells a moment under one. */
static void find_before(struct eng_gather *gather, uint32_t first)
{
    const struct eng_group_result *result = &gather->result;
    struct eng_places *before = &gather->before;
    eng_assert(first < gather->giving_end);
    eng_assert(gather->giving_end <= gather->count);
    before->count = 0;
    gather->board.previous_ms = -1;
    uint32_t top = 0; /* the versions that partitions were under may have others */
    for (uint32_t i = first; i-- > 0;) {
        const struct held *held = &gather->held[i];
        const struct eng_group_result *other = &held->sums.result;
        if (other->at_ms == result->at_ms || !is_same_board(other, result))
            continue;
        if (gather->board.previous_ms >= 0 && other->at_ms != gather->board.previous_ms)
            break;
        gather->board.previous_ms = other->at_ms;
        if (!is_same_text(other->by, result->by) || !is_same_text(other->segment, result->segment))
            continue;
        top = other->top > top ? other->top : top;
        (void)eng_places_add(before, top, other->entries); /* read before: entries */
    }
    eng_places_rank(before);
}

/* Puts the places of a board together: the records from `first` to before `giving` are of it. */
static void make_board(struct eng_gather *gather, uint32_t first)
{
    struct eng_places *now = &gather->board.now;
    eng_assert(gather->result.top > 0);
    eng_assert(first < gather->giving);
    now->count = 0;
    for (uint32_t i = first; i < gather->giving; i++)
        (void)eng_places_add(now, gather->result.top, gather->held[i].sums.result.entries);
    eng_places_rank(now);
    find_before(gather, first);
    eng_places_follow(now, &gather->before, &gather->board.left);
    gather->board.result = &gather->result;
}

const struct eng_board_result *eng_gather_board(const struct eng_gather *gather)
{
    eng_assert(gather->result.top > 0);
    eng_assert(gather->board.result == &gather->result);
    return &gather->board;
}

const struct eng_group_result *eng_gather_next(struct eng_gather *gather)
{
    uint32_t first = gather->giving;
    if (gather->giving == gather->giving_end)
        return NULL;
    eng_assert(gather->giving < gather->giving_end);
    gather->result = gather->held[gather->giving++].sums.result;
    while (gather->giving < gather->giving_end &&
           eng_result_is_same(&gather->result, &gather->held[gather->giving].sums.result))
        eng_result_add(&gather->result, &gather->held[gather->giving++].sums.result);
    gather->result.partitions = count_told(gather, &gather->result);
    if (gather->result.top > 0)
        make_board(gather, first);
    eng_assert(gather->result.partners >= 0);
    return &gather->result;
}

bool eng_gather_judged(const struct eng_gather *gather)
{
    eng_assert(gather != NULL);
    eng_assert(gather->sightings != NULL);
    return eng_sightings_judged(gather->sightings) > 0;
}

const struct eng_twice *eng_gather_twice(struct eng_gather *gather)
{
    eng_assert(gather->giving == gather->giving_end);
    eng_assert(gather->spent == 0);
    return eng_sightings_next(gather->sightings);
}

/* Is a record among those of what is given out that are needed no more? Word of who is gone is
 * needed until what it is about has been written again. */
static bool is_spent(const struct held *held)
{
    eng_assert(!held->dead);
    eng_assert(!held->stays || held->sums.kind == ENG_SUMS_BOARD);
    return !held->stays && held->sums.kind != ENG_SUMS_GONE;
}

/* Lets go of what has been given out. */
static void close_moment(struct eng_gather *gather)
{
    uint32_t kept = 0;
    eng_assert(gather->giving == gather->giving_end);
    for (uint32_t i = 0; i < gather->count; i++) {
        if (i >= gather->giving_end || !is_spent(&gather->held[i]))
            gather->held[kept++] = gather->held[i];
        else
            eng_free(gather->held[i].bytes);
    }
    gather->count = kept;
    gather->giving = gather->spent = gather->giving_end = 0;
    eng_assert(gather->count <= gather->capacity);
}

bool eng_gather_spent(struct eng_gather *gather, struct eng_slice *ret_key)
{
    eng_assert(gather->giving == gather->giving_end);
    eng_assert(gather->spent <= gather->giving_end);
    while (gather->spent < gather->giving_end && !is_spent(&gather->held[gather->spent]))
        gather->spent++;
    if (gather->spent == gather->giving_end) {
        if (eng_sightings_spent(gather->sightings, gather->given_ms, false, ret_key))
            return true;
        close_moment(gather);
        return false;
    }
    const struct held *held = &gather->held[gather->spent++];
    *ret_key = (struct eng_slice){(const char *)held->bytes, (uint32_t)held->key_bytes};
    return true;
}

/* ---- who is gone ---- */

bool eng_gather_has_gone(const struct eng_gather *gather)
{
    eng_assert(gather->gone <= gather->count);
    eng_assert(gather->giving_end == 0);
    return gather->gone > 0;
}

const struct eng_sums *eng_gather_changed(struct eng_gather *gather)
{
    eng_assert(gather->next_changed <= gather->count);
    eng_assert(gather->giving_end == 0);
    if (gather->next_changed == 0)
        tidy(gather);
    while (gather->next_changed < gather->count) {
        struct held *held = &gather->held[gather->next_changed++];
        if (held->changed) {
            held->changed = false;
            return &held->sums;
        }
    }
    gather->next_changed = 0;
    return NULL;
}

/* They are before all others, as they are of no moment. */
bool eng_gather_gone(struct eng_gather *gather, struct eng_slice *ret_key)
{
    eng_assert(gather->next_changed == 0 && gather->giving_end == 0);
    eng_assert(gather->next_gone <= gather->gone && gather->gone <= gather->count);
    if (gather->next_gone < gather->gone) {
        const struct held *held = &gather->held[gather->next_gone++];
        eng_assert(held->sums.kind == ENG_SUMS_GONE);
        *ret_key = (struct eng_slice){(const char *)held->bytes, (uint32_t)held->key_bytes};
        return true;
    }
    if (eng_sightings_spent(gather->sightings, gather->given_ms, true, ret_key))
        return true;
    for (uint32_t i = 0; i < gather->gone; i++)
        eng_free(gather->held[i].bytes);
    gather->count -= gather->gone;
    memmove(gather->held, gather->held + gather->gone, gather->count * sizeof *gather->held);
    gather->gone = gather->next_gone = 0;
    return false;
}

/* ---- to be seen ---- */

int64_t eng_gather_low_water(const struct eng_gather *gather, int64_t next)
{
    int64_t low = next;
    eng_assert(next >= 0);
    eng_assert(gather->giving_end == 0);
    for (uint32_t i = 0; i < gather->count; i++)
        if (!gather->held[i].dead && gather->held[i].offset < low)
            low = gather->held[i].offset;
    for (uint32_t i = 0; i < gather->partitions; i++)
        if (ENG_RULE(SUMS_LOW_NONE) && gather->reached[i].at_ms > gather->given_ms &&
            gather->reached[i].offset < low)
            low = gather->reached[i].offset;
    return eng_sightings_low_water(gather->sightings, low);
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
