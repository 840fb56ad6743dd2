/* Avro container files: written, read in pieces, broken on purpose. */
#include "base/limits.h"
#include "base/memory.h"
#include "codec/container.h"
#include "codec/schemas.h"
#include "codec/writer.h"
#include "records.h"
#include <stdlib.h>

static const uint8_t marker[ENG_CONTAINER_MARKER_BYTES] = "a-marker-of-test";

/* A file of `count` records: partner p0, p1, ..., time = number. */
static struct eng_bytes file_of(unsigned count, enum eng_container_codec codec)
{
    struct eng_container_writer *writer;
    struct eng_bytes file = {0}, record = {0};
    cr_assert_eq(eng_container_writer_new(eng_schema_partner_action, codec, marker, &writer, NULL),
                 ENG_OK);
    for (unsigned i = 0; i < count; i++) {
        char partner[16];
        (void)snprintf(partner, sizeof partner, "p%u", i);
        struct eng_event event = {.time_ms = i,
                                  .value_e4 = ENG_VALUE_NONE,
                                  .id = SLICE("e"),
                                  .partner = SLICE(partner),
                                  .action = SLICE("platform.login")};
        struct eng_action_record action = {.event = &event};
        eng_bytes_clear(&record);
        cr_assert_eq(eng_encode_action_avro(&action, &record), ENG_OK);
        cr_assert_eq(eng_container_add(writer, record.data, record.used, &file), ENG_OK);
    }
    cr_assert_eq(eng_container_end(writer, &file), ENG_OK);
    eng_container_writer_free(writer);
    eng_bytes_done(&record);
    return file;
}

/* What came of reading a file. */
struct outcome {
    enum eng_status status; /* ENG_OK: to its end */
    unsigned count;         /* events, all checked */
    struct eng_error err;
};

/* Reads a file fed in pieces, in batches of `capacity`; events have to be those of file_of. */
static struct outcome read_file(const uint8_t *data, size_t length, size_t piece, uint32_t capacity)
{
    static struct eng_event events[1000];
    uint8_t reasons[1000];
    struct eng_config config = default_config(ENG_FORMAT_JSON); /* the file brings its own schema */
    struct eng_container_reader *reader;
    struct outcome outcome = {.count = 0};
    struct eng_container_batch batch = {.events = events, .reasons = reasons, .capacity = capacity};
    size_t fed = 0;
    cr_assert_eq(eng_container_reader_new(&config, &reader, NULL), ENG_OK);
    for (;;) {
        outcome.status = eng_container_read(reader, &batch, &outcome.err);
        for (uint32_t i = 0; i < batch.count && outcome.status == ENG_OK; i++, outcome.count++) {
            cr_assert_eq(events[i].offset, outcome.count);
            if (reasons[i] == ENG_REASON_NONE)
                cr_assert_leq(events[i].partner.length, ENG_PARTNER_BYTES_MAX);
        }
        if (outcome.status == ENG_AGAIN && fed < length) {
            size_t bytes = length - fed < piece ? length - fed : piece;
            uint8_t *copy = malloc(bytes);
            memcpy(copy, data + fed, bytes);
            outcome.status = eng_container_feed(reader, copy, bytes, &outcome.err);
            free(copy);
            fed += bytes;
        } else if (outcome.status == ENG_AGAIN) {
            outcome.status = eng_container_finish(reader, &outcome.err);
            break;
        }
        if (outcome.status != ENG_OK)
            break;
    }
    eng_container_reader_free(reader);
    return outcome;
}

Test(container, what_was_written_is_read_in_any_pieces_and_batches)
{
    for (int codec = ENG_CONTAINER_NULL; codec <= ENG_CONTAINER_DEFLATE; codec++) {
        struct eng_bytes file = file_of(5000, (enum eng_container_codec)codec);
        cr_assert(eng_container_is(file.data, file.used));
        for (size_t piece = 1; piece < 2000000; piece = piece * 13 + 4)
            for (uint32_t capacity = 1; capacity <= 1000; capacity += 333) {
                struct outcome outcome = read_file(file.data, file.used, piece, capacity);
                cr_assert_eq(outcome.status, ENG_OK, "%s", outcome.err.text);
                cr_assert_eq(outcome.count, 5000);
            }
        eng_bytes_done(&file);
    }
}

