/* Output records. See sink.h. */
#include "stream/sink.h"

#include "base/assert.h"
#include "base/rules.h"
#include "codec/rfc3339.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Brokers take about 1 MiB a batch unless told otherwise; our own headers need room too. */
enum { DEAD_LETTER_BYTES_MAX = 1040000 };

static const struct {
    const char *type;
    enum eng_topic topic;
} kinds[ENG_EFFECT_KINDS] = {
    [ENG_EFFECT_SCORE_CHANGE] = {"engaged.score_change", ENG_TOPIC_SCORE_CHANGES},
    [ENG_EFFECT_CHURN_DROP] = {"engaged.churn_drop", ENG_TOPIC_CHURN_DROPS},
    [ENG_EFFECT_CELL_CHANGE] = {"engaged.cell_change", ENG_TOPIC_CELL_CHANGES},
    [ENG_EFFECT_REPORT] = {"engaged.report", ENG_TOPIC_REPORTS},
    [ENG_EFFECT_AWARD_BOOKING] = {"engaged.award_booking", ENG_TOPIC_AWARDS},
    [ENG_EFFECT_GROUP] = {"engaged.group_result", ENG_TOPIC_GROUPS},
    [ENG_EFFECT_BOARD] = {"engaged.board", ENG_TOPIC_BOARDS},
    [ENG_EFFECT_ABUSE_FLAG] = {"engaged.abuse_flag", ENG_TOPIC_FLAGS},
    [ENG_EFFECT_SOURCE_SILENCE] = {"engaged.source_silence", ENG_TOPIC_SOURCE_SILENCES},
    [ENG_EFFECT_DIGEST] = {"engaged.digest", ENG_TOPIC_DIGESTS},
};

/* Headers that differ from one effect to the next. */
static const char *const own_headers[] = {"ce_id", "ce_time"};

static struct eng_port_header text_header(const char *name, const char *value)
{
    return (struct eng_port_header){name, value, strlen(value)};
}

static void make_family(struct eng_sink *sink, enum eng_effect_kind kind)
{
    struct eng_port_header *fixed = sink->fixed[kind];
    eng_assert(kind < ENG_EFFECT_KINDS);
    eng_assert(sink->source[0] == '/');
    if (kinds[kind].type == NULL)
        return; /* it is no output */
    fixed[0] = text_header("ce_specversion", "1.0");
    fixed[1] = text_header("ce_type", kinds[kind].type);
    fixed[2] = text_header("ce_source", sink->source);
    fixed[3] = text_header("content-type", "application/avro");
    sink->families[kind] =
        (struct eng_port_family){.fixed = fixed,
                                 .fixed_count = ENG_SINK_FIXED,
                                 .own_count = sizeof own_headers / sizeof own_headers[0],
                                 .own = own_headers};
}

void eng_sink_init(struct eng_sink *sink, struct eng_port *port, const struct eng_model *model,
                   const char *input_topic, const char *topic_id)
{
    eng_assert(port != NULL && model != NULL);
    eng_assert(input_topic != NULL && topic_id != NULL);
    *sink = (struct eng_sink){.port = port, .input_topic = input_topic, .topic_id = topic_id};
    (void)snprintf(sink->source, sizeof sink->source, "/engaged/%s",
                   eng_model_program(model)); /* names are shorter */
    for (int kind = 0; kind < ENG_EFFECT_KINDS; kind++)
        make_family(sink, (enum eng_effect_kind)kind);
}

void eng_sink_done(struct eng_sink *sink)
{
    eng_assert(sink != NULL);
    eng_bytes_done(&sink->value);
}

/* Closes a record whose value has been written from `begin` on, and adds its own headers: its id,
 * which its value begins with, and its time. */
static enum eng_status close_output(struct eng_txn *txn, struct eng_bytes *lane, size_t begin,
                                    int64_t at_ms)
{
    char at[ENG_RFC3339_BYTES];
    struct eng_slice id = eng_encode_avro_id(lane->data + begin);
    size_t id_at = (size_t)(id.data - (const char *)lane->data) - begin;
    eng_assert(at_ms >= 0);
    eng_assert(id.length > 0);
    eng_txn_close(txn);
    enum eng_status status = eng_txn_header_of_value(txn, own_headers[0], id_at, id.length);
    if (status != ENG_OK)
        return status;
    eng_rfc3339_format(at_ms, at);
    struct eng_port_header time = {own_headers[1], at, ENG_RFC3339_BYTES - 1};
    return eng_txn_header(txn, &time);
}

