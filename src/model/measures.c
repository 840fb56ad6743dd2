/* Measures: what a measure has to say depends on its kind, so kinds are rows. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <stddef.h>

struct kind {
    const char *name; /* its key */
    const char *what; /* for errors */
    const char *keys; /* that may stand beside each other */
    size_t field;     /* of the draft: the key's node */
    enum eng_measure_kind kind;
    bool of_value;  /* the key says `value` or a number, the actions stand under `of` */
    bool windowed;  /* `over` is needed */
    bool of_ledger; /* the key names one */
};

static const struct kind kinds[] = {
    {"count", "a count", "count where over ago", offsetof(struct eng_measure_draft, count),
     ENG_COUNT, false, true, false},
    {"sum", "a sum", "sum of where over ago", offsetof(struct eng_measure_draft, sum), ENG_SUM,
     true, true, false},
    {"active", "an active measure", "active where over ago",
     offsetof(struct eng_measure_draft, active), ENG_ACTIVE, false, true, false},
    {"members", "a members measure", "members where over",
     offsetof(struct eng_measure_draft, members), ENG_MEMBERS, false, true, false},
    {"last", "a last measure", "last of where over", offsetof(struct eng_measure_draft, last),
     ENG_LAST, true, true, false},
    {"streak", "a streak", "streak where", offsetof(struct eng_measure_draft, streak), ENG_STREAK,
     false, false, false},
    {"state", "a state", "state until where", offsetof(struct eng_measure_draft, state), ENG_STATE,
     false, false, false},
    {"since", "a since measure", "since where over", offsetof(struct eng_measure_draft, since),
     ENG_SINCE, false, true, false},
    {"ratio", "a ratio", "ratio", offsetof(struct eng_measure_draft, ratio), ENG_RATIO, false,
     false, false},
    {"fact", "a measure of a fact", "fact", offsetof(struct eng_measure_draft, fact), ENG_READING,
     false, false, false},
    {"earned", "an earned measure", "earned over ago", offsetof(struct eng_measure_draft, earned),
     ENG_SUM, false, true, true},
    {"balance", "a balance", "balance", offsetof(struct eng_measure_draft, balance), ENG_SUM, false,
     false, true},
    {"expired", "an expired measure", "expired", offsetof(struct eng_measure_draft, expired),
     ENG_RATIO, false, false, true},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct eng_node *field_of(const struct eng_measure_draft *draft,
                                       const struct kind *kind)
{
    return *(const struct eng_node *const *)(const void *)((const char *)draft + kind->field);
}

/* The one kind that a measure names. */
static enum eng_status find_kind(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_measure_draft *draft,
                                 const struct kind **ret_kind)
{
    const struct kind *found = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        if (field_of(draft, &kinds[i]) == NULL)
            continue;
        if (found != NULL)
            return eng_source_fail(
                &load->source, field_of(draft, &kinds[i])->key->mark,
                "the measure has both \"%s\" and \"%s\"; make two measures of it", found->name,
                kinds[i].name);
        found = &kinds[i];
    }
    if (found == NULL)
        return eng_source_fail(
            &load->source, node->key->mark,
            "the measure \"%s\" does not say what it measures; write one of count, sum, "
            "active, members, last, streak, state, since, ratio, fact, earned, balance, expired",
            eng_node_shown(&load->source, node->key));
    *ret_kind = found;
    return ENG_OK;
}

static enum eng_status missing(struct eng_load *load, const struct eng_node *node,
                               const struct kind *kind, const char *advice)
{
    return eng_source_fail(&load->source, node->key->mark, "%s needs %s", kind->what, advice);
}

