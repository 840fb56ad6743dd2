/* The actions of a model, played by made-up partners. See synth_cast.h. */
#include "cli/synth_cast.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/model.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAID_SLOTS = 1 << 14, TEXT_BYTES = 24, FAMILY_END = 2, DRAWS = 12, DEAR_E4 = 200000 };
enum {
    FACT_ONE_IN = 4,
    STEPS_TO_TARGET = 8,
    GRADE_E4 = 100000,
    ANSWER_E4 = 80000,
    SPENT_E4 = 400000,
    NUMBERS_TWICE = 80,
    OUT_OF_ORDER = 40
};

_Static_assert(ENG_CHECKS_MAX <= 16, "a bit for each");

#define WEEK_MS INT64_C(604800000)

/* An entry of the model, as it is played. */
struct role {
    char *action; /* owned: the name, or one of the family */
    const struct eng_condition *where;
    uint32_t entry;  /* of the model */
    uint32_t one_in; /* it is played when it is drawn one in so many times */
    bool valued;     /* its value counts */
    int64_t aim_e4;  /* of its value: the target it is measured by, or a part; 0: none */
    bool undone;     /* what it is paid may be reversed */
};

struct eng_synth_cast {
    const struct eng_model *model;
    uint32_t role_count;
    struct role roles[ENG_ACTIONS_MAX];
    const char *always;            /* what every visit begins with; NULL: anything */
    uint64_t paid[PAID_SLOTS];     /* the id of the last event that may be undone, by partner */
    uint64_t numbered[PAID_SLOTS]; /* the event whose number was the last, by partner */
    uint16_t met[PAID_SLOTS]; /* a bit for each check that had what it wants first, by partner */
    char reference[TEXT_BYTES], original[TEXT_BYTES], number[TEXT_BYTES];
    char said[ENG_FACTS_MAX][TEXT_BYTES]; /* by fact */
};

static bool is_known(const struct eng_action *entry)
{
    for (int i = 0; i < ENG_SYNTH_ACTION_COUNT; i++) {
        const char *name = eng_synth_action_name((enum eng_synth_action)i);
        if (entry->family ? strncmp(name, entry->text, entry->length) == 0
                          : strcmp(name, entry->text) == 0)
            return true;
    }
    return false;
}

static bool is_valued(const struct eng_model *model, uint32_t entry)
{
    bool valued = false;
    for (uint32_t i = 0; i < model->award_count; i++)
        valued |=
            model->awards[i].points_e4 == 0 && eng_action_set_has(&model->awards[i].actions, entry);
    for (uint32_t i = 0; i < model->measure_count; i++)
        valued |= (model->measures[i].kind == ENG_SUM || model->measures[i].kind == ENG_LAST) &&
                  eng_action_set_has(&model->measures[i].actions, entry);
    return valued;
}

static bool is_undone(const struct eng_model *model, uint32_t entry)
{
    bool undone = false;
    for (uint32_t i = 0; i < model->award_count; i++)
        undone |= model->awards[i].reversible_for > 0 &&
                  eng_action_set_has(&model->awards[i].actions, entry);
    return undone;
}

/* A measure's target: that of the first dimension that looks at it; 0: none has one. */
static int64_t target_of(const struct eng_model *model, uint32_t measure)
{
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t k = 0; k < model->scores[i].dimension_count; k++)
            if (model->scores[i].dimensions[k].measure == measure &&
                model->scores[i].dimensions[k].target_e4 > 0)
                return model->scores[i].dimensions[k].target_e4;
    return 0;
}

/* What a group's figure wants of a measure's values; 0: nothing of its own. Whether somebody would
 * recommend us is a grade from 0 to 10; what is spent of something are small parts. */
static int64_t aim_of_figures(const struct eng_model *model, uint32_t measure)
{
    for (uint32_t i = 0; i < model->group_count; i++)
        for (uint32_t k = 0; k < model->groups[i].figure_count; k++) {
            const struct eng_figure *figure = &model->groups[i].figures[k];
            if (figure->kind == ENG_FIGURE_NPS && figure->measures[0] == measure)
                return ANSWER_E4;
            if (figure->kind == ENG_FIGURE_RATIO && figure->measures[0] == measure)
                return SPENT_E4;
        }
    return 0;
}

