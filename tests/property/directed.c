/* Writes small programs with exact edges. See directed.h.
 *
 * What a program is made of is drawn first (struct kind), so that each has few constructs that meet
 * often rather than a bit of everything. */
#include "directed.h"
#include "crossed.h"
#include "grouped.h"
#include <inttypes.h>

enum { WINDOWS_MAX = 3, MEASURES_MAX = 5, SCORES_MOST = 16, ALERTS_MOST = 32 };

struct kind {
    struct chance *chance;
    FILE *out;
    const char *unit; /* of panes: d or h */
    int64_t windows[WINDOWS_MAX];
    unsigned window_count, measures, scores, alerts;
    unsigned other;  /* per cent of measures that are no plain counts */
    unsigned backs;  /* per cent of windows that lie back */
    unsigned curves; /* per cent of dimensions by steps */
    unsigned skips;  /* per cent of dimensions that may be skipped */
    unsigned points; /* per cent of scores */
    unsigned dwells; /* per cent of scores */
    unsigned holds;  /* per cent of alerts on scores */
    unsigned deep;   /* per cent of targets beyond any table */
    bool below;      /* points may be under 0 */
    bool sinces;     /* all measures but the first are panes since an event */
    bool patient;    /* nothing but drops is told, and cooldowns are long */
    int64_t drop_most;
    uint64_t ratios; /* a bit for each measure that is one */
    unsigned bands[SCORES_MOST];
};

static const char *const names[] = {"x", "invoice.upload", "platform.login", "training.start"};

static bool percent(const struct kind *k, unsigned share)
{
    return chance_percent(k->chance, share);
}

static int64_t between(const struct kind *k, int64_t low, int64_t high)
{
    return chance_between(k->chance, low, high);
}

static const char *name(const struct kind *k)
{
    return CHANCE_ONE_OF(k->chance, names);
}

static int64_t window(const struct kind *k)
{
    return k->windows[between(k, 0, k->window_count - 1)];
}

/* Of two earlier measures; false: these are not such. */
static bool ratio(struct kind *k, unsigned index)
{
    unsigned one = (unsigned)between(k, 0, index - 1), two = (unsigned)between(k, 0, index - 1);
    if (one == two || (k->ratios >> one & 1) || (k->ratios >> two & 1))
        return false;
    fprintf(k->out, "  m%u: {ratio: [m%u, m%u]}\n", index, one, two);
    k->ratios |= 1ull << index;
    return true;
}

static void measure(struct kind *k, unsigned index)
{
    static const char *const periods[] = {"week", "month", "life"};
    int64_t what = index == 0 || !percent(k, k->other) ? 0 : between(k, 1, 10);
    if (k->patient && k->other > 0)
        what = index == 0 ? 2 : between(k, 2, 5);
    if (k->sinces && index > 0)
        what = 10;
    if (index > 1 && what == 9 && ratio(k, index))
        return;
    fprintf(k->out, "  m%u: {", index);
    if (what == 0 && percent(k, 30))
        fprintf(k->out, "count: [\"%s\", \"%s\"]", names[between(k, 0, 1)],
                names[between(k, 2, 3)]);
    else if (what == 0 || what == 7)
        fprintf(k->out, "count: \"%s\"", name(k));
    else if (what == 1)
        fprintf(k->out, "active: \"%s\"", name(k));
    else if (what <= 3)
        fprintf(k->out, "%s: value, of: \"%s\"", what == 2 ? "sum" : "last", name(k));
    else if (what == 4)
        fprintf(k->out, "members: \"%s\"", name(k));
    else if (what == 5)
        fprintf(k->out, "streak: \"%s\"", name(k));
    else if (what == 10)
        fprintf(k->out, "since: \"%s\"", name(k));
    else if (percent(k, 50))
        fprintf(k->out, "state: social.connect, until: social.disconnect");
    else
        fprintf(k->out, "state: \"%s\", until: \"%s\"", names[between(k, 0, 1)],
                names[between(k, 2, 3)]);
    if (what == 7 || (what == 10 && percent(k, 20)))
        fprintf(k->out, ", over: %s", CHANCE_ONE_OF(k->chance, periods));
    else if (what < 5 || what == 10)
        fprintf(k->out, ", over: %" PRId64 "%s", window(k), k->unit);
    if (what < 3 && percent(k, k->backs))
        fprintf(k->out, ", ago: %" PRId64 "%s", window(k), k->unit);
    fprintf(k->out, "}\n");
}

