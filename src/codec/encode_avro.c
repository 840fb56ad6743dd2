/* Effects and partner actions as Avro bodies: the fields of schemas/ in their order. See encode.h.
 *
 * Points are kept in 1/10,000; the double written is the one nearest to the decimal number. Enums
 * are written by their place in the schema, which is the order of the C enum (a test compares). */
#include "codec/flag.h"
#include "codec/names.h"
#include "codec/result.h"

#include "base/assert.h"
#include "engine/group.h"

/* The branches of ["null", X]. */
enum { BRANCH_NULL = 0, BRANCH_VALUE = 1 };

static void put_string(struct eng_writer *writer, const char *text)
{
    eng_put_avro_bytes(writer, text, strlen(text));
}

static void put_slice(struct eng_writer *writer, struct eng_slice text)
{
    eng_put_avro_bytes(writer, text.data, text.length);
}

static void put_points(struct eng_writer *writer, int64_t points_e4)
{
    eng_put_avro_double(writer, (double)points_e4 / 10000);
}

static void put_null(struct eng_writer *writer)
{
    eng_put_avro_long(writer, BRANCH_NULL);
}

/* The length of a text that has been written from `begin` on goes in front of it. */
static void put_length_before(struct eng_writer *writer, size_t begin)
{
    struct eng_bytes *out = writer->out;
    if (writer->status != ENG_OK)
        return;
    uint8_t prefix[10];
    size_t length = out->used - begin;
    struct eng_bytes small = {prefix, 0, sizeof prefix};
    struct eng_writer prefix_writer = eng_writer_begin(&small);
    eng_put_avro_long(&prefix_writer, (int64_t)length);
    eng_put(writer, prefix, small.used);
    if (writer->status != ENG_OK)
        return;
    memmove(out->data + begin + small.used, out->data + begin, length);
    memcpy(out->data + begin, prefix, small.used);
}

/* The field with which all kinds begin. */
static void put_id(struct eng_writer *writer, const struct eng_encode_context *context,
                   const struct eng_effect *effect)
{
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_id(context, effect, writer->out);
    put_length_before(writer, begin);
}

static void put_head(struct eng_writer *writer, const struct eng_encode_context *context,
                     const struct eng_effect *effect)
{
    put_id(writer, context, effect);
    put_string(writer, context->model->program);
    put_slice(writer, eng_effect_partner(effect));
    put_string(writer, eng_encode_subject_name(context->model, effect));
}

/* One of the array: a name and two doubles, with room for all three at once. */
static void put_contribution(struct eng_writer *writer, const char *name,
                             const struct eng_contribution *one)
{
    size_t length = strlen(name);
    uint8_t *begin = eng_put_room(writer, ENG_AVRO_LONG_BYTES + length + 2 * sizeof(double));
    if (begin == NULL)
        return;
    uint8_t *p = eng_avro_long(begin, (int64_t)length);
    memcpy(p, name, length);
    p = eng_avro_double(p + length, (double)one->value_e4 / 10000);
    p = eng_avro_double(p, (double)one->delta_e4 / 10000);
    writer->out->used += (size_t)(p - begin);
}

/* An array in one block, closed by an empty one. */
static void put_contributions(struct eng_writer *writer, const struct eng_score *score,
                              const struct eng_effect *effect)
{
    const struct eng_contribution *list = eng_effect_contributions(effect);
    eng_assert(effect->contribution_count == score->dimension_count);
    eng_put_avro_long(writer, effect->contribution_count);
    for (unsigned i = 0; i < effect->contribution_count; i++)
        put_contribution(writer, score->dimensions[i].name, &list[i]);
    if (effect->contribution_count > 0)
        eng_put_avro_long(writer, 0);
}

static void put_optional_string(struct eng_writer *writer, bool present, const char *text)
{
    eng_put_avro_long(writer, present ? BRANCH_VALUE : BRANCH_NULL);
    if (present)
        put_string(writer, text);
}

