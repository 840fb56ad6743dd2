/* What the fields of a record mean: numbers, times, texts. */
#include "codec/fields.h"
#include "codec/rfc3339.h"
#include "records.h"

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

Test(fields, a_value_is_llround_of_ten_thousand_times_it)
{
    uint64_t state = 20260101;
    for (int i = 0; i < 1000000; i++) {
        double value;
        uint64_t bits = next_random(&state);
        if (i % 2 == 0) {
            memcpy(&value, &bits, sizeof value);
        } else {
            value = (double)(int64_t)(bits % 2000000001) / 10000 - 100000;
            value += i % 4 == 1 ? 0.00005 : 0; /* close to half a unit */
        }
        int64_t want = value >= -1e11 && value <= 1e11 ? llround(value * 10000) : ENG_VALUE_NONE;
        cr_assert_eq(eng_value_e4(value), want, "%.17g", value);
    }
}

Test(fields, a_value_over_1e11_or_no_number_is_missing)
{
    cr_assert_eq(eng_value_e4(1e11), 1000000000000000);
    cr_assert_eq(eng_value_e4(-1e11), -1000000000000000);
    cr_assert_eq(eng_value_e4(nextafter(1e11, 1e12)), ENG_VALUE_NONE);
    cr_assert_eq(eng_value_e4((double)NAN), ENG_VALUE_NONE);
    cr_assert_eq(eng_value_e4((double)INFINITY), ENG_VALUE_NONE);
    cr_assert_eq(eng_value_e4(0.49999999999999994 / 10000), 0, "not 0.5 of a unit");
}

Test(fields, a_time_is_scaled_down_to_ms_and_bounded)
{
    cr_assert_eq(eng_time_scale(1767258000123456, 1, 1000), 1767258000123);
    cr_assert_eq(eng_time_scale(1999, 1, 1000), 1, "micros round down");
    cr_assert_eq(eng_time_scale(1767258000, 1000, 1), 1767258000000);
    cr_assert_eq(eng_time_scale(0, 1, 1), 0);
    cr_assert_eq(eng_time_scale(-1, 1, 1), ENG_TIME_NONE);
    cr_assert_eq(eng_time_scale(INT64_MIN, 1000, 1), ENG_TIME_NONE);
    cr_assert_eq(eng_time_scale(INT64_MAX, 1000, 1), ENG_TIME_NONE, "would overflow");
    cr_assert_eq(eng_time_scale(ENG_TIME_MS_MAX, 1, 1), ENG_TIME_MS_MAX);
    cr_assert_eq(eng_time_scale(ENG_TIME_MS_MAX + 1, 1, 1), ENG_TIME_NONE);
}

Test(fields, a_decimal_is_written_as_printf_does)
{
    const int64_t numbers[] = {0, 7, -7, 10, 1234567890, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[20], want[32];
        uint32_t length = eng_decimal(numbers[i], text);
        (void)snprintf(want, sizeof want, "%lld", (long long)numbers[i]);
        cr_assert_eq(length, strlen(want));
        cr_assert_eq(memcmp(text, want, length), 0, "%s", want);
    }
}

/* The definition, code point by code point: what utf8 must accept. */
static size_t encode_point(uint32_t point, char *text)
{
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        text[i] = (char)(0x80 | (point & 0x3F));
    text[0] = (char)((0xF00 >> length) | point);
    return length;
}

Test(fields, every_code_point_but_surrogates_is_valid_utf8)
{
    char text[16] = "abcdefg";
    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        size_t length = encode_point(point, text + 5);
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        cr_assert_eq(eng_utf8_valid(text, 5 + length), !surrogate, "U+%X", point);
        cr_assert(length == 1 || !eng_utf8_valid(text, 5 + length - 1), "cut off U+%X", point);
    }
}

