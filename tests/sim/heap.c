/* Blocks with a header that chains those of one heap. See heap.h. */
#include "heap.h"

#include <string.h>

struct heap_block {
    struct heap *heap; /* NULL: nobody's */
    struct heap_block *next, *previous;
    size_t size;
    _Alignas(16) unsigned char data[];
};

static struct heap *current;

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
    struct heap_block *block = calloc(1, sizeof *block + count * size);
    if (block == NULL)
        return NULL;
    block->size = count * size;
    link_in(block, current);
    return block->data;
}

/* Never in place: a pointer that was kept over a realloc is to be found out. */
void *heap_realloc(void *data, size_t size)
{
    struct heap_block *block = malloc(sizeof *block + size);
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
    take_out(block_of(data));
    free(block_of(data));
}
