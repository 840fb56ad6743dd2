/* The stream of events over all partners. See synth.h.
 *
 * Time goes day by day. For each day the visits that fall into it are made, partner by partner, and
 * their events sorted by arrival; what arrives after the day's end is carried over. So the work for
 * a day is one look at each partner and one radix sort, and memory holds a day, not the history.
 *
 *   partners --visits--> pending --sort--> due --thin--> good events --belt--> records
 *
 * Thinning: to make exactly N events the gaps are first chosen such that a little over N come out
 * (counting is cheap, and the same options give the same count), then each event is kept with the
 * chance (still wanted / still to come), which ends at exactly N.
 *
 * Belt: extra records (faults) wait on a ring of slots, one for each of the next BELT_SLOTS
 * records; a taken slot goes out instead of the next good event, so a duplicate follows its first
 * copy at some distance.
 *
 * Invariants: 1. next_ms[i] is when partner i's next visit is due. 2. pending[0 .. carried) are
 * events of earlier days that arrive later. 3. seen <= total, kept <= events when thinning. */
#include "cli/synth.h"

#include "base/assert.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define GAP_ONE_Q20 (UINT64_C(1) << 20)

enum { BELT_SLOTS = 256, BELT_BUSY = 128, ROUNDS_MAX = 24, DIGIT_BITS = 11, DIGITS = 3 };

/* An event that waits for its arrival. */
struct pending {
    struct eng_synth_event event;
    int64_t arrival_ms;
};

/* What is sorted: arrival within the day, and which pending event. */
struct key {
    uint32_t at_ms;
    uint32_t index;
};

struct eng_synth {
    struct eng_synth_options options;
    struct eng_synth_span span;
    uint64_t gap_q20;
    struct eng_synth_partner *partners;
    int64_t *next_ms;
    struct pending *pending;
    struct key *keys, *spare;
    size_t pending_count, pending_capacity;
    size_t due_count, due_done; /* keys of today's events, and how many are told */
    uint32_t day;               /* days made so far */
    uint64_t total, seen, kept; /* thinning */
    uint64_t extras;            /* fault records with an id of their own */
    struct eng_random spread, thin, chance;
    struct eng_synth_event belt[BELT_SLOTS];
    bool belt_taken[BELT_SLOTS];
    uint32_t belt_count;
    uint64_t step; /* slot in turn is step % BELT_SLOTS */
    uint64_t counts[ENG_SYNTH_FAULT_COUNT];
};

static const char *const fault_names[] = {
#define X(name, text) text,
    ENG_SYNTH_FAULT_MAP(X)
#undef X
};

const char *eng_synth_fault_name(enum eng_synth_fault fault)
{
    eng_assert(fault < ENG_SYNTH_FAULT_COUNT);
    return fault_names[fault];
}

const struct eng_synth_partner *eng_synth_partner(const struct eng_synth *synth, uint32_t number)
{
    eng_assert(number < synth->options.partners);
    return &synth->partners[number];
}

int64_t eng_synth_end_ms(const struct eng_synth *synth)
{
    return synth->span.end_ms;
}

const uint64_t *eng_synth_counts(const struct eng_synth *synth)
{
    return synth->counts;
}

/* Ids: a bijection of 48 bits that depends on the seed, over a running number. */
static uint64_t make_id(const struct eng_synth *synth, uint64_t number)
{
    const uint64_t mask = (UINT64_C(1) << 48) - 1;
    uint64_t id = (number * UINT64_C(0x9E3779B97F4B) + eng_random_mix(synth->options.seed)) & mask;
    id ^= id >> 23;
    return (id * UINT64_C(0xC4CEB9FE1A85)) & mask;
}

static struct eng_synth_partner make_partner(const struct eng_synth *synth, uint32_t number)
{
    return eng_synth_partner_init(synth->options.seed, number, synth->options.mix, &synth->span,
                                  synth->gap_q20);
}

/* Events of all partners over the whole span. */
static uint64_t count_events(const struct eng_synth *synth)
{
    struct eng_synth_event events[ENG_SYNTH_VISIT_MAX];
    uint64_t total = 0;
    for (uint32_t i = 0; i < synth->options.partners; i++) {
        struct eng_synth_partner partner = make_partner(synth, i);
        while (eng_synth_partner_next_ms(&partner, &synth->span) < synth->span.end_ms)
            total += eng_synth_partner_visit(&partner, &synth->span, events);
    }
    return total;
}

