/* Pages of the state topic on their way to an engine. See restore_inside.h. */
#include "stream/restore_inside.h"

#include "base/assert.h"
#include "base/rules.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <string.h>

/* How a page that waits is fetched: see hold_page. */
enum { FETCH_STEPS = 3, FETCH_EVERY = 5 };
_Static_assert(FETCH_STEPS *FETCH_EVERY < ENG_PAGES_HELD, "all steps are taken before its turn");

/* Are pages wanted, and is this one of the state that the group names? */
static bool is_wanted(const struct eng_state_reader *reader, const struct eng_page_head *head)
{
    const struct eng_meta *meta = reader->request->meta;
    eng_assert(head->sequence > 0);
    return reader->found->engine != NULL && head->life == meta->life &&
           head->model_version >= reader->low_version; /* else there is a later one */
}

/* A page of a later life means that state is being made anew: what has been read is void. */
static void note_head(struct eng_state_reader *reader, const struct eng_page_head *head)
{
    const struct eng_meta *meta = reader->request->meta;
    eng_assert(head->sequence > 0);
    if (head->sequence > reader->page_sequence)
        reader->page_sequence = head->sequence;
    eng_assert(!reader->follows || meta != NULL);
    reader->outdated |= reader->follows && head->life > meta->life;
}

static enum eng_status give_page(struct eng_state_reader *reader, struct eng_slice partner,
                                 const struct eng_page_part *whole)
{
    const struct eng_page_head *head = &whole->head;
    const struct eng_held_model *held =
        eng_models_find(&reader->found->models, head->model_version);
    struct eng_page page = {.partner = partner,
                            .data = whole->body,
                            .bytes = whole->bytes,
                            .next = (uint64_t)head->next,
                            .sequence = head->sequence,
                            .model = held != NULL ? held->model : NULL};
    eng_assert(reader->found->engine != NULL);
    eng_assert(whole->body != NULL);
    if (head->sequence > reader->request->meta->sequence && !reader->follows &&
        ENG_RULE(NAMED_RECORD))
        return eng_error_set(&reader->cause, ENG_CORRUPT,
                             "the page of partner \"%.*s\" is of transaction %" PRIu64
                             ", but the group is at %" PRIu64,
                             (int)partner.length, partner.data, head->sequence,
                             reader->request->meta->sequence);
    if (held == NULL)
        return eng_error_set(&reader->cause, ENG_CORRUPT,
                             "the page of partner \"%.*s\" is of version %" PRIu32
                             " of the model, whose text is not there: " ENG_RESTORE_LOST,
                             (int)partner.length, partner.data, head->model_version);
    return eng_engine_restore_page(reader->found->engine, &page, &reader->cause);
}

/* Gives the page that has waited longest to the engine. */
static enum eng_status give_held(struct eng_state_reader *reader)
{
    const struct eng_held_page *held = &reader->held[reader->first++ % ENG_PAGES_HELD];
    struct eng_slice partner = {(const char *)held->bytes.data, held->partner_bytes};
    const struct eng_page_part part = {held->head, held->bytes.data + held->partner_bytes,
                                       held->bytes.used - held->partner_bytes};
    int64_t offset = reader->offset;
    eng_assert(reader->first <= reader->last);
    eng_assert(held->bytes.used >= held->partner_bytes);
    reader->offset = held->offset;
    enum eng_status status = give_page(reader, partner, &part);
    if (status == ENG_OK)
        reader->offset = offset;
    return status;
}

enum eng_status eng_state_reader_flush(struct eng_state_reader *reader)
{
    enum eng_status status = ENG_OK;
    eng_assert(reader->last - reader->first <= ENG_PAGES_HELD);
    while (status == ENG_OK && reader->first < reader->last)
        status = give_held(reader);
    eng_assert(status != ENG_OK || reader->first == reader->last);
    return status;
}

/* A page goes to three places of the engine that are seldom in the cache, each known by the one
 * before. So it waits, copied, until a few more have come, and with each of those one of its steps
 * is fetched. Pages keep their order. */
