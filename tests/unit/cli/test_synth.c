/* The generator of made-up partners: deterministic, in order, exact in number, true to its labels.
 */
#include "base/memory.h"
#include "cli/generate.h"
#include "cli/synth.h"
#include "cli/synth_record.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1767225600000) /* 2026-01-01 */

static struct eng_synth_options small_options(void)
{
    return (struct eng_synth_options){.seed = 7,
                                      .partners = 200,
                                      .days = 120,
                                      .start_ms = START_MS,
                                      .mix = {50, 10, 12, 10, 10, 8}};
}

static struct eng_synth *make(const struct eng_synth_options *options)
{
    struct eng_synth *synth = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_synth_new(options, &synth, &err), ENG_OK, "%s", err.text);
    return synth;
}

/* All events of some options; the caller frees. */
static struct eng_synth_event *collect(const struct eng_synth_options *options, size_t *ret_count)
{
    struct eng_synth *synth = make(options);
    struct eng_synth_event *events = NULL, event;
    size_t count = 0, capacity = 0;
    while (eng_synth_next(synth, &event) == ENG_OK) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            events = realloc(events, capacity * sizeof *events);
            cr_assert_not_null(events);
        }
        events[count++] = event;
    }
    eng_synth_free(synth);
    *ret_count = count;
    return events;
}

/* FNV-1a over all records as they would be written. */
static uint64_t hash_records(const struct eng_synth_options *options, bool avro)
{
    const struct eng_synth_format format = {.avro = avro, .delimited = true};
    struct eng_synth *synth = make(options);
    struct eng_synth_event event;
    struct eng_bytes record = {0};
    uint64_t hash = UINT64_C(14695981039346656037);
    while (eng_synth_next(synth, &event) == ENG_OK) {
        eng_bytes_clear(&record);
        cr_assert_eq(eng_synth_record(synth, &event, &format, &record), ENG_OK);
        for (size_t i = 0; i < record.used; i++)
            hash = (hash ^ record.data[i]) * UINT64_C(1099511628211);
    }
    eng_bytes_done(&record);
    eng_synth_free(synth);
    return hash;
}

Test(synth, the_same_options_make_the_same_bytes_on_every_machine)
{
    struct eng_synth_options options = small_options();
    options.faults[ENG_SYNTH_DUPLICATE] = 10000;
    options.faults[ENG_SYNTH_MALFORMED] = 10000;
    options.spread_ms = 3600000;
    cr_assert_eq(hash_records(&options, false), UINT64_C(4520749577337923607), "json: %" PRIu64,
                 hash_records(&options, false));
    cr_assert_eq(hash_records(&options, true), UINT64_C(18067553023134157475), "avro: %" PRIu64,
                 hash_records(&options, true));
    options.seed++;
    cr_assert_neq(hash_records(&options, false), UINT64_C(4520749577337923607));
}

Test(synth, events_come_in_order_of_time_within_the_span)
{
    struct eng_synth_options options = small_options();
    size_t count;
    struct eng_synth_event *events = collect(&options, &count);
    cr_assert_gt(count, 10000);
    for (size_t i = 0; i < count; i++) {
        cr_assert_geq(events[i].time_ms, START_MS);
        cr_assert_lt(events[i].time_ms, START_MS + options.days * DAY_MS);
        cr_assert(i == 0 || events[i - 1].time_ms <= events[i].time_ms, "event %zu", i);
    }
    free(events);
}

Test(synth, a_spread_delays_arrivals_by_at_most_that_much_and_loses_none)
{
    struct eng_synth_options options = small_options();
    options.partners = 3000;
    size_t ordered, spread;
    free(collect(&options, &ordered));
    options.spread_ms = 3 * DAY_MS;
    struct eng_synth_event *events = collect(&options, &spread);
    int64_t newest = 0, most = 0;
    for (size_t i = 0; i < spread; i++) {
        newest = events[i].time_ms > newest ? events[i].time_ms : newest;
        most = newest - events[i].time_ms > most ? newest - events[i].time_ms : most;
    }
    cr_assert_eq(ordered, spread);
    cr_assert_leq(most, options.spread_ms);
    cr_assert_gt(most, options.spread_ms / 2);
    free(events);
}

