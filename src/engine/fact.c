/* Facts: see fact.h. Cost of an event: a comparison of texts per option; of a reading: a load. */
#include "engine/fact.h"

#include "base/assert.h"
#include "engine/measure.h"
#include <string.h>

enum {
    TIME_BYTES = 8,
    PANE_BYTES = 4,
    DIGITS_MAX = 30, /* they fit 127 bits; more are behind what is rounded to */
    EXPONENT_MAX = 400,
    DECIMALS = 4,
};

static const struct eng_fact *fact_of(const struct eng_model *model,
                                      const struct eng_measure *measure)
{
    eng_assert(measure->kind == ENG_FACT);
    eng_assert(measure->fact < model->fact_count);
    return &model->facts[measure->fact];
}

/* ---- the place ---- */

static uint32_t value_bytes(const struct eng_fact *fact)
{
    eng_assert(fact->kind <= ENG_FACT_TEXT);
    eng_assert(fact->option_count <= ENG_FACT_VALUES_MAX);
    return fact->kind == ENG_FACT_NUMBER ? 8 : 1;
}

uint32_t eng_fact_bytes(const struct eng_model *model, const struct eng_measure *measure)
{
    const struct eng_fact *fact = fact_of(model, measure);
    eng_assert(fact->valid_ms >= 0);
    return TIME_BYTES + value_bytes(fact) + fact->text_bytes +
           (fact->valid_ms > 0 ? PANE_BYTES : 0);
}

/* What is written at a place. */
struct stored {
    int64_t time; /* plus one; 0: nothing */
    int64_t value;
    int32_t end; /* ENG_PANE_NEVER: it holds for good */
    const char *text;
};

static bool is_cleared(const struct eng_fact *fact, int64_t value)
{
    eng_assert(fact->kind <= ENG_FACT_TEXT);
    eng_assert(fact->kind == ENG_FACT_NUMBER || value >= 0);
    return value == (fact->kind == ENG_FACT_NUMBER ? ENG_VALUE_NONE : 0);
}

static struct stored load(const struct eng_fact *fact, const uint8_t *place)
{
    uint32_t bytes = value_bytes(fact);
    struct stored stored = {eng_load_i64(place), 0, ENG_PANE_NEVER,
                            (const char *)place + TIME_BYTES + bytes};
    eng_assert(stored.time >= 0);
    stored.value = bytes == 8 ? eng_load_i64(place + TIME_BYTES) : place[TIME_BYTES];
    if (fact->valid_ms > 0 && stored.time > 0)
        stored.end = eng_load_i32(place + TIME_BYTES + bytes + fact->text_bytes);
    eng_assert(stored.time == 0 || stored.end >= -1);
    return stored;
}

/* The first pane at whose start a fact that was set at an instant holds no longer. */
static int32_t end_of(const struct eng_model *model, const struct eng_fact *fact, int64_t time_ms)
{
    eng_assert(fact->valid_ms > 0);
    eng_assert(time_ms >= 0 && time_ms <= ENG_TIME_MS_MAX);
    if (time_ms > ENG_TIME_MS_MAX - fact->valid_ms)
        return ENG_PANE_NEVER;
    int64_t end_ms = time_ms + fact->valid_ms, pane = eng_calendar_pane(model->calendar, end_ms);
    return (int32_t)(pane + (eng_calendar_start_ms(model->calendar, pane) < end_ms));
}

/* Nothing is left of another text. */
static void store_text(const struct eng_fact *fact, uint8_t *place, struct stored stored)
{
    uint32_t length = stored.value > 0 ? (uint32_t)stored.value - 1 : 0;
    eng_assert(length <= fact->text_bytes);
    eng_assert(length == 0 || stored.text != NULL);
    memset(place + length, 0, fact->text_bytes - length);
    if (length > 0)
        memcpy(place, stored.text, length);
}

