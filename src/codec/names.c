/* The words for what an effect holds as numbers. See names.h. */
#include "codec/names.h"

#include "base/assert.h"

const struct eng_score *eng_encode_score(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->score < model->score_count);
    return &model->scores[effect->score];
}

const struct eng_alert *eng_encode_alert(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_CHURN_DROP);
    eng_assert(effect->subject < model->alert_count);
    return &model->alerts[effect->subject];
}

const struct eng_matrix *eng_encode_matrix(const struct eng_model *model,
                                           const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_CELL_CHANGE);
    eng_assert(effect->subject < model->matrix_count);
    return &model->matrices[effect->subject];
}

const char *eng_encode_cell_name(const struct eng_matrix *matrix, unsigned row, unsigned column)
{
    eng_assert(row < matrix->row_count);
    eng_assert(column < matrix->column_count);
    return matrix->cells[eng_matrix_cell(matrix, row, column)];
}

const struct eng_report *eng_encode_report(const struct eng_model *model,
                                           const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_REPORT);
    eng_assert(effect->subject < model->report_count);
    return &model->reports[effect->subject];
}

const struct eng_contribution *eng_encode_section(const struct eng_model *model,
                                                  const struct eng_report *report, uint32_t index,
                                                  const struct eng_contribution *at,
                                                  struct eng_section_of_report *ret_section)
{
    const struct eng_score *score = &model->scores[report->scores[index]];
    int64_t flags = at[1].value_e4;
    eng_assert(at[1].delta_e4 == 0);
    *ret_section = (struct eng_section_of_report){
        .score = score,
        .value_e4 = at[0].value_e4,
        .previous_value_e4 = at[0].delta_e4,
        .band = (unsigned)(flags & ENG_REPORT_BAND),
        .previous_band = (unsigned)(flags & ENG_REPORT_PREVIOUS_BAND) >> 8,
        .provisional = flags & ENG_REPORT_PROVISIONAL,
        .follows = flags & ENG_REPORT_FOLLOWS,
        .trend_e4 = report->trend_e4,
        .pairs = at + 2,
    };
    return at + eng_section_contributions(score);
}

const char *eng_encode_trend_name(enum eng_trend trend)
{
    static const char *const names[] = {NULL, "improving", "steady", "declining"};
    eng_assert(trend <= ENG_DECLINING);
    return names[trend];
}

enum eng_trend eng_encode_section_trend(const struct eng_section_of_report *section)
{
    if (section->trend_e4 == 0 || !section->follows)
        return ENG_TREND_NONE;
    if (section->value_e4 >= section->previous_value_e4 + section->trend_e4)
        return ENG_IMPROVING;
    return section->value_e4 <= section->previous_value_e4 - section->trend_e4 ? ENG_DECLINING
                                                                               : ENG_STEADY;
}

enum eng_trend eng_encode_trend(const struct eng_model *model, const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_SCORE_CHANGE || effect->kind == ENG_EFFECT_CHURN_DROP);
    if (effect->kind == ENG_EFFECT_CHURN_DROP &&
        !eng_alert_is_scored(eng_encode_alert(model, effect)))
        return ENG_TREND_NONE; /* that is the place of a silence's risk */
    return (enum eng_trend)effect->trend;
}

static struct eng_nudge_of nudge_of(const struct eng_score *score, unsigned index, unsigned to)
{
    const struct eng_dimension *dimension = &score->dimensions[index];
    eng_assert(index < score->dimension_count);
    eng_assert(dimension->effort_e4 > 0);
    return (struct eng_nudge_of){.dimension = dimension->name,
                                 .action = dimension->action,
                                 .each_e4 = dimension->each_e4,
                                 .to = to > 0 ? eng_encode_band_name(score, to - 1) : NULL};
}

struct eng_nudge_of eng_encode_nudge(const struct eng_model *model, const struct eng_effect *effect)
{
    struct eng_nudge_of nudge = {0};
    if (effect->nudge_count == 0)
        return nudge;
    unsigned score = effect->kind == ENG_EFFECT_CHURN_DROP ? eng_encode_alert(model, effect)->score
                                                           : effect->score;
    eng_assert(score < model->score_count);
    nudge = nudge_of(&model->scores[score], effect->nudge_dimension, effect->nudge_to);
    nudge.count = effect->nudge_count;
    nudge.gain_e4 = effect->nudge_gain_e4;
    return nudge;
}

struct eng_nudge_of eng_encode_view_nudge(const struct eng_score *score,
                                          const struct eng_view_score *view)
{
    struct eng_nudge_of nudge = {0};
    if (view->nudge_count == 0)
        return nudge;
    nudge = nudge_of(score, view->nudge_dimension, view->nudge_to);
    nudge.count = view->nudge_count;
    nudge.gain_e4 = view->nudge_gain_e4;
    return nudge;
}

