/* Computes the layout of a model's partner records: see layout.h. Cost: once per engine. */
#include "engine/layout.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/decay.h"
#include "engine/fact.h"
#include "engine/score.h"
#include "engine/seen.h"
#include "engine/slab.h"
#include "engine/slack.h"
#include "engine/store.h"
#include "engine/swift.h"
#include <engaged/engine.h>

enum { TABLE_COUNTS_MAX = 256, HOURS_A_DAY_MAX = 25, LIST_INLINE_BYTES = 192 };

/* ---- memory ---- */

/* Everything that is sized by the model, zeroed. */
static enum eng_status allocate(struct eng_layout *layout)
{
    eng_assert(layout->model != NULL);
    eng_assert(layout->lists == NULL);
    const struct eng_model *model = layout->model;
    uint32_t lists = 5u + model->measure_count + model->alert_count;
    layout->lists = eng_calloc(lists, sizeof *layout->lists);
    layout->measures = eng_calloc(model->measure_count, sizeof *layout->measures);
    layout->scores = eng_calloc(model->score_count, sizeof *layout->scores);
    layout->alert_offset = eng_calloc(model->alert_count, sizeof *layout->alert_offset);
    layout->alert_list = eng_calloc(model->alert_count, sizeof *layout->alert_list);
    layout->reports =
        eng_calloc((size_t)model->report_count * ENG_SCORES_MAX, sizeof *layout->reports);
    uint32_t segments = 0, leaders = 0;
    for (uint32_t i = 0; i < model->group_count; i++) {
        segments += eng_group_segments(model, &model->groups[i]);
        leaders += eng_group_segments(model, &model->groups[i]) * model->groups[i].top;
    }
    layout->segments = eng_calloc(segments, sizeof *layout->segments);
    layout->segments_first = eng_calloc(model->group_count + 1, sizeof(uint32_t));
    layout->leaders = eng_calloc(leaders, sizeof *layout->leaders);
    layout->leaders_first = eng_calloc(model->group_count + 1, sizeof(uint32_t));
    layout->retention = eng_calloc(ENG_ACTIONS_MAX, sizeof *layout->retention);
    layout->ages = eng_calloc(2 * model->measure_count + ENG_ACTIONS_MAX, sizeof *layout->ages);
    layout->awards = eng_calloc(model->award_count, sizeof *layout->awards);
    layout->action_checks_first = eng_calloc(model->action_count + 1, sizeof(uint32_t));
    layout->action_checks =
        eng_calloc((size_t)model->action_count * model->check_count, sizeof *layout->action_checks);
    layout->texts = eng_calloc(model->measure_count, sizeof *layout->texts);
    layout->action_awards_first = eng_calloc(model->action_count + 1, sizeof(uint32_t));
    layout->action_awards =
        eng_calloc((size_t)model->action_count * model->award_count, sizeof *layout->action_awards);
    layout->action_measures_first = eng_calloc(model->action_count + 1, sizeof(uint32_t));
    layout->action_silences_first = eng_calloc(model->action_count + 1, sizeof(uint32_t));
    layout->action_measures = eng_calloc((size_t)model->action_count * model->measure_count,
                                         sizeof *layout->action_measures);
    layout->action_silences = eng_calloc((size_t)model->action_count * model->alert_count,
                                         sizeof *layout->action_silences);
    uint32_t dimensions = 0;
    for (uint32_t i = 0; i < model->score_count; i++)
        dimensions += model->scores[i].dimension_count;
    layout->terms = eng_calloc((2 + (size_t)model->fact_count) * dimensions, sizeof *layout->terms);
    layout->dimension_terms = eng_calloc(dimensions, sizeof *layout->dimension_terms);
    layout->terms_first = eng_calloc(model->measure_count + 1, sizeof(uint32_t));
    layout->silences = eng_calloc(model->alert_count, sizeof *layout->silences);
    layout->drops = eng_calloc(model->alert_count, sizeof *layout->drops);
    layout->drops_first = eng_calloc(model->score_count + 1, sizeof *layout->drops_first);
    layout->deadlines = eng_calloc(model->alert_count, sizeof *layout->deadlines);
    layout->aheads = eng_calloc(model->alert_count, sizeof *layout->aheads);
    layout->edges = eng_calloc(model->alert_count, sizeof *layout->edges);
    layout->edges_first = eng_calloc(model->score_count + 1, sizeof *layout->edges_first);
    layout->timed = eng_calloc(model->measure_count, sizeof *layout->timed);
    layout->rolling =
        eng_calloc((size_t)model->action_count * model->measure_count, sizeof *layout->rolling);
    layout->rolling_first = eng_calloc(model->action_count + 1, sizeof(uint32_t));
    layout->active = eng_calloc(model->measure_count, sizeof *layout->active);
    layout->sinces = eng_calloc(model->measure_count, sizeof *layout->sinces);
    bool all = layout->leaders && layout->leaders_first && layout->segments &&
               layout->segments_first && layout->reports && layout->awards &&
               layout->action_awards_first && layout->action_awards &&
               layout->action_checks_first && layout->action_checks && layout->texts &&
               layout->silences && layout->drops && layout->drops_first && layout->terms &&
               layout->edges && layout->edges_first && layout->deadlines && layout->aheads &&
               layout->dimension_terms && layout->terms_first && layout->timed && layout->rolling &&
               layout->rolling_first && layout->active && layout->sinces && layout->lists &&
               layout->measures && layout->scores && layout->alert_offset && layout->alert_list &&
               layout->retention && layout->ages && layout->action_measures_first &&
               layout->action_silences_first && layout->action_measures && layout->action_silences;
    return all ? ENG_OK : ENG_NO_MEMORY;
}

