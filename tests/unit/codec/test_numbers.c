/* Numbers besides the value: found at paths of their own, in Avro and in JSON, as the value is. */
#include "records.h"

static char points_name[] = "points", points_path[] = "points_earned";
static char pieces_name[] = "quantity", pieces_path[] = "line.quantity";
static char again_name[] = "worth", again_path[] = "value";
static struct eng_property three[] = {{points_name, points_path, false},
                                      {pieces_name, pieces_path, false},
                                      {again_name, again_path, false}};

static struct eng_config config_of_three(enum eng_input_format format)
{
    struct eng_config config = default_config(format);
    config.input.fields.numbers = (struct eng_properties){three, 3};
    return config;
}

/* "value=50000 points=-1 ..", - for none, in 1/10,000; or the reason why the record is bad. */
static const char *found(struct eng_decoder *decoder, const void *value, size_t length)
{
    static char line[512];
    const struct eng_names *names = eng_decoder_names(decoder);
    struct eng_record record = {.value = value, .value_bytes = length};
    struct eng_event event;
    enum eng_reason reason = eng_decoder_decode(decoder, &record, &event);
    if (reason != ENG_REASON_NONE)
        return eng_reason_name(reason);
    size_t used = 0;
    for (uint32_t i = 0; i <= names->number_count; i++) {
        int64_t number = i == 0 ? event.value_e4 : event.numbers[i - 1];
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s=", i > 0 ? " " : "",
                                 i == 0 ? "value" : names->numbers[i - 1]);
        used += (size_t)snprintf(line + used, sizeof line - used,
                                 number == ENG_VALUE_NONE ? "-" : "%lld", (long long)number);
    }
    return line;
}

#define P "{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 5"

Test(numbers, of_json_are_read_as_the_value_is)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {P ", \"points_earned\": 2.5, \"line\": {\"quantity\": -3}, \"value\": 1}",
         "value=10000 points=25000 quantity=-30000 worth=10000"},
        {P ", \"points_earned\": null, \"line\": {\"quantity\": \"3\"}}",
         "value=- points=- quantity=- worth=-"},
        {P ", \"points_earned\": 1e12, \"line\": 4}", "value=- points=- quantity=- worth=-"},
        {P ", \"line.quantity\": 4, \"points_earned\": true}",
         "value=- points=- quantity=- worth=-"},
        {P ", \"points_earned\": 0.00005, \"points_earned\": 0.00004}",
         "value=- points=0 quantity=- worth=-"},
        {P "}", "value=- points=- quantity=- worth=-"},
        {"{}", "bad-partner"},
    };
    struct eng_config config = config_of_three(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(found(decoder, rows[i].text, strlen(rows[i].text)), rows[i].want, "%s",
                         rows[i].text);
    eng_decoder_free(decoder);
}

/* A schema whose fields behind those that every record has are these. */
#define SCHEMA(fields)                                                                             \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":["                                             \
    "{\"name\":\"partner_id\",\"type\":\"string\"},{\"name\":\"action\",\"type\":\"string\"},"     \
    "{\"name\":\"occurred_at\",\"type\":\"long\"}," fields "]}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
/* partner p, action x, time 5 */
#define HEAD_BYTES "\x02p\x02x\x0a"

struct avro_row {
    const char *schema, *bytes;
    size_t length;
    const char *want;
};
#define BYTES(text) HEAD_BYTES text, sizeof(HEAD_BYTES text) - 1

Test(numbers, of_avro_are_of_every_type_that_a_value_may_be_of)
{
    static const struct avro_row rows[] = {
        {SCHEMA(FIELD("points_earned", "\"int\"")), BYTES("\x06"),
         "value=- points=30000 quantity=- worth=-"},
        {SCHEMA(FIELD("points_earned", "[\"null\",\"long\"]")), BYTES("\x02\x05"),
         "value=- points=-30000 quantity=- worth=-"},
        {SCHEMA(FIELD("points_earned", "[\"null\",\"long\"]")), BYTES("\x00"),
         "value=- points=- quantity=- worth=-"},
        {SCHEMA(FIELD("points_earned", "\"float\"") "," FIELD("value", "\"int\"")),
         BYTES("\x00\x00\x20\x40\x02"), "value=10000 points=25000 quantity=- worth=10000"},
        {SCHEMA(FIELD("value", "\"double\"") "," FIELD("points_earned", "\"double\"")),
         BYTES("\x00\x00\x00\x00\x00\x00\xF0\x3F\x00\x00\x00\x00\x00\x00\x04\x40"),
         "value=10000 points=25000 quantity=- worth=10000"},
        {SCHEMA(FIELD("line", "{\"type\":\"record\",\"name\":\"L\",\"fields\":["
                              "{\"name\":\"quantity\",\"type\":{\"type\":\"bytes\","
                              "\"logicalType\":\"decimal\",\"precision\":9,\"scale\":1}}]}")),
         BYTES("\x02\x19"), "value=- points=- quantity=25000 worth=-"},
        {SCHEMA(FIELD("line", "{\"type\":\"map\",\"values\":\"int\"}")),
         BYTES("\x04\x10quantity\x02\x10quantity\x04\x00"),
         "value=- points=- quantity=20000 worth=-"},
        {SCHEMA(FIELD("points_earned", "\"string\"")),
         BYTES("\x02"
               "5"),
         "value=- points=- quantity=- worth=-"},
        {SCHEMA(FIELD("points_earned", "\"double\"")), BYTES("\x00"), "truncated-record"},
    };
    struct eng_config config = config_of_three(ENG_FORMAT_AVRO);
    config.input.framing = ENG_FRAMING_NONE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_decoder *decoder = decoder_of(&config, rows[i].schema);
        cr_expect_str_eq(found(decoder, rows[i].bytes, rows[i].length), rows[i].want, "%s",
                         rows[i].schema);
        eng_decoder_free(decoder);
    }
}

Test(numbers, that_no_record_can_have_are_known)
{
    struct eng_config config = config_of_three(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, SCHEMA(FIELD("points_earned", "\"int\"")));
    cr_expect_not(eng_decoder_lacks_number(decoder, 0));
    cr_expect(eng_decoder_lacks_number(decoder, 1));
    eng_decoder_free(decoder);
}
