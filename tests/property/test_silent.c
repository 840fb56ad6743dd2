/* S3: what is foretold of partners who do nothing any more is what becomes of them: of ten thousand
 * of them, every opening with a forecast is compared with the fall that is told later. */
#include "chance.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTNERS = 10000, ACTIVE_DAYS = 40, SILENT_DAYS = 80, ROOM = 1 << 20, FORETOLD_MAX = 65536 };

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1767225600000)

static const char model_text[] =
    "program: silent\n"
    "measures:\n"
    "  logins: {count: login, over: 30d}\n"
    "  revenue: {sum: value, of: invoice, over: 12d}\n"
    "  days: {active: [login, invoice], over: 20d}\n"
    "  idle: {since: login, over: 25d}\n"
    "scores:\n"
    "  s:\n"
    "    scale: 10\n"
    "    dimensions:\n"
    "      logins: {weight: 3, target: 9}\n"
    "      revenue: {weight: 2, target: 40}\n"
    "      days: {weight: 2, target: 6}\n"
    "      idle: {weight: 1, steps: [[0, 1], [20, 0]]}\n"
    "    bands: {low: 0, mid: 3, high: 6}\n"
    "    margin: 0.3\n"
    "    dwell: 2d\n"
    "alerts:\n"
    "  gone: {silence: [login, invoice], horizon: 20d, risk: 0.5, min_silence: 2d, score: s, "
    "forecast: 30d}\n"
    "  slips: {score: s, drop: 2, within: 7d, forecast: 10d}\n"
    "  leaving: {score: s, falls_to: low, forecast: 5d, cooldown: 3d}\n";

enum { LEAVING = 2, LEAVING_DAYS = 5 }; /* the alert that is opened before the fall */
static const int ahead_days[] = {30, 10, LEAVING_DAYS};

/* An opening of an alert that looks ahead. */
struct foretold {
    uint32_t partner;
    uint16_t alert;
    int64_t at_ms, will_drop_at_ms;
    uint8_t band, will_drop_to;
    bool done; /* what became of it is known */
};

static struct foretold foretold[FORETOLD_MAX];
static uint32_t foretold_count;
static uint32_t came_true[3], no_fall[3];
static uint32_t last_day[PARTNERS]; /* in which a partner acts */

static void event_of(uint32_t partner, int64_t time_ms, const char *action,
                     struct eng_engine *engine, struct eng_effects *effects)
{
    char name[16];
    int length = snprintf(name, sizeof name, "p%" PRIu32, partner);
    struct eng_event event = {.time_ms = time_ms,
                              .value_e4 = (int64_t)(partner % 13) * 10000,
                              .partner = {name, (uint32_t)length},
                              .action = {action, (uint32_t)strlen(action)}};
    struct eng_batch batch = {.events = &event, .count = 1};
    cr_assert_eq(eng_engine_apply(engine, &batch, effects, NULL), ENG_OK);
}

/* A fall of a partner's score, which is silent: was it foretold by whoever looked so far? */
static void fall(uint32_t partner, const struct eng_effect *effect)
{
    for (uint32_t i = 0; i < foretold_count; i++) {
        struct foretold *f = &foretold[i];
        bool meant = f->alert != LEAVING || effect->band == 0;
        if (f->partner != partner || f->done || f->at_ms >= effect->at_ms || !meant)
            continue;
        f->done = true;
        if (effect->at_ms > f->at_ms + ahead_days[f->alert] * DAY_MS) {
            cr_assert_eq(f->will_drop_at_ms, 0, "p%" PRIu32 " falls later than so soon", partner);
            no_fall[f->alert]++;
            continue;
        }
        cr_assert_eq(f->will_drop_at_ms, effect->at_ms,
                     "p%" PRIu32 " alert %u, day %" PRId64 " foretold for %" PRId64
                     ", fell at %" PRId64,
                     partner, f->alert, (f->at_ms - START_MS) / DAY_MS,
                     (f->will_drop_at_ms - START_MS) / DAY_MS, (effect->at_ms - START_MS) / DAY_MS);
        cr_assert_eq(f->will_drop_to, effect->band);
        came_true[f->alert]++;
    }
}

static void opening(uint32_t partner, const struct eng_effect *effect)
{
    cr_assert_lt(foretold_count, FORETOLD_MAX);
    foretold[foretold_count++] = (struct foretold){
        partner,      effect->subject,      effect->at_ms, effect->will_drop_at_ms,
        effect->band, effect->will_drop_to, false};
}

