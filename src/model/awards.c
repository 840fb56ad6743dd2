/* Ledgers and awards: what is paid for what is done, and where it is booked.
 *
 * Ledgers are read first, since measures and scores name them; what is booked in one is counted
 * under an entry of its own, which comes behind all actions of the file when these are known. */
#include "base/assert.h"
#include "base/limits.h"
#include "model/load.h"
#include "model/text.h"
#include <string.h>

/* ---- ledgers ---- */

static enum eng_status load_ledger(struct eng_load *load, const struct eng_node *node)
{
    struct eng_ledger_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of a ledger");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_ledger, node, &draft);
    if (status != ENG_OK)
        return status;
    const struct eng_node *per = eng_node_get(node, "per");
    if (draft.cap_e4 > 0 && per == NULL)
        return eng_source_fail(&load->source, eng_node_get(node, "cap")->mark,
                               "the cap of the ledger \"%s\" has no period; write \"per: month\"",
                               eng_node_shown(&load->source, node->key));
    if (draft.cap_e4 == 0 && per != NULL)
        return eng_source_fail(&load->source, per->key->mark,
                               "\"per\" is the period of a cap, and the ledger \"%s\" has none; "
                               "write \"cap: 1000\", or leave it out",
                               eng_node_shown(&load->source, node->key));
    struct eng_ledger *ledger = &load->model->ledgers[load->model->ledger_count++];
    ledger->cap_e4 = draft.cap_e4;
    ledger->per = draft.cap_e4 > 0 ? (enum eng_window_kind)draft.per : ENG_WINDOW_NONE;
    ledger->expires_after = draft.expires_after;
    return eng_load_copy(load, node->key, &ledger->name);
}

enum eng_status eng_load_ledgers(struct eng_load *load)
{
    static const struct eng_things things = {"ledgers", "ENG_LEDGERS_MAX", ENG_LEDGERS_MAX,
                                             sizeof *load->model->ledgers, load_ledger};
    eng_assert(load->model->ledgers == NULL);
    return eng_load_things(load, load->file.ledgers, &things, &load->model->ledgers);
}

enum eng_status eng_load_find_ledger(struct eng_load *load, const struct eng_node *name,
                                     uint16_t *ret_index)
{
    const struct eng_model *model = load->model;
    const struct eng_named named = {"ledger", model->ledgers, sizeof *model->ledgers,
                                    model->ledger_count};
    return eng_load_find(load, name, &named, "add it under \"ledgers\"", ret_index);
}

/* ---- what an award asks ---- */

/* It cannot be meant as a number in digits. */
static bool is_word(const struct eng_node *node)
{
    char first = node->length > 0 ? node->text[0] : '0';
    return (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
}

static enum eng_status load_points(struct eng_load *load, const struct eng_node *node,
                                   const struct eng_award_draft *draft, struct eng_award *award)
{
    static const struct eng_range range = {"\"points\"", 4, 1, ENG_POINTS_MAX_E4};
    const struct eng_node *rate = eng_node_get(node, "rate");
    if (eng_load_is_number(load, draft->points) || is_word(draft->points)) {
        award->rate_e4 = rate != NULL ? draft->rate_e4 : 10000;
        return eng_load_number_of(load, draft->points, "points", ", or points such as 50",
                                  &award->number);
    }
    if (rate != NULL)
        return eng_source_fail(&load->source, rate->key->mark,
                               "\"rate\" belongs to points by the value (or another number) of an "
                               "event, and these are "
                               "fixed; write \"points: value\", or leave it out");
    return eng_load_number(load, draft->points, &range, &award->points_e4);
}

static enum eng_status add_ledger(struct eng_load *load, const struct eng_node *name,
                                  struct eng_award *award)
{
    uint16_t index;
    enum eng_status status = eng_load_find_ledger(load, name, &index);
    if (status != ENG_OK)
        return status;
    if (award->ledgers >> index & 1)
        return eng_source_fail(&load->source, name->mark,
                               "the ledger \"%s\" stands twice; write it once",
                               load->model->ledgers[index].name);
    award->ledgers |= 1u << index;
    return ENG_OK;
}

static enum eng_status load_to(struct eng_load *load, const struct eng_node *to,
                               struct eng_award *award)
{
    enum eng_status status = ENG_OK;
    if (to->kind == ENG_NODE_SCALAR)
        return add_ledger(load, to, award);
    for (const struct eng_node *name = to->first; name && status == ENG_OK; name = name->next)
        status = add_ledger(load, name, award);
    return status;
}

static enum eng_status load_nth(struct eng_load *load, const struct eng_node *node,
                                struct eng_award *award)
{
    struct eng_nth_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_nth, node, &draft);
    if (status != ENG_OK)
        return status;
    if (draft.per.kind == ENG_WINDOW_LIFE)
        return eng_source_fail(
            &load->source, draft.per.node->mark,
            "\"per\" is life, which is not counted; write week, month, quarter or "
            "days such as 7d, or \"first: true\" for the first of all");
    award->nth = draft.n;
    award->nth_window = draft.per.kind;
    award->nth_panes = draft.per.panes;
    return ENG_OK;
}

