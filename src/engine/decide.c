/* Decisions on what checks hold: see held.h for what is kept.
 *
 *               until, or nobody and otherwise: release
 *     held ---------------------------------------------> released: counted in its own pane
 *       |      dropped_by, or nobody and otherwise: discard
 *       +---------------------------------------------> discarded
 *
 * An event decides on one other event, the oldest that it fits, as with claims. What is released
 * goes through measures, facts, alerts and awards as an event that comes late: its own time says
 * where it counts, and what was first, or the nth, has been it. It is not looked at by checks
 * again, decides on nothing itself, and is none that guards have counted. It is discarded when it
 * is older than `late_after` by then, or nothing refers to its action any more.
 *
 * Whatever is told of it, flags and bookings, has its own offset for an origin, so that ids are
 * different for all that one event, or one boundary, decides on; what it moves is told once, by the
 * evaluation of the input that has decided. */
#include "engine/award.h"
#include "engine/condition.h"
#include "engine/held.h"

/* What becomes of an entry, and why. */
struct held_verdict {
    enum eng_then then;
    enum eng_reason_of_flag reason;
};

enum { HELD_ENTRY_BYTES = ENG_HELD_BYTES_MAX };

/* An entry that has been taken out of the list, with its bytes. */
struct held_taken {
    struct eng_held held;
    uint8_t bytes[HELD_ENTRY_BYTES];
};

static void held_take_out(struct eng_engine *engine, uint32_t at, struct held_taken *ret_taken)
{
    struct eng_list list = eng_held_list(&engine->hand);
    uint32_t bytes = eng_load_u32(list.data + at), begin = 0;
    eng_assert(at < list.bytes);
    eng_assert(bytes <= HELD_ENTRY_BYTES);
    memcpy(ret_taken->bytes, list.data + at, bytes);
    struct eng_list own = {ret_taken->bytes, bytes, 1};
    (void)eng_held_next(&own, &begin, &ret_taken->held);
    eng_held_take_out(engine, at, bytes);
}

/* ---- telling ---- */

/* The attribute of a name. */
static struct eng_slice held_attribute(const struct eng_held *held, const char *name)
{
    static const struct eng_slice none;
    size_t length = strlen(name);
    eng_assert(held->attribute_count <= ENG_ATTRIBUTES_MAX);
    eng_assert(length > 0);
    for (unsigned i = 0; i < held->attribute_count; i++)
        if (held->attribute_names[i].length == length &&
            memcmp(held->attribute_names[i].data, name, length) == 0)
            return held->attributes[i];
    return none;
}

/* Evaluations of the same input that are about the event itself. */
static struct eng_evaluation evaluation_of(const struct eng_held *held,
                                           const struct eng_evaluation *evaluation)
{
    struct eng_evaluation own = *evaluation;
    own.origin_kind = ENG_ORIGIN_OFFSET;
    own.origin = held->offset;
    return own;
}

static void tell_decision(struct eng_engine *engine, const struct eng_held *held,
                          struct held_verdict verdict, const struct eng_evaluation *evaluation)
{
    const struct eng_evaluation own = evaluation_of(held, evaluation);
    const struct eng_model *model = engine->model;
    unsigned index = eng_held_check(model, held->check);
    bool gone = index == model->check_count;
    struct eng_flagged flagged = {.action = held->action, .id = held->id};
    eng_assert(verdict.then == ENG_THEN_RELEASED || verdict.then == ENG_THEN_DISCARDED);
    eng_assert(verdict.reason != ENG_FLAG_PLAIN);
    engine->counters.abuse_flags++;
    if (verdict.then == ENG_THEN_RELEASED)
        engine->counters.held_released++;
    else
        engine->counters.held_discarded++;
    if (gone)
        flagged.check = held->check;
    else if (model->checks[index].kind == ENG_UNIQUE)
        flagged.text = held_attribute(held, model->attributes[model->checks[index].attribute]);
    struct eng_effect *effect =
        eng_effect_begin_flag(&own, eng_partner_id(engine->hand.partner), &flagged);
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_ABUSE_FLAG;
    effect->subject = gone ? (uint16_t)ENG_CHECK_GONE : (uint16_t)index;
    effect->check_kind = gone ? held->kind : (uint8_t)model->checks[index].kind;
    effect->status = (uint8_t)verdict.then;
    effect->reason = (uint8_t)verdict.reason;
    effect->value_e4 = ENG_VALUE_NONE;
    effect->occurred_at_ms = held->time_ms;
}