/* Of who acts no more. What is told before says nothing of the future, and is passed over. */
static void take(struct eng_effects *effects)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(effects, effect)) != NULL) {
        struct eng_slice id = eng_effect_partner(effect);
        uint32_t partner = (uint32_t)strtoul(id.data + 1, NULL, 10);
        if (effect->at_ms <= START_MS + (int64_t)(last_day[partner] + 1) * DAY_MS - 1)
            continue;
        if (effect->kind == ENG_EFFECT_CHURN_DROP && effect->status == ENG_OPENED)
            opening(partner, effect);
        else if (effect->kind == ENG_EFFECT_SCORE_CHANGE && effect->direction == ENG_DOWN)
            fall(partner, effect);
    }
    effects->used = effects->count = 0;
}

/* Each partner comes as often as it is used to, until the day after which it does nothing. */
static void live(struct eng_engine *engine, struct eng_effects *effects, struct chance *chance)
{
    for (uint32_t day = 0; day < ACTIVE_DAYS; day++)
        for (uint32_t i = 0; i < PARTNERS; i++) {
            unsigned percent = 5 + i % 7 * 14;
            int64_t at_ms = START_MS + day * DAY_MS + 3600000 + i;
            if (day < last_day[i] ? !chance_percent(chance, percent) : day > last_day[i])
                continue;
            event_of(i, at_ms, i % 3 == 0 || chance_percent(chance, 60) ? "login" : "invoice",
                     engine, effects);
            take(effects);
        }
}

static void be_silent(struct eng_engine *engine, struct eng_effects *effects)
{
    for (int64_t day = ACTIVE_DAYS; day < ACTIVE_DAYS + SILENT_DAYS; day++) {
        enum eng_status status;
        do {
            status = eng_engine_tick(engine, START_MS + day * DAY_MS, effects, NULL);
            take(effects);
        } while (status == ENG_AGAIN);
        cr_assert_eq(status, ENG_OK);
    }
}

/* Who is silent for longer than the alert looks ahead has been warned that long before. */
static void ends(void)
{
    uint32_t warned = 0;
    for (uint32_t i = 0; i < foretold_count; i++) {
        const struct foretold *f = &foretold[i];
        cr_assert(f->done || f->will_drop_at_ms == 0, "p%" PRIu32 " never fell", f->partner);
        if (f->alert != LEAVING || f->will_drop_at_ms == 0)
            continue;
        int64_t silent_ms = START_MS + (int64_t)(last_day[f->partner] + 1) * DAY_MS;
        cr_assert_gt(f->band, 0);
        if (f->will_drop_at_ms - LEAVING_DAYS * DAY_MS <= silent_ms + 3 * DAY_MS)
            continue; /* it was near when the silence began, or within the cooldown */
        cr_assert_eq(f->at_ms, f->will_drop_at_ms - LEAVING_DAYS * DAY_MS);
        warned++;
    }
    cr_expect_gt(warned, 2000, "%" PRIu32 " were warned on the day", warned);
}

Test(silent, the_falls_of_ten_thousand_silent_partners_are_those_that_were_foretold)
{
    struct eng_model *model;
    struct eng_engine *engine;
    struct eng_error err = {ENG_OK, ""};
    struct chance chance = {.state = 26};
    cr_assert_eq(eng_model_load_text(model_text, strlen(model_text), "silent.yaml", &model, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(eng_engine_new(model, NULL, &engine, NULL), ENG_OK);
    struct eng_effects effects = {.capacity = eng_engine_effects_bytes_min(engine) + ROOM};
    effects.data = malloc(effects.capacity);
    cr_assert_not_null(effects.data);
    for (uint32_t i = 0; i < PARTNERS; i++)
        last_day[i] = (uint32_t)chance_between(&chance, 5, ACTIVE_DAYS - 1);
    live(engine, &effects, &chance);
    be_silent(engine, &effects);
    ends();
    for (int i = 0; i < 3; i++)
        cr_expect_gt(came_true[i], 500, "alert %d: %" PRIu32, i, came_true[i]);
    cr_expect_gt(no_fall[0] + no_fall[1], 100);
    free(effects.data);
    eng_engine_free(engine);
    eng_model_free(model);
}
