/* The rules for the fields of a record. See fields.h. */
#include "codec/fields.h"

#include "base/assert.h"
#include "base/memory.h"
#include "codec/rfc3339.h"
#include <stdio.h>
#include <string.h>

struct field_row {
    const char *name;
    bool required;
    size_t path_offset; /* in struct eng_field_paths */
};

static const struct field_row field_rows[ENG_FIELD_COUNT] = {
    [ENG_FIELD_PARTNER] = {"partner", true, offsetof(struct eng_field_paths, partner)},
    [ENG_FIELD_ACTION] = {"action", true, offsetof(struct eng_field_paths, action)},
    [ENG_FIELD_ID] = {"id", false, offsetof(struct eng_field_paths, id)},
    [ENG_FIELD_MEMBER] = {"member", false, offsetof(struct eng_field_paths, member)},
    [ENG_FIELD_TIME] = {"time", true, offsetof(struct eng_field_paths, time)},
    [ENG_FIELD_VALUE] = {"value", false, offsetof(struct eng_field_paths, value)},
};

const char *eng_field_name(enum eng_field field)
{
    eng_assert(field < ENG_FIELD_COUNT);
    return field_rows[field].name;
}

bool eng_field_required(enum eng_field field)
{
    eng_assert(field < ENG_FIELD_COUNT);
    return field_rows[field].required;
}

const char *eng_field_path(const struct eng_field_paths *paths, enum eng_field field)
{
    eng_assert(field < ENG_FIELD_COUNT);
    return *(char *const *)(const void *)((const char *)paths + field_rows[field].path_offset);
}

/* Cuts one path. The parts stay in one block with zero bytes for the dots. */
static enum eng_status init_path(struct eng_path *path, const char *text)
{
    uint32_t count = 1;
    for (const char *p = text; *p != '\0'; p++)
        count += *p == '.';
    path->text = eng_strndup(text, strlen(text));
    path->parts = eng_calloc(count, sizeof *path->parts);
    if (path->text == NULL || path->parts == NULL)
        return ENG_NO_MEMORY;
    char *part = path->text;
    for (path->count = 0; path->count < count; path->count++) {
        path->parts[path->count] = part;
        char *dot = strchr(part, '.');
        if (dot != NULL) {
            *dot = '\0';
            part = dot + 1;
        }
    }
    return ENG_OK;
}

/* No part empty, not too many parts. */
static enum eng_status check_path(const struct eng_path *path, const char *name, const char *text,
                                  struct eng_error *err)
{
    if (path->count > ENG_PATH_PARTS_MAX)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "input.fields.%s has %u parts, at most %d are possible", name,
                             path->count, ENG_PATH_PARTS_MAX);
    for (uint32_t i = 0; i < path->count; i++)
        if (path->parts[i][0] == '\0')
            return eng_error_set(
                err, ENG_BAD_CONFIG,
                "input.fields.%s is \"%s\", which has an empty part: names are joined by one dot",
                name, text);
    return ENG_OK;
}

/* The same of a field, and it is there when it has to be. */
static enum eng_status check_field(const struct eng_path *path, enum eng_field field,
                                   const char *text, struct eng_error *err)
{
    if (path->count == 0 && eng_field_required(field))
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "input.fields.%s is empty: name the field of the record that holds it",
                             eng_field_name(field));
    return check_path(path, eng_field_name(field), text, err);
}

static void path_done(struct eng_path *path)
{
    eng_free(path->text);
    eng_free(path->parts);
    *path = (struct eng_path){0};
}

/* Cuts the paths of numbers. */
static enum eng_status init_numbers(struct eng_mapping *mapping,
                                    const struct eng_properties *numbers, struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    eng_assert(numbers->count <= ENG_NUMBERS_MAX);
    for (size_t i = 0; i < numbers->count && status == ENG_OK; i++) {
        char name[sizeof "numbers." + ENG_NAME_BYTES_MAX];
        const struct eng_property *number = &numbers->items[i];
        struct eng_path *path = &mapping->paths[ENG_PLACE_NUMBERS + mapping->number_count++];
        (void)snprintf(name, sizeof name, "numbers.%s", number->name); /* fits */
        status = init_path(path, number->value);
        if (status == ENG_OK)
            status = check_path(path, name, number->value, err);
        else
            status = eng_error_set(err, status, "out of memory for the field paths");
    }
    return status;
}