/* ---- counting what is released ---- */

/* The event again, with its attributes and numbers in the order of the model in force. */
struct held_again {
    struct eng_event event;
    struct eng_slice attributes[ENG_ATTRIBUTES_MAX];
    int64_t numbers[ENG_NUMBERS_MAX];
};

static void make_again(const struct eng_engine *engine, const struct eng_held *held,
                       struct held_again *ret_again)
{
    const struct eng_model *model = engine->model;
    eng_assert(model->attribute_count <= ENG_ATTRIBUTES_MAX);
    eng_assert(model->number_count <= ENG_NUMBERS_MAX);
    for (unsigned i = 0; i < model->attribute_count; i++)
        ret_again->attributes[i] = held_attribute(held, model->attributes[i]);
    for (unsigned i = 0; i < model->number_count; i++) {
        ret_again->numbers[i] = ENG_VALUE_NONE;
        for (unsigned k = 0; k < held->number_count; k++)
            if (strlen(model->numbers[i]) == held->number_names[k].length &&
                memcmp(model->numbers[i], held->number_names[k].data,
                       held->number_names[k].length) == 0)
                ret_again->numbers[i] = held->numbers[k];
    }
    ret_again->event = (struct eng_event){.time_ms = held->time_ms,
                                          .value_e4 = held->value_e4,
                                          .offset = held->offset,
                                          .partner = eng_partner_id(engine->hand.partner),
                                          .action = held->action,
                                          .id = held->id,
                                          .member = held->member,
                                          .attributes = ret_again->attributes,
                                          .numbers = ret_again->numbers};
}

/* The entry of the model that it belongs to now. */
static uint16_t entry_now(const struct eng_engine *engine, const struct eng_event *event)
{
    uint16_t action = eng_model_action(engine->model, event->action);
    eng_assert(event->action.data != NULL);
    eng_assert(engine->model->attribute_count == 0 || engine->slots[0] == 0);
    return action != ENG_ACTION_NONE && engine->model->attribute_count > 0
               ? eng_condition_entry(engine->model, action, event->attributes, engine->slots)
               : action;
}

/* Releases an event, if it can still be counted. The slots are those of the model. */
static void count_again(struct eng_engine *engine, const struct eng_held *held,
                        struct held_verdict verdict, const struct eng_evaluation *evaluation)
{
    const struct eng_evaluation own = evaluation_of(held, evaluation);
    struct held_again again;
    make_again(engine, held, &again);
    uint16_t action = entry_now(engine, &again.event);
    eng_assert(held->time_ms <= engine->now.clock_ms);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    if (action == ENG_ACTION_NONE)
        verdict = (struct held_verdict){ENG_THEN_DISCARDED, ENG_FLAG_UNKNOWN};
    else if (held->time_ms < engine->now.late_before_ms)
        verdict = (struct held_verdict){ENG_THEN_DISCARDED, ENG_FLAG_LATE};
    tell_decision(engine, held, verdict, evaluation);
    if (verdict.then != ENG_THEN_RELEASED)
        return;
    int32_t pane = (int32_t)eng_calendar_pane(engine->model->calendar, held->time_ms);
    eng_measure_count(engine, &again.event, action, pane);
    if (engine->model->award_count > 0)
        eng_awards_count(engine, &again.event, action, pane, &own);
}

