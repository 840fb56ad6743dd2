/* What counts can answer after changes of the model: see known.h. Cost: once per activation. */
#include "engine/known.h"

#include "base/assert.h"
#include "engine/fact.h"
#include "engine/internal.h"
#include "engine/measure.h"

#define KNOWN_ALWAYS INT32_MIN

static int32_t later(int32_t one, int32_t two)
{
    return one > two ? one : two;
}

/* True when the measure's windows are answered by counts per pane. */
static bool from_counts(const struct eng_measure *measure)
{
    return (measure->kind == ENG_COUNT || measure->kind == ENG_SUM ||
            measure->kind == ENG_ACTIVE) &&
           measure->window != ENG_WINDOW_LIFE;
}

void eng_known_init(struct eng_known *known)
{
    eng_assert(known != NULL);
    for (uint32_t i = 0; i <= ENG_ACTIONS_MAX; i++)
        known->counts[i] = known->sums[i] = KNOWN_ALWAYS;
    for (uint32_t i = 0; i < ENG_MEASURES_MAX; i++)
        known->others[i] = KNOWN_ALWAYS;
    for (uint32_t i = 0; i < ENG_SCORES_MAX; i++)
        known->full[i] = KNOWN_ALWAYS;
}

/* ---- entries ---- */

/* For how many panes events of an entry are kept. Those below a family are kept as long at least,
 * since what asks for the family asks for them too. */
static uint32_t kept_of(const struct eng_layout *layout, uint32_t entry)
{
    uint32_t cell = layout->cell_of_action[entry];
    eng_assert(entry < layout->model->action_count);
    return cell == ENG_NO_INDEX ? 0 : layout->retention[cell];
}

/* What is known of the entries of the old model: of counts, or of sums. */
struct old_entries {
    const struct eng_layout *from;
    const int32_t *known;
    int32_t pane;
};

/* The first pane from which on an old entry is known: what was kept goes no further back. Never
 * before the pane after this one, when nothing was. */
static int32_t old_known(void *context, uint32_t old)
{
    const struct old_entries *entries = context;
    eng_assert(old < entries->from->model->action_count);
    eng_assert(entries->pane < ENG_PANE_NEVER);
    return later(entries->known[old], entries->pane + 1 - (int32_t)kept_of(entries->from, old));
}

/* What is known of an entry of the new model: as much as of the old one under the same condition,
 * or of those which told apart what fulfils it. */
static int32_t know_entry(const struct eng_change *change, struct old_entries *old, uint32_t index)
{
    const struct eng_action *entry = &change->to->actions[index];
    uint16_t source = change->source[index];
    struct eng_cover cover = {change->from, change->to, entry, old_known, old};
    eng_assert(index < change->to->action_count);
    eng_assert(change->from == old->from->model);
    if (source != ENG_CHANGE_NONE && eng_action_is_same(&change->from->actions[source], entry) &&
        eng_condition_implies(change->from, &change->from->actions[source].where, change->to,
                              &entry->where))
        return old_known(old, source);
    return entry->where.clause_count > 0 ? eng_condition_cover(&cover, old->pane + 1)
                                         : old->pane + 1;
}

static void know_entries(struct eng_known *known, const struct eng_known *before,
                         const struct eng_change *change, const struct eng_layout *from,
                         int32_t pane)
{
    struct old_entries counts = {from, before->counts, pane}, sums = {from, before->sums, pane};
    eng_assert(change->from == from->model);
    eng_assert(pane < ENG_PANE_NEVER);
    for (uint32_t i = 0; i < change->to->action_count; i++) {
        known->counts[i] = know_entry(change, &counts, i);
        known->sums[i] = from->list_sums != ENG_NO_INDEX ? know_entry(change, &sums, i) : pane + 1;
    }
}

/* ---- measures ---- */

/* True when another entry of the set holds all of this one's events. */
static bool is_held(const struct eng_model *model, const struct eng_action_set *set, uint32_t entry)
{
    eng_assert(entry < model->action_count);
    for (uint32_t i = 0; i < model->action_count; i++)
        if (i != entry && eng_action_set_has(set, i) &&
            eng_change_holds(model, &model->actions[i], &model->actions[entry]))
            return true;
    return false;
}

/* From which pane on the counts of a measure are known. */
static int32_t counts_from(const struct eng_known *known, const struct eng_model *model,
                           const struct eng_measure *measure)
{
    int32_t from = KNOWN_ALWAYS;
    eng_assert(measure->kind == ENG_COUNT || measure->kind == ENG_SUM ||
               measure->kind == ENG_ACTIVE);
    for (uint32_t i = 0; i < model->action_count; i++) {
        if (!eng_action_set_has(&measure->actions, i) || is_held(model, &measure->actions, i))
            continue;
        from = later(from, known->counts[i]);
        if (measure->kind == ENG_SUM)
            from = later(from, known->sums[i]);
    }
    return from;
}