/* Writes a value of an event; what is cleared stays so. */
static void store(const struct eng_model *model, const struct eng_fact *fact, uint8_t *place,
                  struct stored stored)
{
    uint32_t bytes = value_bytes(fact);
    eng_assert(stored.time > 0);
    eng_store_i64(place, stored.time);
    if (bytes == 8)
        eng_store_i64(place + TIME_BYTES, stored.value);
    else
        place[TIME_BYTES] = (uint8_t)stored.value;
    place += TIME_BYTES + bytes;
    if (fact->kind == ENG_FACT_TEXT)
        store_text(fact, place, stored);
    if (fact->valid_ms == 0)
        return;
    eng_assert(fact->valid_ms > 0);
    eng_store_i32(place + fact->text_bytes, is_cleared(fact, stored.value)
                                                ? ENG_PANE_NEVER
                                                : end_of(model, fact, stored.time - 1));
}

/* ---- numbers as text ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number as digits times a power of ten. */
struct decimal {
    eng_wide digits;
    int32_t power, count; /* count: digits that matter, those before the first other than 0 apart */
};

/* Takes digits from *at on; those beyond DIGITS_MAX only move the point. False: there is none. */
static bool take_digits(struct eng_slice text, uint32_t *at, bool behind_point,
                        struct decimal *number)
{
    uint32_t first = *at;
    eng_assert(text.data != NULL);
    eng_assert(first <= text.length);
    for (; *at < text.length && is_digit(text.data[*at]); (*at)++) {
        bool room = number->count < DIGITS_MAX;
        if (room)
            number->digits = number->digits * 10 + (text.data[*at] - '0');
        number->count += number->digits > 0;
        number->power += (room ? 0 : 1) - (behind_point ? 1 : 0);
    }
    return *at > first;
}

/* An exponent, if there is one, up to the end of the text. */
static bool take_exponent(struct eng_slice text, uint32_t *at, struct decimal *number)
{
    int32_t exponent = 0, sign = 1;
    eng_assert(*at <= text.length);
    eng_assert(number->count <= (int32_t)text.length);
    if (*at == text.length)
        return true;
    if (text.data[*at] != 'e' && text.data[*at] != 'E')
        return false;
    ++*at;
    if (*at < text.length && (text.data[*at] == '-' || text.data[*at] == '+'))
        sign = text.data[(*at)++] == '-' ? -1 : 1;
    uint32_t first = *at;
    for (; *at < text.length && is_digit(text.data[*at]); (*at)++)
        exponent = exponent < EXPONENT_MAX ? exponent * 10 + (text.data[*at] - '0') : exponent;
    number->power += sign * exponent;
    return *at > first && *at == text.length;
}

/* digits * 10^power as a whole number, a half rounded up; beyond `most`: something beyond it. */
static eng_wide whole(struct decimal number, eng_wide most)
{
    eng_assert(number.digits >= 0);
    eng_assert(most > 0);
    for (; number.power > 0 && number.digits > 0 && number.digits <= most; number.power--)
        number.digits *= 10;
    if (number.power >= 0)
        return number.digits;
    if (-number.power > DIGITS_MAX + 1)
        return 0;
    for (; number.power < -1; number.power++)
        number.digits /= 10; /* what goes here cannot make half of one of the last digit */
    return (number.digits + 5) / 10;
}

bool eng_fact_number(struct eng_slice text, int64_t *ret_e4)
{
    const eng_wide most = (eng_wide)ENG_VALUE_MAX * 10000;
    uint32_t at = 0;
    struct decimal number = {0, DECIMALS, 0};
    eng_assert(text.data != NULL);
    eng_assert(ret_e4 != NULL);
    bool negative = text.length > 0 && text.data[0] == '-';
    at += text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
    bool digits = take_digits(text, &at, false, &number);
    if (at < text.length && text.data[at] == '.') {
        at++;
        digits |= take_digits(text, &at, true, &number);
    }
    if (!digits || !take_exponent(text, &at, &number))
        return false;
    eng_wide value = whole(number, most);
    if (value > most)
        return false;
    *ret_e4 = (int64_t)(negative ? -value : value);
    return true;
}

