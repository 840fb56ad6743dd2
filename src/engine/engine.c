/* The engine: takes events and ticks in order, moves the clock, counts, tells. See internal.h for
 * the way of an input through the room.
 *
 * Events come in batches. What an event will touch is not in the cache, and is found only by one
 * miss after the other: slot of the table, handle, record, lists on the heap. So there is a stage
 * for each of them, a block of BLOCK events before the next one: while a block is applied, the
 * records of blocks behind it are on their way, the handles of later ones, and the slots of those
 * after them. The stages only look; a wrong guess costs time, never correctness. */
#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include "engine/carry.h"
#include "engine/cells.h"
#include "engine/held.h"
#include "engine/inspect.h"
#include "engine/internal.h"
#include "engine/seen.h"
#include "engine/swift.h"

/* Events of a block, and how many may be looked at before they are applied. */
enum { BLOCK = 16, AHEAD = 64, SWEEP = 4 };

enum eng_status eng_engine_new(const struct eng_model *model,
                               const struct eng_engine_options *options,
                               struct eng_engine **ret_engine, struct eng_error *err)
{
    static const struct eng_engine_options defaults;
    eng_assert(model != NULL);
    eng_assert(ret_engine != NULL);
    options = options != NULL ? options : &defaults;
    struct eng_engine *engine = eng_calloc(1, sizeof *engine);
    if (engine == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for an engine");
    engine->model = model;
    engine->now.clock_ms = -1;
    eng_known_init(&engine->known);
    engine->boundary.target_ms = -1;
    engine->changes.on = options->track_changes;
    engine->step_evaluations =
        options->step_evaluations ? options->step_evaluations : ENG_STEP_EVALUATIONS;
    eng_wheel_init(&engine->wheel);
    enum eng_status status = eng_layout_new(model, &engine->layout, err);
    if (status == ENG_OK)
        status = eng_store_init(&engine->store, engine->layout, options->partners_hint,
                                options->memory_bytes_max);
    if (status == ENG_OK)
        status = eng_outlook_new(model, &engine->outlook);
    if (status == ENG_OK)
        status = eng_guards_new(model, &engine->guards);
    if (status == ENG_OK)
        status = eng_budgets_new(model, &engine->budgets);
    engine->silences = eng_calloc(1, sizeof *engine->silences);
    if (engine->silences == NULL)
        status = ENG_NO_MEMORY;
    if (status != ENG_OK) {
        eng_engine_free(engine);
        return eng_error_set(err, status, "no memory for an engine");
    }
    *ret_engine = engine;
    return ENG_OK;
}

void eng_engine_free(struct eng_engine *engine)
{
    if (engine == NULL)
        return;
    if (engine->activation.working)
        eng_activation_drop(engine);
    eng_restore_drop(engine);
    if (engine->store.layout != NULL)
        eng_store_done(&engine->store);
    eng_wheel_done(&engine->wheel);
    eng_changes_done(&engine->changes);
    eng_engine_restore_end(engine);
    eng_forecast_free(engine->forecast);
    eng_outlook_free(engine->outlook);
    eng_guards_free(engine->guards);
    eng_budgets_free(engine->budgets);
    eng_layout_free(engine->layout);
    eng_walk_done(&engine->walk);
    eng_free(engine->silences);
    eng_free(engine);
}

/* ---- one event ---- */

/* A quick mark of an action's text: its ends and length. Texts of 8 to 16 bytes with the same mark
 * and length are equal. */
static inline void mark_of(struct eng_slice action, uint64_t *ret_first, uint64_t *ret_last)
{
    *ret_first = *ret_last = 0;
    if (action.length >= 8) {
        *ret_first = eng_load_u64(action.data);
        *ret_last = eng_load_u64(action.data + action.length - 8);
        return;
    }
    memcpy(ret_first, action.data, action.length);
}

/* The action's entry in the model, remembered by its text. */
static uint16_t action_of(struct eng_engine *engine, struct eng_slice action)
{
    eng_assert(action.data != NULL);
    eng_assert(action.length > 0);
    if (action.length > ENG_ACTION_CACHE_BYTES)
        return eng_model_action(engine->model, action);
    uint64_t first, last;
    mark_of(action, &first, &last);
    uint64_t mix = (first ^ (last << 7 | last >> 57) ^ action.length) * 0x9E3779B97F4A7C15u;
    struct eng_action_cached *cached = &engine->actions[mix >> 56];
    if (cached->first == first && cached->last == last && cached->length == action.length &&
        (action.length <= 16 || memcmp(cached->text, action.data, action.length) == 0))
        return cached->action;
    cached->first = first;
    cached->last = last;
    cached->length = (uint8_t)action.length;
    memcpy(cached->text, action.data, action.length);
    cached->action = eng_model_action(engine->model, action);
    return cached->action;
}

_Static_assert(ENG_ACTION_CACHE == 256, "the cache is indexed by 8 bits");

/* The entry that an event belongs to: by its action and, where there are filters, by its
 * attributes.
 */
static inline uint16_t entry_of_event(struct eng_engine *engine, const struct eng_event *event)
{
    uint16_t action = action_of(engine, event->action);
    if (__builtin_expect(engine->model->attribute_count > 0, 0) && action != ENG_ACTION_NONE)
        return eng_condition_entry(engine->model, action, event->attributes, engine->slots);
    return action;
}

/* An event that the decoder should have refused must not break an invariant here. */
static bool well_formed(const struct eng_event *event)
{
    return event->time_ms >= 0 && event->time_ms <= ENG_TIME_MS_MAX && event->partner.length > 0 &&
           event->partner.length <= ENG_PARTNER_BYTES_MAX && event->partner.data != NULL &&
           event->action.length > 0 && event->action.data != NULL;
}

/* What is known of an event: the hashes of its partner, and of its id where that counts, and who
 * the partner probably is; ENG_PARTNER_NONE: nobody that was known. */
struct sought {
    uint64_t partner, id;
    uint32_t guess;
};

/* An event that is neither filtered nor late nor a duplicate. */
struct arrival {
    struct sought sought;
    uint32_t number; /* of its partner; ENG_PARTNER_NONE: it is new */
    uint16_t action;
    bool dedup; /* its id counts */
};

/* What an event that is held is kept with, and told to. */
struct keeping {
    uint64_t word; /* a list for a partner that had none; else 0 */
    struct eng_effects *effects;
};

/* Room for a partner more, and for what is noted of it. */
static enum eng_status reserve(struct eng_engine *engine)
{
    if (eng_store_reserve(&engine->store) != ENG_OK ||
        eng_wheel_reserve(&engine->wheel) != ENG_OK ||
        eng_changes_reserve(&engine->changes) != ENG_OK)
        return ENG_NO_MEMORY;
    return ENG_OK;
}

/* Everything that could fail, before anything has changed. Adds the partner when it is new, and
 * takes it into the hand. */
static enum eng_status make_room(struct eng_engine *engine, const struct eng_event *event,
                                 const struct arrival *arrival)
{
    eng_assert(event->partner.length > 0);
    eng_assert(engine->boundary.target_ms < 0);
    if (reserve(engine) != ENG_OK)
        return ENG_NO_MEMORY;
    if (arrival->number == ENG_PARTNER_NONE) {
        eng_take_newcomer(engine, eng_store_add(&engine->store, arrival->sought.partner,
                                                event->partner, engine->now.pane));
        return ENG_OK; /* its lists are empty */
    }
    enum eng_status status = eng_prepare(engine);
    if (status == ENG_OK && engine->layout->list_seen != ENG_NO_INDEX)
        status = eng_seen_prepare(&engine->store, &engine->hand);
    if (status == ENG_OK && eng_held_decides(engine, arrival->action) &&
        eng_held_list(&engine->hand).bytes > 0)
        status = eng_held_prepare(engine, 2); /* it, and what it releases */
    return status;
}

/* After an event: when has the partner to be looked at next? `moved`: something was told, or counts
 * may have got smaller. */
static void plan_visit(struct eng_engine *engine, bool moved, uint16_t action, int32_t due)
{
    struct eng_partner *partner = engine->hand.partner;
    int32_t other;
    eng_assert(partner->as_of == engine->now.pane);
    eng_assert(due > engine->now.pane);
    if (moved || !engine->layout->steady || partner->is_low ||
        (int64_t)partner->due - engine->now.pane <= ENG_IMMINENT_PANES ||
        eng_cells_few(&engine->hand)) {
        partner->due = ENG_PANE_NEVER;
        other = eng_measure_due(engine);
    } else {
        /* Counts have risen and nothing was told, so there is at least as much slack as before, and
         * what was counted now leaves last: what was due stays safe, and most often another event
         * comes before it. */
        other = eng_measure_due_after(engine, action);
    }
    eng_arm(engine, engine->hand.number, partner, other < due ? other : due);
}

/* True when points may be booked for the action: more cells than one then, in another pane too. */
static bool may_book(const struct eng_layout *layout, uint16_t action)
{
    eng_assert(action < layout->model->action_count);
    return layout->model->award_count > 0 &&
           (layout->action_awards_first[action] < layout->action_awards_first[action + 1] ||
            eng_action_set_has(&layout->settles, action));
}

/* Counts an event for the partner in hand and tells what changed. */
static void count(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                  bool counted, struct eng_effects *effects)
{
    int32_t pane = event->time_ms >= engine->now.start_ms
                       ? engine->now.pane
                       : (int32_t)eng_calendar_pane(engine->model->calendar, event->time_ms);
    struct eng_evaluation evaluation = {
        .cause = pane < engine->now.pane ? ENG_CAUSE_CORRECTION : ENG_CAUSE_EVENT,
        .origin_kind = ENG_ORIGIN_OFFSET,
        .origin = event->offset,
        .at_ms = engine->now.clock_ms,
        .effects = effects,
    };
    eng_assert(pane <= engine->now.pane);
    eng_assert(action < engine->model->action_count);
    bool decides =
        eng_held_decides(engine, action) && eng_held_decide(engine, event, action, &evaluation);
    if (!counted)
        eng_measure_count(engine, event, action, pane);
    bool books = may_book(engine->layout, action);
    if (books)
        eng_awards_count(engine, event, action, pane, &evaluation);
    eng_evaluate(engine, &evaluation);
    bool moved = evaluation.moved || books || decides || pane < engine->now.pane;
    /* By what a fact says now an alert may be for the partner that was not. */
    plan_visit(engine, moved || engine->scratch.said != 0, action, evaluation.due);
}

/* Keeps an event that a check holds, and its id, for the partner in hand; told of it was before. A
 * newcomer is known from here on, and looked at as after an event. */
static void hold_back(struct eng_engine *engine, const struct eng_event *event,
                      const struct arrival *arrival, const struct eng_findings *findings,
                      struct keeping keeping)
{
    struct eng_partner *partner;
    eng_assert(findings->outcome == ENG_OUTCOME_HELD);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    eng_held_keep(engine, event, findings->held_by, keeping.word);
    if (arrival->dedup)
        eng_seen_add(&engine->store, &engine->hand, arrival->sought.id);
    partner = engine->hand.partner;
    if (arrival->number != ENG_PARTNER_NONE) {
        eng_arm(engine, engine->hand.number, partner, eng_held_due(engine, &engine->hand));
        return;
    }
    partner->first_pane = (int32_t)eng_calendar_pane(engine->model->calendar, event->time_ms);
    struct eng_evaluation evaluation = {
        .cause = partner->first_pane < engine->now.pane ? ENG_CAUSE_CORRECTION : ENG_CAUSE_EVENT,
        .origin_kind = ENG_ORIGIN_OFFSET,
        .origin = event->offset,
        .at_ms = engine->now.clock_ms,
        .effects = keeping.effects,
    };
    eng_evaluate(engine, &evaluation);
    plan_visit(engine, true, arrival->action, evaluation.due);
}

/* Memory for what is kept of an event, and for its partner, who is new. */
static enum eng_status make_room_new(struct eng_engine *engine, const struct eng_event *event,
                                     const struct arrival *arrival,
                                     const struct eng_findings *findings, uint64_t *ret_word)
{
    bool held = findings->outcome == ENG_OUTCOME_HELD;
    eng_assert(arrival->number == ENG_PARTNER_NONE);
    *ret_word = 0;
    if (held && eng_held_reserve(engine, findings->held_bytes, false, ret_word) != ENG_OK)
        return ENG_NO_MEMORY;
    if (make_room(engine, event, arrival) == ENG_OK)
        return ENG_OK;
    if (held)
        eng_held_give(engine, *ret_word);
    return ENG_NO_MEMORY;
}

/* An event that some check looks at, of a partner that is new. One is only known by what is counted
 * or held. */
static enum eng_status admit_new(struct eng_engine *engine, const struct eng_event *event,
                                 const struct arrival *arrival, struct eng_effects *effects,
                                 enum eng_outcome *ret_outcome)
{
    struct eng_findings findings;
    uint64_t word = 0;
    eng_inspect(engine, event, arrival->action, false, &findings);
    *ret_outcome = findings.outcome;
    eng_assert(arrival->number == ENG_PARTNER_NONE);
    eng_assert(findings.outcome == ENG_OUTCOME_COUNTED || findings.found != 0);
    enum eng_status status = findings.outcome == ENG_OUTCOME_LEFT_OUT
                                 ? reserve(engine)
                                 : make_room_new(engine, event, arrival, &findings, &word);
    if (status != ENG_OK)
        return status; /* before anything is told */
    eng_inspect_tell(engine, event, arrival->action, &findings, effects);
    if (findings.outcome == ENG_OUTCOME_LEFT_OUT)
        return ENG_OK;
    eng_changes_note(&engine->changes, engine->hand.partner, engine->hand.number);
    if (findings.outcome == ENG_OUTCOME_HELD)
        hold_back(engine, event, arrival, &findings, (struct keeping){word, effects});
    return ENG_OK;
}

/* The same of a partner that is known, in hand and caught up: all that is kept of what is left out
 * is its id. */
static enum eng_status admit_known(struct eng_engine *engine, const struct eng_event *event,
                                   const struct arrival *arrival, struct eng_effects *effects,
                                   enum eng_outcome *ret_outcome)
{
    struct eng_findings findings;
    uint64_t word = 0;
    eng_inspect(engine, event, arrival->action, true, &findings);
    *ret_outcome = findings.outcome;
    eng_assert(arrival->number != ENG_PARTNER_NONE);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    if (findings.outcome == ENG_OUTCOME_HELD &&
        eng_held_reserve(engine, findings.held_bytes, true, &word) != ENG_OK)
        return ENG_NO_MEMORY;
    eng_inspect_tell(engine, event, arrival->action, &findings, effects);
    if (findings.outcome == ENG_OUTCOME_HELD)
        hold_back(engine, event, arrival, &findings, (struct keeping){word, effects});
    else if (findings.outcome == ENG_OUTCOME_LEFT_OUT && arrival->dedup)
        eng_seen_add(&engine->store, &engine->hand, arrival->sought.id);
    return ENG_OK;
}

/* Looks at an event before it is counted, and takes its partner into the hand, caught up: nothing
 * can fail behind this. *ret_outcome: counted, left out or held. */
static enum eng_status admit(struct eng_engine *engine, const struct eng_event *event,
                             const struct arrival *arrival, struct eng_effects *effects,
                             enum eng_outcome *ret_outcome)
{
    bool known = arrival->number != ENG_PARTNER_NONE;
    bool inspects = eng_inspects(engine->layout, arrival->action);
    *ret_outcome = ENG_OUTCOME_COUNTED;
    if (inspects && !known)
        return admit_new(engine, event, arrival, effects, ret_outcome);
    if (make_room(engine, event, arrival) != ENG_OK)
        return ENG_NO_MEMORY;
    if (ENG_RULE(DIRTY_WHEN_COUNTED) || !known)
        eng_changes_note(&engine->changes, engine->hand.partner, engine->hand.number);
    eng_measure_catch_up(engine, engine->now.pane);
    return inspects ? admit_known(engine, event, arrival, effects, ret_outcome) : ENG_OK;
}

/* Counts an event of the partner in hand, and its id. */
static void take_in(struct eng_engine *engine, const struct eng_event *event,
                    const struct arrival *arrival, struct eng_effects *effects)
{
    uint16_t action = arrival->action;
    if (__builtin_expect(engine->guards != NULL, 0) && engine->restore == NULL)
        eng_guards_count(engine, action);
    enum eng_swift_result swift = ENG_SWIFT_NOT;
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    if (arrival->number != ENG_PARTNER_NONE && !eng_held_decides(engine, action))
        swift = eng_swift_count(engine, event, action, arrival->dedup, arrival->sought.id);
    if (swift == ENG_SWIFT_DONE) {
        plan_visit(engine, false, action, ENG_PANE_NEVER);
        return;
    }
    if (arrival->dedup && swift == ENG_SWIFT_NOT)
        eng_seen_add(&engine->store, &engine->hand, arrival->sought.id);
    count(engine, event, action, swift == ENG_SWIFT_COUNTED, effects);
}

/* S4 to S6, checks and counting, for a well-formed event whose time the clock has reached. */
static enum eng_status judge(struct eng_engine *engine, const struct eng_event *event,
                             const struct sought *sought, struct eng_effects *effects,
                             enum eng_outcome *ret_outcome)
{
    struct arrival arrival = {*sought, ENG_PARTNER_NONE, entry_of_event(engine, event), false};
    eng_assert(event->time_ms <= engine->now.clock_ms);
    eng_assert(engine->boundary.target_ms < 0);
    *ret_outcome = ENG_OUTCOME_FILTERED;
    if (arrival.action == ENG_ACTION_NONE)
        return ENG_OK;
    *ret_outcome = ENG_OUTCOME_LATE;
    if (event->time_ms < engine->now.late_before_ms)
        return ENG_OK;
    arrival.number =
        eng_store_find_from(&engine->store, sought->guess, sought->partner, event->partner);
    arrival.dedup = engine->layout->list_seen != ENG_NO_INDEX && event->id.data != NULL;
    if (arrival.number != ENG_PARTNER_NONE) {
        if (__builtin_expect(engine->restore != NULL, 0) &&
            eng_restore_holds(engine->restore, arrival.number, event->offset)) {
            *ret_outcome = ENG_OUTCOME_FILTERED; /* known to the page; what it was is not told */
            return ENG_OK;
        }
        eng_take(engine, arrival.number);
        *ret_outcome = ENG_OUTCOME_DUPLICATE;
        if (arrival.dedup && eng_seen_has(&engine->hand, engine->now.pane, sought->id))
            return ENG_OK;
    }
    if (admit(engine, event, &arrival, effects, ret_outcome) != ENG_OK)
        return ENG_NO_MEMORY;
    if (*ret_outcome == ENG_OUTCOME_COUNTED)
        take_in(engine, event, &arrival, effects);
    return ENG_OK;
}

/* Moves the clock to the event if it is newer, through all boundaries in between. */
static enum eng_status move_clock(struct eng_engine *engine, int64_t time_ms,
                                  struct eng_effects *effects)
{
    eng_assert(time_ms >= 0);
    eng_assert(time_ms <= ENG_TIME_MS_MAX);
    if (engine->now.clock_ms < 0) {
        if (__builtin_expect(engine->restore != NULL, 0))
            return eng_restore_first_clock(engine, time_ms);
        eng_moment_set(&engine->now, engine->model, time_ms);
        eng_guards_first(engine);
        return ENG_OK;
    }
    if (engine->boundary.target_ms < 0 && time_ms < engine->now.end_ms) {
        if (time_ms > engine->now.clock_ms)
            engine->now.clock_ms = time_ms;
        return ENG_OK;
    }
    return eng_boundary_advance(engine, time_ms, effects, NULL);
}

static enum eng_status apply_one(struct eng_engine *engine, const struct eng_event *event,
                                 const struct sought *sought, struct eng_effects *effects,
                                 enum eng_outcome *ret_outcome)
{
    eng_assert(event != NULL);
    eng_assert(ret_outcome != NULL);
    if (event->verdict == ENG_VERDICT_FUTURE) {
        *ret_outcome = ENG_OUTCOME_FUTURE;
        return ENG_OK;
    }
    if (event->verdict != ENG_VERDICT_GOOD || !well_formed(event)) {
        *ret_outcome = ENG_OUTCOME_BAD;
        return ENG_OK;
    }
    enum eng_status status = move_clock(engine, event->time_ms, effects);
    if (status != ENG_OK)
        return status;
    if (!eng_effects_fit(engine, effects))
        return ENG_AGAIN;
    return judge(engine, event, sought, effects, ret_outcome);
}

/* What is known of events before they are applied, each in the place of its index modulo AHEAD, and
 * how far each of the stages has come. */
struct ahead {
    uint64_t partner[AHEAD], id[AHEAD]; /* hashes; of an id where there is one and it counts */
    uint32_t guess[AHEAD];              /* the partner's number, probably; or ENG_PARTNER_NONE */
    uint32_t hashed, found, fetched, opened;
};

/* Hashes partners and ids; their slots will be looked at next. */
static void stage_hash(const struct eng_engine *engine, const struct eng_batch *batch,
                       struct ahead *ahead, uint32_t end)
{
    bool dedup = engine->layout->list_seen != ENG_NO_INDEX;
    eng_assert(end <= batch->count);
    for (; ahead->hashed < end; ahead->hashed++) {
        const struct eng_event *event = &batch->events[ahead->hashed];
        uint32_t at = ahead->hashed % AHEAD;
        bool good = event->verdict == ENG_VERDICT_GOOD && event->partner.data != NULL;
        ahead->partner[at] = good ? eng_hash(event->partner.data, event->partner.length) : 0;
        ahead->id[at] =
            dedup && event->id.data != NULL ? eng_hash(event->id.data, event->id.length) : 0;
        eng_store_prefetch_slot(&engine->store, ahead->partner[at]);
    }
}

/* Finds in the table who they probably are; where their records are will be asked next. */
static void stage_find(const struct eng_engine *engine, struct ahead *ahead, uint32_t end)
{
    eng_assert(end <= ahead->hashed);
    for (; ahead->found < end; ahead->found++) {
        uint32_t at = ahead->found % AHEAD;
        ahead->guess[at] = eng_store_prefetch_handle(&engine->store, ahead->partner[at]);
    }
}

/* Fetches their records. */
static void stage_fetch(const struct eng_engine *engine, struct ahead *ahead, uint32_t end)
{
    eng_assert(end <= ahead->found);
    for (; ahead->fetched < end; ahead->fetched++) {
        uint32_t guess = ahead->guess[ahead->fetched % AHEAD];
        if (guess == ENG_PARTNER_NONE)
            continue;
        eng_store_prefetch_record(&engine->store, guess);
        if (__builtin_expect(engine->restore != NULL, 0))
            __builtin_prefetch(eng_restore_stamp(engine->restore, guess));
    }
}

/* Fetches, for records that have lists on the heap, what an event will touch there. */
static void stage_open(const struct eng_engine *engine, struct ahead *ahead, uint32_t end)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(end <= ahead->fetched);
    eng_assert(layout->list_seen != ENG_NO_INDEX);
    for (; ahead->opened < end; ahead->opened++) {
        uint32_t at = ahead->opened % AHEAD;
        if (ahead->guess[at] == ENG_PARTNER_NONE)
            continue;
        struct eng_record record = eng_record_open(&engine->store, ahead->guess[at]);
        if (!record.partner->is_crowded)
            continue;
        eng_seen_prefetch(&record, ahead->id[at]);
        if (layout->list_cells != ENG_NO_INDEX && eng_record_is_big(&record, layout->list_cells))
            __builtin_prefetch(eng_record_big(&record, layout->list_cells));
    }
}

