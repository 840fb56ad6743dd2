/* The swift way: see swift.h. */
#include "engine/swift.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/cells.h"
#include "engine/seen.h"

/* ---- which actions may ---- */

/* The one score that the measures of an action go into, and how; false: it is not that simple. */
static bool lay_terms(const struct eng_layout *layout, uint32_t action, struct eng_swift *swift)
{
    uint32_t end = layout->action_measures_first[action + 1];
    eng_assert(swift->term_count == 0);
    for (uint32_t i = layout->action_measures_first[action]; i < end; i++) {
        unsigned index = layout->action_measures[i];
        const struct eng_measure *measure = &layout->model->measures[index];
        uint32_t first = layout->terms_first[index], after = layout->terms_first[index + 1];
        if (measure->kind != ENG_COUNT || measure->window != ENG_WINDOW_ROLLING ||
            after != first + 1 || swift->term_count == ENG_SWIFT_TERMS_MAX)
            return false;
        const struct eng_term *term = &layout->terms[first];
        if (swift->term_count > 0 && term->score != swift->score)
            return false;
        if (!term->points && !term->flat)
            return false;
        swift->score = term->score;
        swift->terms[swift->term_count++] = term;
    }
    eng_assert(swift->term_count <= ENG_SWIFT_TERMS_MAX);
    return swift->term_count > 0;
}

enum eng_status eng_swift_lay(struct eng_layout *layout)
{
    const struct eng_model *model = layout->model;
    eng_assert(layout->swift == NULL);
    eng_assert(layout->terms_first != NULL);
    layout->swift = eng_calloc(model->action_count, sizeof *layout->swift);
    if (layout->swift == NULL)
        return ENG_NO_MEMORY;
    bool may = layout->plain && layout->steady && model->award_count == 0;
    for (uint32_t i = 0; i < model->score_count; i++)
        may &= layout->scores[i].dwell == 0; /* a running dwell wants every evaluation */
    for (uint32_t action = 0; may && action < model->action_count; action++) {
        struct eng_swift *swift = &layout->swift[action];
        swift->cell = layout->cell_of_action[action];
        swift->may = lay_terms(layout, action, swift) && swift->cell != ENG_NO_INDEX;
    }
    return ENG_OK;
}

/* ---- looking ---- */

/* The value that the score will have; false: a total would get too wide for its place. */
static inline bool look_value(const struct eng_swift *swift, const struct eng_record *record,
                              int64_t *value)
{
    const uint8_t *totals = eng_record_totals(record);
    for (unsigned i = 0; i < swift->term_count; i++) {
        const struct eng_term *term = swift->terms[i];
        uint32_t count = totals[term->total];
        if (__builtin_expect(count == UINT8_MAX, 0))
            return false;
        if (term->points)
            *value += term->points_e4;
        else if (count + 1 < term->row_counts)
            *value += term->row[count + 1] - term->row[count];
    }
    return true;
}

/* True when a score with this value has nothing to tell. */
static inline bool look_score(const struct eng_score_layout *place, const struct eng_record *record,
                              int64_t value)
{
    unsigned band = *eng_record_fixed(record, place->band) & ENG_BAND_MASK;
    int64_t moved = value - eng_score_told_value(place, record);
    eng_assert(band < ENG_BANDS_MAX);
    /* It has risen, and would have been told before if it were under these. */
    eng_assert(value >= place->leave_below[band] && -moved < place->tell_from);
    return value < place->leave_from[band] && moved < place->tell_from;
}

/* Where the cell of the event belongs: an offset in the record; 0: into a cell that there is. */
static inline uint32_t look_cells(const struct eng_record *record, uint32_t key)
{
    const struct eng_layout *layout = record->layout;
    const struct eng_partner *partner = record->partner;
    unsigned code = partner->cell_code, same = 0;
    uint32_t begin = eng_record_begin(record, layout->list_cells);
    uint32_t at = eng_record_end(record, layout->list_cells);
    uint32_t shift = (8u << code) - layout->pane_bits - layout->action_bits;
    for (; at > begin; at -= 1u << code) {
        const uint8_t *cell = (const uint8_t *)partner + at - (1u << code);
        uint32_t last = (uint32_t)(eng_load_wide(cell, code) >> shift);
        if ((last ^ key) >> layout->action_bits != 0 || last < key)
            return at;
        if (last == key && (shift > 0 || ++same == ENG_SAME_KEY_MAX))
            return 0;
        if (last == key && at - (1u << code) == begin)
            return at;
    }
    return at;
}

