/* Compiling an Avro schema and the field paths into a decoder plan.
 *
 * The schema is a tree whose named types may be referred to again, so it can be a graph with
 * cycles. It is walked along the paths: a *want* says which fields still look for their next part
 * here, or end here. Where nothing is wanted, code that skips the type is written: records are
 * skipped by subroutines, one each, which makes a graph of any shape a program that is no longer
 * than the schema's text, and takes care of cycles. Where something is wanted, records and unions
 * are written in place; a path has an end, so that ends as well.
 *
 *     {event_id: string, who: {id: string, org: Org}, ...}, partner at who.id
 *
 *     SKIP_BYTES 1        event_id
 *     TEXT partner        who.id
 *     CALL Org            who.org
 *     ...
 *     END
 *
 * avro-c knows no logical types, so the schema's JSON is walked beside avro-c's tree; `json` is
 * NULL where nothing is known. A record's JSON is found by the address of avro-c's record, which is
 * the same for its definition and all references.
 *
 * Errors are sticky: after the first one everything else is a quick no-op, and eng_plan_compile
 * reports it. */
#include "codec/program.h"

#include "base/assert.h"
#include <avro.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum {
    TABLE_MAX = 1 << 16, /* entries of the program and of each table beside it */
    NESTING_MAX = 256,   /* of types in a schema */
    NO_START = 0xFFFFFFFF,
    TEXTS_CHUNK_BYTES = 4096,
};

/* A record of the schema: its JSON, and its skipping subroutine once somebody calls it. */
struct record {
    avro_schema_t schema;
    const json_t *json;
    uint32_t start;
    bool called;
};

/* A growing table. */
struct table {
    void *items;
    uint32_t count, capacity;
};

struct compiler {
    const struct eng_path *paths;
    enum eng_time_unit time_unit;
    struct table code, jumps, keys, symbols, records,
        calls; /* calls: indexes of CALL instructions */
    struct eng_arena texts;
    uint32_t
        barrier; /* something jumps here: what follows must not be merged with what is before */
    uint32_t nesting;
    uint32_t places; /* that paths lead to, the last of them included */
    uint32_t attributes, numbers;
    uint64_t found; /* those that some record can fill */
    enum eng_status status;
    struct eng_error *err;
};

/* Places of the bit set, `depth` parts of whose paths lead to where we are. */
struct want {
    uint64_t places;
    uint32_t depth;
};

static inline uint64_t bit(unsigned place)
{
    return UINT64_C(1) << place;
}

/* A type of the schema, with its JSON where known. */
struct type {
    avro_schema_t schema;
    const json_t *json;
};

static void emit_type(struct compiler *compiler, struct type type, struct want want);

/* ---- tables ---- */

static void out_of_memory(struct compiler *compiler)
{
    if (compiler->status == ENG_OK)
        compiler->status =
            eng_error_set(compiler->err, ENG_NO_MEMORY, "out of memory for the plan of the schema");
}

static void too_large(struct compiler *compiler, const char *what)
{
    if (compiler->status == ENG_OK)
        compiler->status =
            eng_error_set(compiler->err, ENG_BAD_SCHEMA,
                          "the schema is too large: %s; write one with fewer types", what);
}

/* A zeroed entry at the end of a table; NULL after a failure. */
static void *add(struct compiler *compiler, struct table *table, size_t size)
{
    if (compiler->status != ENG_OK)
        return NULL;
    if (table->count == TABLE_MAX) {
        too_large(compiler, "its plan has more than 65,536 steps");
        return NULL;
    }
    if (table->count == table->capacity) {
        void *items = eng_grow(table->items, &table->capacity, size);
        if (items == NULL) {
            out_of_memory(compiler);
            return NULL;
        }
        table->items = items;
    }
    return memset((char *)table->items + size * table->count++, 0, size);
}

static struct eng_instruction *code_at(const struct compiler *compiler, uint32_t index)
{
    eng_assert(index < compiler->code.count);
    return (struct eng_instruction *)compiler->code.items + index;
}