void eng_layout_free(struct eng_layout *layout)
{
    if (layout == NULL)
        return;
    for (uint32_t i = 0; layout->scores != NULL && i < layout->model->score_count; i++) {
        eng_free(layout->scores[i].table);
        eng_decay_free(layout->scores[i].decay);
    }
    eng_free(layout->lists);
    eng_free(layout->measures);
    eng_free(layout->scores);
    eng_free(layout->reports);
    eng_free(layout->segments);
    eng_free(layout->segments_first);
    eng_free(layout->leaders);
    eng_free(layout->leaders_first);
    eng_free(layout->alert_offset);
    eng_free(layout->alert_list);
    eng_free(layout->retention);
    eng_free(layout->ages);
    eng_free(layout->unit);
    eng_free(layout->byte_unit);
    eng_free(layout->swift);
    eng_free(layout->awards);
    eng_free(layout->action_awards);
    eng_free(layout->action_awards_first);
    eng_free(layout->action_checks);
    eng_free(layout->action_checks_first);
    eng_free(layout->texts);
    eng_free(layout->action_measures_first);
    eng_free(layout->action_silences_first);
    eng_free(layout->action_measures);
    eng_free(layout->action_silences);
    eng_free(layout->terms);
    eng_free(layout->dimension_terms);
    eng_free(layout->terms_first);
    eng_free(layout->timed);
    eng_free(layout->silences);
    eng_free(layout->drops);
    eng_free(layout->drops_first);
    eng_free(layout->deadlines);
    eng_free(layout->aheads);
    eng_free(layout->edges);
    eng_free(layout->edges_first);
    eng_free(layout->rolling);
    eng_free(layout->rolling_first);
    eng_free(layout->active);
    eng_free(layout->sinces);
    eng_free(layout);
}

/* ---- actions ---- */

/* Actions are looked up by event: which measures and silence alerts refer to each. */
static void index_actions(struct eng_layout *layout)
{
    eng_assert(layout->model->action_count <= ENG_ACTIONS_MAX);
    eng_assert(layout->action_measures != NULL);
    const struct eng_model *model = layout->model;
    uint32_t measures = 0, silences = 0, awards = 0, checks = 0;
    for (uint32_t action = 0; action < model->action_count; action++) {
        layout->action_measures_first[action] = measures;
        layout->action_silences_first[action] = silences;
        layout->action_awards_first[action] = awards;
        layout->action_checks_first[action] = checks;
        for (uint32_t i = 0; i < model->measure_count; i++)
            if (eng_action_set_has(&model->measures[i].actions, action) ||
                eng_action_set_has(&model->measures[i].until, action))
                layout->action_measures[measures++] = (uint16_t)i;
        for (uint32_t i = 0; i < model->alert_count; i++)
            if (eng_action_set_has(&model->alerts[i].actions, action) ||
                eng_action_set_has(&model->alerts[i].anchors, action))
                layout->action_silences[silences++] = (uint16_t)i;
        for (uint32_t i = 0; i < model->award_count; i++)
            if (eng_action_set_has(&model->awards[i].actions, action) ||
                eng_action_set_has(&model->awards[i].anchors, action))
                layout->action_awards[awards++] = (uint16_t)i;
        for (uint32_t i = 0; i < model->check_count; i++)
            if (eng_action_set_has(&model->checks[i].actions, action))
                layout->action_checks[checks++] = (uint16_t)i;
    }
    layout->action_checks_first[model->action_count] = checks;
    layout->action_awards_first[model->action_count] = awards;
    layout->action_measures_first[model->action_count] = measures;
    layout->action_silences_first[model->action_count] = silences;
}

/* ---- cells ---- */

static bool uses_cells(const struct eng_measure *measure)
{
    return measure->kind == ENG_COUNT || measure->kind == ENG_SUM || measure->kind == ENG_ACTIVE;
}

/* The panes of a calendar period at most; 0: it is none. */
static uint32_t period_most(const struct eng_model *model, enum eng_window_kind kind)
{
    static const uint32_t days[] = {
        [ENG_WINDOW_WEEK] = 7,   [ENG_WINDOW_MONTH] = 31, [ENG_WINDOW_QUARTER] = 92,
        [ENG_WINDOW_YEAR] = 366, [ENG_WINDOW_LIFE] = 0,   [ENG_WINDOW_NONE] = 0};
    eng_assert(kind <= ENG_WINDOW_NONE);
    return days[kind] * (model->pane_unit == ENG_PANE_DAY ? 1u : (uint32_t)HOURS_A_DAY_MAX);
}

/* How many panes a measure needs its counts for; 0: a running total will do. */
static uint32_t retention_of(const struct eng_model *model, const struct eng_measure *measure)
{
    eng_assert(measure->window <= ENG_WINDOW_NONE);
    eng_assert(model->late_after > 0);
    switch (measure->window) {
    case ENG_WINDOW_ROLLING:
        return eng_measure_reach(measure);
    case ENG_WINDOW_WEEK:
    case ENG_WINDOW_MONTH:
    case ENG_WINDOW_QUARTER:
    case ENG_WINDOW_YEAR:
        return period_most(model, measure->window);
    case ENG_WINDOW_LIFE: /* a late event must not count its pane as active again */
        return measure->kind == ENG_ACTIVE ? model->late_after : 0;
    default:
        return 0;
    }
}

/* The age at which nothing is booked in a ledger any more: events are late then, and what waited
 * has been forgotten. */
static uint32_t booked_within(const struct eng_model *model, uint32_t ledger)
{
    uint32_t panes = model->late_after;
    eng_assert(ledger < model->ledger_count);
    eng_assert(panes > 0);
    for (uint32_t i = 0; i < model->award_count; i++) {
        const struct eng_award *award = &model->awards[i];
        if ((award->ledgers >> ledger & 1) == 0)
            continue;
        panes = award->pending_for > panes ? award->pending_for : panes;
        panes = award->reversible_for > panes ? award->reversible_for : panes;
    }
    return panes;
}

