/* A partner's record as bytes, for checkpoints, and back.
 *
 * The bytes hold what the record holds, in the order of its layout (docs/state-topic.md has them
 * one by one), little endian:
 *
 *   i32 first_pane | i32 due | i32 as_of | u8 codes | u8 lists | u16 fixed
 *   fixed bytes | totals | per list: varint (bytes << 1 | on the heap), then its elements
 *
 * What only the memory of a process means is left out: the block's class, the wheel's entry, room
 * for growth. The id is not in it either; it is the page's key. A record that was made from a page
 * acts as the one that the page was made of: `due` says up to where its boundaries are worked off,
 * so no other stamp of time is needed. */
#ifndef ENG_ENGINE_PAGE_H
#define ENG_ENGINE_PAGE_H

#include "engine/store.h"

/* Bytes that the record's page takes at most. */
size_t eng_record_page_bytes(const struct eng_record *record);

/* Writes it; returns its length. */
size_t eng_record_page_write(const struct eng_record *record, uint8_t *to);

/* Gives a partner that is in the store the content of a page. ENG_OK; ENG_NO_MEMORY or ENG_CORRUPT
 * (says what is wrong): the record is as it was. */
enum eng_status eng_record_page_read(struct eng_store *store, uint32_t number, const uint8_t *data,
                                     size_t bytes, struct eng_error *err);

#endif
