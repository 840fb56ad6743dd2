/* When a score will fall if nothing happens: by letting a copy of the partner live on. See naive.h.
 */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

/* A boundary in the copy's life: its scores alone. */
static void live(struct naive *naive, struct partner *copy, int64_t pane)
{
    int64_t at_ms = eng_calendar_start_ms(naive->model->calendar, pane);
    struct occasion why = {ENG_CAUSE_EXPIRY, ENG_ORIGIN_BOUNDARY, (uint64_t)at_ms, at_ms, pane, 0};
    naive->clock_ms = at_ms;
    for (unsigned i = 0; i < naive->model->score_count; i++)
        naive_score_evaluate(naive, copy, i, &why);
}

static void note_positive(struct naive *naive, struct partner *copy)
{
    for (unsigned i = 0; i < naive->model->score_count; i++)
        copy->scores[i].was_positive |= copy->scores[i].value_e4 > 0;
}

static bool fell(const struct score_state *before, const struct score_state *now, int band)
{
    if (band < 0)
        return now->band < before->band;
    return (int)before->band > band && (int)now->band == band && before->was_positive;
}

struct naive_fall naive_fall(const struct naive *naive, const struct partner *partner,
                             unsigned score, int band, struct naive_span span)
{
    struct naive alone = *naive;
    struct partner *copy = malloc(sizeof *copy);
    struct naive_fall fall = {.at_ms = 0};
    eng_assert(copy != NULL);
    *copy = *partner; /* what it has done stays the partner's, and is only read */
    alone.effects = (struct eng_effects){.data = NULL};
    for (unsigned i = 0; i < naive->model->score_count; i++) {
        copy->scores[i].past = NULL;
        copy->scores[i].past_count = copy->scores[i].past_capacity = 0;
    }
    note_positive(&alone, copy);
    for (int64_t pane = span.from + 1; fall.at_ms == 0 && pane <= span.from + span.panes; pane++) {
        struct score_state before = copy->scores[score];
        live(&alone, copy, pane);
        if (fell(&before, &copy->scores[score], band))
            fall = (struct naive_fall){alone.clock_ms, copy->scores[score].band};
        note_positive(&alone, copy);
    }
    for (unsigned i = 0; i < naive->model->score_count; i++)
        free(copy->scores[i].past);
    free(alone.effects.data);
    free(copy);
    return fall;
}

void naive_foretell(const struct naive *naive, const struct partner *partner,
                    const struct occasion *why, struct eng_effect *effect)
{
    const struct eng_alert *alert = &naive->model->alerts[effect->subject];
    if (alert->forecast == 0)
        return;
    struct naive_fall fall = naive_fall(naive, partner, alert->score, -1,
                                        (struct naive_span){why->pane, (int64_t)alert->forecast});
    effect->will_drop_at_ms = fall.at_ms;
    effect->will_drop_to = (uint8_t)fall.band;
}
