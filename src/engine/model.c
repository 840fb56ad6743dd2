/* The compiled model's accessors and its end. What makes one: src/model/config.c. */
#include "engine/model.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>

static void free_scores(struct eng_score *scores, uint32_t count)
{
    for (uint32_t i = 0; scores != NULL && i < count; i++) {
        struct eng_score *score = &scores[i];
        for (uint32_t j = 0; score->dimensions != NULL && j < score->dimension_count; j++) {
            eng_free(score->dimensions[j].name);
            eng_free(score->dimensions[j].steps);
            eng_free(score->dimensions[j].action);
            eng_free(score->dimensions[j].weights.items);
            eng_free(score->dimensions[j].targets.items);
        }
        for (uint32_t j = 0; score->bands != NULL && j < score->band_count; j++)
            eng_free(score->bands[j].name);
        eng_free(score->dimensions);
        eng_free(score->bands);
        eng_free(score->name);
        eng_free(score->description);
    }
    eng_free(scores);
}

static void free_matrices(struct eng_matrix *matrices, uint32_t count)
{
    for (uint32_t i = 0; matrices != NULL && i < count; i++) {
        for (uint32_t j = 0; matrices[i].cells != NULL && j < matrices[i].cell_count; j++)
            eng_free(matrices[i].cells[j]);
        eng_free(matrices[i].cells);
        eng_free(matrices[i].cell_of);
        eng_free(matrices[i].name);
        eng_free(matrices[i].description);
    }
    eng_free(matrices);
}

static void free_reports(struct eng_report *reports, uint32_t count)
{
    for (uint32_t i = 0; reports != NULL && i < count; i++) {
        eng_free(reports[i].name);
        eng_free(reports[i].description);
        eng_free(reports[i].scores);
    }
    eng_free(reports);
}

/* Half-built ones too: an array that is NULL, or entries that are still zero, are skipped. */
static void free_groups(struct eng_group *groups, uint32_t count)
{
    for (uint32_t i = 0; groups != NULL && i < count; i++) {
        for (uint32_t j = 0; groups[i].figures != NULL && j < groups[i].figure_count; j++)
            eng_free(groups[i].figures[j].name);
        for (uint32_t j = 0; groups[i].splits != NULL && j < groups[i].split_count; j++)
            eng_free(groups[i].splits[j].name);
        eng_free(groups[i].name);
        eng_free(groups[i].description);
        eng_free(groups[i].figures);
        eng_free(groups[i].splits);
    }
    eng_free(groups);
}

void eng_model_free(struct eng_model *model)
{
    if (model == NULL)
        return;
    for (uint32_t i = 0; model->actions != NULL && i < model->action_count; i++)
        eng_free(model->actions[i].text);
    for (uint32_t i = 0; model->measures != NULL && i < model->measure_count; i++)
        eng_free(model->measures[i].name);
    for (uint32_t i = 0; model->alerts != NULL && i < model->alert_count; i++) {
        eng_free(model->alerts[i].name);
        eng_free(model->alerts[i].description);
        eng_free(model->alerts[i].salt);
        eng_free(model->alerts[i].limits);
    }
    for (uint32_t i = 0; model->guards != NULL && i < model->guard_count; i++) {
        eng_free(model->guards[i].name);
        eng_free(model->guards[i].description);
    }
    for (uint32_t i = 0; model->ledgers != NULL && i < model->ledger_count; i++)
        eng_free(model->ledgers[i].name);
    for (uint32_t i = 0; model->checks != NULL && i < model->check_count; i++) {
        eng_free(model->checks[i].name);
        eng_free(model->checks[i].description);
    }
    for (uint32_t i = 0; model->awards != NULL && i < model->award_count; i++) {
        eng_free(model->awards[i].name);
        eng_free(model->awards[i].description);
    }
    for (uint32_t i = 0; model->attributes != NULL && i < model->attribute_count; i++)
        eng_free(model->attributes[i]);
    free_scores(model->scores, model->score_count);
    free_matrices(model->matrices, model->matrix_count);
    free_reports(model->reports, model->report_count);
    free_groups(model->groups, model->group_count);
    for (uint32_t i = 0; model->numbers != NULL && i < model->number_count; i++)
        eng_free(model->numbers[i]);
    eng_free(model->attributes);
    eng_free(model->numbers);
    for (uint32_t i = 0; model->facts != NULL && i < model->fact_count; i++)
        eng_free(model->facts[i].name);
    eng_free(model->facts);
    eng_arena_done(&model->conditions);
    eng_free(model->actions);
    eng_free(model->measures);
    eng_free(model->alerts);
    eng_free(model->guards);
    eng_free(model->checks);
    for (uint32_t i = 0; model->quiets != NULL && i < model->quiet_count; i++)
        eng_free(model->quiets[i].name);
    eng_free(model->quiets);
    for (uint32_t i = 0; model->budgets != NULL && i < model->budget_count; i++) {
        eng_free(model->budgets[i].name);
        eng_free(model->budgets[i].description);
        eng_free(model->budgets[i].split.name);
    }
    eng_free(model->budgets);
    eng_free(model->ledgers);
    eng_free(model->awards);
    eng_calendar_free(model->calendar);
    eng_free(model->program);
    eng_free(model->zone);
    eng_free(model);
}

