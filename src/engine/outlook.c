/* When a score will fall: see outlook.h. */
#include "engine/outlook.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/internal.h"

enum { BEYOND_LOOKS = 24, HEAP_ELEMENT_BYTES = 8 };

struct eng_outlook {
    struct eng_engine *trial; /* has no partner but a name, knows of no alert and no id */
    struct eng_model mute;    /* the model without alerts, matrices, reports */
    uint8_t *record;          /* the copy, in a block of the largest size */
    struct eng_big_list lists[ENG_LISTS_MAX];
    uint8_t *heap; /* what they hold */
    size_t heap_bytes;
};

/* ---- making ---- */

/* An engine with one partner, that has no record: numbers and tables are looked at in passing. */
static enum eng_status new_mute(const struct eng_model *model, const struct eng_model *mute,
                                struct eng_engine **ret_trial)
{
    static const struct eng_slice nobody = {"-", 1};
    struct eng_engine *trial = eng_calloc(1, sizeof *trial);
    *ret_trial = trial;
    if (trial == NULL || eng_layout_new(model, &trial->layout, NULL) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_layout_mute(trial->layout);
    trial->model = mute;
    trial->boundary.working = true;
    if (eng_store_init(&trial->store, trial->layout, 0, 0) != ENG_OK ||
        eng_store_reserve(&trial->store) != ENG_OK)
        return ENG_NO_MEMORY;
    uint32_t number = eng_store_add(&trial->store, eng_hash(nobody.data, nobody.length), nobody, 0);
    eng_assert(number == 0);
    return ENG_OK;
}

static void free_mute(struct eng_engine *trial)
{
    if (trial == NULL)
        return;
    if (trial->store.layout != NULL)
        eng_store_done(&trial->store);
    eng_layout_free(trial->layout);
    eng_free(trial);
}

static bool asks(const struct eng_model *model)
{
    eng_assert(model->alert_count <= ENG_ALERTS_MAX);
    for (uint32_t i = 0; i < model->alert_count; i++)
        if (model->alerts[i].forecast > 0)
            return true;
    return false;
}

enum eng_status eng_outlook_new(const struct eng_model *model, struct eng_outlook **ret_outlook)
{
    *ret_outlook = NULL;
    eng_assert(model != NULL);
    if (!asks(model))
        return ENG_OK;
    struct eng_outlook *outlook = eng_calloc(1, sizeof *outlook);
    if (outlook == NULL)
        return ENG_NO_MEMORY;
    outlook->mute = *model;
    outlook->mute.alert_count = outlook->mute.matrix_count = outlook->mute.report_count = 0;
    outlook->mute.group_count = 0;
    outlook->record = eng_calloc(1, ENG_SLAB_BLOCK_BYTES_MAX);
    if (outlook->record == NULL || new_mute(model, &outlook->mute, &outlook->trial) != ENG_OK) {
        eng_outlook_free(outlook);
        return ENG_NO_MEMORY;
    }
    eng_assert(eng_store_partners(&outlook->trial->store) == 1);
    *ret_outlook = outlook;
    return ENG_OK;
}

void eng_outlook_free(struct eng_outlook *outlook)
{
    if (outlook == NULL)
        return;
    eng_assert(outlook->heap != NULL || outlook->heap_bytes == 0);
    free_mute(outlook->trial);
    eng_free(outlook->record);
    eng_free(outlook->heap);
    eng_free(outlook);
}

uint64_t eng_outlook_bytes(const struct eng_outlook *outlook)
{
    if (outlook == NULL)
        return 0;
    eng_assert(outlook->trial != NULL);
    return sizeof *outlook + sizeof *outlook->trial + ENG_SLAB_BLOCK_BYTES_MAX +
           outlook->heap_bytes + eng_store_bytes(&outlook->trial->store);
}

/* ---- the copy ---- */

/* True when a list is on the heap and what it holds goes into scores. */
static bool is_copied(const struct eng_record *record, unsigned list)
{
    enum eng_list_kind kind = record->layout->lists[list].kind;
    eng_assert(list < record->layout->list_count);
    return kind != ENG_LIST_SEEN && kind != ENG_LIST_PEAKS && kind != ENG_LIST_OPENINGS &&
           kind != ENG_LIST_HELD && eng_record_is_big(record, list);
}

static size_t element_room(const struct eng_layout *layout, unsigned list)
{
    size_t bytes = layout->lists[list].element_bytes;
    eng_assert(list < layout->list_count);
    return bytes < HEAP_ELEMENT_BYTES ? HEAP_ELEMENT_BYTES : bytes; /* cells may widen */
}

enum eng_status eng_outlook_prepare(struct eng_outlook *outlook, const struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    size_t wanted = 0;
    eng_assert(layout->list_count <= ENG_LISTS_MAX);
    for (unsigned list = 0; list < layout->list_count; list++)
        if (is_copied(record, list))
            wanted += (eng_record_big(record, list)->capacity * element_room(layout, list) + 7) &
                      ~(size_t)7;
    if (wanted <= outlook->heap_bytes)
        return ENG_OK;
    size_t bytes = wanted + wanted / 4;
    uint8_t *heap = eng_realloc(outlook->heap, bytes);
    if (heap == NULL)
        return ENG_NO_MEMORY;
    eng_assert(bytes >= wanted);
    outlook->heap = heap;
    outlook->heap_bytes = bytes;
    return ENG_OK;
}

/* Gives the copy lists of its own in place of those on the heap. */
static void copy_lists(struct eng_outlook *outlook, const struct eng_record *from)
{
    const struct eng_record *copy = &outlook->trial->hand;
    size_t used = 0;
    for (unsigned list = 0; list < from->layout->list_count; list++) {
        if (!is_copied(from, list))
            continue;
        const struct eng_big_list *big = eng_record_big(from, list);
        uint32_t element = from->layout->lists[list].element_bytes;
        size_t bytes =
            (size_t)big->count * (element != 0 ? element : 1u << from->partner->cell_code);
        eng_assert(used + bytes <= outlook->heap_bytes);
        outlook->lists[list] = (struct eng_big_list){outlook->heap + used, big->count, big->count};
        memcpy(outlook->heap + used, big->data, bytes);
        used += (bytes + 7) & ~(size_t)7;
        eng_store_u64((uint8_t *)copy->partner + eng_record_begin(copy, list),
                      (uint64_t)(uintptr_t)&outlook->lists[list]);
    }
    eng_assert(used <= outlook->heap_bytes + 7);
}

static void copy_hand(struct eng_outlook *outlook, const struct eng_engine *engine)
{
    struct eng_engine *trial = outlook->trial;
    uint32_t used = eng_record_used(&engine->hand);
    eng_assert(used <= ENG_LIST_END);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    memcpy(outlook->record, engine->hand.partner, used);
    trial->hand =
        (struct eng_record){trial->layout, (struct eng_partner *)(void *)outlook->record, 0};
    trial->hand.partner->class = eng_slab_class(ENG_SLAB_BLOCK_BYTES_MAX); /* it never moves */
    trial->now = engine->now;
    copy_lists(outlook, &engine->hand);
}

/* ---- looking ---- */

/* Evaluates the copy's scores at a boundary; returns the next one that they want to be looked at.
 */
static int32_t look_at(struct eng_engine *trial, int32_t pane)
{
    int64_t at_ms = eng_calendar_start_ms(trial->model->calendar, pane);
    struct eng_evaluation evaluation = {.cause = ENG_CAUSE_EXPIRY,
                                        .origin_kind = ENG_ORIGIN_BOUNDARY,
                                        .at_boundary = true,
                                        .at_ms = at_ms};
    eng_assert(pane > trial->now.pane);
    eng_moment_set(&trial->now, trial->model, at_ms);
    eng_take_values(trial);
    eng_measure_expire(trial);
    eng_evaluate(trial, &evaluation);
    int32_t due = eng_measure_due(trial);
    eng_assert(trial->now.pane == pane);
    return evaluation.due < due ? evaluation.due : due;
}

/* Is what the copy has just gone through the fall that is asked for? */
static bool is_fall(const struct eng_scratch *scratch, const struct eng_look *look)
{
    uint8_t before = scratch->band_before[look->score], after = scratch->band_after[look->score];
    eng_assert(look->score < ENG_SCORES_MAX);
    if (look->band == ENG_BAND_ANY)
        return after < before;
    eng_assert(look->band < ENG_BANDS_MAX);
    return before > look->band && after == look->band && scratch->ever_positive[look->score];
}

struct eng_fall eng_outlook_fall(struct eng_engine *engine, const struct eng_look *look)
{
    struct eng_engine *trial = engine->outlook->trial;
    uint32_t beyond = look->beyond ? BEYOND_LOOKS : 0;
    eng_assert(look->score < engine->model->score_count);
    copy_hand(engine->outlook, engine);
    int32_t due = eng_measure_due(trial);
    due = look->due < due ? look->due : due;
    eng_assert(due > engine->now.pane);
    while (due != ENG_PANE_NEVER && (due <= look->until || beyond-- > 0)) {
        int32_t pane = due;
        due = look_at(trial, pane);
        if (is_fall(&trial->scratch, look))
            return (struct eng_fall){pane, trial->scratch.band_after[look->score], pane};
    }
    return (struct eng_fall){ENG_PANE_NEVER, 0, due};
}