/* So many events further, and no further than the batch. */
static inline uint32_t further(const struct eng_batch *batch, uint32_t blocks)
{
    uint32_t left = batch->count - batch->done;
    return blocks * BLOCK < left ? batch->done + blocks * BLOCK : batch->count;
}

/* Before a block of events is applied: each stage goes on by a block. */
static void step_ahead(const struct eng_engine *engine, const struct eng_batch *batch,
                       struct ahead *ahead)
{
    eng_assert(batch->done < batch->count);
    eng_assert(ahead->hashed - batch->done <= AHEAD);
    stage_hash(engine, batch, ahead, further(batch, 4));
    stage_find(engine, ahead, further(batch, 3));
    stage_fetch(engine, ahead, further(batch, 2));
    if (engine->layout->list_seen != ENG_NO_INDEX && engine->restore == NULL)
        stage_open(engine, ahead, further(batch, 1));
}

/* Where each of some names is among others; ENG_NO_SLOT: it is not. */
static void match_names(char *const *own, uint32_t count, const char *const *others,
                        uint32_t other_count, uint8_t *ret_slots)
{
    eng_assert(other_count < ENG_NO_SLOT);
    eng_assert(ret_slots != NULL);
    for (uint32_t i = 0; i < count; i++) {
        ret_slots[i] = ENG_NO_SLOT;
        for (uint32_t j = 0; j < other_count; j++)
            if (strcmp(others[j], own[i]) == 0)
                ret_slots[i] = (uint8_t)j;
    }
}

