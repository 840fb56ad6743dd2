/* Output ids (S13): program/partner/name/status/origin, the same at every replay. See encode.h. */
#include "codec/names.h"

#include "base/assert.h"

/* A part of the id; what would look like a separator or spoil a header is percent-encoded. */
static void put_part(struct eng_writer *writer, struct eng_slice text)
{
    static const char hex[] = "0123456789ABCDEF";
    uint32_t plain = 0;
    for (uint32_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '/' && c != '%' && c != 0x7F)
            continue;
        char code[] = {'%', hex[c >> 4], hex[c & 15]};
        eng_put(writer, text.data + plain, i - plain);
        eng_put(writer, code, sizeof code);
        plain = i + 1;
    }
    eng_put(writer, text.data + plain, text.length - plain);
}

/* What caused the effect, tagged so that the kinds cannot meet. */
static void put_origin(struct eng_writer *writer, const struct eng_effect *effect,
                       const char *source)
{
    static const char tags[] = {
        [ENG_ORIGIN_OFFSET] = 'o', [ENG_ORIGIN_BOUNDARY] = 'b', [ENG_ORIGIN_MODEL] = 'm'};
    eng_assert(effect->origin_kind < sizeof tags);
    eng_put_byte(writer, (uint8_t)tags[effect->origin_kind]);
    if (effect->origin_kind == ENG_ORIGIN_OFFSET && source != NULL && source[0] != '\0') {
        put_part(writer, eng_slice_of(source));
        eng_put_byte(writer, ':');
    }
    eng_put_unsigned(writer, effect->origin);
}

enum eng_status eng_encode_id(const struct eng_encode_context *context,
                              const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_part(&writer, eng_slice_of(context->model->program));
    eng_put_byte(&writer, '/');
    put_part(&writer, eng_effect_partner(effect));
    eng_put_byte(&writer, '/');
    put_part(&writer, eng_slice_of(eng_encode_subject_name(context->model, effect)));
    eng_put_byte(&writer, '/');
    eng_put_text(&writer, eng_encode_status_name(effect));
    eng_put_byte(&writer, '/');
    put_origin(&writer, effect, context->source);
    return eng_writer_end(&writer);
}