/* A newest value is an answer and lies about its target; a sum gets there in some steps. */
static int64_t aim_of(const struct eng_model *model, uint32_t entry)
{
    int64_t aim = 0;
    for (uint32_t i = 0; i < model->measure_count && aim == 0; i++) {
        const struct eng_measure *measure = &model->measures[i];
        bool sum = measure->kind == ENG_SUM;
        if ((sum || measure->kind == ENG_LAST) && eng_action_set_has(&measure->actions, entry))
            aim = target_of(model, i) / (sum ? STEPS_TO_TARGET : 1);
        if (aim == 0 && (sum || measure->kind == ENG_LAST) &&
            eng_action_set_has(&measure->actions, entry))
            aim = aim_of_figures(model, i);
    }
    return aim;
}

/* A number's target as a fact. */
static int64_t aim_of_fact(const struct eng_model *model, uint32_t fact)
{
    for (uint32_t i = 0; i < model->measure_count; i++)
        if (model->measures[i].kind == ENG_READING && model->measures[i].fact == fact &&
            target_of(model, i) > 0)
            return target_of(model, i);
    return GRADE_E4;
}

static bool says(const struct eng_model *model, uint32_t fact, uint32_t entry)
{
    return eng_action_set_has(&model->measures[model->facts[fact].measure].actions, entry);
}

/* What is dear is done less often than what is cheap, and what undoes it less often still. */
static uint32_t rarity(const struct eng_model *model, uint32_t entry)
{
    uint32_t one_in = 1;
    for (uint32_t i = 0; i < model->award_count; i++) {
        const struct eng_award *award = &model->awards[i];
        uint32_t here = 1;
        if (eng_action_set_has(&award->drops, entry) || eng_action_set_has(&award->reverses, entry))
            here = 16;
        else if (eng_action_set_has(&award->approves, entry))
            here = 2;
        else if (eng_action_set_has(&award->actions, entry) && award->points_e4 > DEAR_E4)
            here = 4;
        one_in = here > one_in ? here : one_in;
    }
    for (uint32_t i = 0; i < model->fact_count; i++) {
        const struct eng_measure *kept = &model->measures[model->facts[i].measure];
        uint32_t here = eng_action_set_has(&kept->until, entry) ? 4 * FACT_ONE_IN
                        : says(model, i, entry)                 ? FACT_ONE_IN
                                                                : 1;
        one_in = here > one_in ? here : one_in;
    }
    return one_in;
}

static enum eng_status add_role(struct eng_synth_cast *cast, uint32_t entry)
{
    const struct eng_action *action = &cast->model->actions[entry];
    struct role *role = &cast->roles[cast->role_count++];
    size_t bytes = action->length + FAMILY_END;
    role->action = eng_calloc(bytes, 1);
    if (role->action == NULL)
        return ENG_NO_MEMORY;
    (void)snprintf(role->action, bytes, "%s%s", action->text, action->family ? "x" : "");
    role->where = &action->where;
    role->valued = is_valued(cast->model, entry);
    role->aim_e4 = aim_of(cast->model, entry);
    role->undone = is_undone(cast->model, entry);
    role->one_in = rarity(cast->model, entry);
    role->entry = entry;
    if (strcmp(role->action, eng_synth_action_name(ENG_SYNTH_LOGIN)) == 0)
        cast->always = role->action;
    return ENG_OK;
}

enum eng_status eng_synth_cast_new(const struct eng_model *model, struct eng_synth_cast **ret_cast)
{
    bool known = true;
    eng_assert(model != NULL && ret_cast != NULL);
    *ret_cast = NULL;
    for (uint32_t i = 0; i < model->action_count; i++)
        known &= eng_action_is_ledger(&model->actions[i]) || is_known(&model->actions[i]);
    if (known)
        return ENG_OK;
    struct eng_synth_cast *cast = eng_calloc(1, sizeof *cast);
    enum eng_status status = cast != NULL ? ENG_OK : ENG_NO_MEMORY;
    if (cast != NULL)
        cast->model = model;
    for (uint32_t i = 0; status == ENG_OK && i < model->action_count; i++)
        if (!eng_action_is_ledger(&model->actions[i]))
            status = add_role(cast, i);
    if (status != ENG_OK) {
        eng_synth_cast_free(cast);
        return status;
    }
    *ret_cast = cast;
    return ENG_OK;
}

