/* Records to events: framing, the format's reader, the key. See decode.h.
 *
 * Framing. The schema id of a record stands in the header ENG_SCHEMA_ID_HEADER or in front of the
 * body: 0x00 and four bytes (big-endian number), or 0x01 and a 16-byte GUID. With a header the body
 * has no prefix. */
#include "codec/decode.h"

#include "base/assert.h"
#include "codec/fields.h"
#include "codec/json.h"
#include "codec/plan.h"
#include "engine/model.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC_ID = 0,
    MAGIC_GUID = 1,
    ID_PREFIX_BYTES = 5,
    GUID_PREFIX_BYTES = 17,
    ARENA_CHUNK_BYTES = 64 * 1024,
    SCHEMA_BYTES_MAX = 1024 * 1024,
};

struct eng_decoder {
    enum eng_input_format format;
    enum eng_framing framing;
    struct eng_plan *plan; /* Avro; NULL: no schema is known */
    int64_t schema_id;
    struct eng_names names; /* of what mapping wants, and its numbers */
    struct eng_arena arena;
    struct eng_mapping mapping;
    const char *attributes[ENG_WANTED_ATTRIBUTES_MAX]; /* those of names */
    const char *numbers[ENG_NUMBERS_MAX];              /* the same */
    char *schema;                                      /* its text; NULL: none */
    size_t schema_bytes;
};

const char *eng_reason_name(enum eng_reason reason)
{
    static const char *const names[ENG_REASON_COUNT] = {
#define X(name, text) text,
        ENG_REASON_MAP(X)
#undef X
    };
    return (unsigned)reason < ENG_REASON_COUNT ? names[reason] : "unknown";
}

/* ---- what is wanted ---- */

/* Names what the mapping wants now. */
static void name_wanted(struct eng_decoder *decoder)
{
    decoder->names = (struct eng_names){.attributes = decoder->attributes,
                                        .attribute_count = decoder->mapping.attribute_count,
                                        .numbers = decoder->numbers,
                                        .number_count = decoder->mapping.number_count};
    for (uint32_t i = 0; i < decoder->names.attribute_count; i++)
        decoder->attributes[i] = eng_mapping_attribute(&decoder->mapping, i);
}

/* Compiles the schema for what the mapping wants; the plan before stays when that fails. */
static enum eng_status compile(struct eng_decoder *decoder, struct eng_error *err)
{
    struct eng_plan *plan = NULL;
    if (decoder->schema == NULL)
        return ENG_OK;
    enum eng_status status =
        eng_plan_compile(decoder->schema, decoder->schema_bytes, &decoder->mapping, &plan, err);
    if (status != ENG_OK)
        return status;
    eng_plan_free(decoder->plan);
    decoder->plan = plan;
    return ENG_OK;
}

static bool is_wanted(const struct eng_decoder *decoder, const char *name)
{
    for (uint32_t i = 0; i < decoder->mapping.attribute_count; i++)
        if (strcmp(eng_mapping_attribute(&decoder->mapping, i), name) == 0)
            return true;
    return false;
}

static uint32_t count_missing(const struct eng_decoder *decoder, const struct eng_model *model)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < model->attribute_count; i++)
        missing += !is_wanted(decoder, model->attributes[i]);
    return missing;
}

/* Adds the names of a model to the mapping. */
static enum eng_status want_all(struct eng_decoder *decoder, const struct eng_model *model,
                                struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    for (uint32_t i = 0; i < model->attribute_count && status == ENG_OK; i++)
        if (!is_wanted(decoder, model->attributes[i]))
            status = eng_mapping_want(&decoder->mapping, model->attributes[i], err);
    return status;
}

/* What is wanted is dropped only when the model's names do not fit beside it; after a failure then,
 * nothing is wanted at all, and the next call compiles again. */
enum eng_status eng_decoder_want(struct eng_decoder *decoder, const struct eng_model *model,
                                 struct eng_error *err)
{
    eng_assert(decoder != NULL && model != NULL);
    uint32_t before = decoder->mapping.attribute_count, missing = count_missing(decoder, model);
    if (missing == 0)
        return ENG_OK;
    if (before + missing > ENG_WANTED_ATTRIBUTES_MAX)
        eng_mapping_unwant(&decoder->mapping, before = 0);
    enum eng_status status = want_all(decoder, model, err);
    if (status == ENG_OK)
        status = compile(decoder, err);
    if (status != ENG_OK)
        eng_mapping_unwant(&decoder->mapping, before);
    name_wanted(decoder);
    return status;
}

