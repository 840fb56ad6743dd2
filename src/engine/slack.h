/* Slack: how far a partner's scores may move before anything is told.
 *
 * Most panes that leave a window change a score by a little, and nobody hears of it: no band is
 * left, `tell_every` is not reached, no drop is deep enough. Those boundaries need no visit. The
 * partner is visited at the first one at which something *could* be told, and what has left before
 * is taken off in silence then, boundary by boundary (eng_measure_catch_up), or when it acts next.
 *
 * The bound is safe and cheap, not exact: every cell that leaves is charged with the most that one
 * count of its action can move the score (its unit) times its count, oldest first, until the slack
 * is used up. Where a unit is not known (sums, ratios, scores that skip dimensions, counts beyond
 * the table of contributions) the first such cell ends the walk, so that partner is visited each
 * time.
 *
 * Panes since an event move a score at every boundary. For each such dimension a walk over the
 * panes to come finds the first boundary at which it has moved its share of the slack; its leaving
 * the window is always looked at, and so is every boundary while it goes into a ratio or a score
 * that skips.
 *
 * A visit too early says nothing and costs time; one too late would be a wrong result, which the
 * property tests would see: they compare with a reference that evaluates at every boundary. */
#ifndef ENG_ENGINE_SLACK_H
#define ENG_ENGINE_SLACK_H

#include "engine/internal.h"

#define ENG_UNIT_UNKNOWN INT64_MAX

/* Fills layout->unit and the scores' `rises_only` and `drops`; tables and ages are there. ENG_OK or
 * ENG_NO_MEMORY. */
enum eng_status eng_slack_lay(struct eng_layout *layout);

/* The first boundary after `as_of` at which a cell that leaves, or enters, could make anybody hear
 * of it, or at which the last cell has left; ENG_PANE_NEVER without cells. The partner is as it was
 * after its last evaluation. *ret_low: that holds only while no score gets greater, since one of
 * them could not fall as far as its slack. */
int32_t eng_slack_due(const struct eng_engine *engine, const struct eng_record *record,
                      bool *ret_low);

/* The first boundary after `as_of` at which a score could fall into a band from a higher one, which
 * it is in, if nothing happens; ENG_PANE_NEVER: none. As safe and as little exact as the others,
 * and *ret_low means the same. */
int32_t eng_slack_fall_due(const struct eng_engine *engine, const struct eng_record *record,
                           const struct eng_alert *alert, bool *ret_low);

/* The first boundary after `as_of` at which panes since an event could make anybody hear of it
 * (their leaving the window apart); ENG_PANE_NEVER: none. */
int32_t eng_slack_since_due(const struct eng_engine *engine, const struct eng_record *record);

#endif
