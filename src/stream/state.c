/* Bytes of pages and commit records. See state.h. */
#include "stream/state.h"

#include "base/assert.h"
#include "base/big_endian.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* A commit record without anything that partners share is written as before there was such a
 * thing. */
enum {
    PAGE_VERSION = 1,
    COMMIT_VERSION = 3,
    SHARED_VERSION = 4,
    PREFIX_BYTES = 5,
    PART_BYTES = 11
};

const char eng_commit_key[ENG_COMMIT_KEY_BYTES + 1] = "commit";

/* ---- keys ---- */

size_t eng_page_key(struct eng_slice partner, uint32_t part, char ret_key[ENG_PAGE_KEY_BYTES])
{
    char prefix[PART_BYTES + 1];
    eng_assert(partner.length > 0 && partner.length <= ENG_PARTNER_BYTES_MAX);
    eng_assert(part < ENG_PAGE_PARTS_MAX);
    int used = part == 0 ? snprintf(prefix, sizeof prefix, "page/")
                         : snprintf(prefix, sizeof prefix, "part/%05" PRIu32 "/", part);
    memcpy(ret_key, prefix, (size_t)used);
    memcpy(ret_key + used, partner.data, partner.length);
    return (size_t)used + partner.length;
}

enum eng_state_kind eng_state_kind(const void *key, size_t length, struct eng_slice *ret_partner)
{
    const char *text = key;
    if (text == NULL)
        return ENG_STATE_IS_OTHER;
    if (length == ENG_COMMIT_KEY_BYTES && memcmp(text, eng_commit_key, length) == 0)
        return ENG_STATE_IS_COMMIT;
    bool page = length > PREFIX_BYTES && memcmp(text, "page/", PREFIX_BYTES) == 0;
    bool part = length > PART_BYTES && memcmp(text, "part/", PREFIX_BYTES) == 0;
    if (!page && !part)
        return ENG_STATE_IS_OTHER;
    size_t from = page ? PREFIX_BYTES : PART_BYTES;
    eng_assert(from < length);
    if (length - from > ENG_PARTNER_BYTES_MAX)
        return ENG_STATE_IS_OTHER;
    *ret_partner = (struct eng_slice){text + from, (uint32_t)(length - from)};
    return ENG_STATE_IS_PAGE;
}

bool eng_page_key_is_part(const void *key)
{
    eng_assert(key != NULL);
    return memcmp(key, "part/", PREFIX_BYTES) == 0;
}

/* ---- what all records have in common ---- */

enum eng_status eng_state_check(const uint8_t *value, size_t length,
                                const struct eng_state_form *form, struct eng_error *err)
{
    eng_assert(strlen(form->letters) == 2);
    eng_assert(form->least > 4 + ENG_PAGE_SUM_BYTES);
    if (value == NULL || length < form->least || memcmp(value, form->letters, 2) != 0)
        return eng_error_set(err, ENG_CORRUPT, "%s of %zu bytes is not ours", form->what, length);
    if (value[2] != form->version)
        return eng_error_set(err, ENG_CORRUPT, "%s has version %u; this program knows %u",
                             form->what, value[2], form->version);
    if (XXH3_64bits(value, length - ENG_PAGE_SUM_BYTES) !=
        eng_read_be(value + length - ENG_PAGE_SUM_BYTES, ENG_PAGE_SUM_BYTES))
        return eng_error_set(err, ENG_CORRUPT, "%s has a wrong checksum", form->what);
    return ENG_OK;
}

/* ---- pages ---- */

void eng_page_head_write(const struct eng_page_head *head, uint8_t *to)
{
    eng_assert(head->part < head->parts);
    eng_assert(head->next >= 0 && head->sequence > 0);
    memcpy(to, "EG\1\0", 4);
    eng_write_be(to + 4, head->model_version, 4);
    eng_write_be(to + 8, head->life, 8);
    eng_write_be(to + 16, head->sequence, 8);
    eng_write_be(to + 24, (uint64_t)head->next, 8);
    eng_write_be(to + 32, head->journal, 8);
    eng_write_be(to + 40, head->part, 2);
    eng_write_be(to + 42, head->parts, 2);
}

void eng_page_close(uint8_t *record, size_t length)
{
    eng_assert(record != NULL);
    eng_assert(length >= ENG_PAGE_HEAD_BYTES);
    eng_write_be(record + length, XXH3_64bits(record, length), ENG_PAGE_SUM_BYTES);
}

static const struct eng_state_form page_form = {"a page", "EG", PAGE_VERSION,
                                                ENG_PAGE_HEAD_BYTES + ENG_PAGE_SUM_BYTES};

