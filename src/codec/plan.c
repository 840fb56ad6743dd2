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
#include <endian.h>
#include <string.h>

enum { DEPTH_MAX = 128, BUDGET_FIXED = 4096, BUDGET_PER_BYTE = 16 };

const struct eng_time_scale_row eng_time_scales[ENG_SCALE_COUNT] = {
    [ENG_SCALE_MS] = {1, 1},       [ENG_SCALE_S] = {1000, 1},        [ENG_SCALE_US] = {1, 1000},
    [ENG_SCALE_NS] = {1, 1000000}, [ENG_SCALE_DAYS] = {86400000, 1},
};

/* A call or a block that is being worked off. */
struct frame {
    uint64_t left;                      /* block: items still to come, this one included */
    const uint8_t *end;                 /* block: where it has to end, NULL when it does not say */
    const struct eng_instruction *back; /* call: where to go on */
};

/* A run. execute() keeps it in a local variable whose address goes to inlined functions only, so
 * that the compiler can hold it in registers; what is rare and not inlined gets a copy (see
 * step_rare). */
struct run {
    const uint8_t *p, *end, *mark;
    const struct eng_instruction *pc; /* the next instruction */
    uint32_t depth;
    uint64_t budget;
    enum eng_reason reason; /* why it stopped */
};

/* What the run works with; unchanged by it. */
struct tools {
    const struct eng_plan *plan;
    struct eng_arena *arena;
    struct eng_fields *fields;
    struct frame *frames; /* DEPTH_MAX of them */
};

#define ENG_INLINE static inline __attribute__((always_inline))

ENG_INLINE bool fail(struct run *run, enum eng_reason reason)
{
    run->reason = reason;
    return false;
}

ENG_INLINE size_t left(const struct run *run)
{
    return (size_t)(run->end - run->p);
}

/* The rest of a varint behind its first byte, byte by byte. */
static __attribute__((noinline)) enum eng_reason read_rest(const uint8_t **p, const uint8_t *end,
                                                           uint64_t *number)
{
    uint64_t byte = 0x80, sum = *number & 0x7F;
    const uint8_t *q = *p;
    for (unsigned shift = 7; byte >= 0x80; shift += 7) {
        if (q == end)
            return ENG_REASON_TRUNCATED;
        byte = *q++;
        if (shift == 63 && byte > 1)
            return ENG_REASON_MALFORMED;
        sum |= (byte & 0x7F) << shift;
    }
    *p = q;
    *number = sum;
    return ENG_REASON_NONE;
}

/* A varint: seven bits a byte, the lowest first. One byte is the usual case; times have six, so up
 * to eight are taken from one word: the first byte without its high bit ends the number, and three
 * steps close the gaps of the high bits. */
ENG_INLINE bool read_varint(struct run *run, uint64_t *ret_number)
{
    if (run->p == run->end)
        return fail(run, ENG_REASON_TRUNCATED);
    uint64_t word = *run->p;
    if (word < 0x80) {
        run->p++;
        *ret_number = word;
        return true;
    }
    uint64_t stops = 0;
    if (left(run) >= 8) {
        memcpy(&word, run->p, sizeof word);
        word = le64toh(word);
        stops = ~word & 0x8080808080808080u;
    }
    if (stops == 0) {
        const uint8_t *p = run->p + 1; /* copies, so that neither of the two has to be in memory */
        uint64_t number = word & 0xFF;
        enum eng_reason reason = read_rest(&p, run->end, &number);
        run->p = p;
        *ret_number = number;
        return reason == ENG_REASON_NONE || fail(run, reason);
    }
    uint64_t lowest = stops & (0 - stops); /* the high bit of the last byte */
    word &= (lowest - 1) & 0x7F7F7F7F7F7F7F7Fu;
    word = (word & 0x007F007F007F007Fu) | (word & 0x7F007F007F007F00u) >> 1;
    word = (word & 0x00003FFF00003FFFu) | (word & 0x3FFF00003FFF0000u) >> 2;
    word = (word & 0x000000000FFFFFFFu) | (word & 0x0FFFFFFF00000000u) >> 4;
    run->p += ((unsigned)__builtin_ctzll(lowest) + 1) / 8;
    *ret_number = word;
    return true;
}

