/* Records to bytes and back: see page.h.
 *
 * Reading has two steps. `parse` looks at every length and code and changes nothing; what it
 * accepts cannot reach outside of the page or make a record that reaches outside of its block. Then
 * all memory is got, and only then the record is replaced. */
#include "engine/page.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/held.h"
#include "engine/seen.h"

enum { HEAD_BYTES = 16, VARINT_BYTES_MAX = 5, LOW_BIT = 4 };

/* A list as it stands in a page. */
struct part {
    const uint8_t *data;
    uint32_t bytes;
    bool big;
};

struct parsed {
    int32_t first_pane, due, as_of;
    unsigned cell_code, total_code;
    bool is_low;
    const uint8_t *fixed, *totals;
    uint32_t inline_bytes; /* of all lists, as they will stand in the record */
    struct part lists[ENG_LISTS_MAX];
};

static uint32_t head_bytes(const struct eng_layout *layout)
{
    return ENG_PARTNER_HEAD_BYTES + 2 * (layout->list_count + 1);
}

static uint32_t element_of(const struct eng_layout *layout, unsigned list, unsigned cell_code)
{
    uint32_t bytes = layout->lists[list].element_bytes;
    return bytes != 0 ? bytes : 1u << cell_code;
}

/* ---- writing ---- */

static struct part part_of(const struct eng_record *record, unsigned list)
{
    const struct eng_layout *layout = record->layout;
    uint32_t element = element_of(layout, list, record->partner->cell_code);
    bool big = eng_record_is_big(record, list);
    eng_assert(list < layout->list_count);
    if (big && layout->lists[list].kind == ENG_LIST_SEEN)
        return (struct part){NULL, eng_seen_set_bytes(record), true};
    struct eng_list view = eng_record_list(record, list, element);
    eng_assert(view.bytes == view.count * element);
    return (struct part){view.data, view.bytes, big};
}

size_t eng_record_page_bytes(const struct eng_record *record)
{
    const struct eng_layout *layout = record->layout;
    size_t bytes = HEAD_BYTES + layout->fixed_bytes - head_bytes(layout) +
                   ((size_t)layout->total_count << record->partner->total_code);
    for (unsigned list = 0; list < layout->list_count; list++)
        bytes += VARINT_BYTES_MAX + part_of(record, list).bytes;
    eng_assert(record->partner != NULL);
    eng_assert(bytes < UINT32_MAX);
    return bytes;
}

static uint8_t *write_varint(uint8_t *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (uint8_t)(number | 0x80);
    *to++ = (uint8_t)number;
    return to;
}

static uint8_t *write_head(const struct eng_record *record, uint8_t *to)
{
    const struct eng_partner *partner = record->partner;
    uint32_t fixed = record->layout->fixed_bytes - head_bytes(record->layout);
    eng_assert(record->layout->list_count <= UINT8_MAX);
    eng_assert(fixed <= UINT16_MAX);
    eng_store_i32(to, partner->first_pane);
    eng_store_i32(to + 4, partner->due);
    eng_store_i32(to + 8, partner->as_of);
    to[12] = (uint8_t)(partner->cell_code | partner->total_code << 2 | partner->is_low << LOW_BIT);
    to[13] = (uint8_t)record->layout->list_count;
    eng_store_u16(to + 14, (uint16_t)fixed);
    return to + HEAD_BYTES;
}

size_t eng_record_page_write(const struct eng_record *record, uint8_t *to)
{
    const struct eng_layout *layout = record->layout;
    const uint8_t *begin = to;
    size_t fixed = layout->fixed_bytes - head_bytes(layout);
    size_t totals = (size_t)layout->total_count << record->partner->total_code;
    eng_assert(to != NULL);
    to = write_head(record, to);
    memcpy(to, eng_record_fixed(record, head_bytes(layout)), fixed);
    memcpy(to + fixed, eng_record_totals(record), totals);
    to += fixed + totals;
    for (unsigned list = 0; list < layout->list_count; list++) {
        struct part part = part_of(record, list);
        to = write_varint(to, (uint64_t)part.bytes << 1 | part.big);
        if (part.data == NULL && part.big)
            eng_seen_set_write(record, to);
        else if (part.bytes > 0)
            memcpy(to, part.data, part.bytes);
        to += part.bytes;
    }
    eng_assert((size_t)(to - begin) <= eng_record_page_bytes(record));
    return (size_t)(to - begin);
}

