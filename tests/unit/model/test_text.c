/* Decimal numbers, durations, sizes and near words. */
#include "model/text.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

struct row {
    const char *text;
    unsigned decimals;
    enum eng_text_fault fault;
    int64_t value;
};

static void check_numbers(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        enum eng_text_fault fault =
            eng_text_number(rows[i].text, strlen(rows[i].text), rows[i].decimals, &value);
        cr_assert_eq(fault, rows[i].fault, "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s -> %" PRId64, rows[i].text, value);
    }
}

Test(text, numbers_are_read_as_decimal_text)
{
    static const struct row rows[] = {
        {"0", 4, ENG_TEXT_OK, 0},
        {"1", 4, ENG_TEXT_OK, 10000},
        {"0.1", 4, ENG_TEXT_OK, 1000},
        {"0.0001", 4, ENG_TEXT_OK, 1},
        {"-2.5", 4, ENG_TEXT_OK, -25000},
        {"+2.5", 4, ENG_TEXT_OK, 25000},
        {".5", 4, ENG_TEXT_OK, 5000},
        {"5.", 4, ENG_TEXT_OK, 50000},
        {"007", 4, ENG_TEXT_OK, 70000},
        {"1e3", 4, ENG_TEXT_OK, 10000000},
        {"1.5E+2", 4, ENG_TEXT_OK, 1500000},
        {"25e-1", 4, ENG_TEXT_OK, 25000},
        {"0e99", 4, ENG_TEXT_OK, 0},
        {"123", 0, ENG_TEXT_OK, 123},
        {"0.625", 3, ENG_TEXT_OK, 625},
        {"99999999999999.9999", 4, ENG_TEXT_OK, 999999999999999999},
    };
    check_numbers(rows, sizeof rows / sizeof rows[0]);
}

Test(text, what_is_no_decimal_number_is_refused)
{
    static const struct row rows[] = {
        {"", 4, ENG_TEXT_SHAPE, 0},
        {"-", 4, ENG_TEXT_SHAPE, 0},
        {".", 4, ENG_TEXT_SHAPE, 0},
        {"abc", 4, ENG_TEXT_SHAPE, 0},
        {"1,5", 4, ENG_TEXT_SHAPE, 0},
        {"1 ", 4, ENG_TEXT_SHAPE, 0},
        {" 1", 4, ENG_TEXT_SHAPE, 0},
        {"0x10", 4, ENG_TEXT_SHAPE, 0},
        {".inf", 4, ENG_TEXT_SHAPE, 0},
        {"1e", 4, ENG_TEXT_SHAPE, 0},
        {"1e+", 4, ENG_TEXT_SHAPE, 0},
        {"1e100", 4, ENG_TEXT_SHAPE, 0},
        {"1.2.3", 4, ENG_TEXT_SHAPE, 0},
        {"--1", 4, ENG_TEXT_SHAPE, 0},
        {"0.12345", 4, ENG_TEXT_DECIMALS, 0},
        {"1.0", 0, ENG_TEXT_DECIMALS, 0},
        {"1e-5", 4, ENG_TEXT_DECIMALS, 0},
        {"0.7001", 3, ENG_TEXT_DECIMALS, 0},
        {"100000000000000", 4, ENG_TEXT_SIZE, 0},
        {"9999999999999999999", 0, ENG_TEXT_SIZE, 0},
        {"1e30", 0, ENG_TEXT_SIZE, 0},
        {"9e99", 4, ENG_TEXT_SIZE, 0},
    };
    check_numbers(rows, sizeof rows / sizeof rows[0]);
}

static enum eng_text_fault duration(const char *text, int64_t *ret_ms)
{
    *ret_ms = -1;
    return eng_text_duration(text, strlen(text), ret_ms);
}

