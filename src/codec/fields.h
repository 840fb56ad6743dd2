/* What the fields of a record mean, whatever format it came in: one set of rules for Avro and JSON.
 *
 * A reader (plan.c, json.c) puts what it finds into a struct eng_fields; eng_fields_judge turns
 * that into an event or the reason why the record is bad. Pure. */
#ifndef ENG_CODEC_FIELDS_H
#define ENG_CODEC_FIELDS_H

#include "base/limits.h"
#include "base/memory.h"
#include "codec/decode.h"
#include "model/config.h"
#include <engaged/event.h>
#include <engaged/status.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields of an event. The first four are texts. */
enum eng_field {
    ENG_FIELD_PARTNER,
    ENG_FIELD_ACTION,
    ENG_FIELD_ID,
    ENG_FIELD_MEMBER,
    ENG_FIELD_TIME,
    ENG_FIELD_VALUE,
    ENG_FIELD_COUNT
};
enum { ENG_FIELD_TEXTS = ENG_FIELD_MEMBER + 1 };

/* Where a reader looks: the fields first, then the attributes that somebody wants, and behind room
 * for as many as there may be, the numbers. A set of places is a bit set. */
enum {
    ENG_PLACE_NUMBERS = ENG_FIELD_COUNT + ENG_WANTED_ATTRIBUTES_MAX,
    ENG_PLACES_MAX = ENG_PLACE_NUMBERS + ENG_NUMBERS_MAX
};
_Static_assert(ENG_PLACES_MAX <= 48, "a set of places fits into an instruction of the plan");

#define ENG_TIME_NONE (-1) /* missing, or not a time */

/* What was found in one record. */
struct eng_fields {
    struct eng_slice text[ENG_FIELD_TEXTS]; /* data NULL: missing, or of a wrong type */
    int64_t time_ms;                        /* or ENG_TIME_NONE */
    int64_t value_e4;                       /* or ENG_VALUE_NONE */
    struct eng_slice *attributes;           /* those that are wanted, the same; NULL: none are */
    int64_t *numbers;                       /* as value_e4; NULL: there are none */
};

/* Nothing found yet, and no attribute wanted. One by one: all at once becomes a slow instruction.
 */
static inline void eng_fields_clear(struct eng_fields *fields)
{
    for (int i = 0; i < ENG_FIELD_TEXTS; i++)
        fields->text[i] = (struct eng_slice){NULL, 0};
    fields->time_ms = ENG_TIME_NONE;
    fields->value_e4 = ENG_VALUE_NONE;
    fields->attributes = NULL;
    fields->numbers = NULL;
}

/* Room in the arena for so many attributes, none of them found yet. False: no memory. */
bool eng_fields_want(struct eng_fields *fields, struct eng_arena *arena, uint32_t attributes);

/* The same for numbers. */
bool eng_fields_number(struct eng_fields *fields, struct eng_arena *arena, uint32_t numbers);

/* The key of a field in the configuration's `input.fields`, e.g. "partner"; and whether a record
 * must have it. */
const char *eng_field_name(enum eng_field field);
bool eng_field_required(enum eng_field field);

/* The configured path of a field; NULL or "" when there is none. */
const char *eng_field_path(const struct eng_field_paths *paths, enum eng_field field);

/* A field's path cut at its dots. */
struct eng_path {
    char *text;         /* owned: the parts, each zero-terminated, one after the other */
    const char **parts; /* owned array of borrowed parts */
    uint32_t count;     /* 0: no path */
};

enum { ENG_PATH_PARTS_MAX = 32 };

/* Where things are, and what a number in the time's place counts. */
struct eng_mapping {
    struct eng_path paths[ENG_PLACES_MAX];
    uint32_t attribute_count;   /* wanted: the last parts of their paths are their names */
    struct eng_path attributes; /* of what holds them */
    uint32_t number_count;      /* of the configuration */
    enum eng_time_unit time_unit;
};

/* Cuts the paths of all fields. ENG_OK, ENG_NO_MEMORY, or ENG_BAD_CONFIG (no path for a required
 * field, an empty part, or too many). On failure nothing is left to free. */
enum eng_status eng_mapping_init(struct eng_mapping *mapping, const struct eng_input_config *input,
                                 struct eng_error *err);
void eng_mapping_done(struct eng_mapping *mapping);

/* The name of a wanted attribute. Borrowed. */
static inline const char *eng_mapping_attribute(const struct eng_mapping *mapping, uint32_t index)
{
    const struct eng_path *path = &mapping->paths[ENG_FIELD_COUNT + index];
    return path->parts[path->count - 1];
}

/* One attribute more is wanted, whatever is in its name, of at most ENG_WANTED_ATTRIBUTES_MAX.
 * ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_mapping_want(struct eng_mapping *mapping, const char *name,
                                 struct eng_error *err);

/* Those from `count` on are not wanted any more. */
void eng_mapping_unwant(struct eng_mapping *mapping, uint32_t count);

/* A number as it is counted: llround(value * 10000); ENG_VALUE_NONE for NaN and for more than
 * ENG_VALUE_MAX in size. Written out, since the library's llround is a call: below 2^53 the part
 * behind the point is exact. */
static inline int64_t eng_value_e4(double value)
{
    if (!(fabs(value) <= ENG_VALUE_MAX))
        return ENG_VALUE_NONE;
    double scaled = value * 10000;
    int64_t whole = (int64_t)scaled;
    double rest = scaled - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

/* An integer as a time: times `multiply` and then divided by `divide` (both >= 1), rounded down.
 * ENG_TIME_NONE when negative or behind ENG_TIME_MS_MAX. */
static inline int64_t eng_time_scale(int64_t number, int64_t multiply, int64_t divide)
{
    if (number < 0 || number > INT64_MAX / multiply)
        return ENG_TIME_NONE;
    int64_t ms = number * multiply / divide;
    return ms <= ENG_TIME_MS_MAX ? ms : ENG_TIME_NONE;
}

/* An RFC 3339 text as a time; ENG_TIME_NONE when it is none, before 1970 or behind ENG_TIME_MS_MAX.
 */
int64_t eng_time_from_text(struct eng_slice text);

/* Writes an integer's decimal text (at most 20 bytes); returns its length. */
uint32_t eng_decimal(int64_t number, char text[20]);

/* True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates, nothing above
 * U+10FFFF). */
bool eng_utf8_valid(const char *data, size_t length);

/* Takes back attributes that are too long or no UTF-8: as if they were missing. */
void eng_fields_judge_attributes(struct eng_fields *fields, uint32_t attributes);

/* Makes the event of a record (its offset is left alone), or tells why it is bad; verdict is set
 * either way. */
enum eng_reason eng_fields_judge(const struct eng_fields *fields, struct eng_event *ret_event);

#endif
