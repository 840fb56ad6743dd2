/* What is left of points by their age, and scores of such. See decay.h. */
#include "engine/decay.h"

#include "base/assert.h"
#include "base/memory.h"

/* ---- the table ---- */

/* Of ENG_DECAY_ONE, rounded down at each step. `before`: what was left a pane ago. */
static uint32_t left_at(const struct eng_decay *decay, uint32_t age, uint32_t before)
{
    uint64_t one = ENG_DECAY_ONE, panes = decay->panes;
    eng_assert(panes > 0);
    switch (decay->kind) {
    case ENG_DECAY_STEP:
        return age % panes != 0 || age == 0
                   ? before
                   : (uint32_t)((uint64_t)before * (10000 - decay->share_e4) / 10000);
    case ENG_DECAY_LINEAR:
        return age >= panes ? 0 : (uint32_t)(one * (panes - age) / panes);
    case ENG_DECAY_HALF:
        return age / panes > 30
                   ? 0
                   : (uint32_t)((one >> (age / panes)) * (2 * panes - age % panes) / (2 * panes));
    case ENG_DECAY_NONE:
        break;
    }
    eng_assert(!"a score that decays");
    return 0;
}

enum eng_status eng_decay_new(const struct eng_decay *decay, uint32_t ages,
                              struct eng_decay_table **ret_table)
{
    struct eng_decay_table *table = eng_calloc(1, sizeof *table);
    eng_assert(decay->kind != ENG_DECAY_NONE);
    eng_assert(ages > 0);
    if (table == NULL)
        return ENG_NO_MEMORY;
    table->ages = ages;
    table->left = eng_calloc(ages, sizeof *table->left);
    table->later = eng_calloc(ages, sizeof *table->later);
    if (table->left == NULL || table->later == NULL) {
        eng_decay_free(table);
        return ENG_NO_MEMORY;
    }
    for (uint32_t age = 0; age < ages; age++)
        table->left[age] = left_at(decay, age, age > 0 ? table->left[age - 1] : ENG_DECAY_ONE);
    for (uint32_t age = ages; age-- > 0;) {
        bool last = age + 1 == ages;
        bool less = !last && table->left[age + 1] < table->left[age];
        table->later[age] = last ? UINT32_MAX : less ? age + 1 : table->later[age + 1];
    }
    *ret_table = table;
    return ENG_OK;
}

void eng_decay_free(struct eng_decay_table *table)
{
    if (table == NULL)
        return;
    eng_free(table->left);
    eng_free(table->later);
    eng_free(table);
}

/* ---- scores ---- */

/* Counts, or sums, each times what is left of it. */
static eng_wide add_up(const struct eng_engine *engine, const struct eng_record *record,
                       unsigned measure, const struct eng_decay_table *table)
{
    const struct eng_measure *about = &engine->model->measures[measure];
    const struct eng_measure_layout *place = &engine->layout->measures[measure];
    int32_t as_of = record->partner->as_of;
    eng_wide sum = 0;
    eng_assert(about->kind == ENG_COUNT || about->kind == ENG_SUM);
    if (about->kind == ENG_SUM) {
        struct eng_list sums = eng_record_list(record, engine->layout->list_sums, ENG_SUM_BYTES);
        for (uint32_t i = 0; i < sums.count; i++) {
            struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
            int64_t age = (int64_t)as_of - element.pane;
            if (element.number == about->number && counts_cell(place, element.cell) &&
                age < table->ages && in_window_at(engine, about, element.pane, as_of))
                sum += element.sum * table->left[age];
        }
        return sum;
    }
    struct eng_cells cells = eng_cells_of(record);
    for (uint32_t i = 0; i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (counts_cell(place, cell.action) && cell.age < table->ages &&
            in_window_at(engine, about, as_of - (int32_t)cell.age, as_of))
            sum += (eng_wide)cell.count * 10000 * table->left[cell.age];
    }
    eng_assert(sum >= 0);
    return sum;
}

eng_wide eng_decay_points(const struct eng_engine *engine, const struct eng_record *record,
                          unsigned score, unsigned dimension)
{
    const struct eng_dimension *about = &engine->model->scores[score].dimensions[dimension];
    const eng_wide divisor = (eng_wide)ENG_DECAY_ONE * 10000;
    eng_assert(score < engine->model->score_count);
    eng_assert(engine->layout->scores[score].decay != NULL);
    eng_wide points = add_up(engine, record, about->measure, engine->layout->scores[score].decay) *
                      about->points_e4;
    return (points + (points < 0 ? -divisor / 2 : divisor / 2)) / divisor;
}

int32_t eng_decay_due(const struct eng_engine *engine, const struct eng_record *record,
                      unsigned index)
{
    const struct eng_score *score = &engine->model->scores[index];
    const struct eng_decay_table *table = engine->layout->scores[index].decay;
    int32_t as_of = record->partner->as_of;
    int64_t due = ENG_PANE_NEVER;
    eng_assert(table != NULL);
    eng_assert(index < engine->model->score_count);
    if (engine->layout->list_cells == ENG_NO_INDEX)
        return ENG_PANE_NEVER;
    struct eng_cells cells = eng_cells_of(record);
    for (uint32_t i = 0; i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (cell.age >= table->ages || table->later[cell.age] == UINT32_MAX)
            continue;
        int64_t then = (int64_t)as_of - cell.age + table->later[cell.age];
        for (uint32_t j = 0; j < score->dimension_count && then < due; j++)
            if (counts_cell(&engine->layout->measures[score->dimensions[j].measure], cell.action))
                due = then;
    }
    return (int32_t)due;
}
