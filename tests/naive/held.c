/* What checks hold, and what becomes of it. See naive.h.
 *
 * What waits is a list of its partner, oldest first, with all names written out. A released event
 * is added to what the partner did as if it had come just now; nothing else of it is special. */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

static struct eng_slice copy(struct eng_slice slice)
{
    if (slice.data == NULL)
        return slice;
    char *text = calloc(1, (size_t)slice.length + 1);
    eng_assert(text != NULL);
    memcpy(text, slice.data, slice.length);
    return (struct eng_slice){text, slice.length};
}

static struct eng_slice name_of(const char *name)
{
    return (struct eng_slice){name, (uint32_t)strlen(name)};
}

static bool same(struct eng_slice a, struct eng_slice b)
{
    return a.data != NULL && b.data != NULL && a.length == b.length &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static void forget(struct waiting *held)
{
    free((void *)(uintptr_t)held->check.data);
    free((void *)(uintptr_t)held->action.data);
    free((void *)(uintptr_t)held->id.data);
    free((void *)(uintptr_t)held->member.data);
    for (unsigned i = 0; i < held->text_count; i++) {
        free((void *)(uintptr_t)held->text_names[i].data);
        free((void *)(uintptr_t)held->texts[i].data);
    }
    for (unsigned i = 0; i < held->number_count; i++)
        free((void *)(uintptr_t)held->number_names[i].data);
}

void naive_forget_held(struct partner *partner)
{
    for (size_t i = 0; i < partner->held_count; i++)
        forget(&partner->held[i]);
    free(partner->held);
}

/* ---- coming in ---- */

static size_t text_bytes(struct eng_slice text)
{
    return 2 + (text.data != NULL ? text.length : 0);
}

/* The size that the documentation gives one. */
static size_t size_of(const struct naive *naive, const struct eng_event *event,
                      const struct fact *fact, const struct eng_check *check)
{
    const struct eng_model *model = naive->model;
    size_t bytes = 36 + text_bytes(name_of(check->name)) + text_bytes(event->action) +
                   text_bytes(event->member);
    bytes += event->id.length <= 256 ? text_bytes(event->id) : 2;
    for (unsigned i = 0; i < model->attribute_count; i++)
        if (fact->attributes[i].data != NULL)
            bytes += text_bytes(name_of(model->attributes[i])) + text_bytes(fact->attributes[i]);
    for (unsigned i = 0; i < model->number_count; i++)
        if (fact->numbers[i] != ENG_VALUE_NONE)
            bytes += text_bytes(name_of(model->numbers[i])) + 8;
    return (bytes + 7) / 8 * 8;
}

bool naive_may_hold(const struct naive *naive, const struct partner *partner,
                    const struct eng_event *event, const struct fact *fact,
                    const struct eng_check *check)
{
    size_t bytes = size_of(naive, event, fact, check), count = 0;
    for (size_t i = 0; partner != NULL && i < partner->held_count; i++) {
        bytes += partner->held[i].bytes;
        count++;
    }
    return count < 20 && bytes <= 16384;
}

void naive_hold(const struct naive *naive, struct partner *partner, const struct eng_event *event,
                const struct fact *fact, const struct eng_check *check)
{
    const struct eng_model *model = naive->model;
    struct waiting held = {.check = copy(name_of(check->name)),
                           .kind = check->kind,
                           .action = copy(event->action),
                           .member = copy(event->member),
                           .offset = event->offset,
                           .time_ms = event->time_ms,
                           .value_e4 = event->value_e4,
                           .clock_pane = fact->clock_pane,
                           .bytes = size_of(naive, event, fact, check)};
    if (event->id.length <= 256)
        held.id = copy(event->id);
    for (unsigned i = 0; i < model->attribute_count; i++) {
        if (fact->attributes[i].data == NULL)
            continue;
        held.text_names[held.text_count] = copy(name_of(model->attributes[i]));
        held.texts[held.text_count++] = copy(fact->attributes[i]);
    }
    for (unsigned i = 0; i < model->number_count; i++) {
        if (fact->numbers[i] == ENG_VALUE_NONE)
            continue;
        held.number_names[held.number_count] = copy(name_of(model->numbers[i]));
        held.numbers[held.number_count++] = fact->numbers[i];
    }
    partner->held = naive_grow(partner->held, partner->held_count, &partner->held_capacity,
                               sizeof *partner->held);
    partner->held[partner->held_count++] = held;
}

/* ---- going out ---- */

static const struct eng_check *check_of(const struct naive *naive, const struct waiting *held)
{
    for (unsigned i = 0; i < naive->model->check_count; i++)
        if (naive->model->checks[i].hold &&
            same(name_of(naive->model->checks[i].name), held->check))
            return &naive->model->checks[i];
    return NULL;
}

static struct eng_slice text_named(const struct waiting *held, const char *name)
{
    for (unsigned i = 0; i < held->text_count; i++)
        if (same(held->text_names[i], name_of(name)))
            return held->texts[i];
    return (struct eng_slice){0};
}

static void say(struct naive *naive, const struct partner *partner, const struct waiting *held,
                enum eng_then then, enum eng_reason_of_flag reason, const struct occasion *why)
{
    const struct eng_check *check = check_of(naive, held);
    struct occasion own = *why;
    own.origin_kind = ENG_ORIGIN_OFFSET;
    own.origin = held->offset;
    unsigned subject = check != NULL ? (unsigned)(check - naive->model->checks) : 0xFFFF;
    struct eng_effect effect = naive_effect(ENG_EFFECT_ABUSE_FLAG, subject, &own);
    struct eng_event event = {
        .partner = {partner->name, partner->name_bytes}, .action = held->action, .id = held->id};
    struct eng_slice text = {0};
    effect.check_kind = (uint8_t)(check != NULL ? check->kind : held->kind);
    effect.status = (uint8_t)then;
    effect.reason = (uint8_t)reason;
    effect.value_e4 = ENG_VALUE_NONE;
    effect.occurred_at_ms = held->time_ms;
    if (check != NULL && check->kind == ENG_UNIQUE)
        text = text_named(held, naive->model->attributes[check->attribute]);
    naive_emit_flag(naive, &event, &effect, text,
                    check == NULL ? held->check : (struct eng_slice){0});
    naive->counters.abuse_flags++;
    if (then == ENG_THEN_RELEASED)
        naive->counters.held_released++;
    else
        naive->counters.held_discarded++;
}

/* As an event of the model in force. */
static struct fact fact_of(const struct naive *naive, const struct waiting *held, int64_t pane)
{
    const struct eng_model *model = naive->model;
    struct fact fact = {.time_ms = held->time_ms,
                        .value_e4 = held->value_e4,
                        .clock_pane = pane,
                        .pane = eng_calendar_pane(model->calendar, held->time_ms),
                        .released = true};
    for (unsigned i = 0; i < model->attribute_count; i++)
        fact.attributes[i] = text_named(held, model->attributes[i]);
    for (unsigned i = 0; i < ENG_NUMBERS_MAX; i++)
        fact.numbers[i] = ENG_VALUE_NONE;
    for (unsigned i = 0; i < model->number_count; i++)
        for (unsigned k = 0; k < held->number_count; k++)
            if (same(held->number_names[k], name_of(model->numbers[i])))
                fact.numbers[i] = held->numbers[k];
    fact.action = naive_entry(model, held->action, fact.attributes);
    return fact;
}

/* Takes one out of the list, tells what becomes of it, and counts it if that is to be. */
static void decide(struct naive *naive, struct partner *partner, size_t place, bool release,
                   enum eng_reason_of_flag reason, const struct occasion *why)
{
    struct waiting held = partner->held[place];
    struct fact fact = fact_of(naive, &held, why->pane);
    memmove(partner->held + place, partner->held + place + 1,
            (--partner->held_count - place) * sizeof *partner->held);
    if (release && fact.action == ENG_ACTION_NONE) {
        release = false;
        reason = ENG_FLAG_UNKNOWN;
    } else if (release && fact.pane <= why->pane - (int64_t)naive->model->late_after) {
        release = false;
        reason = ENG_FLAG_LATE;
    }
    say(naive, partner, &held, release ? ENG_THEN_RELEASED : ENG_THEN_DISCARDED, reason, why);
    if (release) {
        struct eng_event event = {.id = held.id, .member = held.member};
        struct occasion own = *why;
        own.origin_kind = ENG_ORIGIN_OFFSET;
        own.origin = held.offset;
        naive_take_in(naive, partner, &event, &fact);
        naive_awards(naive, partner, &own);
    }
    forget(&held);
}

void naive_decide(struct naive *naive, struct partner *partner, const struct fact *fact,
                  const struct occasion *why)
{
    const struct eng_model *model = naive->model;
    bool decides = false;
    for (unsigned i = 0; i < model->check_count; i++)
        decides |= eng_action_set_has(&model->checks[i].releases, fact->action) ||
                   eng_action_set_has(&model->checks[i].discards, fact->action);
    if (!decides)
        return;
    for (size_t i = 0; i < partner->held_count; i++) {
        const struct waiting *held = &partner->held[i];
        const struct eng_check *check = check_of(naive, held);
        bool releases = eng_action_set_has(&check->releases, fact->action);
        struct eng_slice named =
            check->by_id ? held->id : text_named(held, model->attributes[check->reference]);
        if ((!releases && !eng_action_set_has(&check->discards, fact->action)) ||
            !same(named, fact->attributes[check->reference]))
            continue;
        decide(naive, partner, i, releases, ENG_FLAG_DECIDED, why);
        return;
    }
    naive->counters.held_unmatched++;
}

void naive_end_holds(struct naive *naive, struct partner *partner, const struct occasion *why)
{
    for (size_t i = 0; i < partner->held_count;) {
        const struct eng_check *check = check_of(naive, &partner->held[i]);
        if (why->pane < partner->held[i].clock_pane + (int64_t)check->held_for)
            i++;
        else
            decide(naive, partner, i, check->releases_at_end, ENG_FLAG_TIME, why);
    }
}

void naive_disown(struct naive *naive, struct partner *partner, const struct occasion *why)
{
    for (size_t i = 0; i < partner->held_count;)
        if (check_of(naive, &partner->held[i]) != NULL)
            i++;
        else
            decide(naive, partner, i, false, ENG_FLAG_UNCHECKED, why);
}

void naive_view_held(const struct naive *naive, const struct partner *partner,
                     struct eng_view *ret_view)
{
    const struct eng_calendar *calendar = naive->model->calendar;
    int64_t next = eng_calendar_pane(calendar, naive->clock_ms) + 1;
    for (size_t i = 0; i < partner->held_count; i++) {
        const struct waiting *held = &partner->held[i];
        int64_t until = held->clock_pane + (int64_t)check_of(naive, held)->held_for;
        ret_view->held[ret_view->held_count++] =
            (struct eng_view_held){held->check, held->action, held->id, held->time_ms,
                                   eng_calendar_start_ms(calendar, until > next ? until : next)};
    }
}