static void steps(const struct kind *k)
{
    int64_t x = between(k, 0, 1), points = between(k, 2, 4);
    int64_t y = percent(k, 70) ? 0 : between(k, 0, 10);
    bool falls = k->sinces && percent(k, 70), rises = percent(k, 60);
    y = falls ? 10 : y;
    fprintf(k->out, "steps: [");
    for (int64_t i = 0; i < points; i++) {
        fprintf(k->out, "%s[%" PRId64 ", %s]", i > 0 ? ", " : "", x,
                (const char *[]){"0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9",
                                 "1"}[y]);
        x += between(k, 1, 4);
        y = falls ? between(k, 0, y) : between(k, rises ? y : 0, 10);
    }
    fprintf(k->out, "]");
}

static void weighted(const struct kind *k)
{
    int64_t dimensions = between(k, 1, 3), left = 10;
    fprintf(k->out, "    scale: 10\n    dimensions:\n");
    for (int64_t i = 0; i < dimensions; i++) {
        int64_t weight = i + 1 == dimensions ? left : between(k, 1, left - (dimensions - i - 1));
        left -= weight;
        fprintf(k->out, "      d%" PRId64 ": {weight: %" PRId64 ", measure: m%" PRId64 ", ", i,
                weight, k->patient ? i % k->measures : between(k, 0, k->measures - 1));
        if (percent(k, k->curves))
            steps(k);
        else if (percent(k, k->deep))
            fprintf(k->out, "target: %" PRId64, between(k, 255, 300));
        else
            fprintf(k->out, "target: %" PRId64, percent(k, 80) ? weight : between(k, 1, 10));
        if (i > 0 && percent(k, k->skips))
            fprintf(k->out, ", missing: skip");
        fprintf(k->out, "}\n");
    }
}

static void points(const struct kind *k, bool tiers)
{
    int64_t keys = between(k, 1, 3), first = between(k, 0, 3);
    fprintf(k->out, "    points:\n");
    for (int64_t i = 0; i < keys; i++)
        fprintf(k->out, "      \"%s\": %" PRId64 "\n", names[(first + i) % 4],
                between(k, k->below ? -3 : 0, 4));
    if (tiers)
        fprintf(k->out, "    over: %s\n", percent(k, 70) ? "week" : "month");
    else
        fprintf(k->out, "    over: %" PRId64 "%s\n", window(k), k->unit);
}

static void elapsed(const struct kind *k)
{
    static const char *const parts[] = {"1h", "12h", "25h", "30m"};
    if (percent(k, 75))
        fprintf(k->out, "%" PRId64 "%s", between(k, 1, k->patient ? 40 : 9), k->unit);
    else
        fprintf(k->out, "%s", CHANCE_ONE_OF(k->chance, parts));
}