/* Where the model's attributes and numbers are among those of the events; names NULL: they are the
 * model's own. */
static void find_slots(struct eng_engine *engine, const struct eng_names *names)
{
    const struct eng_model *model = engine->model;
    eng_assert(model->attribute_count <= ENG_ATTRIBUTES_MAX);
    eng_assert(model->number_count <= ENG_NUMBERS_MAX);
    if (names != NULL) {
        match_names(model->attributes, model->attribute_count, names->attributes,
                    names->attribute_count, engine->slots);
        match_names(model->numbers, model->number_count, names->numbers, names->number_count,
                    engine->number_slots);
        return;
    }
    for (uint32_t i = 0; i < model->attribute_count; i++)
        engine->slots[i] = (uint8_t)i;
    for (uint32_t i = 0; i < model->number_count; i++)
        engine->number_slots[i] = (uint8_t)i;
}

enum eng_status eng_engine_apply(struct eng_engine *engine, struct eng_batch *batch,
                                 struct eng_effects *effects, struct eng_error *err)
{
    struct ahead ahead;
    uint32_t block_end = batch->done;
    eng_assert(batch->done <= batch->count);
    eng_assert(effects == NULL || effects->capacity >= engine->layout->effects_bytes_min);
    engine->evaluations_left = engine->step_evaluations;
    enum eng_status before = eng_activation_finish(engine, effects, err);
    if (before != ENG_OK)
        return before;
    find_slots(engine, batch->names);
    ahead.hashed = ahead.found = ahead.fetched = ahead.opened = batch->done;
    for (; batch->done < batch->count; batch->done++) {
        if (batch->done == block_end) {
            block_end = further(batch, 1);
            if (engine->restore == NULL)
                eng_store_sweep(&engine->store, SWEEP);
            step_ahead(engine, batch, &ahead);
        }
        enum eng_outcome outcome = ENG_OUTCOME_BAD;
        uint32_t at = batch->done % AHEAD;
        struct sought sought = {ahead.partner[at], ahead.id[at], ahead.guess[at]};
        enum eng_status status =
            apply_one(engine, &batch->events[batch->done], &sought, effects, &outcome);
        if (status == ENG_NO_MEMORY)
            return eng_error_set(err, status,
                                 "no memory for the event at offset %llu: %llu partners take %llu "
                                 "bytes; raise run.memory or run more processes",
                                 (unsigned long long)batch->events[batch->done].offset,
                                 (unsigned long long)eng_engine_partner_count(engine),
                                 (unsigned long long)eng_engine_memory_bytes(engine));
        if (status != ENG_OK)
            return status;
        engine->counters.read++;
        engine->counters.outcome[outcome]++;
        if (batch->outcomes != NULL)
            batch->outcomes[batch->done] = (uint8_t)outcome;
    }
    return ENG_OK;
}