/* Appends an instruction; returns its index, 0 after a failure. */
static uint32_t emit(struct compiler *compiler, enum eng_op op, uint32_t count, uint32_t target)
{
    struct eng_instruction *instruction = add(compiler, &compiler->code, sizeof *instruction);
    if (instruction == NULL)
        return 0;
    eng_assert(count <= UINT16_MAX);
    *instruction =
        (struct eng_instruction){.op = (uint8_t)op, .count = (uint16_t)count, .target = target};
    return compiler->code.count - 1;
}

/* The place of the next instruction, as something to jump to. */
static uint32_t here(struct compiler *compiler)
{
    compiler->barrier = compiler->code.count;
    return compiler->code.count;
}

/* Lets an instruction that was written before go on at `target`. */
static void patch(struct compiler *compiler, uint32_t index, uint32_t target)
{
    if (compiler->status == ENG_OK)
        code_at(compiler, index)->target = target;
}

/* The last instruction if it is `op` and nothing jumps behind it: it can be made to do more. */
static struct eng_instruction *mergeable(struct compiler *compiler, enum eng_op op)
{
    if (compiler->status != ENG_OK || compiler->code.count <= compiler->barrier)
        return NULL;
    struct eng_instruction *last = code_at(compiler, compiler->code.count - 1);
    return last->op == op ? last : NULL;
}

/* Skips one more of what `op` counts. */
static void emit_counted(struct compiler *compiler, enum eng_op op)
{
    struct eng_instruction *last = mergeable(compiler, op);
    if (last != NULL && last->count < UINT16_MAX)
        last->count++;
    else
        (void)emit(compiler, op, 1, 0);
}

static void emit_skip_fixed(struct compiler *compiler, int64_t bytes)
{
    uint32_t size = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX; /* no record has so many */
    struct eng_instruction *last = mergeable(compiler, ENG_OP_SKIP_FIXED);
    if (size == 0)
        return;
    if (last != NULL && last->target <= UINT32_MAX - size)
        last->target += size;
    else
        (void)emit(compiler, ENG_OP_SKIP_FIXED, 0, size);
}

/* A copy of a name in the plan. */
static struct eng_slice keep_text(struct compiler *compiler, const char *text)
{
    size_t length = strlen(text);
    char *copy = eng_arena_alloc(&compiler->texts, length + 1);
    if (copy == NULL) {
        out_of_memory(compiler);
        return (struct eng_slice){"", 0};
    }
    memcpy(copy, text, length + 1);
    return (struct eng_slice){copy, (uint32_t)length};
}

/* ---- the schema ---- */

/* The definition behind a reference. */
static avro_schema_t resolve(avro_schema_t schema)
{
    while (is_avro_link(schema))
        schema = avro_schema_link_target(schema);
    return schema;
}

static const char *logical_type(const json_t *json)
{
    const char *name = json_string_value(json_object_get(json, "logicalType"));
    return name != NULL ? name : "";
}

static struct record *find_record(const struct compiler *compiler, avro_schema_t schema)
{
    struct record *records = compiler->records.items;
    for (uint32_t i = 0; i < compiler->records.count; i++)
        if (records[i].schema == schema)
            return &records[i];
    return NULL;
}

/* The type of field `index` of a record. */
static struct type record_field(const struct compiler *compiler, avro_schema_t schema, int index)
{
    const struct record *record = find_record(compiler, schema);
    const json_t *fields = json_object_get(record != NULL ? record->json : NULL, "fields");
    const json_t *json = json_object_get(json_array_get(fields, (size_t)index), "type");
    return (struct type){avro_schema_record_field_get_by_index(schema, index), json};
}

/* Branch `index` of a union. */
static struct type union_branch(struct type type, int index)
{
    return (struct type){avro_schema_union_branch(type.schema, index),
                         json_array_get(type.json, (size_t)index)};
}

/* The items of an array or the values of a map. */
static struct type inner_type(struct type type)
{
    bool array = is_avro_array(type.schema);
    return (struct type){array ? avro_schema_array_items(type.schema)
                               : avro_schema_map_values(type.schema),
                         json_object_get(type.json, array ? "items" : "values")};
}

/* Enters a level of nesting; false when there are too many. */
static bool enter(struct compiler *compiler)
{
    if (++compiler->nesting > NESTING_MAX)
        too_large(compiler, "its types are nested more than 256 deep");
    return compiler->status == ENG_OK;
}

