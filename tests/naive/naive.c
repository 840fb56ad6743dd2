/* The clock, the fate of an event, and the order in which partners are evaluated. See naive.h. */
#include "naive.h"
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

void *naive_grow(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *bigger = realloc(items, *capacity * item_bytes);
    eng_assert(bigger != NULL);
    return bigger;
}

static char *copy(struct eng_slice slice)
{
    if (slice.data == NULL)
        return NULL;
    char *text = calloc(1, (size_t)slice.length + 1);
    eng_assert(text != NULL);
    memcpy(text, slice.data, slice.length);
    return text;
}

struct naive *naive_new(const struct eng_model *model)
{
    struct naive *naive = calloc(1, sizeof *naive);
    eng_assert(naive != NULL);
    naive->model = model;
    naive->clock_ms = -1;
    naive_know_all(&naive->knowledge);
    return naive;
}

static void partner_free(struct partner *partner)
{
    for (size_t i = 0; i < partner->fact_count; i++) {
        free(partner->facts[i].id);
        free(partner->facts[i].member);
    }
    for (unsigned i = 0; i < ENG_SCORES_MAX; i++)
        free(partner->scores[i].past);
    free(partner->facts);
    free(partner->payments);
    for (size_t i = 0; i < partner->left_count; i++)
        free(partner->left[i].id);
    free(partner->left);
    for (size_t i = 0; i < partner->claim_count; i++)
        naive_forget_claim(&partner->claims[i]);
    free(partner->claims);
    naive_forget_held(partner);
    free(partner->name);
    free(partner);
}

void naive_free(struct naive *naive)
{
    if (naive == NULL)
        return;
    for (size_t i = 0; i < naive->partner_count; i++)
        partner_free(naive->partners[i]);
    naive_guards_free(naive);
    free(naive->partners);
    free(naive->effects.data);
    free(naive);
}