Test(text, durations_are_a_whole_number_and_a_unit)
{
    static const struct row good[] = {{"0", 0, ENG_TEXT_OK, 0},
                                      {"0d", 0, ENG_TEXT_OK, 0},
                                      {"30d", 0, ENG_TEXT_OK, 2592000000},
                                      {"6h", 0, ENG_TEXT_OK, 21600000},
                                      {"10m", 0, ENG_TEXT_OK, 600000},
                                      {"90s", 0, ENG_TEXT_OK, 90000},
                                      {"250ms", 0, ENG_TEXT_OK, 250}};
    static const char *const bad[] = {"",    "30", "d",    "-1d",  "1.5d", "1 d",
                                      "1d ", "1D", "1day", "1d2h", "1w",   "1e3s"};
    int64_t ms = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(duration(good[i].text, &ms), ENG_TEXT_OK, "%s", good[i].text);
        cr_assert_eq(ms, good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(duration(bad[i], &ms), ENG_TEXT_SHAPE, "\"%s\"", bad[i]);
    cr_assert_eq(duration("99999999999d", &ms), ENG_TEXT_SIZE);
    cr_assert_eq(duration("99999999999999999999d", &ms), ENG_TEXT_SIZE);
    cr_assert_eq(duration("999999999999999999ms", &ms), ENG_TEXT_SIZE);
}

Test(text, sizes_are_whole_bytes_with_a_unit)
{
    int64_t bytes = 0;
    cr_assert_eq(eng_text_bytes("512MiB", 6, &bytes), ENG_TEXT_OK);
    cr_assert_eq(bytes, 512LL << 20);
    cr_assert_eq(eng_text_bytes("2GiB", 4, &bytes), ENG_TEXT_OK);
    cr_assert_eq(bytes, 2LL << 30);
    cr_assert_eq(eng_text_bytes("0", 1, &bytes), ENG_TEXT_OK);
    cr_assert_eq(bytes, 0);
    cr_assert_eq(eng_text_bytes("2GB", 3, &bytes), ENG_TEXT_SHAPE);
    cr_assert_eq(eng_text_bytes("2", 1, &bytes), ENG_TEXT_SHAPE);
    cr_assert_eq(eng_text_bytes("9999999999999TiB", 16, &bytes), ENG_TEXT_SIZE);
}

Test(text, numbers_and_durations_are_shown_as_one_writes_them)
{
    char text[ENG_TEXT_SHOWN_BYTES];
    cr_assert_str_eq(eng_text_show_number(text, sizeof text, 25000, 4), "2.5");
    cr_assert_str_eq(eng_text_show_number(text, sizeof text, -1, 4), "-0.0001");
    cr_assert_str_eq(eng_text_show_number(text, sizeof text, 700, 3), "0.7");
    cr_assert_str_eq(eng_text_show_number(text, sizeof text, 64, 0), "64");
    cr_assert_str_eq(eng_text_show_number(text, sizeof text, INT64_MIN, 4),
                     "-922337203685477.5808");
    cr_assert_str_eq(eng_text_show_duration(text, sizeof text, 0), "0");
    cr_assert_str_eq(eng_text_show_duration(text, sizeof text, 172800000), "2d");
    cr_assert_str_eq(eng_text_show_duration(text, sizeof text, 129600000), "36h");
    cr_assert_str_eq(eng_text_show_duration(text, sizeof text, 10001), "10001ms");
}

static const char *nearest_of_three(const char *text)
{
    struct eng_nearest nearest = {.text = text, .length = strlen(text)};
    eng_nearest_offer(&nearest, "dimensions");
    eng_nearest_offer(&nearest, "bands");
    eng_nearest_offer(&nearest, "margin");
    return nearest.best;
}

Test(text, the_nearest_word_is_found_and_a_far_one_is_not)
{
    cr_assert_str_eq(nearest_of_three("dimension"), "dimensions");
    cr_assert_str_eq(nearest_of_three("Bands"), "bands");
    cr_assert_str_eq(nearest_of_three("margn"), "margin");
    cr_assert_null(nearest_of_three("horizon"));
    cr_assert_null(nearest_of_three(""));
    cr_assert_null(nearest_of_three("a_word_that_is_far_longer_than_any_key_of_any_section_here"));
}
