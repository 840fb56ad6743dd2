/* Blocks for partner records. */
#include "base/memory.h"
#include "engine/slab.h"
#include <criterion/criterion.h>
#include <string.h>

Test(slab, a_class_is_the_smallest_that_holds_the_bytes)
{
    for (uint32_t bytes = 1; bytes <= ENG_SLAB_BLOCK_BYTES_MAX; bytes++) {
        uint8_t class = eng_slab_class(bytes);
        cr_assert_geq(eng_slab_class_bytes(class), bytes);
        if (class > 0)
            cr_assert_lt(eng_slab_class_bytes((uint8_t)(class - 1)), bytes, "%u bytes", bytes);
    }
}

Test(slab, classes_are_whole_units_and_lose_a_ninth_at_most_above_256_bytes)
{
    for (uint8_t class = 0; class < ENG_SLAB_CLASSES; class ++) {
        cr_assert_eq(eng_slab_class_bytes(class) % ENG_SLAB_UNIT_BYTES, 0);
        if (class > 16)
            cr_assert_leq(eng_slab_class_bytes(class) * 8,
                          eng_slab_class_bytes((uint8_t)(class - 1)) * 9);
    }
}

Test(slab, blocks_do_not_overlap_and_come_back_when_given)
{
    enum { BLOCKS = 5000 };
    static uint32_t handles[BLOCKS];
    struct eng_slab slab;
    eng_slab_init(&slab, 4);
    uint8_t class = eng_slab_class(200);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
        handles[i] = eng_slab_alloc(&slab, class);
        memset(eng_slab_at(&slab, handles[i]), (int)(i & 0xFF), 200);
    }
    for (uint32_t i = 0; i < BLOCKS; i++)
        for (uint32_t at = 0; at < 200; at++)
            cr_assert_eq(eng_slab_at(&slab, handles[i])[at], i & 0xFF);
    uint64_t bytes = eng_slab_bytes(&slab);
    for (uint32_t i = 0; i < BLOCKS; i++)
        eng_slab_give(&slab, handles[i], class);
    uint64_t empty = eng_slab_bytes(&slab);
    cr_assert_lt(empty * 10, bytes, "chunks that fall empty go back");
    for (uint32_t i = 0; i < BLOCKS; i++) {
        cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
        (void)eng_slab_alloc(&slab, class); /* the handles are of no interest */
    }
    cr_assert_eq(eng_slab_bytes(&slab), bytes);
    eng_slab_done(&slab);
}

Test(slab, a_sparse_chunk_is_left_and_takes_no_new_blocks)
{
    enum { BLOCKS = 2000 };
    static uint32_t handles[BLOCKS];
    struct eng_slab slab;
    eng_slab_init(&slab, 4);
    uint8_t class = eng_slab_class(200);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
        handles[i] = eng_slab_alloc(&slab, class);
    }
    uint32_t sparse = handles[0] >> ENG_SLAB_CHUNK_BITS;
    for (uint32_t i = 1; i < BLOCKS; i++)
        if (handles[i] >> ENG_SLAB_CHUNK_BITS == sparse || i % 5 == 0)
            eng_slab_give(&slab, handles[i], class);
    cr_assert(eng_slab_is_left(&slab, handles[0]));
    for (uint32_t i = 0; i < 100; i++) {
        cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
        cr_assert_neq(eng_slab_alloc(&slab, class) >> ENG_SLAB_CHUNK_BITS, sparse);
    }
    uint64_t bytes = eng_slab_bytes(&slab);
    eng_slab_give(&slab, handles[0], class);
    cr_assert_lt(eng_slab_bytes(&slab), bytes, "the last one out gives the chunk back");
    eng_slab_done(&slab);
}

Test(slab, a_reserve_lets_that_many_allocations_succeed_without_memory)
{
    struct eng_slab slab;
    eng_slab_init(&slab, 8);
    cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
    eng_memory_fail(1, 1);
    for (uint8_t class = 0; class < 8; class ++) /* each class needs a chunk of its own */
        cr_assert_neq(eng_slab_alloc(&slab, class), ENG_SLAB_NONE);
    cr_assert_eq(eng_slab_reserve(&slab), ENG_NO_MEMORY);
    eng_memory_fail(0, 0);
    cr_assert_eq(eng_slab_reserve(&slab), ENG_OK);
    eng_slab_done(&slab);
}
