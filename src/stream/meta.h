/* What the group keeps beside a committed offset: a small versioned, checksummed record as text.
 *
 * It says what was true of the task when the transaction was sealed, so that after a restart the
 * re-read can be checked against it, and so that after a commit whose answer was lost the worker
 * can tell its own commit from another's (the writer and the sequence make each text unique).
 * Format, fields parted by one space, numbers decimal unless said:
 *
 *   e1 SEQUENCE WRITER(hex) FIRST CLOCK MODEL JOURNAL READ COUNTED DUPLICATE LATE FUTURE BAD
 *   FILTERED CHANGES DROPS CRC(hex, XXH3 of all before its space)
 *
 * An unknown version or a wrong checksum is refused, never guessed at. */
#ifndef ENG_STREAM_META_H
#define ENG_STREAM_META_H

#include "stream/port.h"
#include <engaged/event.h>

struct eng_meta {
    uint64_t sequence; /* of the task's transactions, from 1 */
    uint64_t writer;   /* a number of the worker that wrote it */
    int64_t first;     /* offset of the first record this task ever read */
    int64_t clock_ms;  /* -1: none */
    uint32_t model_version;
    uint64_t journal; /* number of the last journal entry; 0: none */
    struct eng_counters counters;
};

/* Writes the text with its zero. */
void eng_meta_write(const struct eng_meta *meta, char text[ENG_META_TEXT_BYTES]);

/* Reads it back. ENG_OK or ENG_CORRUPT (says what is wrong; *ret_meta untouched). */
enum eng_status eng_meta_read(const char *text, struct eng_meta *ret_meta, struct eng_error *err);

#endif