Test(synth, exactly_as_many_events_come_as_were_asked_for)
{
    static const uint64_t wanted[] = {1, 17, 1000, 22222, 300000};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct eng_synth_options options = small_options();
        options.events = wanted[i];
        size_t count;
        free(collect(&options, &count));
        cr_assert_eq(count, wanted[i], "%zu of %" PRIu64, count, wanted[i]);
    }
}

Test(synth, a_wish_that_cannot_be_met_is_refused_with_the_way_out)
{
    struct eng_synth_options options = small_options();
    struct eng_synth *synth = NULL;
    struct eng_error err = {0};
    options.partners = 1;
    options.days = 1;
    options.start_ms += 2 * DAY_MS; /* a Saturday, on which this partner does not work */
    options.events = 10;
    cr_assert_eq(eng_synth_new(&options, &synth, &err), ENG_LIMIT);
    cr_assert_not_null(strstr(err.text, "ask for more days or partners"), "%s", err.text);
    cr_assert_null(synth);
}

Test(synth, options_out_of_range_are_refused_by_name)
{
    static const struct {
        const char *name;
        uint32_t partners, days, share, fault;
        int64_t start_ms, spread_ms;
    } rows[] = {
        {"partners", 0, 1, 1, 0, START_MS, 0},
        {"days", 1, 0, 1, 0, START_MS, 0},
        {"days", 1, ENG_SYNTH_DAYS_MAX + 1, 1, 0, START_MS, 0},
        {"mix", 1, 1, 0, 0, START_MS, 0},
        {"late", 1, 1, 1, 1000001, START_MS, 0},
        {"start", 1, 1, 1, 0, 0, 0},
        {"spread", 1, 1, 1, 0, START_MS, ENG_SYNTH_SPREAD_MS_MAX + 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_synth_options options = {.partners = rows[i].partners,
                                            .days = rows[i].days,
                                            .mix = {rows[i].share},
                                            .start_ms = rows[i].start_ms,
                                            .spread_ms = rows[i].spread_ms};
        struct eng_synth *synth = NULL;
        struct eng_error err = {0};
        options.faults[ENG_SYNTH_LATE] = rows[i].fault;
        cr_assert_eq(eng_synth_new(&options, &synth, &err), ENG_BAD_USAGE, "row %zu", i);
        cr_assert_not_null(strstr(err.text, rows[i].name), "%s", err.text);
    }
}

/* Events of a partner before its day, and after its change has run its course. */
struct halves {
    double before, after; /* events a day */
};

static struct halves rates(const struct eng_synth_options *options, enum eng_synth_kind kind)
{
    struct eng_synth *synth = make(options);
    struct halves rates = {0};
    double days_before = 0, days_after = 0;
    for (uint32_t i = 0; i < options->partners; i++) {
        const struct eng_synth_partner *partner = eng_synth_partner(synth, i);
        if (partner->kind != kind)
            continue;
        days_before += (double)(partner->changes_ms - START_MS) / (double)DAY_MS;
        days_after += (double)(eng_synth_end_ms(synth) - partner->changes_ms) / (double)DAY_MS;
    }
    struct eng_synth_event event;
    while (eng_synth_next(synth, &event) == ENG_OK) {
        const struct eng_synth_partner *partner = eng_synth_partner(synth, event.partner);
        if (partner->kind == kind)
            *(event.time_ms < partner->changes_ms ? &rates.before : &rates.after) += 1;
    }
    eng_synth_free(synth);
    rates.before /= days_before;
    rates.after /= days_after;
    return rates;
}

Test(synth, kinds_do_what_their_label_says)
{
    struct eng_synth_options options = small_options();
    options.partners = 2000;
    struct halves churned = rates(&options, ENG_SYNTH_CHURNED);
    struct halves fading = rates(&options, ENG_SYNTH_FADING);
    struct halves growing = rates(&options, ENG_SYNTH_GROWING);
    struct halves bursts = rates(&options, ENG_SYNTH_BURSTS);
    cr_assert(churned.before > 0.5 && churned.after == 0, "%f %f", churned.before, churned.after);
    cr_assert(fading.after < fading.before * 0.6, "%f %f", fading.before, fading.after);
    cr_assert(growing.after > growing.before * 1.5, "%f %f", growing.before, growing.after);
    cr_assert(bursts.before < churned.before * 0.5, "%f", bursts.before);
}

Test(synth, a_churned_partner_does_nothing_from_its_instant_on)
{
    struct eng_synth_options options = small_options();
    options.partners = 5000;
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++)
        options.mix[kind] = kind == ENG_SYNTH_CHURNED;
    struct eng_synth *synth = make(&options);
    struct eng_synth_event event;
    while (eng_synth_next(synth, &event) == ENG_OK)
        cr_assert_lt(event.time_ms, eng_synth_partner(synth, event.partner)->changes_ms);
    eng_synth_free(synth);
}

