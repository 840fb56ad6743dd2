/* Guards: what comes from everybody is watched, so that nobody is told of partners who only seem to
 * be silent.
 *
 * When a source goes quiet (an export is broken, a portal is down), the partners of a whole
 * partition look as if they had stopped. A guard counts the events of its actions pane by pane, as
 * they come, and compares each pane with what is usual: an average of the same day of the week (or
 * hour of the week) before, a quarter of it the newest. While it is quiet for everybody the alerts
 * of the guard are held: they open and are resolved as ever, and nothing is told. One effect of the
 * guard's own says that it is so, and one that it is over.
 *
 *            quiet for `after` panes
 *   watches ---------------------------> holds
 *           <---------------------------
 *            `settle` panes that are not, or `at_most` have passed: what it held and is still open
 *            is told, or dropped
 *
 * This is state of the task, not of a partner, and it stands behind the partners: it decides what
 * is told, and never changes a record. So a page needs nothing of it, reading again after a restart
 * leaves it alone, and it is written with the commit record (eng_engine_shared_write). Who has
 * something untold is seen from the time at which an alert was opened.
 *
 * Quiet times (quiet.h) hold alerts in the same way: what opens in them is told at the first
 * boundary that is not quiet. Both may hold an alert; it is told when neither does any more, and
 * what a guard drops of it stays dropped.
 *
 * Decided at the beginning of each boundary, before anybody is visited there. Where something is
 * released all partners are visited: rare, and in steps, as an activation. */
#ifndef ENG_ENGINE_GUARD_H
#define ENG_ENGINE_GUARD_H

#include "engine/change.h"
#include "engine/model.h"
#include <engaged/engine.h>

struct eng_engine;
struct eng_evaluation;
struct eng_guards;

enum {
    ENG_GUARD_SLOTS_MAX = 168, /* hours of a week */
    ENG_GUARD_DROPPED_MAX = 4, /* times that are remembered, by alert, of which nothing is told */
};

/* True when the model has anything that may hold alerts. */
bool eng_guards_wanted(const struct eng_model *model);

/* Made when that is so: ENG_OK, and NULL when it is not; ENG_NO_MEMORY. */
enum eng_status eng_guards_new(const struct eng_model *model, struct eng_guards **ret_guards);

/* NULL is fine. */
void eng_guards_free(struct eng_guards *guards);
uint64_t eng_guards_bytes(const struct eng_guards *guards);

/* An event has been counted. */
void eng_guards_count(struct eng_engine *engine, uint16_t action);

/* The clock has come to its first pane, which has no boundary: it may be quiet. */
void eng_guards_first(struct eng_engine *engine);

/* True when the boundary that the clock is at is still to be decided. */
bool eng_guards_wait(const struct eng_engine *engine);

/* Decides it: tells what begins and ends, and marks everybody when something is released. The
 * boundary's walk has begun, and the effects buffer has room. */
void eng_guards_decide(struct eng_engine *engine, struct eng_effects *effects);

/* True when that has been done before, and something is released. */
bool eng_guards_release_again(const struct eng_engine *engine);

/* True while what was held is told, or has been found to be over: at a boundary, or while another
 * model comes into force. */
bool eng_guards_releasing(const struct eng_engine *engine);

/* True when an opening of that time, of this alert, is released. */
bool eng_guards_release(const struct eng_engine *engine, unsigned alert, int64_t opened_at_ms);

/* The boundary's walk, or the activation, has ended. */
void eng_guards_released(struct eng_engine *engine);

/* True when an alert that opens now is held; counts it. */
bool eng_guards_hold_opening(struct eng_engine *engine, unsigned alert);

/* True when an opening of that time has never been told, nor will be before it is released. */
bool eng_guards_is_untold(const struct eng_engine *engine, unsigned alert, int64_t opened_at_ms);

/* True when a budget has to decide on an opening: neither has it done so, nor is it held, or was
 * dropped. */
bool eng_guards_admit(const struct eng_engine *engine, unsigned alert, uint64_t moment,
                      int64_t opened_at_ms);

/* True when budgets have been seen to at the boundary that the clock is at. */
bool eng_guards_settled(const struct eng_engine *engine);

/* How many segments of the budgets in work have been told. */
uint32_t *eng_guards_pools(struct eng_engine *engine);

/* They have been, and those of these alerts have told. */
void eng_guards_settle_budgets(struct eng_engine *engine, uint32_t alerts);

/* What goes on under another model: a guard of the same name and actions, and what is held of an
 * alert that stays open. What no guard holds any more is released by the activation. `to` has been
 * made for the new model, or is NULL. */
enum eng_status eng_guards_change(const struct eng_guards *from, const struct eng_change *change,
                                  int64_t clock_ms, struct eng_guards **to);

/* After a restore: whatever does not fit the clock begins anew. */
void eng_guards_settle(struct eng_engine *engine);

/* Deep check. */
void eng_guards_check(const struct eng_engine *engine);

#endif
