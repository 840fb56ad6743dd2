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
 * window, whatever else comes. What a check has decided stays decided; an event that comes late is
 * looked at as of its own pane, with what is known when it comes.
 *
 * No state is kept for this but texts, as the hashes of a hidden measure of kind MEMBERS. The other
 * kinds are told from cells and totals, which retention (layout.c) makes reach back far enough: a
 * window may end with the oldest pane that is not late. */
#include "engine/inspect.h"

#include "engine/award.h"
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

/* Tells a finding, as of the clock; `sighting`: only that its text was seen. */
static void tell_finding(const struct suspect *suspect, unsigned index, int64_t value_e4,
                         struct eng_effects *effects, bool sighting)
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
        return;
    effect->kind = sighting ? ENG_EFFECT_SIGHTING : ENG_EFFECT_ABUSE_FLAG;
    effect->due_at_ms = sighting ? engine->now.end_ms : 0;
    effect->subject = (uint16_t)index;
    effect->status = check->leave_out && !sighting ? ENG_THEN_LEAVE_OUT : ENG_THEN_FLAG;
    effect->value_e4 = value_e4;
    effect->occurred_at_ms = event->time_ms;
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
        if (check->anywhere &&
            eng_award_attribute(suspect->engine, suspect->event, check->attribute).data != NULL)
            tell_finding(suspect, layout->action_checks[i], ENG_VALUE_NONE, effects, true);
    }
}

bool eng_inspect(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                 bool known, struct eng_effects *effects)
{
    const struct eng_layout *layout = engine->layout;
    const struct suspect suspect = {
        engine, event, action, known,
        event->time_ms >= engine->now.start_ms
            ? engine->now.pane
            : (int32_t)eng_calendar_pane(engine->model->calendar, event->time_ms)};
    bool left_out = false;
    eng_assert(action < engine->model->action_count);
    eng_assert(!known || engine->hand.partner->as_of == engine->now.pane);
    for (uint32_t i = layout->action_checks_first[action];
         i < layout->action_checks_first[action + 1]; i++) {
        unsigned check = layout->action_checks[i];
        int64_t value_e4;
        if (!finds(&suspect, &engine->model->checks[check], &value_e4))
            continue;
        engine->counters.abuse_flags++;
        tell_finding(&suspect, check, value_e4, effects, false);
        left_out |= engine->model->checks[check].leave_out;
    }
    if (engine->model->sights && !left_out)
        tell_sightings(&suspect, effects);
    return left_out;
}