/* Opens the record of an output. NULL: no memory. */
static struct eng_bytes *begin_output(const struct eng_sink *sink, struct eng_txn *txn,
                                      enum eng_effect_kind kind, int32_t partition,
                                      struct eng_slice key)
{
    const struct eng_port_output output = {.topic = kinds[kind].topic,
                                           .partition = partition,
                                           .key = key.data,
                                           .key_bytes = key.length,
                                           .family = &sink->families[kind]};
    eng_assert(kind < ENG_EFFECT_KINDS && kinds[kind].type != NULL);
    eng_assert(partition >= 0);
    return eng_txn_open(txn, &output);
}

/* Ends it: its value was written from `begin` on, or that has failed. */
static enum eng_status end_output(struct eng_txn *txn, struct eng_bytes *lane, size_t begin,
                                  int64_t at_ms, enum eng_status written)
{
    eng_assert(begin > 0);
    eng_assert(written == ENG_OK || written == ENG_NO_MEMORY);
    enum eng_status status = written == ENG_OK ? close_output(txn, lane, begin, at_ms) : written;
    if (status != ENG_OK)
        eng_txn_drop(txn);
    return status;
}

static enum eng_status add_effect(const struct eng_sink *sink, struct eng_txn *txn,
                                  const struct eng_task_output *from,
                                  const struct eng_effect *effect)
{
    const struct eng_encode_context context = {from->model, sink->topic_id, from->partition};
    enum eng_effect_kind kind = (enum eng_effect_kind)effect->kind;
    eng_assert(from->model != NULL);
    struct eng_bytes *lane =
        begin_output(sink, txn, kind, from->partition, eng_encode_key(from->model, effect));
    if (lane == NULL)
        return ENG_NO_MEMORY;
    size_t begin = lane->used;
    eng_assert(lane == &txn->lanes[kinds[kind].topic]);
    return end_output(txn, lane, begin, effect->at_ms, eng_encode_avro(&context, effect, lane));
}

/* ---- groups ---- */

/* All partitions write into the one of that topic. */
enum eng_status eng_sink_sums(struct eng_txn *txn, const struct eng_sums *sums)
{
    char key[ENG_SUMS_KEY_BYTES];
    struct eng_port_output output = {
        .topic = ENG_TOPIC_GROUP_SUMS, .key = key, .key_bytes = eng_sums_key(sums, key)};
    struct eng_bytes *lane = eng_txn_open(txn, &output);
    eng_assert(output.key_bytes > 0);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    eng_assert(lane == &txn->lanes[ENG_TOPIC_GROUP_SUMS]);
    enum eng_status status = eng_sums_write(sums, lane);
    if (status == ENG_OK)
        eng_txn_close(txn);
    else
        eng_txn_drop(txn);
    return status;
}

/* What somebody merges, of a partition. */
static enum eng_status add_merged(const struct eng_sink *sink, struct eng_txn *txn,
                                  const struct eng_task_output *from,
                                  const struct eng_effects *effects,
                                  const struct eng_effect *effect)
{
    const struct eng_encode_context context = {from->model, sink->topic_id, from->partition};
    struct eng_sums sums;
    eng_assert(from->model != NULL);
    eng_assert(from->partition >= 0);
    eng_sums_of(&context, effect, effects, &sums);
    return eng_sink_sums(txn, &sums);
}

enum eng_status eng_sink_result(const struct eng_sink *sink, struct eng_txn *txn,
                                const struct eng_group_result *result)
{
    struct eng_bytes *lane = begin_output(sink, txn, ENG_EFFECT_GROUP, 0, result->group);
    eng_assert(result->top == 0);
    eng_assert(result->group.length > 0);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    size_t begin = lane->used;
    return end_output(txn, lane, begin, result->at_ms, eng_encode_result_avro(result, lane));
}