/* ---- reading ---- */

struct eng_fact_now eng_fact_now(const struct eng_engine *engine, const struct eng_record *record,
                                 unsigned index)
{
    const struct eng_fact *fact = fact_of(engine->model, &engine->model->measures[index]);
    struct stored stored =
        load(fact, eng_record_fixed(record, engine->layout->measures[index].offset));
    eng_assert(index < engine->model->measure_count);
    eng_assert(stored.value <= (int64_t)fact->option_count || fact->kind != ENG_FACT_CHOICE);
    if (stored.time == 0 || stored.end <= engine->now.pane)
        return (struct eng_fact_now){false, false, 0};
    return (struct eng_fact_now){true, is_cleared(fact, stored.value), stored.value};
}

/* Which option of the fact of a FACT measure holds for the partner in hand; only flags and choices
 * have some. */
static uint16_t option_now(const struct eng_engine *engine, unsigned index)
{
    const struct eng_fact *fact = fact_of(engine->model, &engine->model->measures[index]);
    struct eng_fact_now now = eng_fact_now(engine, &engine->hand, index);
    eng_assert(fact->measure == index);
    eng_assert(fact->kind != ENG_FACT_CHOICE || now.value <= ENG_FACT_VALUES_MAX);
    return now.there && fact->kind <= ENG_FACT_CHOICE ? (uint16_t)now.value : 0;
}

/* ---- events ---- */

/* The option of a fact with this text, counted from 1; 0: it has none. */
static uint16_t option_of(const struct eng_fact *fact, struct eng_slice text)
{
    eng_assert(text.data != NULL);
    eng_assert(fact->option_count <= ENG_FACT_VALUES_MAX);
    for (uint16_t i = 0; i < fact->option_count; i++)
        if (eng_text_order(fact->options[i], text) == 0)
            return (uint16_t)(i + 1);
    return 0;
}

/* The text of the attribute that a fact is taken from; data NULL: there is none. */
static struct eng_slice text_of(const struct eng_engine *engine, const struct eng_fact *fact,
                                const struct eng_event *event)
{
    eng_assert(fact->attribute < engine->model->attribute_count);
    uint8_t slot = engine->slots[fact->attribute];
    eng_assert(slot == ENG_NO_SLOT || slot < ENG_WANTED_ATTRIBUTES_MAX);
    return event->attributes == NULL || slot == ENG_NO_SLOT ? (struct eng_slice){NULL, 0}
                                                            : event->attributes[slot];
}

/* What an event that sets a fact says; false: nothing. */
static bool said(const struct eng_engine *engine, const struct eng_fact *fact,
                 const struct eng_event *event, struct stored *ret_said)
{
    ret_said->value = 1;
    eng_assert(fact->kind <= ENG_FACT_TEXT);
    if (fact->kind == ENG_FACT_FLAG)
        return true;
    if (fact->attribute == ENG_FROM_VALUE) {
        ret_said->value = eng_event_number(engine, event, fact->number);
        return ret_said->value != ENG_VALUE_NONE;
    }
    struct eng_slice text = text_of(engine, fact, event);
    if (text.data == NULL)
        return false;
    if (fact->kind == ENG_FACT_NUMBER)
        return eng_fact_number(text, &ret_said->value);
    ret_said->text = text.data;
    ret_said->value =
        fact->kind == ENG_FACT_TEXT ? (int64_t)text.length + 1 : option_of(fact, text);
    eng_assert(ret_said->value >= 0);
    return fact->kind == ENG_FACT_TEXT ? text.length <= fact->text_bytes : ret_said->value > 0;
}

