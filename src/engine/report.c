/* Reports: a card for each partner at a moment of every week, month, quarter or year.
 *
 * All partners are due at the same boundary, those too who never do anything again. That is a
 * boundary like others (boundary.c): visited in its order, in steps, and gone on with after a
 * restart. The panes of reports are worked out once for a pane of the clock (clock.c).
 *
 * What stood in a partner's last card is kept in its record, for each score of each report, so that
 * a card says what has changed since then. A card that is not made, because its partner is in none
 * of the bands that it is for, leaves that as it is.
 *
 * A trend is told against that card wherever the score is told: it costs a comparison then, and
 * nothing before.
 *
 * Cost: of a model with reports a visit of everybody a period, and the places in the record. */
#include "base/assert.h"
#include "engine/internal.h"

static int64_t as_number(eng_wide value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

static struct eng_contribution *write_nudge(struct eng_engine *engine, unsigned index,
                                            struct eng_contribution *to)
{
    struct eng_nudge nudge = eng_nudge_find(engine, index, ENG_NO_GOAL);
    eng_assert(engine->model->scores[index].nudges);
    eng_assert(nudge.count <= ENG_NUDGES_MAX);
    *to++ = (struct eng_contribution){nudge.gain_e4, nudge.count};
    *to++ = (struct eng_contribution){nudge.dimension, nudge.to};
    return to;
}

/* Writes the section of a score, as effect.h says; returns the place behind it. */
static struct eng_contribution *write_section(struct eng_engine *engine, unsigned index,
                                              const struct eng_report_layout *place,
                                              struct eng_contribution *to)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_scratch *scratch = &engine->scratch;
    const struct eng_score_layout *widths = &engine->layout->scores[index];
    uint8_t was = *eng_record_fixed(&engine->hand, place->band);
    const uint8_t *shares = eng_record_fixed(&engine->hand, place->shares);
    eng_assert(index < engine->model->score_count);
    eng_assert(scratch->filled >> index & 1);
    int64_t previous = eng_score_load(widths, eng_record_fixed(&engine->hand, place->value));
    int64_t flags = scratch->band_after[index] | (int64_t)(was & ENG_BAND_MASK) << 8;
    flags |= eng_provisional(engine, score, engine->hand.partner) ? ENG_REPORT_PROVISIONAL : 0;
    flags |= was & ENG_REPORTED ? ENG_REPORT_FOLLOWS : 0;
    *to++ = (struct eng_contribution){scratch->value[index], previous};
    *to++ = (struct eng_contribution){flags, 0};
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        bool missing;
        int64_t share = scratch->contribution[index][i];
        eng_wide measured =
            eng_measure_value(engine, &engine->hand, score->dimensions[i].measure, &missing);
        *to++ = (struct eng_contribution){
            share, share - eng_score_load(widths, shares + (size_t)i * widths->value_bytes)};
        *to++ = (struct eng_contribution){as_number(measured), missing};
    }
    return score->nudges ? write_nudge(engine, index, to) : to;
}

/* Notes what stands in this card. */
static void note(const struct eng_engine *engine, unsigned index,
                 const struct eng_report_layout *place)
{
    const struct eng_score_layout *widths = &engine->layout->scores[index];
    const struct eng_record *hand = &engine->hand;
    uint8_t *shares = eng_record_fixed(hand, place->shares);
    eng_assert(index < engine->model->score_count);
    eng_assert(place->value != 0);
    eng_score_store(widths, eng_record_fixed(hand, place->value), engine->scratch.value[index]);
    *eng_record_fixed(hand, place->band) = engine->scratch.band_after[index] | ENG_REPORTED;
    for (uint32_t i = 0; i < engine->model->scores[index].dimension_count; i++)
        eng_score_store(widths, shares + (size_t)i * widths->value_bytes,
                        engine->scratch.contribution[index][i]);
}

static void make(struct eng_engine *engine, const struct eng_evaluation *evaluation, unsigned index)
{
    const struct eng_report *report = &engine->model->reports[index];
    struct eng_effect *effect =
        eng_effect_begin(engine, evaluation, eng_report_contributions(engine->model, index));
    eng_assert(index < engine->model->report_count);
    eng_assert(evaluation->at_boundary);
    engine->counters.reports++;
    struct eng_contribution *to = NULL;
    if (effect != NULL) {
        effect->kind = ENG_EFFECT_REPORT;
        effect->subject = (uint16_t)index;
        effect->score = report->scores[0];
        to = (struct eng_contribution *)(void *)(effect + 1);
    }
    for (uint32_t i = 0; i < report->score_count; i++) {
        const struct eng_report_layout *place = eng_layout_report(engine->layout, index, i);
        eng_fill(engine, report->scores[i]);
        if (to != NULL)
            to = write_section(engine, report->scores[i], place, to);
        note(engine, report->scores[i], place);
    }
}

/* Of the first report with a trend that is of this score; its place there. NULL: there is none. */
static const struct eng_report_layout *trend_place(const struct eng_layout *layout, unsigned score,
                                                   int64_t *ret_from_e4)
{
    const struct eng_model *model = layout->model;
    eng_assert(score < model->score_count);
    eng_assert(model->report_count <= ENG_REPORTS_MAX);
    for (uint32_t i = 0; i < model->report_count; i++) {
        const struct eng_report *report = &model->reports[i];
        *ret_from_e4 = report->trend_e4;
        for (uint32_t j = 0; report->trend_e4 > 0 && j < report->score_count; j++)
            if (report->scores[j] == score)
                return eng_layout_report(layout, i, j);
    }
    return NULL;
}

enum eng_trend eng_report_trend(const struct eng_record *record, unsigned score, int64_t value_e4)
{
    const struct eng_layout *layout = record->layout;
    int64_t from_e4 = 0;
    const struct eng_report_layout *place = trend_place(layout, score, &from_e4);
    eng_assert(record->partner != NULL);
    if (place == NULL || (*eng_record_fixed(record, place->band) & ENG_REPORTED) == 0)
        return ENG_TREND_NONE;
    eng_assert(from_e4 > 0);
    int64_t was_e4 = eng_score_load(&layout->scores[score], eng_record_fixed(record, place->value));
    if (value_e4 - was_e4 >= from_e4)
        return ENG_IMPROVING;
    return was_e4 - value_e4 >= from_e4 ? ENG_DECLINING : ENG_STEADY;
}

void eng_reports_evaluate(struct eng_engine *engine, const struct eng_evaluation *evaluation)
{
    eng_assert(evaluation->at_boundary);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    for (uint32_t i = 0; i < engine->model->report_count; i++) {
        const struct eng_report *report = &engine->model->reports[i];
        uint8_t band = engine->scratch.band_after[report->scores[0]];
        if (engine->now.reports_now >> i & 1 && (report->bands == 0 || report->bands >> band & 1))
            make(engine, evaluation, i);
    }
}
