/* From the state topic to an engine. See restore.h. */
#include "stream/restore.h"

#include "base/assert.h"
#include "base/memory.h"
#include "base/rules.h"
#include "model/config.h"
#include <engaged/checkpoint.h>
#include <inttypes.h>
#include <string.h>

enum { STALL_MS = 30000 };

#define LOST "it has lost records, or a transaction was torn"
#define WAY_OUT "; `engaged state rebuild` makes the state anew from the input"

/* Pages wait a little while the memory that they will go to is fetched: see hold_page. */
enum { HELD = 16, FETCH_STEPS = 3, FETCH_EVERY = 5 };
_Static_assert(FETCH_STEPS *FETCH_EVERY < HELD, "all steps are taken before its turn");

struct held_page {
    struct eng_bytes bytes; /* the partner's id, then the body */
    uint32_t partner_bytes;
    struct eng_page_head head;
    uint64_t hash;
    int64_t offset;
};

/* A reading under way. */
struct reader {
    const struct eng_restore_request *request;
    struct eng_restored *found;
    enum eng_status status;
    struct eng_error cause;
    int64_t offset;              /* of the record in hand */
    uint32_t low_version;        /* of the model at low water; 0: nothing is made of pages */
    struct held_page held[HELD]; /* a ring: those from `first` to before `last` wait */
    uint32_t first, last;
    /* A page of several parts, as far as it has come. */
    struct eng_bytes body;
    struct eng_page_head head;
    char partner[ENG_PARTNER_BYTES_MAX];
    uint32_t partner_bytes;
};

void eng_restored_done(struct eng_restored *restored)
{
    eng_assert(restored != NULL);
    eng_assert(restored->engine == NULL || restored->journal.done == 0);
    eng_journal_done(&restored->journal);
    eng_parts_done(&restored->parts);
    eng_engine_free(restored->engine);
    eng_models_done(&restored->models);
    *restored = (struct eng_restored){0};
}

/* ---- pages ---- */

/* Are pages wanted, and is this one of the state that the group names? */
static bool is_wanted(const struct reader *reader, const struct eng_page_head *head)
{
    const struct eng_meta *meta = reader->request->meta;
    eng_assert(head->sequence > 0);
    return reader->found->engine != NULL && head->life == meta->life &&
           head->model_version >= reader->low_version; /* else there is a later one */
}

static enum eng_status give_page(struct reader *reader, struct eng_slice partner,
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
    if (head->sequence > reader->request->meta->sequence && ENG_RULE(NAMED_RECORD))
        return eng_error_set(&reader->cause, ENG_CORRUPT,
                             "the page of partner \"%.*s\" is of transaction %" PRIu64
                             ", but the group is at %" PRIu64,
                             (int)partner.length, partner.data, head->sequence,
                             reader->request->meta->sequence);
    if (held == NULL)
        return eng_error_set(&reader->cause, ENG_CORRUPT,
                             "the page of partner \"%.*s\" is of version %" PRIu32
                             " of the model, whose text is not there: " LOST,
                             (int)partner.length, partner.data, head->model_version);
    return eng_engine_restore_page(reader->found->engine, &page, &reader->cause);
}

