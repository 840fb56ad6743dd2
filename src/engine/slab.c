/* Size classes: steps of 16 bytes up to 256, then eight sizes per doubling (a ninth or less is
 * lost). A class that has no free block takes a spare chunk; spares are refilled only between
 * events, where a failure can still be reported with the state intact.
 *
 * Blocks are taken from the head of a class's queue of chunks until that chunk is full; a chunk in
 * which a block falls free joins at the tail. So a chunk that is being left behind is not filled
 * again while others have room, and falls empty. An empty chunk becomes a spare, or goes back to
 * the system. */
#include "engine/slab.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/bytes.h"

enum {
    CHUNK_BYTES = ENG_SLAB_CHUNK_UNITS * ENG_SLAB_UNIT_BYTES,
    LINEAR_STEP = 16,
    LINEAR_CLASSES = 16,
    LINEAR_BYTES = LINEAR_STEP * LINEAR_CLASSES,
    CHUNKS_MIN = 2 * ENG_SLAB_SPARES_MAX,
};

/* 16, 32, ... 256 bytes, then 288, 320, ...: in units of 8. */
const uint16_t eng_slab_class_units[ENG_SLAB_CLASSES] = {
    2,    4,    6,    8,    10,   12,   14,   16,   18,   20,   22,   24,   26,   28,   30,
    32,   36,   40,   44,   48,   52,   56,   60,   64,   72,   80,   88,   96,   104,  112,
    120,  128,  144,  160,  176,  192,  208,  224,  240,  256,  288,  320,  352,  384,  416,
    448,  480,  512,  576,  640,  704,  768,  832,  896,  960,  1024, 1152, 1280, 1408, 1536,
    1664, 1792, 1920, 2048, 2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096};

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
    eng_assert(slab != NULL);
    eng_assert(slab->chunk_count > 0 || slab->chunks == NULL);
    for (uint32_t i = 1; slab->chunks != NULL && i < slab->chunk_count; i++)
        eng_free(slab->chunks[i]);
    while (slab->spare_count > 0)
        eng_free(slab->spares[--slab->spare_count]);
    eng_free(slab->chunks);
    eng_free(slab->about);
    *slab = (struct eng_slab){0};
}

/* Room in the tables of chunks for all spares. */
static enum eng_status reserve_tables(struct eng_slab *slab)
{
    eng_assert(slab->spare_target > 0);
    eng_assert(slab->chunk_count <= slab->chunk_capacity || slab->chunk_capacity == 0);
    if (slab->chunk_count + slab->spare_target <= slab->chunk_capacity)
        return ENG_OK;
    uint32_t capacity = slab->chunk_capacity == 0 ? CHUNKS_MIN : slab->chunk_capacity * 2;
    if (capacity > ENG_SLAB_CHUNKS_MAX)
        return ENG_NO_MEMORY; /* handles have no more bits: 32 GiB in one engine */
    uint8_t **chunks = eng_realloc(slab->chunks, capacity * sizeof *chunks);
    if (chunks == NULL)
        return ENG_NO_MEMORY;
    slab->chunks = chunks;
    struct eng_slab_chunk *about = eng_realloc(slab->about, capacity * sizeof *about);
    if (about == NULL)
        return ENG_NO_MEMORY;
    slab->about = about;
    slab->chunk_capacity = capacity;
    return ENG_OK;
}

enum eng_status eng_slab_reserve_slow(struct eng_slab *slab)
{
    eng_assert(slab != NULL);
    eng_assert(slab->spare_count < slab->spare_target);
    if (reserve_tables(slab) != ENG_OK)
        return ENG_NO_MEMORY;
    while (slab->spare_count < slab->spare_target) {
        uint8_t *chunk = eng_realloc(NULL, CHUNK_BYTES); /* what is in it is not looked at */
        if (chunk == NULL)
            return ENG_NO_MEMORY;
        slab->spares[slab->spare_count++] = chunk;
    }
    return ENG_OK;
}

/* ---- the queues ---- */

static void enqueue(struct eng_slab *slab, uint32_t number)
{
    struct eng_slab_chunk *chunk = &slab->about[number];
    eng_assert(number > 0 && number < slab->chunk_count);
    eng_assert(!chunk->queued);
    uint32_t first = slab->first[chunk->class], last = slab->last[chunk->class];
    bool ahead = number < first;
    chunk->queued = true;
    chunk->next = ahead ? first : 0;
    chunk->previous = ahead ? 0 : last;
    if (ahead)
        slab->about[first].previous = number;
    else if (last != 0)
        slab->about[last].next = number;
    if (ahead || first == 0)
        slab->first[chunk->class] = number;
    if (!ahead)
        slab->last[chunk->class] = number;
}

