/* JSON records: what is bad, what is as if missing. */
#include "base/limits.h"
#include "records.h"

struct row {
    const char *text;
    const char *want;
};

static void check_rows(const struct eng_config *config, const struct row *rows, size_t count)
{
    struct eng_decoder *decoder = decoder_of(config, NULL);
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(decoded(decoder, rows[i].text, strlen(rows[i].text)), rows[i].want, "%s",
                         rows[i].text);
    eng_decoder_free(decoder);
}

#define CHECK(config, rows) check_rows(config, rows, sizeof(rows) / sizeof *(rows))
#define P "{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1767258000000"

Test(json, the_rules_for_fields_of_wrong_types_hold_line_by_line)
{
    static const struct row rows[] = {
        {P "}", "p x 1767258000000"},
        {P ", \"event_id\": \"e\", \"member_id\": \"m\", \"value\": 2.5}",
         "p x 1767258000000 id=e member=m value=25000"},
        {"{\"partner_id\": 12345, \"action\": \"x\", \"occurred_at\": 1}", "12345 x 1"},
        {"{\"partner_id\": -0, \"action\": 8, \"occurred_at\": 0}", "0 8 0"},
        {"{\"partner_id\": null, \"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"partner_id\": \"\", \"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"partner_id\": 1.5, \"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"partner_id\": true, \"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"partner_id\": [\"p\"], \"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"action\": \"x\", \"occurred_at\": 1}", "bad-partner"},
        {"{\"partner_id\": \"p\", \"action\": \"\", \"occurred_at\": 1}", "bad-action"},
        {"{\"partner_id\": \"p\", \"action\": {\"a\": 1}, \"occurred_at\": 1}", "bad-action"},
        {"{\"partner_id\": \"p\", \"action\": \"x\"}", "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": \"1767258000000\"}",
         "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1767258000000.0}",
         "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1e3}", "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": true}", "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": -1}", "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 253402300799999}",
         "p x 253402300799999"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 253402300800000}",
         "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": \"2026-01-01T09:00:00Z\"}",
         "bad-time"},
        {P ", \"value\": \"12\"}", "p x 1767258000000"},
        {P ", \"value\": true}", "p x 1767258000000"},
        {P ", \"value\": 1e+300}", "p x 1767258000000"},
        {P ", \"value\": -12}", "p x 1767258000000 value=-120000"},
        {P ", \"value\": 0.00005}", "p x 1767258000000 value=1"},
        {P ", \"value\": null, \"event_id\": null, \"member_id\": 1.5}", "p x 1767258000000"},
        {P ", \"event_id\": 7, \"member_id\": -7}", "p x 1767258000000 id=7 member=-7"},
        {P ", \"event_id\": \"\"}", "p x 1767258000000 id="},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1, \"partner_id\": \"q\"}",
         "q x 1"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1, \"partner_id\": null}",
         "bad-partner"},
        {"{\"p\\u0061rtner_id\": \"p\\u00e9\\ud83d\\ude00\", \"action\": \"x\", \"occurred_at\": "
         "1}",
         "p\xC3\xA9\xF0\x9F\x98\x80 x 1"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    CHECK(&config, rows);
}

