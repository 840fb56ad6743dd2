/* property [--seeds N] [--from S] [--jobs J] [--steps N] [--directed P] [--changes P]: random
 * programs and random histories, the engine against the naive reference and against itself in other
 * portions. property
 * --seed S [--out DIR]: one of them with a readable trace; writes engaged.yaml and events.jsonl for
 * `engaged replay` into DIR.
 *
 * Seeds are shared out among J processes. The first that differs (or dies) is made small and shown;
 * the exit status is 1 then. */
#include "base/assert.h"
#include "compare.h"
#include "program.h"
#include "shrink.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 64 };

struct options {
    uint64_t from, count;
    uint32_t jobs;
    struct sample_kind kind;
    bool one;
    const char *out;
};

/* What the processes tell the parent. */
struct shared {
    struct {
        uint64_t seed;    /* in work */
        uint64_t refused; /* programs that the loader did not take */
        struct tally tally;
    } job[JOBS_MAX];
};

static void write_case(const struct sample *sample, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/engaged.yaml", folder);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        fputs(sample->texts[0], file);
        fclose(file);
    }
    snprintf(path, sizeof path, "%s/events.jsonl", folder);
    file = file == NULL ? NULL : fopen(path, "w");
    if (file != NULL) {
        history_write_jsonl(&sample->history, file);
        fclose(file);
    } else {
        fprintf(stderr, "%s: cannot be written\n", path);
    }
}

static void print_texts(const struct sample *sample)
{
    for (uint32_t i = 0; i < sample->text_count; i++)
        printf("%s%s\n", i > 0 ? "# becomes\n" : "", sample->texts[i]);
}

static int show_one(const struct options *options)
{
    uint64_t refused = 0;
    struct sample sample = sample_draw(options->from, &options->kind, &refused);
    print_texts(&sample);
    fflush(NULL);
    if (options->out != NULL)
        write_case(&sample, options->out);
    enum verdict verdict =
        sample_judge(&sample, (struct comparison){.out = stdout, .trace = stdout});
    printf("seed %" PRIu64 ": %s\n", options->from, verdict == VERDICT_SAME ? "same" : "DIFFERENT");
    sample_free(&sample);
    return verdict == VERDICT_SAME ? 0 : 1;
}

/* Shown by a child: the difference may be a crash. */
static void show_failure(const struct options *options, uint64_t seed)
{
    uint64_t refused = 0;
    struct sample sample = sample_draw(seed, &options->kind, &refused);
    fprintf(stderr, "seed %" PRIu64 " differs; making it small ...\n", seed);
    sample_shrink(&sample);
    printf("seed %" PRIu64 ", made small:\n", seed);
    print_texts(&sample);
    if (options->out != NULL)
        write_case(&sample, options->out);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)sample_judge(&sample, (struct comparison){.out = stdout, .trace = stdout});
        fflush(NULL);
        _exit(0);
    }
    (void)waitpid(child, NULL, 0); /* its output is all that is wanted */
    printf("again in full: property --seed %" PRIu64 "\n", seed);
    sample_free(&sample);
}

static void work(const struct options *options, uint32_t job, struct shared *shared)
{
    FILE *nowhere = fopen("/dev/null", "w");
    eng_assert(nowhere != NULL);
    for (uint64_t i = job; i < options->count; i += options->jobs) {
        shared->job[job].seed = options->from + i;
        struct sample sample =
            sample_draw(options->from + i, &options->kind, &shared->job[job].refused);
        struct comparison how = {.out = nowhere, .tally = &shared->job[job].tally};
        if (sample_judge(&sample, how) != VERDICT_SAME)
            _exit(1);
        sample_free(&sample);
    }
    fclose(nowhere);
}

static void start(const struct options *options, uint32_t job, struct shared *shared, pid_t *pids)
{
    fflush(NULL);
    pids[job] = fork();
    eng_assert(pids[job] >= 0);
    if (pids[job] == 0) {
        work(options, job, shared);
        exit(0);
    }
}

/* Ends the other processes at the first failure. */
static bool wait_all(const struct options *options, struct shared *shared, pid_t *pids,
                     uint64_t *ret_seed)
{
    bool fine = true;
    for (uint32_t left = options->jobs; left > 0; left--) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, 0);
        if (fine && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
            fine = false;
            for (uint32_t i = 0; i < options->jobs; i++)
                if (pids[i] == ended)
                    *ret_seed = shared->job[i].seed;
                else
                    kill(pids[i], SIGTERM);
        }
    }
    return fine;
}

/* All jobs' tallies in one. */
static struct tally total(const struct options *options, const struct shared *shared)
{
    struct tally sum;
    memset(&sum, 0, sizeof sum);
    uint64_t *to = (uint64_t *)&sum;
    for (uint32_t i = 0; i < options->jobs; i++) {
        const uint64_t *from = (const uint64_t *)&shared->job[i].tally;
        for (size_t k = 0; k < sizeof sum / sizeof *to; k++)
            to[k] += from[k];
    }
    return sum;
}