Test(synth, a_seasonal_partner_goes_up_and_down)
{
    struct eng_synth_options options = small_options();
    struct eng_synth_span span = eng_synth_span_init(START_MS, options.days);
    const uint32_t mix[ENG_SYNTH_KIND_COUNT] = {[ENG_SYNTH_SEASONAL] = 1};
    struct eng_synth_partner partner = eng_synth_partner_init(3, 5, mix, &span, 1 << 20);
    uint32_t busy = eng_synth_partner_activity_q16(&partner, partner.changes_ms);
    uint32_t quiet =
        eng_synth_partner_activity_q16(&partner, partner.changes_ms + partner.period_ms / 2);
    uint32_t again =
        eng_synth_partner_activity_q16(&partner, partner.changes_ms - partner.period_ms);
    cr_assert_eq(busy, 65536);
    cr_assert_eq(again, 65536);
    cr_assert_eq(quiet, 65536 / 8);
}

Test(synth, shares_of_the_mix_come_out)
{
    struct eng_synth_options options = small_options();
    options.partners = 20000;
    struct eng_synth *synth = make(&options);
    uint32_t found[ENG_SYNTH_KIND_COUNT] = {0};
    for (uint32_t i = 0; i < options.partners; i++)
        found[eng_synth_partner(synth, i)->kind]++;
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++) {
        double share = found[kind] * 100.0 / options.partners;
        cr_assert_float_eq(share, options.mix[kind], 1.0, "%s: %f",
                           eng_synth_kind_name((enum eng_synth_kind)kind), share);
    }
    eng_synth_free(synth);
}

Test(synth, a_partners_life_does_not_depend_on_how_many_others_there_are)
{
    struct eng_synth_options options = small_options();
    size_t few_count, many_count, at = 0;
    options.partners = 10;
    struct eng_synth_event *few = collect(&options, &few_count);
    options.partners = 100;
    struct eng_synth_event *many = collect(&options, &many_count);
    for (size_t i = 0; i < many_count; i++) {
        if (many[i].partner >= 10)
            continue;
        cr_assert_lt(at, few_count);
        cr_assert_eq(many[i].time_ms, few[at].time_ms);
        cr_assert_eq(many[i].partner, few[at].partner);
        cr_assert_eq(many[i].value_e2, few[at].value_e2);
        at++;
    }
    cr_assert_eq(at, few_count);
    free(few);
    free(many);
}

