/* Targets of `generate`. See generate_sink.h. */
#include "cli/generate_sink.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cli/output.h"
#include "cli/synth_random.h"
#include "codec/container.h"
#include "codec/schemas.h"

enum { FLUSH_MS = 60000, ID_BYTES = 5 };

/* A file uses output (and container), a topic uses sender. */
struct eng_sink {
    struct eng_sink_options options;
    struct eng_output output;
    struct eng_container_writer *container;
    struct eng_bytes bytes; /* blocks of the container not yet written; a framed record */
    struct eng_sender *sender;
};

static enum eng_status open_file(struct eng_sink *sink, struct eng_error *err)
{
    enum eng_status status = eng_output_open(&sink->output, sink->options.path, err);
    if (status != ENG_OK || !sink->options.avro)
        return status;
    uint8_t marker[ENG_CONTAINER_MARKER_BYTES];
    struct eng_random random = eng_random_init(sink->options.seed, UINT64_MAX - 3);
    for (size_t i = 0; i < sizeof marker; i++)
        marker[i] = (uint8_t)eng_random_below(&random, 256);
    return eng_container_writer_new(eng_schema_partner_action, ENG_CONTAINER_NULL, marker,
                                    &sink->container, err);
}

enum eng_status eng_sink_new(const struct eng_sink_options *options, struct eng_sink **ret_sink,
                             struct eng_error *err)
{
    struct eng_sink *sink = eng_calloc(1, sizeof *sink);
    if (sink == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the output");
    sink->options = *options;
    enum eng_status status = options->topic.topic != NULL
                                 ? eng_sender_new(&options->topic, &sink->sender, err)
                                 : open_file(sink, err);
    if (status != ENG_OK) {
        eng_sink_free(sink);
        return status;
    }
    *ret_sink = sink;
    return ENG_OK;
}

/* The failure of a file, when there was one. */
static enum eng_status file_status(struct eng_sink *sink, bool written, struct eng_error *err)
{
    if (written)
        return ENG_OK;
    enum eng_status status = eng_output_close(&sink->output, err);
    eng_assert(status != ENG_OK);
    return status;
}

static enum eng_status write_blocks(struct eng_sink *sink, struct eng_error *err)
{
    bool written = eng_output_write(&sink->output, sink->bytes.data, sink->bytes.used);
    eng_bytes_clear(&sink->bytes);
    return file_status(sink, written, err);
}

static enum eng_status put_in_container(struct eng_sink *sink,
                                        const struct eng_sender_record *record,
                                        struct eng_error *err)
{
    if (eng_container_add(sink->container, record->value, record->value_bytes, &sink->bytes) !=
        ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a block of the container");
    return sink->bytes.used > 0 ? write_blocks(sink, err) : ENG_OK;
}

static enum eng_status put_line(struct eng_sink *sink, const struct eng_sender_record *record,
                                struct eng_error *err)
{
    bool written = eng_output_write(&sink->output, record->value, record->value_bytes) &&
                   eng_output_write(&sink->output, "\n", 1);
    return file_status(sink, written, err);
}

/* Sends the body behind a zero byte and the schema's id, four bytes, highest first. */
static enum eng_status put_framed(struct eng_sink *sink, const struct eng_sender_record *record,
                                  struct eng_error *err)
{
    uint8_t prefix[ID_BYTES] = {0};
    for (int i = 1; i < ID_BYTES; i++)
        prefix[i] = (uint8_t)(sink->options.schema_id >> (8 * (ID_BYTES - 1 - i)));
    eng_bytes_clear(&sink->bytes);
    if (eng_bytes_append(&sink->bytes, prefix, sizeof prefix) != ENG_OK ||
        eng_bytes_append(&sink->bytes, record->value, record->value_bytes) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for a record");
    struct eng_sender_record framed = *record;
    framed.value = sink->bytes.data;
    framed.value_bytes = sink->bytes.used;
    return eng_sender_put(sink->sender, &framed, err);
}

enum eng_status eng_sink_put(struct eng_sink *sink, const struct eng_sender_record *record,
                             struct eng_error *err)
{
    if (sink->sender != NULL && sink->options.avro && sink->options.schema_id >= 0)
        return put_framed(sink, record, err);
    if (sink->sender != NULL)
        return eng_sender_put(sink->sender, record, err);
    return sink->container != NULL ? put_in_container(sink, record, err)
                                   : put_line(sink, record, err);
}

enum eng_status eng_sink_finish(struct eng_sink *sink, struct eng_error *err)
{
    if (sink->sender != NULL)
        return eng_sender_flush(sink->sender, FLUSH_MS, err);
    enum eng_status status = ENG_OK;
    if (sink->container != NULL && eng_container_end(sink->container, &sink->bytes) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory for the container's last block");
    if (status == ENG_OK && sink->container != NULL)
        status = write_blocks(sink, err);
    return status == ENG_OK ? eng_output_close(&sink->output, err) : status;
}

void eng_sink_free(struct eng_sink *sink)
{
    if (sink == NULL)
        return;
    (void)eng_output_close(&sink->output, NULL); /* finish has said what failed */
    eng_container_writer_free(sink->container);
    eng_bytes_done(&sink->bytes);
    eng_sender_free(sink->sender);
    eng_free(sink);
}
