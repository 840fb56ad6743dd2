/* The allocator of the whole program, and a bump arena for what lives as long as a batch.
 *
 * Everything is allocated through here, so that tests can make the Nth allocation fail. The hook is
 * the one piece of process-wide state, is test-only, and must not change while threads run. */
#ifndef ENG_BASE_MEMORY_H
#define ENG_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, or NULL. Free with eng_free. count * size may not overflow (NULL then). */
void *eng_calloc(size_t count, size_t size);

/* Grows or shrinks; NULL leaves the old block. New bytes are not zeroed. */
void *eng_realloc(void *block, size_t size);

/* A list that is full, about twice as large: the new block and *capacity, in items; what is new is
 * not zeroed. NULL: no memory, and list and capacity stay as they are. */
void *eng_grow(void *items, uint32_t *capacity, size_t item_bytes);

/* A copy of `length` bytes with a zero byte behind, or NULL. */
char *eng_strndup(const char *data, size_t length);

/* NULL is fine. */
void eng_free(void *block);

/* Makes malloc keep what is freed, up to 64 MiB for each of its heaps, instead of giving it back to
 * the system and asking for it again with every batch of records: for a process whose load comes
 * and goes many times a second. Before there is a second thread. */
void eng_memory_keep(void);

/* Tests: the allocation number `nth` from now (1 = the next) fails, and all after it when `all`;
 * 0 turns it off. */
void eng_memory_fail(uint64_t nth, int all);

/* Tests: allocations so far. */
uint64_t eng_memory_count(void);

/* A bump arena: chunks that are kept over resets, so a steady load allocates nothing.
 * Not thread-safe; embed it where it is used. */
struct eng_arena {
    struct eng_arena_chunk *first, *current; /* private */
    size_t chunk_bytes;                      /* private */
};

/* Prepares an arena that grows by chunks of at least chunk_bytes. Allocates nothing yet. */
void eng_arena_init(struct eng_arena *arena, size_t chunk_bytes);

/* Memory, 8-byte aligned, not zeroed, valid until the next reset; NULL when out of memory. */
void *eng_arena_alloc(struct eng_arena *arena, size_t bytes);

/* Takes back everything at once; keeps the chunks. */
void eng_arena_reset(struct eng_arena *arena);

/* Frees the chunks. The arena can be used again after eng_arena_init. */
void eng_arena_done(struct eng_arena *arena);

#endif
