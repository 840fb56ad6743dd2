/* What time takes away from the partner in hand, or brings into windows that lie back, and when it
 * does so next: see measure.h. */
#include "engine/decay.h"
#include "engine/fact.h"
#include "engine/held.h"
#include "engine/measure.h"
#include "engine/seen.h"
#include "engine/slack.h"
#include "engine/swift.h"

/* ---- a boundary ---- */

/* Takes `leaving` off the total of a measure. */
static void take_off(struct eng_engine *engine, unsigned index, uint64_t leaving)
{
    unsigned total = engine->layout->measures[index].total;
    uint64_t before = eng_record_total(&engine->hand, total);
    eng_assert(leaving > 0);
    eng_assert(before >= leaving);
    eng_record_total_set(&engine->hand, total, before - leaving);
    eng_total_changed(engine, index, before, before - leaving);
}

/* Adds `entering` to the total of a measure whose window lies back. The record may move. */
static void put_on(struct eng_engine *engine, unsigned index, uint64_t entering)
{
    unsigned total = engine->layout->measures[index].total;
    uint64_t before = eng_record_total(&engine->hand, total), now = before + entering;
    eng_assert(entering > 0 && now > before);
    eng_assert(engine->model->measures[index].ago > 0);
    while (engine->hand.partner->total_code < 3 &&
           now >> (8u << engine->hand.partner->total_code) != 0)
        eng_record_widen_totals(&engine->store, &engine->hand);
    eng_record_total_set(&engine->hand, total, now);
    eng_total_changed(engine, index, before, now);
}

/* COUNT and SUM: takes the cells that reach this age off the totals of the windows that end there,
 * and adds them to those that begin there. */
static void expire_counts(struct eng_engine *engine, uint32_t age)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(&engine->hand);
    eng_assert(age > 0);
    eng_assert(age <= cells.pane_mask);
    for (uint32_t i = eng_cells_first(&cells, age); i < cells.count; i++) {
        struct eng_cell cell = eng_cells_get(&cells, i);
        if (cell.age != age)
            return;
        uint32_t end = layout->rolling_first[cell.action + 1];
        for (uint32_t j = layout->rolling_first[cell.action]; j < end; j++) {
            const struct eng_measure *measure = &engine->model->measures[layout->rolling[j]];
            if (eng_measure_reach(measure) == age)
                take_off(engine, layout->rolling[j], cell.count);
            else if (measure->ago == age)
                put_on(engine, layout->rolling[j], cell.count);
        }
        cells.data = eng_cells_of(&engine->hand).data; /* it may have moved */
    }
}

/* ACTIVE: the same for the panes of this measure. */
static void expire_active(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    struct eng_cells cells = eng_cells_of(&engine->hand);
    eng_assert(measure->kind == ENG_ACTIVE);
    eng_assert(measure->window == ENG_WINDOW_ROLLING);
    bool enters = measure->ago > 0 && active_at(&cells, place, measure->ago);
    if (active_at(&cells, place, eng_measure_reach(measure)))
        take_off(engine, index, 1);
    if (enters)
        put_on(engine, index, 1);
}

/* Takes the sums of a pane off the SUM measures whose windows it leaves, and adds them to those
 * whose windows it enters. */
static void expire_sums(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums = eng_record_list(&engine->hand, layout->list_sums, ENG_SUM_BYTES);
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    eng_assert(sums.bytes % ENG_SUM_BYTES == 0);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        uint32_t end = layout->rolling_first[element.cell + 1];
        for (uint32_t j = layout->rolling_first[element.cell]; j < end; j++) {
            const struct eng_measure *measure = &engine->model->measures[layout->rolling[j]];
            int64_t age = (int64_t)engine->hand.partner->as_of - element.pane;
            bool leaves = age == eng_measure_reach(measure);
            bool enters = measure->ago > 0 && age == measure->ago;
            if (measure->kind != ENG_SUM || measure->number != element.number ||
                (!leaves && !enters))
                continue;
            uint8_t *total =
                eng_record_fixed(&engine->hand, layout->measures[layout->rolling[j]].offset);
            store_sum(total, load_sum(total) + (leaves ? -element.sum : element.sum));
            eng_measure_changed(engine, layout->rolling[j]);
        }
    }
}