enum eng_status eng_engine_tick(struct eng_engine *engine, int64_t time_ms,
                                struct eng_effects *effects, struct eng_error *err)
{
    eng_assert(engine != NULL);
    eng_assert(effects == NULL || effects->capacity >= engine->layout->effects_bytes_min);
    engine->evaluations_left = engine->step_evaluations;
    enum eng_status before = eng_activation_finish(engine, effects, err);
    if (before != ENG_OK)
        return before;
    if (engine->now.clock_ms < 0 || time_ms > ENG_TIME_MS_MAX)
        return ENG_OK;
    if (engine->boundary.target_ms < 0 && time_ms < engine->now.end_ms)
        return ENG_OK;
    const struct eng_calendar *calendar = engine->model->calendar;
    int64_t boundary_ms = eng_calendar_start_ms(calendar, eng_calendar_pane(calendar, time_ms));
    return eng_boundary_advance(engine, boundary_ms, effects, err);
}

uint32_t eng_engine_known_write(const struct eng_engine *engine, uint8_t *to)
{
    eng_assert(engine != NULL && to != NULL);
    return eng_known_write(&engine->known, engine->model, to);
}

enum eng_status eng_engine_known_read(struct eng_engine *engine, const uint8_t *from,
                                      uint32_t bytes)
{
    eng_assert(engine != NULL);
    return eng_known_read(&engine->known, engine->model, from, bytes);
}

