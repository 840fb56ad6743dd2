/* Coroutines: functions with a stack of their own that stop in the middle and go on later, all in
 * one thread, so that what runs between two stops runs alone.
 *
 * Resumed from outside of all fibers only; a fiber goes back there when it suspends or ends.
 * Stacks are kept for the next fiber. The sanitizers are told of every change of stacks. */
#ifndef TESTS_SIM_FIBER_H
#define TESTS_SIM_FIBER_H

#include <stdbool.h>

struct fiber;

/* A fiber that has not begun yet. */
struct fiber *fiber_new(void (*run)(void *argument), void *argument);

/* Lets it run until it suspends or ends. False when it has ended. */
bool fiber_resume(struct fiber *fiber);

/* In a fiber: goes back to who resumed it. */
void fiber_suspend(void);

/* Abandons it where it stands, and frees it; ended or not. NULL is fine. */
void fiber_free(struct fiber *fiber);

/* Is this code running in a fiber? */
bool fiber_inside(void);

/* Gives kept stacks back. */
void fiber_done(void);

#endif
