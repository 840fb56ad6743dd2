/* Forecasts against what is told later. See foretold.h. */
#include "foretold.h"

#include "base/assert.h"
#include "compare.h"
#include "engine/model.h"
#include "print.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16, PANES_MAX = 500, AT_THE_END = 4 };

struct foretold {
    struct eng_slice partner;
    int64_t until_ms;
    struct eng_effects effects; /* owned */
    bool whole;                 /* all of it fitted */
};

/* False: there is no forecast of this partner now. */
static bool foretell(struct eng_engine *engine, struct eng_slice partner, int64_t until_ms,
                     struct foretold *ret)
{
    *ret = (struct foretold){.partner = partner, .until_ms = until_ms};
    ret->effects.capacity = eng_engine_effects_bytes_min(engine) + ROOM;
    ret->effects.data = malloc(ret->effects.capacity);
    eng_assert(ret->effects.data != NULL);
    enum eng_status status = eng_engine_forecast(engine, partner, until_ms, &ret->effects, NULL);
    eng_engine_check(engine);
    ret->whole = status == ENG_OK;
    if (status == ENG_OK || status == ENG_LIMIT)
        return true;
    eng_assert(status == ENG_NOT_FOUND || status == ENG_UNAVAILABLE);
    free(ret->effects.data);
    return false;
}

static bool differs(const struct foretold *foretold, const struct eng_model *model,
                    const struct eng_effect *want, const struct eng_effect *got, FILE *out)
{
    fprintf(out, "the forecast of %.*s until %" PRId64 " is wrong\n  told later:\n",
            (int)foretold->partner.length, foretold->partner.data, foretold->until_ms);
    if (want != NULL)
        effect_print(model, want, out);
    fprintf(out, "  foretold:\n");
    if (got != NULL)
        effect_print(model, got, out);
    return false;
}

static bool is_of(const struct eng_effect *effect, struct eng_slice partner)
{
    struct eng_slice own = eng_effect_partner(effect);
    return effect->cause == ENG_CAUSE_EXPIRY && own.length == partner.length &&
           memcmp(own.data, partner.data, own.length) == 0;
}

/* `told` is what was told until the partner's silence, or the history, ended at `end_ms`. */
static bool came_true(const struct foretold *foretold, const struct eng_model *model,
                      struct eng_effects told, int64_t end_ms, FILE *out)
{
    const struct eng_effect *got = eng_effects_next(&foretold->effects, NULL);
    const struct eng_effect *want = NULL;
    end_ms = foretold->until_ms < end_ms ? foretold->until_ms : end_ms;
    while ((want = eng_effects_next(&told, want)) != NULL) {
        if (!is_of(want, foretold->partner) || want->at_ms > end_ms)
            continue;
        if (got == NULL && !foretold->whole)
            return true;
        if (got == NULL || got->bytes != want->bytes || memcmp(got, want, got->bytes) != 0)
            return differs(foretold, model, want, got, out);
        got = eng_effects_next(&foretold->effects, got);
    }
    return got == NULL || got->at_ms > end_ms || differs(foretold, model, NULL, got, out);
}

static int64_t pane_ms(const struct eng_model *model)
{
    return model->pane_unit == ENG_PANE_HOUR ? 3600000 : 86400000;
}

static int64_t some_time_after(const struct standpoint *here, struct chance *chance)
{
    int64_t panes = chance_between(chance, 0, chance_percent(chance, 70) ? 40 : PANES_MAX);
    int64_t more = chance_percent(chance, 50) ? 0 : chance_between(chance, 0, 3600000);
    return eng_engine_clock_ms(here->engine) + panes * pane_ms(eng_engine_model(here->engine)) +
           more;
}

