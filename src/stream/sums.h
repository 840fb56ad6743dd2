/* What a partition tells of groups and boards at the end of a period, on its way to whoever merges
 * it: records of the topic `output.group_sums`.
 *
 * docs/state-topic.md describes every byte. A record holds its own names, so that it can be merged
 * without the model that it was told under. Keys:
 *
 *   sums/AT/PARTITION/VERSION/GROUP/SPLIT/SEGMENT   a segment's sums, or who is on top of it
 *   none/PARTITION                                  no events: nothing will be told up to a time
 *   gone/PARTITION/HASH/OFFSET                      a partner was erased: he leaves all of it.
 * Each time has a key of its own, so that a tombstone for one takes no later one away
 *   seen/HASH/AT/PARTITION/OFFSET/CHECK             a text that is looked for at all partners
 *
 * Numbers are decimal, but for the hashes of a partner's id (eng_partner_hash) or of a text.
 *
 * The last record of a key counts, and none once there is a tombstone: the topic is compacted. A
 * version that is not known or a wrong checksum is refused by name. Pure; any thread. */
#ifndef ENG_STREAM_SUMS_H
#define ENG_STREAM_SUMS_H

#include "codec/flag.h"
#include "codec/result.h"

enum { ENG_SUMS_KEY_BYTES = 96 };

enum eng_sums_kind {
    ENG_SUMS_FIGURES,
    ENG_SUMS_NONE, /* there is no result: nothing will be told up to `result.at_ms`, inclusive */
    ENG_SUMS_BOARD,
    ENG_SUMS_GONE, /* there is no result */
    ENG_SUMS_SEEN, /* there is no result, but when it is judged */
    ENG_SUMS_KINDS
};

/* A text that was seen, and at whom. */
struct eng_seen_text {
    uint64_t hash;     /* of the text and the name of the check */
    int64_t over_ms;   /* two that are less than this apart are one too many */
    int64_t needed_ms; /* after this nothing that comes can be so near */
    struct eng_flag flag;
};

/* A record. */
struct eng_sums {
    enum eng_sums_kind kind;
    uint32_t partition;
    uint32_t left; /* so many more records follow of this partition and moment */
    uint64_t gone; /* GONE: the hash of who was erased; `result.at_ms`: at which offset */
    struct eng_seen_text seen;      /* SEEN */
    struct eng_group_result result; /* its texts are pieces of the bytes it was read from */
};

/* What an engine tells for whoever merges (eng_effect_is_merged). When several results are told at
 * one moment, one after the other in one buffer, `left` is how many follow; they are counted here.
 * Borrows the model and the effect. */
void eng_sums_of(const struct eng_encode_context *context, const struct eng_effect *effect,
                 const struct eng_effects *effects, struct eng_sums *ret_sums);

/* The key, which is no longer than ENG_SUMS_KEY_BYTES; returns its length. */
size_t eng_sums_key(const struct eng_sums *sums, char ret_key[ENG_SUMS_KEY_BYTES]);

/* Appends the value. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_sums_write(const struct eng_sums *sums, struct eng_bytes *out);

/* Reads it back; borrows the bytes. ENG_OK or ENG_CORRUPT. */
enum eng_status eng_sums_read(const void *value, size_t length, struct eng_sums *ret_sums,
                              struct eng_error *err);

#endif