static void held_release(struct eng_engine *engine, const struct eng_held *held,
                         struct held_verdict verdict, const struct eng_evaluation *evaluation)
{
    uint8_t slots[ENG_ATTRIBUTES_MAX], number_slots[ENG_NUMBERS_MAX];
    eng_assert(sizeof slots == sizeof engine->slots);
    eng_assert(sizeof number_slots == sizeof engine->number_slots);
    memcpy(slots, engine->slots, sizeof slots);
    memcpy(number_slots, engine->number_slots, sizeof number_slots);
    for (unsigned i = 0; i < sizeof slots; i++)
        engine->slots[i] = (uint8_t)i;
    for (unsigned i = 0; i < sizeof number_slots; i++)
        engine->number_slots[i] = (uint8_t)i;
    count_again(engine, held, verdict, evaluation);
    memcpy(engine->slots, slots, sizeof slots);
    memcpy(engine->number_slots, number_slots, sizeof number_slots);
}

static void held_decide_one(struct eng_engine *engine, uint32_t at, struct held_verdict verdict,
                            const struct eng_evaluation *evaluation)
{
    struct held_taken taken;
    held_take_out(engine, at, &taken);
    eng_assert(taken.held.bytes > 0);
    eng_assert(verdict.reason == ENG_FLAG_DECIDED || verdict.reason == ENG_FLAG_TIME);
    if (verdict.then == ENG_THEN_RELEASED)
        held_release(engine, &taken.held, verdict, evaluation);
    else
        tell_decision(engine, &taken.held, verdict, evaluation);
}

enum eng_status eng_held_prepare(struct eng_engine *engine, uint32_t times)
{
    eng_assert(times <= ENG_HELD_MAX + 1);
    eng_assert(engine->layout->list_held != ENG_NO_INDEX);
    if (times == 0)
        return ENG_OK;
    enum eng_status status = eng_record_prepare_many(&engine->store, &engine->hand, times);
    return status == ENG_OK ? eng_prepare(engine) : status;
}

/* ---- by an event ---- */

static bool is_same_text(struct eng_slice one, struct eng_slice two)
{
    return one.data != NULL && two.data != NULL && one.length == two.length &&
           (one.length == 0 || memcmp(one.data, two.data, one.length) == 0);
}

/* True when the event is about this one. */
static bool is_about(const struct eng_engine *engine, const struct eng_check *check,
                     const struct eng_event *event, const struct eng_held *held)
{
    struct eng_slice named = eng_award_attribute(engine, event, check->reference);
    eng_assert(check->hold);
    eng_assert(check->reference < engine->model->attribute_count);
    return is_same_text(
        named, check->by_id ? held->id
                            : held_attribute(held, engine->model->attributes[check->reference]));
}

bool eng_held_decide(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                     const struct eng_evaluation *evaluation)
{
    struct eng_list list = eng_held_list(&engine->hand);
    struct eng_held held;
    eng_assert(eng_held_decides(engine, action));
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    for (uint32_t at = 0, begin = 0; list.bytes > 0 && eng_held_next(&list, &at, &held);
         begin = at) {
        unsigned index = eng_held_check(engine->model, held.check);
        const struct eng_check *check = &engine->model->checks[index];
        eng_assert(index < engine->model->check_count);
        bool releases = eng_action_set_has(&check->releases, action);
        if ((!releases && !eng_action_set_has(&check->discards, action)) ||
            !is_about(engine, check, event, &held))
            continue;
        held_decide_one(engine, begin,
                        (struct held_verdict){releases ? ENG_THEN_RELEASED : ENG_THEN_DISCARDED,
                                              ENG_FLAG_DECIDED},
                        evaluation);
        return true;
    }
    engine->counters.held_unmatched++;
    return false;
}

/* ---- by time ---- */

/* The first pane at whose beginning nobody has to decide any more. */
static int64_t held_until(const struct eng_engine *engine, const struct eng_held *held)
{
    unsigned index = eng_held_check(engine->model, held->check);
    eng_assert(index < engine->model->check_count);
    eng_assert(engine->model->checks[index].held_for > 0);
    return (int64_t)held->since + engine->model->checks[index].held_for;
}

int64_t eng_held_until_ms(const struct eng_engine *engine, const struct eng_held *held)
{
    int64_t pane = held_until(engine, held), next = (int64_t)engine->now.pane + 1;
    eng_assert(engine->now.clock_ms >= 0);
    eng_assert(held->since <= engine->now.pane);
    return eng_calendar_start_ms(engine->model->calendar, pane > next ? pane : next);
}

