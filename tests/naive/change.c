/* Changes of the model and what they leave of facts. See naive.h.
 *
 * Every fact stays; a change takes away what could not be known any more had only counts per pane
 * and action been kept. What corresponds to what is said in docs/language.md. */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

enum { NOT_THERE = 0xFFFF };

/* Two models at a pane, and what is asked of both. */
struct change {
    const struct eng_model *old, *new;
    int64_t pane, at_ms;
    uint16_t entry[ENG_ACTIONS_MAX + 1];  /* by old entry */
    uint16_t source[ENG_ACTIONS_MAX + 1]; /* by new entry */
    unsigned measure[ENG_MEASURES_MAX];   /* by new measure: the old one that it goes on with */
};

/* ---- actions ---- */

static bool begins(const struct eng_action *family, const struct eng_action *entry)
{
    return family->family && strncmp(entry->text, family->text, family->length) == 0;
}

static bool equal(const struct eng_action *a, const struct eng_action *b)
{
    return a->family == b->family && strcmp(a->text, b->text) == 0;
}

/* Does a condition ask of this attribute, and is the text one that it takes? */
static bool takes(const struct eng_model *model, const struct eng_condition *where,
                  const char *attribute, struct eng_slice text)
{
    for (uint32_t i = 0; i < where->clause_count; i++) {
        const struct eng_clause *clause = &where->clauses[i];
        if (strcmp(model->attributes[clause->attribute], attribute) != 0)
            continue;
        for (uint32_t v = 0; v < clause->value_count; v++)
            if (clause->values[v].length == text.length &&
                memcmp(clause->values[v].data, text.data, text.length) == 0)
                return true;
    }
    return false;
}

/* Does what fulfils condition a, of model m, fulfil b, of model n? For each thing that b asks, a
 * has to ask for the same attribute, and for no text that b does not take. */
static bool sure(const struct eng_model *m, const struct eng_condition *a,
                 const struct eng_model *n, const struct eng_condition *b)
{
    for (uint32_t i = 0; i < b->clause_count; i++) {
        const char *attribute = n->attributes[b->clauses[i].attribute];
        bool asked = false;
        for (uint32_t j = 0; j < a->clause_count; j++) {
            const struct eng_clause *clause = &a->clauses[j];
            if (strcmp(m->attributes[clause->attribute], attribute) != 0)
                continue;
            asked = true;
            for (uint32_t v = 0; v < clause->value_count; v++)
                asked &= takes(n, b, attribute, clause->values[v]);
        }
        if (!asked)
            return false;
    }
    return true;
}

/* Where in a model the facts of an entry of another one belong. */
static uint16_t home(const struct eng_model *model, const struct eng_model *other,
                     const struct eng_action *entry)
{
    const struct eng_action *name = NULL;
    uint16_t found = NOT_THERE;
    for (uint16_t i = 0; i < model->action_count && name == NULL; i++)
        if (equal(&model->actions[i], entry))
            name = &model->actions[i];
    for (uint16_t i = 0; i < model->action_count && (name == NULL || !equal(name, entry)); i++)
        if (begins(&model->actions[i], entry) &&
            (name == NULL || model->actions[i].length > name->length))
            name = &model->actions[i];
    for (uint16_t i = 0; i < model->action_count && name != NULL; i++)
        if (equal(&model->actions[i], name) &&
            sure(other, &entry->where, model, &model->actions[i].where) &&
            (found == NOT_THERE ||
             sure(model, &model->actions[i].where, model, &model->actions[found].where)))
            found = i;
    return found;
}

static bool covered(const struct eng_action_set *a, uint32_t count, const uint16_t *to,
                    const struct eng_action_set *b)
{
    for (unsigned i = 0; i < count; i++)
        if (eng_action_set_has(a, i) && (to[i] == NOT_THERE || !eng_action_set_has(b, to[i])))
            return false;
    return true;
}

static bool same_actions(const struct change *c, const struct eng_action_set *old,
                         const struct eng_action_set *new)
{
    return covered(old, c->old->action_count, c->entry, new) &&
           covered(new, c->new->action_count, c->source, old);
}

/* Are two facts taken from the same? */
static bool same_fact(const struct change *c, const struct eng_fact *old,
                      const struct eng_fact *new)
{
    if (old->kind != new->kind)
        return false;
    if (old->kind == ENG_FACT_FLAG)
        return true;
    if (old->attribute == ENG_FROM_VALUE && new->attribute == ENG_FROM_VALUE && old->number > 0 &&
        new->number > 0)
        return strcmp(c->old->numbers[old->number - 1], c->new->numbers[new->number - 1]) == 0;
    if (old->attribute == ENG_FROM_VALUE || new->attribute == ENG_FROM_VALUE)
        return old->attribute == new->attribute && old->number == new->number;
    return strcmp(c->old->attributes[old->attribute], c->new->attributes[new->attribute]) == 0;
}

static bool same_number(const struct change *c, const struct eng_measure *old,
                        const struct eng_measure *new)
{
    if (old->number == 0 || new->number == 0)
        return old->number == new->number;
    return strcmp(c->old->numbers[old->number - 1], c->new->numbers[new->number - 1]) == 0;
}

static bool same_attribute(const struct change *c, const struct eng_measure *old,
                           const struct eng_measure *new)
{
    if (old->attribute == 0 || new->attribute == 0)
        return old->attribute == new->attribute;
    return strcmp(c->old->attributes[old->attribute - 1], c->new->attributes[new->attribute - 1]) ==
           0;
}

