/* Writes random matrices and reports. See crossed.h. Half of them are called by their bands, which
 * stays good when a changed program has other bands; those with names have few of them, so that
 * cells share some. */
#include "crossed.h"

enum { MATRICES_FEW = 3 };

/* At least two names, or the matrix would be refused. */
static int name_of(struct chance *chance, unsigned cell, unsigned cells)
{
    int drawn = (int)chance_between(chance, 0, 4);
    return cell == 0 ? 0 : cell + 1 == cells ? 1 : drawn;
}

static void cells(struct chance *chance, unsigned rows, unsigned columns, FILE *out)
{
    fprintf(out, ", cells: {");
    for (unsigned row = 0; row < rows; row++) {
        fprintf(out, "%sb%u: {", row > 0 ? ", " : "", row);
        for (unsigned column = 0; column < columns; column++)
            fprintf(out, "%sb%u: c%d", column > 0 ? ", " : "", column,
                    name_of(chance, row * columns + column, rows * columns));
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void matrices_write(struct chance *chance, const unsigned *bands, unsigned score_count,
                           FILE *out)
{
    int count = chance_percent(chance, 60) ? (int)chance_between(chance, 1, MATRICES_FEW) : 0;
    bool any = false;
    for (int i = 0; i < count && score_count > 1; i++) {
        unsigned rows = (unsigned)chance_between(chance, 0, score_count - 1);
        unsigned columns = (unsigned)chance_between(chance, 0, score_count - 2);
        columns += columns >= rows;
        if (bands[rows] * bands[columns] == 1)
            continue; /* such a one would be refused */
        fprintf(out, "%s  x%d: {rows: s%u, columns: s%u", any ? "" : "matrices:\n", i, rows,
                columns);
        any = true;
        if (chance_percent(chance, 50))
            cells(chance, bands[rows], bands[columns], out);
        fprintf(out, "}\n");
    }
}

static void moment(struct chance *chance, bool week, bool hours, FILE *out)
{
    fprintf(out, ", at: {day: ");
    if (chance_percent(chance, 20))
        fprintf(out, "last");
    else
        fprintf(out, "%d", (int)chance_between(chance, 1, week ? 7 : 28));
    if (hours)
        fprintf(out, ", hour: %d", (int)chance_between(chance, 0, 23));
    fprintf(out, "}");
}

/* A week is what a short history has most of. */
static void reports_write(struct chance *chance, const unsigned *bands, unsigned score_count,
                          bool hours, FILE *out)
{
    static const char *const periods[] = {"week", "week", "week", "month", "quarter", "year"};
    if (chance_percent(chance, 70))
        return;
    fprintf(out, "reports:\n");
    int count = (int)chance_between(chance, 1, 2);
    for (int i = 0; i < count; i++) {
        unsigned first = (unsigned)chance_between(chance, 0, score_count - 1);
        uint64_t period = (uint64_t)chance_between(chance, 0, 5);
        fprintf(out, "  r%d: {of: [s%u", i, first);
        if (score_count > 1 && chance_percent(chance, 50))
            fprintf(out, ", s%u", (first + 1) % score_count);
        fprintf(out, "], every: %s", periods[period]);
        if (chance_percent(chance, 70))
            moment(chance, period < 3, hours, out);
        if (chance_percent(chance, 60))
            fprintf(out, ", trend: %d.%d", (int)chance_between(chance, 0, 2),
                    (int)chance_between(chance, 1, 9));
        if (chance_percent(chance, 30))
            fprintf(out, ", for: [b%d]", (int)chance_between(chance, 0, bands[first] - 1));
        fprintf(out, "}\n");
    }
}

void crossed_write(const struct chance *chance, const unsigned *bands, unsigned score_count,
                   bool hours, FILE *out)
{
    struct chance own = {chance->state * 0x2545F4914F6CDD1Du + 5};
    matrices_write(&own, bands, score_count, out);
    reports_write(&own, bands, score_count, hours, out);
}

bool crossed_tiers(const struct chance *chance)
{
    struct chance own = {chance->state * 0x2545F4914F6CDD1Du + 7};
    return chance_percent(&own, 40);
}
