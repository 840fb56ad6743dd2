/* What stands in the state topic beside journal and models: pages of partners and commit records.
 *
 * docs/state-topic.md describes every byte. Keys are texts: "commit"; "page/" and the partner's id;
 * "part/", five digits, "/" and the id, for the parts of a page behind its first. Values begin with
 * two letters and a version and end with a checksum. A version that is not known, a wrong length or
 * a wrong checksum is refused by name, never guessed at. Pure; any thread. */
#ifndef ENG_STREAM_STATE_H
#define ENG_STREAM_STATE_H

#include "base/limits.h"
#include <engaged/checkpoint.h>
#include <engaged/engine.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENG_PAGE_HEAD_BYTES = 44,
    ENG_PAGE_SUM_BYTES = 8,
    ENG_PAGE_PART_BYTES = 512 * 1024, /* of a page in one record; larger ones have parts */
    ENG_PAGE_PARTS_MAX = 1 << 14,
    ENG_PAGE_KEY_BYTES = 11 + ENG_PARTNER_BYTES_MAX, /* at most */
    ENG_COMMIT_KEY_BYTES = 6,
    ENG_COMMIT_ID_BYTES = 64, /* of the input topic's id as text, its zero included */
    ENG_COMMIT_BYTES = 268,   /* with nothing that varies */
    ENG_COMMIT_AWARDS_BYTES = 16,
    ENG_COMMIT_CHECKS_BYTES = 16,
    ENG_COMMIT_HELD_BYTES = 32,
    ENG_COMMIT_BYTES_MAX = ENG_COMMIT_BYTES + ENG_KNOWN_BYTES_MAX + ENG_PARTNER_BYTES_MAX +
                           ENG_COMMIT_ID_BYTES + ENG_COMMIT_AWARDS_BYTES + ENG_COMMIT_CHECKS_BYTES +
                           ENG_COMMIT_HELD_BYTES + 8 + ENG_SHARED_BYTES_MAX,
};

/* ---- keys ---- */

enum eng_state_kind {
    ENG_STATE_IS_OTHER, /* a journal record's, or nothing of ours */
    ENG_STATE_IS_COMMIT,
    ENG_STATE_IS_PAGE,
};

extern const char eng_commit_key[ENG_COMMIT_KEY_BYTES + 1];

/* The key of a part of a partner's page; returns its length. */
size_t eng_page_key(struct eng_slice partner, uint32_t part, char ret_key[ENG_PAGE_KEY_BYTES]);

/* What a key belongs to; of a page also the partner (a piece of the key). */
enum eng_state_kind eng_state_kind(const void *key, size_t length, struct eng_slice *ret_partner);

/* Of the key of a page: is it that of a part behind the first? */
bool eng_page_key_is_part(const void *key);

/* ---- what all records have in common ---- */

/* What a kind of record begins with, and how long it is at least. */
struct eng_state_form {
    const char *what, *letters; /* for messages; two of them */
    uint8_t version;            /* the newest that this program knows */
    size_t least;               /* bytes */
};

/* Letters, length, version and the checksum at the end. ENG_OK or ENG_CORRUPT (says which). */
enum eng_status eng_state_check(const uint8_t *value, size_t length,
                                const struct eng_state_form *form, struct eng_error *err);

/* ---- pages ---- */

/* What a page is true of. */
struct eng_page_head {
    uint32_t model_version;
    uint64_t life;     /* see struct eng_commit */
    uint64_t sequence; /* of the transaction that it was written in */
    int64_t next;      /* the task's position when it was encoded: the next input offset */
    uint64_t journal;  /* and the last journal entry */
    uint16_t part, parts;
};

/* The head, in ENG_PAGE_HEAD_BYTES. */
void eng_page_head_write(const struct eng_page_head *head, uint8_t *to);

/* The checksum that closes `length` bytes of a record, in ENG_PAGE_SUM_BYTES behind them. */
void eng_page_close(uint8_t *record, size_t length);

/* A record taken apart; the body is a piece of it. */
struct eng_page_part {
    struct eng_page_head head;
    const uint8_t *body;
    size_t bytes;
};

/* Takes a record apart. ENG_OK or ENG_CORRUPT. */
enum eng_status eng_page_open(const void *value, size_t length, struct eng_page_part *ret_part,
                              struct eng_error *err);

/* ---- commit records ---- */

/* A place in the input from which it can be read again. */
struct eng_low_water {
    int64_t next;           /* input offset */
    uint64_t journal;       /* entries with greater numbers come with or behind it */
    int64_t clock_ms;       /* of the engine there; -1: no event yet */
    uint64_t read;          /* records read before it, since the task began (S15) */
    uint32_t model_version; /* of the model in force there */
};

/* The input that a transaction leaves half done: the one behind the record's position. Boundaries
 * after a long gap, and changes of the model, may take longer than a transaction may last, so one
 * may end in the middle (the engine's side: eng_engine_work). The input counts as accepted: no
 * clock is asked about it again, and nothing else is taken before it is done. */
enum eng_half_kind {
    ENG_HALF_NONE,
    ENG_HALF_EVENT, /* the record at `next` moves the clock; it is counted after that */
    ENG_HALF_TICK,  /* so does the last entry of the journal */
    ENG_HALF_MODEL, /* the last entry of the journal brings a model into force */
};

struct eng_half {
    enum eng_half_kind kind;
    bool silent;            /* MODEL: what it changes is not told */
    uint16_t partner_bytes; /* 0: at the boundary, or under the model, all partners are done */
    int64_t before_ms;      /* the clock before it */
    int64_t boundary_ms;    /* the boundary in work; -1: none is (any more) */
    int64_t target_ms;      /* EVENT, TICK: where the clock is going */
    char partner[ENG_PARTNER_BYTES_MAX]; /* the cursor: all before this one are done */
};

/* What a transaction says of a task. */
struct eng_commit {
    uint64_t sequence; /* of the task's transactions, from 1 */
    uint64_t life;     /* from 1; another one when state was made anew from the input: pages of
                        * another life are void */
    int64_t next;
    uint64_t journal; /* number of the last entry; 0: none */
    int64_t first;    /* offset of the first record this life has read */
    int64_t clock_ms;
    uint32_t model_version;
    uint64_t fingerprint; /* of the model */
    struct eng_low_water low;
    struct eng_counters counters; /* since the task began */
    uint64_t page_count, page_sum;
    struct eng_half half;
    char input_id[ENG_COMMIT_ID_BYTES]; /* of the input topic; "": not known */
    uint16_t known_bytes; /* what counts can answer at low water: eng_engine_known_write */
    uint8_t known[ENG_KNOWN_BYTES_MAX];
    uint16_t shared_bytes; /* what partners share, as of this: eng_engine_shared_write */
    uint8_t shared[ENG_SHARED_BYTES_MAX];
};

/* How long it is as bytes. */
size_t eng_commit_bytes(const struct eng_commit *commit);

/* Writes it in eng_commit_bytes; returns the checksum at its end, which names it. */
uint64_t eng_commit_write(const struct eng_commit *commit, uint8_t *to);

/* Reads it back. ENG_OK or ENG_CORRUPT. */
enum eng_status eng_commit_read(const void *value, size_t length, struct eng_commit *ret_commit,
                                uint64_t *ret_sum, struct eng_error *err);

#endif