static void dequeue(struct eng_slab *slab, uint32_t number)
{
    struct eng_slab_chunk *chunk = &slab->about[number];
    eng_assert(number > 0 && number < slab->chunk_count);
    eng_assert(chunk->queued);
    chunk->queued = false;
    if (chunk->previous != 0)
        slab->about[chunk->previous].next = chunk->next;
    else
        slab->first[chunk->class] = chunk->next;
    if (chunk->next != 0)
        slab->about[chunk->next].previous = chunk->previous;
    else
        slab->last[chunk->class] = chunk->previous;
}

/* Turns a spare into a chunk of a class. */
static void cut_chunk(struct eng_slab *slab, uint8_t class)
{
    uint32_t number = slab->free_number;
    eng_assert(slab->spare_count > 0);
    if (number != 0) {
        slab->free_number = slab->about[number].next;
    } else {
        number = slab->chunk_count++;
        eng_assert(number < slab->chunk_capacity);
    }
    slab->chunks[number] = slab->spares[--slab->spare_count];
    slab->chunks_held++;
    slab->about[number] = (struct eng_slab_chunk){.free_unit = ENG_SLAB_NO_UNIT, .class = class};
    enqueue(slab, number);
}

/* Takes an empty chunk from its class. */
static void drop_chunk(struct eng_slab *slab, uint32_t number)
{
    eng_assert(slab->about[number].used == 0);
    eng_assert(slab->chunks[number] != NULL);
    if (slab->about[number].queued)
        dequeue(slab, number);
    if (slab->spare_count < slab->spare_target + ENG_SLAB_SPARES_KEPT)
        slab->spares[slab->spare_count++] = slab->chunks[number];
    else
        eng_free(slab->chunks[number]);
    slab->chunks[number] = NULL;
    slab->chunks_held--;
    slab->about[number].next = slab->free_number;
    slab->free_number = number;
}

/* ---- blocks ---- */

uint32_t eng_slab_alloc(struct eng_slab *slab, uint8_t class)
{
    eng_assert(class < ENG_SLAB_CLASSES);
    eng_assert(slab->chunk_count > 0);
    if (slab->first[class] == 0)
        cut_chunk(slab, class);
    uint32_t number = slab->first[class];
    struct eng_slab_chunk *chunk = &slab->about[number];
    uint32_t units = eng_slab_class_bytes(class) / ENG_SLAB_UNIT_BYTES, unit = chunk->free_unit;
    if (unit != ENG_SLAB_NO_UNIT) {
        chunk->free_unit = eng_load_u32(eng_slab_at(slab, number << ENG_SLAB_CHUNK_BITS | unit));
    } else {
        unit = chunk->fresh_unit;
        chunk->fresh_unit += units;
    }
    chunk->used++;
    if (chunk->free_unit == ENG_SLAB_NO_UNIT && chunk->fresh_unit + units > ENG_SLAB_CHUNK_UNITS)
        dequeue(slab, number);
    return number << ENG_SLAB_CHUNK_BITS | unit;
}

void eng_slab_give(struct eng_slab *slab, uint32_t handle, uint8_t class)
{
    uint32_t number = handle >> ENG_SLAB_CHUNK_BITS;
    eng_assert(handle != ENG_SLAB_NONE && number < slab->chunk_count);
    struct eng_slab_chunk *chunk = &slab->about[number];
    eng_assert(chunk->class == class && chunk->used > 0);
    eng_store_u32(eng_slab_at(slab, handle), chunk->free_unit);
    chunk->free_unit = handle & (ENG_SLAB_CHUNK_UNITS - 1);
    chunk->used--;
    if (chunk->used == 0)
        drop_chunk(slab, number);
    else if (chunk->queued && eng_slab_is_sparse(chunk) && slab->first[class] != slab->last[class])
        dequeue(slab, number);
    else if (!chunk->queued && !eng_slab_is_sparse(chunk))
        enqueue(slab, number);
}

uint64_t eng_slab_bytes(const struct eng_slab *slab)
{
    eng_assert(slab->chunk_count > 0);
    return (uint64_t)slab->chunks_held * CHUNK_BYTES +
           slab->chunk_capacity * (sizeof *slab->chunks + sizeof *slab->about);
}
