/* Budgets: of the alerts that open in a period only so many are told, those that rank first.
 *
 * An opening of a budget's alert is held until the period ends. Behind all evaluations of that
 * boundary those that are still open are ranked, for each segment, by a score or a measure of their
 * partners as it is then; the first `at_most` are told, and one digest tells of the others, who are
 * never told, nor that they are resolved.
 *
 *     last visit of the boundary -> ranking, in steps -> telling, segment by segment -> done
 *
 * A budget whose period ends at a quiet time (quiet.h) waits for the end of that. Openings that a
 * guard or a quiet time holds wait for the first end of a period at which nothing does any more.
 *
 * Whether a budget has told an opening stands in the partner's record, and follows from no other
 * record only, so reading again cannot find it: the page of each partner that a budget tells of is
 * written in the very transaction that tells it (eng_changes_hurry), and reading again ranks
 * nobody. Of the whole nothing is kept but from which moment on openings are still to be decided
 * on, and how many segments have been told (guard.h). A restart in the middle ranks again: those
 * that were told are there, say so, and keep their places. */
#ifndef ENG_ENGINE_BUDGET_H
#define ENG_ENGINE_BUDGET_H

#include "engine/model.h"
#include <engaged/engine.h>

struct eng_engine;
struct eng_budgets;

/* A number that grows with time: what happens at a boundary comes before what happens behind it, at
 * the same instant. */
static inline uint64_t eng_budget_moment(int64_t time_ms, bool at_boundary)
{
    return 2 * (uint64_t)time_ms + !at_boundary;
}

/* The last boundary up to and with that of `pane` at which the budget told, or would have; -1:
 * none.
 */
int64_t eng_budget_last_ms(const struct eng_model *model, const struct eng_budget *budget,
                           int64_t pane);

/* Room to rank: ENG_OK, and NULL when the model has no budgets; ENG_NO_MEMORY. */
enum eng_status eng_budgets_new(const struct eng_model *model, struct eng_budgets **ret_budgets);

/* NULL is fine for these. */
void eng_budgets_free(struct eng_budgets *budgets);
uint64_t eng_budgets_bytes(const struct eng_budgets *budgets);

/* Somebody is gone: it has to be ranked again. */
void eng_budgets_forget(struct eng_budgets *budgets);

/* Behind all visits of a boundary: whatever budgets have to do there, as far as the step budget and
 * the effects buffer allow. ENG_OK: nothing is left; ENG_AGAIN; ENG_NO_MEMORY. */
enum eng_status eng_budgets_settle(struct eng_engine *engine, struct eng_effects *effects);

/* The most bytes that a digest is told in. */
size_t eng_digest_bytes_most(void);

#endif
