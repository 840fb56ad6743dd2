/* The plan against avro-c: random schemas, random records, the same fields.
 *
 * For each seed a schema is made, with the fields we want at random places in it, and records of
 * that schema. A record is written here, with arrays and maps cut into random blocks, with and
 * without sizes; avro-c has to read it back. What the plan finds has to be what is found by walking
 * avro-c's value along the paths. The first failing seed is printed; ENGAGED_SEED=N runs that one
 * alone. */
#include "codec/plan.h"
#include "codec/writer.h"
#include <avro.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCHEMAS = 2500, RECORDS = 48, TEXT_BYTES = 1 << 16, DEPTH_MAX = 4, NAMES_MAX = 64 };

/* ---- a random schema ---- */

struct maker {
    uint64_t seed, state; /* of the generator */
    char text[TEXT_BYTES];
    size_t used;
    unsigned names;                            /* named types so far */
    unsigned records[NAMES_MAX], record_count; /* names that may be referred to: records begun */
    bool others[NAMES_MAX];                    /* named types that are enums or fixed */
};

static uint64_t below(struct maker *maker, uint64_t bound)
{
    maker->state ^= maker->state << 13;
    maker->state ^= maker->state >> 7;
    maker->state ^= maker->state << 17;
    return (maker->state >> 11) % bound;
}

static void say(struct maker *maker, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct maker *maker, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    maker->used += (size_t)vsnprintf(maker->text + maker->used, sizeof maker->text - maker->used,
                                     format, args);
    va_end(args);
    cr_assert_lt(maker->used, sizeof maker->text);
}

static void say_type(struct maker *maker, unsigned depth);

static void say_enum(struct maker *maker)
{
    unsigned name = maker->names++;
    say(maker, "{\"type\": \"enum\", \"name\": \"E%u\", \"symbols\": [\"A\"", name);
    for (uint64_t i = below(maker, 5); i > 0; i--)
        say(maker, ", \"S%u\"", (unsigned)i);
    say(maker, "]}");
}

static void say_record(struct maker *maker, unsigned depth)
{
    unsigned name = maker->names++;
    maker->records[maker->record_count++ % NAMES_MAX] = name;
    say(maker, "{\"type\": \"record\", \"name\": \"R%u\", \"fields\": [", name);
    uint64_t fields = below(maker, 5);
    for (uint64_t i = 0; i < fields; i++) {
        say(maker, "%s{\"name\": \"f%u\", \"type\": ", i > 0 ? ", " : "", (unsigned)i);
        say_type(maker, depth + 1);
        say(maker, "}");
    }
    say(maker, "]}");
}

static void say_primitive(struct maker *maker)
{
    static const char *const names[] = {"string", "bytes",  "int",     "long",
                                        "float",  "double", "boolean", "null"};
    say(maker, "\"%s\"", names[below(maker, 8)]);
}

/* A union of different kinds, often with a reference to a record that is still open: recursion. */
static void say_union(struct maker *maker, unsigned depth)
{
    bool null_first = below(maker, 2) == 0;
    say(maker, "[%s", null_first ? "\"null\"" : "\"string\"");
    if (below(maker, 2) == 0)
        say(maker, ", \"double\"");
    if (maker->record_count > 0 && maker->record_count < NAMES_MAX && below(maker, 2) == 0) {
        say(maker, ", \"R%u\"", maker->records[below(maker, maker->record_count)]);
    } else if (below(maker, 2) == 0) {
        say(maker, ", ");
        say_record(maker, depth + 1);
    }
    if (below(maker, 3) == 0) {
        say(maker, ", {\"type\": \"map\", \"values\": ");
        say_type(maker, depth + 1);
        say(maker, "}");
    }
    say(maker, "%s]", null_first ? "" : ", \"null\"");
}