static bool same_text(struct eng_slice a, struct eng_slice b)
{
    return a.data != NULL && b.data != NULL && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Does an event with these attributes fulfil a filter? */
static bool fulfils(const struct eng_condition *where, const struct eng_slice *attributes)
{
    for (uint32_t i = 0; i < where->clause_count; i++) {
        const struct eng_clause *clause = &where->clauses[i];
        bool found = false;
        for (uint32_t v = 0; v < clause->value_count; v++)
            found |= same_text(clause->values[v], attributes[clause->attribute]);
        if (!found)
            return false;
    }
    return true;
}

/* How many texts and clauses a condition has: of two that hold, and one of which holds whenever the
 * other does, the other has more clauses, or as many with fewer texts. */
static bool is_narrower(const struct eng_condition *a, const struct eng_condition *b)
{
    uint32_t texts_of_a = 0, texts_of_b = 0;
    for (uint32_t i = 0; i < a->clause_count; i++)
        texts_of_a += a->clauses[i].value_count;
    for (uint32_t i = 0; i < b->clause_count; i++)
        texts_of_b += b->clauses[i].value_count;
    return a->clause_count > b->clause_count ||
           (a->clause_count == b->clause_count && texts_of_a < texts_of_b);
}

/* Is the entry of the event's name, or of a family of it? *ret_length: of the text, longer for the
 * name itself. */
static bool is_of(const struct eng_action *entry, struct eng_slice action, uint32_t *ret_length)
{
    if (entry->text[0] == '\1') /* what is booked in a ledger */
        return false;
    if (entry->length > action.length || memcmp(entry->text, action.data, entry->length) != 0)
        return false;
    *ret_length = entry->family ? entry->length : entry->length + 1;
    return entry->family || entry->length == action.length;
}

/* The entry with exactly this name, else the longest family that it begins with; of those of one
 * text the narrowest one whose condition the event fulfils. */
uint16_t naive_entry(const struct eng_model *model, struct eng_slice action,
                     const struct eng_slice *attributes)
{
    uint16_t best = ENG_ACTION_NONE;
    uint32_t longest = 0, length;
    for (uint32_t i = 0; i < model->action_count; i++)
        if (is_of(&model->actions[i], action, &length) && length > longest)
            longest = length;
    for (uint32_t i = 0; i < model->action_count; i++) {
        const struct eng_action *entry = &model->actions[i];
        if (!is_of(entry, action, &length) || length != longest ||
            !fulfils(&entry->where, attributes))
            continue;
        if (best == ENG_ACTION_NONE || is_narrower(&entry->where, &model->actions[best].where))
            best = (uint16_t)i;
    }
    return best;
}

static struct partner *find_partner(const struct naive *naive, struct eng_slice name)
{
    for (size_t i = 0; i < naive->partner_count; i++) {
        struct partner *partner = naive->partners[i];
        if (partner->name_bytes == name.length &&
            memcmp(partner->name, name.data, name.length) == 0)
            return partner;
    }
    return NULL;
}

enum eng_status naive_erase(struct naive *naive, struct eng_slice name)
{
    struct partner *partner = find_partner(naive, name);
    size_t kept = 0;
    if (partner == NULL)
        return ENG_NOT_FOUND;
    for (size_t i = 0; i < naive->partner_count; i++)
        if (naive->partners[i] != partner)
            naive->partners[kept++] = naive->partners[i];
    naive->partner_count = kept;
    partner_free(partner);
    return ENG_OK;
}

/* The order of two partners at one boundary (S3): by hash, then by id. */
static bool comes_before(const struct partner *a, const struct partner *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash;
    uint32_t common = a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes;
    int order = memcmp(a->name, b->name, common);
    return order != 0 ? order < 0 : a->name_bytes < b->name_bytes;
}

static struct partner *add_partner(struct naive *naive, struct eng_slice name, int64_t pane)
{
    struct partner *partner = calloc(1, sizeof *partner);
    eng_assert(partner != NULL);
    partner->name = copy(name);
    partner->name_bytes = name.length;
    partner->known_pane = pane;
    partner->hash = XXH3_64bits(name.data, name.length);
    for (unsigned i = 0; i < naive->model->score_count; i++)
        naive_score_init(&naive->model->scores[i], &partner->scores[i]);
    for (unsigned i = 0; i < naive->model->alert_count; i++)
        partner->alerts[i].opened_ms = -1;
    naive->partners = naive_grow(naive->partners, naive->partner_count, &naive->partner_capacity,
                                 sizeof *naive->partners);
    size_t place = naive->partner_count++;
    for (; place > 0 && comes_before(partner, naive->partners[place - 1]); place--)
        naive->partners[place] = naive->partners[place - 1];
    naive->partners[place] = partner;
    return partner;
}

/* All scores in file order, then all matrices, all alerts, all reports. */
void naive_evaluate(struct naive *naive, struct partner *partner, const struct occasion *why)
{
    struct score_state before[ENG_SCORES_MAX];
    memcpy(before, partner->scores, naive->model->score_count * sizeof before[0]);
    naive->said = why->said;
    naive->pane = why->pane;
    naive->opened_now = 0;
    for (unsigned i = 0; i < naive->model->score_count; i++)
        naive_score_evaluate(naive, partner, i, why);
    for (unsigned i = 0; i < naive->model->matrix_count; i++)
        naive_matrix_evaluate(naive, partner, i, before, why);
    for (unsigned i = 0; i < naive->model->alert_count; i++)
        naive_alert_evaluate(naive, partner, i, before, why);
    if (why->cause == ENG_CAUSE_CONFIG)
        naive_budgets_change(naive, partner, before, why);
    naive_guards_release(naive, partner, before, why);
    for (unsigned i = 0; i < naive->model->score_count; i++)
        partner->scores[i].was_positive |= partner->scores[i].value_e4 > 0;
    if (why->origin_kind == ENG_ORIGIN_BOUNDARY)
        naive_reports_make(naive, partner, why);
}

static void boundary(struct naive *naive, int64_t pane)
{
    naive_groups_tell(naive, pane);
    naive_groups_begin(naive, pane);
    naive->clock_ms = eng_calendar_start_ms(naive->model->calendar, pane);
    struct occasion why = {
        ENG_CAUSE_EXPIRY, ENG_ORIGIN_BOUNDARY, (uint64_t)naive->clock_ms, naive->clock_ms, pane, 0};
    naive_guards_decide(naive, pane);
    for (size_t i = 0; i < naive->partner_count; i++) {
        int64_t options[ENG_FACTS_MAX];
        why.said = 0;
        for (unsigned f = 0; f < naive->model->fact_count; f++)
            options[f] = naive_option(naive, naive->partners[i], f, pane - 1);
        naive_end_holds(naive, naive->partners[i], &why);
        for (unsigned f = 0; f < naive->model->fact_count; f++)
            why.said |= (uint32_t)(options[f] != naive_option(naive, naive->partners[i], f, pane))
                        << f;
        naive_evaluate(naive, naive->partners[i], &why);
    }
    naive_guards_decided(naive);
    naive_budgets_tell(naive, &why);
}

void naive_tick(struct naive *naive, int64_t time_ms)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    if (naive->clock_ms < 0)
        return;
    int64_t pane = eng_calendar_pane(calendar, naive->clock_ms), from = pane;
    while (eng_calendar_start_ms(calendar, pane + 1) <= time_ms)
        boundary(naive, ++pane);
    if (eng_model_is_merged(naive->model) && pane > from)
        naive_emit_passed(naive, pane);
}

