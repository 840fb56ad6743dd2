/* Memory per partner by trial. See sample.h. */
#include "cli/sample.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/model.h"
#include <engaged/engine.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 1000, MEMBERS = 3, NAME_BYTES = 32 };

static const int64_t start_ms = 1767225600000; /* 2026-01-01T00:00:00Z; any day would do */

/* Texts of the events of a batch. */
struct names {
    char partner[NAME_BYTES], id[NAME_BYTES], member[NAME_BYTES];
    char action[ENG_ACTION_BYTES_MAX + 2];
    struct eng_slice attributes[ENG_ATTRIBUTES_MAX];
};

struct sample {
    const struct eng_model *model;
    struct eng_engine *engine;
    struct names names[BATCH];
    struct eng_event events[BATCH];
};

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){.data = text, .length = (uint32_t)strlen(text)};
}

/* The event number `round` of a partner. */
static void fill_event(struct sample *sample, uint32_t index, uint32_t partner, uint32_t round)
{
    struct names *names = &sample->names[index];
    const struct eng_action *action =
        &sample->model->actions[(partner + round) %
                                (sample->model->action_count - sample->model->ledger_count)];
    (void)snprintf(names->partner, NAME_BYTES, "partner-%06u", partner); /* these all fit */
    (void)snprintf(names->id, NAME_BYTES, "event-%06u-%02u", partner, round);
    (void)snprintf(names->member, NAME_BYTES, "member-%u", round % MEMBERS);
    (void)snprintf(names->action, sizeof names->action, "%s%s", action->text,
                   action->family ? "x" : "");
    sample->events[index] = (struct eng_event){
        .time_ms = start_ms + (int64_t)round * ENG_SAMPLE_DAYS * 86400000 / ENG_SAMPLE_EVENTS,
        .value_e4 = (int64_t)(partner % 1000) * 10000,
        .offset = (uint64_t)round * ENG_SAMPLE_PARTNERS + partner,
        .partner = slice(names->partner),
        .action = slice(names->action),
        .id = slice(names->id),
        .member = slice(names->member),
        .attributes = names->attributes,
    };
    /* Such as the entry's condition asks for; all others are missing. */
    memset(names->attributes, 0, sizeof names->attributes);
    for (uint32_t i = 0; i < action->where.clause_count; i++)
        names->attributes[action->where.clauses[i].attribute] = action->where.clauses[i].values[0];
}

static enum eng_status apply_batch(struct sample *sample, struct eng_error *err)
{
    struct eng_batch batch = {.events = sample->events, .count = BATCH};
    enum eng_status status = ENG_AGAIN;
    while (status == ENG_AGAIN)
        status = eng_engine_apply(sample->engine, &batch, NULL, err);
    return status;
}

static enum eng_status apply_all(struct sample *sample, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t round = 0; round < ENG_SAMPLE_EVENTS; round++)
        for (uint32_t from = 0; status == ENG_OK && from < ENG_SAMPLE_PARTNERS; from += BATCH) {
            for (uint32_t i = 0; i < BATCH; i++)
                fill_event(sample, i, from + i, round);
            status = apply_batch(sample, err);
        }
    return status;
}

enum eng_status eng_sample_bytes(const struct eng_model *model, uint64_t *ret_bytes,
                                 struct eng_error *err)
{
    _Static_assert(ENG_SAMPLE_PARTNERS % BATCH == 0, "batches are full");
    eng_assert(model->action_count > model->ledger_count); /* their entries come last */
    struct sample *sample = eng_calloc(1, sizeof *sample);
    if (sample == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the trial of the model");
    sample->model = model;
    struct eng_engine_options options = {.partners_hint = ENG_SAMPLE_PARTNERS,
                                         .track_changes = true};
    enum eng_status status = eng_engine_new(model, &options, &sample->engine, err);
    if (status == ENG_OK)
        status = apply_all(sample, err);
    if (status == ENG_OK)
        *ret_bytes = eng_engine_memory_bytes(sample->engine) / ENG_SAMPLE_PARTNERS;
    eng_engine_free(sample->engine);
    eng_free(sample);
    return status;
}