enum eng_status eng_mapping_init(struct eng_mapping *mapping, const struct eng_input_config *input,
                                 struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    const char *attributes = input->fields.attributes;
    *mapping = (struct eng_mapping){.time_unit = input->time_unit};
    if (attributes != NULL && attributes[0] != '\0')
        status = init_path(&mapping->attributes, attributes);
    if (status != ENG_OK)
        (void)eng_error_set(err, status, "out of memory for the field paths"); /* returned below */
    for (int i = 0; i < ENG_FIELD_COUNT && status == ENG_OK; i++) {
        const char *text = eng_field_path(&input->fields, (enum eng_field)i);
        if (text != NULL && text[0] != '\0')
            status = init_path(&mapping->paths[i], text);
        if (status == ENG_OK)
            status = check_field(&mapping->paths[i], (enum eng_field)i, text, err);
        else
            status = eng_error_set(err, status, "out of memory for the field paths");
    }
    if (status == ENG_OK)
        status = init_numbers(mapping, &input->fields.numbers, err);
    if (status != ENG_OK)
        eng_mapping_done(mapping);
    return status;
}

void eng_mapping_done(struct eng_mapping *mapping)
{
    for (int i = 0; i < ENG_PLACES_MAX; i++)
        path_done(&mapping->paths[i]);
    path_done(&mapping->attributes);
    mapping->attribute_count = mapping->number_count = 0;
}

/* The path of what holds the attributes, and the name as a part of its own, dots and all. Without
 * such a path they stand in the record itself. */
enum eng_status eng_mapping_want(struct eng_mapping *mapping, const char *name,
                                 struct eng_error *err)
{
    const struct eng_path *holder = &mapping->attributes;
    struct eng_path *path = &mapping->paths[ENG_FIELD_COUNT + mapping->attribute_count];
    size_t length = strlen(name);
    eng_assert(mapping->attribute_count < ENG_WANTED_ATTRIBUTES_MAX);
    path->text = eng_strndup(name, length);
    path->parts = eng_calloc(holder->count + 1u, sizeof *path->parts);
    if (path->text == NULL || path->parts == NULL) {
        path_done(path);
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the path of an attribute");
    }
    for (uint32_t i = 0; i < holder->count; i++)
        path->parts[i] = holder->parts[i];
    path->parts[holder->count] = path->text;
    path->count = holder->count + 1;
    mapping->attribute_count++;
    return ENG_OK;
}

void eng_mapping_unwant(struct eng_mapping *mapping, uint32_t count)
{
    eng_assert(count <= mapping->attribute_count);
    while (mapping->attribute_count > count)
        path_done(&mapping->paths[ENG_FIELD_COUNT + --mapping->attribute_count]);
}

bool eng_fields_want(struct eng_fields *fields, struct eng_arena *arena, uint32_t attributes)
{
    eng_assert(attributes > 0 && attributes <= ENG_WANTED_ATTRIBUTES_MAX);
    fields->attributes = eng_arena_alloc(arena, attributes * sizeof *fields->attributes);
    for (uint32_t i = 0; i < attributes && fields->attributes != NULL; i++)
        fields->attributes[i] = (struct eng_slice){NULL, 0};
    return fields->attributes != NULL;
}

bool eng_fields_number(struct eng_fields *fields, struct eng_arena *arena, uint32_t numbers)
{
    eng_assert(numbers > 0 && numbers <= ENG_NUMBERS_MAX);
    fields->numbers = eng_arena_alloc(arena, numbers * sizeof *fields->numbers);
    for (uint32_t i = 0; i < numbers && fields->numbers != NULL; i++)
        fields->numbers[i] = ENG_VALUE_NONE;
    return fields->numbers != NULL;
}

int64_t eng_time_from_text(struct eng_slice text)
{
    int64_t ms;
    if (text.data == NULL || !eng_rfc3339_parse(text.data, text.length, &ms))
        return ENG_TIME_NONE;
    return eng_time_scale(ms, 1, 1);
}

