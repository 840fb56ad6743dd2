/* Checkpoints of an engine: its partners as bytes ("pages"), and an engine made of them again.
 *
 * A checkpoint is fuzzy: pages are written a few at a time, each true as of the position at which
 * it was encoded, and never all at once. What makes them one state again is the input itself: read
 * from a position at or before the oldest change that no page holds ("low water"), with each page's
 * own events passed over. How pages are framed, where they go and what is committed beside them is
 * the caller's; src/stream/checkpoint.h is what the daemon does.
 *
 *   writing    eng_engine_options.track_changes; eng_engine_changes, eng_engine_page_take
 *   reading    eng_engine_restore_begin, _page for each page, _catch_up, then events and ticks from
 *              low water on as ever, without effects; eng_engine_resume when an input was in work;
 *              _end
 *
 * The bytes of a page belong to one model (eng_model_fingerprint) and one version of this library's
 * format (ENG_PAGE_VERSION); docs/state-topic.md describes them. */
#ifndef ENGAGED_CHECKPOINT_H
#define ENGAGED_CHECKPOINT_H

#include <engaged/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ENG_PAGE_VERSION = 1 };

/* A number that two models share only if they are the same in all that the engine knows of them. */
uint64_t eng_model_fingerprint(const struct eng_model *model);

/* The queue of partners that have changed since their last page. Places are numbered from 0 for
 * ever: those from `first` to before `end` are waiting, the oldest change first. */
struct eng_changed {
    uint64_t first, end;
};
struct eng_changed eng_engine_changes(const struct eng_engine *engine);

/* All pages that were taken or restored, one per partner: their number, and a sum that changes with
 * each of them. Equal sums mean that no page is missing or older than it should be. */
struct eng_page_sum {
    uint64_t count, sum;
};
struct eng_page_sum eng_engine_page_sum(const struct eng_engine *engine);

/* How many pages have to be in the commit that is next, whoever waits longer: only they say that
 * something was told. They come first below, and stay in the queue. */
uint32_t eng_engine_urgent_pages(const struct eng_engine *engine);

/* The version of the model that the next page is under: of an urgent one to which an activation has
 * not come it is the one before. */
uint32_t eng_engine_page_version(const struct eng_engine *engine);

/* Bytes that the page of the partner at the head of the queue takes, at most; 0: nobody waits, or
 * an activation has yet to come to the one who does. */
size_t eng_engine_page_bytes(const struct eng_engine *engine);

/* Takes the partner at the head off the queue and writes its page: as of now, which may be between
 * two steps of an input (see eng_engine_work). `sequence` (> 0) is that of the caller's commit.
 * *ret_bytes is how many were written; *ret_partner is borrowed until the next call. ENG_OK;
 * ENG_NO_MEMORY (still in the queue). */
enum eng_status eng_engine_page_take(struct eng_engine *engine, uint64_t sequence, uint8_t *to,
                                     size_t *ret_bytes, struct eng_slice *ret_partner);

/* ---- In the middle of an input ---- */

/* A call that returned ENG_AGAIN has left an input half done. A checkpoint may be taken there: each
 * page says what is done for its partner, and this says what is done at all. Partners are visited
 * in the order of eng_partner_hash, then of the bytes of the id, so one of them divides those who
 * have been visited from those who are yet to be. */
enum eng_work_kind {
    ENG_WORK_NONE,
    ENG_WORK_CLOCK, /* the clock is on its way, and is at a boundary */
    ENG_WORK_MODEL, /* another model comes into force */
};

struct eng_work {
    enum eng_work_kind kind;
    int64_t before_ms;             /* the clock before the input */
    int64_t boundary_ms;           /* CLOCK: the boundary that is being worked off. To resume, -1:
                                    * all of them have been */
    int64_t target_ms;             /* CLOCK: where the clock is going */
    const struct eng_model *model; /* MODEL: the one that comes into force */
    bool silent;                   /* MODEL: what it changes is not told */
    struct eng_slice next; /* at the boundary, or under the model, all before this partner are
                            * done; length 0: all are. Borrowed until the next call */
};

/* What is in work; ENG_WORK_NONE: the engine stands between two inputs, or nothing of the next one
 * has been told yet. */
