/* Scores: weighted dimensions or points, with their bands, and what values they can take. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <string.h>

#define UNBOUNDED_E4 (INT64_MAX / 4)
#define ONE_E4 10000

/* The longest window, by days: rolling ones among themselves, and calendar ones by their kind. */
static void widen(const struct eng_measure *measure, struct eng_score *score)
{
    if (measure->window == ENG_WINDOW_LIFE || measure->window == ENG_WINDOW_NONE || measure->inner)
        return; /* what a ledger holds is all there is */
    if (measure->window == ENG_WINDOW_ROLLING) {
        if (eng_measure_reach(measure) > score->provisional_panes)
            score->provisional_panes = eng_measure_reach(measure);
        if (score->provisional_window == ENG_WINDOW_NONE)
            score->provisional_window = ENG_WINDOW_ROLLING;
    } else if (score->provisional_window == ENG_WINDOW_NONE ||
               measure->window > score->provisional_window) {
        score->provisional_window = measure->window;
    }
}

/* By both parts of a ratio. */
static void widen_by(const struct eng_model *model, unsigned measure, struct eng_score *score)
{
    const struct eng_measure *about = &model->measures[measure];
    widen(about, score);
    for (int i = 0; i < 2 && about->kind == ENG_RATIO; i++)
        widen(&model->measures[about->parts[i]], score);
}

static enum eng_status read_step(struct eng_load *load, const struct eng_node *node,
                                 struct eng_dimension *dimension)
{
    static const struct eng_range x_range = {"x of a step", 4, -ENG_TARGET_MAX_E4,
                                             ENG_TARGET_MAX_E4};
    static const struct eng_range y_range = {"y of a step", 4, 0, ONE_E4};
    struct eng_step *step = &dimension->steps[dimension->step_count];
    if (node->kind != ENG_NODE_SEQUENCE || node->count != 2)
        return eng_source_fail(&load->source, node->mark,
                               "a step is %s; write a pair [measure, share], such as [1000, 0.5]",
                               eng_node_shown(&load->source, node));
    enum eng_status status = eng_load_number(load, node->first, &x_range, &step->x_e4);
    if (status == ENG_OK)
        status = eng_load_number(load, node->first->next, &y_range, &step->y_e4);
    if (status != ENG_OK)
        return status;
    if (dimension->step_count++ > 0 && step->x_e4 <= step[-1].x_e4)
        return eng_source_fail(&load->source, node->first->mark,
                               "x of a step is %s, not above the one before it; write steps with x "
                               "ascending",
                               eng_node_shown(&load->source, node->first));
    return ENG_OK;
}

