/* Coroutines. See fiber.h.
 *
 * A switch saves the registers that a function has to keep, and the stack pointer: some twenty
 * instructions of our own where we know the machine. Elsewhere, and where a sanitizer wants to be
 * told, it is swapcontext, which asks the kernel for the mask of signals each time. */
#include "fiber.h"

#include "base/assert.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#endif

#if defined(__x86_64__) && defined(__linux__) && !defined(FIBER_ASAN) && !defined(FIBER_TSAN)
#define FIBER_BARE 1
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
enum { STACK_BYTES = 1 << 20 };
#else
enum { STACK_BYTES = 1 << 18 };
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { GUARD_BYTES = 4096, KEPT_MAX = 64 };

#ifdef FIBER_BARE
typedef void *context_t; /* where its stack ends; the registers are on top of that */

/* Leaves what a function has to keep on the stack, goes over to the other one, and takes from there
 * what was left like that. */
void fiber_bare_switch(context_t *ret_from, context_t to);
__asm__(".text\n"
        ".globl fiber_bare_switch\n"
        ".hidden fiber_bare_switch\n"
        ".type fiber_bare_switch, @function\n"
        "fiber_bare_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_bare_switch, .-fiber_bare_switch\n");

enum { SWITCH_WORDS = 8 }; /* six registers, where to go on, and a return address of nowhere */
#else
typedef ucontext_t context_t;
#endif

struct fiber {
    context_t context;
    void (*run)(void *argument);
    void *argument;
    char *stack;
    bool ended, abandoned;
    void *fake, *twin; /* the sanitizers' */
};

static struct {
    context_t context; /* of who resumes */
    struct fiber *current;
    const void *stack; /* the resumer's, as the sanitizer knows it */
    size_t stack_bytes;
    void *fake, *twin;
    char *kept[KEPT_MAX];
    unsigned kept_count;
} outside;

static char *take_stack(void)
{
    if (outside.kept_count > 0)
        return outside.kept[--outside.kept_count];
    char *stack = mmap(NULL, STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    eng_assert(stack != MAP_FAILED);
    eng_assert(mprotect(stack, GUARD_BYTES, PROT_NONE) == 0);
    return stack + GUARD_BYTES;
}

static void unmap(char *stack)
{
    (void)munmap(stack - GUARD_BYTES, STACK_BYTES + GUARD_BYTES); /* it was mapped so */
}

/* ---- What the sanitizers are told. ---- */

static void tell_into(struct fiber *fiber)
{
    (void)fiber;
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&outside.fake, fiber->stack, STACK_BYTES);
#endif
#ifdef FIBER_TSAN
    outside.twin = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->twin, 0);
#endif
}

static void tell_outside(struct fiber *fiber, bool for_good)
{
    (void)fiber;
    (void)for_good;
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(for_good ? NULL : &fiber->fake, outside.stack,
                                   outside.stack_bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(outside.twin, 0);
#endif
}

static void told(void *fake, bool inside)
{
    (void)fake;
    (void)inside;
#ifdef FIBER_ASAN
    const void *stack;
    size_t bytes;
    __sanitizer_finish_switch_fiber(fake, &stack, &bytes);
    if (inside) {
        outside.stack = stack;
        outside.stack_bytes = bytes;
    }
#endif
}

/* ---- Fibers. ---- */

static void begin(void);

static void go_over(context_t *from, context_t *to)
{
#ifdef FIBER_BARE
    fiber_bare_switch(from, *to);
#else
    eng_assert(swapcontext(from, to) == 0);
#endif
}

/* A context that begins at begin(). */
static void prepare(struct fiber *fiber)
{
#ifdef FIBER_BARE
    void **top = (void **)(void *)(fiber->stack + STACK_BYTES) - SWITCH_WORDS;
    void (*where)(void) = begin;
    memset(top, 0, SWITCH_WORDS * sizeof *top);
    memcpy(&top[SWITCH_WORDS - 2], &where, sizeof where);
    fiber->context = top;
#else
    eng_assert(getcontext(&fiber->context) == 0);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, begin, 0);
#endif
}

static void leave_for_good(struct fiber *fiber)
{
    fiber->ended = true;
    tell_outside(fiber, true);
    go_over(&fiber->context, &outside.context);
    abort(); /* nobody resumes it */
}

static void begin(void)
{
    struct fiber *fiber = outside.current;
    told(NULL, true);
    if (!fiber->abandoned)
        fiber->run(fiber->argument);
    leave_for_good(fiber);
}

struct fiber *fiber_new(void (*run)(void *argument), void *argument)
{
    struct fiber *fiber = calloc(1, sizeof *fiber);
    eng_assert(fiber != NULL);
    fiber->run = run;
    fiber->argument = argument;
    fiber->stack = take_stack();
#ifdef FIBER_ASAN
    __asan_unpoison_memory_region(fiber->stack, STACK_BYTES); /* of frames that were abandoned */
#endif
    prepare(fiber);
#ifdef FIBER_TSAN
    fiber->twin = __tsan_create_fiber(0);
#endif
    return fiber;
}

bool fiber_resume(struct fiber *fiber)
{
    eng_assert(outside.current == NULL);
    eng_assert(!fiber->ended);
    outside.current = fiber;
    tell_into(fiber);
    go_over(&outside.context, &fiber->context);
    told(outside.fake, false);
    outside.current = NULL;
    return !fiber->ended;
}

void fiber_suspend(void)
{
    struct fiber *fiber = outside.current;
    eng_assert(fiber != NULL);
    tell_outside(fiber, false);
    go_over(&fiber->context, &outside.context);
    told(fiber->fake, true);
    if (fiber->abandoned)
        leave_for_good(fiber);
}

void fiber_free(struct fiber *fiber)
{
    if (fiber == NULL)
        return;
    fiber->abandoned = true;
    if (!fiber->ended)
        (void)fiber_resume(fiber); /* lets it leave, so that the sanitizer forgets its stack */
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(fiber->twin);
#endif
    if (outside.kept_count < KEPT_MAX)
        outside.kept[outside.kept_count++] = fiber->stack;
    else
        unmap(fiber->stack);
    free(fiber);
}

bool fiber_inside(void)
{
    return outside.current != NULL;
}

void fiber_done(void)
{
    while (outside.kept_count > 0)
        unmap(outside.kept[--outside.kept_count]);
}