static bool same_question(const struct change *c, const struct eng_measure *old,
                          const struct eng_measure *new)
{
    return old->kind == new->kind &&same_number(c, old, new) && same_attribute(c, old, new) &&
           old->difference == new->difference &&same_actions(c, &old->actions, &new->actions) &&
           same_actions(c, &old->until, &new->until) &&
           (old->kind != ENG_FACT ||
            same_fact(c, &c->old->facts[old->fact], &c->new->facts[new->fact]));
}

/* ---- how long a model keeps what is counted of an entry ---- */

/* Of a calendar window at most; 0: it is none. */
static int64_t period_of(const struct eng_model *model, enum eng_window_kind kind)
{
    int64_t day = model->pane_unit == ENG_PANE_HOUR ? 25 : 1;
    switch (kind) {
    case ENG_WINDOW_WEEK:
        return 7 * day;
    case ENG_WINDOW_MONTH:
        return 31 * day;
    case ENG_WINDOW_QUARTER:
        return 92 * day;
    case ENG_WINDOW_YEAR:
        return 366 * day;
    default:
        return 0;
    }
}

static int64_t panes_of(const struct eng_model *model, const struct eng_measure *measure)
{
    if (measure->window == ENG_WINDOW_ROLLING)
        return naive_reach(measure);
    if (measure->window == ENG_WINDOW_LIFE || measure->window == ENG_WINDOW_NONE)
        return measure->kind == ENG_ACTIVE ? model->late_after : 0;
    return period_of(model, measure->window);
}

/* The age at which nothing is booked in a ledger any more. */
static int64_t booked_within(const struct eng_model *model, unsigned ledger)
{
    int64_t most = model->late_after;
    for (unsigned i = 0; i < model->award_count; i++) {
        const struct eng_award *award = &model->awards[i];
        if (!(award->ledgers >> ledger & 1))
            continue;
        if (award->pending_for > most)
            most = award->pending_for;
        if (award->reversible_for > most)
            most = award->reversible_for;
    }
    return most;
}

/* A window of an award, or of a cap, may end with the oldest pane in which something may still be
 * counted. */
static int64_t kept_for_awards(const struct eng_model *model, unsigned entry)
{
    int64_t most = 0;
    for (unsigned i = 0; i < model->award_count; i++) {
        const struct eng_award *award = &model->awards[i];
        int64_t panes = award->nth == 0 ? 0
                        : award->nth_window == ENG_WINDOW_ROLLING
                            ? award->nth_panes
                            : period_of(model, award->nth_window);
        if (eng_action_set_has(&award->actions, entry) && panes > 0 &&
            panes + (int64_t)model->late_after - 1 > most)
            most = panes + (int64_t)model->late_after - 1;
    }
    for (unsigned i = 0; i < model->ledger_count; i++) {
        const struct eng_ledger *ledger = &model->ledgers[i];
        int64_t panes = period_of(model, ledger->per) + booked_within(model, i) - 1;
        if (ledger->entry == entry && ledger->cap_e4 > 0 && panes > most)
            most = panes;
    }
    return most;
}

/* The same for checks. */
static int64_t kept_for_checks(const struct eng_model *model, unsigned entry)
{
    int64_t most = 0;
    for (unsigned i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        bool asks = eng_action_set_has(&check->needs, entry) ||
                    (check->kind == ENG_MORE_THAN && eng_action_set_has(&check->actions, entry));
        int64_t panes = (int64_t)check->over + (int64_t)model->late_after - 1;
        most = asks && panes > most ? panes : most;
    }
    return most;
}

static int64_t kept(const struct eng_model *model, unsigned entry)
{
    int64_t most = kept_for_awards(model, entry);
    if (kept_for_checks(model, entry) > most)
        most = kept_for_checks(model, entry);
    for (unsigned i = 0; i < model->measure_count; i++) {
        const struct eng_measure *m = &model->measures[i];
        bool counts = m->kind == ENG_COUNT || m->kind == ENG_SUM || m->kind == ENG_ACTIVE;
        if (counts && eng_action_set_has(&m->actions, entry) && panes_of(model, m) > most)
            most = panes_of(model, m);
    }
    return most;
}

static bool sums_by_pane(const struct eng_model *model)
{
    for (unsigned i = 0; i < model->measure_count; i++)
        if (model->measures[i].kind == ENG_SUM && naive_by_pane(&model->measures[i]))
            return true;
    for (unsigned i = 0; i < model->ledger_count; i++)
        if (model->ledgers[i].cap_e4 > 0)
            return true;
    return false;
}

/* The same of one number. */
static bool number_by_pane(const struct eng_model *model, unsigned number)
{
    for (unsigned i = 0; i < model->measure_count; i++)
        if (model->measures[i].kind == ENG_SUM && naive_by_pane(&model->measures[i]) &&
            model->measures[i].number == number + 1)
            return true;
    return false;
}

/* The old number with the name of a new one; ENG_NUMBERS_MAX: there is none. */
static unsigned old_number(const struct change *c, unsigned number)
{
    unsigned i = 0;
    while (i < c->old->number_count && strcmp(c->old->numbers[i], c->new->numbers[number]) != 0)
        i++;
    return i < c->old->number_count ? i : ENG_NUMBERS_MAX;
}

