/* A sorted array. See parts.h. */
#include "stream/parts.h"

#include "base/assert.h"
#include "base/memory.h"
#include <stdbool.h>
#include <string.h>

void eng_parts_done(struct eng_parts *parts)
{
    eng_assert(parts != NULL);
    eng_assert(parts->count <= parts->capacity);
    eng_free(parts->items);
    *parts = (struct eng_parts){0};
}

/* Where the hash is, or would be. */
static uint32_t place_of(const struct eng_parts *parts, uint64_t hash)
{
    uint32_t low = 0, high = parts->count;
    eng_assert(parts->count <= parts->capacity);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (parts->items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    eng_assert(low == parts->count || parts->items[low].hash >= hash);
    return low;
}

static enum eng_status reserve(struct eng_parts *parts)
{
    eng_assert(parts->count <= parts->capacity);
    eng_assert(parts->capacity < UINT32_MAX / 4);
    if (parts->count < parts->capacity)
        return ENG_OK;
    void *items = eng_grow(parts->items, &parts->capacity, sizeof *parts->items);
    if (items == NULL)
        return ENG_NO_MEMORY;
    parts->items = items;
    return ENG_OK;
}

enum eng_status eng_parts_note(struct eng_parts *parts, uint64_t hash, uint32_t count)
{
    eng_assert(parts != NULL);
    eng_assert(count > 1);
    uint32_t at = place_of(parts, hash);
    if (at < parts->count && parts->items[at].hash == hash) {
        if (parts->items[at].parts < count)
            parts->items[at].parts = count;
        return ENG_OK;
    }
    if (reserve(parts) != ENG_OK)
        return ENG_NO_MEMORY;
    memmove(parts->items + at + 1, parts->items + at, (parts->count - at) * sizeof *parts->items);
    parts->items[at] = (struct eng_part_count){hash, count};
    parts->count++;
    return ENG_OK;
}

uint32_t eng_parts_of(const struct eng_parts *parts, uint64_t hash)
{
    eng_assert(parts != NULL);
    uint32_t at = place_of(parts, hash);
    bool found = at < parts->count && parts->items[at].hash == hash;
    eng_assert(!found || parts->items[at].parts > 1);
    return found ? parts->items[at].parts : 1;
}