static bool ends_silence(const struct step *step, uint8_t outcome, struct eng_slice partner)
{
    if (step->model > 0)
        return true;
    bool about = step->event.partner.length == partner.length &&
                 memcmp(step->event.partner.data, partner.data, partner.length) == 0;
    return about && (step->erase || outcome == ENG_OUTCOME_COUNTED || outcome == ENG_OUTCOME_HELD);
}

/* Whether an alert will be held then, or at what hours, a forecast does not care. */
static bool is_guarded(const struct standpoint *here)
{
    const struct eng_model *model = eng_engine_model(here->engine);
    return model->guard_count > 0 || model->quiet_count > 0 || model->budget_count > 0;
}

bool foretold_is_known(const struct standpoint *here, struct chance *chance, FILE *out)
{
    const struct history *history = here->history;
    const struct step *about =
        &history->steps[chance_between(chance, 0, (int64_t)history->count - 1)];
    struct foretold foretold;
    int64_t until_ms = some_time_after(here, chance);
    if (!step_is_event(about) || about->event.verdict != ENG_VERDICT_GOOD || is_guarded(here) ||
        !foretell(here->engine, about->event.partner, until_ms, &foretold))
        return true;
    uint32_t end = here->step;
    while (end < history->count &&
           !ends_silence(&history->steps[end], here->known->outcomes[end], about->event.partner))
        end++;
    int64_t end_ms = here->known->clocks[end < history->count ? end : history->count - 1];
    size_t bytes = here->known->told_before[end < history->count ? end + 1 : end];
    eng_assert(bytes >= here->told_bytes);
    struct eng_effects told = {0};
    if (bytes > here->told_bytes)
        told = (struct eng_effects){malloc(bytes - here->told_bytes), bytes - here->told_bytes,
                                    bytes - here->told_bytes, 0};
    if (told.data != NULL) /* a copy: effects are read where they are aligned */
        memcpy(told.data, here->known->told + here->told_bytes, told.used);
    bool same = came_true(&foretold, eng_engine_model(here->engine), told, end_ms, out);
    free(told.data);
    free(foretold.effects.data);
    return same;
}

/* Ticks to `until_ms`; all that is told meanwhile. */
static struct eng_effects tick_to(struct eng_engine *engine, int64_t until_ms)
{
    struct eng_effects told = {0}, buffer = {.capacity = eng_engine_effects_bytes_min(engine)};
    enum eng_status status = ENG_AGAIN;
    buffer.data = malloc(buffer.capacity);
    eng_assert(buffer.data != NULL);
    while (status == ENG_AGAIN) {
        buffer.used = buffer.count = 0;
        status = eng_engine_tick(engine, until_ms, &buffer, NULL);
        if (buffer.used == 0)
            continue;
        told.data = realloc(told.data, told.used + buffer.used);
        eng_assert(told.data != NULL);
        memcpy(told.data + told.used, buffer.data, buffer.used);
        told.used += buffer.used;
    }
    eng_assert(status == ENG_OK);
    free(buffer.data);
    return told;
}

bool foretold_comes_true(const struct standpoint *here, struct chance *chance, FILE *out)
{
    struct foretold foretold[AT_THE_END];
    uint32_t count = 0;
    int64_t until_ms = some_time_after(here, chance);
    for (uint32_t i = is_guarded(here) ? 4 * AT_THE_END : 0;
         i < 4 * AT_THE_END && count < AT_THE_END; i++) {
        const struct step *about =
            &here->history->steps[chance_between(chance, 0, (int64_t)here->history->count - 1)];
        if (step_is_event(about) && about->event.verdict == ENG_VERDICT_GOOD &&
            foretell(here->engine, about->event.partner, until_ms, &foretold[count]))
            count++;
    }
    struct eng_effects told = tick_to(here->engine, until_ms);
    bool same = true;
    for (uint32_t i = 0; i < count; i++) {
        same = same && came_true(&foretold[i], eng_engine_model(here->engine), told, until_ms, out);
        free(foretold[i].effects.data);
    }
    free(told.data);
    return same;
}
