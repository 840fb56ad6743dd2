/* Output with every failure noticed. See output.h. */
#include "cli/output.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cli/exits.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum eng_status eng_output_open(struct eng_output *output, const char *path, struct eng_error *err)
{
    eng_assert(output != NULL);
    bool standard = path == NULL || strcmp(path, "-") == 0;
    *output = (struct eng_output){.name = standard ? "standard output" : path, .descriptor = 1};
    output->buffer = eng_calloc(1, ENG_OUTPUT_BYTES);
    if (output->buffer == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the buffer of %s",
                             output->name);
    if (standard)
        return ENG_OK;
    output->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    output->owned = output->descriptor >= 0;
    if (output->owned)
        return ENG_OK;
    int error = errno;
    eng_free(output->buffer);
    *output = (struct eng_output){0};
    return eng_error_set(err, ENG_IO, "%s cannot be written: %s", path, strerror(error));
}

static void write_out(struct eng_output *output, const char *data, size_t length)
{
    while (length > 0 && !output->failed) {
        ssize_t written = write(output->descriptor, data, length);
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            output->failed = true;
            output->error = written == 0 ? ENOSPC : errno;
        }
    }
}

bool eng_output_flush(struct eng_output *output)
{
    write_out(output, output->buffer, output->used);
    output->used = 0;
    return !output->failed;
}

bool eng_output_write(struct eng_output *output, const void *data, size_t length)
{
    eng_assert(output->buffer != NULL);
    if (length > ENG_OUTPUT_BYTES - output->used)
        (void)eng_output_flush(output); /* a failure shows below */
    if (length > ENG_OUTPUT_BYTES) {
        write_out(output, data, length);
    } else if (length > 0) {
        memcpy(output->buffer + output->used, data, length);
        output->used += length;
    }
    return !output->failed;
}

enum eng_status eng_output_close(struct eng_output *output, struct eng_error *err)
{
    if (output->buffer == NULL)
        return ENG_OK;
    (void)eng_output_flush(output); /* a failure shows below */
    if (output->owned && close(output->descriptor) != 0 && !output->failed) {
        output->failed = true;
        output->error = errno;
    }
    eng_free(output->buffer);
    output->buffer = NULL;
    if (output->failed)
        return eng_error_set(err, ENG_IO, "%s cannot be written: %s", output->name,
                             strerror(output->error));
    return ENG_OK;
}

int eng_print(struct eng_text *text)
{
    struct eng_error err = {0};
    struct eng_output output = {0};
    int code = ENG_EXIT_OK;
    if (text->failed)
        (void)eng_error_set(&err, ENG_NO_MEMORY, "out of memory for the text to print");
    else if (eng_output_open(&output, NULL, &err) == ENG_OK)
        (void)eng_output_write(&output, text->data, text->used); /* a failure shows in close */
    eng_text_done(text);
    if (eng_output_close(&output, &err) != ENG_OK)
        code = ENG_EXIT_OUTPUT;
    if (err.status != ENG_OK)
        (void)eng_fail(NULL, &err);
    return err.status == ENG_NO_MEMORY ? ENG_EXIT_LIMIT : code;
}

int eng_fail(const char *command, const struct eng_error *err)
{
    eng_assert(err->status != ENG_OK);
    fprintf(stderr, "engaged%s%s: %s\n", command ? " " : "", command ? command : "",
            err->text[0] ? err->text : eng_status_text(err->status));
    return eng_exit_of(err->status);
}
