/* Values as people write them on a command line. See values.h. */
#include "cli/values.h"

#include "codec/rfc3339.h"
#include <string.h>

/* Digits from *at on, which moves behind them; at most 15 of them. */
static bool read_digits(const char **at, int64_t *ret_number)
{
    int64_t number = 0;
    const char *start = *at;
    while (**at >= '0' && **at <= '9' && *at - start < 16)
        number = number * 10 + (*(*at)++ - '0');
    *ret_number = number;
    return *at > start && *at - start <= 15;
}

bool eng_read_number(const char *text, int64_t *ret_number)
{
    int64_t number = 0;
    if (!read_digits(&text, &number))
        return false;
    int64_t factor = *text == 'k' ? 1000 : *text == 'M' ? 1000000 : 1;
    text += factor > 1;
    if (*text != '\0' || number > 1000000000000000 / factor)
        return false;
    *ret_number = number * factor;
    return true;
}

bool eng_read_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t number = 0;
    if (!read_digits(&text, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        if (number > 100000 * 86400000LL / units[i].ms)
            return false;
        *ret_ms = number * units[i].ms;
        return true;
    }
    return false;
}

bool eng_read_time(const char *text, int64_t *ret_ms)
{
    const char *at = text;
    int64_t ms = 0;
    bool digits = read_digits(&at, &ms) && *at == '\0';
    if (!digits && !eng_rfc3339_parse(text, strlen(text), &ms))
        return false;
    if (ms < 0)
        return false;
    *ret_ms = ms;
    return true;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int eng_word_distance(const char *word, const char *other, size_t length)
{
    enum { LETTERS = 40 };
    size_t rows = strlen(word);
    if (rows > LETTERS || length > LETTERS)
        return 99;
    int line[LETTERS + 1];
    for (size_t j = 0; j <= length; j++)
        line[j] = (int)j;
    for (size_t i = 1; i <= rows; i++) {
        int diagonal = line[0];
        line[0] = (int)i;
        for (size_t j = 1; j <= length; j++) {
            int change = diagonal + (word[i - 1] != other[j - 1]);
            diagonal = line[j];
            line[j] = least(change, 1 + least(line[j], line[j - 1]));
        }
    }
    return line[length];
}
