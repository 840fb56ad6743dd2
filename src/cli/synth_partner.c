/* A partner's life. See synth_partner.h.
 *
 * Opening time counts only the hours in which the partner works: n open days of OPEN_MS each, of
 * which `weekdays` says which days of the week they are. Gaps are drawn in it, so a partner with a
 * gap of five open days and a working week comes on about the same weekday each week.
 *
 *   opening time   |--day 0--|--day 1--|--day 2--|--day 3--|--day 4--|--day 5-- ...
 *   wall clock      Mo 09-18  Tu 09-18  We 09-18  Th 09-18  Fr 09-18  Mo 09-18
 *
 * A kind never moves a visit; it only lets the partner stay away from some. */
#include "cli/synth_partner.h"

#include "base/assert.h"
#include "cli/synth.h"
#include <stddef.h>

#define SECOND_MS INT64_C(1000)
#define HOUR_MS (3600 * SECOND_MS)
#define DAY_MS (24 * HOUR_MS)
#define OPEN_MS (9 * HOUR_MS)
#define FULL_Q16 65536

/* The middle of the partners' mean gaps between visits, in open days of 1/1000. */
#define GAP_OPEN_DAYS_E3 1500

static const char *const kind_names[] = {
#define X(name, text, share, help) text,
    ENG_SYNTH_KIND_MAP(X)
#undef X
};

static const char *const action_names[] = {
#define X(name, text, chance) text,
    ENG_SYNTH_ACTION_MAP(X)
#undef X
};

static const uint16_t action_chances[] = {
#define X(name, text, chance) chance,
    ENG_SYNTH_ACTION_MAP(X)
#undef X
};

/* Regions lie in different zones, so their hours do not begin together. */
static const struct {
    const char *name;
    uint8_t opens_hour;
} regions[ENG_SYNTH_REGION_COUNT] = {
    {"north", 7}, {"east", 3}, {"south", 5}, {"west", 13}, {"central", 9}};

static const char *const tier_names[ENG_SYNTH_TIER_COUNT] = {"bronze", "silver", "gold",
                                                             "platinum"};

const char *eng_synth_kind_name(enum eng_synth_kind kind)
{
    eng_assert(kind < ENG_SYNTH_KIND_COUNT);
    return kind_names[kind];
}

const char *eng_synth_action_name(enum eng_synth_action action)
{
    eng_assert(action < ENG_SYNTH_ACTION_COUNT);
    return action_names[action];
}

const char *eng_synth_region_name(unsigned region)
{
    eng_assert(region < ENG_SYNTH_REGION_COUNT);
    return regions[region].name;
}

const char *eng_synth_tier_name(unsigned tier)
{
    eng_assert(tier < ENG_SYNTH_TIER_COUNT);
    return tier_names[tier];
}

struct eng_synth_span eng_synth_span_init(int64_t start_ms, uint32_t days)
{
    int64_t day = start_ms / DAY_MS;
    int64_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */
    return (struct eng_synth_span){.start_ms = start_ms,
                                   .end_ms = start_ms + days * DAY_MS,
                                   .monday_ms = (day - weekday) * DAY_MS};
}

/* The day of the week of a partner's nth working day. */
static int64_t nth_weekday(uint8_t weekdays, int64_t nth)
{
    for (int day = 0; day < 7; day++)
        if ((weekdays >> day & 1) && nth-- == 0)
            return day;
    eng_assert(!"a partner works on fewer days than counted");
    return 0;
}

int64_t eng_synth_partner_next_ms(const struct eng_synth_partner *partner,
                                  const struct eng_synth_span *span)
{
    int64_t working = __builtin_popcount(partner->weekdays);
    int64_t day = partner->open_ms / OPEN_MS;
    int64_t calendar = day / working * 7 + nth_weekday(partner->weekdays, day % working);
    return span->monday_ms + calendar * DAY_MS + partner->opens_hour * HOUR_MS +
           partner->open_ms % OPEN_MS;
}

/* One gap: the mean of `regularity` exponential ones, so that a high one makes it regular. */
static int64_t draw_gap(struct eng_synth_partner *partner)
{
    uint64_t sum_q16 = 0;
    for (int i = 0; i < partner->regularity; i++)
        sum_q16 += eng_random_exponential_q16(&partner->random);
    unsigned __int128 scaled = (unsigned __int128)sum_q16 * (uint64_t)partner->gap_ms;
    return (int64_t)(scaled / partner->regularity >> 16) + 1;
}

static uint8_t draw_kind(struct eng_random *random, const uint32_t *mix)
{
    uint64_t total = 0;
    for (int kind = 0; kind < ENG_SYNTH_KIND_COUNT; kind++)
        total += mix[kind];
    eng_assert(total > 0);
    uint64_t at = eng_random_below(random, total);
    uint8_t kind = 0;
    for (; at >= mix[kind]; kind++)
        at -= mix[kind];
    return kind;
}

