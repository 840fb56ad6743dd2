/* Growing texts and their notations. */
#include "serve/text.h"

#include "base/memory.h"
#include <criterion/criterion.h>
#include <string.h>

static void expect(struct eng_text *text, const char *want)
{
    cr_expect(!text->failed);
    cr_expect_str_eq(text->data ? text->data : "", want);
    eng_text_done(text);
}

Test(text, decimals_are_exact_without_trailing_zeros)
{
    static const struct {
        int64_t value, divisor;
        const char *want;
    } rows[] = {
        {0, 1, "0"},
        {0, 1000, "0"},
        {7, 1, "7"},
        {1250, 1000, "1.25"},
        {1, 1000, "0.001"},
        {-1, 10000, "-0.0001"},
        {-15, 10, "-1.5"},
        {1000, 1000, "1"},
        {12345678901, 1000000, "12345.678901"},
        {INT64_MAX, 1, "9223372036854775807"},
        {INT64_MIN, 1, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eng_text text = {0};
        eng_text_add_decimal(&text, rows[i].value, rows[i].divisor);
        expect(&text, rows[i].want);
    }
}

Test(text, json_strings_are_escaped_and_always_utf8)
{
    static const struct {
        const char *value;
        const char *want;
    } rows[] = {
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\r\t\x01\x7f", "\"\\n\\r\\t\\u0001\\u007f\""},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"a\xFFz", "\"a\xEF\xBF\xBDz\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eng_text text = {0};
        eng_text_add_json(&text, rows[i].value, strlen(rows[i].value));
        expect(&text, rows[i].want);
    }
}

Test(text, html_is_escaped_in_content_and_attributes)
{
    struct eng_text text = {0};
    eng_text_add_html(&text, "<a href='x'>\"&\"</a>");
    expect(&text, "&#60;a href=&#39;x&#39;&#62;&#34;&#38;&#34;&#60;/a&#62;");
}

Test(text, base64_is_padded_to_groups_of_four)
{
    static const char *const rows[][2] = {
        {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xFF\xFE\xFD", "//79"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct eng_text text = {0};
        eng_text_add_base64(&text, (const uint8_t *)rows[i][0], strlen(rows[i][0]));
        expect(&text, rows[i][1]);
    }
}

Test(text, a_text_grows_and_can_be_used_again)
{
    struct eng_text text = {0};
    for (int i = 0; i < 5000; i++)
        eng_text_add(&text, "%04d", i);
    cr_expect_eq(text.used, 20000);
    cr_expect_eq(strlen(text.data), 20000);
    cr_expect_str_eq(text.data + 19996, "4999");
    eng_text_clear(&text);
    eng_text_add(&text, "x");
    expect(&text, "x");
}

Test(text, running_out_of_memory_is_remembered_until_the_end)
{
    struct eng_text text = {0};
    eng_memory_fail(1, 0);
    eng_text_add(&text, "lost");
    eng_memory_fail(0, 0);
    eng_text_add(&text, "kept?");
    cr_expect(text.failed);
    cr_expect_eq(text.used, 0);
    eng_text_clear(&text);
    eng_text_add(&text, "again");
    expect(&text, "again");
}
