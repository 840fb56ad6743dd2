/* Writes random programs. See program.h.
 *
 * Windows are a few panes long so that short histories see them slide; amounts and targets are of
 * a size that lets scores move through their bands. Actions are few and overlap in families.
 *
 * A third of the programs are plain: counts over one length of windows, and nothing that falls when
 * a count rises. Those are the ones that the engine has quick ways for. */
#include "program.h"
#include "base/assert.h"
#include "crossed.h"
#include "directed.h"
#include "grouped.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEASURES_MAX = 8, BANDS_MAX = 5 };

struct writer {
    struct chance *chance;
    FILE *out;
    bool hours;          /* panes are hours */
    bool filters;        /* actions are asked for by attributes too */
    int64_t plain_panes; /* a plain program: the length of all windows; 0: anything goes */
    unsigned measures, facts;
    uint32_t choices;      /* a bit for each fact that is one of some texts */
    uint32_t numbers;      /* that no weight and no alert may ask */
    uint32_t texts;        /* that no measure reads */
    const char *option[8]; /* of a choice: one of its texts */
    uint32_t ratios;       /* a bit for each measure that is one */
    struct {
        bool points, tiers;
        unsigned bands;
        int64_t scale_e4; /* the greatest value, or about that */
    } scores[4];
    unsigned score_count;
    bool holds;       /* some checks may hold events */
    int64_t late;     /* panes that events may be late; 0: not drawn */
    unsigned ledgers; /* 0: nothing is paid */
    bool nudges;      /* some dimensions may be suggested */
    const char *name; /* the first of the actions that were written last */
    struct {
        const char *name; /* of its actions; NULL: it is neither a count nor a sum */
        bool sum;
    } countable[MEASURES_MAX];
};

/* Zones with whole and odd offsets, with midnights that come twice or not at all, with a day that
 * was left out (Apia), with offsets of minutes and seconds at the epoch (Monrovia). */
static const char *const zones[] = {
    "Asia/Kolkata",        "Europe/Amsterdam",  "America/Havana",  "America/New_York",
    "Australia/Lord_Howe", "Asia/Kathmandu",    "Pacific/Apia",    "Africa/Monrovia",
    "America/Sao_Paulo",   "America/St_Johns",  "Pacific/Chatham", "Pacific/Kiritimati",
    "Asia/Tehran",         "America/Anchorage", "Africa/Cairo",    "Asia/Beirut",
};

/* What a list of actions may name. Histories draw from the same names, and others. */
static const char *const names[] = {
    "platform.login",     "invoice.upload",
    "training.start",     "training.complete",
    "training.quiz.pass", "x",
    "training.*",         "training.quiz.*",
    "platform.*",         "deal.*",
};

static bool percent(struct writer *w, unsigned share)
{
    return chance_percent(w->chance, share);
}

static int64_t between(struct writer *w, int64_t low, int64_t high)
{
    return chance_between(w->chance, low, high);
}

static void number(struct writer *w, int64_t e4)
{
    uint64_t size = e4 < 0 ? 0 - (uint64_t)e4 : (uint64_t)e4;
    fprintf(w->out, "%s%" PRIu64, e4 < 0 ? "-" : "", size / 10000);
    if (size % 10000 != 0)
        fprintf(w->out, ".%04" PRIu64, size % 10000);
}

static void panes(struct writer *w, int64_t count)
{
    if (w->hours && count % 24 == 0 && percent(w, 50))
        fprintf(w->out, "%" PRId64 "d", count / 24);
    else
        fprintf(w->out, "%" PRId64 "%s", count, w->hours ? "h" : "d");
}

/* Any elapsed time, whole panes or not. */
static void elapsed(struct writer *w)
{
    if (percent(w, 50))
        panes(w, between(w, 1, 8));
    else if (percent(w, 50))
        fprintf(w->out, "%" PRId64 "h", between(w, 1, 100));
    else
        fprintf(w->out, "%" PRId64 "m", between(w, 1, 3000));
}

/* A name, or a list without repetition. */
static void actions(struct writer *w)
{
    enum { NAMES = sizeof names / sizeof names[0] };
    uint64_t first = chance_next(w->chance) % NAMES;
    w->name = names[first];
    if (percent(w, 60)) {
        fprintf(w->out, "\"%s\"", names[first]);
        return;
    }
    fprintf(w->out, "[\"%s\", \"%s\"", names[first], names[(first + 1) % NAMES]);
    if (percent(w, 30))
        fprintf(w->out, ", \"%s\"", names[(first + 4) % NAMES]);
    fprintf(w->out, "]");
}

/* A filter, in some programs. They overlap, hold each other and exclude each other. */
static const char *const filters[] = {
    "{region: north}",
    "{region: south}",
    "{region: [north, south]}",
    "{region: [south, east], source: portal}",
    "{source: [web, portal]}",
    "{source: portal}",
    "{region: north, source: web}",
    "{odd: [true, 1, \"\"]}",
    "{region: [north, east], odd: x}",
    "{region: [north, east, south]}",
};

static const char *filter(struct writer *w)
{
    return CHANCE_ONE_OF(w->chance, filters);
}

static void where(struct writer *w)
{
    if (w->filters && percent(w, 60))
        fprintf(w->out, ", where: %s", filter(w));
}

static int64_t window_panes(struct writer *w)
{
    if (percent(w, 75))
        return between(w, 1, 7);
    if (percent(w, 80))
        return between(w, 8, 31);
    return percent(w, 90) ? between(w, 32, 200) : between(w, 200, 2000);
}

/* Returns whether the window may lie back. */
static bool over(struct writer *w, bool rolling_only)
{
    static const char *const calendar[] = {"week", "month", "quarter", "life"};
    fprintf(w->out, "over: ");
    if (w->plain_panes > 0)
        panes(w, w->plain_panes);
    else if (rolling_only || percent(w, 70))
        panes(w, window_panes(w));
    else {
        fprintf(w->out, "%s", CHANCE_ONE_OF(w->chance, calendar));
        return false;
    }
    return w->plain_panes == 0;
}

static void window(struct writer *w, unsigned index, bool lies_back)
{
    fprintf(w->out, ", ");
    if (!over(w, index == 0) || !lies_back || !percent(w, 25))
        return;
    fprintf(w->out, ", ago: ");
    panes(w, window_panes(w));
}

