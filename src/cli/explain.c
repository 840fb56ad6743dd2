/* A model in plain words: one function per construct of the language, tables where only words
 * differ. See explain.h. */
#include "cli/explain.h"

#include "base/assert.h"
#include "engine/model.h"
#include <inttypes.h>
#include <string.h>

static const char *unit_name(const struct eng_model *model, uint64_t count)
{
    if (model->pane_unit == ENG_PANE_DAY)
        return count == 1 ? "day" : "days";
    return count == 1 ? "hour" : "hours";
}

static void add_e4(struct eng_text *out, int64_t value_e4)
{
    eng_text_add_decimal(out, value_e4, 10000);
}

/* 604800000 -> "7d": the largest unit that divides it. */
static void add_elapsed(struct eng_text *out, int64_t ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t i = 0;
    while (ms % units[i].ms != 0)
        i++;
    eng_text_add(out, "%" PRId64 "%s", ms / units[i].ms, ms == 0 ? "s" : units[i].name);
}

/* True when a family of the set, or an entry of the same name under a wider condition, covers this
 * entry of it. */
static bool is_covered(const struct eng_model *model, const struct eng_action_set *set,
                       unsigned entry)
{
    const struct eng_action *action = &model->actions[entry];
    for (unsigned i = 0; i < model->action_count; i++) {
        const struct eng_action *other = &model->actions[i];
        if (i == entry || !eng_action_set_has(set, i))
            continue;
        if (eng_action_is_same(other, action)
                ? eng_condition_implies(model, &action->where, model, &other->where)
                : other->family && other->length <= action->length &&
                      memcmp(other->text, action->text, other->length) == 0)
            return true;
    }
    return false;
}

/* "platform.login or training.*" */
static void add_actions(struct eng_text *out, const struct eng_model *model,
                        const struct eng_action_set *set)
{
    const char *between = "";
    for (unsigned i = 0; i < model->action_count; i++) {
        if (!eng_action_set_has(set, i) || is_covered(model, set, i))
            continue;
        eng_text_add(out, "%s%s%s", between, model->actions[i].text,
                     model->actions[i].family ? "*" : "");
        between = " or ";
    }
}

/* " in the 30 days before the last 30 days" */
static void add_window_back(struct eng_text *out, const struct eng_model *model,
                            const struct eng_measure *measure)
{
    eng_text_add(out, " in the ");
    if (measure->panes > 1)
        eng_text_add(out, "%u ", measure->panes);
    eng_text_add(out, "%s before the ", unit_name(model, measure->panes));
    if (measure->ago == 1)
        eng_text_add(out, "current %s", unit_name(model, 1));
    else
        eng_text_add(out, "last %u %s", measure->ago, unit_name(model, measure->ago));
}

/* " where region is north or east and source is portal"; nothing when there is no filter. */
static void add_where(struct eng_text *out, const struct eng_model *model,
                      const struct eng_condition *where)
{
    for (uint32_t i = 0; i < where->clause_count; i++) {
        const struct eng_clause *clause = &where->clauses[i];
        eng_text_add(out, "%s%s is ", i == 0 ? " where " : " and ",
                     model->attributes[clause->attribute]);
        for (uint32_t j = 0; j < clause->value_count; j++)
            eng_text_add(out, "%s%.*s", j > 0 ? " or " : "", (int)clause->values[j].length,
                         clause->values[j].data);
    }
}

static void add_window(struct eng_text *out, const struct eng_model *model,
                       const struct eng_measure *measure)
{
    static const char *const words[] = {
        [ENG_WINDOW_ROLLING] = NULL,
        [ENG_WINDOW_WEEK] = " in the current week",
        [ENG_WINDOW_MONTH] = " in the current month",
        [ENG_WINDOW_QUARTER] = " in the current quarter",
        [ENG_WINDOW_YEAR] = " in the current year",
        [ENG_WINDOW_LIFE] = " since the first event",
        [ENG_WINDOW_NONE] = "",
    };
    if (measure->window != ENG_WINDOW_ROLLING)
        eng_text_add(out, "%s", words[measure->window]);
    else if (measure->ago > 0)
        add_window_back(out, model, measure);
    else if (measure->panes == 1)
        eng_text_add(out, " in the current %s", unit_name(model, 1));
    else
        eng_text_add(out, " in the last %u %s", measure->panes, unit_name(model, measure->panes));
}

/* "  tier: one of bronze, silver, gold, from the attribute tier of partner.updated" */
static void add_fact(struct eng_text *out, const struct eng_model *model,
                     const struct eng_fact *fact)
{
    const struct eng_measure *keeper = &model->measures[fact->measure];
    static const struct eng_action_set nothing;
    eng_text_add(out, "  %s: ", fact->name);
    for (uint32_t i = 0; i < fact->option_count; i++)
        eng_text_add(out, "%s%.*s", i == 0 ? "one of " : ", ", (int)fact->options[i].length,
                     fact->options[i].data);
    if (fact->kind == ENG_FACT_FLAG)
        eng_text_add(out, "set by ");
    else if (fact->attribute == ENG_FROM_VALUE)
        eng_text_add(out, "the %s of the newest ",
                     fact->number > 0 ? model->numbers[fact->number - 1] : "value");
    else
        eng_text_add(out, "%s attribute %s of the newest ",
                     fact->kind == ENG_FACT_CHOICE ? ", the"
                     : fact->kind == ENG_FACT_TEXT ? "the text in the"
                                                   : "the number in the",
                     model->attributes[fact->attribute]);
    add_actions(out, model, &keeper->actions);
    if (memcmp(&keeper->until, &nothing, sizeof nothing) != 0) {
        eng_text_add(out, ", cleared by ");
        add_actions(out, model, &keeper->until);
    }
    add_where(out, model, &keeper->where);
    if (fact->valid_ms > 0) {
        eng_text_add(out, ", for ");
        add_elapsed(out, fact->valid_ms);
    }
    if (fact->tell)
        eng_text_add(out, "; goes out with all that is told of a partner");
    eng_text_add(out, "\n");
}

