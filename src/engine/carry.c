/* Carrying a record over to another layout: see carry.h.
 *
 * The new record is built in a buffer, list by list in the order of its layout, and copied into a
 * block of its own when nothing can fail any more. Lists too long for a record go to the heap at
 * once; a set of ids moves as it is. Cost: proportional to the old record. */
#include "engine/carry.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/fact.h"
#include "engine/held.h"
#include "engine/seen.h"

enum eng_status eng_carry_new(const struct eng_layout *from, const struct eng_layout *to,
                              struct eng_carry **ret_carry)
{
    struct eng_carry *carry = eng_calloc(1, sizeof *carry);
    eng_assert(from != NULL && to != NULL);
    eng_assert(ret_carry != NULL);
    if (carry == NULL)
        return ENG_NO_MEMORY;
    carry->from = from;
    carry->to = to;
    eng_change_init(&carry->change, from->model, to->model);
    *ret_carry = carry;
    return ENG_OK;
}

void eng_carry_free(struct eng_carry *carry)
{
    if (carry == NULL)
        return;
    eng_free(carry->cells);
    eng_free(carry->pane_sums);
    eng_free(carry);
}

uint64_t eng_carry_bytes(const struct eng_carry *carry)
{
    eng_assert(carry != NULL);
    return sizeof *carry + carry->cell_capacity * sizeof *carry->cells +
           carry->pane_sum_capacity * sizeof *carry->pane_sums;
}

/* ---- counts ---- */

/* Room for `count` items more than there are. */
static enum eng_status room_for(void *array, uint32_t *capacity, uint64_t wanted, size_t bytes)
{
    void **items = array;
    eng_assert(bytes > 0);
    if (wanted <= *capacity)
        return ENG_OK;
    void *larger = eng_realloc(*items, (wanted + wanted / 2) * bytes);
    if (larger == NULL)
        return ENG_NO_MEMORY;
    *items = larger;
    *capacity = (uint32_t)(wanted + wanted / 2);
    return ENG_OK;
}

/* Adds a pane's count to the totals of the entry's measures. */
static void add_to_totals(struct eng_carry *carry, const struct eng_moment *now, uint32_t entry,
                          const struct eng_cell *cell)
{
    const struct eng_layout *to = carry->to;
    eng_assert(entry < to->model->action_count);
    eng_assert(cell->count > 0);
    for (uint32_t i = to->action_measures_first[entry]; i < to->action_measures_first[entry + 1];
         i++) {
        uint32_t index = to->action_measures[i];
        const struct eng_measure *measure = &to->model->measures[index];
        if (to->measures[index].total == ENG_NO_INDEX ||
            !in_window(now, measure, now->pane - (int32_t)cell->age))
            continue;
        if (measure->kind != ENG_ACTIVE)
            carry->totals[index] += cell->count;
        else if (carry->last_age[index] != cell->age)
            carry->totals[index]++;
        carry->last_age[index] = cell->age;
    }
}

/* Takes a pane's count into the cells of the new record; the panes come in order. */
static void carry_cell(struct eng_carry *carry, uint32_t cell, const struct eng_cell *old)
{
    struct eng_carry_cell *cells = carry->cells;
    uint32_t at = carry->cell_count;
    eng_assert(cell < carry->to->cell_count);
    eng_assert(at < carry->cell_capacity);
    while (at > 0 && cells[at - 1].age == old->age && cells[at - 1].cell > cell)
        at--;
    if (at > 0 && cells[at - 1].age == old->age && cells[at - 1].cell == cell) {
        cells[at - 1].count += old->count;
        return;
    }
    memmove(cells + at + 1, cells + at, (carry->cell_count++ - at) * sizeof *cells);
    cells[at] = (struct eng_carry_cell){old->age, cell, old->count};
}

/* Where a cell of the old layout goes; ENG_NO_INDEX: nowhere. */
static uint32_t new_cell(const struct eng_carry *carry, uint32_t old, uint32_t *ret_entry)
{
    uint16_t entry = carry->change.action[carry->from->action_of_cell[old]];
    eng_assert(old < carry->from->cell_count);
    *ret_entry = entry;
    return entry == ENG_CHANGE_NONE ? (uint32_t)ENG_NO_INDEX : carry->to->cell_of_action[entry];
}

static enum eng_status gather_cells(struct eng_carry *carry, const struct eng_moment *now,
                                    const struct eng_record *from)
{
    struct eng_cells cells = {0};
    carry->cell_count = 0;
    eng_assert(from->layout == carry->from);
    eng_assert(from->partner->as_of == now->pane);
    if (carry->from->list_cells != ENG_NO_INDEX)
        cells = eng_cells_of(from);
    if (room_for(&carry->cells, &carry->cell_capacity, cells.count, sizeof *carry->cells) != ENG_OK)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < cells.count; i++) {
        struct eng_cell old = eng_cells_get(&cells, i);
        uint32_t entry, cell = new_cell(carry, old.action, &entry);
        if (entry == ENG_CHANGE_NONE)
            continue;
        add_to_totals(carry, now, entry, &old);
        if (cell != ENG_NO_INDEX && old.age < carry->to->retention[cell])
            carry_cell(carry, cell, &old);
    }
    return ENG_OK;
}

