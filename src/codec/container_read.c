/* Reading Avro container files from pushed bytes. See container.h.
 *
 *     file   = "Obj" 1, metadata (a map of bytes), marker (16 bytes), block*
 *     block  = count of records (long), size in bytes (long), data, marker
 *
 * States, and what takes the reader on:
 *
 *     HEADER --header complete--> BETWEEN --a whole block is there--> RECORDS --last record-->
 * BETWEEN
 *
 * Bytes wait in `in`; `taken` of them are done with. A block is looked at only when all of it,
 * marker included, has come; a file can therefore make the buffer no larger than its largest
 * allowed block. Data of codec null is read in place. */
#include "codec/container.h"

#include "base/assert.h"
#include "base/memory.h"
#include <string.h>
#include <zlib.h>

enum state { STATE_HEADER, STATE_BETWEEN, STATE_RECORDS };

struct eng_container_reader {
    const struct eng_config *config;
    const struct eng_model *wanted; /* NULL: nothing beside what config's model wants */
    struct eng_decoder *decoder;    /* from the header on */
    enum eng_container_codec codec;
    enum state state;
    struct eng_bytes in;
    size_t taken;           /* bytes of `in` that are done with */
    uint64_t place;         /* of in.data[taken] in the file */
    struct eng_bytes plain; /* the block's data when it was packed */
    const uint8_t *data;    /* the block's data: in `in` or `plain` */
    size_t data_bytes, data_used;
    uint64_t records_left; /* of the block */
    size_t block_bytes;    /* of the block in `in`, marker included */
    uint8_t marker[ENG_CONTAINER_MARKER_BYTES];
};

bool eng_container_is(const void *data, size_t length)
{
    return length >= ENG_CONTAINER_MAGIC_BYTES && memcmp(data, "Obj\1", 4) == 0;
}