/* Whether a window of the kind can lie back. */
static enum eng_status check_ago(struct eng_load *load, const struct eng_node *node,
                                 const struct eng_measure_draft *draft, const struct kind *kind)
{
    struct eng_mark mark = eng_node_get(node, "ago")->mark;
    static const char *const newest[ENG_SINCE + 1] = {
        [ENG_MEMBERS] = "pane of each member", [ENG_LAST] = "value", [ENG_SINCE] = "pane"};
    if (newest[kind->kind] != NULL)
        return eng_source_fail(&load->source, mark,
                               "%s remembers the newest %s alone, so its window cannot lie back; "
                               "leave \"ago\" out",
                               kind->what, newest[kind->kind]);
    if (draft->over.node != NULL && draft->over.kind != ENG_WINDOW_ROLLING)
        return eng_source_fail(&load->source, mark,
                               "only a window of days or hours can lie back, and \"over\" is %s; "
                               "write \"over: 30d\", or leave \"ago\" out",
                               eng_node_shown(&load->source, draft->over.node));
    if (draft->over.panes + draft->ago > ENG_PANES_MAX)
        return eng_source_fail(&load->source, mark,
                               "\"over\" and \"ago\" reach back %u panes; at most %d are kept "
                               "(ENG_PANES_MAX)",
                               draft->over.panes + draft->ago, ENG_PANES_MAX);
    return ENG_OK;
}

static enum eng_status check_draft(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_measure_draft *draft, const struct kind *kind)
{
    enum eng_status status = ENG_OK;
    if (draft->ago > 0 && kind->windowed)
        status = check_ago(load, node, draft, kind);
    if (status == ENG_OK)
        status = eng_section_allow(load, node, kind->what, kind->keys);
    if (status != ENG_OK)
        return status;
    if (kind->of_value && draft->of == NULL)
        return missing(load, node, kind,
                       "the actions whose value counts; write \"of: invoice.upload\"");
    if (kind->windowed && draft->over.node == NULL)
        return missing(load, node, kind,
                       "a window; write \"over: 30d\", or week, month, quarter, year, life");
    if (kind->kind == ENG_STATE && draft->until == NULL)
        return missing(load, node, kind, "an end; write \"until: social.disconnect\"");
    return ENG_OK;
}

enum eng_status eng_load_new_measure(struct eng_load *load, const struct eng_node *at,
                                     struct eng_measure **ret_measure)
{
    struct eng_model *model = load->model;
    if (model->measure_count == ENG_MEASURES_MAX)
        return eng_source_fail(
            &load->source, at->mark,
            "\"%s\" is one measure too many; measures, facts and points keys together are at "
            "most %d (ENG_MEASURES_MAX)",
            eng_node_shown(&load->source, at), ENG_MEASURES_MAX);
    *ret_measure = &model->measures[model->measure_count++];
    return ENG_OK;
}

static enum eng_status add_actions(struct eng_load *load, const struct eng_measure_draft *draft,
                                   const struct kind *kind, struct eng_measure *measure)
{
    struct eng_reference reference = {kind->of_value ? draft->of : field_of(draft, kind),
                                      draft->where, &measure->where};
    enum eng_status status = eng_load_add_actions(load, &reference, &measure->actions);
    if (status != ENG_OK || kind->kind != ENG_STATE)
        return status;
    reference.actions = draft->until;
    return eng_load_add_actions(load, &reference, &measure->until);
}

/* What a measure asks of a ledger. The parts of what has expired come when there are all. */
static enum eng_status ask_ledger(struct eng_load *load, const struct eng_node *name,
                                  struct eng_measure *measure)
{
    uint16_t index;
    enum eng_status status = eng_load_find_ledger(load, name, &index);
    if (status != ENG_OK)
        return status;
    const struct eng_ledger *ledger = &load->model->ledgers[index];
    measure->difference = measure->kind == ENG_RATIO;
    if (measure->difference && ledger->expires_after == 0)
        return eng_source_fail(&load->source, name->mark,
                               "nothing of the ledger \"%s\" ever expires; give it an "
                               "\"expires_after\", or take its balance",
                               ledger->name);
    if (measure->difference)
        return ENG_OK;
    measure->ledger = (uint8_t)(index + 1);
    if (measure->window != ENG_WINDOW_NONE)
        return ENG_OK;
    measure->inner = true;
    measure->window = ledger->expires_after > 0 ? ENG_WINDOW_ROLLING : ENG_WINDOW_LIFE;
    measure->panes = ledger->expires_after;
    return ENG_OK;
}