static void print_tally(const struct tally *tally)
{
    static const char *const kinds[ENG_ALERT_KINDS] = {"falls_to", "drop",  "silence",  "rises_to",
                                                       "below",    "above", "deadline", "near"};
    printf("%" PRIu64 " histories, no difference\n ", tally->histories);
    for (unsigned i = 0; i < ENG_OUTCOME_COUNT; i++)
        printf(" %s %" PRIu64, eng_outcome_name((enum eng_outcome)i), tally->outcome[i]);
    printf("\n  score changes %" PRIu64 ", at boundaries %" PRIu64 ", by corrections %" PRIu64
           ", cell changes %" PRIu64 ", reports %" PRIu64 ", groups %" PRIu64 ", boards %" PRIu64
           ", of segments %" PRIu64 "\n ",
           tally->score_changes, tally->expiries, tally->corrections, tally->cell_changes,
           tally->reports, tally->groups, tally->boards, tally->segments);
    printf(" activations %" PRIu64 ", told by them %" PRIu64 ", erasures %" PRIu64 "\n ",
           tally->activations, tally->configs, tally->erased);
    printf(" bookings %" PRIu64 ", cut %" PRIu64 ", by corrections %" PRIu64 ", pending %" PRIu64
           ", reversed %" PRIu64 "\n ",
           tally->bookings, tally->cut, tally->late_bookings, tally->pending, tally->reversed);
    printf(" flags unique %" PRIu64 ", more_than %" PRIu64 ", needs %" PRIu64 ", ratio %" PRIu64
           ", released %" PRIu64 ", discarded %" PRIu64 ", by changes %" PRIu64 "\n ",
           tally->flags[ENG_UNIQUE], tally->flags[ENG_MORE_THAN], tally->flags[ENG_NEEDS],
           tally->flags[ENG_OUTLIER], tally->released, tally->discarded, tally->orphans);
    printf(" nudges %" PRIu64 ", into a band %" PRIu64 ", of several actions %" PRIu64 "\n ",
           tally->nudges, tally->to_bands, tally->far);
    for (unsigned i = 0; i < ENG_ALERT_KINDS; i++)
        printf(" %s opened %" PRIu64 " resolved %" PRIu64, kinds[i], tally->opened[i],
               tally->resolved[i]);
    printf(" guards began %" PRIu64 " held %" PRIu64, tally->silences, tally->held);
    printf(" digests %" PRIu64 " left out %" PRIu64 "\n", tally->digests, tally->left_out);
}

static int run_all(const struct options *options)
{
    pid_t pids[JOBS_MAX];
    uint64_t seed = 0, refused = 0;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    eng_assert(shared != MAP_FAILED);
    printf("property: seeds %" PRIu64 " to %" PRIu64 "\n", options->from,
           options->from + options->count - 1);
    for (uint32_t i = 0; i < options->jobs; i++)
        start(options, i, shared, pids);
    bool fine = wait_all(options, shared, pids, &seed);
    struct tally tally = total(options, shared);
    for (uint32_t i = 0; i < options->jobs; i++)
        refused += shared->job[i].refused;
    if (fine)
        print_tally(&tally);
    else
        show_failure(options, seed);
    printf("  %" PRIu64 " programs were refused by the loader and drawn again\n", refused);
    munmap(shared, sizeof *shared);
    return fine ? 0 : 1;
}

static bool parse(int argc, char **argv, struct options *ret)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc)
            return false;
        uint64_t number = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0 || strcmp(argv[i], "--from") == 0)
            ret->from = number;
        else if (strcmp(argv[i], "--seeds") == 0)
            ret->count = number;
        else if (strcmp(argv[i], "--jobs") == 0)
            ret->jobs = (uint32_t)number;
        else if (strcmp(argv[i], "--steps") == 0)
            ret->kind.steps = (uint32_t)number;
        else if (strcmp(argv[i], "--directed") == 0)
            ret->kind.directed = (uint32_t)number;
        else if (strcmp(argv[i], "--changes") == 0)
            ret->kind.changes = (uint32_t)number;
        else if (strcmp(argv[i], "--out") == 0)
            ret->out = argv[i + 1];
        else
            return false;
        ret->one |= strcmp(argv[i], "--seed") == 0;
    }
    return ret->jobs >= 1 && ret->jobs <= JOBS_MAX && ret->kind.steps >= 3 && ret->count >= 1;
}

int main(int argc, char **argv)
{
    struct options options = {1, 2000, 2, {60, 40, 50, 20}, false, NULL};
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a crash must not swallow the trace */
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: property [--seeds N] [--from S] [--jobs J] [--steps N] "
                        "[--directed PERCENT] [--changes PERCENT] | --seed S [--out DIR]\n");
        return 2;
    }
    return options.one ? show_one(&options) : run_all(&options);
}