enum eng_status eng_sink_board(const struct eng_sink *sink, struct eng_txn *txn,
                               const struct eng_board_result *board)
{
    struct eng_bytes *lane = begin_output(sink, txn, ENG_EFFECT_BOARD, 0, board->result->group);
    eng_assert(board->result->top > 0);
    eng_assert(board->result->group.length > 0);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    size_t begin = lane->used;
    return end_output(txn, lane, begin, board->result->at_ms, eng_encode_board_avro(board, lane));
}

enum eng_status eng_sink_flag(const struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                              const struct eng_flag *flag)
{
    struct eng_bytes *lane =
        begin_output(sink, txn, ENG_EFFECT_ABUSE_FLAG, partition, flag->partner);
    eng_assert(flag->partner.length > 0);
    eng_assert(flag->other.data != NULL);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    size_t begin = lane->used;
    return end_output(txn, lane, begin, flag->at_ms, eng_encode_flag_avro(flag, lane));
}

enum eng_status eng_sink_spent(struct eng_txn *txn, struct eng_slice key)
{
    struct eng_port_output output = {
        .topic = ENG_TOPIC_GROUP_SUMS, .key = key.data, .key_bytes = key.length};
    eng_assert(key.length > 0);
    eng_assert(txn != NULL);
    return eng_txn_add(txn, &output);
}

enum eng_status eng_sink_no_sums(struct eng_txn *txn, int32_t partition, int64_t until_ms)
{
    struct eng_sums sums = {.kind = ENG_SUMS_NONE, .partition = (uint32_t)partition};
    eng_assert(partition >= 0);
    eng_assert(until_ms >= 0);
    sums.result.at_ms = until_ms;
    return eng_sink_sums(txn, &sums);
}

enum eng_status eng_sink_gone(struct eng_txn *txn, int32_t partition, uint64_t partner_hash,
                              int64_t offset)
{
    struct eng_sums sums = {
        .kind = ENG_SUMS_GONE, .partition = (uint32_t)partition, .gone = partner_hash};
    eng_assert(partition >= 0);
    eng_assert(offset >= 0);
    sums.result.at_ms = offset;
    return eng_sink_sums(txn, &sums);
}

enum eng_status eng_sink_effects(const struct eng_sink *sink, struct eng_txn *txn,
                                 const struct eng_task_output *from,
                                 const struct eng_effects *effects)
{
    eng_assert(sink != NULL);
    eng_assert(effects != NULL);
    enum eng_status status = ENG_OK;
    const struct eng_effect *effect = eng_effects_next(effects, NULL);
    for (; status == ENG_OK && effect != NULL; effect = eng_effects_next(effects, effect))
        status = eng_effect_is_merged(effect) ? add_merged(sink, txn, from, effects, effect)
                                              : add_effect(sink, txn, from, effect);
    return status;
}

/* The record's own headers, as they came. Those beyond the limit, less room for ours, are left out.
 */
static enum eng_status copy_headers(struct eng_sink *sink, struct eng_txn *txn,
                                    const struct eng_port_record *record)
{
    eng_assert(record != NULL);
    eng_assert(txn->record_count > 0);
    struct eng_port_header header;
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; status == ENG_OK && i < ENG_TXN_HEADERS_MAX - 16 &&
                         sink->port->ops->header(sink->port, record, i, &header);
         i++)
        status = eng_txn_header(txn, &header);
    return status;
}

/* Why, and where it came from. */
static enum eng_status add_reasons(struct eng_sink *sink, struct eng_txn *txn,
                                   const struct eng_dead_letter *letter)
{
    char partition[16], offset[24], schema[24], bytes[24];
    const struct eng_port_record *record = letter->record;
    eng_assert(letter->reason > ENG_REASON_NONE && letter->reason < ENG_REASON_COUNT);
    (void)snprintf(partition, sizeof partition, "%" PRId32, record->partition);
    (void)snprintf(offset, sizeof offset, "%" PRId64, record->offset);
    (void)snprintf(schema, sizeof schema, "%" PRId64, letter->schema_id);
    (void)snprintf(bytes, sizeof bytes, "%zu", record->value_bytes);
    struct eng_port_header headers[] = {
        text_header("__streams.errors.exception", eng_reason_name(letter->reason)),
        text_header("__streams.errors.message", letter->detail),
        text_header("__streams.errors.topic", sink->input_topic),
        text_header("__streams.errors.partition", partition),
        text_header("__streams.errors.offset", offset),
        text_header("engaged.schema.id", schema),
        text_header("engaged.value.left.out.bytes", bytes),
    };
    uint32_t count = record->value_bytes > DEAD_LETTER_BYTES_MAX ? 7 : 6;
    enum eng_status status = ENG_OK;
    eng_assert(count <= sizeof headers / sizeof headers[0]);
    for (uint32_t i = 0; status == ENG_OK && i < count; i++)
        if (i != 5 || letter->schema_id >= 0)
            status = eng_txn_header(txn, &headers[i]);
    return status;
}

