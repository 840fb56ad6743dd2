/* The growing buffer and the pieces that encoders write. See writer.h. */
#include "codec/writer.h"

#include "base/assert.h"
#include "base/memory.h"
#include "codec/fields.h"

enum { CAPACITY_MIN = 256 };

void eng_bytes_clear(struct eng_bytes *bytes)
{
    bytes->used = 0;
}

void eng_bytes_done(struct eng_bytes *bytes)
{
    eng_free(bytes->data);
    *bytes = (struct eng_bytes){0};
}

enum eng_status eng_bytes_reserve(struct eng_bytes *bytes, size_t more)
{
    eng_assert(bytes->used <= bytes->capacity);
    if (bytes->capacity - bytes->used >= more)
        return ENG_OK;
    if (more > SIZE_MAX / 4 || bytes->used > SIZE_MAX / 4)
        return ENG_NO_MEMORY;
    size_t capacity = bytes->capacity * 2 > CAPACITY_MIN ? bytes->capacity * 2 : CAPACITY_MIN;
    if (capacity < bytes->used + more)
        capacity = bytes->used + more;
    uint8_t *data = eng_realloc(bytes->data, capacity);
    if (data == NULL)
        return ENG_NO_MEMORY;
    bytes->data = data;
    bytes->capacity = capacity;
    return ENG_OK;
}

enum eng_status eng_bytes_append(struct eng_bytes *bytes, const void *data, size_t length)
{
    eng_assert(data != NULL || length == 0);
    enum eng_status status = eng_bytes_reserve(bytes, length);
    if (status == ENG_OK && length > 0) {
        memcpy(bytes->data + bytes->used, data, length);
        bytes->used += length;
    }
    return status;
}

void eng_put_decimal(struct eng_writer *writer, int64_t number)
{
    char text[20];
    eng_put(writer, text, eng_decimal(number, text));
}

void eng_put_unsigned(struct eng_writer *writer, uint64_t number)
{
    if (number >= 10)
        eng_put_decimal(writer, (int64_t)(number / 10));
    eng_put_byte(writer, (uint8_t)('0' + number % 10));
}

void eng_put_e4(struct eng_writer *writer, int64_t number_e4)
{
    uint64_t size = number_e4 < 0 ? 0 - (uint64_t)number_e4 : (uint64_t)number_e4;
    uint64_t fraction = size % 10000;
    char digits[4];
    size_t count = 4;
    if (number_e4 < 0)
        eng_put_byte(writer, '-');
    eng_put_unsigned(writer, size / 10000);
    if (fraction == 0)
        return;
    for (int i = 3; i >= 0; i--, fraction /= 10)
        digits[i] = (char)('0' + fraction % 10);
    while (digits[count - 1] == '0')
        count--;
    eng_put_byte(writer, '.');
    eng_put(writer, digits, count);
}

/* One character that may not stand in a JSON string as it is. */
static void put_escaped(struct eng_writer *writer, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = c != '\0' ? strchr(from, c) : NULL;
    eng_put_byte(writer, '\\');
    if (found != NULL) {
        eng_put_byte(writer, (uint8_t)to[found - from]);
        return;
    }
    char code[] = {'u', '0', '0', hex[c >> 4], hex[c & 15]};
    eng_put(writer, code, sizeof code);
}

void eng_put_json_string(struct eng_writer *writer, struct eng_slice text)
{
    uint32_t plain = 0; /* where the run of characters that need no escape begins */
    eng_put_byte(writer, '"');
    for (uint32_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        eng_put(writer, text.data + plain, i - plain);
        put_escaped(writer, c);
        plain = i + 1;
    }
    eng_put(writer, text.data + plain, text.length - plain);
    eng_put_byte(writer, '"');
}