Test(synth, nobody_works_at_night_or_on_days_off)
{
    struct eng_synth_options options = small_options();
    size_t count;
    struct eng_synth_event *events = collect(&options, &count);
    struct eng_synth *synth = make(&options);
    for (size_t i = 0; i < count; i++) {
        const struct eng_synth_partner *partner = eng_synth_partner(synth, events[i].partner);
        int64_t weekday = (events[i].time_ms / DAY_MS + 3) % 7;
        int64_t hour = events[i].time_ms / 3600000 % 24;
        cr_assert(partner->weekdays >> weekday & 1, "event %zu on weekday %" PRId64, i, weekday);
        cr_assert(hour >= partner->opens_hour && hour <= partner->opens_hour + 9, "hour %" PRId64,
                  hour);
        cr_assert_lt(events[i].member, partner->members);
    }
    eng_synth_free(synth);
    free(events);
}

Test(synth, faults_come_on_top_of_the_same_good_events)
{
    struct eng_synth_options options = small_options();
    size_t clean_count, count, at = 0, faults[ENG_SYNTH_FAULT_COUNT] = {0};
    struct eng_synth_event *clean = collect(&options, &clean_count);
    for (int fault = 1; fault < ENG_SYNTH_FAULT_COUNT; fault++)
        options.faults[fault] = 50000;
    struct eng_synth_event *events = collect(&options, &count);
    for (size_t i = 0; i < count; i++) {
        faults[events[i].fault]++;
        if (events[i].fault != ENG_SYNTH_NONE)
            continue;
        cr_assert_eq(memcmp(&events[i], &clean[at], sizeof *events), 0, "good event %zu", at);
        at++;
    }
    cr_assert_eq(at, clean_count);
    for (int fault = 1; fault < ENG_SYNTH_FAULT_COUNT; fault++)
        cr_assert_float_eq((double)faults[fault] * 100 / (double)clean_count, 5.0, 1.0);
    free(clean);
    free(events);
}

