/* Held events as they are kept: see held.h. */
#include "engine/held.h"

#include "engine/condition.h"

enum { HELD_UNIT = ENG_HELD_UNIT_BYTES };

/* ---- reading ---- */

static const uint8_t *held_read_pairs(const uint8_t *at, struct eng_held *held)
{
    eng_assert(held->attribute_count <= ENG_ATTRIBUTES_MAX);
    eng_assert(held->number_count <= ENG_NUMBERS_MAX);
    for (unsigned i = 0; i < held->attribute_count; i++) {
        at = eng_get_slice(at, &held->attribute_names[i]);
        at = eng_get_slice(at, &held->attributes[i]);
    }
    for (unsigned i = 0; i < held->number_count; i++) {
        at = eng_get_slice(at, &held->number_names[i]);
        held->numbers[i] = eng_load_i64(at);
        at += sizeof(int64_t);
    }
    return at;
}

bool eng_held_next(const struct eng_list *list, uint32_t *at, struct eng_held *ret_held)
{
    const uint8_t *from = list->data + *at;
    eng_assert(*at <= list->bytes);
    if (*at == list->bytes)
        return false;
    *ret_held = (struct eng_held){.bytes = eng_load_u32(from),
                                  .since = eng_load_i32(from + 4),
                                  .offset = eng_load_u64(from + 8),
                                  .time_ms = eng_load_i64(from + 16),
                                  .value_e4 = eng_load_i64(from + 24),
                                  .kind = from[32],
                                  .attribute_count = from[33],
                                  .number_count = from[34]};
    const uint8_t *end = eng_get_slice(from + ENG_HELD_HEAD_BYTES, &ret_held->check);
    end = eng_get_slice(eng_get_slice(end, &ret_held->action), &ret_held->id);
    end = held_read_pairs(eng_get_slice(end, &ret_held->member), ret_held);
    eng_assert(end <= from + ret_held->bytes);
    *at += ret_held->bytes;
    return true;
}

/* Passes a text of at most so many bytes; NULL: there is none, or it reaches behind the end. */
static const uint8_t *pass_slice(const uint8_t *at, const uint8_t *end, bool required,
                                 uint32_t most)
{
    struct eng_slice slice;
    if (at == NULL || end - at < ENG_SLICE_LENGTH_BYTES)
        return NULL;
    eng_assert(at <= end);
    eng_assert(most < UINT16_MAX);
    uint32_t stored = eng_load_u16(at), left = (uint32_t)(end - at) - ENG_SLICE_LENGTH_BYTES;
    if ((required && stored < 2) || (stored > 0 && (stored - 1 > left || stored - 1 > most)))
        return NULL;
    return eng_get_slice(at, &slice);
}

static const uint8_t *pass_pairs(const uint8_t *from, const uint8_t *at, const uint8_t *end)
{
    eng_assert(from < end);
    eng_assert(end - from >= ENG_HELD_HEAD_BYTES);
    for (unsigned i = 0; i < from[33]; i++) {
        at = pass_slice(at, end, true, ENG_NAME_BYTES_MAX);
        at = pass_slice(at, end, false, ENG_ATTRIBUTE_BYTES_MAX);
    }
    for (unsigned i = 0; i < from[34]; i++) {
        at = pass_slice(at, end, true, ENG_NAME_BYTES_MAX);
        at = at != NULL && end - at >= (ptrdiff_t)sizeof(int64_t) ? at + sizeof(int64_t) : NULL;
    }
    return at;
}

/* One entry of `bytes`. */
static bool is_entry(const uint8_t *from, uint32_t bytes)
{
    const uint8_t *end = from + bytes;
    int64_t time_ms = eng_load_i64(from + 16);
    eng_assert(bytes >= ENG_HELD_HEAD_BYTES);
    eng_assert(bytes % HELD_UNIT == 0);
    if (from[32] >= ENG_CHECK_KINDS || from[33] > ENG_ATTRIBUTES_MAX || from[34] > ENG_NUMBERS_MAX)
        return false;
    if (eng_load_i32(from + 4) < -1 || time_ms < 0 || time_ms > ENG_TIME_MS_MAX)
        return false;
    const uint8_t *at = pass_slice(from + ENG_HELD_HEAD_BYTES, end, true, ENG_NAME_BYTES_MAX);
    at = pass_slice(at, end, true, ENG_ACTION_BYTES_MAX);
    at = pass_slice(at, end, false, ENG_CHECK_ID_BYTES_MAX);
    at = pass_pairs(from, pass_slice(at, end, false, ENG_HELD_BYTES_MAX), end);
    return at != NULL && end - at < HELD_UNIT;
}