/* How many panes awards and caps need the counts of an action for: a window that ends with the
 * oldest pane in which something may still be counted. 0: they do not look at them. */
static uint32_t retention_of_awards(const struct eng_layout *layout, uint32_t action)
{
    const struct eng_model *model = layout->model;
    uint32_t most = 0;
    eng_assert(action < model->action_count);
    eng_assert(model->late_after > 0);
    for (uint32_t i = layout->action_awards_first[action];
         i < layout->action_awards_first[action + 1]; i++) {
        const struct eng_award *award = &model->awards[layout->action_awards[i]];
        uint32_t panes = award->nth_window == ENG_WINDOW_ROLLING
                             ? award->nth_panes
                             : period_most(model, award->nth_window);
        panes += model->late_after - 1;
        if (award->nth > 0 && eng_action_set_has(&award->actions, action) && panes > most)
            most = panes;
    }
    for (uint32_t i = 0; i < model->ledger_count; i++) {
        const struct eng_ledger *ledger = &model->ledgers[i];
        if (ledger->entry != action || ledger->cap_e4 == 0)
            continue;
        uint32_t panes = period_most(model, ledger->per) + booked_within(model, i) - 1;
        most = panes > most ? panes : most;
    }
    return most;
}

/* The same of checks: a window that ends with the oldest pane that is not late. */
static uint32_t retention_of_checks(const struct eng_model *model, uint32_t action)
{
    uint32_t most = 0;
    eng_assert(action < model->action_count);
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    for (uint32_t i = 0; i < model->check_count; i++) {
        const struct eng_check *check = &model->checks[i];
        bool counted = check->kind == ENG_MORE_THAN ? eng_action_set_has(&check->actions, action)
                                                    : eng_action_set_has(&check->needs, action);
        uint32_t panes = check->over + model->late_after - 1;
        most = counted && panes > most ? panes : most;
    }
    return most;
}

static uint32_t bits_for(uint32_t values)
{
    eng_assert(values > 0);
    return values == 1 ? 0 : 32u - (uint32_t)__builtin_clz(values - 1);
}

/* Numbers the actions that are counted per pane and finds out for how long. */
static void lay_cells(struct eng_layout *layout)
{
    eng_assert(layout->cell_count == 0);
    const struct eng_model *model = layout->model;
    uint32_t longest = 0;
    for (uint32_t action = 0; action < model->action_count; action++) {
        uint32_t most = retention_of_awards(layout, action);
        uint32_t checked = retention_of_checks(model, action);
        most = checked > most ? checked : most;
        for (uint32_t i = layout->action_measures_first[action];
             i < layout->action_measures_first[action + 1]; i++) {
            const struct eng_measure *measure = &model->measures[layout->action_measures[i]];
            uint32_t panes = uses_cells(measure) ? retention_of(model, measure) : 0;
            most = panes > most ? panes : most;
        }
        layout->cell_of_action[action] = ENG_NO_INDEX;
        if (most == 0)
            continue;
        layout->cell_of_action[action] = (uint16_t)layout->cell_count;
        layout->action_of_cell[layout->cell_count] = (uint8_t)action;
        layout->retention[layout->cell_count++] = most;
        longest = most > longest ? most : longest;
    }
    layout->action_bits = (uint8_t)bits_for(layout->cell_count ? layout->cell_count : 1);
    layout->pane_bits = (uint8_t)bits_for(longest + 1);
    layout->pane_mask = (1u << layout->pane_bits) - 1;
    while (8u << layout->cell_code_min < (uint32_t)layout->pane_bits + layout->action_bits)
        layout->cell_code_min++;
    eng_assert(layout->cell_code_min <= 2);
}

/* Bits of the cells that a measure counts. */
static void lay_measure_cells(const struct eng_layout *layout, uint32_t index)
{
    eng_assert(index < layout->model->measure_count);
    eng_assert(layout->cell_count <= ENG_ACTIONS_MAX);
    const struct eng_measure *measure = &layout->model->measures[index];
    for (uint32_t action = 0; action < layout->model->action_count; action++) {
        uint32_t cell = layout->cell_of_action[action];
        if (cell != ENG_NO_INDEX && eng_action_set_has(&measure->actions, action))
            layout->measures[index].cells[cell >> 6] |= 1ull << (cell & 63);
    }
}

static void add_age(struct eng_layout *layout, uint32_t age)
{
    eng_assert(age > 0);
    eng_assert(layout->age_count < 2 * layout->model->measure_count + ENG_ACTIONS_MAX);
    uint32_t at = 0;
    while (at < layout->age_count && layout->ages[at] < age)
        at++;
    if (at < layout->age_count && layout->ages[at] == age)
        return;
    for (uint32_t i = layout->age_count++; i > at; i--)
        layout->ages[i] = layout->ages[i - 1];
    layout->ages[at] = age;
}

static void lay_ages(struct eng_layout *layout)
{
    eng_assert(layout->age_count == 0);
    const struct eng_model *model = layout->model;
    for (uint32_t i = 0; i < model->measure_count; i++) {
        const struct eng_measure *measure = &model->measures[i];
        if (!uses_cells(measure) || measure->window != ENG_WINDOW_ROLLING)
            continue;
        add_age(layout, eng_measure_reach(measure));
        if (measure->ago > 0)
            add_age(layout, measure->ago);
    }
    for (uint32_t cell = 0; cell < layout->cell_count; cell++)
        add_age(layout, layout->retention[cell]);
    eng_assert(layout->age_count > 0 || layout->cell_count == 0);
}

/* ---- lists ---- */