/* Gives the page that has waited longest to the engine. */
static enum eng_status give_held(struct reader *reader)
{
    const struct held_page *held = &reader->held[reader->first++ % HELD];
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

/* All that wait: before anything that is not a page, and at the end. */
static enum eng_status give_all_held(struct reader *reader)
{
    enum eng_status status = ENG_OK;
    eng_assert(reader->last - reader->first <= HELD);
    while (status == ENG_OK && reader->first < reader->last)
        status = give_held(reader);
    eng_assert(status != ENG_OK || reader->first == reader->last);
    return status;
}

/* A page goes to three places of the engine that are seldom in the cache, each known by the one
 * before. So it waits, copied, until a few more have come, and with each of those one of its steps
 * is fetched. Pages keep their order. */
static enum eng_status hold_page(struct reader *reader, struct eng_slice partner,
                                 const struct eng_page_part *part)
{
    enum eng_status status = ENG_OK;
    if (reader->last - reader->first == HELD)
        status = give_held(reader);
    if (status != ENG_OK)
        return status;
    struct held_page *held = &reader->held[reader->last % HELD];
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
        eng_engine_restore_fetch(reader->found->engine,
                                 reader->held[(reader->last - 1 - step * FETCH_EVERY) % HELD].hash,
                                 step);
    eng_assert(reader->last > reader->first);
    return ENG_OK;
}

/* Is this the part that comes next? Others are leftovers: a page that has become smaller leaves the
 * parts that it no longer has, and compaction takes the first part before the others. */
static bool continues(const struct reader *reader, struct eng_slice partner,
                      const struct eng_page_head *head)
{
    eng_assert(head->part > 0);
    eng_assert(partner.length > 0);
    return reader->head.sequence == head->sequence && reader->head.part + 1 == head->part &&
           reader->head.parts == head->parts && reader->partner_bytes == partner.length &&
           memcmp(reader->partner, partner.data, partner.length) == 0;
}

static enum eng_status take_part(struct reader *reader, struct eng_slice partner,
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

static enum eng_status take_page(struct reader *reader, struct eng_slice partner,
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
    if (status != ENG_OK || !is_wanted(reader, &part.head))
        return status;
    eng_assert(part.head.parts > 0);
    if (part.head.parts == 1)
        return hold_page(reader, partner, &part);
    status = give_all_held(reader);
    return status == ENG_OK ? take_part(reader, partner, &part) : status;
}

/* ---- models ---- */

/* An engine that waits for pages, under the model at low water. */
static enum eng_status start_engine(struct reader *reader, const struct eng_model *model,
                                    struct eng_error *err)
{
    struct eng_restored *found = reader->found;
    struct eng_engine_options options = {.memory_bytes_max = reader->request->memory_bytes_max,
                                         .step_evaluations = reader->request->step_evaluations,
                                         .track_changes = true};
    eng_assert(found->engine == NULL);
    eng_assert(eng_model_version(model) == reader->low_version);
    enum eng_status status = eng_engine_new(model, &options, &found->engine, err);
    if (status == ENG_OK && eng_engine_restore_begin(found->engine) != ENG_OK)
        status = eng_error_set(err, ENG_NO_MEMORY, "no memory to restore");
    return status;
}

static enum eng_status take_model(struct reader *reader, const struct eng_port_record *record)
{
    struct eng_models *models = &reader->found->models;
    struct eng_model_record text;
    enum eng_status status =
        eng_models_open(record->value, record->value_bytes, &text, &reader->cause);
    eng_assert(record->value != NULL);
    if (status != ENG_OK || reader->low_version == 0 || text.version < reader->low_version ||
        text.life != reader->request->meta->life)
        return status;
    struct eng_held_model *held = eng_models_find(models, text.version);
    if (held == NULL)
        status =
            eng_models_load(models, &text, reader->request->config->model, &held, &reader->cause);
    if (status != ENG_OK)
        return status;
    eng_assert(held != NULL);
    held->stored = true;
    if (reader->found->engine == NULL && text.version == reader->low_version)
        status = start_engine(reader, held->model, &reader->cause);
    return status;
}

/* A page that was taken away: its partner was erased. What is left of its parts says nothing. */
static enum eng_status take_tombstone(struct reader *reader, const struct eng_port_record *record)
{
    struct eng_slice partner = {0};
    eng_assert(record->value == NULL);
    eng_assert(!reader->found->has_commit);
    if (reader->found->engine == NULL ||
        eng_state_kind(record->key, record->key_bytes, &partner) != ENG_STATE_IS_PAGE ||
        eng_page_key_is_part(record->key))
        return ENG_OK;
    enum eng_status status = give_all_held(reader);
    if (status != ENG_OK)
        return status;
    status = eng_engine_erase(reader->found->engine, partner, UINT64_MAX, &reader->cause);
    return status == ENG_NOT_FOUND ? ENG_OK : status;
}

/* ---- the other records ---- */

static enum eng_status take_commit(struct reader *reader, const struct eng_port_record *record)
{
    const struct eng_meta *meta = reader->request->meta;
    struct eng_restored *found = reader->found;
    struct eng_commit commit;
    uint64_t sum;
    enum eng_status status =
        eng_commit_read(record->value, record->value_bytes, &commit, &sum, &reader->cause);
    eng_assert(!found->has_commit);
    eng_assert(record->value != NULL);
    if (status != ENG_OK)
        return status;
    found->sequence = commit.sequence > found->sequence ? commit.sequence : found->sequence;
    found->life = commit.life > found->life ? commit.life : found->life;
    found->has_commit = meta != NULL && commit.sequence == meta->sequence && sum == meta->record &&
                        ENG_RULE(NAMED_RECORD);
    if (found->has_commit || meta == NULL || !ENG_RULE(NAMED_RECORD))
        found->commit = commit;
    return ENG_OK;
}

static enum eng_status take_journal(struct reader *reader, const struct eng_port_record *record)
{
    eng_assert(record->value != NULL);
    eng_assert(!reader->found->has_commit);
    return eng_journal_decode(&reader->found->journal, record->value, record->value_bytes,
                              &reader->cause);
}

/* A record of the state topic; false: it was the one that the group names, or something is wrong.
 */
static bool take_record(void *context, const struct eng_port_record *record)
{
    struct reader *reader = context;
    struct eng_slice partner = {0};
    eng_assert(reader->status == ENG_OK);
    eng_assert(record != NULL);
    reader->offset = record->offset;
    atomic_store_explicit(&reader->request->progress->next, record->offset + 1,
                          memory_order_relaxed);
    if (atomic_load_explicit(reader->request->cancel, memory_order_relaxed))
        return false;
    if (record->value == NULL) {
        reader->status = take_tombstone(reader, record);
        return reader->status == ENG_OK;
    }
    enum eng_state_kind kind = eng_state_kind(record->key, record->key_bytes, &partner);
    if (kind == ENG_STATE_IS_PAGE)
        reader->status = take_page(reader, partner, record);
    else if (kind == ENG_STATE_IS_COMMIT)
        reader->status = take_commit(reader, record);
    else if (eng_journal_is_key(record->key, record->key_bytes))
        reader->status = take_journal(reader, record);
    else if (eng_models_is_key(record->key, record->key_bytes))
        reader->status = take_model(reader, record);
    return reader->status == ENG_OK && !reader->found->has_commit;
}

/* ---- the whole ---- */

/* The configuration's model may be the one that was committed, or a later one. */
static enum eng_status check_version(const struct eng_restore_request *request,
                                     struct eng_error *err)
{
    const struct eng_meta *meta = request->meta;
    uint32_t version = eng_model_version(request->config->model);
    eng_assert(meta != NULL);
    eng_assert(version > 0);
    if (meta->model_version > version)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "partition %" PRId32 ": its state is of version %" PRIu32
                             " of the model, and `version` here is %" PRIu32
                             ": take the newer configuration; to go back to an older model give "
                             "it a greater version than %" PRIu32,
                             request->partition, meta->model_version, version, meta->model_version);
    if (meta->model_version == version && meta->fingerprint != request->fingerprint)
        return eng_error_set(err, ENG_BAD_CONFIG,
                             "partition %" PRId32 ": its state was made by another model with the "
                             "same version %" PRIu32 ": raise `version` with each change of the "
                             "model, or go back to the one that it was made by",
                             request->partition, meta->model_version);
    return ENG_OK;
}

/* An engine at once when low water is under our model; else it waits for the text of that one. A
 * state without texts is of use to its own model alone. */
static enum eng_status make_engine(struct reader *reader, struct eng_error *err)
{
    const struct eng_restore_request *request = reader->request;
    const struct eng_meta *meta = request->meta;
    const struct eng_model *model = request->config->model;
    struct eng_held_model *held;
    eng_assert(reader->found->engine == NULL);
    eng_assert(reader->low_version == 0);
    if (meta == NULL || !request->config->recovery.checkpoints)
        return ENG_OK;
    enum eng_status status = check_version(request, err);
    if (status != ENG_OK)
        return status;
    reader->low_version = ENG_RULE(LOW_WATER_MODEL) ? meta->low_version : meta->model_version;
    if (reader->low_version != eng_model_version(model))
        return ENG_OK;
    if (eng_models_add(&reader->found->models, model, &held) != ENG_OK)
        return eng_error_set(err, ENG_NO_MEMORY, "no memory to restore");
    return start_engine(reader, model, err);
}

/* The models that low water and the record are of; the configuration's can follow on the latter. */
static enum eng_status check_models(const struct eng_restore_request *request,
                                    struct eng_restored *found, struct eng_error *err)
{
    const struct eng_commit *commit = &found->commit;
    const struct eng_model *ours = request->config->model;
    struct eng_held_model *held = eng_models_find(&found->models, commit->model_version);
    struct eng_error cause = {0};
    uint32_t known_bytes = ENG_RULE(LOW_WATER_KNOWN) ? commit->known_bytes : 0;
    eng_assert(found->engine != NULL);
    if (held == NULL || held->fingerprint != commit->fingerprint)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the state topic has not the text of version "
                             "%" PRIu32 " of the model: " LOST WAY_OUT,
                             request->partition, commit->model_version);
    if (held->model != ours && eng_model_carries(held->model, ours, &cause) != ENG_OK)
        return eng_error_set(err, ENG_BAD_CONFIG, "partition %" PRId32 ": %s" WAY_OUT,
                             request->partition, cause.text);
    if (commit->low.model_version != eng_model_version(eng_engine_model(found->engine)) ||
        eng_engine_known_read(found->engine, commit->known, known_bytes) != ENG_OK)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": commit record %" PRIu64
                             " does not fit the model at low water" WAY_OUT,
                             request->partition, commit->sequence);
    eng_models_note_known(&found->models, found->engine);
    eng_assert(commit->low.model_version <= commit->model_version);
    return ENG_OK;
}