/* The measure of a name; measure_count: there is none. */
static uint32_t find_measure(const struct eng_model *model, const char *name)
{
    uint32_t i = 0;
    eng_assert(name != NULL);
    eng_assert(model->named_measure_count <= model->measure_count);
    while (i < model->named_measure_count && strcmp(model->measures[i].name, name) != 0)
        i++;
    return i < model->named_measure_count ? i : model->measure_count;
}

/* The first pane from which on no score is provisional for the sake of a measure. */
static int32_t full_from(const struct eng_engine *engine, uint32_t measure)
{
    const struct eng_model *model = engine->model;
    int32_t from = INT32_MIN;
    eng_assert(measure < model->measure_count);
    eng_assert(model->score_count <= ENG_SCORES_MAX);
    for (uint32_t i = 0; i < model->score_count; i++)
        for (uint32_t j = 0; j < model->scores[i].dimension_count; j++) {
            if (!eng_measure_rests_on(model, model->scores[i].dimensions[j].measure, measure))
                continue;
            int32_t full = eng_known_full(&engine->known, model, i, measure);
            from = full > from ? full : from;
        }
    return from;
}

enum eng_status eng_engine_measure_known(const struct eng_engine *engine, const char *name,
                                         struct eng_measure_known *ret_known)
{
    const struct eng_calendar *calendar = engine->model->calendar;
    uint32_t index = find_measure(engine->model, name);
    eng_assert(ret_known != NULL);
    if (index == engine->model->measure_count)
        return ENG_NOT_FOUND;
    int32_t since = eng_known_since(&engine->known, engine->model, index);
    int32_t full = full_from(engine, index);
    bool always = since < 0 || engine->now.clock_ms < 0, is_full = full <= engine->now.pane;
    *ret_known = (struct eng_measure_known){
        .since_ms = always ? INT64_MIN : eng_calendar_start_ms(calendar, since),
        .full_ms = always || is_full ? INT64_MIN : eng_calendar_start_ms(calendar, full)};
    eng_assert(ret_known->full_ms == INT64_MIN || ret_known->since_ms <= ret_known->full_ms);
    return ENG_OK;
}