/* ---- changing ---- */

/* Opens room for the cell at its place before the ids seen, and for the id behind them; writes
 * both.
 */
static inline void put_lists(struct eng_record *record, uint32_t place, uint32_t key, bool dedup,
                             uint64_t id)
{
    const struct eng_layout *layout = record->layout;
    struct eng_partner *partner = record->partner;
    unsigned cells = layout->list_cells, code = partner->cell_code, width = 1u << code;
    uint32_t shift = (8u << code) - layout->pane_bits - layout->action_bits;
    uint32_t used = eng_record_used(record);
    uint8_t *gap = (uint8_t *)partner + place;
    eng_assert(place <= used);
    eng_assert(cells + 2 >= layout->list_count);
    if (used > place)
        memmove(gap + width, gap, used - place);
    used += width;
    if (dedup) {
        uint64_t pane = (uint32_t)partner->as_of & ((1u << layout->seen_bits) - 1);
        eng_seen_store((uint8_t *)partner + used, layout->seen_bytes,
                       eng_seen_print(layout, id) | pane);
        used += layout->seen_bytes;
    }
    partner->ends[cells + 1] = (uint16_t)(partner->ends[cells + 1] + width);
    partner->ends[layout->list_count] = (uint16_t)used;
    eng_store_wide(gap, code, (uint64_t)key << shift);
}

/* True when the two lists can take an element more without care for their room. */
static inline bool look_room(const struct eng_record *record, uint32_t width)
{
    const struct eng_layout *layout = record->layout;
    uint32_t cells = layout->list_cells, end = eng_record_end(record, cells);
    if (end - eng_record_begin(record, cells) + width > layout->lists[cells].easy_bytes)
        return false;
    return layout->list_seen == ENG_NO_INDEX ||
           eng_record_used(record) - end + layout->seen_bytes <=
               layout->lists[layout->list_seen].easy_bytes;
}

/* What an evaluation that tells nothing leaves behind. */
static inline void put_score(const struct eng_score_layout *place, const struct eng_record *record,
                             int64_t value)
{
    eng_score_store(place, eng_record_fixed(record, place->value), value);
    if (value > 0)
        *eng_record_fixed(record, place->band) |= ENG_EVER_POSITIVE;
}

enum eng_swift_result eng_swift_count(struct eng_engine *engine, const struct eng_event *event,
                                      uint16_t action, bool dedup, uint64_t id)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_swift *swift = &layout->swift[action];
    struct eng_record *record = &engine->hand;
    struct eng_partner *partner = record->partner;
    if (!swift->may || partner->is_crowded || partner->total_code != 0 ||
        event->time_ms < engine->now.start_ms)
        return ENG_SWIFT_NOT;
    const struct eng_score_layout *place = &layout->scores[swift->score];
    uint32_t key =
        ((uint32_t)engine->now.pane & layout->pane_mask) << layout->action_bits | swift->cell;
    uint32_t at = look_cells(record, key);
    int64_t value = engine->scratch.value[swift->score];
    eng_assert(partner->as_of == engine->now.pane);
    eng_assert(engine->scratch.stale == 0);
    if (at == 0 || !look_room(record, 1u << partner->cell_code) ||
        !look_value(swift, record, &value))
        return ENG_SWIFT_NOT;
    bool quiet =
        look_score(place, record, value) && eng_alerts_quiet(engine, action, swift->score, value);
    uint32_t used = eng_record_used(record), more = (1u << partner->cell_code) + layout->seen_bytes;
    if (__builtin_expect(used + more > eng_slab_class_bytes(partner->class), 0))
        eng_record_grow(&engine->store, record, more);
    uint8_t *totals = eng_record_totals(record);
    for (unsigned i = 0; i < swift->term_count; i++)
        totals[swift->terms[i]->total]++;
    put_lists(record, at, key, dedup, id);
    eng_alerts_count(engine, event, action, engine->now.pane);
    engine->scratch.value[swift->score] = value;
    if (!quiet || (engine->scratch.resumed & layout->deadline_bits) != 0)
        return ENG_SWIFT_COUNTED;
    put_score(place, record, value);
    return ENG_SWIFT_DONE;
}