/* ---- knowledge ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void naive_know_all(struct knowledge *knowledge)
{
    for (unsigned i = 0; i <= ENG_ACTIONS_MAX; i++)
        knowledge->counts[i] = knowledge->sums[i] = INT64_MIN;
    for (unsigned i = 0; i < ENG_NUMBERS_MAX; i++)
        knowledge->numbers[i] = INT64_MIN;
    for (unsigned i = 0; i < ENG_MEASURES_MAX; i++)
        knowledge->others[i] = INT64_MIN;
}

/* Of the widest names of a measure; what they hold is known with them. */
static int64_t counts_known(const struct knowledge *knowledge, const struct eng_model *model,
                            const struct eng_measure *measure)
{
    int64_t from = INT64_MIN;
    for (unsigned i = 0; i < model->action_count; i++) {
        bool widest = eng_action_set_has(&measure->actions, i);
        for (unsigned j = 0; j < model->action_count; j++)
            if (j != i && eng_action_set_has(&measure->actions, j) &&
                (begins(&model->actions[j], &model->actions[i]) ||
                 equal(&model->actions[j], &model->actions[i])) &&
                sure(model, &model->actions[i].where, model, &model->actions[j].where))
                widest = false;
        if (widest)
            from = later(from, measure->kind == ENG_SUM
                                   ? later(knowledge->counts[i], knowledge->sums[i])
                                   : knowledge->counts[i]);
    }
    return measure->number > 0 ? later(from, knowledge->numbers[measure->number - 1]) : from;
}

/* What was known of the old entries of the same name that told apart what a new one asks for: of
 * each way to fulfil its condition, and there is one text of each clause in a way, the best that an
 * old entry within the condition knew. `texts` are chosen up to the clause `at`. */
static int64_t told_apart(const struct change *c, const int64_t *old, unsigned entry,
                          struct eng_clause *texts, uint32_t at)
{
    const struct eng_action *asks = &c->new->actions[entry];
    int64_t from = INT64_MIN, best = c->pane + 1;
    if (at < asks->where.clause_count) {
        texts[at] = asks->where.clauses[at];
        texts[at].value_count = 1;
        for (uint32_t v = 0; v < asks->where.clauses[at].value_count; v++) {
            texts[at].values = &asks->where.clauses[at].values[v];
            from = later(from, told_apart(c, old, entry, texts, at + 1));
        }
        return from;
    }
    struct eng_condition way = {at, texts};
    for (unsigned i = 0; i < c->old->action_count; i++) {
        const struct eng_action *was = &c->old->actions[i];
        if (!equal(was, asks) || !sure(c->new, &way, c->old, &was->where) ||
            !sure(c->old, &was->where, c->new, &asks->where))
            continue;
        int64_t knew = later(old[i], c->pane + 1 - kept(c->old, i));
        best = knew < best ? knew : best;
    }
    return best;
}

static void learn_entries(const struct change *c, const struct knowledge *old,
                          struct knowledge *new)
{
    for (unsigned i = 0; i < c->new->action_count; i++) {
        struct eng_clause texts[ENG_ATTRIBUTES_MAX];
        new->counts[i] = told_apart(c, old->counts, i, texts, 0);
        new->sums[i] = sums_by_pane(c->old) ? told_apart(c, old->sums, i, texts, 0) : c->pane + 1;
    }
    for (unsigned i = 0; i < c->new->number_count; i++) {
        unsigned was = old_number(c, i);
        bool kept_on = was < ENG_NUMBERS_MAX && number_by_pane(c->old, was);
        new->numbers[i] = kept_on ? old->numbers[was] : c->pane + 1;
    }
}

/* Chooses what a measure that keeps no counts per pane goes on with: what knows most, and of
 * several the longest window. */
static int64_t learn_other(struct change *c, const struct knowledge *old,
                           const struct knowledge *new, unsigned index)
{
    const struct eng_measure *asks = &c->new->measures[index];
    int64_t best = 0, longest = 0;
    c->measure[index] = NOT_THERE;
    for (unsigned i = 0; i < c->old->measure_count; i++) {
        const struct eng_measure *m = &c->old->measures[i];
        if (naive_by_pane(m) || !same_question(c, m, asks))
            continue;
        int64_t first = INT64_MIN;
        if (m->kind == ENG_MEMBERS || m->kind == ENG_LAST || m->kind == ENG_SINCE)
            first = naive_window_first(c->old, m->window, m->panes, c->pane);
        int64_t from = later(old->others[i], first);
        if (m->kind == ENG_FACT && !naive_same_options(c->old, m, c->new, asks))
            from = c->pane + 1; /* what had no say before is not known */
        if (c->measure[index] != NOT_THERE && (from > best || (from == best && first >= longest)))
            continue;
        best = from;
        longest = first;
        c->measure[index] = i;
    }
    if (c->measure[index] != NOT_THERE)
        return best;
    bool adds = asks->kind == ENG_COUNT || asks->kind == ENG_SUM || asks->kind == ENG_ACTIVE;
    return adds ? counts_known(new, c->new, asks) : c->pane + 1;
}

static void learn(struct naive *naive, struct change *c)
{
    static struct knowledge new;
    naive_know_all(&new);
    learn_entries(c, &naive->knowledge, &new);
    for (unsigned i = 0; i < c->new->measure_count; i++) {
        c->measure[i] = NOT_THERE;
        if (!naive_by_pane(&c->new->measures[i]) && naive_looks_at(c->new, i).measures[0] == i)
            new.others[i] = learn_other(c, &naive->knowledge, &new, i);
    }
    naive->knowledge = new;
}

/* A measure without a window is looked at over the longest rolling window, and the longest kind of
 * calendar window, of its score. */