/* ---- sums ---- */

static void add_to_sums(struct eng_carry *carry, const struct eng_moment *now, uint32_t entry,
                        const struct pane_sum *old)
{
    const struct eng_layout *to = carry->to;
    eng_assert(entry < to->model->action_count);
    eng_assert(old->pane <= now->pane);
    for (uint32_t i = to->action_measures_first[entry]; i < to->action_measures_first[entry + 1];
         i++) {
        uint32_t index = to->action_measures[i];
        const struct eng_measure *measure = &to->model->measures[index];
        if (measure->kind == ENG_SUM && measure->number == old->number &&
            in_window(now, measure, old->pane))
            carry->sums[index] += old->sum;
    }
}

static void carry_pane_sum(struct eng_carry *carry, struct pane_sum more)
{
    struct pane_sum *sums = carry->pane_sums;
    uint32_t at = carry->pane_sum_count, key = pane_sum_key(more);
    eng_assert(more.cell < carry->to->cell_count);
    eng_assert(at < carry->pane_sum_capacity);
    while (at > 0 && sums[at - 1].pane == more.pane && pane_sum_key(sums[at - 1]) > key)
        at--;
    if (at > 0 && sums[at - 1].pane == more.pane && pane_sum_key(sums[at - 1]) == key) {
        sums[at - 1].sum += more.sum;
        return;
    }
    memmove(sums + at + 1, sums + at, (carry->pane_sum_count++ - at) * sizeof *sums);
    sums[at] = more;
}

static enum eng_status gather_sums(struct eng_carry *carry, const struct eng_moment *now,
                                   const struct eng_record *from)
{
    struct eng_list sums = {0};
    carry->pane_sum_count = 0;
    eng_assert(from->layout == carry->from);
    if (carry->from->list_sums != ENG_NO_INDEX)
        sums = eng_record_list(from, carry->from->list_sums, ENG_SUM_BYTES);
    if (room_for(&carry->pane_sums, &carry->pane_sum_capacity, sums.count,
                 sizeof *carry->pane_sums) != ENG_OK)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum old = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        uint32_t entry, cell = new_cell(carry, old.cell, &entry);
        if (entry == ENG_CHANGE_NONE || carry->change.number[old.number] == ENG_CHANGE_NONE)
            continue;
        old.number = (uint8_t)carry->change.number[old.number];
        add_to_sums(carry, now, entry, &old);
        old.cell = (uint8_t)cell;
        if (carry->to->list_sums != ENG_NO_INDEX && cell != ENG_NO_INDEX &&
            (int64_t)now->pane - old.pane < carry->to->retention[cell] &&
            (old.number == 0 || carry->to->numbers_kept >> old.number & 1))
            carry_pane_sum(carry, old);
    }
    eng_assert(carry->pane_sum_count <= sums.count);
    return ENG_OK;
}

/* Totals over life go on where they stood, whatever was added up. */
static void go_on(struct eng_carry *carry, const struct eng_record *from)
{
    const struct eng_model *model = carry->to->model;
    eng_assert(from->layout == carry->from);
    for (uint32_t i = 0; i < model->measure_count; i++) {
        uint16_t old = carry->change.measure[i];
        if (carry->to->measures[i].total == ENG_NO_INDEX || old == ENG_CHANGE_NONE)
            continue;
        const struct eng_measure_layout *place = &carry->from->measures[old];
        eng_assert(place->total != ENG_NO_INDEX);
        carry->totals[i] = eng_record_total(from, place->total);
        if (model->measures[i].kind == ENG_SUM)
            carry->sums[i] = load_sum(eng_record_fixed(from, place->offset));
    }
}

/* ---- the record that is being built ---- */

static struct eng_record built(struct eng_carry *carry, uint32_t number)
{
    return (struct eng_record){carry->to, (struct eng_partner *)(void *)carry->record, number};
}

