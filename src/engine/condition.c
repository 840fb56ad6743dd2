/* Conditions on attributes: see condition.h. Cost of an entry: a comparison of texts for each
 * value of the entries' clauses that comes into question, for events of actions that have filters
 * only. */
#include "engine/condition.h"

#include "base/assert.h"
#include "engine/model.h"
#include <string.h>

enum { COMBINATIONS_MAX = 4096 };

int eng_text_order(struct eng_slice one, struct eng_slice two)
{
    uint32_t common = one.length < two.length ? one.length : two.length;
    eng_assert(one.data != NULL && two.data != NULL);
    int order = common > 0 ? memcmp(one.data, two.data, common) : 0;
    eng_assert(order != 0 || common == one.length || common == two.length);
    return order != 0 ? order : (one.length > two.length) - (one.length < two.length);
}

bool eng_clause_takes(const struct eng_clause *clause, struct eng_slice text)
{
    eng_assert(clause->value_count > 0);
    eng_assert(clause->values != NULL);
    for (uint32_t i = 0; i < clause->value_count; i++)
        if (clause->values[i].length == text.length &&
            memcmp(clause->values[i].data, text.data, text.length) == 0)
            return true;
    return false;
}

/* True when each text that `one` takes is taken by `two`. */
static bool is_within(const struct eng_clause *one, const struct eng_clause *two)
{
    eng_assert(one->value_count > 0);
    eng_assert(two->value_count > 0);
    for (uint32_t i = 0; i < one->value_count; i++)
        if (!eng_clause_takes(two, one->values[i]))
            return false;
    return true;
}

/* The clause of a condition about an attribute of this name; NULL: it has none. */
static const struct eng_clause *
clause_about(const struct eng_model *model, const struct eng_condition *condition, const char *name)
{
    eng_assert(name != NULL);
    eng_assert(condition->clause_count <= ENG_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < condition->clause_count; i++)
        if (strcmp(model->attributes[condition->clauses[i].attribute], name) == 0)
            return &condition->clauses[i];
    return NULL;
}

bool eng_condition_implies(const struct eng_model *model_of_one, const struct eng_condition *one,
                           const struct eng_model *model_of_two, const struct eng_condition *two)
{
    eng_assert(one != NULL && two != NULL);
    eng_assert(two->clause_count <= ENG_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < two->clause_count; i++) {
        const struct eng_clause *wanted = &two->clauses[i];
        const struct eng_clause *given =
            clause_about(model_of_one, one, model_of_two->attributes[wanted->attribute]);
        if (given == NULL || !is_within(given, wanted))
            return false;
    }
    return true;
}

/* ---- events ---- */

static bool holds(const struct eng_condition *condition, const struct eng_slice *attributes,
                  const uint8_t *slots)
{
    eng_assert(slots != NULL);
    eng_assert(condition->clause_count <= ENG_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < condition->clause_count; i++) {
        const struct eng_clause *clause = &condition->clauses[i];
        uint8_t slot = slots[clause->attribute];
        if (attributes == NULL || slot == ENG_NO_SLOT || attributes[slot].data == NULL ||
            !eng_clause_takes(clause, attributes[slot]))
            return false;
    }
    return true;
}

uint16_t eng_condition_entry(const struct eng_model *model, uint16_t first,
                             const struct eng_slice *attributes, const uint8_t *slots)
{
    uint32_t count = model->actions[first].variant_count;
    eng_assert(first < model->action_count);
    eng_assert(count > 0 && first + count <= model->action_count);
    for (uint32_t i = first; i < first + count; i++) /* the narrowest come first */
        if (holds(&model->actions[i].where, attributes, slots))
            return (uint16_t)i;
    return ENG_ACTION_NONE;
}

/* ---- told apart ---- */

/* The combination with this number: a text for each clause. */
static void choose(const struct eng_condition *whole, uint32_t number, struct eng_clause *ret_part)
{
    eng_assert(whole->clause_count > 0);
    eng_assert(whole->clause_count <= ENG_ATTRIBUTES_MAX);
    for (uint32_t i = 0; i < whole->clause_count; i++) {
        uint32_t count = whole->clauses[i].value_count;
        ret_part[i] = (struct eng_clause){whole->clauses[i].attribute, 1,
                                          &whole->clauses[i].values[number % count]};
        number /= count;
    }
}

/* The best worth of the entries that one combination lies in. */
static int32_t best_of(const struct eng_cover *cover, const struct eng_condition *part,
                       int32_t none)
{
    const struct eng_action *entry = cover->entry;
    int32_t best = none;
    eng_assert(part->clause_count > 0);
    eng_assert(cover->worth != NULL);
    for (uint32_t i = 0; i < cover->from->action_count; i++) {
        const struct eng_action *other = &cover->from->actions[i];
        if (!eng_action_is_same(other, entry) ||
            !eng_condition_implies(cover->to, part, cover->from, &other->where) ||
            !eng_condition_implies(cover->from, &other->where, cover->to, &entry->where))
            continue;
        int32_t worth = cover->worth(cover->context, i);
        best = worth < best ? worth : best;
    }
    return best;
}

int32_t eng_condition_cover(const struct eng_cover *cover, int32_t none)
{
    const struct eng_condition *whole = &cover->entry->where;
    struct eng_clause clauses[ENG_ATTRIBUTES_MAX];
    struct eng_condition part = {whole->clause_count, clauses};
    uint32_t combinations = 1;
    int32_t worst = INT32_MIN;
    eng_assert(whole->clause_count > 0);
    eng_assert(cover->from != NULL && cover->to != NULL);
    for (uint32_t i = 0; i < whole->clause_count; i++) {
        if (combinations > COMBINATIONS_MAX / whole->clauses[i].value_count)
            return none;
        combinations *= whole->clauses[i].value_count;
    }
    for (uint32_t i = 0; i < combinations; i++) {
        choose(whole, i, clauses);
        int32_t best = best_of(cover, &part, none);
        worst = best > worst ? best : worst;
    }
    return worst;
}