static void time_section(struct writer *w)
{
    fprintf(w->out, "program: random\n"
                    "input: {fields: {numbers: {points: points, quantity: q.n, stock: stock}}}\n");
    if (percent(w, 30))
        fprintf(w->out, "version: %" PRId64 "\n", between(w, 1, 9));
    fprintf(w->out, "time:\n  future_skew: 10m\n");
    if (percent(w, 60))
        fprintf(w->out, "  zone: %s\n", CHANCE_ONE_OF(w->chance, zones));
    if (w->hours)
        fprintf(w->out, "  pane: 1h\n");
    if (w->holds || percent(w, 50)) {
        int64_t least = w->holds ? 2 : 1;
        w->late = percent(w, 60) ? between(w, least, 12) : between(w, 13, 400);
        fprintf(w->out, "  late_after: ");
        panes(w, w->late);
        fprintf(w->out, "\n");
    }
    if (percent(w, 70)) {
        fprintf(w->out, "  dedup: ");
        panes(w, percent(w, 30) ? 0 : percent(w, 95) ? between(w, 1, 5) : between(w, 200, 400));
        fprintf(w->out, "\n");
    }
}

/* Of an earlier measure and another one, either way round. One that comes later may turn out to be
 * a ratio itself, and the program is refused. False: there are no two. */
static bool ratio(struct writer *w, unsigned index)
{
    unsigned one = (unsigned)between(w, 0, index - 1), two = index + 1;
    if (two == w->measures || percent(w, 80))
        two = (unsigned)between(w, 0, index - 1);
    if (one == two || (w->ratios >> one & 1) || (w->ratios >> two & 1))
        return false;
    bool turned = percent(w, 50);
    fprintf(w->out, "  m%u: {ratio: [m%u, m%u]}\n", index, turned ? two : one, turned ? one : two);
    w->ratios |= 1u << index;
    return true;
}

/* Of a ledger. One that never expires has not expired either, and the program is refused. */
static void booked(struct writer *w, unsigned index)
{
    int64_t ledger = between(w, 0, w->ledgers - 1), kind = between(w, 0, 3);
    if (kind <= 1) {
        fprintf(w->out, "earned: l%" PRId64, ledger);
        window(w, index, true);
    } else {
        fprintf(w->out, "%s: l%" PRId64, kind == 2 ? "balance" : "expired", ledger);
    }
    if (kind == 3)
        w->ratios |= 1u << index;
    fprintf(w->out, "}\n");
}

/* ---- facts ---- */

/* What histories may set a choice to, and texts that they never do. */
static const char *const choices[][4] = {{"north", "south", "east", "west"},
                                         {"portal", "web", "app", "none"},
                                         {"x", "1", "true", "2.50"}};
static const char *const choice_of[] = {"region", "source", "odd"};

static void choice(struct writer *w, unsigned index)
{
    uint64_t of = chance_next(w->chance) % 3;
    int64_t first = between(w, 0, 3), count = between(w, 1, 4);
    fprintf(w->out, ", from: %s, values: [", choice_of[of]);
    for (int64_t i = 0; i < count; i++)
        fprintf(w->out, "%s%s", i > 0 ? ", " : "", choices[of][(first + i) % 4]);
    fprintf(w->out, "]");
    w->choices |= 1u << index;
    w->option[index] = choices[of][(first + between(w, 0, count - 1)) % 4];
}

/* What is summed, paid by or noted: the value, or one of the numbers that all histories have. By a
 * chance of its own, so that the rest of the program is as it would be without. */
static const char *amount(const struct writer *w)
{
    static const char *const names_of[] = {"value",  "value",    "value",
                                           "points", "quantity", "stock"};
    struct chance own = *w->chance;
    own.state = own.state * 0x2545F4914F6CDD1Du + 5;
    return CHANCE_ONE_OF(&own, names_of);
}

static void fact(struct writer *w, unsigned index)
{
    fprintf(w->out, "  f%u: {set: ", index);
    actions(w);
    if (percent(w, 50))
        fprintf(w->out, ", cleared: %s",
                percent(w, 60) ? "social.disconnect" : "[social.disconnect, \"widget.off.*\"]");
    if (percent(w, 40))
        choice(w, index);
    else if (percent(w, 40)) {
        fprintf(w->out, ", from: %s", percent(w, 50) ? "odd" : amount(w));
        w->numbers |= 1u << index;
    } else if (percent(w, 30)) {
        fprintf(w->out, ", from: %s, text: %" PRId64, choice_of[between(w, 0, 2)],
                between(w, 1, 9));
        w->numbers |= 1u << index;
        w->texts |= 1u << index;
    }
    if (percent(w, 30))
        fprintf(w->out, ", tell: true");
    if (percent(w, 60)) {
        fprintf(w->out, ", valid_for: ");
        elapsed(w);
    }
    where(w);
    fprintf(w->out, "}\n");
}

/* A measure of a fact. Of a choice it may ask for a text that is not among its values, and the
 * program is refused. */
static bool reading(struct writer *w, unsigned index)
{
    unsigned of = (unsigned)between(w, 0, w->facts - 1);
    if (w->texts >> of & 1)
        return false; /* it is no number */
    fprintf(w->out, "  m%u: {fact: f%u", index, of);
    if ((w->choices >> of & 1) && percent(w, 50))
        fprintf(w->out, ".%s",
                percent(w, 90) ? w->option[of]
                               : CHANCE_ONE_OF(w->chance, choices[chance_next(w->chance) % 3]));
    fprintf(w->out, "}\n");
    return true;
}

/* A number, or numbers by facts. */
static void chosen(struct writer *w, int64_t e4, int64_t other_e4)
{
    unsigned of = (unsigned)between(w, 0, 7), second = (unsigned)between(w, 0, 7);
    if (of >= w->facts || w->plain_panes > 0 || (w->numbers >> of & 1)) {
        number(w, e4);
        return;
    }
    fprintf(w->out, "{default: ");
    number(w, e4);
    for (int i = 0; i < 2; i++, of = second) {
        if (of >= w->facts || (w->numbers >> of & 1) || (i == 1 && of == 0))
            continue;
        bool choice = w->choices >> of & 1;
        fprintf(w->out, ", f%u%s%s: ", of, choice ? "." : "", choice ? w->option[of] : "");
        number(w, other_e4 + i * 10000);
    }
    fprintf(w->out, "}");
}

/* The partners that an alert is for. */
static void partners(struct writer *w)
{
    unsigned of = (unsigned)between(w, 0, 3);
    if (of >= w->facts || (w->numbers >> of & 1))
        return;
    fprintf(w->out, ", for: {f%u: %s}", of,
            w->choices >> of & 1 ? w->option[of]
            : percent(w, 60)     ? "yes"
                                 : "no");
}

