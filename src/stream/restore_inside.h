/* What the files of a restore share: the state of a reading of the state topic.
 *
 * A restore makes one, reads up to the named record and has done with it (restore.c). A follower
 * (follow.h) keeps one for as long as it follows: then no record ends the reading, the newest
 * commit record takes the place of the one before, and what cannot become the state of a later
 * record makes the reading `outdated`. */
#ifndef ENG_STREAM_RESTORE_INSIDE_H
#define ENG_STREAM_RESTORE_INSIDE_H

#include "stream/restore.h"

#define ENG_RESTORE_LOST "it has lost records, or a transaction was torn"
#define ENG_RESTORE_WAY_OUT "; `engaged state rebuild` makes the state anew from the input"

enum { ENG_PAGES_HELD = 16, ENG_RESTORE_STALL_MS = 30000 };

/* A page that waits a little while the memory that it will go to is fetched. */
struct eng_held_page {
    struct eng_bytes bytes; /* the partner's id, then the body */
    uint32_t partner_bytes;
    struct eng_page_head head;
    uint64_t hash;
    int64_t offset;
};

/* A reading under way. Zero-initialised, but for the first three, is one that begins. */
struct eng_state_reader {
    const struct eng_restore_request *request; /* its `meta` says which life and model count */
    struct eng_restored *found;
    bool follows;
    bool outdated;
    enum eng_status status;
    struct eng_error cause;
    int64_t offset;         /* of the record in hand */
    int64_t next;           /* all records below have been taken */
    uint64_t records;       /* how many that were */
    uint64_t page_sequence; /* the greatest of any page */
    uint64_t record;        /* checksum of found->commit */
    uint32_t low_version;   /* of the model at low water; 0: nothing is made of pages */
    struct eng_held_page
        held[ENG_PAGES_HELD]; /* a ring: those from `first` to before `last` wait */
    uint64_t first, last;
    /* A page of several parts, as far as it has come. */
    struct eng_bytes body;
    struct eng_page_head head;
    char partner[ENG_PARTNER_BYTES_MAX];
    uint32_t partner_bytes;
};

/* ---- restore.c ---- */

/* Checks what the group says against the configuration, and makes the engine that waits for pages
 * when its model is there already. ENG_OK, ENG_BAD_CONFIG, ENG_NO_MEMORY. */
enum eng_status eng_state_reader_begin(struct eng_state_reader *reader, struct eng_error *err);

/* Reads records from reader->next on: up to the named record, else to the end (`whole`: of all that
 * is committed; else what is stable). ENG_OK, also when cancelled; else says why, and when that is
 * in reader->status the reading is of no more use. */
enum eng_status eng_state_reader_scan(struct eng_state_reader *reader, bool whole,
                                      struct eng_error *err);

/* All has been read: is it what was committed? Then the engine is taken to low water. */
enum eng_status eng_restore_finish(const struct eng_restore_request *request,
                                   struct eng_restored *found, struct eng_error *err);

/* Frees what it has beside `found`. */
void eng_state_reader_done(struct eng_state_reader *reader);

/* ---- restore_pages.c ---- */

/* A record with a page, or a part of one. */
enum eng_status eng_state_reader_page(struct eng_state_reader *reader, struct eng_slice partner,
                                      const struct eng_port_record *record);

/* Gives all that wait to the engine: before anything that is not a page, and at the end. */
enum eng_status eng_state_reader_flush(struct eng_state_reader *reader);

#endif