Test(json, what_is_not_one_object_in_utf8_is_refused)
{
    static const struct row rows[] = {
        {"[]", "not-a-json-object"},
        {"null", "not-a-json-object"},
        {"\"text\"", "not-a-json-object"},
        {"7", "not-a-json-object"},
        {" ", "not-a-json-object"},
        {"{not json", "not-a-json-object"},
        {"{\"partner_id\": \"p\", \"action\": \"x\"", "not-a-json-object"},
        {P ", \"value\": NaN}", "not-a-json-object"},
        {P ", \"value\": 01}", "not-a-json-object"},
        {P ", \"value\": .5}", "not-a-json-object"},
        {P ", \"value\": +5}", "not-a-json-object"},
        {P "} {}", "not-a-json-object"},
        {P "},", "not-a-json-object"},
        {P ",}", "not-a-json-object"},
        {P ", 'a': 1}", "not-a-json-object"},
        {P ", \"other\": \"\xFF\"}", "not-a-json-object"},
        {P ", \"other\": \"\xC0\x80\"}", "not-a-json-object"},
        {P ", \"other\": \"\\ud800\"}", "not-a-json-object"},
        {P ", \"other\": \"\t\"}", "not-a-json-object"},
        {"\xEF\xBB\xBF" P "}", "not-a-json-object"},
        {"", "empty-record"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    CHECK(&config, rows);
}

Test(json, a_number_that_fits_nothing_costs_its_field_and_not_the_record)
{
    static const struct row rows[] = {
        {P ", \"other\": 123456789012345678901234567890}", "p x 1767258000000"},
        {P ", \"other\": [1e999, -1E+999], \"value\": 2.5}", "p x 1767258000000 value=25000"},
        {P ", \"value\": 123456789012345678901234567890}", "p x 1767258000000"},
        {P ", \"value\": 1e999}", "p x 1767258000000"},
        {P ", \"value\": 0e999, \"other\": 1e999}", "p x 1767258000000 value=0"},
        {P ", \"value\": 0.00012e4, \"other\": 1e999}", "p x 1767258000000 value=12000"},
        {P ", \"event_id\": 18446744073709551616}", "p x 1767258000000 id=18446744073709551616"},
        {P ", \"event_id\": -9223372036854775809}", "p x 1767258000000 id=-9223372036854775809"},
        {P ", \"event_id\": -9223372036854775808}", "p x 1767258000000 id=-9223372036854775808"},
        {P ", \"event_id\": 1e999}", "p x 1767258000000"},
        {P ", \"event_id\": \"1e999\", \"other\": \"\\\" 99999999999999999999 \", \"n\": 1e999}",
         "p x 1767258000000 id=1e999"},
        {"{\"partner_id\": 99999999999999999999, \"action\": \"x\", \"occurred_at\": 1}",
         "99999999999999999999 x 1"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 99999999999999999999}",
         "bad-time"},
        {P ", \"n\": 1e999, 99999999999999999999: 1}", "not-a-json-object"},
        {P ", \"n\": 1e999, \"m\": 099999999999999999999}", "not-a-json-object"},
        {P ", \"n\": 1e999, \"m\": 99999999999999999999e}", "not-a-json-object"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    CHECK(&config, rows);
}

Test(json, times_come_in_seconds_or_as_text_when_configured)
{
    static const struct row seconds[] = {
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1767258000}",
         "p x 1767258000000"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 9223372036854775807}",
         "bad-time"},
    };
    static const struct row texts[] = {
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": "
         "\"2026-01-01T14:30:00+05:30\"}",
         "p x 1767258000000"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": \"1969-12-31T23:59:59Z\"}",
         "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 1767258000000}", "bad-time"},
        {"{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 99999999999999999999}",
         "bad-time"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    config.input.time_unit = ENG_TIME_S;
    CHECK(&config, seconds);
    config.input.time_unit = ENG_TIME_ISO;
    CHECK(&config, texts);
}

Test(json, paths_lead_through_objects_only)
{
    static const struct row rows[] = {
        {"{\"org\": {\"id\": \"p\"}, \"action\": \"x\", \"ts\": 1}", "p x 1 id=x"},
        {"{\"org\": [{\"id\": \"p\"}], \"action\": \"x\", \"ts\": 1}", "bad-partner"},
        {"{\"org\": {\"id\": \"p\"}, \"org\": {}, \"action\": \"x\", \"ts\": 1}", "bad-partner"},
        {"{\"org.id\": \"p\", \"action\": \"x\", \"ts\": 1}", "bad-partner"},
        {"{\"org\": null, \"action\": \"x\", \"ts\": 1}", "bad-partner"},
    };
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    char partner[] = "org.id", time[] = "ts", id[] = "action";
    config.input.fields.partner = partner;
    config.input.fields.time = time;
    config.input.fields.id = id;
    CHECK(&config, rows);
}

Test(json, lengths_are_limited)
{
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    static const struct {
        const char *field, *reason;
        size_t most;
    } rows[] = {{"partner_id", "bad-partner", ENG_PARTNER_BYTES_MAX},
                {"action", "bad-action", ENG_ACTION_BYTES_MAX},
                {"event_id", "bad-id", ENG_ID_BYTES_MAX},
                {"member_id", "bad-id", ENG_ID_BYTES_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t more = 0; more < 2; more++) {
            static char text[ENG_ID_BYTES_MAX + 256], long_text[ENG_ID_BYTES_MAX + 2];
            memset(long_text, 'a', sizeof long_text);
            int length = snprintf(text, sizeof text, P ", \"%s\": \"%.*s\"}", rows[i].field,
                                  (int)(rows[i].most + more), long_text);
            bool bad = strcmp(decoded(decoder, text, (size_t)length), rows[i].reason) == 0;
            cr_assert_eq(bad, more == 1, "%s of %zu bytes", rows[i].field, rows[i].most + more);
        }
    eng_decoder_free(decoder);
}

Test(json, deep_nesting_is_refused_and_breaks_nothing)
{
    enum { DEPTH = 1000000 };
    static char text[2 * DEPTH + 64];
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    memset(text, '[', DEPTH);
    cr_assert_str_eq(decoded(decoder, text, DEPTH), "not-a-json-object");
    int begin = snprintf(text, sizeof text, P ", \"other\": ");
    memset(text + begin, '[', 1000);
    memset(text + begin + 1000, ']', 1000);
    text[begin + 2000] = '}';
    cr_assert_str_eq(decoded(decoder, text, (size_t)begin + 2001), "p x 1767258000000");
    eng_decoder_free(decoder);
}

Test(json, strings_may_hold_any_character_and_stay_after_the_next_record)
{
    static const char first[] =
        "{\"partner_id\": \"a\\u0000b\", \"action\": \"x\", \"occurred_at\": 1}";
    static const char second[] =
        "{\"partner_id\": \"other\", \"action\": \"y\", \"occurred_at\": 2}";
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    struct eng_record record = {.value = first, .value_bytes = sizeof first - 1};
    struct eng_event one, two;
    cr_assert_eq(eng_decoder_decode(decoder, &record, &one), ENG_REASON_NONE);
    record.value = second;
    record.value_bytes = sizeof second - 1;
    cr_assert_eq(eng_decoder_decode(decoder, &record, &two), ENG_REASON_NONE);
    cr_assert_eq(one.partner.length, 3);
    cr_assert_eq(memcmp(one.partner.data, "a\0b", 3), 0);
    eng_decoder_free(decoder);
}

Test(json, running_out_of_memory_is_said_and_not_blamed_on_the_record)
{
    static const char text[] = P ", \"n\": 1e999}";
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    eng_memory_fail(1, 1);
    const char *got = decoded(decoder, text, sizeof text - 1);
    eng_memory_fail(0, 0);
    cr_assert_str_eq(got, "out-of-memory");
    cr_assert_str_eq(decoded(decoder, text, sizeof text - 1), "p x 1767258000000");
    eng_decoder_free(decoder);
}
