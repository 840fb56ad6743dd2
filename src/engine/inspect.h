/* Checks: what makes an event suspicious, found before it is counted. See inspect.c. */
#ifndef ENG_ENGINE_INSPECT_H
#define ENG_ENGINE_INSPECT_H

#include "engine/internal.h"

/* Looks at an event of `action` that is neither late nor a duplicate, tells what the checks of the
 * action find, and returns true when one of them leaves it out. `known`: its partner is in hand and
 * caught up; else it is new, and nothing is in hand. The effects buffer has room; NULL: it tells
 * nothing. Changes nothing but what is told and counted of that. */
bool eng_inspect(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                 bool known, struct eng_effects *effects);

/* True when some check looks at the action. */
static inline bool eng_inspects(const struct eng_layout *layout, uint16_t action)
{
    return layout->action_checks_first[action] < layout->action_checks_first[action + 1];
}

#endif
