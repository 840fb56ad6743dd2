/* JSON records through jansson. See json.h.
 *
 * jansson refuses a whole text because of one number that fits neither 64 bits nor a double, also
 * where nobody looks at it. Such a number is no reason to lose an event, so a text refused for that
 * is read once more with the number replaced by what means the same here: a huge integer by its
 * digits as a string (an id or partner is that text anyway, and as a time or value both are
 * refused), a huge real by 1e300 (larger than any value that counts). */
#include "codec/json.h"

#include "base/assert.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTEGER_DIGITS_SAFE = 18, REAL_DIGITS_SAFE = 300 };

#define REAL_REPLACEMENT "1e300"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* A number in the text. */
struct number {
    size_t length;
    bool integer;
    bool huge; /* may fit neither 64 bits nor a double */
};

/* The power of ten of the exponent "e+123" at p, its size cut at a million; *ret_end behind it,
 * NULL when it is malformed. */
static int64_t scan_exponent(const char *p, const char *end, const char **ret_end)
{
    int64_t exponent = 0;
    bool negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *digits = p;
    for (; p < end && is_digit(*p); p++)
        exponent = exponent < 1000000 ? exponent * 10 + (*p - '0') : exponent;
    *ret_end = p > digits ? p : NULL;
    return negative ? -exponent : exponent;
}

/* The place of the first digit that is not 0, counted from the point: "12.5" 2, "0.05" -1, "0.0"
 * far below. */
static int64_t magnitude(const char *whole, int64_t whole_digits, const char *end)
{
    if (*whole != '0')
        return whole_digits;
    const char *p = whole + 1;
    if (p == end || *p != '.')
        return INT32_MIN;
    const char *fraction = ++p;
    while (p < end && *p == '0')
        p++;
    return p < end && is_digit(*p) ? fraction - p : INT32_MIN;
}

/* Looks at the number that begins at p; length 0 when it is none that JSON knows. */
static struct number scan_number(const char *p, const char *end)
{
    const char *begin = p, *whole = p + (*p == '-');
    p = skip_digits(whole, end);
    int64_t whole_digits = p - whole, exponent = 0;
    bool integer = p == end || (*p != '.' && *p != 'e' && *p != 'E');
    if (whole_digits == 0 || (*whole == '0' && whole_digits > 1))
        return (struct number){0};
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p, end);
        if (p == fraction)
            return (struct number){0};
    }
    if (p < end && (*p == 'e' || *p == 'E'))
        exponent = scan_exponent(p, end, &p);
    if (p == NULL)
        return (struct number){0};
    bool huge = integer ? whole_digits > INTEGER_DIGITS_SAFE
                        : magnitude(whole, whole_digits, p) + exponent > REAL_DIGITS_SAFE;
    return (struct number){(size_t)(p - begin), integer, huge};
}

/* True when the thing that ends at p is used as a key, which a number may not be. */
static bool is_key(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p < end && *p == ':';
}

/* The end of the string that begins at p (at its quote). */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

/* Copies the number at p, replaced when it is huge; returns the bytes written. */
static size_t copy_number(const char *p, const char *end, struct number number, char *out)
{
    size_t used = 0;
    if (!number.huge || is_key(p + number.length, end)) {
        memcpy(out, p, number.length);
        return number.length;
    }
    if (!number.integer) {
        memcpy(out, REAL_REPLACEMENT, sizeof REAL_REPLACEMENT - 1);
        return sizeof REAL_REPLACEMENT - 1;
    }
    out[used++] = '"';
    memcpy(out + used, p, number.length);
    used += number.length;
    out[used++] = '"';
    return used;
}

/* The text with its huge numbers replaced; NULL when out of memory. A replaced number has more than
 * 4 characters and grows by at most 2. */
static char *tame_numbers(struct eng_arena *arena, const char *text, size_t length,
                          size_t *ret_length)
{
    const char *p = text, *end = text + length;
    size_t used = 0;
    char *out = eng_arena_alloc(arena, length + length / 2 + 8);
    if (out == NULL)
        return NULL;
    while (p < end) {
        const char *next = p + 1;
        if (*p == '"') {
            next = skip_string(p, end);
        } else if (*p == '-' || is_digit(*p)) {
            struct number number = scan_number(p, end);
            if (number.length > 0) {
                used += copy_number(p, end, number, out + used);
                p += number.length;
                continue;
            }
        }
        memcpy(out + used, p, (size_t)(next - p));
        used += (size_t)(next - p);
        p = next;
    }
    *ret_length = used;
    return out;
}

/* The value at a path; NULL when there is none. */
static const json_t *find(const json_t *object, const struct eng_path *path)
{
    const json_t *value = path->count > 0 ? object : NULL;
    for (uint32_t i = 0; i < path->count && value != NULL; i++)
        value = json_object_get(value, path->parts[i]); /* NULL when value is no object */
    return value;
}