/* A control group, of an alert's own or with a salt that others may have too. */
static void control(struct writer *w)
{
    if (!percent(w, 25))
        return;
    fprintf(w->out, ", hold_out: %" PRId64 "%%", percent(w, 90) ? between(w, 10, 90) : 100);
    if (percent(w, 40))
        fprintf(w->out, ", salt: \"%" PRId64 " x\"", between(w, 0, 1));
}

static void measure(struct writer *w, unsigned index)
{
    static const char *const kinds[] = {"count", "active", "members"};
    /* Plain programs now and then have something that an event can lower: a state, a last value. */
    int64_t kind = w->plain_panes > 0 && !percent(w, 15) ? 0 : between(w, 0, 11);
    if (kind == 10 && index > 0 && ratio(w, index))
        return;
    if (w->facts > 0 && index > 0 && percent(w, w->plain_panes > 0 ? 10 : 30) && reading(w, index))
        return;
    fprintf(w->out, "  m%u: {", index);
    if (index > 0 && w->ledgers > 0 && percent(w, 30)) {
        booked(w, index);
        return;
    }
    w->name = NULL;
    if (kind <= 4) {
        fprintf(w->out, "%s: ", kinds[kind % 3]);
        actions(w);
        window(w, index, kind % 3 < 2);
    } else if (kind == 11) {
        fprintf(w->out, "since: ");
        actions(w);
        window(w, index, false);
    } else if (kind <= 7 || index == 0) {
        fprintf(w->out, "%s: %s, of: ", kind == 7 ? "last" : "sum", amount(w));
        actions(w);
        window(w, index, kind != 7);
    } else if (kind == 8) {
        fprintf(w->out, "streak: ");
        actions(w);
    } else {
        fprintf(w->out, "state: %s, until: %s",
                percent(w, 50) ? "[social.connect, widget.install]" : "social.connect",
                percent(w, 70) ? "social.disconnect" : "[social.disconnect, \"widget.off.*\"]");
    }
    w->countable[index].sum = kind == 5 || kind == 6 || (index == 0 && kind > 7);
    if ((kind <= 4 && kind % 3 == 0) || w->countable[index].sum)
        w->countable[index].name = w->name;
    where(w);
    fprintf(w->out, "}\n");
}

static void steps(struct writer *w)
{
    int64_t x = between(w, -20000, 20000);
    int64_t points = between(w, 2, 4);
    fprintf(w->out, "steps: [");
    for (int64_t i = 0; i < points; i++) {
        fprintf(w->out, "%s[", i > 0 ? ", " : "");
        number(w, x);
        fprintf(w->out, ", ");
        number(w, percent(w, 50) ? between(w, 0, 4) * 2500 : between(w, 0, 10000));
        fprintf(w->out, "]");
        x += percent(w, 50) ? between(w, 1, 5) * 10000 : between(w, 1, 70000);
    }
    fprintf(w->out, "]");
}

/* An action of a family. */
static const char *one_of(const char *name)
{
    static const char *const families[][2] = {{"training.*", "training.start"},
                                              {"training.quiz.*", "training.quiz.pass"},
                                              {"platform.*", "platform.login"},
                                              {"deal.*", "deal.close"}};
    for (unsigned i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(name, families[i][0]) == 0)
            return families[i][1];
    return name;
}

static void effort(struct writer *w)
{
    fprintf(w->out, ", effort: ");
    number(w, percent(w, 70) ? between(w, 1, 4) * 10000 : between(w, 1, 60000));
}

/* That it may be suggested. Where more may be less, or nobody knows, the program is refused. */
static void suggested(struct writer *w, int64_t measure)
{
    const char *name = w->countable[measure].name;
    if (!w->nudges || name == NULL || !percent(w, 80))
        return;
    effort(w);
    if (w->countable[measure].sum) {
        fprintf(w->out, ", each: ");
        number(w, percent(w, 70) ? between(w, 1, 3) * 10000 : between(w, 1, 20000));
    }
    fprintf(w->out, ", action: %s", one_of(name));
}

static void dimension(struct writer *w, unsigned index, bool may_skip)
{
    int64_t measure_index = between(w, 0, w->measures - 1);
    fprintf(w->out, "      d%u: {weight: ", index);
    chosen(w, percent(w, 70) ? between(w, 1, 30) * 10000 : between(w, 1, 100000),
           between(w, 1, 30) * 10000);
    fprintf(w->out, ", measure: m%" PRId64 ", ", measure_index);
    if (percent(w, w->plain_panes > 0 ? 5 : 25)) {
        steps(w);
    } else {
        fprintf(w->out, "target: ");
        bool far = w->nudges && percent(w, 50); /* so that more than one action is suggested */
        chosen(w,
               far              ? between(w, 10, 60) * 10000
               : percent(w, 70) ? between(w, 1, 6) * 10000
                                : between(w, 1, 300000),
               between(w, 1, 9) * 10000);
    }
    if (may_skip && w->plain_panes == 0 && percent(w, 40))
        fprintf(w->out, ", missing: skip");
    suggested(w, measure_index);
    fprintf(w->out, "}\n");
}

static void weighted(struct writer *w, unsigned index)
{
    static const int64_t scales_e4[] = {10000, 100000, 1000000, 5000, 70000, 333333};
    int64_t dimensions = between(w, 1, 5);
    w->scores[index].scale_e4 = CHANCE_ONE_OF(w->chance, scales_e4);
    fprintf(w->out, "    scale: ");
    number(w, w->scores[index].scale_e4);
    fprintf(w->out, "\n    dimensions:\n");
    for (unsigned i = 0; i < dimensions; i++)
        dimension(w, i, i > 0);
}

/* Some points get less. Those over life do not, and the program is refused. */
static void decay(struct writer *w)
{
    int64_t kind = between(w, 0, 5);
    if (kind > 2 || w->plain_panes > 0)
        return;
    fprintf(w->out, "    decay: {%s",
            kind == 0   ? "step: "
            : kind == 1 ? "linear: "
                        : "half_life: ");
    if (kind == 0)
        fprintf(w->out, "%" PRId64 "%%, every: ", between(w, 1, 100));
    panes(w, percent(w, 70) ? between(w, 1, 5) : window_panes(w));
    fprintf(w->out, "}\n");
}

/* Over what points are counted: tiers over a period of the calendar. */
static void period_of_points(struct writer *w, unsigned index)
{
    if (w->scores[index].tiers) {
        static const char *const periods[] = {"week", "week", "month", "quarter", "year"};
        fprintf(w->out, "    over: %s\n", CHANCE_ONE_OF(w->chance, periods));
        return;
    }
    fprintf(w->out, "    ");
    over(w, index == 0);
    fprintf(w->out, "\n");
    decay(w);
}