/* The oldest pane that a measure which keeps no counts per pane has anything of. */
static int32_t reaches_to(const struct eng_measure *measure, const struct eng_moment *now)
{
    eng_assert(!from_counts(measure));
    eng_assert(measure->window <= ENG_WINDOW_NONE);
    if (measure->kind != ENG_MEMBERS && measure->kind != ENG_LAST && measure->kind != ENG_SINCE)
        return KNOWN_ALWAYS;
    if (is_calendar(measure->window))
        return now->period_first[measure->window - ENG_WINDOW_WEEK];
    return measure->window == ENG_WINDOW_ROLLING ? now->pane - (int32_t)measure->panes + 1
                                                 : KNOWN_ALWAYS;
}

/* From which pane on an old measure answers for a new one that keeps no counts per pane. A choice
 * of other options goes on, but what had no say before is not known. */
static int32_t answers_from(const struct eng_known *before, const struct eng_change *change,
                            uint32_t old, const struct eng_measure *asks,
                            const struct eng_moment *now)
{
    const struct eng_measure *measure = &change->from->measures[old];
    eng_assert(old < change->from->measure_count);
    eng_assert(!from_counts(measure));
    if (measure->kind == ENG_FACT &&
        !eng_fact_same_options(change->from, measure, change->to, asks))
        return now->pane + 1;
    return later(before->others[old], reaches_to(measure, now));
}

/* Chooses the old measure that knows most of what a new one asks. Of several the one that reaches
 * back furthest: late events of before that are counted too, and all that the others have it has.
 */
static void know_other(struct eng_known *known, const struct eng_known *before,
                       struct eng_change *change, uint32_t index, const struct eng_moment *now)
{
    const struct eng_measure *measure = &change->to->measures[index];
    int32_t best = now->pane + 1, furthest = KNOWN_ALWAYS;
    eng_assert(index < change->to->measure_count);
    eng_assert(change->measure[index] == ENG_CHANGE_NONE);
    for (uint32_t i = 0; i < change->from->measure_count; i++) {
        const struct eng_measure *old = &change->from->measures[i];
        if (from_counts(old) || !eng_change_same_question(change, old, measure))
            continue;
        int32_t from = answers_from(before, change, i, measure, now), to = reaches_to(old, now);
        if (change->measure[index] != ENG_CHANGE_NONE &&
            (from > best || (from == best && to >= furthest)))
            continue;
        best = from;
        furthest = to;
        change->measure[index] = (uint16_t)i;
    }
    if (change->measure[index] == ENG_CHANGE_NONE && measure->window == ENG_WINDOW_LIFE &&
        (measure->kind == ENG_COUNT || measure->kind == ENG_SUM || measure->kind == ENG_ACTIVE))
        best = counts_from(known, change->to, measure); /* it begins with what is counted */
    known->others[index] = best;
}

/* ---- scores ---- */

/* The first pane at or after `from` at which a period begins. */
static int32_t period_from(const struct eng_model *model, enum eng_window_kind kind, int32_t from)
{
    eng_assert(is_calendar(kind));
    eng_assert(from >= 0);
    return eng_calendar_period_first(model->calendar, kind, from) == from
               ? from
               : (int32_t)eng_calendar_period_next(model->calendar, kind, from);
}

/* Of a measure that is no ratio. */
static int32_t since_of(const struct eng_known *known, const struct eng_model *model,
                        unsigned measure)
{
    eng_assert(measure < model->measure_count);
    eng_assert(model->measures[measure].kind != ENG_RATIO);
    measure = eng_measure_keeper(model, measure);
    return from_counts(&model->measures[measure])
               ? counts_from(known, model, &model->measures[measure])
               : known->others[measure];
}

int32_t eng_known_since(const struct eng_known *known, const struct eng_model *model,
                        unsigned measure)
{
    const uint16_t *parts = model->measures[measure].parts;
    eng_assert(measure < model->measure_count);
    eng_assert(model->measure_count <= ENG_MEASURES_MAX);
    if (model->measures[measure].kind == ENG_RATIO)
        return later(since_of(known, model, parts[0]), since_of(known, model, parts[1]));
    return since_of(known, model, measure);
}

/* Of a measure that is no ratio. */
static int32_t full_of(const struct eng_known *known, const struct eng_model *model, unsigned score,
                       unsigned index)
{
    const struct eng_score *about = &model->scores[score];
    const struct eng_measure *measure = &model->measures[index];
    enum eng_window_kind window = measure->window;
    uint32_t panes = eng_measure_reach(measure);
    int32_t from = since_of(known, model, index);
    eng_assert(score < model->score_count && index < model->measure_count);
    if (from < 0) /* nothing was before the first pane */
        return KNOWN_ALWAYS;
    if (window == ENG_WINDOW_LIFE || window == ENG_WINDOW_NONE) { /* as long as the score's */
        window = about->provisional_window;
        panes = about->provisional_panes;
    }
    int32_t full = window == ENG_WINDOW_NONE ? KNOWN_ALWAYS : from;
    if (is_calendar(window))
        full = period_from(model, window, from);
    if (window != ENG_WINDOW_NONE && panes > 0)
        full = later(full, from + (int32_t)panes - 1);
    return full;
}

