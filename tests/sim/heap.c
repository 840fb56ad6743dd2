/* Blocks with a header that chains those of one heap. See heap.h.
 *
 * Where blocks come from: there are some ten thousand of them in a history, most are gone soon, and
 * the next history wants the same ones. So they are cut from slabs by size and kept in chains,
 * never given back. Large ones are the C library's, and so are all where a sanitizer has to see
 * what is done to each. */
#include "heap.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEAP_PLAIN 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_PLAIN 1
#endif

struct heap_block {
    struct heap *heap; /* NULL: nobody's */
    struct heap_block *next, *previous;
    size_t size;
    _Alignas(16) unsigned char data[];
};

static struct heap *current;

/* ---- Where blocks come from. ---- */

#ifdef HEAP_PLAIN
static void *take(size_t bytes, bool zeroed)
{
    return zeroed ? calloc(1, bytes) : malloc(bytes);
}

static void give(void *block, size_t bytes)
{
    (void)bytes;
    free(block);
}

void heap_done(void)
{
}
#else
enum {
    STEP = 32,
    SKEW = 6 * STEP,   /* so that the beginnings of large blocks do not share lines of the cache */
    FINE_BYTES = 1024, /* up to here a chain for each multiple of STEP */
    COARSE_BYTES = 512 << 10, /* and from here to there one for each power of two */
    CLASSES = FINE_BYTES / STEP + 10,
    SLAB_BYTES = 8 << 20,
    HUGE_BYTES = 2 << 20, /* of a page, where there are such */
};

struct kept {
    struct kept *next;
};

static struct kept *chains[CLASSES], *slabs;
static unsigned char *fresh;
static size_t fresh_bytes;

/* The chain for blocks of this size, which is rounded up to what they have. */
static int chain_of(size_t *bytes)
{
    int chain = FINE_BYTES / STEP;
    if (*bytes <= FINE_BYTES) {
        *bytes = (*bytes + STEP - 1) / STEP * STEP;
        return (int)(*bytes / STEP) - 1;
    }
    size_t size = 2 * FINE_BYTES;
    for (; size < *bytes; size *= 2)
        chain++;
    *bytes = size + SKEW;
    return chain;
}

static void *cut(size_t bytes)
{
    if (fresh_bytes < bytes) {
        struct kept *slab = aligned_alloc(HUGE_BYTES, SLAB_BYTES);
        if (slab == NULL)
            return NULL;
        (void)madvise(slab, SLAB_BYTES, MADV_HUGEPAGE); /* it is as well without */
        slab->next = slabs;
        slabs = slab;
        fresh = (unsigned char *)slab + STEP;
        fresh_bytes = SLAB_BYTES - STEP;
    }
    fresh += bytes;
    fresh_bytes -= bytes;
    return fresh - bytes;
}

static void *take(size_t bytes, bool zeroed)
{
    if (bytes > COARSE_BYTES)
        return zeroed ? calloc(1, bytes) : malloc(bytes);
    size_t wanted = bytes;
    int chain = chain_of(&bytes);
    struct kept *block = chains[chain];
    if (block != NULL)
        chains[chain] = block->next;
    else
        block = cut(bytes);
    if (block != NULL && zeroed)
        memset(block, 0, wanted);
    return block;
}

static void give(void *block, size_t bytes)
{
    if (bytes > COARSE_BYTES) {
        free(block);
        return;
    }
    int chain = chain_of(&bytes);
    struct kept *kept = block;
    kept->next = chains[chain];
    chains[chain] = kept;
}

void heap_done(void)
{
    for (struct kept *slab = slabs, *next; slab != NULL; slab = next) {
        next = slab->next;
        free(slab);
    }
    memset(chains, 0, sizeof chains);
    slabs = NULL;
    fresh_bytes = 0;
}
#endif

/* ---- Heaps. ---- */

void heap_enter(struct heap *heap)
{
    current = heap;
}

static void link_in(struct heap_block *block, struct heap *heap)
{
    block->heap = heap;
    block->previous = NULL;
    block->next = NULL;
    if (heap == NULL)
        return;
    block->next = heap->first;
    if (heap->first != NULL)
        heap->first->previous = block;
    heap->first = block;
    heap->count++;
    heap->bytes += block->size;
}

static void take_out(struct heap_block *block)
{
    if (block->heap == NULL)
        return;
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        block->heap->first = block->next;
    if (block->next != NULL)
        block->next->previous = block->previous;
    block->heap->count--;
    block->heap->bytes -= block->size;
}

static struct heap_block *block_of(void *data)
{
    return (struct heap_block *)(void *)((unsigned char *)data - offsetof(struct heap_block, data));
}

void heap_clear(struct heap *heap)
{
    while (heap->first != NULL)
        heap_free(heap->first->data);
}

void *heap_calloc(size_t count, size_t size)
{
    if (count > SIZE_MAX / 2 / size)
        return NULL;
    struct heap_block *block = take(sizeof *block + count * size, true);
    if (block == NULL)
        return NULL;
    block->size = count * size;
    link_in(block, current);
    return block->data;
}

/* Never in place: a pointer that was kept over a realloc is to be found out. */
void *heap_realloc(void *data, size_t size)
{
    struct heap_block *block = take(sizeof *block + size, false);
    if (block == NULL)
        return NULL;
    block->size = size;
    link_in(block, data != NULL ? block_of(data)->heap : current);
    if (data != NULL) {
        size_t kept = block_of(data)->size < size ? block_of(data)->size : size;
        memcpy(block->data, data, kept);
        heap_free(data);
    }
    return block->data;
}

void heap_free(void *data)
{
    if (data == NULL)
        return;
    struct heap_block *block = block_of(data);
    take_out(block);
    give(block, sizeof *block + block->size);
}
