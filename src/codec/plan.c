/* Running a decoder plan over the bytes of a record.
 *
 * The bytes are not trusted; the program is. What keeps a run bounded and inside the record:
 *
 * 1. Every read checks what is left of the record first; `p` never passes `end`.
 * 2. A varint has at most ten bytes, the tenth at most 1.
 * 3. Every instruction takes at least one byte, but for these: JUMP and NEXT (which follow one that
 * took a byte or paid), CLEAR, MARK, REWIND (a fixed number of them behind a byte), and CALL and
 * the items of a block, which pay one from the budget each. The budget is BUDGET_FIXED +
 * BUDGET_PER_BYTE a byte: an array of 2^62 nulls or records without fields ends at once.
 * 4. Blocks and calls nest at most DEPTH_MAX deep, whatever a recursive schema allows.
 * 5. A block that tells its size must have it; where nobody looks inside it is skipped by it.
 * 6. The whole record has to be used up.
 *
 * Cost: about one predicted branch an instruction; nothing is allocated or copied but the text of
 * an integer id. */
#include "codec/program.h"

#include "base/assert.h"
#include <string.h>

enum { DEPTH_MAX = 128, BUDGET_FIXED = 4096, BUDGET_PER_BYTE = 16 };

const struct eng_time_scale_row eng_time_scales[ENG_SCALE_COUNT] = {
    [ENG_SCALE_MS] = {1, 1},       [ENG_SCALE_S] = {1000, 1},        [ENG_SCALE_US] = {1, 1000},
    [ENG_SCALE_NS] = {1, 1000000}, [ENG_SCALE_DAYS] = {86400000, 1},
};

/* A call or a block that is being worked off. */
struct frame {
    uint64_t left;      /* block: items still to come, this one included */
    const uint8_t *end; /* block: where it has to end, NULL when it does not say */
    uint32_t back;      /* call: where to go on */
};

struct run {
    const uint8_t *p, *end, *mark;
    uint32_t pc; /* of the next instruction */
    uint32_t depth;
    uint64_t budget;
    enum eng_reason reason; /* why it stopped */
    struct frame frames[DEPTH_MAX];
};

static inline bool fail(struct run *run, enum eng_reason reason)
{
    run->reason = reason;
    return false;
}

static inline size_t left(const struct run *run)
{
    return (size_t)(run->end - run->p);
}

/* The rest of a varint behind its first byte. */
static bool read_varint_rest(struct run *run, uint64_t first, uint64_t *ret_number)
{
    const uint8_t *p = run->p;
    uint64_t number = first & 0x7F;
    for (unsigned shift = 7; shift < 64; shift += 7) {
        if (p == run->end)
            return fail(run, ENG_REASON_TRUNCATED);
        uint64_t byte = *p++;
        number |= (byte & 0x7F) << shift;
        if (byte < 0x80 && (shift < 63 || byte <= 1)) {
            run->p = p;
            *ret_number = number;
            return true;
        }
    }
    return fail(run, ENG_REASON_MALFORMED);
}

static inline bool read_long(struct run *run, int64_t *ret_number)
{
    if (run->p == run->end)
        return fail(run, ENG_REASON_TRUNCATED);
    uint64_t number = *run->p++;
    if (number >= 0x80 && !read_varint_rest(run, number, &number))
        return false;
    *ret_number = (int64_t)(number >> 1 ^ (0 - (number & 1)));
    return true;
}

/* An index below `count`: of an enum or union. */
static inline bool read_index(struct run *run, uint32_t count, uint32_t *ret_index)
{
    int64_t index;
    if (!read_long(run, &index))
        return false;
    if (index < 0 || index >= count)
        return fail(run, ENG_REASON_MALFORMED);
    *ret_index = (uint32_t)index;
    return true;
}

/* `bytes` bytes at p, and past them. */
static inline bool read_fixed(struct run *run, uint64_t bytes, const uint8_t **ret_data)
{
    if (bytes > left(run))
        return fail(run, ENG_REASON_TRUNCATED);
    *ret_data = run->p;
    run->p += bytes;
    return true;
}

