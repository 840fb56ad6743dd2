/* Framing, keys and schema files: what stands around the body of a record. */
#include "base/limits.h"
#include "codec/encode.h"
#include "codec/schemas.h"
#include "records.h"
#include <stdlib.h>
#include <unistd.h>

/* The body of one good record in our own schema. */
static struct eng_bytes body_of(const char *id, const char *partner)
{
    static struct eng_bytes bytes;
    struct eng_event event = {.time_ms = 5,
                              .value_e4 = ENG_VALUE_NONE,
                              .id = SLICE(id),
                              .partner = SLICE(partner),
                              .action = SLICE("x")};
    struct eng_action_record record = {.event = &event};
    eng_bytes_clear(&bytes);
    cr_assert_eq(eng_encode_action_avro(&record, &bytes), ENG_OK);
    return bytes;
}

struct framing_row {
    enum eng_framing framing;
    const char *prefix; /* of the value */
    size_t prefix_bytes;
    const char *header; /* NULL: none */
    size_t header_bytes;
    const char *want;
    int64_t schema_id;
};

#define BYTES(text) text, sizeof text - 1
#define GUID "0123456789abcdef"

Test(decode, the_four_forms_of_framing_are_seen)
{
    static const struct framing_row rows[] = {
        {ENG_FRAMING_AUTO, BYTES(""), NULL, 0, "p x 5 id=e1", -1},
        {ENG_FRAMING_AUTO, BYTES("\0\0\0\1\2"), NULL, 0, "p x 5 id=e1", 258},
        {ENG_FRAMING_AUTO, BYTES("\0\377\377\377\377"), NULL, 0, "p x 5 id=e1", 4294967295},
        {ENG_FRAMING_AUTO, BYTES("\1" GUID), NULL, 0, "p x 5 id=e1", -1},
        {ENG_FRAMING_AUTO, BYTES(""), BYTES("\0\0\0\0\7"), "p x 5 id=e1", 7},
        {ENG_FRAMING_AUTO, BYTES(""), BYTES("\1" GUID), "p x 5 id=e1", -1},
        {ENG_FRAMING_AUTO, BYTES(""), BYTES("\0\0\0\0\7x"), "bad-framing", 7},
        {ENG_FRAMING_AUTO, BYTES(""), BYTES(""), "bad-framing", -1},
        {ENG_FRAMING_AUTO, BYTES(""), BYTES("\2\0\0\0\7"), "bad-framing", -1},
        {ENG_FRAMING_AUTO, BYTES("\0\0\0\0\1"), BYTES("\0\0\0\0\7"), "bad-partner", 7},
        {ENG_FRAMING_CONFLUENT, BYTES("\0\0\0\1\2"), NULL, 0, "p x 5 id=e1", 258},
        {ENG_FRAMING_CONFLUENT, BYTES("\1" GUID), NULL, 0, "p x 5 id=e1", -1},
        {ENG_FRAMING_CONFLUENT, BYTES(""), BYTES("\0\0\0\0\7"), "p x 5 id=e1", 7},
        {ENG_FRAMING_CONFLUENT, BYTES(""), NULL, 0, "bad-framing", -1},
        {ENG_FRAMING_CONFLUENT, BYTES("\2\0\0\0\7"), NULL, 0, "bad-framing", -1},
        {ENG_FRAMING_NONE, BYTES(""), NULL, 0, "p x 5 id=e1", -1},
        {ENG_FRAMING_NONE, BYTES(""), BYTES("\2"), "p x 5 id=e1", -1},
    };
    struct eng_bytes body = body_of("e1", "p");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t value[256];
        struct eng_config config = default_config(ENG_FORMAT_AVRO);
        config.input.framing = rows[i].framing;
        struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
        memcpy(value, rows[i].prefix, rows[i].prefix_bytes);
        memcpy(value + rows[i].prefix_bytes, body.data, body.used);
        struct eng_record record = {.value = value,
                                    .value_bytes = rows[i].prefix_bytes + body.used,
                                    .schema_id = rows[i].header,
                                    .schema_id_bytes = rows[i].header_bytes};
        struct eng_event event;
        enum eng_reason reason = eng_decoder_decode(decoder, &record, &event);
        const char *got = shown(reason, &event);
        if (strcmp(rows[i].want, "bad-partner") == 0) /* read as a body it is something else */
            cr_assert_neq(reason, ENG_REASON_NONE, "row %zu", i);
        else
            cr_assert_str_eq(got, rows[i].want, "row %zu", i);
        cr_assert_eq(eng_decoder_schema_id(decoder), rows[i].schema_id, "row %zu", i);
        eng_decoder_free(decoder);
    }
}