struct eng_work eng_engine_work(struct eng_engine *engine);

/* Goes on with what is in work, in place of the call that began it. ENG_OK: it is done, the clock
 * is where it was going; an event that began it is still to be applied. ENG_AGAIN, ENG_NO_MEMORY as
 * there. */
enum eng_status eng_engine_work_on(struct eng_engine *engine, struct eng_effects *effects,
                                   struct eng_error *err);

/* Puts an engine that has been restored up to the input to its middle: does in silence what was
 * done, so that what is left can be told. Before eng_engine_restore_end. ENG_OK; ENG_AGAIN: the
 * same call again; ENG_NO_MEMORY; ENG_CORRUPT: there is no such middle; ENG_BAD_CONFIG: the model
 * cannot follow. */
enum eng_status eng_engine_resume(struct eng_engine *engine, const struct eng_work *work,
                                  struct eng_error *err);

/* ---- What partners share ---- */

enum { ENG_SHARED_BYTES_MAX = 20480 };

/* What a task knows of everybody (what is usual of a guarded source, and what is held because of
 * it) is state beside that of the partners. It decides what is told and never changes a partner, so
 * reading again leaves it alone: it is as of the commit that it is written with. As bytes, the same
 * on every machine, into `to` with room for ENG_SHARED_BYTES_MAX; returns how many, 0 when there is
 * nothing. They are of the model in force, or coming into force. */
uint32_t eng_engine_shared_write(const struct eng_engine *engine, uint8_t *to);

/* Puts them back into an engine under the same model: one that has been restored up to where they
 * are of. When the clock was in work then, before eng_engine_resume; when another model was coming
 * into force, after it. ENG_OK; ENG_CORRUPT or ENG_NO_MEMORY (nothing changed). */
enum eng_status eng_engine_shared_read(struct eng_engine *engine, const uint8_t *from,
                                       uint32_t bytes);

/* ---- Reading ---- */

/* A new engine (nothing applied yet) becomes one that is being restored. ENG_OK, ENG_NO_MEMORY. */
enum eng_status eng_engine_restore_begin(struct eng_engine *engine);

/* A page, as it was taken with `sequence`; it holds all events of its partner before the offset
 * `next`. A later page of the same partner replaces it. `model`: the one that it was taken under,
 * which the engine will come to by activations; it must live until then. (A page of a model before
 * the engine's is passed over: whose page that still is has been evaluated since, so low water
 * would lie before that.) Where the log says that the page is gone (the partner was erased),
 * eng_engine_erase with an offset of UINT64_MAX. ENG_OK, ENG_NO_MEMORY, ENG_CORRUPT, ENG_LIMIT
 * (pages of more than ENG_RESTORE_MODELS_MAX later models).
 */
enum { ENG_RESTORE_MODELS_MAX = 64 };
struct eng_page {
    struct eng_slice partner;
    const uint8_t *data;
    size_t bytes;
    uint64_t next, sequence;
    const struct eng_model *model; /* NULL: the engine's */
};
enum eng_status eng_engine_restore_page(struct eng_engine *engine, const struct eng_page *page,
                                        struct eng_error *err);

/* Fetches into the cache what the page of a partner with this hash (eng_partner_hash) will touch,
 * in three steps (0, 1, 2), each of which needs what the one before has fetched. Changes nothing.
 */
void eng_engine_restore_fetch(const struct eng_engine *engine, uint64_t hash, unsigned step);

/* All pages are there: works off, telling nothing, the boundaries up to low water's clock that they
 * have not seen. Those of whom something changed are in the queue then. clock_ms -1: low water is
 * before the first event, so there are none. ENG_OK or ENG_NO_MEMORY. From then on events (offsets
 * ascending from low water), ticks, activations and erasures are applied as ever. What counts could
 * answer at low water (eng_engine_known_read) is the caller's to keep, too. */
enum eng_status eng_engine_restore_catch_up(struct eng_engine *engine, int64_t clock_ms,
                                            struct eng_error *err);

/* The input has been read up to where all pages lie behind. */
void eng_engine_restore_end(struct eng_engine *engine);

/* True between eng_engine_restore_begin and _end: no view can be had. */
bool eng_engine_is_restoring(const struct eng_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