/* Head, totals and id; the fixed part is zero, and all lists are empty. */
static void put_head(struct eng_carry *carry, const struct eng_partner *old)
{
    const struct eng_layout *to = carry->to;
    struct eng_partner *partner = (struct eng_partner *)(void *)carry->record;
    struct eng_slice id = eng_partner_id(old);
    unsigned code = 0;
    for (uint32_t i = 0; i < to->model->measure_count; i++)
        while (code < 3 && carry->totals[i] >> (8u << code) != 0)
            code++;
    uint32_t used = to->fixed_bytes + (to->total_count << code);
    eng_assert(used + id.length <= ENG_LIST_END);
    memset(partner, 0, used);
    partner->first_pane = old->first_pane;
    partner->due = ENG_PANE_NEVER;
    partner->as_of = old->as_of;
    partner->total_code = code & 3;
    partner->is_dirty = old->is_dirty;
    partner->id_bytes = old->id_bytes;
    memcpy(carry->record + used, id.data, id.length);
    for (uint32_t list = 0; list <= to->list_count; list++)
        partner->ends[list] = (uint16_t)(used + id.length);
    struct eng_record record = built(carry, 0);
    for (uint32_t i = 0; i < to->model->measure_count; i++)
        if (to->measures[i].total != ENG_NO_INDEX)
            eng_record_total_set(&record, to->measures[i].total, carry->totals[i]);
}

/* Begins a list of `count` elements behind those before it: in the record, or on the heap when that
 * is too long for one. NULL: no memory. */
static uint8_t *put_list(struct eng_carry *carry, struct eng_store *store, unsigned list,
                         uint32_t count, uint32_t bytes)
{
    struct eng_record record = built(carry, 0);
    uint32_t used = eng_record_begin(&record, list), size = count * bytes;
    uint8_t *place = carry->record + used;
    eng_assert(eng_record_end(&record, list) == used);
    if (count > carry->to->lists[list].easy_bytes / bytes) {
        uint64_t word = eng_big_list_new(store, list, bytes, NULL, size);
        if (word == 0)
            return NULL;
        eng_store_u64(place, word);
        place = ((struct eng_big_list *)(uintptr_t)word)->data;
        size = sizeof(uint64_t);
        record.partner->is_crowded = 1;
    }
    eng_assert(used + size <= ENG_LIST_END);
    for (uint32_t i = list + 1; i <= carry->to->list_count; i++)
        record.partner->ends[i] = (uint16_t)(used + size);
    if (place != carry->record + used)
        record.partner->ends[list + 1] |= ENG_LIST_BIG;
    return place;
}

/* ---- fixed places ---- */

/* The newest pane, if it lies in the old window. */
static void put_since(uint8_t *place, const uint8_t *was, const struct eng_moment *now,
                      const struct eng_measure *asked)
{
    int32_t stored = eng_load_i32(was);
    eng_assert(asked->kind == ENG_SINCE);
    eng_assert(stored - 2 <= now->pane);
    if (stored != 0 && in_window(now, asked, stored - 2))
        eng_store_i32(place, stored);
}

static void put_measures(struct eng_carry *carry, const struct eng_moment *now,
                         const struct eng_record *from)
{
    const struct eng_model *model = carry->to->model;
    eng_assert(from->layout == carry->from);
    for (uint32_t i = 0; i < model->measure_count; i++) {
        uint8_t *place = carry->record + carry->to->measures[i].offset;
        uint16_t old = carry->change.measure[i];
        enum eng_measure_kind kind = model->measures[i].kind;
        if (kind == ENG_SUM)
            store_sum(place, carry->sums[i]);
        if (old == ENG_CHANGE_NONE ||
            (kind != ENG_LAST && kind != ENG_STATE && kind != ENG_SINCE && kind != ENG_FACT))
            continue;
        const struct eng_measure *asked = &carry->from->model->measures[old];
        const uint8_t *was = eng_record_fixed(from, carry->from->measures[old].offset);
        eng_assert(asked->kind == kind);
        if (kind == ENG_STATE)
            memcpy(place, was, ENG_STATE_BYTES);
        else if (kind == ENG_SINCE)
            put_since(place, was, now, asked);
        else if (kind == ENG_FACT)
            eng_fact_carry(&carry->change, asked, was, &model->measures[i], place);
        else if (in_window(now, asked, eng_load_i32(was + 16)))
            memcpy(place, was, ENG_LAST_BYTES);
    }
}

static void put_rhythms(struct eng_carry *carry, const struct eng_record *from)
{
    eng_assert(from->layout == carry->from);
    for (uint32_t i = 0; i < carry->to->silence_count; i++) {
        uint16_t alert = carry->to->silences[i], old = carry->change.rhythm[alert];
        eng_assert(carry->to->model->alerts[alert].kind == ENG_SILENCE);
        if (old != ENG_CHANGE_NONE)
            memcpy(carry->record + carry->to->alert_offset[alert],
                   eng_record_fixed(from, carry->from->alert_offset[old]), ENG_SILENCE_BYTES);
    }
    for (uint32_t i = 0; i < carry->to->deadline_count; i++) {
        uint16_t alert = carry->to->deadlines[i], old = carry->change.rhythm[alert];
        if (old != ENG_CHANGE_NONE)
            memcpy(carry->record + carry->to->alert_offset[alert],
                   eng_record_fixed(from, carry->from->alert_offset[old]), ENG_DEADLINE_BYTES);
    }
}

