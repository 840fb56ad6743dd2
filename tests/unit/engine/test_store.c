/* The partner table: in the order of tags, whatever the hashes. */
#include "engine/hash.h"
#include "engine/walk.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { PARTNERS = 3000 };

/* A layout without lists, which is all that the table needs. */
static const struct eng_layout bare = {.fixed_bytes = ENG_PARTNER_HEAD_BYTES + 2, .insert_most = 4};

static struct eng_slice id_of(uint32_t number, char text[16])
{
    int length = snprintf(text, 16, "p%u", number);
    return (struct eng_slice){text, (uint32_t)length};
}

/* Adds partners with the hashes that `hash` makes up, and finds each of them. */
static void add_and_find(struct eng_store *store, uint64_t (*hash)(uint32_t number))
{
    char text[16];
    cr_assert_eq(eng_store_init(store, &bare, 0, 0), ENG_OK);
    for (uint32_t i = 0; i < PARTNERS; i++) {
        cr_assert_eq(eng_store_reserve(store), ENG_OK);
        cr_assert_eq(eng_store_find(store, hash(i), id_of(i, text)), ENG_PARTNER_NONE);
        cr_assert_eq(eng_store_add(store, hash(i), id_of(i, text), 0), i);
    }
    for (uint32_t i = 0; i < PARTNERS; i++)
        cr_assert_eq(eng_store_find(store, hash(i), id_of(i, text)), i);
    uint32_t tag = 0, found = 0;
    for (uint64_t i = 0; i < store->slot_count + store->slots_behind; i++) {
        if (store->slots[i].number == ENG_PARTNER_NONE)
            continue;
        cr_assert_geq(store->slots[i].tag, tag);
        tag = store->slots[i].tag;
        found++;
    }
    cr_assert_eq(found, PARTNERS);
}

static uint64_t spread(uint32_t number)
{
    return (uint64_t)number * 0x9E3779B97F4A7C15u;
}

static uint64_t falling(uint32_t number)
{
    return UINT64_MAX - ((uint64_t)number << 40);
}

static uint64_t greatest(uint32_t number)
{
    return UINT64_MAX - number;
}

static uint64_t smallest(uint32_t number)
{
    return number;
}

Test(store, finds_everybody_and_keeps_the_order_of_tags)
{
    struct eng_store store;
    add_and_find(&store, spread);
    eng_store_done(&store);
    add_and_find(&store, falling);
    eng_store_done(&store);
    add_and_find(&store, smallest);
    cr_assert_lt(eng_store_bytes(&store), 1u << 20);
    eng_store_done(&store);
}

Test(store, ids_made_to_collide_at_the_end_of_the_table_cost_slots_there_and_no_more)
{
    struct eng_store store;
    add_and_find(&store, greatest);
    cr_assert_leq(store.slot_count, 3u * PARTNERS);
    cr_assert_leq(store.slots_behind, 8u * PARTNERS);
    eng_store_done(&store);
}

/* Everybody is found, marks are where they were set, and nobody else is there. */
static void check_rest(const struct eng_store *store, const struct eng_walk *walk,
                       const bool *there, const bool *marked)
{
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < PARTNERS; i++) {
        char text[16];
        struct eng_slice id = id_of(i, text);
        uint32_t number = eng_store_find(store, eng_hash(id.data, id.length), id);
        cr_assert_eq(number, there[i] ? i : ENG_PARTNER_NONE, "%u", i);
        if (!there[i])
            continue;
        cr_assert_eq(eng_walk_waits(walk, eng_store_slot(store, i)), marked[i], "%u", i);
        waiting += marked[i];
    }
    cr_assert_eq(walk->waiting, waiting);
    eng_store_check(store);
}

Test(store, who_is_taken_out_takes_marks_along_and_leaves_everybody_else_in_place)
{
    static bool there[PARTNERS], marked[PARTNERS];
    struct eng_store store;
    struct eng_walk walk = {0};
    char text[16];
    cr_assert_eq(eng_store_init(&store, &bare, 0, 0), ENG_OK);
    for (uint32_t i = 0; i < PARTNERS; i++) {
        struct eng_slice id = id_of(i, text);
        cr_assert_eq(eng_store_reserve(&store), ENG_OK);
        (void)eng_store_add(&store, eng_hash(id.data, id.length), id, 0);
        there[i] = true;
    }
    cr_assert_eq(eng_walk_begin(&walk, &store), ENG_OK);
    for (uint32_t i = 0; i < PARTNERS; i++)
        if ((marked[i] = i % 5 < 2))
            eng_walk_mark(&walk, &store, i);
    for (uint32_t i = 0; i < PARTNERS; i++) {
        uint32_t number = i * 7 % PARTNERS;
        struct eng_record record = eng_record_open(&store, number);
        uint64_t slot = eng_store_slot(&store, number);
        cr_assert_eq(eng_store_reserve_erase(&store), ENG_OK);
        eng_store_give(&store, &record);
        eng_walk_moved(&walk, slot, eng_store_take_out(&store, slot));
        there[number] = false;
        if (i % 50 == 0)
            check_rest(&store, &walk, there, marked);
        if (walk.waiting > 0) { /* and one visit */
            slot = eng_walk_next(&walk, &store);
            marked[store.slots[slot].number] = false;
            eng_walk_visited(&walk, slot);
        }
    }
    check_rest(&store, &walk, there, marked);
    cr_assert_eq(eng_store_partners(&store), 0);
    cr_assert_eq(eng_store_reserve(&store), ENG_OK);
    cr_assert_lt(eng_store_add(&store, 1, id_of(1, text), 0), PARTNERS, "a number is used again");
    eng_walk_done(&walk);
    eng_store_done(&store);
}
