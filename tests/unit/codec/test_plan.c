/* Avro records through the plan: which schemas it takes, what it reads, what it refuses. */
#include "base/limits.h"
#include "codec/schemas.h"
#include "codec/writer.h"
#include "records.h"
#include <stdlib.h>

/* Bytes from words: s=text (string), l=5 (int, long, index, count), d=2.5 (double), f=1.5 (float),
 * b=255 (a byte). */
static struct eng_bytes packed(const char *words)
{
    static struct eng_bytes bytes;
    char copy[8192], *save = NULL;
    eng_bytes_clear(&bytes);
    struct eng_writer writer = eng_writer_begin(&bytes);
    (void)snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        float number = strtof(word + 2, NULL);
        if (word[0] == 's')
            eng_put_avro_bytes(&writer, word + 2, strlen(word + 2));
        else if (word[0] == 'l')
            eng_put_avro_long(&writer, strtoll(word + 2, NULL, 10));
        else if (word[0] == 'd')
            eng_put_avro_double(&writer, strtod(word + 2, NULL));
        else if (word[0] == 'f')
            eng_put(&writer, &number, sizeof number);
        else
            eng_put_byte(&writer, (uint8_t)strtol(word + 2, NULL, 10));
    }
    cr_assert_eq(eng_writer_end(&writer), ENG_OK);
    return bytes;
}

struct row {
    const char *words;
    const char *want;
};

