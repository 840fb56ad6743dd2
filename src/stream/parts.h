/* Whose pages have parts: of how many records the largest page of a partner was that was ever
 * written, so that an erasure can take all of them away. Few partners have pages so large; the
 * others are not in here. Zero-initialised is empty. Belongs to its task. */
#ifndef ENG_STREAM_PARTS_H
#define ENG_STREAM_PARTS_H

#include <engaged/status.h>
#include <stdint.h>

struct eng_part_count {
    uint64_t hash; /* eng_partner_hash of the partner */
    uint32_t parts;
};

struct eng_parts {
    struct eng_part_count *items; /* ascending by hash */
    uint32_t count, capacity;
};

void eng_parts_done(struct eng_parts *parts);

/* The partner has, or has had, a page of so many records. ENG_OK or ENG_NO_MEMORY. */
enum eng_status eng_parts_note(struct eng_parts *parts, uint64_t hash, uint32_t count);

/* The most that was noted; 1 when nothing was. */
uint32_t eng_parts_of(const struct eng_parts *parts, uint64_t hash);

#endif