ENG_INLINE bool read_long(struct run *run, int64_t *ret_number)
{
    uint64_t number;
    if (!read_varint(run, &number))
        return false;
    *ret_number = (int64_t)(number >> 1 ^ (0 - (number & 1)));
    return true;
}

/* A long that may not be negative: an index or a length. */
ENG_INLINE bool read_natural(struct run *run, uint64_t *ret_number)
{
    uint64_t number;
    if (!read_varint(run, &number))
        return false;
    *ret_number = number >> 1;
    return (number & 1) == 0 || fail(run, ENG_REASON_MALFORMED);
}

/* An index below `count`: of an enum or union. */
ENG_INLINE bool read_index(struct run *run, uint32_t count, uint32_t *ret_index)
{
    uint64_t index;
    if (!read_natural(run, &index))
        return false;
    *ret_index = (uint32_t)index;
    return index < count || fail(run, ENG_REASON_MALFORMED);
}

/* `bytes` bytes at p, and past them. */
ENG_INLINE bool read_fixed(struct run *run, uint64_t bytes, const uint8_t **ret_data)
{
    if (bytes > left(run))
        return fail(run, ENG_REASON_TRUNCATED);
    *ret_data = run->p;
    run->p += bytes;
    return true;
}

ENG_INLINE bool read_bytes(struct run *run, struct eng_slice *ret_text)
{
    uint64_t length;
    const uint8_t *data;
    if (!read_natural(run, &length) || !read_fixed(run, length, &data))
        return false;
    *ret_text = (struct eng_slice){(const char *)data, (uint32_t)length};
    return true;
}

ENG_INLINE bool skip_varints(struct run *run, unsigned count)
{
    uint64_t number;
    for (; count > 0; count--)
        if (!read_varint(run, &number))
            return false;
    return true;
}

ENG_INLINE bool skip_bytes(struct run *run, unsigned count)
{
    struct eng_slice text;
    for (; count > 0; count--)
        if (!read_bytes(run, &text))
            return false;
    return true;
}

static bool skip_boolean(struct run *run)
{
    const uint8_t *data;
    if (!read_fixed(run, 1, &data))
        return false;
    return *data <= 1 || fail(run, ENG_REASON_MALFORMED);
}

ENG_INLINE bool choose(struct run *run, const struct tools *tools,
                       const struct eng_instruction *instruction)
{
    uint32_t index;
    if (!read_index(run, instruction->count, &index))
        return false;
    run->pc = tools->plan->code + tools->plan->jumps[instruction->target + index];
    return true;
}

ENG_INLINE bool pay(struct run *run, uint64_t price)
{
    if (price > run->budget)
        return fail(run, ENG_REASON_MALFORMED);
    run->budget -= price;
    return true;
}

ENG_INLINE bool push(struct run *run, const struct tools *tools, struct frame frame)
{
    if (run->depth == DEPTH_MAX)
        return fail(run, ENG_REASON_MALFORMED);
    tools->frames[run->depth++] = frame;
    return true;
}

static bool call(struct run *run, const struct tools *tools,
                 const struct eng_instruction *instruction)
{
    if (!pay(run, 1) || !push(run, tools, (struct frame){.back = run->pc}))
        return false;
    run->pc = tools->plan->code + instruction->target;
    return true;
}

/* The size of a block, and where it therefore ends. */
ENG_INLINE bool read_block_end(struct run *run, const uint8_t **ret_end)
{
    uint64_t size;
    if (!read_natural(run, &size))
        return false;
    if (size > left(run))
        return fail(run, ENG_REASON_TRUNCATED);
    *ret_end = run->p + size;
    return true;
}

/* Begins a block: a count of items, 0 at the end, negative when a size in bytes follows. */
ENG_INLINE bool begin_block(struct run *run, const struct tools *tools,
                            const struct eng_instruction *instruction)
{
    int64_t count;
    const uint8_t *end = NULL;
    if (!read_long(run, &count))
        return false;
    if (count == 0) {
        run->pc = tools->plan->code + instruction->target;
        return true;
    }
    uint64_t items = count > 0 ? (uint64_t)count : 0 - (uint64_t)count;
    if (count < 0 && !read_block_end(run, &end))
        return false;
    if (count < 0 && instruction->count != 0) {
        run->p = end;
        run->pc--; /* the next block */
        return true;
    }
    return pay(run, items) && push(run, tools, (struct frame){.left = items, .end = end});
}