const struct eng_names *eng_decoder_names(const struct eng_decoder *decoder)
{
    eng_assert(decoder != NULL);
    return &decoder->names;
}

/* ---- life ---- */

enum eng_status eng_decoder_new_schema(const struct eng_config *config, const char *schema_json,
                                       size_t length, struct eng_decoder **ret_decoder,
                                       struct eng_error *err)
{
    eng_assert(config != NULL && ret_decoder != NULL);
    const struct eng_input_config *input = &config->input;
    struct eng_decoder *decoder = eng_calloc(1, sizeof *decoder);
    if (decoder == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the decoder");
    decoder->format = schema_json != NULL ? ENG_FORMAT_AVRO : input->format;
    decoder->framing = input->framing;
    decoder->schema_id = -1;
    eng_arena_init(&decoder->arena, ARENA_CHUNK_BYTES);
    for (size_t i = 0; i < input->fields.numbers.count; i++)
        decoder->numbers[i] = input->fields.numbers.items[i].name;
    enum eng_status status = eng_mapping_init(&decoder->mapping, input, err);
    if (status == ENG_OK && config->model != NULL)
        status = want_all(decoder, config->model, err);
    if (status == ENG_OK && schema_json != NULL) {
        decoder->schema = eng_strndup(schema_json, length);
        decoder->schema_bytes = length;
        status = decoder->schema != NULL
                     ? compile(decoder, err)
                     : eng_error_set(err, ENG_NO_MEMORY, "out of memory for the schema");
    }
    name_wanted(decoder);
    if (status != ENG_OK) {
        eng_decoder_free(decoder);
        return status;
    }
    *ret_decoder = decoder;
    return ENG_OK;
}

bool eng_decoder_lacks(const struct eng_decoder *decoder, unsigned field)
{
    eng_assert(decoder != NULL && field < ENG_FIELD_COUNT);
    return decoder->plan != NULL && !eng_plan_has(decoder->plan, field);
}

bool eng_decoder_lacks_attribute(const struct eng_decoder *decoder, unsigned attribute)
{
    eng_assert(decoder != NULL && attribute < decoder->names.attribute_count);
    return decoder->plan != NULL && !eng_plan_has(decoder->plan, ENG_FIELD_COUNT + attribute);
}

bool eng_decoder_lacks_number(const struct eng_decoder *decoder, unsigned number)
{
    eng_assert(decoder != NULL && number < decoder->names.number_count);
    return decoder->plan != NULL && !eng_plan_has(decoder->plan, ENG_PLACE_NUMBERS + number);
}

/* The schema file's place: relative to the folder of the configuration file. Owned by the caller;
 * NULL when out of memory. */
static char *schema_path(const struct eng_config *config)
{
    const char *name = config->input.schema_path;
    const char *slash = config->path != NULL ? strrchr(config->path, '/') : NULL;
    if (name[0] == '/' || slash == NULL)
        return eng_strndup(name, strlen(name));
    size_t folder = (size_t)(slash - config->path) + 1;
    char *path = eng_calloc(folder + strlen(name) + 1, 1);
    if (path != NULL) {
        memcpy(path, config->path, folder);
        memcpy(path + folder, name, strlen(name));
    }
    return path;
}

/* Reads a whole file of at most SCHEMA_BYTES_MAX. The text is owned by the caller. */
static enum eng_status read_file(const char *path, char **ret_text, size_t *ret_length,
                                 struct eng_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return eng_error_set(err, ENG_IO, "the schema file %s cannot be opened: %m", path);
    char *text = eng_calloc(SCHEMA_BYTES_MAX + 1, 1);
    size_t length = text != NULL ? fread(text, 1, SCHEMA_BYTES_MAX + 1, file) : 0;
    enum eng_status status = ENG_OK;
    if (text == NULL)
        status = eng_error_set(err, ENG_NO_MEMORY, "out of memory for the schema file %s", path);
    else if (ferror(file))
        status = eng_error_set(err, ENG_IO, "the schema file %s cannot be read: %m", path);
    else if (length > SCHEMA_BYTES_MAX)
        status = eng_error_set(err, ENG_BAD_SCHEMA, "the schema file %s is larger than %d bytes",
                               path, SCHEMA_BYTES_MAX);
    (void)fclose(file); /* only read from */
    if (status != ENG_OK) {
        eng_free(text);
        return status;
    }
    *ret_text = text;
    *ret_length = length;
    return ENG_OK;
}

enum eng_status eng_decoder_new(const struct eng_config *config, struct eng_decoder **ret_decoder,
                                struct eng_error *err)
{
    eng_assert(config != NULL && ret_decoder != NULL);
    if (config->input.format != ENG_FORMAT_AVRO || config->input.schema_path == NULL)
        return eng_decoder_new_schema(config, NULL, 0, ret_decoder, err);
    struct eng_error inner = {0};
    char *path = schema_path(config), *text = NULL;
    size_t length = 0;
    if (path == NULL)
        return eng_error_set(err, ENG_NO_MEMORY, "out of memory for the name of the schema file");
    enum eng_status status = read_file(path, &text, &length, err);
    if (status == ENG_OK) {
        status = eng_decoder_new_schema(config, text, length, ret_decoder, &inner);
        if (status == ENG_BAD_SCHEMA)
            (void)eng_error_set(err, status, "%s: %s", path, inner.text);
        else if (status != ENG_OK)
            (void)eng_error_set(err, status, "%s", inner.text);
    }
    eng_free(text);
    eng_free(path);
    return status;
}

void eng_decoder_free(struct eng_decoder *decoder)
{
    if (decoder == NULL)
        return;
    eng_plan_free(decoder->plan);
    eng_free(decoder->schema);
    eng_mapping_done(&decoder->mapping);
    eng_arena_done(&decoder->arena);
    eng_free(decoder);
}

int64_t eng_decoder_schema_id(const struct eng_decoder *decoder)
{
    return decoder->schema_id;
}

void eng_decoder_reset(struct eng_decoder *decoder)
{
    eng_arena_reset(&decoder->arena);
}

/* Bytes of the framing at the beginning of `data`; 0 when there is none. *ret_id is the schema's
 * number, -1 for a GUID. */
static size_t framing_bytes(const uint8_t *data, size_t length, int64_t *ret_id)
{
    if (length >= ID_PREFIX_BYTES && data[0] == MAGIC_ID) {
        *ret_id = (int64_t)data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4];
        return ID_PREFIX_BYTES;
    }
    if (length >= GUID_PREFIX_BYTES && data[0] == MAGIC_GUID) {
        *ret_id = -1;
        return GUID_PREFIX_BYTES;
    }
    return 0;
}