static void register_records(struct compiler *compiler, struct type type);

static void register_record(struct compiler *compiler, struct type type)
{
    if (find_record(compiler, type.schema) != NULL)
        return;
    struct record *record = add(compiler, &compiler->records, sizeof *record);
    if (record == NULL)
        return;
    *record = (struct record){type.schema, type.json, NO_START, false};
    for (size_t i = 0; i < avro_schema_record_size(type.schema); i++)
        register_records(compiler, record_field(compiler, type.schema, (int)i));
}

/* Notes every record that is defined in a type. */
static void register_records(struct compiler *compiler, struct type type)
{
    if (enter(compiler)) {
        if (is_avro_record(type.schema))
            register_record(compiler, type);
        else if (is_avro_array(type.schema) || is_avro_map(type.schema))
            register_records(compiler, inner_type(type));
        else if (is_avro_union(type.schema))
            for (size_t i = 0; i < avro_schema_union_size(type.schema); i++)
                register_records(compiler, union_branch(type, (int)i));
    }
    compiler->nesting--;
}

/* ---- skipping ---- */

static void emit_call(struct compiler *compiler, avro_schema_t schema)
{
    struct record *record = find_record(compiler, schema);
    eng_assert(record != NULL);
    uint32_t index = emit(compiler, ENG_OP_CALL, 0,
                          (uint32_t)(record - (struct record *)compiler->records.items));
    uint32_t *entry = add(compiler, &compiler->calls, sizeof *entry);
    if (entry != NULL)
        *entry = index;
    record->called = true;
}

static void emit_skip_enum(struct compiler *compiler, avro_schema_t schema)
{
    int symbols = avro_schema_enum_number_of_symbols(schema);
    if (symbols > UINT16_MAX)
        too_large(compiler, "an enum has more than 65,535 symbols");
    else
        (void)emit(compiler, ENG_OP_SKIP_ENUM, (uint32_t)symbols, 0);
}

/* Types without types inside. */
static void emit_skip_leaf(struct compiler *compiler, avro_schema_t schema)
{
    switch (avro_typeof(schema)) {
    case AVRO_STRING:
    case AVRO_BYTES:
        emit_counted(compiler, ENG_OP_SKIP_BYTES);
        break;
    case AVRO_INT32:
    case AVRO_INT64:
        emit_counted(compiler, ENG_OP_SKIP_VARINT);
        break;
    case AVRO_FLOAT:
        emit_skip_fixed(compiler, 4);
        break;
    case AVRO_DOUBLE:
        emit_skip_fixed(compiler, 8);
        break;
    case AVRO_BOOLEAN:
        (void)emit(compiler, ENG_OP_SKIP_BOOLEAN, 0, 0);
        break;
    case AVRO_FIXED:
        emit_skip_fixed(compiler, avro_schema_fixed_size(schema));
        break;
    case AVRO_ENUM:
        emit_skip_enum(compiler, schema);
        break;
    default:
        eng_assert(avro_typeof(schema) == AVRO_NULL);
    }
}

/* ---- what is wanted ---- */

/* The places of the want whose paths end here. */
static uint64_t ending_here(const struct compiler *compiler, struct want want)
{
    uint64_t places = 0;
    for (unsigned i = 0; i < compiler->places; i++)
        if (want.places & bit(i) && compiler->paths[i].count == want.depth)
            places |= bit(i);
    return places;
}

/* The want behind the part `name`. */
static struct want behind(const struct compiler *compiler, struct want want, const char *name)
{
    struct want next = {0, want.depth + 1};
    for (unsigned i = 0; i < compiler->places; i++) {
        const struct eng_path *path = &compiler->paths[i];
        if (want.places & bit(i) && path->count > want.depth &&
            strcmp(path->parts[want.depth], name) == 0)
            next.places |= bit(i);
    }
    return next;
}

