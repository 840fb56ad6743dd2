/* The engine: one task (one input partition) with all its partners. A pure function of its inputs.
 *
 * Inputs are events and ticks, in order; outputs are effects in a buffer of the caller. No I/O, no
 * thread, no wall clock, no randomness: the same inputs give the same bytes, in any batch split.
 * One engine belongs to one thread at a time; engines share nothing but an immutable model.
 *
 * Long work (boundaries with many partners) is done in bounded steps: a call that returns ENG_AGAIN
 * wants the effects taken away (or not, when it was the step budget) and the same call again.
 * (checkpoint.h: what is in work then, and how to stop there for good.) */
#ifndef ENGAGED_ENGINE_H
#define ENGAGED_ENGINE_H

#include <engaged/effect.h>
#include <engaged/event.h>
#include <engaged/model.h>
#include <engaged/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct eng_engine;

struct eng_engine_options {
    uint64_t partners_hint;    /* expected partners, to size tables; 0: small */
    uint32_t step_evaluations; /* evaluations at boundaries per call; 0: the default (20,000) */
    uint64_t memory_bytes_max; /* hard cap of state; 0: none. Beyond: ENG_NO_MEMORY, state intact */
    bool track_changes;        /* for checkpoint.h: remember whose page is out of date */
};

/* Events of one call. */
struct eng_batch {
    const struct eng_event *events; /* borrowed */
    uint8_t *outcomes;              /* enum eng_outcome per event, or NULL */
    uint32_t count;                 /* number of events */
    uint32_t done;                  /* in/out: events finished; start with 0 */
    /* Of attributes and numbers; NULL: as eng_model_attribute_name and eng_model_number_name have
     * them. */
    const struct eng_names *names;
};

/* A new engine without partners. Borrows the model, which must outlive it. ENG_OK or ENG_NO_MEMORY.
 * Free with eng_engine_free. `options` may be NULL. */
enum eng_status eng_engine_new(const struct eng_model *model,
                               const struct eng_engine_options *options,
                               struct eng_engine **ret_engine, struct eng_error *err);

/* Frees the engine and all its state. NULL is fine. */
void eng_engine_free(struct eng_engine *engine);

/* Bytes that an effects buffer must have at least for this model (one evaluation's most). */
size_t eng_engine_effects_bytes_min(const struct eng_engine *engine);

/* The same for a model that is to come into force: what eng_engine_activate needs. */
size_t eng_model_effects_bytes_min(const struct eng_model *model);

/* Applies events from batch->done on, in order; appends effects. `effects` NULL: nothing is told
 * but the state changes just the same (re-reading after a restart). ENG_OK: batch->done ==
 * batch->count. ENG_AGAIN: the buffer or the step budget is used up; the event at batch->done may
 * be half done (its boundaries), and the next call must bring the same one first. ENG_NO_MEMORY:
 * the event at batch->done was not applied, the state is intact. */
enum eng_status eng_engine_apply(struct eng_engine *engine, struct eng_batch *batch,
                                 struct eng_effects *effects, struct eng_error *err);

/* Moves the clock to the newest boundary at or before time_ms, working off every boundary up to it
 * (S3, S7). Nothing happens when that is not after the clock, or when no event has set the clock.
 * ENG_OK, ENG_AGAIN (same call again before anything else), ENG_NO_MEMORY. */
enum eng_status eng_engine_tick(struct eng_engine *engine, int64_t time_ms,
                                struct eng_effects *effects, struct eng_error *err);

/* S14: makes another model the one in force where the engine stands, without reading anything
 * again: every partner is carried over to it and evaluated once, with cause `config`, in the order
 * of a boundary. `silent`: what that changes is noted but not told. To be called between inputs.
 *
 * ENG_OK: done, the model before is not used any more. ENG_AGAIN: the same call again; until it is
 * done, eng_engine_apply and eng_engine_tick begin by going on with it (and the model before must
 * live). The effects refer to the new model, so what was told under the one before has to be taken
 * away first, and the buffer must hold eng_model_effects_bytes_min of the new one. ENG_BAD_CONFIG:
 * eng_model_carries says no. ENG_NO_MEMORY: the state is intact. */
