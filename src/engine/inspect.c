/* Checks on single events, against what was counted of their partner before.
 *
 * An event that is neither late nor a duplicate goes through the checks of its action in file
 * order, all of them, and each says whether it finds something:
 *
 *     unique      a text that was counted in the `over` panes up to its own, or later
 *     more_than   as many counted already in the `over` panes up to and with its own
 *     needs       none of the other actions counted in the `over` panes up to and with its own
 *     ratio       one measure more than so many times the other, this event in both
 *
 * Each finding is told. If one of them leaves the event out it is not counted, and then nothing of
 * it is kept but its id: no check sees it later, so `more_than` lets that many through in any such
 * window, whatever else comes. Else, if one holds it, it is kept by held.h until somebody decides.
 * What a check has decided stays decided; an event that comes late is looked at as of its own pane,
 * with what is known when it comes.
 *
 * No state is kept for this but texts, as the hashes of a hidden measure of kind MEMBERS. The other
 * kinds are told from cells and totals, which retention (layout.c) makes reach back far enough: a
 * window may end with the oldest pane that is not late. */
#include "engine/inspect.h"

#include "engine/award.h"
#include "engine/held.h"
#include "engine/measure.h"
#include "engine/score.h"

/* An event under suspicion. */
struct suspect {
    const struct eng_engine *engine;
    const struct eng_event *event;
    uint16_t action;
    bool known; /* its partner is in hand */
    int32_t pane;
};

static int64_t window_first(const struct suspect *suspect, const struct eng_check *check)
{
    eng_assert(check->over > 0);
    eng_assert(suspect->pane <= suspect->engine->now.pane);
    return (int64_t)suspect->pane + 1 - check->over;
}

/* How many events of a set were counted in the check's window. */
static uint64_t count_before(const struct suspect *suspect, const struct eng_check *check,
                             const struct eng_action_set *set)
{
    return suspect->known ? eng_measure_count_in(suspect->engine, set, window_first(suspect, check),
                                                 (int64_t)suspect->pane + 1)
                          : 0;
}

static bool is_twice(const struct suspect *suspect, const struct eng_check *check)
{
    const struct eng_engine *engine = suspect->engine;
    struct eng_slice text = eng_award_attribute(engine, suspect->event, check->attribute);
    unsigned list = engine->layout->measures[check->numbers].list;
    eng_assert(check->kind == ENG_UNIQUE);
    eng_assert(list != ENG_NO_INDEX);
    if (text.data == NULL || !suspect->known)
        return false;
    struct eng_list texts = eng_record_list(&engine->hand, list, ENG_MEMBER_BYTES);
    uint64_t hash = eng_hash(text.data, text.length);
    const uint8_t *at = texts.data + (size_t)member_at(&texts, hash) * ENG_MEMBER_BYTES;
    return at < texts.data + texts.bytes && eng_load_u64(at) == hash &&
           eng_load_i32(at + 8) >= window_first(suspect, check);
}

/* A count or sum with the event in. */
static eng_wide measure_with(const struct suspect *suspect, unsigned index)
{
    const struct eng_engine *engine = suspect->engine;
    const struct eng_measure *measure = &engine->model->measures[index];
    bool missing;
    eng_wide value = suspect->known ? eng_measure_value(engine, &engine->hand, index, &missing) : 0;
    eng_assert(measure->kind == ENG_COUNT || measure->kind == ENG_SUM);
    eng_assert(index < engine->model->measure_count);
    if (!eng_action_set_has(&measure->actions, suspect->action) ||
        !in_window(&engine->now, measure, suspect->pane))
        return value;
    if (measure->kind == ENG_COUNT)
        return value + 10000;
    int64_t more = eng_event_number(engine, suspect->event, measure->number);
    return more != ENG_VALUE_NONE ? value + more : value;
}

