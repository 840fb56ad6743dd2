/* bench_constructs [EVENTS PARTNERS DAYS ROUNDS [NAME]]: what each construct of the score language
 * costs, per event and per partner, as a table.
 *
 * The plain model is a score of six counts over 30 days. Each row adds one construct to it, and
 * what that needs: "that one" is the row named before and something more. A round runs each
 * row right behind a plain model on the same events (the skewed stream of bench/synth.h, measured
 * as bench/drive.h says), so that a machine that gets slower meanwhile slows both; the ratio is the
 * median of the rounds' ratios. Bytes are all that the engine holds in the end, over the number of
 * partners. With NAME only that row is measured; `plain` against itself shows how far ratios are to
 * be believed.
 */
#include "drive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MOST = 31, TEXT_BYTES = 4096 };

/* What is added to the plain model, by sections; NULL: nothing. */
struct construct {
    const char *name;
    const char *facts, *measures, *dimensions, *scores, *alerts;
    const char *sections; /* whole ones */
    const char *logins;   /* the dimension of that name, in place of the plain one */
};

#define POINTS "points: {platform.login: 1, invoice.upload: 5}"
#define TIER_FACT "{set: survey.answer, from: tier, values: [bronze, silver, gold]}"
#define SECOND "  second: {" POINTS ", over: 30d, bands: {quiet: 0, active: 20}, margin: 2}\n"
#define LEDGER "ledgers: {reward: {}}\nawards:\n"
#define EACH "{when: invoice.upload, points: value, rate: 0.1, to: reward"
#define CALLS "{at_most: 20, rank: engagement, order: lowest"
#define FALLS "  at_risk: {score: engagement, falls_to: low, cooldown: 7d"

