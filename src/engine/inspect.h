/* Checks: what makes an event suspicious, found before it is counted. See inspect.c. */
#ifndef ENG_ENGINE_INSPECT_H
#define ENG_ENGINE_INSPECT_H

#include "engine/internal.h"

/* What the checks of an event's action make of it. */
struct eng_findings {
    enum eng_outcome outcome;         /* COUNTED, LEFT_OUT or HELD */
    uint32_t found;                   /* a bit for each check that finds something */
    uint32_t held_bytes;              /* HELD: how much it takes */
    uint8_t held_by;                  /* HELD: the check that it is held by, the first of them */
    bool known;                       /* the partner was when it was looked at */
    bool full;                        /* LEFT_OUT: there was no room to hold it */
    int64_t value_e4[ENG_CHECKS_MAX]; /* of those that find something: see struct eng_effect */
};

/* Looks at an event of `action` that is neither late nor a duplicate. `known`: its partner is in
 * hand and caught up; else it is new, and nothing is in hand. Changes nothing. */
void eng_inspect(const struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                 bool known, struct eng_findings *ret_findings);

/* Tells what was found, before anything of the event is. The effects buffer has room; NULL: it
 * tells nothing. Changes nothing but what is told and counted of that. */
void eng_inspect_tell(struct eng_engine *engine, const struct eng_event *event, uint16_t action,
                      const struct eng_findings *findings, struct eng_effects *effects);

/* True when some check looks at the action. */
static inline bool eng_inspects(const struct eng_layout *layout, uint16_t action)
{
    return layout->action_checks_first[action] < layout->action_checks_first[action + 1];
}

#endif