/* What facts say: a map, or null where nothing is told. */
static void put_facts(struct eng_writer *writer, const struct eng_encode_context *context,
                      const struct eng_effect *effect)
{
    struct eng_encode_fact fact;
    uint32_t at = 0, count = 0;
    eng_put_avro_long(writer, effect->facts_bytes > 0 ? BRANCH_VALUE : BRANCH_NULL);
    if (effect->facts_bytes == 0)
        return;
    while (eng_encode_fact_next(context->model, effect, &at, &fact))
        count++;
    eng_put_avro_long(writer, count);
    at = 0;
    while (eng_encode_fact_next(context->model, effect, &at, &fact)) {
        put_string(writer, fact.name);
        put_slice(writer, fact.text);
    }
    eng_put_avro_long(writer, 0);
}

static void put_optional_points(struct eng_writer *writer, bool present, int64_t points_e4)
{
    eng_put_avro_long(writer, present ? BRANCH_VALUE : BRANCH_NULL);
    if (present)
        put_points(writer, points_e4);
}

/* What is suggested: a record, or null where nothing is. */
static void put_nudge(struct eng_writer *writer, const struct eng_nudge_of *nudge)
{
    eng_put_avro_long(writer, nudge->count > 0 ? BRANCH_VALUE : BRANCH_NULL);
    if (nudge->count == 0)
        return;
    put_string(writer, nudge->dimension);
    put_string(writer, nudge->action);
    eng_put_avro_long(writer, nudge->count);
    put_points(writer, nudge->gain_e4);
    put_optional_string(writer, nudge->to != NULL, nudge->to);
    put_optional_points(writer, nudge->each_e4 > 0, nudge->each_e4);
}

static void put_trend(struct eng_writer *writer, enum eng_trend trend)
{
    const char *name = eng_encode_trend_name(trend);
    put_optional_string(writer, name != NULL, name);
}

static void put_score_change(struct eng_writer *writer, const struct eng_encode_context *context,
                             const struct eng_effect *effect)
{
    const struct eng_score *score = eng_encode_score(context->model, effect);
    put_head(writer, context, effect);
    eng_put_avro_long(writer, context->model->version);
    put_points(writer, effect->value_e4);
    put_points(writer, effect->previous_value_e4);
    put_string(writer, eng_encode_band_name(score, effect->band));
    put_string(writer, eng_encode_band_name(score, effect->previous_band));
    eng_put_avro_long(writer, effect->direction);
    eng_put_avro_long(writer, effect->cause);
    eng_put_avro_long(writer, effect->at_ms);
    eng_put_byte(writer, effect->provisional != 0);
    put_contributions(writer, score, effect);
    put_optional_string(writer, score->description != NULL, score->description);
    put_optional_string(writer, effect->fact > 0, eng_encode_fact_name(context->model, effect));
    put_facts(writer, context, effect);
    struct eng_nudge_of nudge = eng_encode_nudge(context->model, effect);
    put_nudge(writer, &nudge);
    put_trend(writer, eng_encode_trend(context->model, effect));
}

static void put_optional_long(struct eng_writer *writer, bool present, int64_t number)
{
    eng_put_avro_long(writer, present ? BRANCH_VALUE : BRANCH_NULL);
    if (present)
        eng_put_avro_long(writer, number);
}

/* The fields that only a silence has. */
static void put_silence(struct eng_writer *writer, const struct eng_effect *effect, bool silence)
{
    bool opened = silence && effect->status == ENG_OPENED;
    put_optional_long(writer, silence, effect->last_action_at_ms);
    put_optional_long(writer, opened, effect->silent_for_ms);
    put_optional_long(writer, opened, effect->usual_gap_ms);
    eng_put_avro_long(writer, opened ? BRANCH_VALUE : BRANCH_NULL);
    if (opened)
        eng_put_avro_double(writer, (double)effect->risk_e3 / 1000);
}