Test(decode, auto_framing_takes_a_body_that_looks_framed_as_a_body)
{
    /* The empty id makes the body begin with a zero byte; the rest does not decode behind five
     * bytes. */
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    struct eng_bytes body = body_of("", "a-partner-with-a-name");
    cr_assert_str_eq(decoded(decoder, body.data, body.used), "a-partner-with-a-name x 5 id=");
    cr_assert_eq(eng_decoder_schema_id(decoder), -1);
    eng_decoder_free(decoder);
}

Test(decode, json_may_be_framed_too)
{
    static const char value[] =
        "\0\0\0\0\7{\"partner_id\": \"p\", \"action\": \"x\", \"occurred_at\": 5}";
    struct eng_config config = default_config(ENG_FORMAT_JSON);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    cr_assert_str_eq(decoded(decoder, value, sizeof value - 1), "p x 5");
    cr_assert_eq(eng_decoder_schema_id(decoder), 7);
    cr_assert_str_eq(decoded(decoder, value + 5, sizeof value - 6), "p x 5");
    cr_assert_eq(eng_decoder_schema_id(decoder), -1);
    eng_decoder_free(decoder);
}

Test(decode, without_a_schema_no_avro_record_is_known)
{
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, NULL);
    struct eng_bytes body = body_of("e1", "p");
    cr_assert_str_eq(decoded(decoder, body.data, body.used), "unknown-schema");
    eng_decoder_free(decoder);
}

Test(decode, a_record_without_a_value_is_empty)
{
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    cr_assert_str_eq(decoded(decoder, NULL, 0), "empty-record");
    cr_assert_str_eq(decoded(decoder, "", 0), "empty-record");
    eng_decoder_free(decoder);
}

Test(decode, the_key_has_to_say_the_partner_in_one_of_its_forms)
{
    static const struct {
        const char *partner, *key;
        size_t key_bytes;
        bool fits;
    } rows[] = {
        {"acme", NULL, 0, true},
        {"acme", BYTES("acme"), true},
        {"acme", BYTES("\"acme\""), true},
        {"acme", BYTES("\"a\\u0063me\""), true},
        {"acme", BYTES("\0\0\0\0\7\10acme"), true},
        {"acme", BYTES("\1" GUID "\10acme"), true},
        {"acme", BYTES("\0\0\0\0\7\"acme\""), true},
        {"acme", BYTES("\0\0\0\0\7acme"), true},
        {"\"acme\"", BYTES("\"acme\""), true},
        {"12", BYTES("12"), true},
        {"12", BYTES("\0\0\0\0\00712"), true},
        {"acme", BYTES(""), false},
        {"acme", BYTES("acm"), false},
        {"acme", BYTES("acme "), false},
        {"acme", BYTES("other"), false},
        {"acme", BYTES("\"acme"), false},
        {"acme", BYTES("[\"acme\"]"), false},
        {"acme", BYTES("{\"id\": \"acme\"}"), false},
        {"acme", BYTES("\0\0\0\0\7\12acme!"), false},
        {"acme", BYTES("\0\0\0\0\7\10acm"), false},
        {"acme", BYTES("\0\0\0\0\7"), false},
        {"acme", BYTES("\0\0\0\0\7\10acme!"), false},
    };
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct eng_bytes body = body_of("e1", rows[i].partner);
        struct eng_record record = {.value = body.data,
                                    .value_bytes = body.used,
                                    .key = rows[i].key,
                                    .key_bytes = rows[i].key_bytes};
        struct eng_event event;
        enum eng_reason reason = eng_decoder_decode(decoder, &record, &event);
        cr_assert_eq(reason, rows[i].fits ? ENG_REASON_NONE : ENG_REASON_KEY, "row %zu: %s", i,
                     eng_reason_name(reason));
    }
    eng_decoder_free(decoder);
}

