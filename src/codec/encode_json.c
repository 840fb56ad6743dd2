/* Effects, summaries, views and partner actions as JSON. See encode.h.
 *
 * Keys are those of the Avro schemas; what does not apply is left out. Numbers are written from
 * their exact integers. */
#include "codec/flag.h"
#include "codec/names.h"
#include "codec/result.h"

#include "base/assert.h"
#include "engine/group.h"

/* Writes `,"key":` (without the comma behind an opening bracket). Keys are plain words of ours. */
static void put_key(struct eng_writer *writer, const char *key)
{
    const struct eng_bytes *out = writer->out;
    if (writer->status != ENG_OK)
        return;
    uint8_t last = out->used > writer->begin ? out->data[out->used - 1] : '{';
    if (last != '{' && last != '[')
        eng_put_byte(writer, ',');
    eng_put_byte(writer, '"');
    eng_put_text(writer, key);
    eng_put(writer, "\":", 2);
}

static void put_slice(struct eng_writer *writer, const char *key, struct eng_slice text)
{
    put_key(writer, key);
    eng_put_json_string(writer, text);
}

static void put_string(struct eng_writer *writer, const char *key, const char *text)
{
    put_slice(writer, key, eng_slice_of(text));
}

static void put_integer(struct eng_writer *writer, const char *key, int64_t number)
{
    put_key(writer, key);
    eng_put_decimal(writer, number);
}

static void put_count(struct eng_writer *writer, const char *key, uint64_t number)
{
    put_key(writer, key);
    eng_put_unsigned(writer, number);
}

static void put_points(struct eng_writer *writer, const char *key, int64_t points_e4)
{
    put_key(writer, key);
    eng_put_e4(writer, points_e4);
}

static void put_boolean(struct eng_writer *writer, const char *key, bool value)
{
    put_key(writer, key);
    eng_put_text(writer, value ? "true" : "false");
}

/* An opening bracket, as a member of an array when `key` is NULL. */
static void open_bracket(struct eng_writer *writer, const char *key, char bracket)
{
    const struct eng_bytes *out = writer->out;
    if (key != NULL)
        put_key(writer, key);
    else if (writer->status == ENG_OK && out->used > writer->begin &&
             out->data[out->used - 1] != '[')
        eng_put_byte(writer, ',');
    eng_put_byte(writer, (uint8_t)bracket);
}

/* Writes the effect's id. It is made behind the opening quote and needs the escapes of a string
 * only for a quote or a backslash, so it is made in the buffer, copied behind itself with escapes,
 * and moved down. */
/* Puts what has been written from `begin` on in quotes, as a JSON string. */
static void quote_from(struct eng_writer *writer, size_t begin)
{
    struct eng_bytes *out = writer->out;
    size_t length = out->used - begin;
    if (writer->status == ENG_OK) /* so that the text does not move while it is copied */
        writer->status = eng_bytes_reserve(out, 2 * length + 2);
    if (writer->status != ENG_OK)
        return;
    eng_put_json_string(writer,
                        (struct eng_slice){(const char *)out->data + begin, (uint32_t)length});
    memmove(out->data + begin, out->data + begin + length, out->used - begin - length);
    out->used -= length;
}

static void put_id(struct eng_writer *writer, const struct eng_encode_context *context,
                   const struct eng_effect *effect)
{
    put_key(writer, "id");
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_id(context, effect, writer->out);
    quote_from(writer, begin);
}

/* What each object begins with, of whomever it is. */
static void put_common(struct eng_writer *writer, const struct eng_encode_context *context,
                       const struct eng_effect *effect, const char *type)
{
    eng_put_byte(writer, '{');
    put_string(writer, "type", type);
    put_id(writer, context, effect);
    put_string(writer, "program", context->model->program);
}

static void put_head(struct eng_writer *writer, const struct eng_encode_context *context,
                     const struct eng_effect *effect, const char *type)
{
    put_common(writer, context, effect, type);
    put_slice(writer, "partner_id", eng_effect_partner(effect));
}

static void put_contributions(struct eng_writer *writer, const struct eng_score *score,
                              const struct eng_effect *effect)
{
    const struct eng_contribution *list = eng_effect_contributions(effect);
    eng_assert(effect->contribution_count == score->dimension_count);
    open_bracket(writer, "contributions", '[');
    for (unsigned i = 0; i < effect->contribution_count; i++) {
        open_bracket(writer, NULL, '{');
        put_string(writer, "dimension", score->dimensions[i].name);
        put_points(writer, "value", list[i].value_e4);
        put_points(writer, "delta", list[i].delta_e4);
        eng_put_byte(writer, '}');
    }
    eng_put_byte(writer, ']');
}