/* Goes to the next item; at the end of a block to the next block, which is read by the instruction
 * in front of the items. */
ENG_INLINE bool next_item(struct run *run, const struct tools *tools,
                          const struct eng_instruction *instruction)
{
    struct frame *frame = &tools->frames[run->depth - 1];
    run->pc = tools->plan->code + instruction->target;
    if (--frame->left > 0)
        return true;
    run->depth--;
    run->pc--;
    return frame->end == NULL || frame->end == run->p || fail(run, ENG_REASON_MALFORMED);
}

static bool find_key(struct run *run, const struct tools *tools,
                     const struct eng_instruction *instruction)
{
    struct eng_slice key;
    if (!read_bytes(run, &key))
        return false;
    for (uint32_t i = 0; i < instruction->count; i++) {
        const struct eng_plan_key *wanted = &tools->plan->keys[instruction->target + i];
        if (wanted->text.length == key.length &&
            memcmp(wanted->text.data, key.data, key.length) == 0) {
            run->pc = tools->plan->code + wanted->target;
            break;
        }
    }
    return true;
}

static void clear_places(const struct tools *tools, const struct eng_instruction *instruction)
{
    struct eng_fields *fields = tools->fields;
    uint64_t set = (uint64_t)instruction->count << 32 | instruction->target;
    for (unsigned i = 0; i < ENG_FIELD_TEXTS; i++)
        if (set >> i & 1)
            fields->text[i] = (struct eng_slice){NULL, 0};
    for (unsigned i = 0; i < tools->plan->attributes; i++)
        if (set >> (ENG_FIELD_COUNT + i) & 1)
            fields->attributes[i] = (struct eng_slice){NULL, 0};
    for (unsigned i = 0; i < tools->plan->numbers; i++)
        if (set >> (ENG_PLACE_NUMBERS + i) & 1)
            fields->numbers[i] = ENG_VALUE_NONE;
    if (set >> ENG_FIELD_TIME & 1)
        fields->time_ms = ENG_TIME_NONE;
    if (set >> ENG_FIELD_VALUE & 1)
        fields->value_e4 = ENG_VALUE_NONE;
}

/* Where a text belongs: to a field or an attribute. */
static struct eng_slice *text_of(const struct tools *tools,
                                 const struct eng_instruction *instruction)
{
    unsigned place = instruction->field;
    return place < ENG_FIELD_COUNT ? &tools->fields->text[place]
                                   : &tools->fields->attributes[place - ENG_FIELD_COUNT];
}

static bool text_from_enum(struct run *run, const struct tools *tools,
                           const struct eng_instruction *instruction)
{
    uint32_t index;
    if (!read_index(run, instruction->count, &index))
        return false;
    *text_of(tools, instruction) = tools->plan->symbols[instruction->target + index];
    return true;
}

static bool text_from_long(struct run *run, const struct tools *tools,
                           const struct eng_instruction *instruction)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    char *text = eng_arena_alloc(tools->arena, 20);
    if (text == NULL)
        return fail(run, ENG_REASON_NO_MEMORY);
    *text_of(tools, instruction) = (struct eng_slice){text, eng_decimal(number, text)};
    return true;
}

static bool text_from_boolean(struct run *run, const struct tools *tools,
                              const struct eng_instruction *instruction)
{
    const uint8_t *data;
    if (!read_fixed(run, 1, &data))
        return false;
    *text_of(tools, instruction) =
        *data == 1 ? (struct eng_slice){"true", 4} : (struct eng_slice){"false", 5};
    return *data <= 1 || fail(run, ENG_REASON_MALFORMED);
}

/* A time in milliseconds is the usual case; the others are scaled. */
ENG_INLINE bool time_from_long(struct run *run, const struct tools *tools, uint32_t scale)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    if (scale != ENG_SCALE_MS)
        number =
            eng_time_scale(number, eng_time_scales[scale].multiply, eng_time_scales[scale].divide);
    tools->fields->time_ms = number >= 0 && number <= ENG_TIME_MS_MAX ? number : ENG_TIME_NONE;
    return true;
}