static void points(struct writer *w, unsigned index)
{
    enum { NAMES = sizeof names / sizeof names[0] };
    uint64_t first = chance_next(w->chance) % NAMES;
    int64_t keys = between(w, 1, 4);
    w->scores[index].scale_e4 = 200000;
    fprintf(w->out, "    points:\n");
    for (int64_t i = 0; i < keys; i++) {
        const char *name = names[(first + (uint64_t)i * 3) % NAMES];
        bool named = w->filters && percent(w, 40), filtered = w->filters && percent(w, 40);
        bool nudged = (named || filtered) && w->nudges && percent(w, 60);
        if (named)
            fprintf(w->out, "      key%" PRId64 ": {of: \"%s\", points: ", i, name);
        else
            fprintf(w->out, "      \"%s\": %s", name, filtered ? "{points: " : "");
        int64_t low = w->plain_panes > 0 ? 0 : -3;
        number(w,
               percent(w, 70) ? between(w, low, 6) * 10000 + 5000 : between(w, low * 10000, 90000));
        if (filtered)
            fprintf(w->out, ", where: %s", filter(w));
        if (nudged) {
            effort(w);
            fprintf(w->out, ", action: %s", one_of(name));
        }
        fprintf(w->out, "%s\n", named || filtered ? "}" : "");
    }
    period_of_points(w, index);
}

static void bands(struct writer *w, unsigned index)
{
    int64_t scale_e4 = w->scores[index].scale_e4, count = between(w, 1, BANDS_MAX);
    int64_t edge = w->scores[index].points && percent(w, 40) ? -scale_e4 / 4 : 0;
    fprintf(w->out, "    %s:\n      b0: ", w->scores[index].tiers ? "tiers" : "bands");
    number(w, edge);
    fprintf(w->out, "\n");
    bool plain = percent(w, 40); /* edges that values are likely to meet exactly */
    for (int64_t i = 1; i < count; i++) {
        int64_t room = scale_e4 * 9 / 10 - edge, part = room / (count - i + 1);
        if (plain)
            edge += scale_e4 / 10 * between(w, 1, 2);
        else
            edge += percent(w, 70) ? part : between(w, 1, part);
        bool above = percent(w, 30);
        fprintf(w->out, "      b%" PRId64 ": %s", i, above ? "{above: " : "");
        number(w, edge);
        fprintf(w->out, "%s\n", above ? "}" : "");
    }
    w->scores[index].bands = (unsigned)count;
}

static void grace(struct writer *w)
{
    if (percent(w, 50))
        return;
    fprintf(w->out, "    grace: ");
    panes(w, percent(w, 20) ? 0 : between(w, 1, w->hours && percent(w, 50) ? 168 : 7));
    fprintf(w->out, "\n");
}

static void settings(struct writer *w, unsigned index)
{
    int64_t scale_e4 = w->scores[index].scale_e4;
    bool tiers = w->scores[index].tiers;
    if (tiers)
        grace(w);
    if (!tiers && percent(w, 40)) {
        fprintf(w->out, "    margin: ");
        number(w, percent(w, 60) ? between(w, 1, scale_e4 / 20) : scale_e4 / 10);
        fprintf(w->out, "\n");
    }
    if (!tiers && percent(w, w->plain_panes > 0 ? 5 : 35)) {
        fprintf(w->out, "    dwell: ");
        elapsed(w);
        fprintf(w->out, "\n");
    }
    if (percent(w, 60)) {
        static const int64_t shares[] = {100, 20, 10, 4};
        int64_t size = scale_e4 / CHANCE_ONE_OF(w->chance, shares);
        fprintf(w->out, "    tell_every: ");
        number(w, percent(w, 30) ? 1 : size > 0 ? size : 1);
        fprintf(w->out, "\n");
    }
}

static void score(struct writer *w, unsigned index)
{
    fprintf(w->out, "  s%u:\n", index);
    w->scores[index].points = percent(w, 30);
    bool booked = w->scores[index].points && w->ledgers > 0 && percent(w, 60);
    w->scores[index].tiers = w->scores[index].points && index > 0 && crossed_tiers(w->chance);
    if (booked) {
        w->scores[index].scale_e4 = 200000;
        fprintf(w->out, "    ledger: l0\n");
        period_of_points(w, index);
    } else if (w->scores[index].points)
        points(w, index);
    else
        weighted(w, index);
    bands(w, index);
    settings(w, index);
}

static void cooldown(struct writer *w)
{
    if (percent(w, 50))
        return;
    fprintf(w->out, ", cooldown: ");
    if (percent(w, 15))
        fprintf(w->out, "0d");
    else
        elapsed(w);
}

static void silence(struct writer *w)
{
    int64_t horizon = percent(w, 95) ? between(w, 1, 40) : between(w, 41, 400);
    fprintf(w->out, "silence: ");
    actions(w);
    fprintf(w->out, ", horizon: ");
    panes(w, horizon);
    if (percent(w, 5))
        fprintf(w->out, ", risk: 1");
    else if (percent(w, 70))
        fprintf(w->out, ", risk: 0.%03" PRId64, between(w, 1, 999));
    if (percent(w, 60)) {
        fprintf(w->out, ", typical_gap: ");
        panes(w, between(w, 1, 12));
    }
    if (percent(w, 60)) {
        fprintf(w->out, ", min_silence: ");
        panes(w, between(w, 1, horizon));
    }
    if (percent(w, 60))
        fprintf(w->out, ", min_active: %" PRId64, between(w, 1, 4));
    where(w);
}

/* Per cent. */
static void part(struct writer *w)
{
    number(w, percent(w, 50) ? between(w, 1, 20) * 50000 : between(w, 1, 10000) * 100);
    fprintf(w->out, "%%");
}

/* A value that scores come by. */
static void edge(struct writer *w, unsigned of)
{
    int64_t scale_e4 = w->scores[of].scale_e4;
    bool exact = percent(w, 50);
    fprintf(w->out, "score: s%u, %s: ", of, percent(w, 60) ? "below" : "above");
    number(w, exact ? between(w, w->scores[of].points ? -2 : 1, 9) * (scale_e4 / 10)
                    : between(w, w->scores[of].points ? -scale_e4 / 5 : 1, scale_e4 * 9 / 10));
    if (percent(w, 50))
        return;
    fprintf(w->out, ", margin: ");
    number(w, exact ? scale_e4 / 10 : between(w, 0, scale_e4 / 8));
}