/* The fact that has changed, where there is one, and what those say that are told. */
static void put_fact(struct eng_writer *writer, const struct eng_encode_context *context,
                     const struct eng_effect *effect)
{
    struct eng_encode_fact fact;
    uint32_t at = 0;
    if (effect->fact > 0)
        put_string(writer, "fact", eng_encode_fact_name(context->model, effect));
    if (effect->facts_bytes == 0)
        return;
    open_bracket(writer, "facts", '{');
    while (eng_encode_fact_next(context->model, effect, &at, &fact))
        put_slice(writer, fact.name, fact.text);
    eng_put_byte(writer, '}');
}

/* What is suggested, where something is. */
static void put_nudge(struct eng_writer *writer, const struct eng_nudge_of *nudge)
{
    if (nudge->count == 0)
        return;
    open_bracket(writer, "nudge", '{');
    put_string(writer, "dimension", nudge->dimension);
    put_string(writer, "action", nudge->action);
    put_count(writer, "count", nudge->count);
    if (nudge->each_e4 > 0)
        put_points(writer, "each", nudge->each_e4);
    put_points(writer, "gain", nudge->gain_e4);
    if (nudge->to != NULL)
        put_string(writer, "to", nudge->to);
    eng_put_byte(writer, '}');
}

/* Where there is one. */
static void put_trend(struct eng_writer *writer, enum eng_trend trend)
{
    const char *name = eng_encode_trend_name(trend);
    if (name != NULL)
        put_string(writer, "trend", name);
}

static void put_score_change(struct eng_writer *writer, const struct eng_encode_context *context,
                             const struct eng_effect *effect)
{
    const struct eng_score *score = eng_encode_score(context->model, effect);
    put_head(writer, context, effect, "score_change");
    put_string(writer, "score", score->name);
    put_integer(writer, "model_version", context->model->version);
    put_points(writer, "value", effect->value_e4);
    put_points(writer, "previous_value", effect->previous_value_e4);
    put_string(writer, "band", eng_encode_band_name(score, effect->band));
    put_string(writer, "previous_band", eng_encode_band_name(score, effect->previous_band));
    put_string(writer, "direction", eng_encode_direction_name(effect));
    put_string(writer, "cause", eng_encode_cause_name(effect));
    put_integer(writer, "at", effect->at_ms);
    put_boolean(writer, "provisional", effect->provisional != 0);
    put_contributions(writer, score, effect);
    if (score->description != NULL)
        put_string(writer, "description", score->description);
    put_fact(writer, context, effect);
    struct eng_nudge_of nudge = eng_encode_nudge(context->model, effect);
    put_nudge(writer, &nudge);
    put_trend(writer, eng_encode_trend(context->model, effect));
}

/* What a rule on a score adds. */
static void put_scored_drop(struct eng_writer *writer, const struct eng_encode_context *context,
                            const struct eng_effect *effect, enum eng_alert_kind kind)
{
    const struct eng_score *score = eng_encode_score(context->model, effect);
    put_string(writer, "score", score->name);
    put_points(writer, "value", effect->value_e4);
    if (kind == ENG_FALLS_TO || kind == ENG_RISES_TO || kind == ENG_NEAR)
        put_string(writer, "band", eng_encode_band_name(score, effect->band));
    if (kind == ENG_DROP)
        put_points(writer, "baseline", effect->baseline_e4);
    if (kind == ENG_DROP && effect->status == ENG_OPENED)
        put_points(writer, "drop", effect->baseline_e4 - effect->value_e4);
    put_contributions(writer, score, effect);
}

/* What a silence rule adds. */
static void put_silence(struct eng_writer *writer, const struct eng_effect *effect)
{
    put_integer(writer, "last_action_at", effect->last_action_at_ms);
    if (effect->status != ENG_OPENED)
        return;
    put_integer(writer, "silent_for_ms", effect->silent_for_ms);
    put_integer(writer, "usual_gap_ms", effect->usual_gap_ms);
    put_points(writer, "risk", (int64_t)effect->risk_e3 * 10);
}