/* A mean gap: bell-shaped in its logarithm, from a quarter of the middle to four times it. */
static int64_t draw_mean_gap(struct eng_random *random, uint64_t gap_q20)
{
    static const uint16_t powers_e3[] = {250,  297,  354,  420,  500,  595,  707,  841, 1000,
                                         1189, 1414, 1682, 2000, 2378, 2828, 3364, 4000};
    unsigned at = 0;
    for (int i = 0; i < 4; i++)
        at += (unsigned)eng_random_below(random, 5);
    uint64_t gap_ms = (uint64_t)OPEN_MS * GAP_OPEN_DAYS_E3 / 1000 * powers_e3[at] / 1000;
    uint64_t scaled = (uint64_t)(((unsigned __int128)gap_ms * gap_q20) >> 20);
    return scaled > 0 ? (int64_t)scaled : 1;
}

/* Most work from Monday to Friday, some on Saturdays too, some on every day, some on a few days. */
static uint8_t draw_weekdays(struct eng_random *random)
{
    static const uint8_t weeks[] = {0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x3F, 0x3F, 0x7F, 0x15, 0x1E};
    return weeks[eng_random_below(random, sizeof weeks)];
}

/* When and how its kind begins to show: between a third and two thirds of the span. */
static void draw_fate(struct eng_synth_partner *partner, const struct eng_synth_span *span)
{
    int64_t length_ms = span->end_ms - span->start_ms;
    int64_t third_ms = length_ms / 3;
    uint64_t at = eng_random_below(&partner->random, (uint64_t)third_ms + 1);
    uint64_t weeks = eng_random_below(&partner->random, 5);
    partner->changes_ms = span->start_ms + third_ms + (int64_t)at;
    partner->ramp_ms = third_ms < 45 * DAY_MS ? third_ms : 45 * DAY_MS;
    if (partner->kind == ENG_SYNTH_STEADY)
        partner->changes_ms = -1;
    else if (partner->kind == ENG_SYNTH_SEASONAL)
        partner->period_ms = (13 + 4 * (int64_t)weeks) * 7 * DAY_MS;
    else if (partner->kind == ENG_SYNTH_BURSTS)
        partner->period_ms = (4 + (int64_t)weeks) * 7 * DAY_MS;
}

static void draw_habits(struct eng_synth_partner *partner)
{
    static const uint8_t regularities[] = {1, 2, 2, 4, 4, 8};
    struct eng_random *random = &partner->random;
    partner->region = (uint8_t)eng_random_below(random, ENG_SYNTH_REGION_COUNT);
    uint64_t first = eng_random_below(random, ENG_SYNTH_TIER_COUNT);
    uint64_t second = eng_random_below(random, ENG_SYNTH_TIER_COUNT);
    partner->tier = (uint8_t)(first < second ? first : second);
    partner->members = (uint8_t)(1 + eng_random_below(random, 4) * eng_random_below(random, 4));
    partner->regularity = regularities[eng_random_below(random, sizeof regularities)];
    partner->weekdays = draw_weekdays(random);
    partner->opens_hour =
        (uint8_t)(regions[partner->region].opens_hour + eng_random_below(random, 2));
    partner->amount_e2 =
        (int64_t)(5000 + eng_random_below(random, 1000) * (1 + eng_random_below(random, 1000)));
    for (int action = 1; action < ENG_SYNTH_ACTION_COUNT; action++)
        partner->chance[action] =
            (uint8_t)(action_chances[action] * (128 + eng_random_below(random, 256)) / 256);
}

struct eng_synth_partner eng_synth_partner_init(uint64_t seed, uint32_t number, const uint32_t *mix,
                                                const struct eng_synth_span *span, uint64_t gap_q20)
{
    struct eng_synth_partner partner = {.random = eng_random_init(seed, number)};
    partner.kind = draw_kind(&partner.random, mix);
    draw_habits(&partner);
    draw_fate(&partner, span);
    partner.gap_ms = draw_mean_gap(&partner.random, gap_q20);
    partner.open_ms = (int64_t)eng_random_below(&partner.random, (uint64_t)partner.gap_ms + 1);
    while (eng_synth_partner_next_ms(&partner, span) < span->start_ms)
        partner.open_ms += draw_gap(&partner);
    return partner;
}

/* From `from` to `to` in even steps over the ramp that begins at the change. */
static uint32_t ramp_q16(const struct eng_synth_partner *partner, int64_t time_ms, int64_t from,
                         int64_t to)
{
    int64_t since_ms = time_ms - partner->changes_ms;
    if (since_ms <= 0)
        return (uint32_t)from;
    if (since_ms >= partner->ramp_ms)
        return (uint32_t)to;
    return (uint32_t)(from + (to - from) * since_ms / partner->ramp_ms);
}

