/* Size classes: steps of 16 bytes up to 256, then eight sizes per doubling (a ninth or less is
 * lost). A class that runs out takes a spare chunk; spares are refilled only between events, where
 * a failure can still be reported with the state intact. */
#include "engine/slab.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/bytes.h"

enum {
    CHUNK_BYTES = ENG_SLAB_CHUNK_UNITS * ENG_SLAB_UNIT_BYTES,
    LINEAR_STEP = 16,
    LINEAR_CLASSES = 16,
    LINEAR_BYTES = LINEAR_STEP * LINEAR_CLASSES,
};

uint8_t eng_slab_class(uint32_t bytes)
{
    eng_assert(bytes > 0);
    eng_assert(bytes <= ENG_SLAB_BLOCK_BYTES_MAX);
    if (bytes <= LINEAR_BYTES)
        return (uint8_t)((bytes - 1) / LINEAR_STEP);
    uint32_t doubling = 31u - (uint32_t)__builtin_clz((bytes - 1) / LINEAR_BYTES);
    uint32_t base = (uint32_t)LINEAR_BYTES << doubling;
    return (uint8_t)(LINEAR_CLASSES + doubling * 8 + (bytes - base - 1) / (base / 8));
}

void eng_slab_init(struct eng_slab *slab, uint32_t allocations)
{
    eng_assert(slab != NULL);
    eng_assert(allocations > 0 && allocations <= ENG_SLAB_SPARES_MAX);
    *slab = (struct eng_slab){.chunk_count = 1, .spare_target = allocations};
}

void eng_slab_done(struct eng_slab *slab)
{
    eng_assert(slab->chunk_count > 0 || slab->chunks == NULL);
    eng_assert(slab != NULL);
    for (uint32_t i = 1; slab->chunks != NULL && i < slab->chunk_count; i++)
        eng_free(slab->chunks[i]);
    while (slab->spare_count > 0)
        eng_free(slab->spares[--slab->spare_count]);
    eng_free(slab->chunks);
    *slab = (struct eng_slab){0};
}

/* Room in the table of chunks for all spares. */
static enum eng_status reserve_table(struct eng_slab *slab)
{
    eng_assert(slab->chunk_count <= slab->chunk_capacity || slab->chunks == NULL);
    eng_assert(slab->spare_target > 0);
    if (slab->chunk_count + slab->spare_target <= slab->chunk_capacity)
        return ENG_OK;
    uint32_t capacity =
        slab->chunk_capacity == 0 ? 2 * ENG_SLAB_SPARES_MAX : slab->chunk_capacity * 2;
    if (capacity > ENG_SLAB_CHUNKS_MAX)
        return ENG_NO_MEMORY; /* handles have no more bits: 32 GiB in one engine */
    uint8_t **chunks = eng_realloc(slab->chunks, capacity * sizeof *chunks);
    if (chunks == NULL)
        return ENG_NO_MEMORY;
    slab->chunks = chunks;
    slab->chunk_capacity = capacity;
    return ENG_OK;
}

enum eng_status eng_slab_reserve_slow(struct eng_slab *slab)
{
    eng_assert(slab != NULL);
    eng_assert(slab->spare_count < slab->spare_target);
    if (reserve_table(slab) != ENG_OK)
        return ENG_NO_MEMORY;
    while (slab->spare_count < slab->spare_target) {
        uint8_t *chunk = eng_calloc(1, CHUNK_BYTES);
        if (chunk == NULL)
            return ENG_NO_MEMORY;
        slab->spares[slab->spare_count++] = chunk;
    }
    return ENG_OK;
}

/* Turns a spare into fresh blocks of a class. */
static void cut_chunk(struct eng_slab *slab, uint8_t class)
{
    eng_assert(slab->spare_count > 0);
    eng_assert(slab->chunk_count < slab->chunk_capacity);
    slab->chunks[slab->chunk_count] = slab->spares[--slab->spare_count];
    slab->fresh_unit[class] = slab->chunk_count << 14;
    slab->fresh_left[class] = CHUNK_BYTES / eng_slab_class_bytes(class);
    slab->chunk_count++;
}

uint32_t eng_slab_alloc(struct eng_slab *slab, uint8_t class)
{
    eng_assert(slab->chunk_count > 0);
    eng_assert(class < ENG_SLAB_CLASSES);
    uint32_t handle = slab->free_block[class];
    if (handle != ENG_SLAB_NONE) {
        slab->free_block[class] = eng_load_u32(eng_slab_at(slab, handle));
        return handle;
    }
    if (slab->fresh_left[class] == 0)
        cut_chunk(slab, class);
    handle = slab->fresh_unit[class];
    slab->fresh_unit[class] += eng_slab_class_bytes(class) / ENG_SLAB_UNIT_BYTES;
    slab->fresh_left[class]--;
    return handle;
}

void eng_slab_give(struct eng_slab *slab, uint32_t handle, uint8_t class)
{
    eng_assert(class < ENG_SLAB_CLASSES);
    eng_assert(handle != ENG_SLAB_NONE && handle >> 14 < slab->chunk_count);
    eng_store_u32(eng_slab_at(slab, handle), slab->free_block[class]);
    slab->free_block[class] = handle;
}

uint64_t eng_slab_bytes(const struct eng_slab *slab)
{
    eng_assert(slab->chunk_count > 0);
    uint64_t chunks = slab->chunk_count - 1;
    return chunks * CHUNK_BYTES + slab->chunk_capacity * sizeof *slab->chunks;
}