/* Chooses the gaps such that at least the wanted events come out, and not many more. */
static enum eng_status fit_gaps(struct eng_synth *synth, struct eng_error *err)
{
    uint64_t wanted = synth->options.events;
    synth->total = count_events(synth);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool enough = synth->total >= wanted;
        if (enough && (synth->total <= wanted + wanted / 8 + 100 || round > ROUNDS_MAX / 2))
            return ENG_OK;
        uint64_t aim = wanted + wanted / 25 + 10;
        uint64_t total = synth->total > 0 ? synth->total : 1;
        uint64_t gap = (uint64_t)((unsigned __int128)synth->gap_q20 * total / aim);
        synth->gap_q20 = gap > 0 ? gap : 1;
        synth->total = count_events(synth);
    }
    if (synth->total >= wanted)
        return ENG_OK;
    return eng_error_set(err, ENG_LIMIT,
                         "%" PRIu64 " events do not fit into %u days of %u partners: ask for more "
                         "days or partners",
                         wanted, synth->options.days, synth->options.partners);
}

static enum eng_status check_options(const struct eng_synth_options *options, struct eng_error *err)
{
    uint64_t shares = 0;
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++)
        shares += options->mix[kind];
    for (int fault = 1; fault < ENG_SYNTH_FAULT_COUNT; fault++)
        if (options->faults[fault] > 1000000)
            return eng_error_set(err, ENG_BAD_USAGE, "%s: more than 100 percent",
                                 fault_names[fault]);
    if (options->partners < 1 || options->partners > ENG_SYNTH_PARTNERS_MAX)
        return eng_error_set(err, ENG_BAD_USAGE, "partners: must be from 1 to %d",
                             ENG_SYNTH_PARTNERS_MAX);
    if (options->days < 1 || options->days > ENG_SYNTH_DAYS_MAX)
        return eng_error_set(err, ENG_BAD_USAGE, "days: must be from 1 to %d", ENG_SYNTH_DAYS_MAX);
    if (options->start_ms < ENG_SYNTH_START_MS_MIN)
        return eng_error_set(err, ENG_BAD_USAGE, "start: must be 1972 or later");
    if (options->spread_ms < 0 || options->spread_ms > ENG_SYNTH_SPREAD_MS_MAX)
        return eng_error_set(err, ENG_BAD_USAGE, "spread: must be from 0 to 7 days");
    if (shares == 0)
        return eng_error_set(err, ENG_BAD_USAGE, "mix: at least one kind needs a share above 0");
    return ENG_OK;
}