uint32_t eng_decimal(int64_t number, char text[20])
{
    char reversed[20];
    uint32_t count = 0, length = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        text[length++] = '-';
    while (count > 0)
        text[length++] = reversed[--count];
    return length;
}

/* The length of the well-formed sequence at p that begins with a byte >= 0x80; 0 when it is none.
 */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    size_t length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < length)
        return 0;
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* The same for text that is not all ASCII. */
static __attribute__((noinline)) bool utf8_valid_wide(const unsigned char *p, size_t length)
{
    size_t i = 0;
    while (i < length) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t step = utf8_sequence(p + i, length - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

static inline uint64_t load_eight(const char *data)
{
    uint64_t eight;
    memcpy(&eight, data, sizeof eight);
    return eight;
}

static inline uint32_t load_four(const char *data)
{
    uint32_t four;
    memcpy(&four, data, sizeof four);
    return four;
}

/* True when no byte has its high bit set: the usual case, eight bytes at a time; the last word
 * overlaps the one before. */
static inline bool is_ascii(const char *data, size_t length)
{
    uint64_t any = 0;
    if (length >= 8) {
        any = load_eight(data + length - 8);
        for (size_t i = 0; i + 8 < length; i += 8)
            any |= load_eight(data + i);
    } else if (length >= 4) {
        any = load_four(data) | load_four(data + length - 4);
    } else if (length > 0) {
        any = ((unsigned char)data[0] | (unsigned char)data[length / 2] |
               (unsigned char)data[length - 1]);
    }
    return (any & 0x8080808080808080u) == 0;
}

static inline bool is_utf8(struct eng_slice text)
{
    return is_ascii(text.data, text.length) ||
           utf8_valid_wide((const unsigned char *)text.data, text.length);
}

bool eng_utf8_valid(const char *data, size_t length)
{
    return is_ascii(data, length) || utf8_valid_wide((const unsigned char *)data, length);
}

/* A text that has to be there. */
static inline bool good_text(struct eng_slice text, uint32_t bytes_max)
{
    return text.data != NULL && text.length > 0 && text.length <= bytes_max && is_utf8(text);
}

/* A text that may be missing, and may be empty. */
static inline bool good_optional(struct eng_slice text)
{
    return text.data == NULL || (text.length <= ENG_ID_BYTES_MAX && is_utf8(text));
}

/* An attribute that is too long or no UTF-8 is as if missing. */
void eng_fields_judge_attributes(struct eng_fields *fields, uint32_t attributes)
{
    eng_assert(fields->attributes != NULL);
    for (uint32_t i = 0; i < attributes; i++) {
        struct eng_slice *text = &fields->attributes[i];
        if (text->data != NULL && (text->length > ENG_ATTRIBUTE_BYTES_MAX || !is_utf8(*text)))
            *text = (struct eng_slice){NULL, 0};
    }
}

enum eng_reason eng_fields_judge(const struct eng_fields *fields, struct eng_event *ret_event)
{
    const struct eng_slice *text = fields->text;
    ret_event->verdict = ENG_VERDICT_BAD;
    if (!good_text(text[ENG_FIELD_PARTNER], ENG_PARTNER_BYTES_MAX))
        return ENG_REASON_PARTNER;
    if (!good_text(text[ENG_FIELD_ACTION], ENG_ACTION_BYTES_MAX))
        return ENG_REASON_ACTION;
    if (fields->time_ms == ENG_TIME_NONE)
        return ENG_REASON_TIME;
    if (!good_optional(text[ENG_FIELD_ID]) || !good_optional(text[ENG_FIELD_MEMBER]))
        return ENG_REASON_ID;
    ret_event->verdict = ENG_VERDICT_GOOD;
    ret_event->time_ms = fields->time_ms;
    ret_event->value_e4 = fields->value_e4;
    ret_event->partner = text[ENG_FIELD_PARTNER];
    ret_event->action = text[ENG_FIELD_ACTION];
    ret_event->id = text[ENG_FIELD_ID];
    ret_event->member = text[ENG_FIELD_MEMBER];
    ret_event->attributes = fields->attributes;
    ret_event->numbers = fields->numbers;
    return ENG_REASON_NONE;
}