/* What awards have noted: it goes on where the new one notes it too. */
static void put_awards(struct eng_carry *carry, const struct eng_record *from)
{
    eng_assert(from->layout == carry->from);
    eng_assert(carry->to->model->award_count <= ENG_AWARDS_MAX);
    for (uint32_t i = 0; i < carry->to->model->award_count; i++) {
        const struct eng_award_layout *place = &carry->to->awards[i], *was;
        if (carry->change.award[i] == ENG_CHANGE_NONE)
            continue;
        was = &carry->from->awards[carry->change.award[i]];
        if (place->paid != 0 && was->paid != 0)
            memcpy(carry->record + place->paid, eng_record_fixed(from, was->paid),
                   ENG_AWARD_PANE_BYTES);
        if (carry->change.anchored[i])
            memcpy(carry->record + place->anchor, eng_record_fixed(from, was->anchor),
                   ENG_AWARD_PANE_BYTES);
        if (carry->change.streaks[i])
            memcpy(carry->record + place->streak, eng_record_fixed(from, was->streak),
                   ENG_AWARD_STREAK_BYTES);
    }
}

/* ---- what was told ---- */

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* The most that a dimension can be told to contribute. */
static int64_t limit_of(const struct eng_score *score, bool skips, unsigned dimension)
{
    __int128 share = (__int128)score->scale_e4 * score->dimensions[dimension].weight_e4;
    eng_assert(!score->points);
    eng_assert(dimension < score->dimension_count);
    return skips ? score->scale_e4 : (int64_t)(share / score->weight_sum_e4) + 1;
}

/* Makes contributions add up to the value again, within what is possible: returns the value. */
static int64_t fit(const struct eng_score *score, bool skips, int64_t value, int64_t *told)
{
    int64_t limits = 0, rest, most = score->scale_e4 + score->dimension_count;
    for (uint32_t i = 0; i < score->dimension_count; i++)
        limits += limit_of(score, skips, i);
    value = clamp(value, 0, limits < most ? limits : most);
    rest = value;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        told[i] = clamp(told[i], 0, limit_of(score, skips, i));
        rest -= told[i];
    }
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        int64_t now = clamp(told[i] + rest, 0, limit_of(score, skips, i));
        rest -= now - told[i];
        told[i] = now;
    }
    eng_assert(rest == 0);
    eng_assert(value >= 0);
    return value;
}

/* The last told contributions by the dimensions of the new score; returns their sum. */
static int64_t told_of(const struct eng_carry *carry, const struct eng_record *from, uint32_t index,
                       int64_t *ret_told)
{
    const struct eng_score *score = &carry->to->model->scores[index];
    uint16_t old = carry->change.score[index];
    int64_t was[ENG_DIMENSIONS_MAX], rest;
    int64_t value = eng_score_told_value(&carry->from->scores[old], from);
    eng_assert(old != ENG_CHANGE_NONE);
    eng_assert(score->dimension_count <= ENG_DIMENSIONS_MAX);
    eng_told_load(from, old, was);
    rest = value;
    for (uint32_t i = 0; i < score->dimension_count; i++) {
        uint16_t dimension = carry->change.dimension[index][i];
        ret_told[i] = dimension == ENG_CHANGE_NONE ? 0 : was[dimension];
        rest -= ret_told[i];
    }
    if (!score->points)
        return fit(score, carry->to->scores[index].skips, value, ret_told);
    ret_told[0] += rest;
    return value;
}

/* The band in force: of the same name, else the one that the last told value lies in. */
static uint8_t band_of(const struct eng_carry *carry, const struct eng_record *from, uint32_t index,
                       int64_t told)
{
    uint16_t old = carry->change.score[index];
    uint8_t head = *eng_record_fixed(from, carry->from->scores[old].band);
    uint16_t band = carry->change.band[index][head & ENG_BAND_MASK];
    eng_assert((head & ENG_BAND_MASK) < carry->from->model->scores[old].band_count);
    if (band == ENG_CHANGE_NONE)
        band = eng_score_band_of(&carry->to->model->scores[index], told);
    eng_assert(band < carry->to->model->scores[index].band_count);
    return (uint8_t)(band | (head & ENG_EVER_POSITIVE));
}

/* The band in which the period began, if it has a name in the new model: see group.c. */
static void carry_move(struct eng_carry *carry, const struct eng_record *from, uint32_t index)
{
    uint16_t old = carry->change.score[index];
    const struct eng_score_layout *was = &carry->from->scores[old];
    const struct eng_score_layout *place = &carry->to->scores[index];
    eng_assert(old != ENG_CHANGE_NONE);
    eng_assert(index < carry->to->model->score_count);
    if (place->moved == 0 || was->moved == 0 ||
        carry->to->model->scores[index].moves != carry->from->model->scores[old].moves)
        return;
    const uint8_t *moved = eng_record_fixed(from, was->moved);
    uint16_t band = carry->change.band[index][moved[sizeof(int32_t)]];
    if (eng_load_i32(moved) == 0 || band == ENG_CHANGE_NONE)
        return;
    memcpy(carry->record + place->moved, moved, sizeof(int32_t));
    carry->record[place->moved + sizeof(int32_t)] = (uint8_t)band;
}

