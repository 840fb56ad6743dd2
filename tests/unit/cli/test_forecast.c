/* Forecasts of ten thousand made-up partners under the shipped configuration, against what comes.
 */
#include "cli/synth.h"
#include "cli/synth_record.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1767225600000) /* 2026-01-01 */

enum { PARTNERS = 10000, DAYS = 75, AHEAD_DAYS = 120, ROOM = 1 << 16 };

/* What was forecast of one partner. */
struct foretold {
    struct eng_effects effects;
    const struct eng_effect *next; /* the first that has not been told yet */
};

static struct eng_engine *live(struct eng_synth *synth, const struct eng_model *model)
{
    struct eng_engine *engine = NULL;
    struct eng_synth_event made;
    cr_assert_eq(eng_engine_new(model, NULL, &engine, NULL), ENG_OK);
    for (uint64_t offset = 0; eng_synth_next(synth, &made) == ENG_OK; offset++) {
        char partner[ENG_SYNTH_KEY_BYTES_MAX];
        const char *action = eng_synth_action_name((enum eng_synth_action)made.action);
        const struct eng_event event = {
            .time_ms = made.time_ms,
            .value_e4 = ENG_VALUE_NONE,
            .offset = offset,
            .partner = {partner, (uint32_t)eng_synth_partner_id(made.partner, partner)},
            .action = {action, (uint32_t)strlen(action)},
        };
        struct eng_batch batch = {.events = &event, .count = 1};
        while (eng_engine_apply(engine, &batch, NULL, NULL) == ENG_AGAIN)
            ;
    }
    return engine;
}

static bool forecast_one(struct eng_engine *engine, uint32_t number, int64_t until_ms,
                         struct foretold *ret)
{
    static _Alignas(8) uint8_t memory[ROOM];
    char partner[ENG_SYNTH_KEY_BYTES_MAX];
    struct eng_slice id = {partner, (uint32_t)eng_synth_partner_id(number, partner)};
    struct eng_effects effects = {.data = memory, .capacity = sizeof memory};
    enum eng_status status = eng_engine_forecast(engine, id, until_ms, &effects, NULL);
    *ret = (struct foretold){.next = NULL};
    if (status == ENG_NOT_FOUND)
        return false;
    cr_assert_eq(status, ENG_OK);
    ret->effects = effects;
    ret->effects.data = malloc(effects.used + 1);
    memcpy(ret->effects.data, memory, effects.used);
    ret->next = eng_effects_next(&ret->effects, NULL);
    return true;
}

/* Which partner an effect is of: the number in its id. */
static uint32_t number_of(const struct eng_effect *effect)
{
    char text[ENG_SYNTH_KEY_BYTES_MAX] = "";
    struct eng_slice id = eng_effect_partner(effect);
    cr_assert(id.length > 1 && id.length < sizeof text && id.data[0] == 'p');
    memcpy(text, id.data + 1, id.length - 1);
    return (uint32_t)strtoul(text, NULL, 10);
}

/* One after the other, each partner is told what was forecast of it. */
static uint64_t compare(struct foretold *foretold, const struct eng_effects *told)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(told, effect)) != NULL) {
        struct foretold *one = &foretold[number_of(effect)];
        cr_assert_not_null(one->next, "partner %u", number_of(effect));
        cr_assert_eq(effect->bytes, one->next->bytes);
        cr_assert_arr_eq(effect, one->next, effect->bytes, "partner %u", number_of(effect));
        one->next = eng_effects_next(&one->effects, one->next);
    }
    return told->count;
}

static uint64_t wait_until(struct eng_engine *engine, int64_t until_ms, struct foretold *foretold)
{
    static _Alignas(8) uint8_t memory[ROOM];
    enum eng_status status = ENG_AGAIN;
    uint64_t count = 0;
    while (status == ENG_AGAIN) {
        struct eng_effects effects = {.data = memory, .capacity = sizeof memory};
        status = eng_engine_tick(engine, until_ms, &effects, NULL);
        count += compare(foretold, &effects);
    }
    cr_assert_eq(status, ENG_OK);
    return count;
}

Test(forecast, of_ten_thousand_silent_partners_is_what_comes_for_every_one)
{
    const struct eng_synth_options options = {.seed = 20260101,
                                              .partners = PARTNERS,
                                              .days = DAYS,
                                              .start_ms = START_MS,
                                              .mix = {50, 10, 12, 10, 10, 8}};
    static struct foretold foretold[PARTNERS];
    const int64_t until_ms = START_MS + (DAYS + AHEAD_DAYS) * DAY_MS;
    struct eng_model *model = NULL;
    struct eng_synth *synth = NULL;
    struct eng_error err = {0};
    uint32_t known = 0;
    cr_assert_eq(eng_model_load_file(ENGAGED_SOURCE_DIR "/config/engagement.yaml", &model, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(eng_synth_new(&options, &synth, &err), ENG_OK, "%s", err.text);
    struct eng_engine *engine = live(synth, model);
    for (uint32_t i = 0; i < PARTNERS; i++)
        known += forecast_one(engine, i, until_ms, &foretold[i]);
    cr_assert_gt(known, PARTNERS * 95 / 100, "%u", known);
    uint64_t told = wait_until(engine, until_ms, foretold);
    cr_assert_gt(told, PARTNERS, "%" PRIu64, told); /* there was much to foretell */
    for (uint32_t i = 0; i < PARTNERS; i++) {
        cr_assert_null(foretold[i].next, "partner %u", i);
        free(foretold[i].effects.data);
    }
    eng_engine_check(engine);
    eng_engine_free(engine);
    eng_synth_free(synth);
    eng_model_free(model);
}
