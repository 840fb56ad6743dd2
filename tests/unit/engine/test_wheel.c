/* The timer wheel. */
#include "engine/wheel.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static int by_number(const void *one, const void *two)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)two;
    return a < b ? -1 : a > b;
}

/* Moves the numbers of a pane out of the wheel. */
static void take(struct eng_wheel *wheel, int32_t pane, uint32_t *numbers)
{
    uint32_t block = eng_wheel_take(wheel, pane), next;
    for (; block != ENG_WHEEL_NO_BLOCK; block = next) {
        for (uint32_t i = 0; i < wheel->blocks[block].count; i++)
            *numbers++ = wheel->blocks[block].numbers[i];
        next = wheel->blocks[block].next;
        eng_wheel_give(wheel, block);
    }
}

Test(wheel, gives_back_what_was_armed_for_a_pane_and_nothing_else)
{
    struct eng_wheel wheel;
    eng_wheel_init(&wheel);
    for (uint32_t number = 0; number < 10000; number++) {
        cr_assert_eq(eng_wheel_reserve(&wheel), ENG_OK);
        eng_wheel_add(&wheel, (int32_t)(100 + number % 7), number);
    }
    for (int32_t pane = 100; pane < 107; pane++) {
        uint32_t count = eng_wheel_count(&wheel, pane);
        uint32_t *numbers = calloc(count, sizeof *numbers);
        take(&wheel, pane, numbers);
        qsort(numbers, count, sizeof *numbers, by_number);
        for (uint32_t i = 0; i < count; i++)
            cr_assert_eq(numbers[i], i * 7 + (uint32_t)(pane - 100));
        cr_assert_eq(eng_wheel_count(&wheel, pane), 0);
        free(numbers);
    }
    cr_assert_eq(wheel.entries, 0);
    eng_wheel_done(&wheel);
}

Test(wheel, works_for_panes_before_the_epoch_and_far_after_it)
{
    struct eng_wheel wheel;
    uint32_t number;
    eng_wheel_init(&wheel);
    cr_assert_eq(eng_wheel_reserve_many(&wheel, 2), ENG_OK);
    eng_wheel_add(&wheel, -1, 5);
    eng_wheel_add(&wheel, 70000000, 6);
    cr_assert_eq(eng_wheel_count(&wheel, -1), 1);
    take(&wheel, -1, &number);
    cr_assert_eq(number, 5);
    take(&wheel, 70000000, &number);
    cr_assert_eq(number, 6);
    eng_wheel_done(&wheel);
}

Test(wheel, keeps_its_memory_when_blocks_are_used_again)
{
    struct eng_wheel wheel;
    uint32_t numbers[3000];
    uint64_t bytes = 0;
    eng_wheel_init(&wheel);
    for (int32_t pane = 0; pane < 5000; pane++) {
        cr_assert_eq(eng_wheel_reserve_many(&wheel, 3000), ENG_OK);
        for (uint32_t i = 0; i < 3000; i++)
            eng_wheel_add(&wheel, pane + 1, i);
        take(&wheel, pane + 1, numbers);
        if (pane == 0)
            bytes = eng_wheel_bytes(&wheel);
    }
    cr_assert_eq(eng_wheel_bytes(&wheel), bytes);
    eng_wheel_done(&wheel);
}
