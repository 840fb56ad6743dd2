/* The timer wheel: see wheel.h. Blocks live in one array and are linked by index, so that growing
 * it breaks no link; freed blocks form a chain of their own. */
#include "engine/wheel.h"

#include "base/assert.h"
#include "base/memory.h"

static uint32_t bucket_at(int32_t pane)
{
    return (uint32_t)pane & (ENG_WHEEL_PANES - 1);
}

_Static_assert((ENG_WHEEL_PANES & (ENG_WHEEL_PANES - 1)) == 0, "a power of two");

void eng_wheel_init(struct eng_wheel *wheel)
{
    eng_assert(wheel != NULL);
    *wheel = (struct eng_wheel){.free_block = ENG_WHEEL_NO_BLOCK};
    for (uint32_t i = 0; i < ENG_WHEEL_PANES; i++)
        wheel->bucket[i] = ENG_WHEEL_NO_BLOCK;
}

void eng_wheel_done(struct eng_wheel *wheel)
{
    eng_assert(wheel != NULL);
    eng_free(wheel->blocks);
    wheel->blocks = NULL;
}

/* At worst every entry begins a block of its own, but no more blocks than panes plus what is full.
 */
enum eng_status eng_wheel_reserve_many(struct eng_wheel *wheel, uint32_t entries)
{
    eng_assert(wheel != NULL);
    uint64_t most = entries < ENG_WHEEL_PANES ? entries : ENG_WHEEL_PANES;
    uint64_t wanted = wheel->block_count + most + entries / ENG_WHEEL_BLOCK_NUMBERS;
    eng_assert(wheel->block_count <= wheel->block_capacity);
    if (wanted <= wheel->block_capacity)
        return ENG_OK;
    uint64_t capacity = wanted + wanted / 4 + 64;
    if (capacity >= ENG_WHEEL_NO_BLOCK)
        return ENG_NO_MEMORY;
    struct eng_wheel_block *blocks = eng_realloc(wheel->blocks, capacity * sizeof *blocks);
    if (blocks == NULL)
        return ENG_NO_MEMORY;
    wheel->blocks = blocks;
    wheel->block_capacity = (uint32_t)capacity;
    return ENG_OK;
}

static uint32_t new_block(struct eng_wheel *wheel)
{
    eng_assert(wheel->blocks != NULL);
    uint32_t index = wheel->free_block;
    if (index != ENG_WHEEL_NO_BLOCK) {
        wheel->free_block = wheel->blocks[index].next;
        return index;
    }
    eng_assert(wheel->block_count < wheel->block_capacity);
    return wheel->block_count++;
}

void eng_wheel_add(struct eng_wheel *wheel, int32_t pane, uint32_t number)
{
    eng_assert(wheel->blocks != NULL);
    uint32_t *first = &wheel->bucket[bucket_at(pane)];
    if (*first == ENG_WHEEL_NO_BLOCK || wheel->blocks[*first].count == ENG_WHEEL_BLOCK_NUMBERS) {
        uint32_t index = new_block(wheel);
        wheel->blocks[index].next = *first;
        wheel->blocks[index].count = 0;
        *first = index;
    }
    struct eng_wheel_block *block = &wheel->blocks[*first];
    eng_assert(block->count < ENG_WHEEL_BLOCK_NUMBERS);
    block->numbers[block->count++] = number;
    wheel->entries++;
}

uint32_t eng_wheel_count(const struct eng_wheel *wheel, int32_t pane)
{
    uint32_t count = 0;
    eng_assert(wheel->block_count <= wheel->block_capacity);
    for (uint32_t i = wheel->bucket[bucket_at(pane)]; i != ENG_WHEEL_NO_BLOCK;
         i = wheel->blocks[i].next)
        count += wheel->blocks[i].count;
    return count;
}

uint32_t eng_wheel_take(struct eng_wheel *wheel, int32_t pane)
{
    uint32_t first = wheel->bucket[bucket_at(pane)];
    eng_assert(first == ENG_WHEEL_NO_BLOCK || first < wheel->block_count);
    wheel->bucket[bucket_at(pane)] = ENG_WHEEL_NO_BLOCK;
    for (uint32_t i = first; i != ENG_WHEEL_NO_BLOCK; i = wheel->blocks[i].next)
        wheel->entries -= wheel->blocks[i].count;
    return first;
}

void eng_wheel_give(struct eng_wheel *wheel, uint32_t block)
{
    eng_assert(block < wheel->block_count);
    eng_assert(wheel->blocks != NULL);
    wheel->blocks[block].next = wheel->free_block;
    wheel->free_block = block;
}

uint64_t eng_wheel_bytes(const struct eng_wheel *wheel)
{
    eng_assert(wheel->block_count <= wheel->block_capacity);
    return sizeof *wheel + (uint64_t)wheel->block_capacity * sizeof *wheel->blocks;
}
