/* sim --seeds N [--from S]: histories of the seeds S.. against the oracles; the first that ends
 * wrong is told, and the exit status is 1. sim --seed S [--crash N]: one with its trace, with one
 * more crash in call N. sim --every S: seed S with one more crash in each of its calls in turn.
 * sim --canary NAME [--seeds N]: the rule NAME left out, until a history ends wrong; sim
 * --canaries [--seeds N]: every rule in turn. sim --steady N [--from S]: memory over N rebalances.
 */
#include "base/rules.h"
#include "history.h"
#include "steady.h"
#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct options {
    uint64_t from, count, seed, crash_at, steps;
    bool one, every, canaries;
    int canary; /* -1: none */
};

static const char *const rule_names[] = {
#define NAME(name, what) #name,
    ENG_RULES(NAME)
#undef NAME
};

static const char *const rule_texts[] = {
#define TEXT(name, what) what,
    ENG_RULES(TEXT)
#undef TEXT
};

static const char *const tally_texts[] = {
#define TEXT(name, what) what,
    SIM_TALLY(TEXT)
#undef TEXT
};

static void *take_block(size_t bytes)
{
    return heap_realloc(NULL, bytes);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What a process that tries seeds tells its parent. */
struct shared {
    uint64_t seed; /* in work */
    bool failed;
    char reason[SIM_REASON_BYTES];
    uint64_t tally[TALLY_COUNT];
};

/* Tries seeds until one fails. True when one has. */
static bool try_seeds(uint64_t from, uint64_t count, struct shared *shared)
{
    struct history_options options = {0};
    struct history_result result = {0};
    for (uint64_t i = 0; i < count && !result.failed; i++) {
        shared->seed = from + i;
        history_run(from + i, &options, &result);
        for (int k = 0; k < TALLY_COUNT; k++)
            shared->tally[k] += result.tally[k];
    }
    shared->failed = result.failed;
    memcpy(shared->reason, result.reason, sizeof result.reason);
    return result.failed;
}

/* Ends such a process: with a look for leaks, where that is to be had, unless something was broken
 * on purpose. */
static void finish(bool failed)
{
    fiber_done();
    heap_done();
    if (eng_rules_left_out != 0)
        _exit(failed);
    exit(failed);
}

/* The same in a process of its own, since what is broken may break that too. */
static bool try_apart(uint64_t from, uint64_t count, struct shared *shared)
{
    int state = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        finish(try_seeds(from, count, shared));
    if (child < 0 || waitpid(child, &state, 0) < 0)
        return false;
    if (WIFSIGNALED(state) || (WIFEXITED(state) && WEXITSTATUS(state) > 1)) {
        snprintf(shared->reason, sizeof shared->reason, "the process died (%d)", state);
        shared->failed = true;
    }
    return shared->failed;
}

static int run_seeds(const struct options *options, struct shared *shared)
{
    double began = seconds();
    if (try_apart(options->from, options->count, shared)) {
        printf("seed %" PRIu64 ": %s\n", shared->seed, shared->reason);
        return 1;
    }
    double took = seconds() - began;
    printf("%" PRIu64 " histories are as they should be (%.0f a second)\n", options->count,
           (double)options->count / took);
    for (int i = 0; i < TALLY_COUNT; i++)
        printf("%12" PRIu64 " %s\n", shared->tally[i], tally_texts[i]);
    return 0;
}

static int run_one(const struct options *options)
{
    struct history_options how = {.trace = stdout, .crash_at = options->crash_at};
    struct history_result result;
    history_run(options->seed, &how, &result);
    printf("seed %" PRIu64 ": %s (%" PRIu64 " calls)\n", options->seed,
           result.failed ? result.reason : "as it should be", result.calls);
    return result.failed;
}

static int run_steady(const struct options *options)
{
    struct history_result result;
    steady_run(options->from, options->steps, &result);
    printf("%s\n", result.failed ? result.reason : "memory does not grow");
    return result.failed;
}

static int run_every(const struct options *options)
{
    struct history_options how = {0};
    struct history_result result;
    history_run(options->seed, &how, &result);
    uint64_t calls = result.calls;
    for (how.crash_at = 1; how.crash_at <= calls && !result.failed; how.crash_at++)
        history_run(options->seed, &how, &result);
    printf("seed %" PRIu64 ", a crash in each of %" PRIu64 " calls: %s", options->seed, calls,
           result.failed ? result.reason : "as it should be\n");
    if (result.failed)
        printf(", in call %" PRIu64 "\n", how.crash_at - 1);
    return result.failed;
}

/* True when the rule was missed. */
static bool run_canary(const struct options *options, int rule, struct shared *shared)
{
    double began = seconds();
    *shared = (struct shared){0};
    eng_rules_left_out = (uint64_t)1 << rule;
    bool found = try_apart(options->from, options->count, shared);
    eng_rules_left_out = 0;
    if (found)
        printf("%-26s seed %-6" PRIu64 " %.1f s  %.110s\n", rule_names[rule], shared->seed,
               seconds() - began, shared->reason);
    else
        printf("%-26s NOT MISSED in %" PRIu64 " seeds: %s\n", rule_names[rule], options->count,
               rule_texts[rule]);
    fflush(stdout);
    return found;
}

static int run_canaries(const struct options *options, struct shared *shared)
{
    int silent = 0;
    for (int rule = 0; rule < ENG_RULE_COUNT; rule++)
        silent += !run_canary(options, rule, shared);
    return silent > 0;
}

static int find_rule(const char *name)
{
    for (int i = 0; i < ENG_RULE_COUNT; i++)
        if (strcmp(rule_names[i], name) == 0)
            return i;
    fprintf(stderr, "sim: no rule %s; there are:\n", name);
    for (int i = 0; i < ENG_RULE_COUNT; i++)
        fprintf(stderr, "  %-26s %s\n", rule_names[i], rule_texts[i]);
    exit(2);
}

static struct options read_options(int count, char **words)
{
    struct options options = {.count = 2000, .canary = -1};
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *value = i + 1 < count ? words[i + 1] : "";
        bool takes = true;
        if (strcmp(word, "--seeds") == 0)
            options.count = strtoull(value, NULL, 10);
        else if (strcmp(word, "--from") == 0)
            options.from = strtoull(value, NULL, 10);
        else if (strcmp(word, "--crash") == 0)
            options.crash_at = strtoull(value, NULL, 10);
        else if (strcmp(word, "--steady") == 0)
            options.steps = strtoull(value, NULL, 10);
        else if (strcmp(word, "--canary") == 0)
            options.canary = find_rule(value);
        else if (strcmp(word, "--seed") == 0 || strcmp(word, "--every") == 0)
            options.seed = strtoull(value, NULL, 10);
        else
            takes = false;
        options.one |= strcmp(word, "--seed") == 0;
        options.every |= strcmp(word, "--every") == 0;
        options.canaries |= strcmp(word, "--canaries") == 0;
        if (!takes && strcmp(word, "--canaries") != 0) {
            fprintf(stderr, "usage: sim [--seeds N] [--from S] [--seed S [--crash N]] [--every S] "
                            "[--canary NAME] [--canaries] [--steady N]\n");
            exit(2);
        }
        i += takes;
    }
    return options;
}

int main(int count, char **words)
{
    struct options options = read_options(count, words);
    json_set_alloc_funcs(take_block, heap_free); /* jansson's too */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 17); /* large blocks come zeroed, and most are not used */
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 28);
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 3;
    if (options.canaries)
        return run_canaries(&options, shared);
    if (options.canary >= 0 && options.one)
        eng_rules_left_out = (uint64_t)1 << options.canary;
    else if (options.canary >= 0)
        return !run_canary(&options, options.canary, shared);
    if (options.one)
        return run_one(&options);
    if (options.steps > 0)
        return run_steady(&options);
    return options.every ? run_every(&options) : run_seeds(&options, shared);
}
