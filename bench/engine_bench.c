/* bench_engine CONFIG EVENTS PARTNERS DAYS SHAPE: what the engine alone costs.
 *
 * SHAPE is `skewed` or `even` (bench/synth.h). Decoded events are made in memory, a block at a time
 * and outside of the measured time, and applied in batches as the daemon does, with effects told
 * into a buffer that is then forgotten. Measured is the CPU time of this thread, so that a busy
 * neighbour counts less. Prints one JSON line: events, nanoseconds an event, partners, bytes of
 * state a partner, effects told; and what a forecast of FORECAST_DAYS costs, of some partners in
 * their last state, on the average and at most. */
#include "synth.h"

#include <engaged/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 16384, BATCH = 4096, EFFECTS_BYTES = 1 << 20 };
enum { FORECASTS = 10000, FORECAST_DAYS = 400 };

struct block {
    struct eng_event events[BLOCK];
    char partners[BLOCK][BENCH_PARTNER_BYTES];
    char ids[BLOCK][BENCH_ID_BYTES];
    uint8_t outcomes[BLOCK];
    uint32_t count;
};

static void fail(const char *what, const struct eng_error *err)
{
    fprintf(stderr, "bench_engine: %s: %s\n", what, err->text);
    exit(1);
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The next events of the stream, decoded; their strings stay in the block. */
static void fill(struct block *block, struct bench_stream *stream)
{
    uint64_t left = stream->events - stream->next;
    block->count = left < BLOCK ? (uint32_t)left : BLOCK;
    for (uint32_t i = 0; i < block->count; i++) {
        struct bench_action action;
        bench_stream_next(stream, &action);
        bench_partner_id(action.partner, block->partners[i]);
        bench_event_id(action.number, block->ids[i]);
        block->events[i] = (struct eng_event){
            .time_ms = action.time_ms,
            .value_e4 = action.has_value ? (int64_t)(action.value * 10000 + 0.5) : ENG_VALUE_NONE,
            .offset = action.number,
            .partner = {block->partners[i], BENCH_PARTNER_BYTES},
            .action = {bench_action_names[action.action], bench_action_bytes[action.action]},
            .id = {block->ids[i], BENCH_ID_BYTES},
            .verdict = ENG_VERDICT_GOOD};
    }
}

static void apply(struct eng_engine *engine, struct block *block, struct eng_effects *effects)
{
    struct eng_error err = {0};
    for (uint32_t from = 0; from < block->count; from += BATCH) {
        uint32_t left = block->count - from;
        struct eng_batch batch = {.events = block->events + from,
                                  .outcomes = block->outcomes + from,
                                  .count = left < BATCH ? left : BATCH};
        enum eng_status status;
        do {
            effects->used = effects->count = 0;
            status = eng_engine_apply(engine, &batch, effects, &err);
        } while (status == ENG_AGAIN);
        if (status != ENG_OK) {
            fail("apply", &err);
        }
    }
}

static double run(struct eng_engine *engine, struct bench_stream *stream)
{
    struct block *block = calloc(1, sizeof *block);
    struct eng_effects effects = {.capacity = EFFECTS_BYTES};
    if (effects.capacity < eng_engine_effects_bytes_min(engine)) {
        effects.capacity = eng_engine_effects_bytes_min(engine);
    }
    effects.data = malloc(effects.capacity);
    if (!block || !effects.data) {
        abort();
    }
    double seconds = 0;
    while (stream->next < stream->events) {
        fill(block, stream);
        double began = cpu_s();
        apply(engine, block, &effects);
        seconds += cpu_s() - began;
    }
    free(effects.data);
    free(block);
    return seconds;
}

/* Nanoseconds of a forecast: the average and the most, and effects told by one. */
struct forecasts {
    double average_ns, most_ns, effects;
};

static struct forecasts forecast(struct eng_engine *engine, const struct bench_stream *stream)
{
    struct forecasts all = {0};
    struct eng_effects effects = {.capacity = EFFECTS_BYTES, .data = malloc(EFFECTS_BYTES)};
    int64_t until_ms = eng_engine_clock_ms(engine) + FORECAST_DAYS * INT64_C(86400000);
    uint32_t step = stream->partners / FORECASTS + 1, count = 0;
    if (!effects.data) {
        abort();
    }
    for (uint32_t partner = 0; partner < stream->partners; partner += step) {
        char id[BENCH_PARTNER_BYTES];
        bench_partner_id(partner, id);
        effects.used = effects.count = 0;
        double began = cpu_s();
        if (eng_engine_forecast(engine, (struct eng_slice){id, sizeof id}, until_ms, &effects,
                                NULL) != ENG_OK) {
            continue; /* it has never acted */
        }
        double ns = (cpu_s() - began) * 1e9;
        all.average_ns += ns;
        all.most_ns = ns > all.most_ns ? ns : all.most_ns;
        all.effects += effects.count;
        count++;
    }
    all.average_ns /= count ? count : 1;
    all.effects /= count ? count : 1;
    free(effects.data);
    return all;
}

static void report(const struct eng_engine *engine, double seconds,
                   const struct forecasts *forecasts)
{
    const struct eng_counters *counters = eng_engine_counters(engine);
    uint64_t partners = eng_engine_partner_count(engine);
    uint64_t bytes = eng_engine_memory_bytes(engine);
    printf("{\"events\": %llu, \"counted\": %llu, \"ns_per_event\": %.2f, \"partners\": %llu, "
           "\"bytes_per_partner\": %.1f, \"effects\": %llu, \"ns_per_forecast\": %.0f, "
           "\"ns_per_forecast_most\": %.0f, \"effects_per_forecast\": %.1f}\n",
           (unsigned long long)counters->read,
           (unsigned long long)counters->outcome[ENG_OUTCOME_COUNTED],
           seconds * 1e9 / (double)counters->read, (unsigned long long)partners,
           (double)bytes / (double)(partners ? partners : 1),
           (unsigned long long)(counters->score_changes + counters->churn_drops),
           forecasts->average_ns, forecasts->most_ns, forecasts->effects);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_engine CONFIG EVENTS PARTNERS DAYS skewed|even\n");
        return 2;
    }
    struct bench_stream stream = {.events = strtoull(argv[2], NULL, 10),
                                  .partners = (uint32_t)strtoul(argv[3], NULL, 10),
                                  .days = (uint32_t)strtoul(argv[4], NULL, 10),
                                  .shape = strcmp(argv[5], "even") ? BENCH_SKEWED : BENCH_EVEN,
                                  .state = 7};
    struct eng_error err = {0};
    struct eng_model *model;
    struct eng_engine *engine;
    if (eng_model_load_file(argv[1], &model, &err) != ENG_OK) {
        fail("model", &err);
    }
    struct eng_engine_options options = {.track_changes = true}; /* as the daemon has it */
    if (eng_engine_new(model, &options, &engine, &err) != ENG_OK) {
        fail("engine", &err);
    }
    double seconds = run(engine, &stream);
    struct forecasts forecasts = forecast(engine, &stream);
    report(engine, seconds, &forecasts);
    eng_engine_free(engine);
    eng_model_free(model);
    return 0;
}
