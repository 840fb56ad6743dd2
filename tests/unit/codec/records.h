/* Helpers of the codec's tests: a configuration, a decoder, an event as one readable line. */
#ifndef TESTS_UNIT_CODEC_RECORDS_H
#define TESTS_UNIT_CODEC_RECORDS_H

#include "codec/decode.h"
#include "model/config.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SLICE(text) ((struct eng_slice){text, (uint32_t)strlen(text)})

/* The default mapping. */
static inline struct eng_config default_config(enum eng_input_format format)
{
    static char id[] = "event_id", partner[] = "partner_id", action[] = "action";
    static char time[] = "occurred_at", member[] = "member_id", value[] = "value";
    static char attributes[] = "attributes";
    struct eng_config config = {.input = {.format = format,
                                          .fields = {.id = id,
                                                     .partner = partner,
                                                     .action = action,
                                                     .time = time,
                                                     .member = member,
                                                     .value = value,
                                                     .attributes = attributes}}};
    return config;
}

/* A decoder of a configuration, with a schema or without (NULL); fails the test when there is none.
 */
static inline struct eng_decoder *decoder_of(const struct eng_config *config, const char *schema)
{
    struct eng_decoder *decoder = NULL;
    struct eng_error err = {0};
    enum eng_status status =
        eng_decoder_new_schema(config, schema, schema != NULL ? strlen(schema) : 0, &decoder, &err);
    cr_assert_eq(status, ENG_OK, "%s", err.text);
    return decoder;
}

static inline size_t show_text(char *line, size_t size, const char *name, struct eng_slice text)
{
    if (text.data == NULL)
        return 0;
    return (size_t)snprintf(line, size, " %s=%.*s", name, (int)text.length, text.data);
}

/* "partner action time [id=..] [member=..] [value=..]" with the value in 1/10,000, or the reason
 * why it is bad. */
static inline const char *shown(enum eng_reason reason, const struct eng_event *event)
{
    static char line[4096];
    if (reason != ENG_REASON_NONE) {
        cr_assert_eq(event->verdict, ENG_VERDICT_BAD);
        return eng_reason_name(reason);
    }
    cr_assert_eq(event->verdict, ENG_VERDICT_GOOD);
    size_t used = (size_t)snprintf(line, sizeof line, "%.*s %.*s %lld", (int)event->partner.length,
                                   event->partner.data, (int)event->action.length,
                                   event->action.data, (long long)event->time_ms);
    used += show_text(line + used, sizeof line - used, "id", event->id);
    used += show_text(line + used, sizeof line - used, "member", event->member);
    if (event->value_e4 != ENG_VALUE_NONE)
        (void)snprintf(line + used, sizeof line - used, " value=%lld", (long long)event->value_e4);
    return line;
}

/* Decodes a value without a key. */
static inline const char *decoded(struct eng_decoder *decoder, const void *value, size_t length)
{
    struct eng_record record = {.value = value, .value_bytes = length, .offset = 7};
    struct eng_event event;
    enum eng_reason reason = eng_decoder_decode(decoder, &record, &event);
    cr_assert_eq(event.offset, 7);
    return shown(reason, &event);
}

#endif
