/* Records of made-up events. See synth_record.h. */
#include "cli/synth_record.h"

#include "base/assert.h"
#include <string.h>

enum { EVENT_ID_BYTES = 12, MEMBER_BYTES_MAX = 4 };

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

/* A letter and a number of at least so many digits; returns the length. */
static uint32_t name(char letter, uint32_t number, int width, char *out)
{
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || count < width);
    *out++ = letter;
    for (int i = count; i > 0; i--)
        *out++ = digits[i - 1];
    return (uint32_t)count + 1;
}

size_t eng_synth_partner_id(uint32_t partner, char *out)
{
    return name('p', partner, 6, out);
}

static void write_id(uint64_t id, char out[EVENT_ID_BYTES])
{
    for (int i = 0; i < EVENT_ID_BYTES; i++)
        out[i] = "0123456789abcdef"[id >> 4 * (EVENT_ID_BYTES - 1 - i) & 15];
}

static struct eng_slice slice(const char *text)
{
    return (struct eng_slice){text, (uint32_t)strlen(text)};
}

/* With its attributes: where it is from, and what it plays. */
static enum eng_status encode(struct eng_event *event, const struct eng_synth_event *made,
                              const struct eng_synth_partner *partner,
                              const struct eng_synth_format *format, struct eng_bytes *out)
{
    struct eng_attribute attributes[ENG_SYNTH_ATTRIBUTES_MAX] = {
        {slice("region"), slice(eng_synth_region_name(partner->region))},
        {slice("tier"), slice(eng_synth_tier_name(partner->tier))},
    };
    struct eng_action_record action = {
        .event = event, .attributes = attributes, .attribute_count = 2};
    if (format->cast != NULL && event->action.length > 0)
        eng_synth_cast_play(format->cast, made, event, attributes, &action.attribute_count);
    if (format->bare)
        action.attribute_count = 0;
    if (format->avro)
        return eng_encode_action_avro(&action, out);
    enum eng_status status = eng_encode_action_json(&action, out);
    if (status == ENG_OK)
        out->used--; /* its newline */
    return status;
}

enum eng_status eng_synth_record(const struct eng_synth *synth, const struct eng_synth_event *event,
                                 const struct eng_synth_format *format, struct eng_bytes *out)
{
    char id[EVENT_ID_BYTES], partner[ENG_SYNTH_KEY_BYTES_MAX], member[MEMBER_BYTES_MAX];
    const enum breakage breakage = breakage_of(event, format);
    const size_t begin = out->used;
    write_id(event->id, id);
    struct eng_event written = {
        .time_ms = breakage == BAD_TIME ? -1 : event->time_ms,
        .value_e4 = event->value_e2 == ENG_VALUE_NONE ? ENG_VALUE_NONE : event->value_e2 * 100,
        .id = {id, sizeof id},
        .partner = {partner, (uint32_t)eng_synth_partner_id(event->partner, partner)},
        .action = slice(eng_synth_action_name((enum eng_synth_action)event->action)),
        .member = {member, name('m', event->member + 1u, 1, member)},
    };
    if (breakage == NO_PARTNER)
        written.partner.length = 0;
    if (breakage == NO_ACTION)
        written.action.length = 0;
    enum eng_status status =
        encode(&written, event, eng_synth_partner(synth, event->partner), format, out);
    if (status != ENG_OK)
        return status;
    size_t length = out->used - begin;
    if (breakage == CUT_SHORT)
        out->used = begin + length / 2;
    return breakage == TRAILING ? eng_bytes_append(out, "!", 1) : ENG_OK;
}
