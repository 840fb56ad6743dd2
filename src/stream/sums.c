/* Bytes of what partitions tell of groups. See sums.h. */
#include "stream/sums.h"

#include "base/assert.h"
#include "base/big_endian.h"
#include "codec/writer.h"
#include "stream/state.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    SUMS_VERSION = 1,
    HEAD_BYTES = 36,
    TEXT_NONE = 0xFFFF, /* as a length */
    FIGURE_BYTES = 33,  /* and its name */
};

/* A text that was seen. It is judged like a result, at the boundary behind the event's pane. */
static void seen_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                    struct eng_sums *sums)
{
    const struct eng_check *check = &context->model->checks[effect->subject];
    struct eng_seen_text *seen = &sums->seen;
    eng_assert(effect->kind == ENG_EFFECT_SIGHTING);
    eng_assert(check->anywhere);
    eng_flag_of(context, effect, &seen->flag);
    seen->over_ms = check->over * eng_pane_ms(context->model);
    seen->needed_ms = effect->occurred_at_ms + seen->over_ms +
                      context->model->late_after * eng_pane_ms(context->model);
    seen->hash = XXH3_64bits_withSeed(seen->flag.text.data, seen->flag.text.length,
                                      XXH3_64bits(check->name, strlen(check->name)));
    sums->kind = ENG_SUMS_SEEN;
    sums->result = (struct eng_group_result){.program = seen->flag.program,
                                             .group = seen->flag.check,
                                             .description = seen->flag.description,
                                             .at_ms = effect->due_at_ms,
                                             .model_version = context->model->version,
                                             .group_index = (uint8_t)effect->subject};
}

static bool is_summed(const struct eng_effect *effect)
{
    eng_assert(effect->kind < ENG_EFFECT_KINDS);
    eng_assert(effect->bytes > 0);
    return effect->kind == ENG_EFFECT_GROUP || effect->kind == ENG_EFFECT_BOARD;
}

static const struct eng_state_form form = {"the sums of a group", "GS", SUMS_VERSION,
                                           HEAD_BYTES + ENG_PAGE_SUM_BYTES};

void eng_sums_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                 const struct eng_effects *effects, struct eng_sums *ret_sums)
{
    eng_assert(eng_effect_is_merged(effect));
    eng_assert(context->partition >= 0);
    *ret_sums = (struct eng_sums){.kind = effect->kind == ENG_EFFECT_BOARD ? ENG_SUMS_BOARD
                                                                           : ENG_SUMS_FIGURES,
                                  .partition = (uint32_t)context->partition};
    if (effect->kind == ENG_EFFECT_SIGHTING) {
        seen_of(context, effect, ret_sums);
        return;
    }
    if (effect->kind == ENG_EFFECT_PASSED) {
        ret_sums->kind = ENG_SUMS_NONE;
        ret_sums->result.at_ms = effect->at_ms;
        return;
    }
    eng_result_of(context->model, effect, &ret_sums->result);
    const struct eng_effect *next = eng_effects_next(effects, effect);
    for (; next != NULL && is_summed(next) && next->at_ms == effect->at_ms;
         next = eng_effects_next(effects, next))
        ret_sums->left++;
}

size_t eng_sums_key(const struct eng_sums *sums, char ret_key[ENG_SUMS_KEY_BYTES])
{
    const struct eng_group_result *result = &sums->result;
    int used;
    eng_assert(result->at_ms >= 0);
    if (sums->kind == ENG_SUMS_NONE)
        used = snprintf(ret_key, ENG_SUMS_KEY_BYTES, "none/%" PRIu32, sums->partition);
    else if (sums->kind == ENG_SUMS_GONE)
        used = snprintf(ret_key, ENG_SUMS_KEY_BYTES, "gone/%" PRIu32 "/%016" PRIx64 "/%" PRId64,
                        sums->partition, sums->gone, result->at_ms);
    else if (sums->kind == ENG_SUMS_SEEN)
        used =
            snprintf(ret_key, ENG_SUMS_KEY_BYTES,
                     "seen/%016" PRIx64 "/%" PRId64 "/%" PRIu32 "/%" PRIu64 "/%u", sums->seen.hash,
                     result->at_ms, sums->partition, sums->seen.flag.offset, result->group_index);
    else
        used = snprintf(ret_key, ENG_SUMS_KEY_BYTES,
                        "sums/%" PRId64 "/%" PRIu32 "/%" PRIu32 "/%u/%u/%u", result->at_ms,
                        sums->partition, result->model_version, result->group_index, result->split,
                        result->place);
    eng_assert(used > 0 && used < ENG_SUMS_KEY_BYTES);
    return (size_t)used;
}

/* ---- writing ---- */

static void put(struct eng_writer *writer, uint64_t number, int bytes)
{
    uint8_t digits[8];
    eng_assert(bytes > 0);
    eng_assert(bytes <= (int)sizeof digits);
    eng_write_be(digits, number, bytes);
    eng_put(writer, digits, (size_t)bytes);
}

