/* Facts by reading all of a partner's events: what one says, and what the newest said. See naive.h.
 */
#include "base/assert.h"
#include "inside.h"
#include <stdlib.h>
#include <string.h>

/* ---- numbers as text: digit by digit, in a row of digits with room on both sides of the point */

enum { BEFORE = 320, AFTER = 320 };

/* Reads an exponent; false: what stands there is none. */
static bool exponent(const char *text, uint32_t length, long *ret)
{
    long value = 0, sign = 1;
    uint32_t at = 0;
    *ret = 0;
    if (length == 0)
        return true;
    if (text[at++] != 'e' && text[0] != 'E')
        return false;
    if (at < length && (text[at] == '-' || text[at] == '+'))
        sign = text[at++] == '-' ? -1 : 1;
    if (at == length)
        return false;
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        value = value > 10000 ? value : value * 10 + text[at] - '0';
    }
    *ret = sign * value;
    return true;
}

/* The value of a row of digits, row[BEFORE] being the first behind the point, in 1/10,000, a half
 * away from zero; false: beyond 10^11. */
static bool value_of_row(const char *row, int64_t *ret)
{
    __int128 value = 0;
    for (int i = 0; i < BEFORE + 4; i++) {
        value = value * 10 + row[i];
        if (value > (__int128)1000000000000000 * 10)
            return false;
    }
    value += row[BEFORE + 4] >= 5;
    *ret = (int64_t)value;
    return value <= 1000000000000000;
}