/* A measure that is made of something else: of two others, or of a fact. */
static void add_made(struct eng_text *out, const struct eng_model *model,
                     const struct eng_measure *measure)
{
    const struct eng_fact *fact = &model->facts[measure->fact];
    eng_text_add(out, "  %s: ", measure->name);
    if (measure->kind == ENG_RATIO)
        eng_text_add(out, "%s divided by %s, and none while that is 0\n",
                     model->measures[measure->parts[0]].name,
                     model->measures[measure->parts[1]].name);
    else if (measure->option > 0)
        eng_text_add(out, "1 while the fact %s is %.*s, else 0\n", fact->name,
                     (int)fact->options[measure->option - 1].length,
                     fact->options[measure->option - 1].data);
    else if (fact->kind == ENG_FACT_CHOICE)
        eng_text_add(out, "the place of the fact %s among its values, from 1\n", fact->name);
    else
        eng_text_add(out, "the fact %s%s\n", fact->name,
                     fact->kind == ENG_FACT_FLAG ? ", as 1 or 0" : "");
}

static void add_measure(struct eng_text *out, const struct eng_model *model,
                        const struct eng_measure *measure)
{
    static const char *const words[] = {
        [ENG_COUNT] = "how many ",
        [ENG_SUM] = "the sum of the values of ",
        [ENG_ACTIVE] = " with at least one ",
        [ENG_MEMBERS] = "how many members with ",
        [ENG_LAST] = "the newest value of ",
        [ENG_STREAK] = " in a row with ",
        [ENG_STATE] = "1 from ",
        [ENG_SINCE] = " since the newest ",
    };
    if (measure->difference) {
        const struct eng_measure *earned = &model->measures[measure->parts[0]];
        eng_text_add(out, "  %s: what was booked in %s and has expired\n", measure->name,
                     model->ledgers[earned->ledger - 1].name);
        return;
    }
    if (measure->ledger > 0) {
        eng_text_add(out, "  %s: what was booked in %s", measure->name,
                     model->ledgers[measure->ledger - 1].name);
        if (measure->inner)
            eng_text_add(out, " and has not expired");
        else
            add_window(out, model, measure);
        eng_text_add(out, "\n");
        return;
    }
    if (eng_measure_is_made(measure)) {
        add_made(out, model, measure);
        return;
    }
    bool panes =
        measure->kind == ENG_ACTIVE || measure->kind == ENG_STREAK || measure->kind == ENG_SINCE;
    eng_text_add(out, "  %s: %s%s", measure->name, panes ? unit_name(model, 2) : "",
                 measure->number == 0 ? words[measure->kind] : "");
    if (measure->number > 0)
        eng_text_add(out, "the %s of %s of ", measure->kind == ENG_SUM ? "sum" : "newest",
                     model->numbers[measure->number - 1]);
    add_actions(out, model, &measure->actions);
    if (measure->kind == ENG_STATE) {
        eng_text_add(out, " on, 0 from ");
        add_actions(out, model, &measure->until);
        eng_text_add(out, " on");
    }
    add_where(out, model, &measure->where);
    if (measure->kind == ENG_STREAK)
        eng_text_add(out, ", up to this %s or the one before", unit_name(model, 1));
    if (measure->kind != ENG_SINCE || measure->window != ENG_WINDOW_LIFE)
        add_window(out, model, measure);
    eng_text_add(out, "\n");
}

/* "certified", "tier is gold" */
static void add_holding(struct eng_text *out, const struct eng_fact *fact, unsigned option)
{
    eng_text_add(out, "%s", fact->name);
    if (fact->kind == ENG_FACT_CHOICE)
        eng_text_add(out, " is %.*s", (int)fact->options[option - 1].length,
                     fact->options[option - 1].data);
}

/* ", 20 while tier is gold"; the first that holds counts. */
static void add_cases(struct eng_text *out, const struct eng_model *model,
                      const struct eng_cases *cases, const char *before)
{
    for (uint32_t i = 0; i < cases->count; i++) {
        eng_text_add(out, "%s%s", i == 0 ? before : ", ", i == 0 ? "" : "else ");
        add_e4(out, cases->items[i].number_e4);
        eng_text_add(out, " while ");
        add_holding(out, &model->facts[cases->items[i].fact], cases->items[i].option);
    }
}

/* "; only while managed, and while tier is silver or gold" */
static void add_limits(struct eng_text *out, const struct eng_model *model,
                       const struct eng_alert *alert)
{
    for (uint32_t i = 0; i < alert->limit_count; i++) {
        const struct eng_limit *limit = &alert->limits[i];
        const struct eng_fact *fact = &model->facts[limit->fact];
        const char *between = "";
        eng_text_add(out, "%s while ", i == 0 ? "; opened only" : " and");
        if (fact->kind == ENG_FACT_FLAG) {
            eng_text_add(out, "%s%s", limit->options & 1 ? "not " : "", fact->name);
            continue;
        }
        eng_text_add(out, "%s is ", fact->name);
        for (uint32_t j = 0; j < fact->option_count; j++)
            if (limit->options >> (j + 1) & 1) {
                eng_text_add(out, "%s%.*s", between, (int)fact->options[j].length,
                             fact->options[j].data);
                between = " or ";
            }
    }
}

/* What may be suggested, and what effort that is. */
static void add_effort(struct eng_text *out, const struct eng_dimension *dimension)
{
    if (dimension->effort_e4 == 0)
        return;
    eng_text_add(out, "; one more %s", dimension->action);
    if (dimension->each_e4 > 0) {
        eng_text_add(out, " of ");
        add_e4(out, dimension->each_e4);
    }
    eng_text_add(out, " is an effort of ");
    add_e4(out, dimension->effort_e4);
}

