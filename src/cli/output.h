/* Writing to standard output or a file, with every failure noticed: a closed pipe, a full disk.
 *
 * One buffer per output; the first failure is kept and later writes do nothing. One thread. */
#ifndef ENG_CLI_OUTPUT_H
#define ENG_CLI_OUTPUT_H

#include "serve/text.h"
#include <engaged/status.h>
#include <stddef.h>

enum { ENG_OUTPUT_BYTES = 1 << 18 };

struct eng_output {
    const char *name; /* for messages, borrowed */
    int descriptor;
    bool owned; /* the descriptor is closed by _close */
    bool failed;
    int error; /* errno of the first failure */
    size_t used;
    char *buffer;
};

/* Writes to standard output (path NULL or "-") or to a new or emptied file. Borrows path. ENG_OK,
 * ENG_IO, ENG_NO_MEMORY. */
enum eng_status eng_output_open(struct eng_output *output, const char *path, struct eng_error *err);

/* Appends; writes when the buffer is full. False once anything has failed. */
bool eng_output_write(struct eng_output *output, const void *data, size_t length);

/* Writes what is buffered. False once anything has failed. */
bool eng_output_flush(struct eng_output *output);

/* Flushes, closes, frees. ENG_OK, or ENG_IO with the first failure. Also fine on a zeroed output.
 */
enum eng_status eng_output_close(struct eng_output *output, struct eng_error *err);

/* Prints a finished text to standard output and frees it. Returns the exit code; says on stderr
 * what failed. */
int eng_print(struct eng_text *text);

/* Prints "engaged COMMAND: text" on stderr and returns the exit code of the error's status. */
int eng_fail(const char *command, const struct eng_error *err);

#endif