void eng_fact_count(struct eng_engine *engine, unsigned index, const struct eng_event *event,
                    uint16_t action)
{
    const struct eng_model *model = engine->model;
    const struct eng_measure *measure = &model->measures[index];
    const struct eng_fact *fact = fact_of(model, measure);
    uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->measures[index].offset);
    struct stored says = {.time = event->time_ms + 1,
                          .value = fact->kind == ENG_FACT_NUMBER ? ENG_VALUE_NONE : 0};
    eng_assert(index < model->measure_count);
    eng_assert(event->time_ms >= 0);
    if (!eng_action_set_has(&measure->until, action) && !said(engine, fact, event, &says))
        return;
    if (event->time_ms + 1 < eng_load_i64(place))
        return;
    uint16_t before = option_now(engine, index);
    store(model, fact, place, says);
    if (option_now(engine, index) != before)
        engine->scratch.said |= 1u << measure->fact;
}

void eng_fact_expire(struct eng_engine *engine, unsigned index)
{
    const struct eng_measure *measure = &engine->model->measures[index];
    const struct eng_fact *fact = fact_of(engine->model, measure);
    const uint8_t *place = eng_record_fixed(&engine->hand, engine->layout->measures[index].offset);
    eng_assert(engine->boundary.working);
    eng_assert(fact->valid_ms > 0);
    if (load(fact, place).end == engine->now.pane)
        engine->scratch.said |= 1u << measure->fact;
}

/* ---- and later ---- */

int32_t eng_fact_due(const struct eng_engine *engine, const struct eng_record *record,
                     unsigned index)
{
    const struct eng_fact *fact = fact_of(engine->model, &engine->model->measures[index]);
    struct stored stored =
        load(fact, eng_record_fixed(record, engine->layout->measures[index].offset));
    eng_assert(index < engine->model->measure_count);
    eng_assert(stored.time > 0 || stored.end == ENG_PANE_NEVER);
    return stored.end > engine->now.pane ? stored.end : ENG_PANE_NEVER;
}

int64_t eng_fact_reading(const struct eng_engine *engine, const struct eng_record *record,
                         const struct eng_measure *measure, bool *ret_missing)
{
    const struct eng_fact *fact = &engine->model->facts[measure->fact];
    struct eng_fact_now now = eng_fact_now(engine, record, measure->parts[0]);
    eng_assert(measure->kind == ENG_READING);
    eng_assert(measure->option <= fact->option_count);
    *ret_missing = !now.there || (now.cleared && fact->kind != ENG_FACT_FLAG);
    if (*ret_missing)
        return 0;
    if (measure->option > 0)
        return now.value == measure->option ? 10000 : 0;
    return fact->kind == ENG_FACT_NUMBER ? now.value : now.value * 10000;
}

/* ---- what hangs on it ---- */

uint16_t eng_fact_option(const struct eng_engine *engine, const struct eng_record *record,
                         unsigned fact)
{
    struct eng_fact_now now = eng_fact_now(engine, record, engine->model->facts[fact].measure);
    eng_assert(fact < engine->model->fact_count);
    eng_assert(engine->model->facts[fact].kind <= ENG_FACT_CHOICE);
    return now.there && !now.cleared ? (uint16_t)now.value : 0;
}

int64_t eng_fact_choose(const struct eng_engine *engine, const struct eng_record *record,
                        const struct eng_cases *cases, int64_t otherwise)
{
    eng_assert(cases != NULL);
    eng_assert(record->layout == engine->layout);
    for (uint32_t i = 0; i < cases->count; i++)
        if (eng_fact_option(engine, record, cases->items[i].fact) == cases->items[i].option)
            return cases->items[i].number_e4;
    return otherwise;
}

bool eng_fact_admits_slow(const struct eng_engine *engine, const struct eng_record *record,
                          const struct eng_alert *alert)
{
    eng_assert(alert->limit_count <= ENG_FACTS_MAX);
    for (uint32_t i = 0; i < alert->limit_count; i++) {
        uint16_t option = eng_fact_option(engine, record, alert->limits[i].fact);
        eng_assert(option <= ENG_FACT_VALUES_MAX);
        if (!(alert->limits[i].options >> option & 1))
            return false;
    }
    return true;
}

