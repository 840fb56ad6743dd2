/* Whole commands inside this process, where every allocation can be made to fail. */
#include "cli/command.h"

#include "base/memory.h"
#include "cli/exits.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char output_path[64], error_path[64];

static void redirect(int descriptor, char *path)
{
    strcpy(path, "/tmp/engaged-replay-XXXXXX");
    int file = mkstemp(path);
    cr_assert(file >= 0 && dup2(file, descriptor) == descriptor);
    close(file);
}

/* What was written since the last look; takes the file back to its beginning. */
static const char *look(int descriptor, const char *path)
{
    static char text[1 << 16];
    int file = open(path, O_RDONLY);
    ssize_t got = read(file, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    close(file);
    cr_assert(ftruncate(descriptor, 0) == 0 && lseek(descriptor, 0, SEEK_SET) == 0);
    return text;
}

/* Runs a command of up to seven words. */
static int run(const char *const *words)
{
    static char copies[8][256];
    char *argv[9] = {copies[0]};
    int argc = 1;
    strcpy(copies[0], "engaged");
    for (; words[argc - 1] != NULL; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc - 1]);
        argv[argc] = copies[argc];
    }
    int code = eng_cli_run(argc, argv);
    fflush(stderr);
    return code;
}

#define CASE ENGAGED_SOURCE_DIR "/tests/spec/golden/04-late-duplicate-bad-filtered/"

static const char *const commands[][7] = {
    {"replay", "--config", CASE "engaged.yaml", CASE "events.jsonl", "--dead-letters", "/dev/null"},
    {"replay", "--config", CASE "engaged.yaml", CASE "events.jsonl", "--partitions", "3"},
    {"check", "--config", CASE "engaged.yaml", "--print-config"},
    {"check", "--config", CASE "engaged.yaml", "--quiet"},
    {"help", "markdown"},
    {"help", "metrics"},
    {"--help"},
};

Test(replay, every_allocation_of_every_command_may_fail)
{
    static char whole[1 << 16];
    redirect(STDOUT_FILENO, output_path);
    redirect(STDERR_FILENO, error_path);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int code = run(commands[i]);
        cr_assert_eq(code, ENG_EXIT_OK, "%s: %s", commands[i][0], look(2, error_path));
        strcpy(whole, look(1, output_path));
        code = -1;
        uint64_t nth = 0;
        while (code != ENG_EXIT_OK) {
            eng_memory_fail(++nth, 0);
            code = run(commands[i]);
            eng_memory_fail(0, 0);
            cr_assert(code == ENG_EXIT_OK || code == ENG_EXIT_LIMIT, "%s, allocation %llu: %d, %s",
                      commands[i][0], (unsigned long long)nth, code, look(2, error_path));
            const char *said = look(2, error_path);
            if (code == ENG_EXIT_LIMIT)
                cr_assert(strncmp(said, "engaged", 7) == 0, "'%s'", said);
            if (code == ENG_EXIT_LIMIT)
                look(1, output_path);
        }
        cr_expect_str_eq(look(1, output_path), whole, "%s", commands[i][0]);
        cr_expect_gt(nth, 1);
    }
    unlink(output_path);
    unlink(error_path);
}

Test(replay, the_same_input_gives_the_same_bytes)
{
    static char first[1 << 16];
    redirect(STDOUT_FILENO, output_path);
    cr_assert_eq(run(commands[0]), ENG_EXIT_OK);
    strcpy(first, look(1, output_path));
    cr_assert_eq(run(commands[0]), ENG_EXIT_OK);
    cr_expect_str_eq(look(1, output_path), first);
    cr_expect(strstr(first, "\"type\":\"summary\"") != NULL);
    unlink(output_path);
}