enum eng_status eng_engine_activate(struct eng_engine *engine, const struct eng_model *model,
                                    bool silent, struct eng_effects *effects,
                                    struct eng_error *err);

enum { ENG_KNOWN_BYTES_MAX = 4096 };

/* What counts can answer since the model was changed is state beside that of the partners: as
 * bytes, the same on every machine, into `to` with room for ENG_KNOWN_BYTES_MAX; returns how many.
 * They are of the model in force. */
uint32_t eng_engine_known_write(const struct eng_engine *engine, uint8_t *to);

/* Puts them back into an engine under the same model. ENG_OK, or ENG_CORRUPT (nothing changed). */
enum eng_status eng_engine_known_read(struct eng_engine *engine, const uint8_t *from,
                                      uint32_t bytes);

/* S14: what is known of a measure at the clock. */
struct eng_measure_known {
    int64_t since_ms; /* all that it asks is known from then on; INT64_MIN: all there ever was */
    int64_t full_ms; /* no score is provisional for its sake from then on; INT64_MIN: none is now */
};

/* ENG_OK, or ENG_NOT_FOUND: the model in force has no measure of this name. */
enum eng_status eng_engine_measure_known(const struct eng_engine *engine, const char *name,
                                         struct eng_measure_known *ret_known);

/* Forgets a partner at once: counts, ids seen, what was told; a later event of it is a newcomer's.
 * Nothing is told. May be called between two steps of the same work: an evaluation that was still
 * to come for it does not take place. `offset`: that of the next input, which tells, while an
 * engine is being restored, whether the partner's page (checkpoint.h) is of before the erasure.
 * ENG_OK, ENG_NOT_FOUND (no counted or held event of this partner), or ENG_NO_MEMORY (nothing has
 * changed).
 */
enum eng_status eng_engine_erase(struct eng_engine *engine, struct eng_slice partner,
                                 uint64_t offset, struct eng_error *err);

/* A number for a partner's id, the same on every machine and in every version: what a caller may
 * keep of an erasure without keeping the id. Two ids share one with a probability of 2^-64. */
uint64_t eng_partner_hash(struct eng_slice partner);

/* eng_engine_erase by that number, so that an erasure can be repeated when the input is read again.
 */
enum eng_status eng_engine_erase_hash(struct eng_engine *engine, uint64_t hash, uint64_t offset,
                                      struct eng_error *err);

/* The model in force, or coming into force. */
const struct eng_model *eng_engine_model(const struct eng_engine *engine);

/* S1: the clock, ms; -1 before the first accepted event. */
int64_t eng_engine_clock_ms(const struct eng_engine *engine);

/* The first boundary after the clock, ms; -1 before the first accepted event. */
int64_t eng_engine_next_boundary_ms(const struct eng_engine *engine);

/* S15 counters since the engine was made. Borrowed, valid until the next call. */
const struct eng_counters *eng_engine_counters(const struct eng_engine *engine);

/* Partners with a counted event. */
uint64_t eng_engine_partner_count(const struct eng_engine *engine);

/* Bytes of state held, tables and slack included. */
uint64_t eng_engine_memory_bytes(const struct eng_engine *engine);

enum {
    ENG_VIEW_SCORES_MAX = 16,
    ENG_VIEW_CONTRIBUTIONS_MAX = 32,
    ENG_VIEW_MEASURES_MAX = 64,
    ENG_VIEW_ALERTS_MAX = 32,
    ENG_VIEW_MATRICES_MAX = 8,
    ENG_VIEW_LEDGERS_MAX = 4,
    ENG_VIEW_FACTS_MAX = 16,
    ENG_VIEW_HELD_MAX = 20,
};

/* What is known of one partner at the clock. Values are 1/10,000 (measures too: a count of 3 is
 * 30,000). */
