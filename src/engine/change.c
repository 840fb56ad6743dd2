/* What corresponds in two models: see change.h. Cost: once per activation. */
#include "engine/change.h"

#include "base/assert.h"
#include "engine/fact.h"
#include <string.h>

_Static_assert(ENG_CHANGE_NONE == ENG_ACTION_NONE, "one value for what is not there");

/* ---- actions ---- */

bool eng_change_holds(const struct eng_model *model, const struct eng_action *wide,
                      const struct eng_action *entry)
{
    bool within = wide->family ? wide->length <= entry->length &&
                                     memcmp(wide->text, entry->text, wide->length) == 0
                               : eng_action_is_same(wide, entry);
    eng_assert(wide->text != NULL && entry->text != NULL);
    eng_assert(wide != entry);
    return within && eng_condition_implies(model, &entry->where, model, &wide->where);
}

/* The first entry of the same name or family, else of the longest family that holds it. */
static uint16_t first_entry(const struct eng_model *model, const struct eng_action *entry)
{
    uint16_t best = ENG_CHANGE_NONE;
    eng_assert(entry->text != NULL);
    eng_assert(model->action_count <= ENG_ACTIONS_MAX);
    for (uint32_t i = 0; i < model->action_count; i += model->actions[i].variant_count) {
        const struct eng_action *other = &model->actions[i];
        if (eng_action_is_same(other, entry))
            return (uint16_t)i;
        if (other->family && other->length <= entry->length &&
            memcmp(other->text, entry->text, other->length) == 0 &&
            (best == ENG_CHANGE_NONE || other->length > model->actions[best].length))
            best = (uint16_t)i;
    }
    return best;
}

uint16_t eng_change_entry(const struct eng_model *model, const struct eng_model *other,
                          const struct eng_action *entry)
{
    uint16_t first = first_entry(model, entry);
    eng_assert(entry->text != NULL);
    if (first == ENG_CHANGE_NONE)
        return ENG_CHANGE_NONE;
    uint32_t end = first + (uint32_t)model->actions[first].variant_count;
    eng_assert(end <= model->action_count);
    for (uint32_t i = first; i < end; i++) /* the narrowest come first */
        if (eng_condition_implies(other, &entry->where, model, &model->actions[i].where))
            return (uint16_t)i;
    return ENG_CHANGE_NONE;
}

/* True when each action of a set, of a model with `count` entries, goes to an entry of the other
 * one. */
