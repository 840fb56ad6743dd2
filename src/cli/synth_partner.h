/* One made-up partner: what it is, what becomes of it, and its next visit. Pure; see synth.h.
 *
 * A partner visits by its own rhythm: gaps around a mean, more or less regular, counted in opening
 * hours, so that nothing happens at night or on days off. Each visit is a login and, by chance,
 * other actions of the same member in the minutes after. Its kind thins the visits out over time.
 */
#ifndef ENG_CLI_SYNTH_PARTNER_H
#define ENG_CLI_SYNTH_PARTNER_H

#include "cli/synth_random.h"
#include <stdbool.h>
#include <stdint.h>

/* name, text, share of the default mix, what it does. */
#define ENG_SYNTH_KIND_MAP(X)                                                                      \
    X(STEADY, "steady", 50, "goes on as ever")                                                     \
    X(GROWING, "growing", 10, "visits three times as often in the end")                            \
    X(FADING, "fading", 12, "visits less and less from its day on")                                \
    X(CHURNED, "churned", 10, "never comes again from its day on")                                 \
    X(SEASONAL, "seasonal", 10, "has busy and quiet months")                                       \
    X(BURSTS, "bursts", 8, "is quiet but for a busy week every month or two")

enum eng_synth_kind {
#define X(name, text, share, help) ENG_SYNTH_##name,
    ENG_SYNTH_KIND_MAP(X)
#undef X
        ENG_SYNTH_KIND_COUNT
};

/* The actions that config/engagement.yaml counts: name, text, chance in 1/256 at a visit. */
#define ENG_SYNTH_ACTION_MAP(X)                                                                    \
    X(LOGIN, "platform.login", 256)                                                                \
    X(INVOICE, "invoice.upload", 128)                                                              \
    X(REDEEM, "reward.redeem", 44)                                                                 \
    X(TRAINING, "training.complete", 36)                                                           \
    X(CAMPAIGN, "campaign.join", 36)                                                               \
    X(SURVEY, "survey.answer", 36)

enum eng_synth_action {
#define X(name, text, chance) ENG_SYNTH_##name,
    ENG_SYNTH_ACTION_MAP(X)
#undef X
        ENG_SYNTH_ACTION_COUNT
};

enum { ENG_SYNTH_REGION_COUNT = 5, ENG_SYNTH_TIER_COUNT = 4 };

/* The days that are simulated. */
struct eng_synth_span {
    int64_t start_ms, end_ms;
    int64_t monday_ms; /* 00:00 UTC of the Monday at or before the start */
};

struct eng_synth_partner {
    struct eng_random random;
    int64_t changes_ms; /* when its fate begins to show; -1: never */
    int64_t gap_ms;     /* mean gap between visits, in opening time */
    int64_t open_ms;    /* the next visit, in opening time since the span's Monday */
    int64_t amount_e2;  /* its typical invoice, 1/100 */
    int64_t ramp_ms;    /* how long a change takes */
    int64_t period_ms;  /* SEASONAL, BURSTS */
    uint8_t kind;       /* enum eng_synth_kind */
    uint8_t region, tier;
    uint8_t members;                        /* at least 1 */
    uint8_t regularity;                     /* 1: gaps by pure chance; 8: close to regular */
    uint8_t weekdays;                       /* bit 0: Monday */
    uint8_t opens_hour;                     /* UTC */
    uint8_t chance[ENG_SYNTH_ACTION_COUNT]; /* of the follow-ups, in 1/256 */
};

struct eng_synth_event;

enum { ENG_SYNTH_VISIT_MAX = ENG_SYNTH_ACTION_COUNT };

/* The span of `days` days from start_ms on. */
struct eng_synth_span eng_synth_span_init(int64_t start_ms, uint32_t days);

/* Partner `number` of a seed, its first visit due at or after the span's start. Its mean gap is
 * multiplied by gap_q20 / 2^20. `mix` as in struct eng_synth_options. */
struct eng_synth_partner eng_synth_partner_init(uint64_t seed, uint32_t number, const uint32_t *mix,
                                                const struct eng_synth_span *span,
                                                uint64_t gap_q20);

/* When its next visit is due, ms. */
int64_t eng_synth_partner_next_ms(const struct eng_synth_partner *partner,
                                  const struct eng_synth_span *span);

/* Makes the visit that is due and plans the next one. Writes up to ENG_SYNTH_VISIT_MAX events
 * before the span's end (time, value, action, member are set) and returns how many: 0 when its kind
 * lets it stay away. */
uint32_t eng_synth_partner_visit(struct eng_synth_partner *partner,
                                 const struct eng_synth_span *span, struct eng_synth_event *events);

/* How much of its full activity it shows at an instant, 0..65,536. */
uint32_t eng_synth_partner_activity_q16(const struct eng_synth_partner *partner, int64_t time_ms);

/* Names. */
const char *eng_synth_kind_name(enum eng_synth_kind kind);
const char *eng_synth_action_name(enum eng_synth_action action);
const char *eng_synth_region_name(unsigned region);
const char *eng_synth_tier_name(unsigned tier);

#endif
