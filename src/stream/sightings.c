/* Texts that were seen, in order of their hashes. See sightings.h.
 *
 * They stand in one array, sorted by what their key says: hash, moment, partition, offset, check.
 * So those of one text stand together, and a record that comes again, or its tombstone, stands
 * beside the first one. What comes is appended and put in its place when somebody asks: the tail is
 * sorted and merged, so a moment costs one pass over all of them. */
#include "stream/sightings.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/condition.h"
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAM, CHECK, DESCRIPTION, PARTNER, ACTION, EVENT_ID, TEXT, SOURCE, TEXTS };
enum { NO_TEXT = 0xFFFF };

/* One record. The texts stand one behind the other in `bytes`; NULL: it is a tombstone. */
struct sighting {
    uint64_t hash, offset; /* of the text; of the event in its partition */
    int64_t at_ms, occurred_ms, over_ms, needed_ms, log_offset;
    uint64_t partner_hash;
    uint32_t partition, check_index, model_version;
    bool erased;
    uint16_t lengths[TEXTS];
    uint8_t *bytes;
};

/* One that is one too many, and the one before it: indices, and what it is sorted by. */
struct finding {
    int64_t at_ms, occurred_ms;
    uint64_t offset;
    uint32_t partition, check_index, index, other;
};

struct eng_sightings {
    struct sighting *list;
    uint32_t count, capacity;
    uint32_t sorted;        /* so many are in order; behind them is the tail */
    struct sighting *spare; /* for merging, as large as the list */
    uint32_t spare_capacity;
    struct finding *found;
    uint32_t found_count, found_capacity, next_found;
    uint32_t next_spent;
    uint32_t judged; /* with the last moments that were */
    bool asked;      /* the oldest moment after one is known */
    int64_t asked_given_ms, asked_oldest_ms;
    struct eng_twice twice;
    char key[ENG_SUMS_KEY_BYTES];
};

enum eng_status eng_sightings_new(struct eng_sightings **ret_sightings)
{
    struct eng_sightings *sightings = eng_calloc(1, sizeof *sightings);
    eng_assert(ret_sightings != NULL);
    *ret_sightings = sightings;
    eng_assert(sightings == NULL || sightings->count == 0);
    return sightings != NULL ? ENG_OK : ENG_NO_MEMORY;
}

void eng_sightings_free(struct eng_sightings *sightings)
{
    if (sightings == NULL)
        return;
    eng_assert(sightings->count <= sightings->capacity);
    for (uint32_t i = 0; i < sightings->count; i++)
        eng_free(sightings->list[i].bytes);
    eng_free(sightings->list);
    eng_free(sightings->spare);
    eng_free(sightings->found);
    eng_assert(sightings->sorted <= sightings->count);
    eng_free(sightings);
}

static struct eng_slice text_of(const struct sighting *one, int text)
{
    size_t at = 0;
    eng_assert(text < TEXTS);
    eng_assert(one->bytes != NULL);
    for (int i = 0; i < text; i++)
        at += one->lengths[i] != NO_TEXT ? one->lengths[i] : 0;
    return one->lengths[text] != NO_TEXT
               ? (struct eng_slice){(const char *)one->bytes + at, one->lengths[text]}
               : (struct eng_slice){0};
}

/* ---- order ---- */

static int compare(uint64_t one, uint64_t two)
{
    return one < two ? -1 : one > two;
}

static int by_key(const struct sighting *one, const struct sighting *two)
{
    int order = compare(one->hash, two->hash);
    eng_assert(one->at_ms >= 0 && two->at_ms >= 0);
    if (order == 0)
        order = compare((uint64_t)one->at_ms, (uint64_t)two->at_ms);
    if (order == 0)
        order = compare(one->partition, two->partition);
    if (order == 0)
        order = compare(one->offset, two->offset);
    eng_assert(order >= -1 && order <= 1);
    return order == 0 ? compare(one->check_index, two->check_index) : order;
}