/* Almost there. Some are so wide, or their bands so far away, that the program is refused. */
static void near(struct writer *w, unsigned of)
{
    int64_t scale_e4 = w->scores[of].scale_e4;
    fprintf(w->out, "score: s%u, near: b%" PRId64 ", by: ", of,
            between(w, 1, w->scores[of].bands - 1));
    number(w, percent(w, 50) ? scale_e4 / 10 : between(w, 1, scale_e4 / 3));
    if (percent(w, 50))
        return;
    fprintf(w->out, ", margin: ");
    number(w, between(w, 0, scale_e4 / 10));
}

static void deadline(struct writer *w)
{
    static const char *const ones[] = {"x", "platform.login", "\"platform.*\"", "[x, \"deal.*\"]"};
    static const char *const others[] = {"invoice.upload", "\"training.*\"", "training.start",
                                         "[\"training.quiz.*\", invoice.upload]"};
    bool turned = percent(w, 40);
    const char *one = CHANCE_ONE_OF(w->chance, ones), *other = CHANCE_ONE_OF(w->chance, others);
    int64_t within = percent(w, 80) ? between(w, 1, 8) : window_panes(w);
    fprintf(w->out, "after: %s, expects: %s, within: ", turned ? other : one, turned ? one : other);
    panes(w, within);
    if (percent(w, 40)) {
        fprintf(w->out, ", remind: ");
        panes(w, between(w, 1, within));
    }
    partners(w);
    control(w);
    fprintf(w->out, "%s}\n", percent(w, 40) ? ", tell_met: true" : "");
}

/* When that score will fall; with its name where nothing else says it. */
static void forecast(struct writer *w, unsigned of, bool named)
{
    if (w->scores[of].bands < 2 || !percent(w, 35))
        return;
    if (!named)
        fprintf(w->out, ", score: s%u", of);
    fprintf(w->out, ", forecast: ");
    panes(w, percent(w, 80) ? between(w, 1, 20) : window_panes(w));
}

static void alert(struct writer *w, unsigned index)
{
    unsigned of = (unsigned)between(w, 0, w->score_count - 1);
    int64_t kind = between(w, 0, 7);
    bool scored = true;
    fprintf(w->out, "  a%u: {", index);
    if (kind == 3 && w->scores[of].bands > 1) {
        fprintf(w->out, "score: s%u, rises_to: b%" PRId64, of,
                between(w, 1, w->scores[of].bands - 1));
    } else if (kind == 6) {
        deadline(w);
        return;
    } else if (kind == 7 && w->scores[of].bands > 1) {
        near(w, of);
    } else if (kind >= 4) {
        edge(w, of);
    } else if (kind == 0 && w->scores[of].bands > 1) {
        fprintf(w->out, "score: s%u, falls_to: b%" PRId64, of,
                between(w, 0, w->scores[of].bands - 2));
        if (percent(w, 50)) {
            fprintf(w->out, ", forecast: ");
            panes(w, percent(w, 90) ? between(w, 1, 9) : window_panes(w));
        }
    } else if (kind == 1) {
        fprintf(w->out, "score: s%u, drop: ", of);
        if (percent(w, 40))
            part(w);
        else
            number(w, percent(w, 50) ? between(w, 1, w->scores[of].scale_e4 / 2)
                                     : between(w, 1, 10) * (w->scores[of].scale_e4 / 20));
        fprintf(w->out, ", within: ");
        panes(w, window_panes(w));
        forecast(w, of, true);
    } else {
        silence(w);
        forecast(w, of, false);
        scored = false;
    }
    cooldown(w);
    partners(w);
    if (scored && percent(w, 30))
        fprintf(w->out, ", while_provisional: hold");
    control(w);
    fprintf(w->out, "}\n");
}

/* Panes are few and events rare, so much has to be quiet, and little to be usual. */
static void guard(struct writer *w, unsigned index, int64_t alerts)
{
    fprintf(w->out, "  g%u: {below: %" PRId64 "%%, usual_least: %" PRId64, index,
            between(w, 10, 99), percent(w, 80) ? 1 : between(w, 2, 4));
    if (percent(w, 60)) {
        fprintf(w->out, ", silence: ");
        actions(w);
        if (w->filters && percent(w, 30))
            fprintf(w->out, ", where: %s", filter(w));
    }
    if (percent(w, 30)) {
        fprintf(w->out, ", after: ");
        panes(w, between(w, 1, 2));
    }
    if (percent(w, 30)) {
        fprintf(w->out, ", settle: ");
        panes(w, between(w, 1, 3));
    }
    fprintf(w->out, ", at_most: ");
    panes(w, between(w, 3, 12));
    if (percent(w, 40))
        fprintf(w->out, ", then: drop");
    if (percent(w, 60))
        fprintf(w->out, ", alerts: [a%" PRId64 "%s]", between(w, 0, alerts - 1),
                percent(w, 30) ? ", a0" : "");
    fprintf(w->out, "}\n");
}

/* Of some hours, where panes are hours, of some days, or of both. */
static void quiet(struct writer *w, unsigned index, int64_t alerts)
{
    bool hours = w->hours && percent(w, 80);
    const char *between_keys = "";
    fprintf(w->out, "  q%u: {", index);
    if (hours) {
        int64_t from = between(w, 0, 23);
        fprintf(w->out, "from: %" PRId64 ", to: %" PRId64, from, (from + between(w, 1, 23)) % 24);
        between_keys = ", ";
    }
    if (!hours || percent(w, 40)) {
        int64_t first = between(w, 1, 7);
        fprintf(w->out, "%sdays: [%" PRId64, between_keys, first);
        if (percent(w, 60))
            fprintf(w->out, ", %" PRId64, first % 7 + 1);
        fprintf(w->out, "]");
    }
    if (percent(w, 60))
        fprintf(w->out, ", alerts: [a%" PRId64 "%s]", between(w, 0, alerts - 1),
                percent(w, 30) ? ", a0" : "");
    fprintf(w->out, "}\n");
}