struct eng_nudge_of eng_encode_section_nudge(const struct eng_section_of_report *section)
{
    const struct eng_contribution *at =
        section->pairs + (size_t)2 * section->score->dimension_count;
    struct eng_nudge_of nudge = {0};
    if (!section->score->nudges || at[0].delta_e4 == 0)
        return nudge;
    nudge = nudge_of(section->score, (unsigned)at[1].value_e4, (unsigned)at[1].delta_e4);
    nudge.count = (uint32_t)at[0].delta_e4;
    nudge.gain_e4 = at[0].value_e4;
    return nudge;
}

const struct eng_guard *eng_encode_guard(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_SOURCE_SILENCE);
    eng_assert(effect->subject < model->guard_count);
    return &model->guards[effect->subject];
}

const struct eng_budget *eng_encode_budget(const struct eng_model *model,
                                           const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_DIGEST);
    eng_assert(effect->subject < model->budget_count);
    return &model->budgets[effect->subject];
}

const struct eng_award *eng_encode_award(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_AWARD_BOOKING);
    eng_assert(effect->subject < model->award_count);
    return &model->awards[effect->subject];
}

const struct eng_check *eng_encode_check(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_ABUSE_FLAG || effect->kind == ENG_EFFECT_SIGHTING);
    eng_assert(effect->subject < model->check_count);
    return &model->checks[effect->subject];
}

const char *eng_encode_check_kind_name(unsigned kind)
{
    static const char *const names[ENG_CHECK_KINDS] = {[ENG_UNIQUE] = "unique",
                                                       [ENG_MORE_THAN] = "more_than",
                                                       [ENG_NEEDS] = "needs",
                                                       [ENG_OUTLIER] = "ratio"};
    eng_assert(kind < ENG_CHECK_KINDS);
    return names[kind];
}

const struct eng_ledger *eng_encode_ledger(const struct eng_model *model,
                                           const struct eng_effect *effect)
{
    eng_assert(effect->kind == ENG_EFFECT_AWARD_BOOKING);
    eng_assert(effect->ledger < model->ledger_count);
    return &model->ledgers[effect->ledger];
}

const struct eng_group *eng_encode_group(const struct eng_model *model,
                                         const struct eng_effect *effect)
{
    uint32_t first = effect->kind == ENG_EFFECT_BOARD ? eng_boards_first(model) : 0;
    eng_assert(effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD);
    eng_assert(first + effect->subject < model->group_count);
    return &model->groups[first + effect->subject];
}

/* A segment of a split, counted from 1; 0: of those of whom nothing is known. */
static struct eng_slice segment_name(const struct eng_model *model, const struct eng_split *split,
                                     unsigned segment)
{
    eng_assert(segment < eng_split_segments(model, split));
    if (segment == 0)
        return (struct eng_slice){"", 0};
    unsigned index = segment - 1u;
    if (split->by_bands)
        return eng_slice_of(model->scores[split->subject].bands[index].name);
    const struct eng_fact *fact = &model->facts[split->subject];
    if (fact->kind == ENG_FACT_FLAG)
        return eng_slice_of(index > 0 ? "true" : "false");
    return fact->options[index];
}

struct eng_slice eng_encode_segment(const struct eng_model *model, const struct eng_effect *effect)
{
    if (effect->kind == ENG_EFFECT_DIGEST) {
        const struct eng_budget *budget = eng_encode_budget(model, effect);
        return budget->is_split ? segment_name(model, &budget->split, effect->segment)
                                : (struct eng_slice){"", 0};
    }
    const struct eng_group *group = eng_encode_group(model, effect);
    if (effect->band == 0)
        return (struct eng_slice){"", 0};
    return segment_name(model, &group->splits[effect->band - 1], effect->segment);
}

const char *eng_encode_subject_name(const struct eng_model *model, const struct eng_effect *effect)
{
    switch ((enum eng_effect_kind)effect->kind) {
    case ENG_EFFECT_SCORE_CHANGE:
        return eng_encode_score(model, effect)->name;
    case ENG_EFFECT_CELL_CHANGE:
        return eng_encode_matrix(model, effect)->name;
    case ENG_EFFECT_REPORT:
        return eng_encode_report(model, effect)->name;
    case ENG_EFFECT_SOURCE_SILENCE:
        return eng_encode_guard(model, effect)->name;
    case ENG_EFFECT_DIGEST:
        return eng_encode_budget(model, effect)->name;
    case ENG_EFFECT_AWARD_BOOKING:
        return eng_encode_award(model, effect)->name;
    case ENG_EFFECT_ABUSE_FLAG:
        return eng_encode_check(model, effect)->name;
    default:
        return eng_encode_alert(model, effect)->name;
    }
}

struct eng_slice eng_encode_key(const struct eng_model *model, const struct eng_effect *effect)
{
    return effect->kind == ENG_EFFECT_SOURCE_SILENCE || effect->kind == ENG_EFFECT_DIGEST
               ? eng_slice_of(eng_encode_subject_name(model, effect))
               : eng_effect_partner(effect);
}