static void put_churn_drop(struct eng_writer *writer, const struct eng_encode_context *context,
                           const struct eng_effect *effect)
{
    const struct eng_alert *alert = eng_encode_alert(context->model, effect);
    enum eng_alert_kind kind = alert->kind;
    bool scored = eng_alert_is_scored(alert), opened = effect->status == ENG_OPENED;
    bool banded = kind == ENG_FALLS_TO || kind == ENG_RISES_TO || kind == ENG_NEAR;
    const struct eng_score *score = scored ? eng_encode_score(context->model, effect) : NULL;
    put_head(writer, context, effect);
    eng_put_avro_long(writer, effect->status);
    eng_put_avro_long(writer, effect->at_ms);
    put_optional_string(writer, scored, scored ? score->name : NULL);
    put_optional_points(writer, scored, effect->value_e4);
    put_optional_string(writer, banded, banded ? eng_encode_band_name(score, effect->band) : NULL);
    put_optional_points(writer, kind == ENG_DROP, effect->baseline_e4);
    put_optional_points(writer, kind == ENG_DROP && opened, effect->baseline_e4 - effect->value_e4);
    put_silence(writer, effect, kind == ENG_SILENCE);
    eng_put_avro_long(writer, scored ? BRANCH_VALUE : BRANCH_NULL);
    if (scored)
        put_contributions(writer, score, effect);
    put_optional_string(writer, true, eng_encode_kind_name(alert));
    put_optional_points(writer, eng_encode_has_threshold(alert),
                        eng_encode_threshold_e4(context->model, alert));
    put_optional_string(writer, alert->description != NULL, alert->description);
    put_optional_long(writer, kind == ENG_DEADLINE, effect->anchor_at_ms);
    put_optional_long(writer, kind == ENG_DEADLINE, effect->due_at_ms);
    bool falls = effect->will_drop_at_ms > 0;
    put_optional_long(writer, falls, effect->will_drop_at_ms);
    put_optional_string(writer, falls, falls ? eng_encode_fall_name(context->model, effect) : NULL);
    put_optional_string(writer, effect->fact > 0, eng_encode_fact_name(context->model, effect));
    put_facts(writer, context, effect);
    struct eng_nudge_of nudge = eng_encode_nudge(context->model, effect);
    put_nudge(writer, &nudge);
    put_optional_string(writer, kind == ENG_NEAR, eng_encode_near_name(context->model, alert));
    eng_put_avro_long(writer, effect->held_out ? BRANCH_VALUE : BRANCH_NULL);
    if (effect->held_out)
        eng_put_byte(writer, true);
    put_trend(writer, eng_encode_trend(context->model, effect));
}

static void put_source_silence(struct eng_writer *writer, const struct eng_encode_context *context,
                               const struct eng_effect *effect)
{
    const struct eng_guard *guard = eng_encode_guard(context->model, effect);
    bool ended = effect->status == ENG_RESOLVED;
    put_id(writer, context, effect);
    put_string(writer, context->model->program);
    put_string(writer, guard->name);
    eng_put_avro_long(writer, effect->status);
    eng_put_avro_long(writer, effect->at_ms);
    eng_put_avro_long(writer, effect->value_e4 / 10000);
    put_optional_points(writer, effect->previous_value_e4 >= 0, effect->previous_value_e4);
    put_optional_long(writer, ended, effect->last_action_at_ms);
    put_optional_long(writer, ended, effect->baseline_e4 / 10000);
    put_optional_string(writer, guard->description != NULL, guard->description);
}

static void put_award_booking(struct eng_writer *writer, const struct eng_encode_context *context,
                              const struct eng_effect *effect)
{
    const struct eng_award *award = eng_encode_award(context->model, effect);
    put_head(writer, context, effect);
    put_string(writer, eng_encode_ledger(context->model, effect)->name);
    eng_put_avro_long(writer, context->model->version);
    put_string(writer, eng_encode_status_name(effect));
    put_points(writer, effect->amount_e4);
    put_points(writer, effect->cut_e4);
    put_points(writer, effect->balance_e4);
    eng_put_avro_long(writer, effect->at_ms);
    eng_put_avro_long(writer, effect->occurred_at_ms);
    put_optional_string(writer, award->description != NULL, award->description);
}

static void put_optional_slice(struct eng_writer *writer, struct eng_slice text)
{
    eng_put_avro_long(writer, text.data != NULL ? BRANCH_VALUE : BRANCH_NULL);
    if (text.data != NULL)
        put_slice(writer, text);
}

