/* A history of made-up partners run through the engine under the demo's configuration: what it
 * tells, as the records that a consumer would get. For tests of the demo's parts. */
#ifndef ENG_TESTS_UNIT_CLI_HISTORY_H
#define ENG_TESTS_UNIT_CLI_HISTORY_H

#include "cli/demo.h"
#include "cli/synth.h"
#include "cli/synth_record.h"
#include "codec/encode.h"
#include "model/config.h"
#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <string.h>

enum { HISTORY_PARTNERS = 200, HISTORY_DAYS = 150, HISTORY_EFFECTS_BYTES = 1 << 16 };

typedef void history_told(void *context, const struct eng_effect *effect,
                          const struct eng_bytes *record);

struct history {
    struct eng_config *config;
    struct eng_synth *synth;
    struct eng_engine *engine;
    struct eng_effects effects;
    struct eng_bytes record;
    history_told *told;
    void *context;
    uint64_t events;
};

static void history_tell(struct history *history)
{
    const struct eng_encode_context encode = {history->config->model, "", 0};
    for (const struct eng_effect *effect = NULL;
         (effect = eng_effects_next(&history->effects, effect)) != NULL;) {
        eng_bytes_clear(&history->record);
        cr_assert_eq(eng_encode_avro(&encode, effect, &history->record), ENG_OK);
        history->told(history->context, effect, &history->record);
    }
    history->effects.used = history->effects.count = 0;
}

static void history_apply(struct history *history, const struct eng_synth_event *made)
{
    char partner[ENG_SYNTH_KEY_BYTES_MAX];
    const char *action = eng_synth_action_name((enum eng_synth_action)made->action);
    const struct eng_event event = {
        .time_ms = made->time_ms,
        .value_e4 = made->value_e2 == ENG_VALUE_NONE ? ENG_VALUE_NONE : made->value_e2 * 100,
        .offset = history->events++,
        .partner = {partner, (uint32_t)eng_synth_partner_id(made->partner, partner)},
        .action = {action, (uint32_t)strlen(action)},
    };
    struct eng_batch batch = {.events = &event, .count = 1};
    while (eng_engine_apply(history->engine, &batch, &history->effects, NULL) == ENG_AGAIN)
        history_tell(history);
    history_tell(history);
}

/* Makes the history; history_play runs it, and `told` gets each effect with its Avro record. */
static void history_new(struct history *history, history_told *told, void *context)
{
    static _Alignas(8) uint8_t memory[HISTORY_EFFECTS_BYTES];
    struct eng_error err = {0};
    const struct eng_synth_options options = {.seed = 11,
                                              .partners = HISTORY_PARTNERS,
                                              .days = HISTORY_DAYS,
                                              .start_ms = INT64_C(1767225600000),
                                              .mix = {50, 10, 12, 10, 10, 8}};
    *history = (struct history){.told = told, .context = context};
    history->effects = (struct eng_effects){.data = memory, .capacity = sizeof memory};
    cr_assert_eq(eng_config_load_text(eng_demo_config, strlen(eng_demo_config), "demo",
                                      &history->config, &err),
                 ENG_OK, "%s", err.text);
    cr_assert_eq(eng_synth_new(&options, &history->synth, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(eng_engine_new(history->config->model, NULL, &history->engine, &err), ENG_OK);
}

static void history_play(struct history *history)
{
    struct eng_synth_event event;
    while (eng_synth_next(history->synth, &event) == ENG_OK)
        history_apply(history, &event);
}

static void history_done(struct history *history)
{
    eng_engine_free(history->engine);
    eng_synth_free(history->synth);
    eng_config_free(history->config);
    eng_bytes_done(&history->record);
}

#endif