/* The pages are those that were committed, and low water can be reached. */
static enum eng_status finish_engine(const struct eng_restore_request *request,
                                     struct eng_restored *found, struct eng_error *err)
{
    const struct eng_commit *commit = &found->commit;
    struct eng_page_sum sum = eng_engine_page_sum(found->engine);
    eng_assert(found->has_commit);
    eng_assert(commit->low.next <= commit->next);
    if (ENG_RULE(PAGES_OF_RECORD) &&
        (sum.count != commit->page_count || sum.sum != commit->page_sum))
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32 ": the state topic has the pages of %" PRIu64
                             " partners, %" PRIu64 " were committed%s: it has lost records (has "
                             "its cleanup.policy had delete in it?), or a transaction was "
                             "torn" WAY_OUT,
                             request->partition, sum.count, commit->page_count,
                             sum.count == commit->page_count ? ", but not the same ones" : "");
    enum eng_status status = check_models(request, found, err);
    if (status != ENG_OK)
        return status;
    return eng_engine_restore_catch_up(
        found->engine, ENG_RULE(LOW_WATER_CLOCK) ? commit->low.clock_ms : commit->clock_ms, err);
}

/* A topic that was deleted and made anew has the same name and other records. */
static enum eng_status check_input(const struct eng_restore_request *request,
                                   const struct eng_commit *commit, struct eng_error *err)
{
    const char *now = request->input_id != NULL ? request->input_id : "";
    eng_assert(commit->sequence > 0);
    eng_assert(strlen(commit->input_id) < sizeof commit->input_id);
    if (now[0] == '\0' || commit->input_id[0] == '\0' || strcmp(now, commit->input_id) == 0)
        return ENG_OK;
    return eng_error_set(err, ENG_TOPIC,
                         "partition %" PRId32 ": the input topic \"%s\" was deleted and made anew "
                         "(its id is %s, the state is of %s): offsets and state are of the old "
                         "one; begin afresh with another kafka.group and state topic",
                         request->partition, request->config->input.topic, now, commit->input_id);
}