static bool beyond(const struct naive *naive, const struct eng_score *score, int64_t pane,
                   int64_t from)
{
    uint32_t panes = 0;
    enum eng_window_kind calendar = ENG_WINDOW_ROLLING;
    for (unsigned i = 0; i < score->dimension_count; i++) {
        struct looked_at looks = naive_looks_at(naive->model, score->dimensions[i].measure);
        for (unsigned j = 0; j < looks.count; j++) {
            const struct eng_measure *m = &naive->model->measures[looks.measures[j]];
            if (m->inner)
                continue;
            if (m->window == ENG_WINDOW_ROLLING)
                panes = naive_reach(m) > panes ? naive_reach(m) : panes;
            else if (m->window < ENG_WINDOW_LIFE && m->window > calendar)
                calendar = m->window;
        }
    }
    bool over = calendar != ENG_WINDOW_ROLLING &&
                naive_window_first(naive->model, calendar, 0, pane) < from;
    return over || (panes > 0 && pane - panes + 1 < from);
}

static bool measure_unknown(const struct naive *naive, const struct eng_score *score,
                            unsigned index, int64_t pane)
{
    const struct eng_measure *m = &naive->model->measures[index];
    int64_t from = naive_by_pane(m) ? counts_known(&naive->knowledge, naive->model, m)
                                    : naive->knowledge.others[index];
    if (from < 0) /* there is no pane before -1 */
        return false;
    return m->window == ENG_WINDOW_LIFE || m->window == ENG_WINDOW_NONE
               ? beyond(naive, score, pane, from)
               : naive_window_first(naive->model, m->window, naive_reach(m), pane) < from;
}

bool naive_unknown(const struct naive *naive, const struct eng_score *score, int64_t pane)
{
    for (unsigned i = 0; i < score->dimension_count; i++) {
        struct looked_at looks = naive_looks_at(naive->model, score->dimensions[i].measure);
        for (unsigned j = 0; j < looks.count; j++)
            if (measure_unknown(naive, score, looks.measures[j], pane))
                return true;
    }
    for (unsigned f = 0; f < naive->model->fact_count; f++)
        if (naive_reason(naive->model, 1u << f, score, NULL) > 0 &&
            measure_unknown(naive, score, naive->model->facts[f].measure, pane))
            return true;
    return false;
}

/* ---- facts ---- */

static bool acted(const struct partner *partner, unsigned measure, int64_t pane)
{
    for (size_t i = 0; i < partner->fact_count; i++)
        if (partner->facts[i].pane == pane && partner->facts[i].measures >> measure & 1)
            return true;
    return false;
}

/* Runs that a late event can reach, and the newest one. */
static bool in_kept_run(const struct change *c, const struct partner *partner, unsigned measure,
                        int64_t pane)
{
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < partner->fact_count; i++)
        if (partner->facts[i].measures >> measure & 1)
            newest = later(newest, partner->facts[i].pane);
    while (acted(partner, measure, pane + 1))
        pane++;
    return pane == newest || pane >= c->pane - (int64_t)c->old->late_after;
}

/* Does a measure that goes on with an old one still know of a fact that that one knew of? */
static bool still_known(const struct change *c, const struct partner *partner, unsigned old,
                        const struct fact *fact)
{
    const struct eng_measure *m = &c->old->measures[old];
    if (!(fact->measures >> old & 1))
        return false;
    if (m->kind == ENG_STREAK)
        return in_kept_run(c, partner, old, fact->pane);
    if (m->kind == ENG_MEMBERS || m->kind == ENG_LAST || m->kind == ENG_SINCE)
        return fact->pane >= naive_window_first(c->old, m->window, m->panes, c->pane);
    return true;
}

/* What the newest event said is all that is known of a fact. */
static bool said_anew(const struct change *c, const struct partner *partner, unsigned index,
                      const struct fact *was, struct fact *fact)
{
    unsigned old = c->measure[index];
    if (naive_newest(partner, old) != was)
        return false;
    fact->given[index] = was->given[old];
    return naive_given_anew(c->old, &c->old->measures[old], c->new, &c->new->measures[index],
                            &fact->given[index]);
}

static void carry_fact(const struct change *c, const struct partner *partner, unsigned index,
                       const struct fact *was, struct fact *fact)
{
    const struct eng_measure *m = &c->new->measures[index];
    unsigned old = c->measure[index];
    bool in_pane = fact->counted && eng_action_set_has(&m->actions, fact->action);
    bool adds = m->kind == ENG_COUNT || m->kind == ENG_SUM || m->kind == ENG_ACTIVE;
    bool known, second = false;
    if (naive_by_pane(m))
        return;
    if (old == NOT_THERE)
        known = adds && in_pane;
    else
        known = m->kind == ENG_ACTIVE ? in_pane : still_known(c, partner, old, was);
    if (old != NOT_THERE && m->kind == ENG_FACT)
        known = said_anew(c, partner, index, was, fact);
    if (m->kind == ENG_STATE || (m->kind == ENG_SUM && old != NOT_THERE))
        second = old != NOT_THERE && was->seconds >> old & 1;
    else if (m->kind == ENG_SUM)
        second = naive_summed(m, fact);
    if (known && m->attribute > 0)
        fact->given[index] = was->given[old];
    fact->measures |= (uint64_t)known << index;
    fact->seconds |= (uint64_t)second << index;
}

/* The old award of the same name; NULL: there is none. */
static const struct eng_award *old_award(const struct change *c, const struct eng_award *award)
{
    for (unsigned i = 0; i < c->old->award_count; i++)
        if (strcmp(c->old->awards[i].name, award->name) == 0)
            return &c->old->awards[i];
    return NULL;
}

