/* A made-up event as the bytes of a record: one JSON object, or an Avro body of
 * schemas/partner_action.avsc. Malformed ones are broken in one of five ways, by their id. Pure;
 * one thread. */
#ifndef ENG_CLI_SYNTH_RECORD_H
#define ENG_CLI_SYNTH_RECORD_H

#include "cli/synth_cast.h"
#include "codec/encode.h"
#include <stdbool.h>
#include <stddef.h>

/* No partner's id is longer. */
enum { ENG_SYNTH_KEY_BYTES_MAX = 16 };

/* How records are written. */
struct eng_synth_format {
    bool avro;      /* an Avro body, else JSON without a newline */
    bool bare;      /* without attributes */
    bool delimited; /* records are told apart from outside (lines, a topic), so that a malformed one
                       may break off; in a container file it may not */
    struct eng_synth_cast *cast; /* NULL: the generator's own actions */
};

/* Appends the record. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_synth_record(const struct eng_synth *synth, const struct eng_synth_event *event,
                                 const struct eng_synth_format *format, struct eng_bytes *out);

/* Writes the partner's id (the record's key), at most ENG_SYNTH_KEY_BYTES_MAX bytes; returns its
 * length. */
size_t eng_synth_partner_id(uint32_t partner, char *out);

#endif
