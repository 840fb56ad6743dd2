/* Warnings: what the language allows, but is seldom meant. None of them stops a load. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DIMENSIONS_FEW = 6, WARNINGS_MAX = 100 };

static enum eng_status warn(struct eng_load *load, struct eng_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum eng_status warn(struct eng_load *load, struct eng_mark mark, const char *format, ...)
{
    struct eng_config *config = load->config;
    char text[ENG_ERROR_BYTES], whole[ENG_ERROR_BYTES + 64];
    va_list args;
    if (config->warning_count == WARNINGS_MAX)
        return ENG_OK;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut when too long */
    va_end(args);
    int length = snprintf(whole, sizeof whole, "%.400s:%u:%u: %.400s", load->source.path, mark.line,
                          mark.column, text);
    eng_assert(length > 0 && (size_t)length < sizeof whole);
    if (config->warnings == NULL)
        config->warnings = eng_load_array(load, WARNINGS_MAX, sizeof *config->warnings);
    char *kept = config->warnings != NULL ? eng_strndup(whole, (size_t)length) : NULL;
    if (kept == NULL)
        return eng_source_no_memory(&load->source);
    config->warnings[config->warning_count++].text = kept;
    return ENG_OK;
}

/* The greatest value of a measure, where there is one; 0: none. */
static int64_t greatest_e4(const struct eng_model *model, const struct eng_measure *measure)
{
    static const int64_t period_days[] = {[ENG_WINDOW_WEEK] = 7,
                                          [ENG_WINDOW_MONTH] = 31,
                                          [ENG_WINDOW_QUARTER] = 92,
                                          [ENG_WINDOW_YEAR] = 366};
    int64_t day = model->pane_unit == ENG_PANE_HOUR ? 24 : 1;
    if (measure->kind == ENG_STATE)
        return 10000;
    if (measure->kind == ENG_READING && model->facts[measure->fact].kind != ENG_FACT_NUMBER)
        return measure->option > 0 || model->facts[measure->fact].kind == ENG_FACT_FLAG
                   ? 10000
                   : model->facts[measure->fact].option_count * 10000LL;
    if (measure->kind != ENG_ACTIVE)
        return 0;
    if (measure->window == ENG_WINDOW_ROLLING)
        return measure->panes * 10000LL;
    return measure->window == ENG_WINDOW_LIFE ? 0 : period_days[measure->window] * day * 10000;
}

static enum eng_status lint_dimension(struct eng_load *load, const struct eng_node *node,
                                      const struct eng_score *score, uint32_t index)
{
    const struct eng_dimension *dimension = &score->dimensions[index];
    int64_t greatest = greatest_e4(load->model, &load->model->measures[dimension->measure]);
    char most[ENG_TEXT_SHOWN_BYTES], target[ENG_TEXT_SHOWN_BYTES];
    if (score->dimension_count > 1 && dimension->weights.count == 0 &&
        2 * dimension->weight_e4 > score->weight_sum_e4) {
        enum eng_status status = warn(load, node->key->mark,
                                      "the dimension \"%s\" has more than half of the weight, so "
                                      "the score \"%s\" says little "
                                      "else",
                                      dimension->name, score->name);
        if (status != ENG_OK)
            return status;
    }
    if (greatest == 0 || dimension->targets.count > 0 || dimension->target_e4 <= greatest)
        return ENG_OK;
    return warn(
        load, node->key->mark,
        "the dimension \"%s\" never has its full share: its measure is at most %s, its target %s",
        dimension->name, eng_text_show_number(most, sizeof most, greatest, 4),
        eng_text_show_number(target, sizeof target, dimension->target_e4, 4));
}

/* ---- sales ---- */

/* True when an action is of sales, by the first part of its name. */
static bool is_sale(const struct eng_action *action)
{
    static const char *const words[] = {"invoice", "order", "deal",     "claim",
                                        "sale",    "sales", "purchase", "revenue"};
    size_t length = strcspn(action->text, ".");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && memcmp(words[i], action->text, length) == 0)
            return true;
    return false;
}

/* True when all that a measure looks at is sales: it sums values, or takes nothing but actions of
 * sales; of a ratio both parts have to. */
static bool is_of_sales(const struct eng_model *model, unsigned index)
{
    const struct eng_measure *measure = &model->measures[index];
    bool any = false;
    eng_assert(index < model->measure_count);
    if (measure->kind == ENG_RATIO)
        return is_of_sales(model, measure->parts[0]) && is_of_sales(model, measure->parts[1]);
    if (measure->kind == ENG_SUM && measure->number == 0)
        return true;
    for (uint32_t i = 0; i < model->action_count; i++) {
        if (!eng_action_set_has(&measure->actions, i))
            continue;
        if (!is_sale(&model->actions[i]))
            return false;
        any = true;
    }
    return any;
}

