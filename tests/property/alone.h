/* One engine that is given one event after the other, for the tests that need nothing else. */
#ifndef TESTS_PROPERTY_ALONE_H
#define TESTS_PROPERTY_ALONE_H

#include <criterion/criterion.h>
#include <engaged/engine.h>
#include <string.h>

#define HOUR_MS 3600000LL
#define START_MS 1767225600000LL

struct run {
    struct eng_model *model;
    struct eng_engine *engine;
};

static inline struct run start(const char *model_text)
{
    struct run run;
    cr_assert_eq(eng_model_load_text(model_text, strlen(model_text), "s.yaml", &run.model, NULL),
                 ENG_OK);
    cr_assert_eq(eng_engine_new(run.model, NULL, &run.engine, NULL), ENG_OK);
    return run;
}

static inline void end(struct run *run)
{
    eng_engine_free(run->engine);
    eng_model_free(run->model);
}

/* What becomes of an event; what it tells is nobody's matter. */
static inline enum eng_outcome apply(struct run *run, const struct eng_event *event)
{
    uint8_t outcome = 0;
    struct eng_batch batch = {.events = event, .outcomes = &outcome, .count = 1};
    cr_assert_eq(eng_engine_apply(run->engine, &batch, NULL, NULL), ENG_OK);
    eng_engine_check(run->engine);
    return (enum eng_outcome)outcome;
}

#endif