static void put_churn_drop(struct eng_writer *writer, const struct eng_encode_context *context,
                           const struct eng_effect *effect)
{
    const struct eng_alert *alert = eng_encode_alert(context->model, effect);
    put_head(writer, context, effect, "churn_drop");
    put_string(writer, "rule", alert->name);
    put_string(writer, "status", eng_encode_status_name(effect));
    put_integer(writer, "at", effect->at_ms);
    if (alert->kind == ENG_SILENCE)
        put_silence(writer, effect);
    else if (eng_alert_is_scored(alert))
        put_scored_drop(writer, context, effect, alert->kind);
    put_string(writer, "kind", eng_encode_kind_name(alert));
    if (eng_encode_has_threshold(alert))
        put_points(writer, "threshold", eng_encode_threshold_e4(context->model, alert));
    if (alert->description != NULL)
        put_string(writer, "description", alert->description);
    put_fact(writer, context, effect);
    if (alert->kind == ENG_DEADLINE) {
        put_integer(writer, "anchor_at", effect->anchor_at_ms);
        put_integer(writer, "due_at", effect->due_at_ms);
    }
    if (effect->will_drop_at_ms > 0) {
        put_integer(writer, "will_drop_at", effect->will_drop_at_ms);
        put_string(writer, "will_drop_to", eng_encode_fall_name(context->model, effect));
    }
    struct eng_nudge_of nudge = eng_encode_nudge(context->model, effect);
    put_nudge(writer, &nudge);
    if (alert->kind == ENG_NEAR)
        put_string(writer, "near", eng_encode_near_name(context->model, alert));
    if (effect->held_out)
        put_boolean(writer, "held_out", true);
    put_trend(writer, eng_encode_trend(context->model, effect));
}

static void put_source_silence(struct eng_writer *writer, const struct eng_encode_context *context,
                               const struct eng_effect *effect)
{
    const struct eng_guard *guard = eng_encode_guard(context->model, effect);
    put_common(writer, context, effect, "source_silence");
    put_string(writer, "guard", guard->name);
    put_string(writer, "status", eng_encode_status_name(effect));
    put_integer(writer, "at", effect->at_ms);
    put_integer(writer, "count", effect->value_e4 / 10000);
    if (effect->previous_value_e4 >= 0)
        put_points(writer, "usual", effect->previous_value_e4);
    if (effect->status == ENG_RESOLVED) {
        put_integer(writer, "since", effect->last_action_at_ms);
        put_integer(writer, "held", effect->baseline_e4 / 10000);
    }
    if (guard->description != NULL)
        put_string(writer, "description", guard->description);
}

static void put_award_booking(struct eng_writer *writer, const struct eng_encode_context *context,
                              const struct eng_effect *effect)
{
    const struct eng_award *award = eng_encode_award(context->model, effect);
    put_head(writer, context, effect, "award_booking");
    put_string(writer, "award", award->name);
    put_string(writer, "ledger", eng_encode_ledger(context->model, effect)->name);
    put_integer(writer, "model_version", context->model->version);
    put_string(writer, "status", eng_encode_status_name(effect));
    put_points(writer, "amount", effect->amount_e4);
    put_points(writer, "cut", effect->cut_e4);
    put_points(writer, "balance", effect->balance_e4);
    put_integer(writer, "at", effect->at_ms);
    put_integer(writer, "occurred_at", effect->occurred_at_ms);
    if (award->description != NULL)
        put_string(writer, "description", award->description);
}

static void put_flag(struct eng_writer *writer, const struct eng_flag *flag)
{
    eng_put_byte(writer, '{');
    put_string(writer, "type", "abuse_flag");
    put_key(writer, "id");
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_flag_id(flag, writer->out);
    quote_from(writer, begin);
    put_slice(writer, "program", flag->program);
    put_slice(writer, "partner_id", flag->partner);
    put_slice(writer, "check", flag->check);
    put_string(writer, "kind", flag->kind);
    put_integer(writer, "model_version", flag->model_version);
    put_string(writer, "then", flag->then);
    put_slice(writer, "action", flag->action);
    if (flag->event_id.data != NULL)
        put_slice(writer, "event_id", flag->event_id);
    put_integer(writer, "at", flag->at_ms);
    put_integer(writer, "occurred_at", flag->occurred_ms);
    if (flag->text.data != NULL)
        put_slice(writer, "text", flag->text);
    if (flag->value_e4 != ENG_VALUE_NONE)
        put_points(writer, "value", flag->value_e4);
    if (flag->limit_e4 != ENG_VALUE_NONE)
        put_points(writer, "limit", flag->limit_e4);
    if (flag->description.data != NULL)
        put_slice(writer, "description", flag->description);
    if (flag->other.data != NULL) {
        put_slice(writer, "other_partner_id", flag->other);
        put_integer(writer, "other_occurred_at", flag->other_ms);
    }
    if (flag->reason != NULL)
        put_string(writer, "reason", flag->reason);
    if (flag->held_until_ms > 0)
        put_integer(writer, "held_until", flag->held_until_ms);
}