static uint16_t add_list(struct eng_layout *layout, enum eng_list_kind kind, unsigned element_bytes,
                         unsigned owner)
{
    /* An event adds two elements at most, but peaks of the boundaries left for later, and what it
     * is paid to each ledger; a cell may become eight bytes wide. */
    uint32_t inserts = kind == ENG_LIST_PEAKS ? ENG_INSERTS_MAX : 2;
    if (kind == ENG_LIST_SUMS || kind == ENG_LIST_CELLS)
        inserts += 2 * layout->model->ledger_count;
    uint32_t element_most = element_bytes ? element_bytes : 8;
    uint32_t easy = LIST_INLINE_BYTES - inserts * element_most; /* a sum of each number on top */
    if (kind == ENG_LIST_SEEN)
        easy = (ENG_SEEN_INLINE - 1) * element_bytes;
    if (kind == ENG_LIST_CLAIMS) /* many may come at once */
        easy = 2 * ENG_CLAIM_BYTES;
    if (kind == ENG_LIST_HELD) /* long, and few have any */
        easy = 0;
    layout->lists[layout->list_count] =
        (struct eng_list_layout){.kind = kind,
                                 .element_bytes = (uint8_t)element_bytes,
                                 .easy_bytes = (uint16_t)easy,
                                 .owner = (uint16_t)owner};
    return (uint16_t)layout->list_count++;
}

/* The most bookings that one event makes, of awards with something to settle, or of all. */
static uint32_t bookings_most(const struct eng_model *model, bool settled)
{
    uint32_t most = 0;
    eng_assert(model->award_count <= ENG_AWARDS_MAX);
    for (uint32_t action = 0; action < model->action_count; action++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < model->award_count; i++)
            if (eng_action_set_has(&model->awards[i].actions, action) &&
                (!settled || eng_award_is_settled(&model->awards[i])))
                count += (uint32_t)__builtin_popcount(model->awards[i].ledgers);
        most = count > most ? count : most;
    }
    return most;
}

/* What is paid and settled: one event may be paid, and settle what another one was paid. */
static void lay_claims(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->claims_most == 0);
    layout->claims_most = 2 * bookings_most(model, true);
    for (uint32_t i = 0; i < model->award_count; i++)
        for (size_t word = 0; word < sizeof layout->settles.bits / sizeof(uint64_t); word++)
            layout->settles.bits[word] |= model->awards[i].approves.bits[word] |
                                          model->awards[i].drops.bits[word] |
                                          model->awards[i].reverses.bits[word];
}

/* Which actions decide on what checks hold. */
static void lay_decisions(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    eng_assert(layout->list_held == ENG_NO_INDEX);
    for (uint32_t i = 0; i < model->check_count; i++)
        for (size_t word = 0; word < sizeof layout->decides.bits / sizeof(uint64_t); word++)
            layout->decides.bits[word] |=
                model->checks[i].releases.bits[word] | model->checks[i].discards.bits[word];
}

/* Lists that change with every event come last, so that little has to move. */
static void lay_lists(struct eng_layout *layout)
{
    eng_assert(layout->list_count == 0);
    eng_assert(layout->lists != NULL);
    const struct eng_model *model = layout->model;
    bool sums = false;
    layout->list_claims = layout->list_held = ENG_NO_INDEX;
    layout->list_openings = layout->list_sums = layout->list_cells = layout->list_seen =
        ENG_NO_INDEX;
    if (model->alert_count > 0)
        layout->list_openings = add_list(layout, ENG_LIST_OPENINGS, ENG_OPENING_BYTES, 0);
    for (uint32_t i = 0; i < model->alert_count; i++)
        layout->alert_list[i] = model->alerts[i].kind == ENG_DROP
                                    ? add_list(layout, ENG_LIST_PEAKS, eng_peak_bytes(model, i), i)
                                    : (uint16_t)ENG_NO_INDEX;
    for (uint32_t i = 0; i < model->measure_count; i++) {
        enum eng_measure_kind kind = model->measures[i].kind;
        layout->measures[i].list = ENG_NO_INDEX;
        if (kind == ENG_STREAK)
            layout->measures[i].list = add_list(layout, ENG_LIST_RUNS, ENG_RUN_BYTES, i);
        else if (kind == ENG_MEMBERS)
            layout->measures[i].list = add_list(layout, ENG_LIST_MEMBERS, ENG_MEMBER_BYTES, i);
        if (kind != ENG_SUM || retention_of(model, &model->measures[i]) == 0)
            continue;
        sums = true;
        if (model->measures[i].number > 0)
            layout->numbers_kept |= 1u << model->measures[i].number;
    }
    for (uint32_t i = 0; i < model->ledger_count; i++)
        sums |= model->ledgers[i].cap_e4 > 0;
    if (layout->claims_most > 0)
        layout->list_claims = add_list(layout, ENG_LIST_CLAIMS, ENG_CLAIM_BYTES, 0);
    lay_decisions(layout);
    if (eng_model_holds(model))
        layout->list_held = add_list(layout, ENG_LIST_HELD, ENG_HELD_UNIT_BYTES, 0);
    if (sums)
        layout->list_sums = add_list(layout, ENG_LIST_SUMS, ENG_SUM_BYTES, 0);
    if (layout->cell_count > 0)
        layout->list_cells = add_list(layout, ENG_LIST_CELLS, 0, 0);
    layout->seen_bits = eng_seen_bits(model->dedup);
    layout->seen_bytes = (uint8_t)((ENG_SEEN_PRINT_BITS + layout->seen_bits) / 8);
    if (model->dedup > 0)
        layout->list_seen = add_list(layout, ENG_LIST_SEEN, layout->seen_bytes, 0);
}

/* ---- the fixed part ---- */

static uint32_t take(uint32_t *offset, uint32_t bytes)
{
    uint32_t at = *offset;
    *offset += bytes;
    return at;
}