static void add_weighted(struct eng_text *out, const struct eng_model *model,
                         const struct eng_score *score, const struct eng_dimension *dimension)
{
    /* Half away from zero, in tenths of a percent. */
    int64_t share = (dimension->weight_e4 * 2000 / score->weight_sum_e4 + 1) / 2;
    const char *measure = model->measures[dimension->measure].name;
    eng_text_add(out, "    %3" PRId64 ".%" PRId64 " %%  %s", share / 10, share % 10,
                 dimension->name);
    if (measure != NULL && strcmp(measure, dimension->name) != 0)
        eng_text_add(out, " (%s)", measure);
    if (dimension->step_count == 0) {
        eng_text_add(out, ": in full from ");
        add_e4(out, dimension->target_e4);
        add_cases(out, model, &dimension->targets, ", ");
    }
    for (uint32_t i = 0; i < dimension->step_count; i++) {
        eng_text_add(out, i == 0 ? ": " : ", ");
        add_e4(out, dimension->steps[i].y_e4 * 100);
        eng_text_add(out, " %% at ");
        add_e4(out, dimension->steps[i].x_e4);
    }
    add_cases(out, model, &dimension->weights, "; weight ");
    eng_text_add(out, "%s", dimension->skip ? "; left out while there is none" : "");
    add_effort(out, dimension);
    eng_text_add(out, "\n");
}

/* True when the key of points is the action itself. */
static bool is_action(const struct eng_model *model, const struct eng_action_set *set,
                      const char *name)
{
    for (unsigned i = 0; i < model->action_count; i++) {
        const struct eng_action *action = &model->actions[i];
        if (eng_action_set_has(set, i) && strncmp(name, action->text, action->length) == 0 &&
            strcmp(name + action->length, action->family ? "*" : "") == 0)
            return true;
    }
    return false;
}

static void add_points(struct eng_text *out, const struct eng_model *model,
                       const struct eng_dimension *dimension)
{
    const struct eng_measure *measure = &model->measures[dimension->measure];
    if (measure->ledger > 0) {
        eng_text_add(out, "    what was booked in %s\n", model->ledgers[measure->ledger - 1].name);
        return;
    }
    bool named = !is_action(model, &measure->actions, dimension->name);
    eng_text_add(out, "    ");
    add_e4(out, dimension->points_e4);
    eng_text_add(out, " for each ");
    if (named)
        add_actions(out, model, &measure->actions);
    else
        eng_text_add(out, "%s", dimension->name);
    add_where(out, model, &measure->where);
    if (named)
        eng_text_add(out, " (%s)", dimension->name);
    add_effort(out, dimension);
    eng_text_add(out, "\n");
}

static void add_decay(struct eng_text *out, const struct eng_model *model,
                      const struct eng_decay *decay)
{
    const char *panes = unit_name(model, decay->panes);
    if (decay->kind == ENG_DECAY_STEP) {
        eng_text_add(out, "    Of points that are left, ");
        add_e4(out, decay->share_e4 * 100LL);
        eng_text_add(out, " %% go every %u %s.\n", decay->panes, panes);
    } else if (decay->kind == ENG_DECAY_LINEAR) {
        eng_text_add(out, "    Points get less evenly, and are gone after %u %s.\n", decay->panes,
                     panes);
    } else if (decay->kind == ENG_DECAY_HALF) {
        eng_text_add(out, "    Half of the points is left after %u %s, and so on.\n", decay->panes,
                     panes);
    }
}

static const char *const period_names[] = {[ENG_WINDOW_WEEK] = "week",
                                           [ENG_WINDOW_MONTH] = "month",
                                           [ENG_WINDOW_QUARTER] = "quarter",
                                           [ENG_WINDOW_YEAR] = "year"};

/* When a tier is lost. */
static void add_grace(struct eng_text *out, const struct eng_model *model,
                      const struct eng_score *score)
{
    const char *period = period_names[score->period];
    eng_text_add(out, "; a better one at once, a lower one only when the %s is over", period);
    if (score->grace_period)
        eng_text_add(out, " and the next %s was not enough for it either", period);
    else if (score->grace_panes > 0)
        eng_text_add(out, " and %u %s of the next one have not been enough for it",
                     score->grace_panes, unit_name(model, score->grace_panes));
}

static void add_bands(struct eng_text *out, const struct eng_model *model,
                      const struct eng_score *score)
{
    eng_text_add(out, "    %s:", score->tiers ? "Tiers" : "Bands");
    for (uint32_t i = 0; i < score->band_count; i++) {
        const struct eng_band *band = &score->bands[i];
        eng_text_add(out, "%s %s", i == 0 ? "" : ",", band->name);
        if (i == 0)
            continue;
        eng_text_add(out, band->above ? " above " : " from ");
        add_e4(out, band->edge_e4);
    }
    if (score->margin_e4 > 0) {
        eng_text_add(out, "; one is left when the score is past its edge by ");
        add_e4(out, score->margin_e4);
    }
    if (score->dwell_ms > 0) {
        eng_text_add(out, "%s for ",
                     score->margin_e4 > 0 ? "" : "; one is left after being past it");
        add_elapsed(out, score->dwell_ms);
    }
    if (score->tiers)
        add_grace(out, model, score);
    eng_text_add(out, ".\n    Told when the %s changes", score->tiers ? "tier" : "band");
    if (score->tell_every_e4 > 0) {
        eng_text_add(out, ", or the value moved by ");
        add_e4(out, score->tell_every_e4);
        eng_text_add(out, " or more since it was last told");
    }
    eng_text_add(out, ".\n");
}

/* In one line, however many it has. */
static void add_description(struct eng_text *out, const char *text)
{
    if (text == NULL)
        return;
    eng_text_add(out, "    Goes out with: ");
    eng_text_add_json(out, text, strlen(text));
    eng_text_add(out, "\n");
}

static void add_score(struct eng_text *out, const struct eng_model *model,
                      const struct eng_score *score)
{
    if (score->points) {
        eng_text_add(out, "  %s: points for what was done", score->name);
        add_window(out, model, &model->measures[score->dimensions[0].measure]);
    } else {
        eng_text_add(out, "  %s: from 0 to ", score->name);
        add_e4(out, score->scale_e4);
    }
    eng_text_add(out, ", the sum of\n");
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->points)
            add_points(out, model, &score->dimensions[i]);
        else
            add_weighted(out, model, score, &score->dimensions[i]);
    }
    add_decay(out, model, &score->decay);
    if (score->nudges)
        eng_text_add(out, "    What raises it most for the least effort is suggested when it falls "
                          "into a lower band,\n    by alerts that tell a fall, and in report "
                          "cards.\n");
    add_bands(out, model, score);
    add_description(out, score->description);
}