static void move_clock(struct naive *naive, int64_t time_ms)
{
    bool first = naive->clock_ms < 0;
    naive_tick(naive, time_ms);
    if (time_ms > naive->clock_ms)
        naive->clock_ms = time_ms;
    if (first)
        naive_guards_first(naive);
}

/* S6: was this id counted while the clock was in a pane at most `dedup` panes back? */
static bool is_duplicate(const struct naive *naive, const struct partner *partner,
                         struct eng_slice id, int64_t clock_pane)
{
    if (naive->model->dedup == 0 || id.data == NULL || partner == NULL)
        return false;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if (fact->id != NULL && !fact->released && fact->id_bytes == id.length &&
            memcmp(fact->id, id.data, id.length) == 0 &&
            fact->clock_pane >= clock_pane - (int64_t)naive->model->dedup)
            return true;
    }
    for (size_t i = 0; i < partner->left_count; i++) {
        const struct left_out *left = &partner->left[i];
        if (left->id_bytes == id.length && memcmp(left->id, id.data, id.length) == 0 &&
            left->clock_pane >= clock_pane - (int64_t)naive->model->dedup)
            return true;
    }
    return false;
}

/* What a set of entries says of a fact has to be what the filter says of its attributes, wherever
 * the set has its action at all. */
bool naive_listed(const struct eng_model *model, const struct eng_action_set *set,
                  const struct eng_condition *where, const struct fact *fact)
{
    const struct eng_action *own = &model->actions[fact->action];
    bool named = false, has = eng_action_set_has(set, fact->action);
    for (uint32_t i = 0; i < model->action_count; i++)
        named |= eng_action_set_has(set, i) && model->actions[i].family == own->family &&
                 strcmp(model->actions[i].text, own->text) == 0;
    eng_assert(has == (named && fulfils(where, fact->attributes)));
    return has;
}