static const struct construct constructs[] = {
    {.name = "plain"},
    {.name = "a count more",
     .measures = "  more: {count: [platform.login, invoice.upload], over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 12}\n"},
    {.name = "a count with a filter",
     .measures = "  more: {count: platform.login, where: {source: [portal, web]}, over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 12}\n"},
    {.name = "`sum`",
     .measures = "  more: {sum: value, of: invoice.upload, over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 1000}\n"},
    {.name = "`active`",
     .measures = "  more: {active: platform.login, over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 12}\n"},
    {.name = "`last`",
     .measures = "  more: {last: value, of: invoice.upload, over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 1000}\n"},
    {.name = "`members`",
     .measures = "  more: {members: platform.login, over: 30d}\n",
     .dimensions = "      more: {weight: 10, target: 3}\n"},
    {.name = "`streak`",
     .measures = "  more: {streak: platform.login}\n",
     .dimensions = "      more: {weight: 10, target: 12}\n"},
    {.name = "`since`",
     .measures = "  more: {since: platform.login, over: 30d}\n",
     .dimensions = "      more: {weight: 10, steps: [[0, 1], [30, 0]]}\n"},
    {.name = "`state`",
     .measures = "  more: {state: campaign.join, until: survey.answer}\n",
     .dimensions = "      more: {weight: 10, target: 1}\n"},
    {.name = "a trend: `ago` and `ratio`",
     .measures = "  before: {count: platform.login, over: 30d, ago: 30d}\n"
                 "  more: {ratio: [logins, before]}\n",
     .dimensions = "      more: {weight: 10, steps: [[0.5, 0], [1.5, 1]], missing: skip}\n"},
    {.name = "a fact of three texts",
     .facts = "  tier: " TIER_FACT "\n",
     .measures = "  more: {fact: tier}\n",
     .dimensions = "      more: {weight: 10, target: 3}\n"},
    {.name = "a fact with `valid_for`",
     .facts = "  grade: {set: survey.answer, from: grade, valid_for: 14d}\n",
     .measures = "  more: {fact: grade}\n",
     .dimensions = "      more: {weight: 10, target: 10, missing: skip}\n"},
    {.name = "a free text of 40 bytes, told",
     .facts = "  email: {set: survey.answer, from: email, text: 40}\n"},
    {.name = "a target by that fact",
     .facts = "  tier: " TIER_FACT "\n",
     .logins =
         "      logins: {weight: 20, target: {default: 12, tier.gold: 20, tier.silver: 16}}\n"},
    {.name = "a second score, of points", .scores = SECOND},
    {.name = "that one with `decay`",
     .scores = "  second: {" POINTS ", over: 30d, decay: {half_life: 10d}, "
               "bands: {quiet: 0, active: 10}, margin: 1}\n"},
    {.name = "that one with `tiers`",
     .scores = "  second: {" POINTS ", over: quarter, tiers: {quiet: 0, active: 60}}\n"},
    {.name = "that one and a matrix",
     .scores = SECOND,
     .sections = "matrices: {relation: {rows: engagement, columns: second}}\n"},
    {.name = "a report every week",
     .sections = "reports: {card: {of: [engagement], every: week}}\n"},
    {.name = "an award for each invoice", .sections = LEDGER "  rebate: " EACH "}\n"},
    {.name = "that award, capped and expiring",
     .sections = "ledgers: {reward: {cap: 200, per: month, expires_after: 60d}}\nawards:\n"
                 "  rebate: " EACH "}\n"},
    {.name = "that award, its balance in the score",
     .measures = "  more: {balance: reward}\n",
     .dimensions = "      more: {weight: 10, target: 1000}\n",
     .sections = LEDGER "  rebate: " EACH "}\n"},
    {.name = "that award, pending until it is approved",
     .sections = LEDGER "  rebate: " EACH ", pending: {until: training.complete, "
                        "dropped_by: reward.redeem, reference: claim, for: 30d}}\n"},
    {.name = "that award, with reversals",
     .sections = LEDGER "  rebate: " EACH ", reversed_by: reward.redeem, reversible_for: 30d}\n"},
    {.name = "awards for a first, an nth, a streak",
     .sections = LEDGER "  first: {when: invoice.upload, first: true, points: 50, to: reward}\n"
                        "  busy: {when: platform.login, nth: {n: 3, per: week}, points: 10, "
                        "to: reward}\n"
                        "  run: {when: platform.login, streak: {n: 3}, points: 25, to: reward}\n"},
    {.name = "a check: `unique` over 90 days",
     .sections = "checks:\n  twice: {unique: number, of: invoice.upload, over: 90d}\n"},
    {.name = "a check: `more_than` in a day",
     .sections = "checks:\n  many: {more_than: 5, of: platform.login, over: 1d}\n"},
    {.name = "a check: `needs` within 30 days",
     .sections = "checks:\n  order: {of: invoice.upload, needs: training.complete, over: 30d}\n"},
    {.name = "a check of a `ratio` of two counts",
     .measures = "  uploads: {count: invoice.upload, over: 30d}\n",
     .sections = "checks:\n  odd: {of: invoice.upload, ratio: [uploads, logins], above: 5}\n"},
    {.name = "`falls_to`", .alerts = FALLS "}\n"},
    {.name = "`falls_to` with a `forecast`", .alerts = FALLS ", forecast: 7d}\n"},
    {.name = "`drop`",
     .alerts = "  slipping: {score: engagement, drop: 2.5, within: 14d, cooldown: 14d}\n"},
    {.name = "`drop` with a `forecast`",
     .alerts = "  slipping: {score: engagement, drop: 2.5, within: 14d, cooldown: 14d, "
               "forecast: 30d}\n"},
    {.name = "`silence`",
     .alerts = "  silent: {silence: [platform.login, invoice.upload], horizon: 45d}\n"},
    {.name = "a deadline",
     .alerts = "  untrained: {after: platform.login, expects: training.complete, within: 14d}\n"},
    {.name = "`falls_to` under a guard",
     .alerts = FALLS "}\n",
     .sections = "guards: {portal: {silence: platform.login}}\n"},
    {.name = "`falls_to`, quiet at weekends",
     .alerts = FALLS "}\n",
     .sections = "quiet: {weekends: {days: [6, 7]}}\n"},
    {.name = "`falls_to` with a budget a day",
     .alerts = FALLS "}\n",
     .sections = "budgets: {calls: " CALLS "}}\n"},
    {.name = "that one, quiet at weekends",
     .alerts = FALLS "}\n",
     .sections = "quiet: {weekends: {days: [6, 7]}}\nbudgets: {calls: " CALLS "}}\n"},
    {.name = "that one, by a fact of three texts",
     .facts = "  tier: " TIER_FACT "\n",
     .alerts = FALLS "}\n",
     .sections = "quiet: {weekends: {days: [6, 7]}}\nbudgets: {calls: " CALLS ", by: tier}}\n"},
    {.name = "`falls_to` with a control group", .alerts = FALLS ", hold_out: 10%}\n"},
    {.name = "a board every week",
     .sections = "boards: {leaders: {top: 10, of: engagement, every: week}}\n"},
    {.name = "a group every week",
     .sections = "groups: {all: {every: week, figures: {low: {count: {score: engagement, "
                 "bands: [low]}}, mean: {mean: logins}}}}\n"},
};
enum { CONSTRUCTS = sizeof constructs / sizeof constructs[0] };

/* What was measured of a row. */
struct cost {
    double ns[ROUNDS_MOST], ratios[ROUNDS_MOST];
    double bytes, told; /* of a partner; for a thousand events */
};

static void add(FILE *out, const char *section, const char *text)
{
    if (text) {
        fprintf(out, "%s%s", section, text);
    }
}