Test(container, deflate_makes_it_smaller_and_the_same_input_the_same_bytes)
{
    struct eng_bytes plain = file_of(5000, ENG_CONTAINER_NULL);
    struct eng_bytes small = file_of(5000, ENG_CONTAINER_DEFLATE);
    struct eng_bytes again = file_of(5000, ENG_CONTAINER_DEFLATE);
    cr_assert_lt(small.used, plain.used / 2);
    cr_assert_eq(again.used, small.used);
    cr_assert_eq(memcmp(again.data, small.data, small.used), 0);
    eng_bytes_done(&plain);
    eng_bytes_done(&small);
    eng_bytes_done(&again);
}

Test(container, a_file_without_records_is_a_file)
{
    struct eng_bytes file = file_of(0, ENG_CONTAINER_NULL);
    struct outcome outcome = read_file(file.data, file.used, 7, 10);
    cr_assert_eq(outcome.status, ENG_OK);
    cr_assert_eq(outcome.count, 0);
    eng_bytes_done(&file);
}

Test(container, a_file_cut_anywhere_but_between_blocks_is_broken)
{
    struct eng_bytes file = file_of(20, ENG_CONTAINER_NULL);
    struct eng_bytes head = file_of(0, ENG_CONTAINER_NULL);
    for (size_t length = 0; length < file.used; length++) {
        struct outcome outcome = read_file(file.data, length, 4096, 1000);
        enum eng_status want = length == head.used ? ENG_OK : ENG_BAD_RECORD;
        cr_assert_eq(outcome.status, want, "%zu of %zu bytes", length, file.used);
        cr_assert(want == ENG_OK || strstr(outcome.err.text, "it ends inside") != NULL);
        cr_assert_eq(outcome.count, 0, "half a block is not looked at");
    }
    eng_bytes_done(&file);
    eng_bytes_done(&head);
}

Test(container, a_file_with_any_byte_changed_is_read_or_refused)
{
    for (int codec = ENG_CONTAINER_NULL; codec <= ENG_CONTAINER_DEFLATE; codec++) {
        struct eng_bytes file = file_of(3, (enum eng_container_codec)codec);
        for (size_t at = 0; at < file.used; at++)
            for (int flip = 1; flip < 256; flip = flip * 3 + 1) {
                uint8_t *copy = malloc(file.used);
                memcpy(copy, file.data, file.used);
                copy[at] ^= (uint8_t)flip;
                struct outcome outcome = read_file(copy, file.used, file.used, 100);
                cr_assert(outcome.status == ENG_OK || outcome.err.text[0] != '\0');
                free(copy);
            }
        eng_bytes_done(&file);
    }
}

/* A file by hand. */
struct parts {
    const char *magic, *key, *schema, *codec;
    int64_t count, size;
    const char *data;
};

static struct eng_bytes assembled(struct parts parts)
{
    struct eng_bytes file = {0};
    struct eng_writer writer = eng_writer_begin(&file);
    eng_put_text(&writer, parts.magic);
    eng_put_avro_long(&writer, -2); /* with a size, which nobody needs */
    eng_put_avro_long(&writer, 5);
    eng_put_avro_bytes(&writer, parts.key, strlen(parts.key));
    eng_put_avro_bytes(&writer, parts.schema, strlen(parts.schema));
    eng_put_avro_bytes(&writer, "avro.codec", 10);
    eng_put_avro_bytes(&writer, parts.codec, strlen(parts.codec));
    eng_put_avro_long(&writer, 0);
    eng_put(&writer, marker, sizeof marker);
    eng_put_avro_long(&writer, parts.count);
    eng_put_avro_long(&writer, parts.size);
    eng_put_text(&writer, parts.data);
    eng_put(&writer, marker, sizeof marker);
    cr_assert_eq(eng_writer_end(&writer), ENG_OK);
    return file;
}

#define SCHEMA                                                                                     \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"partner_id\",\"type\":"           \
    "\"string\"},{\"name\":\"action\",\"type\":\"string\"},{\"name\":\"occurred_at\",\"type\":"    \
    "\"int\"}]}"