uint32_t eng_held_over(const struct eng_engine *engine)
{
    struct eng_list list = eng_held_list(&engine->hand);
    struct eng_held held;
    uint32_t count = 0, at = 0;
    eng_assert(engine->now.clock_ms >= 0);
    while (list.bytes > 0 && eng_held_next(&list, &at, &held))
        count += held_until(engine, &held) <= engine->now.pane;
    eng_assert(count <= ENG_HELD_MAX);
    return count;
}

bool eng_held_expire(struct eng_engine *engine, const struct eng_evaluation *evaluation)
{
    struct eng_list list = eng_held_list(&engine->hand);
    struct eng_held held;
    uint64_t released = engine->counters.held_released;
    uint32_t at = 0, begin = 0;
    eng_assert(evaluation->at_boundary);
    eng_assert(engine->boundary.working);
    while (list.bytes > 0 && eng_held_next(&list, &at, &held)) {
        bool over = held_until(engine, &held) <= engine->now.pane;
        bool releases =
            engine->model->checks[eng_held_check(engine->model, held.check)].releases_at_end;
        if (over) {
            held_decide_one(engine, begin,
                            (struct held_verdict){releases ? ENG_THEN_RELEASED : ENG_THEN_DISCARDED,
                                                  ENG_FLAG_TIME},
                            evaluation);
            list = eng_held_list(&engine->hand);
            at = begin;
        }
        begin = at;
    }
    return engine->counters.held_released != released;
}

int32_t eng_held_due(const struct eng_engine *engine, const struct eng_record *record)
{
    struct eng_list list = eng_held_list(record);
    struct eng_held held;
    int64_t due = ENG_PANE_NEVER;
    uint32_t at = 0;
    eng_assert(record->partner != NULL);
    while (list.bytes > 0 && eng_held_next(&list, &at, &held)) {
        int64_t over = held_until(engine, &held);
        due = over < due ? over : due;
    }
    eng_assert(due >= 0);
    return due > engine->now.pane ? (int32_t)due : engine->now.pane + 1;
}

/* ---- at a change of model ---- */

/* Where the first entry begins that belongs to no check of the model in force. */
static bool find_orphan(const struct eng_engine *engine, const struct eng_record *record,
                        uint32_t *ret_at, uint32_t *ret_count)
{
    struct eng_list list = eng_held_list(record);
    struct eng_held held;
    uint32_t at = 0, begin = 0;
    *ret_count = 0;
    eng_assert(engine->activation.working);
    eng_assert(record->layout == engine->activation.layout_before);
    while (list.bytes > 0 && eng_held_next(&list, &at, &held)) {
        if (eng_held_check(engine->model, held.check) == engine->model->check_count) {
            *ret_at = *ret_count == 0 ? begin : *ret_at;
            (*ret_count)++;
        }
        begin = at;
    }
    return *ret_count > 0;
}

bool eng_held_disown(struct eng_engine *engine, struct eng_record *record,
                     struct eng_effects *effects)
{
    const struct eng_evaluation evaluation = {
        .cause = ENG_CAUSE_CONFIG, .at_ms = engine->now.clock_ms, .effects = effects};
    uint64_t flags = engine->counters.abuse_flags;
    uint32_t at = 0, count;
    eng_assert(engine->activation.working);
    if (!find_orphan(engine, record, &at, &count))
        return true;
    if (effects != NULL &&
        effects->capacity - effects->used < (size_t)count * engine->layout->flag_bytes_most)
        return false;
    struct eng_record hand = engine->hand;
    engine->hand = *record;
    for (; find_orphan(engine, &engine->hand, &at, &count);) {
        struct held_taken taken;
        held_take_out(engine, at, &taken);
        tell_decision(engine, &taken.held,
                      (struct held_verdict){ENG_THEN_DISCARDED, ENG_FLAG_UNCHECKED}, &evaluation);
    }
    *record = engine->hand;
    engine->hand = hand;
    if (engine->activation.silent)
        engine->counters.abuse_flags = flags; /* of what is told */
    eng_assert(effects == NULL || effects->used <= effects->capacity);
    return true;
}