/* Without a text beside the offset: the newest record is the group's if it is of its offset. */
static enum eng_status finish_without_meta(const struct eng_restore_request *request,
                                           struct eng_restored *found, struct eng_error *err)
{
    eng_assert(request->meta == NULL);
    eng_assert(found->engine == NULL);
    found->has_commit = found->sequence > 0 && found->commit.next == request->next;
    if (!found->has_commit) {
        eng_journal_clear(&found->journal);
        return ENG_OK;
    }
    enum eng_status status = check_input(request, &found->commit, err);
    return status == ENG_OK ? eng_journal_settle(&found->journal, 0, found->commit.journal, err)
                            : status;
}

static enum eng_status finish(const struct eng_restore_request *request, struct eng_restored *found,
                              struct eng_error *err)
{
    if (request->meta == NULL)
        return finish_without_meta(request, found, err);
    found->has_commit |= !ENG_RULE(NAMED_RECORD) && found->sequence > 0;
    if (!found->has_commit)
        return eng_error_set(err, ENG_CORRUPT,
                             "partition %" PRId32
                             ": the group's offset names commit record %" PRIu64
                             ", the state topic ends with %" PRIu64
                             ": a transaction was torn (its offset is committed, its records are "
                             "not), or the topic has lost records, or is another group's" WAY_OUT,
                             request->partition, request->meta->sequence, found->sequence);
    eng_assert(found->commit.sequence == request->meta->sequence || !ENG_RULE(NAMED_RECORD));
    enum eng_status status = check_input(request, &found->commit, err);
    uint64_t before = found->engine != NULL ? found->commit.low.journal : 0;
    if (!ENG_RULE(LOW_WATER_JOURNAL))
        before = found->commit.journal;
    if (status == ENG_OK && found->engine != NULL)
        status = finish_engine(request, found, err);
    else if (status == ENG_OK && request->config->recovery.checkpoints)
        status = eng_error_set(err, ENG_CORRUPT,
                               "partition %" PRId32 ": the state topic has not the text of version "
                               "%" PRIu32 " of the model: " LOST WAY_OUT,
                               request->partition, request->meta->low_version);
    if (status == ENG_OK)
        status = eng_journal_settle(&found->journal, before, found->commit.journal, err);
    return status;
}