static void add_silence(struct eng_text *out, const struct eng_model *model,
                        const struct eng_alert *alert)
{
    eng_text_add(out, "a partner with %u or more active %s of ", alert->min_active,
                 unit_name(model, 2));
    add_actions(out, model, &alert->actions);
    add_where(out, model, &alert->where);
    eng_text_add(
        out,
        " has been silent for so long, by its own rhythm,\n    that the silence will reach %u "
        "%s with a chance of ",
        alert->horizon, unit_name(model, alert->horizon));
    eng_text_add_decimal(out, alert->risk_e3, 1000);
    eng_text_add(out,
                 " or more;\n    not before %u %s; until its rhythm is known %u %s between actions "
                 "are usual",
                 alert->min_silence, unit_name(model, alert->min_silence), alert->typical_gap,
                 unit_name(model, alert->typical_gap));
}

static void add_deadline(struct eng_text *out, const struct eng_model *model,
                         const struct eng_alert *alert)
{
    uint32_t within = alert->within;
    eng_text_add(out, "no ");
    add_actions(out, model, &alert->actions);
    eng_text_add(out, " has come within %u %s after the %s of the first ", within,
                 unit_name(model, within), unit_name(model, 1));
    add_actions(out, model, &alert->anchors);
    if (alert->remind > 0)
        eng_text_add(out, ",\n    %u %s before that time is over", alert->remind,
                     unit_name(model, alert->remind));
    eng_text_add(out, ", until one comes%s",
                 alert->tell_met ? "; one that comes sooner is told too" : "");
}

static void add_edge(struct eng_text *out, const struct eng_score *score,
                     const struct eng_alert *alert)
{
    bool below = alert->kind == ENG_BELOW;
    int64_t value_e4 = alert->edge_e4 - !below;
    eng_text_add(out, "%s %s ", score->name, below ? "falls below" : "rises above");
    add_e4(out, value_e4);
    eng_text_add(out, ", until it is at ");
    add_e4(out, below ? value_e4 + alert->margin_e4 : value_e4 - alert->margin_e4);
    eng_text_add(out, " or %s", below ? "above" : "below");
}

static void add_near(struct eng_text *out, const struct eng_score *score,
                     const struct eng_alert *alert)
{
    int64_t entry_e4 = eng_score_entry_e4(score, alert->band);
    eng_text_add(out, "%s is below %s, and ", score->name, score->bands[alert->band].name);
    add_e4(out, entry_e4 - alert->edge_e4);
    eng_text_add(out, " or less is missing to ");
    add_e4(out, entry_e4);
    eng_text_add(out, ", where that band is entered; until it is, or more than ");
    add_e4(out, entry_e4 - alert->edge_e4 + alert->margin_e4);
    eng_text_add(out, " is missing");
}

static void add_control(struct eng_text *out, const struct eng_alert *alert)
{
    const char *salt = alert->salt != NULL ? alert->salt : alert->name;
    if (alert->hold_out_e4 == 0)
        return;
    eng_text_add(out, "    Of ");
    add_e4(out, alert->hold_out_e4 * 100LL);
    eng_text_add(out, " %% of the partners, chosen by their ids and ");
    eng_text_add_json(out, salt, strlen(salt));
    eng_text_add(out, ", it is told as held out: a control group.\n");
}

static void add_alert(struct eng_text *out, const struct eng_model *model,
                      const struct eng_alert *alert)
{
    const struct eng_score *score =
        eng_alert_is_scored(alert) ? &model->scores[alert->score] : NULL;
    eng_text_add(out, "  %s: when ", alert->name);
    if (alert->kind == ENG_DEADLINE) {
        add_deadline(out, model, alert);
    } else if (alert->kind == ENG_FALLS_TO || alert->kind == ENG_RISES_TO) {
        eng_text_add(out, "%s %s band to %s", score->name,
                     alert->kind == ENG_FALLS_TO ? "falls from a higher" : "rises from a lower",
                     score->bands[alert->band].name);
        if (alert->forecast > 0)
            eng_text_add(out, ", or will within %u %s if nothing happens", alert->forecast,
                         unit_name(model, alert->forecast));
    } else if (alert->kind == ENG_BELOW || alert->kind == ENG_ABOVE) {
        add_edge(out, score, alert);
    } else if (alert->kind == ENG_NEAR) {
        add_near(out, score, alert);
    } else if (alert->kind == ENG_DROP) {
        eng_text_add(out, "%s is ", score->name);
        add_e4(out, alert->drop_share_e4 > 0 ? alert->drop_share_e4 * 100LL : alert->drop_e4);
        eng_text_add(out, "%s or more below its highest value of the last %u %s",
                     alert->drop_share_e4 > 0 ? " %" : "", alert->within,
                     unit_name(model, alert->within));
    } else {
        add_silence(out, model, alert);
    }
    if (alert->forecast > 0 && alert->kind != ENG_FALLS_TO)
        eng_text_add(
            out, "; with when %s will fall into a lower band within %u %s if nothing happens",
            model->scores[alert->score].name, alert->forecast, unit_name(model, alert->forecast));
    if (alert->nudges)
        eng_text_add(out, "; with what would raise %s most for the least effort",
                     model->scores[alert->score].name);
    add_limits(out, model, alert);
    if (alert->hold)
        eng_text_add(out, "; not while that is provisional, but then if it still holds");
    if (alert->cooldown_ms > 0) {
        eng_text_add(out, "; at most once in ");
        add_elapsed(out, alert->cooldown_ms);
    }
    eng_text_add(out, ".\n");
    add_control(out, alert);
    add_description(out, alert->description);
}

static void add_matrix(struct eng_text *out, const struct eng_model *model,
                       const struct eng_matrix *matrix)
{
    const struct eng_score *rows = &model->scores[matrix->rows];
    const struct eng_score *columns = &model->scores[matrix->columns];
    eng_text_add(out, "  %s: the bands of %s by those of %s; told when the cell changes\n",
                 matrix->name, rows->name, columns->name);
    for (uint32_t row = 0; row < matrix->row_count; row++) {
        eng_text_add(out, "    %s:", rows->bands[row].name);
        for (uint32_t column = 0; column < matrix->column_count; column++)
            eng_text_add(out, "%s %s when %s", column == 0 ? "" : ",",
                         matrix->cells[eng_matrix_cell(matrix, row, column)],
                         columns->bands[column].name);
        eng_text_add(out, "\n");
    }
    add_description(out, matrix->description);
}