Test(decode, a_key_with_a_long_partner_has_a_long_length)
{
    char partner[ENG_PARTNER_BYTES_MAX + 1] = "", key[ENG_PARTNER_BYTES_MAX + 7];
    memset(partner, 'p', ENG_PARTNER_BYTES_MAX);
    memcpy(key, "\0\0\0\0\7\xFE\3", 7); /* 255 as a long */
    memset(key + 7, 'p', ENG_PARTNER_BYTES_MAX);
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = decoder_of(&config, eng_schema_partner_action);
    struct eng_bytes body = body_of("e1", partner);
    struct eng_record record = {
        .value = body.data, .value_bytes = body.used, .key = key, .key_bytes = sizeof key};
    struct eng_event event;
    cr_assert_eq(eng_decoder_decode(decoder, &record, &event), ENG_REASON_NONE);
    eng_decoder_free(decoder);
}

Test(decode, reasons_are_stable_words)
{
    static const char *const names[] = {"none",
                                        "empty-record",
                                        "bad-framing",
                                        "unknown-schema",
                                        "truncated-record",
                                        "trailing-bytes",
                                        "malformed-record",
                                        "not-a-json-object",
                                        "bad-partner",
                                        "bad-action",
                                        "bad-time",
                                        "bad-id",
                                        "key-is-not-the-partner",
                                        "future",
                                        "late",
                                        "out-of-memory"};
    cr_assert_eq(sizeof names / sizeof *names, ENG_REASON_COUNT);
    for (int i = 0; i < ENG_REASON_COUNT; i++)
        cr_assert_str_eq(eng_reason_name((enum eng_reason)i), names[i]);
    cr_assert_str_eq(eng_reason_name(ENG_REASON_COUNT), "unknown");
}

/* A folder of its own for a test's files. */
static const char *folder(void)
{
    static char path[] = "/tmp/engaged-codec-XXXXXX";
    cr_assert_not_null(mkdtemp(path));
    return path;
}

static void write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

Test(decode, a_schema_file_is_found_beside_the_configuration)
{
    char path[256], config_path[256], name[] = "actions.avsc";
    const char *where = folder();
    (void)snprintf(path, sizeof path, "%s/%s", where, name);
    (void)snprintf(config_path, sizeof config_path, "%s/engaged.yaml", where);
    write_file(path, eng_schema_partner_action, strlen(eng_schema_partner_action));
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    config.path = config_path;
    config.input.schema_path = name;
    struct eng_decoder *decoder = NULL;
    struct eng_error err = {0};
    cr_assert_eq(eng_decoder_new(&config, &decoder, &err), ENG_OK, "%s", err.text);
    struct eng_bytes body = body_of("e1", "p");
    cr_assert_str_eq(decoded(decoder, body.data, body.used), "p x 5 id=e1");
    eng_decoder_free(decoder);
    (void)unlink(path);
    (void)rmdir(where);
}

Test(decode, a_schema_file_that_cannot_be_used_is_named)
{
    char path[256];
    const char *where = folder();
    struct eng_config config = default_config(ENG_FORMAT_AVRO);
    struct eng_decoder *decoder = NULL;
    struct eng_error err = {0};
    (void)snprintf(path, sizeof path, "%s/actions.avsc", where);
    config.input.schema_path = path;
    cr_assert_eq(eng_decoder_new(&config, &decoder, &err), ENG_IO);
    cr_assert_not_null(strstr(err.text, path), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "No such file"), "%s", err.text);
    write_file(path, "{}", 2);
    eng_error_clear(&err);
    cr_assert_eq(eng_decoder_new(&config, &decoder, &err), ENG_BAD_SCHEMA);
    cr_assert_not_null(strstr(err.text, path), "%s", err.text);
    cr_assert_not_null(strstr(err.text, "not an Avro schema"), "%s", err.text);
    static char large[1024 * 1024 + 1];
    write_file(path, large, sizeof large);
    eng_error_clear(&err);
    cr_assert_eq(eng_decoder_new(&config, &decoder, &err), ENG_BAD_SCHEMA);
    cr_assert_not_null(strstr(err.text, "larger than"), "%s", err.text);
    (void)unlink(path);
    (void)rmdir(where);
}