/* The scale of a number used as a time; ENG_SCALE_COUNT when it cannot be one. */
static enum eng_time_scale_index time_scale(struct compiler *compiler, struct type type)
{
    const char *logical = logical_type(type.json);
    bool is_long = is_avro_int64(type.schema);
    if (strncmp(logical, "local-timestamp-", strlen("local-timestamp-")) == 0) {
        if (compiler->status == ENG_OK)
            compiler->status = eng_error_set(
                compiler->err, ENG_BAD_SCHEMA,
                "input.fields.time: a %s is no instant, since its zone is not known; use a "
                "timestamp-millis or timestamp-micros",
                logical);
        return ENG_SCALE_COUNT;
    }
    if (is_long && strcmp(logical, "timestamp-millis") == 0)
        return ENG_SCALE_MS;
    if (is_long && strcmp(logical, "timestamp-micros") == 0)
        return ENG_SCALE_US;
    if (is_long && strcmp(logical, "timestamp-nanos") == 0)
        return ENG_SCALE_NS;
    if (!is_long && strcmp(logical, "date") == 0)
        return ENG_SCALE_DAYS;
    if (strncmp(logical, "time-", strlen("time-")) == 0 || compiler->time_unit == ENG_TIME_ISO)
        return ENG_SCALE_COUNT;
    return compiler->time_unit == ENG_TIME_S ? ENG_SCALE_S : ENG_SCALE_MS;
}

/* The symbols of an enum, in the plan; the index of the first. */
static uint32_t keep_symbols(struct compiler *compiler, avro_schema_t schema)
{
    uint32_t first = compiler->symbols.count;
    int count = avro_schema_enum_number_of_symbols(schema);
    for (int i = 0; i < count && compiler->status == ENG_OK; i++) {
        struct eng_slice *symbol = add(compiler, &compiler->symbols, sizeof *symbol);
        if (symbol != NULL)
            *symbol = keep_text(compiler, avro_schema_enum_get(schema, i));
    }
    return first;
}

static bool text_instruction(struct compiler *compiler, struct type type,
                             struct eng_instruction *ret)
{
    switch (avro_typeof(type.schema)) {
    case AVRO_STRING:
    case AVRO_BYTES:
        ret->op = ENG_OP_TEXT;
        return true;
    case AVRO_INT32:
    case AVRO_INT64:
        ret->op = ENG_OP_TEXT_LONG;
        return true;
    case AVRO_ENUM:
        ret->op = ENG_OP_TEXT_ENUM;
        ret->target = keep_symbols(compiler, type.schema);
        ret->count = (uint16_t)avro_schema_enum_number_of_symbols(type.schema);
        return compiler->status == ENG_OK;
    default:
        return false;
    }
}

static bool time_instruction(struct compiler *compiler, struct type type,
                             struct eng_instruction *ret)
{
    if (is_avro_string(type.schema) && compiler->time_unit == ENG_TIME_ISO) {
        ret->op = ENG_OP_TIME_TEXT;
        return true;
    }
    if (!is_avro_int32(type.schema) && !is_avro_int64(type.schema))
        return false;
    ret->op = ENG_OP_TIME_LONG;
    ret->target = time_scale(compiler, type);
    return ret->target != ENG_SCALE_COUNT;
}

static bool decimal_instruction(struct type type, struct eng_instruction *ret)
{
    json_int_t scale = json_integer_value(json_object_get(type.json, "scale"));
    if (strcmp(logical_type(type.json), "decimal") != 0 || scale < 0 ||
        scale > ENG_DECIMAL_SCALE_MAX)
        return false;
    int64_t bytes = is_avro_fixed(type.schema) ? avro_schema_fixed_size(type.schema) : 0;
    if (bytes > UINT16_MAX || (bytes == 0 && is_avro_fixed(type.schema)))
        return false;
    ret->op = ENG_OP_VALUE_DECIMAL;
    ret->count = (uint16_t)scale;
    ret->target = (uint32_t)bytes;
    return true;
}

static bool value_instruction(struct type type, struct eng_instruction *ret)
{
    switch (avro_typeof(type.schema)) {
    case AVRO_INT32:
    case AVRO_INT64:
        ret->op = ENG_OP_VALUE_LONG;
        return true;
    case AVRO_FLOAT:
        ret->op = ENG_OP_VALUE_FLOAT;
        return true;
    case AVRO_DOUBLE:
        ret->op = ENG_OP_VALUE_DOUBLE;
        return true;
    case AVRO_BYTES:
    case AVRO_FIXED:
        return decimal_instruction(type, ret);
    default:
        return false;
    }
}