/* Partners are few, so little has to be enough. No alert is in two budgets. */
static void budget(struct writer *w, unsigned index, int64_t alerts, int64_t first)
{
    static const char *const periods[] = {"day", "day", "day", "week"};
    fprintf(w->out, "  b%u: {at_most: %" PRId64 ", rank: %c%" PRId64, index,
            percent(w, 70) ? 1 : between(w, 1, 3), percent(w, 50) ? 's' : 'm',
            between(w, 0, w->score_count - 1));
    if (percent(w, 50))
        fprintf(w->out, ", order: %s", percent(w, 70) ? "lowest" : "highest");
    if (w->hours && percent(w, 30))
        fprintf(w->out, ", per: hour");
    else
        fprintf(w->out, ", per: %s", CHANCE_ONE_OF(w->chance, periods));
    if (percent(w, 25))
        fprintf(w->out, ", show: %" PRId64, between(w, 0, 2));
    if (w->facts > 0 && percent(w, 40))
        fprintf(w->out, ", by: f%" PRId64, between(w, 0, w->facts - 1));
    else if (percent(w, 20))
        fprintf(w->out, ", by: s%" PRId64, between(w, 0, w->score_count - 1));
    fprintf(w->out, ", alerts: [a%" PRId64, first);
    for (int64_t i = first + 2; i < alerts; i += 2)
        fprintf(w->out, ", a%" PRId64, i);
    fprintf(w->out, "]}\n");
}

/* The first one has no cap, so that a score may be of it. */
static void ledger(struct writer *w, unsigned index)
{
    static const char *const periods[] = {"week", "month", "quarter"};
    const char *between_keys = "";
    fprintf(w->out, "  l%u: {", index);
    if (index > 0 && percent(w, 70)) {
        fprintf(w->out, "cap: ");
        number(w, percent(w, 70) ? between(w, 1, 12) * 10000 : between(w, 1, 400000));
        fprintf(w->out, ", per: %s", CHANCE_ONE_OF(w->chance, periods));
        between_keys = ", ";
    }
    if (index > 1 || percent(w, 60)) {
        fprintf(w->out, "%sexpires_after: ", between_keys);
        panes(w, window_panes(w));
    }
    fprintf(w->out, "}\n");
}

/* When an award pays, the actions apart. */
static void terms(struct writer *w)
{
    static const char *const periods[] = {"week", "month", "quarter"};
    int64_t kind = between(w, 0, 5);
    if (kind <= 1) {
        fprintf(w->out, ", nth: {n: %" PRId64 ", per: ", between(w, 1, 4));
        if (percent(w, 50))
            panes(w, window_panes(w));
        else
            fprintf(w->out, "%s", CHANCE_ONE_OF(w->chance, periods));
        fprintf(w->out, "}");
    } else if (kind == 2) {
        fprintf(w->out, ", streak: {n: %" PRId64, between(w, 2, 4));
        if (percent(w, 50))
            fprintf(w->out, ", per: %s", CHANCE_ONE_OF(w->chance, periods));
        fprintf(w->out, "}");
    }
    if (percent(w, 25))
        fprintf(w->out, ", first: true");
}

/* What may be approved and undone, by attributes and actions that all histories have, and that the
 * award does not pay for. */
static void settled(struct writer *w)
{
    static const char *const deciders[] = {"social.connect", "\"widget.install\"", "\"deal.close\"",
                                           "\"widget.off.*\""};
    static const char *const attributes[] = {"odd", "region", "source"};
    bool pending = percent(w, 60);
    if (pending) {
        fprintf(w->out, ", pending: {until: %s", CHANCE_ONE_OF(w->chance, deciders));
        if (percent(w, 60))
            fprintf(w->out, ", dropped_by: social.disconnect");
        fprintf(w->out, ", reference: %s, for: ", CHANCE_ONE_OF(w->chance, attributes));
        panes(w, window_panes(w));
        fprintf(w->out, "}");
    }
    if (!pending || percent(w, 60)) {
        fprintf(w->out, ", reversed_by: [%s, unheard.of], reverses: reverses, reversible_for: ",
                CHANCE_ONE_OF(w->chance, deciders));
        panes(w, percent(w, 60) ? between(w, 2, 60) : window_panes(w));
    }
}

static void award(struct writer *w, unsigned index)
{
    static const char *const ones[] = {"x", "platform.login", "\"platform.*\"", "[x, \"deal.*\"]"};
    static const char *const others[] = {"invoice.upload", "\"training.*\"", "training.start",
                                         "[\"training.quiz.*\", invoice.upload]"};
    bool within = percent(w, 25), turned = percent(w, 50), settles = !within && percent(w, 45);
    const char *one = CHANCE_ONE_OF(w->chance, ones), *other = CHANCE_ONE_OF(w->chance, others);
    fprintf(w->out, "  w%u: {when: ", index);
    if (within)
        fprintf(w->out, "%s", turned ? one : other);
    else if (settles)
        fprintf(w->out, "%s", other);
    else
        actions(w);
    where(w);
    fprintf(w->out, ", to: l%u, points: ", index % w->ledgers);
    if (percent(w, 60))
        number(w, percent(w, 70) ? between(w, 1, 6) * 10000 : between(w, 1, 90000));
    else
        fprintf(w->out, "%s%s", amount(w), percent(w, 50) ? "" : ", rate: 0.3335");
    if (within) {
        fprintf(w->out, ", within: {of: %s, days: ", turned ? other : one);
        panes(w, percent(w, 80) ? between(w, 1, 8) : window_panes(w));
        fprintf(w->out, "}");
    }
    terms(w);
    if (settles)
        settled(w);
    fprintf(w->out, "}\n");
}

/* Every ledger is named by some award; the last one names all of them. */
static void paid(struct writer *w)
{
    int64_t awards = between(w, w->ledgers, w->ledgers + 3);
    fprintf(w->out, "ledgers:\n");
    for (unsigned i = 0; i < w->ledgers; i++)
        ledger(w, i);
    fprintf(w->out, "awards:\n");
    for (unsigned i = 0; i < awards; i++)
        award(w, i);
    fprintf(w->out, "  all: {when: \"training.*\", points: 2.5, to: [l0%s%s]}\n",
            w->ledgers > 1 ? ", l1" : "", w->ledgers > 2 ? ", l2" : "");
}

/* A count or a sum other than this one; MEASURES_MAX: there is none. */
static int64_t countable(struct writer *w, unsigned other)
{
    uint64_t first = chance_next(w->chance) % MEASURES_MAX;
    for (uint64_t i = 0; i < MEASURES_MAX; i++) {
        uint64_t at = (first + i) % MEASURES_MAX;
        if (at != other && w->countable[at].name != NULL)
            return (int64_t)at;
    }
    return MEASURES_MAX;
}

