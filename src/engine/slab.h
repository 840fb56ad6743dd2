/* Blocks for partner records: size classes cut from chunks, addressed by 32-bit handles.
 *
 * A handle counts units of 8 bytes: chunk number << 12 | unit in the chunk. A chunk is 32 KiB and
 * belongs to one class as long as any of its blocks is in use; then it can serve another. That
 * matters: when a whole population grows from one class to the next, the chunks of the smaller one
 * fall empty. Up to 32 GiB. Spare chunks (not touched, so only address space) are held back so that
 * a bounded number of allocations cannot fail between two calls of eng_slab_reserve. */
#ifndef ENG_ENGINE_SLAB_H
#define ENG_ENGINE_SLAB_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    ENG_SLAB_UNIT_BYTES = 8,
    ENG_SLAB_CHUNK_BITS = 12, /* of a handle, for the unit */
    ENG_SLAB_CHUNK_UNITS = 1 << ENG_SLAB_CHUNK_BITS,
    ENG_SLAB_CHUNKS_MAX = 1 << 20,
    ENG_SLAB_CLASSES = 72,
    ENG_SLAB_BLOCK_BYTES_MAX = 32 * 1024,
    ENG_SLAB_SPARES_MAX = 256,
    ENG_SLAB_SPARES_KEPT = 4, /* beyond the target, so that few chunks come and go */
    ENG_SLAB_NONE = 0,
    ENG_SLAB_NO_UNIT = ENG_SLAB_CHUNK_UNITS,
};

/* What is known of a chunk. Chunks with a free block are in a queue of their class. */
struct eng_slab_chunk {
    uint32_t free_unit;      /* first block of its chain of free ones; ENG_SLAB_NO_UNIT: none */
    uint32_t fresh_unit;     /* blocks from here on have never been used */
    uint32_t used;           /* blocks in use */
    uint32_t next, previous; /* in the queue, chunk numbers; 0: none */
    uint8_t class;
    bool queued;
};

struct eng_slab {
    uint8_t **chunks; /* private, like all of these; chunk 0 is never used, so handle 0 is none */
    struct eng_slab_chunk *about;         /* of each chunk */
    uint32_t chunk_count, chunk_capacity; /* numbers given out, and room in the tables */
    uint32_t chunks_held;                 /* chunks that have memory */
    uint32_t free_number;                 /* chain (by `next`) of numbers without memory; 0: none */
    uint32_t first[ENG_SLAB_CLASSES], last[ENG_SLAB_CLASSES]; /* the queues; 0: empty */
    uint8_t *spares[ENG_SLAB_SPARES_MAX + ENG_SLAB_SPARES_KEPT];
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
    return __builtin_expect(slab->spare_count >= slab->spare_target, 1)
               ? ENG_OK
               : eng_slab_reserve_slow(slab);
}

/* The smallest class whose blocks have at least `bytes` (1..ENG_SLAB_BLOCK_BYTES_MAX). */
uint8_t eng_slab_class(uint32_t bytes);

/* Bytes of a class's blocks: steps of 16 up to 256, then eight sizes per doubling. */
extern const uint16_t eng_slab_class_units[ENG_SLAB_CLASSES];
static inline uint32_t eng_slab_class_bytes(uint8_t class)
{
    return (uint32_t)eng_slab_class_units[class] * ENG_SLAB_UNIT_BYTES;
}

/* A block with undefined content. Must follow a successful reserve. */
uint32_t eng_slab_alloc(struct eng_slab *slab, uint8_t class);

/* Gives a block back. */
void eng_slab_give(struct eng_slab *slab, uint32_t handle, uint8_t class);

/* True when a chunk that was once full has less than two thirds of its blocks in use. */
static inline bool eng_slab_is_sparse(const struct eng_slab_chunk *chunk)
{
    uint32_t units = eng_slab_class_bytes(chunk->class) / ENG_SLAB_UNIT_BYTES;
    return chunk->fresh_unit + units > ENG_SLAB_CHUNK_UNITS &&
           chunk->used * units * 3 < ENG_SLAB_CHUNK_UNITS * 2;
}

/* True when a block stands in a chunk that is to fall empty: move out when it is cheap. */
static inline bool eng_slab_is_left(const struct eng_slab *slab, uint32_t handle)
{
    const struct eng_slab_chunk *chunk = &slab->about[handle >> ENG_SLAB_CHUNK_BITS];
    return !chunk->queued && eng_slab_is_sparse(chunk);
}

/* Memory held, the untouched spares apart. */
uint64_t eng_slab_bytes(const struct eng_slab *slab);

/* The address of a block. */
static inline uint8_t *eng_slab_at(const struct eng_slab *slab, uint32_t handle)
{
    return slab->chunks[handle >> ENG_SLAB_CHUNK_BITS] +
           (size_t)(handle & (ENG_SLAB_CHUNK_UNITS - 1)) * ENG_SLAB_UNIT_BYTES;
}

/* Bytes of a block. */
static inline uint32_t eng_slab_block_bytes(const struct eng_slab *slab, uint32_t handle)
{
    return eng_slab_class_bytes(slab->about[handle >> ENG_SLAB_CHUNK_BITS].class);
}

#endif