static bool within(const struct eng_action_set *one, uint32_t count, const uint16_t *entries,
                   const struct eng_action_set *two)
{
    eng_assert(count <= ENG_ACTIONS_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (eng_action_set_has(one, i) &&
            (entries[i] == ENG_CHANGE_NONE || !eng_action_set_has(two, entries[i])))
            return false;
    return true;
}

bool eng_change_same_actions(const struct eng_change *change, const struct eng_action_set *one,
                             const struct eng_action_set *two)
{
    eng_assert(one != NULL && two != NULL);
    return within(one, change->from->action_count, change->action, two) &&
           within(two, change->to->action_count, change->source, one);
}

/* ---- measures and scores ---- */

bool eng_change_same_question(const struct eng_change *change, const struct eng_measure *one,
                              const struct eng_measure *two)
{
    eng_assert(change->from != NULL && change->to != NULL);
    return one->kind == two->kind &&
           one->difference == two->difference && /* what a ratio asks, its parts ask */
           eng_measure_same_number(change->from, one, change->to, two) &&
           eng_measure_same_attribute(change->from, one, change->to, two) &&
           eng_change_same_actions(change, &one->actions, &two->actions) &&
           eng_change_same_actions(change, &one->until, &two->until) &&
           (one->kind != ENG_FACT || eng_fact_same_source(change->from, one, change->to, two));
}

static bool same_steps(const struct eng_dimension *one, const struct eng_dimension *two)
{
    bool same = one->step_count == two->step_count;
    eng_assert(one->step_count <= ENG_STEPS_MAX && two->step_count <= ENG_STEPS_MAX);
    for (uint32_t i = 0; same && i < one->step_count; i++)
        same = one->steps[i].x_e4 == two->steps[i].x_e4 && one->steps[i].y_e4 == two->steps[i].y_e4;
    return same;
}

/* True when what two measures keep has the same values. */
static bool same_values_kept(const struct eng_change *change, const struct eng_measure *one,
                             const struct eng_measure *two)
{
    eng_assert(change->from != NULL && change->to != NULL);
    if (one->window != two->window || one->panes != two->panes || one->ago != two->ago ||
        !eng_change_same_question(change, one, two))
        return false;
    return one->kind != ENG_FACT ||
           (eng_fact_same_options(change->from, one, change->to, two) &&
            change->from->facts[one->fact].valid_ms == change->to->facts[two->fact].valid_ms);
}

/* True when an old and a new measure, of ratios what is kept for them, have the same values. */
static bool same_values(const struct eng_change *change, unsigned old, unsigned new)
{
    const struct eng_measure *one = &change->from->measures[old];
    const struct eng_measure *two = &change->to->measures[new];
    eng_assert(old < change->from->measure_count && new < change->to->measure_count);
    if (one->kind != two->kind)
        return false;
    if (one->kind == ENG_READING && !eng_fact_same_reading(change->from, one, change->to, two))
        return false;
    return same_values_kept(change, &change->from->measures[eng_measure_keeper(change->from, old)],
                            &change->to->measures[eng_measure_keeper(change->to, new)]);
}

/* True when the same facts choose the same numbers. */
static bool same_cases(const struct eng_change *change, const struct eng_cases *one,
                       const struct eng_cases *two)
{
    bool same = one->count == two->count;
    eng_assert(one->count <= ENG_CASES_MAX && two->count <= ENG_CASES_MAX);
    for (uint32_t i = 0; same && i < one->count; i++) {
        const struct eng_case *old = &one->items[i], *new = &two->items[i];
        const struct eng_fact *was = &change->from->facts[old->fact];
        const struct eng_fact *is = &change->to->facts[new->fact];
        same =
            old->number_e4 == new->number_e4 &&
            was->kind == is->kind &&same_values_kept(change, &change->from->measures[was->measure],
                                                     &change->to->measures[is->measure]) &&
            (was->kind == ENG_FACT_FLAG ||
             eng_text_order(was->options[old->option - 1], is->options[new->option - 1]) == 0);
    }
    return same;
}

/* True when two dimensions contribute the same, their scores being alike. */
static bool same_dimension(const struct eng_change *change, const struct eng_dimension *one,
                           const struct eng_dimension *two)
{
    const struct eng_measure *old = &change->from->measures[one->measure];
    const struct eng_measure *new = &change->to->measures[two->measure];
    bool same = same_values(change, one->measure, two->measure);
    for (int i = 0; same && i < 2 && old->kind == ENG_RATIO; i++)
        same = same_values(change, old->parts[i], new->parts[i]);
    eng_assert(one->measure < change->from->measure_count);
    eng_assert(two->measure < change->to->measure_count);
    return one->skip == two->skip && one->weight_e4 == two->weight_e4 &&
           one->target_e4 == two->target_e4 && one->points_e4 == two->points_e4 &&
           same_cases(change, &one->weights, &two->weights) &&
           same_cases(change, &one->targets, &two->targets) && same_steps(one, two) && same;
}

static bool alike(const struct eng_change *change, const struct eng_score *one,
                  const struct eng_score *two)
{
    bool same = one->points == two->points && one->scale_e4 == two->scale_e4 &&
                one->decay.kind == two->decay.kind && one->decay.panes == two->decay.panes &&
                one->decay.share_e4 == two->decay.share_e4 &&
                one->dimension_count == two->dimension_count;
    eng_assert(one->dimension_count <= ENG_DIMENSIONS_MAX);
    for (uint32_t i = 0; same && i < one->dimension_count; i++)
        same = same_dimension(change, &one->dimensions[i], &two->dimensions[i]);
    return same;
}

static void map_dimensions(const struct eng_score *one, const struct eng_score *two,
                           uint16_t *ret_dimension)
{
    eng_assert(two->dimension_count <= ENG_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < two->dimension_count; i++)
        for (uint32_t j = one->dimension_count; j-- > 0;)
            if (strcmp(one->dimensions[j].name, two->dimensions[i].name) == 0)
                ret_dimension[i] = (uint16_t)j;
}

static void map_bands(const struct eng_score *one, const struct eng_score *two, uint16_t *ret_band)
{
    eng_assert(one->band_count <= ENG_BANDS_MAX);
    for (uint32_t i = 0; i < one->band_count; i++)
        for (uint32_t j = two->band_count; j-- > 0;)
            if (strcmp(one->bands[i].name, two->bands[j].name) == 0)
                ret_band[i] = (uint16_t)j;
}

static void map_score(struct eng_change *change, uint32_t index)
{
    const struct eng_score *two = &change->to->scores[index];
    eng_assert(index < change->to->score_count);
    eng_assert(change->score[index] == ENG_CHANGE_NONE);
    for (uint32_t i = 0; i < change->from->score_count; i++) {
        const struct eng_score *one = &change->from->scores[i];
        if (strcmp(one->name, two->name) != 0)
            continue;
        change->score[index] = (uint16_t)i;
        change->alike[index] = alike(change, one, two);
        map_dimensions(one, two, change->dimension[index]);
        map_bands(one, two, change->band[index]);
    }
}

/* ---- alerts ---- */

static void map_alert(struct eng_change *change, uint32_t index)
{
    const struct eng_alert *two = &change->to->alerts[index];
    eng_assert(index < change->to->alert_count);
    eng_assert(change->rhythm[index] == ENG_CHANGE_NONE);
    for (uint32_t i = change->from->alert_count; i-- > 0;) {
        const struct eng_alert *one = &change->from->alerts[i];
        if (one->kind != two->kind)
            continue;
        bool same = !eng_alert_is_scored(one) &&
                    eng_change_same_actions(change, &one->actions, &two->actions) &&
                    eng_change_same_actions(change, &one->anchors, &two->anchors);
        if (same)
            change->rhythm[index] = (uint16_t)i;
        if (strcmp(one->name, two->name) != 0 || (one->kind == ENG_DEADLINE && !same))
            continue;
        change->opening[i] = (uint16_t)index;
        if (one->kind == ENG_DROP && change->score[two->score] == one->score &&
            change->alike[two->score])
            change->peaks[index] = (uint16_t)i;
    }
}

/* ---- awards ---- */

static void map_award(struct eng_change *change, uint32_t index)
{
    const struct eng_award *two = &change->to->awards[index];
    eng_assert(index < change->to->award_count);
    eng_assert(change->award[index] == ENG_CHANGE_NONE);
    for (uint32_t i = 0; i < change->from->award_count; i++) {
        const struct eng_award *one = &change->from->awards[i];
        if (strcmp(one->name, two->name) != 0)
            continue;
        change->award[index] = (uint16_t)i;
        change->claim[i] = (uint16_t)index;
        change->anchored[index] = one->within > 0 && two->within > 0 &&
                                  eng_change_same_actions(change, &one->anchors, &two->anchors);
        change->streaks[index] = one->streak > 0 && two->streak > 0 &&
                                 one->streak_of == two->streak_of &&
                                 eng_change_same_actions(change, &one->actions, &two->actions);
    }
}

/* ---- numbers ---- */

/* The value goes on as the value, a number as that of the same name. */
static void map_numbers(struct eng_change *change)
{
    eng_assert(change->from->number_count <= ENG_NUMBERS_MAX);
    eng_assert(change->number[0] == ENG_CHANGE_NONE);
    change->number[0] = 0;
    for (uint32_t i = 0; i < change->from->number_count; i++)
        for (uint32_t j = 0; j < change->to->number_count; j++)
            if (strcmp(change->from->numbers[i], change->to->numbers[j]) == 0)
                change->number[i + 1] = (uint16_t)(j + 1);
}

void eng_change_init(struct eng_change *change, const struct eng_model *from,
                     const struct eng_model *to)
{
    eng_assert(from != NULL && to != NULL);
    memset(change, 0xFF, sizeof *change); /* nothing corresponds: ENG_CHANGE_NONE everywhere */
    memset(change->alike, 0, sizeof change->alike);
    memset(change->anchored, 0, sizeof change->anchored);
    memset(change->streaks, 0, sizeof change->streaks);
    change->from = from;
    change->to = to;
    for (uint32_t i = 0; i < from->action_count; i++)
        change->action[i] = eng_change_entry(to, from, &from->actions[i]);
    for (uint32_t i = 0; i < to->action_count; i++)
        change->source[i] = eng_change_entry(from, to, &to->actions[i]);
    map_numbers(change);
    for (uint32_t i = 0; i < to->score_count; i++)
        map_score(change, i);
    for (uint32_t i = 0; i < to->alert_count; i++)
        map_alert(change, i);
    for (uint32_t i = 0; i < to->award_count; i++)
        map_award(change, i);
    for (uint32_t i = 0; i < from->ledger_count; i++)
        for (uint32_t j = 0; j < to->ledger_count; j++)
            if (strcmp(from->ledgers[i].name, to->ledgers[j].name) == 0)
                change->ledger[i] = (uint16_t)j;
}

bool eng_change_learns_anew(const struct eng_change *change, uint32_t old, uint32_t new)
{
    const struct eng_alert *one = &change->from->alerts[old], *two = &change->to->alerts[new];
    eng_assert(one->kind == two->kind);
    eng_assert(one->name != NULL);
    return one->kind == ENG_SILENCE &&
           !eng_change_same_actions(change, &one->actions, &two->actions);
}