static enum eng_status make_partners(struct eng_synth *synth, struct eng_error *err)
{
    uint32_t count = synth->options.partners;
    synth->partners = eng_calloc(count, sizeof *synth->partners);
    synth->next_ms = eng_calloc(count, sizeof *synth->next_ms);
    if (synth->partners == NULL || synth->next_ms == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for %u partners", count);
    if (synth->options.events > 0) {
        enum eng_status status = fit_gaps(synth, err);
        if (status != ENG_OK)
            return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        synth->partners[i] = make_partner(synth, i);
        synth->next_ms[i] = eng_synth_partner_next_ms(&synth->partners[i], &synth->span);
    }
    return ENG_OK;
}

enum eng_status eng_synth_new(const struct eng_synth_options *options, struct eng_synth **ret_synth,
                              struct eng_error *err)
{
    enum eng_status status = check_options(options, err);
    if (status != ENG_OK)
        return status;
    struct eng_synth *synth = eng_calloc(1, sizeof *synth);
    if (synth == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the generator");
    synth->options = *options;
    synth->span = eng_synth_span_init(options->start_ms, options->days);
    synth->gap_q20 = GAP_ONE_Q20;
    synth->spread = eng_random_init(options->seed, UINT64_MAX);
    synth->thin = eng_random_init(options->seed, UINT64_MAX - 1);
    synth->chance = eng_random_init(options->seed, UINT64_MAX - 2);
    status = make_partners(synth, err);
    if (status != ENG_OK) {
        eng_synth_free(synth);
        return status;
    }
    *ret_synth = synth;
    return ENG_OK;
}

void eng_synth_free(struct eng_synth *synth)
{
    if (synth == NULL)
        return;
    eng_free(synth->partners);
    eng_free(synth->next_ms);
    eng_free(synth->pending);
    eng_free(synth->keys);
    eng_free(synth->spare);
    eng_free(synth);
}

/* Room for one more visit among the pending events. */
static enum eng_status reserve(struct eng_synth *synth)
{
    if (synth->pending_count + ENG_SYNTH_VISIT_MAX <= synth->pending_capacity)
        return ENG_OK;
    size_t capacity = synth->pending_capacity < 4096 ? 4096 : synth->pending_capacity * 2;
    struct pending *pending = eng_realloc(synth->pending, capacity * sizeof *pending);
    if (pending != NULL)
        synth->pending = pending;
    struct key *keys = eng_realloc(synth->keys, capacity * sizeof *keys);
    if (keys != NULL)
        synth->keys = keys;
    struct key *spare = eng_realloc(synth->spare, capacity * sizeof *spare);
    if (spare != NULL)
        synth->spare = spare;
    if (pending == NULL || keys == NULL || spare == NULL || capacity > UINT32_MAX)
        return ENG_NO_MEMORY;
    synth->pending_capacity = capacity;
    return ENG_OK;
}

static void make_visit(struct eng_synth *synth, uint32_t partner)
{
    struct eng_synth_event events[ENG_SYNTH_VISIT_MAX];
    uint64_t spread = (uint64_t)synth->options.spread_ms;
    uint32_t count = eng_synth_partner_visit(&synth->partners[partner], &synth->span, events);
    for (uint32_t i = 0; i < count; i++) {
        struct pending *pending = &synth->pending[synth->pending_count++];
        pending->event = events[i];
        pending->event.partner = partner;
        pending->arrival_ms = events[i].time_ms;
        if (spread > 0)
            pending->arrival_ms += (int64_t)eng_random_below(&synth->spread, spread + 1);
    }
    synth->next_ms[partner] = eng_synth_partner_next_ms(&synth->partners[partner], &synth->span);
}

/* Sorts keys by at_ms, equal ones by the order they are in; the sorted ones end up in
 * synth->keys. */
static void sort_keys(struct eng_synth *synth)
{
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t starts[1 << DIGIT_BITS] = {0};
        const int shift = digit * DIGIT_BITS;
        const uint32_t mask = (1 << DIGIT_BITS) - 1;
        for (size_t i = 0; i < synth->due_count; i++)
            starts[synth->keys[i].at_ms >> shift & mask]++;
        size_t start = 0;
        for (size_t value = 0; value <= mask; value++) {
            size_t count = starts[value];
            starts[value] = start;
            start += count;
        }
        for (size_t i = 0; i < synth->due_count; i++)
            synth->spare[starts[synth->keys[i].at_ms >> shift & mask]++] = synth->keys[i];
        struct key *sorted = synth->spare;
        synth->spare = synth->keys;
        synth->keys = sorted;
    }
}

/* Keeps what was not due yesterday, at the front. */
static void carry_over(struct eng_synth *synth, int64_t yesterday_end_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < synth->pending_count; i++)
        if (synth->pending[i].arrival_ms >= yesterday_end_ms)
            synth->pending[kept++] = synth->pending[i];
    synth->pending_count = kept;
}

/* Makes the next day: its visits, and which events arrive within it (on the last day: all). */
static enum eng_status make_day(struct eng_synth *synth)
{
    int64_t begin_ms = synth->span.start_ms + synth->day * DAY_MS;
    bool last = ++synth->day == synth->options.days;
    int64_t end_ms = begin_ms + DAY_MS;
    carry_over(synth, begin_ms);
    for (uint32_t partner = 0; partner < synth->options.partners; partner++) {
        while (synth->next_ms[partner] < end_ms) {
            if (reserve(synth) != ENG_OK)
                return ENG_NO_MEMORY;
            make_visit(synth, partner);
        }
    }
    synth->due_count = 0;
    synth->due_done = 0;
    for (size_t i = 0; i < synth->pending_count; i++) {
        int64_t at_ms = synth->pending[i].arrival_ms - begin_ms;
        eng_assert(at_ms >= 0 && at_ms <= DAY_MS + ENG_SYNTH_SPREAD_MS_MAX);
        if (last || at_ms < DAY_MS)
            synth->keys[synth->due_count++] = (struct key){(uint32_t)at_ms, (uint32_t)i};
    }
    sort_keys(synth);
    return ENG_OK;
}

