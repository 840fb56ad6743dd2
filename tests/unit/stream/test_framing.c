/* Where the schema's id of a record is looked for. Headers cost more to unpack than a record to
 * decode, so they are asked for only when the value alone makes no sense, or for a dead letter. */
#include "stage.h"

#include "codec/schemas.h"
#include <string.h>

enum { TURNS = 30 };

/* The stage with Avro records of our own schema. */
static void start(struct stage *stage, enum eng_framing framing)
{
    struct eng_error err = {0};
    stage_init(stage, 1);
    stage_start(stage);
    stage->config->input.format = ENG_FORMAT_AVRO;
    stage->config->input.framing = framing;
    eng_decoder_free(stage->worker->decoder);
    cr_assert_eq(eng_decoder_new_schema(stage->config, eng_schema_partner_action,
                                        strlen(eng_schema_partner_action), &stage->worker->decoder,
                                        &err),
                 ENG_OK, "%s", err.text);
    stage->worker->feed.decoder = stage->worker->decoder;
}

/* A log-in behind `prefix_bytes` bytes of framing, with the id in a header if there is none. */
static void put(struct stage *stage, const char *partner, int64_t at_ms, bool prefix, bool header)
{
    static const uint8_t id[] = {0, 0, 0, 0, 7};
    char number[16];
    int length = snprintf(number, sizeof number, "id-%d", (int)stage->fake->partitions[0].end);
    struct eng_event event = {.time_ms = at_ms,
                              .id = {number, (uint32_t)length},
                              .partner = {partner, (uint32_t)strlen(partner)},
                              .action = {"login", 5},
                              .value_e4 = ENG_VALUE_NONE};
    struct eng_action_record action = {.event = &event};
    struct eng_bytes body = {0};
    struct fake_partition *to = &stage->fake->partitions[0];
    struct fake_record *record = &to->records[to->end++];
    *record = (struct fake_record){.has_value = true, .timestamp_ms = stage->fake->wall_ms};
    if (prefix)
        cr_assert_eq(eng_bytes_append(&body, id, sizeof id), ENG_OK);
    cr_assert_eq(eng_encode_action_avro(&action, &body), ENG_OK);
    memcpy(record->value, body.data, body.used);
    record->value_bytes = (uint32_t)body.used;
    memcpy(record->schema_id, id, sizeof id);
    record->schema_id_bytes = header ? sizeof id : 0;
    eng_bytes_done(&body);
}

static uint64_t counted(const struct stage *stage)
{
    return stage_counters(stage, 0).outcome[ENG_OUTCOME_COUNTED];
}

Test(framing, headers_of_records_that_decode_are_not_looked_at)
{
    struct stage s;
    start(&s, ENG_FRAMING_AUTO);
    put(&s, "acme", s.fake->wall_ms, true, false);
    put(&s, "acme", s.fake->wall_ms, false, true);
    stage_turn(&s, TURNS);
    cr_expect_eq(counted(&s), 2);
    cr_expect_eq(s.fake->headers_asked, 0);
    stage_done(&s);
}

Test(framing, a_body_without_a_prefix_is_framed_by_its_header)
{
    struct stage s;
    start(&s, ENG_FRAMING_CONFLUENT);
    put(&s, "acme", s.fake->wall_ms, false, true);
    put(&s, "acme", s.fake->wall_ms, false, false);
    stage_turn(&s, TURNS);
    cr_expect_eq(counted(&s), 1);
    cr_expect_str_eq(stage_reason(&s, 0, "__streams.errors.exception"), "bad-framing");
    stage_done(&s);
}

Test(framing, a_dead_letter_says_the_schema_id_of_the_header_too)
{
    struct stage s;
    start(&s, ENG_FRAMING_AUTO);
    put(&s, "acme", s.fake->wall_ms, true, false);
    put(&s, "acme", 1, false, true);
    put(&s, "acme", 1, true, false);
    put(&s, "acme", 1, false, false);
    stage_turn(&s, TURNS);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_str_eq(stage_reason(&s, i, "__streams.errors.exception"), "late");
    cr_expect_str_eq(stage_reason(&s, 0, "engaged.schema.id"), "7");
    cr_expect_str_eq(stage_reason(&s, 1, "engaged.schema.id"), "7");
    cr_expect_str_eq(stage_reason(&s, 2, "engaged.schema.id"), "");
    stage_done(&s);
}

Test(framing, none_looks_at_no_header)
{
    struct stage s;
    start(&s, ENG_FRAMING_NONE);
    put(&s, "acme", s.fake->wall_ms, true, true);
    stage_turn(&s, TURNS);
    cr_expect_eq(stage_counters(&s, 0).outcome[ENG_OUTCOME_BAD], 1);
    cr_expect_str_eq(stage_reason(&s, 0, "engaged.schema.id"), "");
    stage_done(&s);
}
