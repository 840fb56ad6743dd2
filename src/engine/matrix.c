/* Matrices: the bands of two scores crossed, with a name for each cell.
 *
 * Nothing of it is kept in a record: the cell follows from the two bands in force, which have their
 * margins and dwells. A cell changes in the evaluation in which a band does, so whoever has to be
 * looked at for its scores is looked at for its matrices as well (slack.h), and when both bands
 * change at once only one change is told. Cells of the same name are one: between them nothing is
 * told.
 *
 * Cost: a comparison for each matrix of a model that has some. */
#include "base/assert.h"
#include "engine/internal.h"

_Static_assert((int)ENG_VIEW_MATRICES_MAX >= (int)ENG_MATRICES_MAX, "a view holds every matrix");

static void tell_cell(struct eng_engine *engine, const struct eng_evaluation *evaluation,
                      unsigned index)
{
    const struct eng_matrix *matrix = &engine->model->matrices[index];
    const struct eng_scratch *scratch = &engine->scratch;
    const struct eng_partner *partner = engine->hand.partner;
    struct eng_effect *effect = eng_effect_begin(engine, evaluation, 0);
    eng_assert(index < engine->model->matrix_count);
    eng_assert(matrix->rows != matrix->columns);
    engine->counters.cell_changes++;
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_CELL_CHANGE;
    effect->subject = (uint16_t)index;
    effect->score = matrix->rows;
    effect->band = scratch->band_after[matrix->rows];
    effect->previous_band = scratch->band_before[matrix->rows];
    effect->column = scratch->band_after[matrix->columns];
    effect->previous_column = scratch->band_before[matrix->columns];
    effect->value_e4 = scratch->value[matrix->rows];
    effect->column_value_e4 = scratch->value[matrix->columns];
    effect->provisional = eng_provisional(engine, &engine->model->scores[matrix->rows], partner) ||
                          eng_provisional(engine, &engine->model->scores[matrix->columns], partner);
}

void eng_matrices_evaluate(struct eng_engine *engine, const struct eng_evaluation *evaluation)
{
    const struct eng_scratch *scratch = &engine->scratch;
    eng_assert(engine->model->matrix_count <= ENG_MATRICES_MAX);
    eng_assert(engine->hand.number < engine->store.count);
    for (uint32_t i = 0; i < engine->model->matrix_count; i++) {
        const struct eng_matrix *matrix = &engine->model->matrices[i];
        unsigned before = eng_matrix_cell(matrix, scratch->band_before[matrix->rows],
                                          scratch->band_before[matrix->columns]);
        unsigned after = eng_matrix_cell(matrix, scratch->band_after[matrix->rows],
                                         scratch->band_after[matrix->columns]);
        if (before != after)
            tell_cell(engine, evaluation, i);
    }
}

void eng_matrix_view(const struct eng_record *record, unsigned index,
                     struct eng_view_matrix *ret_view)
{
    const struct eng_layout *layout = record->layout;
    const struct eng_matrix *matrix = &layout->model->matrices[index];
    eng_assert(index < layout->model->matrix_count);
    eng_assert(ret_view != NULL);
    uint8_t row = *eng_record_fixed(record, layout->scores[matrix->rows].band) & ENG_BAND_MASK;
    uint8_t column =
        *eng_record_fixed(record, layout->scores[matrix->columns].band) & ENG_BAND_MASK;
    *ret_view =
        (struct eng_view_matrix){row, column, matrix->cells[eng_matrix_cell(matrix, row, column)]};
}