enum eng_status eng_encode_flag_json(const struct eng_flag *flag, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_flag(&writer, flag);
    eng_put(&writer, "}\n", 2);
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
    put_head(writer, context, effect, "cell_change");
    put_string(writer, "matrix", matrix->name);
    put_integer(writer, "model_version", context->model->version);
    put_string(writer, "cell", eng_encode_cell_name(matrix, effect->band, effect->column));
    put_string(writer, "previous_cell",
               eng_encode_cell_name(matrix, effect->previous_band, effect->previous_column));
    put_string(writer, "cause", eng_encode_cause_name(effect));
    put_integer(writer, "at", effect->at_ms);
    put_boolean(writer, "provisional", effect->provisional != 0);
    put_string(writer, "rows", rows->name);
    put_points(writer, "row_value", effect->value_e4);
    put_string(writer, "row", eng_encode_band_name(rows, effect->band));
    put_string(writer, "previous_row", eng_encode_band_name(rows, effect->previous_band));
    put_string(writer, "columns", columns->name);
    put_points(writer, "column_value", effect->column_value_e4);
    put_string(writer, "column", eng_encode_band_name(columns, effect->column));
    put_string(writer, "previous_column", eng_encode_band_name(columns, effect->previous_column));
    if (matrix->description != NULL)
        put_string(writer, "description", matrix->description);
    put_fact(writer, context, effect);
}

static void put_section(struct eng_writer *writer, const struct eng_section_of_report *section)
{
    const struct eng_score *score = section->score;
    open_bracket(writer, NULL, '{');
    put_string(writer, "score", score->name);
    put_points(writer, "value", section->value_e4);
    if (section->follows)
        put_points(writer, "previous_value", section->previous_value_e4);
    put_string(writer, "band", eng_encode_band_name(score, section->band));
    if (section->follows)
        put_string(writer, "previous_band", eng_encode_band_name(score, section->previous_band));
    put_boolean(writer, "provisional", section->provisional);
    open_bracket(writer, "contributions", '[');
    for (unsigned i = 0; i < score->dimension_count; i++) {
        const struct eng_contribution *pair = &section->pairs[(size_t)2 * i];
        open_bracket(writer, NULL, '{');
        put_string(writer, "dimension", score->dimensions[i].name);
        put_points(writer, "value", pair[0].value_e4);
        if (section->follows)
            put_points(writer, "delta", pair[0].delta_e4);
        if (pair[1].delta_e4 == 0)
            put_points(writer, "measure", pair[1].value_e4);
        eng_put_byte(writer, '}');
    }
    eng_put_byte(writer, ']');
    put_trend(writer, eng_encode_section_trend(section));
    struct eng_nudge_of nudge = eng_encode_section_nudge(section);
    put_nudge(writer, &nudge);
    eng_put_byte(writer, '}');
}

static void put_report(struct eng_writer *writer, const struct eng_encode_context *context,
                       const struct eng_effect *effect)
{
    const struct eng_report *report = eng_encode_report(context->model, effect);
    const struct eng_contribution *at = eng_effect_contributions(effect);
    put_head(writer, context, effect, "report");
    put_string(writer, "report", report->name);
    put_integer(writer, "model_version", context->model->version);
    put_integer(writer, "at", effect->at_ms);
    open_bracket(writer, "scores", '[');
    for (uint32_t i = 0; i < report->score_count; i++) {
        struct eng_section_of_report section;
        at = eng_encode_section(context->model, report, i, at, &section);
        put_section(writer, &section);
    }
    eng_put_byte(writer, ']');
    if (report->description != NULL)
        put_string(writer, "description", report->description);
    put_fact(writer, context, effect);
}

/* The numbers of a group, those that there are. */
static void put_figures(struct eng_writer *writer, const struct eng_group_result *result)
{
    eng_assert(result->figure_count <= ENG_FIGURES_MAX);
    open_bracket(writer, "figures", '{');
    for (unsigned i = 0; i < result->figure_count; i++) {
        const struct eng_figure_sums *figure = &result->figures[i];
        int64_t value_e4;
        if (!eng_figure_value(figure->kind, figure->sums, &value_e4))
            continue;
        if (writer->status == ENG_OK && writer->out->data[writer->out->used - 1] != '{')
            eng_put_byte(writer, ',');
        eng_put_json_string(writer, figure->name);
        eng_put_byte(writer, ':');
        eng_put_e4(writer, value_e4);
    }
    eng_put_byte(writer, '}');
}

/* What results and boards begin with. */
static void put_result_head(struct eng_writer *writer, const struct eng_group_result *result)
{
    eng_put_byte(writer, '{');
    put_string(writer, "type", result->top > 0 ? "board" : "group_result");
    put_key(writer, "id");
    size_t begin = writer->out->used;
    if (writer->status == ENG_OK)
        writer->status = eng_encode_result_id(result, writer->out);
    quote_from(writer, begin);
    put_slice(writer, "program", result->program);
    put_slice(writer, result->top > 0 ? "board" : "group", result->group);
    put_integer(writer, "model_version", result->model_version);
    put_integer(writer, "at", result->at_ms);
}