bool eng_held_is_well_formed(const uint8_t *data, uint32_t bytes)
{
    uint32_t count = 0;
    eng_assert(data != NULL);
    if (bytes > ENG_HELD_BYTES_MAX || bytes == 0)
        return false;
    for (uint32_t at = 0; at < bytes; count++) {
        uint32_t left = bytes - at,
                 entry = left >= ENG_HELD_HEAD_BYTES ? eng_load_u32(data + at) : 0;
        if (entry < ENG_HELD_HEAD_BYTES || entry > left || entry % HELD_UNIT != 0 ||
            !is_entry(data + at, entry))
            return false;
        at += entry;
    }
    eng_assert(count > 0);
    return count <= ENG_HELD_MAX;
}

unsigned eng_held_check(const struct eng_model *model, struct eng_slice name)
{
    unsigned i = 0;
    eng_assert(name.data != NULL);
    eng_assert(model->check_count <= ENG_CHECKS_MAX);
    while (i < model->check_count &&
           !(model->checks[i].hold && strlen(model->checks[i].name) == name.length &&
             memcmp(model->checks[i].name, name.data, name.length) == 0))
        i++;
    return i;
}

/* ---- writing ---- */

static struct eng_slice held_text(const char *text)
{
    eng_assert(text != NULL);
    eng_assert(strlen(text) < UINT16_MAX);
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

/* What is kept of an event. */
static struct eng_held held_entry(const struct eng_engine *engine, const struct eng_event *event,
                                  unsigned index)
{
    const struct eng_model *model = engine->model;
    const struct eng_check *check = &model->checks[index];
    struct eng_held held = {.since = engine->now.pane,
                            .offset = event->offset,
                            .time_ms = event->time_ms,
                            .value_e4 = event->value_e4,
                            .kind = (uint8_t)check->kind,
                            .check = held_text(check->name),
                            .action = event->action,
                            .member = event->member};
    eng_assert(check->hold);
    eng_assert(event->time_ms <= engine->now.clock_ms);
    if (event->id.data != NULL && event->id.length <= ENG_CHECK_ID_BYTES_MAX)
        held.id = event->id;
    for (unsigned i = 0; i < model->attribute_count; i++) {
        uint8_t slot = engine->slots[i];
        if (event->attributes == NULL || slot == ENG_NO_SLOT ||
            event->attributes[slot].data == NULL)
            continue;
        held.attribute_names[held.attribute_count] = held_text(model->attributes[i]);
        held.attributes[held.attribute_count++] = event->attributes[slot];
    }
    for (unsigned i = 0; i < model->number_count; i++) {
        uint8_t slot = engine->number_slots[i];
        if (event->numbers == NULL || slot == ENG_NO_SLOT || event->numbers[slot] == ENG_VALUE_NONE)
            continue;
        held.number_names[held.number_count] = held_text(model->numbers[i]);
        held.numbers[held.number_count++] = event->numbers[slot];
    }
    return held;
}

/* Whole units. */
static uint64_t held_bytes_of(const struct eng_held *held)
{
    uint64_t bytes = ENG_HELD_HEAD_BYTES + eng_slice_bytes(held->check) +
                     eng_slice_bytes(held->action) + eng_slice_bytes(held->id) +
                     (uint64_t)eng_slice_bytes(held->member);
    eng_assert(held->check.data != NULL);
    eng_assert(held->action.data != NULL);
    for (unsigned i = 0; i < held->attribute_count; i++)
        bytes += eng_slice_bytes(held->attribute_names[i]) + eng_slice_bytes(held->attributes[i]);
    for (unsigned i = 0; i < held->number_count; i++)
        bytes += eng_slice_bytes(held->number_names[i]) + sizeof(int64_t);
    return (bytes + HELD_UNIT - 1) / HELD_UNIT * HELD_UNIT;
}

static void write_entry(const struct eng_held *held, uint8_t *to)
{
    uint8_t *at = to + ENG_HELD_HEAD_BYTES;
    eng_assert(held->bytes % HELD_UNIT == 0);
    eng_assert(held->bytes >= ENG_HELD_HEAD_BYTES);
    memset(to, 0, held->bytes);
    eng_store_u32(to, held->bytes);
    eng_store_i32(to + 4, held->since);
    eng_store_u64(to + 8, held->offset);
    eng_store_i64(to + 16, held->time_ms);
    eng_store_i64(to + 24, held->value_e4);
    to[32] = held->kind;
    to[33] = held->attribute_count;
    to[34] = held->number_count;
    at = eng_put_slice(eng_put_slice(at, held->check), held->action);
    at = eng_put_slice(eng_put_slice(at, held->id), held->member);
    for (unsigned i = 0; i < held->attribute_count; i++)
        at = eng_put_slice(eng_put_slice(at, held->attribute_names[i]), held->attributes[i]);
    for (unsigned i = 0; i < held->number_count; i++) {
        at = eng_put_slice(at, held->number_names[i]);
        eng_store_i64(at, held->numbers[i]);
        at += sizeof(int64_t);
    }
    eng_assert(at <= to + held->bytes);
}

uint32_t eng_held_room(const struct eng_engine *engine, const struct eng_event *event,
                       unsigned check, bool known)
{
    struct eng_held entry = held_entry(engine, event, check), other;
    struct eng_list list = {0};
    uint64_t bytes = held_bytes_of(&entry);
    uint32_t count = 0, at = 0;
    eng_assert(engine->layout->list_held != ENG_NO_INDEX);
    eng_assert(bytes >= ENG_HELD_HEAD_BYTES);
    if (known)
        list = eng_held_list(&engine->hand);
    while (list.bytes > 0 && eng_held_next(&list, &at, &other))
        count++;
    return count < ENG_HELD_MAX && bytes + list.bytes <= ENG_HELD_BYTES_MAX ? (uint32_t)bytes : 0;
}

enum eng_status eng_held_reserve(struct eng_engine *engine, uint32_t bytes, bool known,
                                 uint64_t *ret_word)
{
    unsigned list = engine->layout->list_held;
    *ret_word = 0;
    eng_assert(bytes > 0 && bytes % HELD_UNIT == 0);
    eng_assert(list != ENG_NO_INDEX);
    if (known && eng_record_is_big(&engine->hand, list))
        return eng_record_make_room(&engine->store, &engine->hand, list, bytes / HELD_UNIT);
    *ret_word = eng_big_list_new(&engine->store, list, HELD_UNIT, NULL, bytes);
    return *ret_word != 0 ? ENG_OK : ENG_NO_MEMORY;
}

void eng_held_give(struct eng_engine *engine, uint64_t word)
{
    eng_assert(engine->layout->list_held != ENG_NO_INDEX);
    eng_assert(engine->store.layout == engine->layout);
    if (word != 0)
        eng_big_word_free(&engine->store, engine->layout, engine->layout->list_held, word);
}

void eng_held_keep(struct eng_engine *engine, const struct eng_event *event, unsigned check,
                   uint64_t word)
{
    unsigned list = engine->layout->list_held;
    struct eng_held entry = held_entry(engine, event, check);
    entry.bytes = (uint32_t)held_bytes_of(&entry);
    eng_assert(engine->hand.partner->as_of == engine->now.pane);
    if (word != 0)
        eng_record_make_big(&engine->store, &engine->hand, list, word);
    struct eng_big_list *big = eng_record_big(&engine->hand, list);
    if (word != 0)
        big->count = 0; /* as long as was asked for */
    eng_assert(big->count + entry.bytes / HELD_UNIT <= big->capacity);
    write_entry(&entry, big->data + (size_t)big->count * HELD_UNIT);
    big->count += entry.bytes / HELD_UNIT;
}

void eng_held_take_out(struct eng_engine *engine, uint32_t at, uint32_t bytes)
{
    unsigned list = engine->hand.layout->list_held;
    eng_assert(list != ENG_NO_INDEX);
    eng_assert(at % HELD_UNIT == 0 && bytes % HELD_UNIT == 0);
    eng_record_erase(&engine->hand, list, at / HELD_UNIT, bytes / HELD_UNIT, HELD_UNIT);
    if (eng_record_big(&engine->hand, list)->count == 0)
        eng_record_make_empty(&engine->store, &engine->hand, list);
}
