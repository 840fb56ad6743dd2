/* Records of input files. See records.h. */
#include "cli/records.h"

#include "base/assert.h"
#include <string.h>

enum { ASIDE_LINE_BYTES = 1024 }; /* what is kept of a line that is too long */

enum eng_status eng_records_init(struct eng_records *records, const struct eng_config *config,
                                 char *const *paths, int path_count, struct eng_error *err)
{
    eng_assert(records != NULL && config != NULL);
    *records = (struct eng_records){.config = config, .json_config = *config};
    records->json_config.input.format = ENG_FORMAT_JSON;
    return eng_reader_init(&records->reader, paths, path_count, err);
}

static void close_format(struct eng_records *records)
{
    eng_decoder_free(records->decoder);
    eng_container_reader_free(records->container);
    records->decoder = NULL;
    records->container = NULL;
    records->format = ENG_RECORDS_NONE;
    records->number = 0;
    records->skipping = false;
}

void eng_records_done(struct eng_records *records)
{
    close_format(records);
    eng_reader_done(&records->reader);
}

static size_t window_bytes(const struct eng_records *records)
{
    return records->reader.end - records->reader.begin;
}

static const uint8_t *window(const struct eng_records *records)
{
    return records->reader.data + records->reader.begin;
}

/* Opens the next file and finds out what it is. ENG_NOT_FOUND: there is none. */
static enum eng_status open_next(struct eng_records *records, struct eng_error *err)
{
    close_format(records);
    enum eng_status status = eng_reader_next_file(&records->reader, err);
    while (status == ENG_OK && window_bytes(records) < ENG_CONTAINER_MAGIC_BYTES &&
           !records->reader.ended)
        status = eng_reader_more(&records->reader, err);
    if (status != ENG_OK)
        return status;
    if (!eng_container_is(window(records), window_bytes(records))) {
        records->format = ENG_RECORDS_LINES;
        status = eng_decoder_new(&records->json_config, &records->decoder, err);
        if (status == ENG_OK && records->then != NULL)
            status = eng_decoder_want(records->decoder, records->then, err);
        return status;
    }
    records->format = ENG_RECORDS_CONTAINER;
    status = eng_container_reader_new(records->config, &records->container, err);
    if (status == ENG_OK)
        eng_container_want(records->container, records->then);
    return status;
}

const struct eng_names *eng_records_names(const struct eng_records *records)
{
    return records->container != NULL ? eng_container_names(records->container)
                                      : eng_decoder_names(records->decoder);
}

/* Decodes one record into the batch. */
static enum eng_status add_record(struct eng_records *records, struct eng_record_batch *batch,
                                  const uint8_t *value, size_t bytes, struct eng_error *err)
{
    struct eng_record_entry *entry = &batch->entries[batch->count];
    *entry = (struct eng_record_entry){.file = records->reader.name,
                                       .number = ++records->number,
                                       .value = value,
                                       .value_bytes = bytes};
    struct eng_record record = {.value = value, .value_bytes = bytes, .offset = records->number};
    entry->reason = eng_decoder_decode(records->decoder, &record, &entry->event);
    if (entry->reason == ENG_REASON_NO_MEMORY)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory while decoding record %llu of %s",
                             (unsigned long long)records->number, records->reader.name);
    batch->count++;
    return ENG_OK;
}