/* Reads the body (without framing) in the decoder's format. */
static enum eng_reason read_body(struct eng_decoder *decoder, const uint8_t *data, size_t length,
                                 struct eng_fields *ret_fields)
{
    if (decoder->format == ENG_FORMAT_AVRO)
        return eng_plan_read(decoder->plan, &decoder->arena, data, length, ret_fields);
    return eng_json_read(&decoder->mapping, &decoder->arena, (const char *)data, length,
                         ret_fields);
}

/* AUTO without a header: framed if what looks like framing is followed by a body that decodes to
 * its end, else the whole record is the body. */
static enum eng_reason read_auto(struct eng_decoder *decoder, const uint8_t *data, size_t length,
                                 struct eng_fields *ret_fields)
{
    int64_t id = -1;
    size_t framing = framing_bytes(data, length, &id);
    if (framing == 0)
        return read_body(decoder, data, length, ret_fields);
    enum eng_reason framed = read_body(decoder, data + framing, length - framing, ret_fields);
    if (framed == ENG_REASON_NONE || framed == ENG_REASON_NO_MEMORY) {
        decoder->schema_id = id;
        return framed;
    }
    enum eng_reason whole = read_body(decoder, data, length, ret_fields);
    if (whole == ENG_REASON_NONE || whole == ENG_REASON_NO_MEMORY)
        return whole;
    decoder->schema_id = id; /* neither fits; framing is the likelier of the two */
    return framed;
}

/* Takes the framing off as configured and reads the body. */
static enum eng_reason read_framed(struct eng_decoder *decoder, const struct eng_record *record,
                                   struct eng_fields *ret_fields)
{
    const uint8_t *data = record->value;
    size_t length = record->value_bytes;
    if (decoder->framing == ENG_FRAMING_NONE)
        return read_body(decoder, data, length, ret_fields);
    if (record->schema_id != NULL) {
        size_t bytes =
            framing_bytes(record->schema_id, record->schema_id_bytes, &decoder->schema_id);
        if (bytes == 0 || bytes != record->schema_id_bytes)
            return ENG_REASON_FRAMING;
        return read_body(decoder, data, length, ret_fields);
    }
    if (decoder->framing == ENG_FRAMING_AUTO)
        return read_auto(decoder, data, length, ret_fields);
    size_t framing = framing_bytes(data, length, &decoder->schema_id);
    return framing == 0 ? ENG_REASON_FRAMING
                        : read_body(decoder, data + framing, length - framing, ret_fields);
}