static void put_flag(struct eng_writer *writer, const struct eng_flag *flag)
{
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_flag_id(flag, writer->out);
    put_length_before(writer, begin);
    put_slice(writer, flag->program);
    put_slice(writer, flag->partner);
    put_slice(writer, flag->check);
    put_string(writer, flag->kind);
    eng_put_avro_long(writer, flag->model_version);
    put_string(writer, flag->then);
    put_slice(writer, flag->action);
    put_optional_slice(writer, flag->event_id);
    eng_put_avro_long(writer, flag->at_ms);
    eng_put_avro_long(writer, flag->occurred_ms);
    put_optional_slice(writer, flag->text);
    put_optional_points(writer, flag->value_e4 != ENG_VALUE_NONE, flag->value_e4);
    put_optional_points(writer, flag->limit_e4 != ENG_VALUE_NONE, flag->limit_e4);
    put_optional_slice(writer, flag->description);
    put_optional_slice(writer, flag->other);
    put_optional_long(writer, flag->other.data != NULL, flag->other_ms);
    put_optional_string(writer, flag->reason != NULL, flag->reason);
    put_optional_long(writer, flag->held_until_ms > 0, flag->held_until_ms);
}

enum eng_status eng_encode_flag_avro(const struct eng_flag *flag, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_flag(&writer, flag);
    return eng_writer_end(&writer);
}

static void put_abuse_flag(struct eng_writer *writer, const struct eng_encode_context *context,
                           const struct eng_effect *effect)
{
    struct eng_flag flag;
    eng_flag_of(context, effect, &flag);
    put_flag(writer, &flag);
}

static void put_cell_change(struct eng_writer *writer, const struct eng_encode_context *context,
                            const struct eng_effect *effect)
{
    const struct eng_matrix *matrix = eng_encode_matrix(context->model, effect);
    const struct eng_score *rows = &context->model->scores[matrix->rows];
    const struct eng_score *columns = &context->model->scores[matrix->columns];
    put_head(writer, context, effect);
    eng_put_avro_long(writer, context->model->version);
    put_string(writer, eng_encode_cell_name(matrix, effect->band, effect->column));
    put_string(writer,
               eng_encode_cell_name(matrix, effect->previous_band, effect->previous_column));
    eng_put_avro_long(writer, effect->cause);
    eng_put_avro_long(writer, effect->at_ms);
    eng_put_byte(writer, effect->provisional != 0);
    put_string(writer, rows->name);
    put_points(writer, effect->value_e4);
    put_string(writer, eng_encode_band_name(rows, effect->band));
    put_string(writer, eng_encode_band_name(rows, effect->previous_band));
    put_string(writer, columns->name);
    put_points(writer, effect->column_value_e4);
    put_string(writer, eng_encode_band_name(columns, effect->column));
    put_string(writer, eng_encode_band_name(columns, effect->previous_column));
    put_optional_string(writer, matrix->description != NULL, matrix->description);
    put_facts(writer, context, effect);
}

static void put_share(struct eng_writer *writer, const struct eng_section_of_report *section,
                      unsigned index)
{
    const struct eng_contribution *pair = &section->pairs[(size_t)2 * index];
    put_string(writer, section->score->dimensions[index].name);
    put_points(writer, pair[0].value_e4);
    put_optional_points(writer, section->follows, pair[0].delta_e4);
    put_optional_points(writer, pair[1].delta_e4 == 0, pair[1].value_e4);
}

static void put_section(struct eng_writer *writer, const struct eng_section_of_report *section)
{
    const struct eng_score *score = section->score;
    put_string(writer, score->name);
    put_points(writer, section->value_e4);
    put_optional_points(writer, section->follows, section->previous_value_e4);
    put_string(writer, eng_encode_band_name(score, section->band));
    put_optional_string(writer, section->follows,
                        section->follows ? eng_encode_band_name(score, section->previous_band)
                                         : NULL);
    eng_put_byte(writer, section->provisional);
    eng_put_avro_long(writer, score->dimension_count);
    for (unsigned i = 0; i < score->dimension_count; i++)
        put_share(writer, section, i);
    eng_put_avro_long(writer, 0);
    struct eng_nudge_of nudge = eng_encode_section_nudge(section);
    put_nudge(writer, &nudge);
    put_trend(writer, eng_encode_section_trend(section));
}

static void put_report(struct eng_writer *writer, const struct eng_encode_context *context,
                       const struct eng_effect *effect)
{
    const struct eng_report *report = eng_encode_report(context->model, effect);
    const struct eng_contribution *at = eng_effect_contributions(effect);
    put_head(writer, context, effect);
    eng_put_avro_long(writer, context->model->version);
    eng_put_avro_long(writer, effect->at_ms);
    eng_put_avro_long(writer, report->score_count);
    for (uint32_t i = 0; i < report->score_count; i++) {
        struct eng_section_of_report section;
        at = eng_encode_section(context->model, report, i, at, &section);
        put_section(writer, &section);
    }
    eng_put_avro_long(writer, 0);
    put_optional_string(writer, report->description != NULL, report->description);
    put_facts(writer, context, effect);
}