enum eng_status eng_page_open(const void *value, size_t length, struct eng_page_part *ret_part,
                              struct eng_error *err)
{
    const uint8_t *at = value;
    enum eng_status status = eng_state_check(at, length, &page_form, err);
    eng_assert(ret_part != NULL);
    eng_assert(page_form.least > ENG_PAGE_HEAD_BYTES);
    if (status != ENG_OK)
        return status;
    const struct eng_page_head head = {.model_version = (uint32_t)eng_read_be(at + 4, 4),
                                       .life = eng_read_be(at + 8, 8),
                                       .sequence = eng_read_be(at + 16, 8),
                                       .next = (int64_t)eng_read_be(at + 24, 8),
                                       .journal = eng_read_be(at + 32, 8),
                                       .part = (uint16_t)eng_read_be(at + 40, 2),
                                       .parts = (uint16_t)eng_read_be(at + 42, 2)};
    *ret_part = (struct eng_page_part){head, at + ENG_PAGE_HEAD_BYTES, length - page_form.least};
    if (head.part >= head.parts || head.next < 0 || head.sequence == 0)
        return eng_error_set(err, ENG_CORRUPT,
                             "a page says it is part %u of %u as of offset %" PRId64
                             " in transaction %" PRIu64,
                             head.part, head.parts, head.next, head.sequence);
    return ENG_OK;
}

/* ---- commit records ---- */

/* All numbers of a record, in their order. Each has the same room. */
enum { NUMBERS = 32, HALF_AT = 24, LENGTHS_AT = 29 };
_Static_assert(4 + NUMBERS * 8 + 8 == ENG_COMMIT_BYTES, "as long as it is said to be");
_Static_assert(ENG_OUTCOME_LEFT_OUT == 6 && ENG_OUTCOME_HELD == 7 && ENG_OUTCOME_COUNT == 8,
               "each outcome has its place, but the last two stand behind");

/* What follows the numbers, each as long as one of the last of them says. */
struct tail {
    size_t known, partner, id;
    size_t shared; /* with its length before it; left out when there is nothing */
    size_t extra;  /* bytes of counts that are left out while they are 0: two of awards, two of
                    * checks behind them, and four of what is held behind these */
};

enum {
    WITH_AWARDS = ENG_COMMIT_AWARDS_BYTES,
    WITH_CHECKS = WITH_AWARDS + ENG_COMMIT_CHECKS_BYTES,
    WITH_HELD = WITH_CHECKS + ENG_COMMIT_HELD_BYTES
};

static size_t extra_of(const struct eng_counters *counters)
{
    if (counters->outcome[ENG_OUTCOME_HELD] > 0 || counters->held_released > 0 ||
        counters->held_discarded > 0 || counters->held_unmatched > 0)
        return WITH_HELD;
    if (counters->outcome[ENG_OUTCOME_LEFT_OUT] > 0 || counters->abuse_flags > 0)
        return WITH_CHECKS;
    return counters->award_bookings > 0 || counters->award_unmatched > 0 ? WITH_AWARDS : 0;
}

static struct tail tail_of(const struct eng_commit *commit)
{
    eng_assert(commit->known_bytes <= ENG_KNOWN_BYTES_MAX);
    eng_assert(commit->half.partner_bytes <= ENG_PARTNER_BYTES_MAX);
    return (struct tail){.known = commit->known_bytes,
                         .partner = commit->half.partner_bytes,
                         .id = strnlen(commit->input_id, ENG_COMMIT_ID_BYTES - 1),
                         .shared = commit->shared_bytes,
                         .extra = extra_of(&commit->counters)};
}

size_t eng_commit_bytes(const struct eng_commit *commit)
{
    struct tail tail = tail_of(commit);
    eng_assert(commit != NULL);
    eng_assert(tail.id < ENG_COMMIT_ID_BYTES);
    size_t shared = commit->shared_bytes > 0 ? 8u + commit->shared_bytes : 0;
    return (size_t)ENG_COMMIT_BYTES + tail.known + tail.partner + tail.id + shared + tail.extra;
}

