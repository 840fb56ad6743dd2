/* naive_replay replay --config FILE [--until MS] EVENTS: the naive reference over a file of JSON
 * lines, with just enough of `engaged replay` for the golden cases (tests/spec/check) to judge it.
 *
 * It decodes by jansson and prints by itself, so the reference is checked without the engine and
 * without the codec. Times are milliseconds or seconds; --until is milliseconds. */
#include "engine/model.h"
#include "model/config.h"
#include "naive.h"
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decoded {
    struct eng_event event;
    char partner[32], action[32], id[32], member[32]; /* integers as text */
    struct eng_slice attributes[ENG_ATTRIBUTES_MAX];
    char numbers[ENG_ATTRIBUTES_MAX][32];
    int64_t values[ENG_NUMBERS_MAX]; /* of the model's numbers */
};

static const json_t *at_path(const json_t *record, const char *path)
{
    while (record != NULL) {
        const char *dot = strchr(path, '.');
        size_t length = dot != NULL ? (size_t)(dot - path) : strlen(path);
        record = json_object_getn(record, path, length);
        if (dot == NULL)
            return record;
        path = dot + 1;
    }
    return NULL;
}

/* A string, or an integer as its decimal text in `room` (32 bytes); else none. */
static struct eng_slice text_of(const json_t *value, char *room)
{
    if (json_is_string(value))
        return (struct eng_slice){json_string_value(value), (uint32_t)json_string_length(value)};
    if (!json_is_integer(value))
        return (struct eng_slice){NULL, 0};
    int length = snprintf(room, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return (struct eng_slice){room, (uint32_t)length};
}

static int64_t value_of(const json_t *value)
{
    if (!json_is_number(value) || fabs(json_number_value(value)) > ENG_VALUE_MAX)
        return ENG_VALUE_NONE;
    return llround(json_number_value(value) * 10000);
}

/* Those that the model names. */
static void decode_attributes(const json_t *object, const struct eng_model *model,
                              struct decoded *ret)
{
    for (uint32_t i = 0; i < model->attribute_count; i++) {
        const json_t *value = json_object_get(object, model->attributes[i]);
        ret->attributes[i] = text_of(value, ret->numbers[i]);
        if (json_is_boolean(value))
            ret->attributes[i] = json_is_true(value) ? (struct eng_slice){"true", 4}
                                                     : (struct eng_slice){"false", 5};
        if (ret->attributes[i].length > ENG_ATTRIBUTE_BYTES_MAX)
            ret->attributes[i] = (struct eng_slice){NULL, 0};
    }
    ret->event.attributes = ret->attributes;
}

/* Numbers besides the value, in the model's order. */
static void decode_numbers(const json_t *record, const struct eng_config *config,
                           struct decoded *ret)
{
    const struct eng_properties *numbers = &config->input.fields.numbers;
    for (uint32_t i = 0; i < config->model->number_count; i++)
        for (size_t j = 0; j < numbers->count; j++)
            if (strcmp(numbers->items[j].name, config->model->numbers[i]) == 0)
                ret->values[i] = value_of(at_path(record, numbers->items[j].value));
    ret->event.numbers = ret->values;
}

/* A good event, or one that is bad. */
static void decode(const json_t *record, const struct eng_input_config *input, struct decoded *ret)
{
    struct eng_event *event = &ret->event;
    const json_t *time = at_path(record, input->fields.time);
    event->verdict = ENG_VERDICT_BAD;
    if (!json_is_object(record) || !json_is_integer(time) || json_integer_value(time) < 0)
        return;
    event->time_ms = json_integer_value(time) * (input->time_unit == ENG_TIME_S ? 1000 : 1);
    event->partner = text_of(at_path(record, input->fields.partner), ret->partner);
    event->action = text_of(at_path(record, input->fields.action), ret->action);
    if (event->partner.length == 0 || event->action.length == 0)
        return;
    event->id = text_of(at_path(record, input->fields.id), ret->id);
    event->member = text_of(at_path(record, input->fields.member), ret->member);
    event->value_e4 = value_of(at_path(record, input->fields.value));
    event->verdict = ENG_VERDICT_GOOD;
}

static void print_number(const char *key, int64_t e4)
{
    uint64_t size = e4 < 0 ? 0 - (uint64_t)e4 : (uint64_t)e4;
    printf(",\"%s\":%s%" PRIu64 ".%04" PRIu64, key, e4 < 0 ? "-" : "", size / 10000, size % 10000);
}

static void print_text(const char *key, struct eng_slice text)
{
    json_t *value = json_stringn(text.data, text.length);
    char *quoted = json_dumps(value, JSON_ENCODE_ANY);
    printf(",\"%s\":%s", key, quoted);
    free(quoted);
    json_decref(value);
}

static void print_name(const char *key, const char *name)
{
    print_text(key, (struct eng_slice){name, (uint32_t)strlen(name)});
}

/* What the facts that are told say. */
static void print_facts(const struct eng_model *model, const struct eng_effect *effect)
{
    uint8_t kinds[ENG_FACTS_MAX];
    struct eng_told_fact told;
    uint32_t at = 0;
    for (uint32_t i = 0; i < model->fact_count; i++)
        kinds[i] = (uint8_t)model->facts[i].kind;
    if (effect->facts_bytes == 0)
        return;
    printf(",\"facts\":{\"\":\"\"");
    while (eng_effect_fact(effect, kinds, &at, &told)) {
        const struct eng_fact *fact = &model->facts[told.fact];
        char number[40];
        snprintf(number, sizeof number, "%g", (double)told.value_e4 / 10000);
        if (fact->kind == ENG_FACT_TEXT)
            print_text(fact->name, told.text);
        else if (fact->kind == ENG_FACT_CHOICE)
            print_text(fact->name, fact->options[told.option - 1]);
        else if (fact->kind == ENG_FACT_NUMBER)
            print_name(fact->name, number);
        else
            print_name(fact->name, told.option > 0 ? "true" : "false");
    }
    printf("}");
}

static void print_parts(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_contribution *part = (const struct eng_contribution *)(effect + 1);
    printf(",\"contributions\":[");
    for (unsigned i = 0; i < effect->contribution_count; i++) {
        printf("%s{\"place\":%u", i > 0 ? "," : "", i);
        print_name("dimension", model->scores[effect->score].dimensions[i].name);
        print_number("value", part[i].value_e4);
        print_number("delta", part[i].delta_e4);
        printf("}");
    }
    printf("]");
}

/* What is suggested: behind a comma, nothing when nothing is. */
static void print_nudge(const struct eng_score *score, const struct eng_effect *effect)
{
    const struct eng_dimension *dimension = &score->dimensions[effect->nudge_dimension];
    if (effect->nudge_count == 0)
        return;
    printf(",\"nudge\":{\"count\":%u", effect->nudge_count);
    print_name("dimension", dimension->name);
    print_name("action", dimension->action);
    print_number("gain", effect->nudge_gain_e4);
    if (dimension->each_e4 > 0)
        print_number("each", dimension->each_e4);
    if (effect->nudge_to > 0)
        print_name("to", score->bands[effect->nudge_to - 1].name);
    printf("}");
}

static void print_trend(const struct eng_effect *effect)
{
    static const char *const trends[] = {"", "improving", "steady", "declining"};
    if (effect->trend != ENG_TREND_NONE)
        print_name("trend", trends[effect->trend]);
}

static void print_score_change(const struct eng_model *model, const struct eng_effect *effect)
{
    static const char *const causes[] = {"event", "correction", "expiry", "config"};
    const struct eng_score *score = &model->scores[effect->score];
    print_name("score", score->name);
    printf(",\"model_version\":%u,\"direction\":\"%s\",\"cause\":\"%s\",\"provisional\":%s",
           model->version, effect->direction == ENG_UP ? "up" : "down", causes[effect->cause],
           effect->provisional ? "true" : "false");
    print_number("value", effect->value_e4);
    print_number("previous_value", effect->previous_value_e4);
    print_name("band", score->bands[effect->band].name);
    print_name("previous_band", score->bands[effect->previous_band].name);
    print_parts(model, effect);
    if (score->description != NULL)
        print_name("description", score->description);
    if (effect->fact > 0)
        print_name("fact", model->facts[effect->fact - 1].name);
    print_facts(model, effect);
    print_trend(effect);
    print_nudge(score, effect);
}

static void print_silence(const struct eng_effect *effect)
{
    printf(",\"last_action_at\":%" PRId64, effect->last_action_at_ms);
    if (effect->status == ENG_OPENED)
        printf(",\"silent_for_ms\":%" PRId64 ",\"usual_gap_ms\":%" PRId64 ",\"risk\":%u.%03u",
               effect->silent_for_ms, effect->usual_gap_ms, effect->risk_e3 / 1000,
               effect->risk_e3 % 1000);
}

static void print_churn_drop(const struct eng_model *model, const struct eng_effect *effect)
{
    static const char *const kinds[] = {"falls_to", "drop",  "silence",  "rises_to",
                                        "below",    "above", "deadline", "near"};
    const struct eng_alert *alert = &model->alerts[effect->subject];
    print_name("rule", alert->name);
    printf(",\"status\":\"%s\"", effect->status == ENG_OPENED ? "opened" : "resolved");
    printf(",\"kind\":\"%s\"", kinds[alert->kind]);
    if (alert->description != NULL)
        print_name("description", alert->description);
    if (effect->will_drop_at_ms > 0) {
        printf(",\"will_drop_at\":%" PRId64, effect->will_drop_at_ms);
        print_name("will_drop_to", model->scores[alert->score].bands[effect->will_drop_to].name);
    }
    if (effect->fact > 0)
        print_name("fact", model->facts[effect->fact - 1].name);
    print_facts(model, effect);
    if (effect->held_out)
        printf(",\"held_out\":true");
    if (alert->nudges)
        print_nudge(&model->scores[alert->score], effect);
    if (alert->kind == ENG_SILENCE) {
        print_silence(effect);
        return;
    }
    if (alert->kind == ENG_DEADLINE) {
        printf(",\"anchor_at\":%" PRId64 ",\"due_at\":%" PRId64, effect->anchor_at_ms,
               effect->due_at_ms);
        return;
    }
    print_trend(effect);
    print_name("score", model->scores[effect->score].name);
    print_number("value", effect->value_e4);
    if (alert->kind == ENG_BELOW || alert->kind == ENG_ABOVE)
        print_number("threshold", alert->edge_e4 - (alert->kind == ENG_ABOVE));
    if (alert->kind == ENG_NEAR) {
        const struct eng_score *score = &model->scores[alert->score];
        const struct eng_band *band = &score->bands[alert->band];
        print_number("threshold", band->edge_e4 + score->margin_e4 + band->above);
        print_name("near", band->name);
    }
    if (alert->kind == ENG_FALLS_TO || alert->kind == ENG_RISES_TO || alert->kind == ENG_NEAR)
        print_name("band", model->scores[effect->score].bands[effect->band].name);
    if (alert->kind == ENG_DROP)
        print_number("baseline", effect->baseline_e4);
    if (alert->kind == ENG_DROP && effect->status == ENG_OPENED)
        print_number("drop", effect->baseline_e4 - effect->value_e4);
    print_parts(model, effect);
}

static void print_source_silence(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_guard *guard = &model->guards[effect->subject];
    printf("{\"type\":\"source_silence\",\"at\":%" PRId64, effect->at_ms);
    print_name("guard", guard->name);
    printf(",\"status\":\"%s\"", effect->status == ENG_OPENED ? "began" : "ended");
    print_number("count", effect->value_e4);
    if (effect->previous_value_e4 >= 0)
        print_number("usual", effect->previous_value_e4);
    if (effect->status == ENG_RESOLVED) {
        printf(",\"since\":%" PRId64, effect->last_action_at_ms);
        print_number("held", effect->baseline_e4);
    }
    if (guard->description != NULL)
        print_name("description", guard->description);
    printf("}\n");
}

static void print_digest(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_budget *budget = &model->budgets[effect->subject];
    const uint8_t *at = (const uint8_t *)(effect + 1), *end = at + effect->entries_bytes;
    printf("{\"type\":\"digest\",\"at\":%" PRId64, effect->at_ms);
    print_name("budget", budget->name);
    if (budget->is_split)
        print_name("by", budget->split.name);
    if (budget->is_split && effect->segment > 0 && budget->split.by_bands)
        print_name("segment", model->scores[budget->split.subject].bands[effect->segment - 1].name);
    else if (budget->is_split && effect->segment > 0 &&
             model->facts[budget->split.subject].kind == ENG_FACT_FLAG)
        print_name("segment", effect->segment > 1 ? "true" : "false");
    else if (budget->is_split && effect->segment > 0)
        print_text("segment", model->facts[budget->split.subject].options[effect->segment - 1]);
    printf(",\"model_version\":%u,\"told\":%" PRId64 ",\"left_out\":%" PRId64 ",\"first\":[",
           model->version, effect->value_e4, effect->baseline_e4);
    for (bool more = false; at < end; more = true) {
        uint64_t value = 0;
        for (int i = 0; i < 8; i++)
            value = value << 8 | at[i];
        uint32_t length = at[10] * 256u + at[11];
        printf("%s{\"type\":0", more ? "," : "");
        print_text("partner_id", (struct eng_slice){(const char *)at + 12, length});
        print_name("rule", model->alerts[at[8]].name);
        if (!at[9])
            print_number("value", (int64_t)value);
        printf("}");
        at += 12 + length;
    }
    printf("]");
    if (budget->description != NULL)
        print_name("description", budget->description);
    printf("}\n");
}

static void print_award_booking(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_award *award = &model->awards[effect->subject];
    print_name("award", award->name);
    print_name("ledger", model->ledgers[effect->ledger].name);
    static const char *const statuses[] = {"booked", "pending", "dropped", "reversed"};
    print_name("status", statuses[effect->status]);
    print_number("amount", effect->amount_e4);
    print_number("cut", effect->cut_e4);
    print_number("balance", effect->balance_e4);
    printf(",\"model_version\":%u,\"occurred_at\":%" PRId64, model->version,
           effect->occurred_at_ms);
    if (award->description != NULL)
        print_name("description", award->description);
}

static void print_cell_change(const struct eng_model *model, const struct eng_effect *effect)
{
    static const char *const causes[] = {"event", "correction", "expiry", "config"};
    const struct eng_matrix *matrix = &model->matrices[effect->subject];
    const struct eng_score *rows = &model->scores[matrix->rows];
    const struct eng_score *columns = &model->scores[matrix->columns];
    unsigned cell = effect->band * matrix->column_count + effect->column;
    unsigned previous = effect->previous_band * matrix->column_count + effect->previous_column;
    print_name("matrix", matrix->name);
    print_name("cell", matrix->cells[matrix->cell_of[cell]]);
    print_name("previous_cell", matrix->cells[matrix->cell_of[previous]]);
    printf(",\"model_version\":%u,\"cause\":\"%s\",\"provisional\":%s", model->version,
           causes[effect->cause], effect->provisional ? "true" : "false");
    print_name("rows", rows->name);
    print_number("row_value", effect->value_e4);
    print_name("row", rows->bands[effect->band].name);
    print_name("previous_row", rows->bands[effect->previous_band].name);
    print_name("columns", columns->name);
    print_number("column_value", effect->column_value_e4);
    print_name("column", columns->bands[effect->column].name);
    print_name("previous_column", columns->bands[effect->previous_column].name);
    if (matrix->description != NULL)
        print_name("description", matrix->description);
    print_facts(model, effect);
}

static void print_report(const struct eng_model *model, const struct eng_effect *effect)
{
    const struct eng_report *report = &model->reports[effect->subject];
    const struct eng_contribution *at = (const struct eng_contribution *)(effect + 1);
    print_name("report", report->name);
    printf(",\"model_version\":%u,\"scores\":[", model->version);
    for (unsigned i = 0; i < report->score_count; i++, at += 2) {
        const struct eng_score *score = &model->scores[report->scores[i]];
        int64_t flags = at[1].value_e4;
        bool follows = flags & ENG_REPORT_FOLLOWS;
        printf("%s{\"provisional\":%s", i > 0 ? "," : "",
               flags & ENG_REPORT_PROVISIONAL ? "true" : "false");
        print_name("score", score->name);
        print_number("value", at[0].value_e4);
        print_name("band", score->bands[flags & ENG_REPORT_BAND].name);
        if (follows)
            print_number("previous_value", at[0].delta_e4);
        if (follows)
            print_name("previous_band", score->bands[(flags & ENG_REPORT_PREVIOUS_BAND) >> 8].name);
        int64_t change_e4 = at[0].value_e4 - at[0].delta_e4;
        if (follows && report->trend_e4 > 0)
            print_name("trend", change_e4 >= report->trend_e4    ? "improving"
                                : change_e4 <= -report->trend_e4 ? "declining"
                                                                 : "steady");
        printf(",\"contributions\":[");
        for (unsigned d = 0; d < score->dimension_count; d++, at += 2) {
            printf("%s{\"place\":%u", d > 0 ? "," : "", d);
            print_name("dimension", score->dimensions[d].name);
            print_number("value", at[2].value_e4);
            if (follows)
                print_number("delta", at[2].delta_e4);
            if (at[3].delta_e4 == 0)
                print_number("measure", at[3].value_e4);
            printf("}");
        }
        printf("]");
        if (score->nudges) {
            struct eng_effect nudge = {.nudge_count = (uint16_t)at[2].delta_e4,
                                       .nudge_gain_e4 = at[2].value_e4,
                                       .nudge_dimension = (uint8_t)at[3].value_e4,
                                       .nudge_to = (uint8_t)at[3].delta_e4};
            print_nudge(score, &nudge);
            at += 2;
        }
        printf("}");
    }
    printf("]");
    if (report->description != NULL)
        print_name("description", report->description);
    print_facts(model, effect);
}

/* To the nearest ten-thousandth; of two as near the one further from 0. */
static int64_t quotient(__int128 above, __int128 below)
{
    bool negative = (above < 0) != (below < 0);
    above = above < 0 ? -above : above;
    below = below < 0 ? -below : below;
    __int128 whole = (above + below / 2) / below;
    return (int64_t)(negative ? -whole : whole);
}

static void print_segment(const struct eng_model *model, const struct eng_group *group,
                          const struct eng_effect *effect)
{
    if (effect->band == 0)
        return;
    const struct eng_split *split = &group->splits[effect->band - 1];
    unsigned option = effect->segment - 1u;
    print_name("by", split->name);
    if (effect->segment > 0 && split->by_bands)
        print_name("segment", model->scores[split->subject].bands[option].name);
    else if (effect->segment > 0 && model->facts[split->subject].kind == ENG_FACT_FLAG)
        print_name("segment", option > 0 ? "true" : "false");
    else if (effect->segment > 0)
        print_text("segment", model->facts[split->subject].options[option]);
}

static void print_group(const struct eng_model *model, const struct eng_effect *effect)
{
    static const int64_t units[] = {10000, 10000, 1, 1, 10000, 10000, 1000000};
    const struct eng_group *group = &model->groups[effect->subject];
    print_name("group", group->name);
    printf(",\"model_version\":%u,\"partners\":%" PRId64, model->version, effect->partners);
    print_segment(model, group, effect);
    printf(",\"figures\":{\"\":0");
    for (unsigned i = 0; i < group->figure_count; i++) {
        __int128 sums[2];
        memcpy(sums, (const uint8_t *)(effect + 1) + i * sizeof sums, sizeof sums);
        enum eng_figure_kind kind = group->figures[i].kind;
        if (kind == ENG_FIGURE_COUNT || kind == ENG_FIGURE_SUM)
            sums[1] = 1;
        if (sums[1] != 0)
            print_number(group->figures[i].name, quotient(sums[0] * units[kind], sums[1]));
    }
    printf("}");
    if (group->description != NULL)
        print_name("description", group->description);
}

/* ---- boards ---- */

/* A board as it was told, with the one that was told before it. */
struct shown {
    char rows[64][ENG_PARTNER_BYTES_MAX + 1];
    int64_t values[64];
    int ranks[64], count;
};

/* What was told of a segment at one moment. */
struct told_board {
    struct told_board *older;
    unsigned board, split, segment;
    int64_t at_ms;
    struct shown shown;
};
static struct told_board *told_boards;

static void read_board(const struct eng_effect *effect, struct shown *ret)
{
    const uint8_t *at = (const uint8_t *)(effect + 1), *end = at + effect->entries_bytes;
    ret->count = 0;
    while (at < end && ret->count < 64) {
        int i = ret->count++;
        uint64_t value = 0;
        for (int k = 0; k < 8; k++)
            value = value * 256 + *at++;
        unsigned length = at[0] * 256u + at[1];
        memcpy(ret->rows[i], at + 2, length);
        ret->rows[i][length] = '\0';
        at += 2 + length;
        ret->values[i] = (int64_t)value;
        ret->ranks[i] = 1;
        for (int k = 0; k < i; k++)
            ret->ranks[i] += ret->values[k] > ret->values[i];
    }
}

static int find_row(const struct shown *shown, const char *name)
{
    for (int i = 0; i < shown->count; i++)
        if (strcmp(shown->rows[i], name) == 0)
            return i;
    return -1;
}

static void print_was(const struct shown *was, int row)
{
    printf(",\"previous_rank\":%d", was->ranks[row]);
    print_number("previous_value", was->values[row]);
}

/* The newest moment before, of any segment of that board; and what was told of this one then. */
static int64_t board_before(const struct eng_effect *effect, struct shown *ret)
{
    int64_t at_ms = -1;
    ret->count = 0;
    for (const struct told_board *told = told_boards; told != NULL; told = told->older)
        if (told->board == effect->subject && told->at_ms < effect->at_ms && told->at_ms > at_ms)
            at_ms = told->at_ms;
    for (const struct told_board *told = told_boards; told != NULL; told = told->older)
        if (told->board == effect->subject && told->at_ms == at_ms && told->split == effect->band &&
            told->segment == effect->segment)
            *ret = told->shown;
    return at_ms;
}

static void remember_board(const struct eng_effect *effect, const struct shown *shown)
{
    struct told_board *told = malloc(sizeof *told);
    if (told == NULL)
        abort();
    *told = (struct told_board){told_boards,     effect->subject, effect->band,
                                effect->segment, effect->at_ms,   *shown};
    told_boards = told;
}

static void forget_boards(void)
{
    while (told_boards != NULL) {
        struct told_board *older = told_boards->older;
        free(told_boards);
        told_boards = older;
    }
}

static void print_board(const struct eng_model *model, const struct eng_effect *effect)
{
    unsigned index = model->group_count - model->board_count + effect->subject;
    static struct shown now, was;
    read_board(effect, &now);
    int64_t before_ms = board_before(effect, &was);
    print_name("board", model->groups[index].name);
    printf(",\"model_version\":%u,\"partners\":%" PRId64, model->version, effect->partners);
    print_segment(model, &model->groups[index], effect);
    if (before_ms >= 0)
        printf(",\"previous_at\":%" PRId64, before_ms);
    printf(",\"places\":[");
    for (int i = 0; i < now.count; i++) {
        int row = find_row(&was, now.rows[i]);
        printf("%s{\"rank\":%d", i > 0 ? "," : "", now.ranks[i]);
        print_name("partner_id", now.rows[i]);
        print_number("value", now.values[i]);
        if (row >= 0)
            print_was(&was, row);
        printf("}");
    }
    printf("]");
    bool any = false;
    for (int i = 0; i < was.count && before_ms >= 0; i++) {
        if (find_row(&now, was.rows[i]) >= 0)
            continue;
        printf("%s{\"\":0", any ? "," : ",\"left\":[");
        print_name("partner_id", was.rows[i]);
        print_was(&was, i);
        printf("}");
        any = true;
    }
    printf(any ? "]" : before_ms >= 0 ? ",\"left\":[]" : "");
    if (model->groups[index].description != NULL)
        print_name("description", model->groups[index].description);
    remember_board(effect, &now);
}

/* A text that a flag says of its event; returns where the next one is. */
static const uint8_t *print_said(const char *key, const uint8_t *at)
{
    uint32_t length = at[0] | (uint32_t)at[1] << 8;
    if (length == 0)
        return at + 2;
    print_text(key, (struct eng_slice){(const char *)at + 2, length - 1});
    return at + 1 + length;
}

static void print_abuse_flag(const struct eng_model *model, const struct eng_effect *effect)
{
    static const char *const words[ENG_CHECK_KINDS] = {"unique", "more_than", "needs", "ratio"};
    static const char *const thens[] = {"flag", "leave_out", "held", "released", "discarded"};
    static const char *const reasons[] = {"",     "full",    "decision", "time",
                                          "late", "program", "check"};
    const struct eng_check *check = &model->checks[effect->subject];
    bool decided = effect->status > ENG_THEN_HELD;
    const uint8_t *at = (const uint8_t *)(effect + 1) + effect->partner_bytes;
    print_name("check", check->name);
    print_name("kind", words[check->kind]);
    print_name("then", thens[effect->status]);
    if (effect->reason > 0)
        print_name("reason", reasons[effect->reason]);
    if (effect->status == ENG_THEN_HELD)
        printf(",\"held_until\":%" PRId64, effect->due_at_ms);
    printf(",\"model_version\":%u,\"occurred_at\":%" PRId64, model->version,
           effect->occurred_at_ms);
    at = print_said("action", at);
    at = print_said("event_id", at);
    (void)print_said("text", at);
    if (effect->value_e4 != ENG_VALUE_NONE)
        print_number("value", effect->value_e4);
    if (check->kind == ENG_MORE_THAN && !decided)
        print_number("limit", (int64_t)check->most * 10000);
    if (check->kind == ENG_OUTLIER && !decided)
        print_number("limit", check->above_e4);
    if (check->description != NULL)
        print_name("description", check->description);
}

/* ---- texts at two partners ---- */

/* A text that was seen, judged when its moment has passed. */
struct sighting {
    struct eng_effect effect;
    char partner[ENG_PARTNER_BYTES_MAX + 1], said[1024], text[ENG_ATTRIBUTE_BYTES_MAX + 1];
    bool judged;
};
static struct sighting *sightings;
static size_t sighting_count;

static void remember_sighting(const struct eng_effect *effect)
{
    sightings = realloc(sightings, (sighting_count + 1) * sizeof *sightings);
    if (sightings == NULL || effect->facts_bytes > sizeof sightings->said)
        abort();
    struct sighting *s = &sightings[sighting_count++];
    const char *name = (const char *)(effect + 1);
    memset(s, 0, sizeof *s);
    s->effect = *effect;
    memcpy(s->partner, name, effect->partner_bytes);
    memcpy(s->said, name + effect->partner_bytes, effect->facts_bytes);
    const uint8_t *at = (const uint8_t *)s->said;
    for (int i = 0; i < 2; i++) {
        unsigned length = at[0] + at[1] * 256u;
        at += 2 + (length > 0 ? length - 1 : 0);
    }
    memcpy(s->text, at + 2, at[0] + at[1] * 256u - 1);
}

/* Is one judged before another one? */
static bool goes_first(const struct sighting *one, const struct sighting *two)
{
    if (one->effect.due_at_ms != two->effect.due_at_ms)
        return one->effect.due_at_ms < two->effect.due_at_ms;
    if (one->effect.occurred_at_ms != two->effect.occurred_at_ms)
        return one->effect.occurred_at_ms < two->effect.occurred_at_ms;
    return strcmp(one->partner, two->partner) < 0;
}

static const struct sighting *seen_before(const struct eng_model *model, const struct sighting *s)
{
    const struct sighting *found = NULL;
    int64_t over_ms = (int64_t)model->checks[s->effect.subject].over *
                      (model->pane_unit == ENG_PANE_DAY ? 86400000 : 3600000);
    for (size_t i = 0; i < sighting_count; i++) {
        const struct sighting *other = &sightings[i];
        int64_t apart = llabs(other->effect.occurred_at_ms - s->effect.occurred_at_ms);
        if (other->effect.subject == s->effect.subject && strcmp(other->text, s->text) == 0 &&
            strcmp(other->partner, s->partner) != 0 && apart < over_ms && goes_first(other, s) &&
            (found == NULL || goes_first(other, found)))
            found = other;
    }
    return found;
}

static void print_sighting(const struct eng_model *model, const struct sighting *s,
                           const struct sighting *other)
{
    const struct eng_check *check = &model->checks[s->effect.subject];
    printf("{\"type\":\"abuse_flag\",\"at\":%" PRId64, s->effect.due_at_ms);
    print_name("partner_id", s->partner);
    print_name("check", check->name);
    printf(",\"kind\":\"unique\",\"then\":\"flag\",\"model_version\":%u,\"occurred_at\":%" PRId64,
           model->version, s->effect.occurred_at_ms);
    const uint8_t *at = print_said("action", (const uint8_t *)s->said);
    (void)print_said("event_id", at);
    print_name("text", s->text);
    print_name("other_partner_id", other->partner);
    printf(",\"other_occurred_at\":%" PRId64, other->effect.occurred_at_ms);
    if (check->description != NULL)
        print_name("description", check->description);
    printf("}\n");
}

/* Judges all that are of moments up to a time. */
static void judge_sightings(const struct eng_model *model, int64_t until_ms)
{
    for (;;) {
        struct sighting *next = NULL;
        for (size_t i = 0; i < sighting_count; i++)
            if (!sightings[i].judged && sightings[i].effect.due_at_ms <= until_ms &&
                (next == NULL || goes_first(&sightings[i], next)))
                next = &sightings[i];
        if (next == NULL)
            return;
        const struct sighting *other = seen_before(model, next);
        if (other != NULL)
            print_sighting(model, next, other);
        next->judged = true;
    }
}

static const struct {
    const char *type;
    void (*print)(const struct eng_model *model, const struct eng_effect *effect);
} kinds[ENG_EFFECT_KINDS] = {
    [ENG_EFFECT_SCORE_CHANGE] = {"score_change", print_score_change},
    [ENG_EFFECT_CHURN_DROP] = {"churn_drop", print_churn_drop},
    [ENG_EFFECT_CELL_CHANGE] = {"cell_change", print_cell_change},
    [ENG_EFFECT_REPORT] = {"report", print_report},
    [ENG_EFFECT_AWARD_BOOKING] = {"award_booking", print_award_booking},
    [ENG_EFFECT_GROUP] = {"group_result", print_group},
    [ENG_EFFECT_BOARD] = {"board", print_board},
    [ENG_EFFECT_ABUSE_FLAG] = {"abuse_flag", print_abuse_flag},
};

static void print_effects(const struct eng_model *model, struct naive *naive)
{
    const struct eng_effects *effects = naive_effects(naive);
    for (size_t at = 0; at < effects->used;) {
        const struct eng_effect *effect = (const void *)(effects->data + at);
        at += effect->bytes;
        if (effect->kind == ENG_EFFECT_DIGEST) {
            print_digest(model, effect);
            continue;
        }
        if (effect->kind == ENG_EFFECT_SOURCE_SILENCE) {
            print_source_silence(model, effect);
            continue;
        }
        if (effect->kind == ENG_EFFECT_SIGHTING || effect->kind == ENG_EFFECT_PASSED) {
            if (effect->kind == ENG_EFFECT_SIGHTING)
                remember_sighting(effect);
            else
                judge_sightings(model, effect->at_ms);
            continue;
        }
        const uint8_t *name = (const uint8_t *)(effect + 1) +
                              effect->contribution_count * sizeof(struct eng_contribution);
        printf("{\"type\":\"%s\",\"at\":%" PRId64, kinds[effect->kind].type, effect->at_ms);
        if (effect->kind != ENG_EFFECT_GROUP && effect->kind != ENG_EFFECT_BOARD)
            print_text("partner_id", (struct eng_slice){(const char *)name, effect->partner_bytes});
        kinds[effect->kind].print(model, effect);
        printf("}\n");
    }
    naive_forget_effects(naive);
}

static void print_summary(const struct eng_model *model, const struct naive *naive)
{
    const struct eng_counters *counters = naive_counters(naive);
    static const char *const names[ENG_OUTCOME_COUNT] = {
        "counted", "duplicate", "late", "future", "bad", "filtered", "left_out", "held"};
    printf("{\"type\":\"summary\",\"read\":%" PRIu64, counters->read);
    for (unsigned i = 0; i < ENG_OUTCOME_HELD - (model->check_count == 0); i++)
        printf(",\"%s\":%" PRIu64, names[i], counters->outcome[i]);
    printf(",\"partners\":%" PRIu64 ",\"score_changes\":%" PRIu64 ",\"churn_drops\":%" PRIu64,
           naive_partner_count(naive), counters->score_changes, counters->churn_drops);
    if (counters->award_bookings > 0)
        printf(",\"award_bookings\":%" PRIu64, counters->award_bookings);
    if (counters->award_unmatched > 0)
        printf(",\"award_unmatched\":%" PRIu64, counters->award_unmatched);
    if (model->check_count > 0)
        printf(",\"abuse_flags\":%" PRIu64, counters->abuse_flags);
    if (eng_model_holds(model))
        printf(",\"held\":%" PRIu64 ",\"released\":%" PRIu64 ",\"discarded\":%" PRIu64
               ",\"held_unmatched\":%" PRIu64,
               counters->outcome[ENG_OUTCOME_HELD], counters->held_released,
               counters->held_discarded, counters->held_unmatched);
    if (model->matrix_count > 0)
        printf(",\"cell_changes\":%" PRIu64, counters->cell_changes);
    if (model->report_count > 0)
        printf(",\"reports\":%" PRIu64, counters->reports);
    if (model->budget_count > 0)
        printf(",\"digests\":%" PRIu64, counters->digests);
    printf("}\n");
}

static void replay(const struct eng_config *config, FILE *file, struct naive *naive)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    for (uint64_t offset = 0; (length = getline(&line, &room, file)) >= 0; offset++) {
        struct decoded decoded = {.event = {.offset = offset}};
        if (strspn(line, " \t\r\n") == (size_t)length)
            continue;
        json_t *record = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, NULL);
        decode(record, &config->input, &decoded);
        decode_attributes(at_path(record, config->input.fields.attributes), config->model,
                          &decoded);
        decode_numbers(record, config, &decoded);
        naive_apply(naive, &decoded.event);
        print_effects(config->model, naive);
        json_decref(record);
    }
    free(line);
}