static int by_key_and_log(const void *left, const void *right)
{
    const struct sighting *one = left, *two = right;
    int order = by_key(one, two);
    return order == 0 ? compare((uint64_t)one->log_offset, (uint64_t)two->log_offset) : order;
}

/* Appends one of the two lists' next records; of one key the last one stays, unless it is a
 * tombstone. */
static void place(struct sighting *to, uint32_t *count, const struct sighting *next)
{
    eng_assert(next->log_offset >= 0);
    eng_assert(*count == 0 || by_key(&to[*count - 1], next) <= 0);
    if (*count > 0 && by_key(&to[*count - 1], next) == 0) {
        eng_free(to[*count - 1].bytes);
        to[*count - 1] = *next;
        return;
    }
    to[(*count)++] = *next;
}

/* Puts the tail in its place. */
static void tidy(struct eng_sightings *s)
{
    uint32_t left = 0, right = s->sorted, count = 0, kept = 0;
    eng_assert(s->sorted <= s->count);
    eng_assert(s->spare_capacity >= s->count);
    if (s->sorted == s->count)
        return;
    qsort(s->list + s->sorted, s->count - s->sorted, sizeof *s->list, by_key_and_log);
    while (left < s->sorted || right < s->count) {
        bool first = right == s->count ||
                     (left < s->sorted && by_key_and_log(&s->list[left], &s->list[right]) < 0);
        place(s->spare, &count, &s->list[first ? left++ : right++]);
    }
    for (uint32_t i = 0; i < count; i++)
        if (s->spare[i].bytes != NULL)
            s->list[kept++] = s->spare[i];
    s->count = s->sorted = kept;
    s->asked = false;
    eng_assert(s->count <= s->capacity);
}

/* ---- taking ---- */

static enum eng_status append(struct eng_sightings *s, const struct sighting *one)
{
    eng_assert(s->count <= s->capacity);
    eng_assert(one->log_offset >= 0);
    if (s->count == s->capacity) {
        void *grown = eng_grow(s->list, &s->capacity, sizeof *s->list);
        if (grown == NULL)
            return ENG_NO_MEMORY;
        s->list = grown;
    }
    if (s->spare_capacity < s->capacity) {
        struct sighting *spare = eng_calloc(s->capacity, sizeof *spare);
        if (spare == NULL)
            return ENG_NO_MEMORY;
        eng_free(s->spare);
        s->spare = spare;
        s->spare_capacity = s->capacity;
    }
    s->list[s->count++] = *one;
    s->asked = false; /* a tombstone may be of the oldest */
    return ENG_OK;
}

enum eng_status eng_sightings_take(struct eng_sightings *sightings, const struct eng_sums *sums,
                                   int64_t offset)
{
    const struct eng_flag *flag = &sums->seen.flag;
    const struct eng_slice texts[TEXTS] = {flag->program, flag->check,  flag->description,
                                           flag->partner, flag->action, flag->event_id,
                                           flag->text,    flag->source};
    struct sighting one = {.hash = sums->seen.hash,
                           .offset = flag->offset,
                           .at_ms = sums->result.at_ms,
                           .occurred_ms = flag->occurred_ms,
                           .over_ms = sums->seen.over_ms,
                           .needed_ms = sums->seen.needed_ms,
                           .log_offset = offset,
                           .partner_hash = eng_partner_hash(flag->partner),
                           .partition = sums->partition,
                           .check_index = sums->result.group_index,
                           .model_version = flag->model_version};
    size_t bytes = 0;
    eng_assert(sums->kind == ENG_SUMS_SEEN);
    eng_assert(flag->partner.length > 0);
    for (int i = 0; i < TEXTS; i++) {
        one.lengths[i] = texts[i].data != NULL ? (uint16_t)texts[i].length : (uint16_t)NO_TEXT;
        bytes += texts[i].length;
    }
    one.bytes = eng_calloc(bytes, 1);
    if (one.bytes == NULL)
        return ENG_NO_MEMORY;
    uint8_t *to = one.bytes;
    for (int i = 0; i < TEXTS; i++) {
        if (texts[i].length > 0)
            memcpy(to, texts[i].data, texts[i].length);
        to += texts[i].length;
    }
    bool asked = sightings->asked && one.at_ms > sightings->asked_given_ms &&
                 (sightings->asked_oldest_ms < 0 || one.at_ms < sightings->asked_oldest_ms);
    bool known = sightings->asked;
    if (append(sightings, &one) != ENG_OK) {
        eng_free(one.bytes);
        return ENG_NO_MEMORY;
    }
    sightings->asked = known;
    if (asked)
        sightings->asked_oldest_ms = one.at_ms;
    return ENG_OK;
}