/* All that asks for its action knows of a fact. */
void naive_note(const struct eng_model *model, struct fact *fact)
{
    fact->counted = fact->summed = true;
    fact->summed_numbers = (1u << model->number_count) - 1;
    for (unsigned i = 0; i < model->measure_count; i++) {
        const struct eng_measure *measure = &model->measures[i];
        bool ends = measure->kind == ENG_STATE || measure->kind == ENG_FACT;
        bool until = ends && naive_listed(model, &measure->until, &measure->where, fact);
        bool says = until || naive_listed(model, &measure->actions, &measure->where, fact);
        if (says && measure->kind == ENG_FACT)
            says = naive_given(model, measure, until, fact, &fact->given[i]);
        if (says && measure->attribute > 0) {
            struct eng_slice text = fact->attributes[measure->attribute - 1];
            says = text.data != NULL;
            fact->given[i] = says ? naive_keep_text(text) : 0;
        }
        if (says)
            fact->measures |= 1ull << i;
        if (until || measure->kind == ENG_SUM)
            fact->seconds |= 1ull << i;
    }
    for (unsigned i = 0; i < model->alert_count; i++) {
        static const struct eng_condition anything;
        const struct eng_alert *alert = &model->alerts[i];
        bool mine = naive_listed(model, &alert->actions, &alert->where, fact);
        bool anchors = naive_listed(model, &alert->anchors, &anything, fact);
        fact->rhythms |= (uint32_t)(mine && alert->kind == ENG_SILENCE) << i;
        fact->expected |= (uint32_t)(mine && alert->kind == ENG_DEADLINE) << i;
        fact->anchors |= (uint32_t)anchors << i;
    }
    for (unsigned i = 0; i < model->award_count; i++) {
        static const struct eng_condition anything;
        const struct eng_award *award = &model->awards[i];
        bool pays = naive_listed(model, &award->actions, &award->where, fact);
        bool begins = naive_listed(model, &award->anchors, &anything, fact);
        fact->paid_for |= (uint64_t)pays << i;
        fact->begins |= (uint64_t)begins << i;
        (void)naive_listed(model, &award->approves, &anything, fact);
        (void)naive_listed(model, &award->drops, &anything, fact);
        (void)naive_listed(model, &award->reverses, &anything, fact);
    }
}

void naive_add_fact(struct partner *partner, const struct fact *fact)
{
    partner->facts = naive_grow(partner->facts, partner->fact_count, &partner->fact_capacity,
                                sizeof *partner->facts);
    partner->facts[partner->fact_count++] = *fact;
}

void naive_take_in(struct naive *naive, struct partner *partner, const struct eng_event *event,
                   struct fact *fact)
{
    naive_note(naive->model, fact);
    fact->id = copy(event->id);
    fact->id_bytes = event->id.length;
    fact->member = copy(event->member);
    fact->member_bytes = event->member.length;
    naive_add_fact(partner, fact);
    for (unsigned i = 0; i < naive->model->alert_count; i++)
        if (naive->model->alerts[i].kind == ENG_SILENCE)
            naive_silence_rescan(naive, partner, i);
}

/* Why a partner is evaluated after an event. */
static struct occasion after(const struct naive *naive, const struct eng_event *event,
                             const struct fact *fact)
{
    return (struct occasion){fact->pane < fact->clock_pane ? ENG_CAUSE_CORRECTION : ENG_CAUSE_EVENT,
                             ENG_ORIGIN_OFFSET,
                             event->offset,
                             naive->clock_ms,
                             fact->clock_pane,
                             0};
}

static void count(struct naive *naive, struct partner *partner, const struct eng_event *event,
                  struct fact fact)
{
    if (partner == NULL)
        partner = add_partner(naive, event->partner, fact.pane);
    int64_t options[ENG_FACTS_MAX];
    for (unsigned i = 0; i < naive->model->fact_count; i++)
        options[i] = naive_option(naive, partner, i, fact.clock_pane);
    struct occasion why = after(naive, event, &fact);
    naive_decide(naive, partner, &fact, &why);
    naive_take_in(naive, partner, event, &fact);
    for (unsigned i = 0; i < naive->model->fact_count; i++)
        why.said |= (uint32_t)(naive_option(naive, partner, i, fact.clock_pane) != options[i]) << i;
    naive_awards(naive, partner, &why);
    naive_evaluate(naive, partner, &why);
}

