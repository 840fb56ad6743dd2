/* Attributes of events: what a model names is found, in Avro and in JSON, and nothing else is. */
#include "base/limits.h"
#include "base/memory.h"
#include "codec/schemas.h"
#include "codec/writer.h"
#include "engine/model.h"
#include "records.h"
#include <stdlib.h>

/* A model that names attributes, and nothing else. */
static struct eng_model naming(char **names, uint32_t count)
{
    return (struct eng_model){.attributes = names, .attribute_count = count};
}

static char region[] = "region", source[] = "source", dotted[] = "geo.city", tier[] = "tier";
static char *three[] = {region, source, dotted};

/* A decoder for a configuration whose model names region, source and geo.city. */
static struct eng_decoder *decoder_of_three(struct eng_config *config, const char *schema)
{
    static struct eng_model model;
    model = naming(three, 3);
    config->model = &model;
    return decoder_of(config, schema);
}

/* "region=north source=- ..": each attribute that the decoder is to find, - for none; or the reason
 * why the record is bad. */
static const char *found(struct eng_decoder *decoder, const void *value, size_t length)
{
    static char line[8192];
    const struct eng_names *names = eng_decoder_names(decoder);
    struct eng_record record = {.value = value, .value_bytes = length};
    struct eng_event event;
    size_t used = 0;
    enum eng_reason reason = eng_decoder_decode(decoder, &record, &event);
    if (reason != ENG_REASON_NONE) {
        cr_assert_null(event.attributes);
        return eng_reason_name(reason);
    }
    line[0] = '\0';
    for (uint32_t i = 0; i < names->attribute_count; i++) {
        struct eng_slice text = event.attributes[i];
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s=%.*s", i > 0 ? " " : "",
                                 names->attributes[i], text.data != NULL ? (int)text.length : 1,
                                 text.data != NULL ? text.data : "-");
    }
    return line;
}

static const char *found_in_text(struct eng_decoder *decoder, const char *text)
{
    return found(decoder, text, strlen(text));
}

#define P "{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 5, \"attributes\": "

