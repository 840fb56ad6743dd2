/* A growing text. See text.h. */
#include "serve/text.h"

#include "base/assert.h"
#include "base/memory.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void eng_text_clear(struct eng_text *text)
{
    eng_assert(text != NULL);
    text->used = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void eng_text_done(struct eng_text *text)
{
    eng_assert(text != NULL);
    eng_free(text->data);
    *text = (struct eng_text){0};
}

/* Room for `more` bytes and the zero behind them. */
static bool reserve(struct eng_text *text, size_t more)
{
    if (text->failed)
        return false;
    size_t needed = text->used + more + 1;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 1024;
    while (capacity < needed)
        capacity *= 2;
    char *data = eng_realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void eng_text_add(struct eng_text *text, const char *format, ...)
{
    eng_assert(text != NULL);
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    eng_assert(length >= 0);
    if (!reserve(text, (size_t)length))
        return;
    va_start(args, format);
    (void)vsnprintf(text->data + text->used, (size_t)length + 1, format, args); /* it fits */
    va_end(args);
    text->used += (size_t)length;
}

void eng_text_add_bytes(struct eng_text *text, const char *data, size_t length)
{
    eng_assert(text != NULL);
    if (length == 0 || !reserve(text, length))
        return;
    memcpy(text->data + text->used, data, length);
    text->used += length;
    text->data[text->used] = '\0';
}

/* Bytes of the UTF-8 character at data, 1 to 4; 0 when it is none. */
static size_t utf8_length(const char *data, size_t length)
{
    eng_assert(length > 0);
    const unsigned char *c = (const unsigned char *)data;
    if (c[0] < 0x80)
        return 1;
    size_t want = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    if (c[0] < 0xC2 || c[0] > 0xF4 || want > length)
        return 0;
    for (size_t i = 1; i < want; i++)
        if ((c[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xED && c[1] >= 0xA0) || (c[0] == 0xF4 && c[1] >= 0x90);
    return overlong || beyond ? 0 : want;
}

static void add_json_char(struct eng_text *text, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        eng_text_add(text, "\\%c", c);
        break;
    case '\n':
        eng_text_add_bytes(text, "\\n", 2);
        break;
    case '\r':
        eng_text_add_bytes(text, "\\r", 2);
        break;
    case '\t':
        eng_text_add_bytes(text, "\\t", 2);
        break;
    default:
        if (c < 0x20 || c == 0x7F)
            eng_text_add(text, "\\u%04x", c);
        else
            eng_text_add_bytes(text, (const char *)&c, 1);
    }
}

void eng_text_add_json(struct eng_text *text, const char *data, size_t length)
{
    eng_assert(data != NULL || length == 0);
    eng_text_add_bytes(text, "\"", 1);
    size_t at = 0;
    while (at < length) {
        size_t step = utf8_length(data + at, length - at);
        if (step == 1)
            add_json_char(text, (unsigned char)data[at]);
        else if (step > 1)
            eng_text_add_bytes(text, data + at, step);
        else
            eng_text_add_bytes(text, "\xEF\xBF\xBD", 3);
        at += step ? step : 1;
    }
    eng_text_add_bytes(text, "\"", 1);
}

void eng_text_add_html(struct eng_text *text, const char *string)
{
    eng_assert(string != NULL);
    for (const char *c = string; *c != '\0'; c++) {
        const char *special = strchr("&<>\"'", *c);
        if (special != NULL)
            eng_text_add(text, "&#%d;", *c);
        else
            eng_text_add_bytes(text, c, 1);
    }
}

void eng_text_add_base64(struct eng_text *text, const uint8_t *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        uint32_t group = (uint32_t)data[at] << 16;
        group |= left > 1 ? (uint32_t)data[at + 1] << 8 : 0;
        group |= left > 2 ? data[at + 2] : 0;
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
                        digits[group & 63]};
        if (left < 3)
            four[3] = '=';
        if (left < 2)
            four[2] = '=';
        eng_text_add_bytes(text, four, sizeof four);
    }
}

void eng_text_add_decimal(struct eng_text *text, int64_t value, int64_t divisor)
{
    eng_assert(divisor >= 1 && divisor <= 1000000000);
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    uint64_t rest = size % (uint64_t)divisor;
    eng_text_add(text, "%s%" PRIu64, value < 0 ? "-" : "", size / (uint64_t)divisor);
    if (rest == 0)
        return;
    eng_text_add_bytes(text, ".", 1);
    for (uint64_t unit = (uint64_t)divisor / 10; rest > 0; unit /= 10) {
        eng_text_add(text, "%d", (int)(rest / unit));
        rest %= unit;
    }
}