static enum eng_status load_within(struct eng_load *load, const struct eng_node *node,
                                   struct eng_award *award)
{
    static const struct eng_condition anything;
    struct eng_within_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_within, node, &draft);
    struct eng_reference reference = {draft.of, NULL, &anything};
    award->within = draft.days;
    return status == ENG_OK ? eng_load_add_actions(load, &reference, &award->anchors) : status;
}

static enum eng_status load_streak(struct eng_load *load, const struct eng_node *node,
                                   struct eng_award *award)
{
    struct eng_streak_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_streak, node, &draft);
    if (status != ENG_OK)
        return status;
    if (draft.per == ENG_ROW_OF_DAYS && load->time.pane_unit == ENG_PANE_HOUR)
        return eng_source_fail(&load->source, eng_node_get(node, "per")->mark,
                               "\"per\" is day, and panes are hours; write week, month or quarter, "
                               "or leave it out for hours");
    award->streak = draft.n;
    award->streak_of =
        draft.per > ENG_WINDOW_NONE ? ENG_WINDOW_ROLLING : (enum eng_window_kind)draft.per;
    return ENG_OK;
}

static enum eng_status load_pending(struct eng_load *load, const struct eng_node *node,
                                    struct eng_award *award)
{
    static const struct eng_condition anything;
    struct eng_pending_draft draft = {0};
    enum eng_status status = eng_section_read(load, &eng_section_pending, node, &draft);
    struct eng_reference until = {draft.until, NULL, &anything};
    struct eng_reference drops = {draft.dropped_by, NULL, &anything};
    award->pending_for = draft.panes;
    if (status == ENG_OK)
        status = eng_load_attribute(load, draft.reference, &award->reference);
    if (status == ENG_OK)
        status = eng_load_add_actions(load, &until, &award->approves);
    if (status == ENG_OK && draft.dropped_by != NULL)
        status = eng_load_add_actions(load, &drops, &award->drops);
    return status;
}

static enum eng_status load_reversal(struct eng_load *load, const struct eng_node *node,
                                     const struct eng_award_draft *draft, struct eng_award *award)
{
    static const struct eng_condition anything;
    static const char *const keys[] = {"reverses", "reversible_for"};
    struct eng_reference reverses = {draft->reversed_by, NULL, &anything};
    for (int i = 0; i < 2 && draft->reversed_by == NULL; i++)
        if (eng_node_get(node, keys[i]) != NULL)
            return eng_source_fail(&load->source, eng_node_get(node, keys[i])->key->mark,
                                   "\"%s\" belongs to \"reversed_by\", and nothing reverses this "
                                   "award; write \"reversed_by: goods.returned\", or leave it out",
                                   keys[i]);
    if (draft->reversed_by == NULL)
        return ENG_OK;
    award->reversible_for = draft->reversible_for;
    enum eng_status status = eng_load_attribute(load, draft->reverses, &award->original);
    return status == ENG_OK ? eng_load_add_actions(load, &reverses, &award->reverses) : status;
}

