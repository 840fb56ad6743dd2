/* Runs a fuzz target without libFuzzer: over every file of the folders or files named as arguments.
 *
 * Each input is given as it is, cut off at every length (up to a limit), and with bytes flipped by
 * a fixed generator, so that the corpus is worth something under every compiler and sanitizer. The
 * same arguments always give the same inputs. Each input is a block of its own, so that a sanitizer
 * sees a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS_MAX = 512, FLIPS = 256, PATH_BYTES = 4096 };

struct tally {
    unsigned long files, inputs;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Gives the target a copy of exactly `size` bytes, `flips` of them changed. */
static void run_copy(const uint8_t *data, size_t size, unsigned flips, uint64_t *state)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) {
        perror("malloc");
        exit(1);
    }
    memcpy(copy, data, size);
    for (unsigned i = 0; i < flips && size > 0; i++)
        copy[next_random(state) % size] = (uint8_t)next_random(state);
    (void)LLVMFuzzerTestOneInput(copy, size); /* Its result is for libFuzzer alone. */
    free(copy);
}

static void run_variants(const uint8_t *data, size_t size, struct tally *tally)
{
    uint64_t state = 0x9E3779B97F4A7C15u;
    size_t cuts = size < CUTS_MAX ? size : CUTS_MAX;
    run_copy(data, size, 0, &state);
    for (size_t i = 0; i < cuts; i++)
        run_copy(data, i, 0, &state);
    for (unsigned i = 0; i < FLIPS; i++)
        run_copy(data, size, 1 + i % 4, &state);
    tally->files++;
    tally->inputs += 1 + cuts + FLIPS;
}

static int run_file(const char *path, long size, struct tally *tally)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    int ok = file && data && fread(data, 1, (size_t)size, file) == (size_t)size;
    if (ok)
        run_variants(data, (size_t)size, tally);
    else
        perror(path);
    free(data);
    if (file)
        fclose(file);
    return ok ? 0 : 1;
}

static int run_path(const char *path, struct tally *tally);

static int run_folder(const char *path, struct tally *tally)
{
    struct dirent **entries = NULL;
    int failed = 0, count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[PATH_BYTES];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && length > 0 && length < PATH_BYTES)
            failed |= run_path(inner, tally);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

static int run_path(const char *path, struct tally *tally)
{
    struct stat status;
    if (stat(path, &status)) {
        perror(path);
        return 1;
    }
    return S_ISDIR(status.st_mode) ? run_folder(path, tally)
                                   : run_file(path, (long)status.st_size, tally);
}

int main(int argc, char **argv)
{
    struct tally tally = {0, 0};
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= run_path(argv[i], &tally);
    printf("%lu files, %lu inputs\n", tally.files, tally.inputs);
    return failed || tally.files == 0;
}