static enum eng_status load_steps(struct eng_load *load, const struct eng_node *node,
                                  struct eng_dimension *dimension)
{
    eng_assert(node->kind == ENG_NODE_SEQUENCE && dimension->steps == NULL);
    if (node->count < 2 || node->count > ENG_STEPS_MAX)
        return eng_source_fail(
            &load->source, node->mark,
            "there are %u steps; write from 2 to %d (ENG_STEPS_MAX) pairs, such as "
            "[[0, 0], [1000, 1]]",
            node->count, ENG_STEPS_MAX);
    dimension->steps = eng_load_array(load, node->count, sizeof *dimension->steps);
    if (dimension->steps == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status = ENG_OK;
    for (const struct eng_node *step = node->first; step && status == ENG_OK; step = step->next)
        status = read_step(load, step, dimension);
    return status;
}

static enum eng_status check_dimension(struct eng_load *load, const struct eng_node *node,
                                       const struct eng_dimension_draft *draft)
{
    if ((draft->target.number_e4 != 0) == (draft->steps != NULL))
        return eng_source_fail(
            &load->source, node->key->mark,
            "the dimension \"%s\" has %s; write \"target: 10\", or \"steps: [[0, 0], "
            "[10, 1]]\"",
            eng_node_shown(&load->source, node->key),
            draft->steps != NULL ? "both a target and steps" : "neither a target nor steps");
    return ENG_OK;
}

static enum eng_status load_dimension(struct eng_load *load, const struct eng_node *node,
                                      struct eng_score *score)
{
    static const struct eng_range weights = {"\"weight\"", 4, 1, ENG_WEIGHT_MAX_E4};
    static const struct eng_range targets = {"\"target\"", 4, 1, ENG_TARGET_MAX_E4};
    struct eng_dimension_draft draft = {0};
    struct eng_dimension *dimension = &score->dimensions[score->dimension_count++];
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a dimension");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_dimension, node, &draft);
    if (status == ENG_OK)
        status = check_dimension(load, node, &draft);
    if (status == ENG_OK)
        status = eng_load_find_measure(load, draft.measure ? draft.measure : node->key,
                                       "add it under \"measures\", or name another one with "
                                       "\"measure:\"",
                                       &dimension->measure);
    if (status == ENG_OK)
        status = eng_load_copy(load, node->key, &dimension->name);
    if (status == ENG_OK && draft.steps != NULL)
        status = load_steps(load, draft.steps, dimension);
    if (status == ENG_OK)
        status = eng_load_cases(load, &draft.weight, &weights, &dimension->weights);
    if (status == ENG_OK)
        status = eng_load_cases(load, &draft.target, &targets, &dimension->targets);
    if (status == ENG_OK)
        status = eng_load_nudge(load, node, &draft.nudge, dimension);
    dimension->weight_e4 = draft.weight.number_e4;
    dimension->target_e4 = draft.target.number_e4;
    dimension->skip = draft.skip != 0;
    score->weight_sum_e4 += draft.weight.number_e4;
    return status;
}

/* A points key is an action and its points, or a name for `points`, `of` and `where`; without `of`
 * the name is the action. */
static enum eng_status read_points_key(struct eng_load *load, const struct eng_node *node,
                                       struct eng_points_draft *ret_draft)
{
    static const struct eng_range range = {"the points of an action", 4, -ENG_POINTS_MAX_E4,
                                           ENG_POINTS_MAX_E4};
    enum eng_status status = ENG_OK;
    if (node->kind == ENG_NODE_MAPPING)
        status = eng_section_read(load, &eng_section_points, node, ret_draft);
    else
        status = eng_load_number(load, node, &range, &ret_draft->points_e4);
    if (status != ENG_OK)
        return status;
    if (ret_draft->of != NULL)
        return eng_load_check_name(load, node->key, "a key of points");
    ret_draft->of = node->key;
    return eng_load_check_actions(load, node->key, "a key of points");
}

static enum eng_status load_points_key(struct eng_load *load, const struct eng_node *node,
                                       const struct eng_window *window, struct eng_score *score)
{
    struct eng_points_draft draft = {0};
    struct eng_dimension *dimension = &score->dimensions[score->dimension_count++];
    enum eng_status status = read_points_key(load, node, &draft);
    if (status == ENG_OK)
        status = eng_load_copy(load, node->key, &dimension->name);
    if (status == ENG_OK)
        status = eng_load_hidden_count(load, &draft, window, &dimension->measure);
    if (status == ENG_OK)
        status = eng_load_nudge(load, node, &draft.nudge, dimension);
    dimension->points_e4 = draft.points_e4;
    return status;
}

/* Dimensions or points keys, in file order. */
static enum eng_status load_summands(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_window *window, struct eng_score *score)
{
    if (node->count == 0 || node->count > ENG_DIMENSIONS_MAX)
        return eng_source_fail(&load->source, node->key->mark,
                               "there are %u entries; write from 1 to %d (ENG_DIMENSIONS_MAX)",
                               node->count, ENG_DIMENSIONS_MAX);
    score->dimensions = eng_load_array(load, node->count, sizeof *score->dimensions);
    if (score->dimensions == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status = ENG_OK;
    score->provisional_window = ENG_WINDOW_NONE;
    for (const struct eng_node *child = node->first; child && status == ENG_OK;
         child = child->next) {
        status = score->points ? load_points_key(load, child, window, score)
                               : load_dimension(load, child, score);
        if (status != ENG_OK)
            return status;
        const struct eng_dimension *dimension = &score->dimensions[score->dimension_count - 1];
        widen_by(load->model, dimension->measure, score);
        score->nudges |= dimension->effort_e4 > 0;
    }
    return ENG_OK;
}

/* What awards have booked: one summand, which has the ledger's name. */
static enum eng_status load_booked(struct eng_load *load, const struct eng_node *name,
                                   const struct eng_window *window, struct eng_score *score)
{
    uint16_t ledger;
    enum eng_status status = eng_load_find_ledger(load, name, &ledger);
    if (status == ENG_OK && load->model->ledgers[ledger].cap_e4 > 0)
        return eng_source_fail(&load->source, name->mark,
                               "the ledger \"%s\" has a cap, and a score is of all that was done; "
                               "take a ledger without one, or a measure \"earned\"",
                               load->model->ledgers[ledger].name);
    if (status != ENG_OK)
        return status;
    score->provisional_window = ENG_WINDOW_NONE;
    score->dimensions = eng_load_array(load, 1, sizeof *score->dimensions);
    if (score->dimensions == NULL)
        return ENG_NO_MEMORY;
    score->dimension_count = 1;
    score->dimensions[0].points_e4 = ONE_E4;
    status = eng_load_copy(load, name, &score->dimensions[0].name);
    if (status == ENG_OK)
        status = eng_load_hidden_sum(load, name, ledger, window, &score->dimensions[0].measure);
    if (status == ENG_OK)
        widen(&load->model->measures[score->dimensions[0].measure], score);
    return status;
}

/* Tiers are earned by points in a period of the calendar; a grace ends in the next one. */
static enum eng_status check_tiers(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_score_draft *draft)
{
    static const uint32_t days[] = {[ENG_WINDOW_WEEK] = 7,
                                    [ENG_WINDOW_MONTH] = 28,
                                    [ENG_WINDOW_QUARTER] = 90,
                                    [ENG_WINDOW_YEAR] = 365};
    const char *name = eng_node_shown(&load->source, node->key);
    uint32_t day = load->model->pane_unit == ENG_PANE_HOUR ? 24 : 1;
    enum eng_window_kind period = draft->over.kind;
    if (draft->points == NULL && draft->ledger == NULL)
        return eng_source_fail(&load->source, draft->tiers->key->mark,
                               "the score \"%s\" has tiers and no points; tiers are earned by "
                               "points, give dimensions \"bands\"",
                               name);
    enum eng_status status =
        eng_section_allow(load, node, "a points score with tiers",
                          "points ledger over tiers grace tell_every description");
    if (status != ENG_OK)
        return status;
    if (draft->over.node == NULL || period < ENG_WINDOW_WEEK || period > ENG_WINDOW_YEAR)
        return eng_source_fail(&load->source, draft->tiers->key->mark,
                               "tiers are earned in a period of the calendar; write \"over: "
                               "quarter\", or week, month or year");
    if (draft->grace.panes > days[period] * day)
        return eng_source_fail(&load->source, eng_node_get(node, "grace")->mark,
                               "\"grace\" is %s, longer than a %s; write \"1 period\", or %u%s at "
                               "most",
                               eng_node_shown(&load->source, eng_node_get(node, "grace")),
                               eng_node_shown(&load->source, draft->over.node), days[period] * day,
                               day == 1 ? "d" : "h");
    return ENG_OK;
}

/* Exactly one of the kinds, with what belongs to it. */
static enum eng_status check_draft(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_score_draft *draft)
{
    const char *name = eng_node_shown(&load->source, node->key);
    int kinds = (draft->dimensions != NULL) + (draft->points != NULL) + (draft->ledger != NULL);
    if (kinds != 1)
        return eng_source_fail(&load->source, node->key->mark,
                               "the score \"%s\" has %s; write one of them", name,
                               kinds == 0              ? "neither dimensions nor points"
                               : draft->ledger != NULL ? "a ledger and something else"
                                                       : "both dimensions and points");
    enum eng_status status =
        draft->tiers != NULL ? check_tiers(load, node, draft)
        : draft->points != NULL
            ? eng_section_allow(load, node, "a points score",
                                "points over decay bands margin dwell tell_every description")
        : draft->ledger != NULL
            ? eng_section_allow(load, node, "a score of a ledger",
                                "ledger over decay bands margin dwell tell_every description")
            : eng_section_allow(load, node, "a score of dimensions",
                                "scale dimensions bands margin dwell tell_every description");
    if (status != ENG_OK)
        return status;
    if (draft->bands == NULL && draft->tiers == NULL)
        return eng_source_fail(&load->source, node->key->mark,
                               "\"bands\" is missing; write \"bands: {low: 0, high: {above: 8}}\"");
    if (draft->dimensions == NULL && draft->over.node == NULL)
        return eng_source_fail(&load->source, node->key->mark,
                               "the points score \"%s\" needs a window; write \"over: 90d\"", name);
    if (draft->dimensions != NULL && draft->scale_e4 == 0)
        return eng_source_fail(&load->source, node->key->mark,
                               "the score \"%s\" needs its greatest value; write \"scale: 10\"",
                               name);
    return ENG_OK;
}

/* S12: a score always has a value. */
static enum eng_status check_skips(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_score *score)
{
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (!score->dimensions[i].skip)
            return ENG_OK;
    return eng_source_fail(
        &load->source, node->key->mark,
        "all dimensions of the score \"%s\" may be left out, so it may have no value; "
        "take \"missing: skip\" away from one of them",
        score->name);
}

/* How points get less. */
static enum eng_status load_decay(struct eng_load *load, const struct eng_score_draft *about,
                                  struct eng_decay *ret_decay)
{
    struct eng_decay_draft draft = {0};
    const struct eng_node *node = about->decay;
    enum eng_status status = eng_section_read(load, &eng_section_decay, node, &draft);
    if (status != ENG_OK)
        return status;
    bool step = draft.step.share_e4 > 0 || draft.step.number_e4 > 0;
    if (step + (draft.linear > 0) + (draft.half_life > 0) != 1)
        return eng_source_fail(
            &load->source, node->key->mark,
            "\"decay\" has none of step, linear and half_life, or several; write "
            "one, such as \"decay: {half_life: 30d}\"");
    if (step != (draft.every > 0))
        return eng_source_fail(
            &load->source, node->key->mark,
            "\"step\" and \"every\" belong together; write \"decay: {step: 25%%, "
            "every: 10d}\"");
    if (about->over.kind == ENG_WINDOW_LIFE)
        return eng_source_fail(
            &load->source, about->over.node->mark,
            "points that decay are kept for a while only; write a window of days or "
            "hours, or week, month, quarter");
    ret_decay->kind = step ? ENG_DECAY_STEP : draft.linear > 0 ? ENG_DECAY_LINEAR : ENG_DECAY_HALF;
    ret_decay->panes = draft.every + draft.linear + draft.half_life;
    ret_decay->share_e4 =
        draft.step.share_e4 > 0 ? draft.step.share_e4 : (uint32_t)draft.step.number_e4;
    return ENG_OK;
}

static enum eng_status fill_score(struct eng_load *load, const struct eng_node *node,
                                  const struct eng_score_draft *draft, struct eng_score *score)
{
    const struct eng_node *summands = draft->points ? draft->points : draft->dimensions;
    score->points = draft->dimensions == NULL;
    score->scale_e4 = draft->scale_e4;
    score->margin_e4 = draft->margin_e4;
    score->dwell_ms = draft->dwell_ms;
    score->tell_every_e4 = draft->tell_every_e4;
    if (draft->tiers != NULL) {
        score->tiers = true;
        score->period = draft->over.kind;
        score->grace_period = draft->grace.period;
        score->grace_panes = draft->grace.panes;
    }
    enum eng_status status = eng_load_copy(load, node->key, &score->name);
    if (status == ENG_OK && draft->description != NULL)
        status = eng_load_copy(load, draft->description, &score->description);
    if (status == ENG_OK)
        status = draft->ledger != NULL ? load_booked(load, draft->ledger, &draft->over, score)
                                       : load_summands(load, summands, &draft->over, score);
    if (status == ENG_OK && draft->decay != NULL)
        status = load_decay(load, draft, &score->decay);
    if (status == ENG_OK)
        status = check_skips(load, node, score);
    const struct eng_node *bands = draft->tiers != NULL ? draft->tiers : draft->bands;
    if (status == ENG_OK)
        status = eng_load_bands(load, bands, score);
    if (status == ENG_OK)
        status = eng_load_check_bands(load, bands, score, eng_score_span(score));
    return status;
}

static enum eng_status load_score(struct eng_load *load, const struct eng_node *node)
{
    struct eng_score_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a score");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_score, node, &draft);
    if (status == ENG_OK)
        status = check_draft(load, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_score *score = &load->model->scores[load->model->score_count++];
    return fill_score(load, node, &draft, score);
}

enum eng_status eng_load_scores(struct eng_load *load)
{
    static const struct eng_things things = {"scores", "ENG_SCORES_MAX", ENG_SCORES_MAX,
                                             sizeof *load->model->scores, load_score};
    eng_assert(load->model->scores == NULL);
    return eng_load_things(load, load->file.scores, &things, &load->model->scores);
}

/* The least or greatest share of a dimension, 0 .. ONE_E4. */
static int64_t share_e4(const struct eng_dimension *dimension, bool greatest)
{
    if (dimension->steps == NULL)
        return greatest ? ONE_E4 : 0;
    int64_t found = dimension->steps[0].y_e4;
    for (uint32_t i = 1; i < dimension->step_count; i++)
        if ((dimension->steps[i].y_e4 > found) == greatest)
            found = dimension->steps[i].y_e4;
    return found;
}

/* scale * weight * share / sum, rounded half up: what the engine makes of it (nothing here is
 * negative). */
static int64_t contribution_e4(const struct eng_score *score, int64_t weight_e4, int64_t share)
{
    unsigned __int128 whole =
        (unsigned __int128)(uint64_t)score->scale_e4 * (uint64_t)weight_e4 * (uint64_t)share;
    unsigned __int128 divisor = (unsigned __int128)(uint64_t)score->weight_sum_e4 * ONE_E4;
    return (int64_t)((2 * whole + divisor) / (2 * divisor));
}

/* The dimension to leave in next: the best one that may be left out and is not in yet. -1: none. */
static int best_skippable(const struct eng_score *score, uint32_t taken, bool greatest)
{
    int best = -1;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (!score->dimensions[i].skip || (taken >> i & 1) != 0)
            continue;
        int64_t share = share_e4(&score->dimensions[i], greatest);
        if (best < 0 || (share != share_e4(&score->dimensions[best], greatest) &&
                         (share > share_e4(&score->dimensions[best], greatest)) == greatest))
            best = (int)i;
    }
    return best;
}

/* The bound of a score with dimensions that may be left out. The average is greatest with those
 * left in that are better than the average so far, the best one first. Contributions are rounded
 * one by one, which gives the bound half a step of room for each. */
static int64_t skipping_bound_e4(const struct eng_score *score, bool greatest)
{
    int64_t weight = 0, sum = 0;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (!score->dimensions[i].skip) {
            weight += score->dimensions[i].weight_e4;
            sum += score->dimensions[i].weight_e4 * share_e4(&score->dimensions[i], greatest);
        }
    eng_assert(weight > 0);
    for (int at; (at = best_skippable(score, taken, greatest)) >= 0; taken |= 1u << at) {
        int64_t share = share_e4(&score->dimensions[at], greatest);
        if (greatest ? share * weight <= sum : share * weight >= sum)
            break;
        weight += score->dimensions[at].weight_e4;
        sum += score->dimensions[at].weight_e4 * share;
    }
    unsigned __int128 bound = (unsigned __int128)(uint64_t)score->scale_e4 * (uint64_t)sum /
                              ((unsigned __int128)(uint64_t)weight * ONE_E4);
    int64_t room = score->dimension_count / 2 + 1;
    if (greatest)
        return sum == 0 ? 0 : (int64_t)bound + room;
    return (int64_t)bound > room ? (int64_t)bound - room : 0;
}

/* The bound of a score whose weights are partners' own: an average is between the shares. */
static int64_t shifting_bound_e4(const struct eng_score *score, bool greatest)
{
    int64_t found = share_e4(&score->dimensions[0], greatest),
            room = score->dimension_count / 2 + 1;
    for (uint32_t i = 1; i < score->dimension_count; i++) {
        int64_t share = share_e4(&score->dimensions[i], greatest);
        found = (share > found) == greatest ? share : found;
    }
    int64_t bound = (int64_t)((__int128)score->scale_e4 * found / ONE_E4);
    if (greatest)
        return found == 0 ? 0 : bound + room;
    return bound > room ? bound - room : 0;
}

static int64_t weighted_bound_e4(const struct eng_score *score, bool greatest)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < score->dimension_count; i++)
        if (score->dimensions[i].weights.count > 0)
            return shifting_bound_e4(score, greatest);
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &score->dimensions[i];
        if (dimension->skip)
            return skipping_bound_e4(score, greatest);
        sum += contribution_e4(score, dimension->weight_e4, share_e4(dimension, greatest));
    }
    return sum;
}

