/* Asserts that stay on in release: a broken invariant ends the process before it can spread.
 * Operating errors (input, network, memory) never assert. */
#ifndef ENG_BASE_ASSERT_H
#define ENG_BASE_ASSERT_H

/* Prints the expression and place to stderr and aborts. Never returns. */
_Noreturn void eng_assert_failed(const char *expression, const char *file, int line,
                                 const char *function);

#define eng_assert(expression)                                                                     \
    (__builtin_expect(!!(expression), 1)                                                           \
         ? (void)0                                                                                 \
         : eng_assert_failed(#expression, __FILE__, __LINE__, __func__))

#endif