enum eng_status eng_sink_dead_letter(struct eng_sink *sink, struct eng_txn *txn,
                                     const struct eng_dead_letter *letter)
{
    const struct eng_port_record *record = letter->record;
    eng_assert(record != NULL);
    eng_assert(letter->reason < ENG_REASON_COUNT);
    bool fits = record->value_bytes <= DEAD_LETTER_BYTES_MAX;
    struct eng_port_output output = {.topic = ENG_TOPIC_DEAD_LETTERS,
                                     .partition = record->partition,
                                     .key = record->key,
                                     .key_bytes = record->key_bytes,
                                     .value = fits ? record->value : NULL,
                                     .value_bytes = fits ? record->value_bytes : 0};
    enum eng_status status = eng_txn_add(txn, &output);
    if (status == ENG_OK)
        status = copy_headers(sink, txn, record);
    if (status == ENG_OK)
        status = add_reasons(sink, txn, letter);
    if (status == ENG_OK)
        sink->dead_letters[letter->reason]++;
    return status;
}

enum eng_status eng_sink_journal(struct eng_sink *sink, struct eng_txn *txn, int32_t partition,
                                 const struct eng_journal *journal,
                                 struct eng_journal_records *records)
{
    eng_assert(sink != NULL);
    eng_assert(partition >= 0);
    enum eng_status status = ENG_OK;
    uint32_t count;
    for (uint32_t from = 0; status == ENG_OK && from < journal->count; from += count) {
        char key[ENG_JOURNAL_KEY_BYTES + 1];
        uint32_t left = journal->count - from;
        count = left < ENG_JOURNAL_RECORD_ENTRIES ? left : ENG_JOURNAL_RECORD_ENTRIES;
        const struct eng_journal_entry *first = &journal->entries[from], *last = first + count - 1;
        eng_journal_key(first->number, key);
        eng_bytes_clear(&sink->value);
        status = eng_journal_encode(journal, from, count, &sink->value);
        struct eng_port_output output = {.topic = ENG_TOPIC_STATE,
                                         .partition = partition,
                                         .key = key,
                                         .key_bytes = ENG_JOURNAL_KEY_BYTES,
                                         .value = sink->value.data,
                                         .value_bytes = sink->value.used};
        if (status == ENG_OK)
            status = eng_txn_add(txn, &output);
        if (status == ENG_OK)
            status = eng_journal_records_add(
                records, &(struct eng_journal_record){first->number, last->number, last->offset});
    }
    return status;
}

enum eng_status eng_sink_journal_trim(struct eng_txn *txn, int32_t partition,
                                      struct eng_journal_records *records, uint64_t last,
                                      int64_t before)
{
    enum { MOST = 64 }; /* in one transaction */
    char key[ENG_JOURNAL_KEY_BYTES + 1];
    uint8_t gone[ENG_JOURNAL_GONE_BYTES];
    struct eng_port_output output = {
        .topic = ENG_TOPIC_STATE, .partition = partition, .key = key, .key_bytes = sizeof key - 1};
    enum eng_status status = ENG_OK;
    uint32_t count = 0;
    const struct eng_journal_record *oldest;
    eng_assert(partition >= 0);
    while (status == ENG_OK && count < MOST &&
           (oldest = eng_journal_records_oldest(records)) != NULL &&
           ((oldest->last <= last && oldest->offset < before) || !ENG_RULE(JOURNAL_KEPT))) {
        eng_journal_key(oldest->first, key);
        status = eng_txn_add(txn, &output);
        eng_journal_records_gone(records, oldest->last);
        count++;
    }
    if (count == 0 || status != ENG_OK)
        return status;
    eng_journal_gone_encode(records->gone, gone);
    output.key = eng_journal_gone_key;
    output.key_bytes = ENG_JOURNAL_GONE_KEY_BYTES;
    output.value = gone;
    output.value_bytes = sizeof gone;
    return eng_txn_add(txn, &output);
}