void eng_synth_cast_free(struct eng_synth_cast *cast)
{
    if (cast == NULL)
        return;
    for (uint32_t i = 0; i < cast->role_count; i++)
        eng_free(cast->roles[i].action);
    eng_free(cast);
}

/* A number that follows from an id, evenly. */
static uint64_t mix(uint64_t id, uint64_t salt)
{
    uint64_t mixed = (id + salt) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return mixed ^ mixed >> 32;
}

static const struct role *choose(const struct eng_synth_cast *cast,
                                 const struct eng_synth_event *event)
{
    const struct role *role = NULL;
    eng_assert(cast->role_count > 0);
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        role = &cast->roles[mix(event->id, 2 * draw) % cast->role_count];
        if (mix(event->id, 2 * draw + 1) % role->one_in == 0)
            return role;
    }
    return role;
}

/* True when an action is what a check wants to see of a partner before those that it looks at: what
 * they need, or what the second measure of a ratio gets more by. */
static bool comes_before(const struct eng_model *model, const struct eng_check *check,
                         uint32_t entry)
{
    const struct eng_measure *measure = &model->measures[check->measures[1]];
    if (check->kind == ENG_NEEDS)
        return eng_action_set_has(&check->needs, entry);
    if (check->kind != ENG_OUTLIER)
        return false;
    for (uint32_t i = 0; i < model->award_count && measure->ledger > 0; i++)
        if (model->awards[i].ledgers >> (measure->ledger - 1) & 1 &&
            eng_action_set_has(&model->awards[i].actions, entry))
            return true;
    return measure->ledger == 0 && eng_action_set_has(&measure->actions, entry);
}