const char *eng_encode_status_name(const struct eng_effect *effect)
{
    static const char *const bookings[] = {[ENG_BOOKED] = "booked",
                                           [ENG_PENDING] = "pending",
                                           [ENG_DROPPED] = "dropped",
                                           [ENG_REVERSED] = "reversed"};
    static const char *const flags[] = {[ENG_THEN_FLAG] = "flag",
                                        [ENG_THEN_LEAVE_OUT] = "leave_out",
                                        [ENG_THEN_HELD] = "held",
                                        [ENG_THEN_RELEASED] = "released",
                                        [ENG_THEN_DISCARDED] = "discarded"};
    switch ((enum eng_effect_kind)effect->kind) {
    case ENG_EFFECT_SCORE_CHANGE:
        return "changed";
    case ENG_EFFECT_CELL_CHANGE:
        return "moved"; /* a score may have the name of a matrix */
    case ENG_EFFECT_REPORT:
        return "made";
    case ENG_EFFECT_SOURCE_SILENCE:
        return effect->status == ENG_OPENED ? "began" : "ended";
    case ENG_EFFECT_DIGEST:
        return "left_out";
    case ENG_EFFECT_AWARD_BOOKING:
        return bookings[effect->status];
    case ENG_EFFECT_SIGHTING:
    case ENG_EFFECT_ABUSE_FLAG:
        return flags[effect->status];
    default:
        return effect->status == ENG_OPENED ? "opened" : "resolved";
    }
}

const char *eng_encode_direction_name(const struct eng_effect *effect)
{
    return effect->direction == ENG_UP ? "up" : "down";
}

const char *eng_encode_cause_name(const struct eng_effect *effect)
{
    static const char *const names[] = {[ENG_CAUSE_EVENT] = "event",
                                        [ENG_CAUSE_CORRECTION] = "correction",
                                        [ENG_CAUSE_EXPIRY] = "expiry",
                                        [ENG_CAUSE_CONFIG] = "config"};
    eng_assert(effect->cause < sizeof names / sizeof *names);
    return names[effect->cause];
}

const char *eng_encode_fact_name(const struct eng_model *model, const struct eng_effect *effect)
{
    eng_assert(effect->fact <= model->fact_count);
    return effect->fact > 0 ? model->facts[effect->fact - 1].name : NULL;
}

/* A number in ten-thousandths as text; returns how long it is. */
static uint32_t write_number(int64_t value_e4, char *digits, size_t size)
{
    struct eng_bytes bytes = {(uint8_t *)digits, 0, size};
    struct eng_writer writer = eng_writer_begin(&bytes);
    eng_put_e4(&writer, value_e4); /* it fits */
    eng_assert(writer.status == ENG_OK && bytes.data == (uint8_t *)digits);
    return (uint32_t)bytes.used;
}

bool eng_encode_fact_next(const struct eng_model *model, const struct eng_effect *effect,
                          uint32_t *at, struct eng_encode_fact *ret_fact)
{
    uint8_t kinds[ENG_FACTS_MAX];
    struct eng_told_fact told;
    for (uint32_t i = 0; i < model->fact_count; i++)
        kinds[i] = (uint8_t)model->facts[i].kind;
    if (!eng_effect_fact(effect, kinds, at, &told))
        return false;
    eng_assert(told.fact < model->fact_count);
    const struct eng_fact *fact = &model->facts[told.fact];
    ret_fact->name = fact->name;
    ret_fact->text = told.text;
    if (fact->kind == ENG_FACT_FLAG)
        ret_fact->text = eng_slice_of(told.option > 0 ? "true" : "false");
    else if (fact->kind == ENG_FACT_CHOICE)
        ret_fact->text = fact->options[told.option - 1];
    else if (fact->kind == ENG_FACT_NUMBER)
        ret_fact->text =
            (struct eng_slice){ret_fact->digits, write_number(told.value_e4, ret_fact->digits,
                                                              sizeof ret_fact->digits)};
    return true;
}

const char *eng_encode_kind_name(const struct eng_alert *alert)
{
    static const char *const names[ENG_ALERT_KINDS] = {
        [ENG_FALLS_TO] = "falls_to", [ENG_DROP] = "drop",   [ENG_SILENCE] = "silence",
        [ENG_RISES_TO] = "rises_to", [ENG_BELOW] = "below", [ENG_ABOVE] = "above",
        [ENG_DEADLINE] = "deadline", [ENG_NEAR] = "near"};
    eng_assert(alert->kind < ENG_ALERT_KINDS);
    return names[alert->kind];
}

const char *eng_encode_fall_name(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_alert *alert = eng_encode_alert(model, effect);
    eng_assert(effect->will_drop_at_ms > 0);
    eng_assert(alert->forecast > 0 && alert->score < model->score_count);
    return eng_encode_band_name(&model->scores[alert->score], effect->will_drop_to);
}

const char *eng_encode_band_name(const struct eng_score *score, unsigned band)
{
    eng_assert(band < score->band_count);
    return score->bands[band].name;
}