static enum eng_status lint_sales(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_score *score)
{
    int64_t sales_e4 = 0;
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (is_of_sales(load->model, score->dimensions[i].measure))
            sales_e4 += score->dimensions[i].weight_e4;
    eng_assert(sales_e4 <= score->weight_sum_e4);
    if (2 * sales_e4 <= score->weight_sum_e4)
        return ENG_OK;
    return warn(
        load, node->key->mark,
        "sales carry %d%% of the weight of the score \"%s\": it tells who buys, and not who "
        "is about to stop; give more than half of it to what else a partner does",
        (int)((__int128)sales_e4 * 100 / score->weight_sum_e4), score->name);
}

static enum eng_status lint_dimensions(struct eng_load *load, const struct eng_node *node,
                                       const struct eng_score *score)
{
    enum eng_status status = ENG_OK;
    const struct eng_node *dimension = eng_node_get(node, "dimensions");
    if (score->dimension_count > DIMENSIONS_FEW)
        status = warn(
            load, node->key->mark,
            "the score \"%s\" has %u dimensions; more than %d are hard to explain to a partner",
            score->name, score->dimension_count, DIMENSIONS_FEW);
    if (status == ENG_OK)
        status = lint_sales(load, node, score);
    dimension = dimension->first;
    for (uint32_t i = 0; i < score->dimension_count && status == ENG_OK; i++) {
        status = lint_dimension(load, dimension, score, i);
        dimension = dimension->next;
    }
    return status;
}

/* Whether an alert looks at a score. */
static bool is_watched(const struct eng_model *model, uint32_t score)
{
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (eng_alert_is_scored(&model->alerts[i]) && model->alerts[i].score == score)
            return true;
    return false;
}

static enum eng_status lint_score(struct eng_load *load, const struct eng_node *node,
                                  uint32_t index)
{
    const struct eng_score *score = &load->model->scores[index];
    const struct eng_node *bands = eng_node_get(node, score->tiers ? "tiers" : "bands");
    struct eng_span span = eng_score_span(score);
    enum eng_status status = ENG_OK;
    if (!score->points)
        status = lint_dimensions(load, node, score);
    if (status == ENG_OK && score->bands[0].edge_e4 > 0)
        status =
            warn(load, bands->first->mark,
                 "the lowest %s, \"%s\", has no lower edge: it also holds the values below the one "
                 "written here",
                 score->tiers ? "tier" : "band", score->bands[0].name);
    if (status == ENG_OK && score->tell_every_e4 > span.max_e4 - span.min_e4)
        status = warn(load, eng_node_get(node, "tell_every")->mark,
                      "the score \"%s\" never changes by as much as its tell_every", score->name);
    if (status == ENG_OK && score->band_count == 1 && score->tell_every_e4 == 0 &&
        !is_watched(load->model, index))
        status = warn(load, node->key->mark,
                      "the score \"%s\" is never told: it has one band, no tell_every and no alert",
                      score->name);
    return status;
}

static bool tests(const struct eng_model *model, const struct eng_test *test, uint32_t measure)
{
    return !test->by_bands && eng_measure_rests_on(model, test->subject, measure);
}

/* Is a figure made of the measure? */
static bool figures(const struct eng_model *model, const struct eng_figure *figure,
                    uint32_t measure)
{
    if (figure->kind == ENG_FIGURE_COUNT || figure->kind == ENG_FIGURE_SHARE)
        return tests(model, &figure->test, measure) ||
               (!figure->of_all && tests(model, &figure->of, measure));
    return eng_measure_rests_on(model, figure->measures[0], measure) ||
           eng_measure_rests_on(model, figure->measures[1], measure);
}

static bool is_used(const struct eng_model *model, uint32_t measure)
{
    for (uint32_t i = 0; i < model->group_count; i++)
        for (uint32_t j = 0; j < model->groups[i].figure_count; j++)
            if (figures(model, &model->groups[i].figures[j], measure))
                return true;
    for (uint32_t i = eng_boards_first(model); i < model->group_count; i++)
        if (!model->groups[i].of_score &&
            eng_measure_rests_on(model, model->groups[i].subject, measure))
            return true;
    for (uint32_t i = 0; i < model->check_count; i++)
        if (model->checks[i].kind == ENG_OUTLIER &&
            (model->checks[i].measures[0] == measure || model->checks[i].measures[1] == measure))
            return true;
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++)
            if (eng_measure_rests_on(model, model->scores[i].dimensions[j].measure, measure))
                return true;
    return false;
}

static enum eng_status lint_measures(struct eng_load *load)
{
    enum eng_status status = ENG_OK;
    const struct eng_node *node = load->file.measures ? load->file.measures->first : NULL;
    for (uint32_t i = 0; node != NULL && status == ENG_OK; node = node->next, i++)
        if (!is_used(load->model, i))
            status = warn(load, node->key->mark, "the measure \"%s\" is used by no score",
                          load->model->measures[i].name);
    return status;
}

/* True when weights, targets or alerts hang on a fact. */
static bool is_asked(const struct eng_model *model, uint32_t fact)
{
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++)
            if (eng_dimension_asks(&model->scores[i].dimensions[j], fact))
                return true;
    for (uint32_t i = 0; i < model->alert_count; i++)
        for (uint32_t j = 0; j < model->alerts[i].limit_count; j++)
            if (model->alerts[i].limits[j].fact == fact)
                return true;
    for (uint32_t i = 0; i < model->group_count; i++)
        for (uint32_t j = 0; j < model->groups[i].split_count; j++)
            if (!model->groups[i].splits[j].by_bands && model->groups[i].splits[j].subject == fact)
                return true;
    return false;
}