static void put_figures(struct eng_writer *writer, const struct eng_group_result *result)
{
    int64_t values[ENG_FIGURES_MAX], count = 0;
    bool there[ENG_FIGURES_MAX];
    eng_assert(result->figure_count <= ENG_FIGURES_MAX);
    for (unsigned i = 0; i < result->figure_count; i++) {
        const struct eng_figure_sums *figure = &result->figures[i];
        there[i] = eng_figure_value(figure->kind, figure->sums, &values[i]);
        count += there[i];
    }
    if (count > 0)
        eng_put_avro_long(writer, count);
    for (unsigned i = 0; i < result->figure_count; i++) {
        if (!there[i])
            continue;
        put_slice(writer, result->figures[i].name);
        put_points(writer, values[i]);
    }
    eng_put_avro_long(writer, 0);
}

/* What results and boards begin with. */
static void put_result_head(struct eng_writer *writer, const struct eng_group_result *result)
{
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_result_id(result, writer->out);
    put_length_before(writer, begin);
    put_slice(writer, result->program);
    put_slice(writer, result->group);
    eng_put_avro_long(writer, result->model_version);
    eng_put_avro_long(writer, result->at_ms);
}

/* Whom they are of. */
static void put_segment(struct eng_writer *writer, const struct eng_group_result *result)
{
    put_optional_slice(writer, result->by);
    put_optional_slice(writer, result->segment);
    eng_put_avro_long(writer, result->partitions);
    eng_put_avro_long(writer, result->partners);
}

static void put_result(struct eng_writer *writer, const struct eng_group_result *result)
{
    put_result_head(writer, result);
    put_segment(writer, result);
    put_figures(writer, result);
    put_optional_slice(writer, result->description);
}

enum eng_status eng_encode_result_avro(const struct eng_group_result *result, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_result(&writer, result);
    return eng_writer_end(&writer);
}

static void put_group(struct eng_writer *writer, const struct eng_encode_context *context,
                      const struct eng_effect *effect)
{
    struct eng_group_result result;
    eng_result_of(context->model, effect, &result);
    put_result(writer, &result);
}

static void put_places(struct eng_writer *writer, const struct eng_places *board)
{
    if (board->count > 0)
        eng_put_avro_long(writer, board->count);
    for (uint32_t i = 0; i < board->count; i++) {
        const struct eng_place *place = &board->place[i];
        eng_put_avro_long(writer, place->rank);
        put_slice(writer, place->partner);
        put_points(writer, place->value_e4);
        put_optional_long(writer, place->previous_rank > 0, place->previous_rank);
        put_optional_points(writer, place->previous_rank > 0, place->previous_e4);
    }
    eng_put_avro_long(writer, 0);
}

static void put_left(struct eng_writer *writer, const struct eng_places *left)
{
    if (left->count > 0)
        eng_put_avro_long(writer, left->count);
    for (uint32_t i = 0; i < left->count; i++) {
        put_slice(writer, left->place[i].partner);
        eng_put_avro_long(writer, left->place[i].previous_rank);
        put_points(writer, left->place[i].previous_e4);
    }
    eng_put_avro_long(writer, 0);
}

static void put_board_result(struct eng_writer *writer, const struct eng_board_result *board)
{
    put_result_head(writer, board->result);
    put_optional_long(writer, board->previous_ms >= 0, board->previous_ms);
    put_segment(writer, board->result);
    put_places(writer, &board->now);
    put_left(writer, &board->left);
    put_optional_slice(writer, board->result->description);
}

enum eng_status eng_encode_board_avro(const struct eng_board_result *board, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_board_result(&writer, board);
    return eng_writer_end(&writer);
}

/* What one partition says of it, which is a board too. */
static void put_board(struct eng_writer *writer, const struct eng_encode_context *context,
                      const struct eng_effect *effect)
{
    struct eng_group_result result;
    struct eng_board_result board;
    eng_board_of(context->model, effect, &result, &board);
    put_board_result(writer, &board);
}