/* The lowest bit of some, counted from 1. */
static uint16_t first_of(uint32_t facts)
{
    return (uint16_t)__builtin_ffs((int)facts);
}

uint16_t eng_fact_of_score(const struct eng_engine *engine, unsigned score)
{
    eng_assert(score < engine->model->score_count);
    eng_assert(engine->scratch.said >> ENG_FACTS_MAX == 0);
    return first_of(engine->scratch.said & engine->layout->scores[score].facts);
}

uint16_t eng_fact_of_alert(const struct eng_engine *engine, unsigned alert)
{
    const struct eng_alert *about = &engine->model->alerts[alert];
    uint32_t facts = eng_alert_is_scored(about) ? engine->layout->scores[about->score].facts : 0;
    eng_assert(alert < engine->model->alert_count);
    eng_assert(about->limit_count <= ENG_FACTS_MAX);
    for (uint32_t i = 0; i < about->limit_count; i++)
        facts |= 1u << about->limits[i].fact;
    return first_of(engine->scratch.said & facts);
}

/* ---- telling ---- */

struct eng_slice eng_fact_text(const struct eng_engine *engine, const struct eng_record *record,
                               unsigned index)
{
    const struct eng_fact *fact = fact_of(engine->model, &engine->model->measures[index]);
    struct eng_fact_now now = eng_fact_now(engine, record, index);
    eng_assert(fact->kind == ENG_FACT_TEXT);
    if (!now.there || now.cleared)
        return (struct eng_slice){NULL, 0};
    const uint8_t *place = eng_record_fixed(record, engine->layout->measures[index].offset);
    eng_assert(now.value <= fact->text_bytes + 1);
    return (struct eng_slice){load(fact, place).text, (uint32_t)now.value - 1};
}

/* Bytes of the value that is told. */
static uint32_t spoken_bytes(const struct eng_fact *fact, int64_t value)
{
    eng_assert(fact->kind <= ENG_FACT_TEXT);
    eng_assert(fact->kind != ENG_FACT_TEXT || value > 0);
    return fact->kind == ENG_FACT_TEXT ? (uint32_t)value - 1 : value_bytes(fact);
}

/* Writes what one fact says; returns how many bytes. */
static uint32_t tell_one(const struct eng_engine *engine, unsigned index, uint8_t *to)
{
    const struct eng_fact *fact = &engine->model->facts[index];
    struct eng_fact_now now = eng_fact_now(engine, &engine->hand, fact->measure);
    eng_assert(fact->tell);
    eng_assert(index < engine->model->fact_count);
    if (!now.there || (now.cleared && fact->kind != ENG_FACT_FLAG))
        return 0;
    uint32_t bytes = spoken_bytes(fact, now.value);
    to[0] = (uint8_t)index;
    to[1] = (uint8_t)bytes;
    if (fact->kind == ENG_FACT_TEXT)
        memcpy(to + 2, eng_fact_text(engine, &engine->hand, fact->measure).data, bytes);
    else if (fact->kind == ENG_FACT_NUMBER)
        eng_store_i64(to + 2, now.value);
    else
        to[2] = (uint8_t)now.value;
    return ENG_FACT_TOLD_HEAD_BYTES + bytes;
}

uint32_t eng_fact_tell(const struct eng_engine *engine, uint8_t *to)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < engine->model->fact_count; i++)
        if (engine->model->facts[i].tell)
            used += tell_one(engine, i, to + used);
    eng_assert(used <= engine->layout->facts_bytes_most);
    eng_assert(used <= UINT16_MAX);
    return used;
}