static void put_text(struct eng_writer *writer, struct eng_slice text)
{
    eng_assert(text.length < TEXT_NONE);
    eng_assert(text.data != NULL || text.length == 0);
    put(writer, text.data != NULL ? text.length : TEXT_NONE, 2);
    eng_put(writer, text.data, text.length);
}

static void put_seen(struct eng_writer *writer, const struct eng_seen_text *seen)
{
    const struct eng_flag *flag = &seen->flag;
    eng_assert(seen->over_ms > 0);
    eng_assert(flag->occurred_ms >= 0);
    put(writer, seen->hash, 8);
    put(writer, (uint64_t)seen->over_ms, 8);
    put(writer, (uint64_t)seen->needed_ms, 8);
    put(writer, (uint64_t)flag->occurred_ms, 8);
    put(writer, flag->offset, 8);
    const struct eng_slice texts[] = {flag->partner, flag->action, flag->event_id, flag->text,
                                      flag->source};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(writer, texts[i]);
}

static void put_all(struct eng_writer *writer, const struct eng_sums *sums)
{
    const struct eng_group_result *result = &sums->result;
    eng_assert(result->figure_count <= ENG_FIGURES_MAX);
    eng_assert(result->partners >= 0);
    put(writer, 'G' << 8 | 'S', 2);
    put(writer, SUMS_VERSION, 1);
    put(writer, sums->kind, 1);
    put(writer, sums->partition, 4);
    put(writer, (uint64_t)result->at_ms, 8);
    put(writer, result->model_version, 4);
    put(writer, sums->left, 4);
    put(writer, (uint64_t)result->partners, 8);
    put(writer, result->group_index, 1);
    put(writer, result->split, 1);
    put(writer, result->place, 1);
    put(writer, result->figure_count, 1);
    const struct eng_slice texts[] = {result->program, result->group, result->description,
                                      result->by, result->segment};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put_text(writer, texts[i]);
    for (uint32_t i = 0; i < result->figure_count; i++) {
        const struct eng_figure_sums *figure = &result->figures[i];
        put(writer, figure->kind, 1);
        for (int k = 0; k < 2; k++) {
            put(writer, (uint64_t)figure->sums[k].high, 8);
            put(writer, figure->sums[k].low, 8);
        }
        put_text(writer, figure->name);
    }
    if (sums->kind == ENG_SUMS_GONE)
        put(writer, sums->gone, 8);
    if (sums->kind == ENG_SUMS_SEEN)
        put_seen(writer, &sums->seen);
    if (sums->kind != ENG_SUMS_BOARD)
        return;
    put(writer, result->top, 2);
    put(writer, result->entries.length, 4);
    eng_put(writer, result->entries.data, result->entries.length);
}

enum eng_status eng_sums_write(const struct eng_sums *sums, struct eng_bytes *out)
{
    struct eng_writer writer = eng_writer_begin(out);
    put_all(&writer, sums);
    if (eng_put_room(&writer, ENG_PAGE_SUM_BYTES) != NULL) {
        eng_assert(out->used - writer.begin >= HEAD_BYTES);
        eng_page_close(out->data + writer.begin, out->used - writer.begin);
        out->used += ENG_PAGE_SUM_BYTES;
    }
    eng_assert(writer.status == ENG_OK || writer.status == ENG_NO_MEMORY);
    return eng_writer_end(&writer);
}

/* ---- reading ---- */

/* A record that is being read, without its checksum; `bad` once it was shorter than it says. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t take(struct reader *reader, int bytes)
{
    eng_assert(bytes <= 8);
    eng_assert(reader->at <= reader->end);
    if (reader->end - reader->at < bytes) {
        reader->bad = true;
        reader->at = reader->end;
        return 0;
    }
    reader->at += bytes;
    return eng_read_be(reader->at - bytes, bytes);
}

static struct eng_slice take_text(struct reader *reader)
{
    uint32_t length = (uint32_t)take(reader, 2);
    eng_assert(length <= TEXT_NONE);
    if (length == TEXT_NONE)
        return (struct eng_slice){0};
    if ((size_t)(reader->end - reader->at) < length) {
        reader->bad = true;
        return (struct eng_slice){0};
    }
    reader->at += length;
    eng_assert(reader->at <= reader->end);
    return (struct eng_slice){(const char *)reader->at - length, length};
}

static void take_figure(struct reader *reader, struct eng_figure_sums *figure)
{
    figure->kind = (uint8_t)take(reader, 1);
    eng_assert(reader->at <= reader->end);
    for (int k = 0; k < 2; k++) {
        figure->sums[k].high = (int64_t)take(reader, 8);
        figure->sums[k].low = take(reader, 8);
    }
    figure->name = take_text(reader);
    reader->bad |= figure->kind >= ENG_FIGURE_KINDS || figure->name.data == NULL;
    eng_assert(reader->bad || figure->kind < ENG_FIGURE_KINDS);
}

/* Who is on top: entries that are entries, not more than there are places. */
static void take_entries(struct reader *reader, struct eng_group_result *result)
{
    struct eng_entry entry;
    uint32_t count = 0;
    result->top = (uint16_t)take(reader, 2);
    uint64_t length = take(reader, 4);
    eng_assert(reader->at <= reader->end);
    if (length > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        return;
    }
    result->entries = (struct eng_slice){(const char *)reader->at, (uint32_t)length};
    reader->at += length;
    struct eng_slice rest = result->entries;
    while (eng_entry_take(&rest, &entry))
        count++;
    reader->bad |=
        rest.length > 0 || result->top == 0 || result->top > ENG_TOP_MAX || count > result->top;
    eng_assert(reader->at <= reader->end);
}