static enum eng_status lint_facts(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    enum eng_status status = ENG_OK;
    const struct eng_node *node = load->file.facts ? load->file.facts->first : NULL;
    for (uint32_t i = 0; node != NULL && status == ENG_OK; node = node->next, i++)
        if (!is_used(model, model->facts[i].measure) && !is_asked(model, i) &&
            !model->facts[i].tell)
            status = warn(load, node->key->mark,
                          "the fact \"%s\" is used by no score and no alert; it is kept for "
                          "whoever asks about a partner",
                          model->facts[i].name);
    return status;
}

static enum eng_status lint_alert(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_alert *alert)
{
    if (alert->hold_out_e4 == 10000)
        return warn(load, eng_node_get(node, "hold_out")->mark,
                    "everybody is held out by the alert \"%s\", so there is nobody to compare "
                    "with; write a smaller part",
                    alert->name);
    if (!eng_alert_is_scored(alert))
        return ENG_OK;
    const struct eng_score *score = &load->model->scores[alert->score];
    if (alert->hold && score->provisional_window == ENG_WINDOW_NONE)
        return warn(load, eng_node_get(node, "while_provisional")->mark,
                    "the score \"%s\" has no window and is never provisional, so the alert "
                    "\"%s\" is never held",
                    score->name, alert->name);
    if (alert->kind == ENG_FALLS_TO && alert->forecast > 0 &&
        score->provisional_window == ENG_WINDOW_ROLLING &&
        alert->forecast >= score->provisional_panes)
        return warn(load, eng_node_get(node, "forecast")->mark,
                    "the alert \"%s\" looks as far ahead as the longest window of \"%s\", when "
                    "nothing that counts now is left: it is open for everybody; look less far",
                    alert->name, score->name);
    return ENG_OK;
}

static enum eng_status lint_alerts(struct eng_load *load)
{
    enum eng_status status = ENG_OK;
    const struct eng_node *node = load->file.alerts ? load->file.alerts->first : NULL;
    for (uint32_t i = 0; node != NULL && status == ENG_OK; node = node->next, i++)
        status = lint_alert(load, node, &load->model->alerts[i]);
    return status;
}

/* An award that a cap always cuts. */
static enum eng_status lint_awards(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.awards ? load->file.awards->first : NULL;
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; node != NULL && status == ENG_OK; node = node->next, i++)
        for (uint32_t j = 0; j < model->ledger_count && status == ENG_OK; j++)
            if (model->awards[i].ledgers >> j & 1 && model->ledgers[j].cap_e4 > 0 &&
                model->awards[i].points_e4 > model->ledgers[j].cap_e4)
                status = warn(load, eng_node_get(node, "points")->mark,
                              "the award \"%s\" is never paid in full: its points are more than "
                              "the cap of the ledger \"%s\"",
                              model->awards[i].name, model->ledgers[j].name);
    return status;
}

/* Secrets that stand in the file itself. */
static enum eng_status lint_properties(struct eng_load *load, const char *group)
{
    enum eng_status status = ENG_OK;
    const struct eng_node *node = eng_node_get(load->file.kafka, group);
    node = node != NULL ? node->first : NULL;
    for (; node != NULL && status == ENG_OK; node = node->next)
        if (eng_property_is_secret(node->key->text) && strstr(node->text, "${") == NULL)
            status =
                warn(load, node->mark,
                     "the secret \"%s\" stands in the file; better ${env:NAME} or ${file:PATH}",
                     node->key->text);
    return status;
}

static enum eng_status lint_token(struct eng_load *load)
{
    const struct eng_node *node = eng_node_get(load->file.http, "erase_token");
    if (node == NULL || strstr(node->text, "${") != NULL)
        return ENG_OK;
    return warn(load, node->mark,
                "the secret \"erase_token\" stands in the file; better ${env:NAME} or "
                "${file:PATH}");
}

enum eng_status eng_load_lint(struct eng_load *load)
{
    eng_assert(load->config->warnings == NULL);
    enum eng_status status = lint_facts(load);
    if (status == ENG_OK)
        status = lint_measures(load);
    const struct eng_node *node = load->file.scores ? load->file.scores->first : NULL;
    for (uint32_t i = 0; node != NULL && status == ENG_OK; node = node->next, i++)
        status = lint_score(load, node, i);
    if (status == ENG_OK)
        status = lint_alerts(load);
    if (status == ENG_OK)
        status = lint_awards(load);
    if (status == ENG_OK)
        status = lint_properties(load, "client");
    if (status == ENG_OK)
        status = lint_properties(load, "consumer");
    if (status == ENG_OK)
        status = lint_properties(load, "producer");
    if (status == ENG_OK)
        status = lint_token(load);
    return status;
}