Test(fields, overlong_and_stray_bytes_are_no_utf8)
{
    static const char *const wrong[] = {"\xC0\x80",
                                        "\xC1\xBF",
                                        "\xE0\x9F\xBF",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\x80",
                                        "abc\xFF",
                                        "\xE2\x28\xA1",
                                        "plain text and then \xC3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_not(eng_utf8_valid(wrong[i], strlen(wrong[i])), "row %zu", i);
    cr_assert(eng_utf8_valid(NULL, 0));
    cr_assert(eng_utf8_valid("Zo\xC3\xAB, a longer name", 20));
}

struct time_row {
    const char *text;
    int64_t ms; /* INT64_MIN: not a time */
};

Test(fields, rfc_3339_texts_are_instants)
{
    static const struct time_row rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-01T09:00:00Z", 1767258000000},
        {"2026-01-01t09:00:00z", 1767258000000},
        {"2026-01-01 09:00:00Z", 1767258000000},
        {"2026-01-01T14:30:00+05:30", 1767258000000},
        {"2026-01-01T01:00:00-08:00", 1767258000000},
        {"2026-01-01T09:00:00.5Z", 1767258000500},
        {"2026-01-01T09:00:00.123999999Z", 1767258000123},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"1969-12-31T23:59:59.9Z", -100},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"9999-12-31T23:59:59.999Z", ENG_TIME_MS_MAX},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"2026-02-29T00:00:00Z", INT64_MIN},
        {"1900-02-29T00:00:00Z", INT64_MIN},
        {"2026-13-01T00:00:00Z", INT64_MIN},
        {"2026-00-01T00:00:00Z", INT64_MIN},
        {"2026-01-00T00:00:00Z", INT64_MIN},
        {"2026-01-01T24:00:00Z", INT64_MIN},
        {"2026-01-01T23:60:00Z", INT64_MIN},
        {"2026-01-01T23:00:61Z", INT64_MIN},
        {"2026-01-01T09:00:00", INT64_MIN},
        {"2026-01-01T09:00:00.Z", INT64_MIN},
        {"2026-01-01T09:00:00+0530", INT64_MIN},
        {"2026-01-01T09:00:00+24:00", INT64_MIN},
        {"2026-01-01T09:00:00Z ", INT64_MIN},
        {" 2026-01-01T09:00:00Z", INT64_MIN},
        {"2026-1-1T09:00:00Z", INT64_MIN},
        {"+026-01-01T09:00:00Z", INT64_MIN},
        {"2026-01-01", INT64_MIN},
        {"", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = INT64_MIN;
        bool found = eng_rfc3339_parse(rows[i].text, strlen(rows[i].text), &ms);
        cr_assert_eq(found, rows[i].ms != INT64_MIN, "%s", rows[i].text);
        cr_assert_eq(ms, rows[i].ms, "%s: %lld", rows[i].text, (long long)ms);
    }
}

Test(fields, an_instant_is_written_so_that_it_reads_back)
{
    uint64_t state = 1;
    char text[ENG_RFC3339_BYTES];
    for (int i = 0; i < 100000; i++) {
        int64_t ms = (int64_t)(next_random(&state) % (ENG_TIME_MS_MAX + 1)), back;
        eng_rfc3339_format(ms, text);
        cr_assert(eng_rfc3339_parse(text, strlen(text), &back));
        cr_assert_eq(back, ms, "%s", text);
    }
    eng_rfc3339_format(1767258000250, text);
    cr_assert_str_eq(text, "2026-01-01T09:00:00.250Z");
}

struct path_row {
    const char *partner;
    enum eng_status status;
    const char *text; /* part of the error */
};

Test(fields, paths_that_cannot_be_are_refused_by_name)
{
    static const struct path_row rows[] = {
        {"org.id", ENG_OK, ""},
        {"", ENG_BAD_CONFIG, "input.fields.partner is empty"},
        {NULL, ENG_BAD_CONFIG, "input.fields.partner is empty"},
        {"org..id", ENG_BAD_CONFIG, "\"org..id\", which has an empty part"},
        {".id", ENG_BAD_CONFIG, "empty part"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f.g", ENG_BAD_CONFIG,
         "has 33 parts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_config config = default_config(ENG_FORMAT_JSON);
        struct eng_mapping mapping;
        struct eng_error err = {0};
        char partner[128];
        config.input.fields.partner = NULL;
        if (rows[i].partner != NULL)
            config.input.fields.partner = strcpy(partner, rows[i].partner);
        cr_assert_eq(eng_mapping_init(&mapping, &config.input, &err), rows[i].status, "row %zu", i);
        cr_assert_not_null(strstr(err.text, rows[i].text), "%s", err.text);
        if (rows[i].status == ENG_OK)
            eng_mapping_done(&mapping);
    }
}
