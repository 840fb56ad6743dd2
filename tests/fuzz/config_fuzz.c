/* Configuration texts and zone files: any bytes give a sound model or an error with a place, never
 * a crash and never a leak. Nothing outside is read: texts with ${file:} are left out, and of zones
 * only UTC is known. */
#include "base/assert.h"
#include "engine/model.h"
#include "model/config.h"
#include "model/zone.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds(const uint8_t *data, size_t size, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(data + i, word, length) == 0)
            return true;
    return false;
}

/* What the engine takes for granted of a score. */
static void check_score(const struct eng_model *model, const struct eng_score *score)
{
    int64_t weights = 0;
    eng_assert(score->band_count >= 1 && score->band_count <= ENG_BANDS_MAX);
    eng_assert(score->dimension_count >= 1 && score->dimension_count <= ENG_DIMENSIONS_MAX);
    for (uint32_t i = 1; i < score->band_count; i++)
        eng_assert(score->bands[i].edge_e4 + score->bands[i].above >
                   score->bands[i - 1].edge_e4 + score->bands[i - 1].above);
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &score->dimensions[i];
        eng_assert(dimension->measure < model->measure_count && dimension->name != NULL);
        eng_assert(score->points || dimension->weight_e4 > 0);
        eng_assert(score->points || (dimension->target_e4 > 0) == (dimension->step_count == 0));
        weights += dimension->weight_e4;
    }
    eng_assert(weights == score->weight_sum_e4);
    eng_assert(score->points || score->scale_e4 > 0);
}

static void check_model(const struct eng_model *model)
{
    eng_assert(model->program != NULL && model->version >= 1 && model->calendar != NULL);
    eng_assert(model->late_after >= 1 && model->late_after <= ENG_PANES_MAX);
    eng_assert(model->measure_count <= ENG_MEASURES_MAX && model->action_count <= ENG_ACTIONS_MAX);
    for (uint32_t i = 0; i < model->measure_count; i++)
        eng_assert((model->measures[i].panes > 0) ==
                   (model->measures[i].window == ENG_WINDOW_ROLLING));
    for (uint32_t i = 0; i < model->score_count; i++)
        check_score(model, &model->scores[i]);
    for (uint32_t i = 0; i < model->alert_count; i++) {
        const struct eng_alert *alert = &model->alerts[i];
        if (alert->kind == ENG_SILENCE)
            eng_assert(alert->min_silence >= 1 && alert->min_silence <= alert->horizon);
        else
            eng_assert(alert->score < model->score_count &&
                       alert->band < model->scores[alert->score].band_count);
    }
}

static void load_text(const uint8_t *data, size_t size)
{
    struct eng_config *config = NULL;
    struct eng_error err = {0};
    enum eng_status status =
        eng_config_load_text((const char *)data, size, "f.yaml", &config, &err);
    eng_assert(status == ENG_OK || status == ENG_BAD_CONFIG || status == ENG_NO_MEMORY);
    eng_assert((status == ENG_OK) == (config != NULL));
    eng_assert(status != ENG_BAD_CONFIG || strncmp(err.text, "f.yaml:", 7) == 0);
    if (status == ENG_OK)
        check_model(config->model);
    eng_config_free(config);
}

/* A zone that is accepted makes a calendar whose days follow one another. */
static void load_zone(const uint8_t *data, size_t size)
{
    struct eng_zone zone = {0};
    struct eng_calendar *calendar = NULL;
    if (eng_zone_parse(data, size, &zone, NULL) != ENG_OK)
        return;
    enum eng_status status = eng_calendar_new(ENG_PANE_DAY, zone.changes, zone.count,
                                              zone.standard_offset_ms, &calendar);
    eng_assert(status == ENG_OK);
    for (int64_t pane = -1; pane < 30000; pane += 97) {
        int64_t start_ms = eng_calendar_start_ms(calendar, pane);
        eng_assert(start_ms < eng_calendar_start_ms(calendar, pane + 1));
        eng_assert(start_ms < 0 || eng_calendar_pane(calendar, start_ms) == pane);
    }
    eng_calendar_free(calendar);
    eng_zone_done(&zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool prepared;
    if (!prepared)
        prepared = setenv("TZDIR", "/nonexistent", 1) == 0;
    if (size >= 4 && memcmp(data, "TZif", 4) == 0)
        load_zone(data, size);
    else if (!holds(data, size, "${file:"))
        load_text(data, size);
    return 0;
}