struct eng_view {
    int64_t clock_ms;
    int64_t first_day_ms; /* start of the pane of its oldest counted event */
    uint16_t score_count, measure_count, alert_count, fact_count, ledger_count, matrix_count;
    struct eng_view_score {
        int64_t value_e4;
        int64_t told_value_e4;
        uint8_t band;
        uint8_t told_band;
        bool provisional;
        uint8_t trend; /* enum eng_trend */
        uint16_t contribution_count;
        int64_t contribution_e4[ENG_VIEW_CONTRIBUTIONS_MAX];
        /* What would raise it most for the least effort, as in struct eng_effect. */
        uint16_t nudge_count; /* 0: nothing is suggested */
        uint8_t nudge_dimension, nudge_to;
        int64_t nudge_gain_e4;
    } scores[ENG_VIEW_SCORES_MAX];
    struct eng_view_measure {
        const char *name; /* borrowed from the model */
        int64_t value_e4;
        bool missing; /* no such event in the window (what `missing: skip` looks at) */
    } measures[ENG_VIEW_MEASURES_MAX];
    struct eng_view_alert {
        bool open;
        int64_t opened_at_ms; /* of the newest opening; -1: never, or closed and cooled down */
        int64_t due_at_ms;    /* silence: when it will be told if nothing happens; -1: not due */
        bool held_out; /* open: told as of the control group; else it would be, if it opened now */
    } alerts[ENG_VIEW_ALERTS_MAX];
    struct eng_view_matrix {
        uint8_t row, column; /* bands in force of its two scores */
        const char *cell;    /* borrowed from the model */
    } matrices[ENG_VIEW_MATRICES_MAX];
    struct eng_view_ledger {
        int64_t balance_e4; /* what has not expired */
        int64_t earned_e4;  /* of all time */
        int64_t expired_e4;
    } ledgers[ENG_VIEW_LEDGERS_MAX];
    struct eng_view_fact {
        const char *name;      /* borrowed from the model */
        bool there;            /* it was set, and holds; of a flag also: it was cleared */
        uint8_t kind;          /* enum eng_fact_kind */
        int64_t value_e4;      /* FLAG: 10,000 or 0; NUMBER */
        struct eng_slice text; /* CHOICE: borrowed from the model; TEXT: from the engine, until the
                                * next call that takes it without const */
    } facts[ENG_VIEW_FACTS_MAX];
    uint16_t held_count;
    /* What checks hold, the oldest first; texts from the engine, until the next call that takes it
     * without const. */
    struct eng_view_held {
        struct eng_slice check, action, id; /* id without data: none, or one too long */
        int64_t occurred_ms;
        int64_t until_ms; /* the boundary at which time decides */
    } held[ENG_VIEW_HELD_MAX];
};

/* Fills *ret_view. ENG_OK, ENG_NOT_FOUND (no counted event of this partner), ENG_UNAVAILABLE (while
 * it is being restored, or an activation has not come to it), or ENG_NO_MEMORY. Not const: the
 * partner is brought up to the clock, which changes nothing that is ever told. May be called
 * between two steps of the same work. */
enum eng_status eng_engine_view(struct eng_engine *engine, struct eng_slice partner,
                                struct eng_view *ret_view);

/* What will be told of one partner if it does nothing: appends the effects of the boundaries after
 * the clock (and of the one in work, if the partner is yet to be visited there) up to and with
 * until_ms, the very bytes that a tick to until_ms would append of it. Exact, since others share
 * nothing with it but the clock; an event of the partner, a change of the model or an erasure makes
 * it void. Costs a copy of the record and one evaluation a boundary at which something could be
 * told. The engine is not changed by asking. May be called between two steps of the same work.
 *
 * ENG_OK; ENG_NOT_FOUND and ENG_UNAVAILABLE as eng_engine_view; ENG_LIMIT: there is less room in
 * the buffer than eng_engine_effects_bytes_min, what has been appended is the beginning;
 * ENG_NO_MEMORY: nothing has changed but `effects`. */
enum eng_status eng_engine_forecast(struct eng_engine *engine, struct eng_slice partner,
                                    int64_t until_ms, struct eng_effects *effects,
                                    struct eng_error *err);

/* One partner after the other, in an order that depends on nothing but the inputs: *at begins with
 * 0. False after the last. The id is borrowed until the next call that takes the engine without
 * const, forecasts apart. */
bool eng_engine_each(const struct eng_engine *engine, uint64_t *at, struct eng_slice *ret_partner);

/* Deep check of every invariant (slow: reads all state). Ends the process with the broken invariant
 * when one does not hold. For tests and simulation. */
void eng_engine_check(const struct eng_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