/* ---- looking in ---- */

size_t eng_engine_effects_bytes_min(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return engine->layout->effects_bytes_min;
}

const struct eng_model *eng_engine_model(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return engine->model;
}

int64_t eng_engine_clock_ms(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return engine->now.clock_ms;
}

int64_t eng_engine_next_boundary_ms(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return engine->now.clock_ms < 0 ? -1 : engine->now.end_ms;
}

const struct eng_counters *eng_engine_counters(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return &engine->counters;
}

uint64_t eng_engine_partner_count(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return eng_store_partners(&engine->store);
}

bool eng_engine_each(const struct eng_engine *engine, uint64_t *at, struct eng_slice *ret_partner)
{
    const struct eng_store *store = &engine->store;
    eng_assert(at != NULL && ret_partner != NULL);
    for (; *at < store->slot_count + store->slots_behind; (*at)++) {
        uint32_t number = store->slots[*at].number;
        if (number == ENG_PARTNER_NONE)
            continue;
        eng_assert(eng_store_has(store, number));
        *ret_partner = eng_partner_id(eng_store_at(store, number));
        (*at)++;
        return true;
    }
    return false;
}

uint64_t eng_engine_memory_bytes(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    return sizeof *engine + sizeof *engine->silences + eng_store_bytes(&engine->store) +
           eng_wheel_bytes(&engine->wheel) + eng_changes_bytes(&engine->changes) +
           eng_walk_bytes(&engine->walk) + eng_forecast_bytes(engine->forecast) +
           eng_outlook_bytes(engine->outlook) + eng_guards_bytes(engine->guards) +
           eng_budgets_bytes(engine->budgets) +
           (engine->activation.working ? eng_carry_bytes(engine->activation.carry) : 0);
}