static void lay_measure(struct eng_layout *layout, uint32_t index, uint32_t *offset)
{
    eng_assert(index < layout->model->measure_count);
    struct eng_measure_layout *place = &layout->measures[index];
    enum eng_measure_kind kind = layout->model->measures[index].kind;
    eng_assert(kind <= ENG_READING);
    place->total = uses_cells(&layout->model->measures[index]) ? (uint16_t)layout->total_count++
                                                               : (uint16_t)ENG_NO_INDEX;
    if (kind == ENG_SUM)
        place->offset = take(offset, ENG_SUM_TOTAL_BYTES);
    else if (kind == ENG_LAST)
        place->offset = take(offset, ENG_LAST_BYTES);
    else if (kind == ENG_STATE)
        place->offset = take(offset, ENG_STATE_BYTES);
    else if (kind == ENG_SINCE)
        place->offset = take(offset, ENG_SINCE_BYTES);
    else if (kind == ENG_FACT)
        place->offset =
            take(offset, eng_fact_bytes(layout->model, &layout->model->measures[index]));
}

/* The width that holds every contribution of a score. */
static uint8_t told_bytes(const struct eng_score *score, bool skips)
{
    eng_assert(score->points || score->weight_sum_e4 > 0);
    int64_t most = 0;
    if (score->points)
        return 8;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        __int128 share = (__int128)score->scale_e4 * score->dimensions[i].weight_e4;
        int64_t value = skips ? score->scale_e4 : (int64_t)(share / score->weight_sum_e4) + 1;
        most = value > most ? value : most;
    }
    eng_assert(most <= INT32_MAX);
    return most <= UINT16_MAX ? 2 : 4;
}

static void lay_score(struct eng_layout *layout, uint32_t index, uint32_t *offset)
{
    eng_assert(index < layout->model->score_count);
    const struct eng_score *score = &layout->model->scores[index];
    struct eng_score_layout *place = &layout->scores[index];
    eng_assert(score->dimension_count <= ENG_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < score->dimension_count; i++)
        place->skips |= score->dimensions[i].skip || score->dimensions[i].weights.count > 0 ||
                        score->dimensions[i].targets.count > 0;
    for (uint32_t i = 0; i < layout->model->fact_count * score->dimension_count; i++)
        if (eng_dimension_asks(&score->dimensions[i % score->dimension_count],
                               i / score->dimension_count))
            place->facts |= 1u << i / score->dimension_count;
    place->told_bytes = told_bytes(score, place->skips);
    place->value_bytes = score->points ? 8 : 4;
    place->value = take(offset, place->value_bytes);
    place->told_value = take(offset, place->value_bytes);
    place->band = take(offset, 1);
    place->dwell = score->dwell_ms > 0 ? take(offset, 8) : 0;
    place->grace = score->grace_panes > 0 ? take(offset, ENG_GRACE_BYTES) : 0;
    place->moved = score->moves != 0 ? take(offset, ENG_MOVED_BYTES) : 0;
    place->waits = score->dwell_ms > 0 || score->tiers;
    layout->tier_scores |= (uint32_t)score->tiers << index;
    place->told = take(offset, score->dimension_count * place->told_bytes);
}

static void lay_report(struct eng_layout *layout, uint32_t report, uint32_t index, uint32_t *offset)
{
    unsigned score = layout->model->reports[report].scores[index];
    struct eng_report_layout *place = &layout->reports[report * ENG_SCORES_MAX + index];
    eng_assert(score < layout->model->score_count);
    eng_assert(layout->scores[score].value_bytes > 0);
    place->value = take(offset, layout->scores[score].value_bytes);
    place->band = take(offset, 1);
    place->shares = take(offset, layout->model->scores[score].dimension_count *
                                     layout->scores[score].value_bytes);
}

static void lay_award(struct eng_layout *layout, uint32_t index, uint32_t *offset)
{
    const struct eng_award *award = &layout->model->awards[index];
    struct eng_award_layout *place = &layout->awards[index];
    eng_assert(index < layout->model->award_count);
    eng_assert(*offset > 0); /* so that 0 is no place */
    if (eng_award_is_noted(award))
        place->paid = take(offset, ENG_AWARD_PANE_BYTES);
    if (award->within > 0)
        place->anchor = take(offset, ENG_AWARD_PANE_BYTES);
    if (award->streak > 0)
        place->streak = take(offset, ENG_AWARD_STREAK_BYTES);
}

static void lay_fixed(struct eng_layout *layout)
{
    eng_assert(layout->fixed_bytes == 0);
    eng_assert(layout->total_count == 0);
    const struct eng_model *model = layout->model;
    uint32_t offset =
        ENG_PARTNER_HEAD_BYTES + (layout->list_count + 1) * (uint32_t)sizeof(uint16_t);
    for (uint32_t i = 0; i < model->measure_count; i++)
        lay_measure(layout, i, &offset);
    for (uint32_t i = 0; i < model->score_count; i++)
        lay_score(layout, i, &offset);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (!eng_alert_is_scored(&model->alerts[i]))
            layout->alert_offset[i] =
                take(&offset,
                     model->alerts[i].kind == ENG_SILENCE ? ENG_SILENCE_BYTES : ENG_DEADLINE_BYTES);
    for (uint32_t i = 0; i < model->report_count; i++)
        for (uint32_t j = 0; j < model->reports[i].score_count; j++)
            lay_report(layout, i, j, &offset);
    for (uint32_t i = 0; i < model->award_count; i++)
        lay_award(layout, i, &offset);
    layout->fixed_bytes = offset;
}

/* ---- tables of contributions ---- */

int64_t eng_layout_flat_from(const struct eng_dimension *dimension)
{
    int64_t end = dimension->step_count > 0 ? dimension->steps[dimension->step_count - 1].x_e4
                                            : dimension->target_e4;
    return end <= 0 ? 0 : (end + 9999) / 10000;
}