static inline bool read_bytes(struct run *run, struct eng_slice *ret_text)
{
    int64_t length;
    const uint8_t *data;
    if (!read_long(run, &length))
        return false;
    if (length < 0)
        return fail(run, ENG_REASON_MALFORMED);
    if (!read_fixed(run, (uint64_t)length, &data))
        return false;
    *ret_text = (struct eng_slice){(const char *)data, (uint32_t)length};
    return true;
}

static inline bool skip_varints(struct run *run, unsigned count)
{
    int64_t number;
    for (; count > 0; count--)
        if (!read_long(run, &number))
            return false;
    return true;
}

static inline bool skip_bytes(struct run *run, unsigned count)
{
    struct eng_slice text;
    for (; count > 0; count--)
        if (!read_bytes(run, &text))
            return false;
    return true;
}

static inline bool skip_boolean(struct run *run)
{
    const uint8_t *data;
    if (!read_fixed(run, 1, &data))
        return false;
    return *data <= 1 || fail(run, ENG_REASON_MALFORMED);
}

static inline bool choose(struct run *run, const struct eng_plan *plan,
                          struct eng_instruction instruction)
{
    uint32_t index;
    if (!read_index(run, instruction.count, &index))
        return false;
    run->pc = plan->jumps[instruction.target + index];
    return true;
}

static inline bool pay(struct run *run, uint64_t price)
{
    if (price > run->budget)
        return fail(run, ENG_REASON_MALFORMED);
    run->budget -= price;
    return true;
}

static inline bool push(struct run *run, struct frame frame)
{
    if (run->depth == DEPTH_MAX)
        return fail(run, ENG_REASON_MALFORMED);
    run->frames[run->depth++] = frame;
    return true;
}

static bool call(struct run *run, uint32_t target)
{
    if (!pay(run, 1) || !push(run, (struct frame){.back = run->pc}))
        return false;
    run->pc = target;
    return true;
}

/* The size of a block, and where it therefore ends. */
static bool read_block_end(struct run *run, const uint8_t **ret_end)
{
    int64_t size;
    if (!read_long(run, &size))
        return false;
    if (size < 0)
        return fail(run, ENG_REASON_MALFORMED);
    if ((uint64_t)size > left(run))
        return fail(run, ENG_REASON_TRUNCATED);
    *ret_end = run->p + size;
    return true;
}

/* Begins a block: a count of items, 0 at the end, negative when a size in bytes follows. */
static inline bool begin_block(struct run *run, struct eng_instruction instruction)
{
    int64_t count;
    const uint8_t *end = NULL;
    if (!read_long(run, &count))
        return false;
    if (count == 0) {
        run->pc = instruction.target;
        return true;
    }
    uint64_t items = count > 0 ? (uint64_t)count : 0 - (uint64_t)count;
    if (count < 0 && !read_block_end(run, &end))
        return false;
    if (count < 0 && instruction.count != 0) {
        run->p = end;
        run->pc--; /* the next block */
        return true;
    }
    return pay(run, items) && push(run, (struct frame){.left = items, .end = end});
}

/* Goes to the next item, or behind the block. */
static inline bool next_item(struct run *run, uint32_t target)
{
    struct frame *frame = &run->frames[run->depth - 1];
    run->pc = target;
    if (--frame->left > 0)
        return true;
    if (frame->end != NULL && frame->end != run->p)
        return fail(run, ENG_REASON_MALFORMED);
    run->depth--;
    run->pc = target - 1;
    return true;
}

static bool find_key(struct run *run, const struct eng_plan *plan,
                     struct eng_instruction instruction)
{
    struct eng_slice key;
    if (!read_bytes(run, &key))
        return false;
    for (uint32_t i = 0; i < instruction.count; i++) {
        const struct eng_plan_key *wanted = &plan->keys[instruction.target + i];
        if (wanted->text.length == key.length &&
            memcmp(wanted->text.data, key.data, key.length) == 0) {
            run->pc = wanted->target;
            break;
        }
    }
    return true;
}