/* Where an instant lies in the partner's period, which begins at its change. */
static int64_t phase_ms(const struct eng_synth_partner *partner, int64_t time_ms)
{
    int64_t phase = (time_ms - partner->changes_ms) % partner->period_ms;
    return phase < 0 ? phase + partner->period_ms : phase;
}

uint32_t eng_synth_partner_activity_q16(const struct eng_synth_partner *partner, int64_t time_ms)
{
    const int64_t quiet_q16 = FULL_Q16 / 8;
    switch ((enum eng_synth_kind)partner->kind) {
    case ENG_SYNTH_GROWING:
        return ramp_q16(partner, time_ms, FULL_Q16 / 3, FULL_Q16);
    case ENG_SYNTH_FADING:
        return ramp_q16(partner, time_ms, FULL_Q16, FULL_Q16 / 16);
    case ENG_SYNTH_CHURNED:
        return time_ms < partner->changes_ms ? FULL_Q16 : 0;
    case ENG_SYNTH_SEASONAL: {
        /* Quiet in the middle of the period's first half, and then rising again: a triangle. */
        int64_t half_ms = partner->period_ms / 2;
        int64_t phase = phase_ms(partner, time_ms);
        int64_t off_ms = phase < half_ms ? half_ms - phase : phase - half_ms;
        return (uint32_t)(quiet_q16 + (FULL_Q16 - quiet_q16) * off_ms / half_ms);
    }
    case ENG_SYNTH_BURSTS:
        return phase_ms(partner, time_ms) < 7 * DAY_MS ? FULL_Q16 : (uint32_t)quiet_q16;
    case ENG_SYNTH_STEADY:
    case ENG_SYNTH_KIND_COUNT:
        break;
    }
    return FULL_Q16;
}

/* Whether an instant lies in the last four days of its UTC month, when invoices are due. A year is
 * taken to begin in March, so that the leap day is its last; February always ends on the 29th
 * here. */
static bool is_month_end(int64_t time_ms)
{
    int64_t day = time_ms / DAY_MS + 719468; /* days since 0000-03-01 */
    int64_t of_era = day % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t next_begins = month == 11 ? 366 : (153 * (month + 1) + 2) / 5;
    return next_begins - of_year <= 4;
}

static int64_t draw_value(struct eng_synth_partner *partner, enum eng_synth_action action,
                          uint32_t activity_q16)
{
    struct eng_random *random = &partner->random;
    if (action == ENG_SYNTH_INVOICE)
        return partner->amount_e2 / 2 +
               (int64_t)eng_random_below(random, (uint64_t)partner->amount_e2);
    if (action != ENG_SYNTH_SURVEY)
        return ENG_VALUE_NONE;
    /* An answer from 0 to 10; who stays away more often is less content. */
    uint64_t mood = activity_q16 > FULL_Q16 / 2 ? 6 : 2;
    return (int64_t)(mood + eng_random_below(random, 5)) * 100;
}

uint32_t eng_synth_partner_visit(struct eng_synth_partner *partner,
                                 const struct eng_synth_span *span, struct eng_synth_event *events)
{
    struct eng_random *random = &partner->random;
    int64_t time_ms = eng_synth_partner_next_ms(partner, span);
    uint32_t activity = eng_synth_partner_activity_q16(partner, time_ms);
    bool comes = eng_random_below(random, FULL_Q16) < activity;
    partner->open_ms += draw_gap(partner);
    if (!comes)
        return 0;
    uint32_t count = 0;
    uint8_t member =
        (uint8_t)(eng_random_below(random, partner->members) * eng_random_below(random, 256) / 256);
    uint64_t boost = is_month_end(time_ms) ? 2 : 1;
    bool leaves = partner->kind == ENG_SYNTH_CHURNED && partner->changes_ms < span->end_ms;
    int64_t end_ms = leaves ? partner->changes_ms : span->end_ms;
    for (int action = 0; action < ENG_SYNTH_ACTION_COUNT && time_ms < end_ms; action++) {
        uint64_t chance = partner->chance[action] * (action == ENG_SYNTH_INVOICE ? boost : 1);
        if (action != ENG_SYNTH_LOGIN && eng_random_below(random, 256) >= chance)
            continue;
        events[count++] = (struct eng_synth_event){
            .time_ms = time_ms,
            .value_e2 = draw_value(partner, (enum eng_synth_action)action, activity),
            .action = (uint8_t)action,
            .member = member};
        time_ms += (int64_t)(20 + eng_random_below(random, 400)) * SECOND_MS +
                   (int64_t)eng_random_below(random, 1000);
    }
    return count;
}