/* Who decides on what a check holds, by attributes of few texts or by ids. */
static void held(struct writer *w)
{
    static const char *const until[] = {"deal.close", "social.connect", "\"widget.*\"",
                                        "[deal.close, social.connect]"};
    static const char *const dropped[] = {"social.disconnect", "unheard.of",
                                          "[social.disconnect, unheard.of]"};
    static const char *const attributes[] = {"odd", "region", "source"};
    int64_t which = between(w, 0, 3), most = w->late - 1 < 9 ? w->late - 1 : 9;
    fprintf(w->out, ", then: hold, held: {");
    if (which != 1)
        fprintf(w->out, "until: %s, ", CHANCE_ONE_OF(w->chance, until));
    if (which != 0)
        fprintf(w->out, "dropped_by: %s, ", CHANCE_ONE_OF(w->chance, dropped));
    if (percent(w, 25))
        fprintf(w->out, "original: reverses, ");
    else
        fprintf(w->out, "reference: %s, ", CHANCE_ONE_OF(w->chance, attributes));
    fprintf(w->out, "otherwise: %s, for: ", percent(w, 50) ? "release" : "discard");
    panes(w, between(w, 1, most));
    fprintf(w->out, "}");
}

/* Windows are short and limits small, so that some of it is found. */
static void check(struct writer *w, unsigned index)
{
    static const char *const attributes[] = {"odd", "region", "source", "reverses"};
    static const char *const needed[] = {"social.connect", "\"widget.*\"", "deal.close",
                                         "[unheard.of, widget.install]"};
    static const char *const needing[] = {"x", "invoice.upload", "\"training.*\"",
                                          "[platform.login, \"training.quiz.*\"]"};
    static const char *const limits[] = {"0", "0.5", "1", "1.5", "2.3333", "4"};
    int64_t one = countable(w, MEASURES_MAX), other = countable(w, (unsigned)one);
    int64_t kind = between(w, 0, one < MEASURES_MAX && other < MEASURES_MAX ? 3 : 2);
    bool holds = w->holds && percent(w, 60);
    fprintf(w->out, "  k%u: {of: ", index);
    if (holds && kind == 0)
        fprintf(w->out, "[\"platform.*\", \"training.*\", invoice.upload, x]");
    else if (holds || kind == 2)
        fprintf(w->out, "%s", CHANCE_ONE_OF(w->chance, needing));
    else if (kind == 0 && percent(w, 70))
        fprintf(w->out, "[\"platform.*\", \"training.*\", invoice.upload, x]");
    else
        actions(w);
    if (kind > 0 || percent(w, 30))
        where(w);
    if (kind == 0)
        fprintf(w->out, ", unique: %s%s", CHANCE_ONE_OF(w->chance, attributes),
                !w->holds && index % 2 == 0 ? ", anywhere: true" : "");
    else if (kind == 1)
        fprintf(w->out, ", more_than: %" PRId64, between(w, 1, 4));
    else if (kind == 2)
        fprintf(w->out, ", needs: %s", CHANCE_ONE_OF(w->chance, needed));
    else
        fprintf(w->out, ", ratio: [m%" PRId64 ", m%" PRId64 "], above: %s", one, other,
                CHANCE_ONE_OF(w->chance, limits));
    if (kind < 3) {
        fprintf(w->out, ", over: ");
        panes(w, percent(w, 80) ? between(w, 1, 6) : window_panes(w));
    }
    if (holds)
        held(w);
    else if (percent(w, 50))
        fprintf(w->out, ", then: leave_out");
    fprintf(w->out, "}\n");
}

static void wide_write(struct chance *chance, FILE *out, struct program_traits *ret_traits)
{
    struct writer w = {.chance = chance, .out = out};
    w.hours = percent(&w, 30);
    ret_traits->pane_ms = w.hours ? 3600000 : 86400000;
    w.filters = percent(&w, 40);
    w.plain_panes = percent(&w, 33) ? between(&w, 1, 12) : 0;
    w.ledgers = percent(&w, 35) ? (unsigned)between(&w, 1, 3) : 0;
    w.nudges = percent(&w, 50);
    w.holds = percent(&w, 35);
    time_section(&w);
    w.measures = (unsigned)between(&w, 1, MEASURES_MAX);
    w.facts = percent(&w, 40) ? (unsigned)between(&w, 1, 3) : 0;
    if (w.facts > 0)
        fprintf(w.out, "facts:\n");
    for (unsigned i = 0; i < w.facts; i++)
        fact(&w, i);
    fprintf(w.out, "measures:\n");
    for (unsigned i = 0; i < w.measures; i++)
        measure(&w, i);
    w.score_count = (unsigned)(percent(&w, w.plain_panes > 0 ? 60 : 33) ? 1 : between(&w, 2, 3));
    fprintf(w.out, "scores:\n");
    for (unsigned i = 0; i < w.score_count; i++)
        score(&w, i);
    unsigned bands_of[4];
    for (unsigned i = 0; i < w.score_count; i++)
        bands_of[i] = w.scores[i].bands;
    crossed_write(chance, bands_of, w.score_count, w.hours, out);
    grouped_write(
        chance,
        &(struct grouped){w.measures, w.score_count, ((1u << w.facts) - 1) & ~w.numbers, bands_of},
        out);
    int64_t alerts = between(&w, 0, 5);
    if (alerts > 0)
        fprintf(w.out, "alerts:\n");
    for (unsigned i = 0; i < alerts; i++)
        alert(&w, i);
    if (w.ledgers > 0)
        paid(&w);
    unsigned checks = w.holds || percent(&w, 60) ? (unsigned)between(&w, 1, 4) : 0;
    if (checks > 0) /* ids of what is held are drawn as those of what is reversed */
        fprintf(out, "checks: %s\n", w.holds && percent(&w, 50) ? "# reverses: too" : "");
    for (unsigned i = 0; i < checks; i++)
        check(&w, i);
    if (alerts > 0 && percent(&w, 30)) {
        fprintf(out, "guards:\n");
        for (unsigned i = 0; i < between(&w, 1, 3); i++)
            guard(&w, i, alerts);
    }
    if (alerts > 0 && percent(&w, 30)) {
        fprintf(out, "quiet:\n");
        for (int64_t i = 0, count = between(&w, 1, 2); i < count; i++)
            quiet(&w, (unsigned)i, alerts);
    }
    if (alerts > 0 && percent(&w, 50)) {
        fprintf(out, "budgets:\n");
        for (int64_t i = 0, count = alerts > 1 ? between(&w, 1, 2) : 1; i < count; i++)
            budget(&w, (unsigned)i, alerts, i);
    }
}

char *program_write(struct chance *chance, unsigned directed, struct program_traits *ret_traits)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    eng_assert(out != NULL);
    *ret_traits = (struct program_traits){0};
    if (directed > 0 && chance_percent(chance, directed))
        directed_write(chance, out, ret_traits);
    else
        wide_write(chance, out, ret_traits);
    fclose(out);
    ret_traits->text = text;
    return text;
}

/* ---- changed programs ---- */

