/* Report cards: at a boundary that is one's moment, for whoever is meant. See naive.h. */
#include "base/assert.h"
#include "inside.h"
#include <string.h>

/* Is this pane the one of the report in its period, or in one that has just ended? */
static bool is_moment(const struct eng_model *model, const struct eng_report *report, int64_t pane)
{
    const struct eng_calendar *calendar = model->calendar;
    return eng_calendar_moment(calendar, report->every, pane, report->day, report->hour) == pane ||
           (pane > 0 && eng_calendar_moment(calendar, report->every, pane - 1, report->day,
                                            report->hour) == pane);
}

static unsigned section(const struct naive *naive, const struct partner *partner, unsigned index,
                        const struct reported *was, const struct occasion *why,
                        struct eng_contribution *to)
{
    const struct eng_score *score = &naive->model->scores[index];
    const struct score_state *state = &partner->scores[index];
    int64_t flags = state->band | (int64_t)was->band << 8;
    flags |= naive_provisional(naive, partner, score, why->pane) ? ENG_REPORT_PROVISIONAL : 0;
    flags |= was->known ? ENG_REPORT_FOLLOWS : 0;
    to[0] = (struct eng_contribution){state->value_e4, was->value_e4};
    to[1] = (struct eng_contribution){flags, 0};
    for (unsigned i = 0; i < score->dimension_count; i++) {
        struct amount amount = naive_measure(
            naive, partner, &naive->model->measures[score->dimensions[i].measure], why->pane);
        to[2 + 2 * i] =
            (struct eng_contribution){state->part_e4[i], state->part_e4[i] - was->part_e4[i]};
        to[3 + 2 * i] = (struct eng_contribution){amount.value_e4, amount.missing};
    }
    unsigned count = 2 + 2 * score->dimension_count;
    if (!score->nudges)
        return count;
    struct naive_nudge nudge = naive_nudge(naive, partner, index, INT64_MIN);
    to[count] = (struct eng_contribution){nudge.gain_e4, nudge.count};
    to[count + 1] = (struct eng_contribution){nudge.dimension, nudge.to};
    return count + 2;
}

enum eng_trend naive_trend(const struct naive *naive, const struct partner *partner, unsigned score)
{
    for (unsigned i = 0; i < naive->model->report_count; i++) {
        const struct eng_report *report = &naive->model->reports[i];
        bool listed = false;
        for (unsigned j = 0; j < report->score_count; j++)
            listed |= report->scores[j] == score;
        if (report->trend_e4 == 0 || !listed)
            continue;
        if (!partner->reports[i][score].known)
            return ENG_TREND_NONE;
        int64_t change_e4 = partner->scores[score].value_e4 - partner->reports[i][score].value_e4;
        if (change_e4 >= report->trend_e4)
            return ENG_IMPROVING;
        return change_e4 <= -report->trend_e4 ? ENG_DECLINING : ENG_STEADY;
    }
    return ENG_TREND_NONE;
}

static void make(struct naive *naive, struct partner *partner, unsigned index,
                 const struct occasion *why)
{
    enum { MOST = ENG_SCORES_MAX * (4 + 2 * ENG_DIMENSIONS_MAX) };
    const struct eng_report *report = &naive->model->reports[index];
    struct eng_contribution list[MOST];
    int64_t values[MOST], bases[MOST];
    unsigned count = 0;
    for (unsigned i = 0; i < report->score_count; i++) {
        struct reported *was = &partner->reports[index][report->scores[i]];
        count += section(naive, partner, report->scores[i], was, why, list + count);
        const struct score_state *state = &partner->scores[report->scores[i]];
        *was = (struct reported){.known = true, .value_e4 = state->value_e4, .band = state->band};
        memcpy(was->part_e4, state->part_e4, sizeof was->part_e4);
    }
    for (unsigned i = 0; i < count; i++) { /* what is emitted is the difference of two */
        values[i] = list[i].value_e4;
        bases[i] = list[i].value_e4 - list[i].delta_e4;
    }
    struct eng_effect effect = naive_effect(ENG_EFFECT_REPORT, index, why);
    effect.score = report->scores[0];
    effect.contribution_count = (uint16_t)count;
    naive_emit(naive, partner, &effect, values, bases);
}

void naive_reports_make(struct naive *naive, struct partner *partner, const struct occasion *why)
{
    for (unsigned i = 0; i < naive->model->report_count; i++) {
        const struct eng_report *report = &naive->model->reports[i];
        unsigned band = partner->scores[report->scores[0]].band;
        bool meant = report->bands == 0 || report->bands >> band & 1;
        if (meant && is_moment(naive->model, report, why->pane))
            make(naive, partner, i, why);
    }
}
