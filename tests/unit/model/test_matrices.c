/* Matrices: what of them is refused, what the cells are called, and what a reload says of them. */
#include "loading.h"
#include "model/differ.h"
#include <string.h>

#define M                                                                                          \
    "program: p\nmeasures: {f: {state: on, until: off}, m: {count: x, over: 5d}}\n"                \
    "scores:\n"                                                                                    \
    "  connection: {scale: 1, dimensions: {f: {weight: 1, target: 1}}, bands: {red: 0, green: "    \
    "1}}\n"                                                                                        \
    "  activity: {scale: 10, dimensions: {m: {weight: 1, target: 4}}, bands: {quiet: 0, active: "  \
    "5, keen: 8}}\n"                                                                               \
    "  flat: {scale: 1, dimensions: {m: {weight: 1, target: 4}}, bands: {all: 0}}\n"               \
    "  even: {scale: 1, dimensions: {m: {weight: 1, target: 4}}, bands: {all: 0}}\n"
#define X(keys) M "matrices: {x: {" keys "}}\n"
#define CELLS(cells) X("rows: connection, columns: activity, cells: " cells)

Test(matrices, what_cannot_be_meant_is_refused)
{
    static const struct row rows[] = {
        {X("columns: activity"), "f.yaml:8:12: |\"rows\" is missing"},
        {X("rows: connection"), "f.yaml:8:12: |\"columns\" is missing"},
        {X("rows: conection, columns: activity"),
         "f.yaml:8:22: |no score \"conection\"|did you mean \"connection\"?"},
        {X("rows: connection, columns: sales"),
         "f.yaml:8:43: |no score \"sales\"|add it under \"scores\""},
        {X("rows: activity, columns: activity"),
         "f.yaml:8:41: |the rows and the columns of the matrix \"x\" are the same score"},
        {X("rows: flat, columns: even"), "f.yaml:8:12: |never changes: both scores have one band"},
        {X("rows: flat, columns: activity, cells: {all: {quiet: a, active: a, keen: a}}"),
         "f.yaml:8:12: |never changes: all its cells have the same name"},
        {X("rows: connection, columns: activity, cell: {}"), "|did you mean \"cells\"?"},
        {CELLS("{}"), "f.yaml:8:53: |the cells of \"red\" have no names|a row for each band"},
        {CELLS("{red: {quiet: a, active: b, keen: c}}"),
         "f.yaml:8:53: |the cells of \"green\" have no names"},
        {CELLS("{red: {quiet: a, active: b}, green: {quiet: a, active: b, keen: c}}"),
         "f.yaml:8:61: |the cell of \"red\" and \"keen\" has no name"},
        {CELLS("{red: a, green: b}"), "f.yaml:8:66: |a row of cells is a|{quiet: NAME}"},
        {CELLS("{rad: {quiet: a}}"), "f.yaml:8:61: |has no band \"rad\"|did you mean \"red\"?"},
        {CELLS("{red: {quite: a}}"), "f.yaml:8:67: |has no band \"quite\"|mean \"quiet\"?"},
        {CELLS("{red: {quiet: a, quiet: b}}"), "f.yaml:8:77: |twice"},
        {CELLS("{red: {quiet: \"\"}}"), "f.yaml:8:74: |the name of a cell is empty"},
        {CELLS("{red: {quiet: [a]}}"), "f.yaml:8:74: |the name of a cell is"},
    };
    EXPECT_ALL_REFUSED(rows);
}

Test(matrices, there_are_not_too_many)
{
    char text[4096];
    for (int count = ENG_MATRICES_MAX; count <= ENG_MATRICES_MAX + 1; count++) {
        int used = snprintf(text, sizeof text, M "matrices:\n");
        for (int i = 0; i < count; i++)
            used += snprintf(text + used, sizeof text - (size_t)used,
                             "  x%d: {rows: connection, columns: activity}\n", i);
        if (count <= ENG_MATRICES_MAX)
            eng_config_free(load_good(text));
        else
            expect_refused(text, "f.yaml:8:1: |there are 9 matrices|at most 8 (ENG_MATRICES_MAX)");
    }
}

Test(matrices, cells_are_called_by_their_bands_or_as_written)
{
    struct eng_config *config = load_good(X("rows: connection, columns: activity"));
    const struct eng_matrix *matrix = &config->model->matrices[0];
    cr_expect_eq(matrix->cell_count, 6);
    cr_expect_str_eq(eng_model_matrix_name(config->model, 0), "x");
    cr_expect_null(eng_model_matrix_name(config->model, 1));
    cr_expect_str_eq(eng_model_cell_name(config->model, 0, 0, 2), "red/keen");
    cr_expect_str_eq(eng_model_cell_name(config->model, 0, 1, 0), "green/quiet");
    cr_expect_null(eng_model_cell_name(config->model, 0, 2, 0));
    cr_expect_null(eng_model_cell_name(config->model, 0, 0, 3));
    eng_config_free(config);
    config =
        load_good(CELLS("{green: {keen: good, active: good, quiet: asleep}, red: {quiet: lost, "
                        "keen: good, active: lost}}"));
    matrix = &config->model->matrices[0];
    cr_expect_eq(matrix->cell_count, 3, "cells of the same name are one");
    cr_expect_str_eq(eng_model_cell_name(config->model, 0, 0, 0), "lost");
    cr_expect_str_eq(eng_model_cell_name(config->model, 0, 0, 2), "good");
    cr_expect_str_eq(eng_model_cell_name(config->model, 0, 1, 0), "asleep");
    cr_expect_eq(eng_matrix_cell(matrix, 0, 2), eng_matrix_cell(matrix, 1, 1));
    eng_config_free(config);
}

Test(matrices, other_cells_make_another_model)
{
    static const char *const texts[] = {
        M "version: 2\n",
        X("rows: connection, columns: activity") "version: 2\n",
        X("rows: activity, columns: connection") "version: 2\n",
        CELLS("{green: {keen: a, active: a, quiet: b}, red: {quiet: b, keen: a, active: "
              "a}}") "version: 2\n",
        CELLS("{green: {keen: a, active: a, quiet: b}, red: {quiet: a, keen: a, active: "
              "a}}") "version: 2\n",
    };
    expect_models_differ(texts, sizeof texts / sizeof *texts);
}

Test(matrices, the_first_one_needs_a_restart_for_its_topic)
{
    struct eng_config *none = load_good(M "version: 1\n");
    struct eng_config *some = load_good(X("rows: connection, columns: activity") "version: 2\n");
    struct eng_config *other = load_good(X("rows: activity, columns: connection") "version: 3\n");
    struct eng_config *gone = load_good(M "version: 3\n");
    struct eng_error err = {0};
    cr_expect_eq(eng_config_takes_up(none, some, &err), ENG_BAD_CONFIG);
    cr_expect_not_null(strstr(err.text, "f.yaml:8:1: matrices need a restart"), "%s", err.text);
    cr_expect_eq(eng_config_follows(none, some, NULL), ENG_OK, "the counts can go on");
    cr_expect_eq(eng_config_takes_up(some, other, NULL), ENG_OK);
    cr_expect_eq(eng_config_takes_up(some, gone, NULL), ENG_OK);
    eng_config_free(none);
    eng_config_free(some);
    eng_config_free(other);
    eng_config_free(gone);
}