/* Whom they are of. */
static void put_segment(struct eng_writer *writer, const struct eng_group_result *result)
{
    if (result->by.data != NULL)
        put_slice(writer, "by", result->by);
    if (result->segment.data != NULL)
        put_slice(writer, "segment", result->segment);
    put_integer(writer, "partitions", result->partitions);
    put_integer(writer, "partners", result->partners);
}

static void put_result(struct eng_writer *writer, const struct eng_group_result *result)
{
    put_result_head(writer, result);
    put_segment(writer, result);
    put_figures(writer, result);
    if (result->description.data != NULL)
        put_slice(writer, "description", result->description);
}

enum eng_status eng_encode_result_json(const struct eng_group_result *result, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_result(&writer, result);
    eng_put(&writer, "}\n", 2);
    return eng_writer_end(&writer);
}

static void put_group(struct eng_writer *writer, const struct eng_encode_context *context,
                      const struct eng_effect *effect)
{
    struct eng_group_result result;
    eng_result_of(context->model, effect, &result);
    put_result(writer, &result);
}

static void put_place(struct eng_writer *writer, const struct eng_place *place)
{
    eng_put_byte(writer, '{');
    if (place->rank > 0)
        put_integer(writer, "rank", place->rank);
    put_slice(writer, "partner_id", place->partner);
    if (place->rank > 0)
        put_points(writer, "value", place->value_e4);
    if (place->previous_rank > 0) {
        put_integer(writer, "previous_rank", place->previous_rank);
        put_points(writer, "previous_value", place->previous_e4);
    }
    eng_put_byte(writer, '}');
}

static void put_places(struct eng_writer *writer, const char *key, const struct eng_places *board)
{
    open_bracket(writer, key, '[');
    for (uint32_t i = 0; i < board->count; i++) {
        if (i > 0)
            eng_put_byte(writer, ',');
        put_place(writer, &board->place[i]);
    }
    eng_put_byte(writer, ']');
}

static void put_board_result(struct eng_writer *writer, const struct eng_board_result *board)
{
    put_result_head(writer, board->result);
    if (board->previous_ms >= 0)
        put_integer(writer, "previous_at", board->previous_ms);
    put_segment(writer, board->result);
    put_places(writer, "places", &board->now);
    put_places(writer, "left", &board->left);
    if (board->result->description.data != NULL)
        put_slice(writer, "description", board->result->description);
}

enum eng_status eng_encode_board_json(const struct eng_board_result *board, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_board_result(&writer, board);
    eng_put(&writer, "}\n", 2);
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
                         const struct eng_left_out *left)
{
    eng_put_byte(writer, '{');
    put_slice(writer, "partner_id", left->partner);
    put_string(writer, "rule", model->alerts[left->alert].name);
    if (!left->missing)
        put_points(writer, "value", left->value_e4);
    eng_put_byte(writer, '}');
}

static void put_digest(struct eng_writer *writer, const struct eng_encode_context *context,
                       const struct eng_effect *effect)
{
    const struct eng_budget *budget = eng_encode_budget(context->model, effect);
    struct eng_slice rest = eng_effect_entries(effect);
    struct eng_left_out left;
    put_common(writer, context, effect, "digest");
    put_string(writer, "budget", budget->name);
    put_integer(writer, "model_version", context->model->version);
    put_integer(writer, "at", effect->at_ms);
    if (budget->is_split)
        put_string(writer, "by", budget->split.name);
    if (budget->is_split && effect->segment > 0)
        put_slice(writer, "segment", eng_encode_segment(context->model, effect));
    put_integer(writer, "told", effect->value_e4);
    put_integer(writer, "left_out", effect->baseline_e4);
    open_bracket(writer, "first", '[');
    for (bool more = false; eng_left_out_take(&rest, &left); more = true) {
        if (more)
            eng_put_byte(writer, ',');
        put_left_out(writer, context->model, &left);
    }
    eng_put_byte(writer, ']');
    if (budget->description != NULL)
        put_string(writer, "description", budget->description);
}

/* The keys of each kind. */
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

enum eng_status eng_encode_json(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    eng_assert(effect->kind < ENG_EFFECT_KINDS);
    bodies[effect->kind](&writer, context, effect);
    eng_put(&writer, "}\n", 2);
    return eng_writer_end(&writer);
}