static bool number(struct eng_slice text, int64_t *ret)
{
    char row[BEFORE + AFTER] = {0};
    uint32_t at = 0, digits = 0, point, end;
    long power = 0;
    bool minus = text.length > 0 && text.data[0] == '-';
    if (text.length > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        at++;
    for (point = at; point < text.length && text.data[point] >= '0' && text.data[point] <= '9';)
        point++;
    end = point;
    if (end < text.length && text.data[end] == '.')
        for (end++; end < text.length && text.data[end] >= '0' && text.data[end] <= '9';)
            end++;
    if (!exponent(text.data + end, text.length - end, &power))
        return false;
    for (uint32_t i = at; i < end; i++) {
        if (i == point)
            continue;
        digits++;
        long place =
            BEFORE - power + (i < point ? (long)i - (long)point : (long)i - (long)point - 1);
        if (text.data[i] != '0' && place < 0)
            return false;
        if (place >= 0 && place < BEFORE + AFTER)
            row[place] = (char)(text.data[i] - '0');
    }
    if (digits == 0 || !value_of_row(row, ret))
        return false;
    *ret = minus ? -*ret : *ret;
    return true;
}

/* ---- texts, each kept once: their numbers begin with 1 ---- */

static struct {
    struct eng_slice *items;
    size_t count, capacity;
} texts;

struct eng_slice naive_text(int64_t number)
{
    eng_assert(number > 0 && (size_t)number <= texts.count);
    return texts.items[number - 1];
}

int64_t naive_keep_text(struct eng_slice text)
{
    for (size_t i = 0; i < texts.count; i++)
        if (texts.items[i].length == text.length &&
            (text.length == 0 || memcmp(texts.items[i].data, text.data, text.length) == 0))
            return (int64_t)i + 1;
    char *room = malloc(text.length + 1);
    eng_assert(room != NULL);
    if (text.length > 0)
        memcpy(room, text.data, text.length);
    texts.items = naive_grow(texts.items, texts.count, &texts.capacity, sizeof *texts.items);
    texts.items[texts.count] = (struct eng_slice){room, text.length};
    return (int64_t)++texts.count;
}

/* ---- what an event says ---- */

static bool same(struct eng_slice a, struct eng_slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static int64_t option(const struct eng_fact *about, struct eng_slice text)
{
    for (uint32_t i = 0; i < about->option_count; i++)
        if (same(about->options[i], text))
            return i + 1;
    return 0;
}

bool naive_given(const struct eng_model *model, const struct eng_measure *measure, bool clears,
                 const struct fact *fact, int64_t *ret_value)
{
    const struct eng_fact *about = &model->facts[measure->fact];
    *ret_value = clears ? (about->kind == ENG_FACT_NUMBER ? ENG_VALUE_NONE : 0) : 1;
    if (clears || about->kind == ENG_FACT_FLAG)
        return true;
    if (about->attribute == ENG_FROM_VALUE) {
        *ret_value = about->number > 0 ? fact->numbers[about->number - 1] : fact->value_e4;
        return *ret_value != ENG_VALUE_NONE;
    }
    struct eng_slice text = fact->attributes[about->attribute];
    if (text.data == NULL)
        return false;
    if (about->kind == ENG_FACT_NUMBER)
        return number(text, ret_value);
    if (about->kind == ENG_FACT_TEXT) {
        *ret_value = naive_keep_text(text);
        return text.length <= about->text_bytes;
    }
    *ret_value = option(about, text);
    return *ret_value > 0;
}

/* ---- what the newest said ---- */

const struct fact *naive_newest(const struct partner *partner, unsigned measure)
{
    const struct fact *newest = NULL;
    for (size_t i = 0; i < partner->fact_count; i++) {
        const struct fact *fact = &partner->facts[i];
        if ((fact->measures >> measure & 1) && (newest == NULL || fact->time_ms >= newest->time_ms))
            newest = fact;
    }
    return newest;
}

struct amount naive_fact(const struct naive *naive, const struct partner *partner, unsigned measure,
                         int64_t pane)
{
    const struct eng_fact *about = &naive->model->facts[naive->model->measures[measure].fact];
    const struct fact *newest = naive_newest(partner, measure);
    if (newest == NULL)
        return (struct amount){0, true};
    int64_t value = newest->given[measure];
    if (value == (about->kind == ENG_FACT_NUMBER ? ENG_VALUE_NONE : 0))
        return (struct amount){0, about->kind != ENG_FACT_FLAG};
    if (about->valid_ms > 0 &&
        eng_calendar_start_ms(naive->model->calendar, pane) >= newest->time_ms + about->valid_ms)
        return (struct amount){0, true};
    return (struct amount){value, false};
}

/* ---- what hangs on it ---- */

int64_t naive_option(const struct naive *naive, const struct partner *partner, unsigned fact,
                     int64_t pane)
{
    struct amount amount = naive_fact(naive, partner, naive->model->facts[fact].measure, pane);
    return amount.missing || naive->model->facts[fact].kind > ENG_FACT_CHOICE ? 0 : amount.value_e4;
}

int64_t naive_choose(const struct naive *naive, const struct partner *partner,
                     const struct eng_cases *cases, int64_t otherwise, int64_t pane)
{
    for (uint32_t i = cases->count; i-- > 0;)
        if (naive_option(naive, partner, cases->items[i].fact, pane) == cases->items[i].option)
            otherwise = cases->items[i].number_e4;
    return otherwise;
}

bool naive_admits(const struct naive *naive, const struct partner *partner, unsigned index,
                  int64_t pane)
{
    const struct eng_alert *alert = &naive->model->alerts[index];
    bool all = true;
    for (uint32_t i = 0; i < alert->limit_count; i++)
        all &=
            alert->limits[i].options >> naive_option(naive, partner, alert->limits[i].fact, pane) &
            1;
    return all;
}

uint16_t naive_reason(const struct eng_model *model, uint32_t said, const struct eng_score *score,
                      const struct eng_alert *alert)
{
    for (uint16_t fact = 0; fact < model->fact_count; fact++) {
        bool hangs = false;
        for (unsigned i = 0; score != NULL && i < score->dimension_count; i++) {
            const struct eng_dimension *dimension = &score->dimensions[i];
            for (uint32_t k = 0; k < dimension->weights.count; k++)
                hangs |= dimension->weights.items[k].fact == fact;
            for (uint32_t k = 0; k < dimension->targets.count; k++)
                hangs |= dimension->targets.items[k].fact == fact;
        }
        for (uint32_t k = 0; alert != NULL && k < alert->limit_count; k++)
            hangs |= alert->limits[k].fact == fact;
        if (hangs && (said >> fact & 1))
            return (uint16_t)(fact + 1);
    }
    return 0;
}

size_t naive_tell_facts(const struct naive *naive, const struct partner *partner, int64_t pane,
                        uint8_t *to)
{
    size_t used = 0;
    for (unsigned i = 0; i < naive->model->fact_count; i++) {
        const struct eng_fact *about = &naive->model->facts[i];
        struct amount amount = naive_fact(naive, partner, about->measure, pane);
        if (!about->tell || amount.missing)
            continue;
        uint8_t option = (uint8_t)amount.value_e4;
        struct eng_slice value = {(const char *)&option, 1};
        if (about->kind == ENG_FACT_NUMBER)
            value = (struct eng_slice){(const char *)&amount.value_e4, 8};
        if (about->kind == ENG_FACT_TEXT)
            value = naive_text(amount.value_e4);
        to[used++] = (uint8_t)i;
        to[used++] = (uint8_t)value.length;
        memcpy(to + used, value.data, value.length);
        used += value.length;
    }
    return used;
}

/* ---- another model ---- */

bool naive_given_anew(const struct eng_model *old, const struct eng_measure *was,
                      const struct eng_model *new, const struct eng_measure *is, int64_t *value)
{
    const struct eng_fact *a = &old->facts[was->fact], *b = &new->facts[is->fact];
    if (a->kind == ENG_FACT_TEXT && *value > 0)
        return naive_text(*value).length <= b->text_bytes;
    if (a->kind != ENG_FACT_CHOICE || *value == 0)
        return true;
    *value = option(b, a->options[*value - 1]);
    return *value > 0;
}

bool naive_same_options(const struct eng_model *old, const struct eng_measure *was,
                        const struct eng_model *new, const struct eng_measure *is)
{
    const struct eng_fact *a = &old->facts[was->fact], *b = &new->facts[is->fact];
    for (uint32_t i = 0; i < a->option_count; i++)
        if (option(b, a->options[i]) == 0)
            return false;
    for (uint32_t i = 0; i < b->option_count; i++)
        if (option(a, b->options[i]) == 0)
            return false;
    return true;
}