static bool time_from_text(struct run *run, const struct tools *tools)
{
    struct eng_slice text;
    if (!read_bytes(run, &text))
        return false;
    tools->fields->time_ms = eng_time_from_text(text);
    return true;
}

static bool value_from_long(struct run *run, const struct tools *tools)
{
    int64_t number;
    if (!read_long(run, &number))
        return false;
    tools->fields->value_e4 = eng_value_e4((double)number);
    return true;
}

static bool value_from_float(struct run *run, const struct tools *tools)
{
    const uint8_t *data;
    if (!read_fixed(run, 4, &data))
        return false;
    uint32_t bits;
    float number;
    memcpy(&bits, data, sizeof bits);
    bits = le32toh(bits);
    memcpy(&number, &bits, sizeof number);
    tools->fields->value_e4 = eng_value_e4((double)number);
    return true;
}

ENG_INLINE bool value_from_double(struct run *run, const struct tools *tools)
{
    const uint8_t *data;
    if (!read_fixed(run, 8, &data))
        return false;
    uint64_t bits;
    double number;
    memcpy(&bits, data, sizeof bits);
    bits = le64toh(bits);
    memcpy(&number, &bits, sizeof number);
    tools->fields->value_e4 = eng_value_e4(number);
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
        return (double)NAN;
    for (size_t i = 0; i < length; i++)
        bits = bits << 8 | data[i];
    for (unsigned i = 0; i < scale; i++)
        power *= 10;
    return (double)(__int128)bits / power;
}

static bool value_from_decimal(struct run *run, const struct tools *tools,
                               const struct eng_instruction *instruction)
{
    struct eng_slice text;
    const uint8_t *data;
    uint32_t bytes = instruction->target;
    if (bytes == 0) {
        if (!read_bytes(run, &text))
            return false;
        data = (const uint8_t *)text.data;
        bytes = text.length;
    } else if (!read_fixed(run, bytes, &data)) {
        return false;
    }
    tools->fields->value_e4 = eng_value_e4(decimal_number(data, bytes, instruction->count));
    return true;
}

/* Reads a number by the instruction behind, which would write the value; that stays what it was. */
static bool read_number(struct run *run, const struct tools *tools,
                        const struct eng_instruction *instruction)
{
    struct eng_fields *fields = tools->fields;
    const struct eng_instruction *reads = run->pc++;
    int64_t value_e4 = fields->value_e4;
    bool fine;
    fields->value_e4 = ENG_VALUE_NONE;
    if (reads->op == ENG_OP_VALUE_LONG)
        fine = value_from_long(run, tools);
    else if (reads->op == ENG_OP_VALUE_FLOAT)
        fine = value_from_float(run, tools);
    else if (reads->op == ENG_OP_VALUE_DOUBLE)
        fine = value_from_double(run, tools);
    else
        fine = value_from_decimal(run, tools, reads);
    fields->numbers[instruction->field - ENG_PLACE_NUMBERS] = fields->value_e4;
    fields->value_e4 = value_e4;
    return fine;
}

/* The instructions that are rare or long: not inlined. */
static __attribute__((noinline)) bool step_rare(struct run *run, const struct tools *tools,
                                                const struct eng_instruction *instruction)
{
    uint32_t index;
    switch (instruction->op) {
    case ENG_OP_SKIP_BOOLEAN:
        return skip_boolean(run);
    case ENG_OP_SKIP_ENUM:
        return read_index(run, instruction->count, &index);
    case ENG_OP_CALL:
        return call(run, tools, instruction);
    case ENG_OP_RETURN:
        run->pc = tools->frames[--run->depth].back;
        return true;
    case ENG_OP_KEY:
        return find_key(run, tools, instruction);
    case ENG_OP_CLEAR:
        clear_places(tools, instruction);
        return true;
    case ENG_OP_MARK:
        run->mark = run->p;
        return true;
    case ENG_OP_REWIND:
        run->p = run->mark;
        return true;
    case ENG_OP_TEXT_ENUM:
        return text_from_enum(run, tools, instruction);
    case ENG_OP_TEXT_LONG:
        return text_from_long(run, tools, instruction);
    case ENG_OP_ATTRIBUTE:
        return read_bytes(run, text_of(tools, instruction));
    case ENG_OP_TEXT_BOOLEAN:
        return text_from_boolean(run, tools, instruction);
    case ENG_OP_TIME_TEXT:
        return time_from_text(run, tools);
    case ENG_OP_VALUE_LONG:
        return value_from_long(run, tools);
    case ENG_OP_VALUE_FLOAT:
        return value_from_float(run, tools);
    case ENG_OP_VALUE_DECIMAL:
        return value_from_decimal(run, tools, instruction);
    case ENG_OP_NUMBER:
        return read_number(run, tools, instruction);
    default:
        eng_assert(!"an instruction that nobody knows");
        return false;
    }
}