static void score(struct kind *k, unsigned index)
{
    fprintf(k->out, "  s%u:\n", index);
    bool pointed = percent(k, k->points), tiers = pointed && crossed_tiers(k->chance);
    if (pointed)
        points(k, tiers);
    else
        weighted(k);
    int64_t bands = k->patient || percent(k, 30) ? 1 : between(k, 2, 3),
            edge = k->below ? between(k, -3, 0) : 0;
    fprintf(k->out, "    %s:\n      b0: %" PRId64 "\n", tiers ? "tiers" : "bands", edge);
    for (int64_t i = 1; i < bands; i++) {
        edge += between(k, 1, 4);
        fprintf(k->out,
                percent(k, 25) ? "      b%" PRId64 ": {above: %" PRId64 "}\n"
                               : "      b%" PRId64 ": %" PRId64 "\n",
                i, edge);
    }
    k->bands[index] = (unsigned)bands;
    if (tiers && percent(k, 60))
        fprintf(k->out, "    grace: %" PRId64 "%s\n", between(k, 0, 7), k->unit);
    if (!tiers && bands > 1 && percent(k, 30))
        fprintf(k->out, "    margin: %" PRId64 "\n", between(k, 1, 2));
    if (!tiers && percent(k, k->dwells)) {
        fprintf(k->out, "    dwell: ");
        elapsed(k);
        fprintf(k->out, "\n");
    }
    if (!k->patient && percent(k, 35))
        fprintf(k->out, "    tell_every: %" PRId64 "\n", between(k, 1, 5));
}

static void alert(const struct kind *k, unsigned index)
{
    int64_t of = between(k, 0, k->scores - 1), what = between(k, 0, 15);
    fprintf(k->out, "  a%u: {", index);
    if (what >= 14) {
        int64_t from = between(k, 0, 3), within = between(k, 1, 12);
        fprintf(k->out, "after: \"%s\", expects: \"%s\", within: %" PRId64 "%s", names[from],
                names[(from + between(k, 1, 3)) % 4], within, k->unit);
        if (percent(k, 40))
            fprintf(k->out, ", remind: %" PRId64 "%s", between(k, 1, within), k->unit);
        if (percent(k, 20))
            fprintf(k->out, ", hold_out: %" PRId64 "%%", between(k, 1, 99));
        fprintf(k->out, "%s}\n", percent(k, 50) ? ", tell_met: true" : "");
        return;
    }
    if (what <= 1 && k->bands[of] > 1) {
        fprintf(k->out, "score: s%" PRId64 ", falls_to: b%" PRId64, of,
                between(k, 0, k->bands[of] - 2));
        if (what == 1)
            fprintf(k->out, ", forecast: %" PRId64 "%s", between(k, 1, 6), k->unit);
    } else if (what == 10 && k->bands[of] > 1)
        fprintf(k->out, "score: s%" PRId64 ", rises_to: b%" PRId64, of,
                between(k, 1, k->bands[of] - 1));
    else if (what > 10)
        fprintf(k->out, "score: s%" PRId64 ", %s: %" PRId64 ", margin: %" PRId64, of,
                what == 13 ? "above" : "below", between(k, k->below ? -3 : 0, k->drop_most),
                percent(k, 60) ? 0 : between(k, 1, 2));
    else if (what == 2)
        fprintf(k->out, "silence: \"%s\", horizon: %" PRId64 "%s, min_active: %" PRId64, name(k),
                between(k, 2, 12), k->unit, between(k, 1, 3));
    else
        fprintf(k->out, "score: s%" PRId64 ", drop: %" PRId64 "%s, within: %" PRId64 "%s", of,
                what == 3 ? between(k, 1, 10) * 10 : between(k, 1, k->drop_most),
                what == 3 ? "%" : "",
                percent(k, 50) ? window(k) : between(k, 1, k->patient ? 40 : 12), k->unit);
    if (what >= 2 && what < 10 && k->bands[of] > 1 && percent(k, 30)) {
        if (what == 2)
            fprintf(k->out, ", score: s%" PRId64, of);
        fprintf(k->out, ", forecast: %" PRId64 "%s", between(k, 1, 14), k->unit);
    }
    if (percent(k, k->patient ? 90 : 60)) {
        fprintf(k->out, ", cooldown: ");
        elapsed(k);
    }
    if (what != 2 && percent(k, k->holds))
        fprintf(k->out, ", while_provisional: hold");
    if (percent(k, 20))
        fprintf(k->out, ", hold_out: %" PRId64 "%%", between(k, 1, 99));
    fprintf(k->out, "}\n");
}