/* The instruction that reads a type into a place; false when it cannot be of that type. */
static bool place_instruction(struct compiler *compiler, struct type type, unsigned place,
                              struct eng_instruction *ret)
{
    bool attribute = place >= ENG_FIELD_COUNT && place < ENG_PLACE_NUMBERS;
    *ret = (struct eng_instruction){.field = (uint8_t)place};
    if (attribute && is_avro_boolean(type.schema)) {
        ret->op = ENG_OP_TEXT_BOOLEAN;
        return true;
    }
    if (attribute || place < ENG_FIELD_TEXTS) {
        bool fits = text_instruction(compiler, type, ret);
        if (attribute && ret->op == ENG_OP_TEXT)
            ret->op = ENG_OP_ATTRIBUTE; /* the usual texts have an instruction of their own */
        return fits;
    }
    return place == ENG_FIELD_TIME ? time_instruction(compiler, type, ret)
                                   : value_instruction(type, ret);
}

/* Reads a type without types inside into the places that end here; skips it when it fits none. */
static void emit_leaf(struct compiler *compiler, struct type type, uint64_t places)
{
    struct eng_instruction fitting[ENG_PLACES_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < compiler->places; i++)
        if (places & bit(i) && place_instruction(compiler, type, i, &fitting[count])) {
            compiler->found |= bit(i);
            count++;
        }
    if (count == 0) {
        emit_skip_leaf(compiler, type.schema);
        return;
    }
    if (count > 1)
        (void)emit(compiler, ENG_OP_MARK, 0, 0);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            (void)emit(compiler, ENG_OP_REWIND, 0, 0);
        if (fitting[i].field >= ENG_PLACE_NUMBERS) {
            uint32_t at = emit(compiler, ENG_OP_NUMBER, 0, 0);
            if (compiler->status == ENG_OK)
                code_at(compiler, at)->field = fitting[i].field;
        }
        struct eng_instruction *instruction = add(compiler, &compiler->code, sizeof *instruction);
        if (instruction != NULL)
            *instruction = fitting[i];
    }
}

static void emit_record(struct compiler *compiler, struct type type, struct want want)
{
    for (size_t i = 0; i < avro_schema_record_size(type.schema); i++) {
        const char *name = avro_schema_record_field_name(type.schema, (int)i);
        emit_type(compiler, record_field(compiler, type.schema, (int)i),
                  behind(compiler, want, name));
    }
}

/* The branches one after the other, each with a jump behind the last; jumps[] leads to them. A
 * branch without code leads behind the last at once. */
static void emit_union(struct compiler *compiler, struct type type, struct want want)
{
    size_t count = avro_schema_union_size(type.schema);
    uint32_t first = compiler->jumps.count, exits = NO_START;
    if (count > UINT16_MAX) {
        too_large(compiler, "a union has more than 65,535 branches");
        return;
    }
    (void)emit(compiler, ENG_OP_UNION, (uint32_t)count, first);
    for (size_t i = 0; i < count; i++)
        (void)add(compiler, &compiler->jumps, sizeof(uint32_t));
    for (size_t i = 0; i < count && compiler->status == ENG_OK; i++) {
        uint32_t begin = here(compiler);
        emit_type(compiler, union_branch(type, (int)i), want);
        bool empty = compiler->code.count == begin;
        if (!empty && i + 1 < count)
            exits = emit(compiler, ENG_OP_JUMP, 0, exits); /* a chain, resolved below */
        if (compiler->status == ENG_OK)
            ((uint32_t *)compiler->jumps.items)[first + i] = empty ? NO_START : begin;
    }
    uint32_t end = here(compiler);
    for (size_t i = 0; i < count && compiler->status == ENG_OK; i++)
        if (((uint32_t *)compiler->jumps.items)[first + i] == NO_START)
            ((uint32_t *)compiler->jumps.items)[first + i] = end;
    while (compiler->status == ENG_OK && exits != NO_START) {
        uint32_t next = code_at(compiler, exits)->target;
        patch(compiler, exits, end);
        exits = next;
    }
}