enum eng_status eng_sightings_forget(struct eng_sightings *sightings, const char *key,
                                     size_t key_bytes, int64_t offset)
{
    char text[ENG_SUMS_KEY_BYTES];
    struct sighting one = {.log_offset = offset};
    int read = 0;
    eng_assert(key != NULL);
    eng_assert(offset >= 0);
    if (key_bytes < 5 || key_bytes >= sizeof text || memcmp(key, "seen/", 5) != 0)
        return ENG_NOT_FOUND;
    memcpy(text, key, key_bytes);
    text[key_bytes] = '\0';
    if (sscanf(text, "seen/%16" SCNx64 "/%" SCNd64 "/%" SCNu32 "/%" SCNu64 "/%" SCNu32 "%n",
               &one.hash, &one.at_ms, &one.partition, &one.offset, &one.check_index, &read) != 5 ||
        (size_t)read != key_bytes || one.at_ms < 0)
        return ENG_NOT_FOUND;
    return append(sightings, &one);
}

void eng_sightings_erase(struct eng_sightings *sightings, uint64_t partner_hash)
{
    tidy(sightings);
    eng_assert(sightings->sorted == sightings->count);
    eng_assert(sightings->count <= sightings->capacity);
    for (uint32_t i = 0; i < sightings->count; i++)
        sightings->list[i].erased |=
            sightings->list[i].bytes != NULL && sightings->list[i].partner_hash == partner_hash;
    sightings->asked = false;
}

/* It is asked all the time, and there are many. */
int64_t eng_sightings_oldest(struct eng_sightings *sightings, int64_t given_ms)
{
    int64_t oldest = -1;
    eng_assert(given_ms >= -1);
    eng_assert(sightings->sorted <= sightings->count);
    if (sightings->asked && sightings->asked_given_ms == given_ms)
        return sightings->asked_oldest_ms;
    for (uint32_t i = 0; i < sightings->count; i++) {
        const struct sighting *one = &sightings->list[i];
        if (one->bytes != NULL && !one->erased && one->at_ms > given_ms &&
            (oldest < 0 || one->at_ms < oldest))
            oldest = one->at_ms;
    }
    sightings->asked = true;
    sightings->asked_given_ms = given_ms;
    sightings->asked_oldest_ms = oldest;
    return oldest;
}

/* ---- judging ---- */

/* Which of two of the same text is judged first? */
static bool is_before(const struct sighting *one, const struct sighting *two)
{
    eng_assert(one->hash == two->hash);
    eng_assert(one != two);
    if (one->at_ms != two->at_ms)
        return one->at_ms < two->at_ms;
    if (one->occurred_ms != two->occurred_ms)
        return one->occurred_ms < two->occurred_ms;
    return eng_text_order(text_of(one, PARTNER), text_of(two, PARTNER)) < 0;
}

static bool is_same(const struct sighting *one, const struct sighting *two, int text)
{
    eng_assert(one->lengths[text] != NO_TEXT);
    eng_assert(two->lengths[text] != NO_TEXT);
    return eng_text_order(text_of(one, text), text_of(two, text)) == 0;
}

