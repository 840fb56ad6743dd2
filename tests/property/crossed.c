/* Writes random matrices. See crossed.h. Half of them are called by their bands, which stays good
 * when a changed program has other bands; those with names have few of them, so that cells share
 * some. */
#include "crossed.h"

enum { MATRICES_FEW = 3 };

static void cells(struct chance *chance, unsigned rows, unsigned columns, FILE *out)
{
    fprintf(out, ", cells: {");
    for (unsigned row = 0; row < rows; row++) {
        fprintf(out, "%sb%u: {", row > 0 ? ", " : "", row);
        for (unsigned column = 0; column < columns; column++)
            fprintf(out, "%sb%u: c%d", column > 0 ? ", " : "", column,
                    (int)chance_between(chance, 0, 4));
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

void crossed_write(struct chance *chance, const unsigned *bands, unsigned score_count, FILE *out)
{
    int count = (int)chance_between(chance, 1, MATRICES_FEW);
    if (score_count < 2 || chance_percent(chance, 40))
        return;
    fprintf(out, "matrices:\n");
    for (int i = 0; i < count; i++) {
        unsigned rows = (unsigned)chance_between(chance, 0, score_count - 1);
        unsigned columns = (unsigned)chance_between(chance, 0, score_count - 2);
        columns += columns >= rows;
        if (i > 0 && bands[rows] * bands[columns] == 1)
            continue; /* such a one would be refused */
        fprintf(out, "  x%d: {rows: s%u, columns: s%u", i, rows, columns);
        if (chance_percent(chance, 50))
            cells(chance, bands[rows], bands[columns], out);
        fprintf(out, "}\n");
    }
}