static struct eng_model *load(const struct construct *construct)
{
    static const char *const plain_logins = "      logins: {weight: 20, target: 12}\n";
    char text[TEXT_BYTES];
    struct eng_error err = {0};
    struct eng_model *model;
    FILE *out = fmemopen(text, sizeof text, "w");
    if (!out) {
        abort();
    }
    fprintf(out, "program: costs\ntime: {late_after: 30d, dedup: 7d}\n");
    add(out, "facts:\n", construct->facts);
    fprintf(out, "measures:\n"
                 "  logins: {count: platform.login, over: 30d}\n"
                 "  invoices: {count: invoice.upload, over: 30d}\n"
                 "  redemptions: {count: reward.redeem, over: 30d}\n"
                 "  training: {count: training.complete, over: 30d}\n"
                 "  campaigns: {count: campaign.join, over: 30d}\n"
                 "  feedback: {count: survey.answer, over: 30d}\n");
    add(out, "", construct->measures);
    fprintf(out, "scores:\n  engagement:\n    scale: 10\n    dimensions:\n");
    fprintf(out, "%s", construct->logins ? construct->logins : plain_logins);
    fprintf(out, "      invoices: {weight: 25, target: 8}\n"
                 "      redemptions: {weight: 20, target: 2}\n"
                 "      training: {weight: 15, target: 2}\n"
                 "      campaigns: {weight: 10, target: 2}\n"
                 "      feedback: {weight: 10, target: 1}\n");
    add(out, "", construct->dimensions);
    fprintf(out, "    bands: {low: 0, moderate: 3, high: 6}\n    margin: 0.3\n");
    add(out, "", construct->scores);
    add(out, "alerts:\n", construct->alerts);
    add(out, "", construct->sections);
    fclose(out);
    if (eng_model_load_text(text, strlen(text), construct->name, &model, &err) != ENG_OK) {
        bench_fail("model", &err);
    }
    return model;
}

/* Nanoseconds an event, of a fresh engine; what it holds and has told is noted too. */
static double measure(const struct construct *construct, struct bench_stream stream,
                      struct cost *cost)
{
    struct eng_error err = {0};
    struct eng_model *model = load(construct);
    struct eng_engine *engine;
    struct eng_engine_options options = {.track_changes = true}; /* as the daemon has it */
    if (eng_engine_new(model, &options, &engine, &err) != ENG_OK) {
        bench_fail("engine", &err);
    }
    double ns = bench_drive(engine, model, &stream) * 1e9 / (double)stream.events;
    const struct eng_counters *counters = eng_engine_counters(engine);
    uint64_t told = counters->score_changes + counters->churn_drops + counters->cell_changes +
                    counters->reports + counters->award_bookings + counters->abuse_flags +
                    counters->digests;
    uint64_t bytes = eng_engine_memory_bytes(engine), partners = eng_engine_partner_count(engine);
    cost->bytes = (double)bytes / (double)partners;
    cost->told = (double)told * 1000 / (double)stream.events;
    eng_engine_free(engine);
    eng_model_free(model);
    return ns;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *numbers, uint32_t count)
{
    qsort(numbers, count, sizeof *numbers, by_size);
    return numbers[count / 2];
}

static void print(struct cost *costs, uint32_t rounds, const char *only)
{
    printf("| construct | ns an event | to plain | bytes a partner | more | told per 1,000 events "
           "|\n|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < CONSTRUCTS; i++) {
        struct cost *cost = &costs[i];
        if (cost->bytes > 0 && (!only || i > 0 || strcmp(only, constructs[0].name) == 0)) {
            printf("| %s | %.0f | %.2f | %.0f | %+.0f | %.0f |\n", constructs[i].name,
                   median(cost->ns, rounds), median(cost->ratios, rounds), cost->bytes,
                   cost->bytes - costs[0].bytes, cost->told);
        }
    }
}

static void run(const struct bench_stream *stream, uint32_t rounds, const char *only)
{
    static struct cost costs[CONSTRUCTS];
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < CONSTRUCTS; i++) {
            if (only && strcmp(only, constructs[i].name) != 0) {
                continue;
            }
            double plain = measure(&constructs[0], *stream, &costs[0]);
            costs[i].ns[round] = measure(&constructs[i], *stream, &costs[i]);
            costs[i].ratios[round] = costs[i].ns[round] / plain;
        }
    }
    print(costs, rounds, only);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 5;
    if ((argc != 1 && argc != 5 && argc != 6) || rounds < 1 || rounds > ROUNDS_MOST) {
        fprintf(stderr, "usage: bench_constructs [EVENTS PARTNERS DAYS ROUNDS [NAME]]\n");
        return 2;
    }
    struct bench_stream stream = {.events = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000,
                                  .partners =
                                      argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 25000,
                                  .days = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 120,
                                  .shape = BENCH_SKEWED,
                                  .state = 7};
    run(&stream, (uint32_t)rounds, argc > 5 ? argv[5] : NULL);
    return 0;
}