void naive_call(struct naive *naive, const struct eng_names *names)
{
    naive->names = names;
}

/* The event's attributes in the order of the model. */
static void take_attributes(const struct naive *naive, const struct eng_event *event,
                            struct fact *fact)
{
    const struct eng_model *model = naive->model;
    for (uint32_t i = 0; i < model->attribute_count; i++) {
        if (naive->names == NULL)
            fact->attributes[i] = event->attributes[i];
        for (uint32_t j = 0; naive->names != NULL && j < naive->names->attribute_count; j++)
            if (strcmp(naive->names->attributes[j], model->attributes[i]) == 0)
                fact->attributes[i] = event->attributes[j];
    }
}

/* The event's numbers in the order of the model. */
static void take_numbers(const struct naive *naive, const struct eng_event *event,
                         struct fact *fact)
{
    const struct eng_model *model = naive->model;
    for (uint32_t i = 0; i < ENG_NUMBERS_MAX; i++)
        fact->numbers[i] = ENG_VALUE_NONE;
    for (uint32_t i = 0; event->numbers != NULL && i < model->number_count; i++) {
        if (naive->names == NULL)
            fact->numbers[i] = event->numbers[i];
        for (uint32_t j = 0; naive->names != NULL && j < naive->names->number_count; j++)
            if (strcmp(naive->names->numbers[j], model->numbers[i]) == 0)
                fact->numbers[i] = event->numbers[j];
    }
}

/* Its id is all that is kept of it, if its partner is known. */
static void leave_out(struct partner *partner, const struct eng_event *event, int64_t clock_pane)
{
    if (partner == NULL || event->id.data == NULL)
        return;
    partner->left = naive_grow(partner->left, partner->left_count, &partner->left_capacity,
                               sizeof *partner->left);
    partner->left[partner->left_count++] =
        (struct left_out){copy(event->id), event->id.length, clock_pane};
}

/* It waits, and its id is taken. A partner that was not known is from here on. */
static void hold(struct naive *naive, struct partner *partner, const struct eng_event *event,
                 const struct fact *fact, const struct eng_check *check)
{
    bool newcomer = partner == NULL;
    if (newcomer)
        partner = add_partner(naive, event->partner, fact->pane);
    naive_hold(naive, partner, event, fact, check);
    leave_out(partner, event, fact->clock_pane);
    struct occasion why = after(naive, event, fact);
    if (newcomer)
        naive_evaluate(naive, partner, &why);
}

/* The eight fates of an event, in the order in which they are tried. */
static enum eng_outcome judge(struct naive *naive, const struct eng_event *event)
{
    const struct eng_model *model = naive->model;
    if (event->verdict == ENG_VERDICT_BAD)
        return ENG_OUTCOME_BAD;
    if (event->verdict == ENG_VERDICT_FUTURE)
        return ENG_OUTCOME_FUTURE;
    move_clock(naive, event->time_ms);
    struct fact fact = {.time_ms = event->time_ms, .value_e4 = event->value_e4};
    take_numbers(naive, event, &fact);
    if (event->attributes != NULL)
        take_attributes(naive, event, &fact);
    fact.action = naive_entry(model, event->action, fact.attributes);
    if (fact.action == ENG_ACTION_NONE)
        return ENG_OUTCOME_FILTERED;
    fact.pane = eng_calendar_pane(model->calendar, event->time_ms);
    fact.clock_pane = eng_calendar_pane(model->calendar, naive->clock_ms);
    if (fact.pane <= fact.clock_pane - (int64_t)model->late_after)
        return ENG_OUTCOME_LATE;
    struct partner *partner = find_partner(naive, event->partner);
    if (is_duplicate(naive, partner, event->id, fact.clock_pane))
        return ENG_OUTCOME_DUPLICATE;
    const struct eng_check *holder = NULL;
    enum eng_outcome outcome = naive_checks(naive, partner, event, &fact, &holder);
    if (outcome == ENG_OUTCOME_LEFT_OUT)
        leave_out(partner, event, fact.clock_pane);
    if (outcome == ENG_OUTCOME_HELD)
        hold(naive, partner, event, &fact, holder);
    if (outcome != ENG_OUTCOME_COUNTED)
        return outcome;
    naive_guards_count(naive, fact.action);
    count(naive, partner, event, fact);
    return ENG_OUTCOME_COUNTED;
}