Test(container, what_cannot_be_read_is_said_with_its_place)
{
    static const struct {
        struct parts parts;
        enum eng_status status;
        unsigned count;
        const char *text;
    } rows[] = {
        {{"Obj\1", "avro.schema", SCHEMA, "null", 1, 5, "\2p\2x\2"}, ENG_OK, 1, ""},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 2, 10, "\2p\2x\2\2q\2y\2"}, ENG_OK, 2, ""},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 2, 9, "\2p\2x\2\1\2y\2"},
         ENG_BAD_RECORD,
         0,
         "does not fit the file's schema"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 1, 6, "\2p\2x\2\2"},
         ENG_BAD_RECORD,
         1,
         "bytes behind its last record"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 3, 10, "\2p\2x\2\2q\2y\2"},
         ENG_BAD_RECORD,
         0,
         "does not fit the file's schema"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", INT64_MAX, 10, "\2p\2x\2\2q\2y\2"},
         ENG_BAD_RECORD,
         0,
         "does not fit the file's schema"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 1, 4, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "does not end with the file's marker"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", -1, 5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "impossible count or size"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 1, -5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "impossible count or size"},
        {{"Obj\1", "avro.schema", SCHEMA, "null", 1, 1 << 30, "\2p\2x\2"},
         ENG_LIMIT,
         0,
         "a block of the Avro file has 1073741824 bytes"},
        {{"Obj\1", "avro.schema", SCHEMA, "deflate", 1, 5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "a block does not unpack"},
        {{"Obj\1", "avro.schema", SCHEMA, "snappy", 1, 5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "codec \"snappy\"; null and deflate can be read"},
        {{"Obj\1", "avro.schema", "{}", "null", 1, 5, "\2p\2x\2"},
         ENG_BAD_SCHEMA,
         0,
         "not an Avro schema"},
        {{"Obj\1", "avro.schma", SCHEMA, "null", 1, 5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "its header has no avro.schema"},
        {{"Obj\2", "avro.schema", SCHEMA, "null", 1, 5, "\2p\2x\2"},
         ENG_BAD_RECORD,
         0,
         "broken at byte 0: it does not begin with"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_bytes file = assembled(rows[i].parts);
        struct outcome outcome = read_file(file.data, file.used, 1000, 1000);
        cr_assert_eq(outcome.status, rows[i].status, "row %zu: %s", i, outcome.err.text);
        cr_assert_eq(outcome.count, rows[i].count, "row %zu", i);
        cr_assert_not_null(strstr(outcome.err.text, rows[i].text), "row %zu: %s", i,
                           outcome.err.text);
        eng_bytes_done(&file);
    }
}

Test(container, a_record_with_bad_fields_does_not_end_the_file)
{
    /* The second partner is empty. The data holds a zero byte, so it is put in by hand. */
    struct parts parts = {"Obj\1", "avro.schema", SCHEMA, "null", 3, 14, ""};
    struct eng_bytes file = {0}, whole = assembled(parts);
    size_t head = whole.used - sizeof marker;
    cr_assert_eq(eng_bytes_append(&file, whole.data, head), ENG_OK);
    cr_assert_eq(eng_bytes_append(&file, "\2p\2x\2\0\2x\2\2q\2y\2", 14), ENG_OK);
    cr_assert_eq(eng_bytes_append(&file, marker, sizeof marker), ENG_OK);
    struct eng_event events[3];
    uint8_t reasons[3];
    struct eng_container_batch batch = {
        .events = events, .reasons = reasons, .capacity = 3, .offset = 100};
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_container_reader *reader;
    struct eng_error err = {0};
    cr_assert_eq(eng_container_reader_new(&config, &reader, NULL), ENG_OK);
    cr_assert_eq(eng_container_feed(reader, file.data, file.used, NULL), ENG_OK);
    cr_assert_eq(eng_container_read(reader, &batch, &err), ENG_OK, "%s", err.text);
    cr_assert_eq(batch.count, 3);
    cr_assert_eq(batch.offset, 103);
    cr_assert_eq(reasons[0], ENG_REASON_NONE);
    cr_assert_eq(reasons[1], ENG_REASON_PARTNER);
    cr_assert_eq(events[1].verdict, ENG_VERDICT_BAD);
    cr_assert_eq(events[1].offset, 101);
    cr_assert_eq(reasons[2], ENG_REASON_NONE);
    cr_assert_eq(events[2].time_ms, 1);
    eng_container_reader_free(reader);
    eng_bytes_done(&whole);
    eng_bytes_done(&file);
}

Test(container, a_header_that_never_ends_is_refused)
{
    static uint8_t file[ENG_CONTAINER_HEADER_MAX + 100] = "Obj\1";
    struct eng_bytes head = {0};
    struct eng_writer writer = eng_writer_begin(&head);
    eng_put_avro_long(&writer, INT64_MAX); /* entries */
    cr_assert_eq(eng_writer_end(&writer), ENG_OK);
    memcpy(file + 4, head.data, head.used); /* then empty keys and values */
    struct outcome outcome = read_file(file, sizeof file, sizeof file, 10);
    cr_assert_eq(outcome.status, ENG_LIMIT, "%s", outcome.err.text);
    eng_bytes_done(&head);
}

Test(container, a_block_that_unpacks_to_too_much_is_refused)
{
    /* 70 MiB of one byte pack to 70 KiB. */
    enum { BYTES = 70 * 1024 * 1024 };
    struct eng_container_writer *writer;
    struct eng_bytes file = {0};
    uint8_t *record = eng_calloc(BYTES, 1);
    cr_assert_eq(eng_container_writer_new(eng_schema_partner_action, ENG_CONTAINER_DEFLATE, marker,
                                          &writer, NULL),
                 ENG_OK);
    cr_assert_eq(eng_container_add(writer, record, BYTES, &file), ENG_OK);
    cr_assert_eq(eng_container_end(writer, &file), ENG_OK);
    struct outcome outcome = read_file(file.data, file.used, file.used, 10);
    cr_assert_eq(outcome.status, ENG_LIMIT, "%s", outcome.err.text);
    cr_assert_not_null(strstr(outcome.err.text, "unpacks to more than"), "%s", outcome.err.text);
    eng_free(record);
    eng_container_writer_free(writer);
    eng_bytes_done(&file);
}

Test(container, every_allocation_may_fail)
{
    for (int codec = ENG_CONTAINER_NULL; codec <= ENG_CONTAINER_DEFLATE; codec++) {
        struct eng_bytes file = file_of(10, (enum eng_container_codec)codec);
        enum eng_status status = ENG_NO_MEMORY;
        unsigned failed = 0;
        for (uint64_t nth = 2; status == ENG_NO_MEMORY; nth++) { /* the first makes the reader */
            eng_memory_fail(nth, 0);
            struct outcome outcome = read_file(file.data, file.used, 100, 3);
            eng_memory_fail(0, 0);
            status = outcome.status;
            failed += status == ENG_NO_MEMORY;
        }
        cr_assert_eq(status, ENG_OK);
        cr_assert_gt(failed, 10);
        eng_bytes_done(&file);
    }
}

Test(container, a_writer_without_memory_can_go_on_later)
{
    for (int codec = ENG_CONTAINER_NULL; codec <= ENG_CONTAINER_DEFLATE; codec++) {
        enum eng_status status = ENG_NO_MEMORY;
        for (uint64_t nth = 1; status == ENG_NO_MEMORY; nth++) {
            struct eng_container_writer *writer = NULL;
            struct eng_bytes out = {0};
            eng_memory_fail(nth, 0);
            status = eng_container_writer_new(SCHEMA, (enum eng_container_codec)codec, marker,
                                              &writer, NULL);
            if (status == ENG_OK)
                status = eng_container_add(writer, "\2p\2x\2", 5, &out);
            bool added = status == ENG_OK;
            if (added)
                status = eng_container_end(writer, &out);
            eng_memory_fail(0, 0);
            if (added && status == ENG_NO_MEMORY)
                cr_assert_eq(eng_container_end(writer, &out), ENG_OK);
            if (added)
                cr_assert_eq(read_file(out.data, out.used, 100, 5).count, 1);
            eng_container_writer_free(writer);
            eng_bytes_done(&out);
        }
        cr_assert_eq(status, ENG_OK);
    }
}