/* Drops sums that have reached their cell's retention. */
static void drop_sums(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_list sums = eng_record_list(&engine->hand, layout->list_sums, ENG_SUM_BYTES);
    uint32_t kept = 0;
    eng_assert(layout->list_sums != ENG_NO_INDEX);
    eng_assert(sums.bytes % ENG_SUM_BYTES == 0);
    for (uint32_t i = 0; i < sums.count; i++) {
        struct pane_sum element = load_pane_sum(sums.data + (size_t)i * ENG_SUM_BYTES);
        if ((int64_t)engine->hand.partner->as_of - element.pane >= layout->retention[element.cell])
            continue;
        store_pane_sum(sums.data + (size_t)kept++ * ENG_SUM_BYTES, element);
    }
    eng_record_erase(&engine->hand, layout->list_sums, kept, sums.count - kept, ENG_SUM_BYTES);
}

/* Members whose newest pane has left the window. */
static void expire_members(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    unsigned list = engine->layout->measures[index].list;
    struct eng_list members = eng_record_list(&engine->hand, list, ENG_MEMBER_BYTES);
    uint32_t kept = 0;
    eng_assert(measure->kind == ENG_MEMBERS);
    eng_assert(list != ENG_NO_INDEX);
    for (uint32_t i = 0; i < members.count; i++) {
        const uint8_t *member = members.data + (size_t)i * ENG_MEMBER_BYTES;
        if (!in_window(&engine->now, measure, eng_load_i32(member + 8)))
            continue;
        if (kept != i)
            memmove(members.data + (size_t)kept * ENG_MEMBER_BYTES, member, ENG_MEMBER_BYTES);
        kept++;
    }
    eng_record_erase(&engine->hand, list, kept, members.count - kept, ENG_MEMBER_BYTES);
}

/* A calendar window that begins anew is empty. */
static void expire_calendar(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    eng_assert(is_calendar(measure->window));
    eng_assert(place->total != ENG_NO_INDEX);
    if (engine->now.period_first[measure->window - ENG_WINDOW_WEEK] != engine->now.pane)
        return;
    eng_record_total_set(&engine->hand, place->total, 0);
    if (measure->kind == ENG_SUM)
        store_sum(eng_record_fixed(&engine->hand, place->offset), 0);
}

static void expire_cells(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    struct eng_cells cells = eng_cells_of(&engine->hand);
    eng_assert(layout->list_cells != ENG_NO_INDEX);
    eng_assert(layout->age_count > 0);
    if (cells.count == 0 || eng_cells_age(&cells, 0) < layout->ages[0])
        return; /* nothing is old enough for any window */
    for (uint32_t i = 0; i < layout->age_count; i++)
        expire_counts(engine, layout->ages[i]);
    for (uint32_t i = 0; i < layout->active_count; i++)
        expire_active(engine, layout->active[i]);
    eng_cells_expire(&engine->hand);
    if (layout->list_sums != ENG_NO_INDEX) {
        expire_sums(engine);
        drop_sums(engine);
    }
}

/* The next boundary after as_of at which a cell enters or leaves a window, or leaves the record. */
static int32_t next_leaving(const struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_partner *partner = engine->hand.partner;
    int32_t next = ENG_PANE_NEVER;
    if (layout->list_cells == ENG_NO_INDEX)
        return next;
    struct eng_cells cells = eng_cells_of(&engine->hand);
    for (uint32_t i = 0; i < layout->age_count; i++) {
        uint32_t index = eng_cells_first(&cells, layout->ages[i] - 1);
        if (index == cells.count)
            continue;
        int32_t pane = partner->as_of - (int32_t)eng_cells_age(&cells, index);
        next = earlier(next, pane + (int32_t)layout->ages[i]);
    }
    eng_assert(layout->age_count > 0);
    eng_assert(next > partner->as_of);
    return next;
}