/* A role in the place of one that a check would find, nearly always. */
static const struct role *in_order(struct eng_synth_cast *cast, const struct eng_synth_event *event,
                                   const struct role *role)
{
    const struct eng_model *model = cast->model;
    uint16_t *met = &cast->met[event->partner % PAID_SLOTS];
    for (uint32_t i = 0; i < model->check_count; i++) /* as it was drawn: it may be asked again */
        *met |= (uint16_t)(comes_before(model, &model->checks[i], role->entry) << i);
    for (uint32_t i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        if (!eng_action_set_has(&check->actions, role->entry) || *met >> i & 1 ||
            mix(event->id, 71) % OUT_OF_ORDER == 0)
            continue;
        for (uint32_t k = 0; k < cast->role_count; k++)
            if (comes_before(model, check, cast->roles[k].entry)) {
                role = &cast->roles[k];
                break;
            }
    }
    return role;
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

/* What the attribute of an entry's event says to awards and checks. */
enum use { NOTHING, A_REFERENCE, AN_ORIGINAL, A_NUMBER };

static enum use use_of(const struct eng_model *model, uint32_t entry, uint32_t attribute)
{
    for (uint32_t i = 0; i < model->award_count; i++) {
        const struct eng_award *award = &model->awards[i];
        bool claims = eng_action_set_has(&award->actions, entry) ||
                      eng_action_set_has(&award->approves, entry) ||
                      eng_action_set_has(&award->drops, entry);
        if (award->pending_for > 0 && award->reference == attribute && claims)
            return A_REFERENCE;
        if (award->reversible_for > 0 && award->original == attribute &&
            eng_action_set_has(&award->reverses, entry))
            return AN_ORIGINAL;
    }
    for (uint32_t i = 0; i < model->check_count; i++)
        if (model->checks[i].kind == ENG_UNIQUE && model->checks[i].attribute == attribute &&
            eng_action_set_has(&model->checks[i].actions, entry))
            return A_NUMBER;
    return NOTHING;
}

/* About `aim_e4`, each partner in its own way: some do well, some do not. */
static int64_t about(int64_t aim_e4, const struct eng_synth_event *event)
{
    uint64_t per_cent = 30 + mix(event->partner, 50) % 70 + mix(event->id, 51) % 25;
    return aim_e4 / 100 * (int64_t)per_cent;
}

/* What an event says of the fact that it takes from the attribute: a text of those that there are,
 * mostly the same for a partner; a whole number; a name. */
static struct eng_slice fact_of(struct eng_synth_cast *cast, const struct eng_synth_event *event,
                                const struct role *role, uint32_t attribute)
{
    for (uint32_t i = 0; i < cast->model->fact_count; i++) {
        const struct eng_fact *fact = &cast->model->facts[i];
        uint64_t own = mix(event->partner, 60 + i);
        if (fact->kind == ENG_FACT_FLAG || fact->attribute != attribute ||
            !says(cast->model, i, role->entry))
            continue;
        if (fact->kind == ENG_FACT_CHOICE)
            return fact->options[(own + (mix(event->id, 61) % 8 == 0)) % fact->option_count];
        if (fact->kind == ENG_FACT_NUMBER)
            (void)snprintf(cast->said[i], TEXT_BYTES, "%" PRId64,
                           about(aim_of_fact(cast->model, i), event) / 10000);
        else
            (void)snprintf(cast->said[i], TEXT_BYTES, "%.8s-%d", fact->name, (int)(own % 9 + 1));
        return slice(cast->said[i]);
    }
    return (struct eng_slice){NULL, 0};
}

/* A number that no other event has; of one in so many the last one that the partner had. */
static struct eng_slice number_of(struct eng_synth_cast *cast, const struct eng_synth_event *event)
{
    uint64_t *last = &cast->numbered[event->partner % PAID_SLOTS];
    if (*last == 0 || mix(event->id, 70) % NUMBERS_TWICE != 0)
        *last = event->id;
    (void)snprintf(cast->number, TEXT_BYTES, "n-%012" PRIx64, *last);
    return slice(cast->number);
}

/* The text of an attribute of the model; data NULL: none. */
static struct eng_slice text_of(struct eng_synth_cast *cast, const struct eng_synth_event *event,
                                const struct role *role, uint32_t attribute)
{
    uint64_t paid = cast->paid[event->partner % PAID_SLOTS];
    for (uint32_t i = 0; i < role->where->clause_count; i++) {
        const struct eng_clause *clause = &role->where->clauses[i];
        if (clause->attribute == attribute)
            return clause->values[mix(event->id, 30) % clause->value_count];
    }
    switch (use_of(cast->model, role->entry, attribute)) {
    case A_REFERENCE: /* what is claimed and decided in the same four weeks belongs together */
        (void)snprintf(cast->reference, TEXT_BYTES, "c%" PRId64, event->time_ms / (4 * WEEK_MS));
        return slice(cast->reference);
    case AN_ORIGINAL:
        if (paid == 0)
            return (struct eng_slice){NULL, 0};
        (void)snprintf(cast->original, TEXT_BYTES, "%012" PRIx64, paid); /* as records have it */
        return slice(cast->original);
    case A_NUMBER:
        return number_of(cast, event);
    default:
        return fact_of(cast, event, role, attribute);
    }
}

/* In the place of one of the same name, or behind the others; none when value.data is NULL. */
static void set_attribute(struct eng_attribute *attributes, uint32_t *count, struct eng_slice name,
                          struct eng_slice value)
{
    uint32_t at = 0;
    while (at < *count && (attributes[at].name.length != name.length ||
                           memcmp(attributes[at].name.data, name.data, name.length) != 0))
        at++;
    if (value.data == NULL || at >= ENG_SYNTH_ATTRIBUTES_MAX)
        return;
    attributes[at] = (struct eng_attribute){name, value};
    *count += at == *count;
}

void eng_synth_cast_play(struct eng_synth_cast *cast, const struct eng_synth_event *event,
                         struct eng_event *record, struct eng_attribute *attributes,
                         uint32_t *attribute_count)
{
    if (event->action == ENG_SYNTH_LOGIN && cast->always != NULL) {
        record->action = slice(cast->always);
        return;
    }
    const struct role *role = in_order(cast, event, choose(cast, event));
    record->action = slice(role->action);
    for (uint32_t i = 0; i < cast->model->attribute_count; i++)
        set_attribute(attributes, attribute_count, slice(cast->model->attributes[i]),
                      text_of(cast, event, role, i));
    if (role->aim_e4 > 0)
        record->value_e4 = about(role->aim_e4, event) / 10000 * 10000;
    else if (role->valued && record->value_e4 == ENG_VALUE_NONE)
        record->value_e4 = (int64_t)(50 + mix(event->id, 40) % 2000) * 10000;
    if (role->undone)
        cast->paid[event->partner % PAID_SLOTS] = event->id;
}
