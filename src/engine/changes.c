/* The queue of changed partners: see changes.h. */
#include "engine/changes.h"

#include "base/assert.h"
#include "base/memory.h"

enum { CAPACITY_MIN = 1024 };

void eng_changes_done(struct eng_changes *changes)
{
    eng_assert(changes != NULL);
    eng_assert(changes->first <= changes->end);
    eng_free(changes->numbers);
    eng_free(changes->sequences);
    eng_free(changes->urgent);
    *changes = (struct eng_changes){0};
}

uint64_t eng_changes_bytes(const struct eng_changes *changes)
{
    eng_assert(changes != NULL);
    eng_assert(changes->end - changes->first <= changes->capacity);
    return changes->capacity * sizeof *changes->numbers +
           (uint64_t)changes->sequence_capacity * sizeof *changes->sequences;
}

enum eng_status eng_changes_reserve_slow(struct eng_changes *changes, uint64_t more)
{
    uint64_t held = changes->end - changes->first;
    uint64_t capacity = held + more + held / 4 + CAPACITY_MIN;
    eng_assert(held <= changes->capacity);
    eng_assert(changes->on);
    if (held + more <= changes->capacity)
        return ENG_OK;
    uint32_t *numbers = eng_calloc(capacity, sizeof *numbers);
    if (numbers == NULL)
        return ENG_NO_MEMORY;
    for (uint64_t i = changes->first; i < changes->end; i++)
        numbers[i % capacity] = *eng_changes_at(changes, i);
    eng_free(changes->numbers);
    changes->numbers = numbers;
    changes->capacity = capacity;
    return ENG_OK;
}

/* What a page adds to the sum: a number that another page of the same partner, or the same page of
 * another partner, does not give. */
static uint64_t weight(uint64_t hash, uint32_t sequence)
{
    uint64_t mixed = (hash ^ ((uint64_t)sequence * 0x9E3779B97F4A7C15u)) * 0xD6E8FEB86659FD93u;
    return mixed ^ mixed >> 32;
}

/* Room for the partner's sequence; new ones have no page. */
static enum eng_status reserve_sequence(struct eng_changes *changes, uint32_t number)
{
    eng_assert(number < ENG_PARTNER_NONE);
    if (number < changes->sequence_capacity)
        return ENG_OK;
    uint64_t capacity = (uint64_t)number + number / 4 + CAPACITY_MIN;
    eng_assert(capacity > number);
    uint32_t *sequences = eng_realloc(changes->sequences, capacity * sizeof *sequences);
    if (sequences == NULL)
        return ENG_NO_MEMORY;
    memset(sequences + changes->sequence_capacity, 0,
           (capacity - changes->sequence_capacity) * sizeof *sequences);
    changes->sequences = sequences;
    changes->sequence_capacity = (uint32_t)capacity;
    return ENG_OK;
}

enum eng_status eng_changes_page(struct eng_changes *changes, uint64_t hash, uint32_t number,
                                 uint64_t sequence)
{
    eng_assert(changes->on);
    eng_assert(sequence > 0);
    if (reserve_sequence(changes, number) != ENG_OK)
        return ENG_NO_MEMORY;
    uint32_t low = (uint32_t)sequence | (uint32_t)((uint32_t)sequence == 0);
    uint32_t before = changes->sequences[number];
    if (before != 0)
        changes->page_sum -= weight(hash, before);
    changes->page_count += before == 0;
    changes->page_sum += weight(hash, low);
    changes->sequences[number] = low;
    return ENG_OK;
}

enum eng_status eng_changes_reserve_urgent(struct eng_changes *changes)
{
    eng_assert(changes->urgent_count <= changes->urgent_capacity);
    if (!changes->on || changes->urgent_count < changes->urgent_capacity)
        return ENG_OK;
    uint32_t capacity = changes->urgent_capacity * 2 + 16;
    uint32_t *urgent = eng_realloc(changes->urgent, (size_t)capacity * sizeof *urgent);
    if (urgent == NULL)
        return ENG_NO_MEMORY;
    changes->urgent = urgent;
    changes->urgent_capacity = capacity;
    eng_assert(changes->urgent_count < capacity);
    return ENG_OK;
}

/* Cost: the queue, if the partner is in it; partners are seldom erased. */
void eng_changes_forget(struct eng_changes *changes, uint64_t hash, uint32_t number)
{
    eng_assert(number != ENG_PARTNER_NONE);
    eng_assert(changes->first <= changes->end);
    if (number < changes->sequence_capacity && changes->sequences[number] != 0) {
        changes->page_sum -= weight(hash, changes->sequences[number]);
        changes->page_count--;
        changes->sequences[number] = 0;
    }
    for (uint64_t i = changes->first; i < changes->end; i++)
        if (*eng_changes_at(changes, i) == number)
            *eng_changes_at(changes, i) = ENG_PARTNER_NONE;
    if (changes->first < changes->end && eng_changes_head(changes) == ENG_PARTNER_NONE)
        eng_changes_next(changes);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < changes->urgent_count; i++)
        if (changes->urgent[i] != number)
            changes->urgent[kept++] = changes->urgent[i];
    changes->urgent_count = kept;
}
