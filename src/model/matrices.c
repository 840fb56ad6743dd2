/* Matrices: two scores whose bands are crossed, and the names of the cells. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <stdio.h>
#include <string.h>

static enum eng_status fail_matrix(struct eng_load *load, const struct eng_node *node,
                                   const char *problem)
{
    return eng_source_fail(&load->source, node->key->mark, "the matrix \"%s\" %s",
                           eng_node_shown(&load->source, node->key), problem);
}

/* Puts a name into a cell; one that another cell has is the same. The name is taken over. */
static void name_cell(struct eng_matrix *matrix, uint32_t row, uint32_t column, char *name)
{
    uint32_t found = 0;
    eng_assert(row < matrix->row_count && column < matrix->column_count);
    while (found < matrix->cell_count && strcmp(matrix->cells[found], name) != 0)
        found++;
    matrix->cell_of[row * matrix->column_count + column] = (uint8_t)found;
    if (found < matrix->cell_count)
        eng_free(name);
    else
        matrix->cells[matrix->cell_count++] = name;
}

/* One row as written: a name for each band of the columns. */
static enum eng_status load_row(struct eng_load *load, const struct eng_node *node, uint32_t row,
                                struct eng_matrix *matrix)
{
    const struct eng_score *columns = &load->model->scores[matrix->columns];
    if (node->kind != ENG_NODE_MAPPING)
        return eng_source_fail(&load->source, node->mark,
                               "a row of cells is %s; write a name for each band of \"%s\", such "
                               "as {%s: NAME}",
                               eng_node_shown(&load->source, node), columns->name,
                               columns->bands[0].name);
    for (const struct eng_node *cell = node->first; cell != NULL; cell = cell->next) {
        uint16_t column = 0;
        char *name = NULL;
        enum eng_status status = eng_load_find_band(load, cell->key, columns, &column);
        if (status == ENG_OK)
            status = eng_load_check_name(load, cell, "the name of a cell");
        if (status == ENG_OK)
            status = eng_load_copy(load, cell, &name);
        if (status != ENG_OK)
            return status;
        name_cell(matrix, row, column, name);
    }
    for (uint32_t i = 0; i < columns->band_count; i++)
        if (eng_node_get(node, columns->bands[i].name) == NULL)
            return eng_source_fail(&load->source, node->key->mark,
                                   "the cell of \"%s\" and \"%s\" has no name; write one for each "
                                   "band of \"%s\"",
                                   eng_node_shown(&load->source, node->key), columns->bands[i].name,
                                   columns->name);
    return ENG_OK;
}

static enum eng_status load_cells(struct eng_load *load, const struct eng_node *node,
                                  struct eng_matrix *matrix)
{
    const struct eng_score *rows = &load->model->scores[matrix->rows];
    enum eng_status status = ENG_OK;
    for (const struct eng_node *child = node->first; child && status == ENG_OK;
         child = child->next) {
        uint16_t row = 0;
        status = eng_load_find_band(load, child->key, rows, &row);
        if (status == ENG_OK)
            status = load_row(load, child, row, matrix);
    }
    for (uint32_t i = 0; i < rows->band_count && status == ENG_OK; i++)
        if (eng_node_get(node, rows->bands[i].name) == NULL)
            status = eng_source_fail(&load->source, node->key->mark,
                                     "the cells of \"%s\" have no names; write a row for each band "
                                     "of \"%s\"",
                                     rows->bands[i].name, rows->name);
    return status;
}

/* Cells are called by their bands, unless the file has names for them. */
static enum eng_status call_by_bands(struct eng_load *load, struct eng_matrix *matrix)
{
    const struct eng_score *rows = &load->model->scores[matrix->rows];
    const struct eng_score *columns = &load->model->scores[matrix->columns];
    for (uint32_t i = 0; i < (uint32_t)matrix->row_count * matrix->column_count; i++) {
        const char *row = rows->bands[i / matrix->column_count].name;
        const char *column = columns->bands[i % matrix->column_count].name;
        size_t bytes = strlen(row) + strlen(column) + 2;
        char *name = eng_load_array(load, bytes, 1);
        if (name == NULL)
            return ENG_NO_MEMORY;
        (void)snprintf(name, bytes, "%s/%s", row, column); /* fits */
        name_cell(matrix, i / matrix->column_count, i % matrix->column_count, name);
    }
    return ENG_OK;
}

/* Two scores, with room for their cells. */
static enum eng_status find_scores(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_matrix_draft *draft, struct eng_matrix *matrix)
{
    enum eng_status status = eng_load_find_score(load, draft->rows, &matrix->rows);
    if (status == ENG_OK)
        status = eng_load_find_score(load, draft->columns, &matrix->columns);
    if (status != ENG_OK)
        return status;
    if (matrix->rows == matrix->columns)
        return eng_source_fail(&load->source, draft->columns->mark,
                               "the rows and the columns of the matrix \"%s\" are the same score; "
                               "cross two different ones",
                               matrix->name);
    matrix->row_count = (uint16_t)load->model->scores[matrix->rows].band_count;
    matrix->column_count = (uint16_t)load->model->scores[matrix->columns].band_count;
    uint32_t cells = (uint32_t)matrix->row_count * matrix->column_count;
    _Static_assert(ENG_BANDS_MAX * ENG_BANDS_MAX <= 256, "a cell's index fits in a byte");
    if (cells == 1)
        return fail_matrix(load, node,
                           "never changes: both scores have one band; give one of them another");
    matrix->cells = eng_load_array(load, cells, sizeof *matrix->cells);
    if (matrix->cells != NULL)
        matrix->cell_of = eng_load_array(load, cells, sizeof *matrix->cell_of);
    return matrix->cell_of != NULL ? ENG_OK : ENG_NO_MEMORY;
}

static enum eng_status load_matrix(struct eng_load *load, const struct eng_node *node)
{
    struct eng_matrix_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a matrix");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_matrix, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_matrix *matrix = &load->model->matrices[load->model->matrix_count++];
    status = eng_load_copy(load, node->key, &matrix->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &matrix->description);
    if (status == ENG_OK)
        status = find_scores(load, node, &draft, matrix);
    if (status == ENG_OK)
        status = draft.cells != NULL ? load_cells(load, draft.cells, matrix)
                                     : call_by_bands(load, matrix);
    if (status == ENG_OK && matrix->cell_count == 1)
        return fail_matrix(load, node, "never changes: all its cells have the same name");
    return status;
}

enum eng_status eng_load_matrices(struct eng_load *load)
{
    static const struct eng_things things = {"matrices", "ENG_MATRICES_MAX", ENG_MATRICES_MAX,
                                             sizeof *load->model->matrices, load_matrix};
    eng_assert(load->model->matrices == NULL);
    return eng_load_things(load, load->file.matrices, &things, &load->model->matrices);
}
