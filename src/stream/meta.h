/* What the group keeps beside a committed offset: a small versioned, checksummed text that names
 * the commit record in the state topic.
 *
 * With it a restore knows which record is the last that counts, and after a commit whose answer was
 * lost the worker can tell its own commit from another's (the writer and the sequence make each
 * text unique). Format, fields parted by one space, numbers decimal unless said:
 *
 *   e3 SEQUENCE WRITER(hex) LIFE MODEL FINGERPRINT(hex) RECORD(hex) LOW(the model at low water)
 *   CRC(hex, XXH3 of all before its space)
 *
 * and what the group of those who merge the sums of groups keeps:
 *
 *   g1 SEQUENCE WRITER(hex) GIVEN CRC(hex, as above)
 *
 * An unknown version or a wrong checksum is refused, never guessed at. */
#ifndef ENG_STREAM_META_H
#define ENG_STREAM_META_H

#include "stream/port.h"

struct eng_meta {
    uint64_t sequence; /* of the task's transactions, from 1 */
    uint64_t writer;   /* a number of the worker that wrote it */
    uint64_t life;     /* see struct eng_commit */
    uint32_t model_version;
    uint64_t fingerprint; /* of the model */
    uint64_t record;      /* checksum of the commit record */
    uint32_t low_version; /* of the model at low water */
};

/* Writes the text with its zero. */
void eng_meta_write(const struct eng_meta *meta, char text[ENG_META_TEXT_BYTES]);

/* Reads it back. ENG_OK or ENG_CORRUPT (says what is wrong; *ret_meta untouched). */
enum eng_status eng_meta_read(const char *text, struct eng_meta *ret_meta, struct eng_error *err);

/* Of whoever merges. */
struct eng_merge_meta {
    uint64_t sequence, writer; /* as above */
    int64_t given_ms;          /* results of moments up to this one have been given out; -1: none */
};
void eng_merge_meta_write(const struct eng_merge_meta *meta, char text[ENG_META_TEXT_BYTES]);
enum eng_status eng_merge_meta_read(const char *text, struct eng_merge_meta *ret_meta,
                                    struct eng_error *err);

#endif
