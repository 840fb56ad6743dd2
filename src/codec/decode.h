/* Input records to events: one decoder per worker, for the configured format.
 *
 * Avro bodies go through a bounded plan compiled from the writer's schema and the field mapping
 * (plan.h); JSON through a library. Decoding never fails as a call: a record that cannot be used
 * becomes an event with verdict BAD and a reason. Event slices point into the record's bytes where
 * they can, else into the decoder's arena, so both must stay until the engine is done with the
 * event. One thread. */
#ifndef ENG_CODEC_DECODE_H
#define ENG_CODEC_DECODE_H

#include "base/memory.h"
#include <engaged/event.h>
#include <engaged/status.h>
#include <stdbool.h>
#include <stdint.h>

struct eng_config;
struct eng_decoder;

/* Why a record is bad: the stable reason codes of dead letters. name is what goes into headers and
 * metric labels. */
#define ENG_REASON_MAP(X)                                                                          \
    X(NONE, "none")                                                                                \
    X(EMPTY, "empty-record")            /* no value at all (a tombstone) */                        \
    X(FRAMING, "bad-framing")           /* magic byte or schema id missing */                      \
    X(UNKNOWN_SCHEMA, "unknown-schema") /* no schema for the id */                                 \
    X(TRUNCATED, "truncated-record")    /* ends before the schema does */                          \
    X(TRAILING, "trailing-bytes")       /* bytes left over after the schema's end */               \
    X(MALFORMED, "malformed-record")    /* lengths, indexes, depth or items out of bounds */       \
    X(NOT_JSON, "not-a-json-object")                                                               \
    X(PARTNER, "bad-partner") /* missing, empty, wrong type, too long */                           \
    X(ACTION, "bad-action")                                                                        \
    X(TIME, "bad-time")              /* missing, not an integer, before 1970, after 9999 */        \
    X(ID, "bad-id")                  /* event or member id too long, or not UTF-8 */               \
    X(KEY, "key-is-not-the-partner") /* the record key differs from partner_id */                  \
    X(FUTURE, "future")              /* S5 */                                                      \
    X(LATE, "late")                  /* S4 */                                                      \
    X(NO_MEMORY, "out-of-memory")    /* NOT the record's fault: stop, never a dead letter */

enum eng_reason {
#define X(name, text) ENG_REASON_##name,
    ENG_REASON_MAP(X)
#undef X
        ENG_REASON_COUNT
};

const char *eng_reason_name(enum eng_reason reason);

/* The record header that may hold the schema id instead of a prefix of the value; the last one of
 * that name counts. */
#define ENG_SCHEMA_ID_HEADER "__value_schema_id"

/* A record as it came. Everything is borrowed. */
struct eng_record {
    const void *value; /* NULL: none */
    size_t value_bytes;
    const void *key; /* NULL: none */
    size_t key_bytes;
    const void *schema_id; /* value of the last header ENG_SCHEMA_ID_HEADER; NULL: none */
    size_t schema_id_bytes;
    uint64_t offset;
};

struct eng_model;
struct eng_names;

/* A decoder for config's input, and for the attributes that its model names (when it has one). For
 * Avro without a schema file and without registry: every record
 * is UNKNOWN_SCHEMA. ENG_OK, ENG_BAD_SCHEMA (names the file and the field), ENG_IO, ENG_NO_MEMORY.
 * Free with eng_decoder_free. Borrows config. */
enum eng_status eng_decoder_new(const struct eng_config *config, struct eng_decoder **ret_decoder,
                                struct eng_error *err);

/* The same with the schema given as text instead of config's file (container files bring their
 * own). */
enum eng_status eng_decoder_new_schema(const struct eng_config *config, const char *schema_json,
                                       size_t length, struct eng_decoder **ret_decoder,
                                       struct eng_error *err);

void eng_decoder_free(struct eng_decoder *decoder);

/* From here on events carry at least the attributes that this model names. What was wanted before
 * goes on as far as there is room (ENG_WANTED_ATTRIBUTES_MAX). Quick when nothing is new; else the
 * schema is compiled again. ENG_OK, ENG_NO_MEMORY, ENG_BAD_SCHEMA (too large with them). */
enum eng_status eng_decoder_want(struct eng_decoder *decoder, const struct eng_model *model,
                                 struct eng_error *err);

/* What the attributes and numbers of decoded events are called. Borrowed, until something else is
 * wanted. */
const struct eng_names *eng_decoder_names(const struct eng_decoder *decoder);

/* True when it is known that no record can have the field (enum eng_field), or the attribute with
 * this index of its names: there is a schema, and at its path it has nothing that would do. */
bool eng_decoder_lacks(const struct eng_decoder *decoder, unsigned field);
bool eng_decoder_lacks_attribute(const struct eng_decoder *decoder, unsigned attribute);
bool eng_decoder_lacks_number(const struct eng_decoder *decoder, unsigned number);

/* Decodes one record into *ret_event (all fields set). verdict is GOOD or BAD; returns the reason
 * (NONE when good). */
enum eng_reason eng_decoder_decode(struct eng_decoder *decoder, const struct eng_record *record,
                                   struct eng_event *ret_event);

/* Decodes the Avro body at the beginning of `data`, without framing and key; *ret_used is its
 * length. The event's offset is 0. Reasons as above; after TRUNCATED or MALFORMED nobody knows
 * where the record ends. For container files. */
enum eng_reason eng_decoder_decode_prefix(struct eng_decoder *decoder, const void *data,
                                          size_t length, size_t *ret_used,
                                          struct eng_event *ret_event);

/* The schema id of the last decoded record's framing, -1: none. For dead-letter headers. */
int64_t eng_decoder_schema_id(const struct eng_decoder *decoder);

/* Forgets the arena: no event decoded before may be used any more. */
void eng_decoder_reset(struct eng_decoder *decoder);

#endif
