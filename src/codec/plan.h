/* The decoder plan: an Avro writer's schema and the field paths, compiled into a flat program of
 * small instructions.
 *
 * avro-c parses the schema's text (at load only: its error texts are process-wide, so calls are
 * made one at a time under a lock); it never sees a record. Reading a record runs the plan over its
 * bytes: what is wanted is put into struct eng_fields (as slices of the record, no copies),
 * everything else is skipped. plan.c tells what keeps that bounded. Immutable after compiling: any
 * number of threads may read with one plan. */
#ifndef ENG_CODEC_PLAN_H
#define ENG_CODEC_PLAN_H

#include "base/memory.h"
#include "codec/fields.h"

struct eng_plan;

/* Compiles. ENG_OK and an owned plan (free with eng_plan_free), ENG_BAD_SCHEMA (not a schema; not a
 * record; a required field missing or of a type that can never fit: names the path and what there
 * is), ENG_NO_MEMORY. Any thread. */
enum eng_status eng_plan_compile(const char *schema_json, size_t length,
                                 const struct eng_mapping *mapping, struct eng_plan **ret_plan,
                                 struct eng_error *err);

void eng_plan_free(struct eng_plan *plan);

/* True when records of the schema can have something at a place (fields.h); what is optional need
 * not be there. */
bool eng_plan_has(const struct eng_plan *plan, unsigned place);

/* Reads one record that is exactly `length` bytes long; plan NULL: ENG_REASON_UNKNOWN_SCHEMA. The
 * arena is used for integers that become texts. ENG_REASON_NONE when the record fits the schema
 * (its fields may still be bad), else TRUNCATED, TRAILING, MALFORMED or NO_MEMORY. */
enum eng_reason eng_plan_read(const struct eng_plan *plan, struct eng_arena *arena,
                              const uint8_t *data, size_t length, struct eng_fields *ret_fields);

/* Bytes that begin with a record. */
struct eng_body {
    const uint8_t *data;
    size_t length;
    size_t used; /* out: how long the record is */
};

/* The same for the record at the beginning of `body`. Never TRAILING. */
enum eng_reason eng_plan_read_prefix(const struct eng_plan *plan, struct eng_arena *arena,
                                     struct eng_body *body, struct eng_fields *ret_fields);

#endif