enum eng_status eng_encode_summary(const struct eng_model *model,
                                   const struct eng_counters *counters, uint64_t partners,
                                   struct eng_bytes *out)
{
    static const enum eng_outcome order[] = {ENG_OUTCOME_COUNTED, ENG_OUTCOME_DUPLICATE,
                                             ENG_OUTCOME_LATE,    ENG_OUTCOME_FUTURE,
                                             ENG_OUTCOME_BAD,     ENG_OUTCOME_FILTERED};
    static const char *const names[] = {"counted", "duplicate", "late",
                                        "future",  "bad",       "filtered"};
    struct eng_writer writer = eng_writer_begin(out);
    eng_put_byte(&writer, '{');
    put_string(&writer, "type", "summary");
    put_count(&writer, "read", counters->read);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        put_count(&writer, names[i], counters->outcome[order[i]]);
    if (model->check_count > 0)
        put_count(&writer, "left_out", counters->outcome[ENG_OUTCOME_LEFT_OUT]);
    put_count(&writer, "partners", partners);
    put_count(&writer, "score_changes", counters->score_changes);
    put_count(&writer, "churn_drops", counters->churn_drops);
    if (counters->award_bookings > 0)
        put_count(&writer, "award_bookings", counters->award_bookings);
    if (counters->award_unmatched > 0)
        put_count(&writer, "award_unmatched", counters->award_unmatched);
    if (model->check_count > 0)
        put_count(&writer, "abuse_flags", counters->abuse_flags);
    if (eng_model_holds(model)) {
        put_count(&writer, "held", counters->outcome[ENG_OUTCOME_HELD]);
        put_count(&writer, "released", counters->held_released);
        put_count(&writer, "discarded", counters->held_discarded);
        put_count(&writer, "held_unmatched", counters->held_unmatched);
    }
    if (model->matrix_count > 0)
        put_count(&writer, "cell_changes", counters->cell_changes);
    if (model->report_count > 0)
        put_count(&writer, "reports", counters->reports);
    if (model->budget_count > 0)
        put_count(&writer, "digests", counters->digests);
    eng_put(&writer, "}\n", 2);
    return eng_writer_end(&writer);
}

static void put_view_score(struct eng_writer *writer, const struct eng_score *score,
                           const struct eng_view_score *view)
{
    open_bracket(writer, NULL, '{');
    put_string(writer, "score", score->name);
    put_points(writer, "value", view->value_e4);
    put_string(writer, "band", eng_encode_band_name(score, view->band));
    put_points(writer, "told_value", view->told_value_e4);
    put_string(writer, "told_band", eng_encode_band_name(score, view->told_band));
    put_boolean(writer, "provisional", view->provisional);
    open_bracket(writer, "contributions", '[');
    for (unsigned i = 0; i < view->contribution_count; i++) {
        open_bracket(writer, NULL, '{');
        put_string(writer, "dimension", score->dimensions[i].name);
        put_points(writer, "value", view->contribution_e4[i]);
        eng_put_byte(writer, '}');
    }
    eng_put_byte(writer, ']');
    put_trend(writer, (enum eng_trend)view->trend);
    struct eng_nudge_of nudge = eng_encode_view_nudge(score, view);
    put_nudge(writer, &nudge);
    eng_put_byte(writer, '}');
}

static void put_view_alert(struct eng_writer *writer, const struct eng_alert *alert,
                           const struct eng_view_alert *view)
{
    open_bracket(writer, NULL, '{');
    put_string(writer, "rule", alert->name);
    put_boolean(writer, "open", view->open);
    if (view->opened_at_ms >= 0)
        put_integer(writer, "opened_at", view->opened_at_ms);
    if (view->due_at_ms >= 0)
        put_integer(writer, "due_at", view->due_at_ms);
    if (view->held_out)
        put_boolean(writer, "held_out", true);
    eng_put_byte(writer, '}');
}

static void put_view_matrix(struct eng_writer *writer, const struct eng_model *model,
                            unsigned index, const struct eng_view_matrix *view)
{
    const struct eng_matrix *matrix = &model->matrices[index];
    open_bracket(writer, NULL, '{');
    put_string(writer, "matrix", matrix->name);
    put_string(writer, "cell", view->cell);
    put_string(writer, "row", eng_encode_band_name(&model->scores[matrix->rows], view->row));
    put_string(writer, "column",
               eng_encode_band_name(&model->scores[matrix->columns], view->column));
    eng_put_byte(writer, '}');
}

static void put_view_measure(struct eng_writer *writer, const struct eng_view_measure *measure)
{
    open_bracket(writer, NULL, '{');
    put_string(writer, "measure", measure->name);
    put_points(writer, "value", measure->value_e4);
    put_boolean(writer, "missing", measure->missing);
    eng_put_byte(writer, '}');
}