/* An array, or a map nobody looks into. */
static void emit_skip_blocks(struct compiler *compiler, struct type type)
{
    uint32_t block = emit(compiler, ENG_OP_BLOCK, 1, 0);
    uint32_t body = here(compiler);
    if (is_avro_map(type.schema))
        emit_counted(compiler, ENG_OP_SKIP_BYTES);
    emit_type(compiler, inner_type(type), (struct want){0, 0});
    (void)emit(compiler, ENG_OP_NEXT, 0, body);
    patch(compiler, block, here(compiler));
}

/* The entries of keys[] for a map: one for each different next part of the wanted paths. */
static uint32_t add_keys(struct compiler *compiler, struct want want)
{
    uint32_t first = compiler->keys.count;
    for (unsigned i = 0; i < compiler->places; i++) {
        const struct eng_path *path = &compiler->paths[i];
        if (!(want.places & bit(i)) || path->count <= want.depth)
            continue;
        struct want same = behind(compiler, want, path->parts[want.depth]);
        if ((same.places & (bit(i) - 1)) != 0)
            continue; /* an earlier place has the same part */
        struct eng_plan_key *key = add(compiler, &compiler->keys, sizeof *key);
        if (key != NULL)
            key->text = keep_text(compiler, path->parts[want.depth]);
    }
    return compiler->keys.count - first;
}

/* A map in which some keys are wanted. */
static void emit_map(struct compiler *compiler, struct type type, struct want want)
{
    uint32_t exits = NO_START, first = compiler->keys.count;
    uint32_t block = emit(compiler, ENG_OP_BLOCK, 0, 0);
    uint32_t body = here(compiler);
    uint32_t count = add_keys(compiler, want);
    (void)emit(compiler, ENG_OP_KEY, count, first);
    (void)here(compiler);
    emit_type(compiler, inner_type(type), (struct want){0, 0});
    for (uint32_t i = first; i < first + count && compiler->status == ENG_OK; i++) {
        exits = emit(compiler, ENG_OP_JUMP, 0, exits);
        struct eng_plan_key *key = (struct eng_plan_key *)compiler->keys.items + i;
        struct want next = behind(compiler, want, key->text.data);
        key->target = here(compiler);
        (void)emit(compiler, ENG_OP_CLEAR, (uint32_t)(next.places >> 32), (uint32_t)next.places);
        emit_type(compiler, inner_type(type), next);
    }
    uint32_t end = here(compiler);
    while (compiler->status == ENG_OK && exits != NO_START) {
        uint32_t next = code_at(compiler, exits)->target;
        patch(compiler, exits, end);
        exits = next;
    }
    (void)emit(compiler, ENG_OP_NEXT, 0, body);
    patch(compiler, block, here(compiler));
}

/* True when a path of the want goes on into a map. */
static bool wants_keys(const struct compiler *compiler, struct want want)
{
    return want.places != ending_here(compiler, want);
}

static void emit_type(struct compiler *compiler, struct type type, struct want want)
{
    if (enter(compiler)) {
        type.schema = resolve(type.schema);
        if (is_avro_record(type.schema)) {
            if (want.places == 0)
                emit_call(compiler, type.schema);
            else
                emit_record(compiler, type, want);
        } else if (is_avro_union(type.schema)) {
            emit_union(compiler, type, want);
        } else if (is_avro_map(type.schema) && wants_keys(compiler, want)) {
            emit_map(compiler, type, want);
        } else if (is_avro_map(type.schema) || is_avro_array(type.schema)) {
            emit_skip_blocks(compiler, type);
        } else {
            emit_leaf(compiler, type, ending_here(compiler, want));
        }
    }
    compiler->nesting--;
}

/* Writes the subroutines that are called, those that they call, and so on; then tells the calls
 * where they are. */
static void emit_subroutines(struct compiler *compiler)
{
    bool again = true;
    while (again && compiler->status == ENG_OK) {
        again = false;
        for (uint32_t i = 0; i < compiler->records.count && compiler->status == ENG_OK; i++) {
            struct record *record = (struct record *)compiler->records.items + i;
            if (!record->called || record->start != NO_START)
                continue;
            again = true;
            record->start = here(compiler);
            emit_record(compiler, (struct type){record->schema, record->json}, (struct want){0, 0});
            (void)emit(compiler, ENG_OP_RETURN, 0, 0);
        }
    }
    for (uint32_t i = 0; i < compiler->calls.count && compiler->status == ENG_OK; i++) {
        struct eng_instruction *call = code_at(compiler, ((uint32_t *)compiler->calls.items)[i]);
        call->target = ((struct record *)compiler->records.items)[call->target].start;
    }
}