static struct kind draw(struct chance *chance, FILE *out)
{
    static const unsigned shares[] = {0, 0, 30, 70};
    struct kind k = {.chance = chance, .out = out};
    k.unit = percent(&k, 25) ? "h" : "d";
    k.window_count = percent(&k, 50) ? 1 : (unsigned)between(&k, 2, WINDOWS_MAX);
    for (unsigned i = 0; i < k.window_count; i++)
        k.windows[i] = percent(&k, 85)   ? between(&k, 1, 12)
                       : percent(&k, 85) ? between(&k, 13, 40)
                                         : between(&k, 250, 1100);
    k.measures = (unsigned)between(&k, 1, MEASURES_MAX);
    k.scores = (unsigned)(percent(&k, 50) ? 1 : between(&k, 2, 3));
    k.other = CHANCE_ONE_OF(chance, shares);
    k.backs = CHANCE_ONE_OF(chance, shares) / 2;
    k.curves = CHANCE_ONE_OF(chance, shares);
    k.skips = CHANCE_ONE_OF(chance, shares) / 2;
    k.points = CHANCE_ONE_OF(chance, shares);
    k.dwells = CHANCE_ONE_OF(chance, shares) / 2;
    k.holds = CHANCE_ONE_OF(chance, shares);
    k.deep = CHANCE_ONE_OF(chance, shares) / 4;
    k.below = percent(&k, 25);
    k.patient = percent(&k, 25);
    k.sinces = !k.patient && percent(&k, 20);
    if (k.patient && percent(&k, 50)) {
        k.measures = 2;
        k.other = 100;
        k.window_count = 2;
        k.windows[0] = between(&k, 8, 20);
        k.windows[1] = between(&k, 2, 7);
    }
    k.alerts = percent(&k, 10) ? 0 : (unsigned)between(&k, 1, 3);
    if (percent(&k, 5)) { /* as many of everything as there may be */
        k.measures = (unsigned)between(&k, 5, 40);
        k.scores = (unsigned)between(&k, 1, SCORES_MOST);
        k.alerts = (unsigned)between(&k, 10, ALERTS_MOST);
    }
    k.drop_most = between(&k, 1, 8);
    return k;
}

void directed_write(struct chance *chance, FILE *out, struct program_traits *ret_traits)
{
    struct kind k = draw(chance, out);
    ret_traits->pane_ms = *k.unit == 'h' ? 3600000 : 86400000;
    ret_traits->directed = true;
    fprintf(out, "program: directed\ntime:\n  pane: 1%s\n", k.unit);
    if (percent(&k, 25))
        fprintf(out, "  zone: America/New_York\n");
    if (percent(&k, 30))
        fprintf(out, "  late_after: %" PRId64 "%s\n", between(&k, 1, 14), k.unit);
    if (percent(&k, 80))
        fprintf(out, "  dedup: %" PRId64 "%s\n",
                percent(&k, 40)   ? 0
                : percent(&k, 90) ? between(&k, 1, 20)
                                  : between(&k, 240, 300),
                k.unit);
    fprintf(out, "measures:\n");
    for (unsigned i = 0; i < k.measures; i++)
        measure(&k, i);
    fprintf(out, "scores:\n");
    for (unsigned i = 0; i < k.scores; i++)
        score(&k, i);
    crossed_write(chance, k.bands, k.scores, *k.unit == 'h', out);
    grouped_write(chance, &(struct grouped){k.measures, k.scores, 0, k.bands}, out);
    if (k.alerts > 0)
        fprintf(out, "alerts:\n");
    for (unsigned i = 0; i < k.alerts; i++)
        alert(&k, i);
    if (k.alerts > 0 && percent(&k, 25))
        fprintf(out, "guards:\n  g: {usual_least: 1, below: %" PRId64 "%%, alerts: [a0]%s}\n",
                between(&k, 30, 99), percent(&k, 40) ? ", then: drop" : "");
}