static void write_tail(const struct eng_commit *commit, uint8_t *to)
{
    struct tail tail = tail_of(commit);
    eng_assert(commit->half.kind != ENG_HALF_NONE || tail.partner == 0);
    eng_assert(to != NULL);
    memcpy(to, commit->known, tail.known);
    memcpy(to + tail.known, commit->half.partner, tail.partner);
    memcpy(to + tail.known + tail.partner, commit->input_id, tail.id);
    to += tail.known + tail.partner + tail.id;
    if (commit->shared_bytes > 0) {
        eng_write_be(to, commit->shared_bytes, 8);
        memcpy(to + 8, commit->shared, commit->shared_bytes);
        to += 8u + commit->shared_bytes;
    }
    if (tail.extra == 0)
        return;
    eng_write_be(to, commit->counters.award_bookings, 8);
    eng_write_be(to + 8, commit->counters.award_unmatched, 8);
    if (tail.extra == WITH_AWARDS)
        return;
    eng_write_be(to + 16, commit->counters.outcome[ENG_OUTCOME_LEFT_OUT], 8);
    eng_write_be(to + 24, commit->counters.abuse_flags, 8);
    if (tail.extra == WITH_CHECKS)
        return;
    eng_write_be(to + 32, commit->counters.outcome[ENG_OUTCOME_HELD], 8);
    eng_write_be(to + 40, commit->counters.held_released, 8);
    eng_write_be(to + 48, commit->counters.held_discarded, 8);
    eng_write_be(to + 56, commit->counters.held_unmatched, 8);
}

uint64_t eng_commit_write(const struct eng_commit *commit, uint8_t *to)
{
    const struct eng_low_water *low = &commit->low;
    const struct eng_half *half = &commit->half;
    const uint64_t *o = commit->counters.outcome;
    struct tail tail = tail_of(commit);
    const uint64_t numbers[NUMBERS] = {commit->sequence,
                                       commit->life,
                                       (uint64_t)commit->next,
                                       commit->journal,
                                       (uint64_t)commit->first,
                                       (uint64_t)commit->clock_ms,
                                       commit->model_version,
                                       commit->fingerprint,
                                       (uint64_t)low->next,
                                       low->journal,
                                       (uint64_t)low->clock_ms,
                                       low->read,
                                       commit->counters.read,
                                       o[0],
                                       o[1],
                                       o[2],
                                       o[3],
                                       o[4],
                                       o[5],
                                       commit->counters.score_changes,
                                       commit->counters.churn_drops,
                                       commit->page_count,
                                       commit->page_sum,
                                       low->model_version,
                                       half->kind,
                                       half->silent,
                                       (uint64_t)half->before_ms,
                                       (uint64_t)half->boundary_ms,
                                       (uint64_t)half->target_ms,
                                       tail.known,
                                       tail.partner,
                                       tail.id};
    size_t bytes = eng_commit_bytes(commit);
    eng_assert(commit->sequence > 0 && commit->life > 0);
    eng_assert(low->next <= commit->next && low->journal <= commit->journal);
    memcpy(to, "EC\3\0", 4);
    to[2] = commit->shared_bytes > 0 ? SHARED_VERSION : COMMIT_VERSION;
    for (int i = 0; i < NUMBERS; i++)
        eng_write_be(to + 4 + (ptrdiff_t)8 * i, numbers[i], 8);
    write_tail(commit, to + 4 + (ptrdiff_t)8 * NUMBERS);
    uint64_t sum = XXH3_64bits(to, bytes - 8);
    eng_write_be(to + bytes - 8, sum, 8);
    return sum;
}

static uint64_t number_at(const uint8_t *value, int index)
{
    eng_assert(index >= 0);
    eng_assert(index < NUMBERS);
    return eng_read_be(value + 4 + (ptrdiff_t)8 * index, 8);
}

static void read_numbers(const uint8_t *from, struct eng_commit *c)
{
    uint64_t kind = number_at(from, HALF_AT);
    eng_assert(kind <= ENG_HALF_MODEL);
    eng_assert(c != NULL);
    *c = (struct eng_commit){.sequence = number_at(from, 0),
                             .life = number_at(from, 1),
                             .next = (int64_t)number_at(from, 2),
                             .journal = number_at(from, 3),
                             .first = (int64_t)number_at(from, 4),
                             .clock_ms = (int64_t)number_at(from, 5),
                             .model_version = (uint32_t)number_at(from, 6),
                             .fingerprint = number_at(from, 7),
                             .low = {.next = (int64_t)number_at(from, 8),
                                     .journal = number_at(from, 9),
                                     .clock_ms = (int64_t)number_at(from, 10),
                                     .read = number_at(from, 11),
                                     .model_version = (uint32_t)number_at(from, 23)},
                             .counters.read = number_at(from, 12),
                             .counters.score_changes = number_at(from, 19),
                             .counters.churn_drops = number_at(from, 20),
                             .page_count = number_at(from, 21),
                             .page_sum = number_at(from, 22),
                             .half = {.kind = (enum eng_half_kind)kind,
                                      .silent = number_at(from, HALF_AT + 1) != 0,
                                      .before_ms = (int64_t)number_at(from, HALF_AT + 2),
                                      .boundary_ms = (int64_t)number_at(from, HALF_AT + 3),
                                      .target_ms = (int64_t)number_at(from, HALF_AT + 4)}};
    for (int i = 0; i < ENG_OUTCOME_LEFT_OUT; i++)
        c->counters.outcome[i] = number_at(from, 13 + i);
}