/* ---- errors ---- */

static const char *type_name(avro_schema_t schema)
{
    static const char *const names[] = {
        [AVRO_STRING] = "string", [AVRO_BYTES] = "bytes",     [AVRO_INT32] = "int",
        [AVRO_INT64] = "long",    [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
        [AVRO_NULL] = "null",     [AVRO_BOOLEAN] = "boolean", [AVRO_RECORD] = "record",
        [AVRO_ENUM] = "enum",     [AVRO_FIXED] = "fixed",     [AVRO_MAP] = "map",
        [AVRO_ARRAY] = "array",   [AVRO_UNION] = "union",     [AVRO_LINK] = "reference",
    };
    return names[avro_typeof(schema)];
}

/* The record that a type is or may be (the first branch of a union that is one), else the type. */
static avro_schema_t as_record(avro_schema_t schema)
{
    schema = resolve(schema);
    if (is_avro_union(schema))
        for (size_t i = 0; i < avro_schema_union_size(schema); i++) {
            avro_schema_t branch = resolve(avro_schema_union_branch(schema, (int)i));
            if (is_avro_record(branch))
                return branch;
        }
    return schema;
}

/* A field of a record; NULL when there is none. (avro_schema_record_field_get returns whatever is
 * on its stack then.) */
static avro_schema_t field_named(avro_schema_t record, const char *name)
{
    for (size_t i = 0; i < avro_schema_record_size(record); i++)
        if (strcmp(avro_schema_record_field_name(record, (int)i), name) == 0)
            return avro_schema_record_field_get_by_index(record, (int)i);
    return NULL;
}

/* The names of a record's fields. */
static void list_fields(avro_schema_t record, char *text, size_t size)
{
    size_t used = 0, count = avro_schema_record_size(record);
    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 avro_schema_record_field_name(record, (int)i));
}

/* Says why a required field cannot be had: follows its path as far as the schema goes. */
static enum eng_status refuse_field(const struct compiler *compiler, avro_schema_t root,
                                    enum eng_field field)
{
    const struct eng_path *path = &compiler->paths[field];
    const char *name = eng_field_name(field);
    char list[384];
    avro_schema_t schema = root;
    for (uint32_t i = 0; i < path->count; i++) {
        avro_schema_t record = as_record(schema);
        if (!is_avro_record(record))
            return eng_error_set(
                compiler->err, ENG_BAD_SCHEMA,
                "input.fields.%s: \"%s\" is looked for in a %s, which has no such part", name,
                path->parts[i], type_name(record));
        schema = field_named(record, path->parts[i]);
        list_fields(record, list, sizeof list);
        if (schema == NULL)
            return eng_error_set(compiler->err, ENG_BAD_SCHEMA,
                                 "input.fields.%s: record %s has no field \"%s\"; it has %s", name,
                                 avro_schema_name(record), path->parts[i], list);
    }
    return eng_error_set(
        compiler->err, ENG_BAD_SCHEMA, "input.fields.%s: a %s cannot be used there; %s", name,
        type_name(resolve(schema)),
        field == ENG_FIELD_TIME
            ? "a time is a long or int (time_unit ms or s), a timestamp, a date, or a "
              "string with time_unit: iso"
            : "it has to be a string, enum, int or long");
}

/* ---- putting it together ---- */

/* avro-c keeps the text of its last error in one buffer for the whole process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* tidy: allow mutable-global: avro-c's */

/* Lets avro-c parse the schema. The caller frees it with avro_schema_decref. */
static enum eng_status parse_schema(const char *text, size_t length, avro_schema_t *ret_schema,
                                    struct eng_error *err)
{
    enum eng_status status = ENG_OK;
    (void)pthread_mutex_lock(&lock); /* a plain mutex, initialised: cannot fail */
    if (avro_schema_from_json_length(text, length, ret_schema) != 0)
        status = eng_error_set(err, ENG_BAD_SCHEMA, "not an Avro schema: %s", avro_strerror());
    (void)pthread_mutex_unlock(&lock);
    return status;
}