/* Where the reading begins and ends, for those who wait. */
static enum eng_status note_bounds(const struct eng_restore_request *request, struct eng_error *err)
{
    int64_t bounds[2] = {0, 0};
    eng_assert(request->partition >= 0);
    eng_assert(request->progress != NULL);
    enum eng_status status =
        request->port->ops->bounds(request->port, ENG_TOPIC_STATE, request->partition, bounds, err);
    atomic_store(&request->progress->next, bounds[0]);
    atomic_store(&request->progress->end, bounds[1]);
    return status;
}

enum eng_status eng_restore_read(const struct eng_restore_request *request,
                                 struct eng_restored *ret_restored, struct eng_error *err)
{
    struct reader reader = {.request = request, .found = ret_restored};
    eng_assert(request->port != NULL && request->config != NULL);
    eng_assert(ret_restored->engine == NULL && ret_restored->journal.count == 0);
    struct eng_port_scan scan = {request->partition, STALL_MS, &reader, request->reader,
                                 take_record};
    enum eng_status status = make_engine(&reader, err);
    if (status == ENG_OK)
        status = note_bounds(request, err);
    if (status == ENG_OK)
        status = request->port->ops->scan_state(request->port, &scan, err);
    if (status == ENG_OK && reader.status == ENG_OK)
        reader.status = give_all_held(&reader);
    if (status == ENG_OK && reader.status != ENG_OK)
        status = eng_error_set(err, reader.status,
                               "partition %" PRId32 ", offset %" PRId64 " of the state topic: %s%s",
                               request->partition, reader.offset, reader.cause.text,
                               reader.status == ENG_CORRUPT ? WAY_OUT : "");
    for (int i = 0; i < HELD; i++)
        eng_bytes_done(&reader.held[i].bytes);
    eng_bytes_done(&reader.body);
    if (status == ENG_OK && !atomic_load(request->cancel))
        status = finish(request, ret_restored, err);
    return status;
}
