/* Output ids (S13): program/partner/name/status/origin, the same at every replay. See encode.h. */
#include "codec/flag.h"
#include "codec/names.h"
#include "codec/result.h"

#include "base/assert.h"

/* Bytes that would look like a separator, or spoil a header. */
static bool is_special(unsigned char c)
{
    return c < 0x20 || c == '/' || c == '%' || c == 0x7F;
}

#define EACH(byte) ((byte)*0x0101010101010101u)

/* The high bit of each byte below 0x20 or equal to one of the others; of more bytes too, when there
 * is one: it only has to be zero when there is none. */
static inline uint64_t special_in(uint64_t eight)
{
    uint64_t slash = eight ^ EACH(0x2Fu), percent = eight ^ EACH(0x25u), del = eight ^ EACH(0x7Fu);
    uint64_t low = (eight - EACH(0x20u)) & ~eight;
    uint64_t others = ((slash - EACH(1u)) & ~slash) | ((percent - EACH(1u)) & ~percent) |
                      ((del - EACH(1u)) & ~del);
    return (low | others) & EACH(0x80u);
}

static inline uint64_t load_eight(const char *data)
{
    uint64_t eight;
    memcpy(&eight, data, sizeof eight);
    return eight;
}

/* True when nothing of the text is special: the usual case, eight bytes at a time; the last word
 * overlaps the one before. */
static bool is_plain(struct eng_slice text)
{
    uint64_t any = 0;
    if (text.length >= 8) {
        any = special_in(load_eight(text.data + text.length - 8));
        for (uint32_t i = 0; i + 8 < text.length; i += 8)
            any |= special_in(load_eight(text.data + i));
        return any == 0;
    }
    for (uint32_t i = 0; i < text.length; i++)
        any |= is_special((unsigned char)text.data[i]);
    return any == 0;
}

/* A part of the id, with what is special percent-encoded. */
static void put_part(struct eng_writer *writer, struct eng_slice text)
{
    static const char hex[] = "0123456789ABCDEF";
    uint32_t plain = 0;
    bool all = is_plain(text);
    for (uint32_t i = 0; !all && i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (!is_special(c))
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

/* A result is about the segment and by what it is one; nothing for everybody together, which is no
 * partner's id. It names the version of the model: while partitions go over to another one, one
 * moment has results under both. */
enum eng_status eng_encode_result_id(const struct eng_group_result *result, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_part(&writer, result->program);
    eng_put_byte(&writer, '/');
    if (result->split > 0)
        put_part(&writer, result->by);
    if (result->split > 0 && result->place > 0) {
        eng_put_byte(&writer, '=');
        put_part(&writer, result->segment);
    }
    eng_put_byte(&writer, '/');
    put_part(&writer, result->group);
    eng_put_text(&writer, result->top > 0 ? "/ranked/b" : "/summed/b");
    eng_put_unsigned(&writer, (uint64_t)result->at_ms);
    eng_put_text(&writer, "/m");
    eng_put_unsigned(&writer, result->model_version);
    return eng_writer_end(&writer);
}

static enum eng_status group_id(const struct eng_encode_context *context,
                                const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_group_result result;
    eng_result_of(context->model, effect, &result);
    return eng_encode_result_id(&result, out);
}

/* What a flag is about is the check, also where two partners share a text. */
enum eng_status eng_encode_flag_id(const struct eng_flag *flag, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_part(&writer, flag->program);
    eng_put_byte(&writer, '/');
    put_part(&writer, flag->partner);
    eng_put_byte(&writer, '/');
    put_part(&writer, flag->check);
    eng_put_byte(&writer, '/');
    eng_put_text(&writer, flag->other.data != NULL ? "elsewhere" : flag->then);
    eng_put_text(&writer, "/o");
    if (flag->source.length > 0) {
        put_part(&writer, flag->source);
        eng_put_byte(&writer, ':');
    }
    eng_put_unsigned(&writer, flag->offset);
    return eng_writer_end(&writer);
}

enum eng_status eng_encode_id(const struct eng_encode_context *context,
                              const struct eng_effect *effect, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    if (effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD)
        return group_id(context, effect, out);
    put_part(&writer, eng_slice_of(context->model->program));
    eng_put_byte(&writer, '/');
    if (effect->kind == ENG_EFFECT_SOURCE_SILENCE || effect->kind == ENG_EFFECT_DIGEST)
        eng_put_unsigned(&writer, (uint32_t)context->partition);
    else
        put_part(&writer, eng_effect_partner(effect));
    if (effect->kind == ENG_EFFECT_DIGEST) {
        eng_put_byte(&writer, '/');
        put_part(&writer, eng_encode_segment(context->model, effect));
    }
    eng_put_byte(&writer, '/');
    put_part(&writer, eng_slice_of(eng_encode_subject_name(context->model, effect)));
    if (effect->kind == ENG_EFFECT_AWARD_BOOKING) {
        eng_put_byte(&writer, '/');
        put_part(&writer, eng_slice_of(eng_encode_ledger(context->model, effect)->name));
    }
    eng_put_byte(&writer, '/');
    eng_put_text(&writer, eng_encode_status_name(effect));
    eng_put_byte(&writer, '/');
    put_origin(&writer, effect, context->source);
    return eng_writer_end(&writer);
}