/* When it is paid. */
static enum eng_status load_terms(struct eng_load *load, const struct eng_award_draft *draft,
                                  struct eng_award *award)
{
    enum eng_status status = ENG_OK;
    award->first = draft->first;
    award->nth_window = award->streak_of = ENG_WINDOW_NONE;
    if (draft->nth != NULL && draft->streak != NULL)
        return eng_source_fail(&load->source, draft->streak->key->mark,
                               "an award is for the nth or for a streak; make two awards of it");
    if (draft->nth != NULL)
        status = load_nth(load, draft->nth, award);
    if (status == ENG_OK && draft->within != NULL)
        status = load_within(load, draft->within, award);
    if (status == ENG_OK && draft->streak != NULL)
        status = load_streak(load, draft->streak, award);
    return status;
}

static enum eng_status load_award(struct eng_load *load, const struct eng_node *node)
{
    struct eng_award_draft draft = {0};
    enum eng_status status = eng_load_check_name(load, node->key, "the name of an award");
    if (status == ENG_OK)
        status = eng_section_read(load, &eng_section_award, node, &draft);
    if (status != ENG_OK)
        return status;
    struct eng_award *award = &load->model->awards[load->model->award_count++];
    struct eng_reference reference = {draft.when, draft.where, &award->where};
    status = eng_load_copy(load, node->key, &award->name);
    if (status == ENG_OK && draft.description != NULL)
        status = eng_load_copy(load, draft.description, &award->description);
    if (status == ENG_OK)
        status = load_points(load, node, &draft, award);
    if (status == ENG_OK)
        status = load_to(load, draft.to, award);
    if (status == ENG_OK)
        status = load_terms(load, &draft, award);
    if (status == ENG_OK && draft.pending != NULL)
        status = load_pending(load, draft.pending, award);
    if (status == ENG_OK)
        status = load_reversal(load, node, &draft, award);
    if (status == ENG_OK)
        status = eng_load_filter(load, draft.where, &award->where);
    return status == ENG_OK ? eng_load_add_actions(load, &reference, &award->actions) : status;
}

enum eng_status eng_load_awards(struct eng_load *load)
{
    static const struct eng_things things = {"awards", "ENG_AWARDS_MAX", ENG_AWARDS_MAX,
                                             sizeof *load->model->awards, load_award};
    eng_assert(load->model->awards == NULL);
    return eng_load_things(load, load->file.awards, &things, &load->model->awards);
}

/* ---- at the end ---- */

/* Refuses an award for an action that its time begins with. */
static enum eng_status check_anchors(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.awards ? load->file.awards->first : NULL;
    for (uint32_t i = 0; i < model->award_count; i++, node = node->next)
        for (uint32_t a = 0; a < model->action_count; a++)
            if (eng_action_set_has(&model->awards[i].anchors, a) &&
                eng_action_set_has(&model->awards[i].actions, a))
                return eng_source_fail(
                    &load->source, eng_node_get(node, "within")->mark,
                    "\"%s%s\" both begins the time of the award \"%s\" and is paid in it; an "
                    "action can do only one of them",
                    model->actions[a].text, model->actions[a].family ? "*" : "",
                    model->awards[i].name);
    return ENG_OK;
}

/* Refuses what one action cannot do: two things with the same claim. */
static enum eng_status check_settled(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.awards ? load->file.awards->first : NULL;
    for (uint32_t i = 0; i < model->award_count; i++, node = node->next) {
        const struct eng_award *award = &model->awards[i];
        for (uint32_t a = 0; a < model->action_count; a++) {
            int roles =
                eng_action_set_has(&award->actions, a) + eng_action_set_has(&award->approves, a) +
                eng_action_set_has(&award->drops, a) + eng_action_set_has(&award->reverses, a);
            if (roles > 1)
                return eng_source_fail(&load->source, node->key->mark,
                                       "\"%s%s\" stands in two places of the award \"%s\"; an "
                                       "action is paid, approves, "
                                       "drops or reverses, and only one of them",
                                       model->actions[a].text, model->actions[a].family ? "*" : "",
                                       award->name);
        }
    }
    return ENG_OK;
}