/* What awards know of a fact: those that ask the same of it go on. */
static void carry_awards(const struct change *c, const struct fact *was, struct fact *fact)
{
    fact->paid_for = fact->begins = 0;
    for (unsigned i = 0; i < c->new->award_count; i++) {
        const struct eng_award *new = &c->new->awards[i], *old = old_award(c, new);
        if (old == NULL)
            continue;
        unsigned j = (unsigned)(old - c->old->awards);
        bool streaks =
            old->streak > 0 && new->streak > 0 &&
            old->streak_of == new->streak_of &&same_actions(c, &old->actions, &new->actions);
        bool begins =
            old->within > 0 && new->within > 0 && same_actions(c, &old->anchors, &new->anchors);
        fact->paid_for |= (uint64_t)(streaks && was->paid_for >> j & 1) << i;
        fact->begins |= (uint64_t)(begins && was->begins >> j & 1) << i;
    }
}

/* Is it looked at when an award was paid before? */
static bool looks_at_payments(const struct eng_award *award)
{
    return award->first || (award->nth > 0 && award->nth_window == ENG_WINDOW_ROLLING);
}

static void carry_payments(const struct change *c, struct partner *partner)
{
    struct payment *old = partner->payments;
    size_t count = partner->payment_count;
    partner->payments = NULL;
    partner->payment_count = partner->payment_capacity = 0;
    for (size_t p = 0; p < count; p++)
        for (unsigned i = 0; i < c->new->award_count; i++) {
            const struct eng_award *new = &c->new->awards[i], *was = old_award(c, new);
            if (was != &c->old->awards[old[p].award] || !looks_at_payments(was) ||
                !looks_at_payments(new))
                continue;
            partner->payments = naive_grow(partner->payments, partner->payment_count,
                                           &partner->payment_capacity, sizeof *partner->payments);
            partner->payments[partner->payment_count++] = (struct payment){i, old[p].pane};
        }
    free(old);
}

/* Claims of awards that may still settle such, in ledgers that are still there. */
static void carry_claims(const struct change *c, struct partner *partner)
{
    for (size_t i = 0; i < partner->claim_count; i++) {
        struct claim *claim = &partner->claims[i];
        if (claim->over)
            continue; /* its award may not even be there any more */
        const struct eng_award *was = &c->old->awards[claim->award];
        const char *award = was->name;
        bool found = false, there = claim->pending;
        if (c->pane - claim->pane >= (claim->pending ? was->pending_for : was->reversible_for)) {
            claim->over = true;
            continue;
        }
        for (unsigned j = 0; j < c->new->ledger_count && !claim->pending && !there; j++)
            if (strcmp(c->new->ledgers[j].name, c->old->ledgers[claim->ledger].name) == 0) {
                there = true;
                claim->ledger = j;
            }
        for (unsigned j = 0; j < c->new->award_count && !found; j++)
            if (strcmp(c->new->awards[j].name, award) == 0) {
                claim->award = j;
                found = (claim->pending ? c->new->awards[j].pending_for
                                        : c->new->awards[j].reversible_for) > 0;
            }
        claim->over |= !found || !there;
    }
}

/* The numbers of an event, in the order of the new model; what is known of them in its pane. */
static void carry_numbers(const struct change *c, const struct fact *was, struct fact *fact)
{
    fact->summed_numbers = 0;
    for (unsigned i = 0; i < ENG_NUMBERS_MAX; i++) {
        unsigned old = i < c->new->number_count ? old_number(c, i) : ENG_NUMBERS_MAX;
        fact->numbers[i] = old < ENG_NUMBERS_MAX ? was->numbers[old] : ENG_VALUE_NONE;
        if (old < ENG_NUMBERS_MAX && fact->summed && number_by_pane(c->old, old))
            fact->summed_numbers |= was->summed_numbers & 1u << old ? 1u << i : 0;
    }
}

/* The same of those that were left out. */
static void forget_left(const struct change *c, struct partner *partner)
{
    size_t kept_ids = 0;
    for (size_t i = 0; i < partner->left_count; i++)
        if (c->old->dedup > 0 && partner->left[i].clock_pane >= c->pane - (int64_t)c->old->dedup)
            partner->left[kept_ids++] = partner->left[i];
        else
            free(partner->left[i].id);
    partner->left_count = kept_ids;
}

static void carry_facts(const struct change *c, struct partner *partner, const uint32_t *rhythm)
{
    struct fact *facts = calloc(partner->fact_count, sizeof *facts);
    eng_assert(facts != NULL);
    forget_left(c, partner);
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *was = &partner->facts[i];
        struct fact *fact = &facts[i];
        *fact = *was;
        fact->measures = fact->seconds = 0;
        fact->rhythms = fact->anchors = fact->expected = 0;
        fact->counted = was->counted && c->entry[was->action] != NOT_THERE &&
                        c->pane - was->pane < kept(c->old, was->action);
        fact->action = fact->counted ? c->entry[was->action] : (uint16_t)NOT_THERE;
        fact->summed = was->summed && fact->counted && sums_by_pane(c->old);
        carry_numbers(c, was, fact);
        if (c->old->dedup == 0 || was->clock_pane < c->pane - (int64_t)c->old->dedup)
            fact->id = NULL;
        for (unsigned m = 0; m < c->new->measure_count; m++)
            carry_fact(c, partner, m, was, fact);
        carry_awards(c, was, fact);
        for (unsigned a = 0; a < c->new->alert_count; a++) {
            if (rhythm[a] == NOT_THERE)
                continue;
            fact->rhythms |= (was->rhythms >> rhythm[a] & 1) << a;
            fact->anchors |= (was->anchors >> rhythm[a] & 1) << a;
            fact->expected |= (was->expected >> rhythm[a] & 1) << a;
        }
    }
    for (size_t i = 0; i < partner->fact_count; i++)
        if (facts[i].id == NULL)
            free(partner->facts[i].id);
    free(partner->facts);
    partner->facts = facts;
    partner->fact_capacity = partner->fact_count;
}

/* ---- scores ---- */