/* Runs to the end or to the first failure; returns why it stopped. */
static enum eng_reason execute(const struct tools *tools, struct eng_body *body)
{
    const struct eng_instruction *code = tools->plan->code;
    struct run run = {.p = body->data,
                      .end = body->data + body->length,
                      .pc = code,
                      .budget = BUDGET_FIXED + (uint64_t)BUDGET_PER_BYTE * body->length};
    bool going = true;
    const uint8_t *fixed;
    while (going) {
        const struct eng_instruction *instruction = run.pc++;
        switch (instruction->op) {
        case ENG_OP_TEXT:
            going = read_bytes(&run, &tools->fields->text[instruction->field]);
            break;
        case ENG_OP_TIME_LONG:
            going = time_from_long(&run, tools, instruction->target);
            break;
        case ENG_OP_VALUE_DOUBLE:
            going = value_from_double(&run, tools);
            break;
        case ENG_OP_UNION:
            going = choose(&run, tools, instruction);
            break;
        case ENG_OP_SKIP_VARINT:
            going = skip_varints(&run, instruction->count);
            break;
        case ENG_OP_SKIP_BYTES:
            going = skip_bytes(&run, instruction->count);
            break;
        case ENG_OP_SKIP_FIXED:
            going = read_fixed(&run, instruction->target, &fixed);
            break;
        case ENG_OP_JUMP:
            run.pc = code + instruction->target;
            break;
        case ENG_OP_BLOCK:
            going = begin_block(&run, tools, instruction);
            break;
        case ENG_OP_NEXT:
            going = next_item(&run, tools, instruction);
            break;
        case ENG_OP_END:
            going = false;
            break;
        default: {
            struct run copy = run;
            going = step_rare(&copy, tools, instruction);
            run = copy;
        }
        }
    }
    body->used = (size_t)(run.p - body->data);
    return run.reason;
}

enum eng_reason eng_plan_read_prefix(const struct eng_plan *plan, struct eng_arena *arena,
                                     struct eng_body *body, struct eng_fields *ret_fields)
{
    eng_assert(body->data != NULL || body->length == 0);
    struct frame frames[DEPTH_MAX]; /* unset until pushed */
    struct tools tools = {plan, arena, ret_fields, frames};
    static const uint8_t nothing = 0; /* a place for a record without bytes */
    if (body->data == NULL)
        body->data = &nothing;
    eng_fields_clear(ret_fields);
    body->used = 0;
    if (plan == NULL)
        return ENG_REASON_UNKNOWN_SCHEMA;
    if (body->length > UINT32_MAX)
        return ENG_REASON_MALFORMED;
    if (plan->attributes > 0 && !eng_fields_want(ret_fields, arena, plan->attributes))
        return ENG_REASON_NO_MEMORY;
    if (plan->numbers > 0 && !eng_fields_number(ret_fields, arena, plan->numbers))
        return ENG_REASON_NO_MEMORY;
    return execute(&tools, body);
}

enum eng_reason eng_plan_read(const struct eng_plan *plan, struct eng_arena *arena,
                              const uint8_t *data, size_t length, struct eng_fields *ret_fields)
{
    struct eng_body body = {data, length, 0};
    enum eng_reason reason = eng_plan_read_prefix(plan, arena, &body, ret_fields);
    return reason == ENG_REASON_NONE && body.used != length ? ENG_REASON_TRAILING : reason;
}
