/* Avro container files ("Obj" 1): a reader for `replay` and a writer for `generate`.
 *
 * Neither does I/O. The reader is pushed bytes as they come and gives batches of events; the writer
 * appends to a buffer. A file holds a header with the writer's schema, then blocks of records, each
 * closed by the file's marker. Codecs: null and deflate. The reader does not trust the file: header
 * and blocks have a largest size, and records are read by the bounded plan (plan.h). One thread
 * each. */
#ifndef ENG_CODEC_CONTAINER_H
#define ENG_CODEC_CONTAINER_H

#include "codec/decode.h"
#include "codec/encode.h"
#include <stdbool.h>

enum {
    ENG_CONTAINER_MAGIC_BYTES = 4,
    ENG_CONTAINER_MARKER_BYTES = 16,
    ENG_CONTAINER_HEADER_MAX = 4 * 1024 * 1024, /* a longer header is refused */
    ENG_CONTAINER_BLOCK_MAX = 64 * 1024 * 1024, /* a larger block is refused, packed or not */
};

/* True when a file that begins with these bytes (ENG_CONTAINER_MAGIC_BYTES or more) is a container.
 */
bool eng_container_is(const void *data, size_t length);

struct eng_container_reader;

/* Events of one call; all but `offset` and the counts is the caller's memory. */
struct eng_container_batch {
    struct eng_event *events; /* room for `capacity` */
    uint8_t *reasons;         /* enum eng_reason of each, room for `capacity`; or NULL */
    uint32_t capacity;        /* at least 1 */
    uint32_t count;           /* out: events of this call */
    uint64_t offset;          /* in/out: offset of the next event: the record's number */
};

/* A reader for files of config's field paths. Borrows config. ENG_OK or ENG_NO_MEMORY; free with
 * eng_container_reader_free. */
enum eng_status eng_container_reader_new(const struct eng_config *config,
                                         struct eng_container_reader **ret_reader,
                                         struct eng_error *err);
void eng_container_reader_free(struct eng_container_reader *reader);

/* Events carry the attributes that this model names, beside those of config's. Before the first
 * bytes. Borrows the model; NULL is fine. */
void eng_container_want(struct eng_container_reader *reader, const struct eng_model *model);

/* What the attributes of events are called, once there were any events. Borrowed. */
const struct eng_names *eng_container_names(const struct eng_container_reader *reader);

/* Takes the next bytes of the file (copied). Feed when eng_container_read says ENG_AGAIN. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_container_feed(struct eng_container_reader *reader, const void *data,
                                   size_t length, struct eng_error *err);

/* Reads events of one block. They stay valid until the next call on the reader. A record whose
 * fields are bad is an event with verdict BAD; bytes that do not fit the schema end the file, as
 * nothing behind them can be found. ENG_OK (batch->count > 0), ENG_AGAIN (feed more, or finish),
 * ENG_BAD_RECORD (the file is broken or of an unknown codec: says at which byte), ENG_BAD_SCHEMA,
 * ENG_LIMIT, ENG_NO_MEMORY. */
enum eng_status eng_container_read(struct eng_container_reader *reader,
                                   struct eng_container_batch *batch, struct eng_error *err);

/* To be called after the last byte was fed and read said ENG_AGAIN. ENG_OK, or ENG_BAD_RECORD when
 * the file ends too early. */
enum eng_status eng_container_finish(const struct eng_container_reader *reader,
                                     struct eng_error *err);

enum eng_container_codec { ENG_CONTAINER_NULL, ENG_CONTAINER_DEFLATE };

struct eng_container_writer;

/* A writer of records of a schema (text, zero-terminated). The marker only has to be unlikely
 * inside the data; the same one gives the same file. ENG_OK or ENG_NO_MEMORY; free with
 * eng_container_writer_free. */
enum eng_status eng_container_writer_new(const char *schema_json, enum eng_container_codec codec,
                                         const uint8_t marker[ENG_CONTAINER_MARKER_BYTES],
                                         struct eng_container_writer **ret_writer,
                                         struct eng_error *err);
void eng_container_writer_free(struct eng_container_writer *writer);

/* Adds one encoded record (no framing). Appends the header and full blocks to `out`. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_container_add(struct eng_container_writer *writer, const void *record,
                                  size_t length, struct eng_bytes *out);

/* Appends what is left to `out`: the last block, and the header when there was no record. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_container_end(struct eng_container_writer *writer, struct eng_bytes *out);

#endif