static enum eng_status load_measure(struct eng_load *load, const struct eng_node *node)
{
    struct eng_measure_draft draft = {0};
    struct eng_measure *measure = NULL;
    const struct kind *kind = NULL;
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a measure");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_measure, node, &draft);
    if (status == ENG_OK)
        status = find_kind(load, node, &draft, &kind);
    if (status == ENG_OK)
        status = check_draft(load, node, &draft, kind);
    if (status == ENG_OK)
        status = eng_load_new_measure(load, node->key, &measure);
    if (status != ENG_OK)
        return status;
    measure->kind = kind->kind;
    measure->window = kind->windowed ? draft.over.kind : ENG_WINDOW_NONE;
    measure->panes = draft.over.panes;
    measure->ago = draft.ago;
    status = eng_load_copy(load, node->key, &measure->name);
    if (status == ENG_OK && kind->of_value)
        status = eng_load_number_of(load, field_of(&draft, kind), kind->name,
                                    " and the actions under \"of\"", &measure->number);
    if (status == ENG_OK && kind->of_ledger)
        return ask_ledger(load, field_of(&draft, kind), measure);
    if (status == ENG_OK && eng_measure_is_made(measure))
        return ENG_OK;
    if (status == ENG_OK)
        status = eng_load_filter(load, draft.where, &measure->where);
    return status == ENG_OK ? add_actions(load, &draft, kind, measure) : status;
}

enum eng_status eng_load_find_measure(struct eng_load *load, const struct eng_node *name,
                                      const char *otherwise, uint16_t *ret_index)
{
    const struct eng_named named = eng_named_measures(load->model);
    return eng_load_find(load, name, &named, otherwise, ret_index);
}

/* ---- ratios ---- */

/* One of the two that a ratio is made of. */
static enum eng_status load_part(struct eng_load *load, const struct eng_node *name,
                                 uint16_t *ret_part)
{
    enum eng_status status =
        eng_load_find_measure(load, name, "add it under \"measures\"", ret_part);
    if (status == ENG_OK && load->model->measures[*ret_part].kind == ENG_RATIO)
        return eng_source_fail(
            &load->source, name->mark, "\"%s\" is %s itself; name two measures that are none",
            eng_node_shown(&load->source, name),
            load->model->measures[*ret_part].difference ? "a difference" : "a ratio");
    return status;
}

/* Finds the two measures of a ratio, which may stand behind it. */
static enum eng_status load_parts(struct eng_load *load, const struct eng_node *names,
                                  struct eng_measure *measure)
{
    if (names->count != 2)
        return eng_source_fail(&load->source, names->mark,
                               "a ratio is made of two measures, and there are %u; write "
                               "\"ratio: [redeemed, earned]\"",
                               names->count);
    enum eng_status status = load_part(load, names->first, &measure->parts[0]);
    if (status == ENG_OK)
        status = load_part(load, names->first->next, &measure->parts[1]);
    if (status == ENG_OK && measure->parts[0] == measure->parts[1])
        return eng_source_fail(&load->source, names->first->next->mark,
                               "a measure divided by itself is always 1; name two different ones");
    return status;
}

/* What each ledger keeps for itself: all that was booked, and what has not expired. */
static enum eng_status keep_ledgers(struct eng_load *load)
{
    const struct eng_node *node = load->file.ledgers ? load->file.ledgers->first : NULL;
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; i < load->model->ledger_count && status == ENG_OK; i++) {
        struct eng_ledger *ledger = &load->model->ledgers[i];
        struct eng_window life = {.kind = ENG_WINDOW_LIFE, .node = node};
        struct eng_window kept = {ENG_WINDOW_ROLLING, ledger->expires_after, node};
        status = eng_load_hidden_sum(load, node->key, i, &life, &ledger->earned);
        if (status == ENG_OK)
            status = eng_load_hidden_sum(
                load, node->key, i, ledger->expires_after > 0 ? &kept : &life, &ledger->balance);
        if (status != ENG_OK)
            break;
        load->model->measures[ledger->balance].inner = true;
        node = node->next;
    }
    return status;
}