/* More than so many times the other, of which less than 0 is 0. Both are below 2^80. */
static bool is_outlier(const struct suspect *suspect, const struct eng_check *check,
                       int64_t *ret_value_e4)
{
    eng_wide one = measure_with(suspect, check->measures[0]);
    eng_wide other = measure_with(suspect, check->measures[1]);
    eng_assert(check->kind == ENG_OUTLIER);
    eng_assert(check->above_e4 >= 0 && check->above_e4 <= ENG_OUTLIER_MAX_E4);
    if (other <= 0)
        return one > 0;
    *ret_value_e4 = (int64_t)eng_score_ratio(one, other);
    return one * 10000 > other * check->above_e4;
}

/* Whether a check finds something, and what it says of it. */
static bool finds(const struct suspect *suspect, const struct eng_check *check,
                  int64_t *ret_value_e4)
{
    *ret_value_e4 = ENG_VALUE_NONE;
    eng_assert(check->kind < ENG_CHECK_KINDS);
    eng_assert(suspect->pane <= suspect->engine->now.pane);
    if (check->kind == ENG_UNIQUE)
        return is_twice(suspect, check);
    if (check->kind == ENG_OUTLIER)
        return is_outlier(suspect, check, ret_value_e4);
    if (check->kind == ENG_NEEDS)
        return count_before(suspect, check, &check->needs) == 0;
    uint64_t count = count_before(suspect, check, &check->actions) + 1;
    *ret_value_e4 = (int64_t)count * 10000;
    return count > check->most;
}

/* ---- telling ---- */

/* What is said of a finding of a check. */
static enum eng_then then_of(const struct eng_check *check, enum eng_outcome outcome)
{
    eng_assert(!check->leave_out || outcome == ENG_OUTCOME_LEFT_OUT);
    eng_assert(!check->hold || outcome != ENG_OUTCOME_COUNTED);
    if (check->leave_out || (check->hold && outcome == ENG_OUTCOME_LEFT_OUT))
        return ENG_THEN_LEAVE_OUT;
    return check->hold ? ENG_THEN_HELD : ENG_THEN_FLAG;
}

/* Tells of an event, as of the clock; NULL: nothing is told. */
static struct eng_effect *tell_event(const struct suspect *suspect, unsigned index,
                                     struct eng_effects *effects)
{
    const struct eng_engine *engine = suspect->engine;
    const struct eng_check *check = &engine->model->checks[index];
    const struct eng_event *event = suspect->event;
    const struct eng_evaluation evaluation = {
        .cause = suspect->pane < engine->now.pane ? ENG_CAUSE_CORRECTION : ENG_CAUSE_EVENT,
        .origin_kind = ENG_ORIGIN_OFFSET,
        .origin = event->offset,
        .at_ms = engine->now.clock_ms,
        .effects = effects,
    };
    struct eng_flagged flagged = {.action = event->action};
    eng_assert(index < engine->model->check_count);
    eng_assert(event->time_ms <= engine->now.clock_ms);
    if (event->id.data != NULL && event->id.length <= ENG_CHECK_ID_BYTES_MAX)
        flagged.id = event->id;
    if (check->kind == ENG_UNIQUE)
        flagged.text = eng_award_attribute(engine, event, check->attribute);
    struct eng_effect *effect = eng_effect_begin_flag(&evaluation, event->partner, &flagged);
    if (effect == NULL)
        return NULL;
    effect->subject = (uint16_t)index;
    effect->check_kind = (uint8_t)check->kind;
    effect->value_e4 = ENG_VALUE_NONE;
    effect->occurred_at_ms = event->time_ms;
    return effect;
}

static void tell_finding(const struct suspect *suspect, unsigned index,
                         const struct eng_findings *findings, struct eng_effects *effects)
{
    const struct eng_engine *engine = suspect->engine;
    const struct eng_check *check = &engine->model->checks[index];
    struct eng_effect *effect = tell_event(suspect, index, effects);
    eng_assert(findings->found >> index & 1);
    eng_assert(findings->outcome != ENG_OUTCOME_HELD || findings->held_bytes > 0);
    if (effect == NULL)
        return;
    effect->kind = ENG_EFFECT_ABUSE_FLAG;
    enum eng_then then = then_of(check, findings->outcome);
    effect->status = (uint8_t)then;
    effect->value_e4 = findings->value_e4[index];
    if (check->hold && findings->full)
        effect->reason = ENG_FLAG_FULL;
    if (effect->status == ENG_THEN_HELD)
        effect->due_at_ms = eng_calendar_start_ms(
            engine->model->calendar,
            (int64_t)engine->now.pane + engine->model->checks[findings->held_by].held_for);
}

