/* Input files as bytes. See reader.h. */
#include "cli/reader.h"

#include "base/assert.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static const char *path_at(const struct eng_reader *reader, int index)
{
    return reader->paths != NULL ? reader->paths[index] : "-";
}

/* Adds up the sizes of the files; a pipe among them makes the total unknown. */
static enum eng_status check_files(struct eng_reader *reader, struct eng_error *err)
{
    bool known = true;
    for (int i = 0; i < reader->path_count; i++) {
        struct stat info;
        const char *path = path_at(reader, i);
        int result = is_standard(path) ? fstat(STDIN_FILENO, &info) : stat(path, &info);
        if (result == 0 && !is_standard(path) && access(path, R_OK) != 0)
            result = -1;
        if (result != 0)
            return eng_error_set(err, ENG_IO, "%s cannot be read: %s", path, strerror(errno));
        if (S_ISDIR(info.st_mode))
            return eng_error_set(err, ENG_IO, "%s is a directory; name the files in it", path);
        known = known && S_ISREG(info.st_mode);
        reader->total_bytes += known ? (uint64_t)info.st_size : 0;
    }
    if (!known)
        reader->total_bytes = 0;
    return ENG_OK;
}

enum eng_status eng_reader_init(struct eng_reader *reader, char *const *paths, int path_count,
                                struct eng_error *err)
{
    eng_assert(reader != NULL && path_count >= 0);
    *reader = (struct eng_reader){.paths = path_count > 0 ? paths : NULL,
                                  .path_count = path_count > 0 ? path_count : 1,
                                  .name = "",
                                  .descriptor = -1,
                                  .ended = true};
    enum eng_status status = check_files(reader, err);
    if (status != ENG_OK)
        return status;
    reader->capacity = ENG_READ_BYTES;
    reader->data = eng_calloc(1, reader->capacity);
    if (reader->data == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for reading the input");
    return ENG_OK;
}

static void close_file(struct eng_reader *reader)
{
    if (reader->descriptor > STDIN_FILENO)
        (void)close(reader->descriptor); /* it was only read */
    reader->descriptor = -1;
}

void eng_reader_done(struct eng_reader *reader)
{
    close_file(reader);
    eng_free(reader->data);
    *reader = (struct eng_reader){.descriptor = -1};
}

enum eng_status eng_reader_next_file(struct eng_reader *reader, struct eng_error *err)
{
    close_file(reader);
    if (reader->path_next == reader->path_count)
        return ENG_NOT_FOUND;
    const char *path = path_at(reader, reader->path_next++);
    reader->name = is_standard(path) ? "standard input" : path;
    reader->descriptor = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (reader->descriptor < 0)
        return eng_error_set(err, ENG_IO, "%s cannot be read: %s", path, strerror(errno));
    reader->begin = 0;
    reader->end = 0;
    reader->ended = false;
    return eng_reader_more(reader, err);
}

static enum eng_status make_room(struct eng_reader *reader, struct eng_error *err)
{
    if (reader->begin > 0)
        memmove(reader->data, reader->data + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    if (reader->end < reader->capacity)
        return ENG_OK;
    if (reader->capacity >= ENG_RECORD_BYTES_MAX)
        return ENG_LIMIT;
    uint8_t *data = eng_realloc(reader->data, reader->capacity * 2);
    if (data == NULL)
        return eng_error_set(err, ENG_NO_MEMORY,
                             "out of memory for a record of over %zu bytes in %s", reader->capacity,
                             reader->name);
    reader->data = data;
    reader->capacity *= 2;
    return ENG_OK;
}

enum eng_status eng_reader_more(struct eng_reader *reader, struct eng_error *err)
{
    if (reader->ended)
        return ENG_OK;
    enum eng_status status = make_room(reader, err);
    if (status != ENG_OK)
        return status;
    ssize_t got = 0;
    do
        got = read(reader->descriptor, reader->data + reader->end, reader->capacity - reader->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return eng_error_set(err, ENG_IO, "%s cannot be read: %s", reader->name, strerror(errno));
    reader->end += (size_t)got;
    reader->read_bytes += (uint64_t)got;
    reader->ended = got == 0;
    return ENG_OK;
}

void eng_reader_take(struct eng_reader *reader, size_t bytes)
{
    eng_assert(bytes <= reader->end - reader->begin);
    reader->begin += bytes;
}