/* On which day, in words. */
static void add_day(struct eng_text *out, const struct eng_report *report)
{
    const char *period = period_names[report->every];
    if (report->day == 0)
        eng_text_add(out, "on the last day of every %s", period);
    else
        eng_text_add(out, "on day %u of %s %s", report->day,
                     report->every > ENG_WINDOW_MONTH ? "the first month of every" : "every",
                     period);
    eng_text_add(out, " at %02u:00", report->hour);
}

static void add_report(struct eng_text *out, const struct eng_model *model,
                       const struct eng_report *report)
{
    const struct eng_score *first = &model->scores[report->scores[0]];
    eng_text_add(out, "  %s: ", report->name);
    for (uint32_t i = 0; i < report->score_count; i++)
        eng_text_add(out, "%s%s", i > 0 ? ", " : "", model->scores[report->scores[i]].name);
    eng_text_add(out, ", ");
    add_day(out, report);
    eng_text_add(out, " (%s), for ", model->zone);
    if (report->bands == 0)
        eng_text_add(out, "everybody");
    else
        eng_text_add(out, "whoever is in ");
    const char *before = "";
    for (uint32_t i = 0; i < first->band_count; i++)
        if (report->bands >> i & 1) {
            eng_text_add(out, "%s%s", before, first->bands[i].name);
            before = " or ";
        }
    eng_text_add(out, "%s%s", report->bands != 0 ? " of " : "",
                 report->bands != 0 ? first->name : "");
    if (report->trend_e4 > 0) {
        eng_text_add(out, "; improving or declining when it has moved by ");
        add_e4(out, report->trend_e4);
        eng_text_add(out, " since the last one, else steady");
    }
    eng_text_add(out, "\n");
    add_description(out, report->description);
}

/* Whom a figure counts. */
static void add_test(struct eng_text *out, const struct eng_model *model,
                     const struct eng_test *test)
{
    if (!test->by_bands) {
        eng_text_add(out, "%s at least ", model->measures[test->subject].name);
        add_e4(out, test->at_least_e4);
        return;
    }
    const struct eng_score *score = &model->scores[test->subject];
    const char *before = " in ";
    eng_text_add(out, "%s", score->name);
    if (test->moved != ENG_MOVED_ANY)
        eng_text_add(out, " in a %s band than when the period began",
                     test->moved == ENG_MOVED_UP ? "higher" : "lower");
    for (uint32_t i = 0; i < score->band_count; i++)
        if (test->bands >> i & 1) {
            eng_text_add(out, "%s%s", before, score->bands[i].name);
            before = " or ";
        }
}

static void add_figure(struct eng_text *out, const struct eng_model *model,
                       const struct eng_figure *figure)
{
    const char *one = model->measures[figure->measures[0]].name;
    const char *two = model->measures[figure->measures[1]].name;
    eng_text_add(out, "    %s: ", figure->name);
    if (figure->kind == ENG_FIGURE_COUNT || figure->kind == ENG_FIGURE_SHARE) {
        eng_text_add(out, figure->kind == ENG_FIGURE_COUNT ? "how many have " : "the share with ");
        add_test(out, model, &figure->test);
        if (!figure->of_all) {
            eng_text_add(out, ", of those with ");
            add_test(out, model, &figure->of);
        }
    } else if (figure->kind == ENG_FIGURE_SUM || figure->kind == ENG_FIGURE_MEAN) {
        eng_text_add(out, figure->kind == ENG_FIGURE_SUM ? "the sum of %s" : "the mean of %s", one);
    } else if (figure->kind == ENG_FIGURE_NPS) {
        eng_text_add(out, "per cent with %s at 9 or more, less per cent at 6 or less", one);
    } else {
        eng_text_add(out,
                     figure->kind == ENG_FIGURE_RATIO
                         ? "the sum of %s by that of %s"
                         : "the growth of the sum of %s over that of %s",
                     one, two);
    }
    eng_text_add(out, "\n");
}

static void add_group(struct eng_text *out, const struct eng_model *model,
                      const struct eng_group *group)
{
    eng_text_add(out, "  %s: at the end of every %s (%s), for everybody", group->name,
                 period_names[group->every], model->zone);
    for (uint32_t i = 0; i < group->split_count; i++)
        eng_text_add(out, "%s %s", i == 0 ? " and by" : ",", group->splits[i].name);
    eng_text_add(out, "\n");
    for (uint32_t i = 0; i < group->figure_count; i++)
        add_figure(out, model, &group->figures[i]);
    add_description(out, group->description);
}

static void add_board(struct eng_text *out, const struct eng_model *model,
                      const struct eng_group *board)
{
    const char *of =
        board->of_score ? model->scores[board->subject].name : model->measures[board->subject].name;
    eng_text_add(out, "  %s: the first %u by %s at the end of every %s (%s), of everybody",
                 board->name, board->top, of, period_names[board->every], model->zone);
    for (uint32_t i = 0; i < board->split_count; i++)
        eng_text_add(out, "%s %s", i == 0 ? " and by" : ",", board->splits[i].name);
    eng_text_add(out, ", with the places before\n");
    add_description(out, board->description);
}

static void add_panes(struct eng_text *out, const struct eng_model *model, uint32_t panes)
{
    if (panes > 1)
        eng_text_add(out, "%u %s", panes, unit_name(model, panes));
    else
        eng_text_add(out, "a whole %s", unit_name(model, 1));
}

static void add_alert_names(struct eng_text *out, const struct eng_model *model, uint32_t alerts)
{
    bool more = false;
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (alerts >> i & 1) {
            eng_text_add(out, "%s %s", more ? "," : "", model->alerts[i].name);
            more = true;
        }
}