/* Refuses an action with more bookings to settle than are kept of one event. */
static enum eng_status check_claims(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    for (uint32_t a = 0; a < model->action_count; a++) {
        const struct eng_node *node = load->file.awards ? load->file.awards->first : NULL;
        int claims = 0;
        for (uint32_t i = 0; i < model->award_count; i++, node = node->next) {
            if (eng_action_set_has(&model->awards[i].actions, a) &&
                eng_award_is_settled(&model->awards[i]))
                claims += __builtin_popcount(model->awards[i].ledgers);
            if (claims > ENG_CLAIMS_MAX)
                return eng_source_fail(&load->source, node->key->mark,
                                       "\"%s%s\" has more than %d bookings that may be approved or "
                                       "reversed (ENG_CLAIMS_MAX); make fewer awards of it",
                                       model->actions[a].text, model->actions[a].family ? "*" : "",
                                       ENG_CLAIMS_MAX);
        }
    }
    return ENG_OK;
}

/* Refuses a ledger that nothing is ever booked in. */
static enum eng_status check_booked(struct eng_load *load)
{
    const struct eng_model *model = load->model;
    const struct eng_node *node = load->file.ledgers ? load->file.ledgers->first : NULL;
    uint32_t booked = 0;
    for (uint32_t i = 0; i < model->award_count; i++)
        booked |= model->awards[i].ledgers;
    for (uint32_t i = 0; i < model->ledger_count; i++, node = node->next)
        if (!(booked >> i & 1))
            return eng_source_fail(&load->source, node->key->mark,
                                   "no award books anything in the ledger \"%s\"; name it with "
                                   "\"to\" under \"awards\", or leave it out",
                                   model->ledgers[i].name);
    return ENG_OK;
}

/* Adds the entry of a ledger, and puts it into the sets of the measures that ask for it. */
static enum eng_status add_entry(struct eng_load *load, uint32_t index, const struct eng_node *at)
{
    struct eng_model *model = load->model;
    struct eng_ledger *ledger = &model->ledgers[index];
    size_t length = strlen(ledger->name) + 1;
    if (model->action_count == ENG_ACTIONS_MAX)
        return eng_source_fail(
            &load->source, at->mark,
            "the ledger \"%s\" is one too many; actions and ledgers together are "
            "at most %d (ENG_ACTIONS_MAX)",
            ledger->name, ENG_ACTIONS_MAX);
    char *text = eng_load_array(load, length + 1, 1);
    if (text == NULL)
        return ENG_NO_MEMORY;
    text[0] = ENG_LEDGER_MARK;
    memcpy(text + 1, ledger->name, length);
    ledger->entry = (uint16_t)model->action_count;
    model->actions[model->action_count++] =
        (struct eng_action){.text = text, .length = (uint32_t)length, .variant_count = 1};
    for (uint32_t i = 0; i < model->measure_count; i++)
        if (model->measures[i].ledger == index + 1)
            model->measures[i].actions.bits[ledger->entry >> 6] |= 1ULL << (ledger->entry & 63);
    return ENG_OK;
}

enum eng_status eng_load_end_ledgers(struct eng_load *load)
{
    const struct eng_node *node = load->file.ledgers ? load->file.ledgers->first : NULL;
    enum eng_status status = check_anchors(load);
    if (status == ENG_OK)
        status = check_settled(load);
    if (status == ENG_OK)
        status = check_claims(load);
    if (status == ENG_OK)
        status = check_booked(load);
    eng_assert(load->model->ledger_count == 0 || load->file.ledgers != NULL);
    for (uint32_t i = 0; i < load->model->ledger_count && status == ENG_OK; i++, node = node->next)
        status = add_entry(load, i, node->key);
    return status;
}