int64_t eng_layout_share(const struct eng_layout *layout, unsigned score, unsigned dimension,
                         uint32_t count)
{
    const struct eng_score *about = &layout->model->scores[score];
    const struct eng_score_layout *place = &layout->scores[score];
    eng_assert(score < layout->model->score_count && !about->points);
    eng_assert(dimension < about->dimension_count);
    if (count < place->table_counts)
        return place->table[(size_t)dimension * place->table_counts + count];
    return eng_score_contribution(about, &about->dimensions[dimension], (eng_wide)count * 10000,
                                  about->weight_sum_e4);
}

static enum eng_status lay_table(struct eng_layout *layout, uint32_t index)
{
    eng_assert(index < layout->model->score_count);
    eng_assert(layout->scores[index].table == NULL);
    const struct eng_score *score = &layout->model->scores[index];
    struct eng_score_layout *place = &layout->scores[index];
    if (score->points)
        return ENG_OK;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        int64_t counts = eng_layout_flat_from(&score->dimensions[i]) + 1;
        counts = counts > TABLE_COUNTS_MAX ? TABLE_COUNTS_MAX : counts;
        if (counts > place->table_counts)
            place->table_counts = (uint32_t)counts;
    }
    place->table =
        eng_calloc((size_t)score->dimension_count * place->table_counts, sizeof *place->table);
    if (place->table == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        const struct eng_dimension *dimension = &score->dimensions[i];
        for (uint32_t count = 0; count < place->table_counts; count++)
            place->table[(size_t)i * place->table_counts + count] = eng_score_contribution(
                score, dimension, (eng_wide)count * 10000, score->weight_sum_e4);
    }
    return ENG_OK;
}

/* What is left of points by their age, for as long as their windows reach. */
static enum eng_status lay_decay(struct eng_layout *layout, uint32_t index)
{
    const struct eng_score *score = &layout->model->scores[index];
    const struct eng_measure *measure = &layout->model->measures[score->dimensions[0].measure];
    eng_assert(index < layout->model->score_count);
    if (score->decay.kind == ENG_DECAY_NONE)
        return ENG_OK;
    eng_assert(score->points);
    layout->decays = true;
    return eng_decay_new(&score->decay, retention_of(layout->model, measure),
                         &layout->scores[index].decay);
}

/* The values beyond which a band in force is left, as half-open ranges of integers. */
static void lay_bands(struct eng_layout *layout, uint32_t index)
{
    const struct eng_score *score = &layout->model->scores[index];
    struct eng_score_layout *place = &layout->scores[index];
    eng_assert(score->band_count > 0 && score->band_count <= ENG_BANDS_MAX);
    place->tell_from = score->tell_every_e4 > 0 ? score->tell_every_e4 : INT64_MAX;
    for (uint32_t band = 0; band < score->band_count; band++) {
        const struct eng_band *lower = &score->bands[band], *upper = lower + 1;
        place->leave_below[band] = INT64_MIN;
        place->leave_from[band] = INT64_MAX;
        if (band > 0 &&
            !score->tiers) /* from: left under edge - margin; above: left at it already */
            place->leave_below[band] = lower->edge_e4 - score->margin_e4 + lower->above;
        if (band + 1 < score->band_count) /* from: entered at edge + margin; above: over it */
            place->leave_from[band] = upper->edge_e4 + score->margin_e4 + upper->above;
        eng_assert(place->leave_below[band] <= place->leave_from[band]);
    }
}

/* What counts contribute to a dimension, as far as it can be told without the other dimensions. */
static struct eng_term term_of(const struct eng_layout *layout, uint32_t index, uint32_t dimension)
{
    const struct eng_score *score = &layout->model->scores[index];
    const struct eng_score_layout *place = &layout->scores[index];
    const struct eng_dimension *about = &score->dimensions[dimension];
    struct eng_term term = {
        .score = (uint16_t)index, .dimension = (uint16_t)dimension, .total = ENG_NO_INDEX};
    eng_assert(index < layout->model->score_count);
    eng_assert(dimension < score->dimension_count);
    if (layout->model->measures[about->measure].kind == ENG_SUM || place->decay != NULL)
        return term;
    term.total = layout->measures[about->measure].total;
    if (term.total == ENG_NO_INDEX || place->skips)
        return term;
    term.points = score->points;
    term.points_e4 = about->points_e4;
    if (!score->points) {
        term.row = place->table + (size_t)dimension * place->table_counts;
        term.row_counts = place->table_counts;
        term.flat = eng_layout_flat_from(about) < place->table_counts;
    }
    return term;
}

/* Where each measure goes, by measure and by dimension; what goes into a ratio goes where that
 * does. Tables are there. */
static void index_terms(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    uint32_t count = 0;
    eng_assert(layout->terms != NULL);
    eng_assert(layout->terms_first != NULL);
    for (uint32_t i = 0; i < model->score_count; i++) {
        layout->scores[i].terms = layout->dimension_terms + count;
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++)
            layout->dimension_terms[count++] = term_of(layout, i, j);
    }
    uint32_t dimensions = count;
    count = 0;
    for (uint32_t measure = 0; measure < model->measure_count; measure++) {
        layout->terms_first[measure] = count;
        for (uint32_t i = 0; i < dimensions; i++) {
            const struct eng_term *term = &layout->dimension_terms[i];
            const struct eng_dimension *about =
                &model->scores[term->score].dimensions[term->dimension];
            const struct eng_measure *kept = &model->measures[measure];
            if (!eng_measure_is_made(kept) &&
                (eng_measure_rests_on(model, about->measure, measure) ||
                 (kept->kind == ENG_FACT && eng_dimension_asks(about, kept->fact))))
                layout->terms[count++] = *term;
        }
    }
    layout->terms_first[model->measure_count] = count;
}