static void add_guard(struct eng_text *out, const struct eng_model *model,
                      const struct eng_guard *guard)
{
    eng_text_add(out, "  %s: when in ", guard->name);
    add_panes(out, model, guard->after);
    eng_text_add(out, " less than ");
    eng_text_add_decimal(out, guard->share_e4, 100);
    eng_text_add(out, " %% of what is usual has come, of ");
    if (guard->everything)
        eng_text_add(out, "everything");
    else
        add_actions(out, model, &guard->actions);
    add_where(out, model, &guard->where);
    eng_text_add(out, ",\n    nobody is told of");
    add_alert_names(out, model, guard->alerts);
    eng_text_add(out, ", until that has not been so for ");
    add_panes(out, model, guard->settle);
    eng_text_add(out, ", or for %u %s at most;\n    what is still open then is %s", guard->at_most,
                 unit_name(model, guard->at_most), guard->drop ? "never told" : "told");
    eng_text_add(out, "; times when fewer than %u are usual say nothing.\n", guard->usual_least);
    add_description(out, guard->description);
}

/* What a check looks for. */
static void add_suspicion(struct eng_text *out, const struct eng_model *model,
                          const struct eng_check *check)
{
    if (check->kind == ENG_UNIQUE) {
        eng_text_add(out, "with a text of \"%s\" that one had",
                     model->attributes[check->attribute]);
    } else if (check->kind == ENG_MORE_THAN) {
        eng_text_add(out, "that is more than number %u", check->most);
    } else if (check->kind == ENG_NEEDS) {
        eng_text_add(out, "before which there was no ");
        add_actions(out, model, &check->needs);
    } else {
        eng_text_add(out, "with which %s is more than ", model->measures[check->measures[0]].name);
        add_e4(out, check->above_e4);
        eng_text_add(out, " times %s", model->measures[check->measures[1]].name);
        return;
    }
    eng_text_add(out, " in the %u %s up to its own", check->over, unit_name(model, check->over));
}

/* Who decides on what a check holds. */
static void add_held(struct eng_text *out, const struct eng_model *model,
                     const struct eng_check *check)
{
    const char *attribute = model->attributes[check->reference];
    bool releases = false, discards = false;
    for (uint32_t i = 0; i < model->action_count; i++) {
        releases |= eng_action_set_has(&check->releases, i);
        discards |= eng_action_set_has(&check->discards, i);
    }
    if (releases) {
        eng_text_add(out, "    ");
        add_actions(out, model, &check->releases);
        eng_text_add(out, " releases it: it is counted then, in the %s of its own time.\n",
                     unit_name(model, 1));
    }
    if (discards) {
        eng_text_add(out, "    ");
        add_actions(out, model, &check->discards);
        eng_text_add(out, " discards it.\n");
    }
    eng_text_add(out, "    They belong together by \"%s\", %s.\n", attribute,
                 check->by_id ? "which is the id of what is held" : "the same text in both");
    eng_text_add(out, "    When nobody has decided for %u %s, it is %s.\n", check->held_for,
                 unit_name(model, check->held_for),
                 check->releases_at_end ? "released" : "discarded");
}

static void add_check(struct eng_text *out, const struct eng_model *model,
                      const struct eng_check *check)
{
    eng_text_add(out, "  %s: each ", check->name);
    add_actions(out, model, &check->actions);
    add_where(out, model, &check->where);
    eng_text_add(out, " ");
    add_suspicion(out, model, check);
    eng_text_add(out, " is told, and %s.\n",
                 check->leave_out ? "not counted"
                 : check->hold    ? "held"
                                  : "counts");
    if (check->hold)
        add_held(out, model, check);
    if (check->anywhere)
        eng_text_add(out,
                     "    One that another partner had is told when the %s is over, and counts.\n",
                     unit_name(model, 1));
    add_description(out, check->description);
}

/* The hours of a day that are quiet, which follow each other. */
static void add_hours(struct eng_text *out, uint32_t hours)
{
    uint32_t from = 0, to;
    while (!(hours >> from & 1) || hours >> (from + 23) % 24 & 1)
        from++;
    for (to = from; hours >> to % 24 & 1;)
        to++;
    eng_text_add(out, "from %u to %u o'clock", from, to % 24);
}

static void add_quiet(struct eng_text *out, const struct eng_model *model,
                      const struct eng_quiet *quiet)
{
    static const char *const days[] = {"Mondays", "Tuesdays",  "Wednesdays", "Thursdays",
                                       "Fridays", "Saturdays", "Sundays"};
    bool more = false;
    eng_text_add(out, "  %s: ", quiet->name);
    if (quiet->hours != 0)
        add_hours(out, quiet->hours);
    for (uint32_t i = 0; i < 7; i++)
        if (quiet->days >> i & 1) {
            eng_text_add(out, "%s%s",
                         more                ? ", "
                         : quiet->hours != 0 ? ", and all day on "
                                             : "on ",
                         days[i]);
            more = true;
        }
    eng_text_add(out, ",\n    nobody is told of");
    add_alert_names(out, model, quiet->alerts);
    eng_text_add(out, "; what is still open when that is over is told then.\n");
}

static void add_budget(struct eng_text *out, const struct eng_model *model,
                       const struct eng_budget *budget)
{
    static const char *const periods[] = {
        [ENG_PER_HOUR] = "an hour", [ENG_PER_DAY] = "a day", [ENG_PER_WEEK] = "a week"};
    eng_text_add(out, "  %s: of what opens in %s of", budget->name, periods[budget->per]);
    add_alert_names(out, model, budget->alerts);
    eng_text_add(out, ", at most %u are told at its end", budget->at_most);
    if (budget->is_split)
        eng_text_add(out, " for each segment by %s", budget->split.name);
    eng_text_add(out,
                 ",\n    in each partition of the input: those that are still open, the %s %s "
                 "first; a digest tells of the others.\n",
                 budget->lowest ? "lowest" : "highest",
                 budget->of_score ? model->scores[budget->subject].name
                                  : model->measures[budget->subject].name);
    add_description(out, budget->description);
}