static void clear_fields(struct eng_fields *fields, unsigned set)
{
    for (int i = 0; i < ENG_FIELD_TEXTS; i++)
        if (set & 1u << i)
            fields->text[i] = (struct eng_slice){NULL, 0};
    if (set & 1u << ENG_FIELD_TIME)
        fields->time_ms = ENG_TIME_NONE;
    if (set & 1u << ENG_FIELD_VALUE)
        fields->value_e4 = ENG_VALUE_NONE;
}

static bool text_from_enum(struct run *run, const struct eng_plan *plan,
                           struct eng_instruction instruction, struct eng_slice *ret_text)
{
    uint32_t index;
    if (!read_index(run, instruction.count, &index))
        return false;
    *ret_text = plan->symbols[instruction.target + index];
    return true;
}

static bool text_from_long(struct run *run, struct eng_arena *arena, struct eng_slice *ret_text)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    char *text = eng_arena_alloc(arena, 20);
    if (text == NULL)
        return fail(run, ENG_REASON_NO_MEMORY);
    *ret_text = (struct eng_slice){text, eng_decimal(number, text)};
    return true;
}

static inline bool read_time(struct run *run, uint32_t scale, int64_t *ret_ms)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    *ret_ms =
        eng_time_scale(number, eng_time_scales[scale].multiply, eng_time_scales[scale].divide);
    return true;
}

static bool read_time_text(struct run *run, int64_t *ret_ms)
{
    struct eng_slice text;
    if (!read_bytes(run, &text))
        return false;
    *ret_ms = eng_time_from_text(text);
    return true;
}

static bool value_from_long(struct run *run, int64_t *ret_value_e4)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    *ret_value_e4 = eng_value_e4((double)number);
    return true;
}

static bool value_from_float(struct run *run, int64_t *ret_value_e4)
{
    const uint8_t *data;
    if (!read_fixed(run, 4, &data))
        return false;
    uint32_t bits =
        data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
    float number;
    memcpy(&number, &bits, sizeof number);
    *ret_value_e4 = eng_value_e4((double)number);
    return true;
}

static inline bool value_from_double(struct run *run, int64_t *ret_value_e4)
{
    const uint8_t *data;
    if (!read_fixed(run, 8, &data))
        return false;
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)data[i] << (8 * i);
    double number;
    memcpy(&number, &bits, sizeof number);
    *ret_value_e4 = eng_value_e4(number);
    return true;
}

/* The double of a two's complement number, big-endian, over 10^scale. Longer than 16 bytes without
 * their leading signs: none. */
static double decimal_number(const uint8_t *data, size_t length, unsigned scale)
{
    unsigned __int128 bits = length > 0 && data[0] >= 0x80 ? ~(unsigned __int128)0 : 0;
    uint8_t sign = (uint8_t)bits;
    double power = 1;
    while (length > 16 && data[0] == sign && (data[1] & 0x80) == (sign & 0x80)) {
        data++;
        length--;
    }
    if (length > 16)
        return NAN;
    for (size_t i = 0; i < length; i++)
        bits = bits << 8 | data[i];
    for (unsigned i = 0; i < scale; i++)
        power *= 10;
    return (double)(__int128)bits / power;
}

static bool value_from_decimal(struct run *run, struct eng_instruction instruction,
                               int64_t *ret_value_e4)
{
    struct eng_slice text;
    const uint8_t *data;
    uint32_t bytes = instruction.target;
    if (bytes == 0) {
        if (!read_bytes(run, &text))
            return false;
        data = (const uint8_t *)text.data;
        bytes = text.length;
    } else if (!read_fixed(run, bytes, &data)) {
        return false;
    }
    *ret_value_e4 = eng_value_e4(decimal_number(data, bytes, instruction.count));
    return true;
}