static bool is_blank(const uint8_t *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

/* Takes a line off the window, or the rest of one that was too long. */
static enum eng_status take_line(struct eng_records *records, struct eng_record_batch *batch,
                                 size_t length, struct eng_error *err)
{
    const uint8_t *line = window(records);
    size_t whole = length < window_bytes(records) ? length + 1 : length; /* with its newline */
    eng_reader_take(&records->reader, whole);
    if (records->skipping) {
        records->skipping = false;
        return ENG_OK;
    }
    return is_blank(line, length) ? ENG_OK : add_record(records, batch, line, length, err);
}

/* A line that does not fit the window: its beginning is a bad record, the rest is passed over. */
static enum eng_status take_long_line(struct eng_records *records, struct eng_record_batch *batch,
                                      struct eng_error *err)
{
    const uint8_t *line = window(records);
    eng_reader_take(&records->reader, window_bytes(records));
    if (records->skipping)
        return ENG_OK;
    records->skipping = true;
    return add_record(records, batch, line, ASIDE_LINE_BYTES, err);
}

/* Adds lines until the batch is full, or the window has to move although lines of it are in use. */
static enum eng_status fill_lines(struct eng_records *records, struct eng_record_batch *batch,
                                  struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    while (status == ENG_OK && batch->count < ENG_RECORD_BATCH) {
        size_t bytes = window_bytes(records);
        const uint8_t *newline = bytes > 0 ? memchr(window(records), '\n', bytes) : NULL;
        if (newline != NULL)
            status = take_line(records, batch, (size_t)(newline - window(records)), err);
        else if (records->reader.ended && bytes > 0)
            status = take_line(records, batch, bytes, err);
        else if (records->reader.ended || batch->count > 0)
            break;
        else
            status = eng_reader_more(&records->reader, err);
        if (status == ENG_LIMIT)
            status = take_long_line(records, batch, err);
    }
    return status;
}

/* Says which file an error of the container is about. */
static enum eng_status name_file(const struct eng_records *records, enum eng_status status,
                                 const struct eng_error *cause, struct eng_error *err)
{
    return eng_error_set(err, status, "%s: %s", records->reader.name, cause->text);
}

/* Hands the window to the container's reader, or ends the file. */
static enum eng_status feed_container(struct eng_records *records, struct eng_error *err)
{
    if (records->reader.ended && window_bytes(records) == 0)
        return eng_container_finish(records->container, err);
    enum eng_status status =
        eng_container_feed(records->container, window(records), window_bytes(records), err);
    eng_reader_take(&records->reader, window_bytes(records));
    return status == ENG_OK ? eng_reader_more(&records->reader, err) : status;
}

/* Adds the records of one block, or of a part of it. */
static enum eng_status fill_container(struct eng_records *records, struct eng_record_batch *batch,
                                      struct eng_error *err)
{
    struct eng_error cause = {0};
    struct eng_container_batch read = {.events = batch->events,
                                       .reasons = batch->reasons,
                                       .capacity = ENG_RECORD_BATCH,
                                       .offset = records->number};
    enum eng_status status = eng_container_read(records->container, &read, &cause);
    bool ended = records->reader.ended && window_bytes(records) == 0;
    if (status == ENG_AGAIN)
        status = feed_container(records, &cause);
    if (status != ENG_OK)
        return name_file(records, status, &cause, err);
    for (uint32_t i = 0; i < read.count; i++)
        batch->entries[i] = (struct eng_record_entry){.event = batch->events[i],
                                                      .reason = (enum eng_reason)batch->reasons[i],
                                                      .file = records->reader.name,
                                                      .number = ++records->number};
    batch->count = read.count;
    if (read.count == 0 && ended)
        close_format(records);
    return ENG_OK;
}

enum eng_status eng_records_fill(struct eng_records *records, struct eng_record_batch *batch,
                                 struct eng_error *err)
{
    batch->count = 0;
    enum eng_status status = ENG_OK;
    while (status == ENG_OK && batch->count == 0) {
        if (records->format == ENG_RECORDS_NONE) {
            status = open_next(records, err);
            if (status == ENG_NOT_FOUND)
                return ENG_OK;
        } else if (records->format == ENG_RECORDS_CONTAINER) {
            status = fill_container(records, batch, err);
        } else {
            eng_decoder_reset(records->decoder);
            status = fill_lines(records, batch, err);
            if (status == ENG_OK && batch->count == 0)
                close_format(records);
        }
    }
    return status;
}