/* Whoever merges hears of texts that are looked for anywhere, of events that are counted. */
static void tell_sightings(const struct suspect *suspect, struct eng_effects *effects)
{
    const struct eng_layout *layout = suspect->engine->layout;
    eng_assert(suspect->engine->model->sights);
    eng_assert(suspect->pane <= suspect->engine->now.pane);
    for (uint32_t i = layout->action_checks_first[suspect->action];
         i < layout->action_checks_first[suspect->action + 1]; i++) {
        const struct eng_check *check = &suspect->engine->model->checks[layout->action_checks[i]];
        if (!check->anywhere ||
            eng_award_attribute(suspect->engine, suspect->event, check->attribute).data == NULL)
            continue;
        struct eng_effect *effect = tell_event(suspect, layout->action_checks[i], effects);
        if (effect == NULL)
            continue;
        effect->kind = ENG_EFFECT_SIGHTING;
        effect->due_at_ms = suspect->engine->now.end_ms;
    }
}

static struct suspect suspect_of(const struct eng_engine *engine, const struct eng_event *event,
                                 uint16_t action, bool known)
{
    eng_assert(action < engine->model->action_count);
    eng_assert(!known || engine->hand.partner->as_of == engine->now.pane);
    return (struct suspect){
        engine, event, action, known,
        event->time_ms >= engine->now.start_ms
            ? engine->now.pane
            : (int32_t)eng_calendar_pane(engine->model->calendar, event->time_ms)};
}

/* ---- the whole ---- */

void eng_inspect(const struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                 bool known, struct eng_findings *ret_findings)
{
    const struct eng_layout *layout = engine->layout;
    const struct suspect suspect = suspect_of(engine, event, action, known);
    bool left_out = false, held = false;
    *ret_findings = (struct eng_findings){.outcome = ENG_OUTCOME_COUNTED, .known = known};
    eng_assert(engine->model->check_count <= ENG_CHECKS_MAX);
    for (uint32_t i = layout->action_checks_first[action];
         i < layout->action_checks_first[action + 1]; i++) {
        unsigned index = layout->action_checks[i];
        const struct eng_check *check = &engine->model->checks[index];
        if (!finds(&suspect, check, &ret_findings->value_e4[index]))
            continue;
        ret_findings->found |= 1u << index;
        left_out |= check->leave_out;
        if (check->hold && !held)
            ret_findings->held_by = (uint8_t)index;
        held |= check->hold;
    }
    if (held && !left_out) {
        ret_findings->held_bytes = eng_held_room(engine, event, ret_findings->held_by, known);
        ret_findings->full = ret_findings->held_bytes == 0;
    }
    if (left_out || ret_findings->full)
        ret_findings->outcome = ENG_OUTCOME_LEFT_OUT;
    else if (held)
        ret_findings->outcome = ENG_OUTCOME_HELD;
}

void eng_inspect_tell(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                      const struct eng_findings *findings, struct eng_effects *effects)
{
    const struct suspect suspect = suspect_of(engine, event, action, findings->known);
    eng_assert(findings->outcome < ENG_OUTCOME_COUNT);
    eng_assert(findings->outcome == ENG_OUTCOME_COUNTED || findings->found != 0);
    for (uint32_t left = findings->found; left != 0; left &= left - 1) {
        engine->counters.abuse_flags++;
        tell_finding(&suspect, (unsigned)__builtin_ctz(left), findings, effects);
    }
    if (engine->model->sights && findings->outcome == ENG_OUTCOME_COUNTED)
        tell_sightings(&suspect, effects);
}