static void carry_score(struct eng_carry *carry, const struct eng_record *from, uint32_t index)
{
    const struct eng_score_layout *place = &carry->to->scores[index];
    uint16_t old = carry->change.score[index];
    struct eng_record record = built(carry, from->number);
    int64_t told[ENG_DIMENSIONS_MAX];
    eng_assert(index < carry->to->model->score_count);
    if (old == ENG_CHANGE_NONE) {
        carry->record[place->band] = eng_score_band_of(&carry->to->model->scores[index], 0);
        return;
    }
    const struct eng_score_layout *was = &carry->from->scores[old];
    int64_t value = told_of(carry, from, index, told);
    eng_assert(place->told_value != 0);
    eng_told_store(&record, index, told);
    eng_score_store(place, carry->record + place->told_value, value);
    carry->record[place->band] = band_of(carry, from, index, value);
    if (place->dwell != 0 && was->dwell != 0)
        memcpy(carry->record + place->dwell, eng_record_fixed(from, was->dwell), sizeof(int64_t));
    if (place->grace != 0 && was->grace != 0)
        memcpy(carry->record + place->grace, eng_record_fixed(from, was->grace), ENG_GRACE_BYTES);
    carry_move(carry, from, index);
}

/* The place of an old report of the same name where it has the score; NULL: there is none. */
static const struct eng_report_layout *old_report(const struct eng_carry *carry, const char *name,
                                                  uint16_t score)
{
    const struct eng_model *model = carry->from->model;
    eng_assert(name != NULL);
    eng_assert(score < model->score_count);
    for (uint32_t i = 0; i < model->report_count; i++)
        for (uint32_t j = 0; j < model->reports[i].score_count; j++)
            if (strcmp(model->reports[i].name, name) == 0 && model->reports[i].scores[j] == score)
                return eng_layout_report(carry->from, i, j);
    return NULL;
}

/* True when the contributions of a new score are those of the old one, by their names. */
static bool has_same_names(const struct eng_carry *carry, uint32_t index)
{
    const struct eng_score *score = &carry->to->model->scores[index];
    const struct eng_score *old = &carry->from->model->scores[carry->change.score[index]];
    bool same = score->points == old->points && score->dimension_count == old->dimension_count;
    eng_assert(score->dimension_count <= ENG_DIMENSIONS_MAX);
    for (uint32_t i = 0; same && i < score->dimension_count; i++)
        same = strcmp(score->dimensions[i].name, old->dimensions[i].name) == 0;
    return same;
}

/* What stood in the last card of a report, where it can be compared with the next one. */
static void put_report(struct eng_carry *carry, const struct eng_record *from, uint32_t report,
                       uint32_t place)
{
    uint32_t index = carry->to->model->reports[report].scores[place];
    const struct eng_report_layout *to = eng_layout_report(carry->to, report, place);
    uint16_t old = carry->change.score[index];
    eng_assert(index < carry->to->model->score_count);
    if (old == ENG_CHANGE_NONE || !has_same_names(carry, index))
        return;
    const struct eng_report_layout *was =
        old_report(carry, carry->to->model->reports[report].name, old);
    uint8_t head = was != NULL ? *eng_record_fixed(from, was->band) : 0;
    uint16_t band = carry->change.band[index][head & ENG_BAND_MASK];
    if (!(head & ENG_REPORTED) || band == ENG_CHANGE_NONE)
        return;
    uint32_t bytes = carry->to->scores[index].value_bytes;
    eng_assert(bytes == carry->from->scores[old].value_bytes);
    carry->record[to->band] = (uint8_t)(band | ENG_REPORTED);
    memcpy(carry->record + to->value, eng_record_fixed(from, was->value), bytes);
    memcpy(carry->record + to->shares, eng_record_fixed(from, was->shares),
           (size_t)carry->to->model->scores[index].dimension_count * bytes);
}

static void put_reports(struct eng_carry *carry, const struct eng_record *from)
{
    const struct eng_model *model = carry->to->model;
    eng_assert(model->report_count <= ENG_REPORTS_MAX);
    eng_assert(from->layout == carry->from);
    for (uint32_t i = 0; i < model->report_count; i++)
        for (uint32_t j = 0; j < model->reports[i].score_count; j++)
            put_report(carry, from, i, j);
}

/* ---- lists ---- */

