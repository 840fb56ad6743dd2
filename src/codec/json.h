/* JSON records: one object a record, the fields at the configured paths.
 *
 * Parsing is jansson's: strict RFC 8259 in UTF-8, nothing behind the object, at most 2,048 levels
 * deep; of a key that comes twice the last one counts. Integers and reals are told apart by their
 * text (1.0 is no integer). */
#ifndef ENG_CODEC_JSON_H
#define ENG_CODEC_JSON_H

#include "base/memory.h"
#include "codec/fields.h"

/* Reads one record into *ret_fields; texts are copied to the arena. ENG_REASON_NONE when it is a
 * JSON object (its fields may still be bad), ENG_REASON_NOT_JSON or ENG_REASON_NO_MEMORY. */
enum eng_reason eng_json_read(const struct eng_mapping *mapping, struct eng_arena *arena,
                              const char *text, size_t length, struct eng_fields *ret_fields);

#endif