/* Schemas are written with single quotes: '. */
static const char *json(const char *text)
{
    static char copy[16384];
    size_t length = strlen(text);
    cr_assert_lt(length, sizeof copy);
    for (size_t i = 0; i <= length; i++)
        copy[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    return copy;
}

static void check_rows(const struct eng_config *config, const char *schema, const struct row *rows,
                       size_t count)
{
    struct eng_decoder *decoder = decoder_of(config, json(schema));
    for (size_t i = 0; i < count; i++) {
        struct eng_bytes bytes = packed(rows[i].words);
        uint8_t *exact = malloc(bytes.used); /* so that a sanitizer sees a read past the end */
        memcpy(exact, bytes.data, bytes.used);
        cr_assert_str_eq(decoded(decoder, exact, bytes.used), rows[i].want, "%s", rows[i].words);
        free(exact);
    }
    eng_decoder_free(decoder);
}

#define CHECK(config, schema, rows) check_rows(config, schema, rows, sizeof(rows) / sizeof *(rows))

#define RECORD(fields) "{'type': 'record', 'name': 'R', 'fields': [" fields "]}"
#define REQUIRED                                                                                   \
    "{'name': 'partner_id', 'type': 'string'}, {'name': 'action', 'type': 'string'}, "             \
    "{'name': 'occurred_at', 'type': 'long'}"

Test(plan, the_shipped_schema_is_read_with_the_default_paths)
{
    static const struct row rows[] = {
        {"s=e1 s=acme s=platform.login l=1767258000000 l=0 l=0 l=0",
         "acme platform.login 1767258000000 id=e1"},
        {"s=e1 s=acme s=invoice.upload l=1767258000000 l=1 s=ann l=1 d=12.5 l=2 s=tier s=gold "
         "s=region "
         "s=eu l=0",
         "acme invoice.upload 1767258000000 id=e1 member=ann value=125000"},
        {"s= s=acme s=x l=0 l=0 l=0 l=-1 l=8 s=abc s=def l=0", "acme x 0 id="},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, eng_schema_partner_action, rows);
}

Test(plan, everything_that_is_not_wanted_is_skipped)
{
    static const char schema[] =
        "{'type': 'record', 'name': 'R', 'fields': ["
        "{'name': 'a', 'type': 'null'},"
        "{'name': 'b', 'type': 'boolean'},"
        "{'name': 'c', 'type': 'int'},"
        "{'name': 'd', 'type': 'float'},"
        "{'name': 'e', 'type': 'double'},"
        "{'name': 'f', 'type': 'bytes'},"
        "{'name': 'g', 'type': {'type': 'fixed', 'name': 'F', 'size': 3}},"
        "{'name': 'h', 'type': {'type': 'enum', 'name': 'E', 'symbols': ['A', 'B']}},"
        "{'name': 'i', 'type': {'type': 'array', 'items': {'type': 'map', 'values': 'long'}}},"
        "{'name': 'j', 'type': ['null', 'string', {'type': 'record', 'name': 'S', 'fields': ["
        "{'name': 'x', 'type': 'int'}, {'name': 'next', 'type': ['null', 'S']}]}]},"
        "{'name': 'k', 'type': 'F'},"
        "{'name': 'l', 'type': {'type': 'array', 'items': 'S'}}," REQUIRED "]}";
    static const struct row rows[] = {
        {"b=1 l=-5 f=1 d=1 s=zz b=1 b=2 b=3 l=1 l=0 l=0 b=7 b=8 b=9 l=0 s=p s=x l=5", "p x 5"},
        {"b=0 l=300 f=1 d=1 s= b=1 b=2 b=3 l=0 l=2 l=1 s=k l=9 l=0 l=0 l=0 l=1 s=str b=7 b=8 b=9 "
         "l=1 l=4 l=1 l=5 l=0 l=0 s=p s=x l=5",
         "p x 5"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=1 l=-9 l=4 b=1 b=2 b=3 b=4 l=0 l=2 l=1 l=1 l=2 l=0 "
         "b=7 b=8 b=9 l=0 s=p s=x l=5",
         "p x 5"},
        {"b=2 l=0 f=1 d=1 s= b=1 b=2 b=3 l=1 l=0 l=0 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "malformed-record"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=2 l=0 l=0 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "malformed-record"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=-1 l=0 l=0 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "malformed-record"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=1 l=0 l=3 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "malformed-record"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=1 l=-1 l=-2 l=0 l=3 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "malformed-record"},
        {"b=1 l=0 f=1 d=1 s= b=1 b=2 b=3 l=1 l=-1 l=200 l=0 l=3 b=7 b=8 b=9 l=0 s=p s=x l=5",
         "truncated-record"},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.framing = ENG_FRAMING_NONE;
    CHECK(&config, schema, rows);
}

Test(plan, texts_come_from_strings_bytes_enums_and_integers)
{
    static const char schema[] =
        "{'type': 'record', 'name': 'R', 'fields': ["
        "{'name': 'event_id', 'type': ['null', 'long', 'double', 'string']},"
        "{'name': 'partner_id', 'type': ['int', 'bytes']},"
        "{'name': 'action', 'type': {'type': 'enum', 'name': 'E', 'symbols': ['login', 'upload']}},"
        "{'name': 'occurred_at', 'type': 'int'},"
        "{'name': 'member_id', 'type': 'boolean'}]}";
    static const struct row rows[] = {
        {"l=0 l=0 l=42 l=1 l=7 b=1", "42 upload 7"},
        {"l=1 l=-9223372036854775808 l=1 s=acme l=0 l=7 b=1",
         "acme login 7 id=-9223372036854775808"},
        {"l=2 d=1.5 l=0 l=-1 l=0 l=7 b=0", "-1 login 7"},
        {"l=3 s=e l=0 l=-1 l=0 l=7 b=0", "-1 login 7 id=e"},
        {"l=3 s=e l=1 s= l=0 l=7 b=0", "bad-partner"},
        {"l=3 s=e l=0 l=-1 l=2 l=7 b=0", "malformed-record"},
        {"l=4 s=e l=0 l=-1 l=0 l=7 b=0", "malformed-record"},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, schema, rows);
}

#define TIME(type)                                                                                 \
    RECORD("{'name': 'partner_id', 'type': 'string'}, {'name': 'action', 'type': 'string'}, "      \
           "{'name': 'occurred_at', 'type': " type "}")

Test(plan, times_follow_the_logical_type_and_else_the_time_unit)
{
    static const struct {
        const char *type;
        enum eng_time_unit unit;
        const char *word, *want;
    } rows[] = {
        {"'long'", ENG_TIME_MS, "l=1767258000123", "p x 1767258000123"},
        {"'long'", ENG_TIME_S, "l=1767258000", "p x 1767258000000"},
        {"'int'", ENG_TIME_S, "l=1767258000", "p x 1767258000000"},
        {"'long'", ENG_TIME_MS, "l=-1", "bad-time"},
        {"'long'", ENG_TIME_MS, "l=253402300800000", "bad-time"},
        {"'long'", ENG_TIME_S, "l=9223372036854775807", "bad-time"},
        {"{'type': 'long', 'logicalType': 'timestamp-millis'}", ENG_TIME_S, "l=1767258000123",
         "p x 1767258000123"},
        {"{'type': 'long', 'logicalType': 'timestamp-micros'}", ENG_TIME_MS, "l=1767258000123999",
         "p x 1767258000123"},
        {"{'type': 'long', 'logicalType': 'timestamp-micros'}", ENG_TIME_MS, "l=-1", "bad-time"},
        {"{'type': 'long', 'logicalType': 'timestamp-nanos'}", ENG_TIME_MS, "l=1767258000123999999",
         "p x 1767258000123"},
        {"['null', {'type': 'long', 'logicalType': 'timestamp-micros'}]", ENG_TIME_MS,
         "l=1 l=1767258000123999", "p x 1767258000123"},
        {"['null', 'long']", ENG_TIME_MS, "l=0", "bad-time"},
        {"{'type': 'int', 'logicalType': 'date'}", ENG_TIME_MS, "l=20454", "p x 1767225600000"},
        {"'string'", ENG_TIME_ISO, "s=2026-01-01T14:30:00+05:30", "p x 1767258000000"},
        {"'string'", ENG_TIME_ISO, "s=yesterday", "bad-time"},
        {"{'type': 'long', 'logicalType': 'timestamp-millis'}", ENG_TIME_ISO, "l=5", "p x 5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char schema[1024], words[256];
        (void)snprintf(schema, sizeof schema, TIME("%s"), rows[i].type);
        (void)snprintf(words, sizeof words, "s=p s=x %s", rows[i].word);
        struct eng_config config = default_config(ENG_FORMAT_AVRO);
        config.input.time_unit = rows[i].unit;
        struct row row = {words, rows[i].want};
        check_rows(&config, schema, &row, 1);
    }
}

Test(plan, values_come_from_every_kind_of_number)
{
    static const struct {
        const char *type, *words, *want;
    } rows[] = {
        {"'int'", "l=-3", "p x 5 value=-30000"},
        {"'long'", "l=3", "p x 5 value=30000"},
        {"'long'", "l=100000000001", "p x 5"},
        {"'float'", "f=0.5", "p x 5 value=5000"},
        {"'double'", "d=12.34", "p x 5 value=123400"},
        {"'double'", "d=nan", "p x 5"},
        {"'double'", "d=-inf", "p x 5"},
        {"'double'", "d=1e300", "p x 5"},
        {"['null', 'string', 'double']", "l=0", "p x 5"},
        {"['null', 'string', 'double']", "l=1 s=12", "p x 5"},
        {"['null', 'string', 'double']", "l=2 d=-0.00005", "p x 5 value=-1"},
        {"{'type': 'bytes', 'logicalType': 'decimal', 'precision': 9, 'scale': 2}", "l=2 b=4 b=210",
         "p x 5 value=123400"},
        {"{'type': 'bytes', 'logicalType': 'decimal', 'precision': 9, 'scale': 2}", "l=1 b=255",
         "p x 5 value=-100"},
        {"{'type': 'bytes', 'logicalType': 'decimal', 'precision': 9, 'scale': 0}", "l=0",
         "p x 5 value=0"},
        {"{'type': 'fixed', 'name': 'D', 'size': 2, 'logicalType': 'decimal', "
         "'precision': "
         "4}",
         "b=255 b=254", "p x 5 value=-20000"},
        {"{'type': 'fixed', 'name': 'D', 'size': 20, 'logicalType': 'decimal', "
         "'precision': "
         "40}",
         "b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 "
         "b=255 "
         "b=255 b=255 b=255 b=255 b=253",
         "p x 5 value=-30000"},
        {"{'type': 'fixed', 'name': 'D', 'size': 17, 'logicalType': 'decimal', "
         "'precision': "
         "40}",
         "b=1 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0 b=0", "p x 5"},
        {"'bytes'", "l=2 b=4 b=210", "p x 5"},
        {"'string'", "s=12", "p x 5"},
        {"'boolean'", "b=1", "p x 5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char schema[1024], words[512];
        (void)snprintf(schema, sizeof schema, RECORD(REQUIRED ", {'name': 'value', 'type': %s}"),
                       rows[i].type);
        (void)snprintf(words, sizeof words, "s=p s=x l=5 %s", rows[i].words);
        struct eng_config config = default_config(ENG_FORMAT_AVRO);
        struct row row = {words, rows[i].want};
        check_rows(&config, schema, &row, 1);
    }
}

Test(plan, paths_lead_through_records_unions_references_and_maps)
{
    static const char schema[] =
        "{'type': 'record', 'name': 'R', 'fields': ["
        "{'name': 'who', 'type': ['null', {'type': 'record', 'name': 'ns.Org', 'fields': ["
        "{'name': 'id', 'type': 'string'}, {'name': 'parent', 'type': ['null', 'ns.Org']}]}]},"
        "{'name': 'again', 'type': 'ns.Org'},"
        "{'name': 'action', 'type': 'string'},"
        "{'name': 'at', 'type': {'type': 'record', 'name': 'T', 'fields': ["
        "{'name': 'ms', 'type': {'type': 'long', 'logicalType': 'timestamp-micros'}}]}},"
        "{'name': 'attributes', 'type': {'type': 'map', 'values': ['null', 'string', 'double']}}"
        "]}";
    static const struct row rows[] = {
        {"l=1 s=acme l=0 s=b l=1 s=c l=0 s=x l=5000 l=3 s=user l=1 s=ann s=other l=0 s=amount l=2 "
         "d=1.5 l=0",
         "acme x 5 id=c member=ann value=15000"},
        {"l=1 s=acme l=1 s=d l=0 s=b l=0 s=x l=5000 l=0", "acme x 5"},
        {"l=0 s=b l=0 s=x l=5000 l=0", "bad-partner"},
        {"l=1 s=acme l=0 s=b l=0 s=x l=5000 l=1 s=user l=1 s=ann l=1 s=user l=1 s=bob l=0",
         "acme x 5 member=bob"},
        {"l=1 s=acme l=0 s=b l=0 s=x l=5000 l=2 s=user l=1 s=ann s=user l=0 l=0", "acme x 5"},
        {"l=1 s=acme l=0 s=b l=0 s=x l=5000 l=-1 l=10 s=user l=1 s=ann l=0", "acme x 5 member=ann"},
        {"l=1 s=acme l=0 s=b l=0 s=x l=5000 l=-1 l=9 s=user l=1 s=ann l=0", "malformed-record"},
        {"l=1 s=acme l=0 s=b l=0 s=x l=5000 l=-1 l=50 s=user l=1 s=ann l=0", "truncated-record"},
    };
    char partner[] = "who.id", id[] = "again.parent.id", time[] = "at.ms";
    char member[] = "attributes.user", value[] = "attributes.amount";
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.fields.partner = partner;
    config.input.fields.id = id;
    config.input.fields.time = time;
    config.input.fields.member = member;
    config.input.fields.value = value;
    CHECK(&config, schema, rows);
}

Test(plan, one_field_of_the_record_may_feed_several_of_ours)
{
    static const struct row rows[] = {{"s=p s=x l=5", "p x 5 id=5 member=p value=50000"}};
    char partner[] = "partner_id", time[] = "occurred_at";
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.fields.member = partner;
    config.input.fields.value = time;
    config.input.fields.id = time;
    CHECK(&config, RECORD(REQUIRED), rows);
}

Test(plan, schemas_without_the_required_fields_are_refused_by_path)
{
    static const struct {
        const char *schema, *partner;
        enum eng_time_unit unit;
        const char *text;
    } rows[] = {
        {RECORD("{'name': 'a', 'type': 'int'}, {'name': 'b', 'type': 'int'}"), "partner_id",
         ENG_TIME_MS, "input.fields.partner: record R has no field \"partner_id\"; it has a, b"},
        {RECORD(REQUIRED), "partner_id.id", ENG_TIME_MS,
         "input.fields.partner: \"id\" is looked for in a string, which has no such part"},
        {RECORD(REQUIRED), "org.id", ENG_TIME_MS, "record R has no field \"org\""},
        {RECORD(REQUIRED ", {'name': 'd', 'type': 'double'}"), "d", ENG_TIME_MS,
         "input.fields.partner: a double cannot be used there; it has to be a string, enum, int or "
         "long"},
        {RECORD(REQUIRED ", {'name': 'd', 'type': ['null', 'double']}"), "d", ENG_TIME_MS,
         "input.fields.partner: a union cannot be used there"},
        {RECORD(REQUIRED ", {'name': 'd', 'type': {'type': 'array', 'items': 'string'}}"), "d.0",
         ENG_TIME_MS, "input.fields.partner: \"0\" is looked for in a array"},
        {RECORD(REQUIRED), "partner_id", ENG_TIME_ISO,
         "input.fields.time: a long cannot be used there; a time is"},
        {TIME("'string'"), "partner_id", ENG_TIME_MS, "input.fields.time: a string cannot be used"},
        {TIME("{'type': 'long', 'logicalType': 'local-timestamp-millis'}"), "partner_id",
         ENG_TIME_MS, "a local-timestamp-millis is no instant"},
        {TIME("{'type': 'long', 'logicalType': 'time-micros'}"), "partner_id", ENG_TIME_MS,
         "input.fields.time: a long cannot be used"},
        {"'string'", "partner_id", ENG_TIME_MS, "is looked for in a string"},
        {"{'type': 'record'", "partner_id", ENG_TIME_MS, "not an Avro schema"},
        {"{'type': 'recrd', 'name': 'R'}", "partner_id", ENG_TIME_MS, "not an Avro schema"},
        {"", "partner_id", ENG_TIME_MS, "not an Avro schema"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char partner[64];
        const char *schema = json(rows[i].schema);
        struct eng_config config = default_config(ENG_FORMAT_AVRO);
        struct eng_decoder *decoder = NULL;
        struct eng_error err = {0};
        config.input.fields.partner = strcpy(partner, rows[i].partner);
        config.input.time_unit = rows[i].unit;
        cr_assert_eq(eng_decoder_new_schema(&config, schema, strlen(schema), &decoder, &err),
                     ENG_BAD_SCHEMA, "row %zu", i);
        cr_assert_null(decoder);
        cr_assert_not_null(strstr(err.text, rows[i].text), "row %zu: %s", i, err.text);
    }
}

Test(plan, optional_fields_may_be_missing_from_the_schema)
{
    static const struct row rows[] = {{"s=p s=x l=5", "p x 5"}};
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, RECORD(REQUIRED), rows);
}

Test(plan, lengths_and_numbers_that_lie_are_refused)
{
    static const struct row rows[] = {
        {"s=p s=x l=5 b=0", "trailing-bytes"},
        {"l=-1 s=x l=5", "malformed-record"},
        {"l=4611686018427387904 s=x l=5", "truncated-record"},
        {"l=9223372036854775807 s=x l=5", "truncated-record"},
        {"l=-9223372036854775808 s=x l=5", "malformed-record"},
        {"s=p s=x b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=2", "malformed-record"},
        {"s=p s=x b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=1",
         "malformed-record"},
        {"s=p s=x b=254 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=255 b=1", "bad-time"},
        {"s=p s=x b=138 b=128 b=128 b=128 b=128 b=128 b=128 b=128 b=128 b=0", "p x 5"},
        {"s=p s=x b=138 b=128 b=0", "p x 5"},
        {"s=p s=x b=138 b=128 b=128 b=128 b=128 b=128 b=128 b=0", "p x 5"},
        {"s=\xFF s=x l=5", "bad-partner"},
        {"s=p s=x\xC3 l=5", "bad-action"},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, RECORD(REQUIRED), rows);
}

Test(plan, work_and_depth_are_bounded_whatever_the_schema_allows)
{
    /* Arrays of things without bytes, and calls of things without bytes (2^60 of them). */
    static const char nulls[] =
        RECORD("{'name': 'n', 'type': {'type': 'array', 'items': 'null'}}, " REQUIRED);
    static const struct row null_rows[] = {
        {"l=4000 l=0 s=p s=x l=5", "p x 5"},
        {"l=4611686018427387904 l=0 s=p s=x l=5", "malformed-record"},
        {"l=-4611686018427387904 l=0 l=0 s=p s=x l=5", "p x 5"},
        {"l=-9223372036854775808 l=0 l=0 s=p s=x l=5", "p x 5"},
    };
    static const char tree[] = RECORD(
        "{'name': 't', 'type': {'type': 'record', 'name': 'T', 'fields': ["
        "{'name': 'l', 'type': ['null', 'T']}, {'name': 'r', 'type': ['null', 'T']}]}}, " REQUIRED);
    static char deep[8192];
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, nulls, null_rows);
    for (int depth = 100; depth <= 2000; depth += 1900) {
        size_t used = 0;
        for (int i = 0; i < depth; i++)
            used += (size_t)sprintf(deep + used, "b=2 ");
        for (int i = 0; i <= depth && depth == 100; i++)
            used += (size_t)sprintf(deep + used, "b=0 ");
        (void)sprintf(deep + used, "%ss=p s=x l=5", depth == 100 ? "b=0 " : "");
        struct row row = {deep, depth == 100 ? "p x 5" : "malformed-record"};
        check_rows(&config, tree, &row, 1);
    }
}

Test(plan, a_schema_that_doubles_at_every_level_stays_small_and_its_record_ends)
{
    /* R0 has two R1, which have two R2 each ...: 2^40 empty records in no bytes. */
    static char schema[16384];
    size_t used = (size_t)sprintf(schema, "{'type': 'record', 'name': 'R', 'fields': [");
    for (int i = 0; i < 40; i++)
        used += (size_t)sprintf(schema + used,
                                "{'name': 'a', 'type': {'type': 'record', 'name': 'R%d', "
                                "'fields': [",
                                i);
    for (int i = 39; i >= 0; i--)
        used += (size_t)sprintf(schema + used, "%s]}}, {'name': 'b', 'type': 'R%d'}",
                                i == 39 ? "{'name': 'z', 'type': 'null'}" : "", i);
    (void)sprintf(schema + used, ", " REQUIRED "]}");
    static const struct row rows[] = {{"s=p s=x l=5", "malformed-record"}};
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    CHECK(&config, schema, rows);
}

Test(plan, a_run_of_the_same_type_longer_than_a_step_can_count_is_skipped)
{
    enum { FIELDS = 70000, FIELD_BYTES = 40 };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    char *schema = malloc(FIELDS * FIELD_BYTES);
    uint8_t *record = calloc(FIELDS + 16, 1);
    size_t used = (size_t)sprintf(schema, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");
    for (int i = 0; i < FIELDS; i++)
        used += (size_t)sprintf(schema + used, "{\"name\":\"f%d\",\"type\":\"int\"},", i);
    (void)sprintf(schema + used, "%s]}", json(REQUIRED));
    struct eng_bytes end = packed("s=p s=x l=5");
    memcpy(record + FIELDS, end.data, end.used);
    config.input.framing = ENG_FRAMING_NONE;
    struct eng_decoder *decoder = decoder_of(&config, schema);
    cr_assert_str_eq(decoded(decoder, record, FIELDS + end.used), "p x 5");
    cr_assert_str_eq(decoded(decoder, record, FIELDS), "truncated-record");
    eng_decoder_free(decoder);
    free(record);
    free(schema);
}

Test(plan, a_schema_with_too_many_steps_is_refused)
{
    enum { FIELDS = 70000, FIELD_BYTES = 48 };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = NULL;
    struct eng_error err = {0};
    char *schema = malloc(FIELDS * FIELD_BYTES);
    size_t used = (size_t)sprintf(schema, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[");
    for (int i = 0; i < FIELDS; i++) /* two types in turn, so that no two make one step */
        used += (size_t)sprintf(schema + used, "{\"name\":\"f%d\",\"type\":\"%s\"},", i,
                                i % 2 == 0 ? "int" : "string");
    used += (size_t)sprintf(schema + used, "%s]}", json(REQUIRED));
    cr_assert_eq(eng_decoder_new_schema(&config, schema, used, &decoder, &err), ENG_BAD_SCHEMA);
    cr_assert_not_null(strstr(err.text, "more than 65,536 steps"), "%s", err.text);
    free(schema);
}

static const char rich_words[] = "s=e1 s=acme s=invoice.upload l=1767258000000 l=1 s=ann l=1 "
                                 "d=12.5 l=2 s=tier s=gold s=region s=eu "
                                 "l=0";

Test(plan, a_record_cut_anywhere_is_truncated_and_never_good)
{
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.framing = ENG_FRAMING_NONE;
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    struct eng_bytes bytes = packed(rich_words);
    for (size_t length = 1; length < bytes.used; length++) {
        uint8_t *cut = malloc(length);
        memcpy(cut, bytes.data, length);
        cr_assert_str_eq(decoded(decoder, cut, length), "truncated-record", "%zu bytes", length);
        free(cut);
    }
    eng_decoder_free(decoder);
}

Test(plan, a_record_with_any_byte_changed_stays_inside_itself)
{
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.framing = ENG_FRAMING_NONE;
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    struct eng_bytes bytes = packed(rich_words);
    uint8_t *copy = malloc(bytes.used);
    for (size_t at = 0; at < bytes.used; at++)
        for (int byte = 0; byte < 256; byte++) {
            struct eng_event event;
            struct eng_record record = {.value = copy, .value_bytes = bytes.used};
            memcpy(copy, bytes.data, bytes.used);
            copy[at] = (uint8_t)byte;
            if (eng_decoder_decode(decoder, &record, &event) != ENG_REASON_NONE)
                continue;
            const char *end = (const char *)copy + bytes.used;
            cr_assert(event.partner.data >= (const char *)copy &&
                      event.partner.data + event.partner.length <= end);
            cr_assert(event.action.data >= (const char *)copy &&
                      event.action.data + event.action.length <= end);
        }
    free(copy);
    eng_decoder_free(decoder);
}

Test(plan, every_allocation_of_compiling_may_fail)
{
    static const char text[] =
        "{'type': 'record', 'name': 'R', 'fields': ["
        "{'name': 'action', 'type': {'type': 'enum', 'name': 'E', 'symbols': ['login', 'upload']}},"
        "{'name': 'm', 'type': {'type': 'map', 'values': ['null', 'string']}},"
        "{'name': 's', 'type': {'type': 'record', 'name': 'S', 'fields': []}},"
        "{'name': 'partner_id', 'type': 'string'}, {'name': 'occurred_at', 'type': 'long'}]}";
    const char *schema = json(text);
    char member[] = "m.user";
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.fields.member = member;
    enum eng_status status = ENG_NO_MEMORY;
    unsigned failed = 0;
    for (uint64_t nth = 1; status == ENG_NO_MEMORY; nth++) {
        struct eng_decoder *decoder = NULL;
        struct eng_error err = {0};
        eng_memory_fail(nth, 0);
        status = eng_decoder_new_schema(&config, schema, strlen(schema), &decoder, &err);
        eng_memory_fail(0, 0);
        if (status == ENG_NO_MEMORY) {
            failed++;
            cr_assert_eq(err.status, ENG_NO_MEMORY);
        }
        eng_decoder_free(decoder);
    }
    cr_assert_eq(status, ENG_OK);
    cr_assert_gt(failed, 15, "%u allocations failed", failed);
}

Test(plan, an_integer_id_without_memory_is_no_fault_of_the_record)
{
    static const char schema[] =
        RECORD("{'name': 'partner_id', 'type': 'long'}, {'name': 'action', 'type': 'string'}, "
               "{'name': 'occurred_at', 'type': 'long'}");
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, json(schema));
    struct eng_bytes bytes = packed("l=1 s=x l=5");
    eng_memory_fail(1, 1);
    const char *got = decoded(decoder, bytes.data, bytes.used);
    eng_memory_fail(0, 0);
    cr_assert_str_eq(got, "out-of-memory");
    cr_assert_str_eq(decoded(decoder, bytes.data, bytes.used), "1 x 5");
    eng_decoder_free(decoder);
}