static void say_type(struct maker *maker, unsigned depth)
{
    uint64_t kind = depth >= DEPTH_MAX ? 0 : below(maker, 12);
    if (maker->used > TEXT_BYTES / 2 || kind < 5) {
        say_primitive(maker);
    } else if (kind == 5) {
        say_enum(maker);
    } else if (kind == 6) {
        unsigned name = maker->names++;
        say(maker, "{\"type\": \"fixed\", \"name\": \"F%u\", \"size\": %u}", name,
            1 + (unsigned)below(maker, 8)); /* avro-c has no empty ones */
    } else if (kind == 7 || kind == 8) {
        say(maker, "{\"type\": \"%s\", \"%s\": ", kind == 7 ? "array" : "map",
            kind == 7 ? "items" : "values");
        if (kind == 8)
            say_type(maker, depth + 1);
        else if (below(maker, 3) == 0)
            say(maker, "\"int\"");
        else
            say_union(maker, depth + 1); /* avro-c has no arrays of things without bytes */
        say(maker, "}");
    } else if (kind == 9) {
        say_record(maker, depth);
    } else {
        say_union(maker, depth);
    }
}

/* The type of a field of ours. */
static void say_wanted(struct maker *maker, enum eng_field field)
{
    static const char *const texts[] = {"\"string\"",
                                        "\"bytes\"",
                                        "\"long\"",
                                        "\"int\"",
                                        "[\"null\", \"string\"]",
                                        "[\"long\", \"double\", \"string\"]",
                                        "[\"null\", \"int\", \"bytes\", \"boolean\"]"};
    static const char *const numbers[] = {"\"double\"",
                                          "\"float\"",
                                          "\"int\"",
                                          "\"long\"",
                                          "[\"null\", \"double\"]",
                                          "[\"string\", \"long\", \"float\"]"};
    if (field == ENG_FIELD_TIME)
        say(maker, "%s", below(maker, 2) == 0 ? "\"long\"" : "[\"null\", \"int\", \"long\"]");
    else if (field == ENG_FIELD_VALUE)
        say(maker, "%s", numbers[below(maker, 6)]);
    else if (below(maker, 6) == 0)
        say_enum(maker);
    else
        say(maker, "%s", texts[below(maker, 7)]);
}

/* A field of ours as `name`, plain or wrapped in records, unions and maps; adds the parts to its
 * path. */
static void say_place(struct maker *maker, enum eng_field field, unsigned depth, char *path,
                      size_t size)
{
    uint64_t kind = depth >= 3 ? 0 : below(maker, 6);
    size_t used = strlen(path);
    if (kind <= 2) {
        say_wanted(maker, field);
        return;
    }
    bool in_union = kind == 4;
    (void)snprintf(path + used, size - used, ".%s", kind == 5 ? "key" : "w");
    if (kind == 5) {
        say(maker, "{\"type\": \"map\", \"values\": ");
        say_place(maker, field, depth + 1, path, size);
        say(maker, "}");
        return;
    }
    say(maker,
        "%s{\"type\": \"record\", \"name\": \"W%u\", \"fields\": [{\"name\": \"a\", \"type\": ",
        in_union ? "[\"null\", " : "", maker->names++);
    say_type(maker, 2);
    say(maker, "}, {\"name\": \"w\", \"type\": ");
    say_place(maker, field, depth + 1, path, size);
    say(maker, "}, {\"name\": \"z\", \"type\": ");
    say_type(maker, 2);
    say(maker, "}]}%s", in_union ? "]" : "");
}

enum { WANTED = 3 };

/* Attributes that are looked for. Maps of a record have each of their keys once at most, and "key".
 */
static const char *const wanted[WANTED] = {"key", "w", "a.b"};

/* What holds attributes: a map of texts or of more, a record, a union, or something else. */
static void say_attributes(struct maker *maker)
{
    uint64_t kind = below(maker, 6);
    bool in_union = below(maker, 2) == 0;
    say(maker, "%s", in_union ? "[\"null\", " : "");
    if (kind < 3) {
        say(maker, "{\"type\": \"map\", \"values\": ");
        if (kind == 0)
            say(maker, "\"string\"");
        else
            say_wanted(maker, ENG_FIELD_MEMBER);
        say(maker, "}");
    } else if (kind < 5) {
        say(maker, "{\"type\": \"record\", \"name\": \"W%u\", \"fields\": [", maker->names++);
        say(maker, "{\"name\": \"a\", \"type\": ");
        say_type(maker, 2);
        say(maker, "}, {\"name\": \"w\", \"type\": ");
        say_wanted(maker, ENG_FIELD_MEMBER);
        say(maker, "}, {\"name\": \"key\", \"type\": \"boolean\"}]}");
    } else {
        say(maker, "\"bytes\"");
    }
    say(maker, "%s", in_union ? "]" : "");
}

