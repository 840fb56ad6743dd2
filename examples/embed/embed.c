/* embed MODEL.yaml: the engine inside another program, with nothing but the public headers.
 *
 * Loads a model, gives the engine the events of one partner, lets twelve days pass, and prints what
 * the engine has to say. No Kafka and no thread: the same calls work on events from anywhere. */
#include <engaged/effect.h>
#include <engaged/engine.h>
#include <engaged/event.h>
#include <engaged/model.h>
#include <engaged/status.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define START_MS 1767258000000LL /* 2026-01-01 09:00 UTC */

struct row {
    int64_t time_ms;
    const char *action;
};

static const struct row rows[] = {
    {START_MS, "platform.login"},
    {START_MS + 1 * HOUR_MS, "invoice.upload"},
    {START_MS + 2 * HOUR_MS, "invoice.upload"},
    {START_MS + 3 * HOUR_MS, "invoice.upload"},
    {START_MS + DAY_MS, "platform.login"},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct eng_slice slice(const char *text)
{
    struct eng_slice result = {text, (uint32_t)strlen(text)};
    return result;
}

static double points(int64_t value_e4)
{
    return (double)value_e4 / 10000.0;
}

static void print_change(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_contribution *parts = eng_effect_contributions(effect);
    printf("%s %.1f -> %.1f, %s -> %s:", eng_model_score_name(model, effect->subject),
           points(effect->previous_value_e4), points(effect->value_e4),
           eng_model_band_name(model, effect->subject, effect->previous_band),
           eng_model_band_name(model, effect->subject, effect->band));
    for (unsigned i = 0; i < effect->contribution_count; i++)
        printf(" %s %+.1f", eng_model_dimension_name(model, effect->subject, i),
               points(parts[i].delta_e4));
    printf("\n");
}

static void print_effects(const struct eng_model *model, struct eng_effects *effects)
{
    const struct eng_effect *effect = NULL;
    while ((effect = eng_effects_next(effects, effect)) != NULL) {
        struct eng_slice partner = eng_effect_partner(effect);
        printf("day %d  %.*s  ", (int)((effect->at_ms - START_MS + 9 * HOUR_MS) / DAY_MS),
               (int)partner.length, partner.data);
        if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
            print_change(model, effect);
        else
            printf("alert %s %s\n", eng_model_alert_name(model, effect->subject),
                   effect->status == ENG_OPENED ? "opened" : "resolved");
    }
    effects->used = 0;
    effects->count = 0;
}

/* ENG_AGAIN is not a failure: it says that the effects want to be taken before the work goes on. */
static enum eng_status apply_all(const struct eng_model *model, struct eng_engine *engine,
                                 struct eng_effects *effects, struct eng_error *err)
{
    struct eng_event events[ROWS];
    memset(events, 0, sizeof events);
    for (unsigned i = 0; i < ROWS; i++) {
        events[i].time_ms = rows[i].time_ms;
        events[i].value_e4 = ENG_VALUE_NONE;
        events[i].offset = i;
        events[i].partner = slice("acme");
        events[i].action = slice(rows[i].action);
    }
    struct eng_batch batch = {.events = events, .count = ROWS};
    enum eng_status status;
    do {
        status = eng_engine_apply(engine, &batch, effects, err);
        print_effects(model, effects);
    } while (status == ENG_AGAIN);
    return status;
}

/* No event says that nothing happened, so time is told to the engine. */
static enum eng_status pass_time(const struct eng_model *model, struct eng_engine *engine,
                                 struct eng_effects *effects, struct eng_error *err)
{
    enum eng_status status;
    do {
        status = eng_engine_tick(engine, START_MS + 12 * DAY_MS, effects, err);
        print_effects(model, effects);
    } while (status == ENG_AGAIN);
    return status;
}

static enum eng_status run(const struct eng_model *model, struct eng_error *err)
{
    struct eng_engine *engine = NULL;
    struct eng_effects effects = {NULL, 0, 0, 0};
    enum eng_status status = eng_engine_new(model, NULL, &engine, err);
    if (status != ENG_OK)
        return status;
    effects.capacity = eng_engine_effects_bytes_min(engine);
    effects.data = malloc(effects.capacity);
    if (effects.data == NULL)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for effects");
    if (status == ENG_OK)
        status = apply_all(model, engine, &effects, err);
    if (status == ENG_OK)
        status = pass_time(model, engine, &effects, err);
    free(effects.data);
    eng_engine_free(engine);
    return status;
}

int main(int argc, char **argv)
{
    struct eng_model *model = NULL;
    struct eng_error err;
    memset(&err, 0, sizeof err);
    if (argc != 2) {
        fprintf(stderr, "usage: embed MODEL.yaml\n");
        return 2;
    }
    enum eng_status status = eng_model_load_file(argv[1], &model, &err);
    if (status == ENG_OK)
        status = run(model, &err);
    if (status != ENG_OK)
        fprintf(stderr, "embed: %s\n", err.text);
    eng_model_free(model);
    return status == ENG_OK ? 0 : 1;
}