/* Whether the event in turn stays, so that exactly the wanted number do in the end. */
static bool keep(struct eng_synth *synth)
{
    if (synth->options.events == 0)
        return true;
    eng_assert(synth->seen < synth->total);
    uint64_t left = synth->total - synth->seen++;
    return eng_random_below(&synth->thin, left) < synth->options.events - synth->kept;
}

static enum eng_status next_good(struct eng_synth *synth, struct eng_synth_event *ret_event)
{
    for (;;) {
        while (synth->due_done == synth->due_count) {
            if (synth->day == synth->options.days)
                return ENG_STOPPED;
            enum eng_status status = make_day(synth);
            if (status != ENG_OK)
                return status;
        }
        const struct key *key = &synth->keys[synth->due_done++];
        if (!keep(synth))
            continue;
        *ret_event = synth->pending[key->index].event;
        ret_event->id = make_id(synth, synth->kept++);
        return ENG_OK;
    }
}

/* Puts an extra record on the belt, in a free slot somewhere after the one in turn. */
static void put_on_belt(struct eng_synth *synth, const struct eng_synth_event *extra)
{
    eng_assert(synth->belt_count < BELT_SLOTS);
    uint64_t slot = synth->step + 1 + eng_random_below(&synth->chance, BELT_BUSY);
    while (synth->belt_taken[slot % BELT_SLOTS])
        slot++;
    synth->belt[slot % BELT_SLOTS] = *extra;
    synth->belt_taken[slot % BELT_SLOTS] = true;
    synth->belt_count++;
}

/* Draws the faults that follow a good event. The first day has no late ones: they are late only
 * once their partition's clock has been set. */
static void add_faults(struct eng_synth *synth, const struct eng_synth_event *good)
{
    for (uint8_t fault = 1; fault < ENG_SYNTH_FAULT_COUNT; fault++) {
        if (synth->options.faults[fault] == 0 ||
            eng_random_below(&synth->chance, 1000000) >= synth->options.faults[fault])
            continue;
        if (fault == ENG_SYNTH_LATE && good->time_ms < synth->span.start_ms + DAY_MS)
            continue;
        struct eng_synth_event extra = *good;
        extra.fault = fault;
        if (fault != ENG_SYNTH_DUPLICATE)
            extra.id = make_id(synth, (UINT64_C(1) << 47) + synth->extras++);
        if (fault == ENG_SYNTH_LATE)
            extra.time_ms -= ENG_SYNTH_LATE_DAYS * DAY_MS;
        if (fault == ENG_SYNTH_FUTURE)
            extra.time_ms += ENG_SYNTH_FUTURE_DAYS * DAY_MS;
        put_on_belt(synth, &extra);
    }
}

/* The extra record whose turn it is. When the belt is full, or nothing else is left (`all`), turns
 * without one are passed over. */
static bool take_from_belt(struct eng_synth *synth, bool all, struct eng_synth_event *ret_event)
{
    while ((all || synth->belt_count >= BELT_BUSY) && synth->belt_count > 0 &&
           !synth->belt_taken[synth->step % BELT_SLOTS])
        synth->step++;
    size_t slot = synth->step % BELT_SLOTS;
    if (!synth->belt_taken[slot])
        return false;
    *ret_event = synth->belt[slot];
    synth->belt_taken[slot] = false;
    synth->belt_count--;
    return true;
}

enum eng_status eng_synth_next(struct eng_synth *synth, struct eng_synth_event *ret_event)
{
    enum eng_status status = ENG_OK;
    if (!take_from_belt(synth, false, ret_event)) {
        status = next_good(synth, ret_event);
        if (status == ENG_OK)
            add_faults(synth, ret_event);
        else if (status == ENG_STOPPED && take_from_belt(synth, true, ret_event))
            status = ENG_OK;
    }
    if (status != ENG_OK)
        return status;
    synth->step++;
    synth->counts[ret_event->fault]++;
    return ENG_OK;
}