const char *eng_model_program(const struct eng_model *model)
{
    eng_assert(model != NULL);
    eng_assert(model->program != NULL);
    return model->program;
}

uint32_t eng_model_version(const struct eng_model *model)
{
    eng_assert(model != NULL);
    eng_assert(model->version > 0);
    return model->version;
}

const char *eng_model_score_name(const struct eng_model *model, unsigned score)
{
    eng_assert(model != NULL);
    return score < model->score_count ? model->scores[score].name : NULL;
}

const char *eng_model_alert_name(const struct eng_model *model, unsigned alert)
{
    eng_assert(model != NULL);
    return alert < model->alert_count ? model->alerts[alert].name : NULL;
}

const char *eng_model_matrix_name(const struct eng_model *model, unsigned matrix)
{
    eng_assert(model != NULL);
    return matrix < model->matrix_count ? model->matrices[matrix].name : NULL;
}

const char *eng_model_report_name(const struct eng_model *model, unsigned report)
{
    eng_assert(model != NULL);
    return report < model->report_count ? model->reports[report].name : NULL;
}

const char *eng_model_group_name(const struct eng_model *model, unsigned group)
{
    eng_assert(model != NULL);
    return group < eng_boards_first(model) ? model->groups[group].name : NULL;
}

const char *eng_model_board_name(const struct eng_model *model, unsigned board)
{
    eng_assert(model != NULL);
    return board < model->board_count ? model->groups[eng_boards_first(model) + board].name : NULL;
}

bool eng_model_is_merged(const struct eng_model *model)
{
    eng_assert(model != NULL);
    return model->group_count > 0 || model->sights;
}

const char *eng_model_cell_name(const struct eng_model *model, unsigned matrix, unsigned row,
                                unsigned column)
{
    eng_assert(model != NULL);
    if (matrix >= model->matrix_count || row >= model->matrices[matrix].row_count ||
        column >= model->matrices[matrix].column_count)
        return NULL;
    return model->matrices[matrix].cells[eng_matrix_cell(&model->matrices[matrix], row, column)];
}

const char *eng_model_budget_name(const struct eng_model *model, unsigned budget)
{
    eng_assert(model != NULL);
    return budget < model->budget_count ? model->budgets[budget].name : NULL;
}

const char *eng_model_guard_name(const struct eng_model *model, unsigned guard)
{
    eng_assert(model != NULL);
    return guard < model->guard_count ? model->guards[guard].name : NULL;
}

const char *eng_model_check_name(const struct eng_model *model, unsigned check)
{
    eng_assert(model != NULL);
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    return check < model->check_count ? model->checks[check].name : NULL;
}

const char *eng_model_award_name(const struct eng_model *model, unsigned award)
{
    eng_assert(model != NULL);
    return award < model->award_count ? model->awards[award].name : NULL;
}

const char *eng_model_ledger_name(const struct eng_model *model, unsigned ledger)
{
    eng_assert(model != NULL);
    return ledger < model->ledger_count ? model->ledgers[ledger].name : NULL;
}

const char *eng_model_band_name(const struct eng_model *model, unsigned score, unsigned band)
{
    eng_assert(model != NULL);
    if (score >= model->score_count || band >= model->scores[score].band_count)
        return NULL;
    return model->scores[score].bands[band].name;
}

const char *eng_model_attribute_name(const struct eng_model *model, unsigned attribute)
{
    eng_assert(model != NULL);
    return attribute < model->attribute_count ? model->attributes[attribute] : NULL;
}

const char *eng_model_number_name(const struct eng_model *model, unsigned number)
{
    eng_assert(model != NULL);
    return number < model->number_count ? model->numbers[number] : NULL;
}

const char *eng_model_dimension_name(const struct eng_model *model, unsigned score,
                                     unsigned dimension)
{
    eng_assert(model != NULL);
    if (score >= model->score_count || dimension >= model->scores[score].dimension_count)
        return NULL;
    return model->scores[score].dimensions[dimension].name;
}

static bool matches(const struct eng_action *entry, struct eng_slice action)
{
    if (entry->family ? action.length < entry->length : action.length != entry->length)
        return false;
    return memcmp(entry->text, action.data, entry->length) == 0;
}

uint16_t eng_model_action(const struct eng_model *model, struct eng_slice action)
{
    eng_assert(model != NULL);
    eng_assert(action.data != NULL);
    uint16_t best = ENG_ACTION_NONE;
    for (uint32_t i = 0; i < model->action_count; i++) {
        const struct eng_action *entry = &model->actions[i];
        if (!matches(entry, action) || eng_action_is_ledger(entry))
            continue;
        if (!entry->family)
            return (uint16_t)i;
        if (best == ENG_ACTION_NONE || entry->length > model->actions[best].length)
            best = (uint16_t)i; /* of several of the same text the first stays */
    }
    return best;
}