void eng_engine_check(const struct eng_engine *engine)
{
    eng_assert(engine != NULL);
    uint64_t read = 0;
    for (unsigned i = 0; i < ENG_OUTCOME_COUNT; i++)
        read += engine->counters.outcome[i];
    eng_assert(read == engine->counters.read); /* S15 */
    eng_forecast_check(engine->forecast);
    eng_guards_check(engine);
    if (engine->activation.working || eng_restore_any_ahead(engine->restore))
        return; /* there are records of two layouts */
    eng_store_check(&engine->store);
    for (uint64_t i = engine->changes.first; i < engine->changes.end; i++) {
        uint32_t number = *eng_changes_at(&engine->changes, i);
        eng_assert(number == ENG_PARTNER_NONE || eng_store_at(&engine->store, number)->is_dirty);
    }
    if (engine->restore != NULL)
        return; /* pages may be younger than the clock */
    if (engine->boundary.working)
        return; /* those who wait for their visit still hold what has expired */
    for (uint32_t number = 0; number < engine->store.count; number++) {
        if (!eng_store_has(&engine->store, number))
            continue;
        struct eng_record record = eng_record_open(&engine->store, number);
        eng_measure_check(engine, &record);
        eng_evaluate_check(engine, &record);
        eng_awards_check(engine, &record);
        eng_assert(record.partner->due > engine->now.pane);
        eng_assert(record.partner->due == ENG_PANE_NEVER || record.partner->is_armed);
    }
}