uint32_t eng_fact_tell_most(const struct eng_model *model)
{
    uint32_t most = 0;
    eng_assert(model->fact_count <= ENG_FACTS_MAX);
    for (uint32_t i = 0; i < model->fact_count; i++)
        if (model->facts[i].tell)
            most += ENG_FACT_TOLD_HEAD_BYTES +
                    spoken_bytes(&model->facts[i], (int64_t)model->facts[i].text_bytes + 1);
    eng_assert(most <= UINT16_MAX);
    return most;
}

/* ---- another model ---- */

/* The name of the attribute or the number that a fact is taken from; NULL: it is the value. */
static const char *source_name(const struct eng_model *model, const struct eng_fact *fact)
{
    eng_assert(fact->kind != ENG_FACT_FLAG);
    if (fact->attribute != ENG_FROM_VALUE) {
        eng_assert(fact->attribute < model->attribute_count);
        return model->attributes[fact->attribute];
    }
    eng_assert(fact->number <= model->number_count);
    return fact->number > 0 ? model->numbers[fact->number - 1] : NULL;
}

static bool same_source(const struct eng_model *from, const struct eng_fact *one,
                        const struct eng_model *to, const struct eng_fact *two)
{
    const char *old = source_name(from, one), *new = source_name(to, two);
    eng_assert(one->kind == two->kind);
    eng_assert(one->number == 0 || one->attribute == ENG_FROM_VALUE);
    if ((one->attribute == ENG_FROM_VALUE) != (two->attribute == ENG_FROM_VALUE))
        return false;
    return old == NULL || new == NULL ? old == new : strcmp(old, new) == 0;
}

bool eng_fact_same_source(const struct eng_model *from, const struct eng_measure *one,
                          const struct eng_model *to, const struct eng_measure *two)
{
    const struct eng_fact *old = fact_of(from, one), *new = fact_of(to, two);
    eng_assert(from != NULL && to != NULL);
    return old->kind == new->kind &&
           (old->kind == ENG_FACT_FLAG || same_source(from, old, to, new));
}

bool eng_fact_same_options(const struct eng_model *from, const struct eng_measure *one,
                           const struct eng_model *to, const struct eng_measure *two)
{
    const struct eng_fact *old = fact_of(from, one), *new = fact_of(to, two);
    bool same = old->option_count == new->option_count;
    eng_assert(old->kind == new->kind);
    for (uint32_t i = 0; same && i < old->option_count; i++)
        same = option_of(new, old->options[i]) != 0;
    return same;
}

bool eng_fact_same_reading(const struct eng_model *from, const struct eng_measure *one,
                           const struct eng_model *to, const struct eng_measure *two)
{
    const struct eng_fact *old = &from->facts[one->fact], *new = &to->facts[two->fact];
    eng_assert(one->kind == ENG_READING && two->kind == ENG_READING);
    eng_assert(one->option <= old->option_count && two->option <= new->option_count);
    if (old->kind != new->kind || (one->option == 0) != (two->option == 0))
        return false;
    if (one->option > 0)
        return eng_text_order(old->options[one->option - 1], new->options[two->option - 1]) == 0;
    bool same = true; /* the number of an option is its place */
    for (uint32_t i = 0; same && i < old->option_count; i++)
        same = i < new->option_count &&eng_text_order(old->options[i], new->options[i]) == 0;
    return same;
}

void eng_fact_carry(const struct eng_change *change, const struct eng_measure *one,
                    const uint8_t *was, const struct eng_measure *two, uint8_t *place)
{
    const struct eng_fact *old = fact_of(change->from, one), *new = fact_of(change->to, two);
    struct stored stored = load(old, was);
    eng_assert(old->kind == new->kind);
    if (stored.time == 0)
        return;
    if (old->kind == ENG_FACT_CHOICE && stored.value > 0) {
        eng_assert(stored.value <= (int64_t)old->option_count);
        stored.value = option_of(new, old->options[stored.value - 1]);
        if (stored.value == 0)
            return;
    }
    if (old->kind == ENG_FACT_TEXT && stored.value > new->text_bytes + 1)
        return; /* it is too long now */
    store(change->to, new, place, stored);
}