/* ---- checkpoints ---- */

/* Adds one record of a page. */
static enum eng_status add_part(const struct eng_page_run *run, struct eng_slice partner,
                                const struct eng_page_part *part)
{
    char key[ENG_PAGE_KEY_BYTES];
    struct eng_port_output output = {
        .topic = ENG_TOPIC_STATE, .partition = run->partition, .key = key};
    output.key_bytes = eng_page_key(partner, part->head.part, key);
    eng_assert(part->bytes <= ENG_PAGE_PART_BYTES);
    eng_assert(run->partition >= 0);
    struct eng_bytes *lane = eng_txn_open(run->txn, &output);
    if (lane == NULL)
        return ENG_NO_MEMORY;
    if (eng_bytes_reserve(lane, ENG_PAGE_HEAD_BYTES + part->bytes + ENG_PAGE_SUM_BYTES) != ENG_OK) {
        eng_txn_drop(run->txn);
        return ENG_NO_MEMORY;
    }
    uint8_t *record = lane->data + lane->used;
    eng_page_head_write(&part->head, record);
    memcpy(record + ENG_PAGE_HEAD_BYTES, part->body, part->bytes);
    eng_page_close(record, ENG_PAGE_HEAD_BYTES + part->bytes);
    lane->used += ENG_PAGE_HEAD_BYTES + part->bytes + ENG_PAGE_SUM_BYTES;
    eng_txn_close(run->txn);
    return ENG_OK;
}

enum eng_status eng_sink_page(const struct eng_page_run *run)
{
    struct eng_bytes *value = &run->sink->value;
    struct eng_slice partner;
    size_t most = eng_engine_page_bytes(run->engine), bytes;
    uint32_t version = eng_engine_page_version(run->engine);
    eng_assert(most > 0);
    eng_bytes_clear(value);
    if (eng_bytes_reserve(value, most) != ENG_OK ||
        eng_engine_page_take(run->engine, run->head.sequence, value->data, &bytes, &partner) !=
            ENG_OK)
        return ENG_NO_MEMORY;
    struct eng_page_part part = {.head = run->head};
    part.head.model_version = version;
    eng_assert(bytes <= most);
    size_t parts = (bytes + ENG_PAGE_PART_BYTES - 1) / ENG_PAGE_PART_BYTES;
    if (parts > ENG_PAGE_PARTS_MAX)
        return ENG_NO_MEMORY; /* 8 GiB of one partner */
    part.head.parts = (uint16_t)parts;
    enum eng_status status = ENG_OK;
    if (parts > 1)
        status = eng_parts_note(run->parts, eng_partner_hash(partner), (uint32_t)parts);
    for (; status == ENG_OK && part.head.part < part.head.parts; part.head.part++) {
        size_t from = (size_t)part.head.part * ENG_PAGE_PART_BYTES, left = bytes - from;
        part.body = value->data + from;
        part.bytes = left < ENG_PAGE_PART_BYTES ? left : (size_t)ENG_PAGE_PART_BYTES;
        status = add_part(run, partner, &part);
    }
    return status;
}

enum eng_status eng_sink_commit(struct eng_txn *txn, int32_t partition,
                                const struct eng_commit *commit, uint64_t *ret_sum)
{
    uint8_t value[ENG_COMMIT_BYTES_MAX];
    eng_assert(commit->sequence > 0);
    eng_assert(partition >= 0);
    *ret_sum = eng_commit_write(commit, value);
    struct eng_port_output output = {.topic = ENG_TOPIC_STATE,
                                     .partition = partition,
                                     .key = eng_commit_key,
                                     .key_bytes = ENG_COMMIT_KEY_BYTES,
                                     .value = value,
                                     .value_bytes = eng_commit_bytes(commit)};
    return eng_txn_add(txn, &output);
}
