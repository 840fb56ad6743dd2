/* What may be suggested to partners: `effort` of dimensions and points keys.
 *
 * What a suggestion gives is told exactly (engine/nudge.c), so all that its action changes in the
 * score has to be known beforehand: counts, sums and active panes are; what depends on an event's
 * value, member or attributes, or on what was there before, is not. And it never makes the score
 * smaller. What cannot be said is refused. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include <string.h>

enum eng_status eng_load_nudge(struct eng_load *load, const struct eng_node *node,
                               const struct eng_nudge_draft *draft, struct eng_dimension *dimension)
{
    static const char *const others[] = {"action", "each"};
    eng_assert(dimension->action == NULL);
    for (int i = 0; i < 2 && draft->effort_e4 == 0; i++)
        if (node->kind == ENG_NODE_MAPPING && eng_node_get(node, others[i]) != NULL)
            return eng_source_fail(&load->source, eng_node_get(node, others[i])->mark,
                                   "\"%s\" is for what is suggested; write \"effort: 1\" beside "
                                   "it, or leave it out",
                                   others[i]);
    dimension->effort_e4 = draft->effort_e4;
    dimension->each_e4 = draft->each_e4;
    if (draft->action == NULL)
        return ENG_OK;
    if (draft->action->length > 0 && draft->action->text[draft->action->length - 1] == '*')
        return eng_source_fail(&load->source, draft->action->mark,
                               "\"action\" is %s, a family; write the one action of it that is "
                               "suggested",
                               eng_node_shown(&load->source, draft->action));
    return eng_load_copy(load, draft->action, &dimension->action);
}

/* ---- the end: when all actions are known ---- */

/* The dimension in hand, and where it says what. */
struct about {
    const struct eng_score *score;
    struct eng_dimension *dimension;
    const struct eng_measure *measure;
    const struct eng_node *node;
};

static enum eng_status fail_at(struct eng_load *load, const struct about *about, const char *key,
                               const char *text)
{
    return eng_source_fail(&load->source, eng_node_get(about->node, key)->mark,
                           "the dimension \"%s\" %s", about->dimension->name, text);
}

/* Refuses a measure of which one more action cannot be said to give something. */
static enum eng_status check_measure(struct eng_load *load, const struct about *about)
{
    bool sum = about->measure->kind == ENG_SUM, each = about->dimension->each_e4 > 0;
    if ((about->measure->kind != ENG_COUNT && !sum) || about->measure->ledger > 0)
        return fail_at(load, about, "effort",
                       "cannot be suggested: what one more action gives can be told of counts, and "
                       "of sums with \"each\"; leave \"effort\" out");
    if (about->measure->ago > 0)
        return fail_at(load, about, "effort",
                       "cannot be suggested: its window lies back, so nothing done now is in it; "
                       "leave \"effort\" out");
    if (about->score->decay.kind != ENG_DECAY_NONE)
        return fail_at(load, about, "effort",
                       "cannot be suggested: its points get less with time; leave \"effort\" out");
    if (about->score->points && about->dimension->points_e4 <= 0)
        return fail_at(load, about, "effort",
                       "cannot be suggested: it does not raise the score; leave \"effort\" out");
    if (sum && !each)
        return fail_at(load, about, "effort",
                       "is a sum; write \"each: 500\" beside \"effort\", the value of the action "
                       "that is suggested");
    if (!sum && each)
        return fail_at(load, about, "each",
                       "is no sum, so its actions have no value that counts; "
                       "leave \"each\" out");
    return ENG_OK;
}

/* The entry of an event of an action that has, of each attribute that the measure's filter names,
 * the first of its texts, and no other attributes. */
static uint16_t entry_of(const struct eng_model *model, uint16_t first,
                         const struct eng_measure *measure)
{
    struct eng_slice attributes[ENG_ATTRIBUTES_MAX];
    uint8_t slots[ENG_ATTRIBUTES_MAX];
    memset(slots, ENG_NO_SLOT, sizeof slots);
    for (uint32_t i = 0; i < measure->where.clause_count; i++) {
        const struct eng_clause *clause = &measure->where.clauses[i];
        attributes[i] = clause->values[0];
        slots[clause->attribute] = (uint8_t)i;
    }
    uint16_t entry = eng_condition_entry(model, first, attributes, slots);
    return entry != ENG_ACTION_NONE && eng_action_set_has(&measure->actions, entry)
               ? entry
               : ENG_ACTION_NONE;
}

/* The only action that the measure takes; NULL: it takes a family, or several. */
static const struct eng_action *only_action(const struct about *about,
                                            const struct eng_model *model)
{
    const struct eng_action *only = NULL;
    for (unsigned i = 0; i < model->action_count; i++) {
        const struct eng_action *one = &model->actions[i];
        if (!eng_action_set_has(&about->measure->actions, i))
            continue;
        if (one->family || (only != NULL && !eng_action_is_same(one, only)))
            return NULL;
        only = one;
    }
    return only;
}

