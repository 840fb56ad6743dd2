/* A made-up event as the bytes of a record: one JSON object, or an Avro body of
 * schemas/partner_action.avsc. Malformed ones are broken in five ways, by their id. Pure; writes
 * into the caller's memory, allocates nothing. */
#ifndef ENG_CLI_SYNTH_RECORD_H
#define ENG_CLI_SYNTH_RECORD_H

#include "cli/synth.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No record is longer, and no key. */
enum { ENG_SYNTH_RECORD_BYTES_MAX = 512, ENG_SYNTH_KEY_BYTES_MAX = 16 };

/* How records are written. */
struct eng_synth_format {
    bool avro;      /* an Avro body, else JSON without a newline */
    bool bare;      /* without attributes */
    bool delimited; /* records are told apart from outside (lines, a topic), so that a malformed one
                       may break off; in a container file it may not */
};

/* Writes the record, at most ENG_SYNTH_RECORD_BYTES_MAX bytes, and returns its length. */
size_t eng_synth_record(const struct eng_synth *synth, const struct eng_synth_event *event,
                        const struct eng_synth_format *format, char *out);

/* Writes the partner's id (the record's key), at most ENG_SYNTH_KEY_BYTES_MAX bytes; returns its
 * length. */
size_t eng_synth_partner_id(uint32_t partner, char *out);

#endif