/* BELOW, ABOVE and NEAR alerts by the score that they look at. */
static void index_edges(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    uint32_t edges = 0;
    eng_assert(layout->edges != NULL);
    eng_assert(layout->edges_first != NULL);
    for (uint32_t score = 0; score < model->score_count; score++) {
        struct eng_score_layout *place = &layout->scores[score];
        place->above_from = INT64_MAX;
        layout->edges_first[score] = edges;
        for (uint32_t i = 0; i < model->alert_count; i++) {
            const struct eng_alert *alert = &model->alerts[i];
            if (!eng_alert_has_edge(alert) || alert->score != score)
                continue;
            layout->edges[edges++] = (uint16_t)i;
            place->has_edges = true;
            if (alert->kind != ENG_BELOW && alert->edge_e4 < place->above_from)
                place->above_from = alert->edge_e4;
        }
    }
    layout->edges_first[model->score_count] = edges;
}

/* Alerts by what they look at. */
static void index_alerts(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    uint32_t drops = 0;
    eng_assert(layout->silences != NULL && layout->silence_count == 0);
    eng_assert(layout->drops != NULL);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (model->alerts[i].kind == ENG_SILENCE) {
            layout->silences[layout->silence_count++] = (uint16_t)i;
        } else if (model->alerts[i].kind == ENG_DEADLINE) {
            layout->deadlines[layout->deadline_count++] = (uint16_t)i;
            layout->deadline_bits |= 1u << i;
        } else if (model->alerts[i].kind == ENG_FALLS_TO && model->alerts[i].forecast > 0) {
            layout->aheads[layout->ahead_count++] = (uint16_t)i;
        }
    for (uint32_t score = 0; score < model->score_count; score++) {
        layout->drops_first[score] = drops;
        for (uint32_t i = 0; i < model->alert_count; i++)
            if (model->alerts[i].kind == ENG_DROP && model->alerts[i].score == score)
                layout->drops[drops++] = (uint16_t)i;
    }
    layout->drops_first[model->score_count] = drops;
}

void eng_layout_mute(struct eng_layout *layout)
{
    uint32_t scores = layout->model->score_count;
    eng_assert(layout->drops_first != NULL);
    eng_assert(layout->scores != NULL);
    layout->list_seen = layout->list_held = ENG_NO_INDEX;
    layout->silence_count = layout->deadline_count = layout->ahead_count = 0;
    memset(layout->drops_first, 0, (scores + 1) * sizeof *layout->drops_first);
    for (uint32_t i = 0; i < scores; i++)
        layout->scores[i].has_edges = false;
}

/* What a boundary has to look at beside the cells that leave rolling windows. */
static void index_timed(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->timed != NULL);
    eng_assert(layout->timed_count == 0);
    for (uint32_t i = 0; i < model->measure_count; i++) {
        const struct eng_measure *measure = &model->measures[i];
        if (measure->attribute > 0)
            layout->texts[layout->text_count++] = (uint16_t)i;
        if (measure->kind == ENG_STATE || eng_measure_is_made(measure) || measure->attribute > 0 ||
            (measure->kind == ENG_FACT && model->facts[measure->fact].valid_ms == 0) ||
            (uses_cells(measure) &&
             (measure->window == ENG_WINDOW_ROLLING || measure->window == ENG_WINDOW_LIFE)))
            continue;
        layout->timed[layout->timed_count++] = (uint16_t)i;
        for (uint32_t j = layout->terms_first[i]; j < layout->terms_first[i + 1]; j++)
            layout->timed_scores |= 1u << layout->terms[j].score;
    }
    for (uint32_t i = 0; i < model->score_count; i++)
        layout->timed_scores |= (uint32_t)(layout->scores[i].decay != NULL) << i;
}

/* Where panes since an event go, and from how many on they move nothing. In a ratio they always
 * may.
 */
static void index_sinces(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->sinces != NULL);
    eng_assert(layout->since_count == 0);
    for (uint32_t i = 0; i < model->measure_count; i++) {
        uint32_t *flat = &layout->measures[i].flat;
        if (model->measures[i].kind != ENG_SINCE)
            continue;
        layout->sinces[layout->since_count++] = (uint16_t)i;
        for (uint32_t j = layout->terms_first[i]; j < layout->terms_first[i + 1]; j++) {
            const struct eng_term *term = &layout->terms[j];
            const struct eng_dimension *about =
                &model->scores[term->score].dimensions[term->dimension];
            int64_t from = about->measure == i ? eng_layout_flat_from(about) : UINT32_MAX;
            for (uint32_t k = 0; k < about->targets.count; k++) {
                int64_t own = (about->targets.items[k].number_e4 + 9999) / 10000;
                from = own > from ? own : from;
            }
            from = from < UINT32_MAX ? from : UINT32_MAX;
            *flat = from > *flat ? (uint32_t)from : *flat;
            layout->scores[term->score].sinces |= 1u << term->dimension;
        }
    }
}

/* Which totals a cell is taken off when its pane leaves. */
static void index_rolling(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    uint32_t count = 0;
    eng_assert(layout->rolling != NULL);
    eng_assert(layout->active_count == 0);
    for (uint32_t cell = 0; cell < layout->cell_count; cell++) {
        layout->rolling_first[cell] = count;
        for (uint32_t i = 0; i < model->measure_count; i++)
            if (model->measures[i].window == ENG_WINDOW_ROLLING &&
                (model->measures[i].kind == ENG_COUNT || model->measures[i].kind == ENG_SUM) &&
                layout->measures[i].cells[cell >> 6] >> (cell & 63) & 1)
                layout->rolling[count++] = (uint16_t)i;
    }
    layout->rolling_first[layout->cell_count] = count;
    for (uint32_t i = 0; i < model->measure_count; i++)
        if (model->measures[i].window == ENG_WINDOW_ROLLING &&
            model->measures[i].kind == ENG_ACTIVE)
            layout->active[layout->active_count++] = (uint16_t)i;
}