/* The parts of ratios, and of what has expired. */
static enum eng_status find_parts(struct eng_load *load, const struct eng_node *node,
                                  struct eng_measure *measure)
{
    uint16_t index = 0;
    if (!measure->difference)
        return load_parts(load, eng_node_get(node, "ratio"), measure);
    enum eng_status status = eng_load_find_ledger(load, eng_node_get(node, "expired"), &index);
    if (status != ENG_OK)
        return status;
    measure->parts[0] = load->model->ledgers[index].earned;
    measure->parts[1] = load->model->ledgers[index].balance;
    return ENG_OK;
}

enum eng_status eng_load_measures(struct eng_load *load)
{
    struct eng_model *model = load->model;
    eng_assert(model != NULL && model->measures == NULL);
    model->measures = eng_load_array(load, ENG_MEASURES_MAX, sizeof *model->measures);
    if (model->measures == NULL)
        return ENG_NO_MEMORY;
    enum eng_status status = ENG_OK;
    const struct eng_node *first = load->file.measures ? load->file.measures->first : NULL;
    for (const struct eng_node *node = first; node != NULL && status == ENG_OK; node = node->next)
        status = load_measure(load, node);
    model->named_measure_count = model->measure_count;
    if (status == ENG_OK)
        status = eng_load_facts(load);
    if (status == ENG_OK)
        status = keep_ledgers(load);
    const struct eng_node *node = first;
    for (uint32_t i = 0; status == ENG_OK && i < model->named_measure_count; i++, node = node->next)
        if (model->measures[i].kind == ENG_RATIO)
            status = find_parts(load, node, &model->measures[i]);
        else if (model->measures[i].kind == ENG_READING)
            status = eng_load_reading(load, eng_node_get(node, "fact"), &model->measures[i]);
    return status;
}

enum eng_status eng_load_hidden_count(struct eng_load *load, const struct eng_points_draft *draft,
                                      const struct eng_window *window, uint16_t *ret_index)
{
    struct eng_measure *measure = NULL;
    eng_assert(window->node != NULL && ret_index != NULL);
    enum eng_status status = eng_load_new_measure(load, draft->of, &measure);
    if (status == ENG_OK)
        status = eng_load_filter(load, draft->where, &measure->where);
    if (status == ENG_OK) {
        struct eng_reference reference = {draft->of, draft->where, &measure->where};
        status = eng_load_add_actions(load, &reference, &measure->actions);
    }
    if (status != ENG_OK)
        return status;
    measure->kind = ENG_COUNT;
    measure->window = window->kind;
    measure->panes = window->panes;
    *ret_index = (uint16_t)(load->model->measure_count - 1);
    return ENG_OK;
}

enum eng_status eng_load_hidden_sum(struct eng_load *load, const struct eng_node *at,
                                    unsigned ledger, const struct eng_window *window,
                                    uint16_t *ret_index)
{
    struct eng_measure *measure = NULL;
    eng_assert(window->node != NULL && ledger < load->model->ledger_count);
    enum eng_status status = eng_load_new_measure(load, at, &measure);
    if (status != ENG_OK)
        return status;
    measure->kind = ENG_SUM;
    measure->window = window->kind;
    measure->panes = window->panes;
    measure->ledger = (uint8_t)(ledger + 1);
    *ret_index = (uint16_t)(load->model->measure_count - 1);
    return ENG_OK;
}

enum eng_status eng_load_check_states(struct eng_load *load)
{
    const struct eng_node *node = load->file.measures ? load->file.measures->first : NULL;
    for (uint32_t i = 0; i < load->model->named_measure_count; i++, node = node->next) {
        const struct eng_measure *measure = &load->model->measures[i];
        for (uint32_t a = 0; a < load->model->action_count; a++)
            if (eng_action_set_has(&measure->actions, a) && eng_action_set_has(&measure->until, a))
                return eng_source_fail(
                    &load->source, eng_node_get(node, "until")->mark,
                    "\"%s%s\" both begins and ends the state \"%s\"; an action can do "
                    "only one of them",
                    load->model->actions[a].text, load->model->actions[a].family ? "*" : "",
                    measure->name);
    }
    return ENG_OK;
}