static void take_seen(struct reader *reader, struct eng_sums *sums)
{
    struct eng_seen_text *seen = &sums->seen;
    struct eng_flag *flag = &seen->flag;
    seen->hash = take(reader, 8);
    seen->over_ms = (int64_t)take(reader, 8);
    seen->needed_ms = (int64_t)take(reader, 8);
    flag->occurred_ms = (int64_t)take(reader, 8);
    flag->offset = take(reader, 8);
    struct eng_slice *texts[] = {&flag->partner, &flag->action, &flag->event_id, &flag->text,
                                 &flag->source};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = take_text(reader);
    flag->program = sums->result.program;
    flag->check = sums->result.group;
    flag->description = sums->result.description;
    flag->model_version = sums->result.model_version;
    flag->at_ms = sums->result.at_ms;
    flag->kind = "unique"; /* no other check looks anywhere */
    flag->then = "flag";
    flag->value_e4 = flag->limit_e4 = ENG_VALUE_NONE;
    eng_assert(reader->at <= reader->end);
    reader->bad |= seen->over_ms <= 0 || flag->occurred_ms < 0 || flag->partner.length == 0 ||
                   flag->action.data == NULL || flag->text.data == NULL;
    eng_assert(sums->kind == ENG_SUMS_SEEN);
}

static bool has_result(const struct eng_sums *sums)
{
    eng_assert(sums->kind < ENG_SUMS_KINDS);
    eng_assert(ENG_SUMS_FIGURES == 0);
    return sums->kind == ENG_SUMS_FIGURES || sums->kind == ENG_SUMS_BOARD ||
           sums->kind == ENG_SUMS_SEEN;
}

static void take_all(struct reader *reader, struct eng_sums *sums)
{
    struct eng_group_result *result = &sums->result;
    (void)take(reader, 3); /* looked at before */
    uint64_t kind = take(reader, 1);
    reader->bad |= kind >= ENG_SUMS_KINDS;
    sums->kind = reader->bad ? ENG_SUMS_NONE : (enum eng_sums_kind)kind;
    sums->partition = (uint32_t)take(reader, 4);
    result->at_ms = (int64_t)take(reader, 8);
    result->model_version = (uint32_t)take(reader, 4);
    sums->left = (uint32_t)take(reader, 4);
    result->partners = (int64_t)take(reader, 8);
    result->partitions = 1;
    result->group_index = (uint8_t)take(reader, 1);
    result->split = (uint8_t)take(reader, 1);
    result->place = (uint8_t)take(reader, 1);
    result->figure_count = (uint8_t)take(reader, 1);
    eng_assert(reader->at < reader->end); /* long enough, as was looked at before */
    struct eng_slice *texts[] = {&result->program, &result->group, &result->description,
                                 &result->by, &result->segment};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = take_text(reader);
    reader->bad |= result->figure_count > ENG_FIGURES_MAX;
    for (uint32_t i = 0; !reader->bad && i < result->figure_count; i++)
        take_figure(reader, &result->figures[i]);
    if (sums->kind == ENG_SUMS_GONE)
        sums->gone = take(reader, 8);
    if (sums->kind == ENG_SUMS_SEEN)
        take_seen(reader, sums);
    if (sums->kind == ENG_SUMS_BOARD)
        take_entries(reader, result);
    reader->bad |=
        reader->at != reader->end || result->at_ms < 0 || result->partners < 0 ||
        (has_result(sums) && (result->program.data == NULL || result->group.data == NULL)) ||
        (result->split > 0) != (result->by.data != NULL);
    eng_assert(reader->at <= reader->end);
}

enum eng_status eng_sums_read(const void *value, size_t length, struct eng_sums *ret_sums,
                              struct eng_error *err)
{
    enum eng_status status = eng_state_check(value, length, &form, err);
    eng_assert(ret_sums != NULL);
    eng_assert(form.least > HEAD_BYTES);
    if (status != ENG_OK)
        return status;
    struct reader reader = {.at = value,
                            .end = (const uint8_t *)value + length - ENG_PAGE_SUM_BYTES};
    *ret_sums = (struct eng_sums){0};
    take_all(&reader, ret_sums);
    if (reader.bad)
        return eng_error_set(err, ENG_CORRUPT, "%s of %zu bytes does not add up", form.what,
                             length);
    return ENG_OK;
}