static void put_view_ledger(struct eng_writer *writer, const struct eng_ledger *ledger,
                            const struct eng_view_ledger *view)
{
    open_bracket(writer, NULL, '{');
    put_string(writer, "ledger", ledger->name);
    put_points(writer, "balance", view->balance_e4);
    put_points(writer, "earned", view->earned_e4);
    put_points(writer, "expired", view->expired_e4);
    eng_put_byte(writer, '}');
}

static void put_view_held(struct eng_writer *writer, const struct eng_view_held *held)
{
    open_bracket(writer, NULL, '{');
    put_slice(writer, "check", held->check);
    put_slice(writer, "action", held->action);
    if (held->id.data != NULL)
        put_slice(writer, "event_id", held->id);
    put_integer(writer, "occurred_at", held->occurred_ms);
    put_integer(writer, "held_until", held->until_ms);
    eng_put_byte(writer, '}');
}

/* {"certified": true, "tier": "gold", "grade": 7.5}: those that are there. */
static void put_view_facts(struct eng_writer *writer, const struct eng_view *view)
{
    open_bracket(writer, "facts", '{');
    for (unsigned i = 0; i < view->fact_count; i++) {
        const struct eng_view_fact *fact = &view->facts[i];
        if (!fact->there)
            continue;
        if (fact->kind == ENG_FACT_CHOICE || fact->kind == ENG_FACT_TEXT)
            put_slice(writer, fact->name, fact->text);
        else if (fact->kind == ENG_FACT_FLAG)
            put_boolean(writer, fact->name, fact->value_e4 > 0);
        else
            put_points(writer, fact->name, fact->value_e4);
    }
    eng_put_byte(writer, '}');
}

static void put_forecast_score(struct eng_writer *writer, const struct eng_model *model,
                               const struct eng_effect *effect)
{
    const struct eng_score *score = eng_encode_score(model, effect);
    put_string(writer, "kind", "score_change");
    put_string(writer, "score", score->name);
    put_points(writer, "value", effect->value_e4);
    put_points(writer, "previous_value", effect->previous_value_e4);
    put_string(writer, "band", eng_encode_band_name(score, effect->band));
    put_string(writer, "previous_band", eng_encode_band_name(score, effect->previous_band));
}

static void put_forecast_alert(struct eng_writer *writer, const struct eng_model *model,
                               const struct eng_effect *effect)
{
    const struct eng_alert *alert = eng_encode_alert(model, effect);
    put_string(writer, "kind", "churn_drop");
    put_string(writer, "rule", alert->name);
    put_string(writer, "status", eng_encode_status_name(effect));
    if (alert->kind == ENG_SILENCE)
        put_points(writer, "risk", (int64_t)effect->risk_e3 * 10);
    if (!eng_alert_is_scored(alert))
        return;
    const struct eng_score *score = eng_encode_score(model, effect);
    put_string(writer, "score", score->name);
    put_points(writer, "value", effect->value_e4);
    put_string(writer, "band", eng_encode_band_name(score, effect->band));
}

static void put_forecast_cell(struct eng_writer *writer, const struct eng_model *model,
                              const struct eng_effect *effect)
{
    const struct eng_matrix *matrix = eng_encode_matrix(model, effect);
    put_string(writer, "kind", "cell_change");
    put_string(writer, "matrix", matrix->name);
    put_string(writer, "cell", eng_encode_cell_name(matrix, effect->band, effect->column));
    put_string(writer, "previous_cell",
               eng_encode_cell_name(matrix, effect->previous_band, effect->previous_column));
}

static void put_forecast(struct eng_writer *writer, const struct eng_model *model,
                         const struct eng_encode_forecast *forecast)
{
    const struct eng_effect *effect = NULL;
    put_integer(writer, "forecast_until", forecast->until_ms);
    open_bracket(writer, "forecast", '[');
    while ((effect = eng_effects_next(&forecast->effects, effect)) != NULL) {
        if (effect->kind != ENG_EFFECT_SCORE_CHANGE && effect->kind != ENG_EFFECT_CELL_CHANGE &&
            effect->kind != ENG_EFFECT_CHURN_DROP)
            continue; /* reports, and what becomes of held events beside what that moves */
        open_bracket(writer, NULL, '{');
        put_integer(writer, "at", effect->at_ms);
        if (effect->kind == ENG_EFFECT_SCORE_CHANGE)
            put_forecast_score(writer, model, effect);
        else if (effect->kind == ENG_EFFECT_CELL_CHANGE)
            put_forecast_cell(writer, model, effect);
        else
            put_forecast_alert(writer, model, effect);
        eng_put_byte(writer, '}');
    }
    eng_put_byte(writer, ']');
}