/* An opening of an alert that has no budget any more. Of a silence that is learnt anew nothing
 * could be told. */
static void leave_budget(const struct eng_carry *carry, unsigned alert,
                         const struct eng_moment *now, uint8_t *opening)
{
    const struct eng_model *model = carry->from->model;
    bool anew = eng_change_learns_anew(&carry->change, alert, opening[0]);
    eng_assert(alert < model->alert_count);
    eng_assert(now->clock_ms >= 0);
    for (uint32_t i = 0; i < model->budget_count; i++)
        if (model->budgets[i].alerts >> alert & 1)
            eng_alert_leave_budget(opening,
                                   anew ? INT64_MAX / 4
                                        : eng_budget_last_ms(model, &model->budgets[i], now->pane));
}

static enum eng_status put_openings(struct eng_carry *carry, struct eng_store *store,
                                    const struct eng_moment *now, const struct eng_record *from)
{
    uint8_t kept[ENG_ALERTS_MAX * ENG_OPENING_BYTES];
    struct eng_list old = {0};
    uint32_t count = 0;
    if (carry->from->list_openings != ENG_NO_INDEX)
        old = eng_record_list(from, carry->from->list_openings, ENG_OPENING_BYTES);
    eng_assert(old.count <= ENG_ALERTS_MAX);
    for (uint32_t i = 0; i < old.count; i++) {
        const uint8_t *opening = old.data + (size_t)i * ENG_OPENING_BYTES;
        uint16_t alert = carry->change.opening[opening[0]]; /* the alert comes first: alert.c */
        if (alert == ENG_CHANGE_NONE)
            continue;
        uint8_t *to = kept + (size_t)count++ * ENG_OPENING_BYTES;
        memcpy(to, opening, ENG_OPENING_BYTES);
        to[0] = (uint8_t)alert;
        if (!(carry->to->model->budgeted >> alert & 1))
            leave_budget(carry, opening[0], now, to);
    }
    uint8_t *place = put_list(carry, store, carry->to->list_openings, count, ENG_OPENING_BYTES);
    if (place == NULL)
        return ENG_NO_MEMORY;
    memcpy(place, kept, (size_t)count * ENG_OPENING_BYTES);
    eng_assert(count <= carry->to->model->alert_count);
    return ENG_OK;
}

/* Peaks that lie in the old window; they are sorted by pane. */
static enum eng_status put_peaks(struct eng_carry *carry, struct eng_store *store,
                                 const struct eng_record *from, unsigned list)
{
    uint32_t alert = carry->to->lists[list].owner, bytes = carry->to->lists[list].element_bytes;
    uint16_t old = carry->change.peaks[alert];
    struct eng_list peaks = {0};
    uint32_t left = 0;
    if (old != ENG_CHANGE_NONE) {
        int64_t oldest = (int64_t)from->partner->as_of - carry->from->model->alerts[old].within + 1;
        eng_assert(carry->from->lists[carry->from->alert_list[old]].element_bytes == bytes);
        peaks = eng_record_list(from, carry->from->alert_list[old], bytes);
        while (left < peaks.count && eng_load_i32(peaks.data + (size_t)left * bytes) < oldest)
            left++;
    }
    uint8_t *place = put_list(carry, store, list, peaks.count - left, bytes);
    if (place == NULL)
        return ENG_NO_MEMORY;
    eng_assert(left <= peaks.count);
    if (left < peaks.count)
        memcpy(place, peaks.data + (size_t)left * bytes, (size_t)(peaks.count - left) * bytes);
    return ENG_OK;
}

static enum eng_status put_runs(struct eng_carry *carry, struct eng_store *store,
                                const struct eng_record *from, unsigned list)
{
    uint16_t old = carry->change.measure[carry->to->lists[list].owner];
    struct eng_list runs = {0};
    if (old != ENG_CHANGE_NONE)
        runs = eng_record_list(from, carry->from->measures[old].list, ENG_RUN_BYTES);
    eng_assert(carry->to->lists[list].kind == ENG_LIST_RUNS);
    uint8_t *place = put_list(carry, store, list, runs.count, ENG_RUN_BYTES);
    if (place == NULL)
        return ENG_NO_MEMORY;
    if (runs.count > 0)
        memcpy(place, runs.data, runs.bytes);
    return ENG_OK;
}

