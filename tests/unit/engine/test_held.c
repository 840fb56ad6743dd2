/* What is held, as bytes from outside: whatever stands there, nothing is read behind its end. */
#include "engine/held.h"
#include <criterion/criterion.h>

enum { ENTRY = 72 };

/* A check "k", an action "x", an id "e1", no member, attribute a = "t", number n = 5. */
static void write_entry(uint8_t *to)
{
    static const char texts[] = "\2\0k\2\0x\3\0e1\0\0\2\0a\2\0t\2\0n";
    memset(to, 0, ENTRY);
    eng_store_u32(to, ENTRY);
    eng_store_i32(to + 4, 3);
    eng_store_i64(to + 16, 1000);
    to[32] = ENG_NEEDS;
    to[33] = to[34] = 1;
    memcpy(to + ENG_HELD_HEAD_BYTES, texts, sizeof texts - 1);
    eng_store_i64(to + ENG_HELD_HEAD_BYTES + sizeof texts - 1, 5);
}

Test(held, an_entry_is_read_as_it_was_written)
{
    uint8_t bytes[2 * ENTRY];
    struct eng_held held;
    uint32_t at = 0;
    write_entry(bytes);
    write_entry(bytes + ENTRY);
    cr_assert(eng_held_is_well_formed(bytes, sizeof bytes));
    struct eng_list list = {bytes, sizeof bytes, 0};
    cr_assert(eng_held_next(&list, &at, &held));
    cr_expect_eq(held.since, 3);
    cr_expect_eq(held.time_ms, 1000);
    cr_expect_eq(memcmp(held.id.data, "e1", 2), 0);
    cr_expect_null(held.member.data);
    cr_expect_eq(held.attributes[0].data[0], 't');
    cr_expect_eq(held.numbers[0], 5);
    cr_expect(eng_held_next(&list, &at, &held));
    cr_expect_not(eng_held_next(&list, &at, &held));
}

Test(held, what_is_no_entry_is_refused)
{
    static const struct {
        const char *what;
        uint32_t at;
        uint8_t byte;
    } rows[] = {{"longer than there is", 0, ENTRY + 8},
                {"shorter than its head", 0, 32},
                {"not in whole units", 0, ENTRY - 4},
                {"of nothing", 0, 0},
                {"a pane before the first", 7, 0x80},
                {"a time before 1970", 23, 0x80},
                {"an unknown kind", 32, ENG_CHECK_KINDS},
                {"too many attributes", 33, ENG_ATTRIBUTES_MAX + 1},
                {"attributes behind its end", 33, 9},
                {"too many numbers", 34, ENG_NUMBERS_MAX + 1},
                {"no name of a check", ENG_HELD_HEAD_BYTES, 1},
                {"a text behind its end", ENG_HELD_HEAD_BYTES + 3, 200},
                {"an attribute without a name", ENG_HELD_HEAD_BYTES + 12, 0}};
    uint8_t bytes[ENTRY];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_entry(bytes);
        cr_assert(eng_held_is_well_formed(bytes, ENTRY));
        bytes[rows[i].at] = rows[i].byte;
        cr_expect_not(eng_held_is_well_formed(bytes, ENTRY), "%s", rows[i].what);
    }
    for (uint32_t length = 0; length < ENTRY; length++) {
        write_entry(bytes);
        cr_expect_not(eng_held_is_well_formed(bytes, length), "cut at %u", length);
    }
}

Test(held, more_than_wait_are_refused)
{
    static uint8_t bytes[(ENG_HELD_MAX + 1) * ENTRY];
    for (int i = 0; i <= ENG_HELD_MAX; i++)
        write_entry(bytes + (size_t)i * ENTRY);
    cr_expect(eng_held_is_well_formed(bytes, ENG_HELD_MAX * ENTRY));
    cr_expect_not(eng_held_is_well_formed(bytes, sizeof bytes));
}