/* The key of a line with its indentation, up to the colon; 0: there is none. */
static size_t key_bytes(const char *line)
{
    size_t end = strcspn(line, ":\n");
    return line[end] == ':' ? end + 1 : 0;
}

static bool is_key(const char *line, const char *key)
{
    return strncmp(line, key, strlen(key)) == 0;
}

/* The line of a text with the same key as this one, at random of several; NULL: none. */
static const char *same_key(struct chance *chance, const char *text, const char *line)
{
    const char *found = NULL;
    size_t bytes = key_bytes(line);
    unsigned count = 0;
    for (; bytes > 0 && *text != '\0'; text = strchr(text, '\n') + 1)
        if (strncmp(text, line, bytes) == 0 && chance_next(chance) % ++count == 0)
            found = text;
    return found;
}

/* A line with one of its numbers another one. */
static void other_number(struct chance *chance, const char *line, size_t bytes, FILE *out)
{
    size_t key = key_bytes(line), places[32], count = 0;
    for (size_t i = key; i < bytes && count < 32; i++)
        if (strchr("0123456789", line[i]) != NULL && strchr(" [-", line[i - 1]) != NULL)
            places[count++] = i;
    size_t at = count > 0 ? places[chance_next(chance) % count] : bytes;
    fwrite(line, 1, at, out);
    if (at == bytes)
        return;
    fprintf(out, "%" PRId64, chance_between(chance, 0, chance_percent(chance, 80) ? 9 : 40));
    while (at < bytes && strchr("0123456789", line[at]) != NULL)
        at++;
    fwrite(line + at, 1, bytes - at, out);
}

/* Where the filter of a line begins; `bytes`: it has none. */
static size_t filter_at(const char *line, size_t bytes)
{
    const char *at = strstr(line, ", where: ");
    return at != NULL && at < line + bytes ? (size_t)(at - line) : bytes;
}

/* A line with another filter than its own, or with none. */
static void other_filter(struct chance *chance, const char *line, size_t bytes, FILE *out)
{
    size_t before = filter_at(line, bytes), after = before + strcspn(line + before, "}") + 1;
    fwrite(line, 1, before, out);
    if (chance_percent(chance, 70))
        fprintf(out, ", where: %s", CHANCE_ONE_OF(chance, filters));
    fwrite(line + after, 1, bytes - after, out);
}

/* A measure's line that had no filter, with one. */
static void add_filter(struct chance *chance, const char *line, size_t bytes, FILE *out)
{
    fwrite(line, 1, bytes - 2, out);
    fprintf(out, ", where: %s}\n", CHANCE_ONE_OF(chance, filters));
}

/* Where a word of a line begins; `bytes`: it is not there. */
static size_t word_at(const char *line, size_t bytes, const char *word)
{
    const char *at = strstr(line, word);
    return at != NULL && at < line + bytes ? (size_t)(at - line) : bytes;
}

/* A fact's line with others of the texts that it may be. */
static void other_values(struct chance *chance, const char *line, size_t bytes, FILE *out)
{
    size_t before = word_at(line, bytes, "values: ["), after = before + strcspn(line + before, "]");
    int64_t first = chance_between(chance, 0, 3), count = chance_between(chance, 1, 4);
    int of = 0;
    while (of < 2 && strncmp(line + word_at(line, bytes, "from: ") + 6, choice_of[of],
                             strlen(choice_of[of])) != 0)
        of++;
    fwrite(line, 1, before, out);
    fprintf(out, "values: [");
    for (int64_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", choices[of][(first + i) % 4]);
    fwrite(line + after, 1, bytes - after, out);
}

static bool is_measure(const char *line, size_t bytes)
{
    return is_key(line, "  m") && line[bytes - 2] == '}';
}

static void vary_line(struct chance *chance, const char *line, const char *other, unsigned share,
                      FILE *out)
{
    size_t bytes = strcspn(line, "\n") + 1;
    const char *instead = same_key(chance, other, line);
    bool fixed = is_key(line, "  zone:") || is_key(line, "  pane:") || is_key(line, "time:") ||
                 is_key(line, "program:") || is_key(line, "input:");
    if (is_key(line, "version:"))
        return;
    if (!fixed && chance_percent(chance, share / 3))
        return;
    if (!fixed && instead != NULL && line[bytes - 2] != ':' && chance_percent(chance, share))
        fwrite(instead, 1, strcspn(instead, "\n") + 1, out);
    else if (word_at(line, bytes, "values: [") < bytes && chance_percent(chance, 2 * share))
        other_values(chance, line, bytes, out);
    else if (filter_at(line, bytes) < bytes && chance_percent(chance, 2 * share))
        other_filter(chance, line, bytes, out);
    else if (is_measure(line, bytes) && chance_percent(chance, share / 3))
        add_filter(chance, line, bytes, out);
    else if (!fixed && chance_percent(chance, share))
        other_number(chance, line, bytes, out);
    else
        fwrite(line, 1, bytes, out);
}

/* Another program under the head of this one. */
static void graft(const char *base, const char *other, FILE *out)
{
    for (const char *line = base; *line != '\0'; line = strchr(line, '\n') + 1)
        if (is_key(line, "program:") || is_key(line, "input:") || is_key(line, "time:") ||
            is_key(line, "  zone:") || is_key(line, "  pane:"))
            fwrite(line, 1, strcspn(line, "\n") + 1, out);
    for (const char *line = other; *line != '\0'; line = strchr(line, '\n') + 1)
        if (!is_key(line, "program:") && !is_key(line, "input:") && !is_key(line, "time:") &&
            !is_key(line, "  zone:") && !is_key(line, "  pane:") && !is_key(line, "version:"))
            fwrite(line, 1, strcspn(line, "\n") + 1, out);
}

char *program_vary(struct chance *chance, const char *base, const struct program_traits *traits,
                   unsigned version)
{
    static const unsigned shares[] = {3, 6, 15, 40};
    struct program_traits drawn;
    char *text = NULL, *other = NULL;
    size_t length = 0;
    do {
        free(other);
        other = program_write(chance, traits->directed ? 100 : 0, &drawn);
    } while (drawn.pane_ms != traits->pane_ms);
    FILE *out = open_memstream(&text, &length);
    eng_assert(out != NULL);
    fprintf(out, "version: %u\n", version);
    unsigned share = CHANCE_ONE_OF(chance, shares);
    if (chance_percent(chance, 20))
        graft(base, other, out);
    else
        for (const char *line = base; *line != '\0'; line = strchr(line, '\n') + 1)
            vary_line(chance, line, other, share, out);
    fclose(out);
    free(other);
    return text;
}