struct arguments {
    const char *config, *until, *events;
};

static bool parse(int argc, char **argv, struct arguments *ret)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            ret->config = argv[++i];
        else if (strcmp(argv[i], "--until") == 0 && i + 1 < argc)
            ret->until = argv[++i];
        else
            ret->events = argv[i];
    }
    return argc > 2 && strcmp(argv[1], "replay") == 0 && ret->config != NULL && ret->events != NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {NULL, NULL, NULL};
    struct eng_config *config = NULL;
    struct eng_error err = {ENG_OK, ""};
    if (!parse(argc, argv, &arguments)) {
        fprintf(stderr, "usage: naive_replay replay --config FILE [--until MS] EVENTS\n");
        return 2;
    }
    if (eng_config_load_file(arguments.config, &config, &err) != ENG_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    FILE *file = fopen(arguments.events, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be opened\n", arguments.events);
        eng_config_free(config);
        return 1;
    }
    struct naive *naive = naive_new(config->model);
    replay(config, file, naive);
    if (arguments.until != NULL)
        naive_tick(naive, strtoll(arguments.until, NULL, 10));
    print_effects(config->model, naive);
    judge_sightings(config->model, INT64_MAX);
    print_summary(config->model, naive);
    forget_boards();
    free(sightings);
    naive_free(naive);
    eng_config_free(config);
    fclose(file);
    return 0;
}