/* Lengths that fit each other and the record. */
static bool read_lengths(const uint8_t *from, size_t length, struct tail *ret_tail)
{
    uint64_t known = number_at(from, LENGTHS_AT), partner = number_at(from, LENGTHS_AT + 1);
    uint64_t id = number_at(from, LENGTHS_AT + 2);
    eng_assert(length >= ENG_COMMIT_BYTES);
    eng_assert(ret_tail != NULL);
    *ret_tail = (struct tail){.known = (size_t)known, .partner = (size_t)partner, .id = (size_t)id};
    if (known > ENG_KNOWN_BYTES_MAX || partner > ENG_PARTNER_BYTES_MAX || id >= ENG_COMMIT_ID_BYTES)
        return false;
    size_t before = ENG_COMMIT_BYTES + known + partner + id; /* the checksum with it */
    if (from[2] == SHARED_VERSION && length >= before + 8) {
        ret_tail->shared = eng_read_be(from + before - ENG_PAGE_SUM_BYTES, 8);
        if (ret_tail->shared == 0 || ret_tail->shared > ENG_SHARED_BYTES_MAX)
            return false;
        before += 8 + ret_tail->shared;
    }
    if (length < before)
        return false;
    ret_tail->extra = length - before;
    return (ret_tail->shared > 0) == (from[2] == SHARED_VERSION) &&
           (ret_tail->extra == 0 || ret_tail->extra == WITH_AWARDS ||
            ret_tail->extra == WITH_CHECKS || ret_tail->extra == WITH_HELD);
}

static void read_extra(const uint8_t *at, size_t extra, struct eng_counters *counters)
{
    eng_assert(extra <= WITH_HELD);
    eng_assert(extra % 8 == 0);
    if (extra >= WITH_AWARDS) {
        counters->award_bookings = eng_read_be(at, 8);
        counters->award_unmatched = eng_read_be(at + 8, 8);
    }
    if (extra >= WITH_CHECKS) {
        counters->outcome[ENG_OUTCOME_LEFT_OUT] = eng_read_be(at + 16, 8);
        counters->abuse_flags = eng_read_be(at + 24, 8);
    }
    if (extra >= WITH_HELD) {
        counters->outcome[ENG_OUTCOME_HELD] = eng_read_be(at + 32, 8);
        counters->held_released = eng_read_be(at + 40, 8);
        counters->held_discarded = eng_read_be(at + 48, 8);
        counters->held_unmatched = eng_read_be(at + 56, 8);
    }
}

enum eng_status eng_commit_read(const void *value, size_t length, struct eng_commit *ret_commit,
                                uint64_t *ret_sum, struct eng_error *err)
{
    const uint8_t *from = value;
    bool shares = length >= ENG_COMMIT_BYTES && from != NULL && from[2] == SHARED_VERSION;
    const struct eng_state_form form = {"a commit record", "EC",
                                        shares ? SHARED_VERSION : COMMIT_VERSION, ENG_COMMIT_BYTES};
    enum eng_status status = eng_state_check(from, length, &form, err);
    struct tail tail;
    eng_assert(ret_commit != NULL);
    eng_assert(ret_sum != NULL);
    if (status != ENG_OK)
        return status;
    if (!read_lengths(from, length, &tail) || number_at(from, HALF_AT) > ENG_HALF_MODEL)
        return eng_error_set(err, ENG_CORRUPT,
                             "a commit record of %zu bytes says that %" PRIu64 ", %" PRIu64
                             " and %" PRIu64
                             " of them vary, with an input in work of kind %" PRIu64,
                             length, number_at(from, LENGTHS_AT), number_at(from, LENGTHS_AT + 1),
                             number_at(from, LENGTHS_AT + 2), number_at(from, HALF_AT));
    const uint8_t *at = from + 4 + (ptrdiff_t)8 * NUMBERS;
    read_numbers(from, ret_commit);
    ret_commit->known_bytes = (uint16_t)tail.known;
    ret_commit->half.partner_bytes = (uint16_t)tail.partner;
    memcpy(ret_commit->known, at, tail.known);
    memcpy(ret_commit->half.partner, at + tail.known, tail.partner);
    memcpy(ret_commit->input_id, at + tail.known + tail.partner, tail.id);
    at += tail.known + tail.partner + tail.id;
    ret_commit->shared_bytes = (uint16_t)tail.shared;
    if (tail.shared > 0) {
        memcpy(ret_commit->shared, at + 8, tail.shared);
        at += 8 + tail.shared;
    }
    read_extra(at, tail.extra, &ret_commit->counters);
    *ret_sum = eng_read_be(from + length - 8, 8);
    return ENG_OK;
}