static void put_left_out(struct eng_writer *writer, const struct eng_model *model,
                         const struct eng_effect *effect)
{
    struct eng_slice rest = eng_effect_entries(effect);
    struct eng_left_out left;
    uint32_t count = 0;
    while (eng_left_out_take(&rest, &left))
        count++;
    if (count > 0)
        eng_put_avro_long(writer, count);
    rest = eng_effect_entries(effect);
    while (eng_left_out_take(&rest, &left)) {
        put_slice(writer, left.partner);
        put_string(writer, model->alerts[left.alert].name);
        put_optional_points(writer, !left.missing, left.value_e4);
    }
    eng_put_avro_long(writer, 0);
}

static void put_digest(struct eng_writer *writer, const struct eng_encode_context *context,
                       const struct eng_effect *effect)
{
    const struct eng_budget *budget = eng_encode_budget(context->model, effect);
    put_id(writer, context, effect);
    put_string(writer, context->model->program);
    put_string(writer, budget->name);
    eng_put_avro_long(writer, context->model->version);
    eng_put_avro_long(writer, effect->at_ms);
    put_optional_string(writer, budget->is_split, budget->split.name);
    eng_put_avro_long(writer, budget->is_split && effect->segment > 0 ? BRANCH_VALUE : BRANCH_NULL);
    if (budget->is_split && effect->segment > 0)
        put_slice(writer, eng_encode_segment(context->model, effect));
    eng_put_avro_long(writer, effect->value_e4);
    eng_put_avro_long(writer, effect->baseline_e4);
    put_left_out(writer, context->model, effect);
    put_optional_string(writer, budget->description != NULL, budget->description);
}

/* The fields of each kind. */
static void (*const bodies[ENG_EFFECT_KINDS])(struct eng_writer *writer,
                                              const struct eng_encode_context *context,
                                              const struct eng_effect *effect) = {
    [ENG_EFFECT_SCORE_CHANGE] = put_score_change,
    [ENG_EFFECT_CHURN_DROP] = put_churn_drop,
    [ENG_EFFECT_CELL_CHANGE] = put_cell_change,
    [ENG_EFFECT_REPORT] = put_report,
    [ENG_EFFECT_AWARD_BOOKING] = put_award_booking,
    [ENG_EFFECT_GROUP] = put_group,
    [ENG_EFFECT_BOARD] = put_board,
    [ENG_EFFECT_SOURCE_SILENCE] = put_source_silence,
    [ENG_EFFECT_ABUSE_FLAG] = put_abuse_flag,
    [ENG_EFFECT_DIGEST] = put_digest,
};

enum eng_status eng_encode_avro(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    eng_assert(effect->kind < ENG_EFFECT_KINDS);
    bodies[effect->kind](&writer, context, effect);
    return eng_writer_end(&writer);
}

/* It is the first field of all kinds: a string, which is its length and its bytes. */
struct eng_slice eng_encode_avro_id(const uint8_t *body)
{
    uint64_t coded = 0, byte = 0x80;
    for (unsigned shift = 0; byte >= 0x80; shift += 7) {
        byte = *body++;
        coded |= (byte & 0x7F) << shift;
    }
    return (struct eng_slice){(const char *)body, (uint32_t)(coded >> 1)};
}

enum eng_status eng_encode_action_avro(const struct eng_action_record *action,
                                       struct eng_bytes *out)
{
    const struct eng_event *event = action->event;
    struct eng_writer writer = eng_writer_begin(out);
    put_slice(&writer, event->id);
    put_slice(&writer, event->partner);
    put_slice(&writer, event->action);
    eng_put_avro_long(&writer, event->time_ms);
    eng_put_avro_long(&writer, event->member.data != NULL ? BRANCH_VALUE : BRANCH_NULL);
    if (event->member.data != NULL)
        put_slice(&writer, event->member);
    if (event->value_e4 == ENG_VALUE_NONE)
        put_null(&writer);
    else
        put_optional_points(&writer, true, event->value_e4);
    if (action->attribute_count > 0)
        eng_put_avro_long(&writer, action->attribute_count);
    for (uint32_t i = 0; i < action->attribute_count; i++) {
        put_slice(&writer, action->attributes[i].name);
        put_slice(&writer, action->attributes[i].value);
    }
    eng_put_avro_long(&writer, 0);
    return eng_writer_end(&writer);
}