/* ---- reading ---- */

/* False: it does not end, or is too large. */
static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; *at < end && shift < 7 * VARINT_BYTES_MAX; shift += 7) {
        uint8_t byte = *(*at)++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* What is wrong with the head; NULL: nothing. */
static const char *parse_head(const struct eng_layout *layout, const uint8_t *data, size_t bytes,
                              struct parsed *ret)
{
    if (bytes < HEAD_BYTES)
        return "too short";
    ret->first_pane = eng_load_i32(data);
    ret->due = eng_load_i32(data + 4);
    ret->as_of = eng_load_i32(data + 8);
    ret->cell_code = data[12] & 3u;
    ret->total_code = data[12] >> 2 & 3u;
    ret->is_low = data[12] >> LOW_BIT & 1u;
    if (data[12] >> (LOW_BIT + 1) != 0 || ret->cell_code < layout->cell_code_min)
        return "an unknown code";
    if (data[13] != layout->list_count ||
        eng_load_u16(data + 14) != layout->fixed_bytes - head_bytes(layout))
        return "made for another model";
    if (ret->as_of < -1 || ret->due <= ret->as_of || ret->first_pane > ret->as_of)
        return "its panes are not in order";
    return NULL;
}

/* Bytes that a list takes in the record, and is it of a possible size? */
static bool fits(const struct eng_layout *layout, unsigned list, const struct parsed *parsed)
{
    const struct part *part = &parsed->lists[list];
    bool seen = layout->lists[list].kind == ENG_LIST_SEEN;
    if (layout->lists[list].kind == ENG_LIST_HELD)
        return part->big ? eng_held_is_well_formed(part->data, part->bytes) : part->bytes == 0;
    eng_assert(list < layout->list_count);
    if (part->big)
        return seen ? eng_seen_set_is_well_formed(part->data, part->bytes)
                    : part->bytes % element_of(layout, list, parsed->cell_code) == 0;
    uint32_t element = seen ? layout->seen_bytes : element_of(layout, list, parsed->cell_code);
    return part->bytes <= ENG_LIST_END && part->bytes % element == 0 &&
           (!seen || part->bytes <= (uint32_t)ENG_SEEN_INLINE * element);
}

static const char *parse_lists(const struct eng_layout *layout, const uint8_t *at,
                               const uint8_t *end, struct parsed *ret)
{
    eng_assert(at <= end);
    eng_assert(layout->list_count <= ENG_LISTS_MAX);
    for (unsigned list = 0; list < layout->list_count; list++) {
        uint64_t number;
        if (!read_varint(&at, end, &number) || number >> 1 > (uint64_t)(end - at))
            return "a list reaches behind its end";
        ret->lists[list] = (struct part){at, (uint32_t)(number >> 1), number & 1};
        if (!fits(layout, list, ret))
            return "a list of an impossible length";
        at += number >> 1;
        ret->inline_bytes += number & 1 ? (uint32_t)sizeof(uint64_t) : (uint32_t)(number >> 1);
        if (ret->inline_bytes > ENG_LIST_END)
            return "more lists than a record holds";
    }
    return at == end ? NULL : "bytes behind its lists";
}

/* What is wrong with a page; NULL: nothing. */
static const char *parse(const struct eng_store *store, const uint8_t *data, size_t bytes,
                         uint32_t id_bytes, struct parsed *ret)
{
    const struct eng_layout *layout = store->layout;
    *ret = (struct parsed){0};
    const char *wrong = parse_head(layout, data, bytes, ret);
    if (wrong != NULL)
        return wrong;
    size_t fixed = layout->fixed_bytes - head_bytes(layout);
    size_t totals = (size_t)layout->total_count << ret->total_code;
    if (bytes - HEAD_BYTES < fixed + totals)
        return "too short";
    ret->fixed = data + HEAD_BYTES;
    ret->totals = ret->fixed + fixed;
    wrong = parse_lists(layout, ret->totals + totals, data + bytes, ret);
    if (wrong == NULL &&
        layout->fixed_bytes + totals + id_bytes + ret->inline_bytes > ENG_PAGE_RECORD_BYTES_MAX)
        return "more than a record holds";
    return wrong;
}

/* Heap parts of the lists that have one, by list; on failure none is left. */
static enum eng_status make_big_lists(struct eng_store *store, const struct parsed *parsed,
                                      uint64_t *words)
{
    const struct eng_layout *layout = store->layout;
    enum eng_status status = ENG_OK;
    eng_assert(layout->list_count <= ENG_LISTS_MAX);
    for (unsigned list = 0; status == ENG_OK && list < layout->list_count; list++) {
        const struct part *part = &parsed->lists[list];
        if (!part->big)
            continue;
        uint32_t element = element_of(layout, list, parsed->cell_code);
        words[list] = layout->lists[list].kind == ENG_LIST_SEEN
                          ? eng_seen_set_read(store, part->data, part->bytes)
                          : eng_big_list_new(store, list, element, part->data, part->bytes);
        status = words[list] != 0 ? ENG_OK : ENG_NO_MEMORY;
    }
    for (unsigned list = 0; status != ENG_OK && list < layout->list_count; list++)
        if (words[list] != 0)
            eng_big_word_free(store, layout, list, words[list]);
    return status;
}

/* Writes head, fixed part, totals and id into a fresh block; returns where the lists begin. */
static uint8_t *fill(const struct eng_layout *layout, struct eng_partner *partner,
                     const struct parsed *parsed, struct eng_slice id)
{
    size_t totals = (size_t)layout->total_count << parsed->total_code;
    uint8_t *base = (uint8_t *)partner;
    eng_assert(id.length > 0);
    eng_assert(parsed->as_of < parsed->due);
    memset(partner, 0, head_bytes(layout));
    partner->first_pane = parsed->first_pane;
    partner->due = parsed->due;
    partner->as_of = parsed->as_of;
    partner->is_low = parsed->is_low;
    partner->cell_code = parsed->cell_code & 3u;
    partner->total_code = parsed->total_code & 3u;
    partner->id_bytes = (uint8_t)id.length;
    memcpy(base + head_bytes(layout), parsed->fixed, layout->fixed_bytes - head_bytes(layout));
    memcpy(base + layout->fixed_bytes, parsed->totals, totals);
    memcpy(base + layout->fixed_bytes + totals, id.data, id.length);
    return base + layout->fixed_bytes + totals + id.length;
}

static void fill_lists(const struct eng_layout *layout, struct eng_partner *partner, uint8_t *at,
                       const struct parsed *parsed, const uint64_t *words)
{
    const uint8_t *base = (const uint8_t *)partner;
    eng_assert(at > base);
    eng_assert(layout->list_count <= ENG_LISTS_MAX);
    partner->ends[0] = (uint16_t)(at - base);
    for (unsigned list = 0; list < layout->list_count; list++) {
        const struct part *part = &parsed->lists[list];
        if (part->big)
            eng_store_u64(at, words[list]);
        else if (part->bytes > 0)
            memcpy(at, part->data, part->bytes);
        at += part->big ? sizeof(uint64_t) : part->bytes;
        partner->ends[list + 1] = (uint16_t)((at - base) | (part->big ? ENG_LIST_BIG : 0));
        partner->is_crowded |= part->big || part->bytes > layout->lists[list].easy_bytes;
    }
}

enum eng_status eng_record_page_read(struct eng_store *store, uint32_t number, const uint8_t *data,
                                     size_t bytes, struct eng_error *err)
{
    struct parsed parsed;
    uint64_t words[ENG_LISTS_MAX] = {0};
    char id[ENG_PARTNER_BYTES_MAX];
    struct eng_slice key = eng_partner_id(eng_store_at(store, number));
    eng_assert(data != NULL && number < store->count);
    const char *wrong = parse(store, data, bytes, key.length, &parsed);
    if (wrong != NULL)
        return eng_error_set(err, ENG_CORRUPT, "the page of partner \"%.*s\" (%zu bytes): %s",
                             (int)key.length, key.data, bytes, wrong);
    memcpy(id, key.data, key.length);
    key.data = id;
    if (eng_store_reserve(store) != ENG_OK || make_big_lists(store, &parsed, words) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory for the page of partner \"%.*s\"",
                             (int)key.length, key.data);
    uint32_t used = store->layout->fixed_bytes + (store->layout->total_count << parsed.total_code) +
                    key.length + parsed.inline_bytes;
    struct eng_partner *partner = eng_store_renew(store, number, used);
    uint8_t class = partner->class;
    uint8_t *lists = fill(store->layout, partner, &parsed, key);
    partner->class = class;
    fill_lists(store->layout, partner, lists, &parsed, words);
    return ENG_OK;
}