/* One instruction that looks at no field. False: the run has stopped. */
static inline bool step_plain(struct run *run, const struct eng_plan *plan,
                              struct eng_instruction instruction)
{
    const uint8_t *data;
    uint32_t index;
    switch (instruction.op) {
    case ENG_OP_SKIP_VARINT:
        return skip_varints(run, instruction.count);
    case ENG_OP_SKIP_BYTES:
        return skip_bytes(run, instruction.count);
    case ENG_OP_SKIP_FIXED:
        return read_fixed(run, instruction.target, &data);
    case ENG_OP_SKIP_BOOLEAN:
        return skip_boolean(run);
    case ENG_OP_SKIP_ENUM:
        return read_index(run, instruction.count, &index);
    case ENG_OP_UNION:
        return choose(run, plan, instruction);
    case ENG_OP_JUMP:
        run->pc = instruction.target;
        return true;
    case ENG_OP_CALL:
        return call(run, instruction.target);
    case ENG_OP_RETURN:
        run->pc = run->frames[--run->depth].back;
        return true;
    case ENG_OP_BLOCK:
        return begin_block(run, instruction);
    case ENG_OP_NEXT:
        return next_item(run, instruction.target);
    case ENG_OP_KEY:
        return find_key(run, plan, instruction);
    case ENG_OP_MARK:
        run->mark = run->p;
        return true;
    case ENG_OP_REWIND:
        run->p = run->mark;
        return true;
    default:
        return fail(run, ENG_REASON_NONE); /* END */
    }
}

/* Runs to the end or to the first failure; run->reason tells. */
static inline void execute(struct run *run, const struct eng_plan *plan, struct eng_arena *arena,
                           struct eng_fields *fields)
{
    bool going = true;
    while (going) {
        struct eng_instruction instruction = plan->code[run->pc++];
        switch (instruction.op) {
        case ENG_OP_TEXT:
            going = read_bytes(run, &fields->text[instruction.field]);
            break;
        case ENG_OP_TEXT_ENUM:
            going = text_from_enum(run, plan, instruction, &fields->text[instruction.field]);
            break;
        case ENG_OP_TEXT_LONG:
            going = text_from_long(run, arena, &fields->text[instruction.field]);
            break;
        case ENG_OP_TIME_LONG:
            going = read_time(run, instruction.target, &fields->time_ms);
            break;
        case ENG_OP_TIME_TEXT:
            going = read_time_text(run, &fields->time_ms);
            break;
        case ENG_OP_VALUE_LONG:
            going = value_from_long(run, &fields->value_e4);
            break;
        case ENG_OP_VALUE_FLOAT:
            going = value_from_float(run, &fields->value_e4);
            break;
        case ENG_OP_VALUE_DOUBLE:
            going = value_from_double(run, &fields->value_e4);
            break;
        case ENG_OP_VALUE_DECIMAL:
            going = value_from_decimal(run, instruction, &fields->value_e4);
            break;
        case ENG_OP_CLEAR:
            clear_fields(fields, instruction.count);
            break;
        default:
            going = step_plain(run, plan, instruction);
        }
    }
}

enum eng_reason eng_plan_read_prefix(const struct eng_plan *plan, struct eng_arena *arena,
                                     const uint8_t *data, size_t length, size_t *ret_used,
                                     struct eng_fields *ret_fields)
{
    eng_assert(data != NULL || length == 0);
    struct run run; /* the frames stay unset until they are pushed */
    eng_fields_clear(ret_fields);
    *ret_used = 0;
    if (plan == NULL)
        return ENG_REASON_UNKNOWN_SCHEMA;
    if (length > UINT32_MAX)
        return ENG_REASON_MALFORMED;
    run.p = run.mark = data;
    run.end = data + length;
    run.pc = run.depth = 0;
    run.budget = BUDGET_FIXED + (uint64_t)BUDGET_PER_BYTE * length;
    execute(&run, plan, arena, ret_fields);
    *ret_used = (size_t)(run.p - data);
    return run.reason;
}

enum eng_reason eng_plan_read(const struct eng_plan *plan, struct eng_arena *arena,
                              const uint8_t *data, size_t length, struct eng_fields *ret_fields)
{
    size_t used;
    enum eng_reason reason = eng_plan_read_prefix(plan, arena, data, length, &used, ret_fields);
    return reason == ENG_REASON_NONE && used != length ? ENG_REASON_TRAILING : reason;
}