enum eng_outcome naive_apply(struct naive *naive, const struct eng_event *event)
{
    enum eng_outcome outcome = judge(naive, event);
    naive->counters.read++;
    naive->counters.outcome[outcome]++;
    return outcome;
}

const struct eng_effects *naive_effects(const struct naive *naive)
{
    return &naive->effects;
}

void naive_forget_effects(struct naive *naive)
{
    naive->effects.used = 0;
    naive->effects.count = 0;
}

int64_t naive_clock_ms(const struct naive *naive)
{
    return naive->clock_ms;
}

int64_t naive_next_boundary_ms(const struct naive *naive)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    if (naive->clock_ms < 0)
        return -1;
    return eng_calendar_start_ms(calendar, eng_calendar_pane(calendar, naive->clock_ms) + 1);
}

const struct eng_counters *naive_counters(const struct naive *naive)
{
    return &naive->counters;
}

uint64_t naive_partner_count(const struct naive *naive)
{
    return naive->partner_count;
}

/* The first boundary after the clock at which a deadline that runs is opened. */
static int64_t deadline_due_ms(const struct naive *naive, const struct partner *partner, unsigned i)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    const struct eng_alert *alert = &naive->model->alerts[i];
    struct deadline deadline = naive_deadline(partner, i);
    int64_t next = eng_calendar_pane(calendar, naive->clock_ms) + 1;
    int64_t opens = deadline.pane + (int64_t)alert->within + 1 - (int64_t)alert->remind;
    if (!deadline.anchored || deadline.met || partner->alerts[i].open)
        return -1;
    return eng_calendar_start_ms(calendar, opens > next ? opens : next);
}

static void view_alert(const struct naive *naive, const struct partner *partner, unsigned i,
                       struct eng_view_alert *ret)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    const struct eng_alert *alert = &naive->model->alerts[i];
    const struct alert_state *state = &partner->alerts[i];
    ret->open = state->open;
    ret->held_out = state->open ? state->held_out : naive_holds_out(naive, partner, i);
    ret->opened_at_ms = state->opened_ms;
    ret->due_at_ms = -1;
    if (!naive_admits(naive, partner, i, eng_calendar_pane(calendar, naive->clock_ms)))
        return;
    if (alert->kind == ENG_DEADLINE)
        ret->due_at_ms = deadline_due_ms(naive, partner, i);
    if (alert->kind != ENG_SILENCE || state->open || !naive_silence_ripe(alert, state))
        return;
    /* The first boundary after the clock that satisfies both conditions. */
    int64_t pane = eng_calendar_pane(calendar, naive->clock_ms) + 1;
    if (pane < state->last + state->threshold_panes + 1)
        pane = state->last + state->threshold_panes + 1;
    while (state->opened_ms >= 0 &&
           eng_calendar_start_ms(calendar, pane) < state->opened_ms + alert->cooldown_ms)
        pane++;
    ret->due_at_ms = eng_calendar_start_ms(calendar, pane);
}