/* The next boundary after as_of at which panes since an event contribute otherwise. Their leaving
 * the window is not among them: it is always looked at (eng_measure_timed_due). */
static int32_t next_since(const struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_record *record = &engine->hand;
    int32_t pane;
    eng_assert(layout->since_count > 0);
    eng_assert(record->partner->as_of < ENG_PANE_NEVER);
    for (uint32_t i = 0; i < layout->since_count; i++)
        if (since_newest(engine, record, layout->sinces[i], &pane) &&
            (int64_t)record->partner->as_of - pane < layout->measures[layout->sinces[i]].flat)
            return record->partner->as_of + 1;
    return ENG_PANE_NEVER;
}

/* SINCE: takes the scores that it goes into from what it contributed at `before` to as_of. Scores
 * that skip, and ratios, are looked at at every boundary (slack.h), so they are not left for later.
 */
static void step_since(struct eng_engine *engine, unsigned index, int32_t before)
{
    const struct eng_layout *layout = engine->layout;
    const struct eng_record *record = &engine->hand;
    int32_t pane;
    eng_assert(before < record->partner->as_of);
    eng_assert(index < engine->model->measure_count);
    if (!since_newest(engine, record, index, &pane))
        return;
    uint32_t was = (uint32_t)(before - pane), is = (uint32_t)(record->partner->as_of - pane);
    for (uint32_t i = layout->terms_first[index]; i < layout->terms_first[index + 1]; i++) {
        const struct eng_term *term = &layout->terms[i];
        const struct eng_score *score = &engine->model->scores[term->score];
        if (score->dimensions[term->dimension].measure == index &&
            !layout->scores[term->score].skips)
            engine->scratch.value[term->score] +=
                eng_layout_share(layout, term->score, term->dimension, is) -
                eng_layout_share(layout, term->score, term->dimension, was);
    }
}

/* Several lengths of windows, or sums or active panes, or panes since events: boundary by boundary.
 */
static void catch_up_slow(struct eng_engine *engine, int32_t pane, int32_t settled)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(settled <= pane);
    eng_assert(!layout->plain);
    for (;;) {
        int32_t before = engine->hand.partner->as_of, leaving = next_leaving(engine);
        int32_t next = layout->since_count > 0 ? earlier(leaving, next_since(engine)) : leaving;
        if (next > pane)
            return;
        engine->hand.partner->as_of = next;
        for (uint32_t i = 0; i < layout->since_count; i++)
            step_since(engine, layout->sinces[i], before);
        if (next == leaving)
            expire_cells(engine);
        if (next <= settled)
            eng_settle(engine);
    }
}

/* Takes a cell off all totals that it counts in. */
static void leave(struct eng_engine *engine, const struct eng_cell *cell)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(layout->plain);
    eng_assert(cell->action < layout->cell_count);
    for (uint32_t i = layout->rolling_first[cell->action];
         i < layout->rolling_first[cell->action + 1]; i++)
        take_off(engine, layout->rolling[i], cell->count);
}

/* Counts in windows of one length, the usual case: one pass over the cells that have left. */
static void catch_up_plain(struct eng_engine *engine, int32_t pane, int32_t settled)
{
    struct eng_record *record = &engine->hand;
    struct eng_cells cells = eng_cells_of(record);
    const struct eng_layout *layout = engine->layout;
    /* What has at least this age by the old as_of has left, if it lies within the window. */
    int64_t length = layout->ages[0], behind = (int64_t)pane - record->partner->as_of;
    uint32_t gone = 0, age = UINT32_MAX;
    int32_t base = record->partner->as_of + (int32_t)length;
    eng_assert(layout->plain);
    for (; gone < cells.count; gone++) {
        struct eng_cell cell = eng_cells_get(&cells, gone);
        if (cell.age != age) {
            if (gone > 0 && record->partner->as_of <= settled) {
                eng_settle(engine);
                cells.data = eng_cells_of(record).data; /* it may have moved */
            }
            if (cell.age + behind < length)
                break;
            age = cell.age;
            record->partner->as_of = base - (int32_t)age;
        }
        const struct eng_swift *swift = &layout->swift[layout->action_of_cell[cell.action]];
        if (swift->may)
            eng_swift_leave(engine, swift, cell.count);
        else
            leave(engine, &cell);
    }
    if (gone == 0)
        return;
    if (gone == cells.count && record->partner->as_of <= settled)
        eng_settle(engine);
    eng_record_erase(record, layout->list_cells, 0, gone, 1u << cells.code);
}

