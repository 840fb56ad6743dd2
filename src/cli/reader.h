/* Input files as bytes: one window over the concatenation of some files, read in large pieces.
 *
 * The window is data[begin..end). Whoever parses takes bytes from its front (eng_reader_take) and
 * asks for more when what is there is not enough (eng_reader_more), which may move the window:
 * slices into it end there. A window never spans two files. One thread. */
#ifndef ENG_CLI_READER_H
#define ENG_CLI_READER_H

#include <engaged/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENG_READ_BYTES = 1 << 20,        /* asked for at once */
    ENG_RECORD_BYTES_MAX = 16 << 20, /* the window grows up to this: the longest record */
};

struct eng_reader {
    char *const *paths; /* borrowed; "-" is standard input; NULL: only that */
    int path_count;
    int path_next;    /* the next file to open */
    const char *name; /* of the current file, for messages */
    int descriptor;   /* -1: none open */
    bool ended;       /* the current file has no more bytes than the window */
    uint8_t *data;
    size_t begin, end, capacity;
    uint64_t total_bytes; /* of all files; 0: not known (a pipe is among them) */
    uint64_t read_bytes;  /* so far */
};

/* Prepares to read the files in order; none at all means standard input. Checks that every one can
 * be opened, so that a wrong name is said before anything is printed. ENG_OK, ENG_IO or
 * ENG_NO_MEMORY. */
enum eng_status eng_reader_init(struct eng_reader *reader, char *const *paths, int path_count,
                                struct eng_error *err);

void eng_reader_done(struct eng_reader *reader);

/* Opens the next file; the window is its first bytes. ENG_OK, ENG_NOT_FOUND (there is none),
 * ENG_IO. */
enum eng_status eng_reader_next_file(struct eng_reader *reader, struct eng_error *err);

/* Moves the window to the front and adds at least one byte, unless the file has ended. ENG_OK,
 * ENG_LIMIT (ENG_RECORD_BYTES_MAX are in the window already), ENG_IO, ENG_NO_MEMORY. */
enum eng_status eng_reader_more(struct eng_reader *reader, struct eng_error *err);

/* Takes bytes from the front of the window. */
void eng_reader_take(struct eng_reader *reader, size_t bytes);

#endif
