/* Records of made-up events. See synth_record.h. Written by hand rather than through a JSON or Avro
 * library: a million a second are wanted, and every text is known to need no escape. */
#include "cli/synth_record.h"

#include "base/assert.h"
#include <string.h>

/* How a malformed record is broken. The first two only where a record's end is known from
 * elsewhere. */
enum breakage { CUT_SHORT, TRAILING, NO_PARTNER, NO_ACTION, BAD_TIME, BREAKAGE_COUNT, WHOLE };

static enum breakage breakage_of(const struct eng_synth_event *event,
                                 const struct eng_synth_format *format)
{
    if (event->fault != ENG_SYNTH_MALFORMED)
        return WHOLE;
    if (format->delimited)
        return (enum breakage)(event->id % BREAKAGE_COUNT);
    return (enum breakage)(NO_PARTNER + event->id % (BREAKAGE_COUNT - NO_PARTNER));
}

static char *put_bytes(char *at, const char *data, size_t length)
{
    memcpy(at, data, length);
    return at + length;
}

static char *put_text(char *at, const char *text)
{
    return put_bytes(at, text, strlen(text));
}

static char *put_number(char *at, uint64_t number, int width)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count < width)
        digits[count++] = '0';
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *put_id(char *at, uint64_t id)
{
    for (int shift = 44; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[id >> shift & 15];
    return at;
}

static char *put_partner(char *at, uint32_t partner)
{
    *at++ = 'p';
    return put_number(at, partner, 6);
}

static char *put_member(char *at, uint8_t member)
{
    *at++ = 'm';
    return put_number(at, member + 1u, 1);
}

/* Hundredths as a decimal number, without needless zeros. */
static char *put_value(char *at, int64_t value_e2)
{
    eng_assert(value_e2 >= 0);
    at = put_number(at, (uint64_t)value_e2 / 100, 1);
    unsigned rest = (unsigned)(value_e2 % 100);
    if (rest == 0)
        return at;
    *at++ = '.';
    *at++ = (char)('0' + rest / 10);
    if (rest % 10 != 0)
        *at++ = (char)('0' + rest % 10);
    return at;
}

size_t eng_synth_partner_id(uint32_t partner, char *out)
{
    return (size_t)(put_partner(out, partner) - out);
}

static char *put_json_attributes(char *at, const struct eng_synth_partner *partner)
{
    at = put_text(at, ",\"attributes\":{\"region\":\"");
    at = put_text(at, eng_synth_region_name(partner->region));
    at = put_text(at, "\",\"tier\":\"");
    at = put_text(at, eng_synth_tier_name(partner->tier));
    return put_text(at, "\"}");
}

static char *put_json(char *at, const struct eng_synth_partner *partner,
                      const struct eng_synth_event *event, enum breakage breakage)
{
    at = put_text(at, "{\"event_id\":\"");
    at = put_id(at, event->id);
    at = put_text(at, "\",\"partner_id\":\"");
    if (breakage != NO_PARTNER)
        at = put_partner(at, event->partner);
    at = put_text(at, "\",\"action\":\"");
    if (breakage != NO_ACTION)
        at = put_text(at, eng_synth_action_name((enum eng_synth_action)event->action));
    at = put_text(at, "\",\"occurred_at\":");
    at = breakage == BAD_TIME ? put_text(at, "\"soon\"")
                              : put_number(at, (uint64_t)event->time_ms, 1);
    at = put_text(at, ",\"member_id\":\"");
    at = put_member(at, event->member);
    *at++ = '"';
    if (event->value_e2 != ENG_VALUE_NONE) {
        at = put_text(at, ",\"value\":");
        at = put_value(at, event->value_e2);
    }
    if (partner != NULL)
        at = put_json_attributes(at, partner);
    return put_text(at, breakage == TRAILING ? "}}" : "}");
}

/* An Avro long: zigzag, then 7 bits a byte. */
static char *put_long(char *at, int64_t value)
{
    uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    while (bits >= 0x80) {
        *at++ = (char)(bits | 0x80);
        bits >>= 7;
    }
    *at++ = (char)bits;
    return at;
}

/* Puts the length in front of a text of up to 63 bytes that stands one byte behind `start`. */
static char *close_string(char *start, char *end)
{
    size_t length = (size_t)(end - start) - 1;
    eng_assert(length < 64);
    *start = (char)(length << 1);
    return end;
}

static char *put_string(char *at, const char *text)
{
    return close_string(at, put_text(at + 1, text));
}

/* An Avro double: eight bytes, lowest first. */
static char *put_double(char *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++)
        *at++ = (char)(bits >> (8 * i));
    return at;
}

static char *put_avro_attributes(char *at, const struct eng_synth_partner *partner)
{
    if (partner != NULL) {
        at = put_long(at, 2);
        at = put_string(at, "region");
        at = put_string(at, eng_synth_region_name(partner->region));
        at = put_string(at, "tier");
        at = put_string(at, eng_synth_tier_name(partner->tier));
    }
    return put_long(at, 0);
}

static char *put_avro(char *at, const struct eng_synth_partner *partner,
                      const struct eng_synth_event *event, enum breakage breakage)
{
    at = close_string(at, put_id(at + 1, event->id));
    at = breakage == NO_PARTNER ? put_long(at, 0)
                                : close_string(at, put_partner(at + 1, event->partner));
    at = put_string(at, breakage == NO_ACTION
                            ? ""
                            : eng_synth_action_name((enum eng_synth_action)event->action));
    at = put_long(at, breakage == BAD_TIME ? -1 : event->time_ms);
    at = put_long(at, 1);
    at = close_string(at, put_member(at + 1, event->member));
    at = put_long(at, event->value_e2 != ENG_VALUE_NONE);
    if (event->value_e2 != ENG_VALUE_NONE)
        at = put_double(at, (double)event->value_e2 / 100);
    at = put_avro_attributes(at, partner);
    if (breakage == TRAILING)
        *at++ = '!';
    return at;
}

size_t eng_synth_record(const struct eng_synth *synth, const struct eng_synth_event *event,
                        const struct eng_synth_format *format, char *out)
{
    const struct eng_synth_partner *partner = eng_synth_partner(synth, event->partner);
    enum breakage breakage = breakage_of(event, format);
    if (format->bare)
        partner = NULL;
    char *end = format->avro ? put_avro(out, partner, event, breakage)
                             : put_json(out, partner, event, breakage);
    size_t length = (size_t)(end - out);
    eng_assert(length <= ENG_SYNTH_RECORD_BYTES_MAX);
    return breakage == CUT_SHORT ? length / 2 : length;
}