static bool keep_text(const char *data, size_t length, struct eng_arena *arena,
                      struct eng_slice *ret_text)
{
    char *copy = eng_arena_alloc(arena, length + 1);
    if (copy == NULL || length > UINT32_MAX)
        return false;
    memcpy(copy, data, length);
    *ret_text = (struct eng_slice){copy, (uint32_t)length};
    return true;
}

/* Copies a string, or an integer as its decimal text; missing when it is neither. */
static bool read_text(const json_t *value, struct eng_arena *arena, struct eng_slice *ret_text)
{
    char decimal[20];
    *ret_text = (struct eng_slice){NULL, 0};
    if (json_is_string(value))
        return keep_text(json_string_value(value), json_string_length(value), arena, ret_text);
    if (json_is_integer(value))
        return keep_text(decimal, eng_decimal(json_integer_value(value), decimal), arena, ret_text);
    return true;
}

/* The shortest text that is read as this number again: 0.1, 1.5, 1e+21. Returns its length. */
static size_t real_text(double number, char text[32])
{
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, 32, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    eng_assert(length > 0 && length < 32);
    return (size_t)length;
}

/* Of an attribute: other numbers, true and false have a text too. */
static bool read_attribute(const json_t *value, struct eng_arena *arena, struct eng_slice *ret_text)
{
    char text[32];
    *ret_text = (struct eng_slice){NULL, 0};
    if (json_is_boolean(value))
        *ret_text =
            json_is_true(value) ? (struct eng_slice){"true", 4} : (struct eng_slice){"false", 5};
    else if (json_is_real(value))
        return keep_text(text, real_text(json_real_value(value), text), arena, ret_text);
    else
        return read_text(value, arena, ret_text);
    return true;
}

static int64_t read_time(const json_t *value, enum eng_time_unit unit)
{
    if (unit == ENG_TIME_ISO) {
        if (!json_is_string(value) || json_string_length(value) > UINT32_MAX)
            return ENG_TIME_NONE;
        return eng_time_from_text(
            (struct eng_slice){json_string_value(value), (uint32_t)json_string_length(value)});
    }
    return json_is_integer(value)
               ? eng_time_scale(json_integer_value(value), unit == ENG_TIME_S ? 1000 : 1, 1)
               : ENG_TIME_NONE;
}

static int64_t read_number(const json_t *value)
{
    return json_is_number(value) ? eng_value_e4(json_number_value(value)) : ENG_VALUE_NONE;
}

/* Parses the text; NULL and the reason when it is no JSON object. */
static json_t *parse(struct eng_arena *arena, const char *text, size_t length,
                     enum eng_reason *ret_reason)
{
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_ALLOW_NUL, &error);
    if (root == NULL && json_error_code(&error) == json_error_numeric_overflow) {
        text = tame_numbers(arena, text, length, &length);
        if (text == NULL) {
            *ret_reason = ENG_REASON_NO_MEMORY;
            return NULL;
        }
        root = json_loadb(text, length, JSON_ALLOW_NUL, &error);
    }
    *ret_reason = ENG_REASON_NOT_JSON;
    if (root == NULL && json_error_code(&error) == json_error_out_of_memory)
        *ret_reason = ENG_REASON_NO_MEMORY;
    return root;
}

enum eng_reason eng_json_read(const struct eng_mapping *mapping, struct eng_arena *arena,
                              const char *text, size_t length, struct eng_fields *ret_fields)
{
    eng_assert(text != NULL || length == 0);
    enum eng_reason reason;
    bool enough = true;
    eng_fields_clear(ret_fields);
    json_t *root = parse(arena, text, length, &reason);
    if (root == NULL)
        return reason;
    reason = json_is_object(root) ? ENG_REASON_NONE : ENG_REASON_NOT_JSON;
    for (int i = 0; i < ENG_FIELD_TEXTS && enough; i++)
        enough = read_text(find(root, &mapping->paths[i]), arena, &ret_fields->text[i]);
    if (mapping->attribute_count > 0)
        enough = enough && eng_fields_want(ret_fields, arena, mapping->attribute_count);
    for (uint32_t i = 0; i < mapping->attribute_count && enough; i++)
        enough = read_attribute(find(root, &mapping->paths[ENG_FIELD_COUNT + i]), arena,
                                &ret_fields->attributes[i]);
    ret_fields->time_ms =
        read_time(find(root, &mapping->paths[ENG_FIELD_TIME]), mapping->time_unit);
    ret_fields->value_e4 = read_number(find(root, &mapping->paths[ENG_FIELD_VALUE]));
    if (mapping->number_count > 0)
        enough = enough && eng_fields_number(ret_fields, arena, mapping->number_count);
    for (uint32_t i = 0; i < mapping->number_count && enough; i++)
        ret_fields->numbers[i] = read_number(find(root, &mapping->paths[ENG_PLACE_NUMBERS + i]));
    json_decref(root);
    return enough ? reason : ENG_REASON_NO_MEMORY;
}