static void view_score(const struct naive *naive, const struct partner *partner, unsigned i,
                       struct eng_view_score *ret)
{
    const struct eng_score *score = &naive->model->scores[i];
    const struct score_state *state = &partner->scores[i];
    ret->value_e4 = state->value_e4;
    ret->told_value_e4 = state->told.value_e4;
    ret->band = (uint8_t)state->band;
    ret->told_band = (uint8_t)state->told.band;
    ret->provisional = naive_provisional(
        naive, partner, score, eng_calendar_pane(naive->model->calendar, naive->clock_ms));
    ret->contribution_count = (uint16_t)score->dimension_count;
    for (unsigned d = 0; d < score->dimension_count; d++)
        ret->contribution_e4[d] = state->part_e4[d];
}

static void view_fact(const struct naive *naive, const struct partner *partner,
                      const struct eng_fact *fact, struct eng_view_fact *ret)
{
    struct amount amount = naive_fact(naive, partner, fact->measure,
                                      eng_calendar_pane(naive->model->calendar, naive->clock_ms));
    ret->name = fact->name;
    ret->kind = (uint8_t)fact->kind;
    ret->there = !amount.missing;
    if (fact->kind == ENG_FACT_CHOICE && !amount.missing)
        ret->text = fact->options[amount.value_e4 - 1];
    else if (fact->kind == ENG_FACT_TEXT && !amount.missing)
        ret->text = naive_text(amount.value_e4);
    else
        ret->value_e4 = fact->kind == ENG_FACT_FLAG ? amount.value_e4 * 10000 : amount.value_e4;
}

enum eng_status naive_view(const struct naive *naive, struct eng_slice name,
                           struct eng_view *ret_view)
{
    const struct eng_model *model = naive->model;
    const struct partner *partner = find_partner(naive, name);
    if (partner == NULL)
        return ENG_NOT_FOUND;
    memset(ret_view, 0, sizeof *ret_view);
    int64_t oldest = partner->known_pane;
    for (size_t i = 0; i < partner->fact_count; i++)
        oldest = partner->facts[i].pane < oldest ? partner->facts[i].pane : oldest;
    ret_view->clock_ms = naive->clock_ms;
    ret_view->first_day_ms = eng_calendar_start_ms(model->calendar, oldest);
    ret_view->score_count = (uint16_t)model->score_count;
    ret_view->measure_count = (uint16_t)model->named_measure_count;
    ret_view->alert_count = (uint16_t)model->alert_count;
    ret_view->ledger_count = (uint16_t)model->ledger_count;
    for (unsigned i = 0; i < model->ledger_count; i++)
        naive_view_ledger(naive, partner, i, &ret_view->ledgers[i]);
    for (unsigned i = 0; i < model->score_count; i++)
        view_score(naive, partner, i, &ret_view->scores[i]);
    for (unsigned i = 0; i < model->named_measure_count; i++) {
        struct amount amount = naive_measure(naive, partner, &model->measures[i],
                                             eng_calendar_pane(model->calendar, naive->clock_ms));
        ret_view->measures[i].name = model->measures[i].name;
        ret_view->measures[i].value_e4 = amount.value_e4;
        ret_view->measures[i].missing = amount.missing;
    }
    for (unsigned i = 0; i < model->alert_count; i++)
        view_alert(naive, partner, i, &ret_view->alerts[i]);
    ret_view->fact_count = (uint16_t)model->fact_count;
    for (unsigned i = 0; i < model->fact_count; i++)
        view_fact(naive, partner, &model->facts[i], &ret_view->facts[i]);
    naive_view_held(naive, partner, ret_view);
    ret_view->matrix_count = (uint16_t)model->matrix_count;
    for (unsigned i = 0; i < model->matrix_count; i++) {
        const struct eng_matrix *matrix = &model->matrices[i];
        unsigned row = partner->scores[matrix->rows].band;
        unsigned column = partner->scores[matrix->columns].band;
        ret_view->matrices[i] = (struct eng_view_matrix){
            (uint8_t)row, (uint8_t)column,
            matrix->cells[matrix->cell_of[row * matrix->column_count + column]]};
    }
    return ENG_OK;
}