static enum eng_status hold_page(struct eng_state_reader *reader, struct eng_slice partner,
                                 const struct eng_page_part *part)
{
    enum eng_status status = ENG_OK;
    if (reader->last - reader->first == ENG_PAGES_HELD)
        status = give_held(reader);
    if (status != ENG_OK)
        return status;
    struct eng_held_page *held = &reader->held[reader->last % ENG_PAGES_HELD];
    eng_assert(reader->found->engine != NULL);
    eng_bytes_clear(&held->bytes);
    if (eng_bytes_append(&held->bytes, partner.data, partner.length) != ENG_OK ||
        eng_bytes_append(&held->bytes, part->body, part->bytes) != ENG_OK)
        return eng_error_set(&reader->cause, ENG_NO_MEMORY, "no memory for a page");
    held->partner_bytes = partner.length;
    held->head = part->head;
    held->hash = eng_partner_hash(partner);
    held->offset = reader->offset;
    reader->last++;
    for (uint32_t step = 0; step < FETCH_STEPS && step * FETCH_EVERY < reader->last; step++)
        eng_engine_restore_fetch(
            reader->found->engine,
            reader->held[(reader->last - 1 - step * FETCH_EVERY) % ENG_PAGES_HELD].hash, step);
    eng_assert(reader->last > reader->first);
    return ENG_OK;
}

/* Is this the part that comes next? Others are leftovers: a page that has become smaller leaves the
 * parts that it no longer has, and compaction takes the first part before the others. */
static bool continues(const struct eng_state_reader *reader, struct eng_slice partner,
                      const struct eng_page_head *head)
{
    eng_assert(head->part > 0);
    eng_assert(partner.length > 0);
    return reader->head.sequence == head->sequence && reader->head.part + 1 == head->part &&
           reader->head.parts == head->parts && reader->partner_bytes == partner.length &&
           memcmp(reader->partner, partner.data, partner.length) == 0;
}

static enum eng_status take_part(struct eng_state_reader *reader, struct eng_slice partner,
                                 const struct eng_page_part *part)
{
    const struct eng_page_head *head = &part->head;
    if (head->part > 0 && !continues(reader, partner, head))
        return ENG_OK;
    eng_assert(partner.length <= sizeof reader->partner);
    eng_assert(head->parts > 1);
    if (head->part == 0)
        eng_bytes_clear(&reader->body);
    reader->head = *head;
    memcpy(reader->partner, partner.data, partner.length);
    reader->partner_bytes = partner.length;
    if (eng_bytes_append(&reader->body, part->body, part->bytes) != ENG_OK)
        return eng_error_set(&reader->cause, ENG_NO_MEMORY, "no memory for a page of %u parts",
                             head->parts);
    if (head->part + 1 < head->parts)
        return ENG_OK;
    const struct eng_page_part whole = {*head, reader->body.data, reader->body.used};
    reader->head = (struct eng_page_head){0};
    return give_page(reader, partner, &whole);
}

enum eng_status eng_state_reader_page(struct eng_state_reader *reader, struct eng_slice partner,
                                      const struct eng_port_record *record)
{
    struct eng_page_part part;
    eng_assert(record->value != NULL);
    enum eng_status status =
        eng_page_open(record->value, record->value_bytes, &part, &reader->cause);
    if (status == ENG_OK && part.head.parts > 1 &&
        eng_parts_note(&reader->found->parts, eng_partner_hash(partner), part.head.parts) != ENG_OK)
        return eng_error_set(&reader->cause, ENG_NO_MEMORY, "no memory for a page of %u parts",
                             part.head.parts);
    if (status != ENG_OK)
        return status;
    note_head(reader, &part.head);
    if (!is_wanted(reader, &part.head))
        return ENG_OK;
    eng_assert(part.head.parts > 0);
    if (part.head.parts == 1)
        return hold_page(reader, partner, &part);
    status = eng_state_reader_flush(reader);
    return status == ENG_OK ? take_part(reader, partner, &part) : status;
}