/* The whole schema: our fields in random order, others between them, attributes at the end. */
static void say_schema(struct maker *maker, char paths[ENG_FIELD_COUNT][128])
{
    unsigned order[ENG_FIELD_COUNT];
    for (unsigned i = 0; i < ENG_FIELD_COUNT; i++) {
        unsigned j = (unsigned)below(maker, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    say(maker, "{\"type\": \"record\", \"name\": \"Top\", \"fields\": [");
    for (unsigned i = 0; i < ENG_FIELD_COUNT; i++) {
        for (uint64_t others = below(maker, 3); others > 0; others--) {
            say(maker, "{\"name\": \"o%u_%u\", \"type\": ", i, (unsigned)others);
            say_type(maker, 0);
            say(maker, "}, ");
        }
        (void)snprintf(paths[order[i]], sizeof paths[order[i]], "p%u", order[i]);
        say(maker, "{\"name\": \"p%u\", \"type\": ", order[i]);
        say_place(maker, (enum eng_field)order[i], 0, paths[order[i]], sizeof paths[order[i]]);
        say(maker, "}, ");
    }
    say(maker, "{\"name\": \"pa\", \"type\": ");
    say_attributes(maker);
    say(maker, "}]}");
}

/* ---- a random record ---- */

static int64_t random_long(struct maker *maker)
{
    uint64_t bits = below(maker, UINT64_MAX) << 11 ^ below(maker, UINT64_MAX);
    return (int64_t)(bits >> below(maker, 64)) * (below(maker, 4) == 0 ? -1 : 1);
}

static void write_text(struct maker *maker, struct eng_writer *writer)
{
    static const char letters[] = "abcdefghijlmnopqrstuvxyz0123456789"; /* no key that is wanted */
    char text[300];
    size_t length = below(maker, below(maker, 20) == 0 ? sizeof text : 12);
    for (size_t i = 0; i < length; i++)
        text[i] = letters[below(maker, sizeof letters - 1)];
    eng_put_avro_bytes(writer, text, length);
}

static void write_value(struct maker *maker, avro_schema_t schema, unsigned depth,
                        struct eng_writer *writer);

/* An array or map in random blocks. A map has each wanted key once at most: avro-c adds to the
 * first value of a key that comes twice. */
static void write_blocks(struct maker *maker, avro_schema_t schema, unsigned depth,
                         struct eng_writer *writer)
{
    bool map = is_avro_map(schema);
    unsigned keys = 0; /* of those wanted */
    avro_schema_t inner = map ? avro_schema_map_values(schema) : avro_schema_array_items(schema);
    for (uint64_t blocks = depth > 12 ? 0 : below(maker, 3); blocks > 0; blocks--) {
        struct eng_bytes body = {0};
        struct eng_writer items = eng_writer_begin(&body);
        int64_t count = 1 + (int64_t)below(maker, 3);
        for (int64_t i = 0; i < count; i++) {
            if (map && keys < WANTED && below(maker, 2) == 0) {
                eng_put_avro_bytes(&items, wanted[keys], strlen(wanted[keys]));
                keys++;
            } else if (map) {
                write_text(maker, &items);
            }
            write_value(maker, inner, depth + 1, &items);
        }
        bool sized = below(maker, 2) == 0;
        eng_put_avro_long(writer, sized ? -count : count);
        if (sized)
            eng_put_avro_long(writer, (int64_t)body.used);
        eng_put(writer, body.data, body.used);
        eng_bytes_done(&body);
    }
    eng_put_avro_long(writer, 0);
}

/* Deep down the branch without anything inside is taken. */
static void write_union(struct maker *maker, avro_schema_t schema, unsigned depth,
                        struct eng_writer *writer)
{
    size_t count = avro_schema_union_size(schema), index = below(maker, count);
    for (size_t i = 0; depth > 8 && i < count; i++)
        if (is_avro_null(avro_schema_union_branch(schema, (int)i)))
            index = i;
    eng_put_avro_long(writer, (int64_t)index);
    write_value(maker, avro_schema_union_branch(schema, (int)index), depth + 1, writer);
}

static void write_number(struct maker *maker, avro_schema_t schema, struct eng_writer *writer)
{
    int64_t whole = random_long(maker), part = 1 + (int64_t)below(maker, 1000);
    double number = (double)whole / 1e4 / (double)part;
    float small = (float)number;
    if (is_avro_double(schema))
        eng_put_avro_double(writer, number);
    else if (is_avro_float(schema))
        eng_put(writer, &small, sizeof small);
    else
        eng_put_avro_long(writer,
                          is_avro_int32(schema) ? (int32_t)random_long(maker) : random_long(maker));
}

static void write_value(struct maker *maker, avro_schema_t schema, unsigned depth,
                        struct eng_writer *writer)
{
    switch (avro_typeof(schema)) {
    case AVRO_LINK:
        write_value(maker, avro_schema_link_target(schema), depth, writer);
        break;
    case AVRO_RECORD:
        for (size_t i = 0; i < avro_schema_record_size(schema); i++)
            write_value(maker, avro_schema_record_field_get_by_index(schema, (int)i), depth + 1,
                        writer);
        break;
    case AVRO_ARRAY:
    case AVRO_MAP:
        write_blocks(maker, schema, depth, writer);
        break;
    case AVRO_UNION:
        write_union(maker, schema, depth, writer);
        break;
    case AVRO_STRING:
    case AVRO_BYTES:
        write_text(maker, writer);
        break;
    case AVRO_FIXED:
        for (int64_t i = avro_schema_fixed_size(schema); i > 0; i--)
            eng_put_byte(writer, (uint8_t)below(maker, 256));
        break;
    case AVRO_ENUM:
        eng_put_avro_long(
            writer, (int64_t)below(maker, (uint64_t)avro_schema_enum_number_of_symbols(schema)));
        break;
    case AVRO_BOOLEAN:
        eng_put_byte(writer, (uint8_t)below(maker, 2));
        break;
    case AVRO_NULL:
        break;
    default:
        write_number(maker, schema, writer);
    }
}

/* ---- what avro-c finds ---- */

/* The value at a path; false when there is none. Unions are looked through. */
static bool walk(avro_value_t value, const struct eng_path *path, avro_value_t *ret_value)
{
    for (uint32_t i = 0; i <= path->count; i++) {
        avro_value_t branch = value;
        if (avro_value_get_type(&value) == AVRO_UNION) {
            avro_value_get_current_branch(&value, &branch);
            value = branch;
        }
        if (i == path->count)
            break;
        avro_type_t type = avro_value_get_type(&value);
        avro_value_t child = {NULL, NULL};
        if (type != AVRO_RECORD && type != AVRO_MAP)
            return false;
        if (avro_value_get_by_name(&value, path->parts[i], &child, NULL) != 0 || child.self == NULL)
            return false;
        value = child;
    }
    *ret_value = value;
    return true;
}

/* A text as the rules have it; false when missing. `text` holds at least 512 bytes. */
static bool text_of(avro_value_t *value, char *text, size_t *ret_length)
{
    const void *data = NULL;
    size_t size = 0;
    int32_t small = 0;
    int64_t number = 0;
    int index = 0;
    switch (avro_value_get_type(value)) {
    case AVRO_STRING:
        avro_value_get_string(value, (const char **)&data, &size);
        memcpy(text, data, *ret_length = size - 1); /* avro-c counts its zero byte */
        return true;
    case AVRO_BYTES:
        avro_value_get_bytes(value, &data, &size);
        memcpy(text, data, *ret_length = size);
        return true;
    case AVRO_INT32:
        avro_value_get_int(value, &small);
        *ret_length = (size_t)sprintf(text, "%d", small);
        return true;
    case AVRO_INT64:
        avro_value_get_long(value, &number);
        *ret_length = (size_t)sprintf(text, "%lld", (long long)number);
        return true;
    case AVRO_ENUM:
        avro_value_get_enum(value, &index);
        *ret_length =
            (size_t)sprintf(text, "%s", avro_schema_enum_get(avro_value_get_schema(value), index));
        return true;
    default:
        return false;
    }
}

static bool number_of(avro_value_t *value, double *ret_number, int64_t *ret_integer)
{
    int32_t small = 0;
    float single;
    *ret_integer = INT64_MIN;
    switch (avro_value_get_type(value)) {
    case AVRO_INT32:
        avro_value_get_int(value, &small);
        *ret_integer = small;
        *ret_number = small;
        return true;
    case AVRO_INT64:
        avro_value_get_long(value, ret_integer);
        *ret_number = (double)*ret_integer;
        return true;
    case AVRO_FLOAT:
        avro_value_get_float(value, &single);
        *ret_number = (double)single;
        return true;
    case AVRO_DOUBLE:
        avro_value_get_double(value, ret_number);
        return true;
    default:
        return false;
    }
}

/* Compares the attributes. Returns how many were there. */
static unsigned compare_attributes(const struct maker *maker, avro_value_t value,
                                   const struct eng_mapping *mapping,
                                   const struct eng_fields *fields)
{
    unsigned there = 0;
    for (unsigned i = 0; i < WANTED; i++) {
        struct eng_slice got = fields->attributes[i];
        char text[512];
        size_t length = 0;
        int truth = 0;
        avro_value_t found;
        bool want = walk(value, &mapping->paths[ENG_FIELD_COUNT + i], &found);
        if (want && avro_value_get_type(&found) == AVRO_BOOLEAN) {
            avro_value_get_boolean(&found, &truth);
            length = (size_t)sprintf(text, "%s", truth ? "true" : "false");
        } else {
            want = want && text_of(&found, text, &length);
        }
        cr_assert_eq(got.data != NULL, want, "seed %llu: %s", (unsigned long long)maker->seed,
                     wanted[i]);
        cr_assert(!want || (got.length == length && memcmp(got.data, text, length) == 0),
                  "seed %llu: %s is %.*s, not %.*s", (unsigned long long)maker->seed, wanted[i],
                  (int)got.length, got.data, (int)length, text);
        there += want;
    }
    return there;
}

/* Compares all six fields. Returns how many were there. */
static unsigned compare(const struct maker *maker, avro_value_t value,
                        const struct eng_mapping *mapping, const struct eng_fields *fields)
{
    unsigned there = 0;
    int64_t time = ENG_TIME_NONE, value_e4 = ENG_VALUE_NONE;
    for (int i = 0; i < ENG_FIELD_COUNT; i++) {
        char text[512];
        size_t length;
        double number;
        int64_t integer;
        avro_value_t found;
        bool has = walk(value, &mapping->paths[i], &found);
        if (i < ENG_FIELD_TEXTS) {
            bool want = has && text_of(&found, text, &length);
            cr_assert_eq(fields->text[i].data != NULL, want, "seed %llu: %s",
                         (unsigned long long)maker->seed, eng_field_name((enum eng_field)i));
            if (want)
                cr_assert(fields->text[i].length == length &&
                              memcmp(fields->text[i].data, text, length) == 0,
                          "seed %llu: %s is %.*s, not %.*s", (unsigned long long)maker->seed,
                          eng_field_name((enum eng_field)i), (int)fields->text[i].length,
                          fields->text[i].data, (int)length, text);
            there += want;
        } else if (has && number_of(&found, &number, &integer)) {
            there++;
            if (i == ENG_FIELD_TIME)
                time = integer >= 0 && integer <= ENG_TIME_MS_MAX ? integer : ENG_TIME_NONE;
            else
                value_e4 = fabs(number) <= 1e11 ? llround(number * 10000) : ENG_VALUE_NONE;
        }
    }
    cr_assert_eq(fields->time_ms, time, "seed %llu", (unsigned long long)maker->seed);
    cr_assert_eq(fields->value_e4, value_e4, "seed %llu", (unsigned long long)maker->seed);
    return there;
}

/* ---- one seed ---- */

static unsigned long long attributes_there;

static struct eng_mapping mapping_of(char paths[ENG_FIELD_COUNT][128])
{
    char holder[] = "pa";
    struct eng_input_config input = {.fields = {.id = paths[ENG_FIELD_ID],
                                                .partner = paths[ENG_FIELD_PARTNER],
                                                .action = paths[ENG_FIELD_ACTION],
                                                .time = paths[ENG_FIELD_TIME],
                                                .member = paths[ENG_FIELD_MEMBER],
                                                .value = paths[ENG_FIELD_VALUE],
                                                .attributes = holder}};
    struct eng_mapping mapping;
    cr_assert_eq(eng_mapping_init(&mapping, &input, NULL), ENG_OK);
    for (unsigned i = 0; i < WANTED; i++)
        cr_assert_eq(eng_mapping_want(&mapping, wanted[i], NULL), ENG_OK);
    return mapping;
}

/* One record: written, read by both, compared; then cut off at a random place. */
static unsigned run_record(struct maker *maker, avro_schema_t schema, avro_value_iface_t *class,
                           const struct eng_plan *plan, const struct eng_mapping *mapping)
{
    struct eng_bytes bytes = {0};
    struct eng_fields fields;
    struct eng_arena arena;
    avro_value_t value;
    eng_arena_init(&arena, 4096);
    struct eng_writer writer = eng_writer_begin(&bytes);
    write_value(maker, schema, 0, &writer);
    cr_assert_eq(eng_writer_end(&writer), ENG_OK);
    avro_generic_value_new(class, &value);
    avro_reader_t reader = avro_reader_memory((const char *)bytes.data, (int64_t)bytes.used);
    cr_assert_eq(avro_value_read(reader, &value), 0, "seed %llu: %s",
                 (unsigned long long)maker->seed, avro_strerror());
    enum eng_reason reason = eng_plan_read(plan, &arena, bytes.data, bytes.used, &fields);
    cr_assert_eq(reason, ENG_REASON_NONE, "seed %llu: %s", (unsigned long long)maker->seed,
                 eng_reason_name(reason));
    unsigned there = compare(maker, value, mapping, &fields);
    attributes_there += compare_attributes(maker, value, mapping, &fields);
    if (bytes.used > 0) {
        size_t cut = below(maker, bytes.used);
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, bytes.data, cut);
        reason = eng_plan_read(plan, &arena, copy, cut, &fields);
        cr_assert_eq(reason, ENG_REASON_TRUNCATED, "seed %llu, %zu of %zu bytes: %s",
                     (unsigned long long)maker->seed, cut, bytes.used, eng_reason_name(reason));
        free(copy);
    }
    avro_reader_free(reader);
    avro_value_decref(&value);
    eng_arena_done(&arena);
    eng_bytes_done(&bytes);
    return there;
}

static unsigned run_seed(uint64_t seed)
{
    static struct maker maker;
    char paths[ENG_FIELD_COUNT][128];
    struct eng_plan *plan = NULL;
    struct eng_error err = {0};
    avro_schema_t schema;
    unsigned there = 0;
    memset(&maker, 0, sizeof maker);
    maker.seed = seed;
    maker.state = seed * 0x9E3779B97F4A7C15u + 1;
    say_schema(&maker, paths);
    struct eng_mapping mapping = mapping_of(paths);
    cr_assert_eq(avro_schema_from_json_length(maker.text, maker.used, &schema), 0,
                 "seed %llu: %s\n%s", (unsigned long long)seed, avro_strerror(), maker.text);
    cr_assert_eq(eng_plan_compile(maker.text, maker.used, &mapping, &plan, &err), ENG_OK,
                 "seed %llu: %s\n%s", (unsigned long long)seed, err.text, maker.text);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    for (int i = 0; i < RECORDS; i++)
        there += run_record(&maker, schema, class, plan, &mapping);
    avro_value_iface_decref(class);
    (void)avro_schema_decref(schema); /* the count that is left says nothing to us */
    eng_plan_free(plan);
    eng_mapping_done(&mapping);
    return there;
}

Test(plan_random, the_plan_finds_what_avro_c_finds_in_120000_records)
{
    const char *one = getenv("ENGAGED_SEED");
    unsigned long long there = 0;
    if (one != NULL) {
        (void)run_seed(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SCHEMAS; seed++) {
        there += run_seed(seed);
    }
    cr_assert_gt(there, 3ull * SCHEMAS * RECORDS, "%llu fields were there", there);
    cr_assert_gt(attributes_there, SCHEMAS * RECORDS / 2ull, "%llu attributes were there",
                 attributes_there);
}
