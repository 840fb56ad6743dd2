/* Numbers of facts: texts and what they are in ten-thousandths. */
#include "engine/fact.h"
#include <criterion/criterion.h>
#include <string.h>

static struct eng_slice text(const char *data)
{
    return (struct eng_slice){data, (uint32_t)strlen(data)};
}

Test(fact, a_number_is_the_nearest_ten_thousandth_a_half_away_from_zero)
{
    static const struct {
        const char *text;
        int64_t e4;
    } rows[] = {
        {"0", 0},
        {"7", 70000},
        {"+7.5", 75000},
        {"-7.25", -72500},
        {".5", 5000},
        {"5.", 50000},
        {"0.00004", 0},
        {"0.00005", 1},
        {"-0.00005", -1},
        {"-0.000049999999999999999999999999999999999999", 0},
        {"1.00004999999999999999999999999999999999", 10000},
        {"1.00005", 10001},
        {"1e3", 10000000},
        {"2.5E+1", 250000},
        {"25e-1", 25000},
        {"1e-5", 0},
        {"5e-5", 1},
        {"1e-999", 0},
        {"0e999", 0},
        {"0000000000000000000000000000000000000000012", 120000},
        {"0.00000000000000000000000000000000000000000012e42", 1200},
        {"99999999999.9999", 999999999999999},
        {"100000000000", 1000000000000000},
        {"-100000000000", -1000000000000000},
        {"1000000000000000000000000000000000000000e-30", 10000000000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t e4 = 1;
        cr_assert(eng_fact_number(text(rows[i].text), &e4), "%s", rows[i].text);
        cr_assert_eq(e4, rows[i].e4, "%s: %lld", rows[i].text, (long long)e4);
    }
}

Test(fact, what_is_no_number_says_nothing)
{
    static const char *const rows[] = {
        "",
        ".",
        "-",
        "+-1",
        "1x",
        "x1",
        " 1",
        "1 ",
        "1e",
        "1e+",
        "1e1.5",
        "1..2",
        "1,5",
        "0x10",
        "NaN",
        "inf",
        "1e12",
        "1e999",
        "100000000000.0001",
        "-100000000001",
        "9999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t e4 = 7;
        cr_assert_not(eng_fact_number(text(rows[i]), &e4), "%s", rows[i]);
        cr_assert_eq(e4, 7);
    }
}