/* The first one of a text's that may be near enough to one of a time: none comes before it
 * happened, so its moment is later than that. */
static uint32_t first_near(const struct eng_sightings *s, uint32_t from, uint32_t to,
                           int64_t after_ms)
{
    eng_assert(from < to);
    eng_assert(to <= s->sorted);
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (s->list[middle].at_ms > after_ms)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

/* The first of those of its text, from `from` to before `to`, that it is too near to; `to`: none. A
 * text that everybody has is found with the first moments that are looked at. */
static uint32_t find_other(const struct eng_sightings *s, uint32_t index, uint32_t from,
                           uint32_t to)
{
    const struct sighting *one = &s->list[index];
    uint32_t found = to;
    eng_assert(from <= index && index < to);
    eng_assert(to <= s->sorted);
    for (uint32_t i = first_near(s, from, to, one->occurred_ms - one->over_ms); i < to; i++) {
        const struct sighting *other = &s->list[i];
        if (other->at_ms > one->at_ms || (found < to && other->at_ms > s->list[found].at_ms))
            break;
        if (i == index || other->erased || !is_before(other, one) ||
            llabs(other->occurred_ms - one->occurred_ms) >= one->over_ms ||
            is_same(one, other, PARTNER) || !is_same(one, other, CHECK) ||
            !is_same(one, other, TEXT) || !is_same(one, other, PROGRAM))
            continue;
        if (found == to || is_before(other, &s->list[found]))
            found = i;
    }
    return found;
}

static enum eng_status note(struct eng_sightings *s, uint32_t index, uint32_t other)
{
    const struct sighting *one = &s->list[index];
    eng_assert(index != other);
    eng_assert(index < s->sorted && other < s->sorted);
    if (s->found_count == s->found_capacity) {
        void *grown = eng_grow(s->found, &s->found_capacity, sizeof *s->found);
        if (grown == NULL)
            return ENG_NO_MEMORY;
        s->found = grown;
    }
    s->found[s->found_count++] = (struct finding){
        one->at_ms, one->occurred_ms, one->offset, one->partition, one->check_index, index, other};
    return ENG_OK;
}

/* The order in which findings are told. */
static int by_judgement(const void *left, const void *right)
{
    const struct finding *one = left, *two = right;
    int order = compare((uint64_t)one->at_ms, (uint64_t)two->at_ms);
    eng_assert(one->index != two->index || one == two);
    if (order == 0)
        order = compare((uint64_t)one->occurred_ms, (uint64_t)two->occurred_ms);
    if (order == 0)
        order = compare(one->partition, two->partition);
    if (order == 0)
        order = compare(one->offset, two->offset);
    eng_assert(order >= -1 && order <= 1);
    return order == 0 ? compare(one->check_index, two->check_index) : order;
}

enum eng_status eng_sightings_judge(struct eng_sightings *sightings, int64_t given_ms,
                                    int64_t at_ms)
{
    struct eng_sightings *s = sightings;
    enum eng_status status = ENG_OK;
    eng_assert(given_ms < at_ms);
    tidy(s);
    s->found_count = s->next_found = s->next_spent = s->judged = 0;
    for (uint32_t from = 0, to; status == ENG_OK && from < s->sorted; from = to) {
        to = from + 1;
        while (to < s->sorted && s->list[to].hash == s->list[from].hash)
            to++;
        for (uint32_t i = from; i < to && status == ENG_OK; i++) {
            const struct sighting *one = &s->list[i];
            if (one->erased || one->at_ms <= given_ms || one->at_ms > at_ms)
                continue;
            s->judged++;
            uint32_t other = find_other(s, i, from, to);
            if (other < to)
                status = note(s, i, other);
        }
    }
    if (status == ENG_OK && s->found_count > 1)
        qsort(s->found, s->found_count, sizeof *s->found, by_judgement);
    eng_assert(status == ENG_OK || status == ENG_NO_MEMORY);
    return status;
}

uint32_t eng_sightings_judged(const struct eng_sightings *sightings)
{
    eng_assert(sightings != NULL);
    eng_assert(sightings->found_count <= sightings->judged);
    return sightings->judged;
}

const struct eng_twice *eng_sightings_next(struct eng_sightings *sightings)
{
    eng_assert(sightings->next_found <= sightings->found_count);
    eng_assert(sightings->found_count == 0 || sightings->sorted > 1);
    if (sightings->next_found == sightings->found_count)
        return NULL;
    const struct finding *found = &sightings->found[sightings->next_found++];
    const struct sighting *one = &sightings->list[found->index];
    const struct sighting *other = &sightings->list[found->other];
    sightings->twice = (struct eng_twice){.partition = one->partition,
                                          .flag = {.program = text_of(one, PROGRAM),
                                                   .partner = text_of(one, PARTNER),
                                                   .check = text_of(one, CHECK),
                                                   .action = text_of(one, ACTION),
                                                   .event_id = text_of(one, EVENT_ID),
                                                   .text = text_of(one, TEXT),
                                                   .description = text_of(one, DESCRIPTION),
                                                   .source = text_of(one, SOURCE),
                                                   .kind = "unique",
                                                   .then = "flag",
                                                   .model_version = one->model_version,
                                                   .at_ms = one->at_ms,
                                                   .occurred_ms = one->occurred_ms,
                                                   .value_e4 = ENG_VALUE_NONE,
                                                   .limit_e4 = ENG_VALUE_NONE,
                                                   .offset = one->offset,
                                                   .other = text_of(other, PARTNER),
                                                   .other_ms = other->occurred_ms}};
    return &sightings->twice;
}

/* ---- what is needed no more ---- */

/* Takes those out that have been told as spent. */
static void drop_spent(struct eng_sightings *s, int64_t given_ms, bool erased)
{
    uint32_t kept = 0;
    eng_assert(s->sorted <= s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        struct sighting *one = &s->list[i];
        bool spent = i < s->sorted && (one->erased || (!erased && one->needed_ms < given_ms));
        if (spent)
            eng_free(one->bytes);
        else
            s->list[kept++] = *one;
    }
    s->sorted -= s->count - kept;
    s->count = kept;
    s->next_spent = s->found_count = s->next_found = 0;
    s->asked = false;
    eng_assert(s->sorted <= s->count);
}

bool eng_sightings_spent(struct eng_sightings *sightings, int64_t given_ms, bool erased,
                         struct eng_slice *ret_key)
{
    struct eng_sightings *s = sightings;
    eng_assert(s->next_spent <= s->sorted);
    eng_assert(given_ms >= -1);
    if (s->next_spent == 0)
        tidy(s);
    while (s->next_spent < s->sorted) {
        const struct sighting *one = &s->list[s->next_spent++];
        if (!one->erased && (erased || one->needed_ms >= given_ms))
            continue;
        const struct eng_sums sums = {
            .kind = ENG_SUMS_SEEN,
            .partition = one->partition,
            .seen = {.hash = one->hash, .flag = {.offset = one->offset}},
            .result = {.at_ms = one->at_ms, .group_index = (uint8_t)one->check_index}};
        *ret_key = (struct eng_slice){s->key, (uint32_t)eng_sums_key(&sums, s->key)};
        return true;
    }
    drop_spent(s, given_ms, erased);
    return false;
}

int64_t eng_sightings_low_water(const struct eng_sightings *sightings, int64_t next)
{
    int64_t low = next;
    eng_assert(next >= 0);
    eng_assert(sightings->sorted <= sightings->count);
    for (uint32_t i = 0; i < sightings->count; i++)
        if (sightings->list[i].bytes != NULL && sightings->list[i].log_offset < low)
            low = sightings->list[i].log_offset;
    return low;
}
