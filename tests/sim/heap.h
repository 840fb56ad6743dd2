/* The heap of a simulated process: what it has allocated, so that a crash can take it all away.
 *
 * src/base/memory.c is compiled for the simulation with its calls of the C library renamed to
 * these (CMakeLists.txt includes this file before it), so every allocation of the program is here
 * and belongs to the heap that was current then. Whatever is freed is taken out of the heap that
 * it belongs to, whichever is current. */
#ifndef TESTS_SIM_HEAP_H
#define TESTS_SIM_HEAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct heap_block;

struct heap {
    struct heap_block *first; /* private; zero-initialised is empty */
    uint64_t count, bytes;    /* blocks, and what was asked for in them */
};

/* Allocations belong to this heap from now on; NULL: to nobody, as outside of all processes. */
void heap_enter(struct heap *heap);

/* Frees what is left in it. */
void heap_clear(struct heap *heap);

/* Gives what is kept for the next history back to the system; all heaps are empty. */
void heap_done(void);

void *heap_calloc(size_t count, size_t size);
void *heap_realloc(void *data, size_t size);
void heap_free(void *data);

#ifdef SIM_HEAP_RENAME
#define calloc heap_calloc
#define realloc heap_realloc
#define free heap_free
#endif

#endif
