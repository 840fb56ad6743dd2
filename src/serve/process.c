/* What Linux says of this process, from /proc and getrusage. See process.h. */
#include "serve/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The beginning of a small file, zero-terminated; "" when it cannot be read. */
static void read_file(const char *path, char *text, size_t size)
{
    text[0] = '\0';
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ssize_t got = read(descriptor, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    (void)close(descriptor); /* it was only read */
}

static void read_memory(struct eng_process *process)
{
    char text[256];
    char *end = text;
    read_file("/proc/self/statm", text, sizeof text);
    if (text[0] == '\0')
        return;
    int64_t page = sysconf(_SC_PAGESIZE);
    process->virtual_bytes = strtoll(text, &end, 10) * page;
    process->resident_bytes = strtoll(end, &end, 10) * page;
}

static void read_threads(struct eng_process *process)
{
    char text[4096];
    read_file("/proc/self/status", text, sizeof text);
    const char *line = strstr(text, "\nThreads:");
    if (line != NULL)
        process->threads = strtoll(line + 9, NULL, 10);
}

static void read_descriptors(struct eng_process *process)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process->max_fds = (int64_t)limit.rlim_cur;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return;
    process->open_fds = -3; /* ".", ".." and the folder's own */
    while (readdir(folder) != NULL)
        process->open_fds++;
    (void)closedir(folder); /* it was only read */
}

void eng_process_read(struct eng_process *ret_process)
{
    *ret_process = (struct eng_process){-1, -1, -1, -1, -1, -1};
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        ret_process->cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
                              usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    read_memory(ret_process);
    read_threads(ret_process);
    read_descriptors(ret_process);
}
