/* bench_engine CONFIG EVENTS PARTNERS DAYS SHAPE: what the engine alone costs.
 *
 * SHAPE is `skewed` or `even` (bench/synth.h); bench/drive.h says what is measured. Prints one JSON
 * line: events, nanoseconds an event, partners, bytes of state a partner, effects told; and what a
 * forecast of FORECAST_DAYS costs, of some partners in their last state, on the average and at
 * most.
 */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EFFECTS_BYTES = 1 << 20, FORECASTS = 10000, FORECAST_DAYS = 400 };

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
        double began = bench_cpu_s();
        if (eng_engine_forecast(engine, (struct eng_slice){id, sizeof id}, until_ms, &effects,
                                NULL) != ENG_OK) {
            continue; /* it has never acted */
        }
        double ns = (bench_cpu_s() - began) * 1e9;
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
        bench_fail("model", &err);
    }
    struct eng_engine_options options = {.track_changes = true}; /* as the daemon has it */
    if (eng_engine_new(model, &options, &engine, &err) != ENG_OK) {
        bench_fail("engine", &err);
    }
    double seconds = bench_drive(engine, model, &stream);
    struct forecasts forecasts = forecast(engine, &stream);
    report(engine, seconds, &forecasts);
    eng_engine_free(engine);
    eng_model_free(model);
    return 0;
}