/* One evaluation tells each score, each matrix, each alert and each report once at most, a boundary
 * each guard once. */
static size_t evaluation_bytes(const struct eng_model *model)
{
    uint32_t most = 0;
    eng_assert(model->score_count <= ENG_SCORES_MAX);
    for (uint32_t i = 0; i < model->score_count; i++)
        if (model->scores[i].dimension_count > most)
            most = model->scores[i].dimension_count;
    size_t record = sizeof(struct eng_effect) + most * sizeof(struct eng_contribution) +
                    ENG_PARTNER_BYTES_MAX + eng_fact_tell_most(model) + 8;
    size_t bytes = (model->score_count + model->alert_count + model->matrix_count) * record;
    for (uint32_t i = 0; i < model->report_count; i++)
        bytes += sizeof(struct eng_effect) + ENG_PARTNER_BYTES_MAX + eng_fact_tell_most(model) + 8 +
                 eng_report_contributions(model, i) * sizeof(struct eng_contribution);
    return bytes > model->guard_count * record ? bytes : model->guard_count * record;
}

/* The most that one abuse flag takes. */
enum {
    FLAG_BYTES = sizeof(struct eng_effect) + ENG_PARTNER_BYTES_MAX + 4 * sizeof(uint16_t) +
                 ENG_ACTION_BYTES_MAX + ENG_CHECK_ID_BYTES_MAX + ENG_ATTRIBUTE_BYTES_MAX +
                 ENG_NAME_BYTES_MAX + 8
};

/* The most flags that one event gets. */
static size_t flags_bytes(const struct eng_model *model)
{
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    eng_assert(FLAG_BYTES < UINT16_MAX);
    /* What each of them finds, and a text that is looked for anywhere. */
    return (size_t)(model->check_count + (model->sights ? model->check_count : 0)) * FLAG_BYTES;
}

/* All that a partner has waiting may be decided on at one boundary, and paid; `bookings`: bytes of
 * those of one event. */
static size_t held_bytes(const struct eng_model *model, size_t bookings)
{
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    eng_assert(bookings < UINT32_MAX);
    return eng_model_holds(model) ? ENG_HELD_MAX * (FLAG_BYTES + bookings) : 0;
}

size_t eng_model_effects_bytes_min(const struct eng_model *model)
{
    size_t booking = sizeof(struct eng_effect) + ENG_PARTNER_BYTES_MAX + 8;
    eng_assert(model != NULL);
    size_t groups = eng_groups_bytes_most(model);
    size_t bookings = (bookings_most(model, false) + bookings_most(model, true)) * booking;
    size_t bytes =
        evaluation_bytes(model) + bookings + flags_bytes(model) + held_bytes(model, bookings);
    size_t digest = model->budget_count > 0 ? eng_digest_bytes_most() : 0;
    bytes = bytes > digest ? bytes : digest;
    return bytes > groups ? bytes : groups;
}

static void lay_groups(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->segments_first != NULL);
    eng_assert(model->group_count <= ENG_GROUPS_MAX + ENG_BOARDS_MAX);
    for (uint32_t i = 0; i < model->group_count; i++) {
        uint32_t segments = eng_group_segments(model, &model->groups[i]);
        layout->segments_first[i + 1] = layout->segments_first[i] + segments;
        layout->leaders_first[i + 1] = layout->leaders_first[i] + segments * model->groups[i].top;
    }
}

static void lay_effects(struct eng_layout *layout)
{
    eng_assert(layout->effects_bytes_min == 0);
    layout->effects_bytes_min = eng_model_effects_bytes_min(layout->model);
    layout->evaluation_bytes_most = evaluation_bytes(layout->model);
    layout->facts_bytes_most = eng_fact_tell_most(layout->model);
    layout->flag_bytes_most = FLAG_BYTES;
    /* Each insertion that moves the record takes it to a larger class. */
    layout->insert_most = ENG_SLAB_CLASSES;
    eng_assert(layout->insert_most < ENG_SLAB_SPARES_MAX);
}

enum eng_status eng_layout_new(const struct eng_model *model, struct eng_layout **ret_layout,
                               struct eng_error *err)
{
    eng_assert(model != NULL);
    eng_assert(ret_layout != NULL);
    struct eng_layout *layout = eng_calloc(1, sizeof *layout);
    if (layout == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the layout of partner records");
    layout->model = model;
    enum eng_status status = allocate(layout);
    if (status == ENG_OK) {
        index_actions(layout);
        lay_cells(layout);
        lay_ages(layout);
        for (uint32_t i = 0; i < model->measure_count; i++)
            lay_measure_cells(layout, i);
        lay_claims(layout);
        lay_lists(layout);
        lay_fixed(layout);
        lay_groups(layout);
        lay_effects(layout);
    }
    for (uint32_t i = 0; status == ENG_OK && i < model->score_count; i++) {
        lay_bands(layout, i);
        status = lay_table(layout, i);
        if (status == ENG_OK)
            status = lay_decay(layout, i);
    }
    if (status == ENG_OK) {
        index_terms(layout);
        index_timed(layout);
        index_sinces(layout);
        index_rolling(layout);
        index_alerts(layout);
        index_edges(layout);
        layout->plain = layout->age_count == 1 && layout->active_count == 0 &&
                        layout->list_sums == ENG_NO_INDEX && layout->since_count == 0;
    }
    if (status == ENG_OK)
        status = eng_slack_lay(layout);
    if (status == ENG_OK)
        status = eng_swift_lay(layout);
    if (status != ENG_OK) {
        eng_layout_free(layout);
        return eng_error_set(err, status, "no memory for the layout of partner records");
    }
    *ret_layout = layout;
    return ENG_OK;
}