/* Members who lie in the new window; those that lie in the old one are all that there are. */
static enum eng_status put_members(struct eng_carry *carry, struct eng_store *store,
                                   const struct eng_moment *now, const struct eng_record *from,
                                   unsigned list)
{
    uint32_t index = carry->to->lists[list].owner, kept = 0;
    uint16_t old = carry->change.measure[index];
    struct eng_list members = {0};
    uint8_t *place = NULL;
    if (old != ENG_CHANGE_NONE)
        members = eng_record_list(from, carry->from->measures[old].list, ENG_MEMBER_BYTES);
    for (int round = 0; round < 2; round++) { /* how many, then which */
        if (round == 1)
            place = put_list(carry, store, list, kept, ENG_MEMBER_BYTES);
        if (round == 1 && place == NULL)
            return ENG_NO_MEMORY;
        kept = 0;
        for (uint32_t i = 0; i < members.count; i++) {
            const uint8_t *member = members.data + (size_t)i * ENG_MEMBER_BYTES;
            if (!in_window(now, &carry->to->model->measures[index], eng_load_i32(member + 8)))
                continue;
            if (round == 1)
                memcpy(place + (size_t)kept * ENG_MEMBER_BYTES, member, ENG_MEMBER_BYTES);
            kept++;
        }
    }
    return ENG_OK;
}

/* Claims of awards that may still settle such, in ledgers that are still there; for as long as the
 * old model, and the new one, keep them. */
static enum eng_status put_claims(struct eng_carry *carry, struct eng_store *store,
                                  const struct eng_record *from, unsigned list)
{
    struct eng_list old = {0};
    uint32_t kept = 0;
    uint8_t *place = NULL;
    if (carry->from->list_claims != ENG_NO_INDEX)
        old = eng_record_list(from, carry->from->list_claims, ENG_CLAIM_BYTES);
    eng_assert(carry->to->lists[list].kind == ENG_LIST_CLAIMS);
    for (int round = 0; round < 2; round++) { /* how many, then which */
        if (round == 1)
            place = put_list(carry, store, list, kept, ENG_CLAIM_BYTES);
        if (round == 1 && place == NULL)
            return ENG_NO_MEMORY;
        kept = 0;
        for (uint32_t i = 0; i < old.count; i++) {
            uint8_t claim[ENG_CLAIM_BYTES];
            memcpy(claim, old.data + (size_t)i * ENG_CLAIM_BYTES, sizeof claim);
            if (!eng_claim_carry(&carry->change, claim))
                continue;
            if (round == 1)
                memcpy(place + (size_t)kept * ENG_CLAIM_BYTES, claim, sizeof claim);
            kept++;
        }
    }
    return ENG_OK;
}

/* What waits for a decision, which is of no model. */
static enum eng_status put_held(struct eng_carry *carry, struct eng_store *store,
                                const struct eng_record *from, unsigned list)
{
    struct eng_list old = eng_held_list(from);
    uint8_t *place = put_list(carry, store, list, old.count, ENG_HELD_UNIT_BYTES);
    eng_assert(carry->to->lists[list].kind == ENG_LIST_HELD);
    eng_assert(old.bytes <= ENG_HELD_BYTES_MAX);
    if (place == NULL)
        return ENG_NO_MEMORY;
    if (old.bytes > 0)
        memcpy(place, old.data, old.bytes);
    return ENG_OK;
}

static enum eng_status put_sums(struct eng_carry *carry, struct eng_store *store, unsigned list)
{
    uint8_t *place = put_list(carry, store, list, carry->pane_sum_count, ENG_SUM_BYTES);
    eng_assert(carry->to->lists[list].kind == ENG_LIST_SUMS);
    if (place == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < carry->pane_sum_count; i++)
        store_pane_sum(place + (size_t)i * ENG_SUM_BYTES, carry->pane_sums[i]);
    return ENG_OK;
}

/* Writes a count as cells of 1 << code bytes, the full ones first; returns the place behind. */
static uint8_t *carry_put_cell(const struct eng_carry *carry, uint8_t *place, unsigned code,
                               const struct eng_carry_cell *cell)
{
    const struct eng_layout *to = carry->to;
    const struct eng_partner *partner = (const struct eng_partner *)(const void *)carry->record;
    unsigned count_bits = (8u << code) - to->pane_bits - to->action_bits;
    uint64_t pane = (uint32_t)(partner->as_of - (int32_t)cell->age) & to->pane_mask;
    uint64_t key = pane << to->action_bits | cell->cell, one = 1ull << count_bits;
    eng_assert(cell->count > 0);
    eng_assert(code <= 3);
    for (uint64_t rest = cell->count; rest > 0; place += 1u << code) {
        uint64_t part = rest < one ? rest : one;
        eng_store_wide(place, code, key << count_bits | (part - 1));
        rest -= part;
    }
    return place;
}