/* Does each event say the same number of a fact, and for as long? */
static bool same_reading(const struct change *c, const struct eng_measure *a,
                         const struct eng_measure *b)
{
    const struct eng_measure *old = &c->old->measures[a->parts[0]];
    const struct eng_measure *new = &c->new->measures[b->parts[0]];
    const struct eng_fact *was = &c->old->facts[a->fact], *is = &c->new->facts[b->fact];
    if (!same_question(c, old, new) || !naive_same_options(c->old, old, c->new, new) ||
        was->valid_ms != is->valid_ms || (a->option > 0) != (b->option > 0))
        return false;
    for (uint16_t i = 1; i <= was->option_count; i++) {
        int64_t place = i;
        bool mine = a->option == 0 || a->option == i;
        (void)naive_given_anew(c->old, old, c->new, new, &place); /* the options are the same */
        if (mine && place != (b->option > 0 ? b->option : i))
            return false;
    }
    return true;
}

static bool same_measure(const struct change *c, unsigned a, unsigned b)
{
    const struct eng_measure *old = &c->old->measures[a], *new = &c->new->measures[b];
    if (old->kind == ENG_RATIO && new->kind == ENG_RATIO && old->difference == new->difference)
        return same_measure(c, old->parts[0], new->parts[0]) &&
               same_measure(c, old->parts[1], new->parts[1]);
    if (old->kind == ENG_READING && new->kind == ENG_READING)
        return same_reading(c, old, new);
    return old->window == new->window && old->panes == new->panes &&
           old->ago == new->ago &&same_question(c, old, new);
}

/* Do the same facts choose the same numbers? */
static bool same_cases(const struct change *c, const struct eng_cases *a, const struct eng_cases *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct eng_case *x = &a->items[i], *y = &b->items[i];
        const struct eng_fact *was = &c->old->facts[x->fact], *is = &c->new->facts[y->fact];
        bool flag = was->kind == ENG_FACT_FLAG && is->kind == ENG_FACT_FLAG;
        struct eng_measure one = {.parts = {was->measure}, .fact = x->fact, .option = x->option};
        struct eng_measure two = {.parts = {is->measure}, .fact = y->fact, .option = y->option};
        if (flag)
            one.option = two.option = 0;
        if (x->number_e4 != y->number_e4 || was->kind != is->kind || !same_reading(c, &one, &two))
            return false;
    }
    return true;
}

static bool same_dimension(const struct change *c, const struct eng_dimension *a,
                           const struct eng_dimension *b)
{
    bool same = a->skip == b->skip && a->weight_e4 == b->weight_e4 &&
                a->target_e4 == b->target_e4 && a->points_e4 == b->points_e4 &&
                same_cases(c, &a->weights, &b->weights) &&
                same_cases(c, &a->targets, &b->targets) && a->step_count == b->step_count &&
                same_measure(c, a->measure, b->measure);
    for (unsigned i = 0; same && i < a->step_count; i++)
        same = a->steps[i].x_e4 == b->steps[i].x_e4 && a->steps[i].y_e4 == b->steps[i].y_e4;
    return same;
}

static bool alike(const struct change *c, const struct eng_score *a, const struct eng_score *b)
{
    bool same = a->points == b->points && a->decay.kind == b->decay.kind &&
                a->decay.panes == b->decay.panes && a->decay.share_e4 == b->decay.share_e4 &&
                a->scale_e4 == b->scale_e4 && a->dimension_count == b->dimension_count;
    for (unsigned i = 0; same && i < a->dimension_count; i++)
        same = same_dimension(c, &a->dimensions[i], &b->dimensions[i]);
    return same;
}