int32_t eng_known_full(const struct eng_known *known, const struct eng_model *model, unsigned score,
                       unsigned measure)
{
    const uint16_t *parts = model->measures[measure].parts;
    eng_assert(score < model->score_count);
    eng_assert(measure < model->measure_count);
    if (model->measures[measure].kind == ENG_RATIO)
        return later(full_of(known, model, score, parts[0]),
                     full_of(known, model, score, parts[1]));
    return full_of(known, model, score, measure);
}

int32_t eng_known_dimension_full(const struct eng_known *known, const struct eng_model *model,
                                 unsigned score, unsigned dimension)
{
    const struct eng_dimension *about = &model->scores[score].dimensions[dimension];
    int32_t full = eng_known_full(known, model, score, about->measure);
    eng_assert(dimension < model->scores[score].dimension_count);
    eng_assert(model->fact_count <= ENG_FACTS_MAX);
    for (uint32_t i = 0; i < model->fact_count; i++)
        if (eng_dimension_asks(about, i))
            full = later(full, eng_known_full(known, model, score, model->facts[i].measure));
    return full;
}

static void know_scores(struct eng_known *known, const struct eng_model *model)
{
    eng_assert(model->score_count <= ENG_SCORES_MAX);
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++)
            known->full[i] = later(known->full[i], eng_known_dimension_full(known, model, i, j));
}

void eng_known_change(struct eng_known *known, struct eng_change *change,
                      const struct eng_layout *from, const struct eng_moment *now)
{
    const struct eng_model *model = change->to;
    struct eng_known before = *known;
    eng_assert(change->from == from->model);
    eng_assert(now->clock_ms >= 0);
    eng_known_init(known);
    know_entries(known, &before, change, from, now->pane);
    for (uint32_t i = 0; i < model->measure_count; i++)
        if (!from_counts(&model->measures[i]) && !eng_measure_is_made(&model->measures[i]))
            know_other(known, &before, change, i, now);
    know_scores(known, model);
}

/* ---- as bytes ---- */

/* A window, and as much again of late events. */
enum { PANES_BACK = 3 * ENG_PANES_MAX };
enum { COUNTS, SUMS, OTHERS, KINDS, ROW_BYTES = 6, PANE_MOST = 1 << 30 };

_Static_assert(ENG_KNOWN_BYTES_MAX >= (2 * ENG_ACTIONS_MAX + ENG_MEASURES_MAX) * ROW_BYTES,
               "all rows");

/* The places of a kind, and how many the model has. */
static int32_t *places_of(struct eng_known *known, const struct eng_model *model, unsigned kind,
                          uint32_t *ret_count)
{
    int32_t *const places[] = {known->counts, known->sums, known->others};
    eng_assert(kind < KINDS);
    eng_assert(model->measure_count <= ENG_MEASURES_MAX);
    *ret_count = kind == OTHERS ? model->measure_count : model->action_count;
    return places[kind];
}

uint32_t eng_known_write(const struct eng_known *known, const struct eng_model *model, uint8_t *to)
{
    struct eng_known copy = *known;
    uint8_t *at = to;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint32_t count;
        const int32_t *places = places_of(&copy, model, kind, &count);
        for (uint32_t i = 0; i < count; i++) {
            if (places[i] == KNOWN_ALWAYS)
                continue;
            at[0] = (uint8_t)kind;
            at[1] = (uint8_t)i;
            eng_store_i32(at + 2, places[i]);
            at += ROW_BYTES;
        }
    }
    eng_assert(at - to <= ENG_KNOWN_BYTES_MAX);
    return (uint32_t)(at - to);
}

enum eng_status eng_known_read(struct eng_known *known, const struct eng_model *model,
                               const uint8_t *from, uint32_t bytes)
{
    struct eng_known read;
    eng_known_init(&read);
    eng_assert(from != NULL || bytes == 0);
    if (bytes % ROW_BYTES != 0)
        return ENG_CORRUPT;
    for (uint32_t at = 0; at < bytes; at += ROW_BYTES) {
        uint32_t count, index = from[at + 1];
        if (from[at] >= KINDS)
            return ENG_CORRUPT;
        int32_t *places = places_of(&read, model, from[at], &count);
        int32_t pane = eng_load_i32(from + at + 2);
        if (index >= count || pane < -PANES_BACK || pane > PANE_MOST)
            return ENG_CORRUPT;
        places[index] = pane;
    }
    know_scores(&read, model);
    *known = read;
    eng_assert(known->counts[ENG_ACTIONS_MAX] == KNOWN_ALWAYS);
    return ENG_OK;
}