enum eng_status eng_encode_view(const struct eng_encode_context *context, struct eng_slice partner,
                                const struct eng_view *view,
                                const struct eng_encode_forecast *forecast, struct eng_bytes *out)
{
    const struct eng_model *model = context->model;
    eng_assert(view->score_count <= model->score_count && view->alert_count <= model->alert_count);
    struct eng_writer writer = eng_writer_begin(out);
    eng_put_byte(&writer, '{');
    put_slice(&writer, "partner_id", partner);
    put_string(&writer, "program", model->program);
    put_integer(&writer, "model_version", model->version);
    put_integer(&writer, "clock", view->clock_ms);
    put_integer(&writer, "first_day", view->first_day_ms);
    open_bracket(&writer, "scores", '[');
    for (unsigned i = 0; i < view->score_count; i++)
        put_view_score(&writer, &model->scores[i], &view->scores[i]);
    eng_put_byte(&writer, ']');
    open_bracket(&writer, "measures", '[');
    for (unsigned i = 0; i < view->measure_count; i++)
        put_view_measure(&writer, &view->measures[i]);
    eng_put_byte(&writer, ']');
    if (view->fact_count > 0)
        put_view_facts(&writer, view);
    open_bracket(&writer, "alerts", '[');
    for (unsigned i = 0; i < view->alert_count; i++)
        put_view_alert(&writer, &model->alerts[i], &view->alerts[i]);
    eng_put_byte(&writer, ']');
    if (view->ledger_count > 0)
        open_bracket(&writer, "ledgers", '[');
    for (unsigned i = 0; i < view->ledger_count; i++)
        put_view_ledger(&writer, &model->ledgers[i], &view->ledgers[i]);
    if (view->ledger_count > 0)
        eng_put_byte(&writer, ']');
    for (unsigned i = 0; i < view->matrix_count; i++) {
        if (i == 0)
            open_bracket(&writer, "matrices", '[');
        put_view_matrix(&writer, model, i, &view->matrices[i]);
        if (i + 1 == view->matrix_count)
            eng_put_byte(&writer, ']');
    }
    if (view->held_count > 0)
        open_bracket(&writer, "held", '[');
    for (unsigned i = 0; i < view->held_count; i++)
        put_view_held(&writer, &view->held[i]);
    if (view->held_count > 0)
        eng_put_byte(&writer, ']');
    if (forecast != NULL)
        put_forecast(&writer, model, forecast);
    eng_put_byte(&writer, '}');
    return eng_writer_end(&writer);
}

enum eng_status eng_encode_fall(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    eng_assert(effect->kind == ENG_EFFECT_SCORE_CHANGE && effect->band < effect->previous_band);
    eng_put_byte(&writer, '{');
    put_string(&writer, "type", "forecast");
    put_string(&writer, "program", context->model->program);
    put_slice(&writer, "partner_id", eng_effect_partner(effect));
    put_integer(&writer, "at", effect->at_ms);
    const struct eng_score *score = eng_encode_score(context->model, effect);
    put_string(&writer, "score", score->name);
    put_points(&writer, "value", effect->value_e4);
    put_string(&writer, "band", eng_encode_band_name(score, effect->band));
    put_string(&writer, "previous_band", eng_encode_band_name(score, effect->previous_band));
    eng_put(&writer, "}\n", 2);
    return eng_writer_end(&writer);
}

enum eng_status eng_encode_json_string(struct eng_slice text, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    eng_put_json_string(&writer, text);
    return eng_writer_end(&writer);
}

enum eng_status eng_encode_action_json(const struct eng_action_record *action,
                                       struct eng_bytes *out)
{
    const struct eng_event *event = action->event;
    struct eng_writer writer = eng_writer_begin(out);
    eng_put_byte(&writer, '{');
    if (event->id.data != NULL)
        put_slice(&writer, "event_id", event->id);
    put_slice(&writer, "partner_id", event->partner);
    put_slice(&writer, "action", event->action);
    put_integer(&writer, "occurred_at", event->time_ms);
    if (event->member.data != NULL)
        put_slice(&writer, "member_id", event->member);
    if (event->value_e4 != ENG_VALUE_NONE)
        put_points(&writer, "value", event->value_e4);
    if (action->attribute_count > 0)
        open_bracket(&writer, "attributes", '{');
    for (uint32_t i = 0; i < action->attribute_count; i++) {
        if (i > 0)
            eng_put_byte(&writer, ',');
        eng_put_json_string(&writer, action->attributes[i].name);
        eng_put_byte(&writer, ':');
        eng_put_json_string(&writer, action->attributes[i].value);
    }
    eng_put_text(&writer, action->attribute_count > 0 ? "}}\n" : "}\n");
    return eng_writer_end(&writer);
}
