/* Time zones by their IANA names, from the zone data of the system (TZif files, RFC 8536).
 *
 * The folder is $TZDIR or one of the usual places. A file is untrusted: every count is bounded and
 * every index checked. After its table ends, the rule in its footer is worked out up to the year
 * 2200. UTC needs no file. Any thread. */
#ifndef ENG_MODEL_ZONE_H
#define ENG_MODEL_ZONE_H

#include "engine/calendar.h"
#include <engaged/status.h>
#include <stddef.h>
#include <stdint.h>

struct eng_zone {
    struct eng_zone_change *changes; /* owned, ascending; as eng_calendar_new wants them */
    uint32_t count;                  /* at least 1 */
    int32_t standard_offset_ms;      /* at the epoch, summer time left out */
};

/* Reads a zone. ENG_OK; ENG_NOT_FOUND (there is no such zone; names close ones), ENG_CORRUPT (its
 * file cannot be used), ENG_IO or ENG_NO_MEMORY. Free with eng_zone_done. */
enum eng_status eng_zone_load(const char *name, struct eng_zone *ret_zone, struct eng_error *err);

/* The same from the bytes of a TZif file. ENG_OK, ENG_CORRUPT or ENG_NO_MEMORY. */
enum eng_status eng_zone_parse(const uint8_t *data, size_t bytes, struct eng_zone *ret_zone,
                               struct eng_error *err);

void eng_zone_done(struct eng_zone *zone);

#endif