Test(synth, even_a_fault_for_every_event_loses_none)
{
    struct eng_synth_options options = small_options();
    size_t clean_count, count;
    free(collect(&options, &clean_count));
    for (int fault = 1; fault < ENG_SYNTH_FAULT_COUNT; fault++)
        options.faults[fault] = fault == ENG_SYNTH_LATE ? 0 : 1000000;
    free(collect(&options, &count));
    cr_assert_eq(count, 4 * clean_count);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Test(synth, ids_are_unique_but_for_duplicates_which_follow_their_first_copy)
{
    struct eng_synth_options options = small_options();
    size_t count, repeated = 0;
    options.faults[ENG_SYNTH_DUPLICATE] = 100000;
    options.faults[ENG_SYNTH_FUTURE] = 100000;
    struct eng_synth_event *events = collect(&options, &count);
    uint64_t *ids = malloc(count * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        ids[i] = events[i].id;
        if (events[i].fault != ENG_SYNTH_DUPLICATE)
            continue;
        repeated++;
        size_t first = i;
        while (first > 0 && events[--first].id != events[i].id)
            ;
        cr_assert_eq(events[first].id, events[i].id, "a copy before its original");
        cr_assert_eq(events[first].time_ms, events[i].time_ms);
        cr_assert_lt(i - first, 512);
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    size_t same = 0;
    for (size_t i = 1; i < count; i++)
        same += ids[i] == ids[i - 1];
    cr_assert_eq(same, repeated);
    free(ids);
    free(events);
}

Test(synth, late_and_future_records_lie_where_their_name_says)
{
    struct eng_synth_options options = small_options();
    size_t count;
    options.faults[ENG_SYNTH_LATE] = 50000;
    options.faults[ENG_SYNTH_FUTURE] = 50000;
    struct eng_synth_event *events = collect(&options, &count);
    for (size_t i = 0; i < count; i++) {
        if (events[i].fault == ENG_SYNTH_LATE)
            cr_assert_lt(events[i].time_ms, START_MS - 200 * DAY_MS);
        if (events[i].fault == ENG_SYNTH_FUTURE)
            cr_assert_gt(events[i].time_ms, START_MS + 36525 * DAY_MS);
    }
    cr_assert_eq(events[0].fault, ENG_SYNTH_NONE);
    free(events);
}

Test(synth, exponential_gaps_have_mean_one_and_no_upper_edge_nearby)
{
    struct eng_random random = eng_random_init(1, 2);
    uint64_t sum = 0, longest = 0;
    for (int i = 0; i < 1000000; i++) {
        uint64_t gap = eng_random_exponential_q16(&random);
        sum += gap;
        longest = gap > longest ? gap : longest;
    }
    cr_assert_float_eq((double)sum / 65536e6, 1.0, 0.005);
    cr_assert(longest > 9 * 65536 && longest < 45 * 65536);
}

Test(synth, running_out_of_memory_is_an_error_not_a_crash)
{
    struct eng_synth_options options = small_options();
    for (uint64_t nth = 1; nth <= 6; nth++) {
        struct eng_synth *synth = NULL;
        struct eng_error err = {0};
        struct eng_synth_event event;
        eng_memory_fail(nth, 0);
        enum eng_status status = eng_synth_new(&options, &synth, &err);
        if (status == ENG_OK)
            status = eng_synth_next(synth, &event);
        eng_memory_fail(0, 0);
        cr_assert_eq(status, ENG_NO_MEMORY, "allocation %" PRIu64, nth);
        eng_synth_free(synth);
    }
}

Test(generate_options, shares_are_read_and_anything_else_is_refused)
{
    uint32_t mix[ENG_SYNTH_KIND_COUNT];
    struct eng_error err = {0};
    cr_assert_eq(eng_generate_mix("churned=3,steady=50", mix, &err), ENG_OK);
    cr_assert_eq(mix[ENG_SYNTH_CHURNED], 3);
    cr_assert_eq(mix[ENG_SYNTH_STEADY], 50);
    cr_assert_eq(mix[ENG_SYNTH_FADING], 0);
    static const char *const wrong[] = {
        "",          "steady",         "steady=",   "steady=x",
        "steady=0",  "sturdy=1",       "steady=1,", "steady=1;fading=2",
        "steady=-1", "steady=1000000", ",steady=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(eng_generate_mix(wrong[i], mix, NULL), ENG_BAD_USAGE, "'%s'", wrong[i]);
    cr_assert_eq(mix[ENG_SYNTH_CHURNED], 3, "a refused text changes nothing");
}

Test(generate_options, percentages_are_read_exactly_in_millionths)
{
    static const struct {
        const char *text;
        uint32_t ppm;
    } rows[] = {{"0", 0},      {"1", 10000},     {"0.5", 5000},
                {"0.0001", 1}, {"100", 1000000}, {"12.34", 123400}};
    static const char *const wrong[] = {"",    ".",  ".5",  "1.", "100.1",   "100.0001",
                                        "101", "-1", "1e1", "5%", "0.00001", "1.2.3"};
    uint32_t ppm = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(eng_generate_percent("late", rows[i].text, &ppm, NULL), ENG_OK);
        cr_assert_eq(ppm, rows[i].ppm, "'%s': %u", rows[i].text, ppm);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(eng_generate_percent("late", wrong[i], &ppm, NULL), ENG_BAD_USAGE, "'%s'",
                     wrong[i]);
}

Test(generate_options, instants_are_dates_times_or_now)
{
    int64_t ms = 0;
    cr_assert_eq(eng_generate_time("start", "2026-01-01", 5, &ms, NULL), ENG_OK);
    cr_assert_eq(ms, START_MS);
    cr_assert_eq(eng_generate_time("start", "2026-01-01T01:00:00+01:00", 5, &ms, NULL), ENG_OK);
    cr_assert_eq(ms, START_MS);
    cr_assert_eq(eng_generate_time("start", "now", 5, &ms, NULL), ENG_OK);
    cr_assert_eq(ms, 5);
    cr_assert_eq(eng_generate_time("start", "2026-02-30", 5, &ms, NULL), ENG_BAD_USAGE);
    cr_assert_eq(eng_generate_time("start", "tomorrow", 5, &ms, NULL), ENG_BAD_USAGE);
}
