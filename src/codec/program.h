/* The instructions of a decoder plan: what plan_compile.c writes and plan.c runs. Private to the
 * two.
 *
 * A program is a flat array; `target` is an index into it or into a table beside it. Notation
 * below: n is `count`, t is `target`. */
#ifndef ENG_CODEC_PROGRAM_H
#define ENG_CODEC_PROGRAM_H

#include "codec/plan.h"

enum eng_op {
    ENG_OP_END,          /* the record ends here */
    ENG_OP_SKIP_VARINT,  /* n ints or longs */
    ENG_OP_SKIP_BYTES,   /* n strings or bytes */
    ENG_OP_SKIP_FIXED,   /* t bytes */
    ENG_OP_SKIP_BOOLEAN, /* one byte, 0 or 1 */
    ENG_OP_SKIP_ENUM,    /* an index below n */
    ENG_OP_UNION,        /* an index below n; go on at jumps[t + index] */
    ENG_OP_JUMP,         /* go on at t */
    ENG_OP_CALL,         /* go on at t, come back at RETURN */
    ENG_OP_RETURN,
    ENG_OP_BLOCK, /* a block of an array or map: none: go on at t; n != 0: skip it by its size when
                     it has one */
    ENG_OP_NEXT,  /* next item at t; at the end of a block the next one, which is read by the BLOCK
                     at t - 1 */
    ENG_OP_KEY, /* a map key: go on at the target of keys[t..t + n) that equals it, else behind this
                 */
    ENG_OP_CLEAR,  /* forget the places of the bit set n * 2^32 + t: a key that comes twice counts
                      once */
    ENG_OP_MARK,   /* remember the place */
    ENG_OP_REWIND, /* back to the mark: one value feeds several fields */
    ENG_OP_TEXT,   /* a string or bytes into `field` */
    ENG_OP_TEXT_ENUM,     /* symbols[t + index], index below n, into `field` */
    ENG_OP_TEXT_LONG,     /* an int or long as decimal text into `field` */
    ENG_OP_TEXT_BOOLEAN,  /* one byte as `true` or `false` into `field` */
    ENG_OP_ATTRIBUTE,     /* a string or bytes into the attribute of `field` */
    ENG_OP_TIME_LONG,     /* an int or long as a time: times and over eng_time_scales[t] */
    ENG_OP_TIME_TEXT,     /* a string as an RFC 3339 time */
    ENG_OP_VALUE_LONG,    /* an int or long as the value */
    ENG_OP_VALUE_FLOAT,   /* 4 bytes */
    ENG_OP_VALUE_DOUBLE,  /* 8 bytes */
    ENG_OP_VALUE_DECIMAL, /* a decimal with n digits behind the point: bytes, or fixed of t bytes
                             when t != 0 */
    ENG_OP_NUMBER,        /* read by the next instruction as if it were the value, into the number
                             of `field` */
};

struct eng_instruction {
    uint8_t op;    /* enum eng_op */
    uint8_t field; /* TEXT ops: enum eng_field, or ENG_FIELD_COUNT and the attribute's index;
                    * NUMBER: its place */
    uint16_t count;
    uint32_t target;
};

/* A map key and where its value is read. */
struct eng_plan_key {
    struct eng_slice text;
    uint32_t target;
};

struct eng_plan {
    struct eng_instruction *code;
    uint32_t *jumps;
    struct eng_plan_key *keys;
    struct eng_slice *symbols; /* of enums that become texts */
    struct eng_arena texts;    /* holds the bytes of keys and symbols */
    uint64_t found;            /* places (a bit each) that records of the schema can have */
    uint32_t attributes;       /* that are wanted */
    uint32_t numbers;
};

enum { ENG_DECIMAL_SCALE_MAX = 22 }; /* the powers of ten up to it are exact as doubles */

/* What a number counts as a time. */
struct eng_time_scale_row {
    int64_t multiply, divide; /* to milliseconds */
};
enum eng_time_scale_index {
    ENG_SCALE_MS,
    ENG_SCALE_S,
    ENG_SCALE_US,
    ENG_SCALE_NS,
    ENG_SCALE_DAYS,
    ENG_SCALE_COUNT
};
extern const struct eng_time_scale_row eng_time_scales[ENG_SCALE_COUNT];

#endif
