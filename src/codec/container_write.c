/* Writing Avro container files into a buffer. See container.h. */
#include "codec/container.h"
#include "codec/writer.h"

#include "base/assert.h"
#include "base/memory.h"
#include <zlib.h>

enum { BLOCK_BYTES = 64 * 1024 }; /* a block is written when it has this many */

struct eng_container_writer {
    char *schema;
    enum eng_container_codec codec;
    bool begun; /* the header is written */
    uint8_t marker[ENG_CONTAINER_MARKER_BYTES];
    struct eng_bytes block; /* records of the block that is being filled */
    uint64_t count;
    struct eng_bytes packed;
};

enum eng_status eng_container_writer_new(const char *schema_json, enum eng_container_codec codec,
                                         const uint8_t marker[ENG_CONTAINER_MARKER_BYTES],
                                         struct eng_container_writer **ret_writer,
                                         struct eng_error *err)
{
    eng_assert(schema_json != NULL && ret_writer != NULL);
    struct eng_container_writer *writer = eng_calloc(1, sizeof *writer);
    char *schema = eng_strndup(schema_json, strlen(schema_json));
    if (writer == NULL || schema == NULL) {
        eng_free(writer);
        eng_free(schema);
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the writer of a file");
    }
    writer->schema = schema;
    writer->codec = codec;
    memcpy(writer->marker, marker, ENG_CONTAINER_MARKER_BYTES);
    *ret_writer = writer;
    return ENG_OK;
}

void eng_container_writer_free(struct eng_container_writer *writer)
{
    if (writer == NULL)
        return;
    eng_free(writer->schema);
    eng_bytes_done(&writer->block);
    eng_bytes_done(&writer->packed);
    eng_free(writer);
}

static void put_entry(struct eng_writer *out, const char *key, const char *value)
{
    eng_put_avro_bytes(out, key, strlen(key));
    eng_put_avro_bytes(out, value, strlen(value));
}

/* The header, once. */
static enum eng_status begin(struct eng_container_writer *writer, struct eng_bytes *out)
{
    if (writer->begun)
        return ENG_OK;
    struct eng_writer head = eng_writer_begin(out);
    eng_put(&head, "Obj\1", ENG_CONTAINER_MAGIC_BYTES);
    eng_put_avro_long(&head, 2);
    put_entry(&head, "avro.schema", writer->schema);
    put_entry(&head, "avro.codec", writer->codec == ENG_CONTAINER_DEFLATE ? "deflate" : "null");
    eng_put_avro_long(&head, 0);
    eng_put(&head, writer->marker, sizeof writer->marker);
    enum eng_status status = eng_writer_end(&head);
    writer->begun = status == ENG_OK;
    return status;
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

/* Packs the block into `packed`. */
static enum eng_status pack(struct eng_container_writer *writer)
{
    z_stream stream = {.zalloc = zlib_alloc, .zfree = zlib_free};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return ENG_NO_MEMORY;
    size_t bound = deflateBound(&stream, writer->block.used);
    eng_bytes_clear(&writer->packed);
    enum eng_status status = eng_bytes_reserve(&writer->packed, bound);
    if (status == ENG_OK) {
        stream.next_in = writer->block.data;
        stream.avail_in = (unsigned)writer->block.used;
        stream.next_out = writer->packed.data;
        stream.avail_out = (unsigned)bound;
        int result = deflate(&stream, Z_FINISH);
        eng_assert(result == Z_STREAM_END); /* there is room for the worst case */
        writer->packed.used = bound - stream.avail_out;
    }
    (void)deflateEnd(&stream); /* fails only for a broken stream struct */
    return status;
}

/* Writes the block and begins a new one. */
static enum eng_status write_block(struct eng_container_writer *writer, struct eng_bytes *out)
{
    const struct eng_bytes *data = &writer->block;
    enum eng_status status = begin(writer, out);
    if (status == ENG_OK && writer->codec == ENG_CONTAINER_DEFLATE) {
        status = pack(writer);
        data = &writer->packed;
    }
    if (status != ENG_OK)
        return status;
    struct eng_writer block = eng_writer_begin(out);
    eng_put_avro_long(&block, (int64_t)writer->count);
    eng_put_avro_long(&block, (int64_t)data->used);
    eng_put(&block, data->data, data->used);
    eng_put(&block, writer->marker, sizeof writer->marker);
    status = eng_writer_end(&block);
    if (status == ENG_OK) {
        eng_bytes_clear(&writer->block);
        writer->count = 0;
    }
    return status;
}

enum eng_status eng_container_add(struct eng_container_writer *writer, const void *record,
                                  size_t length, struct eng_bytes *out)
{
    eng_assert(writer != NULL && out != NULL);
    if (writer->count > 0 && writer->block.used + length > BLOCK_BYTES) {
        enum eng_status status = write_block(writer, out);
        if (status != ENG_OK)
            return status;
    }
    enum eng_status status = eng_bytes_append(&writer->block, record, length);
    if (status == ENG_OK)
        writer->count++;
    return status;
}

enum eng_status eng_container_end(struct eng_container_writer *writer, struct eng_bytes *out)
{
    eng_assert(writer != NULL && out != NULL);
    return writer->count > 0 ? write_block(writer, out) : begin(writer, out);
}
