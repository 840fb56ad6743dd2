/* Shrinks failing cases. See shrink.h. */
#include "shrink.h"
#include "base/assert.h"
#include "compare.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum verdict sample_judge(const struct sample *sample, struct comparison how)
{
    struct eng_model *models[SAMPLE_TEXTS_MAX] = {NULL};
    struct eng_error err = {ENG_OK, ""};
    enum verdict verdict = VERDICT_REFUSED;
    how.seed = sample->seed;
    if (sample_load(sample, models, &err) == ENG_OK)
        verdict = compare((const struct eng_model *const *)models, &sample->history, &how)
                      ? VERDICT_SAME
                      : VERDICT_DIFFERENT;
    else
        fprintf(how.out, "%s\n", err.text);
    sample_unload(sample, models);
    return verdict;
}

/* In a child, so that a crash is a verdict too. */
static bool fails(const struct sample *sample)
{
    enum { SECONDS_MAX = 20 };
    fflush(NULL);
    pid_t child = fork();
    eng_assert(child >= 0);
    if (child == 0) {
        FILE *nowhere = fopen("/dev/null", "w");
        eng_assert(nowhere != NULL && dup2(fileno(nowhere), STDERR_FILENO) >= 0);
        alarm(SECONDS_MAX);
        enum verdict verdict = sample_judge(sample, (struct comparison){.out = nowhere});
        _exit((int)verdict);
    }
    int status = 0;
    eng_assert(waitpid(child, &status, 0) == child);
    return !WIFEXITED(status) ||
           (WEXITSTATUS(status) != VERDICT_SAME && WEXITSTATUS(status) != VERDICT_REFUSED);
}

static bool try_cut_steps(struct sample *sample, uint32_t from, uint32_t count)
{
    struct sample smaller = *sample;
    smaller.history = history_copy(&sample->history);
    history_cut(&smaller.history, from, count);
    bool better = smaller.history.count > 0 && fails(&smaller);
    if (better) {
        history_free(&sample->history);
        sample->history = smaller.history;
    } else {
        history_free(&smaller.history);
    }
    return better;
}

static bool cut_steps(struct sample *sample)
{
    bool better = false;
    for (uint32_t size = sample->history.count / 2; size > 0; size /= 2)
        for (uint32_t from = 0; from + size <= sample->history.count;)
            if (try_cut_steps(sample, from, size))
                better = true;
            else
                from += size;
    return better;
}

/* The text without `count` lines from line `from` on; NULL when there are not so many. */
static char *without_lines(const char *text, unsigned from, unsigned count)
{
    const char *start = text, *end;
    for (unsigned i = 0; i < from && start != NULL; i++)
        if ((start = strchr(start, '\n')) != NULL)
            start++;
    end = start;
    for (unsigned i = 0; i < count && end != NULL; i++)
        if ((end = strchr(end, '\n')) != NULL)
            end++;
    if (end == NULL)
        return NULL;
    char *rest = calloc(1, strlen(text) + 1);
    eng_assert(rest != NULL);
    memcpy(rest, text, (size_t)(start - text));
    memcpy(rest + (start - text), end, strlen(end));
    return rest;
}

static bool try_cut_lines(struct sample *sample, uint32_t index, char *rest)
{
    struct sample smaller = *sample;
    smaller.texts[index] = rest;
    if (!fails(&smaller)) {
        free(rest);
        return false;
    }
    free(sample->texts[index]);
    sample->texts[index] = rest;
    return true;
}

static bool cut_lines(struct sample *sample, uint32_t index)
{
    bool better = false;
    for (unsigned size = 12; size > 0; size--)
        for (unsigned from = 0;;) {
            char *rest = without_lines(sample->texts[index], from, size);
            if (rest == NULL)
                break;
            if (try_cut_lines(sample, index, rest))
                better = true;
            else
                from++;
        }
    return better;
}

/* Takes an event's id, member or value away. */
static bool plainer(struct eng_event *event, unsigned field)
{
    struct eng_slice none = {NULL, 0};
    struct eng_event before = *event;
    if (field == 0)
        event->id = none;
    else if (field == 1)
        event->member = none;
    else
        event->value_e4 = ENG_VALUE_NONE;
    return memcmp(&before, event, sizeof before) != 0;
}

static bool simplify_events(struct sample *sample)
{
    bool better = false;
    for (uint32_t i = 0; i < sample->history.count * 3; i++) {
        struct eng_event *event = &sample->history.steps[i / 3].event, before = *event;
        if (!step_is_event(&sample->history.steps[i / 3]) || !plainer(event, i % 3))
            continue;
        if (fails(sample))
            better = true;
        else
            *event = before;
    }
    return better;
}

void sample_shrink(struct sample *sample)
{
    bool better = true;
    for (int round = 0; better && round < 10; round++) {
        better = cut_steps(sample);
        for (uint32_t i = 0; i < sample->text_count; i++)
            better |= cut_lines(sample, i);
        better |= simplify_events(sample);
    }
}