static int64_t within(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

/* What was told last has to be possible, and to add up. */
static void settle_told(const struct eng_score *score, struct told *told)
{
    int64_t most[ENG_DIMENSIONS_MAX], all = 0, rest;
    bool skips = false;
    for (unsigned i = 0; i < score->dimension_count; i++)
        skips |= score->dimensions[i].skip || score->dimensions[i].weights.count > 0 ||
                 score->dimensions[i].targets.count > 0;
    for (unsigned i = 0; i < score->dimension_count && !score->points; i++) {
        most[i] = skips ? score->scale_e4
                        : (int64_t)((__int128)score->scale_e4 * score->dimensions[i].weight_e4 /
                                    score->weight_sum_e4) +
                              1;
        told->part_e4[i] = within(told->part_e4[i], most[i]);
        all += most[i];
    }
    if (!score->points) {
        int64_t top = score->scale_e4 + score->dimension_count;
        told->value_e4 = within(told->value_e4, all < top ? all : top);
    }
    rest = told->value_e4;
    for (unsigned i = 0; i < score->dimension_count; i++)
        rest -= told->part_e4[i];
    for (unsigned i = 0; i < score->dimension_count && rest != 0; i++) {
        int64_t before = told->part_e4[i];
        told->part_e4[i] = score->points ? before + rest : within(before + rest, most[i]);
        rest -= told->part_e4[i] - before;
    }
    eng_assert(rest == 0);
}

static unsigned band_of(const struct eng_score *score, int64_t value_e4)
{
    unsigned band = 0;
    for (unsigned i = 1; i < score->band_count; i++)
        if (value_e4 > score->bands[i].edge_e4 ||
            (value_e4 == score->bands[i].edge_e4 && !score->bands[i].above))
            band = i;
    return band;
}

/* The score's state of before, in terms of the new model. */
static struct score_state carry_score(const struct eng_score *a, const struct eng_score *b,
                                      const struct score_state *was)
{
    struct score_state state = *was;
    memset(state.told.part_e4, 0, sizeof state.told.part_e4);
    for (unsigned i = 0; i < b->dimension_count; i++)
        for (unsigned j = 0; j < a->dimension_count; j++)
            if (strcmp(a->dimensions[j].name, b->dimensions[i].name) == 0) {
                state.told.part_e4[i] = was->told.part_e4[j];
                break;
            }
    if (a->grace_panes == 0 || b->grace_panes == 0)
        state.grace_pane = 0;
    if (a->dwell_ms == 0 || b->dwell_ms == 0)
        state.wanting_since_ms = -1; /* a tier waits for no other band */
    settle_told(b, &state.told);
    state.band = band_of(b, state.told.value_e4);
    for (unsigned i = 0; i < b->band_count; i++)
        if (strcmp(a->bands[was->band].name, b->bands[i].name) == 0) {
            state.band = i;
            break;
        }
    state.told.band = state.begun = state.band;
    for (unsigned i = 0; a->moves == b->moves && i < b->band_count; i++)
        if (strcmp(a->bands[was->begun].name, b->bands[i].name) == 0)
            state.begun = i;
    return state;
}

static void carry_scores(const struct change *c, struct partner *partner)
{
    struct score_state old[ENG_SCORES_MAX];
    memcpy(old, partner->scores, sizeof old);
    memset(partner->scores, 0, sizeof partner->scores);
    for (unsigned i = 0; i < c->new->score_count; i++) {
        const struct eng_score *score = &c->new->scores[i];
        naive_score_init(score, &partner->scores[i]);
        for (unsigned j = 0; j < c->old->score_count; j++) {
            if (strcmp(c->old->scores[j].name, score->name) != 0)
                continue;
            partner->scores[i] = carry_score(&c->old->scores[j], score, &old[j]);
            if (alike(c, &c->old->scores[j], score)) {
                old[j].past = NULL;
                continue;
            }
            partner->scores[i].past = NULL;
            partner->scores[i].past_count = partner->scores[i].past_capacity = 0;
        }
    }
    for (unsigned j = 0; j < c->old->score_count; j++)
        free(old[j].past);
}

/* ---- reports ---- */

/* The last card of a report of the same name goes on where the score has the same dimensions. */
static struct reported carry_reported(const struct change *c, const struct partner *was,
                                      const char *report, const struct eng_score *b)
{
    struct reported none = {0};
    for (unsigned r = 0; r < c->old->report_count; r++)
        for (unsigned k = 0; k < c->old->reports[r].score_count; k++) {
            unsigned index = c->old->reports[r].scores[k];
            const struct eng_score *a = &c->old->scores[index];
            struct reported card = was->reports[r][index];
            if (strcmp(c->old->reports[r].name, report) != 0 || strcmp(a->name, b->name) != 0)
                continue;
            bool same =
                card.known && a->points == b->points && a->dimension_count == b->dimension_count;
            for (unsigned i = 0; same && i < a->dimension_count; i++)
                same = strcmp(a->dimensions[i].name, b->dimensions[i].name) == 0;
            for (unsigned i = 0; same && i < b->band_count; i++)
                if (strcmp(b->bands[i].name, a->bands[card.band].name) == 0) {
                    card.band = i;
                    return card;
                }
            return none;
        }
    return none;
}

static void carry_reports(const struct change *c, struct partner *partner)
{
    struct partner *was = calloc(1, sizeof *was);
    eng_assert(was != NULL);
    memcpy(was->reports, partner->reports, sizeof was->reports);
    memset(partner->reports, 0, sizeof partner->reports);
    for (unsigned r = 0; r < c->new->report_count; r++)
        for (unsigned k = 0; k < c->new->reports[r].score_count; k++) {
            unsigned index = c->new->reports[r].scores[k];
            partner->reports[r][index] =
                carry_reported(c, was, c->new->reports[r].name, &c->new->scores[index]);
        }
    free(was);
}

/* ---- alerts ---- */

/* Two silences of the same actions, or two deadlines. */
static bool same_rhythm(const struct change *c, const struct eng_alert *a,
                        const struct eng_alert *b)
{
    return a->kind == b->kind && (a->kind == ENG_SILENCE || a->kind == ENG_DEADLINE) &&
           same_actions(c, &a->actions, &b->actions) && same_actions(c, &a->anchors, &b->anchors);
}

/* From which evaluation on a drop alert looks back: as far as it did under this name, when the
 * score is made as before; else from now on. */
static size_t look_back(const struct change *c, const struct partner *partner,
                        const struct eng_alert *old, const struct eng_alert *new, size_t from)
{
    const struct score_state *score = &partner->scores[new->score];
    const struct eng_score *a = &c->old->scores[old->score], *b = &c->new->scores[new->score];
    if (strcmp(a->name, b->name) != 0 || !alike(c, a, b))
        return score->past_count;
    while (from < score->past_count && score->past[from].pane < c->pane - (int64_t)old->within + 1)
        from++;
    return from;
}

static void carry_alerts(const struct naive *naive, const struct change *c, struct partner *partner)
{
    struct alert_state old[ENG_ALERTS_MAX];
    memcpy(old, partner->alerts, sizeof old);
    memset(partner->alerts, 0, sizeof partner->alerts);
    for (unsigned i = 0; i < c->new->alert_count; i++) {
        const struct eng_alert *b = &c->new->alerts[i];
        struct alert_state *state = &partner->alerts[i];
        state->opened_ms = -1;
        if (b->kind == ENG_DROP)
            state->past_from = partner->scores[b->score].past_count;
        for (unsigned j = 0; j < c->old->alert_count; j++) {
            const struct eng_alert *a = &c->old->alerts[j];
            if (a->kind != b->kind || strcmp(a->name, b->name) != 0 ||
                (a->kind == ENG_DEADLINE && !same_rhythm(c, a, b)))
                continue;
            *state = old[j];
            if (!state->open && !state->waiting && c->at_ms - state->opened_ms >= a->cooldown_ms)
                state->opened_ms = -1; /* over, whatever the new one is */
            naive_budget_carry(naive, c->old, j, i, b->kind == ENG_SILENCE && !same_rhythm(c, a, b),
                               state);
            if (b->kind == ENG_DROP)
                state->past_from = look_back(c, partner, a, b, old[j].past_from);
        }
        state->n = 0;
        if (b->kind == ENG_SILENCE)
            naive_silence_rescan(naive, partner, i);
        state->met = b->kind == ENG_DEADLINE && naive_deadline(partner, i).met;
        state->renewed = false;
    }
}

/* ---- the whole ---- */

/* Active panes over life: of those that are not kept, only how many there were. */
static void carry_active(const struct naive *naive, const struct change *c, struct partner *partner,
                         const int64_t *before_e4)
{
    memset(partner->active_before, 0, sizeof partner->active_before);
    for (unsigned i = 0; i < c->new->measure_count; i++) {
        const struct eng_measure *m = &c->new->measures[i];
        if (m->kind != ENG_ACTIVE || naive_by_pane(m) || c->measure[i] == NOT_THERE)
            continue;
        int64_t kept_e4 = naive_measure(naive, partner, m, c->pane).value_e4;
        partner->active_before[i] = (before_e4[c->measure[i]] - kept_e4) / 10000;
        eng_assert(partner->active_before[i] >= 0);
    }
}

static void carry(struct naive *naive, const struct change *c, struct partner *partner)
{
    int64_t before_e4[ENG_MEASURES_MAX] = {0};
    uint32_t rhythm[ENG_ALERTS_MAX];
    naive->model = c->old;
    for (unsigned i = 0; i < c->old->measure_count; i++)
        if (c->old->measures[i].kind == ENG_ACTIVE)
            before_e4[i] = naive_measure(naive, partner, &c->old->measures[i], c->pane).value_e4;
    naive->model = c->new;
    for (unsigned i = 0; i < c->new->alert_count; i++) {
        rhythm[i] = NOT_THERE;
        for (unsigned j = 0; j < c->old->alert_count && rhythm[i] == NOT_THERE; j++)
            if (same_rhythm(c, &c->old->alerts[j], &c->new->alerts[i]))
                rhythm[i] = j;
    }
    carry_facts(c, partner, rhythm);
    carry_payments(c, partner);
    carry_claims(c, partner);
    carry_active(naive, c, partner, before_e4);
    carry_scores(c, partner);
    carry_reports(c, partner);
    carry_alerts(naive, c, partner);
}

/* Guards by name and actions, alerts as they stay open. */
static void change_guards(struct naive *naive, const struct change *c)
{
    uint16_t guards[ENG_GUARDS_MAX];
    struct naive_alert_change alerts[ENG_ALERTS_MAX];
    for (unsigned i = 0; i < c->new->guard_count; i++) {
        const struct eng_guard *b = &c->new->guards[i];
        guards[i] = NOT_THERE;
        for (unsigned j = 0; j < c->old->guard_count; j++) {
            const struct eng_guard *a = &c->old->guards[j];
            if (strcmp(a->name, b->name) == 0 && a->everything == b->everything &&
                (a->everything || same_actions(c, &a->actions, &b->actions)))
                guards[i] = (uint16_t)j;
        }
    }
    for (unsigned i = 0; i < c->old->alert_count; i++) {
        const struct eng_alert *a = &c->old->alerts[i];
        alerts[i] = (struct naive_alert_change){NOT_THERE, false};
        for (unsigned j = 0; j < c->new->alert_count; j++) {
            const struct eng_alert *b = &c->new->alerts[j];
            if (a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
                (a->kind != ENG_DEADLINE || same_rhythm(c, a, b)))
                alerts[i] =
                    (struct naive_alert_change){j, a->kind == ENG_SILENCE && !same_rhythm(c, a, b)};
        }
    }
    naive_guards_change(naive, guards, alerts, c->old);
}

void naive_activate(struct naive *naive, const struct eng_model *model, bool silent)
{
    struct change c = {.old = naive->model, .new = model, .at_ms = naive->clock_ms};
    struct eng_effects effects = naive->effects;
    struct eng_counters counters = naive->counters;
    for (unsigned i = 0; i < c.old->action_count; i++)
        c.entry[i] = home(c.new, c.old, &c.old->actions[i]);
    for (unsigned i = 0; i < c.new->action_count; i++)
        c.source[i] = home(c.old, c.new, &c.new->actions[i]);
    naive->model = model;
    if (naive->clock_ms < 0)
        return; /* nothing has been forgotten, for nothing was there */
    c.pane = eng_calendar_pane(model->calendar, naive->clock_ms);
    learn(naive, &c);
    struct occasion why = {ENG_CAUSE_CONFIG, ENG_ORIGIN_MODEL, model->version,
                           naive->clock_ms,  c.pane,           0};
    change_guards(naive, &c);
    for (size_t i = 0; i < naive->partner_count; i++) {
        naive_disown(naive, naive->partners[i], &why);
        carry(naive, &c, naive->partners[i]);
        naive_evaluate(naive, naive->partners[i], &why);
    }
    naive_guards_changed(naive);
    if (!silent)
        return;
    counters.held_discarded = naive->counters.held_discarded;
    naive->counters = counters; /* noted, but not told */
    naive->effects.used = effects.used;
    naive->effects.count = effects.count;
}
