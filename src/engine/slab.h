/* Blocks for partner records: size classes cut from chunks, addressed by 32-bit handles.
 *
 * A handle counts units of 8 bytes: chunk number << 14 | unit in the chunk. Chunks are 128 KiB and
 * belong to one class each, so a freed block is reused for the same size only; memory goes back
 * when the slab is freed. Up to 32 GiB. Spare chunks (never touched, so only address space) are
 * held back so that a bounded number of allocations cannot fail between two calls of
 * eng_slab_reserve. */
#ifndef ENG_ENGINE_SLAB_H
#define ENG_ENGINE_SLAB_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    ENG_SLAB_UNIT_BYTES = 8,
    ENG_SLAB_CHUNK_UNITS = 1 << 14,
    ENG_SLAB_CHUNKS_MAX = 1 << 18,
    ENG_SLAB_CLASSES = 80,
    ENG_SLAB_BLOCK_BYTES_MAX = 64 * 1024,
    ENG_SLAB_SPARES_MAX = 256,
    ENG_SLAB_NONE = 0,
};

struct eng_slab {
    uint8_t **chunks; /* private, like all of these; chunk 0 is never used, so handle 0 is none */
    uint32_t chunk_count, chunk_capacity;
    uint32_t free_block[ENG_SLAB_CLASSES]; /* handle of the first free block */
    uint32_t fresh_unit[ENG_SLAB_CLASSES]; /* handle of the next never-used block */
    uint32_t fresh_left[ENG_SLAB_CLASSES]; /* how many of them */
    uint8_t *spares[ENG_SLAB_SPARES_MAX];
    uint32_t spare_count, spare_target;
};

/* Prepares an empty slab whose reserve covers `allocations` (1..ENG_SLAB_SPARES_MAX). */
void eng_slab_init(struct eng_slab *slab, uint32_t allocations);
void eng_slab_done(struct eng_slab *slab);

/* Makes sure that as many allocations as the slab was prepared for succeed. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_slab_reserve_slow(struct eng_slab *slab);

static inline enum eng_status eng_slab_reserve(struct eng_slab *slab)
{
    return __builtin_expect(slab->spare_count == slab->spare_target, 1)
               ? ENG_OK
               : eng_slab_reserve_slow(slab);
}

/* The smallest class whose blocks have at least `bytes` (1..ENG_SLAB_BLOCK_BYTES_MAX). */
uint8_t eng_slab_class(uint32_t bytes);

/* Bytes of a class's blocks: steps of 16 up to 256, then eight sizes per doubling. */
static inline uint32_t eng_slab_class_bytes(uint8_t class)
{
    if (class < 16)
        return (uint32_t)(class + 1) * 16;
    uint32_t above = class - 16u, base = 256u << (above / 8);
    return base + base / 8 * (above % 8 + 1);
}

/* A block with undefined content. Must follow a successful reserve. */
uint32_t eng_slab_alloc(struct eng_slab *slab, uint8_t class);

/* Gives a block back. */
void eng_slab_give(struct eng_slab *slab, uint32_t handle, uint8_t class);

/* Memory held, the untouched spares apart. */
uint64_t eng_slab_bytes(const struct eng_slab *slab);

/* The address of a block. */
static inline uint8_t *eng_slab_at(const struct eng_slab *slab, uint32_t handle)
{
    return slab->chunks[handle >> 14] +
           (size_t)(handle & (ENG_SLAB_CHUNK_UNITS - 1)) * ENG_SLAB_UNIT_BYTES;
}

#endif