enum eng_status eng_container_reader_new(const struct eng_config *config,
                                         struct eng_container_reader **ret_reader,
                                         struct eng_error *err)
{
    eng_assert(config != NULL && ret_reader != NULL);
    struct eng_container_reader *reader = eng_calloc(1, sizeof *reader);
    if (reader == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the reader of a file");
    reader->config = config;
    *ret_reader = reader;
    return ENG_OK;
}

void eng_container_reader_free(struct eng_container_reader *reader)
{
    if (reader == NULL)
        return;
    eng_decoder_free(reader->decoder);
    eng_bytes_done(&reader->in);
    eng_bytes_done(&reader->plain);
    eng_free(reader);
}

void eng_container_want(struct eng_container_reader *reader, const struct eng_model *model)
{
    eng_assert(reader != NULL && reader->decoder == NULL);
    reader->wanted = model;
}

const struct eng_names *eng_container_names(const struct eng_container_reader *reader)
{
    eng_assert(reader != NULL && reader->decoder != NULL);
    return eng_decoder_names(reader->decoder);
}

enum eng_status eng_container_feed(struct eng_container_reader *reader, const void *data,
                                   size_t length, struct eng_error *err)
{
    eng_assert(reader != NULL && reader->state != STATE_RECORDS);
    struct eng_bytes *in = &reader->in;
    if (reader->taken > 0) {
        memmove(in->data, in->data + reader->taken, in->used - reader->taken);
        in->used -= reader->taken;
        reader->taken = 0;
    }
    if (eng_bytes_append(in, data, length) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for a block of the file");
    return ENG_OK;
}

/* A place in bytes that may not have come to their end yet. */
struct cursor {
    const uint8_t *p, *end;
};

/* ENG_OK, ENG_AGAIN when bytes are missing, ENG_BAD_RECORD when it is no number. */
static enum eng_status take_long(struct cursor *cursor, int64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (cursor->p == cursor->end)
            return ENG_AGAIN;
        uint64_t byte = *cursor->p++;
        number |= (byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_number = (int64_t)(number >> 1 ^ (0 - (number & 1)));
            return ENG_OK;
        }
    }
    return ENG_BAD_RECORD;
}

static enum eng_status take_bytes(struct cursor *cursor, struct eng_slice *ret_bytes)
{
    int64_t length;
    enum eng_status status = take_long(cursor, &length);
    if (status != ENG_OK)
        return status;
    if (length < 0 || length > ENG_CONTAINER_HEADER_MAX)
        return ENG_BAD_RECORD;
    if (length > cursor->end - cursor->p)
        return ENG_AGAIN;
    *ret_bytes = (struct eng_slice){(const char *)cursor->p, (uint32_t)length};
    cursor->p += length;
    return ENG_OK;
}

static bool is_text(struct eng_slice text, const char *other)
{
    return text.length == strlen(other) && memcmp(text.data, other, text.length) == 0;
}

/* What the reader wants from the metadata. */
struct metadata {
    struct eng_slice schema, codec;
};

static enum eng_status take_entry(struct cursor *cursor, struct metadata *metadata)
{
    struct eng_slice key, value;
    enum eng_status status = take_bytes(cursor, &key);
    if (status == ENG_OK)
        status = take_bytes(cursor, &value);
    if (status != ENG_OK)
        return status;
    if (is_text(key, "avro.schema"))
        metadata->schema = value;
    else if (is_text(key, "avro.codec"))
        metadata->codec = value;
    return ENG_OK;
}

/* The metadata: blocks of entries up to an empty one. An entry has at least two bytes, so counts
 * cannot make it long. */
static enum eng_status take_metadata(struct cursor *cursor, struct metadata *metadata)
{
    for (;;) {
        int64_t count, size;
        enum eng_status status = take_long(cursor, &count);
        if (status == ENG_OK && count < 0)
            status = take_long(cursor, &size);
        if (status != ENG_OK || count == 0)
            return status;
        uint64_t entries = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
        for (; entries > 0; entries--)
            if ((status = take_entry(cursor, metadata)) != ENG_OK)
                return status;
    }
}

/* Says where the file is broken. */
static enum eng_status broken(const struct eng_container_reader *reader, const char *what,
                              struct eng_error *err)
{
    return eng_error_set(err, ENG_BAD_RECORD, "the Avro file is broken at byte %llu: %s",
                         (unsigned long long)reader->place, what);
}

/* Sets codec and decoder from the metadata. */
static enum eng_status use_metadata(struct eng_container_reader *reader,
                                    const struct metadata *metadata, struct eng_error *err)
{
    struct eng_slice codec = metadata->codec;
    if (metadata->schema.data == NULL)
        return broken(reader, "its header has no avro.schema", err);
    if (codec.data == NULL || is_text(codec, "null"))
        reader->codec = ENG_CONTAINER_NULL;
    else if (is_text(codec, "deflate"))
        reader->codec = ENG_CONTAINER_DEFLATE;
    else
        return eng_error_set(
            err, ENG_BAD_RECORD,
            "the Avro file is packed with the codec \"%.*s\"; null and deflate can be read",
            (int)(codec.length < 40 ? codec.length : 40), codec.data);
    enum eng_status status = eng_decoder_new_schema(reader->config, metadata->schema.data,
                                                    metadata->schema.length, &reader->decoder, err);
    return status == ENG_OK && reader->wanted != NULL
               ? eng_decoder_want(reader->decoder, reader->wanted, err)
               : status;
}

static void take(struct eng_container_reader *reader, size_t bytes)
{
    eng_assert(bytes <= reader->in.used - reader->taken);
    reader->taken += bytes;
    reader->place += bytes;
}

static struct cursor cursor_at(const struct eng_container_reader *reader)
{
    return (struct cursor){reader->in.data + reader->taken, reader->in.data + reader->in.used};
}

/* Reads the header once it is complete. */
static enum eng_status read_header(struct eng_container_reader *reader, struct eng_error *err)
{
    struct cursor cursor = cursor_at(reader);
    const uint8_t *begin = cursor.p;
    struct metadata metadata = {{NULL, 0}, {NULL, 0}};
    size_t come = (size_t)(cursor.end - cursor.p);
    if (come < ENG_CONTAINER_MAGIC_BYTES)
        return ENG_AGAIN;
    if (!eng_container_is(begin, come))
        return broken(reader, "it does not begin with \"Obj\" and a 1", err);
    cursor.p += ENG_CONTAINER_MAGIC_BYTES;
    enum eng_status status = take_metadata(&cursor, &metadata);
    if (status == ENG_OK && cursor.end - cursor.p < ENG_CONTAINER_MARKER_BYTES)
        status = ENG_AGAIN;
    if (status == ENG_AGAIN && come > ENG_CONTAINER_HEADER_MAX)
        return eng_error_set(err, ENG_LIMIT, "the header of the Avro file is larger than %d bytes",
                             ENG_CONTAINER_HEADER_MAX);
    if (status == ENG_BAD_RECORD)
        return broken(reader, "a length in its header is impossible", err);
    if (status == ENG_OK)
        status = use_metadata(reader, &metadata, err);
    if (status != ENG_OK)
        return status;
    memcpy(reader->marker, cursor.p, ENG_CONTAINER_MARKER_BYTES);
    take(reader, (size_t)(cursor.p - begin) + ENG_CONTAINER_MARKER_BYTES);
    reader->state = STATE_BETWEEN;
    return ENG_OK;
}

static void *zlib_alloc(void *context, unsigned count, unsigned size)
{
    (void)context; /* there is one allocator */
    return eng_calloc(count, size);
}

static void zlib_free(void *context, void *block)
{
    (void)context; /* there is one allocator */
    eng_free(block);
}

/* Goes on unpacking until the stream ends; the buffer grows up to the largest block. Bytes behind
 * the stream are let be: some writers cut a zlib frame down to its inside and leave most of the
 * checksum there. */
static enum eng_status inflate_all(struct eng_container_reader *reader, z_stream *stream,
                                   struct eng_error *err)
{
    struct eng_bytes *plain = &reader->plain;
    int result = Z_OK;
    while (result != Z_STREAM_END) {
        size_t room = plain->capacity - plain->used;
        if (room == 0 && plain->used >= ENG_CONTAINER_BLOCK_MAX)
            return eng_error_set(err, ENG_LIMIT,
                                 "a block of the Avro file unpacks to more than %d bytes",
                                 ENG_CONTAINER_BLOCK_MAX);
        if (room == 0 && eng_bytes_reserve(plain, 64 * 1024) != ENG_OK)
            return eng_error_set(err, ENG_NO_MEMORY, "out of memory for a block of the file");
        room = plain->capacity - plain->used;
        stream->next_out = plain->data + plain->used;
        stream->avail_out =
            (unsigned)(room < ENG_CONTAINER_BLOCK_MAX ? room : ENG_CONTAINER_BLOCK_MAX);
        unsigned before = stream->avail_out;
        result = inflate(stream, Z_NO_FLUSH);
        plain->used += before - stream->avail_out;
        if (result == Z_MEM_ERROR)
            return eng_error_set(err, ENG_NO_MEMORY, "out of memory for a block of the file");
        if (result != Z_STREAM_END && (result != Z_OK || stream->avail_out > 0))
            return broken(reader, "a block does not unpack", err);
    }
    return ENG_OK;
}

static enum eng_status unpack(struct eng_container_reader *reader, const uint8_t *packed,
                              size_t length, struct eng_error *err)
{
    z_stream stream = {.zalloc = zlib_alloc, .zfree = zlib_free};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for unpacking a block");
    stream.next_in = (unsigned char *)(uintptr_t)packed; /* zlib only reads it */
    stream.avail_in = (unsigned)length;
    eng_bytes_clear(&reader->plain);
    enum eng_status status = inflate_all(reader, &stream, err);
    (void)inflateEnd(&stream); /* fails only for a broken stream struct */
    return status;
}

/* Begins the next block once all of it has come. */
static enum eng_status begin_block(struct eng_container_reader *reader, struct eng_error *err)
{
    struct cursor cursor = cursor_at(reader);
    const uint8_t *begin = cursor.p;
    int64_t count, size;
    enum eng_status status = take_long(&cursor, &count);
    if (status == ENG_OK)
        status = take_long(&cursor, &size);
    if (status == ENG_AGAIN)
        return ENG_AGAIN;
    if (status != ENG_OK || count < 0 || size < 0)
        return broken(reader, "a block has an impossible count or size", err);
    if (size > ENG_CONTAINER_BLOCK_MAX)
        return eng_error_set(err, ENG_LIMIT,
                             "a block of the Avro file has %lld bytes, at most %d are read",
                             (long long)size, ENG_CONTAINER_BLOCK_MAX);
    if (cursor.end - cursor.p < size + ENG_CONTAINER_MARKER_BYTES)
        return ENG_AGAIN;
    if (memcmp(cursor.p + size, reader->marker, ENG_CONTAINER_MARKER_BYTES) != 0)
        return broken(reader, "a block does not end with the file's marker", err);
    reader->data = cursor.p;
    reader->data_bytes = (size_t)size;
    if (reader->codec == ENG_CONTAINER_DEFLATE) {
        status = unpack(reader, cursor.p, (size_t)size, err);
        if (status != ENG_OK)
            return status;
        reader->data = reader->plain.data;
        reader->data_bytes = reader->plain.used;
    }
    reader->data_used = 0;
    reader->records_left = (uint64_t)count;
    reader->block_bytes = (size_t)(cursor.p - begin) + (size_t)size + ENG_CONTAINER_MARKER_BYTES;
    reader->state = STATE_RECORDS;
    return ENG_OK;
}

/* Decodes records of the block into the batch. */
static enum eng_status read_records(struct eng_container_reader *reader,
                                    struct eng_container_batch *batch, struct eng_error *err)
{
    eng_decoder_reset(reader->decoder);
    while (reader->records_left > 0 && batch->count < batch->capacity) {
        struct eng_event *event = &batch->events[batch->count];
        size_t used;
        enum eng_reason reason =
            eng_decoder_decode_prefix(reader->decoder, reader->data + reader->data_used,
                                      reader->data_bytes - reader->data_used, &used, event);
        if (reason == ENG_REASON_NO_MEMORY)
            return eng_error_set(err, ENG_NO_MEMORY, "out of memory for a record of the file");
        if (reason == ENG_REASON_TRUNCATED || reason == ENG_REASON_MALFORMED)
            return broken(reader, "a record in this block does not fit the file's schema", err);
        event->offset = batch->offset++;
        if (batch->reasons != NULL)
            batch->reasons[batch->count] = (uint8_t)reason;
        batch->count++;
        reader->data_used += used;
        reader->records_left--;
    }
    return ENG_OK;
}

/* Leaves a block whose records are all read. */
static enum eng_status end_block(struct eng_container_reader *reader, struct eng_error *err)
{
    if (reader->data_used != reader->data_bytes)
        return broken(reader, "a block has bytes behind its last record", err);
    take(reader, reader->block_bytes);
    reader->state = STATE_BETWEEN;
    return ENG_OK;
}

enum eng_status eng_container_read(struct eng_container_reader *reader,
                                   struct eng_container_batch *batch, struct eng_error *err)
{
    eng_assert(reader != NULL && batch != NULL && batch->capacity > 0);
    enum eng_status status = ENG_OK;
    batch->count = 0;
    if (reader->in.used == 0) /* no buffer yet */
        return ENG_AGAIN;
    while (status == ENG_OK && batch->count == 0) {
        if (reader->state == STATE_HEADER)
            status = read_header(reader, err);
        else if (reader->state == STATE_BETWEEN)
            status = begin_block(reader, err);
        else if (reader->records_left == 0)
            status = end_block(reader, err);
        else
            status = read_records(reader, batch, err);
    }
    return status;
}

enum eng_status eng_container_finish(const struct eng_container_reader *reader,
                                     struct eng_error *err)
{
    eng_assert(reader != NULL);
    if (reader->state == STATE_BETWEEN && reader->taken == reader->in.used)
        return ENG_OK;
    return broken(reader,
                  reader->state == STATE_HEADER ? "it ends inside its header"
                                                : "it ends inside this block",
                  err);
}
