/* Writes random groups. See grouped.h. */
#include "grouped.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static unsigned one_of(struct chance *chance, unsigned count)
{
    return (unsigned)chance_between(chance, 0, (int64_t)count - 1);
}

/* `every`: moves may be counted over it; NULL: they are counted over another period already. */
static void test(struct chance *chance, const struct grouped *of, const char *every, FILE *out)
{
    unsigned score = one_of(chance, of->scores);
    if (of->bands[score] > 1 && every != NULL && chance_percent(chance, 25)) {
        fprintf(out, "{score: s%u, moved: %s}", score, chance_percent(chance, 50) ? "up" : "down");
        return;
    }
    if (of->bands[score] > 1 && chance_percent(chance, 35)) {
        fprintf(out, "{score: s%u, bands: [b%u]}", score, one_of(chance, of->bands[score]));
        return;
    }
    fprintf(out, "{measure: m%u", one_of(chance, of->measures));
    if (chance_percent(chance, 60))
        fprintf(out, ", at_least: %" PRId64, chance_between(chance, -1, 6));
    fprintf(out, "}");
}

static void figure(struct chance *chance, const struct grouped *of, const char *every,
                   unsigned index, FILE *out)
{
    static const char *const ones[] = {"sum", "mean", "nps"};
    static const char *const twos[] = {"ratio", "growth"};
    unsigned first = one_of(chance, of->measures);
    int64_t kind = chance_between(chance, 0, 5);
    fprintf(out, "      k%u: {", index);
    if (kind <= 1 || (kind == 5 && of->measures < 2)) {
        fprintf(out, "%s: ", kind == 0 ? "count" : "share");
        test(chance, of, every, out);
        if (kind == 1 && chance_percent(chance, 60)) {
            fprintf(out, ", of: ");
            test(chance, of, every, out);
        }
    } else if (kind < 5) {
        fprintf(out, "%s: m%u", ones[kind - 2], first);
    } else {
        fprintf(out, "%s: [m%u, m%u]", CHANCE_ONE_OF(chance, twos), first,
                (first + 1) % of->measures);
    }
    fprintf(out, "}\n");
}

static void splits(struct chance *chance, const struct grouped *of, FILE *out)
{
    bool any = false;
    fprintf(out, "    by: [");
    for (unsigned i = 0; i < 3; i++)
        if (of->facts >> i & 1 && chance_percent(chance, 70)) {
            fprintf(out, "%sf%u", any ? ", " : "", i);
            any = true;
        }
    if (!any || chance_percent(chance, 50))
        fprintf(out, "%ss%u", any ? ", " : "", one_of(chance, of->scores));
    fprintf(out, "]\n");
}

/* A week is what a short history has most of. */
static const char *const periods[] = {"week", "week", "week", "month", "quarter", "year"};

/* Small ones, so that somebody has no place. */
static void boards(const struct chance *chance, const struct grouped *of, FILE *out)
{
    struct chance own = {chance->state * 0x9E3779B97F4A7C15u + 7};
    if (of->scores == 0 || of->measures == 0 || chance_percent(&own, 60))
        return;
    fprintf(out, "boards:\n");
    int count = (int)chance_between(&own, 1, 2);
    for (int i = 0; i < count; i++) {
        bool score = chance_percent(&own, 50);
        fprintf(out, "  b%d:\n    every: %s\n", i, CHANCE_ONE_OF(&own, periods));
        fprintf(out, "    top: %d\n", (int)chance_between(&own, 1, 4));
        fprintf(out, "    of: %c%u\n", score ? 's' : 'm',
                one_of(&own, score ? of->scores : of->measures));
        if (chance_percent(&own, 50))
            splits(&own, of, out);
    }
}

static void groups(const struct chance *chance, const struct grouped *of, FILE *out)
{
    struct chance own = {chance->state * 0x2545F4914F6CDD1Du + 11};
    if (of->scores == 0 || of->measures == 0 || chance_percent(&own, 60))
        return;
    fprintf(out, "groups:\n");
    const char *first = NULL;
    int count = (int)chance_between(&own, 1, 2);
    for (int i = 0; i < count; i++) {
        const char *every = CHANCE_ONE_OF(&own, periods);
        first = i == 0 ? every : first;
        fprintf(out, "  g%d:\n    every: %s\n", i, every);
        if (chance_percent(&own, 60))
            splits(&own, of, out);
        fprintf(out, "    figures:\n");
        unsigned figures = (unsigned)chance_between(&own, 1, 6);
        for (unsigned j = 0; j < figures; j++)
            figure(&own, of, strcmp(first, every) == 0 ? every : NULL, j, out);
    }
}

void grouped_write(const struct chance *chance, const struct grouped *of, FILE *out)
{
    groups(chance, of, out);
    boards(chance, of, out);
}
