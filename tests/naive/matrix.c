/* Two scores whose bands are crossed: tells a cell of another name. See naive.h. */
#include "inside.h"
#include <string.h>

static const char *cell(const struct eng_matrix *matrix, unsigned row, unsigned column)
{
    return matrix->cells[matrix->cell_of[row * matrix->column_count + column]];
}

void naive_matrix_evaluate(struct naive *naive, const struct partner *partner, unsigned index,
                           const struct score_state *before, const struct occasion *why)
{
    const struct eng_model *model = naive->model;
    const struct eng_matrix *matrix = &model->matrices[index];
    const struct score_state *row = &partner->scores[matrix->rows];
    const struct score_state *column = &partner->scores[matrix->columns];
    unsigned old_row = before[matrix->rows].band, old_column = before[matrix->columns].band;
    if (strcmp(cell(matrix, row->band, column->band), cell(matrix, old_row, old_column)) == 0)
        return;
    struct eng_effect effect = naive_effect(ENG_EFFECT_CELL_CHANGE, index, why);
    effect.score = matrix->rows;
    effect.band = (uint8_t)row->band;
    effect.previous_band = (uint8_t)old_row;
    effect.column = (uint8_t)column->band;
    effect.previous_column = (uint8_t)old_column;
    effect.value_e4 = row->value_e4;
    effect.column_value_e4 = column->value_e4;
    effect.provisional =
        naive_provisional(naive, partner, &model->scores[matrix->rows], why->pane) ||
        naive_provisional(naive, partner, &model->scores[matrix->columns], why->pane);
    naive_emit(naive, partner, &effect, NULL, NULL);
}
