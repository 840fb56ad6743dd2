/* The allocator with its failure hook, and the bump arena. See memory.h. */
#include "base/memory.h"

#include "base/assert.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static _Atomic uint64_t allocation_count;
static _Atomic uint64_t fail_from; /* number of the allocation that fails; 0: none */
static _Atomic int fail_all;       /* every later one fails too */

static int must_fail(void)
{
    uint64_t number = atomic_fetch_add_explicit(&allocation_count, 1, memory_order_relaxed) + 1;
    uint64_t from = atomic_load_explicit(&fail_from, memory_order_relaxed);
    if (__builtin_expect(from == 0, 1))
        return 0;
    return number == from || (number > from && atomic_load(&fail_all));
}

void *eng_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *eng_realloc(void *block, size_t size)
{
    return must_fail() ? NULL : realloc(block, size ? size : 1);
}

void *eng_grow(void *items, uint32_t *capacity, size_t item_bytes)
{
    enum { LEAST = 8 };
    eng_assert(item_bytes > 0);
    eng_assert(items != NULL || *capacity == 0);
    if (*capacity > (UINT32_MAX - LEAST) / 2)
        return NULL;
    uint32_t grown = *capacity * 2 + LEAST;
    items = eng_realloc(items, grown * item_bytes);
    if (items != NULL)
        *capacity = grown;
    return items;
}

char *eng_strndup(const char *data, size_t length)
{
    eng_assert(data != NULL || length == 0);
    char *copy = eng_calloc(length + 1, 1);
    if (copy != NULL && length > 0)
        memcpy(copy, data, length);
    return copy;
}

void eng_free(void *block)
{
    free(block);
}

void eng_memory_keep(void)
{
#ifdef __GLIBC__
    /* Otherwise what is kept follows from the largest block that was ever freed: a few MB. Another
     * allocator in malloc's place may say no, and no harm is done. */
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

void eng_memory_fail(uint64_t nth, int all)
{
    atomic_store(&fail_all, all);
    atomic_store(&fail_from, nth ? atomic_load(&allocation_count) + nth : 0);
}

uint64_t eng_memory_count(void)
{
    return atomic_load_explicit(&allocation_count, memory_order_relaxed);
}

struct eng_arena_chunk {
    struct eng_arena_chunk *next;
    size_t capacity, used;
    uint64_t bytes[]; /* 8-byte aligned */
};

void eng_arena_init(struct eng_arena *arena, size_t chunk_bytes)
{
    eng_assert(arena != NULL);
    eng_assert(chunk_bytes > 0);
    *arena = (struct eng_arena){.chunk_bytes = chunk_bytes};
}

/* Puts a chunk that can hold `bytes` behind the current one. */
static struct eng_arena_chunk *add_chunk(struct eng_arena *arena, size_t bytes)
{
    size_t capacity = bytes > arena->chunk_bytes ? bytes : arena->chunk_bytes;
    struct eng_arena_chunk *chunk = eng_calloc(1, sizeof *chunk + capacity);
    if (chunk == NULL)
        return NULL;
    chunk->capacity = capacity;
    if (arena->current == NULL) {
        arena->first = chunk;
    } else {
        chunk->next = arena->current->next;
        arena->current->next = chunk;
    }
    return chunk;
}

void *eng_arena_alloc(struct eng_arena *arena, size_t bytes)
{
    eng_assert(arena != NULL);
    eng_assert(arena->chunk_bytes > 0);
    bytes = (bytes + 7) & ~(size_t)7;
    struct eng_arena_chunk *chunk = arena->current;
    while (chunk != NULL && chunk->capacity - chunk->used < bytes)
        chunk = chunk->next;
    if (chunk == NULL && (chunk = add_chunk(arena, bytes)) == NULL)
        return NULL;
    arena->current = chunk;
    void *block = (char *)chunk->bytes + chunk->used;
    chunk->used += bytes;
    return block;
}

void eng_arena_reset(struct eng_arena *arena)
{
    eng_assert(arena != NULL);
    for (struct eng_arena_chunk *chunk = arena->first; chunk != NULL; chunk = chunk->next)
        chunk->used = 0;
    arena->current = arena->first;
}

void eng_arena_done(struct eng_arena *arena)
{
    eng_assert(arena != NULL);
    for (struct eng_arena_chunk *chunk = arena->first, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        eng_free(chunk);
    }
    *arena = (struct eng_arena){0};
}