struct eng_span eng_score_span(const struct eng_score *score)
{
    struct eng_span span = {0, 0};
    eng_assert(score->dimension_count > 0);
    if (!score->points) {
        span.min_e4 = weighted_bound_e4(score, false);
        span.max_e4 = weighted_bound_e4(score, true);
        if (span.min_e4 > 0)
            span.min_e4 = 0; /* before the first counted event */
        return span;
    }
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        if (score->dimensions[i].points_e4 > 0)
            span.max_e4 = UNBOUNDED_E4;
        if (score->dimensions[i].points_e4 < 0)
            span.min_e4 = -UNBOUNDED_E4;
    }
    return span;
}

static bool steps_descend(const struct eng_dimension *dimension)
{
    for (uint32_t i = 1; i < dimension->step_count; i++)
        if (dimension->steps[i].y_e4 < dimension->steps[i - 1].y_e4)
            return true;
    return false;
}

/* Counts since the first event only grow; everything else can shrink, or be turned into less. */
bool eng_score_can_fall(const struct eng_model *model, const struct eng_score *score)
{
    eng_assert(model != NULL && score != NULL);
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &score->dimensions[i];
        const struct eng_measure *measure = &model->measures[dimension->measure];
        bool grows = measure->window == ENG_WINDOW_LIFE &&
                     (measure->kind == ENG_COUNT || measure->kind == ENG_ACTIVE ||
                      measure->kind == ENG_MEMBERS);
        if (!grows || dimension->skip || dimension->points_e4 < 0 || steps_descend(dimension))
            return true;
    }
    return false;
}