/* Which action is suggested, and its entry. */
static enum eng_status find_action(struct eng_load *load, const struct about *about)
{
    const struct eng_model *model = load->model;
    struct eng_dimension *dimension = about->dimension;
    const struct eng_action *only = only_action(about, model);
    if (dimension->action == NULL && only == NULL)
        return fail_at(load, about, "effort",
                       "takes several actions; write the one that is suggested beside \"effort\", "
                       "such as \"action: invoice.upload\"");
    if (dimension->action == NULL) {
        dimension->action = eng_strndup(only->text, only->length);
        if (dimension->action == NULL)
            return eng_source_no_memory(&load->source);
    }
    struct eng_slice text = {dimension->action, (uint32_t)strlen(dimension->action)};
    uint16_t first = eng_model_action(model, text);
    dimension->nudged = first == ENG_ACTION_NONE ? first : entry_of(model, first, about->measure);
    if (dimension->nudged == ENG_ACTION_NONE)
        return fail_at(load, about, "action",
                       "does not count that action; name one that its measure takes");
    return ENG_OK;
}

/* True when an event of this entry, without a member and with no number but that of the measure
 * `valued` (NULL: not that either), has a say in what a measure is. */
static bool concerns(const struct eng_model *model, unsigned index, unsigned entry,
                     const struct eng_measure *valued)
{
    const struct eng_measure *measure = &model->measures[eng_measure_keeper(model, index)];
    if (measure->kind == ENG_RATIO)
        return concerns(model, measure->parts[0], entry, valued) ||
               concerns(model, measure->parts[1], entry, valued);
    for (uint32_t i = 0; i < model->award_count && measure->ledger > 0; i++) {
        const struct eng_award *award = &model->awards[i];
        if (award->ledgers >> (measure->ledger - 1) & 1 &&
            (eng_action_set_has(&award->actions, entry) ||
             eng_action_set_has(&award->approves, entry) ||
             eng_action_set_has(&award->drops, entry) ||
             eng_action_set_has(&award->reverses, entry)))
            return true;
    }
    if (measure->ago > 0 || measure->kind == ENG_MEMBERS ||
        (measure->kind == ENG_LAST && (valued == NULL || valued->number != measure->number)))
        return false;
    return eng_action_set_has(&measure->actions, entry) ||
           eng_action_set_has(&measure->until, entry);
}

/* True when one more of the action gives the other dimension a greater or the same share, and it
 * can be told which. */
static bool is_told(const struct eng_score *score, const struct eng_dimension *other,
                    const struct eng_measure *measure)
{
    for (uint32_t i = 1; i < other->step_count; i++)
        if (other->steps[i].y_e4 < other->steps[i - 1].y_e4)
            return false;
    if (score->points && other->points_e4 < 0)
        return false;
    return measure->ledger == 0 &&
           (measure->kind == ENG_COUNT || measure->kind == ENG_SUM || measure->kind == ENG_ACTIVE);
}

/* True when the action changes a fact that weights or targets of a dimension hang on. */
static bool decides(const struct eng_model *model, const struct eng_dimension *other,
                    unsigned entry)
{
    for (uint32_t i = 0; i < model->fact_count; i++)
        if (eng_dimension_asks(other, i) && concerns(model, model->facts[i].measure, entry, NULL))
            return true;
    return false;
}

/* Notes which dimensions the action goes into; refuses what cannot be told. */
static enum eng_status find_touched(struct eng_load *load, const struct about *about)
{
    const struct eng_model *model = load->model;
    struct eng_dimension *dimension = about->dimension;
    const struct eng_measure *valued = dimension->each_e4 > 0 ? about->measure : NULL;
    for (uint32_t i = 0; i < about->score->dimension_count; i++) {
        const struct eng_dimension *other = &about->score->dimensions[i];
        bool touched = concerns(model, other->measure, dimension->nudged, valued);
        bool told = !touched || is_told(about->score, other, &model->measures[other->measure]);
        dimension->touches |= (uint32_t)touched << i;
        if (!told || decides(model, other, dimension->nudged))
            return eng_source_fail(
                &load->source, eng_node_get(about->node, "effort")->mark,
                "the dimension \"%s\" cannot be suggested: what one more \"%s\" makes of \"%s\" "
                "cannot be told, or may be less; leave \"effort\" out",
                dimension->name, dimension->action, other->name);
    }
    eng_assert(dimension->touches >> (dimension - about->score->dimensions) & 1);
    return ENG_OK;
}

static enum eng_status end_nudge(struct eng_load *load, const struct about *about)
{
    enum eng_status status = check_measure(load, about);
    if (status == ENG_OK)
        status = find_action(load, about);
    return status == ENG_OK ? find_touched(load, about) : status;
}

enum eng_status eng_load_end_nudges(struct eng_load *load)
{
    const struct eng_node *node = load->file.scores ? load->file.scores->first : NULL;
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; i < load->model->score_count; i++, node = node->next) {
        const struct eng_score *score = &load->model->scores[i];
        const struct eng_node *summands =
            eng_node_get(node, score->points ? "points" : "dimensions");
        const struct eng_node *at = score->nudges ? summands->first : NULL;
        for (uint32_t j = 0; at != NULL && status == ENG_OK; j++, at = at->next) {
            struct eng_dimension *dimension = &score->dimensions[j];
            const struct about about = {score, dimension,
                                        &load->model->measures[dimension->measure], at};
            if (dimension->effort_e4 > 0)
                status = end_nudge(load, &about);
        }
    }
    return status;
}
