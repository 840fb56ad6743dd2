/* Draws samples. See sample.h. */
#include "sample.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRAM_TRIES = 50 };

enum eng_status sample_load(const struct sample *sample, struct eng_model **models,
                            struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < sample->text_count; i++) {
        status = eng_model_load_text(sample->texts[i], strlen(sample->texts[i]), "random.yaml",
                                     &models[i], err);
        if (status == ENG_OK && i > 0)
            status = eng_model_carries(models[i - 1], models[i], err);
    }
    return status;
}

void sample_unload(const struct sample *sample, struct eng_model **models)
{
    for (uint32_t i = 0; i < sample->text_count; i++)
        eng_model_free(models[i]);
}

/* What the program becomes; each time from what it was. */
static void vary(struct chance *chance, const struct eng_model *model,
                 const struct program_traits *traits, struct sample *sample)
{
    uint32_t count = (uint32_t)chance_between(chance, 2, SAMPLE_TEXTS_MAX);
    for (int i = 0; sample->text_count < count && i < PROGRAM_TRIES; i++) {
        struct eng_model *varied = NULL;
        char *text = program_vary(chance, sample->texts[sample->text_count - 1], traits,
                                  eng_model_version(model) + sample->text_count);
        if (eng_model_load_text(text, strlen(text), "random.yaml", &varied, NULL) == ENG_OK &&
            eng_model_carries(model, varied, NULL) == ENG_OK)
            sample->texts[sample->text_count++] = text;
        else
            free(text);
        eng_model_free(varied);
    }
}

struct sample sample_draw(uint64_t seed, const struct sample_kind *kind, uint64_t *ret_refused)
{
    struct chance chance = {seed * 0x9E3779B97F4A7C15u + 1};
    struct program_traits traits;
    struct sample sample = {.seed = seed};
    for (int i = 0; i < PROGRAM_TRIES; i++) {
        struct eng_model *model = NULL;
        char *text = program_write(&chance, kind->directed, &traits);
        sample.texts[0] = text;
        if (eng_model_load_text(text, strlen(text), "random.yaml", &model, NULL) == ENG_OK) {
            sample.text_count = 1;
            if (chance_percent(&chance, kind->changes))
                vary(&chance, model, &traits, &sample);
            eng_model_free(model);
            traits.variants = sample.text_count - 1;
            traits.erases = chance_percent(&chance, kind->erases);
            sample.history = history_make(&chance, &traits, kind->steps);
            return sample;
        }
        free(text);
        (*ret_refused)++;
    }
    fprintf(stderr, "seed %" PRIu64 ": no program in %d that loads\n", seed, PROGRAM_TRIES);
    exit(3);
}

void sample_free(struct sample *sample)
{
    for (uint32_t i = 0; i < sample->text_count; i++)
        free(sample->texts[i]);
    history_free(&sample->history);
}
