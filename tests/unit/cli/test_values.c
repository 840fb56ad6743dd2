/* Numbers, durations and times as people write them. */
#include "cli/values.h"

#include <criterion/criterion.h>
#include <string.h>

struct row {
    const char *text;
    int64_t want; /* -1: refused */
};

static void expect(bool (*read)(const char *, int64_t *), const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t got = -1;
        bool good = read(rows[i].text, &got);
        cr_expect_eq(good, rows[i].want >= 0, "'%s'", rows[i].text);
        cr_expect_eq(got, rows[i].want, "'%s': %lld", rows[i].text, (long long)got);
    }
}

Test(values, whole_numbers_may_end_in_k_or_m)
{
    static const struct row rows[] = {
        {"0", 0},
        {"250", 250},
        {"20k", 20000},
        {"1M", 1000000},
        {"", -1},
        {"-1", -1},
        {"1.5", -1},
        {"1K", -1},
        {"k", -1},
        {"1kk", -1},
        {" 1", -1},
        {"999999999999999", 999999999999999},
        {"1000000000000000", -1},
        {"999999999999999k", -1},
    };
    expect(eng_read_number, rows, sizeof rows / sizeof rows[0]);
}

Test(values, durations_have_a_unit)
{
    static const struct row rows[] = {
        {"200ms", 200},      {"20s", 20000},  {"5m", 300000}, {"6h", 21600000},
        {"30d", 2592000000}, {"0s", 0},       {"20", -1},     {"s", -1},
        {"1w", -1},          {"100001d", -1}, {"1 s", -1},
    };
    expect(eng_read_duration, rows, sizeof rows / sizeof rows[0]);
}

Test(values, times_are_epoch_milliseconds_or_rfc_3339)
{
    static const struct row rows[] = {
        {"1767225600000", 1767225600000},
        {"2026-01-01T00:00:00Z", 1767225600000},
        {"2026-01-01T05:30:00+05:30", 1767225600000},
        {"0", 0},
        {"1969-12-31T23:59:59Z", -1},
        {"2026-01-01", -1},
        {"-5", -1},
        {"", -1},
    };
    expect(eng_read_time, rows, sizeof rows / sizeof rows[0]);
}

Test(values, word_distance_counts_single_letter_changes)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {{"replay", "replay", 0}, {"replay", "relpay", 2}, {"run", "rum", 1},
                {"run", "", 3},          {"check", "chek", 1},    {"check", "generate", 7}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(eng_word_distance(rows[i].a, rows[i].b, strlen(rows[i].b)), rows[i].want,
                     "%s %s", rows[i].a, rows[i].b);
}