/* Takes off what leaves up to and with `pane`; what does so after `settled` is for an evaluation to
 * look at. */
static void catch_up(struct eng_engine *engine, int32_t pane, int32_t settled)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(pane >= engine->hand.partner->as_of);
    eng_assert(pane <= engine->now.pane);
    if (layout->list_seen != ENG_NO_INDEX)
        eng_seen_expire(&engine->hand, pane);
    if (layout->list_claims != ENG_NO_INDEX)
        eng_claims_expire(engine, pane);
    for (uint32_t i = 0; i < layout->text_count; i++)
        expire_members(engine, layout->texts[i]);
    if (layout->plain)
        catch_up_plain(engine, pane, settled);
    else if (layout->list_cells != ENG_NO_INDEX || layout->since_count > 0)
        catch_up_slow(engine, pane, settled);
    engine->hand.partner->as_of = pane;
}

void eng_measure_catch_up_slow(struct eng_engine *engine, int32_t pane)
{
    catch_up(engine, pane, pane);
}

void eng_measure_expire(struct eng_engine *engine)
{
    const struct eng_layout *layout = engine->layout;
    eng_assert(engine->boundary.working);
    eng_assert(engine->now.clock_ms == engine->now.start_ms);
    catch_up(engine, engine->now.pane, engine->now.pane - 1);
    engine->scratch.stale |= layout->timed_scores;
    for (uint32_t i = 0; i < layout->timed_count; i++) {
        unsigned index = layout->timed[i];
        if (layout->measures[index].total != ENG_NO_INDEX)
            expire_calendar(engine, index);
        else if (engine->model->measures[index].kind == ENG_MEMBERS)
            expire_members(engine, index);
        else if (engine->model->measures[index].kind == ENG_STREAK)
            eng_measure_drop_runs(engine, index);
        else if (engine->model->measures[index].kind == ENG_FACT)
            eng_fact_expire(engine, index);
    }
}

/* Drops runs that no event can touch any more: they end before the oldest pane that is not late,
 * and not right before it. The newest run stays. */
void eng_measure_drop_runs(struct eng_engine *engine, unsigned index)
{
    unsigned list = engine->layout->measures[index].list;
    struct eng_list runs = eng_record_list(&engine->hand, list, ENG_RUN_BYTES);
    int64_t oldest = (int64_t)engine->now.pane - engine->model->late_after;
    uint32_t dropped = 0;
    eng_assert(engine->model->measures[index].kind == ENG_STREAK);
    eng_assert(list != ENG_NO_INDEX);
    while (dropped + 1 < runs.count && run_last(&runs, dropped) < oldest)
        dropped++;
    eng_record_erase(&engine->hand, list, 0, dropped, ENG_RUN_BYTES);
}

/* ---- what comes next ---- */

static int32_t members_due(const struct eng_engine *engine, const struct eng_measure *measure,
                           const struct eng_list *members)
{
    eng_assert(members->bytes % ENG_MEMBER_BYTES == 0);
    int32_t due = ENG_PANE_NEVER;
    eng_assert(measure->kind == ENG_MEMBERS);
    for (uint32_t i = 0; i < members->count; i++)
        due =
            earlier(due, leaves_at(&engine->now, measure,
                                   eng_load_i32(members->data + (size_t)i * ENG_MEMBER_BYTES + 8)));
    return due;
}