static void add_ledger(struct eng_text *out, const struct eng_model *model,
                       const struct eng_ledger *ledger)
{
    eng_text_add(out, "  %s: ", ledger->name);
    if (ledger->cap_e4 > 0) {
        eng_text_add(out, "at most ");
        add_e4(out, ledger->cap_e4);
        eng_text_add(out, " in a calendar %s", period_names[ledger->per]);
    } else {
        eng_text_add(out, "all that is paid");
    }
    if (ledger->expires_after > 0)
        eng_text_add(out, "; expires after %u %s.\n", ledger->expires_after,
                     unit_name(model, ledger->expires_after));
    else
        eng_text_add(out, "; never expires.\n");
}

/* ", once for each partner" and the like. */
static void add_terms(struct eng_text *out, const struct eng_model *model,
                      const struct eng_award *award)
{
    if (award->within > 0) {
        eng_text_add(out, " up to %u %s after the %s of the newest ", award->within,
                     unit_name(model, award->within), unit_name(model, 1));
        add_actions(out, model, &award->anchors);
    }
    if (award->nth > 0 && award->nth_window != ENG_WINDOW_ROLLING)
        eng_text_add(out, ", for number %u in a calendar %s", award->nth,
                     period_names[award->nth_window]);
    else if (award->nth > 0)
        eng_text_add(out, ", for number %u in %u %s, once in as many", award->nth, award->nth_panes,
                     unit_name(model, award->nth_panes));
    if (award->streak > 0)
        eng_text_add(out, ", each time that %u %s%s in a row had one", award->streak,
                     award->streak_of == ENG_WINDOW_ROLLING ? unit_name(model, 2)
                                                            : period_names[award->streak_of],
                     award->streak_of == ENG_WINDOW_ROLLING ? "" : "s");
    if (award->first)
        eng_text_add(out, ", once for each partner");
}

static void add_award(struct eng_text *out, const struct eng_model *model,
                      const struct eng_award *award)
{
    const char *between = "";
    eng_text_add(out, "  %s: ", award->name);
    if (award->points_e4 > 0) {
        add_e4(out, award->points_e4);
    } else {
        add_e4(out, award->rate_e4);
        eng_text_add(out, " for each 1 of the %s",
                     award->number > 0 ? model->numbers[award->number - 1] : "value");
    }
    eng_text_add(out, " for %s",
                 award->first || award->nth > 0 || award->streak > 0 ? "" : "each ");
    add_actions(out, model, &award->actions);
    add_where(out, model, &award->where);
    add_terms(out, model, award);
    eng_text_add(out, ", to ");
    for (uint32_t i = 0; i < model->ledger_count; i++) {
        if (!(award->ledgers >> i & 1))
            continue;
        eng_text_add(out, "%s%s", between, model->ledgers[i].name);
        between = " and ";
    }
    if (award->pending_for > 0) {
        eng_text_add(out, ",\n    once ");
        add_actions(out, model, &award->approves);
        eng_text_add(out, " with the same %s has come within %u %s",
                     model->attributes[award->reference], award->pending_for,
                     unit_name(model, award->pending_for));
    }
    if (award->reversible_for > 0) {
        eng_text_add(out, ",\n    undone by ");
        add_actions(out, model, &award->reverses);
        eng_text_add(out, " that names it by %s within %u %s", model->attributes[award->original],
                     award->reversible_for, unit_name(model, award->reversible_for));
    }
    eng_text_add(out, ".\n");
    add_description(out, award->description);
}

void eng_explain_model(struct eng_text *out, const struct eng_model *model)
{
    eng_assert(out != NULL && model != NULL);
    eng_text_add(out, "Program %s, model version %u. Counts are kept per %s.\n", model->program,
                 model->version, unit_name(model, 1));
    eng_text_add(out, "An event %u %s older than the newest one is late. ", model->late_after,
                 unit_name(model, model->late_after));
    if (model->dedup > 0)
        eng_text_add(out, "An event id is remembered for %u %s.\n", model->dedup,
                     unit_name(model, model->dedup));
    else
        eng_text_add(out, "Event ids are not compared.\n");
    if (model->fact_count > 0)
        eng_text_add(out, "\nFacts\n");
    for (uint32_t i = 0; i < model->fact_count; i++)
        add_fact(out, model, &model->facts[i]);
    if (model->named_measure_count > 0)
        eng_text_add(out, "\nMeasures\n");
    for (uint32_t i = 0; i < model->named_measure_count; i++)
        add_measure(out, model, &model->measures[i]);
    if (model->score_count > 0)
        eng_text_add(out, "\nScores\n");
    for (uint32_t i = 0; i < model->score_count; i++)
        add_score(out, model, &model->scores[i]);
    if (model->matrix_count > 0)
        eng_text_add(out, "\nMatrices\n");
    for (uint32_t i = 0; i < model->matrix_count; i++)
        add_matrix(out, model, &model->matrices[i]);
    if (model->report_count > 0)
        eng_text_add(out, "\nReports\n");
    for (uint32_t i = 0; i < model->report_count; i++)
        add_report(out, model, &model->reports[i]);
    uint32_t boards_first = eng_boards_first(model);
    if (boards_first > 0)
        eng_text_add(out, "\nGroups\n");
    for (uint32_t i = 0; i < boards_first; i++)
        add_group(out, model, &model->groups[i]);
    if (model->board_count > 0)
        eng_text_add(out, "\nBoards\n");
    for (uint32_t i = boards_first; i < model->group_count; i++)
        add_board(out, model, &model->groups[i]);
    if (model->alert_count > 0)
        eng_text_add(out, "\nAlerts\n");
    for (uint32_t i = 0; i < model->alert_count; i++)
        add_alert(out, model, &model->alerts[i]);
    if (model->check_count > 0)
        eng_text_add(out, "\nChecks, before an event is counted\n");
    for (uint32_t i = 0; i < model->check_count; i++)
        add_check(out, model, &model->checks[i]);
    if (model->guard_count > 0)
        eng_text_add(out, "\nGuards\n");
    for (uint32_t i = 0; i < model->guard_count; i++)
        add_guard(out, model, &model->guards[i]);
    if (model->quiet_count > 0)
        eng_text_add(out, "\nQuiet times\n");
    for (uint32_t i = 0; i < model->quiet_count; i++)
        add_quiet(out, model, &model->quiets[i]);
    if (model->budget_count > 0)
        eng_text_add(out, "\nBudgets\n");
    for (uint32_t i = 0; i < model->budget_count; i++)
        add_budget(out, model, &model->budgets[i]);
    if (model->ledger_count > 0)
        eng_text_add(out, "\nLedgers\n");
    for (uint32_t i = 0; i < model->ledger_count; i++)
        add_ledger(out, model, &model->ledgers[i]);
    if (model->award_count > 0)
        eng_text_add(out, "\nAwards\n");
    for (uint32_t i = 0; i < model->award_count; i++)
        add_award(out, model, &model->awards[i]);
}

