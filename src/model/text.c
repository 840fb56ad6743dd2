/* Numbers, durations and sizes as text. See text.h. */
#include "model/text.h"

#include "base/assert.h"
#include <stdio.h>
#include <string.h>

#define NUMBER_LIMIT 1000000000000000000LL /* 10^18 */
#define DURATION_MS_LIMIT 1000000000000000LL

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits from *at on into *value; false when it grows to the limit or beyond. */
static bool take_digits(const char *text, size_t length, size_t *at, int64_t *value)
{
    for (; *at < length && is_digit(text[*at]); (*at)++) {
        if (*value >= NUMBER_LIMIT / 10)
            return false;
        *value = *value * 10 + (text[*at] - '0');
    }
    return true;
}

/* The exponent, if one stands there. False when what stands there is not one. */
static bool take_exponent(const char *text, size_t length, size_t *at, int64_t *exponent)
{
    if (*at == length)
        return true;
    if (text[*at] != 'e' && text[*at] != 'E')
        return false;
    bool negative = ++*at < length && text[*at] == '-';
    if (*at < length && (text[*at] == '-' || text[*at] == '+'))
        ++*at;
    size_t digits = *at;
    if (!take_digits(text, length, at, exponent) || *at == digits || *exponent > 99)
        return false;
    if (negative)
        *exponent = -*exponent;
    return *at == length;
}

/* value * 10^power, or a fault. */
static enum eng_text_fault shift(int64_t value, int64_t power, int64_t *ret_value)
{
    if (power < 0)
        return ENG_TEXT_DECIMALS;
    for (; power > 0 && value != 0; power--) {
        if (value >= NUMBER_LIMIT / 10)
            return ENG_TEXT_SIZE;
        value *= 10;
    }
    *ret_value = value;
    return ENG_TEXT_OK;
}

enum eng_text_fault eng_text_number(const char *text, size_t length, unsigned decimals,
                                    int64_t *ret_value)
{
    eng_assert(text != NULL && decimals <= 4);
    bool negative = length > 0 && text[0] == '-';
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0, start = at, point = 0;
    int64_t value = 0, exponent = 0;
    if (!take_digits(text, length, &at, &value))
        return ENG_TEXT_SIZE;
    size_t digits = at - start;
    if (at < length && text[at] == '.') {
        start = ++at;
        if (!take_digits(text, length, &at, &value))
            return ENG_TEXT_SIZE;
        point = at - start;
        digits += point;
    }
    if (digits == 0 || !take_exponent(text, length, &at, &exponent))
        return ENG_TEXT_SHAPE;
    enum eng_text_fault fault = shift(value, (int64_t)decimals - (int64_t)point + exponent, &value);
    if (fault == ENG_TEXT_OK)
        *ret_value = negative ? -value : value;
    return fault;
}

struct unit {
    const char *name;
    int64_t factor;
};

/* A whole number followed by the name of a unit. */
static enum eng_text_fault whole_with_unit(const char *text, size_t length,
                                           const struct unit *units, int64_t *ret_value)
{
    size_t at = 0;
    int64_t value = 0;
    if (!take_digits(text, length, &at, &value))
        return ENG_TEXT_SIZE;
    if (at == 0)
        return ENG_TEXT_SHAPE;
    if (at == length && value == 0) {
        *ret_value = 0;
        return ENG_TEXT_OK;
    }
    for (; units->name != NULL; units++)
        if (strlen(units->name) == length - at && memcmp(units->name, text + at, length - at) == 0)
            break;
    if (units->name == NULL)
        return ENG_TEXT_SHAPE;
    if (value >= NUMBER_LIMIT / units->factor)
        return ENG_TEXT_SIZE;
    *ret_value = value * units->factor;
    return ENG_TEXT_OK;
}

enum eng_text_fault eng_text_duration(const char *text, size_t length, int64_t *ret_ms)
{
    static const struct unit units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                        {"s", 1000},     {"ms", 1},      {NULL, 0}};
    eng_assert(text != NULL && ret_ms != NULL);
    int64_t value = 0;
    enum eng_text_fault fault = whole_with_unit(text, length, units, &value);
    if (fault == ENG_TEXT_OK && value >= DURATION_MS_LIMIT)
        return ENG_TEXT_SIZE;
    if (fault == ENG_TEXT_OK)
        *ret_ms = value;
    return fault;
}

enum eng_text_fault eng_text_bytes(const char *text, size_t length, int64_t *ret_bytes)
{
    static const struct unit units[] = {{"B", 1},           {"KiB", 1LL << 10}, {"MiB", 1LL << 20},
                                        {"GiB", 1LL << 30}, {"TiB", 1LL << 40}, {NULL, 0}};
    eng_assert(text != NULL && ret_bytes != NULL);
    return whole_with_unit(text, length, units, ret_bytes);
}

const char *eng_text_show_number(char *buffer, size_t bytes, int64_t value, unsigned decimals)
{
    eng_assert(buffer != NULL && bytes >= ENG_TEXT_SHOWN_BYTES);
    int64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int used = snprintf(buffer, bytes, "%s%llu", value < 0 ? "-" : "",
                        (unsigned long long)(size / (uint64_t)unit));
    uint64_t rest = size % (uint64_t)unit;
    if (rest == 0)
        return buffer;
    used += snprintf(buffer + used, bytes - (size_t)used, ".%0*llu", (int)decimals,
                     (unsigned long long)rest);
    while (buffer[used - 1] == '0')
        buffer[--used] = '\0';
    return buffer;
}

const char *eng_text_show_duration(char *buffer, size_t bytes, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    eng_assert(buffer != NULL && bytes >= ENG_TEXT_SHOWN_BYTES);
    size_t at = 0;
    if (ms == 0)
        return memcpy(buffer, "0", 2);
    while (ms % units[at].ms != 0)
        at++;
    (void)snprintf(buffer, bytes, "%lld%s", (long long)(ms / units[at].ms), units[at].unit);
    return buffer;
}

enum { WORD_MAX = 48 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters to insert, leave out or replace, capitals being equal to small ones. */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned row[WORD_MAX + 1];
    eng_assert(b_length <= WORD_MAX);
    for (unsigned j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 0; i < a_length; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < b_length; j++) {
            unsigned replace = corner + (lower(a[i]) != lower(b[j]));
            corner = row[j + 1];
            row[j + 1] = min3(replace, row[j] + 1, corner + 1);
        }
    }
    return row[b_length];
}

void eng_nearest_offer(struct eng_nearest *nearest, const char *word)
{
    eng_assert(nearest != NULL && word != NULL);
    size_t length = strlen(word);
    if (length > WORD_MAX || nearest->length > WORD_MAX)
        return;
    unsigned found = distance(nearest->text, nearest->length, word, length);
    if (found > (length + 2) / 3 || (nearest->best != NULL && found >= nearest->distance))
        return;
    nearest->best = word;
    nearest->distance = found;
}