Test(attributes, of_json_are_strings_and_the_texts_of_numbers_and_booleans)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {P "{\"region\": \"north\", \"source\": \"\", \"geo.city\": \"Ulm\"}}",
         "region=north source= geo.city=Ulm"},
        {P "{\"region\": 12, \"source\": -7, \"geo.city\": 1.50}}",
         "region=12 source=-7 geo.city=1.5"},
        {P "{\"region\": true, \"source\": false, \"geo.city\": 0.1}}",
         "region=true source=false geo.city=0.1"},
        {P "{\"region\": null, \"source\": [1], \"geo.city\": {\"a\": 1}}}",
         "region=- source=- geo.city=-"},
        {P "{\"geo\": {\"city\": \"Ulm\"}, \"Region\": \"north\"}}",
         "region=- source=- geo.city=-"},
        {P "{\"region\": \"a\", \"region\": \"b\"}}", "region=b source=- geo.city=-"},
        {P "{\"region\": 123456789012345678901234567890}}",
         "region=123456789012345678901234567890 source=- geo.city=-"},
        {P "{}}", "region=- source=- geo.city=-"},
        {P "\"region\"}", "region=- source=- geo.city=-"},
        {P "null}", "region=- source=- geo.city=-"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 5, \"region\": \"n\"}",
         "region=- source=- geo.city=-"},
        {"{\"action\": \"x\", \"occurred_at\": 5}", "bad-partner"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of_three(&config, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(found_in_text(decoder, rows[i].text), rows[i].want, "%s", rows[i].text);
    eng_decoder_free(decoder);
}

Test(attributes, stand_where_the_configuration_says)
{
    static const char text[] =
        "{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 5, \"region\": \"top\", "
        "\"payload\": {\"labels\": {\"region\": \"deep\"}}}";
    char path[] = "payload.labels";
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    config.input.fields.attributes = path;
    struct eng_decoder *decoder = decoder_of_three(&config, NULL);
    cr_expect_str_eq(found_in_text(decoder, text), "region=deep source=- geo.city=-");
    eng_decoder_free(decoder);
    config.input.fields.attributes = NULL; /* for those who embed: the record itself */
    decoder = decoder_of_three(&config, NULL);
    cr_expect_str_eq(found_in_text(decoder, text), "region=top source=- geo.city=-");
    eng_decoder_free(decoder);
}

Test(attributes, too_long_or_no_utf_8_are_as_if_missing)
{
    char text[1024], value[ENG_ATTRIBUTE_BYTES_MAX + 2], want[1024];
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of_three(&config, eng_schema_partner_action);
    struct eng_bytes bytes = {0};
    for (int over = 0; over <= 2; over++) {
        memset(value, 'a', sizeof value);
        size_t length = over == 2 ? 2 : ENG_ATTRIBUTE_BYTES_MAX + (size_t)over;
        if (over == 2)
            value[1] = (char)0xC3; /* begins a character that does not follow */
        eng_bytes_clear(&bytes);
        struct eng_writer writer = eng_writer_begin(&bytes);
        for (const char *const *s = (const char *const[]){"e", "p", "x", NULL}; *s != NULL; s++)
            eng_put_avro_bytes(&writer, *s, 1);
        static const int64_t head[] = {5, 0, 0, 1}; /* time, no member, no value, one attribute */
        for (int i = 0; i < 4; i++)
            eng_put_avro_long(&writer, head[i]);
        eng_put_avro_bytes(&writer, "region", 6);
        eng_put_avro_bytes(&writer, value, length);
        eng_put_avro_long(&writer, 0);
        cr_assert_eq(eng_writer_end(&writer), ENG_OK);
        (void)snprintf(want, sizeof want, "region=%.*s source=- geo.city=-",
                       over == 0 ? ENG_ATTRIBUTE_BYTES_MAX : 1, over == 0 ? value : "-");
        cr_expect_str_eq(found(decoder, bytes.data, bytes.used), want, "%d", over);
    }
    (void)snprintf(
        text, sizeof text, P "{\"region\": \"%.*s\"}}", ENG_ATTRIBUTE_BYTES_MAX + 1,
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    eng_decoder_free(decoder);
    config.input.format = ENG_FORMAT_JSON;
    decoder = decoder_of_three(&config, NULL);
    cr_expect_str_eq(found_in_text(decoder, text), "region=- source=- geo.city=-");
    eng_decoder_free(decoder);
    eng_bytes_done(&bytes);
}

/* Bytes from words: s=text, l=number, b=byte. */
static struct eng_bytes packed(const char *words)
{
    static struct eng_bytes bytes;
    char copy[1024], *save = NULL;
    eng_bytes_clear(&bytes);
    struct eng_writer writer = eng_writer_begin(&bytes);
    (void)snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        if (word[0] == 's')
            eng_put_avro_bytes(&writer, word + 2, strlen(word + 2));
        else if (word[0] == 'l')
            eng_put_avro_long(&writer, strtoll(word + 2, NULL, 10));
        else
            eng_put_byte(&writer, (uint8_t)strtol(word + 2, NULL, 10));
    cr_assert_eq(eng_writer_end(&writer), ENG_OK);
    return bytes;
}

#define SCHEMA(attributes)                                                                         \
    "{\"type\": \"record\", \"name\": \"R\", \"fields\": ["                                        \
    "{\"name\": \"attributes\", \"type\": " attributes "}, "                                       \
    "{\"name\": \"partner_id\", \"type\": \"string\"}, {\"name\": \"action\", \"type\": "          \
    "\"string\"}, {\"name\": \"occurred_at\", \"type\": \"long\"}]}"
#define MAP "{\"type\": \"map\", \"values\": \"string\"}"

Test(attributes, of_avro_stand_in_maps_unions_and_records)
{
    static const struct {
        const char *schema, *words, *want;
    } rows[] = {
        {SCHEMA(MAP), "l=2 s=region s=north s=other s=x l=0", "region=north source=- geo.city=-"},
        {SCHEMA(MAP), "l=1 s=source s=web l=1 s=geo.city s=Ulm l=0",
         "region=- source=web geo.city=Ulm"},
        {SCHEMA(MAP), "l=-2 l=24 s=region s=north s=source s=web l=0",
         "region=north source=web geo.city=-"},
        {SCHEMA(MAP), "l=-2 l=23 s=region s=north s=source s=web l=0", "malformed-record"},
        {SCHEMA(MAP), "l=-1 l=400 s=region s=north l=0", "truncated-record"},
        {SCHEMA(MAP), "l=4000000000 s=region s=north l=0", "malformed-record"},
        {SCHEMA(MAP), "l=2 s=region s=a s=region s=b l=0", "region=b source=- geo.city=-"},
        {SCHEMA(MAP), "l=0", "region=- source=- geo.city=-"},
        {SCHEMA("[\"null\", " MAP "]"), "l=0", "region=- source=- geo.city=-"},
        {SCHEMA("[\"null\", " MAP "]"), "l=1 l=1 s=region s=north l=0",
         "region=north source=- geo.city=-"},
        {SCHEMA("{\"type\": \"map\", \"values\": [\"null\", \"string\", \"long\", \"boolean\"]}"),
         "l=3 s=region l=2 l=-12 s=source l=3 b=1 s=geo.city l=1 s=Ulm l=0",
         "region=-12 source=true geo.city=Ulm"},
        {SCHEMA("{\"type\": \"map\", \"values\": [\"null\", \"string\", \"long\", \"boolean\"]}"),
         "l=2 s=region l=1 s=north s=region l=0 l=0", "region=- source=- geo.city=-"},
        {SCHEMA("{\"type\": \"map\", \"values\": [\"null\", \"string\", \"long\", \"boolean\"]}"),
         "l=1 s=region l=3 b=2 l=0", "malformed-record"},
        {SCHEMA("{\"type\": \"record\", \"name\": \"A\", \"fields\": ["
                "{\"name\": \"source\", \"type\": {\"type\": \"enum\", \"name\": \"S\", "
                "\"symbols\": [\"web\", \"portal\"]}}, {\"name\": \"region\", \"type\": "
                "[\"null\", \"string\"]}]}"),
         "l=1 l=1 s=north", "region=north source=portal geo.city=-"},
        {SCHEMA("{\"type\": \"array\", \"items\": \"string\"}"), "l=1 s=region l=0",
         "region=- source=- geo.city=-"},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.input.framing = ENG_FRAMING_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char words[512];
        struct eng_decoder *decoder = decoder_of_three(&config, rows[i].schema);
        (void)snprintf(words, sizeof words, "%s s=p s=x l=5", rows[i].words);
        struct eng_bytes bytes = packed(words);
        uint8_t *exact = malloc(bytes.used); /* so that a sanitizer sees a read past the end */
        memcpy(exact, bytes.data, bytes.used);
        cr_expect_str_eq(found(decoder, exact, bytes.used), rows[i].want, "%s", rows[i].words);
        free(exact);
        eng_decoder_free(decoder);
    }
}

Test(attributes, that_no_model_names_are_not_even_there)
{
    static struct eng_model none;
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_record record = {.value = P "{\"region\": \"north\"}}"};
    struct eng_event event = {.attributes = (const struct eng_slice *)&none};
    record.value_bytes = strlen(record.value);
    config.model = &none;
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    cr_expect_eq(eng_decoder_names(decoder)->attribute_count, 0);
    cr_assert_eq(eng_decoder_decode(decoder, &record, &event), ENG_REASON_NONE);
    cr_expect_null(event.attributes);
    eng_decoder_free(decoder);
}

Test(attributes, of_a_later_model_are_wanted_beside_those_before_while_there_is_room)
{
    static const char text[] = P "{\"region\": \"r\", \"tier\": \"t\", \"a15\": \"z\"}}";
    static char many[2][ENG_ATTRIBUTES_MAX][8], *names[2][ENG_ATTRIBUTES_MAX];
    char *two[] = {tier, region};
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_model later = naming(two, 2);
    struct eng_decoder *decoder = decoder_of_three(&config, NULL);
    cr_assert_eq(eng_decoder_want(decoder, &later, NULL), ENG_OK);
    cr_expect_str_eq(found_in_text(decoder, text), "region=r source=- geo.city=- tier=t");
    cr_assert_eq(eng_decoder_want(decoder, config.model, NULL), ENG_OK);
    cr_expect_eq(eng_decoder_names(decoder)->attribute_count, 4);
    for (int i = 0; i < 2 * ENG_ATTRIBUTES_MAX; i++) {
        names[i / ENG_ATTRIBUTES_MAX][i % ENG_ATTRIBUTES_MAX] =
            many[i / ENG_ATTRIBUTES_MAX][i % ENG_ATTRIBUTES_MAX];
        (void)snprintf(many[i / ENG_ATTRIBUTES_MAX][i % ENG_ATTRIBUTES_MAX], 8, "a%d", i);
    }
    for (int i = 0; i < 2; i++) {
        struct eng_model full = naming(names[i], ENG_ATTRIBUTES_MAX);
        cr_assert_eq(eng_decoder_want(decoder, &full, NULL), ENG_OK);
    }
    /* 4 and 16 and 16 are too many: what was there before the last went. */
    cr_expect_eq(eng_decoder_names(decoder)->attribute_count, ENG_ATTRIBUTES_MAX);
    cr_expect_str_eq(eng_decoder_names(decoder)->attributes[0], "a16");
    eng_decoder_free(decoder);
}

Test(attributes, a_failure_to_want_them_leaves_what_was_wanted)
{
    char *one[] = {tier};
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_model later = naming(one, 1);
    struct eng_bytes bytes =
        packed("s=e s=p s=x l=5 l=0 l=0 l=2 s=region s=north s=tier s=gold l=0");
    struct eng_decoder *decoder = decoder_of_three(&config, eng_schema_partner_action);
    unsigned failed = 0;
    for (uint64_t nth = 1;; nth++) {
        eng_memory_fail(nth, 0);
        enum eng_status status = eng_decoder_want(decoder, &later, NULL);
        eng_memory_fail(0, 0);
        if (status == ENG_OK)
            break;
        failed++;
        cr_assert_str_eq(found(decoder, bytes.data, bytes.used),
                         "region=north source=- geo.city=-");
    }
    cr_expect_gt(failed, 5, "%u failures", failed);
    cr_expect_str_eq(found(decoder, bytes.data, bytes.used),
                     "region=north source=- geo.city=- tier=gold");
    eng_decoder_free(decoder);
}

Test(attributes, that_no_record_can_have_are_known_as_such)
{
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of_three(
        &config, SCHEMA("{\"type\": \"record\", \"name\": \"A\", \"fields\": [{\"name\": "
                        "\"source\", \"type\": \"string\"}]}"));
    cr_expect(eng_decoder_lacks_attribute(decoder, 0));
    cr_expect_not(eng_decoder_lacks_attribute(decoder, 1));
    eng_decoder_free(decoder);
}
