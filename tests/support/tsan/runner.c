/* Runs Criterion tests under the thread sanitizer, in Criterion's stead.
 *
 * Criterion starts each test in a new process that maps a block of memory at a fixed address, which
 * the thread sanitizer keeps for itself. So this runner has its own main: it walks the tests that
 * the macros of <criterion/criterion.h> left in a section of the program, and runs each in a fork.
 * The few functions that the macros call stand here too and hide those of the library.
 *
 * Knows fixtures of tests and suites, expected signals and exit codes, disabled and skipped tests.
 * Parameterized tests and theories are refused. */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The linker names the ends of a section whose name is an identifier. */
extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

enum { EXIT_FAILED = 99, EXIT_SKIPPED = 98 };

/* A cr_expect that failed lets its test go on. One test runs in a process. */
static int expectation_failed;

void criterion_internal_test_setup(void)
{
}

void criterion_internal_test_main(void (*function)(void))
{
    function();
}

void criterion_internal_test_teardown(void)
{
}

void cri_asserts_passed_incr(void)
{
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (!stats->passed)
        fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
}

void criterion_abort_test(void)
{
    exit(EXIT_FAILED);
}

void criterion_continue_test(void)
{
    expectation_failed = 1;
}

void criterion_skip_test(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(EXIT_SKIPPED);
}

void criterion_test_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    exit(EXIT_FAILED);
}

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *test)
{
    for (struct criterion_suite **suite = __start_cr_sts; suite != __stop_cr_sts; suite++)
        if (*suite != NULL && strcmp((*suite)->name, test->category) == 0)
            return (*suite)->data;
    return NULL;
}

static void run_here(const struct criterion_test *test)
{
    const struct criterion_test_extra_data *suite = suite_of(test);
    void (*init)(void) = test->data->init ? test->data->init : suite ? suite->init : NULL;
    void (*fini)(void) = test->data->fini ? test->data->fini : suite ? suite->fini : NULL;
    if (init)
        init();
    test->test();
    if (fini)
        fini();
    exit(expectation_failed ? EXIT_FAILED : 0);
}

static int ended_as_told(const struct criterion_test *test, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
        return 1;
    if (test->data->signal != 0)
        return WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code;
}

/* 0 when the test passed. */
static int run_forked(const struct criterion_test *test)
{
    int status = 0;
    if (test->data->kind_ != CR_TEST_NORMAL) {
        fprintf(stderr, "%s: this runner knows plain tests only\n", test->data->identifier_);
        return 1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        run_here(test);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    int failed = child < 0 || !ended_as_told(test, status);
    if (failed)
        fprintf(stderr, "%s:%u: %s failed (wait status %d)\n", test->data->file_, test->data->line_,
                test->data->identifier_, status);
    return failed;
}

/* Arguments are Criterion's own and of no meaning here. */
int main(void)
{
    int count = 0, failed = 0;
    for (struct criterion_test **test = __start_cr_tst; test != __stop_cr_tst; test++) {
        if (*test == NULL || (*test)->data->disabled)
            continue;
        failed += run_forked(*test);
        count++;
    }
    printf("%d tests, %d failed\n", count, failed);
    return failed != 0 || count == 0;
}