/* "  key: value" with the value quoted as JSON, which is YAML too; nothing when there is none. */
static void add_text_key(struct eng_text *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    eng_text_add(out, "  %s: ", key);
    eng_text_add_json(out, value, strlen(value));
    eng_text_add(out, "\n");
}

static void add_elapsed_key(struct eng_text *out, const char *key, int64_t ms)
{
    eng_text_add(out, "  %s: ", key);
    add_elapsed(out, ms);
    eng_text_add(out, "\n");
}

static void add_properties(struct eng_text *out, const char *key,
                           const struct eng_properties *properties)
{
    if (properties->count == 0)
        return;
    eng_text_add(out, "  %s:\n", key);
    for (size_t i = 0; i < properties->count; i++) {
        const struct eng_property *property = &properties->items[i];
        const char *value = property->secret ? "(not shown)" : property->value;
        eng_text_add(out, "  ");
        add_text_key(out, property->name, value);
    }
}

static void add_input(struct eng_text *out, const struct eng_input_config *input)
{
    static const char *const formats[] = {[ENG_FORMAT_AVRO] = "avro", [ENG_FORMAT_JSON] = "json"};
    static const char *const framings[] = {[ENG_FRAMING_AUTO] = "auto",
                                           [ENG_FRAMING_NONE] = "none",
                                           [ENG_FRAMING_CONFLUENT] = "confluent"};
    static const char *const units[] = {
        [ENG_TIME_MS] = "ms", [ENG_TIME_S] = "s", [ENG_TIME_ISO] = "iso"};
    eng_text_add(out, "input:\n");
    add_text_key(out, "topic", input->topic);
    add_text_key(out, "format", formats[input->format]);
    if (input->format == ENG_FORMAT_AVRO) {
        add_text_key(out, "schema", input->schema_path);
        add_text_key(out, "framing", framings[input->framing]);
    }
    add_text_key(out, "time_unit", units[input->time_unit]);
    const struct eng_field_paths *fields = &input->fields;
    const char *const rows[][2] = {{"  id", fields->id},
                                   {"  partner", fields->partner},
                                   {"  action", fields->action},
                                   {"  time", fields->time},
                                   {"  member", fields->member},
                                   {"  value", fields->value},
                                   {"  attributes", fields->attributes}};
    eng_text_add(out, "  fields:\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        add_text_key(out, rows[i][0], rows[i][1]);
    if (fields->numbers.count > 0)
        eng_text_add(out, "    numbers:\n");
    for (size_t i = 0; i < fields->numbers.count; i++) {
        eng_text_add(out, "    ");
        add_text_key(out, fields->numbers.items[i].name, fields->numbers.items[i].value);
    }
}

static void add_run(struct eng_text *out, const struct eng_config *config)
{
    eng_text_add(out, "run:\n  workers: %u\n", config->run.workers);
    add_elapsed_key(out, "commit_interval", config->run.commit_interval_ms);
    add_elapsed_key(out, "stop_deadline", config->run.stop_deadline_ms);
    if (config->run.memory_bytes_max > 0)
        eng_text_add(out, "  memory: %" PRIu64 "\n", config->run.memory_bytes_max);
    if (config->run.standbys > 0)
        eng_text_add(out, "  standbys: %u\n", config->run.standbys);
    eng_text_add(out, "recovery:\n  checkpoints: %s\n",
                 config->recovery.checkpoints ? "true" : "false");
    if (config->recovery.records > 0)
        eng_text_add(out, "  records: %" PRId64 "\n", config->recovery.records);
    eng_text_add(out, "  seconds: %" PRId64 "\n", config->recovery.seconds);
    eng_text_add(out, "http:\n  listen: ");
    if (config->http.enabled)
        eng_text_add(out, "\"%s:%u\"\n", config->http.address, config->http.port);
    else
        eng_text_add(out, "off\n");
}

void eng_explain_config(struct eng_text *out, const struct eng_config *config)
{
    eng_assert(out != NULL && config != NULL);
    eng_text_add(out, "time:\n");
    add_elapsed_key(out, "future_skew", config->future_skew_ms);
    add_elapsed_key(out, "idle_after", config->idle_after_ms);
    add_input(out, &config->input);
    eng_text_add(out, "kafka:\n");
    add_text_key(out, "brokers", config->kafka.brokers);
    add_text_key(out, "group", config->kafka.group);
    add_text_key(out, "instance", config->kafka.instance);
    add_properties(out, "client", &config->kafka.client);
    add_properties(out, "consumer", &config->kafka.consumer);
    add_properties(out, "producer", &config->kafka.producer);
    eng_text_add(out, "output:\n");
    add_text_key(out, "score_changes", config->output.score_changes);
    add_text_key(out, "churn_drops", config->output.churn_drops);
    add_text_key(out, "cell_changes", config->output.cell_changes);
    add_text_key(out, "reports", config->output.reports);
    add_text_key(out, "awards", config->output.awards);
    add_text_key(out, "flags", config->output.flags);
    add_text_key(out, "source_silences", config->output.source_silences);
    add_text_key(out, "digests", config->output.digests);
    add_text_key(out, "groups", config->output.groups);
    add_text_key(out, "boards", config->output.boards);
    add_text_key(out, "group_sums", config->output.group_sums);
    add_text_key(out, "dead_letters", config->output.dead_letters);
    add_text_key(out, "erasures", config->output.erasures);
    add_text_key(out, "state", config->output.state);
    eng_text_add(out, "  create: %s\n", config->output.create ? "true" : "false");
    if (config->output.replication > 0)
        eng_text_add(out, "  replication: %d\n", config->output.replication);
    add_run(out, config);
}