int32_t eng_measure_timed_due(const struct eng_engine *engine, const struct eng_record *record,
                              unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_measure_layout *place = &engine->layout->measures[index];
    const uint8_t *fixed = eng_record_fixed(record, place->offset);
    int32_t pane;
    eng_assert(index < engine->model->measure_count);
    eng_assert(measure->kind != ENG_STATE);
    if (measure->kind == ENG_SINCE)
        return since_newest(engine, record, index, &pane) ? leaves_at(&engine->now, measure, pane)
                                                          : ENG_PANE_NEVER;
    if (measure->kind == ENG_FACT)
        return eng_fact_due(engine, record, index);
    if (place->list != ENG_NO_INDEX) {
        if (measure->kind == ENG_MEMBERS) {
            struct eng_list members = eng_record_list(record, place->list, ENG_MEMBER_BYTES);
            return members_due(engine, measure, &members);
        }
        struct eng_list runs = eng_record_list(record, place->list, ENG_RUN_BYTES);
        return streak_length(&engine->now, &runs) > 0 ? run_last(&runs, runs.count - 1) + 2
                                                      : ENG_PANE_NEVER;
    }
    if (measure->kind == ENG_LAST)
        return eng_load_i64(fixed) != 0 &&
                       in_window(&engine->now, measure, eng_load_i32(fixed + 16))
                   ? leaves_at(&engine->now, measure, eng_load_i32(fixed + 16))
                   : ENG_PANE_NEVER;
    return eng_record_total(record, place->total) > 0
               ? leaves_at(&engine->now, measure, engine->now.pane)
               : ENG_PANE_NEVER;
}

int32_t eng_measure_due(const struct eng_engine *engine)
{
    const struct eng_record *record = &engine->hand;
    int32_t due = ENG_PANE_NEVER;
    bool low = false;
    if (engine->layout->list_cells != ENG_NO_INDEX)
        due = eng_slack_due(engine, record, &low);
    if (engine->layout->since_count > 0)
        due = earlier(due, eng_slack_since_due(engine, record));
    for (uint32_t i = 0; i < engine->layout->ahead_count; i++)
        due = earlier(due, eng_alert_ahead_due(engine, record, engine->layout->aheads[i], &low));
    for (uint32_t i = 0; i < engine->model->score_count && engine->layout->decays; i++)
        if (engine->layout->scores[i].decay != NULL)
            due = earlier(due, eng_decay_due(engine, record, i));
    record->partner->is_low = low;
    for (uint32_t i = 0; i < engine->layout->timed_count; i++)
        due = earlier(due, eng_measure_timed_due(engine, record, engine->layout->timed[i]));
    due = earlier(due, eng_report_due(engine));
    for (uint32_t tiers = engine->layout->tier_scores; tiers != 0; tiers &= tiers - 1)
        due = earlier(due, eng_tier_due(engine, record, (unsigned)__builtin_ctz(tiers)));
    for (uint32_t i = 0; i < engine->layout->silence_count; i++)
        due = earlier(due, eng_alert_silence_due(engine, record, engine->layout->silences[i],
                                                 ENG_DUE_NEXT, due));
    for (uint32_t i = 0; i < engine->layout->deadline_count; i++)
        due = earlier(due, eng_alert_deadline_due(engine, record, engine->layout->deadlines[i]));
    if (eng_held_list(record).bytes > 0)
        due = earlier(due, eng_held_due(engine, record));
    eng_assert(record->number < engine->store.count);
    eng_assert(due > engine->now.pane);
    return due;
}

int32_t eng_measure_due_after(const struct eng_engine *engine, uint16_t action)
{
    const struct eng_layout *layout = engine->layout;
    int32_t due = ENG_PANE_NEVER;
    eng_assert(action < engine->model->action_count);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    due = eng_report_due(engine);
    for (uint32_t i = 0; i < layout->timed_count; i++)
        due = earlier(due, eng_measure_timed_due(engine, &engine->hand, layout->timed[i]));
    for (uint32_t i = layout->action_silences_first[action];
         i < layout->action_silences_first[action + 1]; i++) {
        unsigned alert = layout->action_silences[i];
        due = earlier(due, layout->deadline_bits >> alert & 1
                               ? eng_alert_deadline_due(engine, &engine->hand, alert)
                               : eng_alert_silence_due(engine, &engine->hand, alert, ENG_DUE_NEXT,
                                                       engine->hand.partner->due));
    }
    return due;
}