/* Everything between the parsed schema and the plan's tables. */
static enum eng_status compile(struct compiler *compiler, avro_schema_t root, const json_t *json)
{
    struct want want = {0, 0};
    for (unsigned i = 0; i < compiler->places; i++)
        if (compiler->paths[i].count > 0)
            want.places |= bit(i);
    struct type type = {root, json};
    register_records(compiler, type);
    emit_type(compiler, type, want);
    (void)emit(compiler, ENG_OP_END, 0, 0);
    emit_subroutines(compiler);
    for (unsigned i = 0; i < ENG_FIELD_COUNT && compiler->status == ENG_OK; i++)
        if (eng_field_required((enum eng_field)i) && !(compiler->found & bit(i)))
            compiler->status = refuse_field(compiler, root, (enum eng_field)i);
    return compiler->status;
}

/* Moves the tables into a plan. */
static enum eng_status make_plan(struct compiler *compiler, struct eng_plan **ret_plan)
{
    struct eng_plan *plan = eng_calloc(1, sizeof *plan);
    if (plan == NULL)
        return eng_error_set(compiler->err, ENG_NO_MEMORY, "out of memory for the plan");
    plan->code = compiler->code.items;
    plan->jumps = compiler->jumps.items;
    plan->keys = compiler->keys.items;
    plan->symbols = compiler->symbols.items;
    plan->texts = compiler->texts;
    plan->found = compiler->found;
    plan->attributes = compiler->attributes;
    plan->numbers = compiler->numbers;
    compiler->code = compiler->jumps = compiler->keys = compiler->symbols = (struct table){0};
    eng_arena_init(&compiler->texts, TEXTS_CHUNK_BYTES);
    *ret_plan = plan;
    return ENG_OK;
}

static void compiler_done(struct compiler *compiler)
{
    eng_free(compiler->code.items);
    eng_free(compiler->jumps.items);
    eng_free(compiler->keys.items);
    eng_free(compiler->symbols.items);
    eng_free(compiler->records.items);
    eng_free(compiler->calls.items);
    eng_arena_done(&compiler->texts);
}

enum eng_status eng_plan_compile(const char *schema_json, size_t length,
                                 const struct eng_mapping *mapping, struct eng_plan **ret_plan,
                                 struct eng_error *err)
{
    eng_assert(schema_json != NULL && mapping != NULL && ret_plan != NULL);
    struct compiler compiler = {.paths = mapping->paths,
                                .places = mapping->number_count > 0
                                              ? ENG_PLACE_NUMBERS + mapping->number_count
                                              : ENG_FIELD_COUNT + mapping->attribute_count,
                                .attributes = mapping->attribute_count,
                                .numbers = mapping->number_count,
                                .time_unit = mapping->time_unit,
                                .err = err};
    avro_schema_t root = NULL;
    json_t *json = NULL;
    eng_arena_init(&compiler.texts, TEXTS_CHUNK_BYTES);
    enum eng_status status = parse_schema(schema_json, length, &root, err);
    if (status != ENG_OK)
        return status;
    json = json_loadb(schema_json, length, JSON_DECODE_ANY, NULL); /* NULL: no logical types */
    status = compile(&compiler, root, json);
    if (status == ENG_OK)
        status = make_plan(&compiler, ret_plan);
    compiler_done(&compiler);
    json_decref(json);
    (void)avro_schema_decref(root); /* the count that is left says nothing to us */
    return status;
}

bool eng_plan_has(const struct eng_plan *plan, unsigned place)
{
    eng_assert(plan != NULL && place < ENG_PLACES_MAX);
    return plan->found >> place & 1;
}

void eng_plan_free(struct eng_plan *plan)
{
    if (plan == NULL)
        return;
    eng_free(plan->code);
    eng_free(plan->jumps);
    eng_free(plan->keys);
    eng_free(plan->symbols);
    eng_arena_done(&plan->texts);
    eng_free(plan);
}