static enum eng_status put_cells(struct eng_carry *carry, struct eng_store *store, unsigned list)
{
    const struct eng_layout *to = carry->to;
    unsigned code = to->cell_code_min, key_bits = (unsigned)to->pane_bits + to->action_bits;
    uint64_t most = 0, one, elements = 0;
    for (uint32_t i = 0; i < carry->cell_count; i++)
        most = carry->cells[i].count > most ? carry->cells[i].count : most;
    while (code < 3 && (most - 1) >> ((8u << code) - key_bits) >= ENG_SAME_KEY_MAX && most > 0)
        code++;
    one = 1ull << ((8u << code) - key_bits); /* the most that one cell counts */
    for (uint32_t i = 0; i < carry->cell_count; i++)
        elements += (carry->cells[i].count + one - 1) / one;
    ((struct eng_partner *)(void *)carry->record)->cell_code = code & 3;
    eng_assert(elements <= UINT32_MAX / 8);
    uint8_t *place = put_list(carry, store, list, (uint32_t)elements, 1u << code);
    if (place == NULL)
        return ENG_NO_MEMORY;
    for (uint32_t i = 0; i < carry->cell_count; i++)
        place = carry_put_cell(carry, place, code, &carry->cells[i]);
    return ENG_OK;
}

/* Ids: a list is written anew, a set moves as it is. */
static void put_seen(struct eng_carry *carry, const struct eng_record *from, unsigned list)
{
    struct eng_record record = built(carry, from->number);
    uint32_t used = eng_record_begin(&record, list), bytes = 0;
    bool big = false;
    eng_assert(carry->to->lists[list].kind == ENG_LIST_SEEN);
    if (carry->from->list_seen != ENG_NO_INDEX)
        big = eng_record_is_big(from, carry->from->list_seen);
    if (big)
        eng_store_u64(carry->record + used, eng_seen_move(from));
    else if (carry->from->list_seen != ENG_NO_INDEX)
        bytes = eng_seen_copy(from, carry->to, carry->record + used);
    bytes = big ? sizeof(uint64_t) : bytes;
    eng_assert(used + bytes <= ENG_LIST_END);
    record.partner->ends[list + 1] = (uint16_t)((used + bytes) | (big ? ENG_LIST_BIG : 0));
    record.partner->is_crowded |= big || bytes > carry->to->lists[list].easy_bytes;
}

static enum eng_status carry_lists(struct eng_carry *carry, struct eng_store *store,
                                   const struct eng_moment *now, const struct eng_record *from)
{
    enum eng_status status = ENG_OK;
    eng_assert(carry->to->list_count <= ENG_LISTS_MAX);
    for (unsigned list = 0; status == ENG_OK && list < carry->to->list_count; list++)
        switch (carry->to->lists[list].kind) {
        case ENG_LIST_OPENINGS:
            status = put_openings(carry, store, now, from);
            break;
        case ENG_LIST_PEAKS:
            status = put_peaks(carry, store, from, list);
            break;
        case ENG_LIST_RUNS:
            status = put_runs(carry, store, from, list);
            break;
        case ENG_LIST_MEMBERS:
            status = put_members(carry, store, now, from, list);
            break;
        case ENG_LIST_CLAIMS:
            status = put_claims(carry, store, from, list);
            break;
        case ENG_LIST_HELD:
            status = put_held(carry, store, from, list);
            break;
        case ENG_LIST_SUMS:
            status = put_sums(carry, store, list);
            break;
        case ENG_LIST_CELLS:
            status = put_cells(carry, store, list);
            break;
        case ENG_LIST_SEEN: /* the last one, and cannot fail */
            put_seen(carry, from, list);
        }
    return status;
}

/* ---- the whole ---- */

enum eng_status eng_carry_record(struct eng_carry *carry, struct eng_store *store,
                                 const struct eng_moment *now, const struct eng_record *from)
{
    eng_assert(from->layout == carry->from && store->layout == carry->to);
    eng_assert(from->partner->as_of == now->pane);
    memset(carry->totals, 0, sizeof carry->totals);
    memset(carry->sums, 0, sizeof carry->sums);
    memset(carry->last_age, 0xFF, sizeof carry->last_age);
    if (gather_cells(carry, now, from) != ENG_OK || gather_sums(carry, now, from) != ENG_OK)
        return ENG_NO_MEMORY;
    go_on(carry, from);
    put_head(carry, from->partner);
    put_measures(carry, now, from);
    for (uint32_t i = 0; i < carry->to->model->score_count; i++)
        carry_score(carry, from, i);
    put_reports(carry, from);
    put_rhythms(carry, from);
    put_awards(carry, from);
    struct eng_record record = built(carry, from->number);
    if (carry_lists(carry, store, now, from) != ENG_OK) {
        eng_record_free_lists(store, &record, false);
        return ENG_NO_MEMORY;
    }
    bool moved = carry->from->list_seen != ENG_NO_INDEX && carry->to->list_seen != ENG_NO_INDEX;
    if (carry->outlook != NULL && eng_outlook_prepare(carry->outlook, &record) != ENG_OK) {
        eng_record_free_lists(store, &record, moved);
        return ENG_NO_MEMORY;
    }
    eng_record_free_lists(store, from, moved);
    eng_record_replace(store, &record);
    return ENG_OK;
}
