/* Records of input files, decoded: JSON lines or Avro container files, told apart by their first
 * bytes.
 *
 * JSON lines: one record a line, a blank line is none. A line without an end at the end of a file
 * is a record. Container files bring their own schema. Several files are one log, in the order
 * given. One thread. */
#ifndef ENG_CLI_RECORDS_H
#define ENG_CLI_RECORDS_H

#include "cli/reader.h"
#include "codec/container.h"
#include "codec/decode.h"
#include "model/config.h"
#include <engaged/event.h>

enum { ENG_RECORD_BATCH = 1024 };

/* A decoded record. Slices end with the next eng_records_fill. */
struct eng_record_entry {
    struct eng_event event; /* offset not set */
    enum eng_reason reason; /* NONE: good */
    const char *file;       /* where it stands: name and number of the record, from 1 */
    uint64_t number;
    const uint8_t *value; /* the line as it came, cut when it was too long; container: NULL */
    size_t value_bytes;
};

struct eng_record_batch {
    struct eng_record_entry entries[ENG_RECORD_BATCH];
    uint32_t count;
    /* For reading containers. */
    struct eng_event events[ENG_RECORD_BATCH];
    uint8_t reasons[ENG_RECORD_BATCH];
};

enum eng_records_format { ENG_RECORDS_NONE, ENG_RECORDS_LINES, ENG_RECORDS_CONTAINER };

struct eng_records {
    struct eng_reader reader;
    const struct eng_config *config;
    struct eng_config json_config;          /* a shallow copy, for lines */
    const struct eng_model *then;           /* whose attributes are wanted too; NULL: no other's */
    enum eng_records_format format;         /* of the current file, which has one of these two */
    struct eng_decoder *decoder;            /* lines */
    struct eng_container_reader *container; /* container */
    bool skipping;                          /* in a line that is too long */
    uint64_t number;                        /* of the last record in the current file */
};

/* Opens the files; none: standard input. Borrows config and paths. `then` may be set before the
 * first record is read. ENG_OK, ENG_IO, ENG_NO_MEMORY, ENG_BAD_SCHEMA. */
enum eng_status eng_records_init(struct eng_records *records, const struct eng_config *config,
                                 char *const *paths, int path_count, struct eng_error *err);

/* What the attributes of the last batch are called. Borrowed. */
const struct eng_names *eng_records_names(const struct eng_records *records);

void eng_records_done(struct eng_records *records);

/* Fills the batch with what comes next; 0 records at the end of the last file. ENG_OK, ENG_IO,
 * ENG_NO_MEMORY, or for a container file ENG_BAD_SCHEMA, ENG_BAD_RECORD (the file is broken),
 * ENG_LIMIT. */
enum eng_status eng_records_fill(struct eng_records *records, struct eng_record_batch *batch,
                                 struct eng_error *err);

#endif
