/* The one place where a broken invariant ends the process. */
#include "base/assert.h"
#include <stdio.h>
#include <stdlib.h>

_Noreturn void eng_assert_failed(const char *expression, const char *file, int line,
                                 const char *function)
{
    (void)fprintf(stderr, "engaged: broken invariant: %s (%s:%d, %s)\n", expression, file, line,
                  function); /* nothing can be done if stderr is gone */
    abort();
}
