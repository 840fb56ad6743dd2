/* JSON records: any bytes give an event or a reason, and what is good reads the same when it is
 * written again. */
#include "base/assert.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/fields.h"
#include "engine/model.h"
#include "model/config.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eng_decoder *decoder_of(enum eng_time_unit unit)
{
    static char partner[] = "partner_id", action[] = "action", id[] = "event_id";
    static char time[] = "occurred_at", member[] = "member_id", value[] = "value";
    static char attributes[] = "attributes", a[] = "a", tier[] = "tier";
    static char *names[] = {a, tier};
    static struct eng_model model = {.attributes = names, .attribute_count = 2};
    struct eng_config config = {.model = &model,
                                .input = {.format = ENG_FORMAT_JSON,
                                          .framing = ENG_FRAMING_NONE,
                                          .time_unit = unit,
                                          .fields = {.id = id,
                                                     .partner = partner,
                                                     .action = action,
                                                     .time = time,
                                                     .member = member,
                                                     .value = value,
                                                     .attributes = attributes}}};
    struct eng_decoder *decoder = NULL;
    enum eng_status status = eng_decoder_new(&config, &decoder, NULL);
    eng_assert(status == ENG_OK);
    return decoder;
}

static bool same_text(struct eng_slice a, struct eng_slice b)
{
    return a.length == b.length && (a.data == NULL) == (b.data == NULL) &&
           (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Writes a good event as JSON and reads that. */
static void check_again(struct eng_decoder *decoder, const struct eng_event *event)
{
    struct eng_bytes out = {0};
    struct eng_action_record action = {.event = event};
    struct eng_event again;
    enum eng_status status = eng_encode_action_json(&action, &out);
    eng_assert(status == ENG_OK);
    struct eng_record record = {.value = out.data, .value_bytes = out.used};
    enum eng_reason reason = eng_decoder_decode(decoder, &record, &again);
    eng_assert(reason == ENG_REASON_NONE);
    eng_assert(same_text(event->partner, again.partner) && same_text(event->action, again.action));
    eng_assert(same_text(event->id, again.id) && same_text(event->member, again.member));
    eng_assert(event->time_ms == again.time_ms && event->value_e4 == again.value_e4);
    eng_bytes_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct eng_decoder *numbers, *texts;
    struct eng_record record = {.value = data, .value_bytes = size};
    struct eng_event event;
    if (numbers == NULL) {
        numbers = decoder_of(ENG_TIME_MS);
        texts = decoder_of(ENG_TIME_ISO);
    }
    if (eng_decoder_decode(numbers, &record, &event) == ENG_REASON_NONE)
        check_again(numbers, &event);
    if (eng_decoder_decode(texts, &record, &event) == ENG_REASON_NONE)
        eng_assert(event.time_ms >= 0);
    for (int i = 0; event.attributes != NULL && i < 2; i++)
        eng_assert(event.attributes[i].data == NULL ||
                   (event.attributes[i].length <= ENG_ATTRIBUTE_BYTES_MAX &&
                    eng_utf8_valid(event.attributes[i].data, event.attributes[i].length)));
    eng_decoder_reset(numbers);
    eng_decoder_reset(texts);
    return 0;
}
