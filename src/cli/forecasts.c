/* Which scores of whom will fall. See forecasts.h. */
#include "cli/forecasts.h"

#include "base/assert.h"
#include "base/memory.h"
#include "codec/encode.h"

enum { ROOM_BYTES = 1 << 20 };

/* True when the effect is a score's first fall into a lower band; `fallen` has a bit for each score
 * that has fallen before. */
static bool is_first_fall(const struct eng_effect *effect, uint32_t *fallen)
{
    if (effect->kind != ENG_EFFECT_SCORE_CHANGE || effect->band >= effect->previous_band ||
        *fallen >> effect->subject & 1)
        return false;
    *fallen |= 1u << effect->subject;
    return true;
}

static enum eng_status write_falls(const struct eng_encode_context *context,
                                   const struct eng_effects *effects, struct eng_bytes *line,
                                   struct eng_output *output)
{
    const struct eng_effect *effect = NULL;
    uint32_t fallen = 0;
    while ((effect = eng_effects_next(effects, effect)) != NULL) {
        if (!is_first_fall(effect, &fallen))
            continue;
        eng_bytes_clear(line);
        if (eng_encode_fall(context, effect, line) != ENG_OK)
            return ENG_NO_MEMORY;
        if (!eng_output_write(output, line->data, line->used))
            return ENG_IO;
    }
    return ENG_OK;
}

enum eng_status eng_forecasts_write(struct eng_engine *engine, int64_t ahead_ms,
                                    struct eng_output *output, struct eng_error *err)
{
    const struct eng_encode_context context = {.model = eng_engine_model(engine), .source = ""};
    struct eng_effects effects = {.capacity = eng_engine_effects_bytes_min(engine) + ROOM_BYTES};
    struct eng_bytes line = {0};
    struct eng_slice partner;
    uint64_t at = 0;
    eng_assert(ahead_ms > 0);
    effects.data = eng_calloc(1, effects.capacity);
    enum eng_status status = effects.data != NULL ? ENG_OK : ENG_NO_MEMORY;
    while (status == ENG_OK && eng_engine_each(engine, &at, &partner)) {
        effects.used = effects.count = 0;
        status = eng_engine_forecast(engine, partner, eng_engine_clock_ms(engine) + ahead_ms,
                                     &effects, NULL);
        if (status == ENG_OK || status == ENG_LIMIT) /* falls are told before long */
            status = write_falls(&context, &effects, &line, output);
    }
    eng_bytes_done(&line);
    eng_free(effects.data);
    return status == ENG_NO_MEMORY ? eng_error_set(err, status, "out of memory for forecasts")
                                   : status;
}