static bool equals(struct eng_slice partner, const void *data, size_t length)
{
    return partner.length == length && memcmp(partner.data, data, length) == 0;
}

/* A key written by a JSON serializer: the partner as a JSON string (or integer). */
static bool equals_json(struct eng_slice partner, const char *key, size_t length)
{
    char decimal[20];
    json_error_t error;
    json_t *value = json_loadb(key, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool same = false;
    if (json_is_string(value))
        same = equals(partner, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        same = equals(partner, decimal, eng_decimal(json_integer_value(value), decimal));
    json_decref(value);
    return same;
}

/* A key written by an Avro serializer with the schema "string": a length and the bytes. */
static bool equals_avro(struct eng_slice partner, const uint8_t *key, size_t length)
{
    uint64_t coded = (uint64_t)partner.length * 2; /* zigzag of the length */
    while (length > 0 && coded >= 0x80 && *key == (uint8_t)(coded | 0x80)) {
        coded >>= 7;
        key++;
        length--;
    }
    return length > 0 && coded < 0x80 && *key == coded && equals(partner, key + 1, length - 1);
}

/* True when the record's key says the same partner as the record. */
static bool key_fits(const struct eng_record *record, struct eng_slice partner)
{
    const uint8_t *key = record->key;
    size_t length = record->key_bytes;
    int64_t id;
    if (key == NULL || equals(partner, key, length))
        return true;
    size_t framing = framing_bytes(key, length, &id);
    key += framing;
    length -= framing;
    if (framing > 0 && (equals(partner, key, length) || equals_avro(partner, key, length)))
        return true;
    return length > 0 && (key[0] == '"' || framing > 0) &&
           equals_json(partner, (const char *)key, length);
}

static struct eng_event bad_event(void)
{
    return (struct eng_event){.verdict = ENG_VERDICT_BAD, .value_e4 = ENG_VALUE_NONE};
}

/* Everything but the event's offset. */
static enum eng_reason decode(struct eng_decoder *decoder, const struct eng_record *record,
                              struct eng_event *event)
{
    struct eng_fields fields;
    if (record->value == NULL || record->value_bytes == 0)
        return ENG_REASON_EMPTY;
    enum eng_reason reason = read_framed(decoder, record, &fields);
    if (reason == ENG_REASON_NONE && fields.attributes != NULL)
        eng_fields_judge_attributes(&fields, decoder->names.attribute_count);
    if (reason == ENG_REASON_NONE)
        reason = eng_fields_judge(&fields, event);
    if (reason == ENG_REASON_NONE && !key_fits(record, event->partner))
        reason = ENG_REASON_KEY;
    return reason;
}

enum eng_reason eng_decoder_decode_prefix(struct eng_decoder *decoder, const void *data,
                                          size_t length, size_t *ret_used,
                                          struct eng_event *ret_event)
{
    eng_assert(decoder != NULL && ret_used != NULL && ret_event != NULL);
    struct eng_fields fields;
    struct eng_body body = {data, length, 0};
    enum eng_reason reason = eng_plan_read_prefix(decoder->plan, &decoder->arena, &body, &fields);
    *ret_used = body.used;
    if (reason == ENG_REASON_NONE && fields.attributes != NULL)
        eng_fields_judge_attributes(&fields, decoder->names.attribute_count);
    if (reason == ENG_REASON_NONE)
        reason = eng_fields_judge(&fields, ret_event);
    if (reason != ENG_REASON_NONE)
        *ret_event = bad_event();
    ret_event->offset = 0;
    return reason;
}

enum eng_reason eng_decoder_decode(struct eng_decoder *decoder, const struct eng_record *record,
                                   struct eng_event *ret_event)
{
    eng_assert(decoder != NULL && record != NULL && ret_event != NULL);
    decoder->schema_id = -1;
    enum eng_reason reason = decode(decoder, record, ret_event);
    if (reason != ENG_REASON_NONE)
        *ret_event = bad_event();
    ret_event->offset = record->offset;
    return reason;
}
